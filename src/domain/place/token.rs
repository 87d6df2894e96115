//! The tokens of written coordinates: numbers, marks, hemispheres, labels.
//!
//! Owns the cutting of folded text; knows no grammar. Called by `coordinates`.

use super::fold::overlapping;
use std::ops::Range;

/// Latitude or longitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// North and south.
    Lat,
    /// East and west.
    Lon,
}

impl Axis {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Lat => Self::Lon,
            Self::Lon => Self::Lat,
        }
    }
}

/// A number: digits, perhaps with dots between.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    /// Its value when it has at most one dot.
    pub value: f64,
    /// Runs of digits between dots: 1 for an integer, 2 for a decimal, 3 or 4 for `27.15.45.2`.
    pub parts: usize,
    /// Digits in all.
    pub digits: usize,
    /// Digits before the first dot.
    pub whole_digits: usize,
    /// Digits behind the dot.
    pub decimals: usize,
    pieces: [f64; 4],
    last_digits: usize,
}

impl Number {
    /// `27.15.45` and `27.15.45.2` as degrees, minutes, seconds.
    pub fn dotted(&self) -> Option<(f64, f64, f64)> {
        match self.parts {
            3 => Some((self.pieces[0], self.pieces[1], self.pieces[2])),
            4 => Some((
                self.pieces[0],
                self.pieces[1],
                self.pieces[2] + self.pieces[3] / 10f64.powi(self.last_digits as i32),
            )),
            _ => None,
        }
    }
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A number.
    Number(Number),
    /// N, S, E, W, 北纬 …: the axis and whether it counts positive.
    Hemisphere(Axis, bool),
    /// lat, 经度 …
    Label(Axis),
    /// °, d, 度
    Degree,
    /// ', m, 分
    Minute,
    /// ", '', 秒
    Second,
    /// -
    Minus,
    /// : or =
    Colon,
    /// , ; / |
    Separator(char),
    /// Brackets and words that say nothing here.
    Quiet,
    /// Anything else: ends every pair.
    Other,
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Range<usize>,
    /// Whether a blank stands before it.
    pub spaced: bool,
    /// Whether it is spelled with a letter (`26m`, not `26'`).
    pub letter: bool,
}

impl Token {
    /// Whether a pair can begin with it.
    pub fn can_begin(&self) -> bool {
        matches!(self.kind, TokenKind::Number(_) | TokenKind::Hemisphere(..) | TokenKind::Label(_) | TokenKind::Minus)
    }
}

/// Words of Chinese that mean something, longest first.
const WORDS: &[(&str, TokenKind)] = &[
    ("北纬", TokenKind::Hemisphere(Axis::Lat, true)),
    ("南纬", TokenKind::Hemisphere(Axis::Lat, false)),
    ("东经", TokenKind::Hemisphere(Axis::Lon, true)),
    ("西经", TokenKind::Hemisphere(Axis::Lon, false)),
    ("纬度", TokenKind::Label(Axis::Lat)),
    ("经度", TokenKind::Label(Axis::Lon)),
    ("度", TokenKind::Degree),
    ("分", TokenKind::Minute),
    ("秒", TokenKind::Second),
    ("是", TokenKind::Quiet),
    ("为", TokenKind::Quiet),
];

/// Cuts a folded text. Skipped spans count as one strange token each.
pub(super) fn tokens(text: &str, skip: &[Range<usize>]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    let mut spaced = false;
    while let Some(c) = text[at..].chars().next() {
        if let Some(span) = overlapping(skip, &(at..at + 1)) {
            push_other(&mut tokens, at..span.end, spaced);
            (at, spaced) = (span.end, false);
            continue;
        }
        if c.is_whitespace() {
            at += c.len_utf8();
            spaced = true;
            continue;
        }
        let rest = &text[at..];
        let (kind, length) = if c.is_ascii_digit() {
            number(rest)
        } else if c.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            (latin(&rest[..end]), end)
        } else if let Some((word, kind)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            (kind.clone(), word.len())
        } else {
            match c {
                '°' => (TokenKind::Degree, c.len_utf8()),
                '\'' if rest.starts_with("''") => (TokenKind::Second, 2),
                '\'' => (TokenKind::Minute, 1),
                '"' => (TokenKind::Second, 1),
                '-' => (TokenKind::Minus, 1),
                ':' | '=' => (TokenKind::Colon, 1),
                ',' | ';' | '/' | '|' => (TokenKind::Separator(c), 1),
                '(' | ')' | '[' | ']' | '{' | '}' | '+' => (TokenKind::Quiet, 1),
                _ => (TokenKind::Other, c.len_utf8()),
            }
        };
        let letter = c.is_ascii_alphabetic();
        if kind == TokenKind::Other {
            push_other(&mut tokens, at..at + length, spaced);
        } else {
            tokens.push(Token { kind, span: at..at + length, spaced, letter });
        }
        at += length;
        spaced = false;
    }
    tokens
}

/// Strange characters in a row are one token: a long message makes few of them.
fn push_other(tokens: &mut Vec<Token>, span: Range<usize>, spaced: bool) {
    match tokens.last_mut() {
        Some(last) if last.kind == TokenKind::Other => last.span.end = span.end,
        _ => tokens.push(Token { kind: TokenKind::Other, span, spaced, letter: false }),
    }
}

fn latin(word: &str) -> TokenKind {
    match word {
        "n" | "north" => TokenKind::Hemisphere(Axis::Lat, true),
        "s" | "south" => TokenKind::Hemisphere(Axis::Lat, false),
        "e" | "east" => TokenKind::Hemisphere(Axis::Lon, true),
        "w" | "west" => TokenKind::Hemisphere(Axis::Lon, false),
        "lat" | "latitude" => TokenKind::Label(Axis::Lat),
        "lon" | "lng" | "long" | "longitude" => TokenKind::Label(Axis::Lon),
        "d" | "deg" | "degree" | "degrees" => TokenKind::Degree,
        "m" | "min" | "minute" | "minutes" => TokenKind::Minute,
        "sec" | "second" | "seconds" => TokenKind::Second,
        _ => TokenKind::Other,
    }
}

fn number(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let mut end = 0;
    let (mut parts, mut digits, mut whole_digits, mut run) = (1, 0, 0, 0);
    let mut pieces = [0.0f64; 4];
    loop {
        match bytes.get(end) {
            Some(digit @ b'0'..=b'9') => {
                digits += 1;
                run += 1;
                if parts <= 4 {
                    pieces[parts - 1] = pieces[parts - 1] * 10.0 + f64::from(digit - b'0');
                }
            }
            Some(b'.') if bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => {
                if parts == 1 {
                    whole_digits = run;
                }
                parts += 1;
                run = 0;
            }
            _ => break,
        }
        end += 1;
    }
    if parts == 1 {
        whole_digits = run;
    }
    if parts > 4 {
        return (TokenKind::Other, end);
    }
    let value = if parts <= 2 { rest[..end].parse().unwrap_or(f64::INFINITY) } else { pieces[0] };
    let decimals = if parts == 2 { run } else { 0 };
    (TokenKind::Number(Number { value, parts, digits, whole_digits, decimals, pieces, last_digits: run }), end)
}
