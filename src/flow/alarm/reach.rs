//! A call that could not be delivered: the desk is told whom it did not reach, and how else to reach somebody.

use super::super::decision::{Decision, Given};
use super::course::{Course, Show};
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::{CallState, Callee};
use crate::domain::id::{AlarmId, ChatId, UserId};

/// How many points nearby are offered in the place of those that were not reached.
const OFFERED: usize = 3;

/// One of a call's messages could not be delivered.
pub fn call_failed(given: &Given<'_>, id: AlarmId, callee: &Callee, chat: ChatId, why: &str) -> Decision {
    let file = given.facts.alarm.clone().filter(|file| file.alarm.id == id);
    let Some(file) = file else { return Decision::nothing() };
    let runs = file.alarm.runs();
    let mut course = Course::resume(given, file, given.facts.file.as_ref().map(|file| file.lead.clone()));
    let user = UserId(chat.0);
    let known = course.calls.iter().find(|call| call.callee == *callee).and_then(|call| call.person(user));
    if known.is_none_or(|person| person.delivered_at.is_some() || person.failure.is_some()) {
        return Decision::nothing();
    }
    let now = course.now();
    if let Some(call) = course.call_mut(callee) {
        call.person_mut(user, now).failure = Some(why.to_owned());
    }
    course.happened(None, Happening::NotReached { callee: callee.clone(), why: why.to_owned() });
    course.show(Show::Board);
    if runs {
        tell_unreached(&mut course);
    } else {
        // The board of what is over tells it as well.
        course.put_board();
    }
    course.finish()
}

/// One message for all that was not reached so far, edited as it grows: names, telephones, and points to call instead.
fn tell_unreached(course: &mut Course<'_>) {
    let speaker = course.desk_speaker();
    let town = course.given.town;
    let unreached: Vec<&Callee> = course
        .calls
        .iter()
        .filter(|call| call.state() == CallState::Unreached && !call.people.is_empty())
        .map(|c| &c.callee)
        .collect();
    if unreached.is_empty() {
        return;
    }
    let mut html = speaker.alarm_says(&course.alarm, "alarm-unreached", &[("count", (unreached.len() as i64).into())]);
    let mut codes: Vec<String> = Vec::new();
    for callee in unreached.iter().take(20) {
        let phone = match callee {
            Callee::Point(code) => town.point(code).map_or("", |point| point.phone.as_str()),
            Callee::Person(_) => "",
        };
        html.push('\n');
        let name = course.name(callee);
        html.push_str(&match phone {
            "" => speaker.say("alarm-unreached-line", &[("name", name.into())]),
            phone => speaker.say("alarm-unreached-phone", &[("name", name.into()), ("phone", phone.into())]),
        });
        // Others who answer for the same point, and were not summoned: they are off duty.
        if let Callee::Point(code) = callee
            && town.point(code).is_some_and(|point| point.contacts.iter().any(|user| !course.has(*user)))
        {
            codes.push(code.clone());
        }
    }
    if let Some(scene) = &course.alarm.scene {
        let called = |code: &str| course.calls.iter().any(|call| call.callee == Callee::Point(code.to_owned()));
        let near = town.nearest_points(scene.at, course.calls.len() + OFFERED);
        let fresh = near.into_iter().filter(|(point, _)| !called(&point.code) && !point.contacts.is_empty());
        codes.extend(fresh.take(OFFERED).map(|(point, _)| point.code.clone()));
    }
    let keyboard = codes.iter().map(|code| vec![course.call_button(code)]).collect();
    course.tell_desk("unreached", html, keyboard);
}
