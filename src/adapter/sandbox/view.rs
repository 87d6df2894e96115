//! What people see: the page's state, new messages as they come, any chat's messages for tests.

use super::control::{Answer, Town};
use super::failure::Refusal;
use super::message::Message;
use super::town::{Chat, Person, State};
use axum::Json;
use axum::extract::{Query, State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Deserialize)]
pub(super) struct StateQuery {
    #[serde(rename = "as")]
    who: Option<i64>,
    #[serde(default)]
    since: u64,
    /// Milliseconds to wait for something new.
    #[serde(default)]
    wait: u64,
    #[serde(default = "two_hundred")]
    limit: usize,
}

pub(super) fn two_hundred() -> usize {
    200
}

/// `GET /sandbox/state?as=&since=&wait=`: what is new for a person, waited for if asked.
pub(super) async fn state(Shares(shared): Town, Query(query): Query<StateQuery>) -> Answer {
    let mut changed = shared.changed.subscribe();
    let deadline = tokio::time::sleep(Duration::from_millis(query.wait.min(60_000)));
    tokio::pin!(deadline);
    loop {
        changed.borrow_and_update();
        if let Some(news) = news(&shared.town(), &query, query.since == 0 || query.wait == 0)? {
            return Ok(Json(news));
        }
        tokio::select! {
            changed = changed.changed() => {
                if changed.is_err() {
                    return super::control::ok();
                }
                // Under load many changes make one answer.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            () = &mut deadline => {
                let news = news(&shared.town(), &query, true)?;
                return Ok(Json(news.unwrap_or_default()));
            }
            () = shared.stopped() => return super::control::ok(),
        }
    }
}

/// What is new for a person; `None` if there is nothing and `always` is not set.
fn news(town: &State, query: &StateQuery, always: bool) -> Result<Option<Value>, Refusal> {
    // A page from before a restart with another numbering starts anew.
    let since = if query.since > town.seq { 0 } else { query.since };
    let visible: Vec<&Chat> = match query.who {
        Some(who) => {
            let person = town.people.get(&who).ok_or_else(|| Refusal::new(404, format!("no person {who}")))?;
            person.chats.iter().chain([&who]).filter_map(|id| town.chats.get(id)).collect()
        }
        None => town.chats.values().collect(),
    };
    let roster = since == 0 || town.roster_seq > since;
    let mut fresh = Vec::new();
    for chat in visible.iter().filter(|chat| chat.migrated_to.is_none()) {
        let reset = since == 0 || since < chat.forgotten;
        let changed: Vec<Value> =
            chat.changed_since(since, query.limit).into_iter().map(|m| shown(town, chat, m)).collect();
        if reset || !changed.is_empty() {
            fresh.push(json!({"chat": chat.id, "reset": reset, "messages": changed}));
        }
    }
    let written = |id: &i64| town.chats.get(id).is_some_and(|chat| chat.changes.back().is_some_and(|c| c.0 > since));
    if !always && !roster && fresh.is_empty() && !town.cast.iter().any(written) {
        return Ok(None);
    }
    let mut answer = json!({"seq": town.seq, "messages": fresh, "inbox": inbox(town)});
    if roster {
        let chats: Vec<Value> =
            visible.iter().filter(|c| c.migrated_to.is_none()).map(|chat| chat_card(chat)).collect();
        let people: Vec<&Person> = town.cast.iter().filter_map(|id| town.people.get(id)).collect();
        answer["bot"] = json!({"id": town.bot.id, "name": town.bot.name, "username": town.bot.username});
        answer["commands"] = town.commands.clone();
        answer["people"] = json!(people);
        answer["chats"] = json!(chats);
    }
    Ok(Some(answer))
}

/// The newest message of the bot in each person's private chat, and whether the newest ones ask for something, so
/// that the page can mark who was written to.
fn inbox(town: &State) -> Value {
    let mut inbox = serde_json::Map::new();
    for id in &town.cast {
        let Some(chat) = town.chats.get(id) else { continue };
        let newest = chat.messages.values().rev().take(10).filter(|m| m.from == town.bot.id && !m.deleted);
        let newest: Vec<&Message> = newest.collect();
        if let Some(last) = newest.first() {
            let buttons = newest.iter().any(|message| message.keyboard.is_some());
            inbox.insert(id.to_string(), json!({"id": last.id, "buttons": buttons}));
        }
    }
    Value::Object(inbox)
}

fn chat_card(chat: &Chat) -> Value {
    json!({
        "id": chat.id, "type": chat.kind.word(), "title": chat.title, "title_en": chat.title_en,
        "purpose": chat.purpose, "members": chat.members.len(), "forum": chat.forum, "bot": chat.standing.word(),
    })
}

/// A message as the Bot API shows it, with what only people see.
fn shown(town: &State, chat: &Chat, message: &Message) -> Value {
    if message.deleted {
        return json!({"message_id": message.id, "deleted": true});
    }
    let mut value = serde_json::to_value(town.message_view(chat, message, true)).expect("views serialize");
    if let Some(fields) = value.as_object_mut() {
        if !message.reactions.is_empty() {
            fields.insert("reactions".into(), json!(message.reactions));
        }
        if message.silent {
            fields.insert("silent".into(), json!(true));
        }
    }
    value
}

#[derive(Deserialize)]
pub(super) struct MessagesQuery {
    chat: i64,
    #[serde(default)]
    since: i64,
    #[serde(default = "two_hundred")]
    limit: usize,
}

/// Messages of any chat after number `since`, deleted ones as such: for tests.
pub(super) async fn messages(Shares(shared): Town, Query(query): Query<MessagesQuery>) -> Answer {
    let town = shared.town();
    let chat = town.chats.get(&query.chat).ok_or_else(|| Refusal::new(404, format!("no chat {}", query.chat)))?;
    let found = chat.messages.range(query.since.saturating_add(1)..).take(query.limit);
    let found: Vec<Value> = found.map(|(_, message)| shown(&town, chat, message)).collect();
    Ok(Json(json!({"messages": found})))
}
