//! Those who take part: informants, officers, guards, office staff. Nobody else is on file.
//!
//! Owns roles and what each may do. Called by every flow that checks who pressed or wrote.

use super::id::{Millis, UserId};
use serde::{Deserialize, Serialize};

/// What a person may do beyond sending tips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Triage leads, raise and stand down alarms.
    Police,
    /// Answer alarms.
    Responder,
    /// Patrol police (巡防): called to alarms beside the points (R3).
    Patrol,
    /// Response police (处警): likewise (R3).
    Response,
    /// Duty officers (值班领导): called when a stage of an alarm's clock asks for them.
    DutyOfficer,
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

impl Role {
    /// Each role, with the name by which files, the config and `/invite` know it.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Police, "police"),
        (Self::Responder, "responder"),
        (Self::Patrol, "patrol"),
        (Self::Response, "response"),
        (Self::DutyOfficer, "duty_officer"),
        (Self::Office, "office"),
        (Self::Payout, "payout"),
        (Self::Admin, "admin"),
    ];

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(role, _)| *role)
    }
}

impl Member {
    /// Whether the person holds `role`; an admin holds none of the others by it.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
