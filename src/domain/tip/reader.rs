//! Reads a whole message: marks, labels, category, time, place, urgency, what may be relayed.
//!
//! Folds once, then asks each reader in turn. Built once from the config and the gazetteer; holds no
//! state. Called by the intake flow and by the `understand` command.

use super::category::{read_tag, read_words};
use super::fold::Folded;
use super::label::{Label, Labelled, Labels};
use super::lexicon::{Lexicon, merged};
use super::redact::{Relayed, redact};
use super::standing::{self, Facts, Told};
use super::tag::Marks;
use super::time::{FoundTime, TimeReader};
use super::urgency::is_urgent;
use super::{ChatKind, Field, TimeReading, Tip};
use crate::domain::id::Millis;
use crate::domain::place::{Gazetteer, PlaceFound, Wgs84};
use chrono_tz::Tz;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// A message whose time lies further back than this is about something past, milliseconds.
const PAST_MS: i64 = 60 * 60 * 1000;
/// So many tags at most are looked at for a category.
const MOST_TAGS: usize = 16;
const DAY_MS: i64 = 24 * PAST_MS;

/// What is the same in every town is made once: a town is read anew whenever something changes in it.
static LABELS: LazyLock<Labels> = LazyLock::new(Labels::default);

/// Understands messages.
#[derive(Debug)]
pub struct Reader {
    lexicon: Arc<Lexicon>,
    gazetteer: Arc<Gazetteer>,
    times: TimeReader,
    labels: &'static Labels,
    bot: Option<String>,
    relayed: Relayed,
}

impl Reader {
    /// A reader for a town: its words, its places, its zone, and the bot's own name.
    pub fn new(lexicon: Arc<Lexicon>, gazetteer: Arc<Gazetteer>, zone: Tz, bot_username: Option<&str>) -> Self {
        Self {
            lexicon,
            gazetteer,
            times: TimeReader::new(zone),
            labels: &LABELS,
            bot: bot_username
                .map(|name| name.trim_start_matches('@').to_ascii_lowercase())
                .filter(|name| !name.is_empty()),
            relayed: Relayed::default(),
        }
    }

    /// The same, relaying more.
    pub fn relaying(self, relayed: Relayed) -> Self {
        Self { relayed, ..self }
    }

    /// The words that it goes by.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// What a message of the moment `at` says. `area` is the middle of the group's area, for places that
    /// several bear the name of.
    pub fn understand(&self, text: &str, at: Millis, chat: ChatKind, area: Option<Wgs84>) -> Tip {
        let folded = Folded::new(text);
        let words = folded.text.as_str();
        let links = links(words);
        let marks = Marks::find(words, self.bot.as_deref());
        let mut fields = self.labels.find(words, &links);
        let kinds = [Label::Place, Label::Time, Label::Description, Label::Category];
        let labelled = kinds.iter().filter(|kind| fields.iter().any(|field| field.label == **kind)).count() >= 2;
        if !labelled {
            fields.clear();
        }
        let marked = marks.any() || labelled;

        let place = self.place(&folded, &fields, area);
        let named = place.reading.as_ref().and_then(|reading| find_words(&folded, &reading.text));
        let masked = merged(links.iter().cloned().chain(named).collect());

        let times = self.times(&folded, at, &fields, &masked);
        let tags: Vec<&str> = marks.tags.iter().take(MOST_TAGS).map(|tag| &words[tag.start + 1..tag.end]).collect();
        let by_tag = tags.iter().find_map(|tag| read_tag(&self.lexicon, tag));
        let by_label = fields
            .iter()
            .filter(|field| field.label == Label::Category)
            .find_map(|field| read_tag(&self.lexicon, &words[field.value.clone()]));
        let hits = self.lexicon.find(words, &masked);
        let by_words = read_words(&self.lexicon, words, &hits);
        let category = by_tag.or(by_label).or(by_words.found);
        let weight = category.map_or(0, |found| found.weight).max(by_words.found.map_or(0, |found| found.weight));
        let id = category.map(|found| found.id.to_owned());

        let is_past = times.first().is_some_and(|time| at.since(time.end.unwrap_or(time.start)) > PAST_MS);
        let urgent = is_urgent(words, &hits, id.as_deref(), is_past);
        let facts = Facts {
            chat,
            marked,
            surely: labelled || by_tag.is_some() || marks.command.is_some(),
            weight,
            denied: by_words.denied,
            place: place.reading.is_some() || place.unknown.is_some(),
            time: !times.is_empty(),
            future: times.first().is_some_and(|time| time.start > at),
            urgent,
        };
        let aside = merged(marks.spans().chain(&links).cloned().collect());
        let is_tip = standing::is_tip(&Told { text: words, hits: &hits, marks: &aside }, &facts);
        // A tag that is more than a category's name tells something: its words stay, without the sign.
        let told: Vec<Range<usize>> = marks
            .spans()
            .map(|span| {
                match words[span.clone()].starts_with('#') && !self.lexicon.is_name(&words[span.start + 1..span.end]) {
                    true => span.start..span.start + 1,
                    false => span.clone(),
                }
            })
            .collect();
        let description = description(&folded, &told, &fields);
        let mut missing = Vec::new();
        if id.is_none() {
            missing.push(Field::Category);
        }
        if times.is_empty() {
            missing.push(Field::Time);
        }
        if place.reading.is_none() {
            missing.push(Field::Place);
        }
        Tip {
            is_tip,
            marked,
            category: id,
            times,
            place: place.reading,
            unknown_place: place.unknown,
            urgent: urgent && is_tip,
            description,
            relay_text: redact(&folded, &told, self.relayed).trim().to_owned(),
            missing,
        }
    }

    /// The place of its label if that names one, else of the whole message.
    fn place(&self, folded: &Folded<'_>, fields: &[Labelled], area: Option<Wgs84>) -> PlaceFound {
        let filled = fields.iter().find(|field| field.label == Label::Place && !field.value.is_empty());
        let labelled = filled.map(|field| self.gazetteer.place_label(folded.words(&field.value), area));
        match labelled {
            Some(found) if found.reading.is_some() => found,
            Some(found) => {
                let whole = self.gazetteer.find_place(folded.original, area);
                PlaceFound { reading: whole.reading, unknown: found.unknown.or(whole.unknown) }
            }
            None => self.gazetteer.find_place(folded.original, area),
        }
    }

    /// The times told: those of the time label first, then what happened, then when it was noticed, then "now".
    fn times(&self, folded: &Folded<'_>, at: Millis, fields: &[Labelled], masked: &[Range<usize>]) -> Vec<TimeReading> {
        let place = fields.iter().find(|field| field.label == Label::Place).map(|field| field.value.clone());
        let time = fields.iter().find(|field| field.label == Label::Time).map(|field| field.value.clone());
        let inside = |span: &Range<usize>, field: &Option<Range<usize>>| {
            field.as_ref().is_some_and(|field| field.start <= span.start && span.end <= field.end)
        };
        let mut found: Vec<(u8, FoundTime)> = self
            .times
            .read(folded, at, masked)
            .into_iter()
            .filter(|found| {
                let old = at.since(found.reading.end.unwrap_or(found.reading.start)) > DAY_MS;
                !(inside(&found.span, &place) || old && is_complaint(&folded.text, &found.span))
            })
            .map(|found| {
                let rank = if inside(&found.span, &time) {
                    0
                } else if is_noticed(&folded.text, &found.span) {
                    2
                } else if found.reading.start == at {
                    3
                } else {
                    1
                };
                (rank, found)
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, found)| found.reading).collect()
    }
}

/// Whether the words beside a time say that it was only noticed then.
fn is_noticed(text: &str, span: &Range<usize>) -> bool {
    let after: String = text[span.end..].chars().take(8).collect();
    ["发现", "才知道", "才看到", "回来发现", "报警", "noticed", "found out", "came back"]
        .iter()
        .any(|word| after.contains(word))
}

/// Whether a time is only that of an earlier complaint (两个月前就报过).
fn is_complaint(text: &str, span: &Range<usize>) -> bool {
    let after: String = text[span.end..].chars().take(6).collect();
    ["报过", "投诉", "反映", "举报过", "说过", "反应过", "reported it", "complained"]
        .iter()
        .any(|word| after.contains(word))
}

/// Links in folded text, in order: nothing but a place is read there.
fn links(text: &str) -> Vec<Range<usize>> {
    let mut links: Vec<Range<usize>> = Vec::new();
    let mut starts: Vec<usize> = ["http://", "https://", "geo:", "www."]
        .iter()
        .flat_map(|start| text.match_indices(start))
        .map(|(at, _)| at)
        .collect();
    starts.sort_unstable();
    for at in starts {
        if links.last().is_none_or(|last| last.end <= at) {
            let len = text[at..].find([' ', '\n', '。', '】', '"', '<']).unwrap_or(text.len() - at);
            links.push(at..at + len);
        }
    }
    links
}

/// Where words of the original stand in the folded text.
fn find_words(folded: &Folded<'_>, words: &str) -> Option<Range<usize>> {
    let start = folded.original.find(words).filter(|_| !words.is_empty())?;
    Some(folded.find_span(&(start..start + words.len())))
}

/// The original without some stretches of the folded text.
fn without<'s>(folded: &Folded<'_>, spans: impl Iterator<Item = &'s Range<usize>>) -> String {
    let mut taken: Vec<Range<usize>> = spans.map(|span| folded.span(span)).collect();
    taken.sort_by_key(|span| span.start);
    let mut out = String::with_capacity(folded.original.len());
    let mut from = 0;
    for span in taken {
        out.push_str(&folded.original[from..span.start.max(from)]);
        from = span.end.max(from);
    }
    out.push_str(&folded.original[from..]);
    out
}

/// What is told beside marks and labelled fields: the description's own value, and what stands outside all fields.
fn description(folded: &Folded<'_>, marks: &[Range<usize>], fields: &[Labelled]) -> String {
    let mut taken: Vec<Range<usize>> = marks.to_vec();
    for field in fields {
        taken.push(field.head.clone());
        if field.label != Label::Description {
            taken.push(field.value.clone());
        }
    }
    tidy(&without(folded, taken.iter()))
}

/// Without spaces and separators at its ends.
fn tidy(text: &str) -> String {
    let sign = |c: char| c.is_whitespace() || matches!(c, '|' | '/' | ',' | '，' | ';' | '；' | '、' | '-');
    let lines: Vec<&str> =
        text.split('\n').map(|line| line.trim_matches(sign)).filter(|line| !line.is_empty()).collect();
    lines.join("\n").replace('\0', "")
}
