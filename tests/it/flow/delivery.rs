//! What must not wait: alarms' timers and presses before other people's words, alarms' messages before all others.

use crate::world::{COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICER, World};
use baiying::port::chat::SendError;
use serde_json::json;

const DECIDED: &str = "SELECT COUNT(*) FROM inbox WHERE kind = 'timer' AND state = 'done'";
const WAITING: &str = "SELECT COUNT(*) FROM inbox WHERE state = 'waiting'";

/// An alarm runs, its first timer is due, and before it thousands of tips have come in that nobody has looked at.
async fn flooded(tips: usize) -> World {
    let mut w = World::with(|c| (c.tip.fold_receipts_from, c.tip.fold_cards_from) = (1, 1)).await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    let updates = (0..tips as i64).map(|n| {
        // Three chats: the group, the desk (which says nothing that counts), and private ones.
        let chat = [GROUP, DESK, 2000 + n][n as usize % 3];
        (5000 + n, chat, json!({ "text": format!("#theft at Old Bridge 7 pm, bicycle {n}.") }))
    });
    w.flood(updates.collect()).await;
    assert_eq!(w.number(DECIDED).await, 0);
    w
}

#[tokio::test]
async fn a_timer_behind_thousands_of_tips_is_decided_in_the_next_turn() {
    let mut w = flooded(5_000).await;
    w.ring_in(30).await;
    w.think().await;
    assert!(w.number(DECIDED).await >= 1, "the timer is decided");
    assert!(w.number(WAITING).await >= 4_000, "and the tips still wait");
    // The same again in a process that has just started.
    let decided = w.number(DECIDED).await;
    w.ring_in(30).await;
    w.crash().await;
    w.think().await;
    assert!(w.number(DECIDED).await > decided);
    assert!(w.number(WAITING).await >= 3_900);
    // A guard's answer waits for no tip either; who wrote before they pressed is heard in order.
    w.push(GUARD, GUARD, "On scene").await;
    w.think().await;
    assert!(w.answer().contains("Noted"), "{}", w.answer());
    assert!(w.number(WAITING).await >= 3_400);
    w.abandon();
}

#[tokio::test]
async fn what_a_chat_said_before_its_press_is_heard_before_it() {
    let mut w = flooded(600).await;
    w.post(GUARD, GUARD, json!({ "text": "theft at Old Bridge 7 pm, I see them" })).await;
    w.push(GUARD, GUARD, "On scene").await;
    let answer = w.answer();
    w.think().await;
    assert_eq!(w.answer(), answer, "its own words come later, and it waits for them");
    let mut turns = 1;
    while w.answer() == answer {
        assert!(w.think().await > 0, "and is heard in its turn");
        turns += 1;
    }
    assert!(turns > 2, "its own words are not in the first turns");
    w.abandon();
}

/// An alarm is raised while the platform cannot be reached for some seconds.
#[tokio::test]
async fn the_desk_is_told_once_that_the_platform_was_away() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    for chat in [DESK, GROUP, GUARD] {
        for _ in 0..16 {
            w.fail_next(chat, SendError::Unknown("no answer".into()));
        }
    }
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(90).await;
    assert_eq!(w.count(GUARD, "fight"), 1, "{}", w.chat(GUARD));
    let told = w.find(DESK, "could not be reached");
    assert_eq!(told.len(), 1, "{}", w.chat(DESK));
    assert!(told[0].text.contains("20:00:02–20:00:"), "{}", told[0].text);
    assert!(told[0].text.contains("late because of it: "), "{}", told[0].text);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_short_hiccup_and_one_chat_that_fails_are_no_outage() {
    let mut w = World::new().await;
    for chat in [GROUP, DESK] {
        w.fail_next(chat, SendError::Unknown("502".into()));
    }
    for _ in 0..8 {
        w.fail_next(COURIER, SendError::Unknown("timeout".into()));
    }
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(COURIER, COURIER, "theft at Old Bridge 6 pm").await;
    for n in 0..20 {
        w.say(50 + n, GROUP, "#theft at Old Bridge 5 pm").await;
        w.advance(20).await;
    }
    assert_eq!(w.count(DESK, "could not be reached"), 0);
    w.end().await;
}

#[tokio::test]
async fn asked_to_wait_an_alarm_goes_at_the_second_and_not_sooner_also_after_a_restart() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    w.fail_next(GUARD, SendError::RetryAfter(7_000));
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(3).await;
    w.crash().await;
    w.advance(3).await;
    assert_eq!(w.chat(GUARD), "", "neither the card nor the pin behind it");
    w.advance(1).await;
    assert_eq!(w.count(GUARD, "fight"), 1);
    w.end_alarm().await;
}

#[tokio::test]
async fn a_flood_is_waited_out_by_all_and_loses_nothing() {
    let mut w = World::new().await;
    for (chat, wait) in [(GROUP, 5_000), (DESK, 9_000), (NEIGHBOUR, 6_000)] {
        w.fail_next(chat, SendError::RetryAfter(wait));
    }
    w.post(COURIER, GROUP, json!({ "text": "#theft at Old Bridge 7 pm" })).await;
    w.say(NEIGHBOUR, NEIGHBOUR, "theft at Old Bridge 6 pm").await;
    w.say(OFFICER, OFFICER, "/help").await;
    w.advance(7).await;
    assert_eq!((w.chat(GROUP), w.chat(NEIGHBOUR)), (String::new(), String::new()), "all wait for the longest");
    w.advance(4).await;
    assert!(w.count(GROUP, "Received") == 1 && w.count(NEIGHBOUR, "Received") == 1 && w.count(DESK, "Lead") == 2);
    w.end().await;
}
