//! The demo town, Lingwan: people, chats, places and the bot's config for them. All invented.
//!
//! One source, the CSV files in `demo/`, for the sandbox's town and for the bot's config alike.

use super::person::Draft;
use super::town::{Chat, ChatKind, Person, State};
use crate::config::{Config, GroupSeed, MemberSeed};
use crate::domain::id::Millis;
use crate::domain::place::Datum;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

const PEOPLE: &str = include_str!("../../../demo/people.csv");
const CHATS: &str = include_str!("../../../demo/chats.csv");
const GAZETTEER: &str = include_str!("../../../demo/gazetteer.csv");
const POINTS: &str = include_str!("../../../demo/points.csv");
const REWARDS: &str = include_str!("../../../demo/rewards.csv");

#[derive(Debug, Deserialize)]
struct PersonRow {
    user_id: i64,
    name: String,
    name_en: String,
    username: String,
    language: String,
    occupation: String,
    occupation_en: String,
    emoji: String,
    colour: String,
    roles: String,
    team: String,
    groups: String,
    started: String,
}

#[derive(Debug, Deserialize)]
struct ChatRow {
    key: String,
    chat_id: i64,
    #[serde(rename = "type")]
    kind: ChatKind,
    #[serde(rename = "kind")]
    purpose: String,
    name: String,
    name_en: String,
    lat: Option<f64>,
    lon: Option<f64>,
}

fn rows<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect::<Result<_, _>>();
    rows.expect("a test reads the demo files")
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split('|').filter(|word| !word.is_empty())
}

/// The bot's config for the demo town, for a Bot API at `api_url`.
pub fn demo_config(api_url: &str) -> Config {
    let mut config = Config { unit: "菱湾镇".into(), ..Config::default() };
    config.telegram.api_url = api_url.to_owned();
    let limits = &mut config.telegram.limits;
    // Not lifted for a chat: one message after another, as on the real platform, so that they stand in order.
    (limits.per_second, limits.per_chat_second, limits.per_group_minute, limits.alarm_headroom) = (0, 30, 0, 0);
    let chats = rows::<ChatRow>(CHATS);
    config.group = chats
        .iter()
        .map(|chat| GroupSeed {
            chat_id: chat.chat_id,
            kind: serde_json::from_value(chat.purpose.clone().into()).expect("a test reads the demo files"),
            name: chat.name.clone(),
            lat: chat.lat,
            lon: chat.lon,
            pin_datum: Datum::Wgs84,
            language: None,
        })
        .collect();
    config.member = rows::<PersonRow>(PEOPLE)
        .into_iter()
        .map(|person| {
            let first = words(&person.groups).next().and_then(|key| chats.iter().find(|chat| chat.key == key));
            MemberSeed {
                user_id: person.user_id,
                name: person.name,
                roles: words(&person.roles)
                    .map(|role| serde_json::from_value(role.into()).expect("a test reads the demo files"))
                    .collect(),
                occupation: person.occupation,
                group: first.map(|chat| chat.name.clone()).unwrap_or_default(),
                team: person.team,
            }
        })
        .collect();
    config
}

/// The demo town's places: CSV `code,name,aliases,kind,lat,lon,datum`.
pub fn demo_gazetteer() -> &'static str {
    GAZETTEER
}

/// The demo town's liaison points: the gazetteer's columns and `contacts,radius_m`.
pub fn demo_points() -> &'static str {
    POINTS
}

/// What the demo town's people can take for their points: CSV `code,name,name_en,price,stock`.
pub fn demo_rewards() -> &'static str {
    REWARDS
}

/// Puts people and chats into an empty town.
pub(super) fn settle(town: &mut State, now: Millis) {
    let people = rows::<PersonRow>(PEOPLE);
    for row in &people {
        town.put_person(
            Person {
                id: row.user_id,
                first_name: row.name.clone(),
                username: row.username.clone(),
                language: row.language.clone(),
                name_en: row.name_en.clone(),
                occupation: row.occupation.clone(),
                occupation_en: row.occupation_en.clone(),
                emoji: row.emoji.clone(),
                colour: row.colour.clone(),
                roles: words(&row.roles).map(str::to_owned).collect(),
                started: !row.started.is_empty(),
                ..Person::default()
            },
            false,
        );
        if !row.started.is_empty() {
            town.private_chat(row.user_id);
        }
    }
    for chat in rows::<ChatRow>(CHATS) {
        let inside = |row: &&PersonRow| words(&row.groups).any(|key| key == chat.key);
        let members: BTreeSet<i64> = people.iter().filter(inside).map(|row| row.user_id).collect();
        let runs = |row: &&PersonRow| inside(row) && (row.roles.contains("police") || row.roles.contains("admin"));
        let admins = people.iter().filter(runs).map(|row| row.user_id).collect();
        town.put_chat(Chat {
            id: chat.chat_id,
            kind: chat.kind,
            title: chat.name,
            title_en: chat.name_en,
            purpose: chat.purpose,
            members,
            admins,
            ..Chat::default()
        });
    }
    chatter(town, now);
}

/// Some talk that is no tip, so that the groups do not look empty. The bot gets to see it, as everything.
fn chatter(town: &mut State, now: Millis) {
    for (minutes, who, chat, text) in [
        (42, 610_505, -1_001_700_000_001, "早晨各位街坊☀️ 今日新到荔枝,三斤二十"),
        (40, 610_503, -1_001_700_000_001, "阿珍帮我留两斤,下班过来拿"),
        (31, 610_521, -1_001_700_000_001, "各位周末好!有情况在群里以井号开头说一句,机器人会记下来。紧急的先打110"),
        (25, 610_506, -4_700_002, "今晚还打牌吗?三缺一"),
        (22, 610_508, -4_700_002, "我来!老地方见"),
    ] {
        let date = Some(now.0 / 1000 - minutes * 60);
        let _ = town.say(Draft { who, chat, text: text.into(), date, ..Draft::default() }, now);
    }
}

/// The gazetteer for the page's map.
pub(super) fn places() -> Vec<serde_json::Value> {
    #[derive(Deserialize)]
    struct Row {
        code: String,
        name: String,
        aliases: String,
        kind: String,
        lat: f64,
        lon: f64,
    }
    let in_english = |row: &Row| words(&row.aliases).find(|alias| alias.is_ascii()).unwrap_or(&row.name).to_owned();
    rows::<Row>(GAZETTEER)
        .into_iter()
        .map(|row| {
            let name_en = in_english(&row);
            serde_json::json!({
                "code": row.code, "name": row.name, "name_en": name_en, "kind": row.kind, "lat": row.lat, "lon": row.lon,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::group::GroupKind;
    use crate::domain::member::Role;
    use std::collections::HashSet;

    #[test]
    fn the_town_is_whole() {
        let config = demo_config("http://127.0.0.1:1");
        let kinds: Vec<_> = config.group.iter().map(|group| group.kind).collect();
        assert_eq!(kinds, [GroupKind::Liaison, GroupKind::Liaison, GroupKind::Desk, GroupKind::Office]);
        assert!(config.member.len() >= 16);
        let police = config.member.iter().filter(|member| member.roles.contains(&Role::Police)).count();
        assert_eq!(police, 3);
        assert!(config.member.iter().any(|member| member.roles.contains(&Role::Payout)));
        assert!(places().len() >= 60, "{} places", places().len());
    }

    #[test]
    fn points_have_guards_and_lie_where_the_gazetteer_says() {
        #[derive(Deserialize)]
        struct Point {
            code: String,
            lat: f64,
            lon: f64,
            contacts: i64,
        }
        let config = demo_config("http://127.0.0.1:1");
        let guards: HashSet<i64> =
            config.member.iter().filter(|m| m.roles.contains(&Role::Responder)).map(|m| m.user_id).collect();
        let points = rows::<Point>(POINTS);
        assert!(points.len() >= 12);
        let places = places();
        for point in &points {
            assert!(guards.contains(&point.contacts), "{} has no guard", point.code);
            let place = places.iter().find(|place| place["code"] == point.code.as_str()).unwrap();
            assert_eq!((place["lat"].as_f64(), place["lon"].as_f64()), (Some(point.lat), Some(point.lon)));
        }
        assert_eq!(places.iter().filter(|place| place["kind"] == "liaison_point").count(), points.len());
    }

    #[test]
    fn names_are_told_apart() {
        let mut seen = HashSet::new();
        for place in places() {
            assert!(seen.insert(place["name"].as_str().unwrap().to_owned()), "{place} twice");
            let (lat, lon) = (place["lat"].as_f64().unwrap(), place["lon"].as_f64().unwrap());
            assert!((22.98..23.02).contains(&lat) && (113.88..113.925).contains(&lon), "{place} is out of town");
        }
    }
}
