//! `backup` and `restore`: of SQLite, with the real program where its words and exit codes count; on PostgreSQL, the commands
//! that they tell.

use crate::database::server::{self, Server};
use crate::database::{Database, Link};
use baiying::adapter::sql::backup::{BackupError, backup, restore};
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::domain::id::{ChatId, Millis};
use baiying::port::store::{Changes, RawUpdate, Step, Store};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

const NOW: Millis = Millis(1_795_000_000_000);

/// A folder with a database of some size, open.
struct Place {
    folder: tempfile::TempDir,
    store: SqlStore,
}

impl Place {
    async fn with(updates: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&url(&folder.path().join("a.db")), &SqlOptions::default()).await.unwrap();
        for first in (0..updates).step_by(100) {
            let words = "x".repeat(4_000);
            let updates: Vec<_> = (first..first + 100).map(|id| update(id, &words)).collect();
            store.receive(&updates, NOW).await.unwrap();
        }
        Self { folder, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        url(&self.path(name))
    }

    /// What lies in the folder but the open database.
    fn others(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with("a.db")).collect();
        names.sort();
        names
    }
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn update(id: i64, words: &str) -> RawUpdate {
    RawUpdate {
        update_id: id,
        chat: ChatId(-1),
        json: format!("{{\"update_id\":{id},\"words\":\"{words}\"}}"),
        press: false,
    }
}

/// Every row of every table, as text.
async fn rows(path: &Path) -> Vec<String> {
    let mut link = Link::open(&url(path)).await;
    let mut all = Vec::new();
    for table in link.tables().await {
        let columns = link.columns(&table).await.iter().map(|name| format!("quote(\"{name}\")")).collect::<Vec<_>>();
        for row in link.rows(&format!("SELECT {} FROM \"{table}\"", columns.join(" || '|' || "))).await {
            all.push(format!("{table}: {row}"));
        }
    }
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_somebody_writes_is_of_one_instant_and_holds_nobody_up() {
    let place = Place::with(5_000).await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let writer = {
        let (store, stop, written) = (place.store.clone(), stop.clone(), written.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                // Two tables in one transaction: a copy has both or neither.
                let event = store.take(1, NOW).await.unwrap()[0].seq;
                let invite = baiying::port::store::Invite {
                    code: format!("I{}", event.0),
                    roles: Vec::new(),
                    by: baiying::domain::id::UserId(1),
                    expires: NOW,
                    used_by: None,
                };
                let changes = Changes { invites: vec![invite], ..Changes::default() };
                store.apply(&[Step { event, changes }], NOW).await.unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    while written.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let before = written.load(Ordering::SeqCst);
    let copied = backup(&place.url("a.db"), &place.path("copy.db")).await.unwrap();
    let during = written.load(Ordering::SeqCst) - before;
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    assert!(during > 0, "the writer was held up");
    assert_eq!((copied.leads, copied.to_send, copied.newest_update), (0, 0, Some(NOW)));
    let mut copy = Link::open(&place.url("copy.db")).await;
    let (done, invites) = (
        copy.number("SELECT COUNT(*) FROM inbox WHERE state = 'done'").await,
        copy.number("SELECT COUNT(*) FROM invite").await,
    );
    assert_eq!((done, 5_000 - done), (invites, copied.waiting));
    assert!((before..=before + during + 1).contains(&done), "{done} of {before} and {during}");
}

#[tokio::test]
async fn what_is_restored_is_what_was_backed_up() {
    let place = Place::with(200).await;
    let copy = place.path("copy.db");
    let copied = backup(&place.url("a.db"), &copy).await.unwrap();
    assert_eq!(copied.waiting, 200);
    assert_eq!(place.others(), ["copy.db"], "nothing else is left");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&copy), 0o600);
    assert_eq!(rows(&copy).await, rows(&place.path("a.db")).await);
    assert_eq!(restore(&copy, &place.url("new/b.db")).await.unwrap(), copied);
    assert_eq!(mode(&place.path("new/b.db")), 0o600);
    assert_eq!(rows(&place.path("new/b.db")).await, rows(&copy).await);
    let restored = SqlStore::open(&place.url("new/b.db"), &SqlOptions::default()).await.unwrap();
    assert_eq!(restored.take(1_000, NOW).await.unwrap(), place.store.take(1_000, NOW).await.unwrap());
    assert_eq!(restored.receive(&[update(3, "")], NOW).await.unwrap(), 0, "it knows what it has");
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_restored_under_a_server() {
    let place = Place::with(100).await;
    let copy = place.path("copy.db");
    backup(&place.url("a.db"), &copy).await.unwrap();
    let before = std::fs::read(&copy).unwrap();
    assert!(matches!(backup(&place.url("a.db"), &copy).await, Err(BackupError::Exists(at)) if at == copy));
    assert!(matches!(restore(&copy, &place.url("a.db")).await, Err(BackupError::Exists(_))));
    for left in ["b.db-wal", "b.db-shm", "b.db-journal", "b.db"] {
        std::fs::write(place.path(left), "").unwrap();
        let refused = restore(&copy, &place.url("b.db")).await;
        assert!(matches!(&refused, Err(BackupError::Exists(at)) if *at == place.path(left)), "{left}: {refused:?}");
        std::fs::remove_file(place.path(left)).unwrap();
    }
    // The server's file may be gone while it still runs.
    let server = SqlStore::open(&place.url("c.db"), &SqlOptions::default()).await.unwrap();
    let lock = server.serve_lock().unwrap();
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(place.path(&format!("c.db{ending}"))).unwrap();
    }
    assert!(matches!(restore(&copy, &place.url("c.db")).await, Err(BackupError::Taken(_))));
    drop(lock);
    restore(&copy, &place.url("c.db")).await.unwrap();
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    assert_eq!(place.others(), ["b.db.lock", "c.db", "c.db.lock", "copy.db"], "no part of a copy is left");
}

#[tokio::test]
async fn what_is_not_a_whole_database_of_ours_is_refused() {
    let place = Place::with(300).await;
    let good = place.path("good.db");
    backup(&place.url("a.db"), &good).await.unwrap();
    let bytes = std::fs::read(&good).unwrap();
    let (bad, target) = (place.path("bad.db"), place.url("b.db"));
    let refusal = async |what: &str| {
        let error = restore(&bad, &target).await.expect_err(what);
        assert!(!place.path("b.db").exists() && !place.path("b.db.part").exists(), "{what}");
        for ending in ["-wal", "-shm", "-journal"] {
            assert!(!place.path(&format!("bad.db{ending}")).exists(), "{what}: something was written beside it");
        }
        error
    };
    assert!(matches!(refusal("no file").await, BackupError::Refused(..)));
    std::fs::write(&bad, "").unwrap();
    assert!(matches!(refusal("an empty file").await, BackupError::Foreign(..)));
    std::fs::write(&bad, "leads, leads, leads, leads").unwrap();
    assert!(matches!(refusal("words").await, BackupError::Foreign(..)));
    std::fs::write(&bad, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refusal("half of it").await, BackupError::Damaged(..)));
    for at in (4096 * 3..bytes.len()).step_by(4096 * 16) {
        let mut bytes = bytes.clone();
        bytes[at..at + 512].fill(0xa5);
        std::fs::write(&bad, &bytes).unwrap();
        let error = refusal("a damaged page").await;
        assert!(matches!(error, BackupError::Damaged(..)), "at {at}: {error}");
    }
    for (what, sql, expected) in [
        ("of a newer program", "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1", "newer baiying"),
        ("of another program", "UPDATE _sqlx_migrations SET checksum = x'00'", "another program"),
        ("without our tables", "DROP TABLE transfer", "its tables are others"),
        (
            "with rows that hang on nothing",
            "PRAGMA foreign_keys = OFF; INSERT INTO lead_event (lead, version, at, action, event) VALUES (77, 1, 1, 'x', 1)",
            "1 rows name others",
        ),
    ] {
        std::fs::write(&bad, &bytes).unwrap();
        Link::open(&url(&bad)).await.run(sql).await.unwrap();
        let error = refusal(what).await.to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
    std::fs::write(&bad, &bytes).unwrap();
    std::fs::write(place.path("bad.db-wal"), "a log").unwrap();
    let error = restore(&bad, &target).await.unwrap_err().to_string();
    assert!(error.contains("-wal"), "{error}");
}

#[tokio::test]
async fn a_damaged_database_is_refused_or_its_copy_has_every_row_all_the_same() {
    let place = Place::with(300).await;
    place.store.close().await;
    let bytes = std::fs::read(place.path("a.db")).unwrap();
    let mut refused = 0;
    for at in (4096 * 3..bytes.len()).step_by(4096 * 24) {
        let mut bytes = bytes.clone();
        bytes[at..at + 512].fill(0xa5);
        std::fs::write(place.path("a.db"), &bytes).unwrap();
        match backup(&place.url("a.db"), &place.path("copy.db")).await {
            // The page was of an index, which is made anew, or held nothing but words.
            Ok(copied) => {
                assert_eq!(copied.waiting, 300, "at {at}");
                std::fs::remove_file(place.path("copy.db")).unwrap();
            }
            Err(BackupError::Damaged(..)) => refused += 1,
            Err(other) => panic!("at {at}: {other}"),
        }
        assert_eq!(place.others(), [""; 0], "at {at}");
    }
    assert!(refused > 0);
}

fn baiying(place: &Place, database: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baiying"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BAIYING_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(place.folder.path()).env("BAIYING_DATABASE_URL", database).output().unwrap()
}

#[tokio::test]
async fn the_commands_say_what_they_did_and_what_will_happen() {
    let place = Place::with(100).await;
    let said = |output: &Output| String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    let made = baiying(&place, &place.url("a.db"), &["backup", "copy.db"]);
    assert!(
        made.status.success() && said(&made).contains("copy.db: leads: 0; events that wait: 100; newest update"),
        "{}",
        said(&made)
    );
    let again = baiying(&place, &place.url("a.db"), &["backup", "copy.db"]);
    assert!(again.status.code() == Some(1) && said(&again).contains("nothing is overwritten"), "{}", said(&again));
    let nothing = baiying(&place, &place.url("none.db"), &["backup", "other.db"]);
    assert!(nothing.status.code() == Some(1) && !place.path("none.db").exists(), "{}", said(&nothing));
    let back = baiying(&place, &place.url("b.db"), &["restore", "copy.db"]);
    assert!(back.status.success() && said(&back).contains("work off 100 events"), "{}", said(&back));
    let postgres = "postgres://bot:hush@db.example:6543/town";
    for (command, tool) in [("backup", "pg_dump --format=custom --file=it.dump"), ("restore", "pg_restore")] {
        let told = baiying(&place, postgres, &[command, "it.dump"]);
        let words = said(&told);
        assert_eq!(told.status.code(), Some(2), "{words}");
        assert!(words.contains(tool) && words.contains("--host=db.example --port=6543 --username=bot"), "{words}");
        assert!(words.contains("town") && !words.contains("hush"), "{words}");
    }
}

/// The rows of all tables of a PostgreSQL database, as text.
async fn pg_rows(url: &str) -> Vec<String> {
    let mut link = Link::open(url).await;
    let mut all = Vec::new();
    for table in link.tables().await {
        all.extend(link.rows(&format!("SELECT '{table}' || CAST(row_to_json(t) AS TEXT) FROM \"{table}\" AS t")).await);
    }
    all.sort();
    all
}

#[tokio::test]
async fn on_postgresql_the_commands_that_are_told_do_it() {
    let Some(server) = Server::find() else { return };
    let tools = server::newest_binaries().filter(|bin| bin.join("pg_dump").is_file());
    let Some(tools) = tools else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no pg_dump, and CI must have it");
        return;
    };
    let (from, to) =
        (Database::on(server).await, server.database(&format!("baiying_test_{}_back", std::process::id())));
    let place = Place::with(0).await;
    let store = SqlStore::open(&from.url, &SqlOptions::default()).await.unwrap();
    store.receive(&[update(1, "x"), update(2, "y")], NOW).await.unwrap();
    let mut admin = Link::open(&server.url).await;
    let name = to.rsplit('/').next().unwrap().split('?').next().unwrap();
    admin.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await.unwrap();
    for (command, url) in [("backup", &from.url), ("restore", &to)] {
        let told = baiying(&place, url, &[command, "town dump"]);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        let line = told.lines().find(|line| line.trim().starts_with("pg_")).unwrap_or_else(|| panic!("{told}"));
        let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(place.folder.path()).env("PATH", path);
        if let Some(password) = reqwest::Url::parse(&server.url).unwrap().password() {
            shell.env("PGPASSWORD", password);
        }
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(pg_rows(&to).await, pg_rows(&from.url).await);
    let back = SqlStore::open(&to, &SqlOptions::default()).await.unwrap();
    assert_eq!(back.receive(&[update(2, "y"), update(3, "z")], NOW).await.unwrap(), 1, "it goes on where it was");
    back.close().await;
    admin.run(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}
