//! `close`: a month that is over is filed, and does not change any more.

use super::{Outcome, open_store};
use crate::adapter::clock::SystemClock;
use crate::config::Config;
use crate::domain::month::{Checklist, Refusal, close as decide};
use crate::domain::period::{Period, show};
use crate::port::clock::Clock;
use crate::port::store::{Access, Ask, Store};
use anyhow::Context as _;

/// Tells what is open in a month, and closes it; with something open only if `yes`, with `dry_run` never.
///
/// # Errors
/// The month's words, or the database's.
pub async fn close(config: &Config, month: &str, dry_run: bool, yes: bool) -> anyhow::Result<Outcome> {
    let (now, zone) = (SystemClock.now(), config.time_zone);
    let period = Period::month(month, zone)?;
    let store = open_store(config).await?;
    let ask = Ask { closing: Some(period), ..Ask::default() };
    let facts = store.load(&[ask]).await?.pop();
    let closing = facts.and_then(|facts| facts.closing).context("the store knows nothing of the month")?;
    let order = match decide(period, &closing, "cli".into(), zone, now) {
        Ok(order) => order,
        Err(refusal) => {
            println!("{}", refused(month, &refusal, zone));
            return Ok(Outcome::NotWell);
        }
    };
    println!("{month}\n{}", told(&order.open));
    if dry_run {
        println!("dry run: nothing was changed");
        return Ok(Outcome::Well);
    }
    if !order.open.is_clear() && !yes {
        println!(
            "not closed: settle what is open, or write --yes; then it is put on record as open, and what is posted or corrected \
             later falls into the next month"
        );
        return Ok(Outcome::NotWell);
    }
    let detail = month.to_owned();
    store.record_access(&Access { at: now, who: "cli".into(), what: "close".into(), detail }).await?;
    if !store.close_month(&order).await? {
        println!("not closed: somebody else has just closed a month; look again");
        return Ok(Outcome::NotWell);
    }
    println!("{month} is closed: later corrections fall into the next month");
    Ok(Outcome::Well)
}

fn told(open: &Checklist) -> String {
    let line = |count: i64, words: String| format!("{} {words}", if count == 0 { "ok  " } else { "OPEN" });
    [
        line(open.held, format!("points still held: {}, for {} leads", open.held_points, open.held)),
        line(open.undecided, format!("leads not decided: {}", open.undecided)),
        line(open.nameless, format!("people whose points moved and who have no name on file: {}", open.nameless)),
        line(open.redemptions, format!("redemptions not handed out: {}", open.redemptions)),
    ]
    .join("\n")
}

fn refused(month: &str, refusal: &Refusal, zone: chrono_tz::Tz) -> String {
    match refusal {
        Refusal::Closed(closed) => format!(
            "{month} was closed on {} by {}, with the ledger at entry {} ({})",
            show(closed.at, zone),
            closed.by,
            closed.last,
            closed.digest
        ),
        Refusal::NotOver => format!("{month} is not over: it can be closed from the month after it on"),
        Refusal::First(first) => format!("months are closed in order: first {first}, then {month}"),
        Refusal::Empty => "the ledger is empty: there is nothing to close".into(),
    }
}
