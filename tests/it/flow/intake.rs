//! A tip becomes a lead: which words are one, what joins it, what its reporter reads.

use crate::world::{COURIER, DESK, EVENING, GROUP, NEIGHBOUR, World};
use baiying::config::Mode;
use baiying::domain::member::Language;
use serde_json::{Value, json};

const TOWN: [(&str, i64); 2] = [("group", GROUP), ("desk", DESK)];

fn location(lat: f64, lon: f64) -> Value {
    json!({ "location": { "latitude": lat, "longitude": lon, "horizontal_accuracy": 10.0 } })
}

fn photo(id: &str) -> Value {
    json!({ "photo": [{ "file_id": id, "file_unique_id": id, "width": 9, "height": 9, "file_size": 9 }] })
}

#[tokio::test]
async fn a_short_map_link_is_said_to_hold_no_point_and_the_point_is_asked_for() {
    for (language, told, asked) in [
        (Language::En, "a link that holds no coordinates", "Send the location itself, or the full link"),
        (Language::Zh, "链接里没有坐标，读不出地点", "请直接发送位置，或回复这条消息发带坐标的完整链接"),
    ] {
        for link in ["https://surl.amap.com/1a2b3c4d5e", "https://j.map.baidu.com/ab/cd", "https://maps.app.goo.gl/Xy1"]
        {
            let mut w = World::with(|c| c.language = language).await;
            let tip = w.say(COURIER, GROUP, &format!("#theft 7 pm {link}")).await;
            w.advance(2).await;
            let shown = w.chat(GROUP);
            assert!(shown.contains(told) && shown.contains(asked), "{shown}");
            assert!(w.chat(DESK).contains(told), "{}", w.chat(DESK));
            w.reply(COURIER, GROUP, tip, "https://uri.amap.com/marker?position=113.905,23.0").await;
            w.advance(2).await;
            let shown = w.chat(GROUP);
            assert!(!shown.contains(told) && !shown.contains(asked) && shown.contains("uri.amap.com"), "{shown}");
            w.end().await;
        }
    }
}

#[tokio::test]
async fn an_edit_that_comes_before_its_message_makes_one_lead_with_it() {
    let mut w = World::with(|c| c.telegram.mode = Mode::Webhook).await;
    w.edit(COURIER, GROUP, 7_000, "#theft at Old Bridge 6 pm, two men").await;
    w.say_with(COURIER, GROUP, json!({ "message_id": 7_000, "text": "#theft at Old Bridge 7 pm" })).await;
    w.say_with(COURIER, GROUP, json!({ "message_id": 7_001, "text": "#theft at Old Bridge 5 pm" })).await;
    w.advance(3).await;
    assert_eq!(w.rows("SELECT occurred_text FROM lead ORDER BY id").await, ["6 pm", "5 pm"]);
    w.end().await;
}

#[tokio::test]
async fn a_hashtag_tip_becomes_a_lead() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge, 7 pm, two men loading e-bike batteries into a van").await;
    insta::assert_snapshot!("hashtag", w.chats(&TOWN));
    assert_eq!(w.last(GROUP).reply_to, Some(tip), "the receipt replies to the tip's own message");
    w.end().await;
}

#[tokio::test]
async fn a_short_link_that_holds_no_point_is_said_so_and_the_place_asked_for() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft https://surl.amap.com/4nDzK1x two men at 7 pm").await;
    let receipt = w.chat(GROUP);
    for part in ["a link that holds no coordinates", "Where"] {
        assert!(receipt.contains(part), "no {part} in\n{receipt}");
    }
    w.end().await;
}

#[tokio::test]
async fn the_words_of_every_form_of_tip_are_one() {
    let forms = [
        "#theft battery gone at Old Bridge 7 pm",
        "/tip theft, battery gone at Old Bridge 7 pm",
        "/tip@baiying_bot theft, battery gone at Old Bridge 7 pm",
        "@baiying_bot theft: battery gone at Old Bridge 7 pm",
        "Place: Old Bridge\nTime: 7 pm\nDesc: theft of a battery",
        "地点：Old Bridge 时间：今晚7点 情况：盗窃电瓶",
    ];
    for form in forms {
        let mut w = World::new().await;
        let mut fields = json!({ "text": form });
        if let Some(start) = form.find("@baiying_bot").filter(|n| *n == 0) {
            fields["entities"] = json!([{ "type": "mention", "offset": start, "length": 12 }]);
        } else if form.starts_with('/') {
            let length = form.find(' ').unwrap();
            fields["entities"] = json!([{ "type": "bot_command", "offset": 0, "length": length }]);
        }
        w.say_with(COURIER, GROUP, fields).await;
        let receipt = w.chat(GROUP);
        for part in ["Received: lead 1", "theft or break-in · ", "19:00", "Old Bridge"] {
            assert!(receipt.contains(part), "{form}: no {part} in\n{receipt}");
        }
        w.end().await;
    }
}

#[tokio::test]
async fn chat_among_neighbours_is_left_alone() {
    let mut w = World::new().await;
    for words in ["good evening", "did you see the theft film at Old Bridge?", "# hello", "#", "a@baiying.example"] {
        w.say(COURIER, GROUP, words).await;
    }
    assert_eq!((w.chat(GROUP), w.chat(DESK)), (String::new(), String::new()));
    w.end().await;
}

#[tokio::test]
async fn a_private_tip_shows_police_a_code_and_no_name() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "somebody sells stolen batteries at Old Bridge every evening, seen at 7 pm").await;
    insta::assert_snapshot!("private_tip", w.chats(&[("courier", COURIER), ("desk", DESK)]));
    assert!(!w.chat(DESK).contains("User 11"));
    assert!(!w.chat(DESK).contains("Bridge group"));
    w.say(COURIER, COURIER, "#theft another at Old Bridge, 6 pm").await;
    w.advance(2).await;
    let codes: std::collections::BTreeSet<String> =
        w.find(DESK, "code ").iter().map(|s| s.text.split("code ").nth(1).unwrap()[..8].to_owned()).collect();
    assert_eq!(codes.len(), 2, "tips of one person cannot be joined by their codes");
    w.end().await;
}

#[tokio::test]
async fn greetings_in_private_get_the_help_text() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "hello").await;
    insta::assert_snapshot!("help", w.chat(COURIER));
    w.say(COURIER, COURIER, "thank you!").await;
    assert_eq!(w.chat(DESK), "", "neither is a tip");
    w.end().await;
}

#[tokio::test]
async fn what_is_kept_is_told_at_the_first_contact_and_once() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 6 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "We keep only"), 1);
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 5 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "We keep only"), 2, "another person hears it too");
    w.end().await;
}

#[tokio::test]
async fn two_first_tips_at_once_tell_it_once() {
    let mut w = World::new().await;
    w.post(COURIER, GROUP, json!({ "text": "#theft at Old Bridge 7 pm" })).await;
    w.post(COURIER, COURIER, json!({ "text": "#theft at Old Bridge 6 pm" })).await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "We keep only") + w.count(COURIER, "We keep only"), 1);
    w.end().await;
}

#[tokio::test]
async fn what_is_missing_is_asked_once_and_tapped() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "/tip something odd is going on").await;
    insta::assert_snapshot!("asked_category", w.chat(GROUP));
    w.press(COURIER, GROUP, "theft").await;
    w.advance(2).await;
    insta::assert_snapshot!("asked_place", w.chat(GROUP));
    w.press(COURIER, GROUP, "Hill School").await;
    w.advance(2).await;
    insta::assert_snapshot!("asked_time", w.chat(GROUP));
    w.press(COURIER, GROUP, "About 1 h ago").await;
    w.advance(2).await;
    insta::assert_snapshot!("asked_nothing_more", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn a_question_is_answered_by_a_reply() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft of a battery at 7 pm").await;
    let receipt = w.last(GROUP).id;
    assert!(w.chat(GROUP).contains("Where is it?"));
    w.reply(COURIER, GROUP, receipt, "Old Bridge").await;
    w.advance(2).await;
    let shown = w.chat(GROUP);
    assert!(!shown.contains("❓") && shown.contains(" · Old Bridge"), "{shown}");
    assert_eq!(w.count(GROUP, "lead 1"), 1, "the receipt is edited in place");
    w.end().await;
}

#[tokio::test]
async fn another_persons_reply_changes_nothing() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft of a battery at 7 pm").await;
    let before = w.chats(&TOWN);
    w.reply(NEIGHBOUR, GROUP, w.last(GROUP).id, "Old Bridge").await;
    w.advance(2).await;
    assert_eq!(w.chats(&TOWN), before);
    w.end().await;
}

#[tokio::test]
async fn a_question_is_answered_by_a_location() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft of a battery at 7 pm").await;
    w.say_with(COURIER, GROUP, location(23.0009, 113.9)).await;
    w.advance(2).await;
    let shown = w.chats(&TOWN);
    assert!(shown.contains(" · 23.00090,113.90000 (±10 m, location sent)"), "{shown}");
    assert!(!shown.contains("❓"), "{shown}");
    w.end().await;
}

#[tokio::test]
async fn evidence_joins_the_tip_before_it_and_after_it() {
    let mut w = World::new().await;
    w.say_with(COURIER, GROUP, photo("before")).await;
    w.advance(175).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(175).await;
    w.say_with(COURIER, GROUP, json!({ "voice": { "file_id": "after", "file_unique_id": "a", "duration": 3 } })).await;
    w.advance(3).await;
    insta::assert_snapshot!("evidence", w.chat(DESK));
    let card = w.find(DESK, "📋")[0].id;
    for media in ["[Photo]", "[Voice]"] {
        assert_eq!(w.find(DESK, media)[0].reply_to, Some(card), "{media} hangs under the card");
    }
    w.end().await;
}

#[tokio::test]
async fn evidence_that_is_late_early_or_anothers_does_not_join() {
    let mut w = World::new().await;
    w.say_with(COURIER, GROUP, photo("early")).await;
    w.advance(182).await;
    w.say_with(NEIGHBOUR, GROUP, photo("anothers-before")).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say_with(NEIGHBOUR, GROUP, photo("anothers-after")).await;
    w.advance(182).await;
    w.say_with(COURIER, GROUP, photo("late")).await;
    w.advance(3).await;
    assert_eq!(w.count(DESK, "[Photo]"), 0, "{}", w.chat(DESK));
    assert!(!w.chat(DESK).contains("attached"));
    w.end().await;
}

#[tokio::test]
async fn evidence_in_reply_to_the_tip_joins_however_late() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(COURIER, GROUP, "#fire at Old Bridge 7 pm").await;
    w.advance(4000).await;
    let mut reply = photo("late");
    reply["reply_to_message"] = json!({ "message_id": tip, "date": 0, "chat": { "id": GROUP, "type": "supergroup" } });
    w.say_with(COURIER, GROUP, reply).await;
    w.advance(3).await;
    assert_eq!(w.find(DESK, "[Photo]")[0].text, "[Photo] Attached to lead 1");
    w.end().await;
}

#[tokio::test]
async fn an_album_belongs_to_its_caption() {
    let mut w = World::new().await;
    for n in 0..4 {
        let mut part = photo(&format!("album-{n}"));
        part["media_group_id"] = "7".into();
        if n == 1 {
            part["caption"] = "#theft at Old Bridge 7 pm".into();
        }
        w.post(COURIER, GROUP, part).await;
    }
    w.advance(8).await;
    assert_eq!(w.count(DESK, "[Photo] Attached to lead 1"), 4, "{}", w.chat(DESK));
    assert_eq!(w.count(GROUP, "Received"), 1);
    w.end().await;
}

#[tokio::test]
async fn a_venue_names_the_place() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft 7 pm, by the market I sent").await;
    let at = json!({ "latitude": 23.01, "longitude": 113.91 });
    w.say_with(COURIER, GROUP, json!({ "venue": { "location": at, "title": "East <Market>", "address": "1 Rd" } }))
        .await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("Where: East <Market> (±600 m, venue sent)"), "{}", w.chat(DESK));
    w.end().await;
}

#[tokio::test]
async fn an_edited_tip_revises_its_lead_and_the_old_words_stay_on_file() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a blue van").await;
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 6 pm, a white van").await;
    w.advance(2).await;
    insta::assert_snapshot!("edited", w.chats(&TOWN));
    assert_eq!(w.count(GROUP, "lead 1"), 1, "the receipt is edited in place");
    let before = w.rows("SELECT before FROM lead_event WHERE action = 'edit'").await;
    assert!(before.len() == 1 && before[0].contains("blue van"), "{before:?}");
    w.end().await;
}

#[tokio::test]
async fn an_edit_makes_a_tip_of_what_was_none_and_one_that_changes_nothing_does_nothing() {
    let mut w = World::new().await;
    let words = w.say(COURIER, GROUP, "a van at Old Bridge").await;
    assert_eq!(w.chat(GROUP), "");
    w.edit(COURIER, GROUP, words, "#theft a van at Old Bridge 7 pm").await;
    assert!(w.chat(GROUP).contains("lead 1"));
    w.advance(2).await;
    let sends = w.sends();
    w.edit(COURIER, GROUP, words, "#theft a van at Old Bridge 7 pm").await;
    w.advance(2).await;
    assert_eq!(w.sends(), sends);
    w.end().await;
}

#[tokio::test]
async fn words_added_in_a_reply_outlive_an_edit_of_the_tip() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a blu van").await;
    w.reply(COURIER, GROUP, tip, "the plate ends in 88").await;
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 7 pm, a blue van").await;
    w.advance(3).await;
    let card = w.chat(DESK);
    assert!(
        card.contains("a blue van") && card.contains("the plate ends in 88") && !card.contains("blu van"),
        "{card}"
    );
    w.end().await;
}

#[tokio::test]
async fn an_urgent_receipt_says_to_call() {
    let mut w = World::with(|c| c.emergency_number = "112".into()).await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, somebody has a knife, help!").await;
    insta::assert_snapshot!("urgent", w.chats(&TOWN));
    assert!(w.chat(GROUP).contains("call 112 now"));
    w.end().await;
}

#[tokio::test]
async fn a_busy_group_is_marked_at_once_and_answered_once_a_minute() {
    let mut w = World::new().await;
    let mut tips = Vec::new();
    for n in 0..25 {
        let user = 1000 + n;
        tips.push(w.post(user, GROUP, json!({ "text": format!("#theft at Old Bridge 7 pm, case {n}") })).await);
    }
    w.settle().await;
    w.advance(59).await;
    let marked: Vec<i64> = w.reactions().iter().map(|(_, message, _)| *message).collect();
    assert_eq!(w.count(GROUP, "Received: lead"), 10, "the first ones have a receipt each");
    assert!(marked.iter().all(|m| tips[10..].contains(m)), "{marked:?}");
    w.advance(120).await;
    let marked: std::collections::BTreeSet<i64> = w.reactions().iter().map(|(_, message, _)| *message).collect();
    assert_eq!(marked.len(), 15, "every other one is marked");
    assert_eq!(w.count(GROUP, "tips within a minute"), 1, "{}", w.chat(GROUP));
    insta::assert_snapshot!("folded", w.find(GROUP, "tips within a minute")[0].text);
    w.end().await;
}

#[tokio::test]
async fn who_was_folded_at_the_first_contact_hears_later_what_is_kept() {
    let mut w = World::with(|c| c.tip.fold_receipts_from = 1).await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 6 pm").await;
    w.advance(120).await;
    assert_eq!(w.count(GROUP, "We keep only"), 1, "the folded receipt has no room for it");
    w.say(COURIER, GROUP, "#theft at Old Bridge 5 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "We keep only"), 2, "the courier's first own receipt tells it");
    w.end().await;
}

#[tokio::test]
async fn a_folded_tip_is_corrected_by_a_reply_to_it() {
    let mut w = World::with(|c| c.tip.fold_receipts_from = 1).await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm").await;
    let tip = w.say(COURIER, GROUP, "#theft at 6 pm").await;
    w.advance(5).await;
    w.reply(COURIER, GROUP, tip, "it was at Hill School").await;
    w.advance(60).await;
    let folded = &w.find(GROUP, "tips within a minute")[0].text;
    assert!(folded.contains("2 theft or break-in Hill School"), "the receipt shows what is understood now: {folded}");
    assert!(w.chat(DESK).contains("Hill School"));
    w.end().await;
}

#[tokio::test]
async fn a_busy_desk_gets_one_queue_card_and_urgent_cards() {
    let mut w = World::with(|c| c.tip.fold_cards_from = 3).await;
    for n in 0..12 {
        w.say(1000 + n, GROUP, &format!("#theft at Old Bridge 7 pm, case {n}")).await;
    }
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, knife, help!").await;
    w.advance(60).await;
    assert_eq!(w.count(DESK, "📋"), 3);
    assert_eq!(w.count(DESK, "🚨 Urgent lead 13"), 1);
    assert_eq!(w.count(DESK, "📥"), 1);
    insta::assert_snapshot!("queue", {
        let queue = w.find(DESK, "📥").remove(0);
        format!("{}\n{:?}", queue.text, queue.keyboard.iter().map(Vec::len).collect::<Vec<_>>())
    });
    w.end().await;
}

#[tokio::test]
async fn the_time_is_the_messages_own_and_not_when_it_arrived() {
    let mut w = World::new().await;
    let mut late = json!({ "text": "#theft at Old Bridge 10 minutes ago" });
    late["date"] = (EVENING.0 / 1000 - 3 * 3600).into();
    w.say_with(COURIER, GROUP, late).await;
    assert!(w.chat(GROUP).contains("16:50"), "{}", w.chat(GROUP));
    w.end().await;
}

#[tokio::test]
async fn the_same_update_twice_is_one_lead() {
    let mut w = World::new().await;
    let update = json!({
        "update_id": 9000,
        "message": {
            "message_id": 5, "date": EVENING.0 / 1000, "text": "#theft at Old Bridge 7 pm",
            "from": { "id": COURIER, "is_bot": false, "first_name": "C" },
            "chat": { "id": GROUP, "type": "supergroup", "title": "g" },
        },
    })
    .to_string();
    w.raw(9000, GROUP, &update).await;
    w.raw(9000, GROUP, &update).await;
    w.settle().await;
    w.raw(9000, GROUP, &update).await;
    w.settle().await;
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 1);
    assert_eq!(w.count(GROUP, "Received"), 1);
    w.end().await;
}

#[tokio::test]
async fn an_anonymous_admins_tip_is_a_lead_without_a_reporter() {
    let mut w = World::new().await;
    let fields = json!({
        "text": "#theft at Old Bridge 7 pm",
        "from": { "id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot" },
        "sender_chat": { "id": GROUP, "type": "supergroup", "title": "A group" },
    });
    w.say_with(COURIER, GROUP, fields).await;
    assert!(w.chat(GROUP).contains("lead 1"), "{}", w.chat(GROUP));
    assert_eq!(w.number("SELECT COUNT(*) FROM lead WHERE reporter IS NULL").await, 1);
    assert_eq!(w.number("SELECT COUNT(*) FROM transfer").await, 0);
    w.end().await;
}

#[tokio::test]
async fn a_forum_topic_gets_its_receipt_in_the_topic() {
    let mut w = World::new().await;
    let fields = json!({ "text": "#theft at Old Bridge 7 pm", "message_thread_id": 77, "is_topic_message": true });
    w.say_with(COURIER, GROUP, fields).await;
    assert_eq!(w.number("SELECT thread FROM outbox WHERE subject = 'lead:1:receipt'").await, 77);
    w.end().await;
}
