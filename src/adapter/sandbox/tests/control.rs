//! People: what they do, what they see, what the bot is told.

use super::*;

#[tokio::test]
async fn people_see_their_chats_and_what_is_new() {
    let town = Town::new().await;
    let state = town.get(&format!("state?as={COURIER}")).await;
    let chats: Vec<i64> = state["chats"].as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()).collect();
    assert!(chats.contains(&EAST) && chats.contains(&WEST) && chats.len() == 2, "{chats:?}");
    assert!(state["people"].as_array().unwrap().len() >= 16);
    let since = state["seq"].as_u64().unwrap();
    let sent = town.done("sendMessage", json!({"chat_id": EAST, "text": "a"})).await["message_id"].clone();
    town.done(
        "setMessageReaction",
        json!({"chat_id": EAST, "message_id": sent, "reaction": [{"type": "emoji", "emoji": "👀"}]}),
    )
    .await;
    let news = town.get(&format!("state?as={COURIER}&since={since}&wait=5000")).await;
    let messages = news["messages"][0]["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["reactions"][0][1]), (1, &json!("👀")));
    let since = news["seq"].as_u64().unwrap();
    town.done("deleteMessage", json!({"chat_id": EAST, "message_id": sent})).await;
    let news = town.get(&format!("state?as={COURIER}&since={since}&wait=5000")).await;
    assert_eq!(news["messages"][0]["messages"][0], json!({"message_id": sent, "deleted": true}));
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_press_reaches_the_bot_and_its_answer_the_presser() {
    let town = Town::new().await;
    let markup = json!({"inline_keyboard": [[{"text": "核实", "callback_data": "v:1"}]]});
    let card =
        town.done("sendMessage", json!({"chat_id": EAST, "text": "L1", "reply_markup": markup})).await["message_id"]
            .clone();
    let press = town.post("press", json!({"as": OFFICER, "chat": EAST, "message_id": card, "data": "v:1"}));
    let answer = async {
        let update = town.updates(json!({"timeout": 5})).await.pop().unwrap();
        let query = &update["callback_query"];
        assert_eq!((&query["data"], &query["from"]["id"]), (&json!("v:1"), &json!(OFFICER)));
        assert_eq!(query["message"]["message_id"], card);
        town.done("answerCallbackQuery", json!({"callback_query_id": query["id"], "text": "已核实"})).await;
        query["id"].clone()
    };
    let (pressed, id) = tokio::join!(press, answer);
    assert_eq!(pressed["answer"], json!({"text": "已核实", "show_alert": false, "url": ""}));
    town.clock.0.fetch_add(60_000, Ordering::Relaxed);
    let (_, says) = town.refused("answerCallbackQuery", json!({"callback_query_id": id})).await;
    assert!(says.contains("query is too old"), "{says}");
    town.sandbox.stop().await;
}

#[tokio::test]
async fn migration_moves_the_group() {
    let town = Town::new().await;
    let to = town.post("migrate", json!({"chat": WEST})).await["chat"].as_i64().unwrap();
    let updates = town.updates(json!({})).await;
    assert_eq!(updates[0]["message"]["migrate_to_chat_id"], to);
    assert_eq!(updates[1]["message"]["migrate_from_chat_id"], WEST);
    let answer = town.call("sendMessage", json!({"chat_id": WEST, "text": "x"})).await;
    assert_eq!(answer["parameters"]["migrate_to_chat_id"], to);
    town.done("sendMessage", json!({"chat_id": to, "text": "x"})).await;
    town.say(COURIER, to, "#打架").await;
    town.sandbox.stop().await;
}

#[tokio::test]
async fn blocking_and_joining_are_told() {
    let town = Town::new().await;
    town.post("block", json!({"as": TAXI})).await;
    assert_eq!(
        town.refused("sendMessage", json!({"chat_id": TAXI, "text": "x"})).await,
        (403, "Forbidden: bot was blocked by the user".into())
    );
    town.post("block", json!({"as": TAXI, "blocked": false})).await;
    town.post("leave", json!({"as": TAXI, "chat": EAST})).await;
    town.post("join", json!({"as": TAXI, "chat": EAST})).await;
    let updates = town.updates(json!({})).await;
    let status = |n: usize| updates[n]["my_chat_member"]["new_chat_member"]["status"].clone();
    assert_eq!((status(0), status(1)), (json!("kicked"), json!("member")));
    assert_eq!(updates[2]["message"]["left_chat_member"]["id"], TAXI);
    assert_eq!(updates[3]["message"]["new_chat_members"][0]["id"], TAXI);
    town.sandbox.stop().await;
}

#[tokio::test]
async fn edits_locations_and_albums_are_told() {
    let town = Town::new().await;
    let tip = town.say(COURIER, EAST, "#打架").await;
    town.post("edit", json!({"as": COURIER, "chat": EAST, "message_id": tip, "text": "#盗窃"})).await;
    town.post("location", json!({"as": COURIER, "chat": EAST, "lat": 23.0, "lon": 113.9, "accuracy": 12.5})).await;
    town.post("location", json!({"as": COURIER, "chat": EAST, "lat": 23.0, "lon": 113.9, "venue": "夜市"})).await;
    town.post("photo", json!({"as": COURIER, "chat": EAST, "album": "77"})).await;
    town.post("voice", json!({"as": COURIER, "duration": 9})).await;
    let updates = town.updates(json!({})).await;
    assert_eq!(updates[1]["edited_message"]["text"], "#盗窃");
    assert_eq!(updates[2]["message"]["location"]["horizontal_accuracy"], 12.5);
    assert_eq!(updates[3]["message"]["venue"]["title"], "夜市");
    assert_eq!(updates[4]["message"]["media_group_id"], "77");
    assert_eq!(
        (&updates[5]["message"]["voice"]["duration"], &updates[5]["message"]["chat"]["id"]),
        (&json!(9), &json!(COURIER))
    );
    let long = town.say(COURIER, EAST, &"长".repeat(10_000)).await;
    assert_eq!(town.updates(json!({})).await.len(), 9, "clients cut long texts");
    assert!(long > tip);
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_flood_is_counted_and_timed() {
    let town = Town::new().await;
    let flood = town.post("flood", json!({"n": 1200, "groups": 7, "users": 9})).await;
    assert_eq!(flood["groups"].as_array().unwrap().len(), 7);
    assert_eq!(flood["last_update"].as_i64().unwrap() - flood["first_update"].as_i64().unwrap(), 1199);
    let first = town.updates(json!({"limit": 1})).await.pop().unwrap();
    let message = &first["message"];
    town.done(
        "sendMessage",
        json!({"chat_id": message["chat"]["id"], "text": "ok", "reply_parameters": {"message_id": message["message_id"]}}),
    )
    .await;
    let latency = town.get("latency").await;
    assert_eq!((&latency["count"], &latency["unanswered"]), (&json!(1), &json!(1199 + 5)));
    town.sandbox.stop().await;
}

#[tokio::test]
async fn the_page_is_served_and_locked_down() {
    let town = Town::new().await;
    for path in ["/", "/page/app.js", "/page/style.css", "/page/icon.svg"] {
        let answer = town.http.get(town.url(path)).send().await.unwrap();
        assert!(
            answer.status().is_success()
                && answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"),
            "{path}"
        );
    }
    let places = town.get("town").await;
    assert!(places["places"].as_array().unwrap().len() >= 60);
    town.sandbox.stop().await;
}
