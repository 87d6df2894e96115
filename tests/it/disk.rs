//! A full disk: the real program stops taking updates, says so, loses nothing, and goes on by itself when there is room.
//!
//! SQLite alone. Told in two ways: files that may not grow any more (RLIMIT_FSIZE), which can be had anywhere, and a
//! small disk of its own, which is the real thing and needs the right to mount.

use crate::kill::Bot;
use baiying::app::load::config;
use baiying::app::load::platform::{Pace, Platform};
use baiying::app::load::words::tip;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Their updates alone, at 3 KB, are more than fits.
const TIPS: usize = 1_200;
const GROUPS: usize = 10;
/// Nothing may take longer than this to come about.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A disk on which there is little room.
enum Disk {
    /// No file may become longer.
    Limit,
    /// One that is nearly full of something else.
    Small,
}

impl Disk {
    /// The words before the program's own, by which it gets such a disk at `folder`.
    fn words(&self, folder: &Path) -> Vec<String> {
        match self {
            // 1 MiB; the signal that comes with the refusal would end the program.
            Self::Limit => {
                vec!["sh".into(), "-c".into(), "trap '' XFSZ; ulimit -S -f 2048; exec \"$@\"".into(), "sh".into()]
            }
            Self::Small => {
                let script = "mount -t tmpfs -o size=40m tmpfs \"$0\" && head -c 40300000 /dev/zero > \"$0/ballast\" && exec \"$@\"";
                vec![
                    "unshare".into(),
                    "--mount".into(),
                    "sh".into(),
                    "-c".into(),
                    script.into(),
                    folder.display().to_string(),
                ]
            }
        }
    }

    fn make_room(&self, folder: &Path, bot: &Bot) {
        match self {
            Self::Limit => {
                let done =
                    Command::new("prlimit").args(["--pid", &bot.id().to_string(), "--fsize=unlimited:"]).status();
                assert!(done.unwrap().success());
            }
            // As the program sees it.
            Self::Small => {
                std::fs::remove_file(format!("/proc/{}/root{}/ballast", bot.id(), folder.display())).unwrap()
            }
        }
    }
}

/// The program's own pages, and its log.
struct Told {
    log: PathBuf,
}

impl Told {
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn page(&self, page: &str) -> Option<String> {
        let log = self.log();
        let listen = log.lines().find_map(|line| line.split("listen=").nth(1))?.split_whitespace().next()?.to_owned();
        reqwest::get(format!("http://{listen}/{page}")).await.ok()?.text().await.ok()
    }

    /// Waits until the page fits.
    async fn until(&self, page: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let look = async {
            loop {
                if let Some(text) = self.page(page).await.filter(|text| fits(text)) {
                    return text;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let come = tokio::time::timeout(PATIENCE, look).await;
        match come {
            Ok(text) => text,
            Err(_) => panic!("never {what}: {:?}\n{}", self.page(page).await, self.log()),
        }
    }
}

async fn fill_and_make_room(disk: &Disk, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let mut tips: Vec<_> = (0..TIPS).map(|n| tip(n, GROUPS, 60)).collect();
    tips.iter_mut().for_each(|tip| tip.text.push_str(&"水".repeat(900)));
    let platform = Platform::start(&tips, Pace { date: 1_795_000_000, ..Pace::default() }).await.unwrap();
    std::fs::write(folder.path().join("bot-config.toml"), config(platform.url(), GROUPS, &data)).unwrap();
    let before = disk.words(&data);
    let mut bot = Bot::start_by(&before.iter().map(String::as_str).collect::<Vec<_>>(), folder.path(), &[]);
    let told = Told { log: folder.path().join("serve.log") };

    let health = told.until("healthz", "full", |text| text.contains("inbox: ")).await;
    assert!(health.contains(words), "{health}");
    let metrics =
        told.until("metrics", "counted as ailing", |text| text.contains("baiying_ailing{part=\"inbox\"} 1")).await;
    assert!(metrics.contains("baiying_store_up 1"), "what is there can be read: {metrics}");
    let confirmed = platform.progress().borrow().confirmed;
    assert!(confirmed < TIPS, "the test must run out of room before it runs out of tips");
    let kept = count(&metrics, "baiying_updates_received_total");
    assert!(kept >= confirmed, "{kept} kept of {confirmed} confirmed");
    let cries = told.log().lines().filter(|line| line.contains("ERROR")).count();
    assert!((1..20).contains(&cries), "told {cries} times\n{}", told.log());
    assert!(bot.runs());

    disk.make_room(&data, &bot);
    let mut progress = platform.progress();
    let all = tokio::time::timeout(PATIENCE, progress.wait_for(|progress| progress.answered == TIPS)).await;
    assert!(all.is_ok(), "{:?}\n{}", *platform.progress().borrow(), told.log());
    told.until("healthz", "well", |text| text == "ok\n").await;
    assert!(told.log().contains("well again"), "{}", told.log());
    let not_once = platform.tips().iter().filter(|tip| tip.receipts != 1).count();
    assert_eq!(not_once, 0, "a lead, and so a receipt, for each tip");
    let names = ["updates_received_total", "inbox_waiting", "inbox_parked", "outbox_waiting", "outbox_failed"];
    let counts = |page: &str| names.map(|name| count(page, &format!("baiying_{name}")));
    told.until("metrics", "at rest, each update stored once", |page| counts(page) == [TIPS, 0, 0, 0, 0]).await;
}

/// A number on the page of metrics.
fn count(page: &str, name: &str) -> usize {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}: {page}")).parse().unwrap()
}

#[tokio::test]
async fn when_files_cannot_grow_intake_waits_until_they_can() {
    fill_and_make_room(&Disk::Limit, "disk I/O error").await;
}

#[tokio::test]
async fn on_a_full_disk_intake_waits_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let may = ["--mount", "mount", "-t", "tmpfs", "tmpfs"];
    let may = Command::new("unshare").args(may).arg(folder.path()).output();
    if !may.is_ok_and(|may| may.status.success()) {
        // Past the capture of the test harness. The test above stands for it.
        let said = "full disk test on a disk of its own SKIPPED: no right to mount one\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return;
    }
    fill_and_make_room(&Disk::Small, "the disk is full").await;
}
