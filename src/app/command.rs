//! The other commands: each opens what it needs, does one thing, and says what it did.

pub mod backup;
pub mod cap;
pub mod close;
pub mod duty;
pub mod roster;
pub mod rules;

use super::{export_key, open_store};
use crate::adapter::clock::{SystemChance, SystemClock};
use crate::adapter::doctor::{Level, doctor};
use crate::adapter::file::import::{self, Summary};
use crate::adapter::file::verify::verify;
use crate::adapter::file::{Draft, Format, TableFile, file_name};
use crate::adapter::telegram::api::Api;
use crate::config::{Config, Secrets};
use crate::domain::id::Millis;
use crate::domain::lead::LeadState;
use crate::domain::period::Period;
use crate::domain::place::Gazetteer;
use crate::domain::tip::reader::Reader;
use crate::domain::tip::redact::Relayed;
use crate::flow::export::{Request, export as pour};
use crate::flow::lesson;
use crate::flow::understand::understand_lines;
use crate::port::clock::{Chance, Clock};
use crate::port::store::{Access, Retention, Store};
use crate::port::table::TableKind;
use anyhow::Context as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and all is well.
    Well,
    /// Done, and something does not hold.
    NotWell,
}

/// `doctor`: looks at everything and prints each finding with its mend.
///
/// # Errors
/// None of its own: what fails is a finding.
pub async fn look_over(config: &Config, secrets: &Secrets) -> anyhow::Result<Outcome> {
    let store = open_store(config).await.map_err(|e| crate::port::store::StoreError::Other(format!("{e:#}")));
    let api = match &secrets.token {
        Some(token) => Some(Api::new(&config.telegram.api_url, token)?),
        None => None,
    };
    let findings = doctor(config, secrets, api.as_ref(), store.as_ref(), &SystemClock).await;
    for finding in &findings {
        println!("{finding}");
    }
    let failed = findings.iter().any(|f| f.level == Level::Fail);
    Ok(if failed { Outcome::NotWell } else { Outcome::Well })
}

/// `understand`: JSON lines in, JSON lines out.
///
/// # Errors
/// The gazetteer cannot be read, or the output cannot be written.
pub fn understand(config: &Config, gazetteer: Option<&Path>) -> anyhow::Result<Outcome> {
    let places = match gazetteer {
        Some(path) => import::parse_gazetteer(&read(path)?)?,
        None => Vec::new(),
    };
    let gazetteer = Arc::new(Gazetteer::new(places));
    let username = Some(config.telegram.username.as_str()).filter(|name| !name.is_empty());
    let reader = Reader::new(config.lexicon(), gazetteer, config.time_zone, username)
        .relaying(Relayed { plates: config.tip.relay_plates });
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    understand_lines(std::io::stdin().lock(), out, &reader, config.time_zone)?;
    Ok(Outcome::Well)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What `import` takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ImportKind {
    /// Places and the liaison points among them.
    Gazetteer,
    /// Liaison points with their contacts.
    Points,
    /// People.
    Members,
    /// What people can take for their points.
    Rewards,
    /// The rota: shifts, holidays, swaps.
    Duty,
    /// The six rosters: units, teams, head-counts.
    Rosters,
}

/// `import`: a file is taken whole or not at all.
///
/// # Errors
/// Each wrong cell, with row and column; or the database's.
pub async fn import_file(
    config: &Config,
    kind: ImportKind,
    path: &Path,
    (dry_run, remove): (bool, bool),
) -> anyhow::Result<Outcome> {
    if kind == ImportKind::Rosters {
        return roster::import(config, path, dry_run, remove).await;
    }
    anyhow::ensure!(!remove, "--remove is for rosters");
    if kind == ImportKind::Duty {
        return duty::import(config, path, dry_run).await;
    }
    let bytes = read(path)?;
    let name = path.display();
    let store = open_store(config).await?;
    let town = store.town().await?;
    let summary: Summary = match kind {
        ImportKind::Gazetteer => {
            let places = import::parse_gazetteer(&bytes).with_context(|| format!("{name} was not imported"))?;
            let summary = import::compare_gazetteer(&places, &town);
            if !dry_run {
                store.import_gazetteer(&places).await?;
            }
            summary
        }
        ImportKind::Points => {
            let points = import::parse_points(&bytes).with_context(|| format!("{name} was not imported"))?;
            let summary = import::compare_points(&points, &town);
            if !dry_run {
                store.import_points(&points).await?;
            }
            summary
        }
        ImportKind::Members => {
            let rows = import::parse_members(&bytes).with_context(|| format!("{name} was not imported"))?;
            let summary = import::compare_members(&rows, &town);
            if !dry_run {
                let now = SystemClock.now();
                let members: Vec<_> = rows.into_iter().map(|r| r.into_member(SystemChance.code(8), now)).collect();
                store.import_members(&members).await?;
            }
            summary
        }
        ImportKind::Rewards => {
            let rewards = import::parse_rewards(&bytes).with_context(|| format!("{name} was not imported"))?;
            let summary = import::compare_rewards(&rewards, &store.rewards().await?);
            if !dry_run {
                store.import_rewards(&rewards).await?;
            }
            summary
        }
        ImportKind::Duty | ImportKind::Rosters => Summary::default(),
    };
    println!("{name}: {summary}{}", if dry_run { " (dry run: nothing was written)" } else { "" });
    Ok(Outcome::Well)
}

/// Which table `export` writes, and how.
#[derive(Debug)]
pub struct ExportOrder {
    /// Which table.
    pub kind: TableKind,
    /// `YYYY-MM-DD`, inclusive.
    pub from: Option<String>,
    /// `YYYY-MM-DD`, exclusive.
    pub to: Option<String>,
    /// `YYYY-MM`.
    pub month: Option<String>,
    /// Which format.
    pub format: Format,
    /// A file, `-` for standard output, or `None` for the table's own name in this folder.
    pub out: Option<PathBuf>,
    /// Whether names stand in it.
    pub names: bool,
}

impl ExportOrder {
    fn request(&self, config: &Config, now: Millis) -> anyhow::Result<Request> {
        let (month, from, to) = (self.month.as_deref(), self.from.as_deref(), self.to.as_deref());
        let period = Period::from_options(month, from, to, config.time_zone, now)?;
        Ok(Request { kind: self.kind, period, names: self.names })
    }
}

/// `export`: writes a table; the file appears under its name only when it is whole.
///
/// # Errors
/// The period's words, the database's, the disk's.
pub async fn export(config: &Config, secrets: &Secrets, order: &ExportOrder) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let request = order.request(config, now)?;
    let (format, period) = (order.format, request.period);
    let store = open_store(config).await?;
    let key = export_key(&store, secrets).await?;
    store.record_access(&request.access("cli", config, now)).await?;
    if order.out.as_deref() == Some(Path::new("-")) {
        let mut file = TableFile::new(std::io::BufWriter::new(std::io::stdout()), format, &key);
        pour(&store, config, request, &mut file).await?;
        file.finish()?.0.flush()?;
        return Ok(Outcome::Well);
    }
    let path = order.out.clone().unwrap_or_else(|| file_name(&request.head(config), format).into());
    let mut file = Draft::create(&path, format, &key).with_context(|| format!("cannot write {}", path.display()))?;
    let rows = pour(&store, config, request, &mut file).await?;
    file.keep().with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {rows} rows, {}", path.display(), period.interval(config.time_zone));
    Ok(Outcome::Well)
}

/// `verify-export`: names every row that is not as it was written.
///
/// # Errors
/// The file cannot be read.
pub async fn verify_export(config: &Config, secrets: &Secrets, path: &Path) -> anyhow::Result<Outcome> {
    let store = open_store(config).await?;
    let key = export_key(&store, secrets).await?;
    let verdict = verify(path, &key)?;
    if verdict.ok {
        println!("{}: {} rows, all as they were written", path.display(), verdict.rows);
    }
    for problem in &verdict.problems {
        println!("{}: {problem}", path.display());
    }
    Ok(if verdict.ok { Outcome::Well } else { Outcome::NotWell })
}

/// `mends`: tells which words were most often mended. The look is put on record.
///
/// # Errors
/// The date's words, or the database's.
pub async fn mends(config: &Config, since: Option<&str>) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let since = Period::from_options(None, since, None, config.time_zone, now)?;
    let store = open_store(config).await?;
    let detail = since.interval(config.time_zone);
    store.record_access(&Access { at: now, who: "cli".into(), what: "mends".into(), detail }).await?;
    print!("{}", lesson::tell(&store, config, since.from).await?);
    Ok(Outcome::Well)
}

/// `retain`: takes away what is kept too long, or says what it would take away.
///
/// # Errors
/// The database's.
pub async fn retain(config: &Config, dry_run: bool) -> anyhow::Result<Outcome> {
    let store = open_store(config).await?;
    let taken = store.retain(&retention(config), SystemClock.now(), dry_run).await?;
    let verb = if dry_run { "would be taken away" } else { "taken away" };
    println!("raw updates {verb}: {}", taken.raw);
    println!("sent messages {verb}: {}", taken.outbox);
    for (state, count) in &taken.leads {
        println!("words of leads {}, {verb}: {count}", state.as_str());
    }
    Ok(Outcome::Well)
}

/// The rules of retention that a config sets; 0 days keeps for ever.
pub fn retention(config: &Config) -> Retention {
    let rules = &config.retention;
    let for_ever = |days: i64| if days == 0 { i64::MAX / 86_400_000 / 4 } else { days };
    let by_state = [
        (LeadState::Unfounded, rules.unfounded_days),
        (LeadState::Withdrawn, rules.unfounded_days),
        (LeadState::Duplicate, rules.resolved_days),
        (LeadState::Resolved, rules.resolved_days),
        (LeadState::Verified, rules.resolved_days),
        (LeadState::New, rules.undecided_days),
        (LeadState::Claimed, rules.undecided_days),
    ];
    Retention {
        raw_days: for_ever(rules.raw_days),
        lead_days: by_state.into_iter().filter(|(_, days)| *days > 0).collect(),
        outbox_days: for_ever(rules.outbox_days),
    }
}
