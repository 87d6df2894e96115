//! A message as the sandbox keeps it, and as the Bot API shows it.
//!
//! What is kept is compact and goes to the journal; the view borrows from it and is written straight to bytes.

use super::keyboard::Keyboard;
use super::markup::Entity;
use super::town::{Chat, ChatKind, Person, State};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a message carries besides text; with a body other than `Text` the text is the caption.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// Words alone.
    #[default]
    Text,
    /// A pin.
    Pin {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lon: f64,
        /// Metres.
        accuracy: Option<f64>,
        /// For how many seconds it is shared live; it moves by edits.
        live: Option<u32>,
    },
    /// A pin with a name.
    Venue {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lon: f64,
        /// Name.
        title: String,
        /// Address line.
        address: String,
    },
    /// A file, by its id.
    File(String),
    /// Somebody came in.
    Joined(i64),
    /// Somebody left.
    Left(i64),
    /// The group moved there.
    MigratedTo(i64),
    /// The group moved from there.
    MigratedFrom(i64),
    /// A message was pinned.
    Pinned(i64),
}

/// One message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Message {
    /// Its number in the chat.
    pub id: i64,
    /// Who sent it.
    pub from: i64,
    /// Seconds since the epoch.
    pub date: i64,
    /// When it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<i64>,
    /// Words or caption.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Of the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// What it carries.
    #[serde(default)]
    pub content: Content,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// Its forum topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<i64>,
    /// Its buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyboard: Option<Keyboard>,
    /// The album it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// Sent as the chat itself, by an anonymous admin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Without a sound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// Who marked it with what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<(i64, String)>,
    /// Taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// The account under which the platform shows anonymous admins.
const ANONYMOUS_ADMIN: i64 = 1_087_968_824;

/// A user as the Bot API shows one.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UserView<'a> {
    id: i64,
    is_bot: bool,
    first_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    last_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    language_code: &'a str,
}

/// A chat as the Bot API shows one inside messages.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ChatView<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    first_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_forum: bool,
}

#[derive(Debug, Serialize)]
struct LocationView {
    latitude: f64,
    longitude: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizontal_accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_period: Option<u32>,
}

#[derive(Debug, Serialize)]
struct VenueView<'a> {
    location: LocationView,
    title: &'a str,
    address: &'a str,
}

#[derive(Debug, Serialize)]
struct FileView<'a> {
    file_id: Cow<'a, str>,
    file_unique_id: &'a str,
    file_size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
}

/// A message as the Bot API shows it.
#[derive(Debug, Serialize)]
pub(super) struct MessageView<'a> {
    message_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_topic_message: bool,
    from: UserView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_chat: Option<ChatView<'a>>,
    chat: ChatView<'a>,
    date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message: Option<Box<MessageView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Entity]>::is_empty")]
    entities: &'a [Entity],
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    venue: Option<VenueView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<[FileView<'a>; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<FileView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Entity]>::is_empty")]
    caption_entities: &'a [Entity],
    #[serde(skip_serializing_if = "Option::is_none")]
    new_chat_members: Option<[UserView<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_chat_member: Option<UserView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    migrate_to_chat_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    migrate_from_chat_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_message: Option<Box<MessageView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Keyboard>,
}

impl State {
    /// A user, the bot included, as the Bot API shows one.
    pub fn user_view(&self, id: i64) -> UserView<'_> {
        if id == self.bot.id {
            return UserView {
                id,
                is_bot: true,
                first_name: &self.bot.name,
                last_name: "",
                username: &self.bot.username,
                language_code: "",
            };
        }
        if id == ANONYMOUS_ADMIN {
            let first_name = "Group";
            return UserView {
                id,
                is_bot: true,
                first_name,
                last_name: "",
                username: "GroupAnonymousBot",
                language_code: "",
            };
        }
        match self.people.get(&id) {
            Some(person) => person.view(),
            None => UserView { id, is_bot: false, first_name: "?", last_name: "", username: "", language_code: "" },
        }
    }

    /// A chat as the Bot API shows it inside messages.
    pub fn chat_view<'a>(&'a self, chat: &'a Chat) -> ChatView<'a> {
        let (id, kind) = (chat.id, chat.kind.word());
        if chat.kind == ChatKind::Private {
            let person = self.people.get(&id);
            let first_name = person.map_or("?", |p| p.first_name.as_str());
            let username = person.map_or("", |p| p.username.as_str());
            return ChatView { id, kind, title: "", first_name, username, is_forum: false };
        }
        ChatView { id, kind, title: &chat.title, first_name: "", username: "", is_forum: chat.forum }
    }

    /// A message as the Bot API shows it; with `nested` the message that it answers is shown inside.
    pub fn message_view<'a>(&'a self, chat: &'a Chat, message: &'a Message, nested: bool) -> MessageView<'a> {
        let inner = |id: &i64| {
            let other = chat.messages.get(id).filter(|m| nested && !m.deleted)?;
            Some(Box::new(self.message_view(chat, other, false)))
        };
        let is_text = matches!(message.content, Content::Text);
        let words = (!message.text.is_empty()).then_some(message.text.as_str());
        let mut view = MessageView {
            message_id: message.id,
            message_thread_id: message.thread,
            is_topic_message: message.thread.is_some() && chat.forum,
            from: self.user_view(if message.anonymous { ANONYMOUS_ADMIN } else { message.from }),
            sender_chat: message.anonymous.then(|| self.chat_view(chat)),
            chat: self.chat_view(chat),
            date: message.date,
            edit_date: message.edited,
            media_group_id: message.album.as_deref(),
            reply_to_message: message.reply_to.as_ref().and_then(inner),
            text: words.filter(|_| is_text),
            entities: if is_text { &message.entities } else { &[] },
            location: None,
            venue: None,
            photo: None,
            video: None,
            voice: None,
            audio: None,
            document: None,
            caption: words.filter(|_| !is_text),
            caption_entities: if is_text { &[] } else { &message.entities },
            new_chat_members: None,
            left_chat_member: None,
            migrate_to_chat_id: None,
            migrate_from_chat_id: None,
            pinned_message: None,
            reply_markup: message.keyboard.as_ref(),
        };
        match &message.content {
            Content::Text => {}
            Content::Pin { lat, lon, accuracy, live } => {
                view.location = Some(LocationView { live_period: *live, ..location(*lat, *lon, *accuracy) });
            }
            Content::Venue { lat, lon, title, address } => {
                view.location = Some(location(*lat, *lon, None));
                view.venue = Some(VenueView { location: location(*lat, *lon, None), title, address });
            }
            Content::File(id) => self.attach_file(&mut view, id),
            Content::Joined(user) => view.new_chat_members = Some([self.user_view(*user)]),
            Content::Left(user) => view.left_chat_member = Some(self.user_view(*user)),
            Content::MigratedTo(to) => view.migrate_to_chat_id = Some(*to),
            Content::MigratedFrom(from) => view.migrate_from_chat_id = Some(*from),
            Content::Pinned(id) => view.pinned_message = inner(id),
        }
        view
    }

    fn attach_file<'a>(&'a self, view: &mut MessageView<'a>, id: &'a str) {
        let Some(file) = self.files.get(id) else { return };
        let mut part = FileView {
            file_id: Cow::Borrowed(&file.id),
            file_unique_id: &file.unique,
            file_size: file.bytes.len(),
            width: None,
            height: None,
            duration: None,
            file_name: Some(&file.name),
            mime_type: Some(&file.mime),
        };
        match file.kind {
            FileKind::Photo => {
                let size = |suffix: &str, width, height| FileView {
                    file_id: Cow::Owned(format!("{}{suffix}", file.id)),
                    file_unique_id: &file.unique,
                    file_size: file.bytes.len(),
                    width: Some(width),
                    height: Some(height),
                    duration: None,
                    file_name: None,
                    mime_type: None,
                };
                view.photo = Some([size(THUMBNAIL, 90, 60), size("", 1280, 853)]);
            }
            FileKind::Video => {
                (part.width, part.height, part.duration) = (Some(640), Some(360), Some(file.duration));
                view.video = Some(part);
            }
            FileKind::Voice => {
                (part.duration, part.file_name) = (Some(file.duration), None);
                view.voice = Some(part);
            }
            FileKind::Audio => {
                part.duration = Some(file.duration);
                view.audio = Some(part);
            }
            FileKind::Document => view.document = Some(part),
        }
    }
}

/// Ends the file id of a photo's small size.
pub(super) const THUMBNAIL: &str = "-s";

fn location(latitude: f64, longitude: f64, horizontal_accuracy: Option<f64>) -> LocationView {
    LocationView { latitude, longitude, horizontal_accuracy, live_period: None }
}

impl Person {
    fn view(&self) -> UserView<'_> {
        UserView {
            id: self.id,
            is_bot: false,
            first_name: &self.first_name,
            last_name: &self.last_name,
            username: &self.username,
            language_code: &self.language,
        }
    }
}

/// What sort of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileKind {
    /// A picture.
    Photo,
    /// A moving picture.
    Video,
    /// Spoken words.
    Voice,
    /// Sound.
    Audio,
    /// Anything.
    Document,
}

impl FileKind {
    /// The parameter of the send method, and the folder of `file_path`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Voice => "voice",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

/// A file that the platform holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredFile {
    /// The id under which the bot sends it again.
    pub id: String,
    /// The id that says it is the same.
    pub unique: String,
    /// What sort.
    pub kind: FileKind,
    /// Its name.
    pub name: String,
    /// Its type.
    pub mime: String,
    /// Seconds, of sound and film.
    pub duration: u32,
    /// Content; kept in a file of its own.
    #[serde(skip)]
    pub bytes: axum::body::Bytes,
}
