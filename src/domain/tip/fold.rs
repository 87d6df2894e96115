//! One spelling for matching: half-width, lower case, simplified characters, nothing invisible.
//!
//! Every folded character remembers where it stood, so that whatever is found can be told in the
//! writer's own words. Used by every reader of a tip's words.

use crate::domain::simplified::simplified;
use std::ops::Range;

/// A message folded for matching.
#[derive(Debug)]
pub struct Folded<'a> {
    /// What was written.
    pub original: &'a str,
    /// What is matched.
    pub text: String,
    /// For each byte of `text`, where its character starts in `original`.
    starts: Vec<u32>,
    /// For each byte of `text`, where its character ends in `original`.
    ends: Vec<u32>,
}

impl<'a> Folded<'a> {
    /// Folds a message.
    pub fn new(original: &'a str) -> Self {
        let mut folded = Self {
            original,
            text: String::with_capacity(original.len()),
            starts: Vec::with_capacity(original.len()),
            ends: Vec::with_capacity(original.len()),
        };
        for (start, written) in original.char_indices() {
            let Some(character) = fold_char(written) else { continue };
            folded.text.push(character);
            let end = start + written.len_utf8();
            for _ in 0..character.len_utf8() {
                folded.starts.push(start as u32);
                folded.ends.push(end as u32);
            }
        }
        folded
    }

    /// The place in the original of a stretch of the folded text.
    pub fn span(&self, folded: &Range<usize>) -> Range<usize> {
        if folded.start >= folded.end || folded.end > self.text.len() {
            return 0..0;
        }
        self.starts[folded.start] as usize..self.ends[folded.end - 1] as usize
    }

    /// The writer's own words for a stretch of the folded text.
    pub fn words(&self, folded: &Range<usize>) -> &'a str {
        &self.original[self.span(folded)]
    }

    /// The folded stretch that covers a stretch of the original; empty if nothing of it was kept.
    pub fn find_span(&self, original: &Range<usize>) -> Range<usize> {
        let start = self.starts.partition_point(|&s| (s as usize) < original.start);
        let end = self.starts.partition_point(|&s| (s as usize) < original.end);
        start..end.max(start)
    }

    /// Whether a character of this folded stretch was written in its traditional form.
    pub fn is_traditional(&self, folded: &Range<usize>) -> bool {
        self.words(folded).chars().any(|c| simplified(c) != c)
    }
}

/// Folds a text whose spans nobody needs.
pub fn fold(text: &str) -> String {
    text.chars().filter_map(fold_char).collect()
}

/// One character folded; `None` if it cannot be seen.
fn fold_char(c: char) -> Option<char> {
    Some(match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => '\n',
        'A'..='Z' => c.to_ascii_lowercase(),
        ' '..='~' => c,
        '\t' | '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => ' ',
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' => return None,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => return None,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e007f}' => return None,
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(c as u32 - 0xfee0).expect("full-width forms map into ASCII").to_ascii_lowercase()
        }
        '、' => ',',
        '‘' | '’' | 'ʼ' => '\'',
        '“' | '”' => '"',
        '﹕' | '︰' | '∶' => ':',
        '﹟' => '#',
        '‐'..='―' | '−' | '─' | '━' => '-',
        '〜' | '∼' => '~',
        _ => simplified(c),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling() {
        for (written, folded) in [
            ("＃盜竊：８點", "#盗窃:8点"),
            ("东\u{200b}方\u{202e}公寓", "东方公寓"),
            ("A\0B\u{3000}C", "ab c"),
            ("２０：３０〜２１：００", "20:30~21:00"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }

    #[test]
    fn words_are_the_writers_own() {
        let folded = Folded::new("昨晚在东\u{200b}方公寓");
        let at = folded.text.find("东方").unwrap();
        assert_eq!(folded.words(&(at..at + 6)), "东\u{200b}方");
    }

    proptest! {
        #[test]
        fn every_span_is_in_the_original(text in "\\PC{0,40}", a in 0usize..60, b in 0usize..60) {
            let folded = Folded::new(&text);
            let bounds: Vec<usize> = folded.text.char_indices().map(|(at, _)| at).chain([folded.text.len()]).collect();
            let (a, b) = (bounds[a % bounds.len()], bounds[b % bounds.len()]);
            let words = folded.words(&(a.min(b)..a.max(b)));
            prop_assert!(text.contains(words));
            prop_assert_eq!(fold(words), &folded.text[a.min(b)..a.max(b)]);
        }
    }
}
