//! Town files coming in: gazetteer, liaison points and people, as values of the domain.
//!
//! Owns what each column must hold and what a dry run tells. A file is taken whole or not at all: all that is wrong
//! with it is collected, each with row, column and what to do. Called by the `import` command.

use super::grid::{Grid, Named, Problems};
use crate::domain::alarm::{Point, TeamKind};
use crate::domain::id::{Millis, UserId};
use crate::domain::member::{Member, Role};
use crate::domain::place::{Datum, Place, Wgs84};
use crate::domain::redemption::{LONGEST_CODE as LONGEST_REWARD, LONGEST_NAME, MOST, Reward};
use crate::port::store::TownFile;
use std::collections::HashMap;
use std::fmt;

/// The distance for which a point answers where the file does not say: SEED-FACTS R2.
const RADIUS_M: f64 = 100.0;
/// The longest code of a liaison point, bytes: it travels in buttons.
const LONGEST_CODE: usize = 40;
/// The kind of a gazetteer row that is a liaison point.
pub const LIAISON_POINT: &str = "liaison_point";

const fn must(name: &'static str) -> Named {
    Named { name, required: true }
}

const fn may(name: &'static str) -> Named {
    Named { name, required: false }
}

const GAZETTEER: &[Named] =
    &[may("code"), must("name"), may("aliases"), may("kind"), must("lat"), must("lon"), must("datum")];
const POINTS: &[Named] = &[
    must("code"),
    must("name"),
    may("aliases"),
    may("kind"),
    must("lat"),
    must("lon"),
    must("datum"),
    may("contacts"),
    may("radius_m"),
    may("team"),
    may("gear"),
    may("phone"),
];
const MEMBERS: &[Named] = &[must("user_id"), may("name"), may("occupation"), may("group"), may("team"), may("roles")];

const REWARDS: &[Named] = &[must("code"), must("name"), may("name_en"), must("price"), must("stock")];

/// A person as a file names them: what the installation adds (code, first contact) is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The platform's id.
    pub user: UserId,
    /// Name as filed.
    pub name: String,
    /// What the person does.
    pub occupation: String,
    /// Group, for tallies.
    pub group: String,
    /// Team.
    pub team: String,
    /// Rights.
    pub roles: Vec<Role>,
}

impl MemberRow {
    /// The person, with a fresh code for exports and `now` as first contact; a store keeps those it has.
    pub fn into_member(self, code: String, now: Millis) -> Member {
        let Self { user, name, occupation, group, team, roles } = self;
        Member { user, name, occupation, group, team, roles, language: None, code, first_seen: now, told_at: None }
    }
}

/// Reads a gazetteer (`code,name,aliases,kind,lat,lon,datum`); places are given in WGS-84.
///
/// # Errors
/// All that is wrong with the file.
pub fn parse_gazetteer(bytes: &[u8]) -> Result<Vec<Place>, Problems> {
    let mut grid = Grid::parse(bytes, GAZETTEER)?;
    let mut codes = Unique::default();
    let mut places = Vec::new();
    for index in 0..grid.len() {
        let place = read_place(&mut grid, index);
        let code = grid.cell(index, "code").to_owned();
        if code.is_empty() && grid.cell(index, "kind") == LIAISON_POINT {
            grid.report(index, "code", "it is empty: a liaison point has a code, as on its sign");
        }
        codes.check(&mut grid, index, "code", &code);
        places.extend(place);
    }
    grid.settle(places)
}

/// Reads liaison points (the gazetteer's columns and `contacts,radius_m,team,gear,phone`). Other names of a point belong in the gazetteer.
///
/// # Errors
/// All that is wrong with the file.
pub fn parse_points(bytes: &[u8]) -> Result<Vec<Point>, Problems> {
    let mut grid = Grid::parse(bytes, POINTS)?;
    let mut codes = Unique::default();
    let mut points = Vec::new();
    for index in 0..grid.len() {
        let place = read_place(&mut grid, index);
        let code = grid.cell(index, "code").to_owned();
        if code.is_empty() {
            grid.report(index, "code", "it is empty: a liaison point has a code, as on its sign");
        }
        if code.len() > LONGEST_CODE || code.starts_with('@') || code.contains(':') {
            let what = format!(
                "`{code}` does not fit into a button: at most {LONGEST_CODE} bytes (13 Chinese characters), no @ before it, no :"
            );
            grid.report(index, "code", what);
        }
        codes.check(&mut grid, index, "code", &code);
        let mut contacts = Vec::new();
        for text in split(grid.cell(index, "contacts")) {
            match user_id(&text) {
                Ok(user) if contacts.contains(&user) => {
                    grid.report(index, "contacts", format!("{user} is there twice: take one away"));
                }
                Ok(user) => contacts.push(user),
                Err(what) => grid.report(index, "contacts", format!("{what}; several are parted by |")),
            }
        }
        let radius_m = match grid.cell(index, "radius_m") {
            "" => RADIUS_M,
            text => match text.parse::<f64>() {
                Ok(metres) if metres > 0.0 && metres <= 100_000.0 => metres,
                _ => {
                    let what = format!("`{text}` is no radius: write metres above 0, or nothing for {RADIUS_M}");
                    grid.report(index, "radius_m", what);
                    continue;
                }
            },
        };
        let team = match grid.cell(index, "team").to_lowercase().as_str() {
            "" => None,
            text => TeamKind::named(text).or_else(|| {
                let names = TeamKind::NAMES.map(|(_, name)| name).join(", ");
                grid.report(
                    index,
                    "team",
                    format!("`{text}` is no kind of team: write {names}, or nothing for guards"),
                );
                None
            }),
        };
        let (gear, phone) = (grid.cell(index, "gear").to_owned(), grid.cell(index, "phone").to_owned());
        points.extend(place.map(|Place { code, name, at, .. }| Point {
            code,
            name,
            at,
            radius_m,
            contacts,
            team,
            gear,
            phone,
        }));
    }
    grid.settle(points)
}

/// Reads people (`user_id,name,occupation,group,team,roles`).
///
/// # Errors
/// All that is wrong with the file.
pub fn parse_members(bytes: &[u8]) -> Result<Vec<MemberRow>, Problems> {
    let mut grid = Grid::parse(bytes, MEMBERS)?;
    let mut users = Unique::default();
    let mut members = Vec::new();
    for index in 0..grid.len() {
        let mut roles = Vec::new();
        for text in split(grid.cell(index, "roles")) {
            match Role::named(&text.to_lowercase()) {
                Some(role) if !roles.contains(&role) => roles.push(role),
                Some(_) => {}
                None => grid.report(
                    index,
                    "roles",
                    format!(
                        "`{text}` is no role: write {}, several parted by |",
                        Role::NAMES.map(|(_, name)| name).join(", ")
                    ),
                ),
            }
        }
        let text = grid.cell(index, "user_id").to_owned();
        let user = match user_id(&text) {
            Ok(user) => user,
            Err(what) => {
                grid.report(index, "user_id", what);
                continue;
            }
        };
        users.check(&mut grid, index, "user_id", &user.to_string());
        let own = |column| grid.cell(index, column).to_owned();
        members.push(MemberRow {
            user,
            name: own("name"),
            occupation: own("occupation"),
            group: own("group"),
            team: own("team"),
            roles,
        });
    }
    grid.settle(members)
}

/// Values that may stand in one row only.
#[derive(Default)]
struct Unique(HashMap<String, usize>);

impl Unique {
    fn check(&mut self, grid: &mut Grid, index: usize, column: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let row = grid.row_number(index);
        if let Some(earlier) = self.0.insert(value.to_lowercase(), row) {
            grid.report(index, column, format!("`{value}` stands in row {earlier} already: each may stand once"));
        }
    }
}

fn read_place(grid: &mut Grid, index: usize) -> Option<Place> {
    let own = |column| grid.cell(index, column).to_owned();
    let (code, name, kind) = (own("code"), own("name"), own("kind"));
    let aliases = split(grid.cell(index, "aliases"));
    if name.is_empty() {
        grid.report(index, "name", "it is empty: write the name under which people know the place");
    }
    let lat = degrees(grid, index, "lat", 90.0);
    let lon = degrees(grid, index, "lon", 180.0);
    let datum = match grid.cell(index, "datum").to_uppercase().as_str() {
        "WGS84" | "WGS-84" => Some(Datum::Wgs84),
        "GCJ02" | "GCJ-02" => Some(Datum::Gcj02),
        "BD09" | "BD-09" => Some(Datum::Bd09),
        other => {
            let what = if other.is_empty() { "it is empty".into() } else { format!("`{other}` is no datum") };
            grid.report(index, "datum", format!("{what}: write WGS84 (GPS), GCJ02 (Amap, Tencent) or BD09 (Baidu)"));
            None
        }
    };
    let (lat, lon, datum) = (lat?, lon?, datum?);
    Some(Place { code, name, aliases, kind, at: Wgs84::from_datum(datum, lat, lon), datum })
}

fn degrees(grid: &mut Grid, index: usize, column: &str, most: f64) -> Option<f64> {
    let text = grid.cell(index, column).to_owned();
    let what = match text.parse::<f64>() {
        Ok(value) if value.abs() <= most => return Some(value),
        Ok(value) if column == "lat" && value.abs() <= 180.0 => {
            format!("{text} is no latitude (−90 to 90): perhaps lat and lon are the wrong way round")
        }
        _ if text.is_empty() => "it is empty: write degrees with a point, as 22.8404".into(),
        _ => format!("`{text}` is not within −{most} to {most} degrees: write degrees with a point, as 22.8404"),
    };
    grid.report(index, column, what);
    None
}

fn split(cell: &str) -> Vec<String> {
    cell.split(['|', '｜']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn user_id(text: &str) -> Result<UserId, String> {
    match text.parse::<i64>() {
        // The platform promises at most 52 significant bits.
        Ok(id) if id > 0 && id < 1 << 52 => Ok(UserId(id)),
        _ if text.is_empty() => Err("it is empty: write the person's Telegram number".into()),
        _ => Err(format!("`{text}` is no user id: write the person's Telegram number, digits only, not the @name")),
    }
}

/// What an import would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows that are not there yet.
    pub added: usize,
    /// Rows that are there and differ.
    pub changed: usize,
    /// Rows that are there as they are.
    pub unchanged: usize,
    /// What is there and is not in the file: taken away by a gazetteer, which is replaced whole, else left alone.
    pub absent: usize,
    /// People without any role, who are added or changed: only staff can be compared.
    pub not_compared: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} added, {} changed, {} unchanged", self.added, self.changed, self.unchanged)?;
        if self.absent > 0 {
            write!(f, ", {} not in the file", self.absent)?;
        }
        if self.not_compared > 0 {
            write!(f, ", {} without a role added or changed", self.not_compared)?;
        }
        Ok(())
    }
}

/// Reads rewards (`code,name,name_en,price,stock`); each stands on the list.
///
/// # Errors
/// All that is wrong with the file.
pub fn parse_rewards(bytes: &[u8]) -> Result<Vec<Reward>, Problems> {
    let mut grid = Grid::parse(bytes, REWARDS)?;
    let mut codes = Unique::default();
    let mut rewards = Vec::new();
    for index in 0..grid.len() {
        let code = grid.cell(index, "code").to_owned();
        if !Reward::is_code(&code) {
            let what =
                format!("`{code}` is no code: at most {LONGEST_REWARD} bytes, without space and colon, like R01");
            grid.report(index, "code", what);
        }
        codes.check(&mut grid, index, "code", &code);
        if grid.cell(index, "name").is_empty() {
            grid.report(index, "name", "it is empty: people must know what they take");
        }
        for column in ["name", "name_en"] {
            if grid.cell(index, column).chars().count() > LONGEST_NAME {
                grid.report(index, column, format!("it is longer than {LONGEST_NAME} characters: make it shorter"));
            }
        }
        let mut whole = |column, least: i64| {
            let text = grid.cell(index, column).to_owned();
            let number = text.parse().ok().filter(|number| (least..=MOST).contains(number));
            if number.is_none() {
                grid.report(index, column, format!("`{text}` is no whole number from {least} to {MOST}"));
            }
            number.unwrap_or(least)
        };
        let (price, stock) = (whole("price", 1), whole("stock", 0));
        let own = |column| grid.cell(index, column).to_owned();
        let (zh, en) = (own("name"), own("name_en"));
        rewards.push(Reward { code, zh, en, price, stock, offered: true, picture: None });
    }
    grid.settle(rewards)
}

/// Compares rewards with those on the list. One that is not in the file stays on it.
pub fn compare_rewards(rewards: &[Reward], known: &[Reward]) -> Summary {
    let mut summary = Summary::default();
    for reward in rewards {
        match known.iter().find(|before| before.code == reward.code) {
            None => summary.added += 1,
            Some(before) if *before == (Reward { picture: before.picture.clone(), ..reward.clone() }) => {
                summary.unchanged += 1;
            }
            Some(_) => summary.changed += 1,
        }
    }
    let named = |before: &&Reward| rewards.iter().any(|reward| reward.code == before.code);
    summary.absent = known.iter().filter(|before| !named(before)).count();
    summary
}

/// Compares a gazetteer with the town's. Places with the same code, or else the same name and kind, are one place.
pub fn compare_gazetteer(places: &[Place], town: &TownFile) -> Summary {
    let key = |place: &Place| match place.code.as_str() {
        "" => format!("{}\u{0}{}", place.name, place.kind),
        code => code.to_owned(),
    };
    compare(places, &town.gazetteer, key, |new, old| {
        near(new.at, old.at) && Place { at: old.at, ..new.clone() } == *old
    })
}

/// Compares points with the town's, by code.
pub fn compare_points(points: &[Point], town: &TownFile) -> Summary {
    compare(
        points,
        &town.points,
        |point| point.code.clone(),
        |new, old| near(new.at, old.at) && Point { at: old.at, ..new.clone() } == *old,
    )
}

/// Compares people with the town's staff, by user id.
pub fn compare_members(members: &[MemberRow], town: &TownFile) -> Summary {
    let mut summary = Summary::default();
    for row in members {
        match town.staff.iter().find(|member| member.user == row.user) {
            Some(old) => {
                let new = row.clone().into_member(old.code.clone(), old.first_seen);
                if (Member { language: old.language, told_at: old.told_at, ..new }) == *old {
                    summary.unchanged += 1;
                } else {
                    summary.changed += 1;
                }
            }
            None if row.roles.is_empty() => summary.not_compared += 1,
            None => summary.added += 1,
        }
    }
    summary
}

fn compare<T>(new: &[T], old: &[T], key: impl Fn(&T) -> String, same: impl Fn(&T, &T) -> bool) -> Summary {
    let mut known: HashMap<String, Vec<&T>> = HashMap::new();
    for entry in old {
        known.entry(key(entry)).or_default().push(entry);
    }
    let mut summary = Summary::default();
    let mut rest = Vec::new();
    // Equal entries first, so that one of two places with one name does not count as the other changed.
    for entry in new {
        let equals = known.get_mut(&key(entry));
        match equals.and_then(|list| list.iter().position(|old| same(entry, old)).map(|at| list.swap_remove(at))) {
            Some(_) => summary.unchanged += 1,
            None => rest.push(entry),
        }
    }
    for entry in rest {
        match known.get_mut(&key(entry)).and_then(Vec::pop) {
            Some(_) => summary.changed += 1,
            None => summary.added += 1,
        }
    }
    summary.absent = known.values().map(Vec::len).sum();
    summary
}

/// Within a hundred-thousandth of a second of arc: a place that went through a database is the same place.
fn near(a: Wgs84, b: Wgs84) -> bool {
    (a.lat - b.lat).abs() < 1e-9 && (a.lon - b.lon).abs() < 1e-9
}

#[cfg(test)]
mod tests;
