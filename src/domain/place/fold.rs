//! A text made comparable: simplified characters, half width, lower case, nothing invisible.
//!
//! Owns the folding and the way back: every span of the folded text maps to the exact words of the
//! original. One pass, no regex. Called by every reader of this room.

use crate::domain::simplified::simplified;
use std::ops::Range;

/// A folded text and, for each of its bytes, where it came from.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    original: &'a str,
    /// The folded text.
    pub text: String,
    /// Start and end, in the original, of the character that each folded byte belongs to.
    from: Vec<(u32, u32)>,
}

impl<'a> Folded<'a> {
    /// Folds a text.
    pub fn new(original: &'a str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut from = Vec::with_capacity(original.len());
        for (at, c) in original.char_indices() {
            let Some(to) = fold_char(c) else { continue };
            // Runs of blanks are one blank, so that names with two between their words are found.
            if to == ' ' && text.ends_with(' ') {
                continue;
            }
            text.push(to);
            let end = at + c.len_utf8();
            let span = (offset(at), offset(end));
            from.extend(std::iter::repeat_n(span, to.len_utf8()));
        }
        Self { original, text, from }
    }

    /// The text as it was.
    pub fn original(&self) -> &'a str {
        self.original
    }

    /// Where a span of the original stands in the folded text.
    pub fn span_of(&self, original: &Range<usize>) -> Range<usize> {
        let at = |offset: usize| self.from.partition_point(|(start, _)| (*start as usize) < offset);
        at(original.start)..at(original.end)
    }

    /// The words of the original behind a span of the folded text.
    pub fn words(&self, span: Range<usize>) -> &'a str {
        if span.is_empty() {
            return "";
        }
        let (start, end) = (self.from[span.start].0 as usize, self.from[span.end - 1].1 as usize);
        &self.original[start..end]
    }
}

/// The span that overlaps another, of spans in order that do not overlap each other.
pub(super) fn overlapping<'s>(spans: &'s [Range<usize>], span: &Range<usize>) -> Option<&'s Range<usize>> {
    let at = spans.partition_point(|other| other.end <= span.start);
    spans.get(at).filter(|other| other.start < span.end)
}

/// A name or pattern folded the same way, without blanks at its ends.
pub(super) fn fold_name(name: &str) -> String {
    Folded::new(name.trim()).text.trim().to_owned()
}

/// Offsets are kept in four bytes: a message is never 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What a character becomes; `None` when it is invisible.
fn fold_char(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(match c {
            '\t' => ' ',
            _ => c.to_ascii_lowercase(),
        });
    }
    Some(match c {
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {
            return None;
        }
        '\u{180E}' | '\u{FE00}'..='\u{FE0F}' => return None,
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        // Full-width ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c).to_ascii_lowercase(),
        '´' | '‘' | '’' | '′' | 'ʹ' | 'ʼ' | '`' => '\'',
        '“' | '”' | '″' | '〃' | '˝' => '"',
        '°' | 'º' | '˚' | '∘' => '°',
        '‐'..='―' | '−' | '﹣' => '-',
        '、' => ',',
        '·' | '•' => '·',
        '【' | '〔' | '「' | '『' => '[',
        '】' | '〕' | '」' | '』' => ']',
        _ => simplified(c),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_fold_alike() {
        for (a, b) in [
            ("萬豐城", "万丰城"),
            ("ＫＴＶ", "ktv"),
            ("东\u{200B}方", "东方"),
            ("Emerald\u{3000} City", "emerald city"),
            ("People’s", "people's"),
        ] {
            assert_eq!(fold_name(a), fold_name(b), "{a}");
        }
    }

    #[test]
    fn spans_lead_back_to_the_exact_words() {
        let folded = Folded::new("在東\u{200B}方公寓，Ｋ歌");
        let start = folded.text.find("东").unwrap();
        let end = folded.text.find(',').unwrap();
        assert_eq!(folded.words(start..end), "東\u{200B}方公寓");
        assert_eq!(folded.words(start..start), "");
    }

    proptest! {
        #[test]
        fn any_span_is_a_part_of_the_original(text in "\\PC{0,40}") {
            let folded = Folded::new(&text);
            let cuts: Vec<usize> = folded.text.char_indices().map(|(at, _)| at).chain([folded.text.len()]).collect();
            for (i, start) in cuts.iter().enumerate() {
                for end in &cuts[i..] {
                    prop_assert!(text.contains(folded.words(*start..*end)));
                }
            }
        }
    }
}
