//! A Telegram Bot API server of our own, with a town of people behind it: for the demo, for tests, for load.
//!
//! Serves the Bot API (`/bot<token>/<method>`), a control API for tests (`/sandbox/…`) and the chat page (`/`) on one
//! port. As strict as the real server about offsets and errors; without its limits unless a test asks for them. The
//! bot cannot tell it from the real one. Everything is in memory, behind one short lock; a journal makes it outlive
//! a restart.

mod body;
mod bot_api;
mod change;
mod control;
mod demo;
mod failure;
mod fault;
mod flood;
mod info;
mod journal;
mod keyboard;
mod lab;
mod markup;
mod message;
mod page;
mod person;
mod poll;
mod queue;
mod send;
mod town;
mod view;
mod watch;

#[cfg(test)]
mod tests;

pub use demo::{demo_config, demo_gazetteer, demo_points, demo_rewards};

use crate::port::clock::Clock;
use anyhow::Context;
use journal::Disk;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch as latest};
use tokio::task::JoinHandle;
use town::{Bot, State};

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where it keeps what shall outlive a restart; `None`: nowhere.
    pub data: Option<PathBuf>,
    /// The bot's token, `<number>:<secret>`.
    pub token: String,
    /// A fixed delay on every Bot API call, milliseconds.
    pub delay_ms: u64,
    /// Whether the demo town is put in when there is nothing yet.
    pub demo: bool,
}

/// The user name of the sandbox's bot.
pub const BOT_USERNAME: &str = "baiying_bot";

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: latest::Sender<bool>,
    close: latest::Sender<bool>,
    server: JoinHandle<()>,
    webhook: JoinHandle<()>,
    writer: JoinHandle<()>,
}

/// What all handlers share.
struct Shared {
    town: Mutex<State>,
    clock: Arc<dyn Clock>,
    token: String,
    delay_ms: AtomicU64,
    /// Counts pollers; the newest one is the one.
    poller: AtomicU64,
    /// Wakes those who wait for updates.
    arrived: Notify,
    /// The number of the newest change, for those who look on.
    changed: latest::Sender<u64>,
    stop: latest::Receiver<bool>,
}

impl Shared {
    /// The town, locked. Never held across an await.
    fn town(&self) -> MutexGuard<'_, State> {
        // A panic under the lock cannot leave worse than a half-made message behind; tests would rather go on.
        self.town.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, method: &'static str, chat: Option<i64>, status: u16, note: &str) {
        let now = self.clock.now();
        self.town().calls.add(now, method, chat, status, note);
    }

    fn announce(&self, seq: u64) {
        if self.changed.receiver_count() > 0 {
            self.changed.send_replace(seq);
        }
    }

    /// Wakes those who wait for updates, so that they see what changed.
    fn wake(&self) {
        self.arrived.notify_waiters();
    }

    /// Returns when the sandbox is stopped.
    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // The sender going away is a stop too.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

/// Starts a sandbox.
///
/// # Errors
/// The port is taken, the token has no number, or the data folder cannot be used.
pub async fn start(options: SandboxOptions, clock: Arc<dyn Clock>) -> anyhow::Result<Sandbox> {
    let id = options.token.split_once(':').and_then(|(id, _)| id.parse().ok());
    let id = id.context("the sandbox's token must look like 8000000001:secret")?;
    let bot = Bot { id, username: BOT_USERNAME.into(), name: "百应 Baiying".into() };
    let mut town = State::new(bot, clock.now());
    let mut disk = None;
    let mut found = false;
    if let Some(dir) = &options.data {
        let (opened, any) = Disk::open(dir, &mut town)?;
        (disk, found) = (Some(opened), any);
    }
    if options.demo && !found {
        demo::settle(&mut town, clock.now());
    }
    let listener = TcpListener::bind(options.listen).await.with_context(|| {
        format!("the sandbox cannot listen on {}: another program uses the port; try --port", options.listen)
    })?;
    let addr = listener.local_addr()?;
    let (stop, stopped) = latest::channel(false);
    let shared = Arc::new(Shared {
        changed: latest::Sender::new(town.seq),
        town: Mutex::new(town),
        clock,
        token: options.token,
        delay_ms: AtomicU64::new(options.delay_ms),
        poller: AtomicU64::new(0),
        arrived: Notify::new(),
        stop: stopped,
    });
    let webhook = tokio::spawn(poll::run_webhook(Arc::clone(&shared)));
    let (close, closing) = latest::channel(false);
    let writer = tokio::spawn(run_writer(Arc::clone(&shared), disk, closing));
    let server = tokio::spawn(run_server(listener, shared));
    Ok(Sandbox { addr, stop, close, server, webhook, writer })
}

async fn run_server(listener: TcpListener, shared: Arc<Shared>) {
    use axum::serve::ListenerExt;
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for company.
        let _ = stream.set_nodelay(true);
    });
    let api = Arc::clone(&shared);
    let app = control::routes()
        .with_state(Arc::clone(&shared))
        .fallback(move |request| bot_api::serve(Arc::clone(&api), request));
    let serving = axum::serve(listener, app).with_graceful_shutdown({
        let shared = Arc::clone(&shared);
        async move { shared.stopped().await }
    });
    let patience = async {
        shared.stopped().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    tokio::select! {
        _ = serving => {}
        () = patience => {}
    }
}

/// Puts changes on disk five times a second, and the rest at the end.
async fn run_writer(shared: Arc<Shared>, disk: Option<Disk>, mut closing: latest::Receiver<bool>) {
    let Some(mut disk) = disk else { return };
    loop {
        let over = tokio::select! {
            _ = closing.wait_for(|close| *close) => true,
            () = tokio::time::sleep(Duration::from_millis(200)) => false,
        };
        let (lines, files) = shared.town().journal.take();
        if !lines.is_empty() || !files.is_empty() {
            let written = tokio::task::spawn_blocking(move || disk.append(&lines, &files).map(|()| disk)).await;
            match written {
                Ok(Ok(same)) => disk = same,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the sandbox can no longer write its journal");
                    return;
                }
                Err(_) => return,
            }
        }
        if over {
            if let Err(error) = disk.close() {
                tracing::error!(%error, "the sandbox could not close its journal");
            }
            return;
        }
    }
}

impl Sandbox {
    /// The base address for clients, `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops serving and puts everything on disk.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in [self.server, self.webhook] {
            // A task that panicked has nothing left to finish.
            let _ = task.await;
        }
        self.close.send_replace(true);
        let _ = self.writer.await;
    }
}
