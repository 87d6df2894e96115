//! Times told as so long before the message: 半小时前, 两个多钟头前, 过去5分钟, half an hour ago.

use super::cursor::Cursor;
use super::number;
use super::piece::Ago;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// A length of time: months, days or seconds, in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Seconds(i64),
    Days(i64),
    Months(u32),
}

const ZH_UNITS: [(&str, Unit); 23] = [
    ("秒钟", Unit::Seconds(1)),
    ("秒", Unit::Seconds(1)),
    ("分钟", Unit::Seconds(MINUTE)),
    ("刻钟", Unit::Seconds(15 * MINUTE)),
    ("个字", Unit::Seconds(5 * MINUTE)),
    ("个小时", Unit::Seconds(HOUR)),
    ("小时", Unit::Seconds(HOUR)),
    ("个钟头", Unit::Seconds(HOUR)),
    ("钟头", Unit::Seconds(HOUR)),
    ("个时辰", Unit::Seconds(2 * HOUR)),
    ("个钟", Unit::Seconds(HOUR)),
    ("分", Unit::Seconds(MINUTE)),
    ("天", Unit::Days(1)),
    ("日", Unit::Days(1)),
    ("个星期", Unit::Days(7)),
    ("星期", Unit::Days(7)),
    ("个礼拜", Unit::Days(7)),
    ("礼拜", Unit::Days(7)),
    ("周", Unit::Days(7)),
    ("个月", Unit::Months(1)),
    ("月", Unit::Months(1)),
    ("年", Unit::Months(12)),
    ("个半月", Unit::Days(45)),
];

/// So long ago in Chinese, at the cursor (a number, 半, 几 or 数). Gives where it starts too, for words before it
/// may belong to it (过去5分钟).
pub(super) fn parse_zh(cursor: Cursor<'_>) -> Option<(Ago, usize, usize)> {
    let mut ahead = cursor;
    let mut ago = Ago::default();
    let mut parts = 0;
    let mut short = true;
    while parts < 4 {
        let mut step = ahead;
        let Some((unit, halves, more)) = amount(&mut step) else { break };
        match unit {
            Unit::Seconds(seconds) => {
                ago.seconds += seconds * halves / 2;
                if more {
                    ago.more += seconds / 2;
                }
            }
            Unit::Days(days) => {
                ago.days += days * halves / 2;
                short = false;
            }
            Unit::Months(months) => {
                ago.months += months * (halves / 2) as u32;
                ago.days += i64::from(months) * 15 * (halves % 2);
                short = false;
            }
        }
        parts += 1;
        ahead = step;
        ahead.eat("零");
        ahead.spaces();
    }
    if parts == 0 {
        return None;
    }
    if ahead.before().ends_with('分') && !ahead.rest().starts_with('前') && !ahead.rest().starts_with("之前") {
        return None;
    }
    ahead.eat_any(&["左右", "上下"]);
    if ahead.eat_any(&["之前", "以前"]) {
        return Some((ago, cursor.at, ahead.at));
    }
    if ahead.eat("前") {
        let other = ["面", "后", "门", "台", "排", "方", "往", "年", "列"];
        return (!other.iter().any(|word| ahead.rest().starts_with(word))).then_some((ago, cursor.at, ahead.at));
    }
    if !short {
        return None;
    }
    let before = cursor.before();
    let led =
        ["过去的", "过去", "最近的", "最近", "之前", "前", "上", "近"].iter().find(|word| before.ends_with(**word))?;
    let start = before.len() - led.len();
    let alone = match before[..start].chars().next_back() {
        None => true,
        Some(c) => !('\u{4e00}'..='\u{9fff}').contains(&c) || matches!(c, '在' | '就' | '从' | '是' | '于'),
    };
    let kept = !ahead.rest().starts_with("的路") && (alone || led.len() > 3);
    kept.then_some((Ago { span: true, ..ago }, start, ahead.at))
}

/// One amount with its unit: unit, how many halves of it, and whether 多 was said.
fn amount(cursor: &mut Cursor<'_>) -> Option<(Unit, i64, bool)> {
    let mut more = false;
    let mut halves;
    if cursor.rest().starts_with("个把") {
        halves = 2;
    } else if cursor.eat("大半") || cursor.eat("小半") || cursor.eat("半") {
        halves = 1;
        more = cursor.eat("个多") || cursor.eat("多");
    } else if cursor.eat_any(&["好几", "几"]) {
        halves = 10;
        if cursor.rest().starts_with("个小时")
            || cursor.rest().starts_with("小时")
            || cursor.rest().starts_with('天')
            || cursor.rest().starts_with("个")
        {
            halves = 6;
        }
        if cursor.eat("十") {
            halves = 60;
        }
    } else if cursor.eat("数") {
        halves = 6;
    } else {
        let number = cursor.number()?;
        if number.value > 9999 {
            return None;
        }
        halves = i64::from(number.value) * 2;
        if number.loose {
            halves += 1;
        }
        if cursor.peek() == Some('几') && number.value % 10 == 0 && number.value > 0 {
            cursor.eat("几");
            halves += 10;
        }
        cursor.spaces();
        more = cursor.eat_any(&["来", "多"]);
    }
    // 一个半小时, 两个多钟头, 一分半钟
    let mut inner = *cursor;
    if inner.eat("个半") && (inner.rest().starts_with("小时") || inner.rest().starts_with("钟")) {
        halves += 1;
        *cursor = inner;
        cursor.eat("多");
    } else if inner.eat("分半") {
        inner.eat("钟");
        *cursor = inner;
        return Some((Unit::Seconds(MINUTE), halves + 1, false));
    } else {
        let mut inner = *cursor;
        if inner.eat("个多") {
            more = true;
            *cursor = inner;
        }
    }
    if cursor.eat("个把") {
        halves = halves.max(2);
    }
    let counted = cursor.before().ends_with("个多") || cursor.before().ends_with("个半");
    if counted && cursor.eat("月") {
        return Some((Unit::Months(1), halves, more));
    }
    if cursor.eat("钟头") {
        return Some((Unit::Seconds(HOUR), halves, more));
    }
    if counted && cursor.eat("钟") {
        return Some((Unit::Seconds(HOUR), halves, more));
    }
    let unit = ZH_UNITS.iter().find(|(word, _)| cursor.eat(word))?.1;
    if cursor.eat("多") {
        more = true;
    }
    if cursor.eat("半") {
        halves += 1;
    }
    cursor.eat("钟");
    Some((unit, halves, more))
}

/// So long ago in English, at the cursor (a number, `half`, `an`, `a few`, `last`).
pub(super) fn parse_en(cursor: Cursor<'_>) -> Option<(Ago, usize)> {
    let mut ahead = cursor;
    let led = ahead.eat_word(&["last", "past", "previous"]);
    let mut ago = Ago::default();
    let mut parts = 0;
    let mut spanned = led;
    while parts < 4 {
        let mut step = ahead;
        if parts > 0 {
            step.eat_word(&["and"]);
        }
        let Some((halves, unit, past)) = amount_en(&mut step, led && parts == 0) else { break };
        spanned |= past;
        match unit {
            Unit::Seconds(seconds) => ago.seconds += seconds * halves / 2,
            Unit::Days(days) => ago.days += days * halves / 2,
            Unit::Months(months) => ago.months += months * (halves / 2) as u32,
        }
        parts += 1;
        ahead = step;
        // an hour and a half
        let mut half = ahead;
        if half.eat_word(&["and"]) && half.eat_word(&["a"]) && half.eat_word(&["half"]) {
            match unit {
                Unit::Seconds(seconds) => ago.seconds += seconds / 2,
                Unit::Days(days) => ago.days += days / 2,
                Unit::Months(months) => ago.months += months / 2,
            }
            ahead = half;
        }
        ahead.eat(",");
    }
    if parts == 0 {
        return None;
    }
    if spanned {
        return (ago.months == 0 && ago.days == 0).then_some((Ago { span: true, ..ago }, ahead.at));
    }
    ahead.eat_word(&["or"]).then(|| ahead.eat_word(&["so"]));
    if ahead.eat_word(&["ago", "earlier", "back", "prior"]) {
        return Some((ago, ahead.at));
    }
    None
}

fn amount_en(cursor: &mut Cursor<'_>, led: bool) -> Option<(i64, Unit, bool)> {
    let mut ahead = *cursor;
    let halves = if ahead.eat_word(&["half"]) {
        ahead.eat_word(&["a", "an"]);
        1
    } else if ahead.eat_word(&["a", "an", "the"]) {
        if ahead.eat_word(&["couple"]) {
            ahead.eat_word(&["of"]);
            4
        } else if ahead.eat_word(&["few"]) {
            if matches!(ahead.peek_word(), "minutes" | "mins" | "min" | "seconds") { 10 } else { 6 }
        } else if ahead.eat_word(&["half"]) {
            1
        } else {
            2
        }
    } else if ahead.eat_word(&["couple"]) {
        ahead.eat_word(&["of"]);
        4
    } else if ahead.eat_word(&["few", "several"]) {
        if matches!(ahead.peek_word(), "minutes" | "mins" | "min" | "seconds") { 10 } else { 6 }
    } else if let Some(value) = ahead.cardinal() {
        let mut halves = i64::from(value) * 2;
        let mut half = ahead;
        if half.eat_word(&["and"]) && half.eat_word(&["a"]) && half.eat_word(&["half"]) {
            halves += 1;
            ahead = half;
        }
        halves
    } else if led {
        2
    } else {
        return None;
    };
    let past = ahead.eat_word(&["past", "last"]);
    ahead.spaces();
    ahead.eat("-");
    let unit = match ahead.word() {
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds(1),
        "min" | "mins" | "minute" | "minutes" => Unit::Seconds(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Seconds(HOUR),
        "day" | "days" => Unit::Days(1),
        "week" | "weeks" => Unit::Days(7),
        "month" | "months" => Unit::Months(1),
        "year" | "years" => Unit::Months(12),
        _ => return None,
    };
    *cursor = ahead;
    Some((halves, unit, past))
}

/// Whether a Chinese amount can start here.
pub(super) fn may_start_zh(c: char) -> bool {
    number::is_numeral(c) || matches!(c, '半' | '几' | '数' | '好' | '大' | '小' | '个')
}
