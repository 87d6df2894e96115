//! `baiying understand`: messages as JSON lines in, what was understood as JSON lines out.
//!
//! Order is kept; a line that cannot be read becomes an object with `error`, and the rest goes on.
//! Needs no database and no token.

use crate::domain::id::Millis;
use crate::domain::place::{Datum, PlaceSource};
use crate::domain::tip::{ChatKind, Field, Grain, Reader, Tip};
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::{BufRead, Write};

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    text: String,
    at: String,
    #[serde(default = "group")]
    chat: ChatKind,
}

fn group() -> ChatKind {
    ChatKind::Group
}

#[derive(Serialize)]
struct Understood<'l> {
    id: Option<&'l RawValue>,
    is_tip: bool,
    category: Option<String>,
    times: Vec<Time>,
    place: Option<PlaceTold>,
    urgent: bool,
    description: String,
    relay_text: String,
    missing: Vec<Field>,
}

#[derive(Serialize)]
struct Time {
    text: String,
    start: String,
    end: Option<String>,
    grain: Grain,
}

#[derive(Serialize)]
struct PlaceTold {
    text: String,
    lat: f64,
    lon: f64,
    accuracy_m: f64,
    source: PlaceSource,
    datum: Datum,
}

#[derive(Serialize)]
struct Failed {
    id: Option<()>,
    error: String,
}

/// Reads messages line by line and writes what each says.
///
/// # Errors
/// Reading or writing failed. A line that is no message is no error.
pub fn understand_lines(
    mut input: impl BufRead,
    mut output: impl Write,
    reader: &Reader,
    zone: Tz,
) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        number += 1;
        let line = bytes.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match understand(line, reader, zone) {
            Ok(json) => output.write_all(&json)?,
            Err(error) => {
                serde_json::to_writer(&mut output, &Failed { id: None, error: format!("line {number}: {error}") })?
            }
        }
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(())
}

fn understand(line: &[u8], reader: &Reader, zone: Tz) -> anyhow::Result<Vec<u8>> {
    let line: Line<'_> = serde_json::from_slice(line)?;
    let at = parse_instant(&line.at, zone).ok_or_else(|| anyhow::anyhow!("at: {:?} is no RFC 3339 time", line.at))?;
    let tip = reader.understand(&line.text, at, line.chat, None);
    Ok(serde_json::to_vec(&told(line.id, tip, zone))?)
}

/// A time with an offset, or without one in the zone of the product.
fn parse_instant(text: &str, zone: Tz) -> Option<Millis> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.into());
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let local = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    zone.from_local_datetime(&local).earliest().map(Into::into)
}

fn told(id: Option<&RawValue>, tip: Tip, zone: Tz) -> Understood<'_> {
    let stamp = |at: Millis| at.utc().with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    Understood {
        id,
        is_tip: tip.is_tip,
        category: tip.category,
        times: tip
            .times
            .into_iter()
            .map(|time| Time { text: time.text, start: stamp(time.start), end: time.end.map(stamp), grain: time.grain })
            .collect(),
        place: tip.place.map(|place| PlaceTold {
            text: place.text,
            lat: place.at.lat,
            lon: place.at.lon,
            accuracy_m: place.accuracy_m,
            source: place.source,
            datum: place.datum,
        }),
        urgent: tip.urgent,
        description: tip.description,
        relay_text: tip.relay_text,
        missing: tip.missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::place::Gazetteer;
    use std::sync::Arc;

    fn run(input: &str) -> Vec<serde_json::Value> {
        let zone = chrono_tz::Asia::Shanghai;
        let lexicon = crate::config::Config::default().lexicon();
        let reader = Reader::new(lexicon, Arc::new(Gazetteer::new(Vec::new())), zone, None);
        let mut out = Vec::new();
        understand_lines(input.as_bytes(), &mut out, &reader, zone).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn order_is_kept_and_a_bad_line_is_named() {
        let out = run(concat!(
            r##"{"id":"a","text":"#盗窃 昨晚8点半 电瓶被偷","at":"2026-11-21T09:00:00","chat":"group"}"##,
            "\nnot json\n\n",
            r#"{"id":7,"text":"你好","at":"2026-11-21T09:00:00+08:00","chat":"private"}"#,
        ));
        assert_eq!(out.len(), 3);
        assert_eq!(out[0]["id"], "a");
        assert_eq!(out[0]["times"][0]["start"], "2026-11-20T20:30:00+08:00");
        assert_eq!(out[0]["category"], "theft");
        assert_eq!(out[0]["missing"], serde_json::json!(["place"]));
        assert!(out[1]["id"].is_null() && out[1]["error"].as_str().unwrap().starts_with("line 2"));
        assert_eq!((out[2]["id"].as_i64(), out[2]["is_tip"].as_bool()), (Some(7), Some(false)));
    }
}
