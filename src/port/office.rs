//! What the office's tables are made from, beside leads, tallies and alarms.

use crate::domain::id::UserId;

/// Where the ledger ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerEnd {
    /// The number of its last entry; 0: there is none.
    pub last: i64,
    /// That entry's digest in the chain.
    pub digest: String,
}

/// Somebody as they were on file when a month was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledPerson {
    /// The platform's id.
    pub user: UserId,
    /// The code under which tables list the person.
    pub code: String,
    /// Seen only with the payout right.
    pub name: String,
    /// What the person does.
    pub occupation: String,
    /// The group.
    pub group: String,
    /// The team.
    pub team: String,
    /// Whether the person held any role.
    pub staff: bool,
}
