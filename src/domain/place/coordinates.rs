//! Coordinates written in words: decimal degrees, degrees-minutes-seconds, with marks in many forms.
//!
//! Owns the scanner of angles. Finds a pair inside a longer message and names the exact words; numbers
//! that could be prices, counts, dates or temperatures are none. Reads folded text; `geo:` addresses are
//! links and read there. Called by the gazetteer's `find_place`.

use super::token::{Axis, Token, TokenKind, tokens};
use super::{Datum, Wgs84};
use std::ops::Range;

/// A pair found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WrittenPoint {
    /// Where it stands in the folded text.
    pub span: Range<usize>,
    /// Latitude as written, degrees.
    pub lat: f64,
    /// Longitude as written, degrees.
    pub lon: f64,
    /// Radius in metres that the number of digits leaves open.
    pub accuracy_m: f64,
    /// The datum that the text names, WGS-84 if none.
    pub datum: Datum,
}

/// One angle as written.
#[derive(Debug, Clone, Copy)]
struct Angle {
    degrees: f64,
    negative: bool,
    axis: Option<Axis>,
    /// Which side a letter told (N/E positive), if one did; a label tells the axis only.
    side: Option<bool>,
    /// Size of the last digit, in degrees.
    step: f64,
    shape: Shape,
    /// A degree, minute or second mark stood by it.
    marked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// Plain degrees, with this many decimals.
    Decimal(usize),
    /// Degrees and minutes, perhaps seconds (count of numbers), set apart by marks, colons or dashes.
    Parts(usize),
    /// The same with blanks only.
    Loose(usize),
    /// `27.15.45`
    Dotted,
    /// `4025.0999N`
    Packed,
}

/// Beginnings of pairs that are tried in one message: many times what people write.
const MOST_TRIED: usize = 400;

/// The first pair of coordinates of a folded text. `skip` are spans (links) that are read elsewhere; `area`
/// settles which number is the latitude where both could be.
pub(super) fn find_coordinates(text: &str, skip: &[Range<usize>], area: Option<Wgs84>) -> Option<WrittenPoint> {
    // Two numbers of some length are the least that a pair takes.
    if text.bytes().filter(u8::is_ascii_digit).count() < 4 {
        return None;
    }
    let tokens = tokens(text, skip);
    let mut at = 0;
    let mut tried = 0;
    while at < tokens.len() && tried < MOST_TRIED {
        tried += usize::from(tokens[at].can_begin());
        if tokens[at].can_begin()
            && let Some((found, next)) = pair(text, &tokens, at, area)
        {
            if let Some(point) = found {
                return Some(point);
            }
            at = next.max(at + 1);
            continue;
        }
        at += 1;
    }
    None
}

/// A pair that begins at a token: what it says if it can be believed, and where to go on.
fn pair(text: &str, tokens: &[Token], at: usize, area: Option<Wgs84>) -> Option<(Option<WrittenPoint>, usize)> {
    let (first, mut next) = angle(tokens, at)?;
    let mut separator = None;
    while let Some(token) = tokens.get(next) {
        match token.kind {
            TokenKind::Separator(c) if separator.is_none() => separator = Some(c),
            TokenKind::Quiet => {}
            // The quote of a key: `{"lat":22.8,"lng":114.1}`.
            TokenKind::Second if separator.is_some() => {}
            _ => break,
        }
        next += 1;
    }
    let spaced = tokens.get(next).is_some_and(|token| token.spaced);
    let (second, end) = angle(tokens, next)?;
    if separator.is_none() && !spaced && first.side.is_none() && first.axis.is_none() && !first.marked {
        return None;
    }
    let span = tokens[at].span.start..tokens[end - 1].span.end;
    let whole = text.trim() == text[span.clone()].trim();
    if is_in_list(tokens, at, end) || is_priced(text, &span, &first, &second) {
        return Some((None, at + 1));
    }
    let Some((lat, lon)) = axes(&first, &second, whole, separator, area) else {
        return Some((None, at + 1));
    };
    let point = Wgs84::new(lat, lon).map(|at| WrittenPoint {
        span,
        lat: at.lat,
        lon: at.lon,
        accuracy_m: (first.step.max(second.step) * 111_195.0).round().clamp(10.0, 5_000.0),
        datum: named_datum(text),
    });
    Some((point, end))
}

/// Which angle is which, with signs, if the pair can be believed.
fn axes(
    first: &Angle,
    second: &Angle,
    whole: bool,
    separator: Option<char>,
    area: Option<Wgs84>,
) -> Option<(f64, f64)> {
    let told = match (first.axis, second.axis) {
        (Some(a), Some(b)) if a == b => return None,
        (Some(a), _) => Some(a),
        (None, Some(b)) => Some(b.other()),
        (None, None) => None,
    };
    let both_told = first.axis.is_some() && second.axis.is_some();
    if ![first, second].iter().all(|angle| angle.is_believed(both_told, whole)) {
        return None;
    }
    if !both_told {
        let low = decimals(first).min(decimals(second));
        let signed = first.negative || second.negative;
        let believed = match (first.shape, second.shape) {
            (Shape::Decimal(_), Shape::Decimal(_)) => {
                low >= 4
                    || low >= 3 && (signed || first.degrees.max(second.degrees) >= 60.0)
                    || low >= 1 && signed && whole
            }
            (Shape::Parts(a), Shape::Parts(b)) => first.marked && second.marked && a == b,
            (Shape::Loose(3), Shape::Loose(3)) => separator == Some(',') && low >= 1,
            (Shape::Dotted, Shape::Dotted) => whole && signed,
            _ => false,
        };
        if !believed {
            return None;
        }
    }
    let (a, b) = (first.signed(), second.signed());
    let lat_first = match told {
        Some(axis) => axis == Axis::Lat,
        None if a.abs() > 90.0 => false,
        None if b.abs() > 90.0 => true,
        None => match area {
            // Both numbers could be either: the reading near the group's own area, if only one is.
            Some(area) => {
                let near = |lat, lon| Wgs84::new(lat, lon).is_some_and(|at| at.distance_m(area) < 300_000.0);
                !near(b, a) || near(a, b)
            }
            None => true,
        },
    };
    Some(if lat_first { (a, b) } else { (b, a) })
}

impl Angle {
    fn signed(&self) -> f64 {
        let south_or_west = self.side == Some(false);
        if self.negative || south_or_west { -self.degrees } else { self.degrees }
    }

    /// Whether the angle by itself looks like a part of a coordinate.
    fn is_believed(&self, both_told: bool, whole: bool) -> bool {
        match self.shape {
            Shape::Decimal(0) => both_told && self.marked,
            Shape::Decimal(n) => !both_told || self.marked || whole || n >= 3 || n >= 2 && self.side.is_none(),
            Shape::Parts(_) | Shape::Dotted | Shape::Loose(_) => true,
            Shape::Packed => both_told,
        }
    }
}

/// Decimals of the last number of an angle.
fn decimals(angle: &Angle) -> usize {
    let per_degree = match angle.shape {
        Shape::Decimal(n) => return n,
        Shape::Parts(2) | Shape::Loose(2) | Shape::Packed => 60.0,
        _ => 3600.0,
    };
    if angle.step * per_degree < 0.99 { 1 } else { 0 }
}

/// Whether the pair is a part of a longer row of decimal numbers: a list, not a place.
fn is_in_list(tokens: &[Token], at: usize, end: usize) -> bool {
    let is_decimal = |token: &Token| matches!(&token.kind, TokenKind::Number(n) if n.parts > 1);
    let separates = |token: &Token| matches!(token.kind, TokenKind::Separator(_) | TokenKind::Minus);
    let before = match at.checked_sub(1).map(|i| &tokens[i]) {
        Some(last) if separates(last) => at.checked_sub(2).map(|i| &tokens[i]),
        last => last,
    };
    let after = match tokens.get(end) {
        Some(next) if separates(next) => tokens.get(end + 1),
        next => next,
    };
    let signed_after = match after {
        Some(token) if token.kind == TokenKind::Minus => tokens.get(end + 2),
        other => other,
    };
    before.is_some_and(is_decimal) || signed_after.is_some_and(is_decimal)
}

/// Whether money or another unit stands by a pair that has no marks of its own.
fn is_priced(text: &str, span: &Range<usize>, first: &Angle, second: &Angle) -> bool {
    if first.axis.is_some() && second.axis.is_some() {
        return false;
    }
    let before = text[..span.start].trim_end().chars().next_back();
    let after = text[span.end..].trim_start().chars().next();
    before.is_some_and(|c| "¥$€£￥".contains(c))
        || after.is_some_and(|c| "元块毛斤克吨公米厘里平万亿%％℃".contains(c))
        || text[..span.start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        || text[span.end..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The datum that the words of a message name.
fn named_datum(text: &str) -> Datum {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["bd09", "bd-09", "百度坐标"]) {
        Datum::Bd09
    } else if says(&["gcj02", "gcj-02", "火星坐标", "高德坐标", "腾讯坐标"]) {
        Datum::Gcj02
    } else {
        Datum::Wgs84
    }
}

/// One angle from a token on, and the token after it.
fn angle(tokens: &[Token], at: usize) -> Option<(Angle, usize)> {
    let mut next = at;
    let (mut axis, mut side) = (None, None);
    match tokens.get(next)?.kind {
        TokenKind::Hemisphere(a, positive) => {
            (axis, side) = (Some(a), Some(positive));
            next += 1;
        }
        TokenKind::Label(a) => {
            axis = Some(a);
            next += 1;
            while matches!(tokens.get(next)?.kind, TokenKind::Colon | TokenKind::Quiet | TokenKind::Second) {
                next += 1;
            }
            if let TokenKind::Hemisphere(a, positive) = tokens[next].kind {
                (axis, side) = (Some(a), Some(positive));
                next += 1;
            }
        }
        _ => {}
    }
    while side.is_some() && matches!(tokens.get(next)?.kind, TokenKind::Colon | TokenKind::Quiet) {
        next += 1;
    }
    let mut negative = false;
    if matches!(tokens.get(next)?.kind, TokenKind::Minus) {
        // A sign touches its number; between two numbers it is a dash.
        let after_number =
            next > at || !matches!(at.checked_sub(1).map(|i| &tokens[i].kind), Some(TokenKind::Number(_)));
        if tokens.get(next + 1)?.spaced || !(after_number || tokens[next].spaced) {
            return None;
        }
        negative = true;
        next += 1;
    }
    let (mut read, mut next) = numbers(tokens, next)?;
    read.negative = negative;
    (read.axis, read.side) = (axis, side);
    if axis.is_none()
        && let Some(token) = tokens.get(next)
        && let TokenKind::Hemisphere(a, positive) = token.kind
        // A letter that a number follows at once belongs to that number, unless it touches this one.
        && (!token.spaced || !begins_number(tokens, next + 1) || tokens[next + 1].spaced)
    {
        (read.axis, read.side) = (Some(a), Some(positive));
        next += 1;
    }
    if let Shape::Packed = read.shape
        && read.axis.is_none()
    {
        return None;
    }
    let limit = if read.axis == Some(Axis::Lat) { 90.0 } else { 180.0 };
    (read.degrees <= limit).then_some((read, next))
}

fn begins_number(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| matches!(token.kind, TokenKind::Number(_)))
}

/// The numbers of one angle with the marks between them.
fn numbers(tokens: &[Token], at: usize) -> Option<(Angle, usize)> {
    let TokenKind::Number(first) = &tokens.get(at)?.kind else { return None };
    let blank = Angle {
        degrees: 0.0,
        negative: false,
        axis: None,
        side: None,
        step: 1.0,
        shape: Shape::Decimal(0),
        marked: false,
    };
    let mut next = at + 1;
    if first.parts >= 3 {
        let (degrees, minutes, seconds) = first.dotted()?;
        let step = if first.parts == 4 { 0.1 } else { 1.0 } / 3600.0;
        return Some((
            Angle { degrees: sexagesimal(degrees, minutes, seconds)?, step, shape: Shape::Dotted, ..blank },
            next,
        ));
    }
    // A decimal comma, only before a degree mark: `40,446195°`.
    if first.parts == 1
        && let (Some(comma), Some(fraction), Some(mark)) =
            (tokens.get(next), tokens.get(next + 1), tokens.get(next + 2))
        && comma.kind == TokenKind::Separator(',')
        && !comma.spaced
        && let TokenKind::Number(tail) = &fraction.kind
        && !fraction.spaced
        && tail.parts == 1
        && tail.digits >= 3
        && mark.kind == TokenKind::Degree
    {
        let degrees = format!("{}.{:0width$}", first.value, tail.value, width = tail.digits).parse().ok()?;
        let shape = Shape::Decimal(tail.digits);
        return Some((
            Angle { degrees, step: 0.1f64.powi(tail.digits as i32), shape, marked: true, ..blank },
            next + 3,
        ));
    }
    let mut values = [first.value, 0.0, 0.0];
    let mut count = 1;
    let mut last = first;
    let (mut marked, mut divided, mut lettered) = (false, false, false);
    loop {
        // The mark behind the number just read.
        let mark = tokens.get(next).map(|token| &token.kind);
        let mut touches = false;
        match (count, mark) {
            (1, Some(TokenKind::Degree)) => (marked, touches, next) = (true, true, next + 1),
            (2, Some(TokenKind::Minute)) => {
                // `40.5'` behind `18.33` is no minute of a decimal degree.
                (marked, touches, next) = (true, true, next + 1);
                lettered = tokens[next - 1].letter;
            }
            (2, Some(TokenKind::Hemisphere(Axis::Lat, false))) if lettered => {}
            (3, Some(TokenKind::Second)) => (marked, next) = (true, next + 1),
            (3, Some(TokenKind::Hemisphere(Axis::Lat, false))) if lettered && is_hemisphere(tokens, next + 1) => {
                next += 1
            }
            (1, Some(TokenKind::Minute | TokenKind::Second)) => return None,
            _ => {}
        }
        if count == 3 || last.parts > 1 {
            break;
        }
        // A divider: colon or dash that touches both sides, or nothing but a blank.
        let mut peek = next;
        let divider =
            matches!(tokens.get(peek).map(|t| (&t.kind, t.spaced)), Some((TokenKind::Colon | TokenKind::Minus, false)));
        if !touches && divider && tokens.get(peek + 1).is_some_and(|token| !token.spaced) {
            peek += 1;
        }
        let Some(Token { kind: TokenKind::Number(number), spaced, .. }) = tokens.get(peek) else { break };
        if number.parts > 2 || !(touches || peek > next || *spaced) {
            break;
        }
        divided |= peek > next;
        values[count] = number.value;
        count += 1;
        last = number;
        next = peek + 1;
    }
    let unit = [1.0, 60.0, 3600.0][count - 1];
    let step = 0.1f64.powi(last.decimals as i32) / unit;
    let shape = match count {
        1 if first.decimals > 0 && (4..=5).contains(&first.whole_digits) && first.value > 180.0 => Shape::Packed,
        1 => Shape::Decimal(first.decimals),
        n if marked || divided => Shape::Parts(n),
        n => Shape::Loose(n),
    };
    if shape == Shape::Packed {
        let degrees = (first.value / 100.0).trunc();
        let minutes = first.value - degrees * 100.0;
        return Some((Angle { degrees: sexagesimal(degrees, minutes, 0.0)?, step: step / 60.0, shape, ..blank }, next));
    }
    Some((Angle { degrees: sexagesimal(values[0], values[1], values[2])?, step, shape, marked, ..blank }, next))
}

fn is_hemisphere(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| matches!(token.kind, TokenKind::Hemisphere(..)))
}

/// Degrees from degrees, minutes and seconds; `None` if minutes or seconds reach 60.
fn sexagesimal(degrees: f64, minutes: f64, seconds: f64) -> Option<f64> {
    (minutes < 60.0 && seconds < 60.0).then_some(degrees + minutes / 60.0 + seconds / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::place::fold::Folded;
    use proptest::prelude::*;

    fn found(text: &str) -> Option<(String, f64, f64)> {
        let folded = Folded::new(text);
        find_coordinates(&folded.text, &[], None).map(|p| (folded.words(p.span).to_owned(), p.lat, p.lon))
    }

    #[test]
    fn pairs_are_found_in_messages() {
        for (text, words, lat, lon) in [
            ("路灯坏了 22.9512,114.0321 一闪一闪", "22.9512,114.0321", 22.9512, 114.0321),
            ("在２２．９５１２，１１４．０３２１这里", "２２．９５１２，１１４．０３２１", 22.9512, 114.0321),
            ("114.0321,22.9512", "114.0321,22.9512", 22.9512, 114.0321),
            ("(22.951, 114.032) 附近", "22.951, 114.032", 22.951, 114.032),
            ("北纬22.9512度，东经114.0321度有火", "北纬22.9512度，东经114.0321度", 22.9512, 114.0321),
            ("東經114.0321 北緯22.9512", "東經114.0321 北緯22.9512", 22.9512, 114.0321),
            ("纬度：22.9512 经度：114.0321", "纬度：22.9512 经度：114.0321", 22.9512, 114.0321),
            ("{\"lat\":22.9512,\"lng\":114.0321}", "lat\":22.9512,\"lng\":114.0321", 22.9512, 114.0321),
            ("北纬22度30分36秒 东经114度1分12秒", "北纬22度30分36秒 东经114度1分12秒", 22.51, 114.02),
            ("at 22°30'36\"N 114°1'12\"E now", "22°30'36\"N 114°1'12\"E", 22.51, 114.02),
            ("22°30′36″N, 114°1′12″E", "22°30′36″N, 114°1′12″E", 22.51, 114.02),
            ("N 22 30.6 E 114 1.2", "N 22 30.6 E 114 1.2", 22.51, 114.02),
            ("22:30:36N 114:1:12E", "22:30:36N 114:1:12E", 22.51, 114.02),
            ("2230.6N11401.2E", "2230.6N11401.2E", 22.51, 114.02),
            ("22.30.36S 114.1.12W", "22.30.36S 114.1.12W", -22.51, -114.02),
            ("-33.8688, 151.2093", "-33.8688, 151.2093", -33.8688, 151.2093),
            ("23 26m 22s S 23 27m 30s E", "23 26m 22s S 23 27m 30s E", -23.439_444, 23.458_333),
        ] {
            let Some((got, a, b)) = found(text) else { panic!("{text}: nothing found") };
            assert!((a - lat).abs() < 1e-5 && (b - lon).abs() < 1e-5, "{text}: {a} {b}");
            assert_eq!(got, words);
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "10,10",
            "鸡蛋3.8,4.2一斤",
            "原价128.5000,现价99.9000元",
            "体温38.5度 39.2度",
            "电话138-0000-0000",
            "身份证440000199001010000",
            "2026-11-03 12:30:15 14:20:10",
            "8点30分 3栋2单元",
            "E3座 S5楼",
            "1 2 3 4 5 6 7 8",
            "-40.4183318, 12.3455, 74.6411133",
            "1234.524234234, 1241.1541241234",
            "90°4'17.698\"S, 23°4'17.698\"E",
            "23°45'12.2''S 18.33'56.7''E",
            "40.1234° W 60.1234° W",
            "S 27.45.34 S 23.23.23",
            "192.168.10.11 10.0.0.1",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn the_area_settles_an_order_that_could_be_either() {
        let urumqi = Wgs84::new(43.8, 87.6);
        let read = |area| find_coordinates("87.6168,43.8256", &[], area).map(|p| (p.lat, p.lon));
        assert_eq!(read(None), Some((87.6168, 43.8256)));
        assert_eq!(read(urumqi), Some((43.8256, 87.6168)));
    }

    #[test]
    fn digits_and_words_tell_accuracy_and_datum() {
        let read = |text: &str| find_coordinates(text, &[], None).map(|p| (p.accuracy_m, p.datum));
        assert_eq!(read("22.95123,114.03214"), Some((10.0, Datum::Wgs84)));
        assert_eq!(read("高德坐标 22.951,114.032"), Some((111.0, Datum::Gcj02)));
        assert_eq!(read("bd09 22.95123,114.03214"), Some((10.0, Datum::Bd09)));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}|[0-9NSEW°'\".,:; /-]{0,40}|[0-9.度分秒北纬东经,]{0,30}") {
            if let Some((words, lat, lon)) = found(&text) {
                prop_assert!(text.contains(&words) && Wgs84::new(lat, lon).is_some());
            }
        }

        #[test]
        fn what_was_written_is_read(lat in -89.0..89.0f64, lon in 91.0..179.0f64) {
            let text = format!("有人在{lat:.5},{lon:.5}打架");
            let (_, a, b) = found(&text).unwrap();
            prop_assert!((a - lat).abs() < 1e-5 && (b - lon).abs() < 1e-5);
        }
    }
}
