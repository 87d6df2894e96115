//! The ways in which people write one name.
//!
//! Owns the variants that follow from a name's form: branches in brackets, dropped endings, shortened
//! factories and schools, English abbreviations. Works on folded names; whether a variant is unambiguous
//! is the gazetteer's business. Called once for each name when a gazetteer is built.

use super::sound::pronounced;

/// How sure a spelling is, best first: what a better one names, a worse one cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The place's own name.
    Name,
    /// A name from its list of other names.
    Alias,
    /// Drawn from a name; kept only if it means one place.
    Derived,
    /// A name's own word without its kind (`Qingyun` of `Qingyun Road`, the brand of a factory): only where it
    /// stands apart or behind `at`, `in`, …, and only if it means one place.
    Word,
    /// A chain's name without its branch: may mean several places, the rest of the message decides.
    Brand,
}

/// Endings of Chinese names that are dropped when three characters or more remain.
const DROPPED: &[&str] = &[
    "住宅小区",
    "农贸市场",
    "便利店",
    "大酒店",
    "村委会",
    "幼儿园",
    "派出所",
    "卫生站",
    "加油站",
    "工业园",
    "产业园",
    "科技园",
    "小区",
    "花园",
    "家园",
    "公寓",
    "大厦",
    "广场",
    "商场",
    "超市",
    "市场",
    "酒店",
    "宾馆",
    "社区",
    "网吧",
    "网咖",
    "学校",
    "村",
];

/// Endings that people put for one another.
const EXCHANGED: &[(&str, &[&str])] = &[
    ("农贸市场", &["市场", "菜市场", "街市", "菜场"]),
    ("菜市场", &["市场", "街市", "菜场", "农贸市场"]),
    ("大酒店", &["酒店"]),
    ("网吧", &["网咖"]),
    ("网咖", &["网吧"]),
    ("购物广场", &["广场"]),
    ("服务中心", &["中心"]),
    ("快递站", &["快递", "快递点", "驿站"]),
    ("收购站", &["站", "回收站"]),
    ("保健院", &["医院", "保健医院"]),
    ("卫生站", &["卫生院", "卫生室", "诊所"]),
    ("高中", &["高级中学"]),
    ("大桥", &["桥"]),
    ("村委会", &["村委", "村民委员会"]),
    ("加油站", &["油站"]),
];

/// English words that end a name and say only what kind of thing it is.
pub(super) const GENERIC: &[&str] = &[
    "road",
    "street",
    "avenue",
    "lane",
    "highway",
    "village",
    "market",
    "school",
    "hospital",
    "garden",
    "gardens",
    "estate",
    "court",
    "apartments",
    "apartment",
    "hotel",
    "guesthouse",
    "park",
    "plaza",
    "mall",
    "square",
    "bridge",
    "station",
    "factory",
    "community",
    "centre",
    "center",
    "clinic",
    "supermarket",
    "ktv",
    "cafe",
    "bank",
    "electronics",
    "plastics",
    "hardware",
    "furniture",
    "kindergarten",
    "reservoir",
    "river",
    "office",
    "stadium",
    "tower",
    "building",
    "stop",
    "city",
    "homes",
];

/// Kinds of which a town has one, so that people name no more than the kind.
const ONE_A_TOWN: &[&str] = &[
    "汽车站",
    "客运站",
    "火车站",
    "高铁站",
    "体育馆",
    "体育场",
    "图书馆",
    "博物馆",
    "文化馆",
    "水库",
    "殡仪馆",
    "法院",
];
const ONE_A_TOWN_EN: &[&str] =
    &["stadium", "reservoir", "library", "museum", "courthouse", "bus station", "train station", "railway station"];

/// What factories make and do: no brands.
const TRADES: &[&str] = &[
    "垃圾", "污水", "木材", "水泥", "服装", "家具", "电子", "塑胶", "塑料", "五金", "食品", "饲料", "玻璃", "印刷",
    "造纸", "自来", "机械", "制衣", "化工", "纺织", "建材", "陶瓷", "包装", "电池", "灯饰", "农药", "钢铁", "废品",
    "汽车", "摩托", "屠宰",
];

/// Kinds of place in Chinese and what they are called in English, longest first.
#[rustfmt::skip]
const KINDS: &[(&str, &[&str])] = &[
    ("农贸市场", &["market"]), ("工业园", &["industrial park"]), ("产业园", &["park"]), ("加油站", &["petrol station", "gas station"]),
    ("汽车站", &["bus station"]), ("火车站", &["train station"]), ("派出所", &["police station"]), ("幼儿园", &["kindergarten"]),
    ("大酒店", &["hotel"]), ("大道", &["avenue", "dadao"]), ("公路", &["highway"]), ("花园", &["garden", "huayuan"]),
    ("小区", &["estate", "xiaoqu"]), ("家园", &["jiayuan"]), ("公寓", &["apartments"]), ("大厦", &["building", "tower", "dasha"]),
    ("广场", &["plaza", "square"]), ("市场", &["market"]), ("超市", &["supermarket"]), ("酒店", &["hotel"]),
    ("宾馆", &["hotel", "guesthouse"]), ("社区", &["community", "shequ"]), ("公园", &["park"]), ("医院", &["hospital"]),
    ("小学", &["primary school", "primary"]), ("中学", &["middle school"]), ("高中", &["high school"]), ("学校", &["school"]),
    ("网吧", &["internet cafe", "wangba"]), ("水库", &["reservoir"]), ("大桥", &["bridge"]), ("桥", &["bridge", "qiao"]), ("路", &["road", "rd", "lu"]),
    ("街", &["street", "jie"]), ("巷", &["lane", "xiang"]), ("村", &["village", "cun"]), ("苑", &["court", "yuan"]),
    ("城", &["city", "cheng"]), ("园", &["yuan"]), ("厂", &["factory"]), ("河", &["river", "he"]),
];

/// Words of everyday English: by themselves they name nothing.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    "people's", "peoples", "second", "third", "first", "central", "golden", "science", "culture", "cultural", "industrial", "workers",
    "service", "waste", "rural", "logistics", "maternity", "east", "west", "north", "south", "middle", "number", "high", "city", "town",
    "village", "police", "fire", "petrol", "riverside", "river", "lake", "green", "happy", "grand", "royal", "commercial", "agricultural",
    "farmers", "experimental", "national", "children's", "women's", "stone", "water", "garden", "phone", "shopping", "business",
    "public", "community", "family", "health", "sports", "night", "food", "fish", "flower", "furniture", "internet", "night", "main",
];

/// English words and what people write for them.
const ABBREVIATED: &[(&str, &[&str])] = &[
    ("road", &["rd"]),
    ("rd", &["road"]),
    ("street", &["st"]),
    ("avenue", &["ave"]),
    ("centre", &["center"]),
    ("center", &["centre"]),
    ("apartments", &["apartment", "apts"]),
    ("gardens", &["garden"]),
    ("garden", &["gardens"]),
    ("guesthouse", &["guest house"]),
    ("petrol", &["gas"]),
    ("gas", &["petrol"]),
    ("factory", &["plant"]),
    ("kindergarten", &["nursery"]),
];

/// Every other spelling of a folded name, each with its rank.
pub(super) fn variants(name: &str, kind: &str) -> Vec<(String, Rank)> {
    let mut out = Vec::new();
    if is_han(name) {
        han(name, kind, &mut out)
    } else {
        latin(name, &mut out)
    }
    out.retain(|(variant, _)| variant != name);
    out
}

/// A folded Chinese name as people spell it in Latin letters, without blanks: its sound, and its kind in English.
pub(super) fn romanised(name: &str) -> Vec<String> {
    let mut out = Vec::new();
    let Some((kind, calls)) = KINDS.iter().find(|(kind, _)| name.ends_with(kind)) else { return out };
    let base = &name[..name.len() - kind.len()];
    if length(base) < 2 || !base.chars().all(is_han_char) {
        return out;
    }
    let joined = |call: &str| call.replace(' ', "");
    // Qingyun West Road: the direction is told in English, too.
    if let Some((stem, turn)) = base.char_indices().next_back().map(|(at, _)| base.split_at(at))
        && let Some(turn) = match turn {
            "东" => Some("east"),
            "西" => Some("west"),
            "南" => Some("south"),
            "北" => Some("north"),
            "中" => Some("middle"),
            _ => None,
        }
        && length(stem) >= 2
    {
        out.extend(calls.iter().map(|call| format!("{}{turn}{}", pronounced(stem), joined(call))));
    }
    out.extend(calls.iter().map(|call| format!("{}{}", pronounced(base), joined(call))));
    out.push(pronounced(name));
    // Guangli factory for 广利五金厂.
    if *kind == "厂" && length(base) > 2 {
        let brand: String = base.chars().take(2).collect();
        if !TRADES.contains(&brand.as_str()) {
            out.extend(["factory", "plant"].map(|kind| format!("{}{kind}", pronounced(&brand))));
        }
    }
    out
}

/// Whether a name holds a Chinese character.
pub(super) fn is_han(name: &str) -> bool {
    name.chars().any(is_han_char)
}

/// Whether a character is Chinese.
pub(super) fn is_han_char(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c) || ('\u{20000}'..='\u{323AF}').contains(&c)
}

fn han(name: &str, kind: &str, out: &mut Vec<(String, Rank)>) {
    if let Some((base, inner)) =
        name.split_once('(').and_then(|(base, rest)| rest.strip_suffix(')').map(|inner| (base, inner)))
    {
        let place = ["分店", "支行", "店"].iter().find_map(|end| inner.strip_suffix(end)).unwrap_or(inner);
        let short = ["超市", "便利店", "酒店", "银行"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base);
        for base in [base, short] {
            for joined in [
                format!("{base}{inner}"),
                format!("{place}{base}"),
                format!("{base}{place}"),
                format!("{place}的{base}"),
            ] {
                out.push((joined, Rank::Derived));
            }
            if length(base) >= 2 {
                out.push((base.to_owned(), Rank::Brand));
            }
        }
        return;
    }
    for (end, others) in EXCHANGED {
        let Some(base) = name.strip_suffix(end) else { continue };
        if length(base) >= 2 {
            out.extend(others.iter().map(|other| (format!("{base}{other}"), Rank::Derived)));
        }
    }
    let base = DROPPED.iter().find_map(|end| name.strip_suffix(end));
    if let Some(base) = base
        && (length(base) >= 3 || length(base) == 2 && kind == "village")
    {
        out.push((base.to_owned(), Rank::Derived));
    }
    // 广利鞋厂 → 广利厂; 广利五金厂 → 广利五金.
    if let Some(base) = name.strip_suffix('厂').filter(|base| length(base) >= 3) {
        let brand: String = base.chars().take(2).collect();
        out.push((format!("{brand}厂"), Rank::Derived));
        if length(base) >= 4 {
            out.push((base.to_owned(), Rank::Derived));
        }
    }
    // 第五小学 → 五小, 第5小学.
    if let Some(rest) = name.split_once('第').map(|(_, rest)| rest)
        && let Some(digit) = rest.chars().next()
        && let Some(level) =
            rest.strip_prefix(digit).and_then(|level| ["小学", "中学", "幼儿园"].into_iter().find(|l| *l == level))
        && let Some(short) = level.chars().next()
    {
        out.push((format!("第{digit}{level}"), Rank::Derived));
        out.push((format!("{digit}{short}"), Rank::Derived));
        out.push((arabic_digits(&format!("{digit}{short}")), Rank::Derived));
    }
    // 广利家具厂 → 广利.
    if name.ends_with('厂') && length(name) >= 4 {
        let brand: String = name.chars().take(2).collect();
        if !TRADES.contains(&brand.as_str()) {
            out.push((brand, Rank::Word));
        }
    }
    if let Some(kind) = ONE_A_TOWN.iter().find(|kind| name.ends_with(*kind)) {
        out.push(((*kind).to_owned(), Rank::Derived));
    }
    if kind == "bus_stop"
        && let Some(base) = name.strip_suffix('站').filter(|base| length(base) >= 2 && !base.ends_with("公交"))
    {
        out.push((format!("{base}公交站"), Rank::Derived));
        out.push((format!("{base}车站"), Rank::Derived));
    }
    // 五中 → 第五中学.
    if let [digit, level] = name.chars().collect::<Vec<_>>()[..]
        && "一二三四五六七八九".contains(digit)
        && let Some(full) = match level {
            '中' => Some("中学"),
            '小' => Some("小学"),
            _ => None,
        }
    {
        out.push((format!("第{digit}{full}"), Rank::Derived));
    }
    // Chinese digits in numbered schools and such: 第3中学, 3中.
    out.push((arabic_digits(name), Rank::Derived));
}

/// 第五中学 → 第5中学; 五中 → 5中. Other numerals are parts of names.
fn arabic_digits(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let digit = |c: char| {
        "一二三四五六七八九".chars().position(|d| d == c).map(|at| char::from(b'1' + u8::try_from(at).unwrap_or(0)))
    };
    let counted = |at: usize| {
        at.checked_sub(1).is_some_and(|before| chars[before] == '第')
            || chars.get(at + 1).is_some_and(|c| "中小".contains(*c))
    };
    chars.iter().enumerate().map(|(at, c)| if counted(at) { digit(*c).unwrap_or(*c) } else { *c }).collect()
}

fn latin(name: &str, out: &mut Vec<(String, Rank)>) {
    let plain = name.replace('-', " ").replace("no. ", "no ").replace("no.", "no ");
    out.push((plain.clone(), Rank::Derived));
    out.push((plain.replace("no ", "no. "), Rank::Derived));
    out.push((plain.replace("no ", "number "), Rank::Derived));
    out.push((plain.replace('\'', ""), Rank::Derived));
    let words: Vec<&str> = plain.split_whitespace().collect();
    if let Some(kind) = ONE_A_TOWN_EN.iter().find(|kind| plain.ends_with(&format!(" {kind}"))) {
        out.push((format!("the {kind}"), Rank::Derived));
    }
    // Old Town Flower Market → flower market.
    if let [_, .., own, kind] = words[..]
        && words.len() >= 3
        && GENERIC.contains(&kind)
        && !GENERIC.contains(&own)
        && own.len() >= 4
    {
        out.push((format!("{own} {kind}"), Rank::Derived));
    }
    for (at, word) in words.iter().enumerate().skip(1) {
        for other in ABBREVIATED.iter().filter(|(full, _)| full == word).flat_map(|(_, others)| *others) {
            let mut changed = words.clone();
            changed[at] = other;
            out.push((changed.join(" "), Rank::Derived));
        }
    }
    if let [rest @ .., last] = words.as_slice()
        && GENERIC.contains(last)
    {
        match rest {
            [] => {}
            [word] if word.len() >= 4 && !GENERIC.contains(word) && !ORDINARY.contains(word) => {
                out.push(((*word).to_owned(), Rank::Word))
            }
            [_] => {}
            [first, ..] => {
                out.push((rest.join(" "), Rank::Derived));
                out.push((format!("{first} {last}"), Rank::Derived));
                if !ORDINARY.contains(first) && first.len() >= 4 {
                    out.push(((*first).to_owned(), Rank::Word));
                }
            }
        }
    }
}

fn length(name: &str) -> usize {
    name.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_follow_the_form_of_the_name() {
        for (name, kind, variant, rank) in [
            ("家家乐超市(青云路店)", "shop", "青云路家家乐", Rank::Derived),
            ("家家乐超市(青云路店)", "shop", "家家乐", Rank::Brand),
            ("白沙湾小区", "compound", "白沙湾", Rank::Derived),
            ("青田村", "village", "青田", Rank::Derived),
            ("广利鞋厂", "factory", "广利厂", Rank::Derived),
            ("第五小学", "school", "五小", Rank::Derived),
            ("第五小学", "school", "第5小学", Rank::Derived),
            ("青云农贸市场", "market", "青云菜市场", Rank::Derived),
            ("qingyun road", "road", "qingyun rd", Rank::Derived),
            ("no.3 middle school", "school", "no. 3 middle school", Rank::Derived),
            ("qingyun primary school", "school", "qingyun primary", Rank::Derived),
            ("baisha garden", "compound", "baisha", Rank::Word),
        ] {
            let got = variants(name, kind);
            assert!(got.contains(&(variant.to_owned(), rank)), "{name}: {got:?}");
        }
    }

    #[test]
    fn two_characters_are_too_few_to_drop_an_ending() {
        for (name, kind) in [("晨光小区", "compound"), ("中山公园", "park"), ("青云路", "road")] {
            assert!(variants(name, kind).iter().all(|(variant, _)| length(variant) > 2), "{name}");
        }
    }
}
