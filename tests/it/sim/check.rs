//! What must hold when the storm is over: updates, leads, points. `stand` looks at messages.

use super::run::Run;
use super::town::STOCK;
use baiying::domain::id::{LeadId, Millis, UserId};
use baiying::domain::lead::{LeadAction, LeadOutcome, LeadState};
use baiying::port::store::{Ask, Store as _};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Tries after which the engine gives an event up.
const TRIES: u32 = 5;

/// A lead as it ended.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EndLead {
    /// Number.
    pub id: i64,
    /// Version.
    pub version: i64,
    /// State.
    pub state: String,
    /// The chat in which the tip was written.
    pub tip_chat: i64,
    /// The tip's message.
    pub message: i64,
    /// Who wrote it; none once scrubbed.
    pub reporter: Option<i64>,
    /// The update that made it.
    pub first_update_id: Option<i64>,
    /// The lead that it is a duplicate of.
    pub duplicate_of: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
}

/// Everything of this module.
pub async fn check(run: &Run, db: &mut SqliteConnection) -> Vec<String> {
    let mut wrongs = Vec::new();
    let leads: Vec<EndLead> = sqlx::query_as(
        "SELECT id, version, state, tip_chat, message, reporter, first_update_id, duplicate_of, outcome FROM lead ORDER BY id",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    updates(run, db, &leads, &mut wrongs).await;
    history(run, db, &leads, &mut wrongs).await;
    points(run, db, &leads, &mut wrongs).await;
    redemptions(db, &mut wrongs).await;
    let audit = run.store.inner.audit().await.unwrap();
    wrongs.extend(audit.breaches.iter().map(|breach| format!("a law is broken: {breach:?}")));
    wrongs
}

/// Every confirmed update is applied once, or parked and shown; each tip is one lead.
async fn updates(run: &Run, db: &mut SqliteConnection, leads: &[EndLead], wrongs: &mut Vec<String>) {
    let rows: Vec<(i64, Option<i64>, String, Option<String>)> =
        sqlx::query_as("SELECT seq, update_id, state, error FROM inbox").fetch_all(&mut *db).await.unwrap();
    let mut stored: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let curses = run.store.curses();
    let mut parked = 0;
    for (seq, update, state, error) in &rows {
        if let Some(update) = update {
            stored.entry(*update).or_default().push(state);
        }
        if state == "parked" {
            parked += 1;
            let struck = curses.get(&baiying::domain::id::EventSeq(*seq)).copied().unwrap_or(0);
            if struck < TRIES {
                wrongs.push(format!("event {seq} is parked after {struck} faults: {error:?}"));
            }
        }
    }
    let shown = run.store.inner.gauges().await.unwrap().inbox_parked;
    if shown != parked {
        wrongs.push(format!("{parked} events are parked and {shown} are shown"));
    }
    for update in &run.platform.lock().confirmed {
        match stored.get(&update.id).map(Vec::as_slice) {
            Some(["done" | "parked"]) => {}
            other => wrongs.push(format!("update {} was confirmed and is {other:?}", update.id)),
        }
    }
    let mut made: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut at: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
    for lead in leads {
        made.entry(lead.first_update_id.unwrap_or(0)).or_default().push(lead.id);
        at.entry((lead.tip_chat, lead.message)).or_default().push(lead.id);
    }
    for (update, leads) in made.iter().filter(|(_, leads)| leads.len() > 1) {
        wrongs.push(format!("update {update} made leads {leads:?}"));
    }
    for (message, leads) in at.iter().filter(|(_, leads)| leads.len() > 1) {
        wrongs.push(format!("message {message:?} is leads {leads:?}"));
    }
    for (update, message) in &run.deeds.tips {
        let is_done = stored.get(update).is_some_and(|states| states[..] == ["done"]);
        // An edit that came first has made the lead.
        let count = at.get(message).map_or(0, Vec::len);
        if is_done && count == 0 {
            wrongs.push(format!("the tip of update {update}, message {message:?}, is lost"));
        }
    }
}

fn action(name: &str) -> Option<LeadAction> {
    Some(match name {
        "claim" => LeadAction::Claim,
        "verify" => LeadAction::Verify,
        "unfounded" => LeadAction::Unfounded,
        "duplicate" => LeadAction::DuplicateOf { original: LeadId(0) },
        "out_of_scope" => LeadAction::OutOfScope,
        "resolve" => LeadAction::Resolve { outcome: LeadOutcome::Handled },
        "reopen" => LeadAction::Reopen,
        "withdraw" => LeadAction::Withdraw,
        _ => return None,
    })
}

/// Versions without a gap, one line each, legal paths, one transition for a press.
async fn history(run: &Run, db: &mut SqliteConnection, leads: &[EndLead], wrongs: &mut Vec<String>) {
    let rows: Vec<(i64, i64, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT lead, version, action, event, inbox.update_id FROM lead_event \
         LEFT JOIN inbox ON inbox.seq = lead_event.event ORDER BY lead_event.id",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let mut by_lead: BTreeMap<i64, Vec<(i64, &str, i64)>> = BTreeMap::new();
    let mut by_update: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    let mut merged: BTreeSet<(i64, i64)> = BTreeSet::new();
    for (lead, version, action, event, update) in &rows {
        // That another lead was merged into it is no step of a lead's own: those lines tell which are merged now.
        if let Some((told, other)) = action.split_once("merged ") {
            let pair = (other.parse().unwrap(), *lead);
            let changed = if told == "un" { merged.remove(&pair) } else { merged.insert(pair) };
            if !changed {
                wrongs.push(format!("the history of lead {lead} tells twice: {action}"));
            }
            continue;
        }
        by_lead.entry(*lead).or_default().push((*version, action, *event));
        by_update.entry(update.unwrap_or(0)).or_default().push((*lead, *version));
    }
    let stands: BTreeSet<(i64, i64)> = leads.iter().filter_map(|lead| Some((lead.id, lead.duplicate_of?))).collect();
    if merged != stands {
        wrongs.push(format!("merged are {stands:?}, the originals' histories say {merged:?}"));
    }
    for lead in leads {
        let lines = by_lead.remove(&lead.id).unwrap_or_default();
        let versions: Vec<i64> = lines.iter().map(|line| line.0).collect();
        if versions != (1..=lead.version).collect::<Vec<_>>() {
            wrongs.push(format!("lead {} is at version {} with lines {versions:?}", lead.id, lead.version));
        }
        let events: BTreeSet<i64> = lines.iter().map(|line| line.2).collect();
        if events.len() != lines.len() {
            wrongs.push(format!("one event changed lead {} twice: {lines:?}", lead.id));
        }
        let mut states: Vec<LeadState> = Vec::new();
        for (version, name, _) in &lines {
            let state = match (*name, states.as_slice()) {
                ("tip", []) => LeadState::New,
                ("undo", [.., before, _]) => *before,
                ("edit" | "mend" | "attach", [.., state]) => *state,
                (name, [.., state]) => match action(name).map(|action| state.after(action)) {
                    Some(Ok(next)) => next,
                    other => {
                        wrongs.push(format!("lead {} v{version}: {name} from {state:?}: {other:?}", lead.id));
                        *state
                    }
                },
                (name, []) => {
                    wrongs.push(format!("the history of lead {} begins with {name}", lead.id));
                    LeadState::New
                }
            };
            states.push(state);
        }
        if states.last().is_some_and(|state| state.as_str() != lead.state) {
            wrongs.push(format!("lead {} is {}, its history says {:?}", lead.id, lead.state, states.last()));
        }
        if (lead.state == "duplicate") != lead.duplicate_of.is_some() {
            wrongs.push(format!("lead {} is {} and a duplicate of {:?}", lead.id, lead.state, lead.duplicate_of));
        }
        let original = lead.duplicate_of.and_then(|original| leads.iter().find(|l| l.id == original));
        if original.is_some_and(|original| original.state == "duplicate" || original.id == lead.id) {
            wrongs.push(format!("lead {} is a duplicate of one that is itself a duplicate", lead.id));
        }
    }
    let rings = run.store.seen.lock().unwrap().rings.clone();
    for press in run.deeds.presses.iter().filter(|press| press.len() > 1) {
        let changes: Vec<(i64, i64)> =
            press.iter().flat_map(|u| by_update.get(u).cloned().unwrap_or_default()).collect();
        for (lead, version) in &changes {
            if changes.contains(&(*lead, version + 1)) {
                wrongs.push(format!(
                    "one press, updates {press:?}, made versions {version} and {} of lead {lead}",
                    version + 1
                ));
            }
        }
        if rings.is_empty() {
            continue;
        }
        let events: BTreeSet<i64> = events_of(db, press).await;
        let widened: Vec<_> = rings.iter().filter(|(event, ..)| events.contains(&event.0)).collect();
        for (_, alarm, ring) in &widened {
            if widened.iter().any(|(_, a, r)| a == alarm && *r == ring + 1) {
                wrongs.push(format!(
                    "one press, updates {press:?}, widened alarm {alarm} to rings {ring} and {}",
                    ring + 1
                ));
            }
        }
    }
}

async fn events_of(db: &mut SqliteConnection, updates: &[i64]) -> BTreeSet<i64> {
    let mut events = BTreeSet::new();
    for update in updates {
        let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM inbox WHERE update_id = $1")
            .bind(update)
            .fetch_optional(&mut *db)
            .await
            .unwrap();
        events.extend(seq);
    }
    events
}

#[derive(sqlx::FromRow)]
struct Leg {
    debit: String,
    debit_user: Option<i64>,
    credit: String,
    credit_user: Option<i64>,
    amount: i64,
    lead: Option<i64>,
    alarm: Option<i64>,
}

/// Each redemption is over, was paid for once or not at all, and the shelves hold what was not handed out.
async fn redemptions(db: &mut SqliteConnection, wrongs: &mut Vec<String>) {
    let rows: Vec<(i64, String, String, i64, Option<String>)> = sqlx::query_as(
        "SELECT redemption.id, reward, state, approvals_needed - (SELECT COUNT(*) FROM redemption_approval \
         WHERE redemption_approval.redemption = redemption.id), (SELECT group_concat(kind, ' ') FROM \
         (SELECT kind FROM transfer WHERE transfer.redemption = redemption.id ORDER BY id)) FROM redemption",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let mut gone: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, reward, state, lacking, entries) in &rows {
        let due = if state == "handed_out" { "reserve redeem" } else { "reserve release" };
        if entries.as_deref() != Some(due) || ["asked", "ready"].contains(&state.as_str()) {
            wrongs.push(format!("redemption {id} is {state}, its entries are {entries:?}"));
        }
        if state == "handed_out" && *lacking > 0 {
            wrongs.push(format!("redemption {id} was handed out and lacks {lacking} approvals"));
        }
        *gone.entry(reward).or_default() += i64::from(state == "handed_out");
    }
    let shelves: Vec<(String, i64)> =
        sqlx::query_as("SELECT code, stock FROM reward").fetch_all(&mut *db).await.unwrap();
    for (code, stock) in &shelves {
        let handed_out = gone.get(code.as_str()).copied().unwrap_or(0);
        if stock + handed_out != STOCK {
            wrongs.push(format!("of {code} {stock} are there and {handed_out} were handed out, of {STOCK}"));
        }
    }
}

/// The ledger adds up, and stands as each lead's state says.
async fn points(run: &Run, db: &mut SqliteConnection, leads: &[EndLead], wrongs: &mut Vec<String>) {
    let legs: Vec<Leg> =
        sqlx::query_as("SELECT debit, debit_user, credit, credit_user, amount, lead, alarm FROM transfer ORDER BY id")
            .fetch_all(&mut *db)
            .await
            .unwrap();
    let mut accounts: BTreeMap<(&str, Option<i64>), i64> = BTreeMap::new();
    let mut of_lead: BTreeMap<i64, BTreeMap<(&str, i64), i64>> = BTreeMap::new();
    for leg in &legs {
        for (account, user, amount) in
            [(leg.debit.as_str(), leg.debit_user, -leg.amount), (leg.credit.as_str(), leg.credit_user, leg.amount)]
        {
            let sum = accounts.entry((account, user)).or_default();
            *sum += amount;
            if *sum < 0 && ["held", "reserved"].contains(&account) {
                wrongs.push(format!("held for {user:?} is {sum}"));
            }
            if let (Some(lead), Some(user), None) = (leg.lead, user, leg.alarm) {
                *of_lead.entry(lead).or_default().entry((account, user)).or_default() += amount;
            }
        }
    }
    let total: i64 = accounts.values().sum();
    if total != 0 {
        wrongs.push(format!("debits and credits differ by {total}"));
    }
    let end = run.storm.lock().now.plus_ms(86_400_000);
    let tallies = run.store.inner.tallies(Millis(0), end).await.unwrap();
    for ((account, user), sum) in &accounts {
        let Some(user) = user.filter(|_| *account == "person") else { continue };
        if accounts.get(&("reserved", Some(user))).is_some_and(|sum| *sum != 0) {
            wrongs.push(format!("something is set aside for {user} for ever"));
        }
        let tally = tallies.iter().find(|t| t.member.user == UserId(user)).map_or(0, |t| t.closing);
        let ask = Ask { statement: Some(UserId(user)), ..Ask::default() };
        let balance = run.store.inner.load(&[ask]).await.unwrap().remove(0).statement.balance;
        if (tally, balance) != (*sum, *sum) {
            wrongs.push(format!("{user} has {sum} by the ledger, {balance} by the statement, {tally} by the tally"));
        }
    }
    for lead in leads {
        rewards(run, leads, &of_lead, lead, wrongs);
    }
}

fn rewards(
    run: &Run,
    leads: &[EndLead],
    of_lead: &BTreeMap<i64, BTreeMap<(&str, i64), i64>>,
    lead: &EndLead,
    wrongs: &mut Vec<String>,
) {
    let rules = &run.rules.points;
    let capped = rules.daily_cap > 0;
    let sums = of_lead.get(&lead.id).cloned().unwrap_or_default();
    let stands = |account: &str, user: i64| sums.get(&(account, user)).copied().unwrap_or(0);
    let mut expect = |what: &str, is: i64, low: i64, high: i64| {
        if !(low..=high).contains(&is) {
            wrongs.push(format!("lead {} ({}): {what} is {is}, not {low} to {high}", lead.id, lead.state));
        }
    };
    let Some(person) = lead.reporter else {
        for ((account, user), sum) in &sums {
            expect(&format!("{account} of {user}"), *sum, 0, 0);
        }
        return;
    };
    let (held, paid) = (stands("held", person), stands("person", person));
    let full = |amount: i64| if capped { (0, amount) } else { (amount, amount) };
    let is_true = |state: &str| matches!(state, "verified" | "resolved");
    match lead.state.as_str() {
        "new" | "claimed" => {
            expect("held", held, rules.tip_verified, rules.tip_verified);
            expect("paid", paid, 0, 0);
        }
        state if is_true(state) => {
            let (low, high) = full(rules.tip_verified);
            // Bonuses are outside the caps.
            let outcome = lead.outcome.as_deref().and_then(LeadOutcome::named);
            let bonus = outcome.map_or(0, |outcome| run.rules.books().in_force(Millis(0)).bonus(outcome));
            expect("held", held, 0, 0);
            expect("paid", paid, low + bonus, high + bonus);
        }
        "duplicate" => {
            expect("held", held, 0, 0);
            // A later reporter is paid once for an event, and not beside being paid in full for it.
            let Some(original) = leads.iter().find(|l| Some(l.id) == lead.duplicate_of) else { return };
            let due = is_true(&original.state) && original.reporter != Some(person);
            let same = |l: &&EndLead| l.duplicate_of == lead.duplicate_of && l.reporter == lead.reporter;
            let together: i64 = leads
                .iter()
                .filter(same)
                .map(|l| of_lead.get(&l.id).and_then(|s| s.get(&("person", person))).copied().unwrap_or(0))
                .sum();
            let (low, high) = if due { full(rules.tip_duplicate) } else { (0, 0) };
            expect("paid for all that this person told of the event", together, low, high);
        }
        _ => {
            expect("held", held, 0, 0);
            expect("paid", paid, 0, 0);
        }
    }
}
