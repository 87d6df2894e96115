//! Duty (值守): who is on duty when, by a weekly rota, holidays, swaps and what people say themselves.
//!
//! [`rota`] holds what is filed, [`Duty`] reads it. A shift belongs to the day on which it begins, whatever midnight,
//! clock change or holiday lies inside. Who is not in the rota is on duty always: a town without one works as
//! before (SEED-FACTS T8). Knows nothing of points' people, chats or files. Called by the town, by imports, by `/duty`.

pub mod coverage;
pub mod difference;
pub mod rota;
#[cfg(test)]
mod tests;
pub mod wall;

pub use rota::{Days, DutyChange, Flaw, Holiday, OnHolidays, Rota, Shift, Swap, TurnKey, Word};

use super::id::{Millis, UserId};
use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use std::collections::{HashMap, HashSet};

/// How far ahead a change is looked for, days; first a little, then more.
const AHEAD: [u64; 3] = [8, 60, 400];

/// One date's stretch of a shift: what is taken, given away and swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Which turn: the shift's own person, its post, its date and hour.
    pub key: TurnKey,
    /// Who takes it; `None`: nobody.
    pub taken_by: Option<UserId>,
    /// Begins, inclusive.
    pub from: Millis,
    /// Ends, exclusive.
    pub until: Millis,
}

/// A span of time, the second instant exclusive.
pub type Span = (Millis, Millis);

/// The rota, made ready for questions.
#[derive(Debug, Clone)]
pub struct Duty {
    rota: Rota,
    zone: Tz,
    /// Each person's own shifts.
    shifts: HashMap<UserId, Vec<usize>>,
    swaps: HashMap<TurnKey, Option<UserId>>,
    /// What each has taken over from others.
    taken: HashMap<UserId, Vec<usize>>,
    holidays: HashSet<NaiveDate>,
    words: HashMap<UserId, Word>,
}

impl Duty {
    /// Makes a rota ready; clock times in it are those of `zone`.
    pub fn new(rota: Rota, zone: Tz) -> Self {
        let mut shifts: HashMap<UserId, Vec<usize>> = HashMap::new();
        for (n, shift) in rota.shifts.iter().enumerate() {
            shifts.entry(shift.user).or_default().push(n);
        }
        let mut taken: HashMap<UserId, Vec<usize>> = HashMap::new();
        for (n, swap) in rota.swaps.iter().enumerate() {
            if let Some(user) = swap.taken_by {
                taken.entry(user).or_default().push(n);
            }
        }
        Self {
            zone,
            shifts,
            taken,
            swaps: rota.swaps.iter().map(|swap| (swap.turn.clone(), swap.taken_by)).collect(),
            holidays: rota.holidays.iter().map(|holiday| holiday.date).collect(),
            words: rota.words.iter().map(|word| (word.user, word.clone())).collect(),
            rota,
        }
    }

    /// What is filed.
    pub fn rota(&self) -> &Rota {
        &self.rota
    }

    /// The zone of its clock times.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether a person has shifts of their own.
    pub fn has_shifts(&self, user: UserId) -> bool {
        self.shifts.contains_key(&user)
    }

    /// Whether the rota has shifts at a post.
    pub fn has_post(&self, post: &str) -> bool {
        self.rota.shifts.iter().any(|shift| shift.post == post)
    }

    /// What a person said of themselves, if it still holds.
    pub fn word(&self, user: UserId, now: Millis) -> Option<&Word> {
        self.words.get(&user).filter(|word| word.holds(now))
    }

    /// Whether a person is on duty for a point (`None`: not for a point: patrol, response, duty officers). A shift with
    /// a post is for that post alone, or for calls to no point; a person's own word is for all.
    pub fn on_duty(&self, user: UserId, point: Option<&str>, now: Millis) -> bool {
        if let Some(word) = self.word(user, now) {
            return word.on;
        }
        if !self.has_shifts(user) {
            return true;
        }
        let today = wall::date(now, self.zone);
        self.turns_of(user, wall::before(today, 2), wall::after(today, 1))
            .any(|turn| turn.is_for(point) && turn.from <= now && now < turn.until)
    }

    /// What a person takes of the turns that begin on these dates, the last one included: own ones that nobody else
    /// takes, and others' that they took over. In no order.
    fn turns_of(&self, user: UserId, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = Turn> {
        let own = self.own_turns(user, first, last).filter(move |turn| turn.taken_by == Some(user));
        let taken = self.taken.get(&user).into_iter().flatten().map(|n| &self.rota.swaps[*n]);
        let taken = taken.filter(move |swap| {
            let date = swap.turn.date;
            swap.turn.owner != user && (first..=last).contains(&date)
        });
        own.chain(taken.filter_map(|swap| self.turn(&swap.turn)))
    }

    /// A person's own turns that begin on these dates, whoever takes them.
    fn own_turns(&self, user: UserId, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = Turn> {
        let shifts = self.shifts.get(&user).into_iter().flatten().map(|n| &self.rota.shifts[*n]);
        shifts.flat_map(move |shift| {
            let from = shift.first.map_or(first, |own| own.max(first));
            let to = shift.last.map_or(last, |own| own.min(last));
            let dates = from.iter_days().take_while(move |date| *date <= to);
            dates.filter_map(move |date| self.turn_of(shift, date))
        })
    }

    fn turn_of(&self, shift: &Shift, date: NaiveDate) -> Option<Turn> {
        if !shift.is_on(date, self.holidays.contains(&date)) {
            return None;
        }
        let (from, until) = shift.span(date, self.zone)?;
        let key = shift.turn(date);
        let taken_by = self.swaps.get(&key).copied().unwrap_or(Some(shift.user));
        Some(Turn { key, taken_by, from, until })
    }

    /// The turn of that key, if the rota has it.
    pub fn turn(&self, key: &TurnKey) -> Option<Turn> {
        self.find_turn(key.owner, key.date, key.from, |post| post == key.post)
    }

    /// The turn of that person, date and hour at a post of which `at` says yes, if the rota has it.
    pub fn find_turn(
        &self,
        owner: UserId,
        date: NaiveDate,
        from: NaiveTime,
        at: impl Fn(&str) -> bool,
    ) -> Option<Turn> {
        let shifts = self.shifts.get(&owner)?.iter().map(|n| &self.rota.shifts[*n]);
        shifts.filter(|shift| shift.from == from && at(&shift.post)).find_map(|shift| self.turn_of(shift, date))
    }

    /// The turns that a person takes and that are not over, in order, of the next `days` days.
    pub fn turns(&self, user: UserId, now: Millis, days: u64) -> Vec<Turn> {
        let today = wall::date(now, self.zone);
        let last = wall::after(today, days);
        let mut turns: Vec<Turn> =
            self.turns_of(user, wall::before(today, 2), last).filter(|turn| turn.until > now).collect();
        turns.sort_by(|a, b| (a.from, a.until, &a.key.post).cmp(&(b.from, b.until, &b.key.post)));
        turns
    }

    /// When the next turn of a person begins or ends: so long a word of theirs holds. `None`: not within a year.
    pub fn next_bound(&self, user: UserId, now: Millis) -> Option<Millis> {
        AHEAD.iter().find_map(|days| {
            let turns = self.turns(user, now, *days);
            turns.iter().flat_map(|turn| [turn.from, turn.until]).filter(|at| *at > now).min()
        })
    }

    /// When a person's being on duty ends, or begins, next. `None`: not within a year.
    pub fn next_change(&self, user: UserId, point: Option<&str>, now: Millis) -> Option<Millis> {
        let on = self.on_duty(user, point, now);
        AHEAD.iter().find_map(|days| {
            let end = now.plus_ms(i64::try_from(*days).expect("a year of days") * 86_400_000);
            let spans = self.spans(user, point, (now, end));
            let first = spans.first();
            let change = if on { first.map(|span| span.1) } else { first.map(|span| span.0) };
            change.filter(|at| *at < end)
        })
    }

    /// When a person is on duty within a span of time: parts of it, in order, none touching another.
    pub fn spans(&self, user: UserId, point: Option<&str>, within: Span) -> Vec<Span> {
        let mut spans = if self.has_shifts(user) {
            let first = wall::before(wall::date(within.0, self.zone), 2);
            let last = wall::after(wall::date(within.1, self.zone), 1);
            let turns = self.turns_of(user, first, last).filter(|turn| turn.is_for(point));
            turns.map(|turn| (turn.from, turn.until)).collect()
        } else {
            vec![within]
        };
        if let Some(word) = self.words.get(&user) {
            let said = (word.since, word.until.unwrap_or(Millis(i64::MAX)));
            if word.on {
                spans.push(said);
            } else {
                spans = coverage::without(spans, said);
            }
        }
        coverage::merged(spans, within)
    }

    /// Of these people, those on duty.
    pub fn of<'a>(&self, people: &'a [UserId], point: Option<&str>, now: Millis) -> Vec<&'a UserId> {
        people.iter().filter(|user| self.on_duty(**user, point, now)).collect()
    }
}

impl Turn {
    /// Whether who takes it is on duty by it for a point, or for calls to no point.
    pub fn is_for(&self, point: Option<&str>) -> bool {
        self.key.post.is_empty() || point.is_none_or(|point| point == self.key.post)
    }
}
