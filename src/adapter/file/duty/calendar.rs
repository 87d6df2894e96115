//! The rota as a calendar (iCalendar, RFC 5545): a weekly event for each shift, exceptions for holidays and swaps.
//!
//! What a calendar cannot say stands in `X-BAIYING-…`, so that what is written is read back as the same rota. Called by
//! `export` and by the feed.

use super::Known;
use crate::domain::duty::rota::TurnKey;
use crate::domain::duty::{Days, OnHolidays, Rota, Shift, Swap, wall};
use crate::domain::id::Millis;
use chrono::{Datelike, NaiveDate, NaiveTime, Offset, TimeZone, Weekday};
use chrono_tz::Tz;
use icalendar::parser::{Parameter, Property};
use std::fmt::Write as _;

/// Calendars show a shift without a first date from so many days ago.
const BACK_DAYS: u64 = 35;
/// For so many years ahead the zone's clock changes are written.
const ZONE_YEARS: i32 = 4;

/// A line, folded.
fn line(out: &mut String, name: &str, params: &[(&str, &str)], value: &str) {
    let params = params.iter().map(|(key, value)| Parameter::new_ref(key, Some(value))).collect();
    let property = Property { name: name.into(), val: value.into(), params };
    write!(out, "{property}").expect("a String takes all text");
}

/// A text value: what has a meaning in a calendar is escaped.
fn words(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace(['\r', '\n'], " ")
}

/// `20261120T220000`.
pub(super) fn local(date: NaiveDate, time: NaiveTime) -> String {
    date.and_time(time).format("%Y%m%dT%H%M%S").to_string()
}

/// `MO`, as calendars name the day.
pub(super) const fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}

fn by_day(days: Days) -> String {
    days.iter().map(day_name).collect::<Vec<_>>().join(",")
}

fn uid(shift: &Shift) -> String {
    let date = |date: Option<NaiveDate>| date.map_or("-".into(), |date| date.format("%Y%m%d").to_string());
    let post: String = shift.post.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "duty-{}-{post}-{}-{:x}-{}-{}@baiying",
        shift.user,
        shift.from.format("%H%M"),
        shift.days.0,
        date(shift.first),
        date(shift.last)
    )
}

/// Writes the whole rota. `now` is when it was made.
pub fn write(rota: &Rota, known: &Known, now: Millis) -> String {
    let mut out = String::from("BEGIN:VCALENDAR\r\n");
    line(&mut out, "VERSION", &[], "2.0");
    line(&mut out, "PRODID", &[], "-//baiying//duty//EN");
    line(&mut out, "X-WR-CALNAME", &[], "值守 duty");
    line(&mut out, "X-WR-TIMEZONE", &[], known.zone.name());
    write_zone(&mut out, known.zone, now);
    let event = Event { rota, known, stamp: now.utc().format("%Y%m%dT%H%M%SZ").to_string() };
    for shift in &rota.shifts {
        event.shift(&mut out, shift, wall::before(wall::date(now, known.zone), BACK_DAYS));
    }
    for holiday in &rota.holidays {
        out.push_str("BEGIN:VEVENT\r\n");
        line(&mut out, "UID", &[], &format!("duty-holiday-{}@baiying", holiday.date.format("%Y%m%d")));
        line(&mut out, "DTSTAMP", &[], &event.stamp);
        line(&mut out, "DTSTART", &[("VALUE", "DATE")], &holiday.date.format("%Y%m%d").to_string());
        line(&mut out, "SUMMARY", &[], &words(&holiday.name));
        line(&mut out, "CATEGORIES", &[], "HOLIDAY");
        line(&mut out, "TRANSP", &[], "TRANSPARENT");
        out.push_str("END:VEVENT\r\n");
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

struct Event<'a> {
    rota: &'a Rota,
    known: &'a Known,
    stamp: String,
}

impl Event<'_> {
    fn holiday(&self, date: NaiveDate) -> bool {
        self.rota.holidays.iter().any(|holiday| holiday.date == date)
    }

    fn swaps(&self, shift: &Shift) -> impl Iterator<Item = &Swap> {
        let own = |key: &TurnKey| key.owner == shift.user && key.post == shift.post && key.from == shift.from;
        let shift = shift.clone();
        let swaps = self.rota.swaps.iter().filter(move |swap| own(&swap.turn));
        swaps.filter(move |swap| shift.is_on(swap.turn.date, self.holiday(swap.turn.date)))
    }

    fn shift(&self, out: &mut String, shift: &Shift, recent: NaiveDate) {
        let tz = [("TZID", self.known.zone.name())];
        // The event begins on a day of the shift, or calendars would count that day as one more.
        let earliest = self.swaps(shift).map(|swap| swap.turn.date).min().map_or(recent, |date| date.min(recent));
        let since = shift.first.unwrap_or(earliest);
        let only = shift.holidays == OnHolidays::Only;
        let mut on: Vec<NaiveDate> =
            self.rota.holidays.iter().map(|h| h.date).filter(|d| shift.is_on(*d, true)).collect();
        on.sort_unstable();
        let plain = || since.iter_days().take(7).find(|date| shift.days.has(date.weekday()));
        let Some(start) = (if only { on.first().copied() } else { None }).or_else(plain) else { return };
        out.push_str("BEGIN:VEVENT\r\n");
        self.head(out, shift, shift.user);
        line(out, "DTSTART", &tz, &local(start, shift.from));
        line(out, "DTEND", &tz, &end(shift, start));
        if only {
            for date in on.iter().skip(1) {
                line(out, "RDATE", &tz, &local(*date, shift.from));
            }
            if on.is_empty() {
                // No holiday is known on which it would be: calendars do not show it.
                line(out, "STATUS", &[], "CANCELLED");
            }
            line(out, "X-BAIYING-LAST", &[], &shift.last.map_or(String::new(), |date| date.to_string()));
        } else if shift.first != shift.last
            || shift.first.is_none()
            || shift.days != Days::default().with(start.weekday())
        {
            let mut rule = format!("FREQ=WEEKLY;BYDAY={}", by_day(shift.days));
            if let Some(last) = shift.last {
                // In UTC, as the standard has it: the last second of the last date.
                let end =
                    NaiveTime::from_hms_opt(23, 59, 59).and_then(|time| wall::instant(last, time, self.known.zone));
                let end = end.map_or(String::new(), |at| format!(";UNTIL={}", at.utc().format("%Y%m%dT%H%M%SZ")));
                rule.push_str(&end);
            }
            line(out, "RRULE", &[], &rule);
        }
        if shift.first != Some(start) {
            // The calendar begins on another day than the shift. It holds only while the calendar begins there.
            let first = shift.first.map_or("-".into(), |date| date.to_string());
            line(out, "X-BAIYING-FIRST", &[], &format!("{first} FOR {start}"));
        }
        if only {
            line(out, "X-BAIYING-DAYS", &[], &by_day(shift.days));
        }
        if shift.holidays != OnHolidays::Also {
            line(out, "X-BAIYING-HOLIDAYS", &[], if only { "ONLY" } else { "NOT" });
        }
        let free = self.rota.holidays.iter().map(|h| h.date).filter(|date| {
            shift.holidays == OnHolidays::Not
                && *date >= start
                && Shift { holidays: OnHolidays::Also, ..shift.clone() }.is_on(*date, true)
        });
        let nobody = self.swaps(shift).filter(|swap| swap.taken_by.is_none()).map(|swap| swap.turn.date);
        for date in free.chain(nobody) {
            line(out, "EXDATE", &tz, &local(date, shift.from));
        }
        out.push_str("END:VEVENT\r\n");
        for swap in self.swaps(shift) {
            let (Some(taker), date) = (swap.taken_by, swap.turn.date) else { continue };
            out.push_str("BEGIN:VEVENT\r\n");
            self.head(out, shift, taker);
            line(out, "RECURRENCE-ID", &tz, &local(date, shift.from));
            line(out, "DTSTART", &tz, &local(date, shift.from));
            line(out, "DTEND", &tz, &end(shift, date));
            out.push_str("END:VEVENT\r\n");
        }
    }

    /// What names an event: its shift, and who takes it.
    fn head(&self, out: &mut String, shift: &Shift, user: crate::domain::id::UserId) {
        line(out, "UID", &[], &uid(shift));
        line(out, "DTSTAMP", &[], &self.stamp);
        let place = self.known.posts.get(&shift.post).map_or("", String::as_str);
        let place = format!("{} {place}", shift.post);
        let (name, place) = (self.known.name(user), place.trim());
        let name = if name.is_empty() { user.to_string() } else { name.to_owned() };
        let title = if place.is_empty() { name } else { format!("{name} · {place}") };
        line(out, "SUMMARY", &[], &words(&title));
        line(out, "X-BAIYING-USER", &[], &user.to_string());
        if !shift.post.is_empty() {
            line(out, "LOCATION", &[], &words(place));
            line(out, "X-BAIYING-POST", &[], &words(&shift.post));
        }
    }
}

fn end(shift: &Shift, date: NaiveDate) -> String {
    local(if shift.to > shift.from { date } else { wall::after(date, 1) }, shift.to)
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// The zone's rules: its clock changes of some years, or its one offset.
fn write_zone(out: &mut String, zone: Tz, now: Millis) {
    let shown = |at: i64| zone.offset_from_utc_datetime(&Millis(at).utc().naive_utc()).fix().local_minus_utc();
    let year = now.utc().year();
    let begin = |year: i32| {
        NaiveDate::from_ymd_opt(year, 1, 1).map_or(0, |d| Millis::from(d.and_time(NaiveTime::MIN).and_utc()).0)
    };
    let (mut at, end) = (begin(year - 1), begin(year + ZONE_YEARS));
    out.push_str("BEGIN:VTIMEZONE\r\n");
    line(out, "TZID", &[], zone.name());
    let mut part = |from: i32, to: i32, at: Option<i64>| {
        // What the clock shows more than in the other half of the year is daylight time.
        let kind = if to > from { "DAYLIGHT" } else { "STANDARD" };
        let start = at.map_or("19700101T000000".into(), |at| {
            Millis(at + i64::from(from) * 1000).utc().format("%Y%m%dT%H%M%S").to_string()
        });
        write!(out, "BEGIN:{kind}\r\n").expect("a String takes all text");
        line(out, "DTSTART", &[], &start);
        line(out, "TZOFFSETFROM", &[], &offset(from));
        line(out, "TZOFFSETTO", &[], &offset(to));
        write!(out, "END:{kind}\r\n").expect("a String takes all text");
    };
    part(shown(at), shown(at), None);
    while at < end {
        let next = at + 86_400_000;
        if shown(at) != shown(next) {
            let (mut low, mut high) = (at, next);
            while high - low > 1000 {
                let middle = low + (high - low) / 2000 * 1000;
                if shown(middle) == shown(at) { low = middle } else { high = middle }
            }
            part(shown(at), shown(next), Some(high));
        }
        at = next;
    }
    out.push_str("END:VTIMEZONE\r\n");
}
