//! Those who are called: where they are, whether they are free, what does not reach them, what they are shown.

use super::escalation::{PATROL, PATROL2, PATROL3, RESPONSE, member, point, policed, shift};
use crate::world::{COURIER, DESK, GROUP, GUARD, GUARD2, NEIGHBOUR, OFFICER, OLD_BRIDGE, World};
use baiying::domain::duty::Rota;
use baiying::domain::member::Role;
use baiying::port::chat::SendError;
use baiying::port::store::Store as _;
use serde_json::json;

fn location(metres_north: f64, live: bool) -> serde_json::Value {
    let mut location = json!({ "latitude": OLD_BRIDGE.lat + metres_north / 111_195.0, "longitude": OLD_BRIDGE.lon });
    if live {
        location["live_period"] = 900.into();
    }
    json!({ "location": location })
}

async fn raise(w: &mut World) {
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(3).await;
}

#[tokio::test]
async fn the_nearest_patrol_by_its_shared_place_is_called() {
    let mut w = policed(|c| c.alarm.patrol = 1).await;
    w.say_with(PATROL2, PATROL2, location(2_000.0, false)).await;
    w.say_with(PATROL3, PATROL3, location(900.0, true)).await;
    raise(&mut w).await;
    assert!(w.chat(PATROL3).contains("From you: 900 m"), "{}", w.chat(PATROL3));
    assert!(w.chat(PATROL).is_empty() && !w.chat(PATROL2).contains("Alarm 1"));
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 1, "a shared place is no tip");
    w.end_alarm().await;
}

#[tokio::test]
async fn a_place_shared_long_ago_counts_for_nothing() {
    let mut w = policed(|c| c.alarm.patrol = 1).await;
    w.say_with(PATROL3, PATROL3, location(900.0, true)).await;
    w.jump(31 * 60).await;
    raise(&mut w).await;
    assert!(w.chat(PATROL).contains("Alarm 1") && !w.chat(PATROL3).contains("Alarm 1"));
    w.end_alarm().await;
}

#[tokio::test]
async fn whoever_comes_near_is_offered_to_say_so_once() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    let live = w.say_with(GUARD, GUARD, location(300.0, true)).await;
    assert_eq!(w.count(GUARD, "Are you there?"), 0);
    for metres in [61.0, 59.0, 20.0] {
        w.edit_with(GUARD, GUARD, live, location(metres, true)).await;
        w.advance(2).await;
        assert_eq!(w.count(GUARD, "Are you there?"), usize::from(metres < 60.0), "{metres}");
    }
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("P1 Bridge Shop 60 m no answer yet"), "offered, not assumed");
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(2).await;
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("P1 Bridge Shop 60 m on scene"));
    assert_eq!(
        w.number("SELECT COUNT(*) FROM summons WHERE on_scene_lat IS NOT NULL").await,
        1,
        "and where is on file"
    );
    w.end_alarm().await;
}

#[tokio::test]
async fn a_guards_pin_outside_an_alarm_joins_their_tip_as_ever() {
    let mut w = World::new().await;
    w.say(GUARD, GUARD, "#theft at Old Bridge 7 pm").await;
    w.say_with(GUARD, GUARD, location(40.0, false)).await;
    w.advance(3).await;
    assert!(w.chat(GUARD).contains("location sent"), "{}", w.chat(GUARD));
    assert_eq!(w.number("SELECT COUNT(*) FROM whereabouts").await, 0);
    w.end().await;
}

/// These people have shifts only before dawn.
async fn off_duty(w: &mut World, users: &[i64]) {
    let shifts = users.iter().map(|user| shift(*user, "03:00", "04:00")).collect();
    w.store.replace_rota(&Rota { shifts, ..Rota::default() }).await.unwrap();
    w.advance(2).await;
}

#[tokio::test]
async fn who_is_off_duty_is_named_and_the_nearest_who_is_on_is_called() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    off_duty(&mut w, &[GUARD]).await;
    raise(&mut w).await;
    assert!(w.chat(GUARD2).contains("Alarm 1") && !w.chat(GUARD).contains("Alarm 1"));
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("P1 Bridge Shop 60 m off duty"), "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn when_nobody_is_on_duty_the_desk_hears_it_and_may_call_all_the_same() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    off_duty(&mut w, &[GUARD, GUARD2, 33]).await;
    raise(&mut w).await;
    assert_eq!(w.count(DESK, "nobody on duty nearby can be called"), 1, "{}", w.chat(DESK));
    let (message, data) = w.button(DESK, "Call P1 Bridge Shop").unwrap();
    w.push_data(COURIER, DESK, message, &data).await;
    w.settle().await;
    assert_eq!(w.answer(), "Only police can do this");
    w.press(OFFICER, DESK, "Call P1 Bridge Shop").await;
    assert_eq!(w.answer(), "P1 Bridge Shop is called");
    w.advance(3).await;
    assert!(w.chat(GUARD).contains("Alarm 1 ·"));
    w.press(OFFICER, DESK, "Call P1 Bridge Shop").await;
    assert_eq!(w.answer(), "It is so already");
    w.end_alarm().await;
}

#[tokio::test]
async fn whoever_is_at_a_scene_is_not_summoned_elsewhere() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    raise(&mut w).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.say(NEIGHBOUR, GROUP, "#fire at Old Bridge right now, smoke").await;
    w.advance(3).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(3).await;
    assert!(!w.chat(GUARD).contains("Alarm 2") && w.chat(GUARD2).contains("Alarm 2 · fire"), "{}", w.chat(GUARD2));
    assert!(w.find(DESK, "Alarm 2 ·")[0].text.contains("P1 Bridge Shop 60 m at another scene"), "{}", w.chat(DESK));
    // Two alarms at once: each answer belongs to its own.
    w.press(GUARD2, GUARD2, "On my way").await;
    w.advance(3).await;
    assert!(!w.find(DESK, "Alarm 1 ·")[0].text.contains("under way"));
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(3).await;
    assert_eq!(w.number("SELECT COUNT(*) FROM alarm WHERE stood_down_at IS NULL").await, 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn the_desk_is_told_whom_it_did_not_reach_and_whom_else_to_call() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    let mut blocked = point("B1", 40.0, &[81]);
    blocked.phone = "0769-8110".into();
    w.store.import_points(&[blocked, point("P1", 60.0, &[]), point("N2", 250.0, &[82])]).await.unwrap();
    w.advance(2).await;
    for _ in 0..3 {
        w.fail_next(81, SendError::Unreachable("Forbidden: bot was blocked by the user".into()));
    }
    raise(&mut w).await;
    let told = w.find(DESK, "did not get it");
    assert_eq!(told.len(), 1);
    insta::assert_snapshot!("unreached", w.chat(DESK).rsplit("\n\n").next().unwrap());
    w.press(OFFICER, DESK, "Call N2 Point N2").await;
    w.advance(3).await;
    assert!(w.chat(82).contains("Alarm 1 ·"));
    w.end_alarm().await;
}

#[tokio::test]
async fn groups_near_the_scene_see_one_card_that_is_edited() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    assert_eq!(w.count(GROUP, "Keep away and keep safe"), 1, "{}", w.chat(GROUP));
    w.press(GUARD, GUARD, "On my way").await;
    w.advance(3).await;
    assert_eq!(w.count(GROUP, "Going: P1 under way"), 1);
    w.press(OFFICER, DESK, "False: prank").await;
    w.advance(3).await;
    insta::assert_snapshot!("group", w.chat(GROUP).rsplit("\n\n⬜").next().unwrap());
    assert_eq!(w.count(GROUP, "Alarm 1"), 1, "one card");
    w.end().await;
}

#[tokio::test]
async fn a_private_tips_words_and_sensitive_kinds_stand_in_no_group() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "#fight at Old Bridge right now, two men with knives").await;
    w.say(NEIGHBOUR, NEIGHBOUR, "#gambling at Old Bridge right now, in the cellar").await;
    w.advance(3).await;
    for lead in [1, 2] {
        w.push_data(OFFICER, DESK, w.last(DESK).id, &format!("la:{lead}")).await;
        w.advance(3).await;
    }
    assert!(w.chat(GROUP).contains("Alarm 1 · fight") && !w.chat(GROUP).contains("knives"), "{}", w.chat(GROUP));
    assert!(!w.chat(GROUP).contains("Alarm 2"), "{}", w.chat(GROUP));
    assert!(w.chat(GUARD).contains("Alarm 2 · gambling"));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_false_alarm_is_stood_down_in_one_tap_and_all_hear_why() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    w.press(OFFICER, DESK, "False: mistaken").await;
    assert_eq!(w.answer(), "Stood down; everyone who was called is told");
    w.advance(3).await;
    for user in [GUARD, PATROL, PATROL2, RESPONSE] {
        assert!(w.last(user).text.contains("A false alarm: somebody was mistaken."), "{}", w.chat(user));
    }
    assert_eq!(w.rows("SELECT outcome FROM alarm").await, ["mistaken"]);
    assert_eq!(w.number("SELECT COUNT(*) FROM timer").await, 0);
    w.end().await;
}

#[tokio::test]
async fn a_mended_place_is_told_aloud_with_a_new_pin() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    raise(&mut w).await;
    let tip = w.message_with(GROUP, "#fight").unwrap();
    w.edit(COURIER, GROUP, tip, "#fight at 东门市场 right now, two men with knives").await;
    w.advance(5).await;
    assert_eq!(w.count(GUARD, "the place was mended"), 1, "{}", w.chat(GUARD));
    assert!(w.find(GUARD, "🚨 Alarm 1 ·")[0].text.contains("东门市场"), "{}", w.chat(GUARD));
    assert_eq!(w.count(GUARD, "[pin"), 1, "the old pin is taken away");
    assert!(
        w.chat(33).contains("🚨 Alarm 1 ·") || w.chat(GUARD2).contains("🚨 Alarm 1 ·"),
        "who is near the new place is called"
    );
    w.end_alarm().await;
}

#[tokio::test]
async fn a_stand_down_during_the_fan_out_reaches_those_who_were_told_and_nobody_else() {
    let mut w = policed(|c| (c.telegram.limits.per_second, c.alarm.ring[0].min_points) = (30, 90)).await;
    let points: Vec<_> = (0..90).map(|n| point(&format!("X{n:02}"), f64::from(n), &[1000 + i64::from(n)])).collect();
    w.store.import_points(&points).await.unwrap();
    w.advance(2).await;
    w.push(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(1).await;
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(5).await;
    let (mut reached, mut spared) = (0, 0);
    for user in 1000..1090 {
        match (w.count(user, "Alarm 1 is over"), w.count(user, "stood down")) {
            (1, 1) => reached += 1,
            (0, 0) => spared += 1,
            other => panic!("{user}: {other:?}\n{}", w.chat(user)),
        }
        assert_eq!(w.count(user, "🚨") + w.count(user, "[pin"), 0, "{}", w.chat(user));
    }
    assert!(reached >= 25 && spared >= 25, "{reached} {spared}");
    w.end().await;
}

#[tokio::test]
async fn in_a_large_alarm_cards_follow_now_and_then_and_ones_own_at_once() {
    let mut w = policed(|c| c.alarm.ring[0].min_points = 60).await;
    let points: Vec<_> = (0..60).map(|n| point(&format!("X{n:02}"), f64::from(n), &[1000 + i64::from(n)])).collect();
    w.store.import_points(&points).await.unwrap();
    w.advance(2).await;
    raise(&mut w).await;
    w.advance(10).await;
    let before = w.sends();
    w.press(1000, 1000, "On my way").await;
    w.advance(0).await;
    assert!(w.sends() - before <= 4, "own card, board, group: {}", w.sends() - before);
    assert!(w.chat(1000).contains("You: under way"));
    w.advance(20).await;
    assert!(w.chat(1059).contains("Going too: X00 under way"), "{}", w.chat(1059));
    w.end_alarm().await;
}

#[tokio::test]
async fn staff_of_other_roles_are_not_called() {
    let mut w = policed(|_| {}).await;
    w.store.import_members(&[member(101, "Clerk Ma", &[Role::Office])]).await.unwrap();
    raise(&mut w).await;
    w.advance(400).await;
    assert!(w.chat(101).is_empty());
    w.end().await;
}

#[tokio::test]
async fn a_merge_does_not_stand_an_alarm_down() {
    let mut w = policed(|_| {}).await;
    w.say(NEIGHBOUR, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(3).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "la:2").await;
    w.advance(3).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lD:2:1").await;
    w.advance(3).await;
    assert_eq!(w.answer(), "Its alarm runs: stand it down first, or merge the other lead into this one");
    assert_eq!(w.number("SELECT COUNT(*) FROM alarm WHERE stood_down_at IS NULL").await, 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_card_leaves_the_group_when_its_kind_becomes_sensitive() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    assert_eq!(w.count(GROUP, "Alarm 1 ·"), 1);
    let tip = w.message_with(GROUP, "#fight").unwrap();
    w.edit(COURIER, GROUP, tip, "#gambling at Old Bridge right now, two men with knives").await;
    w.advance(5).await;
    assert_eq!(w.count(GROUP, "Alarm 1 ·"), 0, "{}", w.chat(GROUP));
    w.end_alarm().await;
}

#[tokio::test]
async fn what_is_wiped_takes_where_people_were_with_it() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    w.say_with(GUARD, GUARD, location(20.0, true)).await;
    w.press(GUARD, GUARD, "On scene").await;
    let places = "SELECT COUNT(*) FROM summons WHERE on_scene_lat IS NOT NULL";
    let distances = "SELECT COUNT(*) FROM call WHERE distance_m IS NOT NULL";
    assert!(w.number(places).await == 1 && w.number(distances).await > 0);
    w.press(OFFICER, DESK, "Out of scope").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(5).await;
    assert_eq!((w.number(places).await, w.number(distances).await), (0, 0), "{}", w.chat(DESK));
    assert!(!w.rows("SELECT what FROM alarm_event").await.iter().any(|what| what.contains("23.0")));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_drill_leaves_those_alone_who_are_called_to_a_real_alarm() {
    let mut w = policed(|_| {}).await;
    raise(&mut w).await;
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(4).await;
    assert!(!w.chat(GUARD).contains("DRILL") && w.chat(GUARD2).contains("DRILL"), "{}", w.chat(GUARD));
    w.end_alarm().await;
}
