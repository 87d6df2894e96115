//! Points enter once, never change, and add up.

use super::*;
use baiying::port::audit::Law;

#[tokio::test]
async fn a_transfer_enters_once() {
    let store = fresh().await;
    let (person, held) = (Account::Person(UserId(7)), Account::Held(UserId(7)));
    let hold = transfer("lead:1:hold", TransferKind::Hold, Account::Budget, held.clone(), 15);
    let posting = transfer("lead:1:post", TransferKind::Post, held, person.clone(), 15);
    let (first, second) = (store.event(DESK).await, store.event(DESK).await);
    let changes = Changes { transfers: vec![hold, posting.clone()], ..Changes::default() };
    let steps = [Step { event: first, changes: changes.clone() }, Step { event: second, changes: changes.clone() }];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), [Applied::Done, Applied::Done]);
    store.done(changes).await;
    let reserved = Account::Reserved(UserId(7));
    for n in 0..12 {
        let spent = transfer(&format!("spend:{n}"), TransferKind::Reserve, person.clone(), reserved.clone(), 1);
        store.done(Changes { transfers: vec![spent], ..Changes::default() }).await;
    }
    let taken = transfer("take", TransferKind::Redeem, reserved, Account::Rewards, 5);
    store.done(Changes { transfers: vec![taken], ..Changes::default() }).await;
    let statement = store.ask(Ask { statement: Some(UserId(7)), ..Ask::default() }).await.statement;
    assert_eq!((statement.balance, statement.held, statement.reserved, statement.entries.len()), (3, 0, 7, 10));
    let line = StatementLine {
        at: NOW,
        amount: -1,
        rule: "tip_verified".into(),
        kind: TransferKind::Reserve,
        lead: None,
        alarm: Some(AlarmId(1)),
        reason: None,
        reward: None,
    };
    assert_eq!(statement.entries[0], line);
    let all = store.entries_between(NOW, NOW.plus_ms(1), (NOW, 0), 99).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    assert_eq!(all[1].transfer, posting);
    let rest = store.entries_between(NOW, NOW.plus_ms(1), (NOW, 4), 3).await.unwrap();
    assert_eq!(rest, all[4..7]);
    assert_eq!(store.entries_between(NOW.plus_ms(-9), NOW, (NOW.plus_ms(-9), 0), 9).await.unwrap(), []);
}

/// The words in which the database refuses a step.
async fn refused(store: &Fresh, transfer: Transfer) -> String {
    let event = store.event(DESK).await;
    let step = Step { event, changes: Changes { transfers: vec![transfer], ..Changes::default() } };
    match store.apply(&[step], NOW).await.unwrap().remove(0) {
        Applied::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_does_not_add_up_is_refused() {
    use TransferKind::{Award, Correction, Hold, Post, Redeem, Reserve, Reversal, Void};
    let store = fresh().await;
    let (budget, person, held) = (Account::Budget, Account::Person(UserId(7)), Account::Held(UserId(7)));
    let (other, reserved) = (Account::Person(UserId(8)), Account::Reserved(UserId(7)));
    let award = transfer("a", Award, budget.clone(), person.clone(), 5);
    store.done(Changes { transfers: vec![award], ..Changes::default() }).await;
    let entry =
        |kind, debit: &Account, credit: &Account, amount| transfer("x", kind, debit.clone(), credit.clone(), amount);
    let uncaused = Transfer { alarm: None, ..entry(Award, &budget, &person, 1) };
    let of = |reverses: &str| Some(reverses.to_owned());
    for (words, wrong) in [
        ("from one account to another", entry(Award, &budget, &held, 1)),
        ("from one account to another", entry(Hold, &held, &budget, 1)),
        ("from one account to another", entry(Post, &held, &other, 1)),
        ("from one account to another", entry(Redeem, &person, &Account::Rewards, 1)),
        ("constraint", entry(Award, &budget, &person, 0)),
        ("names its cause", uncaused.clone()),
        ("names its cause", Transfer { reason: of(""), ..uncaused.clone() }),
        ("names its cause", entry(Correction, &budget, &person, 1)),
        ("takes back", entry(Reversal, &person, &budget, 1)),
        ("takes back", Transfer { reverses: of("gone"), ..entry(Reversal, &person, &budget, 1) }),
        ("overdrawn", entry(Reserve, &person, &reserved, 6)),
        ("overdrawn", entry(Reserve, &other, &Account::Reserved(UserId(8)), 1)),
        ("overdrawn", entry(Void, &held, &budget, 1)),
        ("overdrawn", entry(Redeem, &reserved, &Account::Rewards, 1)),
    ] {
        let why = refused(&store, wrong.clone()).await;
        assert!(why.contains(words), "{wrong:?}: {why}");
    }
    // What was paid in error may have been spent.
    let spent = entry(Reserve, &person, &reserved, 5);
    let back = Transfer { key: "b".into(), reverses: of("a"), ..entry(Reversal, &person, &budget, 5) };
    let fine =
        Transfer { key: "c".into(), reason: of("paid twice"), alarm: None, ..entry(Correction, &person, &budget, 2) };
    for entry in [spent, back, fine] {
        store.done(Changes { transfers: vec![entry], ..Changes::default() }).await;
    }
    let statement = store.ask(Ask { statement: Some(UserId(7)), ..Ask::default() }).await.statement;
    assert_eq!((statement.balance, statement.reserved), (-7, 5));
    assert_eq!(store.audit().await.unwrap().breaches, []);
}

#[tokio::test]
async fn nothing_is_dated_into_a_closed_month() {
    let store = fresh().await;
    let award = |key: &str| transfer(key, TransferKind::Award, Account::Budget, Account::Person(UserId(7)), 5);
    store.done(Changes { transfers: vec![award("a")], ..Changes::default() }).await;
    let until = NOW.plus_ms(10);
    let close = format!("UPDATE ledger_head SET closed_until = {}", until.0);
    store.database.link().await.run(&close).await.unwrap();
    store.done(Changes { transfers: vec![award("b")], ..Changes::default() }).await;
    let dates = store.entries_between(Millis(0), Millis(i64::MAX), (Millis(0), 0), 9).await.unwrap();
    assert_eq!(dates.iter().map(|entry| entry.transfer.at).collect::<Vec<_>>(), [NOW, until]);
    let reopened = store.database.link().await.run("UPDATE ledger_head SET closed_until = 0").await.unwrap_err();
    assert!(reopened.to_string().contains("only goes on"), "{reopened}");
}

async fn miscounted(store: &Fresh) -> i64 {
    let breaches = store.audit().await.unwrap().breaches;
    breaches.iter().filter(|breach| breach.law == Law::Balance).map(|breach| breach.count).sum()
}

#[tokio::test]
async fn an_account_that_somebody_changed_is_found() {
    let store = fresh().await;
    let (person, held) = (Account::Person(UserId(7)), Account::Held(UserId(8)));
    let award = transfer("a", TransferKind::Award, Account::Budget, person.clone(), 5);
    let hold = transfer("h", TransferKind::Hold, Account::Budget, held, 3);
    store.done(Changes { transfers: vec![award, hold], ..Changes::default() }).await;
    assert_eq!(miscounted(&store).await, 0);
    for (sql, wrong) in [
        ("UPDATE balance SET person = person + 1 WHERE user_id = 7", 1),
        ("UPDATE balance SET held = 0 WHERE user_id = 8", 2),
        ("DELETE FROM balance WHERE user_id = 7", 2),
        ("UPDATE balance SET person = 0 WHERE user_id = 0", 3),
    ] {
        store.database.link().await.run(sql).await.unwrap();
        assert_eq!(miscounted(&store).await, wrong, "{sql}");
    }
}

#[tokio::test]
async fn the_ledger_refuses_changes_by_anyone() {
    let store = fresh().await;
    let entry = transfer("a", TransferKind::Award, Account::Budget, Account::Person(UserId(7)), 5);
    store.done(Changes { transfers: vec![entry], ..Changes::default() }).await;
    let direct = "INSERT INTO transfer (id, key, kind, debit, debit_user, credit, credit_user, amount, at, rule, lead, digest) VALUES";
    for (sql, words) in [
        ("UPDATE transfer SET amount = 9".to_owned(), "append-only"),
        ("UPDATE transfer SET digest = 'x'".into(), "append-only"),
        ("UPDATE transfer SET digest = NULL".into(), "append-only"),
        ("DELETE FROM transfer".into(), "append-only"),
        ("DELETE FROM ledger_head".into(), "ledger"),
        ("UPDATE ledger_head SET last = 0".into(), "only goes on"),
        (format!("{direct} (1, 'b', 'award', 'budget', NULL, 'person', 7, 1, 0, 'x', 1, 'd')"), "one after the other"),
        (format!("{direct} (3, 'b', 'award', 'budget', NULL, 'person', 7, 1, 0, 'x', 1, 'd')"), "one after the other"),
        (format!("{direct} (2, 'b', 'award', 'budget', NULL, 'person', 7, 1, 0, 'x', 1, NULL)"), "one after the other"),
    ] {
        let refused = store.database.link().await.run(&sql).await.unwrap_err().to_string();
        // PostgreSQL looks at the primary key first.
        let seen = refused.contains(words) || sql.contains("(1, 'b'") && refused.contains("duplicate key");
        assert!(seen, "{sql}: {refused}");
    }
}

#[tokio::test]
async fn a_ledger_from_before_the_chain_is_chained_when_it_is_opened() {
    let store = fresh().await;
    let award = |n: i64| transfer(&n.to_string(), TransferKind::Award, Account::Budget, Account::Person(UserId(7)), n);
    store.done(Changes { transfers: (1..=9).map(award).collect(), ..Changes::default() }).await;
    let all = async |store: &SqlStore| store.entries_between(NOW, NOW.plus_ms(1), (NOW, 0), 99).await.unwrap();
    let before = all(&store).await;
    store.database.unchain().await;
    assert_ne!(all(&store).await, before);
    for _ in 0..2 {
        let again = SqlStore::open(&store.database.url, &SqlOptions::default()).await.unwrap();
        assert_eq!(all(&again).await, before);
        assert_eq!(again.audit().await.unwrap().breaches, []);
        again.close().await;
    }
    store.done(Changes { transfers: vec![award(10)], ..Changes::default() }).await;
    assert_eq!(store.audit().await.unwrap().breaches, []);
}

#[tokio::test]
async fn an_entry_that_somebody_forged_breaks_the_chain() {
    let store = fresh().await;
    let award = |n: i64| transfer(&n.to_string(), TransferKind::Award, Account::Budget, Account::Person(UserId(7)), n);
    store.done(Changes { transfers: (1..=9).map(award).collect(), ..Changes::default() }).await;
    assert_eq!(store.audit().await.unwrap().breaches, []);
    store.database.lift_guards().await;
    for (sql, broken) in [
        ("UPDATE transfer SET amount = 50 WHERE id = 4", vec!["4"]),
        ("UPDATE transfer SET amount = 4 WHERE id = 4", vec![]),
        ("UPDATE transfer SET by_user = 9 WHERE id = 4", vec!["4"]),
        ("UPDATE transfer SET by_user = NULL WHERE id = 4", vec![]),
        ("UPDATE ledger_head SET digest = 'x'", vec!["-1"]),
        ("UPDATE ledger_head SET digest = (SELECT digest FROM transfer WHERE id = 9)", vec![]),
        ("DELETE FROM transfer WHERE id = 9", vec!["-1"]),
        ("DELETE FROM transfer WHERE id = 2", vec!["3", "-1"]),
    ] {
        store.database.link().await.run(sql).await.unwrap();
        let breaches = store.audit().await.unwrap().breaches;
        let found = breaches.iter().find(|breach| breach.law == Law::Chain);
        assert_eq!(found.map_or(vec![], |breach| breach.examples.clone()), broken, "{sql}");
    }
}

/// What one step of a history does: kind, person, amount, when, and after how many steps of the work the process dies.
type Deed = (TransferKind, i64, i64, i64, Option<usize>);

fn any_deed() -> impl Strategy<Value = Deed> {
    let kind = prop::sample::select(TransferKind::NAMES.map(|(kind, _)| kind).to_vec());
    (kind, 1i64..4, 1i64..60, -10i64..10, prop::option::weighted(0.1, 0usize..12))
}

/// The accounts between which a kind of entry moves a person's points.
fn ends(kind: TransferKind, user: UserId) -> (Account, Account) {
    let (person, held, reserved) = (Account::Person(user), Account::Held(user), Account::Reserved(user));
    match kind {
        TransferKind::Hold => (Account::Budget, held),
        TransferKind::Post => (held, person),
        TransferKind::Void => (held, Account::Budget),
        TransferKind::Award => (Account::Budget, person),
        TransferKind::Reversal => (person, held),
        TransferKind::Reserve => (person, reserved),
        TransferKind::Release => (reserved, person),
        TransferKind::Redeem => (reserved, Account::Rewards),
        TransferKind::Correction => (person, Account::Budget),
    }
}

/// What an account holds by a list of entries.
fn holds(transfers: &[Transfer], account: &Account, until: i64) -> i64 {
    let counted = transfers.iter().filter(|entry| entry.at < NOW.plus_ms(until));
    counted.map(|e| i64::from(e.credit == *account) * e.amount - i64::from(e.debit == *account) * e.amount).sum()
}

/// Works at something, and drops it after so many steps, as a process that dies does.
async fn dies_after<T>(steps: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (Box::pin(work), steps);
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Carries a history out, deed by deed, each tried until it is known what became of it; gives what must stand then.
async fn carry_out(store: &Fresh, deeds: &[Deed]) -> Vec<Transfer> {
    let mut stands: Vec<Transfer> = Vec::new();
    for (n, (kind, user, amount, at, dies)) in deeds.iter().enumerate() {
        let (debit, credit) = ends(*kind, UserId(*user));
        let paid = stands.iter().find(|e| matches!(e.kind, TransferKind::Post | TransferKind::Award));
        let reverses = paid.filter(|_| *kind == TransferKind::Reversal).map(|entry| entry.key.clone());
        let entry = Transfer {
            at: NOW.plus_ms(*at),
            reverses: reverses.clone(),
            reason: (*kind == TransferKind::Correction).then(|| "counted anew".to_owned()),
            ..transfer(&n.to_string(), *kind, debit.clone(), credit, *amount)
        };
        let may_go_below = matches!(kind, TransferKind::Reversal | TransferKind::Correction);
        let covered = debit == Account::Budget || holds(&stands, &debit, 99) >= *amount;
        let fine = (covered || may_go_below) && (*kind != TransferKind::Reversal || reverses.is_some());
        let event = store.event(DESK).await;
        let step = Step { event, changes: Changes { transfers: vec![entry.clone()], ..Changes::default() } };
        let steps = [step];
        let first = match dies {
            Some(steps_left) => dies_after(*steps_left, store.apply(&steps, NOW)).await,
            None => None,
        };
        let fate = match first {
            Some(fate) => fate.unwrap(),
            // Nobody heard what became of it: it is done again.
            None => store.apply(&steps, NOW).await.unwrap(),
        };
        match (&fate[0], fine) {
            (Applied::Done, true) => stands.push(entry),
            (Applied::Over, true) if dies.is_some() => stands.push(entry),
            (Applied::Failed(_), false) => {}
            (fate, _) => panic!("deed {n} {entry:?}: {fate:?}, stands {stands:?}"),
        }
    }
    stands
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_history_adds_up_whatever_dies_in_it(deeds in prop::collection::vec(any_deed(), 0..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = fresh().await;
            store.done(Changes { members: vec![member(1, &[]), member(2, &[])], ..Changes::default() }).await;
            let stands = carry_out(&store, &deeds).await;

            assert_eq!(store.audit().await.unwrap().breaches, []);
            let entries = store.entries_between(Millis(0), Millis(i64::MAX), (Millis(0), 0), 99).await.unwrap();
            let mut by_number: Vec<_> = entries.iter().map(|entry| (entry.number, entry.transfer.clone())).collect();
            by_number.sort_by_key(|(number, _)| *number);
            assert_eq!(by_number, (1..).zip(stands.clone()).collect::<Vec<_>>());

            let own = |user: i64, until: i64| {
                let of = |account| holds(&stands, &account, until);
                of(Account::Person(UserId(user))) + of(Account::Reserved(UserId(user)))
            };
            let tallies = store.tallies(NOW.plus_ms(-5), NOW.plus_ms(5)).await.unwrap();
            let touched: std::collections::BTreeSet<i64> = stands.iter()
                .filter(|entry| (NOW.plus_ms(-5)..NOW.plus_ms(5)).contains(&entry.at))
                .filter(|entry| !matches!(entry.kind, TransferKind::Reserve | TransferKind::Release))
                .flat_map(|entry| [&entry.debit, &entry.credit])
                .filter_map(|account| match account {
                    Account::Person(user) | Account::Reserved(user) => Some(user.0),
                    _ => None,
                })
                .collect();
            assert_eq!(tallies.iter().map(|tally| tally.member.user.0).collect::<std::collections::BTreeSet<_>>(), touched);
            for tally in tallies {
                let user = tally.member.user.0;
                assert_eq!(tally.opening, own(user, -5));
                assert_eq!(tally.closing, own(user, 5));
                assert_eq!(tally.closing, tally.opening + tally.earned - tally.spent + tally.corrected);
                assert!(tally.earned >= 0 && tally.spent >= 0);
                assert_eq!(tally.member.code, if user == 3 { "?".to_owned() } else { format!("M{user:03}") });
            }
            for at in [-10, -5, 5, 99] {
                let all: i64 = (1..4).map(|user| own(user, at)).sum();
                assert_eq!(store.held_before(NOW.plus_ms(at)).await.unwrap(), all);
            }
            for user in 1..4 {
                let statement = store.ask(Ask { statement: Some(UserId(user)), ..Ask::default() }).await.statement;
                let of = |account: fn(UserId) -> Account| holds(&stands, &account(UserId(user)), 99);
                let told = (statement.balance, statement.held, statement.reserved);
                assert_eq!(told, (of(Account::Person), of(Account::Held), of(Account::Reserved)));
            }
        });
    }
}
