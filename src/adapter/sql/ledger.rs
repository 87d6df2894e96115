//! The ledger: transfers, statements and tallies. The tables themselves refuse any change of a transfer.
//!
//! Every figure is summed from the transfers. Called by `step` (writing), `facts` and exports (reading).

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

/// People's balances and last entries.
pub(super) async fn load_statements(link: &mut Link, users: &[i64]) -> Db<HashMap<i64, Statement>> {
    let mut statements: HashMap<i64, Statement> = HashMap::new();
    for users in users.chunks(MAX_IDS) {
        let mut sql = link.sql(
            "SELECT user_id, CAST(SUM(CASE WHEN account = 'person' THEN amount ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE WHEN account = 'held' THEN amount ELSE 0 END) AS BIGINT) FROM (\
             SELECT credit_user AS user_id, credit AS account, amount FROM transfer WHERE credit_user IN ",
        );
        sql.list(users).push(" UNION ALL SELECT debit_user, debit, -amount FROM transfer WHERE debit_user IN ");
        sql.list(users).push(") AS leg GROUP BY user_id");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let statement = statements.entry(row.next()?).or_default();
            statement.balance = row.next()?;
            statement.held = row.next()?;
        }
        let mut sql = link.sql(
            "SELECT user_id, at, amount, rule, lead FROM (SELECT user_id, id, at, amount, rule, lead, \
             ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY id DESC) AS place FROM (\
             SELECT credit_user AS user_id, id, at, amount, rule, lead FROM transfer \
             WHERE credit = 'person' AND credit_user IN ",
        );
        sql.list(users).push(
            " UNION ALL SELECT debit_user, id, at, -amount, rule, lead FROM transfer \
             WHERE debit = 'person' AND debit_user IN ",
        );
        sql.list(users).push(") AS leg) AS line WHERE place <= 10 ORDER BY user_id, id DESC");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            statements.entry(row.next()?).or_default().entries.push(StatementLine {
                at: Millis(row.next()?),
                amount: row.next()?,
                rule: row.next()?,
                lead: row.next::<Option<i64>>()?.map(LeadId),
            });
        }
    }
    Ok(statements)
}

/// The tally of everybody whose account was ever touched before `to`.
pub(super) async fn tallies(link: &mut Link, from: Millis, to: Millis) -> Db<Vec<Tally>> {
    let mut sql = link.sql(
        "WITH leg (user_id, at, kind, amount) AS (\
         SELECT credit_user, at, kind, amount FROM transfer WHERE credit = 'person' UNION ALL \
         SELECT debit_user, at, kind, -amount FROM transfer WHERE debit = 'person'), \
         tally (user_id, opening, earned, spent, corrected, closing) AS (SELECT user_id, \
         CAST(SUM(CASE WHEN at < ",
    );
    sql.bind(from.0).push(" THEN amount ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN at >= ").bind(from.0);
    sql.push(" AND kind IN ('post', 'award') THEN amount ELSE 0 END) AS BIGINT), -CAST(SUM(CASE WHEN at >= ");
    sql.bind(from.0).push(" AND kind = 'redeem' THEN amount ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN at >= ");
    sql.bind(from.0).push(
        " AND kind NOT IN ('post', 'award', 'redeem') THEN amount ELSE 0 END) AS BIGINT), \
         CAST(SUM(amount) AS BIGINT) FROM leg WHERE at < ",
    );
    sql.bind(to.0).push(" GROUP BY user_id) SELECT tally.user_id, opening, earned, spent, corrected, closing, ");
    sql.push(MEMBER_COLUMNS)
        .push(" FROM tally LEFT JOIN member ON member.user_id = tally.user_id ORDER BY member.code, tally.user_id");
    link.rows(sql)
        .await?
        .iter()
        .map(|row| {
            let mut row = row.read();
            let user = UserId(row.next()?);
            let (opening, earned, spent) = (row.next()?, row.next()?, row.next()?);
            let (corrected, closing) = (row.next()?, row.next()?);
            let member = match row.peek::<Option<i64>>()? {
                Some(_) => read_member(&mut row)?,
                None => stranger(user),
            };
            Ok(Tally { member, opening, earned, spent, corrected, closing })
        })
        .collect()
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
