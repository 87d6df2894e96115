//! Wiring: the only place that names adapters. Starts the workers of a server and stops them in order.
//!
//! A server is a handful of workers around one store: what brings updates in (poller or webhook), the engine, the
//! timers, the sender, the HTTP side, and the database's housekeeping. Each ends when `stop` says so; the sender waits for
//! what is under way. Of several replicas on one PostgreSQL one polls and one sends: whoever has the `seat`.

pub mod cli;
pub mod command;
pub mod load;
pub mod sandbox;
mod seat;

use crate::adapter::clock::{SystemChance, SystemClock};
use crate::adapter::feed;
use crate::adapter::file::FilePrinter;
use crate::adapter::file::digest::ExportKey;
use crate::adapter::sql::{Change, Seat, ServeLock, SqlOptions, SqlStore};
use crate::adapter::telegram::api::Api;
use crate::adapter::telegram::poll::{self, poll};
use crate::adapter::telegram::send::TelegramChat;
use crate::adapter::telegram::webhook;
use crate::adapter::web::{self, Metrics};
use crate::config::{Config, GroupSeed, MemberSeed, Mode, Secrets};
use crate::domain::group::Group;
use crate::domain::id::{ChatId, UserId};
use crate::domain::member::Member;
use crate::domain::place::Wgs84;
use crate::flow::engine::{Engine, Errand};
use crate::flow::outbox::{Outbox, SIDE_BY_SIDE};
use crate::flow::town::Town;
use crate::flow::watchdog::Watchdog;
use crate::port::chat::Chat;
use crate::port::clock::{Chance, Clock};
use crate::port::meter::{Level, Meter};
use crate::port::store::{Store, StoreError};
use crate::port::table::Printer;
use anyhow::Context as _;
use seat::in_seat;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How long an idle worker waits before it looks by itself, whether or not somebody woke it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often the write-ahead log is copied into the database.
const CHECKPOINT: Duration = Duration::from_millis(250);
/// Pause after the store refused.
const PAUSE: Duration = Duration::from_secs(1);
/// Length of the installation's export key: 160 bits.
const KEY_LENGTH: usize = 32;

/// Opens the database that the config names.
///
/// # Errors
/// The database's.
pub async fn open_store(config: &Config) -> anyhow::Result<SqlStore> {
    let database = &config.database;
    SqlStore::open(&database.url, &SqlOptions::default())
        .await
        .with_context(|| format!("cannot open the database {}", database.shown()))
}

/// The key of the export digests: from the environment, else made once and kept in the database.
///
/// # Errors
/// The database's, or a key that is too short.
pub async fn export_key(store: &SqlStore, secrets: &Secrets) -> anyhow::Result<ExportKey> {
    let key = match &secrets.export_key {
        Some(key) => key.expose_secret().to_owned(),
        None => store.secret("export_key", &SystemChance.code(KEY_LENGTH)).await?,
    };
    ExportKey::new(key).map_err(anyhow::Error::msg)
}

/// Writes the config's groups and people that the database does not have.
///
/// # Errors
/// The database's.
pub async fn seed(store: &SqlStore, config: &Config) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let groups: Vec<Group> = config.group.iter().map(|g| group_of(g, config)).collect();
    let members: Vec<Member> = config.member.iter().map(|m| member_of(m, now)).collect();
    store.seed(&groups, &members).await.context("cannot write the config's groups and people to the database")
}

fn group_of(seed: &GroupSeed, config: &Config) -> Group {
    Group {
        chat: ChatId(seed.chat_id),
        kind: seed.kind,
        name: seed.name.clone(),
        area: seed.lat.zip(seed.lon).and_then(|(lat, lon)| Wgs84::new(lat, lon)),
        pin_datum: seed.pin_datum,
        language: seed.language.unwrap_or(config.language),
    }
}

fn member_of(seed: &MemberSeed, now: crate::domain::id::Millis) -> Member {
    Member {
        user: UserId(seed.user_id),
        name: seed.name.clone(),
        occupation: seed.occupation.clone(),
        group: seed.group.clone(),
        team: seed.team.clone(),
        roles: seed.roles.clone(),
        language: None,
        code: SystemChance.code(8),
        first_seen: now,
        told_at: None,
    }
}

/// A server that runs.
pub struct Server {
    stop: watch::Sender<bool>,
    workers: JoinSet<anyhow::Result<()>>,
    _lock: ServeLock,
}

impl Server {
    /// Starts the workers.
    ///
    /// # Errors
    /// Another server has the database; the database, the token or the address cannot be used.
    pub async fn start(config: Config, secrets: &Secrets) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let (store, lock, key) = stand_by(&config, secrets).await?;
        let token = secrets.token.as_ref().context("no token: set BAIYING_TOKEN or BAIYING_TOKEN_FILE")?;
        let api = Api::new(&config.telegram.api_url, token)?;
        let clock = Arc::new(SystemClock);
        let metrics = Arc::new(Metrics::default());
        let printer = Arc::new(FilePrinter { key });
        let (stop, stopped) = watch::channel(false);
        let (inbox, outbox) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut workers = JoinSet::new();

        let mut routes = web::routes(store.clone(), metrics.clone());
        let writer = command::duty::feed_writer(&config);
        routes = routes.merge(feed::routes(store.clone(), writer, clock.clone(), Arc::new(SystemChance)));
        let username = username(&config, &api).await;
        let chat = Arc::new(TelegramChat::new(api.clone(), username));
        match config.telegram.mode {
            Mode::Polling => {
                let (shared, clock, wake, meter) = (store.clone(), clock.clone(), inbox.clone(), metrics.clone());
                let work = move |stop| {
                    let (api, store, clock) = (api.clone(), shared.clone(), clock.clone());
                    poll(api, store, clock, wake.clone(), meter.clone(), stop, poll::Pace::default())
                };
                workers.spawn(in_seat(store.clone(), Seat::Polling, metrics.clone(), stopped.clone(), work));
            }
            Mode::Webhook => {
                let secret = secrets.webhook.clone().context("no secret: set BAIYING_WEBHOOK_SECRET")?;
                let (store, clock, wake, meter) = (store.clone(), clock.clone(), inbox.clone(), metrics.clone());
                routes = routes.merge(webhook::routes(store, clock, secret.clone(), wake, meter));
                workers.spawn(set_hook(
                    api,
                    config.telegram.webhook_url.clone(),
                    secret,
                    metrics.clone(),
                    stopped.clone(),
                ));
            }
        }
        workers.spawn(web::serve_http(config.http.listen, routes, stopped.clone()));

        let engine = Engine::new(
            store.clone(),
            chat.clone(),
            clock.clone(),
            Arc::new(SystemChance),
            metrics.clone(),
            config.clone(),
        )
        .reading_aside();
        let town = Arc::new(Notify::new());
        workers.spawn(run_engine(
            engine,
            chat.clone(),
            metrics.clone(),
            Wakes { inbox: inbox.clone(), outbox: outbox.clone(), town: town.clone() },
            stopped.clone(),
        ));
        workers.spawn(run_checkpoints(store.clone(), metrics.clone(), stopped.clone()));
        workers.spawn(run_timers(store.clone(), clock.clone(), metrics.clone(), inbox.clone(), stopped.clone()));
        workers.spawn(run_word(store.clone(), town, outbox.clone(), stopped.clone()));
        let (shared, meter) = (store.clone(), metrics.clone());
        let work = move |mut stop: watch::Receiver<bool>| {
            let (store, chat, printer) = (shared.clone(), chat.clone(), printer.clone());
            let (clock, metrics, config) = (clock.clone(), meter.clone(), config.clone());
            let (outbox, inbox) = (outbox.clone(), inbox.clone());
            let limits = config.telegram.limits;
            async move {
                match Outbox::start(store, chat, printer, clock.clone(), metrics.clone(), config).await {
                    Ok(sender) => {
                        let watch = run_watchdog(sender.watchdog(), limits.per_second, clock.clone(), metrics.clone());
                        tokio::select! {
                            ended = run_outbox(sender, clock, metrics, outbox, inbox, stop) => ended,
                            never = watch => never,
                        }
                    }
                    Err(error) => {
                        pause(&*metrics, "outbox", &error, &mut stop).await;
                        Ok(())
                    }
                }
            }
        };
        workers.spawn(in_seat(store, Seat::Sending, metrics, stopped, work));
        Ok(Self { stop, workers, _lock: lock })
    }

    /// Runs until `until` is done or a worker gives up, then stops in order.
    ///
    /// # Errors
    /// Those of the worker that gave up.
    pub async fn run(mut self, until: impl Future<Output = ()>) -> anyhow::Result<()> {
        let gave_up = tokio::select! {
            () = until => None,
            ended = self.workers.join_next() => ended,
        };
        self.stop.send_replace(true);
        let mut result = gave_up.map_or(Ok(()), |ended| ended.context("a worker panicked").flatten());
        while let Some(ended) = self.workers.join_next().await {
            result = result.and(ended.context("a worker panicked").flatten());
        }
        result
    }
}

/// Opens the database, takes the place of its one server where there is but one, and writes what the config seeds. A
/// database across the network that is away is waited for: whoever starts all at once need not mind the order.
async fn stand_by(config: &Config, secrets: &Secrets) -> anyhow::Result<(SqlStore, ServeLock, ExportKey)> {
    let ready = async || {
        let store = open_store(config).await?;
        let lock = match store.serve_lock() {
            Err(StoreError::Taken) => anyhow::bail!(
                "another baiying serves {}: stop it first, or give this one its own [database] url",
                config.database.shown()
            ),
            lock => lock?,
        };
        seed(&store, config).await?;
        let key = export_key(&store, secrets).await?;
        Ok((store, lock, key))
    };
    loop {
        match ready().await {
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Away(_))) => {
                tracing::error!(error = format!("{error:#}"), "trying on");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// The bot's user name: from the config, else the platform's answer, however long that takes.
async fn username(config: &Config, api: &Api) -> String {
    if !config.telegram.username.is_empty() {
        return config.telegram.username.clone();
    }
    loop {
        match api.me().await {
            Ok(me) => return me.username,
            Err(error) => {
                tracing::warn!(%error, "the platform does not say who the bot is; trying on");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// By what workers of one process wake each other.
struct Wakes {
    /// Something waits in the inbox.
    inbox: Arc<Notify>,
    /// Something waits to be sent.
    outbox: Arc<Notify>,
    /// Another replica has changed the town.
    town: Arc<Notify>,
}

/// Tells the platform where to call, however long that takes: what it keeps meanwhile, it sends then.
async fn set_hook(
    api: Api,
    url: String,
    secret: SecretString,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let part = "webhook";
    let set = async {
        while let Err(error) = api.set_webhook(&url, &secret).await {
            metrics.trouble(part, Some(format!("it could not be set: {error}; trying on")));
            tokio::time::sleep(PAUSE).await;
        }
        metrics.trouble(part, None);
    };
    tokio::select! {
        () = set => {}
        _ = stop.changed() => return Ok(()),
    }
    // Done; the others go on.
    drop(stop.changed().await);
    Ok(())
}

async fn run_engine<S: Store, C: Chat, M: Meter>(
    mut engine: Engine<S, C>,
    chat: Arc<C>,
    meter: Arc<M>,
    wakes: Wakes,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    // Before the first event needs it; if it cannot be had, that event waits.
    if let Err(error) = engine.prepare().await {
        pause(&*meter, "engine", &error, &mut stop).await;
    }
    let mut errands = JoinSet::new();
    while !*stop.borrow() {
        if let Some(town) = errands.try_join_next() {
            engine.arrived(town.context("a worker panicked")?);
        }
        let turn = engine.turn().await;
        if let Some(errand) = engine.errand() {
            errands.spawn(run_errand(errand));
        }
        match turn {
            Ok((done, answers)) => {
                meter.trouble("engine", None);
                if done > 0 {
                    wakes.outbox.notify_one();
                }
                for answer in answers {
                    let chat = chat.clone();
                    // They expire in seconds: not queued, not tried again.
                    tokio::spawn(async move {
                        if let Err(error) = chat.answer(answer).await {
                            tracing::debug!(%error, "a press was not answered");
                        }
                    });
                }
                // Whoever puts something in the inbox meanwhile has left word: no need to look whether it is empty.
                if !engine.has_more() {
                    tokio::select! {
                        () = wakes.inbox.notified() => {}
                        () = wakes.town.notified() => {
                            if let Err(error) = engine.prepare().await {
                                pause(&*meter, "engine", &error, &mut stop).await;
                            }
                        }
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                        _ = stop.changed() => {}
                    }
                }
            }
            Err(error) => pause(&*meter, "engine", &error, &mut stop).await,
        }
    }
    Ok(())
}

/// Reads and makes a town beside the engine's work.
async fn run_errand<S: Store>(errand: Errand<S>) -> Option<Town> {
    let file = match errand.read().await {
        Ok(file) => file,
        Err(error) => {
            tracing::error!(%error, "the changed town could not be read; trying on");
            return None;
        }
    };
    tokio::task::spawn_blocking(move || errand.make(file)).await.ok()
}

/// Says what is wrong, and waits: everything still waits in the store, and goes on by itself.
async fn pause<M: Meter + ?Sized>(meter: &M, part: &'static str, error: &StoreError, stop: &mut watch::Receiver<bool>) {
    meter.trouble(part, Some(format!("{error}; trying on")));
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => {}
        _ = stop.changed() => {}
    }
}

/// Hears what other replicas have changed.
async fn run_word(
    store: SqlStore,
    town: Arc<Notify>,
    outbox: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let hear = async {
        loop {
            let error = match store.listen().await {
                Err(error) => error,
                Ok(mut word) => loop {
                    match word.next().await {
                        Ok(Change::Town) => town.notify_one(),
                        Ok(Change::Outbox) => outbox.notify_one(),
                        Ok(Change::Anything) => {
                            town.notify_one();
                            outbox.notify_one();
                        }
                        Err(error) => break error,
                    }
                },
            };
            tracing::warn!(%error, "no word from other replicas; all is looked at now and then until there is");
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = hear => {}
        _ = stop.changed() => {}
    }
    Ok(())
}

/// Keeps the write-ahead log short.
async fn run_checkpoints<M: Meter>(
    store: SqlStore,
    meter: Arc<M>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    while !*stop.borrow() {
        let refused = store.checkpoint().await.err();
        let told = |error| format!("the write-ahead log cannot be copied into the database: {error}; trying on");
        meter.trouble("database", refused.map(told));
        tokio::select! {
            () = tokio::time::sleep(CHECKPOINT) => {}
            _ = stop.changed() => {}
        }
    }
    Ok(())
}

async fn run_timers<S: Store, M: Meter>(
    store: S,
    clock: Arc<SystemClock>,
    meter: Arc<M>,
    inbox: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut awaited = None;
    while !*stop.borrow() {
        let now = clock.now();
        let rung = store.ring_timers(now).await;
        // Awake when the next is due, if that is before another might have been set.
        let mut nap = LOOK_AGAIN;
        if let Ok(next) = rung {
            if awaited.is_some_and(|due| due <= now) {
                inbox.notify_one();
            }
            awaited = next;
            let until = next.and_then(|due| u64::try_from(due.since(clock.now())).ok());
            nap = until.map_or(nap, |ms| nap.min(Duration::from_millis(ms)));
        }
        meter.trouble("timers", rung.err().map(|error| format!("{error}; trying on")));
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            _ = stop.changed() => {}
        }
    }
    Ok(())
}

async fn run_outbox<S: Store, C: Chat, P: Printer, M: Meter>(
    mut outbox: Outbox<S, C, P>,
    clock: Arc<SystemClock>,
    meter: Arc<M>,
    wake: Arc<Notify>,
    inbox: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (done, mut outcomes) = mpsc::unbounded_channel();
    let mut settling = Vec::with_capacity(SIDE_BY_SIDE);
    let mut under_way = 0;
    loop {
        let stopping = *stop.borrow();
        if stopping && under_way == 0 {
            return Ok(());
        }
        if outbox.owes()
            && let Err(error) = outbox.settle(Vec::new()).await
        {
            pause(&*meter, "outbox", &error, &mut stop).await;
        }
        let mut next = None;
        if !stopping && under_way < SIDE_BY_SIDE {
            let claimed = match outbox.read().await {
                Ok(()) => outbox.claim(SIDE_BY_SIDE - under_way).await,
                Err(error) => Err(error),
            };
            match claimed {
                Ok((claimed, wait)) => {
                    if !outbox.owes() {
                        meter.trouble("outbox", None);
                    }
                    next = wait;
                    under_way += claimed.len();
                    for one in claimed {
                        let (send, done) = (outbox.send(one), done.clone());
                        tokio::spawn(async move { done.send(send.await) });
                    }
                }
                Err(error) => pause(&*meter, "outbox", &error, &mut stop).await,
            }
        }
        let nap = next.map_or(LOOK_AGAIN, |at| {
            Duration::from_millis(u64::try_from(at.since(clock.now())).unwrap_or(0)).min(LOOK_AGAIN)
        });
        tokio::select! {
            biased;
            count = outcomes.recv_many(&mut settling, SIDE_BY_SIDE), if under_way > 0 => {
                under_way -= count;
                let outcomes = std::mem::take(&mut settling);
                match outbox.settle(outcomes).await {
                    Ok(true) => inbox.notify_one(),
                    Ok(false) => {}
                    // It is kept, and settled with the next ones, or when nothing else happens.
                    Err(error) => pause(&*meter, "outbox", &error, &mut stop).await,
                }
            }
            () = wake.notified(), if !stopping && under_way < SIDE_BY_SIDE => {}
            () = tokio::time::sleep(nap) => {}
            _ = stop.changed(), if !stopping => {}
        }
    }
}

/// Asks the watchdog each second, and says what is wrong.
async fn run_watchdog<M: Meter>(
    watchdog: Arc<Mutex<Watchdog>>,
    per_second: u32,
    clock: Arc<SystemClock>,
    meter: Arc<M>,
) -> anyhow::Result<()> {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let verdict = watchdog.lock().unwrap_or_else(PoisonError::into_inner).look(clock.now(), per_second);
        meter.trouble("platform", verdict.platform);
        meter.trouble("alarms", verdict.alarms);
        meter.level(Level::AlarmsWaiting, i64::try_from(verdict.waiting).unwrap_or(i64::MAX));
        meter.level(Level::AlarmOldest, verdict.oldest_ms);
    }
}

/// Done when the operating system asks the process to end.
pub async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).expect("a handler for SIGTERM can be set");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
    tracing::info!("stopping");
}
