//! Which message goes next. Pure: messages, limits and `now` in, a choice out.
//!
//! Urgency first, then age; every chat has its own queue, so that one at its limit holds up nobody else. The
//! platform's limits are counted over sliding windows; alarms may use what is kept free for them. A chat that the
//! platform asks to leave alone is left alone; if it asks that of several at once it means the bot, and all stop.

use super::flood::Flood;
use crate::config::Limits;
use crate::domain::id::{ChatId, Millis, OutboxId};
use crate::port::store::{Lane, Queued};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Messages under way at the same time: with 50 ms a call this is 5,000 a second. A few are for alarms alone, so
/// that calls which nobody answers cannot hold one up.
pub const SIDE_BY_SIDE: usize = 256 + FOR_ALARMS;
/// Of them, for alarms alone.
const FOR_ALARMS: usize = 32;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60_000;
/// Messages under way to one chat at the same time, where the platform's limit on it is lifted.
const TO_ONE_CHAT: usize = 16;
/// Of so many messages that are no alarm's, each lane that has something to send gets one at least.
const SHARE: u32 = 10;

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send this one.
    Send(Queued),
    /// Nothing may go before then.
    Wait(Millis),
    /// Nothing is queued that could go once what is under way has ended.
    Idle,
}

/// Alarm messages that have not gone yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Those that nothing holds back but the limit on all chats together, one a chat.
    pub free: usize,
    /// All of them, whatever holds them back, and those under way.
    pub waiting: usize,
    /// Since when the oldest of all waits.
    pub oldest: Option<Millis>,
}

/// Lane, how many of an alarm's messages the chat has had already, number, chat.
type Head = (Lane, u32, OutboxId, ChatId);

/// Queued messages of one chat.
#[derive(Debug, Default)]
struct ChatQueue {
    waiting: BTreeSet<(Lane, OutboxId)>,
    /// Its entry among the ready.
    head: Option<Head>,
    /// When the last ones left, oldest first, a minute at most.
    left: VecDeque<Millis>,
    under_way: usize,
    /// Of those, alarms'.
    alarms_under_way: usize,
    /// Alarm messages that left while more of them waited: whoever knows nothing yet goes first.
    had: u32,
    held_until: Millis,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    row: Queued,
    left_at: Millis,
}

/// The queue of all messages.
#[derive(Debug)]
pub struct Schedule {
    limits: Limits,
    rows: HashMap<OutboxId, Queued>,
    chats: HashMap<ChatId, ChatQueue>,
    under_way: HashMap<OutboxId, UnderWay>,
    /// The heads of chats that may send now.
    ready: BTreeSet<Head>,
    /// When chats and single messages may be looked at again.
    later: BTreeSet<(Millis, Again)>,
    /// When the last messages left, over all chats, a second at most.
    left: VecDeque<Millis>,
    /// How many messages went before a lane that had one ready.
    passed: [u32; LANES.len()],
    flood: Flood,
}

const LANES: [Lane; 5] = [Lane::Alarm, Lane::AlarmFollow, Lane::Reply, Lane::Desk, Lane::Routine];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    Chat(ChatId),
    Row(OutboxId),
}

/// Takes the last of these instants away.
fn uncount(left: &mut VecDeque<Millis>, at: Millis) {
    if let Some(index) = left.iter().rposition(|it| *it == at) {
        left.remove(index);
    }
}

fn is_alarms(lane: Lane) -> bool {
    lane <= Lane::AlarmFollow
}

impl Schedule {
    /// An empty queue under `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rows: HashMap::new(),
            chats: HashMap::new(),
            under_way: HashMap::new(),
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            left: VecDeque::new(),
            passed: [0; LANES.len()],
            flood: Flood::default(),
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Notes a message that left before this schedule was made, for the limits. Oldest first.
    pub fn note_left(&mut self, chat: ChatId, at: Millis) {
        if self.limits.per_second > 0 {
            self.left.push_back(at);
        }
        self.count(chat, at);
    }

    /// Puts a message in the queue; one with the same id is replaced.
    pub fn put(&mut self, row: Queued, now: Millis) {
        if let Some(chat) = self.take_out(row.id) {
            // It may have been the head of its chat, and now be of another, or for later: the next one moves up.
            self.refresh(chat, now);
        }
        self.rows.insert(row.id, row);
        if row.not_before > now {
            self.later.insert((row.not_before, Again::Row(row.id)));
        } else {
            self.enqueue(row, now);
        }
    }

    /// Chooses the next message and counts it as under way.
    pub fn next(&mut self, now: Millis) -> Next {
        self.wake(now);
        while self.left.front().is_some_and(|t| now.since(*t) >= SECOND_MS) {
            self.left.pop_front();
        }
        if self.flood.until() > now && !self.rows.is_empty() {
            return Next::Wait(self.flood.until());
        }
        let later = self.later.first().map(|(at, _)| *at);
        let Some((lane, _, id, chat)) = self.choose() else {
            return later.map_or(Next::Idle, Next::Wait);
        };
        if self.under_way.len() >= if is_alarms(lane) { SIDE_BY_SIDE } else { SIDE_BY_SIDE - FOR_ALARMS } {
            return later.map_or(Next::Idle, Next::Wait);
        }
        let allowed = self.allowance(lane);
        if let Some(allowed) = allowed
            && self.left.len() >= allowed
        {
            // The oldest of those that fill the allowance must be a second old.
            let freed = self.left[self.left.len() - allowed].plus_ms(SECOND_MS);
            return Next::Wait(later.map_or(freed, |at| freed.min(at)));
        }
        self.count_passed(lane);
        let row = self.rows[&id];
        self.take_out(id);
        if allowed.is_some() {
            self.left.push_back(now);
        }
        self.count(chat, now);
        self.under_way.insert(id, UnderWay { row, left_at: now });
        if let Some(queue) = self.chats.get_mut(&chat) {
            queue.under_way += 1;
            if is_alarms(lane) {
                queue.alarms_under_way += 1;
                queue.had += 1;
            }
        }
        self.refresh(chat, now);
        Next::Send(row)
    }

    /// A message is no longer under way, whatever became of it.
    pub fn ended(&mut self, id: OutboxId, now: Millis) {
        let Some(UnderWay { row, .. }) = self.under_way.remove(&id) else { return };
        if let Some(queue) = self.chats.get_mut(&row.chat) {
            queue.under_way = queue.under_way.saturating_sub(1);
            if is_alarms(row.lane) {
                queue.alarms_under_way = queue.alarms_under_way.saturating_sub(1);
            }
        }
        self.refresh(row.chat, now);
    }

    /// A message that was chosen did not leave after all: it counts towards no limit.
    pub fn stayed(&mut self, id: OutboxId, now: Millis) {
        if let Some(UnderWay { row, left_at }) = self.under_way.get(&id) {
            uncount(&mut self.left, *left_at);
            if let Some(queue) = self.chats.get_mut(&row.chat) {
                uncount(&mut queue.left, *left_at);
                if is_alarms(row.lane) {
                    queue.had = queue.had.saturating_sub(1);
                }
            }
        }
        self.ended(id, now);
    }

    /// When a message that is under way left.
    pub fn left_at(&self, id: OutboxId) -> Option<Millis> {
        self.under_way.get(&id).map(|it| it.left_at)
    }

    /// The platform took a message that is under way, or refused it for itself: it does not mean the bot.
    pub fn answered(&mut self, id: OutboxId) {
        if let Some(it) = self.under_way.get(&id) {
            self.flood.passed(it.left_at);
        }
    }

    /// The platform asked at `now` to leave a chat alone until then.
    pub fn hold(&mut self, chat: ChatId, until: Millis, now: Millis) {
        let queue = self.chats.entry(chat).or_default();
        queue.held_until = queue.held_until.max(until);
        // A group that had half of what it may have is rather at its own limit than the bot at its.
        let had = queue.left.iter().filter(|at| now.since(**at) < MINUTE_MS).count();
        let most = self.limits.per_group_minute as usize;
        if chat.0 > 0 || most == 0 || 2 * had < most {
            self.flood.refused(chat, until, now);
        }
        self.refresh(chat, now);
    }

    /// Alarm messages that have not gone.
    pub fn backlog(&mut self, now: Millis) -> Backlog {
        self.wake(now);
        let follow = (Lane::Reply, 0, OutboxId(i64::MIN), ChatId(i64::MIN));
        let free = if self.flood.until() > now { 0 } else { self.ready.range(..follow).count() };
        let under_way = self.under_way.values().map(|it| &it.row);
        let waiting = self.rows.values().chain(under_way).filter(|row| is_alarms(row.lane));
        let mut backlog = Backlog { free, ..Backlog::default() };
        for row in waiting {
            backlog.waiting += 1;
            backlog.oldest = Some(backlog.oldest.map_or(row.queued_at, |at| at.min(row.queued_at)));
        }
        backlog
    }

    /// The most urgent, oldest head; now and then one of a lane that has stood behind for long.
    fn choose(&self) -> Option<Head> {
        let first = *self.ready.first()?;
        if is_alarms(first.0) {
            return Some(first);
        }
        let behind = |lane: &Lane| *lane > first.0 && self.passed[*lane as usize] >= SHARE - 1;
        let behind = LANES.into_iter().filter(behind).find_map(|lane| self.first_of(lane));
        Some(behind.unwrap_or(first))
    }

    fn first_of(&self, lane: Lane) -> Option<Head> {
        let from = (lane, 0, OutboxId(i64::MIN), ChatId(i64::MIN));
        self.ready.range(from..).next().copied().filter(|head| head.0 == lane)
    }

    /// Counts what goes before lanes that have something ready.
    fn count_passed(&mut self, lane: Lane) {
        if is_alarms(lane) {
            return;
        }
        self.passed[lane as usize] = 0;
        for other in LANES {
            if !is_alarms(other) && other != lane && self.first_of(other).is_some() {
                self.passed[other as usize] += 1;
            }
        }
    }

    /// How many messages a second may leave in this lane; `None`: as many as one likes.
    fn allowance(&self, lane: Lane) -> Option<usize> {
        if self.limits.per_second == 0 {
            return None;
        }
        let kept = if lane == Lane::Alarm { 0 } else { self.limits.alarm_headroom };
        Some(self.limits.per_second.saturating_sub(kept).max(1) as usize)
    }

    fn count(&mut self, chat: ChatId, at: Millis) {
        if self.limits.per_chat_second == 0 && (chat.0 > 0 || self.limits.per_group_minute == 0) {
            return;
        }
        let left = &mut self.chats.entry(chat).or_default().left;
        left.push_back(at);
        while left.front().is_some_and(|t| at.since(*t) >= MINUTE_MS) {
            left.pop_front();
        }
    }

    /// Moves what has come due back into play.
    fn wake(&mut self, now: Millis) {
        while let Some(&(at, again)) = self.later.first()
            && at <= now
        {
            self.later.pop_first();
            match again {
                Again::Chat(chat) => self.refresh(chat, now),
                Again::Row(id) => {
                    if let Some(&row) = self.rows.get(&id) {
                        self.enqueue(row, now);
                    }
                }
            }
        }
    }

    fn enqueue(&mut self, row: Queued, now: Millis) {
        self.chats.entry(row.chat).or_default().waiting.insert((row.lane, row.id));
        self.refresh(row.chat, now);
    }

    /// Takes a message out of every list; tells of which chat it was.
    fn take_out(&mut self, id: OutboxId) -> Option<ChatId> {
        let row = self.rows.remove(&id)?;
        self.later.remove(&(row.not_before, Again::Row(id)));
        if let Some(queue) = self.chats.get_mut(&row.chat) {
            queue.waiting.remove(&(row.lane, id));
            if let Some(head) = queue.head.take_if(|head| head.2 == id) {
                self.ready.remove(&head);
            }
        }
        Some(row.chat)
    }

    /// Puts the chat's head among the ready, or the chat among those to be looked at later.
    fn refresh(&mut self, chat: ChatId, now: Millis) {
        let Some(queue) = self.chats.get_mut(&chat) else { return };
        while queue.left.front().is_some_and(|t| now.since(*t) >= MINUTE_MS) {
            queue.left.pop_front();
        }
        if let Some(head) = queue.head.take() {
            self.ready.remove(&head);
        }
        let Some(&(lane, id)) = queue.waiting.first() else {
            queue.had = 0;
            if queue.under_way == 0 {
                let free_at = free_at(&self.limits, chat, queue, Lane::Routine);
                let remembers = queue.left.back().map(|t| t.plus_ms(MINUTE_MS));
                let remembers = remembers.max((free_at > now).then_some(free_at));
                match remembers {
                    Some(at) => drop(self.later.insert((at, Again::Chat(chat)))),
                    None => drop(self.chats.remove(&chat)),
                }
            }
            return;
        };
        if !is_alarms(lane) {
            queue.had = 0;
        }
        let most = if self.limits.per_chat_second == 0 { TO_ONE_CHAT } else { 1 };
        // An alarm does not wait until somebody answers for a message that is none.
        if most <= if is_alarms(lane) { queue.alarms_under_way } else { queue.under_way } {
            return;
        }
        let free_at = free_at(&self.limits, chat, queue, lane);
        if free_at > now {
            self.later.insert((free_at, Again::Chat(chat)));
            return;
        }
        let head = (lane, if is_alarms(lane) { queue.had } else { 0 }, id, chat);
        queue.head = Some(head);
        self.ready.insert(head);
    }
}

/// When the chat may send again in this lane, as far as its limits go.
fn free_at(limits: &Limits, chat: ChatId, queue: &ChatQueue, lane: Lane) -> Millis {
    let mut at = queue.held_until;
    let mut window = |most: u32, span_ms: i64| {
        if most > 0
            && let Some(n) = queue.left.len().checked_sub(most as usize)
        {
            at = at.max(queue.left[n].plus_ms(span_ms));
        }
    };
    window(limits.per_chat_second, SECOND_MS);
    if chat.0 < 0 && limits.per_group_minute > 0 {
        let kept = if is_alarms(lane) { 0 } else { limits.group_alarm_headroom };
        window(limits.per_group_minute.saturating_sub(kept).max(1), MINUTE_MS);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: Limits =
        Limits { per_second: 30, per_chat_second: 1, per_group_minute: 20, alarm_headroom: 5, group_alarm_headroom: 2 };

    fn row(id: i64, chat: i64, lane: Lane) -> Queued {
        Queued { id: OutboxId(id), chat: ChatId(chat), lane, queued_at: Millis(0), not_before: Millis(0) }
    }

    /// Sends everything on a simulated clock; each send takes no time. Gives (when, id) in order.
    fn run(schedule: &mut Schedule) -> Vec<(Millis, OutboxId)> {
        run_with(schedule, Vec::new(), |_| 0)
    }

    /// The same; messages are put at their `queued_at`, oldest first, and each send takes so many milliseconds.
    fn run_with(
        schedule: &mut Schedule,
        arriving: Vec<Queued>,
        took_ms: impl Fn(OutboxId) -> i64,
    ) -> Vec<(Millis, OutboxId)> {
        let (mut now, mut out) = (Millis(0), Vec::new());
        let mut arriving = arriving.into_iter().peekable();
        let mut under_way: BTreeSet<(Millis, OutboxId)> = BTreeSet::new();
        loop {
            while let Some(row) = arriving.next_if(|row| row.queued_at <= now) {
                schedule.put(row, now);
            }
            while under_way.first().is_some_and(|(at, _)| *at <= now) {
                let (_, id) = under_way.pop_first().unwrap();
                schedule.answered(id);
                schedule.ended(id, now);
            }
            let wait = match schedule.next(now) {
                Next::Send(row) => {
                    out.push((now, row.id));
                    under_way.insert((now.plus_ms(took_ms(row.id)), row.id));
                    continue;
                }
                Next::Wait(at) => {
                    assert!(at > now, "waits for the past");
                    Some(at)
                }
                Next::Idle => None,
            };
            let ends = under_way.first().map(|(at, _)| *at);
            let comes = arriving.peek().map(|row| row.queued_at);
            match wait.into_iter().chain(ends).chain(comes).min() {
                Some(at) => now = at,
                None => return out,
            }
        }
    }

    fn at(ms: i64, row: Queued) -> Queued {
        Queued { queued_at: Millis(ms), ..row }
    }

    fn filled(limits: Limits, rows: impl IntoIterator<Item = Queued>) -> (Schedule, HashMap<OutboxId, Queued>) {
        let mut schedule = Schedule::new(limits);
        let rows: HashMap<_, _> = rows.into_iter().map(|r| (r.id, r)).collect();
        let mut sorted: Vec<_> = rows.values().copied().collect();
        sorted.sort_by_key(|r| r.id);
        for row in sorted {
            schedule.put(row, Millis(0));
        }
        (schedule, rows)
    }

    #[test]
    fn an_alarm_goes_first_whatever_is_queued() {
        let routine = (1..=10_000).map(|n| row(n, n % 500 + 1, Lane::Routine));
        let (mut schedule, _) = filled(REAL, routine);
        // The second is full of routine messages…
        let mut sent = 0;
        while let Next::Send(_) = schedule.next(Millis(0)) {
            sent += 1;
        }
        assert_eq!(sent, 25, "the headroom is kept free");
        // …and an alarm comes in: it goes at once, and four more with it.
        for n in 0..6 {
            schedule.put(row(20_000 + n, 9_000 + n, Lane::Alarm), Millis(1));
        }
        let mut alarms = 0;
        while let Next::Send(row) = schedule.next(Millis(1)) {
            assert!(row.id.0 >= 20_000);
            alarms += 1;
        }
        assert_eq!(alarms, 5);
    }

    #[test]
    fn a_group_at_its_limit_holds_up_nobody() {
        let busy = (1..=40).map(|n| row(n, -1, Lane::Reply));
        let (mut schedule, _) = filled(REAL, busy.chain([row(99, -2, Lane::Routine)]));
        let sent = run(&mut schedule);
        let of_busy: Vec<Millis> = sent.iter().filter(|(_, id)| id.0 != 99).map(|(at, _)| *at).collect();
        assert_eq!(sent.iter().find(|(_, id)| id.0 == 99).unwrap().0, Millis(0));
        assert_eq!(of_busy[17], Millis(17_000), "one a second");
        assert_eq!(of_busy[18], Millis(60_000), "twenty a minute, two of them for alarms");
        assert_eq!(of_busy.len(), 40);
    }

    #[test]
    fn the_next_moves_up_when_the_head_goes_to_another_chat_or_waits() {
        for head in [row(1, -2, Lane::Reply), Queued { not_before: Millis(9_000), ..row(1, -1, Lane::Reply) }] {
            let (mut schedule, _) = filled(REAL, [row(1, -1, Lane::Reply), row(2, -1, Lane::Reply)]);
            schedule.put(head, Millis(0));
            let mut sent: Vec<OutboxId> = run(&mut schedule).into_iter().map(|(_, id)| id).collect();
            sent.sort();
            assert_eq!(sent, [OutboxId(1), OutboxId(2)]);
        }
    }

    #[test]
    fn what_did_not_leave_after_all_uses_nothing_up() {
        let (mut schedule, _) = filled(REAL, (1..=60).map(|n| row(n, n, Lane::Alarm)));
        for round in 0..2 {
            let mut chosen = Vec::new();
            while let Next::Send(row) = schedule.next(Millis(0)) {
                chosen.push(row);
            }
            assert_eq!(chosen.len(), 30, "round {round}");
            for row in chosen {
                schedule.stayed(row.id, Millis(0));
            }
        }
        assert_eq!(schedule.next(Millis(0)), Next::Idle);
    }

    #[test]
    fn retry_after_holds_one_chat() {
        let (mut schedule, _) = filled(REAL, [row(1, 5, Lane::Reply), row(2, 6, Lane::Reply)]);
        schedule.hold(ChatId(5), Millis(7_000), Millis(0));
        assert_eq!(run(&mut schedule), [(Millis(0), OutboxId(2)), (Millis(7_000), OutboxId(1))]);
    }

    #[test]
    fn lifted_limits_hold_nothing() {
        let lifted = Limits {
            per_second: 0,
            per_chat_second: 0,
            per_group_minute: 0,
            alarm_headroom: 0,
            group_alarm_headroom: 0,
        };
        let (mut schedule, _) = filled(lifted, (1..=1000).map(|n| row(n, -(n % 3) - 1, Lane::Reply)));
        let sent = run(&mut schedule);
        assert_eq!(sent.len(), 1000);
        assert!(sent.iter().all(|(at, _)| *at == Millis(0)));
        assert!(schedule.chats.is_empty(), "nothing is remembered of chats that have nothing to wait for");
    }

    /// 10,000 routine messages are on their way when an alarm of 1,000 recipients comes, each with a card and a pin.
    #[test]
    fn a_large_alarm_is_out_as_fast_as_the_limits_allow_and_nothing_else_is_lost() {
        for came_ms in [1, 5_137, 7_999] {
            let routine = (1..=10_000).map(|n| row(n, n % 700 + 1, Lane::Routine));
            let (mut schedule, _) = filled(REAL, routine);
            let alarm = (0..2000).map(|n| at(came_ms, row(20_000 + n, 100_000 + n / 2, Lane::Alarm))).collect();
            let sent = run_with(&mut schedule, alarm, |id| 20 + id.0 % 60);
            assert_eq!(sent.len(), 12_000);
            let cards: Vec<i64> =
                sent.iter().filter(|(_, id)| id.0 >= 20_000 && id.0 % 2 == 0).map(|(at, _)| at.0 - came_ms).collect();
            assert_eq!(cards.len(), 1000);
            // 30 at once, and 30 more each second: the last at 33 s.
            assert!(cards[0] <= 1000 && cards[999] as f64 <= 33_000.0 * 1.05, "{} {}", cards[0], cards[999]);
            let last_pin = sent.iter().rfind(|(_, id)| id.0 >= 20_000).unwrap().0.0 - came_ms;
            assert!(last_pin as f64 <= 66_000.0 * 1.05, "{last_pin}");
        }
    }

    #[test]
    fn a_group_that_had_its_share_still_gets_an_alarm() {
        let (mut schedule, _) = filled(REAL, (1..=60).map(|n| row(n, -1, Lane::Desk)));
        let alarm = vec![at(30_000, row(99, -1, Lane::Alarm)), at(31_000, row(100, -1, Lane::AlarmFollow))];
        let sent = run_with(&mut schedule, alarm, |_| 0);
        let when = |id| sent.iter().find(|(_, it)| it.0 == id).unwrap().0.0;
        assert_eq!((when(99), when(100)), (30_000, 31_000));
        assert_eq!(sent.len(), 62);
    }

    #[test]
    fn a_call_that_nobody_answers_holds_up_no_alarm() {
        let (mut schedule, _) = filled(REAL, [row(1, 5, Lane::Reply)]);
        let alarm = vec![at(2_000, row(9, 5, Lane::Alarm)), at(2_000, row(10, 5, Lane::Alarm))];
        let sent = run_with(&mut schedule, alarm, |id| if id.0 == 1 { 15_000 } else { 50 });
        assert_eq!(sent[1..], [(Millis(2_000), OutboxId(9)), (Millis(3_000), OutboxId(10))]);
        // Nor do many of them.
        let mut schedule = Schedule::new(REAL);
        for n in 1..=1000 {
            schedule.put(row(n, n, Lane::Routine), Millis(0));
        }
        let mut under_way = 0;
        for second in 0..20 {
            while let Next::Send(_) = schedule.next(Millis(second * 1000)) {
                under_way += 1;
            }
        }
        assert_eq!(under_way, SIDE_BY_SIDE - FOR_ALARMS);
        schedule.put(row(5000, 5000, Lane::Alarm), Millis(20_000));
        assert!(matches!(schedule.next(Millis(20_000)), Next::Send(row) if row.id.0 == 5000));
    }

    #[test]
    fn a_flood_stops_all_until_the_longest_wait_is_over() {
        let (mut schedule, _) = filled(REAL, (1..=6).map(|n| row(n, n, Lane::Alarm)));
        for (chat, wait) in [(1, 4_000), (2, 7_000), (3, 5_000)] {
            assert!(matches!(schedule.next(Millis(0)), Next::Send(_)), "two refusals hold two chats");
            schedule.hold(ChatId(chat), Millis(wait), Millis(10 * chat));
            schedule.ended(OutboxId(chat), Millis(10 * chat));
        }
        assert_eq!(schedule.next(Millis(100)), Next::Wait(Millis(7_000)));
        assert_eq!(schedule.backlog(Millis(100)).free, 0);
        assert_eq!(schedule.next(Millis(6_999)), Next::Wait(Millis(7_000)), "not sooner");
        let sent = run(&mut schedule);
        assert!(sent.iter().all(|(at, _)| *at == Millis(7_000)) && sent.len() == 3, "{sent:?}");
    }

    #[test]
    fn groups_at_their_own_limits_stop_nobody_else() {
        let busy = (0..60).map(|n| row(n, -(n % 3) - 1, Lane::Reply));
        let (mut schedule, _) = filled(REAL, busy);
        for second in 0..15 {
            while let Next::Send(row) = schedule.next(Millis(second * 1000)) {
                schedule.ended(row.id, Millis(second * 1000));
            }
        }
        for group in 1..=3 {
            schedule.hold(ChatId(-group), Millis(60_000), Millis(15_000));
        }
        schedule.put(row(100, 7, Lane::Alarm), Millis(15_000));
        assert!(matches!(schedule.next(Millis(15_000)), Next::Send(row) if row.id.0 == 100));
    }

    #[test]
    fn whatever_goes_on_each_lane_gets_its_share() {
        // As many replies as may go, for ever, and a few cards and routine messages.
        let mut schedule = Schedule::new(REAL);
        let mut arriving: Vec<Queued> = (0..2_000).map(|n| at(n * 40, row(n, n + 1, Lane::Reply))).collect();
        arriving.extend((0..20).map(|n| at(1_000, row(5_000 + n, 5_000 + n, Lane::Desk))));
        arriving.extend((0..20).map(|n| at(1_000, row(6_000 + n, 6_000 + n, Lane::Routine))));
        arriving.sort_by_key(|row| row.queued_at);
        let sent = run_with(&mut schedule, arriving, |_| 0);
        let last = |lane: i64| sent.iter().rfind(|(_, id)| id.0 / 1000 == lane).unwrap().0.0;
        assert!(last(5) < 15_000 && last(6) < 15_000, "{} {}", last(5), last(6));
    }

    proptest! {
        #[test]
        fn alarms_among_all_else_keep_the_limits_and_come_first(
            all in prop::collection::vec((1i64..40, any::<bool>(), 0u8..5, 0i64..20_000), 1..400),
            slow in 0i64..3000,
            headroom in 1u32..6,
        ) {
            let limits = Limits { per_second: 12, per_group_minute: 8, alarm_headroom: headroom, ..REAL };
            let lanes = [Lane::Alarm, Lane::AlarmFollow, Lane::Reply, Lane::Desk, Lane::Routine];
            let mut arriving: Vec<Queued> = all.iter().enumerate().map(|(n, (chat, group, lane, came))| {
                at(*came, row(n as i64, if *group { -chat } else { *chat }, lanes[usize::from(*lane)]))
            }).collect();
            arriving.sort_by_key(|row| (row.queued_at, row.id));
            let rows: HashMap<OutboxId, Queued> = arriving.iter().map(|row| (row.id, *row)).collect();
            let sent = run_with(&mut Schedule::new(limits), arriving, |id| if slow == 0 { 0 } else { id.0 * 37 % slow });
            prop_assert_eq!(sent.len(), rows.len(), "nothing is lost, nothing waits for ever");
            let alarms = |from: &[(Millis, OutboxId)]| from.iter().filter(|(_, id)| rows[id].lane == Lane::Alarm).count();
            for n in 0..sent.len() {
                let (left, row) = (sent[n].0, rows[&sent[n].1]);
                let second: Vec<_> = sent[n..].iter().take_while(|(at, _)| at.since(left) < SECOND_MS).copied().collect();
                prop_assert!(second.len() <= 12);
                prop_assert!(second.len() - alarms(&second) <= 12 - headroom as usize, "the headroom is kept");
                prop_assert!(second.iter().filter(|(_, id)| rows[id].chat == row.chat).count() <= 1);
                let minute = sent[n..].iter().take_while(|(at, _)| at.since(left) < MINUTE_MS);
                prop_assert!(row.chat.0 > 0 || minute.filter(|(_, id)| rows[id].chat == row.chat).count() <= 8);
            }
            // An alarm waits for nothing but limits: other alarms, its own chat, its own minute.
            for (left, id) in sent.iter().filter(|(_, id)| rows[id].lane == Lane::Alarm) {
                let row = rows[id];
                let between = |span: i64, since: Millis| sent.iter().filter(|(at, other)| {
                    at.since(since.plus_ms(-span)) >= 0 && at <= left && (rows[other].lane == Lane::Alarm)
                }).count();
                let own = sent.iter().filter(|(at, other)| {
                    other != id && rows[other].chat == row.chat && *at < *left && at.since(row.queued_at) > -MINUTE_MS
                }).count();
                if own == 0 {
                    let ahead = between(SECOND_MS, row.queued_at) as i64;
                    prop_assert!(left.since(row.queued_at) <= (ahead / i64::from(headroom) + 1) * SECOND_MS);
                }
            }
        }

        #[test]
        fn no_limit_is_broken_and_nothing_is_forgotten(
            queue in prop::collection::vec((1i64..6, any::<bool>(), 0u8..5, 0i64..3000), 1..150),
            limits in (1u32..40, 0u32..3, 0u32..25, 0u32..6, 0u32..4),
        ) {
            let limits = Limits {
                per_second: limits.0,
                per_chat_second: limits.1,
                per_group_minute: limits.2,
                alarm_headroom: limits.3,
                group_alarm_headroom: limits.4,
            };
            let lanes = [Lane::Alarm, Lane::AlarmFollow, Lane::Reply, Lane::Desk, Lane::Routine];
            let all = queue.iter().enumerate().map(|(n, (chat, group, lane, not_before))| Queued {
                not_before: Millis(*not_before),
                ..row(n as i64, if *group { -chat } else { *chat }, lanes[usize::from(*lane)])
            });
            let (mut schedule, rows) = filled(limits, all);
            let sent = run(&mut schedule);
            prop_assert_eq!(sent.len(), rows.len());
            let within = |from: usize, span: i64, chat: Option<ChatId>| {
                sent[from..].iter().take_while(|(at, _)| at.since(sent[from].0) < span)
                    .filter(|(_, id)| chat.is_none_or(|c| rows[id].chat == c)).count()
            };
            for n in 0..sent.len() {
                let chat = rows[&sent[n].1].chat;
                prop_assert!(sent[n].0 >= rows[&sent[n].1].not_before);
                prop_assert!(within(n, SECOND_MS, None) <= limits.per_second as usize);
                if limits.per_chat_second > 0 {
                    prop_assert!(within(n, SECOND_MS, Some(chat)) <= limits.per_chat_second as usize);
                }
                if limits.per_group_minute > 0 && chat.0 < 0 {
                    prop_assert!(within(n, MINUTE_MS, Some(chat)) <= limits.per_group_minute as usize);
                }
            }
        }
    }
}
