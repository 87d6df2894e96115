//! What kind of thing a message is about, by the word lists of the config.
//!
//! The longest and most specific word wins, then the earlier. A denied word (没有打架, not a fire) counts for
//! nothing. Knows nothing of tags' or labels' grammar.

use super::lexicon::{Hit, Lexicon, Sense, weight};
use std::ops::Range;

/// The category that words speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundCategory<'c> {
    /// Its id.
    pub id: &'c str,
    /// How specific the words are: two a Chinese character.
    pub weight: u32,
}

/// What the words of a message say of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryReading<'l> {
    /// The likeliest.
    pub found: Option<FoundCategory<'l>>,
    /// Ids of all that words speak for, the likeliest first.
    pub likely: Vec<&'l str>,
    /// Words of a category were denied.
    pub denied: bool,
}

/// The category that a folded tag names, whole, or by the words in it.
pub fn read_tag<'l>(lexicon: &'l Lexicon, tag: &str) -> Option<FoundCategory<'l>> {
    let whole = tag.replace([' ', '_', '-'], "");
    let known =
        |name: &str| lexicon.tag(name).map(|category| FoundCategory { id: lexicon.id(category), weight: weight(name) });
    if let Some(found) = known(&whole) {
        return Some(found);
    }
    // #盗窃东门市场: the tag ran on without a space.
    let mut cut = whole.len();
    while let Some((at, _)) = whole[..cut].char_indices().next_back() {
        cut = at;
        if cut < 4 || whole[..cut].is_ascii() {
            break;
        }
        if let Some(found) = known(&whole[..cut]) {
            return Some(found);
        }
    }
    read_words(lexicon, tag, &lexicon.find(tag, &[])).found
}

/// The likeliest category of a folded text in which the words `hits` stand.
pub fn read_words<'l>(lexicon: &'l Lexicon, text: &str, hits: &[Hit]) -> CategoryReading<'l> {
    let told = |hit: &&Hit| matches!(hit.sense, Sense::Category(_));
    let mut denied = false;
    let mut kept: Vec<&Hit> = hits.iter().filter(told).collect();
    kept.retain(|hit| {
        let is_denied = is_denied(text, &hit.span);
        denied |= is_denied;
        !is_denied
    });
    let kept = drop_covered(kept);
    let mut tallies = vec![Tally::default(); lexicon.categories()];
    for hit in kept {
        if let Sense::Category(category) = hit.sense {
            tallies[usize::from(category)].take(hit);
        }
    }
    let mut ranked: Vec<(u32, usize, usize, FoundCategory<'l>)> = tallies
        .iter()
        .enumerate()
        .filter_map(|(category, tally)| {
            tally.strongest.as_ref()?;
            let id = lexicon.id(category);
            // Somebody who cannot get up, or looks odd, is a part of many things: what else is told says more.
            let share = match id {
                "help" | "other" => 8,
                "suspicious" => 9,
                _ => 10,
            };
            let points = (tally.weight * 10 + tally.others.1 * 4) * share / 10;
            Some((points, tally.first, category, FoundCategory { id, weight: tally.weight }))
        })
        .collect();
    ranked.sort_by_key(|(points, first, category, _)| (std::cmp::Reverse(*points), *first, *category));
    CategoryReading {
        found: ranked.first().map(|(.., found)| *found),
        likely: ranked.iter().map(|(.., found)| found.id).collect(),
        denied,
    }
}

/// What the words of one category come to.
#[derive(Debug, Clone, Default)]
struct Tally {
    strongest: Option<Range<usize>>,
    weight: u32,
    /// How many other words counted, and their weights together.
    others: (usize, u32),
    first: usize,
}

/// So many words beside the strongest count.
const OTHERS: usize = 3;

impl Tally {
    fn take(&mut self, hit: &Hit) {
        let Some(strongest) = &self.strongest else {
            (self.strongest, self.weight, self.first) = (Some(hit.span.clone()), hit.weight, hit.span.start);
            return;
        };
        self.first = self.first.min(hit.span.start);
        if hit.span == *strongest {
            return;
        }
        let weaker = hit.weight.min(self.weight);
        if hit.weight > self.weight {
            (self.strongest, self.weight) = (Some(hit.span.clone()), hit.weight);
        }
        if self.others.0 < OTHERS {
            self.others = (self.others.0 + 1, self.others.1 + weaker);
        }
    }
}

/// Takes out words that stand inside a longer one (抢 in 抢救).
fn drop_covered(mut hits: Vec<&Hit>) -> Vec<&Hit> {
    hits.sort_by_key(|hit| (hit.span.start, std::cmp::Reverse(hit.span.end)));
    let mut kept: Vec<&Hit> = Vec::with_capacity(hits.len());
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

/// How words that deny what follows end, and those that end so and do not.
const DENIALS: [&str; 20] = [
    "没",
    "没有",
    "没人",
    "没有人",
    "没看到",
    "没看见",
    "没发生",
    "没有发生",
    "没有再",
    "没有在",
    "不是",
    "不是在",
    "不是真",
    "并非",
    "不会",
    "冇",
    "唔系",
    "避免",
    "防止",
    "防",
];
const NO_DENIALS: [&str; 4] = ["是不是", "有没有", "有没", "消防"];

/// Whether the words just before deny it.
fn is_denied(text: &str, span: &Range<usize>) -> bool {
    let before = last_bytes(&text[..span.start], 36);
    let clause = before.rsplit([',', '。', ';', '!', '?', '\n', ' ', ':']).next().unwrap_or_default();
    let near = last_bytes(clause, 18);
    let ends = |words: &[&str]| words.iter().any(|word| near.ends_with(word));
    if ends(&DENIALS) && !ends(&NO_DENIALS) {
        return true;
    }
    if !text[span.clone()].is_ascii() {
        return false;
    }
    let words: Vec<&str> = before.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic() && c != '\'').take(3).collect();
    let english = |word: &str| {
        matches!(word, "no" | "not" | "isn't" | "wasn't" | "never" | "without" | "aren't" | "weren't" | "nobody")
    };
    let direct = words.first().is_some_and(|word| english(word));
    let article = words.first().is_some_and(|word| matches!(*word, "a" | "an" | "any" | "the" | "been" | "was" | "is"))
        && words.get(1).is_some_and(|word| english(word));
    direct || article
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
    use crate::config::Config;
    use crate::domain::tip::fold::fold;
    use std::sync::{Arc, LazyLock};

    static LEXICON: LazyLock<Arc<Lexicon>> = LazyLock::new(|| Config::default().lexicon());

    fn read(text: &str) -> CategoryReading<'static> {
        let text = fold(text);
        read_words(&LEXICON, &text, &LEXICON.find(&text, &[]))
    }

    fn find(text: &str) -> Option<&'static str> {
        read(text).found.map(|found| found.id)
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
            assert_eq!(find(text), Some(id), "{text}");
        }
    }

    #[test]
    fn denied_words_do_not_count() {
        for text in ["没有打架", "不是火灾", "not a fire", "没看到打架", "防止打架", "谨防打架"] {
            assert_eq!(find(text), None, "{text}");
        }
        assert_eq!(find("是不是着火了"), Some("fire"));
    }

    #[test]
    fn tags() {
        for (tag, id) in [
            ("偷快递", "theft"),
            ("路灯", "facility"),
            ("煤气泄漏", "dangerous_goods"),
            ("急救", "medical"),
            ("theft", "theft"),
            ("盗窃东门市场", "theft"),
        ] {
            assert_eq!(read_tag(&LEXICON, tag).map(|found| found.id), Some(id), "{tag}");
        }
        assert_eq!(read_tag(&LEXICON, "线索"), None);
    }

    #[test]
    fn the_shipped_list_is_the_closed_one() {
        let shipped = crate::config::Config::default().category;
        assert_eq!(shipped.len(), 23);
        let sensitive: Vec<&str> = shipped.iter().filter(|c| c.sensitive).map(|c| c.id.as_str()).collect();
        assert_eq!(sensitive, ["fraud", "drugs", "gambling"]);
    }
}
