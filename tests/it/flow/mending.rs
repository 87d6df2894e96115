//! What a reporter taps on a receipt: time, category and place mended, the tip taken back.

use crate::world::{COURIER, DESK, GROUP, NEIGHBOUR, OFFICER, World};

const TOWN: [(&str, i64); 2] = [("group", GROUP), ("desk", DESK)];

async fn tipped() -> World {
    let mut w = World::new().await;
    w.say(NEIGHBOUR, NEIGHBOUR, "/start").await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(2).await;
    w
}

#[tokio::test]
async fn the_time_is_an_hour_earlier_with_two_taps() {
    let mut w = tipped().await;
    w.press(COURIER, GROUP, "Mend time").await;
    w.advance(2).await;
    insta::assert_snapshot!("time_choices", w.chat(GROUP));
    w.press(COURIER, GROUP, "1 h earlier").await;
    assert_eq!(w.answer(), "Mended");
    w.advance(2).await;
    insta::assert_snapshot!("time_mended", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn a_tip_is_never_moved_into_the_future() {
    let mut w = tipped().await;
    for _ in 0..2 {
        w.press(COURIER, GROUP, "Mend time").await;
        w.advance(2).await;
        w.press(COURIER, GROUP, "1 h later").await;
        w.advance(2).await;
    }
    assert_eq!(w.answer(), "That cannot be: it would be in the future, or is no longer on the list");
    assert!(w.chat(DESK).contains("When: 20:00"), "{}", w.chat(DESK));
    w.end().await;
}

#[tokio::test]
async fn one_press_that_arrives_twice_moves_the_time_once() {
    let mut w = tipped().await;
    w.press(COURIER, GROUP, "Mend time").await;
    w.advance(2).await;
    w.push(COURIER, GROUP, "1 h earlier").await;
    w.push(COURIER, GROUP, "1 h earlier").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("When: 18:00"), "{}", w.chat(DESK));
    assert_eq!(w.number("SELECT version FROM lead").await, 2);
    w.end().await;
}

#[tokio::test]
async fn category_and_place_are_mended_by_tap() {
    let mut w = tipped().await;
    w.press(COURIER, GROUP, "Mend kind").await;
    w.advance(2).await;
    w.press(COURIER, GROUP, "fire hazard").await;
    w.advance(2).await;
    w.press(COURIER, GROUP, "Mend place").await;
    assert_eq!(w.answer(), "Send a location, or tap the nearest place");
    w.advance(2).await;
    insta::assert_snapshot!("place_choices", w.chat(GROUP));
    w.press(COURIER, GROUP, "At Bridge Shop").await;
    w.advance(2).await;
    insta::assert_snapshot!("category_and_place_mended", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn back_gives_the_receipts_own_buttons_again() {
    let mut w = tipped().await;
    let before = w.chat(GROUP);
    for way in ["Mend time", "Mend kind", "Mend place", "Take back"] {
        w.press(COURIER, GROUP, way).await;
        w.advance(2).await;
        assert_ne!(w.chat(GROUP), before, "{way}");
        w.press(COURIER, GROUP, "Back").await;
        w.advance(2).await;
        assert_eq!(w.chat(GROUP), before, "{way}");
    }
    w.end().await;
}

#[tokio::test]
async fn only_the_reporter_mends() {
    let mut w = tipped().await;
    let before = w.chats(&TOWN);
    for other in [NEIGHBOUR, OFFICER] {
        for way in ["Mend time", "Mend kind", "Mend place", "Take back"] {
            w.press(other, GROUP, way).await;
            assert_eq!(w.answer(), "Only the person who sent it can do this", "{other} {way}");
        }
    }
    w.advance(5).await;
    assert_eq!(w.chats(&TOWN), before);
    w.end().await;
}

#[tokio::test]
async fn a_tip_is_taken_back_with_a_second_tap() {
    let mut w = tipped().await;
    assert_eq!(w.points(COURIER).await, (0, 10));
    w.press(COURIER, GROUP, "Take back").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("State: new"), "one tap does nothing yet");
    w.press(COURIER, GROUP, "Yes, take it back").await;
    w.advance(2).await;
    insta::assert_snapshot!("taken_back", w.chats(&TOWN));
    assert_eq!(w.points(COURIER).await, (0, 0));
    w.end().await;
}

#[tokio::test]
async fn nothing_is_mended_once_police_have_decided() {
    let mut w = tipped().await;
    let (message, data) = w.button(GROUP, "Mend time").unwrap();
    w.press(OFFICER, DESK, "Verify").await;
    w.advance(2).await;
    assert!(w.button(GROUP, "Mend time").is_none());
    w.push_data(COURIER, GROUP, message, &data).await;
    w.settle().await;
    assert_eq!(w.answer(), "This lead has been dealt with and cannot be changed");
    w.end().await;
}

#[tokio::test]
async fn a_button_nobody_knows_is_answered() {
    let mut w = tipped().await;
    for data in ["", "zz", "mt:", "mt:-4", "mC:1:9999", "lv:99999", "mP:1:0:0", "aa:1:", "💥", "lz:1:x"] {
        let message = w.last(GROUP).id;
        w.push_data(COURIER, GROUP, message, data).await;
        w.settle().await;
    }
    w.end().await;
}

#[tokio::test]
async fn a_mended_time_outlives_an_edit_of_other_words() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a blu van").await;
    w.advance(2).await;
    w.press(COURIER, GROUP, "Mend time").await;
    w.advance(2).await;
    w.press(COURIER, GROUP, "1 h earlier").await;
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 7 pm, a blue van").await;
    w.advance(3).await;
    assert!(w.chat(GROUP).contains("When: 18:00"), "{}", w.chat(GROUP));
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 5 pm, a blue van").await;
    w.advance(3).await;
    assert!(w.chat(GROUP).contains("When: 5 pm"), "other words for the time count: {}", w.chat(GROUP));
    w.end().await;
}
