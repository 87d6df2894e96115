//! The methods that change what is there: edits, deletions, reactions, answers to presses, pins, leaving.

use super::body::Params;
use super::bot_api::{Answer, done, find_chat};
use super::failure::Refusal;
use super::keyboard::parse_keyboard;
use super::markup::utf16_len;
use super::message::{Content, Message};
use super::send::{MAX_CAPTION, MAX_TEXT, read_words, show};
use super::town::{ChatKind, Standing, State};
use crate::domain::id::Millis;
use serde_json::{Value, json};

/// For how long a press can be answered.
const PRESS_MS: i64 = 30_000;
/// For how long others' messages can be taken away.
const DELETE_MS: i64 = 48 * 3_600_000;

/// The emoji that the platform allows as reactions.
pub(super) const REACTIONS: &str = "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";

fn find_message<'a>(town: &'a State, chat: i64, params: &Params, lost: &str) -> Result<&'a Message, Refusal> {
    let Some(id) = params.int("message_id") else { return Err(Refusal::bad("message identifier is not specified")) };
    let found = town.chats.get(&chat).and_then(|chat| chat.messages.get(&id)).filter(|m| !m.deleted);
    found.ok_or_else(|| Refusal::bad(lost))
}

fn find_own<'a>(town: &'a State, chat: i64, params: &Params) -> Result<&'a Message, Refusal> {
    let message = find_message(town, chat, params, "message to edit not found")?;
    if message.from == town.bot.id { Ok(message) } else { Err(Refusal::bad("message can't be edited")) }
}

/// Replaces a message of the bot's own, unless it would stay the same.
fn replace(town: &mut State, chat: i64, new: Message, now: Millis) -> Answer {
    let place = town.chats.get_mut(&chat).expect("the chat was found before");
    let old = place.messages.get_mut(&new.id).expect("the message was found before");
    if old.text == new.text && old.entities == new.entities && old.keyboard == new.keyboard {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    // The platform shows no edit mark when only buttons changed.
    let words = old.text != new.text || old.entities != new.entities;
    let id = new.id;
    *old = new;
    if words {
        old.edited = Some(now.0 / 1000);
    }
    town.touch_message(chat, id);
    show(town, chat, id)
}

/// `editMessageText`
pub(super) fn text(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let (text, entities) = read_words(params, "text", "entities")?;
    if text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if utf16_len(&text) > MAX_TEXT {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let mut new = find_own(town, chat, params)?.clone();
    if !matches!(new.content, Content::Text) {
        return Err(Refusal::bad("there is no text in the message to edit"));
    }
    (new.text, new.entities) = (text, entities);
    new.keyboard = parse_keyboard(params.nested("reply_markup")?)?;
    replace(town, chat, new, now)
}

/// `editMessageCaption`
pub(super) fn caption(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let (text, entities) = read_words(params, "caption", "caption_entities")?;
    if utf16_len(&text) > MAX_CAPTION {
        return Err(Refusal::bad("MEDIA_CAPTION_TOO_LONG"));
    }
    let mut new = find_own(town, chat, params)?.clone();
    if !matches!(new.content, Content::File(_)) {
        return Err(Refusal::bad("there is no caption in the message to edit"));
    }
    (new.text, new.entities) = (text, entities);
    new.keyboard = parse_keyboard(params.nested("reply_markup")?)?;
    replace(town, chat, new, now)
}

/// `editMessageReplyMarkup`
pub(super) fn keyboard(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let mut new = find_own(town, chat, params)?.clone();
    new.keyboard = parse_keyboard(params.nested("reply_markup")?)?;
    replace(town, chat, new, now)
}

/// `deleteMessage`
pub(super) fn delete(town: &mut State, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let message = find_message(town, chat, params, "message to delete not found")?;
    let place = &town.chats[&chat];
    let may =
        message.from == town.bot.id || place.kind == ChatKind::Private || place.standing == Standing::Administrator;
    if !may {
        return Err(Refusal::bad("message can't be deleted"));
    }
    // In supergroups an admin may delete for ever; elsewhere only for two days.
    if place.kind != ChatKind::Supergroup && now.0 - message.date * 1000 > DELETE_MS {
        return Err(Refusal::bad("message can't be deleted for everyone"));
    }
    let id = message.id;
    erase(town, chat, id);
    done()
}

/// `deleteMessages`: those that are there.
pub(super) fn delete_many(town: &mut State, params: &Params, _now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    let ids: Vec<i64> =
        params.nested("message_ids")?.and_then(|ids| serde_json::from_value(ids).ok()).unwrap_or_default();
    for id in ids {
        erase(town, chat, id);
    }
    done()
}

/// Takes a message away; what it said is gone.
pub(super) fn erase(town: &mut State, chat: i64, id: i64) {
    let Some(message) = town.chats.get_mut(&chat).and_then(|chat| chat.messages.get_mut(&id)) else { return };
    *message = Message { id, from: message.from, date: message.date, deleted: true, ..Message::default() };
    town.touch_message(chat, id);
}

/// `setMessageReaction`
pub(super) fn react(town: &mut State, params: &Params) -> Answer {
    let chat = find_chat(town, params)?;
    let id = find_message(town, chat, params, "message to react not found")?.id;
    let wanted = params.nested("reaction")?.unwrap_or(Value::Array(Vec::new()));
    let wanted = wanted.as_array().ok_or_else(|| Refusal::bad("can't parse reaction types JSON object"))?;
    if wanted.len() > 1 {
        return Err(Refusal::bad("REACTIONS_TOO_MANY"));
    }
    let emoji = wanted.first().and_then(|reaction| reaction.get("emoji")).and_then(Value::as_str);
    let known = |emoji: &str| REACTIONS.split(' ').any(|allowed| allowed == emoji.trim_end_matches('\u{fe0f}'));
    if !wanted.is_empty() && (town.chats[&chat].no_reactions || !emoji.is_some_and(known)) {
        return Err(Refusal::bad("REACTION_INVALID"));
    }
    let emoji = emoji.map(str::to_owned);
    let bot = town.bot.id;
    set_reaction(town, chat, id, bot, emoji);
    done()
}

/// Sets or takes away somebody's reaction; gives the one before.
pub(super) fn set_reaction(town: &mut State, chat: i64, id: i64, who: i64, emoji: Option<String>) -> Option<String> {
    let message = town.chats.get_mut(&chat)?.messages.get_mut(&id)?;
    let old = message.reactions.iter().position(|(by, _)| *by == who).map(|at| message.reactions.remove(at).1);
    message.reactions.extend(emoji.map(|emoji| (who, emoji)));
    if who == town.bot.id
        && let Some(asked) = town.unanswered.remove(&(chat, id))
    {
        town.note_latency(asked);
    }
    town.touch_message(chat, id);
    old
}

/// `answerCallbackQuery`
pub(super) fn answer_press(town: &mut State, params: &Params, now: Millis) -> Answer {
    let old = || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    let text = params.text("text").unwrap_or_default();
    let url = params.text("url").unwrap_or_default();
    if utf16_len(text) > 200 {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let deep = ["https://t.me/", "http://t.me/", "tg://", "t.me/"].iter().any(|start| url.starts_with(start));
    if !url.is_empty() && !deep {
        return Err(Refusal::bad("URL_INVALID"));
    }
    let press = params.text("callback_query_id").and_then(|id| town.presses.get_mut(id)).ok_or_else(old)?;
    if now.since(press.at) > PRESS_MS {
        return Err(old());
    }
    press.answered = true;
    if let Some(waiting) = press.answer.take() {
        // The presser may have gone away.
        let _ = waiting.send(json!({"text": text, "show_alert": params.flag("show_alert"), "url": url}));
    }
    done()
}

/// `pinChatMessage`, `unpinChatMessage`
pub(super) fn pin(town: &mut State, method: &str, params: &Params, now: Millis) -> Answer {
    let chat = find_chat(town, params)?;
    if town.chats[&chat].kind != ChatKind::Private && town.chats[&chat].standing != Standing::Administrator {
        return Err(Refusal::bad("not enough rights to manage pinned messages in the chat"));
    }
    if method == "pinChatMessage" {
        let id = find_message(town, chat, params, "message to pin not found")?.id;
        let from = town.bot.id;
        town.add_message(
            chat,
            Message { from, date: now.0 / 1000, content: Content::Pinned(id), ..Message::default() },
        );
    }
    done()
}

/// `leaveChat`
pub(super) fn leave(town: &mut State, params: &Params) -> Answer {
    let id = find_chat(town, params)?;
    let mut chat = town.chats[&id].clone();
    if chat.kind == ChatKind::Private {
        return Err(Refusal::bad("chat not found"));
    }
    chat.standing = Standing::Left;
    town.put_chat(chat);
    done()
}
