//! A period: half-open, cut at midnights of the configured zone.
//!
//! Owns reading `2026-11` and `2026-11-01` as instants (also where a midnight is skipped or comes twice) and
//! saying a period in words. Called by the export command and by `/export`.

use super::id::Millis;
use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// From an instant, inclusive, to another, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Start, inclusive.
    pub from: Millis,
    /// End, exclusive; later than `from`.
    pub to: Millis,
}

/// Why words name no period; each says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not a month.
    #[error("`{0}` is not a month: write year and month as 2026-11")]
    Month(String),
    /// Not a day.
    #[error("`{0}` is not a day: write year, month and day as 2026-11-01")]
    Day(String),
    /// A day that the calendar does not have.
    #[error("there is no day `{text}`: {year}-{month:02} has {days} days")]
    NoSuchDay {
        /// What was written.
        text: String,
        /// Its year.
        year: i32,
        /// Its month.
        month: u32,
        /// How many days that month has.
        days: u32,
    },
    /// A month together with a start or an end.
    #[error("give either a month or a start and an end, not both")]
    Both,
    /// The end is not after the start.
    #[error(
        "the end {to} is not after the start {from}; the end does not belong to the period: for one day write the day and the day after it"
    )]
    Empty {
        /// The start as written, or now.
        from: String,
        /// The end as written, or now.
        to: String,
    },
}

impl Period {
    /// The month `text` (`2026-11`) in `zone`.
    ///
    /// # Errors
    /// [`PeriodError::Month`].
    pub fn month(text: &str, zone: Tz) -> Result<Self, PeriodError> {
        let wrong = || PeriodError::Month(text.to_owned());
        let (year, month) = text.trim().split_once('-').ok_or_else(wrong)?;
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return Err(wrong());
        }
        let year: i32 = year.parse().map_err(|_| wrong())?;
        let month: u32 = month.parse().map_err(|_| wrong())?;
        let first = NaiveDate::from_ymd_opt(year, month, 1).ok_or_else(wrong)?;
        let next = first.checked_add_months(chrono::Months::new(1)).ok_or_else(wrong)?;
        Ok(Self { from: start_of_day(first, zone), to: start_of_day(next, zone) })
    }

    /// The month in which `at` lies, in `zone`.
    pub fn month_of(at: Millis, zone: Tz) -> Self {
        let local = zone.from_utc_datetime(&at.utc().naive_utc()).date_naive();
        let first = local.with_day(1).expect("every month has a first day");
        let next = first.checked_add_months(chrono::Months::new(1)).unwrap_or(NaiveDate::MAX);
        Self { from: start_of_day(first, zone), to: start_of_day(next, zone) }
    }

    /// What the options of the command line name: a month, or a start and an end. Without a start it begins with
    /// the epoch, without an end it ends `now`.
    ///
    /// # Errors
    /// [`PeriodError`], with what to write instead.
    pub fn from_options(
        month: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
        zone: Tz,
        now: Millis,
    ) -> Result<Self, PeriodError> {
        match (month, from, to) {
            (Some(month), None, None) => Self::month(month, zone),
            (Some(_), ..) => Err(PeriodError::Both),
            (None, from, to) => {
                let start = from.map_or(Ok(Millis(0)), |text| day(text, zone))?;
                let end = to.map_or(Ok(now), |text| day(text, zone))?;
                if end <= start {
                    let told = |text: Option<&str>, at| text.map_or_else(|| show(at, zone), str::to_owned);
                    return Err(PeriodError::Empty { from: told(from, start), to: told(to, end) });
                }
                Ok(Self { from: start, to: end })
            }
        }
    }

    /// Whether `at` lies in the period.
    pub fn contains(&self, at: Millis) -> bool {
        self.from <= at && at < self.to
    }

    /// The month that the period is, as `2026-11`; `None` if it is not a whole one.
    pub fn as_month(&self, zone: Tz) -> Option<String> {
        let first = zone.from_utc_datetime(&self.from.utc().naive_utc()).date_naive();
        let text = format!("{:04}-{:02}", first.year(), first.month());
        (Self::month(&text, zone).ok()? == *self).then_some(text)
    }

    /// For a file name: `2026-11`, `2026-11-01_2026-11-15`, `until_2026-11-15T093000`.
    pub fn slug(&self, zone: Tz) -> String {
        if let Some(month) = self.as_month(zone) {
            return month;
        }
        let end = show(self.to, zone).replace(' ', "T").replace(':', "");
        if self.from.0 <= 0 {
            return format!("until_{end}");
        }
        format!("{}_{end}", show(self.from, zone).replace(' ', "T").replace(':', ""))
    }

    /// As an ISO 8601 interval of days, or of instants where it is not cut at midnights: `2026-11-01/2026-12-01`.
    pub fn interval(&self, zone: Tz) -> String {
        let side = |at: Millis| {
            let shown = show(at, zone);
            if shown.len() == 10 { shown } else { rfc3339(at, zone) }
        };
        format!("{}/{}", side(self.from), side(self.to))
    }
}

/// An instant in RFC 3339 with the zone's own offset; milliseconds only where there are any.
pub fn rfc3339(at: Millis, zone: Tz) -> String {
    zone.from_utc_datetime(&at.utc().naive_utc()).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// An instant in the zone as people write it: `2026-11-01` at midnight, else `2026-11-01 09:30:00`.
pub fn show(at: Millis, zone: Tz) -> String {
    let local = zone.from_utc_datetime(&at.utc().naive_utc());
    if start_of_day(local.date_naive(), zone) == at {
        local.format("%Y-%m-%d").to_string()
    } else {
        local.format("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// The first instant of `date` in `zone`: of two midnights the earlier, of a skipped one the moment after the gap.
pub fn start_of_day(date: NaiveDate, zone: Tz) -> Millis {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.into(),
        LocalResult::None => first_instant_at_or_after(midnight, zone),
    }
}

/// The starts of the day and of the month of `at` in `zone`.
pub fn day_and_month(at: Millis, zone: Tz) -> (Millis, Millis) {
    let today = zone.from_utc_datetime(&at.utc().naive_utc()).date_naive();
    let first = today.with_day(1).expect("every month has a first day");
    (start_of_day(today, zone), start_of_day(first, zone))
}

/// Only for local times inside a gap: there, local time grows with time within the two days around.
fn first_instant_at_or_after(local: NaiveDateTime, zone: Tz) -> Millis {
    const DAY_MS: i64 = 86_400_000;
    let utc = Millis::from(local.and_utc());
    let (mut early, mut late) = (utc.0 - DAY_MS, utc.0 + DAY_MS);
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        if zone.from_utc_datetime(&Millis(middle).utc().naive_utc()).naive_local() >= local {
            late = middle;
        } else {
            early = middle;
        }
    }
    Millis(late)
}

/// `2026-11-01`, or an instant in RFC 3339.
fn day(text: &str, zone: Tz) -> Result<Millis, PeriodError> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc).into());
    }
    let wrong = || PeriodError::Day(text.to_owned());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return Err(wrong()) };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || !digits(year) || !digits(month) || !digits(day) {
        return Err(wrong());
    }
    let (year, month): (i32, u32) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
    let first = NaiveDate::from_ymd_opt(year, month, 1).ok_or_else(wrong)?;
    let days = first.num_days_in_month();
    let date = day.parse().ok().and_then(|day| first.with_day(day)).ok_or_else(|| PeriodError::NoSuchDay {
        text: text.to_owned(),
        year,
        month,
        days: days.into(),
    })?;
    Ok(start_of_day(date, zone))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::Sao_Paulo, Asia::Beirut, Asia::Shanghai, Europe::Berlin, Pacific::Apia};
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    fn named(month: Option<&str>, from: Option<&str>, to: Option<&str>, zone: Tz) -> Result<Period, PeriodError> {
        Period::from_options(month, from, to, zone, at("2026-11-20T12:00:00+08:00"))
    }

    #[test]
    fn months_and_days_are_cut_at_the_zones_midnights() {
        let table = [
            (Shanghai, Some("2026-11"), None, None, "2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00"),
            (Shanghai, Some("2026-12"), None, None, "2026-12-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"),
            (Shanghai, Some("2024-02"), None, None, "2024-02-01T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
            (Berlin, Some("2026-03"), None, None, "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"),
            (
                Shanghai,
                None,
                Some("2026-11-01"),
                Some("2026-11-02"),
                "2026-11-01T00:00:00+08:00",
                "2026-11-02T00:00:00+08:00",
            ),
            (Shanghai, None, Some("2026-11-01"), None, "2026-11-01T00:00:00+08:00", "2026-11-20T12:00:00+08:00"),
            (Shanghai, None, None, Some("2026-11-02"), "1970-01-01T00:00:00Z", "2026-11-02T00:00:00+08:00"),
            // A midnight that the clocks skip, one that they skip with the whole day, and one that comes twice.
            (
                Sao_Paulo,
                None,
                Some("2018-11-04"),
                Some("2018-11-05"),
                "2018-11-04T01:00:00-02:00",
                "2018-11-05T00:00:00-02:00",
            ),
            (
                Apia,
                None,
                Some("2011-12-30"),
                Some("2012-01-01"),
                "2011-12-31T00:00:00+14:00",
                "2012-01-01T00:00:00+14:00",
            ),
            (
                Beirut,
                None,
                Some("2022-03-27"),
                Some("2022-03-28"),
                "2022-03-27T01:00:00+03:00",
                "2022-03-28T00:00:00+03:00",
            ),
        ];
        for (zone, month, from, to, start, end) in table {
            let period = named(month, from, to, zone).unwrap();
            assert_eq!(period, Period { from: at(start), to: at(end) }, "{zone} {month:?} {from:?} {to:?}");
        }
    }

    #[test]
    fn bad_words_say_what_to_write_instead() {
        let table = [
            (Some("2026-13"), None, None, "2026-11"),
            (Some("2026-1"), None, None, "2026-11"),
            (Some("202611"), None, None, "2026-11"),
            (Some("+026-11"), None, None, "2026-11"),
            (Some("２０２６-１１"), None, None, "2026-11"),
            (Some("2026-11"), Some("2026-11-01"), None, "not both"),
            (None, Some("2026/11/01"), None, "2026-11-01"),
            (None, Some("2026-11-31"), None, "2026-11 has 30 days"),
            (None, Some("2026-02-29"), None, "2026-02 has 28 days"),
            (None, Some("2026-11-02"), Some("2026-11-02"), "the day after it"),
            (None, Some("2026-11-02"), Some("2026-11-01"), "not after the start"),
            (None, Some("2027-01-01"), None, "not after the start"),
        ];
        for (month, from, to, hint) in table {
            let error = named(month, from, to, Shanghai).unwrap_err().to_string();
            assert!(error.contains(hint), "{month:?} {from:?} {to:?}: {error}");
        }
    }

    #[test]
    fn a_period_is_told_in_short() {
        let slug = |month, from, to| named(month, from, to, Shanghai).unwrap().slug(Shanghai);
        assert_eq!(slug(Some("2026-11"), None, None), "2026-11");
        assert_eq!(slug(None, Some("2026-11-01"), Some("2026-12-01")), "2026-11");
        assert_eq!(slug(None, Some("2026-11-01"), Some("2026-11-15")), "2026-11-01_2026-11-15");
        assert_eq!(slug(None, None, None), "until_2026-11-20T120000");
        let month = named(Some("2026-11"), None, None, Shanghai).unwrap();
        assert_eq!(month.interval(Shanghai), "2026-11-01/2026-12-01");
        assert!(month.contains(month.from) && !month.contains(month.to));
    }

    proptest! {
        /// Neighbouring months leave neither gap nor overlap, in any zone.
        #[test]
        fn months_join(zone in 0..chrono_tz::TZ_VARIANTS.len(), year in 1990..2050i32, month in 1..=12u32) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let this = Period::month(&format!("{year}-{month:02}"), zone).unwrap();
            let (y, m) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            let next = Period::month(&format!("{y}-{m:02}"), zone).unwrap();
            prop_assert_eq!(this.to, next.from);
            prop_assert!(this.from < this.to);
            let local = zone.from_utc_datetime(&this.from.utc().naive_utc());
            prop_assert_eq!((local.year(), local.month(), local.day()), (year, month, 1));
        }
    }
}
