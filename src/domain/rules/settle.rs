//! From how rewards stand to how they should stand: what a decision about a lead enters in the ledger, for it and for
//! every lead that stands or falls with it.
//!
//! What was paid stays paid, whatever caps and budgets were used up since; what is due anew goes through them. Pure.
//! Called by the triage flow.

use super::{Book, Books, Due, TIP_DUPLICATE, TIP_VERIFIED, bonus_rule};
use crate::domain::id::{ChatId, LeadId, Millis, UserId};
use crate::domain::lead::{Lead, LeadOutcome};
use crate::domain::points::{Account, Cause, Target, Transfer, TransferKind, position, settle, unreversed};
use std::collections::HashMap;

/// What was paid already for tips, whole points; what was taken back again does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earned {
    /// To the lead's reporter today.
    pub day: i64,
    /// To the lead's reporter this month.
    pub month: i64,
    /// To all people of the lead's group this month, for tips told there. 0 if no book has a budget, and for private chats.
    pub group: i64,
}

/// What cut a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// The person's daily cap.
    Day,
    /// The person's monthly cap.
    Month,
    /// The group's budget for the month.
    Group,
}

/// What is left of `amount` under a book's caps and budget, and which of them cut it most. `grouped`: the tip was told
/// in a group. A cap or budget of 0 is none.
pub fn cut(book: &Book, amount: i64, earned: Earned, grouped: bool) -> (i64, Option<Cut>) {
    let limits = [
        (Cut::Day, book.daily_cap, earned.day),
        (Cut::Month, book.monthly_cap, earned.month),
        (Cut::Group, if grouped { book.group_monthly_budget } else { 0 }, earned.group),
    ];
    let mut left = (amount, None);
    for (cut, limit, used) in limits {
        let room = (limit - used).max(0);
        if limit > 0 && room < left.0 {
            left = (room, Some(cut));
        }
    }
    left
}

/// A lead before and after a decision, and what the ledger says of it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Before.
    pub before: &'a Lead,
    /// After; the same of a lead that only stands or falls with the one decided.
    pub after: &'a Lead,
    /// The ledger's entries about it, oldest first.
    pub transfers: &'a [Transfer],
    /// What counts against caps and budget.
    pub earned: Earned,
}

/// Who decided what, when.
#[derive(Debug, Clone, Copy)]
pub struct Decided {
    /// The lead that the decision is about; its new version makes the keys unique.
    pub lead: LeadId,
    /// Its version after the decision.
    pub version: i64,
    /// When.
    pub at: Millis,
    /// Who; `None` for the product itself.
    pub by: Option<UserId>,
}

/// What became of one person's reward.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// For which lead.
    pub lead: LeadId,
    /// Whose.
    pub person: UserId,
    /// The entries; may be none where all was cut.
    pub entries: Vec<Transfer>,
    /// What cut it.
    pub cut: Option<Cut>,
    /// 0 for the first reporter, from 1 for later ones.
    pub nth: usize,
    /// The percentage by which a later reporter's share goes, if it does.
    pub percent: Option<i64>,
    /// The outcome of the bonus that was given, or taken back.
    pub bonus: Option<LeadOutcome>,
}

impl Settled {
    /// What the person's points to spend gain, or lose: without the bonus, and the bonus.
    pub fn gained(&self) -> (i64, i64) {
        let own = |bonus: bool| position(&of_rules(&self.entries, |rule| is_tip(rule) != bonus), self.person).1;
        (own(false), own(true))
    }

    /// What of the held points was given up without being paid.
    pub fn voided(&self) -> i64 {
        self.entries.iter().filter(|entry| entry.kind == TransferKind::Void).map(|entry| entry.amount).sum()
    }
}

/// The entries of those of these leads whose reward changes by a decision. The leads are whole families, before and
/// after: see [`Books::dues`].
pub fn settle_rewards(books: &Books, rewards: &[Standing<'_>], decided: Decided) -> Vec<Settled> {
    let before: Vec<&Lead> = rewards.iter().map(|reward| reward.before).collect();
    let after: Vec<&Lead> = rewards.iter().map(|reward| reward.after).collect();
    let mut used = Used::default();
    let mut out = Vec::new();
    for ((reward, was), due) in rewards.iter().zip(books.dues(&before)).zip(books.dues(&after)) {
        let Some(person) = reward.before.reporter.or(reward.after.reporter) else { continue };
        let mut settled = Settled {
            lead: due.lead.id,
            person,
            entries: Vec::new(),
            cut: None,
            nth: due.nth,
            percent: due.book.percent(due.nth),
            bonus: None,
        };
        let cause = |rule, nth: &str| {
            let own = format!("lead:{}:v{}", decided.lead, decided.version);
            let key = if due.lead.id == decided.lead { own } else { format!("lead:{}:of:{own}", due.lead.id) };
            let (book, lead, at, by) = (due.book.version.clone(), due.lead.id, decided.at, decided.by);
            Cause { key: format!("{key}{nth}"), rule, book, lead, at, by }
        };
        if was.tip != due.tip {
            let tips = of_rules(reward.transfers, is_tip);
            let (target, cut) = used.target(reward, &was, &due, person, position(&tips, person).1);
            settled.cut = cut;
            settled.entries = settle(&tips, person, target, &cause(due.rule, ""));
            used.note(person, due.lead.chat, position(&settled.entries, person).1);
        }
        if was.bonus != due.bonus {
            settled.bonus = due.bonus.or(was.bonus).map(|(outcome, _)| outcome);
            for outcome in LeadOutcome::ALL {
                let Some(rule) = bonus_rule(outcome) else { continue };
                let want = due.bonus.filter(|(due, _)| *due == outcome).map_or(0, |(_, amount)| amount);
                let given = of_rules(reward.transfers, |known| known == rule);
                settled.entries.extend(settle_award(&given, person, want, &cause(rule, &format!(":{rule}"))));
            }
        }
        if !settled.entries.is_empty() || settled.cut.is_some() {
            out.push(settled);
        }
    }
    out
}

fn is_tip(rule: &str) -> bool {
    rule == TIP_VERIFIED || rule == TIP_DUPLICATE
}

/// Entries of certain rules: a lead's ledger also holds what guards got for its alarm, and corrections.
fn of_rules(transfers: &[Transfer], is: impl Fn(&str) -> bool) -> Vec<Transfer> {
    transfers.iter().filter(|transfer| is(&transfer.rule)).cloned().collect()
}

/// The entries by which what was given at once becomes `want`.
fn settle_award(given: &[Transfer], person: UserId, want: i64, cause: &Cause) -> Vec<Transfer> {
    let own = Account::Person(person);
    let (_, has) = position(given, person);
    if want >= has {
        let award = (want > has).then(|| cause.transfer(TransferKind::Award, Account::Budget, own, want - has, 0));
        return award.into_iter().collect();
    }
    let mut back = has - want;
    let mut out = Vec::new();
    for (key, left) in unreversed(given, &own) {
        let part = left.min(back);
        if part > 0 {
            let mut entry = cause.transfer(TransferKind::Reversal, own.clone(), Account::Budget, part, out.len());
            entry.reverses = Some(key.to_owned());
            out.push(entry);
        }
        back -= part;
    }
    out
}

/// What this very decision pays, beside what was earned before.
#[derive(Default)]
struct Used {
    people: HashMap<UserId, i64>,
    groups: HashMap<ChatId, i64>,
}

impl Used {
    fn note(&mut self, person: UserId, chat: ChatId, gained: i64) {
        *self.people.entry(person).or_default() += gained;
        *self.groups.entry(chat).or_default() += gained;
    }

    /// How a reward should stand, of which `paid` is paid: what was due before and is still is not cut again.
    fn target(
        &self,
        reward: &Standing<'_>,
        was: &Due<'_>,
        due: &Due<'_>,
        person: UserId,
        paid: i64,
    ) -> (Target, Option<Cut>) {
        let Target::Posted(amount) = due.tip else { return (due.tip, None) };
        let before = if let Target::Posted(before) = was.tip { before } else { 0 };
        if amount <= before {
            return (Target::Posted(paid.min(amount)), None);
        }
        let chat = reward.after.chat;
        let so_far = self.people.get(&person).copied().unwrap_or(0);
        let earned = Earned {
            day: reward.earned.day + so_far,
            month: reward.earned.month + so_far,
            group: reward.earned.group + self.groups.get(&chat).copied().unwrap_or(0),
        };
        let (more, cut) = cut(due.book, amount - before, earned, chat.0 < 0);
        (Target::Posted(paid + more), cut)
    }
}
