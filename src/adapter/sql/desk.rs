//! What the desk, the operator and exports look at. Reads only. Called by the store.

use super::alarm::{load_alarms, load_timelines};
use super::engine::{Db, Link, Pools, Row, Sql};
use super::lead::{LEAD_COLUMNS, read_lead};
use crate::domain::alarm::event::AlarmEvent;
use crate::domain::id::{AlarmId, LeadId, Millis};
use crate::domain::lead::Lead;
use crate::port::store::{AlarmFile, AlarmRecord, Gauges, LeadStep, QueueView};
use std::collections::HashMap;

async fn read_leads(link: &mut Link, sql: Sql) -> Db<Vec<Lead>> {
    link.rows(sql).await?.iter().map(|row| read_lead(&mut row.read())).collect()
}

/// The queue card: counts and the next leads.
pub(super) async fn queue_view(pools: &Pools) -> Db<QueueView> {
    let mut link = pools.reading().await?;
    let mut view = QueueView::default();
    for (count, condition) in [
        (&mut view.new, "state = 'new'"),
        (&mut view.claimed, "state = 'claimed'"),
        (&mut view.urgent, "state = 'new' AND urgent = 1"),
    ] {
        let mut sql = link.sql("SELECT count(*) FROM (SELECT 1 FROM lead WHERE state IN ('new', 'claimed') AND ");
        sql.push(condition).push(" LIMIT 1000) AS part");
        *count = link.number(sql).await?.unwrap_or_default();
    }
    let mut sql = link.sql("SELECT ");
    sql.push(LEAD_COLUMNS).push(
        " FROM lead WHERE state IN ('new', 'claimed') AND state = 'new' ORDER BY urgent DESC, received_at, id LIMIT 8",
    );
    view.next = read_leads(&mut link, sql).await?;
    Ok(view)
}

/// Counters.
pub(super) async fn gauges(pools: &Pools) -> Db<Gauges> {
    let mut link = pools.reading().await?;
    let mut gauges = Gauges::default();
    let sql = link.sql("SELECT state, count(*) FROM inbox WHERE state <> 'done' GROUP BY state");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        match row.next()? {
            "parked" => gauges.inbox_parked = row.next()?,
            _ => gauges.inbox_waiting = row.next()?,
        }
    }
    let sql = link.sql("SELECT state, count(*) FROM outbox WHERE state <> 'settled' GROUP BY state");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        match row.next()? {
            "failed" => gauges.outbox_failed = row.next()?,
            _ => gauges.outbox_waiting += row.next::<i64>()?,
        }
    }
    let sql = link.sql("SELECT received_at FROM inbox WHERE kind = 'update' ORDER BY seq DESC LIMIT 1");
    gauges.newest_update_at = link.number(sql).await?.map(Millis);
    Ok(gauges)
}

/// What was done to leads, of each the oldest first.
pub(super) async fn lead_steps(pools: &Pools, leads: &[LeadId]) -> Db<Vec<LeadStep>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql("SELECT lead, at, action FROM lead_event WHERE lead IN ");
    sql.list(&leads.iter().map(|lead| lead.0).collect::<Vec<_>>()).push(" ORDER BY lead, id");
    let step = |row: &Row| {
        let mut row = row.read();
        Ok(LeadStep { lead: LeadId(row.next()?), at: Millis(row.next()?), action: row.next()? })
    };
    link.rows(sql).await?.iter().map(step).collect()
}

/// Leads received in a period, in received order, from the one after `after`.
pub(super) async fn leads_between(
    pools: &Pools,
    from: Millis,
    to: Millis,
    after: LeadId,
    limit: usize,
) -> Db<Vec<Lead>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql("SELECT received_at FROM lead WHERE id = ");
    sql.bind(after.0);
    let resume = link.number(sql).await?.unwrap_or(i64::MIN);
    let mut sql = link.sql("SELECT ");
    sql.push(LEAD_COLUMNS).push(" FROM lead WHERE received_at >= ").bind(from.0.max(resume));
    sql.push(" AND received_at < ").bind(to.0).push(" AND (received_at > ").bind(resume);
    sql.push(" OR id > ").bind(after.0).push(") ORDER BY received_at, id").limit(limit);
    read_leads(&mut link, sql).await
}

/// Leads of which something was mended, or added to, since an instant, by number.
pub(super) async fn mended_since(pools: &Pools, since: Millis, after: LeadId, limit: usize) -> Db<Vec<LeadId>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql("SELECT DISTINCT lead FROM lead_event WHERE action IN ('mend', 'attach') AND at >= ");
    sql.bind(since.0).push(" AND lead > ").bind(after.0).push(" AND before IS NOT NULL ORDER BY lead").limit(limit);
    link.rows(sql).await?.iter().map(|row| row.read().next().map(LeadId)).collect()
}

/// Alarms raised in a period, as they are filed.
pub(super) async fn alarms_between(pools: &Pools, from: Millis, to: Millis) -> Db<Vec<AlarmRecord>> {
    let mut link = pools.reading().await?;
    let files = load_alarms(&mut link, |sql| {
        sql.push("raised_at >= ").bind(from.0).push(" AND raised_at < ").bind(to.0);
    });
    let files = files.await?;
    records(&mut link, files).await
}

/// A drill and the ended ones before it, the newest first.
pub(super) async fn last_drills(pools: &Pools, drill: AlarmId, limit: usize) -> Db<Vec<AlarmRecord>> {
    let mut link = pools.reading().await?;
    let files = load_alarms(&mut link, |sql| {
        sql.push("id IN (SELECT id FROM alarm WHERE drill = 1 AND id <= ").bind(drill.0);
        sql.push(" AND (stood_down_at IS NOT NULL OR id = ")
            .bind(drill.0)
            .push(") ORDER BY id DESC")
            .limit(limit)
            .push(")");
    });
    let mut files = files.await?;
    files.reverse();
    records(&mut link, files).await
}

async fn records(link: &mut Link, files: Vec<AlarmFile>) -> Db<Vec<AlarmRecord>> {
    let alarms: Vec<AlarmId> = files.iter().map(|file| file.alarm.id).collect();
    let mut timelines: HashMap<AlarmId, Vec<AlarmEvent>> = HashMap::new();
    for event in load_timelines(link, &alarms).await? {
        timelines.entry(event.alarm).or_default().push(event);
    }
    let record = |AlarmFile { alarm, calls, .. }: AlarmFile| {
        let timeline = timelines.remove(&alarm.id).unwrap_or_default();
        AlarmRecord { alarm, calls, timeline }
    };
    Ok(files.into_iter().map(record).collect())
}
