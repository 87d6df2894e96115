//! The rota on the command line: import, export, the feed's address, the coverage report.

use super::{Outcome, read};
use crate::adapter::clock::{SystemChance, SystemClock};
use crate::adapter::feed;
use crate::adapter::file::duty::{self, Known, calendar, table};
use crate::app::open_store;
use crate::config::Config;
use crate::domain::duty::difference::Difference;
use crate::flow::coverage;
use crate::flow::town::Town;
use crate::port::clock::{Chance, Clock};
use crate::port::store::{Access, Store};
use anyhow::{Context as _, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Larger calendars are refused.
const LARGEST: usize = 10 << 20;
/// How long a calendar is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the rota is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyFormat {
    /// A workbook.
    Xlsx,
    /// One CSV.
    Csv,
    /// A calendar.
    Ics,
}

impl std::str::FromStr for DutyFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "xlsx" => Ok(Self::Xlsx),
            "csv" => Ok(Self::Csv),
            "ics" => Ok(Self::Ics),
            _ => Err(format!("the rota is not written as `{text}`: write xlsx, csv or ics")),
        }
    }
}

/// `import duty`: a file, or a calendar at an https address, is taken whole or not at all.
///
/// # Errors
/// All that is wrong with it; the network's; the database's.
pub async fn import(config: &Config, from: &Path, dry_run: bool) -> anyhow::Result<Outcome> {
    let address = from.to_str().filter(|text| text.contains("://"));
    let (bytes, name) = match address {
        Some(address) => (fetch(address).await?, "the calendar".to_owned()),
        None => (read(from)?, from.display().to_string()),
    };
    let store = open_store(config).await?;
    let town = store.town().await?;
    let known = Known::of(&town, config.time_zone, config.language);
    let parsed = duty::parse(&bytes, &known).with_context(|| format!("{name} was not imported"))?;
    let rota = parsed.onto(&town.rota).with_context(|| format!("{name} was not imported"))?;
    let difference = Difference::between(&town.rota, &rota);
    print!("{}", duty::tell(&difference, &known));
    let (shifts, holidays, swaps) = (rota.shifts.len(), rota.holidays.len(), rota.swaps.len());
    println!("{name}: {shifts} shifts, {holidays} holidays, {swaps} swaps");
    for shift in rota.shifts.iter().filter(|shift| !shift.post.is_empty()) {
        let point = town.points.iter().find(|point| point.code == shift.post);
        if point.is_some_and(|point| !point.contacts.contains(&shift.user)) {
            println!("warning: {} is no contact of {}, and would not be called there", shift.user, shift.post);
        }
    }
    if dry_run {
        println!("dry run: nothing was written");
    } else if difference.is_nothing() {
        println!("nothing changes");
    } else {
        store.replace_rota(&rota).await?;
    }
    Ok(Outcome::Well)
}

/// Gets a calendar. Its address may hold a secret, so that no error shows more than the host.
async fn fetch(address: &str) -> anyhow::Result<Vec<u8>> {
    let address = address.strip_prefix("webcal://").map_or(address.to_owned(), |rest| format!("https://{rest}"));
    let Some(rest) = address.strip_prefix("https://") else {
        bail!("a calendar is fetched by https only: give an https:// address, or a file");
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default().to_owned();
    let failed = || format!("the calendar could not be had from {host}");
    let client = teloxide::net::default_reqwest_settings().timeout(PATIENCE).build()?;
    let answer = client.get(&address).send().await.and_then(|answer| answer.error_for_status());
    let mut answer = answer.map_err(|error| error.without_url()).with_context(failed)?;
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| error.without_url()).with_context(failed)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST {
            bail!("the calendar from {host} is larger than 10 MB: is it the right one?");
        }
    }
    Ok(bytes)
}

/// `export duty`: the rota with names; the look is put on record.
///
/// # Errors
/// The database's, the disk's.
pub async fn export(config: &Config, format: DutyFormat, out: Option<PathBuf>) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let store = open_store(config).await?;
    store
        .record_access(&Access { at: now, who: "cli".into(), what: "export".into(), detail: "duty, with names".into() })
        .await?;
    let town = store.town().await?;
    let known = Known::of(&town, config.time_zone, config.language);
    let rota = town.rota.sorted();
    let (bytes, name) = match format {
        DutyFormat::Xlsx => (table::write_workbook(&rota, &known)?, "duty.xlsx"),
        DutyFormat::Csv => (table::write_csv(&rota, &known).into_bytes(), "duty.csv"),
        DutyFormat::Ics => (calendar::write(&rota, &known, now).into_bytes(), "duty.ics"),
    };
    if out.as_deref() == Some(Path::new("-")) {
        std::io::stdout().write_all(&bytes)?;
        return Ok(Outcome::Well);
    }
    let path = out.unwrap_or_else(|| name.into());
    let part = crate::adapter::file::beside(&path, ".part");
    let written = std::fs::write(&part, &bytes).and_then(|()| std::fs::rename(&part, &path));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} shifts, {} swaps", path.display(), rota.shifts.len(), rota.swaps.len());
    Ok(Outcome::Well)
}

/// `duty-feed`: prints the feed's address; with `new` after making another, so that the old one leads nowhere.
///
/// # Errors
/// The database's.
pub async fn feed(config: &Config, new: bool) -> anyhow::Result<Outcome> {
    let store = open_store(config).await?;
    let fresh = SystemChance.code(feed::SECRET_LENGTH);
    if new {
        store.renew_secret(feed::SECRET, &fresh).await?;
    }
    let secret = store.secret(feed::SECRET, &fresh).await?;
    let base = match config.http.public_url.trim_end_matches('/') {
        "" => format!("http://{}", config.http.listen),
        url => url.to_owned(),
    };
    println!("{base}{}", feed::path(&secret));
    if config.http.public_url.is_empty() {
        println!(
            "This is where the server itself listens; set [http] public_url to the address that others can reach."
        );
    }
    println!("Whoever has this address sees who is on duty when. `baiying duty-feed --new` makes it worthless.");
    Ok(Outcome::Well)
}

/// How the feed writes the rota.
pub fn feed_writer(config: &Config) -> feed::Write {
    let (zone, language) = (config.time_zone, config.language);
    Arc::new(move |town, now| calendar::write(&town.rota.clone().sorted(), &Known::of(town, zone, language), now))
}

/// `coverage`: names the hours and posts with nobody on duty.
///
/// # Errors
/// The database's.
pub async fn coverage(config: &Config, days: i64) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let store = open_store(config).await?;
    let town = Town::new(store.town().await?, Arc::new(config.clone()), "");
    let (within, report) = coverage::look(&town, now, days);
    println!("{}", coverage::tell(&town, &town.speaker(config.language, now), within, &report, false));
    let whole = report.holes.is_empty() && report.nobody.is_empty() && report.strangers.is_empty();
    Ok(if whole { Outcome::Well } else { Outcome::NotWell })
}
