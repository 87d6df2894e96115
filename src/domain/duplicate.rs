//! Which leads are likely to tell of one event: the same family of kinds, near in place and time, alike in words.
//!
//! Pure. Called by the desk, which offers them with their reasons; an officer decides.

use super::alike::{common, likeness_told};
use super::id::LeadId;
use super::lead::{Lead, LeadState, Scene};
use super::place::PlaceSource;

/// Two texts that are less alike, and share no word, need a sharp place to be offered.
const ALIKE: f64 = 0.15;
/// So many shared words are told.
const WORDS: usize = 2;

/// What near means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearness {
    /// Metres.
    pub radius_m: f64,
    /// Minutes.
    pub minutes: i64,
}

/// A lead that may be about the same event, with why.
#[derive(Debug, Clone, PartialEq)]
pub struct Likely {
    /// Which.
    pub lead: LeadId,
    /// Metres between the places; `None` if one of them is not known, or only roughly.
    pub metres: Option<f64>,
    /// Minutes between the times.
    pub minutes: i64,
    /// The most specific words that both hold, folded.
    pub words: Vec<String>,
    /// The higher, the likelier.
    points: f64,
}

/// The leads that are likely to be about the same event, the likeliest first. `family` tells that of a category.
pub fn find_likely<'f>(
    lead: &Lead,
    others: &[Lead],
    near: Nearness,
    family: impl Fn(&str) -> Option<&'f str>,
) -> Vec<Likely> {
    let kin = |other: &Lead| match (lead.category.as_deref(), other.category.as_deref()) {
        (Some(a), Some(b)) => a == b || family(a).is_some_and(|of| family(b) == Some(of)),
        // Nobody said what it is: place, time and words must say enough.
        _ => true,
    };
    let open = |other: &Lead| {
        other.id != lead.id
            && !matches!(other.state, LeadState::OutOfScope | LeadState::Duplicate | LeadState::Withdrawn)
    };
    let mut found: Vec<Likely> =
        others.iter().filter(|other| open(other) && kin(other)).filter_map(|other| judge(lead, other, near)).collect();
    found.sort_by(|a, b| b.points.total_cmp(&a.points).then(b.lead.cmp(&a.lead)));
    found
}

fn judge(lead: &Lead, other: &Lead, near: Nearness) -> Option<Likely> {
    let minutes = minutes_apart(lead, other);
    if minutes > near.minutes {
        return None;
    }
    let metres = sharp(lead).zip(sharp(other)).map(|(a, b)| a.at.distance_m(b.at));
    // Each place is known only so well.
    let reach = [lead, other].iter().filter_map(|l| sharp(l)).map(|s| s.accuracy_m).fold(near.radius_m, f64::max);
    if metres.is_some_and(|metres| metres > reach) {
        return None;
    }
    let besides = besides(lead, other);
    let alike = likeness_told(&lead.description, &other.description, &besides);
    let words: Vec<String> = common(&[&lead.description, &other.description], 2, &besides)
        .into_iter()
        .take(WORDS)
        .map(|(word, _)| word)
        .collect();
    let told = alike >= ALIKE || !words.is_empty();
    let known = metres.is_some() && lead.category.is_some() && other.category.is_some();
    if !(known || told) {
        return None;
    }
    let close = metres.map_or(0.3, |metres| 1.0 - metres / reach);
    let soon = 1.0 - minutes as f64 / near.minutes.max(1) as f64;
    let same = if lead.category.is_some() && lead.category == other.category { 0.5 } else { 0.0 };
    Some(Likely { lead: other.id, metres, minutes, words, points: 2.0 * alike + close + soon + same })
}

/// A place that is more than the group's area.
fn sharp(lead: &Lead) -> Option<&Scene> {
    lead.scene.as_ref().filter(|scene| scene.source != PlaceSource::GroupArea)
}

/// Between the times told, if both told one, else between the times of writing.
fn minutes_apart(a: &Lead, b: &Lead) -> i64 {
    let between = match (&a.occurred, &b.occurred) {
        (Some(a), Some(b)) => {
            let gap = |first: &super::lead::Occurred, then: &super::lead::Occurred| {
                then.start.since(first.end.unwrap_or(first.start)).max(0)
            };
            gap(a, b).max(gap(b, a))
        }
        _ => a.written_at.since(b.written_at).abs(),
    };
    between / 60_000
}

/// What both say of place and time is judged by itself.
fn besides<'l>(a: &'l Lead, b: &'l Lead) -> Vec<&'l str> {
    let of = |lead: &'l Lead| {
        let scene = lead.scene.as_ref().map(|scene| scene.text.as_str());
        scene.into_iter().chain(lead.occurred.as_ref().map(|o| o.text.as_str())).chain(lead.unknown_place.as_deref())
    };
    let mut all: Vec<&str> = of(a).chain(of(b)).filter(|words| !words.is_empty()).collect();
    // The longest first: a name that holds another goes whole.
    all.sort_by_key(|words| std::cmp::Reverse(words.len()));
    all
}
