//! Dates: 11月19号, 19日, 2026-11-19, 11.19, Nov 19, the 21st, 19/11.

use super::cursor::Cursor;
use super::number::{self, Number};
use super::piece::{Day, Month, Year};
use chrono::Weekday;

/// What makes a number before 号 or 日 no date: 12号楼, 3号门, 5日元.
const NOT_AFTER_HAO: [&str; 66] = [
    "楼", "门", "线", "店", "铺", "栋", "幢", "院", "机", "车", "房", "厅", "台", "口", "柜", "桌", "位", "仓", "厂",
    "库", "包", "病", "床", "井", "杆", "灯", "桥", "球", "窗", "地", "码", "档", "摊", "公", "塔", "牌", "馆", "棚",
    "岗", "亭", "商", "基", "梯", "电", "出", "入", "之", "附", "单", "室", "座", "大", "小区", "站", "路", "衣", "选",
    "员", "工", "元", "内", "游", "无", "报", "式", "屋",
];

/// What makes a number after it a house number: 人民路18号.
const NOT_BEFORE_HAO: [char; 34] = [
    '路', '街', '巷', '道', '弄', '村', '里', '园', '区', '第', '尾', '牌', '座', '栋', '楼', '幢', '苑', '城', '厂',
    '坊', '站', '桥', '庄', '湾', '坊', '院', '店', '市', '场', '口', '角', '胡', '同', '编',
];

/// A date that starts with the number `first` and goes on at the cursor. Gives the end of it and the second date of
/// a range within one month (`November 19-20`).
pub(super) fn parse_number(cursor: Cursor<'_>, first: Number, start: usize) -> Option<(Day, usize)> {
    han(cursor, first, start).or_else(|| digits(cursor, first, start)).or_else(|| english_after(cursor, first, start))
}

/// 年 月 日 in Chinese.
fn han(mut cursor: Cursor<'_>, first: Number, start: usize) -> Option<(Day, usize)> {
    let mut year = None;
    let mut number = first;
    cursor.spaces();
    if cursor.eat("年") {
        year = Some(Year::Number(whole_year(first)?));
        cursor.spaces();
        number = cursor.number()?;
        cursor.spaces();
    }
    if cursor.eat("月") {
        return in_month(cursor, year, Month::Number(within(number.value, 12)?));
    }
    if year.is_some() {
        return None;
    }
    let hao = cursor.eat("号");
    if !hao && !cursor.eat("日") || number.value == 0 || number.value > 31 || number.loose || number.width > 3 {
        return None;
    }
    let rest = cursor.rest();
    if NOT_AFTER_HAO.iter().any(|word| rest.starts_with(word)) || rest.starts_with(['-', '#']) {
        return None;
    }
    let before = cursor.text[..start].trim_end_matches(' ');
    let behind = before.chars().next_back();
    if behind.is_some_and(|c| NOT_BEFORE_HAO.contains(&c) || c.is_ascii_alphanumeric() || c == '-' || c == '#') {
        return None;
    }
    if hao && behind.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        let asked = [
            "在", "于", "从", "到", "至", "是", "月", "这", "那", "就", "我", "你", "他", "间", "和", "跟", "本", "了",
            "说",
        ];
        let goes_on = ["早", "晚", "上午", "下午", "中午", "凌晨", "夜", "半夜", "傍晚", "那天", "当天"];
        if !asked.iter().any(|word| before.ends_with(word)) && !goes_on.iter().any(|word| rest.starts_with(word)) {
            return None;
        }
    }
    Some((Day::Date { year: None, month: None, day: number.value }, cursor.at))
}

/// What is told of a month: a day, ten days (`8月上旬`, `8月底`), or all of it (`8月份`, `2025年8月`).
pub(super) fn in_month(cursor: Cursor<'_>, year: Option<Year>, month: Month) -> Option<(Day, usize)> {
    if let Some(found) = month_day(cursor, year, month) {
        return Some(found);
    }
    let mut ahead = cursor;
    let named = ahead.eat("份");
    let thirds = [("初", 0), ("上旬", 0), ("中旬", 1), ("下旬", 2), ("底", 2), ("末", 2)];
    let third = thirds.iter().find(|(word, _)| ahead.eat(word)).map(|(_, third)| *third);
    let lunar = third == Some(0) && ahead.peek().is_some_and(number::is_numeral);
    let told = named || third.is_some() || year.is_some() && !ahead.peek().is_some_and(number::is_numeral);
    (told && !lunar).then_some((Day::MonthOf { year, month, third }, ahead.at))
}

/// The day after a month that was told: `19号`, `19日`, `19`.
pub(super) fn month_day(mut cursor: Cursor<'_>, year: Option<Year>, month: Month) -> Option<(Day, usize)> {
    cursor.spaces();
    if cursor.eat("初") {
        return None;
    }
    let number = cursor.number()?;
    let day = within(number.value, 31)?;
    let marked = cursor.eat_any(&["日", "号"]);
    let other = cursor.goes_on() && !cursor.rest().starts_with('-');
    if !marked
        && (other
            || cursor.rest().starts_with(['个', '人', '元', '块', '岁', '点', '次', '台', '辆', '天'])
            || number.loose)
    {
        return None;
    }
    Some((Day::Date { year, month: Some(month), day }, cursor.at))
}

/// Digits with points, slashes, dashes or spaces between.
fn digits(cursor: Cursor<'_>, first: Number, start: usize) -> Option<(Day, usize)> {
    if first.han {
        return None;
    }
    let text = cursor.text;
    if text[..start].trim_end_matches(' ').ends_with(['$', '¥', '￥'])
        || text[..start].ends_with(['.', '-', '/', '#', '_', '=', '&', '+'])
    {
        return None;
    }
    if first.width == 8 {
        let (year, month, day) = (first.value / 10_000, first.value / 100 % 100, first.value % 100);
        let whole = (1950..2100).contains(&year) && !cursor.goes_on();
        return whole.then(|| date(Some(year), month, day).map(|day| (day, cursor.at)))?;
    }
    let separator = cursor.peek().filter(|c| matches!(c, '.' | '/' | '-' | ' '))?;
    let mut ahead = cursor;
    ahead.eat(separator.encode_utf8(&mut [0; 4]));
    if first.width == 4 {
        if !(1900..2100).contains(&first.value) {
            return None;
        }
        let month = match ahead.digits(1..=2) {
            Some(month) => month,
            None => month_name(ahead.word())?,
        };
        ahead.eat_any(&[".", "/", "-", " "]).then_some(())?;
        let day = ahead.digits(1..=2)?;
        if ahead.goes_on() && !ahead.rest().starts_with('-') && !ahead.rest().starts_with("t") {
            return None;
        }
        let mut stamp = ahead;
        if stamp.eat("t") && stamp.peek().is_some_and(|c| c.is_ascii_digit()) {
            ahead = stamp;
        }
        return date(Some(first.value), month, day).map(|day| (day, ahead.at));
    }
    if first.width > 2 {
        return None;
    }
    let Some(second) = ahead.digits(1..=2) else {
        // 09/jan/2017, 21-apr-16
        let month = month_name(ahead.word()).filter(|_| separator != ' ')?;
        ahead.eat(separator.encode_utf8(&mut [0; 4])).then_some(())?;
        let year = ahead.number().filter(|year| matches!(year.width, 2 | 4) && !year.han)?;
        return Some((told(Some(Year::Number(whole_year(year)?)), month, first.value)?, ahead.at));
    };
    let two = ahead;
    let (month, day) = if first.value > 12 { (second, first.value) } else { (first.value, second) };
    let mut three = ahead;
    let joined =
        three.eat(separator.encode_utf8(&mut [0; 4])) || separator == '/' && (three.eat(",") || three.eat(" "));
    if joined {
        let year = three.number().filter(|year| matches!(year.width, 2 | 4) && !year.han);
        if let Some(year) = year.filter(|_| separator != '.' || !three.goes_on())
            && !three.goes_on()
            && (separator != ' ' || year.width == 4)
            && (separator != '.' || year.width == 4)
            && let Some(day) = told(whole_year(year).map(Year::Number), month, day)
        {
            return Some((day, three.at));
        }
    }
    if two.goes_on() && !two.rest().starts_with('-') || separator == ' ' {
        return None;
    }
    let rest = two.rest();
    if rest.starts_with(['日', '号']) && separator == '.' {
        let mut ahead = two;
        ahead.eat_any(&["日", "号"]);
        return told(None, month, day).map(|day| (day, ahead.at));
    }
    if (first.value, second) == (7, 11) && rest.trim_start_matches(' ').starts_with(['便', '店', '超', '门']) {
        return None;
    }
    let units = [
        "元", "块", "米", "公", "吨", "斤", "度", "%", "万", "千", "百", "折", "小时", "分", "倍", "级", "k", "m",
        "寸", "亿", "升", "点", "'", "℃",
    ];
    if units.iter().any(|unit| rest.trim_start_matches(' ').starts_with(unit)) {
        return None;
    }
    if separator == '-' {
        // 11-17 14:20: two numbers with a dash are as often a house or a score.
        let mut clock = two;
        let clear = ["早", "晚", "上午", "下午", "中午", "凌晨", "半夜", "傍晚"].iter().any(|word| clock.eat(word));
        clock.spaces();
        let clear = clear || clock.at > two.at && clock.digits(1..=2).is_some() && clock.eat_any(&[":", "点"]);
        return told(None, month, day).filter(|_| clear && month == first.value).map(|day| (day, two.at));
    }
    let before = text[..start].trim_end_matches(' ');
    let led = text[..start].ends_with("on ")
        || text[..start].ends_with("in ")
        || before.ends_with(['于', '在'])
        || before.is_empty()
        || before.ends_with([':', ',', '。', ';', '|', '\n', '】', '(', ')', '-', ']'])
        || weekday_before(before)
        || text[..start].ends_with(' ');
    if matches!(two.peek_word(), "am" | "pm") || rest.starts_with(['a', 'p']) {
        return None;
    }
    match separator {
        '/' => told(None, month, day)
            .filter(|_| !text[..start].ends_with(|c: char| c.is_ascii_alphanumeric()))
            .map(|day| (day, two.at)),
        '.' if led && month == first.value => {
            let goes_on = rest.is_empty()
                || rest.starts_with(|c: char| {
                    matches!(
                        c,
                        ' ' | ','
                            | '.'
                            | '。'
                            | '早'
                            | '晚'
                            | '上'
                            | '下'
                            | '中'
                            | '凌'
                            | '半'
                            | '夜'
                            | '那'
                            | '当'
                            | '\n'
                            | '|'
                            | ';'
                            | '-'
                            | '('
                            | ')'
                    )
                });
            (goes_on && second > 0).then(|| told(None, month, day).map(|day| (day, two.at)))?
        }
        _ => None,
    }
}

fn weekday_before(before: &str) -> bool {
    let from = before
        .rfind(|c: char| !c.is_ascii_lowercase())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    weekday_name(&before[from..]).is_some()
}

/// `15 June 2016`, `1st Jan`, `second of Aug`, `the 21st`: a day of the month before its month, or an ordinal alone.
fn english_after(cursor: Cursor<'_>, first: Number, start: usize) -> Option<(Day, usize)> {
    let money = cursor.text[..start].trim_end_matches(' ').ends_with(['$', '¥', '￥']);
    if money || first.han || first.width > 2 || first.value == 0 || first.value > 31 {
        return None;
    }
    let mut ahead = cursor;
    let ordinal = matches!((ahead.word(), first.value % 10), ("st", 1) | ("nd", 2) | ("rd", 3) | ("th", _));
    if !ordinal {
        ahead = cursor;
    }
    day_before_month(ahead, first.value, ordinal)
}

/// Goes on after a day of the month: `of June 2016`, `Jan`. An ordinal alone stands for itself unless it counts something.
pub(super) fn day_before_month(cursor: Cursor<'_>, day: u32, ordinal: bool) -> Option<(Day, usize)> {
    let mut ahead = cursor;
    ahead.spaces();
    ahead.eat("-");
    ahead.eat_word(&["of"]);
    ahead.spaces();
    let word = ahead.word();
    if let Some(month) = month_name(word).filter(|_| word != "may" || !ahead.rest().starts_with(" be")) {
        let end = ahead;
        ahead.eat(".");
        let year = year_after(&mut ahead);
        let end = if year.is_some() { ahead.at } else { end.at };
        return Some((told(year, month, day)?, end));
    }
    let counted = [
        "floor",
        "street",
        "avenue",
        "road",
        "time",
        "building",
        "block",
        "gate",
        "house",
        "room",
        "school",
        "exit",
        "lane",
        "ring",
        "day",
        "person",
        "man",
        "one",
        "car",
        "stop",
        "unit",
        "shop",
        "party",
        "hand",
        "of",
        "year",
        "grade",
        "bus",
        "friday",
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "saturday",
        "level",
        "row",
        "century",
        "birthday",
        "week",
        "anniversary",
        "place",
    ];
    (ordinal && !counted.contains(&cursor.peek_word()))
        .then_some((Day::Date { year: None, month: None, day }, cursor.at))
}

/// A month's name stood before the cursor: `12th, 2016`, `2`, `first`, `twenty one`, `the 4th`.
pub(super) fn after_month(cursor: Cursor<'_>, month: u32) -> Option<(Day, usize)> {
    let mut ahead = cursor;
    ahead.eat(".");
    ahead.spaces();
    ahead.eat_word(&["the"]);
    ahead.spaces();
    let day = day_of_month(&mut ahead)?;
    let end = ahead;
    let year = year_after(&mut ahead);
    let end = if year.is_some() { ahead } else { end };
    if end.goes_on() && !end.rest().starts_with(['-', ':', '.']) {
        return None;
    }
    if end.rest().starts_with(':') {
        return None;
    }
    Some((told(year, month, day)?, end.at))
}

/// A day of the month in digits, with or without an ordinal's ending, or in words.
pub(super) fn day_of_month(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut ahead = *cursor;
    if ahead.peek()?.is_ascii_digit() {
        let day = ahead.digits(1..=2).filter(|day| (1..=31).contains(day))?;
        ahead.eat_any(&["st", "nd", "rd", "th"]);
        if ahead.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        *cursor = ahead;
        return Some(day);
    }
    let start = ahead;
    let word = ahead.word();
    if let Some(day) = number::ordinal(word) {
        *cursor = ahead;
        return Some(day);
    }
    let tens = number::english(word).filter(|tens| matches!(tens, 20 | 30));
    if let Some(tens) = tens {
        let mut more = ahead;
        if !more.eat("-") {
            more.spaces();
        }
        let units = more.word();
        if let Some(day) = number::ordinal(units).filter(|units| *units < 10).map(|units| tens + units) {
            *cursor = more;
            return (day <= 31).then_some(day);
        }
    }
    ahead = start;
    let day = ahead.cardinal().filter(|day| (1..=31).contains(day))?;
    *cursor = ahead;
    Some(day)
}

/// A year after a date: `, 2016`, `1995`, `of 1995`, `96`, `nineteen seventy eight`, `two thousand`.
fn year_after(cursor: &mut Cursor<'_>) -> Option<Year> {
    let mut ahead = *cursor;
    ahead.spaces();
    let comma = ahead.eat(",");
    ahead.spaces();
    ahead.eat_word(&["of"]);
    ahead.spaces();
    if ahead.peek()?.is_ascii_digit() {
        let year = ahead.number()?;
        let kept = !ahead.goes_on() && !ahead.rest().starts_with(['点', '时', '年', '%']);
        let two = year.width == 2 && (comma || ahead.rest().is_empty()) && year.value > 24 && !half_follows(&ahead);
        let value =
            (kept && (year.width == 4 && (1900..2100).contains(&year.value) || two)).then(|| whole_year(year))??;
        *cursor = ahead;
        return Some(Year::Number(value));
    }
    let first = ahead.cardinal()?;
    let value = match first {
        2 if ahead.eat_word(&["thousand"]) => {
            ahead.eat_word(&["and"]);
            let mut more = ahead;
            match more.cardinal().filter(|value| *value < 100) {
                Some(value) => {
                    ahead = more;
                    2000 + value
                }
                None => 2000,
            }
        }
        19 | 20 => {
            let zero = ahead.eat_word(&["zero", "oh"]);
            let value = ahead.cardinal().filter(|value| if zero { *value < 10 } else { (10..100).contains(value) })?;
            first * 100 + value
        }
        _ => return None,
    };
    *cursor = ahead;
    Some(Year::Number(value as i32))
}

fn half_follows(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.peek_word(), "am" | "pm" | "a" | "p")
}

/// The year of two or four digits. Two digits are completed when the date is resolved.
fn whole_year(number: Number) -> Option<i32> {
    match number.width {
        4 if (1900..2100).contains(&number.value) => Some(number.value as i32),
        2 if number.value < 100 => Some(number.value as i32),
        _ => None,
    }
}

fn date(year: Option<u32>, month: u32, day: u32) -> Option<Day> {
    told(year.map(|year| Year::Number(year as i32)), month, day)
}

fn told(year: Option<Year>, month: u32, day: u32) -> Option<Day> {
    chrono::NaiveDate::from_ymd_opt(2000, within(month, 12)?, day)?;
    Some(Day::Date { year, month: Some(Month::Number(month)), day })
}

fn within(value: u32, most: u32) -> Option<u32> {
    (1..=most).contains(&value).then_some(value)
}

/// The month of an English name.
pub(super) fn month_name(word: &str) -> Option<u32> {
    Some(match word {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sep" | "sept" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}

/// The day of an English name.
pub(super) fn weekday_name(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" => Weekday::Mon,
        "tuesday" | "tue" | "tues" => Weekday::Tue,
        "wednesday" | "wed" | "weds" => Weekday::Wed,
        "thursday" | "thu" | "thur" | "thurs" => Weekday::Thu,
        "friday" | "fri" => Weekday::Fri,
        "saturday" | "sat" => Weekday::Sat,
        "sunday" | "sun" => Weekday::Sun,
        _ => return None,
    })
}
