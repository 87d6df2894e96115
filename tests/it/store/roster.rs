//! The rosters: what is filed comes back, whole or not at all.

use super::*;
use baiying::domain::roster::{Form, Headcount, Roster, Team, Unit, UnitKind, Volunteer};

fn volunteer(n: i64, form: Form) -> Volunteer {
    Volunteer {
        unit: if n % 2 == 0 { "乙-2" } else { "甲-1" }.into(),
        form,
        squad: if n % 3 == 0 { "" } else { "一组" }.into(),
        name: format!("王小明'{n}"),
        phone: if n % 2 == 0 { "" } else { "13800138000" }.into(),
        user: (n % 4 == 0).then_some(UserId(7_000_000_000 + n)),
        class: "保安".into(),
        leader: n % 5 == 0,
        area: "=东门".into(),
        gear: "盾牌 1、警棍 2".into(),
        people: u32::MAX,
    }
}

/// More rows than one statement may bind values for, in an order that no sort would give.
fn roster(rows: i64) -> Roster {
    let unit =
        |code: &str, kind, population, larger| Unit { code: code.into(), name: "名".into(), kind, population, larger };
    Roster {
        units: vec![
            unit("甲-1", UnitKind::Village, Some(u32::MAX), true),
            unit("乙-2", UnitKind::Station, None, false),
        ],
        people: (0..rows).rev().map(|n| volunteer(n, Form::NAMES[(n % 7) as usize].0)).collect(),
        headcounts: vec![
            Headcount { unit: "甲-1".into(), team: Team::Watch, suggested: 0 },
            Headcount { unit: "乙-2".into(), team: Team::Area, suggested: 12 },
            Headcount { unit: "甲-1".into(), team: Team::Area, suggested: u32::MAX },
        ],
    }
}

#[tokio::test]
async fn the_rosters_come_back_as_they_were_filed() {
    let store = fresh().await;
    assert_eq!(store.roster().await.unwrap(), Roster::default());
    let (large, small) = (roster(6_000), roster(3));
    assert!(store.replace_roster(&Roster::default(), &large).await.unwrap());
    assert!(store.roster().await.unwrap() == large);
    assert!(store.replace_roster(&large, &small).await.unwrap());
    assert_eq!(store.roster().await.unwrap(), small);
    assert!(store.replace_roster(&small, &Roster::default()).await.unwrap());
    assert!(store.roster().await.unwrap().is_empty());
}

#[tokio::test]
async fn rosters_that_somebody_else_filed_meanwhile_are_not_lost() {
    let store = fresh().await;
    assert!(!store.replace_roster(&roster(1), &roster(2)).await.unwrap());
    assert!(store.roster().await.unwrap().is_empty());
    // Eight clerks at once, all of whom saw nothing filed: one of them files.
    let filed = (1..9).map(|n| {
        let store = (*store).clone();
        tokio::spawn(async move { store.replace_roster(&Roster::default(), &roster(n)).await.unwrap() })
    });
    let mut won = Vec::new();
    for (n, filed) in (1..).zip(filed.collect::<Vec<_>>()) {
        won.extend(filed.await.unwrap().then_some(n));
    }
    assert_eq!(won.len(), 1);
    assert_eq!(store.roster().await.unwrap(), roster(won[0]));
}
