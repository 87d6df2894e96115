//! The sandbox over real HTTP: raw requests where the words matter, teloxide where the types do.

mod api;
mod control;
mod faults;
mod restart;
mod types;
mod updates;

use super::{Sandbox, SandboxOptions, start};
use crate::domain::id::Millis;
use crate::port::clock::Clock;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const TOKEN: &str = "8000000001:test";
const COURIER: i64 = 610_501;
const TAXI: i64 = 610_502;
const OFFICER: i64 = 610_521;
const EAST: i64 = -1_001_700_000_001;
const WEST: i64 = -4_700_002;

#[derive(Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(1_795_000_000_000 + self.0.load(Ordering::Relaxed))
    }
}

/// A started sandbox of the demo town, its talk already confirmed.
struct Town {
    sandbox: Sandbox,
    http: reqwest::Client,
    clock: Arc<TestClock>,
}

impl Town {
    async fn new() -> Self {
        Self::open(None).await
    }

    async fn open(data: Option<&Path>) -> Self {
        let clock = Arc::new(TestClock::default());
        let options = SandboxOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            data: data.map(Path::to_owned),
            token: TOKEN.into(),
            delay_ms: 0,
            demo: true,
        };
        let sandbox = start(options, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let town = Self { sandbox, http: reqwest::Client::new(), clock };
        if data.is_none() {
            town.call("getUpdates", json!({"offset": -1})).await;
            let last = town.updates(json!({})).await;
            let next = last.last().unwrap()["update_id"].as_i64().unwrap() + 1;
            town.updates(json!({"offset": next})).await;
        }
        town
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    /// A Bot API call; the whole answer.
    async fn call(&self, method: &str, params: Value) -> Value {
        let url = self.url(&format!("/bot{TOKEN}/{method}"));
        self.http.post(url).json(&params).send().await.unwrap().json().await.unwrap()
    }

    /// A Bot API call that works; its result.
    async fn done(&self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["result"].take()
    }

    /// A Bot API call that is refused; code and description.
    async fn refused(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        (answer["error_code"].as_i64().unwrap(), answer["description"].as_str().unwrap().to_owned())
    }

    async fn updates(&self, params: Value) -> Vec<Value> {
        serde_json::from_value(self.done("getUpdates", params).await).unwrap()
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let answer = self.http.post(self.url(&format!("/sandbox/{what}"))).json(&body).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{what}: {answer}");
        answer
    }

    async fn get(&self, what: &str) -> Value {
        self.http.get(self.url(&format!("/sandbox/{what}"))).send().await.unwrap().json().await.unwrap()
    }

    async fn say(&self, who: i64, chat: i64, text: &str) -> i64 {
        self.post("say", json!({"as": who, "chat": chat, "text": text})).await["message_id"].as_i64().unwrap()
    }
}
