//! XLSX: sheets that are printed, stamped and filed as they are, and a sheet `digest` that lists them all.
//!
//! Owns the look: title, period, unit, bilingual header (frozen, repeated on each page), number and date formats,
//! totals as formulas with the value beside them, page numbers, the whole digest at the foot of each page. Words are
//! written as words, never as formulas. Rows go to a temporary file as they come: memory does not grow with them.

use super::digest::{Book, ExportKey, Listing, canonical, number, quoted};
use crate::domain::id::Millis;
use crate::domain::period::show;
use crate::port::table::{Cell, Column, Head, Holds};
use chrono::TimeZone;
use chrono_tz::Tz;
use rust_xlsxwriter::{
    Color, Format, FormatAlign, FormatBorder, FormatPattern, Formula, Workbook, Worksheet, XlsxError,
};
use std::borrow::Cow;
use std::io::{self, Write};

/// The sheet that holds the listing.
pub const DIGEST_SHEET: &str = "digest";
/// What stands in the first cell of the totals row.
const TOTALS: &str = "合计 Total";
/// What stands in the first cell of the row under it: the same sums as plain numbers.
const CHECKED: &str = "核对值 Checked";
/// Rows above the first row of data.
const HEAD_ROWS: u32 = 4;
/// A workbook's sheet holds 1,048,576 rows; the listing and the lines around the rows need some.
const MOST_ROWS: usize = 1_048_000;
/// A cell holds 32,767 UTF-16 units.
const LONGEST_TEXT: usize = 32_000;
/// Days from 1899-12-30, where spreadsheets begin to count, to the Unix epoch.
const EPOCH_DAYS: f64 = 25_569.0;
/// Whole numbers above this are not exact in a spreadsheet: they are written as words.
const LARGEST_EXACT: u64 = 999_999_999_999_999;

/// So many Latin characters beside each other can still be read on one page.
const ONE_PAGE: u32 = 260;
/// The height of one line with Chinese in it.
const LINE_POINTS: f64 = 16.5;
/// A row is at most so high.
const TALLEST_POINTS: f64 = 409.0;

/// A workbook being written.
pub struct SheetWriter {
    book: Workbook,
    /// Sheets that are full, each with its last row and column.
    done: Vec<(Listing, u32, u16)>,
    page: Page,
}

/// The sheet that is being written.
struct Page {
    columns: Vec<Column>,
    formats: Vec<Format>,
    zone: Tz,
    listing: Listing,
    next: u32,
    /// The canonical form of the row that is written.
    line: Vec<u8>,
}

impl std::fmt::Debug for SheetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let next = &self.page.next;
        f.debug_struct("SheetWriter").field("sheet", &self.done.len()).field("next", next).finish_non_exhaustive()
    }
}

impl SheetWriter {
    /// Writes what stands above the rows.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn begin(head: &Head, listing: Listing) -> io::Result<Self> {
        let mut book = Workbook::new();
        // A large month is packed in half the time, with half as many bytes again.
        book.set_zip_compression_level(1);
        book.set_properties(
            &rust_xlsxwriter::DocProperties::new()
                .set_title(&head.title)
                .set_company(&head.unit)
                .set_creation_datetime(&epoch().map_err(wrap)?),
        );
        let page = Page::begin(&mut book, head, listing)?;
        Ok(Self { book, done: Vec::new(), page })
    }

    /// Begins a further sheet.
    ///
    /// # Errors
    /// It, or one before it, has no name of its own; or no temporary file can be made.
    pub fn begin_further(&mut self, head: &Head, listing: Listing) -> io::Result<()> {
        let names: Vec<&str> = self
            .done
            .iter()
            .map(|(done, ..)| done)
            .chain([&self.page.listing, &listing])
            .map(|listing| listing.sheet.as_str())
            .collect();
        if names.iter().enumerate().any(|(at, name)| name.is_empty() || names[..at].contains(name)) {
            return Err(io::Error::other("of several tables in a workbook each needs a sheet name of its own"));
        }
        let page = Page::begin(&mut self.book, head, listing)?;
        let full = std::mem::replace(&mut self.page, page);
        self.done.push(full.end());
        Ok(())
    }

    /// Writes a row.
    ///
    /// # Errors
    /// The sheet is full, or the temporary file cannot be written.
    pub fn row(&mut self, cells: &[Cell], key: &ExportKey) -> io::Result<()> {
        let rows: usize = self.done.iter().map(|(done, ..)| done.rows.len()).sum();
        if rows + self.page.listing.rows.len() >= MOST_ROWS {
            return Err(io::Error::other(format!(
                "one workbook holds {MOST_ROWS} rows: choose a shorter period, or write csv"
            )));
        }
        let sheet = self.book.worksheet_from_index(self.done.len()).map_err(wrap)?;
        let page = &mut self.page;
        let row = page.next;
        page.next += 1;
        let high = cells.iter().zip(&page.columns).map(|(cell, column)| points(cell, column.width)).fold(0.0, f64::max);
        // The sheet remembers each height that is told: only the unusual ones are.
        if high > LINE_POINTS {
            sheet.set_row_height(row, high.min(TALLEST_POINTS)).map_err(wrap)?;
        }
        // The canonical form of the row, as `canonical` gives it, without a string of its own for each cell.
        let line = &mut page.line;
        line.clear();
        line.push(b'[');
        let (mut first, mut end) = (String::new(), line.len());
        for (index, (cell, format)) in (0..).zip(cells.iter().zip(&page.formats)) {
            if index > 0 {
                line.push(b',');
            }
            let start = line.len();
            write_cell(sheet, row, index, cell, format, page.zone, line).map_err(wrap)?;
            if index == 0 {
                first = label(text(&line[start..]));
            }
            // Empty cells at the end of a row are not seen by its reader.
            if line[start..] != *b"null" {
                end = line.len();
            }
        }
        line.truncate(end);
        line.push(b']');
        page.listing.add_row(key, first, text(line));
        Ok(())
    }

    /// Writes the totals twice: as formulas with their value, and as plain values to check them by.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn totals(&mut self, cells: &[Cell]) -> io::Result<()> {
        let (first, last) = (HEAD_ROWS + 1, self.page.next);
        for (name, title) in [("totals", TOTALS), ("checked values", CHECKED)] {
            let sheet = self.book.worksheet_from_index(self.done.len()).map_err(wrap)?;
            let page = &mut self.page;
            let row = page.next;
            page.next += 1;
            sheet.set_row_height(row, LINE_POINTS + 3.0).map_err(wrap)?;
            let bold = |format: &Format| format.clone().set_bold().set_background_color(Color::RGB(0x00F2_F2F2));
            sheet.write_string_with_format(row, 0, title, &bold(&page.formats[0])).map_err(wrap)?;
            let mut tokens = vec![quoted(title)];
            for (index, (cell, column)) in (0..).zip(cells.iter().zip(&page.columns)).skip(1) {
                let format = bold(&page.formats[usize::from(index)]);
                tokens.push(match cell {
                    Cell::Int(sum) if name == "totals" && column.summed && last >= first => {
                        let letters = letters(index);
                        let text = format!("SUM({letters}{first}:{letters}{last})");
                        let formula = Formula::new(format!("={text}")).set_result(sum.to_string());
                        sheet.write_formula_with_format(row, index, formula, &format).map_err(wrap)?;
                        formula_token(&text, &number(*sum as f64))
                    }
                    cell => {
                        let mut token = Vec::new();
                        write_cell(sheet, row, index, cell, &format, page.zone, &mut token).map_err(wrap)?;
                        text(&token).to_owned()
                    }
                });
            }
            trim(&mut tokens);
            page.listing.add_foot(name, canonical(tokens));
        }
        Ok(())
    }

    /// Seals the listings, writes them and the foot of the pages, and hands the workbook to `out`.
    ///
    /// # Errors
    /// The output's, or the temporary file's.
    pub fn finish(mut self, out: &mut (impl Write + Send), key: &ExportKey) -> io::Result<()> {
        self.done.push(self.page.end());
        let ends: Vec<(u32, u16)> = self.done.iter().map(|(_, row, column)| (*row, *column)).collect();
        let book = Book::seal(self.done.into_iter().map(|(listing, ..)| listing).collect(), key);
        for (index, (listing, (last, widest))) in book.sheets.iter().zip(ends).enumerate() {
            let footer = format!("&L&\"Arial\"摘要 Digest {}&R第 &P 页，共 &N 页  Page &P of &N", listing.whole);
            let sheet = self.book.worksheet_from_index(index).map_err(wrap)?;
            sheet.set_footer(&footer);
            sheet.set_print_area(0, 0, last, widest).map_err(wrap)?;
        }
        write_listings(&mut self.book, &book).map_err(wrap)?;
        // Never whole in memory.
        self.book.save_to_writer(out).map_err(wrap)
    }
}

impl Page {
    fn begin(book: &mut Workbook, head: &Head, mut listing: Listing) -> io::Result<Self> {
        let sheet = book.add_worksheet_with_constant_memory().map_err(wrap)?;
        layout(sheet, head).map_err(wrap)?;
        let period = format!(
            "统计期间 Period： {} — {}（{}，不含止时 end excluded）",
            if head.period.from.0 <= 0 { "起始 start".into() } else { show(head.period.from, head.zone) },
            show(head.period.to, head.zone),
            head.zone
        );
        let unit = format!("填报单位 Unit： {}        填报人 Filed by：                盖章 Stamp：", head.unit);
        let lines = [("title", clean(&head.title)), ("period", period.into()), ("unit", clean(&unit))];
        for (row, (name, text)) in (0..).zip(lines) {
            let format = if row == 0 { Format::new().set_bold().set_font_size(16) } else { Format::new() };
            sheet
                .write_string_with_format(row, 0, text.as_ref(), &format.set_align(FormatAlign::Left))
                .map_err(wrap)?;
            listing.add_head(name, canonical([quoted(&text)]));
        }
        let mut tokens = Vec::new();
        for (index, column) in (0..).zip(&head.columns) {
            let text = format!("{}\n{}", column.zh, column.en);
            sheet.write_string_with_format(HEAD_ROWS - 1, index, &text, &header_format()).map_err(wrap)?;
            tokens.push(quoted(&text));
        }
        listing.add_head("header", canonical(tokens));
        let formats = head.columns.iter().map(cell_format).collect();
        Ok(Self { columns: head.columns.clone(), formats, zone: head.zone, listing, next: HEAD_ROWS, line: Vec::new() })
    }

    fn end(self) -> (Listing, u32, u16) {
        (self.listing, self.next - 1, u16::try_from(self.columns.len() - 1).unwrap_or(0))
    }
}

/// All that must be said of a sheet before its first row.
fn layout(sheet: &mut Worksheet, head: &Head) -> Result<(), XlsxError> {
    sheet.set_name(head.sheet.unwrap_or(head.kind.as_str()))?;
    sheet.set_freeze_panes(HEAD_ROWS, 1)?;
    sheet.set_repeat_rows(HEAD_ROWS - 1, HEAD_ROWS - 1)?;
    // A table that would be too small to read on one page is two wide; the first columns stand on both.
    let width: u32 = head.columns.iter().map(|column| u32::from(column.width)).sum();
    if width > ONE_PAGE {
        sheet.set_repeat_columns(0, 1)?;
    }
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(if width > ONE_PAGE { 2 } else { 1 }, 0);
    sheet.set_margins(0.4, 0.4, 0.5, 0.7, 0.3, 0.3);
    for (index, column) in (0..).zip(&head.columns) {
        sheet.set_column_width(index, f64::from(column.width))?;
    }
    sheet.set_default_row_height(LINE_POINTS);
    sheet.set_row_height(0, 26)?;
    sheet.set_row_height(HEAD_ROWS - 1, 32)?;
    Ok(())
}

fn write_listings(book: &mut Workbook, listings: &Book) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(DIGEST_SHEET)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    for (column, width) in [16, 12, 68, 20].into_iter().enumerate() {
        sheet.set_column_width(column as u16, width)?;
    }
    let text = Format::new().set_num_format("@");
    for (row, record) in (0..).zip(listings.records()) {
        for (column, field) in (0..).zip(record) {
            sheet.write_string_with_format(row, column, &field, &text)?;
        }
    }
    Ok(())
}

/// Tokens are made of text alone.
fn text(tokens: &[u8]) -> &str {
    std::str::from_utf8(tokens).expect("JSON and numbers are UTF-8")
}

/// Writes a cell, and its token as a reader of the file sees it.
fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    format: &Format,
    zone: Tz,
    token: &mut Vec<u8>,
) -> Result<(), XlsxError> {
    let mut words = |words: &str| {
        serde_json::to_writer(&mut *token, words).expect("a string is always JSON");
        sheet.write_string_with_format(row, column, words, format).map(drop)
    };
    let value = match cell {
        Cell::Empty => None,
        Cell::Room(_) => {
            sheet.write_blank(row, column, &Format::new().set_border(FormatBorder::Thin))?;
            token.extend_from_slice(b"null");
            return Ok(());
        }
        Cell::Text(shown) | Cell::Term { shown, .. } => {
            let shown = clean(shown);
            if !shown.is_empty() {
                return words(&shown);
            }
            None
        }
        Cell::Flag(flag) => return words(if *flag { "是 Yes" } else { "否 No" }),
        Cell::Int(whole) if whole.unsigned_abs() > LARGEST_EXACT => return words(&whole.to_string()),
        Cell::Int(whole) => Some(*whole as f64),
        Cell::Float(value) => value.is_finite().then_some(*value),
        Cell::Instant(at) => Some(serial(*at, zone)),
    };
    if let Some(value) = value {
        let digits = number(value);
        // Written as its 15 digits, or a spreadsheet that saves the file again may round another way.
        sheet.write_number_with_format(row, column, digits.parse().unwrap_or(value), format)?;
        token.extend_from_slice(digits.as_bytes());
        return Ok(());
    }
    sheet.write_blank(row, column, format)?;
    token.extend_from_slice(b"null");
    Ok(())
}

/// How high a cell is, in points.
fn points(cell: &Cell, width: u8) -> f64 {
    match cell {
        Cell::Room(mm) => f64::from(*mm) * 72.0 / 25.4,
        cell => LINE_POINTS * f64::from(lines(cell, width)),
    }
}

/// How many lines a cell takes in a column so many Latin characters wide. Not every program fits heights by itself.
fn lines(cell: &Cell, width: u8) -> u32 {
    let (Cell::Text(words) | Cell::Term { shown: words, .. }) = cell else { return 1 };
    // What is lost to margins, and to words that are not broken.
    let room = u32::from(width.saturating_sub(2)).max(2);
    let wide = |char: char| if char < '\u{1100}' { 1 } else { 2 };
    words.lines().map(|line| line.chars().map(wide).sum::<u32>().div_ceil(room).max(1)).sum::<u32>().max(1)
}

/// An instant as a spreadsheet counts: days of local time since 1899-12-30.
fn serial(at: Millis, zone: Tz) -> f64 {
    let local = zone.from_utc_datetime(&at.utc().naive_utc()).naive_local();
    local.and_utc().timestamp_millis() as f64 / 86_400_000.0 + EPOCH_DAYS
}

/// Words that a cell can hold and give back unchanged: no control characters, lines end with LF, not too long.
fn clean(words: &str) -> Cow<'_, str> {
    let stays =
        |char: char| matches!(char, '\n' | '\t') || !(char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}'));
    if words.len() <= LONGEST_TEXT && words.chars().all(stays) {
        return words.into();
    }
    let words = words.replace("\r\n", "\n").replace('\r', "\n");
    let mut text = String::with_capacity(words.len());
    let mut units = 0;
    for char in words.chars() {
        units += char.len_utf16();
        if units > LONGEST_TEXT {
            text.push_str("…[截断 cut]");
            break;
        }
        if stays(char) {
            text.push(char);
        }
    }
    text.into()
}

/// The token of a formula with its value.
pub fn formula_token(formula: &str, value: &str) -> String {
    format!("{{{}:{value}}}", quoted(formula))
}

/// A token as people read it in the first cell.
pub fn label(token: &str) -> String {
    match serde_json::from_str(token) {
        Ok(serde_json::Value::String(words)) => words,
        Ok(serde_json::Value::Number(number)) => number.as_f64().map_or_else(String::new, |value| value.to_string()),
        Ok(serde_json::Value::Null) => String::new(),
        _ => token.to_owned(),
    }
}

/// Empty cells at the end of a row are not seen by its reader.
pub fn trim(tokens: &mut Vec<String>) {
    while tokens.last().is_some_and(|token| token == "null") {
        tokens.pop();
    }
}

/// A column's letters: 0 is `A`, 26 is `AA`.
pub fn letters(column: u16) -> String {
    rust_xlsxwriter::utility::column_number_to_name(column)
}

fn header_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_pattern(FormatPattern::Solid)
        .set_background_color(Color::RGB(0x00D9_E7F5))
        .set_border(FormatBorder::Thin)
}

fn cell_format(column: &Column) -> Format {
    let format = Format::new().set_border(FormatBorder::Hair).set_align(FormatAlign::VerticalCenter);
    match column.holds {
        Holds::Text => format.set_text_wrap().set_num_format("@").set_align(FormatAlign::Left),
        // With the room of a space behind it: words may follow.
        Holds::Figure => format.set_num_format("#,##0_ "),
        Holds::Count if column.summed => format.set_num_format("#,##0"),
        Holds::Count => format.set_num_format("0").set_align(FormatAlign::Center),
        Holds::Metres => format.set_num_format("0.0"),
        Holds::Share => format.set_num_format("0%").set_align(FormatAlign::Center),
        Holds::Degrees => format.set_num_format("0.000000"),
        Holds::Instant => format.set_num_format("yyyy-mm-dd hh:mm:ss").set_align(FormatAlign::Center),
        Holds::Flag => format.set_align(FormatAlign::Center),
    }
}

/// A workbook carries a time of making; this one's is fixed, so that the same table is the same file.
fn epoch() -> Result<rust_xlsxwriter::ExcelDateTime, XlsxError> {
    rust_xlsxwriter::ExcelDateTime::from_ymd(2000, 1, 1)
}

fn wrap(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_high_as_their_words() {
        let of = |words: &str| lines(&Cell::Text(words.into()), 12);
        assert_eq!((of(""), of("电动车"), of("0123456789"), of("0123456789a")), (1, 1, 1, 2));
        assert_eq!((of("红色电动车被偷"), of("a\nb\n\nc")), (2, 4));
    }

    #[test]
    fn words_are_cleaned_and_cut() {
        assert_eq!(clean("a\r\nb\rc\td\u{0}\u{7}\u{85}\u{ffff}e"), "a\nb\nc\tde");
        let long = "长".repeat(40_000);
        let long = clean(&long);
        assert!(long.ends_with("cut]") && long.encode_utf16().count() < 32_767);
    }

    #[test]
    fn instants_are_counted_as_local_days() {
        let at = Millis::from(chrono::DateTime::parse_from_rfc3339("2026-11-21T12:00:00+08:00").unwrap());
        assert_eq!(serial(at, chrono_tz::Asia::Shanghai), 46_347.5);
        assert_eq!(number(serial(at, chrono_tz::UTC)), "4.63471666666667e4");
    }
}
