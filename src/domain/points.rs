//! Points (积分): a ledger of transfers between accounts, append-only (SEED-FACTS P1–P4, X3).
//!
//! Each transfer debits one account and credits another by the same amount, so the sum over all
//! accounts is zero by construction. Called by the intake, triage and alarm flows.

use super::id::{AlarmId, LeadId, Millis, UserId};
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
    /// An earlier transfer taken back, the other way round; names it.
    Reversal,
    /// Spent: Person → Rewards.
    Redeem,
}

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
    /// The rule's name in the config (`tip_verified`, `on_scene`).
    pub rule: String,
    /// The lead behind it.
    pub lead: Option<LeadId>,
    /// The alarm behind it.
    pub alarm: Option<AlarmId>,
    /// The transfer that this one takes back.
    pub reverses: Option<String>,
    /// Who caused it; `None` for the product itself.
    pub by: Option<UserId>,
}

impl Account {
    /// The stored form: `budget`, `person:1`, `held:1`, `rewards`.
    pub fn code(&self) -> String {
        match self {
            Self::Budget => "budget".into(),
            Self::Person(user) => format!("person:{user}"),
            Self::Held(user) => format!("held:{user}"),
            Self::Rewards => "rewards".into(),
        }
    }

    /// Reads the stored form; `None` if it is none.
    pub fn from_code(code: &str) -> Option<Self> {
        match code.split_once(':') {
            None if code == "budget" => Some(Self::Budget),
            None if code == "rewards" => Some(Self::Rewards),
            Some(("person", id)) => id.parse().ok().map(|id| Self::Person(UserId(id))),
            Some(("held", id)) => id.parse().ok().map(|id| Self::Held(UserId(id))),
            _ => None,
        }
    }
}
