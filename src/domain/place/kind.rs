//! How large a place of each kind is: the one table of default accuracies.
//!
//! Owns the kinds that the gazetteer's CSV may name and what follows from them. Called by the gazetteer.

/// How a place lies in the world, most specific first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// A building, a yard, a bridge: one can walk up to it.
    Site,
    /// A village or a district.
    Area,
    /// A road or a river: long.
    Line,
}

/// Radius in metres within which something at a place of a kind is believed to be, and how it lies.
///
/// | kind | metres |
/// |---|---|
/// | `liaison_point`, `shop`, `supermarket`, `hotel`, `bank`, `building`, `bus_stop`, `petrol_station`, `police_station`, `office` | 60 |
/// | `bridge`, `facility` | 100 |
/// | `compound`, `school`, `hospital`, `park`, `market`, `factory`, `logistics`, anything not listed | 150 |
/// | `village`, `community`, `water` | 350 |
/// | `town`, `district` | 1,500 |
/// | `road`, `river` | 800 |
pub fn accuracy_m(kind: &str) -> f64 {
    match kind {
        "liaison_point" | "shop" | "supermarket" | "hotel" | "bank" | "building" | "bus_stop" | "petrol_station"
        | "police_station" | "office" => 60.0,
        "bridge" | "facility" => 100.0,
        "village" | "community" | "water" => 350.0,
        "road" | "river" => 800.0,
        "town" | "district" => 1_500.0,
        _ => 150.0,
    }
}

/// How a place of a kind lies.
pub(super) fn extent(kind: &str) -> Extent {
    match kind {
        "road" | "river" => Extent::Line,
        "village" | "community" | "water" | "town" | "district" => Extent::Area,
        _ => Extent::Site,
    }
}
