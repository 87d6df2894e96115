//! Three replicas on one PostgreSQL, each through a line that breaks: one is killed every few seconds, lines are cut,
//! slowed and stalled, and the server itself is restarted twice.
//!
//! Afterwards every tip is one lead, none twice, nothing is parked, points are exact, and no more receipts came twice than
//! messages were sent again because nobody knew what had become of them. In full:
//! `BAIYING_REPLICA_TIPS=20000 cargo test --test it replicas -- --nocapture`; `BAIYING_REPLICA_SEED` chooses other moments.

use super::proxy::{Line, Proxy};
use crate::database::server::Server;
use crate::kill::{Bot, number};
use baiying::app::load::config;
use baiying::app::load::platform::{Pace, Platform, Tip};
use baiying::app::load::words::{Dice, tip};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row};
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

const GROUPS: usize = 30;
const PEOPLE: usize = 600;
const HELD: i64 = 10;
const REPLICAS: usize = 3;
/// Nothing may take longer than this to go on.
const PATIENCE: Duration = Duration::from_secs(90);
/// So often one of them is killed.
const KILLS: Duration = Duration::from_secs(4);
const SECRET: &str = "hook-secret";

/// A free port; somebody else could take it before it is used, which has not been seen.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One of the replicas: its folder, its line to the database, its address.
struct Replica {
    folder: PathBuf,
    proxy: Proxy,
    port: u16,
    url: String,
    bot: Option<Bot>,
}

impl Replica {
    fn start(&mut self) {
        let env = [("BAIYING_DATABASE_URL", self.url.as_str()), ("BAIYING_WEBHOOK_SECRET", SECRET)];
        self.bot = Some(Bot::start(&self.folder, &env));
    }

    fn kill(&mut self) {
        assert!(self.bot.as_mut().unwrap().runs(), "it ended by itself:\n{}", self.last_words());
        self.bot.take().unwrap().kill();
    }

    /// What it wrote about messages that were sent again.
    fn sent_again(&self) -> i64 {
        let log = std::fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default();
        let lines = log.lines().filter(|line| line.contains("whose outcome is unknown are sent again"));
        let count = |line: &str| -> Option<i64> {
            line.rsplit_once("again=").and_then(|(_, count)| count.split_whitespace().next()?.parse().ok())
        };
        lines.map(|line| count(line).unwrap_or_else(|| panic!("no count in: {line}"))).sum()
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// How updates come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Polling,
    Webhook,
}

/// A town of replicas.
struct Town {
    platform: Platform,
    replicas: Vec<Replica>,
    server: Server,
    dice: Dice,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn start(tips: usize, mode: Mode) -> Option<Self> {
        let server = Server::private()?;
        let tips: Vec<Tip> = (0..tips).map(|n| tip(n, GROUPS, PEOPLE)).collect();
        let delay = Duration::from_millis(3);
        let platform = Platform::start(&tips, Pace { delay, date: 1_795_000_000, ..Pace::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut replicas = Vec::new();
        for n in 0..REPLICAS {
            let own = folder.path().join(n.to_string());
            std::fs::create_dir(&own).unwrap();
            let proxy = Proxy::start(server.port()).await;
            let port = free_port();
            let mut text = config(platform.url(), GROUPS, &own).replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
            if mode == Mode::Webhook {
                let hook = format!(
                    "[telegram]\nmode = \"webhook\"\nwebhook_url = \"http://127.0.0.1:{port}/telegram/webhook\"\n"
                );
                text = text.replacen("[telegram]\n", &hook, 1);
            }
            std::fs::write(own.join("bot-config.toml"), text).unwrap();
            let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port);
            let mut replica = Replica { folder: own, proxy, port, url, bot: None };
            // All at once: each of them would make the tables.
            replica.start();
            replicas.push(replica);
        }
        let dice = Dice(number("BAIYING_REPLICA_SEED", 1));
        Some(Self { platform, replicas, server, dice, _folder: folder })
    }

    async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.server.url).await.unwrap()
    }

    /// Troubles of all kinds until every tip is answered; tells how many there were.
    async fn storm(&mut self, restarts: usize) -> Vec<(&'static str, usize)> {
        let mut progress = self.platform.progress();
        let total = self.platform.tips().len();
        let mut troubles: Vec<(&'static str, usize)> =
            ["killed", "cut", "slowed", "stalled", "restarted"].map(|what| (what, 0)).to_vec();
        let mut restarted = 0;
        let mut stood = (0, Instant::now());
        let mut last_kill = Instant::now();
        loop {
            let answered = progress.borrow_and_update().answered;
            if answered == total {
                return troubles;
            }
            if answered > stood.0 {
                stood = (answered, Instant::now());
            }
            if stood.1.elapsed() > PATIENCE {
                let words: Vec<String> = self.replicas.iter().map(Replica::last_words).collect();
                panic!("nothing went on: {:?} {troubles:?}\n{}", *progress.borrow(), words.join("\n\n"));
            }
            let which = self.dice.below(REPLICAS);
            let kind = if restarted < restarts && answered * (restarts + 1) > total * (restarted + 1) {
                restarted += 1;
                4
            } else if last_kill.elapsed() > KILLS {
                last_kill = Instant::now();
                0
            } else {
                self.dice.below(4)
            };
            let long = Duration::from_millis(300 + self.dice.below(700) as u64);
            let replica = &mut self.replicas[which];
            match kind {
                0 => {
                    replica.kill();
                    // For the time being there are two.
                    tokio::time::sleep(long / 2).await;
                    self.replicas[which].start();
                }
                1 => replica.proxy.spoil(Line::Cut, long / 4).await,
                2 => {
                    replica.proxy.spoil(Line::Slow(Duration::from_millis(5 + long.as_millis() as u64 / 20)), long).await
                }
                // Longer than the seat's silence now and then: somebody else must take it.
                3 => replica.proxy.spoil(Line::Stalled, long * 10).await,
                _ => self.server.restart(),
            }
            troubles[kind].1 += 1;
            tokio::time::sleep(long).await;
        }
    }

    /// What must hold when all is over.
    async fn check(&mut self, troubles: &[(&'static str, usize)]) {
        for replica in &mut self.replicas {
            assert!(replica.bot.as_mut().unwrap().runs(), "it ended by itself:\n{}", replica.last_words());
        }
        let mut link = self.database().await;
        let mut number =
            async |sql: &'static str| -> i64 { sqlx::query(sql).fetch_one(&mut link).await.unwrap().get(0) };
        let count = self.platform.tips().len() as i64;
        let leads = number("SELECT count(*) FROM lead").await;
        let distinct = number("SELECT count(DISTINCT first_update_id) FROM lead").await;
        assert_eq!((leads, distinct), (count, count), "every tip is one lead, none is two");
        assert_eq!(number("SELECT count(*) FROM inbox WHERE state = 'parked'").await, 0, "nothing is given up");
        let start = Instant::now();
        while number("SELECT count(*) FROM inbox WHERE state = 'waiting'").await > 0 {
            assert!(start.elapsed() < PATIENCE, "something waits for ever");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let held = number("SELECT count(DISTINCT lead) FROM transfer WHERE kind = 'hold' AND credit = 'held'").await;
        let sum = number("SELECT CAST(sum(amount) AS BIGINT) FROM transfer").await;
        assert_eq!((held, sum), (count, count * HELD), "points");
        let overtook = "SELECT count(*) FROM (\
                        SELECT first_event, lag(first_event) OVER (PARTITION BY chat ORDER BY lead_event.id) AS earlier \
                        FROM lead JOIN lead_event ON lead_event.lead = lead.id AND lead_event.version = 1) AS tip \
                        WHERE earlier > first_event";
        assert_eq!(number(overtook).await, 0, "tips of one chat became leads in the order in which they came in");
        let terms = number("SELECT value FROM counter WHERE name = 'term'").await;
        let tips = self.platform.tips();
        let doubled: i64 = tips.iter().map(|tip| i64::from(tip.receipts) - 1).sum();
        let again: i64 = self.replicas.iter().map(Replica::sent_again).sum();
        assert!(doubled <= again, "{doubled} receipts doubled, {again} messages were sent again");
        println!(
            "{count} tips, {troubles:?}, {terms} terms: none lost, none twice; {doubled} receipts doubled, {again} messages sent again"
        );
    }
}

/// Does as the platform does with a webhook: calls again and again until it is told that the update is kept. The updates
/// come from the stand-in, which is asked as a bot would.
async fn call_hooks(platform: String, ports: Vec<u16>, mut dice: Dice) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut offset = 0;
    loop {
        let question = json!({"offset": offset, "timeout": 5});
        let asked = client.post(format!("{platform}/bot1:x/getUpdates")).json(&question).send().await.unwrap();
        let updates: Value = asked.json().await.unwrap();
        let mut calls = JoinSet::new();
        for update in updates["result"].as_array().unwrap() {
            offset = offset.max(update["update_id"].as_i64().unwrap() + 1);
            let (client, update, ports) = (client.clone(), update.clone(), ports.clone());
            let mut turn = dice.below(ports.len());
            calls.spawn(async move {
                loop {
                    turn += 1;
                    let url = format!("http://127.0.0.1:{}/telegram/webhook", ports[turn % ports.len()]);
                    let call = client.post(url).header("x-telegram-bot-api-secret-token", SECRET).json(&update);
                    // 200: it is kept. Anything else: again, elsewhere; some come twice that way.
                    if call.send().await.is_ok_and(|answer| answer.status() == 200) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
        }
        while calls.join_next().await.is_some() {}
    }
}

fn count(default: u64) -> usize {
    usize::try_from(number("BAIYING_REPLICA_TIPS", default)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_killed_cut_and_restarted_lose_and_double_nothing() {
    let ci = std::env::var("CI").as_deref() == Ok("true");
    let Some(mut town) = Town::start(count(if ci { 20_000 } else { 1_500 }), Mode::Polling).await else { return };
    let troubles = town.storm(2).await;
    town.check(&troubles).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_replica_takes_the_platforms_calls() {
    let Some(mut town) = Town::start(count(1_500), Mode::Webhook).await else { return };
    let ports = town.replicas.iter().map(|replica| replica.port).collect();
    let hooks = tokio::spawn(call_hooks(town.platform.url().to_owned(), ports, Dice(7)));
    let troubles = town.storm(1).await;
    hooks.abort();
    town.check(&troubles).await;
}
