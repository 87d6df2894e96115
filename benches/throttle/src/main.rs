//! How long teloxide's own `Throttle` takes for an alarm, beside `cargo bench --bench alarm`.
//!
//! In real time, because its worker reads the system's clock: a local server answers each call at once and notes when
//! it came. `throttle RECIPIENTS ROUTINE`: so many routine messages to 500 chats are handed to it, two seconds later
//! an alarm to so many others. Prints when the alarm's first and last message arrived after it was raised.

use axum::{Json, Router, extract::State, routing::post};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use teloxide_core::Bot;
use teloxide_core::adaptors::throttle::{Limits, Throttle};
use teloxide_core::requests::Requester;
use teloxide_core::types::ChatId;

type Seen = Arc<Mutex<Vec<(i64, Instant)>>>;

async fn send_message(State(seen): State<Seen>, Json(body): Json<Value>) -> Json<Value> {
    let chat = body["chat_id"].as_i64().unwrap_or_default();
    let id = {
        let mut seen = seen.lock().expect("no panic while it is held");
        seen.push((chat, Instant::now()));
        seen.len()
    };
    let chat = json!({ "id": chat, "type": "private", "first_name": "x" });
    Json(json!({ "ok": true, "result": { "message_id": id, "date": 1, "chat": chat, "text": "x" } }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<i64>());
    let recipients = words.next().ok_or("throttle RECIPIENTS ROUTINE")??;
    let routine = words.next().transpose()?.unwrap_or(0);

    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let routes = Router::new().route("/bot{token}/SendMessage", post(send_message)).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let bot = Throttle::new_spawn(Bot::new("1:x").set_api_url(url.parse()?), Limits::default());
    let send = |chat: i64| {
        let bot = bot.clone();
        tokio::spawn(async move { bot.send_message(ChatId(chat), "x").await.map(drop) })
    };
    let waiting: Vec<_> = (0..routine).map(|n| send(1 + n % 500)).collect();
    tokio::time::sleep(Duration::from_secs(if routine > 0 { 2 } else { 0 })).await;
    let raised = Instant::now();
    for sent in join_all((0..recipients).map(|n| send(1_000_000 + n))).await {
        sent??;
    }
    drop(waiting);
    let seen = seen.lock().expect("no panic while it is held");
    let after = |at: &Instant| at.duration_since(raised).as_secs_f64();
    let alarm: Vec<f64> = seen.iter().filter(|(chat, _)| *chat >= 1_000_000).map(|(_, at)| after(at)).collect();
    let (first, last) = (alarm.iter().copied().fold(f64::MAX, f64::min), alarm.iter().copied().fold(0.0, f64::max));
    println!("recipients {recipients}, routine {routine}: first {first:.2} s, last {last:.2} s, {} came", alarm.len());
    Ok(())
}
