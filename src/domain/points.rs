//! Points (积分): a ledger of transfers between accounts, append-only (SEED-FACTS P1–P4, X3).
//!
//! Each transfer debits one account and credits another by the same amount, so the sum over all
//! accounts is zero by construction. Each entry's digest covers the entries before it ([`chain`]).
//! Called by the intake, triage, alarm and redemption flows.

pub mod chain;

use super::id::{AlarmId, LeadId, Millis, RedemptionId, UserId};
use serde::{Deserialize, Serialize};

/// One side of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Account {
    /// The office's budget, from which points come.
    Budget,
    /// What a person may spend.
    Person(UserId),
    /// What a person will get if police verify.
    Held(UserId),
    /// What a person has set aside for a redemption that is not handed out yet.
    Reserved(UserId),
    /// Where spent points go.
    Rewards,
}

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Set aside when a tip comes in: Budget → Held.
    Hold,
    /// Police verified: Held → Person.
    Post,
    /// Police did not: Held → Budget.
    Void,
    /// Given at once, without a hold (a guard on scene): Budget → Person.
    Award,
    /// An earlier transfer taken back, the other way round; names it. May leave a person below zero: what was paid in
    /// error may have been spent.
    Reversal,
    /// Set aside for a redemption: Person → Reserved.
    Reserve,
    /// The redemption came to nothing: Reserved → Person.
    Release,
    /// The reward was handed out: Reserved → Rewards.
    Redeem,
    /// By hand, with a reason: between Budget and Person. May leave a person below zero.
    Correction,
}

impl TransferKind {
    /// Each kind with its name, in the database and in filed tables.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::Hold, "hold"),
        (Self::Post, "post"),
        (Self::Void, "void"),
        (Self::Award, "award"),
        (Self::Reversal, "reversal"),
        (Self::Reserve, "reserve"),
        (Self::Release, "release"),
        (Self::Redeem, "redeem"),
        (Self::Correction, "correction"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

impl Account {
    /// The account's name, in the database and in filed tables, and whose it is.
    pub fn parts(&self) -> (&'static str, Option<UserId>) {
        match self {
            Self::Budget => ("budget", None),
            Self::Rewards => ("rewards", None),
            Self::Person(user) => ("person", Some(*user)),
            Self::Held(user) => ("held", Some(*user)),
            Self::Reserved(user) => ("reserved", Some(*user)),
        }
    }
}

/// The rule book of a config that names none: its `[points]` table.
pub const BASE_BOOK: &str = "base";

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Unique: the cause and what it does, so that the same cause enters once (`lead:12:post`).
    pub key: String,
    /// What it does.
    pub kind: TransferKind,
    /// Where it comes from.
    pub debit: Account,
    /// Where it goes.
    pub credit: Account,
    /// Whole points, above zero.
    pub amount: i64,
    /// When.
    pub at: Millis,
    /// The rule's name in the config (`tip_verified`, `on_scene`); `redeem` and `correction` are no rules of a book.
    pub rule: String,
    /// The version of the rule book; empty where no rule of a book applies.
    pub book: String,
    /// The lead behind it.
    pub lead: Option<LeadId>,
    /// The alarm behind it.
    pub alarm: Option<AlarmId>,
    /// The redemption behind it.
    pub redemption: Option<RedemptionId>,
    /// Why, of a correction, in the words of whoever made it.
    pub reason: Option<String>,
    /// The transfer that this one takes back.
    pub reverses: Option<String>,
    /// Who caused it; `None` for the product itself.
    pub by: Option<UserId>,
}

/// A transfer as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: entries are counted up from 1 without a gap.
    pub number: i64,
    /// What it moves.
    pub transfer: Transfer,
    /// The digest of this entry and all before it, 64 hexadecimal digits.
    pub digest: String,
}

/// How a lead's reward should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing decided: set aside.
    Held(i64),
    /// Police hold it true: paid, at most so much (a cap may leave less than was held).
    Posted(i64),
    /// Nothing.
    Nothing,
}

/// How a lead's reward stands by its ledger entries: (held, posted).
pub fn position(transfers: &[Transfer], person: UserId) -> (i64, i64) {
    let (held, own) = (Account::Held(person), Account::Person(person));
    let net = |account: &Account| {
        transfers
            .iter()
            .map(|t| i64::from(t.credit == *account) * t.amount - i64::from(t.debit == *account) * t.amount)
            .sum()
    };
    (net(&held), net(&own))
}

/// What a set of entries has in common.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Prefix of the keys; must differ for each change of the lead (`lead:12:v3`).
    pub key: String,
    /// The rule's name.
    pub rule: &'static str,
    /// The version of the rule book.
    pub book: String,
    /// The lead.
    pub lead: LeadId,
    /// When.
    pub at: Millis,
    /// Who decided.
    pub by: Option<UserId>,
}

impl Cause {
    fn transfer(&self, kind: TransferKind, debit: Account, credit: Account, amount: i64, nth: usize) -> Transfer {
        Transfer {
            key: format!("{}:{nth}", self.key),
            kind,
            debit,
            credit,
            amount,
            at: self.at,
            rule: self.rule.to_owned(),
            book: self.book.clone(),
            lead: Some(self.lead),
            alarm: None,
            redemption: None,
            reason: None,
            reverses: None,
            by: self.by,
        }
    }
}

/// The entries that bring a lead's reward from how it stands to how it should stand. None if it stands so.
///
/// Held points are posted or voided; posted points are taken back by reversals that name the entry they take
/// back, so that nothing is ever changed in place.
pub fn settle(transfers: &[Transfer], person: UserId, target: Target, cause: &Cause) -> Vec<Transfer> {
    use TransferKind::{Hold, Post, Reversal, Void};
    let (held, own) = (Account::Held(person), Account::Person(person));
    let (mut has_held, mut has_posted) = position(transfers, person);
    let mut out: Vec<Transfer> = Vec::new();
    let last_paid = transfers.iter().rev().find(|t| t.credit == own).map(|t| t.key.clone());
    let mut push = |kind, debit: &Account, credit: &Account, amount: i64| {
        if amount > 0 {
            let mut t = cause.transfer(kind, debit.clone(), credit.clone(), amount, out.len());
            if kind == Reversal {
                t.reverses.clone_from(&last_paid);
            }
            out.push(t);
        }
    };
    let (want_held, want_posted) = match target {
        Target::Held(n) => (n, 0),
        Target::Posted(n) => (0, n),
        Target::Nothing => (0, 0),
    };
    if has_posted > want_posted {
        let back = has_posted - want_posted;
        let to_hold = (want_held - has_held).clamp(0, back);
        push(Reversal, &own, &held, to_hold);
        push(Reversal, &own, &Account::Budget, back - to_hold);
        has_held += to_hold;
        has_posted = want_posted;
    }
    if has_posted < want_posted {
        let lacking = want_posted - has_posted - has_held;
        push(Hold, &Account::Budget, &held, lacking);
        has_held += lacking.max(0);
        push(Post, &held, &own, want_posted - has_posted);
        has_held -= want_posted - has_posted;
    }
    push(Hold, &Account::Budget, &held, want_held - has_held);
    push(Void, &held, &Account::Budget, has_held - want_held);
    out
}

/// What a cap leaves of `amount` when `earned` was paid in the period already; 0 is no cap (X3).
pub fn capped(amount: i64, earned: i64, cap: i64) -> i64 {
    if cap == 0 { amount } else { amount.min((cap - earned).max(0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHO: UserId = UserId(7);

    fn cause(n: usize) -> Cause {
        Cause {
            key: format!("lead:1:v{n}"),
            rule: "tip_verified",
            book: BASE_BOOK.into(),
            lead: LeadId(1),
            at: Millis(n as i64),
            by: None,
        }
    }

    #[test]
    fn a_tip_is_held_posted_and_taken_back() {
        let mut ledger = settle(&[], WHO, Target::Held(10), &cause(1));
        assert_eq!(position(&ledger, WHO), (10, 0));
        ledger.extend(settle(&ledger, WHO, Target::Posted(10), &cause(2)));
        assert_eq!(position(&ledger, WHO), (0, 10));
        let again = settle(&ledger, WHO, Target::Posted(10), &cause(3));
        assert_eq!(again, vec![], "verified twice pays once");
        ledger.extend(settle(&ledger, WHO, Target::Held(10), &cause(4)));
        assert_eq!(position(&ledger, WHO), (10, 0));
        assert_eq!(ledger.last().unwrap().kind, TransferKind::Reversal);
        assert_eq!(ledger.last().unwrap().reverses.as_deref(), Some("lead:1:v2:0"));
        ledger.extend(settle(&ledger, WHO, Target::Nothing, &cause(5)));
        assert_eq!(position(&ledger, WHO), (0, 0));
    }

    #[test]
    fn a_cap_pays_the_rest_and_voids_what_is_over() {
        let mut ledger = settle(&[], WHO, Target::Held(10), &cause(1));
        ledger.extend(settle(&ledger, WHO, Target::Posted(capped(10, 46, 50)), &cause(2)));
        assert_eq!(position(&ledger, WHO), (0, 4));
        assert_eq!(capped(10, 60, 50), 0);
        assert_eq!(capped(10, 60, 0), 10);
    }

    proptest! {
        #[test]
        fn any_history_ends_where_its_last_target_says(targets in prop::collection::vec((0u8..3, 0i64..30), 1..12)) {
            let mut ledger: Vec<Transfer> = Vec::new();
            for (n, (kind, amount)) in targets.iter().enumerate() {
                let target = match kind { 0 => Target::Held(*amount), 1 => Target::Posted(*amount), _ => Target::Nothing };
                ledger.extend(settle(&ledger, WHO, target, &cause(n)));
                let want = match target { Target::Held(n) => (n, 0), Target::Posted(n) => (0, n), Target::Nothing => (0, 0) };
                prop_assert_eq!(position(&ledger, WHO), want);
            }
            let mut keys: Vec<&str> = ledger.iter().map(|t| t.key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(keys.len(), ledger.len());
            prop_assert!(ledger.iter().all(|t| t.amount > 0 && t.debit != t.credit));
        }
    }
}
