//! Deliveries out: [`Chat`] over the Bot API.
//!
//! Owns how a delivery becomes a request (teloxide's payloads, HTML, reply parameters, no link previews,
//! inline keyboards, topics). Keeps no queue and no limits: the outbox does. Called by the flow through the port.

use super::api::{Api, WITHIN};
use super::refusal::{Asked, classify};
use crate::domain::id::{ChatId, MessageId};
use crate::domain::lead::MediaKind;
use crate::port::chat::{Button, Chat, Delivery, Keyboard, PressAnswer, SendError, Update, UpdateKind};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use teloxide::payloads as p;
use teloxide::requests::Payload;
use teloxide::types as t;

/// A file of our own may take longer than a message.
const UPLOAD_WITHIN: Duration = Duration::from_secs(120);

/// The bot as the flow sees it.
#[derive(Clone)]
pub struct TelegramChat {
    api: Api,
    username: String,
}

/// All that is read of a message that the platform gives back.
#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

type Delivered = Result<Option<MessageId>, SendError>;

impl TelegramChat {
    /// The bot behind `api`; `username` is its own, without `@` (from the config, or [`Api::me`]).
    pub fn new(api: Api, username: impl Into<String>) -> Self {
        Self { api, username: username.into().trim_start_matches('@').to_owned() }
    }

    async fn new_message<P: Payload + Serialize>(&self, payload: &P, asked: Asked) -> Delivered {
        match self.api.call_for::<P, Sent>(payload, WITHIN).await {
            Ok(sent) => Ok(Some(MessageId(sent.message_id))),
            Err(error) => Err(classify(error, asked)),
        }
    }

    async fn change<P: Payload + Serialize>(&self, payload: &P, asked: Asked) -> Delivered {
        match self.api.call_for::<P, serde::de::IgnoredAny>(payload, WITHIN).await {
            Ok(_) => Ok(None),
            Err(error) => Err(classify(error, asked)),
        }
    }

    async fn upload(&self, chat: ChatId, name: &str, bytes: &[u8], caption: &str, picture: bool) -> Delivered {
        let (method, field) = if picture { (p::SendPhoto::NAME, "photo") } else { (p::SendDocument::NAME, "document") };
        let (content_type, body) = form(chat, field, name, bytes, caption);
        match self.api.post::<Sent>(method, &content_type, body, UPLOAD_WITHIN).await {
            Ok(sent) => Ok(Some(MessageId(sent.message_id))),
            Err(error) => Err(classify(error, Asked::Other)),
        }
    }
}

impl Chat for TelegramChat {
    async fn deliver(&self, chat: ChatId, delivery: Delivery) -> Result<Option<MessageId>, SendError> {
        let to = t::ChatId(chat.0);
        match delivery {
            Delivery::Text { html, keyboard, reply_to, thread, silent } => {
                let mut it = p::SendMessage::new(to, html);
                it.parse_mode = Some(t::ParseMode::Html);
                it.link_preview_options = Some(no_preview());
                it.reply_parameters = reply(reply_to)?;
                it.message_thread_id = topic(thread)?;
                it.disable_notification = silent.then_some(true);
                if !keyboard.is_empty() {
                    it.reply_markup = Some(t::ReplyMarkup::InlineKeyboard(inline(keyboard)?));
                }
                self.new_message(&it, Asked::Text).await
            }
            Delivery::Edit { message, html, keyboard } => {
                let mut it = p::EditMessageText::new(to, number(message)?, html);
                it.parse_mode = Some(t::ParseMode::Html);
                it.link_preview_options = Some(no_preview());
                it.reply_markup = Some(inline(keyboard)?);
                self.change(&it, Asked::Edit).await
            }
            Delivery::Delete { message } => {
                self.change(&p::DeleteMessage::new(to, number(message)?), Asked::Touch).await
            }
            Delivery::React { message, emoji } => {
                let mut it = p::SetMessageReaction::new(to, number(message)?);
                it.reaction = Some(vec![t::ReactionType::Emoji { emoji }]);
                self.change(&it, Asked::Touch).await
            }
            Delivery::Pin { at, title: None, reply_to, thread } => {
                let mut it = p::SendLocation::new(to, at.lat, at.lon);
                it.reply_parameters = reply(reply_to)?;
                it.message_thread_id = topic(thread)?;
                self.new_message(&it, Asked::Other).await
            }
            Delivery::Pin { at, title: Some(title), reply_to, thread } => {
                // The platform wants an address line; the point itself is the one that is always true.
                let address = format!("{:.6}, {:.6}", at.lat, at.lon);
                let mut it = p::SendVenue::new(to, at.lat, at.lon, title, address);
                it.reply_parameters = reply(reply_to)?;
                it.message_thread_id = topic(thread)?;
                self.new_message(&it, Asked::Other).await
            }
            Delivery::Media { kind, file_id, caption, reply_to, thread } => {
                let held = Held {
                    chat_id: chat.0,
                    file: file_id,
                    parse_mode: (!caption.is_empty()).then_some(t::ParseMode::Html),
                    caption,
                    reply_parameters: reply(reply_to)?,
                    message_thread_id: topic(thread)?,
                };
                match kind {
                    MediaKind::Photo => self.new_message(&Photo::from(held), Asked::Other).await,
                    MediaKind::Video => self.new_message(&Video::from(held), Asked::Other).await,
                    MediaKind::Voice => self.new_message(&Voice::from(held), Asked::Other).await,
                    MediaKind::Audio => self.new_message(&Audio::from(held), Asked::Other).await,
                    MediaKind::Document => self.new_message(&Document::from(held), Asked::Other).await,
                }
            }
            Delivery::Document { name, bytes, caption, picture } => {
                self.upload(chat, &name, &bytes, &caption, picture).await
            }
        }
    }

    async fn answer(&self, answer: PressAnswer) -> Result<(), SendError> {
        let mut it = p::AnswerCallbackQuery::new(t::CallbackQueryId(answer.press));
        it.text = Some(answer.text.chars().take(200).collect::<String>()).filter(|text| !text.is_empty());
        it.show_alert = answer.alert.then_some(true);
        it.url = match answer.url {
            Some(url) => Some(url.parse().map_err(|_| SendError::Rejected("the link is no address".into()))?),
            None => None,
        };
        self.change(&it, Asked::Answer).await.map(|_| ())
    }

    fn decode(&self, raw: &str) -> Update {
        super::decode::decode(raw, &self.username).unwrap_or_else(|error| {
            let id = super::decode::peek(raw).map_or(0, |(id, _)| id);
            tracing::warn!(update = id, %error, "an update of a known kind cannot be read: it is kept and skipped");
            Update { id, kind: UpdateKind::Other }
        })
    }

    fn username(&self) -> &str {
        &self.username
    }
}

/// A file that the platform holds, with what goes with it.
struct Held {
    chat_id: i64,
    file: String,
    caption: String,
    parse_mode: Option<t::ParseMode>,
    reply_parameters: Option<t::ReplyParameters>,
    message_thread_id: Option<t::ThreadId>,
}

/// teloxide sends all media as forms; a file that the platform holds goes as JSON, named after its kind.
macro_rules! held {
    ($($name:ident $field:literal $method:ident)*) => {$(
        #[derive(Serialize)]
        struct $name {
            chat_id: i64,
            #[serde(rename = $field)]
            file: String,
            #[serde(skip_serializing_if = "String::is_empty")]
            caption: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            parse_mode: Option<t::ParseMode>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reply_parameters: Option<t::ReplyParameters>,
            #[serde(skip_serializing_if = "Option::is_none")]
            message_thread_id: Option<t::ThreadId>,
        }

        impl From<Held> for $name {
            fn from(it: Held) -> Self {
                Self {
                    chat_id: it.chat_id,
                    file: it.file,
                    caption: it.caption,
                    parse_mode: it.parse_mode,
                    reply_parameters: it.reply_parameters,
                    message_thread_id: it.message_thread_id,
                }
            }
        }

        impl Payload for $name {
            type Output = t::Message;
            const NAME: &'static str = <p::$method as Payload>::NAME;
        }
    )*};
}

held! {
    Photo "photo" SendPhoto
    Video "video" SendVideo
    Voice "voice" SendVoice
    Audio "audio" SendAudio
    Document "document" SendDocument
}

fn number(message: MessageId) -> Result<t::MessageId, SendError> {
    i32::try_from(message.0)
        .map(t::MessageId)
        .map_err(|_| SendError::Rejected(format!("{message} is no message number of the platform")))
}

fn reply(to: Option<MessageId>) -> Result<Option<t::ReplyParameters>, SendError> {
    to.map(|to| Ok(t::ReplyParameters::new(number(to)?).allow_sending_without_reply())).transpose()
}

fn topic(thread: Option<MessageId>) -> Result<Option<t::ThreadId>, SendError> {
    thread.map(|thread| Ok(t::ThreadId(number(thread)?))).transpose()
}

fn no_preview() -> t::LinkPreviewOptions {
    t::LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn inline(keyboard: Keyboard) -> Result<t::InlineKeyboardMarkup, SendError> {
    let button = |button| match button {
        Button::Press { label, data } => Ok(t::InlineKeyboardButton::callback(label, data)),
        Button::Link { label, url } => match url.parse() {
            Ok(url) => Ok(t::InlineKeyboardButton::url(label, url)),
            Err(_) => Err(SendError::Rejected(format!("the button «{label}» has no address"))),
        },
    };
    let rows: Result<Vec<Vec<_>>, _> = keyboard.into_iter().map(|row| row.into_iter().map(button).collect()).collect();
    Ok(t::InlineKeyboardMarkup { inline_keyboard: rows? })
}

/// A `multipart/form-data` body with one file in `part`: its content type and itself.
fn form(chat: ChatId, part: &str, name: &str, bytes: &[u8], caption: &str) -> (String, Vec<u8>) {
    let mut boundary = String::from("baiying");
    while bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes()) || caption.contains(&boundary) {
        boundary.push_str("-baiying");
    }
    let mut body = Vec::with_capacity(bytes.len() + caption.len() + 512);
    let mut field = |name: &str, value: &str| {
        body.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    };
    field("chat_id", &chat.to_string());
    if !caption.is_empty() {
        field("caption", caption);
        field("parse_mode", "HTML");
    }
    let name: String = name.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\') { '_' } else { c }).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
