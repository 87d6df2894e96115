//! The methods that send: text, pins, files, copies. All end in [`post`].

use super::body::Params;
use super::bot_api::{Answer, find_chat, result};
use super::failure::Refusal;
use super::keyboard::parse_keyboard;
use super::markup::{Entity, find_entities, parse_html, trim, utf16_len};
use super::message::{Content, FileKind, Message, StoredFile};
use super::town::{Standing, State};
use crate::domain::id::Millis;

/// Characters in a text, after entities are parsed.
pub(super) const MAX_TEXT: usize = 4096;
/// Characters in a caption.
pub(super) const MAX_CAPTION: usize = 1024;

/// Reads a text or caption with its `parse_mode` or entities.
///
/// # Errors
/// 400: the markup is broken.
pub(super) fn read_words(params: &Params, name: &str, entities: &str) -> Result<(String, Vec<Entity>), Refusal> {
    let words = params.text(name).unwrap_or_default();
    let given = match params.text("parse_mode").unwrap_or_default() {
        "" => {
            let given = params.nested(entities)?.map(serde_json::from_value).transpose();
            (words.to_owned(), given.map_err(|_| Refusal::bad("can't parse MessageEntity"))?.unwrap_or_default())
        }
        mode if mode.eq_ignore_ascii_case("html") => {
            parse_html(words).map_err(|why| Refusal::bad(&format!("can't parse entities: {why}")))?
        }
        mode if mode.eq_ignore_ascii_case("markdown") || mode.eq_ignore_ascii_case("markdownv2") => {
            return Err(Refusal::bad("the sandbox reads no Markdown, only parse_mode HTML"));
        }
        _ => return Err(Refusal::bad("unsupported parse_mode")),
    };
    let (text, mut entities) = trim(given.0, given.1);
    let found = find_entities(&text, &entities);
    if !found.is_empty() {
        entities.extend(found);
        entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    }
    Ok((text, entities))
}

/// `sendMessage`
pub(super) fn message(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let (text, entities) = read_words(params, "text", "entities")?;
    if text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if utf16_len(&text) > MAX_TEXT {
        return Err(Refusal::bad("message is too long"));
    }
    post(town, params, now, chat, Message { text, entities, ..Message::default() })
}

fn point(params: &Params) -> Result<(f64, f64), Refusal> {
    let lat = params.float("latitude").filter(|lat| (-90.0..=90.0).contains(lat));
    let lon = params.float("longitude").filter(|lon| (-180.0..=180.0).contains(lon));
    lat.zip(lon).ok_or_else(|| Refusal::bad("wrong latitude or longitude specified"))
}

/// `sendLocation`
pub(super) fn location(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let (lat, lon) = point(params)?;
    let accuracy = params.float("horizontal_accuracy").filter(|m| *m > 0.0);
    post(
        town,
        params,
        now,
        chat,
        Message { content: Content::Pin { lat, lon, accuracy, live: None }, ..Message::default() },
    )
}

/// `sendVenue`
pub(super) fn venue(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let (lat, lon) = point(params)?;
    let field = |name: &str| {
        let text = params.text(name).map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| Refusal::bad(&format!("venue {name} must be non-empty")))
    };
    let content = Content::Venue { lat, lon, title: field("title")?, address: field("address")? };
    post(town, params, now, chat, Message { content, ..Message::default() })
}

/// `sendPhoto`, `sendVideo`, `sendVoice`, `sendAudio`, `sendDocument`
pub(super) fn file(town: &mut State, method: &str, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let kind = match method {
        "sendPhoto" => FileKind::Photo,
        "sendVideo" => FileKind::Video,
        "sendVoice" => FileKind::Voice,
        "sendAudio" => FileKind::Audio,
        _ => FileKind::Document,
    };
    let (text, entities) = read_words(params, "caption", "caption_entities")?;
    if utf16_len(&text) > MAX_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    check_reply(town, chat, params)?;
    let id = take_file(town, kind, params)?;
    post(town, params, now, chat, Message { text, entities, content: Content::File(id), ..Message::default() })
}

fn take_file(town: &mut State, kind: FileKind, params: &Params) -> Result<String, Refusal> {
    let name = kind.word();
    let given = params.text(name).map(str::trim).unwrap_or_default();
    let part = if params.files.contains_key(name) { name } else { given.strip_prefix("attach://").unwrap_or("") };
    if let Some(upload) = params.files.get(part) {
        if upload.bytes.is_empty() {
            return Err(Refusal::bad("file must be non-empty"));
        }
        let file = new_file(town, kind, &upload.name, &upload.mime, upload.bytes.clone());
        return Ok(town.put_file(file));
    }
    if given.is_empty() {
        return Err(Refusal::bad(&format!("there is no {name} in the request")));
    }
    if given.starts_with("http://") || given.starts_with("https://") {
        return Err(Refusal::bad("failed to get HTTP URL content"));
    }
    let found = town.find_file(given).ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"))?;
    if found.kind != kind {
        let title = |kind: FileKind| {
            let mut word = kind.word().to_owned();
            word[..1].make_ascii_uppercase();
            word
        };
        return Err(Refusal::bad(&format!("can't use file of type {} as {}", title(found.kind), title(kind))));
    }
    Ok(found.id.clone())
}

/// A file with ids of its own.
pub(super) fn new_file(town: &State, kind: FileKind, name: &str, mime: &str, bytes: axum::body::Bytes) -> StoredFile {
    let number = town.files.len() + 1;
    let unique = format!("u{}{number}", kind.word());
    let name = name.rsplit(['/', '\\']).next().unwrap_or("file").to_owned();
    let duration = if matches!(kind, FileKind::Photo | FileKind::Document) { 0 } else { 3 };
    StoredFile {
        id: format!("AgACAgUAAx{}{number:06}", kind.word()),
        unique,
        kind,
        name,
        mime: mime.to_owned(),
        duration,
        bytes,
    }
}

/// `copyMessage`, `forwardMessage`
pub(super) fn copy(town: &mut State, method: &str, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let forward = method == "forwardMessage";
    let lost = || Refusal::bad(if forward { "message to forward not found" } else { "message to copy not found" });
    let from =
        params.int("from_chat_id").and_then(|id| town.chats.get(&id)).ok_or_else(|| Refusal::bad("chat not found"))?;
    let original =
        params.int("message_id").and_then(|id| from.messages.get(&id)).filter(|m| !m.deleted).ok_or_else(lost)?;
    let sendable =
        matches!(original.content, Content::Text | Content::Pin { .. } | Content::Venue { .. } | Content::File(_));
    if !sendable {
        return Err(Refusal::bad("message can't be copied"));
    }
    let mut message = Message {
        text: original.text.clone(),
        entities: original.entities.clone(),
        content: original.content.clone(),
        ..Message::default()
    };
    if !forward && !matches!(message.content, Content::Text) && params.text("caption").is_some() {
        (message.text, message.entities) = read_words(params, "caption", "caption_entities")?;
    }
    let answer = post(town, params, now, chat, message)?;
    if forward {
        return Ok(answer);
    }
    let id = town.chats.get(&chat).map_or(0, |chat| chat.last_id);
    result(&serde_json::json!({"message_id": id}))
}

/// The message that is replied to, if it may be.
fn check_reply(town: &State, chat: i64, params: &Params) -> Result<Option<i64>, Refusal> {
    let (id, lenient) = match params.nested("reply_parameters")? {
        Some(reply) => {
            let other = reply.get("chat_id").and_then(serde_json::Value::as_i64).is_some_and(|id| id != chat);
            if other {
                return Err(Refusal::bad("the sandbox knows no replies across chats"));
            }
            let lenient = reply.get("allow_sending_without_reply").and_then(serde_json::Value::as_bool);
            (reply.get("message_id").and_then(serde_json::Value::as_i64), lenient.unwrap_or(false))
        }
        None => (params.int("reply_to_message_id"), params.flag("allow_sending_without_reply")),
    };
    let Some(id) = id else { return Ok(None) };
    let there = town.chats.get(&chat).and_then(|chat| chat.messages.get(&id)).is_some_and(|m| !m.deleted);
    match (there, lenient) {
        (true, _) => Ok(Some(id)),
        (false, true) => Ok(None),
        (false, false) => Err(Refusal::bad("message to be replied not found")),
    }
}

/// Puts the bot's message into a chat and answers with it.
fn post(town: &mut State, params: &Params, now: Millis, chat: i64, mut message: Message) -> Answer {
    let place = town.chats.get(&chat).expect("the chat was found before");
    if place.standing == Standing::Restricted {
        return Err(Refusal::bad("not enough rights to send text messages to the chat"));
    }
    message.thread = params.int("message_thread_id");
    if message.thread.is_some_and(|topic| !place.forum || !place.topics.contains(&topic)) {
        return Err(Refusal::bad("message thread not found"));
    }
    message.keyboard = parse_keyboard(params.nested("reply_markup")?)?;
    message.reply_to = check_reply(town, chat, params)?;
    message.from = town.bot.id;
    message.date = now.0 / 1000;
    message.silent = params.flag("disable_notification");
    if let Some(asked) = message.reply_to.and_then(|id| town.unanswered.remove(&(chat, id))) {
        town.note_latency(asked);
    }
    let id = town.add_message(chat, message);
    show(town, chat, id)
}

/// Answers with a message as it stands.
pub(super) fn show(town: &State, chat: i64, id: i64) -> Answer {
    let place = town.chats.get(&chat).expect("the chat was found before");
    result(&town.message_view(place, &place.messages[&id], true))
}
