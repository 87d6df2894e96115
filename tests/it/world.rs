//! A whole town in a test: the real store on the database of this run, a fake platform, a fake clock.
//!
//! People say things and press buttons; `settle` lets the product do all it can at this moment; what stands in
//! each chat can then be read. A world must be ended: `end` fails if events were given up or messages are left.

mod platform;

pub use platform::{Shown, fitting, plain};

use crate::database::Database;
use baiying::adapter::file::FilePrinter;
use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::adapter::telegram::decode;
use baiying::config::Config;
use baiying::domain::alarm::Point;
use baiying::domain::group::{Group, GroupKind};
use baiying::domain::id::{ChatId, Millis, UserId};
use baiying::domain::member::{Language, Member, Role};
use baiying::domain::place::{Datum, Place, Wgs84};
use baiying::flow::engine::Engine;
use baiying::flow::outbox::Outbox;
use baiying::port::chat::{Button, Chat as _, SendError};
use baiying::port::clock::{Chance, Clock};
use baiying::port::store::{Claimed, RawUpdate, Store};
use platform::FakeChat;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

/// The liaison group.
pub const GROUP: i64 = -100;
/// The desk.
pub const DESK: i64 = -200;
/// The office chat.
pub const OFFICE: i64 = -300;
/// A courier, an informant.
pub const COURIER: i64 = 11;
/// A neighbour.
pub const NEIGHBOUR: i64 = 12;
/// A community police officer.
pub const OFFICER: i64 = 21;
/// Another.
pub const OFFICER2: i64 = 22;
/// The guard of point P1, 60 m from the Old Bridge.
pub const GUARD: i64 = 31;
/// The guard of point P2, 300 m from it.
pub const GUARD2: i64 = 32;
/// The clerk, with the payout right.
pub const CLERK: i64 = 41;
/// The admin.
pub const ADMIN: i64 = 51;

/// 2026-11-21 20:00 in Shanghai.
pub const EVENING: Millis = Millis(1_795_262_400_000);

/// The shipped rules: read once for all worlds.
static RULES: LazyLock<Config> = LazyLock::new(Config::default);

/// The middle of the town.
pub const OLD_BRIDGE: Wgs84 = Wgs84 { lat: 23.0, lon: 113.9 };

/// A clock that stands until it is moved.
pub struct FakeClock(AtomicI64);

impl Clock for FakeClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

/// Codes in order: `C0000001`, `C0000002`, …
struct Counting(AtomicI64);

impl Chance for Counting {
    fn code(&self, length: usize) -> String {
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        format!("C{n:0width$}", width = length - 1)
    }
}

/// The town.
pub struct World {
    /// The store.
    pub store: SqlStore,
    engine: Engine<SqlStore, FakeChat>,
    outbox: Outbox<SqlStore, FakeChat, FilePrinter>,
    chat: Arc<FakeChat>,
    clock: Arc<FakeClock>,
    rules: Arc<Config>,
    chance: Arc<Counting>,
    next_update: i64,
    ended: bool,
    database: Database,
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(self.ended || std::thread::panicking(), "a world must be ended: call `end`");
    }
}

fn member(user: i64, name: &str, roles: &[Role]) -> Member {
    Member {
        user: UserId(user),
        name: name.into(),
        occupation: "resident".into(),
        group: "Bridge group".into(),
        team: String::new(),
        roles: roles.to_vec(),
        language: Some(Language::En),
        code: format!("M{user}"),
        first_seen: EVENING,
        told_at: Some(EVENING),
    }
}

fn place(name: &str, kind: &str, at: Wgs84, code: &str) -> Place {
    Place { code: code.into(), name: name.into(), aliases: Vec::new(), kind: kind.into(), at, datum: Datum::Wgs84 }
}

fn point(code: &str, name: &str, metres_north: f64, contact: i64) -> Point {
    let at = Wgs84 { lat: OLD_BRIDGE.lat + metres_north / 111_195.0, lon: OLD_BRIDGE.lon };
    Point {
        code: code.into(),
        name: name.into(),
        at,
        radius_m: 100.0,
        contacts: vec![UserId(contact)],
        team: None,
        gear: String::new(),
        phone: String::new(),
    }
}

impl World {
    /// A town in English: a group, a desk, an office, two points with guards, officers, a clerk, an admin.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other rules.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let database = Database::fresh().await;
        let store = SqlStore::open(&database.url, &SqlOptions::default()).await.unwrap();
        let mut rules = Config { language: Language::En, ..RULES.clone() };
        change(&mut rules);
        let group = |chat, kind, name: &str, area| Group {
            chat: ChatId(chat),
            kind,
            name: name.into(),
            area,
            pin_datum: Datum::Wgs84,
            language: rules.language,
        };
        let groups = [
            group(GROUP, GroupKind::Liaison, "Bridge group", Some(OLD_BRIDGE)),
            group(DESK, GroupKind::Desk, "Desk", None),
            group(OFFICE, GroupKind::Office, "Office", None),
        ];
        let members = [
            member(OFFICER, "Officer Wang", &[Role::Police]),
            member(OFFICER2, "Officer Li", &[Role::Police]),
            member(GUARD, "Guard Chen", &[Role::Responder]),
            member(GUARD2, "Guard Zhao", &[Role::Responder]),
            member(CLERK, "Clerk Sun", &[Role::Office, Role::Payout]),
            member(ADMIN, "Admin", &[Role::Admin]),
        ];
        store.seed(&groups, &members).await.unwrap();
        let points = [
            point("P1", "Bridge Shop", 60.0, GUARD),
            point("P2", "Hill School", 300.0, GUARD2),
            point("P3", "Far Farm", 2500.0, 33),
        ];
        store
            .import_gazetteer(&[
                place("Old Bridge", "bridge", OLD_BRIDGE, ""),
                place("东门市场", "market", Wgs84 { lat: 23.01, lon: 113.91 }, ""),
            ])
            .await
            .unwrap();
        store.import_points(&points).await.unwrap();
        let chat = Arc::new(FakeChat::default());
        let clock = Arc::new(FakeClock(AtomicI64::new(EVENING.0)));
        let chance = Arc::new(Counting(AtomicI64::new(0)));
        let rules = Arc::new(rules);
        let (engine, outbox) = start(&store, &chat, &clock, &chance, &rules).await;
        Self { store, engine, outbox, chat, clock, rules, chance, next_update: 500, ended: false, database }
    }

    /// Where the database is.
    pub fn url(&self) -> &str {
        &self.database.url
    }

    /// Everything in memory is lost, as by a crash; the store stays.
    pub async fn crash(&mut self) {
        (self.engine, self.outbox) = start(&self.store, &self.chat, &self.clock, &self.chance, &self.rules).await;
    }

    /// Stores an update, as the poller would.
    pub async fn update(&mut self, kind: &str, body: Value) {
        self.next_update += 1;
        let json = json!({ "update_id": self.next_update, kind: body }).to_string();
        let update = decode::keep(decode::clean(&json).into_owned()).expect("an update");
        self.store.receive(&[update], self.clock.now()).await.unwrap();
    }

    /// Stores an update as it is, whatever it is.
    pub async fn raw(&mut self, update_id: i64, chat: i64, json: &str) {
        let update = RawUpdate { update_id, chat: ChatId(chat), json: decode::clean(json).into_owned(), press: false };
        self.store.receive(&[update], self.clock.now()).await.unwrap();
    }

    fn message(&mut self, user: i64, chat: i64) -> Value {
        let id = {
            let mut platform = self.chat.lock();
            platform.next += 1;
            platform.next
        };
        let kind = if chat > 0 { "private" } else { "supergroup" };
        json!({
            "message_id": id,
            "date": self.clock.now().0 / 1000,
            "from": { "id": user, "is_bot": false, "first_name": format!("User {user}"), "language_code": "en" },
            "chat": { "id": chat, "type": kind, "title": "A group", "first_name": "A person" },
        })
    }

    /// Somebody writes; gives the message's id.
    pub async fn say(&mut self, user: i64, chat: i64, text: &str) -> i64 {
        self.say_with(user, chat, json!({ "text": text })).await
    }

    /// Somebody sends a message with these fields; gives its id.
    pub async fn say_with(&mut self, user: i64, chat: i64, fields: Value) -> i64 {
        let id = self.post(user, chat, fields).await;
        self.settle().await;
        id
    }

    /// The same, before the product has looked at it.
    pub async fn post(&mut self, user: i64, chat: i64, fields: Value) -> i64 {
        let mut message = self.message(user, chat);
        let id = message["message_id"].as_i64().unwrap();
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        {
            let mut platform = self.chat.lock();
            let shown = Shown { id, text: format!("{user}: {fields}"), keyboard: Vec::new(), reply_to: None };
            platform.messages.insert((chat, id), shown);
        }
        self.update("message", message).await;
        id
    }

    /// Many messages at once, each of a person in a chat, before the product has looked at any.
    pub async fn flood(&mut self, messages: Vec<(i64, i64, Value)>) {
        let mut updates = Vec::with_capacity(messages.len());
        for (user, chat, fields) in messages {
            let mut message = self.message(user, chat);
            message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            self.next_update += 1;
            let json = json!({ "update_id": self.next_update, "message": message }).to_string();
            updates.push(decode::keep(json).expect("an update"));
        }
        self.store.receive(&updates, self.clock.now()).await.unwrap();
    }

    /// Time goes by and timers that come due go into the inbox; nobody looks there.
    pub async fn ring_in(&mut self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.store.ring_timers(self.clock.now()).await.unwrap();
    }

    /// Ends a world in which work is left over on purpose.
    pub fn abandon(mut self) {
        self.ended = true;
    }

    /// Somebody replies.
    pub async fn reply(&mut self, user: i64, chat: i64, to: i64, text: &str) -> i64 {
        let reply = json!({
            "message_id": to, "date": 0, "chat": { "id": chat, "type": "supergroup" },
        });
        self.say_with(user, chat, json!({ "text": text, "reply_to_message": reply })).await
    }

    /// Somebody changes what they wrote.
    pub async fn edit(&mut self, user: i64, chat: i64, id: i64, text: &str) {
        self.edit_with(user, chat, id, json!({ "text": text })).await;
    }

    /// What somebody sent has these fields now: other words, or a live location that has moved.
    pub async fn edit_with(&mut self, user: i64, chat: i64, id: i64, fields: Value) {
        let mut message = self.message(user, chat);
        message["message_id"] = id.into();
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        message["edit_date"] = message["date"].clone();
        self.update("edited_message", message).await;
        self.settle().await;
    }

    /// Somebody presses the button whose label holds `label`, on the newest message in the chat that has it.
    pub async fn press(&mut self, user: i64, chat: i64, label: &str) {
        self.push(user, chat, label).await;
        self.settle().await;
    }

    /// The same, before the product has looked at it.
    pub async fn push(&mut self, user: i64, chat: i64, label: &str) {
        let (id, data) = self.button(chat, label).unwrap_or_else(|| panic!("no button {label}\n{}", self.chat(chat)));
        self.push_data(user, chat, id, &data).await;
    }

    /// A press with data of one's own making.
    pub async fn push_data(&mut self, user: i64, chat: i64, message: i64, data: &str) {
        let kind = if chat > 0 { "private" } else { "supergroup" };
        let press = json!({
            "id": format!("press-{}", self.next_update),
            "chat_instance": "1",
            "from": { "id": user, "is_bot": false, "first_name": format!("User {user}"), "language_code": "en" },
            "message": { "message_id": message, "date": 1, "chat": { "id": chat, "type": kind }, "text": "x" },
            "data": data,
        });
        self.update("callback_query", press).await;
    }

    /// Message and data of a button, if it is there.
    pub fn button(&self, chat: i64, label: &str) -> Option<(i64, String)> {
        let platform = self.chat.lock();
        platform.messages.range((chat, 0)..=(chat, i64::MAX)).rev().find_map(|(_, shown)| {
            shown.keyboard.iter().flatten().find_map(|button| match button {
                Button::Press { label: own, data } if own.contains(label) => Some((shown.id, data.clone())),
                _ => None,
            })
        })
    }

    /// Lets the product do all that it can at this moment.
    pub async fn settle(&mut self) {
        self.work().await;
    }

    /// The same; gives the instant at which it could do more, if it knows one.
    async fn work(&mut self) -> Option<Millis> {
        loop {
            let timer = self.store.ring_timers(self.clock.now()).await.unwrap();
            let done = self.think().await;
            let (claimed, wait) = self.claim().await;
            if done == 0 && claimed.is_empty() {
                return timer.into_iter().chain(wait).min();
            }
            let mut outcomes = Vec::new();
            for one in claimed {
                outcomes.push(self.outbox.send(one).await);
            }
            self.outbox.settle(outcomes).await.unwrap();
        }
    }

    /// One turn of the engine and no more: nothing is sent. Tells how many events were done.
    pub async fn think(&mut self) -> usize {
        let (done, answers) = self.engine.turn().await.unwrap();
        for answer in answers {
            self.chat.answer(answer).await.unwrap();
        }
        done
    }

    async fn claim(&mut self) -> (Vec<Claimed>, Option<Millis>) {
        self.outbox.read().await.unwrap();
        self.outbox.claim(64).await.unwrap()
    }

    /// Claims what may go now and dies before any of it is sent.
    pub async fn crash_before_sending(&mut self) -> usize {
        let (claimed, _) = self.claim().await;
        self.crash().await;
        claimed.len()
    }

    /// Sends what may go now and dies before it is known that it was sent. Tells how many were in flight.
    pub async fn crash_after_sending(&mut self) -> usize {
        let (claimed, _) = self.claim().await;
        let in_flight = claimed.len();
        for one in claimed {
            let _unknown = self.outbox.send(one).await;
        }
        self.crash().await;
        in_flight
    }

    /// Sends what is queued while the store cannot be told what became of it; tells how many were sent.
    pub async fn send_while_the_store_refuses(&mut self) -> usize {
        let (claimed, _) = self.claim().await;
        let mut own = self.database.link().await;
        own.run("ALTER TABLE counter RENAME TO away").await.unwrap();
        let sent = claimed.len();
        for one in claimed {
            let outcome = self.outbox.send(one).await;
            assert!(self.outbox.settle(vec![outcome]).await.is_err(), "the store refuses");
        }
        own.run("ALTER TABLE away RENAME TO counter").await.unwrap();
        assert!(self.outbox.owes());
        self.outbox.settle(Vec::new()).await.unwrap();
        assert!(!self.outbox.owes());
        sent
    }

    /// Time goes by; the product works on whenever it has something to do.
    pub async fn advance(&mut self, seconds: i64) {
        let until = self.clock.now().plus_ms(seconds * 1000);
        loop {
            let next = self.work().await;
            let now = self.clock.now();
            if now >= until {
                return;
            }
            // An event that failed waits for its next try, of which nobody tells the instant.
            let waiting = self.store.gauges().await.unwrap().inbox_waiting > 0;
            let most = if waiting { now.plus_ms(1000) } else { until };
            let next = next.filter(|n| *n > now).unwrap_or(until).min(most).min(until);
            self.clock.0.store(next.0, Ordering::SeqCst);
        }
    }

    /// The clock jumps; the product has not worked meanwhile.
    pub async fn jump(&mut self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.settle().await;
    }

    /// What the product wrote in a chat and still stands, with buttons.
    pub fn chat(&self, chat: i64) -> String {
        let platform = self.chat.lock();
        let mut out = String::new();
        for (_, shown) in platform.messages.range((chat, 10_000)..=(chat, i64::MAX)) {
            writeln!(out, "{}", shown.text).unwrap();
            for row in &shown.keyboard {
                let labels: Vec<&str> = row
                    .iter()
                    .map(|b| match b {
                        Button::Press { label, .. } | Button::Link { label, .. } => label.as_str(),
                    })
                    .collect();
                writeln!(out, "  [{}]", labels.join("] [")).unwrap();
            }
            out.push('\n');
        }
        out.trim_end().to_owned()
    }

    /// Several chats, each under its name.
    pub fn chats(&self, chats: &[(&str, i64)]) -> String {
        let shown: Vec<String> =
            chats.iter().map(|(name, chat)| format!("── {name} ──\n{}", self.chat(*chat))).collect();
        shown.join("\n\n")
    }

    /// How many of the product's messages in a chat hold `words`.
    pub fn count(&self, chat: i64, words: &str) -> usize {
        self.find(chat, words).len()
    }

    /// The product's messages in a chat that hold `words`, oldest first.
    pub fn find(&self, chat: i64, words: &str) -> Vec<Shown> {
        let platform = self.chat.lock();
        let own = platform.messages.range((chat, 10_000)..=(chat, i64::MAX));
        own.filter(|(_, shown)| shown.text.contains(words)).map(|(_, shown)| shown.clone()).collect()
    }

    /// The id of the newest message in a chat, anybody's, that holds `words`.
    pub fn message_with(&self, chat: i64, words: &str) -> Option<i64> {
        let platform = self.chat.lock();
        let mut all = platform.messages.range((chat, 0)..=(chat, i64::MAX)).rev();
        all.find(|(_, shown)| shown.text.contains(words)).map(|(_, shown)| shown.id)
    }

    /// Every message that holds `words`, anybody's, in any chat: chat and text.
    pub fn anywhere(&self, words: &str) -> Vec<(i64, String)> {
        let platform = self.chat.lock();
        let buttons = |shown: &Shown| format!("{:?}", shown.keyboard);
        let holds = |shown: &Shown| shown.text.contains(words) || buttons(shown).contains(words);
        platform.messages.iter().filter(|(_, s)| holds(s)).map(|((chat, _), s)| (*chat, s.text.clone())).collect()
    }

    /// Every `table.column` of the database in which `words` stand.
    pub async fn on_file(&self, words: &str) -> Vec<String> {
        let mut link = self.database.link().await;
        let mut found = Vec::new();
        for table in link.tables().await {
            for column in link.columns(&table).await {
                let text = format!("CAST(\"{column}\" AS TEXT)");
                let words = words.replace('\'', "''");
                // The length changes when the words are taken out: one way to look for them on both databases.
                let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE replace({text}, '{words}', '') <> {text}");
                if link.number(&sql).await > 0 {
                    found.push(format!("{table}.{column}"));
                }
            }
        }
        found
    }

    /// A number from the database.
    pub async fn number(&self, sql: &str) -> i64 {
        self.database.link().await.number(sql).await
    }

    /// How many messages were given up.
    pub async fn store_failed(&self) -> i64 {
        self.store.gauges().await.unwrap().outbox_failed
    }

    /// Words from the database, a row each.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.database.link().await.rows(sql).await
    }

    /// Whether a message of anybody's stands.
    pub fn stands(&self, chat: i64, id: i64) -> bool {
        self.chat.lock().messages.contains_key(&(chat, id))
    }

    /// The newest message of the product's in a chat.
    pub fn last(&self, chat: i64) -> Shown {
        let platform = self.chat.lock();
        platform.messages.range((chat, 10_000)..=(chat, i64::MAX)).next_back().expect("a message").1.clone()
    }

    /// Somebody takes a message of the product's away.
    pub fn take_away(&self, chat: i64, id: i64) {
        self.chat.lock().messages.remove(&(chat, id));
    }

    /// The last answer to a press.
    pub fn answer(&self) -> String {
        self.chat.lock().answers.last().cloned().unwrap_or_default()
    }

    /// Reactions so far: chat, message, emoji.
    pub fn reactions(&self) -> Vec<(i64, i64, String)> {
        self.chat.lock().reactions.clone()
    }

    /// Documents so far: name, bytes.
    pub fn documents(&self) -> Vec<(String, Vec<u8>)> {
        self.chat.lock().documents.clone()
    }

    /// The time by the world's clock.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// How many requests the platform saw.
    pub fn sends(&self) -> usize {
        self.chat.lock().sends
    }

    /// The next request to a chat goes wrong.
    pub fn fail_next(&self, chat: i64, error: SendError) {
        self.chat.lock().faults.entry(chat).or_default().push_back(error);
    }

    /// A person's balance and what is held for them.
    pub async fn points(&self, user: i64) -> (i64, i64) {
        let ask = baiying::port::store::Ask { statement: Some(UserId(user)), ..Default::default() };
        let facts = self.store.load(&[ask]).await.unwrap().remove(0);
        (facts.statement.balance, facts.statement.held)
    }

    /// Ends a world in which an alarm may still run: its clock is let run out first.
    pub async fn end_alarm(mut self) {
        self.advance(400).await;
        self.end().await;
    }

    /// Ends the world: nothing may be given up, nothing left to send, the ledger must add up, no law be broken.
    pub async fn end(mut self) {
        self.advance(65).await;
        let gauges = self.store.gauges().await.unwrap();
        assert_eq!((gauges.inbox_waiting, gauges.inbox_parked, gauges.outbox_waiting), (0, 0, 0), "work is left over");
        let tallies = self.store.tallies(Millis(0), self.clock.now().plus_ms(1)).await.unwrap();
        let mut balances = 0;
        for tally in &tallies {
            let own = format!("SELECT person + reserved FROM balance WHERE user_id = {}", tally.member.user);
            assert_eq!(self.number(&own).await, tally.closing, "a tally is not the balance");
            balances += tally.closing;
        }
        let posted = "SELECT CAST(COALESCE(SUM(CASE WHEN credit IN ('person', 'reserved') THEN amount ELSE 0 END) \
                      - SUM(CASE WHEN debit IN ('person', 'reserved') THEN amount ELSE 0 END), 0) AS BIGINT) FROM transfer";
        assert_eq!(self.number(posted).await, balances, "somebody's points stand in no tally");
        let audit = self.store.audit().await.unwrap();
        assert_eq!((audit.damage, audit.breaches), (Vec::new(), Vec::new()));
        self.ended = true;
    }
}

async fn start(
    store: &SqlStore,
    chat: &Arc<FakeChat>,
    clock: &Arc<FakeClock>,
    chance: &Arc<Counting>,
    rules: &Arc<Config>,
) -> (Engine<SqlStore, FakeChat>, Outbox<SqlStore, FakeChat, FilePrinter>) {
    let key = ExportKey::new("a key that is long enough").unwrap();
    let engine = Engine::new(store.clone(), chat.clone(), clock.clone(), chance.clone(), Arc::new(()), rules.clone());
    let outbox = Outbox::start(
        store.clone(),
        chat.clone(),
        Arc::new(FilePrinter { key }),
        clock.clone(),
        Arc::new(()),
        rules.clone(),
    );
    (engine, outbox.await.unwrap())
}
