//! What two replicas may do at the same time, at the store's own port.

use super::proxy::{Line, Proxy};
use crate::database::Database;
use crate::database::server::Server;
use baiying::adapter::sql::{Change, Seat, SqlOptions, SqlStore};
use baiying::domain::group::{Group, GroupKind};
use baiying::domain::id::{AlarmId, ChatId, MessageId, Millis};
use baiying::domain::member::Language;
use baiying::domain::place::Datum;
use baiying::port::store::*;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const NOW: Millis = Millis(1_795_000_000_000);
/// What comes by itself, comes within this.
const SOON: Duration = Duration::from_secs(20);
/// A seat that was lost is taken within this.
const TAKEOVER: Duration = Duration::from_secs(10);

struct Two {
    one: SqlStore,
    other: SqlStore,
    server: &'static Server,
    database: Database,
}

/// Two replicas; none without PostgreSQL.
async fn two() -> Option<Two> {
    let server = Server::find()?;
    let database = Database::on(server).await;
    let open =
        async || SqlStore::open(&database.url, &SqlOptions { readers: 1, ..SqlOptions::default() }).await.unwrap();
    Some(Two { one: open().await, other: open().await, server, database })
}

fn updates(chats: impl IntoIterator<Item = i64>) -> Vec<RawUpdate> {
    let update = |(n, chat)| RawUpdate { update_id: n as i64 + 1, chat: ChatId(chat), json: "{}".into(), press: false };
    chats.into_iter().enumerate().map(update).collect()
}

fn chats(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.chat.0).collect()
}

fn post(subject: &str) -> Changes {
    let content = Content::Text { html: subject.into(), keyboard: Vec::new(), reply_to: None, silent: false };
    let post = Post {
        chat: ChatId(-1),
        thread: None,
        subject: subject.into(),
        lane: Lane::Reply,
        content,
        lead: None,
        call: None,
    };
    Changes { posts: vec![post], ..Changes::default() }
}

impl Two {
    /// Has a replica put a message in the outbox.
    async fn put(&self, store: &SqlStore, subject: &str) {
        let number = subject.bytes().map(i64::from).sum::<i64>() + 1_000;
        let update = RawUpdate { update_id: number, chat: ChatId(number), json: "{}".into(), press: false };
        assert_eq!(store.receive(&[update], NOW).await.unwrap(), 1);
        let event = store.take(99, NOW).await.unwrap().iter().find(|event| event.chat.0 == number).unwrap().seq;
        assert_eq!(store.apply(&[Step { event, changes: post(subject) }], NOW).await.unwrap(), [Applied::Done]);
        store.let_go().await.unwrap();
    }

    /// Ends the sessions of this name, as a server does that loses them.
    async fn end_sessions(&self, name: &str) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{name}' AND datname = current_database()"
        );
        self.database.link().await.run(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_chat_is_one_replicas_at_a_time_and_keeps_its_order() {
    let Some(two) = two().await else { return };
    let (one, other) = (&two.one, &two.other);
    one.receive(&updates([1, 2, 1, 3, 2, 1]), NOW).await.unwrap();
    assert_eq!(chats(&one.take(3, NOW).await.unwrap()), [1, 2, 1]);
    assert_eq!(one.replicas(), Some(1), "the other has not had a turn yet");
    assert_eq!(chats(&other.take(9, NOW).await.unwrap()), [3], "the others' chats are passed over");
    let more = updates([1, 2, 1, 3, 2, 1, 3, 4, 1]);
    assert_eq!(other.receive(&more[6..], NOW).await.unwrap(), 3);
    assert_eq!(chats(&other.take(9, NOW).await.unwrap()), [3, 3, 4], "a new turn is all that is free");
    one.let_go().await.unwrap();
    assert_eq!(chats(&one.take(9, NOW).await.unwrap()), [1, 2, 1, 2, 1, 1], "all of a chat, in its order");
    other.let_go().await.unwrap();
    one.let_go().await.unwrap();
    let all = other.take(99, NOW).await.unwrap();
    assert!(all.is_sorted_by_key(|event| event.seq));
    assert_eq!(all.len(), 9);
    assert_eq!(other.replicas(), Some(2));
}

#[tokio::test]
async fn a_replica_that_dies_lets_go_and_what_it_did_is_not_done_again() {
    let Some(two) = two().await else { return };
    let (one, other) = (&two.one, &two.other);
    one.receive(&updates([1, 1]), NOW).await.unwrap();
    let taken = one.take(9, NOW).await.unwrap();
    assert_eq!(other.take(9, NOW).await.unwrap(), []);
    two.end_sessions("baiying turn").await;
    // It does not know yet that its turn is over, and goes on; the other has the same events.
    let again = timeout(SOON, async {
        loop {
            match other.take(9, NOW).await {
                Ok(events) if !events.is_empty() => return events,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
    assert_eq!(again.await.unwrap(), taken);
    let steps: Vec<Step> = taken.iter().map(|event| Step { event: event.seq, changes: post("x") }).collect();
    assert_eq!(one.apply(&steps[..1], NOW).await.unwrap(), [Applied::Done]);
    assert_eq!(other.apply(&steps, NOW).await.unwrap(), [Applied::Over, Applied::Done]);
    assert!(one.hold(&[7]).await.is_err(), "the lost session is noticed: nothing is held on it any more");
    assert_eq!(one.hold(&[7]).await.unwrap(), [true], "on a new one");
    assert_eq!(other.hold(&[7]).await.unwrap(), [false], "which holds");
    one.let_go().await.unwrap();
    other.let_go().await.unwrap();
    assert_eq!(one.take(9, NOW).await.unwrap(), [], "a new session, and nothing left");
}

#[tokio::test]
async fn keys_are_one_replicas_and_who_must_be_alone_waits_for_the_others() {
    let Some(two) = two().await else { return };
    let (one, other) = (&two.one, &two.other);
    one.receive(&updates([1, 2]), NOW).await.unwrap();
    assert_eq!(one.take(1, NOW).await.unwrap().len(), 1);
    assert_eq!(other.take(9, NOW).await.unwrap().len(), 1);
    assert_eq!(one.hold(&[7, 8]).await.unwrap(), [true, true]);
    assert_eq!(other.hold(&[9, 8, 7]).await.unwrap(), [true, false, false]);
    one.let_go().await.unwrap();
    assert_eq!(other.hold(&[8]).await.unwrap(), [true]);

    assert_eq!(one.take(9, NOW).await.unwrap().len(), 1);
    let alone = {
        let other = other.clone();
        tokio::spawn(async move { other.alone(true).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!alone.is_finished(), "the other is in its turn");
    one.let_go().await.unwrap();
    timeout(SOON, alone).await.unwrap().unwrap().unwrap();
    let next = {
        let one = one.clone();
        tokio::spawn(async move { one.take(9, NOW).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!next.is_finished(), "nobody begins while one is alone");
    other.let_go().await.unwrap();
    assert_eq!(timeout(SOON, next).await.unwrap().unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_timer_fires_once_whoever_looks() {
    let Some(two) = two().await else { return };
    let (one, other) = (&two.one, &two.other);
    one.receive(&updates([1]), NOW).await.unwrap();
    let timer = |n: usize| Timer {
        key: format!("alarm:{n}:stage:0"),
        due: NOW,
        chat: ChatId(-5),
        kind: TimerKind::Stage { alarm: AlarmId(n as i64), stage: 0 },
    };
    let event = one.take(9, NOW).await.unwrap()[0].seq;
    let changes = Changes { timers: (0..700).map(timer).collect(), ..Changes::default() };
    one.apply(&[Step { event, changes }], NOW).await.unwrap();
    one.let_go().await.unwrap();
    let (first, second) = tokio::join!(one.ring_timers(NOW), other.ring_timers(NOW));
    assert!(first.is_ok() && second.is_ok());
    // Who came second left what the first had under way.
    one.ring_timers(NOW).await.unwrap();
    let mut rung: Vec<String> = one.take(9_999, NOW).await.unwrap().into_iter().map(|event| event.payload).collect();
    assert_eq!(rung.len(), 700);
    rung.sort();
    rung.dedup();
    assert_eq!(rung.len(), 700);
}

#[tokio::test]
async fn a_deposed_sender_claims_nothing_and_its_successor_finds_what_it_had() {
    let Some(two) = two().await else { return };
    let (one, other) = (&two.one, &two.other);
    for subject in ["a", "b", "c"] {
        two.put(one, subject).await;
    }
    let (first, none) = one.begin_sending().await.unwrap();
    let ids: Vec<_> = one.queued(0, 9).await.unwrap().0.iter().map(|queued| queued.id).collect();
    let had = one.claim(&ids[..2], first).await.unwrap();
    let (second, again) = other.begin_sending().await.unwrap();
    assert!(second > first);
    assert_eq!((none, again), (0, 2));
    assert_eq!(one.claim(&ids, first).await.unwrap(), [], "its term is over");
    assert_eq!(other.claim(&ids, second).await.unwrap().len(), 3);
    // What the first had is the second's now: its word does not count any more.
    let fate = Fate::Sent(Some(MessageId(5)));
    one.settle(&[Settlement { id: had[0].id, version: had[0].version, chat: had[0].post.chat, fate }], first, NOW)
        .await
        .unwrap();
    let sent = |message| Fate::Sent(Some(MessageId(message)));
    let all: Vec<_> = had
        .iter()
        .map(|claimed| Settlement { id: claimed.id, version: claimed.version, chat: claimed.post.chat, fate: sent(9) })
        .collect();
    other.settle(&all, second, NOW).await.unwrap();
    let stands = two.database.link().await.number("SELECT count(*) FROM outbox WHERE message = 9").await;
    assert_eq!(stands, 2, "the second's word counts");
}

#[tokio::test]
async fn a_claim_that_crosses_with_a_new_term_is_found_by_it_or_gets_nothing() {
    let Some(two) = two().await else { return };
    let mut term = two.one.begin_sending().await.unwrap().0;
    for round in 0..20 {
        two.put(&two.one, &format!("m{round}")).await;
        let ids: Vec<_> = two.one.queued(0, 99).await.unwrap().0.iter().map(|queued| queued.id).collect();
        let (claimed, begun) = tokio::join!(two.one.claim(&ids, term), two.other.begin_sending());
        let (claimed, (next, again)) = (claimed.unwrap().len(), begun.unwrap());
        assert_eq!(claimed, again, "what was claimed is put back, all of it");
        assert_eq!(two.one.queued(0, 99).await.unwrap().0.len(), ids.len());
        term = next;
    }
}

#[tokio::test]
async fn replicas_are_told_of_what_changes() {
    let Some(two) = two().await else { return };
    let mut word = two.other.listen().await.unwrap();
    let group = Group {
        chat: ChatId(-7),
        kind: GroupKind::Liaison,
        name: "新群".into(),
        area: None,
        pin_datum: Datum::Wgs84,
        language: Language::Zh,
    };
    two.one.seed(&[group], &[]).await.unwrap();
    assert_eq!(timeout(SOON, word.next()).await.unwrap().unwrap(), Change::Town);
    two.put(&two.one, "said").await;
    assert_eq!(timeout(SOON, word.next()).await.unwrap().unwrap(), Change::Outbox);
    let _tenure = two.one.take_seat(Seat::Sending).await.unwrap().unwrap();
    two.one.begin_sending().await.unwrap();
    two.put(&two.one, "to itself").await;
    two.one.import_points(&[]).await.unwrap();
    assert_eq!(
        timeout(SOON, word.next()).await.unwrap().unwrap(),
        Change::Town,
        "a sender need not be told what it put"
    );
}

#[tokio::test]
async fn numbers_and_tables_are_given_out_once() {
    let Some(server) = Server::find() else { return };
    let database = Database::on(server).await;
    let mut link = database.link().await;
    link.run("DROP SCHEMA public CASCADE").await.unwrap();
    link.run("CREATE SCHEMA public").await.unwrap();
    let options = SqlOptions { readers: 1, ..SqlOptions::default() };
    let opened = (0..4).map(|_| {
        let (url, options) = (database.url.clone(), options.clone());
        tokio::spawn(async move { SqlStore::open(&url, &options).await })
    });
    let mut taken = Vec::new();
    for store in opened.collect::<Vec<_>>() {
        let store = store.await.unwrap().expect("replicas that start at once");
        let asked = (0..20).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.reserve_leads(3).await.unwrap().0 })
        });
        for first in asked.collect::<Vec<_>>() {
            taken.push(first.await.unwrap());
        }
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..80).map(|n| 1 + 3 * n).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_seat_is_one_replicas_and_free_when_it_is_left_or_dropped() {
    let Some(two) = two().await else { return };
    for seat in [Seat::Polling, Seat::Sending] {
        let tenure = two.one.take_seat(seat).await.unwrap().unwrap();
        assert!(two.other.take_seat(seat).await.unwrap().is_none());
        tenure.leave().await;
        let tenure = two.other.take_seat(seat).await.unwrap().unwrap();
        drop(tenure);
        let free = async { while two.one.take_seat(seat).await.unwrap().is_none() {} };
        timeout(SOON, free).await.unwrap();
    }
}

/// However it is lost, its holder knows before somebody else has it, and somebody else has it in time.
#[tokio::test]
async fn a_lost_seat_is_noticed_first_and_taken_in_time() {
    let Some(two) = two().await else { return };
    let port = reqwest::Url::parse(&two.server.url).unwrap().port().unwrap_or(5432);
    for trouble in [Line::Cut, Line::Stalled] {
        let proxy = Proxy::start(port).await;
        let mut url = reqwest::Url::parse(&two.database.url).unwrap();
        url.set_port(Some(proxy.port)).unwrap();
        let far = SqlStore::open(url.as_str(), &SqlOptions::default()).await.unwrap();
        let mut tenure = far.take_seat(Seat::Sending).await.unwrap().unwrap();
        assert!(timeout(Duration::from_secs(3), tenure.lost()).await.is_err(), "it is had while the line holds");
        proxy.set(trouble);
        let start = Instant::now();
        let noticed = async {
            tenure.lost().await;
            start.elapsed()
        };
        let taken = async {
            loop {
                if let Some(tenure) = two.other.take_seat(Seat::Sending).await.unwrap() {
                    return (start.elapsed(), tenure);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let (noticed, (taken, tenure)) = timeout(SOON, async { tokio::join!(noticed, taken) }).await.unwrap();
        // A cut line is known to both ends at once; a silent one to the holder first.
        assert!(
            trouble == Line::Cut || noticed < taken,
            "{trouble:?}: noticed after {noticed:?}, taken after {taken:?}"
        );
        assert!(taken < TAKEOVER, "{trouble:?}: taken after {taken:?}");
        println!("{trouble:?}: noticed after {noticed:?}, taken after {taken:?}");
        tenure.leave().await;
    }
}
