//! Points add up: held, posted once, reversed, capped; a person's own business.

use crate::world::{COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICER, OFFICER2, World};
use baiying::domain::id::UserId;
use baiying::port::store::Store as _;

async fn press(w: &mut World, who: i64, data: &str) {
    let card = w.last(DESK).id;
    w.push_data(who, DESK, card, data).await;
    w.advance(2).await;
}

async fn tip(w: &mut World, who: i64, words: &str) {
    w.say(who, GROUP, &format!("#theft at Old Bridge 7 pm, {words}")).await;
    w.advance(2).await;
}

#[tokio::test]
async fn a_tip_is_held_posted_once_and_reversed_by_undo_and_reopen() {
    let mut w = World::new().await;
    tip(&mut w, COURIER, "a van").await;
    assert_eq!(w.points(COURIER).await, (0, 10), "held");
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER2, "lv:1").await;
    assert_eq!(w.points(COURIER).await, (10, 0), "posted once");
    press(&mut w, OFFICER, "lz:1:2").await;
    assert_eq!(w.points(COURIER).await, (0, 10), "undone");
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER, "lr:1").await;
    assert_eq!(w.points(COURIER).await, (10, 0), "resolving pays nothing more");
    press(&mut w, OFFICER, "lo:1").await;
    assert_eq!(w.points(COURIER).await, (0, 10), "reopened");
    press(&mut w, OFFICER, "lu:1").await;
    assert_eq!(w.points(COURIER).await, (0, 0), "voided");
    assert_eq!(w.number("SELECT COUNT(*) FROM transfer WHERE kind = 'reversal' AND reverses IS NULL").await, 0);
    w.end().await;
}

#[tokio::test]
async fn the_first_reporter_is_paid_in_full_and_later_ones_a_share() {
    // Merged before the original is verified, or after.
    for order in [["lD:2:1", "lv:1"], ["lv:1", "lD:2:1"]] {
        let mut w = World::new().await;
        tip(&mut w, COURIER, "a van").await;
        tip(&mut w, NEIGHBOUR, "batteries").await;
        for data in order {
            press(&mut w, OFFICER, data).await;
        }
        assert_eq!((w.points(COURIER).await, w.points(NEIGHBOUR).await), ((10, 0), (5, 0)), "{order:?}");
        press(&mut w, OFFICER, "lo:1").await;
        assert_eq!(w.points(NEIGHBOUR).await, (0, 0), "{order:?}: the share goes with the original");
        w.end().await;
    }
}

#[tokio::test]
async fn who_tells_the_same_thing_twice_is_paid_once() {
    let mut w = World::new().await;
    tip(&mut w, COURIER, "a van").await;
    tip(&mut w, COURIER, "again a van").await;
    press(&mut w, OFFICER, "lD:2:1").await;
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(COURIER).await, (10, 0));
    w.end().await;
}

#[tokio::test]
async fn the_daily_cap_leaves_the_rest_and_begins_anew_at_midnight() {
    let mut w = World::with(|c| c.points.daily_cap = 25).await;
    for n in 1..=4 {
        tip(&mut w, COURIER, &format!("case {n}")).await;
        press(&mut w, OFFICER, &format!("lv:{n}")).await;
    }
    assert_eq!(w.points(COURIER).await, (25, 0));
    w.jump(4 * 3600).await;
    tip(&mut w, COURIER, "after midnight in Shanghai").await;
    press(&mut w, OFFICER, "lv:5").await;
    assert_eq!(w.points(COURIER).await, (35, 0));
    w.end().await;
}

#[tokio::test]
async fn the_monthly_cap_holds_over_days() {
    let mut w = World::with(|c| c.points.monthly_cap = 15).await;
    for n in 1..=2 {
        tip(&mut w, COURIER, "a van").await;
        press(&mut w, OFFICER, &format!("lv:{n}")).await;
        w.jump(24 * 3600).await;
    }
    assert_eq!(w.points(COURIER).await, (15, 0));
    w.jump(10 * 24 * 3600).await;
    tip(&mut w, COURIER, "in December").await;
    press(&mut w, OFFICER, "lv:3").await;
    assert_eq!(w.points(COURIER).await, (25, 0));
    w.end().await;
}

#[tokio::test]
async fn what_was_taken_back_does_not_fill_the_cap() {
    let mut w = World::with(|c| c.points.daily_cap = 10).await;
    tip(&mut w, COURIER, "a van").await;
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER, "lo:1").await;
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(COURIER).await, (10, 0));
    w.end().await;
}

#[tokio::test]
async fn a_share_is_capped_as_well() {
    for order in [["lD:3:1", "lv:1"], ["lv:1", "lD:3:1"]] {
        let mut w = World::with(|c| c.points.daily_cap = 12).await;
        tip(&mut w, COURIER, "a van").await;
        tip(&mut w, NEIGHBOUR, "something else").await;
        tip(&mut w, NEIGHBOUR, "a van too").await;
        press(&mut w, OFFICER, "lv:2").await;
        for data in order {
            press(&mut w, OFFICER, data).await;
        }
        assert_eq!(w.points(NEIGHBOUR).await, (12, 0), "{order:?}");
        w.end().await;
    }
}

#[tokio::test]
async fn a_guard_is_rewarded_once_an_alarm() {
    let mut w = World::new().await;
    tip(&mut w, COURIER, "a van").await;
    press(&mut w, OFFICER, "la:1").await;
    let (card, on_scene) = w.button(GUARD, "On scene").unwrap();
    for _ in 0..3 {
        w.push_data(GUARD, GUARD, card, &on_scene).await;
    }
    w.advance(2).await;
    assert_eq!(w.points(GUARD).await, (5, 0));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_guard_nobody_knew_stands_in_the_tally() {
    let mut w = World::with(|c| c.alarm.ring[0].min_points = 3).await;
    tip(&mut w, COURIER, "a van").await;
    press(&mut w, OFFICER, "la:1").await;
    w.press(33, 33, "On scene").await;
    w.advance(2).await;
    assert_eq!(w.points(33).await, (5, 0));
    // `end` compares every balance with the tallies.
    w.end_alarm().await;
}

#[tokio::test]
async fn points_are_shown_in_private_only() {
    let mut w = World::new().await;
    tip(&mut w, COURIER, "a van").await;
    press(&mut w, OFFICER, "lv:1").await;
    tip(&mut w, COURIER, "a second van").await;
    w.say(COURIER, GROUP, "/points").await;
    w.advance(2).await;
    assert_eq!(w.last(GROUP).text, "Points are shown in private only.");
    w.say(COURIER, COURIER, "/points").await;
    w.advance(2).await;
    insta::assert_snapshot!("statement", w.chat(COURIER));
    w.say(999, 999, "/points").await;
    w.advance(1).await;
    assert_eq!(w.last(999).text, "Points to spend 0, waiting for police 0\nEarned this month 0");
    w.end().await;
}

#[tokio::test]
async fn a_crash_between_any_two_steps_pays_once() {
    let story = ["lD:2:1", "lv:1", "lz:1:2", "lv:1", "lo:1", "lv:1"];
    for crash in 0..=story.len() * 2 {
        let mut w = World::new().await;
        tip(&mut w, COURIER, "a van").await;
        tip(&mut w, NEIGHBOUR, "batteries").await;
        let card = w.last(DESK).id;
        for (n, data) in story.into_iter().enumerate() {
            w.push_data(OFFICER, DESK, card, data).await;
            if crash > 0 && (crash - 1) / 2 == n {
                if crash % 2 == 0 {
                    w.think().await;
                }
                w.crash().await;
            }
            w.advance(2).await;
        }
        assert_eq!((w.points(COURIER).await, w.points(NEIGHBOUR).await), ((10, 0), (5, 0)), "crash {crash}");
        w.end().await;
    }
}

#[tokio::test]
async fn any_balance_is_recomputed_from_nothing() {
    let mut w = World::new().await;
    for (n, who) in [COURIER, NEIGHBOUR, COURIER].into_iter().enumerate() {
        tip(&mut w, who, &format!("case {n}")).await;
    }
    for data in ["lv:1", "lD:2:1", "lu:3", "lo:3", "lo:1", "lv:1"] {
        press(&mut w, OFFICER, data).await;
    }
    let sums = "SELECT CAST(COALESCE(SUM(CASE WHEN credit = 'person' AND credit_user = 11 THEN amount ELSE 0 END) \
                - SUM(CASE WHEN debit = 'person' AND debit_user = 11 THEN amount ELSE 0 END), 0) AS BIGINT) FROM transfer";
    assert_eq!(w.number(sums).await, w.points(COURIER).await.0);
    let tallies = w.store.tallies(baiying::domain::id::Millis(0), baiying::domain::id::Millis(i64::MAX)).await.unwrap();
    let courier = tallies.iter().find(|t| t.member.user == UserId(COURIER)).unwrap();
    assert_eq!((courier.opening, courier.earned, courier.corrected, courier.closing), (0, 20, -10, 10));
    w.end().await;
}
