//! A raw update → [`port::chat::Update`](crate::port::chat::Update), and the little that intake needs before that.
//!
//! Owns lean structs of its own: they borrow, skip what the product does not use, and read each part by
//! itself, so that one odd field costs that field and not the message. (teloxide's `Update` round-trips through
//! a buffered tree and turns any surprise into an error.) Pure. Called by the poll step, the webhook and the flow.

use super::part::parts;
use crate::domain::id::{ChatId, MessageId, Millis, UserId};
use crate::port::chat::{Message, Press, Sender, Update, UpdateKind};
use crate::port::store::RawUpdate as Kept;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Why a raw update could not be read.
#[derive(Debug, thiserror::Error)]
#[error("update cannot be read: {0}")]
pub struct DecodeError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct RawUpdate<'a> {
    update_id: i64,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    edited_message: Option<&'a RawValue>,
    #[serde(borrow)]
    callback_query: Option<&'a RawValue>,
    #[serde(borrow)]
    my_chat_member: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct RawMessage<'a> {
    message_id: i64,
    chat: RawChat,
    #[serde(default)]
    date: i64,
    text: Option<String>,
    caption: Option<String>,
    message_thread_id: Option<i64>,
    is_topic_message: Option<bool>,
    migrate_to_chat_id: Option<i64>,
    migrate_from_chat_id: Option<i64>,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    sender_chat: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_to_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) location: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) venue: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) photo: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) video: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) video_note: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) voice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) audio: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) document: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    title: Option<String>,
}

#[derive(Deserialize)]
struct RawUser {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    first_name: String,
    last_name: Option<String>,
    language_code: Option<String>,
}

#[derive(Deserialize)]
struct RawStub {
    message_id: i64,
    chat: Option<RawChat>,
}

#[derive(Deserialize)]
struct RawPress<'a> {
    id: String,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct RawStanding {
    chat: RawChat,
    new_chat_member: RawMembership,
}

#[derive(Deserialize)]
struct RawMembership {
    status: String,
    is_member: Option<bool>,
    can_send_messages: Option<bool>,
}

/// Reads `raw` (U+0000 already taken out by [`clean`]). `username` is the bot's own, without `@`.
///
/// # Errors
/// When the body is not an update, or a part that the product needs is not as the Bot API has it.
pub fn decode(raw: &str, username: &str) -> Result<Update, DecodeError> {
    let update: RawUpdate = serde_json::from_str(raw)?;
    let kind = if let Some(raw) = update.message {
        message(raw.get(), username, UpdateKind::Message)?
    } else if let Some(raw) = update.edited_message {
        message(raw.get(), username, UpdateKind::Edited)?
    } else if let Some(raw) = update.callback_query {
        press(raw.get())?
    } else if let Some(raw) = update.my_chat_member {
        standing(raw.get())?
    } else {
        UpdateKind::Other
    };
    Ok(Update { id: update.update_id, kind })
}

fn message(raw: &str, username: &str, wrap: fn(Box<Message>) -> UpdateKind) -> Result<UpdateKind, DecodeError> {
    let raw: RawMessage = serde_json::from_str(raw)?;
    let chat = ChatId(raw.chat.id);
    if let Some(to) = raw.migrate_to_chat_id {
        return Ok(UpdateKind::Migrated { from: chat, to: ChatId(to) });
    }
    if let Some(from) = raw.migrate_from_chat_id {
        return Ok(UpdateKind::Migrated { from: ChatId(from), to: chat });
    }
    let parts = parts(&raw);
    let text = raw.text.or(raw.caption).unwrap_or_default();
    let (text, mentions_bot) = match addressee(&text, username) {
        Addressee::Another => return Ok(UpdateKind::Other),
        Addressee::Bot { command_end } => (format!("{}{}", &text[..command_end.0], &text[command_end.1..]), true),
        Addressee::Open => {
            let mentioned = mentions(&text, username);
            (text, mentioned)
        }
    };
    let thread = raw.message_thread_id.filter(|_| raw.is_topic_message == Some(true));
    // In a topic, a message that replies to nothing carries the topic's first message as its reply.
    let reply_to = part::<RawStub>(raw.reply_to_message).map(|m| m.message_id).filter(|id| Some(*id) != thread);
    Ok(wrap(Box::new(Message {
        chat,
        private: raw.chat.kind == "private",
        title: raw.chat.title.unwrap_or_default(),
        thread: thread.map(MessageId),
        id: MessageId(raw.message_id),
        from: sender(raw.from, raw.sender_chat),
        date: Millis::from_seconds(raw.date),
        text,
        mentions_bot,
        reply_to: reply_to.map(MessageId),
        parts,
    })))
}

/// Reads a part that the message can do without.
pub(super) fn part<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// A message sent as a chat (an anonymous admin, a channel) has no person behind it that anyone may know:
/// the `from` that comes with it is one of the platform's stand-ins.
fn sender(from: Option<&RawValue>, sender_chat: Option<&RawValue>) -> Sender {
    if let Some(chat) = part::<RawChat>(sender_chat) {
        return Sender { user: None, name: chat.title.unwrap_or_default(), language: None, is_bot: false };
    }
    match part::<RawUser>(from) {
        Some(user) => Sender {
            user: Some(UserId(user.id)),
            name: match user.last_name {
                Some(last) if !last.is_empty() => format!("{} {last}", user.first_name),
                _ => user.first_name,
            },
            language: user.language_code,
            is_bot: user.is_bot,
        },
        None => Sender { user: None, name: String::new(), language: None, is_bot: false },
    }
}

fn press(raw: &str) -> Result<UpdateKind, DecodeError> {
    let raw: RawPress = serde_json::from_str(raw)?;
    // A message too old to be shown still names itself and its chat; one sent inline does not.
    let (Some(RawStub { message_id, chat: Some(chat) }), Some(data)) = (part::<RawStub>(raw.message), raw.data) else {
        return Ok(UpdateKind::Other);
    };
    Ok(UpdateKind::Press(Press {
        id: raw.id,
        from: sender(raw.from, None),
        chat: ChatId(chat.id),
        message: MessageId(message_id),
        data,
    }))
}

fn standing(raw: &str) -> Result<UpdateKind, DecodeError> {
    let raw: RawStanding = serde_json::from_str(raw)?;
    let now = raw.new_chat_member;
    let present = match now.status.as_str() {
        "creator" | "administrator" | "member" => true,
        "restricted" => now.is_member != Some(false) && now.can_send_messages != Some(false),
        _ => false,
    };
    Ok(UpdateKind::Standing { chat: ChatId(raw.chat.id), present })
}

enum Addressee {
    /// A command for another bot (`/tip@other`).
    Another,
    /// A command for this one; where its `@username` begins and ends.
    Bot { command_end: (usize, usize) },
    /// No command, or one that names nobody.
    Open,
}

/// Whom the command at the start of a text is for.
fn addressee(text: &str, username: &str) -> Addressee {
    if !text.starts_with('/') {
        return Addressee::Open;
    }
    let word = text.split(char::is_whitespace).next().unwrap_or(text);
    let Some(at) = word.find('@') else { return Addressee::Open };
    let name_end = word[at + 1..].find(|c| !is_name(c)).map_or(word.len(), |n| at + 1 + n);
    if word[1..at].is_empty() || !word[1..at].chars().all(is_name) || name_end == at + 1 {
        return Addressee::Open;
    }
    if word[at + 1..name_end].eq_ignore_ascii_case(username) {
        Addressee::Bot { command_end: (at, name_end) }
    } else {
        Addressee::Another
    }
}

/// Whether the text holds `@username`, whole and in any case, or a command for it. Read from the text rather than
/// from the entities: those count UTF-16 units, are missing from edits by some clients, and say no more.
fn mentions(text: &str, username: &str) -> bool {
    !username.is_empty()
        && text.match_indices('@').any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let name = &text[at + 1..];
            let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
            name[..end].eq_ignore_ascii_case(username)
                && !before.is_some_and(|c| c.is_ascii_alphanumeric() && !is_command(&text[..at]))
        })
}

fn is_command(before: &str) -> bool {
    before.trim_end_matches(is_name).ends_with('/')
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[derive(Deserialize)]
struct Peek {
    update_id: i64,
    message: Option<PeekChat>,
    edited_message: Option<PeekChat>,
    callback_query: Option<PeekPress>,
    my_chat_member: Option<PeekChat>,
}

#[derive(Deserialize)]
struct PeekChat {
    chat: PeekId,
}

#[derive(Deserialize)]
struct PeekPress {
    message: Option<PeekChat>,
}

#[derive(Deserialize)]
struct PeekId {
    id: i64,
}

/// The number of a raw update and the chat whose order it keeps (0 where it has none). `None`: not an update.
pub fn peek(raw: &str) -> Option<(i64, ChatId)> {
    look(raw).map(|(id, chat, _)| (id, chat))
}

/// What is stored of a raw update that was cleaned. `None`: not an update.
pub fn keep(json: String) -> Option<Kept> {
    look(&json).map(|(update_id, chat, press)| Kept { update_id, chat, json, press })
}

/// Number, chat, and whether it is a press.
fn look(raw: &str) -> Option<(i64, ChatId, bool)> {
    #[derive(Deserialize)]
    struct Number {
        update_id: i64,
    }
    match serde_json::from_str::<Peek>(raw) {
        Ok(peek) => {
            let press = peek.callback_query.is_some();
            let chat = (peek.message.or(peek.edited_message))
                .or(peek.callback_query.and_then(|press| press.message))
                .or(peek.my_chat_member)
                .map_or(0, |it| it.chat.id);
            Some((peek.update_id, ChatId(chat), press))
        }
        // Whatever else is odd about it: it has a number, so it is stored.
        Err(_) => serde_json::from_str::<Number>(raw).ok().map(|it| (it.update_id, ChatId(0), false)),
    }
}

/// Takes out what a database or a JSON reader refuses: `\u0000`, and halves of surrogate pairs (which become U+FFFD).
/// Works on the raw JSON text; what needs no change is not copied.
pub fn clean(raw: &str) -> Cow<'_, str> {
    let suspicious = |rest: &str| {
        rest.as_bytes().windows(4).any(|w| w[0] == b'\\' && w[1] == b'u' && (w[2] | 0x20 == b'd' || &w[2..4] == b"00"))
    };
    if raw.contains('\0') {
        // Never in JSON; what is left may still be worth keeping.
        return Cow::Owned(clean(&raw.replace('\0', "")).into_owned());
    }
    if !suspicious(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (kept, used): (&str, usize) = match unit(rest) {
            Some(0) => ("", 6),
            Some(0xD800..=0xDBFF) => match unit(&rest[6..]) {
                Some(0xDC00..=0xDFFF) => (&rest[..12], 12),
                _ => ("\\ufffd", 6),
            },
            Some(0xDC00..=0xDFFF) => ("\\ufffd", 6),
            Some(_) => (&rest[..6], 6),
            // An escape of two characters; what follows a backslash may be of any width if it is no JSON at all.
            None => {
                let width = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                (&rest[..width], width)
            }
        };
        out.push_str(kept);
        rest = &rest[used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The code unit of a `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
