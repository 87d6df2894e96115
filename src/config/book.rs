//! `[points]` and `[[points.book]]`: rule books as the office writes them, and as the rules read them.
//!
//! A book says only what changes; the rest is as in the book before. Owns that, and what of a book makes no sense. Called
//! by `check`, and by the town and the dry run for [`Config::books`].

use super::Config;
use crate::domain::id::Millis;
use crate::domain::lead::LeadOutcome;
use crate::domain::period::start_of_day;
use crate::domain::points::BASE_BOOK;
use crate::domain::rules::{Book, Books, Later};
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, HashSet};

/// The most that anything is worth.
const MOST: i64 = 1_000_000;

/// `[points]`: the book "base", in force until another begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointsRules {
    /// For a tip that police verify.
    pub tip_verified: i64,
    /// For each later reporter of the same event, when a lead is merged into a verified one.
    pub tip_duplicate: i64,
    /// For a guard on the scene of an alarm (not of a drill).
    pub on_scene: i64,
    /// At most so many points a person and day from tips; 0: no cap (X3).
    pub daily_cap: i64,
    /// At most so many points a person and month from tips; 0: no cap (X3).
    pub monthly_cap: i64,
    /// The books after it.
    pub book: Vec<BookRules>,
}

/// `[[points.book]]`. What is left out is as in the book before.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookRules {
    /// Its name in every entry.
    pub version: String,
    /// In force from the start of this day on, in the config's zone.
    #[serde(deserialize_with = "date")]
    pub from: NaiveDate,
    /// See [`Book::tip_verified`].
    pub tip_verified: Option<i64>,
    /// A fixed amount for each later reporter.
    pub tip_duplicate: Option<i64>,
    /// In its place, percent of the first reporter's amount for the later ones in order.
    pub later_percent: Option<Vec<i64>>,
    /// See [`Book::on_scene`].
    pub on_scene: Option<i64>,
    /// See [`Book::daily_cap`].
    pub daily_cap: Option<i64>,
    /// See [`Book::monthly_cap`].
    pub monthly_cap: Option<i64>,
    /// See [`Book::group_monthly_budget`].
    pub group_monthly_budget: Option<i64>,
    /// Amounts by category, in place of `tip_verified`.
    #[serde(default)]
    pub category: Vec<CategoryAmount>,
    /// What outcomes add.
    #[serde(default)]
    pub bonus: Vec<Bonus>,
}

/// `[[points.book.category]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryAmount {
    /// A category of the config.
    pub id: String,
    /// Points for its first reporter.
    pub amount: i64,
}

/// `[[points.book.bonus]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonus {
    /// `stopped` or `solved` (P2).
    pub outcome: LeadOutcome,
    /// Points for the first reporter, on top.
    pub amount: i64,
}

/// A date as TOML writes it, or in quotation marks.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Date(toml::value::Datetime),
        Text(String),
    }
    let text = match Written::deserialize(deserializer) {
        Ok(Written::Date(date)) => date.to_string(),
        Ok(Written::Text(text)) => text,
        Err(_) => String::new(),
    };
    text.trim().parse().map_err(|_| serde::de::Error::custom("a day is needed, like 2026-12-01"))
}

impl Default for PointsRules {
    fn default() -> Self {
        Self { tip_verified: 10, tip_duplicate: 5, on_scene: 5, daily_cap: 50, monthly_cap: 500, book: Vec::new() }
    }
}

impl BookRules {
    /// The book that says what this one says, and else what `before` says.
    fn after(&self, before: &Book, from: Millis) -> Book {
        let later = match (&self.later_percent, self.tip_duplicate) {
            (Some(list), _) => Later::Percent(list.clone()),
            (None, Some(amount)) => Later::Each(amount),
            (None, None) => before.later.clone(),
        };
        let mut book = before.clone();
        book.version.clone_from(&self.version);
        (book.from, book.later) = (from, later);
        for (place, said) in [
            (&mut book.tip_verified, self.tip_verified),
            (&mut book.on_scene, self.on_scene),
            (&mut book.daily_cap, self.daily_cap),
            (&mut book.monthly_cap, self.monthly_cap),
            (&mut book.group_monthly_budget, self.group_monthly_budget),
        ] {
            *place = said.unwrap_or(*place);
        }
        book.categories.extend(self.category.iter().map(|it| (it.id.clone(), it.amount)));
        book.bonuses.extend(self.bonus.iter().map(|it| (it.outcome, it.amount)));
        book
    }

    /// What makes no sense in it by itself: key within the book, and what is wrong.
    fn faults(&self, categories: &HashSet<&str>) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut check = |holds: bool, key: &str, what: String| {
            if !holds {
                out.push((key.to_owned(), what));
            }
        };
        let plain = self.version.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let named = plain && (1..=32).contains(&self.version.chars().count());
        check(named, "version", "one word of 1 to 32 letters, digits, - _ or . (it stands in every entry)".into());
        check(self.version != BASE_BOOK, "version", format!("{BASE_BOOK:?} is the name of [points] itself"));
        for (key, value, most) in [
            ("tip_verified", self.tip_verified, MOST),
            ("tip_duplicate", self.tip_duplicate, MOST),
            ("on_scene", self.on_scene, MOST),
            ("daily_cap", self.daily_cap, i64::MAX),
            ("monthly_cap", self.monthly_cap, i64::MAX),
            ("group_monthly_budget", self.group_monthly_budget, i64::MAX),
        ] {
            let Some(value) = value else { continue };
            check(value >= 0, key, "must not be negative".into());
            check(value <= most, key, format!("must be at most {most}"));
        }
        let both = self.later_percent.is_some() && self.tip_duplicate.is_some();
        check(!both, "later_percent", "stands in place of tip_duplicate: write only one of them".into());
        for (n, percent) in self.later_percent.iter().flatten().enumerate() {
            let key = format!("later_percent[{n}]");
            check((0..=100).contains(percent), &key, format!("percent: from 0 to 100, not {percent}"));
        }
        for (n, it) in self.category.iter().enumerate() {
            let key = |name: &str| format!("category[{n}].{name}");
            check(
                categories.contains(it.id.as_str()),
                &key("id"),
                format!("no category of this config is called {:?}", it.id),
            );
            let twice = self.category[..n].iter().any(|other| other.id == it.id);
            check(!twice, &key("id"), format!("{:?} stands there twice", it.id));
            check((0..=MOST).contains(&it.amount), &key("amount"), format!("points: from 0 to {MOST}"));
        }
        for (n, it) in self.bonus.iter().enumerate() {
            let key = |name: &str| format!("bonus[{n}].{name}");
            let earns = it.outcome != LeadOutcome::Handled;
            check(
                earns,
                &key("outcome"),
                "\"stopped\" or \"solved\": that it was handled is what tip_verified pays".into(),
            );
            let twice = self.bonus[..n].iter().any(|other| other.outcome == it.outcome);
            check(!twice, &key("outcome"), format!("{:?} stands there twice", it.outcome.name()));
            check((0..=MOST).contains(&it.amount), &key("amount"), format!("points: from 0 to {MOST}"));
        }
        out
    }
}

impl PointsRules {
    /// What makes no sense in the books: key and what is wrong.
    pub(super) fn faults(&self, config: &Config) -> Vec<(String, String)> {
        let categories: HashSet<&str> = config.category.iter().map(|category| category.id.as_str()).collect();
        let mut out = Vec::new();
        for (n, book) in self.book.iter().enumerate() {
            let at = |key: &str| format!("points.book[{n}].{key}");
            out.extend(book.faults(&categories).into_iter().map(|(key, what)| (at(&key), what)));
            for (first, other) in self.book[..n].iter().enumerate() {
                if other.version == book.version {
                    out.push((at("version"), format!("{:?} stands already at points.book[{first}]", book.version)));
                }
                if other.from == book.from {
                    out.push((at("from"), format!("points.book[{first}] begins on the same day")));
                }
            }
        }
        out
    }
}

impl Config {
    /// A rule book in full, as it would be with this config: what it leaves out is as in the last one that begins before.
    pub fn book_after(&self, book: &BookRules) -> Book {
        let from = start_of_day(book.from, self.time_zone);
        let books = self.books();
        let before = books.all().filter(|it| it.from < from && it.version != book.version).last();
        book.after(before.unwrap_or(books.in_force(from)), from)
    }

    /// What makes no sense in a rule book that is not in this config: key within the book, and what is wrong.
    pub(super) fn faults_of_book(&self, book: &BookRules) -> Vec<(String, String)> {
        book.faults(&self.category.iter().map(|category| category.id.as_str()).collect())
    }

    /// The rule books that this config names, each in full.
    pub fn books(&self) -> Books {
        let it = &self.points;
        let base = Book {
            version: BASE_BOOK.into(),
            from: Millis(i64::MIN),
            tip_verified: it.tip_verified,
            categories: BTreeMap::new(),
            later: Later::Each(it.tip_duplicate),
            on_scene: it.on_scene,
            daily_cap: it.daily_cap,
            monthly_cap: it.monthly_cap,
            group_monthly_budget: 0,
            bonuses: BTreeMap::new(),
        };
        let mut said: Vec<&BookRules> = it.book.iter().collect();
        said.sort_by_key(|book| book.from);
        let mut further: Vec<Book> = Vec::new();
        for book in said {
            let before = further.last().unwrap_or(&base);
            further.push(book.after(before, start_of_day(book.from, self.time_zone)));
        }
        Books::new(base, further)
    }
}
