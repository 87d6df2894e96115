//! Closing a month in the office's chat: a checklist, and where something is open a second tap.
//!
//! Which month may be closed is the domain's; what it means for the ledger is the store's. Called by the engine.

use super::command::{answer, reply};
use super::decision::{Decision, Given, label, press as button};
use super::tap::Tap;
use super::town::Town;
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, MessageId, UserId};
use crate::domain::member::Role;
use crate::domain::month::{Checklist, CloseOrder, Refusal, close};
use crate::domain::period::{Period, show};
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, escape};
use crate::port::chat::{Message, Press};
use crate::port::store::{Access, Content, Lane};
use chrono_tz::Tz;

/// The month that the words name.
pub fn period(words: &str, zone: Tz) -> Option<Period> {
    Period::month(words.trim(), zone).ok()
}

/// The month of a button: `202611`.
pub fn period_of(month: u32, zone: Tz) -> Option<Period> {
    period(&format!("{:04}-{:02}", month / 100, month % 100), zone)
}

/// `/close 2026-11`
pub fn order(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    if !may(given.town, message.chat, message.from.user) {
        return answer(given, message, "close-not-here");
    }
    let Some(period) = period(words, given.town.rules.time_zone) else { return answer(given, message, "close-usage") };
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    match decide(given, period) {
        Ok(order) if order.open.is_clear() => {
            reply(&mut decision, message, done(&speaker, &order));
            enter(&mut decision, given, order);
        }
        Ok(order) => {
            let html =
                format!("{}\n{}", checklist(&speaker, &order.month, &order.open), speaker.say("close-anyway", &[]));
            reply(&mut decision, message, html);
            if let Some(Content::Text { keyboard, .. }) =
                decision.changes.posts.last_mut().map(|post| &mut post.content)
            {
                let tap = Tap::Close { month: number(&order.month), card: message.id };
                *keyboard = vec![vec![button(label(&speaker, "button-close-anyway"), &tap)]];
            }
        }
        Err(refusal) => reply(&mut decision, message, refused(&speaker, period, &refusal, given)),
    }
    decision
}

/// The second tap, for a month in which something is open.
pub fn tap(given: &Given<'_>, press: &Press, month: u32, card: MessageId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    if !may(given.town, press.chat, press.from.user) {
        return Decision::answer(&press.id, speaker.say("close-not-here", &[]));
    }
    let Some(period) = period_of(month, given.town.rules.time_zone) else {
        return Decision::answer(&press.id, speaker.say("stale-button", &[]));
    };
    let mut decision = Decision::nothing();
    let html = match decide(given, period) {
        Ok(order) => {
            let html = done(&speaker, &order);
            enter(&mut decision, given, order);
            html
        }
        Err(refusal) => refused(&speaker, period, &refusal, given),
    };
    decision.reply_to_press(&press.id, String::new());
    decision.post(press.chat, format!("reply:{card}"), Lane::Reply, html);
    decision
}

/// Whether this person may close months in this chat.
pub fn may(town: &Town, chat: ChatId, user: Option<UserId>) -> bool {
    town.kind(chat) == Some(GroupKind::Office) && user.is_some_and(|user| town.holds(user, Role::Payout))
}

fn decide(given: &Given<'_>, period: Period) -> Result<CloseOrder, Refusal> {
    let by = given.facts.member.as_ref().map_or_else(|| "unlisted".to_owned(), |member| member.code.clone());
    let closing = given.facts.closing.clone().unwrap_or_default();
    close(period, &closing, by, given.town.rules.time_zone, given.now)
}

fn enter(decision: &mut Decision, given: &Given<'_>, order: CloseOrder) {
    let detail = order.month.clone();
    decision.changes.access.push(Access { at: given.now, who: order.by.clone(), what: "close".into(), detail });
    decision.changes.closes.push(order);
}

fn number(month: &str) -> u32 {
    month.replace('-', "").parse().expect("a month is written 2026-11")
}

/// The checklist, one line an item.
pub fn checklist(speaker: &Speaker<'_>, month: &str, open: &Checklist) -> String {
    let mut html = speaker.say("close-checklist", &[("month", Arg::from(month))]);
    let items = [
        (open.held, "close-held", open.held_points),
        (open.undecided, "close-undecided", 0),
        (open.nameless, "close-nameless", 0),
        (open.redemptions, "close-redemptions", 0),
    ];
    for (count, key, points) in items {
        let mark = if count == 0 { "✅" } else { "⚠️" };
        let words = speaker.say(key, &[("count", count.into()), ("points", points.into())]);
        html.push_str(&format!("\n{mark} {words}"));
    }
    html
}

fn done(speaker: &Speaker<'_>, order: &CloseOrder) -> String {
    let done = speaker.say("close-done", &[("month", Arg::from(order.month.as_str()))]);
    if order.open.is_clear() { done } else { format!("{}\n{done}", checklist(speaker, &order.month, &order.open)) }
}

/// Why a month is not closed, in words.
fn refused(speaker: &Speaker<'_>, period: Period, refusal: &Refusal, given: &Given<'_>) -> String {
    let zone = given.town.rules.time_zone;
    let month = period.as_month(zone).unwrap_or_default();
    match refusal {
        Refusal::Closed(closed) => speaker.say(
            "close-closed",
            &[
                ("month", month.into()),
                ("at", show(closed.at, zone).into()),
                ("by", escape(&closed.by).into_owned().into()),
            ],
        ),
        Refusal::NotOver => speaker.say("close-not-over", &[("month", month.into())]),
        Refusal::First(first) => {
            speaker.say("close-first", &[("month", month.into()), ("first", first.as_str().into())])
        }
        Refusal::Empty => speaker.say("close-empty", &[]),
    }
}
