//! Reporters are protected: sensitive tips leave the group, what is out of scope is wiped, nobody reads names.

use crate::world::{CLERK, COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::domain::member::Language;
use serde_json::json;

const MARKER: &str = "Zqxmarker";

/// What a liaison point must not read, and what of it a text shows.
fn leaks(text: &str) -> Vec<&'static str> {
    let private = [
        "11010519491231002X",
        "一三八一二三四五六七八",
        "13912345678",
        "6222020200011122234",
        "wang_wu_88",
        "10001888",
        "wang@example.com",
    ];
    private.into_iter().filter(|words| text.contains(words)).collect()
}

#[tokio::test]
async fn numbers_of_people_reach_police_and_nobody_else() {
    for plates in [false, true] {
        let mut w = World::with(|c| {
            c.language = Language::Zh;
            c.tip.relay_plates = plates;
        })
        .await;
        let words = "有人打架 一人身份证11010519491231002X 电话一三八一二三四五六七八 银行卡6222020200011122234 微信wang_wu_88 \
                     QQ:10001888 邮箱wang@example.com 车牌粤B12345";
        let tip = w.say(COURIER, GROUP, &format!("#打架 Old Bridge 刚才 {words}")).await;
        w.advance(2).await;
        assert_eq!(leaks(&w.chat(DESK)).len(), 6, "police read all: {}", w.chat(DESK));
        w.edit(COURIER, GROUP, tip, &format!("#打架 Old Bridge 刚才 {words} 另一个13912345678")).await;
        w.reply(COURIER, GROUP, tip, "他又打13912345678来了").await;
        let pin = json!({ "venue": { "location": { "latitude": 23.0, "longitude": 113.9 }, "title": "老王13912345678",
            "address": "x" } });
        w.say_with(COURIER, GROUP, pin).await;
        w.advance(5).await;
        assert_eq!(leaks(&w.chat(DESK)).len(), 7, "{}", w.chat(DESK));
        w.press(OFFICER, DESK, "呼叫").await;
        w.advance(3).await;
        let card = w.chat(GUARD);
        assert!(card.contains("有人打架") && card.contains("他又打"), "{card}");
        assert_eq!(leaks(&card), [""; 0], "{card}");
        assert_eq!(card.contains("粤B12345"), plates, "{card}");
        w.say(CLERK, OFFICE, "/export 2026-11 leads").await;
        w.advance(5).await;
        let csv = w.documents().into_iter().find(|(name, _)| name.ends_with(".csv")).unwrap().1;
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains("有人打架") && csv.contains("粤B12345") == plates, "{csv}");
        assert_eq!(leaks(&csv), [""; 0], "{csv}");
        w.end_alarm().await;
    }
}

#[tokio::test]
async fn a_sensitive_tip_leaves_the_group_and_goes_on_in_private() {
    let mut w = World::new().await;
    let tip = w.say(COURIER, GROUP, "#drugs sold behind Old Bridge at 7 pm").await;
    w.advance(3).await;
    assert!(!w.stands(GROUP, tip), "the message is taken down");
    insta::assert_snapshot!("sensitive_group", w.chats(&[("group", GROUP), ("desk", DESK)]));
    assert_eq!(w.chat(COURIER), "", "the bot cannot write first");
    let code = w.rows("SELECT reporter_code FROM lead").await.remove(0);
    w.say(COURIER, COURIER, &format!("/start t_1_{code}")).await;
    insta::assert_snapshot!("sensitive_private", w.chat(COURIER));
    w.press(OFFICER, DESK, "Verify").await;
    w.advance(3).await;
    assert!(!w.chat(GROUP).contains("lead 1"), "the group hears no outcome: {}", w.chat(GROUP));
    assert!(w.last(COURIER).text.contains("was verified"));
    w.end().await;
}

#[tokio::test]
async fn the_deep_link_of_a_tip_opens_for_its_reporter_alone() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#drugs sold behind Old Bridge at 7 pm").await;
    let code = w.rows("SELECT reporter_code FROM lead").await.remove(0);
    w.say(NEIGHBOUR, NEIGHBOUR, &format!("/start t_1_{code}")).await;
    w.advance(2).await;
    assert!(!w.chat(NEIGHBOUR).contains("lead 1") && w.chat(NEIGHBOUR).contains("In private just write"));
    w.end().await;
}

#[tokio::test]
async fn a_sensitive_tip_is_in_no_folded_receipt() {
    let mut w = World::with(|c| c.tip.fold_receipts_from = 1).await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm").await;
    w.say(COURIER, GROUP, "#drugs sold at Hill School 7 pm").await;
    w.say(GUARD, GROUP, "#theft at Old Bridge 6 pm").await;
    w.advance(90).await;
    // Buttons offer places and kinds to anybody; what stands there tells nothing of this tip.
    assert_eq!((w.count(GROUP, "drug"), w.count(GROUP, "Hill School")), (0, 0), "{}", w.chat(GROUP));
    w.end().await;
}

#[tokio::test]
async fn a_tip_found_to_be_sensitive_later_leaves_the_group_too() {
    for way in ["tap", "reply", "edit"] {
        let mut w = World::new().await;
        let tip = w.say(COURIER, GROUP, "/tip they are selling something at Old Bridge, 7 pm").await;
        w.advance(2).await;
        match way {
            "tap" => w.press(COURIER, GROUP, "drug dealing").await,
            "reply" => drop(w.reply(COURIER, GROUP, w.last(GROUP).id, "drugs being sold").await),
            _ => w.edit(COURIER, GROUP, tip, "#drugs sold at Old Bridge, 7 pm").await,
        }
        w.advance(4).await;
        let group = w.chat(GROUP);
        assert!(!w.stands(GROUP, tip), "{way}: the message is taken down");
        assert!(!group.contains("drug dealing") && group.contains("Go on in private"), "{way}: {group}");
        assert!(w.chat(DESK).contains("from a private chat"), "{way}: {}", w.chat(DESK));
        w.end().await;
    }
}

#[tokio::test]
async fn out_of_scope_takes_two_taps_and_leaves_no_copy_anywhere() {
    let mut w = World::new().await;
    let photo = json!({ "photo": [{ "file_id": "Zqxmarker-photo", "file_unique_id": "p", "width": 9, "height": 9 }] });
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, nothing to do with it").await;
    let tip = w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, Zqxmarker did it").await;
    let evidence = w.say_with(COURIER, GROUP, photo).await;
    let reply = w.reply(COURIER, GROUP, tip, "Zqxmarker was seen again").await;
    w.edit(COURIER, GROUP, tip, "#theft at Old Bridge 7 pm, Zqxmarker did it twice").await;
    w.advance(10).await;
    let card = w.find(DESK, MARKER).remove(0);
    w.push_data(OFFICER, DESK, card.id, "la:2").await;
    w.advance(10).await;
    assert!(w.chat(GUARD).contains(MARKER), "the guard was told");
    assert!(w.on_file(MARKER).await.len() > 4);

    w.push_data(OFFICER, DESK, card.id, "lx:2").await;
    w.advance(3).await;
    assert!(w.chat(DESK).contains(MARKER), "the first tap asks");
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(70).await;
    insta::assert_snapshot!("scrubbed", w.chats(&[("group", GROUP), ("desk", DESK), ("guard", GUARD)]));
    assert_eq!(w.on_file(MARKER).await, Vec::<String>::new());
    assert!(!w.stands(GROUP, tip) && !w.stands(GROUP, evidence));
    assert!(!w.stands(GROUP, reply), "words in reply are a copy too");
    assert_eq!(w.anywhere(MARKER), Vec::new());
    assert_eq!(w.points(COURIER).await, (0, 0));
    w.push_data(OFFICER, DESK, card.id, "lo:2").await;
    w.settle().await;
    assert!(w.answer().contains("out of scope"), "final: {}", w.answer());
    w.end().await;
}

#[tokio::test]
async fn a_scrubbed_private_tip_leaves_no_copy_with_its_reporter() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "theft at Old Bridge 7 pm, Zqxmarker did it").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Out of scope…").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(5).await;
    assert_eq!((w.on_file(MARKER).await, w.anywhere(MARKER)), (Vec::new(), Vec::new()));
    w.end().await;
}

#[tokio::test]
async fn a_scrubbed_place_leaves_the_folded_receipt_and_the_queue() {
    let mut w = World::with(|c| (c.tip.fold_receipts_from, c.tip.fold_cards_from) = (1, 1)).await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm").await;
    let at = json!({ "latitude": 23.01, "longitude": 113.91 });
    w.say_with(COURIER, GROUP, json!({ "venue": { "location": at, "title": MARKER, "address": "1 Rd" } })).await;
    w.say(COURIER, GROUP, "#theft 6 pm, here").await;
    w.advance(90).await;
    assert!(w.chat(GROUP).contains(MARKER) && w.chat(DESK).contains(MARKER));
    let (queue, open) = w.button(DESK, "2").unwrap();
    w.push_data(OFFICER, DESK, queue, &open).await;
    w.advance(30).await;
    w.press(OFFICER, DESK, "Out of scope…").await;
    w.advance(5).await;
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(90).await;
    assert_eq!((w.on_file(MARKER).await, w.anywhere(MARKER)), (Vec::new(), Vec::new()));
    w.end().await;
}

#[tokio::test]
async fn a_guard_reads_no_phone_and_no_id_card() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, call 13812345678, id 11010519491231002X").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    let guard = w.chat(GUARD);
    assert!(guard.contains("fight"), "{guard}");
    assert!(!guard.contains("13812345678") && !guard.contains("11010519491231002X"), "{guard}");
    w.end().await;
}
