//! Names of the gazetteer with one slip in them.
//!
//! Owns the index of Chinese names by what is left of them when one character is wrong, missing, doubled or
//! changed places, and what slip is believed. A name is looked for only where its first or last two
//! characters (of three: its ends) stand as they are, and with a limit a message. Called by `mention`.

use super::context::{goes_on_about, opens};
use super::names::{Rank, is_han_char};
use super::sound::{Likeness, likeness, syllable};
use super::unknown::ENDINGS;
use std::collections::HashMap;
use std::ops::Range;

/// The longest name that is looked for with a slip, in characters.
const LONGEST: usize = 10;
/// Look-ups a message may cost: many times what people write.
const LIMIT: usize = 4_000;
/// Names with a slip that a message may hold.
const MOST: usize = 32;

/// A name found with a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slip {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// Which spelling of the gazetteer it is.
    pub spelling: usize,
    /// How far it is from that spelling: smaller is nearer.
    cost: u8,
}

/// What was done to a name: keys of different kinds never meet.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
enum Done {
    Nothing = 1,
    Changed,
    Dropped,
    Swapped,
    Heard,
}

/// A name that is looked for.
#[derive(Debug)]
struct Name {
    chars: Box<[char]>,
    spelling: usize,
    /// Characters before the ending that tells the kind of place.
    base: usize,
}

/// Where names begin and end: for two characters, the lengths of the names that begin and end with them.
type Anchors = HashMap<(char, char), (u16, u16)>;

/// The index of names.
#[derive(Debug, Default)]
pub(super) struct Typos {
    /// Hashes of damaged names, each with the name that it came from, in order.
    keys: Vec<(u32, u32)>,
    /// Where the keys with the same upper half begin.
    starts: Vec<u32>,
    names: Vec<Name>,
    anchors: Anchors,
    /// One bit for each pair of characters that may be an anchor.
    may_be: Vec<u64>,
}

impl Typos {
    /// Indexes spellings: text, rank and number of each.
    pub fn new<'n>(spellings: impl Iterator<Item = (&'n str, Rank, usize)>) -> Self {
        let mut new = Self { may_be: vec![0; 1 << 10], ..Self::default() };
        for (name, rank, spelling) in spellings {
            let chars: Box<[char]> = name.chars().collect();
            let plain = chars.iter().all(|c| c.is_alphanumeric());
            let han = chars.iter().filter(|c| is_han_char(**c)).count();
            if !(3..=LONGEST).contains(&chars.len()) || !plain || han < 3 || matches!(rank, Rank::Derived | Rank::Word)
            {
                continue;
            }
            new.add(&chars);
            new.names.push(Name { base: base(&chars), chars, spelling });
        }
        new.keys.sort_unstable();
        new.keys.dedup();
        new.starts = (0..=1 << 16)
            .map(|upper: u64| new.keys.partition_point(|(key, _)| u64::from(key >> 16) < upper) as u32)
            .collect();
        new
    }

    fn add(&mut self, chars: &[char]) {
        let (id, n) = (self.names.len() as u32, chars.len());
        let mut key = |key: u32| self.keys.push((key, id));
        for at in 0..n {
            key(hash(Done::Changed, replaced(chars, at)));
        }
        if n >= 4 {
            key(hash(Done::Nothing, chars.iter().copied()));
            key(hash(Done::Heard, chars.iter().map(|c| heard(*c))));
            for at in 1..n - 1 {
                key(hash(Done::Dropped, without(chars, at)));
            }
            for at in 0..n - 1 {
                key(hash(Done::Swapped, swapped(chars, at)));
            }
        }
        let (head, tail) = ((chars[0], chars[1]), (chars[n - 2], chars[n - 1]));
        self.anchors.entry(head).or_default().0 |= 1 << n;
        self.anchors.entry(tail).or_default().1 |= 1 << n;
        for pair in [head, tail] {
            let bit = bit(pair);
            self.may_be[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Every name that stands in a text with one slip, where no `known` name stands; best first where they overlap.
    pub fn find(&self, text: &str, known: &[Range<usize>]) -> Vec<Slip> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let mut search = Search { typos: self, text, chars: Vec::new(), found: Vec::new(), left: LIMIT };
        // Names have no blanks: each run of letters is looked at by itself.
        let mut from = 0;
        while let Some(start) = text[from..].find(is_han_char).map(|at| from + at) {
            let end = text[start..]
                .find(|c: char| !is_han_char(c) && !c.is_ascii_alphanumeric())
                .map_or(text.len(), |at| start + at);
            search.run(start..end);
            from = end;
        }
        let mut found = search.found;
        found.retain(|slip| !is_covered(&slip.span, known));
        found.sort_by_key(|slip| (slip.cost, slip.span.start, slip.span.end, slip.spelling));
        let mut kept: Vec<Slip> = Vec::new();
        for slip in found {
            if kept.iter().all(|other| other.span.end <= slip.span.start || slip.span.end <= other.span.start) {
                kept.push(slip);
            }
        }
        kept.sort_by_key(|slip| slip.span.start);
        kept
    }

    fn with(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        let upper = (key >> 16) as usize;
        let (from, to) = (self.starts[upper] as usize, self.starts[upper + 1] as usize);
        self.keys[from..to].iter().filter(move |(other, _)| *other == key).map(|(_, name)| *name as usize)
    }
}

/// Whether a known name stands in a span, unless the span is much more than that name.
fn is_covered(span: &Range<usize>, known: &[Range<usize>]) -> bool {
    let at = known.partition_point(|name| name.end <= span.start);
    known[at..].iter().take_while(|name| name.start < span.end).any(|name| {
        let inside = span.start <= name.start && name.end <= span.end;
        !inside || span.len() < name.len() + 6
    })
}

struct Search<'a> {
    typos: &'a Typos,
    text: &'a str,
    /// Characters of the run and where each begins.
    chars: Vec<(usize, char)>,
    found: Vec<Slip>,
    left: usize,
}

impl Search<'_> {
    fn run(&mut self, run: Range<usize>) {
        self.chars.clear();
        self.chars.extend(self.text[run.clone()].char_indices().map(|(at, c)| (run.start + at, c)));
        for at in 0..self.chars.len().saturating_sub(2) {
            if self.left == 0 {
                return;
            }
            // Of three characters or four, a slip in the middle leaves no two together.
            self.middle(at);
            let pair = (self.chars[at].1, self.chars[at + 1].1);
            let bit = bit(pair);
            if self.typos.may_be[bit / 64] >> (bit % 64) & 1 == 0 {
                continue;
            }
            let Some(&(heads, tails)) = self.typos.anchors.get(&pair) else { continue };
            for n in (3..=LONGEST).filter(|n| heads >> n & 1 == 1) {
                self.behind(at, n);
            }
            for n in (3..=LONGEST).filter(|n| tails >> n & 1 == 1) {
                self.before(at + 2, n);
            }
        }
        // The last two characters may be an anchor, too.
        if let [.., (_, one), (_, two)] = self.chars[..]
            && let Some(&(_, tails)) = self.typos.anchors.get(&(one, two))
        {
            for n in (3..=LONGEST).filter(|n| tails >> n & 1 == 1) {
                self.before(self.chars.len(), n);
            }
        }
    }

    fn middle(&mut self, at: usize) {
        if let Some(window) = self.window(at, at + 3) {
            self.look(Done::Changed, replaced(&window[..3], 1), at, 3);
        }
        if let Some(window) = self.window(at, at + 4) {
            self.look(Done::Swapped, window[..4].iter().copied(), at, 4);
        }
    }

    /// Names of `n` characters whose first two stand at `at`: the slip lies behind them.
    fn behind(&mut self, at: usize, n: usize) {
        if let Some(window) = self.window(at, at + n) {
            for changed in 2..n {
                self.look(Done::Changed, replaced(&window[..n], changed), at, n);
            }
            if n >= 5 {
                self.look(Done::Swapped, window[..n].iter().copied(), at, n);
            }
            if n >= 4 {
                self.look(Done::Heard, window[..n].iter().map(|c| heard(*c)), at, n);
            }
        }
        if n >= 4 {
            if let Some(window) = self.window(at, at + n - 1) {
                self.look(Done::Dropped, window[..n - 1].iter().copied(), at, n - 1);
            }
            if let Some(window) = self.window(at, at + n + 1) {
                for added in 2..n {
                    self.look(Done::Nothing, without(&window[..=n], added), at, n + 1);
                }
            }
        }
    }

    /// Names of `n` characters whose last two end at `end`: the slip lies before them.
    fn before(&mut self, end: usize, n: usize) {
        if let Some(at) = end.checked_sub(n)
            && let Some(window) = self.window(at, end)
        {
            for changed in 0..n - 2 {
                self.look(Done::Changed, replaced(&window[..n], changed), at, n);
            }
            if n >= 4 {
                self.look(Done::Swapped, window[..n].iter().copied(), at, n);
                self.look(Done::Heard, window[..n].iter().map(|c| heard(*c)), at, n);
            }
        }
        if n >= 4 {
            if let Some(at) = end.checked_sub(n - 1)
                && let Some(window) = self.window(at, end)
            {
                self.look(Done::Dropped, window[..n - 1].iter().copied(), at, n - 1);
            }
            if let Some(at) = end.checked_sub(n + 1)
                && let Some(window) = self.window(at, end)
            {
                for added in 1..n - 1 {
                    self.look(Done::Nothing, without(&window[..=n], added), at, n + 1);
                }
            }
        }
    }

    /// Characters from `at` to `end`, if there are so many.
    fn window(&self, at: usize, end: usize) -> Option<[char; LONGEST + 1]> {
        let mut window = ['\0'; LONGEST + 1];
        for (to, (_, c)) in window.iter_mut().zip(self.chars.get(at..end)?) {
            *to = *c;
        }
        Some(window)
    }

    fn look(&mut self, done: Done, chars: impl Iterator<Item = char>, at: usize, length: usize) {
        self.left = self.left.saturating_sub(1);
        let typos = self.typos;
        for name in typos.with(hash(done, chars)) {
            let name = &typos.names[name];
            let start = self.chars[at].0;
            let end = self
                .chars
                .get(at + length)
                .map_or_else(|| self.chars.last().map_or(0, |(at, c)| at + c.len_utf8()), |(at, _)| *at);
            let Some(window) = self.window(at, at + length) else { continue };
            let edges = Edges { before: &self.text[..start], after: &self.text[end..] };
            if let Some(cost) = cost(&window[..length], name, &edges)
                && self.found.len() < MOST
            {
                let slip = Slip { span: start..end, spelling: name.spelling, cost };
                if !self.found.contains(&slip) {
                    self.found.push(slip);
                }
            }
        }
    }
}

/// What stands around the words.
struct Edges<'t> {
    before: &'t str,
    after: &'t str,
}

impl Edges<'_> {
    /// Whether a name may begin and end here. Behind a kind of place that stands as it is, anything may follow.
    fn both(&self, written: &[char], name: &Name) -> bool {
        let kind = &name.chars[name.base..];
        let ends = !kind.is_empty() && written.ends_with(kind)
            || self.after.chars().next().is_none_or(|c| !is_han_char(c))
            || goes_on_about(self.after);
        ends && opens(self.before)
    }
}

/// Characters that tell one place from its neighbour: no slip of the pen.
const TELLING: &str = "东西南北中上下前后左右大小老新旧内外一二三四五六七八九十百零两甲乙丙丁0123456789";

/// Characters of grammar: at the edge of a name they are the sentence's own.
const GRAMMAR: &str = "的了在是有和与跟到去往从向对就被把也都又还个这那我你他她它们不没说要会能给让";

/// How far what was written is from a name; `None` if it is more likely something else.
fn cost(written: &[char], name: &Name, edges: &Edges<'_>) -> Option<u8> {
    let (meant, base) = (&*name.chars, name.base);
    let n = meant.len();
    let both = || edges.both(written, name);
    if written.len() == n {
        let wrong: Vec<usize> = (0..n).filter(|at| written[*at] != meant[*at]).collect();
        return match wrong[..] {
            [at] => changed(written, name, at, edges),
            [one, two] if two == one + 1 && written[one] == meant[two] && written[two] == meant[one] => {
                let telling = [one, two].iter().all(|at| TELLING.contains(meant[*at]));
                (n >= 4 && !telling && both()).then_some(30)
            }
            // Two that sound right: written by ear.
            [one, two] => {
                let heard = [one, two]
                    .iter()
                    .all(|at| likeness(written[*at], meant[*at]) == Likeness::Sound && !TELLING.contains(written[*at]));
                (n >= 4 && heard && both()).then_some(25)
            }
            _ => None,
        };
    }
    if written.len() == n + 1 {
        // One too many: doubled, or a small word slipped in.
        let at = (0..n).find(|at| written[*at] != meant[*at]).unwrap_or(n);
        let added = written[at];
        let doubled = at > 0 && written[at - 1] == added || written.get(at + 1) == Some(&added);
        let small = "的个了啊那这".contains(added);
        let believed = doubled || small || n >= 5 && !TELLING.contains(added) && both();
        return (at > 0 && at < n && believed && !TELLING.contains(added)).then_some(20);
    }
    // One missing: the head of a short name must be whole, else it is another's.
    let at = (0..n - 1).find(|at| written[*at] != meant[*at]).unwrap_or(n - 1);
    let whole = at >= base || base >= 4;
    (whole && at + 1 < n && !TELLING.contains(meant[at]) && both()).then_some(35)
}

/// How far a name with one wrong character is.
fn changed(written: &[char], name: &Name, at: usize, edges: &Edges<'_>) -> Option<u8> {
    let (meant, base) = (&*name.chars, name.base);
    let n = meant.len();
    let both = || edges.both(written, name);
    let (put, of) = (written[at], meant[at]);
    if TELLING.contains(put) && TELLING.contains(of) || !is_han_char(put) {
        return None;
    }
    let edge = at == 0 || at + 1 == n;
    if edge && GRAMMAR.contains(put) {
        return None;
    }
    let like = likeness(put, of);
    if n == 3 {
        // The kind of place is what tells three characters from a common word.
        let kind = "路街巷村道厂".contains(of);
        let last = at + 1 == n;
        let telling = TELLING.contains(put) || TELLING.contains(of);
        return ((!last || kind) && like <= Likeness::Near && !telling && both())
            .then_some(if like == Likeness::Sound { 12 } else { 18 });
    }
    match like {
        Likeness::Same => None,
        Likeness::Sound => Some(10),
        Likeness::Near => {
            let telling = TELLING.contains(put) || TELLING.contains(of);
            (!telling && both()).then_some(15)
        }
        // A wrong character that neither sounds nor looks right is believed in a long name, and not where it
        // makes another name of the same kind (of two characters and an ending).
        Likeness::Other => {
            let believed = base >= 4 && at < base || base >= 3 && n >= 5 && at >= base && at + 1 < n;
            (believed && !edge && !TELLING.contains(of) && !TELLING.contains(put) && both()).then_some(40)
        }
    }
}

/// Characters before the ending that tells the kind of place.
fn base(name: &[char]) -> usize {
    let length = |end: &str| {
        let end: Vec<char> = end.chars().collect();
        name.ends_with(&end).then_some(end.len())
    };
    name.len() - ENDINGS.iter().filter_map(|end| length(end)).max().unwrap_or(0)
}

fn replaced(chars: &[char], at: usize) -> impl Iterator<Item = char> + '_ {
    chars.iter().enumerate().map(move |(i, c)| if i == at { '*' } else { *c })
}

fn without(chars: &[char], at: usize) -> impl Iterator<Item = char> + '_ {
    chars.iter().enumerate().filter(move |(i, _)| *i != at).map(|(_, c)| *c)
}

fn swapped(chars: &[char], at: usize) -> impl Iterator<Item = char> + '_ {
    (0..chars.len()).map(move |i| {
        chars[match i {
            i if i == at => at + 1,
            i if i == at + 1 => at,
            i => i,
        }]
    })
}

/// A character's sound as a key: below the Chinese characters, which stand for themselves if they have none.
fn heard(c: char) -> char {
    char::from_u32(u32::from(syllable(c))).filter(|sound| *sound != '\0').unwrap_or(c)
}

fn hash(done: Done, chars: impl Iterator<Item = char>) -> u32 {
    let mix = |sum: u64, c: u32| (sum.rotate_left(5) ^ u64::from(c)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (chars.fold(mix(0, done as u32), |sum, c| mix(sum, c as u32)) >> 32) as u32
}

/// Which bit of 65,536 a pair of characters sets.
fn bit((one, two): (char, char)) -> usize {
    ((one as u32).wrapping_mul(0x9E37_79B1) ^ (two as u32).wrapping_mul(0x85EB_CA6B)) as usize >> 8 & 0xFFFF
}
