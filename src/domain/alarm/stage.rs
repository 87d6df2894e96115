//! The clock (R3: 1-3-5): what must have happened by when, and what is done if it has not.
//!
//! A stage waits for a kind of responder; where nobody of that kind was called, anybody counts, so that the shipped stages
//! hold in a town without patrols, too. Pure.

use super::{Alarm, Call, CallState, ResponderKind};
use crate::domain::id::Millis;
use serde::{Deserialize, Serialize};

/// `[[alarm.stage]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Whose doing counts.
    #[serde(default)]
    pub who: StageWho,
    /// What must have happened.
    pub want: StageWant,
    /// Within so many seconds from when the alarm was raised.
    pub within_seconds: i64,
    /// What is done if it has not.
    pub missed: StageStep,
}

/// Whose doing counts for a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageWho {
    /// Anybody's.
    #[default]
    Anyone,
    /// That of the liaison points' people.
    Ring,
    /// That of patrol police.
    Patrol,
    /// That of response police.
    Response,
}

/// What a stage waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageWant {
    /// Somebody said that they know of it and come.
    Acknowledged,
    /// Somebody is on scene.
    OnScene,
    /// It is under control; who said so does not matter.
    UnderControl,
}

/// What a missed stage does. Each tells the desk, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStep {
    /// Calls the next ring; for a stage of patrol or response police, more of these.
    NextRing,
    /// Tells the desk, no more.
    TellDesk,
    /// Calls the duty officers who are on duty.
    DutyOfficer,
    /// Calls the config's call list.
    CallList,
}

impl StageWho {
    /// The kind of responder; `None`: any.
    pub fn kind(self) -> Option<ResponderKind> {
        match self {
            Self::Anyone => None,
            Self::Ring => Some(ResponderKind::Point),
            Self::Patrol => Some(ResponderKind::Patrol),
            Self::Response => Some(ResponderKind::Response),
        }
    }
}

impl Stage {
    /// Whose doing counts among these calls: where nobody of the kind was called, anybody's.
    pub fn counts(&self, calls: &[Call]) -> StageWho {
        match self.who.kind() {
            Some(kind) if calls.iter().any(|call| call.kind == kind) => self.who,
            _ => StageWho::Anyone,
        }
    }

    /// When it was met; `None`: not so far. Who said that they come and was not seen in time does not count any more.
    pub fn met_at(&self, alarm: &Alarm, calls: &[Call]) -> Option<Millis> {
        let kind = self.counts(calls).kind();
        let people =
            calls.iter().filter(|call| kind.is_none_or(|kind| call.kind == kind)).flat_map(|call| &call.people);
        let seen = match self.want {
            StageWant::UnderControl => alarm.controlled.map(|(at, _)| at),
            StageWant::OnScene => people.filter_map(|p| p.on_scene_at).min(),
            StageWant::Acknowledged => people
                .filter(|p| p.is_expected() || p.state() == CallState::OnScene)
                .filter_map(|p| p.acknowledged_at.into_iter().chain(p.under_way_at).chain(p.on_scene_at).min())
                .min(),
        };
        // Under control nobody waits for anybody any more.
        seen.or(alarm.controlled.map(|(at, _)| at))
    }
}
