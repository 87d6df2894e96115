//! Alarms that tips raise by themselves, and drills.

use super::escalation::{PATROL, RESPONSE, member, policed};
use crate::world::{ADMIN, COURIER, DESK, GROUP, GUARD, GUARD2, NEIGHBOUR, OFFICER, World};
use baiying::config::Config;
use baiying::domain::member::Role;
use baiying::port::store::Store as _;

const FIRE: &str = "#fire at Old Bridge right now, flames from the roof";

fn enabled(config: &mut Config) {
    config.alarm.self_raise.enabled = true;
    config.alarm.self_raise.known_hours = 1;
}

async fn alarms(w: &World) -> i64 {
    w.number("SELECT COUNT(*) FROM alarm").await
}

/// A town in which the courier has been on file for long enough.
async fn known(change: impl FnOnce(&mut Config)) -> World {
    let mut w = World::with(|c| {
        enabled(c);
        change(c);
    })
    .await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a bicycle").await;
    w.jump(2 * 3600).await;
    w.advance(2).await;
    w
}

#[tokio::test]
async fn a_critical_tip_of_somebody_known_raises_an_alarm_by_itself() {
    let mut w = known(|_| {}).await;
    w.say(COURIER, GROUP, FIRE).await;
    w.advance(3).await;
    assert!(w.chat(GUARD).contains("Alarm 1 · fire"), "{}", w.chat(DESK));
    assert_eq!(w.count(DESK, "was raised by lead 2 itself"), 1);
    assert_eq!(w.rows("SELECT origin FROM alarm").await, ["tip"]);
    w.press(OFFICER, DESK, "False: accident").await;
    w.advance(3).await;
    assert!(w.last(GUARD).text.contains("raised by accident"), "one tap: {}", w.chat(GUARD));
    w.end().await;
}

#[tokio::test]
async fn what_does_not_raise_by_itself() {
    for (why, text) in [
        ("not critical", "#fight at Old Bridge right now, two men with knives"),
        ("not sharp", "#fire right now, flames from the roof"),
        ("not now", "#fire at Old Bridge yesterday evening at 8, it was put out"),
    ] {
        let mut w = known(|_| {}).await;
        w.say(COURIER, GROUP, text).await;
        w.advance(3).await;
        assert_eq!(alarms(&w).await, 0, "{why}");
        w.end().await;
    }
    let mut w = known(|_| {}).await;
    w.say(NEIGHBOUR, GROUP, FIRE).await;
    w.say(777, GROUP, FIRE).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 0, "nobody knows them yet");
    w.end().await;
    let mut w = known(|c| c.alarm.self_raise.enabled = false).await;
    w.say(COURIER, GROUP, FIRE).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 0, "switched off, as shipped");
    w.end().await;
}

#[tokio::test]
async fn people_and_groups_cool_down_and_one_event_has_one_alarm() {
    let mut w = known(|c| (c.alarm.self_raise.person_minutes, c.alarm.self_raise.group_minutes) = (60, 10)).await;
    w.store.import_members(&[member(66, "Warden", &[Role::Responder])]).await.unwrap();
    w.say(COURIER, GROUP, FIRE).await;
    w.say(66, 66, "#fire at Old Bridge right now, I see it too").await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 1, "one runs there");
    w.press(OFFICER, DESK, "False: mistaken").await;
    w.advance(11 * 60).await;
    w.say(COURIER, GROUP, FIRE).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 1, "the same person");
    w.say(66, GROUP, FIRE).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 2, "somebody else, when the group has cooled down");
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(3).await;
    w.store.import_members(&[member(67, "Warden 2", &[Role::Responder])]).await.unwrap();
    w.say(67, GROUP, FIRE).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 2, "the group");
    w.end_alarm().await;
}

#[tokio::test]
async fn two_critical_tips_at_the_same_instant_raise_one_alarm() {
    let mut w = known(|_| {}).await;
    w.store.import_members(&[member(66, "Warden", &[Role::Responder])]).await.unwrap();
    w.advance(2).await;
    w.post(COURIER, GROUP, serde_json::json!({ "text": FIRE })).await;
    w.post(66, 66, serde_json::json!({ "text": FIRE })).await;
    w.settle().await;
    assert_eq!(alarms(&w).await, 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn every_message_of_a_drill_says_so() {
    let mut w = policed(|c| c.alarm.drill_minutes = 6).await;
    let before = w.anywhere("").len();
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "On my way").await;
    assert_eq!(w.answer(), "🟦 DRILL 演练 · Noted. How many minutes? One tap tells");
    w.advance(40).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(400).await;
    let all = w.anywhere("");
    let new: Vec<_> = all.iter().filter(|(_, text)| text.contains("Alarm 1") || text.contains("Drill 1")).collect();
    assert!(all.len() > before + 8 && new.len() > 8, "{}", new.len());
    for (chat, text) in &new {
        assert!(text.contains("DRILL"), "{chat}: {text}");
    }
    assert!(w.last(GUARD).text.contains("The drill is over."), "it ends by itself: {}", w.chat(GUARD));
    assert_eq!(w.points(GUARD).await, (0, 0), "no points for an exercise");
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 1, "and no lead");
    w.end().await;
}

#[tokio::test]
async fn a_drill_is_ordered_by_police_at_a_place_or_by_lot_one_at_a_time() {
    let mut w = World::new().await;
    for who in [COURIER, GUARD] {
        w.say(who, GROUP, "/drill P1").await;
        w.advance(2).await;
    }
    assert_eq!(w.count(GROUP, "Only police"), 2, "{}", w.chat(GROUP));
    w.say(OFFICER, DESK, "/drill nowhere at all").await;
    w.advance(2).await;
    assert_eq!(w.count(DESK, "Write where:"), 1, "{}", w.chat(DESK));
    w.say(OFFICER, DESK, "/drill p2").await;
    w.advance(3).await;
    assert!(w.chat(GUARD2).contains("DRILL"), "{}", w.chat(DESK));
    w.say(ADMIN, ADMIN, "/drill").await;
    w.advance(3).await;
    assert_eq!(w.count(ADMIN, "A drill is running already"), 1);
    w.press(OFFICER, DESK, "End the drill").await;
    w.advance(3).await;
    w.say(ADMIN, ADMIN, "/drill").await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 2, "by lot: {}", w.chat(ADMIN));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_real_alarm_breaks_a_drill_off() {
    let mut w = policed(|_| {}).await;
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(3).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "la:1").await;
    w.advance(4).await;
    assert!(w.chat(GUARD).contains("The drill is broken off: there is a real alarm."), "{}", w.chat(GUARD));
    assert!(w.chat(GUARD).contains("🚨 Alarm 2 · fight"), "who is at a drill is free for it: {}", w.chat(GUARD));
    assert_eq!(w.rows("SELECT outcome FROM alarm WHERE drill = 1").await, ["drill_broken_off"]);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_drill_calls_patrol_and_response_as_an_alarm_does() {
    let mut w = policed(|_| {}).await;
    w.say(OFFICER, DESK, "/drill Old Bridge").await;
    w.advance(3).await;
    assert!(w.chat(PATROL).contains("DRILL") && w.chat(RESPONSE).contains("DRILL"), "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn an_edit_raises_as_a_tip_does_and_no_more_often() {
    let mut w = known(|_| {}).await;
    let id = w.say(COURIER, GROUP, "hello all").await;
    for text in [FIRE, "#fire at Old Bridge right now, flames from the roof, and smoke"] {
        w.edit(COURIER, GROUP, id, text).await;
        w.advance(3).await;
    }
    assert_eq!(alarms(&w).await, 1);
    w.press(GUARD, GUARD, "On my way").await;
    assert_eq!(w.answer(), "Noted. How many minutes? One tap tells", "its buttons answer");
    w.end_alarm().await;
}

#[tokio::test]
async fn what_waited_while_the_bot_was_away_raises_nothing() {
    let mut w = known(|_| {}).await;
    w.post(COURIER, GROUP, serde_json::json!({ "text": FIRE })).await;
    w.jump(3 * 3600).await;
    w.advance(3).await;
    assert_eq!(alarms(&w).await, 0);
    w.end().await;
}

#[tokio::test]
async fn the_reporter_of_a_self_raised_alarm_is_on_record_and_shown_to_nobody() {
    let mut w = known(|_| {}).await;
    w.say(COURIER, COURIER, FIRE).await;
    w.advance(3).await;
    assert_eq!(w.rows("SELECT CAST(raised_by AS TEXT) FROM alarm").await, [COURIER.to_string()]);
    assert_eq!(w.number("SELECT COUNT(*) FROM alarm_event WHERE by_user IS NOT NULL").await, 0);
    assert!(!w.chat(DESK).contains("User 11") && !w.chat(GROUP).contains("flames"), "{}", w.chat(GROUP));
    w.end_alarm().await;
}
