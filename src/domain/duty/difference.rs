//! What changes from one rota to another: what an import tells before it is done.

use super::rota::{Holiday, Rota, Shift, Swap};
use std::collections::HashSet;
use std::hash::Hash;

/// What is taken away and what is added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Shifts taken away, and added.
    pub shifts: (Vec<Shift>, Vec<Shift>),
    /// Holidays, likewise.
    pub holidays: (Vec<Holiday>, Vec<Holiday>),
    /// Swaps, likewise.
    pub swaps: (Vec<Swap>, Vec<Swap>),
}

impl Difference {
    /// What leads from `old` to `new`. People's own words are not part of it.
    pub fn between(old: &Rota, new: &Rota) -> Self {
        Self {
            shifts: parts(&old.shifts, &new.shifts),
            holidays: parts(&old.holidays, &new.holidays),
            swaps: parts(&old.swaps, &new.swaps),
        }
    }

    /// Whether both are the same.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

fn parts<T: Clone + Eq + Hash>(old: &[T], new: &[T]) -> (Vec<T>, Vec<T>) {
    let lacking = |from: &[T], others: &[T]| {
        let others: HashSet<&T> = others.iter().collect();
        from.iter().filter(|item| !others.contains(item)).cloned().collect()
    };
    (lacking(old, new), lacking(new, old))
}
