//! Groups, places, people, and what the desk and exports read.

use super::*;
use baiying::domain::alarm::TeamKind;

fn group(chat: ChatId, name: &str) -> Group {
    Group {
        chat,
        kind: GroupKind::Liaison,
        name: name.into(),
        area: Some(Wgs84 { lat: 23.0, lon: 113.0 }),
        pin_datum: Datum::Gcj02,
        language: Language::En,
    }
}

#[tokio::test]
async fn the_config_seeds_and_the_database_wins() {
    let store = fresh().await;
    let version = store.town_version().await.unwrap();
    store.seed(&[group(GROUP, "一")], &[member(1, &[Role::Police]), member(2, &[])]).await.unwrap();
    store.done(Changes { groups: vec![Group { area: None, ..group(GROUP, "二") }], ..Changes::default() }).await;
    store.done(Changes { members: vec![member(3, &[Role::Admin]), member(4, &[])], ..Changes::default() }).await;
    let seen = store.town_version().await.unwrap();
    store.done(Changes { members: vec![member(4, &[])], ..Changes::default() }).await;
    assert_eq!(store.town_version().await.unwrap(), seen, "not staff: nothing to read again");
    store.done(Changes { members: vec![member(3, &[])], ..Changes::default() }).await;
    assert!(store.town_version().await.unwrap() != seen, "no longer staff");
    store.seed(&[group(GROUP, "三"), group(DESK, "四")], &[member(1, &[])]).await.unwrap();
    let town = store.town().await.unwrap();
    assert!(town.version != version && town.version == store.town_version().await.unwrap());
    assert_eq!(town.groups, [group(DESK, "四"), Group { area: None, ..group(GROUP, "二") }]);
    assert_eq!(town.staff, [member(1, &[Role::Police])]);
}

#[tokio::test]
async fn imports_replace_what_they_name() {
    let store = fresh().await;
    let place = |code: &str, name: &str, kind: &str| Place {
        code: code.into(),
        name: name.into(),
        aliases: vec!["别名".into()],
        kind: kind.into(),
        at: Wgs84 { lat: 23.1, lon: 113.1 },
        datum: Datum::Bd09,
    };
    let point = Point {
        code: "P1".into(),
        name: "旧".into(),
        at: Wgs84 { lat: 1.0, lon: 2.0 },
        radius_m: 150.0,
        contacts: vec![UserId(1), UserId(2)],
        team: Some(TeamKind::Mobile),
        gear: "fork, shield".into(),
        phone: "0769-110".into(),
    };
    store.import_points(std::slice::from_ref(&point)).await.unwrap();
    store.import_gazetteer(&[place("", "丢", "road")]).await.unwrap();
    let entries = [place("", "路", "road"), place("P1", "一", "liaison_point"), place("P2", "二", "liaison_point")];
    store.import_gazetteer(&entries).await.unwrap();
    let town = store.town().await.unwrap();
    assert_eq!(town.gazetteer, entries);
    let at = Wgs84 { lat: 23.1, lon: 113.1 };
    assert_eq!(town.points[0], Point { name: "一".into(), at, ..point }, "its people and radius stay");
    assert_eq!((town.points[1].code.as_str(), town.points[1].radius_m), ("P2", 100.0));

    let codes = ["a2", "B1", "a1", "甲1", "A-1"];
    store.import_points(&codes.map(|code| Point { code: code.into(), ..town.points[1].clone() })).await.unwrap();
    let codes: Vec<String> = store.town().await.unwrap().points.into_iter().map(|point| point.code).collect();
    assert_eq!(codes, ["A-1", "B1", "P1", "P2", "a1", "a2", "甲1"], "by their bytes, whatever the server's language");

    let known = Member { language: Some(Language::En), told_at: Some(NOW), ..member(5, &[]) };
    store.done(Changes { members: vec![known.clone()], ..Changes::default() }).await;
    let filed = Member { name: "新".into(), code: "X".into(), first_seen: Millis(0), ..member(5, &[Role::Office]) };
    store.import_members(&[filed, member(6, &[])]).await.unwrap();
    let facts = store.ask(Ask { user: Some(UserId(5)), ..Ask::default() }).await;
    assert_eq!(facts.member.unwrap(), Member { name: "新".into(), roles: vec![Role::Office], ..known });
}

#[tokio::test]
async fn the_queue_card_shows_urgent_then_oldest() {
    let store = fresh().await;
    let mut leads: Vec<_> = (1..=12).map(|id| Lead { urgent: id % 4 == 0, ..lead(id) }).collect();
    leads[0].state = LeadState::Claimed;
    leads[1].state = LeadState::Verified;
    store.done(Changes { new_leads: leads, ..Changes::default() }).await;
    let view = store.queue_view().await.unwrap();
    assert_eq!((view.new, view.claimed, view.urgent), (10, 1, 3));
    let next: Vec<_> = view.next.iter().map(|lead| lead.id.0).collect();
    assert_eq!(next, [4, 8, 12, 3, 5, 6, 7, 9]);
}

#[tokio::test]
async fn leads_of_a_period_come_page_by_page_in_received_order() {
    let store = fresh().await;
    let received = [(1, 30), (2, 10), (3, 10), (4, 20), (5, 40), (6, 5)];
    let leads = received.map(|(id, at)| Lead { received_at: NOW.plus_ms(at), ..lead(id) });
    store.done(Changes { new_leads: leads.to_vec(), ..Changes::default() }).await;
    let mut all = Vec::new();
    let mut after = LeadId(0);
    loop {
        let page = store.leads_between(NOW.plus_ms(10), NOW.plus_ms(40), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        all.extend(page.iter().map(|lead| lead.id.0));
    }
    assert_eq!(all, [2, 3, 4, 1]);
}

#[tokio::test]
async fn what_was_done_to_leads_comes_oldest_first() {
    let store = fresh().await;
    store.done(Changes { new_leads: [1, 2, 3].map(lead).to_vec(), ..Changes::default() }).await;
    let event = |id: i64, version: i64, at: i64, action: &str| LeadEvent {
        lead: LeadId(id),
        version,
        at: NOW.plus_ms(at),
        by: None,
        action: action.into(),
        before: Some("{}".into()),
    };
    // In the order in which they were decided, whatever the clock said.
    let events = vec![event(2, 2, 9, "claim"), event(1, 2, 5, "verify"), event(2, 3, 7, "undo"), event(3, 2, 1, "tip")];
    store.done(Changes { lead_events: events, ..Changes::default() }).await;
    let steps = store.lead_steps(&[LeadId(2), LeadId(1), LeadId(9)]).await.unwrap();
    let steps: Vec<_> = steps.iter().map(|it| (it.lead.0, it.at.since(NOW), it.action.as_str())).collect();
    assert_eq!(steps, [(1, 5, "verify"), (2, 9, "claim"), (2, 7, "undo")]);
    assert_eq!(store.lead_steps(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_secret_is_made_once_and_looks_are_on_record() {
    let store = fresh().await;
    assert_eq!(store.secret("export", "a").await.unwrap(), "a");
    assert_eq!(store.secret("export", "b").await.unwrap(), "a");
    let access = Access { at: NOW, who: "cli".into(), what: "names".into(), detail: "2026-11".into() };
    store.record_access(&access).await.unwrap();
    store.done(Changes { access: vec![access], ..Changes::default() }).await;
    assert_eq!(table(&store, "access_log").await.len(), 2);
}

#[tokio::test]
async fn a_group_is_followed_to_its_new_id() {
    let store = fresh().await;
    let new = ChatId(-1_000_200);
    let loose = Attachment {
        chat: GROUP,
        message: MessageId(60),
        sender: Some(UserId(7)),
        sent_at: NOW,
        lead: None,
        evidence: Evidence::Media { kind: MediaKind::Photo, file_id: "F".into() },
    };
    store
        .done(Changes {
            new_leads: vec![lead(1)],
            groups: vec![group(GROUP, "一")],
            attachments: vec![loose],
            timers: vec![Timer {
                key: "t".into(),
                due: NOW,
                chat: GROUP,
                kind: TimerKind::Stage { alarm: AlarmId(1), stage: 0 },
            }],
            posts: vec![post("sent", text("一"))],
            ..Changes::default()
        })
        .await;
    store.send_all(70).await;
    store.put(post("sent", text("二"))).await;
    store.put(post("queued", text("一"))).await;
    store.put(post("way", text("一"))).await;
    let way = store.queue().await.pop().unwrap().id;
    let way = store.claim(&[way], Term(0)).await.unwrap().pop().unwrap();
    let version = store.town_version().await.unwrap();
    let waiting = store.event(GROUP).await;
    // Both of the platform's messages about it come in.
    for _ in 0..2 {
        store.done(Changes { moves: vec![(GROUP, new)], groups: vec![group(new, "一")], ..Changes::default() }).await;
    }
    let town = store.town().await.unwrap();
    assert_eq!((town.groups, town.moved), (vec![group(new, "一")], vec![(GROUP, new)]));
    assert!(town.version != version);
    assert_eq!(store.file(1).await.lead.chat, new);
    let facts = store
        .load(&[
            Ask { newest_tip: Some((new, UserId(7), NOW)), loose: Some((new, UserId(7), NOW)), ..Ask::default() },
            Ask { tip_at: Some((new, MessageId(1001))), ..Ask::default() },
        ])
        .await
        .unwrap();
    assert_eq!((facts[0].newest_tip.is_some(), facts[0].loose.len()), (true, 1));
    assert_eq!(facts[1].tip_at, None, "message ids are counted anew there");
    store.settle_one(&way, Fate::Retry { at: NOW, why: "moved".into() }).await;
    let claimed = store.claim_all().await;
    assert_eq!(claimed.len(), 3, "an edit, a new one, and the one that the platform had just refused");
    assert!(claimed.iter().all(|claimed| claimed.post.chat == new && claimed.message.is_none()));
    store.ring_timers(NOW).await.unwrap();
    let events = store.take(9, NOW).await.unwrap();
    assert!(events.iter().any(|event| event.seq == waiting));
    assert!(events.iter().all(|event| event.chat == new || event.kind == EventKind::Timer));
}

#[tokio::test]
async fn every_former_id_of_a_group_leads_to_its_last() {
    let store = fresh().await;
    let [a, b, c] = [-1, -2, -3].map(ChatId);
    let moved = async |moves: &[(ChatId, ChatId)]| {
        store.done(Changes { moves: moves.to_vec(), ..Changes::default() }).await;
        let town = store.townspeople().await.unwrap();
        (town.groups.iter().map(|group| group.chat).collect::<Vec<_>>(), town.moved)
    };
    assert_eq!(moved(&[(a, b)]).await, (vec![], vec![]), "no group of ours");
    store.seed(&[group(a, "一")], &[]).await.unwrap();
    assert_eq!(moved(&[(a, b)]).await, (vec![b], vec![(a, b)]));
    assert_eq!(moved(&[(b, c)]).await, (vec![c], vec![(b, c), (a, c)]));
    assert_eq!(moved(&[(a, b)]).await, (vec![c], vec![(b, c), (a, c)]), "told late");
    store.seed(&[group(a, "一")], &[]).await.unwrap();
    assert_eq!(store.town().await.unwrap().groups, [group(c, "一")], "the config still says the first id");
    store.done(Changes { groups: vec![group(c, "二")], ..Changes::default() }).await;
    let names = store.group_names(&[a, c, ChatId(-4)]).await.unwrap();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|(_, name)| name == "二"), "{names:?}");
    store.done(Changes { groups: vec![group(a, "三")], ..Changes::default() }).await;
    assert_eq!(moved(&[]).await, (vec![c, a], vec![(b, c)]), "set up again");
    assert_eq!(moved(&[(c, a)]).await, (vec![a], vec![(c, a), (b, a)]));
    assert_eq!(moved(&[(a, c)]).await, (vec![c], vec![(b, c), (a, c)]), "back: never in a circle");
}
