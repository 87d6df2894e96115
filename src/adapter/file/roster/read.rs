//! A workbook of rosters as offices make them: read with what is told of it, refused with all that is wrong.
//!
//! The header is looked for in the first rows; merged cells count for each row they cover, a unit left empty is as above;
//! sums and remarks under a table are no rows. Called by the import.

use super::column::{self, called, find_column, find_sheet, folded, half_width, sheet_name};
use super::{Parsed, Placed};
use crate::adapter::file::duty::{Fault, Faults};
use crate::adapter::file::sheet::DIGEST_SHEET;
use crate::domain::roster::{Headcount, Roster, Sheet, Team, Unit, Volunteer};
use crate::domain::tip::redact::holds_id_card;
use crate::port::table::Column;
use calamine::{Data, Reader as _, Xlsx};
use std::collections::HashMap;
use std::io::Cursor;

/// So many rows may stand above the header, itself included.
const HEAD_ROWS: u32 = 10;
/// A cell is at most so long, characters.
const LONGEST: usize = 300;
/// What a row under a table begins with that is no row of it: sums, and lines to sign.
const SUMS: [&str; 6] = ["合计", "总计", "小计", "核对值", "total", "checked"];
const REMARKS: [&str; 10] = ["备注", "注:", "注：", "说明", "填报", "填表", "制表", "审核", "盖章", "note"];

/// A row with its cells by column.
struct Line<'a> {
    place: String,
    header: &'a [(u32, Column)],
    cells: HashMap<u32, String>,
}

impl Line<'_> {
    fn cell(&self, column: Column) -> &str {
        let at = self.header.iter().find(|(_, known)| known.key == column.key);
        at.and_then(|(at, _)| self.cells.get(at)).map_or("", String::as_str)
    }

    fn fault(&self, column: Column, what: impl Into<String>) -> Fault {
        Fault { place: format!("{}, column {}", self.place, called(column)), what: what.into() }
    }

    /// Takes what was read from a column, or notes what is wrong with it.
    fn take<T>(&self, column: Column, read: impl Fn(&str) -> Result<T, String>, faults: &mut Vec<Fault>) -> Option<T> {
        let cell = self.cell(column);
        let read = if holds_id_card(cell) {
            Err("an ID-card number stands there: rosters keep none, take it out".into())
        } else if cell.chars().count() > LONGEST {
            Err(format!("it is longer than {LONGEST} characters: shorten it"))
        } else {
            read(cell)
        };
        read.map_err(|what| faults.push(self.fault(column, what))).ok()
    }

    fn words(&self, column: Column, faults: &mut Vec<Fault>) -> Option<String> {
        self.take(column, |cell| Ok(cell.to_owned()), faults)
    }

    fn filled(&self, column: Column, faults: &mut Vec<Fault>) -> Option<String> {
        let read =
            |cell: &str| if cell.is_empty() { Err("it is empty: fill it in".into()) } else { Ok(cell.to_owned()) };
        self.take(column, read, faults)
    }
}

/// The units by which rows name theirs.
struct Units {
    /// Each code with its name, and the name it had before.
    names: HashMap<String, (String, Option<String>)>,
}

impl Units {
    fn new(units: &[Unit], old: &Roster) -> Self {
        let before: HashMap<&str, &str> = old.units.iter().map(|it| (it.code.as_str(), it.name.as_str())).collect();
        let name = |it: &Unit| (it.name.clone(), before.get(it.code.as_str()).map(|name| (*name).to_owned()));
        Self { names: units.iter().map(|it| (it.code.clone(), name(it))).collect() }
    }

    /// The code of the unit that a row names, by code or by name.
    fn find(&self, code: &str, name: &str) -> Result<String, (Column, String)> {
        let sheet = sheet_name(Sheet::Units);
        if code.is_empty() {
            let mut named = self.names.iter().filter(|(_, (now, _))| now == name).map(|(code, _)| code);
            return match (named.next(), named.next()) {
                _ if name.is_empty() => Err((column::UNIT, "it is empty: write the unit's code or name".into())),
                (Some(code), None) => Ok(code.clone()),
                (Some(_), Some(_)) => {
                    Err((column::UNIT_NAME, format!("several units are named {name}: write the code")))
                }
                (None, _) => Err((
                    column::UNIT_NAME,
                    format!("no unit is named {name}: enter it in sheet {sheet}, or mend the name"),
                )),
            };
        }
        match self.names.get(code) {
            None => {
                Err((column::UNIT, format!("there is no unit `{code}`: enter it in sheet {sheet}, or mend the code")))
            }
            Some((now, before)) if !name.is_empty() && now != name && before.as_deref() != Some(name) => {
                Err((column::UNIT_NAME, format!("{code} is {now}, not {name}: mend the code or the name")))
            }
            Some(_) => Ok(code.to_owned()),
        }
    }
}

/// What a sheet holds: its header, and its rows.
struct Page {
    header: Vec<(u32, Column)>,
    rows: Vec<(u32, HashMap<u32, String>)>,
}

/// Reads a workbook; `old` tells the units where the file does not.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(bytes: &[u8], old: &Roster) -> Result<Parsed, Faults> {
    let one = |what: String| Faults(vec![Fault { place: String::new(), what }]);
    let unreadable = |error: String| one(format!("the workbook cannot be read: {error}: save it anew as .xlsx"));
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(one("it is no .xlsx workbook: in the spreadsheet, save it as Excel workbook (.xlsx)".into()));
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(error.to_string()))?;
    let (mut parsed, mut faults) = (Parsed::default(), Vec::new());
    let names = book.sheet_names();
    let mut pages: HashMap<Sheet, (String, Option<Page>)> = HashMap::new();
    for name in &names {
        let Some(sheet) = find_sheet(name) else {
            if name != DIGEST_SHEET {
                parsed.notes.push(format!("sheet {name} is none of the rosters and was left out"));
            }
            continue;
        };
        let cells = filled_cells(&mut book, name).map_err(unreadable)?;
        let page = open(sheet, name, cells, &mut parsed.notes, &mut faults);
        if let Some((first, _)) = pages.insert(sheet, (name.clone(), page)) {
            let what = format!("it is the same roster as sheet {first}: take one away, or give it another name");
            faults.push(Fault { place: format!("sheet {name}"), what });
        }
    }
    if pages.is_empty() {
        let known = Sheet::ALL.map(sheet_name).join(", ");
        return Err(one(format!(
            "it has no sheet of the rosters: name the sheets {known} (it has {})",
            names.join(", ")
        )));
    }
    // Units first, wherever they stand: the other sheets name them.
    for sheet in Sheet::ALL {
        let Some((name, page)) = pages.remove(&sheet) else { continue };
        let rows = page.map_or_else(Vec::new, |page| lines(sheet, &name, page, &mut parsed.notes));
        match sheet {
            Sheet::Units => {
                let rows = rows.iter().filter_map(|row| Some((row.place(), unit(&row.line(), &mut faults)?)));
                parsed.units = Some(rows.collect());
            }
            Sheet::Team(team) => {
                let units = units(&parsed, old);
                let rows = rows
                    .iter()
                    .filter_map(|row| Some((row.place(), volunteer(team, &row.line(), &units, &mut faults)?)));
                let rows: Placed<Volunteer> = rows.collect();
                parsed.teams.insert(team, rows);
            }
            Sheet::Headcounts => {
                let units = units(&parsed, old);
                let rows =
                    rows.iter().filter_map(|row| Some((row.place(), headcount(&row.line(), &units, &mut faults)?)));
                parsed.headcounts = Some(rows.filter_map(|(place, it)| Some((place, it?))).collect());
            }
        }
    }
    if faults.is_empty() { Ok(parsed) } else { Err(Faults(faults)) }
}

fn units(parsed: &Parsed, old: &Roster) -> Units {
    match &parsed.units {
        Some(units) => Units::new(&units.iter().map(|(_, unit)| unit.clone()).collect::<Vec<_>>(), old),
        None => Units::new(&old.units, old),
    }
}

/// Rows of filled cells, rows and columns counted from 0. A merged cell's words stand in each cell that it covers.
type Cells = Vec<(u32, HashMap<u32, String>)>;

fn filled_cells(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Cells, String> {
    let range = book.worksheet_range(name).map_err(|error| error.to_string())?;
    let merged = book.merge_cells_by_sheet_name(name).map_err(|error| error.to_string())?;
    let (top, left) = range.start().unwrap_or((0, 0));
    let mut rows: HashMap<u32, HashMap<u32, String>> = HashMap::new();
    for (row, cells) in (top..).zip(range.rows()) {
        for (column, cell) in (left..).zip(cells) {
            let words = text(cell);
            if !words.is_empty() {
                rows.entry(row).or_default().insert(column, words);
            }
        }
    }
    for area in merged {
        let Some(words) = rows.get(&area.start.0).and_then(|row| row.get(&area.start.1)).cloned() else { continue };
        // Downwards only: a title merged across is one cell. Rows without anything of their own stay empty.
        for row in area.start.0 + 1..=area.end.0 {
            if let Some(cells) = rows.get_mut(&row) {
                cells.entry(area.start.1).or_insert_with(|| words.clone());
            }
        }
    }
    let mut rows: Cells = rows.into_iter().collect();
    rows.sort_by_key(|(row, _)| *row);
    Ok(rows)
}

/// A cell as words, without what cannot be filed: line breaks, control characters.
fn text(cell: &Data) -> String {
    let words = match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(words) | Data::DateTimeIso(words) | Data::DurationIso(words) => words.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(at) => at.as_f64().to_string(),
    };
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    words.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).map(spaced).collect::<String>().trim().to_owned()
}

/// Finds the header: of the first rows the one that names the most columns.
fn open(sheet: Sheet, name: &str, rows: Cells, notes: &mut Vec<String>, faults: &mut Vec<Fault>) -> Option<Page> {
    let columns = column::read(sheet);
    let list = columns.iter().map(|(column, _)| called(*column)).collect::<Vec<_>>().join(", ");
    let known = |cells: &HashMap<u32, String>| cells.values().filter(|cell| find_column(sheet, cell).is_some()).count();
    if rows.is_empty() {
        return None;
    }
    let best = rows.iter().filter(|(row, _)| *row < HEAD_ROWS).enumerate().max_by_key(|(n, (_, cells))| {
        // Of equals the first.
        (known(cells), usize::MAX - n)
    });
    let Some((at, (row, cells))) = best.filter(|(_, (_, cells))| known(cells) >= 2) else {
        let what = format!("no header was found in its first {HEAD_ROWS} rows: one row must name the columns {list}");
        faults.push(Fault { place: format!("sheet {name}"), what });
        return None;
    };
    let place = format!("sheet {name}, row {}", row + 1);
    let before = faults.len();
    let mut header: Vec<(u32, Column)> = Vec::new();
    let mut cells: Vec<(u32, &String)> = cells.iter().map(|(at, cell)| (*at, cell)).collect();
    cells.sort();
    for (at, cell) in cells {
        match find_column(sheet, cell) {
            Some(column) if header.iter().any(|(_, other)| other.key == column.key) => {
                let what = format!("the column {} is there twice: take one away", called(column));
                faults.push(Fault { place: place.clone(), what });
            }
            Some(column) => header.push((at, column)),
            None if cell.contains("身份证") || folded(cell).starts_with("idcard") => {
                notes.push(format!(
                    "{place}: the column {cell} was left out: rosters keep no ID-card numbers, take it out of the file"
                ));
            }
            None => notes.push(format!("{place}: the column {cell} is not known and was left out")),
        }
    }
    let has = |key: &str| header.iter().any(|(_, column)| column.key == key);
    for (column, _) in columns.iter().filter(|(column, optional)| !optional && !has(column.key)) {
        let why = if column.key == "name" && matches!(sheet, Sheet::Team(_)) {
            " (a file that was exported without --names cannot be taken back)"
        } else {
            ""
        };
        let what = format!("the column {} is missing: the columns are {list}{why}", called(*column));
        faults.push(Fault { place: place.clone(), what });
    }
    if sheet != Sheet::Units && !has("unit") && !has("unit_name") {
        let what = format!("the column {} is missing: the columns are {list}", called(column::UNIT));
        faults.push(Fault { place, what });
    }
    (faults.len() == before).then(|| Page { header, rows: rows.into_iter().skip(at + 1).collect() })
}

/// A row of a page, ready to be read.
struct Row {
    place: String,
    header: Vec<(u32, Column)>,
    cells: HashMap<u32, String>,
}

impl Row {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn line(&self) -> Line<'_> {
        Line { place: self.place.clone(), header: &self.header, cells: self.cells.clone() }
    }
}

/// The rows of a page, units filled in from above, without sums and remarks.
fn lines(sheet: Sheet, name: &str, page: Page, notes: &mut Vec<String>) -> Vec<Row> {
    let at = |key: &str| page.header.iter().find(|(_, column)| column.key == key).map(|(at, _)| *at);
    let own = match sheet {
        Sheet::Units => at("kind"),
        Sheet::Team(_) => at("name"),
        Sheet::Headcounts => at("team"),
    };
    let mut above: [Option<String>; 2] = [None, None];
    let mut out = Vec::new();
    for (row, mut cells) in page.rows {
        let place = format!("sheet {name}, row {}", row + 1);
        let first = cells.iter().min_by_key(|(at, _)| **at).map_or("", |(_, cell)| cell.as_str()).to_lowercase();
        let bare = own.is_none_or(|own| !cells.contains_key(&own));
        if bare && SUMS.iter().any(|word| first.starts_with(word)) {
            continue;
        }
        if bare && REMARKS.iter().any(|word| first.starts_with(word)) {
            notes.push(format!("{place}: `{first}` is a remark and was left out"));
            continue;
        }
        // Only cells of columns that nobody knows: nothing of it is a roster's.
        if !page.header.iter().any(|(at, _)| cells.contains_key(at)) {
            continue;
        }
        if sheet != Sheet::Units {
            let unit = [at("unit"), at("unit_name")];
            if unit.iter().flatten().all(|at| !cells.contains_key(at)) {
                for (at, words) in unit.iter().zip(&above) {
                    if let (Some(at), Some(words)) = (at, words) {
                        cells.insert(*at, words.clone());
                    }
                }
            }
            above = unit.map(|at| cells.get(&at?).cloned());
        }
        out.push(Row { place, header: page.header.clone(), cells });
    }
    out
}

fn code(cell: &str) -> Result<String, String> {
    match half_width(cell).trim() {
        "" => Err("it is empty: give the unit a code, as C01".into()),
        code if code.chars().count() > 40 => Err("it is longer than 40 characters: shorten it".into()),
        code => Ok(code.to_owned()),
    }
}

fn unit(line: &Line<'_>, faults: &mut Vec<Fault>) -> Option<Unit> {
    let code = line.take(column::UNIT, code, faults);
    let name = line.filled(column::UNIT_NAME, faults);
    let kind = line.take(column::KIND, column::parse_kind, faults);
    let population = line.take(column::POPULATION, column::parse_count, faults);
    let larger = line.take(column::LARGER, column::parse_flag, faults);
    Some(Unit { code: code?, name: name?, kind: kind?, population: population?, larger: larger? })
}

fn unit_of(line: &Line<'_>, units: &Units, faults: &mut Vec<Fault>) -> Option<String> {
    let code = half_width(line.cell(column::UNIT));
    let found = units.find(code.trim(), line.cell(column::UNIT_NAME));
    found.map_err(|(column, what)| faults.push(line.fault(column, what))).ok()
}

fn volunteer(team: Team, line: &Line<'_>, units: &Units, faults: &mut Vec<Fault>) -> Option<Volunteer> {
    let unit = unit_of(line, units, faults);
    let form = line.take(column::FORM, |cell| column::parse_form(team, cell), faults);
    let squad = line.words(column::SQUAD, faults);
    let name = line.filled(column::NAME, faults);
    let phone = line.take(column::PHONE, column::parse_phone, faults);
    let user = line.take(column::USER, column::parse_user, faults);
    let class = line.words(column::CLASS, faults);
    let leader = line.take(column::LEADER, column::parse_flag, faults);
    let area = line.words(column::AREA, faults);
    let gear = line.words(column::GEAR, faults);
    let people = |cell: &str| match column::parse_count(cell)? {
        Some(0) => Err("nobody stands for this row: write at least 1, or take the row away".into()),
        people => Ok(people.unwrap_or(1)),
    };
    let people = line.take(column::PEOPLE, people, faults);
    Some(Volunteer {
        unit: unit?,
        form: form?,
        squad: squad?,
        name: name?,
        phone: phone?,
        user: user?,
        class: class?,
        leader: leader?,
        area: area?,
        gear: gear?,
        people: people?,
    })
}

/// A head-count and how many the file says that there are; nothing where it suggests nothing.
fn headcount(line: &Line<'_>, units: &Units, faults: &mut Vec<Fault>) -> Option<Option<(Headcount, Option<u32>)>> {
    let unit = unit_of(line, units, faults);
    let team = line.take(column::TEAM, column::parse_team, faults);
    let suggested = line.take(column::SUGGESTED, column::parse_count, faults);
    let actual = line.take(column::ACTUAL, column::parse_count, faults);
    let (unit, team, actual) = (unit?, team?, actual?);
    Some(suggested?.map(|suggested| (Headcount { unit, team, suggested }, actual)))
}
