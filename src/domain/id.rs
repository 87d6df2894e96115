//! Every id is a type of its own, so that a chat cannot be passed where a person is meant.

use serde::{Deserialize, Serialize};

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A Telegram chat: negative for groups, equal to the user's id for a private chat.
    ChatId
);
integer_id!(
    /// A Telegram user. Anonymous admins and senders posting as a channel have none.
    UserId
);
integer_id!(
    /// A message within one chat.
    MessageId
);
integer_id!(
    /// A lead's number, as people read it; counted up from 1.
    LeadId
);
integer_id!(
    /// An alarm's number; counted up from 1. Drills share the sequence.
    AlarmId
);
integer_id!(
    /// A redemption's number: that of the event by which it was asked for.
    RedemptionId
);
integer_id!(
    /// An event's place in the inbox: the order in which it was stored.
    EventSeq
);
integer_id!(
    /// A message's place in the outbox.
    OutboxId
);

/// Milliseconds since the Unix epoch, UTC. The one form in which instants are stored and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The instant `seconds` after the Unix epoch (a Bot API `date`).
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// This instant moved by `ms` milliseconds (negative: earlier).
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative if it is not earlier.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The instant as chrono knows it.
    pub fn utc(self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_millis(self.0).unwrap_or(chrono::DateTime::UNIX_EPOCH)
    }
}

impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for Millis {
    fn from(instant: chrono::DateTime<Z>) -> Self {
        Self(instant.timestamp_millis())
    }
}
