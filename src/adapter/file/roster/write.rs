//! The rosters as filed tables: bilingual headers, title, unit; one sheet each.

use super::column::{self, form_word, kind_word, sheet_name, title, written};
use crate::domain::id::Millis;
use crate::domain::period::Period;
use crate::domain::roster::size::Sizes;
use crate::domain::roster::{Roster, Sheet, Team, Volunteer};
use crate::port::table::{Cell, Head, Table, TableKind};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn number(count: u32) -> Cell {
    Cell::Int(count.into())
}

fn term(word: &str) -> Cell {
    let id = word.rsplit(' ').next().unwrap_or(word);
    Cell::Term { id: id.into(), shown: word.into() }
}

/// The six tables as they stand at `now`. Without `names` people stand in them as numbers, row by row: not by the codes of the
/// points tables, which unit, class and area together could lead back to a person.
pub fn tables(roster: &Roster, sizes: &Sizes, names: bool, (unit, zone): (&str, Tz), now: Millis) -> Vec<Table> {
    let head = |sheet: Sheet| Head {
        kind: TableKind::Rosters,
        sheet: Some(sheet_name(sheet)),
        title: title(sheet).into(),
        period: Period { from: Millis(0), to: now },
        zone,
        unit: unit.into(),
        columns: written(sheet, names),
    };
    let unit_names: HashMap<&str, &str> =
        roster.units.iter().map(|unit| (unit.code.as_str(), unit.name.as_str())).collect();
    let name_of = |code: &str| Cell::text(*unit_names.get(code).unwrap_or(&""));
    Sheet::ALL
        .into_iter()
        .map(|sheet| {
            let rows: Vec<Vec<Cell>> = match sheet {
                Sheet::Units => unit_rows(roster),
                Sheet::Team(team) => {
                    let row = |(n, it)| team_row(it, n, names, name_of(&it.unit));
                    (1..).zip(roster.team(team)).map(row).collect()
                }
                Sheet::Headcounts => headcount_rows(roster, sizes, name_of),
            };
            let head = head(sheet);
            Table { totals: totals(&head, &rows), head, rows }
        })
        .collect()
}

/// A totals row for tables that have something to sum.
fn totals(head: &Head, rows: &[Vec<Cell>]) -> Option<Vec<Cell>> {
    let sum = |at: usize| rows.iter().map(|row| if let Cell::Int(count) = row[at] { count } else { 0 }).sum();
    let cells = head.columns.iter().enumerate().map(|(at, column)| match at {
        0 => Cell::Text("total".into()),
        _ if column.summed => Cell::Int(sum(at)),
        _ => Cell::Empty,
    });
    head.columns.iter().any(|column| column.summed).then(|| cells.collect())
}

fn unit_rows(roster: &Roster) -> Vec<Vec<Cell>> {
    let row = |unit: &crate::domain::roster::Unit| {
        vec![
            Cell::text(unit.code.clone()),
            Cell::text(unit.name.clone()),
            term(kind_word(unit.kind)),
            unit.population.map_or(Cell::Empty, number),
            if unit.larger { Cell::Flag(true) } else { Cell::Empty },
        ]
    };
    roster.units.iter().map(row).collect()
}

fn team_row(it: &Volunteer, n: i64, names: bool, unit_name: Cell) -> Vec<Cell> {
    let mut row = vec![Cell::text(it.unit.clone()), unit_name];
    row.extend((it.form.team().forms().len() > 1).then(|| term(form_word(it.form))));
    row.push(Cell::text(it.squad.clone()));
    if names {
        let user = it.user.map_or_else(String::new, |user| user.to_string());
        row.extend([Cell::text(it.name.clone()), Cell::text(it.phone.clone()), Cell::text(user)]);
    } else {
        row.push(Cell::Int(n));
    }
    row.push(Cell::text(it.class.clone()));
    row.push(if it.leader { Cell::Flag(true) } else { Cell::Empty });
    row.extend([Cell::text(it.area.clone()), Cell::text(it.gear.clone()), number(it.people)]);
    row
}

/// A row for each suggestion, and one for each team that has people, or should, and of which nothing is suggested.
fn headcount_rows(roster: &Roster, sizes: &Sizes, name_of: impl Fn(&str) -> Cell) -> Vec<Vec<Cell>> {
    let actual = roster.actual();
    let mut least: BTreeMap<(&str, Team), u32> = BTreeMap::new();
    for unit in &roster.units {
        for (team, _) in Team::NAMES {
            if let Some(count) = sizes.least(unit, team) {
                least.insert((&unit.code, team), count);
            }
        }
    }
    let mut keys: Vec<((&str, Team), Option<u32>)> =
        roster.headcounts.iter().map(|it| ((it.unit.as_str(), it.team), Some(it.suggested))).collect();
    let suggested: BTreeSet<(&str, Team)> = keys.iter().map(|(key, _)| *key).collect();
    let others: BTreeSet<(&str, Team)> = actual.keys().chain(least.keys()).copied().collect();
    keys.extend(others.difference(&suggested).map(|key| (*key, None)));
    let row = |((unit, team), suggested): ((&str, Team), Option<u32>)| {
        let there = actual.get(&(unit, team)).copied().unwrap_or(0);
        let least = least.get(&(unit, team)).copied();
        let wanted = suggested.into_iter().chain(least).max();
        vec![
            Cell::text(unit),
            name_of(unit),
            term(column::sheet_name(Sheet::Team(team))),
            suggested.map_or(Cell::Empty, number),
            number(there),
            least.map_or(Cell::Empty, number),
            wanted.map_or(Cell::Empty, |wanted| number(wanted.saturating_sub(there))),
        ]
    };
    keys.into_iter().map(row).collect()
}
