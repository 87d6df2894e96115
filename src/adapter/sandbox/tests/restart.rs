//! What outlives a restart.

use super::*;

#[tokio::test]
async fn a_town_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(Some(dir.path())).await;
    let start: Vec<Value> = town.updates(json!({})).await;
    let next = start.last().unwrap()["update_id"].as_i64().unwrap() + 1;
    town.updates(json!({"offset": next})).await;
    let tip = town.say(COURIER, EAST, "#打架").await;
    town.say(COURIER, EAST, "#盗窃").await;
    town.post("photo", json!({"as": COURIER, "chat": EAST})).await;
    let waiting = town.updates(json!({"offset": next + 1})).await;
    let receipt =
        town.done("sendMessage", json!({"chat_id": EAST, "text": "L1"})).await["message_id"].as_i64().unwrap();
    town.done("deleteMessage", json!({"chat_id": EAST, "message_id": tip})).await;
    let confirmed = town.get("confirmed").await;
    let other = SandboxOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        data: Some(dir.path().to_owned()),
        token: TOKEN.into(),
        delay_ms: 0,
        demo: true,
    };
    let error = start_again(other).await;
    assert!(error.contains("in use by another sandbox"), "{error}");
    town.sandbox.stop().await;

    let town = Town::open(Some(dir.path())).await;
    assert_eq!(town.updates(json!({})).await, waiting, "what was not confirmed waits, word for word");
    assert_eq!(town.get("confirmed").await["ranges"], confirmed["ranges"]);
    let messages = town.get(&format!("messages?chat={EAST}&since={}", tip - 1)).await["messages"].clone();
    assert_eq!(messages[0], json!({"message_id": tip, "deleted": true}));
    let file = messages[2]["photo"][1]["file_id"].as_str().unwrap().to_owned();
    let picture =
        town.http.get(town.url(&format!("/sandbox/file/{file}"))).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&picture[1..4], b"PNG");
    assert_eq!(town.say(COURIER, EAST, "再来").await, receipt + 1, "numbers go on");
    town.sandbox.stop().await;
}

async fn start_again(options: SandboxOptions) -> String {
    match start(options, Arc::new(TestClock::default())).await {
        Ok(_) => "started".into(),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn numbers_jump_when_the_end_may_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(Some(dir.path())).await;
    let last = town.updates(json!({})).await.last().unwrap()["update_id"].as_i64().unwrap();
    town.sandbox.stop().await;
    let path = dir.path().join("sandbox.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("[\"closed\",0,null]\n", "[\"message\",-10017")).unwrap();
    let town = Town::open(Some(dir.path())).await;
    let sent = town.post("say", json!({"as": COURIER, "chat": EAST, "text": "#打架"})).await;
    assert!(sent["update_id"].as_i64().unwrap() > last + 50_000, "{sent}");
    assert!(sent["message_id"].as_i64().unwrap() > 1_000, "{sent}");
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let town = Town::new().await;
    let options =
        SandboxOptions { listen: town.sandbox.addr, data: None, token: TOKEN.into(), delay_ms: 0, demo: false };
    let error = start_again(options).await;
    assert!(error.contains("another program uses the port"), "{error}");
    town.sandbox.stop().await;
}
