//! The sender: the only place from which messages leave.
//!
//! It knows what waits by reading the changes of the outbox, chooses by [`Schedule`], claims what it is about to
//! send, sends to different chats side by side, and settles what became of each, many in one transaction. A message
//! whose outcome is unknown is sent again: at least once.

use super::render::{Rendered, render};
pub use super::schedule::SIDE_BY_SIDE;
use super::schedule::{Next, Schedule};
use super::watchdog::{self, Watchdog};
use crate::config::Config;
use crate::domain::id::{ChatId, MessageId, Millis};
use crate::port::chat::{Chat, Delivery, SendError};
use crate::port::clock::Clock;
use crate::port::meter::{Count, Meter, Span};
use crate::port::store::{
    ASKED_TO_WAIT, Claimed, Content, Fate, Lane, OutboxReport, Queued, Settlement, Store, StoreResult, Term,
};
use crate::port::table::Printer;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Changes of the outbox read at once.
const PAGE: usize = 4096;
/// Tries after which a call that cannot be delivered is shown to the desk, while it is tried on.
const TRIES_BEFORE_TELLING: i32 = 2;
/// Tries after which a message is given up, and how far apart they are at most: most of an hour.
const TRIES: (i32, i64) = (50, 60_000);
/// An alarm's message is tried again sooner, and for as long.
const ALARM_TRIES: (i32, i64) = (700, 5_000);

/// The sender.
pub struct Outbox<S, C, P> {
    store: S,
    chat: Arc<C>,
    printer: Arc<P>,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn Meter>,
    rules: Arc<Config>,
    term: Term,
    schedule: Schedule,
    /// How far the outbox's changes were read.
    seen: i64,
    /// When each message under way was queued, and to which chat it goes.
    under_way: HashMap<crate::domain::id::OutboxId, Millis>,
    /// What became of messages while the store could not be told: it is told as soon as it can.
    unsettled: Vec<Settlement>,
    unreported: Vec<OutboxReport>,
    watchdog: Arc<Mutex<Watchdog>>,
}

/// A message that was sent, or not.
#[derive(Debug)]
pub struct Outcome {
    claimed: Claimed,
    result: Result<Option<MessageId>, SendError>,
    /// When the platform answered.
    at: Millis,
}

impl<S: Store, C: Chat, P: Printer> Outbox<S, C, P> {
    /// A sender. Its term begins: one that still runs elsewhere claims nothing any more, and what was claimed and
    /// never settled is put back in the queue.
    ///
    /// # Errors
    /// The store's.
    pub async fn start(
        store: S,
        chat: Arc<C>,
        printer: Arc<P>,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn Meter>,
        rules: Arc<Config>,
    ) -> StoreResult<Self> {
        let (term, again) = store.begin_sending().await?;
        if again > 0 {
            tracing::warn!(again, "messages whose outcome is unknown are sent again");
        }
        let mut schedule = Schedule::new(rules.telegram.limits);
        for (chat, at) in store.sent_since(clock.now().plus_ms(-60_000)).await? {
            schedule.note_left(chat, at);
        }
        for (chat, until) in store.asked_to_wait(clock.now()).await? {
            schedule.hold(chat, until, clock.now());
        }
        Ok(Self {
            store,
            chat,
            printer,
            clock,
            meter,
            rules,
            term,
            schedule,
            seen: 0,
            under_way: HashMap::new(),
            unsettled: Vec::new(),
            unreported: Vec::new(),
            watchdog: Arc::default(),
        })
    }

    /// Reads what was queued since the last time.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(&mut self) -> StoreResult<()> {
        loop {
            let (rows, seen) = self.store.queued(self.seen, PAGE).await?;
            let last = rows.len() < PAGE;
            self.seen = seen;
            let now = self.clock.now();
            for row in rows {
                self.under_way.insert(row.id, row.queued_at);
                self.schedule.put(row, now);
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Claims at most `room` messages that may go now; tells when the next one may, if none may.
    ///
    /// # Errors
    /// The store's.
    pub async fn claim(&mut self, room: usize) -> StoreResult<(Vec<Claimed>, Option<Millis>)> {
        // What the store has not been told may be about a message that is chosen now.
        if self.owes() {
            self.settle(Vec::new()).await?;
        }
        let now = self.clock.now();
        self.watch(|dog, schedule| dog.looked(schedule.backlog(now), now));
        loop {
            let mut chosen = Vec::new();
            let mut wait = None;
            while chosen.len() < room {
                match self.schedule.next(now) {
                    Next::Send(row) => chosen.push(row),
                    Next::Wait(at) => {
                        wait = Some(at);
                        break;
                    }
                    Next::Idle => break,
                }
            }
            if chosen.is_empty() {
                return Ok((Vec::new(), wait));
            }
            let claimed = self.claim_chosen(chosen, now).await?;
            // What was taken away before it left used nothing up: others go in its place.
            if !claimed.is_empty() {
                return Ok((claimed, None));
            }
        }
    }

    async fn claim_chosen(&mut self, chosen: Vec<Queued>, now: Millis) -> StoreResult<Vec<Claimed>> {
        let ids: Vec<_> = chosen.iter().map(|r| r.id).collect();
        let mut claimed = match self.store.claim(&ids, self.term).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // Nothing is sent: all go back as they were, also those that were claimed if only the answer was lost.
                for row in chosen {
                    self.schedule.stayed(row.id, now);
                    self.schedule.put(row, now);
                    let fate = Fate::Retry { at: now, why: "nobody knows whether it was claimed".into() };
                    self.unsettled.push(Settlement { id: row.id, version: 0, chat: row.chat, fate });
                }
                return Err(error);
            }
        };
        // What is no longer queued (taken away, sent by nobody) is not under way either. What has moved is chosen again, by
        // the limits of its new chat.
        let mut chats: HashMap<_, ChatId> = chosen.iter().map(|r| (r.id, r.chat)).collect();
        claimed.retain(|one| {
            let stays = chats.get(&one.id) == Some(&one.post.chat);
            if stays {
                chats.remove(&one.id);
            } else {
                let fate = Fate::Retry { at: now, why: "the chat has a new id".into() };
                self.unsettled.push(Settlement { id: one.id, version: one.version, chat: one.post.chat, fate });
            }
            stays
        });
        for id in chats.into_keys() {
            self.schedule.stayed(id, now);
        }
        Ok(claimed)
    }

    /// A future that sends one claimed message. Several may run side by side.
    pub fn send(&self, claimed: Claimed) -> impl Future<Output = Outcome> + Send + use<S, C, P> {
        let (store, chat, printer) = (self.store.clone(), self.chat.clone(), self.printer.clone());
        let (rules, clock, now) = (self.rules.clone(), self.clock.clone(), self.clock.now());
        async move {
            let result = match render(&claimed, &store, &rules, printer.as_ref(), now).await {
                Ok(Rendered::Nothing) => Ok(claimed.message),
                Ok(Rendered::Deliver(delivery)) => deliver(chat.as_ref(), &claimed, delivery).await,
                Err(error) => Err(SendError::Unknown(format!("{error:#}"))),
            };
            Outcome { claimed, result, at: clock.now() }
        }
    }

    /// Settles what became of messages, and what could not be settled before; tells whether that made new events.
    ///
    /// Reports go first: a crash between the two tells of a failure twice, never not at all.
    ///
    /// # Errors
    /// The store's; nothing is forgotten, the next call settles it.
    pub async fn settle(&mut self, outcomes: Vec<Outcome>) -> StoreResult<bool> {
        let now = self.clock.now();
        let mut reports = std::mem::take(&mut self.unreported);
        for Outcome { claimed, result, at } in outcomes {
            let chat = claimed.post.chat;
            if !matches!(result, Err(SendError::RetryAfter(_) | SendError::Unknown(_))) {
                self.schedule.answered(claimed.id);
            }
            reports.extend(self.note(&claimed, &result, at));
            let fate = self.fate(&claimed, result, &mut reports, at);
            self.schedule.ended(claimed.id, now);
            self.unsettled.push(Settlement { id: claimed.id, version: claimed.version, chat, fate });
        }
        self.unreported = reports;
        let reported = !self.unreported.is_empty();
        if reported {
            self.store.report(&self.unreported, now).await?;
            self.unreported.clear();
        }
        self.store.settle(&self.unsettled, self.term, now).await?;
        self.unsettled.clear();
        Ok(reported)
    }

    /// What watches over alarms' messages; to be asked each second.
    pub fn watchdog(&self) -> Arc<Mutex<Watchdog>> {
        self.watchdog.clone()
    }

    fn watch<T>(&mut self, tell: impl FnOnce(&mut Watchdog, &mut Schedule) -> T) -> T {
        tell(&mut self.watchdog.lock().unwrap_or_else(PoisonError::into_inner), &mut self.schedule)
    }

    /// Tells the watchdog what came of a call; gives what the desk is to be told.
    fn note(
        &mut self,
        claimed: &Claimed,
        result: &Result<Option<MessageId>, SendError>,
        at: Millis,
    ) -> Option<OutboxReport> {
        let (id, chat, lane) = (claimed.id, claimed.post.chat, claimed.post.lane);
        self.watch(|dog, schedule| {
            if let Err(SendError::Unknown(why)) = result {
                dog.failed(chat, schedule.left_at(id).unwrap_or(at), why);
                return None;
            }
            let went = lane <= Lane::AlarmFollow && !matches!(result, Err(SendError::RetryAfter(_)));
            let outage = dog.answered(went, at)?;
            Some(watchdog::report(outage, schedule.backlog(at).waiting))
        })
    }

    /// Whether there is something that the store has yet to be told.
    pub fn owes(&self) -> bool {
        !self.unsettled.is_empty() || !self.unreported.is_empty()
    }

    fn fate(
        &mut self,
        claimed: &Claimed,
        result: Result<Option<MessageId>, SendError>,
        reports: &mut Vec<OutboxReport>,
        now: Millis,
    ) -> Fate {
        let lane = claimed.post.lane;
        let chat = claimed.post.chat;
        let retry = |at, why: &str| Fate::Retry { at, why: why.to_owned() };
        let queued_at = self.under_way.remove(&claimed.id);
        let mut call_failed = |why: &str| {
            if let Some((alarm, callee)) = &claimed.post.call {
                reports.push(OutboxReport::CallFailed {
                    alarm: *alarm,
                    callee: callee.clone(),
                    chat,
                    why: why.to_owned(),
                });
            }
        };
        let fate = match result {
            Ok(message) => {
                self.meter.count(Count::Sent(lane), 1);
                let span = match lane {
                    Lane::Alarm => Some(Span::AlarmFirstSend),
                    Lane::Reply if claimed.post.subject.ends_with(":receipt") => Some(Span::Receipt),
                    _ => None,
                };
                if let (Some(span), Some(queued_at), None) = (span, queued_at, claimed.message) {
                    self.meter.took(span, now.since(queued_at));
                }
                // What was taken away has no message any more; put again, it is sent anew.
                return Fate::Sent(message.or(claimed.message).filter(|_| claimed.post.content != Content::Gone));
            }
            Err(SendError::NotModified) => return Fate::Sent(claimed.message),
            Err(SendError::Gone(_)) => return Fate::Sent(None),
            Err(SendError::RetryAfter(ms)) => {
                self.schedule.hold(chat, now.plus_ms(ms), now);
                retry(now.plus_ms(ms), ASKED_TO_WAIT)
            }
            Err(SendError::Migrated(to)) => {
                reports.push(OutboxReport::Moved { from: chat, to });
                retry(now.plus_ms(1000), "the chat moved")
            }
            Err(SendError::Unreachable(why) | SendError::Rejected(why)) => {
                call_failed(&why);
                Fate::Failed(why)
            }
            Err(SendError::Unknown(why)) => {
                if claimed.attempts == TRIES_BEFORE_TELLING {
                    call_failed(&why);
                }
                let (tries, most_ms) = if lane <= Lane::AlarmFollow { ALARM_TRIES } else { TRIES };
                let wait_ms = (1000 << claimed.attempts.clamp(0, 6)).min(most_ms);
                if claimed.attempts < tries { retry(now.plus_ms(wait_ms), &why) } else { Fate::Failed(why) }
            }
        };
        match &fate {
            Fate::Failed(why) => {
                self.meter.count(Count::SendFailed(lane), 1);
                tracing::error!(outbox = claimed.id.0, ?lane, why, "a message could not be delivered");
            }
            Fate::Retry { why, .. } => {
                self.meter.count(Count::SendRetried(lane), 1);
                tracing::warn!(outbox = claimed.id.0, ?lane, why, "a message is tried again");
            }
            Fate::Sent(_) => {}
        }
        fate
    }
}

/// Sends one request. A card whose message somebody deleted is sent anew; other edits of what is gone are done with.
async fn deliver<C: Chat>(chat: &C, claimed: &Claimed, delivery: Delivery) -> Result<Option<MessageId>, SendError> {
    let to = claimed.post.chat;
    let result = chat.deliver(to, delivery).await;
    match (result, &claimed.post.content) {
        (Err(SendError::Gone(_)), Content::Text { html, keyboard, .. })
            if claimed.message.is_some()
                && matches!(claimed.post.lane, Lane::Alarm | Lane::AlarmFollow | Lane::Desk) =>
        {
            let (html, keyboard) = (html.clone(), keyboard.clone());
            let thread = claimed.post.thread;
            chat.deliver(to, Delivery::Text { html, keyboard, reply_to: None, thread, silent: true }).await
        }
        (result, _) => result,
    }
}
