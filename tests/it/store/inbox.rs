//! Events come in, wait in order, and ring.

use super::*;

#[tokio::test]
async fn an_update_is_stored_once() {
    let store = fresh().await;
    assert_eq!(store.receive(&[raw(1, 5), raw(2, 5), raw(1, 5)], NOW).await.unwrap(), 2);
    assert_eq!(store.receive(&[raw(2, 5), raw(3, 6)], NOW.plus_ms(1)).await.unwrap(), 1);
    let events = store.take(10, NOW).await.unwrap();
    let payloads: Vec<_> = events.iter().map(|event| event.payload.as_str()).collect();
    assert_eq!(payloads, [r#"{"update_id":1}"#, r#"{"update_id":2}"#, r#"{"update_id":3}"#]);
    assert_eq!((events[2].chat, events[2].received_at), (ChatId(6), NOW.plus_ms(1)));
    assert!(events.is_sorted_by_key(|event| event.seq));
}

#[tokio::test]
async fn many_updates_keep_their_order() {
    let store = fresh().await;
    let updates: Vec<_> = (0..777).map(|id| raw(id, id % 9)).collect();
    assert_eq!(store.receive(&updates, NOW).await.unwrap(), 777);
    let events = store.take(700, NOW).await.unwrap();
    let expected: Vec<_> = updates[..700].iter().map(|update| update.json.clone()).collect();
    assert_eq!(events.into_iter().map(|event| event.payload).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_number_may_come_again_once_the_old_one_is_done_and_two_days_old() {
    let store = fresh().await;
    store.receive(&[raw(1, 5), raw(2, 5)], NOW).await.unwrap();
    let first = store.take(1, NOW).await.unwrap()[0].seq;
    store.apply(&[Step { event: first, changes: Changes::default() }], NOW).await.unwrap();

    let soon = NOW.plus_ms(47 * HOUR);
    assert_eq!(store.receive(&[raw(1, 5)], soon).await.unwrap(), 0, "too soon");
    let later = NOW.plus_ms(49 * HOUR);
    // 2 was never done: it is the same update, still waiting.
    assert_eq!(store.receive(&[raw(9, 5), raw(1, 5), raw(2, 5)], later).await.unwrap(), 2);
    let payloads: Vec<_> = store.take(9, later).await.unwrap().into_iter().map(|event| event.payload).collect();
    assert_eq!(payloads, [r#"{"update_id":2}"#, r#"{"update_id":9}"#, r#"{"update_id":1}"#]);
}

#[tokio::test]
async fn a_chat_waits_behind_an_event_that_is_put_off() {
    let store = fresh().await;
    store.receive(&[raw(1, 5), raw(2, 6), raw(3, 5), raw(4, 0), raw(5, 0)], NOW).await.unwrap();
    let events = store.take(9, NOW).await.unwrap();
    let later = NOW.plus_ms(1000);
    store.postpone(events[0].seq, "no", Some(later)).await.unwrap();
    store.postpone(events[3].seq, "no", Some(later)).await.unwrap();
    let chats = |events: Vec<Event>| events.into_iter().map(|event| (event.chat.0, event.attempts)).collect::<Vec<_>>();
    assert_eq!(chats(store.take(9, NOW).await.unwrap()), [(6, 0), (0, 0)], "events without a chat do not wait");
    assert_eq!(
        chats(store.take(9, later).await.unwrap()),
        [(5, 1), (6, 0), (5, 0), (0, 1), (0, 0)],
        "in order again once it may be tried"
    );

    store.postpone(events[0].seq, "never", None).await.unwrap();
    assert_eq!(chats(store.take(9, NOW).await.unwrap()), [(6, 0), (5, 0), (0, 0)], "parked: the chat goes on");
    let gauges = store.gauges().await.unwrap();
    assert_eq!((gauges.inbox_waiting, gauges.inbox_parked, gauges.newest_update_at), (4, 1, Some(NOW)));
}

#[tokio::test]
async fn timers_ring_once() {
    let store = fresh().await;
    let timer = |key: &str, due| Timer {
        key: key.into(),
        due: NOW.plus_ms(due),
        chat: DESK,
        kind: TimerKind::Stage { alarm: AlarmId(3), stage: due as usize },
    };
    assert_eq!(store.ring_timers(NOW).await.unwrap(), None);
    store
        .done(Changes {
            timers: vec![timer("alarm:3:a", 2), timer("alarm:3:b", 1), timer("alarm:4:a", 50), timer("alarm:3:a", 3)],
            ..Changes::default()
        })
        .await;
    assert_eq!(store.ring_timers(NOW).await.unwrap(), Some(NOW.plus_ms(1)));
    assert_eq!(store.take(9, NOW).await.unwrap(), []);

    assert_eq!(store.ring_timers(NOW.plus_ms(3)).await.unwrap(), Some(NOW.plus_ms(50)));
    assert_eq!(store.ring_timers(NOW.plus_ms(3)).await.unwrap(), Some(NOW.plus_ms(50)));
    let events = store.take(9, NOW.plus_ms(3)).await.unwrap();
    let kinds: Vec<TimerKind> = events.iter().map(|event| serde_json::from_str(&event.payload).unwrap()).collect();
    let stage = |stage| TimerKind::Stage { alarm: AlarmId(3), stage };
    assert_eq!(kinds, [stage(1), stage(3)], "in order of time, the replaced one at its new time");
    assert!(events.iter().all(|event| event.kind == EventKind::Timer && event.chat == ChatId(0)), "in no order");
    assert_eq!(events[0].received_at, NOW.plus_ms(1), "when it was due");

    store
        .done(Changes {
            cancel_timers: vec!["alarm:4:".into()],
            timers: vec![timer("alarm:40", 60)],
            ..Changes::default()
        })
        .await;
    assert_eq!(store.ring_timers(NOW).await.unwrap(), Some(NOW.plus_ms(60)), "taken away by prefix");
}

#[tokio::test]
async fn delivery_reports_become_events() {
    let store = fresh().await;
    let report = OutboxReport::CallFailed {
        alarm: AlarmId(1),
        callee: Callee::Point("P1".into()),
        chat: ChatId(9),
        why: "blocked".into(),
    };
    store.report(std::slice::from_ref(&report), NOW).await.unwrap();
    let event = store.take(9, NOW).await.unwrap().pop().unwrap();
    assert_eq!((event.kind, event.chat), (EventKind::Delivery, ChatId(0)));
    assert_eq!(serde_json::from_str::<OutboxReport>(&event.payload).unwrap(), report);
}

#[tokio::test]
async fn what_goes_ahead_overtakes_other_chats_and_never_its_own() {
    let store = fresh().await;
    let press = |id, chat| RawUpdate { press: true, ..raw(id, chat) };
    let tips: Vec<_> = (0..300).map(|id| raw(1000 + id, id % 3 + 1)).collect();
    store.receive(&tips, NOW).await.unwrap();
    // 1 has said something before it pressed; 7 and 8 have not.
    store.receive(&[press(2000, 1), press(2001, 7), raw(2002, 7), press(2003, 7), press(2004, 8)], NOW).await.unwrap();
    let stage = TimerKind::Stage { alarm: AlarmId(3), stage: 0 };
    let question = TimerKind::Question { chat: ChatId(1), event: EventSeq(1), message: MessageId(1) };
    let timer = |key: &str, chat, kind| Timer { key: key.into(), due: NOW, chat: ChatId(chat), kind };
    store
        .done(Changes {
            // A chat whose head is put off holds up no alarm's timer; a question keeps its chat's order.
            timers: vec![timer("a", 1, stage), timer("q", 1, question.clone()), timer("r", 9, question)],
            ..Changes::default()
        })
        .await;
    let report = OutboxReport::CallFailed {
        alarm: AlarmId(1),
        callee: Callee::Point("P1".into()),
        chat: ChatId(1),
        why: "no".into(),
    };
    store.ring_timers(NOW).await.unwrap();
    store.report(&[report], NOW).await.unwrap();
    let head = store.take(10, NOW).await.unwrap().into_iter().find(|event| event.chat == ChatId(1)).unwrap();
    store.postpone(head.seq, "no", Some(NOW.plus_ms(1000))).await.unwrap();

    let shown =
        |events: &[Event]| -> Vec<(i64, EventKind)> { events.iter().map(|event| (event.chat.0, event.kind)).collect() };
    let events = store.take(8, NOW).await.unwrap();
    let wanted = [
        (7, EventKind::Update),
        (8, EventKind::Update),
        (0, EventKind::Timer),
        (9, EventKind::Timer),
        (0, EventKind::Delivery),
        (2, EventKind::Update),
        (3, EventKind::Update),
        (2, EventKind::Update),
    ];
    assert_eq!(shown(&events), wanted);
    assert_eq!(events[5].payload, r#"{"update_id":1001}"#, "then the oldest");

    let all = store.take(10_000, NOW.plus_ms(1000)).await.unwrap();
    assert_eq!(all.len(), 300 + 5 + 4);
    for chat in 1..=9 {
        let own: Vec<_> = all.iter().filter(|event| event.chat.0 == chat).map(|event| event.seq).collect();
        assert!(own.is_sorted(), "the order within a chat: {chat} {own:?}");
    }
}

#[tokio::test]
async fn reports_hold_up_no_timer() {
    let store = fresh().await;
    let report = |n| OutboxReport::CallFailed {
        alarm: AlarmId(1),
        callee: Callee::Point(format!("P{n}")),
        chat: ChatId(9),
        why: "blocked".into(),
    };
    store.report(&[report(1), report(2)], NOW).await.unwrap();
    let kind = TimerKind::Stage { alarm: AlarmId(1), stage: 0 };
    let timer = Timer { key: "alarm:1:stage:0".into(), due: NOW, chat: ChatId(0), kind };
    store.done(Changes { timers: vec![timer], ..Changes::default() }).await;
    store.ring_timers(NOW).await.unwrap();
    let kinds: Vec<EventKind> = store.take(9, NOW).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Timer, EventKind::Delivery, EventKind::Delivery]);
}
