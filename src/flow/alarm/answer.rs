//! What those who are called do: a tap, a shared place.

use super::super::decision::{Decision, Given, label, press as button};
use super::super::tap::Tap;
use super::course::{Course, Show};
use super::{clock, found, refuse};
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::{Answer, CallState, Callee};
use crate::domain::id::{AlarmId, UserId};
use crate::domain::place::Wgs84;
use crate::domain::points::{Account, BASE_BOOK, Transfer, TransferKind};
use crate::port::chat::{Message, Part, Press};
use crate::port::store::{AlarmFile, TimerKind, Whereabouts};

/// A responder answers. Only a point's own people can answer for it, and only the person called for a person.
pub fn answer(given: &Given<'_>, press: &Press, id: AlarmId, callee: &Callee, answer: Answer) -> Decision {
    let (Some(file), Some(user)) = (found(given, id), press.from.user) else {
        return refuse(given, press, "no-such-alarm");
    };
    let may = match callee {
        Callee::Point(code) => given.town.point(code).is_some_and(|point| point.contacts.contains(&user)),
        Callee::Person(person) => *person == user,
    };
    if !may {
        return refuse(given, press, "only-contact");
    }
    if !file.alarm.runs() {
        return refuse(given, press, "stood-down-already");
    }
    let mut course = Course::resume(given, file, given.facts.file.as_ref().map(|file| file.lead.clone()));
    // Where people are in an exercise is nobody's business afterwards.
    let place = course.place_of(user).filter(|_| !course.alarm.drill);
    let (now, expires) = (course.now(), given.town.rules.alarm.answer_expires_seconds);
    let Some(call) = course.call_mut(callee) else { return refuse(given, press, "no-such-alarm") };
    let person = call.person_mut(user, now);
    if person.answer(answer, place, now).is_err() {
        return refuse(given, press, "already-done");
    }
    let runs_out = person.runs_out_at(expires);
    let name = lapse_name(callee, user);
    match runs_out {
        Some(at) => {
            let kind = TimerKind::Lapse { alarm: id, callee: Some(callee.clone()), user };
            course.set_timer(&name, at, kind);
        }
        None => course.decision.changes.cancel_timers.push(course.subject(&name)),
    }
    course.happened(Some(user), Happening::Answered { callee: callee.clone(), answer, at: place });
    course.answered = Some((callee.clone(), user));
    course.show(Show::All);
    match answer {
        Answer::OnScene => reward(&mut course, user),
        Answer::Decline => clock::nobody_left(&mut course),
        Answer::Acknowledge | Answer::UnderWay(_) => {}
    }
    let key = if answer == Answer::UnderWay(None) { "answer-how-long" } else { "answer-noted" };
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    course.toast(press, speaker.say(key, &[]));
    course.finish()
}

/// The name of the timer by which somebody's answer runs out. Its end keeps one person's from being another's prefix.
pub(super) fn lapse_name(callee: &Callee, user: UserId) -> String {
    format!("lapse:{callee}:{user}:")
}

/// Points for being there; once for a person and an alarm, whichever of their points they answer for.
fn reward(course: &mut Course<'_>, user: UserId) {
    let amount = course.given.town.rules.points.on_scene;
    if course.alarm.drill || amount <= 0 {
        return;
    }
    let transfer = Transfer {
        key: format!("alarm:{}:on_scene:{user}", course.alarm.id),
        kind: TransferKind::Award,
        debit: Account::Budget,
        credit: Account::Person(user),
        amount,
        at: course.now(),
        rule: "on_scene".into(),
        book: BASE_BOOK.into(),
        lead: course.alarm.lead,
        alarm: Some(course.alarm.id),
        redemption: None,
        reason: None,
        reverses: None,
        by: Some(user),
    };
    course.decision.changes.transfers.push(transfer);
}

/// A place shared in private by somebody who answers alarms; `None` if it means nothing to any alarm. One that `joins` a tip
/// does, unless it is shared live or they are called right now.
///
/// It is kept, the last one only, of patrol and response police, and of those who are called to an alarm that runs.
pub fn located(given: &Given<'_>, message: &Message, joins: bool) -> Option<Decision> {
    let user = message.from.user.filter(|_| message.private)?;
    let (at, live) = message.parts.iter().find_map(|part| match part {
        Part::Pin { at, live, .. } => Some((*at, *live)),
        Part::Media { .. } => None,
    })?;
    let mine: Vec<&AlarmFile> =
        given.facts.running.iter().filter(|file| file.calls.iter().any(|call| call.person(user).is_some())).collect();
    let serves = live && given.town.serves(user) || given.town.is_mobile(user) && !joins;
    if mine.is_empty() && !serves {
        return None;
    }
    // As old as the message: what waited while the bot was away says nothing of where they are now.
    let when = message.edited_at.unwrap_or(message.date);
    let fresh = given.now.since(when) <= given.town.rules.alarm.location_minutes * 60_000;
    let mut decision = Decision::nothing();
    for file in mine.into_iter().filter(|_| fresh) {
        let mut course = Course::resume(given, file.clone(), None);
        measure(&mut course, user, at);
        offer_arrival(&mut course, user, at);
        decision.absorb(course.finish());
    }
    decision.changes.whereabouts.push(Whereabouts { user, at, when });
    // The words of such a message are a place: it is kept once.
    decision.changes.forget = true;
    Some(decision)
}

/// How far somebody who moves about is now; cards show it with the next change.
fn measure(course: &mut Course<'_>, user: UserId, at: Wgs84) {
    let Some(scene) = course.alarm.scene.as_ref().map(|scene| scene.at) else { return };
    if let Some(call) = course.call_mut(&Callee::Person(user)) {
        call.distance_m = Some(scene.distance_m(at));
    }
}

/// Within a few steps of the scene somebody is asked whether they are there: offered, never assumed.
fn offer_arrival(course: &mut Course<'_>, user: UserId, at: Wgs84) {
    let Some(metres) = course.alarm.scene.as_ref().map(|scene| scene.at.distance_m(at)) else { return };
    if metres > course.given.town.rules.alarm.arrival_m {
        return;
    }
    let there = |call: &&crate::domain::alarm::Call| {
        call.person(user).is_some_and(|p| p.offered_at.is_none() && p.state() != CallState::OnScene)
    };
    let Some(callee) = course.calls.iter().find(there).map(|call| call.callee.clone()) else { return };
    let now = course.now();
    if let Some(call) = course.call_mut(&callee) {
        call.person_mut(user, now).offered_at = Some(now);
    }
    course.happened(Some(user), Happening::SeenThere { callee: callee.clone(), metres: metres.round() as i64 });
    let speaker = course.responder_speaker(user);
    let html = speaker.alarm_says(&course.alarm, "alarm-seen-there", &[("metres", (metres.round() as i64).into())]);
    let tap = Tap::Answer(course.alarm.id, callee, Answer::OnScene);
    let keyboard = vec![vec![button(label(&speaker, "button-on-scene"), &tap)]];
    course.tell(user, "seen-there", html, keyboard);
}
