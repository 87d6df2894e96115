//! One point has trouble, many answer: who is called, what each reads and taps, when it escalates, how it ends.

use crate::world::{COURIER, DESK, GROUP, GUARD, GUARD2, OFFICER, World};
use baiying::domain::alarm::Point;
use baiying::domain::id::UserId;
use baiying::domain::place::Wgs84;
use baiying::port::chat::SendError;
use baiying::port::store::Store as _;

const ALL: [(&str, i64); 4] = [("desk", DESK), ("guard 1", GUARD), ("guard 2", GUARD2), ("far farm", 33)];

/// A fight at the Old Bridge is on file.
async fn fight() -> World {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    w
}

/// The alarm has been raised for it.
async fn raised() -> World {
    let mut w = fight().await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    w
}

fn point(code: &str, metres_north: f64, radius_m: f64, contacts: &[i64]) -> Point {
    let at = Wgs84 { lat: 23.0 + metres_north / 111_195.0, lon: 113.9 };
    let contacts = contacts.iter().map(|c| UserId(*c)).collect();
    Point {
        code: code.into(),
        name: format!("Point {code}"),
        at,
        radius_m,
        contacts,
        team: None,
        gear: String::new(),
        phone: String::new(),
    }
}

#[tokio::test]
async fn one_tap_calls_the_points_of_the_first_ring() {
    let mut w = fight().await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    assert_eq!(w.answer(), "1 points are called");
    w.advance(3).await;
    insta::assert_snapshot!("raised", w.chats(&ALL));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_point_whose_own_radius_covers_the_scene_is_called_too() {
    let mut w = fight().await;
    let points = [point("W1", 900.0, 1000.0, &[71]), point("W2", 900.0, 800.0, &[72])];
    w.store.import_points(&points).await.unwrap();
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    assert!(w.chat(71).contains("Alarm 1") && w.chat(72).is_empty());
    w.end_alarm().await;
}

#[tokio::test]
async fn one_press_that_arrives_twice_widens_once() {
    let mut w = raised().await;
    w.push(OFFICER, DESK, "Wider").await;
    w.push(OFFICER, DESK, "Wider").await;
    w.advance(2).await;
    assert_eq!(w.number("SELECT ring FROM alarm").await, 2);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_pin_that_waits_behind_its_card_does_not_leave_after_the_stand_down() {
    let mut w = fight().await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    assert!(w.chat(GUARD).contains("Alarm 1") && !w.chat(GUARD).contains("[pin"), "the pin goes a second later");
    w.push_data(OFFICER, DESK, w.last(DESK).id, "ad:1").await;
    w.advance(5).await;
    assert!(w.chat(GUARD).contains("Alarm 1 is over") && !w.chat(GUARD).contains("[pin"), "{}", w.chat(GUARD));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_ring_without_points_falls_through_to_the_nearest() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at 东门市场 right now").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    assert!(w.chat(GUARD2).contains("Alarm 1") && w.chat(GUARD).is_empty(), "{}", w.chats(&ALL));
    w.end_alarm().await;
}

#[tokio::test]
async fn each_answer_shows_on_the_card_the_board_and_to_who_else_goes() {
    let mut w = raised().await;
    w.press(OFFICER, DESK, "Wider").await;
    assert_eq!(w.answer(), "2 more points are called");
    w.advance(3).await;
    w.press(GUARD, GUARD, "Got it").await;
    assert_eq!(w.answer(), "Noted. Take care");
    w.advance(4).await;
    w.press(GUARD2, GUARD2, "Cannot").await;
    w.advance(4).await;
    w.press(33, 33, "On my way").await;
    w.advance(4).await;
    insta::assert_snapshot!("answers", w.chats(&ALL));
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(4).await;
    insta::assert_snapshot!("on_scene", w.chats(&ALL));
    assert_eq!(w.count(DESK, "Alarm 1 ·"), 1, "one board, edited in place");
    w.end_alarm().await;
}

#[tokio::test]
async fn only_the_points_own_people_answer_for_it() {
    let mut w = raised().await;
    let before = w.chats(&ALL);
    for other in [GUARD2, OFFICER, COURIER] {
        w.press(other, GUARD, "Got it").await;
        assert_eq!(w.answer(), "Only the people of that point can answer for it");
    }
    w.advance(2).await;
    assert_eq!(w.chats(&ALL), before);
    w.end_alarm().await;
}

#[tokio::test]
async fn the_same_answer_twice_is_once_and_a_step_back_is_none() {
    let mut w = raised().await;
    let (message, got_it) = w.button(GUARD, "Got it").unwrap();
    w.press(GUARD, GUARD, "On my way").await;
    w.advance(2).await;
    w.push_data(GUARD, GUARD, message, &got_it).await;
    w.settle().await;
    assert_eq!(w.answer(), "It is so already");
    assert!(w.chat(GUARD).contains("You: under way"));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_second_alarm_button_raises_no_second_alarm() {
    let mut w = fight().await;
    w.push(OFFICER, DESK, "🚨 Alarm").await;
    w.push(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(3).await;
    assert_eq!(w.answer(), "It is so already");
    assert_eq!(w.number("SELECT COUNT(*) FROM alarm").await, 1);
    assert_eq!(w.count(GUARD, "🚨 Alarm"), 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn nobody_answering_escalates_by_the_clock() {
    let mut w = raised().await;
    w.advance(27).await;
    assert!(w.chat(GUARD2).is_empty() && w.count(DESK, "⏱") == 0);
    w.advance(4).await;
    assert!(w.chat(GUARD2).contains("Alarm 1") && w.chat(33).contains("Alarm 1"), "30 s: the second ring, 3 points");
    w.advance(300).await;
    insta::assert_snapshot!("escalated", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn an_acknowledgement_stops_summoning_for_it_and_not_the_clock() {
    let mut w = raised().await;
    w.press(GUARD, GUARD, "Got it").await;
    w.advance(35).await;
    assert_eq!((w.count(DESK, "⏱"), w.count(GUARD2, "Alarm")), (0, 0));
    w.advance(30).await;
    assert_eq!(w.count(DESK, "nobody of the points is on scene within 60 s"), 1);
    assert_eq!(w.count(GUARD2, "🚨 Alarm"), 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_guard_on_scene_stops_the_clock() {
    let mut w = raised().await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(400).await;
    assert_eq!((w.count(DESK, "⏱"), w.count(GUARD2, "Alarm")), (0, 0));
    w.end_alarm().await;
}

#[tokio::test]
async fn stand_down_reaches_all_who_were_called_and_stops_the_clock() {
    let mut w = raised().await;
    w.advance(31).await;
    w.press(GUARD, GUARD, "On my way").await;
    w.advance(4).await;
    w.press(OFFICER, DESK, "Stand down").await;
    assert_eq!(w.answer(), "Stood down; everyone who was called is told");
    w.advance(5).await;
    insta::assert_snapshot!("stood_down", w.chats(&ALL));
    let before = w.chats(&ALL);
    w.advance(400).await;
    assert_eq!(w.chats(&ALL), before, "no call starts after stand-down");
    w.end().await;
}

#[tokio::test]
async fn a_call_that_is_still_queued_does_not_start_after_stand_down() {
    let mut w = World::with(|c| c.telegram.limits.per_chat_second = 1).await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now").await;
    w.advance(2).await;
    w.fail_next(GUARD, SendError::RetryAfter(20_000));
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    assert_eq!(w.chat(GUARD), "");
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(60).await;
    assert!(!w.chat(GUARD).contains("🚨") && !w.chat(GUARD).contains("[pin"), "{}", w.chat(GUARD));
    w.end().await;
}

#[tokio::test]
async fn only_police_raise_widen_and_stand_down() {
    let mut w = raised().await;
    for label in ["Wider", "Stand down"] {
        w.press(GUARD, DESK, label).await;
        assert_eq!(w.answer(), "Only police can do this");
    }
    w.end_alarm().await;
}

#[tokio::test]
async fn a_lead_that_is_closed_stands_its_alarm_down() {
    let mut w = raised().await;
    w.press(OFFICER, DESK, "Unfounded").await;
    w.advance(4).await;
    assert!(w.last(GUARD).text.contains("stood down"), "{}", w.chat(GUARD));
    assert_eq!(w.button(GUARD, "On scene"), None);
    w.end().await;
}

#[tokio::test]
async fn an_old_alarms_buttons_answer_for_no_later_alarm() {
    let mut w = raised().await;
    let (card, on_scene) = w.button(GUARD, "On scene").unwrap();
    let (board, stand_down) = w.button(DESK, "Stand down").unwrap();
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(4).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(4).await;
    assert!(w.chat(GUARD).contains("🚨 Alarm 2"), "{}", w.chat(GUARD));
    w.push_data(GUARD, GUARD, card, &on_scene).await;
    w.settle().await;
    assert_eq!(w.answer(), "The alarm is over");
    w.push_data(OFFICER, DESK, board, &stand_down).await;
    w.settle().await;
    assert_eq!(w.answer(), "The alarm is over");
    assert_eq!(w.points(GUARD).await, (0, 0));
    assert!(w.button(DESK, "Stand down").is_some(), "the second alarm goes on");
    w.end_alarm().await;
}

#[tokio::test]
async fn a_point_without_contact_and_one_that_cannot_be_reached_are_named() {
    let mut w = fight().await;
    w.store.import_points(&[point("N1", 30.0, 100.0, &[]), point("B1", 40.0, 100.0, &[81])]).await.unwrap();
    w.advance(2).await;
    for _ in 0..2 {
        w.fail_next(81, SendError::Unreachable("bot was blocked by the user".into()));
    }
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(5).await;
    insta::assert_snapshot!("unreachable", w.find(DESK, "raised")[0].text);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_point_with_one_reachable_contact_of_two_is_delivered() {
    let mut w = fight().await;
    w.store.import_points(&[point("T1", 30.0, 100.0, &[81, 82])]).await.unwrap();
    w.advance(2).await;
    w.fail_next(81, SendError::Unreachable("blocked".into()));
    w.fail_next(81, SendError::Unreachable("blocked".into()));
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(5).await;
    assert!(w.chat(82).contains("🚨 Alarm 1"));
    assert!(w.find(DESK, "raised")[0].text.contains("T1 Point T1 30 m no answer yet"), "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_lead_without_any_place_cannot_be_alarmed() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "#fight right now, help").await;
    w.advance(2).await;
    assert!(w.button(DESK, "🚨 Alarm").is_none());
    let card = w.last(DESK).id;
    w.push_data(OFFICER, DESK, card, "la:1").await;
    w.settle().await;
    assert_eq!(w.answer(), "The place is not known yet, so nobody near it can be called");
    w.end().await;
}

#[tokio::test]
async fn an_alarm_goes_before_all_that_is_queued() {
    let mut w = fight().await;
    for n in 0..300 {
        w.post(5000 + n, 5000 + n, serde_json::json!({ "text": "/help" })).await;
    }
    w.settle().await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(1).await;
    assert!(w.chat(GUARD).contains("🚨 Alarm 1"), "within a second");
    w.end_alarm().await;
}

/// The whole of an alarm in steps, each as (who, chat, label).
const STORY: [(i64, i64, &str); 6] = [
    (OFFICER, DESK, "🚨 Alarm"),
    (OFFICER, DESK, "Wider"),
    (GUARD, GUARD, "Got it"),
    (GUARD2, GUARD2, "On my way"),
    (GUARD, GUARD, "On scene"),
    (OFFICER, DESK, "Stand down"),
];

#[tokio::test]
async fn a_crash_between_any_two_steps_doubles_nothing() {
    let mut told = None;
    // 0: no crash; else at the n-th step, when it was decided, before or after its messages were sent.
    for crash in 0..=STORY.len() * 2 {
        let mut w = fight().await;
        let mut doubles = 0;
        for (n, (who, chat, label)) in STORY.into_iter().enumerate() {
            w.push(who, chat, label).await;
            if crash > 0 && (crash - 1) / 2 == n {
                w.think().await;
                if crash % 2 == 1 {
                    w.crash_before_sending().await;
                } else {
                    doubles = w.crash_after_sending().await;
                }
            }
            w.advance(4).await;
        }
        let state = (
            w.number("SELECT COUNT(*) FROM alarm").await,
            w.number("SELECT COUNT(*) FROM call").await,
            w.number("SELECT COUNT(*) FROM summons WHERE delivered_at IS NULL").await,
            w.number("SELECT COUNT(*) FROM transfer WHERE rule = 'on_scene'").await,
            w.points(GUARD).await,
            w.number("SELECT COUNT(*) FROM timer").await,
            w.number("SELECT COUNT(*) FROM outbox").await,
        );
        assert_eq!(state, (1, 3, 0, 1, (5, 0), 0, state.6), "crash {crash}");
        assert_eq!(*told.get_or_insert(state), state, "crash {crash}");
        let cards = w.count(GUARD, "Alarm 1 is over") + w.count(GUARD, "🚨 Alarm 1");
        assert!((1..=1 + doubles).contains(&cards), "crash {crash}: {}", w.chat(GUARD));
        assert!(w.count(GUARD, "stood down") <= 1 + doubles);
        if doubles == 0 {
            assert_eq!(w.count(DESK, "Alarm 1 stood down"), 1, "crash {crash}");
        }
        w.end().await;
    }
}

#[tokio::test]
async fn an_alarms_clock_goes_on_after_a_crash() {
    let mut w = raised().await;
    w.crash().await;
    w.jump(40).await;
    w.advance(3).await;
    assert_eq!(w.count(DESK, "nobody has answered within 30 s"), 1);
    assert_eq!(w.count(GUARD2, "🚨 Alarm 1"), 1);
    w.end_alarm().await;
}
