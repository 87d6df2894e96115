//! Coverage: the hours in which nobody is on duty.
//!
//! Owns sums of spans of time. Called by the coverage report and by [`super::Duty`].

use super::super::id::{Millis, UserId};
use super::{Duty, Span};

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
