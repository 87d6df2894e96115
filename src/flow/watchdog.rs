//! The watchdog over alarms' messages: what should have gone out against what went, and whether the platform answers.
//!
//! The sender tells it what waits and what came of each call; a worker asks it each second what is wrong. Pure. What
//! limits and the platform's own `retry_after` hold back is not late. When the platform is back the desk is told once.

use super::decision::{Decision, Given};
use super::schedule::Backlog;
use crate::domain::id::{ChatId, Millis};
use crate::domain::text::when;
use crate::port::store::{Lane, OutboxReport};
use std::collections::HashSet;

/// Calls to several chats must have failed for so long.
const DOWN_MS: i64 = 10_000;
/// Calls to one chat, when nobody else is written to.
const DOWN_ALONE_MS: i64 = 60_000;
/// Seconds in a row in which less went than should have.
const BEHIND: u32 = 3;
/// A sender that has not looked at its queue for so long stands still: it looks five times a second.
const STILL_MS: i64 = 3_000;

/// Calls of which nobody knows whether they arrived, and none that did since.
#[derive(Debug)]
struct Bad {
    since: Millis,
    chats: HashSet<ChatId>,
    why: String,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Watchdog {
    bad: Option<Bad>,
    /// When the sender looked last, and what waited then.
    looked: Option<(Millis, Backlog)>,
    /// Alarm messages that could have gone at the last look of the watchdog, and went since.
    due: usize,
    went: usize,
    /// Seconds in a row in which too few went, and since when.
    behind: u32,
    behind_since: Option<Millis>,
}

/// What is wrong; each text stays the same while the same is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The platform does not answer.
    pub platform: Option<String>,
    /// Alarm messages do not go out as they should.
    pub alarms: Option<String>,
    /// Alarm messages that wait, whatever for.
    pub waiting: usize,
    /// How long the oldest of them has waited, in milliseconds.
    pub oldest_ms: i64,
}

impl Watchdog {
    /// The sender looks at its queue.
    pub fn looked(&mut self, backlog: Backlog, now: Millis) {
        self.looked = Some((now, backlog));
    }

    /// The platform answered a call, whatever it said; an alarm's message went out or not. Tells of the time for which it
    /// could not be reached, if that is over now.
    pub fn answered(&mut self, alarm_went: bool, at: Millis) -> Option<(Millis, Millis)> {
        self.went += usize::from(alarm_went);
        let bad = self.bad.take()?;
        bad.is_down(at).then_some((bad.since, at))
    }

    /// Nobody knows what became of a call that began at `began`.
    pub fn failed(&mut self, chat: ChatId, began: Millis, why: &str) {
        let bad = self.bad.get_or_insert_with(|| Bad { since: began, chats: HashSet::new(), why: why.to_owned() });
        bad.since = bad.since.min(began);
        bad.chats.insert(chat);
    }

    /// What is wrong; to be asked each second. `per_second` is how many messages may leave, 0: any number.
    pub fn look(&mut self, now: Millis, per_second: u32) -> Verdict {
        let backlog = self.looked.map(|(_, backlog)| backlog).unwrap_or_default();
        let allowed = if per_second == 0 { usize::MAX } else { per_second as usize };
        let should = self.due.min(allowed);
        // A fifth less is the second's own ends, not trouble.
        if should > 0 && self.went * 5 < should * 4 {
            self.behind += 1;
            self.behind_since.get_or_insert(now);
        } else {
            (self.behind, self.behind_since) = (0, None);
        }
        (self.due, self.went) = (backlog.free, 0);
        let still = self.looked.map(|(at, _)| at).filter(|at| now.since(*at) > STILL_MS);
        let clock = |at: Millis| at.utc().format("%H:%M:%S UTC").to_string();
        let down = self.bad.as_ref().filter(|bad| bad.is_down(now));
        Verdict {
            platform: down.map(|bad| format!("cannot be reached since {}: {}; trying on", clock(bad.since), bad.why)),
            alarms: match (still, self.behind_since) {
                (Some(at), _) => Some(format!("the sender stands still since {}", clock(at))),
                (None, Some(since)) if self.behind >= BEHIND => {
                    Some(format!("alarm messages that could go out do not, since {}", clock(since)))
                }
                _ => None,
            },
            waiting: backlog.waiting,
            oldest_ms: backlog.oldest.map_or(0, |at| now.since(at)),
        }
    }
}

impl Bad {
    fn is_down(&self, now: Millis) -> bool {
        now.since(self.since) >= if self.chats.len() > 1 { DOWN_MS } else { DOWN_ALONE_MS }
    }
}

/// The desk is told that the platform could not be reached.
pub fn tell(given: &Given<'_>, from: Millis, to: Millis, late: i64) -> Decision {
    let mut decision = Decision::nothing();
    let Some(desk) = given.town.desk() else { return decision };
    let speaker = given.town.speaker(given.town.group_language(desk), given.now);
    let zone = given.town.rules.time_zone;
    let span = format!("{}–{}", when::seconds(from, zone), when::seconds(to, zone));
    let mut html = speaker.say("outage", &[("span", span.as_str().into())]);
    html.push('\n');
    html += &match late {
        0 => speaker.say("outage-none-late", &[]),
        late => speaker.say("outage-late", &[("count", late.into())]),
    };
    decision.post(desk, format!("outage:{}", from.0), Lane::Desk, html);
    decision
}

/// The report of an outage that is over.
pub fn report((from, to): (Millis, Millis), late: usize) -> OutboxReport {
    OutboxReport::PlatformBack { from, to, late: i64::try_from(late).unwrap_or(i64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog(free: usize) -> Backlog {
        Backlog { free, waiting: free + 2, oldest: Some(Millis(0)) }
    }

    /// A second: `free` could go at its start, `went` did.
    fn second(dog: &mut Watchdog, n: i64, free: usize, went: usize) -> Verdict {
        for _ in 0..went {
            assert_eq!(dog.answered(true, Millis(n * 1000)), None);
        }
        dog.looked(backlog(free), Millis(n * 1000));
        dog.look(Millis(n * 1000), 30)
    }

    #[test]
    fn what_should_have_gone_and_did_not_is_told_after_three_seconds() {
        let mut dog = Watchdog::default();
        // A large alarm goes out as fast as it may.
        for n in 0..20 {
            assert_eq!(second(&mut dog, n, 600, 29).alarms, None, "{n}");
        }
        assert_eq!((second(&mut dog, 20, 500, 10).alarms, second(&mut dog, 21, 490, 0).alarms), (None, None));
        let told = second(&mut dog, 22, 490, 3);
        assert_eq!(told.alarms.unwrap(), "alarm messages that could go out do not, since 00:00:20 UTC");
        assert_eq!((told.waiting, told.oldest_ms), (492, 22_000));
        assert_eq!(second(&mut dog, 23, 460, 30).alarms, None, "well again");
        // What is held back by limits or by the platform's own word is not free, and nothing is told of it.
        assert_eq!(second(&mut dog, 24, 0, 30).alarms, None);
        for n in 25..40 {
            assert_eq!(second(&mut dog, n, 0, 0).alarms, None);
        }
    }

    #[test]
    fn a_sender_that_does_not_look_is_told_of() {
        let mut dog = Watchdog::default();
        assert_eq!(dog.look(Millis(90_000), 30), Verdict::default(), "none has begun");
        dog.looked(Backlog::default(), Millis(90_000));
        assert_eq!(dog.look(Millis(93_000), 30).alarms, None);
        assert_eq!(dog.look(Millis(93_001), 30).alarms.unwrap(), "the sender stands still since 00:01:30 UTC");
    }

    #[test]
    fn the_platform_is_down_when_several_chats_fail_for_ten_seconds() {
        let mut dog = Watchdog::default();
        dog.failed(ChatId(1), Millis(1_000), "no answer");
        dog.failed(ChatId(2), Millis(2_000), "502");
        assert_eq!(dog.look(Millis(10_999), 30).platform, None);
        let told = dog.look(Millis(11_000), 30).platform.unwrap();
        assert_eq!(told, "cannot be reached since 00:00:01 UTC: no answer; trying on");
        dog.failed(ChatId(2), Millis(12_000), "503");
        assert_eq!(dog.look(Millis(13_000), 30).platform.unwrap(), told, "the same words: logged once");
        assert_eq!(dog.answered(false, Millis(14_000)), Some((Millis(1_000), Millis(14_000))));
        assert_eq!((dog.look(Millis(15_000), 30).platform, dog.answered(true, Millis(16_000))), (None, None), "once");
    }

    #[test]
    fn one_chat_that_fails_is_no_outage_while_others_are_reached() {
        let mut dog = Watchdog::default();
        for n in 0..100 {
            dog.failed(ChatId(1), Millis(n * 1000), "500");
            assert_eq!(dog.look(Millis(n * 1000), 30).platform, None);
            if n % 30 == 29 {
                assert_eq!(dog.answered(false, Millis(n * 1000)), None);
            }
        }
        dog.failed(ChatId(1), Millis(100_000), "500");
        assert!(dog.look(Millis(160_000), 30).platform.is_some(), "nobody else is written to, and nothing gets out");
    }
}
