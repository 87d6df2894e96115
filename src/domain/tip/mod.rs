//! The words of a message → a tip: is it one, what kind, when, where, how urgent.
//!
//! Pure and deterministic; each reading names the words it came from. Called by the intake flow and
//! by the `understand` command.

pub mod category;
pub mod fold;
pub mod label;
pub mod lexicon;
pub mod reader;
pub mod redact;
pub mod standing;
pub mod tag;
pub mod time;
pub mod urgency;

pub use reader::Reader;

use super::id::Millis;
use super::place::PlaceReading;
use serde::{Deserialize, Serialize};

/// How finely a time was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// To the second.
    Second,
    /// To the minute (`8:05`, `刚才`).
    Minute,
    /// To the hour (`8点`, `七点多`).
    Hour,
    /// A part of a day (`昨晚`, `this morning`).
    Daypart,
    /// A day (`昨天`, `19日`).
    Day,
}

/// A time as understood. An instant has no end; an interval is half-open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeReading {
    /// The words that it came from.
    pub text: String,
    /// Start.
    pub start: Millis,
    /// End, exclusive; `None` for an instant.
    pub end: Option<Millis>,
    /// How finely it was told.
    pub grain: Grain,
}

/// Where a message was written: what counts as a tip differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// A liaison group: a tip is marked, or reads clearly as one.
    Group,
    /// A private chat: every message is read as a tip unless it is a greeting, thanks or question.
    Private,
}

/// A field that a complete tip has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// What kind of thing.
    Category,
    /// When.
    Time,
    /// Where.
    Place,
}

/// What a message was understood to say. Nothing here is a default dressed as a reading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tip {
    /// Whether the message is a tip at all.
    pub is_tip: bool,
    /// Whether the writer marked it as one: a `#` tag, `/tip`, a mention of the bot, two labels or more.
    pub marked: bool,
    /// The category's id, from the tag or the words.
    pub category: Option<String>,
    /// Times told, the likeliest time of the event first.
    pub times: Vec<TimeReading>,
    /// The place, if words name one that is known.
    pub place: Option<PlaceReading>,
    /// Words that name a place which is not in the gazetteer.
    pub unknown_place: Option<String>,
    /// Whether it is going on now and somebody may come to harm.
    pub urgent: bool,
    /// What is left when tag, labels and command are taken away.
    pub description: String,
    /// What a liaison point would be shown: redacted.
    pub relay_text: String,
    /// What a complete tip would still need.
    pub missing: Vec<Field>,
}

/// What sort of thing a category is (`shared` list: incident → police, hazard → H1–H3, help → G5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum CategoryKind {
    /// For police.
    #[default]
    Incident,
    /// Registered, with a deadline.
    Hazard,
    /// Somebody needs help.
    Help,
}

/// One entry of the closed list of what a lead can be (`[[category]]`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Fixed id.
    pub id: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// What sort of thing it is.
    #[serde(default)]
    pub kind: CategoryKind,
    /// May raise an alarm by itself where the config says so.
    #[serde(default)]
    pub critical: bool,
    /// Can put the reporter in danger: goes on in private.
    #[serde(default)]
    pub sensitive: bool,
    /// The family of kinds that one event may be told as: a fight as an attack or a dispute; by itself if unset.
    #[serde(default)]
    pub family: Option<String>,
    /// Words by which a message is known to be about it, and tags: in the config those that a town adds to the shipped ones,
    /// and, behind a `-`, those that it takes out (words/README.md).
    #[serde(default)]
    pub words: Vec<String>,
}

impl Category {
    /// The name of its family: its own id if it has none.
    pub fn family(&self) -> &str {
        self.family.as_deref().unwrap_or(&self.id)
    }
}

#[cfg(test)]
mod tests;
