//! The gazetteer (地名库) and the reading of a whole message's place.
//!
//! Owns the index of names and codes and the order of DESIGN.md §6: coordinates, link, plus code, point
//! code, names. Built once, then read-only; each text is read in one linear pass. Called by `domain::tip`.

use super::context::nearness;
use super::coordinates::find_coordinates;
use super::fold::{Folded, fold_name, overlapping};
use super::hit::Index;
use super::latin::Latin;
use super::link::{Link, Meaning, find_links};
use super::mention::{Choice, find_mentions};
use super::names::{Rank, is_han, variants};
use super::slip::Slips;
use super::typo::Typos;
use super::unknown::find_unknown;
use super::{Datum, Place, PlaceFound, PlaceReading, PlaceSource, Wgs84, kind, plus_code};
use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};
use std::collections::HashMap;
use std::ops::Range;

/// What one spelling of the index means.
#[derive(Debug)]
pub(super) struct Spelling {
    /// The places that it may mean.
    pub places: Vec<usize>,
    /// How sure it is.
    pub rank: Rank,
    /// Characters.
    pub length: usize,
    /// Whether it is Chinese.
    pub han: bool,
}

/// Every spelling of a gazetteer in one automaton, character by character (decision 8).
pub(super) struct Matcher(CharwiseDoubleArrayAhoCorasick<u32>);

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher").finish_non_exhaustive()
    }
}

impl Matcher {
    /// Spellings in a text, the leftmost and longest: where, and which.
    pub fn find(&self, text: &str) -> impl Iterator<Item = (Range<usize>, usize)> {
        self.0.leftmost_find_iter(text).map(|hit| (hit.start()..hit.end(), hit.value() as usize))
    }
}

/// The places that names are looked up in.
#[derive(Debug)]
pub struct Gazetteer {
    places: Vec<Place>,
    matcher: Option<Matcher>,
    spellings: Vec<Spelling>,
    typos: Typos,
    latin: Latin,
    slips: Slips,
    codes: HashMap<String, usize>,
    /// For a road, its numbered houses.
    houses: HashMap<usize, Vec<(u32, Wgs84)>>,
    /// The middle of all places, if they lie within one town: what short plus codes are near to.
    centre: Option<Wgs84>,
}

impl Gazetteer {
    /// Indexes places: their names, other names and the spellings that follow from them.
    pub fn new(places: Vec<Place>) -> Self {
        let mut index: HashMap<String, (Rank, Vec<usize>)> = HashMap::new();
        let mut codes = HashMap::new();
        for (at, place) in places.iter().enumerate() {
            let code = code_key(&place.code);
            if !code.is_empty() {
                codes.entry(code).or_insert(at);
            }
            let names = std::iter::once((&place.name, Rank::Name))
                .chain(place.aliases.iter().map(|alias| (alias, Rank::Alias)));
            for (name, rank) in names {
                let name = fold_name(name);
                for (variant, rank) in variants(&name, &place.kind) {
                    add(&mut index, variant, rank, at);
                }
                add(&mut index, name, rank, at);
            }
        }
        index.retain(|name, (rank, of)| {
            let one = of.len() == 1 || *rank != Rank::Derived && *rank != Rank::Word;
            one && is_long_enough(name)
        });
        let houses = houses(&places, &index);
        let mut names: Vec<(String, (Rank, Vec<usize>))> = index.into_iter().collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        let matcher = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|(name, _)| name))
            .ok()
            .map(Matcher);
        let typos = Typos::new(names.iter().enumerate().map(|(at, (name, (rank, _)))| (name.as_str(), *rank, at)));
        let slips = Slips::new(names.iter().map(|(name, _)| name.as_str()).filter(|name| !is_han(name)));
        let spellings = names
            .into_iter()
            .map(|(name, (rank, places))| Spelling { places, rank, length: name.chars().count(), han: is_han(&name) })
            .collect();
        let latin = Latin::new(&places);
        let centre = centre(&places);
        Self { places, matcher, spellings, typos, latin, slips, codes, houses, centre }
    }

    /// All places, in the order given.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place with a liaison point's code; case and hyphens do not matter.
    pub fn by_code(&self, code: &str) -> Option<&Place> {
        self.codes.get(&code_key(code)).map(|at| &self.places[*at])
    }

    /// What a message says about the place. `area` is the middle of the group's own area: it settles short
    /// plus codes, names that several towns have, and the order of a pair that could be read both ways.
    pub fn find_place(&self, text: &str, area: Option<Wgs84>) -> PlaceFound {
        let folded = Folded::new(text);
        let links = find_links(text);
        let skip: Vec<Range<usize>> = links.iter().map(|link| folded.span_of(&link.span)).collect();
        let opaque =
            links.iter().find(|link| link.meaning == Meaning::Opaque).map(|link| text[link.span.clone()].to_owned());
        if let Some(reading) = self.find_point(text, &folded, &links, &skip, area) {
            return PlaceFound { reading: Some(reading), unknown: opaque };
        }
        let mut found = self.find_name(&folded, &skip, area);
        let code = plus_code::find_code(&folded.text, &skip).map(|span| folded.words(span).to_owned());
        found.unknown = opaque.or(code).or(found.unknown);
        found
    }

    /// The same for the words behind a place label: all of them are the place, so that what is not known is
    /// unknown as a whole.
    pub fn place_label(&self, label_text: &str, area: Option<Wgs84>) -> PlaceFound {
        let mut found = self.find_place(label_text, area);
        if found.reading.is_none() {
            let words = label_text.trim_matches(|c: char| c.is_whitespace() || ",，.。;；、:：!！".contains(c));
            let says = words.chars().any(char::is_alphanumeric) && !NOTHING.contains(&fold_name(words).as_str());
            found.unknown = says.then(|| words.to_owned());
        }
        found
    }

    /// Points that need no name: coordinates, links, plus codes, codes of liaison points.
    fn find_point(
        &self,
        text: &str,
        folded: &Folded,
        links: &[Link],
        skip: &[Range<usize>],
        area: Option<Wgs84>,
    ) -> Option<PlaceReading> {
        if let Some(point) = find_coordinates(&folded.text, skip, area) {
            return Some(PlaceReading {
                text: folded.words(point.span).to_owned(),
                at: Wgs84::from_datum(point.datum, point.lat, point.lon),
                accuracy_m: point.accuracy_m,
                source: PlaceSource::Coordinates,
                datum: point.datum,
            });
        }
        if let Some(reading) = links.iter().find_map(|link| link.reading(text)) {
            return Some(reading);
        }
        if let Some(span) = plus_code::find_code(&folded.text, skip) {
            let code = &folded.text[span.clone()];
            // A short code is near the place named beside it, else near the group, else in the only town there is.
            let near = || self.find_name(folded, skip, area).reading.map(|reading| reading.at).or(area).or(self.centre);
            let box_ = plus_code::decode(code).or_else(|| plus_code::recover(code, near()?));
            if let Some(found) = box_ {
                return Some(PlaceReading {
                    text: folded.words(span).to_owned(),
                    at: found.centre(),
                    accuracy_m: found.radius_m().max(10.0),
                    source: PlaceSource::PlusCode,
                    datum: Datum::Wgs84,
                });
            }
        }
        self.find_code(&folded.text, skip).map(|(span, at)| {
            let place = &self.places[at];
            let (length, wider) = nearness(&folded.text[span.end..]).unwrap_or((0, 0.0));
            PlaceReading {
                text: folded.words(span.start..span.end + length).to_owned(),
                at: place.at,
                accuracy_m: kind::accuracy_m(&place.kind) + wider,
                source: PlaceSource::PointCode,
                datum: place.datum,
            }
        })
    }

    /// The first liaison point's code that stands as a whole word.
    fn find_code(&self, text: &str, skip: &[Range<usize>]) -> Option<(Range<usize>, usize)> {
        if self.codes.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        let in_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let mut at = 0;
        while at < bytes.len() {
            if !in_word(bytes[at]) {
                at += 1;
                continue;
            }
            let end = at + bytes[at..].iter().take_while(|b| in_word(**b)).count();
            let start = at + text[at..end].len() - text[at..end].trim_start_matches(['-', '_']).len();
            let word = text[start..end].trim_end_matches(['-', '_']);
            let has_both = word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
            // A code of digits alone must be called one.
            let called =
                || ["联络点", "点位", "point ", "point no. ", "code "].iter().any(|w| text[..start].ends_with(w));
            if word.len() <= 24
                && !word.is_empty()
                && (has_both || called())
                && overlapping(skip, &(start..end)).is_none()
            {
                // P-014 is one code; of P014-2 the first part may be.
                for word in [word, word.split(['-', '_']).next().unwrap_or(word)] {
                    if let Some(place) = self.codes.get(&code_key(word)) {
                        return Some((start..start + word.len(), *place));
                    }
                }
            }
            at = end;
        }
        None
    }

    /// The place that names of the gazetteer tell, and words that look like a place and are in none.
    fn find_name(&self, folded: &Folded, skip: &[Range<usize>], area: Option<Wgs84>) -> PlaceFound {
        let mentions = match &self.matcher {
            Some(matcher) => {
                let Self { places, spellings, typos, latin, slips, .. } = self;
                find_mentions(&folded.text, Index { matcher, spellings, places, typos, latin, slips }, skip, area)
            }
            None => Default::default(),
        };
        let choice = mentions.choose(self, &folded.text);
        let settled = choice.as_ref().is_some_and(Choice::is_sharp);
        let unknown =
            if settled { None } else { mentions.unsettled().or_else(|| find_unknown(folded, &mentions.spans(), skip)) };
        let reading = match choice {
            // Where they fled to says nothing when the scene itself is named, though not known.
            Some(choice) if choice.is_away() && unknown.is_some() => None,
            other => other,
        };
        PlaceFound {
            reading: reading.map(|choice| PlaceReading {
                text: folded.words(choice.span).to_owned(),
                at: choice.at,
                accuracy_m: choice.accuracy_m,
                source: choice.source,
                datum: choice.datum,
            }),
            unknown: unknown.map(|span| folded.words(span).to_owned()),
        }
    }

    /// A place by its place in the index.
    pub(super) fn place(&self, at: usize) -> &Place {
        &self.places[at]
    }

    /// Where a house of a road stands, between the numbered houses beside it, with its accuracy in metres. Beyond
    /// the known numbers nothing is said: a road may turn.
    pub(super) fn find_house(&self, road: usize, number: u32) -> Option<(Wgs84, f64)> {
        /// House numbers further apart say nothing of what is between them.
        const REACH: u32 = 200;
        /// How much further off a house of the other side of the road may be than it seems.
        const ACROSS_M: f64 = 30.0;
        let houses = self.houses.get(&road)?;
        if let Some((_, at)) = houses.iter().find(|(n, _)| *n == number) {
            return Some((*at, 60.0));
        }
        let between = |same_side: bool| {
            let beside = || houses.iter().filter(move |(n, _)| !same_side || n % 2 == number % 2);
            let (low, a) = beside().filter(|(n, _)| *n < number).max_by_key(|(n, _)| *n)?;
            let (high, b) = beside().filter(|(n, _)| *n > number).min_by_key(|(n, _)| *n)?;
            (high - low <= REACH).then(|| {
                let share = f64::from(number - low) / f64::from(high - low);
                let at = Wgs84 { lat: a.lat + (b.lat - a.lat) * share, lon: a.lon + (b.lon - a.lon) * share };
                let across = if same_side { 0.0 } else { ACROSS_M };
                (at, (a.distance_m(*b) / 2.0).max(60.0) + across)
            })
        };
        between(true).or_else(|| between(false))
    }
}

/// What people write behind a place label when they do not know.
const NOTHING: &[&str] = &[
    "不详",
    "未知",
    "不知道",
    "不清楚",
    "不明",
    "无",
    "没有",
    "略",
    "同上",
    "n/a",
    "na",
    "none",
    "unknown",
    "not sure",
    "?",
    "??",
];

fn add(index: &mut HashMap<String, (Rank, Vec<usize>)>, name: String, rank: Rank, place: usize) {
    let entry = index.entry(name).or_insert((rank, Vec::new()));
    if rank < entry.0 {
        *entry = (rank, Vec::new());
    }
    // Places come in order, so that what was added before stands last.
    if rank == entry.0 && entry.1.last() != Some(&place) {
        entry.1.push(place);
    }
}

/// One character, two letters or a bare number are no names.
fn is_long_enough(name: &str) -> bool {
    let least = if is_han(name) { 2 } else { 3 };
    name.chars().count() >= least && name.chars().any(char::is_alphabetic)
}

/// A code as it is compared: upper case, letters and digits only.
fn code_key(code: &str) -> String {
    fold_name(code).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The numbered houses of each road: places whose name is a road's name and a number.
fn houses(places: &[Place], index: &HashMap<String, (Rank, Vec<usize>)>) -> HashMap<usize, Vec<(u32, Wgs84)>> {
    let mut houses: HashMap<usize, Vec<(u32, Wgs84)>> = HashMap::new();
    for place in places {
        for name in std::iter::once(&place.name).chain(&place.aliases).map(|name| fold_name(name)) {
            let Some(head) = name.strip_suffix('号') else { continue };
            let road = head.trim_end_matches(|c: char| c.is_ascii_digit());
            let (Ok(number), Some((_, of))) = (head[road.len()..].parse(), index.get(road)) else { continue };
            if let [road] = of.as_slice() {
                houses.entry(*road).or_default().push((number, place.at));
            }
        }
    }
    houses
}

/// The middle of all places, unless they lie too far apart for a short plus code to be told from it.
fn centre(places: &[Place]) -> Option<Wgs84> {
    let bounds = |of: fn(&Place) -> f64| {
        let low = places.iter().map(of).fold(f64::INFINITY, f64::min);
        let high = places.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    };
    let ((south, north), (west, east)) = (bounds(|p| p.at.lat), bounds(|p| p.at.lon));
    (north - south < 0.4 && east - west < 0.4).then(|| Wgs84::new((south + north) / 2.0, (west + east) / 2.0)).flatten()
}

#[cfg(test)]
#[path = "gazetteer_tests.rs"]
mod tests;
