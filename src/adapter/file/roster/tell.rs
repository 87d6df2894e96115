//! What an import would change, in words: a line a row, then the counts.

use super::Filed;
use super::column::{called, find_column, sheet_name};
use crate::domain::roster::Sheet;
use crate::domain::roster::difference::{Change, Difference, What};
use std::fmt::Write as _;

fn shown(value: &str) -> &str {
    if value.is_empty() { "—" } else { value }
}

fn field(sheet: Sheet, key: &str) -> String {
    find_column(sheet, key).map_or_else(|| key.to_owned(), called)
}

fn line(change: &Change, filed: &Filed) -> String {
    let Change { sheet, row, label, what } = change;
    let place = match row.map(|row| filed.places.of(*sheet, row)) {
        Some(place) if !place.is_empty() => place.to_owned(),
        _ => sheet_name(*sheet).to_owned(),
    };
    match what {
        What::Added(fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, new)| format!("{} {new}", field(*sheet, key))).collect();
            format!("+ {place}: {label}: {}", fields.join("; "))
        }
        What::Changed(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, old, new)| format!("{} {} → {}", field(*sheet, key), shown(old), shown(new)))
                .collect();
            format!("~ {place}: {label}: {}", fields.join("; "))
        }
        What::Removed => format!("- {place}: {label}"),
    }
}

/// What changes, row by row, with its place in the file; then the counts of each table; then what was left out.
pub fn tell(difference: &Difference, filed: &Filed) -> String {
    let mut out = String::new();
    for change in &difference.changes {
        let _ = writeln!(out, "{}", line(change, filed));
    }
    for (sheet, it) in &difference.counts {
        let name = sheet_name(*sheet);
        let _ = if filed.present.contains(sheet) {
            let (before, after) = (it.before, it.after);
            let (added, changed, removed) = (it.added, it.changed, it.removed);
            writeln!(out, "{name}: {before} → {after} rows ({added} added, {changed} changed, {removed} removed)")
        } else {
            writeln!(out, "{name}: not in the file, stays as it is ({} rows)", it.before)
        };
    }
    for note in &filed.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

/// Why the import is refused unless it is told to remove rows: a table that would be emptied, or lose more than half.
pub fn refusals(difference: &Difference) -> Vec<String> {
    let lost = difference.counts.iter().filter(|(_, it)| it.takes_most());
    let told = lost.map(|(sheet, it)| {
        let (name, before, removed) = (sheet_name(*sheet), it.before, it.removed);
        if it.after == 0 {
            format!("sheet {name} is empty: it would take away all {before} rows. Take the sheet out of the file to leave them, or say --remove")
        } else {
            format!("sheet {name} would take away {removed} of {before} rows, more than half: look at the lines above, and say --remove if it is meant")
        }
    });
    told.collect()
}
