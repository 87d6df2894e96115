//! Tables of every kind written, read back, tampered with and verified.

use super::verify::{Verdict, verify, verify_bytes};
use super::*;
use crate::domain::id::Millis;
use crate::domain::period::Period;
use crate::port::table::{Column, Holds, TableKind};
use calamine::{Data, Reader as _, Xlsx};
use chrono_tz::Asia::Shanghai;
use proptest::prelude::*;
use rust_xlsxwriter::{Formula, Workbook};

const HOLDS: [Holds; 6] = [Holds::Count, Holds::Text, Holds::Instant, Holds::Degrees, Holds::Degrees, Holds::Flag];
const KEYS: [&str; 6] = ["number", "description", "received_at", "lat", "lon", "drill"];

fn key() -> ExportKey {
    ExportKey::new("a key for tests only").unwrap()
}

fn head(kind: TableKind) -> Head {
    let column = |(key, holds)| Column { key, zh: "列", en: key, holds, width: 12, summed: key == "number" };
    Head {
        kind,
        sheet: None,
        title: "线索表 Leads".into(),
        period: Period::month("2026-11", Shanghai).unwrap(),
        zone: Shanghai,
        unit: "鹿城街道综治办".into(),
        columns: KEYS.into_iter().zip(HOLDS).map(column).collect(),
    }
}

fn row(number: i64, words: &str) -> Vec<Cell> {
    vec![
        Cell::Int(number),
        Cell::text(words),
        Cell::Instant(Millis(1_794_000_000_123 + number * 1000)),
        Cell::Float(22.8404),
        Cell::Float(114.0 + number as f64 / 4.0),
        Cell::Flag(number % 2 == 0),
    ]
}

fn table(words: &[&str]) -> Table {
    let rows: Vec<_> = (1..).zip(words).map(|(number, words)| row(number, words)).collect();
    let mut totals = vec![Cell::Empty; 6];
    totals[0] = Cell::Text("total 2026-11".into());
    Table { head: head(TableKind::Leads), rows, totals: Some(totals) }
}

fn check(exported: &Printed, bytes: &[u8], format: Format) -> Verdict {
    verify_bytes(bytes, format, exported.digest.as_ref().map(|(_, text)| text.as_slice()), &key()).unwrap()
}

fn written(table: &Table, format: Format) -> Printed {
    write(table, format, &key()).unwrap()
}

fn text(exported: &Printed) -> String {
    String::from_utf8(exported.bytes.clone()).unwrap()
}

#[test]
fn csv_is_what_a_spreadsheet_opens() {
    let mut table = table(&["电动车, \"红色\"\n不见", "=cmd|' /C calc'!A0", "", "\t-1", "'=1"]);
    table.rows[2][0] = Cell::Int(-3);
    table.rows[2][3] = Cell::Empty;
    let file = text(&written(&table, Format::Csv));
    let file = file.strip_prefix('\u{feff}').expect("Excel takes the file for UTF-8 by its byte order mark");
    insta::assert_snapshot!(file.replace("\r\n", "␍\n"), @r#"
    number,description,received_at,lat,lon,drill␍
    1,"电动车, ""红色""
    不见",2026-11-07T05:20:01.123+08:00,22.8404,114.25,false␍
    2,'=cmd|' /C calc'!A0,2026-11-07T05:20:02.123+08:00,22.8404,114.5,true␍
    -3,,2026-11-07T05:20:03.123+08:00,,114.75,false␍
    4,'	-1,2026-11-07T05:20:04.123+08:00,22.8404,115,true␍
    5,'=1,2026-11-07T05:20:05.123+08:00,22.8404,115.25,false␍
    total 2026-11,,,,,␍
    "#);
}

#[test]
fn words_are_never_a_formula_and_numbers_stay_numbers() {
    for words in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1"] {
        assert_eq!(table::csv_text(&Cell::Text(words.into()), Shanghai), format!("'{words}"));
    }
    assert_eq!(table::csv_text(&Cell::Int(-5), Shanghai), "-5");
    assert_eq!(table::csv_text(&Cell::Float(-0.5), Shanghai), "-0.5");
    assert_eq!(table::csv_text(&Cell::Float(f64::NAN), Shanghai), "");
    assert_eq!(table::csv_text(&Cell::Text("1=1".into()), Shanghai), "1=1");
}

#[test]
fn jsonl_keeps_types() {
    let mut table = table(&["=1", ""]);
    table.rows[1][3] = Cell::Empty;
    insta::assert_snapshot!(text(&written(&table, Format::Jsonl)), @r#"
    {"number":1,"description":"=1","received_at":"2026-11-07T05:20:01.123+08:00","lat":22.8404,"lon":114.25,"drill":false}
    {"number":2,"description":null,"received_at":"2026-11-07T05:20:02.123+08:00","lat":null,"lon":114.5,"drill":true}
    {"number":"total 2026-11","description":null,"received_at":null,"lat":null,"lon":null,"drill":null}
    "#);
}

#[test]
fn geojson_has_a_point_for_each_place() {
    let mut table = table(&["a", "b"]);
    table.totals = None;
    table.rows[1][3] = Cell::Empty;
    let exported = written(&table, Format::Geojson);
    let value: serde_json::Value = serde_json::from_slice(&exported.bytes).unwrap();
    assert_eq!(value["type"], "FeatureCollection");
    assert_eq!(value["features"][0]["geometry"]["coordinates"], serde_json::json!([114.25, 22.8404]));
    assert_eq!(value["features"][1]["geometry"], serde_json::Value::Null);
    assert_eq!(value["features"][1]["properties"]["description"], "b");
    table.head.columns[3].key = "opening";
    let error = write(&table, Format::Geojson, &key()).unwrap_err().to_string();
    assert!(error.contains("csv, xlsx or jsonl"), "{error}");
}

#[test]
fn machines_read_ids_and_people_words() {
    let mut table = table(&["a"]);
    table.rows[0][1] = Cell::Term { id: "theft".into(), shown: "盗窃 theft".into() };
    assert!(text(&written(&table, Format::Csv)).contains("\r\n1,theft,"));
    assert!(text(&written(&table, Format::Jsonl)).contains("\"description\":\"theft\""));
    let exported = written(&table, Format::Xlsx);
    let mut book = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap();
    let cells = book.worksheet_range("leads").unwrap();
    assert_eq!(cells.get_value((4, 1)), Some(&Data::String("盗窃 theft".into())));
    assert_eq!(cells.get_value((4, 5)), Some(&Data::String("否 No".into())));
    assert!(check(&exported, &exported.bytes, Format::Xlsx).ok);
}

#[test]
fn a_file_may_be_written_on_any_thread() {
    fn is_send<T: Send>() {}
    is_send::<TableFile<Vec<u8>>>();
    is_send::<Draft>();
}

#[test]
fn an_empty_table_is_a_table() {
    for format in [Format::Csv, Format::Xlsx, Format::Jsonl, Format::Geojson] {
        let mut empty = table(&[]);
        if format == Format::Geojson {
            empty.totals = None;
        }
        let exported = written(&empty, format);
        assert_eq!(check(&exported, &exported.bytes, format), Verdict { ok: true, rows: 0, problems: vec![] });
    }
}

#[test]
fn the_same_table_is_the_same_file() {
    for format in [Format::Csv, Format::Xlsx, Format::Jsonl] {
        assert_eq!(written(&table(&["a"]), format), written(&table(&["a"]), format), "{format:?}");
    }
}

#[test]
fn a_workbook_has_its_sums_as_formulas_with_their_value() {
    let mut table = table(&["甲", "=1+1"]);
    table.head.columns[3] = Column { key: "earned", summed: true, holds: Holds::Count, ..table.head.columns[3] };
    table.rows[0][3] = Cell::Int(3);
    table.rows[1][3] = Cell::Int(4);
    table.totals =
        Some(vec![Cell::Text("total".into()), Cell::Empty, Cell::Empty, Cell::Int(7), Cell::Empty, Cell::Empty]);
    let exported = written(&table, Format::Xlsx);
    assert_eq!(exported.file_name, "leads-2026-11.xlsx");
    let mut book = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap();
    assert_eq!(book.sheet_names(), ["leads", "digest"]);
    let cells = book.worksheet_range("leads").unwrap();
    let at = |row, column| cells.get_value((row, column)).unwrap().clone();
    assert_eq!(at(0, 0), Data::String("线索表 Leads".into()));
    assert!(at(1, 0).to_string().contains("2026-11-01 — 2026-12-01"), "{}", at(1, 0));
    assert!(at(2, 0).to_string().contains("鹿城街道综治办"));
    assert_eq!(at(3, 1), Data::String("列\ndescription".into()));
    assert_eq!(at(5, 1), Data::String("=1+1".into()));
    assert_eq!(at(4, 0), Data::Float(1.0));
    assert!(matches!(at(4, 2), Data::DateTime(_)));
    assert_eq!((at(6, 0).to_string().as_str(), at(6, 3)), ("合计 Total", Data::Float(7.0)));
    assert_eq!((at(7, 0).to_string().as_str(), at(7, 3)), ("核对值 Checked", Data::Float(7.0)));
    let formulas = book.worksheet_formula("leads").unwrap();
    assert_eq!(formulas.used_cells().map(|(_, _, text)| text.as_str()).collect::<Vec<_>>(), ["SUM(D5:D6)"]);
    assert!(check(&exported, &exported.bytes, Format::Xlsx).ok);
}

#[test]
fn changed_rows_are_named() {
    let exported = written(&table(&["a", "b", "c", "d"]), Format::Csv);
    let file = text(&exported);
    let lines: Vec<&str> = file.split_inclusive("\r\n").collect();
    let join = |order: &[usize]| order.iter().map(|index| lines[*index]).collect::<String>();
    let table: [(&str, String, &[&str]); 9] = [
        ("untouched", file.clone(), &[]),
        ("cell", file.replace("2,b,", "2,B,"), &["row 3 (2) was changed"]),
        ("first cell", file.replace("2,b,", "9,b,"), &["row 3 (9) was changed: its first cell was 2"]),
        ("removed", join(&[0, 1, 3, 4, 5]), &["a row (2) was removed: it was the 2nd of the rows"]),
        ("added", format!("{}7,x\r\n{}", join(&[0, 1]), join(&[2, 3, 4, 5])), &["row 3 (7) was added"]),
        ("doubled", join(&[0, 1, 2, 2, 3, 4, 5]), &["row 4 (2) was added"]),
        ("moved", join(&[0, 2, 3, 4, 1, 5]), &["row 5 (1) was moved: it was the 1st of the rows"]),
        ("header", file.replace("description", "words"), &["row 1: the header was changed"]),
        ("totals", file.replace("total 2026-11,", "total 2026-11,8"), &["row 6: the totals was changed"]),
    ];
    for (name, file, expected) in table {
        let verdict = check(&exported, file.as_bytes(), Format::Csv);
        assert_eq!(verdict.ok, expected.is_empty(), "{name}: {verdict:?}");
        assert_eq!(verdict.problems.len(), expected.len(), "{name}: {verdict:?}");
        for (problem, expected) in verdict.problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{name}: {problem}");
        }
    }
    let verdict = check(&exported, join(&[0, 1, 2, 3, 4]).as_bytes(), Format::Csv);
    assert!(verdict.problems[0].contains("totals (total 2026-11) was removed"), "{verdict:?}");
}

#[test]
fn a_digest_that_was_touched_does_not_hold() {
    let exported = written(&table(&["a", "b"]), Format::Csv);
    let digest = String::from_utf8(exported.digest.clone().unwrap().1).unwrap();
    let other = written(
        &Table { head: Head { title: "x".into(), ..head(TableKind::Leads) }, ..table(&["a", "b"]) },
        Format::Csv,
    );
    let other = String::from_utf8(other.digest.unwrap().1).unwrap();
    let row = |text: &str| text.lines().find(|line| line.starts_with("row\t1")).unwrap().to_owned();
    let cases = [
        ("title", digest.replace("线索表", "他表"), "digest itself was changed"),
        ("period", digest.replace("2026-11-01", "2026-10-01"), "digest itself was changed"),
        ("row of another table", digest.replace(&row(&digest), &row(&other)), "digest itself was changed"),
        ("row taken out", digest.replace(&format!("{}\n", row(&digest)), ""), "digest itself was changed"),
        ("whole taken out", digest.split("whole").next().unwrap().to_owned(), "digest itself was changed"),
        ("cut", String::new(), "cannot be used: it is empty"),
        ("version", digest.replace("baiying-digest\t1", "baiying-digest\t2"), "it has version 2"),
        ("other words", "hello\n".into(), "does not begin with"),
        ("more", format!("{digest}row\t3\tff\t3\n"), "stands after its end"),
        ("format", digest.replace("format\tcsv", "format\tjsonl"), "it is for jsonl"),
    ];
    for (name, digest, expected) in cases {
        let verdict = verify_bytes(&exported.bytes, Format::Csv, Some(digest.as_bytes()), &key()).unwrap();
        assert!(!verdict.ok && verdict.problems[0].contains(expected), "{name}: {verdict:?}");
    }
    let verdict = verify_bytes(&exported.bytes, Format::Csv, None, &key()).unwrap();
    assert!(verdict.problems[0].contains("there is no digest"), "{verdict:?}");
    let stranger = ExportKey::new("another key, as long").unwrap();
    let verdict = verify_bytes(&exported.bytes, Format::Csv, Some(digest.as_bytes()), &stranger).unwrap();
    assert!(verdict.problems[0].contains("another key"), "{verdict:?}");
}

#[test]
fn a_file_appears_whole_with_its_digest_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leads.csv");
    let mut draft = Draft::create(&path, Format::Csv, &key()).unwrap();
    table(&["a", "b"]).pour(&mut draft).unwrap();
    assert!(!path.exists());
    draft.keep().unwrap();
    assert_eq!(verify(&path, &key()).unwrap(), Verdict { ok: true, rows: 2, problems: vec![] });
    let mut draft = Draft::create(&path, Format::Csv, &key()).unwrap();
    draft.begin(&head(TableKind::Leads)).unwrap();
    drop(draft);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its digest, as before");
    assert!(verify(&path, &key()).unwrap().ok);
    std::fs::remove_file(beside(&path, ".digest")).unwrap();
    assert!(!verify(&path, &key()).unwrap().ok);
    assert!(verify(&folder.path().join("none.csv"), &key()).is_err());
    assert!(verify(&folder.path().join("none.txt"), &key()).is_err());
}

/// Saves the workbook anew with some cells put over it.
fn resaved(bytes: &[u8], change: &[(&str, u32, u16, Data)]) -> Vec<u8> {
    let mut book = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let mut copy = Workbook::new();
    for name in book.sheet_names() {
        let sheet = copy.add_worksheet();
        sheet.set_name(&name).unwrap();
        let cells = book.worksheet_range(&name).unwrap();
        let end = cells.end().unwrap();
        let last = change.iter().filter(|(n, ..)| *n == name).map(|(_, row, ..)| *row).max().unwrap_or(0);
        for row in 0..=last.max(end.0 + 5) {
            for column in 0..=end.1 + 5 {
                let over = change.iter().find(|(n, r, c, _)| *n == name && (*r, u32::from(*c)) == (row, column));
                let value = over.map(|(.., data)| data.clone()).or_else(|| cells.get_value((row, column)).cloned());
                let at = u16::try_from(column).unwrap();
                match value.unwrap_or(Data::Empty) {
                    Data::String(text) if text.starts_with("formula:") => {
                        let formula = Formula::new(&text["formula:".len()..]).set_result("1");
                        sheet.write_formula(row, at, formula).unwrap();
                    }
                    Data::String(text) => drop(sheet.write_string(row, at, text).unwrap()),
                    Data::Float(number) => drop(sheet.write_number(row, at, number).unwrap()),
                    Data::DateTime(date) => drop(sheet.write_number(row, at, date.as_f64()).unwrap()),
                    Data::Bool(flag) => drop(sheet.write_boolean(row, at, flag).unwrap()),
                    _ => {}
                }
            }
        }
        let formulas = book.worksheet_formula(&name).unwrap();
        let start = formulas.start().unwrap_or_default();
        for (row, column, text) in formulas.used_cells() {
            let (row, column) = (row as u32 + start.0, column as u32 + start.1);
            let value = cells.get_value((row, column)).unwrap().to_string();
            let formula = Formula::new(text).set_result(value);
            sheet.write_formula(row, u16::try_from(column).unwrap(), formula).unwrap();
        }
    }
    copy.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_saved_again_holds_and_a_changed_one_does_not() {
    let exported = written(&table(&["a", "b", "c"]), Format::Xlsx);
    let verdict = check(&exported, &resaved(&exported.bytes, &[]), Format::Xlsx);
    assert_eq!(verdict, Verdict { ok: true, rows: 3, problems: vec![] });
    let table = [
        ("leads", 5, 1, Data::String("B".into()), "row 6 (2) was changed"),
        ("leads", 5, 0, Data::Float(9.0), "row 6 (9) was changed: its first cell was 2"),
        ("leads", 4, 0, Data::String("formula:=1".into()), "row 5 ({\"1\":1.00000000000000e0}) was changed"),
        ("leads", 4, 8, Data::String("more".into()), "row 5 (1) was changed"),
        ("leads", 0, 0, Data::String("他表".into()), "row 1: the title was changed"),
        ("leads", 1, 0, Data::String("12月".into()), "row 2: the period was changed"),
        ("leads", 2, 0, Data::String("别处".into()), "row 3: the unit was changed"),
        ("leads", 3, 2, Data::String("x".into()), "row 4: the header was changed"),
        ("leads", 8, 3, Data::Float(1.0), "row 9: the checked values was changed"),
        ("leads", 12, 0, Data::Float(4.0), "row 13 (4) was added"),
        ("digest", 4, 1, Data::String("x".into()), "the digest itself was changed"),
        ("digest", 0, 0, Data::String("x".into()), "the digest cannot be used"),
    ];
    for (sheet, row, column, data, expected) in table {
        let verdict = check(&exported, &resaved(&exported.bytes, &[(sheet, row, column, data)]), Format::Xlsx);
        assert!(!verdict.ok && verdict.problems[0].starts_with(expected), "{expected}: {verdict:?}");
    }
    let mut bare = Workbook::new();
    bare.add_worksheet().write_string(0, 0, "x").unwrap();
    let verdict = check(&exported, &bare.save_to_buffer().unwrap(), Format::Xlsx);
    assert!(verdict.problems[0].contains("`digest` is missing"), "{verdict:?}");
}

/// A spreadsheet that saves a file again writes 15 digits: what has no more comes back the same.
#[test]
fn numbers_in_a_workbook_have_fifteen_digits() {
    let exported = written(&table(&["a", "b", "c", "d", "e", "f", "g"]), Format::Xlsx);
    let mut book = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap();
    let cells = book.worksheet_range("leads").unwrap();
    for row in 4..11 {
        let Some(Data::DateTime(at)) = cells.get_value((row, 2)) else { panic!("row {row} has no date") };
        assert_eq!(format!("{:.14e}", at.as_f64()).parse(), Ok(at.as_f64()));
    }
}

fn any_cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Empty),
        any::<String>().prop_map(Cell::text),
        any::<(String, String)>().prop_map(|(id, shown)| Cell::Term { id, shown }),
        "[=+@'_x0-9A-F\" ,\r\n\t-]{0,12}".prop_map(Cell::text),
        any::<i64>().prop_map(Cell::Int),
        (-1e6..1e6f64).prop_map(Cell::Float),
        any::<bool>().prop_map(Cell::Flag),
        (1_700_000_000_000..1_900_000_000_000i64).prop_map(|at| Cell::Instant(Millis(at))),
    ]
}

fn any_table() -> impl Strategy<Value = Table> {
    proptest::collection::vec(proptest::collection::vec(any_cell(), 5), 1..8).prop_map(|rows| {
        let mut table = table(&[]);
        table.rows = (1..).zip(rows).map(|(n, row)| [vec![Cell::Int(n)], row].concat()).collect();
        table
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever stands in the cells, what was written is found untouched.
    #[test]
    fn what_was_written_holds(table in any_table()) {
        for format in [Format::Csv, Format::Xlsx, Format::Jsonl, Format::Geojson] {
            let mut table = table.clone();
            if format == Format::Geojson {
                table.totals = None;
            }
            let exported = written(&table, format);
            prop_assert_eq!(check(&exported, &exported.bytes, format).problems, Vec::<String>::new());
        }
    }

    /// Any one cell of a CSV file put to other words is found, and its row is named.
    #[test]
    fn a_changed_csv_cell_is_found(table in any_table(), row: prop::sample::Index, column: prop::sample::Index, words: String) {
        let exported = written(&table, Format::Csv);
        let file = text(&exported);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file.trim_start_matches('\u{feff}').as_bytes());
        let mut records: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        let (row, column) = (1 + row.index(table.rows.len()), column.index(6));
        prop_assume!(records[row][column] != words);
        records[row][column] = words;
        let first = records[row][0].clone();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in &records {
            writer.write_record(record).unwrap();
        }
        let verdict = check(&exported, &writer.into_inner().unwrap(), Format::Csv);
        prop_assert!(!verdict.ok);
        let named = format!("row {} ({first}) was changed", row + 1);
        prop_assert!(verdict.problems.iter().any(|problem| problem.starts_with(&named)), "{named}: {:?}", verdict.problems);
    }

    /// The same of a workbook.
    #[test]
    fn a_changed_sheet_cell_is_found(table in any_table(), row: prop::sample::Index, column in 1..6u16, words in "[ -~]{1,8}") {
        prop_assume!(!words.starts_with("formula:"));
        let exported = written(&table, Format::Xlsx);
        let at = 4 + row.index(table.rows.len()) as u32;
        let before = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap().worksheet_range("leads").unwrap();
        prop_assume!(before.get_value((at, u32::from(column))) != Some(&Data::String(words.clone())));
        let file = resaved(&exported.bytes, &[("leads", at, column, Data::String(words))]);
        let verdict = check(&exported, &file, Format::Xlsx);
        let named = format!("row {} ({}) was changed", at + 1, at - 3);
        prop_assert_eq!(verdict.problems, [named]);
    }

    /// A line of a JSONL file that reads otherwise is found.
    #[test]
    fn a_changed_line_is_found(table in any_table(), row: prop::sample::Index) {
        let exported = written(&table, Format::Jsonl);
        let file = text(&exported);
        let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
        let row = row.index(table.rows.len());
        lines[row] = lines[row].replace("\"description\":", "\"Description\":");
        let verdict = check(&exported, lines.join("\n").as_bytes(), Format::Jsonl);
        prop_assert_eq!(verdict.problems, [format!("row {} ({}) was changed", row + 1, row + 1)]);
    }
}

/// A workbook of three sheets; the first has totals.
fn workbook() -> Vec<Table> {
    let sheet = |name, title: &str, words: &[&str]| {
        let mut it = table(words);
        it.head = Head { sheet: Some(name), title: title.into(), ..it.head };
        it
    };
    let mut book = vec![
        sheet("calls", "呼叫", &["a", "b", "c"]),
        sheet("by_point", "按点", &["a", "b"]),
        sheet("by_hour", "按时", &["=1"]),
    ];
    book[1].totals = None;
    book[2].totals = None;
    book
}

fn bound(book: &[Table]) -> Printed {
    let mut file = TableFile::new(Vec::new(), Format::Xlsx, &key());
    book.iter().for_each(|table| table.pour(&mut file).unwrap());
    file.into_printed("book.xlsx".into()).unwrap()
}

#[test]
fn a_workbook_holds_several_tables_each_with_its_own_head_and_listing() {
    let exported = bound(&workbook());
    let mut book = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap();
    assert_eq!(book.sheet_names(), ["calls", "by_point", "by_hour", "digest"]);
    for (sheet, title, word) in [("calls", "呼叫", "a"), ("by_point", "按点", "a"), ("by_hour", "按时", "=1")] {
        let cells = book.worksheet_range(sheet).unwrap();
        let at = |row, column| cells.get_value((row, column)).unwrap().to_string();
        assert_eq!((at(0, 0).as_str(), at(4, 1).as_str()), (title, word));
        assert!(
            at(1, 0).contains("2026-11-01") && at(2, 0).contains("鹿城街道综治办") && at(3, 1).contains("description")
        );
    }
    let formulas = book.worksheet_formula("by_hour").unwrap();
    assert_eq!(formulas.used_cells().count(), 0, "words are never a formula");
    let verdict = check(&exported, &exported.bytes, Format::Xlsx);
    assert_eq!(verdict, Verdict { ok: true, rows: 6, problems: vec![] });
    assert_eq!(check(&exported, &resaved(&exported.bytes, &[]), Format::Xlsx), verdict, "saved by another program");
    assert_eq!(bound(&workbook()), exported, "the same tables are the same file");
    // A text file holds one.
    for format in [Format::Csv, Format::Jsonl] {
        let mut file = TableFile::new(Vec::new(), format, &key());
        assert!(!file.holds_several());
        workbook()[0].pour(&mut file).unwrap();
        let error = workbook()[1].pour(&mut file).unwrap_err().to_string();
        assert!(error.contains("holds one table"), "{error}");
    }
    // Sheets without a name of their own would not be told apart.
    for name in [None, Some("calls")] {
        let mut twice = workbook();
        twice[1].head.sheet = name;
        let mut file = TableFile::new(Vec::new(), Format::Xlsx, &key());
        assert!(twice.iter().try_for_each(|table| table.pour(&mut file)).is_err(), "{name:?}");
    }
}

#[test]
fn a_change_in_any_sheet_is_named_with_its_sheet() {
    let exported = bound(&workbook());
    let words = |text: &str| Data::String(text.into());
    let table = [
        ("calls", 5, 1, words("B"), "sheet calls: row 6 (2) was changed"),
        ("calls", 0, 0, words("x"), "sheet calls: row 1: the title was changed"),
        ("calls", 8, 3, Data::Float(1.0), "sheet calls: row 9: the checked values was changed"),
        ("by_point", 4, 5, words("x"), "sheet by_point: row 5 (1) was changed"),
        ("by_point", 1, 0, words("x"), "sheet by_point: row 2: the period was changed"),
        ("by_point", 8, 0, Data::Float(7.0), "sheet by_point: row 9 (7) was added"),
        ("by_hour", 2, 0, words("x"), "sheet by_hour: row 3: the unit was changed"),
        ("by_hour", 3, 1, words("x"), "sheet by_hour: row 4: the header was changed"),
        ("by_hour", 4, 0, Data::Float(9.0), "sheet by_hour: row 5 (9) was changed: its first cell was 1"),
        ("digest", 5, 1, words("x"), "sheet calls: the digest itself was changed"),
    ];
    for (sheet, row, column, data, expected) in table {
        let verdict = check(&exported, &resaved(&exported.bytes, &[(sheet, row, column, data)]), Format::Xlsx);
        assert!(!verdict.ok && verdict.problems[0].starts_with(expected), "{expected}: {verdict:?}");
    }
}

#[test]
fn a_sheet_taken_out_put_in_or_brought_from_elsewhere_is_named() {
    let whole = workbook();
    let exported = bound(&whole);
    let listing = |exported: &Printed| {
        let mut book = Xlsx::new(std::io::Cursor::new(exported.bytes.as_slice())).unwrap();
        let range = book.worksheet_range("digest").unwrap();
        range.rows().map(|row| row.iter().map(|cell| cell.to_string()).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    // The same book with other sheets, under a listing that somebody put together from the true one.
    let rebuilt = |tables: &[Table], records: &[Vec<String>]| {
        let bytes = bound(tables).bytes;
        let mut over: Vec<(&str, u32, u16, Data)> = Vec::new();
        for (row, record) in (0..).zip(records) {
            for column in 0..4u16 {
                let field = record.get(usize::from(column)).cloned().unwrap_or_default();
                over.push(("digest", row, column, Data::String(field)));
            }
        }
        let end = records.len() as u32;
        over.extend((end..end + 60).flat_map(|row| (0..4u16).map(move |column| ("digest", row, column, Data::Empty))));
        check(&exported, &resaved(&bytes, &over), Format::Xlsx)
    };
    let records = listing(&exported);
    assert!(rebuilt(&whole, &records).ok, "{:?}", rebuilt(&whole, &records));
    let verdict = rebuilt(&whole[..2], &records);
    assert_eq!(verdict.problems, ["the sheet by_hour was removed or renamed"]);
    let starts: Vec<usize> = (0..records.len()).filter(|at| records[*at][0] == "baiying-digest").collect();
    let mut fewer = records[..starts[2]].to_vec();
    fewer.push(records.last().unwrap().clone());
    let changed = "the digest itself was changed: its list of sheets is not the one that was sealed";
    assert_eq!(rebuilt(&whole[..2], &fewer).problems, [changed], "with its listing");
    assert_eq!(rebuilt(&whole[..1], &records[..starts[1]]).problems, [changed], "only one is left");
    fewer.pop();
    assert_eq!(rebuilt(&whole[..2], &fewer).problems, [changed], "without the book's digest");
    let verdict = rebuilt(&whole, &[&fewer[..], &records[records.len() - 1..]].concat());
    assert_eq!(verdict.problems, [changed, "a sheet (by_hour) was added"]);
    // A row of one sheet does not pass in another.
    let mut moved = whole.clone();
    moved[2].rows[0] = moved[1].rows[1].clone();
    assert!(rebuilt(&moved, &records).problems[0].starts_with("sheet by_hour: row 5 (2) was changed"));
}
