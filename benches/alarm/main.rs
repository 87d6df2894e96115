//! How fast an alarm is out, on a simulated clock, under the platform's published limits.
//!
//! For 10, 100, 1,000 and 10,000 recipients, each in a private chat, with 10,000 routine messages queued and with none:
//! the bound that the limits allow, what our schedule needs, the ratio. `benches/throttle` does the same with
//! teloxide's own `Throttle`, in real time. Figures: docs/benchmarks.md, section "Alarms".

use baiying::config::Limits;
use baiying::domain::id::{ChatId, Millis, OutboxId};
use baiying::flow::schedule::{Next, Schedule};
use baiying::port::store::{Lane, Queued};
use std::collections::BTreeSet;

/// When the alarm is raised: in the middle of a second of which the routine messages have taken their part.
const RAISED: Millis = Millis(5_137);
/// How long each call takes, in milliseconds.
const CALL_MS: i64 = 60;
/// The first number of an alarm's message.
const ALARM: i64 = 1_000_000;

struct Run {
    first_ms: i64,
    last_ms: i64,
    routine: usize,
    /// When messages left before the alarm was raised.
    before: Vec<Millis>,
}

fn row(id: i64, chat: i64, lane: Lane, at: Millis) -> Queued {
    Queued { id: OutboxId(id), chat: ChatId(chat), lane, queued_at: at, not_before: Millis(0) }
}

fn run(limits: Limits, recipients: i64, routine: i64) -> Run {
    let mut schedule = Schedule::new(limits);
    for n in 0..routine {
        schedule.put(row(n, n % 700 + 1, Lane::Routine, Millis(0)), Millis(0));
    }
    let mut raised = false;
    let mut under_way: BTreeSet<(Millis, OutboxId)> = BTreeSet::new();
    let mut now = Millis(0);
    let mut run = Run { first_ms: i64::MAX, last_ms: 0, routine: 0, before: Vec::new() };
    loop {
        while under_way.first().is_some_and(|(at, _)| *at <= now) {
            let (_, id) = under_way.pop_first().expect("there is a first");
            schedule.answered(id);
            schedule.ended(id, now);
        }
        if !raised && now >= RAISED {
            raised = true;
            for n in 0..recipients {
                schedule.put(row(ALARM + n, ALARM + n, Lane::Alarm, now), now);
            }
        }
        let wait = match schedule.next(now) {
            Next::Send(row) => {
                under_way.insert((now.plus_ms(CALL_MS), row.id));
                if row.lane == Lane::Alarm {
                    run.first_ms = run.first_ms.min(now.since(RAISED));
                    run.last_ms = now.since(RAISED);
                } else {
                    run.routine += 1;
                }
                if !raised {
                    run.before.push(now);
                }
                continue;
            }
            Next::Wait(at) => Some(at),
            Next::Idle => None,
        };
        let ends = under_way.first().map(|(at, _)| *at);
        let comes = (!raised).then_some(RAISED);
        match wait.into_iter().chain(ends).chain(comes).min() {
            Some(at) => now = at,
            None => return run,
        }
    }
}

/// When the last of `n` messages may leave at the earliest, if so many may in any second and these left before.
fn bound_ms(n: i64, per_second: u32, before: &[Millis]) -> i64 {
    let mut left = before.to_vec();
    for _ in 0..n {
        let nth_last = left.len().checked_sub(per_second as usize);
        let free = nth_last.map_or(RAISED, |n| left[n].plus_ms(1000));
        left.push(free.max(RAISED));
    }
    left.last().map_or(0, |at| at.since(RAISED))
}

fn main() {
    let limits = Limits::default();
    println!("{} messages/s over all chats, {} of them kept for alarms", limits.per_second, limits.alarm_headroom);
    println!(
        "| recipients | routine queued | bound, idle bot | bound, after what had left | first | last | ratio to the bounds | routine sent |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let s = |ms: i64| format!("{:.2} s", ms as f64 / 1000.0);
    let mut missed = false;
    for routine in [0, 10_000] {
        for recipients in [10, 100, 1_000, 10_000] {
            let run = run(limits, recipients, routine);
            let (idle, bound) =
                (bound_ms(recipients, limits.per_second, &[]), bound_ms(recipients, limits.per_second, &run.before));
            let ratio = |bound: i64| {
                if bound == 0 { "–".into() } else { format!("{:.3}", run.last_ms as f64 / bound as f64) }
            };
            println!(
                "| {recipients} | {routine} | {} | {} | {} | {} | {} and {} | {} |",
                s(idle),
                s(bound),
                s(run.first_ms),
                s(run.last_ms),
                ratio(idle),
                ratio(bound),
                run.routine
            );
            let in_time = run.first_ms <= 1000 && run.last_ms as f64 <= bound as f64 * 1.05;
            missed |= !in_time || run.routine != routine as usize;
        }
    }
    assert!(
        !missed,
        "an alarm missed what was promised: first within 1 s, last within 1.05 of the bound, nothing lost"
    );
}
