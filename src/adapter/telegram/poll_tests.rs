use super::*;
use crate::adapter::stand_in::{Call, Notes, Server, StillClock, StubStore, until};
use crate::domain::id::Millis;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Mutex;

const QUICK: Pace = Pace {
    hold: Duration::from_secs(1),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

struct Run {
    server: Server,
    store: StubStore,
    notes: Arc<Notes>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

/// A poller against a server that gives these answers, one after the other, and then leaves questions open.
async fn run(answers: Vec<(u16, String)>, refuse: Vec<StoreError>) -> Run {
    let answers = Mutex::new(VecDeque::from(answers));
    let server = Server::start(move |_| answers.lock().unwrap().pop_front().unwrap_or((0, String::new()))).await;
    let (store, notes, (stop, stopped)) = (StubStore::default(), Arc::new(Notes::default()), watch::channel(false));
    *store.0.refuse.lock().unwrap() = refuse.into();
    let api = Api::new(&server.url, &"1:token".to_owned().into()).unwrap();
    let clock = Arc::new(StillClock(Millis(1)));
    let task = tokio::spawn(poll(api, store.clone(), clock, Arc::default(), notes.clone(), stopped, QUICK));
    Run { server, store, notes, stop, task }
}

impl Run {
    async fn calls(&self, n: usize) -> Vec<Call> {
        until(|| self.server.calls.lock().unwrap().len() >= n).await;
        self.server.calls.lock().unwrap()[..n].to_vec()
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap().unwrap();
    }
}

fn batch(ids: &[i64]) -> (u16, String) {
    let updates: Vec<_> =
        ids.iter().map(|id| json!({"update_id": id, "message": {"chat": {"id": -5}, "text": "\0x"}})).collect();
    (200, json!({"ok": true, "result": updates}).to_string())
}

fn refusal(code: u16, description: &str) -> (u16, String) {
    (code, json!({"ok": false, "error_code": code, "description": description}).to_string())
}

fn offsets(calls: &[Call]) -> Vec<Option<i64>> {
    calls.iter().map(|call| call.json()["offset"].as_i64()).collect()
}

#[tokio::test]
async fn a_batch_is_stored_before_it_is_confirmed_and_the_offset_is_used_once() {
    let run = run(vec![batch(&[7, 8]), batch(&[]), batch(&[3]), batch(&[])], vec![]).await;
    let calls = run.calls(5).await;
    assert_eq!(offsets(&calls), [None, Some(9), None, Some(4), None], "ids start anew: nothing stored swallows them");
    for call in &calls {
        let asked = call.json();
        assert_eq!(call.method, "getUpdates");
        assert_eq!((asked["limit"].as_i64(), asked["timeout"].as_i64()), (Some(100), Some(1)));
        assert_eq!(
            asked["allowed_updates"],
            json!(["message", "edited_message", "callback_query", "my_chat_member"]),
            "told each time"
        );
    }
    assert_eq!(run.store.ids(), [7, 8, 3]);
    let kept = run.store.0.received.lock().unwrap()[0].clone();
    assert_eq!((kept.chat.0, kept.json.contains("u0000")), (-5, false));
    run.end().await;
}

#[tokio::test]
async fn a_full_disk_confirms_nothing() {
    let full = || StoreError::Full;
    let run = run(vec![batch(&[7]), batch(&[])], vec![full(), full(), StoreError::Other("locked".into())]).await;
    let calls = run.calls(2).await;
    assert_eq!(offsets(&calls), [None, Some(8)]);
    assert_eq!(run.store.ids(), [7]);
    let troubles: Vec<_> = run.notes.troubles.lock().unwrap().iter().map(|(part, it)| (*part, it.is_some())).collect();
    assert_eq!(troubles, [("inbox", true), ("inbox", true), ("inbox", false)], "told once each, and when over");
    run.end().await;
}

#[tokio::test]
async fn whatever_the_server_answers_polling_goes_on() {
    let answers = vec![
        (500, "oops".into()),
        (502, "<html>".into()),
        (200, "garbage".into()),
        (200, r#"{"ok":true,"result":{"not":"a list"}}"#.into()),
        (200, r#"{"ok":true,"result":[{"no":"number"}]}"#.into()),
        refusal(400, "Bad Request: whatever"),
        batch(&[1]),
        (500, String::new()),
        batch(&[1, 2]),
        (200, r#"{"ok":true,"result":[5,{"update_id":3,"kind_of_tomorrow":{}}]}"#.into()),
    ];
    let run = run(answers, vec![]).await;
    let calls = run.calls(11).await;
    assert_eq!(run.store.ids(), [1, 2, 3]);
    assert_eq!(offsets(&calls)[7..], [Some(2), None, Some(3), Some(4)], "a lost confirmation is not repeated blindly");
    assert_eq!(run.notes.troubles.lock().unwrap().last(), Some(&("telegram", None)));
    run.end().await;
}

#[tokio::test]
async fn conflicts_and_refused_tokens_name_their_mend() {
    for (answer, word) in [
        (refusal(409, "Conflict: can't use getUpdates method while webhook is active"), "deleteWebhook"),
        (refusal(409, "Conflict: terminated by other getUpdates request"), "another program"),
        (refusal(401, "Unauthorized"), "BAIYING_TOKEN"),
        (refusal(404, "Not Found"), "BAIYING_TOKEN"),
        ((429, r#"{"ok":false,"error_code":429,"parameters":{"retry_after":3}}"#.into()), "wait 3 s"),
    ] {
        let run = run(vec![answer], vec![]).await;
        until(|| !run.notes.troubles.lock().unwrap().is_empty()).await;
        let trouble = run.notes.troubles.lock().unwrap()[0].1.clone().unwrap();
        assert!(trouble.contains(word), "{trouble}");
        run.end().await;
    }
}

#[tokio::test]
async fn a_second_process_on_the_database_ends_polling() {
    let run = run(vec![batch(&[7])], vec![StoreError::Taken]).await;
    let error = run.task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("another baiying"), "{error}");
}
