//! One alarm while an event is decided on: what has happened so far, and in the end all that changes by it.
//!
//! Deciders change the alarm and its calls, say what happened ([`Course::happened`]) and end with [`Course::finish`],
//! which writes what was touched and puts the messages as they should stand now.

use super::super::decision::{Decision, Given};
use crate::domain::alarm::event::{AlarmEvent, Happening};
use crate::domain::alarm::{Alarm, Call, Callee};
use crate::domain::id::{ChatId, Millis, UserId};
use crate::domain::lead::Lead;
use crate::domain::place::Wgs84;
use crate::port::store::{AlarmFile, Posted, Timer, TimerKind};
use std::collections::BTreeSet;

/// Which of the messages that stand are put anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Show {
    /// None.
    Nothing,
    /// The desk's board and the groups' cards.
    Board,
    /// Those, and the cards of all who were called: who goes, or where to, has changed.
    All,
}

/// See the module.
pub struct Course<'a> {
    /// All that the decider knows.
    pub given: &'a Given<'a>,
    /// The alarm as it is now.
    pub alarm: Alarm,
    /// Its calls as they are now.
    pub calls: Vec<Call>,
    /// Its lead; a drill has none.
    pub lead: Option<Lead>,
    /// What is decided.
    pub decision: Decision,
    /// Messages that were sent, or wait.
    pub(super) posts: Vec<Posted>,
    /// Who was summoned by this event.
    pub(super) summoned: Vec<(Callee, UserId)>,
    /// Who answered by this event: their own card is put at once.
    pub(super) answered: Option<(Callee, UserId)>,
    pub(super) show: Show,
    before: Option<Alarm>,
    touched: BTreeSet<Callee>,
}

impl<'a> Course<'a> {
    /// A new alarm.
    pub fn begin(given: &'a Given<'a>, alarm: Alarm, lead: Option<Lead>) -> Self {
        let mut it = Self::with(given, AlarmFile { alarm, calls: Vec::new(), posts: Vec::new() }, lead);
        it.before = None;
        it.show = Show::Board;
        let origin = it.alarm.origin;
        let by = it.alarm.raised_by_staff();
        it.happened(by, Happening::Raised { origin });
        it
    }

    /// An alarm that is on file.
    pub fn resume(given: &'a Given<'a>, file: AlarmFile, lead: Option<Lead>) -> Self {
        Self::with(given, file, lead)
    }

    fn with(given: &'a Given<'a>, file: AlarmFile, lead: Option<Lead>) -> Self {
        let AlarmFile { alarm, calls, posts } = file;
        Self {
            given,
            before: Some(alarm.clone()),
            alarm,
            calls,
            lead,
            decision: Decision::nothing(),
            posts,
            summoned: Vec::new(),
            answered: None,
            show: Show::Nothing,
            touched: BTreeSet::new(),
        }
    }

    /// The instant of the decision.
    pub fn now(&self) -> Millis {
        self.given.now
    }

    /// Writes a line of the timeline.
    pub fn happened(&mut self, by: Option<UserId>, what: Happening) {
        self.decision.changes.alarm_events.push(AlarmEvent { alarm: self.alarm.id, at: self.given.now, by, what });
    }

    /// Asks for messages to be put anew.
    pub fn show(&mut self, show: Show) {
        self.show = self.show.max(show);
    }

    /// A call, to be changed.
    pub fn call_mut(&mut self, callee: &Callee) -> Option<&mut Call> {
        let call = self.calls.iter_mut().find(|call| call.callee == *callee)?;
        self.touched.insert(callee.clone());
        Some(call)
    }

    /// Adds a call; its people are summoned.
    pub fn add(&mut self, call: Call) {
        self.summoned.extend(call.people.iter().map(|person| (call.callee.clone(), person.user)));
        self.touched.insert(call.callee.clone());
        self.calls.push(call);
        self.show(Show::Board);
    }

    /// Whether somebody was summoned already, for whomever.
    pub fn has(&self, user: UserId) -> bool {
        self.calls.iter().any(|call| call.person(user).is_some())
    }

    /// Where somebody is, if they shared it lately.
    pub fn place_of(&self, user: UserId) -> Option<Wgs84> {
        let oldest = self.given.now.plus_ms(-self.given.town.rules.alarm.location_minutes * 60_000);
        self.given.facts.whereabouts.get(&user).filter(|it| it.when >= oldest).map(|it| it.at)
    }

    /// The subject of one of the alarm's messages.
    pub fn subject(&self, rest: &str) -> String {
        format!("alarm:{}:{rest}", self.alarm.id)
    }

    /// Whether a message of this subject stands in a chat.
    pub(super) fn stands(&self, chat: ChatId, subject: &str) -> bool {
        self.posts.iter().any(|post| post.chat == chat && post.subject == subject && post.message.is_some())
    }

    /// Whether anything of the alarm stands in a chat, or is just being sent there.
    pub(super) fn has_heard(&self, chat: ChatId) -> bool {
        self.posts.iter().any(|post| post.chat == chat && (post.message.is_some() || post.leaving))
    }

    /// Whether a message of this subject stands, or is queued, in a chat.
    pub(super) fn has_post(&self, chat: ChatId, subject: &str) -> bool {
        self.posts.iter().any(|post| post.chat == chat && post.subject == subject)
    }

    /// Sets a timer of this alarm: one with the same name is replaced; all are taken away when it is stood down.
    pub fn set_timer(&mut self, name: &str, due: Millis, kind: TimerKind) {
        // Of no chat: no chat's order holds it up.
        self.decision.changes.timers.push(Timer { key: self.subject(name), due, chat: ChatId(0), kind });
    }

    /// All that changes, with the messages.
    pub fn finish(mut self) -> Decision {
        if self.alarm.runs() {
            self.put_messages();
        }
        match &self.before {
            None => self.decision.changes.new_alarms.push(self.alarm.clone()),
            Some(before) if *before != self.alarm => {
                self.alarm.version += 1;
                self.decision.changes.alarms.push(self.alarm.clone());
            }
            Some(_) => {}
        }
        let touched = self.calls.iter().filter(|call| self.touched.contains(&call.callee)).cloned();
        self.decision.changes.calls.extend(touched);
        self.decision
    }

    /// The alarm as it will be on file, for the cards of its lead.
    pub fn file(&self) -> AlarmFile {
        AlarmFile { alarm: self.alarm.clone(), calls: self.calls.clone(), posts: self.posts.clone() }
    }
}
