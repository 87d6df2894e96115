//! What goes wrong: the platform's refusals, crashes, and input that nobody meant.

use crate::world::{COURIER, DESK, GROUP, NEIGHBOUR, OFFICER, World};
use baiying::port::chat::SendError;
use serde_json::{Value, json};

/// Bytes of every sort that people and their keyboards send.
fn odd_words() -> Vec<String> {
    let mut out: Vec<String> = [
        "",
        " ",
        "\n\n\t",
        "🔥🔥🔥",
        "👨‍👩‍👧‍👦🏳️‍🌈",
        "\u{202e}evitcefed\u{202c}",
        "مرحبا سرقة",
        "\u{200b}\u{200d}\u{feff}",
        "a\u{0}b",
        "<b>bold</b> & <script>alert(1)</script> &amp; &lt;",
        "<code>",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "@SUM(A1)",
        "'; DROP TABLE lead; --",
        "%00%n%s{}{0}$1\\",
        "# # # #",
        "地点：时间：描述：",
        "at at at 99:99 32/13/2026 99999999999999999999 am",
        "-91.0,181.0 1e999,NaN",
        "\u{1F1E8}\u{1F1F3}\u{0301}\u{0301}\u{0301}",
    ]
    .map(str::to_owned)
    .into();
    out.push("x".repeat(10_000));
    out.push("水".repeat(10_000));
    out.push("<&>".repeat(4_000));
    out.push("🔥".repeat(5_000));
    out.push("7 pm Old Bridge ".repeat(700));
    out
}

#[tokio::test]
async fn odd_words_make_leads_that_can_be_read_and_decided() {
    let mut w = World::with(|c| (c.tip.fold_receipts_from, c.tip.fold_cards_from) = (0, 0)).await;
    let words = odd_words();
    for (n, words) in words.iter().enumerate() {
        let user = 2000 + n as i64;
        w.post(user, GROUP, json!({ "text": format!("#theft {words}") })).await;
        w.post(user, GROUP, json!({ "text": format!("/tip {words}") })).await;
        w.post(user, user, json!({ "text": words })).await;
    }
    w.advance(400).await;
    let leads = w.number("SELECT COUNT(*) FROM lead").await;
    assert!(leads >= 2 * words.len() as i64, "{leads} leads of {} tips", 2 * words.len());
    let card = w.last(DESK).id;
    for lead in 1..=leads {
        w.push_data(OFFICER, DESK, card, &format!("la:{lead}")).await;
        w.push_data(OFFICER, DESK, card, &format!("lv:{lead}")).await;
    }
    w.advance(1200).await;
    assert_eq!(w.number("SELECT COUNT(*) FROM lead WHERE state = 'verified'").await, leads);
    assert_eq!(w.number("SELECT COUNT(*) FROM outbox WHERE state = 'failed'").await, 0);
    for alarm in 1..=w.number("SELECT COUNT(*) FROM alarm").await {
        w.push_data(OFFICER, DESK, card, &format!("ad:{alarm}")).await;
    }
    w.advance(900).await;
    w.end().await;
}

#[tokio::test]
async fn markup_in_a_tip_is_shown_as_it_was_written() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm <b>bold</b> & <a href=\"x\">y</a> &lt; x").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("<b>bold</b> & <a href=\"x\">y</a> &lt; x"), "{}", w.chat(DESK));
    w.end().await;
}

#[tokio::test]
async fn garbage_and_unknown_updates_are_skipped_and_their_neighbours_are_not() {
    let mut w = World::new().await;
    let odd = [
        "",
        "null",
        "[]",
        "{",
        "\"text\"",
        "{\"update_id\":1}",
        "{\"update_id\":2,\"message\":null}",
        "{\"update_id\":3,\"message\":{}}",
        "{\"update_id\":4,\"message\":{\"message_id\":\"x\",\"chat\":[]}}",
        "{\"update_id\":5,\"telepathy\":{\"from\":{\"id\":11},\"thought\":\"#theft\"}}",
        "{\"update_id\":6,\"message_reaction\":{\"chat\":{\"id\":-100},\"message_id\":1,\"new_reaction\":[]}}",
        "{\"update_id\":7,\"callback_query\":{\"id\":\"1\"}}",
        "{\"update_id\":8,\"callback_query\":{\"id\":\"1\",\"from\":{\"id\":11},\"inline_message_id\":\"z\",\"data\":\"lv:1\"}}",
        "{\"update_id\":9,\"poll\":{\"id\":\"1\"},\"message\":{\"message_id\":1,\"date\":\"never\",\"chat\":{\"id\":-100}}}",
        "{\"update_id\":10,\"message\":{\"panic\":\"PANIC-PLEASE\"}}",
        "{\"update_id\":1e99,\"message\":{\"date\":1e99}}",
        "{\"update_id\":11,\"message\":{\"message_id\":9223372036854775807,\"date\":9223372036854775807,\
         \"chat\":{\"id\":-100,\"type\":\"supergroup\"},\"from\":{\"id\":11,\"first_name\":\"x\"},\"text\":\"#theft\"}}",
    ];
    for (n, json) in odd.iter().enumerate() {
        w.raw(90_000 + n as i64, GROUP, json).await;
        let user = 3000 + n as i64;
        w.post(user, GROUP, json!({ "text": format!("#theft at Old Bridge 7 pm, neighbour-{n}.") })).await;
    }
    w.advance(300).await;
    for (n, json) in odd.iter().enumerate() {
        let count = w
            .rows("SELECT description FROM lead")
            .await
            .iter()
            .filter(|d| d.contains(&format!("neighbour-{n}.")))
            .count();
        assert_eq!(count, 1, "after {json}");
    }
    w.end().await;
}

#[tokio::test]
async fn every_update_of_the_corpus_goes_through_intake() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/flow/data/updates.jsonl");
    let file = std::env::var("BAIYING_CORPORA").map_or(own.to_owned(), |folder| format!("{folder}/updates-dev.jsonl"));
    let lines = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut w = World::with(|c| (c.tip.fold_receipts_from, c.tip.fold_cards_from) = (1, 1)).await;
    let mut count = 0;
    for (n, line) in lines.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        let mut update = line["update"].clone();
        let id = 1_000_000 + 2 * n as i64;
        if let Some(number) = update.get_mut("update_id") {
            *number = id.into();
        }
        let json = update.to_string();
        let chat = baiying::adapter::telegram::decode::peek(&json).map_or(0, |(_, chat)| chat.0);
        w.raw(id, chat, &json).await;
        w.post(4000 + n as i64, GROUP, json!({ "text": format!("#theft at Old Bridge 7 pm, neighbour-{n}.") })).await;
        count += 1;
    }
    w.advance(600).await;
    let words = w.rows("SELECT description FROM lead").await;
    let lost = (0..count).find(|n| !words.iter().any(|d| d.contains(&format!("neighbour-{n}."))));
    assert_eq!((lost, count > 0), (None, true));
    w.end().await;
}

#[tokio::test]
async fn asked_to_wait_the_message_waits_and_is_not_lost() {
    let mut w = World::new().await;
    w.fail_next(GROUP, SendError::RetryAfter(30_000));
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(29).await;
    assert_eq!(w.chat(GROUP), "");
    assert!(w.chat(DESK).contains("Lead 1"), "another chat does not wait");
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Received"), 1);
    w.end().await;
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_again() {
    let mut w = World::new().await;
    for _ in 0..3 {
        w.fail_next(GROUP, SendError::Unknown("502".into()));
    }
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(60).await;
    assert_eq!(w.count(GROUP, "Received"), 1);
    w.end().await;
}

#[tokio::test]
async fn what_stands_after_an_unknown_edit_is_not_taken_for_known() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Out of scope").await;
    w.advance(2).await;
    // The edit back is made, nobody hears of it, and before it is tried again the card is to be as it was.
    w.push(OFFICER, DESK, "Back").await;
    w.think().await;
    assert_eq!(w.crash_after_sending().await, 1);
    assert!(w.button(DESK, "Back").is_none());
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lx:1").await;
    w.think().await;
    w.advance(5).await;
    assert!(w.button(DESK, "Back").is_some(), "{}", w.chat(DESK));
    w.end().await;
}

#[tokio::test]
async fn a_receipt_whose_fate_a_crash_hid_is_doubled_at_most_once_with_the_same_number() {
    let mut w = World::new().await;
    w.post(COURIER, GROUP, json!({ "text": "#theft at Old Bridge 7 pm" })).await;
    w.think().await;
    assert_eq!(w.crash_after_sending().await, 2, "receipt and card were in flight");
    w.advance(5).await;
    assert_eq!((w.count(GROUP, "lead 1"), w.count(DESK, "Lead 1")), (2, 2));
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 1);
    w.press(OFFICER, DESK, "Verify").await;
    w.advance(3).await;
    assert_eq!(w.count(DESK, "State: verified"), 1);
    w.end().await;
}

#[tokio::test]
async fn a_crash_before_anything_is_decided_or_sent_loses_nothing() {
    let mut w = World::new().await;
    w.post(COURIER, GROUP, json!({ "text": "#theft at Old Bridge 7 pm" })).await;
    w.crash().await;
    w.think().await;
    w.crash().await;
    assert_eq!(w.crash_before_sending().await, 2);
    w.advance(5).await;
    assert_eq!((w.count(GROUP, "lead 1"), w.count(DESK, "Lead 1")), (1, 1));
    w.end().await;
}

#[tokio::test]
async fn a_reporter_who_blocked_the_bot_stops_nobody() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    for _ in 0..2 {
        w.fail_next(COURIER, SendError::Unreachable("bot was blocked by the user".into()));
    }
    w.press(OFFICER, DESK, "Verify").await;
    w.advance(5).await;
    assert!(w.chat(DESK).contains("State: verified"));
    assert_eq!(w.points(COURIER).await, (10, 0), "the points are theirs all the same");
    assert_eq!(w.store_failed().await, 2, "given up, and counted");
    w.end().await;
}

#[tokio::test]
async fn a_card_that_somebody_deleted_at_the_desk_is_sent_anew() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    let card = w.last(DESK).id;
    w.take_away(DESK, card);
    w.push_data(OFFICER, DESK, card, "lv:1").await;
    w.advance(3).await;
    assert!(w.last(DESK).text.contains("State: verified"));
    w.press(OFFICER, DESK, "Resolve").await;
    w.advance(3).await;
    assert_eq!(w.count(DESK, "State: resolved"), 1, "the new card is the one that is edited");
    w.end().await;
}

#[tokio::test]
async fn a_deleted_receipt_is_not_sent_again() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    w.take_away(GROUP, w.last(GROUP).id);
    w.press(OFFICER, DESK, "Unfounded").await;
    w.advance(3).await;
    assert_eq!(w.count(GROUP, "lead 1"), 1, "the outcome alone: {}", w.chat(GROUP));
    w.end().await;
}

#[tokio::test]
async fn one_chat_that_fails_for_ever_holds_up_nobody() {
    let mut w = World::new().await;
    for _ in 0..8 {
        w.fail_next(GROUP, SendError::Unknown("timeout".into()));
    }
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(NEIGHBOUR, NEIGHBOUR, "theft at Old Bridge 6 pm").await;
    w.advance(3).await;
    assert!(w.chat(NEIGHBOUR).contains("Received") && w.count(DESK, "📋") == 2);
    w.advance(600).await;
    assert_eq!(w.count(GROUP, "Received"), 1);
    w.end().await;
}

#[tokio::test]
async fn what_was_sent_while_the_store_refused_is_settled_when_it_can_be_and_not_sent_again() {
    let mut w = World::new().await;
    w.post(COURIER, GROUP, json!({ "text": "#theft at Old Bridge 7 pm" })).await;
    w.think().await;
    let sent = w.send_while_the_store_refuses().await;
    assert!(sent >= 2, "a receipt and a card");
    let (group, desk) = (w.chat(GROUP), w.chat(DESK));
    w.advance(120).await;
    assert_eq!((w.chat(GROUP), w.chat(DESK)), (group, desk), "nothing twice");
    w.end().await;
}
