//! The chat platform: what comes in from it and what goes out to it, without its library's types.

use crate::domain::id::{ChatId, MessageId, Millis, UserId};
use crate::domain::lead::MediaKind;
use crate::domain::place::Wgs84;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// One update as decoded from its raw JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The platform's number.
    pub id: i64,
    /// What happened.
    pub kind: UpdateKind,
}

/// What an update tells.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdateKind {
    /// Somebody wrote, or sent something.
    Message(Box<Message>),
    /// Somebody changed what they wrote.
    Edited(Box<Message>),
    /// Somebody pressed a button.
    Press(Press),
    /// The bot was added to, removed from, promoted or restricted in a chat, or blocked by a person.
    Standing {
        /// The chat.
        chat: ChatId,
        /// Whether the bot can still write there.
        present: bool,
    },
    /// A group became a supergroup and has a new id.
    Migrated {
        /// The old id.
        from: ChatId,
        /// The new id.
        to: ChatId,
    },
    /// Of a kind that the product does not use, or does not know yet.
    Other,
}

/// A sender as the platform shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Who; `None` for an anonymous admin or a message sent as a channel.
    pub user: Option<UserId>,
    /// Name as shown.
    pub name: String,
    /// The client's language (`zh-hans`, `en`), if told.
    pub language: Option<String>,
    /// Whether it is a bot.
    pub is_bot: bool,
}

/// A message that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Where.
    pub chat: ChatId,
    /// Whether the chat is one person's private chat with the bot.
    pub private: bool,
    /// The chat's title; empty for a private chat.
    pub title: String,
    /// The forum topic.
    pub thread: Option<MessageId>,
    /// Its id in the chat.
    pub id: MessageId,
    /// Who wrote it.
    pub from: Sender,
    /// When, by the platform.
    pub date: Millis,
    /// When it was last changed, by the platform: a live location moves by being changed.
    pub edited_at: Option<Millis>,
    /// Text or caption; empty if none.
    pub text: String,
    /// Whether the text mentions the bot or is a command addressed to it.
    pub mentions_bot: bool,
    /// The message that it replies to.
    pub reply_to: Option<MessageId>,
    /// A pin, a picture, a voice, a file.
    pub parts: Vec<Part>,
}

/// Something attached to a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A location, or a venue with its title.
    Pin {
        /// As the client gave it; its datum is the group's setting.
        at: Wgs84,
        /// Radius of uncertainty in metres, when the client told it.
        accuracy_m: Option<f64>,
        /// The venue's title.
        venue: Option<String>,
        /// Whether it is shared live: it moves by edits.
        live: bool,
    },
    /// A file of some kind.
    Media {
        /// What sort.
        kind: MediaKind,
        /// The platform's id, good for sending it again.
        file_id: String,
    },
}

/// A press on an inline button.
#[derive(Debug, Clone, PartialEq)]
pub struct Press {
    /// The platform's id of the press, to answer it.
    pub id: String,
    /// Who pressed.
    pub from: Sender,
    /// The chat of the message with the button.
    pub chat: ChatId,
    /// That message.
    pub message: MessageId,
    /// The button's data.
    pub data: String,
}

/// A button under a message: a press with data, or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Button {
    /// Sends `data` (64 bytes at most) back as a [`Press`].
    Press {
        /// What it says.
        label: String,
        /// What comes back.
        data: String,
    },
    /// Opens `url`.
    Link {
        /// What it says.
        label: String,
        /// Where it leads.
        url: String,
    },
}

/// Rows of buttons.
pub type Keyboard = Vec<Vec<Button>>;

/// One request to the platform.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// A new text message (HTML subset of the Bot API).
    Text {
        /// The text, escaped; 4,096 characters at most after entities are parsed.
        html: String,
        /// Buttons under it.
        keyboard: Keyboard,
        /// The message it replies to; sent without if that is gone.
        reply_to: Option<MessageId>,
        /// The forum topic.
        thread: Option<MessageId>,
        /// Without a sound.
        silent: bool,
    },
    /// New text and buttons for a message of the bot's own.
    Edit {
        /// Which.
        message: MessageId,
        /// The new text.
        html: String,
        /// The new buttons; empty takes them away.
        keyboard: Keyboard,
    },
    /// Takes a message away.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Marks a message with an emoji.
    React {
        /// Which.
        message: MessageId,
        /// The emoji, one of those that the platform allows.
        emoji: String,
    },
    /// A pin on the map, with a title if it is given (then it goes as a venue).
    Pin {
        /// Where.
        at: Wgs84,
        /// Title and address line of a venue.
        title: Option<String>,
        /// The message it replies to.
        reply_to: Option<MessageId>,
        /// The forum topic.
        thread: Option<MessageId>,
    },
    /// A file that the platform already holds.
    Media {
        /// What sort.
        kind: MediaKind,
        /// Its id.
        file_id: String,
        /// Text under it, escaped HTML.
        caption: String,
        /// The message it replies to.
        reply_to: Option<MessageId>,
        /// The forum topic.
        thread: Option<MessageId>,
    },
    /// A file of our own.
    Document {
        /// File name with ending.
        name: String,
        /// Content.
        bytes: Vec<u8>,
        /// Text under it, escaped HTML.
        caption: String,
        /// Whether it is shown as a picture.
        picture: bool,
    },
}

/// What the platform said to a [`Delivery`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SendError {
    /// 429: not before so many milliseconds.
    #[error("asked to wait {0} ms")]
    RetryAfter(i64),
    /// The group has a new id.
    #[error("the chat moved to {0}")]
    Migrated(ChatId),
    /// Blocked, kicked, left, deactivated, chat not found, no right to write: this chat cannot be reached.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The message to edit, delete or react to is gone, or may not be changed any more.
    #[error("gone: {0}")]
    Gone(String),
    /// An edit that changes nothing: as good as done.
    #[error("not modified")]
    NotModified,
    /// The request itself is refused and would be refused again.
    #[error("rejected: {0}")]
    Rejected(String),
    /// Nobody knows whether it was done: a timeout, a cut connection, a 5xx, an answer that makes no sense.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// A short answer to a press, shown to the presser alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PressAnswer {
    /// The press.
    pub press: String,
    /// What to show; empty stops the spinner only.
    pub text: String,
    /// As a dialog that has to be closed.
    pub alert: bool,
    /// A link to open (a deep link to the bot).
    pub url: Option<String>,
}

/// The platform's side that sends. Implementations keep no queue and no limits of their own: the outbox does.
pub trait Chat: Send + Sync + 'static {
    /// Sends one request. The id is that of the new message, where one is made.
    fn deliver(
        &self,
        chat: ChatId,
        delivery: Delivery,
    ) -> impl Future<Output = Result<Option<MessageId>, SendError>> + Send;
    /// Answers a press.
    fn answer(&self, answer: PressAnswer) -> impl Future<Output = Result<(), SendError>> + Send;
    /// Decodes a raw update; what cannot be decoded is [`UpdateKind::Other`].
    fn decode(&self, raw: &str) -> Update;
    /// The bot's user name without `@`, for deep links.
    fn username(&self) -> &str;
}
