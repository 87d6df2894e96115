//! The clock of an alarm, path by path: what each missed stage does, whose answers count, when they run out, who may stop it.

use crate::world::{COURIER, DESK, EVENING, GROUP, GUARD, GUARD2, OFFICER, OFFICER2, World};
use baiying::config::{Config, StageStep, StageWant, StageWho};
use baiying::domain::alarm::{Point, stage::Stage};
use baiying::domain::duty::{Days, OnHolidays, Rota, Shift};
use baiying::domain::id::UserId;
use baiying::domain::member::{Language, Member, Role};
use baiying::domain::place::Wgs84;
use baiying::port::store::Store as _;
use chrono::NaiveTime;

/// Patrol police.
pub const PATROL: i64 = 61;
/// More of them.
pub const PATROL2: i64 = 62;
/// And more.
pub const PATROL3: i64 = 63;
/// Response police.
pub const RESPONSE: i64 = 71;
/// The duty officer.
pub const CHIEF: i64 = 81;
/// Somebody on the call list.
pub const LISTED: i64 = 91;

/// Somebody of the staff, who reads English.
pub fn member(user: i64, name: &str, roles: &[Role]) -> Member {
    Member {
        user: UserId(user),
        name: name.into(),
        occupation: String::new(),
        group: String::new(),
        team: String::new(),
        roles: roles.to_vec(),
        language: Some(Language::En),
        code: format!("M{user}"),
        first_seen: EVENING,
        told_at: Some(EVENING),
    }
}

/// A point so many metres north of the Old Bridge.
pub fn point(code: &str, metres_north: f64, contacts: &[i64]) -> Point {
    let at = Wgs84 { lat: 23.0 + metres_north / 111_195.0, lon: 113.9 };
    Point {
        code: code.into(),
        name: format!("Point {code}"),
        at,
        radius_m: 100.0,
        contacts: contacts.iter().map(|c| UserId(*c)).collect(),
        team: None,
        gear: String::new(),
        phone: String::new(),
    }
}

/// A fight at the Old Bridge is on file, in a town with patrols, response police and a duty officer.
pub async fn policed(change: impl FnOnce(&mut Config)) -> World {
    let mut w = World::with(|c| {
        c.alarm.call_list = vec![LISTED];
        change(c);
    })
    .await;
    let staff = [
        member(PATROL, "Patrol Wu", &[Role::Patrol]),
        member(PATROL2, "Patrol Xu", &[Role::Patrol]),
        member(PATROL3, "Patrol Qin", &[Role::Patrol]),
        member(RESPONSE, "Response Gao", &[Role::Response]),
        member(CHIEF, "Chief Liang", &[Role::DutyOfficer]),
        member(LISTED, "Neighbour Ding", &[Role::Responder]),
    ];
    w.store.import_members(&staff).await.unwrap();
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, two men with knives").await;
    w.advance(2).await;
    w
}

async fn raised() -> World {
    let mut w = policed(|_| {}).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    w
}

fn called(w: &World) -> Vec<i64> {
    [GUARD, GUARD2, 33, PATROL, PATROL2, PATROL3, RESPONSE, CHIEF, LISTED]
        .into_iter()
        .filter(|user| w.count(*user, "Alarm 1 ·") > 0)
        .collect()
}

#[tokio::test]
async fn points_patrol_and_response_are_called_at_once() {
    let w = raised().await;
    assert_eq!(called(&w), [GUARD, PATROL, PATROL2, RESPONSE]);
    assert!(w.chat(PATROL).contains("From you: unknown (you can share your live location here)"), "{}", w.chat(PATROL));
    insta::assert_snapshot!("board", w.find(DESK, "raised 20:00")[0].text);
    w.end_alarm().await;
}

#[tokio::test]
async fn each_missed_stage_takes_its_step() {
    let mut w = raised().await;
    w.advance(30).await;
    assert_eq!(called(&w), [GUARD, GUARD2, 33, PATROL, PATROL2, RESPONSE], "30 s: the next ring");
    w.advance(120).await;
    assert_eq!(called(&w).len(), 6);
    w.advance(30).await;
    assert!(called(&w).contains(&CHIEF), "180 s: the duty officer");
    assert!(!called(&w).contains(&LISTED));
    w.advance(120).await;
    assert!(called(&w).contains(&LISTED), "300 s: the call list");
    insta::assert_snapshot!("missed", w.find(DESK, "⏱").iter().map(|m| m.text.clone()).collect::<Vec<_>>().join("\n"));
    w.end_alarm().await;
}

#[tokio::test]
async fn each_kind_answers_for_its_own_stage() {
    let mut w = raised().await;
    w.press(PATROL, PATROL, "On scene").await;
    w.advance(400).await;
    assert_eq!(w.count(DESK, "no patrol police"), 0);
    assert_eq!(w.count(DESK, "nobody has answered"), 0, "the patrol is somebody");
    assert_eq!(w.count(DESK, "nobody of the points is on scene within 60 s"), 1);
    assert_eq!(w.count(DESK, "no response police is on scene within 300 s"), 1);
    w.end().await;
}

#[tokio::test]
async fn next_ring_of_a_patrol_stage_calls_more_patrols() {
    let mut w = policed(|c| {
        c.alarm.stage = vec![Stage {
            who: StageWho::Patrol,
            want: StageWant::Acknowledged,
            within_seconds: 20,
            missed: StageStep::NextRing,
        }];
    })
    .await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(19).await;
    assert!(!called(&w).contains(&PATROL3));
    w.advance(4).await;
    assert!(called(&w).contains(&PATROL3) && !called(&w).contains(&GUARD2), "{:?}", called(&w));
    w.end_alarm().await;
}

#[tokio::test]
async fn a_stage_may_ask_for_control_and_only_tell_the_desk() {
    let stage =
        |want, within_seconds| Stage { who: StageWho::Anyone, want, within_seconds, missed: StageStep::TellDesk };
    for (control, told) in [(false, 1), (true, 0)] {
        let mut w = policed(|c| c.alarm.stage = vec![stage(StageWant::UnderControl, 60)]).await;
        w.press(OFFICER, DESK, "🚨 Alarm").await;
        w.press(GUARD, GUARD, "On scene").await;
        if control {
            w.press(OFFICER, DESK, "Under control").await;
            assert_eq!(w.answer(), "Noted: under control");
        }
        w.advance(90).await;
        assert_eq!(w.count(DESK, "not under control within 60 s"), told);
        assert_eq!(called(&w).len(), 4, "nobody more");
        w.end().await;
    }
}

#[tokio::test]
async fn the_desks_acknowledgement_stops_summoning_and_not_the_clock_until_it_runs_out() {
    let mut w = raised().await;
    w.press(OFFICER2, DESK, "Acknowledge").await;
    w.advance(200).await;
    assert_eq!(called(&w), [GUARD, PATROL, PATROL2, RESPONSE]);
    assert_eq!(w.count(DESK, "The desk has it: nobody more is called."), 3, "{}", w.chat(DESK));
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("🫡 Officer Li acknowledged 20:00:04"));
    w.advance(104).await;
    assert_eq!(w.count(DESK, "the desk acknowledged and nobody has arrived"), 1);
    let all = [GUARD, GUARD2, 33, PATROL, PATROL2, RESPONSE, CHIEF, LISTED];
    assert_eq!(called(&w), all, "what was not done meanwhile is done now");
    assert!(w.button(DESK, "Acknowledge").is_some(), "and the desk may say so anew");
    w.end_alarm().await;
}

#[tokio::test]
async fn the_desks_acknowledgement_does_not_run_out_when_somebody_is_there() {
    let mut w = raised().await;
    w.press(OFFICER, DESK, "Acknowledge").await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(400).await;
    assert_eq!(w.count(DESK, "nobody has arrived"), 0);
    assert!(!called(&w).contains(&GUARD2));
    w.end().await;
}

#[tokio::test]
async fn an_answer_runs_out_when_they_do_not_arrive_and_others_are_called() {
    let mut w = policed(|c| {
        c.alarm.stage.truncate(1);
        (c.alarm.patrol, c.alarm.response) = (0, 0);
    })
    .await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.press(GUARD, GUARD, "Got it").await;
    w.advance(290).await;
    assert_eq!(called(&w), [GUARD]);
    w.advance(15).await;
    assert_eq!(w.count(GUARD, "Are you still coming?"), 1);
    assert_eq!(w.count(DESK, "P1 Bridge Shop answered and did not arrive"), 1);
    assert_eq!(called(&w), [GUARD, GUARD2, 33], "the next ring");
    w.press(GUARD, GUARD, "On my way").await;
    w.advance(3).await;
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("P1 Bridge Shop 60 m under way"));
    w.advance(310).await;
    assert_eq!(w.count(GUARD, "Are you still coming?"), 2, "and runs out again");
    w.end().await;
}

#[tokio::test]
async fn a_way_that_takes_longer_is_waited_for() {
    let mut w = raised().await;
    w.press(GUARD, GUARD, "On my way").await;
    assert_eq!(w.answer(), "Noted. How many minutes? One tap tells");
    w.advance(3).await;
    w.press(GUARD, GUARD, "10 min").await;
    w.advance(600).await;
    assert_eq!(w.count(DESK, "did not arrive"), 0);
    assert!(w.find(DESK, "raised 20:00")[0].text.contains("under way (10 min)"));
    w.advance(125).await;
    assert_eq!(w.count(DESK, "P1 Bridge Shop answered and did not arrive"), 1, "ten minutes and two");
    w.end().await;
}

#[tokio::test]
async fn under_control_ends_all_waiting() {
    let mut w = raised().await;
    w.press(GUARD, GUARD, "Got it").await;
    w.press(PATROL, PATROL, "On scene").await;
    w.advance(3).await;
    w.press(PATROL, PATROL, "Under control").await;
    assert_eq!(w.answer(), "Noted: under control");
    w.advance(900).await;
    assert_eq!((w.count(DESK, "⏱"), w.count(DESK, "did not arrive"), called(&w).len()), (0, 0, 4));
    assert!(w.chat(RESPONSE).contains("under control"));
    w.end().await;
}

#[tokio::test]
async fn only_police_or_those_of_them_who_are_there_say_that_it_is_under_control() {
    let mut w = raised().await;
    let board = w.find(DESK, "raised 20:00")[0].id;
    for (who, allowed) in [(GUARD, false), (COURIER, false), (PATROL, false), (OFFICER, true)] {
        w.push_data(who, DESK, board, "ac:1").await;
        w.settle().await;
        assert_eq!(w.answer() == "Noted: under control", allowed, "{who}: {}", w.answer());
    }
    w.end_alarm().await;
}

/// What both orders of a tap and a timer in the same second must agree on.
#[tokio::test]
async fn a_tap_against_the_timer_in_the_same_second_is_decided_one_way_or_the_other() {
    for (tap, label) in [(OFFICER, "Acknowledge"), (OFFICER, "Stand down"), (GUARD, "Got it"), (GUARD, "On scene")] {
        for tap_first in [true, false] {
            let mut w = raised().await;
            let chat = if tap == OFFICER { DESK } else { GUARD };
            w.advance(27).await;
            assert_eq!(called(&w).len(), 4);
            if tap_first {
                w.push(tap, chat, label).await;
                w.jump(1).await;
            } else {
                w.ring_in(1).await;
                w.push(tap, chat, label).await;
                w.settle().await;
            }
            w.advance(3).await;
            let summoned = w.number("SELECT COUNT(*) FROM summons").await;
            assert_eq!(summoned, if tap_first { 4 } else { 6 }, "{label}, tap first: {tap_first}");
            assert_ne!(w.answer(), "It is so already");
            w.end_alarm().await;
        }
    }
}

#[tokio::test]
async fn a_crash_at_each_step_of_the_clock_changes_nothing() {
    let mut first = None;
    // 0: no crash; else after so many stages were decided, before or after their messages were sent.
    for crash in 0..=8 {
        let mut w = raised().await;
        for (n, seconds) in [30, 30, 120, 120].into_iter().enumerate() {
            w.advance(seconds - 3).await;
            if crash > 0 && (crash - 1) / 2 == n {
                w.ring_in(3).await;
                w.think().await;
                if crash % 2 == 1 {
                    w.crash_before_sending().await;
                } else {
                    w.crash_after_sending().await;
                }
                w.advance(0).await;
            } else {
                w.advance(3).await;
            }
        }
        w.advance(10).await;
        let events = w.rows("SELECT what FROM alarm_event ORDER BY id").await;
        let state = (called(&w), events, w.number("SELECT COUNT(*) FROM summons").await);
        assert_eq!(*first.get_or_insert(state.clone()), state, "crash {crash}");
        w.end().await;
    }
}

/// A shift of every day, wherever.
pub fn shift(user: i64, from: &str, to: &str) -> Shift {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    Shift {
        user: UserId(user),
        post: String::new(),
        days: Days::ALL,
        from: time(from),
        to: time(to),
        first: None,
        last: None,
        holidays: OnHolidays::Also,
    }
}

#[tokio::test]
async fn over_midnight_the_next_ring_calls_who_is_on_duty_then() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    w.store.import_points(&[point("P4", 400.0, &[34])]).await.unwrap();
    let shifts = vec![shift(GUARD2, "00:00", "08:00"), shift(34, "16:00", "00:00")];
    w.store.replace_rota(&Rota { shifts, ..Rota::default() }).await.unwrap();
    w.jump(4 * 3600 - 22).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(10).await;
    assert_eq!(called(&w), [GUARD], "23:59:50");
    w.advance(22).await;
    assert_eq!(called(&w), [GUARD, GUARD2, 33], "00:00:10: of P4 nobody is on duty any more");
    assert!(w.find(DESK, "raised 23:59")[0].text.contains("P4 Point P4 400 m off duty"), "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn the_clock_counts_seconds_when_the_hour_is_put_back() {
    let mut w = policed(|c| c.time_zone = chrono_tz::Europe::Berlin).await;
    // Sunday 2027-10-31, 02:59:50 summer time: ten seconds later it is two o'clock again.
    let turn = chrono::DateTime::parse_from_rfc3339("2027-10-31T02:59:50+02:00").unwrap().timestamp();
    w.jump(turn - w.now().0 / 1000).await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, three men").await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(29).await;
    assert_eq!(w.count(GUARD2, "Alarm 1 ·"), 0);
    w.advance(3).await;
    assert_eq!(w.count(GUARD2, "Alarm 1 ·"), 1, "thirty seconds, not an hour");
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(3).await;
    assert!(w.find(DESK, "raised 02:59")[0].text.contains("✅ 60 s points on scene (32 s)"), "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn when_all_cannot_come_others_are_called_at_once() {
    let mut w = policed(|c| (c.alarm.patrol, c.alarm.response) = (0, 0)).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(2).await;
    w.press(GUARD, GUARD, "Cannot").await;
    w.advance(3).await;
    assert_eq!(called(&w), [GUARD, GUARD2, 33], "five seconds, not thirty");
    assert_eq!(w.count(DESK, "all who were called cannot come. 2 more are called"), 1, "{}", w.chat(DESK));
    w.end_alarm().await;
}

#[tokio::test]
async fn an_alarm_is_not_forgotten() {
    let mut w = raised().await;
    w.advance(605).await;
    assert_eq!(w.count(DESK, "after 10 minutes nobody is there"), 1, "{}", w.chat(DESK));
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(2 * 3600).await;
    assert!(w.count(DESK, "is not stood down") >= 3, "{}", w.chat(DESK));
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(3).await;
    assert_eq!(w.number("SELECT COUNT(*) FROM timer").await, 0);
    w.end().await;
}
