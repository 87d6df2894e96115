//! The town of a seed: its rules, groups, points and staff.

use super::START;
use super::people::{ADMIN, CHIEF, CLERK, Town};
use super::storm::Storm;
use crate::world::OLD_BRIDGE;
use baiying::adapter::sql::Past;
use baiying::adapter::sql::SqlStore;
use baiying::config::{Bonus, BookRules, Config, Limits};
use baiying::domain::alarm::Point;
use baiying::domain::group::{Group, GroupKind};
use baiying::domain::id::{ChatId, UserId};
use baiying::domain::lead::LeadOutcome;
use baiying::domain::member::{Language, Member, Role};
use baiying::domain::place::{Datum, Place, Wgs84};
use baiying::domain::points::{Account, Transfer, TransferKind};
use baiying::domain::redemption::{Reward, Tier};
use baiying::port::store::Store as _;
use std::sync::LazyLock;

/// The shipped rules with few categories of few words: the reader is made anew at each start.
static RULES: LazyLock<Config> = LazyLock::new(|| {
    let mut rules = Config { language: Language::En, ..Config::default() };
    rules.category.retain(|c| ["theft", "fight", "fire", "drugs"].contains(&c.id.as_str()));
    for category in &mut rules.category {
        category.words.truncate(3);
        category.words.push(category.id.clone());
        category.words.push(format!("#{}", category.id));
    }
    rules.category.iter_mut().filter(|c| c.id == "theft").for_each(|c| c.words.push("#盗窃".into()));
    rules
});

/// The rules of a seed.
pub fn rules(storm: &Storm) -> Config {
    let mut rules = RULES.clone();
    let mut storm = storm.lock();
    let dice = &mut storm.dice;
    if dice.permille(700) {
        rules.telegram.limits = Limits {
            per_second: 0,
            per_chat_second: 0,
            per_group_minute: 0,
            alarm_headroom: 0,
            group_alarm_headroom: 0,
        };
    } else if dice.permille(400) {
        rules.telegram.limits = Limits {
            per_second: 3,
            per_chat_second: 1,
            per_group_minute: 6,
            alarm_headroom: 1,
            group_alarm_headroom: 1,
        };
    }
    if dice.permille(700) {
        (rules.points.daily_cap, rules.points.monthly_cap) = (0, 0);
    }
    if rules.points.daily_cap == 0 {
        let bonus = LeadOutcome::ALL[1..].iter().map(|outcome| Bonus { outcome: *outcome, amount: 50 }).collect();
        rules.points.book.push(BookRules { version: "bonuses".into(), bonus, ..BookRules::default() });
    }
    rules.redeem.tier = vec![Tier { from: DEAR, approvals: 1 }];
    if dice.permille(300) {
        (rules.tip.fold_receipts_from, rules.tip.fold_cards_from) = (2, 3);
    }
    rules
}

/// Writes a town into an empty database.
pub async fn found(store: &SqlStore, storm: &Storm) -> Town {
    let (groups, reporters, guards, spread) = {
        let dice = &mut storm.lock().dice;
        let groups: Vec<i64> = (0..dice.between(1, 3)).map(|n| -101 - n).collect();
        let reporters: Vec<i64> = (0..dice.between(2, 4)).map(|n| 11 + n).collect();
        let guards: Vec<i64> = (0..dice.between(2, 4)).map(|n| 31 + n).collect();
        let spread: Vec<i64> = (0..dice.between(2, 5)).map(|_| dice.between(0, 1800)).collect();
        (groups, reporters, guards, spread)
    };
    let group = |chat, kind, name: String, area| Group {
        chat: ChatId(chat),
        kind,
        name,
        area,
        pin_datum: Datum::Wgs84,
        language: if storm.lock().dice.permille(300) { Language::Zh } else { Language::En },
    };
    let mut all: Vec<Group> =
        groups.iter().map(|g| group(*g, GroupKind::Liaison, format!("Group {g}"), Some(OLD_BRIDGE))).collect();
    all.push(group(-201, GroupKind::Desk, "Desk".into(), None));
    all.push(group(-301, GroupKind::Office, "Office".into(), None));
    let member = |user: i64, roles: &[Role]| Member {
        user: UserId(user),
        name: format!("Member {user}"),
        occupation: String::new(),
        group: String::new(),
        team: String::new(),
        roles: roles.to_vec(),
        language: Some(Language::En),
        code: format!("M{user}"),
        first_seen: START,
        told_at: Some(START),
    };
    let mut members = vec![
        member(21, &[Role::Police]),
        member(22, &[Role::Police]),
        member(CLERK, &[Role::Office, Role::Payout]),
        member(CHIEF, &[Role::Payout]),
        member(ADMIN, &[Role::Admin]),
    ];
    members.extend(guards.iter().map(|guard| member(*guard, &[Role::Responder])));
    store.seed(&all, &members).await.unwrap();
    let place = |name: &str, metres: f64| Place {
        code: String::new(),
        name: name.into(),
        aliases: Vec::new(),
        kind: "landmark".into(),
        at: north(metres),
        datum: Datum::Wgs84,
    };
    store.import_gazetteer(&[place("Old Bridge", 0.0), place("Hill School", 600.0)]).await.unwrap();
    let points: Vec<Point> = spread
        .iter()
        .enumerate()
        .map(|(n, metres)| {
            let dice = &mut storm.lock().dice;
            let contacts = match dice.below(8) {
                0 => Vec::new(),
                1 => guards[..2].to_vec(),
                _ => vec![guards[n % guards.len()]],
            };
            Point {
                code: format!("P{n}"),
                name: format!("Point {n}"),
                at: north(*metres as f64),
                radius_m: 100.0,
                contacts: contacts.into_iter().map(UserId).collect(),
                team: None,
                gear: String::new(),
                phone: String::new(),
            }
        })
        .collect();
    store.import_points(&points).await.unwrap();
    let transfers = guards.iter().map(|guard| gift(*guard)).collect();
    store.fill(&Past { transfers, ..Past::default() }).await.unwrap();
    store.import_rewards(&REWARDS.map(|(code, price)| reward(code, price))).await.unwrap();
    Town { groups, desk: -201, office: -301, reporters, officers: vec![21, 22], guards }
}

/// What can be had, and at which price: the dearer one needs a yes.
const REWARDS: [(&str, i64); 2] = [("R1", 4), ("R2", DEAR)];
const DEAR: i64 = 9;
/// How many there are of each.
pub const STOCK: i64 = 2;

fn reward(code: &str, price: i64) -> Reward {
    Reward { code: code.into(), zh: code.into(), en: code.into(), price, stock: STOCK, offered: true, picture: None }
}

/// What a guard has to begin with.
fn gift(guard: i64) -> Transfer {
    Transfer {
        key: format!("gift:{guard}"),
        kind: TransferKind::Correction,
        debit: Account::Budget,
        credit: Account::Person(UserId(guard)),
        amount: 15,
        at: START,
        rule: "correction".into(),
        book: String::new(),
        lead: None,
        alarm: None,
        redemption: None,
        reason: Some("to begin with".into()),
        reverses: None,
        by: None,
    }
}

fn north(metres: f64) -> Wgs84 {
    Wgs84 { lat: OLD_BRIDGE.lat + metres / 111_195.0, lon: OLD_BRIDGE.lon }
}
