use super::*;
use crate::adapter::file::digest::ExportKey;
use crate::adapter::file::{Format, TableFile};
use crate::domain::id::{Millis, UserId};
use crate::domain::roster::difference::Difference;
use crate::domain::roster::size::Sizes;
use crate::domain::roster::{Form, UnitKind};
use crate::port::table::{Cell, Table};
use proptest::prelude::*;
use rust_xlsxwriter::{Format as Look, Workbook};

const NOW: Millis = Millis(1_795_305_600_000);

fn all(roster: &Roster, names: bool) -> Vec<Table> {
    tables(roster, &Sizes::default(), names, ("鹿城街道综治办", chrono_tz::Asia::Shanghai), NOW)
}

fn exported(roster: &Roster, names: bool) -> Vec<u8> {
    let key = ExportKey::new("0123456789abcdef").unwrap();
    let mut file = TableFile::new(Vec::new(), Format::Xlsx, &key);
    all(roster, names).iter().for_each(|sheet| sheet.pour(&mut file).unwrap());
    file.finish().unwrap().0
}

fn filed(bytes: &[u8], old: &Roster) -> Result<Filed, Faults> {
    parse(bytes, old)?.onto(old)
}

/// A workbook of plain cells: sheets with their rows; `#` before digits makes a number.
fn book(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let page = book.add_worksheet();
        page.set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(*cells) {
                match cell.strip_prefix('#').map(|digits| digits.parse::<f64>().unwrap()) {
                    Some(number) => drop(page.write_number(row, column, number).unwrap()),
                    None if cell.is_empty() => {}
                    None => drop(page.write_string(row, column, *cell).unwrap()),
                }
            }
        }
    }
    book.save_to_buffer().unwrap()
}

const UNITS: &[&[&str]] = &[
    &["单位代码", "单位名称", "单位类别", "人口", "较大村"],
    &["C1", "东江厂", "企业"],
    &["V1", "鹿村", "村", "１，２００人", "是"],
    &["S1", "鹿城所", "Station"],
];

fn town() -> Roster {
    filed(&book(&[("参与单位", UNITS)]), &Roster::default()).unwrap().roster
}

fn faults(sheets: &[(&str, &[&[&str]])]) -> Vec<String> {
    let told = |it: &Fault| format!("{}: {}", it.place, it.what);
    filed(&book(sheets), &town()).unwrap_err().0.iter().map(told).collect()
}

#[test]
fn offices_own_tables_are_read() {
    let rows: &[&[&str]] = &[
        &["鹿城镇村级专职联防队花名册"],
        &["", "填报单位：综治办"],
        &[],
        &["序号", "单位", "Name", "联系电话", "职业", "Leader", "活动区域", "人数", "身份证号"],
        &["#1", "鹿村", "王小明", "#13800138000", "保安", "√", "村口", "", "x"],
        &["2", "", "李四", "０７６９－８８８８８８８８", "", "否", "", "3 人"],
        &[],
        &["合计", "", "", "", "", "", "", "#4"],
        &["备注：本表一式两份"],
    ];
    let emergency: &[&[&str]] = &[
        &["单位代码\nUnit code", "队伍形式 form", "组别", "姓名", "用户号", "类别（职业）"],
        &["S1", "机动", "一队", "赵六", "７０００", "辅警"],
        &["", "mobile", "一队", "钱七", "#7000000001", "保安"],
    ];
    let read =
        filed(&book(&[("表4.村专职", rows), ("通讯录", &[&["x"]]), ("（2）应急队", emergency)]), &town()).unwrap();
    let village: Vec<_> = read.roster.team(Team::Village).collect();
    assert_eq!(village.len(), 2);
    assert_eq!((village[0].unit.as_str(), village[0].phone.as_str(), village[0].leader), ("V1", "13800138000", true));
    assert_eq!((village[1].unit.as_str(), village[1].phone.as_str(), village[1].people), ("V1", "0769-88888888", 3));
    let mobile: Vec<_> = read.roster.team(Team::Emergency).map(|it| (it.unit.as_str(), it.user.unwrap().0)).collect();
    assert_eq!(mobile, [("S1", 7_000), ("S1", 7_000_000_001)]);
    assert_eq!(read.roster.units, town().units, "a sheet that is missing leaves its table alone");
    assert_eq!(town().units[1].population, Some(1_200));
    let notes = [
        "sheet 通讯录 is none of the rosters and was left out",
        "sheet 表4.村专职, row 4: the column 序号 is not known and was left out",
        "sheet 表4.村专职, row 4: the column 身份证号 was left out: rosters keep no ID-card numbers, take it out of the file",
        "sheet 表4.村专职, row 9: `备注：本表一式两份` is a remark and was left out",
    ];
    let mut told = read.notes;
    told.sort();
    let mut want: Vec<&str> = notes.to_vec();
    want.sort_unstable();
    assert_eq!(told, want);
}

#[test]
fn merged_cells_count_for_each_row_they_cover() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name("应急").unwrap();
    page.merge_range(0, 0, 0, 4, "应急队花名册", &Look::new()).unwrap();
    for (column, name) in (0..).zip(["单位代码", "形式", "组别", "姓名", "人数"]) {
        page.write_string(1, column, name).unwrap();
    }
    page.merge_range(2, 0, 4, 0, "C1", &Look::new()).unwrap();
    page.merge_range(2, 1, 4, 1, "定点", &Look::new()).unwrap();
    page.merge_range(2, 2, 3, 2, "一组", &Look::new()).unwrap();
    for (row, name) in (2..).zip(["甲", "乙", "丙"]) {
        page.write_string(row, 3, name).unwrap();
    }
    let read = filed(&book.save_to_buffer().unwrap(), &town()).unwrap();
    let rows: Vec<_> = read.roster.people.iter().map(|it| (it.unit.as_str(), it.form, it.squad.as_str())).collect();
    assert_eq!(rows, [("C1", Form::Stationed, "一组"), ("C1", Form::Stationed, "一组"), ("C1", Form::Stationed, "")]);
}

#[test]
fn all_that_is_wrong_is_told_with_sheet_row_and_column() {
    let units: &[&[&str]] = &[
        &["title"],
        &["单位代码", "单位名称", "单位类别", "人口", "较大村"],
        &["C1", "", "工坊", "很多", "也许"],
        &["", "x", "村"],
        &["C2", "新厂", "企业"],
    ];
    let area: &[&[&str]] = &[
        &["单位代码", "单位名称", "队伍形式", "姓名", "电话", "用户号", "人数", "装备"],
        &["C2", "旧厂", "机动", "", "不详", "-5", "0", "441900199001011234"],
        &["C9", "", "企业", "甲"],
        &["", "无此厂", "企业", "乙"],
    ];
    let got = faults(&[("参与单位", units), ("区域队", area)]);
    let want = [
        "sheet 参与单位, row 3, column 单位名称 unit_name: it is empty: fill it in",
        "sheet 参与单位, row 3, column 单位类别 kind: `工坊` is no kind of unit: write one of 村 village, ",
        "sheet 参与单位, row 3, column 人口 population: `很多` is no number of people: write digits, as 15",
        "sheet 参与单位, row 3, column 较大村 larger: `也许` is neither yes nor no: write 是 / yes, or 否 / no",
        "sheet 参与单位, row 4, column 单位代码 unit: it is empty: give the unit a code, as C01",
        "sheet 区域队, row 2, column 单位名称 unit_name: C2 is 新厂, not 旧厂: mend the code or the name",
        "sheet 区域队, row 2, column 队伍形式 form: `机动` is no form of this team: write 企业 companies or 群众 citizens",
        "sheet 区域队, row 2, column 姓名 name: it is empty: fill it in",
        "sheet 区域队, row 2, column 电话 phone: `不详` is no telephone number: write digits",
        "sheet 区域队, row 2, column 用户号 user_id: `-5` is no user id: write the person's Telegram number",
        "sheet 区域队, row 2, column 装备 gear: an ID-card number stands there: rosters keep none, take it out",
        "sheet 区域队, row 2, column 人数 people: nobody stands for this row: write at least 1",
        "sheet 区域队, row 3, column 单位代码 unit: there is no unit `C9`: enter it in sheet 参与单位 units, or mend the code",
        "sheet 区域队, row 4, column 单位名称 unit_name: no unit is named 无此厂: enter it in sheet 参与单位 units",
    ];
    for (got, want) in got.iter().zip(want) {
        assert!(got.starts_with(want), "{got}\nwanted {want}");
    }
    assert_eq!(got.len(), want.len(), "{got:#?}");
    let counts: &[&[&str]] = &[&["单位", "队伍", "建议人数"], &["东江厂", "巡逻队", "x"], &["鹿村", "", "5"]];
    let got = faults(&[("建议人数", counts)]);
    assert!(got[0].contains("row 2, column 队伍 team: `巡逻队` is no team"), "{got:?}");
    assert!(got[1].contains("row 2, column 建议人数 suggested: `x` is no number"), "{got:?}");
    assert!(got[2].contains("row 3, column 队伍 team: it is empty"), "{got:?}");
}

#[test]
fn headers_and_sheets_that_do_not_serve_are_told() {
    let twice: &[&[&str]] = &[&["单位代码", "姓名", "名字"], &["C1", "甲", "甲"]];
    let no_form: &[&[&str]] = &[&["组别", "姓名"], &["1", "甲"]];
    let late: Vec<&[&str]> = std::iter::repeat_n(&["x"][..], 10).chain([&["单位代码", "姓名"][..]]).collect();
    let got = faults(&[("村专职", twice), ("应急", no_form), ("守望", &late), ("area", &[&["Name"]])]);
    let has = |words: &str| assert!(got.iter().any(|it| it.contains(words)), "{words}: {got:#?}");
    has("sheet 村专职, row 1: the column 姓名 name is there twice: take one away");
    has("sheet 应急, row 1: the column 队伍形式 form is missing: the columns are 单位代码 unit");
    has("sheet 应急, row 1: the column 单位代码 unit is missing");
    has("sheet 守望: no header was found in its first 10 rows: one row must name the columns 单位代码 unit");
    has("sheet area: no header was found");
    let same = faults(&[("应急", &[]), ("应急队", &[])]);
    assert!(same[0].contains("the same roster as sheet 应急"), "{same:?}");
    let none = faults(&[("Sheet1", UNITS)]);
    assert!(none[0].contains("name the sheets 参与单位 units") && none[0].contains("(it has Sheet1)"), "{none:?}");
    for bytes in [&b"a,b"[..], b"PK\x03\x04 cut off", b""] {
        assert!(parse(bytes, &town()).unwrap_err().to_string().contains("nothing was imported"));
    }
}

#[test]
fn what_cannot_stand_together_is_told_with_both_places() {
    let units: &[&[&str]] = &[UNITS[0], UNITS[1], &["C1", "又一厂", "企业"]];
    let got = faults(&[("参与单位", units)]);
    assert_eq!(
        got,
        [
            "sheet 参与单位, row 3: the code C1 stands in sheet 参与单位, row 2 already: give each unit a code of its own"
        ]
    );
    let village: &[&[&str]] =
        &[&["单位代码", "姓名", "用户号"], &["V1", "甲", "5"], &["V1", "乙", "5"], &["V1", "丙"], &["V1", "丙"]];
    let got = faults(&[("村专职", village)]);
    assert!(got[0].starts_with("sheet 村专职, row 3: the user id 5 stands in sheet 村专职, row 2 already"), "{got:?}");
    assert!(got[1].starts_with("sheet 村专职, row 5: 丙 of V1 stands in sheet 村专职, row 4 already"), "{got:?}");
    // People that are filed, of a unit that the file does not have any more.
    let one: &[&[&str]] = &[&["单位代码", "姓名"], &["V1", "甲"]];
    let old = filed(&book(&[("村专职", one)]), &town()).unwrap().roster;
    let fewer = filed(&book(&[("参与单位", &[UNITS[0], UNITS[1], UNITS[3]])]), &old).unwrap_err().to_string();
    assert!(
        fewer.starts_with("what is filed in 村专职队 village, 甲: the unit V1 stands in no row of 参与单位 units"),
        "{fewer}"
    );
}

fn lines(old: &Roster, sheets: &[(&str, &[&[&str]])]) -> (String, Vec<String>) {
    let read = filed(&book(sheets), old).unwrap();
    let difference = Difference::between(old, &read.roster);
    (tell(&difference, &read), refusals(&difference))
}

#[test]
fn the_preview_tells_row_by_row() {
    let head: &[&str] = &["单位代码", "姓名", "电话", "职业", "人数"];
    let before: &[&[&str]] = &[head, &["V1", "甲", "", "村干部", "1"], &["V1", "乙"], &["V1", "丙"], &["V1", "丁"]];
    let old = filed(&book(&[("村专职", before)]), &town()).unwrap().roster;
    let after: &[&[&str]] = &[head, &["V1", "甲", "13800138000", "", "2"], &["V1", "戊"], &["V1", "丁"], &["V1", "丙"]];
    let counts: &[&[&str]] = &[&["单位代码", "队伍", "建议人数", "实际人数"], &["V1", "村专职", "20", "7"]];
    let (told, refused) = lines(&old, &[("村专职", after), ("建议人数", counts)]);
    insta::assert_snapshot!(told, @r"
    ~ sheet 村专职, row 2: 甲 of V1: 电话 phone — → 13800138000; 类别（职业） class 村干部 → —; 人数 people 1 → 2
    + sheet 村专职, row 3: 戊 of V1: 单位代码 unit V1; 姓名 name 戊; 人数 people 1
    - 村专职队 village: 乙 of V1
    + sheet 建议人数, row 2: V1 village: 单位代码 unit V1; 队伍 team village; 建议人数 suggested 20
    参与单位 units: not in the file, stays as it is (3 rows)
    应急队 emergency: not in the file, stays as it is (0 rows)
    区域队 area: not in the file, stays as it is (0 rows)
    村专职队 village: 4 → 4 rows (1 added, 1 changed, 1 removed)
    邻里守望队 watch: not in the file, stays as it is (0 rows)
    建议人数 headcounts: 0 → 1 rows (1 added, 0 changed, 0 removed)
    note: sheet 建议人数, row 2: the rosters have 5 people there, not 7: how many there are is counted, not typed
    ");
    assert_eq!(refused, Vec::<String>::new());
    let (told, refused) = lines(&old, &[("村专职", &[head, &["V1", "甲"]])]);
    assert!(told.contains("村专职队 village: 4 → 1 rows (0 added, 1 changed, 3 removed)"), "{told}");
    assert!(
        refused[0].starts_with("sheet 村专职队 village would take away 3 of 4 rows, more than half"),
        "{refused:?}"
    );
    for empty in [&[head][..], &[][..]] {
        let (_, refused) = lines(&old, &[("村专职", empty)]);
        assert!(
            refused[0].starts_with("sheet 村专职队 village is empty: it would take away all 4 rows"),
            "{refused:?}"
        );
    }
    let (_, refused) = lines(&old, &[("村专职", &[head, before[1], before[2]])]);
    assert_eq!(refused, Vec::<String>::new(), "half is not more than half");
}

#[test]
fn without_names_nobody_is_named_and_nothing_is_taken_back() {
    let head: &[&str] = &["单位代码", "姓名", "电话", "用户号", "职业"];
    let village: &[&[&str]] = &[head, &["V1", "王小明", "13800138000", "70001", "快递员"]];
    let roster = filed(&book(&[("村专职", village)]), &town()).unwrap().roster;
    let told = |names| format!("{:?}", all(&roster, names));
    for private in ["王小明", "13800138000", "70001"] {
        assert!(told(true).contains(private) && !told(false).contains(private), "{private}");
    }
    assert!(told(false).contains("快递员"));
    let refused = filed(&exported(&roster, false), &roster).unwrap_err().to_string();
    assert!(refused.contains("column 姓名 name is missing") && refused.contains("without --names"), "{refused}");
}

#[test]
fn head_counts_stand_beside_what_is_there_and_what_should_be() {
    let village: &[&[&str]] = &[&["单位代码", "姓名", "人数"], &["V1", "甲", "12"]];
    let counts: &[&[&str]] = &[&["单位代码", "队伍", "建议人数"], &["C1", "区域队 area", "6"]];
    let roster = filed(&book(&[("村专职", village), ("建议人数", counts)]), &town()).unwrap().roster;
    let table = all(&roster, true).pop().unwrap();
    let numbers: Vec<&[Cell]> = table.rows.iter().map(|row| &row[3..]).collect();
    use Cell::{Empty, Int};
    assert_eq!(numbers, [[Int(6), Int(0), Empty, Int(6)], [Empty, Int(12), Int(20), Int(8)]]);
    assert_eq!(table.totals.unwrap()[3..], [6, 12, 20, 14].map(Int));
    assert_eq!(all(&roster, true)[3].totals.as_ref().unwrap().last(), Some(&Int(12)));
}

#[test]
fn a_filed_workbook_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rosters.xlsx");
    let key = ExportKey::new("0123456789abcdef").unwrap();
    std::fs::write(&path, exported(&town(), true)).unwrap();
    let verdict = crate::adapter::file::verify::verify(&path, &key).unwrap();
    assert!(verdict.ok, "{:?}", verdict.problems);
    assert_eq!(verdict.rows, 4, "three units, and the village's team that should be there");
}

/// Words as cells hold them after they were read.
fn words() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "",
        "=1+1",
        "_x0041_",
        "合计",
        "备注",
        "a\"b'c&<d>",
        "＝ｘ",
        "0012",
        "1e5",
        "TRUE",
        "是",
        "-",
        "王 小 明",
        "🚨",
        "2026-11-22",
    ]);
    prop_oneof![
        tricky.prop_map(str::to_owned),
        "[a-z0-9 一二三东门,;()（）:#]{0,8}".prop_map(|text| text.trim().to_owned())
    ]
}

fn any_roster() -> impl Strategy<Value = Roster> {
    let unit = (words(), 0..12usize, prop::option::of(0..100_000u32), prop::bool::ANY);
    let units = prop::collection::vec(unit, 1..5);
    let person = (
        (0..5usize, 0..7usize, words(), words(), prop::option::of(1..9_000_000_000i64)),
        (
            words(),
            prop::bool::ANY,
            words(),
            words(),
            1..50u32,
            prop::sample::select(vec!["", "13800138000", "0769-1 / 2222"]),
        ),
    );
    let people = prop::collection::vec(person, 0..14);
    let counts = prop::collection::vec((0..5usize, 0..4usize, 0..99u32), 0..5);
    (units, people, counts).prop_map(|(units, people, counts)| {
        let units: Vec<Unit> = (1..)
            .zip(units)
            .map(|(n, (name, kind, population, larger))| Unit {
                code: ["0001", "甲-2", "C 3", "=4"][n - 1].into(),
                name: if name.is_empty() { "厂".into() } else { name },
                kind: UnitKind::NAMES[kind].0,
                population,
                larger,
            })
            .collect();
        let code = |n: usize| units[n % units.len()].code.clone();
        let mut roster = Roster::default();
        for ((unit, form, squad, name, user), (class, leader, area, gear, people, phone)) in people {
            roster.people.push(Volunteer {
                unit: code(unit),
                form: Form::NAMES[form].0,
                squad,
                name: if name.is_empty() { "甲".into() } else { name },
                phone: phone.into(),
                user: user.map(UserId),
                class,
                leader,
                area,
                gear,
                people,
            });
        }
        for (unit, team, suggested) in counts {
            roster.headcounts.push(Headcount { unit: code(unit), team: Team::NAMES[team].0, suggested });
        }
        roster.units = units;
        roster.people.sort_by_key(|it| it.form.team());
        // What cannot stand is taken out, as an import would refuse it.
        while let Some(flaw) = roster.flaws().first() {
            match flaw {
                Flaw::PersonTwice(_, n) => drop(roster.people.remove(*n)),
                Flaw::CountTwice(_, n) => drop(roster.headcounts.remove(*n)),
                other => panic!("{other:?}"),
            }
        }
        roster
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn exported_and_read_back_changes_nothing(roster in any_roster(), filed_before: bool) {
        let old = if filed_before { roster.clone() } else { Roster::default() };
        let read = filed(&exported(&roster, true), &old).map_err(|faults| TestCaseError::fail(faults.to_string()))?;
        prop_assert_eq!(&read.roster, &roster);
        prop_assert!(Difference::between(&roster, &read.roster).is_nothing());
        prop_assert_eq!(read.present.len(), 6);
        prop_assert_eq!(read.notes, Vec::<String>::new());
    }

    #[test]
    fn what_changes_is_told_and_leads_there(old in any_roster(), new in any_roster()) {
        let difference = Difference::between(&old, &new);
        for (sheet, it) in &difference.counts {
            prop_assert_eq!(it.before + it.added, it.after + it.removed, "{:?}", sheet);
            let told = difference.changes.iter().filter(|change| change.sheet == *sheet).count();
            prop_assert_eq!(told, it.added + it.changed + it.removed);
        }
    }
}
