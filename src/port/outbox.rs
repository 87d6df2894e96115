//! Messages as they should stand: what the flow puts in the outbox, and how the sender claims and settles it.

use crate::domain::alarm::Callee;
use crate::domain::id::{AlarmId, ChatId, LeadId, MessageId, Millis, OutboxId};
use crate::domain::lead::MediaKind;
use crate::domain::member::Language;
use crate::domain::period::Period;
use crate::domain::place::Wgs84;
use crate::port::chat::Keyboard;
use serde::{Deserialize, Serialize};

/// How urgent a message is; smaller goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(i16)]
pub enum Lane {
    /// An alarm's first messages, and what the desk must hear of it.
    Alarm = 0,
    /// What follows an alarm: new states of its cards, stand-down.
    AlarmFollow = 1,
    /// Receipts, questions, answers to commands.
    Reply = 2,
    /// Cards at the desk.
    Desk = 3,
    /// Everything that can wait.
    Routine = 4,
}

/// What a message should say, or what should be done. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Content {
    /// A text with buttons; put again under the same subject it edits the message that was sent.
    Text {
        /// Escaped HTML.
        html: String,
        /// Buttons.
        #[serde(default)]
        keyboard: Keyboard,
        /// The message it replies to.
        #[serde(default)]
        reply_to: Option<MessageId>,
        /// Without a sound.
        #[serde(default)]
        silent: bool,
    },
    /// Takes the message of this subject away; if it was never sent, nothing is sent.
    Gone,
    /// Takes a message of somebody else's away.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Marks somebody else's message.
    React {
        /// Which.
        message: MessageId,
        /// With what.
        emoji: String,
    },
    /// A pin on the map.
    Pin {
        /// Where.
        at: Wgs84,
        /// Title, if any.
        title: Option<String>,
    },
    /// A picture, voice or file that the platform holds.
    Media {
        /// What sort.
        kind: MediaKind,
        /// Its id.
        file_id: String,
        /// Escaped HTML under it.
        caption: String,
        /// The subject in the same chat under which it goes as a reply.
        under: Option<String>,
    },
    /// A picture that a camera reads as a text, made when it is sent.
    Scannable {
        /// What it reads.
        text: String,
        /// Escaped HTML under it.
        caption: String,
    },
    /// The desk's queue card, made from what stands when it is sent.
    Queue {
        /// In which language.
        language: Language,
    },
    /// One receipt for all tips of a chat within a span of time, made when it is sent.
    Receipts {
        /// Received from…
        from: Millis,
        /// …until, exclusive.
        to: Millis,
        /// In which language.
        language: Language,
    },
    /// The report of a drill that is over, made when it is sent.
    DrillReport {
        /// Which drill.
        alarm: AlarmId,
        /// `text` or `xlsx`.
        format: String,
        /// In which language.
        language: Language,
    },
    /// An export, made when it is sent.
    Export {
        /// Which period.
        period: Period,
        /// `leads`, `points`, `alarms`, `timeline` or `responses`.
        what: String,
        /// `xlsx`, `csv` or `digest` (of the CSV).
        format: String,
        /// Whether names may stand in it.
        names: bool,
    },
}

/// A message as it should stand in a chat. Putting the same subject again replaces what is queued, or
/// edits what was sent: superseded edits fold by themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Where.
    pub chat: ChatId,
    /// The forum topic.
    pub thread: Option<MessageId>,
    /// Names the message within the chat (`lead:12:receipt`).
    pub subject: String,
    /// How urgent.
    pub lane: Lane,
    /// What it should say.
    pub content: Content,
    /// The lead that it is about: its copies are scrubbed with it, replies to it belong to the lead.
    pub lead: Option<LeadId>,
    /// The alarm's call that it carries: a failure is reported as an [`OutboxReport`].
    pub call: Option<(AlarmId, Callee)>,
}

/// A sender's time of office: each sender that begins ends the terms before its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub i64);

/// A queued message, without its content: what the sender needs to choose the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// Which.
    pub id: OutboxId,
    /// Where to.
    pub chat: ChatId,
    /// How urgent.
    pub lane: Lane,
    /// When it was put there.
    pub queued_at: Millis,
    /// Not before.
    pub not_before: Millis,
}

/// A message claimed for sending.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Which.
    pub id: OutboxId,
    /// The version of its content that was claimed.
    pub version: i64,
    /// How often it was tried.
    pub attempts: i32,
    /// The post.
    pub post: Post,
    /// The message that stands in the chat, if it was sent before.
    pub message: Option<MessageId>,
    /// For [`Content::Media`] with `under`: the message of that subject.
    pub under: Option<MessageId>,
}

/// What became of a claimed message.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// Which.
    pub id: OutboxId,
    /// The version that was sent.
    pub version: i64,
    /// Where it was sent to: a group may have got a new id since, and then it is to be sent there.
    pub chat: ChatId,
    /// What became of it.
    pub fate: Fate,
}

/// Why a message is to be tried again when the platform asked for it: its chat is left alone until then, also by a sender
/// that starts meanwhile.
pub const ASKED_TO_WAIT: &str = "asked to wait";

/// See [`Settlement`].
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It stands (`None`: no message of its own, or taken away).
    Sent(Option<MessageId>),
    /// Try again then; the version may have been replaced meanwhile.
    Retry {
        /// Not before.
        at: Millis,
        /// Why.
        why: String,
    },
    /// Never.
    Failed(String),
}
