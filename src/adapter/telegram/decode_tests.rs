use super::*;
use crate::domain::lead::MediaKind;
use crate::domain::place::Wgs84;
use crate::port::chat::Part;
use proptest::prelude::*;
use serde_json::json;

const BOT: &str = "baiying_bot";

fn read(value: &serde_json::Value) -> UpdateKind {
    decode(&value.to_string(), BOT).expect("readable").kind
}

/// A message in a group with `extra` fields over the usual ones.
fn group(extra: serde_json::Value) -> serde_json::Value {
    let mut message = json!({
        "message_id": 7, "date": 1_784_483_903,
        "chat": {"id": -100_500, "type": "supergroup", "title": "兴达路联络群"},
        "from": {"id": 42, "is_bot": false, "first_name": "王", "last_name": "师傅", "language_code": "zh-hans"},
    });
    for (key, value) in extra.as_object().expect("an object") {
        message[key] = value.clone();
    }
    json!({"update_id": 1, "message": message})
}

fn said(extra: serde_json::Value) -> Message {
    match read(&group(extra)) {
        UpdateKind::Message(message) => *message,
        other => panic!("not a message: {other:?}"),
    }
}

#[test]
fn a_text_keeps_who_where_and_when() {
    let it = said(json!({"text": "#盗窃 菜市场门口"}));
    assert_eq!((it.chat, it.id, it.private), (ChatId(-100_500), MessageId(7), false));
    assert_eq!((it.title.as_str(), it.text.as_str()), ("兴达路联络群", "#盗窃 菜市场门口"));
    assert_eq!((it.from.user, it.from.name.as_str()), (Some(UserId(42)), "王 师傅"));
    assert_eq!((it.from.language.as_deref(), it.date), (Some("zh-hans"), Millis(1_784_483_903_000)));
    assert_eq!((it.thread, it.reply_to, it.mentions_bot, it.parts.len()), (None, None, false, 0));
}

#[test]
fn a_caption_is_text_and_the_largest_picture_counts() {
    let it = said(json!({"caption": "着火了", "photo": [
        {"file_id": "big", "width": 1280, "height": 960}, {"file_id": "small", "width": 90, "height": 60}]}));
    assert_eq!(it.text, "着火了");
    assert_eq!(it.parts, [Part::Media { kind: MediaKind::Photo, file_id: "big".into() }]);
}

#[test]
fn parts_by_kind() {
    let media = |kind, id: &str| vec![Part::Media { kind, file_id: id.into() }];
    let pin = |accuracy_m, venue: Option<&str>| {
        vec![Part::Pin { at: Wgs84 { lat: 23.0, lon: 114.0 }, accuracy_m, venue: venue.map(Into::into), live: false }]
    };
    let file = json!({"file_id": "f", "file_unique_id": "u"});
    let place = json!({"latitude": 23.0, "longitude": 114.0, "horizontal_accuracy": 12.5});
    let bare = json!({"latitude": 23.0, "longitude": 114.0});
    for (extra, parts) in [
        (json!({"video": file}), media(MediaKind::Video, "f")),
        (json!({"video_note": file}), media(MediaKind::Video, "f")),
        (json!({"voice": file}), media(MediaKind::Voice, "f")),
        (json!({"audio": file}), media(MediaKind::Audio, "f")),
        (json!({"document": file}), media(MediaKind::Document, "f")),
        (json!({"animation": file, "document": file}), media(MediaKind::Document, "f")),
        (json!({"location": place}), pin(Some(12.5), None)),
        (json!({"location": bare}), pin(None, None)),
        (
            json!({"location": bare, "venue": {"location": bare, "title": "菜市场", "address": "x"}}),
            pin(None, Some("菜市场")),
        ),
        (json!({"location": {"latitude": 99.0, "longitude": 0.0}}), vec![]),
        (json!({"photo": []}), vec![]),
        (json!({"photo": "odd", "voice": 3, "text": "still a tip"}), vec![]),
    ] {
        assert_eq!(said(extra.clone()).parts, parts, "{extra}");
    }
}

#[test]
fn senders_without_a_person() {
    let anonymous = said(json!({"text": "x", "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"},
        "sender_chat": {"id": -100_500, "type": "supergroup", "title": "兴达路联络群"}}));
    assert_eq!((anonymous.from.user, anonymous.from.name.as_str()), (None, "兴达路联络群"));
    assert!(!anonymous.from.is_bot);
    let bot = said(json!({"text": "x", "from": {"id": 5, "is_bot": true, "first_name": "b"}}));
    assert!(bot.from.is_bot);
}

#[test]
fn topics_and_replies() {
    for (extra, thread, reply) in [
        (
            json!({"message_thread_id": 3, "is_topic_message": true, "reply_to_message": {"message_id": 3}}),
            Some(3),
            None,
        ),
        (
            json!({"message_thread_id": 3, "is_topic_message": true, "reply_to_message": {"message_id": 5}}),
            Some(3),
            Some(5),
        ),
        // A thread of replies outside a forum: the platform refuses to send to it.
        (json!({"message_thread_id": 5, "reply_to_message": {"message_id": 5}}), None, Some(5)),
    ] {
        let it = said(extra.clone());
        assert_eq!((it.thread.map(|t| t.0), it.reply_to.map(|r| r.0)), (thread, reply), "{extra}");
    }
}

#[test]
fn who_is_addressed() {
    for (text, wanted) in [
        ("@baiying_bot 有人打架", Some(("@baiying_bot 有人打架", true))),
        ("有人打架@Baiying_Bot", Some(("有人打架@Baiying_Bot", true))),
        ("/tip@baiying_bot 打架", Some(("/tip 打架", true))),
        ("/tip@BAIYING_bot", Some(("/tip", true))),
        ("请看 /points@baiying_bot", Some(("请看 /points@baiying_bot", true))),
        ("/tip 打架", Some(("/tip 打架", false))),
        ("/tip@other_bot 打架", None),
        ("@baiying_bot2 hello", Some(("@baiying_bot2 hello", false))),
        ("mail a@baiying_bot now", Some(("mail a@baiying_bot now", false))),
        ("/ @other", Some(("/ @other", false))),
        ("/x a@b", Some(("/x a@b", false))),
        ("/@x", Some(("/@x", false))),
        ("/tip@", Some(("/tip@", false))),
        ("@", Some(("@", false))),
    ] {
        match (read(&group(json!({"text": text}))), wanted) {
            (UpdateKind::Message(it), Some((text, ours))) => {
                assert_eq!((it.text.as_str(), it.mentions_bot), (text, ours), "{text}");
            }
            (UpdateKind::Other, None) => {}
            (got, _) => panic!("{text}: {got:?}"),
        }
    }
}

#[test]
fn presses() {
    let press = |message: serde_json::Value| {
        read(&json!({"update_id": 1, "callback_query": {"id": "99", "data": "v:1", "chat_instance": "x",
            "from": {"id": 42, "is_bot": false, "first_name": "李"}, "message": message}}))
    };
    for message in [
        json!({"message_id": 7, "date": 1, "chat": {"id": -5, "type": "group"}, "text": "card"}),
        json!({"message_id": 7, "date": 0, "chat": {"id": -5, "type": "group"}}),
    ] {
        let UpdateKind::Press(it) = press(message) else { panic!("not a press") };
        assert_eq!((it.id.as_str(), it.data.as_str(), it.from.user), ("99", "v:1", Some(UserId(42))));
        assert_eq!((it.chat, it.message), (ChatId(-5), MessageId(7)));
    }
    assert_eq!(press(json!(null)), UpdateKind::Other, "sent inline: no chat to answer in");
}

#[test]
fn standing_and_moving() {
    for (member, present) in [
        (json!({"status": "administrator"}), true),
        (json!({"status": "member"}), true),
        (json!({"status": "restricted", "is_member": true, "can_send_messages": true}), true),
        (json!({"status": "restricted", "is_member": true, "can_send_messages": false}), false),
        (json!({"status": "restricted", "is_member": false, "can_send_messages": true}), false),
        (json!({"status": "left"}), false),
        (json!({"status": "kicked"}), false),
    ] {
        let got = read(&json!({"update_id": 1, "my_chat_member": {"chat": {"id": -5}, "new_chat_member": member}}));
        assert_eq!(got, UpdateKind::Standing { chat: ChatId(-5), present }, "{member}");
    }
    let moved = UpdateKind::Migrated { from: ChatId(-5), to: ChatId(-1005) };
    let from = json!({"update_id": 1, "message": {"message_id": 1, "chat": {"id": -5}, "migrate_to_chat_id": -1005}});
    let to = json!({"update_id": 1, "message": {"message_id": 1, "chat": {"id": -1005}, "migrate_from_chat_id": -5}});
    assert_eq!((read(&from), read(&to)), (moved.clone(), moved));
}

#[test]
fn the_rest_is_other_or_an_error() {
    for other in [
        json!({"update_id": 1}),
        json!({"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": -5}, "text": "x"}}),
        json!({"update_id": 1, "new_update_kind": {"message": 3}}),
        json!({"update_id": 1, "guest_message": {"message_id": 1, "chat": {"id": -5}}}),
    ] {
        assert_eq!(read(&other), UpdateKind::Other, "{other}");
    }
    for bad in ["", "{", "[]", "null", r#"{"message":{}}"#, r#"{"update_id":1,"message":{}}"#, r#"{"update_id":"a"}"#] {
        assert!(decode(bad, BOT).is_err(), "{bad}");
    }
}

#[test]
fn edits_are_edits() {
    let mut update = group(json!({"text": "更正", "edit_date": 1_784_483_999}));
    update["edited_message"] = update["message"].take();
    let UpdateKind::Edited(it) = read(&update) else { panic!("not an edit") };
    assert_eq!((it.text.as_str(), it.date), ("更正", Millis(1_784_483_903_000)));
}

#[test]
fn peeking() {
    let cases = [
        (group(json!({"text": "x"})).to_string(), Some((1, -100_500))),
        (r#"{"update_id":2,"edited_message":{"chat":{"id":-3}}}"#.into(), Some((2, -3))),
        (r#"{"update_id":2,"callback_query":{"message":{"chat":{"id":-4}}}}"#.into(), Some((2, -4))),
        (r#"{"update_id":2,"callback_query":{"id":"1"}}"#.into(), Some((2, 0))),
        (r#"{"update_id":2,"my_chat_member":{"chat":{"id":-5}}}"#.into(), Some((2, -5))),
        (r#"{"update_id":2,"whatever":[1,{}]}"#.into(), Some((2, 0))),
        (r#"{"update_id":2,"message":{"chat":"odd"}}"#.into(), Some((2, 0))),
        (r#"{"message":{}}"#.into(), None),
        ("garbage".into(), None),
    ];
    for (raw, wanted) in cases {
        assert_eq!(peek(&raw).map(|(id, chat)| (id, chat.0)), wanted, "{raw}");
    }
}

#[test]
fn cleaning() {
    for (raw, wanted) in [
        (r#"{"a":"x\u0000y"}"#, r#"{"a":"xy"}"#),
        (r#"{"a":"x\\u0000y"}"#, r#"{"a":"x\\u0000y"}"#),
        (r#"{"a":"\\\u0000"}"#, r#"{"a":"\\"}"#),
        (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#),
        (r#"{"a":"\uD83D!"}"#, r#"{"a":"\ufffd!"}"#),
        (r#"{"a":"\ude00\ud83d"}"#, r#"{"a":"\ufffd\ufffd"}"#),
        (r#"{"a":"\u4e2d\u000a"}"#, r#"{"a":"\u4e2d\u000a"}"#),
        ("a\0b", "ab"),
        ("\\", "\\"),
        ("\\u00", "\\u00"),
        ("\\u000中", "\\u000中"),
    ] {
        assert_eq!(clean(raw), wanted, "{raw}");
    }
    assert!(matches!(clean(r#"{"a":"中文\n"}"#), Cow::Borrowed(_)), "nothing to do: nothing copied");
}

proptest! {
    /// Whatever a person writes comes through, less U+0000, however the platform escapes it.
    #[test]
    fn any_text_comes_through(text in any::<String>()) {
        let escaped: String = text.encode_utf16().map(|u| format!("\\u{u:04x}")).collect();
        let plain = group(json!({"text": text})).to_string();
        let written = format!("\"text\":{}", serde_json::to_string(&text).unwrap());
        for raw in [plain.clone(), plain.replace(&written, &format!("\"text\":\"{escaped}\""))] {
            let wanted = text.replace('\0', "");
            if let UpdateKind::Message(it) = decode(&clean(&raw), BOT).unwrap().kind && !it.mentions_bot {
                prop_assert_eq!(it.text, wanted);
            }
        }
    }

    /// No input makes the readers panic.
    #[test]
    fn garbage_is_refused_quietly(raw in "\\PC{0,40}|[\\\\u0-9a-fd\"{}:\u{0}]{0,40}") {
        let clean = clean(&raw);
        prop_assert!(!clean.contains('\0'));
        let _ = (decode(&clean, BOT), peek(&clean));
    }
}

/// Updates that other people found in the wild; the folder is not part of the product.
#[test]
#[ignore = "needs BAIYING_CORPORA, a folder with updates-dev.jsonl"]
fn updates_of_others_are_all_read() {
    let folder = std::env::var("BAIYING_CORPORA").expect("BAIYING_CORPORA names the folder");
    let lines = std::fs::read_to_string(std::path::Path::new(&folder).join("updates-dev.jsonl")).expect("the corpus");
    let mut used = 0;
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let raw = row["update"].to_string();
        let (id, _) = peek(&clean(&raw)).unwrap_or_else(|| panic!("{}: no number", row["id"]));
        let update = decode(&clean(&raw), BOT).unwrap_or_else(|error| panic!("{}: {error}", row["id"]));
        assert_eq!(update.id, id, "{}", row["id"]);
        let kinds: Vec<&str> = row["kinds"].as_array().unwrap().iter().filter_map(|kind| kind.as_str()).collect();
        let wanted =
            ["message", "edited_message", "callback_query", "my_chat_member"].iter().any(|it| kinds.contains(it));
        if !wanted {
            assert_eq!(update.kind, UpdateKind::Other, "{}", row["id"]);
        }
        used += usize::from(update.kind != UpdateKind::Other);
    }
    assert!(used > 100, "only {used} of the corpus are of use");
}
