//! An alarm (警情呼叫): liaison points near a scene are called and each is followed until someone is there.
//!
//! Owns who is called, what an answer does and when a stage is missed (SEED-FACTS R2–R5). Knows
//! nothing of chats, texts or storage. Called by the alarm flow.

use super::id::{AlarmId, LeadId, Millis, UserId};
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
    /// What it is about.
    pub lead: LeadId,
    /// Whether it is a drill (R7).
    pub drill: bool,
    /// The widest ring called so far, from 1.
    pub ring: i32,
    /// Who raised it.
    pub raised_by: Option<UserId>,
    /// When.
    pub raised_at: Millis,
    /// When it was stood down.
    pub stood_down_at: Option<Millis>,
    /// Who stood it down.
    pub stood_down_by: Option<UserId>,
}

/// One liaison point's part in an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which alarm.
    pub alarm: AlarmId,
    /// Which point.
    pub point: String,
    /// The ring in which it was called.
    pub ring: i32,
    /// Metres from the scene.
    pub distance_m: f64,
    /// When the call was put in the outbox.
    pub called_at: Millis,
    /// When the first of its contacts' messages arrived with the platform.
    pub delivered_at: Option<Millis>,
    /// Why it could not be delivered, or that the point has no contact.
    pub failure: Option<String>,
    /// 收到.
    pub acknowledged_at: Option<Millis>,
    /// 出发.
    pub under_way_at: Option<Millis>,
    /// 到场.
    pub on_scene_at: Option<Millis>,
    /// 去不了.
    pub declined_at: Option<Millis>,
    /// Who answered last.
    pub answered_by: Option<UserId>,
}

/// What a guard answers with one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// 收到
    Acknowledge,
    /// 出发
    UnderWay,
    /// 到场
    OnScene,
    /// 去不了
    Decline,
}

/// Where a call stands, for cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// No answer yet.
    Called,
    /// 收到
    Acknowledged,
    /// 出发
    UnderWay,
    /// 到场
    OnScene,
    /// 去不了
    Declined,
}

/// Why an answer was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefusal {
    /// The same tap twice, or a step back.
    #[error("already answered")]
    AlreadyDone,
    /// The alarm is over.
    #[error("stood down")]
    StoodDown,
}

impl Call {
    /// Where the call stands.
    pub fn state(&self) -> CallState {
        if self.on_scene_at.is_some() {
            CallState::OnScene
        } else if self.declined_at.is_some() {
            CallState::Declined
        } else if self.under_way_at.is_some() {
            CallState::UnderWay
        } else if self.acknowledged_at.is_some() {
            CallState::Acknowledged
        } else {
            CallState::Called
        }
    }

    /// Records `answer`. A later step implies the earlier ones but leaves their times untold; after 去不了
    /// a guard may still come.
    ///
    /// # Errors
    /// [`AnswerRefusal::AlreadyDone`] for the same tap twice or a step back.
    pub fn answer(&mut self, answer: Answer, by: UserId, now: Millis) -> Result<(), AnswerRefusal> {
        let state = self.state();
        let slot = match answer {
            Answer::Acknowledge if state == CallState::Called => &mut self.acknowledged_at,
            Answer::UnderWay if matches!(state, CallState::Called | CallState::Acknowledged | CallState::Declined) => {
                self.declined_at = None;
                &mut self.under_way_at
            }
            Answer::OnScene if state != CallState::OnScene => {
                self.declined_at = None;
                &mut self.on_scene_at
            }
            Answer::Decline if !matches!(state, CallState::OnScene | CallState::Declined) => &mut self.declined_at,
            _ => return Err(AnswerRefusal::AlreadyDone),
        };
        *slot = Some(now);
        self.answered_by = Some(by);
        Ok(())
    }
}
