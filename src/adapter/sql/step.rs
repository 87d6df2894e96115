//! Decided events are applied: all in one transaction, or with the refused ones left out.
//!
//! Events in a row are written together, table by table. If one of them is refused, halves are tried, and
//! halves of halves, each in a savepoint, until it stands alone. Called by the store.

use super::engine::{Db, Link, Pools, after_prefix, is_unwell, pieces, to_json};
use super::member::Known;
use super::redemption::{self, Picture};
use super::replica::{Change, Replica};
use super::{alarm, duty, lead, ledger, member, month, outbox, replica, scrub, town};
use crate::domain::id::Millis;
use crate::port::store::{Access, Applied, Changes, Step, Timer};
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

/// Why a write was not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// Something has changed since it was read.
    Conflict,
    /// An event does not wait any more.
    Over,
    /// The database says no.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Keeps the last item of each key, in the order of the first.
pub(super) fn last_of_each<T: Copy, K: Hash + Eq>(items: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut places: HashMap<K, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        match places.entry(key(item)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(*item);
            }
            std::collections::hash_map::Entry::Occupied(place) => kept[*place.get()] = *item,
        }
    }
    kept
}

/// Applies steps; tells of each what became of it.
pub(super) async fn apply(pools: &Pools, steps: &[Step], now: Millis) -> Db<Vec<Applied>> {
    let mut fates = vec![Applied::Done; steps.len()];
    if steps.is_empty() {
        return Ok(fates);
    }
    let mut link = pools.writing().await?;
    match write_all(&mut link, steps, now).await {
        Ok(()) => {
            tell_sender(&mut link, pools, steps).await?;
            link.commit().await?;
            return Ok(fates);
        }
        Err(Refused::Database(error)) if is_unwell(&error) => return Err(error),
        Err(_) => link.rollback().await?,
    }

    let mut link = pools.writing().await?;
    let mut ranges: Vec<Range<usize>> = halves(&(0..steps.len())).into_iter().rev().collect();
    while let Some(range) = ranges.pop() {
        let sql = link.sql("SAVEPOINT step");
        link.run(sql).await?;
        let refused = write_all(&mut link, &steps[range.clone()], now).await.err();
        if refused.is_some() {
            let sql = link.sql("ROLLBACK TO SAVEPOINT step");
            link.run(sql).await?;
        }
        let sql = link.sql("RELEASE SAVEPOINT step");
        link.run(sql).await?;
        match refused {
            None => {}
            Some(Refused::Database(error)) if is_unwell(&error) => return Err(error),
            Some(_) if range.len() > 1 => ranges.extend(halves(&range).into_iter().rev()),
            Some(Refused::Conflict) => fates[range.start] = Applied::Conflict,
            Some(Refused::Over) => fates[range.start] = Applied::Over,
            Some(Refused::Database(error)) => fates[range.start] = Applied::Failed(error.to_string()),
        }
    }
    tell_sender(&mut link, pools, steps).await?;
    link.commit().await?;
    Ok(fates)
}

/// Leaves word that there is something to send, if the sender is another replica.
async fn tell_sender(link: &mut Link, pools: &Pools, steps: &[Step]) -> Db<()> {
    let others_send = pools.replica().is_some_and(Replica::others_send);
    if others_send && steps.iter().any(|step| !step.changes.posts.is_empty()) {
        replica::tell(link, Change::Outbox).await?;
    }
    Ok(())
}

fn halves(range: &Range<usize>) -> Vec<Range<usize>> {
    if range.len() < 2 {
        return vec![range.clone()];
    }
    let middle = range.start + range.len() / 2;
    vec![range.start..middle, middle..range.end]
}

/// Whether a step must see all before it written, and all after it must see it written.
fn stands_alone(changes: &Changes) -> bool {
    !(changes.closes.is_empty()
        && changes.scrub.is_empty()
        && changes.moves.is_empty()
        && changes.cancel_timers.is_empty())
}

async fn write_all(link: &mut Link, steps: &[Step], now: Millis) -> Result<(), Refused> {
    mark_done(link, steps).await?;
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let together = if stands_alone(&first.changes) {
            1
        } else {
            rest.iter().take_while(|step| !stands_alone(&step.changes)).count()
        };
        let (run, after) = rest.split_at(together);
        write_together(link, run, now).await?;
        rest = after;
    }
    // Last, because whoever holds the end of the chain keeps all other writers of entries waiting until the commit.
    ledger::insert_transfers(link, &all(steps, |changes| &changes.transfers)).await?;
    for order in all(steps, |changes| &changes.closes) {
        month::close(link, order).await?;
    }
    Ok(())
}

async fn mark_done(link: &mut Link, steps: &[Step]) -> Result<(), Refused> {
    let events: Vec<i64> = steps.iter().map(|step| step.event.0).collect();
    let mut done = 0;
    for events in events.chunks(super::engine::MAX_IDS) {
        let mut sql = link.sql("UPDATE inbox SET state = 'done' WHERE state = 'waiting' AND seq IN ");
        sql.list(events);
        done += link.run(sql).await?;
    }
    let own = steps.iter().filter(|step| step.changes.forget).map(|step| step.event.0);
    let earlier = steps.iter().flat_map(|step| &step.changes.forget_events).map(|event| event.0);
    let forgotten: Vec<i64> = own.chain(earlier).collect();
    for events in forgotten.chunks(super::engine::MAX_IDS) {
        let mut sql = link.sql("UPDATE inbox SET payload = '' WHERE seq IN ");
        sql.list(events);
        link.run(sql).await?;
    }
    if done == steps.len() as u64 { Ok(()) } else { Err(Refused::Over) }
}

/// Collects what all steps have in one field.
fn all<'s, T>(steps: &'s [Step], field: impl Fn(&'s Changes) -> &'s [T]) -> Vec<&'s T> {
    steps.iter().flat_map(|step| field(&step.changes)).collect()
}

/// Writes steps table by table. A step that stands alone comes alone.
async fn write_together(link: &mut Link, steps: &[Step], now: Millis) -> Result<(), Refused> {
    let moves = all(steps, |changes| &changes.moves);
    for (from, to) in &moves {
        town::move_chat(link, *from, *to).await?;
    }
    lead::insert_leads(link, &all(steps, |changes| &changes.new_leads)).await?;
    lead::update_leads(link, &all(steps, |changes| &changes.leads)).await?;
    let events: Vec<_> =
        steps.iter().flat_map(|step| step.changes.lead_events.iter().map(|item| (step.event, item))).collect();
    lead::insert_lead_events(link, &events).await?;
    let attachments: Vec<_> =
        steps.iter().flat_map(|step| step.changes.attachments.iter().map(|item| (step.event, item))).collect();
    lead::put_attachments(link, &attachments).await?;
    alarm::insert_alarms(link, &all(steps, |changes| &changes.new_alarms)).await?;
    alarm::update_alarms(link, &all(steps, |changes| &changes.alarms)).await?;
    alarm::put_calls(link, &all(steps, |changes| &changes.calls)).await?;
    alarm::insert_events(link, &all(steps, |changes| &changes.alarm_events)).await?;
    alarm::put_whereabouts(link, &all(steps, |changes| &changes.whereabouts)).await?;
    redemption::put_rewards(link, &all(steps, |changes| &changes.rewards), Picture::Replaced).await?;
    redemption::change_stock(link, &all(steps, |changes| &changes.stock)).await?;
    redemption::put_redemptions(link, &all(steps, |changes| &changes.redemptions)).await?;
    redemption::put_ranked(link, &all(steps, |changes| &changes.ranked)).await?;
    member::put_invites(link, &all(steps, |changes| &changes.invites)).await?;
    let staff = member::put_members(link, &all(steps, |changes| &changes.members), Known::Replaced).await?;
    let groups = all(steps, |changes| &changes.groups);
    town::put_groups(link, &groups, true).await?;
    let said = all(steps, |changes| &changes.duty);
    duty::apply(link, &said).await?;
    if staff || !groups.is_empty() || !moves.is_empty() || !said.is_empty() {
        town::count_up(link, town::Part::People).await?;
    }
    for prefix in all(steps, |changes| &changes.cancel_timers) {
        let mut sql = link.sql("DELETE FROM timer WHERE key >= ");
        sql.bind(prefix.as_str()).push(" AND key < ").bind(after_prefix(prefix));
        link.run(sql).await?;
    }
    put_timers(link, &all(steps, |changes| &changes.timers)).await?;
    for access in all(steps, |changes| &changes.access) {
        record_access(link, access).await?;
    }
    for step in steps {
        for lead in &step.changes.scrub {
            scrub::scrub_lead(link, *lead, Some(step.event), now).await?;
        }
    }
    outbox::put(link, &all(steps, |changes| &changes.posts), now).await?;
    Ok(())
}

pub(super) async fn put_timers(link: &mut Link, timers: &[&Timer]) -> Db<()> {
    let timers = last_of_each(timers, |timer| timer.key.as_str());
    for piece in pieces(timers.len(), 4) {
        let mut sql = link.sql("INSERT INTO timer (key, due, chat, kind) VALUES ");
        sql.tuples(&timers[piece], |sql, timer| {
            sql.bind(timer.key.as_str()).bind(timer.due.0).bind(timer.chat.0).bind(to_json(&timer.kind));
        });
        sql.push(" ON CONFLICT (key) DO UPDATE SET due = excluded.due, chat = excluded.chat, kind = excluded.kind");
        link.run(sql).await?;
    }
    Ok(())
}

/// Puts a look at names, or an export, on record.
pub(super) async fn record_access(link: &mut Link, access: &Access) -> Db<()> {
    let mut sql = link.sql("INSERT INTO access_log (at, who, what, detail) VALUES (");
    sql.bind(access.at.0).bind(access.who.as_str()).bind(access.what.as_str()).bind(access.detail.as_str());
    sql.push(")");
    link.run(sql).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_key_stays_at_the_place_of_the_first() {
        assert_eq!(last_of_each(&[(1, 'a'), (2, 'b'), (1, 'c')], |item| item.0), [(1, 'c'), (2, 'b')]);
    }

    #[test]
    fn halves_end_at_one() {
        assert_eq!(halves(&(0..5)), [0..2, 2..5]);
        assert_eq!(halves(&(3..4)), vec![3..4]);
    }
}
