//! Coverage: the hours in which nobody is on duty.
//!
//! Owns sums of spans of time, and what is told of posts and roles. Called by the coverage report and by [`super::Duty`].

use super::super::id::{Millis, UserId};
use super::super::member::Role;
use super::{Duty, Span};
use std::collections::BTreeSet;

/// What has to be manned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// A liaison point.
    Point {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
    },
    /// Those who hold a role.
    Role(Role),
}

impl Slot {
    /// The point for which its people are called; `None` for a role.
    pub fn point(&self) -> Option<&str> {
        match self {
            Self::Point { code, .. } => Some(code),
            Self::Role(_) => None,
        }
    }
}

/// What a look at the coverage found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Hours in which nobody is on duty, by post and role, in the order in which these were given.
    pub holes: Vec<(Slot, Vec<Span>)>,
    /// Those that nobody answers for at all.
    pub nobody: Vec<Slot>,
    /// People with shifts at a post of which they are no contact: they would not be called. Post and person, sorted.
    pub strangers: Vec<(String, UserId)>,
    /// How many posts and roles somebody is on duty for all the time.
    pub covered: usize,
}

/// Looks at what has to be manned, with the people who answer for each.
pub fn report(duty: &Duty, slots: &[(Slot, Vec<UserId>)], within: Span) -> Report {
    let mut report = Report::default();
    let mut contacts: BTreeSet<(&str, UserId)> = BTreeSet::new();
    for (slot, people) in slots {
        contacts.extend(slot.point().into_iter().flat_map(|code| people.iter().map(move |user| (code, *user))));
        let holes = gaps(duty, people, slot.point(), within);
        if people.is_empty() {
            report.nobody.push(slot.clone());
        } else if holes.is_empty() {
            report.covered += 1;
        } else {
            report.holes.push((slot.clone(), holes));
        }
    }
    let shifts = duty.rota().shifts.iter().filter(|shift| !shift.post.is_empty());
    let strangers: BTreeSet<(String, UserId)> = shifts
        .filter(|shift| !contacts.contains(&(shift.post.as_str(), shift.user)))
        .map(|shift| (shift.post.clone(), shift.user))
        .collect();
    report.strangers = strangers.into_iter().collect();
    report
}

/// The hours within a span in which none of these people is on duty; in order, merged.
pub fn gaps(duty: &Duty, people: &[UserId], point: Option<&str>, within: Span) -> Vec<Span> {
    let covered = people.iter().flat_map(|user| duty.spans(*user, point, within)).collect();
    let covered = merged(covered, within);
    covered.into_iter().fold(vec![within], without)
}

/// The spans as far as they lie within another, in order, with those that touch made one.
pub fn merged(mut spans: Vec<Span>, within: Span) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, until) in spans {
        let (from, until) = (from.max(within.0), until.min(within.1));
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ if from < until => out.push((from, until)),
            _ => {}
        }
    }
    out
}

/// The spans with a hole where `hole` is.
pub fn without(spans: Vec<Span>, hole: Span) -> Vec<Span> {
    let left = |span: Span| {
        let parts: [Span; 2] = [(span.0, span.1.min(hole.0)), (span.0.max(hole.1), span.1)];
        parts.into_iter().filter(|part| part.0 < part.1)
    };
    spans.into_iter().flat_map(left).collect()
}

/// How long spans are together, milliseconds.
pub fn length(spans: &[Span]) -> i64 {
    spans.iter().map(|span: &(Millis, Millis)| span.1.since(span.0)).sum()
}
