//! The ledger: transfers, statements and tallies. The tables themselves refuse any change of a transfer.
//!
//! What an account holds is counted beside the transfers by a trigger, in the same statement, so that no figure
//! costs more when the ledger is long; `audit` sums everything anew. Called by `step` (writing), `facts` and
//! exports (reading).

use super::code::Code;
use super::engine::{Db, Link, MAX_IDS, Reader, pieces, unreadable};
use super::member::{MEMBER_COLUMNS, read_member};
use crate::domain::id::{AlarmId, LeadId, Millis, UserId};
use crate::domain::member::Member;
use crate::domain::points::{Account, Transfer, TransferKind};
use crate::port::store::{Statement, StatementLine, Tally};
use std::collections::HashMap;

/// The columns that [`read_transfer`] reads.
pub(super) const TRANSFER_COLUMNS: &str = "transfer.key, transfer.kind, transfer.debit, transfer.debit_user, \
    transfer.credit, transfer.credit_user, transfer.amount, transfer.at, transfer.rule, transfer.lead, \
    transfer.alarm, transfer.reverses, transfer.by_user";

fn account_code(account: &Account) -> (&'static str, Option<i64>) {
    match account {
        Account::Budget => ("budget", None),
        Account::Rewards => ("rewards", None),
        Account::Person(user) => ("person", Some(user.0)),
        Account::Held(user) => ("held", Some(user.0)),
    }
}

fn read_account(row: &mut Reader<'_>) -> Db<Account> {
    let name: &str = row.next()?;
    match (name, row.next::<Option<i64>>()?) {
        ("budget", None) => Ok(Account::Budget),
        ("rewards", None) => Ok(Account::Rewards),
        ("person", Some(user)) => Ok(Account::Person(UserId(user))),
        ("held", Some(user)) => Ok(Account::Held(UserId(user))),
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
    })
}

/// Enters transfers; one whose key is there already is left alone.
pub(super) async fn insert_transfers(link: &mut Link, transfers: &[&Transfer]) -> Db<()> {
    // By person, so that two replicas that write to the same accounts do so in the same order and none waits in a ring.
    let mut transfers = transfers.to_vec();
    transfers.sort_by_key(|transfer| account_code(&transfer.credit).1.max(account_code(&transfer.debit).1));
    for piece in pieces(transfers.len(), 13) {
        let mut sql = link.sql(
            "INSERT INTO transfer (key, kind, debit, debit_user, credit, credit_user, amount, at, rule, lead, alarm, \
             reverses, by_user) VALUES ",
        );
        sql.tuples(&transfers[piece], |sql, transfer| {
            let (debit, debit_user) = account_code(&transfer.debit);
            let (credit, credit_user) = account_code(&transfer.credit);
            sql.bind(transfer.key.as_str()).bind(transfer.kind.code());
            sql.bind(debit).bind(debit_user).bind(credit).bind(credit_user);
            sql.bind(transfer.amount).bind(transfer.at.0).bind(transfer.rule.as_str());
            sql.bind(transfer.lead.map(|id| id.0)).bind(transfer.alarm.map(|id| id.0));
            sql.bind(transfer.reverses.as_deref()).bind(transfer.by.map(|user| user.0));
        });
        sql.push(" ON CONFLICT (key) DO NOTHING");
        link.run(sql).await?;
    }
    Ok(())
}

/// So many people's entries in one statement.
const MAX_STATEMENTS: usize = 16;
/// Entries of a statement.
const ENTRIES: usize = 10;

/// People's balances and last entries.
pub(super) async fn load_statements(link: &mut Link, users: &[i64]) -> Db<HashMap<i64, Statement>> {
    let mut statements: HashMap<i64, Statement> = HashMap::new();
    for users in users.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT user_id, person, held FROM balance WHERE user_id IN ");
        sql.list(users);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let statement = statements.entry(row.next()?).or_default();
            statement.balance = row.next()?;
            statement.held = row.next()?;
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
    let mut sql = link.sql("SELECT user_id, at, amount, rule, lead FROM (");
    for (index, user) in users.iter().enumerate() {
        for (side, sign) in [("credit", ""), ("debit", "-")] {
            let joined = if index == 0 && sign.is_empty() { "" } else { " UNION ALL " };
            sql.push(&format!(
                "{joined}SELECT * FROM (SELECT {side}_user AS user_id, id, at, {sign}amount AS amount, rule, lead \
                 FROM transfer WHERE {side} = 'person' AND {side}_user = "
            ));
            sql.bind(*user).push(" ORDER BY at DESC, id DESC").limit(ENTRIES).push(") AS part");
        }
    }
    sql.push(") AS line ORDER BY user_id, at DESC, id DESC");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let entries = &mut statements.entry(row.next()?).or_default().entries;
        if entries.len() < ENTRIES {
            entries.push(StatementLine {
                at: Millis(row.next()?),
                amount: row.next()?,
                rule: row.next()?,
                lead: row.next::<Option<i64>>()?.map(LeadId),
            });
        }
    }
    Ok(())
}

/// The condition by which entries that change what somebody may spend are found, in the words of their index.
const PERSONAL: &str = "(credit = 'person' OR debit = 'person')";

/// The tally of everybody whose points moved in the period.
///
/// Goes back from what each holds now, so that a period costs what happened in it and since, not what was before.
pub(super) async fn tallies(link: &mut Link, from: Millis, to: Millis) -> Db<Vec<Tally>> {
    let mut sql = link.sql(&format!(
        "WITH leg (user_id, kind, amount) AS (\
         SELECT credit_user, kind, amount FROM transfer WHERE {PERSONAL} AND credit = 'person' AND at >= "
    ));
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(&format!(
        " UNION ALL SELECT debit_user, kind, -amount FROM transfer WHERE {PERSONAL} AND debit = 'person' AND at >= "
    ));
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(
        "), moved (user_id, earned, spent, corrected) AS (SELECT user_id, \
         CAST(SUM(CASE WHEN kind IN ('post', 'award') THEN amount ELSE 0 END) AS BIGINT), \
         -CAST(SUM(CASE WHEN kind = 'redeem' THEN amount ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN kind NOT IN ('post', 'award', 'redeem') THEN amount ELSE 0 END) AS BIGINT) \
         FROM leg GROUP BY user_id) SELECT moved.user_id, earned, spent, corrected, \
         CAST(balance.person - COALESCE((SELECT SUM(amount) FROM transfer WHERE credit = 'person' \
         AND credit_user = moved.user_id AND at >= ",
    );
    sql.bind(to.0).push(
        "), 0) + COALESCE((SELECT SUM(amount) FROM transfer WHERE debit = 'person' AND debit_user = moved.user_id \
         AND at >= ",
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

/// What all people together could spend before an instant: what they can now, less what came since.
pub(super) async fn held_before(link: &mut Link, at: Millis) -> Db<i64> {
    let mut sql = link.sql(
        "SELECT CAST(person - COALESCE((SELECT SUM(CASE WHEN credit = 'person' AND debit = 'person' THEN 0 \
         WHEN credit = 'person' THEN amount ELSE -amount END) FROM transfer WHERE ",
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
