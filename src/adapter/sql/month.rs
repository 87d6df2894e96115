//! Closed months: what is open in one, the close itself, who was on file then, and the codes that filed tables show.
//!
//! Called by `step` and the store (closing), `facts` and exports (reading).

use super::engine::{Db, Link, MAX_IDS, from_json, to_json};
use super::ledger;
use super::step::Refused;
use crate::domain::id::{LeadId, Millis, UserId};
use crate::domain::month::{Checklist, CloseOrder, Closing, MonthClose};
use crate::domain::period::Period;
use crate::port::store::{FiledPerson, LedgerEnd};

/// What is known when a period is to be closed as that month.
pub(super) async fn closing(link: &mut Link, period: Period) -> Db<Closing> {
    let (from, to) = (period.from.0, period.to.0);
    let mut open = Checklist::default();
    let mut sql = link.sql(
        "SELECT COUNT(*), CAST(COALESCE(SUM(net), 0) AS BIGINT) FROM (SELECT lead, \
         SUM(CASE WHEN credit = 'held' THEN amount ELSE -amount END) AS net FROM transfer \
         WHERE (credit = 'held' OR debit = 'held') AND lead IN (SELECT lead FROM transfer WHERE kind = 'hold' AND at >= ",
    );
    sql.bind(from)
        .push(" AND at < ")
        .bind(to)
        .push(") GROUP BY lead HAVING SUM(CASE WHEN credit = 'held' THEN amount ELSE -amount END) > 0) AS part");
    if let Some(row) = link.rows(sql).await?.first() {
        let mut row = row.read();
        (open.held, open.held_points) = (row.next()?, row.next()?);
    }
    let mut sql = link.sql("SELECT COUNT(*) FROM lead WHERE state IN ('new', 'claimed') AND received_at >= ");
    sql.bind(from).push(" AND received_at < ").bind(to);
    open.undecided = link.number(sql).await?.unwrap_or_default();
    let mut sql = link.sql("SELECT COUNT(*) FROM (");
    moved_in(&mut sql, from, to);
    sql.push(") AS moved LEFT JOIN member ON member.user_id = moved.user_id WHERE COALESCE(member.name, '') = ''");
    open.nameless = link.number(sql).await?.unwrap_or_default();
    let mut sql = link.sql("SELECT COUNT(*) FROM redemption WHERE state IN ('asked', 'ready') AND asked_at < ");
    sql.bind(to);
    open.redemptions = link.number(sql).await?.unwrap_or_default();

    let sql = link.sql("SELECT MIN(at) FROM transfer");
    let first_entry = link.number(sql).await?.map(Millis);
    let sql = link.sql("SELECT closed_until FROM ledger_head");
    let closed_until = link.number(sql).await?.filter(|until| *until > 0).map(Millis);
    Ok(Closing { open, closed: closed(link, period).await?, closed_until, first_entry })
}

/// The people whose own points moved in a period.
fn moved_in(sql: &mut super::engine::Sql, from: i64, to: i64) {
    for (index, side) in ["credit", "debit"].into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION " });
        sql.push(&format!(
            "SELECT {side}_user AS user_id FROM transfer WHERE {side} IN ('person', 'reserved') AND at >= "
        ));
        sql.bind(from).push(" AND at < ").bind(to);
    }
}

/// How a period was closed, if it is a closed month.
pub(super) async fn closed(link: &mut Link, period: Period) -> Db<Option<MonthClose>> {
    let mut sql = link.sql(
        "SELECT month, begins, ends, closed_at, closed_by, last, digest, open_items FROM month_close WHERE begins = ",
    );
    sql.bind(period.from.0).push(" AND ends = ").bind(period.to.0);
    let rows = link.rows(sql).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.read();
    Ok(Some(MonthClose {
        month: row.next()?,
        period: Period { from: Millis(row.next()?), to: Millis(row.next()?) },
        at: Millis(row.next()?),
        by: row.next()?,
        last: row.next()?,
        digest: row.next()?,
        open: from_json(row.next()?)?,
    }))
}

/// Closes a month: nothing can be dated before its end from now on.
pub(super) async fn close(link: &mut Link, order: &CloseOrder) -> Result<(), Refused> {
    let head = ledger::hold_head(link).await?;
    let Period { from, to } = order.period;
    if head.closed_until > from {
        return Err(Refused::Conflict);
    }
    let mut sql = link
        .sql("INSERT INTO month_close (month, begins, ends, closed_at, closed_by, last, digest, open_items) VALUES (");
    sql.bind(order.month.as_str()).bind(from.0).bind(to.0).bind(order.at.0).bind(order.by.as_str());
    sql.bind(head.last).bind(head.digest.as_str()).bind(to_json(&order.open)).push(") ON CONFLICT DO NOTHING");
    if link.run(sql).await? != 1 {
        return Err(Refused::Conflict);
    }
    let mut sql = link.sql("UPDATE ledger_head SET closed_until = ");
    sql.bind(to.0);
    link.run(sql).await?;
    let mut sql = link
        .sql("INSERT INTO month_person (month, user_id, code, name, occupation, group_name, team, staff) SELECT CAST(");
    sql.bind(order.month.as_str()).push(
        " AS TEXT), user_id, code, name, occupation, group_name, team, CASE WHEN roles <> '' THEN 1 ELSE 0 END FROM member \
         WHERE roles <> '' OR user_id IN (SELECT credit_user FROM transfer WHERE credit_user IS NOT NULL AND at >= ",
    );
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(" UNION SELECT debit_user FROM transfer WHERE debit_user IS NOT NULL AND at >= ");
    sql.bind(from.0).push(" AND at < ").bind(to.0);
    sql.push(" UNION SELECT user_id FROM redemption WHERE asked_at < ").bind(to.0);
    sql.push(" AND (asked_at >= ").bind(from.0).push(" OR ended_at >= ").bind(from.0).push("))");
    link.run(sql).await?;
    Ok(())
}

/// Who was on file when a month was closed: all whose points it moved, and the staff.
pub(super) async fn filed_people(link: &mut Link, month: &str) -> Db<Vec<FiledPerson>> {
    let mut sql =
        link.sql("SELECT user_id, code, name, occupation, group_name, team, staff FROM month_person WHERE month = ");
    sql.bind(month).push(" ORDER BY user_id");
    let person = |row: &super::engine::Row| {
        let mut row = row.read();
        Ok(FiledPerson {
            user: UserId(row.next()?),
            code: row.next()?,
            name: row.next()?,
            occupation: row.next()?,
            group: row.next()?,
            team: row.next()?,
            staff: row.next::<i64>()? != 0,
        })
    };
    link.rows(sql).await?.iter().map(person).collect()
}

/// Where the ledger ends.
pub(super) async fn ledger_end(link: &mut Link) -> Db<LedgerEnd> {
    let sql = link.sql("SELECT last, digest FROM ledger_head");
    let rows = link.rows(sql).await?;
    let mut row = rows.first().ok_or(sqlx::Error::RowNotFound)?.read();
    Ok(LedgerEnd { last: row.next()?, digest: row.next()? })
}

/// The codes that were made for leads' reporters, each for its lead alone.
pub(super) async fn lead_codes(link: &mut Link, leads: &[LeadId]) -> Db<Vec<(LeadId, String)>> {
    let numbers: Vec<i64> = leads.iter().map(|lead| lead.0).collect();
    let mut codes = Vec::with_capacity(leads.len());
    for piece in numbers.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT id, reporter_code FROM lead WHERE id IN ");
        sql.list(piece);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            codes.push((LeadId(row.next()?), row.next()?));
        }
    }
    Ok(codes)
}

/// The codes of people on file.
pub(super) async fn member_codes(link: &mut Link, users: &[UserId]) -> Db<Vec<(UserId, String)>> {
    let numbers: Vec<i64> = users.iter().map(|user| user.0).collect();
    let mut codes = Vec::with_capacity(users.len());
    for piece in numbers.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT user_id, code FROM member WHERE user_id IN ");
        sql.list(piece);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            codes.push((UserId(row.next()?), row.next()?));
        }
    }
    Ok(codes)
}
