//! One seed: a town, its people, the product's workers side by side, a storm, calm.

use super::TEMPLATE;
use super::faulty::{Faulty, Seen};
use super::people::{Deeds, Town};
use super::platform::Platform;
use super::storm::{Job, Storm, Went};
use baiying::adapter::file::FilePrinter;
use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::config::{Config, Mode};
use baiying::domain::id::{Millis, OutboxId};
use baiying::flow::engine::Engine;
use baiying::flow::outbox::{Outbox, Outcome};
use baiying::port::chat::{Chat as _, PressAnswer};
use baiying::port::store::{Claimed, RawUpdate, Store, StoreResult};
use sqlx::{Connection as _, SqliteConnection};
use std::sync::{Arc, Mutex};

/// What people do in one storm: at least …
const FEWEST: i64 = 6;
/// … and at most. Small worlds cost less, so that there can be many.
const MOST: i64 = 20;

type Brain = Engine<Faulty, Platform>;
type Sender = Outbox<Faulty, Platform, FilePrinter>;

/// What a turn of the engine comes to.
type Thought = StoreResult<(usize, Vec<PressAnswer>)>;

/// What the sender was asked to do, and what came of it.
enum Sent {
    Settled,
    Claimed(StoreResult<(Vec<Claimed>, Option<Millis>)>),
}

/// See the module.
pub struct Run {
    /// What is decided by the seed.
    pub storm: Arc<Storm>,
    /// The platform.
    pub platform: Arc<Platform>,
    /// The store, with faults.
    pub store: Faulty,
    /// The rules.
    pub rules: Arc<Config>,
    /// Who lives here.
    pub town: Town,
    /// Whether it is the day on which people take things for their points.
    pub fair: bool,
    /// What people did.
    pub deeds: Deeds,
    /// Whether updates are polled for (in order) or brought by a webhook (in any order).
    pub polling: bool,
    /// When the product was started anew (true time).
    pub restarts: Vec<Millis>,
    /// Where the database lies.
    #[expect(dead_code, reason = "held, never read")]
    pub folder: tempfile::TempDir,
    engine: Option<Brain>,
    thinking: Option<Job<(Brain, Thought)>>,
    outbox: Option<Sender>,
    mailing: Option<Job<(Sender, Sent)>>,
    sends: Vec<(OutboxId, Job<Outcome>)>,
    outcomes: Vec<Outcome>,
    ringing: Option<Job<StoreResult<Option<Millis>>>>,
    intake: Option<(Vec<i64>, Job<StoreResult<usize>>)>,
    /// Stored, and not yet confirmed.
    stored: Vec<i64>,
    /// When the next timer is due, and when the sender may go on, as they said last.
    timer_due: Option<Millis>,
    send_due: Option<Millis>,
    /// Whether the sender found nothing that may go.
    sender_rests: bool,
    /// The database, looked at beside the product; taken out for the checks.
    pub beside: Option<SqliteConnection>,
}

impl Run {
    /// Makes a town.
    pub async fn new(storm: Arc<Storm>) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let file = folder.path().join("sim.db");
        std::fs::write(&file, &*TEMPLATE).unwrap();
        let options = SqlOptions { readers: 1, cache_kib: 1024, ..SqlOptions::default() };
        let inner = SqlStore::open(&format!("sqlite://{}", file.display()), &options).await.unwrap();
        let beside = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
        let (polling, fair) = {
            let dice = &mut storm.lock().dice;
            (dice.permille(400), dice.permille(120))
        };
        let mut rules = super::town::rules(&storm);
        rules.telegram.mode = if polling { Mode::Polling } else { Mode::Webhook };
        let town = super::town::found(&inner, &storm).await;
        let platform = Arc::new(Platform::new(storm.clone()));
        {
            // Who never wrote to the bot cannot be written to; guards mostly have.
            let mut state = platform.lock();
            let dice = &mut storm.lock().dice;
            let strangers = town.reporters.iter().chain(town.guards.iter().filter(|_| dice.permille(150)));
            for person in strangers {
                state.closed.insert(*person, "Forbidden: bot can't initiate conversation with a user");
                state.was_closed.insert(*person);
            }
        }
        let store = Faulty {
            inner,
            storm: storm.clone(),
            platform: platform.clone(),
            seen: Arc::new(Mutex::new(Seen::default())),
        };
        let mut run = Self {
            storm,
            platform,
            store,
            rules: Arc::new(rules),
            town,
            fair,
            deeds: Deeds::default(),
            polling,
            restarts: Vec::new(),
            folder,
            engine: None,
            thinking: None,
            outbox: None,
            mailing: None,
            sends: Vec::new(),
            outcomes: Vec::new(),
            ringing: None,
            intake: None,
            stored: Vec::new(),
            timer_due: None,
            send_due: None,
            sender_rests: false,
            beside: Some(beside),
        };
        run.start().await;
        run
    }

    /// Starts the product, as often as it takes.
    async fn start(&mut self) {
        loop {
            let (store, chat, storm) = (self.store.clone(), self.platform.clone(), self.storm.clone());
            let rules = self.rules.clone();
            let engine =
                Engine::new(store.clone(), chat.clone(), storm.clone(), storm.clone(), Arc::new(()), rules.clone());
            let printer = Arc::new(FilePrinter { key: ExportKey::new("a key that is long enough").unwrap() });
            let mut job: Job<StoreResult<Sender>> =
                Box::pin(Outbox::start(store, chat, printer, storm, Arc::new(()), rules));
            let started = loop {
                match self.storm.step(&mut job).await {
                    Went::On => {}
                    Went::Done(Ok(outbox)) => break Some(outbox),
                    Went::Done(Err(_)) => break None,
                    Went::Died => {
                        self.storm.lock().dead = false;
                        break None;
                    }
                }
            };
            if let Some(outbox) = started {
                (self.engine, self.outbox) = (Some(engine), Some(outbox));
                return;
            }
        }
    }

    /// The process is gone, with all that it had in memory; it is started again.
    async fn crash(&mut self) {
        (self.engine, self.thinking, self.outbox, self.mailing) = (None, None, None, None);
        self.sends.clear();
        self.outcomes.clear();
        (self.ringing, self.intake) = (None, None);
        self.stored.clear();
        {
            let mut state = self.platform.lock();
            state.sending = None;
            let unlearned = std::mem::take(&mut state.unlearned);
            state.excused.extend(unlearned);
        }
        let ms = {
            let mut storm = self.storm.lock();
            storm.dead = false;
            storm.dice.between(1000, 6000)
        };
        self.storm.pass(ms);
        self.restarts.push(self.storm.true_time());
        self.start().await;
    }

    /// Whether the platform's limits are on: then no time goes by while messages are on their way.
    fn is_limited(&self) -> bool {
        self.rules.telegram.limits.per_second > 0
    }

    fn may_wait(&self) -> bool {
        !self.is_limited() || (self.sends.is_empty() && self.mailing.is_none())
    }

    /// The storm: people act and workers work in any order, and everything that can go wrong does.
    pub async fn weather(&mut self) {
        // Whoever takes something for their points does six things for it.
        let mut left = self.storm.lock().dice.between(FEWEST, MOST) * if self.fair { 5 } else { 1 };
        let rates = self.storm.lock().rates.clone();
        while left > 0 {
            let slow = self.may_wait();
            let (choice, upset, jump) = {
                let mut storm = self.storm.lock();
                storm.may_be_slow = slow;
                (storm.dice.below(100), storm.dice.permille(rates.upset), storm.dice.permille(rates.jump))
            };
            if upset && choice < 40 {
                self.upset();
            }
            if jump && slow {
                self.jump();
            }
            // Whoever goes on goes on for a while: otherwise nobody would get anywhere.
            let gates = 1 + self.storm.lock().dice.below(8);
            match choice {
                0..11 => {
                    self.act();
                    left -= 1;
                }
                11..28 => self.take_in(gates).await,
                28..52 => self.think(gates).await,
                52..56 => self.ring().await,
                56..76 => self.mail(gates).await,
                76..92 => {
                    for _ in 0..gates {
                        self.send_one().await;
                    }
                }
                _ if slow => {
                    let ms = [40, 300, 1_500, 6_000, 20_000][self.storm.lock().dice.below(5)];
                    self.storm.pass(ms);
                }
                _ => {}
            }
        }
    }

    fn jump(&mut self) {
        let (ms, back) = {
            let dice = &mut self.storm.lock().dice;
            match dice.below(7) {
                0..3 => (dice.between(60, 600) * 1000, false),
                3 => (dice.between(1, 5) * 3_600_000, false),
                4 => (10 * 3_600_000, false),
                _ => (dice.between(200, 5_000), true),
            }
        };
        self.storm.count(if back { "fault: clock steps back" } else { "fault: clock jumps" });
        self.storm.tell(|| format!("the clock {} {ms} ms", if back { "steps back" } else { "jumps" }));
        if back {
            self.storm.lock().behind_ms += ms;
            self.storm.pass(-ms);
        } else {
            self.storm.pass(ms);
        }
    }

    /// The poller or the webhook goes on: a batch is brought, stored, or confirmed.
    async fn take_in(&mut self, gates: usize) {
        for _ in 0..gates {
            self.take_in_once().await;
        }
    }

    async fn take_in_once(&mut self) {
        if let Some((ids, mut job)) = self.intake.take() {
            match self.storm.step(&mut job).await {
                Went::On => self.intake = Some((ids, job)),
                Went::Done(Ok(_)) => self.stored = ids,
                Went::Done(Err(_)) => {}
                Went::Died => self.crash().await,
            }
        } else if !self.stored.is_empty() {
            self.platform.lock().confirm(&self.stored);
            self.stored.clear();
        } else {
            self.fetch();
        }
    }

    fn fetch(&mut self) {
        let now = self.storm.true_time();
        let batch = {
            let (mut storm, state) = (self.storm.lock(), self.platform.lock());
            let rates = storm.rates.clone();
            let calm = storm.calm;
            let most = if calm { 100 } else { storm.dice.between(1, 6) as usize };
            // What waits, up to what nothing overtakes.
            let open = state.waiting.iter().position(|u| u.barrier).map_or(state.waiting.len(), |at| at.max(1));
            let mut batch: Vec<_> = state.waiting[..open].iter().filter(|u| u.not_before <= now).cloned().collect();
            if !calm && !self.polling && storm.dice.permille(rates.disorder) && batch.len() > 1 {
                *storm.counts.entry("fault: updates in another order").or_default() += 1;
                for last in (1..batch.len()).rev() {
                    batch.swap(last, storm.dice.below(last + 1));
                }
            }
            batch.truncate(most);
            if !calm && !batch.is_empty() && storm.dice.permille(rates.lost_batch) {
                *storm.counts.entry("fault: batch lost on its way").or_default() += 1;
                return;
            }
            if !calm && storm.dice.permille(rates.twice) {
                let old = if self.polling { &batch } else { &state.confirmed };
                if !old.is_empty() {
                    *storm.counts.entry("fault: update twice").or_default() += 1;
                    let again = storm.dice.pick(old).clone();
                    let at = storm.dice.below(batch.len() + 1);
                    batch.insert(at, again);
                }
            }
            batch
        };
        if batch.is_empty() {
            return;
        }
        let ids: Vec<i64> = batch.iter().map(|u| u.id).collect();
        self.storm.tell(|| format!("updates {ids:?} are brought"));
        let updates: Vec<RawUpdate> = batch
            .into_iter()
            .map(|u| RawUpdate {
                update_id: u.id,
                chat: u.chat,
                press: u.json.contains("callback_query"),
                json: u.json,
            })
            .collect();
        let (store, at) = (self.store.clone(), self.storm.lock().now);
        self.intake = Some((ids, Box::pin(async move { store.receive(&updates, at).await })));
    }

    async fn think(&mut self, gates: usize) {
        for _ in 0..gates {
            self.think_once().await;
            if self.thinking.is_none() {
                return;
            }
        }
    }

    async fn think_once(&mut self) {
        let mut job = match (self.thinking.take(), self.engine.take()) {
            (Some(job), _) => job,
            (None, Some(mut engine)) => Box::pin(async move {
                let turned = engine.turn().await;
                (engine, turned)
            }),
            (None, None) => unreachable!("an engine rests or thinks"),
        };
        match self.storm.step(&mut job).await {
            Went::On => self.thinking = Some(job),
            Went::Done((engine, turned)) => {
                self.engine = Some(engine);
                for answer in turned.map(|(_, answers)| answers).unwrap_or_default() {
                    self.platform.answer(answer).await.unwrap();
                }
            }
            Went::Died => self.crash().await,
        }
    }

    async fn ring(&mut self) {
        let mut job = self.ringing.take().unwrap_or_else(|| {
            let (store, at) = (self.store.clone(), self.storm.lock().now);
            Box::pin(async move { store.ring_timers(at).await })
        });
        match self.storm.step(&mut job).await {
            Went::On => self.ringing = Some(job),
            Went::Done(due) => self.timer_due = due.unwrap_or_default(),
            Went::Died => self.crash().await,
        }
    }

    /// The sender goes on: it settles what it knows, then reads and claims, as the server's worker does.
    async fn mail(&mut self, gates: usize) {
        for _ in 0..gates {
            self.mail_once().await;
            if self.mailing.is_none() {
                return;
            }
        }
    }

    async fn mail_once(&mut self) {
        let mut job = match (self.mailing.take(), self.outbox.take()) {
            (Some(job), _) => job,
            (None, Some(outbox)) => self.next_mail(outbox),
            (None, None) => unreachable!("a sender rests or works"),
        };
        match self.storm.step(&mut job).await {
            Went::On => self.mailing = Some(job),
            Went::Died => self.crash().await,
            Went::Done((outbox, sent)) => {
                self.sender_rests = false;
                if let Sent::Claimed(Ok((claimed, due))) = sent {
                    self.sender_rests = claimed.is_empty();
                    self.send_due = due;
                    for one in claimed {
                        self.storm.tell(|| {
                            format!(
                                "  row {} is claimed, version {}: {}@{}",
                                one.id, one.version, one.post.subject, one.post.chat
                            )
                        });
                        self.sends.push((one.id, Box::pin(outbox.send(one))));
                    }
                }
                self.outbox = Some(outbox);
            }
        }
    }

    fn next_mail(&mut self, mut outbox: Sender) -> Job<(Sender, Sent)> {
        let settle = {
            let dice = &mut self.storm.lock().dice;
            outbox.owes() || (!self.outcomes.is_empty() && dice.permille(700))
        };
        if settle {
            let outcomes = std::mem::take(&mut self.outcomes);
            return Box::pin(async move {
                // What the store refuses the sender keeps, and owes.
                let _kept = outbox.settle(outcomes).await;
                (outbox, Sent::Settled)
            });
        }
        let room = 1 + self.storm.lock().dice.below(8);
        Box::pin(async move {
            let claimed = match outbox.read().await {
                Ok(()) => outbox.claim(room).await,
                Err(error) => Err(error),
            };
            (outbox, Sent::Claimed(claimed))
        })
    }

    async fn send_one(&mut self) {
        if self.sends.is_empty() {
            return;
        }
        let at = self.storm.lock().dice.below(self.sends.len());
        let (row, mut job) = self.sends.swap_remove(at);
        self.platform.lock().sending = Some(row);
        let went = self.storm.step(&mut job).await;
        self.platform.lock().sending = None;
        match went {
            Went::On => self.sends.push((row, job)),
            Went::Done(outcome) => self.outcomes.push(outcome),
            Went::Died => self.crash().await,
        }
    }

    /// The storm is over: the product works until nothing waits. Fails if that takes too long.
    pub async fn settle(&mut self) -> Result<(), String> {
        {
            let mut storm = self.storm.lock();
            storm.calm = true;
            storm.may_be_slow = false;
        }
        self.storm.tell(|| "── calm ──".into());
        for _ in 0..4_000 {
            self.work().await;
            let (now, behind) = {
                let storm = self.storm.lock();
                (storm.now, storm.behind_ms)
            };
            let late = self.next_update().filter(|at| at.since(now) > behind).map(|at| at.plus_ms(-behind));
            let retry = self.next_retry().await;
            let next = [self.timer_due, self.send_due, late, retry].into_iter().flatten().filter(|at| *at > now).min();
            if next.is_none() && self.timer_due.is_none() && self.next_update().is_none() {
                let gauges = self.store.inner.gauges().await.map_err(|e| e.to_string())?;
                if gauges.inbox_waiting == 0 && gauges.outbox_waiting == 0 {
                    return Ok(());
                }
            }
            self.storm.lock().now = next.unwrap_or(now.plus_ms(1000));
        }
        let gauges = self.store.inner.gauges().await.map_err(|e| e.to_string())?;
        let sql = "SELECT concat_ws(' ', id, subject, chat, state, change, not_before) FROM outbox \
                   WHERE state IN ('queued', 'sending')";
        let beside = self.beside.as_mut().expect("the checks come later");
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(beside).await.map_err(|e| e.to_string())?;
        Err(format!("no rest after the storm: {gauges:?} {rows:?}"))
    }

    /// When an update is on its way that has not arrived yet (true time); now, if one has.
    fn next_update(&self) -> Option<Millis> {
        let now = self.storm.true_time();
        let state = self.platform.lock();
        let coming = state.waiting.iter().map(|u| u.not_before).filter(|at| *at > now).min();
        coming.or(state.waiting.first().map(|_| now))
    }

    /// When an event that failed is to be tried again.
    async fn next_retry(&mut self) -> Option<Millis> {
        let now = self.storm.lock().now;
        let sql = "SELECT min(retry_at) FROM inbox WHERE state = 'waiting' AND retry_at > $1";
        let at: Option<i64> = sqlx::query_scalar(sql)
            .bind(now.0)
            .fetch_one(self.beside.as_mut().expect("the checks come later"))
            .await
            .unwrap();
        at.map(Millis)
    }

    /// Everything that can be done at this moment.
    async fn work(&mut self) {
        loop {
            while self.intake.is_some() || !self.stored.is_empty() {
                self.take_in(1).await;
            }
            self.fetch();
            while self.intake.is_some() || !self.stored.is_empty() {
                self.take_in(1).await;
            }
            loop {
                self.ring().await;
                if self.ringing.is_none() {
                    break;
                }
            }
            let now = self.storm.lock().now;
            let waiting = self.store.inner.take(1, now).await.is_ok_and(|events| !events.is_empty());
            if waiting || self.thinking.is_some() {
                loop {
                    self.think(99).await;
                    if self.thinking.is_none() {
                        break;
                    }
                }
            }
            loop {
                self.mail(99).await;
                while !self.sends.is_empty() {
                    self.send_one().await;
                }
                if self.sender_rests && self.outcomes.is_empty() {
                    break;
                }
            }
            if !waiting {
                return;
            }
        }
    }
}
