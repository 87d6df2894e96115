//! A group: a liaison group, a desk or an office chat.
//!
//! Owns what kind of chat it is and its own area. Called by every flow.

use super::id::ChatId;
use super::member::Language;
use super::place::{Datum, Wgs84};
use serde::{Deserialize, Serialize};

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Neighbours and guards: tips come in, alarms go out (SEED-FACTS G1).
    Liaison,
    /// Community police triage leads here.
    Desk,
    /// Office staff export tallies here.
    Office,
}

/// A group as set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The chat.
    pub chat: ChatId,
    /// What it is for.
    pub kind: GroupKind,
    /// Name for cards and tallies.
    pub name: String,
    /// The middle of its area.
    pub area: Option<Wgs84>,
    /// The datum of pins attached here without an accuracy of their own.
    pub pin_datum: Datum,
    /// The language spoken here.
    pub language: Language,
}
