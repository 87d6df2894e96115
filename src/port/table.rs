//! A table as it is filed: what the flow hands out row by row, and what a file of any format is made from.
//!
//! Values only; the flow says which rows stand in which table, an adapter writes the bytes.

use crate::domain::id::Millis;
use crate::domain::period::Period;
use std::io;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// One row a lead.
    Leads,
    /// One row a person; as a workbook with all that is filed beside it.
    Points,
    /// One row an entry of the ledger.
    Entries,
    /// One row a redemption.
    Redemptions,
    /// One row a call.
    Alarms,
    /// One row a thing that happened in an alarm.
    Timeline,
    /// How fast those who were called came: one row a point, kind of team, hour of the day, and all together.
    Responses,
    /// The report of one drill.
    Drill,
    /// The six rosters.
    Rosters,
    /// What each unit did: one row a unit.
    Appraisal,
    /// The dry run of a rule book.
    Rules,
}

impl TableKind {
    /// The name on the command line, in file names and in digests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leads => "leads",
            Self::Points => "points",
            Self::Entries => "entries",
            Self::Redemptions => "redemptions",
            Self::Alarms => "alarms",
            Self::Timeline => "timeline",
            Self::Responses => "responses",
            Self::Drill => "drill",
            Self::Rosters => "rosters",
            Self::Appraisal => "appraisal",
            Self::Rules => "rules",
        }
    }
}

impl std::str::FromStr for TableKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A drill's report is made at its end, not ordered; rosters have no period.
        [
            Self::Leads,
            Self::Points,
            Self::Entries,
            Self::Redemptions,
            Self::Alarms,
            Self::Timeline,
            Self::Responses,
            Self::Appraisal,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| {
            format!(
                "`{text}` is no table: write leads, points, entries, redemptions, alarms, timeline, responses or appraisal"
            )
            })
    }
}

/// What a column's cells are, for formats that tell numbers and dates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Words.
    Text,
    /// Whole numbers.
    Count,
    /// Whole amounts, parted by thousands.
    Figure,
    /// Metres.
    Metres,
    /// Shares, 0 to 1.
    Share,
    /// Degrees, WGS-84.
    Degrees,
    /// Instants.
    Instant,
    /// Yes or no.
    Flag,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The machine's name: header of CSV, key of JSON.
    pub key: &'static str,
    /// Its name in Chinese.
    pub zh: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// What its cells are.
    pub holds: Holds,
    /// How wide it is on paper, in Latin characters (a Chinese one takes two).
    pub width: u8,
    /// Whether the totals row holds its sum.
    pub summed: bool,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Words; whoever writes them keeps them from being read as a formula.
    Text(String),
    /// A word of a closed list: machines read the id, people what is shown.
    Term {
        /// Fixed id.
        id: String,
        /// The word in both languages.
        shown: String,
    },
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Flag(bool),
    /// An instant, shown in the table's zone.
    Instant(Millis),
    /// An empty box on paper, so many millimetres high: room for a name, a signature or a stamp.
    Room(u8),
}

impl Cell {
    /// Words, or nothing where there are none.
    pub fn text(words: impl Into<String>) -> Self {
        let words = words.into();
        if words.is_empty() { Self::Empty } else { Self::Text(words) }
    }

    /// An instant, or nothing.
    pub fn instant(at: Option<Millis>) -> Self {
        at.map_or(Self::Empty, Self::Instant)
    }
}

/// What stands above the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Which table.
    pub kind: TableKind,
    /// The name of its sheet in a workbook of several, at most 31 characters; `None`: it is a file of its own.
    pub sheet: Option<&'static str>,
    /// Its title, in both languages.
    pub title: String,
    /// What it covers.
    pub period: Period,
    /// The zone in which the period was cut and instants are shown.
    pub zone: chrono_tz::Tz,
    /// Who files it; empty if the config does not say.
    pub unit: String,
    /// The columns.
    pub columns: Vec<Column>,
}

/// A whole table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What stands above the rows.
    pub head: Head,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// The last row: a label in the first cell, sums in the summed columns.
    pub totals: Option<Vec<Cell>>,
}

impl Table {
    /// Hands the table out row by row.
    ///
    /// # Errors
    /// The sink's own.
    pub fn pour(&self, sink: &mut impl TableSink) -> io::Result<()> {
        sink.begin(&self.head)?;
        self.rows.iter().try_for_each(|row| sink.row(row))?;
        self.totals.iter().try_for_each(|totals| sink.totals(totals))
    }
}

/// Takes a table row by row: `begin` once, then the rows, then the totals if there are any. Where several tables fit
/// ([`TableSink::holds_several`]), each further `begin` starts a further one; each of their heads names its sheet.
pub trait TableSink {
    /// Whether several tables fit, each a sheet: else the flow hands out the first alone.
    fn holds_several(&self) -> bool {
        false
    }
    /// What stands above the rows.
    ///
    /// # Errors
    /// The file cannot be written, or its format cannot hold this table, or no further one.
    fn begin(&mut self, head: &Head) -> io::Result<()>;
    /// One row, as long as there are columns.
    ///
    /// # Errors
    /// The file cannot be written, or holds no more rows.
    fn row(&mut self, cells: &[Cell]) -> io::Result<()>;
    /// The last row.
    ///
    /// # Errors
    /// As for a row.
    fn totals(&mut self, cells: &[Cell]) -> io::Result<()>;
}

/// What makes files of tables: the adapter's side of an export.
pub trait Printer: Send + Sync + 'static {
    /// A file being written.
    type File: TableSink + Send;
    /// Begins a file in memory; `None` for a format that it does not know (`csv`, `xlsx`, `jsonl`, `geojson`).
    fn open(&self, format: &str) -> Option<Self::File>;
    /// Ends it.
    ///
    /// # Errors
    /// The table cannot be written in this format.
    fn finish(&self, file: Self::File, head: &Head) -> io::Result<Printed>;
    /// A picture (PNG) that a camera reads as this text: a QR code, ISO/IEC 18004.
    ///
    /// # Errors
    /// The text is too long for one.
    fn scannable(&self, text: &str) -> io::Result<Vec<u8>>;
}

/// A file in memory, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// Its name.
    pub file_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Name and bytes of the digest that stands beside it; `None` for XLSX, which has a sheet of its own.
    pub digest: Option<(String, Vec<u8>)>,
}
