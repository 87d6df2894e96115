//! Sending and changing: what the server takes and the words in which it refuses.

use super::*;

#[tokio::test]
async fn refusals_have_the_servers_words() {
    let town = Town::new().await;
    let own = town.done("sendMessage", json!({"chat_id": EAST, "text": "你好"})).await["message_id"].clone();
    let theirs = town.say(COURIER, EAST, "早").await;
    let long = "字".repeat(4097);
    let button = |data: &str| json!({"inline_keyboard": [[{"text": "x", "callback_data": data}]]});
    for (method, params, code, says) in [
        ("sendMessage", json!({"chat_id": 1, "text": "x"}), 400, "Bad Request: chat not found"),
        ("sendMessage", json!({"text": "x"}), 400, "Bad Request: chat_id is empty"),
        ("sendMessage", json!({"chat_id": EAST, "text": "  "}), 400, "Bad Request: message text is empty"),
        ("sendMessage", json!({"chat_id": EAST, "text": long}), 400, "Bad Request: message is too long"),
        (
            "sendMessage",
            json!({"chat_id": EAST, "text": "<b>x", "parse_mode": "HTML"}),
            400,
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            "sendMessage",
            json!({"chat_id": EAST, "text": "x", "reply_parameters": {"message_id": 999}}),
            400,
            "Bad Request: message to be replied not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": EAST, "text": "x", "reply_markup": button(&"d".repeat(65))}),
            400,
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            json!({"chat_id": EAST, "text": "x", "message_thread_id": 7}),
            400,
            "Bad Request: message thread not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": COURIER, "text": "x"}),
            403,
            "Forbidden: bot can't initiate conversation with a user",
        ),
        (
            "editMessageText",
            json!({"chat_id": EAST, "message_id": 999, "text": "x"}),
            400,
            "Bad Request: message to edit not found",
        ),
        (
            "editMessageText",
            json!({"chat_id": EAST, "message_id": theirs, "text": "x"}),
            400,
            "Bad Request: message can't be edited",
        ),
        (
            "editMessageText",
            json!({"chat_id": EAST, "message_id": own, "text": "你好"}),
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        ),
        (
            "editMessageCaption",
            json!({"chat_id": EAST, "message_id": own, "caption": "x"}),
            400,
            "Bad Request: there is no caption in the message to edit",
        ),
        ("deleteMessage", json!({"chat_id": EAST, "message_id": 999}), 400, "Bad Request: message to delete not found"),
        (
            "setMessageReaction",
            json!({"chat_id": EAST, "message_id": 999}),
            400,
            "Bad Request: message to react not found",
        ),
        (
            "setMessageReaction",
            json!({"chat_id": EAST, "message_id": theirs, "reaction": [{"type": "emoji", "emoji": "✅"}]}),
            400,
            "Bad Request: REACTION_INVALID",
        ),
        (
            "answerCallbackQuery",
            json!({"callback_query_id": "1"}),
            400,
            "Bad Request: query is too old and response timeout expired or query ID is invalid",
        ),
        (
            "sendPhoto",
            json!({"chat_id": EAST, "photo": "nonsense"}),
            400,
            "Bad Request: wrong file identifier/HTTP URL specified",
        ),
        (
            "sendLocation",
            json!({"chat_id": EAST, "latitude": 91, "longitude": 0}),
            400,
            "Bad Request: wrong latitude or longitude specified",
        ),
        ("getFile", json!({"file_id": "x"}), 400, "Bad Request: invalid file_id"),
        ("sendNonsense", json!({}), 404, "Not Found: method not found"),
    ] {
        assert_eq!(town.refused(method, params.clone()).await, (code, says.to_owned()), "{method} {params}");
    }
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_401_and_a_wrong_path_404() {
    let town = Town::new().await;
    for (path, status) in [("/bot1:wrong/getMe", 401), ("/nothing", 404), (&*format!("/bot{TOKEN}/getMe"), 200)] {
        assert_eq!(town.http.get(town.url(path)).send().await.unwrap().status(), status, "{path}");
    }
    town.sandbox.stop().await;
}

#[tokio::test]
async fn bodies_may_be_query_form_json_or_multipart() {
    let town = Town::new().await;
    let url = town.url(&format!("/bot{TOKEN}/sendMessage"));
    let query = format!("{url}?chat_id={EAST}&text=a%20b");
    let form = format!("chat_id={EAST}&text=c+d&reply_markup=%7B%22inline_keyboard%22%3A%5B%5D%7D");
    let parts = reqwest::multipart::Form::new().text("chat_id", EAST.to_string()).text("text", "e f");
    let form = town.http.post(&url).header("content-type", "application/x-www-form-urlencoded").body(form);
    for (request, text) in
        [(town.http.get(query), "a b"), (form, "c d"), (town.http.post(&url).multipart(parts), "e f")]
    {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"]["text"], text, "{answer}");
    }
    town.sandbox.stop().await;
}

#[tokio::test]
async fn replies_and_edits_show_what_they_did() {
    let town = Town::new().await;
    let tip = town.say(COURIER, EAST, "#打架 渔市夜市").await;
    let markup = json!({"inline_keyboard": [[{"text": "核实", "callback_data": "v:1"}]]});
    let sent = town
        .done(
            "sendMessage",
            json!({"chat_id": EAST, "text": "<b>L1</b> 已收到", "parse_mode": "HTML", "reply_markup": markup,
                   "reply_parameters": {"message_id": tip, "allow_sending_without_reply": true}}),
        )
        .await;
    assert_eq!(sent["reply_to_message"]["message_id"], tip);
    assert_eq!(sent["entities"], json!([{"type": "bold", "offset": 0, "length": 2}]));
    assert_eq!(sent["reply_markup"], markup);
    town.clock.0.fetch_add(5000, Ordering::Relaxed);
    let edited =
        town.done("editMessageText", json!({"chat_id": EAST, "message_id": sent["message_id"], "text": "done"})).await;
    assert_eq!(edited["edit_date"], 1_795_000_005);
    assert_eq!(edited["reply_markup"], Value::Null, "an edit without buttons takes them away");
    town.done("deleteMessage", json!({"chat_id": EAST, "message_id": tip})).await;
    assert_eq!(town.refused("deleteMessage", json!({"chat_id": EAST, "message_id": tip})).await.0, 400);
    let reply = json!({"chat_id": EAST, "text": "x", "reply_parameters": {"message_id": tip, "allow_sending_without_reply": true}});
    assert_eq!(town.done("sendMessage", reply).await["reply_to_message"], Value::Null);
    town.sandbox.stop().await;
}

#[tokio::test]
async fn files_go_round() {
    let town = Town::new().await;
    town.post("photo", json!({"as": COURIER, "chat": EAST, "text": "看", "sample": 1})).await;
    let update = town.updates(json!({})).await.pop().unwrap();
    let photo = update["message"]["photo"].as_array().unwrap().last().unwrap()["file_id"].clone();
    let again = town.done("sendPhoto", json!({"chat_id": OFFICER, "photo": photo, "caption": "证据"})).await;
    assert_eq!(again["caption"], "证据");
    assert_eq!(
        town.refused("sendVoice", json!({"chat_id": OFFICER, "voice": photo})).await.1,
        "Bad Request: can't use file of type Photo as Voice"
    );
    let copied = town
        .done(
            "copyMessage",
            json!({"chat_id": OFFICER, "from_chat_id": EAST, "message_id": update["message"]["message_id"]}),
        )
        .await;
    assert!(copied["message_id"].is_i64() && copied.as_object().unwrap().len() == 1, "{copied}");
    let part =
        reqwest::multipart::Part::bytes(b"a,b\n1,2\n".to_vec()).file_name("积分.csv").mime_str("text/csv").unwrap();
    let form = reqwest::multipart::Form::new().text("chat_id", OFFICER.to_string()).part("document", part);
    let url = town.url(&format!("/bot{TOKEN}/sendDocument"));
    let sent: Value = town.http.post(url).multipart(form).send().await.unwrap().json().await.unwrap();
    let document = &sent["result"]["document"];
    assert_eq!((&document["file_name"], &document["file_size"]), (&json!("积分.csv"), &json!(8)));
    let path = town.done("getFile", json!({"file_id": document["file_id"]})).await["file_path"].clone();
    let path = format!("/file/bot{TOKEN}/{}", path.as_str().unwrap());
    let bytes = town.http.get(town.url(&path)).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"a,b\n1,2\n");
    town.sandbox.stop().await;
}
