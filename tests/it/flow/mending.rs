//! What a reporter taps on a receipt: time, category and place mended, the tip taken back.

use crate::world::{COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICER, World};
use baiying::domain::member::Language;

const TOWN: [(&str, i64); 2] = [("group", GROUP), ("desk", DESK)];

async fn tipped() -> World {
    let mut w = World::new().await;
    w.say(NEIGHBOUR, NEIGHBOUR, "/start").await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(2).await;
    w
}

#[tokio::test]
async fn each_tap_steps_from_the_time_that_stands() {
    let mut w = tipped().await;
    insta::assert_snapshot!("one_line", w.chat(GROUP));
    for (label, answer) in [
        ("1 h earlier", "Now: 18:00"),
        ("1 h earlier", "Now: 17:00"),
        ("1 h later", "Now: 18:00"),
        ("The day before", "Now: 11-20 18:00"),
    ] {
        w.press(COURIER, GROUP, label).await;
        assert_eq!(w.answer(), answer);
        w.advance(2).await;
    }
    insta::assert_snapshot!("time_mended", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn an_interval_keeps_its_length_and_a_day_moves_by_days() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge between 3 pm and 5 pm, a van").await;
    w.advance(2).await;
    w.press(COURIER, GROUP, "1 h earlier").await;
    assert_eq!(w.answer(), "Now: 14:00–16:00");
    w.advance(2).await;
    w.press(COURIER, GROUP, "The day before").await;
    assert_eq!(w.answer(), "Now: 11-20 14:00–16:00");
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge on November 19, a bike").await;
    w.advance(2).await;
    w.press(NEIGHBOUR, GROUP, "The day after").await;
    assert_eq!(w.answer(), "Now: 11-20");
    w.end().await;
}

#[tokio::test]
async fn a_tip_is_never_moved_into_the_future() {
    let mut w = tipped().await;
    for _ in 0..2 {
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
    w.push(COURIER, GROUP, "1 h earlier").await;
    w.push(COURIER, GROUP, "1 h earlier").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("When: 18:00"), "{}", w.chat(DESK));
    assert_eq!(w.number("SELECT version FROM lead").await, 2);
    w.end().await;
}

#[tokio::test]
async fn category_and_place_are_mended_by_one_tap() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, they fight over a van").await;
    w.advance(2).await;
    assert!(
        w.chat(GROUP).contains("[fight] [robbery or snatching] [suspicious activity] [more…]"),
        "{}",
        w.chat(GROUP)
    );
    w.press(COURIER, GROUP, "fight").await;
    assert_eq!(w.answer(), "Now: fight");
    w.advance(2).await;
    w.press(COURIER, GROUP, "more…").await;
    w.advance(2).await;
    insta::assert_snapshot!("all_categories", w.chat(GROUP));
    w.press(COURIER, GROUP, "fire hazard").await;
    w.advance(2).await;
    assert!(w.chat(GROUP).contains("[At Bridge Shop] [At Hill School] [At 东门市场]"), "{}", w.chat(GROUP));
    w.press(COURIER, GROUP, "At Bridge Shop").await;
    assert_eq!(w.answer(), "Now: Bridge Shop");
    w.advance(2).await;
    insta::assert_snapshot!("category_and_place_mended", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn where_no_place_was_understood_those_spelt_alike_come_first() {
    let mut w = World::with(|c| c.language = Language::Zh).await;
    w.say(COURIER, GROUP, "#盗窃 晚上7点 地点：东门大市场楼 描述：电瓶被偷").await;
    w.advance(2).await;
    let shown = w.chat(GROUP);
    let first = shown.find("[在 东门市场]").expect(&shown);
    assert!(first < shown.find("[在 Old Bridge]").expect(&shown), "{shown}");
    w.press(COURIER, GROUP, "在 东门市场").await;
    assert_eq!(w.answer(), "已更正：东门市场");
    w.press(COURIER, GROUP, "别的地点").await;
    assert_eq!(w.answer(), "可以直接发送位置或地图链接，或回复这条消息写明地点");
    w.end().await;
}

#[tokio::test]
async fn back_gives_the_receipts_own_buttons_again() {
    let mut w = tipped().await;
    let before = w.chat(GROUP);
    for way in ["more…", "Take back"] {
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
async fn only_the_reporter_and_police_mend() {
    let mut w = tipped().await;
    let before = w.chats(&TOWN);
    for way in ["1 h earlier", "At Bridge Shop", "robbery", "more…", "Another place…"] {
        w.press(NEIGHBOUR, GROUP, way).await;
        assert_eq!(w.answer(), "Only the person who sent it, or police, can do this", "{way}");
    }
    for other in [NEIGHBOUR, OFFICER] {
        w.press(other, GROUP, "Take back").await;
        assert_eq!(w.answer(), "Only the person who sent it can do this", "{other}");
    }
    w.advance(5).await;
    assert_eq!(w.chats(&TOWN), before);
    w.press(OFFICER, GROUP, "1 h earlier").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("When: 18:00"), "{}", w.chat(DESK));
    assert_eq!(w.rows("SELECT by_user || ' ' || action FROM lead_event WHERE version = 2").await, ["21 mend"]);
    w.end().await;
}

#[tokio::test]
async fn police_mend_at_the_desk_what_was_told_in_private() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Mend…").await;
    w.advance(2).await;
    w.press(GUARD, DESK, "1 h earlier").await;
    assert_eq!(w.answer(), "Only the person who sent it, or police, can do this");
    for _ in 0..2 {
        w.press(OFFICER, DESK, "1 h earlier").await;
        w.advance(2).await;
    }
    w.press(OFFICER, DESK, "more…").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "robbery").await;
    w.advance(2).await;
    insta::assert_snapshot!("at_desk", w.chat(DESK));
    assert!(w.last(COURIER).text.contains("robbery or snatching · 17:00 · Old Bridge"), "{}", w.last(COURIER).text);
    w.press(OFFICER, DESK, "Back").await;
    w.advance(2).await;
    assert!(w.button(DESK, "Verify").is_some());
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
    let (message, data) = w.button(GROUP, "1 h earlier").unwrap();
    w.press(OFFICER, DESK, "Verify").await;
    w.advance(2).await;
    assert!(w.button(GROUP, "1 h earlier").is_none());
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
    w.press(COURIER, GROUP, "1 h earlier").await;
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 7 pm, a blue van").await;
    w.advance(3).await;
    assert!(w.chat(GROUP).contains(" · 18:00 · "), "{}", w.chat(GROUP));
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 5 pm, a blue van").await;
    w.advance(3).await;
    assert!(w.chat(GROUP).contains(" · 5 pm (17:00) · "), "other words for the time count: {}", w.chat(GROUP));
    w.end().await;
}
