//! What a run comes to: throughput, latencies, memory, processor time. Pure arithmetic and one line of a table.

use super::platform::Told;
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// Waits in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Waits {
    /// Half are no longer.
    pub p50_ms: f64,
    /// Ninety-nine of a hundred are no longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Waits {
    /// Of these waits; `None` if there are none.
    pub fn of(mut waits: Vec<Duration>) -> Option<Self> {
        waits.sort_unstable();
        let at = |share: f64| {
            let rank = (waits.len() as f64 * share).ceil() as usize;
            waits.get(rank.clamp(1, waits.len().max(1)) - 1).map(|wait| wait.as_secs_f64() * 1000.0)
        };
        Some(Self { p50_ms: at(0.5)?, p99_ms: at(0.99)?, max_ms: at(1.0)? })
    }
}

/// What the operating system says of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Resident memory, MiB.
    pub rss_mib: f64,
    /// The most there ever was of it, MiB.
    pub peak_rss_mib: f64,
    /// Processor time, its own and the system's for it, seconds.
    pub cpu_s: f64,
}

impl Usage {
    /// Reads `/proc/<pid>/status` and `/proc/<pid>/stat`; `None` where there is no such thing.
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&status, &stat)
    }

    fn parse(status: &str, stat: &str) -> Option<Self> {
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
            Some(kib / 1024.0)
        };
        // The name, in brackets, may hold blanks; utime and stime are the 14th and 15th fields, in 1/100 s.
        let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || times.next()?.parse::<f64>().ok();
        Some(Self { rss_mib: mib("VmRSS:")?, peak_rss_mib: mib("VmHWM:")?, cpu_s: (ticks()? + ticks()?) / 100.0 })
    }
}

impl std::iter::Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            rss_mib: sum.rss_mib + one.rss_mib,
            peak_rss_mib: sum.peak_rss_mib + one.peak_rss_mib,
            cpu_s: sum.cpu_s + one.cpu_s,
        })
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Tips written.
    pub tips: usize,
    /// Groups in which they were written.
    pub groups: usize,
    /// Replicas that served it.
    pub replicas: usize,
    /// Tips a second at which they were written; 0: all at once.
    pub rate: u32,
    /// The platform's delay of each answer, milliseconds.
    pub delay_ms: u64,
    /// From the first updates handed out to the last tip's receipt, seconds.
    pub seconds: f64,
    /// Tips a second over that time.
    pub per_second: f64,
    /// From when a tip was handed out to when its receipt came.
    pub handed: Waits,
    /// From when a tip was written to when its receipt came; with all written at once this is the backlog's age.
    pub written: Waits,
    /// How many alarms' timers were decided, and how late.
    pub timers: Option<(usize, Waits)>,
    /// Receipts beyond one a tip.
    pub doubled: u64,
    /// Leads in the database afterwards, each of another tip.
    pub leads: usize,
    /// The served processes, together, when the last receipt had come.
    pub served: Option<Usage>,
    /// Processor time of the stand-in, seconds.
    pub stand_in_cpu_s: Option<f64>,
    /// Calls of each method.
    pub calls: std::collections::BTreeMap<String, u64>,
}

/// Time and waits of a run whose tips all have their receipts.
pub fn waits(tips: &[Told]) -> Option<(Duration, Waits, Waits)> {
    let start = tips.iter().filter_map(|tip| tip.handed).min()?;
    let end = tips.iter().filter_map(|tip| tip.receipt).max()?;
    let since = |from: fn(&Told) -> Option<Instant>| {
        let waits = tips.iter().filter_map(|tip| Some(tip.receipt?.saturating_duration_since(from(tip)?)));
        Waits::of(waits.collect())
    };
    Some((end.saturating_duration_since(start), since(|tip| tip.handed)?, since(|tip| tip.written)?))
}

/// The heads of the table's columns.
pub const HEAD: &str = "   tips groups replicas  rate delay      s  tips/s | handed→receipt p50     p99      max | written→ p99 | \
                        doubled   leads | RSS MiB  peak | CPU µs/tip stand-in";

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_tip = |cpu_s: f64| format!("{:.0}", cpu_s * 1e6 / self.tips.max(1) as f64);
        let unknown = || "-".to_owned();
        let served =
            |show: fn(&Usage) -> f64| self.served.as_ref().map_or_else(unknown, |it| format!("{:.0}", show(it)));
        write!(
            f,
            "{:7} {:6} {:8} {:5} {:5} {:6.2} {:7.0} | {:18.2} {:7.2} {:8.2} | {:12.2} | {:7} {:7} | {:>7} {:>5} | {:>10} {:>8}",
            self.tips,
            self.groups,
            self.replicas,
            if self.rate == 0 { "all".to_owned() } else { self.rate.to_string() },
            self.delay_ms,
            self.seconds,
            self.per_second,
            self.handed.p50_ms,
            self.handed.p99_ms,
            self.handed.max_ms,
            self.written.p99_ms,
            self.doubled,
            self.leads,
            served(|it| it.rss_mib),
            served(|it| it.peak_rss_mib),
            self.served.map_or_else(unknown, |it| per_tip(it.cpu_s)),
            self.stand_in_cpu_s.map_or_else(unknown, per_tip),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_no_longer_than_its_figure() {
        let waits = |count: u64| Waits::of((1..=count).rev().map(Duration::from_millis).collect());
        assert_eq!(waits(0), None);
        assert_eq!(waits(1), Some(Waits { p50_ms: 1.0, p99_ms: 1.0, max_ms: 1.0 }));
        assert_eq!(waits(200), Some(Waits { p50_ms: 100.0, p99_ms: 198.0, max_ms: 200.0 }));
    }

    #[test]
    fn the_systems_words_are_read() {
        let status = "Name:\tbaiying\nVmHWM:\t  20480 kB\nVmRSS:\t  10240 kB\n";
        let stat = "42 (bai) ying) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 4";
        assert_eq!(Usage::parse(status, stat), Some(Usage { rss_mib: 10.0, peak_rss_mib: 20.0, cpu_s: 2.0 }));
        assert_eq!(Usage::parse("", stat), None);
    }
}
