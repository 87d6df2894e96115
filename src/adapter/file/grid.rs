//! A CSV file as rows with named columns, and the list of all that is wrong with it.
//!
//! Owns encoding, header and row numbers as a spreadsheet counts them. Knows nothing of what the columns mean.
//! Called by `import`.

use std::fmt;

/// How many problems are shown.
const MOST_SHOWN: usize = 20;

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The row as a spreadsheet counts (the header is row 1); 0 for the file itself.
    pub row: usize,
    /// The column's name; empty for a row or the file itself.
    pub column: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// All that is wrong with a file; nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.row, self.column.as_str()) {
            (0, _) => write!(f, "{}", self.what),
            (row, "") => write!(f, "row {row}: {}", self.what),
            (row, column) => write!(f, "row {row}, column {column}: {}", self.what),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.0.iter().take(MOST_SHOWN) {
            writeln!(f, "{problem}")?;
        }
        if self.0.len() > MOST_SHOWN {
            writeln!(f, "and {} more", self.0.len() - MOST_SHOWN)?;
        }
        write!(f, "nothing was imported")
    }
}

impl std::error::Error for Problems {}

/// A column that a file may have.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether a file without it is refused.
    pub required: bool,
}

/// A file's rows. Cells are trimmed; rows without any words are left out.
#[derive(Debug)]
pub struct Grid {
    columns: Vec<Option<usize>>,
    named: &'static [Named],
    rows: Vec<(usize, csv::StringRecord)>,
    problems: Vec<Problem>,
}

impl Grid {
    /// Reads a file whose header names `named` columns in any order.
    ///
    /// # Errors
    /// Encoding or header do not serve; then no row was looked at.
    pub fn parse(bytes: &[u8], named: &'static [Named]) -> Result<Self, Problems> {
        let text = decode(bytes)?;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut rows = Vec::new();
        let mut inside = 0;
        loop {
            let mut record = csv::StringRecord::new();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(whole(format!("it cannot be read as CSV: {error}"))),
            }
            // The line after the record, less the line breaks inside cells so far: blank lines count, as in a spreadsheet.
            inside += record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
            let after = usize::try_from(reader.position().line()).unwrap_or(usize::MAX);
            record.trim();
            if record.iter().any(|cell| !cell.is_empty()) {
                rows.push((after.saturating_sub(inside + 1), record));
            }
        }
        let mut rows = rows.into_iter();
        let Some((row, header)) = rows.next() else {
            return Err(whole(format!("it is empty: the first row names the columns {}", list(named))));
        };
        let (columns, width) = (find_columns(row, &header, named)?, header.len());
        let mut grid = Self { columns, named, rows: rows.collect(), problems: Vec::new() };
        for index in 0..grid.rows.len() {
            let (row, cells) = &grid.rows[index];
            let found = cells.len();
            if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
                let what = format!(
                    "it has {found} cells, the header has {width}: put a cell that holds a comma in double quotes"
                );
                grid.problems.push(Problem { row: *row, column: String::new(), what });
            }
        }
        Ok(grid)
    }

    /// How many rows there are under the header.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of a row as a spreadsheet counts.
    pub fn row_number(&self, index: usize) -> usize {
        self.rows[index].0
    }

    /// A cell; empty where the file has no such column or the row ends before it.
    pub fn cell(&self, index: usize, column: &str) -> &str {
        let at = self.named.iter().position(|named| named.name == column).and_then(|at| self.columns[at]);
        at.and_then(|at| self.rows[index].1.get(at)).unwrap_or_default()
    }

    /// Notes a problem with a cell.
    pub fn report(&mut self, index: usize, column: &str, what: impl Into<String>) {
        let row = self.row_number(index);
        self.problems.push(Problem { row, column: column.into(), what: what.into() });
    }

    /// `made` if nothing is wrong.
    ///
    /// # Errors
    /// All that was reported, in the order of the rows.
    pub fn settle<T>(mut self, made: T) -> Result<T, Problems> {
        if self.problems.is_empty() {
            return Ok(made);
        }
        self.problems.sort_by_key(|problem| problem.row);
        Err(Problems(self.problems))
    }
}

fn whole(what: String) -> Problems {
    Problems(vec![Problem { row: 0, column: String::new(), what }])
}

fn list(named: &[Named]) -> String {
    named.iter().map(|column| column.name).collect::<Vec<_>>().join(",")
}

pub(super) fn decode(bytes: &[u8]) -> Result<String, Problems> {
    const SAVE: &str = "save it as UTF-8. Excel: Save As, type \"CSV UTF-8 (comma delimited)\"; WPS: 另存为 → CSV UTF-8（逗号分隔）; Notepad: 另存为 → 编码 UTF-8";
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(whole(format!("it is a workbook, not a CSV file: {SAVE}")));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(whole(format!("it is UTF-16, not UTF-8: {SAVE}")));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let row = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        whole(format!("it is not UTF-8 (line {row}; perhaps GB18030 / GBK, 可能是 GBK 编码): {SAVE}"))
    })?;
    let mut text =
        if text.contains('\n') { text.replace('\0', "") } else { text.replace('\0', "").replace('\r', "\n") };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn find_columns(row: usize, header: &csv::StringRecord, named: &[Named]) -> Result<Vec<Option<usize>>, Problems> {
    let mut problems = Vec::new();
    let mut report = |column: &str, what: String| problems.push(Problem { row, column: column.into(), what });
    if header.len() == 1 && header[0].contains([';', '\t', ',']) {
        report(
            "",
            format!(
                "the columns are not parted by commas: save it as comma-separated, with the header {}",
                list(named)
            ),
        );
        return Err(Problems(problems));
    }
    let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
    let mut columns = vec![None; named.len()];
    for (at, name) in names.iter().enumerate() {
        match named.iter().position(|column| column.name == name) {
            Some(place) if columns[place].is_none() => columns[place] = Some(at),
            Some(_) => report(name, "it is there twice: take one away".into()),
            None if name.is_empty() => {}
            None => report(&header[at], format!("it is not known: the columns are {}", list(named))),
        }
    }
    for (column, at) in named.iter().zip(&columns) {
        if column.required && at.is_none() {
            report(column.name, format!("it is missing: the header must name it; the columns are {}", list(named)));
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(Problems(problems)) }
}
