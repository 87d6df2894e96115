//! The product's own HTTP side: `/healthz`, `/metrics`, and whatever routes `app` merges in (the webhook).
//!
//! Owns the metrics and how the product says that it is well. Knows nothing of what the numbers mean to
//! the flow, which counts through [`Meter`]. Called by `app`.

use crate::port::meter::{Count, Level, Meter, Span};
use crate::port::store::{Lane, Store};
use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Everything that `/metrics` shows and `/healthz` goes by.
pub struct Metrics {
    registry: Registry,
    updates_received: Counter,
    updates_unreadable: Counter,
    events_done: Counter,
    events_parked: Counter,
    sent: Family<ByLane, Counter>,
    send_failed: Family<ByLane, Counter>,
    send_retried: Family<ByLane, Counter>,
    alarm_first_send: Histogram,
    receipt: Histogram,
    timer_late: Histogram,
    alarms_waiting: Gauge,
    alarm_oldest: Gauge<f64, AtomicU64>,
    inbox_waiting: Gauge,
    inbox_parked: Gauge,
    outbox_waiting: Gauge,
    outbox_failed: Gauge,
    newest_update: Gauge,
    store_up: Gauge,
    seats: Family<BySeat, Gauge>,
    ailing: Family<ByPart, Gauge>,
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPart {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLane {
    lane: LaneName,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySeat {
    seat: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LaneName(Lane);

impl EncodeLabelValue for LaneName {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        let name = match self.0 {
            Lane::Alarm => "alarm",
            Lane::AlarmFollow => "alarm_follow",
            Lane::Reply => "reply",
            Lane::Desk => "desk",
            Lane::Routine => "routine",
        };
        EncodeLabelValue::encode(&name, encoder)
    }
}

/// Upper bounds in seconds: from what a local server takes to what the platform's limits may hold back.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut it = Self {
            registry: Registry::with_prefix("baiying"),
            updates_received: Counter::default(),
            updates_unreadable: Counter::default(),
            events_done: Counter::default(),
            events_parked: Counter::default(),
            sent: Family::default(),
            send_failed: Family::default(),
            send_retried: Family::default(),
            alarm_first_send: Histogram::new(SECONDS),
            receipt: Histogram::new(SECONDS),
            timer_late: Histogram::new(SECONDS),
            alarms_waiting: Gauge::default(),
            alarm_oldest: Gauge::default(),
            inbox_waiting: Gauge::default(),
            inbox_parked: Gauge::default(),
            outbox_waiting: Gauge::default(),
            outbox_failed: Gauge::default(),
            newest_update: Gauge::default(),
            store_up: Gauge::default(),
            seats: Family::default(),
            ailing: Family::default(),
            troubles: Mutex::default(),
        };
        let r = &mut it.registry;
        r.register("updates_received", "Updates stored that were new", it.updates_received.clone());
        r.register("updates_unreadable", "Bodies that are no updates", it.updates_unreadable.clone());
        r.register("events_done", "Events decided and applied", it.events_done.clone());
        r.register("events_parked", "Events given up", it.events_parked.clone());
        r.register("messages_sent", "Messages sent", it.sent.clone());
        r.register("messages_failed", "Messages given up", it.send_failed.clone());
        r.register("messages_retried", "Messages put off to be tried again", it.send_retried.clone());
        let help = "From an alarm being queued to its first message";
        r.register("alarm_first_send_seconds", help, it.alarm_first_send.clone());
        r.register("receipt_seconds", "From a receipt being queued to its standing in the chat", it.receipt.clone());
        let help = "From an alarm's timer being due to its being decided";
        r.register("timer_late_seconds", help, it.timer_late.clone());
        r.register("alarm_messages_waiting", "Alarm messages not yet sent", it.alarms_waiting.clone());
        let help = "How long the oldest alarm message not yet sent has waited";
        r.register("alarm_message_oldest_seconds", help, it.alarm_oldest.clone());
        r.register("inbox_waiting", "Events not yet done", it.inbox_waiting.clone());
        r.register("inbox_parked", "Events given up and still kept", it.inbox_parked.clone());
        r.register("outbox_waiting", "Messages not yet sent", it.outbox_waiting.clone());
        r.register("outbox_failed", "Messages given up and still kept", it.outbox_failed.clone());
        let help = "When the newest update was stored, Unix time; 0: never";
        r.register("newest_update_timestamp_seconds", help, it.newest_update.clone());
        r.register("ailing", "Whether a part cannot do its work; /healthz says why", it.ailing.clone());
        r.register("store_up", "Whether the database answers", it.store_up.clone());
        r.register("seat", "Whether this replica does this work for all: 1 on one of them", it.seats.clone());
        // Shown from the start, as below.
        for part in ["telegram", "webhook", "inbox", "engine", "timers", "outbox", "platform", "alarms", "database"] {
            it.ailing.get_or_create(&ByPart { part }).set(0);
        }
        for lane in [Lane::Alarm, Lane::AlarmFollow, Lane::Reply, Lane::Desk, Lane::Routine] {
            for family in [&it.sent, &it.send_failed, &it.send_retried] {
                // Shown from the start: a rate over a counter that appears late misses its first step.
                drop(family.get_or_create(&ByLane { lane: LaneName(lane) }));
            }
        }
        it
    }
}

impl Metrics {
    /// Notes whether this process has a seat.
    pub fn seat(&self, seat: &'static str, held: bool) {
        self.seats.get_or_create(&BySeat { seat }).set(i64::from(held));
    }
}

impl Meter for Metrics {
    fn count(&self, what: Count, n: u64) {
        let by = |family: &Family<ByLane, Counter>, lane| {
            family.get_or_create(&ByLane { lane: LaneName(lane) }).inc_by(n);
        };
        match what {
            Count::UpdatesReceived => drop(self.updates_received.inc_by(n)),
            Count::UpdatesUnreadable => drop(self.updates_unreadable.inc_by(n)),
            Count::EventsDone => drop(self.events_done.inc_by(n)),
            Count::EventsParked => drop(self.events_parked.inc_by(n)),
            Count::Sent(lane) => by(&self.sent, lane),
            Count::SendFailed(lane) => by(&self.send_failed, lane),
            Count::SendRetried(lane) => by(&self.send_retried, lane),
        }
    }

    fn took(&self, what: Span, ms: i64) {
        #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds")]
        let seconds = ms.max(0) as f64 / 1000.0;
        match what {
            Span::AlarmFirstSend => self.alarm_first_send.observe(seconds),
            Span::Receipt => self.receipt.observe(seconds),
            Span::TimerLate => self.timer_late.observe(seconds),
        }
    }

    fn level(&self, what: Level, height: i64) {
        match what {
            Level::AlarmsWaiting => drop(self.alarms_waiting.set(height)),
            #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds")]
            Level::AlarmOldest => drop(self.alarm_oldest.set(height as f64 / 1000.0)),
        }
    }

    fn trouble(&self, part: &'static str, what: Option<String>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if troubles.get(part) == what.as_ref() {
            return;
        }
        self.ailing.get_or_create(&ByPart { part }).set(i64::from(what.is_some()));
        match what {
            Some(what) => {
                tracing::error!(part, "{what}");
                troubles.insert(part, what);
            }
            None => {
                tracing::info!(part, "well again");
                troubles.remove(part);
            }
        }
    }
}

struct Side<S> {
    store: S,
    metrics: Arc<Metrics>,
}

/// `/healthz` and `/metrics`.
pub fn routes<S: Store>(store: S, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(healthz::<S>))
        .route("/metrics", get(metrics_page::<S>))
        .with_state(Arc::new(Side { store, metrics }))
}

/// Serves `routes` at `listen` until `stop` says so; requests under way are finished.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve_http(listen: SocketAddr, routes: Router, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("http.listen: {listen} cannot be had (is another program there?)"))?;
    tracing::info!(listen = %listener.local_addr()?, "serving /healthz and /metrics");
    let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
    axum::serve(listener, routes).with_graceful_shutdown(stopped).await.context("HTTP")
}

/// 200 when the database answers and no part reports trouble, else 503 and what ails, a line each.
async fn healthz<S: Store>(State(side): State<Arc<Side<S>>>) -> (StatusCode, String) {
    let mut troubles: Vec<String> = {
        let known = side.metrics.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(part, what)| format!("{part}: {what}\n")).collect()
    };
    if let Err(error) = side.store.gauges().await {
        troubles.push(format!("database: {error}\n"));
    }
    match troubles.as_slice() {
        [] => (StatusCode::OK, "ok\n".into()),
        _ => (StatusCode::SERVICE_UNAVAILABLE, troubles.concat()),
    }
}

async fn metrics_page<S: Store>(State(side): State<Arc<Side<S>>>) -> impl IntoResponse {
    let it = &side.metrics;
    match side.store.gauges().await {
        Ok(now) => {
            it.inbox_waiting.set(now.inbox_waiting);
            it.inbox_parked.set(now.inbox_parked);
            it.outbox_waiting.set(now.outbox_waiting);
            it.outbox_failed.set(now.outbox_failed);
            it.newest_update.set(now.newest_update_at.map_or(0, |at| at.0 / 1000));
            it.store_up.set(1);
        }
        Err(error) => {
            tracing::error!(%error, "the database does not answer /metrics");
            it.store_up.set(0);
        }
    }
    let mut page = String::new();
    let status = match encode(&mut page, &it.registry) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::stand_in::StubStore;
    use crate::domain::id::Millis;

    async fn get(url: &str) -> (u16, String) {
        let response = reqwest::get(url).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    struct Served {
        url: String,
        store: StubStore,
        metrics: Arc<Metrics>,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<anyhow::Result<()>>,
    }

    async fn serve() -> Served {
        let (store, metrics) = (StubStore::default(), Arc::new(Metrics::default()));
        // A port that was free a moment ago.
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve_http(listen, routes(store.clone(), metrics.clone()), stopped));
        let url = format!("http://{listen}");
        while reqwest::get(&url).await.is_err() {
            assert!(!task.is_finished(), "it should serve");
        }
        Served { url, store, metrics, stop, task }
    }

    #[tokio::test]
    async fn the_page_shows_what_was_counted() {
        let it = serve().await;
        it.metrics.count(Count::UpdatesReceived, 3);
        it.metrics.count(Count::Sent(Lane::Alarm), 2);
        it.metrics.took(Span::AlarmFirstSend, 120);
        it.store.0.gauges.lock().unwrap().outbox_waiting = 7;
        it.store.0.gauges.lock().unwrap().newest_update_at = Some(Millis(5_000));
        let (status, page) = get(&format!("{}/metrics", it.url)).await;
        assert_eq!(status, 200);
        for line in [
            "baiying_updates_received_total 3",
            "baiying_messages_sent_total{lane=\"alarm\"} 2",
            "baiying_messages_failed_total{lane=\"desk\"} 0",
            "baiying_alarm_first_send_seconds_bucket{le=\"0.1\"} 0",
            "baiying_alarm_first_send_seconds_bucket{le=\"0.25\"} 1",
            "baiying_outbox_waiting 7",
            "baiying_newest_update_timestamp_seconds 5",
            "baiying_store_up 1",
        ] {
            assert!(page.lines().any(|it| it == line), "{line}\n{page}");
        }
        *it.store.0.broken.lock().unwrap() = true;
        let (status, page) = get(&format!("{}/metrics", it.url)).await;
        assert!(status == 200 && page.contains("baiying_store_up 0"), "{page}");
        it.stop.send_replace(true);
        it.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn health_names_what_ails() {
        let it = serve().await;
        let url = format!("{}/healthz", it.url);
        assert_eq!(get(&url).await, (200, "ok\n".into()));
        let ailing = async || {
            let (_, page) = get(&format!("{}/metrics", it.url)).await;
            page.lines().find_map(|line| line.strip_prefix("baiying_ailing{part=\"telegram\"} ").map(str::to_owned))
        };
        assert_eq!(ailing().await.unwrap(), "0");
        it.metrics.trouble("telegram", Some("409: another program polls".into()));
        assert_eq!(get(&url).await, (503, "telegram: 409: another program polls\n".into()));
        assert_eq!(ailing().await.unwrap(), "1");
        it.metrics.trouble("telegram", None);
        assert_eq!(ailing().await.unwrap(), "0");
        *it.store.0.broken.lock().unwrap() = true;
        assert_eq!(get(&url).await, (503, "database: database: disk I/O error\n".into()));
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (_stop, stopped) = watch::channel(false);
        let error = serve_http(taken.local_addr().unwrap(), Router::new(), stopped).await.unwrap_err();
        assert!(error.to_string().starts_with("http.listen: 127.0.0.1:"), "{error}");
    }
}
