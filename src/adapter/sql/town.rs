//! The town: groups, liaison points, gazetteer and staff, and what fills them from files and the config.
//!
//! Every change counts the version of what it changes up, by which other readers know to read that again. Called by the
//! store and by `step`.

use super::code::Code;
use super::engine::{Db, Link, MAX_IDS, Pools, from_json, pieces, to_json};
use super::member::{Known, MEMBER_COLUMNS, put_members, read_member};
use super::outbox::digest;
use super::replica::{self, Change};
use super::step::last_of_each;
use crate::domain::alarm::{Point, TeamKind};
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::{ChatId, UserId};
use crate::domain::member::{Language, Member};
use crate::domain::place::{Datum, Place, Wgs84};
use crate::port::store::{Content, TownFile, TownVersion};

/// The distance for which a point answers unless its file says otherwise, metres (SEED-FACTS R2).
const POINT_RADIUS_M: f64 = 100.0;
/// The gazetteer's kind of row that is a liaison point.
const POINT_KIND: &str = "liaison_point";

/// What of the town has changed, by the name of its counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    People,
    Points,
    Places,
}

/// Counts the version of a part up.
pub(super) async fn count_up(link: &mut Link, part: Part) -> Db<()> {
    let mut sql = link.sql("UPDATE counter SET value = value + 1 WHERE name = ");
    sql.bind(match part {
        Part::People => "town",
        Part::Points => "point",
        Part::Places => "place",
    });
    link.run(sql).await?;
    replica::tell(link, Change::Town).await
}

/// The town's version.
pub(super) async fn version(link: &mut Link) -> Db<TownVersion> {
    let sql = link.sql("SELECT name, value FROM counter WHERE name IN ('town', 'point', 'place')");
    let mut version = TownVersion::default();
    for row in link.rows(sql).await? {
        let mut row = row.read();
        match row.next()? {
            "town" => version.people = row.next()?,
            "point" => version.points = row.next()?,
            _ => version.places = row.next()?,
        }
    }
    Ok(version)
}

/// The names of those of these chats that are groups of the town, or were before they got a new id.
pub(super) async fn group_names(link: &mut Link, chats: &[ChatId]) -> Db<Vec<(ChatId, String)>> {
    let chats: Vec<i64> = chats.iter().map(|chat| chat.0).collect();
    let mut names = Vec::with_capacity(chats.len());
    for chats in chats.chunks(MAX_IDS) {
        let mut sql = link.sql(
            "SELECT chat_group.chat, COALESCE(now.name, chat_group.name) FROM chat_group \
             LEFT JOIN chat_group AS now ON now.chat = chat_group.moved_to WHERE chat_group.chat IN ",
        );
        sql.list(chats);
        for row in link.rows(sql).await? {
            let mut row = row.read();
            names.push((ChatId(row.next()?), row.next()?));
        }
    }
    Ok(names)
}

/// Groups and staff. The version is read first: a change in between is then read again, never missed.
pub(super) async fn townspeople(link: &mut Link) -> Db<TownFile> {
    let mut town = TownFile { version: version(link).await?, ..TownFile::default() };
    // In one statement: a group that moves meanwhile must be found by one of its ids.
    let sql = link.sql(
        "SELECT moved_to, chat, kind, name, area_lat, area_lon, pin_datum, language FROM chat_group ORDER BY chat",
    );
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (moved_to, chat): (Option<i64>, _) = (row.next()?, ChatId(row.next()?));
        if let Some(to) = moved_to {
            town.moved.push((chat, ChatId(to)));
            continue;
        }
        town.groups.push(Group {
            chat,
            kind: GroupKind::parse_code(row.next()?)?,
            name: row.next()?,
            area: match (row.next()?, row.next()?) {
                (Some(lat), Some(lon)) => Some(Wgs84 { lat, lon }),
                _ => None,
            },
            pin_datum: Datum::parse_code(row.next()?)?,
            language: Language::parse_code(row.next()?)?,
        });
    }
    let mut sql = link.sql("SELECT ");
    sql.push(MEMBER_COLUMNS).push(" FROM member WHERE roles <> '' ORDER BY user_id");
    for row in link.rows(sql).await? {
        town.staff.push(read_member(&mut row.read())?);
    }
    Ok(town)
}

/// The whole town.
pub(super) async fn town(pools: &Pools) -> Db<TownFile> {
    let mut link = pools.reading().await?;
    let mut town = townspeople(&mut link).await?;
    let sql =
        link.sql("SELECT code, name, lat, lon, radius_m, contacts, team, gear, phone FROM liaison_point ORDER BY code");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        town.points.push(Point {
            code: row.next()?,
            name: row.next()?,
            at: Wgs84 { lat: row.next()?, lon: row.next()? },
            radius_m: row.next()?,
            contacts: from_json::<Vec<i64>>(row.next()?)?.into_iter().map(UserId).collect(),
            team: row.next::<Option<&str>>()?.map(TeamKind::parse_code).transpose()?,
            gear: row.next()?,
            phone: row.next()?,
        });
    }
    let sql = link.sql("SELECT code, name, aliases, kind, lat, lon, datum FROM place ORDER BY id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        town.gazetteer.push(Place {
            code: row.next()?,
            name: row.next()?,
            aliases: from_json(row.next()?)?,
            kind: row.next()?,
            at: Wgs84 { lat: row.next()?, lon: row.next()? },
            datum: Datum::parse_code(row.next()?)?,
        });
    }
    Ok(town)
}

/// Stores groups; those on file are replaced, or stay as they are.
pub(super) async fn put_groups(link: &mut Link, groups: &[&Group], replace: bool) -> Db<()> {
    let groups = last_of_each(groups, |group| group.chat);
    for piece in pieces(groups.len(), 7) {
        let mut sql =
            link.sql("INSERT INTO chat_group (chat, kind, name, area_lat, area_lon, pin_datum, language) VALUES ");
        sql.tuples(&groups[piece], |sql, group| {
            sql.bind(group.chat.0).bind(group.kind.code()).bind(group.name.as_str());
            sql.bind(group.area.map(|area| area.lat)).bind(group.area.map(|area| area.lon));
            sql.bind(group.pin_datum.code()).bind(group.language.code());
        });
        sql.push(if replace {
            " ON CONFLICT (chat) DO UPDATE SET kind = excluded.kind, name = excluded.name, \
             area_lat = excluded.area_lat, area_lon = excluded.area_lon, pin_datum = excluded.pin_datum, \
             language = excluded.language, moved_to = NULL"
        } else {
            " ON CONFLICT (chat) DO NOTHING"
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Writes what the database does not have yet.
pub(super) async fn seed(pools: &Pools, groups: &[Group], members: &[Member]) -> Db<()> {
    let mut link = pools.writing().await?;
    put_groups(&mut link, &groups.iter().collect::<Vec<_>>(), false).await?;
    put_members(&mut link, &members.iter().collect::<Vec<_>>(), Known::Kept).await?;
    count_up(&mut link, Part::People).await?;
    link.commit().await
}

/// Adds people, or changes what the office files about them.
pub(super) async fn import_members(pools: &Pools, members: &[Member]) -> Db<()> {
    let mut link = pools.writing().await?;
    put_members(&mut link, &members.iter().collect::<Vec<_>>(), Known::Filed).await?;
    count_up(&mut link, Part::People).await?;
    link.commit().await
}

/// Replaces the gazetteer. A liaison point that it names is added or moved; its people and radius stay.
pub(super) async fn import_gazetteer(pools: &Pools, entries: &[Place]) -> Db<()> {
    let mut link = pools.writing().await?;
    let sql = link.sql("DELETE FROM place");
    link.run(sql).await?;
    for piece in pieces(entries.len(), 7) {
        let mut sql = link.sql("INSERT INTO place (code, name, aliases, kind, lat, lon, datum) VALUES ");
        sql.tuples(&entries[piece], |sql, place| {
            sql.bind(place.code.as_str()).bind(place.name.as_str()).bind(to_json(&place.aliases));
            sql.bind(place.kind.as_str()).bind(place.at.lat).bind(place.at.lon).bind(place.datum.code());
        });
        link.run(sql).await?;
    }
    let points: Vec<Point> = entries
        .iter()
        .filter(|place| place.kind == POINT_KIND && !place.code.is_empty())
        .map(|place| Point {
            code: place.code.clone(),
            name: place.name.clone(),
            at: place.at,
            radius_m: POINT_RADIUS_M,
            contacts: Vec::new(),
            team: None,
            gear: String::new(),
            phone: String::new(),
        })
        .collect();
    put_points(&mut link, &points, "name = excluded.name, lat = excluded.lat, lon = excluded.lon").await?;
    count_up(&mut link, Part::Points).await?;
    count_up(&mut link, Part::Places).await?;
    link.commit().await
}

/// Adds or replaces liaison points.
pub(super) async fn import_points(pools: &Pools, points: &[Point]) -> Db<()> {
    let mut link = pools.writing().await?;
    let replaced = "name = excluded.name, lat = excluded.lat, lon = excluded.lon, radius_m = excluded.radius_m, \
                    contacts = excluded.contacts, team = excluded.team, gear = excluded.gear, phone = excluded.phone";
    put_points(&mut link, points, replaced).await?;
    count_up(&mut link, Part::Points).await?;
    link.commit().await
}

async fn put_points(link: &mut Link, points: &[Point], replaced: &'static str) -> Db<()> {
    let points = last_of_each(&points.iter().collect::<Vec<_>>(), |point| point.code.as_str());
    for piece in pieces(points.len(), 9) {
        let mut sql =
            link.sql("INSERT INTO liaison_point (code, name, lat, lon, radius_m, contacts, team, gear, phone) VALUES ");
        sql.tuples(&points[piece], |sql, point| {
            sql.bind(point.code.as_str()).bind(point.name.as_str()).bind(point.at.lat).bind(point.at.lon);
            sql.bind(point.radius_m).bind(to_json(&point.contacts)).bind(point.team.map(TeamKind::code));
            sql.bind(point.gear.as_str()).bind(point.phone.as_str());
        });
        sql.push(" ON CONFLICT (code) DO UPDATE SET ").push(replaced);
        link.run(sql).await?;
    }
    Ok(())
}

/// Follows a group to its new id. The old one stays on file, and leads to the new one: what was written there may be
/// brought later than the news.
///
/// Messages that were sent stay under the old id, because message ids are counted anew under the new one; for the
/// same reason a tip is still found under the chat in which it was written (`tip_chat`), and evidence moves only
/// while it waits for its tip. What waits to be sent, or is just refused by the platform, goes to the new id as a new message;
/// what can only be done to a message under the old id, or has a newer message under the new one, is given up.
pub(super) async fn move_chat(link: &mut Link, from: ChatId, to: ChatId) -> Db<()> {
    if from == to {
        return Ok(());
    }
    forget_replies(link, from).await?;
    for text in [
        "INSERT INTO chat_group (chat, kind, name, area_lat, area_lon, pin_datum, language) \
         SELECT CAST($1 AS BIGINT), kind, name, area_lat, area_lon, pin_datum, language FROM chat_group \
         WHERE chat = $2 AND moved_to IS NULL ON CONFLICT (chat) DO UPDATE SET moved_to = NULL",
        // Told late, the news is of an id that the group had in between.
        "UPDATE chat_group SET moved_to = COALESCE((SELECT moved_to FROM chat_group WHERE chat = $1), $1) \
         WHERE chat = $2 OR moved_to = $2",
        "UPDATE lead SET chat = $1 WHERE chat = $2",
        "UPDATE attachment SET chat = $1 WHERE chat = $2 AND lead IS NULL AND NOT EXISTS (SELECT 1 FROM \
         attachment AS other WHERE other.chat = $1 AND other.message = attachment.message)",
        "UPDATE timer SET chat = $1 WHERE chat = $2",
        "UPDATE inbox SET chat = $1 WHERE chat = $2 AND state = 'waiting' AND state <> 'done'",
        "UPDATE outbox SET chat = $1, message = NULL, sent_digest = NULL, sent_version = 0 WHERE chat = $2 \
         AND state IN ('queued', 'sending') AND state <> 'settled' AND nature <> 'gone' \
         AND content NOT LIKE '{\"is\":\"delete\"%' AND content NOT LIKE '{\"is\":\"react\"%' \
         AND NOT EXISTS (SELECT 1 FROM outbox AS other \
         WHERE other.chat = $1 AND other.subject = outbox.subject)",
        // Never sent, it would be found by no retention.
        "UPDATE outbox SET state = 'settled', content = '', error = 'the chat has a new id' WHERE chat = $2 \
         AND state IN ('queued', 'sending') AND state <> 'settled'",
    ] {
        let sql = link.numbered(text, [to.0, from.0]);
        link.run(sql).await?;
    }
    Ok(())
}

/// What waits to be sent to a chat answers no message there any more: under the new id its number is another's.
async fn forget_replies(link: &mut Link, chat: ChatId) -> Db<()> {
    let mut sql = link.sql(
        "SELECT id, content FROM outbox WHERE state IN ('queued', 'sending') AND state <> 'settled' \
         AND content LIKE '{\"is\":\"text\"%' AND chat = ",
    );
    sql.bind(chat.0);
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (id, mut content): (i64, Content) = (row.next()?, from_json(row.next()?)?);
        if let Content::Text { reply_to, .. } = &mut content
            && reply_to.take().is_some()
        {
            let content = to_json(&content);
            let mut sql = link.sql("UPDATE outbox SET digest = ");
            sql.bind(digest(&content)).push(", content = ").bind(content).push(" WHERE id = ").bind(id);
            link.run(sql).await?;
        }
    }
    Ok(())
}
