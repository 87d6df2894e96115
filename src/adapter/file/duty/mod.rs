//! The rota as a file: a workbook, a CSV, a calendar. What is written is read back as the same rota.
//!
//! [`cells`] knows how each value is written in a cell, [`table`] the sheets, [`calendar`] and [`calendar_in`] iCalendar. All
//! that is wrong with a file is told at once, with its place, and nothing of it is taken. Called by the commands and the feed.

pub mod calendar;
pub mod calendar_in;
pub mod cells;
pub mod table;
#[cfg(test)]
mod tests;

use crate::domain::duty::difference::Difference;
use crate::domain::duty::{Flaw, Holiday, Rota, Shift, Swap};
use crate::domain::id::UserId;
use crate::domain::member::Language;
use crate::port::store::TownFile;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::fmt;

/// How many problems are shown.
const MOST_SHOWN: usize = 40;

/// One thing that is wrong: where (sheet, row, column, or the event), and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `sheet shifts, row 3, column days`, or `event "王小明 P014"`; empty: the file itself.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// All that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    fn one(what: impl Into<String>) -> Self {
        Self(vec![Fault { place: String::new(), what: what.into() }])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Fault { place, what } in self.0.iter().take(MOST_SHOWN) {
            let colon = if place.is_empty() { "" } else { ": " };
            writeln!(f, "{place}{colon}{what}")?;
        }
        if self.0.len() > MOST_SHOWN {
            writeln!(f, "and {} more", self.0.len() - MOST_SHOWN)?;
        }
        write!(f, "nothing was imported")
    }
}

impl std::error::Error for Faults {}

/// What a file may name: the town's people and posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Staff, and contacts of points, with their names (empty if not told).
    pub people: BTreeMap<UserId, String>,
    /// Points' codes with their names.
    pub posts: BTreeMap<String, String>,
    /// The zone of all clock times.
    pub zone: Tz,
    /// The language of words that are written.
    pub language: Language,
}

impl Known {
    /// Those of a town.
    pub fn of(town: &TownFile, zone: Tz, language: Language) -> Self {
        let contacts = town.points.iter().flat_map(|point| &point.contacts).map(|user| (*user, String::new()));
        let mut people: BTreeMap<UserId, String> = contacts.collect();
        people.extend(town.staff.iter().map(|member| (member.user, member.name.clone())));
        let posts = town.points.iter().map(|point| (point.code.clone(), point.name.clone())).collect();
        Self { people, posts, zone, language }
    }

    /// A person's name, or number.
    pub fn name(&self, user: UserId) -> &str {
        self.people.get(&user).map_or("", String::as_str)
    }

    /// The person of that number and name; either may be left out.
    fn person(&self, id: &str, name: &str) -> Result<UserId, String> {
        if id.is_empty() {
            let mut named = self.people.iter().filter(|(_, known)| known.as_str() == name).map(|(user, _)| *user);
            return match (named.next(), named.next()) {
                _ if name.is_empty() => Err("it is empty: write the person's Telegram number".into()),
                (Some(user), None) => Ok(user),
                (Some(_), Some(_)) => Err(format!("there are several people named {name}: write the number")),
                (None, _) => {
                    Err(format!("nobody on file is named {name}: write the Telegram number of somebody who is"))
                }
            };
        }
        let user = match id.parse::<i64>() {
            Ok(id) if id > 0 => UserId(id),
            _ => return Err(format!("`{id}` is no user id: write the person's Telegram number, digits only")),
        };
        match self.people.get(&user) {
            None => {
                Err(format!("{user} is nobody on file: enter them first (baiying import members, or an invitation)"))
            }
            Some(known) if !name.is_empty() && !known.is_empty() && known != name => {
                Err(format!("{user} is {known}, not {name}: mend the number or the name"))
            }
            Some(_) => Ok(user),
        }
    }

    /// The post of that code; `P014 东门` is understood as well.
    fn post(&self, text: &str) -> Result<String, String> {
        let code = text.split_whitespace().next().unwrap_or_default();
        let by_name = || self.posts.iter().filter(|(_, name)| name.as_str() == text).map(|(code, _)| code);
        if text.is_empty() {
            Ok(String::new())
        } else if self.posts.contains_key(text) {
            Ok(text.to_owned())
        } else if self.posts.contains_key(code) {
            Ok(code.to_owned())
        } else if by_name().count() == 1 {
            Ok(by_name().next().cloned().unwrap_or_default())
        } else {
            Err(format!("there is no liaison point `{text}`: write its code, or nothing for who is called anywhere"))
        }
    }
}

/// What stood in a file. `None`: the file says nothing of it, and what is there stays. Each with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Shifts.
    pub shifts: Option<Vec<(String, Shift)>>,
    /// Holidays.
    pub holidays: Option<Vec<(String, Holiday)>>,
    /// Swaps.
    pub swaps: Option<Vec<(String, Swap)>>,
}

fn split<T>(parsed: Option<Vec<(String, T)>>, old: Vec<T>) -> (Vec<String>, Vec<T>) {
    parsed.map_or((Vec::new(), old), |items| items.into_iter().unzip())
}

impl Parsed {
    /// The rota that stands when the file is imported: people's own words stay. A swap that was agreed on of a shift that
    /// is not there any more goes.
    ///
    /// # Errors
    /// All that cannot stand together.
    pub fn onto(self, old: &Rota) -> Result<Rota, Faults> {
        let (shift_places, shifts) = split(self.shifts, old.shifts.clone());
        let (holiday_places, holidays) = split(self.holidays, old.holidays.clone());
        let keeps_swaps = self.swaps.is_none();
        let (swap_places, swaps) = split(self.swaps, old.swaps.clone());
        let mut rota = Rota { shifts, holidays, swaps, words: old.words.clone() };
        if keeps_swaps {
            let flaws = rota.flaws();
            let gone = |n: usize| flaws.contains(&Flaw::NoSuchTurn(n));
            rota.swaps = rota.swaps.iter().enumerate().filter(|(n, _)| !gone(*n)).map(|(_, s)| s.clone()).collect();
        }
        let at = |places: &[String], n: usize| places.get(n).cloned().unwrap_or_else(|| "what is there already".into());
        let fault = |flaw: &Flaw| {
            let (place, what) = match flaw {
                Flaw::Twice(first, n) => (
                    at(&shift_places, *n),
                    format!(
                        "the same person, post and beginning on the same day stand in {} already: take one away",
                        at(&shift_places, *first)
                    ),
                ),
                Flaw::Never(n) => {
                    (at(&shift_places, *n), "it never begins: look at its days, first and last date".into())
                }
                Flaw::HolidayTwice(n) => {
                    (at(&holiday_places, *n), "this date stands there twice: take one away".into())
                }
                Flaw::NoSuchTurn(n) => (
                    at(&swap_places, *n),
                    "there is no such shift on that date: look at person, post, beginning and holidays".into(),
                ),
                Flaw::SwapTwice(n) => (at(&swap_places, *n), "this turn is swapped twice: take one away".into()),
                Flaw::OwnTurn(n) => (at(&swap_places, *n), "the turn is theirs anyway: take the row away".into()),
            };
            Fault { place, what }
        };
        let faults: Vec<Fault> = rota.flaws().iter().map(fault).collect();
        if faults.is_empty() { Ok(rota.sorted()) } else { Err(Faults(faults)) }
    }
}

/// A difference in words, a line each.
pub fn tell(difference: &Difference, known: &Known) -> String {
    let mut out = String::new();
    let mut line = |sign: char, words: String| out.push_str(&format!("{sign} {words}\n"));
    let post = |post: &str| if post.is_empty() { String::new() } else { format!(" at {post}") };
    let who = |user: UserId| format!("{user} {}", known.name(user)).trim_end().to_owned();
    let shift = |s: &Shift| {
        let dates = [s.first.map(|d| format!(" from {d}")), s.last.map(|d| format!(" until {d}"))];
        format!(
            "shift of {}{}: {} {}–{}{}{}",
            who(s.user),
            post(&s.post),
            cells::days(s.days, Language::En),
            s.from.format("%H:%M"),
            s.to.format("%H:%M"),
            dates.into_iter().flatten().collect::<String>(),
            match s.holidays {
                crate::domain::duty::OnHolidays::Also => "",
                crate::domain::duty::OnHolidays::Not => ", not on holidays",
                crate::domain::duty::OnHolidays::Only => ", on holidays only",
            }
        )
    };
    let swap = |s: &Swap| {
        let turn = &s.turn;
        let taker = s.taken_by.map_or("nobody".into(), who);
        format!(
            "{} {}{} of {}: taken by {taker}",
            turn.date,
            turn.from.format("%H:%M"),
            post(&turn.post),
            who(turn.owner)
        )
    };
    let holiday = |h: &Holiday| format!("holiday {} {}", h.date, h.name);
    let Difference { shifts, holidays, swaps } = difference;
    shifts.0.iter().for_each(|s| line('-', shift(s)));
    shifts.1.iter().for_each(|s| line('+', shift(s)));
    holidays.0.iter().for_each(|h| line('-', holiday(h)));
    holidays.1.iter().for_each(|h| line('+', holiday(h)));
    swaps.0.iter().for_each(|s| line('-', swap(s)));
    swaps.1.iter().for_each(|s| line('+', swap(s)));
    out
}

/// Reads a file, whatever it is, by its beginning.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(bytes: &[u8], known: &Known) -> Result<Parsed, Faults> {
    let start = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let start = start.trim_ascii_start();
    if start.get(..15).is_some_and(|head| head.eq_ignore_ascii_case(b"BEGIN:VCALENDAR")) {
        calendar_in::parse(bytes, known)
    } else if start.starts_with(b"<") {
        Err(Faults::one("it is a web page, not a rota: use the address of the calendar itself"))
    } else {
        table::parse(bytes, known)
    }
}
