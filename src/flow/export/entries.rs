//! The ledger's entries, as they are filed: one row an entry, page by page.
//!
//! People stand in them by their codes. Without the payout right an entry about a lead shows its person by the code that
//! was made for that lead alone, as the leads table does: else a tip could be joined to whoever sent it.

use super::column;
use crate::domain::id::{LeadId, UserId};
use crate::domain::points::{Account, Entry, TransferKind};
use crate::port::store::{Store, StoreResult};
use crate::port::table::{Cell, Column, Head, Holds, TableSink};
use anyhow::ensure;
use std::collections::{BTreeSet, HashMap};

/// How many entries are read at once.
const PAGE: usize = 2_000;
/// So much of an entry's digest stands in its row: enough to find it, and to see that it is another.
const DIGEST_DIGITS: usize = 12;

/// One row an entry.
pub const ENTRIES: &[Column] = &[
    column("entry", "流水号", "Entry", Holds::Count, 8),
    column("at", "时间", "Time", Holds::Instant, 20),
    column("kind", "类型", "Kind", Holds::Text, 17),
    column("from", "转出账户", "From", Holds::Text, 22),
    column("to", "转入账户", "To", Holds::Text, 22),
    column("amount", "积分", "Points", Holds::Figure, 8),
    column("rule", "规则", "Rule", Holds::Text, 15),
    column("book", "规则版本", "Rule book", Holds::Text, 11),
    column("cause", "事由", "Cause", Holds::Text, 20),
    column("reason", "说明", "Reason", Holds::Text, 20),
    column("reverses", "冲正流水", "Takes back", Holds::Text, 18),
    column("by", "经办人代码", "By (code)", Holds::Text, 12),
    column("digest", "摘要", "Digest", Holds::Text, 15),
];

/// By which codes people and leads stand in the rows.
#[derive(Debug, Default)]
pub struct Codes {
    /// Of officers and clerks.
    pub staff: HashMap<UserId, String>,
    /// Of everybody whose points moved.
    pub members: HashMap<UserId, String>,
    /// Of leads' reporters, each made for its lead alone; of one page.
    pub leads: HashMap<LeadId, String>,
    /// Whether no more can be looked up: a closed month shows who was on file at its close.
    pub fixed: bool,
}

impl Codes {
    /// Looks up what a page needs.
    async fn learn<S: Store>(&mut self, store: &S, page: &[Entry], names: bool) -> StoreResult<()> {
        let owner = |account: &Account| account.parts().1;
        if !self.fixed {
            let users: BTreeSet<UserId> = page
                .iter()
                .filter(|entry| names || entry.transfer.lead.is_none() || entry.transfer.alarm.is_some())
                .flat_map(|entry| [owner(&entry.transfer.debit), owner(&entry.transfer.credit)])
                .flatten()
                .filter(|user| !self.members.contains_key(user))
                .collect();
            if !users.is_empty() {
                self.members.extend(store.member_codes(&users.into_iter().collect::<Vec<_>>()).await?);
            }
        }
        self.leads.clear();
        if !names {
            let leads: BTreeSet<LeadId> = page.iter().filter_map(|entry| entry.transfer.lead).collect();
            self.leads.extend(store.lead_codes(&leads.into_iter().collect::<Vec<_>>()).await?);
        }
        Ok(())
    }
}

/// What the entries of a period came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Poured {
    /// How many there are.
    pub count: u64,
    /// What people own more by them.
    pub net: i64,
}

/// Hands out the table, entries up to the number `last`.
///
/// # Errors
/// The store's or the sink's.
pub async fn pour<S: Store>(
    store: &S,
    head: &Head,
    last: i64,
    codes: &mut Codes,
    names: bool,
    sink: &mut (impl TableSink + Send),
) -> anyhow::Result<Poured> {
    sink.begin(head)?;
    let mut poured = Poured::default();
    let mut after = (head.period.from, 0);
    loop {
        let page = store.entries_between(head.period.from, head.period.to, after, PAGE).await?;
        let Some(newest) = page.last() else { break Ok(poured) };
        let here = (newest.transfer.at, newest.number);
        ensure!(here > after, "the store gave the same page of entries twice");
        after = here;
        codes.learn(store, &page, names).await?;
        for entry in page.iter().filter(|entry| entry.number <= last) {
            sink.row(&entry_row(entry, codes, names))?;
            poured.count += 1;
            poured.net += owned_by(&entry.transfer.credit, entry) - owned_by(&entry.transfer.debit, entry);
        }
    }
}

/// What of an entry's points is on this side a person's own.
fn owned_by(account: &Account, entry: &Entry) -> i64 {
    if matches!(account, Account::Person(_) | Account::Reserved(_)) { entry.transfer.amount } else { 0 }
}

/// One row.
pub fn entry_row(entry: &Entry, codes: &Codes, names: bool) -> Vec<Cell> {
    let it = &entry.transfer;
    let account = |account: &Account| {
        let (id, user) = account.parts();
        let shown = account_shown(account);
        let Some(user) = user else { return term(id.into(), shown.into()) };
        let code = match it.lead.filter(|_| !names && it.alarm.is_none()) {
            Some(lead) => codes.leads.get(&lead),
            None => codes.members.get(&user),
        };
        let code = code.map_or("?", String::as_str);
        term(format!("{id}:{code}"), format!("{shown} {code}"))
    };
    let own = |user: UserId| [&it.debit, &it.credit].iter().any(|account| account.parts().1 == Some(user));
    let by = match it.by {
        None => "baiying",
        // Whoever withdraws a tip or asks for a reward; also of the staff, or their code would stand beside the tip's.
        Some(user) if own(user) => "self",
        Some(user) => codes.staff.get(&user).map_or("unlisted", String::as_str),
    };
    let causes = [
        it.redemption.map(|id| (format!("redemption:{id}"), format!("兑换 redemption {id}"))),
        it.alarm.map(|id| (format!("alarm:{id}"), format!("警情 alarm {id}"))),
        it.lead.map(|id| (format!("lead:{id}"), format!("线索 lead {id}"))),
        (it.kind == TransferKind::Correction).then(|| ("correction".into(), "更正 correction".into())),
    ];
    let cause = causes.into_iter().flatten().next();
    vec![
        Cell::Int(entry.number),
        Cell::Instant(it.at),
        term(it.kind.name().into(), kind_shown(it.kind).into()),
        account(&it.debit),
        account(&it.credit),
        Cell::Int(it.amount),
        Cell::text(it.rule.clone()),
        Cell::text(it.book.clone()),
        cause.map_or(Cell::Empty, |(id, shown)| term(id, shown)),
        Cell::text(it.reason.clone().unwrap_or_default()),
        Cell::text(it.reverses.clone().unwrap_or_default()),
        Cell::text(by),
        Cell::text(entry.digest.chars().take(DIGEST_DIGITS).collect::<String>()),
    ]
}

fn term(id: String, shown: String) -> Cell {
    Cell::Term { id, shown }
}

fn account_shown(account: &Account) -> &'static str {
    match account {
        Account::Budget => "预算 budget",
        Account::Rewards => "已兑付 rewards",
        Account::Person(_) => "个人 person",
        Account::Held(_) => "待核 held",
        Account::Reserved(_) => "预留 reserved",
    }
}

fn kind_shown(kind: TransferKind) -> &'static str {
    match kind {
        TransferKind::Hold => "暂挂 hold",
        TransferKind::Post => "入账 post",
        TransferKind::Void => "作废 void",
        TransferKind::Award => "直接奖励 award",
        TransferKind::Reversal => "冲正 reversal",
        TransferKind::Reserve => "预留 reserve",
        TransferKind::Release => "释放 release",
        TransferKind::Redeem => "兑付 redeem",
        TransferKind::Correction => "更正 correction",
    }
}
