//! Rosters (花名册): the six tables that are filed (SEED-FACTS T4): units, four kinds of teams, suggested head-counts.
//!
//! Owns what stands in them and what cannot stand together ([`Flaw`]); [`size`] tells which teams are too small, [`difference`]
//! what an import changes. Only people who take part stand in them, without ID-card numbers. Rights and points are
//! a member's, never a roster's. Knows nothing of files. Called by imports, exports and `doctor`.

pub mod difference;
pub mod size;
#[cfg(test)]
mod tests;

use super::id::UserId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

/// Which of the six tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sheet {
    /// Participating units (参与单位).
    Units,
    /// One of the four teams.
    Team(Team),
    /// Suggested head-counts (建议人数).
    Headcounts,
}

impl Sheet {
    /// All of them, as they are filed.
    pub const ALL: [Self; 6] = [
        Self::Units,
        Self::Team(Team::Emergency),
        Self::Team(Team::Area),
        Self::Team(Team::Village),
        Self::Team(Team::Watch),
        Self::Headcounts,
    ];
}

/// The four kinds of teams (T3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Team {
    /// Emergency joint-defence team (应急).
    Emergency,
    /// Area team (区域).
    Area,
    /// Full-time village team (村专职).
    Village,
    /// Neighbourhood watch (邻里守望).
    Watch,
}

impl Team {
    /// Each, with the name by which stores and files know it.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::Emergency, "emergency"), (Self::Area, "area"), (Self::Village, "village"), (Self::Watch, "watch")];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(team, _)| *team == self).expect("each team has a name").1
    }

    /// The team of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(team, _)| *team)
    }

    /// What of that kind there is: where there is but one, nobody needs to say which.
    pub fn forms(self) -> &'static [Form] {
        match self {
            Self::Emergency => &[Form::Stationed, Form::Mobile],
            Self::Area => &[Form::Companies, Form::Citizens],
            Self::Village => &[Form::Village],
            Self::Watch => &[Form::Neighbours, Form::RedArmband],
        }
    }
}

/// In which form a team works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Emergency, at a post of its own (R4).
    Stationed,
    /// Emergency, on motorcycles (R5).
    Mobile,
    /// Area, of companies (T3).
    Companies,
    /// Area, of citizens (T3).
    Citizens,
    /// Village, full-time (T1).
    Village,
    /// Neighbours who watch.
    Neighbours,
    /// Red armbands (T2).
    RedArmband,
}

impl Form {
    /// Each, with the name by which stores and files know it.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Stationed, "stationed"),
        (Self::Mobile, "mobile"),
        (Self::Companies, "companies"),
        (Self::Citizens, "citizens"),
        (Self::Village, "village"),
        (Self::Neighbours, "neighbours"),
        (Self::RedArmband, "red_armband"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(form, _)| *form == self).expect("each form has a name").1
    }

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(form, _)| *form)
    }

    /// Which kind of team it is.
    pub fn team(self) -> Team {
        match self {
            Self::Stationed | Self::Mobile => Team::Emergency,
            Self::Companies | Self::Citizens => Team::Area,
            Self::Village => Team::Village,
            Self::Neighbours | Self::RedArmband => Team::Watch,
        }
    }
}

/// The kind of a unit (W2, W3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitKind {
    /// A village.
    Village,
    /// A community.
    Community,
    /// A residential compound.
    Compound,
    /// A factory or a company.
    Company,
    /// An industrial park.
    Park,
    /// A shop, a mall or a market.
    Market,
    /// A hotel or an entertainment venue.
    Venue,
    /// A school.
    School,
    /// A hospital.
    Hospital,
    /// A police station.
    Station,
    /// An office of the town, a league, a union.
    Office,
    /// Any other.
    Other,
}

impl UnitKind {
    /// Each, with the name by which stores and files know it.
    pub const NAMES: [(Self, &'static str); 12] = [
        (Self::Village, "village"),
        (Self::Community, "community"),
        (Self::Compound, "compound"),
        (Self::Company, "company"),
        (Self::Park, "park"),
        (Self::Market, "market"),
        (Self::Venue, "venue"),
        (Self::School, "school"),
        (Self::Hospital, "hospital"),
        (Self::Station, "station"),
        (Self::Office, "office"),
        (Self::Other, "other"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).expect("each kind has a name").1
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A unit that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Its code, unique.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// How many people live there, where known (T2 asks).
    pub population: Option<u32>,
    /// Whether it is a larger village (T1 asks).
    pub larger: bool,
}

/// A row of a team's roster: a person who takes part, or the leader of several who are only counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Volunteer {
    /// The unit that sends them, by code.
    pub unit: String,
    /// In which form the team works; it tells which team.
    pub form: Form,
    /// Which group of the unit's team (R4, R5: 队、组); empty: there is but one.
    pub squad: String,
    /// Name as filed.
    pub name: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// The same person as this member, if told. Rights, points and the member's own name are not touched by a roster.
    pub user: Option<UserId>,
    /// Class (T4), mostly the occupation (W1); may be empty.
    pub class: String,
    /// Whether they lead.
    pub leader: bool,
    /// Fixed activity area (T4); may be empty.
    pub area: String,
    /// Gear; may be empty.
    pub gear: String,
    /// How many people the row stands for, at least 1.
    pub people: u32,
}

/// How many people a unit should send into a team. How many it does is counted, not typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Headcount {
    /// The unit, by code.
    pub unit: String,
    /// Into which team.
    pub team: Team,
    /// So many.
    pub suggested: u32,
}

/// All six tables, each in the order in which it was filed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roster {
    /// Participating units.
    pub units: Vec<Unit>,
    /// People of all four teams; of each team in the order filed.
    pub people: Vec<Volunteer>,
    /// Suggested head-counts.
    pub headcounts: Vec<Headcount>,
}

/// What cannot stand together. Places are indexes into the roster's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Two units have one code: the first, and the later one.
    UnitTwice(usize, usize),
    /// A person's unit is none of the units.
    NoUnit(usize),
    /// Two rows of a team are the same person, or cannot be told apart: the first, and the later one.
    PersonTwice(usize, usize),
    /// A head-count's unit is none of the units.
    NoUnitCounted(usize),
    /// A unit's team is counted twice: the first, and the later one.
    CountTwice(usize, usize),
}

fn twice<K: Hash + Eq>(keys: impl Iterator<Item = (usize, K)>, flaw: impl Fn(usize, usize) -> Flaw) -> Vec<Flaw> {
    let mut seen: HashMap<K, usize> = HashMap::new();
    let mut out = Vec::new();
    for (n, key) in keys {
        match seen.get(&key) {
            Some(first) => out.push(flaw(*first, n)),
            None => drop(seen.insert(key, n)),
        }
    }
    out
}

impl Roster {
    /// Whether nothing was ever filed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The people of one team, in order.
    pub fn team(&self, team: Team) -> impl Iterator<Item = &Volunteer> {
        self.people.iter().filter(move |it| it.form.team() == team)
    }

    /// The unit of that code.
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    /// How many people each unit has in each team.
    pub fn actual(&self) -> BTreeMap<(&str, Team), u32> {
        let mut counts = BTreeMap::new();
        for it in &self.people {
            let count: &mut u32 = counts.entry((it.unit.as_str(), it.form.team())).or_default();
            *count = count.saturating_add(it.people);
        }
        counts
    }

    /// All that cannot stand together.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = twice(self.units.iter().map(|it| it.code.as_str()).enumerate(), Flaw::UnitTwice);
        let codes: HashSet<&str> = self.units.iter().map(|unit| unit.code.as_str()).collect();
        let strange = |unit: &str| !codes.contains(unit);
        let people = || self.people.iter().enumerate();
        flaws.extend(people().filter(|(_, it)| strange(&it.unit)).map(|(n, _)| Flaw::NoUnit(n)));
        flaws.extend(twice(people().filter_map(|(n, it)| Some((n, (it.form.team(), it.user?)))), Flaw::PersonTwice));
        // Without a member's number, people of one group are told apart by name and telephone.
        let nameless = people().filter(|(_, it)| it.user.is_none());
        let alike = |it: &'_ Volunteer| (it.form, it.unit.clone(), it.squad.clone(), it.name.clone(), it.phone.clone());
        flaws.extend(twice(nameless.map(|(n, it)| (n, alike(it))), Flaw::PersonTwice));
        let counts = || self.headcounts.iter().enumerate();
        flaws.extend(counts().filter(|(_, it)| strange(&it.unit)).map(|(n, _)| Flaw::NoUnitCounted(n)));
        flaws.extend(twice(counts().map(|(n, it)| (n, (it.unit.as_str(), it.team))), Flaw::CountTwice));
        flaws
    }
}
