//! What is wiped is wiped everywhere.

use super::*;

#[tokio::test]
async fn out_of_scope_leaves_no_copy() {
    let store = fresh().await;
    marked_lead(&store).await;
    assert!(stands(&store, MARKER).await.len() >= 12, "the test must have something to find");
    let on_its_way = table(&store, "outbox").await.iter().filter(|row| row.contains("sending")).count();
    assert_eq!(on_its_way, 1);

    let press = store.update(DESK, &format!("{{\"callback_query\":\"{MARKER}\"}}")).await;
    let mut scrubbed = Lead { version: 3, state: LeadState::OutOfScope, ..store.file(1).await.lead };
    scrubbed.scrub();
    let before = LeadEvent {
        lead: LeadId(1),
        version: 3,
        at: NOW,
        by: None,
        action: "out_of_scope".into(),
        before: Some(MARKER.into()),
    };
    let gone = |subject: &str, chat| Post { chat, lead: Some(LeadId(1)), ..post(subject, Content::Gone) };
    let changes = Changes {
        leads: vec![scrubbed],
        lead_events: vec![before],
        scrub: vec![LeadId(1)],
        posts: vec![
            gone("lead:1:receipt", GROUP),
            gone("lead:1:card", DESK),
            gone("lead:1:new", DESK),
            gone("lead:1:way", DESK),
        ],
        ..Changes::default()
    };
    let neighbour = store.event(GROUP).await;
    let steps = [
        Step { event: press, changes },
        Step { event: neighbour, changes: Changes { new_leads: vec![lead(2)], ..Changes::default() } },
    ];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), vec![Applied::Done; 2]);

    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
    let file = store.file(1).await;
    assert_eq!((file.lead.state, file.lead.description.as_str(), file.lead.scene), (LeadState::OutOfScope, "", None));
    assert_eq!(file.history.len(), 3);

    let gone = store.send_all(0).await;
    let taken: Vec<_> = gone.iter().map(|claimed| (&claimed.post.content, claimed.message.unwrap().0)).collect();
    assert_eq!(
        taken,
        [(&Content::Gone, 300), (&Content::Gone, 400)],
        "what stands is taken away, what waited is not sent"
    );
    // The one on its way arrives after all.
    let id = table_id(&store, "lead:1:way").await;
    store
        .settle(&[Settlement { id, version: 1, chat: DESK, fate: Fate::Sent(Some(MessageId(401))) }], Term(0), NOW)
        .await
        .unwrap();
    assert_eq!(store.send_all(0).await[0].message, Some(MessageId(401)));
    assert_eq!(store.file(1).await.posts, []);
}

async fn table_id(store: &Fresh, subject: &str) -> baiying::domain::id::OutboxId {
    let sql = format!("SELECT id FROM outbox WHERE subject = '{subject}'");
    let id = store.database.link().await.number(&sql).await;
    baiying::domain::id::OutboxId(id)
}

#[tokio::test]
async fn retention_takes_away_what_it_counts_and_no_more() {
    let store = fresh().await;
    marked_lead(&store).await;
    store.send_all(500).await;
    let decided = Lead {
        version: 3,
        state: LeadState::Unfounded,
        decided_at: Some(NOW.plus_ms(5 * DAY)),
        ..store.file(1).await.lead
    };
    store.done(Changes { leads: vec![decided], new_leads: vec![lead(2)], ..Changes::default() }).await;
    let rules = Retention {
        raw_days: 10,
        lead_days: vec![(LeadState::Unfounded, 30), (LeadState::Resolved, 1)],
        outbox_days: 20,
    };
    let days = |days: i64| NOW.plus_ms(days * DAY + 1);
    let raw = table(&store, "inbox").await.len() as i64;
    let waiting = store.event(GROUP).await;

    for (day, expected) in [
        (9, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 0 }),
        (34, Retained { raw, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 3 }),
        (35, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 1), (LeadState::Resolved, 0)], outbox: 0 }),
        (99, Retained { raw: 0, leads: vec![(LeadState::Unfounded, 0), (LeadState::Resolved, 0)], outbox: 0 }),
    ] {
        assert_eq!(store.retain(&rules, days(day), true).await.unwrap(), expected, "dry run, day {day}");
        assert_eq!(store.retain(&rules, days(day), true).await.unwrap(), expected, "a dry run changes nothing");
        assert_eq!(store.retain(&rules, days(day), false).await.unwrap(), expected, "day {day}");
    }
    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
    assert_eq!(store.take(9, NOW).await.unwrap()[0].seq, waiting, "what waits stays");
    let file = store.file(1).await;
    assert_eq!((file.lead.state, file.lead.version, file.lead.reporter), (LeadState::Unfounded, 4, None));
    assert_eq!(store.file(2).await.lead, lead(2));
}

#[tokio::test]
async fn a_wording_that_failed_long_after_an_earlier_one_was_sent_goes_in_its_time() {
    let store = fresh().await;
    let rules = Retention { raw_days: 1_000, lead_days: Vec::new(), outbox_days: 20 };
    let days = |days: i64| NOW.plus_ms(days * DAY + 1);
    store.put(post("card", text("sent"))).await;
    store.send_all(70).await;
    assert_eq!(store.retain(&rules, days(30), false).await.unwrap().outbox, 1);
    let again = Changes { posts: vec![post("card", text(MARKER))], ..Changes::default() };
    assert_eq!(store.apply_at(again, days(30)).await, Applied::Done);
    let claimed = store.claim_all().await.remove(0);
    store.settle_one(&claimed, Fate::Failed("blocked".into())).await;
    assert_eq!(store.retain(&rules, days(49), false).await.unwrap().outbox, 0, "its time has not come");
    assert_eq!(store.retain(&rules, days(51), false).await.unwrap().outbox, 1);
    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_group_that_moved_gives_up_keeps_no_words() {
    let store = fresh().await;
    let new = ChatId(-1_000_200);
    store.put(post("card", text(MARKER))).await;
    store.put(Post { chat: new, ..post("card", text("newer")) }).await;
    assert_eq!(stands(&store, MARKER).await.len(), 1);
    store.done(Changes { moves: vec![(GROUP, new)], ..Changes::default() }).await;
    assert_eq!(stands(&store, MARKER).await, Vec::<String>::new());
    assert_eq!(store.claim_all().await.len(), 1, "the newer one");
}
