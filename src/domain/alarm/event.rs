//! An alarm's timeline: what happened, when and by whom, in the order in which it was decided. Stored as JSON.
//!
//! Deliveries stand with the calls, not here. No words of a tip stand here: what is wiped elsewhere needs no wiping here.

use super::stage::{StageStep, StageWant, StageWho};
use super::{Answer, Callee, Origin, Outcome};
use crate::domain::id::{AlarmId, Millis, UserId};
use crate::domain::place::Wgs84;
use serde::{Deserialize, Serialize};

/// A line of an alarm's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// Which alarm.
    pub alarm: AlarmId,
    /// When.
    pub at: Millis,
    /// Who; `None`: the product by itself.
    pub by: Option<UserId>,
    /// What.
    pub what: Happening,
}

/// What happened in an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Happening {
    /// It was raised.
    Raised {
        /// By what.
        origin: Origin,
    },
    /// Some were called.
    Called {
        /// The ring; 0: not as part of a ring.
        ring: i32,
        /// Whom.
        callees: Vec<Callee>,
    },
    /// Somebody answered.
    Answered {
        /// For whom.
        callee: Callee,
        /// What.
        answer: Answer,
        /// Where they were, if they share their place.
        at: Option<Wgs84>,
    },
    /// Somebody was seen at the scene, and was offered to say so.
    SeenThere {
        /// For whom they were called.
        callee: Callee,
        /// Metres from the scene.
        metres: i64,
    },
    /// An answer ran out.
    Lapsed {
        /// Whose.
        callee: Callee,
    },
    /// A stage was missed.
    Missed {
        /// Who should have.
        who: StageWho,
        /// What.
        want: StageWant,
        /// Within so many seconds.
        within_seconds: i64,
        /// What was done; `None`: nothing beyond telling the desk, because it had acknowledged.
        step: Option<StageStep>,
    },
    /// A message could not be delivered.
    NotReached {
        /// For whom.
        callee: Callee,
        /// The platform's words.
        why: String,
    },
    /// The desk acknowledged.
    Taken,
    /// The desk's acknowledgement ran out.
    TakenLapsed,
    /// It is under control.
    UnderControl,
    /// Its place or kind was mended.
    Mended,
    /// It ended.
    StoodDown {
        /// How.
        outcome: Outcome,
    },
}

impl Happening {
    /// The same, without where somebody was.
    #[must_use]
    pub fn without_place(self) -> Self {
        match self {
            Self::Answered { callee, answer, .. } => Self::Answered { callee, answer, at: None },
            Self::SeenThere { callee, .. } => Self::SeenThere { callee, metres: 0 },
            other => other,
        }
    }
}
