//! Where something happened: coordinates, datums, the gazetteer and the nearest liaison points.
//!
//! Owns every reading of a place from words and the geometry behind it. Knows nothing of time,
//! categories or storage. Called by `domain::tip` and by the flow.

mod china;
mod context;
mod coordinates;
pub mod datum;
mod fold;
mod gazetteer;
mod hit;
pub mod kind;
mod latin;
mod link;
mod mention;
mod names;
mod near;
pub mod plus_code;
mod slip;
mod sound;
mod spelling;
mod token;
mod typo;
mod unknown;

pub use gazetteer::Gazetteer;
pub use near::PointIndex;

use serde::{Deserialize, Serialize};

/// Whether words are nothing but a link: of an unknown place, a map's that holds no point offline.
pub fn is_link(words: &str) -> bool {
    matches!(link::find_links(words).as_slice(), [only] if only.span == (0..words.len()))
}

/// A point in WGS-84 degrees: the one datum in which places are stored and compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Wgs84 {
    /// Latitude, degrees north, −90 to 90.
    pub lat: f64,
    /// Longitude, degrees east, −180 to 180.
    pub lon: f64,
}

/// The datum in which a point was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "UPPERCASE")]
pub enum Datum {
    /// GPS and most of the world.
    #[default]
    Wgs84,
    /// The shifted datum of maps of mainland China (Amap, Tencent).
    Gcj02,
    /// Baidu's shift on top of GCJ-02.
    Bd09,
}

/// How a place was learnt, best first (DESIGN.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceSource {
    /// A location attached in the chat.
    Location,
    /// A venue attached in the chat.
    Venue,
    /// Coordinates written in the text.
    Coordinates,
    /// A map-share link.
    Link,
    /// An open location code.
    PlusCode,
    /// A liaison point's own code.
    PointCode,
    /// A name in the gazetteer.
    Gazetteer,
    /// The crossing of two roads.
    Crossing,
    /// A road and a house number.
    Address,
    /// The group's own area: coarse.
    GroupArea,
}

/// A place as understood, with the words that it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceReading {
    /// The words of the message that name the place; empty for an attached location.
    pub text: String,
    /// Where it is.
    pub at: Wgs84,
    /// Radius in metres within which it is believed to lie.
    pub accuracy_m: f64,
    /// How it was learnt.
    pub source: PlaceSource,
    /// The datum in which it was given.
    pub datum: Datum,
}

/// A place of the gazetteer (地名库).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// A liaison point's code, or empty.
    pub code: String,
    /// Name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// `road`, `village`, `compound`, `shop`, `liaison_point`, …
    pub kind: String,
    /// Where, in WGS-84.
    pub at: Wgs84,
    /// The datum in which it was given.
    pub datum: Datum,
}

/// What the words of a message say about the place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlaceFound {
    /// The place, if it is known.
    pub reading: Option<PlaceReading>,
    /// Words that name a place which is not known, or a link that holds no point offline.
    pub unknown: Option<String>,
}
