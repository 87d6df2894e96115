//! What goes wrong on purpose.

use super::*;
use std::time::{Duration, Instant};

#[tokio::test]
async fn planned_refusals_come_and_pass() {
    let town = Town::new().await;
    let send = json!({"chat_id": EAST, "text": "x"});
    for (fault, code, parameters) in [
        (json!({"method": "sendMessage", "kind": "429", "retry_after": 9}), 429, json!({"retry_after": 9})),
        (json!({"chat": EAST, "kind": "migrated", "migrate_to": -7}), 400, json!({"migrate_to_chat_id": -7})),
        (json!({"kind": "500"}), 500, Value::Null),
        (json!({"kind": "blocked"}), 403, Value::Null),
        (json!({"kind": "kicked"}), 403, Value::Null),
        (json!({"kind": "chat_not_found"}), 400, Value::Null),
    ] {
        town.post("faults", fault.clone()).await;
        let answer = town.call("sendMessage", send.clone()).await;
        assert_eq!((&answer["error_code"], &answer["parameters"]), (&json!(code), &parameters), "{fault}");
        town.done("sendMessage", send.clone()).await;
    }
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_cut_connection_may_have_done_it() {
    let town = Town::new().await;
    let url = town.url(&format!("/bot{TOKEN}/sendMessage"));
    let before = town.get(&format!("messages?chat={EAST}")).await["messages"].as_array().unwrap().len();
    for (executed, sent) in [(false, 0), (true, 1)] {
        town.post("faults", json!({"method": "sendMessage", "kind": "drop", "executed": executed})).await;
        let answer = town.http.post(&url).json(&json!({"chat_id": EAST, "text": "once"})).send().await;
        let broken = match answer {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(broken, "the answer must not arrive");
        let now = town.get(&format!("messages?chat={EAST}")).await["messages"].as_array().unwrap().len();
        assert_eq!(now - before, sent, "executed: {executed}");
    }
    town.post("faults", json!({"kind": "garbage"})).await;
    let answer = town.http.post(&url).json(&json!({})).send().await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&answer).is_err());
    town.post("faults", json!({"kind": "hang"})).await;
    let patience = Duration::from_millis(100);
    assert!(town.http.post(&url).timeout(patience).json(&json!({})).send().await.unwrap_err().is_timeout());
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_delay_and_the_limits_can_be_switched_on() {
    let town = Town::new().await;
    town.post("faults", json!({"delay_ms": 30, "limits": true})).await;
    let started = Instant::now();
    town.done("sendMessage", json!({"chat_id": EAST, "text": "1"})).await;
    assert!(started.elapsed() >= Duration::from_millis(30));
    let answer = town.call("sendMessage", json!({"chat_id": EAST, "text": "2"})).await;
    assert_eq!(answer["parameters"]["retry_after"], 1, "{answer}");
    town.http.delete(town.url("/sandbox/faults")).send().await.unwrap();
    town.done("sendMessage", json!({"chat_id": EAST, "text": "2"})).await;
    let counts = town.get("calls").await["counts"]["sendMessage"].clone();
    assert_eq!(counts, json!({"total": 3, "ok": 2}));
    town.sandbox.stop().await;
}
