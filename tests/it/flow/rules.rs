//! Rule books: a new one begins at midnight, budgets run out, outcomes add a bonus, and who is told what.

use crate::world::{COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICER, World};
use baiying::config::{Bonus, BookRules, CategoryAmount, Config};
use baiying::domain::lead::LeadOutcome;
use baiying::domain::period::Period;
use baiying::flow::dry_run::{DryRun, dry_run};
use baiying::port::chat::Button;

async fn press(w: &mut World, who: i64, data: &str) {
    let card = w.last(DESK).id;
    w.push_data(who, DESK, card, data).await;
    w.advance(2).await;
}

async fn tip(w: &mut World, who: i64, chat: i64, words: &str) {
    w.say(who, chat, &format!("#theft at Old Bridge 7 pm, {words}")).await;
    w.advance(2).await;
}

/// A config of which the book that begins on `from` says these things.
fn book(from: &str, change: impl FnOnce(&mut BookRules)) -> impl FnOnce(&mut Config) {
    let mut book = BookRules { version: "next".into(), from: from.parse().unwrap(), ..BookRules::default() };
    change(&mut book);
    move |config| config.points.book.push(book)
}

/// In force since before the world began.
fn now(change: impl FnOnce(&mut BookRules)) -> impl FnOnce(&mut Config) {
    book("2026-01-01", change)
}

fn bonuses(book: &mut BookRules) {
    book.bonus =
        vec![Bonus { outcome: LeadOutcome::Stopped, amount: 50 }, Bonus { outcome: LeadOutcome::Solved, amount: 100 }];
}

#[tokio::test]
async fn nobody_raises_their_own_reward_once_police_have_decided() {
    let dear = |b: &mut BookRules| b.category = vec![CategoryAmount { id: "theft".into(), amount: 100 }];
    let mut w = World::with(now(dear)).await;
    let first = w.say(COURIER, GROUP, "#fight at Old Bridge 7 pm").await;
    w.advance(2).await;
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(COURIER).await, (10, 0));
    w.edit(COURIER, GROUP, first, "#theft at Old Bridge 7 pm").await;
    w.advance(2).await;
    w.reply(COURIER, GROUP, first, "it was theft").await;
    w.advance(2).await;
    assert_eq!(w.points(COURIER).await, (10, 0));
    assert_eq!(w.rows("SELECT category FROM lead WHERE id = 1").await, ["fight"]);
    press(&mut w, OFFICER, "lo:1").await;
    w.edit(COURIER, GROUP, first, "#theft at Old Bridge 7 pm, a bag").await;
    w.advance(2).await;
    assert_eq!(w.points(COURIER).await, (0, 100), "before police decide, the kind is the reporter's");
    w.end().await;
}

#[tokio::test]
async fn a_tip_stays_under_the_book_of_the_day_on_which_it_came() {
    let change = |b: &mut BookRules| {
        b.tip_verified = Some(12);
        b.category = vec![CategoryAmount { id: "theft".into(), amount: 20 }];
        b.later_percent = Some(vec![50]);
    };
    let mut w = World::with(book("2026-12-01", change)).await;
    // 2026-11-30 23:59:50 in Shanghai, ten seconds before the month ends.
    w.jump(9 * 86_400 + 4 * 3600 - 10).await;
    w.say(COURIER, GROUP, "#theft at Old Bridge 7 pm, before midnight").await;
    w.settle().await;
    w.jump(20).await;
    tip(&mut w, NEIGHBOUR, GROUP, "after midnight").await;
    tip(&mut w, GUARD, GROUP, "after midnight, too").await;
    assert_eq!((w.points(COURIER).await, w.points(NEIGHBOUR).await), ((0, 10), (0, 20)));
    for data in ["lv:1", "lv:2", "lD:3:2"] {
        press(&mut w, OFFICER, data).await;
    }
    assert_eq!((w.points(COURIER).await, w.points(NEIGHBOUR).await), ((10, 0), (20, 0)));
    assert_eq!(w.points(GUARD).await, (10, 0), "a half of what theft is worth");
    let of = |lead, book| format!("SELECT COUNT(*) FROM transfer WHERE lead = {lead} AND book <> '{book}'");
    assert_eq!((w.number(&of(1, "base")).await, w.number(&of(2, "next")).await), (0, 0));
    w.end().await;
}

#[tokio::test]
async fn a_mended_kind_holds_what_that_kind_is_worth() {
    let change = |b: &mut BookRules| b.category = vec![CategoryAmount { id: "fire".into(), amount: 30 }];
    let mut w = World::with(now(change)).await;
    tip(&mut w, COURIER, GROUP, "a van").await;
    assert_eq!(w.points(COURIER).await, (0, 10));
    let fire = Config::default().category.iter().position(|it| it.id == "fire").unwrap();
    press(&mut w, OFFICER, &format!("mC:1:{fire}")).await;
    assert_eq!(w.points(COURIER).await, (0, 30));
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(COURIER).await, (30, 0));
    w.end().await;
}

#[tokio::test]
async fn a_groups_budget_runs_out_and_begins_anew_with_the_month() {
    let mut w = World::with(now(|b| b.group_monthly_budget = Some(25))).await;
    // Who has written in private is told amounts there.
    tip(&mut w, NEIGHBOUR, NEIGHBOUR, "in private, which no group pays").await;
    for (n, who) in [(2, COURIER), (3, GUARD), (4, NEIGHBOUR)] {
        tip(&mut w, who, GROUP, &format!("case {n}")).await;
    }
    for n in 1..=4 {
        press(&mut w, OFFICER, &format!("lv:{n}")).await;
    }
    assert_eq!((w.points(COURIER).await, w.points(GUARD).await), ((10, 0), (10, 0)));
    assert_eq!(w.points(NEIGHBOUR).await, (15, 0));
    let told = w.last(NEIGHBOUR).text;
    assert_eq!(
        told,
        "🙏 Your lead 4 was verified. Thank you!\nPoints +5 (this group’s budget for the month is used up)"
    );
    // In the group nobody reads what somebody earned.
    assert!(!w.chat(GROUP).contains('+'), "{}", w.chat(GROUP));
    // What is taken back is there for others.
    press(&mut w, OFFICER, "lo:2").await;
    tip(&mut w, GUARD, GROUP, "case 5").await;
    press(&mut w, OFFICER, "lv:5").await;
    assert_eq!(w.points(GUARD).await, (20, 0));
    w.jump(12 * 86_400).await;
    tip(&mut w, COURIER, GROUP, "in December").await;
    press(&mut w, OFFICER, "lv:6").await;
    assert_eq!(w.points(COURIER).await, (10, 10), "and lead 2 waits again");
    w.end().await;
}

#[tokio::test]
async fn a_budget_follows_its_group_to_a_new_id() {
    let mut w = World::with(now(|b| b.group_monthly_budget = Some(15))).await;
    tip(&mut w, COURIER, GROUP, "a van").await;
    press(&mut w, OFFICER, "lv:1").await;
    let moved = -1_000_100;
    w.say_with(COURIER, GROUP, serde_json::json!({ "migrate_to_chat_id": moved })).await;
    tip(&mut w, NEIGHBOUR, moved, "batteries").await;
    press(&mut w, OFFICER, "lv:2").await;
    assert_eq!(w.points(NEIGHBOUR).await, (5, 0));
    w.end().await;
}

#[tokio::test]
async fn an_outcome_adds_a_bonus_and_undoing_takes_it_back() {
    let mut w = World::with(now(|b| {
        bonuses(b);
        b.daily_cap = Some(10);
    }))
    .await;
    tip(&mut w, COURIER, COURIER, "a van").await;
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER, "lr:1").await;
    let label = |button: &Button| match button {
        Button::Press { label, .. } => label.clone(),
        other => panic!("{other:?}"),
    };
    let asked: Vec<String> = w.last(DESK).keyboard.iter().flatten().map(label).collect();
    assert_eq!(asked, ["dealt with", "stopped in the act +50", "case solved +100", "← Back"]);
    assert_eq!(w.points(COURIER).await, (10, 0), "asked first");
    press(&mut w, OFFICER, "lR:1:stopped").await;
    assert_eq!(w.points(COURIER).await, (60, 0), "outside the cap");
    assert_eq!(w.last(COURIER).text, "✅ Your lead 1 is resolved.\nBonus, stopped in the act: points +50");
    assert!(w.chat(DESK).contains("resolved (stopped in the act)"), "{}", w.chat(DESK));
    press(&mut w, OFFICER, "lz:1:3").await;
    assert_eq!(w.points(COURIER).await, (10, 0), "undone");
    assert!(!w.chat(COURIER).contains("+50"), "what does not hold any more is gone");
    press(&mut w, OFFICER, "lR:1:solved").await;
    assert_eq!(w.points(COURIER).await, (110, 0));
    press(&mut w, OFFICER, "lo:1").await;
    assert_eq!(w.points(COURIER).await, (0, 10), "reopened");
    assert_eq!(
        w.last(COURIER).text,
        "Your lead 1 is being looked into again.\nPoints taken back: −10\nBonus taken back, case solved: points −100"
    );
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER, "lR:1:handled").await;
    assert_eq!(w.points(COURIER).await, (10, 0), "that it was handled adds nothing");
    let rules = "SELECT COUNT(*) FROM transfer WHERE rule LIKE 'bonus_%'";
    assert_eq!(w.number(rules).await, 4, "each given and taken back");
    w.end().await;
}

#[tokio::test]
async fn where_no_outcome_earns_anything_one_tap_resolves() {
    let mut w = World::new().await;
    tip(&mut w, COURIER, GROUP, "a van").await;
    press(&mut w, OFFICER, "lv:1").await;
    press(&mut w, OFFICER, "lr:1").await;
    assert_eq!(w.number("SELECT COUNT(*) FROM lead WHERE state = 'resolved' AND outcome = 'handled'").await, 1);
    w.end().await;
}

#[tokio::test]
async fn a_guard_whose_tip_it_is_gets_both() {
    let mut w = World::new().await;
    tip(&mut w, GUARD, GROUP, "a van").await;
    press(&mut w, OFFICER, "la:1").await;
    let (card, on_scene) = w.button(GUARD, "On scene").unwrap();
    w.push_data(GUARD, GUARD, card, &on_scene).await;
    w.advance(2).await;
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(GUARD).await, (15, 0));
    w.end_alarm().await;
}

#[tokio::test]
async fn later_reporters_hear_of_their_share_and_of_its_end() {
    let mut w = World::with(now(|b| b.later_percent = Some(vec![50, 25]))).await;
    tip(&mut w, COURIER, GROUP, "a van").await;
    tip(&mut w, NEIGHBOUR, NEIGHBOUR, "batteries").await;
    tip(&mut w, GUARD, GUARD, "bikes").await;
    press(&mut w, OFFICER, "lD:3:1").await;
    assert!(
        w.last(GUARD).text.ends_with("The 10 points that waited for police are not paid."),
        "{}",
        w.last(GUARD).text
    );
    press(&mut w, OFFICER, "lv:1").await;
    assert_eq!(w.points(GUARD).await, (5, 0));
    assert_eq!(
        w.last(GUARD).text,
        "🙏 What your lead 3 tells of was verified. Thank you!\nLater report 1 of the same thing, 50%: points +5"
    );
    // An earlier report is found: the later one moves down.
    press(&mut w, OFFICER, "lD:2:1").await;
    assert_eq!((w.points(NEIGHBOUR).await, w.points(GUARD).await), ((5, 0), (2, 0)));
    assert!(w.last(GUARD).text.ends_with("Points taken back: −3"), "{}", w.last(GUARD).text);
    press(&mut w, OFFICER, "lz:2:2").await;
    assert_eq!((w.points(NEIGHBOUR).await, w.points(GUARD).await), ((0, 10), (5, 0)), "undone");
    press(&mut w, OFFICER, "lo:1").await;
    assert_eq!((w.points(COURIER).await, w.points(GUARD).await), ((0, 10), (0, 0)));
    assert!(w.last(GUARD).text.starts_with("What your lead 3 tells of is being looked into again."));
    w.end().await;
}

async fn november(w: &World, book: &BookRules, config: &Config) -> DryRun {
    let month = Period::month("2026-11", config.time_zone).unwrap();
    dry_run(&w.store, config, book, month).await.unwrap()
}

#[tokio::test]
async fn a_dry_run_pays_the_month_over_again_and_knows_what_was_undone() {
    let mut config = Config::default();
    now(bonuses)(&mut config);
    let rules = config.clone();
    let mut w = World::with(move |c| *c = rules).await;
    for (who, words) in [(COURIER, "a van"), (NEIGHBOUR, "batteries"), (GUARD, "bikes"), (COURIER, "a shop")] {
        tip(&mut w, who, GROUP, words).await;
    }
    for data in ["lv:1", "lD:2:1", "lR:1:solved", "lv:3", "la:3"] {
        press(&mut w, OFFICER, data).await;
    }
    let (card, on_scene) = w.button(GUARD, "On scene").unwrap();
    w.push_data(GUARD, GUARD, card, &on_scene).await;
    w.advance(2).await;
    let text = "version = \"2027\"\nfrom = 2027-01-01\ntip_verified = 20\nlater_percent = [10]\n\
                bonus = [{ outcome = \"solved\", amount = 1 }]";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.toml");
    std::fs::write(&file, text).unwrap();
    let book = config.read_book(&file).unwrap();
    let before = w.number("SELECT COUNT(*) FROM transfer").await;
    let run = november(&w, &book, &config).await;
    assert_eq!(run.differing, [].into(), "{}", run.tell(&config));
    insta::assert_snapshot!(run.tell(&config), @r"
    rule book 2027 over 2026-11-01/2026-12-01; in force: next
    member            in force       new difference
    C0000002               110        21        -89
    C0000004                 5         2         -3
    M31                     15        25        +10
    total                  130        48        -82
    check: the ledger paid 130 for the same, as replayed
    ");
    // The fourth is verified, reopened and found to be nothing, with a month's end between.
    press(&mut w, OFFICER, "lv:4").await;
    press(&mut w, OFFICER, "lo:4").await;
    press(&mut w, OFFICER, "lv:4").await;
    w.jump(12 * 86_400).await;
    press(&mut w, OFFICER, "lo:4").await;
    let run = november(&w, &book, &config).await;
    insta::assert_snapshot!(run.told_check(), @r"
    check: the ledger paid 140, the replay of the books in force 130; not the same: 1
      1: undone, reopened or taken anew: lead 4
    ");
    // A book that was in force is changed.
    let mut changed = config.clone();
    changed.points.on_scene = 9;
    let run = november(&w, &book, &changed).await;
    insta::assert_snapshot!(run.told_check(), @r"
    check: the ledger paid 140, the replay of the books in force 134; not the same: 2
      1: undone, reopened or taken anew: lead 4
      1: the config was changed without a new version: alarm 1
    ");
    assert!(w.number("SELECT COUNT(*) FROM transfer").await > before);
    w.end_alarm().await;
}
