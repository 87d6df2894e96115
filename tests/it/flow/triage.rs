//! What officers tap at the desk: each decision once, by whom it may be taken, heard by the reporter.

use crate::world::{CLERK, COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICE, OFFICER, OFFICER2, World};
use baiying::domain::member::Language;
use serde_json::json;

const TOWN: [(&str, i64); 2] = [("group", GROUP), ("desk", DESK)];

async fn tipped() -> World {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "/help").await;
    w.advance(2).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(2).await;
    w
}

async fn pressed(w: &mut World, who: i64, label: &str) {
    w.press(who, DESK, label).await;
    w.advance(2).await;
}

#[tokio::test]
async fn a_claimed_lead_shows_who_has_it() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Claim").await;
    assert_eq!(w.answer(), "Noted: claimed");
    insta::assert_snapshot!("claimed", w.chats(&TOWN));
    assert_eq!(w.count(DESK, "Lead 1"), 1, "the card is edited in place");
    w.end().await;
}

#[tokio::test]
async fn a_lead_is_verified_without_a_claim_and_its_reporter_hears_it() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Verify").await;
    insta::assert_snapshot!("verified", w.chats(&TOWN));
    pressed(&mut w, OFFICER2, "Resolve").await;
    insta::assert_snapshot!("resolved", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn a_private_reporter_hears_the_outcome_and_the_points() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "theft at Old Bridge 7 pm").await;
    pressed(&mut w, OFFICER, "Verify").await;
    assert_eq!(w.last(COURIER).text, "🙏 Your lead 1 was verified. Thank you!\nPoints +10");
    assert_eq!(w.chat(GROUP), "", "nothing about it in the group");
    w.end().await;
}

#[tokio::test]
async fn an_unfounded_lead_is_told_kindly_and_reopened() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Unfounded").await;
    insta::assert_snapshot!("unfounded", w.chats(&TOWN));
    assert_eq!(w.points(COURIER).await, (0, 0));
    pressed(&mut w, OFFICER2, "Reopen").await;
    assert!(w.chat(DESK).contains("State: new"), "{}", w.chat(DESK));
    assert_eq!(w.points(COURIER).await, (0, 10));
    w.end().await;
}

#[tokio::test]
async fn a_duplicate_is_offered_merged_and_told() {
    let mut w = tipped().await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, batteries").await;
    w.say(GUARD, GROUP, "#fire at 东门市场 7 pm").await;
    w.advance(3).await;
    let second = w.find(DESK, "Lead 2").remove(0);
    w.push_data(OFFICER, DESK, second.id, "ld:2").await;
    w.advance(2).await;
    insta::assert_snapshot!("candidates", w.chat(DESK));
    assert!(w.button(DESK, "Same as 3").is_none(), "a fire two kilometres away is not offered");
    pressed(&mut w, OFFICER, "Same as 1").await;
    insta::assert_snapshot!("merged", w.chats(&TOWN));
    w.end().await;
}

#[tokio::test]
async fn a_lead_is_merged_into_no_chain() {
    let mut w = tipped().await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, batteries").await;
    w.say(GUARD, GROUP, "#theft at Old Bridge 7 pm, bikes").await;
    w.advance(3).await;
    let card = w.find(DESK, "Lead 2")[0].id;
    for (data, answer) in [
        ("lD:2:1", "Noted: duplicate"),
        ("lD:1:3", "It cannot be merged into that lead"), // has a duplicate of its own
        ("lD:3:2", "It cannot be merged into that lead"), // is one
        ("lD:3:3", "It cannot be merged into that lead"),
        ("lD:3:99", "It cannot be merged into that lead"),
        ("lD:3:1", "Noted: duplicate"),
    ] {
        w.push_data(OFFICER, DESK, card, data).await;
        w.settle().await;
        assert_eq!(w.answer(), answer, "{data}");
    }
    w.end().await;
}

#[tokio::test]
async fn only_police_decide() {
    let mut w = tipped().await;
    let before = w.chats(&TOWN);
    for label in ["Claim", "Verify", "Unfounded", "Duplicate…", "Out of scope…", "🚨 Alarm", "📍 Map"] {
        for other in [COURIER, GUARD, 999] {
            w.press(other, DESK, label).await;
            assert_eq!(w.answer(), "Only police can do this", "{other} {label}");
        }
    }
    w.advance(2).await;
    assert_eq!(w.chats(&TOWN), before);
    w.end().await;
}

#[tokio::test]
async fn the_same_press_twice_acts_once() {
    let mut w = tipped().await;
    w.push(OFFICER, DESK, "Verify").await;
    w.push(OFFICER, DESK, "Verify").await;
    w.advance(2).await;
    assert_eq!(w.answer(), "It is so already");
    assert_eq!(w.points(COURIER).await, (10, 0));
    assert_eq!(w.count(GROUP, "was verified"), 1);
    assert_eq!(w.number("SELECT COUNT(*) FROM lead_event WHERE action = 'verify'").await, 1);
    w.end().await;
}

#[tokio::test]
async fn of_two_officers_at_once_one_decides() {
    let mut w = tipped().await;
    w.push(OFFICER, DESK, "Verify").await;
    w.push(OFFICER2, DESK, "Unfounded").await;
    w.advance(2).await;
    assert_eq!(w.answer(), "The lead is “verified” now; reopen it first");
    assert!(w.chat(DESK).contains("State: verified · Officer Wang"), "{}", w.chat(DESK));
    assert_eq!(w.points(COURIER).await, (10, 0));
    assert_eq!(w.count(GROUP, "looked into"), 0);
    w.end().await;
}

#[tokio::test]
async fn a_tap_is_undone_within_a_minute() {
    let mut w = tipped().await;
    let before = w.chats(&TOWN);
    pressed(&mut w, OFFICER, "Verify").await;
    assert_eq!(w.points(COURIER).await, (10, 0));
    w.advance(50).await;
    pressed(&mut w, OFFICER, "Undo").await;
    assert_eq!(w.answer(), "Undone");
    assert_eq!(w.chats(&TOWN), before, "all stands as before, the outcome is taken away");
    assert_eq!(w.points(COURIER).await, (0, 10));
    w.end().await;
}

#[tokio::test]
async fn a_tap_is_not_undone_later_nor_by_another_nor_twice() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Verify").await;
    let (message, undo) = w.button(DESK, "Undo").unwrap();
    pressed(&mut w, OFFICER2, "Undo").await;
    assert_eq!(w.answer(), "Only your own last decision can be undone, within a minute");
    w.advance(61).await;
    w.push_data(OFFICER, DESK, message, &undo).await;
    w.settle().await;
    assert_eq!(w.answer(), "Only your own last decision can be undone, within a minute");
    assert!(w.chat(DESK).contains("State: verified"));

    pressed(&mut w, OFFICER, "Resolve").await;
    let (message, undo) = w.button(DESK, "Undo").unwrap();
    for answer in ["Undone", "Only your own last decision can be undone, within a minute"] {
        w.push_data(OFFICER, DESK, message, &undo).await;
        w.settle().await;
        assert_eq!(w.answer(), answer);
    }
    w.advance(2).await;
    assert!(w.chat(DESK).contains("State: verified"), "{}", w.chat(DESK));
    w.end().await;
}

#[tokio::test]
async fn an_undone_merge_stands_alone_again() {
    let mut w = tipped().await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, batteries").await;
    w.advance(2).await;
    let card = w.find(DESK, "Lead 2")[0].id;
    w.push_data(OFFICER, DESK, card, "lD:2:1").await;
    w.advance(2).await;
    assert_eq!(w.points(NEIGHBOUR).await, (0, 0));
    pressed(&mut w, OFFICER, "Undo").await;
    assert_eq!(w.points(NEIGHBOUR).await, (0, 10));
    assert!(w.find(DESK, "Lead 2")[0].text.contains("State: new"));
    w.end().await;
}

#[tokio::test]
async fn merged_undone_and_merged_again_both_histories_stay_whole() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Verify").await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, batteries").await;
    w.advance(2).await;
    let card = w.find(DESK, "Lead 2")[0].id;
    for (merged, points) in [(true, (5, 0)), (false, (0, 10)), (true, (5, 0))] {
        if merged {
            w.push_data(OFFICER, DESK, card, "lD:2:1").await;
        } else {
            w.push(OFFICER, DESK, "Undo").await;
        }
        w.advance(2).await;
        assert_eq!(w.points(NEIGHBOUR).await, points);
        assert_eq!(w.points(COURIER).await, (10, 0), "the first reporter's stay");
    }
    let history = |lead| format!("SELECT version || ' ' || action FROM lead_event WHERE lead = {lead} ORDER BY id");
    assert_eq!(w.rows(&history(2)).await, ["1 tip", "2 duplicate", "3 undo", "4 duplicate"]);
    assert_eq!(w.rows(&history(1)).await, ["1 tip", "2 verify", "2 merged 2", "2 unmerged 2", "2 merged 2"]);
    assert_eq!(w.number("SELECT COUNT(*) FROM lead_event WHERE before IS NULL AND action LIKE 'duplicate'").await, 0);
    // Both stand in the table, each with its own words, time and code.
    w.say(CLERK, OFFICE, "/export 2026-11 leads").await;
    w.advance(5).await;
    let csv = w.documents().into_iter().find(|(name, _)| name.ends_with(".csv")).unwrap().1;
    let csv = String::from_utf8(csv).unwrap();
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    for (row, words) in rows.iter().zip([["theft,verified,", "a van"], ["theft,duplicate,", "batteries"]]) {
        assert!(words.iter().all(|words| row.contains(words)), "{row}");
    }
    assert_eq!(rows.len(), 2);
    // The original can still be resolved, and that be undone, although another lead's merge came in between.
    w.push(OFFICER, DESK, "Resolve").await;
    w.advance(2).await;
    w.push_data(OFFICER, DESK, card, "lz:1:3").await;
    w.advance(2).await;
    assert_eq!(w.answer(), "Undone");
    w.push_data(OFFICER, DESK, card, "lo:2").await;
    w.advance(2).await;
    assert_eq!(w.points(NEIGHBOUR).await, (0, 10));
    assert_eq!(w.rows(&history(1)).await.last().unwrap(), "4 unmerged 2");
    w.end().await;
}

#[tokio::test]
async fn a_reopened_duplicate_is_merged_again_by_undoing_that() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "Verify").await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, batteries").await;
    w.advance(2).await;
    let card = w.find(DESK, "Lead 2")[0].id;
    for (data, points) in [("lD:2:1", (5, 0)), ("lo:2", (0, 10)), ("lz:2:3", (5, 0))] {
        w.push_data(OFFICER, DESK, card, data).await;
        w.advance(2).await;
        assert_eq!(w.points(NEIGHBOUR).await, points, "{data}: {}", w.answer());
    }
    w.end().await;
}

#[tokio::test]
async fn kin_that_is_near_is_offered_with_the_reason_the_likeliest_first() {
    let mut w = World::with(|c| c.language = Language::Zh).await;
    for (who, text) in [
        (COURIER, "#打架 晚上7点 Old Bridge 两个男的拿着啤酒瓶互殴"),
        (NEIGHBOUR, "#纠纷 晚上7点10分 Old Bridge 停车位吵起来了"),
        (GUARD, "#盗窃 晚上7点 Old Bridge 啤酒瓶被偷"),
        (GUARD, "#打架 晚上7点 东门市场 啤酒瓶互殴"),
        (GUARD, "#打架 昨晚7点 Old Bridge 啤酒瓶互殴"),
        (33, "#扰乱秩序 晚上7点12分 Bridge Shop 有人拿啤酒瓶闹事"),
    ] {
        w.say(who, GROUP, text).await;
        w.advance(3).await;
    }
    let card = w.find(DESK, "线索 6").remove(0).id;
    w.push_data(OFFICER, DESK, card, "ld:6").await;
    w.advance(2).await;
    let shown = w.chat(DESK);
    let offered: Vec<&str> = shown.lines().filter(|line| line.contains("号重复")).map(str::trim).collect();
    assert_eq!(
        offered,
        ["[与 1 号重复：60 m，12 分钟，打架斗殴，同为 啤酒瓶]", "[与 2 号重复：60 m，2 分钟，矛盾纠纷]"],
        "a theft, another place and another day are not offered"
    );
    w.end().await;
}

#[tokio::test]
async fn the_map_button_shows_the_place() {
    let mut w = tipped().await;
    pressed(&mut w, OFFICER, "📍 Map").await;
    assert_eq!(w.last(DESK).text, "[pin 23.0000,113.9000 Lead 1]");
    w.end().await;
}

#[tokio::test]
async fn a_lead_is_opened_from_the_queue_with_its_evidence() {
    let mut w = World::with(|c| c.tip.fold_cards_from = 1).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, first").await;
    w.say(NEIGHBOUR, GROUP, "#theft at Old Bridge 7 pm, second").await;
    let photo = json!({ "photo": [{ "file_id": "p", "file_unique_id": "p", "width": 9, "height": 9 }] });
    w.say_with(NEIGHBOUR, GROUP, photo).await;
    w.advance(5).await;
    assert_eq!(w.count(DESK, "second"), 0);
    let (queue, open) = w.button(DESK, "2").unwrap();
    assert_eq!(open, "lq:2");
    w.push_data(OFFICER, DESK, queue, &open).await;
    w.advance(5).await;
    let card = w.find(DESK, "second").remove(0);
    assert_eq!(w.count(DESK, "[Photo]"), 1);
    assert_eq!(w.find(DESK, "[Photo]")[0].reply_to, Some(card.id));
    w.end().await;
}

#[tokio::test]
async fn the_queue_card_moves_on_as_leads_are_decided() {
    let mut w = World::with(|c| c.tip.fold_cards_from = 1).await;
    for n in 0..12 {
        w.say(1000 + n, GROUP, &format!("#theft at Old Bridge 7 pm, case {n}")).await;
    }
    w.advance(120).await;
    let queue = w.find(DESK, "📥").remove(0);
    assert!(queue.text.starts_with("📥 new 12"), "{}", queue.text);
    for lead in 1..=11 {
        w.push_data(OFFICER, DESK, queue.id, &format!("lq:{lead}")).await;
        w.advance(4).await;
        let card = w.find(DESK, &format!("Lead {lead} ")).remove(0);
        w.push_data(OFFICER, DESK, card.id, &format!("lu:{lead}")).await;
        w.advance(30).await;
    }
    let queue = w.find(DESK, "📥").remove(0);
    assert!(queue.text.starts_with("📥 new 1 "), "{}", queue.text);
    assert_eq!(w.button(DESK, "12").map(|(_, data)| data), Some("lq:12".into()));
    w.end().await;
}
