//! The dry run of a rule book: a month as it was paid, and as a new book would have paid it, person by person.
//!
//! Reads page by page, changes nothing, and names nobody but by code. Checks itself: under the books that were in force
//! the month must come out as the ledger has it. Called by the command `rules`.

use crate::config::{BookRules, Config};
use crate::domain::alarm::Answer;
use crate::domain::alarm::event::Happening;
use crate::domain::id::{LeadId, Millis, UserId};
use crate::domain::lead::{LeadEvent, LeadState};
use crate::domain::period::Period;
use crate::domain::points::{Account, TransferKind};
use crate::domain::rules::Books;
use crate::domain::rules::replay::{Arrival, Case, For, Paid, Payment, Reason, cause_of, check, replay};
use crate::port::store::{AlarmRecord, Ask, LeadFile, Store};
use crate::port::table::{Cell, Column, Head, Holds, Table, TableKind};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many are read at once.
const PAGE: usize = 200;

/// An alarm lasts this long at most, as far as its arrivals count in the month after.
const ALARM_MS: i64 = 7 * 86_400_000;

/// What one person gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The person's code; empty for somebody who is not on file.
    pub code: String,
    /// What the new book pays them for.
    pub rewards: i64,
    /// Under the books that were in force.
    pub before: i64,
    /// Under the new book.
    pub after: i64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// The new book's version.
    pub version: String,
    /// The month.
    pub period: Period,
    /// The versions that were in force for what was paid.
    pub in_force: Vec<String>,
    /// By code.
    pub lines: Vec<Line>,
    /// What the ledger paid for the same causes, net of what it took back.
    pub ledger: i64,
    /// What the ledger has otherwise than the replay of the books in force.
    pub differing: BTreeMap<For, Reason>,
}

/// Replays `period` with `book`, and with the books of the config.
///
/// # Errors
/// The store's.
pub async fn dry_run<S: Store>(store: &S, config: &Config, book: &BookRules, period: Period) -> anyhow::Result<DryRun> {
    let books = config.books();
    let new = Books::new(config.book_after(book), Vec::new());
    let cases = gather(store, period).await?;
    let arrivals = arrivals(&store.alarms_between(period.from.plus_ms(-ALARM_MS), period.to).await?);
    let ledger = paid(store, period).await?;
    let zone = config.time_zone;
    let before = replay(&books, &cases, &arrivals, period, zone);
    let after = replay(&new, &cases, &arrivals, period, zone);
    let received: HashMap<LeadId, Millis> = cases.iter().map(|case| (case.lead.id, case.lead.received_at)).collect();
    let arrived: HashMap<For, Millis> = arrivals.iter().map(|it| (For::Arrival(it.alarm, it.user), it.at)).collect();
    let of = |payment: &Payment| match payment.cause {
        For::Tip(lead) | For::Bonus(lead) => received.get(&lead).copied(),
        cause => arrived.get(&cause).copied(),
    };
    let in_force: BTreeMap<Millis, &str> =
        before.iter().filter_map(of).map(|at| books.in_force(at)).map(|it| (it.from, it.version.as_str())).collect();
    Ok(DryRun {
        version: book.version.clone(),
        period,
        in_force: in_force.into_values().map(str::to_owned).collect(),
        lines: lines(store, &before, &after).await?,
        ledger: ledger.values().map(|paid| paid.amount).sum(),
        differing: check(&cases, &before, &ledger),
    })
}

/// Every family of leads that became due in the period, or later: whole, as it stands now.
async fn gather<S: Store>(store: &S, period: Period) -> anyhow::Result<Vec<Case>> {
    let (mut cases, mut seen, mut after) = (Vec::new(), BTreeSet::new(), LeadId(0));
    loop {
        let page = store.decided_since(period.from, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        ensure!(last.0 != after, "the store gave the same page of leads twice");
        after = last.0;
        let originals: BTreeSet<LeadId> = page.iter().map(|(lead, original)| original.unwrap_or(*lead)).collect();
        let asks: Vec<Ask> = originals
            .into_iter()
            .filter(|lead| seen.insert(*lead))
            .map(|lead| Ask { lead: Some(lead), ..Ask::default() })
            .collect();
        for facts in store.load(&asks).await? {
            let file = facts.file.context("a lead that was just listed is gone")?;
            cases.extend(family(&file));
        }
    }
    Ok(cases)
}

fn family(file: &LeadFile) -> Vec<Case> {
    let lead = &file.lead;
    let last = |action: &str| file.history.iter().filter(|e: &&LeadEvent| e.action == action).map(|e| e.at).max();
    let is_true = matches!(lead.state, LeadState::Verified | LeadState::Resolved);
    let true_at = last("verify").or(lead.decided_at).filter(|_| is_true);
    let undone = file.history.iter().any(|e| matches!(e.action.as_str(), "undo" | "reopen"));
    let resolved_at = last("resolve").or(lead.decided_at).filter(|_| lead.state == LeadState::Resolved);
    let own = Case { lead: lead.clone(), true_at, resolved_at, undone };
    let later = file.duplicates.iter().map(|it| Case {
        true_at: true_at.map(|at| it.lead.decided_at.map_or(at, |merged| merged.max(at))),
        resolved_at: None,
        undone: it.transfers.iter().any(|entry| entry.kind == TransferKind::Reversal),
        lead: it.lead.clone(),
    });
    std::iter::once(own).chain(later).collect()
}

/// When each of those called first said that they are there; drills count nothing.
fn arrivals(alarms: &[AlarmRecord]) -> Vec<Arrival> {
    let mut first: BTreeMap<_, Arrival> = BTreeMap::new();
    for record in alarms.iter().filter(|record| !record.alarm.drill) {
        for event in &record.timeline {
            let (Some(user), Happening::Answered { answer: Answer::OnScene, .. }) = (event.by, &event.what) else {
                continue;
            };
            first.entry((record.alarm.id, user)).or_insert(Arrival { alarm: record.alarm.id, user, at: event.at });
        }
    }
    first.into_values().collect()
}

/// What the ledger paid in the period, by cause.
async fn paid<S: Store>(store: &S, period: Period) -> anyhow::Result<BTreeMap<For, Paid>> {
    let mut out: BTreeMap<For, Paid> = BTreeMap::new();
    let mut after = (period.from, 0);
    loop {
        let page = store.entries_between(period.from, period.to, after, PAGE * 5).await?;
        let Some(last) = page.last() else { return Ok(out) };
        let next = (last.transfer.at, last.number);
        ensure!(next != after, "the store gave the same page of the ledger twice");
        after = next;
        for entry in page {
            let it = entry.transfer;
            let (person, amount) = match (&it.credit, &it.debit) {
                (Account::Person(user), _) => (*user, it.amount),
                (_, Account::Person(user)) => (*user, -it.amount),
                _ => continue,
            };
            let Some(cause) = cause_of(&it.rule, it.lead, it.alarm, person) else { continue };
            let paid = out.entry(cause).or_insert(Paid { person, amount: 0, reversed: false });
            paid.amount += amount;
            paid.reversed |= it.kind == TransferKind::Reversal;
        }
    }
}

async fn lines<S: Store>(store: &S, before: &[Payment], after: &[Payment]) -> anyhow::Result<Vec<Line>> {
    let mut people: BTreeMap<UserId, Line> = BTreeMap::new();
    for payment in before {
        people.entry(payment.person).or_default().before += payment.amount;
    }
    for payment in after {
        let line = people.entry(payment.person).or_default();
        line.after += payment.amount;
        line.rewards += i64::from(payment.amount > 0);
    }
    let users: Vec<UserId> = people.keys().copied().collect();
    for users in users.chunks(PAGE) {
        let asks: Vec<Ask> = users.iter().map(|user| Ask { user: Some(*user), ..Ask::default() }).collect();
        for (user, facts) in users.iter().zip(store.load(&asks).await?) {
            let code = facts.member.map_or_else(String::new, |member| member.code);
            people.entry(*user).or_default().code = code;
        }
    }
    let mut lines: Vec<Line> = people.into_values().filter(|line| (line.before, line.after) != (0, 0)).collect();
    lines.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(lines)
}

impl DryRun {
    /// Totals: rewards, under the books in force, under the new one.
    pub fn totals(&self) -> (i64, i64, i64) {
        self.lines.iter().fold((0, 0, 0), |sum, line| (sum.0 + line.rewards, sum.1 + line.before, sum.2 + line.after))
    }

    /// As a table for the office.
    pub fn table(&self, config: &Config) -> Table {
        let column = |key, zh, en, holds, width, summed| Column { key, zh, en, holds, width, summed };
        let sum = |key, zh, en| column(key, zh, en, Holds::Count, 12, true);
        let head = Head {
            kind: TableKind::Rules,
            sheet: None,
            title: format!(
                "积分规则试算表 Dry run of rule book {} (in force: {})",
                self.version,
                self.in_force.join(", ")
            ),
            period: self.period,
            zone: config.time_zone,
            unit: config.unit.clone(),
            columns: vec![
                column("member_code", "成员代码", "Member code", Holds::Text, 16, false),
                sum("rewards", "奖励笔数", "Rewards"),
                sum("before", "现行规则", "In force"),
                sum("after", "新规则", "New book"),
                sum("difference", "差额", "Difference"),
            ],
        };
        let cells = |label: &str, rewards, before, after| {
            vec![Cell::text(label), Cell::Int(rewards), Cell::Int(before), Cell::Int(after), Cell::Int(after - before)]
        };
        let rows =
            self.lines.iter().map(|line| cells(shown(&line.code), line.rewards, line.before, line.after)).collect();
        let (rewards, before, after) = self.totals();
        let label = format!("total {}", self.period.interval(config.time_zone));
        Table { head, rows, totals: Some(cells(&label, rewards, before, after)) }
    }

    /// As text for the terminal: the table, then what the check found.
    pub fn tell(&self, config: &Config) -> String {
        let month = self.period.interval(config.time_zone);
        let mut out = format!("rule book {} over {month}; in force: {}\n", self.version, self.in_force.join(", "));
        let row = |code: &str, before: i64, after: i64| {
            format!("{code:<16} {before:>9} {after:>9} {:>+10}\n", after - before)
        };
        out.push_str(&format!("{:<16} {:>9} {:>9} {:>10}\n", "member", "in force", "new", "difference"));
        for line in &self.lines {
            out.push_str(&row(shown(&line.code), line.before, line.after));
        }
        let (_, before, after) = self.totals();
        out.push_str(&row("total", before, after));
        out.push_str(&self.told_check());
        out
    }

    /// Whether the replay of the books in force is what the ledger paid; if not, for how many and why.
    pub fn told_check(&self) -> String {
        let (_, before, _) = self.totals();
        if self.differing.is_empty() {
            return format!("check: the ledger paid {} for the same, as replayed\n", self.ledger);
        }
        let mut out = format!(
            "check: the ledger paid {}, the replay of the books in force {before}; not the same: {}\n",
            self.ledger,
            self.differing.len()
        );
        for (reason, why) in [
            (Reason::Undone, "undone, reopened or taken anew"),
            (Reason::Cap, "a cap or budget counts otherwise, because others were undone"),
            (Reason::Config, "the config was changed without a new version"),
        ] {
            let causes: Vec<String> =
                self.differing.iter().filter(|(_, known)| **known == reason).map(|(cause, _)| named(*cause)).collect();
            if !causes.is_empty() {
                let more = if causes.len() > 10 { ", …" } else { "" };
                out.push_str(&format!(
                    "  {}: {why}: {}{more}\n",
                    causes.len(),
                    causes[..causes.len().min(10)].join(", ")
                ));
            }
        }
        out
    }
}

fn shown(code: &str) -> &str {
    if code.is_empty() { "?" } else { code }
}

fn named(cause: For) -> String {
    match cause {
        For::Tip(lead) => format!("lead {lead}"),
        For::Bonus(lead) => format!("bonus of lead {lead}"),
        For::Arrival(alarm, _) => format!("alarm {alarm}"),
    }
}
