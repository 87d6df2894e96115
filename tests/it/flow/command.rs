//! Commands: help, language, setting groups and people up, a group that moves.

use crate::world::{ADMIN, CLERK, COURIER, DESK, GROUP, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::domain::id::ChatId;
use baiying::port::chat::SendError;
use serde_json::json;

#[tokio::test]
async fn help_tells_what_to_write_in_a_group_and_in_private() {
    let mut w = World::new().await;
    for (who, chat, words) in [(COURIER, GROUP, "/help"), (COURIER, COURIER, "/help"), (COURIER, COURIER, "/start")] {
        w.say(who, chat, words).await;
        w.advance(2).await;
        let last = w.last(chat).text;
        assert!(last.contains("In a group begin with #") && last.contains("We keep only"), "{words}: {last}");
    }
    w.say(COURIER, GROUP, "/help@another_bot").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "In a group begin"), 1, "a command for another bot is not ours");
    w.end().await;
}

#[tokio::test]
async fn who_read_the_help_is_not_told_again() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "/start").await;
    w.advance(2).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "We keep only"), 0);
    w.end().await;
}

#[tokio::test]
async fn a_persons_language_is_their_own() {
    let mut w = World::new().await;
    w.say(COURIER, COURIER, "/language zh").await;
    w.advance(2).await;
    w.say(COURIER, COURIER, "盗窃，Old Bridge，晚上7点").await;
    w.advance(2).await;
    insta::assert_snapshot!("chinese", w.chats(&[("courier", COURIER), ("desk", DESK)]));
    w.say(COURIER, GROUP, "#盗窃 Old Bridge 晚上7点").await;
    w.advance(2).await;
    assert!(w.last(GROUP).text.contains("Received"), "the group's language is the group's");
    w.say(COURIER, COURIER, "/language").await;
    w.advance(2).await;
    w.press(COURIER, COURIER, "English").await;
    assert_eq!(w.answer(), "All right, English from now on.");
    w.say(COURIER, COURIER, "/points").await;
    w.advance(2).await;
    assert!(w.last(COURIER).text.starts_with("Points to spend"));
    w.end().await;
}

#[tokio::test]
async fn a_groups_language_is_set_by_an_admin_or_an_officer() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "/language zh").await;
    w.advance(2).await;
    assert_eq!(w.last(GROUP).text, "Only an admin can do this");
    w.say(OFFICER, GROUP, "/language zh").await;
    w.advance(2).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    insta::assert_snapshot!("chinese_group", w.last(GROUP).text);
    assert!(w.chat(DESK).contains("from Bridge group"), "the desk keeps its own");
    w.end().await;
}

#[tokio::test]
async fn an_admin_sets_a_group_up_and_its_tips_count_from_then_on() {
    let mut w = World::new().await;
    let new = -777;
    w.say(COURIER, new, "#theft at Old Bridge 7 pm").await;
    assert_eq!(w.chat(DESK), "", "nobody set this group up");
    for (who, words) in [(COURIER, "/setup liaison"), (ADMIN, "/setup"), (ADMIN, "/setup liaison 23.0100,113.9100")] {
        w.say(who, new, words).await;
        w.advance(2).await;
    }
    insta::assert_snapshot!("setup", w.chat(new));
    w.say(COURIER, new, "#theft of a bike 7 pm").await;
    w.advance(2).await;
    assert!(w.chat(DESK).contains("from A group"), "{}", w.chat(DESK));
    w.say(ADMIN, ADMIN, "/setup desk").await;
    assert_eq!(w.last(ADMIN).text, "Send /setup in the group that you want to set up.");
    w.end().await;
}

#[tokio::test]
async fn an_invitation_makes_one_officer_once() {
    let mut w = World::new().await;
    for (who, words, answer) in [
        (COURIER, "/invite police", "Only an admin can do this"),
        (
            ADMIN,
            "/invite",
            "Write /invite police; possible are police, responder, patrol, response, duty_officer, office, payout, admin.",
        ),
        (
            ADMIN,
            "/invite king",
            "Write /invite police; possible are police, responder, patrol, response, duty_officer, office, payout, admin.",
        ),
    ] {
        w.say(who, who, words).await;
        w.advance(2).await;
        assert_eq!(w.last(who).text, answer, "{words}");
    }
    w.say(ADMIN, ADMIN, "/invite police office").await;
    w.advance(2).await;
    let link = w.last(ADMIN).text;
    let code = link.split("?start=").nth(1).unwrap().to_owned();
    w.say(NEIGHBOUR, NEIGHBOUR, &format!("/start {code}")).await;
    w.advance(2).await;
    assert_eq!(w.last(NEIGHBOUR).text, "Welcome. Your rights are in force.");
    w.say(COURIER, COURIER, &format!("/start {code}")).await;
    w.advance(2).await;
    assert!(w.last(COURIER).text.starts_with("This invitation is not good"), "good once");
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    w.press(COURIER, DESK, "Claim").await;
    assert_eq!(w.answer(), "Only police can do this");
    w.press(NEIGHBOUR, DESK, "Claim").await;
    assert_eq!(w.answer(), "Noted: claimed");
    w.end().await;
}

#[tokio::test]
async fn an_old_or_invented_invitation_is_refused() {
    let mut w = World::new().await;
    w.say(ADMIN, ADMIN, "/invite admin").await;
    let code = w.last(ADMIN).text.split("?start=").nth(1).unwrap().to_owned();
    w.jump(8 * 24 * 3600).await;
    for code in [code.as_str(), "i_", "i_C0000099", "i_%"] {
        w.say(COURIER, COURIER, &format!("/start {code}")).await;
        w.advance(2).await;
        assert!(w.last(COURIER).text.starts_with("This invitation is not good"), "{code}");
    }
    w.end().await;
}

#[tokio::test]
async fn an_invitation_is_not_handed_out_in_a_group() {
    let mut w = World::new().await;
    w.say(ADMIN, GROUP, "/invite police").await;
    w.advance(2).await;
    assert_eq!(w.last(GROUP).text, "Use /invite in private.");
    w.end().await;
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_keeps_its_leads() {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(2).await;
    let moved = -100_500;
    w.say_with(COURIER, GROUP, json!({ "migrate_to_chat_id": moved })).await;
    w.say(COURIER, moved, "#theft at Old Bridge 6 pm, another").await;
    w.advance(2).await;
    assert!(w.chat(moved).contains("lead 2"), "{}", w.chat(moved));
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lv:1").await;
    w.advance(3).await;
    assert!(w.chat(moved).contains("Your lead 1 was verified"), "{}", w.chat(moved));
    // Written before the move, brought after it.
    w.fail_next(GROUP, SendError::Migrated(ChatId(moved)));
    w.say(NEIGHBOUR, GROUP, "#dispute at Old Bridge 5 pm, a late one").await;
    w.advance(5).await;
    assert!(w.chat(moved).contains("lead 3"), "{}", w.chat(moved));
    assert!(w.last(DESK).text.contains("from Bridge group"), "{}", w.chat(DESK));
    let receipts = w.find(moved, "lead 3");
    assert_eq!(receipts[0].reply_to, None, "its number is another's there");
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lX:3").await;
    w.advance(5).await;
    assert_eq!(
        w.number("SELECT COUNT(*) FROM outbox WHERE subject LIKE 'down:%'").await,
        0,
        "what stood there is gone"
    );
    // The old id is set up no more, whoever says so late.
    w.fail_next(GROUP, SendError::Migrated(ChatId(moved)));
    w.say(ADMIN, GROUP, "/setup liaison").await;
    w.advance(5).await;
    assert_eq!(w.rows("SELECT CAST(chat AS TEXT) FROM chat_group WHERE moved_to IS NOT NULL").await, ["-100"]);
    w.end().await;
}

#[tokio::test]
async fn a_desk_that_moved_without_a_word_gets_its_card_in_its_new_place() {
    let mut w = World::new().await;
    let moved = -200_500;
    w.fail_next(DESK, SendError::Migrated(ChatId(moved)));
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, a van").await;
    w.advance(5).await;
    assert_eq!(w.chat(DESK), "");
    assert!(w.chat(moved).contains("Lead 1"), "{}", w.chat(moved));
    w.press(OFFICER, moved, "Verify").await;
    w.advance(3).await;
    assert!(w.chat(moved).contains("State: verified"));
    w.end().await;
}

#[tokio::test]
async fn what_cannot_follow_a_group_to_its_new_id_is_given_up_and_what_can_is_not_done_to_others() {
    let mut w = World::new().await;
    let moved = -100_500;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    // The receipt and the messages are to go, the group is gone before they are.
    let neighbour = w.say(NEIGHBOUR, moved, "good evening").await;
    w.fail_next(GROUP, SendError::RetryAfter(3_000));
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lX:1").await;
    w.settle().await;
    for _ in 0..9 {
        w.fail_next(GROUP, SendError::Migrated(ChatId(moved)));
    }
    w.advance(20).await;
    assert!(w.stands(moved, neighbour), "message ids are counted anew under the new id");
    assert_eq!(w.number("SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending')").await, 0);
    w.end().await;
}

#[tokio::test]
async fn commands_nobody_knows_are_no_tips() {
    let mut w = World::new().await;
    for words in ["/", "/nonsense", "/tips", "/points/../..", "/export", "/setup"] {
        w.say(COURIER, GROUP, words).await;
        w.advance(2).await;
    }
    assert_eq!(w.chat(DESK), "");
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 0);
    w.say(CLERK, OFFICE, "/points").await;
    w.advance(2).await;
    assert_eq!(w.last(OFFICE).text, "Points are shown in private only.");
    w.end().await;
}
