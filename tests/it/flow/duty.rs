//! Duty in chat: on, off, swaps, and what the desk hears of it.

use crate::world::{ADMIN, CLERK, COURIER, DESK, EVENING, GROUP, GUARD, GUARD2, OFFICE, OFFICER, OFFICER2, World};
use baiying::domain::duty::{Days, OnHolidays, Rota, Shift};
use baiying::domain::id::UserId;
use baiying::port::store::Store;
use chrono::NaiveTime;

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn shift(user: i64, post: &str, from: &str, to: &str) -> Shift {
    Shift {
        user: UserId(user),
        post: post.into(),
        days: Days::ALL,
        from: time(from),
        to: time(to),
        first: None,
        last: None,
        holidays: OnHolidays::Also,
    }
}

/// Guard Chen is at P1 by night, Guard Zhao by day; both answer for it.
async fn rotating() -> World {
    let mut w = World::new().await;
    let mut point = w.store.town().await.unwrap().points[0].clone();
    point.contacts = vec![UserId(GUARD), UserId(GUARD2)];
    w.store.import_points(&[point]).await.unwrap();
    let shifts = vec![
        shift(GUARD, "P1", "18:00", "06:00"),
        shift(GUARD2, "P1", "06:00", "18:00"),
        shift(GUARD2, "P2", "06:00", "18:00"),
    ];
    w.store.replace_rota(&Rota { shifts, ..Rota::default() }).await.unwrap();
    w.advance(2).await;
    w
}

async fn duty(w: &World, user: i64, point: &str) -> bool {
    let town = w.store.town().await.unwrap();
    let duty = baiying::domain::duty::Duty::new(town.rota, chrono_tz::Asia::Shanghai);
    duty.on_duty(UserId(user), Some(point), w.now())
}

#[tokio::test]
async fn the_card_says_what_holds_and_what_comes() {
    let mut w = rotating().await;
    w.say(GUARD, GUARD, "/duty").await;
    w.advance(3).await;
    w.say(GUARD2, GUARD2, "/duty").await;
    w.advance(3).await;
    w.say(OFFICER, OFFICER, "/duty").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.chats(&[("night", GUARD), ("day", GUARD2), ("officer", OFFICER)]));
    w.end().await;
}

#[tokio::test]
async fn it_is_for_those_who_serve_and_in_private() {
    let mut w = rotating().await;
    w.say(COURIER, COURIER, "/duty").await;
    w.advance(3).await;
    assert_eq!(w.count(COURIER, "Duty is for liaison points"), 1);
    w.say(GUARD, GROUP, "/duty").await;
    w.advance(3).await;
    assert_eq!(w.count(GROUP, "Duty is a matter for the private chat"), 1);
    w.say(GUARD, GUARD, "/start duty").await;
    w.advance(3).await;
    assert_eq!(w.count(GUARD, "You are on duty"), 1);
    w.say(GUARD, GUARD, "/help").await;
    w.advance(3).await;
    w.say(COURIER, COURIER, "/help").await;
    w.advance(3).await;
    assert!(w.chat(GUARD).contains("/duty") && !w.last(COURIER).text.contains("/duty"));
    w.end().await;
}

#[tokio::test]
async fn off_holds_until_the_turn_ends_and_the_desk_hears_of_an_empty_post() {
    let mut w = rotating().await;
    assert!(duty(&w, GUARD, "P1").await);
    w.say(GUARD, GUARD, "/duty").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "I am off").await;
    assert_eq!(
        w.answer(),
        "Noted: you are off and will not be called until 11-22 06:00, when the next shift begins or ends"
    );
    w.advance(3).await;
    assert!(!duty(&w, GUARD, "P1").await);
    assert!(w.chat(GUARD).contains("off duty now; alarms") || w.chat(GUARD).contains("off duty now, on again at"));
    assert_eq!(w.count(GUARD, "duty"), 1, "the card is edited: {}", w.chat(GUARD));
    assert_eq!(
        w.count(DESK, "Nobody is on duty at P1 Bridge Shop now: Guard Chen went off. Empty until 11-22 06:00"),
        1
    );
    w.press(GUARD, GUARD, "I am on").await;
    assert_eq!(w.answer(), "Noted: you are on until 11-22 06:00, when the next shift begins or ends");
    w.advance(3).await;
    assert!(duty(&w, GUARD, "P1").await);
    assert_eq!(w.count(DESK, "Nobody is on duty"), 1, "no second word");
    // Off again; the next evening the rota holds again.
    w.press(GUARD, GUARD, "I am off").await;
    w.advance(23 * 3600).await;
    assert!(duty(&w, GUARD, "P1").await);
    w.end().await;
}

#[tokio::test]
async fn who_has_no_shifts_is_off_until_they_say_otherwise() {
    let mut w = World::new().await;
    assert!(duty(&w, GUARD, "P1").await);
    w.say(GUARD, GUARD, "/duty").await;
    w.advance(3).await;
    assert_eq!(w.count(GUARD, "You are not in the rota"), 1);
    w.press(GUARD, GUARD, "I am off").await;
    assert_eq!(w.answer(), "Noted: you are off and will not be called until you say that you are on");
    w.advance(30 * 24 * 3600).await;
    assert!(!duty(&w, GUARD, "P1").await);
    assert_eq!(w.count(DESK, "Nobody is on duty at P1 Bridge Shop now"), 1);
    w.press(GUARD, GUARD, "I am on").await;
    assert!(duty(&w, GUARD, "P1").await);
    w.end().await;
}

#[tokio::test]
async fn a_word_that_leaves_somebody_there_does_not_trouble_the_desk() {
    let mut w = rotating().await;
    w.say(GUARD2, GUARD2, "/duty").await;
    w.advance(3).await;
    w.press(GUARD2, GUARD2, "I am on").await;
    w.advance(3).await;
    w.press(GUARD2, GUARD2, "I am off").await;
    w.advance(3).await;
    assert_eq!(w.count(DESK, "Nobody is on duty at P1"), 0, "the night guard is there");
    assert_eq!(w.count(DESK, "Nobody is on duty at P2"), 1);
    w.end().await;
}

async fn asked(w: &mut World) {
    w.say(GUARD, GUARD, "/duty").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "Swap a turn").await;
    w.advance(2).await;
    w.press(GUARD, GUARD, "11-22 18:00–06:00 P1 Bridge Shop").await;
    w.advance(2).await;
    w.press(GUARD, GUARD, "Guard Zhao").await;
    w.advance(2).await;
}

#[tokio::test]
async fn a_swap_is_asked_for_and_taken() {
    let mut w = rotating().await;
    asked(&mut w).await;
    assert_eq!(w.count(GUARD, "Guard Zhao was asked: 11-22 18:00–06:00 P1 Bridge Shop"), 1);
    insta::assert_snapshot!(w.chat(GUARD2), @"
    🔁 Guard Chen asks you to take a turn: 11-22 18:00–06:00 P1 Bridge Shop. Can you?
      [Take it] [No]
    ");
    assert_eq!(w.number("SELECT count(*) FROM duty_swap").await, 0, "nothing holds before it is taken");
    w.press(GUARD2, GUARD2, "Take it").await;
    assert_eq!(w.answer(), "It is yours");
    w.advance(3).await;
    assert_eq!(w.count(GUARD, "Guard Zhao takes your turn: 11-22 18:00–06:00 P1 Bridge Shop"), 1);
    insta::assert_snapshot!(w.chat(GUARD2), @"✅ You took the turn of Guard Chen: 11-22 18:00–06:00 P1 Bridge Shop");
    w.advance(24 * 3600).await;
    assert!(!duty(&w, GUARD, "P1").await && duty(&w, GUARD2, "P1").await, "the evening after");
    w.advance(24 * 3600).await;
    assert!(duty(&w, GUARD, "P1").await && !duty(&w, GUARD2, "P1").await, "that turn alone");
    w.end().await;
}

#[tokio::test]
async fn a_refusal_is_told_and_changes_nothing() {
    let mut w = rotating().await;
    asked(&mut w).await;
    w.press(GUARD2, GUARD2, "No").await;
    w.advance(2).await;
    assert_eq!(w.count(GUARD, "Guard Zhao cannot take your turn"), 1);
    assert_eq!(w.number("SELECT count(*) FROM duty_swap").await, 0);
    w.end().await;
}

#[tokio::test]
async fn a_turn_that_was_taken_can_be_given_back() {
    let mut w = rotating().await;
    asked(&mut w).await;
    w.press(GUARD2, GUARD2, "Take it").await;
    w.advance(3).await;
    w.say(GUARD2, GUARD2, "/duty").await;
    w.advance(3).await;
    assert_eq!(w.count(GUARD2, "11-22 18:00–06:00 P1 Bridge Shop (for a colleague)"), 1);
    w.press(GUARD2, GUARD2, "Swap a turn").await;
    w.advance(3).await;
    w.press(GUARD2, GUARD2, "11-22 18:00–06:00 P1").await;
    w.press(GUARD2, GUARD2, "Guard Chen").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "Take it").await;
    assert_eq!(w.answer(), "It is yours");
    assert_eq!(w.number("SELECT count(*) FROM duty_swap").await, 0, "as the rota says");
    w.end().await;
}

#[tokio::test]
async fn stale_and_foreign_taps_are_refused_with_a_reason() {
    let mut w = rotating().await;
    asked(&mut w).await;
    let (message, take) = w.button(GUARD2, "Take it").unwrap();
    // Somebody else with the button's data: in a chat of their own, and in a group.
    w.push_data(OFFICER, OFFICER, message, &take).await;
    w.settle().await;
    assert_eq!(w.answer(), "It was not you who was asked; let your colleague tap");
    w.push_data(GUARD2, GROUP, message, &take).await;
    w.settle().await;
    assert_eq!(w.answer(), "Duty is a matter for the private chat.");
    w.push_data(COURIER, COURIER, message, &take).await;
    w.settle().await;
    assert!(w.answer().starts_with("Duty is for liaison points"));
    // Taken twice.
    w.press(GUARD2, GUARD2, "Take it").await;
    w.advance(3).await;
    w.push_data(GUARD2, GUARD2, message, &take).await;
    w.settle().await;
    assert_eq!(w.answer(), "Somebody else has taken this turn; you are not needed");
    assert_eq!(w.number("SELECT count(*) FROM duty_swap").await, 1);
    // Over.
    w.say(GUARD, GUARD, "/duty").await;
    w.advance(3).await;
    w.press(GUARD, GUARD, "Swap a turn").await;
    w.advance(3).await;
    let (card, turn) = w.button(GUARD, "11-21 18:00–06:00 P1").unwrap();
    w.advance(11 * 3600).await;
    w.push_data(GUARD, GUARD, card, &turn).await;
    w.settle().await;
    assert_eq!(w.answer(), "This turn is over, or is not in the rota any more");
    w.end().await;
}

#[tokio::test]
async fn a_shift_that_left_the_rota_cannot_be_taken() {
    let mut w = rotating().await;
    asked(&mut w).await;
    w.store.replace_rota(&Rota::default()).await.unwrap();
    w.advance(2).await;
    w.press(GUARD2, GUARD2, "Take it").await;
    assert_eq!(w.answer(), "This turn is over, or is not in the rota any more");
    w.end().await;
}

#[tokio::test]
async fn coverage_is_told_at_the_desk_the_office_and_to_police() {
    let mut w = rotating().await;
    w.store
        .replace_rota(&Rota {
            shifts: vec![
                shift(GUARD2, "P1", "06:00", "18:00"),
                shift(GUARD, "P1", "18:00", "00:00"),
                shift(GUARD, "P2", "08:00", "09:00"),
            ],
            ..Rota::default()
        })
        .await
        .unwrap();
    w.advance(2).await;
    w.say(OFFICER2, DESK, "/coverage 2").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.last(DESK).text);
    w.say(CLERK, OFFICE, "/coverage").await;
    w.advance(3).await;
    assert_eq!(w.count(OFFICE, "Hours with nobody on duty"), 1);
    w.say(OFFICER, OFFICER, "/coverage").await;
    w.advance(3).await;
    assert_eq!(w.count(OFFICER, "Hours with nobody on duty"), 1);
    w.say(OFFICER, OFFICER, "/coverage 99").await;
    w.advance(3).await;
    assert_eq!(w.count(OFFICER, "a number of days (1 to 60)"), 1);
    for chat in [ADMIN, GUARD] {
        w.say(chat, chat, "/coverage").await;
        w.advance(3).await;
        assert_eq!(w.count(chat, "/coverage is for the desk"), 1);
    }
    assert!(EVENING < w.now());
    w.end().await;
}
