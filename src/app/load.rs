//! `baiying load`: the real product under load, measured.
//!
//! Starts the program itself (`serve`, a process of its own, a database of its own) against a stand-in
//! for the platform in this process, has people write tips, and measures until each tip has its receipt. Then it
//! kills the server and counts the leads by `export`. `docs/benchmarks.md` says how to run and read it.

pub mod figure;
pub mod growth;
pub mod platform;
mod timer;
pub mod words;

use self::figure::{Figures, HEAD, Usage, waits};
use self::platform::{FIRST_UPDATE, Pace, Platform, Progress, Tip};
use super::command::Outcome;
use crate::adapter::clock::SystemClock;
use crate::adapter::sandbox::{demo_gazetteer, demo_points};
use crate::adapter::sql::{Scratch, SqlOptions, SqlStore};
use crate::port::clock::Clock;
use anyhow::{Context as _, bail, ensure};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The token under which the stand-in is asked; it takes any.
const TOKEN: &str = "8000000001:load";
/// A run in which nothing happens for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `load` is to do.
#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LoadOrder {
    /// Something else than that.
    #[command(subcommand)]
    pub special: Option<Special>,
    /// Tips that are written.
    #[arg(long, default_value_t = 20_000)]
    pub tips: usize,
    /// Groups in which they are written.
    #[arg(long, default_value_t = 50)]
    pub groups: usize,
    /// People who write them.
    #[arg(long, default_value_t = 2_000)]
    pub people: usize,
    /// Tips a second, at an even pace; 0: all at once.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub rate: u32,
    /// Milliseconds before the platform answers a call (`getUpdates` has its own).
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub delay_ms: u64,
    /// Milliseconds before the platform answers `getUpdates`.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub poll_delay_ms: u64,
    /// Where the database is made; default: the system's folder for temporary files.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A database on a PostgreSQL server, beside which one is made for the run; default: SQLite.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Replicas that serve it side by side; more than one needs `--database`.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub replicas: usize,
    /// Alarms' timers that come due each second meanwhile: tells how late each is decided.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub timers: usize,
    /// Leaves config, database and log where they are, and tells where.
    #[arg(long)]
    pub keep: bool,
    /// The figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What else can be measured.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Special {
    /// Whether daily work costs more once the town has a million leads.
    Growth(growth::GrowthOrder),
}

/// Runs it and prints what it comes to.
///
/// # Errors
/// The server or its folder; a tip that stays without a receipt.
pub async fn run(order: &LoadOrder) -> anyhow::Result<Outcome> {
    if let Some(Special::Growth(order)) = &order.special {
        return growth::run(order).await;
    }
    ensure!(order.tips > 0 && order.groups > 0 && order.people > 0, "tips, groups and people: at least one of each");
    ensure!(order.replicas > 0, "replicas: at least one");
    ensure!(
        order.replicas == 1 || order.database.is_some(),
        "several replicas share one PostgreSQL: name it by --database postgres://…"
    );
    let parent = order.data.clone().unwrap_or_else(std::env::temp_dir);
    let folder = parent.join(format!("baiying-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let scratch = scratch(order).await?;
    let measured = measure(order, &folder, scratch.as_ref().map(Scratch::url)).await;
    if let (Some(scratch), false) = (scratch, order.keep) {
        scratch.remove().await.context("cannot take the database away again")?;
    }
    if order.keep || measured.is_err() {
        eprintln!("config, database and log: {}", folder.display());
    } else {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let figures = measured?;
    if order.json {
        println!("{}", serde_json::to_string(&figures)?);
    } else {
        println!("{HEAD}\n{figures}");
        if let Some((count, late)) = figures.timers {
            let figure::Waits { p50_ms, p99_ms, max_ms } = late;
            println!("{count} timers, decided late by: p50 {p50_ms:.0} ms, p99 {p99_ms:.0} ms, max {max_ms:.0} ms");
        }
    }
    Ok(if figures.leads == figures.tips { Outcome::Well } else { Outcome::NotWell })
}

/// The database on a server in which the run takes place, if it is not to be SQLite.
async fn scratch(order: &LoadOrder) -> anyhow::Result<Option<Scratch>> {
    let Some(url) = &order.database else { return Ok(None) };
    let name = format!("baiying_load_{}", std::process::id());
    Scratch::make(url, &name).await.map(Some).with_context(|| format!("cannot make the database {name}"))
}

async fn measure(order: &LoadOrder, folder: &Path, database: Option<String>) -> anyhow::Result<Figures> {
    let tips: Vec<Tip> = (0..order.tips).map(|n| words::tip(n, order.groups, order.people)).collect();
    let pace = Pace {
        per_second: order.rate,
        delay: Duration::from_millis(order.delay_ms),
        poll_delay: Duration::from_millis(order.poll_delay_ms),
        date: SystemClock.now().0 / 1000,
        first: 0,
    };
    let platform = Platform::start(&tips, pace).await.context("the stand-in for the platform")?;
    drop(tips);
    let config = config(platform.url(), order.groups, folder);
    let baiying = Baiying::new(folder, &config, database, order.timers > 0)?;
    baiying.run(&["import", "gazetteer", "gazetteer.csv"])?;
    baiying.run(&["import", "points", "points.csv"])?;

    let before = Usage::of(std::process::id());
    let mut served = Vec::new();
    for _ in 0..order.replicas {
        served.push(Served(baiying.serve()?));
    }
    let all = wait_for_receipts(&platform, order.tips, &mut served);
    if order.timers > 0 {
        let store = SqlStore::open(&baiying.database_url(), &SqlOptions::default()).await?;
        tokio::select! {
            done = all => done,
            never = timer::keep_setting(&store, order.timers, &platform) => never,
        }
    } else {
        all.await
    }
    .with_context(|| baiying.last_words())?;
    let usage = served.iter().map(|served| Usage::of(served.0.id())).sum();
    let stand_in = before.zip(Usage::of(std::process::id())).map(|(before, after)| after.cpu_s - before.cpu_s);
    drop(served);

    let tips = platform.tips();
    let (time, handed, written) = waits(&tips).context("nothing was handed out")?;
    Ok(Figures {
        tips: order.tips,
        groups: order.groups,
        replicas: order.replicas,
        rate: order.rate,
        delay_ms: order.delay_ms,
        seconds: time.as_secs_f64(),
        per_second: order.tips as f64 / time.as_secs_f64(),
        handed,
        written,
        timers: timer::lateness(&std::fs::read_to_string(folder.join("serve.log"))?),
        doubled: tips.iter().map(|tip| u64::from(tip.receipts.saturating_sub(1))).sum(),
        leads: count_leads(&baiying.run(&["export", "leads", "--format", "csv", "--out", "-"])?, order.tips)?,
        served: usage,
        stand_in_cpu_s: stand_in,
        calls: platform.calls(),
    })
}

/// Waits until each tip has its receipt.
async fn wait_for_receipts(platform: &Platform, tips: usize, served: &mut [Served]) -> anyhow::Result<()> {
    let mut progress = platform.progress();
    loop {
        let before = *progress.borrow_and_update();
        if before.answered == tips {
            return Ok(());
        }
        for served in &mut *served {
            if let Some(status) = served.0.try_wait()? {
                bail!("the server ended: {status}");
            }
        }
        // Looked at now and then, so that waiting costs nothing beside what is measured.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if *progress.borrow() == before && tokio::time::timeout(PATIENCE, progress.changed()).await.is_err() {
            let Progress { written, handed, confirmed, answered } = before;
            bail!(
                "nothing for a minute: {written} written, {handed} handed out, {confirmed} confirmed, {answered} answered"
            );
        }
    }
}

/// How many leads there are; each must be another tip's.
fn count_leads(csv: &[u8], tips: usize) -> anyhow::Result<usize> {
    let mut table = csv::Reader::from_reader(csv);
    let column = table.headers()?.iter().position(|name| name == "first_update_id").context("no first_update_id")?;
    let mut seen = HashSet::new();
    for row in table.records() {
        let row = row?;
        let update: i64 = row.get(column).unwrap_or_default().parse().context("a lead without its update")?;
        ensure!(seen.insert(update), "update {update} became two leads");
        ensure!((FIRST_UPDATE..FIRST_UPDATE + tips as i64).contains(&update), "update {update} was never written");
    }
    Ok(seen.len())
}

/// The config of a town with so many groups, whose platform and database are these.
pub fn config(api_url: &str, groups: usize, folder: &Path) -> String {
    let mut text = format!(
        "[telegram]\napi_url = {api_url:?}\nusername = \"baiying_bot\"\n\
         [telegram.limits]\nper_second = 0\nper_chat_second = 0\nper_group_minute = 0\nalarm_headroom = 0\n\
         [http]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = {:?}\n",
        format!("sqlite://{}", folder.join("baiying.db").display()),
    );
    let mut group = |chat: i64, kind: &str, name: String, lat: f64, lon: f64| {
        write!(text, "[[group]]\nchat_id = {chat}\nkind = {kind:?}\nname = {name:?}\nlat = {lat:.4}\nlon = {lon:.4}\n")
            .expect("a String takes all text");
    };
    group(words::DESK, "desk", "研判群".into(), 23.0, 113.9);
    for n in 0..groups {
        // Side by side over the demo town, 300 m apart.
        let (row, column) = ((n / 10) as f64, (n % 10) as f64);
        group(
            words::group_chat(n),
            "liaison",
            format!("联络群{}", n + 1),
            22.99 + row * 0.003,
            113.885 + column * 0.003,
        );
    }
    text
}

/// The program itself, with a config in a folder.
pub struct Baiying {
    program: PathBuf,
    folder: PathBuf,
    /// The database instead of the config's: with its password, so it is handed on where nobody else reads it.
    database: Option<String>,
    /// Whether the log tells how late each timer was decided.
    tells_timers: bool,
}

impl Baiying {
    fn new(folder: &Path, config: &str, database: Option<String>, tells_timers: bool) -> anyhow::Result<Self> {
        std::fs::write(folder.join("bot-config.toml"), config)?;
        std::fs::write(folder.join("gazetteer.csv"), demo_gazetteer())?;
        std::fs::write(folder.join("points.csv"), demo_points())?;
        let program = std::env::current_exe().context("cannot find the program itself")?;
        Ok(Self { program, folder: folder.to_owned(), database, tells_timers })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(&self.folder).stdin(Stdio::null());
        // What is measured is what the config says, whatever this shell was set up for.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BAIYING_") && name != "BAIYING_LOG" {
                command.env_remove(name);
            }
        }
        command.env("BAIYING_TOKEN", TOKEN);
        if let Some(url) = &self.database {
            command.env("BAIYING_DATABASE_URL", url);
        }
        if self.tells_timers {
            command.env("BAIYING_LOG", timer::LOG);
        }
        command
    }

    fn database_url(&self) -> String {
        let own = || format!("sqlite://{}", self.folder.join("baiying.db").display());
        self.database.clone().unwrap_or_else(own)
    }

    /// Runs a command to its end; gives what it printed.
    fn run(&self, words: &[&str]) -> anyhow::Result<Vec<u8>> {
        let done = self.command(words).output().with_context(|| format!("cannot start {}", self.program.display()))?;
        let told = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "`baiying {}` failed: {}", words.join(" "), told.trim());
        Ok(done.stdout)
    }

    fn serve(&self) -> anyhow::Result<Child> {
        let log = File::options().create(true).append(true).open(self.folder.join("serve.log"))?;
        Ok(self.command(&["serve"]).stdout(log.try_clone()?).stderr(log).spawn()?)
    }

    /// The end of the server's log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A server; killed when dropped: what it has answered must be in the database then.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::group::GroupKind;

    #[test]
    fn the_config_is_one() {
        let folder = Path::new("/tmp/load");
        let config: Config = toml::from_str(&config("http://127.0.0.1:1", 50, folder)).unwrap();
        let liaison = config.group.iter().filter(|group| group.kind == GroupKind::Liaison).count();
        assert_eq!((liaison, config.group.len()), (50, 51));
        assert_eq!(config.database.url, "sqlite:///tmp/load/baiying.db");
        assert_eq!(config.telegram.limits.per_second, 0);
    }

    #[test]
    fn each_lead_is_another_tips() {
        let table = |updates: &[i64]| {
            let rows: String = updates.iter().map(|n| format!("7,{n}\n")).collect();
            count_leads(format!("number,first_update_id\n{rows}").as_bytes(), 3)
        };
        assert_eq!(table(&[FIRST_UPDATE, FIRST_UPDATE + 2]).unwrap(), 2);
        assert!(table(&[FIRST_UPDATE, FIRST_UPDATE]).is_err());
        assert!(table(&[FIRST_UPDATE + 3]).is_err());
    }
}
