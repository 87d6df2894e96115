//! Those who take part: informants, officers, guards, office staff. Nobody else is on file.
//!
//! Owns roles and what each may do. Called by every flow that checks who pressed or wrote.

use super::id::{Millis, UserId};
use serde::{Deserialize, Serialize};

/// What a person may do beyond sending tips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Triage leads, raise and stand down alarms.
    Police,
    /// Answer alarms.
    Responder,
    /// Export tallies without names.
    Office,
    /// See names in exports; each look is on record.
    Payout,
    /// Set up groups and people.
    Admin,
}

/// The language in which a person or a group is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// A person who takes part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The platform's id.
    pub user: UserId,
    /// Name as filed, or as the platform shows it. Seen only with the payout right.
    pub name: String,
    /// What the person does (SEED-FACTS W1); empty if not told.
    pub occupation: String,
    /// The group the person belongs to, as text for tallies; empty if not told.
    pub group: String,
    /// The team the person belongs to; empty if none.
    pub team: String,
    /// Rights.
    pub roles: Vec<Role>,
    /// Own choice of language; `None`: the group's, else the client's.
    pub language: Option<Language>,
    /// The code under which exports list the person.
    pub code: String,
    /// First contact.
    pub first_seen: Millis,
    /// When the person was told what is kept about them; `None`: not yet.
    pub told_at: Option<Millis>,
}

impl Member {
    /// Whether the person holds `role`; an admin holds none of the others by it.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
