//! Closing a month (月结): what is still open, and which month may be closed when (SEED-FACTS P4).
//!
//! A closed month is filed: nothing is dated into it any more, and what is corrected later stands in a later month.
//! Called by the close command, in chat and on the command line.

use super::id::Millis;
use super::period::Period;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What is not settled yet in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checklist {
    /// Leads for which points of the month are still held.
    pub held: i64,
    /// And how many points.
    pub held_points: i64,
    /// Leads received in the month on which police have not decided.
    pub undecided: i64,
    /// People whose points moved in the month and who have no name on file.
    pub nameless: i64,
    /// Redemptions asked for before the month's end and neither handed out nor ended.
    pub redemptions: i64,
}

impl Checklist {
    /// Whether nothing is open.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

/// A month that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthClose {
    /// `2026-11`.
    pub month: String,
    /// What it covers.
    pub period: Period,
    /// When it was closed.
    pub at: Millis,
    /// By whom: a staff code, or `cli`.
    pub by: String,
    /// The number of the ledger's last entry at the close; 0: none.
    pub last: i64,
    /// That entry's digest in the chain.
    pub digest: String,
    /// What was open then.
    pub open: Checklist,
}

/// An order to close a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseOrder {
    /// `2026-11`.
    pub month: String,
    /// What it covers.
    pub period: Period,
    /// When.
    pub at: Millis,
    /// By whom: a staff code, or `cli`.
    pub by: String,
    /// What is open.
    pub open: Checklist,
}

/// What is known when a month is to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// What is open in it.
    pub open: Checklist,
    /// How it was closed, if it was.
    pub closed: Option<MonthClose>,
    /// The end of the last month that was closed.
    pub closed_until: Option<Millis>,
    /// When the ledger's first entry is dated.
    pub first_entry: Option<Millis>,
}

/// Why a month is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is.
    Closed(Box<MonthClose>),
    /// It is not over.
    NotOver,
    /// Another one is to be closed first: this.
    First(String),
    /// The ledger is empty.
    Empty,
}

/// Closes a month, if it is the next one and over.
///
/// # Errors
/// Why not.
pub fn close(period: Period, closing: &Closing, by: String, zone: Tz, now: Millis) -> Result<CloseOrder, Refusal> {
    if let Some(closed) = &closing.closed {
        return Err(Refusal::Closed(Box::new(closed.clone())));
    }
    let begin = closing.closed_until.or(closing.first_entry).ok_or(Refusal::Empty)?;
    let next = Period::month_of(begin, zone);
    let month = period.as_month(zone);
    match (month, next) {
        _ if period.to > now => Err(Refusal::NotOver),
        (Some(month), next) if period == next => Ok(CloseOrder { month, period, at: now, by, open: closing.open }),
        (_, next) => Err(Refusal::First(next.as_month(zone).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn month(text: &str) -> Period {
        Period::month(text, Shanghai).unwrap()
    }

    #[test]
    fn months_are_closed_once_over_in_order_and_once() {
        let now = month("2026-12").from.plus_ms(86_400_000);
        let closing = Closing { first_entry: Some(month("2026-10").from.plus_ms(5)), ..Closing::default() };
        let try_it = |text: &str, closing: &Closing| close(month(text), closing, "S1".into(), Shanghai, now);
        let order = try_it("2026-10", &closing).unwrap();
        assert_eq!((order.month.as_str(), order.period, order.at), ("2026-10", month("2026-10"), now));
        assert_eq!(try_it("2026-11", &closing), Err(Refusal::First("2026-10".into())));
        assert_eq!(try_it("2026-09", &closing), Err(Refusal::First("2026-10".into())));
        let closing = Closing { closed_until: Some(month("2026-10").to), ..closing };
        assert!(try_it("2026-11", &closing).is_ok());
        assert_eq!(try_it("2026-12", &closing), Err(Refusal::NotOver));
        assert_eq!(try_it("2026-11", &Closing::default()), Err(Refusal::Empty));
        let (period, open) = (month("2026-11"), Checklist::default());
        let closed =
            MonthClose { month: "2026-11".into(), period, at: now, by: "S1".into(), last: 4, digest: "d".into(), open };
        let closing = Closing { closed: Some(closed.clone()), ..closing };
        assert_eq!(try_it("2026-11", &closing), Err(Refusal::Closed(Box::new(closed))));
    }
}
