//! Clock times: 8点半, 20:30, 三点一刻, 8点多, 3:15pm, half past three.

use super::cursor::Cursor;
use super::number::{Number, is_numeral};
use super::piece::{Clock, Half};
use crate::domain::tip::Grain;

/// What stands after `点` when it is no clock: a decimal, a list, a request.
const NOT_AFTER_DIAN: [&str; 26] = [
    "建议", "意见", "要求", "希望", "原因", "注意", "说明", "问题", "看法", "想法", "提醒", "赞", "评", "滴", "内容",
    "钱", "东西", "击", "名", "菜", "餐", "单", "火", "头", "都不", "也不",
];

/// Units that make a number with a point out of `8点5`.
const DECIMAL_UNITS: [&str; 16] =
    ["折", "万", "元", "块", "米", "公里", "千米", "吨", "斤", "度", "%", "倍", "级", "亿", "寸", "公分"];

/// `差五分八点`, `差一刻九点`: so many minutes before a full hour, at the cursor.
pub(super) fn parse_short_of(mut cursor: Cursor<'_>) -> Option<(Clock, usize)> {
    let short = short_of(&mut cursor)?;
    cursor.spaces();
    let hour = cursor.number().filter(|hour| hour.value <= 24)?;
    (cursor.eat("点") || cursor.eat("时")).then_some(())?;
    cursor.eat_any(&["钟", "整"]);
    Some((earlier(Clock::hour(hour.value), short), cursor.at))
}

/// `差五分`, `差一刻`: how many minutes.
fn short_of(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut ahead = *cursor;
    ahead.eat("差").then_some(())?;
    ahead.eat("了");
    let number = ahead.number().filter(|number| (1..60).contains(&number.value))?;
    let minutes = if ahead.eat_any(&["刻钟", "刻"]) && number.value < 4 {
        number.value * 15
    } else if ahead.eat_any(&["分钟", "分"]) {
        number.value
    } else {
        return None;
    };
    *cursor = ahead;
    Some(minutes)
}

/// So many minutes before a full hour.
fn earlier(clock: Clock, minutes: u32) -> Clock {
    let total = (clock.hour * 60 + 1440 - minutes) % 1440;
    let hour = if clock.hour == 1 { 12 } else { total / 60 };
    Clock { hour, minute: total % 60, grain: Grain::Minute, ..clock }
}

/// A Chinese clock that starts with the number `first` and goes on at the cursor. `traditional` lets Cantonese
/// five-minute marks (三點一) be read.
pub(super) fn parse_zh(mut cursor: Cursor<'_>, first: Number, traditional: bool) -> Option<(Clock, usize)> {
    let start = first.end;
    if first.value > 24 || first.width > 3 {
        return None;
    }
    cursor.spaces();
    let before = &cursor.text[..start];
    let hours_word = if cursor.eat("点") {
        true
    } else if cursor.eat("时") {
        if ["候", "间", "常", "不时", "刻", "代", "段"].iter().any(|word| cursor.rest().starts_with(word)) {
            return None;
        }
        false
    } else {
        return None;
    };
    let mut clock = Clock::hour(first.value);
    clock.sure |= !first.han && first.width == 2 && before.ends_with(&format!("0{}", first.value));
    clock.more = first.loose;
    if let Some(minutes) = short_of(&mut cursor) {
        return finish(cursor, earlier(clock, minutes));
    }
    if cursor.eat("钟") {
        clock.more |= cursor.eat_any(&["多", "几"]);
        return finish(cursor, clock);
    }
    if cursor.eat_any(&["整", "正"]) {
        return finish(cursor, clock);
    }
    if cursor.eat_any(&["多钟", "多", "几分", "几"]) {
        clock.more = true;
        return finish(cursor, clock);
    }
    cursor.eat("来钟");
    if cursor.eat("半") {
        (clock.minute, clock.grain) = (30, Grain::Minute);
        return finish(cursor, clock);
    }
    let mut minutes = cursor;
    minutes.spaces();
    let marked = minutes.eat_any(&["过", "零", "〇", "搭", "踏"]) && minutes.peek().is_some_and(is_numeral);
    let five = marked && (minutes.before().ends_with('搭') || minutes.before().ends_with('踏'));
    if !marked {
        minutes = cursor;
        // 「8点 3个人」: a number after a space is the minute only when it says so.
        minutes.spaces();
    }
    let spaced = minutes.at != cursor.at && !marked;
    if let Some(number) = minutes.number().filter(|number| number.value < 60 && number.width <= 3) {
        let said = |minutes: &mut Cursor<'_>| {
            (minutes.rest().starts_with('分') && !minutes.rest().starts_with("分之")) && minutes.eat("分")
        };
        if minutes.eat_any(&["刻钟", "刻"]) && number.value < 4 {
            (clock.minute, clock.grain) = (number.value * 15, Grain::Minute);
            return finish(minutes, clock);
        }
        if minutes.eat("个字") && number.value < 12 {
            (clock.minute, clock.grain) = (number.value * 5, Grain::Minute);
            return finish(minutes, clock);
        }
        if said(&mut minutes) {
            minutes.eat("钟");
            (clock.minute, clock.grain) = (number.value, Grain::Minute);
            if let Some((second, end)) = seconds(minutes) {
                (clock.second, clock.grain) = (second, Grain::Second);
                minutes.at = end;
            }
            return finish(minutes, clock);
        }
        if DECIMAL_UNITS.iter().any(|unit| minutes.rest().starts_with(unit)) {
            return None;
        }
        let full = number.width >= 2 || marked;
        let cantonese = five || (number.han && number.width == 1 && number.value > 0 && traditional);
        let counts = minutes.rest().starts_with(['个', '人', '台', '辆', '只', '条', '名', '位', '次', '点'])
            || minutes.goes_on() && half(&mut minutes.clone(), false).is_none() && !minutes.rest().starts_with('-');
        if cantonese && number.value < 12 && (!counts || five) {
            (clock.minute, clock.grain) = (number.value * 5, Grain::Minute);
            return finish(minutes, clock);
        }
        if full && !spaced && !counts {
            (clock.minute, clock.grain) = (number.value, Grain::Minute);
            return finish(minutes, clock);
        }
    }
    if hours_word {
        let lone = matches!(first.value, 1 | 2) && first.han;
        let said = cursor.rest();
        if NOT_AFTER_DIAN.iter().any(|word| said.starts_with(word)) {
            return None;
        }
        // 一点 is a little; 两点 may be two points: the caller keeps them only beside another piece.
        if lone
            && first.value == 1
            && !matches!(
                said.chars().next(),
                None | Some(' ' | ',' | '。' | '\n' | '-' | '~' | '到' | '至' | '左' | '前' | '的' | 'a' | 'p')
            )
        {
            return Some((clock, usize::MAX));
        }
    } else if first.value < 13 && first.han && first.width == 1 {
        // 三时 is written, but 一时, 四时 are words.
        return Some((clock, usize::MAX));
    }
    finish(cursor, clock)
}

fn seconds(mut cursor: Cursor<'_>) -> Option<(u32, usize)> {
    let number = cursor.number().filter(|number| number.value < 60)?;
    cursor.eat("秒").then_some((number.value, cursor.at))
}

/// Takes am or pm after it.
fn finish(mut cursor: Cursor<'_>, mut clock: Clock) -> Option<(Clock, usize)> {
    if clock.hour == 24 && clock.minute > 0 {
        return None;
    }
    if let Some(half) = half(&mut cursor, false) {
        clock.half = Some(half);
        clock.sure = false;
    }
    Some((clock, cursor.at))
}

/// am, pm, a.m., p. and the like; a lone letter only directly after digits.
fn half(cursor: &mut Cursor<'_>, lone: bool) -> Option<Half> {
    let mut ahead = *cursor;
    ahead.spaces();
    let spaced = ahead.at != cursor.at;
    for (word, half) in [
        ("a.m.", Half::Before),
        ("p.m.", Half::After),
        ("a.m", Half::Before),
        ("p.m", Half::After),
        ("am", Half::Before),
        ("pm", Half::After),
    ] {
        let mut after = ahead;
        if after.eat(word) && !after.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            *cursor = after;
            return Some(half);
        }
    }
    if lone && !spaced {
        for (word, half) in [("a", Half::Before), ("p", Half::After)] {
            let mut after = ahead;
            if after.eat(word) && !after.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
                *cursor = after;
                return Some(half);
            }
        }
    }
    None
}

/// A clock in digits or English words that starts with the number `first` and goes on at the cursor; `asked`: the words
/// before it ask for a clock time.
pub(super) fn parse_digits(mut cursor: Cursor<'_>, first: Number, asked: bool) -> Option<(Clock, usize)> {
    let hour = first.value;
    let written = &cursor.text[first.end - first.width..first.end];
    if first.han {
        return None;
    }
    if first.width == 4 && asked && hour % 100 < 60 && hour / 100 < 24 {
        let mut clock = Clock::hour(hour / 100);
        (clock.minute, clock.grain) = (hour % 100, Grain::Minute);
        let half = half(&mut cursor, true);
        if cursor.goes_on() || cursor.peek_word_is_place() && half.is_none() {
            return None;
        }
        clock.half = half;
        return Some((clock, cursor.at));
    }
    if first.width > 2 || hour > 24 {
        return None;
    }
    let mut clock = Clock::hour(hour);
    clock.sure |= written.starts_with('0');
    if cursor.eat(":") || dotted(&cursor) && cursor.eat(".") {
        clock.minute = cursor.digits(2..=2).filter(|minute| *minute < 60)?;
        clock.grain = Grain::Minute;
        let mut more = cursor;
        if more.eat(":") {
            if let Some(second) = more.digits(2..=2).filter(|second| *second < 60) {
                (clock.second, clock.grain) = (second, Grain::Second);
                cursor = more;
            } else {
                return None;
            }
        }
        clock.half = half(&mut cursor, true);
        if cursor.peek().is_some_and(|c| c.is_ascii_alphabetic()) || clock.hour == 24 && clock.minute > 0 {
            return None;
        }
        cursor.eat("分");
        cursor.eat("许");
        return Some((clock, cursor.at));
    }
    let mut french = cursor;
    if french.eat("h") && !french.peek().is_some_and(|c| c.is_ascii_alphabetic()) && hour < 24 {
        clock.sure = true;
        if let Some(minute) = french.digits(2..=2).filter(|minute| *minute < 60) {
            (clock.minute, clock.grain) = (minute, Grain::Minute);
        }
        if !french.goes_on() || french.rest().starts_with('-') {
            return Some((clock, french.at));
        }
    }
    let ish = cursor.eat("ish") || cursor.eat("-ish");
    if let Some(half) = half(&mut cursor, true) {
        clock.half = Some(half);
        return (hour <= 12 && hour > 0).then_some((clock, cursor.at));
    }
    if o_clock(&mut cursor) {
        clock.half = half(&mut cursor, false);
        return Some((clock, cursor.at));
    }
    if ish {
        return Some((clock, cursor.at));
    }
    let mut minutes = cursor;
    if asked
        && minutes.eat(" ")
        && let Some(minute) = minutes.digits(2..=2).filter(|minute| *minute < 60 && hour < 24)
    {
        let half = half(&mut minutes, true);
        if !minutes.goes_on() && (half.is_some() || !minutes.peek_word_is_place()) {
            (clock.minute, clock.grain, clock.half) = (minute, Grain::Minute, half);
            return Some((clock, minutes.at));
        }
    }
    None
}

/// `8.30 pm`: a point is read as a colon only before am or pm, or after `at`.
fn dotted(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.eat(".")
        && ahead.digits(2..=2).is_some()
        && (half(&mut ahead, true).is_some()
            || cursor.text[..cursor.at].trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("at ")
                && !ahead.goes_on())
}

/// Steps over `o'clock`.
pub(super) fn o_clock(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.spaces();
    let is_next = ahead.eat_any(&["o'clock", "oclock", "o clock", "o' clock"]);
    if is_next {
        *cursor = ahead;
    }
    is_next
}

/// `half past three`, `a quarter to noon`, `20 min past eight`, `three thirty`, `eight o'clock`: English words, at
/// the cursor. The flag tells whether it can only be a clock.
pub(super) fn parse_words(cursor: Cursor<'_>) -> Option<(Clock, usize, bool)> {
    let mut ahead = cursor;
    ahead.eat_word(&["a", "an"]);
    let minutes = if ahead.eat_word(&["half"]) {
        Some(30)
    } else if ahead.eat_word(&["quarter"]) {
        Some(15)
    } else {
        ahead = cursor;
        ahead.cardinal().filter(|minute| *minute < 60).inspect(|_| {
            ahead.eat_word(&["min", "mins", "minute", "minutes"]);
        })
    };
    if let Some(minutes) = minutes {
        let to = ahead;
        if ahead.eat_word(&["past", "after", "to", "before"]) {
            let back = {
                let mut word = to;
                word.eat_word(&["to", "before"])
            };
            // 「5 to 6」 is a range, and 「10 before noon」 is rare: only quarters and halves count down.
            // 20 to 9 counts down, 5 to 9 and 10 to 11 are as likely a range.
            let downward = full_hour(ahead).is_some_and(|(hour, _)| minutes > hour.hour && minutes % 5 == 0);
            let counted = downward
                || to.text[cursor.at..to.at].contains("min")
                || minutes == 15 && !to.text[cursor.at..to.at].contains("15");
            if (!back || counted)
                && let Some((mut clock, end)) = full_hour(ahead)
            {
                let total = clock.hour * 60;
                let total = if back { (total + 1440 - minutes) % 1440 } else { total + minutes };
                (clock.hour, clock.minute, clock.grain) = (total / 60, total % 60, Grain::Minute);
                return Some((clock, end, true));
            }
        }
    }
    let mut ahead = cursor;
    if ahead.peek().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let hour = ahead.cardinal().filter(|hour| (1..=12).contains(hour))?;
    let mut clock = Clock::hour(hour);
    if o_clock(&mut ahead) {
        clock.half = half(&mut ahead, false);
        return Some((clock, ahead.at, true));
    }
    let mut minutes = ahead;
    let oh = minutes.eat_word(&["oh"]);
    if let Some(minute) = minutes.cardinal().filter(|minute| if oh { *minute < 10 } else { (10..60).contains(minute) })
    {
        (clock.minute, clock.grain) = (minute, Grain::Minute);
        clock.half = half(&mut minutes, false);
        return Some((clock, minutes.at, clock.half.is_some()));
    }
    clock.half = half(&mut ahead, false);
    clock.half.is_some().then_some((clock, ahead.at, true))
}

/// The hour that something is past: `eight`, `9`, `2pm`, `noon`, `seven o'clock`.
fn full_hour(mut cursor: Cursor<'_>) -> Option<(Clock, usize)> {
    cursor.spaces();
    if cursor.eat_word(&["noon", "midday"]) {
        return Some((Clock { sure: true, ..Clock::hour(12) }, cursor.at));
    }
    if cursor.eat_word(&["midnight"]) {
        return Some((Clock { sure: true, ..Clock::hour(0) }, cursor.at));
    }
    let hour = cursor.cardinal().filter(|hour| *hour <= 24)?;
    let mut clock = Clock::hour(hour);
    o_clock(&mut cursor);
    clock.half = half(&mut cursor, true);
    (!cursor.goes_on()).then_some((clock, cursor.at))
}

impl Cursor<'_> {
    /// Whether the next English word makes an address or a count of the number before it (`12 Renmin Road`).
    fn peek_word_is_place(&self) -> bool {
        let word = self.peek_word();
        !word.is_empty() && !CLOCK_MAY_PRECEDE.contains(&word)
    }

    /// Whether a bare number that ends here can be a clock by what follows.
    pub(super) fn ends_a_clock(&self) -> bool {
        if self.goes_on() || self.rest().trim_start_matches(' ').starts_with(['%', '°', '$', '+', '*', '=', '\'']) {
            return false;
        }
        match self.rest().trim_start_matches(' ').chars().next() {
            None => true,
            Some(c) if c.is_ascii_alphanumeric() => !self.peek_word_is_place(),
            Some(c) => c.is_ascii_punctuation() || c == '\n' || c == '。',
        }
    }
}

/// English words that may follow a bare clock; any other may be what is counted or where it is.
const CLOCK_MAY_PRECEDE: [&str; 44] = [
    "a",
    "an",
    "the",
    "there",
    "when",
    "someone",
    "somebody",
    "my",
    "and",
    "but",
    "in",
    "on",
    "by",
    "i",
    "we",
    "they",
    "he",
    "she",
    "it",
    "today",
    "yesterday",
    "tonight",
    "this",
    "last",
    "sharp",
    "or",
    "near",
    "outside",
    "at",
    "from",
    "to",
    "until",
    "till",
    "then",
    "so",
    "if",
    "two",
    "three",
    "some",
    "people",
    "as",
    "while",
    "because",
    "our",
];
