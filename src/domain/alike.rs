//! How alike two texts are, and which words they share: for likely duplicates and for what mends have in common.
//!
//! Texts are folded, and words that say nothing of an event (这里, 有人, the, just now) part them into pieces. Pure;
//! called by `duplicate`, `mend` and the flow.

use super::tip::fold::fold;
use std::collections::{BTreeMap, BTreeSet};

/// So much of a text is looked at, in characters.
const READ: usize = 600;
/// The longest stretch of Chinese characters, and of English words, that counts as one word.
const HAN: usize = 6;
const ENGLISH: usize = 3;

/// Words that say nothing of an event.
const EMPTY: &str = "不知道 看到了 一个人 几个人 半小时 有个人 这边的 有一个 怎么办 有没有 是不是 有人 一个 两个 几个 \
    一名 这里 那里 这边 那边 现在 刚才 刚刚 正在 已经 我们 你们 他们 大家 看到 看见 发现 好像 可能 怎么 \
    什么 附近 旁边 门口 对面 一直 还有 没有 快来 赶紧 麻烦 帮忙 看看 警察 警官 民警 谢谢 您好 你好 昨晚 \
    今晚 今天 昨天 前天 早上 晚上 下午 上午 中午 凌晨 小时 分钟 左右 地方 情况 的 了 吗 呢 啊 吧 呀 哦 \
    嘅 咗 啦 们 我 你 您 他 她 点 号 请 在 是 有 被 就 都 也 很 那 这";
/// The same in English.
const EMPTY_ENGLISH: &str = "the an at in on of to and or is are was were be been we you he she they it its this that there here \
    near from with for by my our some someone somebody people just now ago very please pm am today \
    yesterday tonight last night evening morning has have had not no out off up again about one two his \
    her their who what when where as so but if can see saw";

/// A stretch of a text between words that say nothing: characters of Chinese, or words of English.
type Piece = Vec<String>;

/// The pieces of a text without `besides` (names of places, times).
fn pieces(text: &str, besides: &[&str]) -> Vec<Piece> {
    let mut text: String = fold(text).chars().take(READ).collect();
    for words in besides.iter().map(|words| fold(words)).filter(|words| !words.is_empty()) {
        text = text.replace(&words, "\n");
    }
    for words in EMPTY.split(' ') {
        text = text.replace(words, "\n");
    }
    let mut out: Vec<Piece> = vec![Vec::new()];
    let mut last_english = false;
    let mut words = text.chars().peekable();
    while let Some(c) = words.next() {
        let mut word = c.to_string();
        let english = c.is_ascii_alphabetic();
        if english {
            while let Some(c) = words.next_if(|c| c.is_ascii_alphanumeric() || *c == '\'') {
                word.push(c);
            }
        }
        let empty = english && (word.len() < 2 || EMPTY_ENGLISH.split(' ').any(|empty| empty == word));
        let space = c == ' ' && last_english;
        if !(english || is_han(c) || space) || empty {
            out.push(Vec::new());
        } else if !space {
            if english != last_english {
                out.push(Vec::new());
            }
            out.last_mut().expect("never empty").push(word);
            last_english = english;
        }
    }
    out.retain(|piece| !piece.is_empty());
    out
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

fn join(piece: &[String]) -> String {
    let english = piece.first().is_some_and(|word| word.is_ascii());
    piece.join(if english { " " } else { "" })
}

/// How alike two names are, spelling by spelling: 0 nothing, 1 the same.
pub fn likeness(a: &str, b: &str) -> f64 {
    let letters = |name| vec![fold(name).chars().filter(|c| !c.is_whitespace()).map(String::from).collect()];
    dice(&letters(a), &letters(b))
}

/// How alike what two texts tell is, `besides` left out: 0 nothing, 1 the same.
pub fn likeness_told(a: &str, b: &str, besides: &[&str]) -> f64 {
    dice(&pieces(a, besides), &pieces(b, besides))
}

/// Dice's coefficient over pairs of neighbouring characters or words; what stands alone is a pair of its own.
fn dice(a: &[Piece], b: &[Piece]) -> f64 {
    fn pairs(pieces: &[Piece]) -> BTreeSet<&[String]> {
        pieces.iter().flat_map(|piece| piece.windows(piece.len().clamp(1, 2))).collect()
    }
    let (a, b) = (pairs(a), pairs(b));
    let both = a.intersection(&b).count();
    if both == 0 { 0.0 } else { 2.0 * both as f64 / (a.len() + b.len()) as f64 }
}

/// Words that at least `least` of the texts hold, with in how many they stand: those of most texts first, of these the
/// longest, and no word that is only a part of another one in as many.
pub fn common(texts: &[&str], least: usize, besides: &[&str]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<Piece, usize> = BTreeMap::new();
    for text in texts {
        let mut own = BTreeSet::new();
        for piece in pieces(text, besides) {
            let english = piece[0].is_ascii();
            for length in if english { 1..=ENGLISH } else { 2..=HAN } {
                own.extend(
                    piece.windows(length).filter(|w| !english || w.iter().any(|w| w.len() > 2)).map(<[_]>::to_vec),
                );
            }
        }
        for word in own {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count >= least);
    let mut words: Vec<(Piece, usize)> = counts.into_iter().collect();
    words.sort_by_key(|(word, count)| {
        std::cmp::Reverse((*count, if word[0].is_ascii() { join(word).len() } else { 3 * word.len() }))
    });
    let mut kept: Vec<(Piece, usize)> = Vec::new();
    for (word, count) in words {
        let part = |(longer, of): &(Piece, usize)| *of == count && longer.windows(word.len()).any(|part| part == word);
        if !kept.iter().any(part) {
            kept.push((word, count));
        }
    }
    kept.into_iter().map(|(word, count)| (join(&word), count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_texts_share() {
        for (a, b, besides, shared) in [
            ("阳光小区地下车库 电动车被偷了", "阳光小区有人偷电动车电瓶", "阳光小区", vec!["电动车"]),
            ("Two men broke a white van window", "somebody is breaking into a white van", "", vec!["white van"]),
            ("着火了 烟很大", "有人打架", "", vec![]),
            ("電動車被盜", "电动车不见了", "", vec!["电动车"]),
        ] {
            let words: Vec<String> = common(&[a, b], 2, &[besides]).into_iter().map(|(word, _)| word).collect();
            assert_eq!(words, shared, "{a} | {b}");
        }
    }

    #[test]
    fn likeness_goes_by_what_is_told() {
        let like = |a, b| likeness_told(a, b, &["东门市场"]);
        assert!(like("东门市场 两个人打架 拿着酒瓶", "东门市场那里有人打架 酒瓶都拿出来了") > 0.4);
        assert!(like("东门市场 两个人打架", "东门市场 垃圾没人收") < 0.1);
        assert_eq!(like("", "打架"), 0.0);
        assert_eq!(like("东门市场", "东门市场"), 0.0, "the place alone says nothing of the event");
    }

    #[test]
    fn words_of_many_texts_come_by_how_many_hold_them() {
        let texts = ["楼上漏水吵起来了", "因为漏水吵起来了", "邻居漏水", "停车位吵架"];
        let words = common(&texts, 2, &[]);
        assert_eq!(words[0], ("漏水".into(), 3));
        assert!(words.contains(&("漏水吵起来".into(), 2)), "{words:?}");
        assert!(!words.iter().any(|(word, _)| word == "吵起来"), "a part of a longer one of as many: {words:?}");
    }
}
