//! A month over again under any rule books: who would have been paid what, and where the ledger says otherwise.
//!
//! Works on the leads as they stand and on when each became due; what was undone in between is not in it, so that [`check`]
//! can only tell which leads were. Pure. Called by the dry run of a rule book.

use super::settle::{Cut, Earned, cut};
use super::{Books, bonus_rule};
use crate::domain::id::{AlarmId, ChatId, LeadId, Millis, UserId};
use crate::domain::lead::Lead;
use crate::domain::period::{Period, day_and_month};
use crate::domain::points::Target;
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap};

/// A lead as it stands, and when its rewards became due.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The lead.
    pub lead: Lead,
    /// When police held its event to be true; of a later report, when it was merged, if that was after.
    pub true_at: Option<Millis>,
    /// When it was resolved.
    pub resolved_at: Option<Millis>,
    /// Whether a decision about it was ever taken back.
    pub undone: bool,
}

/// Somebody who was called came to the scene of an alarm (not of a drill).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The alarm.
    pub alarm: AlarmId,
    /// Who came.
    pub user: UserId,
    /// When they first said so.
    pub at: Millis,
}

/// What a payment is for; each is paid once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum For {
    /// A tip, or a later report.
    Tip(LeadId),
    /// How a lead ended.
    Bonus(LeadId),
    /// Being there.
    Arrival(AlarmId, UserId),
}

/// A payment that the rules lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// What for.
    pub cause: For,
    /// To whom.
    pub person: UserId,
    /// Whole points; 0 where a cap left nothing.
    pub amount: i64,
    /// What cut it.
    pub cut: Option<Cut>,
}

/// What `books` pay for what became due in `period`, a month (or part of one), in the order in which it did. The cases are
/// whole families: see [`Books::dues`].
pub fn replay(books: &Books, cases: &[Case], arrivals: &[Arrival], period: Period, zone: Tz) -> Vec<Payment> {
    let leads: Vec<&Lead> = cases.iter().map(|case| &case.lead).collect();
    let dues = books.dues(&leads);
    let within = |at: Option<Millis>| at.filter(|at| period.contains(*at));
    let mut due: Vec<_> = dues.iter().zip(cases).filter_map(|(due, case)| Some((within(case.true_at)?, due))).collect();
    due.sort_by_key(|(at, due)| (*at, due.lead.duplicate_of.unwrap_or(due.lead.id), due.nth, due.lead.id));
    let (mut days, mut months): (HashMap<(UserId, Millis), i64>, HashMap<UserId, i64>) = Default::default();
    let mut groups: HashMap<ChatId, i64> = HashMap::new();
    let mut out = Vec::new();
    for (at, due) in due {
        let (Target::Posted(amount), Some(person)) = (due.tip, due.lead.reporter) else { continue };
        let day = days.entry((person, day_and_month(at, zone).0)).or_default();
        let month = months.entry(person).or_default();
        let group = groups.entry(due.lead.chat).or_default();
        let earned = Earned { day: *day, month: *month, group: *group };
        let (amount, cut) = cut(due.book, amount, earned, due.lead.chat.0 < 0);
        [day, month, group].into_iter().for_each(|sum| *sum += amount);
        out.push(Payment { cause: For::Tip(due.lead.id), person, amount, cut });
    }
    for (due, case) in dues.iter().zip(cases) {
        let (Some((_, amount)), Some(person)) = (due.bonus, due.lead.reporter) else { continue };
        if within(case.resolved_at).is_some() {
            out.push(Payment { cause: For::Bonus(due.lead.id), person, amount, cut: None });
        }
    }
    for arrival in arrivals.iter().filter(|arrival| period.contains(arrival.at)) {
        let (cause, amount) = (For::Arrival(arrival.alarm, arrival.user), books.in_force(arrival.at).on_scene);
        out.push(Payment { cause, person: arrival.user, amount, cut: None });
    }
    out
}

/// What the ledger paid for a cause within the period, net of what it took back, and whether it took any back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// To whom.
    pub person: UserId,
    /// Whole points.
    pub amount: i64,
    /// Whether any of it was ever taken back, or it is something that was taken back.
    pub reversed: bool,
}

/// Whether an entry's rule is one that [`replay`] knows: what it is for.
pub fn cause_of(rule: &str, lead: Option<LeadId>, alarm: Option<AlarmId>, person: UserId) -> Option<For> {
    use crate::domain::lead::LeadOutcome;
    match rule {
        super::TIP_VERIFIED | super::TIP_DUPLICATE => lead.map(For::Tip),
        super::ON_SCENE => alarm.map(|alarm| For::Arrival(alarm, person)),
        _ => lead
            .filter(|_| LeadOutcome::ALL.into_iter().filter_map(bonus_rule).any(|known| known == rule))
            .map(For::Bonus),
    }
}

/// Why a replay of the books in force is not what the ledger paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A decision was taken back, or taken anew.
    Undone,
    /// A cap or budget counts otherwise, because something else was undone, or moved to another month.
    Cap,
    /// The config was changed without a new version, or says nothing any more of what was in force.
    Config,
}

/// What is paid otherwise in the ledger than by the replay of the books that were in force, and why.
pub fn check(cases: &[Case], replayed: &[Payment], ledger: &BTreeMap<For, Paid>) -> BTreeMap<For, Reason> {
    let cases: HashMap<LeadId, &Case> = cases.iter().map(|case| (case.lead.id, case)).collect();
    let mut by_cause: BTreeMap<For, (i64, bool)> = BTreeMap::new();
    for payment in replayed {
        by_cause.insert(payment.cause, (payment.amount, payment.cut.is_some()));
    }
    let known: std::collections::BTreeSet<For> = by_cause.keys().chain(ledger.keys()).copied().collect();
    let undone = |cause: For| match cause {
        // What is not true any more is not replayed.
        For::Tip(lead) | For::Bonus(lead) => cases.get(&lead).is_none_or(|case| {
            let original = case.lead.duplicate_of.and_then(|original| cases.get(&original));
            case.undone || original.is_some_and(|case| case.undone)
        }),
        For::Arrival(..) => false,
    };
    known
        .into_iter()
        .filter_map(|cause| {
            let (expected, was_cut) = by_cause.get(&cause).copied().unwrap_or((0, false));
            let paid = ledger.get(&cause);
            let reason = match paid {
                _ if paid.map_or(0, |paid| paid.amount) == expected => return None,
                Some(Paid { reversed: true, .. }) => Reason::Undone,
                _ if undone(cause) => Reason::Undone,
                _ if was_cut => Reason::Cap,
                _ => Reason::Config,
            };
            Some((cause, reason))
        })
        .collect()
}
