//! The town as it stands: groups, liaison points, places, staff, rules. Kept in memory; what has changed in the
//! database is read again: groups, staff and the rota are little, the ground (points and places) takes its time and is shared
//! between the states of the town. Every decider gets the town as a value.

use crate::config::Config;
use crate::domain::alarm::Point;
use crate::domain::duty::Duty;
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::{ChatId, Millis, UserId};
use crate::domain::member::{Language, Member, Role};
use crate::domain::place::{Datum, Gazetteer, Place, PointIndex, Wgs84};
use crate::domain::text::card::Speaker;
use crate::domain::tip::reader::Reader;
use crate::domain::tip::redact::Relayed;
use crate::port::store::{TownFile, TownVersion};
use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::Arc;

/// How far a button's point may lie from the place that it names, metres: its data is rounded.
const SAME_PLACE_M: f64 = 0.3;

/// See the module.
pub struct Town {
    /// The version of the database that it was read from.
    pub version: TownVersion,
    /// The config.
    pub rules: Arc<Config>,
    /// The bot's user name, for deep links.
    pub bot: String,
    ground: Arc<Ground>,
    groups: HashMap<ChatId, Group>,
    moved: HashMap<ChatId, ChatId>,
    desks: Vec<ChatId>,
    staff: HashMap<UserId, Member>,
    duty: Duty,
}

/// What stands on the ground: places and points, and what reads tips by them.
struct Ground {
    reader: Reader,
    points: HashMap<String, Point>,
    index: PointIndex<String>,
    /// Places by where they are; at one spot the first of the gazetteer.
    places: PointIndex<usize>,
    gazetteer: Arc<Gazetteer>,
    widest_radius_m: f64,
    /// Everybody who answers for a point.
    contacts: HashSet<UserId>,
}

impl Ground {
    fn new(mut places: Vec<Place>, points: Vec<Point>, rules: &Config, bot: &str) -> Self {
        let known: HashSet<String> = places.iter().map(|place| place.code.clone()).collect();
        // A liaison point is a place by its name and its code, whether or not the gazetteer lists it.
        places.extend(points.iter().filter(|point| !known.contains(&point.code)).map(|point| Place {
            code: point.code.clone(),
            name: point.name.clone(),
            aliases: Vec::new(),
            kind: "liaison_point".into(),
            at: point.at,
            datum: Datum::Wgs84,
        }));
        let gazetteer = Arc::new(Gazetteer::new(places));
        let mut spots = HashSet::new();
        let first = gazetteer.places().iter().enumerate().filter(|(_, place)| spots.insert(spot(place.at)));
        Self {
            places: PointIndex::build(first.map(|(n, place)| (n, place.at))),
            reader: Reader::new(rules.lexicon(), gazetteer.clone(), rules.time_zone, Some(bot))
                .relaying(Relayed { plates: rules.tip.relay_plates }),
            gazetteer,
            index: PointIndex::build(points.iter().map(|p| (p.code.clone(), p.at))),
            widest_radius_m: points.iter().map(|p| p.radius_m).fold(0.0, f64::max),
            contacts: points.iter().flat_map(|p| p.contacts.iter().copied()).collect(),
            points: points.into_iter().map(|p| (p.code.clone(), p)).collect(),
        }
    }
}

/// A point as it stands in a button: to six places, a decimetre.
fn spot(at: Wgs84) -> (i64, i64) {
    ((at.lat * 1e6).round() as i64, (at.lon * 1e6).round() as i64)
}

impl Town {
    /// Makes the town from what the database holds. With many points and places this takes a second.
    pub fn new(mut file: TownFile, rules: Arc<Config>, bot: &str) -> Self {
        let ground = Arc::new(Ground::new(take(&mut file.gazetteer), take(&mut file.points), &rules, bot));
        Self::settle(file.version, rules, bot.to_owned(), ground, file)
    }

    fn settle(version: TownVersion, rules: Arc<Config>, bot: String, ground: Arc<Ground>, file: TownFile) -> Self {
        let TownFile { groups, moved, staff, rota, .. } = file;
        let mut desks: Vec<ChatId> = groups.iter().filter(|g| g.kind == GroupKind::Desk).map(|g| g.chat).collect();
        desks.sort_unstable_by_key(|chat| std::cmp::Reverse(chat.0));
        Self {
            version,
            bot,
            ground,
            desks,
            groups: groups.into_iter().map(|g| (g.chat, g)).collect(),
            moved: moved.into_iter().collect(),
            staff: staff.into_iter().map(|m| (m.user, m)).collect(),
            duty: Duty::new(rota, rules.time_zone),
            rules,
        }
    }

    /// The same ground with other groups, staff and rota.
    pub fn with_people(&self, file: TownFile) -> Self {
        let version = TownVersion { people: file.version.people, ..self.version };
        Self::settle(version, self.rules.clone(), self.bot.clone(), self.ground.clone(), file)
    }

    /// Whether a person is on duty: for the liaison point for which they would be called, or, with `None`, as patrol,
    /// response or duty officer. Who is not in the rota and said nothing of themselves always is (SEED-FACTS T8).
    pub fn on_duty(&self, user: UserId, point: Option<&str>, now: Millis) -> bool {
        self.duty.on_duty(user, point, now)
    }

    /// Who is on duty when.
    pub fn duty(&self) -> &Duty {
        &self.duty
    }

    /// What reads tips.
    pub fn reader(&self) -> &Reader {
        &self.ground.reader
    }

    /// The group of a chat, if it was set up; by its old id, too, when it has a new one.
    pub fn group(&self, chat: ChatId) -> Option<&Group> {
        self.groups.get(self.moved.get(&chat).unwrap_or(&chat))
    }

    /// What a chat is for, if it was set up.
    pub fn kind(&self, chat: ChatId) -> Option<GroupKind> {
        self.group(chat).map(|g| g.kind)
    }

    /// The name of a group for cards.
    pub fn group_name(&self, chat: ChatId) -> &str {
        self.group(chat).map_or("", |g| g.name.as_str())
    }

    /// The desk to which leads go; `None` until one is set up.
    pub fn desk(&self) -> Option<ChatId> {
        self.desks.first().copied()
    }

    /// The office's chat: of several the first that was set up.
    pub fn office(&self) -> Option<ChatId> {
        let offices = self.groups.values().filter(|group| group.kind == GroupKind::Office);
        offices.map(|group| group.chat).max_by_key(|chat| chat.0)
    }

    /// Whether a person holds a role.
    pub fn holds(&self, user: UserId, role: Role) -> bool {
        self.staff.get(&user).is_some_and(|m| m.is(role))
    }

    /// A member of the staff.
    pub fn staff(&self, user: UserId) -> Option<&Member> {
        self.staff.get(&user)
    }

    /// The staff who hold a role, by their ids.
    pub fn holders(&self, role: Role) -> Vec<UserId> {
        let mut holders: Vec<UserId> = self.staff.values().filter(|m| m.is(role)).map(|m| m.user).collect();
        holders.sort_unstable();
        holders
    }

    /// A liaison point by its code.
    pub fn point(&self, code: &str) -> Option<&Point> {
        self.ground.points.get(code)
    }

    /// All liaison points, in no order.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.ground.points.values()
    }

    /// The groups of neighbours.
    pub fn liaison_groups(&self) -> impl Iterator<Item = &Group> {
        let mut groups: Vec<&Group> = self.groups.values().filter(|group| group.kind == GroupKind::Liaison).collect();
        groups.sort_unstable_by_key(|group| group.chat);
        groups.into_iter()
    }

    /// Whether somebody moves about on duty: patrol and response police.
    pub fn is_mobile(&self, user: UserId) -> bool {
        self.holds(user, Role::Patrol) || self.holds(user, Role::Response)
    }

    /// Whether somebody may be called to an alarm, so that the place they share in private is of use to it.
    pub fn serves(&self, user: UserId) -> bool {
        let roles = [Role::Patrol, Role::Response, Role::DutyOfficer];
        roles.into_iter().any(|role| self.holds(user, role))
            || self.ground.contacts.contains(&user)
            || self.rules.alarm.call_list.contains(&user.0)
    }

    /// The liaison points nearest to a place, with their distance in metres.
    pub fn nearest_points(&self, at: Wgs84, count: usize) -> Vec<(&Point, f64)> {
        self.ground
            .index
            .nearest(at, count)
            .into_iter()
            .filter_map(|(code, m)| Some((self.ground.points.get(&code)?, m)))
            .collect()
    }

    /// The known places nearest to a point, one for each spot and name.
    pub fn nearest_places(&self, at: Wgs84, count: usize) -> Vec<&Place> {
        let all = self.ground.gazetteer.places();
        let mut names = HashSet::new();
        let near = self.ground.places.nearest(at, count).into_iter().map(|(n, _)| &all[n]);
        near.filter(|place| names.insert(place.name.as_str())).collect()
    }

    /// The known place at the point of a button.
    pub fn place_at(&self, at: Wgs84) -> Option<&Place> {
        let (n, _) = self.ground.places.nearest(at, 1).into_iter().find(|(_, m)| *m <= SAME_PLACE_M)?;
        Some(&self.ground.gazetteer.places()[n])
    }

    /// The middle of a chat's area; for a private chat that of the only group, if there is but one.
    pub fn area(&self, chat: ChatId) -> Option<Wgs84> {
        let areas =
            || self.groups.values().filter(|group| group.kind == GroupKind::Liaison).filter_map(|group| group.area);
        match self.group(chat) {
            Some(group) => group.area,
            None => areas().next().filter(|_| areas().count() == 1),
        }
    }

    /// The liaison points within `radius_m` of a place, nearest first, with their distance in metres.
    pub fn points_within(&self, at: Wgs84, radius_m: f64) -> Vec<(&Point, f64)> {
        self.ground
            .index
            .within(at, radius_m)
            .into_iter()
            .filter_map(|(code, m)| Some((self.ground.points.get(&code)?, m)))
            .collect()
    }

    /// The widest distance for which any liaison point answers.
    pub fn widest_radius_m(&self) -> f64 {
        self.ground.widest_radius_m
    }

    /// The language of a group.
    pub fn group_language(&self, chat: ChatId) -> Language {
        self.group(chat).map_or(self.rules.language, |g| g.language)
    }

    /// The language in which a person is spoken to in private: their own choice, else the client's, else the config's.
    pub fn person_language(&self, member: Option<&Member>, client: Option<&str>) -> Language {
        member.and_then(|m| m.language).or_else(|| client.and_then(client_language)).unwrap_or(self.rules.language)
    }

    /// A speaker in `language`.
    pub fn speaker(&self, language: Language, now: Millis) -> Speaker<'_> {
        Speaker {
            language,
            zone: self.rules.time_zone,
            now,
            categories: &self.rules.category,
            emergency_number: &self.rules.emergency_number,
        }
    }
}

fn client_language(tag: &str) -> Option<Language> {
    match tag.split(['-', '_']).next()? {
        "zh" => Some(Language::Zh),
        "en" => Some(Language::En),
        _ => None,
    }
}
