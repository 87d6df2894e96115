//! Pieces that stand together make one phrase: 昨晚 + 8点半, Friday + at 4pm, 8点 + 到 + 9点.

use super::cursor::Cursor;
use super::piece::{Clock, Day, Half, Kind, Month, Part, Piece};
use std::ops::Range;

/// Words about one time, put together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Phrase {
    /// Where in the folded text.
    pub span: Range<usize>,
    /// Which day.
    pub day: Option<Day>,
    /// Which part of it.
    pub part: Option<Part>,
    /// Which time of day.
    pub clock: Option<Clock>,
    /// A number that may be a clock time.
    pub number: Option<(u32, bool)>,
    /// So long ago.
    pub ago: Option<super::piece::Ago>,
    /// The message's own moment.
    pub now: bool,
    /// Again and again.
    pub every: bool,
    /// Not yet.
    pub future: bool,
    /// From then until now.
    pub since: bool,
    /// Said to be about then.
    pub vague: bool,
    /// Something in it says time by itself.
    pub strong: bool,
    /// The other end of a range.
    pub until: Option<Box<Phrase>>,
}

/// How two pieces are joined by the text between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Directly.
    Tight,
    /// By spaces, a comma, `at`, 的.
    Loose,
    /// 到, -, to.
    Range,
    /// Not at all.
    Apart,
}

fn join(text: &str, from: usize, to: usize, between: bool) -> Join {
    if from > to {
        return Join::Apart;
    }
    let gap = &text[from..to];
    if gap.is_empty() {
        return Join::Tight;
    }
    if gap.len() > 24 || gap.contains('\n') {
        return Join::Apart;
    }
    match gap.trim_matches(|c| matches!(c, ' ' | ',' | '(' | ')' | '"' | '|' | '∙' | '·')) {
        "" | "的" | "在" | "at" | "on" | "in" | "in the" | "of" | "around" | "about" | "for" | "around the"
        | "on the" | "大约" | "大概" | "约" | "差不多" | "from" | "between" | "从" | "at about" | "at around"
        | "那天" | "当天" | "那晚" | "by" | "是" | "the" | "at like" | "just after" | "just before" | "左右" | "快"
        | "快到" | "将近" | "接近" | "差唔多" | "大概是" | "大约是" | "时候" | "'s" | "里" | "我" => {
            Join::Loose
        }
        "到" | "至" | "~" | "-" | "--" | "to" | "until" | "till" | "til" | "直到" | "一直到" | "到了" | "through" => {
            Join::Range
        }
        "and" if between => Join::Range,
        _ => Join::Apart,
    }
}

/// Puts pieces together, in the order of the text.
pub(super) fn assemble(text: &str, pieces: &[Piece]) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    let mut next = 0;
    while next < pieces.len() {
        let (mut phrase, mut after) = group(text, pieces, next);
        let between = text[..phrase.span.start].trim_end_matches(' ').ends_with("between")
            || text[phrase.span.clone()].contains("between")
            || text[..phrase.span.start].trim_end_matches(['\'', '"', ' ']).ends_with("between");
        if after < pieces.len() && join(text, phrase.span.end, pieces[after].span.start, between) == Join::Range {
            let (right, end) = group(text, pieces, after);
            if let Some(range) = range(text, &phrase, right) {
                (phrase, after) = (range, end);
            } else if phrase.future {
                // 明天9点到11点 is not yet, to its end.
                after = end;
            }
        }
        if phrase.settle(text) {
            phrase.around(text);
            phrases.push(phrase);
        }
        next = after;
    }
    phrases
}

/// The phrase that begins with the piece `first`, and which piece comes after it.
fn group(text: &str, pieces: &[Piece], first: usize) -> (Phrase, usize) {
    let mut phrase = Phrase { span: pieces[first].span.clone(), ..Phrase::default() };
    phrase.take(text, &pieces[first], Join::Tight);
    let mut next = first + 1;
    while let Some(piece) = pieces.get(next) {
        let join = join(text, phrase.span.end, piece.span.start, false);
        if !matches!(join, Join::Tight | Join::Loose) || !phrase.take(text, piece, join) {
            break;
        }
        phrase.span.end = piece.span.end;
        next += 1;
    }
    (phrase, next)
}

impl Phrase {
    /// Takes a piece in, if it has a place for it.
    fn take(&mut self, text: &str, piece: &Piece, join: Join) -> bool {
        let alone =
            self.day.is_none() && self.part.is_none() && self.clock.is_none() && self.number.is_none() && !self.every;
        if self.now || self.ago.is_some() {
            return false;
        }
        match piece.kind {
            Kind::When { day, part, weak } => {
                let han = !text[piece.span.clone()].is_ascii();
                if weak && han && join != Join::Tight {
                    return false;
                }
                // 8点 晚上: a Chinese part of the day stands before its clock.
                if han && day.is_none() && self.clock.is_some() && join != Join::Tight {
                    return false;
                }
                let days = match (self.day, day) {
                    (None, day) | (day, None) => day,
                    (Some(Day::Week { .. }), Some(day @ Day::Date { .. })) => Some(day),
                    (Some(day @ Day::Date { .. }), Some(Day::Week { .. })) => Some(day),
                    (Some(Day::Offset(0)), Some(day @ (Day::Week { weeks: None, .. } | Day::Date { .. }))) => {
                        let _ = day;
                        Some(Day::Offset(0))
                    }
                    (Some(day @ Day::Date { .. }), Some(Day::Offset(0))) if part.is_none() => Some(day),
                    (Some(Day::Recent(_)), Some(day)) => Some(day),
                    _ => return false,
                };
                let parts = match (self.part, part) {
                    (None, part) | (part, None) => part,
                    (Some(first), Some(Part::SmallHours)) if first.is_night() => Some(Part::LowerNight),
                    (Some(first), Some(second)) => Some(if self.clock.is_some() { first } else { second }),
                };
                (self.day, self.part) = (days, parts);
                self.strong |= !weak;
                true
            }
            Kind::Clock(clock) => {
                if self.clock.is_some() || self.number.is_some() {
                    return false;
                }
                self.clock = Some(clock);
                self.strong = true;
                true
            }
            Kind::Number { value, asked } => {
                if self.clock.is_some() || self.number.is_some() {
                    return false;
                }
                self.number = Some((value, asked));
                true
            }
            Kind::Ago(ago) if alone && !self.future => {
                self.ago = Some(ago);
                self.strong = true;
                true
            }
            Kind::Now if alone && !self.future => {
                self.now = true;
                self.strong = true;
                true
            }
            Kind::Every => {
                self.every = true;
                self.strong = true;
                true
            }
            Kind::Future => {
                self.future = true;
                true
            }
            Kind::Ago(_) | Kind::Now => false,
        }
    }

    /// Decides what a bare number is, and whether anything is said at all.
    fn settle(&mut self, text: &str) -> bool {
        if let Some((value, asked)) = self.number.take() {
            let cursor = Cursor { text, at: self.span.end };
            let beside = self.part.is_some() || self.strong && self.day.is_some() && cursor.ends_a_clock();
            if asked && cursor.ends_a_clock() || beside {
                self.clock = Some(Clock::hour(value));
                self.strong = true;
            } else if !self.strong {
                return false;
            }
        }
        if self.day.is_none() && self.part == Some(Part::WholeNight) {
            return true;
        }
        self.strong || self.day.is_some() && (self.part.is_some() || self.clock.is_some())
    }

    /// Looks at the words around: since, about.
    fn around(&mut self, text: &str) {
        let before = text[..self.span.start].trim_end_matches(' ');
        let after = text[self.span.end..].trim_start_matches(' ');
        self.since = before.ends_with("since")
            || before.ends_with('从') && (after.starts_with("开始") || after.starts_with('起'));
        self.vague = ["左右", "前后", "上下", "or so", "ish"].iter().any(|word| after.starts_with(word))
            || [
                "大约",
                "大概",
                "差不多",
                "约",
                "about",
                "around",
                "approximately",
                "roughly",
                "like",
                "nearly",
                "almost",
                "快",
            ]
            .iter()
            .any(|word| before.ends_with(word))
            || ["大概", "大约", "around", "about"].iter().any(|word| text[self.span.clone()].contains(word));
    }
}

/// Two phrases with 到 between them as one, if they are two ends of one time.
fn range(text: &str, left: &Phrase, mut right: Phrase) -> Option<Phrase> {
    let mut left = left.clone();
    if left.future || right.future || left.ago.is_some() || right.ago.is_some() || left.now {
        return None;
    }
    let ends = Cursor { text, at: right.span.end };
    match (left.number.take(), right.number.take()) {
        (Some((value, _)), None) => {
            let clock = right.clock?;
            left.clock = Some(Clock { half: None, ..Clock::hour(value) });
            let _ = clock;
        }
        (None, Some((value, _))) => match left.day {
            // November 19-20
            Some(Day::Date { month: Some(_), .. }) if left.clock.is_none() && left.part.is_none() => {
                right.day = Some(Day::Date { year: None, month: None, day: value });
            }
            _ if left.clock.is_some()
                && (ends.ends_a_clock() || !text[ends.at..].starts_with(|c: char| c.is_ascii_alphanumeric())) =>
            {
                right.clock = Some(Clock::hour(value));
            }
            _ => return None,
        },
        (Some((first, asked)), Some((second, _))) => {
            let told = asked || left.day.is_some() || left.part.is_some() || right.part.is_some();
            if !told || !ends.ends_a_clock() && right.part.is_none() {
                return None;
            }
            left.clock = Some(Clock::hour(first));
            right.clock = Some(Clock::hour(second));
        }
        (None, None) => {}
    }
    if right.now {
        left.since = true;
        left.span.end = right.span.end;
        left.strong = true;
        return (left.clock.is_some() || left.day.is_some()).then_some(left);
    }
    if left.clock.is_some() != right.clock.is_some() {
        return None;
    }
    if left.clock.is_none()
        && (left.day.is_none() || right.day.is_none())
        && !(left.part.is_some() && right.part.is_some())
    {
        return None;
    }
    if left.clock.is_none() {
        if let (Some(Day::Date { year, month, .. }), Some(Day::Date { month: None, day, .. })) = (left.day, right.day) {
            right.day = Some(Day::Date { year, month, day });
        }
        if let (
            Some(Day::Date { year: None, month: Some(Month::Number(_)), day }),
            Some(Day::Date { year: Some(year), month: Some(Month::Number(later)), .. }),
        ) = (left.day, right.day)
        {
            left.day = Some(Day::Date {
                year: Some(year),
                month: left.day.and_then(month_of).or(Some(Month::Number(later))),
                day,
            });
        }
    }
    if left.day.is_none() {
        left.day = right.day.take();
    }
    if left.part.is_none()
        && left.clock.is_some_and(|clock| clock.half.is_none())
        && right.clock.is_some_and(|clock| clock.half.is_none())
    {
        let after = right.part.filter(|_| left.clock.is_some_and(|clock| clock.hour <= 12));
        let (from, to) = (left.clock.map_or(0, |clock| clock.hour), right.clock.map_or(0, |clock| clock.hour));
        left.part = after.filter(|_| from <= to);
    }
    if right.part.is_none() && right.day.is_none() {
        let same = left.clock.zip(right.clock).is_some_and(|(from, to)| from.hour <= to.hour || from.hour == 12);
        right.part = left.part.filter(|part| same && *part != Part::Noon && to_half(right.clock).is_none());
    }
    left.span.end = right.span.end;
    left.every |= right.every;
    left.strong = true;
    left.until = Some(Box::new(right));
    Some(left)
}

fn month_of(day: Day) -> Option<Month> {
    match day {
        Day::Date { month, .. } => month,
        _ => None,
    }
}

fn to_half(clock: Option<Clock>) -> Option<Half> {
    clock.and_then(|clock| clock.half)
}
