//! The webhook: the platform calls, the update is stored, and only then the platform is told so.
//!
//! Owns one route. The secret is compared in constant time; a body that cannot be stored is answered with 503, so
//! that the platform comes again; one that is no update with 400, and counted. Merged into the product's HTTP side by `app`.

use super::decode::{clean, keep};
use crate::port::clock::Clock;
use crate::port::meter::{Count, Meter};
use crate::port::store::Store;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio::sync::Notify;

/// Larger bodies are refused: the platform's own are far smaller.
const LARGEST: usize = 1 << 20;

struct Hook<S, C, M: ?Sized> {
    store: S,
    clock: Arc<C>,
    secret: SecretString,
    wake: Arc<Notify>,
    meter: Arc<M>,
}

/// `POST /telegram/webhook`.
pub fn routes<S: Store, C: Clock, M: Meter + ?Sized>(
    store: S,
    clock: Arc<C>,
    secret: SecretString,
    wake: Arc<Notify>,
    meter: Arc<M>,
) -> Router {
    Router::new()
        .route("/telegram/webhook", post(receive::<S, C, M>))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Arc::new(Hook { store, clock, secret, wake, meter }))
}

async fn receive<S: Store, C: Clock, M: Meter + ?Sized>(
    State(hook): State<Arc<Hook<S, C, M>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let given = headers.get("x-telegram-bot-api-secret-token").map_or(&[][..], |value| value.as_bytes());
    let wanted = hook.secret.expose_secret().as_bytes();
    if wanted.is_empty() || !bool::from(wanted.ct_eq(given)) {
        tracing::warn!("a webhook call without the right secret was turned away");
        return StatusCode::UNAUTHORIZED;
    }
    let update = std::str::from_utf8(&body).ok().and_then(|raw| {
        let json = clean(raw).into_owned();
        keep(json)
    });
    let Some(update) = update else {
        hook.meter.count(Count::UpdatesUnreadable, 1);
        tracing::warn!(bytes = body.len(), "a webhook call without an update was refused");
        return StatusCode::BAD_REQUEST;
    };
    match hook.store.receive(&[update], hook.clock.now()).await {
        Ok(new) => {
            hook.meter.trouble("inbox", None);
            if new > 0 {
                hook.meter.count(Count::UpdatesReceived, new as u64);
                hook.wake.notify_one();
            }
            StatusCode::OK
        }
        Err(error) => {
            let what =
                format!("updates cannot be stored, Telegram will bring them again (for 24 hours at most): {error}");
            hook.meter.trouble("inbox", Some(what));
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
