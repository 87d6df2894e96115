//! The rota: what is filed, what people say, what is kept.

use super::*;
use baiying::domain::duty::{Days, DutyChange, Holiday, OnHolidays, Rota, Shift, Swap, TurnKey, Word};
use chrono::NaiveTime;

fn time(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
}

fn shift(user: i64, post: &str, hour: u32) -> Shift {
    Shift {
        user: UserId(user),
        post: post.into(),
        days: Days(0b100_0001),
        from: time(hour, 15),
        to: time(0, 0),
        first: Some("2026-11-20".parse().unwrap()),
        last: None,
        holidays: OnHolidays::Not,
    }
}

fn swap(user: i64, date: &str, hour: u32, taken_by: Option<i64>) -> Swap {
    let turn = TurnKey { owner: UserId(user), date: date.parse().unwrap(), post: "甲-1".into(), from: time(hour, 15) };
    Swap { turn, taken_by: taken_by.map(UserId) }
}

fn rota() -> Rota {
    Rota {
        shifts: vec![
            shift(2, "甲-1", 22),
            Shift { holidays: OnHolidays::Only, first: None, ..shift(1, "", 8) },
            Shift { last: Some("2027-02-28".parse().unwrap()), holidays: OnHolidays::Also, ..shift(1, "甲-1", 7) },
        ],
        holidays: vec![Holiday { date: "2026-10-01".parse().unwrap(), name: "国庆".into() }],
        swaps: vec![swap(1, "2026-11-22", 7, Some(2)), swap(2, "2026-11-23", 22, None)],
        words: Vec::new(),
    }
}

#[tokio::test]
async fn the_rota_comes_back_as_it_was_filed() {
    let store = fresh().await;
    let before = store.town_version().await.unwrap();
    store.replace_rota(&rota()).await.unwrap();
    let people = store.townspeople().await.unwrap();
    assert_eq!(people.rota, rota());
    assert!(people.version.people > before.people, "others read it again");
    assert_eq!(store.town().await.unwrap().rota, rota());
    let word = Word { user: UserId(5), on: false, since: NOW, until: None };
    store.done(Changes { duty: vec![DutyChange::Say(word.clone())], ..Changes::default() }).await;
    store.replace_rota(&Rota::default()).await.unwrap();
    assert_eq!(store.town().await.unwrap().rota, Rota { words: vec![word], ..Rota::default() }, "words stay");
}

#[tokio::test]
async fn what_people_say_and_agree_on_holds_at_once() {
    let store = fresh().await;
    store.replace_rota(&rota()).await.unwrap();
    let word =
        |on, until: Option<i64>| Word { user: UserId(5), on, since: NOW, until: until.map(|ms| NOW.plus_ms(ms)) };
    let seen = store.town_version().await.unwrap();
    let changes = vec![
        DutyChange::Say(word(false, None)),
        DutyChange::Say(word(true, Some(7))),
        DutyChange::Swap(swap(2, "2026-11-23", 22, Some(1))),
        DutyChange::Swap(swap(2, "2026-11-29", 22, Some(3))),
    ];
    store.done(Changes { duty: changes, ..Changes::default() }).await;
    let town = store.town().await.unwrap();
    assert!(town.version.people > seen.people);
    assert_eq!(town.rota.words, [word(true, Some(7))], "the last one");
    let swaps =
        [swap(1, "2026-11-22", 7, Some(2)), swap(2, "2026-11-23", 22, Some(1)), swap(2, "2026-11-29", 22, Some(3))];
    assert_eq!(town.rota.swaps, swaps);
    let back = DutyChange::Swap(swap(2, "2026-11-23", 22, Some(2)));
    store.done(Changes { duty: vec![back], ..Changes::default() }).await;
    assert_eq!(store.town().await.unwrap().rota.swaps, [swaps[0].clone(), swaps[2].clone()], "as the rota says");
}

#[tokio::test]
async fn a_swap_of_a_shift_that_is_gone_is_refused_whole() {
    let store = fresh().await;
    store.replace_rota(&rota()).await.unwrap();
    let word = Word { user: UserId(5), on: false, since: NOW, until: None };
    let gone = DutyChange::Swap(swap(2, "2026-11-23", 21, Some(1)));
    let changes = Changes { duty: vec![DutyChange::Say(word), gone], ..Changes::default() };
    assert_eq!(store.apply_one(changes).await, Applied::Conflict);
    assert_eq!(store.town().await.unwrap().rota, rota());
}

#[tokio::test]
async fn what_is_long_over_is_not_kept() {
    let store = fresh().await;
    let mut old = rota();
    old.swaps.insert(0, swap(2, "2025-01-06", 22, None));
    store.replace_rota(&old).await.unwrap();
    let day = 86_400_000;
    let word = |user, until: Option<i64>| {
        DutyChange::Say(Word {
            user: UserId(user),
            on: false,
            since: Millis(0),
            until: until.map(|ms| NOW.plus_ms(ms)),
        })
    };
    let duty = vec![word(1, Some(-9 * day)), word(2, Some(-7 * day)), word(3, None)];
    store.done(Changes { duty, ..Changes::default() }).await;
    let rules = Retention { raw_days: 8, lead_days: Vec::new(), outbox_days: 90 };
    store.retain(&rules, NOW, true).await.unwrap();
    assert_eq!(store.town().await.unwrap().rota.swaps.len(), 3, "only counted");
    store.retain(&rules, NOW, false).await.unwrap();
    let rota = store.town().await.unwrap().rota;
    assert_eq!(rota.words.iter().map(|word| word.user.0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(rota.swaps.len(), 2);
}

#[tokio::test]
async fn a_renewed_secret_is_another() {
    let store = fresh().await;
    assert_eq!(store.secret("duty", "a").await.unwrap(), "a");
    store.renew_secret("duty", "b").await.unwrap();
    assert_eq!(store.secret("duty", "c").await.unwrap(), "b");
    store.renew_secret("other", "d").await.unwrap();
    assert_eq!(store.secret("other", "e").await.unwrap(), "d");
}
