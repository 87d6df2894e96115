//! Points are taken for things: asked for, approved, collected by a code, and never spent twice.

use crate::world::{ADMIN, CLERK, COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::domain::id::{Millis, UserId};
use baiying::domain::member::Role;
use baiying::domain::redemption::{Redemption, RedemptionState, Tier};
use baiying::port::store::Store;

/// A second one with the payout right.
const CHIEF: i64 = 42;

/// A town in which the courier has 100 points, the neighbour 30, and there are umbrellas (40, one left) and a bicycle (90).
async fn shop() -> World {
    shop_with(|_| {}).await
}

async fn shop_with(change: impl FnOnce(&mut baiying::config::Config)) -> World {
    let mut w = World::with(|config| {
        config.redeem.tier = vec![Tier { from: 80, approvals: 1 }];
        config.redeem.place = "Office, room 3 <left>".into();
        change(config);
    })
    .await;
    let mut chief = w.store.town().await.unwrap().staff.iter().find(|m| m.user.0 == CLERK).unwrap().clone();
    (chief.user, chief.name, chief.code, chief.roles) =
        (UserId(CHIEF), "Chief".into(), "M042".into(), vec![Role::Payout]);
    w.store.import_members(&[chief]).await.unwrap();
    w.say(COURIER, COURIER, "/help").await;
    w.say(NEIGHBOUR, NEIGHBOUR, "/help").await;
    for (user, points) in [(COURIER, 100), (NEIGHBOUR, 30)] {
        let code = w.rows(&format!("SELECT code FROM member WHERE user_id = {user}")).await.remove(0);
        w.say(CLERK, OFFICE, &format!("/correct {code} +{points} to begin with")).await;
    }
    w.say(CLERK, OFFICE, "/reward R01 40 1 雨伞 | Umbrella").await;
    w.say(CLERK, OFFICE, "/reward R02 90 5 自行车 | Bicycle").await;
    w.say(CLERK, OFFICE, "/reward R03 5 0 口罩 | Masks").await;
    w.advance(5).await;
    w
}

/// What somebody has: to spend, set aside.
async fn points(w: &World, user: i64) -> (i64, i64) {
    let of = |account: &str| format!("SELECT {account} FROM balance WHERE user_id = {user}");
    (w.number(&of("person")).await, w.number(&of("reserved")).await)
}

async fn stock(w: &World, code: &str) -> i64 {
    w.store.rewards().await.unwrap().iter().find(|reward| reward.code == code).unwrap().stock
}

async fn all(w: &World) -> Vec<Redemption> {
    w.store.redemptions_between(Millis(0), Millis(i64::MAX)).await.unwrap()
}

/// The code on the newest ticket.
async fn code(w: &World) -> String {
    all(w).await.last().unwrap().code.clone()
}

/// Somebody opens the list, chooses and takes.
async fn take(w: &mut World, user: i64, reward: &str) {
    w.say(user, user, "/redeem").await;
    w.advance(3).await;
    w.press(user, user, reward).await;
    w.advance(3).await;
    w.press(user, user, "Yes, take it").await;
    w.advance(3).await;
}

#[tokio::test]
async fn from_the_list_to_the_counter() {
    let mut w = shop().await;
    take(&mut w, COURIER, "Umbrella · 40").await;
    assert_eq!((points(&w, COURIER).await, stock(&w, "R01").await), ((60, 40), 0));
    let typed = code(&w).await.to_lowercase();
    w.say(CLERK, OFFICE, &format!("/pickup {} {}", &typed[..4], &typed[4..])).await;
    w.advance(3).await;
    w.press(CLERK, OFFICE, "Handed out").await;
    w.advance(3).await;
    w.say(COURIER, COURIER, "/points").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.chats(&[("courier", COURIER), ("office", OFFICE)]));
    assert_eq!(points(&w, COURIER).await, (60, 0));
    // Neither the name nor the account of whoever collects is told to the office.
    assert_eq!(w.count(OFFICE, "Courier") + w.count(OFFICE, "11 "), 0);
    w.end().await;
}

#[tokio::test]
async fn a_dear_one_needs_two_others() {
    let mut w = shop().await;
    take(&mut w, COURIER, "Bicycle · 90").await;
    assert_eq!(all(&w).await[0].state, RedemptionState::Asked);
    let first = code(&w).await;
    w.say(CLERK, OFFICE, &format!("/pickup {first}")).await;
    w.advance(3).await;
    assert!(w.button(OFFICE, "Handed out").is_none(), "{}", w.chat(OFFICE));
    for outsider in [OFFICER, COURIER, ADMIN] {
        w.press(outsider, OFFICE, "Approve").await;
        assert!(w.answer().contains("right"), "{}", w.answer());
    }
    w.press(CHIEF, OFFICE, "Approve").await;
    w.advance(3).await;
    w.say(CLERK, OFFICE, &format!("/pickup {first}")).await;
    w.advance(3).await;
    w.press(CHIEF, OFFICE, "Handed out").await;
    assert!(w.answer().contains("another person"), "{}", w.answer());
    assert_eq!(points(&w, COURIER).await, (10, 90));
    w.press(CLERK, OFFICE, "Handed out").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.chats(&[("courier", COURIER), ("office", OFFICE)]));
    assert_eq!(points(&w, COURIER).await, (10, 0));
    w.end().await;
}

#[tokio::test]
async fn nobody_approves_or_hands_out_their_own() {
    let mut w = shop().await;
    let code_of = w.rows(&format!("SELECT code FROM member WHERE user_id = {CHIEF}")).await.remove(0);
    w.say(CHIEF, OFFICE, &format!("/correct {code_of} +500 for me")).await;
    w.advance(3).await;
    assert_eq!(w.count(OFFICE, "Somebody else must correct your own points"), 1);
    w.say(CLERK, OFFICE, &format!("/correct {code_of} +500 overtime")).await;
    w.say(CHIEF, CHIEF, "/start").await;
    w.advance(3).await;
    take(&mut w, CHIEF, "Bicycle · 90").await;
    w.press(CHIEF, OFFICE, "Approve").await;
    assert!(w.answer().contains("Somebody else"), "{}", w.answer());
    w.press(CHIEF, OFFICE, "Refuse").await;
    assert!(w.answer().contains("Somebody else"), "{}", w.answer());
    w.press(CLERK, OFFICE, "Refuse").await;
    w.advance(3).await;
    assert_eq!((points(&w, CHIEF).await, stock(&w, "R02").await), ((500, 0), 5));
    assert_eq!(w.count(CHIEF, "was not approved; 90 points are back"), 1);
    w.end().await;
}

#[tokio::test]
async fn however_often_it_is_tapped_it_is_taken_once() {
    let mut w = shop().await;
    w.say(COURIER, COURIER, "/redeem").await;
    w.advance(3).await;
    w.press(COURIER, COURIER, "Umbrella · 40").await;
    w.advance(3).await;
    let (message, data) = w.button(COURIER, "Yes, take it").unwrap();
    for _ in 0..3 {
        w.push_data(COURIER, COURIER, message, &data).await;
    }
    w.advance(3).await;
    assert_eq!((all(&w).await.len(), points(&w, COURIER).await), (1, (60, 40)));
    w.crash().await;
    w.push_data(COURIER, COURIER, message, &data).await;
    w.advance(3).await;
    assert_eq!((all(&w).await.len(), points(&w, COURIER).await), (1, (60, 40)));
    w.end().await;
}

#[tokio::test]
async fn two_cards_at_once_cannot_spend_the_same_points() {
    let mut w = shop().await;
    w.say(CLERK, OFFICE, "/reward R01 +5").await;
    let mut cards = Vec::new();
    for reward in ["Umbrella · 40", "Bicycle · 90"] {
        w.say(COURIER, COURIER, "/redeem").await;
        w.advance(3).await;
        w.press(COURIER, COURIER, reward).await;
        w.advance(3).await;
        cards.push(w.button(COURIER, "Yes, take it").unwrap());
    }
    // Both waves are stored before either is decided.
    for (message, data) in &cards {
        w.push_data(COURIER, COURIER, *message, data).await;
    }
    w.advance(3).await;
    assert_eq!((all(&w).await.len(), points(&w, COURIER).await), (1, (60, 40)));
    assert!(w.answer().contains("not enough points"), "{}", w.answer());
    w.end().await;
}

#[tokio::test]
async fn the_last_one_goes_to_one_of_two() {
    let mut w = shop().await;
    let neighbour = w.rows(&format!("SELECT code FROM member WHERE user_id = {NEIGHBOUR}")).await.remove(0);
    w.say(CLERK, OFFICE, &format!("/correct {neighbour} +30 more")).await;
    let mut cards = Vec::new();
    for user in [COURIER, NEIGHBOUR] {
        w.say(user, user, "/redeem").await;
        w.advance(3).await;
        w.press(user, user, "Umbrella · 40").await;
        w.advance(3).await;
        cards.push((user, w.button(user, "Yes, take it").unwrap()));
    }
    for (user, (message, data)) in &cards {
        w.push_data(*user, *user, *message, data).await;
    }
    w.advance(3).await;
    assert_eq!((stock(&w, "R01").await, all(&w).await.len()), (0, 1));
    assert_eq!((points(&w, COURIER).await, points(&w, NEIGHBOUR).await), ((60, 40), (60, 0)));
    w.end().await;
}

#[tokio::test]
async fn what_is_cancelled_or_not_collected_comes_back() {
    let mut w = shop().await;
    take(&mut w, COURIER, "Umbrella · 40").await;
    w.say(COURIER, COURIER, "/redeem").await;
    w.advance(3).await;
    // Whoever else presses it is told that it is not theirs.
    let (message, data) = w.button(COURIER, "Cancel: Umbrella").unwrap();
    w.push_data(NEIGHBOUR, NEIGHBOUR, message, &data).await;
    w.advance(1).await;
    assert!(w.answer().contains("not yours"), "{}", w.answer());
    w.press(COURIER, COURIER, "Cancel: Umbrella").await;
    w.advance(3).await;
    assert_eq!((points(&w, COURIER).await, stock(&w, "R01").await), ((100, 0), 1));
    assert_eq!(w.count(COURIER, "Umbrella is cancelled; 40 points are back"), 1);

    take(&mut w, COURIER, "Umbrella · 40").await;
    let shown = code(&w).await;
    w.jump(15 * 24 * 3600).await;
    w.advance(3).await;
    assert_eq!((points(&w, COURIER).await, stock(&w, "R01").await), ((100, 0), 1));
    assert_eq!(w.count(COURIER, "was not collected in time; 40 points are back"), 1);
    w.say(CLERK, CLERK, &format!("/pickup {shown}")).await;
    w.advance(3).await;
    assert_eq!(w.count(CLERK, "Hand nothing out"), 1);
    let states: Vec<RedemptionState> = all(&w).await.iter().map(|one| one.state).collect();
    assert_eq!(states, [RedemptionState::Cancelled, RedemptionState::Lapsed]);
    assert_eq!(w.store.audit().await.unwrap().breaches, []);
    w.end().await;
}

#[tokio::test]
async fn codes_are_for_the_office_alone() {
    let mut w = shop().await;
    take(&mut w, COURIER, "Umbrella · 40").await;
    let shown = code(&w).await;
    for (user, chat) in [(NEIGHBOUR, NEIGHBOUR), (OFFICER, OFFICER), (CLERK, GROUP)] {
        w.say(user, chat, &format!("/pickup {shown}")).await;
        w.advance(3).await;
        assert_eq!(w.count(chat, "Office staff use this"), 1, "{}", w.chat(chat));
    }
    w.say(CLERK, CLERK, "/pickup ZZZZZZZZ").await;
    w.advance(3).await;
    assert_eq!(w.count(CLERK, "no such code"), 1);
    // Scanned: the link opens the same card.
    w.say(CLERK, CLERK, &format!("/start p_{shown}")).await;
    w.advance(3).await;
    assert!(w.button(CLERK, "Handed out").is_some(), "{}", w.chat(CLERK));
    // In a group nothing of anybody's points is told.
    for command in ["/redeem", "/rank", "/points"] {
        w.say(COURIER, GROUP, command).await;
        w.advance(3).await;
    }
    assert_eq!(w.count(GROUP, "shown in private only"), 3);
    w.end().await;
}

#[tokio::test]
async fn without_an_office_nothing_dear_is_promised() {
    let mut w = shop().await;
    w.say(ADMIN, OFFICE, "/setup liaison").await;
    w.advance(3).await;
    take(&mut w, COURIER, "Bicycle · 90").await;
    assert!(w.answer().contains("not set up"), "{}", w.answer());
    assert_eq!((points(&w, COURIER).await, all(&w).await.len()), ((100, 0), 0));
    w.press(COURIER, COURIER, "Umbrella · 40").await;
    w.advance(3).await;
    w.press(COURIER, COURIER, "Yes, take it").await;
    w.advance(3).await;
    assert_eq!(points(&w, COURIER).await, (60, 40));
    w.end().await;
}

#[tokio::test]
async fn the_office_keeps_the_list() {
    let mut w = shop().await;
    for words in
        ["/reward", "/reward R01 +2", "/reward R02 off", "/reward R03 -1", "/reward R09 off", "/reward R04 twelve"]
    {
        w.say(CLERK, OFFICE, words).await;
        w.advance(3).await;
    }
    w.say(OFFICER, OFFICE, "/reward R05 1 1 x").await;
    w.advance(3).await;
    let photo =
        serde_json::json!({ "photo": [{ "file_id": "umbrella", "width": 9, "height": 9 }], "caption": "/reward R01" });
    w.say_with(CLERK, OFFICE, photo).await;
    w.advance(3).await;
    w.say(COURIER, COURIER, "/redeem").await;
    w.advance(3).await;
    w.press(COURIER, COURIER, "Umbrella · 40").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.chats(&[("office", OFFICE), ("courier", COURIER)]));
    w.end().await;
}

#[tokio::test]
async fn who_wants_to_be_compared_is_and_nobody_else() {
    let mut w = shop().await;
    for (who, words) in [(COURIER, "a van"), (NEIGHBOUR, "a bike"), (NEIGHBOUR, "a phone")] {
        w.say(who, GROUP, &format!("#theft at Old Bridge 7 pm, {words}")).await;
        w.advance(3).await;
        w.press(OFFICER, DESK, "Verify").await;
        w.advance(3).await;
    }
    for user in [COURIER, NEIGHBOUR] {
        w.say(user, user, "/rank").await;
        w.advance(3).await;
        w.press(user, user, "Take part").await;
        w.advance(3).await;
    }
    w.say(COURIER, COURIER, "/rank").await;
    w.advance(3).await;
    w.say(COURIER, COURIER, "/points").await;
    w.advance(3).await;
    w.say(GUARD, GUARD, "/points").await;
    w.advance(3).await;
    insta::assert_snapshot!(w.chats(&[("courier", COURIER), ("guard", GUARD)]));
    w.end().await;
}
