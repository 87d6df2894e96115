//! What becomes of a group's message that reads as a tip and is not marked as one.

use crate::world::{COURIER, DESK, EVENING, GROUP, NEIGHBOUR, OFFICER, World};
use baiying::config::Untagged;
use baiying::domain::member::Language;
use serde_json::json;

const TIP: &str = "someone broke into a blue van at Old Bridge at 7 pm";

async fn asking() -> World {
    World::with(|c| c.tip.untagged = Untagged::Ask).await
}

async fn asked() -> (World, i64) {
    let mut w = asking().await;
    let message = w.say(COURIER, GROUP, TIP).await;
    w.advance(2).await;
    assert_eq!(w.chat(GROUP), "❓ Is this a tip?\n  [Yes] [No]");
    assert_eq!(w.last(GROUP).reply_to, Some(message));
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 0);
    (w, message)
}

#[tokio::test]
async fn it_is_taken_without_asking_by_default_and_in_private_always() {
    for (untagged, chat) in [(Untagged::Take, GROUP), (Untagged::Off, COURIER), (Untagged::Ask, COURIER)] {
        let mut w = World::with(|c| c.tip.untagged = untagged).await;
        w.say(COURIER, chat, TIP).await;
        w.advance(2).await;
        assert_eq!(w.count(chat, "Received: lead 1"), 1, "{untagged:?}");
        w.end().await;
    }
}

#[tokio::test]
async fn off_means_chat_unless_it_is_marked() {
    let mut w = World::with(|c| c.tip.untagged = Untagged::Off).await;
    let message = w.say(COURIER, GROUP, TIP).await;
    w.edit(COURIER, GROUP, message, &format!("{TIP}, two men")).await;
    w.advance(2).await;
    assert_eq!(w.chat(GROUP), "");
    assert!(w.on_file("blue van").await.is_empty());
    w.say(COURIER, GROUP, &format!("#theft {TIP}")).await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Received: lead 1"), 1);
    w.end().await;
}

#[tokio::test]
async fn a_yes_files_it_with_its_own_time_and_what_came_with_it() {
    let (mut w, message) = asked().await;
    let pin = json!({ "location": { "latitude": 23.0009, "longitude": 113.9, "horizontal_accuracy": 10 } });
    w.advance(60).await;
    w.say_with(COURIER, GROUP, pin).await;
    w.press(COURIER, GROUP, "Yes").await;
    assert_eq!(w.answer(), "Noted as a tip");
    w.advance(3).await;
    assert_eq!((w.count(GROUP, "Is this a tip"), w.count(GROUP, "Received: lead 1")), (0, 1), "{}", w.chat(GROUP));
    assert!(w.chat(DESK).contains("23.00090") || w.chat(DESK).contains("Old Bridge (±10 m"), "{}", w.chat(DESK));
    assert_eq!(w.rows("SELECT reporter || ' ' || message FROM lead").await, [format!("{COURIER} {message}")]);
    assert_eq!(w.number("SELECT written_at FROM lead").await, EVENING.0);
    assert_eq!(w.points(COURIER).await, (0, 10));
    assert_eq!(w.number("SELECT COUNT(*) FROM timer").await, 0);
    // It is a tip like any other: wiped with every copy.
    w.press(OFFICER, DESK, "Out of scope").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(5).await;
    assert!(w.on_file("blue van").await.is_empty(), "{:?}", w.on_file("blue van").await);
    w.end().await;
}

#[tokio::test]
async fn police_may_answer_and_the_tip_is_its_writers() {
    let mut w = World::with(|c| {
        c.tip.untagged = Untagged::Ask;
        c.language = Language::Zh;
    })
    .await;
    w.say(COURIER, GROUP, "晚上7点 Old Bridge 有人撬车偷东西").await;
    w.advance(2).await;
    assert_eq!(w.chat(GROUP), "❓ 是线索吗？\n  [是] [不是]");
    w.press(NEIGHBOUR, GROUP, "是").await;
    assert_eq!(w.answer(), "只有线索员本人或民警可以操作");
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 0);
    w.press(OFFICER, GROUP, "是").await;
    w.advance(2).await;
    assert_eq!(w.number("SELECT reporter FROM lead").await, COURIER);
    assert_eq!((w.points(COURIER).await, w.points(OFFICER).await), ((0, 10), (0, 0)));
    assert_eq!(w.number(&format!("SELECT COUNT(*) FROM member WHERE user_id = {COURIER} AND roles = ''")).await, 1);
    w.end().await;
}

#[tokio::test]
async fn a_no_leaves_nothing_not_even_in_the_press_that_shows_it_again() {
    let (mut w, message) = asked().await;
    let (question, data) = w.button(GROUP, "No").unwrap();
    for user in [NEIGHBOUR, COURIER] {
        let press = json!({
            "id": format!("p{user}"), "chat_instance": "1", "data": data,
            "from": { "id": user, "is_bot": false, "first_name": "A" },
            "message": { "message_id": question, "date": 1, "chat": { "id": GROUP, "type": "supergroup" }, "text": "x",
                "reply_to_message": { "message_id": message, "date": 1, "chat": { "id": GROUP, "type": "supergroup" },
                    "text": TIP } },
        });
        w.update("callback_query", press).await;
        w.settle().await;
        let words = w.on_file("blue van").await;
        let left = if user == NEIGHBOUR { vec!["inbox.payload"] } else { vec![] };
        assert_eq!(words, left, "{user}: {}", w.answer());
    }
    assert_eq!(w.answer(), "All right, nothing of it is kept");
    assert_eq!(w.number("SELECT COUNT(*) FROM inbox WHERE payload <> ''").await, 0);
    w.advance(3).await;
    assert_eq!(w.chat(GROUP), "");
    w.push_data(COURIER, GROUP, question, &data.replace("qn", "qy")).await;
    w.settle().await;
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 0);
    w.end().await;
}

#[tokio::test]
async fn without_an_answer_nothing_is_kept_after_ten_minutes_whatever_dies_in_between() {
    let mut w = asking().await;
    w.post(COURIER, GROUP, json!({ "text": TIP })).await;
    w.think().await;
    w.crash_before_sending().await;
    w.advance(590).await;
    assert_eq!(w.count(GROUP, "Is this a tip"), 1, "the question is put after the crash");
    assert_eq!(w.on_file("blue van").await, ["inbox.payload"]);
    w.crash().await;
    w.advance(20).await;
    assert_eq!(w.chat(GROUP), "");
    assert!(w.on_file("blue van").await.is_empty());
    w.say(COURIER, GROUP, TIP).await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Is this a tip"), 1, "and the next one is asked about");
    w.end().await;
}

#[tokio::test]
async fn a_yes_survives_a_crash() {
    let (mut w, _) = asked().await;
    w.push(COURIER, GROUP, "Yes").await;
    w.push(COURIER, GROUP, "Yes").await;
    w.think().await;
    w.crash_before_sending().await;
    w.advance(5).await;
    assert_eq!((w.count(GROUP, "Is this a tip"), w.count(GROUP, "Received: lead")), (0, 1));
    assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, 1);
    w.end().await;
}

#[tokio::test]
async fn one_person_has_one_open_question() {
    let (mut w, _) = asked().await;
    w.say(COURIER, GROUP, "someone stole a red bike at Hill School at 6 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Is this a tip"), 1);
    assert!(w.on_file("red bike").await.is_empty(), "nothing of what was not asked about is kept");
    w.say(NEIGHBOUR, GROUP, "someone stole a red bike at Hill School at 6 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Is this a tip"), 2, "another person has their own");
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    assert_eq!(w.count(GROUP, "Received: lead 1"), 1, "what is marked is taken meanwhile");
    w.end().await;
}

#[tokio::test]
async fn an_edit_moves_the_question_answers_it_or_ends_it() {
    for (words, leads, questions, left) in [
        ("someone broke into a green van at Old Bridge at 7 pm", 0, 1, vec!["inbox.payload"]),
        (
            "#theft someone broke into a green van at Old Bridge at 7 pm",
            1,
            0,
            vec!["inbox.payload", "lead.description"],
        ),
        ("good evening all, green", 0, 0, vec![]),
    ] {
        let (mut w, message) = asked().await;
        w.edit(COURIER, GROUP, message, words).await;
        w.advance(3).await;
        assert_eq!(w.number("SELECT COUNT(*) FROM lead").await, leads, "{words}");
        assert_eq!(w.count(GROUP, "Is this a tip"), questions, "{words}");
        assert!(w.on_file("blue van").await.is_empty(), "{words}: the old words are gone");
        let found = w.on_file("green").await;
        assert!(left.iter().all(|place| found.contains(&(*place).to_owned())), "{words}: {found:?}");
        if questions == 1 {
            w.press(COURIER, GROUP, "Yes").await;
            w.advance(2).await;
            assert!(w.chat(DESK).contains("green van"), "{}", w.chat(DESK));
        }
        w.end().await;
    }
}
