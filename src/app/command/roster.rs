//! The rosters on the command line: what an import would change, the import, the export.

use super::{Outcome, read};
use crate::adapter::clock::SystemClock;
use crate::adapter::file::roster::{self, refusals, tables, tell};
use crate::adapter::file::{Draft, Format, TableFile};
use crate::app::{export_key, open_store};
use crate::config::{Config, Secrets};
use crate::domain::member::Language;
use crate::domain::roster::Roster;
use crate::domain::roster::difference::Difference;
use crate::port::clock::Clock;
use crate::port::store::{Access, Store};
use crate::port::table::{Table, TableSink};
use anyhow::{Context as _, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `import rosters`: tells row by row what changes, then does it, whole or not at all. Without `remove` no table is emptied,
/// nor loses more than half. What was filed before may be named in it: the look is put on record.
///
/// # Errors
/// All that is wrong with the file; the database's.
pub async fn import(config: &Config, path: &Path, dry_run: bool, remove: bool) -> anyhow::Result<Outcome> {
    let name = path.display();
    let bytes = read(path)?;
    let store = open_store(config).await?;
    let detail = if dry_run { "rosters, import, dry run" } else { "rosters, import" };
    record(&store, "names", detail).await?;
    let old = store.roster().await?;
    let was_not = || format!("{name} was not imported");
    let parsed = roster::parse(&bytes, &old).with_context(was_not)?;
    let filed = parsed.onto(&old).with_context(was_not)?;
    let difference = Difference::between(&old, &filed.roster);
    print!("{}", tell(&difference, &filed));
    for it in strangers(&filed.roster, &store.townspeople().await?.staff) {
        println!("warning: {it}");
    }
    print!("{}", findings(config, &filed.roster));
    let refusals = if remove { Vec::new() } else { refusals(&difference) };
    if !refusals.is_empty() {
        for refusal in &refusals {
            println!("refused: {refusal}");
        }
        if dry_run {
            println!("dry run: nothing was written");
            return Ok(Outcome::NotWell);
        }
        bail!("{}; nothing was imported", was_not());
    }
    if dry_run {
        println!("dry run: nothing was written");
    } else if difference.is_nothing() {
        println!("nothing changes");
    } else if store.replace_roster(&old, &filed.roster).await? {
        println!("{name}: imported");
    } else {
        bail!("{}: somebody else filed rosters meanwhile; run it again and look at what changes now", was_not());
    }
    Ok(Outcome::Well)
}

async fn record(store: &impl Store, what: &str, detail: &str) -> anyhow::Result<()> {
    let access = Access { at: SystemClock.now(), who: "cli".into(), what: what.into(), detail: detail.into() };
    Ok(store.record_access(&access).await?)
}

/// Rows whose number is a member's of another name: a roster changes nothing about a member.
fn strangers(roster: &Roster, staff: &[crate::domain::member::Member]) -> Vec<String> {
    let told = roster.people.iter().filter_map(|it| {
        let member = staff.iter().find(|member| Some(member.user) == it.user)?;
        let other = !member.name.is_empty() && member.name != it.name;
        other.then(|| {
            format!("{} is {} on file, {} in the rosters: mend one of them", member.user, member.name, it.name)
        })
    });
    told.collect()
}

/// What of the sizes does not come up to the facts, a line each.
fn findings(config: &Config, roster: &Roster) -> String {
    let found = config.roster.findings(roster);
    let line = |it: &crate::domain::roster::size::Finding| match config.language {
        Language::Zh => format!("size: {}\n", it.zh()),
        Language::En => format!("size: {}\n", it.en()),
    };
    let lines: String = found.iter().map(line).collect();
    if roster.units.is_empty() {
        "sizes: no units are filed, nothing was looked at\n".into()
    } else if found.is_empty() {
        "sizes: all as they should be\n".into()
    } else {
        format!("{lines}sizes: {} findings\n", found.len())
    }
}

/// `export rosters`: the workbook of all six, with names (the payout right) or with running numbers; on record.
///
/// # Errors
/// The database's, the disk's.
pub async fn export(config: &Config, secrets: &Secrets, out: Option<PathBuf>, names: bool) -> anyhow::Result<Outcome> {
    let store = open_store(config).await?;
    let key = export_key(&store, secrets).await?;
    record(&store, if names { "names" } else { "export" }, "rosters").await?;
    let roster = store.roster().await?;
    let sheets = tables(&roster, &config.roster, names, (&config.unit, config.time_zone), SystemClock.now());
    if out.as_deref() == Some(Path::new("-")) {
        let mut file = TableFile::new(std::io::BufWriter::new(std::io::stdout()), Format::Xlsx, &key);
        pour(&sheets, &mut file)?;
        file.finish()?.0.flush()?;
        return Ok(Outcome::Well);
    }
    let path = out.unwrap_or_else(|| "rosters.xlsx".into());
    let cannot = || format!("cannot write {}", path.display());
    let mut file = Draft::create(&path, Format::Xlsx, &key).with_context(cannot)?;
    pour(&sheets, &mut file)?;
    file.keep().with_context(cannot)?;
    let (units, people) = (roster.units.len(), roster.people.iter().map(|it| u64::from(it.people)).sum::<u64>());
    print!("{}", findings(config, &roster));
    println!("{}: {units} units, {people} people", path.display());
    Ok(Outcome::Well)
}

fn pour(sheets: &[Table], sink: &mut impl TableSink) -> std::io::Result<()> {
    sheets.iter().try_for_each(|sheet| sheet.pour(sink))
}
