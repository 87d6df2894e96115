//! The two engines behind one SQL text: connections, statements with their values, rows.
//!
//! Owns every match on the engine. A statement is written once; only its placeholders differ, because
//! SQLite looks a numbered placeholder up by its name, which is quadratic in statements of many rows.
//! Knows nothing of what is stored. Called by every other module of this room.

use super::replica::Replica;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Database, Decode, Encode, PgPool, Postgres, Row as _, Sqlite, SqlitePool};
use sqlx::{Transaction, Type};
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;
use std::time::Duration;

/// A result in the database's own words.
pub(super) type Db<T> = Result<T, sqlx::Error>;

/// Which engine a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Pg,
}

/// The open database.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// One connection that writes, a few that read: a second writer would only wait for the lock.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Pg {
        pool: PgPool,
        replica: Arc<Replica>,
    },
}

impl Pools {
    /// A connection that reads. On PostgreSQL a statement that writes may run on it, too: by itself, on disk when it returns.
    pub(super) async fn reading(&self) -> Db<Link> {
        Ok(match self {
            Self::Sqlite { read, .. } => Link::Sqlite(Held::Plain(read.acquire().await?)),
            Self::Pg { pool, .. } => Link::Pg(Held::Plain(pool.acquire().await?)),
        })
    }

    /// A transaction in which everything is read as it stood at one moment. It writes nothing.
    pub(super) async fn snapshot(&self) -> Db<Link> {
        Ok(match self {
            Self::Sqlite { read, .. } => Link::Sqlite(Held::Whole(read.begin().await?)),
            Self::Pg { pool, .. } => {
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                Link::Pg(Held::Whole(begun.await?))
            }
        })
    }

    /// What this process is among the replicas; none on SQLite, which has one server.
    pub(super) fn replica(&self) -> Option<&Replica> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Pg { replica, .. } => Some(replica),
        }
    }

    /// A transaction that holds the write lock from its start.
    pub(super) async fn writing(&self) -> Db<Link> {
        Ok(match self {
            Self::Sqlite { write, .. } => Link::Sqlite(Held::Whole(write.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Pg { pool, .. } => Link::Pg(Held::Whole(pool.begin().await?)),
        })
    }
}

/// A connection, as it is or in a transaction that is rolled back unless committed.
#[derive(Debug)]
pub(super) enum Held<D: Database> {
    Plain(PoolConnection<D>),
    Whole(Transaction<'static, D>),
    /// Out of any pool.
    Own(Box<D::Connection>),
}

impl<D: Database> Deref for Held<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        match self {
            Self::Plain(connection) => connection,
            Self::Whole(transaction) => transaction,
            Self::Own(connection) => connection,
        }
    }
}

impl<D: Database> DerefMut for Held<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        match self {
            Self::Plain(connection) => connection,
            Self::Whole(transaction) => transaction,
            Self::Own(connection) => connection,
        }
    }
}

impl<D: Database> Held<D> {
    async fn commit(self) -> Db<()> {
        match self {
            Self::Plain(_) | Self::Own(_) => Ok(()),
            Self::Whole(transaction) => transaction.commit().await,
        }
    }

    async fn rollback(self) -> Db<()> {
        match self {
            Self::Plain(_) | Self::Own(_) => Ok(()),
            Self::Whole(transaction) => transaction.rollback().await,
        }
    }
}

/// How long an answer of a database across the network is waited for. What hangs longer is taken for lost, and its
/// connection is not used again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for an answer of PostgreSQL, but not for ever: the other end may be gone without a word.
pub(super) async fn patiently<T>(answer: impl Future<Output = Db<T>>) -> Db<T> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Does it again when it crossed with another transaction and one of the two had to give way.
pub(super) async fn uncrossed<T, F: Future<Output = Db<T>>>(mut step: impl FnMut() -> F) -> Db<T> {
    let mut left = 5;
    loop {
        match step().await {
            Err(error) if left > 0 && is_crossed(&error) => left -= 1,
            done => return done,
        }
    }
}

/// A connection to either engine.
#[derive(Debug)]
pub(super) enum Link {
    Sqlite(Held<Sqlite>),
    Pg(Held<Postgres>),
}

impl Link {
    fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Pg(_) => Engine::Pg,
        }
    }

    /// Begins a statement.
    pub(super) fn sql(&self, text: &str) -> Sql {
        Sql::new(self.engine(), text)
    }

    /// A whole statement with numbered placeholders: for one that names a value more than once.
    pub(super) fn numbered<const N: usize>(&self, text: &str, values: [i64; N]) -> Sql {
        let mut sql = self.sql(text);
        for value in values {
            sql.add(value);
        }
        sql
    }

    /// Runs a statement; tells how many rows it touched.
    pub(super) async fn run(&mut self, sql: Sql) -> Db<u64> {
        let Sql { text, values, .. } = sql;
        tracing::trace!(target: "baiying::sql", statement = text);
        match (self, values) {
            (Self::Sqlite(held), Values::Sqlite(values)) => {
                Ok(sqlx::query_with(AssertSqlSafe(text), values).execute(&mut **held).await?.rows_affected())
            }
            (Self::Pg(held), Values::Pg(values)) => {
                let run = sqlx::query_with(AssertSqlSafe(text), values).execute(&mut **held);
                Ok(patiently(run).await?.rows_affected())
            }
            _ => Err(sqlx::Error::Protocol("a statement for the other engine".into())),
        }
    }

    /// Runs a statement and takes all its rows.
    pub(super) async fn rows(&mut self, sql: Sql) -> Db<Vec<Row>> {
        let Sql { text, values, .. } = sql;
        tracing::trace!(target: "baiying::sql", statement = text);
        match (self, values) {
            (Self::Sqlite(held), Values::Sqlite(values)) => {
                let rows = sqlx::query_with(AssertSqlSafe(text), values).fetch_all(&mut **held).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            (Self::Pg(held), Values::Pg(values)) => {
                let rows = sqlx::query_with(AssertSqlSafe(text), values).fetch_all(&mut **held);
                Ok(patiently(rows).await?.into_iter().map(Row::Pg).collect())
            }
            _ => Err(sqlx::Error::Protocol("a statement for the other engine".into())),
        }
    }

    /// Runs a statement that gives one number at most in its first column.
    pub(super) async fn number(&mut self, sql: Sql) -> Db<Option<i64>> {
        match self.rows(sql).await?.first() {
            Some(row) => row.read().next(),
            None => Ok(None),
        }
    }

    pub(super) async fn commit(self) -> Db<()> {
        match self {
            Self::Sqlite(held) => held.commit().await,
            Self::Pg(held) => patiently(held.commit()).await,
        }
    }

    pub(super) async fn rollback(self) -> Db<()> {
        match self {
            Self::Sqlite(held) => held.rollback().await,
            Self::Pg(held) => patiently(held.rollback()).await,
        }
    }
}

#[derive(Debug)]
enum Values {
    Sqlite(SqliteArguments),
    Pg(PgArguments),
}

/// A statement being written, with the values bound so far.
#[derive(Debug)]
pub(super) struct Sql {
    text: String,
    values: Values,
    bound: usize,
    /// Whether the next value needs a comma before it.
    comma: bool,
}

impl Sql {
    fn new(engine: Engine, text: &str) -> Self {
        let values = match engine {
            Engine::Sqlite => Values::Sqlite(SqliteArguments::default()),
            Engine::Pg => Values::Pg(PgArguments::default()),
        };
        Self { text: text.to_owned(), values, bound: 0, comma: false }
    }

    /// Goes on with the text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self.comma = false;
        self
    }

    /// Writes a placeholder and binds its value; values that follow each other are parted by commas.
    pub(super) fn bind<'q, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        if self.comma {
            self.text.push(',');
        }
        self.comma = true;
        self.bound += 1;
        match &self.values {
            Values::Sqlite(_) => self.text.push('?'),
            Values::Pg(_) => write!(self.text, "${}", self.bound).expect("a String takes all text"),
        }
        self.add(value);
        self
    }

    fn add<'q, T>(&mut self, value: T)
    where
        T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        match &mut self.values {
            Values::Sqlite(values) => values.add(value),
            Values::Pg(values) => values.add(value),
        }
        .expect("numbers and texts can be encoded");
    }

    /// Closes a query whose rows this transaction is about to change: rows that another one has are left out. SQLite
    /// needs nothing of the kind, it has one writer.
    pub(super) fn skip_locked(&mut self) -> &mut Self {
        if matches!(self.values, Values::Pg(_)) {
            self.push(" FOR UPDATE SKIP LOCKED");
        }
        self
    }

    /// Closes a query whose rows may not change until this transaction ends.
    pub(super) fn for_share(&mut self) -> &mut Self {
        if matches!(self.values, Values::Pg(_)) {
            self.push(" FOR SHARE");
        }
        self
    }

    /// `(…)` with one item's values for each item, parted by commas: the body of a `VALUES` list.
    pub(super) fn tuples<I>(&mut self, items: impl IntoIterator<Item = I>, mut item: impl FnMut(&mut Self, I)) {
        for (index, value) in items.into_iter().enumerate() {
            self.push(if index == 0 { "(" } else { "),(" });
            item(self, value);
        }
        self.push(")");
    }

    /// Closes a query by the most rows it gives. Written out: SQLite prepares a statement anew each time a
    /// limit is bound, because it plans by the value.
    pub(super) fn limit(&mut self, rows: usize) -> &mut Self {
        self.push(&format!(" LIMIT {}", i64::try_from(rows).unwrap_or(i64::MAX)))
    }

    /// `(?,?,…)` for `IN`, filled up with NULL so that few statements serve every length.
    pub(super) fn list(&mut self, ids: &[i64]) -> &mut Self {
        self.push("(");
        for index in 0..padded(ids.len()) {
            self.bind(ids.get(index).copied());
        }
        self.push(")")
    }
}

/// A row of either engine.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Pg(PgRow),
}

impl Row {
    /// Reads the columns in order.
    pub(super) fn read(&self) -> Reader<'_> {
        Reader { row: self, column: 0 }
    }
}

/// Reads a row column by column, in the order of the statement.
#[derive(Debug)]
pub(super) struct Reader<'r> {
    row: &'r Row,
    column: usize,
}

impl<'r> Reader<'r> {
    /// Reads the next column and stays on it.
    pub(super) fn peek<T>(&mut self) -> Db<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = self.next();
        self.column -= 1;
        value
    }

    /// Reads the next column.
    pub(super) fn next<T>(&mut self) -> Db<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let column = self.column;
        self.column += 1;
        match self.row {
            Row::Sqlite(row) => row.try_get(column),
            Row::Pg(row) => row.try_get(column),
        }
    }
}

/// What is stored cannot be read: it was written by something else.
pub(super) fn unreadable(what: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(format!("unreadable in the database: {what}").into())
}

/// Reads what was stored as JSON.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Db<T> {
    serde_json::from_str(text).map_err(unreadable)
}

/// Writes a value as JSON.
pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("values of the ports have string keys and finite numbers")
}

/// The code of a database's error: SQLite's primary result code, or a SQLSTATE.
enum Code {
    Sqlite(u32),
    Pg(String),
}

fn code(error: &sqlx::Error) -> Option<Code> {
    let code = error.as_database_error()?.code()?;
    if code.len() == 5 {
        return Some(Code::Pg(code.into_owned()));
    }
    code.parse::<u32>().ok().map(|code| Code::Sqlite(code & 0xff))
}

/// Whether there is no room left.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    match code(error) {
        Some(Code::Sqlite(primary)) => primary == 13,
        // disk_full
        Some(Code::Pg(state)) => state == "53100",
        None => matches!(error, sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull),
    }
}

/// Whether there is nobody at the other end.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match code(error) {
        Some(Code::Sqlite(_)) => false,
        // Connection lost; shut down, crashed, not up yet.
        Some(Code::Pg(state)) => state.starts_with("08") || ["57P01", "57P02", "57P03"].contains(&state.as_str()),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut),
    }
}

/// Whether two transactions crossed: the same again may well succeed.
fn is_crossed(error: &sqlx::Error) -> bool {
    // Serialization failure, deadlock.
    matches!(code(error), Some(Code::Pg(state)) if state == "40001" || state == "40P01")
}

/// Whether the trouble is the database's own and not the statement's: nothing can be written then, and SQLite
/// may have rolled the whole transaction back whatever the savepoints.
pub(super) fn is_unwell(error: &sqlx::Error) -> bool {
    match code(error) {
        // Busy, locked, out of memory, read-only, interrupted, I/O, corrupt, full, cannot open, not a database.
        Some(Code::Sqlite(primary)) => matches!(primary, 5..=11 | 13 | 14 | 26),
        // Connection, invalid transaction (timed out, read-only standby), rolled back, out of resources, lock not to
        // be had, operator, system.
        Some(Code::Pg(state)) => matches!(&state[..2], "08" | "25" | "40" | "53" | "55" | "57" | "58"),
        None => !matches!(error, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::RowNotFound),
    }
}

/// At most so many values in one statement: well below what either engine takes, and few enough that
/// the prepared statements stay small.
const MAX_VALUES: usize = 2_560;
/// At most so many rows in one statement.
const MAX_ROWS: usize = 128;
/// At most so many ids in one `IN` list.
pub(super) const MAX_IDS: usize = 256;

/// Cuts `len` rows of `width` values into statements whose lengths are powers of two, so that few
/// distinct statements are prepared and all stay cached.
pub(super) fn pieces(len: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    let most = (MAX_VALUES / width.max(1)).clamp(1, MAX_ROWS);
    let mut start = 0;
    std::iter::from_fn(move || {
        let left = (len - start).min(most);
        let size = 1 << left.checked_ilog2()?;
        let piece = start..start + size;
        start += size;
        Some(piece)
    })
}

/// The length of an `IN` list or of a list of questions that holds `len`.
pub(super) fn padded(len: usize) -> usize {
    len.next_power_of_two().max(1)
}

/// The end, exclusive, of the texts that begin with `prefix`, in byte order.
pub(super) fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_cover_all_rows_in_order(len in 0usize..3000, width in 1usize..60) {
            let mut next = 0;
            for piece in pieces(len, width) {
                prop_assert_eq!(piece.start, next);
                prop_assert!(piece.len().is_power_of_two());
                prop_assert!(piece.len() * width <= MAX_VALUES);
                next = piece.end;
            }
            prop_assert_eq!(next, len);
        }
    }

    #[test]
    fn placeholders_follow_the_engine() {
        let mut texts = Vec::new();
        for engine in [Engine::Sqlite, Engine::Pg] {
            let mut sql = Sql::new(engine, "INSERT INTO t VALUES ");
            sql.tuples([1i64, 2], |sql, id| {
                sql.bind(id).bind("x");
            });
            sql.push(" AND id IN ").list(&[1, 2, 3]);
            texts.push(sql.text);
        }
        assert_eq!(
            texts,
            [
                "INSERT INTO t VALUES (?,?),(?,?) AND id IN (?,?,?,?)",
                "INSERT INTO t VALUES ($1,$2),($3,$4) AND id IN ($5,$6,$7,$8)"
            ]
        );
    }
}
