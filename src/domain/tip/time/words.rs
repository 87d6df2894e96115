//! The Chinese words of time: days, parts of days, weekdays, now, again and again.

use super::cursor::Cursor;
use super::date;
use super::piece::{Day, Kind, Month, Part, Piece, Year};
use aho_corasick::{AhoCorasick, MatchKind};
use chrono::Weekday;
use std::ops::Range;

/// What a word leads to.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    When(Option<Day>, Option<Part>, bool),
    Now,
    Just,
    Every,
    Future,
    /// A month, by itself or before a day.
    Month(i32),
    /// A year before a date.
    Year(i32),
    /// A feast: a date that counts only beside another piece.
    Feast(u32, u32),
}

/// Finds the Chinese words of time in folded text.
#[derive(Debug)]
pub(super) struct Words {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

const DAYS: [(&str, i64); 25] = [
    ("今天", 0),
    ("今日", 0),
    ("今儿", 0),
    ("今儿个", 0),
    ("今个儿", 0),
    ("当日", 0),
    ("昨天", -1),
    ("昨日", -1),
    ("昨儿", -1),
    ("昨儿个", -1),
    ("昨个", -1),
    ("琴日", -1),
    ("寻日", -1),
    ("擒日", -1),
    ("噖日", -1),
    ("前天", -2),
    ("前日", -2),
    ("前儿", -2),
    ("前儿个", -2),
    ("大前天", -3),
    ("大前日", -3),
    ("昨", -1),
    ("今", 0),
    ("琴", -1),
    ("寻", -1),
];

const PARTS: [(&str, Part); 62] = [
    ("凌晨", Part::SmallHours),
    ("清晨", Part::Dawn),
    ("清早", Part::Dawn),
    ("大清早", Part::Dawn),
    ("一清早", Part::Dawn),
    ("天刚亮", Part::Dawn),
    ("天蒙蒙亮", Part::Dawn),
    ("早上", Part::Early),
    ("早晨", Part::Early),
    ("早间", Part::Early),
    ("朝早", Part::Early),
    ("晨早", Part::Early),
    ("朝头早", Part::Early),
    ("一大早", Part::Early),
    ("一早", Part::Early),
    ("大早上", Part::Early),
    ("一早上", Part::Early),
    ("早起", Part::Early),
    ("上午", Part::Forenoon),
    ("上昼", Part::Forenoon),
    ("午前", Part::Forenoon),
    ("一上午", Part::Forenoon),
    ("中午", Part::Noon),
    ("正午", Part::Noon),
    ("晌午", Part::Noon),
    ("午间", Part::Noon),
    ("大中午", Part::Noon),
    ("晏昼", Part::Afternoon),
    ("下昼", Part::Afternoon),
    ("下午", Part::Afternoon),
    ("午后", Part::Afternoon),
    ("一下午", Part::Afternoon),
    ("傍晚", Part::Dusk),
    ("黄昏", Part::Dusk),
    ("挨晚", Part::Dusk),
    ("天刚黑", Part::Dusk),
    ("晚上", Part::Evening),
    ("晚间", Part::Evening),
    ("夜晚", Part::Evening),
    ("夜里", Part::Evening),
    ("夜间", Part::Evening),
    ("晚黑", Part::Evening),
    ("夜晚黑", Part::Evening),
    ("晚头", Part::Evening),
    ("夜头", Part::Evening),
    ("大晚上", Part::Evening),
    ("深夜", Part::LateNight),
    ("半夜", Part::LateNight),
    ("大半夜", Part::LateNight),
    ("半夜里", Part::LateNight),
    ("三更半夜", Part::LateNight),
    ("深更半夜", Part::LateNight),
    ("午夜", Part::LateNight),
    ("子夜", Part::LateNight),
    ("夜半", Part::LateNight),
    ("后半夜", Part::LowerNight),
    ("下半夜", Part::LowerNight),
    ("前半夜", Part::EarlyNight),
    ("上半夜", Part::EarlyNight),
    ("白天", Part::Daytime),
    ("大白天", Part::Daytime),
    ("日头", Part::Daytime),
];

/// Parts that a day may take as one character: 昨晚, 今早.
const SHORT_PARTS: [(&str, Part); 8] = [
    ("晚", Part::Evening),
    ("夜", Part::Evening),
    ("早", Part::Early),
    ("朝", Part::Early),
    ("晨", Part::Early),
    ("宵", Part::Evening),
    ("晏", Part::Afternoon),
    ("午", Part::Noon),
];

/// Words for a year, counted from the message's.
const YEARS: [(&str, i32); 7] =
    [("去年", -1), ("旧年", -1), ("前年", -2), ("大前年", -3), ("今年", 0), ("本年", 0), ("同年", 0)];

impl Words {
    /// Builds the automaton: once for a reader.
    pub fn new() -> Self {
        let mut list: Vec<(String, Meaning)> = Vec::new();
        let mut add = |word: &str, meaning| list.push((word.to_owned(), meaning));
        for (day, offset) in DAYS {
            let told = Some(Day::Offset(offset));
            if day.chars().count() > 1 {
                add(day, Meaning::When(told, None, false));
            }
            for (part, which) in PARTS {
                add(&format!("{day}{part}"), Meaning::When(told, Some(which), false));
                add(&format!("{day}的{part}"), Meaning::When(told, Some(which), false));
            }
            for (part, which) in SHORT_PARTS {
                add(&format!("{day}{part}"), Meaning::When(told, Some(which), false));
            }
        }
        for (word, offset) in [("前晚", -2), ("前夜", -2), ("大前晚", -3)] {
            add(word, Meaning::When(Some(Day::Offset(offset)), Some(Part::Evening), false));
        }
        for (part, which) in PARTS {
            add(part, Meaning::When(None, Some(which), false));
        }
        for (part, which) in [
            ("晚", Part::Evening),
            ("夜", Part::Evening),
            ("早", Part::Early),
            ("朝", Part::Early),
            ("晨", Part::Early),
        ] {
            add(part, Meaning::When(None, Some(which), true));
        }
        for word in ["一晚上", "一整晚", "整晚", "整夜", "一整夜", "通宵", "成晚", "一个晚上", "一夜", "一晚"]
        {
            add(word, Meaning::When(None, Some(Part::WholeNight), true));
        }
        for word in [
            "这几天",
            "这些天",
            "最近几天",
            "近几天",
            "近日",
            "前几天",
            "前些天",
            "前几日",
            "几天前",
            "呢几日",
            "这几日",
            "前几晚",
        ] {
            add(word, Meaning::When(Some(Day::Recent(3)), None, false));
        }
        for word in ["这两天", "前两天", "近两天", "最近两天", "呢两日", "这一两天"] {
            add(word, Meaning::When(Some(Day::Recent(2)), None, false));
        }
        for word in ["现在", "目前", "眼下", "此刻", "而家", "依家", "家下", "现时", "这会儿", "当下", "这时候"]
        {
            add(word, Meaning::Now);
        }
        for word in ["刚才", "刚刚", "方才", "适才", "头先", "啱啱", "啱先", "正话", "刚刚才", "刚", "才刚", "啱"]
        {
            add(word, Meaning::Just);
        }
        for word in [
            "每天",
            "每日",
            "每晚",
            "每夜",
            "每早",
            "每周",
            "每个星期",
            "每星期",
            "每到",
            "每逢",
            "每个",
            "每次",
            "天天",
            "日日",
            "夜夜",
            "晚晚",
            "朝朝",
            "每月",
            "隔天",
            "平时",
            "经常",
            "时常",
            "老是",
            "总是",
            "成日",
            "一到",
            "到了",
            "长期",
            "逢",
        ] {
            add(word, Meaning::Every);
        }
        for word in [
            "明天",
            "明日",
            "明晚",
            "明早",
            "听日",
            "听晚",
            "听朝",
            "后天",
            "下周",
            "下个星期",
            "下星期",
            "下个月",
            "下礼拜",
            "明年",
        ] {
            add(word, Meaning::Future);
        }
        for (word, offset) in [
            ("上个月", -1),
            ("上月", -1),
            ("这个月", 0),
            ("本月", 0),
            ("当月", 0),
            ("同月", 0),
            ("今个月", 0),
            ("呢个月", 0),
        ] {
            add(word, Meaning::Month(offset));
        }
        for (word, offset) in YEARS {
            add(word, Meaning::Year(offset));
        }
        for (word, offset, last) in [
            ("年初", 0, false),
            ("今年初", 0, false),
            ("今年年初", 0, false),
            ("去年初", -1, false),
            ("去年年初", -1, false),
            ("年底", 0, true),
            ("年尾", 0, true),
            ("年末", 0, true),
            ("去年底", -1, true),
            ("去年年底", -1, true),
            ("旧年年底", -1, true),
        ] {
            let day = Some(Day::EdgeOfYear { offset, last });
            add(word, Meaning::When(day, None, false));
        }
        for (word, offset) in [("", 0), ("这个", 0), ("本", 0), ("上个", -1), ("上", -1), ("呢个", 0)] {
            for (third, names) in [(0, ["月初", "月上旬"]), (1, ["月中旬", "月中"]), (2, ["月底", "月下旬"])]
            {
                let day = Some(Day::MonthOf { year: None, month: Month::Offset(offset), third: Some(third) });
                for name in names.iter().filter(|name| !word.is_empty() || name.ends_with(['初', '底'])) {
                    add(&format!("{word}{name}"), Meaning::When(day, None, false));
                }
            }
        }
        for (word, month, day) in [
            ("元旦", 1, 1),
            ("情人节", 2, 14),
            ("妇女节", 3, 8),
            ("劳动节", 5, 1),
            ("五一", 5, 1),
            ("儿童节", 6, 1),
            ("国庆节", 10, 1),
            ("国庆", 10, 1),
            ("双十一", 11, 11),
            ("平安夜", 12, 24),
            ("圣诞节", 12, 25),
            ("圣诞", 12, 25),
            ("跨年夜", 12, 31),
        ] {
            add(word, Meaning::Feast(month, day));
            for (year, offset) in YEARS {
                let told = Day::Date { year: Some(Year::Offset(offset)), month: Some(Month::Number(month)), day };
                add(&format!("{year}{word}"), Meaning::When(Some(told), None, false));
            }
        }
        weekdays(&mut add);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(list.iter().map(|(word, _)| word))
            .expect("the word list is small");
        Self { automaton, meanings: list.into_iter().map(|(_, meaning)| meaning).collect() }
    }

    /// All words of time in the text, in order: spans with an index for [`Words::read`].
    pub fn find<'w>(&'w self, text: &'w str) -> impl Iterator<Item = (Range<usize>, usize)> + 'w {
        self.automaton.find_iter(text).map(|found| (found.range(), found.pattern().as_usize()))
    }

    /// What a word found says where it stands; `None` if it says nothing of time here.
    pub fn read(&self, text: &str, span: Range<usize>, index: usize) -> Option<Piece> {
        let ahead = Cursor { text, at: span.end };
        let rest = ahead.rest();
        let before = &text[..span.start];
        let word = &text[span.clone()];
        let kind = match self.meanings[index] {
            Meaning::When(day, part, weak) => {
                let odd = match word {
                    "前日" | "前天" | "前儿" => before.ends_with('目') || before.ends_with('提'),
                    "日头" => rest.starts_with('晒'),
                    "当日" => true,
                    "寻晚" | "寻日" => false,
                    "今晏" | "寻晏" => false,
                    "一早" => rest.starts_with('就') && rest.starts_with("就知"),
                    "夜晚" | "晚上" | "夜里" | "夜间" => before.ends_with('到') || before.ends_with("一到"),
                    _ => {
                        word.ends_with('午') && word.len() == 6 && rest.starts_with(['夜', '饭', '餐', '休', '睡'])
                            || word.ends_with(['晚', '早'])
                                && rest.starts_with(['饭', '餐', '会', '点'])
                                && word.len() <= 3
                            || word.starts_with("周六") && rest.starts_with('福')
                            || word.starts_with('周')
                                && before
                                    .chars()
                                    .next_back()
                                    .is_some_and(|c| "一二三四五六七八九十两每第几半四下圆年本".contains(c))
                    }
                };
                let habit =
                    day.is_none() && (before.ends_with('每') || before.ends_with("逢") || before.ends_with("周边"));
                if odd {
                    return None;
                }
                if habit { Kind::Every } else { Kind::When { day, part, weak } }
            }
            Meaning::Now => {
                let still = ["到", "至", "直到", "等到"].iter().any(|word| before.ends_with(word));
                let other = ["还", "都", "才", "的人", "的小", "仍", "也"].iter().any(|word| rest.starts_with(word))
                    || word == "当下" && rest.starts_with('属');
                if still || other {
                    return None;
                }
                Kind::Now
            }
            Meaning::Just => {
                let hard = ['好', '果', '性', '毅', '烈', '强', '需', '劲', '硬', '正', '要', '玉', '度'];
                let named = before.chars().next_back().is_some_and(|c| "金阿小志李王张陈刘建永国天".contains(c));
                let other = word == "刚" && (rest.starts_with(hard) || named)
                    || word == "啱" && !rest.starts_with(['见', '有', '被', '畀', '偷', '抢', '发', '走', '出'])
                    || word.starts_with("刚刚") && rest.starts_with('好');
                if other {
                    return None;
                }
                Kind::Now
            }
            Meaning::Every => Kind::Every,
            Meaning::Future => Kind::Future,
            Meaning::Month(offset) => {
                if let Some((day, end)) = date::month_day(ahead, None, Month::Offset(offset)) {
                    return Some(Piece::day(span.start..end, day));
                }
                if offset == 0 {
                    return None;
                }
                Kind::When { day: Some(Day::WholeMonth(offset)), part: None, weak: false }
            }
            Meaning::Year(offset) => {
                let mut month = ahead;
                let number = month.number()?;
                if !month.eat("月") || number.value == 0 || number.value > 12 {
                    return None;
                }
                let (day, end) = date::in_month(month, Some(Year::Offset(offset)), Month::Number(number.value))?;
                return Some(Piece::day(span.start..end, day));
            }
            Meaning::Feast(month, day) => {
                let day = Day::Date { year: None, month: Some(Month::Number(month)), day };
                let told = ["那天", "当天", "那晚", "当晚"].iter().find(|word| rest.starts_with(**word));
                let end = span.end + told.map_or(0, |word| word.len());
                let part = told.filter(|word| word.ends_with('晚')).map(|_| Part::Evening);
                return Some(Piece::new(span.start..end, Kind::When { day: Some(day), part, weak: told.is_none() }));
            }
        };
        Some(Piece::new(span, kind))
    }
}

/// 周三, 上星期日, 呢个礼拜二 …
fn weekdays(add: &mut impl FnMut(&str, Meaning)) {
    const NAMES: [(char, Weekday); 8] = [
        ('一', Weekday::Mon),
        ('二', Weekday::Tue),
        ('三', Weekday::Wed),
        ('四', Weekday::Thu),
        ('五', Weekday::Fri),
        ('六', Weekday::Sat),
        ('日', Weekday::Sun),
        ('天', Weekday::Sun),
    ];
    const PREFIXES: [(&str, Option<i64>); 17] = [
        ("", None),
        ("上", Some(-1)),
        ("上个", Some(-1)),
        ("上一个", Some(-1)),
        ("上上", Some(-2)),
        ("上上个", Some(-2)),
        ("这", Some(0)),
        ("这个", Some(0)),
        ("本", Some(0)),
        ("今个", Some(0)),
        ("呢个", Some(0)),
        ("刚过去的", None),
        ("刚过的", None),
        ("今", Some(0)),
        ("嗰个", None),
        ("上一", Some(-1)),
        ("前", None),
    ];
    for (prefix, weeks) in PREFIXES {
        for unit in ["周", "星期", "礼拜"] {
            for (name, weekday) in NAMES {
                add(&format!("{prefix}{unit}{name}"), Meaning::When(Some(Day::Week { weekday, weeks }), None, false));
                if prefix.is_empty() {
                    for every in ["每", "每个", "逢"] {
                        add(&format!("{every}{unit}{name}"), Meaning::Every);
                    }
                    for next in ["下", "下个"] {
                        add(&format!("{next}{unit}{name}"), Meaning::Future);
                    }
                }
            }
            if !prefix.is_empty() {
                add(&format!("{prefix}{unit}末"), Meaning::When(Some(Day::Weekend(weeks)), None, false));
            }
            if let Some(weeks) = weeks.filter(|weeks| *weeks < 0) {
                add(&format!("{prefix}{unit}"), Meaning::When(Some(Day::WholeWeek(weeks)), None, false));
            }
        }
    }
    add("周末", Meaning::When(Some(Day::Weekend(None)), None, true));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_time() {
        let words = Words::new();
        for text in ["一周三次", "周六福珠宝", "到现在还没人管", "刚好路过", "提前天", "一到晚上", "今年招工"]
        {
            let told: Vec<Piece> = words
                .find(text)
                .filter_map(|(span, index)| words.read(text, span, index))
                .filter(|piece| !matches!(piece.kind, Kind::Every | Kind::When { weak: true, .. }))
                .collect();
            assert!(told.is_empty(), "{text}: {told:?}");
        }
    }
}
