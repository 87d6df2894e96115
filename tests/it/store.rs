//! The store's contract, held through the port alone.
//!
//! Runs on both databases, see `database`; what is about SQLite's file alone is in `file`.

mod audit;
mod duty;
mod file;
mod inbox;
mod ledger;
mod month;
mod outbox;
mod roster;
mod scrub;
mod speed;
mod step;
mod town;

pub use speed::every_hot_step;

use crate::database::Database;
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::domain::alarm::{
    Alarm, Call, Callee, Origin, Outcome, Point, ResponderKind, StandDown, Summons, TeamKind,
};
use baiying::domain::group::{Group, GroupKind};
use baiying::domain::id::{AlarmId, ChatId, EventSeq, LeadId, MessageId, Millis, UserId};
use baiying::domain::lead::{Attachment, Evidence, Lead, LeadEvent, LeadState, MediaKind, Occurred, Scene};
use baiying::domain::member::{Language, Member, Role};
use baiying::domain::place::{Datum, Place, PlaceSource, Wgs84};
use baiying::domain::points::{Account, Transfer, TransferKind};
use baiying::domain::tip::Grain;
use baiying::port::store::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: Millis = Millis(1_795_000_000_000);
const GROUP: ChatId = ChatId(-100);
const DESK: ChatId = ChatId(-200);

/// A store of its own for each test.
pub struct Fresh {
    store: SqlStore,
    pub database: Database,
    next_update: AtomicI64,
}

impl std::ops::Deref for Fresh {
    type Target = SqlStore;

    fn deref(&self) -> &SqlStore {
        &self.store
    }
}

pub async fn fresh() -> Fresh {
    Fresh::on(Database::fresh().await).await
}

/// On SQLite in any run.
async fn fresh_file() -> Fresh {
    Fresh::on(Database::file()).await
}

impl Fresh {
    pub async fn on(database: Database) -> Self {
        let store = SqlStore::open(&database.url, &SqlOptions::default()).await.unwrap();
        Self { store, database, next_update: AtomicI64::new(1) }
    }

    /// An event of this chat that waits.
    async fn event(&self, chat: ChatId) -> EventSeq {
        self.update(chat, "{}").await
    }

    async fn update(&self, chat: ChatId, json: &str) -> EventSeq {
        let update = RawUpdate {
            update_id: self.next_update.fetch_add(1, Ordering::Relaxed),
            chat,
            json: json.into(),
            press: false,
        };
        assert_eq!(self.receive(&[update], NOW).await.unwrap(), 1);
        self.take(10_000, Millis(i64::MAX)).await.unwrap().last().unwrap().seq
    }

    async fn apply_one(&self, changes: Changes) -> Applied {
        self.apply_at(changes, NOW).await
    }

    async fn apply_at(&self, changes: Changes, now: Millis) -> Applied {
        let event = self.event(ChatId(0)).await;
        self.apply(&[Step { event, changes }], now).await.unwrap().pop().unwrap()
    }

    async fn done(&self, changes: Changes) {
        assert_eq!(self.apply_one(changes).await, Applied::Done);
    }

    async fn put(&self, post: Post) {
        self.done(Changes { posts: vec![post], ..Changes::default() }).await;
    }

    async fn ask(&self, ask: Ask) -> Facts {
        self.load(&[ask]).await.unwrap().pop().unwrap()
    }

    async fn file(&self, lead: i64) -> LeadFile {
        self.ask(Ask { lead: Some(LeadId(lead)), ..Ask::default() }).await.file.unwrap()
    }

    async fn queue(&self) -> Vec<Queued> {
        self.queued(0, 1000).await.unwrap().0
    }

    /// Claims all that is queued.
    async fn claim_all(&self) -> Vec<Claimed> {
        let ids: Vec<_> = self.queue().await.iter().map(|queued| queued.id).collect();
        self.claim(&ids, Term(0)).await.unwrap()
    }

    async fn settle_one(&self, claimed: &Claimed, fate: Fate) {
        self.settle(
            &[Settlement { id: claimed.id, version: claimed.version, chat: claimed.post.chat, fate }],
            Term(0),
            NOW,
        )
        .await
        .unwrap();
    }

    /// Sends all that is queued; gives what was sent.
    async fn send_all(&self, first_message: i64) -> Vec<Claimed> {
        let claimed = self.claim_all().await;
        for (index, claimed) in claimed.iter().enumerate() {
            let message = match claimed.post.content {
                Content::Gone => None,
                _ => claimed.message.or(Some(MessageId(first_message + index as i64))),
            };
            self.settle_one(claimed, Fate::Sent(message)).await;
        }
        claimed
    }
}

fn lead(id: i64) -> Lead {
    Lead {
        id: LeadId(id),
        version: 1,
        state: LeadState::New,
        category: Some("theft".into()),
        urgent: false,
        occurred: Some(Occurred {
            start: NOW.plus_ms(-HOUR),
            end: Some(NOW),
            grain: Grain::Hour,
            text: "一小时前".into(),
        }),
        scene: Some(Scene {
            at: Wgs84 { lat: 23.05, lon: 113.75 },
            accuracy_m: 30.0,
            source: PlaceSource::Gazetteer,
            datum: Datum::Gcj02,
            text: "兴达路".into(),
        }),
        unknown_place: None,
        description: "有人偷电瓶车".into(),
        relay_text: "有人偷电瓶车".into(),
        chat: GROUP,
        tip_chat: GROUP,
        thread: Some(MessageId(3)),
        message: MessageId(1000 + id),
        reporter: Some(UserId(7)),
        reporter_code: format!("R{id}"),
        private: false,
        written_at: NOW.plus_ms(id),
        received_at: NOW.plus_ms(id),
        first_event: EventSeq(1),
        first_update_id: Some(77),
        officer: None,
        decided_at: None,
        duplicate_of: None,
        asked: false,
        outcome: None,
    }
}

fn member(user: i64, roles: &[Role]) -> Member {
    Member {
        user: UserId(user),
        name: format!("张{user}"),
        occupation: "快递员".into(),
        group: "兴达".into(),
        team: String::new(),
        roles: roles.to_vec(),
        language: None,
        code: format!("M{user:03}"),
        first_seen: NOW,
        told_at: None,
    }
}

fn text(html: &str) -> Content {
    Content::Text { html: html.into(), keyboard: Vec::new(), reply_to: None, silent: false }
}

fn post(subject: &str, content: Content) -> Post {
    Post { chat: GROUP, thread: None, subject: subject.into(), lane: Lane::Reply, content, lead: None, call: None }
}

fn transfer(key: &str, kind: TransferKind, debit: Account, credit: Account, amount: i64) -> Transfer {
    Transfer {
        key: key.into(),
        kind,
        debit,
        credit,
        amount,
        at: NOW,
        rule: "tip_verified".into(),
        book: "base".into(),
        lead: None,
        alarm: Some(AlarmId(1)),
        redemption: None,
        reason: None,
        reverses: None,
        by: None,
    }
}

fn raw(update_id: i64, chat: i64) -> RawUpdate {
    RawUpdate { update_id, chat: ChatId(chat), json: format!("{{\"update_id\":{update_id}}}"), press: false }
}

fn call(alarm: i64, point: &str, distance_m: f64) -> Call {
    Call {
        alarm: AlarmId(alarm),
        callee: Callee::Point(point.into()),
        kind: ResponderKind::Point,
        team: Some(TeamKind::Mobile),
        ring: 1,
        distance_m: Some(distance_m),
        called_at: NOW,
        failure: None,
        people: vec![Summons::new(UserId(5), NOW), Summons::new(UserId(6), NOW)],
    }
}

/// Every row of a table as text.
async fn table(store: &Fresh, name: &str) -> Vec<String> {
    let mut link = store.database.link().await;
    let columns = link.columns(name).await;
    let texts: Vec<String> = columns.iter().map(|name| format!("COALESCE(CAST({name} AS TEXT), 'NULL')")).collect();
    link.rows(&format!("SELECT {} FROM {name}", texts.join(" || '|' || "))).await
}

/// Where a text stands in the database, table by table.
async fn stands(store: &Fresh, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in store.database.link().await.tables().await {
        let rows = table(store, &name).await.into_iter().filter(|row| row.contains(marker));
        found.extend(rows.map(|row| format!("{name}: {row}")));
    }
    found
}

const MARKER: &str = "MARKED";

/// A lead whose words stand in every place where words can stand.
async fn marked_lead(store: &Fresh) {
    let message = |id: i64| format!("{{\"message\":{{\"message_id\":{id},\"text\":\"{MARKER}\"}}}}");
    let photo = store.update(GROUP, &message(59)).await;
    let tip = store.update(GROUP, &message(1001)).await;
    let edit = store.update(GROUP, &message(1001)).await;
    let evidence = |message, lead| Attachment {
        chat: GROUP,
        message: MessageId(message),
        sender: Some(UserId(7)),
        sent_at: NOW,
        lead,
        evidence: Evidence::Media { kind: MediaKind::Photo, file_id: MARKER.into() },
    };
    let history = |version, before: Option<&str>| LeadEvent {
        lead: LeadId(1),
        version,
        at: NOW,
        by: None,
        action: "edit".into(),
        before: before.map(Into::into),
    };
    let marked = Lead {
        category: Some(MARKER.into()),
        unknown_place: Some(MARKER.into()),
        description: MARKER.into(),
        relay_text: MARKER.into(),
        occurred: Some(Occurred { text: MARKER.into(), ..lead(1).occurred.unwrap() }),
        scene: Some(Scene { text: MARKER.into(), ..lead(1).scene.unwrap() }),
        first_event: tip,
        ..lead(1)
    };
    let about = |subject: &str, chat, content| Post { chat, lead: Some(LeadId(1)), ..post(subject, content) };
    let steps = [
        Step { event: photo, changes: Changes { attachments: vec![evidence(59, None)], ..Changes::default() } },
        Step {
            event: tip,
            changes: Changes {
                new_leads: vec![marked.clone()],
                lead_events: vec![history(1, None)],
                attachments: vec![evidence(59, Some(LeadId(1)))],
                posts: vec![
                    about("lead:1:receipt", GROUP, text(MARKER)),
                    about("lead:1:card", DESK, text(MARKER)),
                    about("lead:1:way", DESK, text(MARKER)),
                ],
                ..Changes::default()
            },
        },
        Step {
            event: edit,
            changes: Changes {
                leads: vec![Lead { version: 2, ..marked }],
                lead_events: vec![history(2, Some(MARKER))],
                ..Changes::default()
            },
        },
    ];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), vec![Applied::Done; 3]);
    // The receipt and the card stand; another card is on its way; an edit and a new message are queued.
    for claimed in store.claim_all().await {
        match claimed.post.subject.as_str() {
            "lead:1:receipt" => store.settle_one(&claimed, Fate::Sent(Some(MessageId(300)))).await,
            "lead:1:card" => store.settle_one(&claimed, Fate::Sent(Some(MessageId(400)))).await,
            _ => {}
        }
    }
    store.put(about("lead:1:card", DESK, text("MARKED 2"))).await;
    store.put(about("lead:1:new", DESK, text(MARKER))).await;
    // Presses and replies carry the whole text; they changed nothing, so no history names them.
    for (chat, json) in [
        (DESK, format!("{{\"callback_query\":{{\"message\":{{\"message_id\":400,\"text\":\"{MARKER}\"}}}}}}")),
        (
            GROUP,
            format!(
                "{{\"message\":{{\"message_id\":9,\"reply_to_message\":{{\"message_id\": 1001, \"text\":\"{MARKER}\"}}}}}}"
            ),
        ),
    ] {
        let event = store.update(chat, &json).await;
        store.apply(&[Step { event, changes: Changes::default() }], NOW).await.unwrap();
    }
}
