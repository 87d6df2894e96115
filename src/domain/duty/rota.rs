//! The rota as it is filed: weekly shifts, holidays, swaps, and what people say of themselves.
//!
//! Owns when a shift is on and what may not stand beside what. Called by [`super::Duty`], the store and the files.

use super::super::id::{Millis, UserId};
use super::wall;
use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Days of the week, Monday in the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Days(pub u8);

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// Whether the day is one of them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    /// These and that day.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.num_days_from_monday())
    }

    /// In order, from Monday.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        (0..7).map(|n| Weekday::try_from(n).expect("seven days")).filter(move |day| self.has(*day))
    }
}

impl FromIterator<Weekday> for Days {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        days.into_iter().fold(Self::default(), Self::with)
    }
}

/// What a shift does on holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum OnHolidays {
    /// It holds as on other days.
    #[default]
    Also,
    /// It does not begin on a holiday.
    Not,
    /// It begins on holidays alone.
    Only,
}

/// A weekly shift.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shift {
    /// Whose.
    pub user: UserId,
    /// The liaison point's code; empty: wherever the person is called.
    pub post: String,
    /// The days on which it begins.
    pub days: Days,
    /// When it begins, by the clock, whole minutes.
    pub from: NaiveTime,
    /// When it ends; not after `from`: on the next day; the same: 24 hours.
    pub to: NaiveTime,
    /// The first date on which it may begin; `None`: since ever.
    pub first: Option<NaiveDate>,
    /// The last one; `None`: for ever.
    pub last: Option<NaiveDate>,
    /// What it does on holidays.
    pub holidays: OnHolidays,
}

/// Names one date's stretch of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TurnKey {
    /// Whose shift it is by the rota.
    pub owner: UserId,
    /// The date on which it begins.
    pub date: NaiveDate,
    /// Its post.
    pub post: String,
    /// When it begins.
    pub from: NaiveTime,
}

/// A day on which shifts may not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holiday {
    /// The date.
    pub date: NaiveDate,
    /// Its name.
    pub name: String,
}

/// A turn that its own person does not take: a swap, or leave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Swap {
    /// Which.
    pub turn: TurnKey,
    /// Who takes it; `None`: nobody.
    pub taken_by: Option<UserId>,
}

/// What a person said of themselves: I am on, I am off. A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Word {
    /// Who.
    pub user: UserId,
    /// On, or off.
    pub on: bool,
    /// From when.
    pub since: Millis,
    /// Until when; `None`: until they say something else.
    pub until: Option<Millis>,
}

impl Word {
    /// Whether it holds.
    pub fn holds(&self, now: Millis) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// The whole rota.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rota {
    /// Weekly shifts.
    pub shifts: Vec<Shift>,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// Swaps and leave.
    pub swaps: Vec<Swap>,
    /// What people said of themselves, one each at most.
    pub words: Vec<Word>,
}

/// What of the rota is changed by a tap, or by an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DutyChange {
    /// A person says something of themselves; replaces what they said before.
    Say(Word),
    /// A turn is given to another; replaces what was agreed of it before.
    Swap(Swap),
}

/// Why a rota cannot stand: which of its parts, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A shift is there twice: same person, post and beginning on the same day. The numbers of both.
    Twice(usize, usize),
    /// A shift never begins: no days, or none of them between its first date and its last.
    Never(usize),
    /// A date is named as a holiday twice.
    HolidayTwice(usize),
    /// A swap of a turn that the rota does not have.
    NoSuchTurn(usize),
    /// Two swaps of one turn.
    SwapTwice(usize),
    /// A turn is taken by who has it anyway.
    OwnTurn(usize),
}

impl Shift {
    /// Whether it begins on a date.
    pub fn is_on(&self, date: NaiveDate, holiday: bool) -> bool {
        self.days.has(date.weekday())
            && self.first.is_none_or(|first| first <= date)
            && self.last.is_none_or(|last| date <= last)
            && match self.holidays {
                OnHolidays::Also => true,
                OnHolidays::Not => !holiday,
                OnHolidays::Only => holiday,
            }
    }

    /// When it begins and ends if it begins on `date`. `None` if nothing is left of it between two clock changes.
    pub fn span(&self, date: NaiveDate, zone: Tz) -> Option<(Millis, Millis)> {
        let end = if self.to > self.from { date } else { date.succ_opt()? };
        let span = (wall::instant(date, self.from, zone)?, wall::instant(end, self.to, zone)?);
        (span.0 < span.1).then_some(span)
    }

    /// The name of its stretch of a date.
    pub fn turn(&self, date: NaiveDate) -> TurnKey {
        TurnKey { owner: self.user, date, post: self.post.clone(), from: self.from }
    }

    /// Whether both may begin on one date.
    fn meets(&self, other: &Self) -> bool {
        let apart = |a: Option<NaiveDate>, b: Option<NaiveDate>| a.zip(b).is_some_and(|(last, first)| last < first);
        let holidays = !matches!(
            (self.holidays, other.holidays),
            (OnHolidays::Not, OnHolidays::Only) | (OnHolidays::Only, OnHolidays::Not)
        );
        self.days.0 & other.days.0 != 0 && holidays && !apart(self.last, other.first) && !apart(other.last, self.first)
    }
}

impl Rota {
    /// Everything that is wrong with it.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut alike: HashMap<(UserId, &str, NaiveTime), Vec<usize>> = HashMap::new();
        for (n, shift) in self.shifts.iter().enumerate() {
            let dates = shift.first.zip(shift.last);
            // Within a week, none of its days may lie between them.
            let misses = |(first, last): (NaiveDate, NaiveDate)| {
                !first.iter_days().take(7).any(|date| date <= last && shift.days.has(date.weekday()))
            };
            if shift.days.0 == 0 || dates.is_some_and(misses) {
                flaws.push(Flaw::Never(n));
            }
            let others = alike.entry((shift.user, &shift.post, shift.from)).or_default();
            flaws.extend(others.iter().find(|o| self.shifts[**o].meets(shift)).map(|other| Flaw::Twice(*other, n)));
            others.push(n);
        }
        let mut dates = HashSet::new();
        let twice = self.holidays.iter().enumerate().filter(|(_, holiday)| !dates.insert(holiday.date));
        flaws.extend(twice.map(|(n, _)| Flaw::HolidayTwice(n)));
        let mut turns = HashSet::new();
        for (n, swap) in self.swaps.iter().enumerate() {
            let key = &swap.turn;
            let others = alike.get(&(key.owner, key.post.as_str(), key.from));
            let holiday = dates.contains(&key.date);
            if !others.is_some_and(|shifts| shifts.iter().any(|s| self.shifts[*s].is_on(key.date, holiday))) {
                flaws.push(Flaw::NoSuchTurn(n));
            } else if !turns.insert(key) {
                flaws.push(Flaw::SwapTwice(n));
            } else if swap.taken_by == Some(key.owner) {
                flaws.push(Flaw::OwnTurn(n));
            }
        }
        flaws
    }

    /// The same in the order in which it is kept and filed.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.shifts.sort_by(|a, b| {
            (a.user, &a.post, a.first, a.days.0, a.from, a.to, a.last)
                .cmp(&(b.user, &b.post, b.first, b.days.0, b.from, b.to, b.last))
        });
        self.holidays.sort_by_key(|holiday| holiday.date);
        self.swaps.sort_by(|a, b| (a.turn.date, &a.turn).cmp(&(b.turn.date, &b.turn)));
        self.words.sort_by_key(|word| word.user);
        self
    }
}
