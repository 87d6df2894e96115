//! Days, dates, hours and holidays as people write them in a cell.
//!
//! Both languages and what spreadsheets make of it are understood. Called by `table`.

use crate::domain::duty::{Days, OnHolidays};
use crate::domain::member::Language;
use chrono::{NaiveDate, NaiveTime, Weekday};

const ZH: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Days as they are written: `周一 周三`, `Mon Wed`.
pub fn days(days: Days, language: Language) -> String {
    if days == Days::ALL {
        return if language == Language::Zh { "每天" } else { "daily" }.into();
    }
    let name = |day: Weekday| {
        let n = day.num_days_from_monday() as usize;
        if language == Language::Zh { format!("周{}", ZH[n]) } else { EN[n].to_owned() }
    };
    days.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Reads days: `每天`, `周一至周五`, `一三五`, `Mon-Fri, Sun`, `1-5`.
///
/// # Errors
/// What is no day, with what to write.
pub fn parse_days(text: &str) -> Result<Days, String> {
    let wrong =
        |part: &str| format!("`{part}` is no day of the week: write as 周一至周五, Mon-Fri, 1-5 or 每天 / daily");
    let mut found = Days::default();
    let text = text.to_lowercase().replace(" to ", "-").replace(['至', '到', '–', '—', '~', '～', '－'], "-");
    let text = text.replace(" -", "-").replace("- ", "-");
    for part in text.split([' ', ',', '，', '、', '/', '|', ';', '；', '+']).filter(|part| !part.is_empty()) {
        match part {
            "每天" | "每日" | "天天" | "daily" | "all" | "everyday" | "全周" => found = Days::ALL,
            "工作日" | "weekdays" => found = Days(found.0 | 0b001_1111),
            "周末" | "weekend" | "weekends" => found = Days(found.0 | 0b110_0000),
            _ => match part.split_once('-') {
                Some((from, to)) => {
                    let (from, to) = (day(from).ok_or_else(|| wrong(part))?, day(to).ok_or_else(|| wrong(part))?);
                    let mut at = from;
                    found = found.with(at);
                    while at != to {
                        at = at.succ();
                        found = found.with(at);
                    }
                }
                None => match day(part) {
                    Some(day) => found = found.with(day),
                    // Several in a row, as 周一三五 or 135.
                    None => {
                        for c in bare(part).chars() {
                            found = found.with(day(c.encode_utf8(&mut [0; 4])).ok_or_else(|| wrong(part))?);
                        }
                    }
                },
            },
        }
    }
    if found == Days::default() { Err(wrong(&text)) } else { Ok(found) }
}

fn bare(text: &str) -> &str {
    ["星期", "礼拜", "周"].iter().find_map(|before| text.strip_prefix(before)).unwrap_or(text)
}

fn day(text: &str) -> Option<Weekday> {
    let text = bare(text.trim_end_matches('.'));
    let long = |n: &usize| text.len() >= 3 && LONG[*n].starts_with(text);
    let number = text.parse::<usize>().ok().filter(|n| (1..=7).contains(n)).map(|n| n - 1);
    let found =
        (0..7).find(|n| ZH[*n] == text).or_else(|| (text == "天").then_some(6)).or((0..7).find(long)).or(number)?;
    Weekday::try_from(u8::try_from(found).ok()?).ok()
}

/// Reads an hour: `8:00`, `08：00`, `24:00`, `08:00:00`, or a spreadsheet's fraction of a day.
///
/// # Errors
/// What to write.
pub fn parse_time(text: &str) -> Result<NaiveTime, String> {
    let plain = text.replace('：', ":");
    let wrong = || match text {
        "" => "it is empty: write hours and minutes, as 22:00".to_owned(),
        _ => format!("`{text}` is no time of the day: write hours and minutes, as 22:00"),
    };
    let mut parts = plain.split(':').map(|part| part.trim().parse::<u32>().ok());
    let (Some(Some(hour)), Some(Some(minute))) = (parts.next(), parts.next()) else { return Err(wrong()) };
    if !matches!((parts.next(), parts.next()), (None | Some(Some(0)), None)) {
        return Err(wrong());
    }
    let hour = if (hour, minute) == (24, 0) { 0 } else { hour };
    NaiveTime::from_hms_opt(hour, minute, 0).ok_or_else(wrong)
}

/// Reads a date: `2026-11-20`, `2026/11/20`, `2026.11.20`, `2026年11月20日`.
///
/// # Errors
/// What to write.
pub fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let plain = text.replace(['/', '.', '年', '月'], "-").replace('日', "");
    let plain = plain.split(['T', ' ']).next().unwrap_or_default();
    let found = NaiveDate::parse_from_str(plain, "%Y-%m-%d").ok();
    found.filter(|date| (1990..2200).contains(&chrono::Datelike::year(date))).ok_or_else(|| match text {
        "" => "it is empty: write the date as 2026-11-20".into(),
        _ => format!("`{text}` is no date: write it as 2026-11-20"),
    })
}

/// What a shift does on holidays, as it is written.
pub fn holidays(holidays: OnHolidays, language: Language) -> &'static str {
    match (holidays, language) {
        (OnHolidays::Also, Language::Zh) => "照常",
        (OnHolidays::Not, Language::Zh) => "休息",
        (OnHolidays::Only, Language::Zh) => "仅节假日",
        (OnHolidays::Also, Language::En) => "also",
        (OnHolidays::Not, Language::En) => "not",
        (OnHolidays::Only, Language::En) => "only",
    }
}

/// Reads what a shift does on holidays; nothing: it holds as on other days.
///
/// # Errors
/// What to write.
pub fn parse_holidays(text: &str) -> Result<OnHolidays, String> {
    match text.to_lowercase().as_str() {
        "" | "照常" | "上班" | "是" | "also" | "yes" | "true" => Ok(OnHolidays::Also),
        "休息" | "休" | "不上班" | "否" | "not" | "no" | "false" => Ok(OnHolidays::Not),
        "仅节假日" | "仅" | "only" => Ok(OnHolidays::Only),
        _ => Err(format!("`{text}` is not understood: write 照常 / also, 休息 / not or 仅节假日 / only")),
    }
}
