//! The times that a message tells, against its own date, in the zone of the product.
//!
//! Scans once for pieces (`words`, `english`, `date`, `clock`, `ago`), puts neighbours together
//! (`phrase`) and resolves each phrase (`resolve`). Knows nothing of places or categories.

mod ago;
mod clock;
mod cursor;
mod date;
mod english;
mod number;
mod phrase;
mod piece;
mod resolve;
mod words;

use super::TimeReading;
use super::fold::Folded;
use crate::domain::id::Millis;
use chrono::{LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use cursor::Cursor;
use piece::{Kind, Piece};
use std::ops::Range;
use std::sync::LazyLock;

/// So many times at most are read from one message.
const MOST: usize = 24;
/// So many pieces at most, and so many numbers, are looked at: what holds more is a table.
const MOST_PIECES: usize = 256;
const MOST_NUMBERS: usize = 1000;

/// The words are the same in every town.
static WORDS: LazyLock<words::Words> = LazyLock::new(words::Words::new);

/// Reads times.
#[derive(Debug)]
pub struct TimeReader {
    words: &'static words::Words,
    zone: Tz,
}

/// A time with the place of its words in the folded text.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTime {
    /// Where.
    pub span: Range<usize>,
    /// What.
    pub reading: TimeReading,
}

impl TimeReader {
    /// A reader for messages written in `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { words: &WORDS, zone }
    }

    /// The times told in a message of the moment `at`, in the order of the text. Nothing is read inside `masked`
    /// (links, codes), stretches of the folded text in order.
    pub fn read(&self, folded: &Folded<'_>, at: Millis, masked: &[Range<usize>]) -> Vec<FoundTime> {
        let pieces = self.scan(folded, masked);
        if pieces.is_empty() {
            return Vec::new();
        }
        let usual = pieces.iter().any(|piece| piece.kind == Kind::Every);
        let now = at.utc().with_timezone(&self.zone).naive_local();
        phrase::assemble(&folded.text, &pieces)
            .into_iter()
            .take(MOST)
            .filter_map(|phrase| {
                let habit = usual || is_habit(&folded.text, phrase.span.end);
                let local = resolve::resolve(&phrase, now, habit)?;
                let start = if phrase.now { at } else { self.instant(local.start)? };
                let end = match local.end {
                    Some(end) if end == now => Some(at),
                    Some(end) => Some(self.instant(end)?),
                    None => None,
                };
                let reading = TimeReading {
                    text: folded.words(&phrase.span).to_owned(),
                    start,
                    end: end.filter(|end| *end > start),
                    grain: local.grain,
                };
                Some(FoundTime { span: phrase.span, reading })
            })
            .collect()
    }

    /// A local time as an instant; one that a clock change skipped is an hour later.
    fn instant(&self, local: NaiveDateTime) -> Option<Millis> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.into()),
            LocalResult::None => {
                self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest().map(Into::into)
            }
        }
    }

    fn scan(&self, folded: &Folded<'_>, masked: &[Range<usize>]) -> Vec<Piece> {
        let text = folded.text.as_str();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut words = self.words.find(text).peekable();
        let mut masks = masked.iter().peekable();
        let mut numbers = 0;
        let mut at = 0;
        while at < text.len() && pieces.len() < MOST_PIECES && numbers < MOST_NUMBERS {
            while masks.peek().is_some_and(|mask| mask.end <= at) {
                masks.next();
            }
            if let Some(mask) = masks.peek().filter(|mask| mask.start <= at) {
                at = mask.end;
                continue;
            }
            while words.peek().is_some_and(|(span, _)| span.start < at) {
                words.next();
            }
            let cursor = Cursor { text, at };
            let character = cursor.peek().expect("at is before the end");
            let word = words.next_if(|(span, _)| span.start == at);
            let (found, skip) = if let Some((span, index)) = word {
                let end = span.end;
                (self.words.read(text, span, index), end)
            } else if character.is_ascii_lowercase() {
                let mut run = cursor;
                run.word();
                let glued = cursor.behind().is_some_and(|c| c.is_ascii_alphanumeric());
                (if glued { None } else { english::piece_at(cursor) }, run.at)
            } else if character == '差' {
                let clock = clock::parse_short_of(cursor);
                let one = at + character.len_utf8();
                (clock.map(|(clock, end)| Piece::new(at..end, Kind::Clock(clock))), one)
            } else if number::is_numeral(character) || ago::may_start_zh(character) {
                numbers += 1;
                number_piece(folded, cursor, pieces.last())
            } else {
                (None, at + character.len_utf8())
            };
            at = match found {
                Some(piece) => {
                    let end = piece.span.end.max(at + character.len_utf8());
                    pieces.push(piece);
                    end
                }
                None => skip,
            };
        }
        pieces
    }
}

/// What a number says of time, and where to go on if nothing.
fn number_piece(folded: &Folded<'_>, cursor: Cursor<'_>, last: Option<&Piece>) -> (Option<Piece>, usize) {
    let (text, at) = (cursor.text, cursor.at);
    let one = at + cursor.peek().map_or(1, char::len_utf8);
    let free = last.map_or(0, |piece| piece.span.end);
    if let Some((ago, start, end)) = ago::parse_zh(cursor) {
        return (Some(Piece::new(start.max(free)..end, Kind::Ago(ago))), end);
    }
    let Some(first) = number::number_at(text, at) else {
        let run = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        return (None, if run > 0 { at + run } else { one });
    };
    let after = Cursor { text, at: first.end };
    let behind = cursor.behind();
    let part_of_more = behind
        .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '第' | '#' | '_' | '$' | '¥' | '￥'))
        || !first.han && behind == Some('.') && text[..at - 1].ends_with(|c: char| c.is_ascii_digit());
    if part_of_more {
        return (None, first.end);
    }
    let dated = date::parse_number(after, first, at).map(|(day, end)| Piece::day(at..end, day));
    if let Some(piece) = dated {
        let end = piece.span.end;
        return (Some(piece), end);
    }
    let traditional = folded
        .is_traditional(&(first.end..text[first.end..].chars().next().map_or(first.end, |c| first.end + c.len_utf8())));
    if let Some((clock, end)) = clock::parse_zh(after, first, traditional) {
        if end != usize::MAX {
            return (Some(Piece::new(at..end, Kind::Clock(clock))), end);
        }
        // 一点 and 一时 are a clock only beside a day or a part of one.
        let end = first.end + text[first.end..].trim_start_matches(' ').chars().next().map_or(0, char::len_utf8);
        let beside = last.is_some_and(|piece| piece.span.end == at && matches!(piece.kind, Kind::When { .. }));
        let piece = beside.then(|| Piece::new(at..end, Kind::Clock(clock)));
        return (piece, end);
    }
    if !first.han {
        let asked = english::is_asked(cursor);
        if let Some((clock, end)) = clock::parse_digits(after, first, asked) {
            return (Some(Piece::new(at..end, Kind::Clock(clock))), end);
        }
        if let Some((ago, end)) = ago::parse_en(cursor) {
            return (Some(Piece::new(at..end, Kind::Ago(ago))), end);
        }
        if let Some((clock, end, true)) = clock::parse_words(cursor) {
            return (Some(Piece::new(at..end, Kind::Clock(clock))), end);
        }
    }
    if let Some(piece) = english::weeks_back(cursor) {
        let end = piece.span.end;
        return (Some(piece), end);
    }
    (bare_number(cursor, first, free), first.end)
}

/// A number that is a clock time if what stands beside it says so.
fn bare_number(cursor: Cursor<'_>, first: number::Number, free: usize) -> Option<Piece> {
    let after = Cursor { text: cursor.text, at: first.end };
    if first.value > 24 || first.width > 2 || first.loose {
        return None;
    }
    let ahead = after.rest().trim_start_matches(' ');
    let linked = ["到", "至", "~", "-", "to ", "and ", "till ", "until "].iter().any(|link| ahead.starts_with(link));
    if first.han && !linked {
        return None;
    }
    if after.goes_on() && !linked {
        return None;
    }
    let before = cursor.before();
    let from = before
        .rfind(|c: char| !c.is_ascii_lowercase())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let numbered = [
        "building",
        "block",
        "room",
        "unit",
        "tower",
        "floor",
        "no",
        "number",
        "bus",
        "route",
        "gate",
        "flat",
        "line",
        "exit",
        "apt",
        "house",
        "lane",
        "platform",
        "level",
        "bay",
        "page",
        "channel",
        "shop",
        "stall",
        "aged",
        "age",
        "apartment",
        "booth",
        "pole",
        "camera",
        "entrance",
        "stairwell",
        "staircase",
        "lot",
        "zone",
        "section",
        "locker",
        "plate",
        "seat",
        "table",
        "phase",
        "ward",
        "bed",
    ];
    if numbered.contains(&&before[from..])
        || before.ends_with(['-', '/', '+', '*', '栋', '楼', '座', '.'])
            && before.len() == cursor.at
            && before.len() != free + 1
    {
        return None;
    }
    let asked = english::is_asked(cursor);
    Some(Piece::new(cursor.at..first.end, Kind::Number { value: first.value, asked }))
}

/// Whether what follows a part of the day says how things usually are (晚上很黑).
fn is_habit(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start_matches([' ', ',']);
    [
        "很",
        "太",
        "都",
        "总",
        "老",
        "会",
        "不",
        "经常",
        "特别",
        "黑",
        "看不",
        "没灯",
        "没有灯",
        "也",
        "容易",
        "睡",
        "常",
        "没法",
        "根本",
    ]
    .iter()
    .any(|word| rest.starts_with(word))
}

#[cfg(test)]
mod tests;
