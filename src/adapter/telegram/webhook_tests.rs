use super::*;
use crate::adapter::stand_in::{Notes, StillClock, StubStore};
use crate::domain::id::Millis;
use crate::port::store::StoreError;

const UPDATE: &str = r#"{"update_id":5,"message":{"chat":{"id":-7},"text":"x\u0000y"}}"#;

async fn served(store: &StubStore, notes: &Arc<Notes>) -> String {
    let clock = Arc::new(StillClock(Millis(1)));
    let app = routes(store.clone(), clock, "s3cret".to_owned().into(), Arc::default(), notes.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/telegram/webhook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

async fn post(url: &str, secret: Option<&str>, body: impl Into<reqwest::Body>) -> u16 {
    let mut request = reqwest::Client::new().post(url).body(body);
    if let Some(secret) = secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn only_what_is_stored_is_answered_with_200() {
    let (store, notes) = (StubStore::default(), Arc::new(Notes::default()));
    let url = served(&store, &notes).await;
    let right = Some("s3cret");
    for (secret, body, status) in [
        (None, UPDATE.to_owned(), 401),
        (Some("s3cre"), UPDATE.to_owned(), 401),
        (Some("S3cret"), UPDATE.to_owned(), 401),
        (right, "garbage".to_owned(), 400),
        (right, "{}".to_owned(), 400),
        (right, " ".repeat((1 << 20) + 1), 413),
    ] {
        assert_eq!(post(&url, secret, body.clone()).await, status, "{secret:?} {:.20}", body);
    }
    assert_eq!(store.ids(), [0_i64; 0]);
    store.0.refuse.lock().unwrap().push_back(StoreError::Full);
    assert_eq!(post(&url, right, UPDATE).await, 503, "the platform comes again");
    assert_eq!(post(&url, right, UPDATE).await, 200);
    assert_eq!(post(&url, right, UPDATE).await, 200, "and again is no harm");
    assert_eq!(store.ids(), [5]);
    let kept = store.0.received.lock().unwrap()[0].clone();
    assert_eq!((kept.chat.0, kept.json.contains("xy")), (-7, true));
    let counts = notes.counts.lock().unwrap().clone();
    assert_eq!(counts, [(Count::UpdatesUnreadable, 1), (Count::UpdatesUnreadable, 1), (Count::UpdatesReceived, 1)]);
}
