//! Alarms and their calls, as rows. Called by `step` (writing), `facts` and `desk` (reading).

use super::engine::{Db, Link, Reader, pieces};
use super::lead::chains;
use super::step::{Refused, last_of_each};
use crate::domain::alarm::{Alarm, Call};
use crate::domain::id::{AlarmId, LeadId, Millis, UserId};

/// The columns that [`read_alarm`] reads.
pub(super) const ALARM_COLUMNS: &str = "alarm.id, alarm.version, alarm.lead, alarm.drill, alarm.ring, \
    alarm.raised_by, alarm.raised_at, alarm.stood_down_at, alarm.stood_down_by";

/// The columns that [`read_call`] reads.
pub(super) const CALL_COLUMNS: &str = "call.alarm, call.point, call.ring, call.distance_m, call.called_at, \
    call.delivered_at, call.failure, call.acknowledged_at, call.under_way_at, call.on_scene_at, call.declined_at, call.answered_by";

/// Reads [`ALARM_COLUMNS`].
pub(super) fn read_alarm(row: &mut Reader<'_>) -> Db<Alarm> {
    Ok(Alarm {
        id: AlarmId(row.next()?),
        version: row.next()?,
        lead: LeadId(row.next()?),
        drill: row.next::<i64>()? != 0,
        ring: i32::try_from(row.next::<i64>()?).unwrap_or(i32::MAX),
        raised_by: row.next::<Option<i64>>()?.map(UserId),
        raised_at: Millis(row.next()?),
        stood_down_at: row.next::<Option<i64>>()?.map(Millis),
        stood_down_by: row.next::<Option<i64>>()?.map(UserId),
    })
}

/// Reads [`CALL_COLUMNS`].
pub(super) fn read_call(row: &mut Reader<'_>) -> Db<Call> {
    Ok(Call {
        alarm: AlarmId(row.next()?),
        point: row.next()?,
        ring: i32::try_from(row.next::<i64>()?).unwrap_or(i32::MAX),
        distance_m: row.next()?,
        called_at: Millis(row.next()?),
        delivered_at: row.next::<Option<i64>>()?.map(Millis),
        failure: row.next()?,
        acknowledged_at: row.next::<Option<i64>>()?.map(Millis),
        under_way_at: row.next::<Option<i64>>()?.map(Millis),
        on_scene_at: row.next::<Option<i64>>()?.map(Millis),
        declined_at: row.next::<Option<i64>>()?.map(Millis),
        answered_by: row.next::<Option<i64>>()?.map(UserId),
    })
}

/// Stores new alarms.
pub(super) async fn insert_alarms(link: &mut Link, alarms: &[&Alarm]) -> Db<()> {
    for piece in pieces(alarms.len(), 9) {
        let mut sql = link.sql(
            "INSERT INTO alarm (id, version, lead, drill, ring, raised_by, raised_at, stood_down_at, stood_down_by) \
             VALUES ",
        );
        sql.tuples(&alarms[piece], |sql, alarm| {
            sql.bind(alarm.id.0).bind(alarm.version).bind(alarm.lead.0).bind(i64::from(alarm.drill));
            sql.bind(i64::from(alarm.ring)).bind(alarm.raised_by.map(|user| user.0)).bind(alarm.raised_at.0);
            sql.bind(alarm.stood_down_at.map(|at| at.0)).bind(alarm.stood_down_by.map(|user| user.0));
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Writes changed alarms, each over the version that it was read at.
pub(super) async fn update_alarms(link: &mut Link, alarms: &[&Alarm]) -> Result<(), Refused> {
    let chains = chains(alarms, |alarm| alarm.id.0, |alarm| alarm.version).ok_or(Refused::Conflict)?;
    for piece in pieces(chains.len(), 6) {
        let expected = piece.len() as u64;
        let mut sql = link.sql("WITH fresh (id, base, version, ring, stood_down_at, stood_down_by) AS (VALUES ");
        sql.tuples(&chains[piece], |sql, (base, alarm)| {
            sql.bind(alarm.id.0).bind(*base).bind(alarm.version).bind(i64::from(alarm.ring));
            sql.bind(alarm.stood_down_at.map(|at| at.0)).bind(alarm.stood_down_by.map(|user| user.0));
        });
        sql.push(
            ") UPDATE alarm SET version = fresh.version, ring = fresh.ring, stood_down_at = fresh.stood_down_at, \
             stood_down_by = fresh.stood_down_by FROM fresh WHERE alarm.id = fresh.id AND alarm.version = fresh.base",
        );
        if link.run(sql).await? != expected {
            return Err(Refused::Conflict);
        }
    }
    Ok(())
}

/// Stores calls, new or changed. A delivery on record stays: the sender writes it without the flow's knowledge.
pub(super) async fn put_calls(link: &mut Link, calls: &[&Call]) -> Db<()> {
    let calls = last_of_each(calls, |call| (call.alarm, call.point.as_str()));
    for piece in pieces(calls.len(), 12) {
        let mut sql = link.sql(
            "INSERT INTO call (alarm, point, ring, distance_m, called_at, delivered_at, failure, \
             acknowledged_at, under_way_at, on_scene_at, declined_at, answered_by) VALUES ",
        );
        sql.tuples(&calls[piece], |sql, call| {
            sql.bind(call.alarm.0).bind(call.point.as_str()).bind(i64::from(call.ring)).bind(call.distance_m);
            sql.bind(call.called_at.0).bind(call.delivered_at.map(|at| at.0)).bind(call.failure.as_deref());
            sql.bind(call.acknowledged_at.map(|at| at.0)).bind(call.under_way_at.map(|at| at.0));
            sql.bind(call.on_scene_at.map(|at| at.0)).bind(call.declined_at.map(|at| at.0));
            sql.bind(call.answered_by.map(|user| user.0));
        });
        sql.push(
            " ON CONFLICT (alarm, point) DO UPDATE SET ring = excluded.ring, distance_m = excluded.distance_m, \
             called_at = excluded.called_at, delivered_at = COALESCE(call.delivered_at, excluded.delivered_at), \
             failure = excluded.failure, acknowledged_at = excluded.acknowledged_at, under_way_at = excluded.under_way_at, \
             on_scene_at = excluded.on_scene_at, declined_at = excluded.declined_at, answered_by = excluded.answered_by",
        );
        link.run(sql).await?;
    }
    Ok(())
}
