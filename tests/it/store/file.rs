//! SQLite alone, in any run: the database as a file that several processes open.

use super::*;

#[tokio::test]
async fn one_server_at_a_time_and_others_beside_it() {
    let store = fresh_file().await;
    let lock = store.serve_lock().unwrap();
    let other = SqlStore::open(&store.database.url, &SqlOptions::default()).await.unwrap();
    assert!(matches!(other.serve_lock(), Err(StoreError::Taken)));
    other.import_points(&[]).await.unwrap();
    store.event(GROUP).await;
    assert_eq!(other.take(9, NOW).await.unwrap().len(), 1);
    drop(lock);
    other.serve_lock().unwrap();
}

#[tokio::test]
async fn processes_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("a.db").display());
    let opened = (0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { SqlStore::open(&url, &SqlOptions::default()).await.map(drop) })
    });
    for opened in opened.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_wrong_url_is_told() {
    for url in ["mysql://x", "sqlite://", "file.db"] {
        assert!(matches!(SqlStore::open(url, &SqlOptions::default()).await, Err(StoreError::Other(_))), "{url}");
    }
}
