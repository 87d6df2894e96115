//! `baiying load growth`: whether what is asked every day costs more once the town has a million leads.
//!
//! Fills two towns, a small one and a large one, with the same last month; then measures each thing in both by turns, so
//! that a machine that slows down slows both. Exit 1 when something takes more than [`GOAL`] times as long.

pub mod past;

use self::past::{ACTIVE, LAST_MONTH, MONTH_MS, Size, Town as Filled, reporter};
use super::figure::{Waits, waits};
use super::platform::{Pace, Platform, Tip};
use super::words::{self, Dice};
use super::{Baiying, Outcome, Served, config, wait_for_receipts};
use crate::adapter::clock::SystemClock;
use crate::adapter::file::digest::ExportKey;
use crate::adapter::file::import::parse_gazetteer;
use crate::adapter::file::{Format, TableFile};
use crate::adapter::sandbox::demo_gazetteer;
use crate::adapter::sql::{Scratch, SqlOptions, SqlStore};
use crate::config::{Config, Database};
use crate::domain::id::LeadId;
use crate::domain::period::Period;
use crate::flow::export::{Request, export};
use crate::flow::town::Town;
use crate::port::clock::Clock as _;
use crate::port::store::{Ask, Store};
use crate::port::table::TableKind;
use anyhow::{Context as _, ensure};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// So many times as long as in the small town it may take in the large one.
pub const GOAL: f64 = 1.5;
/// Leads filled in at once.
const SLICE: usize = 4_000;
/// Seconds before the way from update to receipt is measured.
const WARM_UP: usize = 5;
/// How often the towns take turns.
const ROUNDS: usize = 3;

/// What `load growth` is to do.
#[derive(Debug, Clone, clap::Args)]
pub struct GrowthOrder {
    /// Leads of the large town; the small one has 1,000.
    #[arg(long, default_value_t = 1_000_000)]
    pub leads: usize,
    /// Liaison points of the large town; the small one has a thousandth, as of all that follows.
    #[arg(long, default_value_t = 100_000)]
    pub points: usize,
    /// People on file in the large town.
    #[arg(long, default_value_t = 200_000)]
    pub members: usize,
    /// Groups of the large town.
    #[arg(long, default_value_t = 5_000)]
    pub groups: usize,
    /// Tips a second while the way from update to receipt is measured.
    #[arg(long, default_value_t = 100)]
    pub rate: u32,
    /// For how many seconds each time.
    #[arg(long, default_value_t = 20)]
    pub seconds: usize,
    /// Where the databases are made; default: the system's folder for temporary files.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A database on a PostgreSQL server, beside which two are made for the run; default: SQLite.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Leaves the databases where they are, and tells where.
    #[arg(long)]
    pub keep: bool,
}

/// A town that was filled in, and where.
struct Place {
    filled: Filled,
    folder: PathBuf,
    url: String,
    scratch: Option<Scratch>,
    tips_written: usize,
}

/// Runs it and prints the table.
///
/// # Errors
/// A database, the server, or a tip that stays without a receipt.
pub async fn run(order: &GrowthOrder) -> anyhow::Result<Outcome> {
    let thousandth = |count: usize, least: usize| (count / 1000).max(least);
    let large = Size { leads: order.leads, points: order.points, members: order.members, groups: order.groups };
    let small = Size {
        leads: LAST_MONTH,
        points: thousandth(order.points, 10),
        members: thousandth(order.members, ACTIVE),
        groups: thousandth(order.groups, 2),
    };
    ensure!(
        large.leads >= small.leads && large.members >= small.members,
        "the large town is smaller than the small one"
    );
    ensure!(
        large.points >= small.points && large.groups >= small.groups,
        "the large town is smaller than the small one"
    );
    let mut places = Vec::new();
    for (name, size) in [("small", small), ("large", large)] {
        places.push(settle(order, name, size).await?);
    }
    let table = measure(order, &mut places).await;
    for place in places {
        if order.keep {
            eprintln!("kept: {} ({})", place.folder.display(), Database { url: place.url }.shown());
            continue;
        }
        if let Some(scratch) = place.scratch {
            scratch.remove().await.context("cannot take the database away again")?;
        }
        std::fs::remove_dir_all(&place.folder).with_context(|| format!("cannot remove {}", place.folder.display()))?;
    }
    let table = table?;
    println!(
        "{:48} {:>12} {:>12} {:>12} {:>12} {:>7}",
        "", "small p50", "small p99", "large p50", "large p99", "ratio"
    );
    for row in &table {
        println!("{row}");
    }
    Ok(if table.iter().all(Row::well) { Outcome::Well } else { Outcome::NotWell })
}

/// Makes a town's database and fills it.
async fn settle(order: &GrowthOrder, name: &str, size: Size) -> anyhow::Result<Place> {
    let own = format!("baiying_growth_{}_{name}", std::process::id());
    let folder = order.data.clone().unwrap_or_else(std::env::temp_dir).join(&own);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let scratch = match &order.database {
        Some(url) => Some(Scratch::make(url, &own).await.with_context(|| format!("cannot make the database {own}"))?),
        None => None,
    };
    let url = match &scratch {
        Some(scratch) => scratch.url(),
        None => format!("sqlite://{}", folder.join("baiying.db").display()),
    };
    let filled = Filled { size, now: SystemClock.now() };
    fill(&filled, &url, name).await?;
    Ok(Place { filled, folder, url, scratch, tips_written: 0 })
}

/// Fills a town into an empty database; tells how far it is.
async fn fill(town: &Filled, url: &str, name: &str) -> anyhow::Result<()> {
    let store = SqlStore::open(url, &SqlOptions { cache_kib: 262_144, ..SqlOptions::default() }).await?;
    let (started, rules) = (Instant::now(), Config::default());
    store.seed(&town.groups(), &[]).await?;
    store.import_gazetteer(&parse_gazetteer(demo_gazetteer().as_bytes())?).await?;
    store.import_points(&town.points()).await?;
    store.import_members(&town.members()).await?;
    let mut told = Instant::now();
    for start in (0..town.size.leads).step_by(SLICE) {
        let end = (start + SLICE).min(town.size.leads);
        let town = *town;
        let rules = rules.clone();
        let past = tokio::task::spawn_blocking(move || town.past(start..end, &rules)).await?;
        store.fill(&past).await.context("cannot fill the past in")?;
        store.checkpoint().await?;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("{name}: {end} of {} leads, {:.0} s", town.size.leads, started.elapsed().as_secs_f64());
        }
    }
    store.end_filling().await?;
    store.close().await;
    eprintln!("{name}: {} leads filled in, {:.0} s", town.size.leads, started.elapsed().as_secs_f64());
    Ok(())
}

/// One line of the table.
struct Row {
    what: &'static str,
    small: Waits,
    large: Waits,
    /// Whether the goal is about the slowest in a hundred, or about the middle.
    tail: bool,
}

impl Row {
    fn ratio(&self) -> f64 {
        if self.tail { self.large.p99_ms / self.small.p99_ms } else { self.large.p50_ms / self.small.p50_ms }
    }

    fn well(&self) -> bool {
        self.ratio() <= GOAL
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (small, large) = (self.small, self.large);
        let judged = if self.well() { "" } else { "  more than 1.5" };
        write!(
            f,
            "{:48} {:9.3} ms {:9.3} ms {:9.3} ms {:9.3} ms {:7.2}{judged}",
            self.what,
            small.p50_ms,
            small.p99_ms,
            large.p50_ms,
            large.p99_ms,
            self.ratio()
        )
    }
}

/// Everything that is asked every day, in both towns by turns.
async fn measure(order: &GrowthOrder, places: &mut [Place]) -> anyhow::Result<Vec<Row>> {
    let mut receipts = vec![Vec::new(); places.len()];
    let mut asked = vec![Asked::default(); places.len()];
    for round in 0..ROUNDS {
        for (n, place) in places.iter_mut().enumerate() {
            eprintln!("round {} of {ROUNDS}: {} leads", round + 1, place.filled.size.leads);
            receipts[n].push(serve(order, place).await?);
            ask(place, &mut asked[n]).await?;
        }
    }
    let [small, large] = <[Asked; 2]>::try_from(asked).ok().context("two towns")?;
    // Of the rounds the middle one: one hiccup of the machine in two thousand tips is the slowest in a hundred.
    let [small_receipts, large_receipts] = [0, 1].map(|n| middle(&receipts[n]));
    let row = |what, small: Vec<Duration>, large: Vec<Duration>| {
        let (small, large) = (Waits::of(small).context(what)?, Waits::of(large).context(what)?);
        anyhow::Ok(Row { what, small, large, tail: false })
    };
    Ok(vec![
        Row { what: "update → receipt, at an even pace", small: small_receipts, large: large_receipts, tail: true },
        row("the points to call for a lead", small.points, large.points)?,
        row("the desk's queue", small.queue, large.queue)?,
        row("a person's balance and last entries", small.balance, large.balance)?,
        row("the last month's leads as CSV", small.leads, large.leads)?,
        row("the last month's points as CSV", small.tally, large.tally)?,
    ])
}

/// The round whose p99 is the middle one.
fn middle(rounds: &[Waits]) -> Waits {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
    sorted[sorted.len() / 2]
}

/// The real server on a town, tips at an even pace: how long until each has its receipt.
async fn serve(order: &GrowthOrder, place: &mut Place) -> anyhow::Result<Waits> {
    // The start is left out: a town of 100,000 points takes a second to be read.
    let warm_up = order.rate as usize * WARM_UP;
    let count = warm_up + order.rate as usize * order.seconds;
    let size = place.filled.size;
    let first = place.tips_written;
    place.tips_written += count;
    let tips: Vec<Tip> = (first..first + count).map(|n| words::tip(n, size.groups, size.members)).collect();
    let pace = Pace { per_second: order.rate, date: SystemClock.now().0 / 1000, first, ..Pace::default() };
    let platform = Platform::start(&tips, pace).await.context("the stand-in for the platform")?;
    let baiying =
        Baiying::new(&place.folder, &config(platform.url(), 0, &place.folder), Some(place.url.clone()), false)?;
    let mut served = [Served(baiying.serve()?)];
    wait_for_receipts(&platform, count, &mut served).await.with_context(|| baiying.last_words())?;
    let (_, handed, _) = waits(&platform.tips()[warm_up..]).context("nothing was handed out")?;
    Ok(handed)
}

/// What was measured in one town, all rounds together.
#[derive(Debug, Clone, Default)]
struct Asked {
    points: Vec<Duration>,
    queue: Vec<Duration>,
    balance: Vec<Duration>,
    leads: Vec<Duration>,
    tally: Vec<Duration>,
}

/// Times one step.
async fn timed<T, E>(times: &mut Vec<Duration>, step: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let start = Instant::now();
    let done = step.await;
    times.push(start.elapsed());
    done
}

async fn ask(place: &Place, asked: &mut Asked) -> anyhow::Result<()> {
    let store = SqlStore::open(&place.url, &SqlOptions::default()).await?;
    let rules = Arc::new(Config::default());
    let town = Town::new(store.town().await?, rules.clone(), "baiying_bot");
    let before = place.filled.size.leads - LAST_MONTH;
    let mut dice = Dice(before as u64);
    for n in 0..300 {
        timed(&mut asked.points, points_to_call(&store, &town, LeadId((before + dice.below(LAST_MONTH) + 1) as i64)))
            .await?;
        timed(&mut asked.queue, store.queue_view()).await?;
        let person = Ask { statement: Some(reporter(n % ACTIVE)), ..Ask::default() };
        timed(&mut asked.balance, store.load(std::slice::from_ref(&person))).await?;
    }
    let period = Period { from: place.filled.now.plus_ms(-MONTH_MS), to: place.filled.now };
    for _ in 0..8 {
        timed(&mut asked.leads, table(&store, &rules, TableKind::Leads, period)).await?;
        timed(&mut asked.tally, table(&store, &rules, TableKind::Points, period)).await?;
    }
    store.close().await;
    Ok(())
}

/// What an alarm needs before anybody is called: the lead with all that hangs on it, and the points around its scene.
async fn points_to_call(store: &SqlStore, town: &Town, lead: LeadId) -> anyhow::Result<()> {
    let asks = [Ask { lead: Some(lead), ..Ask::default() }];
    let facts = store.load(&asks).await?.pop().context("an answer")?;
    let scene = facts.file.and_then(|file| file.lead.scene).context("a scene")?;
    ensure!(!town.nearest_points(scene.at, 3).is_empty(), "no points");
    std::hint::black_box(town.points_within(scene.at, 500.0));
    Ok(())
}

/// A table of the last month, as a file in memory.
async fn table(store: &SqlStore, rules: &Config, kind: TableKind, period: Period) -> anyhow::Result<()> {
    let key = ExportKey::new("a key for measuring alone").map_err(anyhow::Error::msg)?;
    let mut file = TableFile::new(Vec::new(), Format::Csv, &key);
    let rows = export(store, rules, Request { kind, period, names: false }, &mut file).await?;
    ensure!(rows > 100, "{rows} rows in {}", kind.as_str());
    file.finish()?;
    Ok(())
}
