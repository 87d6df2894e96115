//! What the bot asked, for tests and for measuring: the newest calls, and counts of all by method.
//!
//! Bounded, so that a long run costs no memory.

use crate::domain::id::Millis;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// How many calls are kept in full.
const CALLS_KEPT: usize = 10_000;

/// One call of a method.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Call {
    /// Counted up from 1.
    pub seq: u64,
    /// When it was answered, milliseconds since the epoch.
    pub at: Millis,
    /// The method as the documentation spells it.
    pub method: &'static str,
    /// The chat it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<i64>,
    /// The HTTP status that was answered; 0 when nothing was.
    pub status: u16,
    /// Why it was refused, or the fault that was played.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: String,
}

/// Calls of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    /// All.
    pub total: u64,
    /// Those answered with `ok: true`.
    pub ok: u64,
}

/// The log.
#[derive(Debug, Default)]
pub(super) struct CallLog {
    newest: VecDeque<Call>,
    counts: BTreeMap<&'static str, Count>,
    seq: u64,
}

impl CallLog {
    /// Writes a call down.
    pub fn add(&mut self, at: Millis, method: &'static str, chat: Option<i64>, status: u16, note: &str) {
        self.seq += 1;
        let count = self.counts.entry(method).or_default();
        count.total += 1;
        count.ok += u64::from(status == 200 && note.is_empty());
        if self.newest.len() == CALLS_KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(Call { seq: self.seq, at, method, chat, status, note: note.to_owned() });
    }

    /// Counts by method.
    pub fn counts(&self) -> &BTreeMap<&'static str, Count> {
        &self.counts
    }

    /// The newest calls after `since`, of `method` if it is given, oldest first.
    pub fn since<'a>(&'a self, since: u64, method: Option<&'a str>) -> impl Iterator<Item = &'a Call> {
        self.newest.iter().filter(move |call| call.seq > since && method.is_none_or(|name| name == call.method))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self { seq: self.seq, ..Self::default() };
    }
}

/// The middle, the 99th of a hundred and the largest of some latencies.
pub(super) fn percentiles(latencies: &[u32]) -> Option<(u32, u32, u32)> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the length")]
        let index = ((sorted.len() as f64 - 1.0) * share).round() as usize;
        sorted.get(index).copied()
    };
    Some((at(0.5)?, at(0.99)?, at(1.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_and_bounded() {
        let mut log = CallLog::default();
        for n in 0..u64::try_from(CALLS_KEPT).unwrap() + 5 {
            log.add(Millis(0), "sendMessage", Some(1), if n % 2 == 0 { 200 } else { 429 }, "");
        }
        assert_eq!(log.newest.len(), CALLS_KEPT);
        assert_eq!(log.counts()["sendMessage"], Count { total: 10_005, ok: 5_003 });
        assert_eq!(log.since(10_003, Some("sendMessage")).count(), 2);
        assert_eq!(log.since(0, Some("getMe")).count(), 0);
    }

    #[test]
    fn percentiles_are_of_the_sorted() {
        let latencies: Vec<u32> = (1..=101).rev().collect();
        assert_eq!(percentiles(&latencies), Some((51, 100, 101)));
        assert_eq!(percentiles(&[]), None);
    }
}
