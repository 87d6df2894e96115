//! What a decider is given and what it gives back.

use super::town::Town;
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, Millis, UserId};
use crate::domain::lead::{Lead, LeadEvent};
use crate::domain::member::{Language, Member};
use crate::domain::text::Arg;
use crate::domain::text::card::Speaker;
use crate::domain::tip::Tip;
use crate::port::chat::{Button, Keyboard, Message, PressAnswer, Sender};
use crate::port::store::{Changes, Content, Facts, Lane, OpenQuestion, Post};

/// Values that a decision may use up: numbers and codes come in, nothing is drawn inside.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The number of a new lead.
    pub lead: LeadId,
    /// The number of a new alarm.
    pub alarm: AlarmId,
    /// The code of a new lead's reporter.
    pub lead_code: String,
    /// The code of a new member, or of an invitation.
    pub member_code: String,
}

/// All that a decider knows.
pub struct Given<'a> {
    /// The town.
    pub town: &'a Town,
    /// What was looked up.
    pub facts: Facts,
    /// The event.
    pub event: EventSeq,
    /// The platform's number of the update.
    pub update_id: Option<i64>,
    /// When the event was stored.
    pub received_at: Millis,
    /// For an answer to an open question: the message that it is about, read as marked.
    pub asked: Option<(Message, Tip)>,
    /// Now.
    pub now: Millis,
    /// Numbers and codes.
    pub fresh: Fresh,
    /// Whether the chat of the event gets too many receipts to have each its own message.
    pub busy_group: bool,
    /// Whether the desk gets too many cards to have each its own message.
    pub busy_desk: bool,
}

/// What was decided.
#[derive(Debug, Default)]
pub struct Decision {
    /// What changes.
    pub changes: Changes,
    /// Answers to presses: sent at once, they expire in seconds.
    pub answers: Vec<PressAnswer>,
}

impl Decision {
    /// Nothing changes.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Nothing changes; the presser reads why.
    pub fn answer(press: &str, text: String) -> Self {
        let mut decision = Self::nothing();
        decision.reply_to_press(press, text);
        decision
    }

    /// Adds a short answer to a press.
    pub fn reply_to_press(&mut self, press: &str, text: String) {
        self.answers.push(PressAnswer { press: press.to_owned(), text, alert: false, url: None });
    }

    /// Adds a text message.
    pub fn post(&mut self, chat: ChatId, subject: String, lane: Lane, html: String) -> &mut Post {
        self.changes.posts.push(Post {
            chat,
            thread: None,
            subject,
            lane,
            content: Content::Text { html, keyboard: Vec::new(), reply_to: None, silent: false },
            lead: None,
            call: None,
        });
        self.changes.posts.last_mut().expect("just pushed")
    }

    /// Takes over all that another decision about the same event changes.
    pub fn absorb(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.changes.absorb(other.changes);
    }

    /// Writes a line of a lead's history; `before` is how it stood.
    pub fn history(&mut self, lead: &Lead, action: &str, by: Option<UserId>, at: Millis, before: Option<&Lead>) {
        self.changes.lead_events.push(LeadEvent {
            lead: lead.id,
            version: lead.version,
            at,
            by,
            action: action.to_owned(),
            before: before.map(|b| serde_json::to_string(b).expect("a lead is plain data")),
        });
    }
}

impl<'a> Given<'a> {
    /// The same with the event of a message that was asked about: its lead comes from there.
    pub fn as_of(&self, open: &OpenQuestion) -> Given<'a> {
        Given {
            town: self.town,
            facts: self.facts.clone(),
            event: open.event,
            update_id: open.update_id,
            received_at: open.received_at,
            asked: None,
            now: self.now,
            fresh: self.fresh.clone(),
            busy_group: self.busy_group,
            busy_desk: self.busy_desk,
        }
    }

    /// The speaker for a chat: a group's own language, or the person's in private.
    pub fn speaker_in(&self, chat: ChatId, from: Option<&Sender>) -> Speaker<'a> {
        self.town.speaker(self.language_in(chat, from), self.now)
    }

    fn language_in(&self, chat: ChatId, from: Option<&Sender>) -> Language {
        if chat.0 < 0 {
            self.town.group_language(chat)
        } else {
            self.town.person_language(self.facts.member.as_ref(), from.and_then(|f| f.language.as_deref()))
        }
    }

    /// The person on file, or a new one made from what the platform shows.
    pub fn member_of(&self, from: &Sender, group: &str) -> Option<Member> {
        let user = from.user?;
        Some(self.facts.member.clone().unwrap_or_else(|| Member {
            user,
            name: from.name.clone(),
            occupation: String::new(),
            group: group.to_owned(),
            team: String::new(),
            roles: Vec::new(),
            language: None,
            code: self.fresh.member_code.clone(),
            first_seen: self.now,
            told_at: None,
        }))
    }
}

/// A button with data.
pub fn press(label: String, tap: &super::tap::Tap) -> Button {
    Button::Press { label, data: tap.encode() }
}

/// Buttons in rows of `width`.
pub fn rows(buttons: Vec<Button>, width: usize) -> Keyboard {
    buttons.chunks(width).map(<[Button]>::to_vec).collect()
}

/// The text `key` without arguments, for button labels.
pub fn label(speaker: &Speaker<'_>, key: &str) -> String {
    speaker.say(key, &[] as &[(&'static str, Arg<'_>)])
}
