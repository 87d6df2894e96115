//! Messages as they should stand: put, folded, claimed, settled.

use super::*;
use baiying::domain::alarm::Answer;

#[tokio::test]
async fn a_post_is_sent_then_edited_and_the_same_again_is_nothing() {
    let store = fresh().await;
    store.put(post("lead:1:receipt", text("一"))).await;
    let sent = store.send_all(900).await;
    assert_eq!((sent.len(), sent[0].message, &sent[0].post.content), (1, None, &text("一")));
    store.put(post("lead:1:receipt", text("一"))).await;
    assert_eq!(store.queue().await, [], "the same stands already");

    store.put(post("lead:1:receipt", text("二"))).await;
    store.put(post("lead:1:receipt", text("一"))).await;
    assert_eq!(store.queue().await, [], "back to what stands before anything was sent");

    store.put(post("lead:1:receipt", text("二"))).await;
    store.put(post("lead:1:receipt", text("三"))).await;
    let sent = store.send_all(0).await;
    assert_eq!(sent.len(), 1, "superseded edits fold");
    assert_eq!((sent[0].message, &sent[0].post.content), (Some(MessageId(900)), &text("三")));
    assert_eq!(store.queue().await, []);
}

#[tokio::test]
async fn what_is_replaced_while_it_is_sent_is_sent_again() {
    let store = fresh().await;
    store.put(post("s", text("一"))).await;
    let claimed = store.claim_all().await;
    assert_eq!(store.claim(&[claimed[0].id], Term(0)).await.unwrap(), [], "claimed once");
    store.put(post("s", text("二"))).await;
    assert_eq!(store.queue().await, [], "still on its way");
    let (_, seen) = store.queued(0, 10).await.unwrap();
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    let (queued, _) = store.queued(seen, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    let again = store.send_all(0).await;
    assert_eq!((again[0].message, &again[0].post.content), (Some(MessageId(1)), &text("二")));

    store.put(post("s", text("三"))).await;
    let claimed = store.claim_all().await;
    store.put(post("s", text("四"))).await;
    store.put(post("s", text("三"))).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    assert_eq!(store.queue().await, [], "what was sent is what should stand after all");
}

#[tokio::test]
async fn taking_away_what_was_never_sent_sends_nothing() {
    let store = fresh().await;
    store.put(post("never", Content::Gone)).await;
    store.put(post("queued", text("一"))).await;
    store.put(post("queued", Content::Gone)).await;
    assert_eq!(store.queue().await, []);

    store.put(post("sent", text("一"))).await;
    store.send_all(5).await;
    store.put(post("sent", Content::Gone)).await;
    let sent = store.send_all(0).await;
    assert_eq!((sent[0].message, &sent[0].post.content), (Some(MessageId(5)), &Content::Gone));
    store.put(post("sent", Content::Gone)).await;
    assert_eq!(store.queue().await, [], "gone is gone");
    store.put(post("sent", text("一"))).await;
    assert_eq!(store.send_all(6).await[0].message, None, "a new message");

    store.put(post("way", text("一"))).await;
    let claimed = store.claim_all().await;
    store.put(post("way", Content::Gone)).await;
    store.settle_one(&claimed[0], Fate::Retry { at: NOW, why: "x".into() }).await;
    assert_eq!(store.queue().await, [], "it did not arrive, so there is nothing to take away");

    store.put(post("way", text("二"))).await;
    let claimed = store.claim_all().await;
    store.put(post("way", Content::Gone)).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(8)))).await;
    assert_eq!(store.send_all(0).await[0].message, Some(MessageId(8)), "it arrived: it is taken away");
}

#[tokio::test]
async fn the_queue_card_goes_again_however_often_it_was_sent() {
    let store = fresh().await;
    store.put(post("queue", Content::Queue { language: Language::Zh })).await;
    let before = store.queued(0, 9).await.unwrap();
    store.put(post("queue", Content::Queue { language: Language::Zh })).await;
    assert_eq!(store.queued(0, 9).await.unwrap(), before, "already queued: nothing to do");
    let claimed = store.claim_all().await;
    store.put(post("queue", Content::Queue { language: Language::Zh })).await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    assert_eq!(store.queue().await[0].not_before, NOW.plus_ms(1000), "once a second is enough");
    assert_eq!(store.send_all(0).await.len(), 1, "it was made before the last change");
    assert_eq!(store.queue().await, []);
    store.put(post("queue", Content::Queue { language: Language::Zh })).await;
    assert_eq!(store.queue().await[0].not_before, NOW.plus_ms(1000), "however it came to be queued");
}

#[tokio::test]
async fn what_is_to_be_tried_again_waits_and_keeps_its_age() {
    let store = fresh().await;
    let at = NOW.plus_ms(5000);
    store.put(post("s", text("一"))).await;
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Retry { at, why: "429".into() }).await;
    assert_eq!((store.queue().await[0].not_before, store.queue().await[0].queued_at), (at, NOW));
    assert_eq!(
        store
            .apply_at(
                Changes { posts: vec![Post { lane: Lane::Alarm, ..post("s", text("二")) }], ..Changes::default() },
                at
            )
            .await,
        Applied::Done
    );
    let queued = store.queue().await;
    assert_eq!((queued[0].lane, queued[0].queued_at), (Lane::Alarm, NOW), "as old as what it replaces");
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Retry { at, why: "x".into() }).await;
    let claimed = store.claim_all().await;
    assert_eq!(claimed[0].attempts, 1, "counted anew for a new text");
    store.settle_one(&claimed[0], Fate::Failed("blocked".into())).await;
    assert_eq!((store.queue().await, store.gauges().await.unwrap().outbox_failed), (vec![], 1));
    store.put(post("s", text("二"))).await;
    assert_eq!(store.queue().await.len(), 1, "put again, a failed one is tried again");
}

#[tokio::test]
async fn the_sender_hears_of_changes_in_order() {
    let store = fresh().await;
    for n in 0..5 {
        store.put(post(&format!("s{n}"), text("一"))).await;
    }
    let (first, seen) = store.queued(0, 3).await.unwrap();
    let (second, seen) = store.queued(seen, 3).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert_eq!(store.queued(seen, 3).await.unwrap(), (vec![], seen));
    store.put(post("s0", text("二"))).await;
    let (third, _) = store.queued(seen, 3).await.unwrap();
    assert_eq!(third.iter().map(|queued| queued.id).collect::<Vec<_>>(), [first[0].id]);
    let order = [second[1].id, first[0].id, second[0].id];
    let claimed = store.claim(&order, Term(0)).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.id).collect::<Vec<_>>(), order);
}

#[tokio::test]
async fn what_was_claimed_before_a_crash_is_sent_again() {
    let store = fresh().await;
    for n in 0..3 {
        store.put(post(&format!("s{n}"), text("一"))).await;
    }
    let claimed = store.claim_all().await;
    store.settle_one(&claimed[0], Fate::Sent(Some(MessageId(1)))).await;
    let after = SqlStore::open(&store.database.url, &SqlOptions::default()).await.unwrap();
    assert_eq!(after.queued(0, 9).await.unwrap().0, []);
    assert_eq!(after.begin_sending().await.unwrap(), (Term(1), 2));
    let mut pages = Vec::new();
    let mut seen = 0;
    for _ in 0..2 {
        let (page, last) = after.queued(seen, 1).await.unwrap();
        seen = last;
        pages.extend(page.into_iter().map(|queued| queued.id));
    }
    assert_eq!(pages, [claimed[1].id, claimed[2].id]);
    store.settle_one(&claimed[1], Fate::Sent(Some(MessageId(2)))).await;
    assert_eq!(store.queue().await.len(), 2, "a settlement from before the crash counts for nothing");
}

#[tokio::test]
async fn the_first_arrival_of_a_call_is_kept() {
    let store = fresh().await;
    let raised = Alarm {
        id: AlarmId(1),
        version: 1,
        lead: Some(LeadId(1)),
        drill: false,
        origin: Origin::Desk,
        chat: None,
        category: None,
        scene: None,
        ring: 1,
        raised_by: None,
        raised_at: NOW,
        taken: None,
        controlled: None,
        stood_down: None,
    };
    let card = |chat: i64, html: &str| Post {
        chat: ChatId(chat),
        lane: Lane::Alarm,
        call: Some((AlarmId(1), Callee::Point("P1".into()))),
        ..post("alarm:1:card", text(html))
    };
    store
        .done(Changes {
            new_leads: vec![lead(1)],
            new_alarms: vec![raised.clone()],
            calls: vec![call(1, "P1", 10.0), call(1, "P2", 20.0)],
            posts: vec![card(5, "一"), card(6, "一")],
            ..Changes::default()
        })
        .await;
    let claimed = store.claim_all().await;
    assert_eq!(claimed[0].post.call, Some((AlarmId(1), Callee::Point("P1".into()))));
    let settle = |index: usize, fate| Settlement {
        id: claimed[index].id,
        version: claimed[index].version,
        chat: claimed[index].post.chat,
        fate,
    };
    store.settle(&[settle(0, Fate::Failed("blocked".into()))], Term(0), NOW.plus_ms(1)).await.unwrap();
    let delivered = async |n: usize| store.file(1).await.alarm.unwrap().calls[0].people[n].delivered_at;
    assert_eq!((delivered(0).await, delivered(1).await), (None, None));
    store.settle(&[settle(1, Fate::Sent(Some(MessageId(1))))], Term(0), NOW.plus_ms(2)).await.unwrap();
    assert_eq!((delivered(0).await, delivered(1).await), (None, Some(NOW.plus_ms(2))), "each person's own");

    // The flow had read the call before it arrived.
    let mut answered = call(1, "P1", 10.0);
    answered.people[1].answer(Answer::UnderWay(Some(3)), None, NOW).unwrap();
    let over = StandDown { at: NOW, by: Some(UserId(8)), outcome: Outcome::Prank };
    let deed = Some((NOW, UserId(8)));
    let stood_down = Alarm { version: 2, ring: 2, taken: deed, controlled: deed, stood_down: Some(over), ..raised };
    store
        .done(Changes {
            calls: vec![answered.clone()],
            alarms: vec![stood_down.clone()],
            posts: vec![card(6, "二")],
            ..Changes::default()
        })
        .await;
    store.send_all(0).await;
    let alarm = store.file(1).await.alarm.unwrap();
    assert_eq!(alarm.alarm, stood_down);
    answered.people[1].delivered_at = Some(NOW.plus_ms(2));
    assert_eq!(alarm.calls[0], answered);
    let told = store.alarms_between(NOW, NOW.plus_ms(1)).await.unwrap();
    assert_eq!(told[0].calls, alarm.calls);
    assert_eq!(store.alarms_between(NOW.plus_ms(1), NOW.plus_ms(9)).await.unwrap(), []);
    let stale = Alarm { version: 2, ..stood_down };
    assert_eq!(store.apply_one(Changes { alarms: vec![stale], ..Changes::default() }).await, Applied::Conflict);
}

#[tokio::test]
async fn a_photo_goes_under_its_card() {
    let store = fresh().await;
    let photo = Content::Media {
        kind: MediaKind::Photo,
        file_id: "F".into(),
        caption: String::new(),
        under: Some("card".into()),
    };
    store.put(post("card", text("一"))).await;
    store.send_all(44).await;
    store.put(post("photo", photo)).await;
    assert_eq!(store.claim_all().await[0].under, Some(MessageId(44)));
}

#[tokio::test]
async fn what_was_sent_lately_is_told_after_a_restart() {
    let store = fresh().await;
    store.put(post("a", text("一"))).await;
    store.send_all(1).await;
    assert_eq!(store.sent_since(NOW).await.unwrap(), [(GROUP, NOW)]);
    assert_eq!(store.sent_since(NOW.plus_ms(1)).await.unwrap(), []);
}
