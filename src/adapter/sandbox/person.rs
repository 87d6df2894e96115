//! What people do: write, edit, attach, press, react, join, leave, block. Each leaves behind what Telegram would.
//!
//! Works on the town alone; `control` calls it with what came over HTTP.

use super::change::{erase, set_reaction};
use super::failure::Refusal;
use super::info::{member_json, member_with};
use super::markup::find_entities;
use super::message::{Content, Message};
use super::send::MAX_TEXT;
use super::town::{Chat, ChatKind, Press, Standing, State};
use crate::domain::id::Millis;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::sync::oneshot;

/// A message to be sent by a person.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Who.
    pub who: i64,
    /// Where; their own id is their private chat with the bot.
    pub chat: i64,
    /// Words or caption.
    pub text: String,
    /// What goes with it.
    pub content: Content,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// The forum topic; one that is not there is opened.
    pub thread: Option<i64>,
    /// The album.
    pub album: Option<String>,
    /// As an anonymous admin.
    pub anonymous: bool,
    /// Another date than now, seconds.
    pub date: Option<i64>,
}

/// What came of it: the message's number and, if the bot gets to see it, the update's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Sent {
    /// In the chat.
    pub message_id: i64,
    /// For the bot.
    pub update_id: Option<i64>,
}

/// How many unanswered messages are timed.
const TIMED: usize = 200_000;

impl State {
    /// A person and a chat that they are in; the private chat is made when needed.
    ///
    /// # Errors
    /// 404 or 403 saying what is not so.
    pub fn find_place(&mut self, who: i64, chat: i64) -> Result<(), Refusal> {
        let person = self.people.get(&who).ok_or_else(|| Refusal::new(404, format!("no person {who}")))?;
        if chat == who {
            if person.blocked {
                return Err(Refusal::new(403, "this person blocked the bot"));
            }
            self.private_chat(who);
            return Ok(());
        }
        let place = self.chats.get(&chat).ok_or_else(|| Refusal::new(404, format!("no chat {chat}")))?;
        if let Some(to) = place.migrated_to {
            return Err(Refusal::migrated(to));
        }
        if place.members.contains(&who) { Ok(()) } else { Err(Refusal::new(403, format!("{who} is not in {chat}"))) }
    }

    /// Sends a person's message. Texts over the platform's length are cut into several, as clients do.
    ///
    /// # Errors
    /// No such person, chat or message.
    pub fn say(&mut self, draft: Draft, now: Millis) -> Result<Sent, Refusal> {
        self.find_place(draft.who, draft.chat)?;
        if draft.chat == draft.who && !self.people[&draft.who].started {
            let mut person = self.people[&draft.who].clone();
            person.started = true;
            self.put_person(person, !self.cast.contains(&draft.who));
        }
        let text = draft.text.trim();
        if text.is_empty() && matches!(draft.content, Content::Text) {
            return Err(Refusal::new(400, "nothing to say"));
        }
        if let Some(id) = draft.reply_to
            && self.chats[&draft.chat].messages.get(&id).is_none_or(|m| m.deleted)
        {
            return Err(Refusal::new(404, format!("no message {id} to reply to")));
        }
        if let Some(topic) = draft.thread {
            let chat = self.chats.get_mut(&draft.chat).expect("the chat was found before");
            if !chat.forum {
                return Err(Refusal::new(400, "the chat has no topics"));
            }
            chat.topics.insert(topic);
        }
        let mut pieces = split(text);
        let last = pieces.pop().unwrap_or_default();
        for piece in pieces {
            self.say_one(&draft, piece, Content::Text, now);
        }
        Ok(self.say_one(&draft, last, draft.content.clone(), now))
    }

    fn say_one(&mut self, draft: &Draft, text: String, content: Content, now: Millis) -> Sent {
        let message = Message {
            from: draft.who,
            date: draft.date.unwrap_or(now.0 / 1000),
            entities: find_entities(&text, &[]),
            text,
            content,
            reply_to: draft.reply_to,
            thread: draft.thread,
            album: draft.album.clone(),
            anonymous: draft.anonymous,
            ..Message::default()
        };
        let message_id = self.add_message(draft.chat, message);
        let update_id = self.push_message("message", draft.chat, message_id);
        if update_id.is_some() && self.unanswered.len() < TIMED {
            self.unanswered.insert((draft.chat, message_id), Instant::now());
        }
        Sent { message_id, update_id }
    }

    /// Changes the words of a person's own message.
    ///
    /// # Errors
    /// Not there, or not theirs.
    pub fn edit(&mut self, who: i64, chat: i64, id: i64, text: &str, now: Millis) -> Result<Sent, Refusal> {
        self.find_place(who, chat)?;
        let message = self.chats.get_mut(&chat).and_then(|c| c.messages.get_mut(&id)).filter(|m| !m.deleted);
        let message = message.ok_or_else(|| Refusal::new(404, "no such message"))?;
        if message.from != who {
            return Err(Refusal::new(403, "only own messages can be edited"));
        }
        let text = text.trim();
        if text.is_empty() || text == message.text {
            return Err(Refusal::new(400, "nothing changed"));
        }
        text.clone_into(&mut message.text);
        message.entities = find_entities(text, &[]);
        message.edited = Some(now.0 / 1000);
        self.touch_message(chat, id);
        let update_id = self.push_message("edited_message", chat, id);
        Ok(Sent { message_id: id, update_id })
    }

    /// Moves the place that a person shares live in a chat; `None` if they share none, or not any more.
    ///
    /// # Errors
    /// They are not in that chat.
    pub fn move_live(&mut self, who: i64, chat: i64, to: &Content, now: Millis) -> Result<Option<Sent>, Refusal> {
        self.find_place(who, chat)?;
        let shared = |m: &&mut Message| {
            let live = matches!(m.content, Content::Pin { live: Some(seconds), .. }
                if now.0 / 1000 < m.date + i64::from(seconds));
            m.from == who && !m.deleted && live
        };
        let messages = self.chats.get_mut(&chat).into_iter().flat_map(|c| c.messages.iter_mut().rev());
        let found = messages.map(|(id, message)| (*id, message)).find(|(_, message)| shared(message));
        let Some((message_id, message)) = found else { return Ok(None) };
        message.content = to.clone();
        message.edited = Some(now.0 / 1000);
        self.touch_message(chat, message_id);
        let update_id = self.push_message("edited_message", chat, message_id);
        Ok(Some(Sent { message_id, update_id }))
    }

    /// Takes a person's own message away. The platform tells bots nothing of it.
    ///
    /// # Errors
    /// Not there, or not theirs.
    pub fn unsay(&mut self, who: i64, chat: i64, id: i64) -> Result<(), Refusal> {
        self.find_place(who, chat)?;
        let message = self.chats[&chat].messages.get(&id).filter(|m| !m.deleted);
        let message = message.ok_or_else(|| Refusal::new(404, "no such message"))?;
        if message.from != who && chat != who {
            return Err(Refusal::new(403, "only own messages can be deleted"));
        }
        erase(self, chat, id);
        Ok(())
    }

    /// Presses a button; the answer arrives through the receiver.
    ///
    /// # Errors
    /// No such message or button.
    pub fn press(
        &mut self,
        who: i64,
        chat: i64,
        id: i64,
        data: &str,
        now: Millis,
    ) -> Result<(String, oneshot::Receiver<Value>), Refusal> {
        self.find_place(who, chat)?;
        let place = &self.chats[&chat];
        let message =
            place.messages.get(&id).filter(|m| !m.deleted).ok_or_else(|| Refusal::new(404, "no such message"))?;
        if !message.keyboard.as_ref().is_some_and(|keyboard| keyboard.has(data)) {
            return Err(Refusal::new(404, "no such button"));
        }
        self.seq += 1;
        let press = self.seq.to_string();
        let place = &self.chats[&chat];
        let body = json!({
            "id": press, "from": self.user_view(who), "chat_instance": format!("ci{chat}"), "data": data,
            "message": self.message_view(place, &place.messages[&id], true),
        });
        let (sender, receiver) = oneshot::channel();
        // Those nobody waits for any more are forgotten.
        if self.presses.len() > 20_000 {
            self.presses.retain(|_, press| now.since(press.at) < 60_000);
        }
        self.presses.insert(press.clone(), Press { at: now, answered: false, answer: Some(sender) });
        self.push_update("callback_query", body.to_string().as_bytes());
        Ok((press, receiver))
    }

    /// Marks a message with an emoji, or takes the mark away.
    ///
    /// # Errors
    /// No such message.
    pub fn react(&mut self, who: i64, chat: i64, id: i64, emoji: Option<String>, now: Millis) -> Result<(), Refusal> {
        self.find_place(who, chat)?;
        if self.chats[&chat].messages.get(&id).is_none_or(|m| m.deleted) {
            return Err(Refusal::new(404, "no such message"));
        }
        let list = |emoji: Option<&String>| {
            json!(emoji.map(|emoji| json!({"type": "emoji", "emoji": emoji})).into_iter().collect::<Vec<_>>())
        };
        let new = list(emoji.as_ref());
        let old = set_reaction(self, chat, id, who, emoji);
        let place = &self.chats[&chat];
        if place.kind == ChatKind::Private || place.standing == Standing::Administrator {
            let body = json!({
                "chat": self.chat_view(place), "message_id": id, "user": self.user_view(who), "date": now.0 / 1000,
                "old_reaction": list(old.as_ref()), "new_reaction": new,
            });
            self.push_update("message_reaction", body.to_string().as_bytes());
        }
        Ok(())
    }

    /// Brings a person into a group, or takes them out.
    ///
    /// # Errors
    /// No such person or group.
    pub fn move_person(&mut self, who: i64, chat: i64, inside: bool, now: Millis) -> Result<Sent, Refusal> {
        let mut place = self.chats.get(&chat).filter(|c| c.kind != ChatKind::Private).cloned();
        let place = place.as_mut().ok_or_else(|| Refusal::new(404, format!("no group {chat}")))?;
        let mut person = self.people.get(&who).cloned().ok_or_else(|| Refusal::new(404, format!("no person {who}")))?;
        let before = member_json(self, place, who);
        if inside {
            person.chats.insert(chat);
            place.members.insert(who);
        } else {
            person.chats.remove(&chat);
            place.members.remove(&who);
        }
        let after = member_json(self, place, who);
        self.put_person(person, !self.cast.contains(&who));
        self.put_chat(place.clone());
        self.push_standing("chat_member", chat, who, &before, &after, now);
        let content = if inside { Content::Joined(who) } else { Content::Left(who) };
        let message = Message { from: who, date: now.0 / 1000, content, ..Message::default() };
        let message_id = self.add_message(chat, message);
        Ok(Sent { message_id, update_id: self.push_message("message", chat, message_id) })
    }

    /// Changes how the bot stands in a group, and tells it.
    ///
    /// # Errors
    /// No such group.
    pub fn set_standing(&mut self, by: i64, chat: i64, standing: Standing, now: Millis) -> Result<(), Refusal> {
        let mut place = self.chats.get(&chat).cloned().ok_or_else(|| Refusal::new(404, format!("no chat {chat}")))?;
        let me = json!(self.user_view(self.bot.id));
        let before = member_with(&me, place.standing.word());
        place.standing = standing;
        self.put_chat(place);
        self.push_standing("my_chat_member", chat, by, &before, &member_with(&me, standing.word()), now);
        Ok(())
    }

    /// Blocks the bot, or lets it in again.
    ///
    /// # Errors
    /// No such person.
    pub fn block(&mut self, who: i64, blocked: bool, now: Millis) -> Result<(), Refusal> {
        let mut person = self.people.get(&who).cloned().ok_or_else(|| Refusal::new(404, format!("no person {who}")))?;
        if person.blocked == blocked {
            return Ok(());
        }
        person.blocked = blocked;
        self.private_chat(who);
        self.put_person(person, !self.cast.contains(&who));
        let me = json!(self.user_view(self.bot.id));
        let (gone, there) = (member_with(&me, "kicked"), member_with(&me, "member"));
        let (before, after) = if blocked { (&there, &gone) } else { (&gone, &there) };
        self.push_standing("my_chat_member", who, who, before, after, now);
        Ok(())
    }

    fn push_standing(&mut self, kind: &'static str, chat: i64, by: i64, before: &Value, after: &Value, now: Millis) {
        let Some(place) = self.chats.get(&chat) else { return };
        let body = json!({
            "chat": self.chat_view(place), "from": self.user_view(by), "date": now.0 / 1000,
            "old_chat_member": before, "new_chat_member": after,
        });
        self.push_update(kind, body.to_string().as_bytes());
    }

    /// Turns a plain group into a supergroup with a new id, which is given back.
    ///
    /// # Errors
    /// Not a plain group.
    pub fn migrate(&mut self, chat: i64, now: Millis) -> Result<i64, Refusal> {
        let old = self.chats.get(&chat).filter(|c| c.kind == ChatKind::Group && c.migrated_to.is_none()).cloned();
        let mut old = old.ok_or_else(|| Refusal::new(400, "only a plain group can become a supergroup"))?;
        let to = -1_000_000_000_000 + chat;
        let new = Chat {
            id: to,
            kind: ChatKind::Supergroup,
            last_id: 0,
            messages: Default::default(),
            changes: Default::default(),
            ..old.clone()
        };
        let by = old.admins.first().or(old.members.first()).copied().unwrap_or(self.bot.id);
        self.put_chat(new);
        let date = now.0 / 1000;
        let there = self
            .add_message(to, Message { from: by, date, content: Content::MigratedFrom(chat), ..Message::default() });
        let here =
            self.add_message(chat, Message { from: by, date, content: Content::MigratedTo(to), ..Message::default() });
        self.push_message("message", chat, here);
        self.push_message("message", to, there);
        old.migrated_to = Some(to);
        self.put_chat(old);
        Ok(to)
    }

    /// Writes down how long the bot took to answer.
    pub fn note_latency(&mut self, asked: Instant) {
        if self.latencies.len() < TIMED {
            self.latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// Cuts a text into pieces of the platform's length.
fn split(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut units = 0;
    for c in text.chars() {
        if units + c.len_utf16() > MAX_TEXT {
            pieces.push(std::mem::take(&mut piece));
            units = 0;
        }
        units += c.len_utf16();
        piece.push(c);
    }
    pieces.push(piece);
    pieces
}
