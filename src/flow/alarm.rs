//! An alarm raised, answered, escalated, stood down. One point has trouble, many answer (SEED-FACTS R2–R5).

use super::decision::{Decision, Given, label, press, rows};
use super::desk;
use super::tap::Tap;
use crate::config::{StageStep, StageWant};
use crate::domain::alarm::{Alarm, Answer, Call, CallState, Point};
use crate::domain::id::{AlarmId, ChatId, UserId};
use crate::domain::lead::{Lead, LeadState, Scene};
use crate::domain::member::Role;
use crate::domain::points::{Account, Transfer, TransferKind};
use crate::domain::text::card::Speaker;
use crate::domain::tip::redact::{Relayed, redact_text};
use crate::port::chat::{Keyboard, Press};
use crate::port::store::{AlarmFile, Content, Lane, LeadFile, Post, Timer, TimerKind};

/// Raises the alarm for a lead.
pub fn raise(given: &Given<'_>, press: &Press, mut file: LeadFile, officer: UserId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    if !matches!(file.lead.state, LeadState::New | LeadState::Claimed | LeadState::Verified) {
        return Decision::answer(&press.id, speaker.say("already-decided", &[]));
    }
    if file.alarm.as_ref().is_some_and(|a| a.alarm.stood_down_at.is_none()) {
        return Decision::answer(&press.id, speaker.say("already-done", &[]));
    }
    let Some(scene) = file.lead.scene.clone() else {
        return Decision::answer(&press.id, speaker.say("alarm-needs-place", &[]));
    };
    let alarm = Alarm {
        id: given.fresh.alarm,
        version: 1,
        lead: file.lead.id,
        drill: false,
        ring: 1,
        raised_by: Some(officer),
        raised_at: given.now,
        stood_down_at: None,
        stood_down_by: None,
    };
    let mut decision = Decision::nothing();
    let mut alarm_file = AlarmFile { alarm, calls: Vec::new() };
    let called = call_ring(&mut decision, given, &file.lead, &scene, &mut alarm_file);
    decision.reply_to_press(&press.id, speaker.say("alarm-raised", &[("count", (called as i64).into())]));
    for (index, stage) in given.town.rules.alarm.stage.iter().enumerate() {
        decision.changes.timers.push(Timer {
            key: format!("{}{index}", stage_prefix(alarm_file.alarm.id)),
            due: given.now.plus_ms(stage.within_seconds * 1000),
            chat: press.chat,
            kind: TimerKind::Stage { alarm: alarm_file.alarm.id, stage: index },
        });
    }
    put_board(&mut decision, given, &file.lead, &alarm_file);
    decision.changes.new_alarms.push(alarm_file.alarm.clone());
    file.alarm = Some(alarm_file);
    desk::refresh(&mut decision, given, &file);
    decision
}

fn stage_prefix(alarm: AlarmId) -> String {
    format!("alarm:{alarm}:stage:")
}

/// Calls the points of the alarm's ring that were not called yet; tells how many.
fn call_ring(decision: &mut Decision, given: &Given<'_>, lead: &Lead, scene: &Scene, file: &mut AlarmFile) -> usize {
    let rings = &given.town.rules.alarm.ring;
    let Some(ring) = usize::try_from(file.alarm.ring - 1).ok().and_then(|n| rings.get(n)) else { return 0 };
    let chosen = choose(given, scene, ring.radius_m, ring.min_points);
    let mut fresh: Vec<(Point, f64)> = Vec::new();
    for (point, metres) in chosen {
        if file.calls.iter().all(|c| c.point != point.code) {
            fresh.push((point.clone(), metres));
        }
    }
    let count = fresh.len();
    for (point, distance_m) in fresh {
        let call = Call {
            alarm: file.alarm.id,
            point: point.code.clone(),
            ring: file.alarm.ring,
            distance_m,
            called_at: given.now,
            delivered_at: None,
            failure: point.contacts.is_empty().then(|| "no contact".to_owned()),
            acknowledged_at: None,
            under_way_at: None,
            on_scene_at: None,
            declined_at: None,
            answered_by: None,
        };
        file.calls.push(call.clone());
        decision.changes.calls.push(call);
    }
    let calls = file.calls.clone();
    for call in calls.iter().rev().take(count).rev() {
        put_call(decision, given, lead, file, call, Lane::Alarm);
        put_pins(decision, given, lead, scene, call);
    }
    count
}

/// Every point within the ring and any whose own radius covers the scene; if they are fewer than the ring asks
/// for, the nearest others. Where the scene is known less sharply than the ring is wide, the ring is as wide as that.
fn choose<'a>(given: &Given<'a>, scene: &Scene, radius_m: f64, min_points: usize) -> Vec<(&'a Point, f64)> {
    let town = given.town;
    let radius_m = radius_m.max(scene.accuracy_m);
    let mut chosen: Vec<(&Point, f64)> = town
        .points_within(scene.at, radius_m.max(town.widest_radius_m()))
        .into_iter()
        .filter(|(point, metres)| *metres <= radius_m || *metres <= point.radius_m)
        .collect();
    if chosen.len() < min_points {
        for (point, metres) in town.nearest_points(scene.at, min_points) {
            if chosen.iter().all(|(p, _)| p.code != point.code) {
                chosen.push((point, metres));
            }
        }
        chosen.sort_by(|a, b| a.1.total_cmp(&b.1));
    }
    chosen
}

fn call_subject(alarm: AlarmId, point: &str) -> String {
    format!("alarm:{alarm}:call:{point}")
}

/// Puts a call's card in the private chat of each of the point's contacts.
fn put_call(decision: &mut Decision, given: &Given<'_>, lead: &Lead, file: &AlarmFile, call: &Call, lane: Lane) {
    let Some(point) = given.town.point(&call.point) else { return };
    for user in &point.contacts {
        put_call_to(decision, given, lead, file, call, *user, lane);
    }
}

/// The lead as a liaison point may read it: its place's words come from the tip as well.
fn relayed(given: &Given<'_>, lead: &Lead) -> Lead {
    let mut lead = lead.clone();
    if let Some(scene) = &mut lead.scene {
        scene.text = redact_text(&scene.text, Relayed { plates: given.town.rules.tip.relay_plates });
    }
    lead
}

fn put_call_to(
    decision: &mut Decision,
    given: &Given<'_>,
    lead: &Lead,
    file: &AlarmFile,
    call: &Call,
    user: UserId,
    lane: Lane,
) {
    let others: Vec<&Call> = file.calls.iter().filter(|c| c.point != call.point).collect();
    let speaker = responder_speaker(given, user);
    let html = speaker.alarm_card(&file.alarm, &relayed(given, lead), call, &others);
    let over = file.alarm.stood_down_at.is_some();
    let keyboard = if over { Vec::new() } else { answer_buttons(&speaker, call) };
    decision.changes.posts.push(Post {
        chat: ChatId(user.0),
        thread: None,
        subject: call_subject(file.alarm.id, &call.point),
        lane,
        content: Content::Text { html, keyboard, reply_to: None, silent: false },
        lead: Some(lead.id),
        call: Some((file.alarm.id, call.point.clone())),
    });
}

fn put_pins(decision: &mut Decision, given: &Given<'_>, lead: &Lead, scene: &Scene, call: &Call) {
    let Some(point) = given.town.point(&call.point) else { return };
    for user in &point.contacts {
        let speaker = responder_speaker(given, *user);
        decision.changes.posts.push(Post {
            chat: ChatId(user.0),
            thread: None,
            subject: format!("{}:pin", call_subject(call.alarm, &call.point)),
            lane: Lane::Alarm,
            content: Content::Pin {
                at: scene.at,
                title: Some(speaker.say("alarm-pin-title", &[("number", call.alarm.0.into())])),
            },
            lead: Some(lead.id),
            call: None,
        });
    }
}

fn responder_speaker<'a>(given: &Given<'a>, user: UserId) -> Speaker<'a> {
    given.town.speaker(given.town.person_language(given.town.staff(user), None), given.now)
}

fn answer_buttons(speaker: &Speaker<'_>, call: &Call) -> Keyboard {
    let tap = |key, answer| press(label(speaker, key), &Tap::Answer(call.alarm, call.point.clone(), answer));
    let all = [
        ("button-acknowledge", Answer::Acknowledge),
        ("button-under-way", Answer::UnderWay),
        ("button-on-scene", Answer::OnScene),
        ("button-decline", Answer::Decline),
    ];
    let from = match call.state() {
        CallState::Called => &all[..],
        CallState::Acknowledged => &all[1..],
        CallState::UnderWay => &all[2..],
        CallState::Declined => &all[1..3],
        CallState::OnScene => &[],
    };
    rows(from.iter().map(|(key, answer)| tap(key, *answer)).collect(), 2)
}

/// Puts the live board at the desk.
fn put_board(decision: &mut Decision, given: &Given<'_>, lead: &Lead, file: &AlarmFile) {
    let Some(desk) = given.town.desk() else { return };
    let speaker = given.town.speaker(given.town.group_language(desk), given.now);
    let names = |code: &str| given.town.point(code).map_or(String::new(), |p| p.name.clone());
    let html = speaker.board(&file.alarm, lead, &file.calls, &names);
    let keyboard = if file.alarm.stood_down_at.is_some() {
        Vec::new()
    } else {
        let mut row = Vec::new();
        if usize::try_from(file.alarm.ring).is_ok_and(|r| r < given.town.rules.alarm.ring.len()) {
            row.push(press(label(&speaker, "button-widen"), &Tap::Widen(file.alarm.id, file.alarm.ring)));
        }
        row.push(press(label(&speaker, "button-stand-down"), &Tap::StandDown(file.alarm.id)));
        vec![row]
    };
    decision.changes.posts.push(Post {
        chat: desk,
        thread: None,
        subject: format!("alarm:{}:board", file.alarm.id),
        lane: Lane::AlarmFollow,
        content: Content::Text { html, keyboard, reply_to: None, silent: false },
        lead: Some(lead.id),
        call: None,
    });
}

/// A guard answers. Only the point's own people can answer for it.
pub fn answer(given: &Given<'_>, press: &Press, id: AlarmId, code: &str, answer: Answer) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let (Some(file), Some(user)) = (&given.facts.file, press.from.user) else {
        return Decision::answer(&press.id, speaker.say("no-such-alarm", &[]));
    };
    let Some(mut alarm) = file.alarm.clone() else {
        return Decision::answer(&press.id, speaker.say("no-such-alarm", &[]));
    };
    if !given.town.point(code).is_some_and(|p| p.contacts.contains(&user)) {
        return Decision::answer(&press.id, speaker.say("only-contact", &[]));
    }
    // The lead may have been alarmed again since: a card of the earlier alarm answers for nothing.
    if alarm.alarm.stood_down_at.is_some() || alarm.alarm.id != id {
        return Decision::answer(&press.id, speaker.say("stood-down-already", &[]));
    }
    let Some(call) = alarm.calls.iter_mut().find(|c| c.point == code) else {
        return Decision::answer(&press.id, speaker.say("no-such-alarm", &[]));
    };
    if call.answer(answer, user, given.now).is_err() {
        return Decision::answer(&press.id, speaker.say("already-done", &[]));
    }
    let call = call.clone();
    let mut decision = Decision::answer(&press.id, speaker.say("answer-noted", &[]));
    if answer == Answer::OnScene && !alarm.alarm.drill && given.town.rules.points.on_scene > 0 {
        decision.changes.transfers.push(Transfer {
            // Once for a person and an alarm, whichever of their points they answer for.
            key: format!("alarm:{}:on_scene:{user}", alarm.alarm.id),
            kind: TransferKind::Award,
            debit: Account::Budget,
            credit: Account::Person(user),
            amount: given.town.rules.points.on_scene,
            at: given.now,
            rule: "on_scene".into(),
            lead: Some(file.lead.id),
            alarm: Some(alarm.alarm.id),
            reverses: None,
            by: Some(user),
        });
    }
    decision.changes.calls.push(call);
    put_board(&mut decision, given, &file.lead, &alarm);
    for call in &alarm.calls {
        put_call(&mut decision, given, &file.lead, &alarm, call, Lane::AlarmFollow);
    }
    decision
}

/// An officer calls the next ring.
///
/// The button names the ring from which it widens: one press that arrives twice widens once.
pub fn widen(given: &Given<'_>, press: &Press, id: AlarmId, from: i32) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    if !press.from.user.is_some_and(|u| given.town.holds(u, Role::Police)) {
        return Decision::answer(&press.id, speaker.say("only-police", &[]));
    }
    let Some((lead, mut alarm)) = running(given, id) else {
        return Decision::answer(&press.id, speaker.say("stood-down-already", &[]));
    };
    if alarm.alarm.ring != from {
        return Decision::answer(&press.id, speaker.say("already-done", &[]));
    }
    let mut decision = Decision::nothing();
    let called = next_ring(&mut decision, given, &lead, &mut alarm);
    let text = match called {
        Some(count) => speaker.say("alarm-widened", &[("count", (count as i64).into())]),
        None => speaker.say("alarm-widest", &[]),
    };
    decision.reply_to_press(&press.id, text);
    decision
}

/// The lead and alarm of the facts, if it is this alarm and it still runs.
fn running(given: &Given<'_>, id: AlarmId) -> Option<(Lead, AlarmFile)> {
    let file = given.facts.file.as_ref()?;
    let alarm = file.alarm.as_ref().filter(|a| a.alarm.id == id && a.alarm.stood_down_at.is_none())?;
    Some((file.lead.clone(), alarm.clone()))
}

/// Calls the next ring that has somebody new in it; `None` when the widest was called.
fn next_ring(decision: &mut Decision, given: &Given<'_>, lead: &Lead, alarm: &mut AlarmFile) -> Option<usize> {
    let scene = lead.scene.clone()?;
    let before = alarm.alarm.ring;
    let mut called = 0;
    while called == 0 && usize::try_from(alarm.alarm.ring).is_ok_and(|r| r < given.town.rules.alarm.ring.len()) {
        alarm.alarm.ring += 1;
        called = call_ring(decision, given, lead, &scene, alarm);
    }
    if alarm.alarm.ring == before {
        return None;
    }
    alarm.alarm.version += 1;
    decision.changes.alarms.push(alarm.alarm.clone());
    put_board(decision, given, lead, alarm);
    Some(called)
}

/// A stage of the 1-3-5 clock came due (R3).
pub fn stage(given: &Given<'_>, id: AlarmId, index: usize) -> Decision {
    let mut decision = Decision::nothing();
    let Some((lead, mut alarm)) = running(given, id) else { return decision };
    let Some(stage) = given.town.rules.alarm.stage.get(index) else { return decision };
    let met = alarm.calls.iter().any(|c| match stage.want {
        StageWant::Acknowledged => c.acknowledged_at.is_some() || c.under_way_at.is_some() || c.on_scene_at.is_some(),
        StageWant::OnScene => c.on_scene_at.is_some(),
    });
    if met {
        return decision;
    }
    if stage.missed == StageStep::NextRing {
        next_ring(&mut decision, given, &lead, &mut alarm);
    }
    if let Some(desk) = given.town.desk() {
        let speaker = given.town.speaker(given.town.group_language(desk), given.now);
        let key = match stage.want {
            StageWant::Acknowledged => "stage-not-acknowledged",
            StageWant::OnScene => "stage-not-on-scene",
        };
        let html = speaker.say(key, &[("number", alarm.alarm.id.0.into()), ("seconds", stage.within_seconds.into())]);
        let post = decision.post(desk, format!("alarm:{}:late:{index}", alarm.alarm.id), Lane::AlarmFollow, html);
        post.lead = Some(lead.id);
    }
    decision
}

/// An officer stands the alarm down.
pub fn stand_down(given: &Given<'_>, press: &Press, id: AlarmId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(officer) = press.from.user.filter(|u| given.town.holds(*u, Role::Police)) else {
        return Decision::answer(&press.id, speaker.say("only-police", &[]));
    };
    if running(given, id).is_none() {
        return Decision::answer(&press.id, speaker.say("stood-down-already", &[]));
    }
    let mut decision = Decision::answer(&press.id, speaker.say("stood-down", &[]));
    if let Some(file) = &given.facts.file {
        let mut file = file.clone();
        stand_down_with(&mut decision, given, &mut file, Some(officer));
        desk::refresh(&mut decision, given, &file);
    }
    decision
}

/// Stands a lead's alarm down, if it runs: no call starts any more, and all who were called hear it.
pub fn stand_down_with(decision: &mut Decision, given: &Given<'_>, file: &mut LeadFile, officer: Option<UserId>) {
    let Some(alarm) = file.alarm.as_mut().filter(|a| a.alarm.stood_down_at.is_none()) else { return };
    alarm.alarm.stood_down_at = Some(given.now);
    alarm.alarm.stood_down_by = officer;
    alarm.alarm.version += 1;
    decision.changes.alarms.push(alarm.alarm.clone());
    decision.changes.cancel_timers.push(stage_prefix(alarm.alarm.id));
    let alarm = alarm.clone();
    for call in &alarm.calls {
        let Some(point) = given.town.point(&call.point) else { continue };
        for user in &point.contacts {
            let chat = ChatId(user.0);
            let subject = call_subject(alarm.alarm.id, &call.point);
            let sent = |subject: &str| {
                file.posts.iter().any(|p| p.chat == chat && p.subject == subject && p.message.is_some())
            };
            if sent(&subject) {
                put_call_to(decision, given, &file.lead, &alarm, call, *user, Lane::AlarmFollow);
            }
            // Not sent yet, or on its way: it is not sent, or taken away as soon as it has arrived.
            for subject in [format!("{subject}:pin"), subject].into_iter().filter(|subject| !sent(subject)) {
                decision.changes.posts.push(Post {
                    chat,
                    thread: None,
                    subject,
                    lane: Lane::AlarmFollow,
                    content: Content::Gone,
                    lead: Some(file.lead.id),
                    call: None,
                });
            }
            let speaker = responder_speaker(given, *user);
            let html = speaker.say("stand-down", &[("number", alarm.alarm.id.0.into())]);
            decision.post(chat, format!("alarm:{}:stand-down", alarm.alarm.id), Lane::AlarmFollow, html);
        }
    }
    put_board(decision, given, &file.lead, &alarm);
}

/// One of a call's messages could not be delivered: the desk is told.
pub fn call_failed(given: &Given<'_>, id: AlarmId, point: &str, why: &str) -> Decision {
    let mut decision = Decision::nothing();
    let Some(file) = &given.facts.file else { return decision };
    let Some(mut alarm) = file.alarm.clone().filter(|a| a.alarm.id == id) else { return decision };
    let Some(call) = alarm.calls.iter_mut().find(|c| c.point == point) else { return decision };
    if call.delivered_at.is_some() || call.failure.is_some() {
        return decision;
    }
    call.failure = Some(why.to_owned());
    decision.changes.calls.push(call.clone());
    put_board(&mut decision, given, &file.lead, &alarm);
    decision
}
