//! `/export`: who gets which table, with digests that hold, on record.

use crate::world::{CLERK, COURIER, DESK, GROUP, OFFICE, OFFICER, World};
use baiying::adapter::file::Format;
use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::file::verify::verify_bytes;
use calamine::{Data, Reader as _};

const KEY: &str = "a key that is long enough";

/// A verified tip, one with a formula for a description, one of a stranger.
async fn month() -> World {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.say(COURIER, GROUP, "/tip =cmd|' /C calc'!A0").await;
    w.advance(3).await;
    let card = w.last(DESK).id;
    w.push_data(OFFICER, DESK, card, "lv:1").await;
    w.advance(3).await;
    w
}

async fn export(w: &mut World, words: &str) -> Vec<(String, Vec<u8>)> {
    let before = w.documents().len();
    w.say(CLERK, OFFICE, words).await;
    w.advance(5).await;
    w.documents().split_off(before)
}

fn csv_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn the_months_points_come_as_xlsx_and_csv_with_digests_that_hold() {
    let mut w = month().await;
    let files = export(&mut w, "/export 2026-11").await;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.rsplit('.').next().unwrap()).collect();
    assert_eq!(names, ["xlsx", "csv", "digest"], "{files:?}");
    let key = ExportKey::new(KEY).unwrap();
    let xlsx = verify_bytes(&files[0].1, Format::Xlsx, None, &key).unwrap();
    let csv = verify_bytes(&files[1].1, Format::Csv, Some(&files[2].1), &key).unwrap();
    assert!(xlsx.ok && csv.ok, "{:?} {:?}", xlsx.problems, csv.problems);
    insta::assert_snapshot!("points_csv", String::from_utf8_lossy(&files[1].1));
    insta::assert_snapshot!("office", w.chat(OFFICE));

    let mut changed = files[1].1.clone();
    let at = changed.windows(3).position(|b| b == b",10").unwrap();
    changed[at + 1] = b'9';
    let verdict = verify_bytes(&changed, Format::Csv, Some(&files[2].1), &key).unwrap();
    assert!(!verdict.ok && !verdict.problems.is_empty(), "a changed figure is named");
    w.end().await;
}

#[tokio::test]
async fn leads_are_exported_with_codes_and_without_reporters() {
    let mut w = month().await;
    let files = export(&mut w, "/export 2026-11 leads").await;
    let text = String::from_utf8_lossy(&files[1].1).into_owned();
    insta::assert_snapshot!("leads_csv", text);
    assert!(!text.contains("User 11"), "no reporter's name");
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(files[0].1.clone())).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let cells: Vec<&Data> = sheet.cells().map(|(.., cell)| cell).collect();
    assert!(cells.iter().any(|c| c.to_string().contains("cmd|")), "the words are kept");
    let formulas = book.worksheet_formula(&book.sheet_names()[0].clone()).unwrap();
    assert!(!formulas.cells().any(|(.., f)| f.contains("cmd")), "and are no formula");
    for row in csv_rows(&files[1].1) {
        assert!(row.iter().all(|cell| !cell.starts_with('=')), "a spreadsheet would run {row:?}");
    }
    w.end().await;
}

#[tokio::test]
async fn alarms_are_exported_a_row_a_call() {
    let mut w = month().await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "la:1").await;
    w.advance(35).await;
    let files = export(&mut w, "/export 2026-11 alarms").await;
    insta::assert_snapshot!("alarms_csv", String::from_utf8_lossy(&files[1].1));
    w.end_alarm().await;
}

#[tokio::test]
async fn the_appraisal_is_a_row_a_unit_and_names_nobody() {
    let mut w = month().await;
    let files = export(&mut w, "/export appraisal 2026-11").await;
    let verdict = verify_bytes(&files[0].1, Format::Xlsx, None, &ExportKey::new(KEY).unwrap()).unwrap();
    assert!(verdict.ok, "{:?}", verdict.problems);
    let text = String::from_utf8_lossy(&files[1].1).into_owned();
    insta::assert_snapshot!("appraisal_csv", text);
    assert!(!text.contains("User"), "nobody is named");
    w.end().await;
}

#[tokio::test]
async fn only_office_staff_in_the_office_chat_get_an_export() {
    let mut w = month().await;
    for (who, chat) in [(COURIER, COURIER), (OFFICER, OFFICER), (CLERK, GROUP), (CLERK, DESK), (OFFICER, OFFICE)] {
        w.say(who, chat, "/export 2026-11").await;
        w.advance(3).await;
        assert!(w.last(chat).text.starts_with("/export is for office staff in the office chat"), "{who} in {chat}");
    }
    assert_eq!(w.documents(), Vec::new());
    assert_eq!(w.number("SELECT COUNT(*) FROM access_log").await, 0);
    w.end().await;
}

#[tokio::test]
async fn names_are_handed_out_in_private_under_the_payout_right_alone() {
    let mut w = month().await;
    let office = export(&mut w, "/export 2026-11").await;
    assert!(!String::from_utf8_lossy(&office[1].1).contains("User 11"), "everybody in the office chat reads it");
    w.say(CLERK, CLERK, "/export 2026-11").await;
    w.advance(5).await;
    let private = w.documents().split_off(office.len());
    assert!(String::from_utf8_lossy(&private[1].1).contains("User 11"));
    w.end().await;
}

#[tokio::test]
async fn every_export_is_on_record() {
    let mut w = month().await;
    w.say(CLERK, CLERK, "/export 2026-11").await;
    export(&mut w, "/export 2026-11").await;
    export(&mut w, "/export 2026-11 leads").await;
    let lines = w.rows("SELECT who || ' | ' || what || ' | ' || detail FROM access_log ORDER BY id").await;
    insta::assert_snapshot!("access", lines.join("\n"));
    w.end().await;
}

#[tokio::test]
async fn what_is_no_month_is_answered_and_an_empty_one_is_empty() {
    let mut w = month().await;
    for words in ["/export 2026-13", "/export last", "/export 2026-11 people", "/export 99999-01", "/export 2026-00"] {
        assert_eq!(export(&mut w, words).await, Vec::new(), "{words}");
        assert!(w.last(OFFICE).text.starts_with("Write /export 2026-11 for points"), "{words}");
    }
    let files = export(&mut w, "/export 2025-01").await;
    let key = ExportKey::new(KEY).unwrap();
    assert!(verify_bytes(&files[1].1, Format::Csv, Some(&files[2].1), &key).unwrap().ok);
    assert_eq!(export(&mut w, "/export").await.len(), 3, "without a month it is this one");
    w.end().await;
}
