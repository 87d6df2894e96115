use super::difference::{Difference, What};
use super::size::{Sizes, is_officer};
use super::*;

fn unit(code: &str, kind: UnitKind) -> Unit {
    Unit { code: code.into(), name: format!("{code}名"), kind, population: None, larger: false }
}

fn who(unit: &str, form: Form, squad: &str, name: &str, people: u32) -> Volunteer {
    Volunteer {
        unit: unit.into(),
        form,
        squad: squad.into(),
        name: name.into(),
        phone: String::new(),
        user: None,
        class: String::new(),
        leader: false,
        area: String::new(),
        gear: String::new(),
        people,
    }
}

/// A town with one stationed team of three groups, so that only what a test breaks is found.
fn well() -> Roster {
    let mut roster = Roster { units: vec![unit("C1", UnitKind::Company)], ..Roster::default() };
    for squad in ["一组", "二组", "三组"] {
        roster.people.push(who("C1", Form::Stationed, squad, "甲", 4));
    }
    roster
}

fn told(roster: &Roster) -> Vec<String> {
    Sizes::default().findings(roster).iter().map(size::Finding::en).collect()
}

#[test]
fn names_lead_back() {
    for (team, name) in Team::NAMES {
        assert_eq!((Team::named(name), team.name()), (Some(team), name));
        assert!(team.forms().iter().all(|form| form.team() == team));
    }
    for (form, name) in Form::NAMES {
        assert_eq!((Form::named(name), form.name()), (Some(form), name));
        assert!(form.team().forms().contains(&form));
    }
    for (kind, name) in UnitKind::NAMES {
        assert_eq!((UnitKind::named(name), kind.name()), (Some(kind), name));
    }
}

#[test]
fn a_village_team_is_fifteen_or_twenty() {
    assert_eq!(told(&Roster::default()), Vec::<String>::new(), "nothing filed, nothing found");
    let mut roster = well();
    assert_eq!(told(&roster), Vec::<String>::new());
    let larger = Unit { larger: true, ..unit("V1", UnitKind::Village) };
    roster.units.extend([larger, unit("V2", UnitKind::Village), unit("V3", UnitKind::Village)]);
    roster.units.push(unit("K1", UnitKind::Community));
    roster.people.push(who("V1", Form::Village, "", "甲", 19));
    roster.people.push(who("V2", Form::Village, "", "甲", 14));
    roster.people.push(who("V2", Form::Village, "", "乙", 1));
    let want = [
        "V1 V1名: 19 people in the full-time village team, should be at least 20 (T1)",
        "V3 V3名: 0 people in the full-time village team, should be at least 15 (T1)",
    ];
    assert_eq!(told(&roster), want);
    assert_eq!(Sizes::default().findings(&roster)[0].zh(), "V1 V1名: 村专职队人数 19，应为 至少 20（T1）");
    roster.people.push(who("K1", Form::Village, "", "丙", 14));
    assert!(
        told(&roster).contains(&"K1 K1名: 14 people in the full-time village team, should be at least 15 (T1)".into())
    );
}

#[test]
fn a_red_armband_team_is_as_large_as_its_village_asks() {
    let of = |population: Option<u32>, people: u32| {
        let mut roster = well();
        roster.units.push(Unit { population, ..unit("K1", UnitKind::Community) });
        roster.people.push(who("K1", Form::RedArmband, "", "甲", people));
        told(&roster).len()
    };
    for (population, right) in [(Some(999), 7..=10), (Some(1_000), 10..=15), (Some(4_000), 10..=15), (None, 7..=15)] {
        for people in 1..20 {
            assert_eq!(of(population, people) == 0, right.contains(&people), "{people} of {population:?}");
        }
    }
}

#[test]
fn a_stationed_team_is_three_groups_of_four_or_five() {
    let mut roster = well();
    roster.people[0].people = 6;
    roster.people[1].people = 3;
    roster.people[2].squad = "二组".into();
    let want = [
        "C1 C1名 一组: 6 guards in a group of the stationed team, should be 4–5 (R4)",
        "C1 C1名 二组: 7 guards in a group of the stationed team, should be 4–5 (R4)",
        "C1 C1名: 2 groups in the stationed team, should be at least 3 (R4)",
    ];
    assert_eq!(told(&roster), want);
    roster.people.clear();
    assert_eq!(told(&roster), ["0 stationed teams in the town, should be at least 1 (R4)"]);
}

#[test]
fn a_mobile_unit_is_two_or_three_pairs_and_each_station_has_three() {
    let mut roster = well();
    roster.units.push(unit("S1", UnitKind::Station));
    assert_eq!(told(&roster), ["S1 S1名: 0 mobile units of the station, should be at least 3 (R5)"]);
    let pair = |squad: &str, officers, guards| {
        let officer = Volunteer { class: "辅警".into(), ..who("S1", Form::Mobile, squad, "警", officers) };
        [officer, Volunteer { class: "保安".into(), ..who("S1", Form::Mobile, squad, "保", guards) }]
    };
    roster.people.extend([pair("1", 2, 2), pair("2", 3, 3), pair("3", 2, 2)].concat());
    assert_eq!(told(&roster), Vec::<String>::new());
    roster.people.extend([pair("4", 3, 2), pair("5", 4, 1), pair("6", 1, 1)].concat());
    let want = [
        "S1 S1名 4: 2 guards in a unit of the mobile team, should be 3 (R5)",
        "S1 S1名 5: 4 auxiliary officers in a unit of the mobile team, should be 2–3 (R5)",
        "S1 S1名 5: 1 guards in a unit of the mobile team, should be 3 (R5)",
        "S1 S1名 6: 1 auxiliary officers in a unit of the mobile team, should be 2–3 (R5)",
        "S1 S1名 6: 1 guards in a unit of the mobile team, should be 2 (R5)",
    ];
    assert_eq!(told(&roster), want);
    assert!(is_officer("Auxiliary Officer") && is_officer("派出所辅警") && !is_officer("保安员"));
}

#[test]
fn fewer_than_suggested_is_told() {
    let mut roster = well();
    roster.headcounts.push(Headcount { unit: "C1".into(), team: Team::Emergency, suggested: 13 });
    roster.headcounts.push(Headcount { unit: "C1".into(), team: Team::Watch, suggested: 0 });
    assert_eq!(told(&roster), ["C1 C1名: 12 people in the emergency team (suggested), should be at least 13 (T4)"]);
}

#[test]
fn what_cannot_stand_together_is_found() {
    let mut roster = well();
    assert_eq!(roster.flaws(), []);
    roster.units.push(unit("C1", UnitKind::School));
    roster.people.push(who("C1", Form::Stationed, "一组", "甲", 1));
    roster.people.push(who("X", Form::Citizens, "", "乙", 1));
    let member = |squad: &str, form| Volunteer { user: Some(UserId(7)), ..who("C1", form, squad, "丙", 1) };
    // One member in two teams is right, twice in one team is not, in whatever group.
    roster.people.extend([member("", Form::Stationed), member("", Form::Village), member("二组", Form::Mobile)]);
    let count = |unit: &str| Headcount { unit: unit.into(), team: Team::Area, suggested: 1 };
    roster.headcounts = vec![count("C1"), count("X"), count("C1")];
    let mut same_name = who("C1", Form::Stationed, "一组", "甲", 1);
    same_name.phone = "13800138000".into();
    roster.people.push(same_name);
    use Flaw::{CountTwice, NoUnit, NoUnitCounted, PersonTwice, UnitTwice};
    let want = [UnitTwice(0, 1), NoUnit(4), PersonTwice(5, 7), PersonTwice(0, 3), NoUnitCounted(1), CountTwice(0, 2)];
    assert_eq!(roster.flaws(), want);
}

#[test]
fn changes_are_told_row_by_row() {
    let old = well();
    assert!(Difference::between(&old, &old).is_nothing());
    let mut new = old.clone();
    new.people.reverse();
    assert!(Difference::between(&old, &new).is_nothing(), "order is no change");
    let mut new = old.clone();
    new.units[0].name = "新名".into();
    // The same name in another group of the unit, with a telephone now: known again.
    new.people[2] = Volunteer { phone: "1".into(), squad: "四组".into(), ..old.people[2].clone() };
    new.people.remove(0);
    new.people.push(who("C1", Form::Citizens, "", "丁", 3));
    let difference = Difference::between(&old, &new);
    let lines: Vec<(&str, &What)> = difference.changes.iter().map(|it| (it.label.as_str(), &it.what)).collect();
    let text = |words: &str| words.to_owned();
    let fields = vec![("unit", text("C1")), ("form", text("citizens")), ("name", text("丁")), ("people", text("3"))];
    let want = [
        ("C1 新名", &What::Changed(vec![("unit_name", text("C1名"), text("新名"))])),
        ("甲 of C1 四组", &What::Changed(vec![("squad", text("一组"), text("四组")), ("phone", text(""), text("1"))])),
        ("甲 of C1 三组", &What::Removed),
        ("丁 of C1", &What::Added(fields)),
    ];
    assert_eq!(lines, want);
    let emergency = difference.of(Sheet::Team(Team::Emergency));
    assert_eq!((emergency.before, emergency.after, emergency.changed, emergency.removed), (3, 2, 1, 1));
    assert!(!emergency.takes_most());
    assert!(Difference::between(&old, &Roster::default()).of(Sheet::Units).takes_most());
}
