//! Redemption (积分兑换): what people take for their points, and how it gets to them (SEED-FACTS P1, X3).
//!
//! Points are set aside when a reward is asked for, taken when it is handed out, and given back when it comes to
//! nothing. Dear rewards need the yes of others than the one who asks and the one who hands out. Whoever collects shows
//! a code and no name. Called by the redemption flow.

use super::id::{Millis, RedemptionId, UserId};
use super::member::Language;
use super::points::{Account, Transfer, TransferKind};
use serde::{Deserialize, Serialize};

/// Something that can be had for points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Its code, short: it travels in buttons.
    pub code: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// What it costs, points.
    pub price: i64,
    /// How many are on the shelf and not set aside.
    pub stock: i64,
    /// Whether it stands in the list.
    pub offered: bool,
    /// The platform's id of a photo of it.
    pub picture: Option<String>,
}

/// The longest code of a reward, bytes: it travels in buttons.
pub const LONGEST_CODE: usize = 24;
/// The longest name of a reward, characters.
pub const LONGEST_NAME: usize = 40;
/// No reward costs, and no shelf holds, more.
pub const MOST: i64 = 1_000_000;

impl Reward {
    /// Whether a text can be the code of a reward.
    pub fn is_code(text: &str) -> bool {
        !text.is_empty() && text.len() <= LONGEST_CODE && !text.contains([':', ' ', '\u{3000}'])
    }

    /// Its name in a language; in the other one if it has none there.
    pub fn name(&self, language: Language) -> &str {
        named(&self.zh, &self.en, language)
    }
}

/// A reward's name in a language, of its two; in the other one if it has none there.
pub fn named<'a>(zh: &'a str, en: &'a str, language: Language) -> &'a str {
    match language {
        Language::Zh if !zh.is_empty() => zh,
        Language::En if en.is_empty() => zh,
        _ => en,
    }
}

/// How far a redemption has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedemptionState {
    /// Others must say yes.
    Asked,
    /// It can be collected.
    Ready,
    /// It was.
    HandedOut,
    /// Somebody said no.
    Refused,
    /// Whoever asked for it thought better of it.
    Cancelled,
    /// Nobody collected it in time.
    Lapsed,
}

impl RedemptionState {
    /// Each state with its name, in the database and in filed tables.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Asked, "asked"),
        (Self::Ready, "ready"),
        (Self::HandedOut, "handed_out"),
        (Self::Refused, "refused"),
        (Self::Cancelled, "cancelled"),
        (Self::Lapsed, "lapsed"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// Whether points are still set aside for it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Ready)
    }
}

/// A yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// Whose.
    pub by: UserId,
    /// When.
    pub at: Millis,
}

/// Somebody takes a reward for their points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// Its number.
    pub id: RedemptionId,
    /// Counted up by each change.
    pub version: i64,
    /// Who.
    pub user: UserId,
    /// The reward's code.
    pub reward: String,
    /// What it was called in Chinese.
    pub zh: String,
    /// What it was called in English.
    pub en: String,
    /// What it cost, points.
    pub price: i64,
    /// How far it has come.
    pub state: RedemptionState,
    /// The code by which it is collected.
    pub code: String,
    /// How many must say yes.
    pub approvals_needed: i64,
    /// Who did, in order.
    pub approvals: Vec<Approval>,
    /// When it was asked for.
    pub asked_at: Millis,
    /// When it lapses if nobody collects it.
    pub expires_at: Millis,
    /// When it was handed out, or came to nothing.
    pub ended_at: Option<Millis>,
    /// By whose hand; `None`: by itself.
    pub ended_by: Option<UserId>,
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedemptionRefusal {
    /// It is over: handed out, refused, cancelled or lapsed.
    Over,
    /// Others must say yes first.
    NotApproved,
    /// One cannot say yes to, or hand out, what one takes oneself.
    Own,
    /// Whoever said yes cannot be the one who hands it out, nor say yes twice.
    SamePerson,
}

impl Redemption {
    /// What it was called.
    pub fn name(&self, language: Language) -> &str {
        named(&self.zh, &self.en, language)
    }

    /// Somebody says yes.
    ///
    /// # Errors
    /// It does not wait for one, or not for this person's.
    pub fn approve(&mut self, by: UserId, at: Millis) -> Result<(), RedemptionRefusal> {
        self.must_be_open()?;
        if by == self.user {
            return Err(RedemptionRefusal::Own);
        }
        if self.state == RedemptionState::Ready || self.approvals.iter().any(|approval| approval.by == by) {
            return Err(RedemptionRefusal::SamePerson);
        }
        self.approvals.push(Approval { by, at });
        if self.approvals.len() as i64 >= self.approvals_needed {
            self.state = RedemptionState::Ready;
        }
        self.version += 1;
        Ok(())
    }

    /// It is handed out; gives the ledger's entry.
    ///
    /// # Errors
    /// It is over or not approved, or this person may not be the one.
    pub fn hand_out(&mut self, by: UserId, at: Millis) -> Result<Transfer, RedemptionRefusal> {
        self.must_be_open()?;
        if by == self.user {
            return Err(RedemptionRefusal::Own);
        }
        if self.state == RedemptionState::Asked {
            return Err(RedemptionRefusal::NotApproved);
        }
        if self.approvals.iter().any(|approval| approval.by == by) {
            return Err(RedemptionRefusal::SamePerson);
        }
        self.end(RedemptionState::HandedOut, Some(by), at);
        Ok(self.transfer(TransferKind::Redeem, Account::Reserved(self.user), Account::Rewards, Some(by), at))
    }

    /// It comes to nothing: refused, cancelled or lapsed; gives the ledger's entry.
    ///
    /// # Errors
    /// It is over.
    pub fn release(
        &mut self,
        how: RedemptionState,
        by: Option<UserId>,
        at: Millis,
    ) -> Result<Transfer, RedemptionRefusal> {
        self.must_be_open()?;
        self.end(how, by, at);
        Ok(self.transfer(TransferKind::Release, Account::Reserved(self.user), Account::Person(self.user), by, at))
    }

    /// The entry that sets its points aside.
    pub fn reserve(&self) -> Transfer {
        let (from, to) = (Account::Person(self.user), Account::Reserved(self.user));
        self.transfer(TransferKind::Reserve, from, to, Some(self.user), self.asked_at)
    }

    fn must_be_open(&self) -> Result<(), RedemptionRefusal> {
        if self.state.is_open() { Ok(()) } else { Err(RedemptionRefusal::Over) }
    }

    fn end(&mut self, state: RedemptionState, by: Option<UserId>, at: Millis) {
        (self.state, self.ended_by, self.ended_at) = (state, by, Some(at));
        self.version += 1;
    }

    fn transfer(
        &self,
        kind: TransferKind,
        debit: Account,
        credit: Account,
        by: Option<UserId>,
        at: Millis,
    ) -> Transfer {
        Transfer {
            // Each of the three happens once.
            key: format!("redemption:{}:{}", self.id, kind.name()),
            kind,
            debit,
            credit,
            amount: self.price,
            at,
            rule: "redeem".into(),
            book: String::new(),
            lead: None,
            alarm: None,
            redemption: Some(self.id),
            reason: None,
            reverses: None,
            by,
        }
    }
}

/// So many others must say yes from a price on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// From this price on, points.
    pub from: i64,
    /// How many must say yes.
    pub approvals: i64,
}

/// How many must say yes at a price: the tier with the highest start that it reaches; none below all.
pub fn approvals_needed(tiers: &[Tier], price: i64) -> i64 {
    tiers.iter().filter(|tier| price >= tier.from).max_by_key(|tier| tier.from).map_or(0, |tier| tier.approvals)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Millis = Millis(5);
    const ASKER: UserId = UserId(7);
    const CLERK: UserId = UserId(8);
    const CHIEF: UserId = UserId(9);

    fn asked(approvals_needed: i64) -> Redemption {
        Redemption {
            id: RedemptionId(3),
            version: 1,
            user: ASKER,
            reward: "R1".into(),
            zh: "雨伞".into(),
            en: String::new(),
            price: 40,
            state: if approvals_needed > 0 { RedemptionState::Asked } else { RedemptionState::Ready },
            code: "ABCD2345".into(),
            approvals_needed,
            approvals: Vec::new(),
            asked_at: AT,
            expires_at: AT.plus_ms(9),
            ended_at: None,
            ended_by: None,
        }
    }

    #[test]
    fn three_people_are_needed_for_a_dear_one() {
        let mut dear = asked(1);
        assert_eq!(dear.hand_out(CLERK, AT), Err(RedemptionRefusal::NotApproved));
        assert_eq!(dear.approve(ASKER, AT), Err(RedemptionRefusal::Own));
        assert_eq!(dear.approve(CHIEF, AT), Ok(()));
        assert_eq!(dear.approve(CHIEF, AT), Err(RedemptionRefusal::SamePerson));
        assert_eq!(dear.hand_out(CHIEF, AT), Err(RedemptionRefusal::SamePerson));
        assert_eq!(dear.hand_out(ASKER, AT), Err(RedemptionRefusal::Own));
        let taken = dear.hand_out(CLERK, AT).unwrap();
        assert_eq!((taken.kind, taken.amount, taken.debit), (TransferKind::Redeem, 40, Account::Reserved(ASKER)));
        assert_eq!(dear.hand_out(CLERK, AT), Err(RedemptionRefusal::Over));
        assert_eq!(dear.release(RedemptionState::Cancelled, None, AT), Err(RedemptionRefusal::Over));
        assert_eq!((dear.state, dear.version, dear.ended_by), (RedemptionState::HandedOut, 3, Some(CLERK)));
    }

    #[test]
    fn two_must_say_yes_if_the_tier_says_so() {
        let tiers = [Tier { from: 100, approvals: 1 }, Tier { from: 500, approvals: 2 }];
        assert_eq!([0, 99, 100, 499, 500, 9_000].map(|price| approvals_needed(&tiers, price)), [0, 0, 1, 1, 2, 2]);
        let mut dear = asked(2);
        dear.approve(CHIEF, AT).unwrap();
        assert_eq!(dear.state, RedemptionState::Asked);
        dear.approve(CLERK, AT).unwrap();
        assert_eq!(dear.state, RedemptionState::Ready);
    }

    #[test]
    fn what_comes_to_nothing_gives_the_points_back() {
        for how in [RedemptionState::Refused, RedemptionState::Cancelled, RedemptionState::Lapsed] {
            let mut one = asked(0);
            let (aside, back) = (one.reserve(), one.release(how, None, AT).unwrap());
            assert_eq!((aside.debit, aside.credit, aside.amount), (back.credit, back.debit, back.amount));
            assert_ne!(aside.key, back.key);
            assert_eq!(one.state, how);
        }
        assert_eq!((asked(0).name(Language::En), asked(0).name(Language::Zh)), ("雨伞", "雨伞"));
    }
}
