//! An alarm raised, answered, escalated, stood down. One point has trouble, many answer (SEED-FACTS R1–R8).
//!
//! [`course`] is one alarm while an event is decided on; [`summon`] says who is called, [`answer`] what they do, [`clock`]
//! what the clock does, [`show`] what people see, [`drill`] how an exercise begins. Here: what the desk does.

pub mod answer;
pub mod clock;
mod course;
pub mod drill;
pub mod reach;
mod show;
mod summon;

pub use answer::{answer, located};
pub use reach::call_failed;

use super::decision::{Decision, Given, press as button};
use super::desk;
use super::tap::{AlarmTap, Tap};
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::{Alarm, Callee, Origin, Outcome, ResponderKind, StandDown, lacking};
use crate::domain::id::{AlarmId, UserId};
use crate::domain::lead::{Lead, LeadState, Scene};
use crate::domain::member::Role;
use crate::port::chat::Press;
use crate::port::store::{AlarmFile, LeadFile, TimerKind};
use course::{Course, Show};

/// A tip raises an alarm by itself within so long after it was written.
const SELF_RAISE_MS: i64 = 600_000;
/// So soon after its last stage, and then ever less often, the desk is told that still nobody is there…
const AGAIN_MS: i64 = 300_000;
/// … and at least so often that an alarm runs.
const REMIND_MS: i64 = 1_800_000;
/// For so long: whoever has not ended it by then does not read reminders.
const REMINDED_MS: i64 = 4 * 3_600_000;

fn refuse(given: &Given<'_>, press: &Press, key: &str) -> Decision {
    Decision::answer(&press.id, given.speaker_in(press.chat, Some(&press.from)).say(key, &[]))
}

/// The alarm of the facts, if it is this one.
fn found(given: &Given<'_>, id: AlarmId) -> Option<AlarmFile> {
    given.facts.alarm.clone().filter(|file| file.alarm.id == id)
}

/// The alarm of the facts, to be gone on with, if it is this one and still runs.
fn running<'a>(given: &'a Given<'a>, id: AlarmId) -> Option<Course<'a>> {
    let file = found(given, id).filter(|file| file.alarm.runs())?;
    Some(Course::resume(given, file, given.facts.file.as_ref().map(|file| file.lead.clone())))
}

fn new_alarm(given: &Given<'_>, lead: &Lead, origin: Origin, by: Option<UserId>) -> Alarm {
    Alarm {
        id: given.fresh.alarm,
        version: 1,
        lead: Some(lead.id),
        drill: false,
        origin,
        chat: Some(lead.chat).filter(|chat| !lead.private && show::is_liaison(given, *chat)),
        category: lead.category.clone(),
        scene: lead.scene.clone(),
        ring: 1,
        raised_by: by,
        raised_at: given.now,
        taken: None,
        controlled: None,
        stood_down: None,
    }
}

/// Calls those whom a new alarm calls at once, and sets its clock; tells how many points have somebody.
fn start(course: &mut Course<'_>) -> usize {
    let rules = &course.given.town.rules.alarm;
    let Some(scene) = course.alarm.scene.clone() else { return 0 };
    let called = course.call_ring(&scene);
    course.call_officers(ResponderKind::Patrol, rules.patrol);
    course.call_officers(ResponderKind::Response, rules.response);
    let (id, now) = (course.alarm.id, course.now());
    for (index, stage) in rules.stage.iter().enumerate() {
        let due = now.plus_ms(stage.within_seconds * 1000);
        course.set_timer(&format!("stage:{index}"), due, TimerKind::Stage { alarm: id, stage: index });
    }
    if !course.alarm.drill {
        let last = rules.stage.iter().map(|stage| stage.within_seconds * 1000).max().unwrap_or(0);
        course.set_timer("again", now.plus_ms(last + AGAIN_MS), TimerKind::Again { alarm: id });
    }
    break_off_drills(course);
    course.tell_of_nobody();
    called
}

/// A real alarm goes before every drill whose people it calls.
fn break_off_drills(course: &mut Course<'_>) {
    if course.alarm.drill {
        return;
    }
    let given = course.given;
    for file in given.facts.running.iter().filter(|file| file.alarm.drill) {
        let mut people = file.calls.iter().flat_map(|call| &call.people);
        let summoned = &course.summoned;
        if people.any(|person| summoned.iter().any(|(_, user)| *user == person.user)) {
            let mut drill = Course::resume(given, file.clone(), None);
            end(&mut drill, None, Outcome::DrillBrokenOff);
            course.decision.absorb(drill.finish());
        }
    }
}

/// An officer raises the alarm for a lead.
pub fn raise(given: &Given<'_>, press: &Press, mut file: LeadFile, officer: UserId) -> Decision {
    if !matches!(file.lead.state, LeadState::New | LeadState::Claimed | LeadState::Verified) {
        return refuse(given, press, "already-decided");
    }
    if file.alarm.as_ref().is_some_and(|file| file.alarm.runs()) {
        return refuse(given, press, "already-done");
    }
    if file.lead.scene.is_none() {
        return refuse(given, press, "alarm-needs-place");
    }
    let alarm = new_alarm(given, &file.lead, Origin::Desk, Some(officer));
    let mut course = Course::begin(given, alarm, Some(file.lead.clone()));
    let called = start(&mut course);
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    course.decision.reply_to_press(&press.id, speaker.say("alarm-raised", &[("count", (called as i64).into())]));
    file.alarm = Some(course.file());
    let mut decision = course.finish();
    desk::refresh(&mut decision, given, &file);
    decision
}

/// Whether a new tip may raise an alarm by itself, as far as the tip tells: then it is decided alone, with all that runs.
pub fn may_raise_itself(rules: &crate::config::Config, category: Option<&str>, accuracy_m: Option<f64>) -> bool {
    let own = rules.alarm.self_raise;
    let critical = |id: &str| rules.category.iter().any(|c| c.id == id && c.critical && !c.sensitive);
    own.enabled && category.is_some_and(critical) && accuracy_m.is_some_and(|metres| metres <= own.accuracy_m)
}

/// A tip of a critical kind raises an alarm by itself: its place is sharp, its writer known, nobody has just done so, and none
/// runs near there. Tells whether it did.
pub fn raise_itself(decision: &mut Decision, given: &Given<'_>, file: &mut LeadFile) -> bool {
    let (rules, lead) = (given.town.rules.alarm.self_raise, &file.lead);
    let accuracy_m = lead.scene.as_ref().map(|scene| scene.accuracy_m);
    if !lead.urgent || !may_raise_itself(&given.town.rules, lead.category.as_deref(), accuracy_m) {
        return false;
    }
    let Some(reporter) = lead.reporter else { return false };
    // Only where it was looked up what runs and what was raised; and not for what waited while the bot was away.
    let Some(raised_by_tips) = &given.facts.raised_by_tips else { return false };
    if given.now.since(lead.written_at) > SELF_RAISE_MS {
        return false;
    }
    let long_enough = |since: crate::domain::id::Millis| given.now.since(since) >= rules.known_hours * 3_600_000;
    let known = given.facts.member.as_ref().is_some_and(|m| !m.roles.is_empty() || long_enough(m.first_seen));
    let young = |at: crate::domain::id::Millis, minutes: i64| given.now.since(at) < minutes * 60_000;
    let cooling = raised_by_tips.iter().any(|it| {
        it.by == Some(reporter) && young(it.at, rules.person_minutes)
            || it.chat == Some(lead.chat) && young(it.at, rules.group_minutes)
    });
    let near = |alarm: &Alarm| {
        let there = alarm.scene.as_ref().zip(lead.scene.as_ref());
        there.is_some_and(|(a, b)| a.at.distance_m(b.at) <= given.town.rules.tip.duplicate_radius_m)
    };
    let runs_there = given.facts.running.iter().any(|file| !file.alarm.drill && near(&file.alarm));
    if !known || cooling || runs_there {
        return false;
    }
    let mut course = Course::begin(given, new_alarm(given, lead, Origin::Tip, Some(reporter)), Some(lead.clone()));
    start(&mut course);
    let html = course.desk_speaker().alarm_says(&course.alarm, "alarm-raised-itself", &[("lead", lead.id.0.into())]);
    course.tell_desk("raised-itself", html, Vec::new());
    file.alarm = Some(course.file());
    decision.absorb(course.finish());
    true
}

/// An officer calls the next ring.
///
/// The button names the ring from which it widens: one press that arrives twice widens once.
pub fn widen(given: &Given<'_>, press: &Press, id: AlarmId, from: i32) -> Decision {
    if !is_police(given, press) {
        return refuse(given, press, "only-police");
    }
    let Some(mut course) = running(given, id) else { return refuse(given, press, "stood-down-already") };
    if course.alarm.ring != from {
        return refuse(given, press, "already-done");
    }
    let called = course.next_ring();
    break_off_drills(&mut course);
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let text = match called {
        Some(count) => speaker.say("alarm-widened", &[("count", (count as i64).into())]),
        None => speaker.say("alarm-widest", &[]),
    };
    course.toast(press, text);
    course.finish()
}

fn is_police(given: &Given<'_>, press: &Press) -> bool {
    press.from.user.is_some_and(|user| given.town.holds(user, Role::Police))
}

/// A tap on an alarm's board at the desk, or under a police responder's card.
pub fn tap(given: &Given<'_>, press: &Press, id: AlarmId, tap: &AlarmTap) -> Decision {
    let Some(user) = press.from.user else { return refuse(given, press, "not-anonymous") };
    let Some(mut course) = running(given, id) else { return refuse(given, press, "stood-down-already") };
    let called_officer = |call: &crate::domain::alarm::Call| {
        call.kind.is_police() && call.person(user).is_some_and(|person| person.on_scene_at.is_some())
    };
    let ends_own_drill =
        course.alarm.drill && course.alarm.raised_by == Some(user) && matches!(tap, AlarmTap::StandDown(_));
    let may = is_police(given, press)
        || ends_own_drill
        || *tap == AlarmTap::Controlled && course.calls.iter().any(called_officer);
    if !may {
        return refuse(given, press, "only-police");
    }
    let key = match tap {
        AlarmTap::Take if course.alarm.taken.is_some() => return refuse(given, press, "already-done"),
        AlarmTap::Take => {
            take(&mut course, user);
            "alarm-taken"
        }
        AlarmTap::Controlled if course.alarm.controlled.is_some() => return refuse(given, press, "already-done"),
        AlarmTap::Controlled => {
            course.alarm.controlled = Some((given.now, user));
            course.happened(Some(user), Happening::UnderControl);
            course.show(Show::All);
            "alarm-controlled"
        }
        AlarmTap::StandDown(outcome) => {
            end(&mut course, Some(user), *outcome);
            "stood-down"
        }
        AlarmTap::Call(code) => {
            let count = course.call_point_anyhow(code, user);
            if count == 0 {
                return refuse(given, press, "already-done");
            }
            break_off_drills(&mut course);
            let speaker = given.speaker_in(press.chat, Some(&press.from));
            let text = speaker.say("alarm-called-too", &[("name", course.name(&Callee::Point(code.clone())).into())]);
            course.toast(press, text);
            return course.finish();
        }
    };
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    course.toast(press, speaker.say(key, &[]));
    let alarm = course.file();
    let mut decision = course.finish();
    if let (AlarmTap::StandDown(_), Some(file)) = (tap, &given.facts.file) {
        // The lead's card may call again.
        let newest = file.alarm.as_ref().is_some_and(|file| file.alarm.id == id);
        let file = LeadFile { alarm: if newest { Some(alarm) } else { file.alarm.clone() }, ..file.clone() };
        desk::refresh(&mut decision, given, &file);
    }
    decision
}

/// The desk acknowledges: the clock summons nobody more, until that runs out.
fn take(course: &mut Course<'_>, user: UserId) {
    let (id, now) = (course.alarm.id, course.now());
    course.alarm.taken = Some((now, user));
    course.happened(Some(user), Happening::Taken);
    course.show(Show::Board);
    let expires = course.given.town.rules.alarm.answer_expires_seconds;
    if expires > 0 {
        let kind = TimerKind::Lapse { alarm: id, callee: None, user };
        course.set_timer("taken", now.plus_ms(expires * 1000), kind);
    }
}

/// Ends an alarm: no call starts any more, and all who were called hear it, with the outcome.
fn end(course: &mut Course<'_>, by: Option<UserId>, outcome: Outcome) {
    course.alarm.stood_down = Some(StandDown { at: course.now(), by, outcome });
    course.happened(by, Happening::StoodDown { outcome });
    let prefix = course.subject("");
    course.decision.changes.cancel_timers.push(prefix);
    course.put_stand_down();
    if course.alarm.drill && outcome == Outcome::DrillOver {
        drill::put_report(course);
    }
}

/// Stands a lead's alarm down, if it runs: the lead was closed, or is gone.
pub fn stand_down_with(decision: &mut Decision, given: &Given<'_>, file: &mut LeadFile, officer: Option<UserId>) {
    let Some(alarm) = file.alarm.clone().filter(|file| file.alarm.runs()) else { return };
    let mut course = Course::resume(given, alarm, Some(file.lead.clone()));
    let outcome = if file.lead.state == LeadState::Resolved { Outcome::Handled } else { Outcome::LeadClosed };
    end(&mut course, officer, outcome);
    file.alarm = Some(course.file());
    decision.absorb(course.finish());
}

/// The lead of an alarm that runs was mended: its cards follow, and a new place is told aloud.
pub fn follow_lead(decision: &mut Decision, given: &Given<'_>, file: &LeadFile) {
    let Some(alarm) = file.alarm.clone().filter(|file| file.alarm.runs()) else { return };
    let place = |scene: &Option<Scene>| scene.as_ref().map(|scene| scene.at);
    let same_place = place(&alarm.alarm.scene) == place(&file.lead.scene) || file.lead.scene.is_none();
    let same_kind = alarm.alarm.category == file.lead.category;
    let mut course = Course::resume(given, alarm, Some(file.lead.clone()));
    if !same_place {
        course.alarm.scene = file.lead.scene.clone();
        course.measure_anew();
        course.put_moved();
        course.call_anew();
    }
    course.alarm.category = file.lead.category.clone();
    if !(same_place && same_kind) {
        course.happened(None, Happening::Mended);
    }
    if file.lead.state == LeadState::Withdrawn {
        let html =
            course.desk_speaker().alarm_says(&course.alarm, "alarm-withdrawn", &[("lead", file.lead.id.0.into())]);
        course.tell_desk("withdrawn", html, Vec::new());
    }
    // The words may have changed as well; what stands as it should is not put again.
    course.show(Show::All);
    decision.absorb(course.finish());
}

impl Course<'_> {
    /// How far everybody is from a scene that has moved.
    fn measure_anew(&mut self) {
        let Some(scene) = self.alarm.scene.as_ref().map(|scene| scene.at) else { return };
        let callees: Vec<Callee> = self.calls.iter().map(|call| call.callee.clone()).collect();
        for callee in callees {
            let at = match &callee {
                Callee::Point(code) => self.given.town.point(code).map(|point| point.at),
                Callee::Person(user) => self.place_of(*user),
            };
            if let Some(call) = self.call_mut(&callee) {
                call.distance_m = at.map(|at| scene.distance_m(at));
            }
        }
    }

    /// Calls who is near a scene that has moved, as far out as the alarm has come.
    fn call_anew(&mut self) {
        let Some(scene) = self.alarm.scene.clone() else { return };
        let widest = self.alarm.ring;
        for ring in 1..=widest {
            self.alarm.ring = ring;
            self.call_ring(&scene);
        }
        break_off_drills(self);
    }

    /// When nobody at all can be summoned the desk hears it, and may call people who are off duty (R8).
    fn tell_of_nobody(&mut self) {
        if self.calls.iter().any(|call| !call.people.is_empty()) {
            return;
        }
        let speaker = self.desk_speaker();
        let html = speaker.alarm_says(&self.alarm, "alarm-nobody", &[]);
        let off_duty = self.calls.iter().filter(|call| call.failure.as_deref() == Some(lacking::DUTY)).take(6);
        let codes: Vec<String> = off_duty.map(|call| call.callee.to_string()).collect();
        let keyboard = codes.into_iter().map(|code| vec![self.call_button(&code)]).collect();
        self.tell_desk("nobody", html, keyboard);
    }

    /// The desk's button that calls a point whoever is on duty.
    fn call_button(&self, code: &str) -> crate::port::chat::Button {
        let speaker = self.desk_speaker();
        let name = self.name(&Callee::Point(code.to_owned()));
        let text = speaker.say("button-call-too", &[("name", name.into())]);
        button(text, &Tap::Alarm(self.alarm.id, AlarmTap::Call(code.to_owned())))
    }
}
