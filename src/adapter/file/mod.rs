//! Files: tables going out as CSV, JSON lines, GeoJSON or XLSX with keyed digests, and town files coming in.
//!
//! [`TableFile`] takes a table row by row ([`TableSink`]) and writes it to anything; [`Draft`] does so into a file
//! that appears under its name only when it is whole. To add a format: a variant of [`Format`], a writer here, and a
//! reader in [`verify`], so that what was written can be checked.

pub mod cap;
pub mod digest;
pub mod duty;
pub mod grid;
pub mod import;
pub mod roster;
mod scan;
pub mod sheet;
pub mod table;
pub mod verify;

use crate::port::table::{Cell, Head, Printed, Printer, Table, TableSink};
use digest::{ExportKey, Listing};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// UTF-8 with a byte order mark, CRLF.
    Csv,
    /// A workbook: the table, or several, each a sheet, and a sheet `digest`.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
    /// A feature collection, one feature a line; for tables with a place.
    Geojson,
}

impl Format {
    /// The name on the command line, which is also the file's ending.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
            Self::Geojson => "geojson",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Csv, Self::Xlsx, Self::Jsonl, Self::Geojson]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no format: write csv, xlsx, jsonl or geojson"))
    }
}

/// The name under which a table is filed: `points-2026-11.xlsx`.
pub fn file_name(head: &Head, format: Format) -> String {
    format!("{}-{}.{}", head.kind.as_str(), head.period.slug(head.zone), format.as_str())
}

/// Writes a whole table.
///
/// # Errors
/// The format cannot hold this table.
pub fn write(table: &Table, format: Format, key: &ExportKey) -> io::Result<Printed> {
    let mut file = TableFile::new(Vec::new(), format, key);
    table.pour(&mut file)?;
    file.into_printed(file_name(&table.head, format))
}

/// A table on its way into `out`. Finish it with [`TableFile::finish`].
#[derive(Debug)]
pub struct TableFile<W: Write> {
    out: W,
    format: Format,
    key: ExportKey,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Text(Box<table::TextWriter>),
    Sheet(Box<sheet::SheetWriter>),
}

impl<W: Write + Send> TableFile<W> {
    /// A table that will be written to `out`.
    pub fn new(out: W, format: Format, key: &ExportKey) -> Self {
        Self { out, format, key: key.clone(), state: State::Waiting }
    }

    /// Writes what is left; gives back `out` and, unless it is a workbook, the text of the digest beside it.
    ///
    /// # Errors
    /// The file cannot be written, or the table was never begun.
    pub fn finish(mut self) -> io::Result<(W, Option<String>)> {
        let digest = match self.state {
            State::Waiting => return Err(io::Error::other("the table has no head")),
            State::Text(writer) => Some(writer.finish(&mut self.out, &self.key)?.to_text()),
            State::Sheet(writer) => {
                writer.finish(&mut self.out, &self.key)?;
                None
            }
        };
        self.out.flush()?;
        Ok((self.out, digest))
    }
}

impl TableFile<Vec<u8>> {
    /// Finishes a table in memory.
    ///
    /// # Errors
    /// See [`TableFile::finish`].
    pub fn into_printed(self, file_name: String) -> io::Result<Printed> {
        let (bytes, digest) = self.finish()?;
        let digest = digest.map(|text| (format!("{file_name}.digest"), text.into_bytes()));
        Ok(Printed { file_name, bytes, digest })
    }
}

impl<W: Write + Send> TableSink for TableFile<W> {
    fn holds_several(&self) -> bool {
        self.format == Format::Xlsx
    }

    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let listing = Listing::new(head, self.format, &self.key);
        match (&mut self.state, self.format) {
            (State::Waiting, Format::Xlsx) => {
                self.state = State::Sheet(Box::new(sheet::SheetWriter::begin(head, listing)?));
            }
            (State::Waiting, _) => {
                let writer = table::TextWriter::begin(head, self.format, listing, &mut self.out)?;
                self.state = State::Text(Box::new(writer));
            }
            (State::Sheet(writer), _) => writer.begin_further(head, listing)?,
            (State::Text(_), format) => {
                let format = format.as_str();
                return Err(io::Error::other(format!("a {format} file holds one table: write xlsx for several")));
            }
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.state {
            State::Waiting => Err(io::Error::other("the table has no head")),
            State::Text(writer) => writer.row(cells, &mut self.out, &self.key),
            State::Sheet(writer) => writer.row(cells, &self.key),
        }
    }

    fn totals(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.state {
            State::Waiting => Err(io::Error::other("the table has no head")),
            State::Text(writer) => writer.totals(cells, &mut self.out),
            State::Sheet(writer) => writer.totals(cells),
        }
    }
}

/// A table on its way into a file on disk: it appears under its name, with its digest beside it, only when it is
/// whole; dropped before [`Draft::keep`], nothing is left of it.
#[derive(Debug)]
pub struct Draft {
    file: Option<TableFile<BufWriter<File>>>,
    path: PathBuf,
}

impl Draft {
    /// Begins the file `path`.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn create(path: &Path, format: Format, key: &ExportKey) -> io::Result<Self> {
        let out = BufWriter::new(File::create(beside(path, ".part"))?);
        Ok(Self { file: Some(TableFile::new(out, format, key)), path: path.to_owned() })
    }

    /// Puts the finished file, and its digest, in place.
    ///
    /// # Errors
    /// It cannot be written; then what stood there before still does.
    pub fn keep(mut self) -> io::Result<()> {
        let file = self.file.take().expect("only keep() takes the file, and it takes the draft with it");
        let kept = file.finish().and_then(|(out, digest)| {
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            if let Some(text) = digest {
                let part = beside(&self.path, ".digest.part");
                let mut file = File::create(&part)?;
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                std::fs::rename(part, beside(&self.path, ".digest"))?;
            }
            std::fs::rename(beside(&self.path, ".part"), &self.path)
        });
        kept.inspect_err(|_| self.clear())
    }

    fn clear(&self) {
        for ending in [".part", ".digest.part"] {
            // Nothing is done about a part file that cannot be taken away: it is named as one.
            let _ = std::fs::remove_file(beside(&self.path, ending));
        }
    }

    fn file(&mut self) -> &mut TableFile<BufWriter<File>> {
        self.file.as_mut().expect("only keep() takes the file, and it takes the draft with it")
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() {
            self.clear();
        }
    }
}

impl TableSink for Draft {
    fn holds_several(&self) -> bool {
        self.file.as_ref().is_some_and(TableSink::holds_several)
    }

    fn begin(&mut self, head: &Head) -> io::Result<()> {
        self.file().begin(head)
    }

    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.file().row(cells)
    }

    fn totals(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.file().totals(cells)
    }
}

/// `path` with `ending` added to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;

/// Makes files in memory, for the sender.
#[derive(Debug)]
pub struct FilePrinter {
    /// The key of the digests.
    pub key: ExportKey,
}

impl Printer for FilePrinter {
    type File = TableFile<Vec<u8>>;

    fn open(&self, format: &str) -> Option<Self::File> {
        Some(TableFile::new(Vec::new(), format.parse().ok()?, &self.key))
    }

    fn scannable(&self, text: &str) -> io::Result<Vec<u8>> {
        scan::picture(text)
    }

    fn finish(&self, file: Self::File, head: &Head) -> io::Result<Printed> {
        let name = file_name(head, file.format);
        file.into_printed(name)
    }
}
