//! "Is this a tip?": what becomes of a group's message that reads as a tip and is not marked as one (`[tip] untagged`).
//!
//! An open question is a timer that names the message's own event: the words stand nowhere but in that raw update, which
//! is wiped when the question ends without a lead. Called by the engine and `evidence`.

use super::decision::{Decision, Given, label, press};
use super::tap::Tap;
use super::town::Town;
use super::{evidence, intake};
use crate::config::Untagged;
use crate::domain::id::{ChatId, EventSeq, MessageId, UserId};
use crate::domain::member::Role;
use crate::domain::tip::Tip;
use crate::port::chat::{Message, Press};
use crate::port::store::{Content, Lane, OpenQuestion, Post, Timer, TimerKind, question_key};

/// Whether a message that reads as a tip is taken as one without asking: it is marked, or private, or the town says so, or
/// nobody can be asked.
pub fn takes(town: &Town, message: &Message, tip: &Tip) -> bool {
    tip.marked || message.private || message.from.user.is_none() || town.rules.tip.untagged == Untagged::Take
}

/// What becomes of a message that reads as a tip: filed, asked about, or left.
pub fn take(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    if takes(given.town, message, tip) {
        return intake::file_tip(given, message, tip);
    }
    match (given.town.rules.tip.untagged, message.from.user) {
        (Untagged::Ask, Some(user)) if given.facts.question.is_none() => ask(given, message, user),
        // One question at a time: what is written meanwhile is chat.
        _ => evidence::keep_loose(given, message),
    }
}

/// A changed message that is no lead: it may be a tip now, be marked, or be none any more.
pub fn edited(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    let own = given.facts.question.as_ref().filter(|open| open.message == message.id);
    let (Some(open), Some(user)) = (own, message.from.user) else {
        return if tip.is_tip { take(given, message, tip) } else { Decision::nothing() };
    };
    let mut decision = if tip.is_tip && tip.marked {
        let mut decision = intake::file_tip(given, message, tip);
        close(&mut decision, message.chat, user, open);
        decision
    } else if tip.is_tip {
        // The question stands for what the message says now.
        ask(given, message, user)
    } else {
        let mut decision = Decision::nothing();
        close(&mut decision, message.chat, user, open);
        decision.changes.forget = true;
        decision
    };
    decision.changes.forget_events.push(open.event);
    decision
}

fn ask(given: &Given<'_>, message: &Message, user: UserId) -> Decision {
    let mut decision = Decision::nothing();
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let answer = |key, yes| press(label(&speaker, key), &Tap::Question { writer: user, message: message.id, yes });
    decision.changes.posts.push(Post {
        chat: message.chat,
        thread: message.thread,
        subject: subject(message.id),
        lane: Lane::Reply,
        content: Content::Text {
            html: speaker.say("question", &[]),
            keyboard: vec![vec![answer("button-is-tip", true), answer("button-is-no-tip", false)]],
            reply_to: Some(message.id),
            silent: true,
        },
        lead: None,
        call: None,
    });
    decision.changes.timers.push(Timer {
        key: question_key(message.chat, user),
        due: given.now.plus_ms(given.town.rules.tip.ask_minutes * 60_000),
        chat: message.chat,
        kind: TimerKind::Question { chat: message.chat, event: given.event, message: message.id },
    });
    // What came with it waits for its tip, as any picture does.
    decision.changes.attachments = intake::parts(given, message);
    decision
}

fn subject(message: MessageId) -> String {
    format!("question:{message}")
}

/// Decides an answer: the writer's or police's. Its own update shows the words again and is wiped in any case.
pub fn tap(given: &Given<'_>, press: &Press, writer: UserId, message: MessageId, yes: bool) -> Decision {
    let mut decision = answered(given, press, writer, message, yes);
    decision.changes.forget = true;
    decision
}

fn answered(given: &Given<'_>, press: &Press, writer: UserId, message: MessageId, yes: bool) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(open) = given.facts.question.as_ref().filter(|open| open.message == message) else {
        return Decision::answer(&press.id, speaker.say("stale-button", &[]));
    };
    let may = press.from.user.is_some_and(|user| user == writer || given.town.holds(user, Role::Police));
    if !may {
        return Decision::answer(&press.id, speaker.say("only-reporter-or-police", &[]));
    }
    let mut decision = match (&given.asked, yes) {
        (Some((message, tip)), true) => {
            let mut decision = intake::file_tip(&given.as_of(open), message, tip);
            decision.reply_to_press(&press.id, speaker.say("question-filed", &[]));
            decision
        }
        _ => {
            let mut decision = Decision::answer(&press.id, speaker.say("question-declined", &[]));
            decision.changes.forget_events.push(open.event);
            decision
        }
    };
    close(&mut decision, press.chat, writer, open);
    decision
}

fn close(decision: &mut Decision, chat: ChatId, user: UserId, open: &OpenQuestion) {
    decision.changes.cancel_timers.push(question_key(chat, user));
    take_away(decision, chat, open.message);
}

fn take_away(decision: &mut Decision, chat: ChatId, message: MessageId) {
    decision.changes.posts.push(Post {
        chat,
        thread: None,
        subject: subject(message),
        lane: Lane::Reply,
        content: Content::Gone,
        lead: None,
        call: None,
    });
}

/// Nobody answered in time: nothing is kept.
pub fn run_out(chat: ChatId, event: EventSeq, message: MessageId) -> Decision {
    let mut decision = Decision::nothing();
    take_away(&mut decision, chat, message);
    decision.changes.forget_events.push(event);
    decision
}
