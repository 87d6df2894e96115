//! A closed month: what is open in it, what stands still after it.

use super::*;
use baiying::domain::month::{Checklist, CloseOrder, close};
use baiying::domain::period::Period;
use baiying::port::audit::Law;
use chrono_tz::Asia::Shanghai;

fn october() -> Period {
    Period::month("2026-10", Shanghai).unwrap()
}

fn order(at: Millis) -> CloseOrder {
    let open = Checklist { held: 1, held_points: 3, ..Checklist::default() };
    CloseOrder { month: "2026-10".into(), period: october(), at, by: "S1".into(), open }
}

fn points(key: &str, at: Millis, user: i64, amount: i64) -> Transfer {
    Transfer { at, ..transfer(key, TransferKind::Award, Account::Budget, Account::Person(UserId(user)), amount) }
}

#[tokio::test]
async fn a_month_is_closed_once_with_the_event_and_nothing_enters_it_any_more() {
    let store = fresh().await;
    let month = october();
    let (inside, later) = (month.from.plus_ms(HOUR), month.to.plus_ms(DAY));
    let people = vec![member(7, &[]), member(8, &[]), member(9, &[Role::Payout])];
    let held = Transfer {
        at: inside,
        lead: Some(LeadId(1)),
        ..transfer("h", TransferKind::Hold, Account::Budget, Account::Held(UserId(7)), 3)
    };
    let transfers = vec![points("a", inside, 7, 5), held];
    store.done(Changes { members: people, transfers, ..Changes::default() }).await;

    let ask = || Ask { closing: Some(month), ..Ask::default() };
    let closing = store.ask(ask()).await.closing.unwrap();
    assert_eq!((closing.open.held, closing.open.held_points, closing.open.nameless), (1, 3, 0));
    assert_eq!((closing.first_entry, closing.closed_until), (Some(inside), None));
    assert!(close(month, &closing, "S1".into(), Shanghai, later).is_ok());

    store.done(Changes { closes: vec![order(later)], ..Changes::default() }).await;
    let closed = store.closed_month(month).await.unwrap().unwrap();
    let end = store.ledger_end().await.unwrap();
    assert_eq!((closed.at, closed.by.as_str(), closed.open), (later, "S1", order(later).open));
    assert_eq!((closed.last, &closed.digest), (end.last, &end.digest));
    assert_eq!(end.last, 2);
    assert_eq!(store.ask(ask()).await.closing.unwrap().closed_until, Some(month.to));

    // Not twice, and from no side.
    assert_eq!(store.apply_one(Changes { closes: vec![order(later)], ..Changes::default() }).await, Applied::Conflict);
    assert!(!store.close_month(&order(later)).await.unwrap());

    // What comes late is dated after it; the month's own figures stand.
    let before = store.tallies(month.from, month.to).await.unwrap();
    store.done(Changes { transfers: vec![points("b", inside, 8, 7)], ..Changes::default() }).await;
    assert_eq!(store.tallies(month.from, month.to).await.unwrap(), before);
    let late = store.entries_between(month.to, Millis(i64::MAX), (month.to, 0), 9).await.unwrap();
    assert_eq!(late.iter().map(|entry| (entry.number, entry.transfer.at)).collect::<Vec<_>>(), [(3, month.to)]);
    assert_eq!(store.audit().await.unwrap().breaches, []);

    // Who was on file then is kept: those whose points it moved, and the staff.
    store.done(Changes { members: vec![Member { code: "X".into(), ..member(7, &[]) }], ..Changes::default() }).await;
    let people = store.filed_people("2026-10").await.unwrap();
    let told: Vec<_> = people.iter().map(|person| (person.user.0, person.code.as_str(), person.staff)).collect();
    assert_eq!(told, [(7, "M007", false), (9, "M009", true)]);
    let mut link = store.database.link().await;
    for table in ["month_close", "month_person"] {
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET month = '2026-09'")] {
            let error = link.run(&sql).await.unwrap_err().to_string();
            assert!(error.contains("stays closed"), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn what_is_open_is_counted_for_its_own_month_alone() {
    let store = fresh().await;
    let month = october();
    let (inside, after) = (month.from.plus_ms(HOUR), month.to);
    let lead_at = |id: i64, at: Millis, state| Lead { received_at: at, state, reporter: None, ..lead(id) };
    let leads = vec![
        lead_at(1, inside, LeadState::New),
        lead_at(2, inside, LeadState::Claimed),
        lead_at(3, inside, LeadState::Verified),
        lead_at(4, after, LeadState::New),
    ];
    let hold = |key: &str, lead: i64, at| Transfer {
        at,
        lead: Some(LeadId(lead)),
        ..transfer(key, TransferKind::Hold, Account::Budget, Account::Held(UserId(7)), 3)
    };
    let post = Transfer {
        at: after,
        lead: Some(LeadId(3)),
        ..transfer("p", TransferKind::Post, Account::Held(UserId(7)), Account::Person(UserId(7)), 3)
    };
    let transfers =
        vec![hold("h1", 1, inside), hold("h3", 3, inside), hold("h4", 4, after), post, points("a", inside, 8, 2)];
    let members = vec![Member { name: String::new(), ..member(7, &[]) }];
    store.done(Changes { new_leads: leads, transfers, members, ..Changes::default() }).await;
    let open = store.ask(Ask { closing: Some(month), ..Ask::default() }).await.closing.unwrap().open;
    // Lead 3 was settled after the month, before the close; 8 is not on file at all, and 7's points moved later.
    assert_eq!(open, Checklist { held: 1, held_points: 3, undecided: 2, nameless: 1, redemptions: 0 });
}

#[tokio::test]
async fn a_closed_month_that_is_not_what_the_ledger_says_is_found() {
    let store = fresh().await;
    let inside = october().from.plus_ms(HOUR);
    store.done(Changes { transfers: vec![points("a", inside, 7, 5)], ..Changes::default() }).await;
    assert!(store.close_month(&order(october().to)).await.unwrap());
    let broken = async || {
        let breaches = store.audit().await.unwrap().breaches;
        breaches.into_iter().filter(|breach| breach.law == Law::Close).map(|it| it.examples).collect::<Vec<_>>()
    };
    assert_eq!(broken().await, Vec::<Vec<String>>::new());
    let mut link = store.database.link().await;
    let insert = "INSERT INTO month_close (month, begins, ends, closed_at, closed_by, last, digest, open_items) \
                  SELECT '2026-09', begins - 9, begins, closed_at, closed_by, last, 'another', open_items FROM month_close";
    link.run(insert).await.unwrap();
    assert_eq!(broken().await, [["2026-09"]]);
}
