//! The platform of a world: shows what it is sent, refuses what the real one would refuse, fails when told to.

use baiying::adapter::telegram::decode;
use baiying::domain::id::{ChatId, MessageId};
use baiying::port::chat::{Chat, Delivery, Keyboard, PressAnswer, SendError, Update, UpdateKind};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

/// A message that stands in a chat.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: i64,
    /// Its text without markup, or what it is.
    pub text: String,
    /// Its buttons.
    pub keyboard: Keyboard,
    /// The message that it replies to.
    pub reply_to: Option<i64>,
}

/// What the fake platform holds.
#[derive(Default)]
pub struct Platform {
    /// What stands, by chat and id.
    pub messages: BTreeMap<(i64, i64), Shown>,
    /// How many ids were given out.
    pub next: i64,
    /// Answers to presses.
    pub answers: Vec<String>,
    /// Reactions: chat, message, emoji.
    pub reactions: Vec<(i64, i64, String)>,
    /// Documents: name, bytes.
    pub documents: Vec<(String, Vec<u8>)>,
    /// What the next requests to a chat come to.
    pub faults: BTreeMap<i64, VecDeque<SendError>>,
    /// Requests so far.
    pub sends: usize,
}

/// The fake platform.
#[derive(Default)]
pub struct FakeChat(Mutex<Platform>);

impl FakeChat {
    /// What it holds, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Platform> {
        self.0.lock().unwrap()
    }
}

/// A message as people read it: without markup. Fails on markup that the platform does not know.
pub fn plain(html: &str) -> String {
    let mut out = html.to_owned();
    for tag in ["<b>", "</b>", "<code>", "</code>"] {
        out = out.replace(tag, "");
    }
    assert!(!out.contains('<'), "markup that the platform does not know, or words not escaped: {html}");
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The text of a message that fits the platform: 4,096 units of UTF-16 once markup and entities are read.
pub fn fitting(html: &str) -> String {
    let text = plain(html);
    assert!(text.encode_utf16().count() <= 4096, "too long for the platform");
    assert!(!text.trim().is_empty(), "the platform takes no empty message");
    text
}

impl Chat for FakeChat {
    async fn deliver(&self, chat: ChatId, delivery: Delivery) -> Result<Option<MessageId>, SendError> {
        let mut platform = self.lock();
        platform.sends += 1;
        if let Some(fault) = platform.faults.get_mut(&chat.0).and_then(VecDeque::pop_front) {
            return Err(fault);
        }
        let mut show = |text: String, keyboard: Keyboard, reply_to: Option<MessageId>| {
            platform.next += 1;
            let id = 10_000 + platform.next;
            let reply_to = reply_to.map(|m| m.0);
            platform.messages.insert((chat.0, id), Shown { id, text, keyboard, reply_to });
            Ok(Some(MessageId(id)))
        };
        match delivery {
            Delivery::Text { html, keyboard, reply_to, .. } => show(fitting(&html), keyboard, reply_to),
            Delivery::Pin { at, title, reply_to, .. } => {
                show(format!("[pin {:.4},{:.4} {}]", at.lat, at.lon, title.unwrap_or_default()), Vec::new(), reply_to)
            }
            Delivery::Media { kind, caption, reply_to, .. } => {
                show(format!("[{kind:?}] {}", plain(&caption)), Vec::new(), reply_to)
            }
            Delivery::Document { name, bytes, .. } => {
                let shown = show(format!("[document {name}]"), Vec::new(), None);
                platform.documents.push((name, bytes));
                shown
            }
            Delivery::Edit { message, html, keyboard } => match platform.messages.get_mut(&(chat.0, message.0)) {
                None => Err(SendError::Gone("message to edit not found".into())),
                Some(shown) => {
                    let text = fitting(&html);
                    if shown.text == text && shown.keyboard == keyboard {
                        return Err(SendError::NotModified);
                    }
                    (shown.text, shown.keyboard) = (text, keyboard);
                    Ok(None)
                }
            },
            Delivery::Delete { message } => match platform.messages.remove(&(chat.0, message.0)) {
                None => Err(SendError::Gone("message to delete not found".into())),
                Some(_) => Ok(None),
            },
            Delivery::React { message, emoji } => {
                platform.reactions.push((chat.0, message.0, emoji));
                Ok(None)
            }
        }
    }

    async fn answer(&self, answer: PressAnswer) -> Result<(), SendError> {
        self.lock().answers.push(answer.text);
        Ok(())
    }

    fn decode(&self, raw: &str) -> Update {
        assert!(!raw.contains("PANIC-PLEASE"), "a payload that no reader survives");
        decode::decode(raw, self.username()).unwrap_or(Update { id: 0, kind: UpdateKind::Other })
    }

    fn username(&self) -> &str {
        "baiying_bot"
    }
}
