//! Reading the file: from TOML to a checked [`Config`], with the line of everything that is wrong.
//!
//! Owns the order of sources: built-in defaults, the file, the environment. Called by `main`.

use super::check::faults;
use super::{BookRules, Config};
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "bot-config.toml";

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; `None` where the value came from the environment or is a default.
    pub line: Option<usize>,
    /// The key (`telegram.limits.per_second`, `group[2].lat`), or the variable.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub what: String,
}

/// Why there is no config.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named cannot be read.
    #[error("{}: {why}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// What it says is wrong.
    #[error("{}", Listed(file, faults))]
    Bad {
        /// Which.
        file: PathBuf,
        /// All that is wrong, by line; after a fault in the syntax only that one.
        faults: Vec<Fault>,
    },
    /// A secret cannot be had.
    #[error("{0}")]
    Secret(String),
}

struct Listed<'a>(&'a Path, &'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Fault { line, key, what }) in self.1.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            match line {
                Some(line) => write!(f, "{}:{line}: ", self.0.display())?,
                None if key.starts_with("BAIYING_") => {}
                None => write!(f, "{}: ", self.0.display())?,
            }
            if !key.is_empty() {
                write!(f, "{key}: ")?;
            }
            write!(f, "{what}")?;
        }
        Ok(())
    }
}

impl Config {
    /// The config in force: defaults, the file (`bot-config.toml` if there is one and none is named), the environment.
    ///
    /// # Errors
    /// When a named file cannot be read, or a key or value is wrong: with its line.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with(path, |name| std::env::var(name).ok())
    }

    /// [`Config::load`], with the environment given.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load_with(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError::Unreadable { file: file.into(), why: error.to_string() }),
        };
        Self::parse(&text, file, env)
    }

    /// Reads a config from its text; `file` is only named in errors.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn parse(text: &str, file: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let bad = |faults| ConfigError::Bad { file: file.into(), faults };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let tree = DeTable::parse(text).map_err(|error| bad(vec![fault_of(text, None, &error)]))?;
        let mut config: Self =
            toml::from_str(text).map_err(|error| bad(vec![fault_of(text, Some(tree.get_ref()), &error)]))?;
        let mut from_env = Vec::new();
        for (name, key, place) in [
            ("BAIYING_DATABASE_URL", "database.url", &mut config.database.url),
            ("BAIYING_API_URL", "telegram.api_url", &mut config.telegram.api_url),
        ] {
            if let Some(value) = env(name).filter(|value| !value.is_empty()) {
                *place = value;
                from_env.push((key, name));
            }
        }
        let mut faults: Vec<Fault> = faults(&config)
            .into_iter()
            .map(|(key, what)| match from_env.iter().find(|(name, _)| *name == key) {
                Some((_, variable)) => Fault { line: None, key: (*variable).into(), what },
                None => Fault { line: line_of_key(text, tree.get_ref(), &key), key, what },
            })
            .collect();
        faults.sort_by_key(|fault| fault.line);
        if faults.is_empty() { Ok(config) } else { Err(bad(faults)) }
    }
}

/// A file that holds one rule book and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    points: BookList,
}

/// See [`BookFile`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookList {
    book: Vec<BookRules>,
}

impl Config {
    /// Reads a file with one rule book, as `[[points.book]]` or as its bare keys, to be tried beside this config.
    ///
    /// # Errors
    /// What is wrong, with key and line.
    pub fn read_book(&self, path: &Path) -> Result<BookRules, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { file: path.into(), why: error.to_string() })?;
        self.parse_book(&text, path)
    }

    fn parse_book(&self, text: &str, file: &Path) -> Result<BookRules, ConfigError> {
        let bad = |faults| ConfigError::Bad { file: file.into(), faults };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let tree = DeTable::parse(text).map_err(|error| bad(vec![fault_of(text, None, &error)]))?;
        let wrong = |error: toml::de::Error| bad(vec![fault_of(text, Some(tree.get_ref()), &error)]);
        let named = tree.get_ref().contains_key("points");
        let mut books = match named {
            true => toml::from_str::<BookFile>(text).map_err(wrong)?.points.book,
            false => vec![toml::from_str::<BookRules>(text).map_err(wrong)?],
        };
        let (Some(book), true) = (books.pop(), books.is_empty()) else {
            let what = "this file must hold exactly one [[points.book]]".into();
            let key = "points.book".to_owned();
            return Err(bad(vec![Fault { line: line_of_key(text, tree.get_ref(), &key), key, what }]));
        };
        let mut faults: Vec<Fault> = self
            .faults_of_book(&book)
            .into_iter()
            .map(|(key, what)| {
                let key = if named { format!("points.book[0].{key}") } else { key };
                Fault { line: line_of_key(text, tree.get_ref(), &key), key, what }
            })
            .collect();
        faults.sort_by_key(|fault| fault.line);
        if faults.is_empty() { Ok(book) } else { Err(bad(faults)) }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn fault_of(text: &str, tree: Option<&DeTable>, error: &toml::de::Error) -> Fault {
    let key = match (tree, error.span()) {
        (Some(tree), Some(span)) => key_at(tree, &span),
        _ => String::new(),
    };
    let line = error.span().map(|span| line_at(text, span.start));
    Fault { line, key, what: error.message().trim().replace('\n', "; ") }
}

/// The key whose value (or which itself) covers `span`, as deep as it goes.
fn key_at(table: &DeTable, span: &Range<usize>) -> String {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        if within(key.span()) {
            return key.get_ref().to_string();
        }
        let rest = match value.get_ref() {
            // A table's own span may end before its parts: look inside whatever it says.
            DeValue::Table(inner) => key_at(inner, span),
            DeValue::Array(items) => items
                .iter()
                .enumerate()
                .find_map(|(n, item)| {
                    let inside = item.get_ref().as_table().map_or(String::new(), |inner| key_at(inner, span));
                    (!inside.is_empty() || within(item.span())).then(|| format!("[{n}]{}{inside}", dot(&inside)))
                })
                .unwrap_or_default(),
            _ => String::new(),
        };
        if !rest.is_empty() {
            let dot = if rest.starts_with('[') { "" } else { "." };
            return format!("{}{dot}{rest}", key.get_ref());
        }
        if within(value.span()) {
            return key.get_ref().to_string();
        }
    }
    String::new()
}

fn dot(rest: &str) -> &'static str {
    if rest.is_empty() { "" } else { "." }
}

/// The line of a key such as `group[2].lat`; of the innermost part that the file has, if it leaves the rest out.
fn line_of_key(text: &str, tree: &DeTable, key: &str) -> Option<usize> {
    let mut table = tree;
    let mut line = None;
    for part in key.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let Some((found, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else { break };
        line = Some(line_at(text, found.span().start));
        let value = match index {
            Some(index) => {
                let Some(item) = value.get_ref().as_array().and_then(|items| items.get(index)) else { break };
                line = Some(line_at(text, item.span().start));
                item
            }
            None => value,
        };
        let Some(inner) = value.get_ref().as_table() else { break };
        table = inner;
    }
    line
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
