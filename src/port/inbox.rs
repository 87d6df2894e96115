//! What goes into the inbox and comes out of it: raw updates, events, timers, what the outbox reports.

use crate::domain::alarm::Callee;
use crate::domain::id::{AlarmId, ChatId, EventSeq, MessageId, Millis, RedemptionId, UserId};
use serde::{Deserialize, Serialize};

/// An update as it arrived, not yet stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RawUpdate {
    /// The platform's number.
    pub update_id: i64,
    /// The chat whose order it must keep; 0 where it has none.
    pub chat: ChatId,
    /// The body, word for word (U+0000 already taken out).
    pub json: String,
    /// Whether somebody pressed a button: it goes ahead of other chats' messages.
    pub press: bool,
}

/// What sort of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A raw update of the platform.
    Update,
    /// A timer that came due; the payload is a [`TimerKind`].
    Timer,
    /// The outbox tells of a delivery, as an [`OutboxReport`].
    Delivery,
}

/// An event taken from the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the order.
    pub seq: EventSeq,
    /// What sort.
    pub kind: EventKind,
    /// The chat whose order it keeps; 0 where it has none.
    pub chat: ChatId,
    /// When it was stored; a timer: when it was due.
    pub received_at: Millis,
    /// How often it was tried before.
    pub attempts: i32,
    /// JSON.
    pub payload: String,
}

/// What a due timer is about. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum TimerKind {
    /// A stage of an alarm's clock came due.
    Stage {
        /// Which alarm.
        alarm: AlarmId,
        /// Index into the configured stages.
        stage: usize,
    },
    /// Somebody who said that they come may not have arrived.
    Lapse {
        /// In which alarm.
        alarm: AlarmId,
        /// Whom they were called for; `None`: it is the desk's own acknowledgement.
        callee: Option<Callee>,
        /// Who.
        user: UserId,
    },
    /// An alarm may have been forgotten.
    Again {
        /// Which.
        alarm: AlarmId,
    },
    /// The cards of a large alarm are brought up to date.
    Show {
        /// Which alarm.
        alarm: AlarmId,
    },
    /// A drill's time is up.
    DrillOver {
        /// Which.
        alarm: AlarmId,
    },
    /// Nobody has collected a reward in time.
    RedemptionLapse {
        /// Which redemption.
        redemption: RedemptionId,
    },
    /// Nobody has answered whether a message is a tip.
    Question {
        /// Where.
        chat: ChatId,
        /// The event that it came with.
        event: EventSeq,
        /// The message.
        message: MessageId,
    },
}

impl TimerKind {
    /// Whether it comes after what its chat said before. An alarm's clock waits for nobody's words.
    pub fn keeps_order(&self) -> bool {
        matches!(self, Self::Question { .. } | Self::RedemptionLapse { .. })
    }
}

/// A timer to set; one with the same key is replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// Unique (`alarm:3:stage:0`).
    pub key: String,
    /// When it comes due.
    pub due: Millis,
    /// The chat to which it belongs: it follows when that has a new id, and its order is kept if the kind keeps one.
    pub chat: ChatId,
    /// What it is about.
    pub kind: TimerKind,
}

/// What the outbox tells the flow. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum OutboxReport {
    /// An alarm's call could not be delivered to one of those who were summoned.
    CallFailed {
        /// Which alarm.
        alarm: AlarmId,
        /// Whom the call was for.
        #[serde(alias = "point")]
        callee: Callee,
        /// The person's private chat.
        chat: ChatId,
        /// Why.
        why: String,
    },
    /// A group has a new id.
    Moved {
        /// The old one.
        from: ChatId,
        /// The new one.
        to: ChatId,
    },
    /// The platform, which could not be reached, can be again.
    PlatformBack {
        /// Since when it could not.
        from: Millis,
        /// Until when.
        to: Millis,
        /// How many alarm messages had to wait for it.
        late: i64,
    },
}

impl OutboxReport {
    /// The chat whose order the event keeps; 0: none.
    pub fn chat(&self) -> ChatId {
        match self {
            Self::CallFailed { .. } | Self::PlatformBack { .. } => ChatId(0),
            Self::Moved { from, .. } => *from,
        }
    }
}
