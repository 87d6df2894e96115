//! The databases that tests run on.
//!
//! A test asks for [`Database::fresh`] and gets the kind of this run: SQLite in a file of its own, or, when
//! `BAIYING_TEST_ON=postgresql`, a database on a PostgreSQL server (`server` finds or starts one). A plain `cargo test`
//! covers both: `everything_again_on_postgresql` runs this binary once more.

pub mod server;

use baiying::adapter::sql::{SqlOptions, SqlStore};
use server::Server;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OnceCell;

/// Names the kind of database that [`Database::fresh`] gives.
const KIND: &str = "BAIYING_TEST_ON";

/// Databases whose tests are over; the next test that needs one drops them.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    /// Where it is, as the product's config says it.
    pub url: String,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    File(#[expect(dead_code, reason = "held, never read")] tempfile::TempDir),
    Server(String),
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kept::Server(name) = &self.kept {
            OVER.lock().unwrap().push(name.clone());
        }
    }
}

impl Database {
    /// An empty one of the kind of this run.
    pub async fn fresh() -> Self {
        match std::env::var(KIND).as_deref() {
            Err(_) | Ok("sqlite") => Self::file(),
            Ok("postgresql") => {
                let server = Server::find().expect("BAIYING_TEST_ON=postgresql, and there is none: see above");
                Self::on(server).await
            }
            Ok(other) => panic!("{KIND} is sqlite or postgresql, not {other}"),
        }
    }

    /// SQLite in any run. In memory where that is to be had: few tests are about the disk.
    pub fn file() -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        Self {
            url: format!("sqlite://{}", folder.path().join("deep/er/baiying.db").display()),
            kept: Kept::File(folder),
        }
    }

    /// A database on a server, with the product's tables: a copy of one that was migrated once.
    pub async fn on(server: &Server) -> Self {
        static MODEL: OnceCell<String> = OnceCell::const_new();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let own = |what: &str| format!("baiying_test_{}_{what}", std::process::id());
        let mut admin = PgConnection::connect(&server.url).await.unwrap();
        let model = MODEL.get_or_init(async || {
            sweep(&mut admin).await;
            let model = own("model");
            admin.execute(AssertSqlSafe(format!("CREATE DATABASE {model}"))).await.unwrap();
            SqlStore::open(&server.database(&model), &SqlOptions::default()).await.unwrap().close().await;
            model
        });
        let model = model.await;
        let over = std::mem::take(&mut *OVER.lock().unwrap());
        for name in over {
            admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
        }
        let name = own(&NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {model}"))).await.unwrap();
        Self { url: server.database(&name), kept: Kept::Server(name) }
    }

    /// A connection past the product.
    pub async fn link(&self) -> Link {
        Link::open(&self.url).await
    }

    /// The ledger as a version of the product left it that knew no chain; the guards stand.
    pub async fn unchain(&self) {
        let (forget, end) = ("UPDATE transfer SET digest = NULL", "UPDATE ledger_head SET digest = ''");
        match &mut self.link().await {
            Link::Sqlite(file) => {
                let guards = "SELECT sql FROM sqlite_master WHERE name IN ('transfer_sealed', 'transfer_stands')";
                let guards = sqlx::query_scalar::<_, String>(guards).fetch_all(&mut *file).await.unwrap();
                file.execute("DROP TRIGGER transfer_sealed; DROP TRIGGER transfer_stands").await.unwrap();
                file.execute(forget).await.unwrap();
                for guard in guards {
                    file.execute(AssertSqlSafe(guard)).await.unwrap();
                }
                file.execute(end).await.unwrap();
            }
            Link::Pg(server) => {
                server.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_stands").await.unwrap();
                server.execute(forget).await.unwrap();
                server.execute("ALTER TABLE transfer ENABLE TRIGGER transfer_stands").await.unwrap();
                server.execute(end).await.unwrap();
            }
        }
    }

    /// Takes the ledger's triggers away, as somebody could who owns the database.
    pub async fn lift_guards(&self) {
        match &mut self.link().await {
            Link::Sqlite(file) => {
                let names = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
                for name in sqlx::query_scalar::<_, String>(names).fetch_all(&mut *file).await.unwrap() {
                    file.execute(AssertSqlSafe(format!("DROP TRIGGER {name}"))).await.unwrap();
                }
            }
            Link::Pg(server) => {
                for table in ["transfer", "ledger_head"] {
                    let lift = format!("ALTER TABLE {table} DISABLE TRIGGER USER");
                    server.execute(AssertSqlSafe(lift)).await.unwrap();
                }
            }
        }
    }
}

/// Drops what processes that no longer run have left behind.
async fn sweep(admin: &mut PgConnection) {
    let left =
        sqlx::query_scalar::<_, String>("SELECT datname FROM pg_database WHERE datname LIKE 'baiying\\_test\\_%'");
    for name in left.fetch_all(&mut *admin).await.unwrap() {
        let process = name.split('_').nth(2).unwrap_or_default();
        if !std::path::Path::new("/proc").join(process).exists() {
            admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.unwrap();
        }
    }
}

/// A connection past the product, with SQL that both databases read.
#[derive(Debug)]
pub enum Link {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Pg(PgConnection),
}

impl Link {
    /// Opens one.
    pub async fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => Self::Sqlite(SqliteConnectOptions::new().filename(path).connect().await.unwrap()),
            None => Self::Pg(PgConnection::connect(url).await.unwrap()),
        }
    }

    /// Runs a statement.
    pub async fn run(&mut self, sql: &str) -> sqlx::Result<()> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(link) => link.execute(sql).await.map(drop),
            Self::Pg(link) => link.execute(sql).await.map(drop),
        }
    }

    /// The whole number that a statement gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(link) => link.fetch_one(sql).await.unwrap().get(0),
            Self::Pg(link) => link.fetch_one(sql).await.unwrap().get(0),
        }
    }

    /// The words that a statement gives, a row each.
    pub async fn rows(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(link) => link.fetch_all(sql).await.unwrap().iter().map(|row| row.get(0)).collect(),
            Self::Pg(link) => link.fetch_all(sql).await.unwrap().iter().map(|row| row.get(0)).collect(),
        }
    }

    /// The steps by which SQLite would run a statement.
    pub async fn plan(&mut self, sql: &str) -> Vec<String> {
        let Self::Sqlite(link) = self else { panic!("only SQLite's plans are read") };
        let plan = link.fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).await.unwrap();
        plan.iter().map(|row| row.get("detail")).collect()
    }

    /// The product's tables.
    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Self::Pg(_) => "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'",
        };
        let mut tables = self.rows(sql).await;
        tables.retain(|table| table != "_sqlx_migrations");
        tables.sort();
        tables
    }

    /// The columns of a table.
    pub async fn columns(&mut self, table: &str) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
            Self::Pg(_) => format!(
                "SELECT CAST(column_name AS TEXT) FROM information_schema.columns \
                 WHERE table_name = '{table}' ORDER BY ordinal_position"
            ),
        };
        self.rows(&sql).await
    }
}

/// The store's contract and all behaviour, on PostgreSQL: this binary once more, on a server that is found or started.
#[test]
fn everything_again_on_postgresql() {
    if std::env::var_os(KIND).is_some() {
        return;
    }
    let Some(server) = Server::find() else { return };
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["flow::", "store::", "--quiet"]);
    if let Some(threads) = std::env::args().find(|argument| argument.starts_with("--test-threads=")) {
        again.arg(threads);
    }
    again.env(KIND, "postgresql").env(server::URL, &server.url);
    let again = again.output().unwrap();
    let told = String::from_utf8_lossy(&again.stdout);
    let passed = told.rsplit("test result: ok. ").next().and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    assert!(
        again.status.success() && passed.is_some_and(|passed| passed > 100),
        "on PostgreSQL (again by `{KIND}=postgresql cargo test --test it NAME`):\n{told}\n{}",
        String::from_utf8_lossy(&again.stderr)
    );
}
