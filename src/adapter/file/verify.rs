//! Reading a filed table back and naming what was changed.
//!
//! Owns the comparison of a file with its listing: changed, added, removed and moved rows, lines above and below
//! them, a listing that was touched itself, another key. Called by `verify-export`.

use super::digest::{Book as Listings, Digest, ExportKey, Line, Listing, canonical, number, quoted};
use super::sheet::{DIGEST_SHEET, formula_token, label, trim};
use super::{Format, beside};
use anyhow::{Context as _, anyhow, bail};
use calamine::{Data, Reader as _, Xlsx};
use std::collections::HashMap;
use std::path::Path;

/// How many changed rows are named one by one.
const MOST_NAMED: usize = 50;

/// Whether a file is what was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Nothing was changed.
    pub ok: bool,
    /// How many rows the export had.
    pub rows: usize,
    /// What was changed, each with the row as a spreadsheet counts and its first cell.
    pub problems: Vec<String>,
}

/// A file as its reader sees it.
#[derive(Debug, Default)]
struct Seen {
    lines: Vec<SeenRow>,
}

#[derive(Debug, Clone)]
struct SeenRow {
    number: usize,
    first: String,
    canonical: String,
}

/// Compares the file at `path` with its listing.
///
/// # Errors
/// The file cannot be read at all, or is of a format that is not exported.
pub fn verify(path: &Path, key: &ExportKey) -> anyhow::Result<Verdict> {
    let name = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format: Format =
        ending.parse().map_err(|_| anyhow!("{name}: exports end in .csv, .xlsx, .jsonl or .geojson"))?;
    let bytes = std::fs::read(path).with_context(|| format!("{name} cannot be read"))?;
    if format == Format::Xlsx {
        return verify_bytes(&bytes, format, None, key).with_context(|| name.to_string());
    }
    let listing = match std::fs::read(beside(path, ".digest")) {
        Ok(listing) => Some(listing),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("{name}.digest cannot be read")),
    };
    verify_bytes(&bytes, format, listing.as_deref(), key).with_context(|| name.to_string())
}

/// Compares a file in memory with its listing (`listing`: the file beside it; a workbook has its own).
///
/// # Errors
/// The file cannot be read at all.
pub fn verify_bytes(bytes: &[u8], format: Format, listing: Option<&[u8]>, key: &ExportKey) -> anyhow::Result<Verdict> {
    if format == Format::Xlsx {
        let mut book = Xlsx::new(std::io::Cursor::new(bytes)).context("it is no workbook that can be read")?;
        let listings = read_listings(&mut book);
        return Ok(match usable(listings, format) {
            Err(problem) => unusable(problem),
            Ok(listings) => {
                let problems = compare_book(&mut book, &listings, key)?;
                let rows = listings.sheets.iter().map(|listing| listing.rows.len()).sum();
                Verdict { ok: problems.is_empty(), rows, problems }
            }
        });
    }
    let listing = match listing {
        None => Err("there is no digest: the file FILE.digest belongs beside it".to_owned()),
        Some(text) => std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned()).and_then(Listing::from_text),
    };
    let kind = listing.as_ref().map_or("", |listing| listing.kind.as_str()).to_owned();
    let seen = if format == Format::Csv { read_csv(bytes)? } else { read_lines(bytes, format, &kind) };
    let listings = listing.map(|listing| Listings { sheets: vec![listing], whole: String::new() });
    Ok(match usable(listings, format) {
        Err(problem) => unusable(problem),
        Ok(listings) => {
            let listing = &listings.sheets[0];
            let problems = another_key(listing, key).unwrap_or_else(|| compare(&seen, listing, key));
            Verdict { ok: problems.is_empty(), rows: listing.rows.len(), problems }
        }
    })
}

fn unusable(problem: String) -> Verdict {
    Verdict { ok: false, rows: 0, problems: vec![problem] }
}

/// The listings, if they can be used and are of such a file.
fn usable(listings: Result<Listings, String>, format: Format) -> Result<Listings, String> {
    let listings = listings.map_err(|problem| format!("the digest cannot be used: {problem}"))?;
    match listings.sheets.iter().find(|listing| listing.format != format.as_str()) {
        Some(other) => Err(format!("the digest is of another file: it is for {}", other.format)),
        None => Ok(listings),
    }
}

fn another_key(listing: &Listing, key: &ExportKey) -> Option<Vec<String>> {
    (listing.key_id != key.id()).then(|| {
        vec![format!(
            "another key: the file was made with key {}, this is key {}; nothing more can be said",
            listing.key_id,
            key.id()
        )]
    })
}

/// Compares each sheet with its listing; of several each problem names its sheet.
fn compare_book(book: &mut Book<'_>, listings: &Listings, key: &ExportKey) -> anyhow::Result<Vec<String>> {
    if let Some(problem) = listings.sheets.iter().find_map(|listing| another_key(listing, key)) {
        return Ok(problem);
    }
    let mut problems = Vec::new();
    if Listings::whole_digest(&listings.sheets, key) != listings.whole {
        problems.push("the digest itself was changed: its list of sheets is not the one that was sealed".into());
    }
    let names = book.sheet_names();
    let single = listings.sheets.len() == 1 && listings.sheets[0].sheet.is_empty();
    let mut known: Vec<String> = vec![DIGEST_SHEET.into()];
    for listing in &listings.sheets {
        // A single table is looked for under any name: it may have been renamed.
        let found = if single {
            let kind = names.iter().find(|name| **name == listing.kind);
            Some(kind.or_else(|| names.iter().find(|name| *name != DIGEST_SHEET)).context("it has no sheet")?)
        } else {
            names.iter().find(|name| **name == listing.sheet)
        };
        let Some(name) = found else {
            let own = if listing.sheet.is_empty() { &listing.kind } else { &listing.sheet };
            problems.push(format!("the sheet {own} was removed or renamed"));
            continue;
        };
        known.push(name.clone());
        let seen = read_sheet(book, name)?;
        let sheet = |problem| if single { problem } else { format!("sheet {name}: {problem}") };
        problems.extend(compare(&seen, listing, key).into_iter().map(sheet));
    }
    let added = names.iter().filter(|name| !known.contains(name)).map(|name| format!("a sheet ({name}) was added"));
    problems.extend(added);
    Ok(problems)
}

fn compare(seen: &Seen, listing: &Listing, key: &ExportKey) -> Vec<String> {
    let mut problems = Vec::new();
    if listing.whole_digest(key) != listing.whole {
        problems.push(
            "the digest itself was changed: its list of rows, title, period or totals is not the one that was sealed"
                .into(),
        );
    }
    let mut lines = seen.lines.clone();
    for (index, line) in listing.head.iter().enumerate() {
        match lines.get(index) {
            Some(found) => compare_line(line, found, &mut problems),
            None => problems.push(format!("the {} was removed", line.name)),
        }
    }
    lines.drain(..listing.head.len().min(lines.len()));
    for line in &listing.foot {
        let wanted = first_of(&line.text, &listing.kind);
        let end = lines.len().saturating_sub(listing.foot.len() + 2);
        match lines[end..].iter().rposition(|found| found.first == wanted) {
            Some(at) => compare_line(line, &lines.remove(end + at), &mut problems),
            None => problems.push(format!("the {} ({wanted}) was removed, or its first cell was changed", line.name)),
        }
    }
    compare_rows(&lines, listing, key, &mut problems);
    problems
}

fn compare_line(line: &Line, found: &SeenRow, problems: &mut Vec<String>) {
    if line.text != found.canonical {
        problems.push(format!(
            "row {}: the {} was changed: it reads {}, it was {}",
            found.number, line.name, found.canonical, line.text
        ));
    }
}

/// Pairs the rows of the file with those of the listing and names what does not pair.
fn compare_rows(found: &[SeenRow], listing: &Listing, key: &ExportKey, problems: &mut Vec<String>) {
    let digests: Vec<Digest> = found.iter().map(|row| listing.row_digest(key, &row.canonical)).collect();
    let mut pair: Vec<Option<usize>> = vec![None; found.len()];
    let mut taken = vec![false; listing.rows.len()];
    // The same row at the same place, then the same row elsewhere.
    for (index, digest) in digests.iter().enumerate() {
        if listing.rows.get(index).is_some_and(|row| row.digest == *digest) {
            (pair[index], taken[index]) = (Some(index), true);
        }
    }
    let mut elsewhere: HashMap<&Digest, Vec<usize>> = HashMap::new();
    for (index, row) in listing.rows.iter().enumerate().rev().filter(|(index, _)| !taken[*index]) {
        elsewhere.entry(&row.digest).or_default().push(index);
    }
    for (index, digest) in digests.iter().enumerate() {
        if pair[index].is_none()
            && let Some(place) = elsewhere.get_mut(digest).and_then(Vec::pop)
        {
            (pair[index], taken[place]) = (Some(place), true);
        }
    }
    let mut named = Vec::new();
    let moved = moved_rows(&pair);
    // What is left was changed (the same first cell, or the same place between its neighbours) or added.
    let mut by_first: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, row) in listing.rows.iter().enumerate().rev().filter(|(index, _)| !taken[*index]) {
        by_first.entry(&row.first).or_default().push(index);
    }
    let exact = pair.clone();
    for (index, row) in found.iter().enumerate().filter(|(index, _)| exact[*index].is_none()) {
        if let Some(place) = by_first.get_mut(row.first.as_str()).and_then(Vec::pop) {
            (pair[index], taken[place]) = (Some(place), true);
        }
    }
    for (index, row) in found.iter().enumerate() {
        let (number, first) = (row.number, &row.first);
        if exact[index].is_some() {
            if let Some(place) = moved.get(&index) {
                named.push(format!("row {number} ({first}) was moved: it was the {} of the rows", ordinal(place + 1)));
            }
        } else if pair[index].is_some() {
            named.push(format!("row {number} ({first}) was changed"));
        } else {
            let after = if index == 0 { Some(0) } else { pair[index - 1].map(|place| place + 1) };
            match after.filter(|place| taken.get(*place) == Some(&false)) {
                Some(place) => {
                    (pair[index], taken[place]) = (Some(place), true);
                    let was = &listing.rows[place].first;
                    named.push(format!("row {number} ({first}) was changed: its first cell was {was}"));
                }
                None => named.push(format!("row {number} ({first}) was added")),
            }
        }
    }
    for (index, row) in listing.rows.iter().enumerate().filter(|(index, _)| !taken[*index]) {
        named.push(format!("a row ({}) was removed: it was the {} of the rows", row.first, ordinal(index + 1)));
    }
    let more = named.len().saturating_sub(MOST_NAMED);
    named.truncate(MOST_NAMED);
    problems.extend(named);
    if more > 0 {
        problems.push(format!("and {more} more rows"));
    }
}

/// The rows that stand out of order: those not in a longest rising run, with where they were.
fn moved_rows(pair: &[Option<usize>]) -> HashMap<usize, usize> {
    let placed: Vec<(usize, usize)> = pair.iter().enumerate().filter_map(|(at, place)| Some((at, (*place)?))).collect();
    // `tails[n]` is the index in `placed` of the smallest end of a rising run of n + 1 rows.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(placed.len());
    for (index, (_, place)) in placed.iter().enumerate() {
        let length = tails.partition_point(|tail| placed[*tail].1 < *place);
        before.push(length.checked_sub(1).map(|previous| tails[previous]));
        if length == tails.len() {
            tails.push(index);
        } else {
            tails[length] = index;
        }
    }
    let mut moved: HashMap<usize, usize> = placed.iter().copied().collect();
    let mut next = tails.last().copied();
    while let Some(index) = next {
        moved.remove(&placed[index].0);
        next = before[index];
    }
    moved
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, 11) | (2, 12) | (3, 13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The first cell of a line by its canonical form.
fn first_of(canonical: &str, kind: &str) -> String {
    match serde_json::from_str(canonical) {
        Ok(serde_json::Value::Array(tokens)) => {
            tokens.first().map_or_else(String::new, |token| label(&token.to_string()))
        }
        Ok(serde_json::Value::Object(fields)) => {
            let fields = fields.get("properties").and_then(serde_json::Value::as_object).unwrap_or(&fields);
            let first = match kind {
                "points" => "member_code",
                "entries" => "entry",
                "redemptions" => "redemption",
                "alarms" | "timeline" => "alarm",
                "responses" => "by",
                _ => "number",
            };
            fields.get(first).map_or_else(String::new, |value| label(&value.to_string()))
        }
        _ => canonical.chars().take(40).collect(),
    }
}

fn read_csv(bytes: &[u8]) -> anyhow::Result<Seen> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        bail!("it is not UTF-8: a program that saved it again changed every cell that is not plain Latin");
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut seen = Seen::default();
    for (index, record) in reader.records().enumerate() {
        let record = record?;
        let canonical = canonical(record.iter().map(quoted));
        seen.lines.push(SeenRow { number: index + 1, first: record.get(0).unwrap_or_default().into(), canonical });
    }
    Ok(seen)
}

fn read_lines(bytes: &[u8], format: Format, kind: &str) -> Seen {
    let mut seen = Seen::default();
    for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        let line = if format == Format::Geojson { line.strip_suffix(',').unwrap_or(line) } else { line };
        if !line.is_empty() {
            seen.lines.push(SeenRow { number: index + 1, first: first_of(line, kind), canonical: line.into() });
        }
    }
    seen
}

type Book<'a> = Xlsx<std::io::Cursor<&'a [u8]>>;

fn read_listings(book: &mut Book<'_>) -> Result<Listings, String> {
    let range = book.worksheet_range(DIGEST_SHEET).map_err(|_| format!("the sheet `{DIGEST_SHEET}` is missing"))?;
    let records = range.rows().map(|row| {
        let mut fields: Vec<String> = row
            .iter()
            .map(|cell| if let Data::String(text) = cell { text.clone() } else { cell.to_string() })
            .collect();
        // A record has as many fields as its first word says: cells left empty at its end are part of it or not there.
        let length = match fields.first().map(String::as_str) {
            Some("row") => 4,
            Some("head" | "foot" | "period") => 3,
            Some("") | None => 0,
            _ => 2,
        };
        let spare = fields.iter().skip(length).any(|field| !field.is_empty());
        fields.resize(if spare { fields.len() + 1 } else { length }, String::new());
        fields
    });
    Listings::from_records(records)
}

fn read_sheet(book: &mut Book<'_>, main: &str) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let cells = book.worksheet_range(main).with_context(|| format!("the sheet {main} cannot be read"))?;
    let formulas = book.worksheet_formula(main).with_context(|| format!("the sheet {main} cannot be read"))?;
    let formulas: HashMap<(u32, u32), &String> = {
        let (top, left) = formulas.start().unwrap_or_default();
        formulas.used_cells().map(|(row, column, text)| ((row as u32 + top, column as u32 + left), text)).collect()
    };
    let Some((bottom, right)) = cells.end() else { return Ok(seen) };
    for row in 0..=bottom {
        let mut tokens: Vec<String> = (0..=right)
            .map(|column| {
                let value = token(cells.get_value((row, column)).unwrap_or(&Data::Empty));
                match formulas.get(&(row, column)) {
                    Some(formula) if !formula.is_empty() => formula_token(formula.trim_start_matches('='), &value),
                    _ => value,
                }
            })
            .collect();
        trim(&mut tokens);
        if !tokens.is_empty() {
            let first = label(&tokens[0]);
            seen.lines.push(SeenRow { number: row as usize + 1, first, canonical: canonical(tokens) });
        }
    }
    Ok(seen)
}

/// A cell as it reads, apart from how it is shown.
fn token(cell: &Data) -> String {
    match cell {
        Data::Empty => "null".into(),
        Data::String(text) if text.is_empty() => "null".into(),
        Data::Int(value) => number(*value as f64),
        Data::Float(value) => number(*value),
        Data::DateTime(value) => number(value.as_f64()),
        Data::Bool(value) => value.to_string(),
        Data::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    }
}
