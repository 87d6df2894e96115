//! What the clock does: stages that are missed, answers that run out, cards brought up to date, drills that end.

use super::super::decision::{Decision, Given};
use super::answer::lapse_name;
use super::course::{Course, Show};
use super::running;
use crate::config::{StageStep, StageWant, StageWho};
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::{Callee, Outcome, ResponderKind};
use crate::domain::id::{AlarmId, UserId};
use crate::port::store::TimerKind;

/// A stage of the clock came due (R3).
pub fn stage(given: &Given<'_>, id: AlarmId, index: usize) -> Decision {
    let Some(mut course) = running(given, id) else { return Decision::nothing() };
    let Some(stage) = given.town.rules.alarm.stage.get(index).cloned() else { return Decision::nothing() };
    if stage.met_at(&course.alarm, &course.calls).is_some() {
        course.show(Show::Board);
        return course.finish();
    }
    // The desk has it: nobody more is summoned, and it is told that the clock goes on.
    let step = course.alarm.taken.is_none().then_some(stage.missed);
    let called = step.map_or(0, |step| take_step(&mut course, step, stage.who));
    course.happened(
        None,
        Happening::Missed { who: stage.who, want: stage.want, within_seconds: stage.within_seconds, step },
    );
    course.show(Show::Board);
    let speaker = course.desk_speaker();
    let who = speaker.say(nobody_key(stage.counts(&course.calls)), &[]);
    let key = match stage.want {
        StageWant::Acknowledged => "stage-not-acknowledged",
        StageWant::OnScene => "stage-not-on-scene",
        StageWant::UnderControl => "stage-not-controlled",
    };
    let mut html =
        speaker.alarm_says(&course.alarm, key, &[("who", who.into()), ("seconds", stage.within_seconds.into())]);
    html.push('\n');
    let done = match step {
        None => "step-taken",
        Some(StageStep::TellDesk) => "step-tell-desk",
        Some(_) if called == 0 => "step-nobody",
        Some(StageStep::NextRing) => "step-next-ring",
        Some(StageStep::DutyOfficer) => "step-duty-officer",
        Some(StageStep::CallList) => "step-call-list",
    };
    html.push_str(&speaker.say(done, &[("count", (called as i64).into())]));
    course.tell_desk(&format!("late:{index}"), html, Vec::new());
    course.finish()
}

fn nobody_key(who: StageWho) -> &'static str {
    match who {
        StageWho::Anyone => "nobody-anyone",
        StageWho::Ring => "nobody-ring",
        StageWho::Patrol => "nobody-patrol",
        StageWho::Response => "nobody-response",
    }
}

/// Takes the step of a missed stage; tells how many were called by it.
fn take_step(course: &mut Course<'_>, step: StageStep, who: StageWho) -> usize {
    let rules = &course.given.town.rules.alarm;
    let called = match (step, who) {
        (StageStep::TellDesk, _) => 0,
        (StageStep::NextRing, StageWho::Patrol) => course.call_officers(ResponderKind::Patrol, rules.patrol.max(1)),
        (StageStep::NextRing, StageWho::Response) => {
            course.call_officers(ResponderKind::Response, rules.response.max(1))
        }
        (StageStep::NextRing, _) => course.next_ring().unwrap_or(0),
        (StageStep::DutyOfficer, _) => course.call_officers(ResponderKind::DutyOfficer, usize::MAX),
        (StageStep::CallList, _) => course.call_list(),
    };
    super::break_off_drills(course);
    called
}

/// Somebody said that they come, or the desk that it has it, and nobody has arrived.
pub fn lapse(given: &Given<'_>, id: AlarmId, callee: Option<&Callee>, user: UserId) -> Decision {
    let Some(mut course) = running(given, id) else { return Decision::nothing() };
    match callee {
        Some(callee) => lapse_of(&mut course, callee, user),
        None => lapse_of_desk(&mut course, user),
    }
    course.finish()
}

fn lapse_of(course: &mut Course<'_>, callee: &Callee, user: UserId) {
    let (now, expires) = (course.now(), course.given.town.rules.alarm.answer_expires_seconds);
    let Some(call) = course.call_mut(callee) else { return };
    let person = call.person_mut(user, now);
    if person.runs_out_at(expires).is_none_or(|at| at > now) || course.alarm.controlled.is_some() {
        return;
    }
    let call = course.call_mut(callee).expect("found a moment ago");
    call.person_mut(user, now).lapsed_at = Some(now);
    course.happened(None, Happening::Lapsed { callee: callee.clone() });
    course.show(Show::All);
    course.answered = Some((callee.clone(), user));
    // A message of its own each time: it must ring.
    let subject = format!("{}{}", lapse_name(callee, user), now.0);
    let speaker = course.responder_speaker(user);
    let html = speaker.alarm_says(&course.alarm, "alarm-still-coming", &[]);
    course.tell(user, &subject, html, Vec::new());
    let speaker = course.desk_speaker();
    let name = course.name(callee);
    let html = speaker.alarm_says(&course.alarm, "alarm-lapsed", &[("name", name.into())]);
    course.tell_desk(&subject, html, Vec::new());
    summon_on(course);
}

fn lapse_of_desk(course: &mut Course<'_>, user: UserId) {
    let expires = course.given.town.rules.alarm.answer_expires_seconds;
    let due = |(at, by): &(_, UserId)| *by == user && course.now().since(*at) >= expires * 1000;
    let anybody_there = course.calls.iter().any(|call| call.on_scene_at().is_some());
    if !course.alarm.taken.as_ref().is_some_and(due) || anybody_there || course.alarm.controlled.is_some() {
        return;
    }
    course.alarm.taken = None;
    course.happened(None, Happening::TakenLapsed);
    let html = course.desk_speaker().alarm_says(&course.alarm, "alarm-taken-lapsed", &[]);
    course.tell_desk(&format!("taken-lapsed:{}", course.now().0), html, Vec::new());
    course.show(Show::Board);
    summon_on(course);
}

fn anybody_comes(course: &Course<'_>) -> bool {
    course.calls.iter().flat_map(|call| &call.people).any(|p| p.is_expected() || p.on_scene_at.is_some())
}

/// When nobody is there and nobody comes any more, the steps of the stages that are missed are taken anew, unless the desk
/// has it; tells how many were called.
fn summon_on(course: &mut Course<'_>) -> usize {
    if anybody_comes(course) || course.alarm.taken.is_some() || course.alarm.controlled.is_some() {
        return 0;
    }
    let stages = &course.given.town.rules.alarm.stage;
    let (raised_at, now) = (course.alarm.raised_at, course.now());
    let mut called = course.next_ring().unwrap_or(0);
    for stage in stages.iter().filter(|stage| raised_at.plus_ms(stage.within_seconds * 1000) <= now) {
        if stage.met_at(&course.alarm, &course.calls).is_none() && stage.missed != StageStep::NextRing {
            called += take_step(course, stage.missed, stage.who);
        }
    }
    super::break_off_drills(course);
    called
}

/// Somebody cannot come: when all who were called have said so, or were not reached, others are called at once.
pub(super) fn nobody_left(course: &mut Course<'_>) {
    if course.calls.iter().flat_map(|call| &call.people).any(|p| p.may_come()) {
        return;
    }
    let called = summon_on(course);
    let speaker = course.desk_speaker();
    let html = speaker.alarm_says(&course.alarm, "alarm-nobody-left", &[("count", (called as i64).into())]);
    course.tell_desk(&format!("nobody-left:{}", course.now().0), html, Vec::new());
}

/// An alarm that runs is not forgotten: while nobody is there the desk is told again, and what there is to call is called; when
/// somebody is, it is reminded now and then that it has not been stood down.
pub fn again(given: &Given<'_>, id: AlarmId) -> Decision {
    let Some(mut course) = running(given, id) else { return Decision::nothing() };
    let minutes = course.now().since(course.alarm.raised_at) / 60_000;
    let there = course.alarm.controlled.is_some() || course.calls.iter().any(|call| call.on_scene_at().is_some());
    let called = if there { 0 } else { summon_on(&mut course) };
    let key = if there { "alarm-still-runs" } else { "alarm-nobody-there" };
    let args = [("minutes", minutes.into()), ("count", (called as i64).into())];
    let html = course.desk_speaker().alarm_says(&course.alarm, key, &args);
    course.tell_desk(&format!("again:{minutes}"), html, Vec::new());
    course.show(Show::Board);
    // The longer it runs, the less news it is.
    let wait_ms = (course.now().since(course.alarm.raised_at) / 2).clamp(super::AGAIN_MS, super::REMIND_MS);
    let wait_ms = if there { super::REMIND_MS } else { wait_ms };
    let due = course.now().plus_ms(wait_ms);
    if due.since(course.alarm.raised_at) < super::REMINDED_MS {
        course.set_timer("again", due, TimerKind::Again { alarm: id });
    }
    course.finish()
}

/// The cards of a large alarm are brought up to date.
pub fn show(given: &Given<'_>, id: AlarmId) -> Decision {
    let Some(mut course) = running(given, id) else { return Decision::nothing() };
    course.put_cards();
    course.finish()
}

/// A drill's time is up.
pub fn drill_over(given: &Given<'_>, id: AlarmId) -> Decision {
    let Some(mut course) = running(given, id) else { return Decision::nothing() };
    super::end(&mut course, None, Outcome::DrillOver);
    course.finish()
}
