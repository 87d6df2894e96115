//! Getting updates: offsets, long polls, conflicts, privacy mode, the webhook.

use super::*;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn ids(updates: &[Value]) -> Vec<i64> {
    updates.iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn an_offset_confirms_and_nothing_else_does() {
    let town = Town::new().await;
    for n in 0..3 {
        town.say(COURIER, EAST, &format!("#盗窃 {n}")).await;
    }
    let first = ids(&town.updates(json!({"limit": 2})).await);
    let all = ids(&town.updates(json!({})).await);
    assert_eq!((first.len(), all.len()), (2, 3), "fetching is not confirming");
    assert_eq!(ids(&town.updates(json!({"offset": all[1]})).await), all[1..]);
    let confirmed = town.get("confirmed").await;
    assert_eq!(confirmed["ids"].as_array().unwrap().last().unwrap(), all[0]);
    assert_eq!(confirmed["pending"], 2);
    assert_eq!(ids(&town.updates(json!({"offset": -1})).await), all[2..]);
    assert!(town.updates(json!({"offset": all[2] + 1})).await.is_empty());
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_update() {
    let town = Town::new().await;
    let started = Instant::now();
    let (updates, _) = tokio::join!(town.updates(json!({"timeout": 30})), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        town.say(COURIER, EAST, "#打架").await
    });
    assert_eq!(updates.len(), 1);
    assert!(started.elapsed() < Duration::from_secs(10));
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let town = Town::new().await;
    let first = town.refused("getUpdates", json!({"timeout": 30}));
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        town.updates(json!({"timeout": 0})).await
    };
    let ((code, says), _) = tokio::join!(first, second);
    assert_eq!(code, 409);
    assert_eq!(
        says,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    town.sandbox.stop().await;
}

#[tokio::test]
async fn privacy_mode_hides_what_is_not_for_the_bot() {
    let town = Town::new().await;
    town.post("bot", json!({"chat": EAST, "standing": "member"})).await;
    let mine = town.done("sendMessage", json!({"chat_id": EAST, "text": "收到"})).await["message_id"].clone();
    town.say(COURIER, EAST, "#打架 渔市").await;
    town.say(COURIER, EAST, "/tip 打架").await;
    town.say(COURIER, EAST, "/tip@other_bot 打架").await;
    town.say(COURIER, EAST, "喂 @baiying_bot 打架").await;
    town.post("say", json!({"as": COURIER, "chat": EAST, "text": "补充", "reply_to": mine})).await;
    let seen: Vec<String> = town
        .updates(json!({}))
        .await
        .iter()
        .filter_map(|update| update["message"]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(seen, ["/tip 打架", "喂 @baiying_bot 打架", "补充"]);
    town.sandbox.stop().await;
}

#[tokio::test]
async fn kinds_that_were_not_asked_for_are_not_queued() {
    let town = Town::new().await;
    let message = town.say(COURIER, EAST, "#打架").await;
    let react = json!({"as": TAXI, "chat": EAST, "message_id": message, "emoji": "👀"});
    town.post("react", react.clone()).await;
    assert_eq!(town.updates(json!({"allowed_updates": ["message_reaction"]})).await.len(), 1);
    town.post("react", react).await;
    town.say(COURIER, EAST, "#打架").await;
    let kinds = town.updates(json!({})).await;
    assert!(kinds.len() == 2 && kinds[1]["message_reaction"]["new_reaction"][0]["emoji"] == "👀", "{kinds:?}");
    town.sandbox.stop().await;
}

#[tokio::test]
async fn raw_updates_come_as_they_are() {
    let town = Town::new().await;
    town.post("raw", json!({"update_id": 5, "brand_new": {"a": [1]}})).await;
    assert_eq!(town.updates(json!({})).await[0]["brand_new"], json!({"a": [1]}));
    town.sandbox.stop().await;
}

type Got = Arc<Mutex<Vec<(String, String)>>>;

async fn receive(Extract(got): Extract<Got>, headers: HeaderMap, body: String) -> StatusCode {
    let mut got = got.lock().unwrap();
    got.push((headers["x-telegram-bot-api-secret-token"].to_str().unwrap().to_owned(), body));
    // The second delivery fails and has to come again.
    if got.len() == 2 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

#[tokio::test]
async fn the_webhook_delivers_in_order_until_it_is_taken() {
    let town = Town::new().await;
    let got = Got::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/hook", axum::routing::post(receive)).with_state(Arc::clone(&got));
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    town.done("setWebhook", json!({"url": url, "secret_token": "s-1"})).await;
    assert_eq!(town.refused("getUpdates", json!({})).await.0, 409);
    for n in 0..3 {
        town.say(COURIER, EAST, &format!("#盗窃 {n}")).await;
    }
    while got.lock().unwrap().len() < 4 {
        tokio::task::yield_now().await;
    }
    while town.get("confirmed").await["pending"] != 0 {
        tokio::task::yield_now().await;
    }
    let texts: Vec<String> = {
        let got = got.lock().unwrap();
        assert!(got.iter().all(|(secret, _)| secret == "s-1"));
        let text =
            |body: &str| serde_json::from_str::<Value>(body).unwrap()["message"]["text"].as_str().unwrap().to_owned();
        got.iter().map(|(_, body)| text(body)).collect()
    };
    assert_eq!(texts, ["#盗窃 0", "#盗窃 1", "#盗窃 1", "#盗窃 2"]);
    let info = town.done("getWebhookInfo", json!({})).await;
    assert!(info["last_error_message"].as_str().unwrap().contains("500"), "{info}");
    town.done("deleteWebhook", json!({})).await;
    assert!(town.updates(json!({})).await.is_empty());
    server.abort();
    town.sandbox.stop().await;
}
