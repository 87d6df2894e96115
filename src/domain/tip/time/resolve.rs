//! A phrase against the message's own date: which moment, or from when until when.
//!
//! A tip is about the past or now: what words leave open is the latest that is not in the future
//! (DESIGN.md §6).

use super::phrase::Phrase;
use super::piece::{Ago, Clock, Day, Half, Month, Part, Year};
use crate::domain::tip::Grain;
use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// A time in the zone of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    /// Start.
    pub start: NaiveDateTime,
    /// End, exclusive; `None` for an instant.
    pub end: Option<NaiveDateTime>,
    /// How finely it was told.
    pub grain: Grain,
}

/// Until when in the night people still say 今晚 of the evening before.
const NIGHT_ENDS: u32 = 4;

/// When the phrase says, for a message of the moment `now`; `None` if it names no single time.
pub(super) fn resolve(phrase: &Phrase, now: NaiveDateTime, habit: bool) -> Option<Local> {
    if phrase.future {
        return None;
    }
    if phrase.now {
        return Some(Local { start: now, end: None, grain: Grain::Minute });
    }
    if let Some(ago) = phrase.ago {
        return before(ago, now);
    }
    let mut phrase = phrase.clone();
    if phrase.every {
        phrase.clock?;
        phrase.day = None;
    }
    let local = if let Some(until) = &phrase.until {
        stretch(&phrase, until, now)?
    } else if let Some(clock) = phrase.clock {
        let start = clock_at(phrase.day, phrase.part, clock, now, phrase.vague)?;
        let end = clock.more.then(|| start + Duration::hours(1));
        Local { start, end, grain: clock.grain }
    } else if let Some(part) = phrase.part {
        part_of(phrase.day, part, now, habit)?
    } else {
        whole(phrase.day?, now)?
    };
    if phrase.since && local.start < now {
        return Some(Local { end: Some(now), ..local });
    }
    Some(local)
}

/// So long before now.
fn before(ago: Ago, now: NaiveDateTime) -> Option<Local> {
    let at = now.checked_sub_months(Months::new(ago.months))?.checked_sub_signed(Duration::try_days(ago.days)?)?;
    let start = at.checked_sub_signed(Duration::try_seconds(ago.seconds + ago.more)?)?;
    if ago.seconds == 0 && (ago.days > 0 || ago.months > 0) {
        return day(at.date());
    }
    let grain = match ago.seconds {
        seconds if seconds < 60 => Grain::Second,
        seconds if seconds % 1800 == 0 && seconds >= 3600 => Grain::Hour,
        _ => Grain::Minute,
    };
    let end = if ago.span { Some(now) } else { (ago.more > 0).then(|| start + Duration::seconds(ago.more)) };
    Some(Local { start, end, grain })
}

fn day(date: NaiveDate) -> Option<Local> {
    days(date, 1)
}

fn days(date: NaiveDate, count: u64) -> Option<Local> {
    let end = date.checked_add_days(Days::new(count))?;
    Some(Local { start: date.and_time(NaiveTime::MIN), end: Some(end.and_time(NaiveTime::MIN)), grain: Grain::Day })
}

/// A day, week or month without a time of day. What runs past now ends now.
fn whole(told: Day, now: NaiveDateTime) -> Option<Local> {
    let today = now.date();
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    let local = match told {
        Day::Recent(count) => days(today.checked_sub_days(Days::new(count.unsigned_abs()))?, count.unsigned_abs() + 1),
        Day::WholeWeek(weeks) => days(monday.checked_add_signed(Duration::try_weeks(weeks)?)?, 7),
        Day::WholeMonth(months) => {
            let first = month_from(today, months)?;
            let next = first.checked_add_months(Months::new(1))?;
            days(first, (next - first).num_days().unsigned_abs())
        }
        Day::Weekend(weeks) => {
            let saturday = monday.checked_add_signed(Duration::try_days(weeks.unwrap_or(0) * 7 + 5)?)?;
            let saturday = if saturday > today { saturday - Days::new(7) } else { saturday };
            days(saturday, 2)
        }
        Day::MonthOf { year, month, third } => month_of(year, month, third, today),
        Day::EdgeOfYear { offset, last } => {
            let first = |offset: i32| NaiveDate::from_ymd_opt(today.year() + offset, if last { 11 } else { 1 }, 1);
            let first = first(offset).filter(|first| *first <= today).or_else(|| first(offset - 1))?;
            days(first, (first.checked_add_months(Months::new(2))? - first).num_days().unsigned_abs())
        }
        _ => day(date(told, today)?),
    }?;
    let end = local.end.map(|end| if local.start < now && end > now { now } else { end });
    Some(Local { end, ..local })
}

/// A month, or ten days of it: the latest that has begun where the year is untold.
fn month_of(year: Option<Year>, month: Month, third: Option<u32>, today: NaiveDate) -> Option<Local> {
    let from = third.map_or(1, |third| third * 10 + 1);
    let start = match month {
        Month::Offset(0) if month_from(today, 0)?.with_day(from)? > today => month_from(today, -1)?.with_day(from)?,
        _ => written(year, Some(month), from, today)?,
    };
    let next = start.with_day(1)?.checked_add_months(Months::new(1))?;
    let end = if matches!(third, Some(0 | 1)) { start.checked_add_days(Days::new(10))? } else { next };
    days(start, (end - start).num_days().unsigned_abs())
}

/// The date that a day is.
fn date(told: Day, today: NaiveDate) -> Option<NaiveDate> {
    match told {
        Day::Offset(offset) => today.checked_add_signed(Duration::try_days(offset)?),
        Day::Date { year, month, day } => written(year, month, day, today),
        Day::Week { weekday, weeks } => {
            let back = (7 + today.weekday().num_days_from_monday() - weekday.num_days_from_monday()) % 7;
            match weeks {
                None => today.checked_sub_days(Days::new(u64::from(back))),
                Some(weeks) => {
                    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
                    let offset = weeks * 7 + i64::from(weekday.num_days_from_monday());
                    monday.checked_add_signed(Duration::try_days(offset)?)
                }
            }
        }
        Day::Named { weekday, day } => (0..48).find_map(|back| {
            let date = month_from(today, -back)?.with_day(day)?;
            (date <= today && date.weekday() == weekday).then_some(date)
        }),
        Day::Back { count, weekday } => {
            let back = (7 + today.weekday().num_days_from_monday() - weekday.num_days_from_monday()) % 7;
            let first = if back == 0 { 7 } else { i64::from(back) };
            today.checked_sub_signed(Duration::try_days(first + (count - 1) * 7)?)
        }
        Day::Nth { nth, weekday, month } => {
            let in_month = |first: NaiveDate| {
                NaiveDate::from_weekday_of_month_opt(first.year(), first.month(), weekday, u8::try_from(nth).ok()?)
            };
            (0..24).find_map(|back| {
                let first = month_from(today, -back)?;
                let wanted = month.is_none_or(|month| month == first.month());
                in_month(first).filter(|date| wanted && *date <= today)
            })
        }
        Day::Recent(count) => today.checked_sub_days(Days::new(count.unsigned_abs())),
        Day::Weekend(_) | Day::WholeWeek(_) | Day::WholeMonth(_) | Day::MonthOf { .. } | Day::EdgeOfYear { .. } => None,
    }
}

/// The first of a month counted from that of `today`.
fn month_from(today: NaiveDate, offset: i32) -> Option<NaiveDate> {
    let first = today.with_day(1)?;
    let months = Months::new(offset.unsigned_abs());
    if offset < 0 { first.checked_sub_months(months) } else { first.checked_add_months(months) }
}

/// A date as written; what is untold is the latest that is not in the future.
fn written(year: Option<Year>, month: Option<Month>, day: u32, today: NaiveDate) -> Option<NaiveDate> {
    let month = match month {
        None => {
            return (0..12).find_map(|back| month_from(today, -back)?.with_day(day).filter(|date| *date <= today));
        }
        Some(Month::Offset(offset)) => return month_from(today, offset)?.with_day(day),
        Some(Month::Number(month)) => month,
    };
    match year {
        Some(Year::Offset(offset)) => NaiveDate::from_ymd_opt(today.year() + offset, month, day),
        Some(Year::Number(year)) if year < 100 => {
            let this = NaiveDate::from_ymd_opt(2000 + year, month, day).filter(|date| *date <= today);
            this.or_else(|| NaiveDate::from_ymd_opt(1900 + year, month, day))
        }
        Some(Year::Number(year)) => NaiveDate::from_ymd_opt(year, month, day),
        None => (0..9)
            .find_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day).filter(|date| *date <= today)),
    }
}

/// The day that was told, as people count days at night: at one in the morning 今晚 is the night that is ending.
fn evening(told: Day, part: Option<Part>, now: NaiveDateTime) -> Option<NaiveDate> {
    let ending = now.hour() < NIGHT_ENDS && now.time() > NaiveTime::MIN;
    if told == Day::Offset(0) && ending && part.is_some_and(Part::is_night) {
        return now.date().checked_sub_days(Days::new(1));
    }
    date(told, now.date())
}

/// Minutes from midnight that a clock can mean.
fn readings(clock: Clock, part: Option<Part>) -> Vec<i64> {
    let minute = i64::from(clock.minute);
    let of = |hour: u32| i64::from(hour) * 60 + minute;
    if let Some(half) = clock.half {
        if clock.hour > 12 {
            return vec![of(clock.hour)];
        }
        return vec![of(clock.hour % 12 + if half == Half::After { 12 } else { 0 })];
    }
    if let Some(part) = part.filter(|_| !(clock.sure && clock.hour == 12)) {
        return vec![of(part.hour(clock.hour))];
    }
    if clock.sure {
        return vec![of(clock.hour)];
    }
    vec![of(clock.hour % 12), of(clock.hour % 12 + 12)]
}

fn on(date: NaiveDate, minutes: i64, clock: Clock) -> Option<NaiveDateTime> {
    let offset = Duration::try_minutes(minutes)? + Duration::seconds(i64::from(clock.second));
    date.and_time(NaiveTime::MIN).checked_add_signed(offset)
}

/// When a clock stood so: the latest that the words allow.
fn clock_at(
    told: Option<Day>,
    part: Option<Part>,
    clock: Clock,
    now: NaiveDateTime,
    vague: bool,
) -> Option<NaiveDateTime> {
    let latest = now + Duration::minutes(if vague { 5 } else { 0 }) + Duration::seconds(59);
    let minutes = readings(clock, part);
    let Some(told) = told else {
        return (-2..=0)
            .filter_map(|offset| now.date().checked_add_signed(Duration::days(offset)))
            .flat_map(|date| minutes.iter().filter_map(move |minutes| on(date, *minutes, clock)))
            .filter(|start| *start <= latest)
            .max();
    };
    let date = evening(told, part, now)?;
    let all: Vec<NaiveDateTime> = minutes.iter().filter_map(|minutes| on(date, *minutes, clock)).collect();
    let past = all.iter().copied().filter(|start| *start <= latest).max();
    let start = past.or_else(|| all.iter().copied().min())?;
    if start > latest {
        // 今晚1点 in the evening was last night's; 周五 with a later clock was last week's.
        if minutes.iter().all(|minutes| *minutes >= 1440) && part.is_some() {
            return start.checked_sub_days(Days::new(1));
        }
        if matches!(told, Day::Week { weeks: None, .. }) {
            return start.checked_sub_days(Days::new(7));
        }
    }
    Some(start)
}

/// A part of a day, until now if it still goes on.
fn part_of(told: Option<Day>, part: Part, now: NaiveDateTime, habit: bool) -> Option<Local> {
    let (from, to) = part.hours();
    let span = |date: NaiveDate| {
        let midnight = date.and_time(NaiveTime::MIN);
        let (start, end) = (midnight + Duration::hours(from), midnight + Duration::hours(to));
        Local { start, end: Some(if start < now && end > now { now } else { end }), grain: Grain::Daypart }
    };
    let Some(told) = told else {
        if habit || part == Part::Daytime || part == Part::WholeNight && now.hour() >= 12 {
            return None;
        }
        let today = span(now.date());
        let local = if today.start <= now { today } else { span(now.date() - Days::new(1)) };
        let stale = local.end.is_some_and(|end| now - end > Duration::hours(14));
        return (!stale).then_some(local);
    };
    if matches!(told, Day::Recent(_)) {
        return whole(told, now);
    }
    let local = span(evening(told, Some(part), now)?);
    if local.start > now && matches!(part, Part::LateNight | Part::LowerNight) && told == Day::Offset(0) {
        return Some(span(now.date() - Days::new(1)));
    }
    if local.start > now && matches!(told, Day::Week { weeks: None, .. }) {
        return Some(span(local.start.date() - Days::new(7)));
    }
    Some(local)
}

/// From one time until another: the shortest stretch that the words allow, and of those the latest not in the future.
fn stretch(from: &Phrase, to: &Phrase, now: NaiveDateTime) -> Option<Local> {
    let (Some(first), Some(second)) = (from.clock, to.clock) else {
        let start = resolve(&Phrase { until: None, since: false, ..from.clone() }, now, false)?;
        let mut end = resolve(&Phrase { until: None, ..to.clone() }, now, false)?;
        let mut start = start;
        if end.start < start.start {
            // 12月30日到1月2日, and a day that was not yet last month.
            if let (Some(Day::Date { year: None, .. }), None) = (from.day, from.part) {
                start = whole(from.day?, end.start)?;
            }
        }
        if from.part.is_none() && end.end.is_none() {
            end.end = Some(end.start);
        }
        let last = end.end.unwrap_or(end.start);
        return (last > start.start).then_some(Local { start: start.start, end: Some(last), grain: start.grain });
    };
    let bases: Vec<NaiveDate> = match from.day {
        Some(told) => vec![evening(told, from.part.or(to.part), now)?],
        None => (-1..=0).filter_map(|offset| now.date().checked_add_signed(Duration::days(offset))).collect(),
    };
    let last_day = match to.day {
        Some(told) => Some(evening(told, to.part, now)?),
        None => None,
    };
    let mut best: Option<(bool, i64, NaiveDateTime, NaiveDateTime)> = None;
    for base in bases {
        for left in readings(first, from.part) {
            let Some(start) = on(base, left, first) else { continue };
            for right in readings(second, to.part) {
                for shift in 0..2 {
                    let Some(end) = on(last_day.unwrap_or(base) + Days::new(shift), right, second) else { continue };
                    let length = (end - start).num_minutes();
                    if length <= 0 || length > 1440 && last_day.is_none() {
                        continue;
                    }
                    let candidate = (start <= now, -length, start, end);
                    if best.is_none_or(|best| candidate > best) {
                        best = Some(candidate);
                    }
                }
            }
        }
    }
    let (_, _, mut start, mut end) = best?;
    if start > now && matches!(from.day, Some(Day::Week { weeks: None, .. })) {
        (start, end) = (start - Days::new(7), end - Days::new(7));
    } else if start > now && from.day.is_some() && from.part.is_some_and(Part::is_night) {
        // 22号夜里两点 in the morning of the 22nd was that morning's.
        (start, end) = (start - Days::new(1), end - Days::new(1));
    }
    let grain = if first.grain == Grain::Hour && second.grain == Grain::Hour { Grain::Hour } else { Grain::Minute };
    Some(Local { start, end: Some(end), grain })
}
