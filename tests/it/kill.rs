//! The kill test: the real program over HTTP, killed at seeded moments under a backlog and started again.
//!
//! Afterwards every tip that the server was told has arrived is a lead, none twice, points are exact, and there are
//! no more doubled receipts than messages were in flight at the kills. In full (a few minutes in a debug build):
//! `BAIYING_KILL_TIPS=5000 BAIYING_KILLS=20 cargo test --release --test it kill`, with another `BAIYING_KILL_SEED`
//! for other moments.

use baiying::app::load::config;
use baiying::app::load::platform::{FIRST_UPDATE, Pace, Platform, Progress, Tip};
use baiying::app::load::words::{Dice, tip};
use baiying::flow::outbox::SIDE_BY_SIDE;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Row};
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Receipts that were claimed and never settled: whether they went out, only the platform knows.
const IN_FLIGHT: &str = "SELECT count(*) FROM outbox WHERE state = 'sending' AND subject LIKE 'lead:%:receipt'";
const GROUPS: usize = 10;
const PEOPLE: usize = 60;
/// What the built-in config holds for a tip until police verify it.
const HELD: i64 = 10;
/// Nothing may take longer than this to come about.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name}: {value}")))
}

/// The program under test; killed when dropped, too.
pub struct Bot(Child);

impl Bot {
    /// Starts it in a folder that holds its config and gets its log, with these settings beside the token.
    pub fn start(folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::start_by(&[], folder, env)
    }

    /// The same by way of another command, which must become the program in the end.
    pub fn start_by(words: &[&str], folder: &Path, env: &[(&str, &str)]) -> Self {
        let log = File::options().create(true).append(true).open(folder.join("serve.log")).unwrap();
        let mut words = words.iter().copied().chain([env!("CARGO_BIN_EXE_baiying"), "serve"]);
        let mut command = Command::new(words.next().unwrap());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BAIYING_")) {
            command.env_remove(name);
        }
        command.args(words).current_dir(folder).env("BAIYING_TOKEN", "8000000001:kill").envs(env.iter().copied());
        Self(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    /// SIGKILL: nothing of the program runs any more when this returns.
    pub fn kill(mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it ended by itself");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Bot {
    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is waited for before the next kill.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So many tips were handed out.
    Handed(usize),
    /// So many tips have a receipt.
    Answered(usize),
}

impl Moment {
    fn has_come(self, progress: &Progress) -> bool {
        match self {
            Self::Handed(count) => progress.handed >= count,
            Self::Answered(count) => progress.answered >= count,
        }
    }
}

/// Seeded moments, the earliest first, all before the work is done: while updates come in and while receipts go out,
/// each with some microseconds more so that every phase of a transaction is hit.
fn moments(dice: &mut Dice, tips: usize, kills: usize) -> Vec<(Moment, Duration)> {
    let mut counts: Vec<usize> = (0..kills).map(|_| dice.below(tips - 1)).collect();
    counts.sort_unstable();
    let mut moment = |count| if dice.below(3) == 0 { Moment::Handed(count + 1) } else { Moment::Answered(count + 1) };
    let moments: Vec<Moment> = counts.into_iter().map(&mut moment).collect();
    moments.into_iter().map(|moment| (moment, Duration::from_micros(dice.below(4000) as u64))).collect()
}

async fn wait_for(platform: &Platform, folder: &Path, moment: Moment) {
    let mut progress = platform.progress();
    let come = tokio::time::timeout(PATIENCE, progress.wait_for(|progress| moment.has_come(progress))).await;
    if come.is_err() {
        let log = std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
        panic!("{moment:?} never came: {:?}\n{log}", *platform.progress().borrow());
    }
}

/// The database that the killed program left behind.
struct Left(SqliteConnection);

impl Left {
    async fn open(folder: &Path) -> Self {
        Self(SqliteConnectOptions::new().filename(folder.join("baiying.db")).connect().await.unwrap())
    }

    async fn number(&mut self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(&mut self.0).await.unwrap().get(0)
    }

    /// The places, in the order of writing, of the tips whose updates the statement gives.
    async fn tips(&mut self, sql: &'static str) -> Vec<usize> {
        let rows = sqlx::query(sql).fetch_all(&mut self.0).await.unwrap();
        rows.iter().map(|row| usize::try_from(row.get::<i64, _>(0) - FIRST_UPDATE).unwrap()).collect()
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing_and_doubles_only_what_was_in_flight() {
    let count = usize::try_from(number("BAIYING_KILL_TIPS", 300)).unwrap();
    let kills = usize::try_from(number("BAIYING_KILLS", 4)).unwrap();
    let mut dice = Dice(number("BAIYING_KILL_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tips: Vec<Tip> = (0..count).map(|n| tip(n, GROUPS, PEOPLE)).collect();
    // Answers that take their time: many messages are in flight when the kill comes.
    let delay = Duration::from_millis(3);
    let platform = Platform::start(&tips, Pace { delay, date: 1_795_000_000, ..Pace::default() }).await.unwrap();
    std::fs::write(folder.join("bot-config.toml"), config(platform.url(), GROUPS, folder)).unwrap();

    let mut in_flight = 0;
    for (moment, then) in moments(&mut dice, count, kills) {
        let bot = Bot::start(folder, &[]);
        wait_for(&platform, folder, moment).await;
        tokio::time::sleep(then).await;
        bot.kill();
        let confirmed = platform.progress().borrow().confirmed;
        let mut left = Left::open(folder).await;
        let kept: HashSet<usize> =
            left.tips("SELECT update_id FROM inbox WHERE update_id IS NOT NULL").await.into_iter().collect();
        let lost: Vec<usize> = (0..confirmed).filter(|n| !kept.contains(n)).collect();
        assert_eq!(lost, [0; 0], "confirmed at {moment:?}, and not kept");
        let sending = left.number(IN_FLIGHT).await;
        assert!(sending <= SIDE_BY_SIDE as i64, "{sending} in flight at {moment:?}");
        in_flight += sending;
    }

    let bot = Bot::start(folder, &[]);
    wait_for(&platform, folder, Moment::Answered(count)).await;
    bot.kill();
    let mut left = Left::open(folder).await;
    in_flight += left.number(IN_FLIGHT).await;
    let mut leads = left.tips("SELECT first_update_id FROM lead").await;
    leads.sort_unstable();
    assert_eq!(leads, (0..count).collect::<Vec<_>>(), "every tip is one lead");
    assert_eq!(left.number("SELECT count(*) FROM inbox WHERE state <> 'done'").await, 0, "nothing is left undone");
    // Each lead's reporter holds the rule's amount, once.
    let exact = left.number("SELECT count(DISTINCT lead) FROM transfer WHERE kind = 'hold' AND credit = 'held'").await;
    let sum = left.number("SELECT CAST(sum(amount) AS INTEGER) FROM transfer").await;
    assert_eq!((exact, sum), (count as i64, count as i64 * HELD), "points");

    let told = platform.tips();
    let doubled: i64 = told.iter().map(|tip| i64::from(tip.receipts) - 1).sum();
    assert!(doubled <= in_flight, "{doubled} receipts doubled, {in_flight} were in flight");
    if count > 300 {
        println!("{count} tips, {kills} kills: {doubled} receipts doubled, {in_flight} were in flight");
    }
}
