//! A place in folded text, and the small steps forward that the readers of time are made of.

use super::number::{self, Number};

/// Where a reader stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    /// The folded text.
    pub text: &'t str,
    /// Byte offset, on a character boundary.
    pub at: usize,
}

impl<'t> Cursor<'t> {
    /// What is ahead.
    pub fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The character ahead.
    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character behind.
    pub fn behind(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    /// What is behind without trailing spaces.
    pub fn before(&self) -> &'t str {
        self.text[..self.at].trim_end_matches(' ')
    }

    /// Steps over `word` if it is next.
    pub fn eat(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// Steps over the first of `words` that is next.
    pub fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    /// Steps over spaces.
    pub fn spaces(&mut self) {
        while self.eat(" ") {}
    }

    /// Steps over an English word (letters only) and gives it.
    pub fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let len = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        self.at += len;
        &rest[..len]
    }

    /// The English word ahead, after spaces, without stepping.
    pub fn peek_word(&self) -> &'t str {
        let mut ahead = *self;
        ahead.spaces();
        ahead.word()
    }

    /// Steps over spaces and one of `words`, if it is the whole next English word.
    pub fn eat_word(&mut self, words: &[&str]) -> bool {
        let mut ahead = *self;
        ahead.spaces();
        let is_next = words.contains(&ahead.word());
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// Steps over a number in digits or Chinese numerals.
    pub fn number(&mut self) -> Option<Number> {
        let number = number::number_at(self.text, self.at)?;
        self.at = number.end;
        Some(number)
    }

    /// Steps over exactly as many digits as asked for, with no digit after them.
    pub fn digits(&mut self, widths: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let rest = self.rest();
        let width = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !widths.contains(&width) {
            return None;
        }
        self.at += width;
        rest[..width].parse().ok()
    }

    /// An English cardinal, as words (`twenty one`) or digits.
    pub fn cardinal(&mut self) -> Option<u32> {
        let mut ahead = *self;
        ahead.spaces();
        if ahead.peek().is_some_and(|c| c.is_ascii_digit()) {
            let value = ahead.digits(1..=4)?;
            *self = ahead;
            return Some(value);
        }
        let tens = number::english(ahead.word())?;
        *self = ahead;
        if tens >= 20 {
            let mut more = ahead;
            if !more.eat("-") {
                more.spaces();
            }
            if let Some(units) = number::english(more.word()).filter(|units| *units < 10) {
                *self = more;
                return Some(tens + units);
            }
        }
        Some(tens)
    }

    /// Whether a number, letter or decimal goes on here, so that what was read is part of something longer.
    pub fn goes_on(&self) -> bool {
        let mut ahead = self.rest().chars();
        match ahead.next() {
            Some(c) if c.is_ascii_alphanumeric() => true,
            Some('.' | ':' | '-' | '/') => ahead.next().is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        }
    }
}
