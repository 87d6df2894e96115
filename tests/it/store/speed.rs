//! Every step that runs in daily work; how fast the steps are.

use super::*;

/// Calls every step that runs in daily work.
pub async fn every_hot_step(store: &Fresh) {
    marked_lead(store).await;
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
    store
        .done(Changes {
            new_alarms: vec![raised.clone()],
            alarms: vec![Alarm { version: 2, ..raised }],
            calls: vec![call(1, "P1", 1.0)],
            members: vec![member(7, &[])],
            timers: vec![Timer {
                key: "t".into(),
                due: NOW,
                chat: DESK,
                kind: TimerKind::Stage { alarm: AlarmId(1), stage: 0 },
            }],
            cancel_timers: vec!["x".into()],
            transfers: vec![transfer("a", TransferKind::Award, Account::Budget, Account::Person(UserId(7)), 1)],
            ..Changes::default()
        })
        .await;
    store.ring_timers(NOW).await.unwrap();
    store.receive(&[raw(1, 5), raw(900, 5)], NOW).await.unwrap();
    store.postpone(EventSeq(1), "no", Some(NOW)).await.unwrap();
    let here = (GROUP, MessageId(1001));
    let person = (GROUP, UserId(7), NOW);
    let similar = |near| Some(Similar { except: LeadId(0), since: NOW, until: NOW, near });
    store
        .load(&[
            Ask {
                user: Some(UserId(7)),
                tip_at: Some(here),
                belongs: Some(here),
                newest_tip: Some(person),
                loose: Some(person),
                alarm: Some(AlarmId(1)),
                similar: similar(None),
                statement: Some(UserId(7)),
                chat_leads: Some((GROUP, NOW, NOW.plus_ms(HOUR))),
                invite: Some("A".into()),
                ..Ask::default()
            },
            Ask {
                lead: Some(LeadId(1)),
                similar: similar(Some((Wgs84 { lat: 1.0, lon: 1.0 }, 300.0))),
                ..Ask::default()
            },
        ])
        .await
        .unwrap();
    store.send_all(1).await;
    store.begin_sending().await.unwrap();
    store.sent_since(NOW).await.unwrap();
    store.asked_to_wait(NOW).await.unwrap();
    store.queue_view().await.unwrap();
    store.gauges().await.unwrap();
    store.leads_between(NOW, NOW, LeadId(0), 10).await.unwrap();
    store.done(Changes { scrub: vec![LeadId(1)], ..Changes::default() }).await;
}

/// `cargo test --release --test it speed -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let tips: i64 = std::env::var("TIPS").map_or(20_000, |tips| tips.parse().unwrap());
    const SLICE: i64 = 256;
    let store = fresh().await;
    let json = format!("{{\"update_id\":1,\"message\":{{\"text\":\"{}\"}}}}", "线索".repeat(80));
    let mut spent = [std::time::Duration::ZERO; 7];
    let started = std::time::Instant::now();
    let mut seen = 0;
    for slice in 0..(tips / SLICE) {
        let now = NOW.plus_ms(slice * 30);
        let ids: Vec<i64> = (0..SLICE).map(|n| slice * SLICE + n + 1).collect();
        let mut clock = std::time::Instant::now();
        let mut lap = |step: usize| {
            spent[step] += clock.elapsed();
            clock = std::time::Instant::now();
        };
        for updates in ids.chunks(100) {
            let updates: Vec<_> = updates
                .iter()
                .map(|id| RawUpdate { update_id: *id, chat: ChatId(-(id % 50) - 1), json: json.clone(), press: false })
                .collect();
            store.receive(&updates, now).await.unwrap();
        }
        lap(0);
        let events = store.take(SLICE as usize, now).await.unwrap();
        lap(1);
        let asks: Vec<_> = ids
            .iter()
            .map(|id| Ask {
                user: Some(UserId(id % 5000)),
                loose: Some((ChatId(-(id % 50) - 1), UserId(id % 5000), now.plus_ms(-180_000))),
                ..Ask::default()
            })
            .collect();
        store.load(&asks).await.unwrap();
        lap(2);
        let first = store.reserve_leads(SLICE).await.unwrap().0;
        lap(3);
        let steps: Vec<_> = events
            .iter()
            .zip(first..)
            .map(|(event, id)| {
                let person = UserId(id % 5000);
                Step {
                    event: event.seq,
                    changes: Changes {
                        new_leads: vec![Lead {
                            chat: event.chat,
                            reporter: Some(person),
                            received_at: now,
                            written_at: now,
                            first_event: event.seq,
                            ..lead(id)
                        }],
                        lead_events: vec![LeadEvent {
                            lead: LeadId(id),
                            version: 1,
                            at: now,
                            by: Some(person),
                            action: "tip".into(),
                            before: None,
                        }],
                        transfers: vec![Transfer {
                            lead: Some(LeadId(id)),
                            at: now,
                            ..transfer(
                                &format!("lead:{id}:hold"),
                                TransferKind::Hold,
                                Account::Budget,
                                Account::Held(person),
                                2,
                            )
                        }],
                        members: if id <= 5000 { vec![member(person.0, &[])] } else { vec![] },
                        posts: vec![
                            Post {
                                chat: event.chat,
                                lead: Some(LeadId(id)),
                                ..post(&format!("lead:{id}:receipt"), text(&"回执".repeat(60)))
                            },
                            Post { chat: DESK, ..post("queue", Content::Queue { language: Language::Zh }) },
                        ],
                        ..Changes::default()
                    },
                }
            })
            .collect();
        assert!(store.apply(&steps, now).await.unwrap().iter().all(|fate| *fate == Applied::Done));
        lap(4);
        let (queued, last) = store.queued(seen, 1000).await.unwrap();
        seen = last;
        let mut settlements = Vec::new();
        for queued in queued.chunks(64) {
            let queued: Vec<_> = queued.iter().map(|queued| queued.id).collect();
            for claimed in store.claim(&queued, Term(1)).await.unwrap() {
                let fate = Fate::Sent(Some(MessageId(claimed.id.0)));
                settlements.push(Settlement {
                    id: claimed.id,
                    version: claimed.version,
                    chat: claimed.post.chat,
                    fate,
                });
            }
        }
        lap(5);
        for settlements in settlements.chunks(64) {
            store.settle(settlements, Term(1), now).await.unwrap();
        }
        lap(6);
    }
    let total = started.elapsed();
    let per_tip = |time: std::time::Duration| time.as_secs_f64() * 1e6 / tips as f64;
    println!("{tips} tips: {:.0} tips/s, {:.1} µs a tip", tips as f64 / total.as_secs_f64(), per_tip(total));
    for (step, time) in ["receive", "take", "load", "reserve", "apply", "queued+claim", "settle"].iter().zip(spent) {
        println!("  {step}: {:.1} µs", per_tip(time));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")) {
        println!("  {line}");
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    println!("  CPU: user {} sys {} (1/100 s)", fields[11], fields[12]);
    let slow = std::time::Instant::now();
    store.queue_view().await.unwrap();
    store.gauges().await.unwrap();
    println!("  queue_view + gauges: {:?}", slow.elapsed());
}
