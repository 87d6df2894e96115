//! The inbox: updates and events of the product's own, kept in order until they are done.
//!
//! A row is waiting, done or parked. Only `step` marks rows done. Called by the store.

use super::code::Code;
use super::engine::{Db, Link, Pools, Sql, from_json, pieces};
use crate::domain::id::{ChatId, EventSeq, Millis};
use crate::port::store::{Event, EventKind, OutboxReport, RawUpdate, TimerKind};
use std::collections::HashSet;

/// After so long the platform may count its updates anew, so a number may come again.
const UPDATE_ID_LIFE_MS: i64 = 48 * 3_600_000;

/// How many times as many events as are taken are looked at for chats that no other replica has.
const LOOKED_AT: usize = 16;

/// Stores what is new.
pub(super) async fn receive(pools: &Pools, updates: &[RawUpdate], now: Millis) -> Db<usize> {
    if updates.is_empty() {
        return Ok(0);
    }
    let mut link = pools.writing().await?;
    let stored = insert_updates(&mut link, updates, now).await?;
    if stored == updates.len() || forget_old_numbers(&mut link, updates, now).await? == 0 {
        link.commit().await?;
        return Ok(stored);
    }
    // Some numbers came round again: from the start, so that the order is that of arrival.
    link.rollback().await?;
    let mut link = pools.writing().await?;
    forget_old_numbers(&mut link, updates, now).await?;
    let stored = insert_updates(&mut link, updates, now).await?;
    link.commit().await?;
    Ok(stored)
}

async fn insert_updates(link: &mut Link, updates: &[RawUpdate], now: Millis) -> Db<usize> {
    let mut stored = 0;
    for piece in pieces(updates.len(), 5) {
        let mut sql = link.sql("INSERT INTO inbox (kind, update_id, chat, received_at, ahead, payload) VALUES ");
        sql.tuples(&updates[piece], |sql, update| {
            sql.push("'update',").bind(update.update_id).bind(update.chat.0).bind(now.0);
            sql.bind(i64::from(update.press)).bind(update.json.as_str());
        });
        sql.push(" ON CONFLICT DO NOTHING");
        stored += link.run(sql).await?;
    }
    Ok(usize::try_from(stored).expect("no more than were given"))
}

/// Takes the numbers off done rows that are old enough; tells how many.
async fn forget_old_numbers(link: &mut Link, updates: &[RawUpdate], now: Millis) -> Db<u64> {
    let mut forgotten = 0;
    let numbers: Vec<i64> = updates.iter().map(|update| update.update_id).collect();
    for piece in numbers.chunks(super::engine::MAX_IDS) {
        let mut sql = link.sql("UPDATE inbox SET update_id = NULL WHERE state <> 'waiting' AND received_at < ");
        sql.bind(now.plus_ms(-UPDATE_ID_LIFE_MS).0).push(" AND update_id IN ").list(piece);
        forgotten += link.run(sql).await?;
    }
    Ok(forgotten)
}

/// Goes on with the condition of events that may be taken now. Behind one that is to be retried later its chat waits;
/// events without a chat do not.
fn where_takeable(sql: &mut Sql, now: Millis) {
    sql.push(" FROM inbox WHERE state = 'waiting' AND state <> 'done' AND ");
    when_due(sql, now);
}

fn when_due(sql: &mut Sql, now: Millis) {
    sql.push("retry_at <= ").bind(now.0).push(
        " AND (chat = 0 OR NOT EXISTS (SELECT 1 FROM inbox AS head WHERE head.chat = inbox.chat \
         AND head.seq < inbox.seq AND head.state = 'waiting' AND head.retry_at > 0 AND head.retry_at > ",
    );
    sql.bind(now.0).push("))");
}

/// Goes on with the condition of events that go ahead of other chats' messages: they overtake none of their own chat's.
fn where_ahead(sql: &mut Sql, now: Millis) {
    // Worded so that no index serves but that of the few which go ahead.
    sql.push(" FROM inbox WHERE state = 'waiting' AND ahead > 0 AND ");
    when_due(sql, now);
    sql.push(
        " AND (chat = 0 OR NOT EXISTS (SELECT 1 FROM inbox AS head WHERE head.chat = inbox.chat \
         AND head.seq < inbox.seq AND head.state = 'waiting' AND head.ahead = 0))",
    );
}

/// Events that go ahead, then the oldest; among replicas, of chats whose turn is this one's.
pub(super) async fn take(pools: &Pools, limit: usize, now: Millis) -> Db<Vec<Event>> {
    match pools.replica() {
        None => read(&mut pools.reading().await?, limit, now, None).await,
        // Chats that another replica has are passed over, as rows are by SKIP LOCKED, which would let the second event of
        // a chat overtake its first. Sorted and limited inside and locked outside, so that no more is locked than is
        // taken. What is read once a chat is ours nobody else is at.
        Some(replica) => {
            let find = async |link: &mut Link| {
                let mut found = Found::default();
                let mut left = limit;
                for condition in [where_ahead, where_takeable] {
                    let mut sql = link.sql("SELECT chat, seq FROM (SELECT chat, seq");
                    condition(&mut sql, now);
                    sql.push(" ORDER BY seq").limit(LOOKED_AT * limit);
                    sql.push(") AS waiting WHERE pg_try_advisory_lock(chat)").limit(left);
                    found.last = 0;
                    for row in link.rows(sql).await? {
                        let mut row = row.read();
                        found.chats.push(row.next()?);
                        found.last = found.last.max(row.next()?);
                        left -= 1;
                    }
                    if left == 0 {
                        break;
                    }
                }
                found.chats.sort_unstable();
                found.chats.dedup();
                Ok(found)
            };
            let read = async |link: &mut Link, found: &Found| read(link, limit, now, Some(found)).await;
            replica.take_turn(find, |found| !found.chats.is_empty(), read).await
        }
    }
}

/// Chats whose turn was taken, and up to which event, what goes ahead left aside.
#[derive(Debug, Default)]
struct Found {
    chats: Vec<i64>,
    last: i64,
}

async fn read(link: &mut Link, limit: usize, now: Millis, of: Option<&Found>) -> Db<Vec<Event>> {
    const COLUMNS: &str = "SELECT seq, kind, chat, received_at, attempts, payload";
    let mut sql = link.sql(COLUMNS);
    where_ahead(&mut sql, now);
    if let Some(found) = of {
        sql.push(" AND chat IN ").list(&found.chats);
    }
    // A thousand reports of what could not be delivered, which are of no chat, hold up no clock and no tap.
    sql.push(" ORDER BY CASE WHEN kind = 'delivery' AND chat = 0 THEN 1 ELSE 0 END, seq").limit(limit);
    let mut events = read_events(link, sql).await?;
    if events.len() == limit {
        return Ok(events);
    }
    let mut sql = link.sql(COLUMNS);
    where_takeable(&mut sql, now);
    if let Some(found) = of {
        sql.push(" AND seq <= ").bind(found.last).push(" AND chat IN ").list(&found.chats);
    }
    sql.push(" ORDER BY seq").limit(limit);
    let ahead: HashSet<EventSeq> = events.iter().map(|event| event.seq).collect();
    let oldest = read_events(link, sql).await?.into_iter().filter(|event| !ahead.contains(&event.seq));
    events.extend(oldest.take(limit - ahead.len()));
    Ok(events)
}

async fn read_events(link: &mut Link, sql: Sql) -> Db<Vec<Event>> {
    link.rows(sql)
        .await?
        .iter()
        .map(|row| {
            let mut row = row.read();
            Ok(Event {
                seq: EventSeq(row.next()?),
                kind: EventKind::parse_code(row.next()?)?,
                chat: ChatId(row.next()?),
                received_at: Millis(row.next()?),
                attempts: i32::try_from(row.next::<i64>()?).unwrap_or(i32::MAX),
                payload: row.next()?,
            })
        })
        .collect()
}

/// Puts a waiting event off, or parks it. One that is done already stays so.
pub(super) async fn postpone(pools: &Pools, event: EventSeq, why: &str, again: Option<Millis>) -> Db<()> {
    let mut link = pools.writing().await?;
    let mut sql = link.sql("UPDATE inbox SET attempts = attempts + 1, error = ");
    sql.bind(why).push(", state = ").bind(if again.is_some() { "waiting" } else { "parked" });
    sql.push(", retry_at = ").bind(again.map_or(0, |at| at.0));
    sql.push(" WHERE state = 'waiting' AND seq = ").bind(event.0);
    link.run(sql).await?;
    link.commit().await
}

/// Stores events of the product's own: chat, instant and payload.
async fn insert_own(link: &mut Link, kind: EventKind, events: &[(ChatId, Millis, String)]) -> Db<()> {
    for piece in pieces(events.len(), 4) {
        let mut sql = link.sql("INSERT INTO inbox (kind, chat, received_at, ahead, payload) VALUES ");
        sql.tuples(&events[piece], |sql, (chat, at, payload)| {
            sql.bind(kind.code()).bind(chat.0).bind(at.0).push(",1,").bind(payload.as_str());
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Stores what became of alarms' messages.
pub(super) async fn report(pools: &Pools, reports: &[OutboxReport], now: Millis) -> Db<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let events: Vec<_> = reports.iter().map(|report| (report.chat(), now, super::engine::to_json(report))).collect();
    let mut link = pools.writing().await?;
    insert_own(&mut link, EventKind::Delivery, &events).await?;
    link.commit().await
}

/// Turns due timers into events; tells when the next is due. Writes only when one is due.
pub(super) async fn ring_timers(pools: &Pools, now: Millis) -> Db<Option<Millis>> {
    loop {
        let mut link = pools.reading().await?;
        let sql = link.sql("SELECT min(due) FROM timer");
        let next = link.number(sql).await?.map(Millis);
        drop(link);
        if next.is_none_or(|due| due > now) {
            return Ok(next);
        }
        let mut link = pools.writing().await?;
        let mut sql = link.sql("SELECT key, chat, due, kind FROM timer WHERE due <= ");
        sql.bind(now.0).push(" ORDER BY due, key LIMIT 256").skip_locked();
        let mut keys = Vec::new();
        let mut events = Vec::new();
        for row in link.rows(sql).await? {
            let mut row = row.read();
            keys.push(row.next::<String>()?);
            let (chat, due, kind) = (row.next()?, Millis(row.next()?), row.next::<String>()?);
            let ordered = from_json::<TimerKind>(&kind).is_ok_and(|kind| kind.keeps_order());
            events.push((ChatId(if ordered { chat } else { 0 }), due, kind));
        }
        insert_own(&mut link, EventKind::Timer, &events).await?;
        for piece in pieces(keys.len(), 1) {
            let mut sql = link.sql("DELETE FROM timer WHERE key IN (");
            for key in &keys[piece] {
                sql.bind(key.as_str());
            }
            sql.push(")");
            link.run(sql).await?;
        }
        link.commit().await?;
    }
}
