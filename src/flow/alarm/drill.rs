//! A drill (拉动演练, R7): the same code as a real alarm, the word DRILL in every message, and a report at its end.

use super::super::decision::{Decision, Given};
use super::course::Course;
use super::{show, start};
use crate::domain::alarm::{Alarm, Origin, Point};
use crate::domain::lead::Scene;
use crate::domain::member::Role;
use crate::domain::place::{Datum, PlaceSource};
use crate::domain::tip::ChatKind;
use crate::port::chat::Message;
use crate::port::store::{Content, Lane, Post, TimerKind};

/// `/drill [place]`: at a point by its code, at a place, or at a point drawn by lot.
pub fn order(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let police =
        message.from.user.filter(|user| given.town.holds(*user, Role::Police) || given.town.holds(*user, Role::Admin));
    let Some(officer) = police else { return answer(given, message, "only-police") };
    if given.town.desk().is_none() {
        return answer(given, message, "drill-needs-desk");
    }
    if given.facts.running.iter().any(|file| file.alarm.drill) {
        return answer(given, message, "drill-runs-already");
    }
    let scene = match words.trim() {
        "" | "random" | "随机" => by_lot(given).map(at_point),
        words => at(given, message, words),
    };
    let Some(scene) = scene else { return answer(given, message, "drill-where") };
    let alarm = Alarm {
        id: given.fresh.alarm,
        version: 1,
        lead: None,
        drill: true,
        origin: Origin::Drill,
        chat: Some(message.chat).filter(|chat| show::is_liaison(given, *chat)),
        category: None,
        scene: Some(scene),
        ring: 1,
        raised_by: Some(officer),
        raised_at: given.now,
        taken: None,
        controlled: None,
        stood_down: None,
    };
    let mut course = Course::begin(given, alarm, None);
    let called = start(&mut course);
    let due = given.now.plus_ms(given.town.rules.alarm.drill_minutes * 60_000);
    let kind = TimerKind::DrillOver { alarm: course.alarm.id };
    course.set_timer("over", due, kind);
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let html = speaker.alarm_says(&course.alarm, "drill-begun", &[("count", (called as i64).into())]);
    super::super::command::reply(&mut course.decision, message, html);
    course.finish()
}

fn answer(given: &Given<'_>, message: &Message, key: &str) -> Decision {
    super::super::command::answer(given, message, key)
}

fn at_point(point: &Point) -> Scene {
    let text = format!("{} {}", point.code, point.name);
    Scene { at: point.at, accuracy_m: 10.0, source: PlaceSource::PointCode, datum: Datum::Wgs84, text }
}

fn at(given: &Given<'_>, message: &Message, words: &str) -> Option<Scene> {
    if let Some(point) = given.town.point(words).or_else(|| given.town.point(&words.to_uppercase())) {
        return Some(at_point(point));
    }
    let read = given.town.reader().understand(words, message.date, ChatKind::Private, None);
    read.place.as_ref().map(Scene::from)
}

/// A point that has people. The lot is in the code that was drawn for this event: the same event draws the same point.
fn by_lot<'a>(given: &Given<'a>) -> Option<&'a Point> {
    let mut points: Vec<&Point> = given.town.points().filter(|point| !point.contacts.is_empty()).collect();
    points.sort_by(|a, b| a.code.cmp(&b.code));
    let drawn =
        given.fresh.member_code.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    points.get(drawn.checked_rem(points.len())?).copied()
}

/// The report of a drill that is over, at the desk: a message and a workbook, both made when they are sent.
pub(super) fn put_report(course: &mut Course<'_>) {
    let Some(desk) = course.given.town.desk() else { return };
    let language = course.given.town.group_language(desk);
    for format in ["text", "xlsx"] {
        let post = Post {
            chat: desk,
            thread: None,
            subject: course.subject(&format!("report:{format}")),
            lane: Lane::Desk,
            content: Content::DrillReport { alarm: course.alarm.id, format: format.to_owned(), language },
            lead: None,
            call: None,
        };
        course.decision.changes.posts.push(post);
    }
}
