//! Words that look like the name of a place and are in no gazetteer.
//!
//! Owns the endings that place names have and where such a name begins. Never places anything: what is
//! found is shown and asked about. Called by `gazetteer` when no sharp place was found.

use super::context::{Role, role};
use super::fold::{Folded, overlapping};
use super::names::is_han_char;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;
use std::sync::LazyLock;

/// Endings of Chinese place names.
pub(super) const ENDINGS: &[&str] = &[
    "大厦",
    "大楼",
    "广场",
    "小区",
    "花园",
    "家园",
    "公寓",
    "山庄",
    "豪庭",
    "华府",
    "新城",
    "新村",
    "酒店",
    "宾馆",
    "旅馆",
    "饭店",
    "超市",
    "商场",
    "市场",
    "学校",
    "小学",
    "中学",
    "幼儿园",
    "医院",
    "诊所",
    "工业园",
    "工业区",
    "产业园",
    "科技园",
    "公园",
    "体育场",
    "车站",
    "公交站",
    "地铁站",
    "加油站",
    "停车场",
    "网吧",
    "ktv",
    "大道",
    "公路",
    "大桥",
    "水库",
    "社区",
    "工地",
    "银行",
    "药店",
    "祠堂",
    "嘉园",
    "佳园",
    "名苑",
    "雅苑",
    "酒楼",
    "茶楼",
    "餐厅",
    "饭馆",
    "面馆",
    "便利店",
    "服装店",
    "理发店",
    "棋牌室",
    "歌舞厅",
    "酒吧",
    "浴场",
    "立交桥",
    "批发部",
    "图书馆",
    "体育馆",
    "火车站",
    "派出所",
    "码头",
    "学院",
    "村",
    "路",
    "街",
    "巷",
    "苑",
    "桥",
    "厂",
];

/// Characters that are no part of a name: they end the words before it.
const STOPS: &str = "在到去从就是的有了于往向朝和跟与把被我你他她它们这那哪个台辆点时分秒刚今昨每外边旁对某条间栋座说看见找问回走跑住进过来停坐等拿打抢偷砸近壁喺系嘅佢睇到又还都也很太不没别请让给叫把将才已正着整全本同只";

/// Words that say what kind of place it is and name none.
const GENERIC: &[&str] = &[
    "附近", "隔壁", "高速", "放学", "上学", "上班", "下班", "回家", "十字", "丁字", "三岔", "乡间", "乡村", "水泥",
    "柏油", "城中", "农贸", "手机", "大型", "便利", "生鲜", "办公", "教学", "综合", "宿舍", "地下", "露天", "商业",
    "步行", "公交", "地铁", "火车", "住宅", "工业", "居民", "马", "铁", "道", "网", "线", "菜", "大", "小", "半", "一",
    "十", "老", "旧", "新", "后", "前", "上", "下", "农", "工", "学", "家", "房", "楼", "出租", "平价", "连锁", "五星",
    "快捷", "社区", "附属", "私立", "公立", "走", "迷", "拦", "修", "堵", "带", "楼下", "我们", "下午", "上午", "中午",
    "晚上", "早上", "凌晨", "傍晚", "半夜", "夜里", "自家", "几个", "海鲜", "水果", "批发", "二手", "废弃", "建筑",
    "人行", "主干", "必经", "一段", "这段",
];

static MATCHER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(ENDINGS).expect("the endings are few and fixed")
});

/// Kinds of place in English.
#[rustfmt::skip]
const KINDS: &[&str] = &[
    "road", "rd", "street", "st", "avenue", "ave", "lane", "highway", "village", "market", "school", "hospital", "garden", "gardens",
    "estate", "court", "apartment", "apartments", "hotel", "guesthouse", "park", "plaza", "mall", "square", "bridge", "station",
    "factory", "tower", "building", "supermarket", "ktv", "clinic", "mansion", "centre", "center", "bank", "bakery", "restaurant",
    "bar", "shop", "store", "salon", "gym", "pub", "temple", "church", "library", "stadium", "cafe", "pharmacy", "warehouse", "pier",
    "mill",
];

/// Words that begin a sentence and are no part of a name.
#[rustfmt::skip]
const BEGINS: &[&str] = &[
    "the", "a", "an", "at", "in", "on", "near", "my", "our", "behind", "opposite", "outside", "inside", "by", "from", "where", "place",
    "this", "that", "some", "someone", "there", "help", "please", "two", "three", "big", "another", "his", "her", "their", "your", "and",
    "man", "woman", "kids", "fire", "fight", "theft", "car", "location", "old", "local",
];

/// Words that tell a kind more closely and name none.
const TELLS_KIND: &[&str] = &[
    "police",
    "bus",
    "petrol",
    "gas",
    "train",
    "railway",
    "primary",
    "middle",
    "high",
    "shopping",
    "night",
    "fish",
    "main",
    "internet",
    "coffee",
    "post",
    "fire",
    "phone",
    "vegetable",
    "construction",
    "public",
    "industrial",
    "convenience",
    "grocery",
    "hair",
    "barber",
];

/// Endings and words that are looked at more closely in one message.
const MOST_LOOKED_AT: usize = 100;

/// The first words of a text that look like a place; `known` are spans, in order, that are names already.
pub(super) fn find_unknown(folded: &Folded, known: &[Range<usize>], skip: &[Range<usize>]) -> Option<Range<usize>> {
    let text = folded.text.as_str();
    let taken = |span: &Range<usize>| overlapping(known, span).is_some() || overlapping(skip, span).is_some();
    let ended = |spans: &[Range<usize>], at: usize| {
        spans[..spans.partition_point(|span| span.end <= at)].last().map_or(0, |span| span.end)
    };
    let mut last_end = 0;
    for hit in MATCHER.find_iter(text).take(MOST_LOOKED_AT) {
        let ending = ENDINGS[hit.pattern().as_usize()];
        let floor = ended(known, hit.start()).max(ended(skip, hit.start())).max(last_end);
        let start = begin(text, floor, hit.start());
        let base = &text[start..hit.start()];
        let span = start..extended(text, hit.end(), ending);
        let length = base.chars().count();
        if length < 2 || is_generic(base) || taken(&span) || is_other_word(ending, &text[hit.end()..]) {
            continue;
        }
        last_end = hit.end();
        if role(&text[..start], &text[span.end..], "") < Role::Away {
            return Some(span);
        }
    }
    english(folded, &taken)
}

/// Whether the words right before a kind of place (水库, 汽车站) make it another one's name: 白云水库.
pub(super) fn is_named_before(text: &str, at: usize) -> bool {
    let base = &text[begin(text, 0, at)..at];
    base.chars().count() >= 2 && !is_generic(base)
}

/// Where the name before an ending begins: at most six characters back, none of them a stop.
fn begin(text: &str, floor: usize, end: usize) -> usize {
    let mut start = end;
    for (count, (at, c)) in text[floor..end].char_indices().rev().enumerate() {
        let follows = &text[start..end];
        let stops = STOPS.contains(c)
            || c == '人' && !follows.starts_with('民')
            || c == '一' && !text[..floor + at].ends_with('第')
            || c == '里' && follows.chars().count() > 1
            || "上下晚早午夜".contains(c)
                && follows.chars().count() >= 2
                && text[..floor + at].ends_with(['晚', '早', '楼', '路', '今', '中', '半', '昨']);
        if count == 6 || !is_han_char(c) || stops {
            break;
        }
        start = floor + at;
    }
    start
}

fn is_generic(base: &str) -> bool {
    GENERIC.iter().any(|word| {
        // One character more than a longer word of the list: 个大型 of 大型超市.
        let one_more = || {
            base.strip_suffix(word).is_some_and(|head| head.chars().nth(1).is_none()) && word.chars().nth(1).is_some()
        };
        base == *word || one_more()
    })
}

/// Whether an ending is the head of another word: 路人, 街坊, 村民 of nothing named.
fn is_other_word(ending: &str, after: &str) -> bool {
    let next = after.chars().next();
    match ending {
        "路" => next.is_some_and(|c| "人过".contains(c)),
        "街" => next.is_some_and(|c| "坊".contains(c)),
        _ => false,
    }
}

/// A road's unknown name with its house number; a name with the number of a building stays as it is.
fn extended(text: &str, end: usize, ending: &str) -> usize {
    if !matches!(ending, "路" | "街" | "巷" | "大道" | "公路") {
        return end;
    }
    let after = &text[end..];
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && after[digits..].starts_with('号') { end + digits + '号'.len_utf8() } else { end }
}

/// English names: up to four words with a capital before a kind of place; the kind itself may be without one
/// behind two. Folding loses capitals, so the original is read.
fn english(folded: &Folded, taken: &dyn Fn(&Range<usize>) -> bool) -> Option<Range<usize>> {
    let original = folded.original();
    let mut named: Vec<Range<usize>> = Vec::new();
    let mut looked_at = 0;
    let mut from = 0;
    for word in original.split(|c: char| !is_of_word(c)) {
        let start = word.as_ptr() as usize - original.as_ptr() as usize;
        let span = start..start + word.trim_end_matches(['.', '\'', '-']).len();
        // Words of one name are one blank apart.
        if start > from + 1 || !original[from..start].chars().all(|c| c == ' ') {
            named.clear();
        }
        from = start + word.len();
        if word.is_empty() {
            continue;
        }
        let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
        let least = if capital { 1 } else { 2 };
        if named.len() >= least && is_one_of(KINDS, &original[span.clone()]) {
            looked_at += 1;
            let whole = named[named.len().saturating_sub(4)].start..span.end;
            let only = named.len() == 1 && is_one_of(TELLS_KIND, &original[named[0].clone()]);
            let span = folded.span_of(&whole);
            let text = folded.text.as_str();
            let scene = || role(&text[..span.start], &text[span.end..], "") < Role::Away;
            if !only && !span.is_empty() && !taken(&span) && scene() {
                return Some(span);
            }
            if looked_at == MOST_LOOKED_AT {
                return None;
            }
        }
        if capital && !(named.is_empty() && is_one_of(BEGINS, &original[span.clone()])) {
            named.push(span);
        } else if !capital {
            named.clear();
        }
    }
    None
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\'' | '’' | '.' | '-')
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}
