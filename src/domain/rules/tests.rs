//! Tables and laws of rule books.

use super::settle::{Cut, Decided, Earned, Standing, cut, settle_rewards};
use super::*;
use crate::domain::id::{ChatId, EventSeq, MessageId};
use crate::domain::lead::LeadAction;
use crate::domain::points::{Account, Transfer, TransferKind, position};
use proptest::prelude::*;

const DAY: i64 = 86_400_000;

fn base() -> Book {
    Book {
        version: "base".into(),
        from: Millis(i64::MIN),
        tip_verified: 10,
        categories: BTreeMap::new(),
        later: Later::Each(5),
        on_scene: 5,
        daily_cap: 0,
        monthly_cap: 0,
        group_monthly_budget: 0,
        bonuses: BTreeMap::new(),
    }
}

/// From day 10 on theft is worth 20, later reporters get a half and a quarter; from day 20 on outcomes add something.
fn books() -> Books {
    let second = Book {
        version: "2027".into(),
        from: Millis(10 * DAY),
        categories: [("theft".to_owned(), 20)].into(),
        later: Later::Percent(vec![50, 25]),
        ..base()
    };
    let bonuses = [(LeadOutcome::Stopped, 50), (LeadOutcome::Solved, 100)].into();
    let third = Book { version: "2028".into(), from: Millis(20 * DAY), bonuses, tip_verified: 7, ..second.clone() };
    Books::new(base(), vec![third, second])
}

fn lead(id: i64, reporter: i64, at: Millis) -> Lead {
    Lead {
        id: LeadId(id),
        version: 1,
        state: LeadState::New,
        category: None,
        urgent: false,
        occurred: None,
        scene: None,
        unknown_place: None,
        description: String::new(),
        relay_text: String::new(),
        chat: ChatId(-100),
        tip_chat: ChatId(-100),
        thread: None,
        message: MessageId(id),
        reporter: (reporter > 0).then_some(UserId(reporter)),
        reporter_code: String::new(),
        private: false,
        written_at: at,
        received_at: at,
        first_event: EventSeq(id),
        first_update_id: None,
        officer: None,
        decided_at: None,
        duplicate_of: None,
        asked: false,
        outcome: None,
    }
}

#[test]
fn a_book_is_in_force_from_its_first_instant_to_the_next_ones() {
    let books = books();
    let version = |at: i64| books.in_force(Millis(at)).version.as_str();
    assert_eq!(version(-DAY), "base");
    assert_eq!((version(10 * DAY - 1), version(10 * DAY)), ("base", "2027"));
    assert_eq!((version(20 * DAY - 1), version(20 * DAY), version(999 * DAY)), ("2027", "2028", "2028"));
}

#[test]
fn amounts_go_by_category_and_place_in_the_row() {
    let books = books();
    let book = books.in_force(Millis(10 * DAY));
    assert_eq!((book.tip(Some("theft")), book.tip(Some("fire")), book.tip(None)), (20, 10, 10));
    assert_eq!([1, 2, 3].map(|nth| book.share(15, nth)), [7, 3, 0], "rounded down; nothing after the last");
    assert_eq!([1, 2, 99].map(|nth| base().share(15, nth)), [5, 5, 5]);
    assert_eq!((book.share(15, 0), book.percent(2), base().percent(1)), (0, Some(25), None));
}

#[test]
fn caps_and_budgets_leave_the_rest_and_say_which_of_them_cut_most() {
    let book = Book { daily_cap: 50, monthly_cap: 500, group_monthly_budget: 1000, ..base() };
    let with = |day, month, group| cut(&book, 10, Earned { day, month, group }, true);
    assert_eq!(with(0, 0, 0), (10, None));
    assert_eq!(with(40, 490, 990), (10, None), "exactly full is not cut");
    assert_eq!(with(46, 0, 0), (4, Some(Cut::Day)));
    assert_eq!(with(46, 498, 0), (2, Some(Cut::Month)));
    assert_eq!(with(46, 498, 1005), (0, Some(Cut::Group)));
    assert_eq!(cut(&book, 10, Earned { day: 0, month: 0, group: 1000 }, false), (10, None), "told in private");
    assert_eq!(cut(&base(), 10, Earned { day: 1 << 40, month: 1 << 40, group: 1 << 40 }, true), (10, None));
}

#[test]
fn later_reporters_stand_in_the_order_of_their_tips_and_each_is_paid_once() {
    let books = books();
    let at = |n: i64| Millis(10 * DAY + n);
    let category = Some("theft".to_owned());
    let original = Lead { state: LeadState::Verified, category, ..lead(1, 11, at(1)) };
    let merged = |id, who| Lead { state: LeadState::Duplicate, duplicate_of: Some(LeadId(1)), ..lead(id, who, at(id)) };
    // Merged in any order; told by 12, 11 again, nobody known, 12 again, 13.
    let (a, b, c, d, e) = (merged(2, 12), merged(3, 11), merged(4, 0), merged(5, 12), merged(6, 13));
    let dues = books.dues(&[&e, &d, &original, &c, &b, &a]);
    let told = |id: i64| {
        let due = dues.iter().find(|due| due.lead.id == LeadId(id)).unwrap();
        (due.tip, due.nth, due.rule)
    };
    assert_eq!(told(1), (Target::Posted(20), 0, TIP_VERIFIED));
    assert_eq!(told(2), (Target::Posted(10), 1, TIP_DUPLICATE));
    assert_eq!(told(3), (Target::Nothing, 0, TIP_DUPLICATE), "paid in full already");
    assert_eq!((told(4).0, told(5).0), (Target::Nothing, Target::Nothing));
    assert_eq!(told(6), (Target::Posted(0), 3, TIP_DUPLICATE), "the unknown one keeps the second place");
    assert_eq!(books.dues(&[&a])[0].tip, Target::Nothing, "without its original");
}

#[test]
fn what_a_cap_cut_is_not_made_up_for_by_resolving() {
    let book = Book { daily_cap: 50, ..base() };
    let books = Books::new(book, vec![]);
    let before = lead(1, 11, Millis(1));
    let verified = Lead { state: LeadState::Verified, version: 2, ..before.clone() };
    let resolved =
        Lead { state: LeadState::Resolved, version: 3, outcome: Some(LeadOutcome::Handled), ..before.clone() };
    let decided = |version| Decided { lead: LeadId(1), version, at: Millis(version), by: None };
    let full = Earned { day: 50, month: 50, group: 0 };
    let first = Standing { before: &before, after: &verified, transfers: &[], earned: full };
    let settled = settle_rewards(&books, &[first], decided(2));
    assert_eq!((settled[0].gained(), settled[0].cut), ((0, 0), Some(Cut::Day)));
    let next_day = Standing { before: &verified, after: &resolved, transfers: &[], earned: Earned::default() };
    assert_eq!(settle_rewards(&books, &[next_day], decided(3)), vec![]);
}

#[test]
fn one_decision_spends_a_budget_once() {
    let books = Books::new(Book { group_monthly_budget: 13, ..base() }, vec![]);
    let before = lead(1, 11, Millis(1));
    let after = Lead { state: LeadState::Verified, version: 2, ..before.clone() };
    let merged = Lead { state: LeadState::Duplicate, duplicate_of: Some(LeadId(1)), ..lead(2, 12, Millis(2)) };
    let earned = Earned::default();
    let rewards = [
        Standing { before: &before, after: &after, transfers: &[], earned },
        Standing { before: &merged, after: &merged, transfers: &[], earned },
    ];
    let settled = settle_rewards(&books, &rewards, Decided { lead: LeadId(1), version: 2, at: Millis(9), by: None });
    let told: Vec<_> = settled.iter().map(|it| (it.gained().0, it.cut)).collect();
    assert_eq!(told, [(10, None), (3, Some(Cut::Group))]);
    assert_eq!(settled[1].entries[0].key, "lead:2:of:lead:1:v2:0");
}

#[test]
fn what_guards_got_for_the_alarm_of_a_lead_is_no_part_of_its_reward() {
    let (before, books) = (lead(1, 11, Millis(1)), Books::new(base(), vec![]));
    let after = Lead { state: LeadState::Verified, version: 2, ..before.clone() };
    let mut award = settle_rewards(
        &books,
        &[Standing { before: &before, after: &after, transfers: &[], earned: Earned::default() }],
        Decided { lead: LeadId(1), version: 2, at: Millis(1), by: None },
    )
    .remove(0)
    .entries;
    award.retain(|entry| entry.kind == TransferKind::Post);
    award[0].rule = ON_SCENE.into();
    let again = Standing { before: &before, after: &after, transfers: &award, earned: Earned::default() };
    let settled = settle_rewards(&books, &[again], Decided { lead: LeadId(1), version: 2, at: Millis(1), by: None });
    assert_eq!(settled[0].gained(), (10, 0));
}

/// Something that police, or a reporter, do to one of the leads.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Act(usize, LeadAction),
    Undo(usize),
    Kind(usize, bool),
}

fn deed() -> impl Strategy<Value = Deed> {
    let act = prop_oneof![
        Just(LeadAction::Claim),
        Just(LeadAction::Verify),
        Just(LeadAction::Verify),
        Just(LeadAction::Unfounded),
        Just(LeadAction::Reopen),
        Just(LeadAction::Withdraw),
        prop::sample::select(LeadOutcome::ALL.to_vec()).prop_map(|outcome| LeadAction::Resolve { outcome }),
        (1i64..=5).prop_map(|id| LeadAction::DuplicateOf { original: LeadId(id) }),
        (1i64..=2).prop_map(|id| LeadAction::DuplicateOf { original: LeadId(id) }),
    ];
    prop_oneof![
        8 => (0usize..5, act).prop_map(|(n, action)| Deed::Act(n, action)),
        2 => (0usize..5).prop_map(Deed::Undo),
        1 => (0usize..5, any::<bool>()).prop_map(|(n, theft)| Deed::Kind(n, theft)),
    ]
}

/// The leads, how each was before its last step, and the ledger: as the desk's flow keeps them.
struct Desk {
    books: Books,
    leads: Vec<Lead>,
    before: Vec<Option<Lead>>,
    ledger: Vec<Transfer>,
}

impl Desk {
    fn apply(&mut self, deed: Deed) {
        let (n, after) = match deed {
            Deed::Act(n, action) => {
                let mut lead = self.leads[n].clone();
                if let LeadAction::DuplicateOf { original } = action {
                    let has_own = self.leads.iter().any(|it| it.duplicate_of == Some(lead.id));
                    let other = self.leads.iter().find(|it| it.id == original).unwrap();
                    if has_own || matches!(other.state, LeadState::Duplicate | LeadState::Withdrawn) {
                        return;
                    }
                }
                if lead.act(action, None, Millis(0)).is_err() {
                    return;
                }
                self.before[n] = Some(self.leads[n].clone());
                (n, lead)
            }
            Deed::Undo(n) => {
                let Some(before) = self.before[n].take() else { return };
                let gone = |original: LeadId| {
                    let it = self.leads.iter().find(|it| it.id == original).unwrap();
                    it.state == LeadState::Duplicate || it.state == LeadState::Withdrawn
                };
                if before.duplicate_of.is_some_and(gone)
                    || before.duplicate_of.is_some() && self.leads.iter().any(|it| it.duplicate_of == Some(before.id))
                {
                    return;
                }
                (n, Lead { version: self.leads[n].version + 1, ..before })
            }
            Deed::Kind(n, theft) => {
                let lead = &self.leads[n];
                if !matches!(lead.state, LeadState::New | LeadState::Claimed) {
                    return;
                }
                self.before[n] = None;
                let category = theft.then(|| "theft".to_owned());
                (n, Lead { version: lead.version + 1, category, ..lead.clone() })
            }
        };
        let of = |id: LeadId| -> Vec<Transfer> {
            self.ledger.iter().filter(|entry| entry.lead == Some(id)).cloned().collect()
        };
        let entries: Vec<Vec<Transfer>> = self.leads.iter().map(|lead| of(lead.id)).collect();
        let rewards: Vec<Standing<'_>> = self
            .leads
            .iter()
            .enumerate()
            .map(|(k, lead)| Standing {
                before: lead,
                after: if k == n { &after } else { lead },
                transfers: &entries[k],
                earned: Earned::default(),
            })
            .collect();
        let decided = Decided { lead: after.id, version: after.version, at: Millis(0), by: None };
        let settled = settle_rewards(&self.books, &rewards, decided);
        self.ledger.extend(settled.into_iter().flat_map(|it| it.entries));
        self.leads[n] = after;
    }
}

/// Every balance after every entry, in order; fails below zero.
fn no_balance_is_ever_below_zero(ledger: &[Transfer]) -> bool {
    let mut held: HashMap<&Account, i64> = HashMap::new();
    ledger.iter().all(|entry| {
        *held.entry(&entry.credit).or_default() += entry.amount;
        let left = held.entry(&entry.debit).or_default();
        *left -= entry.amount;
        *left >= 0 || matches!(entry.debit, Account::Budget)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Caps off, every reward stands as the rules say of the leads as they are, whatever led there.
    #[test]
    fn the_ledger_ends_where_the_rules_say(
        days in prop::collection::vec(0i64..30, 5),
        who in prop::collection::vec(0i64..4, 5),
        deeds in prop::collection::vec(deed(), 1..40),
    ) {
        let leads: Vec<Lead> =
            (0..5).map(|n| lead(n as i64 + 1, who[n], Millis(days[n] * DAY + n as i64))).collect();
        let mut desk = Desk { books: books(), before: vec![None; 5], ledger: Vec::new(), leads };
        // As when they came in.
        for lead in &desk.leads {
            let Some(user) = lead.reporter else { continue };
            let book = desk.books.in_force(lead.received_at);
            let cause = crate::domain::points::Cause {
                key: format!("lead:{}:v1", lead.id), rule: TIP_VERIFIED, book: book.version.clone(),
                lead: lead.id, at: Millis(0), by: None,
            };
            desk.ledger.extend(crate::domain::points::settle(&[], user, Target::Held(book.tip(None)), &cause));
        }
        for deed in deeds {
            desk.apply(deed);
            let leads: Vec<&Lead> = desk.leads.iter().collect();
            for due in desk.books.dues(&leads) {
                let Some(person) = due.lead.reporter else { continue };
                let own: Vec<Transfer> =
                    desk.ledger.iter().filter(|entry| entry.lead == Some(due.lead.id)).cloned().collect();
                let (held, posted) = position(&own, person);
                let bonus = due.bonus.map_or(0, |(_, amount)| amount);
                let want = match due.tip {
                    Target::Held(n) => (n, bonus),
                    Target::Posted(n) => (0, n + bonus),
                    Target::Nothing => (0, bonus),
                };
                prop_assert_eq!((held, posted), want, "{:?} {:?}", deed, due);
                prop_assert!(own.iter().all(|entry| entry.book == due.book.version));
            }
        }
        let mut keys: Vec<&str> = desk.ledger.iter().map(|entry| entry.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), desk.ledger.len(), "no key twice");
        prop_assert!(no_balance_is_ever_below_zero(&desk.ledger));
        for entry in &desk.ledger {
            prop_assert_eq!(entry.kind == TransferKind::Reversal, entry.reverses.is_some());
            let Some(key) = &entry.reverses else { continue };
            let paid = desk.ledger.iter().find(|it| &it.key == key).unwrap();
            let back: i64 =
                desk.ledger.iter().filter(|it| it.reverses.as_ref() == Some(key)).map(|it| it.amount).sum();
            prop_assert!(back <= paid.amount, "more is taken back of {} than it paid", key);
        }
    }
}
