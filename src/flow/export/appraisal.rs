//! The appraisal (P3): what each unit did in a period, a row each; counts beside what they are of, and no person.
//!
//! A unit is where the work was done: tips by the liaison group in which they were written (all private ones together, so that
//! none leads to its teller), calls by the liaison point, or the kind of police, that was called. Points are those of the
//! people whose group it is. Leads stream page by page; of each only its two times are kept, so that medians are exact.

use super::alarm::{kind_term, term};
use super::{column, round};
use crate::config::Config;
use crate::domain::alarm::figures::{Figures, Sort, Spread, has_answered};
use crate::domain::alarm::{Alarm, Call, Callee, ResponderKind};
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, LeadId, Millis, UserId};
use crate::domain::lead::{Lead, LeadState};
use crate::domain::tip::CategoryKind;
use crate::port::store::{AlarmRecord, LeadStep, Tally, TownFile};
use crate::port::table::{Cell, Column, Head, Holds, Table};
use std::collections::{BTreeMap, HashMap, HashSet};

const fn count(key: &'static str, zh: &'static str, en: &'static str) -> Column {
    Column { key, zh, en, holds: Holds::Count, width: 12, summed: true }
}

/// One row a unit. Tips are those received in the period, by how they stand when the table is made:
/// received = verified + unfounded + out of scope + merged + withdrawn + open. A column that says nothing of a unit is empty.
pub const UNITS: &[Column] = &[
    column("unit", "单位", "Unit", Holds::Text, 28),
    // A liaison group, all private chats, a liaison point, a kind of police, or people of a group that is none of the town's.
    column("sort", "单位性质", "Kind of unit", Holds::Text, 20),
    count("received", "收到线索", "Tips"),
    // Verified, and those of them that are resolved.
    count("verified", "已核实", "Verified"),
    count("unfounded", "不属实", "Unfounded"),
    Column { width: 15, ..count("out_of_scope", "超出范围", "Out of scope") },
    // Merged into another tip of the same event: neither for nor against.
    count("merged", "重复", "Merged"),
    count("withdrawn", "撤回", "Withdrawn"),
    count("open", "未判定", "Open"),
    // Verified, unfounded and out of scope: what the share is of.
    count("decided", "已判定", "Decided"),
    column("verified_share", "核实率", "Verified share", Holds::Share, 15),
    // Tips that police took up: claimed, or decided without a claim; one that was undone does not count. The median is of these.
    count("taken_up", "已受理", "Taken up"),
    column("claim_minutes", "受理中位（分）", "To claim (min)", Holds::Metres, 16),
    // Resolved, and nothing else since. The median is of these, from receipt.
    count("resolved", "已办结", "Resolved"),
    column("resolve_minutes", "办结中位（分）", "To resolve (min)", Holds::Metres, 17),
    // Verified tips of the config's hazard categories (H1), and those of them that are solved: struck off (H2).
    count("hazards", "核实隐患", "Hazards"),
    count("struck_off", "隐患销号", "Struck off"),
    // Calls of real alarms raised in the period by which somebody was summoned; drills have a table of their own.
    count("calls", "警情呼叫", "Calls"),
    // On scene within 1, 3 and 5 minutes of the call (R3), and of so many: who was called off before is in neither.
    count("within_60", "1分钟到场", "In 1 min"),
    count("of_60", "1分钟应到", "of"),
    count("within_180", "3分钟到场", "In 3 min"),
    count("of_180", "3分钟应到", "of"),
    count("within_300", "5分钟到场", "In 5 min"),
    count("of_300", "5分钟应到", "of"),
    // Points earned by the unit's people in the period, and what was corrected, with sign: the sums of the points table.
    count("points", "获得积分", "Points"),
    count("corrected", "更正积分", "Corrected"),
    // People who sent a tip there, or answered a call. One who did so in two units is active in both: there is no total.
    column("active", "参与人数", "Active", Holds::Count, 10),
];

/// Where work was done. The order of rows, which is no ranking.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Unit {
    Group(String, ChatId),
    /// Tips from groups that are not the town's any more.
    FormerGroups,
    Private,
    Point(String),
    Police(u8),
    /// People whose group, as filed, is none of the town's, or the name of several.
    People(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Tips {
    verified: i64,
    unfounded: i64,
    out_of_scope: i64,
    merged: i64,
    withdrawn: i64,
    open: i64,
    hazards: i64,
    struck_off: i64,
    /// From receipt until police took it up, milliseconds.
    to_claim: Vec<i64>,
    /// From receipt until it was resolved, milliseconds.
    to_resolve: Vec<i64>,
}

impl Tips {
    fn received(&self) -> i64 {
        self.decided() + self.merged + self.withdrawn + self.open
    }

    fn decided(&self) -> i64 {
        self.verified + self.unfounded + self.out_of_scope
    }

    fn take(&mut self, lead: &Lead, times: Times, is_hazard: bool) {
        use LeadState as S;
        let holds = matches!(lead.state, S::Verified | S::Resolved);
        *match lead.state {
            S::Verified | S::Resolved => &mut self.verified,
            S::Unfounded => &mut self.unfounded,
            S::OutOfScope => &mut self.out_of_scope,
            S::Duplicate => &mut self.merged,
            S::Withdrawn => &mut self.withdrawn,
            S::New | S::Claimed => &mut self.open,
        } += 1;
        self.hazards += i64::from(holds && is_hazard);
        self.struck_off += i64::from(lead.state == S::Resolved && is_hazard);
        let since = |at: Millis| at.since(lead.received_at).max(0);
        self.to_claim.extend(times.taken_up.map(since));
        self.to_resolve.extend(times.resolved.filter(|_| lead.state == S::Resolved).map(since));
    }

    fn absorb(&mut self, other: &Self) {
        self.verified += other.verified;
        self.unfounded += other.unfounded;
        self.out_of_scope += other.out_of_scope;
        self.merged += other.merged;
        self.withdrawn += other.withdrawn;
        self.open += other.open;
        self.hazards += other.hazards;
        self.struck_off += other.struck_off;
        self.to_claim.extend(&other.to_claim);
        self.to_resolve.extend(&other.to_resolve);
    }

    fn cells(&self) -> Vec<Cell> {
        let share = (self.decided() > 0).then(|| self.verified as f64 / self.decided() as f64);
        let median = |times: &Vec<i64>| {
            Spread::of(times.clone()).map_or(Cell::Empty, |it| Cell::Float(round(it.median_ms as f64 / 60_000.0, 1)))
        };
        let mut cells: Vec<Cell> = [
            self.received(),
            self.verified,
            self.unfounded,
            self.out_of_scope,
            self.merged,
            self.withdrawn,
            self.open,
            self.decided(),
        ]
        .map(Cell::Int)
        .into();
        cells.push(share.map_or(Cell::Empty, |share| Cell::Float(round(share, 4))));
        cells.extend([Cell::Int(self.to_claim.len() as i64), median(&self.to_claim)]);
        cells.extend([Cell::Int(self.to_resolve.len() as i64), median(&self.to_resolve)]);
        cells.extend([self.hazards, self.struck_off].map(Cell::Int));
        cells
    }
}

/// When police took a lead up, and when it was resolved last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Times {
    taken_up: Option<Millis>,
    resolved: Option<Millis>,
}

impl Times {
    /// Of a lead's history, the oldest first. What was undone was not done.
    fn of(steps: &[&LeadStep]) -> Self {
        let mut stands: Vec<&LeadStep> = Vec::new();
        for step in steps {
            match step.action.as_str() {
                "undo" => drop(stands.pop()),
                "claim" | "verify" | "unfounded" | "duplicate" | "out_of_scope" | "resolve" | "reopen" => {
                    stands.push(step);
                }
                _ => {}
            }
        }
        Self {
            taken_up: stands.first().map(|step| step.at),
            resolved: stands.iter().rev().find(|step| step.action == "resolve").map(|step| step.at),
        }
    }
}

/// The table while leads come in.
#[derive(Debug)]
pub struct Appraisal {
    groups: HashMap<ChatId, String>,
    points: HashMap<String, String>,
    hazards: HashSet<String>,
    tips: BTreeMap<Unit, Tips>,
    active: HashMap<Unit, HashSet<UserId>>,
    earned: BTreeMap<Unit, [i64; 2]>,
}

impl Appraisal {
    /// Begins: every liaison group of the town has a row, whatever came from it.
    pub fn new(town: &TownFile, config: &Config) -> Self {
        let groups: HashMap<ChatId, String> = town.groups.iter().map(|it| (it.chat, it.name.clone())).collect();
        let liaison = town.groups.iter().filter(|it| it.kind == GroupKind::Liaison);
        let hazards = config.category.iter().filter(|it| it.kind == CategoryKind::Hazard).map(|it| it.id.clone());
        Self {
            tips: liaison.map(|it| (Unit::Group(it.name.clone(), it.chat), Tips::default())).collect(),
            points: town.points.iter().map(|point| (point.code.clone(), point.name.clone())).collect(),
            groups,
            hazards: hazards.collect(),
            active: HashMap::new(),
            earned: BTreeMap::new(),
        }
    }

    /// Takes a page of leads with their histories, in any order.
    pub fn take(&mut self, leads: &[Lead], steps: &[LeadStep]) {
        let mut of: HashMap<LeadId, Vec<&LeadStep>> = HashMap::new();
        for step in steps {
            of.entry(step.lead).or_default().push(step);
        }
        for lead in leads {
            let unit = match self.groups.get(&lead.chat) {
                _ if lead.private || lead.chat.0 > 0 => Unit::Private,
                Some(name) => Unit::Group(name.clone(), lead.chat),
                None => Unit::FormerGroups,
            };
            let is_hazard = lead.category.as_ref().is_some_and(|id| self.hazards.contains(id));
            if let Some(reporter) = lead.reporter {
                self.active.entry(unit.clone()).or_default().insert(reporter);
            }
            let times = of.get(&lead.id).map(|steps| Times::of(steps)).unwrap_or_default();
            self.tips.entry(unit).or_default().take(lead, times, is_hazard);
        }
    }

    /// Takes the points that people earned, by the group that they belong to.
    pub fn earn(&mut self, tallies: &[Tally]) {
        let mut named: HashMap<&str, Vec<ChatId>> = HashMap::new();
        for unit in self.tips.keys() {
            if let Unit::Group(name, chat) = unit {
                named.entry(name).or_default().push(*chat);
            }
        }
        for tally in tallies {
            let group = &tally.member.group;
            let unit = match named.get(group.as_str()).map(Vec::as_slice) {
                Some([chat]) => Unit::Group(group.clone(), *chat),
                _ => Unit::People(group.clone()),
            };
            let sums = self.earned.entry(unit).or_default();
            sums[0] += tally.earned;
            sums[1] += tally.corrected;
        }
        self.earned.retain(|unit, sums| matches!(unit, Unit::Group(..)) || *sums != [0, 0]);
    }

    /// The table: groups, private tips, points, police, people of other groups; each by name or code.
    pub fn table(mut self, head: Head, alarms: &[AlarmRecord]) -> Table {
        let calls: Vec<(&Alarm, &Call)> =
            alarms.iter().flat_map(|it| it.calls.iter().map(|call| (&it.alarm, call))).collect();
        let mut called: BTreeMap<Unit, Figures> = BTreeMap::new();
        let mut of_unit: BTreeMap<Unit, Vec<(&Alarm, &Call)>> = BTreeMap::new();
        for (alarm, call) in calls.iter().filter(|(alarm, call)| !alarm.drill && !call.people.is_empty()) {
            of_unit.entry(called_unit(call)).or_default().push((alarm, call));
        }
        for (unit, calls) in of_unit {
            let answered = calls.iter().filter(|(_, call)| has_answered(call)).flat_map(|(_, call)| &call.people);
            let answered = answered.filter(|it| it.acknowledged_at.or(it.under_way_at).or(it.on_scene_at).is_some());
            self.active.entry(unit.clone()).or_default().extend(answered.map(|it| it.user));
            called.insert(unit, Figures::over(Sort::Real, calls));
        }
        let mut units: Vec<&Unit> = self.tips.keys().chain(called.keys()).chain(self.earned.keys()).collect();
        units.sort();
        units.dedup();
        let rows = units.iter().map(|unit| {
            let mut row = vec![self.name(unit), sort(unit)];
            row.extend(self.tips.get(unit).map_or_else(|| vec![Cell::Empty; 15], Tips::cells));
            row.extend(called.get(unit).map_or_else(|| vec![Cell::Empty; 7], call_cells));
            row.extend(match (unit, self.earned.get(unit)) {
                (_, Some(sums)) => sums.map(Cell::Int),
                (Unit::Group(..), None) => [0, 0].map(Cell::Int),
                _ => [Cell::Empty, Cell::Empty],
            });
            let active = || Cell::Int(self.active.get(unit).map_or(0, HashSet::len) as i64);
            row.push(if matches!(unit, Unit::People(_)) { Cell::Empty } else { active() });
            row
        });
        let rows: Vec<Vec<Cell>> = rows.collect();
        let mut all = Tips::default();
        self.tips.values().for_each(|tips| all.absorb(tips));
        let mut totals = vec![Cell::Text(format!("total {}", head.period.interval(head.zone))), Cell::Empty];
        totals.extend(all.cells());
        totals.extend(call_cells(&Figures::over(Sort::Real, calls)));
        let sums = self.earned.values().fold([0, 0], |sum, it| [sum[0] + it[0], sum[1] + it[1]]);
        totals.extend(sums.map(Cell::Int));
        totals.push(Cell::Empty);
        Table { head, rows, totals: Some(totals) }
    }

    fn name(&self, unit: &Unit) -> Cell {
        match unit {
            Unit::Group(name, _) => Cell::text(name.clone()),
            Unit::FormerGroups => term(("former_groups", "已停用的群 former groups")),
            Unit::Private => term(("private", "私聊 private chats")),
            Unit::Point(code) => {
                let name = self.points.get(code).map_or("", String::as_str);
                Cell::text(format!("{code} {name}").trim_end())
            }
            Unit::Police(place) => kind_term(KINDS[usize::from(*place)]),
            Unit::People(group) if group.is_empty() => term(("no_group", "未填群组 no group told")),
            Unit::People(group) => Cell::text(group.clone()),
        }
    }
}

/// Those who are called beside points, in the order of rows.
const KINDS: [ResponderKind; 5] = [
    ResponderKind::Patrol,
    ResponderKind::Response,
    ResponderKind::DutyOfficer,
    ResponderKind::CallList,
    ResponderKind::Point,
];

fn called_unit(call: &Call) -> Unit {
    match &call.callee {
        Callee::Point(code) => Unit::Point(code.clone()),
        Callee::Person(_) => Unit::Police(KINDS.iter().position(|kind| *kind == call.kind).unwrap_or(0) as u8),
    }
}

fn sort(unit: &Unit) -> Cell {
    term(match unit {
        Unit::Group(..) | Unit::FormerGroups => ("group", "联络群 group"),
        Unit::Private => ("private", "私聊 private"),
        Unit::Point(_) => ("point", "联络点 point"),
        Unit::Police(_) => ("team", "警力 police"),
        Unit::People(_) => ("people", "人员所属 people of"),
    })
}

fn call_cells(it: &Figures) -> Vec<Cell> {
    let shares = it.within.iter().flat_map(|share| [share.met, share.of]);
    std::iter::once(it.called).chain(shares).map(|number| Cell::Int(number.into())).collect()
}

#[cfg(test)]
#[path = "appraisal_tests.rs"]
mod tests;
