//! A call: one liaison point, or one officer, and what each person who was summoned for it answered.
//!
//! A point's people answer each for themselves: one who cannot come does not speak for the others, and the call stands
//! as well as the one who has come furthest. Pure.

use super::TeamKind;
use crate::domain::id::{AlarmId, Millis, UserId};
use crate::domain::place::Wgs84;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Who is called: a liaison point by its code, or a person, written `@` and the user id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Callee {
    /// A liaison point.
    Point(String),
    /// A person.
    Person(UserId),
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point(code) => f.write_str(code),
            Self::Person(user) => write!(f, "@{user}"),
        }
    }
}

impl FromStr for Callee {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let person = text.strip_prefix('@').and_then(|id| id.parse().ok());
        Ok(person.map_or_else(|| Self::Point(text.to_owned()), |id| Self::Person(UserId(id))))
    }
}

impl Serialize for Callee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Callee {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.parse().expect("every text is a callee"))
    }
}

/// As what somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponderKind {
    /// A liaison point's people.
    Point,
    /// Patrol police (R3: within 3 minutes).
    Patrol,
    /// Response police (R3: within 5 minutes).
    Response,
    /// The duty officer, when a stage asks for one.
    DutyOfficer,
    /// Somebody on the call list, when a stage asks for it.
    CallList,
}

impl ResponderKind {
    /// Whether it is police, who may say that a scene is under control.
    pub fn is_police(self) -> bool {
        matches!(self, Self::Patrol | Self::Response | Self::DutyOfficer)
    }
}

/// Why nobody of a callee could be summoned, as it stands on file; the texts know it.
pub mod lacking {
    /// Nobody answers for the point.
    pub const CONTACT: &str = "no contact";
    /// All who do are off duty.
    pub const DUTY: &str = "off duty";
    /// All who are on duty are at another scene.
    pub const ELSEWHERE: &str = "at another scene";
}

/// One callee's part in an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which alarm.
    pub alarm: AlarmId,
    /// Who.
    pub callee: Callee,
    /// As what.
    pub kind: ResponderKind,
    /// The kind of team that stood at the point when it was called.
    pub team: Option<TeamKind>,
    /// The ring in which it was called.
    pub ring: i32,
    /// Metres from the scene; `None`: nobody knows where the person is.
    pub distance_m: Option<f64>,
    /// When the call was put in the outbox.
    pub called_at: Millis,
    /// Why nobody could be summoned ([`lacking`]); what failed for one person stands with that person.
    pub failure: Option<String>,
    /// Who was summoned, and what they answered.
    pub people: Vec<Summons>,
}

/// What one person who was summoned did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summons {
    /// Who.
    pub user: UserId,
    /// When.
    pub called_at: Millis,
    /// When the message arrived with the platform.
    pub delivered_at: Option<Millis>,
    /// Why it could not be delivered.
    pub failure: Option<String>,
    /// 收到.
    pub acknowledged_at: Option<Millis>,
    /// 出发.
    pub under_way_at: Option<Millis>,
    /// How many minutes the way takes, as told when under way.
    pub minutes: Option<i32>,
    /// When the product saw them at the scene and offered 到场.
    pub offered_at: Option<Millis>,
    /// 到场.
    pub on_scene_at: Option<Millis>,
    /// Where that was, if they share their place.
    pub on_scene_where: Option<Wgs84>,
    /// 去不了.
    pub declined_at: Option<Millis>,
    /// When they last said that they come: from then on their answer runs out.
    pub answered_at: Option<Millis>,
    /// When their answer ran out, because they did not arrive.
    pub lapsed_at: Option<Millis>,
}

/// What a responder answers with one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// 收到
    Acknowledge,
    /// 出发, and how many minutes it takes, if told.
    UnderWay(Option<i32>),
    /// 到场
    OnScene,
    /// 去不了
    Decline,
}

/// Where a call, or one person's part in it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// No answer yet.
    Called,
    /// It could not be delivered, or there was nobody to call.
    Unreached,
    /// 收到
    Acknowledged,
    /// 出发
    UnderWay,
    /// 到场
    OnScene,
    /// 去不了
    Declined,
    /// They answered, did not arrive, and are asked again.
    Lapsed,
}

/// Why an answer was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefusal {
    /// The same tap twice, or a step back.
    #[error("already answered")]
    AlreadyDone,
}

impl Summons {
    /// Somebody who was summoned just now.
    pub fn new(user: UserId, now: Millis) -> Self {
        Self {
            user,
            called_at: now,
            delivered_at: None,
            failure: None,
            acknowledged_at: None,
            under_way_at: None,
            minutes: None,
            offered_at: None,
            on_scene_at: None,
            on_scene_where: None,
            declined_at: None,
            answered_at: None,
            lapsed_at: None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> CallState {
        if self.on_scene_at.is_some() {
            CallState::OnScene
        } else if self.declined_at.is_some() {
            CallState::Declined
        } else if self.lapsed_at.is_some() {
            CallState::Lapsed
        } else if self.under_way_at.is_some() {
            CallState::UnderWay
        } else if self.acknowledged_at.is_some() {
            CallState::Acknowledged
        } else if self.failure.is_some() && self.delivered_at.is_none() {
            CallState::Unreached
        } else {
            CallState::Called
        }
    }

    /// Records `answer`. A later step implies the earlier ones but leaves their times untold; after 去不了, or when an
    /// answer ran out, they may still come.
    ///
    /// # Errors
    /// [`AnswerRefusal::AlreadyDone`] for the same tap twice or a step back.
    pub fn answer(&mut self, answer: Answer, at: Option<Wgs84>, now: Millis) -> Result<(), AnswerRefusal> {
        use CallState::{Acknowledged, Called, Declined, Lapsed, OnScene, UnderWay, Unreached};
        let state = self.state();
        match answer {
            Answer::Acknowledge if matches!(state, Called | Unreached | Lapsed) => {
                self.acknowledged_at.get_or_insert(now);
                self.under_way_at = None;
            }
            Answer::UnderWay(minutes) if !matches!(state, OnScene) => {
                // Told again with other minutes they are under way anew; without, it is the same tap.
                if state == UnderWay && (minutes.is_none() || minutes == self.minutes) {
                    return Err(AnswerRefusal::AlreadyDone);
                }
                if matches!(state, Called | Unreached | Acknowledged | Declined | Lapsed) {
                    self.under_way_at = Some(now);
                }
                self.minutes = minutes;
            }
            Answer::OnScene if state != OnScene => {
                self.on_scene_at = Some(now);
                self.on_scene_where = at;
            }
            Answer::Decline if !matches!(state, OnScene | Declined) => {
                self.declined_at = Some(now);
                return Ok(());
            }
            _ => return Err(AnswerRefusal::AlreadyDone),
        }
        (self.declined_at, self.lapsed_at, self.answered_at) = (None, None, Some(now));
        Ok(())
    }

    /// Whether they said that they come, and have not arrived: acknowledged or under way.
    pub fn is_expected(&self) -> bool {
        matches!(self.state(), CallState::Acknowledged | CallState::UnderWay)
    }

    /// Whether they may still come, or are there: they did not decline, were reached, and did not let their answer run out.
    pub fn may_come(&self) -> bool {
        !matches!(self.state(), CallState::Declined | CallState::Unreached | CallState::Lapsed)
    }

    /// When their answer runs out: so many seconds after it, or two minutes after the time they told, if that is later.
    pub fn runs_out_at(&self, expires_seconds: i64) -> Option<Millis> {
        if expires_seconds == 0 || !self.is_expected() {
            return None;
        }
        let since = self.answered_at?;
        let told = self.minutes.filter(|_| self.under_way_at.is_some()).map_or(0, |m| i64::from(m) * 60 + 120);
        Some(since.plus_ms(told.max(expires_seconds) * 1000))
    }
}

impl Call {
    /// Where the call stands: as well as the person who has come furthest.
    pub fn state(&self) -> CallState {
        use CallState::{Acknowledged, Called, Declined, Lapsed, OnScene, UnderWay, Unreached};
        let best = [OnScene, UnderWay, Acknowledged, Called, Lapsed, Declined];
        best.into_iter().find(|state| self.people.iter().any(|p| p.state() == *state)).unwrap_or(Unreached)
    }

    /// The first instant of a kind over all its people.
    pub fn first(&self, when: impl Fn(&Summons) -> Option<Millis>) -> Option<Millis> {
        self.people.iter().filter_map(when).min()
    }

    /// When somebody first showed that they know of it.
    pub fn known_at(&self) -> Option<Millis> {
        self.first(|p| p.acknowledged_at.into_iter().chain(p.under_way_at).chain(p.on_scene_at).min())
    }

    /// When the first of them arrived.
    pub fn on_scene_at(&self) -> Option<Millis> {
        self.first(|p| p.on_scene_at)
    }

    /// A person's part.
    pub fn person(&self, user: UserId) -> Option<&Summons> {
        self.people.iter().find(|p| p.user == user)
    }

    /// A person's part, made if they were not summoned: a point's own people may answer for it at any time.
    pub fn person_mut(&mut self, user: UserId, now: Millis) -> &mut Summons {
        let index = self.people.iter().position(|p| p.user == user).unwrap_or_else(|| {
            self.people.push(Summons::new(user, now));
            self.people.len() - 1
        });
        &mut self.people[index]
    }

    /// The shortest way that is told, in minutes, of those under way.
    pub fn minutes(&self) -> Option<i32> {
        self.people.iter().filter(|p| p.state() == CallState::UnderWay).filter_map(|p| p.minutes).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn summons() -> Summons {
        Summons::new(UserId(1), NOW)
    }

    #[test]
    fn callees_are_written_as_codes_and_people() {
        for callee in [Callee::Point("P014".into()), Callee::Person(UserId(31))] {
            assert_eq!(callee.to_string().parse(), Ok(callee));
        }
        assert_eq!("@home".parse(), Ok(Callee::Point("@home".into())), "no number: it is a code");
    }

    #[test]
    fn steps_go_forward_once() {
        use Answer::{Acknowledge, Decline, OnScene, UnderWay};
        for (answers, last) in [
            (vec![Acknowledge, UnderWay(None), OnScene], CallState::OnScene),
            (vec![Decline, UnderWay(Some(3)), OnScene], CallState::OnScene),
            (vec![UnderWay(None), UnderWay(Some(5)), Decline], CallState::Declined),
            (vec![Acknowledge, Decline], CallState::Declined),
        ] {
            let mut it = summons();
            for answer in answers {
                it.answer(answer, None, NOW).unwrap();
                let before = it.clone();
                assert_eq!(it.answer(answer, None, NOW.plus_ms(5)), Err(AnswerRefusal::AlreadyDone), "{answer:?}");
                assert_eq!(it, before);
            }
            assert_eq!(it.state(), last);
        }
        let mut there = summons();
        there.answer(OnScene, None, NOW).unwrap();
        for back in [Acknowledge, UnderWay(Some(1)), Decline] {
            assert_eq!(there.answer(back, None, NOW), Err(AnswerRefusal::AlreadyDone));
        }
    }

    #[test]
    fn one_who_cannot_come_does_not_speak_for_the_others() {
        let mut call = Call {
            alarm: AlarmId(1),
            callee: Callee::Point("P1".into()),
            kind: ResponderKind::Point,
            team: None,
            ring: 1,
            distance_m: Some(60.0),
            called_at: NOW,
            failure: None,
            people: vec![summons(), Summons::new(UserId(2), NOW)],
        };
        call.people[0].answer(Answer::Decline, None, NOW).unwrap();
        assert_eq!(call.state(), CallState::Called);
        call.people[1].answer(Answer::UnderWay(Some(3)), None, NOW).unwrap();
        assert_eq!((call.state(), call.minutes()), (CallState::UnderWay, Some(3)));
        call.people[1].answer(Answer::Decline, None, NOW).unwrap();
        assert_eq!(call.state(), CallState::Declined);
    }

    #[test]
    fn an_answer_runs_out_unless_they_arrive() {
        let mut it = summons();
        assert_eq!(it.runs_out_at(300), None);
        it.answer(Answer::Acknowledge, None, NOW).unwrap();
        assert_eq!(it.runs_out_at(300), Some(NOW.plus_ms(300_000)));
        it.answer(Answer::UnderWay(Some(10)), None, NOW).unwrap();
        assert_eq!(it.runs_out_at(300), Some(NOW.plus_ms(720_000)), "ten minutes and two");
        it.lapsed_at = Some(NOW.plus_ms(720_000));
        assert_eq!((it.state(), it.runs_out_at(300)), (CallState::Lapsed, None));
        it.answer(Answer::Acknowledge, None, NOW.plus_ms(730_000)).unwrap();
        assert_eq!(it.state(), CallState::Acknowledged);
        assert_eq!(it.runs_out_at(300), Some(NOW.plus_ms(1_030_000)), "and runs out anew");
        assert_eq!(it.acknowledged_at, Some(NOW), "the first time stays on record");
    }
}
