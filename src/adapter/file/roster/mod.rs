//! The rosters as a workbook of six sheets. What is written is read back as the same rosters.
//!
//! [`column`] knows sheets, columns and words, `write` and `read` the workbook, `tell` how a change is told. All that is wrong
//! with a file is told at once, with sheet, row and column, and nothing of it is taken. Called by the commands.

mod column;
mod read;
mod tell;
#[cfg(test)]
mod tests;
mod write;

pub use read::parse;
pub use tell::{refusals, tell};
pub use write::tables;

use super::duty::{Fault, Faults};
use crate::domain::roster::{Flaw, Headcount, Roster, Sheet, Team, Unit, Volunteer};
use std::collections::BTreeMap;

/// Rows with their places in the file.
type Placed<T> = Vec<(String, T)>;

/// What stood in a file. A table that it has no sheet of stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    units: Option<Placed<Unit>>,
    teams: BTreeMap<Team, Placed<Volunteer>>,
    /// With how many there are, where the file says so.
    headcounts: Option<Placed<(Headcount, Option<u32>)>>,
    /// What was left out, and is told.
    notes: Vec<String>,
}

/// The rosters that stand when a file is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// All six.
    pub roster: Roster,
    /// Where in the file each row stands; empty: it was filed before.
    pub places: Places,
    /// Tables of which the file has a sheet.
    pub present: Vec<Sheet>,
    /// What is told beside.
    pub notes: Vec<String>,
}

/// Where in the file each row of the rosters stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    units: Vec<String>,
    people: Vec<String>,
    headcounts: Vec<String>,
}

impl Places {
    /// The place of a row of that table.
    fn of(&self, sheet: Sheet, row: usize) -> &str {
        let places = match sheet {
            Sheet::Units => &self.units,
            Sheet::Team(_) => &self.people,
            Sheet::Headcounts => &self.headcounts,
        };
        places.get(row).map_or("", String::as_str)
    }
}

fn kept<T: Clone>(old: &[T]) -> Placed<T> {
    old.iter().map(|it| (String::new(), it.clone())).collect()
}

impl Parsed {
    /// The rosters that stand when the file is imported.
    ///
    /// # Errors
    /// All that cannot stand together.
    pub fn onto(self, old: &Roster) -> Result<Filed, Faults> {
        let mut present = Vec::new();
        let mut notes = self.notes;
        present.extend(self.units.is_some().then_some(Sheet::Units));
        let mut roster = Roster::default();
        let mut places = Places::default();
        (places.units, roster.units) = self.units.unwrap_or_else(|| kept(&old.units)).into_iter().unzip();
        for (team, _) in Team::NAMES {
            let rows = match self.teams.get(&team) {
                Some(rows) => {
                    present.push(Sheet::Team(team));
                    rows.clone()
                }
                None => old.team(team).map(|it| (String::new(), it.clone())).collect(),
            };
            for (place, row) in rows {
                places.people.push(place);
                roster.people.push(row);
            }
        }
        present.extend(self.headcounts.is_some().then_some(Sheet::Headcounts));
        let old_counts = || kept(&old.headcounts).into_iter().map(|(place, it)| (place, (it, None))).collect();
        let mut headcounts = Vec::new();
        let actual = roster.actual();
        for (place, (row, told)) in self.headcounts.unwrap_or_else(old_counts) {
            let there = actual.get(&(row.unit.as_str(), row.team)).copied().unwrap_or(0);
            if told.is_some_and(|told| told != there) {
                let told = told.unwrap_or_default();
                notes.push(format!("{place}: the rosters have {there} people there, not {told}: how many there are is counted, not typed"));
            }
            places.headcounts.push(place);
            headcounts.push(row);
        }
        roster.headcounts = headcounts;
        let faults: Vec<Fault> = roster.flaws().iter().map(|flaw| fault(flaw, &roster, &places)).collect();
        if faults.is_empty() { Ok(Filed { roster, places, present, notes }) } else { Err(Faults(faults)) }
    }
}

fn fault(flaw: &Flaw, roster: &Roster, places: &Places) -> Fault {
    let place = |place: &str, table: Sheet| {
        if place.is_empty() { format!("what is filed in {}", column::sheet_name(table)) } else { place.to_owned() }
    };
    let unit = |n: usize| place(&places.units[n], Sheet::Units);
    let person = |n: usize| place(&places.people[n], Sheet::Team(roster.people[n].form.team()));
    let count = |n: usize| place(&places.headcounts[n], Sheet::Headcounts);
    let gone = |unit: &str| {
        format!(
            "the unit {unit} stands in no row of {}: keep the unit, or take this row away",
            column::sheet_name(Sheet::Units)
        )
    };
    let (place, what) = match flaw {
        Flaw::UnitTwice(first, n) => {
            let code = &roster.units[*n].code;
            (unit(*n), format!("the code {code} stands in {} already: give each unit a code of its own", unit(*first)))
        }
        Flaw::NoUnit(n) => {
            let it = &roster.people[*n];
            (format!("{}, {}", person(*n), it.name), gone(&it.unit))
        }
        Flaw::PersonTwice(first, n) => {
            let (it, first) = (&roster.people[*n], person(*first));
            let what = match it.user {
                Some(user) => format!("the user id {user} stands in {first} already: a person is once in a team"),
                None => format!(
                    "{} of {} stands in {first} already: take one away, or give telephones by which two people are told apart",
                    it.name, it.unit
                ),
            };
            (person(*n), what)
        }
        Flaw::NoUnitCounted(n) => (count(*n), gone(&roster.headcounts[*n].unit)),
        Flaw::CountTwice(first, n) => {
            (count(*n), format!("this unit's team stands in {} already: take one away", count(*first)))
        }
    };
    Fault { place, what }
}
