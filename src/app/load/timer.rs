//! Alarms' timers that come due while tips come in, and how late they are decided.
//!
//! They are set in the database itself, for alarms that nobody raised: deciding them costs what a stage that was met
//! costs. How late each was is read from the server's log.

use super::figure::Waits;
use super::platform::Platform;
use crate::adapter::clock::SystemClock;
use crate::adapter::sql::{Past, SqlStore};

use crate::domain::id::{AlarmId, ChatId};
use crate::port::clock::Clock;
use crate::port::store::{Timer, TimerKind};
use std::time::Duration;

/// What the server's log must tell.
pub(super) const LOG: &str = "warn,baiying::timer=debug";

/// Sets so many timers each second, spread over the second after next, from the first receipt on; never ends by itself.
pub(super) async fn keep_setting(store: &SqlStore, per_second: usize, platform: &Platform) -> anyhow::Result<()> {
    platform.progress().wait_for(|so_far| so_far.answered > 0).await?;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut number = 0;
    loop {
        seconds.tick().await;
        let from = SystemClock.now().plus_ms(1000);
        let timers = (0..per_second).map(|n| {
            number += 1;
            let offset_ms = n * 1000 / per_second;
            Timer {
                key: format!("load:{number}"),
                due: from.plus_ms(i64::try_from(offset_ms).unwrap_or(0)),
                chat: ChatId(0),
                kind: TimerKind::Stage { alarm: AlarmId(i64::MAX), stage: 0 },
            }
        });
        store.fill(&Past { timers: timers.collect(), ..Past::default() }).await?;
    }
}

/// How many timers a log tells of, and how late they were.
pub(super) fn lateness(log: &str) -> Option<(usize, Waits)> {
    let late = |line: &str| {
        let number = line.split_once("late_ms=")?.1;
        number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len())].parse().ok()
    };
    let late: Vec<Duration> = log.lines().filter_map(late).map(Duration::from_millis).collect();
    Some((late.len(), Waits::of(late)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_how_late() {
        let log = "1 INFO serving\n2 DEBUG baiying::timer: a timer was decided late_ms=12\n3 DEBUG x late_ms=140 y=1\n";
        let (count, late) = lateness(log).unwrap();
        assert_eq!((count, late.p50_ms, late.max_ms), (2, 12.0, 140.0));
        assert_eq!(lateness("1 INFO serving"), None);
    }
}
