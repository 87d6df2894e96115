//! What changes from one roster to another, row by row: what an import tells before it is done.
//!
//! Rows are paired as people would: the same row; then the same member; then the same name in the same unit, with the same
//! telephone first. What is left over was added or taken away. Order is no change.

use super::{Form, Headcount, Roster, Sheet, Unit, Volunteer};
use std::collections::{HashMap, HashSet, VecDeque};

/// A field of a row, by the name of its column.
pub type Field = &'static str;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is new; its fields that say something.
    Added(Vec<(Field, String)>),
    /// It is another; each changed field, old and new.
    Changed(Vec<(Field, String, String)>),
    /// It is not there any more.
    Removed,
}

/// One row that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In which table.
    pub sheet: Sheet,
    /// The index in the new roster's list ([`Roster::units`], `people`, `headcounts`); `None`: taken away.
    pub row: Option<usize>,
    /// Which it is, in words: unit, and name of the person.
    pub label: String,
    /// What became of it.
    pub what: What,
}

/// How many rows of a table changed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows before.
    pub before: usize,
    /// Rows after.
    pub after: usize,
    /// New ones.
    pub added: usize,
    /// Other ones.
    pub changed: usize,
    /// Those that are gone.
    pub removed: usize,
}

impl Counts {
    /// Whether more than half of the table is taken away, or all of it.
    pub fn takes_most(self) -> bool {
        self.removed * 2 > self.before
    }
}

trait Entry: PartialEq {
    fn label(&self) -> String;
    fn fields(&self) -> Vec<(Field, String)>;
    /// Ways to know a row again, the surest first; `None`: this way says nothing of it.
    fn keys(&self) -> [Option<String>; 3];
}

fn yes(flag: bool) -> String {
    if flag { "yes".into() } else { String::new() }
}

impl Entry for &Unit {
    fn label(&self) -> String {
        format!("{} {}", self.code, self.name)
    }
    fn fields(&self) -> Vec<(Field, String)> {
        let population = self.population.map_or_else(String::new, |n| n.to_string());
        vec![
            ("unit", self.code.clone()),
            ("unit_name", self.name.clone()),
            ("kind", self.kind.name().into()),
            ("population", population),
            ("larger", yes(self.larger)),
        ]
    }
    fn keys(&self) -> [Option<String>; 3] {
        [Some(self.code.clone()), None, None]
    }
}

impl Entry for &Volunteer {
    fn label(&self) -> String {
        let squad = if self.squad.is_empty() { String::new() } else { format!(" {}", self.squad) };
        format!("{} of {}{squad}", self.name, self.unit)
    }
    fn fields(&self) -> Vec<(Field, String)> {
        let form = if self.form == Form::Village { "" } else { self.form.name() };
        vec![
            ("unit", self.unit.clone()),
            ("form", form.into()),
            ("squad", self.squad.clone()),
            ("name", self.name.clone()),
            ("phone", self.phone.clone()),
            ("user_id", self.user.map_or_else(String::new, |user| user.to_string())),
            ("class", self.class.clone()),
            ("leader", yes(self.leader)),
            ("area", self.area.clone()),
            ("gear", self.gear.clone()),
            ("people", self.people.to_string()),
        ]
    }
    fn keys(&self) -> [Option<String>; 3] {
        let named = format!("{}\n{}", self.unit, self.name);
        [
            self.user.map(|user| user.to_string()),
            (!self.phone.is_empty()).then(|| format!("{}\n{}", self.name, self.phone)),
            Some(named),
        ]
    }
}

impl Entry for &Headcount {
    fn label(&self) -> String {
        format!("{} {}", self.unit, self.team.name())
    }
    fn fields(&self) -> Vec<(Field, String)> {
        vec![("unit", self.unit.clone()), ("team", self.team.name().into()), ("suggested", self.suggested.to_string())]
    }
    fn keys(&self) -> [Option<String>; 3] {
        [Some(self.label()), None, None]
    }
}

/// Pairs rows of `old` with rows of `new`; each of either stands in one pair at most.
fn pairs<E: Entry>(old: &[E], new: &[E]) -> Vec<Option<usize>> {
    let mut of_new: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let mut pass = |key: &dyn Fn(&E) -> Option<String>| {
        let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (n, row) in old.iter().enumerate().filter(|(n, _)| !taken[*n]) {
            if let Some(key) = key(row) {
                waiting.entry(key).or_default().push_back(n);
            }
        }
        for (n, row) in new.iter().enumerate() {
            if of_new[n].is_none()
                && let Some(found) = key(row).and_then(|key| waiting.get_mut(&key)?.pop_front())
            {
                of_new[n] = Some(found);
                taken[found] = true;
            }
        }
    };
    pass(&|row| Some(row.fields().into_iter().map(|(_, value)| value).collect::<Vec<_>>().join("\u{1}")));
    for way in 0..3 {
        pass(&|row| row.keys()[way].clone());
    }
    of_new
}

fn compare<E: Entry + Copy>(sheet: Sheet, old: &[E], new: &[(usize, E)], out: &mut Vec<Change>) -> Counts {
    let rows: Vec<E> = new.iter().map(|(_, row)| *row).collect();
    let of_new = pairs(old, &rows);
    let mut counts = Counts { before: old.len(), after: new.len(), ..Counts::default() };
    for ((at, row), was) in new.iter().zip(&of_new) {
        let what = match was.map(|n| &old[n]) {
            None => {
                counts.added += 1;
                What::Added(row.fields().into_iter().filter(|(_, value)| !value.is_empty()).collect())
            }
            Some(was) if was == row => continue,
            Some(was) => {
                counts.changed += 1;
                let both = was.fields().into_iter().zip(row.fields());
                let differing = both.filter(|((_, old), (_, new))| old != new);
                What::Changed(differing.map(|((field, old), (_, new))| (field, old, new)).collect())
            }
        };
        out.push(Change { sheet, row: Some(*at), label: row.label(), what });
    }
    let kept: HashSet<usize> = of_new.into_iter().flatten().collect();
    for (_, row) in old.iter().enumerate().filter(|(n, _)| !kept.contains(n)) {
        counts.removed += 1;
        out.push(Change { sheet, row: None, label: row.label(), what: What::Removed });
    }
    counts
}

/// All that leads from one roster to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Rows that change, table by table; in each first what is new or another, then what is gone.
    pub changes: Vec<Change>,
    /// How much changes in each table.
    pub counts: Vec<(Sheet, Counts)>,
}

impl Difference {
    /// What leads from `old` to `new`.
    pub fn between(old: &Roster, new: &Roster) -> Self {
        let mut changes = Vec::new();
        let mut counts = Vec::new();
        for sheet in Sheet::ALL {
            let count = match sheet {
                Sheet::Units => {
                    let before: Vec<&Unit> = old.units.iter().collect();
                    compare(sheet, &before, &new.units.iter().enumerate().collect::<Vec<_>>(), &mut changes)
                }
                Sheet::Team(team) => {
                    let before: Vec<&Volunteer> = old.team(team).collect();
                    let of_team = |(_, it): &(usize, &Volunteer)| it.form.team() == team;
                    let after: Vec<_> = new.people.iter().enumerate().filter(of_team).collect();
                    compare(sheet, &before, &after, &mut changes)
                }
                Sheet::Headcounts => {
                    let before: Vec<&Headcount> = old.headcounts.iter().collect();
                    compare(sheet, &before, &new.headcounts.iter().enumerate().collect::<Vec<_>>(), &mut changes)
                }
            };
            counts.push((sheet, count));
        }
        Self { changes, counts }
    }

    /// Whether nothing changes.
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty()
    }

    /// How much changes in a table.
    pub fn of(&self, sheet: Sheet) -> Counts {
        self.counts.iter().find(|(of, _)| *of == sheet).map_or_else(Counts::default, |(_, counts)| *counts)
    }
}
