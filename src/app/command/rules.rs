//! `rules`: what a new rule book would have paid in a month that is over. Called by `cli`.

use super::{Outcome, SystemClock, export_key, open_store};
use crate::adapter::file::{Draft, Format, file_name};
use crate::config::{Config, Secrets};
use crate::domain::period::Period;
use crate::flow::dry_run::dry_run;
use crate::port::clock::Clock as _;
use crate::port::store::{Access, Store as _};
use anyhow::Context as _;
use clap::Args;
use std::path::PathBuf;

/// What is to be tried, and where it goes.
#[derive(Debug, Args)]
pub struct RulesOrder {
    /// A file with one `[[points.book]]`.
    #[arg(long, value_name = "NEW.toml")]
    book: PathBuf,
    /// The month that is paid over again.
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// csv or xlsx: writes a table; default: prints it.
    #[arg(long, value_parser = ["csv", "xlsx"])]
    format: Option<String>,
    /// Where to.
    #[arg(long, value_name = "FILE", requires = "format")]
    out: Option<PathBuf>,
}

/// Tells what each person would get; changes nothing but the record that somebody looked.
///
/// # Errors
/// The book's, with key and line; the month's words, the database's, the disk's.
pub async fn rules(config: &Config, secrets: &Secrets, order: &RulesOrder) -> anyhow::Result<Outcome> {
    let period = Period::month(&order.month, config.time_zone)?;
    let book = config.read_book(&order.book)?;
    let store = open_store(config).await?;
    let now = SystemClock.now();
    let detail = format!("{} {}", book.version, period.interval(config.time_zone));
    store.record_access(&Access { at: now, who: "cli".into(), what: "rules".into(), detail }).await?;
    let run = dry_run(&store, config, &book, period).await?;
    let Some(format) = &order.format else {
        print!("{}", run.tell(config));
        return Ok(Outcome::Well);
    };
    let format: Format = format.parse().map_err(anyhow::Error::msg)?;
    let table = run.table(config);
    let path = order.out.clone().unwrap_or_else(|| file_name(&table.head, format).into());
    let key = export_key(&store, secrets).await?;
    let mut file = Draft::create(&path, format, &key).with_context(|| format!("cannot write {}", path.display()))?;
    table.pour(&mut file)?;
    file.keep().with_context(|| format!("cannot write {}", path.display()))?;
    print!("{}: {} rows\n{}", path.display(), table.rows.len(), run.told_check());
    Ok(Outcome::Well)
}
