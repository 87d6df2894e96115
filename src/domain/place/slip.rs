//! English words of the gazetteer with one slip of spelling in them.
//!
//! Owns the words of all Latin names and mends a text by them: a word that is none of them, and one letter
//! off exactly one of them, becomes it. Whether the mended words then are a name, the one automaton of
//! names tells. Called by `mention`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Words shorter than this are too like each other; of this length only a plural is taken for one.
const SHORTEST: usize = 4;
/// Longer ones are no words.
const LONGEST: usize = 20;
/// Words of a message that are looked at.
const LIMIT: usize = 400;

/// A text with its words mended, and the way back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mended {
    /// The text.
    pub text: String,
    /// For each mended word, where it stands and where the written one stood.
    words: Vec<(Range<usize>, Range<usize>)>,
}

impl Mended {
    /// A stretch of the mended text in the text as written; `None` if nothing in it was mended.
    pub fn written(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let touched = self.words.iter().any(|(mended, _)| mended.start < span.end && span.start < mended.end);
        touched.then(|| self.back(span.start, false)..self.back(span.end, true))
    }

    /// Where an end of a name was written: names begin and end with whole words.
    fn back(&self, at: usize, is_end: bool) -> usize {
        let last =
            self.words.iter().take_while(|(mended, _)| mended.start < at || !is_end && mended.start == at).last();
        match last {
            None => at,
            Some((mended, written)) if at >= mended.end => written.end + (at - mended.end),
            Some((_, written)) if is_end => written.end,
            Some((_, written)) => written.start,
        }
    }
}

/// The words of all Latin names.
#[derive(Debug, Default)]
pub(super) struct Slips {
    words: HashSet<Box<str>>,
    /// Words by what is left of them without one letter, and by themselves.
    left: HashMap<u64, Vec<Box<str>>>,
}

impl Slips {
    /// Takes in the words of names.
    pub fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut new = Self::default();
        for word in names.flat_map(words).map(|(_, word)| word) {
            if !new.words.insert(word.into()) || !(SHORTEST..=LONGEST).contains(&word.len()) {
                continue;
            }
            let mut keys: Vec<u64> = remains(word).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                new.left.entry(key).or_default().push(word.into());
            }
        }
        new
    }

    /// The text with each word that is one slip off a name's word put right; `None` if there is none.
    pub fn mend(&self, text: &str) -> Option<Mended> {
        if self.left.is_empty() || !text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut mended = Mended { text: String::new(), words: Vec::new() };
        let mut from = 0;
        for (at, word) in words(text).filter(|(_, word)| (SHORTEST..=LONGEST).contains(&word.len())).take(LIMIT) {
            let Some(meant) = self.meant(word) else { continue };
            mended.text.push_str(&text[from..at]);
            let start = mended.text.len();
            mended.text.push_str(meant);
            mended.words.push((start..mended.text.len(), at..at + word.len()));
            from = at + word.len();
        }
        if mended.words.is_empty() {
            return None;
        }
        mended.text.push_str(&text[from..]);
        Some(mended)
    }

    /// The one word that a written one is a slip of.
    fn meant(&self, word: &str) -> Option<&str> {
        if self.words.contains(word) {
            return None;
        }
        let mut meant: Option<&str> = None;
        for key in remains(word) {
            for known in self.left.get(&key).into_iter().flatten() {
                if is_slip(word.as_bytes(), known.as_bytes()) && meant != Some(known) {
                    if meant.is_some() {
                        return None;
                    }
                    meant = Some(known);
                }
            }
        }
        meant
    }
}

/// Runs of letters and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - start, word))
}

/// Keys of a word and of what is left of it without each of its letters.
fn remains(word: &str) -> impl Iterator<Item = u64> + '_ {
    let bytes = word.as_bytes();
    (0..=bytes.len()).map(move |gone| {
        bytes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != gone)
            .fold(0xCBF2_9CE4_8422_2325, |sum: u64, (_, b)| (sum ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01B3))
    })
}

/// Whether one letter is wrong, missing, too many or changed places; the first one stands, and a plural is a word
/// of its own right.
fn is_slip(written: &[u8], meant: &[u8]) -> bool {
    let same_head = written.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let same_tail = written.iter().rev().zip(meant.iter().rev()).take_while(|(a, b)| a == b).count();
    if same_head == 0 {
        return false;
    }
    if meant.len() == SHORTEST {
        return written.strip_prefix(meant) == Some(b"s");
    }
    match written.len().abs_diff(meant.len()) {
        0 => {
            let changed = meant.len() - (same_head + same_tail).min(meant.len());
            changed == 1
                || changed == 2
                    && written[same_head] == meant[same_head + 1]
                    && written[same_head + 1] == meant[same_head]
        }
        1 => same_head + same_tail >= written.len().min(meant.len()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slips() -> Slips {
        Slips::new(["qingyun road", "emerald garden", "east gate market", "wuzhong village", "fulin"].into_iter())
    }

    #[test]
    fn one_slip_is_mended() {
        for (written, mended) in [
            ("qingyn rode", "qingyun rode"),
            ("qinygun road", "qingyun road"),
            ("emeralld gardens", "emerald garden"),
            ("est gate markt", "est gate market"),
            ("在emerld garden的", "在emerald garden的"),
            ("fulim", "fulin"),
        ] {
            assert_eq!(slips().mend(written).map(|mended| mended.text).as_deref(), Some(mended), "{written}");
        }
        for plain in ["emerald garden", "qngyn", "ralph", "reads", "", "中文"] {
            assert_eq!(slips().mend(plain), None, "{plain}");
        }
    }

    #[test]
    fn spans_lead_back_to_what_was_written() {
        let text = "fight at emeralld gardn now";
        let mended = slips().mend(text).unwrap();
        let at = mended.text.find("emerald garden").unwrap();
        let span = mended.written(&(at..at + "emerald garden".len())).unwrap();
        assert_eq!(&text[span], "emeralld gardn");
        assert_eq!(mended.written(&(0..5)), None);
    }

    proptest! {
        #[test]
        fn every_span_is_a_part_of_the_text(text in "([a-z]{1,8}|emeralld|gardn|qingyn|中| |,){0,20}") {
            if let Some(mended) = slips().mend(&text) {
                for (at, word) in words(&mended.text) {
                    if let Some(span) = mended.written(&(at..at + word.len())) {
                        prop_assert!(text.get(span).is_some_and(|words| !words.is_empty()));
                    }
                }
            }
        }
    }
}
