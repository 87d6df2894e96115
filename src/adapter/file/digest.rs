//! Keyed digests: by them a filed table is shown to be what was exported, and what was changed is named.
//!
//! Owns the listing: what a table was (title, period, header, totals in clear), an HMAC-SHA-256 for each row over
//! the values as a reader of the file sees them, and one over the whole listing. It stands beside a text file as
//! `FILE.digest` and in a workbook as the sheet `digest`. Called by the writers and by `verify`.

use super::Format;
use crate::domain::period::rfc3339;
use crate::port::table::Head;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The version of the listing's form, in its first line.
const VERSION: &str = "1";
/// What the first line begins with.
const MAGIC: &str = "baiying-digest";

/// The installation's key for digests.
#[derive(Clone)]
pub struct ExportKey(Vec<u8>);

impl ExportKey {
    /// A key from a secret of at least 16 bytes.
    ///
    /// # Errors
    /// It is shorter, and could be guessed.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, String> {
        let secret = secret.as_ref().trim_ascii();
        if secret.len() < 16 {
            return Err("the export key (BAIYING_EXPORT_KEY) is shorter than 16 characters: take a longer one".into());
        }
        Ok(Self(secret.to_vec()))
    }

    /// A short name of the key, which tells nothing of it: by it a file made under another key is known.
    pub fn id(&self) -> String {
        hex(&self.mac("key", [""]))[..12].to_owned()
    }

    /// HMAC-SHA-256 over a label and parts, each with its length in front.
    pub(crate) fn mac(&self, label: &str, parts: impl IntoIterator<Item = impl AsRef<str>>) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        let mut feed = |part: &str| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        };
        feed(MAGIC);
        feed(VERSION);
        feed(label);
        parts.into_iter().for_each(|part| feed(part.as_ref()));
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for ExportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExportKey(…)")
    }
}

/// An HMAC-SHA-256.
pub type Digest = [u8; 32];

/// One row as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMark {
    /// Its first cell, by which people know it.
    pub first: String,
    /// Its digest; all zeros, which no row has, where a tampered listing holds anything else.
    pub digest: Digest,
}

/// A line that stands in the file above or below the rows, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is: `title`, `period`, `unit`, `header`, `totals`, …
    pub name: String,
    /// Its canonical form (see [`canonical`]).
    pub text: String,
}

/// All that is remembered of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The file's format.
    pub format: String,
    /// The table's kind.
    pub kind: String,
    /// The sheet that it stands in, in a workbook of several; empty: it is a file of its own.
    pub sheet: String,
    /// The key's short name.
    pub key_id: String,
    /// The table's title.
    pub title: String,
    /// The period's start, RFC 3339.
    pub from: String,
    /// The period's end, RFC 3339.
    pub to: String,
    /// Lines above the rows.
    pub head: Vec<Line>,
    /// The rows, in order.
    pub rows: Vec<RowMark>,
    /// Lines below the rows.
    pub foot: Vec<Line>,
    /// The digest of all of the above, hex; empty until sealed.
    pub whole: String,
}

impl Listing {
    /// The listing of a table that has no rows yet.
    pub fn new(head: &Head, format: Format, key: &ExportKey) -> Self {
        Self {
            format: format.as_str().into(),
            kind: head.kind.as_str().into(),
            sheet: head.sheet.filter(|_| format == Format::Xlsx).unwrap_or_default().into(),
            key_id: key.id(),
            title: head.title.clone(),
            from: rfc3339(head.period.from, head.zone),
            to: rfc3339(head.period.to, head.zone),
            head: Vec::new(),
            rows: Vec::new(),
            foot: Vec::new(),
            whole: String::new(),
        }
    }

    /// Adds a line above the rows.
    pub fn add_head(&mut self, name: &str, text: String) {
        self.head.push(Line { name: name.into(), text });
    }

    /// Adds a row by its canonical form.
    pub fn add_row(&mut self, key: &ExportKey, first: String, canonical: &str) {
        let digest = self.row_digest(key, canonical);
        self.rows.push(RowMark { first, digest });
    }

    /// Adds a line below the rows.
    pub fn add_foot(&mut self, name: &str, text: String) {
        self.foot.push(Line { name: name.into(), text });
    }

    /// A row's digest: bound to this table, so that a row of another month does not pass for one of this.
    pub fn row_digest(&self, key: &ExportKey, canonical: &str) -> Digest {
        let table = [&self.format, &self.kind, &self.title, &self.from, &self.to].map(String::as_str);
        let sheet = Some(self.sheet.as_str()).filter(|sheet| !sheet.is_empty());
        key.mac("row", table.into_iter().chain(sheet).chain([canonical]))
    }

    /// Computes the whole.
    pub fn seal(&mut self, key: &ExportKey) {
        self.whole = self.whole_digest(key);
    }

    /// The digest that the whole must have.
    pub fn whole_digest(&self, key: &ExportKey) -> String {
        let records = self.records().map(|record| canonical(record.iter().map(|field| quoted(field))));
        hex(&key.mac("whole", records))
    }

    /// The listing as records of text fields, without the whole.
    fn records(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let fields = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
        let top = [
            fields(&[MAGIC, VERSION]),
            fields(&["format", &self.format]),
            fields(&["kind", &self.kind]),
            fields(&["key", &self.key_id]),
            fields(&["title", &self.title]),
            fields(&["period", &self.from, &self.to]),
        ];
        let sheet = (!self.sheet.is_empty()).then(|| fields(&["sheet", &self.sheet]));
        let line = move |what: &'static str| move |line: &Line| fields(&[what, &line.name, &line.text]);
        let rows = self
            .rows
            .iter()
            .enumerate()
            .map(|(index, row)| vec!["row".into(), (index + 1).to_string(), hex(&row.digest), row.first.clone()]);
        top.into_iter()
            .chain(sheet)
            .chain(self.head.iter().map(line("head")))
            .chain(rows)
            .chain(self.foot.iter().map(line("foot")))
    }

    /// The sealed listing as records, the whole last.
    pub fn sealed_records(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        self.records().chain([vec!["whole".to_owned(), self.whole.clone()]])
    }

    /// The listing back from its records; empty records are passed over.
    ///
    /// # Errors
    /// The number of the first record that does not belong there, and why.
    pub fn from_records(records: impl IntoIterator<Item = Vec<String>>) -> Result<Self, String> {
        let mut listing = Self {
            format: String::new(),
            kind: String::new(),
            sheet: String::new(),
            key_id: String::new(),
            title: String::new(),
            from: String::new(),
            to: String::new(),
            head: Vec::new(),
            rows: Vec::new(),
            foot: Vec::new(),
            whole: String::new(),
        };
        let mut seen_magic = false;
        for (index, record) in records.into_iter().enumerate() {
            let fields: Vec<&str> = record.iter().map(String::as_str).collect();
            match fields[..] {
                [] | [""] => {}
                [MAGIC, VERSION] if !seen_magic => seen_magic = true,
                [MAGIC, other] if !seen_magic => {
                    return Err(format!("it has version {other}; this program reads version {VERSION}"));
                }
                _ if !seen_magic => return Err(format!("it does not begin with `{MAGIC}`")),
                _ if !listing.whole.is_empty() => return Err(format!("line {} stands after its end", index + 1)),
                ["format", text] => listing.format = text.into(),
                ["kind", text] => listing.kind = text.into(),
                ["sheet", text] => listing.sheet = text.into(),
                ["key", text] => listing.key_id = text.into(),
                ["title", text] => listing.title = text.into(),
                ["period", from, to] => (listing.from, listing.to) = (from.into(), to.into()),
                ["head", name, text] => listing.add_head(name, text.into()),
                ["row", _, digest, first] => {
                    listing.rows.push(RowMark { first: first.into(), digest: from_hex(digest) });
                }
                ["foot", name, text] => listing.add_foot(name, text.into()),
                ["whole", text] => listing.whole = text.into(),
                _ => return Err(format!("line {} cannot be read", index + 1)),
            }
        }
        if seen_magic { Ok(listing) } else { Err("it is empty".into()) }
    }

    /// The listing as the text of `FILE.digest`: a record a line, fields parted by tabs.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for record in self.sealed_records() {
            let fields: Vec<String> = record.iter().map(|field| escaped(field)).collect();
            text.push_str(&fields.join("\t"));
            text.push('\n');
        }
        text
    }

    /// The listing back from its text.
    ///
    /// # Errors
    /// What cannot be read, and where.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let lines = text.trim_start_matches('\u{feff}').lines();
        Self::from_records(lines.map(|line| line.split('\t').map(unescaped).collect()))
    }
}

/// The listings of a workbook, in the order of its sheets. Several are sealed together: none goes unnoticed when it is
/// taken out with its sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// One a sheet, each sealed.
    pub sheets: Vec<Listing>,
    /// The digest of their digests, hex; empty for a single one, which is sealed by itself.
    pub whole: String,
}

impl Book {
    /// Seals the listings, and all of them together.
    pub fn seal(mut sheets: Vec<Listing>, key: &ExportKey) -> Self {
        sheets.iter_mut().for_each(|listing| listing.seal(key));
        let whole = Self::whole_digest(&sheets, key);
        Self { sheets, whole }
    }

    /// The digest that the book must have.
    pub fn whole_digest(sheets: &[Listing], key: &ExportKey) -> String {
        match sheets {
            [only] if only.sheet.is_empty() => String::new(),
            _ => hex(&key.mac("book", sheets.iter().map(|listing| &listing.whole))),
        }
    }

    /// All listings as records, the digest of the book last.
    pub fn records(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let whole = (!self.whole.is_empty()).then(|| vec!["book".to_owned(), self.whole.clone()]);
        self.sheets.iter().flat_map(Listing::sealed_records).chain(whole)
    }

    /// The listings back from their records.
    ///
    /// # Errors
    /// Why a listing cannot be read.
    pub fn from_records(records: impl IntoIterator<Item = Vec<String>>) -> Result<Self, String> {
        let mut pieces: Vec<Vec<Vec<String>>> = Vec::new();
        let mut whole = String::new();
        for record in records {
            let first = record.first().map_or("", String::as_str);
            if first == "book" {
                whole = record.into_iter().nth(1).unwrap_or_default();
            } else if first == MAGIC || pieces.is_empty() {
                pieces.push(vec![record]);
            } else {
                pieces.last_mut().expect("not empty").push(record);
            }
        }
        if pieces.is_empty() {
            return Err("it is empty".into());
        }
        let sheets = pieces.into_iter().map(Listing::from_records).collect::<Result<_, _>>()?;
        Ok(Self { sheets, whole })
    }
}

/// The canonical form of a row: a JSON array of its tokens. Each token is JSON itself.
pub fn canonical(tokens: impl IntoIterator<Item = String>) -> String {
    let tokens: Vec<String> = tokens.into_iter().collect();
    format!("[{}]", tokens.join(","))
}

/// Text as a token.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

/// A number as a token: 15 significant digits, which is what a spreadsheet keeps.
pub fn number(value: f64) -> String {
    format!("{:.14e}", if value == 0.0 { 0.0 } else { value })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("four bits are one hex digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &str) -> Digest {
    let mut digest = Digest::default();
    if text.len() != 2 * digest.len() || !text.is_ascii() {
        return digest;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        match u8::from_str_radix(&text[2 * index..2 * index + 2], 16) {
            Ok(value) => *byte = value,
            Err(_) => return Digest::default(),
        }
    }
    digest
}

fn escaped(field: &str) -> String {
    field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('t') => text.push('\t'),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (char, false) => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!(ExportKey::new("  short           ").is_err());
        let key = ExportKey::new("0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "ExportKey(…)");
        assert_eq!(key.id().len(), 12);
        assert_ne!(key.id(), ExportKey::new("0123456789abcdeg").unwrap().id());
    }

    #[test]
    fn parts_do_not_flow_into_each_other() {
        let key = ExportKey::new("0123456789abcdef").unwrap();
        assert_ne!(key.mac("row", ["ab", "c"]), key.mac("row", ["a", "bc"]));
        assert_ne!(key.mac("row", ["ab"]), key.mac("rowab", [""; 0]));
    }

    proptest! {
        #[test]
        fn a_listing_survives_its_text(title: String, first: String, name in "[a-z]{1,8}", text: String) {
            let key = ExportKey::new("0123456789abcdef").unwrap();
            let mut listing = Listing {
                format: "csv".into(), kind: "leads".into(), sheet: String::new(), key_id: key.id(), title, from: "a".into(), to: "b".into(),
                head: vec![], rows: vec![], foot: vec![], whole: String::new(),
            };
            listing.add_head(&name, text.clone());
            listing.add_row(&key, first, "[]");
            listing.add_foot(&name, text);
            listing.seal(&key);
            let back = Listing::from_text(&listing.to_text()).unwrap();
            prop_assert_eq!(back.whole_digest(&key), listing.whole.clone());
            prop_assert_eq!(back, listing);
        }
    }
}
