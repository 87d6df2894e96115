//! The command line: words → config → app. No logic.
//!
//! It stands in the library, and `main.rs` only calls it, so that the whole program is compiled once: what only the
//! binary polled would be compiled for the binary again.

use super::command::{self, ExportForm, ExportOrder, ImportKind, Outcome};
use super::load::{self, LoadOrder};
use super::{Server, asked_to_end, sandbox};
use crate::adapter::log;
use crate::adapter::sql::backup::BackupError;
use crate::config::{Config, ConfigError, EXAMPLE, Secrets};
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
    /// Takes in a CSV.
    Import {
        /// What it holds.
        kind: ImportKind,
        /// The file.
        file: PathBuf,
        /// Says what would change, and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes a table.
    Export {
        /// leads, points, alarms, timeline or responses.
        kind: TableKind,
        /// First day, YYYY-MM-DD.
        #[arg(long, value_name = "D")]
        from: Option<String>,
        /// The day after the last, YYYY-MM-DD.
        #[arg(long, value_name = "D")]
        to: Option<String>,
        /// A whole month.
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
        /// csv, xlsx, jsonl or geojson; alarms also as cap (Common Alerting Protocol 1.2), a file a message.
        #[arg(long)]
        format: ExportForm,
        /// Where to; `-` is standard output. For cap: a folder.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// With names (the payout right); the look is put on record.
        #[arg(long)]
        names: bool,
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
        Command::Import { kind, file, dry_run } => command::import_file(&config, kind, &file, dry_run).await,
        Command::Export { kind, from, to, month, format, out, names } => {
            command::export(&config, &secrets, &ExportOrder { kind, from, to, month, form: format, out, names }).await
        }
        Command::VerifyExport { file } => command::verify_export(&config, &secrets, &file).await,
        Command::Mends { since } => command::mends(&config, since.as_deref()).await,
        Command::Retain { dry_run } => command::retain(&config, dry_run).await,
        Command::Backup { file } => command::backup::backup(&config, &file).await,
        Command::Restore { file } => command::backup::restore(&config, &file).await,
    }
}
