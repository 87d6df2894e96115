//! Spellings of the gazetteer that stand in a message, exact or with a slip, and which place each means.
//!
//! Owns the look-up and the choice among places that share a spelling: the branch of a chain, towns with the
//! same road. Knows nothing of the scene. Called by `mention`.

use super::fold::overlapping;
use super::gazetteer::{Matcher, Spelling};
use super::kind::{Extent, extent};
use super::latin::Latin;
use super::names::Rank;
use super::slip::Slips;
use super::spelling::{is_part_of_longer, stands_alone};
use super::typo::Typos;
use super::{Place, Wgs84};
use std::ops::Range;

/// What names are looked up in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index<'g> {
    /// Every spelling, in one automaton.
    pub matcher: &'g Matcher,
    /// What each means.
    pub spellings: &'g [Spelling],
    /// The places.
    pub places: &'g [Place],
    /// Chinese names with a slip.
    pub typos: &'g Typos,
    /// Chinese names in Latin letters.
    pub latin: &'g Latin,
    /// English words with a slip.
    pub slips: &'g Slips,
}

/// A spelling that stands in a message.
#[derive(Debug, Clone)]
pub(super) struct Hit<'g> {
    /// Where.
    pub span: Range<usize>,
    /// Which.
    pub spelling: &'g Spelling,
    /// Whether it is written with a slip.
    pub slipped: bool,
}

/// Names that a message may hold; nobody names more places.
pub(super) const MOST: usize = 48;
/// Spellings that are looked at more closely than by the automaton.
const MOST_LOOKED_AT: usize = 200;

impl Index<'_> {
    fn stands(&self, text: &str, span: &Range<usize>, spelling: &Spelling) -> bool {
        let place = &self.places[spelling.places[0]];
        stands_alone(text, span, spelling, place) && !is_part_of_longer(text, span, spelling, place)
    }
}

/// Every spelling that stands in a text as it is.
pub(super) fn find_exact<'g>(text: &str, index: Index<'g>, skip: &[Range<usize>]) -> Vec<Hit<'g>> {
    let looked_at = index.matcher.find(text).take(MOST_LOOKED_AT);
    let mut hits: Vec<Hit<'g>> = looked_at
        .map(|(span, spelling)| Hit { span, spelling: &index.spellings[spelling], slipped: false })
        .filter(|hit| overlapping(skip, &hit.span).is_none() && index.stands(text, &hit.span, hit.spelling))
        .take(MOST)
        .collect();
    let latin = index.latin.find(text);
    if !latin.is_empty() {
        let known: Vec<Range<usize>> = hits.iter().map(|hit| hit.span.clone()).collect();
        let free = |span: &Range<usize>| overlapping(skip, span).is_none() && overlapping(&known, span).is_none();
        let stand = latin.into_iter().filter(|(span, spelling)| free(span) && index.stands(text, span, spelling));
        hits.extend(stand.map(|(span, spelling)| Hit { span, spelling, slipped: false }));
        hits.sort_by_key(|hit| hit.span.start);
        hits.truncate(MOST);
    }
    hits
}

/// The same with names that have a slip in them; `None` if there are none.
pub(super) fn with_slips<'g>(
    text: &str,
    mut hits: Vec<Hit<'g>>,
    index: Index<'g>,
    skip: &[Range<usize>],
) -> Option<Vec<Hit<'g>>> {
    let spellings = index.spellings;
    let known: Vec<Range<usize>> = hits.iter().map(|hit| hit.span.clone()).collect();
    let is_free = |span: &Range<usize>| overlapping(skip, span).is_none();
    let mut slipped: Vec<Hit<'g>> = index
        .typos
        .find(text, &known)
        .into_iter()
        .map(|slip| Hit { span: slip.span, spelling: &spellings[slip.spelling], slipped: true })
        .filter(|hit| is_free(&hit.span) && index.stands(text, &hit.span, hit.spelling))
        .collect();
    if let Some(mended) = index.slips.mend(text) {
        let found = index.matcher.find(&mended.text).take(MOST_LOOKED_AT).filter_map(|(hit, spelling)| {
            let spelling = &spellings[spelling];
            let span = mended.written(&hit).filter(|span| text.get(span.clone()).is_some())?;
            // One short word with a slip is any word.
            let telling = spelling.length >= 6 || mended.text[hit.clone()].contains(' ');
            let stands = !spelling.han && telling && index.stands(&mended.text, &hit, spelling);
            stands.then_some(Hit { span, spelling, slipped: true })
        });
        slipped.extend(found.filter(|hit| is_free(&hit.span) && overlapping(&known, &hit.span).is_none()));
    }
    if slipped.is_empty() {
        return None;
    }
    // A name that is a part of a longer one with a slip is that longer one.
    hits.retain(|hit| !slipped.iter().any(|slip| slip.span.start <= hit.span.start && hit.span.end <= slip.span.end));
    hits.extend(slipped);
    hits.sort_by_key(|hit| hit.span.start);
    hits.truncate(MOST);
    Some(hits)
}

/// The one place that a spelling means here; `None` if it could be several and nothing tells which.
pub(super) fn settle(
    text: &str,
    hit: &Hit<'_>,
    hits: &[Hit<'_>],
    places: &[Place],
    area: Option<Wgs84>,
) -> Option<usize> {
    let spelling = hit.spelling;
    if let [one] = spelling.places.as_slice() {
        return Some(*one);
    }
    // Another name of the message is a part of the full name: 家家乐 and 江滨路 → 家家乐(江滨路店).
    let told: Vec<usize> = spelling
        .places
        .iter()
        .copied()
        .filter(|place| {
            let full = super::fold::fold_name(&places[*place].name);
            hits.iter().any(|other| other.span != hit.span && full.contains(&text[other.span.clone()]))
        })
        .collect();
    if let [one] = told.as_slice() {
        return Some(*one);
    }
    let first = places[spelling.places[0]].at;
    if spelling.places.iter().all(|place| places[*place].at.distance_m(first) < 200.0) {
        return Some(spelling.places[0]);
    }
    // Beside another place of the message, or in the group's own area: if one is much nearer than the next.
    let beside = hits.iter().find_map(|other| match other.spelling.places.as_slice() {
        [one] if extent(&places[*one].kind) != Extent::Line => Some(places[*one].at),
        _ => None,
    });
    let by_distance = |from: Wgs84| {
        let mut all: Vec<(f64, usize)> =
            spelling.places.iter().map(|place| (places[*place].at.distance_m(from), *place)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    };
    if let Some(beside) = beside
        && let [(near, place), (next, _), ..] = by_distance(beside)[..]
        && near < 1_500.0
        && near * 2.0 < next
    {
        return Some(place);
    }
    // Branches of a chain stand in one town; towns that share a name lie far apart.
    match by_distance(area?)[..] {
        [(near, place), (next, _), ..] if spelling.rank == Rank::Brand && near * 1.5 < next => Some(place),
        [(near, place), (next, _), ..] if next > 5_000.0 && near * 3.0 < next => Some(place),
        _ => None,
    }
}
