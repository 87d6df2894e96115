//! The poll step: asks the platform for updates and stores each batch before the next question confirms it.
//!
//! Owns the offset. It is used once, right after a batch was stored, and then forgotten: update ids start anew at
//! random after an idle week, and an offset kept for longer would confirm, unread, whatever stands below it. What
//! comes twice because of that, the store leaves out. Called by `app`, by one leader at a time.

use super::api::{ALLOWED_UPDATES, Api, CallError};
use super::decode::{clean, keep};
use crate::port::clock::Clock;
use crate::port::meter::{Count, Meter};
use crate::port::store::{RawUpdate, Store, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide::requests::Payload;
use teloxide::types::AllowedUpdate;
use tokio::sync::{Notify, watch};

/// `getUpdates`, answered with the updates' own words: one of a kind that nobody knows does not spoil its batch.
#[derive(Serialize)]
struct GetRawUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: [AllowedUpdate; 4],
}

impl Payload for GetRawUpdates {
    type Output = Vec<Box<RawValue>>;
    const NAME: &'static str = "GetUpdates";
}

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The platform may hold a question open for so long.
    pub hold: Duration,
    /// Pause after the first failure; doubled by each further one …
    pub first_pause: Duration,
    /// … up to this.
    pub longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(25),
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// Polls until `stop` says so. Wakes the worker after each batch with something new.
///
/// # Errors
/// Only when another process has the database: this one must not go on.
pub async fn poll<S: Store, C: Clock, M: Meter + ?Sized>(
    api: Api,
    store: S,
    clock: Arc<C>,
    wake: Arc<Notify>,
    meter: Arc<M>,
    mut stop: watch::Receiver<bool>,
    pace: Pace,
) -> anyhow::Result<()> {
    let poller = Poller { api, store, clock, wake, meter, pace };
    tokio::select! {
        // A question that is cut short has confirmed only what was stored.
        _ = stop.wait_for(|stop| *stop) => Ok(()),
        result = poller.run() => result,
    }
}

struct Poller<S, C, M: ?Sized> {
    api: Api,
    store: S,
    clock: Arc<C>,
    wake: Arc<Notify>,
    meter: Arc<M>,
    pace: Pace,
}

impl<S: Store, C: Clock, M: Meter + ?Sized> Poller<S, C, M> {
    async fn run(&self) -> anyhow::Result<()> {
        let mut offset = None;
        let mut ailing = Ailing::new("telegram", self.pace);
        loop {
            match self.ask(offset.take()).await {
                Ok(batch) => {
                    let asked_for = batch.len();
                    let updates = self.read(&batch);
                    if asked_for > 0 && updates.is_empty() {
                        // Nothing that could be confirmed: it would come again at once.
                        ailing.pause(&*self.meter, "a batch without a single update number in it".into(), None).await;
                        continue;
                    }
                    ailing.over(&*self.meter);
                    if !updates.is_empty() {
                        self.keep(&updates).await?;
                        offset = updates.iter().map(|update| update.update_id).max().map(|newest| newest + 1);
                    }
                }
                Err(error) => {
                    let (what, wait) = ailment(error);
                    ailing.pause(&*self.meter, what, wait).await;
                }
            }
        }
    }

    async fn ask(&self, offset: Option<i64>) -> Result<Vec<Box<RawValue>>, CallError> {
        let hold = self.pace.hold;
        let question = GetRawUpdates { offset, limit: 100, timeout: hold.as_secs(), allowed_updates: ALLOWED_UPDATES };
        self.api.call(&question, hold + Duration::from_secs(10)).await
    }

    fn read(&self, batch: &[Box<RawValue>]) -> Vec<RawUpdate> {
        let mut updates = Vec::with_capacity(batch.len());
        for raw in batch {
            let json = clean(raw.get()).into_owned();
            match keep(json) {
                Some(update) => updates.push(update),
                None => {
                    self.meter.count(Count::UpdatesUnreadable, 1);
                    tracing::error!("an update without a number: it cannot be kept");
                }
            }
        }
        updates
    }

    /// Stores the batch, however long it takes: until then the platform keeps it.
    async fn keep(&self, updates: &[RawUpdate]) -> anyhow::Result<()> {
        let mut ailing = Ailing::new("inbox", self.pace);
        loop {
            match self.store.receive(updates, self.clock.now()).await {
                Ok(new) => {
                    ailing.over(&*self.meter);
                    if new > 0 {
                        self.meter.count(Count::UpdatesReceived, new as u64);
                        self.wake.notify_one();
                    }
                    return Ok(());
                }
                Err(error @ StoreError::Taken) => return Err(error.into()),
                Err(StoreError::Full) => {
                    let what = "the disk is full: make room; updates wait at Telegram meanwhile (24 hours at most)";
                    ailing.pause(&*self.meter, what.into(), None).await;
                }
                Err(error) => {
                    ailing.pause(&*self.meter, format!("updates cannot be stored: {error}"), None).await;
                }
            }
        }
    }
}

/// What a failed question means to the operator, and how long the platform itself asks to wait.
fn ailment(error: CallError) -> (String, Option<Duration>) {
    match error {
        CallError::Refused { code: 409, description, .. } if description.contains("webhook") => (
            "409: a webhook is still set, so Telegram answers no polling. Set telegram.mode = \"webhook\", or take the \
             webhook away (the deleteWebhook method)"
                .into(),
            None,
        ),
        CallError::Refused { code: 409, .. } => (
            "409: another program polls with this token. Stop it, or have BotFather make a new token".into(),
            Some(Duration::from_secs(5)),
        ),
        CallError::Refused { code: 401 | 404, .. } => {
            ("the token is refused: check BAIYING_TOKEN and telegram.api_url".into(), Some(Duration::from_secs(10)))
        }
        CallError::Refused { retry_after: Some(seconds), .. } => {
            (format!("asked to wait {seconds} s"), u64::try_from(seconds).ok().map(Duration::from_secs))
        }
        CallError::Refused { code, description, .. } => (format!("refused: {code} {description}"), None),
        CallError::Unknown(why) => (format!("no updates to be had: {why}"), None),
    }
}

/// Something that fails and is tried again: paused for longer and longer, told once.
struct Ailing {
    part: &'static str,
    pace: Pace,
    pause: Duration,
    told: Option<String>,
}

impl Ailing {
    fn new(part: &'static str, pace: Pace) -> Self {
        Self { part, pace, pause: pace.first_pause, told: None }
    }

    async fn pause<M: Meter + ?Sized>(&mut self, meter: &M, what: String, at_least: Option<Duration>) {
        if self.told.as_ref() != Some(&what) {
            meter.trouble(self.part, Some(what.clone()));
            self.told = Some(what);
        }
        // The platform's own wish counts in full; our own guesses are kept short for tests by the pace.
        let pause = at_least.map_or(self.pause, |wish| self.pause.max(wish));
        self.pause = (self.pause * 2).min(self.pace.longest_pause);
        tokio::time::sleep(pause).await;
    }

    fn over<M: Meter + ?Sized>(&mut self, meter: &M) {
        if self.told.take().is_some() {
            meter.trouble(self.part, None);
            self.pause = self.pace.first_pause;
        }
    }
}

#[cfg(test)]
#[path = "poll_tests.rs"]
mod tests;
