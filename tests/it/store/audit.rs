//! What breaks the product's laws is found.

use super::*;
use baiying::port::audit::{Breach, Law};

/// Two leads with their history, one of them verified and paid, and one payment taken back.
async fn books(store: &Fresh) {
    let line = |lead: i64, version: i64| LeadEvent {
        lead: LeadId(lead),
        version,
        at: NOW,
        by: None,
        action: "tip".into(),
        before: None,
    };
    let (held, person) = (Account::Held(UserId(7)), Account::Person(UserId(7)));
    let of = |lead: i64, transfer: Transfer| Transfer { lead: Some(LeadId(lead)), ..transfer };
    store
        .done(Changes {
            new_leads: vec![lead(1), lead(2)],
            lead_events: vec![line(1, 1), line(2, 1)],
            transfers: vec![
                of(1, transfer("1:hold", TransferKind::Hold, Account::Budget, held.clone(), 5)),
                of(2, transfer("2:hold", TransferKind::Hold, Account::Budget, held.clone(), 5)),
            ],
            ..Changes::default()
        })
        .await;
    let back = transfer("1:back", TransferKind::Reversal, person.clone(), held.clone(), 5);
    store
        .done(Changes {
            leads: vec![Lead { version: 2, ..lead(1) }],
            lead_events: vec![line(1, 2)],
            transfers: vec![
                of(1, transfer("1:post", TransferKind::Post, held, person, 5)),
                of(1, Transfer { reverses: Some("1:post".into()), ..back }),
            ],
            ..Changes::default()
        })
        .await;
}

async fn breaches(store: &Fresh) -> Vec<Breach> {
    store.audit().await.unwrap().breaches
}

#[tokio::test]
async fn a_broken_law_is_named_with_what_breaks_it() {
    let store = fresh().await;
    books(&store).await;
    assert_eq!(breaches(&store).await, []);
    let entry = "INSERT INTO transfer (id, key, kind, debit, debit_user, credit, credit_user, amount, at, rule, lead, reverses) VALUES";
    for (law, example, sql) in [
        (Law::Legs, "same", format!("{entry} (99, 'same', 'award', 'person', 7, 'person', 7, 1, 0, 'x', NULL, NULL)")),
        (
            Law::Legs,
            "nobody",
            format!("{entry} (99, 'nobody', 'award', 'budget', NULL, 'person', NULL, 1, 0, 'x', NULL, NULL)"),
        ),
        (Law::Legs, "bank", format!("{entry} (99, 'bank', 'award', 'bank', NULL, 'person', 7, 1, 0, 'x', NULL, NULL)")),
        (Law::Held, "2", format!("{entry} (99, 'void', 'void', 'held', 7, 'budget', NULL, 6, 0, 'x', 2, NULL)")),
        (Law::Held, "2", format!("{entry} (99, 'void', 'void', 'held', 8, 'budget', NULL, 1, 0, 'x', 2, NULL)")),
        (
            Law::Reversal,
            "r",
            format!("{entry} (99, 'r', 'reversal', 'person', 7, 'budget', NULL, 1, 0, 'x', 1, 'gone')"),
        ),
        (Law::Reversal, "r", format!("{entry} (99, 'r', 'reversal', 'person', 7, 'budget', NULL, 1, 0, 'x', 1, NULL)")),
        (Law::Overdrawn, "8", "INSERT INTO balance (user_id, person, held) VALUES (8, -1, 0)".into()),
        (Law::Overdrawn, "7", "UPDATE balance SET held = -1 WHERE user_id = 7".into()),
        (Law::History, "2", "UPDATE lead SET version = 2 WHERE id = 2".into()),
        (Law::History, "1", "DELETE FROM lead_event WHERE lead = 1 AND version = 1".into()),
        (Law::History, "1", "DELETE FROM lead_event WHERE lead = 1".into()),
    ] {
        let store = fresh().await;
        books(&store).await;
        store.database.lift_guards().await;
        store.database.link().await.run(&sql).await.unwrap();
        let broken = breaches(&store).await;
        let found = broken.iter().find(|breach| breach.law == law);
        assert_eq!(found, Some(&Breach { law, count: 1, examples: vec![example.into()] }), "{sql}: {broken:?}");
    }
}

#[tokio::test]
async fn what_retention_took_away_is_no_breach() {
    let store = fresh().await;
    books(&store).await;
    let rules = Retention { raw_days: 1, lead_days: vec![(LeadState::New, 1)], outbox_days: 1 };
    for _ in 0..2 {
        store.retain(&rules, NOW.plus_ms(9 * DAY), false).await.unwrap();
        assert_eq!(breaches(&store).await, []);
        // Nobody will decide on them: nothing is held for that any more.
        let statement = store.ask(Ask { statement: Some(UserId(7)), ..Ask::default() }).await.statement;
        assert_eq!((statement.balance, statement.held), (0, 0));
    }
}

/// SQLite alone: PostgreSQL looks after its own pages.
#[tokio::test]
async fn damage_to_the_file_is_found() {
    let store = fresh_file().await;
    books(&store).await;
    store.close().await;
    let path = store.database.url.strip_prefix("sqlite://").unwrap();
    let mut link = store.database.link().await;
    let page = link.number("SELECT rootpage FROM sqlite_master WHERE name = 'lead_event_lead'").await;
    let size = link.number("PRAGMA page_size").await;
    drop(link);
    let mut bytes = std::fs::read(path).unwrap();
    bytes[usize::try_from((page - 1) * size).unwrap()..][..64].fill(7);
    std::fs::write(path, bytes).unwrap();
    let after = SqlStore::open(&store.database.url, &SqlOptions::default()).await.unwrap();
    let audit = after.audit().await.unwrap();
    assert!(!audit.damage.is_empty(), "{audit:?}");
}

#[tokio::test]
async fn the_servers_settings_are_looked_at() {
    let store = fresh().await;
    let settings = store.audit().await.unwrap().settings;
    let wrong: Vec<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
    match &mut store.database.link().await {
        crate::database::Link::Sqlite(_) => assert_eq!(wrong, [""; 0]),
        link => {
            let set = link
                .rows("SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'");
            assert_eq!(wrong, set.await.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
