//! What people mended in leads, and which words were read wrongly for it.
//!
//! Read from the leads' histories: who, when, from, to, and the words stand there, for as long as the lead itself. What was
//! told in private, or is of a sensitive kind, is counted and never quoted; other words come from the redacted text. Pure.
//! Called by the `mends` command, which only tells: an operator decides what the word lists learn.

use super::alike::common;
use super::id::Millis;
use super::lead::{Lead, LeadEvent, Occurred, Scene};
use super::place::PlaceSource;
use super::text::cut;
use super::tip::fold::fold;
use super::tip::redact::{Relayed, redact_text};
use std::collections::BTreeMap;

/// So many words are told of one kind of mend.
const WORDS: usize = 8;

/// A lead as it was read, and as it stands after people mended one of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// Which field.
    pub field: Mended,
    /// Before the first tap.
    pub from: Lead,
    /// After the last.
    pub to: Lead,
}

/// A field that can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mended {
    /// What it is.
    Category,
    /// When it was.
    Time,
    /// Where it was.
    Place,
}

/// What a history tells of mends since an instant; `now` is the lead as it stands. Steps of one field in a row are one mend,
/// and such as lead back to where they began are none. What was wiped tells nothing.
pub fn find_mends(history: &[LeadEvent], now: &Lead, since: Millis) -> Vec<Mend> {
    let mut out: Vec<Mend> = Vec::new();
    for (n, event) in history.iter().enumerate() {
        if event.at < since || !matches!(event.action.as_str(), "mend" | "attach") {
            continue;
        }
        let read = |event: &LeadEvent| serde_json::from_str::<Lead>(event.before.as_deref()?).ok();
        let Some(from) = read(event) else { continue };
        let to = history[n + 1..].iter().find_map(read).unwrap_or_else(|| now.clone());
        for field in [Mended::Category, Mended::Time, Mended::Place] {
            if same(field, &from, &to) {
                continue;
            }
            match out.iter_mut().rev().find(|mend| mend.field == field) {
                Some(last) if same(field, &last.to, &from) => last.to = to.clone(),
                _ => out.push(Mend { field, from: from.clone(), to: to.clone() }),
            }
        }
    }
    out.retain(|mend| !same(mend.field, &mend.from, &mend.to));
    out
}

fn same(field: Mended, a: &Lead, b: &Lead) -> bool {
    let at = |occurred: &Option<Occurred>| occurred.as_ref().map(|o| (o.start, o.end));
    let spot = |scene: &Option<Scene>| scene.as_ref().map(|s| (s.at.lat.to_bits(), s.at.lon.to_bits()));
    match field {
        Mended::Category => a.category == b.category,
        Mended::Time => at(&a.occurred) == at(&b.occurred),
        Mended::Place => spot(&a.scene) == spot(&b.scene),
    }
}

/// Words that were read wrongly in the same way.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// As what they were read: a category's id, the words of a time, a place's name; empty: as nothing.
    pub read: String,
    /// To what it was mended: a category's id, a shift such as `-1 h`, a place's name.
    pub mended: String,
    /// In how many leads.
    pub leads: usize,
    /// In how many of them that may not be quoted.
    pub unquoted: usize,
    /// For a category, the most specific words that several of the texts share.
    pub words: Vec<String>,
    /// For a place, where it is.
    pub scene: Option<Scene>,
}

/// The mends of one field, counted: the most frequent first. `sensitive` tells which categories are not quoted.
pub fn count(mends: &[Mend], field: Mended, sensitive: impl Fn(&str) -> bool) -> Vec<Lesson> {
    let quiet = |lead: &Lead| lead.private || lead.category.as_deref().is_some_and(&sensitive);
    let mut groups: BTreeMap<(String, String), Vec<&Mend>> = BTreeMap::new();
    let mut unquoted: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mend in mends.iter().filter(|mend| mend.field == field) {
        let hidden = quiet(&mend.from) || quiet(&mend.to);
        let mut key = names(mend);
        if hidden && field != Mended::Category {
            // The words themselves are what would be quoted.
            key = (String::new(), String::new());
        }
        *unquoted.entry(key.clone()).or_default() += usize::from(hidden);
        let group = groups.entry(key).or_default();
        if !hidden {
            group.push(mend);
        }
    }
    let mut out: Vec<Lesson> = groups
        .into_iter()
        .map(|((read, mended), of)| {
            let hidden = unquoted[&(read.clone(), mended.clone())];
            let scene = of.last().and_then(|mend| mend.to.scene.clone()).filter(|_| field == Mended::Place);
            let words = if field == Mended::Category { shared(&of) } else { Vec::new() };
            Lesson { read, mended, leads: of.len() + hidden, unquoted: hidden, words, scene }
        })
        .collect();
    out.sort_by_key(|lesson| std::cmp::Reverse(lesson.leads));
    out
}

fn names(mend: &Mend) -> (String, String) {
    match mend.field {
        Mended::Category => {
            let id = |lead: &Lead| lead.category.clone().unwrap_or_default();
            (id(&mend.from), id(&mend.to))
        }
        Mended::Time => {
            let from = mend.from.occurred.as_ref();
            let words = from.map(|o| fold(&o.text)).unwrap_or_default();
            let start = from.map_or(mend.from.written_at, |o| o.start);
            (
                redact_text(&words, Relayed::default()),
                mend.to.occurred.as_ref().map_or(String::new(), |to| shift(to.start.since(start))),
            )
        }
        Mended::Place => {
            let read = mend.from.scene.as_ref().filter(|scene| scene.source != PlaceSource::GroupArea);
            let words = read.map(|scene| scene.text.clone()).or(mend.from.unknown_place.clone()).unwrap_or_default();
            let to = mend.to.scene.as_ref();
            let named = to.filter(|scene| scene.source == PlaceSource::Gazetteer);
            (
                cut(redact_text(words.trim(), Relayed::default()).trim(), 40).into_owned(),
                named.map_or(String::new(), |scene| scene.text.clone()),
            )
        }
    }
}

/// `-1 h`, `+2 d 1 h`, `-45 min`.
fn shift(ms: i64) -> String {
    let minutes = ms / 60_000;
    let rest = minutes.abs();
    let parts = [(rest / 1440, "d"), (rest / 60 % 24, "h"), (rest % 60, "min")];
    let told: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    match minutes {
        0 => "the same start".into(),
        _ => format!("{}{}", if minutes < 0 { '-' } else { '+' }, told.join(" ")),
    }
}

fn shared(mends: &[&Mend]) -> Vec<String> {
    let texts: Vec<&str> = mends.iter().map(|mend| mend.from.relay_text.as_str()).collect();
    let besides: Vec<&str> = mends
        .iter()
        .flat_map(|mend| {
            let scene = mend.from.scene.as_ref().map(|scene| scene.text.as_str());
            scene.into_iter().chain(mend.from.occurred.as_ref().map(|o| o.text.as_str()))
        })
        .filter(|words| !words.is_empty())
        .collect();
    common(&texts, 2, &besides).into_iter().take(WORDS).map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts() {
        const HOUR_MS: i64 = 3_600_000;
        for (ms, told) in [
            (-HOUR_MS, "-1 h"),
            (48 * HOUR_MS, "+2 d"),
            (-26 * HOUR_MS, "-1 d 2 h"),
            (45 * 60_000, "+45 min"),
            (0, "the same start"),
        ] {
            assert_eq!(shift(ms), told);
        }
    }
}
