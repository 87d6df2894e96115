//! A calendar read as a rota: weekly events, single ones, exceptions.
//!
//! What a rota cannot hold (other rules, other zones, moved or whole-day events …) is refused by the event's name, never
//! dropped. Called by `parse`.

use super::calendar::day_name;
use super::{Fault, Faults, Known, Parsed, cells};
use crate::domain::duty::{Days, Holiday, OnHolidays, Shift, Swap, wall};
use crate::domain::id::UserId;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use icalendar::parser::{Component, Property, read_calendar, unfold};
use std::collections::HashMap;

/// Properties that say nothing of who is on duty when.
const IDLE: &[&str] = &[
    "UID",
    "DTSTAMP",
    "CREATED",
    "LAST-MODIFIED",
    "SEQUENCE",
    "DESCRIPTION",
    "LOCATION",
    "SUMMARY",
    "CLASS",
    "URL",
    "TRANSP",
    "PRIORITY",
    "ORGANIZER",
    "ATTENDEE",
    "CATEGORIES",
    "COMMENT",
    "CONTACT",
    "GEO",
    "COLOR",
    "ATTACH",
    "STATUS",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "RELATED-TO",
    "CONFERENCE",
    "IMAGE",
];

/// Reads a calendar.
///
/// # Errors
/// All that is wrong with it, or cannot be a rota.
pub fn parse(bytes: &[u8], known: &Known) -> Result<Parsed, Faults> {
    let text = std::str::from_utf8(bytes).map_err(|_| Faults::one("the calendar is not UTF-8: export it anew"))?;
    let text = unfold(text.trim_start_matches('\u{feff}').trim_start());
    let calendar = read_calendar(&text).map_err(|error| {
        let first = error.lines().next().unwrap_or_default();
        Faults::one(format!("the calendar cannot be read ({first}): export it anew"))
    })?;
    let mut reader = Reader { known, parsed: Parsed::default(), faults: Vec::new(), masters: HashMap::new() };
    let (mut shifts, mut moved) = (Vec::new(), Vec::new());
    for component in &calendar.components {
        match component.name.as_str() {
            "VEVENT" if component.find_prop("RECURRENCE-ID").is_some() => moved.push(component),
            "VEVENT" => shifts.push(component),
            "VTIMEZONE" => {}
            other => reader.faults.push(Fault {
                place: format!("{other} “{}”", value(component, "SUMMARY")),
                what: "only events can be shifts: take it out of the calendar".into(),
            }),
        }
    }
    let _ = (
        reader.parsed.shifts.insert(Vec::new()),
        reader.parsed.holidays.insert(Vec::new()),
        reader.parsed.swaps.insert(Vec::new()),
    );
    // Holidays first: they say which exceptions are no leave.
    let (whole_days, timed): (Vec<_>, Vec<_>) = shifts.into_iter().partition(|event| is_whole_day(event));
    for event in whole_days {
        let result = reader.holiday(event);
        reader.note(event, result);
    }
    for event in timed {
        let result = reader.shift(event);
        reader.note(event, result);
    }
    for event in moved {
        let result = reader.moved(event);
        reader.note(event, result);
    }
    if reader.faults.is_empty() { Ok(reader.parsed) } else { Err(Faults(reader.faults)) }
}

fn value<'a>(component: &'a Component<'_>, name: &str) -> &'a str {
    component.find_prop(name).map_or("", |property| property.val.as_str())
}

/// A text value as people read it.
fn plain(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|next| if matches!(next, 'n' | 'N') { ' ' } else { next })),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

fn param<'a>(property: &'a Property<'_>, name: &str) -> Option<&'a str> {
    let found = property.params.iter().find(|param| param.key.as_str().eq_ignore_ascii_case(name))?;
    found.val.as_ref().map(|val| val.as_str().trim_matches('"'))
}

fn is_whole_day(event: &Component<'_>) -> bool {
    event
        .find_prop("DTSTART")
        .is_some_and(|start| param(start, "VALUE") == Some("DATE") || start.val.as_str().len() == 8)
}

fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y%m%d").map_err(|_| format!("`{text}` is no date"))
}

/// The person on a shift's events, and the shift, by UID.
struct Reader<'a> {
    known: &'a Known,
    parsed: Parsed,
    faults: Vec<Fault>,
    masters: HashMap<String, Shift>,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn note(&mut self, event: &Component<'_>, result: Read<()>) {
        if let Err(what) = result {
            self.faults.push(Fault { place: place(event), what });
        }
    }

    fn holiday(&mut self, event: &Component<'_>) -> Read<()> {
        if !value(event, "CATEGORIES").to_uppercase().split(',').any(|word| word.trim() == "HOLIDAY") {
            return Err("it lasts whole days: give a shift its hours, and a holiday the category HOLIDAY".into());
        }
        if event.find_prop("RRULE").is_some() {
            return Err("a holiday that comes back is not understood: give each year's date".into());
        }
        let first = date(value(event, "DTSTART"))?;
        let last = match value(event, "DTEND") {
            "" => first,
            end => date(end)?.pred_opt().unwrap_or(first).max(first),
        };
        if last.signed_duration_since(first).num_days() > 60 {
            return Err("a holiday of more than 60 days: look at its dates".into());
        }
        let name = plain(value(event, "SUMMARY"));
        let days = first.iter_days().take_while(|date| *date <= last);
        let days = days.map(|date| (place(event), Holiday { date, name: name.clone() }));
        self.parsed.holidays.get_or_insert_default().extend(days);
        Ok(())
    }

    /// The zone of a clock time must be the town's: a weekly rule cannot be brought over from another.
    fn zone(&self, property: &Property<'_>) -> Read<()> {
        let Some(name) = param(property, "TZID") else { return Ok(()) };
        let name = if name == "China Standard Time" { "Asia/Shanghai" } else { name };
        let own = self.known.zone;
        let zone: Tz = name.parse().map_err(|_| format!("the zone `{name}` is not known: use {}", own.name()))?;
        let now = Utc.timestamp_millis_opt(0).single().unwrap_or_default();
        let alike = (0..80 * 12).all(|month| {
            let at = (now + TimeDelta::days(month * 30 + 18_000)).naive_utc();
            own.offset_from_utc_datetime(&at).fix() == zone.offset_from_utc_datetime(&at).fix()
        });
        if alike { Ok(()) } else { Err(format!("it goes by the clock of {name}: use {}", own.name())) }
    }

    /// A clock time of the town.
    fn local(&self, property: &Property<'_>, text: &str) -> Read<NaiveDateTime> {
        self.zone(property)?;
        let wrong = || format!("`{text}` is no date and time");
        if let Some(utc) = text.strip_suffix('Z') {
            let at = NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").map_err(|_| wrong())?.and_utc();
            return Ok(at.with_timezone(&self.known.zone).naive_local());
        }
        NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").map_err(|_| wrong())
    }

    fn clock(&self, event: &Component<'_>, name: &str) -> Read<NaiveDateTime> {
        let property = event.find_prop(name).ok_or_else(|| format!("it has no {name}"))?;
        let local = self.local(property, property.val.as_str())?;
        if local.and_utc().timestamp() % 60 != 0 {
            return Err(format!("{name} has seconds: a rota goes by minutes"));
        }
        Ok(local)
    }

    /// From when until when, within 24 hours.
    fn hours(&self, event: &Component<'_>) -> Read<(NaiveDateTime, NaiveTime)> {
        let start = self.clock(event, "DTSTART")?;
        let end = match value(event, "DURATION") {
            "" => self.clock(event, "DTEND")?,
            text => {
                start + duration(text).ok_or_else(|| format!("the duration `{text}` is not understood: give DTEND"))?
            }
        };
        let length = end - start;
        if length <= TimeDelta::zero() || length > TimeDelta::hours(24) {
            return Err("a shift lasts more than no time and 24 hours at most: part it".into());
        }
        Ok((start, end.time()))
    }

    fn shift(&mut self, event: &Component<'_>) -> Read<()> {
        for property in &event.properties {
            let name = property.name.as_str();
            if !IDLE.contains(&name) && !name.starts_with("X-") {
                return Err(format!("{name} cannot be held by a rota: take it out"));
            }
        }
        let ours = |name: &str| event.find_prop(name).map(|property| plain(property.val.as_str()));
        let holidays = match ours("X-BAIYING-HOLIDAYS").as_deref() {
            None => OnHolidays::Also,
            Some("NOT") => OnHolidays::Not,
            Some("ONLY") => OnHolidays::Only,
            Some(other) => return Err(format!("X-BAIYING-HOLIDAYS `{other}` is not understood: NOT or ONLY")),
        };
        if value(event, "STATUS").eq_ignore_ascii_case("CANCELLED") && holidays != OnHolidays::Only {
            return Ok(());
        }
        if event.find_prop("RDATE").is_some() && holidays != OnHolidays::Only {
            return Err("additional dates (RDATE) are not understood: make them events of their own".into());
        }
        let (start, to) = self.hours(event)?;
        let (mut first, mut last) = (Some(start.date()), Some(start.date()));
        let mut days = Days::default().with(start.weekday());
        if let Some(rule) = event.find_prop("RRULE") {
            let utc = event.find_prop("DTSTART").is_some_and(|at| at.val.as_str().ends_with('Z'));
            if utc && self.known.zone.name() != "UTC" {
                return Err(format!(
                    "a weekly event needs its clock: give DTSTART with TZID={}",
                    self.known.zone.name()
                ));
            }
            (days, last) = self.rule(rule.val.as_str(), start)?;
        }
        // A rule that begins on a day which is none of its own counts that day as well.
        if event.find_prop("RRULE").is_some() && !days.has(start.weekday()) {
            return Err(
                "it begins on a day of the week that its rule does not name: let DTSTART be one of BYDAY".into()
            );
        }
        if let Some(text) = ours("X-BAIYING-FIRST") {
            let (own, start_then) = text.split_once(" FOR ").unwrap_or((&text, ""));
            // Somebody has let the event begin on another day since: then that is when it begins.
            if cells::parse_date(start_then)? == start.date() {
                first = if own == "-" { None } else { Some(cells::parse_date(own)?) };
            }
        }
        if let Some(text) = ours("X-BAIYING-LAST") {
            last = if text.is_empty() { None } else { Some(cells::parse_date(&text)?) };
        }
        if let Some(text) = ours("X-BAIYING-DAYS") {
            days = by_day(&text)?;
        }
        let user = self.person(event)?;
        let post = self.post(event)?;
        let shift = Shift { user, post, days, from: start.time(), to, first, last, holidays };
        let mut swaps = Vec::new();
        for property in event.properties.iter().filter(|property| property.name.as_str() == "EXDATE") {
            for text in property.val.as_str().split(',') {
                let date = match text.len() {
                    8 => date(text)?,
                    _ => {
                        let at = self.local(property, text)?;
                        if at.time() != shift.from {
                            return Err(format!("EXDATE {text} is not one of its beginnings"));
                        }
                        at.date()
                    }
                };
                let holiday = self.parsed.holidays.iter().flatten().any(|(_, holiday)| holiday.date == date);
                if !(holiday && shift.holidays == OnHolidays::Not) {
                    swaps.push((place(event), Swap { turn: shift.turn(date), taken_by: None }));
                }
            }
        }
        self.parsed.swaps.get_or_insert_default().extend(swaps);
        self.masters.insert(value(event, "UID").to_owned(), shift.clone());
        self.parsed.shifts.get_or_insert_default().push((place(event), shift));
        Ok(())
    }

    /// One turn of a shift that somebody else takes.
    fn moved(&mut self, event: &Component<'_>) -> Read<()> {
        let uid = value(event, "UID");
        let shift = self.masters.get(uid).ok_or("it changes an event that is not in the calendar, or was refused")?;
        if event.find_prop("RECURRENCE-ID").and_then(|id| param(id, "RANGE")).is_some() {
            return Err(
                "a change of this and all following turns is not understood: end the event, begin another".into()
            );
        }
        let turn = self.clock(event, "RECURRENCE-ID")?;
        if value(event, "STATUS").eq_ignore_ascii_case("CANCELLED") {
            let swap = Swap { turn: shift.turn(turn.date()), taken_by: None };
            self.parsed.swaps.get_or_insert_default().push((place(event), swap));
            return Ok(());
        }
        let (start, to) = self.hours(event)?;
        if turn.time() != shift.from || start != turn || to != shift.to {
            return Err(
                "a single turn was moved or given other hours: take the date out and make it an event of its own"
                    .into(),
            );
        }
        let user = self.person(event)?;
        if user != shift.user {
            let swap = Swap { turn: shift.turn(turn.date()), taken_by: Some(user) };
            self.parsed.swaps.get_or_insert_default().push((place(event), swap));
        }
        Ok(())
    }

    /// Whose event it is: by number, or by the name with which its title begins. Both must agree: a title may have been
    /// changed in a calendar.
    fn person(&self, event: &Component<'_>) -> Read<UserId> {
        let title = plain(value(event, "SUMMARY"));
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
        let mut found: Vec<(UserId, &str)> = self
            .known
            .people
            .iter()
            .filter(|(_, name)| !name.is_empty() && title.strip_prefix(name.as_str()).is_some_and(ends))
            .map(|(user, name)| (*user, name.as_str()))
            .collect();
        let longest = found.iter().map(|(_, name)| name.len()).max();
        found.retain(|(_, name)| Some(name.len()) == longest);
        if let Some(id) = event.find_prop("X-BAIYING-USER") {
            let user = self.known.person(id.val.as_str().trim(), "")?;
            return match found.first() {
                Some((_, name)) if !found.iter().any(|(named, _)| *named == user) => Err(format!(
                    "its title names {name}, X-BAIYING-USER {user} {}: mend one of them",
                    self.known.name(user)
                )),
                _ => Ok(user),
            };
        }
        match found.as_slice() {
            [(user, _)] => Ok(*user),
            [] => {
                Err("nobody on file is named at the beginning of its title: write the name there, or X-BAIYING-USER"
                    .into())
            }
            _ => Err("there are several people of that name: write X-BAIYING-USER".into()),
        }
    }

    fn post(&self, event: &Component<'_>) -> Read<String> {
        let place = plain(value(event, "LOCATION"));
        let Some(own) = event.find_prop("X-BAIYING-POST").map(|property| plain(property.val.as_str())) else {
            return self.known.post(&place);
        };
        let post = self.known.post(&own)?;
        if place.is_empty() || self.known.post(&place).is_ok_and(|named| named == post) {
            Ok(post)
        } else {
            Err(format!("its place is `{place}`, X-BAIYING-POST {post}: mend one of them"))
        }
    }

    /// A weekly rule: its days, and its last date.
    fn rule(&self, rule: &str, start: NaiveDateTime) -> Read<(Days, Option<NaiveDate>)> {
        let (mut days, mut last, mut frequency) = (Days::default().with(start.weekday()), None, "");
        for part in rule.split(';').filter(|part| !part.is_empty()) {
            let (key, text) = part.split_once('=').ok_or_else(|| format!("the rule `{rule}` cannot be read"))?;
            match (key.to_ascii_uppercase().as_str(), text) {
                ("FREQ", "WEEKLY" | "DAILY") => frequency = text,
                ("INTERVAL", "1") | ("WKST", _) => {}
                ("BYDAY", text) => days = by_day(text)?,
                ("UNTIL", text) => last = Some(self.until(text, start)?),
                _ => {
                    return Err(format!(
                        "`{part}` in its rule cannot be held by a weekly rota: every week, BYDAY and UNTIL only"
                    ));
                }
            }
        }
        if frequency == "DAILY" && !rule.contains("BYDAY") {
            days = Days::ALL;
        }
        if frequency.is_empty() {
            return Err(format!("the rule `{rule}` is not weekly"));
        }
        Ok((days, last))
    }

    fn until(&self, text: &str, start: NaiveDateTime) -> Read<NaiveDate> {
        if text.len() == 8 {
            return date(text);
        }
        let plain = text.trim_end_matches('Z');
        let at =
            NaiveDateTime::parse_from_str(plain, "%Y%m%dT%H%M%S").map_err(|_| format!("UNTIL `{text}` is no time"))?;
        let local = if text.ends_with('Z') { at.and_utc().with_timezone(&self.known.zone).naive_local() } else { at };
        // The last turn is the last that begins by then.
        Ok(if local.time() >= start.time() { local.date() } else { wall::before(local.date(), 1) })
    }
}

fn place(event: &Component<'_>) -> String {
    let start = value(event, "DTSTART");
    format!("event “{}” of {start}", plain(value(event, "SUMMARY")))
}

fn by_day(text: &str) -> Read<Days> {
    let day = |part: &str| {
        let names = (0..7u8).filter_map(|n| Weekday::try_from(n).ok());
        let mut names = names.filter(|day| day_name(*day).eq_ignore_ascii_case(part.trim()));
        names.next().ok_or_else(|| format!("BYDAY `{part}` is no plain day of the week"))
    };
    text.split(',').map(day).collect()
}

/// `PT8H`, `PT7H30M`, `P1D`.
fn duration(text: &str) -> Option<TimeDelta> {
    let (mut total, mut number) = (TimeDelta::zero(), String::new());
    for c in text.strip_prefix('P')?.chars() {
        match c {
            'T' => {}
            '0'..='9' => number.push(c),
            'D' | 'H' | 'M' => {
                let n: i64 = number.parse().ok().filter(|n| *n < 10_000)?;
                number.clear();
                total += match c {
                    'D' => TimeDelta::days(n),
                    'H' => TimeDelta::hours(n),
                    _ => TimeDelta::minutes(n),
                };
            }
            _ => return None,
        }
    }
    number.is_empty().then_some(total)
}
