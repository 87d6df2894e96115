//! The ledger: transfers, statements and tallies. The tables themselves refuse any change of a transfer, one that does
//! not add up, and one that overdraws an account.
//!
//! What an account holds is counted beside the transfers by a trigger, in the same statement, so that no figure
//! costs more when the ledger is long; `audit` sums everything anew. Entries are written one writer at a time, who
//! holds the head of the chain. Called by `step` (writing), `facts` and exports (reading).

use super::code::Code;
use super::engine::{Db, Link, MAX_IDS, Reader, Row, padded, pieces, unreadable};
use super::member::{MEMBER_COLUMNS, read_member};
use super::redemption;
use crate::domain::id::{AlarmId, LeadId, Millis, RedemptionId, UserId};
use crate::domain::member::Member;
use crate::domain::points::{Account, Entry, Transfer, TransferKind, chain};
use crate::port::store::{Statement, StatementLine, Tally};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The columns that [`read_transfer`] reads.
pub(super) const TRANSFER_COLUMNS: &str = "transfer.key, transfer.kind, transfer.debit, transfer.debit_user, \
    transfer.credit, transfer.credit_user, transfer.amount, transfer.at, transfer.rule, transfer.lead, \
    transfer.alarm, transfer.reverses, transfer.by_user, transfer.book, transfer.redemption, transfer.reason";

fn account_code(account: &Account) -> (&'static str, Option<i64>) {
    let (name, user) = account.parts();
    (name, user.map(|user| user.0))
}

fn read_account(row: &mut Reader<'_>) -> Db<Account> {
    let name: &str = row.next()?;
    match (name, row.next::<Option<i64>>()?) {
        ("budget", None) => Ok(Account::Budget),
        ("rewards", None) => Ok(Account::Rewards),
        ("person", Some(user)) => Ok(Account::Person(UserId(user))),
        ("held", Some(user)) => Ok(Account::Held(UserId(user))),
        ("reserved", Some(user)) => Ok(Account::Reserved(UserId(user))),
        _ => Err(unreadable(format_args!("account {name:?}"))),
    }
}

/// Reads [`TRANSFER_COLUMNS`].
pub(super) fn read_transfer(row: &mut Reader<'_>) -> Db<Transfer> {
    Ok(Transfer {
        key: row.next()?,
        kind: TransferKind::parse_code(row.next()?)?,
        debit: read_account(row)?,
        credit: read_account(row)?,
        amount: row.next()?,
        at: Millis(row.next()?),
        rule: row.next()?,
        lead: row.next::<Option<i64>>()?.map(LeadId),
        alarm: row.next::<Option<i64>>()?.map(AlarmId),
        reverses: row.next()?,
        by: row.next::<Option<i64>>()?.map(UserId),
        book: row.next()?,
        redemption: row.next::<Option<i64>>()?.map(RedemptionId),
        reason: row.next()?,
    })
}

/// Where the chain ends.
#[derive(Debug)]
pub(super) struct Head {
    /// The number of the last entry.
    pub(super) last: i64,
    /// Its digest.
    pub(super) digest: String,
    /// Nothing can be dated before this.
    pub(super) closed_until: Millis,
}

/// Reads where the chain ends; in a transaction, nobody else can write an entry until its end. PostgreSQL: taken after
/// all other locks, so that no two writers wait for each other, and none for long.
pub(super) async fn hold_head(link: &mut Link) -> Db<Head> {
    let mut sql = link.sql("SELECT last, digest, closed_until FROM ledger_head");
    if matches!(link, Link::Pg(_)) {
        sql.push(" FOR UPDATE");
    }
    let rows = link.rows(sql).await?;
    let mut row = rows.first().ok_or(sqlx::Error::RowNotFound)?.read();
    Ok(Head { last: row.next()?, digest: row.next()?, closed_until: Millis(row.next()?) })
}

/// Enters transfers; one whose key is there already is left alone. Nothing is dated into a closed month: what comes late
/// for it counts from its end.
pub(super) async fn insert_transfers(link: &mut Link, transfers: &[&Transfer]) -> Db<()> {
    if transfers.is_empty() {
        return Ok(());
    }
    let mut head = hold_head(link).await?;
    let mut known = known_keys(link, transfers).await?;
    let mut entries: Vec<Entry> = Vec::with_capacity(transfers.len());
    for transfer in transfers {
        if !known.insert(transfer.key.clone()) {
            continue;
        }
        let transfer = Transfer { at: transfer.at.max(head.closed_until), ..(*transfer).clone() };
        head.last += 1;
        head.digest = chain::digest(&head.digest, head.last, &transfer);
        entries.push(Entry { number: head.last, transfer, digest: head.digest.clone() });
    }
    for piece in pieces(entries.len(), 18) {
        let mut sql = link.sql(
            "INSERT INTO transfer (id, digest, key, kind, debit, debit_user, credit, credit_user, amount, at, rule, lead, \
             alarm, reverses, by_user, book, redemption, reason) VALUES ",
        );
        sql.tuples(&entries[piece], |sql, Entry { number, transfer, digest }| {
            let (debit, debit_user) = account_code(&transfer.debit);
            let (credit, credit_user) = account_code(&transfer.credit);
            sql.bind(*number).bind(digest.as_str());
            sql.bind(transfer.key.as_str()).bind(transfer.kind.code());
            sql.bind(debit).bind(debit_user).bind(credit).bind(credit_user);
            sql.bind(transfer.amount).bind(transfer.at.0).bind(transfer.rule.as_str());
            sql.bind(transfer.lead.map(|id| id.0)).bind(transfer.alarm.map(|id| id.0));
            sql.bind(transfer.reverses.as_deref()).bind(transfer.by.map(|user| user.0));
            sql.bind(transfer.book.as_str()).bind(transfer.redemption.map(|id| id.0)).bind(transfer.reason.as_deref());
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Gives back to the budget what is still held for these leads.
pub(super) async fn void_held(link: &mut Link, leads: &[i64], now: Millis) -> Db<()> {
    let mut sql = link.sql("SELECT ");
    sql.push(TRANSFER_COLUMNS).push(" FROM transfer WHERE lead IN ").list(leads).push(" ORDER BY id");
    let mut held: BTreeMap<(LeadId, UserId), (i64, Transfer)> = BTreeMap::new();
    for row in link.rows(sql).await? {
        let transfer = read_transfer(&mut row.read())?;
        let Some(lead) = transfer.lead else { continue };
        for (account, sign) in [(&transfer.credit, 1), (&transfer.debit, -1)] {
            if let Account::Held(user) = account {
                held.entry((lead, *user)).or_insert_with(|| (0, transfer.clone())).0 += sign * transfer.amount;
            }
        }
    }
    let left = held.into_iter().filter(|(_, (amount, _))| *amount > 0);
    let voids: Vec<Transfer> = left
        .map(|((lead, user), (amount, first))| Transfer {
            key: format!("lead:{lead}:retention:{user}"),
            kind: TransferKind::Void,
            debit: Account::Held(user),
            credit: Account::Budget,
            amount,
            at: now,
            reverses: None,
            by: None,
            ..first
        })
        .collect();
    insert_transfers(link, &voids.iter().collect::<Vec<_>>()).await
}

/// Which of these entries' keys are in the ledger already.
async fn known_keys(link: &mut Link, transfers: &[&Transfer]) -> Db<HashSet<String>> {
    let mut known = HashSet::new();
    for transfers in transfers.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT key FROM transfer WHERE key IN (");
        for index in 0..padded(transfers.len()) {
            sql.bind(transfers.get(index).map(|transfer| transfer.key.as_str()));
        }
        sql.push(")");
        for row in link.rows(sql).await? {
            known.insert(row.read().next()?);
        }
    }
    Ok(known)
}

/// The columns that [`read_entry`] reads, before [`TRANSFER_COLUMNS`].
const ENTRY_COLUMNS: &str = "SELECT transfer.id, transfer.digest, ";

fn read_entry(row: &Row) -> Db<Entry> {
    let mut row = row.read();
    let (number, digest) = (row.next()?, row.next::<Option<String>>()?.unwrap_or_default());
    Ok(Entry { number, transfer: read_transfer(&mut row)?, digest })
}

/// So many entries are read at once where all of them are.
const PAGE: usize = 2_000;

/// Chains the entries that were there before the chain was: once, when such a database is opened.
pub(super) async fn seal(link: &mut Link) -> Db<()> {
    let unsealed = link.sql("SELECT id FROM transfer WHERE digest IS NULL LIMIT 1");
    if link.number(unsealed).await?.is_none() {
        return Ok(());
    }
    let head = hold_head(link).await?;
    let (mut after, mut digest) = (0, String::from(chain::START));
    loop {
        let rows = page(link, after).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let entry = read_entry(row)?;
            after = entry.number;
            if entry.digest.is_empty() {
                digest = chain::digest(&digest, entry.number, &entry.transfer);
                let mut sql = link.sql("UPDATE transfer SET digest = ");
                sql.bind(digest.as_str()).push(" WHERE id = ").bind(entry.number);
                link.run(sql).await?;
            } else {
                digest = entry.digest;
            }
        }
    }
    let mut sql = link.sql("UPDATE ledger_head SET digest = ");
    sql.bind(digest).push(" WHERE last = ").bind(head.last);
    link.run(sql).await?;
    Ok(())
}

/// The entries after a number, in the order of the chain.
async fn page(link: &mut Link, after: i64) -> Db<Vec<Row>> {
    let mut sql = link.sql(ENTRY_COLUMNS);
    sql.push(TRANSFER_COLUMNS).push(" FROM transfer WHERE id > ").bind(after).push(" ORDER BY id").limit(PAGE);
    link.rows(sql).await
}

/// Walks the whole chain: gives the numbers of the entries whose digest is not that of what stands there, and tells of
/// an end that is not the one that was kept as -1.
pub(super) async fn broken_links(link: &mut Link) -> Db<Vec<i64>> {
    let (mut after, mut before, mut broken) = (0, String::from(chain::START), Vec::new());
    loop {
        let rows = page(link, after).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let mut row = row.read();
            let (number, digest): (i64, Option<String>) = (row.next()?, row.next()?);
            let stands = read_transfer(&mut row).is_ok_and(|t| Some(chain::digest(&before, number, &t)) == digest);
            if !stands {
                broken.push(number);
            }
            (after, before) = (number, digest.unwrap_or_default());
        }
    }
    let sql = link.sql("SELECT last, digest, closed_until FROM ledger_head");
    let rows = link.rows(sql).await?;
    let ends_there = match rows.first() {
        None => false,
        Some(row) => {
            let mut row = row.read();
            (row.next::<i64>()?, row.next::<String>()?) == (after, before)
        }
    };
    if !ends_there {
        broken.push(-1);
    }
    Ok(broken)
}

/// Entries dated within a half-open period, by date, from the one after `after` (its date and number), at most `limit`.
pub(super) async fn entries_between(
    link: &mut Link,
    from: Millis,
    to: Millis,
    after: (Millis, i64),
    limit: usize,
) -> Db<Vec<Entry>> {
    let mut sql = link.sql(ENTRY_COLUMNS);
    sql.push(TRANSFER_COLUMNS).push(" FROM transfer WHERE at >= ").bind(from.max(after.0).0);
    sql.push(" AND at < ").bind(to.0).push(" AND (at, id) > (").bind(after.0.0).bind(after.1).push(")");
    sql.push(" ORDER BY at, id").limit(limit);
    link.rows(sql).await?.iter().map(read_entry).collect()
}

/// So many people's entries in one statement.
const MAX_STATEMENTS: usize = 16;
/// Entries of a statement.
const ENTRIES: usize = 10;

/// People's balances and last entries.
pub(super) async fn load_statements(link: &mut Link, users: &[i64]) -> Db<HashMap<i64, Statement>> {
    let mut statements: HashMap<i64, Statement> = HashMap::new();
    for users in users.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT user_id, person, held, reserved FROM balance WHERE user_id IN ");
        sql.list(users);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let statement = statements.entry(row.next()?).or_default();
            statement.balance = row.next()?;
            statement.held = row.next()?;
            statement.reserved = row.next()?;
        }
    }
    for user in users {
        let open = redemption::load_open(link, *user).await?;
        if !open.is_empty() {
            statements.entry(*user).or_default().open = open;
        }
    }
    let mut rest = users;
    while !rest.is_empty() {
        // Powers of two, so that few distinct statements are prepared.
        let size = 1 << rest.len().min(MAX_STATEMENTS).ilog2();
        let (slice, after) = rest.split_at(size);
        load_entries(link, slice, &mut statements).await?;
        rest = after;
    }
    Ok(statements)
}

/// Each person's last entries, by two walks from the newest back, one for each side.
async fn load_entries(link: &mut Link, users: &[i64], statements: &mut HashMap<i64, Statement>) -> Db<()> {
    let mut sql = link.sql("SELECT line.user_id, at, amount, rule, kind, lead, alarm, reason, zh, en FROM (");
    for (index, user) in users.iter().enumerate() {
        for (side, sign) in [("credit", ""), ("debit", "-")] {
            let joined = if index == 0 && sign.is_empty() { "" } else { " UNION ALL " };
            sql.push(&format!(
                "{joined}SELECT * FROM (SELECT {side}_user AS user_id, id, at, {sign}amount AS amount, rule, kind, lead, \
                 alarm, reason, redemption \
                 FROM transfer WHERE {side} = 'person' AND {side}_user = "
            ));
            sql.bind(*user).push(" ORDER BY at DESC, id DESC").limit(ENTRIES).push(") AS part");
        }
    }
    sql.push(
        ") AS line LEFT JOIN redemption ON redemption.id = line.redemption ORDER BY line.user_id, at DESC, line.id DESC",
    );
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let entries = &mut statements.entry(row.next()?).or_default().entries;
        if entries.len() < ENTRIES {
            entries.push(StatementLine {
                at: Millis(row.next()?),
                amount: row.next()?,
                rule: row.next()?,
                kind: TransferKind::parse_code(row.next()?)?,
                lead: row.next::<Option<i64>>()?.map(LeadId),
                alarm: row.next::<Option<i64>>()?.map(AlarmId),
                reason: row.next()?,
                reward: row.next::<Option<String>>()?.zip(row.next()?),
            });
        }
    }
    Ok(())
}

/// The condition by which entries that change what somebody owns are found, in the words of their index.
const PERSONAL: &str = "(credit IN ('person', 'reserved') OR debit IN ('person', 'reserved'))";

/// The tally of everybody whose points moved in the period. What is set aside for a redemption is still the person's.
///
/// Goes back from what each holds now, so that a period costs what happened in it and since, not what was before.
pub(super) async fn tallies(link: &mut Link, from: Millis, to: Millis) -> Db<Vec<Tally>> {
    let mut sql = link.sql(&format!(
        "WITH leg (user_id, kind, amount) AS (\
         SELECT credit_user, kind, amount FROM transfer WHERE {PERSONAL} AND credit IN ('person', 'reserved') \
         AND kind NOT IN ('reserve', 'release') AND at >= "
    ));
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(&format!(
        " UNION ALL SELECT debit_user, kind, -amount FROM transfer WHERE {PERSONAL} AND debit IN ('person', 'reserved') \
         AND kind NOT IN ('reserve', 'release') AND at >= "
    ));
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(
        "), moved (user_id, earned, spent, corrected) AS (SELECT user_id, \
         CAST(SUM(CASE WHEN kind IN ('post', 'award') THEN amount ELSE 0 END) AS BIGINT), \
         -CAST(SUM(CASE WHEN kind = 'redeem' THEN amount ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN kind NOT IN ('post', 'award', 'redeem') THEN amount ELSE 0 END) AS BIGINT) \
         FROM leg GROUP BY user_id) SELECT moved.user_id, earned, spent, corrected, \
         CAST(balance.person + balance.reserved - COALESCE((SELECT SUM(amount) FROM transfer \
         WHERE credit IN ('person', 'reserved') AND credit_user = moved.user_id AND at >= ",
    );
    sql.bind(to.0).push(
        "), 0) + COALESCE((SELECT SUM(amount) FROM transfer WHERE debit IN ('person', 'reserved') \
         AND debit_user = moved.user_id AND at >= ",
    );
    sql.bind(to.0).push("), 0) AS BIGINT), ").push(MEMBER_COLUMNS);
    sql.push(
        " FROM moved JOIN balance ON balance.user_id = moved.user_id LEFT JOIN member ON member.user_id = moved.user_id \
         ORDER BY member.code, moved.user_id",
    );
    link.rows(sql)
        .await?
        .iter()
        .map(|row| {
            let mut row = row.read();
            let user = UserId(row.next()?);
            let (earned, spent, corrected): (i64, i64, i64) = (row.next()?, row.next()?, row.next()?);
            let closing: i64 = row.next()?;
            let member = match row.peek::<Option<i64>>()? {
                Some(_) => read_member(&mut row)?,
                None => stranger(user),
            };
            Ok(Tally { member, opening: closing - earned + spent - corrected, earned, spent, corrected, closing })
        })
        .collect()
}

/// What all people together owned before an instant: what they do now, less what came since.
pub(super) async fn held_before(link: &mut Link, at: Millis) -> Db<i64> {
    let mut sql = link.sql(
        "SELECT CAST(person + reserved - COALESCE((SELECT SUM(\
         CASE WHEN credit IN ('person', 'reserved') THEN amount ELSE 0 END \
         - CASE WHEN debit IN ('person', 'reserved') THEN amount ELSE 0 END) FROM transfer WHERE ",
    );
    sql.push(PERSONAL).push(" AND at >= ").bind(at.0).push("), 0) AS BIGINT) FROM balance WHERE user_id = 0");
    link.number(sql).await?.ok_or(sqlx::Error::RowNotFound)
}

/// Stands for somebody who has points but is not on file, so that the totals still add up.
fn stranger(user: UserId) -> Member {
    Member {
        user,
        name: String::new(),
        occupation: String::new(),
        group: String::new(),
        team: String::new(),
        roles: Vec::new(),
        language: None,
        code: "?".into(),
        first_seen: Millis(0),
        told_at: None,
    }
}
