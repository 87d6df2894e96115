//! Work that one replica does for all of them: done by whoever has its seat, and stopped at once when the seat is lost.
//!
//! On SQLite the one server has every seat. Called by `app` for the poller and the sender.

use crate::adapter::sql::{Seat, SqlStore, Tenure};
use crate::adapter::web::Metrics;
use crate::port::meter::Meter as _;
use anyhow::Context as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often a replica without the seat looks whether it is free.
const LOOK: Duration = Duration::from_secs(1);
/// How long work whose seat is lost may take to note down what it has under way.
const GRACE: Duration = Duration::from_secs(5);

/// Runs `work` whenever this process has the seat, until `stop` says so. `work` ends when the signal given to it says so.
///
/// # Errors
/// Those with which `work` gave up.
pub async fn in_seat<F>(
    store: SqlStore,
    seat: Seat,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
    work: impl Fn(watch::Receiver<bool>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    while !*stop.borrow() {
        match store.take_seat(seat).await {
            Ok(Some(tenure)) => {
                tracing::info!(seat = seat.name(), "this replica has the seat");
                metrics.seat(seat.name(), true);
                let ended = serve(tenure, seat, &mut stop, &work).await;
                metrics.seat(seat.name(), false);
                // What ailed the work is no trouble of this replica's any more.
                let parts: &[&str] = match seat {
                    Seat::Polling => &["telegram", "inbox"],
                    Seat::Sending => &["outbox", "platform", "alarms"],
                };
                parts.iter().for_each(|part| metrics.trouble(part, None));
                ended?;
            }
            Ok(None) => metrics.seat(seat.name(), false),
            Err(error) => tracing::error!(%error, seat = seat.name(), "the seat could not be looked at; trying on"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
    Ok(())
}

async fn serve<F>(
    mut tenure: Tenure,
    seat: Seat,
    stop: &mut watch::Receiver<bool>,
    work: &impl Fn(watch::Receiver<bool>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (end, ended) = watch::channel(false);
    let mut worker = tokio::spawn(work(ended));
    tokio::select! {
        ended = &mut worker => {
            tenure.leave().await;
            ended.context("a worker panicked").flatten()
        }
        () = tenure.lost() => {
            tracing::warn!(seat = seat.name(), "the seat is lost: another replica may have it");
            end.send_replace(true);
            // What hangs on the lost database is given up.
            let ended = tokio::time::timeout(GRACE, &mut worker).await;
            worker.abort();
            ended.map_or(Ok(()), |ended| ended.context("a worker panicked").flatten())
        }
        _ = stop.changed() => {
            end.send_replace(true);
            let ended = worker.await;
            tenure.leave().await;
            ended.context("a worker panicked").flatten()
        }
    }
}
