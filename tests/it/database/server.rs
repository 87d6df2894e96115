//! A PostgreSQL server for tests: the one that `BAIYING_TEST_POSTGRES` names, else one on localhost that lets us in,
//! else a private cluster from Debian's binaries, else none.
//!
//! The private cluster ends with this process however it ends: a shell waits for our end of a pipe to close, stops it
//! and takes its folder away.

use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::sync::OnceLock;
use std::time::Duration;

/// Names a server and a database on it from which others can be made: `postgres://user:password@host:5432/postgres`.
pub const URL: &str = "BAIYING_TEST_POSTGRES";

/// A server on which databases can be made.
#[derive(Debug)]
pub struct Server {
    /// A database on it that is there for making others.
    pub url: String,
    /// Ends the private cluster when this process ends.
    _end: Option<Child>,
    /// The words by which a private cluster is started again at the same place.
    restart: Vec<String>,
}

impl Server {
    /// Finds or starts the one of this process. Without one it says so aloud, once, and fails under `CI=true`.
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Result<Server, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let found = find();
            if let Err(why) = &found {
                // Past the capture of the test harness, which would keep it to itself.
                let said = format!("tests on PostgreSQL SKIPPED: {why} (Debian: apt-get install postgresql)\n");
                std::io::stderr().write_all(said.as_bytes()).unwrap();
            }
            found
        });
        match found {
            Ok(server) => Some(server),
            Err(why) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "no PostgreSQL, and CI must have one: {why}");
                None
            }
        }
    }

    /// A private cluster of the caller's own, which may be restarted; says so like [`Server::find`] when there can be none.
    pub fn private() -> Option<Self> {
        Self::find()?;
        let binaries =
            newest_binaries().expect("a test that restarts PostgreSQL needs its binaries (apt-get install postgresql)");
        Some(
            start(&binaries).or_else(|_| start(&binaries)).unwrap_or_else(|why| panic!("no private PostgreSQL: {why}")),
        )
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        reqwest::Url::parse(&self.url).unwrap().port().unwrap()
    }

    /// Stops a private cluster as a crash would, and starts it again.
    pub fn restart(&self) {
        let words: Vec<&str> = self.restart.iter().map(String::as_str).collect();
        said(words[0], &words[1..]).unwrap();
    }

    /// The url of a database on it.
    pub fn database(&self, name: &str) -> String {
        let mut url = reqwest::Url::parse(&self.url).unwrap();
        url.set_path(name);
        url.into()
    }
}

fn find() -> Result<Server, String> {
    if let Ok(url) = std::env::var(URL) {
        // What was asked for must work: no other is looked for.
        lets_in(&url).unwrap_or_else(|why| panic!("{URL}: {why}"));
        return Ok(Server { url, _end: None, restart: Vec::new() });
    }
    let users = ["PGUSER", "USER"].iter().filter_map(|name| std::env::var(name).ok()).chain(["postgres".into()]);
    for user in users {
        let url = format!("postgres://{user}@localhost:5432/postgres");
        if lets_in(&url).is_ok() {
            return Ok(Server { url, _end: None, restart: Vec::new() });
        }
    }
    let binaries = newest_binaries().ok_or("none on localhost, and no binaries in /usr/lib/postgresql/*/bin")?;
    // Between our look for a free port and the server's start somebody else may take it.
    start(&binaries).or_else(|_| start(&binaries))
}

/// Whether databases can be made there.
fn lets_in(url: &str) -> Result<(), String> {
    let options = PgConnectOptions::from_str(url).map_err(|why| why.to_string())?;
    let ask = async move {
        let mut link = options.connect().await?;
        let may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user";
        let may: bool = sqlx::query_scalar(may).fetch_one(&mut link).await?;
        link.close().await?;
        if may { Ok(()) } else { Err(sqlx::Error::Protocol("its user may not make databases".into())) }
    };
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), ask).await })
    });
    let answer = asked.join().unwrap().map_err(|_| "no answer within five seconds".to_owned())?;
    answer.map_err(|why| why.to_string())
}

/// Debian's binaries of the newest version.
pub fn newest_binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let folders = versions.map(|version| (version, format!("/usr/lib/postgresql/{version}/bin")));
    let (_, folder) = folders.filter(|(_, bin)| Path::new(bin).join("initdb").is_file()).max()?;
    Some(folder.into())
}

/// Starts a private cluster: fast and forgetful, and sorting as people do, so that a statement that leans on the order
/// of bytes is found out.
fn start(binaries: &Path) -> Result<Server, String> {
    let folder = tempfile::Builder::new().prefix("baiying-postgresql-").tempdir().map_err(|why| why.to_string())?;
    let root = said("id", &["-u"])? == "0";
    // PostgreSQL refuses to run as root.
    let user: &[&str] = if root { &["runuser", "-u", "postgres", "--"] } else { &[] };
    if root {
        let owner = said("id", &["-u", "postgres"])?.parse().map_err(|_| "no user postgres".to_owned())?;
        chown(folder.path(), Some(owner), None).map_err(|why| why.to_string())?;
    }
    let data = folder.path().join("data").display().to_string();
    let program = |name: &str| binaries.join(name).display().to_string();
    let run = |name: &str, arguments: &[&str]| -> Result<String, String> {
        let program = program(name);
        let words: Vec<&str> =
            user.iter().copied().chain([program.as_str()]).chain(arguments.iter().copied()).collect();
        said(words[0], &words[1..])
    };
    let mut create = vec!["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    if binaries
        .components()
        .any(|part| part.as_os_str().to_string_lossy().parse().is_ok_and(|version: u32| version >= 15))
    {
        create.extend(["--locale-provider=icu", "--icu-locale=und"]);
    }
    run("initdb", &create)?;
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = port.map_err(|why| why.to_string())?.port();
    let settings = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c fsync=off \
         -c full_page_writes=off -c shared_buffers=64MB -c max_wal_size=4GB"
    );
    let log = folder.path().join("log").display().to_string();
    let end = format!(
        "read -r _; {} {} -D {data} -m immediate stop; rm -rf {}",
        user.join(" "),
        program("pg_ctl"),
        folder.path().display()
    );
    let end = Command::new("sh")
        .args(["-c", &end])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for us, not for it.
        .process_group(0)
        .spawn()
        .map_err(|why| why.to_string())?;
    let _ = folder.keep();
    run("pg_ctl", &["-D", &data, "-l", &log, "-w", "-o", &settings, "start"])
        .map_err(|why| format!("{why}\n{}", std::fs::read_to_string(&log).unwrap_or_default()))?;
    let pg_ctl = program("pg_ctl");
    let restart = ["-D", &data, "-l", &log, "-w", "-m", "immediate", "-o", &settings, "restart"];
    let restart = user.iter().copied().chain([pg_ctl.as_str()]).chain(restart).map(str::to_owned).collect();
    Ok(Server { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _end: Some(end), restart })
}

/// Runs a program and gives what it said. Its children may live on, so they get no pipe of ours.
fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let words = || format!("{program} {}", arguments.join(" "));
    let folder = std::env::temp_dir();
    let mut out = tempfile::tempfile_in(&folder).map_err(|why| why.to_string())?;
    let file = || out.try_clone().map(Stdio::from);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let status = file()
        .and_then(|stdout| command.stdout(stdout).stderr(file()?).status())
        .map_err(|why| format!("{}: {why}", words()))?;
    let mut text = String::new();
    out.rewind().and_then(|()| out.read_to_string(&mut text)).map_err(|why| why.to_string())?;
    if status.success() { Ok(text.trim().to_owned()) } else { Err(format!("{}: {status}\n{text}", words())) }
}
