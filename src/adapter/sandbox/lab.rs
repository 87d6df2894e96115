//! The test bench: floods, raw updates, faults, the log of calls, what was confirmed, how long the bot took.

use super::control::{Answer, Body, Town, ok, with};
use super::failure::Refusal;
use super::fault::{Fault, Limits};
use super::flood::{self, Flood};
use super::view::two_hundred;
use super::watch::percentiles;
use axum::Json;
use axum::extract::{Query, State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

pub(super) async fn start_flood(Shares(shared): Town, Body(asked): Body<Flood>) -> Answer {
    flood::start(shared, asked).await.map(Json)
}

/// Queues an update as it comes; it gets the next number unless `keep_id` is asked for in the query.
pub(super) async fn raw(Shares(shared): Town, Query(query): Query<Value>, Body(mut update): Body<Value>) -> Answer {
    if !update.is_object() {
        return Err(Refusal::new(400, "an update is an object"));
    }
    let keep = query.get("keep_id").is_some();
    let id = with(&shared, |town| {
        let own = update.get("update_id").and_then(Value::as_i64).filter(|_| keep);
        let id = own.unwrap_or(town.queue.next());
        update["update_id"] = json!(id);
        let bytes = update.to_string().into_bytes();
        town.journal.write_raw("update", id, &bytes);
        town.queue.push_whole(id, bytes.into());
        id
    });
    Ok(Json(json!({"update_id": id})))
}

/// Goes on numbering updates elsewhere, as after an idle week.
pub(super) async fn renumber(Shares(shared): Town, Body(asked): Body<Value>) -> Answer {
    let next = asked.get("next").and_then(Value::as_i64).ok_or_else(|| Refusal::new(400, "next is needed"))?;
    with(&shared, |town| {
        town.queue.renumber(next);
        town.journal.write("next", next, &());
    });
    ok()
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum FaultRequest {
    Settings(FaultSettings),
    One(Box<Fault>),
    Many(Vec<Fault>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultSettings {
    delay_ms: Option<u64>,
    limits: Option<LimitSwitch>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum LimitSwitch {
    On(bool),
    These(Limits),
}

pub(super) async fn faults(Shares(shared): Town) -> Answer {
    let town = shared.town();
    Ok(Json(json!({
        "planned": town.faults.planned(), "delay_ms": shared.delay_ms.load(Ordering::Relaxed), "limits": town.faults.limits,
    })))
}

pub(super) async fn plan_faults(Shares(shared): Town, Body(asked): Body<FaultRequest>) -> Answer {
    {
        let mut town = shared.town();
        match asked {
            FaultRequest::One(fault) => town.faults.plan(*fault),
            FaultRequest::Many(all) => all.into_iter().for_each(|fault| town.faults.plan(fault)),
            FaultRequest::Settings(settings) => {
                if let Some(delay) = settings.delay_ms {
                    shared.delay_ms.store(delay, Ordering::Relaxed);
                }
                match settings.limits {
                    Some(LimitSwitch::On(on)) => town.faults.limits = on.then(Limits::default),
                    Some(LimitSwitch::These(limits)) => town.faults.limits = Some(limits),
                    None => {}
                }
            }
        }
    }
    faults(Shares(shared)).await
}

pub(super) async fn clear_faults(Shares(shared): Town) -> Answer {
    shared.town().faults.clear();
    shared.delay_ms.store(0, Ordering::Relaxed);
    ok()
}

#[derive(Deserialize)]
pub(super) struct CallsQuery {
    method: Option<String>,
    #[serde(default)]
    since: u64,
    #[serde(default = "two_hundred")]
    limit: usize,
}

pub(super) async fn calls(Shares(shared): Town, Query(query): Query<CallsQuery>) -> Answer {
    let town = shared.town();
    let found: Vec<_> = town.calls.since(query.since, query.method.as_deref()).collect();
    let newest = &found[found.len().saturating_sub(query.limit)..];
    Ok(Json(json!({"counts": town.calls.counts(), "calls": newest})))
}

pub(super) async fn clear_calls(Shares(shared): Town) -> Answer {
    shared.town().calls.clear();
    ok()
}

pub(super) async fn confirmed(Shares(shared): Town) -> Answer {
    let town = shared.town();
    let ranges = town.queue.confirmed();
    let ids: Vec<i64> = ranges.iter().flat_map(|&(from, to)| from..=to).collect();
    Ok(Json(json!({"count": ids.len(), "ranges": ranges, "pending": town.queue.len(), "ids": ids})))
}

/// How long the bot took from a message to its first reply or reaction to it, in microseconds.
pub(super) async fn latency(Shares(shared): Town) -> Answer {
    let (latencies, waiting) = {
        let town = shared.town();
        (town.latencies.clone(), town.unanswered.len())
    };
    let (p50, p99, max) = percentiles(&latencies).unwrap_or_default();
    Ok(Json(json!({"count": latencies.len(), "unanswered": waiting, "p50_us": p50, "p99_us": p99, "max_us": max})))
}

pub(super) async fn clear_latency(Shares(shared): Town) -> Answer {
    let mut town = shared.town();
    town.latencies.clear();
    town.unanswered.clear();
    ok()
}
