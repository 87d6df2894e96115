//! The town as it stands: groups, liaison points, places, staff, rules. Read whole into memory and read
//! again when its version in the database changes; every decider gets it as a value.

use crate::config::Config;
use crate::domain::alarm::Point;
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::{ChatId, Millis, UserId};
use crate::domain::member::{Language, Member, Role};
use crate::domain::place::Gazetteer;
use crate::domain::place::PointIndex;
use crate::domain::place::Wgs84;
use crate::domain::text::card::Speaker;
use crate::domain::tip::reader::Reader;
use crate::port::store::TownFile;
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
pub struct Town {
    /// The version of the database that it was read from.
    pub version: i64,
    /// The config.
    pub rules: Arc<Config>,
    /// The bot's user name, for deep links.
    pub bot: String,
    /// What reads tips.
    pub reader: Reader,
    groups: HashMap<ChatId, Group>,
    desks: Vec<ChatId>,
    points: HashMap<String, Point>,
    index: PointIndex<String>,
    staff: HashMap<UserId, Member>,
}

impl Town {
    /// Makes the town from what the database holds.
    pub fn new(file: TownFile, rules: Arc<Config>, bot: &str) -> Self {
        let mut places = file.gazetteer;
        // A liaison point is a place by its name and its code, whether or not the gazetteer lists it.
        for point in &file.points {
            if !places.iter().any(|p| p.code == point.code) {
                places.push(crate::domain::place::Place {
                    code: point.code.clone(),
                    name: point.name.clone(),
                    aliases: Vec::new(),
                    kind: "liaison_point".into(),
                    at: point.at,
                    datum: crate::domain::place::Datum::Wgs84,
                });
            }
        }
        let gazetteer = Arc::new(Gazetteer::new(places));
        let mut desks: Vec<ChatId> = file.groups.iter().filter(|g| g.kind == GroupKind::Desk).map(|g| g.chat).collect();
        desks.sort_unstable_by_key(|chat| std::cmp::Reverse(chat.0));
        Self {
            version: file.version,
            reader: Reader::new(&rules.category, gazetteer, rules.time_zone, Some(bot)),
            bot: bot.to_owned(),
            index: PointIndex::build(file.points.iter().map(|p| (p.code.clone(), p.at))),
            groups: file.groups.into_iter().map(|g| (g.chat, g)).collect(),
            desks,
            points: file.points.into_iter().map(|p| (p.code.clone(), p)).collect(),
            staff: file.staff.into_iter().map(|m| (m.user, m)).collect(),
            rules,
        }
    }

    /// The group of a chat, if it was set up.
    pub fn group(&self, chat: ChatId) -> Option<&Group> {
        self.groups.get(&chat)
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

    /// Whether a person holds a role.
    pub fn holds(&self, user: UserId, role: Role) -> bool {
        self.staff.get(&user).is_some_and(|m| m.is(role))
    }

    /// A member of the staff.
    pub fn staff(&self, user: UserId) -> Option<&Member> {
        self.staff.get(&user)
    }

    /// A liaison point by its code.
    pub fn point(&self, code: &str) -> Option<&Point> {
        self.points.get(code)
    }

    /// The liaison points nearest to a place, with their distance in metres.
    pub fn nearest_points(&self, at: Wgs84, count: usize) -> Vec<(&Point, f64)> {
        self.index.nearest(at, count).into_iter().filter_map(|(code, m)| Some((self.points.get(&code)?, m))).collect()
    }

    /// The liaison points within `radius_m` of a place, nearest first, with their distance in metres.
    pub fn points_within(&self, at: Wgs84, radius_m: f64) -> Vec<(&Point, f64)> {
        self.index.within(at, radius_m).into_iter().filter_map(|(code, m)| Some((self.points.get(&code)?, m))).collect()
    }

    /// The widest distance for which any liaison point answers.
    pub fn widest_radius_m(&self) -> f64 {
        self.points.values().map(|p| p.radius_m).fold(0.0, f64::max)
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
