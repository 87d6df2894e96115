//! Whether a spelling of the gazetteer found in a text is that name at all.
//!
//! Owns the edges of words, phrases that hold a short name, and longer names that begin or end like a
//! known one: never guess. Called by `mention`.

use super::Place;
use super::context::{goes_on_about, leads_to, nearness, opens};
use super::gazetteer::Spelling;
use super::kind::{Extent, extent};
use super::names::{GENERIC, Rank, is_han_char};
use super::unknown::is_named_before;
use std::ops::Range;

/// Whether a spelling stands as a word of its own.
pub(super) fn stands_alone(text: &str, span: &Range<usize>, spelling: &Spelling, place: &Place) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let name = &text[span.clone()];
    let joined = |edge: Option<char>, beside: Option<char>| {
        edge.is_some_and(|c| c.is_ascii_alphanumeric()) && beside.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    if joined(name.chars().next(), before.chars().next_back()) || joined(name.chars().next_back(), after.chars().next())
    {
        return false;
    }
    if spelling.rank == Rank::Word && spelling.han {
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let next = after.chars().next();
        let there = before.is_empty() || before.ends_with(['在', '到', '喺']) || apart(before.chars().next_back());
        return there && (apart(next) || nearness(after).is_some());
    }
    if spelling.rank == Rank::Word {
        const IN: &[&str] = &[
            "at ",
            "in ",
            "on ",
            "near ",
            "inside ",
            "outside ",
            "behind ",
            "opposite ",
            "from ",
            "of ",
            "by ",
            "past ",
            "beside ",
            "around ",
            "next to ",
            "@",
        ];
        // At the head of a message or line, before a part of a building: `Qingyun tower 3`.
        let begins =
            before.trim_end_matches(' ').is_empty() || before.ends_with(['\n', ':', ',']) || before.ends_with(": ");
        const PARTS: &[&str] =
            &["tower", "building", "block", "bldg", "gate", "unit", "room", "floor", "apt", "no", "#", "flat"];
        let part = after.trim().is_empty()
            || after.starts_with([',', '.', ';', ':', '\n'])
            || after.strip_prefix(' ').is_some_and(|rest| PARTS.iter().any(|part| rest.starts_with(part)));
        return (IN.iter().any(|word| before.ends_with(word)) || begins && part) && !after.starts_with("'s ");
    }
    // 老街坊 are neighbours, whatever street there is.
    if name.ends_with('街') && after.starts_with('坊') {
        return false;
    }
    // Two characters are as often a part of a phrase as a name.
    let short = spelling.han && spelling.length <= 2 && spelling.rank != Rank::Name;
    let ends_like_road = name.ends_with(['路', '街', '巷', '村']);
    if short && !ends_like_road {
        let next = after.chars().next();
        let place_follows = nearness(after).is_some() || next.is_some_and(|c| c.is_ascii_digit());
        let ends_here = next.is_none_or(|c| !is_han_char(c));
        // 晚上, 马上 and a name that begins with 上.
        let split =
            name.starts_with(['上', '下']) && before.ends_with(['晚', '早', '马', '路', '网', '楼', '身', '天', '车']);
        return !split
            && (place_follows
                || leads_to(before)
                || opens(before) && (ends_here || goes_on_about(after) || extent(&place.kind) == Extent::Area));
    }
    true
}

/// Whether the text goes on so that it names something longer that is not in the gazetteer: 翡翠路 where only
/// 翡翠花园 is known, 新青云路 where only 青云路 is.
pub(super) fn is_part_of_longer(text: &str, span: &Range<usize>, spelling: &Spelling, place: &Place) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    if spelling.han {
        let name = &text[span.clone()];
        // 汽车站 for 青云汽车站 says only the kind: with another name before it, it is another one.
        let only_kind = spelling.rank != Rank::Name && place.name.ends_with(name) && place.name != name;
        goes_on_han(after, name, spelling, place)
            || begins_before(before, place)
            || only_kind && is_named_before(text, span.start)
    } else {
        goes_on_latin(before, after, &text[span.clone()], place)
    }
}

/// Endings that make a longer name of a short one, by what may be said of one thing.
const ENDINGS: &[&[&str]] = &[
    &["小区", "花园", "家园", "公寓", "苑", "山庄", "新城", "住宅区"],
    &["酒店", "大酒店", "宾馆", "旅馆", "饭店"],
    &["中学", "学校", "高中", "初中"],
    &["小学"],
    &["幼儿园"],
    &["医院", "卫生院", "卫生站", "保健院", "诊所"],
    &["市场", "菜市场", "农贸市场", "街市", "菜场", "批发市场"],
    &["超市", "商场", "便利店", "百货"],
    &["网吧", "网咖"],
    &["广场"],
    &["公园"],
    &["大厦", "大楼"],
    &["工业园", "工业区", "科技园", "产业园"],
    &["加油站"],
    &["派出所"],
    &["汽车站", "火车站", "公交站"],
    &["水库"],
    &["村", "新村", "社区", "镇"],
    &["路", "大道", "街", "巷", "公路"],
    &["大桥", "桥"],
    &["ktv", "酒吧", "茶楼", "餐厅", "酒楼", "药店", "银行"],
];

/// Endings of ways and settlements: never a part of another place's yard.
fn makes_another(ending: &str) -> bool {
    matches!(ending, "村" | "新村" | "社区" | "镇" | "路" | "大道" | "街" | "巷" | "公路" | "大桥" | "桥")
}

fn goes_on_han(after: &str, name: &str, spelling: &Spelling, place: &Place) -> bool {
    let has_ending = ENDINGS.iter().flat_map(|group| *group).any(|end| name.ends_with(end))
        || name.ends_with(['站', '厂', '园', '店', '里']);
    // 上沙 for 上沙村 is a name cut short, whatever it ends with.
    let cut_short = place.name.starts_with(name) && place.name != name;
    if has_ending && !cut_short || spelling.length > 4 || spelling.rank == Rank::Brand {
        return false;
    }
    // A direction or number may come between: 上沙东路, 五中新村.
    let direct = ending_of(after);
    let turned = after
        .strip_prefix(['东', '西', '南', '北', '中', '新', '老', '一', '二', '三', '四', '五'])
        .and_then(ending_of);
    let Some(group) = direct.or(turned.filter(|group| group.iter().any(|end| makes_another(end)))) else {
        return false;
    };
    // The place may be called so: 青云医院 for 青云保健院.
    let called_so = direct.is_some()
        && group.iter().any(|end| place.name.ends_with(end) || place.kind == "hospital" && *end == "医院");
    // A school or market of a village stands in it.
    let stands_in = extent(&place.kind) == Extent::Area && !group.iter().any(|end| makes_another(end));
    !(called_so || stands_in)
}

/// The group of endings that a text begins with, where it is one (路口, 路边 are none).
fn ending_of(text: &str) -> Option<&'static [&'static str]> {
    let (group, end) = ENDINGS
        .iter()
        .flat_map(|group| group.iter().map(move |end| (*group, *end)))
        .filter(|(_, end)| text.starts_with(end))
        .max_by_key(|(_, end)| end.len())?;
    let next = text[end.len()..].chars().next();
    let else_where = match end {
        "路" => next.is_some_and(|c| "口边上过段面人灯".contains(c)),
        "街" => next.is_some_and(|c| "口边上坊头".contains(c)),
        "村" => next.is_some_and(|c| "口民里边头".contains(c)),
        "桥" => next.is_some_and(|c| "底下上头边".contains(c)),
        "苑" | "巷" | "镇" => false,
        _ => false,
    };
    (!else_where).then_some(group)
}

/// Whether one character before makes another name: 新青云路, 下沙溪村. Only where that character itself begins
/// the words, for 晚上 and 门前 end like it.
fn begins_before(before: &str, place: &Place) -> bool {
    let mut chars = before.chars().rev();
    let Some(last) = chars.next() else { return false };
    let turns = match place.kind.as_str() {
        "road" => "东西南北新",
        "village" | "community" | "bridge" => "东西南北新老上下前后大小",
        _ => "新老",
    };
    turns.contains(last) && chars.next().is_none_or(|c| !is_han_char(c) || "在到去往从是于".contains(c))
}

fn goes_on_latin(before: &str, after: &str, name: &str, place: &Place) -> bool {
    let next =
        after.strip_prefix(' ').map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default());
    let last = name.split(' ').next_back().unwrap_or_default();
    let names_more = next.is_some_and(|word| {
        matches!(word, "road" | "rd" | "street" | "st" | "avenue" | "village" | "lane" | "bridge" | "highway")
    });
    if names_more && !GENERIC.contains(&last) && last != "rd" {
        return true;
    }
    // New Dawn Hotel where only New Dawn Plaza is known; a school of a village stands in it.
    const BUILT: &[&str] = &[
        "hotel",
        "hospital",
        "school",
        "plaza",
        "mall",
        "garden",
        "gardens",
        "estate",
        "court",
        "park",
        "market",
        "square",
        "factory",
        "bank",
        "supermarket",
        "guesthouse",
        "ktv",
        "cafe",
        "clinic",
        "apartments",
        "restaurant",
        "pharmacy",
    ];
    if next.is_some_and(|word| BUILT.contains(&word)) && !GENERIC.contains(&last) && extent(&place.kind) == Extent::Site
    {
        return true;
    }
    let turned = before
        .strip_suffix(' ')
        .map(|rest| rest.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default());
    matches!(place.kind.as_str(), "road" | "village")
        && turned.is_some_and(|word| matches!(word, "north" | "south" | "east" | "west" | "new" | "upper" | "lower"))
}
