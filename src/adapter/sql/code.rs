//! The stored names of the domain's enums: each is written and read by the same table.
//!
//! A name, once released, never changes its meaning. Called by the modules that write and read rows.

use super::engine::{Db, unreadable};
use crate::domain::alarm::{Origin, Outcome, ResponderKind, TeamKind};
use crate::domain::duty::OnHolidays;
use crate::domain::group::GroupKind;
use crate::domain::lead::LeadState;
use crate::domain::member::{Language, Role};
use crate::domain::place::{Datum, PlaceSource};
use crate::domain::points::TransferKind;
use crate::domain::redemption::RedemptionState;
use crate::domain::tip::Grain;
use crate::port::store::{EventKind, Lane};

/// An enum with stored names.
pub(super) trait Code: Copy + 'static {
    /// The stored name.
    fn code(self) -> &'static str;
    /// Reads a stored name.
    fn parse_code(text: &str) -> Db<Self>;
}

macro_rules! codes {
    ($($kind:ident { $($variant:ident = $name:literal),+ $(,)? })+) => {$(
        impl Code for $kind {
            fn code(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn parse_code(text: &str) -> Db<Self> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(unreadable(format_args!("{} {text:?}", stringify!($kind)))),
                }
            }
        }
    )+};
}

codes! {
    OnHolidays { Also = "also", Not = "not", Only = "only" }
    EventKind { Update = "update", Timer = "timer", Delivery = "delivery" }
    LeadState {
        New = "new", Claimed = "claimed", Verified = "verified", Unfounded = "unfounded", Duplicate = "duplicate",
        OutOfScope = "out_of_scope", Resolved = "resolved", Withdrawn = "withdrawn",
    }
    Grain { Second = "second", Minute = "minute", Hour = "hour", Daypart = "daypart", Day = "day" }
    PlaceSource {
        Location = "location", Venue = "venue", Coordinates = "coordinates", Link = "link", PlusCode = "plus_code",
        PointCode = "point_code", Gazetteer = "gazetteer", Crossing = "crossing", Address = "address",
        GroupArea = "group_area",
    }
    Datum { Wgs84 = "WGS84", Gcj02 = "GCJ02", Bd09 = "BD09" }
    GroupKind { Liaison = "liaison", Desk = "desk", Office = "office" }
    Role {
        Police = "police", Responder = "responder", Patrol = "patrol", Response = "response",
        DutyOfficer = "duty_officer", Office = "office", Payout = "payout", Admin = "admin",
    }
    Language { Zh = "zh", En = "en" }
    Origin { Desk = "desk", Tip = "tip", Drill = "drill" }
    ResponderKind {
        Point = "point", Patrol = "patrol", Response = "response", DutyOfficer = "duty_officer", CallList = "call_list",
    }
    TeamKind {
        Stationed = "stationed", Mobile = "mobile", Area = "area", Village = "village", Watch = "watch",
    }
}

impl Code for TransferKind {
    fn code(self) -> &'static str {
        self.name()
    }

    fn parse_code(text: &str) -> Db<Self> {
        let known = Self::NAMES.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind);
        known.ok_or_else(|| unreadable(format_args!("TransferKind {text:?}")))
    }
}

impl Code for RedemptionState {
    fn code(self) -> &'static str {
        self.name()
    }

    fn parse_code(text: &str) -> Db<Self> {
        let known = Self::NAMES.iter().find(|(_, name)| *name == text).map(|(state, _)| *state);
        known.ok_or_else(|| unreadable(format_args!("RedemptionState {text:?}")))
    }
}

impl Code for Outcome {
    fn code(self) -> &'static str {
        self.name()
    }

    fn parse_code(text: &str) -> Db<Self> {
        Self::named(text).ok_or_else(|| unreadable(format_args!("Outcome {text:?}")))
    }
}

/// Roles as stored: names joined by commas.
pub(super) fn roles_code(roles: &[Role]) -> String {
    roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(",")
}

/// Reads stored roles.
pub(super) fn parse_roles(text: &str) -> Db<Vec<Role>> {
    text.split(',').filter(|name| !name.is_empty()).map(Role::parse_code).collect()
}

/// Reads a stored lane.
pub(super) fn parse_lane(number: i64) -> Db<Lane> {
    [Lane::Alarm, Lane::AlarmFollow, Lane::Reply, Lane::Desk, Lane::Routine]
        .into_iter()
        .find(|lane| *lane as i64 == number)
        .ok_or_else(|| unreadable(format_args!("lane {number}")))
}
