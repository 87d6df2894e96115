//! Backup and restore of a SQLite database: one file, whole, checked, and only its owner may read it.
//!
//! The copy is made by `VACUUM INTO`: one reading transaction, which holds up no writer in WAL mode, and what was scrubbed
//! is not in it; the online backup API would begin anew whenever somebody writes. PostgreSQL has its own tools, of
//! which the command line is given. Called by `app`.

use super::open::{SQLITE, create_folder, private, sqlite_path, with_ending};
use crate::domain::id::Millis;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Why nothing was copied. What stood there before still does.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is PostgreSQL; with the command that does it.
    #[error(
        "the database is PostgreSQL, which has its own tools for this. Run:\n  {0}\nThe README says more, also on point-in-time recovery"
    )]
    Postgres(String),
    /// Something stands where the copy should go.
    #[error("{} is there already: nothing is overwritten. Move it away first", .0.display())]
    Exists(PathBuf),
    /// A server has the database.
    #[error("a baiying is serving {}: stop it first", .0.display())]
    Taken(PathBuf),
    /// There is nothing to copy.
    #[error("{} is no baiying database: {}", .0.display(), .1)]
    Foreign(PathBuf, String),
    /// It was written by a newer program.
    #[error("{} was written by a newer baiying (its tables are of version {}, this program knows {}): use that one", .0.display(), .1, .2)]
    Newer(PathBuf, i64, i64),
    /// It is damaged.
    #[error("{} is damaged: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// The disk or the database refused.
    #[error("{}: {}", .0.display(), .1)]
    Refused(PathBuf, String),
}

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// How many leads.
    pub leads: i64,
    /// Events that wait to be worked on.
    pub waiting: i64,
    /// Messages that wait to be sent, or were being sent.
    pub to_send: i64,
    /// When the timers that are set are due.
    pub timers: Vec<Millis>,
    /// When the newest update was stored.
    pub newest_update: Option<Millis>,
}

fn refused(path: &Path) -> impl Fn(std::io::Error) -> BackupError {
    |error| BackupError::Refused(path.to_owned(), error.to_string())
}

fn trouble(path: &Path) -> impl Fn(sqlx::Error) -> BackupError {
    |error| match super::StoreError::from(error) {
        super::StoreError::Full => BackupError::Refused(path.to_owned(), "the disk is full".into()),
        error => BackupError::Refused(path.to_owned(), error.to_string()),
    }
}

/// Copies the database at `url` into `file`, which must not be there, while it may be in use.
///
/// # Errors
/// See [`BackupError`]; then there is no `file`.
pub async fn backup(url: &str, file: &Path) -> Result<Contents, BackupError> {
    if let Some(at) = PostgresAt::read(url) {
        return Err(BackupError::Postgres(at.command("pg_dump --format=custom --file", file)));
    }
    let source = sqlite_path(url).map_err(|error| BackupError::Refused(url.into(), error.to_string()))?;
    if !source.is_file() {
        return Err(BackupError::Foreign(source, "there is no such file".into()));
    }
    let draft = Draft::begin(file)?;
    // VACUUM INTO takes a file that is there if it is empty: so it is made, and for its owner alone.
    let vacuum = async {
        let mut link = SqliteConnectOptions::new().filename(&source).connect().await?;
        let path = draft.part.to_str().ok_or_else(|| sqlx::Error::Protocol("its name is not UTF-8".into()))?;
        sqlx::query("VACUUM INTO $1").bind(path).execute(&mut link).await?;
        link.close().await
    };
    vacuum.await.map_err(|error| match damage(&error) {
        Some(words) => BackupError::Damaged(source.clone(), words),
        None => trouble(&draft.part)(error),
    })?;
    draft.keep(&source).await
}

/// Copies `file` to where `url` says that the database is. Nothing may stand there, and nobody may serve it.
///
/// # Errors
/// See [`BackupError`]; then nothing has changed.
pub async fn restore(file: &Path, url: &str) -> Result<Contents, BackupError> {
    if let Some(at) = PostgresAt::read(url) {
        return Err(BackupError::Postgres(
            at.command("pg_restore --exit-on-error --single-transaction --dbname", file),
        ));
    }
    let target = sqlite_path(url).map_err(|error| BackupError::Refused(url.into(), error.to_string()))?;
    examine(file, file).await?;
    create_folder(&target).map_err(|error| BackupError::Refused(target.clone(), error.to_string()))?;
    let lock = with_ending(&target, ".lock");
    let held = private().create(true).open(&lock).map_err(refused(&lock))?;
    held.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => BackupError::Taken(target.clone()),
        std::fs::TryLockError::Error(error) => refused(&lock)(error),
    })?;
    // The log of another database would be played into this one.
    for ending in ["-wal", "-shm", "-journal"] {
        let left = with_ending(&target, ending);
        if left.exists() {
            return Err(BackupError::Exists(left));
        }
    }
    let draft = Draft::begin(&target)?;
    let copied = File::open(file).and_then(|mut from| std::io::copy(&mut from, &mut &draft.file));
    copied.map_err(refused(&draft.part))?;
    draft.keep(file).await
}

/// A copy on its way: it appears under its name only when it is whole and on the disk; dropped before, nothing is
/// left of it.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    part: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    fn begin(path: &Path) -> Result<Self, BackupError> {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let part = with_ending(path, ".part");
        // What is left of one that was killed.
        let _ = std::fs::remove_file(&part);
        let file = private().create_new(true).open(&part).map_err(refused(&part))?;
        Ok(Self { path: path.to_owned(), part, file, kept: false })
    }

    /// Checks the copy and gives it its name. `source` is named if it is damaged.
    async fn keep(mut self, source: &Path) -> Result<Contents, BackupError> {
        self.file.sync_all().map_err(refused(&self.part))?;
        let contents = examine(&self.part, source).await?;
        if self.path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(self.path.clone()));
        }
        std::fs::rename(&self.part, &self.path).map_err(refused(&self.path))?;
        self.kept = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused(folder))?;
        Ok(contents)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is done about a part that cannot be taken away: it is named as one.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// What the database says when it finds itself damaged (SQLITE_CORRUPT, SQLITE_NOTADB).
fn damage(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let primary = error.code()?.parse::<u32>().ok()? & 0xff;
    matches!(primary, 11 | 26).then(|| error.message().to_owned())
}

/// Looks whether a file is a whole database of this product, and at what is in it. `named` is what is told of.
async fn examine(file: &Path, named: &Path) -> Result<Contents, BackupError> {
    let mut start = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) if start == *b"SQLite format 3\0" => {}
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(refused(named)(error)),
        _ => return Err(BackupError::Foreign(named.to_owned(), "it is no SQLite file".into())),
    }
    for ending in ["-wal", "-journal"] {
        if with_ending(file, ending).metadata().is_ok_and(|log| log.len() > 0) {
            let why = format!("a part of it lies beside it in a {ending} file; make a copy with baiying backup");
            return Err(BackupError::Damaged(named.to_owned(), why));
        }
    }
    // Immutable: nothing is written beside it, and it may lie where nothing can be.
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let look = async {
        let mut link = options.connect().await?;
        let contents = match unfit(&mut link, named).await? {
            Some(why) => Err(why),
            None => Ok(contents(&mut link).await?),
        };
        link.close().await?;
        Ok(contents)
    };
    look.await.map_err(|error| match damage(&error) {
        Some(words) => BackupError::Damaged(named.to_owned(), words),
        None => trouble(named)(error),
    })?
}

/// Why this program could not work with a database.
async fn unfit(link: &mut SqliteConnection, named: &Path) -> sqlx::Result<Option<BackupError>> {
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('_sqlx_migrations', 'inbox', 'lead', 'transfer')";
    if sqlx::query_scalar::<_, i64>(tables).fetch_one(&mut *link).await? != 4 {
        return Ok(Some(BackupError::Foreign(named.to_owned(), "its tables are others".into())));
    }
    let newest = SQLITE.iter().map(|known| known.version).max().unwrap_or_default();
    let applied = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version");
    for row in applied.fetch_all(&mut *link).await? {
        let (version, checksum): (i64, Vec<u8>) = (row.get(0), row.get(1));
        if version > newest {
            return Ok(Some(BackupError::Newer(named.to_owned(), version, newest)));
        }
        if !SQLITE.iter().any(|known| known.version == version && known.checksum == checksum) {
            return Ok(Some(BackupError::Foreign(named.to_owned(), "its tables are of another program".into())));
        }
    }
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(5)").fetch_all(&mut *link).await?;
    found.retain(|words| words != "ok");
    let loose = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *link).await?.len();
    if loose > 0 {
        found.push(format!("{loose} rows name others that are not there"));
    }
    Ok((!found.is_empty()).then(|| BackupError::Damaged(named.to_owned(), found.join("; "))))
}

async fn contents(link: &mut SqliteConnection) -> sqlx::Result<Contents> {
    async fn number(link: &mut SqliteConnection, sql: &'static str) -> sqlx::Result<Option<i64>> {
        sqlx::query_scalar(sql).fetch_one(link).await
    }
    let count = |found: Option<i64>| found.unwrap_or_default();
    let timers: Vec<i64> = sqlx::query_scalar("SELECT due FROM timer ORDER BY due").fetch_all(&mut *link).await?;
    Ok(Contents {
        leads: count(number(link, "SELECT COUNT(*) FROM lead").await?),
        waiting: count(number(link, "SELECT COUNT(*) FROM inbox WHERE state = 'waiting'").await?),
        to_send: count(number(link, "SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending')").await?),
        timers: timers.into_iter().map(Millis).collect(),
        newest_update: number(link, "SELECT MAX(received_at) FROM inbox WHERE kind = 'update'").await?.map(Millis),
    })
}

/// Where a PostgreSQL database is, without its password.
struct PostgresAt(PgConnectOptions);

impl PostgresAt {
    fn read(url: &str) -> Option<Self> {
        let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        PgConnectOptions::from_str(url).ok().filter(|_| postgres).map(Self)
    }

    /// A command line of PostgreSQL's tools. The last option of `tool` takes its own value first.
    fn command(&self, tool: &str, file: &Path) -> String {
        let database = self.0.get_database().unwrap_or_else(|| self.0.get_username());
        let host = self.0.get_socket().map_or_else(|| self.0.get_host().to_owned(), |path| path.display().to_string());
        let at = format!(
            "--host={} --port={} --username={}",
            quoted(&host),
            self.0.get_port(),
            quoted(self.0.get_username())
        );
        let (file, database) = (quoted(&file.display().to_string()), quoted(database));
        if tool.starts_with("pg_dump") {
            format!("{tool}={file} {at} {database}")
        } else {
            format!("{tool}={database} {at} {file}")
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
