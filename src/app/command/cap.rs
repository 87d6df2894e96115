//! `export alarms --format cap`: each alarm as messages of the Common Alerting Protocol, each a file in a folder.

use super::{ExportOrder, Outcome, open_store};
use crate::adapter::clock::SystemClock;
use crate::adapter::file::cap::to_xml;
use crate::config::Config;
use crate::domain::alarm::cap::Maker;
use crate::domain::tip::redact::Relayed;
use crate::port::clock::Clock;
use crate::port::store::Store;
use crate::port::table::TableKind;
use anyhow::{Context as _, bail, ensure};
use std::path::Path;

/// Writes the messages of the alarms that were raised in the order's period into the folder `out`.
///
/// # Errors
/// Another table is asked for, or standard output; the period's words, the database's, the disk's.
pub async fn export(config: &Config, order: &ExportOrder) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let (request, out) = (order.request(config, now)?, order.out.as_deref());
    if request.kind != TableKind::Alarms {
        bail!("cap is for alarms: write `export alarms --format cap`, or another format for {}", request.kind.as_str());
    }
    ensure!(out != Some(Path::new("-")), "cap makes a file a message: give a folder with --out, or none for this one");
    let folder = out.unwrap_or(Path::new("."));
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    let store = open_store(config).await?;
    store.record_access(&request.access("cli", config, now)).await?;
    std::fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let maker = maker(config);
    let mut count = 0;
    for record in store.alarms_between(request.period.from, request.period.to).await? {
        for message in maker.messages(&record.alarm, &record.timeline) {
            let path = folder.join(format!("{}.xml", message.identifier));
            // Under its name only when it is whole.
            let part = folder.join(format!("{}.xml.part", message.identifier));
            std::fs::write(&part, to_xml(&message)?).with_context(|| cannot(&part))?;
            std::fs::rename(&part, &path).with_context(|| cannot(&path))?;
            count += 1;
        }
    }
    println!("{}: {count} messages, {}", folder.display(), request.period.interval(config.time_zone));
    Ok(Outcome::Well)
}

fn maker(config: &Config) -> Maker<'_> {
    let name: String = config
        .telegram
        .username
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .collect();
    Maker {
        sender: if name.is_empty() { "baiying".into() } else { format!("baiying.{name}") },
        unit: &config.unit,
        zone: config.time_zone,
        categories: &config.category,
        rings_m: config.alarm.ring.iter().map(|ring| ring.radius_m).collect(),
        relayed: Relayed { plates: config.tip.relay_plates },
    }
}
