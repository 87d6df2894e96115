//! Decisions are applied whole, and facts are read back.

use super::*;

#[tokio::test]
async fn a_lead_comes_back_as_it_was_stored() {
    let store = fresh().await;
    let full = lead(1);
    let bare = Lead {
        category: None,
        occurred: None,
        scene: None,
        unknown_place: Some("老地方".into()),
        thread: None,
        reporter: None,
        first_update_id: None,
        private: true,
        ..lead(2)
    };
    store.done(Changes { new_leads: vec![full.clone(), bare.clone()], ..Changes::default() }).await;
    assert_eq!((store.file(1).await.lead, store.file(2).await.lead), (full.clone(), bare));

    let changed = Lead {
        version: 2,
        state: LeadState::Duplicate,
        urgent: true,
        occurred: None,
        scene: None,
        description: "改".into(),
        relay_text: "改了".into(),
        officer: Some(UserId(9)),
        decided_at: Some(NOW),
        duplicate_of: Some(LeadId(2)),
        asked: true,
        ..full
    };
    store.done(Changes { leads: vec![changed.clone()], ..Changes::default() }).await;
    assert_eq!(store.file(1).await.lead, changed);
}

#[tokio::test]
async fn a_bad_event_does_not_spoil_its_neighbours_and_leaves_nothing_behind() {
    let store = fresh().await;
    let mut steps = Vec::new();
    for id in 1..=9 {
        let event = store.event(ChatId(id)).await;
        let mut changes = Changes {
            new_leads: vec![lead(id)],
            transfers: vec![transfer(
                &format!("lead:{id}:hold"),
                TransferKind::Hold,
                Account::Budget,
                Account::Held(UserId(id)),
                2,
            )],
            posts: vec![post(&format!("lead:{id}:receipt"), text("好"))],
            ..Changes::default()
        };
        if id == 4 {
            // The ledger takes no zero: the last thing written refuses the step.
            changes.transfers.push(transfer("zero", TransferKind::Hold, Account::Budget, Account::Held(UserId(4)), 0));
        }
        if id == 7 {
            changes.leads.push(Lead { version: 9, ..lead(1) });
        }
        steps.push(Step { event, changes });
    }
    let fates = store.apply(&steps, NOW).await.unwrap();
    for (index, fate) in fates.iter().enumerate() {
        match index {
            3 => assert!(
                matches!(fate, Applied::Failed(why) if why.contains("CHECK") || why.contains("check")),
                "{fate:?}"
            ),
            6 => assert_eq!(*fate, Applied::Conflict),
            _ => assert_eq!(*fate, Applied::Done),
        }
    }
    let waiting: Vec<_> = store.take(99, NOW).await.unwrap().iter().map(|event| event.chat.0).collect();
    assert_eq!(waiting, [4, 7], "the refused events still wait");
    let asks: Vec<_> =
        (1..=9).map(|id| Ask { lead: Some(LeadId(id)), statement: Some(UserId(id)), ..Ask::default() }).collect();
    for (index, facts) in store.load(&asks).await.unwrap().iter().enumerate() {
        let refused = [3, 6].contains(&index);
        assert_eq!(facts.file.is_none(), refused, "lead {}", index + 1);
        assert_eq!(facts.statement.held, if refused { 0 } else { 2 });
    }
    assert_eq!(store.queue().await.len(), 7);

    let again = store.apply(&steps[..1], NOW).await.unwrap();
    assert_eq!(again, [Applied::Over], "an event that is done is not done twice");
    assert_eq!(store.file(1).await.transfers.len() + store.queue().await.len(), 7);
}

#[tokio::test]
async fn of_two_decisions_on_the_same_reading_one_stands() {
    let store = fresh().await;
    store.done(Changes { new_leads: vec![lead(1)], ..Changes::default() }).await;
    let (first, second, third) = (store.event(GROUP).await, store.event(DESK).await, store.event(DESK).await);
    let decide = |version, state| Changes { leads: vec![Lead { version, state, ..lead(1) }], ..Changes::default() };
    let fates = store
        .apply(
            &[
                Step { event: first, changes: decide(2, LeadState::Verified) },
                Step { event: second, changes: decide(2, LeadState::Unfounded) },
                Step { event: third, changes: decide(3, LeadState::Resolved) },
            ],
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(fates, [Applied::Done, Applied::Conflict, Applied::Done]);
    assert_eq!(store.file(1).await.lead.state, LeadState::Resolved);
}

#[tokio::test]
async fn a_chain_of_versions_within_one_slice_is_applied_whole() {
    let store = fresh().await;
    let mut steps = Vec::new();
    for version in 1..=4 {
        let event = store.event(GROUP).await;
        let changed = Lead { version, description: format!("v{version}"), ..lead(1) };
        let changes = match version {
            1 => Changes { new_leads: vec![changed], ..Changes::default() },
            _ => Changes { leads: vec![changed], ..Changes::default() },
        };
        steps.push(Step { event, changes });
    }
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), vec![Applied::Done; 4]);
    let lead = store.file(1).await.lead;
    assert_eq!((lead.version, lead.description.as_str()), (4, "v4"));
}

#[tokio::test]
async fn numbers_are_counted_up() {
    let store = fresh().await;
    assert_eq!(store.reserve_leads(3).await.unwrap(), LeadId(1));
    assert_eq!(store.reserve_leads(1).await.unwrap(), LeadId(4));
    assert_eq!(store.reserve_alarms(1).await.unwrap(), AlarmId(1));
    store.done(Changes { new_leads: vec![lead(1), lead(2)], ..Changes::default() }).await;
    let after_a_crash = SqlStore::open(&store.database.url, &SqlOptions::default()).await.unwrap();
    let next = after_a_crash.reserve_leads(1).await.unwrap();
    // On SQLite numbers that no lead took are given again: no gap.
    assert_eq!(next, LeadId(if store.database.url.starts_with("sqlite") { 3 } else { 5 }));
}

#[tokio::test]
async fn all_that_hangs_on_a_lead_is_read_with_it() {
    let store = fresh().await;
    let history = |version, action: &str| LeadEvent {
        lead: LeadId(1),
        version,
        at: NOW,
        by: Some(UserId(7)),
        action: action.into(),
        before: (version > 1).then(|| "{}".into()),
    };
    let alarm = Alarm {
        id: AlarmId(5),
        version: 1,
        lead: Some(LeadId(1)),
        drill: true,
        origin: Origin::Desk,
        chat: None,
        category: None,
        scene: None,
        ring: 1,
        raised_by: Some(UserId(8)),
        raised_at: NOW,
        taken: None,
        controlled: None,
        stood_down: None,
    };
    let evidence = Attachment {
        chat: GROUP,
        message: MessageId(55),
        sender: Some(UserId(7)),
        sent_at: NOW,
        lead: Some(LeadId(1)),
        evidence: Evidence::Media { kind: MediaKind::Photo, file_id: "F".into() },
    };
    let entry = Transfer {
        lead: Some(LeadId(1)),
        reverses: Some("x".into()),
        by: Some(UserId(8)),
        ..transfer("lead:1:award", TransferKind::Award, Account::Budget, Account::Person(UserId(7)), 5)
    };
    store
        .done(Changes {
            new_leads: vec![Lead { officer: Some(UserId(8)), ..lead(1) }],
            lead_events: vec![history(1, "tip"), history(2, "claim")],
            attachments: vec![evidence.clone()],
            new_alarms: vec![Alarm { id: AlarmId(4), ..alarm.clone() }, alarm.clone()],
            calls: vec![call(5, "P2", 90.0), call(5, "P1", 40.5)],
            transfers: vec![entry.clone()],
            members: vec![member(7, &[]), member(8, &[Role::Police])],
            posts: vec![Post { lead: Some(LeadId(1)), ..post("lead:1:receipt", text("好")) }],
            ..Changes::default()
        })
        .await;
    let expected = LeadFile {
        lead: Lead { officer: Some(UserId(8)), ..lead(1) },
        attachments: vec![evidence],
        history: vec![history(1, "tip"), history(2, "claim")],
        transfers: vec![entry],
        reporter: Some(member(7, &[])),
        officer: Some(member(8, &[Role::Police])),
        alarm: Some(AlarmFile { alarm, calls: vec![call(5, "P1", 40.5), call(5, "P2", 90.0)], posts: vec![] }),
        posts: vec![Posted { chat: GROUP, subject: "lead:1:receipt".into(), message: None, leaving: false }],
        earned: (0, 0),
        duplicates: Vec::new(),
        duplicates_earned: Vec::new(),
    };
    assert_eq!(store.file(1).await, expected);
    let by_alarm = store.ask(Ask { alarm: Some(AlarmId(5)), ..Ask::default() }).await;
    assert_eq!(by_alarm.file, Some(expected));
}

#[tokio::test]
async fn questions_are_answered_each_by_itself() {
    let store = fresh().await;
    let loose = |message: i64, sent: i64| Attachment {
        chat: GROUP,
        message: MessageId(message),
        sender: Some(UserId(7)),
        sent_at: NOW.plus_ms(sent),
        lead: None,
        evidence: Evidence::Media { kind: MediaKind::Voice, file_id: "V".into() },
    };
    let filed = Attachment { lead: Some(LeadId(2)), ..loose(60, 1) };
    let far = Scene { at: Wgs84 { lat: 23.054, lon: 113.75 }, ..lead(3).scene.unwrap() };
    store
        .done(Changes {
            new_leads: vec![lead(1), lead(2), Lead { scene: Some(far), ..lead(3) }, Lead { scene: None, ..lead(4) }],
            attachments: vec![loose(61, 5), filed, loose(62, 9)],
            posts: vec![
                Post { lead: Some(LeadId(3)), ..post("lead:3:receipt", text("好")) },
                post("lead:30:receipt", text("好")),
                post("other", text("好")),
            ],
            members: vec![member(7, &[])],
            invites: vec![Invite {
                code: "ABC".into(),
                roles: vec![Role::Police],
                by: UserId(7),
                expires: NOW,
                used_by: None,
            }],
            ..Changes::default()
        })
        .await;
    store.send_all(500).await;

    let similar = |near| Some(Similar { except: LeadId(2), since: NOW, until: NOW.plus_ms(HOUR), near });
    let here = Wgs84 { lat: 23.0501, lon: 113.7501 };
    let asks = [
        Ask { user: Some(UserId(7)), tip_at: Some((GROUP, MessageId(1002))), ..Ask::default() },
        Ask { belongs: Some((GROUP, MessageId(60))), tip_at: Some((GROUP, MessageId(60))), ..Ask::default() },
        Ask { belongs: Some((GROUP, MessageId(500))), ..Ask::default() },
        Ask { belongs: Some((DESK, MessageId(1002))), user: Some(UserId(1)), ..Ask::default() },
        Ask { newest_tip: Some((GROUP, UserId(7), NOW.plus_ms(2))), ..Ask::default() },
        Ask { newest_tip: Some((GROUP, UserId(7), NOW.plus_ms(5))), ..Ask::default() },
        Ask { loose: Some((GROUP, UserId(7), NOW.plus_ms(5))), ..Ask::default() },
        Ask { similar: similar(Some((here, 100.0))), ..Ask::default() },
        Ask { similar: similar(Some((here, 100_000.0))), ..Ask::default() },
        Ask { similar: similar(None), ..Ask::default() },
        Ask { lead: Some(LeadId(3)), ..Ask::default() },
        Ask { original: Some(LeadId(2)), ..Ask::default() },
        Ask {
            chat_leads: Some((GROUP, NOW.plus_ms(3), NOW.plus_ms(HOUR))),
            invite: Some("ABC".into()),
            ..Ask::default()
        },
        Ask::default(),
    ];
    let facts = store.load(&asks).await.unwrap();
    let number = |lead: &Option<Lead>| lead.as_ref().map(|lead| lead.id.0);
    let numbers = |leads: &[Lead]| leads.iter().map(|lead| lead.id.0).collect::<Vec<_>>();
    assert_eq!((number(&facts[0].tip_at), facts[0].member.clone()), (Some(2), Some(member(7, &[]))));
    assert_eq!((number(&facts[1].belongs), number(&facts[1].tip_at)), (Some(2), None), "by its evidence");
    assert_eq!(number(&facts[2].belongs), Some(3), "by its receipt");
    assert_eq!((number(&facts[3].belongs), facts[3].member.clone()), (None, None), "another chat");
    assert_eq!((number(&facts[4].newest_tip), number(&facts[5].newest_tip)), (Some(4), None));
    assert_eq!(facts[6].loose, [loose(61, 5), loose(62, 9)]);
    assert_eq!(numbers(&facts[7].similar), [1], "near");
    assert_eq!(numbers(&facts[8].similar), [3, 1], "wide: newest first, those with a scene");
    assert_eq!(numbers(&facts[9].similar), [4, 3, 1], "anywhere");
    assert_eq!(facts[10].file.as_ref().map(|file| file.lead.id.0), Some(3));
    assert_eq!(facts[11].original.as_ref().map(|file| file.lead.id.0), Some(2));
    assert_eq!(numbers(&facts[12].chat_leads), [3, 4]);
    assert_eq!(facts[12].invite.as_ref().unwrap().roles, [Role::Police]);
    assert_eq!(facts[13], Facts::default());
}

#[tokio::test]
async fn many_questions_at_once_do_not_mix_up() {
    let store = fresh().await;
    let leads: Vec<_> = (1..=600).map(|id| Lead { reporter: Some(UserId(id)), ..lead(id) }).collect();
    let members = (1..=600).map(|user| member(user, &[])).collect();
    store.done(Changes { new_leads: leads, members, ..Changes::default() }).await;
    let asks: Vec<_> = (1..=600)
        .map(|id| Ask {
            user: Some(UserId(id)),
            tip_at: Some((GROUP, MessageId(1000 + id))),
            lead: (id % 2 == 0).then_some(LeadId(id)),
            chat_leads: (id % 50 == 0).then(|| (GROUP, NOW.plus_ms(id), NOW.plus_ms(HOUR))),
            ..Ask::default()
        })
        .collect();
    for (id, facts) in (1..).zip(store.load(&asks).await.unwrap()) {
        assert_eq!(facts.member.unwrap().user, UserId(id));
        assert_eq!(facts.tip_at.unwrap().id, LeadId(id));
        assert_eq!(facts.file.map(|file| file.reporter.unwrap().user.0), (id % 2 == 0).then_some(id));
        if id % 50 == 0 {
            let expected: Vec<_> = (id..=600).take(100).collect();
            assert_eq!(facts.chat_leads.iter().map(|lead| lead.id.0).collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test]
async fn an_invite_is_good_once() {
    let store = fresh().await;
    let invite = |used_by: Option<i64>| Changes {
        invites: vec![Invite {
            code: "ABC".into(),
            roles: vec![Role::Responder],
            by: UserId(1),
            expires: NOW,
            used_by: used_by.map(UserId),
        }],
        ..Changes::default()
    };
    store.done(invite(None)).await;
    let (first, second) = (store.event(ChatId(2)).await, store.event(ChatId(3)).await);
    let steps = [Step { event: first, changes: invite(Some(2)) }, Step { event: second, changes: invite(Some(3)) }];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), [Applied::Done, Applied::Conflict]);
}
