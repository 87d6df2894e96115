//! How large teams should be: rules of the facts (T1, T2, R4, R5), and what of the rosters does not come up to them.
//!
//! A finding is told, never a refusal: an office files what there is. Numbers are the config's, by default those of the
//! facts. Counted are people, not rows. Called by imports, exports and `doctor`.

use super::{Form, Roster, Team, Unit, UnitKind, Volunteer};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The least and the most, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// At least so many.
    pub least: u32,
    /// At most so many.
    pub most: u32,
}

/// `[roster]`: how large teams should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sizes {
    /// People of a larger village's full-time team, at least (T1).
    pub larger_village: u32,
    /// People of any other village's, at least (T1).
    pub village: u32,
    /// From so many inhabitants on a red-armband team is a large one (T2).
    pub red_armband_from: u32,
    /// People of a red-armband team where fewer live (T2).
    pub red_armband_small: Range,
    /// People of a red-armband team where so many live (T2).
    pub red_armband_large: Range,
    /// Guards of one group of a stationed emergency team (R4).
    pub stationed_group: Range,
    /// Groups of a stationed emergency team, at least (R4).
    pub stationed_groups: u32,
    /// Stationed emergency teams of the town, at least (R4).
    pub stationed_teams: u32,
    /// Pairs of an officer and a guard in one unit of a mobile emergency team (R5).
    pub mobile_pairs: Range,
    /// Units of a mobile emergency team, at least (R5).
    pub mobile_units: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            larger_village: 20,
            village: 15,
            red_armband_from: 1_000,
            red_armband_small: Range { least: 7, most: 10 },
            red_armband_large: Range { least: 10, most: 15 },
            stationed_group: Range { least: 4, most: 5 },
            stationed_groups: 3,
            stationed_teams: 1,
            mobile_pairs: Range { least: 2, most: 3 },
            mobile_units: 3,
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// People of a full-time village team (T1).
    Village,
    /// People of a red-armband team (T2).
    RedArmband,
    /// People of a group of a stationed team (R4).
    StationedGroup,
    /// Groups of a stationed team (R4).
    StationedGroups,
    /// Stationed teams of the town (R4).
    StationedTeams,
    /// Auxiliary officers of a mobile unit: each leads a pair (R5).
    MobileOfficers,
    /// Guards of a mobile unit: as many as officers (R5).
    MobileGuards,
    /// Mobile units of a station (R5).
    MobileUnits,
    /// People of a team, beside what the head-counts suggest (T4).
    Suggested(Team),
}

/// A team that is not as large as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The unit's code and name; empty: the town's.
    pub unit: String,
    /// The group of its team; empty: the whole team.
    pub squad: String,
    /// What was counted.
    pub counted: Counted,
    /// How many there are.
    pub there: u32,
    /// How many there should be at least.
    pub least: u32,
    /// And at most.
    pub most: Option<u32>,
    /// The row of the facts that says so.
    pub fact: &'static str,
}

impl Finding {
    fn words(&self) -> (&'static str, &'static str) {
        match self.counted {
            Counted::Village => ("村专职队人数", "people in the full-time village team"),
            Counted::RedArmband => ("红袖标队人数", "people in the red-armband team"),
            Counted::StationedGroup => ("应急定点队一组人数", "guards in a group of the stationed team"),
            Counted::StationedGroups => ("应急定点队组数", "groups in the stationed team"),
            Counted::StationedTeams => ("全镇应急定点队数", "stationed teams in the town"),
            Counted::MobileOfficers => ("应急机动队一队辅警数", "auxiliary officers in a unit of the mobile team"),
            Counted::MobileGuards => ("应急机动队一队保安数", "guards in a unit of the mobile team"),
            Counted::MobileUnits => ("派出所应急机动队数", "mobile units of the station"),
            Counted::Suggested(Team::Emergency) => ("应急队人数（建议数）", "people in the emergency team (suggested)"),
            Counted::Suggested(Team::Area) => ("区域队人数（建议数）", "people in the area team (suggested)"),
            Counted::Suggested(Team::Village) => ("村专职队人数（建议数）", "people in the village team (suggested)"),
            Counted::Suggested(Team::Watch) => {
                ("邻里守望队人数（建议数）", "people in the neighbourhood watch (suggested)")
            }
        }
    }

    fn wanted(&self, at_least: &str) -> String {
        match self.most {
            Some(most) if most == self.least => most.to_string(),
            Some(most) => format!("{}–{most}", self.least),
            None => format!("{at_least}{}", self.least),
        }
    }

    fn at(&self) -> String {
        let at = format!("{} {}", self.unit, self.squad);
        if at.trim().is_empty() { String::new() } else { format!("{}: ", at.trim()) }
    }

    /// In Chinese.
    pub fn zh(&self) -> String {
        format!("{}{} {}，应为 {}（{}）", self.at(), self.words().0, self.there, self.wanted("至少 "), self.fact)
    }

    /// In English.
    pub fn en(&self) -> String {
        format!(
            "{}{} {}, should be {} ({})",
            self.at(),
            self.there,
            self.words().1,
            self.wanted("at least "),
            self.fact
        )
    }
}

/// The people of each group of each unit's team of one form.
type Groups<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Volunteer>>>;

fn groups(roster: &Roster, form: Form) -> Groups<'_> {
    let mut groups = Groups::new();
    for it in roster.people.iter().filter(|it| it.form == form) {
        groups.entry(&it.unit).or_default().entry(&it.squad).or_default().push(it);
    }
    groups
}

fn heads<'a>(people: impl IntoIterator<Item = &'a &'a Volunteer>) -> u32 {
    people.into_iter().map(|it| it.people).fold(0, u32::saturating_add)
}

/// Whether a class is that of an auxiliary officer (R5): others of a mobile team are its guards.
pub fn is_officer(class: &str) -> bool {
    let class = class.to_lowercase();
    ["辅警", "民警", "警察", "officer", "police"].iter().any(|word| class.contains(word))
}

struct Findings<'a> {
    units: BTreeMap<&'a str, &'a Unit>,
    out: Vec<Finding>,
}

impl Findings<'_> {
    fn look(
        &mut self,
        (unit, squad): (&str, &str),
        counted: Counted,
        there: u32,
        (least, most): (u32, Option<u32>),
        fact: &'static str,
    ) {
        if there >= least && most.is_none_or(|most| there <= most) {
            return;
        }
        let name = self.units.get(unit).map_or("", |unit| unit.name.as_str());
        let unit = format!("{unit} {name}").trim().to_owned();
        self.out.push(Finding { unit, squad: squad.into(), counted, there, least, most, fact });
    }
}

impl Sizes {
    /// What there should be at least in a unit's team, where the facts say it of the team as a whole.
    pub fn least(&self, unit: &Unit, team: Team) -> Option<u32> {
        (team == Team::Village && unit.kind == UnitKind::Village).then_some(if unit.larger {
            self.larger_village
        } else {
            self.village
        })
    }

    /// All that is not as large as it should be, unit by unit. Nothing filed: nothing found.
    pub fn findings(&self, roster: &Roster) -> Vec<Finding> {
        if roster.units.is_empty() {
            return Vec::new();
        }
        let units = roster.units.iter().map(|unit| (unit.code.as_str(), unit)).collect();
        let mut it = Findings { units, out: Vec::new() };
        let actual = roster.actual();
        let there = |unit: &str, team| actual.get(&(unit, team)).copied().unwrap_or(0);
        for unit in &roster.units {
            let people = there(&unit.code, Team::Village);
            // A community may have such a team; a village should.
            let least = self.least(unit, Team::Village).or((people > 0).then_some(self.village));
            if let Some(least) = least {
                it.look((&unit.code, ""), Counted::Village, people, (least, None), "T1");
            }
        }
        for (unit, squads) in groups(roster, Form::RedArmband) {
            let (small, large) = (self.red_armband_small, self.red_armband_large);
            let wanted = match it.units.get(unit).and_then(|unit| unit.population) {
                Some(population) if population < self.red_armband_from => small,
                Some(_) => large,
                // Nobody said how many live there: what would be right for either.
                None => Range { least: small.least.min(large.least), most: small.most.max(large.most) },
            };
            for (squad, people) in squads {
                it.look((unit, squad), Counted::RedArmband, heads(&people), (wanted.least, Some(wanted.most)), "T2");
            }
        }
        let stationed = groups(roster, Form::Stationed);
        for (unit, squads) in &stationed {
            let size = self.stationed_group;
            for (squad, people) in squads {
                it.look((unit, squad), Counted::StationedGroup, heads(people), (size.least, Some(size.most)), "R4");
            }
            it.look((unit, ""), Counted::StationedGroups, squads.len() as u32, (self.stationed_groups, None), "R4");
        }
        it.look(("", ""), Counted::StationedTeams, stationed.len() as u32, (self.stationed_teams, None), "R4");
        self.mobile(roster, &mut it);
        for row in &roster.headcounts {
            let people = there(&row.unit, row.team);
            it.look((&row.unit, ""), Counted::Suggested(row.team), people, (row.suggested, None), "T4");
        }
        it.out
    }

    fn mobile(&self, roster: &Roster, it: &mut Findings<'_>) {
        let mobile = groups(roster, Form::Mobile);
        for (unit, squads) in &mobile {
            let size = self.mobile_pairs;
            for (squad, people) in squads {
                let officers = heads(people.iter().filter(|it| is_officer(&it.class)));
                let guards = heads(people.iter().filter(|it| !is_officer(&it.class)));
                it.look((unit, squad), Counted::MobileOfficers, officers, (size.least, Some(size.most)), "R5");
                // A guard to each officer, of the pairs that there should be.
                let pairs = officers.clamp(size.least, size.most);
                it.look((unit, squad), Counted::MobileGuards, guards, (pairs, Some(pairs)), "R5");
            }
            it.look((unit, ""), Counted::MobileUnits, squads.len() as u32, (self.mobile_units, None), "R5");
        }
        for unit in
            roster.units.iter().filter(|it| it.kind == UnitKind::Station && !mobile.contains_key(it.code.as_str()))
        {
            it.look((&unit.code, ""), Counted::MobileUnits, 0, (self.mobile_units, None), "R5");
        }
    }
}
