//! A replica among its fellows on one PostgreSQL: which chats are its turn, who polls and who sends, who is told of changes.
//!
//! Everything here is an advisory lock on a session of its own. Such a lock ends with its session: who dies lets go by
//! dying, and the server ends a session that has gone silent. No promise rests on a lock alone: an event is marked done
//! in the transaction that applies it, and a sender's claim names its term. Called by the store, `inbox` and `app`.

use super::SqlStore;
use super::engine::{Db, Held, Link, Pools, padded, patiently};
use crate::port::store::StoreResult;
use sqlx::postgres::{PgConnectOptions, PgListener};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep, timeout};

/// The first number of our locks with two numbers ("baiy" in ASCII). Chats and keys are locked by one number.
const OURS: i32 = 0x6261_6979;
/// The second number of the lock under which all waves run, and alone one that must run alone.
const WAVES: i32 = 0;
/// The channel on which replicas are told of changes.
const CHANNEL: &str = "baiying";
/// How often who has a seat shows that it is alive.
const BEAT: Duration = Duration::from_secs(1);
/// How long it waits for the server to answer that, before it takes the seat for lost. With the beat this is well below
/// the time after which the server gives the seat away.
const BEAT_PATIENCE: Duration = Duration::from_secs(3);
/// When the server ends the session of a seat that shows no life; its fellows look every second, so a seat that was
/// lost in any way is taken within ten seconds.
const SEAT_SILENCE: &str = "6s";
/// The same for the session that holds a turn, which may be a long one.
const TURN_SILENCE: &str = "30s";
/// The name of the session that holds a turn, by which replicas are counted.
const TURN: &str = "baiying turn";
/// How often they are.
const COUNT_AGAIN: Duration = Duration::from_secs(10);

/// What one process is among the replicas.
#[derive(Debug)]
pub(super) struct Replica {
    options: PgConnectOptions,
    turn: Mutex<Option<Turn>>,
    /// Whether the sender is this process, which then need not be told through the database.
    sends: AtomicBool,
    /// How many replicas there are, as last counted.
    count: AtomicUsize,
}

/// The session on which this replica's turn is held.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) link: Link,
    holds: bool,
    counted: Option<Instant>,
}

impl Replica {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, turn: Mutex::default(), sends: AtomicBool::new(false), count: AtomicUsize::new(1) }
    }

    async fn session(&self, name: &str, silence: &str) -> Db<PgConnection> {
        // What waits is few or many from one second to the next, whatever the statistics say: it is read in the order of the
        // index, as far as is needed, and not all of it to be sorted.
        let settings = [("idle_session_timeout", silence), ("enable_sort", "off"), ("enable_bitmapscan", "off")];
        patiently(self.options.clone().application_name(name).options(settings).connect()).await
    }

    /// Does something on the turn's session. After a failure the session is given up, and all that it held with it.
    async fn on_turn<T>(&self, work: impl AsyncFnOnce(&mut Turn) -> Db<T>) -> Db<T> {
        let mut slot: MutexGuard<'_, Option<Turn>> = self.turn.lock().await;
        let mut turn = match slot.take() {
            Some(turn) => turn,
            None => Turn {
                link: Link::Pg(Held::Own(Box::new(self.session(TURN, TURN_SILENCE).await?))),
                holds: false,
                counted: None,
            },
        };
        let result = work(&mut turn).await;
        if result.is_ok() {
            *slot = Some(turn);
        }
        result
    }

    /// Takes the turn of what `find` finds and locks, among all waves that run now; gives what `read` reads then.
    pub(super) async fn take_turn<F, T>(
        &self,
        find: impl AsyncFnOnce(&mut Link) -> Db<F>,
        is_some: impl FnOnce(&F) -> bool,
        read: impl AsyncFnOnce(&mut Link, &F) -> Db<Vec<T>>,
    ) -> Db<Vec<T>> {
        self.on_turn(async |turn| {
            turn.let_go().await?;
            if turn.counted.is_none_or(|at| at.elapsed() > COUNT_AGAIN) {
                self.count.store(turn.count().await?, Ordering::Relaxed);
                turn.counted = Some(Instant::now());
            }
            let found = find(&mut turn.link).await?;
            if !is_some(&found) {
                return Ok(Vec::new());
            }
            turn.holds = true;
            turn.lock("SELECT pg_advisory_lock_shared($1::int, $2::int)").await?;
            read(&mut turn.link, &found).await
        })
        .await
    }

    /// Tells of each key whether nobody else holds it: it is held then.
    async fn hold(&self, keys: &[i64]) -> Db<Vec<bool>> {
        self.on_turn(async |turn| {
            let mut sql = turn.link.sql("WITH ask (n, key) AS (VALUES ");
            sql.tuples(0..padded(keys.len()), |sql, index| {
                sql.bind(i64::try_from(index).expect("a slice fits")).bind(keys.get(index).copied());
            });
            sql.push(") SELECT n FROM ask WHERE key IS NOT NULL AND pg_try_advisory_lock(key)");
            turn.holds = true;
            let mut held = vec![false; keys.len()];
            for row in turn.link.rows(sql).await? {
                let n: i64 = row.read().next()?;
                held[usize::try_from(n).expect("as bound")] = true;
            }
            Ok(held)
        })
        .await
    }

    async fn alone(&self, alone: bool) -> Db<()> {
        self.on_turn(async |turn| {
            if alone {
                turn.lock("SELECT pg_advisory_unlock_shared($1::int, $2::int)").await?;
                turn.lock("SELECT pg_advisory_lock($1::int, $2::int)").await
            } else {
                turn.lock("SELECT pg_advisory_unlock($1::int, $2::int)").await?;
                turn.lock("SELECT pg_advisory_lock_shared($1::int, $2::int)").await
            }
        })
        .await
    }

    /// How many replicas there are.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether some other process has to be told that there is something to send.
    pub(super) fn others_send(&self) -> bool {
        !self.sends.load(Ordering::Relaxed)
    }

    /// The sender is this process from now on.
    pub(super) fn sends_now(&self) {
        self.sends.store(true, Ordering::Relaxed);
    }
}

impl Turn {
    async fn lock(&mut self, text: &str) -> Db<()> {
        let sql = self.link.numbered(text, [i64::from(OURS), i64::from(WAVES)]);
        self.link.run(sql).await.map(drop)
    }

    /// Counts the sessions that hold turns: each replica has one.
    async fn count(&mut self) -> Db<usize> {
        let mut sql = self.link.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND ");
        sql.push("application_name = ").bind(TURN);
        let count = self.link.number(sql).await?.unwrap_or_default();
        Ok(usize::try_from(count).unwrap_or_default().max(1))
    }

    async fn let_go(&mut self) -> Db<()> {
        if self.holds {
            let sql = self.link.sql("SELECT pg_advisory_unlock_all()");
            self.link.run(sql).await?;
            self.holds = false;
        }
        Ok(())
    }
}

/// Tells all replicas, once this transaction is on disk.
pub(super) async fn tell(link: &mut Link, what: Change) -> Db<()> {
    if let Link::Pg(_) = link {
        let mut sql = link.sql("SELECT pg_notify(");
        sql.bind(CHANNEL).bind(what.code()).push(")");
        link.run(sql).await?;
    }
    Ok(())
}

/// What may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Groups, points, gazetteer, staff.
    Town,
    /// Something waits to be sent.
    Outbox,
    /// Anything: word may have been missed.
    Anything,
}

impl Change {
    fn code(self) -> &'static str {
        match self {
            Self::Town => "town",
            Self::Outbox => "outbox",
            Self::Anything => "anything",
        }
    }

    fn parse(code: &str) -> Self {
        [Self::Town, Self::Outbox].into_iter().find(|change| change.code() == code).unwrap_or(Self::Anything)
    }
}

/// Word of what other replicas changed.
#[derive(Debug)]
pub struct Word(Option<PgListener>);

impl Word {
    /// Waits for the next word. On SQLite, where nobody else changes anything that has to be told, it never comes.
    ///
    /// # Errors
    /// The connection is lost: listen again.
    pub async fn next(&mut self) -> StoreResult<Change> {
        let Some(listener) = &mut self.0 else { return std::future::pending().await };
        Ok(listener.try_recv().await?.map_or(Change::Anything, |word| Change::parse(word.payload())))
    }
}

/// Work that one replica does for all, because what it uses is the bot's and not the replica's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Asks the platform for updates.
    Polling = 1,
    /// Sends, within the platform's limits.
    Sending = 2,
}

impl Seat {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Sending => "sending",
        }
    }
}

/// A seat that this process has, until it is lost or left.
#[derive(Debug)]
pub struct Tenure {
    session: Option<PgConnection>,
    replica: Option<Arc<Replica>>,
}

impl Tenure {
    /// Comes back when the seat is lost: whoever has it must stop at once. On SQLite it never is.
    pub async fn lost(&mut self) {
        let Some(session) = &mut self.session else { return std::future::pending().await };
        loop {
            sleep(BEAT).await;
            let beat = sqlx::query("SELECT 1").execute(&mut *session);
            if !matches!(timeout(BEAT_PATIENCE, beat).await, Ok(Ok(_))) {
                return;
            }
        }
    }

    /// Lets another have it at once.
    pub async fn leave(mut self) {
        if let Some(session) = self.session.take() {
            // What cannot be closed in good order is closed by dropping it.
            let _ = timeout(BEAT_PATIENCE, session.close()).await;
        }
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        if let Some(replica) = &self.replica {
            replica.sends.store(false, Ordering::Relaxed);
        }
    }
}

impl SqlStore {
    /// Takes a seat if nobody has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_seat(&self, seat: Seat) -> StoreResult<Option<Tenure>> {
        let Pools::Pg { replica, .. } = &self.pools else {
            return Ok(Some(Tenure { session: None, replica: None }));
        };
        let name = format!("baiying {}", seat.name());
        let mut session = replica.session(&name, SEAT_SILENCE).await?;
        let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1::int, $2::int)")
            .bind(OURS)
            .bind(seat as i32)
            .fetch_one(&mut session);
        let taken: bool = patiently(asked).await?;
        if !taken {
            let _ = timeout(BEAT_PATIENCE, session.close()).await;
            return Ok(None);
        }
        let replica = (seat == Seat::Sending).then(|| replica.clone());
        Ok(Some(Tenure { session: Some(session), replica }))
    }

    /// Begins to listen for what other replicas change.
    ///
    /// # Errors
    /// The database's.
    pub async fn listen(&self) -> StoreResult<Word> {
        let Pools::Pg { pool, .. } = &self.pools else { return Ok(Word(None)) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Word(Some(listener)))
    }

    pub(super) async fn hold_keys(&self, keys: &[i64]) -> Db<Vec<bool>> {
        match self.pools.replica() {
            Some(replica) if !keys.is_empty() => replica.hold(keys).await,
            _ => Ok(vec![true; keys.len()]),
        }
    }

    pub(super) async fn be_alone(&self, alone: bool) -> Db<()> {
        match self.pools.replica() {
            Some(replica) => replica.alone(alone).await,
            None => Ok(()),
        }
    }

    pub(super) async fn end_turn(&self) -> Db<()> {
        match self.pools.replica() {
            Some(replica) => replica.on_turn(async |turn| turn.let_go().await).await,
            None => Ok(()),
        }
    }
}
