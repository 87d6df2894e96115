//! The chat page: plain files, built in. Nothing is loaded from elsewhere, and the browser is told so.

use super::control::Town;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const POLICY: &str = "default-src 'self'; img-src 'self' data:; media-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 8] = [
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("words.js", "text/javascript; charset=utf-8", include_str!("page/words.js")),
    ("map.js", "text/javascript; charset=utf-8", include_str!("page/map.js")),
    ("message.js", "text/javascript; charset=utf-8", include_str!("page/message.js")),
    ("welcome.js", "text/javascript; charset=utf-8", include_str!("page/welcome.js")),
    ("people.js", "text/javascript; charset=utf-8", include_str!("page/people.js")),
    ("app.js", "text/javascript; charset=utf-8", include_str!("page/app.js")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

const SAMPLES: [&[u8]; 2] = [include_bytes!("page/sample-street.png"), include_bytes!("page/sample-smoke.png")];

fn serve(kind: &'static str, text: &'static str) -> Response {
    let head = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (head, text).into_response()
}

/// `/`
pub(super) async fn index() -> Response {
    serve("text/html; charset=utf-8", include_str!("page/index.html"))
}

/// `/page/{name}`
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, text)) => serve(kind, text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `/sandbox/town`: the places for the map, the zone of the town's clock, and when its first message was written, by
/// which the page tells one town from another on the same port.
pub(super) async fn town(State(shared): Town) -> Json<Value> {
    let since = shared.town().chats.values().filter_map(|chat| Some(chat.messages.values().next()?.date)).min();
    let zone = crate::config::Config::default().time_zone;
    Json(json!({"places": super::demo::places(), "time_zone": zone.name(), "since": since}))
}

/// One of the sample pictures, a PNG.
pub(super) fn sample(number: usize) -> &'static [u8] {
    SAMPLES[number % SAMPLES.len()]
}

/// A second of two soft tones, as WAV: what a voice message of the sandbox sounds like.
pub(super) fn beep() -> Vec<u8> {
    const RATE: u32 = 8000;
    let mut wav = Vec::with_capacity(44 + RATE as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + RATE).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(b"\x01\0\x08\0data");
    wav.extend_from_slice(&RATE.to_le_bytes());
    for n in 0..RATE {
        let pitch = if n < RATE / 2 { 20 } else { 16 };
        let triangle = (n % pitch) * 48 / pitch;
        wav.push(u8::try_from(104 + triangle.min(48 - triangle)).unwrap_or(128));
    }
    wav
}
