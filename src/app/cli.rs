//! The command line: words → config → app. No logic.
//!
//! It stands in the library, and `main.rs` only calls it, so that the whole program is compiled once: what only the
//! binary polled would be compiled for the binary again.

use super::command::rules::RulesOrder;
use super::command::{self, ExportOrder, ImportKind, Outcome};
use super::load::{self, LoadOrder};
use super::{Server, asked_to_end, sandbox};
use crate::adapter::file::Format;
use crate::adapter::log;
use crate::adapter::sql::backup::BackupError;
use crate::config::{Config, ConfigError, EXAMPLE, Secrets};
use crate::flow::coverage;
use crate::port::table::TableKind;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// 百应: one call, a hundred responses.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// The config; default: bot-config.toml if it is there, else the built-in defaults.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Logs as JSON.
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A demo town in the browser: no token, no network.
    Sandbox {
        /// Port of the page and of the Bot API.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Where its state is kept.
        #[arg(long, default_value = "data/sandbox", value_name = "DIR")]
        data: PathBuf,
    },
    /// Serves.
    Serve,
    /// Looks at token, rights, clock, database and config; says how to mend what is wrong.
    Doctor,
    /// Reads tips: JSON lines in, JSON lines out.
    Understand {
        /// Places: `code,name,aliases,kind,lat,lon,datum`.
        #[arg(long, value_name = "FILE.csv")]
        gazetteer: Option<PathBuf>,
    },
    /// Takes in a CSV; the rota as CSV, XLSX or calendar; the rosters as XLSX.
    Import {
        /// What it holds.
        kind: ImportKind,
        /// The file; for duty also the https address of a calendar.
        file: PathBuf,
        /// Says what would change, and changes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Rosters: lets a table be emptied, or lose more than half of its rows.
        #[arg(long)]
        remove: bool,
    },
    /// Writes a table.
    Export {
        /// leads, points, entries, redemptions, alarms, timeline, responses, appraisal, duty or rosters.
        kind: ExportKind,
        /// First day, YYYY-MM-DD.
        #[arg(long, value_name = "D")]
        from: Option<String>,
        /// The day after the last, YYYY-MM-DD.
        #[arg(long, value_name = "D")]
        to: Option<String>,
        /// A whole month.
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
        /// csv, xlsx, jsonl or geojson; alarms also cap (Common Alerting Protocol 1.2); duty: xlsx, csv or ics; rosters: xlsx.
        #[arg(long)]
        format: ExportFormat,
        /// Where to; `-` is standard output. For cap: a folder.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// With names (the payout right); the look is put on record.
        #[arg(long)]
        names: bool,
    },
    /// Prints the address at which calendars can follow the rota.
    DutyFeed {
        /// Makes another address first: the old one leads nowhere then.
        #[arg(long)]
        new: bool,
    },
    /// Names the hours and posts with nobody on duty; ends with 1 if there are any.
    Coverage {
        /// How far to look ahead.
        #[arg(long, default_value_t = coverage::DAYS, value_parser = clap::value_parser!(i64).range(1..=coverage::MOST_DAYS))]
        days: i64,
    },
    /// Closes a month that is over, after a checklist: it does not change any more. Ends with 1 if it is not closed.
    Close {
        /// The month, YYYY-MM.
        month: String,
        /// Only tells what is open.
        #[arg(long)]
        dry_run: bool,
        /// Closes it although something is open; what, is put on record.
        #[arg(long)]
        yes: bool,
    },
    /// Checks a file that `export` wrote; names the rows that were changed.
    VerifyExport {
        /// The file; a CSV's FILE.digest must lie beside it.
        file: PathBuf,
    },
    /// Tells which words were most often mended, ready for config and gazetteer; changes nothing.
    Mends {
        /// First day, YYYY-MM-DD; default: all that is kept.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
    /// Tells what a new rule book would have paid in a month, person by person; changes nothing.
    Rules(RulesOrder),
    /// Takes away what is kept longer than the config says.
    Retain {
        /// Only counts.
        #[arg(long)]
        dry_run: bool,
    },
    /// Copies the SQLite database into a file, whole and checked, while it is in use. PostgreSQL: says which command does it.
    Backup {
        /// Where to; nothing is overwritten.
        file: PathBuf,
    },
    /// Checks a backup and puts it where the config says that the database is; nothing is overwritten.
    Restore {
        /// What `backup` wrote.
        file: PathBuf,
    },
    /// Measures this program under load, against a stand-in for the platform (docs/benchmarks.md).
    Load(LoadOrder),
    /// Prints the example config.
    ExampleConfig,
}

/// What `export` writes.
#[derive(Debug, Clone, Copy)]
enum ExportKind {
    Table(TableKind),
    Duty,
    Rosters,
}

impl std::str::FromStr for ExportKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "duty" => Ok(Self::Duty),
            "rosters" => Ok(Self::Rosters),
            text => text.parse().map(Self::Table).map_err(|e: String| format!("{e}, duty or rosters")),
        }
    }
}

/// How `export` writes it.
#[derive(Debug, Clone, Copy)]
enum ExportFormat {
    File(Format),
    Ics,
    Cap,
}

impl std::str::FromStr for ExportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ics" => Ok(Self::Ics),
            "cap" => Ok(Self::Cap),
            text => text.parse().map(Self::File).map_err(|e: String| format!("{e}; cap for alarms, ics for duty")),
        }
    }
}

/// The program: what was asked for is done when this returns.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let words = log::words_from_env();
    if let Err(error) = log::start(words.as_deref(), cli.log_json) {
        eprintln!("baiying: {error}");
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::NotWell) => ExitCode::from(1),
        Err(error) => {
            eprintln!("baiying: {error:#}");
            let usage = error.is::<ConfigError>()
                || error.is::<crate::domain::period::PeriodError>()
                || matches!(error.downcast_ref(), Some(BackupError::Postgres(_)));
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.command {
        Command::Sandbox { port, data } => return sandbox::run(port, &data).await.map(|()| Outcome::Well),
        Command::Load(order) => return load::run(&order).await,
        Command::ExampleConfig => {
            print!("{EXAMPLE}");
            return Ok(Outcome::Well);
        }
        _ => {}
    }
    let config = Config::load(cli.config.as_deref())?;
    let secrets = Secrets::from_env()?;
    match cli.command {
        Command::Sandbox { .. } | Command::Load(_) | Command::ExampleConfig => Ok(Outcome::Well),
        Command::Serve => {
            secrets.check_for_serving(&config)?;
            Server::start(config, &secrets).await?.run(asked_to_end()).await.map(|()| Outcome::Well)
        }
        Command::Doctor => command::look_over(&config, &secrets).await,
        Command::Understand { gazetteer } => command::understand(&config, gazetteer.as_deref()),
        Command::Import { kind, file, dry_run, remove } => {
            command::import_file(&config, kind, &file, (dry_run, remove)).await
        }
        Command::Export { kind: ExportKind::Rosters, from, to, month, format, out, names } => {
            anyhow::ensure!(
                from.or(to).or(month).is_none(),
                "the rosters are exported as they stand: leave --from, --to and --month out"
            );
            anyhow::ensure!(matches!(format, ExportFormat::File(Format::Xlsx)), "the rosters are written as xlsx");
            command::roster::export(&config, &secrets, out, names).await
        }
        Command::Export { kind: ExportKind::Duty, from, to, month, format, out, .. } => {
            anyhow::ensure!(
                from.or(to).or(month).is_none(),
                "the rota is exported whole: leave --from, --to and --month out"
            );
            let format = match format {
                ExportFormat::Ics => "ics",
                ExportFormat::Cap => anyhow::bail!("cap is for alarms: write duty as xlsx, csv or ics"),
                ExportFormat::File(format) => format.as_str(),
            };
            command::duty::export(&config, format.parse().map_err(anyhow::Error::msg)?, out).await
        }
        Command::Export { kind: ExportKind::Table(kind), from, to, month, format, out, names } => {
            let order = |format| ExportOrder { kind, from, to, month, format, out, names };
            match format {
                ExportFormat::File(format) => command::export(&config, &secrets, &order(format)).await,
                ExportFormat::Cap => command::cap::export(&config, &order(Format::Xlsx)).await,
                ExportFormat::Ics => anyhow::bail!("only the rota (duty) is written as ics"),
            }
        }
        Command::DutyFeed { new } => command::duty::feed(&config, new).await,
        Command::Coverage { days } => command::duty::coverage(&config, days).await,
        Command::Close { month, dry_run, yes } => command::close::close(&config, &month, dry_run, yes).await,
        Command::VerifyExport { file } => command::verify_export(&config, &secrets, &file).await,
        Command::Mends { since } => command::mends(&config, since.as_deref()).await,
        Command::Rules(order) => command::rules::rules(&config, &secrets, &order).await,
        Command::Retain { dry_run } => command::retain(&config, dry_run).await,
        Command::Backup { file } => command::backup::backup(&config, &file).await,
        Command::Restore { file } => command::backup::restore(&config, &file).await,
    }
}
