//! No statement of the product reads a whole table of those that grow.
//!
//! The statements are those that run while a whole story is told: the place where statements run writes each to the
//! log (`baiying::sql`), SQLite is asked for its plan, and PostgreSQL tells the plans that it uses itself (`auto_explain`,
//! with plans that serve any value and whole scans priced out). In processes of their own, because the listener is global.

use crate::database::{Database, Link};
use crate::store::{Fresh, every_hot_step};
use crate::world::{ADMIN, CLERK, COURIER, DESK, EVENING, GROUP, GUARD, GUARD2, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::adapter::sql::SqlStore;
use baiying::domain::id::{AlarmId, LeadId, UserId};
use baiying::domain::lead::LeadState;
use baiying::domain::member::Member;
use baiying::port::chat::SendError;
use baiying::port::store::{Ask, Retention, Similar, Store as _};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What may be read whole: what a town has few of, values of the statement itself, and what another step has made.
const SMALL: [&str; 20] = [
    "_sqlx_migrations",
    "counter",
    "secret",
    "chat_group",
    "liaison_point",
    "place",
    "whereabouts",
    "duty_shift",
    "duty_holiday",
    "duty_swap",
    "duty_word",
    "ledger_head",
    "ask",
    "fresh",
    "leg",
    "line",
    "moved",
    "part",
    "entered",
    "wrong",
];

/// Indexes that hold only what is open or waits, however much there is.
const OPEN_ONLY: [&str; 9] = [
    "alarm_running",
    "inbox_open",
    "inbox_retry",
    "inbox_ahead",
    "outbox_open",
    "lead_queue",
    "member_staff",
    "attachment_loose",
    "transfer_unsealed",
];

/// Statements that may read more, and why.
const WHOLE: [(&str, &str); 6] = [
    (" AS breach", "an audit looks for breaches of law in everything: that is what it is for"),
    ("ORDER BY found LIMIT", "and so it does when it names examples"),
    ("pragma_foreign_key_check", "part of an audit as well"),
    (" AS earned FROM ranked", "whoever wants to be compared is compared with all who want to be"),
    ("ORDER BY seq DESC LIMIT 1", "the newest row is read from the end and no further"),
    ("SELECT min(due) FROM timer", "the first entry of the index by due and no further"),
];

/// Every statement of the product, and every plan that PostgreSQL tells, while it is the subscriber.
#[derive(Clone, Default)]
pub struct Heard {
    statements: Arc<Mutex<BTreeSet<String>>>,
    plans: Arc<Mutex<Vec<String>>>,
}

impl Heard {
    /// The plans of the product's own statements, as JSON, in the order in which they ran.
    pub fn plans(&self) -> Vec<String> {
        let statements = self.statements.lock().unwrap();
        // Tests look at the database, too, past the product.
        let own = |plan: &&String| {
            let plan: Value = serde_json::from_str(plan).unwrap();
            statements.contains(plan["Query Text"].as_str().unwrap_or_default())
        };
        self.plans.lock().unwrap().iter().filter(own).cloned().collect()
    }

    /// Begins anew with the plans.
    pub fn forget(&self) {
        self.plans.lock().unwrap().clear();
    }
}

impl tracing::field::Visit for Heard {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "statement" {
            self.statements.lock().unwrap().insert(value.to_owned());
        } else if let Some((_, plan)) = value.split_once("plan:\n") {
            self.plans.lock().unwrap().push(plan.to_owned());
        }
    }
}

impl tracing::Subscriber for Heard {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        ["baiying::sql", "sqlx::postgres::notice"].contains(&metadata.target())
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Runs an ignored test of this binary in a process of its own, to which PostgreSQL tells its plans; `settings` are
/// further ones for its sessions. The test's words are told when it fails.
pub fn alone(test: &str, settings: &[&str]) {
    let told = [
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_level=notice",
        "auto_explain.log_format=json",
    ];
    let options: Vec<String> = told.iter().chain(settings).map(|setting| format!("-c {setting}")).collect();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.env("PGOPTIONS", options.join(" ")).env("RUST_BACKTRACE", "0");
    let done = command.output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && told.contains("1 passed"), "{told}\n{errors}");
}

#[test]
fn no_statement_reads_a_table_that_grows_whole() {
    alone("plan::a_whole_story", &["plan_cache_mode=force_generic_plan", "enable_seqscan=off"]);
}

#[tokio::test]
#[ignore = "run by no_statement_reads_a_table_that_grows_whole"]
async fn a_whole_story() {
    let heard = Heard::default();
    tracing::subscriber::set_global_default(heard.clone()).unwrap();
    tell_the_story().await;
    let database = Database::fresh().await;
    let store = Fresh::on(database).await;
    every_hot_step(&store).await;

    let statements = heard.statements.lock().unwrap().clone();
    let mut found = Vec::new();
    let mut explained = 0;
    match store.database.link().await {
        Link::Pg(_) => {
            for told in heard.plans() {
                let told: Value = serde_json::from_str(&told).unwrap();
                explained += 1;
                let mut steps = Vec::new();
                whole_scans(&told["Plan"], &mut steps);
                found.push((told["Query Text"].as_str().unwrap_or_default().to_owned(), steps));
            }
        }
        mut link @ Link::Sqlite(_) => {
            let plain = |sql: &&String| ["SAVEPOINT", "ROLLBACK", "RELEASE"].iter().all(|it| !sql.starts_with(it));
            for sql in statements.iter().filter(plain) {
                let plan = link.plan(sql).await;
                explained += 1;
                let ahead = sql.contains("state = 'waiting' AND ahead > 0");
                assert!(!ahead || plan.iter().any(|step| step.ends_with("INDEX inbox_ahead")), "{sql}\n{plan:?}");
                found.push((sql.clone(), if plan.iter().any(|step| scans(step)) { plan } else { Vec::new() }));
            }
        }
    }
    let mut told = String::new();
    for (sql, plan) in found.iter().filter(|(_, plan)| !plan.is_empty()) {
        if !WHOLE.iter().any(|(words, _)| sql.contains(words)) {
            told += &format!("{sql}\n  {}\n\n", plan.join("\n  "));
        }
    }
    assert!(told.is_empty(), "these read a whole table:\n{told}");
    assert!(explained >= 100, "only {explained} plans were read");
}

/// Whether a step of SQLite's plan reads a table from end to end.
fn scans(step: &str) -> bool {
    let Some(scanned) = step.strip_prefix("SCAN ") else { return false };
    let table = scanned.split(' ').next().unwrap_or_default();
    let made_here = table.starts_with('(') || scanned.contains("CONSTANT ROW") || scanned.ends_with("VALUES CLAUSE");
    let open_only = OPEN_ONLY.iter().any(|index| scanned.ends_with(&format!("INDEX {index}")));
    !made_here && !open_only && !SMALL.contains(&table)
}

/// The steps of PostgreSQL's plan that read a table from end to end.
fn whole_scans(step: &Value, found: &mut Vec<String>) {
    let word = |key: &str| step[key].as_str().unwrap_or_default();
    let (kind, table, index) = (word("Node Type"), word("Relation Name"), word("Index Name"));
    let reads = kind == "Seq Scan" || (kind.contains("Index") && step["Index Cond"].is_null());
    if reads && !table.starts_with("pg_") && !SMALL.contains(&table) && !OPEN_ONLY.contains(&index) {
        found.push(format!("{kind} on {table} {index} without a condition"));
    }
    for below in step["Plans"].as_array().into_iter().flatten() {
        whole_scans(below, found);
    }
}

/// Everything that the product does in daily work, once.
async fn tell_the_story() {
    let mut w = World::with(|rules| rules.tip.fold_cards_from = 3).await;
    // Tips in all ways, evidence before and after, an edit, a withdrawal, mending.
    let photo = json!({ "photo": [{ "file_id": "F1", "file_unique_id": "u", "width": 9, "height": 9 }] });
    w.say_with(COURIER, GROUP, photo).await;
    let tip = w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.say_with(COURIER, GROUP, json!({ "location": { "latitude": 23.0, "longitude": 113.9 } })).await;
    w.reply(COURIER, GROUP, tip, "they have gone north").await;
    w.edit(COURIER, GROUP, tip, "#fight at Old Bridge 7 pm, three men with knives").await;
    w.advance(2).await;
    for data in ["mt:1", "ms:1:-60", "mc:1", "mC:1:1", "mp:1", "mP:1:23.000000:113.900000", "mb:1"] {
        w.push_data(COURIER, GROUP, 1, data).await;
    }
    for (who, words) in [(COURIER, "#theft at Old Bridge, a van"), (NEIGHBOUR, "#theft at Old Bridge, a grey van")] {
        w.say(who, GROUP, words).await;
    }
    for n in 0..8 {
        w.post(NEIGHBOUR + n, GROUP, json!({ "text": format!("#theft at 东门市场 {n}") })).await;
    }
    w.advance(65).await;
    w.say(COURIER, COURIER, "someone sells drugs behind 东门市场").await;
    w.push_data(NEIGHBOUR, GROUP, 1, "mW:4").await;
    w.advance(3).await;
    // Triage of all kinds.
    for data in
        ["lc:2", "lv:2", "ld:3", "lD:3:2", "lz:3:2", "lD:3:2", "lr:2", "lo:2", "lv:2", "lu:5", "lX:6", "lq:7", "lp:7"]
    {
        w.push_data(OFFICER, DESK, 1, data).await;
        w.advance(2).await;
    }
    // An alarm, answers, one undelivered, wider, stand-down.
    w.fail_next(GUARD2, SendError::Unreachable("blocked".into()));
    w.push_data(OFFICER, DESK, 1, "la:1").await;
    w.advance(2).await;
    w.push_data(OFFICER, DESK, 1, "aw:1").await;
    w.advance(2).await;
    for data in ["aa:1:P1", "au:1:P1", "as:1:P1"] {
        w.push_data(GUARD, GUARD, 1, data).await;
    }
    w.advance(200).await;
    w.push_data(OFFICER, DESK, 1, "ad:1").await;
    w.advance(2).await;
    // Commands, exports, a group that moves.
    for words in ["/points", "/help", "/language en"] {
        w.say(COURIER, COURIER, words).await;
    }
    for words in ["/export 2026-11", "/export 2026-11 leads", "/export 2026-11 alarms"] {
        w.say(CLERK, OFFICE, words).await;
        w.advance(5).await;
    }
    w.say(ADMIN, ADMIN, "/invite police").await;
    w.say(ADMIN, -777, "/setup liaison").await;
    w.say_with(COURIER, GROUP, json!({ "migrate_to_chat_id": -999 })).await;
    w.raw(501, GROUP, "{}").await;
    w.advance(2).await;
    w.crash().await;
    w.advance(400).await;
    look_around(&w.store).await;
    w.end().await;
}

/// What the operator, the desk and the office look at, and what is taken away with time.
async fn look_around(store: &SqlStore) {
    let later = EVENING.plus_ms(3_600_000);
    let member =
        Member { name: "Guard".into(), ..store.town().await.unwrap().staff.first().cloned().unwrap_or(nobody()) };
    store.import_members(&[member]).await.unwrap();
    store.tallies(EVENING, later).await.unwrap();
    store.held_before(EVENING).await.unwrap();
    store.alarms_between(EVENING, later).await.unwrap();
    store.last_drills(AlarmId(9), 5).await.unwrap();
    store.leads_between(EVENING, later, LeadId(1), 500).await.unwrap();
    store.mended_since(EVENING, LeadId(0), 100).await.unwrap();
    store.queue_view().await.unwrap();
    store.gauges().await.unwrap();
    store.sent_since(EVENING).await.unwrap();
    store.asked_to_wait(EVENING).await.unwrap();
    store.town_version().await.unwrap();
    store.secret("plan", "x").await.unwrap();
    let asks: Vec<Ask> = (1..4)
        .map(|n| Ask {
            statement: Some(UserId(n)),
            original: Some(LeadId(n)),
            lead: Some(LeadId(n)),
            earned_since: Some((EVENING, EVENING)),
            similar: Some(Similar { except: LeadId(n), since: EVENING, until: later, near: None }),
            ..Ask::default()
        })
        .collect();
    store.load(&asks).await.unwrap();
    let states = [LeadState::New, LeadState::Claimed, LeadState::Verified, LeadState::Unfounded, LeadState::Duplicate];
    let rules = Retention { raw_days: 0, lead_days: states.map(|state| (state, 0)).to_vec(), outbox_days: 0 };
    let much_later = EVENING.plus_ms(400 * 86_400_000);
    let dry = store.retain(&rules, much_later, true).await.unwrap();
    let taken = store.retain(&rules, much_later, false).await.unwrap();
    assert_eq!((taken.raw, &taken.leads), (dry.raw, &dry.leads));
    let left = store.retain(&rules, much_later, false).await.unwrap();
    assert_eq!((left.raw, left.outbox), (0, 0), "all was taken away the first time");
}

fn nobody() -> Member {
    Member {
        user: UserId(1),
        name: String::new(),
        occupation: String::new(),
        group: String::new(),
        team: String::new(),
        roles: Vec::new(),
        language: None,
        code: "N".into(),
        first_seen: EVENING,
        told_at: None,
    }
}
