//! What must not wait: alarms' timers and presses before other people's words, alarms' messages before all others.

use crate::world::{COURIER, DESK, GROUP, GUARD, OFFICER, World};
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
    assert_eq!(w.answer(), answer, "its own words are in the second turn, and it waits for them");
    w.think().await;
    assert_ne!(w.answer(), answer);
    w.abandon();
}
