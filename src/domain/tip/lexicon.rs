//! All word lists of the config in one automaton: one pass finds what category, urgency and standing go by.
//!
//! A word is written in simplified characters and small letters. `A*B` is both in this order, a few characters
//! apart, with `/` between choices; `^A` opens a clause; `A+` decides: it weighs double. English words count only whole. What a hit means is for the
//! readers to say.

use super::Category;
use super::fold::fold;
use daachorse::CharwiseDoubleArrayAhoCorasick;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// How far apart, in bytes, the two halves of `A*B` may stand.
const REACH: usize = 33;
/// The same in English.
const ENGLISH_REACH: usize = 48;

/// So many words at most are taken from a message: some 5,000 characters of people's writing.
const MOST: usize = 1_500;

/// What a word says beside what kind of thing it is about. Each is a list of the config (`[words]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cue {
    /// Nothing, though shorter words inside it would.
    Neutral,
    /// Somebody calls for help or is in danger.
    Danger,
    /// It goes on.
    Ongoing,
    /// It is over.
    Over,
    /// It is always so, or only feared.
    Usual,
    /// Nothing by itself: greetings and fillers.
    SmallTalk,
    /// Thanks, wherever it stands.
    Thanks,
    /// Thanks, at the head of a message.
    OpeningThanks,
    /// A question.
    Question,
    /// What questions on services are about.
    Procedure,
    /// What questions on the outcome are about.
    Aftermath,
    /// Something is offered.
    Advert,
    /// Something is made known.
    Notice,
    /// Somebody is invited.
    Invitation,
    /// Neighbourly chat.
    Chat,
    /// What days are made of: chat unless something is told beside it.
    Everyday,
}

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// A category, by its place in the list.
    Category(u16),
    /// Something else.
    Cue(Cue),
}

/// A word that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it stands for.
    pub sense: Sense,
    /// Where.
    pub span: Range<usize>,
    /// How specific it is: two a Chinese character, fewer for a letter.
    pub weight: u32,
}

/// A word that a pattern of the automaton is.
#[derive(Debug, Clone, Copy)]
struct Word {
    sense: Sense,
    how: How,
}

/// When a word counts, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Plain,
    /// Twice.
    Decisive,
    /// Only where a clause begins.
    Opening,
}

/// What a pattern of the automaton is for: where its words and pairs stand in the lexicon's lists. Kept small, for a
/// message touches a hundred of them all over memory.
#[derive(Debug, Clone, Copy)]
struct Uses {
    words: u32,
    /// Of `halves`: first the pairs of which it is the second half, then those of which it is the first.
    halves: u32,
    of_words: u16,
    of_tails: u16,
    of_heads: u16,
}

/// The word lists, ready to be looked for.
pub struct Lexicon {
    ids: Vec<String>,
    /// Character by character: for Chinese it takes half the time of one that goes by bytes.
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// For each pattern.
    uses: Vec<Uses>,
    words: Vec<Word>,
    /// Numbers of pairs.
    halves: Vec<u16>,
    /// For each pair.
    pairs: Vec<Sense>,
    /// Whole tags: names, ids and words.
    tags: HashMap<String, usize>,
    /// Names and ids of the categories: a tag that is one says no more than the category does.
    names: HashSet<String>,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexicon").field("ids", &self.ids).field("words", &self.uses.len()).finish_non_exhaustive()
    }
}

impl Lexicon {
    /// Indexes the word lists. The shipped ones take a quarter of a second: once for a config.
    pub fn new<'w>(categories: &[Category], cues: impl IntoIterator<Item = (Cue, &'w [String])>) -> Self {
        let mut made = Making::default();
        let mut tags = HashMap::new();
        let mut names = HashSet::new();
        for (category, entry) in categories.iter().enumerate() {
            for name in [&entry.id, &entry.zh, &entry.en] {
                tags.insert(fold(name).replace(' ', ""), category);
                names.insert(fold(name));
            }
            for word in &entry.words {
                let word = fold(word);
                if let Some(tag) = word.strip_prefix('#') {
                    tags.insert(tag.replace(' ', ""), category);
                    continue;
                }
                if !word.contains('*') {
                    let tag = word.trim_start_matches('^').trim_end_matches('+').replace(' ', "");
                    tags.entry(tag).or_insert(category);
                }
                made.add(&word, Sense::Category(category as u16));
            }
            for name in [&entry.zh, &entry.en] {
                made.add(&fold(name), Sense::Category(category as u16));
            }
        }
        for (cue, words) in cues {
            for word in words {
                made.add(&fold(word), Sense::Cue(cue));
            }
        }
        made.patterns.remove("");
        let mut list: Vec<(String, Pattern)> = made.patterns.into_iter().collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        let automaton = CharwiseDoubleArrayAhoCorasick::new(list.iter().map(|(word, _)| word))
            .expect("word lists are small and hold each word once");
        let (mut uses, mut words, mut halves) = (Vec::with_capacity(list.len()), Vec::new(), Vec::new());
        for (_, pattern) in &list {
            uses.push(Uses {
                words: words.len() as u32,
                halves: halves.len() as u32,
                of_words: pattern.words.len() as u16,
                of_tails: pattern.tails.len() as u16,
                of_heads: pattern.heads.len() as u16,
            });
            words.extend(&pattern.words);
            halves.extend(pattern.tails.iter().chain(&pattern.heads));
        }
        let ids = categories.iter().map(|category| category.id.clone()).collect();
        Self { ids, automaton, uses, words, halves, pairs: made.pairs, tags, names }
    }

    /// The category's id.
    pub fn id(&self, category: usize) -> &str {
        &self.ids[category]
    }

    /// How many categories there are.
    pub fn categories(&self) -> usize {
        self.ids.len()
    }

    /// The category that a folded tag is a name or a word of, whole, without spaces.
    pub fn tag(&self, tag: &str) -> Option<usize> {
        self.tags.get(tag).copied()
    }

    /// Whether a folded tag is no more than the name of a category.
    pub fn is_name(&self, tag: &str) -> bool {
        self.names.contains(tag)
    }

    /// Every word that stands in a folded text, in the order of their ends. What stands inside a neutral one does not
    /// count, nor does a word of a category inside one of `masked` (names of places, links; in order): between the halves
    /// of a pair such a name takes no room.
    pub fn find(&self, text: &str, masked: &[Range<usize>]) -> Vec<Hit> {
        let mut heads = Heads::new(self.pairs.len());
        let mut hits: Vec<Hit> = Vec::new();
        for found in self.automaton.find_overlapping_iter(text) {
            if hits.len() >= MOST {
                break;
            }
            let span = found.start()..found.end();
            if !is_whole(text, &span) {
                continue;
            }
            let hidden = is_masked(masked, &span);
            let uses = self.uses[found.value() as usize];
            let from = uses.words as usize;
            for word in &self.words[from..from + usize::from(uses.of_words)] {
                let counts = match word.sense {
                    Sense::Category(_) => !hidden,
                    Sense::Cue(_) => true,
                };
                if counts && (word.how != How::Opening || opens(text, span.start)) {
                    let times = if word.how == How::Decisive { 2 } else { 1 };
                    hits.push(Hit {
                        sense: word.sense,
                        weight: weight(&text[span.clone()]) * times,
                        span: span.clone(),
                    });
                }
            }
            // 掉进莲湖: what a name ends with is still what it is, but only beside another word.
            if hidden && masked.binary_search_by_key(&span.end, |mask| mask.end).is_err() {
                continue;
            }
            let from = uses.halves as usize;
            let middle = from + usize::from(uses.of_tails);
            for &pair in &self.halves[from..middle] {
                if let Some(head) = heads.before(text, pair, &span, masked) {
                    let (front, back) = (weight(&text[head.clone()]), weight(&text[span.clone()]));
                    // 车*撞: two lone characters say less than one word of two.
                    let weight = if front + back < 5 { 3 } else { front * 2 / 3 + back };
                    hits.push(Hit { sense: self.pairs[usize::from(pair)], span: head.start..span.end, weight });
                }
            }
            // Its own first half comes last: no word is both halves of one pair.
            for &pair in &self.halves[middle..middle + usize::from(uses.of_heads)] {
                heads.put(pair, &span);
            }
        }
        without_neutral(hits)
    }
}

/// Takes out neutral words and what stands inside them but small talk, which says no more than they do.
fn without_neutral(mut hits: Vec<Hit>) -> Vec<Hit> {
    let is_neutral = |hit: &Hit| hit.sense == Sense::Cue(Cue::Neutral);
    let mut neutral: Vec<Range<usize>> = Vec::new();
    for hit in hits.iter().filter(|hit| is_neutral(hit)) {
        // They come in the order of their ends: one that begins before the last holds it.
        while neutral.last().is_some_and(|last| hit.span.start <= last.start) {
            neutral.pop();
        }
        neutral.push(hit.span.clone());
    }
    if !neutral.is_empty() {
        hits.retain(|hit| {
            let holder = neutral.get(neutral.partition_point(|holder| holder.end < hit.span.end));
            hit.sense == Sense::Cue(Cue::SmallTalk)
                || !is_neutral(hit) && holder.is_none_or(|holder| holder.start > hit.span.start)
        });
    }
    hits
}

/// Whether a clause begins at a place in a text.
fn opens(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(' ');
    before.is_empty() || before.ends_with([',', '.', '。', ';', '!', '?', ':', '\n'])
}

/// The last head of each pair that was met.
struct Heads {
    /// A bit for each pair: whether a head of it was met at all. Of most it was not.
    met: Vec<u64>,
    /// In the order of their ends, while they are few: pair, start, end.
    few: Vec<(u16, u32, u32)>,
    /// By pair, when they are many: start and end; an empty one was not met.
    many: Vec<(u32, u32)>,
}

/// From so many heads on it pays to have a place for each pair.
const MANY: usize = 256;

impl Heads {
    fn new(pairs: usize) -> Self {
        Self { met: vec![0; pairs.div_ceil(64)], few: Vec::new(), many: Vec::new() }
    }

    fn put(&mut self, pair: u16, span: &Range<usize>) {
        self.met[usize::from(pair) / 64] |= 1 << (pair % 64);
        let (start, end) = (span.start as u32, span.end as u32);
        if self.many.is_empty() {
            self.few.push((pair, start, end));
            if self.few.len() < MANY {
                return;
            }
            self.many = vec![(0, 0); self.met.len() * 64];
            self.few.drain(..).for_each(|(pair, start, end)| keep(&mut self.many[usize::from(pair)], start, end));
            return;
        }
        keep(&mut self.many[usize::from(pair)], start, end);
    }

    /// The head of a pair before its tail, if it is within reach and in the same sentence.
    fn before(&self, text: &str, pair: u16, tail: &Range<usize>, masked: &[Range<usize>]) -> Option<Range<usize>> {
        if self.met[usize::from(pair) / 64] & (1 << (pair % 64)) == 0 {
            return None;
        }
        let reach = if text[tail.clone()].is_ascii() { ENGLISH_REACH } else { REACH };
        let reach = reach + room(masked, tail.start.saturating_sub(reach)..tail.start);
        let (start, end) = if self.many.is_empty() {
            let near = self.few.iter().rev().take_while(|(.., end)| *end as usize + reach >= tail.start);
            let mut last = (0, 0);
            for &(of, start, end) in near {
                if of == pair && end >= last.1 {
                    last = (start, end);
                }
            }
            last
        } else {
            self.many[usize::from(pair)]
        };
        let head = start as usize..end as usize;
        let near = !head.is_empty() && head.end <= tail.start && tail.start - head.end <= reach;
        (near && !text[head.end..tail.start].contains(['。', '\n', '!', '?', ';'])).then_some(head)
    }
}

/// How many bytes of a stretch are masked.
fn room(masked: &[Range<usize>], within: Range<usize>) -> usize {
    let first = masked.partition_point(|mask| mask.end <= within.start);
    masked[first..]
        .iter()
        .take_while(|mask| mask.start < within.end)
        .map(|mask| mask.end.min(within.end) - mask.start)
        .sum()
}

/// Keeps the later of two heads; of those that end together the longest, which is met first.
fn keep(head: &mut (u32, u32), start: u32, end: u32) {
    if head.1 != end {
        *head = (start, end);
    }
}

/// What is wrong with how a word of a list is written; `None` if nothing is.
pub fn fault(word: &str) -> Option<&'static str> {
    let word = fold(word);
    let word = word.trim().trim_start_matches(['-', '#']);
    let halves: Vec<&str> = word.split('*').collect();
    if halves.len() > 2 {
        Some("one * at most: only two words are looked for together")
    } else if halves.len() == 2 && (word.starts_with('^') || word.ends_with('+')) {
        Some("^ and + go with a single word, not with *")
    } else if halves.iter().any(|half| half.split('/').any(|choice| choice.trim_matches(['^', '+', ' ']).is_empty())) {
        Some("an empty word: something must stand before and behind each * and /")
    } else {
        None
    }
}

/// Patterns on their way into an automaton.
#[derive(Default)]
struct Making {
    patterns: HashMap<String, Pattern>,
    pairs: Vec<Sense>,
}

/// What one of them is for.
#[derive(Default)]
struct Pattern {
    words: Vec<Word>,
    heads: Vec<u16>,
    tails: Vec<u16>,
}

impl Making {
    fn add(&mut self, word: &str, sense: Sense) {
        let Some((heads, tails)) = word.split_once('*') else {
            let (word, how) = if let Some(word) = word.strip_prefix('^') {
                (word, How::Opening)
            } else if let Some(word) = word.strip_suffix('+') {
                (word, How::Decisive)
            } else {
                (word, How::Plain)
            };
            for word in word.split('/') {
                self.pattern(word).words.push(Word { sense, how });
            }
            return;
        };
        let pair = u16::try_from(self.pairs.len()).expect("word lists hold fewer than 65,536 pairs");
        for head in heads.split('/') {
            self.pattern(head).heads.push(pair);
        }
        for tail in tails.split('/') {
            self.pattern(tail).tails.push(pair);
        }
        self.pairs.push(sense);
    }

    fn pattern(&mut self, word: &str) -> &mut Pattern {
        self.patterns.entry(word.to_owned()).or_default()
    }
}

/// Two a Chinese character, fewer for a letter.
pub fn weight(word: &str) -> u32 {
    let ascii = word.bytes().filter(u8::is_ascii).count();
    let han = (word.len() - ascii) / 3;
    (han * 2 + (ascii * 2).div_ceil(3)) as u32
}

/// An English word counts only as a whole, give or take an ending.
fn is_whole(text: &str, span: &Range<usize>) -> bool {
    let (bytes, word) = (text.as_bytes(), &text.as_bytes()[span.clone()]);
    let glued = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    if word.first().is_some_and(u8::is_ascii_alphanumeric) && glued(span.start.checked_sub(1)) {
        return false;
    }
    if word.last().is_some_and(u8::is_ascii_alphanumeric) {
        let run = bytes[span.end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).take(4).count();
        return matches!(&bytes[span.end..span.end + run], b"" | b"s" | b"es" | b"ed" | b"d" | b"ing");
    }
    true
}

/// Stretches in order, those that meet as one.
pub fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| span.start);
    spans.dedup_by(|next, last| {
        let meets = next.start <= last.end;
        if meets {
            last.end = last.end.max(next.end);
        }
        meets
    });
    spans
}

/// Whether one of `masks`, stretches in order that do not overlap, meets a span.
pub fn is_masked(masks: &[Range<usize>], span: &Range<usize>) -> bool {
    let next = masks.partition_point(|mask| mask.end <= span.start);
    masks.get(next).is_some_and(|mask| mask.start < span.end)
}

#[cfg(test)]
mod tests;
