//! Labelled fields: 地点：… 时间：… 描述：…, in any order, with any separator.

use super::lexicon::is_masked;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// 地点
    Place,
    /// 时间
    Time,
    /// 描述
    Description,
    /// 类型
    Category,
}

/// A labelled field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// What it is.
    pub label: Label,
    /// The label's own words with its separator.
    pub head: Range<usize>,
    /// What was filled in, trimmed.
    pub value: Range<usize>,
}

const PLACE: &[&str] = &[
    "地点",
    "位置",
    "地址",
    "地方",
    "事发地点",
    "案发地点",
    "发生地点",
    "具体地点",
    "具体位置",
    "详细地址",
    "事发位置",
    "所在位置",
    "where",
    "place",
    "location",
    "address",
    "loc",
    "site",
];
const TIME: &[&str] =
    &["时间", "事发时间", "案发时间", "发生时间", "具体时间", "日期", "何时", "几时", "when", "time", "date"];
const DESCRIPTION: &[&str] = &[
    "描述",
    "情况",
    "说明",
    "详情",
    "内容",
    "问题",
    "经过",
    "备注",
    "事件",
    "事由",
    "情况说明",
    "情况描述",
    "事件描述",
    "问题描述",
    "具体情况",
    "现场情况",
    "desc",
    "description",
    "what",
    "details",
    "detail",
    "what happened",
    "info",
    "note",
    "notes",
    "event",
    "issue",
    "problem",
    "线索",
];
const CATEGORY: &[&str] =
    &["类型", "类别", "分类", "种类", "性质", "事件类型", "线索类型", "隐患类型", "category", "type", "kind"];

/// Finds labelled fields.
#[derive(Debug)]
pub struct Labels {
    automaton: AhoCorasick,
    labels: Vec<Label>,
}

impl Default for Labels {
    fn default() -> Self {
        let lists = [
            (Label::Place, PLACE),
            (Label::Time, TIME),
            (Label::Description, DESCRIPTION),
            (Label::Category, CATEGORY),
        ];
        let all: Vec<(Label, &str)> =
            lists.iter().flat_map(|(label, words)| words.iter().map(move |word| (*label, *word))).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(all.iter().map(|(_, word)| word))
            .expect("the list of labels is small");
        Self { automaton, labels: all.into_iter().map(|(label, _)| label).collect() }
    }
}

impl Labels {
    /// The fields of a folded text; nothing is read inside `masked` (links).
    pub fn find(&self, text: &str, masked: &[Range<usize>]) -> Vec<Labelled> {
        let mut fields: Vec<Labelled> = Vec::new();
        for found in self.automaton.find_iter(text) {
            if is_masked(masked, &found.range()) {
                continue;
            }
            let Some(head) = head(text, found.range()) else { continue };
            let label = self.labels[found.pattern().as_usize()];
            if let Some(last) = fields.last_mut() {
                if head.start < last.head.end {
                    continue;
                }
                last.value.end = head.start;
            }
            fields.push(Labelled { label, value: head.end..text.len(), head });
        }
        if fields.is_empty() {
            fields = self.bare(text, masked);
        }
        for field in &mut fields {
            field.value = value(text, field.value.clone(), field.label);
        }
        fields
    }
}

impl Labels {
    /// The fields of a text that has no separators at all: 时间7点35 地点科技路 情况大货跟公交顶上了. Two labels or more that each
    /// begin the text, a line or a word, one of them the place or the time.
    fn bare(&self, text: &str, masked: &[Range<usize>]) -> Vec<Labelled> {
        let mut fields: Vec<Labelled> = Vec::new();
        for found in self.automaton.find_iter(text) {
            let word = found.range();
            let begins = text[..word.start].ends_with([' ', '\n', ',', ';', '。', '|']) || word.start == 0;
            let filled = text[word.end..].starts_with(|c: char| c.is_alphanumeric());
            let label = self.labels[found.pattern().as_usize()];
            let known = fields.iter().any(|field| field.label == label);
            let plain = text[word.clone()].is_ascii() || is_masked(masked, &word);
            if !begins || !filled || known || plain {
                continue;
            }
            if let Some(last) = fields.last_mut() {
                last.value.end = word.start;
            }
            fields.push(Labelled { label, value: word.end..text.len(), head: word });
        }
        let told = fields.len() > 1 && fields.iter().any(|field| matches!(field.label, Label::Place | Label::Time));
        if told { fields } else { Vec::new() }
    }
}

/// The label with its brackets and separator, if the word at `word` is one.
fn head(text: &str, word: Range<usize>) -> Option<Range<usize>> {
    let han = !text[word.clone()].is_ascii();
    let before = text[..word.start].trim_end_matches(' ');
    let after = &text[word.end..];
    let opened = before.ends_with(['【', '[', '〔', '「', '(', '<', '《']);
    if opened {
        let open = before.char_indices().next_back().map_or(word.start, |(at, _)| at);
        let close = after.trim_start_matches(' ');
        let closed = close.chars().next().filter(|c| matches!(c, '】' | ']' | '〕' | '」' | ')' | '>' | '》'))?;
        let end = text.len() - close.len() + closed.len_utf8();
        return Some(open..separator(text, end));
    }
    let gap = after.len() - after.trim_start_matches(' ').len();
    let sign = after[gap..].chars().next();
    let starts = before.is_empty()
        || before.len() < word.start
        || before
            .ends_with(['\n', ',', ';', '|', '/', '。', '!', '?', ':', '-', '>', '*', '·', '】', ']', ')', '•', '、']);
    let separated = match sign {
        Some(':' | '=') => starts || han && sign == Some(':'),
        Some(';' | '|' | '\n' | '→' | '>') => starts,
        Some('-') => starts && (han || gap > 0 || after[gap + 1..].starts_with(' ')),
        Some(_) if han && gap > 0 => starts && before.len() + 3 >= word.start,
        _ => false,
    };
    let plain = matches!(sign, Some(c) if !matches!(c, ':' | '=' | ';' | '|' | '\n' | '→' | '>' | '-'));
    separated.then(|| word.start..if plain { word.end + gap } else { separator(text, word.end) })
}

/// Where the separators after `at` end.
fn separator(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    text.len() - rest.trim_start_matches([' ', ':', ';', '-', '|', '=', '\n', '→', '>']).len()
}

/// A field's value without what only separates it; a time, a place or a kind ends with its line.
fn value(text: &str, mut span: Range<usize>, label: Label) -> Range<usize> {
    if span.start > span.end {
        return span.start..span.start;
    }
    if label != Label::Description
        && let Some(line) = text[span.clone()].find('\n')
    {
        span.end = span.start + line;
    }
    let body = text[span.clone()].trim_end_matches([' ', ',', ';', '|', '/', '\n', '【', '[', '-', '。', '*', '·']);
    span.start..span.start + body.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tip::fold::fold;

    fn read(text: &str) -> Vec<(Label, String)> {
        let text = fold(text);
        Labels::default()
            .find(&text, &[])
            .into_iter()
            .map(|field| (field.label, text[field.value].to_owned()))
            .collect()
    }

    #[test]
    fn any_separator_and_order() {
        use Label::{Category, Description, Place, Time};
        let cases: [(&str, &[(Label, &str)]); 9] = [
            (
                "#盗窃 地点：阳光小区地下车库 时间：昨晚11点多 描述：电瓶被卸走",
                &[(Place, "阳光小区地下车库"), (Time, "昨晚11点多"), (Description, "电瓶被卸走")],
            ),
            (
                "【地点】P009 东门岗【时间】凌晨3点40【情况】一男一女",
                &[(Place, "p009 东门岗"), (Time, "凌晨3点40"), (Description, "一男一女")],
            ),
            (
                "What - truck left / When - around 2:30pm / Where - Keji Road",
                &[(Description, "truck left"), (Time, "around 2:30pm"), (Place, "keji road")],
            ),
            ("時間；今天上午 地點；石橋市場", &[(Time, "今天上午"), (Place, "石桥市场")]),
            ("类型:赌博 位置:X 时间:这几天", &[(Category, "赌博"), (Place, "x"), (Time, "这几天")]),
            ("地点|东门市场\n时间|8点", &[(Place, "东门市场"), (Time, "8点")]),
            (
                "时间7点35 地点科技路 情况大货跟公交顶上了",
                &[(Time, "7点35"), (Place, "科技路"), (Description, "大货跟公交顶上了")],
            ),
            ("这段时间情况不好 what a day", &[]),
            ("时间过得真快 大家注意情况", &[]),
        ];
        for (text, fields) in cases {
            let fields: Vec<(Label, String)> =
                fields.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
            assert_eq!(read(text), fields, "{text}");
        }
    }
}
