//! The rota as a workbook with three sheets, or as one CSV whose first column says which kind of row it is.
//!
//! Owns sheets, columns and row numbers as a spreadsheet counts them. Headers are read in either language, or both.

use super::cells;
use super::{Fault, Faults, Known, Parsed};
use crate::adapter::file::grid::decode;
use crate::domain::duty::{Holiday, Rota, Shift, Swap, TurnKey};
use crate::domain::id::UserId;
use calamine::{Data, Reader as _, Xlsx};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::io::Cursor;

/// Which part of the rota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sheet {
    Shifts,
    Holidays,
    Swaps,
}

type Column = (&'static str, &'static str, f64);

const USER: Column = ("user_id", "用户号", 14.0);
const NAME: Column = ("name", "姓名", 12.0);
const POST: Column = ("post", "岗位", 10.0);
const DAYS: Column = ("days", "星期", 22.0);
const FROM: Column = ("from", "开始", 11.0);
const TO: Column = ("to", "结束", 11.0);
const FIRST: Column = ("first", "起始日期", 16.0);
const LAST: Column = ("last", "截止日期", 16.0);
const ON_HOLIDAYS: Column = ("holidays", "节假日", 16.0);
const DATE: Column = ("date", "日期", 14.0);
const TITLE: Column = ("name", "名称", 16.0);
const TAKER: Column = ("taken_by", "替班人", 16.0);
const TAKER_NAME: Column = ("taken_by_name", "替班人姓名", 24.0);
const KIND: Column = ("kind", "类别", 10.0);

impl Sheet {
    const ALL: [Self; 3] = [Self::Shifts, Self::Holidays, Self::Swaps];

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Shifts => ("shifts", "班次"),
            Self::Holidays => ("holidays", "节假日"),
            Self::Swaps => ("swaps", "调班"),
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Shifts => &[USER, NAME, POST, DAYS, FROM, TO, FIRST, LAST, ON_HOLIDAYS],
            Self::Holidays => &[DATE, TITLE],
            Self::Swaps => &[DATE, USER, NAME, POST, FROM, TAKER, TAKER_NAME],
        }
    }

    fn required(self) -> &'static [Column] {
        match self {
            Self::Shifts => &[DAYS, FROM, TO],
            Self::Holidays => &[DATE],
            Self::Swaps => &[DATE, FROM, TAKER],
        }
    }

    /// The sheet of that name: `班次`, `shifts`, `班次 shifts`, in singular as well.
    fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        Self::ALL.into_iter().find(|sheet| {
            let (en, zh) = sheet.names();
            text == en || text == en[..en.len() - 1] || text == zh || text == format!("{zh} {en}")
        })
    }
}

fn header(column: Column) -> String {
    format!("{} {}", column.1, column.0)
}

fn is_column(column: Column, cell: &str) -> bool {
    let cell = cell.to_lowercase();
    cell == column.0 || cell == column.1 || cell == header(column)
}

const CSV: [Column; 13] = [KIND, USER, NAME, POST, DAYS, FROM, TO, FIRST, LAST, ON_HOLIDAYS, DATE, TAKER, TAKER_NAME];

/// A row with its cells by column.
struct Line<'a> {
    place: String,
    header: &'a [Option<Column>],
    cells: Vec<String>,
}

impl Line<'_> {
    fn cell(&self, column: Column) -> &str {
        let at = self.header.iter().position(|known| known.is_some_and(|known| known.0 == column.0));
        at.and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }

    /// Takes what was read from a column, or notes what is wrong with it.
    fn take<T>(&self, column: Column, read: Result<T, String>, faults: &mut Vec<Fault>) -> Option<T> {
        let place = || format!("{}, column {}", self.place, header(column));
        read.map_err(|what| faults.push(Fault { place: place(), what })).ok()
    }
}

/// Reads a workbook, or a CSV.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(bytes: &[u8], known: &Known) -> Result<Parsed, Faults> {
    if bytes.starts_with(b"PK\x03\x04") { parse_workbook(bytes, known) } else { parse_csv(bytes, known) }
}

fn parse_workbook(bytes: &[u8], known: &Known) -> Result<Parsed, Faults> {
    let unreadable =
        |error: String| Faults::one(format!("the workbook cannot be read: {error}: save it anew as .xlsx"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(error.to_string()))?;
    let (mut parsed, mut faults) = (Parsed::default(), Vec::new());
    let names = book.sheet_names();
    for name in &names {
        let Some(sheet) = Sheet::named(name) else { continue };
        let range = book.worksheet_range(name).map_err(|error| unreadable(error.to_string()))?;
        let top = range.start().map_or(0, |start| start.0 as usize);
        let mut rows = range.rows().enumerate().map(|(n, row)| (top + n + 1, row.iter().map(text).collect::<Vec<_>>()));
        let mut filled = rows.by_ref().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
        let Some((row, head)) = filled.next() else {
            open(sheet, &mut parsed);
            continue;
        };
        let place = format!("sheet {name}");
        let Some(header) =
            read_header(sheet.columns(), sheet.required(), &head, &format!("{place}, row {row}"), &mut faults)
        else {
            continue;
        };
        open(sheet, &mut parsed);
        for (row, cells) in filled {
            let line = Line { place: format!("{place}, row {row}"), header: &header, cells };
            read_line(sheet, &line, known, &mut parsed, &mut faults);
        }
    }
    if parsed == Parsed::default() && faults.is_empty() {
        return Err(Faults::one(format!(
            "it has no sheet of the rota: name the sheets 班次 shifts, 节假日 holidays, 调班 swaps (it has {})",
            names.join(", ")
        )));
    }
    if faults.is_empty() { Ok(parsed) } else { Err(Faults(faults)) }
}

/// The sheet is there: what it does not name goes.
fn open(sheet: Sheet, parsed: &mut Parsed) {
    match sheet {
        Sheet::Shifts => drop(parsed.shifts.get_or_insert_default()),
        Sheet::Holidays => drop(parsed.holidays.get_or_insert_default()),
        Sheet::Swaps => drop(parsed.swaps.get_or_insert_default()),
    }
}

/// A cell as words: hours and dates that the spreadsheet made numbers of come back as they were written.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(words) | Data::DateTimeIso(words) | Data::DurationIso(words) => words.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(at) => {
            #[expect(clippy::cast_possible_truncation, reason = "minutes of some centuries")]
            let minutes = (at.as_f64() * 1440.0).round() as i64;
            if minutes <= 1440 {
                return format!("{:02}:{:02}", minutes / 60, minutes % 60);
            }
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
    }
}

fn read_header(
    known: &[Column],
    required: &[Column],
    cells: &[String],
    place: &str,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Option<Column>>> {
    let before = faults.len();
    let list = known.iter().map(|column| header(*column)).collect::<Vec<_>>().join(", ");
    let mut fault = |what: String| faults.push(Fault { place: place.to_owned(), what });
    let mut found: Vec<Option<Column>> = Vec::new();
    for cell in cells {
        let column = known.iter().copied().find(|column| is_column(*column, cell.trim()));
        match column {
            Some(column) if found.iter().flatten().any(|other| other.0 == column.0) => {
                fault(format!("the column {} is there twice: take one away", header(column)));
            }
            None if !cell.trim().is_empty() => {
                fault(format!("the column `{cell}` is not known: the columns are {list}"));
            }
            _ => {}
        }
        found.push(column);
    }
    for column in required.iter().filter(|column| !found.iter().flatten().any(|other| other.0 == column.0)) {
        fault(format!("the column {} is missing: the columns are {list}", header(*column)));
    }
    (faults.len() == before).then_some(found)
}

fn read_line(sheet: Sheet, line: &Line<'_>, known: &Known, parsed: &mut Parsed, faults: &mut Vec<Fault>) {
    let person = |id: Column, name: Column| known.person(line.cell(id), line.cell(name));
    match sheet {
        Sheet::Shifts => {
            let date = |column: Column| match line.cell(column) {
                "" => Ok(None),
                text => cells::parse_date(text).map(Some),
            };
            let user = line.take(USER, person(USER, NAME), faults);
            let post = line.take(POST, known.post(line.cell(POST)), faults);
            let days = line.take(DAYS, cells::parse_days(line.cell(DAYS)), faults);
            let from = line.take(FROM, cells::parse_time(line.cell(FROM)), faults);
            let to = line.take(TO, cells::parse_time(line.cell(TO)), faults);
            let first = line.take(FIRST, date(FIRST), faults);
            let last = line.take(LAST, date(LAST), faults);
            let holidays = line.take(ON_HOLIDAYS, cells::parse_holidays(line.cell(ON_HOLIDAYS)), faults);
            let shift = || {
                Some(Shift {
                    user: user?,
                    post: post?,
                    days: days?,
                    from: from?,
                    to: to?,
                    first: first?,
                    last: last?,
                    holidays: holidays?,
                })
            };
            parsed.shifts.get_or_insert_default().extend(shift().map(|shift| (line.place.clone(), shift)));
        }
        Sheet::Holidays => {
            let date = line.take(DATE, cells::parse_date(line.cell(DATE)), faults);
            let holiday = date.map(|date| Holiday { date, name: line.cell(TITLE).to_owned() });
            parsed.holidays.get_or_insert_default().extend(holiday.map(|holiday| (line.place.clone(), holiday)));
        }
        Sheet::Swaps => {
            let date = line.take(DATE, cells::parse_date(line.cell(DATE)), faults);
            let owner = line.take(USER, person(USER, NAME), faults);
            let post = line.take(POST, known.post(line.cell(POST)), faults);
            let from = line.take(FROM, cells::parse_time(line.cell(FROM)), faults);
            let nobody = line.cell(TAKER).is_empty() && line.cell(TAKER_NAME).is_empty();
            let taken_by = if nobody { Ok(None) } else { person(TAKER, TAKER_NAME).map(Some) };
            let taken_by = line.take(TAKER, taken_by, faults);
            let swap = || {
                let turn = TurnKey { owner: owner?, date: date?, post: post?, from: from? };
                Some(Swap { turn, taken_by: taken_by? })
            };
            parsed.swaps.get_or_insert_default().extend(swap().map(|swap| (line.place.clone(), swap)));
        }
    }
}

fn parse_csv(bytes: &[u8], known: &Known) -> Result<Parsed, Faults> {
    let text = decode(bytes).map_err(|problems| {
        Faults(problems.0.into_iter().map(|p| Fault { place: String::new(), what: p.what }).collect())
    })?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut parsed, mut faults) = (Parsed::default(), Vec::new());
    let mut header: Option<Vec<Option<Column>>> = None;
    let mut inside = 0;
    for record in reader.records() {
        let record = record.map_err(|error| Faults::one(format!("it cannot be read as CSV: {error}")))?;
        let line = record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
        let row = line.saturating_sub(inside);
        inside += record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
        let cells: Vec<String> = record.iter().map(|cell| unguarded(cell.trim()).to_owned()).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let place = format!("row {row}");
        let Some(columns) = &header else {
            match read_header(&CSV, &[], &cells, &place, &mut faults) {
                Some(found) => header = Some(found),
                None => return Err(Faults(faults)),
            }
            continue;
        };
        let line = Line { place, header: columns, cells };
        let has_kind = columns.iter().flatten().any(|column| column.0 == KIND.0);
        let sheet = match line.cell(KIND) {
            "" if !has_kind => Some(Sheet::Shifts),
            text => Sheet::named(text),
        };
        match sheet {
            Some(sheet) => read_line(sheet, &line, known, &mut parsed, &mut faults),
            None => {
                let what = format!("`{}` is no kind of row: write shift, holiday or swap", line.cell(KIND));
                faults.push(Fault { place: format!("{}, column {}", line.place, self::header(KIND)), what });
            }
        }
    }
    let Some(columns) = header else {
        return Err(Faults::one(format!(
            "it is empty: the first row names the columns {}",
            CSV.map(self::header).join(", ")
        )));
    };
    // A file that tells of all three tells of those of which it has no row, too.
    if columns.iter().flatten().any(|column| column.0 == KIND.0) {
        Sheet::ALL.into_iter().for_each(|sheet| open(sheet, &mut parsed));
    } else {
        open(Sheet::Shifts, &mut parsed);
    }
    if faults.is_empty() { Ok(parsed) } else { Err(Faults(faults)) }
}

/// Without the apostrophe that keeps a spreadsheet from reading words as a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) => rest,
        _ => cell,
    }
}

fn values(sheet: Sheet, rota: &Rota, known: &Known) -> Vec<Vec<(Column, String)>> {
    let date = |date: Option<chrono::NaiveDate>| date.map_or(String::new(), |date| date.to_string());
    let time = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    let who = |user: UserId| (user.to_string(), known.name(user).to_owned());
    match sheet {
        Sheet::Shifts => {
            let row = |shift: &Shift| {
                let (user, name) = who(shift.user);
                vec![
                    (USER, user),
                    (NAME, name),
                    (POST, shift.post.clone()),
                    (DAYS, cells::days(shift.days, known.language)),
                    (FROM, time(shift.from)),
                    (TO, time(shift.to)),
                    (FIRST, date(shift.first)),
                    (LAST, date(shift.last)),
                    (ON_HOLIDAYS, cells::holidays(shift.holidays, known.language).to_owned()),
                ]
            };
            rota.shifts.iter().map(row).collect()
        }
        Sheet::Holidays => {
            rota.holidays.iter().map(|h| vec![(DATE, h.date.to_string()), (TITLE, h.name.clone())]).collect()
        }
        Sheet::Swaps => {
            let row = |swap: &Swap| {
                let ((owner, name), taker) = (who(swap.turn.owner), swap.taken_by.map(who).unwrap_or_default());
                vec![
                    (DATE, swap.turn.date.to_string()),
                    (USER, owner),
                    (NAME, name),
                    (POST, swap.turn.post.clone()),
                    (FROM, time(swap.turn.from)),
                    (TAKER, taker.0),
                    (TAKER_NAME, taker.1),
                ]
            };
            rota.swaps.iter().map(row).collect()
        }
    }
}

/// The rota as a workbook. Every cell is text, so that no spreadsheet turns it into something else.
///
/// # Errors
/// It cannot be written.
pub fn write_workbook(rota: &Rota, known: &Known) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, plain) = (Format::new().set_bold().set_num_format("@"), Format::new().set_num_format("@"));
    for sheet in Sheet::ALL {
        let (en, zh) = sheet.names();
        let page = book.add_worksheet();
        page.set_name(format!("{zh} {en}"))?.set_freeze_panes(1, 0)?;
        for (n, column) in (0u16..).zip(sheet.columns()) {
            page.set_column_width(n, column.2)?.set_column_format(n, &plain)?;
            page.write_string_with_format(0, n, header(*column), &bold)?;
        }
        for (row, cells) in (1u32..).zip(values(sheet, rota, known)) {
            for (n, (_, text)) in (0u16..).zip(cells) {
                page.write_string_with_format(row, n, text, &plain)?;
            }
        }
    }
    book.save_to_buffer()
}

/// The rota as one CSV, UTF-8 with a byte order mark.
pub fn write_csv(rota: &Rota, known: &Known) -> String {
    let mut out = String::from("\u{feff}");
    let mut line = |fields: Vec<String>| {
        let quoted = |field: &String| {
            if field.contains([',', '"', '\r', '\n']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.clone()
            }
        };
        out.push_str(&fields.iter().map(quoted).collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    };
    line(CSV.map(header).to_vec());
    for sheet in Sheet::ALL {
        let (en, zh) = sheet.names();
        let kind = format!("{zh} {en}");
        for cells in values(sheet, rota, known) {
            let cell = |column: &Column| {
                if column.0 == KIND.0 {
                    return kind.clone();
                }
                let found = cells.iter().find(|(own, _)| own.0 == column.0);
                found.map_or(String::new(), |(_, text)| crate::adapter::file::table::guarded(text))
            };
            line(CSV.iter().map(cell).collect());
        }
    }
    out
}
