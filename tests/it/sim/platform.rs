//! The platform: chats with what stands in them, updates that wait to be taken, and answers to what is sent.
//!
//! It keeps an update until it was confirmed, counts message ids for each chat, knows who blocked the bot and which
//! group has a new id. It remembers which row of the outbox made each message, so that the end can be compared.

use super::storm::Storm;
use crate::world::{fitting, plain};
use baiying::adapter::telegram::decode;
use baiying::domain::id::{ChatId, MessageId, Millis, OutboxId};
use baiying::port::chat::{Chat, Delivery, Keyboard, PressAnswer, SendError, Update, UpdateKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// Who took a message away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The product.
    Product,
    /// Somebody else.
    Other,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The outbox row that made it; `None`: a person wrote it.
    pub row: Option<OutboxId>,
    /// Its text, or what it is.
    pub text: String,
    /// Its buttons.
    pub keyboard: Keyboard,
    /// Whether it is gone, and by whom.
    pub end: Option<End>,
}

/// An update that was not confirmed yet.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The platform's number.
    pub id: i64,
    /// The chat whose order it keeps.
    pub chat: ChatId,
    /// The body.
    pub json: String,
    /// Not delivered before (true time).
    pub not_before: Millis,
    /// Nothing overtakes it: a group gets a new id.
    pub barrier: bool,
}

/// What stands on the platform.
#[derive(Default)]
pub struct State {
    /// Every message that ever was, by chat and id.
    pub messages: BTreeMap<(i64, i64), Shown>,
    next: BTreeMap<i64, i64>,
    /// Chats that the bot cannot write to, and why.
    pub closed: BTreeMap<i64, &'static str>,
    /// Chats that were ever closed.
    pub was_closed: BTreeSet<i64>,
    /// Groups that have a new id.
    pub moved: BTreeMap<i64, i64>,
    /// Updates not confirmed, in order.
    pub waiting: Vec<Waiting>,
    /// Updates confirmed.
    pub confirmed: Vec<Waiting>,
    next_update: i64,
    /// The row that is being sent.
    pub sending: Option<OutboxId>,
    /// Messages that the product was never told of, by a fault.
    pub excused: BTreeSet<(i64, i64)>,
    /// Messages that the product has not yet written down.
    pub unlearned: BTreeSet<(i64, i64)>,
    /// When something was sent to which chat (true time).
    pub sends: Vec<(Millis, i64)>,
    /// Messages of people that the product took away.
    pub taken_down: Vec<(i64, i64)>,
}

/// See the module.
pub struct Platform {
    state: Mutex<State>,
    storm: Arc<Storm>,
}

impl Platform {
    /// An empty one.
    pub fn new(storm: Arc<Storm>) -> Self {
        Self { state: Mutex::new(State { next_update: 700, ..State::default() }), storm }
    }

    /// The state, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The id that a group has now.
    pub fn now_at(&self, chat: i64) -> i64 {
        self.lock().moved.get(&chat).copied().unwrap_or(chat)
    }
}

impl State {
    /// The id of the next message in a chat.
    pub fn next_message(&mut self, chat: i64) -> i64 {
        let next = self.next.entry(chat).or_insert(0);
        *next += 1;
        *next
    }

    /// Keeps an update for the product; gives its number.
    pub fn announce(&mut self, kind: &str, body: Value, not_before: Millis, barrier: bool) -> i64 {
        self.next_update += 1;
        let json = json!({ "update_id": self.next_update, kind: body }).to_string();
        let chat = decode::peek(&json).map_or(ChatId(0), |(_, chat)| chat);
        self.waiting.push(Waiting { id: self.next_update, chat, json, not_before, barrier });
        self.next_update
    }

    /// Takes updates off: they were stored.
    pub fn confirm(&mut self, ids: &[i64]) {
        let (gone, left) = std::mem::take(&mut self.waiting).into_iter().partition(|u| ids.contains(&u.id));
        self.waiting = left;
        self.confirmed.extend::<Vec<Waiting>>(gone);
    }

    /// The product has written down that a row's message was sent.
    pub fn learned(&mut self, row: OutboxId, message: MessageId) {
        let messages = &self.messages;
        self.unlearned.retain(|at| at.1 != message.0 || messages[at].row != Some(row));
    }

    /// What stands of a chat's messages that the bot made.
    pub fn of_bot(&self) -> impl Iterator<Item = (i64, i64, OutboxId, &Shown)> {
        self.messages.iter().filter_map(|((chat, id), shown)| Some((*chat, *id, shown.row?, shown)))
    }

    fn carry_out(&mut self, chat: i64, delivery: &Delivery) -> Result<Option<MessageId>, SendError> {
        let row = self.sending;
        let mut show = |text: String, keyboard: Keyboard| {
            let id = self.next_message(chat);
            self.messages.insert((chat, id), Shown { row, text, keyboard, end: None });
            self.unlearned.insert((chat, id));
            Ok(Some(MessageId(id)))
        };
        match delivery {
            Delivery::Text { html, keyboard, .. } => show(fitting(html), keyboard.clone()),
            Delivery::Pin { title, .. } => show(format!("[pin {}]", title.clone().unwrap_or_default()), Vec::new()),
            Delivery::Media { caption, .. } => show(format!("[media] {}", plain(caption)), Vec::new()),
            Delivery::Document { name, .. } => show(format!("[document {name}]"), Vec::new()),
            Delivery::Edit { message, html, keyboard } => {
                match self.messages.get_mut(&(chat, message.0)).filter(|shown| shown.end.is_none()) {
                    None => Err(SendError::Gone("message to edit not found".into())),
                    Some(shown) => {
                        let text = fitting(html);
                        if shown.text == text && shown.keyboard == *keyboard {
                            return Err(SendError::NotModified);
                        }
                        (shown.text, shown.keyboard) = (text, keyboard.clone());
                        Ok(None)
                    }
                }
            }
            Delivery::Delete { message } => {
                match self.messages.get_mut(&(chat, message.0)).filter(|shown| shown.end.is_none()) {
                    None => Err(SendError::Gone("message to delete not found".into())),
                    Some(shown) => {
                        shown.end = Some(End::Product);
                        if shown.row.is_none() {
                            self.taken_down.push((chat, message.0));
                        }
                        Ok(None)
                    }
                }
            }
            Delivery::React { .. } => Ok(None),
        }
    }
}

/// What a send comes to, before the platform looks at it.
enum Luck {
    Good,
    Throttled(i64),
    LostBefore,
    LostAfter,
    DiesBefore,
    DiesAfter,
}

impl Platform {
    fn luck(&self) -> Luck {
        let mut storm = self.storm.lock();
        if storm.calm {
            return Luck::Good;
        }
        let rates = storm.rates.clone();
        let mut happens = |rate, what| {
            let it_does = storm.dice.permille(rate);
            if it_does {
                *storm.counts.entry(what).or_default() += 1;
            }
            it_does
        };
        if happens(rates.throttle, "fault: 429") {
            Luck::Throttled(storm.dice.between(1, 40) * 1000)
        } else if happens(rates.unknown_undone, "fault: 500 or timeout before it was done") {
            Luck::LostBefore
        } else if happens(rates.unknown_done, "fault: timeout after it was done") {
            Luck::LostAfter
        } else if storm.dice.permille(rates.die) {
            if storm.dice.permille(500) { Luck::DiesBefore } else { Luck::DiesAfter }
        } else {
            Luck::Good
        }
    }
}

impl Chat for Platform {
    async fn deliver(&self, chat: ChatId, delivery: Delivery) -> Result<Option<MessageId>, SendError> {
        self.storm.gate().await;
        let row = self.lock().sending;
        let luck = self.luck();
        if let Luck::DiesBefore = luck {
            self.storm.die("sending").await;
        }
        let told = |result: &str| format!("  row {}: {} to {chat}: {result}", row.map_or(0, |r| r.0), kind(&delivery));
        let refusal = {
            let mut state = self.lock();
            if let Some(to) = state.moved.get(&chat.0) {
                Some(SendError::Migrated(ChatId(*to)))
            } else if let Some(why) = state.closed.get(&chat.0) {
                Some(SendError::Unreachable((*why).to_owned()))
            } else {
                let at = self.storm.true_time();
                state.sends.push((at, chat.0));
                match luck {
                    Luck::Throttled(ms) => Some(SendError::RetryAfter(ms)),
                    Luck::LostBefore => Some(SendError::Unknown("injected: never arrived".into())),
                    _ => None,
                }
            }
        };
        if let Some(refusal) = refusal {
            self.storm.tell(|| told(&refusal.to_string()));
            return Err(refusal);
        }
        let result = self.lock().carry_out(chat.0, &delivery);
        if let Err(SendError::Gone(_)) = result {
            // What is refused at once does not count.
            self.lock().sends.pop();
        }
        self.storm.tell(|| told(&format!("{result:?}")));
        match luck {
            Luck::LostAfter => {
                if let Ok(Some(id)) = result {
                    self.lock().excused.insert((chat.0, id.0));
                }
                self.storm.tell(|| told("nobody hears of it"));
                Err(SendError::Unknown("injected: the answer was lost".into()))
            }
            Luck::DiesAfter => {
                self.storm.die("sending, done").await;
                result
            }
            _ => result,
        }
    }

    async fn answer(&self, answer: PressAnswer) -> Result<(), SendError> {
        self.storm.tell(|| format!("  answer to {}: {}", answer.press, answer.text));
        Ok(())
    }

    fn decode(&self, raw: &str) -> Update {
        decode::decode(raw, self.username()).unwrap_or(Update { id: 0, kind: UpdateKind::Other })
    }

    fn username(&self) -> &str {
        "baiying_bot"
    }
}

fn kind(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Text { html, .. } => format!("text {:?}", first_words(html)),
        Delivery::Edit { message, html, .. } => format!("edit of {message} {:?}", first_words(html)),
        Delivery::Delete { message } => format!("delete {message}"),
        Delivery::React { message, .. } => format!("react to {message}"),
        Delivery::Pin { .. } => "pin".into(),
        Delivery::Media { .. } => "media".into(),
        Delivery::Document { .. } => "document".into(),
    }
}

fn first_words(text: &str) -> String {
    text.chars().take(40).collect()
}
