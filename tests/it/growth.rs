//! Daily work reads no more of the database when the town's history is ten times as long.
//!
//! Counted in pages, not in time: on SQLite what the process reads of the file, with next to no cache; on PostgreSQL the
//! blocks that each statement touches, as `auto_explain` tells. In a process of its own, because both counts are the process's.

use crate::database::{Database, Link};
use crate::plan::{Heard, alone};
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::app::load::growth::past::{ACTIVE, LAST_MONTH, MONTH_MS, Size, Town, reporter};
use baiying::config::Config;
use baiying::domain::id::{LeadId, MessageId, Millis};
use baiying::domain::lead::LeadState;
use baiying::port::store::*;

const NOW: Millis = Millis(1_795_000_000_000);
/// Pages are of so many bytes on SQLite.
const PAGE: u64 = 4096;

#[test]
fn daily_work_reads_no_more_when_the_history_is_ten_times_as_long() {
    // A small table is read whole at a page for many rows, a large one by index at a page for each: both by index.
    let by_index = ["enable_seqscan=off", "enable_bitmapscan=off"];
    let counted = ["auto_explain.log_analyze=on", "auto_explain.log_buffers=on"];
    alone("growth::two_towns", &[by_index, counted].concat());
}

#[tokio::test]
#[ignore = "run by daily_work_reads_no_more_when_the_history_is_ten_times_as_long"]
async fn two_towns() {
    let heard = Heard::default();
    tracing::subscriber::set_global_default(heard.clone()).unwrap();
    let small = town(LAST_MONTH, &heard).await;
    let large = town(10 * LAST_MONTH, &heard).await;
    let mut told = String::new();
    let mut grown = false;
    for ((what, before), (_, after)) in small.into_iter().zip(large) {
        // A tree with ten times the entries is a level higher, and the ten entries of a statement lie on a page each.
        let most = before + before / 2 + 20;
        grown |= after > most;
        told += &format!("{what}: {before} pages, then {after}{}\n", if after > most { ": TOO MANY" } else { "" });
    }
    assert!(!grown, "{told}");
}

/// What is read so far: pages of the file, or blocks of the server.
async fn pages(heard: &Heard, on_server: bool) -> u64 {
    if !on_server {
        let io = std::fs::read_to_string("/proc/self/io").unwrap();
        return io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse::<u64>().unwrap() / PAGE;
    }
    let count = |told: &String| {
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        let blocks = |key: &str| told["Plan"][key].as_u64().unwrap();
        blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
    };
    heard.plans().iter().map(count).sum()
}

/// Fills a town and does a day's work in it; tells how many pages each piece of work read.
async fn town(leads: usize, heard: &Heard) -> Vec<(&'static str, u64)> {
    let database = Database::fresh().await;
    let filled = Town { size: Size { leads, points: 100, members: 2_000, groups: 20 }, now: NOW };
    let rules = Config::default();
    let store = SqlStore::open(&database.url, &SqlOptions::default()).await.unwrap();
    store.seed(&filled.groups(), &[]).await.unwrap();
    store.import_members(&filled.members()).await.unwrap();
    for start in (0..leads).step_by(2_000) {
        store.fill(&filled.past(start..(start + 2_000).min(leads), &rules)).await.unwrap();
    }
    store.end_filling().await.unwrap();
    store.close().await;
    let on_server = matches!(database.link().await, Link::Pg(_));
    heard.forget();

    let little = SqlOptions { readers: 1, cache_kib: 64, ..SqlOptions::default() };
    let store = SqlStore::open(&database.url, &little).await.unwrap();
    let from = NOW.plus_ms(-MONTH_MS);
    let mut counts = Vec::new();
    let mut before = 0;
    macro_rules! count {
        ($what:literal, $work:expr) => {{
            // Once to warm up: statements are prepared, the schema is read.
            let _ = $work;
            before = pages(heard, on_server).await.max(before);
            let done = $work;
            let after = pages(heard, on_server).await;
            counts.push(($what, after - before));
            done
        }};
    }
    let ask = |ask: Ask| [ask];
    count!("the desk's queue", store.queue_view().await.unwrap());
    count!("counters", store.gauges().await.unwrap());
    count!("the month's leads", store.leads_between(from, NOW, LeadId(0), 2_000).await.unwrap());
    let tallies = count!("the month's points", store.tallies(from, NOW).await.unwrap());
    assert!(tallies.len() > ACTIVE / 2, "{} people have points", tallies.len());
    count!("points of all", store.held_before(from).await.unwrap());
    count!("the month's calls", store.alarms_between(from, NOW).await.unwrap());
    let statement = ask(Ask { statement: Some(reporter(3)), ..Ask::default() });
    let facts = count!("a statement", store.load(&statement).await.unwrap());
    assert!(facts[0].statement.balance > 0 && !facts[0].statement.entries.is_empty());
    let lead = LeadId(leads as i64 - 5);
    let file = ask(Ask {
        lead: Some(lead),
        // A group's budget, where a rule book has one, is summed over the month's entries.
        earned_since: Some(Since { day: from, month: from, groups: false }),
        ..Ask::default()
    });
    count!("a lead with all that hangs on it", store.load(&file).await.unwrap());
    count!("what was sent lately", store.sent_since(NOW.plus_ms(-60_000)).await.unwrap());
    // Nothing is old enough to be taken away: looking for it must not read everything.
    let states = [LeadState::Verified, LeadState::Resolved, LeadState::New, LeadState::Unfounded];
    let keep =
        Retention { raw_days: 4_000, lead_days: states.map(|state| (state, 4_000)).to_vec(), outbox_days: 4_000 };
    count!("nothing to take away", store.retain(&keep, NOW, true).await.unwrap());
    let mut n = 0;
    count!("a tip, from update to receipt", {
        n += 1;
        tip(&store, &filled, leads as i64 + n).await;
    });
    store.close().await;
    counts
}

/// A tip comes in and its receipt is sent.
async fn tip(store: &SqlStore, filled: &Town, n: i64) {
    let (chat, person) = (filled.groups()[1].chat, reporter(3));
    let update = RawUpdate { update_id: 90_000_000 + n, chat, json: "{}".into(), press: false };
    store.receive(&[update], NOW).await.unwrap();
    let event = store.take(10, NOW).await.unwrap().remove(0).seq;
    let here = (chat, MessageId(9_000_000 + n));
    let ask = Ask {
        user: Some(person),
        tip_at: Some(here),
        belongs: Some(here),
        newest_tip: Some((chat, person, NOW.plus_ms(-180_000))),
        loose: Some((chat, person, NOW.plus_ms(-180_000))),
        ..Ask::default()
    };
    store.load(&[ask]).await.unwrap();
    let id = store.reserve_leads(1).await.unwrap();
    let mut past = filled.past(0..1, &Config::default());
    let mut lead = past.leads.remove(0);
    (lead.id, lead.chat, lead.tip_chat, lead.message, lead.first_event) = (id, chat, chat, here.1, event);
    (lead.received_at, lead.written_at, lead.state, lead.version) = (NOW, NOW, LeadState::New, 1);
    let mut transfer = past.transfers.remove(0);
    transfer.key = format!("lead:{id}:hold");
    let (mut post, ..) = past.sent.remove(0);
    (post.chat, post.subject, post.lead) = (chat, format!("lead:{id}:receipt"), Some(id));
    let (_, mut line) = past.events.remove(0);
    line.lead = id;
    let changes = Changes {
        new_leads: vec![lead],
        lead_events: vec![line],
        transfers: vec![transfer],
        posts: vec![post],
        ..Changes::default()
    };
    assert_eq!(store.apply(&[Step { event, changes }], NOW).await.unwrap(), [Applied::Done]);
    store.let_go().await.unwrap();
    let (term, _) = store.begin_sending().await.unwrap();
    let (queued, _) = store.queued(0, 10).await.unwrap();
    let ids: Vec<_> = queued.iter().map(|queued| queued.id).collect();
    for claimed in store.claim(&ids, term).await.unwrap() {
        let fate = Fate::Sent(Some(MessageId(700_000_000 + n)));
        store
            .settle(
                &[Settlement { id: claimed.id, version: claimed.version, chat: claimed.post.chat, fate }],
                Term(0),
                NOW,
            )
            .await
            .unwrap();
    }
}
