//! Points enter once, never change, and add up.

use super::*;
use baiying::port::audit::Law;

#[tokio::test]
async fn a_transfer_enters_once() {
    let store = fresh().await;
    let (person, held) = (Account::Person(UserId(7)), Account::Held(UserId(7)));
    let hold = transfer("lead:1:hold", TransferKind::Hold, Account::Budget, held.clone(), 5);
    let posting =
        Transfer { lead: Some(LeadId(1)), ..transfer("lead:1:post", TransferKind::Post, held, person.clone(), 5) };
    let (first, second) = (store.event(DESK).await, store.event(DESK).await);
    let changes = Changes { transfers: vec![hold, posting.clone()], ..Changes::default() };
    let steps = [Step { event: first, changes: changes.clone() }, Step { event: second, changes: changes.clone() }];
    assert_eq!(store.apply(&steps, NOW).await.unwrap(), [Applied::Done, Applied::Done]);
    store.done(changes).await;
    for n in 0..12 {
        let spent = transfer(&format!("spend:{n}"), TransferKind::Redeem, person.clone(), Account::Rewards, 1);
        store.done(Changes { transfers: vec![spent], ..Changes::default() }).await;
    }
    let statement = store.ask(Ask { statement: Some(UserId(7)), ..Ask::default() }).await.statement;
    assert_eq!((statement.balance, statement.held, statement.entries.len()), (-7, 0, 10));
    assert_eq!(statement.entries[0], StatementLine { at: NOW, amount: -1, rule: "tip_verified".into(), lead: None });
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
    for sql in ["UPDATE transfer SET amount = 9", "DELETE FROM transfer"] {
        let refused = store.database.link().await.run(sql).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

fn any_transfer() -> impl Strategy<Value = (TransferKind, i64, i64, i64)> {
    let kinds = [TransferKind::Hold, TransferKind::Post, TransferKind::Void, TransferKind::Award, TransferKind::Redeem];
    (0usize..6, 1i64..4, 1i64..100, -10i64..10).prop_map(move |(kind, user, amount, at)| {
        (kinds.get(kind).copied().unwrap_or(TransferKind::Reversal), user, amount, at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn tallies_add_up(entries in prop::collection::vec(any_transfer(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = fresh().await;
            let transfers: Vec<Transfer> = entries.iter().enumerate().map(|(n, (kind, user, amount, at))| {
                let (person, held) = (Account::Person(UserId(*user)), Account::Held(UserId(*user)));
                let (debit, credit) = match kind {
                    TransferKind::Hold => (Account::Budget, held),
                    TransferKind::Post => (held, person),
                    TransferKind::Void => (held, Account::Budget),
                    TransferKind::Award => (Account::Budget, person),
                    TransferKind::Reversal => (person, held),
                    TransferKind::Redeem => (person, Account::Rewards),
                };
                Transfer { at: NOW.plus_ms(*at), ..transfer(&n.to_string(), *kind, debit, credit, *amount) }
            }).collect();
            store.done(Changes { transfers: transfers.clone(), members: vec![member(1, &[]), member(2, &[])], ..Changes::default() }).await;

            let balance = |user: i64, until: i64| -> i64 {
                transfers.iter().filter(|entry| entry.at < NOW.plus_ms(until)).map(|entry| {
                    let person = Account::Person(UserId(user));
                    i64::from(entry.credit == person) * entry.amount - i64::from(entry.debit == person) * entry.amount
                }).sum()
            };
            let tallies = store.tallies(NOW.plus_ms(-5), NOW.plus_ms(5)).await.unwrap();
            let touched: std::collections::BTreeSet<i64> = transfers.iter()
                .filter(|entry| (NOW.plus_ms(-5)..NOW.plus_ms(5)).contains(&entry.at))
                .flat_map(|entry| [&entry.debit, &entry.credit])
                .filter_map(|account| match account { Account::Person(user) => Some(user.0), _ => None })
                .collect();
            assert_eq!(tallies.iter().map(|tally| tally.member.user.0).collect::<std::collections::BTreeSet<_>>(), touched);
            for tally in tallies {
                let user = tally.member.user.0;
                assert_eq!(tally.opening, balance(user, -5));
                assert_eq!(tally.closing, balance(user, 5));
                assert_eq!(tally.closing, tally.opening + tally.earned - tally.spent + tally.corrected);
                assert!(tally.earned >= 0 && tally.spent >= 0);
                assert_eq!(tally.member.code, if user == 3 { "?".to_owned() } else { format!("M{user:03}") });
            }
            for at in [-10, -5, 5, 99] {
                let all: i64 = (1..4).map(|user| balance(user, at)).sum();
                assert_eq!(store.held_before(NOW.plus_ms(at)).await.unwrap(), all);
            }
            assert_eq!(miscounted(&store).await, 0);
            for user in 1..4 {
                let statement = store.ask(Ask { statement: Some(UserId(user)), ..Ask::default() }).await.statement;
                assert_eq!(statement.balance, balance(user, 99));
            }
        });
    }
}
