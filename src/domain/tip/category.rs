//! What kind of thing a message is about, by the word lists of the config.
//!
//! One automaton over all words; the longest and most specific wins, then the earlier. A denied word
//! (没有打架, not a fire) counts for nothing. Knows nothing of tags' or labels' grammar.

use super::Category;
use super::fold::fold;
use aho_corasick::AhoCorasick;
use std::collections::HashMap;
use std::ops::Range;

/// How far apart, in bytes, the two halves of `A*B` may stand.
const REACH: usize = 27;
/// The same in English.
const ENGLISH_REACH: usize = 40;

/// Words that mean nothing for a category though shorter ones inside them would.
const NEUTRAL: &[&str] = &[
    "偷偷",
    "偷懒",
    "抢救",
    "抢修",
    "抢险",
    "抢着",
    "抢先",
    "抢答",
    "打火机",
    "打电话",
    "打120",
    "打110",
    "打扰",
    "打扫",
    "打听",
    "打包",
    "打车",
    "打工",
    "打印",
    "打开",
    "打算",
    "打赏",
    "打卡",
    "消防队",
    "消防车",
    "消防员",
    "消防站",
    "火车",
    "火车站",
    "火锅",
    "火爆",
    "火热",
    "烧烤摊",
    "烧烤店",
    "烧烤街",
    "垃圾中转站",
    "派出所",
    "警察",
    "安全带",
    "加油站",
    "煤气公司",
    "煤气站",
    "骗你",
    "没骗",
    "水果刀具店",
    "车站",
    "事故现场",
    "警车",
    "fire station",
    "fire brigade",
    "fire truck",
    "fire engine",
    "fire department",
    "police station",
    "gas station",
    "petrol station",
    "bus stop",
    "hot pot",
    "on fire sale",
];

/// Finds categories by their words.
#[derive(Debug)]
pub struct Categories {
    ids: Vec<String>,
    /// How many words are pairs.
    pairs: usize,
    automaton: AhoCorasick,
    /// For each pattern of the automaton, the words that it is, or is a half of.
    uses: Vec<Vec<Use>>,
    /// Whole tags: names, ids and words.
    tags: HashMap<String, usize>,
}

/// What a pattern is for.
#[derive(Debug, Clone, Copy)]
enum Use {
    Word {
        category: usize,
    },
    Head {
        pair: usize,
    },
    Tail {
        pair: usize,
        category: usize,
    },
    /// Means nothing, and hides what stands inside it.
    Neutral,
}

/// A word found.
#[derive(Debug, Clone)]
struct Hit {
    category: usize,
    span: Range<usize>,
    weight: u32,
}

/// The category that words speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundCategory<'c> {
    /// Its id.
    pub id: &'c str,
    /// How specific the words are: two a Chinese character.
    pub weight: u32,
}

impl Categories {
    /// Indexes the word lists.
    pub fn new(categories: &[Category]) -> Self {
        let mut patterns: HashMap<String, Vec<Use>> = HashMap::new();
        let mut tags = HashMap::new();
        let mut pairs = 0;
        for (category, entry) in categories.iter().enumerate() {
            for name in [&entry.id, &entry.zh, &entry.en] {
                tags.insert(fold(name).replace(' ', ""), category);
            }
            for word in &entry.words {
                let word = fold(word);
                if let Some(tag) = word.strip_prefix('#') {
                    tags.insert(tag.replace(' ', ""), category);
                } else if let Some((heads, tails)) = word.split_once('*') {
                    for head in heads.split('/') {
                        patterns.entry(head.to_owned()).or_default().push(Use::Head { pair: pairs });
                    }
                    for tail in tails.split('/') {
                        patterns.entry(tail.to_owned()).or_default().push(Use::Tail { pair: pairs, category });
                    }
                    pairs += 1;
                } else {
                    tags.entry(word.replace(' ', "")).or_insert(category);
                    patterns.entry(word).or_default().push(Use::Word { category });
                }
            }
            for name in [&entry.zh, &entry.en] {
                patterns.entry(fold(name)).or_default().push(Use::Word { category });
            }
        }
        patterns.remove("");
        for word in NEUTRAL {
            patterns.entry((*word).to_owned()).or_default().push(Use::Neutral);
        }
        let mut list: Vec<(String, Vec<Use>)> = patterns.into_iter().collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        let automaton = AhoCorasick::new(list.iter().map(|(word, _)| word)).expect("word lists are small");
        let ids = categories.iter().map(|category| category.id.clone()).collect();
        Self { ids, pairs, automaton, uses: list.into_iter().map(|(_, uses)| uses).collect(), tags }
    }

    /// The category that a tag names, whole, or by the words in it.
    pub fn find_tag(&self, tag: &str) -> Option<FoundCategory<'_>> {
        let whole = tag.replace([' ', '_', '-'], "");
        if let Some(&category) = self.tags.get(&whole) {
            return Some(FoundCategory { id: &self.ids[category], weight: weight(&whole) });
        }
        // #盗窃东门市场: the tag ran on without a space.
        let mut cut = whole.len();
        while let Some((at, _)) = whole[..cut].char_indices().next_back() {
            cut = at;
            if cut < 4 || whole[..cut].is_ascii() {
                break;
            }
            if let Some(&category) = self.tags.get(&whole[..cut]) {
                return Some(FoundCategory { id: &self.ids[category], weight: weight(&whole[..cut]) });
            }
        }
        self.find(tag, &[])
    }

    /// The likeliest category of a folded text; words inside `masked` (names of places, links) do not count.
    pub fn find(&self, text: &str, masked: &[Range<usize>]) -> Option<FoundCategory<'_>> {
        self.read(text, masked).0
    }

    /// The same, and whether words of a category were denied.
    pub fn read(&self, text: &str, masked: &[Range<usize>]) -> (Option<FoundCategory<'_>>, bool) {
        let (hits, denied) = self.hits(text, masked);
        let mut best: Option<(u32, std::cmp::Reverse<usize>, usize, u32)> = None;
        for category in 0..self.ids.len() {
            let own = || hits.iter().filter(|hit| hit.category == category);
            let Some(strongest) = own().max_by_key(|hit| (hit.weight, std::cmp::Reverse(hit.span.start))) else {
                continue;
            };
            let more: u32 = own().filter(|hit| hit.span != strongest.span).take(3).map(|hit| hit.weight).sum();
            let first = own().map(|hit| hit.span.start).min().unwrap_or_default();
            // Somebody who cannot get up, or looks odd, is a part of many things: what else is told says more.
            let share = match self.ids[category].as_str() {
                "help" | "other" => 8,
                "suspicious" => 9,
                _ => 10,
            };
            let points = (strongest.weight * 10 + more * 4) * share / 10;
            let score = (points, std::cmp::Reverse(first), category, strongest.weight);
            if best.is_none_or(|best| (score.0, score.1) > (best.0, best.1)) {
                best = Some(score);
            }
        }
        (best.map(|(_, _, category, weight)| FoundCategory { id: &self.ids[category], weight }), denied)
    }

    fn hits(&self, text: &str, masked: &[Range<usize>]) -> (Vec<Hit>, bool) {
        let mut heads: Vec<Range<usize>> = vec![0..0; self.pairs];
        let mut hits: Vec<Hit> = Vec::new();
        for found in self.automaton.find_overlapping_iter(text) {
            let span = found.range();
            if masked.iter().any(|mask| mask.start < span.end && span.start < mask.end) || !is_whole(text, &span) {
                continue;
            }
            for found in &self.uses[found.pattern().as_usize()] {
                match *found {
                    Use::Word { category } => {
                        let weight = weight(&text[span.clone()]);
                        hits.push(Hit { category, span: span.clone(), weight });
                    }
                    Use::Head { pair } => {
                        if heads[pair].end != span.end || heads[pair].len() < span.len() {
                            heads[pair] = span.clone();
                        }
                    }
                    Use::Tail { pair, category } => {
                        let near = Some(&heads[pair]).filter(|head| !head.is_empty()).filter(|head| {
                            let reach = if text[span.clone()].is_ascii() { ENGLISH_REACH } else { REACH };
                            head.end <= span.start
                                && span.start - head.end <= reach
                                && !text[head.end..span.start].contains(['。', '\n', '!', '?', ';'])
                        });
                        if let Some(head) = near {
                            let (front, back) = (weight(&text[head.clone()]), weight(&text[span.clone()]));
                            // 车*撞: two lone characters say less than one word of two.
                            let weight = if front + back < 5 { 3 } else { front * 2 / 3 + back };
                            hits.push(Hit { category, span: head.start..span.end, weight });
                        }
                    }
                    Use::Neutral => {
                        let weight = weight(&text[span.clone()]);
                        hits.push(Hit { category: usize::MAX, span: span.clone(), weight });
                    }
                }
            }
        }
        let all = hits.len();
        hits.retain(|hit| hit.category == usize::MAX || !is_denied(text, &hit.span));
        let denied = hits.len() < all;
        (drop_covered(hits), denied)
    }
}

/// Takes out words that stand inside a longer one (抢 in 抢救).
fn drop_covered(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.span.start, std::cmp::Reverse(hit.span.end)));
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        let covered = kept.iter().rev().take(8).any(|longer| {
            let tight = longer.weight >= weight_of_length(longer.span.len());
            tight
                && longer.span.start <= hit.span.start
                && hit.span.end <= longer.span.end
                && longer.span.len() > hit.span.len()
        });
        if !covered {
            kept.push(hit);
        }
    }
    kept
}

/// The weight of a word of so many bytes, all of it matched: pairs, which skip letters, weigh less.
fn weight_of_length(bytes: usize) -> u32 {
    (bytes as u32) * 2 / 3
}

/// Two a Chinese character, fewer for a letter.
fn weight(word: &str) -> u32 {
    let han = word.chars().filter(|c| !c.is_ascii()).count() as u32;
    let letters = word.len() as u32 - han * 3;
    han * 2 + (letters * 2).div_ceil(3)
}

/// An English word counts only as a whole, give or take an ending.
fn is_whole(text: &str, span: &Range<usize>) -> bool {
    let word = &text[span.clone()];
    if word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text[..span.start].ends_with(|c: char| c.is_ascii_alphanumeric())
    {
        return false;
    }
    if word.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        let rest = &text[span.end..];
        let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        return matches!(&rest[..run], "" | "s" | "es" | "ed" | "d" | "ing");
    }
    true
}

/// Whether the words just before deny it.
fn is_denied(text: &str, span: &Range<usize>) -> bool {
    let before = last_bytes(&text[..span.start], 36);
    let clause = before.rsplit([',', '。', ';', '!', '?', '\n', ' ', ':']).next().unwrap_or_default();
    let near = last_bytes(clause, 18);
    let han = [
        "没有",
        "没有人",
        "没人",
        "没看到",
        "没看见",
        "没发生",
        "不是",
        "并非",
        "没有发生",
        "没有再",
        "没",
        "不是在",
        "不是真",
        "又不是",
        "冇",
        "唔系",
        "不会",
        "没有在",
        "避免",
        "防止",
        "预防",
        "谨防",
        "防",
    ];
    if han.iter().any(|denial| near.ends_with(denial))
        && !near.ends_with("是不是")
        && !near.ends_with("有没有")
        && !near.ends_with("有没")
        && !near.ends_with("消防")
    {
        return true;
    }
    let words: Vec<&str> = before.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic() && c != '\'').take(3).collect();
    let english = |word: &str| {
        matches!(word, "no" | "not" | "isn't" | "wasn't" | "never" | "without" | "aren't" | "weren't" | "nobody")
    };
    let direct = words.first().is_some_and(|word| english(word));
    let article = words.first().is_some_and(|word| matches!(*word, "a" | "an" | "any" | "the" | "been" | "was" | "is"))
        && words.get(1).is_some_and(|word| english(word));
    text[span.clone()].is_ascii() && (direct || article)
}

/// At most the last `most` bytes, from a character's start.
fn last_bytes(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<String> {
        let categories = Categories::new(&crate::config::Config::default().category);
        categories.find(&fold(text), &[]).map(|found| found.id.to_owned())
    }

    #[test]
    fn by_words() {
        for (text, id) in [
            ("有人拿菜刀追人", "violent_attack"),
            ("戴頭盔男子持刀搶走收銀台1300元", "robbery"),
            ("几个人打起来了", "fight"),
            ("電單車俾人偷咗", "theft"),
            ("让我下载软件共享屏幕 差点把钱转走", "fraud"),
            ("消防通道堆满木板", "fire_hazard"),
            ("有人掉到鹿溪河里了", "drowning"),
            ("two cars crashed", "traffic_accident"),
            ("gas leak in the kitchen", "dangerous_goods"),
            ("我妈七十六了 下午去遛弯到现在没回来", "missing_person"),
        ] {
            assert_eq!(find(text).as_deref(), Some(id), "{text}");
        }
    }

    #[test]
    fn denied_words_do_not_count() {
        for text in ["没有打架", "不是火灾", "not a fire", "没看到打架"] {
            assert_eq!(find(text), None, "{text}");
        }
        assert_eq!(find("是不是着火了").as_deref(), Some("fire"));
    }

    #[test]
    fn tags() {
        let categories = Categories::new(&crate::config::Config::default().category);
        for (tag, id) in [
            ("偷快递", "theft"),
            ("路灯", "facility"),
            ("煤气泄漏", "dangerous_goods"),
            ("急救", "medical"),
            ("theft", "theft"),
            ("盗窃东门市场", "theft"),
        ] {
            assert_eq!(categories.find_tag(tag).map(|found| found.id), Some(id), "{tag}");
        }
        assert_eq!(categories.find_tag("线索"), None);
    }

    #[test]
    fn the_shipped_list_is_the_closed_one() {
        let shipped = crate::config::Config::default().category;
        assert_eq!(shipped.len(), 23);
        let sensitive: Vec<&str> = shipped.iter().filter(|c| c.sensitive).map(|c| c.id.as_str()).collect();
        assert_eq!(sensitive, ["fraud", "drugs", "gambling"]);
        assert!(shipped.iter().all(|c| !c.words.is_empty()));
    }
}
