//! teloxide takes every answer and every update.

use super::*;
use teloxide::prelude::*;
use teloxide::types::{ChatId, InputFile, MessageId, ParseMode, ReactionType, ReplyParameters, UpdateKind, UserId};

fn bot(town: &Town) -> Bot {
    Bot::new(TOKEN).set_api_url(town.sandbox.url().parse().unwrap())
}

#[tokio::test]
async fn teloxide_reads_every_answer() {
    let town = Town::new().await;
    let bot = bot(&town);
    let east = ChatId(EAST);
    let tip = MessageId(i32::try_from(town.say(COURIER, EAST, "#打架").await).unwrap());
    assert_eq!(bot.get_me().await.unwrap().username(), "baiying_bot");
    let sent = bot
        .send_message(east, "<b>a</b>")
        .parse_mode(ParseMode::Html)
        .reply_parameters(ReplyParameters::new(tip).allow_sending_without_reply())
        .await
        .unwrap();
    assert_eq!(sent.reply_to_message().unwrap().id, tip);
    bot.edit_message_text(east, sent.id, "b").await.unwrap();
    bot.set_message_reaction(east, tip).reaction(vec![ReactionType::Emoji { emoji: "👀".into() }]).await.unwrap();
    bot.send_location(east, 23.0, 113.9).await.unwrap();
    bot.send_venue(east, 23.0, 113.9, "夜市", "渔市街").await.unwrap();
    let file = InputFile::memory(&b"x,y\n"[..]).file_name("a.csv");
    let document = bot.send_document(east, file).caption("月报").await.unwrap();
    let stored = bot.get_file(document.document().unwrap().file.id.clone()).await.unwrap();
    assert_eq!(stored.size, 4);
    bot.copy_message(east, east, sent.id).await.unwrap();
    bot.delete_message(east, sent.id).await.unwrap();
    assert!(bot.get_chat(east).await.unwrap().is_supergroup());
    assert!(bot.get_chat(ChatId(WEST)).await.unwrap().is_group());
    assert!(bot.get_chat(ChatId(TAXI)).await.unwrap().is_private());
    let me = bot.get_chat_member(east, UserId(8_000_000_001)).await.unwrap();
    assert!(me.is_privileged() && me.can_delete_messages());
    assert!(bot.get_chat_administrators(east).await.unwrap().len() >= 3);
    assert_eq!(bot.get_webhook_info().await.unwrap().pending_update_count, 1);
    let commands = vec![teloxide::types::BotCommand::new("help", "Help")];
    bot.set_my_commands(commands.clone()).await.unwrap();
    assert_eq!(bot.get_my_commands().await.unwrap(), commands);
    for standing in ["member", "restricted", "kicked", "left"] {
        town.post("bot", json!({"chat": EAST, "standing": standing})).await;
    }
    bot.send_message(east, "x").await.unwrap_err();
    town.sandbox.stop().await;
}

#[tokio::test]
async fn teloxide_reads_every_update() {
    let town = Town::new().await;
    let kinds =
        json!(["message", "edited_message", "callback_query", "message_reaction", "my_chat_member", "chat_member"]);
    town.updates(json!({"allowed_updates": kinds})).await;
    let markup = json!({"inline_keyboard": [[{"text": "核实", "callback_data": "v"}]]});
    let card =
        town.done("sendMessage", json!({"chat_id": EAST, "text": "L1", "reply_markup": markup})).await["message_id"]
            .clone();
    let tip =
        town.post("say", json!({"as": COURIER, "chat": EAST, "text": "#打架 @baiying_bot", "reply_to": card})).await;
    let tip = tip["message_id"].clone();
    town.post("say", json!({"as": COURIER, "text": "/start abc"})).await;
    town.post("say", json!({"as": OFFICER, "chat": EAST, "text": "通知", "anonymous": true})).await;
    town.post("edit", json!({"as": COURIER, "chat": EAST, "message_id": tip, "text": "#盗窃"})).await;
    town.post("location", json!({"as": COURIER, "chat": EAST, "lat": 23.0, "lon": 113.9, "accuracy": 30})).await;
    town.post("location", json!({"as": COURIER, "chat": EAST, "lat": 23.0, "lon": 113.9, "venue": "夜市"})).await;
    town.post("photo", json!({"as": COURIER, "chat": EAST, "text": "看", "album": "9"})).await;
    town.post("voice", json!({"as": COURIER, "chat": EAST})).await;
    town.post("press", json!({"as": OFFICER, "chat": EAST, "message_id": card, "data": "v", "wait": 1})).await;
    town.post("react", json!({"as": OFFICER, "chat": EAST, "message_id": tip, "emoji": "👍"})).await;
    town.post("leave", json!({"as": TAXI, "chat": EAST})).await;
    town.post("join", json!({"as": TAXI, "chat": EAST})).await;
    town.post("block", json!({"as": TAXI})).await;
    town.post("bot", json!({"chat": EAST, "standing": "member"})).await;
    town.post("chat", json!({"title": "新群", "members": [COURIER]})).await;
    town.post("migrate", json!({"chat": WEST})).await;
    let raw = town.http.get(town.url(&format!("/bot{TOKEN}/getUpdates"))).send().await.unwrap().text().await.unwrap();
    let raw: Value = serde_json::from_str(&raw).unwrap();
    let updates = raw["result"].as_array().unwrap();
    assert!(updates.len() >= 18, "{}", updates.len());
    for update in updates {
        let read: teloxide::types::Update = serde_json::from_str(&update.to_string()).unwrap();
        assert!(!matches!(read.kind, UpdateKind::Error(_)), "{update}");
    }
    town.sandbox.stop().await;
}
