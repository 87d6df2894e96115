//! CSV, JSON lines and GeoJSON.
//!
//! Owns how each kind of cell is written in text. Words that a spreadsheet would take for a formula get an
//! apostrophe in CSV; numbers stay numbers. Every line goes into the listing as a reader of the file sees it.

use super::Format;
use super::digest::{ExportKey, Listing, canonical, quoted};
use crate::domain::period::rfc3339;
use crate::port::table::{Cell, Column, Head};
use chrono_tz::Tz;
use serde_json::Value;
use std::io::{self, Write};

/// A text table being written. The listing grows with it.
#[derive(Debug)]
pub struct TextWriter {
    format: Format,
    columns: Vec<Column>,
    zone: Tz,
    listing: Listing,
    /// Where latitude and longitude stand, for GeoJSON.
    place: Option<(usize, usize)>,
}

impl TextWriter {
    /// Writes what stands above the rows.
    ///
    /// # Errors
    /// The output's, or GeoJSON is asked for a table without places.
    pub fn begin(head: &Head, format: Format, listing: Listing, out: &mut impl Write) -> io::Result<Self> {
        let find = |key: &str| head.columns.iter().position(|column| column.key == key);
        let place = find("lat").zip(find("lon"));
        let mut writer = Self { format, columns: head.columns.clone(), zone: head.zone, listing, place };
        match format {
            Format::Csv => {
                let keys: Vec<String> = head.columns.iter().map(|column| column.key.to_owned()).collect();
                out.write_all("\u{feff}".as_bytes())?;
                write_csv(out, &keys)?;
                writer.listing.add_head("header", canonical(keys.iter().map(|key| quoted(key))));
            }
            Format::Geojson => {
                if place.is_none() {
                    let kind = head.kind.as_str();
                    return Err(io::Error::other(format!(
                        "geojson is for tables with places (leads): write {kind} as csv, xlsx or jsonl"
                    )));
                }
                let line = format!(
                    "{{\"type\":\"FeatureCollection\",\"title\":{},\"from\":{},\"to\":{},\"features\":[",
                    quoted(&head.title),
                    quoted(&writer.listing.from),
                    quoted(&writer.listing.to)
                );
                out.write_all(line.as_bytes())?;
                writer.listing.add_head("header", line);
            }
            Format::Jsonl | Format::Xlsx => {}
        }
        Ok(writer)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// The output's.
    pub fn row(&mut self, cells: &[Cell], out: &mut impl Write, key: &ExportKey) -> io::Result<()> {
        let text = self.write(cells, out)?;
        self.listing.add_row(key, self.first(cells), &text);
        Ok(())
    }

    /// Writes the totals.
    ///
    /// # Errors
    /// The output's.
    pub fn totals(&mut self, cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
        let text = self.write(cells, out)?;
        self.listing.add_foot("totals", text);
        Ok(())
    }

    /// Writes what stands below the rows; gives the sealed listing.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(mut self, out: &mut impl Write, key: &ExportKey) -> io::Result<Listing> {
        if self.format == Format::Geojson {
            out.write_all(b"\n]}\n")?;
            self.listing.add_foot("end", "]}".into());
        }
        self.listing.seal(key);
        Ok(self.listing)
    }

    /// Writes a line and gives its canonical form.
    fn write(&self, cells: &[Cell], out: &mut impl Write) -> io::Result<String> {
        match self.format {
            Format::Csv => {
                let fields: Vec<String> = cells.iter().map(|cell| csv_text(cell, self.zone)).collect();
                write_csv(out, &fields)?;
                Ok(canonical(fields.iter().map(|field| quoted(field))))
            }
            Format::Geojson => {
                let line = self.feature(cells);
                let comma = if self.listing.rows.is_empty() { "\n" } else { ",\n" };
                out.write_all(comma.as_bytes())?;
                out.write_all(line.as_bytes())?;
                Ok(line)
            }
            Format::Jsonl | Format::Xlsx => {
                let line = self.object(cells);
                out.write_all(line.as_bytes())?;
                out.write_all(b"\n")?;
                Ok(line)
            }
        }
    }

    /// The row as a JSON object, keys in the table's order.
    fn object(&self, cells: &[Cell]) -> String {
        let pairs: Vec<String> = self
            .columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| format!("{}:{}", quoted(column.key), json(cell, self.zone)))
            .collect();
        format!("{{{}}}", pairs.join(","))
    }

    fn feature(&self, cells: &[Cell]) -> String {
        let geometry = match self.place.map(|(lat, lon)| (&cells[lat], &cells[lon])) {
            Some((Cell::Float(lat), Cell::Float(lon))) if lat.is_finite() && lon.is_finite() => {
                format!("{{\"type\":\"Point\",\"coordinates\":[{lon},{lat}]}}")
            }
            _ => "null".into(),
        };
        format!("{{\"type\":\"Feature\",\"geometry\":{geometry},\"properties\":{}}}", self.object(cells))
    }

    /// The first cell as people see it in this format.
    fn first(&self, cells: &[Cell]) -> String {
        match (self.format, cells.first()) {
            (_, None) => String::new(),
            (Format::Csv, Some(cell)) => csv_text(cell, self.zone),
            (_, Some(Cell::Text(words))) => words.clone(),
            (_, Some(cell)) => json(cell, self.zone).to_string(),
        }
    }
}

fn write_csv(out: &mut impl Write, fields: &[String]) -> io::Result<()> {
    let mut line = String::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) || field.starts_with(' ') || field.ends_with(' ') {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

/// A cell as CSV holds it, before quoting.
pub fn csv_text(cell: &Cell, zone: Tz) -> String {
    match cell {
        Cell::Empty | Cell::Room(_) => String::new(),
        Cell::Text(words) | Cell::Term { id: words, .. } => guarded(words),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) if number.is_finite() => number.to_string(),
        Cell::Float(_) => String::new(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Instant(at) => rfc3339(*at, zone),
    }
}

/// Words with an apostrophe in front where a spreadsheet would read them as a formula. Full-width signs are
/// taken for formulas in some East Asian settings.
pub(super) fn guarded(words: &str) -> String {
    let risky = |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if words.starts_with(risky) { format!("'{words}") } else { words.to_owned() }
}

/// A cell as JSON, type kept.
fn json(cell: &Cell, zone: Tz) -> Value {
    match cell {
        Cell::Empty | Cell::Room(_) => Value::Null,
        Cell::Text(words) | Cell::Term { id: words, .. } => words.clone().into(),
        Cell::Int(number) => (*number).into(),
        Cell::Float(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Instant(at) => rfc3339(*at, zone).into(),
    }
}
