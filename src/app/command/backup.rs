//! `backup` and `restore`, and what they say.

use super::Outcome;
use crate::adapter::clock::SystemClock;
use crate::adapter::sql::backup::{self, Contents};
use crate::config::Config;
use crate::domain::id::Millis;
use crate::domain::period::rfc3339;
use crate::port::clock::Clock;
use std::path::Path;

/// `backup`: a copy of the database, made while it is in use.
///
/// # Errors
/// Something stands there, the database is not SQLite, or it is damaged; then there is no copy.
pub async fn backup(config: &Config, file: &Path) -> anyhow::Result<Outcome> {
    let contents = backup::backup(&config.database.url, file).await?;
    println!("{}: {}", file.display(), within(&contents, config));
    Ok(Outcome::Well)
}

/// `restore`: a copy becomes the database, where there is none.
///
/// # Errors
/// Something stands there, somebody serves it, or the copy is not whole; then nothing has changed.
pub async fn restore(config: &Config, file: &Path) -> anyhow::Result<Outcome> {
    let contents = backup::restore(file, &config.database.url).await?;
    println!("{} is now {}", file.display(), config.database.shown());
    println!("{}", within(&contents, config));
    println!("{}", next_start(&contents, SystemClock.now()));
    Ok(Outcome::Well)
}

fn within(contents: &Contents, config: &Config) -> String {
    let Contents { leads, waiting, newest_update, .. } = contents;
    let newest = newest_update.map_or("no update yet".into(), |at| {
        format!("newest update stored {}", rfc3339(Millis(at.0 / 1000 * 1000), config.time_zone))
    });
    format!("leads: {leads}; events that wait: {waiting}; {newest}")
}

/// What the next `serve` does with it, as a person needs to know before starting one.
fn next_start(contents: &Contents, now: Millis) -> String {
    let due = contents.timers.iter().filter(|due| **due <= now).count();
    format!(
        "The next `baiying serve` will, at once, send {} messages that waited, ring {due} timers that are due, and work \
         off {} events.\nWhat happened after the newest update is not in it. Telegram brings again what it still \
         keeps (24 hours at most, and nothing that was confirmed to it); numbers of later leads are given anew.",
        contents.to_send, contents.waiting
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_go_out_is_told() {
        let contents = Contents {
            leads: 7,
            waiting: 3,
            to_send: 5,
            timers: vec![Millis(10), Millis(20), Millis(30)],
            newest_update: Some(Millis(1_795_262_400_123)),
        };
        let said = next_start(&contents, Millis(20));
        for words in ["send 5 messages", "ring 2 timers", "work off 3 events"] {
            assert!(said.replace("\n", " ").replace("  ", " ").contains(words), "{said}");
        }
        let within = within(&contents, &Config::default());
        assert_eq!(within, "leads: 7; events that wait: 3; newest update stored 2026-11-21T20:00:00+08:00");
    }
}
