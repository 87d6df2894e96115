//! How fast a month of many ledger entries becomes a workbook, and in how much memory.
//!
//! `cargo bench --bench ledger [-- ENTRIES [KEEP]]`: fills a database of its own on disk, then exports the points
//! workbook (all its sheets, with the entries and their digests) in a process of its own, so that the peak it prints is
//! the export's alone. With KEEP, a folder, the workbook and the entries as CSV stay there, for
//! `benches/compare/openpyxl_entries.py`, which writes the same entries.

use baiying::adapter::file::digest::ExportKey;
use baiying::adapter::file::{Draft, Format};
use baiying::adapter::sql::{Past, SqlOptions, SqlStore};
use baiying::config::Config;
use baiying::domain::id::{AlarmId, LeadId, Millis, UserId};
use baiying::domain::member::Member;
use baiying::domain::period::Period;
use baiying::domain::points::{Account, Transfer, TransferKind};
use baiying::flow::export::{Request, export};
use baiying::port::store::Store as _;
use baiying::port::table::TableKind;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const ENTRIES: usize = 500_000;
const PEOPLE: usize = 2_000;
const GROUPS: [&str; 6] = ["鹿城东门群", "渔市夜市群", "阳光小区群", "客运站群", "南山工业园群", "滨江路商户群"];
const WORK: [&str; 7] = ["出租车司机", "快递员", "外卖骑手", "环卫工人", "保安", "网格员", "商铺经营者"];
const TEAMS: [&str; 4] = ["应急队", "区域队", "村级专职队", "邻里守望队"];

fn month(rules: &Config) -> Period {
    Period::month("2026-11", rules.time_zone).expect("a month")
}

fn member(n: usize) -> Member {
    let group = GROUPS[n % GROUPS.len()];
    Member {
        user: UserId(n as i64 + 1),
        name: format!("张{}", n + 1),
        occupation: WORK[n % WORK.len()].into(),
        group: group.into(),
        team: if n.is_multiple_of(3) { String::new() } else { TEAMS[n % TEAMS.len()].into() },
        roles: Vec::new(),
        language: None,
        code: format!("M{:05}", n + 1),
        first_seen: Millis(0),
        told_at: None,
    }
}

/// Of five entries four are two tips' holds and posts, one is an award at an alarm or, now and then, a correction.
fn entry(n: usize, from: Millis, step_ms: i64) -> Transfer {
    let (turn, place) = (n / 5, n % 5);
    let user = UserId((turn * 2 + place / 2) as i64 % PEOPLE as i64 + 1);
    let (held, own) = (Account::Held(user), Account::Person(user));
    let (kind, debit, credit, rule) = match place {
        0 | 2 => (TransferKind::Hold, Account::Budget, held, "tip_verified"),
        1 | 3 => (TransferKind::Post, held, own, "tip_verified"),
        _ if turn % 20 == 7 => (TransferKind::Correction, Account::Budget, own, "correction"),
        _ => (TransferKind::Award, Account::Budget, own, "on_scene"),
    };
    let tip = (place < 4).then(|| LeadId((turn * 2 + place / 2) as i64 + 1));
    let is_correction = kind == TransferKind::Correction;
    Transfer {
        key: format!("entry:{n}"),
        kind,
        debit,
        credit,
        amount: if place < 4 { 10 } else { 5 },
        at: from.plus_ms(n as i64 * step_ms),
        rule: rule.into(),
        book: if is_correction { "" } else { "2026-11" }.into(),
        lead: tip,
        alarm: (place == 4 && !is_correction).then(|| AlarmId(turn as i64 + 1)),
        redemption: None,
        reason: is_correction.then(|| "上月漏记，凭值班记录补记".into()),
        reverses: None,
        by: None,
    }
}

async fn open(url: &str) -> Result<SqlStore, Box<dyn Error>> {
    Ok(SqlStore::open(url, &SqlOptions::default()).await?)
}

async fn fill(url: &str, entries: usize) -> Result<(), Box<dyn Error>> {
    let rules = Config::default();
    let store = open(url).await?;
    store.import_members(&(0..PEOPLE).map(member).collect::<Vec<_>>()).await?;
    let Period { from, to } = month(&rules);
    let step_ms = (to.0 - from.0) / (entries as i64 + 1);
    for start in (0..entries).step_by(10_000) {
        let transfers = (start..(start + 10_000).min(entries)).map(|n| entry(n, from, step_ms)).collect();
        store.fill(&Past { transfers, ..Past::default() }).await?;
    }
    store.end_filling().await?;
    store.close().await;
    Ok(())
}

/// With names, as a clerk needs it who pays from it.
async fn pour(url: &str, out: &Path, kind: TableKind, format: Format) -> Result<(), Box<dyn Error>> {
    let rules = Config { unit: "鹿城街道综治办".into(), ..Config::default() };
    let store = open(url).await?;
    let key = ExportKey::new("a key for measuring alone")?;
    let began = Instant::now();
    let mut file = Draft::create(out, format, &key)?;
    let request = Request { kind, period: month(&rules), names: true };
    export(&store, &rules, request, &mut file).await?;
    file.keep()?;
    let took = began.elapsed().as_secs_f64();
    let entries = store.ledger_end().await?.last;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    let size = std::fs::metadata(out)?.len() as f64 / 1_048_576.0;
    println!(
        "{entries} entries, {} {}: {took:.2} s, peak resident {peak}, file {size:.1} MiB",
        kind.as_str(),
        format.as_str()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", url, entries] => fill(url, entries.parse()?).await,
        ["pour", url, out] => pour(url, Path::new(out), TableKind::Points, Format::Xlsx).await,
        ["list", url, out] => pour(url, Path::new(out), TableKind::Entries, Format::Csv).await,
        rest => {
            let entries = rest.first().map_or(Ok(ENTRIES), |entries| entries.parse())?;
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite://{}", folder.path().join("town.db").display());
            let kept = rest.get(1).map_or_else(|| folder.path().to_owned(), PathBuf::from);
            let [book, table] =
                ["points.xlsx", "entries.csv"].map(|name| kept.join(name).to_string_lossy().into_owned());
            let number = entries.to_string();
            let mut orders = vec![vec!["fill", &url, &number], vec!["pour", &url, &book]];
            if rest.len() > 1 {
                orders.push(vec!["list", &url, &table]);
            }
            for words in orders {
                let done = Command::new(std::env::current_exe()?).args(words).status()?;
                if !done.success() {
                    return Err("it failed".into());
                }
            }
            Ok(())
        }
    }
}
