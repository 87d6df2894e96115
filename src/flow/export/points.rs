//! The points of a period: by person, and the same points by group, occupation and team.
//!
//! Owns that what is filed adds up: each row, each table's totals, and all tables with each other. Pure but for
//! [`tallies`], which reads them.

use super::column;
use crate::domain::id::{Millis, UserId};
use crate::domain::member::Member;
use crate::domain::period::Period;
use crate::port::store::{FiledPerson, LedgerEnd, Store, Tally};
use crate::port::table::{Cell, Column, Head, Holds, Table};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, HashMap};

const fn sum(key: &'static str, zh: &'static str, en: &'static str) -> Column {
    Column { key, zh, en, holds: Holds::Count, width: 11, summed: true }
}

/// One row a person.
pub const POINTS: &[Column] = &[
    column("member_code", "成员代码", "Member code", Holds::Text, 16),
    column("name", "姓名", "Name", Holds::Text, 14),
    column("occupation", "职业", "Occupation", Holds::Text, 16),
    column("group", "群组", "Group", Holds::Text, 22),
    sum("opening", "期初", "Opening"),
    sum("earned", "获得", "Earned"),
    sum("spent", "兑换", "Spent"),
    sum("corrected", "更正", "Corrected"),
    sum("closing", "期末", "Closing"),
];

/// By what people are put together, each a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The group that they belong to.
    Group,
    /// What they do (SEED-FACTS W1).
    Occupation,
    /// Their team (SEED-FACTS T3).
    Team,
}

impl By {
    /// Each, in the order of the sheets.
    pub const ALL: [Self; 3] = [Self::Group, Self::Occupation, Self::Team];

    fn sheet(self) -> (&'static str, &'static str, Column) {
        let column = |key, zh, en| column(key, zh, en, Holds::Text, 40);
        match self {
            Self::Group => ("by_group", "分群组积分统计表 Points by group", column("group", "群组", "Group")),
            Self::Occupation => {
                ("by_occupation", "分职业积分统计表 Points by occupation", column("occupation", "职业", "Occupation"))
            }
            Self::Team => ("by_team", "分队伍积分统计表 Points by team", column("team", "队伍", "Team")),
        }
    }

    fn of(self, member: &Member) -> &str {
        match self {
            Self::Group => &member.group,
            Self::Occupation => &member.occupation,
            Self::Team => &member.team,
        }
    }
}

/// What the people of a period hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many people's points moved.
    pub people: i64,
    /// Opening, earned, spent, corrected, closing.
    pub numbers: [i64; 5],
}

/// Who stands for all whose points did not move.
const OTHERS: &str = "本期无变动者合计 all whose points did not move";
/// What stands where somebody has no group, occupation or team on file.
const NOT_ON_FILE: &str = "未登记 not on file";

/// The tally of everybody whose points moved in the period, and a last one of all others together.
///
/// # Errors
/// The store's.
pub async fn tallies<S: Store>(store: &S, period: Period) -> anyhow::Result<Vec<Tally>> {
    let (_, tallies) = books(store, period).await?;
    Ok(tallies)
}

/// The same with the ledger's end at that moment.
///
/// # Errors
/// The store's.
pub async fn books<S: Store>(store: &S, period: Period) -> anyhow::Result<(LedgerEnd, Vec<Tally>)> {
    let (end, mut tallies, before) = store.books(period.from, period.to).await?;
    sort(&mut tallies);
    let moved: i64 = tallies.iter().map(|tally| tally.opening).sum();
    tallies.extend(others(before - moved));
    Ok((end, tallies))
}

/// By code: databases sort words each in their own way.
fn sort(tallies: &mut [Tally]) {
    tallies.sort_by(|a, b| (&a.member.code, a.member.user).cmp(&(&b.member.code, b.member.user)));
}

/// Shows everybody as they were on file when the month was closed.
pub fn as_filed(tallies: &mut [Tally], people: &[FiledPerson]) {
    let filed: HashMap<UserId, &FiledPerson> = people.iter().map(|person| (person.user, person)).collect();
    let people = tallies.iter().filter(|tally| !stands_for_others(tally)).count();
    for Tally { member, .. } in &mut tallies[..people] {
        let (code, name, occupation, group, team) = filed.get(&member.user).map_or(("?", "", "", "", ""), |it| {
            (it.code.as_str(), it.name.as_str(), it.occupation.as_str(), it.group.as_str(), it.team.as_str())
        });
        member.code = code.into();
        member.name = name.into();
        member.occupation = occupation.into();
        member.group = group.into();
        member.team = team.into();
    }
    sort(&mut tallies[..people]);
}

/// What those hold together whose points did not move in the period: one row, so that a month's totals go on from the
/// month before without a row for everybody who ever had points.
fn others(held: i64) -> Option<Tally> {
    let member = Member {
        user: UserId(0),
        name: String::new(),
        occupation: String::new(),
        group: OTHERS.into(),
        team: String::new(),
        roles: Vec::new(),
        language: None,
        code: "-".into(),
        first_seen: Millis(0),
        told_at: None,
    };
    (held != 0).then_some(Tally { member, opening: held, earned: 0, spent: 0, corrected: 0, closing: held })
}

fn stands_for_others(tally: &Tally) -> bool {
    tally.member.user == UserId(0)
}

fn numbers(tally: &Tally) -> [i64; 5] {
    [tally.opening, tally.earned, tally.spent, tally.corrected, tally.closing]
}

impl Totals {
    fn add(&mut self, people: i64, numbers: [i64; 5]) -> anyhow::Result<()> {
        self.people += people;
        for (total, number) in self.numbers.iter_mut().zip(numbers) {
            *total = total.checked_add(number).context("the totals are too large to be true")?;
        }
        Ok(())
    }

    /// Of all these people together.
    ///
    /// # Errors
    /// A person's or the totals' `closing` is not `opening + earned − spent + corrected`.
    pub fn of(tallies: &[Tally]) -> anyhow::Result<Self> {
        let mut totals = Self::default();
        for tally in tallies {
            let numbers = numbers(tally);
            ensure!(adds_up(&numbers), "the points of {} do not add up: {}", tally.member.code, told(&numbers));
            totals.add(i64::from(!stands_for_others(tally)), numbers)?;
        }
        ensure!(adds_up(&totals.numbers), "the totals do not add up: {}", told(&totals.numbers));
        Ok(totals)
    }
}

/// The points table: one row a person, in the order given, and a totals row. Names stand in it only if `names`.
///
/// # Errors
/// A person's or the totals' `closing` is not `opening + earned − spent + corrected`: nothing false is filed.
pub fn points_table(head: Head, tallies: &[Tally], names: bool) -> anyhow::Result<Table> {
    let totals = Totals::of(tallies)?;
    let row = |tally: &Tally| {
        let member = &tally.member;
        let mut row = vec![
            Cell::text(member.code.clone()),
            if names { Cell::text(member.name.clone()) } else { Cell::Empty },
            Cell::text(member.occupation.clone()),
            Cell::text(member.group.clone()),
        ];
        row.extend(numbers(tally).map(Cell::Int));
        row
    };
    let mut last = vec![total_label(&head), Cell::Empty, Cell::Empty, Cell::Empty];
    last.extend(totals.numbers.map(Cell::Int));
    Ok(Table { rows: tallies.iter().map(row).collect(), head, totals: Some(last) })
}

/// The same points put together: one row a group, occupation or team, by name, and a totals row.
///
/// # Errors
/// The sums are too large, or its totals are not `whole`: nothing false is filed.
pub fn grouped_table(by: By, head: &Head, tallies: &[Tally], whole: &Totals) -> anyhow::Result<Table> {
    let (sheet, title, first) = by.sheet();
    let mut columns = vec![first, Column { width: 15, ..sum("people", "变动人数", "People moved") }];
    columns.extend(POINTS.iter().filter(|column| column.summed));
    let head = Head { sheet: Some(sheet), title: title.into(), columns, ..head.clone() };
    // People on file by name, then those of whom it is not known, then all others.
    let mut parts: BTreeMap<(u8, &str), Totals> = BTreeMap::new();
    for tally in tallies {
        let of = match by.of(&tally.member) {
            _ if stands_for_others(tally) => (2, OTHERS),
            "" => (1, NOT_ON_FILE),
            name => (0, name),
        };
        parts.entry(of).or_default().add(i64::from(!stands_for_others(tally)), numbers(tally))?;
    }
    let mut totals = Totals::default();
    for part in parts.values() {
        totals.add(part.people, part.numbers)?;
    }
    ensure!(totals == *whole, "the totals of the sheet {sheet} are not those of all people: {totals:?}, {whole:?}");
    let cells = |label: Cell, of: &Totals| {
        let mut row = vec![label, Cell::Int(of.people)];
        row.extend(of.numbers.map(Cell::Int));
        row
    };
    let rows = parts.iter().map(|((_, name), part)| cells(Cell::text(*name), part)).collect();
    let last = cells(total_label(&head), &totals);
    Ok(Table { head, rows, totals: Some(last) })
}

fn total_label(head: &Head) -> Cell {
    Cell::Text(format!("total {}", head.period.interval(head.zone)))
}

fn adds_up([opening, earned, spent, corrected, closing]: &[i64; 5]) -> bool {
    let sum = i128::from(*opening) + i128::from(*earned) - i128::from(*spent) + i128::from(*corrected);
    sum == i128::from(*closing)
}

fn told([opening, earned, spent, corrected, closing]: &[i64; 5]) -> String {
    format!("opening {opening} + earned {earned} − spent {spent} + corrected {corrected} is not closing {closing}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::export::tests::{config, request, tally};
    use crate::port::table::TableKind;

    fn of(group: &str, occupation: &str, team: &str, numbers: [i64; 5]) -> Tally {
        let mut tally = tally("M", numbers);
        (tally.member.group, tally.member.occupation, tally.member.team) =
            (group.into(), occupation.into(), team.into());
        tally
    }

    #[test]
    fn people_are_put_together_and_every_sheet_has_the_same_totals() {
        let mut tallies = vec![
            of("东门", "快递员", "一队", [10, 20, 5, -3, 22]),
            of("东门", "", "", [0, 7, 0, 0, 7]),
            of("西门", "快递员", "", [1, 1, 0, 0, 2]),
        ];
        tallies.extend(others(30));
        let head = request(TableKind::Points, false).head(&config());
        let whole = Totals::of(&tallies).unwrap();
        assert_eq!(whole, Totals { people: 3, numbers: [41, 28, 5, -3, 61] });
        let shown = |by| {
            let table = grouped_table(by, &head, &tallies, &whole).unwrap();
            let row = |row: &Vec<Cell>| {
                let words = |cell: &Cell| match cell {
                    Cell::Text(words) => words.split(' ').next().unwrap_or_default().to_owned(),
                    Cell::Int(number) => number.to_string(),
                    other => format!("{other:?}"),
                };
                row.iter().map(words).collect::<Vec<_>>().join(" ")
            };
            assert!(table.rows.iter().chain(&table.totals).all(|row| row.len() == table.head.columns.len()));
            table.rows.iter().chain(&table.totals).map(row).collect::<Vec<_>>()
        };
        let (rest, total) = ("本期无变动者合计 0 30 0 0 0 30", "total 3 41 28 5 -3 61");
        assert_eq!(shown(By::Group), ["东门 2 10 27 5 -3 29", "西门 1 1 1 0 0 2", rest, total]);
        assert_eq!(shown(By::Occupation), ["快递员 2 11 21 5 -3 24", "未登记 1 0 7 0 0 7", rest, total]);
        assert_eq!(shown(By::Team), ["一队 1 10 20 5 -3 22", "未登记 2 1 8 0 0 9", rest, total]);
    }

    #[test]
    fn a_sheet_with_other_totals_is_not_filed() {
        let tallies = [of("东门", "", "", [10, 20, 5, -3, 22])];
        let head = request(TableKind::Points, false).head(&config());
        let other = Totals { people: 2, ..Totals::of(&tallies).unwrap() };
        let error = grouped_table(By::Team, &head, &tallies, &other).unwrap_err().to_string();
        assert!(error.contains("by_team"), "{error}");
    }
}
