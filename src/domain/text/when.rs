//! Times and distances as people read them.

use super::super::id::Millis;
use super::super::lead::Occurred;
use super::super::tip::Grain;
use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

fn at(instant: Millis, zone: Tz) -> DateTime<Tz> {
    instant.utc().with_timezone(&zone)
}

/// `22:05`, or `11-20 22:05` when it is not on the day of `now`, with the year when that differs too.
pub fn clock(instant: Millis, now: Millis, zone: Tz) -> String {
    let (t, n) = (at(instant, zone), at(now, zone));
    if t.date_naive() == n.date_naive() {
        t.format("%H:%M").to_string()
    } else if t.year() == n.year() {
        t.format("%m-%d %H:%M").to_string()
    } else {
        t.format("%Y-%m-%d %H:%M").to_string()
    }
}

/// `22:05:09`.
pub fn seconds(instant: Millis, zone: Tz) -> String {
    at(instant, zone).format("%H:%M:%S").to_string()
}

/// `11-20`, with the year where it differs from that of `now`.
pub fn day(instant: Millis, now: Millis, zone: Tz) -> String {
    let (t, n) = (at(instant, zone), at(now, zone));
    t.format(if t.year() == n.year() { "%m-%d" } else { "%Y-%m-%d" }).to_string()
}

/// The time of an event as understood: `20:05`, `11-20 23:00–00:00`, `11-20`.
pub fn occurred(occurred: &Occurred, now: Millis, zone: Tz) -> String {
    let start = at(occurred.start, zone);
    match (occurred.grain, occurred.end) {
        (Grain::Day, None) => day(occurred.start, now, zone),
        (Grain::Day, Some(end)) => {
            let last = day(end.plus_ms(-1), now, zone);
            let first = day(occurred.start, now, zone);
            if first == last { first } else { format!("{first} – {last}") }
        }
        (_, None) => clock(occurred.start, now, zone),
        (_, Some(end)) => {
            let until = at(end, zone);
            let tail = if until.date_naive() == start.date_naive() || (until.hour(), until.minute()) == (0, 0) {
                until.format("%H:%M").to_string()
            } else {
                clock(end, now, zone)
            };
            format!("{}–{tail}", clock(occurred.start, now, zone))
        }
    }
}

/// A stretch of time: `11-22 22:00–06:00`, `11-22 22:00 – 11-24 06:00`. The day always stands in front: it tells of what is to come.
pub fn span(from: Millis, until: Millis, now: Millis, zone: Tz) -> String {
    let start = format!("{} {}", day(from, now, zone), at(from, zone).format("%H:%M"));
    if until.since(from) <= 86_400_000 {
        format!("{start}–{}", at(until, zone).format("%H:%M"))
    } else {
        format!("{start} – {} {}", day(until, now, zone), at(until, zone).format("%H:%M"))
    }
}

/// `85 m`, `1.2 km`.
pub fn distance(metres: f64) -> String {
    if metres < 1000.0 { format!("{metres:.0} m") } else { format!("{:.1} km", metres / 1000.0) }
}
