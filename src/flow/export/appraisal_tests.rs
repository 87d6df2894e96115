use super::super::tests::{alarm, config, lead, request, tally};
use super::*;
use crate::domain::alarm::{Origin, Point, Summons};
use crate::domain::group::Group;
use crate::domain::id::AlarmId;
use crate::domain::member::Language;
use crate::domain::place::{Datum, Wgs84};
use crate::port::table::TableKind;

const MINUTE: i64 = 60_000;

fn town() -> TownFile {
    let group = |chat, kind, name: &str| Group {
        chat: ChatId(chat),
        kind,
        name: name.into(),
        area: None,
        pin_datum: Datum::Wgs84,
        language: Language::Zh,
    };
    let point = Point {
        code: "P1".into(),
        name: "东门".into(),
        at: Wgs84 { lat: 23.0, lon: 114.0 },
        radius_m: 100.0,
        contacts: vec![],
        team: None,
        gear: String::new(),
        phone: String::new(),
    };
    use GroupKind::{Desk, Liaison};
    TownFile {
        groups: vec![group(-100, Liaison, "鹿城群"), group(-101, Liaison, "菱东群"), group(-1, Desk, "研判")],
        points: vec![point],
        ..TownFile::default()
    }
}

fn tip(id: i64, chat: i64, state: LeadState, category: &str) -> Lead {
    Lead { chat: ChatId(chat), private: chat > 0, state, category: Some(category.into()), ..lead(id) }
}

/// So many minutes after the tip came in.
fn step(of: &Lead, minutes: i64, action: &str) -> LeadStep {
    LeadStep { lead: of.id, at: of.received_at.plus_ms(minutes * MINUTE), action: action.into() }
}

fn table(leads: &[Lead], steps: &[LeadStep], tallies: &[Tally], alarms: &[AlarmRecord]) -> Table {
    let mut it = Appraisal::new(&town(), &config());
    // In pages of any size.
    for page in leads.chunks(2) {
        let of_page = steps.iter().filter(|step| page.iter().any(|lead| lead.id == step.lead)).cloned();
        it.take(page, &of_page.collect::<Vec<_>>());
    }
    it.earn(tallies);
    it.table(request(TableKind::Appraisal, false).head(&config()), alarms)
}

/// A row as words: `·` is an empty cell.
fn words(row: &[Cell]) -> String {
    let word = |cell: &Cell| match cell {
        Cell::Empty => "·".to_owned(),
        Cell::Text(words) | Cell::Term { id: words, .. } => words.clone(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    row.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn lines(table: &Table) -> Vec<String> {
    let rows = table.rows.iter().chain(&table.totals);
    assert!(rows.clone().all(|row| row.len() == UNITS.len()), "a cell for each column");
    rows.map(|row| words(row)).collect()
}

fn called(number: i64, drill: bool, call: Call) -> AlarmRecord {
    let mut record = alarm(number, "P1");
    record.alarm = Alarm { id: AlarmId(number), drill, origin: Origin::Desk, ..record.alarm };
    record.calls = vec![Call { alarm: AlarmId(number), ..call }];
    record
}

fn call(scene_s: Option<i64>, user: i64) -> Call {
    let call = alarm(1, "P1").calls.remove(0);
    let at = call.called_at;
    let person = Summons { on_scene_at: scene_s.map(|s| at.plus_ms(s * 1000)), ..Summons::new(UserId(user), at) };
    Call { people: vec![person], ..call }
}

#[test]
fn a_month_worked_out_by_hand() {
    use LeadState as S;
    let mut leads = vec![
        // 鹿城群: five tips that police decided, two resolved; one merged, one open, one withdrawn.
        tip(1, -100, S::Verified, "theft"),
        tip(2, -100, S::Resolved, "fire_hazard"),
        tip(3, -100, S::Resolved, "theft"),
        tip(4, -100, S::Unfounded, "theft"),
        tip(5, -100, S::OutOfScope, ""),
        tip(6, -100, S::Duplicate, "fire_hazard"),
        tip(7, -100, S::New, "fire_hazard"),
        tip(8, -100, S::Withdrawn, "theft"),
        tip(9, 77, S::Verified, "traffic_hazard"),
        tip(10, -999, S::New, "theft"),
    ];
    leads[1].reporter = Some(UserId(5));
    leads[4].reporter = None;
    let steps = vec![
        step(&leads[0], 4, "claim"),
        step(&leads[0], 30, "verify"),
        // Decided without a claim, reopened, and resolved in the end: 100 minutes.
        step(&leads[1], 10, "verify"),
        step(&leads[1], 20, "resolve"),
        step(&leads[1], 30, "reopen"),
        step(&leads[1], 40, "verify"),
        step(&leads[1], 100, "resolve"),
        // A claim that was taken back does not count.
        step(&leads[2], 1, "tip"),
        step(&leads[2], 2, "claim"),
        step(&leads[2], 3, "undo"),
        step(&leads[2], 8, "verify"),
        step(&leads[2], 50, "resolve"),
        step(&leads[3], 90, "unfounded"),
        step(&leads[4], 7, "out_of_scope"),
        step(&leads[5], 8, "merged 6"),
        step(&leads[5], 9, "duplicate"),
        step(&leads[7], 1, "withdraw"),
        step(&leads[8], 12, "verify"),
    ];
    let mut tallies = vec![tally("M1", [0, 30, 0, -5, 25]), tally("M2", [0, 7, 0, 0, 7]), tally("M3", [1, 2, 0, 0, 3])];
    tallies[1].member.group = "已撤群".into();
    tallies[2].member.group = String::new();
    let mut patrol = call(Some(170), 9);
    patrol.callee = Callee::Person(UserId(9));
    patrol.kind = ResponderKind::Patrol;
    let mut nobody = call(None, 7);
    nobody.people.clear();
    let alarms = [
        called(1, false, call(Some(50), 7)),
        called(2, false, call(None, 7)),
        called(3, false, patrol),
        called(4, false, nobody),
        called(5, true, call(Some(10), 8)),
    ];
    let want = [
        "菱东群 group 0 0 0 0 0 0 0 0 · 0 · 0 · 0 0 · · · · · · · 0 0 0",
        // Taken up after 4, 10, 8, 90, 7 and 9 minutes: the third of six is 8. Resolved after 50 and 100: the first of two.
        "鹿城群 group 8 3 1 1 1 1 1 5 0.6 6 8 2 50 1 1 · · · · · · · 30 -5 2",
        "former_groups group 1 0 0 0 0 0 1 0 · 0 · 0 · 0 0 · · · · · · · · · 1",
        "private private 1 1 0 0 0 0 0 1 1 1 12 0 · 1 0 · · · · · · · · · 1",
        "P1 东门 point · · · · · · · · · · · · · · · 2 1 2 1 2 1 2 · · 1",
        "patrol team · · · · · · · · · · · · · · · 1 0 1 1 1 1 1 · · 1",
        "no_group people · · · · · · · · · · · · · · · · · · · · · · 2 0 ·",
        "已撤群 people · · · · · · · · · · · · · · · · · · · · · · 7 0 ·",
        // All seven taken up: 4 7 8 9 10 12 90, the fourth.
        "total 2026-11-01/2026-12-01 · 10 4 1 1 1 1 2 6 0.6667 7 9 2 50 2 1 3 1 3 2 3 2 3 39 -5 ·",
    ];
    let table = table(&leads, &steps, &tallies, &alarms);
    assert_eq!(lines(&table), want);
    // What is summed adds up.
    for (at, column) in UNITS.iter().enumerate().filter(|(_, column)| column.summed) {
        let sum: i64 = table.rows.iter().map(|row| if let Cell::Int(n) = row[at] { n } else { 0 }).sum();
        assert_eq!(table.totals.as_ref().unwrap()[at], Cell::Int(sum), "{}", column.key);
    }
}

#[test]
fn an_empty_month_has_its_groups_and_no_division() {
    let want = [
        "菱东群 group 0 0 0 0 0 0 0 0 · 0 · 0 · 0 0 · · · · · · · 0 0 0",
        "鹿城群 group 0 0 0 0 0 0 0 0 · 0 · 0 · 0 0 · · · · · · · 0 0 0",
        "total 2026-11-01/2026-12-01 · 0 0 0 0 0 0 0 0 · 0 · 0 · 0 0 0 0 0 0 0 0 0 0 0 ·",
    ];
    assert_eq!(lines(&table(&[], &[], &[], &[])), want);
}

#[test]
fn points_of_a_name_that_two_groups_have_are_nobody_elses() {
    let mut town = town();
    town.groups[1].name = "鹿城群".into();
    let mut it = Appraisal::new(&town, &config());
    it.earn(&[tally("M1", [0, 3, 0, 0, 3])]);
    let table = it.table(request(TableKind::Appraisal, false).head(&config()), &[]);
    let points: Vec<String> = table.rows.iter().map(|row| words(&row[24..26])).collect();
    assert_eq!(points, ["0 0", "0 0", "3 0"]);
}

#[test]
fn nobody_is_named() {
    let leads = [tip(1, -100, LeadState::Verified, "theft"), tip(2, 77_777, LeadState::Verified, "theft")];
    let alarms = [called(1, false, call(Some(50), 77_777))];
    let told = format!("{:?}", table(&leads, &[], &[tally("M1", [0, 1, 0, 0, 1])], &alarms).rows);
    for private in ["77777", "王小明", "M1", "R001", "R002"] {
        assert!(!told.contains(private), "{private}: {told}");
    }
}
