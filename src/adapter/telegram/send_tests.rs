use super::*;
use crate::adapter::stand_in::Server;
use crate::domain::place::Wgs84;
use serde_json::{Value, json};

const CHAT: ChatId = ChatId(-100_500);
const AT: Wgs84 = Wgs84 { lat: 23.5, lon: 114.25 };
const REPLY: Option<MessageId> = Some(MessageId(7));
const TOPIC: Option<MessageId> = Some(MessageId(3));

async fn chat(status: u16, answer: &str) -> (Server, TelegramChat) {
    let answer = answer.to_owned();
    let server = Server::start(move |_| (status, answer.clone())).await;
    let api = Api::new(&server.url, &"1:to_ken-X".to_owned().into()).unwrap();
    (server, TelegramChat::new(api, "@baiying_bot"))
}

#[tokio::test]
async fn deliveries_as_requests() {
    let (server, chat) = chat(200, r#"{"ok":true,"result":{"message_id":4242}}"#).await;
    let reply = json!({"message_id": 7, "allow_sending_without_reply": true});
    let keyboard = vec![vec![
        Button::Press { label: "收到".into(), data: "a:1".into() },
        Button::Link { label: "私聊".into(), url: "https://t.me/baiying_bot?start=x".into() },
    ]];
    let inline = json!({"inline_keyboard": [[{"text": "收到", "callback_data": "a:1"},
        {"text": "私聊", "url": "https://t.me/baiying_bot?start=x"}]]});
    let media =
        |kind| Delivery::Media { kind, file_id: "f".into(), caption: "<b>c</b>".into(), reply_to: REPLY, thread: None };
    let held = |field: &str| json!({"chat_id": CHAT.0, field: "f", "caption": "<b>c</b>", "parse_mode": "HTML", "reply_parameters": reply});
    let new = Some(MessageId(4242));
    let cases: Vec<(Delivery, &str, Value, Option<MessageId>)> = vec![
        (
            Delivery::Text {
                html: "<b>x</b>".into(),
                keyboard: keyboard.clone(),
                reply_to: REPLY,
                thread: TOPIC,
                silent: true,
            },
            "sendMessage",
            json!({"chat_id": CHAT.0, "text": "<b>x</b>", "parse_mode": "HTML", "link_preview_options": {"is_disabled": true},
                "reply_parameters": reply, "message_thread_id": 3, "disable_notification": true, "reply_markup": inline}),
            new,
        ),
        (
            Delivery::Text { html: "x".into(), keyboard: vec![], reply_to: None, thread: None, silent: false },
            "sendMessage",
            json!({"chat_id": CHAT.0, "text": "x", "parse_mode": "HTML", "link_preview_options": {"is_disabled": true}}),
            new,
        ),
        (
            Delivery::Edit { message: MessageId(9), html: "y".into(), keyboard: vec![] },
            "editMessageText",
            json!({"chat_id": CHAT.0, "message_id": 9, "text": "y", "parse_mode": "HTML",
                "link_preview_options": {"is_disabled": true}, "reply_markup": {"inline_keyboard": []}}),
            None,
        ),
        (
            Delivery::Delete { message: MessageId(9) },
            "deleteMessage",
            json!({"chat_id": CHAT.0, "message_id": 9}),
            None,
        ),
        (
            Delivery::React { message: MessageId(9), emoji: "👌".into() },
            "setMessageReaction",
            json!({"chat_id": CHAT.0, "message_id": 9, "reaction": [{"type": "emoji", "emoji": "👌"}]}),
            None,
        ),
        (
            Delivery::Pin { at: AT, title: None, reply_to: REPLY, thread: TOPIC },
            "sendLocation",
            json!({"chat_id": CHAT.0, "latitude": 23.5, "longitude": 114.25, "reply_parameters": reply, "message_thread_id": 3}),
            new,
        ),
        (
            Delivery::Pin { at: AT, title: Some("菜市场".into()), reply_to: None, thread: None },
            "sendVenue",
            json!({"chat_id": CHAT.0, "latitude": 23.5, "longitude": 114.25, "title": "菜市场", "address": "23.500000, 114.250000"}),
            new,
        ),
        (media(MediaKind::Photo), "sendPhoto", held("photo"), new),
        (media(MediaKind::Video), "sendVideo", held("video"), new),
        (media(MediaKind::Voice), "sendVoice", held("voice"), new),
        (media(MediaKind::Audio), "sendAudio", held("audio"), new),
        (media(MediaKind::Document), "sendDocument", held("document"), new),
    ];
    for (delivery, method, body, message) in cases {
        assert_eq!(chat.deliver(CHAT, delivery).await, Ok(message), "{method}");
        let call = server.last();
        assert_eq!((call.method.as_str(), call.json()), (method, body));
    }
}

#[tokio::test]
async fn presses_are_answered() {
    let (server, chat) = chat(200, r#"{"ok":true,"result":true}"#).await;
    let answer = PressAnswer { press: "99".into(), text: "好".repeat(300), alert: true, url: None };
    chat.answer(answer).await.unwrap();
    let call = server.last();
    assert_eq!(call.method, "answerCallbackQuery");
    assert_eq!(call.json(), json!({"callback_query_id": "99", "text": "好".repeat(200), "show_alert": true}));
    let link = PressAnswer {
        press: "9".into(),
        text: String::new(),
        alert: false,
        url: Some("https://t.me/b?start=x".into()),
    };
    chat.answer(link).await.unwrap();
    assert_eq!(server.last().json(), json!({"callback_query_id": "9", "url": "https://t.me/b?start=x"}));
}

#[tokio::test]
async fn a_file_of_our_own_arrives_byte_for_byte() {
    let (server, chat) = chat(200, r#"{"ok":true,"result":{"message_id":5}}"#).await;
    let bytes = b"\x00\r\n--baiying\r\n\xff".to_vec();
    let delivery = Delivery::Document {
        name: "积分\"2026-11.xlsx".into(),
        bytes: bytes.clone(),
        caption: "<b>表</b>".into(),
        picture: false,
    };
    assert_eq!(chat.deliver(CHAT, delivery).await, Ok(Some(MessageId(5))));
    let call = server.last();
    assert_eq!(call.method, "sendDocument");
    let boundary = multer::parse_boundary(&call.content_type).unwrap();
    let body = futures_util::stream::once(async move { Ok::<_, std::io::Error>(call.body) });
    let mut form = multer::Multipart::new(body, boundary);
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let (name, file) = (field.name().unwrap().to_owned(), field.file_name().map(str::to_owned));
        fields.push((name, file, field.bytes().await.unwrap().to_vec()));
    }
    let text = |name: &str, value: &str| (name.to_owned(), None, value.as_bytes().to_vec());
    let document = ("document".to_owned(), Some("积分_2026-11.xlsx".to_owned()), bytes);
    assert_eq!(
        fields,
        [text("chat_id", "-100500"), text("caption", "<b>表</b>"), text("parse_mode", "HTML"), document]
    );
}

fn text() -> Delivery {
    Delivery::Text { html: "x".into(), keyboard: vec![], reply_to: None, thread: None, silent: false }
}

#[tokio::test]
async fn what_went_wrong() {
    for (status, answer, wanted) in [
        (
            429,
            r#"{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":3}}"#,
            SendError::RetryAfter(3000),
        ),
        (
            400,
            r#"{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-1007}}"#,
            SendError::Migrated(ChatId(-1007)),
        ),
        (
            403,
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            SendError::Unreachable("Forbidden: bot was blocked by the user".into()),
        ),
        (
            500,
            r#"{"ok":false,"error_code":500,"description":"Internal"}"#,
            SendError::Unknown("the server answered 500".into()),
        ),
        (502, "<html>", SendError::Unknown("the server answered 502".into())),
        (200, "<html>", SendError::Unknown("the server answered 200 with what is no answer".into())),
    ] {
        let (_server, chat) = chat(status, answer).await;
        let begun = tokio::time::Instant::now();
        assert_eq!(chat.deliver(CHAT, text()).await, Err(wanted), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(5), "a 5xx must not sleep");
    }
    let (_server, chat) = chat(200, r#"{"ok":true,"result":{"odd":1}}"#).await;
    assert!(matches!(chat.deliver(CHAT, text()).await, Err(SendError::Unknown(_))), "it may have been sent");
}

#[tokio::test]
async fn nobody_there_and_nobody_answering() {
    let token = "1:very_secret".to_owned().into();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut told = Vec::new();
    for url in [format!("http://{closed}"), format!("https://{closed}")] {
        let chat = TelegramChat::new(Api::new(&url, &token).unwrap(), "b");
        told.push(chat.deliver(CHAT, text()).await.unwrap_err().to_string());
    }
    let server = Server::start(|_| (0, String::new())).await;
    let api = Api::new(&server.url, &token).unwrap();
    let delete = p::DeleteMessage::new(t::ChatId(1), t::MessageId(1));
    let slow = api.call_for::<_, Sent>(&delete, Duration::from_millis(50)).await;
    told.push(slow.err().unwrap().to_string());
    assert!(told[0].contains("cannot connect") && told[1].contains("cannot connect"), "{told:?}");
    assert!(told[2].contains("no answer within"), "{told:?}");
    assert!(!told.concat().contains("secret"), "{told:?}");
}

#[tokio::test]
async fn a_server_that_hangs_up_between_requests_costs_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let body = r#"{"ok":true,"result":{"message_id":1}}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let chat = TelegramChat::new(Api::new(&url, &"1:a".to_owned().into()).unwrap(), "b");
    for _ in 0..20 {
        assert_eq!(chat.deliver(CHAT, text()).await, Ok(Some(MessageId(1))));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn requests_that_cannot_be_made_are_rejected_unsent() {
    let (server, chat) = chat(200, "{}").await;
    let bad_link = vec![vec![Button::Link { label: "x".into(), url: "no address".into() }]];
    for delivery in [
        Delivery::Delete { message: MessageId(i64::MAX) },
        Delivery::Edit { message: MessageId(1), html: "x".into(), keyboard: bad_link },
    ] {
        assert!(matches!(chat.deliver(CHAT, delivery).await, Err(SendError::Rejected(_))));
    }
    assert!(server.calls.lock().unwrap().is_empty());
    for token in ["", "1:a/../x", "1:a b", "1:a\n"] {
        assert!(Api::new(&server.url, &token.to_owned().into()).is_err(), "{token:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_other() {
    let (_server, chat) = chat(200, "{}").await;
    assert_eq!(chat.decode(r#"{"update_id":4,"message":{}}"#), Update { id: 4, kind: UpdateKind::Other });
    assert_eq!(chat.username(), "baiying_bot");
}
