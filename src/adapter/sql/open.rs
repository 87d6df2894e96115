//! Opening a database: connections with their settings, migrations, and the lock of the one server.
//!
//! SQLite: write-ahead log, every commit on disk before it is told, one connection that writes. Readers and
//! the command line may open the same file beside a running server. Called by `app`.

use super::SqlStore;
use super::engine::Pools;
use super::replica::Replica;
use crate::port::store::{StoreError, StoreResult};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Database, PgConnection, PgPool, Pool, SqliteConnection};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The oldest PostgreSQL that ends idle sessions, as its `server_version_num`.
const OLDEST_POSTGRES: i32 = 140_000;
/// Settings of each session on PostgreSQL. Nobody waits for ever: not for a lock, nor for a client that is gone.
const POSTGRES_SETTINGS: [(&str, &str); 7] = [
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "15s"),
    ("synchronous_commit", "on"),
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlOptions {
    /// Connections that read.
    pub readers: u32,
    /// How long to wait for another process that writes, milliseconds.
    pub busy_timeout_ms: u64,
    /// Memory for pages of the connection that writes, KiB; each reader takes a quarter of it.
    pub cache_kib: u32,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self { readers: 4, busy_timeout_ms: 10_000, cache_kib: 8_192 }
    }
}

/// Held by the one process that serves a database; let go when dropped.
#[derive(Debug)]
pub struct ServeLock {
    _held: Option<File>,
}

impl SqlStore {
    /// Opens the database at `url` (`sqlite://PATH` or `postgres://…`), makes the file and its folder if they are
    /// missing, and brings the tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no room, [`StoreError::Other`] with the database's words else.
    pub async fn open(url: &str, options: &SqlOptions) -> StoreResult<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::open_postgres(url, options).await;
        }
        let path = sqlite_path(url)?;
        create(&path)?;
        let connect = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_millis(options.busy_timeout_ms))
            // What is scrubbed is overwritten, not only unlinked.
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY")
            // The server copies the log into the file beside its work, see `checkpoint`: done within a commit, that commit
            // waits for it. Whoever closes the file last copies what is left.
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", "67108864")
            .statement_cache_capacity(200)
            .row_buffer_size(256);
        let writer = connect.clone().pragma("cache_size", format!("-{}", options.cache_kib));
        let write = lasting(1).after_release(|link, _| Box::pin(out_of_transaction(link))).connect_with(writer).await?;
        migrate(&SQLITE, &write).await?;
        let reader = connect.pragma("cache_size", format!("-{}", options.cache_kib / 4)).pragma("query_only", "ON");
        let read = lasting(options.readers).connect_lazy_with(reader);
        let pools = Pools::Sqlite { write, read };
        seal(&pools).await?;
        Ok(Self { pools, lock: Some(with_ending(&path, ".lock")), given: Arc::default() })
    }

    async fn open_postgres(url: &str, options: &SqlOptions) -> StoreResult<Self> {
        let connect = PgConnectOptions::from_str(url)?.application_name("baiying").statement_cache_capacity(500);
        // Several replicas that start at once wait for the one that brings the tables up to date, however long it takes.
        let setup: PgPool = lasting(1).acquire_timeout(Duration::from_secs(10)).connect_with(connect.clone()).await?;
        let version: i32 =
            sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&setup).await?;
        if version < OLDEST_POSTGRES {
            return Err(StoreError::Other(format!("PostgreSQL 14 or newer is needed, this is {}", version / 10_000)));
        }
        migrate(&POSTGRES, &setup).await?;
        setup.close().await;
        let connect = connect.options(POSTGRES_SETTINGS);
        let pool: PgPool = lasting(options.readers + 4)
            .acquire_timeout(Duration::from_secs(10))
            // A connection that does not answer any more is not given back to the others.
            .after_release(|session: &mut PgConnection, _| {
                Box::pin(async move {
                    tokio::time::timeout(Duration::from_secs(3), session.ping())
                        .await
                        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))?;
                    Ok(true)
                })
            })
            .connect_lazy_with(connect.clone());
        let replica = Arc::new(Replica::new(connect));
        let pools = Pools::Pg { pool, replica };
        seal(&pools).await?;
        Ok(Self { pools, lock: None, given: Arc::default() })
    }

    /// Takes the place of the one server of this SQLite database until the lock is dropped or the process ends. On
    /// PostgreSQL there is nothing to take: several may serve.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another process has it.
    pub fn serve_lock(&self) -> StoreResult<ServeLock> {
        let Some(path) = self.lock.as_deref() else { return Ok(ServeLock { _held: None }) };
        let file = private().create(true).open(path).map_err(|error| file_error(path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(ServeLock { _held: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Taken),
            Err(TryLockError::Error(error)) => Err(file_error(path, &error)),
        }
    }

    /// Closes all connections; what is committed is then in the database file itself.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Pg { pool, .. } => pool.close().await,
        }
    }
}

/// Pages of the write-ahead log at which writing waits until it was copied whole: 256 MiB.
const LONGEST_LOG: i64 = 65_536;

impl SqlStore {
    /// Copies the write-ahead log into the database file without holding up who writes; a log that grows faster than
    /// that is copied whole. Nothing to do on PostgreSQL.
    ///
    /// # Errors
    /// The database's.
    pub async fn checkpoint(&self) -> StoreResult<()> {
        let Pools::Sqlite { write, read } = &self.pools else { return Ok(()) };
        let (_, pages, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(read).await?;
        if pages > LONGEST_LOG {
            sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(write).await?;
        }
        Ok(())
    }
}

/// A pool whose connections stay open: opening one costs more than most of what is done with it.
fn lasting<D: Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(60))
}

/// Whether a connection can be used again. SQLite may roll back by itself when it cannot write (a full disk, say); sqlx's own
/// `ROLLBACK` is refused then, and it would take the connection to be in a transaction for ever.
async fn out_of_transaction(link: &mut SqliteConnection) -> sqlx::Result<bool> {
    if link.is_in_transaction() {
        // Its rollback may still be queued before this.
        link.ping().await?;
    }
    Ok(!link.is_in_transaction())
}

/// Brings the tables up to date. When several processes start at once, whoever finds that another was faster with a
/// step looks again: at most once for each step.
async fn migrate<D: Database>(migrator: &Migrator, pool: &Pool<D>) -> StoreResult<()>
where
    D::Connection: sqlx::migrate::Migrate,
    for<'a> &'a Pool<D>: sqlx::Acquire<'a, Database = D>,
{
    let mut left = migrator.iter().count();
    loop {
        match migrator.run(pool).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) if left > 0 => left -= 1,
            Err(MigrateError::Execute(error)) => return Err(error.into()),
            Err(MigrateError::VersionMissing(version)) => {
                let why =
                    format!("it was written by a newer baiying (its tables are of version {version}): use that one");
                return Err(StoreError::Other(why));
            }
            Err(error) => return Err(StoreError::Other(error.to_string())),
        }
    }
}

/// Chains what a ledger held before it was chained.
async fn seal(pools: &Pools) -> StoreResult<()> {
    let mut link = pools.writing().await?;
    super::ledger::seal(&mut link).await?;
    Ok(link.commit().await?)
}

pub(super) fn sqlite_path(url: &str) -> StoreResult<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    match path.map(|path| path.split('?').next().unwrap_or_default()) {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(StoreError::Other("the database's url is neither sqlite://PATH nor postgres://…".into())),
    }
}

/// Makes the folder and an empty file that only its owner may read: leads and names lie in it.
///
/// A file that is there is not touched: closing it would let go of the locks that this process holds on it.
fn create(path: &Path) -> StoreResult<()> {
    create_folder(path)?;
    match private().create_new(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(file_error(path, &error)),
        _ => Ok(()),
    }
}

/// Makes the folder of a file.
pub(super) fn create_folder(path: &Path) -> StoreResult<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder).map_err(|error| file_error(folder, &error)),
        None => Ok(()),
    }
}

/// How a file is made that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn file_error(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Other(format!("{}: {error}", path.display())),
    }
}

pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
