//! Rule books (积分规则): what is rewarded, how high, within which limits, and from which day on (SEED-FACTS P1–P3, X3).
//!
//! A reward stays under the book that was in force when its tip was received, whenever police decide. Owns which book
//! that is and what each lead of a family (a lead and those merged into it) is due by its state. [`settle`] brings the
//! ledger there, [`replay`] says what another book would have paid. Called by the intake, triage and alarm flows.

pub mod replay;
pub mod settle;

use super::id::{LeadId, Millis, UserId};
use super::lead::{Lead, LeadOutcome, LeadState};
use super::points::Target;
use std::collections::{BTreeMap, HashMap};

/// The rule of a first reporter's reward.
pub const TIP_VERIFIED: &str = "tip_verified";
/// The rule of a later reporter's share.
pub const TIP_DUPLICATE: &str = "tip_duplicate";
/// The rule of a guard's reward for being on the scene of an alarm.
pub const ON_SCENE: &str = "on_scene";

/// The rule of an outcome's bonus (P2); `None`: it has none.
pub fn bonus_rule(outcome: LeadOutcome) -> Option<&'static str> {
    match outcome {
        LeadOutcome::Handled => None,
        LeadOutcome::Stopped => Some("bonus_stopped"),
        LeadOutcome::Solved => Some("bonus_solved"),
    }
}

/// What later reporters of one event get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Later {
    /// Each so many points.
    Each(i64),
    /// So many percent of the first reporter's amount, in the order in which they told it; who comes after the last gets
    /// nothing.
    Percent(Vec<i64>),
}

/// A rule book: every amount in whole points, none negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its name in every entry that it leads to.
    pub version: String,
    /// In force for what is received or done from then on, until the next book begins.
    pub from: Millis,
    /// For the first reporter of a tip that police verify, unless its category has an amount of its own.
    pub tip_verified: i64,
    /// The same, by category id.
    pub categories: BTreeMap<String, i64>,
    /// For later reporters.
    pub later: Later,
    /// For a guard on the scene of an alarm.
    pub on_scene: i64,
    /// At most so much for one person and day from tips; 0: no cap (X3).
    pub daily_cap: i64,
    /// At most so much for one person and month from tips; 0: no cap (X3).
    pub monthly_cap: i64,
    /// At most so much for the people of one liaison group together, a month, from tips told in it; 0: no budget (P1).
    pub group_monthly_budget: i64,
    /// For the first reporter, on top and outside all caps, by how it ended (P2). An award for stopping an offender is
    /// decided case by case, and a full month must not swallow it.
    pub bonuses: BTreeMap<LeadOutcome, i64>,
}

impl Book {
    /// What the first reporter of a tip of this category gets.
    pub fn tip(&self, category: Option<&str>) -> i64 {
        category.and_then(|id| self.categories.get(id)).copied().unwrap_or(self.tip_verified)
    }

    /// What the `nth` later reporter gets, from 1, where the first gets `full`. Rounded down to whole points.
    pub fn share(&self, full: i64, nth: usize) -> i64 {
        match &self.later {
            Later::Each(amount) => *amount,
            Later::Percent(list) => {
                let percent = nth.checked_sub(1).and_then(|n| list.get(n)).copied().unwrap_or(0);
                full.saturating_mul(percent) / 100
            }
        }
    }

    /// The percentage behind the `nth` later reporter's share, if shares go by one.
    pub fn percent(&self, nth: usize) -> Option<i64> {
        match &self.later {
            Later::Each(_) => None,
            Later::Percent(list) => nth.checked_sub(1).and_then(|n| list.get(n)).copied(),
        }
    }

    /// What an outcome adds.
    pub fn bonus(&self, outcome: LeadOutcome) -> i64 {
        self.bonuses.get(&outcome).copied().unwrap_or(0)
    }

    /// Whether any outcome adds something: then the desk is asked how a lead ended.
    pub fn has_bonuses(&self) -> bool {
        self.bonuses.values().any(|amount| *amount > 0)
    }
}

/// All rule books, the earliest first. There is always one in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    base: Book,
    further: Vec<Book>,
}

/// What one lead of a family is due, caps and budgets aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Due<'a> {
    /// The lead.
    pub lead: &'a Lead,
    /// The book that was in force when it was received.
    pub book: &'a Book,
    /// [`TIP_VERIFIED`], or [`TIP_DUPLICATE`] of a lead that is merged into another.
    pub rule: &'static str,
    /// How its reporter's reward should stand.
    pub tip: Target,
    /// 0 for the first reporter, from 1 for later ones; of who told the same event twice, that of the first time.
    pub nth: usize,
    /// The outcome that adds a bonus, and how much.
    pub bonus: Option<(LeadOutcome, i64)>,
}

impl Books {
    /// `base` is in force until the first of `further` begins.
    pub fn new(base: Book, mut further: Vec<Book>) -> Self {
        further.sort_by_key(|book| book.from);
        Self { base, further }
    }

    /// The book in force at an instant: for what is received or done then.
    pub fn in_force(&self, at: Millis) -> &Book {
        self.further.iter().rev().find(|book| book.from <= at).unwrap_or(&self.base)
    }

    /// Every book, the earliest first.
    pub fn all(&self) -> impl Iterator<Item = &Book> {
        std::iter::once(&self.base).chain(&self.further)
    }

    /// Whether any book limits what a group's people may earn.
    pub fn has_budgets(&self) -> bool {
        self.all().any(|book| book.group_monthly_budget > 0)
    }

    /// What each of these leads is due by how they stand, in their order. With a lead that is merged, its original and
    /// all others that are merged into that must be among them; without the original it is due nothing.
    pub fn dues<'a>(&'a self, leads: &[&'a Lead]) -> Vec<Due<'a>> {
        let known: HashMap<LeadId, &Lead> = leads.iter().map(|lead| (lead.id, *lead)).collect();
        let mut families: BTreeMap<LeadId, Vec<&Lead>> = BTreeMap::new();
        for lead in leads {
            if let Some(original) = lead.duplicate_of {
                families.entry(original).or_default().push(lead);
            }
        }
        let mut ranks: HashMap<LeadId, (usize, bool)> = HashMap::new();
        for (original, merged) in &mut families {
            rank(known.get(original).copied(), merged, &mut ranks);
        }
        leads.iter().map(|lead| self.due(lead, &known, &ranks)).collect()
    }

    fn due<'a>(
        &'a self,
        lead: &'a Lead,
        known: &HashMap<LeadId, &Lead>,
        ranks: &HashMap<LeadId, (usize, bool)>,
    ) -> Due<'a> {
        let book = self.in_force(lead.received_at);
        let none = Due { lead, book, rule: TIP_VERIFIED, tip: Target::Nothing, nth: 0, bonus: None };
        if let Some(original) = lead.duplicate_of {
            let (nth, paid) = ranks.get(&lead.id).copied().unwrap_or((0, false));
            let tip = match known.get(&original) {
                Some(original) if paid && is_true(original) => {
                    Target::Posted(book.share(book.tip(original.category.as_deref()), nth))
                }
                _ => Target::Nothing,
            };
            return Due { rule: TIP_DUPLICATE, tip, nth, ..none };
        }
        if lead.reporter.is_none() {
            return none;
        }
        let amount = book.tip(lead.category.as_deref());
        let tip = match lead.state {
            LeadState::New | LeadState::Claimed => Target::Held(amount),
            LeadState::Verified | LeadState::Resolved => Target::Posted(amount),
            _ => Target::Nothing,
        };
        let outcome = lead.outcome.filter(|_| lead.state == LeadState::Resolved);
        let bonus = outcome.map(|outcome| (outcome, book.bonus(outcome))).filter(|(_, amount)| *amount > 0);
        Due { tip, bonus, ..none }
    }
}

/// Whether police hold it to be true.
fn is_true(lead: &Lead) -> bool {
    matches!(lead.state, LeadState::Verified | LeadState::Resolved)
}

/// The place of each merged lead among the later reporters of an event, in the order in which they were received, and
/// whether it is paid by it: a person is paid once for an event. Who cannot be paid keeps their place.
fn rank(original: Option<&Lead>, merged: &mut [&Lead], ranks: &mut HashMap<LeadId, (usize, bool)>) {
    merged.sort_by_key(|lead| (lead.received_at, lead.id));
    let first = original.and_then(|lead| lead.reporter);
    let mut told: HashMap<UserId, usize> = first.into_iter().map(|user| (user, 0)).collect();
    let mut nth = 0;
    for lead in merged {
        match lead.reporter {
            Some(user) if told.contains_key(&user) => {
                ranks.insert(lead.id, (told[&user], false));
            }
            reporter => {
                nth += 1;
                told.extend(reporter.map(|user| (user, nth)));
                ranks.insert(lead.id, (nth, reporter.is_some()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
