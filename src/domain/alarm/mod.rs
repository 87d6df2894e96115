//! An alarm (警情呼叫): those near a scene are called at once and each is followed until someone is there.
//!
//! Owns who is called ([`choose`]), what an answer does ([`call`]), when a stage of the clock is missed ([`stage`]),
//! what a timeline tells ([`event`]) and how fast they came ([`figures`]): SEED-FACTS R1–R8. Knows nothing of chats, texts or
//! storage. Called by the alarm flow and by exports.

pub mod call;
pub mod cap;
pub mod choose;
pub mod event;
pub mod figures;
pub mod stage;

pub use call::{Answer, AnswerRefusal, Call, CallState, Callee, ResponderKind, Summons, lacking};

use super::id::{AlarmId, ChatId, LeadId, Millis, UserId};
use super::lead::Scene;
use super::place::Wgs84;
use serde::{Deserialize, Serialize};

/// A liaison point (联络点): a shop, school or compound with people who answer alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its code, as painted on its sign (`P014`).
    pub code: String,
    /// Name.
    pub name: String,
    /// Where it is.
    pub at: Wgs84,
    /// The distance for which it answers, metres (R2: 100).
    pub radius_m: f64,
    /// The people who answer for it.
    pub contacts: Vec<UserId>,
    /// The kind of team that stands there; `None`: the place's own guards.
    pub team: Option<TeamKind>,
    /// What its people bring (R1, R6: fork, shield, baton), in words.
    pub gear: String,
    /// Another way to reach it, shown to the desk where the bot cannot: a telephone number.
    pub phone: String,
}

/// The kind of a team (R4, R5, T3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TeamKind {
    /// Emergency team at a post of its own (R4).
    Stationed,
    /// Emergency team on motorcycles (R5).
    Mobile,
    /// Area team of companies or citizens.
    Area,
    /// Full-time village team.
    Village,
    /// Neighbourhood watch.
    Watch,
}

impl TeamKind {
    /// Each kind, with the name by which files know it.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Stationed, "stationed"),
        (Self::Mobile, "mobile"),
        (Self::Area, "area"),
        (Self::Village, "village"),
        (Self::Watch, "watch"),
    ];

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// An alarm. `version` counts its changes; a write names the version that it read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Number.
    pub id: AlarmId,
    /// Starts at 1, one more with each change.
    pub version: i64,
    /// What it is about; `None` for a drill.
    pub lead: Option<LeadId>,
    /// Whether it is a drill (R7).
    pub drill: bool,
    /// What raised it.
    pub origin: Origin,
    /// The group in which its tip was written.
    pub chat: Option<ChatId>,
    /// What kind of thing it is, of the closed list.
    pub category: Option<String>,
    /// Where; `None` once the lead was wiped.
    pub scene: Option<Scene>,
    /// The widest ring called so far, from 1.
    pub ring: i32,
    /// Who raised it: an officer, or the reporter of the tip that raised it by itself, who is shown to nobody.
    pub raised_by: Option<UserId>,
    /// When.
    pub raised_at: Millis,
    /// When the desk acknowledged, and who: from then on nobody more is summoned by the clock.
    pub taken: Option<(Millis, UserId)>,
    /// When it was under control, and who said so.
    pub controlled: Option<(Millis, UserId)>,
    /// How it ended.
    pub stood_down: Option<StandDown>,
}

/// What raised an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// An officer at the desk.
    Desk,
    /// A tip of a critical kind, by itself.
    Tip,
    /// Somebody who ordered a drill.
    Drill,
}

/// How an alarm ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandDown {
    /// When.
    pub at: Millis,
    /// Who; `None`: it was over by itself (a drill's time is up, a real alarm goes before a drill).
    pub by: Option<UserId>,
    /// With what outcome.
    pub outcome: Outcome,
}

/// The outcome that is told to all who were called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is dealt with.
    Handled,
    /// A false alarm: somebody was mistaken.
    Mistaken,
    /// A false alarm: raised by accident.
    Accidental,
    /// A false alarm: somebody's joke.
    Prank,
    /// Its lead was closed, or reopened.
    LeadClosed,
    /// A drill that went to its end.
    DrillOver,
    /// A drill that was broken off, because a real alarm needs its people.
    DrillBrokenOff,
}

impl Outcome {
    /// Each, with its name in stores and tables.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Handled, "handled"),
        (Self::Mistaken, "mistaken"),
        (Self::Accidental, "accidental"),
        (Self::Prank, "prank"),
        (Self::LeadClosed, "lead_closed"),
        (Self::DrillOver, "drill_over"),
        (Self::DrillBrokenOff, "drill_broken_off"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(outcome, _)| *outcome == self).expect("each outcome has a name").1
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(outcome, _)| *outcome)
    }

    /// Whether it was a false alarm.
    pub fn is_false(self) -> bool {
        matches!(self, Self::Mistaken | Self::Accidental | Self::Prank)
    }
}

impl Alarm {
    /// The officer who raised it. The reporter of a tip that raised it by itself is shown to nobody.
    pub fn raised_by_staff(&self) -> Option<UserId> {
        self.raised_by.filter(|_| self.origin != Origin::Tip)
    }

    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.stood_down.is_none()
    }
}
