//! What hangs on a message: pins, pictures, voices, files.
//!
//! Owns which of the platform's kinds become which [`Part`]. Pure. Called by `decode`.

use super::decode::{RawMessage, part};
use crate::domain::lead::MediaKind;
use crate::domain::place::Wgs84;
use crate::port::chat::Part;
use serde::Deserialize;

#[derive(Deserialize)]
struct RawLocation {
    latitude: f64,
    longitude: f64,
    horizontal_accuracy: Option<f64>,
    #[serde(default)]
    live_period: Option<i64>,
}

#[derive(Deserialize)]
struct RawVenue {
    location: RawLocation,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct RawFile {
    file_id: String,
    #[serde(default)]
    width: i64,
    #[serde(default)]
    height: i64,
}

/// Everything that hangs on the message. A venue also carries its location: once is enough.
pub(super) fn parts(raw: &RawMessage) -> Vec<Part> {
    let mut parts = Vec::new();
    let venue = part::<RawVenue>(raw.venue);
    let (location, venue) = match venue {
        Some(venue) => (Some(venue.location), Some(venue.title).filter(|title| !title.is_empty())),
        None => (part::<RawLocation>(raw.location), None),
    };
    if let Some(it) = location
        && (-90.0..=90.0).contains(&it.latitude)
        && (-180.0..=180.0).contains(&it.longitude)
    {
        let accuracy_m = it.horizontal_accuracy.filter(|m| *m > 0.0);
        let live = it.live_period.is_some_and(|seconds| seconds > 0);
        parts.push(Part::Pin { at: Wgs84 { lat: it.latitude, lon: it.longitude }, accuracy_m, venue, live });
    }
    let largest = part::<Vec<RawFile>>(raw.photo)
        .and_then(|sizes| sizes.into_iter().max_by_key(|size| size.width.saturating_mul(size.height)));
    let files = [
        (MediaKind::Photo, largest),
        (MediaKind::Video, part(raw.video)),
        // The platform sends a round video on by its own kind, whatever it is asked to send it as.
        (MediaKind::Video, part(raw.video_note)),
        (MediaKind::Voice, part(raw.voice)),
        (MediaKind::Audio, part(raw.audio)),
        // An animation also carries itself as a document.
        (MediaKind::Document, part(raw.document)),
    ];
    parts.extend(
        files.into_iter().filter_map(|(kind, file): (_, Option<RawFile>)| {
            file.map(|file| Part::Media { kind, file_id: file.file_id })
        }),
    );
    parts
}
