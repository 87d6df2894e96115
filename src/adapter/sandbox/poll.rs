//! How updates reach the bot: `getUpdates` with its one poller, and the webhook with its worker.

use super::Shared;
use super::body::Params;
use super::bot_api::{Answer, done, result};
use super::failure::Refusal;
use super::town::{State, Webhook};
use axum::body::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const WEBHOOK_ACTIVE: &str =
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
const OTHER_POLLER: &str = "terminated by other getUpdates request; make sure that only one bot instance is running";

fn read_allowed(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let Some(kinds) = params.nested("allowed_updates")? else { return Ok(None) };
    serde_json::from_value(kinds).map(Some).map_err(|_| Refusal::bad("can't parse allowed_updates"))
}

fn allow(town: &mut State, kinds: Option<Vec<String>>) {
    if let Some(kinds) = kinds {
        town.journal.write("allowed", 0, &kinds);
        town.queue.allow(Some(kinds));
    }
}

/// `getUpdates`: confirms what lies before the offset, then waits for something to give. A newer poller ends it.
pub(super) async fn get_updates(shared: &Arc<Shared>, params: &Params) -> Answer {
    let offset = params.int("offset").unwrap_or(0);
    let limit = usize::try_from(params.int("limit").unwrap_or(100).clamp(1, 100)).expect("1 to 100");
    let timeout = u64::try_from(params.int("timeout").unwrap_or(0).clamp(0, 50)).expect("0 to 50");
    let allowed = read_allowed(params)?;
    let mine = shared.poller.fetch_add(1, Ordering::SeqCst) + 1;
    shared.wake();
    let over = tokio::time::sleep(Duration::from_secs(timeout));
    tokio::pin!(over);
    let mut first = Some(allowed);
    loop {
        let arrived = shared.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        {
            let mut town = shared.town();
            if !town.webhook.url.is_empty() {
                let words = if first.is_some() { WEBHOOK_ACTIVE } else { "terminated by setWebhook request" };
                return Err(Refusal::conflict(words));
            }
            if shared.poller.load(Ordering::SeqCst) != mine {
                return Err(Refusal::conflict(OTHER_POLLER));
            }
            if let Some(allowed) = first.take() {
                allow(&mut town, allowed);
                town.confirm(offset);
            }
            if let Some(batch) = town.queue.batch(limit) {
                return Ok(batch);
            }
        }
        tokio::select! {
            () = &mut arrived => {}
            () = &mut over => return result(&[(); 0]),
            () = shared.stopped() => return result(&[(); 0]),
        }
    }
}

/// `setWebhook`
pub(super) fn set_webhook(town: &mut State, params: &Params) -> Answer {
    let url = params.text("url").unwrap_or_default().to_owned();
    if url.is_empty() {
        return delete_webhook(town, params);
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = params.text("secret_token").unwrap_or_default().to_owned();
    if secret.len() > 256 || !secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    allow(town, read_allowed(params)?);
    if params.flag("drop_pending_updates") {
        town.journal.write("dropped", 0, &());
        town.queue.drop_pending();
    }
    let max_connections = params.int("max_connections").unwrap_or(40);
    town.webhook = Webhook { url, secret, max_connections, last_error: None };
    town.journal.write("webhook", 0, &town.webhook);
    Ok(br#"{"ok":true,"result":true,"description":"Webhook was set"}"#.to_vec())
}

/// `deleteWebhook`
pub(super) fn delete_webhook(town: &mut State, params: &Params) -> Answer {
    if params.flag("drop_pending_updates") {
        town.journal.write("dropped", 0, &());
        town.queue.drop_pending();
    }
    town.webhook = Webhook::default();
    town.journal.write("webhook", 0, &town.webhook);
    done()
}

/// `getWebhookInfo`
pub(super) fn webhook_info(town: &State) -> Answer {
    let mut info = json!({
        "url": town.webhook.url, "has_custom_certificate": false, "pending_update_count": town.queue.len(),
    });
    if !town.webhook.url.is_empty() {
        info["max_connections"] = json!(town.webhook.max_connections);
    }
    if let Some((at, why)) = &town.webhook.last_error {
        info["last_error_date"] = json!(at);
        info["last_error_message"] = json!(why);
    }
    if let Some(kinds) = town.queue.allowed() {
        info["allowed_updates"] = Value::from(kinds);
    }
    result(&info)
}

/// Delivers to the webhook for as long as one is set: one update at a time, in order, again until it answers 2xx.
pub(super) async fn run_webhook(shared: Arc<Shared>) {
    let Ok(client) = teloxide::net::default_reqwest_settings().build() else { return };
    let mut failures = 0u32;
    loop {
        let arrived = shared.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let next = {
            let town = shared.town();
            let front = town.queue.front().filter(|_| !town.webhook.url.is_empty());
            front.map(|update| (update.id, update.body.clone(), town.webhook.clone()))
        };
        let Some((id, body, webhook)) = next else {
            tokio::select! {
                () = &mut arrived => continue,
                () = shared.stopped() => return,
            }
        };
        let post = client.post(&webhook.url).header("content-type", "application/json");
        let post = post.header("x-telegram-bot-api-secret-token", &webhook.secret).body::<Bytes>(body);
        let outcome = tokio::select! {
            outcome = post.send() => outcome,
            () = shared.stopped() => return,
        };
        let error = match outcome {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("Wrong response from the webhook: {}", response.status())),
            Err(_) => Some("Connection refused or timed out".to_owned()),
        };
        let pause = shared.note_delivery(id, error).then(|| {
            failures += 1;
            Duration::from_millis(20 << failures.min(8))
        });
        match pause {
            None => failures = 0,
            Some(pause) => tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shared.stopped() => return,
            },
        }
    }
}

impl Shared {
    /// Confirms a delivered update, or writes down why it was not; tells whether it failed.
    fn note_delivery(&self, id: i64, error: Option<String>) -> bool {
        let now = self.clock.now();
        let mut town = self.town();
        match error {
            None => {
                if town.queue.front().is_some_and(|front| front.id == id) {
                    town.confirm(id + 1);
                }
                false
            }
            Some(why) => {
                town.webhook.last_error = Some((now.0 / 1000, why));
                true
            }
        }
    }
}
