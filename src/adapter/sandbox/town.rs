//! Who and what there is: people, chats, files, the queue. One lock holds it all, and never for long.
//!
//! Knows no HTTP. The Bot API's methods and the control API change it through here, so that each change is
//! numbered (for the page), journalled (for a restart) and, where the bot may see it, queued.

use super::fault::Faults;
use super::journal::Journal;
use super::markup::covered;
use super::message::{Content, Message, StoredFile};
use super::queue::Queue;
use super::watch::CallLog;
use crate::domain::id::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// The bot itself.
#[derive(Debug, Clone)]
pub(super) struct Bot {
    /// The number before the colon of its token.
    pub id: i64,
    /// Without `@`.
    pub username: String,
    /// As shown.
    pub name: String,
}

/// A person of the town.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Person {
    /// The platform's id.
    pub id: i64,
    /// As shown.
    pub first_name: String,
    /// May be empty.
    #[serde(default)]
    pub last_name: String,
    /// May be empty.
    #[serde(default)]
    pub username: String,
    /// The client's language.
    #[serde(default)]
    pub language: String,
    /// Name for readers of English.
    #[serde(default)]
    pub name_en: String,
    /// What they do.
    #[serde(default)]
    pub occupation: String,
    /// The same in English.
    #[serde(default)]
    pub occupation_en: String,
    /// Drawn in the avatar.
    #[serde(default)]
    pub emoji: String,
    /// Behind it.
    #[serde(default)]
    pub colour: String,
    /// Rights, as the config has them.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether they ever wrote to the bot in private.
    #[serde(default)]
    pub started: bool,
    /// Whether they blocked it.
    #[serde(default)]
    pub blocked: bool,
    /// Whether the account is gone.
    #[serde(default)]
    pub deactivated: bool,
    /// The groups they are in.
    #[serde(default)]
    pub chats: BTreeSet<i64>,
}

/// What sort of chat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChatKind {
    /// One person with the bot.
    Private,
    /// A plain group.
    Group,
    /// A supergroup.
    #[default]
    Supergroup,
}

impl ChatKind {
    /// As the Bot API has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup => "supergroup",
        }
    }
}

/// How the bot stands in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    /// Sees everything, may delete.
    #[default]
    Administrator,
    /// Privacy mode: sees what is meant for it.
    Member,
    /// May not write.
    Restricted,
    /// Went.
    Left,
    /// Was thrown out.
    Kicked,
}

impl Standing {
    /// As the Bot API has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Member => "member",
            Self::Restricted => "restricted",
            Self::Left => "left",
            Self::Kicked => "kicked",
        }
    }
}

/// A chat with its messages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Chat {
    /// The platform's id.
    pub id: i64,
    /// What sort.
    pub kind: ChatKind,
    /// Empty for private chats.
    #[serde(default)]
    pub title: String,
    /// The same in English, for the page.
    #[serde(default)]
    pub title_en: String,
    /// What it is for, for the page: `liaison`, `desk`, `office` or empty.
    #[serde(default)]
    pub purpose: String,
    /// Who is in it.
    #[serde(default)]
    pub members: BTreeSet<i64>,
    /// Who runs it.
    #[serde(default)]
    pub admins: BTreeSet<i64>,
    /// How the bot stands.
    #[serde(default)]
    pub standing: Standing,
    /// Whether it has topics.
    #[serde(default)]
    pub forum: bool,
    /// Whether reactions are switched off.
    #[serde(default)]
    pub no_reactions: bool,
    /// Where it moved.
    #[serde(default)]
    pub migrated_to: Option<i64>,
    /// Its topics.
    #[serde(default)]
    pub topics: BTreeSet<i64>,
    /// The number of the newest message.
    #[serde(default)]
    pub last_id: i64,
    /// Messages by number; deleted ones stay, marked.
    #[serde(skip)]
    pub messages: BTreeMap<i64, Message>,
    /// The newest changes: number of the change, number of the message.
    #[serde(skip)]
    pub changes: VecDeque<(u64, i64)>,
    /// Changes up to this one are no longer listed.
    #[serde(skip)]
    pub forgotten: u64,
}

/// How many changes of a chat are listed for those who ask what is new.
const CHANGES_KEPT: usize = 4_000;

/// A press that waits for its answer.
#[derive(Debug)]
pub(super) struct Press {
    /// When it happened.
    pub at: Millis,
    /// Whether it was answered.
    pub answered: bool,
    /// Who waits for the answer.
    pub answer: Option<oneshot::Sender<Value>>,
}

/// A webhook as set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Webhook {
    /// Where to; empty: none.
    pub url: String,
    /// Sent along.
    pub secret: String,
    /// As asked for.
    pub max_connections: i64,
    /// What went wrong last, and when.
    pub last_error: Option<(i64, String)>,
}

/// All of it.
pub(super) struct State {
    /// The bot.
    pub bot: Bot,
    /// By id.
    pub people: HashMap<i64, Person>,
    /// Ids in the order of their making, synthetic ones left out.
    pub cast: Vec<i64>,
    /// By id.
    pub chats: HashMap<i64, Chat>,
    /// By file id.
    pub files: HashMap<String, Arc<StoredFile>>,
    /// What waits for the bot.
    pub queue: Queue,
    /// The webhook.
    pub webhook: Webhook,
    /// Presses by id.
    pub presses: HashMap<String, Press>,
    /// Number of the newest change.
    pub seq: u64,
    /// Number of the newest change of people, chats or commands.
    pub roster_seq: u64,
    /// What the bot asked.
    pub calls: CallLog,
    /// What is to go wrong.
    pub faults: Faults,
    /// What goes to disk.
    pub journal: Journal,
    /// `setMyCommands`.
    pub commands: Value,
    /// Messages of people that the bot has not answered yet, for measuring.
    pub unanswered: HashMap<(i64, i64), Instant>,
    /// Microseconds from a message to the bot's reply to it.
    pub latencies: Vec<u32>,
}

impl State {
    /// An empty town. Changes are numbered on from the time, so that numbers grow over restarts too.
    pub fn new(bot: Bot, now: Millis) -> Self {
        let seq = u64::try_from(now.0.max(1)).expect("not negative") * 1000;
        Self {
            bot,
            people: HashMap::new(),
            cast: Vec::new(),
            chats: HashMap::new(),
            files: HashMap::new(),
            queue: Queue::new(710_000_001),
            webhook: Webhook::default(),
            presses: HashMap::new(),
            seq,
            roster_seq: seq,
            calls: CallLog::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            commands: Value::Array(Vec::new()),
            unanswered: HashMap::new(),
            latencies: Vec::new(),
        }
    }

    /// Puts a person into the town, or changes one. `synthetic` ones are not shown to the page.
    pub fn put_person(&mut self, person: Person, synthetic: bool) {
        self.journal.write("person", i64::from(synthetic), &person);
        if !synthetic && !self.people.contains_key(&person.id) {
            self.cast.push(person.id);
        }
        self.people.insert(person.id, person);
        self.note_roster();
    }

    /// Makes a chat, or changes what is known about one; its messages stay.
    pub fn put_chat(&mut self, mut chat: Chat) {
        if let Some(old) = self.chats.remove(&chat.id) {
            chat.messages = old.messages;
            chat.changes = old.changes;
            chat.forgotten = old.forgotten;
            chat.last_id = chat.last_id.max(old.last_id);
        }
        for member in chat.members.iter().filter(|member| **member != chat.id) {
            if let Some(person) = self.people.get_mut(member) {
                person.chats.insert(chat.id);
            }
        }
        self.journal.write("chat", chat.id, &chat);
        self.chats.insert(chat.id, chat);
        self.note_roster();
    }

    /// Writes down that people, chats or commands changed.
    pub fn note_roster(&mut self) {
        self.seq += 1;
        self.roster_seq = self.seq;
    }

    /// A person's private chat with the bot, made when needed.
    pub fn private_chat(&mut self, person: i64) {
        if !self.chats.contains_key(&person) {
            let members = BTreeSet::from([person]);
            self.put_chat(Chat { id: person, kind: ChatKind::Private, members, ..Chat::default() });
        }
    }

    /// Numbers, keeps and journals a new message; gives its number. The chat exists.
    pub fn add_message(&mut self, chat: i64, mut message: Message) -> i64 {
        self.seq += 1;
        let seq = self.seq;
        let place = self.chats.get_mut(&chat).expect("callers looked the chat up");
        place.last_id += 1;
        message.id = place.last_id;
        self.journal.write("message", chat, &message);
        place.note_change(seq, message.id);
        let id = message.id;
        place.messages.insert(id, message);
        id
    }

    /// Writes down that a message was changed.
    pub fn touch_message(&mut self, chat: i64, message: i64) {
        self.seq += 1;
        let seq = self.seq;
        if let Some(place) = self.chats.get_mut(&chat) {
            place.note_change(seq, message);
            if let Some(changed) = place.messages.get(&message) {
                self.journal.write("message", chat, changed);
            }
        }
    }

    /// Queues an update for the bot unless it did not ask for this kind; gives its number.
    pub fn push_update(&mut self, kind: &'static str, body: &[u8]) -> Option<i64> {
        if !self.queue.wants(kind) {
            return None;
        }
        let id = self.queue.push(kind, body);
        let waiting = self.queue.back().expect("just pushed");
        self.journal.write_raw("update", id, &waiting.body);
        Some(id)
    }

    /// Queues a message for the bot as `kind`, if it may see it.
    pub fn push_message(&mut self, kind: &'static str, chat: i64, id: i64) -> Option<i64> {
        let place = self.chats.get(&chat)?;
        let message = place.messages.get(&id)?;
        if !self.bot_sees(place, message) {
            return None;
        }
        let body = serde_json::to_vec(&self.message_view(place, message, true)).expect("views serialize");
        self.push_update(kind, &body)
    }

    /// Whether the bot gets to see a message: all where it is admin or in private; else (privacy mode) commands,
    /// replies to it, mentions of it and service messages.
    pub fn bot_sees(&self, chat: &Chat, message: &Message) -> bool {
        if chat.kind == ChatKind::Private {
            return true;
        }
        match chat.standing {
            Standing::Administrator => return true,
            Standing::Left | Standing::Kicked => return false,
            Standing::Member | Standing::Restricted => {}
        }
        if !matches!(message.content, Content::Text | Content::Pin { .. } | Content::Venue { .. } | Content::File(_)) {
            return true;
        }
        let replied = message.reply_to.and_then(|id| chat.messages.get(&id));
        if replied.is_some_and(|m| m.from == self.bot.id) {
            return true;
        }
        message.entities.iter().any(|entity| {
            let words = covered(&message.text, entity);
            let named = |name: &str| name.eq_ignore_ascii_case(&self.bot.username);
            match &*entity.kind {
                "bot_command" => words.split_once('@').is_none_or(|(_, bot)| named(bot)),
                "mention" => named(words.trim_start_matches('@')),
                _ => false,
            }
        })
    }

    /// Confirms updates before `offset` and writes it down.
    pub fn confirm(&mut self, offset: i64) {
        let before = self.queue.front().map(|update| update.id);
        let count = self.queue.confirm(offset);
        if let (Some(first), true) = (before, count > 0) {
            self.journal.write("confirmed", first, &count);
        }
    }

    /// A file by its id, or by that of its small size.
    pub fn find_file(&self, id: &str) -> Option<&Arc<StoredFile>> {
        self.files.get(id).or_else(|| self.files.get(id.strip_suffix(super::message::THUMBNAIL)?))
    }

    /// Keeps a file.
    pub fn put_file(&mut self, file: StoredFile) -> String {
        let id = file.id.clone();
        self.journal.write("file", 0, &file);
        self.journal.keep_file(&file);
        self.files.insert(id.clone(), Arc::new(file));
        id
    }
}

impl Chat {
    fn note_change(&mut self, seq: u64, message: i64) {
        if self.changes.len() == CHANGES_KEPT {
            self.forgotten = self.changes.pop_front().map_or(0, |(seq, _)| seq);
        }
        self.changes.push_back((seq, message));
    }

    /// Puts a message back as it was written down; what is replayed is no news.
    pub fn restore_message(&mut self, message: Message) {
        self.last_id = self.last_id.max(message.id);
        self.messages.insert(message.id, message);
    }

    /// Messages changed since `seq`, at most `limit`, oldest first; the newest ones if that is too long ago.
    pub fn changed_since(&self, seq: u64, limit: usize) -> Vec<&Message> {
        if seq == 0 || seq < self.forgotten {
            let newest = self.messages.values().rev().filter(|m| !m.deleted).take(limit);
            let mut newest: Vec<_> = newest.collect();
            newest.reverse();
            return newest;
        }
        let from = self.changes.partition_point(|&(at, _)| at <= seq);
        let ids: BTreeSet<i64> = self.changes.range(from..).map(|&(_, id)| id).collect();
        ids.iter().filter_map(|id| self.messages.get(id)).collect()
    }
}
