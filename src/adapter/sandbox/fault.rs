//! What is to go wrong on purpose, and the platform's limits when a test wants them kept.
//!
//! Pure but for the counters it keeps; `now` comes in. Called before and after each method.

use super::failure::Refusal;
use crate::domain::id::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultKind {
    /// 429 with `retry_after`.
    #[serde(alias = "429")]
    TooMany,
    /// 500 with an error body.
    #[serde(alias = "500")]
    ServerError,
    /// 200 with a body that is no JSON.
    Garbage,
    /// No answer for as long as the client waits.
    Hang,
    /// The connection is cut without an answer.
    Drop,
    /// 403: blocked by the user.
    Blocked,
    /// 403: kicked from the group.
    Kicked,
    /// 400: chat not found.
    ChatNotFound,
    /// 400 with `migrate_to_chat_id`.
    Migrated,
    /// 400 or whatever `code` and `description` say.
    Refused,
}

/// A fault to be played.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// For calls of this method only.
    #[serde(default)]
    pub method: Option<String>,
    /// For this chat only.
    #[serde(default)]
    pub chat: Option<i64>,
    /// How.
    pub kind: FaultKind,
    /// How many calls go wrong before it is over.
    #[serde(default = "one")]
    pub count: u64,
    /// Whether the call is carried out all the same (only its answer is spoilt). For garbage, hang, drop, 500.
    #[serde(default)]
    pub executed: bool,
    /// Let so many calls pass first.
    #[serde(default)]
    pub after: u64,
    /// Seconds, with 429.
    #[serde(default = "one_second")]
    pub retry_after: i64,
    /// The new id, with migrated.
    #[serde(default)]
    pub migrate_to: Option<i64>,
    /// With refused.
    #[serde(default = "bad_request")]
    pub code: u16,
    /// With refused.
    #[serde(default)]
    pub description: String,
}

fn one() -> u64 {
    1
}
fn one_second() -> i64 {
    1
}
fn bad_request() -> u16 {
    400
}

impl Fault {
    /// The refusal that it answers with, if it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        Some(match self.kind {
            FaultKind::TooMany => Refusal::too_many(self.retry_after),
            FaultKind::ServerError => Refusal::new(500, "Internal Server Error"),
            FaultKind::Blocked => Refusal::forbidden("bot was blocked by the user"),
            FaultKind::Kicked => Refusal::forbidden("bot was kicked from the supergroup chat"),
            FaultKind::ChatNotFound => Refusal::bad("chat not found"),
            FaultKind::Migrated => Refusal::migrated(self.migrate_to.unwrap_or(-1_009_999_999_999)),
            FaultKind::Refused => Refusal::new(self.code, self.description.clone()),
            FaultKind::Garbage | FaultKind::Hang | FaultKind::Drop => return None,
        })
    }
}

/// The platform's limits: messages; 0 lifts one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    /// To all chats, a second.
    pub per_second: usize,
    /// To one chat, a second.
    pub per_chat_second: usize,
    /// To one group, a minute.
    pub per_group_minute: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_second: 30, per_chat_second: 1, per_group_minute: 20 }
    }
}

/// Messages lately sent, to hold a limit by.
#[derive(Debug, Default)]
struct Window(VecDeque<i64>);

impl Window {
    /// Milliseconds until one more fits; 0: now.
    fn wait(&mut self, now: i64, span: i64, most: usize) -> i64 {
        while self.0.front().is_some_and(|&at| at <= now - span) {
            self.0.pop_front();
        }
        match self.0.front() {
            Some(&oldest) if self.0.len() >= most => oldest + span - now,
            _ => 0,
        }
    }
}

/// All faults and limits.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<Fault>,
    /// Limits to hold; none by default.
    pub limits: Option<Limits>,
    all: Window,
    chats: HashMap<i64, (Window, Window)>,
}

/// A second and a minute, shortened by a tenth for what the network takes.
const SECOND: i64 = 900;
const MINUTE: i64 = 54_000;

impl Faults {
    /// Plans a fault.
    pub fn plan(&mut self, fault: Fault) {
        self.planned.push(fault);
    }

    /// Faults still to come.
    pub fn planned(&self) -> &[Fault] {
        &self.planned
    }

    /// Calls everything off.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault for this call, counted down.
    pub fn take(&mut self, method: &str, chat: Option<i64>) -> Option<Fault> {
        if self.planned.is_empty() {
            return None;
        }
        let hit = self.planned.iter_mut().position(|fault| {
            fault.method.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(method))
                && fault.chat.is_none_or(|id| Some(id) == chat)
        })?;
        let fault = &mut self.planned[hit];
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.count = fault.count.saturating_sub(1);
        let taken = fault.clone();
        if taken.count == 0 {
            self.planned.remove(hit);
        }
        Some(taken)
    }

    /// Counts a message to `chat` against the limits.
    ///
    /// # Errors
    /// 429 with the seconds until it would pass.
    pub fn count_message(&mut self, chat: i64, now: Millis) -> Result<(), Refusal> {
        let Some(limits) = self.limits else { return Ok(()) };
        let (second, minute) = self.chats.entry(chat).or_default();
        let most = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        let mut wait = self.all.wait(now.0, SECOND, most(limits.per_second));
        wait = wait.max(second.wait(now.0, SECOND, most(limits.per_chat_second)));
        if chat < 0 {
            wait = wait.max(minute.wait(now.0, MINUTE, most(limits.per_group_minute)));
        }
        if wait > 0 {
            return Err(Refusal::too_many((wait + 999) / 1000));
        }
        for window in [&mut self.all, second, minute] {
            window.0.push_back(now.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(value: serde_json::Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn faults_hit_what_they_name_and_run_out() {
        let mut faults = Faults::default();
        faults.plan(fault(json!({"method": "sendMessage", "chat": 5, "kind": "too_many", "count": 2, "after": 1})));
        let hits: Vec<bool> = [
            ("getMe", Some(5)),
            ("sendMessage", Some(6)),
            ("SendMessage", Some(5)),
            ("sendMessage", Some(5)),
            ("sendMessage", Some(5)),
            ("sendMessage", Some(5)),
        ]
        .into_iter()
        .map(|(method, chat)| faults.take(method, chat).is_some())
        .collect();
        assert_eq!(hits, [false, false, false, true, true, false]);
        assert!(faults.planned().is_empty());
    }

    #[test]
    fn limits_hold_and_let_go() {
        let mut faults = Faults { limits: Some(Limits::default()), ..Faults::default() };
        assert!(faults.count_message(-1, Millis(0)).is_ok());
        assert_eq!(faults.count_message(-1, Millis(10)).unwrap_err().retry_after, Some(1));
        assert!(faults.count_message(-1, Millis(1000)).is_ok());
        for n in 2..20 {
            assert!(faults.count_message(-1, Millis(n * 1000)).is_ok(), "{n}");
        }
        assert_eq!(faults.count_message(-1, Millis(21_000)).unwrap_err().retry_after, Some(33));
        assert!(faults.count_message(7, Millis(21_000)).is_ok(), "another chat is free");
        for chat in 100..129 {
            assert!(faults.count_message(chat, Millis(21_000)).is_ok());
        }
        assert!(faults.count_message(999, Millis(21_000)).is_err(), "30 a second overall");
    }
}
