//! What a store finds when it looks itself over. Only facts: what they mean is judged by `doctor`.

/// A law of the product that every database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// A transfer takes points from one account and gives as many, above zero, to another.
    Legs,
    /// What is held for a lead's reporter is never below zero.
    Held,
    /// A reversal names an entry that is there.
    Reversal,
    /// What an account holds is what the ledger's entries come to.
    Balance,
    /// Each entry's digest is that of what stands there and before it, and the chain ends where it is kept to end.
    Chain,
    /// Nobody owns less than nothing unless something was taken back.
    Overdrawn,
    /// A closed month's entries are those that it was closed with, and the chain's digest is the one that was kept.
    Close,
    /// Each version of a lead has its line in the history.
    History,
}

/// A law that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub law: Law,
    /// How often.
    pub count: i64,
    /// The first few: keys of transfers, numbers of leads or of people.
    pub examples: Vec<String>,
}

/// A setting of the database server under which data can be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: String,
    /// What it should be.
    pub wanted: &'static str,
}

/// What was found; empty lists: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// What the database itself finds damaged, in its own words; the first few.
    pub damage: Vec<String>,
    /// Laws that do not hold.
    pub breaches: Vec<Breach>,
    /// Settings that are not as they should be.
    pub settings: Vec<Setting>,
}

impl Audit {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}
