//! The calendar feed of the rota: `GET /duty/SECRET.ics`, for anybody who knows the secret.
//!
//! Who does not is told no more than that there is no such page. Called by `app`, which says how the calendar is written.

use crate::domain::id::Millis;
use crate::port::clock::{Chance, Clock};
use crate::port::store::{Store, TownFile};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The secret's name in the store.
pub const SECRET: &str = "duty_feed";
/// Its length: 160 bits.
pub const SECRET_LENGTH: usize = 32;

/// Writes the calendar of a town's rota.
pub type Write = Arc<dyn Fn(&TownFile, Millis) -> String + Send + Sync>;

struct Feed<S> {
    store: S,
    write: Write,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
}

/// The feed's path for a secret.
pub fn path(secret: &str) -> String {
    format!("/duty/{secret}.ics")
}

/// `GET /duty/SECRET.ics`.
pub fn routes<S: Store>(store: S, write: Write, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Router {
    Router::new().route("/duty/{file}", get(feed::<S>)).with_state(Arc::new(Feed { store, write, clock, chance }))
}

async fn feed<S: Store>(State(feed): State<Arc<Feed<S>>>, Path(file): Path<String>) -> Response {
    let given = file.strip_suffix(".ics").unwrap_or_default();
    // Made with the first question if nobody asked for the address yet: then nobody knows it.
    let secret = match feed.store.secret(SECRET, &feed.chance.code(SECRET_LENGTH)).await {
        Ok(secret) => secret,
        Err(error) => {
            tracing::error!(%error, "the duty feed could not be looked up");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    if secret.is_empty() || !bool::from(secret.as_bytes().ct_eq(given.as_bytes())) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match feed.store.townspeople().await {
        Ok(town) => {
            let headers = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (header::CACHE_CONTROL, "private, max-age=60"),
            ];
            (headers, (feed.write)(&town, feed.clock.now())).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the duty feed could not be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::clock::{SystemChance, SystemClock};
    use crate::adapter::stand_in::StubStore;

    async fn serve() -> (String, StubStore) {
        let store = StubStore::default();
        let write: Write = Arc::new(|town, _| format!("calendar of {} shifts", town.rota.shifts.len()));
        let routes = routes(store.clone(), write, Arc::new(SystemClock), Arc::new(Fixed));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (url, store)
    }

    struct Fixed;

    impl Chance for Fixed {
        fn code(&self, length: usize) -> String {
            assert!(SystemChance.code(length).len() == length);
            "S".repeat(length)
        }
    }

    #[tokio::test]
    async fn the_secret_opens_it_and_nothing_else_does() {
        let (url, store) = serve().await;
        let get = async |path: &str| reqwest::get(format!("{url}{path}")).await.unwrap();
        let secret = "S".repeat(SECRET_LENGTH);
        let page = get(&path(&secret)).await;
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["content-type"], "text/calendar; charset=utf-8");
        assert_eq!(page.text().await.unwrap(), "calendar of 0 shifts");
        let wrong = [path(&"T".repeat(SECRET_LENGTH)), path(""), path("S"), format!("/duty/{secret}"), "/duty/".into()];
        for path in wrong {
            let page = get(&path).await;
            assert_eq!((page.status().as_u16(), page.text().await.unwrap().as_str()), (404, ""), "{path}");
        }
        *store.0.broken.lock().unwrap() = true;
        assert_eq!(get(&path(&secret)).await.status(), 503);
    }
}
