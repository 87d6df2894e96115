//! Clock times of a zone as instants, also where the clock is put forward or back.
//!
//! As calendars do it (RFC 5545, 3.3.5): a time that comes twice is its first; one that is skipped is what a clock
//! that was not put forward would show. Called by the rota.

use super::super::id::Millis;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// The date of an instant.
pub fn date(at: Millis, zone: Tz) -> NaiveDate {
    at.utc().with_timezone(&zone).date_naive()
}

/// `days` later; the calendar's last day if there is none.
pub fn after(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// `days` earlier; the calendar's first day if there is none.
pub fn before(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// The instant of a clock time. `None` at the ends of the calendar.
pub fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> Option<Millis> {
    let local: NaiveDateTime = date.and_time(time);
    // No clock was ever put forward by more than a day (Samoa left out one in 2011).
    (0..=25).find_map(|hours| {
        let skipped = TimeDelta::hours(hours);
        let before = zone.from_local_datetime(&local.checked_sub_signed(skipped)?);
        let found = if hours == 0 { before.earliest() } else { before.latest() };
        found.map(|at| Millis::from(at + skipped))
    })
}
