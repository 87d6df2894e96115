//! What is told of a drill when it is over: a message and a workbook, beside the drills before it; never among real alarms.

use crate::world::{COURIER, DESK, GROUP, GUARD, GUARD2, OFFICER, World};
use baiying::adapter::file::Format;
use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::file::verify::verify_bytes;
use baiying::domain::alarm::figures::{Figures, Sort};
use baiying::domain::alarm::{Alarm, Call};
use baiying::domain::id::Millis;
use baiying::domain::member::Language;
use baiying::port::store::Store as _;
use calamine::{Data, Reader as _, Xlsx};

/// A drill at P1: its guard comes after so many seconds; nobody answers for 30 s, so
/// the next ring is called, whose guard knows and does not come.
async fn drill(w: &mut World, guard_after: i64) {
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(guard_after).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(20).await;
    w.press(GUARD2, GUARD2, "Got it").await;
    w.advance(700).await;
}

fn sheet(bytes: &[u8], name: &str) -> Vec<Vec<String>> {
    let mut book = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range(name).unwrap();
    range.rows().skip(4).map(|row| row.iter().map(Data::to_string).collect()).collect()
}

#[tokio::test]
async fn a_drill_is_reported_beside_the_last() {
    let mut w = World::new().await;
    drill(&mut w, 45).await;
    let first = w.find(DESK, "Report of drill 1");
    assert_eq!(first.len(), 1, "{}", w.chat(DESK));
    insta::assert_snapshot!("first_drill", first[0].text);
    let files = w.documents();
    assert_eq!(files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["drill-1.xlsx"]);
    w.advance(86_400 * 7).await;
    drill(&mut w, 90).await;
    let second = w.find(DESK, "Report of drill 2");
    insta::assert_snapshot!("second_drill", second[0].text);
    let bytes = &w.documents()[1].1;
    let verdict =
        verify_bytes(bytes, Format::Xlsx, None, &ExportKey::new("a key that is long enough").unwrap()).unwrap();
    assert!(verdict.ok, "{:?}", verdict.problems);
    let rows = [sheet(bytes, "drill"), sheet(bytes, "last_drills")].concat();
    insta::assert_snapshot!("second_drill_xlsx", rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n"));
    w.end().await;
}

#[tokio::test]
async fn a_chinese_desk_reads_it_in_chinese() {
    let mut w = World::with(|rules| rules.language = Language::Zh).await;
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(700).await;
    let report = w.find(DESK, "演练报告：");
    assert_eq!(report.len(), 1, "{}", w.chat(DESK));
    insta::assert_snapshot!("chinese", report[0].text);
    w.end().await;
}

#[tokio::test]
async fn drills_never_count_as_real() {
    let mut w = World::new().await;
    drill(&mut w, 45).await;
    assert_eq!(w.points(GUARD).await, (0, 0), "no points for a drill");
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(10).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(5).await;
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(5).await;
    assert!(w.points(GUARD).await.0 > 0, "points for a real alarm");
    let records = w.store.alarms_between(Millis(0), w.now().plus_ms(1)).await.unwrap();
    assert_eq!(records.iter().map(|it| it.alarm.drill).collect::<Vec<_>>(), [true, false]);
    let calls: Vec<(&Alarm, &Call)> =
        records.iter().flat_map(|it| it.calls.iter().map(|call| (&it.alarm, call))).collect();
    let real = Figures::over(Sort::Real, calls.iter().copied());
    let drills = Figures::over(Sort::Drill, calls.iter().copied());
    assert_eq!((real.alarms, real.on_scene, drills.alarms, drills.on_scene), (1, 1, 1, 1));
    assert_eq!(real.to_scene.unwrap().median_ms, 10_000);
    let before = w.documents().len();
    w.say(crate::world::CLERK, crate::world::OFFICE, "/export 2026-11 alarms").await;
    w.advance(5).await;
    let files = w.documents().split_off(before);
    let verdict = verify_bytes(&files[0].1, Format::Xlsx, None, &ExportKey::new("a key that is long enough").unwrap());
    assert!(verdict.unwrap().ok);
    for name in ["summary", "by_point", "by_team", "by_hour"] {
        let rows = sheet(&files[0].1, name);
        let flags: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
        assert!(flags.contains(&"是 Yes") && flags.contains(&"否 No"), "{name}: {rows:?}");
        // Each row is of the one alarm, or of the one drill.
        assert!(rows.iter().all(|row| row[3] == "1"), "{name}: {rows:?}");
    }
    insta::assert_snapshot!(
        "timeline_xlsx",
        sheet(&files[0].1, "timeline")
            .iter()
            .map(|row| [&row[0], &row[1], &row[3], &row[4], &row[5]].map(String::as_str).join(" | "))
            .collect::<Vec<_>>()
            .join("\n")
    );
    w.end().await;
}

#[tokio::test]
async fn a_report_that_was_decided_before_a_crash_comes_after_it() {
    let mut w = World::new().await;
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(5).await;
    w.press(OFFICER, DESK, "End the drill").await;
    w.advance(1).await;
    w.crash_before_sending().await;
    w.advance(60).await;
    assert_eq!((w.count(DESK, "Report of drill 1"), w.documents().len()), (1, 1));
    w.end().await;
}
