//! The office's workbook: sheets that agree, people behind codes, changes that are named, months that are closed.

use crate::world::{CLERK, COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::adapter::file::Format;
use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::file::verify::{Verdict, verify_bytes};
use baiying::domain::member::Role;
use baiying::port::store::Store as _;
use calamine::{Data, Reader as _, Xlsx};
use rust_xlsxwriter::{Formula, Workbook};
use std::io::Cursor;

const KEY: &str = "a key that is long enough";
const SHEETS: [&str; 8] =
    ["points", "by_group", "by_occupation", "by_team", "entries", "redemptions", "approval", "digest"];
const DAY: i64 = 86_400;

/// A tip in the group and one in private, both verified; an alarm that was answered; a tip that waits.
async fn month() -> World {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.say(NEIGHBOUR, NEIGHBOUR, "drugs are sold at Old Bridge every night").await;
    for lead in 1..=2 {
        w.advance(3).await;
        w.push_data(OFFICER, DESK, w.last(DESK).id, &format!("lv:{lead}")).await;
    }
    w.push_data(OFFICER, DESK, w.last(DESK).id, "la:1").await;
    w.advance(5).await;
    let (card, _) = w.button(GUARD, "On scene").expect("the guard is called");
    w.push_data(GUARD, GUARD, card, "as:1:P1").await;
    w.advance(5).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "ad:1").await;
    w.say(COURIER, GROUP, "/tip =cmd|' /C calc'!A0").await;
    w.advance(5).await;
    w
}

/// What `/export` sends: XLSX, CSV and its digest.
pub async fn export(w: &mut World, chat: i64, words: &str) -> Vec<(String, Vec<u8>)> {
    let before = w.documents().len();
    w.say(CLERK, chat, words).await;
    w.advance(5).await;
    w.documents().split_off(before)
}

fn open(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

/// A sheet's rows as text, from the header on.
fn rows(bytes: &[u8], sheet: &str) -> Vec<Vec<String>> {
    let range = open(bytes).worksheet_range(sheet).unwrap();
    range.rows().skip(3).map(|row| row.iter().map(|cell| cell.to_string()).collect()).collect()
}

fn check(bytes: &[u8]) -> Verdict {
    verify_bytes(bytes, Format::Xlsx, None, &ExportKey::new(KEY).unwrap()).unwrap()
}

/// The workbook saved again with one cell put over it; formulas say `result`, or what they said.
pub fn resaved(bytes: &[u8], over: Option<(&str, u32, u16, &str)>, result: Option<&str>) -> Vec<u8> {
    let (mut book, mut copy) = (open(bytes), Workbook::new());
    for name in book.sheet_names() {
        let sheet = copy.add_worksheet();
        sheet.set_name(&name).unwrap();
        let cells = book.worksheet_range(&name).unwrap();
        for (row, column, cell) in cells.used_cells() {
            let start = cells.start().unwrap();
            let (row, column) = (row as u32 + start.0, u16::try_from(column as u32 + start.1).unwrap());
            match cell {
                Data::String(text) => drop(sheet.write_string(row, column, text).unwrap()),
                Data::DateTime(at) => drop(sheet.write_number(row, column, at.as_f64()).unwrap()),
                Data::Float(number) => drop(sheet.write_number(row, column, *number).unwrap()),
                other => panic!("{other:?}"),
            }
        }
        let formulas = book.worksheet_formula(&name).unwrap();
        for (row, column, text) in formulas.used_cells() {
            let start = formulas.start().unwrap();
            let (row, column) = (row as u32 + start.0, column as u32 + start.1);
            let value = cells.get_value((row, column)).unwrap().to_string();
            let formula = Formula::new(text).set_result(result.unwrap_or(&value));
            sheet.write_formula(row, u16::try_from(column).unwrap(), formula).unwrap();
        }
        if let Some((_, row, column, words)) = over.filter(|(sheet, ..)| *sheet == name) {
            sheet.write_string(row, column, words).unwrap();
        }
    }
    copy.save_to_buffer().unwrap()
}

#[tokio::test]
async fn every_sheet_has_the_same_totals() {
    let mut w = month().await;
    let files = export(&mut w, OFFICE, "/export 2026-11").await;
    let book = &files[0].1;
    assert_eq!(open(book).sheet_names(), SHEETS);
    assert!(check(book).ok, "{:?}", check(book).problems);
    let totals = |sheet: &str| {
        let rows = rows(book, sheet);
        let row = rows.iter().find(|row| row[0] == "合计 Total").unwrap();
        assert_eq!(row[row.len() - 5..], rows.last().unwrap()[row.len() - 5..], "{sheet}: formula and checked value");
        row[row.len() - 5..].to_vec()
    };
    for sheet in ["by_group", "by_occupation", "by_team"] {
        assert_eq!(totals(sheet), totals("points"), "{sheet}");
    }
    insta::assert_snapshot!("by_occupation", sheet_text(book, "by_occupation"));
    insta::assert_snapshot!("entries", sheet_text(book, "entries"));
    insta::assert_snapshot!("approval", sheet_text(book, "approval"));
    w.end_alarm().await;
}

/// A sheet as text; digests, which differ by what is not shown, are dots.
fn sheet_text(book: &[u8], sheet: &str) -> String {
    let hex = |word: &str| word.len() >= 12 && word.chars().all(|char| char.is_ascii_hexdigit());
    let line = |row: &Vec<String>| {
        let cells = row.iter().map(|cell| {
            let cell = cell.replace('\n', " ");
            cell.split(' ').map(|word| if hex(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
        });
        cells.collect::<Vec<_>>().join(" | ")
    };
    rows(book, sheet).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_tip_can_be_joined_to_a_person_without_the_payout_right() {
    let mut w = month().await;
    let office = export(&mut w, OFFICE, "/export 2026-11").await;
    let private = export(&mut w, CLERK, "/export 2026-11").await;
    let alone = export(&mut w, OFFICE, "/export 2026-11 entries").await;
    let code = async |user: i64| w.rows(&format!("SELECT code FROM member WHERE user_id = {user}")).await.remove(0);
    let lead = async |id: i64| w.rows(&format!("SELECT reporter_code FROM lead WHERE id = {id}")).await.remove(0);
    for (user, id) in [(COURIER, 1), (NEIGHBOUR, 2)] {
        let (person, own) = (code(user).await, lead(id).await);
        let about = |book: &[u8]| {
            let rows = rows(book, "entries");
            rows.into_iter().filter(|row| row[8] == format!("线索 lead {id}")).flatten().collect::<Vec<_>>().join(" ")
        };
        let (seen, named) = (about(&office[0].1), about(&private[0].1));
        assert!(seen.contains(&own) && !seen.contains(&person), "{seen}");
        assert!(named.contains(&person) && !named.contains(&own), "{named}");
        assert!(!sheet_text(&office[0].1, "points").contains(&own));
    }
    // Who answered an alarm is nobody's secret.
    assert!(sheet_text(&office[0].1, "entries").contains(&code(GUARD).await));
    let csv = String::from_utf8_lossy(&alone[1].1);
    assert!(csv.contains(&lead(2).await) && !csv.contains(&code(NEIGHBOUR).await), "{csv}");
    for book in [&office[0].1, &alone[0].1] {
        let text: String = open(book).sheet_names().iter().map(|sheet| sheet_text(book, sheet)).collect();
        assert!(!text.contains("User 1"), "no name");
    }
    assert!(sheet_text(&private[0].1, "points").contains("User 12"));
    w.say(CLERK, CLERK, "/export 2026-11 entries").await;
    w.advance(5).await;
    let looks = w.rows("SELECT what || ' ' || detail FROM access_log ORDER BY id").await;
    let looks: Vec<_> = looks.iter().map(|look| look.split("2026").next().unwrap().trim()).collect();
    assert_eq!(looks, ["export points", "names points", "export entries", "names entries"]);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_cell_changed_in_any_sheet_is_named_with_sheet_and_row() {
    let mut w = month().await;
    let book = export(&mut w, OFFICE, "/export 2026-11").await.remove(0).1;
    assert!(check(&resaved(&book, None, None)).ok, "{:?}", check(&resaved(&book, None, None)));
    for (sheet, row, column) in [
        ("points", 4, 5),
        ("points", 4, 2),
        ("by_group", 4, 1),
        ("by_occupation", 4, 3),
        ("by_team", 4, 0),
        ("entries", 4, 5),
        ("entries", 5, 12),
        ("entries", 6, 3),
        ("redemptions", 4, 11),
        ("redemptions", 1, 0),
        ("approval", 6, 1),
        ("approval", 11, 2),
        ("approval", 14, 2),
        ("approval", 1, 0),
    ] {
        let verdict = check(&resaved(&book, Some((sheet, row, column, "7777")), None));
        assert_eq!(verdict.problems.len(), 1, "{sheet}: {verdict:?}");
        let named = format!("sheet {sheet}: row {}", row + 1);
        assert!(verdict.problems[0].starts_with(&named), "{named}: {verdict:?}");
    }
    let verdict = check(&resaved(&book, Some(("digest", 9, 1, "x")), None));
    assert!(!verdict.ok && verdict.problems[0].contains("digest itself was changed"), "{verdict:?}");
    w.end_alarm().await;
}

#[tokio::test]
async fn a_month_is_closed_after_its_checklist_and_stays_as_it_was() {
    let mut w = month().await;
    for (who, chat) in [(OFFICER, OFFICE), (CLERK, GROUP), (CLERK, CLERK), (COURIER, OFFICE)] {
        w.say(who, chat, "/close 2026-11").await;
        w.advance(3).await;
        assert!(w.last(chat).text.starts_with("/close is for those with the payout right"), "{who} in {chat}");
    }
    let close = async |w: &mut World, words: &str| {
        w.say(CLERK, OFFICE, words).await;
        w.advance(3).await;
        w.last(OFFICE).text
    };
    insta::assert_snapshot!(close(&mut w, "/close 2026-11").await, @"2026-11 is not over: it can be closed from the month after it on.");
    w.advance(11 * DAY).await;
    insta::assert_snapshot!(close(&mut w, "/close 2026-10").await, @"2026-10 cannot be closed now: months are closed in order, the next is /close 2026-11.");
    insta::assert_snapshot!(close(&mut w, "/close").await);
    let before = export(&mut w, OFFICE, "/export 2026-11").await;
    insta::assert_snapshot!(close(&mut w, "/close 2026-11").await);
    assert_eq!(w.number("SELECT COUNT(*) FROM month_close").await, 0, "it is asked first");
    w.push(OFFICER, OFFICE, "Close anyway").await;
    w.advance(3).await;
    assert_eq!(w.number("SELECT COUNT(*) FROM month_close").await, 0, "an officer may not");
    w.push(CLERK, OFFICE, "Close anyway").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.last(OFFICE).text);
    let kept = w.rows("SELECT closed_by || ' ' || open_items FROM month_close").await;
    assert_eq!(kept, ["M41 {\"held\":1,\"held_points\":10,\"undecided\":1,\"nameless\":0,\"redemptions\":0}"]);

    let closed = export(&mut w, OFFICE, "/export 2026-11").await;
    let title =
        |book: &[u8], sheet: &str| open(book).worksheet_range(sheet).unwrap().get_value((0, 0)).unwrap().to_string();
    for sheet in &SHEETS[..7] {
        assert!(!title(&before[0].1, sheet).contains("closed"));
        assert!(title(&closed[0].1, sheet).contains("已结账 closed 2026-12-02"), "{sheet}");
    }
    let digest = w.rows("SELECT digest FROM month_close").await.remove(0);
    assert!(rows(&closed[0].1, "approval").iter().flatten().any(|cell| cell.contains(&digest)));

    // Points come and go, people move and leave: the closed month is the same file.
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lv:3").await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge just now").await;
    w.advance(3).await;
    let mut people = w.store.townspeople().await.unwrap().staff;
    people.iter_mut().for_each(|member| (member.group, member.roles) = ("elsewhere".into(), Vec::new()));
    let clerk = people.iter_mut().find(|member| member.user.0 == CLERK).unwrap();
    clerk.roles = vec![Role::Office, Role::Payout];
    w.store.import_members(&people).await.unwrap();
    w.advance(3).await;
    assert_eq!(export(&mut w, OFFICE, "/export 2026-11").await, closed);
    let december = export(&mut w, OFFICE, "/export 2026-12").await;
    let late = sheet_text(&december[0].1, "entries");
    assert!(late.contains("post | 待核 held") && late.contains("线索 lead 3"), "{late}");
    w.advance(65).await;
    let again = close(&mut w, "/close 2026-11").await;
    assert!(again.starts_with("2026-11 was closed on 2026-12-02"), "{again}");
    assert_eq!(w.rows("SELECT who || ' ' || detail FROM access_log WHERE what = 'close'").await, ["M41 2026-11"]);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_month_in_which_nothing_is_open_is_closed_at_once() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(3).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lv:1").await;
    w.advance(11 * DAY).await;
    w.say(CLERK, OFFICE, "/close 2026-11").await;
    w.advance(3).await;
    assert!(w.last(OFFICE).text.starts_with("🔒 2026-11 is closed."), "{}", w.last(OFFICE).text);
    // A press on the old button of a checklist finds it closed.
    w.push_data(CLERK, OFFICE, w.last(OFFICE).id, "cm:202611:1").await;
    w.advance(3).await;
    assert_eq!(w.number("SELECT COUNT(*) FROM month_close").await, 1);
    w.end().await;
}
