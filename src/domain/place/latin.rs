//! Chinese names in Latin letters: `Qingyun Xi Lu`, `qingyun west road`.
//!
//! Owns an index by the letters alone, so that it does not matter where the blanks stand. Only texts with
//! Latin words are looked at. Called by `hit`.

use super::Place;
use super::fold::fold_name;
use super::gazetteer::Spelling;
use super::names::{Rank, is_han, romanised};
use std::ops::Range;

/// Words that one name is written in at most.
const MOST_WORDS: usize = 5;
/// The shortest and the longest of such names, in letters.
const LETTERS: std::ops::RangeInclusive<usize> = 6..=40;
/// Words of a message that are looked at.
const LIMIT: usize = 400;

/// The names in Latin letters.
#[derive(Debug, Default)]
pub(super) struct Latin {
    /// Hashes of the letters with the place's spelling, in order.
    keys: Vec<(u64, u32)>,
    /// What they mean: one place each.
    spellings: Vec<Spelling>,
}

impl Latin {
    /// Indexes the Chinese names of places; what could be two places is left out.
    pub fn new(places: &[Place]) -> Self {
        let mut new = Self::default();
        for (at, place) in places.iter().enumerate() {
            let name = fold_name(&place.name);
            let forms = if is_han(&name) { romanised(&name) } else { Vec::new() };
            if forms.is_empty() {
                continue;
            }
            let spelling = new.spellings.len() as u32;
            new.keys.extend(forms.iter().map(|form| (hash(form.bytes()), spelling)));
            let length = name.chars().count();
            new.spellings.push(Spelling { places: vec![at], rank: Rank::Derived, length, han: false });
        }
        new.keys.sort_unstable();
        new.keys.dedup();
        let keys = std::mem::take(&mut new.keys);
        let alone = |at: usize| {
            let differs = |other: usize| keys.get(other).is_none_or(|other| other.0 != keys[at].0);
            differs(at + 1) && at.checked_sub(1).is_none_or(differs)
        };
        new.keys = (0..keys.len()).filter(|at| alone(*at)).map(|at| keys[at]).collect();
        new
    }

    /// Every such name of a folded text, the longest where several begin.
    pub fn find<'g>(&'g self, text: &str) -> Vec<(Range<usize>, &'g Spelling)> {
        let mut found = Vec::new();
        if self.keys.is_empty() || !text.bytes().any(|b| b.is_ascii_lowercase()) {
            return found;
        }
        let start_of = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()).take(LIMIT).collect();
        let mut at = 0;
        while at < words.len() {
            let start = start_of(words[at]);
            let mut best = None;
            let mut letters = 0;
            let mut end = start;
            for (count, word) in words[at..].iter().take(MOST_WORDS).enumerate() {
                let from = start_of(word);
                if count > 0 && !matches!(&text[end..from], " " | "-" | "'") {
                    break;
                }
                end = from + word.len();
                letters += word.len();
                if LETTERS.contains(&letters)
                    && let Some(spelling) = self.get(text[start..end].bytes().filter(u8::is_ascii_lowercase))
                {
                    best = Some((count + 1, start..end, spelling));
                }
            }
            match best {
                Some((count, span, spelling)) => {
                    found.push((span, spelling));
                    at += count;
                }
                None => at += 1,
            }
        }
        found
    }

    fn get(&self, letters: impl Iterator<Item = u8>) -> Option<&Spelling> {
        let key = hash(letters);
        let at = self.keys.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(&self.spellings[self.keys[at].1 as usize])
    }
}

fn hash(letters: impl Iterator<Item = u8>) -> u64 {
    letters.fold(0xCBF2_9CE4_8422_2325, |sum: u64, b| (sum ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::place::{Datum, Wgs84};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static LATIN: LazyLock<Latin> = LazyLock::new(|| {
        let place = |name: &str| Place {
            code: String::new(),
            name: name.to_owned(),
            aliases: Vec::new(),
            kind: String::new(),
            at: Wgs84 { lat: 23.5, lon: 113.5 },
            datum: Datum::Wgs84,
        };
        Latin::new(&["青云西路", "翡翠花园", "广利五金厂", "明山村", "名山村", "旧街"].map(place))
    });

    #[test]
    fn blanks_do_not_matter() {
        for (text, place) in [
            ("fight on qingyun xi lu now", Some((0, "qingyun xi lu"))),
            ("qing yun west road", Some((0, "qing yun west road"))),
            ("feicuihuayuan", Some((1, "feicuihuayuan"))),
            ("at feicui garden", Some((1, "feicui garden"))),
            ("guangli factory", Some((2, "guangli factory"))),
            ("mingshan village", None),
            ("jiujie", None),
            ("feicui, garden", None),
            ("", None),
        ] {
            let found = LATIN.find(text);
            let got = found.first().map(|(span, spelling)| (spelling.places[0], &text[span.clone()]));
            assert_eq!(got, place, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_span_is_a_part_of_the_text(text in "(qingyun|xi|lu|feicui|garden|[a-z]{1,4}|中| |-|,){0,20}") {
            for (span, _) in LATIN.find(&text) {
                prop_assert!(text.get(span).is_some_and(|words| !words.is_empty()));
            }
        }
    }
}
