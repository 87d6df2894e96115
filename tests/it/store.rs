//! The store's contract, held through the port alone.
//!
//! Runs on SQLite in a temporary file; with `BAIYING_TEST_POSTGRES=postgres://…/postgres` on PostgreSQL instead,
//! a fresh database for each test.

use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::domain::alarm::{Alarm, Call, Point};
use baiying::domain::group::{Group, GroupKind};
use baiying::domain::id::{AlarmId, ChatId, EventSeq, LeadId, MessageId, Millis, UserId};
use baiying::domain::lead::{Attachment, Evidence, Lead, LeadEvent, LeadState, MediaKind, Occurred, Scene};
use baiying::domain::member::{Language, Member, Role};
use baiying::domain::place::{Datum, Place, PlaceSource, Wgs84};
use baiying::domain::points::{Account, Transfer, TransferKind};
use baiying::domain::tip::Grain;
use baiying::port::store::*;
use proptest::prelude::*;
use sqlx::{Connection, Executor, Row, SqliteConnection};
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: Millis = Millis(1_795_000_000_000);
const GROUP: ChatId = ChatId(-100);
const DESK: ChatId = ChatId(-200);

/// A store of its own for each test.
struct Fresh {
    store: SqlStore,
    url: String,
    next_update: AtomicI64,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Fresh {
    type Target = SqlStore;

    fn deref(&self) -> &SqlStore {
        &self.store
    }
}

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = match std::env::var("BAIYING_TEST_POSTGRES") {
        Ok(url) => postgres_database(&url).await,
        Err(_) => format!("sqlite://{}", folder.path().join("deep/er/baiying.db").display()),
    };
    let store = SqlStore::open(&url, &SqlOptions::default()).await.unwrap();
    Fresh { store, url, next_update: AtomicI64::new(1), _folder: folder }
}

async fn postgres_database(url: &str) -> String {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let name = format!("baiying_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = sqlx::PgConnection::connect(url).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

impl Fresh {
    /// An event of this chat that waits.
    async fn event(&self, chat: ChatId) -> EventSeq {
        self.update(chat, "{}").await
    }

    async fn update(&self, chat: ChatId, json: &str) -> EventSeq {
        let update = RawUpdate { update_id: self.next_update.fetch_add(1, Ordering::Relaxed), chat, json: json.into() };
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
        self.claim(&ids, NOW).await.unwrap()
    }

    async fn settle_one(&self, claimed: &Claimed, fate: Fate) {
        self.settle(&[Settlement { id: claimed.id, version: claimed.version, fate }], NOW).await.unwrap();
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
        lead: None,
        alarm: None,
        reverses: None,
        by: None,
    }
}

fn raw(update_id: i64, chat: i64) -> RawUpdate {
    RawUpdate { update_id, chat: ChatId(chat), json: format!("{{\"update_id\":{update_id}}}") }
}

// ───────────────────────────── inbox ─────────────────────────────

#[tokio::test]
async fn an_update_is_stored_once() {
    let store = fresh().await;
    assert_eq!(store.receive(&[raw(1, 5), raw(2, 5), raw(1, 5)], NOW).await.unwrap(), 2);
    assert_eq!(store.receive(&[raw(2, 5), raw(3, 6)], NOW.plus_ms(1)).await.unwrap(), 1);
    let events = store.take(10, NOW).await.unwrap();
    let payloads: Vec<_> = events.iter().map(|event| event.payload.as_str()).collect();
    assert_eq!(payloads, [r#"{"update_id":1}"#, r#"{"update_id":2}"#, r#"{"update_id":3}"#]);
    assert_eq!((events[2].chat, events[2].received_at), (ChatId(6), NOW.plus_ms(1)));
    assert!(events.is_sorted_by_key(|event| event.seq));
}

#[tokio::test]
async fn many_updates_keep_their_order() {
    let store = fresh().await;
    let updates: Vec<_> = (0..777).map(|id| raw(id, id % 9)).collect();
    assert_eq!(store.receive(&updates, NOW).await.unwrap(), 777);
    let events = store.take(700, NOW).await.unwrap();
    let expected: Vec<_> = updates[..700].iter().map(|update| update.json.clone()).collect();
    assert_eq!(events.into_iter().map(|event| event.payload).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_number_may_come_again_once_the_old_one_is_done_and_two_days_old() {
    let store = fresh().await;
    store.receive(&[raw(1, 5), raw(2, 5)], NOW).await.unwrap();
    let first = store.take(1, NOW).await.unwrap()[0].seq;
    store.apply(&[Step { event: first, changes: Changes::default() }], NOW).await.unwrap();

    let soon = NOW.plus_ms(47 * HOUR);
    assert_eq!(store.receive(&[raw(1, 5)], soon).await.unwrap(), 0, "too soon");
    let later = NOW.plus_ms(49 * HOUR);
    // 2 was never done: it is the same update, still waiting.
    assert_eq!(store.receive(&[raw(9, 5), raw(1, 5), raw(2, 5)], later).await.unwrap(), 2);
    let payloads: Vec<_> = store.take(9, later).await.unwrap().into_iter().map(|event| event.payload).collect();
    assert_eq!(payloads, [r#"{"update_id":2}"#, r#"{"update_id":9}"#, r#"{"update_id":1}"#]);
}

#[tokio::test]
async fn a_chat_waits_behind_an_event_that_is_put_off() {
    let store = fresh().await;
    store.receive(&[raw(1, 5), raw(2, 6), raw(3, 5), raw(4, 0), raw(5, 0)], NOW).await.unwrap();
    let events = store.take(9, NOW).await.unwrap();
    let later = NOW.plus_ms(1000);
    store.postpone(events[0].seq, "no", Some(later)).await.unwrap();
    store.postpone(events[3].seq, "no", Some(later)).await.unwrap();
    let chats = |events: Vec<Event>| events.into_iter().map(|event| (event.chat.0, event.attempts)).collect::<Vec<_>>();
    assert_eq!(chats(store.take(9, NOW).await.unwrap()), [(6, 0), (0, 0)], "events without a chat do not wait");
    assert_eq!(
        chats(store.take(9, later).await.unwrap()),
        [(5, 1), (6, 0), (5, 0), (0, 1), (0, 0)],
        "in order again once it may be tried"
    );

    store.postpone(events[0].seq, "never", None).await.unwrap();
    assert_eq!(chats(store.take(9, NOW).await.unwrap()), [(6, 0), (5, 0), (0, 0)], "parked: the chat goes on");
    let gauges = store.gauges().await.unwrap();
    assert_eq!((gauges.inbox_waiting, gauges.inbox_parked, gauges.newest_update_at), (4, 1, Some(NOW)));
}

#[tokio::test]
async fn timers_ring_once() {
    let store = fresh().await;
    let timer = |key: &str, due| Timer {
        key: key.into(),
        due: NOW.plus_ms(due),
        chat: DESK,
        kind: TimerKind::Stage { alarm: AlarmId(3), stage: due as usize },
    };
    assert_eq!(store.ring_timers(NOW).await.unwrap(), None);
    store
        .done(Changes {
            timers: vec![timer("alarm:3:a", 2), timer("alarm:3:b", 1), timer("alarm:4:a", 50), timer("alarm:3:a", 3)],
            ..Changes::default()
        })
        .await;
    assert_eq!(store.ring_timers(NOW).await.unwrap(), Some(NOW.plus_ms(1)));
    assert_eq!(store.take(9, NOW).await.unwrap(), []);

    assert_eq!(store.ring_timers(NOW.plus_ms(3)).await.unwrap(), Some(NOW.plus_ms(50)));
    assert_eq!(store.ring_timers(NOW.plus_ms(3)).await.unwrap(), Some(NOW.plus_ms(50)));
    let events = store.take(9, NOW.plus_ms(3)).await.unwrap();
    let kinds: Vec<TimerKind> = events.iter().map(|event| serde_json::from_str(&event.payload).unwrap()).collect();
    let stage = |stage| TimerKind::Stage { alarm: AlarmId(3), stage };
    assert_eq!(kinds, [stage(1), stage(3)], "in order of time, the replaced one at its new time");
    assert!(events.iter().all(|event| event.kind == EventKind::Timer && event.chat == DESK));

    store
        .done(Changes {
            cancel_timers: vec!["alarm:4:".into()],
            timers: vec![timer("alarm:40", 60)],
            ..Changes::default()
        })
        .await;
    assert_eq!(store.ring_timers(NOW).await.unwrap(), Some(NOW.plus_ms(60)), "taken away by prefix");
}

#[tokio::test]
async fn delivery_reports_become_events() {
    let store = fresh().await;
    let report =
        DeliveryReport { alarm: AlarmId(1), point: "P1".into(), chat: ChatId(9), failure: Some("blocked".into()) };
    store.report(std::slice::from_ref(&report), NOW).await.unwrap();
    let event = store.take(9, NOW).await.unwrap().pop().unwrap();
    assert_eq!((event.kind, event.chat), (EventKind::Delivery, ChatId(9)));
    assert_eq!(serde_json::from_str::<DeliveryReport>(&event.payload).unwrap(), report);
}

// ───────────────────────────── apply ─────────────────────────────

#[tokio::test]
async fn a_lead_comes_back_as_it_was_stored() {
    let store = fresh().await;
    let full = lead(1);
    let bare = Lead {
        category: None,
        occurred: None,
        scene: None,
        unknown_place: Some("老地方".into()),
        thread: None,
        reporter: None,
        first_update_id: None,
        private: true,
        ..lead(2)
    };
    store.done(Changes { new_leads: vec![full.clone(), bare.clone()], ..Changes::default() }).await;
    assert_eq!((store.file(1).await.lead, store.file(2).await.lead), (full.clone(), bare));

    let changed = Lead {
        version: 2,
        state: LeadState::Duplicate,
        urgent: true,
        occurred: None,
        scene: None,
        description: "改".into(),
        relay_text: "改了".into(),
        officer: Some(UserId(9)),
        decided_at: Some(NOW),
        duplicate_of: Some(LeadId(2)),
        asked: true,
        ..full
    };
    store.done(Changes { leads: vec![changed.clone()], ..Changes::default() }).await;
    assert_eq!(store.file(1).await.lead, changed);
}

#[tokio::test]
async fn a_bad_event_does_not_spoil_its_neighbours_and_leaves_nothing_behind() {
    let store = fresh().await;
    let mut steps = Vec::new();
    for id in 1..=9 {
        let event = store.event(ChatId(id)).await;
        let mut changes = Changes {
            new_leads: vec![lead(id)],
            transfers: vec![transfer(
                &format!("lead:{id}:hold"),
                TransferKind::Hold,
                Account::Budget,
                Account::Held(UserId(id)),
                2,
            )],
            posts: vec![post(&format!("lead:{id}:receipt"), text("好"))],
            ..Changes::default()
        };
        if id == 4 {
            // The ledger takes no zero: the last thing written refuses the step.
            changes.transfers.push(transfer("zero", TransferKind::Hold, Account::Budget, Account::Held(UserId(4)), 0));
        }
        if id == 7 {
            changes.leads.push(Lead { version: 9, ..lead(1) });
        }
        steps.push(Step { event, changes });
    }
    let fates = store.apply(&steps, NOW).await.unwrap();
    for (index, fate) in fates.iter().enumerate() {
        match index {
            3 => assert!(
                matches!(fate, Applied::Failed(why) if why.contains("CHECK") || why.contains("check")),
                "{fate:?}"
            ),
            6 => assert_eq!(*fate, Applied::Conflict),
            _ => assert_eq!(*fate, Applied::Done),
        }
    }
    let waiting: Vec<_> = store.take(99, NOW).await.unwrap().iter().map(|event| event.chat.0).collect();
    assert_eq!(waiting, [4, 7], "the refused events still wait");
    let asks: Vec<_> =
        (1..=9).map(|id| Ask { lead: Some(LeadId(id)), statement: Some(UserId(id)), ..Ask::default() }).collect();
    for (index, facts) in store.load(&asks).await.unwrap().iter().enumerate() {
        let refused = [3, 6].contains(&index);
        assert_eq!(facts.file.is_none(), refused, "lead {}", index + 1);
        assert_eq!(facts.statement.held, if refused { 0 } else { 2 });
    }
    assert_eq!(store.queue().await.len(), 7);

    let again = store.apply(&steps[..1], NOW).await.unwrap();
    assert!(matches!(again[0], Applied::Failed(_)), "an event that is done is not done twice: {again:?}");
    assert_eq!(store.file(1).await.transfers.len() + store.queue().await.len(), 7);
}

#[tokio::test]
async fn of_two_decisions_on_the_same_reading_one_stands() {
    let store = fresh().await;
    store.done(Changes { new_leads: vec![lead(1)], ..Changes::default() }).await;
    let (first, second, third) = (store.event(GROUP).await, store.event(DESK).await, store.event(DESK).await);
    let decide = |version, state| Changes { leads: vec![Lead { version, state, ..lead(1) }], ..Changes::default() };
    let fates = store
        .apply(
            &[
                Step { event: first, changes: decide(2, LeadState::Verified) },
                Step { event: second, changes: decide(2, LeadState::Unfounded) },
                Step { event: third, changes: decide(3, LeadState::Resolved) },
            ],
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(fates, [Applied::Done, Applied::Conflict, Applied::Done]);
    assert_eq!(store.file(1).await.lead.state, LeadState::Resolved);
}

#[tokio::test]
async fn a_chain_of_versions_within_one_slice_is_applied_whole() {
    let store = fresh().await;
    let mut steps = Vec::new();
    for version in 1..=4 {
        let event = store.event(GROUP).await;
        let changed = Lead { version, description: format!("v{version}"), ..lead(1) };
        let changes = match version {
            1 => Changes { new_leads: vec![changed], ..Changes::default() },
            _ => Changes { leads: vec![changed], ..Changes::default() },
        };
        steps.push(Step { event, changes });
    }
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), vec![Applied::Done; 4]);
    let lead = store.file(1).await.lead;
    assert_eq!((lead.version, lead.description.as_str()), (4, "v4"));
}

#[tokio::test]
async fn numbers_are_counted_up() {
    let store = fresh().await;
    assert_eq!(store.reserve_leads(3).await.unwrap(), LeadId(1));
    assert_eq!(store.reserve_leads(1).await.unwrap(), LeadId(4));
    assert_eq!(store.reserve_alarms(1).await.unwrap(), AlarmId(1));
    let other = SqlStore::open(&store.url, &SqlOptions::default()).await.unwrap();
    assert_eq!(other.reserve_leads(1).await.unwrap(), LeadId(5));
}

#[tokio::test]
async fn all_that_hangs_on_a_lead_is_read_with_it() {
    let store = fresh().await;
    let history = |version, action: &str| LeadEvent {
        lead: LeadId(1),
        version,
        at: NOW,
        by: Some(UserId(7)),
        action: action.into(),
        before: (version > 1).then(|| "{}".into()),
    };
    let alarm = Alarm {
        id: AlarmId(5),
        version: 1,
        lead: LeadId(1),
        drill: true,
        ring: 1,
        raised_by: Some(UserId(8)),
        raised_at: NOW,
        stood_down_at: None,
        stood_down_by: None,
    };
    let evidence = Attachment {
        chat: GROUP,
        message: MessageId(55),
        sender: Some(UserId(7)),
        sent_at: NOW,
        lead: Some(LeadId(1)),
        evidence: Evidence::Media { kind: MediaKind::Photo, file_id: "F".into() },
    };
    let entry = Transfer {
        lead: Some(LeadId(1)),
        reverses: Some("x".into()),
        by: Some(UserId(8)),
        ..transfer("lead:1:post", TransferKind::Post, Account::Held(UserId(7)), Account::Person(UserId(7)), 5)
    };
    store
        .done(Changes {
            new_leads: vec![Lead { officer: Some(UserId(8)), ..lead(1) }],
            lead_events: vec![history(1, "tip"), history(2, "claim")],
            attachments: vec![evidence.clone()],
            new_alarms: vec![Alarm { id: AlarmId(4), ..alarm.clone() }, alarm.clone()],
            calls: vec![call(5, "P2", 90.0), call(5, "P1", 40.5)],
            transfers: vec![entry.clone()],
            members: vec![member(7, &[]), member(8, &[Role::Police])],
            posts: vec![Post { lead: Some(LeadId(1)), ..post("lead:1:receipt", text("好")) }],
            ..Changes::default()
        })
        .await;
    let expected = LeadFile {
        lead: Lead { officer: Some(UserId(8)), ..lead(1) },
        attachments: vec![evidence],
        history: vec![history(1, "tip"), history(2, "claim")],
        transfers: vec![entry],
        reporter: Some(member(7, &[])),
        officer: Some(member(8, &[Role::Police])),
        alarm: Some(AlarmFile { alarm, calls: vec![call(5, "P1", 40.5), call(5, "P2", 90.0)] }),
        posts: vec![Posted { chat: GROUP, subject: "lead:1:receipt".into(), message: None }],
    };
    assert_eq!(store.file(1).await, expected);
    let by_alarm = store.ask(Ask { alarm: Some(AlarmId(5)), ..Ask::default() }).await;
    assert_eq!(by_alarm.file, Some(expected));
}

fn call(alarm: i64, point: &str, distance_m: f64) -> Call {
    Call {
        alarm: AlarmId(alarm),
        point: point.into(),
        ring: 1,
        distance_m,
        called_at: NOW,
        delivered_at: None,
        acknowledged_at: None,
        under_way_at: None,
        on_scene_at: None,
        declined_at: None,
        answered_by: None,
    }
}

#[tokio::test]
async fn questions_are_answered_each_by_itself() {
    let store = fresh().await;
    let loose = |message: i64, sent: i64| Attachment {
        chat: GROUP,
        message: MessageId(message),
        sender: Some(UserId(7)),
        sent_at: NOW.plus_ms(sent),
        lead: None,
        evidence: Evidence::Media { kind: MediaKind::Voice, file_id: "V".into() },
    };
    let filed = Attachment { lead: Some(LeadId(2)), ..loose(60, 1) };
    let far = Scene { at: Wgs84 { lat: 23.054, lon: 113.75 }, ..lead(3).scene.unwrap() };
    store
        .done(Changes {
            new_leads: vec![lead(1), lead(2), Lead { scene: Some(far), ..lead(3) }, Lead { scene: None, ..lead(4) }],
            attachments: vec![loose(61, 5), filed, loose(62, 9)],
            posts: vec![
                Post { lead: Some(LeadId(3)), ..post("lead:3:receipt", text("好")) },
                post("lead:30:receipt", text("好")),
                post("other", text("好")),
            ],
            members: vec![member(7, &[])],
            invites: vec![Invite {
                code: "ABC".into(),
                roles: vec![Role::Police],
                by: UserId(7),
                expires: NOW,
                used_by: None,
            }],
            ..Changes::default()
        })
        .await;
    store.send_all(500).await;

    let similar = |near| Some(Similar { except: LeadId(2), since: NOW, until: NOW.plus_ms(HOUR), near });
    let here = Wgs84 { lat: 23.0501, lon: 113.7501 };
    let asks = [
        Ask { user: Some(UserId(7)), tip_at: Some((GROUP, MessageId(1002))), ..Ask::default() },
        Ask { belongs: Some((GROUP, MessageId(60))), tip_at: Some((GROUP, MessageId(60))), ..Ask::default() },
        Ask { belongs: Some((GROUP, MessageId(500))), ..Ask::default() },
        Ask { belongs: Some((DESK, MessageId(1002))), user: Some(UserId(1)), ..Ask::default() },
        Ask { newest_tip: Some((GROUP, UserId(7), NOW.plus_ms(2))), ..Ask::default() },
        Ask { newest_tip: Some((GROUP, UserId(7), NOW.plus_ms(5))), ..Ask::default() },
        Ask { loose: Some((GROUP, UserId(7), NOW.plus_ms(5))), ..Ask::default() },
        Ask { similar: similar(Some((here, 100.0))), ..Ask::default() },
        Ask { similar: similar(Some((here, 100_000.0))), ..Ask::default() },
        Ask { similar: similar(None), ..Ask::default() },
        Ask { posted: Some((GROUP, "lead:3".into(), NOW)), ..Ask::default() },
        Ask { posted: Some((GROUP, "lead:".into(), NOW.plus_ms(1))), ..Ask::default() },
        Ask { chat_leads: Some((GROUP, NOW.plus_ms(3))), invite: Some("ABC".into()), ..Ask::default() },
        Ask::default(),
    ];
    let facts = store.load(&asks).await.unwrap();
    let number = |lead: &Option<Lead>| lead.as_ref().map(|lead| lead.id.0);
    let numbers = |leads: &[Lead]| leads.iter().map(|lead| lead.id.0).collect::<Vec<_>>();
    assert_eq!((number(&facts[0].tip_at), facts[0].member.clone()), (Some(2), Some(member(7, &[]))));
    assert_eq!((number(&facts[1].belongs), number(&facts[1].tip_at)), (Some(2), None), "by its evidence");
    assert_eq!(number(&facts[2].belongs), Some(3), "by its receipt");
    assert_eq!((number(&facts[3].belongs), facts[3].member.clone()), (None, None), "another chat");
    assert_eq!((number(&facts[4].newest_tip), number(&facts[5].newest_tip)), (Some(4), None));
    assert_eq!(facts[6].loose, [loose(61, 5), loose(62, 9)]);
    assert_eq!(numbers(&facts[7].similar), [1], "near");
    assert_eq!(numbers(&facts[8].similar), [3, 1], "wide: newest first, those with a scene");
    assert_eq!(numbers(&facts[9].similar), [4, 3, 1], "anywhere");
    assert_eq!((facts[10].posted, facts[11].posted), (2, 0));
    assert_eq!(numbers(&facts[12].chat_leads), [3, 4]);
    assert_eq!(facts[12].invite.as_ref().unwrap().roles, [Role::Police]);
    assert_eq!(facts[13], Facts::default());
}

#[tokio::test]
async fn many_questions_at_once_do_not_mix_up() {
    let store = fresh().await;
    let leads: Vec<_> = (1..=600).map(|id| Lead { reporter: Some(UserId(id)), ..lead(id) }).collect();
    let members = (1..=600).map(|user| member(user, &[])).collect();
    store.done(Changes { new_leads: leads, members, ..Changes::default() }).await;
    let asks: Vec<_> = (1..=600)
        .map(|id| Ask {
            user: Some(UserId(id)),
            tip_at: Some((GROUP, MessageId(1000 + id))),
            lead: (id % 2 == 0).then_some(LeadId(id)),
            chat_leads: (id % 50 == 0).then(|| (GROUP, NOW.plus_ms(id))),
            ..Ask::default()
        })
        .collect();
    for (id, facts) in (1..).zip(store.load(&asks).await.unwrap()) {
        assert_eq!(facts.member.unwrap().user, UserId(id));
        assert_eq!(facts.tip_at.unwrap().id, LeadId(id));
        assert_eq!(facts.file.map(|file| file.reporter.unwrap().user.0), (id % 2 == 0).then_some(id));
        if id % 50 == 0 {
            let expected: Vec<_> = (id..=600).take(100).collect();
            assert_eq!(facts.chat_leads.iter().map(|lead| lead.id.0).collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test]
async fn an_invite_is_good_once() {
    let store = fresh().await;
    let invite = |used_by: Option<i64>| Changes {
        invites: vec![Invite {
            code: "ABC".into(),
            roles: vec![Role::Responder],
            by: UserId(1),
            expires: NOW,
            used_by: used_by.map(UserId),
        }],
        ..Changes::default()
    };
    store.done(invite(None)).await;
    let (first, second) = (store.event(ChatId(2)).await, store.event(ChatId(3)).await);
    let steps = [Step { event: first, changes: invite(Some(2)) }, Step { event: second, changes: invite(Some(3)) }];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), [Applied::Done, Applied::Conflict]);
}

// ───────────────────────────── ledger ─────────────────────────────

#[tokio::test]
async fn a_transfer_enters_once() {
    let store = fresh().await;
    let (person, held) = (Account::Person(UserId(7)), Account::Held(UserId(7)));
    let hold = transfer("lead:1:hold", TransferKind::Hold, Account::Budget, held.clone(), 5);
    let posting =
        Transfer { lead: Some(LeadId(1)), ..transfer("lead:1:post", TransferKind::Post, held, person.clone(), 5) };
    let (first, second) = (store.event(DESK).await, store.event(DESK).await);
    let changes = Changes { transfers: vec![hold, posting.clone()], ..Changes::default() };
    let steps = [Step { event: first, changes: changes.clone() }, Step { event: second, changes: changes.clone() }];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), [Applied::Done, Applied::Done]);
    store.done(changes).await;
    for n in 0..12 {
        let spent = transfer(&format!("spend:{n}"), TransferKind::Redeem, person.clone(), Account::Rewards, 1);
        store.done(Changes { transfers: vec![spent], ..Changes::default() }).await;
    }
    let statement = store.ask(Ask { statement: Some(UserId(7)), ..Ask::default() }).await.statement;
    assert_eq!((statement.balance, statement.held, statement.entries.len()), (-7, 0, 10));
    assert_eq!(statement.entries[0], StatementLine { at: NOW, amount: -1, rule: "tip_verified".into(), lead: None });
}

#[tokio::test]
async fn the_ledger_refuses_changes_by_anyone() {
    let store = fresh().await;
    let entry = transfer("a", TransferKind::Award, Account::Budget, Account::Person(UserId(7)), 5);
    store.done(Changes { transfers: vec![entry], ..Changes::default() }).await;
    for sql in ["UPDATE transfer SET amount = 9", "DELETE FROM transfer"] {
        let refused = match store.url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut database = SqliteConnection::connect(path).await.unwrap();
                database.execute(sql).await.unwrap_err()
            }
            None => sqlx::PgConnection::connect(&store.url).await.unwrap().execute(sql).await.unwrap_err(),
        };
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

fn any_transfer() -> impl Strategy<Value = (TransferKind, i64, i64, i64)> {
    let kinds = [TransferKind::Hold, TransferKind::Post, TransferKind::Void, TransferKind::Award, TransferKind::Redeem];
    (0usize..6, 1i64..4, 1i64..100, -10i64..10).prop_map(move |(kind, user, amount, at)| {
        (kinds.get(kind).copied().unwrap_or(TransferKind::Reversal), user, amount, at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn tallies_add_up(entries in prop::collection::vec(any_transfer(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = fresh().await;
            let transfers: Vec<Transfer> = entries.iter().enumerate().map(|(n, (kind, user, amount, at))| {
                let (person, held) = (Account::Person(UserId(*user)), Account::Held(UserId(*user)));
                let (debit, credit) = match kind {
                    TransferKind::Hold => (Account::Budget, held),
                    TransferKind::Post => (held, person),
                    TransferKind::Void => (held, Account::Budget),
                    TransferKind::Award => (Account::Budget, person),
                    TransferKind::Reversal => (person, held),
                    TransferKind::Redeem => (person, Account::Rewards),
                };
                Transfer { at: NOW.plus_ms(*at), ..transfer(&n.to_string(), *kind, debit, credit, *amount) }
            }).collect();
            store.done(Changes { transfers: transfers.clone(), members: vec![member(1, &[]), member(2, &[])], ..Changes::default() }).await;

            let balance = |user: i64, until: i64| -> i64 {
                transfers.iter().filter(|entry| entry.at < NOW.plus_ms(until)).map(|entry| {
                    let person = Account::Person(UserId(user));
                    i64::from(entry.credit == person) * entry.amount - i64::from(entry.debit == person) * entry.amount
                }).sum()
            };
            let tallies = store.tallies(NOW.plus_ms(-5), NOW.plus_ms(5)).await.unwrap();
            let touched: std::collections::BTreeSet<i64> = transfers.iter()
                .filter(|entry| entry.at < NOW.plus_ms(5))
                .flat_map(|entry| [&entry.debit, &entry.credit])
                .filter_map(|account| match account { Account::Person(user) => Some(user.0), _ => None })
                .collect();
            assert_eq!(tallies.iter().map(|tally| tally.member.user.0).collect::<std::collections::BTreeSet<_>>(), touched);
            for tally in tallies {
                let user = tally.member.user.0;
                assert_eq!(tally.opening, balance(user, -5));
                assert_eq!(tally.closing, balance(user, 5));
                assert_eq!(tally.closing, tally.opening + tally.earned - tally.spent + tally.corrected);
                assert!(tally.earned >= 0 && tally.spent >= 0);
                assert_eq!(tally.member.code, if user == 3 { "?".to_owned() } else { format!("M{user:03}") });
            }
            for user in 1..4 {
                let statement = store.ask(Ask { statement: Some(UserId(user)), ..Ask::default() }).await.statement;
                assert_eq!(statement.balance, balance(user, 99));
            }
        });
    }
}

// ───────────────────────────── outbox ─────────────────────────────

#[tokio::test]
async fn a_post_is_sent_then_edited_and_the_same_again_is_nothing() {
    let store = fresh().await;
    store.put(post("lead:1:receipt", text("一"))).await;
    let sent = store.send_all(900).await;
    assert_eq!((sent.len(), sent[0].message, &sent[0].post.content), (1, None, &text("一")));
    store.put(post("lead:1:receipt", text("一"))).await;
    assert_eq!(store.queue().await, [], "the same stands already");

    store.put(post("lead:1:receipt", text("二"))).await;
    store.put(post("lead:1:receipt", text("一"))).await;
    assert_eq!(store.queue().await, [], "back to what stands before anything was sent");

    store.put(post("lead:1:receipt", text("二"))).await;
    store.put(post("lead:1:receipt", text("三"))).await;
    let sent = store.send_all(0).await;
    assert_eq!(sent.len(), 1, "superseded edits fold");
    assert_eq!((sent[0].message, &sent[0].post.content), (Some(MessageId(900)), &text("三")));
    assert_eq!(store.queue().await, []);
}

#[tokio::test]
async fn what_is_replaced_while_it_is_sent_is_sent_again() {
    let store = fresh().await;
    store.put(post("s", text("一"))).await;
    let claimed = store.claim_all().await;
    assert_eq!(store.claim(&[claimed[0].id], NOW).await.unwrap(), [], "claimed once");
    store.put(post("s", text("二"))).await;
    assert_eq!(store.queue().await, [], "still on its way");
    let (_, seen) = store.queued(0, 10).await.unwrap();
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    let (queued, _) = store.queued(seen, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    let again = store.send_all(0).await;
    assert_eq!((again[0].message, &again[0].post.content), (Some(MessageId(1)), &text("二")));

    store.put(post("s", text("三"))).await;
    let claimed = store.claim_all().await;
    store.put(post("s", text("四"))).await;
    store.put(post("s", text("三"))).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    assert_eq!(store.queue().await, [], "what was sent is what should stand after all");
}

#[tokio::test]
async fn taking_away_what_was_never_sent_sends_nothing() {
    let store = fresh().await;
    store.put(post("never", Content::Gone)).await;
    store.put(post("queued", text("一"))).await;
    store.put(post("queued", Content::Gone)).await;
    assert_eq!(store.queue().await, []);

    store.put(post("sent", text("一"))).await;
    store.send_all(5).await;
    store.put(post("sent", Content::Gone)).await;
    let sent = store.send_all(0).await;
    assert_eq!((sent[0].message, &sent[0].post.content), (Some(MessageId(5)), &Content::Gone));
    store.put(post("sent", Content::Gone)).await;
    assert_eq!(store.queue().await, [], "gone is gone");
    store.put(post("sent", text("一"))).await;
    assert_eq!(store.send_all(6).await[0].message, None, "a new message");

    store.put(post("way", text("一"))).await;
    let claimed = store.claim_all().await;
    store.put(post("way", Content::Gone)).await;
    store.settle_one(&claimed[0], Fate::Retry { at: NOW, why: "x".into() }).await;
    assert_eq!(store.queue().await, [], "it did not arrive, so there is nothing to take away");

    store.put(post("way", text("二"))).await;
    let claimed = store.claim_all().await;
    store.put(post("way", Content::Gone)).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(8)))).await;
    assert_eq!(store.send_all(0).await[0].message, Some(MessageId(8)), "it arrived: it is taken away");
}

#[tokio::test]
async fn the_queue_card_goes_again_however_often_it_was_sent() {
    let store = fresh().await;
    store.put(post("queue", Content::Queue)).await;
    let before = store.queued(0, 9).await.unwrap();
    store.put(post("queue", Content::Queue)).await;
    assert_eq!(store.queued(0, 9).await.unwrap(), before, "already queued: nothing to do");
    let claimed = store.claim_all().await;
    store.put(post("queue", Content::Queue)).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    assert_eq!(store.send_all(0).await.len(), 1, "it was made before the last change");
    assert_eq!(store.queue().await, []);
    store.put(post("queue", Content::Queue)).await;
    assert_eq!(store.queue().await.len(), 1);
}

#[tokio::test]
async fn what_is_to_be_tried_again_waits_and_keeps_its_age() {
    let store = fresh().await;
    let at = NOW.plus_ms(5000);
    store.put(post("s", text("一"))).await;
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Retry { at, why: "429".into() }).await;
    assert_eq!((store.queue().await[0].not_before, store.queue().await[0].queued_at), (at, NOW));
    assert_eq!(
        store
            .apply_at(
                Changes { posts: vec![Post { lane: Lane::Alarm, ..post("s", text("二")) }], ..Changes::default() },
                at
            )
            .await,
        Applied::Done
    );
    let queued = store.queue().await;
    assert_eq!((queued[0].lane, queued[0].queued_at), (Lane::Alarm, NOW), "as old as what it replaces");
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Retry { at, why: "x".into() }).await;
    let claimed = store.claim_all().await;
    assert_eq!(claimed[0].attempts, 1, "counted anew for a new text");
    store.settle_one(&claimed[0], Fate::Failed("blocked".into())).await;
    assert_eq!((store.queue().await, store.gauges().await.unwrap().outbox_failed), (vec![], 1));
    store.put(post("s", text("二"))).await;
    assert_eq!(store.queue().await.len(), 1, "put again, a failed one is tried again");
}

#[tokio::test]
async fn the_sender_hears_of_changes_in_order() {
    let store = fresh().await;
    for n in 0..5 {
        store.put(post(&format!("s{n}"), text("一"))).await;
    }
    let (first, seen) = store.queued(0, 3).await.unwrap();
    let (second, seen) = store.queued(seen, 3).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert_eq!(store.queued(seen, 3).await.unwrap(), (vec![], seen));
    store.put(post("s0", text("二"))).await;
    let (third, _) = store.queued(seen, 3).await.unwrap();
    assert_eq!(third.iter().map(|queued| queued.id).collect::<Vec<_>>(), [first[0].id]);
    let order = [second[1].id, first[0].id, second[0].id];
    let claimed = store.claim(&order, NOW).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.id).collect::<Vec<_>>(), order);
}

#[tokio::test]
async fn what_was_claimed_before_a_crash_is_sent_again() {
    let store = fresh().await;
    for n in 0..3 {
        store.put(post(&format!("s{n}"), text("一"))).await;
    }
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    let after = SqlStore::open(&store.url, &SqlOptions::default()).await.unwrap();
    assert_eq!(after.queued(0, 9).await.unwrap().0, []);
    assert_eq!(after.unclaim().await.unwrap(), 2);
    let mut pages = Vec::new();
    let mut seen = 0;
    for _ in 0..2 {
        let (page, last) = after.queued(seen, 1).await.unwrap();
        seen = last;
        pages.extend(page.into_iter().map(|queued| queued.id));
    }
    assert_eq!(pages, [claimed[1].id, claimed[2].id]);
    store.settle_one(&claimed[1], Fate::Sent(Some(MessageId(2)))).await;
    assert_eq!(store.queue().await.len(), 2, "a settlement from before the crash counts for nothing");
}

#[tokio::test]
async fn the_first_arrival_of_a_call_is_kept() {
    let store = fresh().await;
    let raised = Alarm {
        id: AlarmId(1),
        version: 1,
        lead: LeadId(1),
        drill: false,
        ring: 1,
        raised_by: None,
        raised_at: NOW,
        stood_down_at: None,
        stood_down_by: None,
    };
    let card = |chat: i64, html: &str| Post {
        chat: ChatId(chat),
        lane: Lane::Alarm,
        call: Some((AlarmId(1), "P1".into())),
        ..post("alarm:1:card", text(html))
    };
    store
        .done(Changes {
            new_leads: vec![lead(1)],
            new_alarms: vec![raised.clone()],
            calls: vec![call(1, "P1", 10.0), call(1, "P2", 20.0)],
            posts: vec![card(5, "一"), card(6, "一")],
            ..Changes::default()
        })
        .await;
    let claimed = store.claim_all().await;
    assert_eq!(claimed[0].post.call, Some((AlarmId(1), "P1".into())));
    let settle = |index: usize, fate| Settlement { id: claimed[index].id, version: claimed[index].version, fate };
    store.settle(&[settle(0, Fate::Failed("blocked".into()))], NOW.plus_ms(1)).await.unwrap();
    assert_eq!(store.file(1).await.alarm.unwrap().calls[0].delivered_at, None);
    store.settle(&[settle(1, Fate::Sent(Some(MessageId(1))))], NOW.plus_ms(2)).await.unwrap();

    // The flow had read the call before it arrived.
    let answered = Call { acknowledged_at: Some(NOW), answered_by: Some(UserId(9)), ..call(1, "P1", 10.0) };
    let stood_down = Alarm { version: 2, ring: 2, stood_down_at: Some(NOW), stood_down_by: Some(UserId(8)), ..raised };
    store
        .done(Changes {
            calls: vec![answered.clone()],
            alarms: vec![stood_down.clone()],
            posts: vec![card(6, "二")],
            ..Changes::default()
        })
        .await;
    store.send_all(0).await;
    let alarm = store.file(1).await.alarm.unwrap();
    assert_eq!(alarm.alarm, stood_down);
    assert_eq!(alarm.calls[0], Call { delivered_at: Some(NOW.plus_ms(2)), ..answered });
    assert_eq!(alarm.calls[1].delivered_at, None);
    let told = store.calls_between(NOW, NOW.plus_ms(1)).await.unwrap();
    assert_eq!(told.iter().map(|(_, call)| call.point.as_str()).collect::<Vec<_>>(), ["P1", "P2"]);
    assert_eq!(store.calls_between(NOW.plus_ms(1), NOW.plus_ms(9)).await.unwrap(), []);
    let stale = Alarm { version: 2, ..stood_down };
    assert_eq!(store.apply_one(Changes { alarms: vec![stale], ..Changes::default() }).await, Applied::Conflict);
}

#[tokio::test]
async fn a_photo_goes_under_its_card() {
    let store = fresh().await;
    let photo = Content::Media {
        kind: MediaKind::Photo,
        file_id: "F".into(),
        caption: String::new(),
        under: Some("card".into()),
    };
    store.put(post("card", text("一"))).await;
    store.send_all(44).await;
    store.put(post("photo", photo)).await;
    assert_eq!(store.claim_all().await[0].under, Some(MessageId(44)));
}

#[tokio::test]
async fn what_was_sent_lately_is_told_after_a_restart() {
    let store = fresh().await;
    store.put(post("a", text("一"))).await;
    store.send_all(1).await;
    assert_eq!(store.sent_since(NOW).await.unwrap(), [(GROUP, NOW)]);
    assert_eq!(store.sent_since(NOW.plus_ms(1)).await.unwrap(), []);
}

// ───────────────────────────── town, desk ─────────────────────────────

fn group(chat: ChatId, name: &str) -> Group {
    Group {
        chat,
        kind: GroupKind::Liaison,
        name: name.into(),
        area: Some(Wgs84 { lat: 23.0, lon: 113.0 }),
        pin_datum: Datum::Gcj02,
        language: Language::En,
    }
}

#[tokio::test]
async fn the_config_seeds_and_the_database_wins() {
    let store = fresh().await;
    let version = store.town_version().await.unwrap();
    store.seed(&[group(GROUP, "一")], &[member(1, &[Role::Police]), member(2, &[])]).await.unwrap();
    store.done(Changes { groups: vec![Group { area: None, ..group(GROUP, "二") }], ..Changes::default() }).await;
    store.done(Changes { members: vec![member(3, &[Role::Admin]), member(4, &[])], ..Changes::default() }).await;
    let seen = store.town_version().await.unwrap();
    store.done(Changes { members: vec![member(4, &[])], ..Changes::default() }).await;
    assert_eq!(store.town_version().await.unwrap(), seen, "not staff: nothing to read again");
    store.done(Changes { members: vec![member(3, &[])], ..Changes::default() }).await;
    assert!(store.town_version().await.unwrap() > seen, "no longer staff");
    store.seed(&[group(GROUP, "三"), group(DESK, "四")], &[member(1, &[])]).await.unwrap();
    let town = store.town().await.unwrap();
    assert!(town.version > version && town.version == store.town_version().await.unwrap());
    assert_eq!(town.groups, [group(DESK, "四"), Group { area: None, ..group(GROUP, "二") }]);
    assert_eq!(town.staff, [member(1, &[Role::Police])]);
}

#[tokio::test]
async fn imports_replace_what_they_name() {
    let store = fresh().await;
    let place = |code: &str, name: &str, kind: &str| Place {
        code: code.into(),
        name: name.into(),
        aliases: vec!["别名".into()],
        kind: kind.into(),
        at: Wgs84 { lat: 23.1, lon: 113.1 },
        datum: Datum::Bd09,
    };
    let point = Point {
        code: "P1".into(),
        name: "旧".into(),
        at: Wgs84 { lat: 1.0, lon: 2.0 },
        radius_m: 150.0,
        contacts: vec![UserId(1), UserId(2)],
    };
    store.import_points(std::slice::from_ref(&point)).await.unwrap();
    store.import_gazetteer(&[place("", "丢", "road")]).await.unwrap();
    let entries = [place("", "路", "road"), place("P1", "一", "liaison_point"), place("P2", "二", "liaison_point")];
    store.import_gazetteer(&entries).await.unwrap();
    let town = store.town().await.unwrap();
    assert_eq!(town.gazetteer, entries);
    let at = Wgs84 { lat: 23.1, lon: 113.1 };
    assert_eq!(town.points[0], Point { name: "一".into(), at, ..point }, "its people and radius stay");
    assert_eq!((town.points[1].code.as_str(), town.points[1].radius_m), ("P2", 100.0));

    let known = Member { language: Some(Language::En), told_at: Some(NOW), ..member(5, &[]) };
    store.done(Changes { members: vec![known.clone()], ..Changes::default() }).await;
    let filed = Member { name: "新".into(), code: "X".into(), first_seen: Millis(0), ..member(5, &[Role::Office]) };
    store.import_members(&[filed, member(6, &[])]).await.unwrap();
    let facts = store.ask(Ask { user: Some(UserId(5)), ..Ask::default() }).await;
    assert_eq!(facts.member.unwrap(), Member { name: "新".into(), roles: vec![Role::Office], ..known });
}

#[tokio::test]
async fn the_queue_card_shows_urgent_then_oldest() {
    let store = fresh().await;
    let mut leads: Vec<_> = (1..=12).map(|id| Lead { urgent: id % 4 == 0, ..lead(id) }).collect();
    leads[0].state = LeadState::Claimed;
    leads[1].state = LeadState::Verified;
    store.done(Changes { new_leads: leads, ..Changes::default() }).await;
    let view = store.queue_view().await.unwrap();
    assert_eq!((view.new, view.claimed, view.urgent), (10, 1, 3));
    let next: Vec<_> = view.next.iter().map(|lead| lead.id.0).collect();
    assert_eq!(next, [4, 8, 12, 3, 5, 6, 7, 9]);
}

#[tokio::test]
async fn leads_of_a_period_come_page_by_page_in_received_order() {
    let store = fresh().await;
    let received = [(1, 30), (2, 10), (3, 10), (4, 20), (5, 40), (6, 5)];
    let leads = received.map(|(id, at)| Lead { received_at: NOW.plus_ms(at), ..lead(id) });
    store.done(Changes { new_leads: leads.to_vec(), ..Changes::default() }).await;
    let mut all = Vec::new();
    let mut after = LeadId(0);
    loop {
        let page = store.leads_between(NOW.plus_ms(10), NOW.plus_ms(40), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        all.extend(page.iter().map(|lead| lead.id.0));
    }
    assert_eq!(all, [2, 3, 4, 1]);
}

#[tokio::test]
async fn a_secret_is_made_once_and_looks_are_on_record() {
    let store = fresh().await;
    assert_eq!(store.secret("export", "a").await.unwrap(), "a");
    assert_eq!(store.secret("export", "b").await.unwrap(), "a");
    let access = Access { at: NOW, who: "cli".into(), what: "names".into(), detail: "2026-11".into() };
    store.record_access(&access).await.unwrap();
    store.done(Changes { access: vec![access], ..Changes::default() }).await;
    assert_eq!(table(&store, "access_log").await.len(), 2);
}

#[tokio::test]
async fn a_group_is_followed_to_its_new_id() {
    let store = fresh().await;
    let new = ChatId(-1_000_200);
    let loose = Attachment {
        chat: GROUP,
        message: MessageId(60),
        sender: Some(UserId(7)),
        sent_at: NOW,
        lead: None,
        evidence: Evidence::Media { kind: MediaKind::Photo, file_id: "F".into() },
    };
    store
        .done(Changes {
            new_leads: vec![lead(1)],
            groups: vec![group(GROUP, "一")],
            attachments: vec![loose],
            timers: vec![Timer {
                key: "t".into(),
                due: NOW,
                chat: GROUP,
                kind: TimerKind::Stage { alarm: AlarmId(1), stage: 0 },
            }],
            posts: vec![post("sent", text("一"))],
            ..Changes::default()
        })
        .await;
    store.send_all(70).await;
    store.put(post("sent", text("二"))).await;
    store.put(post("queued", text("一"))).await;
    let version = store.town_version().await.unwrap();
    let waiting = store.event(GROUP).await;
    // Both of the platform's messages about it come in.
    for _ in 0..2 {
        store.done(Changes { moves: vec![(GROUP, new)], groups: vec![group(new, "一")], ..Changes::default() }).await;
    }
    let town = store.town().await.unwrap();
    assert_eq!(town.groups, [group(new, "一")]);
    assert!(town.version > version);
    assert_eq!(store.file(1).await.lead.chat, new);
    let facts = store
        .load(&[
            Ask { newest_tip: Some((new, UserId(7), NOW)), loose: Some((new, UserId(7), NOW)), ..Ask::default() },
            Ask { tip_at: Some((new, MessageId(1001))), ..Ask::default() },
        ])
        .await
        .unwrap();
    assert_eq!((facts[0].newest_tip.is_some(), facts[0].loose.len()), (true, 1));
    assert_eq!(facts[1].tip_at, None, "message ids are counted anew there");
    let claimed = store.claim_all().await;
    assert_eq!(claimed.len(), 2);
    assert!(claimed.iter().all(|claimed| claimed.post.chat == new && claimed.message.is_none()));
    store.ring_timers(NOW).await.unwrap();
    let events = store.take(9, NOW).await.unwrap();
    assert!(events.iter().any(|event| event.seq == waiting));
    assert!(events.iter().all(|event| event.chat == new));
}

// ───────────────────────────── scrub, retention ─────────────────────────────

/// Every row of a table as text.
async fn table(store: &Fresh, name: &str) -> Vec<String> {
    let Some(path) = store.url.strip_prefix("sqlite://") else {
        let mut database = sqlx::PgConnection::connect(&store.url).await.unwrap();
        let sql = format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {name} AS t");
        let rows = database.fetch_all(sqlx::AssertSqlSafe(sql)).await.unwrap();
        return rows.iter().map(|row| row.get(0)).collect();
    };
    let mut database = SqliteConnection::connect(path).await.unwrap();
    let columns =
        database.fetch_all(sqlx::AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{name}')"))).await;
    let columns: Vec<String> =
        columns.unwrap().iter().map(|row| format!("quote({})", row.get::<String, _>(0))).collect();
    let sql = format!("SELECT {} FROM {name}", columns.join(" || '|' || "));
    database.fetch_all(sqlx::AssertSqlSafe(sql)).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Where a text stands in the database, table by table.
async fn stands(store: &Fresh, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in [
        "counter",
        "inbox",
        "timer",
        "lead",
        "lead_event",
        "attachment",
        "alarm",
        "call",
        "transfer",
        "outbox",
        "member",
        "chat_group",
        "liaison_point",
        "place",
        "invite",
        "access_log",
        "secret",
    ] {
        found.extend(
            table(store, name).await.into_iter().filter(|row| row.contains(marker)).map(|row| format!("{name}: {row}")),
        );
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

#[tokio::test]
async fn out_of_scope_leaves_no_copy() {
    let store = fresh().await;
    marked_lead(&store).await;
    assert!(stands(&store, MARKER).await.len() >= 12, "the test must have something to find");
    let on_its_way = table(&store, "outbox").await.iter().filter(|row| row.contains("sending")).count();
    assert_eq!(on_its_way, 1);

    let press = store.update(DESK, &format!("{{\"callback_query\":\"{MARKER}\"}}")).await;
    let mut scrubbed = Lead { version: 3, state: LeadState::OutOfScope, ..store.file(1).await.lead };
    scrubbed.scrub();
    let before = LeadEvent {
        lead: LeadId(1),
        version: 3,
        at: NOW,
        by: None,
        action: "out_of_scope".into(),
        before: Some(MARKER.into()),
    };
    let gone = |subject: &str, chat| Post { chat, lead: Some(LeadId(1)), ..post(subject, Content::Gone) };
    let changes = Changes {
        leads: vec![scrubbed],
        lead_events: vec![before],
        scrub: vec![LeadId(1)],
        posts: vec![
            gone("lead:1:receipt", GROUP),
            gone("lead:1:card", DESK),
            gone("lead:1:new", DESK),
            gone("lead:1:way", DESK),
        ],
        ..Changes::default()
    };
    let neighbour = store.event(GROUP).await;
    let steps = [
        Step { event: press, changes },
        Step { event: neighbour, changes: Changes { new_leads: vec![lead(2)], ..Changes::default() } },
    ];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), vec![Applied::Done; 2]);

    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
    let file = store.file(1).await;
    assert_eq!((file.lead.state, file.lead.description.as_str(), file.lead.scene), (LeadState::OutOfScope, "", None));
    assert_eq!(file.history.len(), 3);

    let gone = store.send_all(0).await;
    let taken: Vec<_> = gone.iter().map(|claimed| (&claimed.post.content, claimed.message.unwrap().0)).collect();
    assert_eq!(
        taken,
        [(&Content::Gone, 300), (&Content::Gone, 400)],
        "what stands is taken away, what waited is not sent"
    );
    // The one on its way arrives after all.
    let id = table_id(&store, "lead:1:way").await;
    store.settle(&[Settlement { id, version: 1, fate: Fate::Sent(Some(MessageId(401))) }], NOW).await.unwrap();
    assert_eq!(store.send_all(0).await[0].message, Some(MessageId(401)));
    assert_eq!(store.file(1).await.posts, []);
}

async fn table_id(store: &Fresh, subject: &str) -> baiying::domain::id::OutboxId {
    let sql = format!("SELECT id FROM outbox WHERE subject = '{subject}'");
    let id = match store.url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut database = SqliteConnection::connect(path).await.unwrap();
            database.fetch_one(sqlx::AssertSqlSafe(sql)).await.unwrap().get::<i64, _>(0)
        }
        None => {
            let mut database = sqlx::PgConnection::connect(&store.url).await.unwrap();
            database.fetch_one(sqlx::AssertSqlSafe(sql)).await.unwrap().get::<i64, _>(0)
        }
    };
    baiying::domain::id::OutboxId(id)
}

#[tokio::test]
async fn retention_takes_away_what_it_counts_and_no_more() {
    let store = fresh().await;
    marked_lead(&store).await;
    store.send_all(500).await;
    let decided = Lead {
        version: 3,
        state: LeadState::Unfounded,
        decided_at: Some(NOW.plus_ms(5 * DAY)),
        ..store.file(1).await.lead
    };
    store.done(Changes { leads: vec![decided], new_leads: vec![lead(2)], ..Changes::default() }).await;
    let rules = Retention {
        raw_days: 10,
        lead_days: vec![(LeadState::Unfounded, 30), (LeadState::Resolved, 1)],
        outbox_days: 20,
    };
    let days = |days: i64| NOW.plus_ms(days * DAY + 1);
    let raw = table(&store, "inbox").await.len() as i64;
    let waiting = store.event(GROUP).await;

    for (day, expected) in [
        (9, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 0 }),
        (34, Retained { raw, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 3 }),
        (35, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 1), (LeadState::Resolved, 0)], outbox: 0 }),
        (99, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 0 }),
    ] {
        assert_eq!(store.retain(&rules, days(day), true).await.unwrap(), expected, "dry run, day {day}");
        assert_eq!(store.retain(&rules, days(day), true).await.unwrap(), expected, "a dry run changes nothing");
        assert_eq!(store.retain(&rules, days(day), false).await.unwrap(), expected, "day {day}");
    }
    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
    assert_eq!(store.take(9, NOW).await.unwrap()[0].seq, waiting, "what waits stays");
    let file = store.file(1).await;
    assert_eq!((file.lead.state, file.lead.version, file.lead.reporter), (LeadState::Unfounded, 4, None));
    assert_eq!(store.file(2).await.lead, lead(2));
}

// ───────────────────────────── the file ─────────────────────────────

#[tokio::test]
async fn one_server_at_a_time_and_others_beside_it() {
    let store = fresh().await;
    let lock = store.serve_lock().await.unwrap();
    let other = SqlStore::open(&store.url, &SqlOptions::default()).await.unwrap();
    assert!(matches!(other.serve_lock().await, Err(StoreError::Taken)));
    other.import_points(&[]).await.unwrap();
    store.event(GROUP).await;
    assert_eq!(other.take(9, NOW).await.unwrap().len(), 1);
    drop(lock);
    other.serve_lock().await.unwrap();
}

#[tokio::test]
async fn processes_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let opened = (0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { SqlStore::open(&url, &SqlOptions::default()).await.map(drop) })
    });
    for opened in opened.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_wrong_url_is_told() {
    for url in ["mysql://x", "sqlite://", "file.db"] {
        assert!(matches!(SqlStore::open(url, &SqlOptions::default()).await, Err(StoreError::Other(_))), "{url}");
    }
}
