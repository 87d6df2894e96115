//! Alarms with their calls, the people summoned, their timelines, and where people were last, as rows.
//!
//! Called by `step` (writing), `facts`, `desk` and exports (reading).

use super::code::Code;
use super::engine::{Db, Link, MAX_IDS, Reader, Row, Sql, after_prefix, from_json, pieces, to_json};
use super::lead::{bind_scene, chains, read_scene};
use super::step::{Refused, last_of_each};
use crate::domain::alarm::event::{AlarmEvent, Happening};
use crate::domain::alarm::{Alarm, Call, Callee, Origin, Outcome, ResponderKind, StandDown, Summons, TeamKind};
use crate::domain::id::{AlarmId, ChatId, LeadId, MessageId, Millis, UserId};
use crate::domain::place::Wgs84;
use crate::port::store::{AlarmFile, Posted, SelfRaised, Whereabouts};
use std::collections::HashMap;

const ALARM_COLUMNS: &str = "id, version, lead, drill, origin, chat, category, scene_lat, scene_lon, scene_accuracy_m, \
    scene_source, scene_datum, scene_text, ring, raised_by, raised_at, taken_at, taken_by, controlled_at, controlled_by, \
    stood_down_at, stood_down_by, outcome";

const SUMMONS_COLUMNS: &str = "alarm, callee, user_id, called_at, delivered_at, failure, acknowledged_at, under_way_at, \
    minutes, offered_at, on_scene_at, on_scene_lat, on_scene_lon, declined_at, answered_at, lapsed_at";

fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn instant(row: &mut Reader<'_>) -> Db<Option<Millis>> {
    Ok(row.next::<Option<i64>>()?.map(Millis))
}

/// Who did something when.
fn deed(row: &mut Reader<'_>) -> Db<Option<(Millis, UserId)>> {
    let (at, by) = (instant(row)?, row.next::<Option<i64>>()?.map(UserId));
    Ok(at.zip(by))
}

fn read_alarm(row: &mut Reader<'_>) -> Db<Alarm> {
    Ok(Alarm {
        id: AlarmId(row.next()?),
        version: row.next()?,
        lead: row.next::<Option<i64>>()?.map(LeadId),
        drill: row.next::<i64>()? != 0,
        origin: Origin::parse_code(row.next()?)?,
        chat: row.next::<Option<i64>>()?.map(ChatId),
        category: row.next()?,
        scene: read_scene(row)?,
        ring: small(row.next()?),
        raised_by: row.next::<Option<i64>>()?.map(UserId),
        raised_at: Millis(row.next()?),
        taken: deed(row)?,
        controlled: deed(row)?,
        stood_down: {
            let (at, by) = (instant(row)?, row.next::<Option<i64>>()?.map(UserId));
            let outcome = row.next::<Option<&str>>()?.map(Outcome::parse_code).transpose()?;
            at.map(|at| StandDown { at, by, outcome: outcome.unwrap_or(Outcome::Handled) })
        },
    })
}

fn read_call(row: &mut Reader<'_>) -> Db<Call> {
    Ok(Call {
        alarm: AlarmId(row.next()?),
        callee: callee(row.next()?),
        kind: ResponderKind::parse_code(row.next()?)?,
        team: row.next::<Option<&str>>()?.map(TeamKind::parse_code).transpose()?,
        ring: small(row.next()?),
        distance_m: row.next()?,
        called_at: Millis(row.next()?),
        failure: row.next()?,
        people: Vec::new(),
    })
}

fn callee(text: &str) -> Callee {
    text.parse().expect("every text is a callee")
}

fn read_summons(row: &mut Reader<'_>) -> Db<Summons> {
    Ok(Summons {
        user: UserId(row.next()?),
        called_at: Millis(row.next()?),
        delivered_at: instant(row)?,
        failure: row.next()?,
        acknowledged_at: instant(row)?,
        under_way_at: instant(row)?,
        minutes: row.next::<Option<i64>>()?.map(small),
        offered_at: instant(row)?,
        on_scene_at: instant(row)?,
        on_scene_where: row.next::<Option<f64>>()?.zip(row.next::<Option<f64>>()?).map(|(lat, lon)| Wgs84 { lat, lon }),
        declined_at: instant(row)?,
        answered_at: instant(row)?,
        lapsed_at: instant(row)?,
    })
}

/// The alarms that a condition finds, by number, each with its calls, nearest first, those of unknown distance last.
pub(super) async fn load_alarms(link: &mut Link, condition: impl FnOnce(&mut Sql)) -> Db<Vec<AlarmFile>> {
    let mut sql = link.sql("SELECT ");
    sql.push(ALARM_COLUMNS).push(" FROM alarm WHERE ");
    condition(&mut sql);
    let mut files = Vec::new();
    for row in link.rows(sql).await? {
        files.push(AlarmFile { alarm: read_alarm(&mut row.read())?, calls: Vec::new(), posts: Vec::new() });
    }
    files.sort_by_key(|file| file.alarm.id);
    let numbers: Vec<i64> = files.iter().map(|file| file.alarm.id.0).collect();
    for numbers in numbers.chunks(MAX_IDS) {
        load_calls(link, numbers, &mut files).await?;
    }
    Ok(files)
}

async fn load_calls(link: &mut Link, numbers: &[i64], files: &mut [AlarmFile]) -> Db<()> {
    let place = |files: &[AlarmFile], alarm: AlarmId| files.binary_search_by_key(&alarm, |file| file.alarm.id);
    let mut sql =
        link.sql("SELECT alarm, callee, kind, team, ring, distance_m, called_at, failure FROM call WHERE alarm IN ");
    sql.list(numbers).push(" ORDER BY alarm, CASE WHEN distance_m IS NULL THEN 1 ELSE 0 END, distance_m, callee");
    for row in link.rows(sql).await? {
        let call = read_call(&mut row.read())?;
        if let Ok(n) = place(files, call.alarm) {
            files[n].calls.push(call);
        }
    }
    let mut calls: HashMap<(AlarmId, Callee), (usize, usize)> = HashMap::new();
    for (n, file) in files.iter().enumerate() {
        calls.extend(file.calls.iter().enumerate().map(|(m, call)| ((call.alarm, call.callee.clone()), (n, m))));
    }
    let mut sql = link.sql("SELECT ");
    sql.push(SUMMONS_COLUMNS).push(" FROM summons WHERE alarm IN ").list(numbers);
    sql.push(" ORDER BY alarm, callee, called_at, user_id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let key = (AlarmId(row.next()?), callee(row.next()?));
        if let Some((n, m)) = calls.get(&key) {
            files[*n].calls[*m].people.push(read_summons(&mut row)?);
        }
    }
    Ok(())
}

/// Reads what the product has sent, or is to send, about an alarm.
pub(super) async fn load_posts(link: &mut Link, file: &mut AlarmFile) -> Db<()> {
    let prefix = format!("alarm:{}:", file.alarm.id);
    let mut sql = link.sql(
        "SELECT chat, subject, message, CAST(CASE WHEN state = 'sending' OR attempts > 0 THEN 1 ELSE 0 END AS BIGINT) FROM outbox WHERE (message IS NOT NULL OR state IN ('queued', 'sending')) \
         AND nature <> 'gone' AND subject >= ",
    );
    sql.bind(prefix.as_str()).push(" AND subject < ").bind(after_prefix(&prefix)).push(" ORDER BY id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (chat, subject) = (ChatId(row.next()?), row.next()?);
        let message = row.next::<Option<i64>>()?.map(MessageId);
        file.posts.push(Posted { chat, subject, message, leaving: row.next::<i64>()? != 0 });
    }
    Ok(())
}

/// Alarms that tips raised by themselves since an instant.
pub(super) async fn raised_by_tips(link: &mut Link, since: Millis) -> Db<Vec<SelfRaised>> {
    let mut sql = link.sql("SELECT chat, raised_by, raised_at FROM alarm WHERE origin = 'tip' AND raised_at >= ");
    sql.bind(since.0);
    let read = |row: &Row| {
        let mut row = row.read();
        let chat = row.next::<Option<i64>>()?.map(ChatId);
        Ok(SelfRaised { chat, by: row.next::<Option<i64>>()?.map(UserId), at: Millis(row.next()?) })
    };
    link.rows(sql).await?.iter().map(read).collect()
}

/// Where people were last, as far as they shared it.
pub(super) async fn whereabouts(link: &mut Link) -> Db<HashMap<UserId, Whereabouts>> {
    let sql = link.sql("SELECT user_id, lat, lon, at FROM whereabouts");
    let read = |row: &Row| {
        let mut row = row.read();
        let user = UserId(row.next()?);
        Ok((user, Whereabouts { user, at: Wgs84 { lat: row.next()?, lon: row.next()? }, when: Millis(row.next()?) }))
    };
    link.rows(sql).await?.iter().map(read).collect()
}

/// Timelines of alarms, by alarm, in order.
pub(super) async fn load_timelines(link: &mut Link, alarms: &[AlarmId]) -> Db<Vec<AlarmEvent>> {
    let numbers: Vec<i64> = alarms.iter().map(|alarm| alarm.0).collect();
    let mut events = Vec::new();
    for numbers in numbers.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT alarm, at, by_user, what FROM alarm_event WHERE alarm IN ");
        sql.list(numbers).push(" ORDER BY alarm, id");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            events.push(AlarmEvent {
                alarm: AlarmId(row.next()?),
                at: Millis(row.next()?),
                by: row.next::<Option<i64>>()?.map(UserId),
                what: from_json(row.next()?)?,
            });
        }
    }
    Ok(events)
}

fn bind_deed(sql: &mut Sql, deed: Option<(Millis, UserId)>) {
    sql.bind(deed.map(|(at, _)| at.0)).bind(deed.map(|(_, by)| by.0));
}

/// Binds what may change of an alarm, from its category on.
fn bind_changing(sql: &mut Sql, alarm: &Alarm) {
    sql.bind(alarm.category.as_deref());
    bind_scene(sql, alarm.scene.as_ref());
    sql.bind(i64::from(alarm.ring));
    bind_deed(sql, alarm.taken);
    bind_deed(sql, alarm.controlled);
    sql.bind(alarm.stood_down.map(|end| end.at.0)).bind(alarm.stood_down.and_then(|end| end.by).map(|user| user.0));
    sql.bind(alarm.stood_down.map(|end| end.outcome.code()));
}

/// Stores new alarms.
pub(super) async fn insert_alarms(link: &mut Link, alarms: &[&Alarm]) -> Db<()> {
    for piece in pieces(alarms.len(), 23) {
        let mut sql = link.sql(
            "INSERT INTO alarm (id, version, lead, drill, origin, chat, raised_by, raised_at, category, scene_lat, scene_lon, \
             scene_accuracy_m, scene_source, scene_datum, scene_text, ring, taken_at, taken_by, controlled_at, controlled_by, \
             stood_down_at, stood_down_by, outcome) VALUES ",
        );
        sql.tuples(&alarms[piece], |sql, alarm| {
            sql.bind(alarm.id.0).bind(alarm.version).bind(alarm.lead.map(|lead| lead.0));
            sql.bind(i64::from(alarm.drill)).bind(alarm.origin.code()).bind(alarm.chat.map(|chat| chat.0));
            sql.bind(alarm.raised_by.map(|user| user.0)).bind(alarm.raised_at.0);
            bind_changing(sql, alarm);
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Writes changed alarms, each over the version that it was read at.
pub(super) async fn update_alarms(link: &mut Link, alarms: &[&Alarm]) -> Result<(), Refused> {
    let chains = chains(alarms, |alarm| alarm.id.0, |alarm| alarm.version).ok_or(Refused::Conflict)?;
    for piece in pieces(chains.len(), 18) {
        let expected = piece.len() as u64;
        let mut sql = link.sql(
            "WITH fresh (id, base, version, category, scene_lat, scene_lon, scene_accuracy_m, scene_source, scene_datum, \
             scene_text, ring, taken_at, taken_by, controlled_at, controlled_by, stood_down_at, stood_down_by, outcome) \
             AS (VALUES ",
        );
        sql.tuples(&chains[piece], |sql, (base, alarm)| {
            sql.bind(alarm.id.0).bind(*base).bind(alarm.version);
            bind_changing(sql, alarm);
        });
        sql.push(
            ") UPDATE alarm SET version = fresh.version, category = fresh.category, scene_lat = fresh.scene_lat, \
             scene_lon = fresh.scene_lon, scene_accuracy_m = fresh.scene_accuracy_m, scene_source = fresh.scene_source, \
             scene_datum = fresh.scene_datum, scene_text = fresh.scene_text, ring = fresh.ring, \
             taken_at = fresh.taken_at, taken_by = fresh.taken_by, controlled_at = fresh.controlled_at, \
             controlled_by = fresh.controlled_by, stood_down_at = fresh.stood_down_at, \
             stood_down_by = fresh.stood_down_by, outcome = fresh.outcome \
             FROM fresh WHERE alarm.id = fresh.id AND alarm.version = fresh.base",
        );
        if link.run(sql).await? != expected {
            return Err(Refused::Conflict);
        }
    }
    Ok(())
}

/// Stores calls with their people, new or changed.
pub(super) async fn put_calls(link: &mut Link, calls: &[&Call]) -> Db<()> {
    let calls = last_of_each(calls, |call| (call.alarm, &call.callee));
    for piece in pieces(calls.len(), 8) {
        let mut sql =
            link.sql("INSERT INTO call (alarm, callee, kind, team, ring, distance_m, called_at, failure) VALUES ");
        sql.tuples(&calls[piece], |sql, call| {
            sql.bind(call.alarm.0).bind(call.callee.to_string()).bind(call.kind.code());
            sql.bind(call.team.map(TeamKind::code)).bind(i64::from(call.ring)).bind(call.distance_m);
            sql.bind(call.called_at.0).bind(call.failure.as_deref());
        });
        sql.push(
            " ON CONFLICT (alarm, callee) DO UPDATE SET ring = excluded.ring, distance_m = excluded.distance_m, \
             failure = excluded.failure",
        );
        link.run(sql).await?;
    }
    let people: Vec<(&Call, &Summons)> =
        calls.iter().flat_map(|call| call.people.iter().map(move |person| (*call, person))).collect();
    put_summons(link, &people).await
}

/// Stores what people answered. A delivery on record stays: the sender writes it without the flow's knowledge.
async fn put_summons(link: &mut Link, people: &[(&Call, &Summons)]) -> Db<()> {
    for piece in pieces(people.len(), 16) {
        let mut sql = link.sql("INSERT INTO summons (");
        sql.push(SUMMONS_COLUMNS).push(") VALUES ");
        sql.tuples(&people[piece], |sql, (call, person)| {
            sql.bind(call.alarm.0).bind(call.callee.to_string()).bind(person.user.0).bind(person.called_at.0);
            sql.bind(person.delivered_at.map(|at| at.0)).bind(person.failure.as_deref());
            sql.bind(person.acknowledged_at.map(|at| at.0)).bind(person.under_way_at.map(|at| at.0));
            sql.bind(person.minutes.map(i64::from)).bind(person.offered_at.map(|at| at.0));
            sql.bind(person.on_scene_at.map(|at| at.0)).bind(person.on_scene_where.map(|at| at.lat));
            sql.bind(person.on_scene_where.map(|at| at.lon)).bind(person.declined_at.map(|at| at.0));
            sql.bind(person.answered_at.map(|at| at.0)).bind(person.lapsed_at.map(|at| at.0));
        });
        sql.push(
            " ON CONFLICT (alarm, callee, user_id) DO UPDATE SET \
             delivered_at = COALESCE(summons.delivered_at, excluded.delivered_at), failure = excluded.failure, \
             acknowledged_at = excluded.acknowledged_at, under_way_at = excluded.under_way_at, minutes = excluded.minutes, \
             offered_at = excluded.offered_at, on_scene_at = excluded.on_scene_at, on_scene_lat = excluded.on_scene_lat, \
             on_scene_lon = excluded.on_scene_lon, declined_at = excluded.declined_at, answered_at = excluded.answered_at, \
             lapsed_at = excluded.lapsed_at",
        );
        link.run(sql).await?;
    }
    Ok(())
}

/// Goes on with timelines.
pub(super) async fn insert_events(link: &mut Link, events: &[&AlarmEvent]) -> Db<()> {
    for piece in pieces(events.len(), 4) {
        let mut sql = link.sql("INSERT INTO alarm_event (alarm, at, by_user, what) VALUES ");
        sql.tuples(&events[piece], |sql, event| {
            sql.bind(event.alarm.0).bind(event.at.0).bind(event.by.map(|user| user.0)).bind(to_json(&event.what));
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Takes away where people were and how far from the scene: by that a scene that is wiped could be found again.
pub(super) async fn forget_places(link: &mut Link, alarms: &[i64]) -> Db<()> {
    for alarms in alarms.chunks(MAX_IDS) {
        let mut sql = link.sql("UPDATE summons SET on_scene_lat = NULL, on_scene_lon = NULL WHERE alarm IN ");
        sql.list(alarms);
        link.run(sql).await?;
        let mut sql = link.sql("UPDATE call SET distance_m = NULL WHERE alarm IN ");
        sql.list(alarms);
        link.run(sql).await?;
        let mut sql = link.sql("SELECT id, what FROM alarm_event WHERE alarm IN ");
        sql.list(alarms);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let (id, what): (i64, Happening) = (row.next()?, from_json(row.next()?)?);
            let placeless = what.clone().without_place();
            if placeless != what {
                let mut sql = link.sql("UPDATE alarm_event SET what = ");
                sql.bind(to_json(&placeless)).push(" WHERE id = ").bind(id);
                link.run(sql).await?;
            }
        }
    }
    Ok(())
}

/// Stores where people are; of each only the last is kept.
pub(super) async fn put_whereabouts(link: &mut Link, all: &[&Whereabouts]) -> Db<()> {
    let all = last_of_each(all, |one| one.user);
    for piece in pieces(all.len(), 4) {
        let mut sql = link.sql("INSERT INTO whereabouts (user_id, lat, lon, at) VALUES ");
        sql.tuples(&all[piece], |sql, one| {
            sql.bind(one.user.0).bind(one.at.lat).bind(one.at.lon).bind(one.when.0);
        });
        sql.push(
            " ON CONFLICT (user_id) DO UPDATE SET lat = excluded.lat, lon = excluded.lon, at = excluded.at \
             WHERE whereabouts.at <= excluded.at",
        );
        link.run(sql).await?;
    }
    Ok(())
}
