//! Which message goes next. Pure: messages, limits and `now` in, a choice out.
//!
//! Urgency first, then age; every chat has its own queue, so that one at its limit holds up nobody else. The
//! platform's limits are counted over sliding windows; alarms may use what is kept free for them.

use crate::config::Limits;
use crate::domain::id::{ChatId, Millis, OutboxId};
use crate::port::store::{Lane, Queued};
use std::collections::{BTreeSet, HashMap, VecDeque};

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60_000;
/// Messages under way to one chat at the same time, where the platform's limit on it is lifted.
const SIDE_BY_SIDE: usize = 16;

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

/// Queued messages of one chat.
#[derive(Debug, Default)]
struct ChatQueue {
    waiting: BTreeSet<(Lane, OutboxId)>,
    /// When the last ones left, oldest first, a minute at most.
    left: VecDeque<Millis>,
    under_way: usize,
    held_until: Millis,
}

/// The queue of all messages.
#[derive(Debug)]
pub struct Schedule {
    limits: Limits,
    rows: HashMap<OutboxId, Queued>,
    chats: HashMap<ChatId, ChatQueue>,
    /// The heads of chats that may send now.
    ready: BTreeSet<(Lane, OutboxId, ChatId)>,
    /// When chats and single messages may be looked at again.
    later: BTreeSet<(Millis, Again)>,
    /// When the last messages left, over all chats, a second at most.
    left: VecDeque<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    Chat(ChatId),
    Row(OutboxId),
}

impl Schedule {
    /// An empty queue under `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rows: HashMap::new(),
            chats: HashMap::new(),
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            left: VecDeque::new(),
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

    /// Notes a message that left before this schedule was made, for the limits.
    pub fn note_left(&mut self, chat: ChatId, at: Millis) {
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
        let Some(&(lane, id, chat)) = self.ready.first() else {
            return self.later.first().map_or(Next::Idle, |(at, _)| Next::Wait(*at));
        };
        let allowed = self.allowance(lane);
        if let Some(allowed) = allowed
            && self.left.len() >= allowed
        {
            // The oldest of those that fill the allowance must be a second old.
            let freed = self.left[self.left.len() - allowed].plus_ms(SECOND_MS);
            return Next::Wait(self.later.first().map_or(freed, |(at, _)| freed.min(*at)));
        }
        let row = self.rows[&id];
        self.take_out(id);
        if allowed.is_some() {
            self.left.push_back(now);
        }
        self.count(chat, now);
        if let Some(queue) = self.chats.get_mut(&chat) {
            queue.under_way += 1;
        }
        self.refresh(chat, now);
        Next::Send(row)
    }

    /// A message to `chat` is no longer under way.
    pub fn ended(&mut self, chat: ChatId, now: Millis) {
        if let Some(queue) = self.chats.get_mut(&chat) {
            queue.under_way = queue.under_way.saturating_sub(1);
        }
        self.refresh(chat, now);
    }

    /// The platform asked to leave a chat alone until then.
    pub fn hold(&mut self, chat: ChatId, until: Millis, now: Millis) {
        let queue = self.chats.entry(chat).or_default();
        queue.held_until = queue.held_until.max(until);
        self.refresh(chat, now);
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

    /// When the chat may send again, as far as its limits go.
    fn free_at(&self, chat: ChatId, queue: &ChatQueue) -> Millis {
        let mut at = queue.held_until;
        let mut window = |most: u32, span_ms: i64| {
            if most > 0
                && let Some(n) = queue.left.len().checked_sub(most as usize)
            {
                at = at.max(queue.left[n].plus_ms(span_ms));
            }
        };
        window(self.limits.per_chat_second, SECOND_MS);
        if chat.0 < 0 {
            window(self.limits.per_group_minute, MINUTE_MS);
        }
        at
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
        self.ready.remove(&(row.lane, id, row.chat));
        self.later.remove(&(row.not_before, Again::Row(id)));
        if let Some(queue) = self.chats.get_mut(&row.chat) {
            queue.waiting.remove(&(row.lane, id));
        }
        Some(row.chat)
    }

    /// Puts the chat's head among the ready, or the chat among those to be looked at later.
    fn refresh(&mut self, chat: ChatId, now: Millis) {
        if let Some(queue) = self.chats.get_mut(&chat) {
            while queue.left.front().is_some_and(|t| now.since(*t) >= MINUTE_MS) {
                queue.left.pop_front();
            }
        }
        let Some(queue) = self.chats.get(&chat) else { return };
        let most = if self.limits.per_chat_second == 0 { SIDE_BY_SIDE } else { 1 };
        let free_at = self.free_at(chat, queue);
        // At most one head of a chat is among the ready: the first two of its order are the only candidates.
        let old: Vec<_> = queue.waiting.iter().take(2).map(|(lane, id)| (*lane, *id, chat)).collect();
        let (head, room) = (old.first().copied(), queue.under_way < most);
        let remembers = queue.left.back().map(|t| t.plus_ms(MINUTE_MS)).or((free_at > now).then_some(free_at));
        let under_way = queue.under_way > 0;
        for entry in old {
            self.ready.remove(&entry);
        }
        match head {
            Some(entry) if room && free_at <= now => {
                self.ready.insert(entry);
            }
            Some(_) if room => {
                self.later.insert((free_at, Again::Chat(chat)));
            }
            None if !under_way => match remembers {
                Some(at) => {
                    self.later.insert((at, Again::Chat(chat)));
                }
                None => {
                    self.chats.remove(&chat);
                }
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: Limits = Limits { per_second: 30, per_chat_second: 1, per_group_minute: 20, alarm_headroom: 5 };

    fn row(id: i64, chat: i64, lane: Lane) -> Queued {
        Queued { id: OutboxId(id), chat: ChatId(chat), lane, queued_at: Millis(0), not_before: Millis(0) }
    }

    /// Sends everything on a simulated clock; each send takes no time. Gives (when, id) in order.
    fn run(schedule: &mut Schedule) -> Vec<(Millis, OutboxId)> {
        let (mut now, mut out) = (Millis(0), Vec::new());
        loop {
            match schedule.next(now) {
                Next::Send(row) => {
                    out.push((now, row.id));
                    schedule.ended(row.chat, now);
                }
                Next::Wait(at) => {
                    assert!(at > now, "waits for the past");
                    now = at;
                }
                Next::Idle => return out,
            }
        }
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
        assert_eq!(of_busy[19], Millis(19_000), "one a second");
        assert_eq!(of_busy[20], Millis(60_000), "twenty a minute");
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
    fn retry_after_holds_one_chat() {
        let (mut schedule, _) = filled(REAL, [row(1, 5, Lane::Reply), row(2, 6, Lane::Reply)]);
        schedule.hold(ChatId(5), Millis(7_000), Millis(0));
        assert_eq!(run(&mut schedule), [(Millis(0), OutboxId(2)), (Millis(7_000), OutboxId(1))]);
    }

    #[test]
    fn lifted_limits_hold_nothing() {
        let lifted = Limits { per_second: 0, per_chat_second: 0, per_group_minute: 0, alarm_headroom: 0 };
        let (mut schedule, _) = filled(lifted, (1..=1000).map(|n| row(n, -(n % 3) - 1, Lane::Reply)));
        let sent = run(&mut schedule);
        assert_eq!(sent.len(), 1000);
        assert!(sent.iter().all(|(at, _)| *at == Millis(0)));
        assert!(schedule.chats.is_empty(), "nothing is remembered of chats that have nothing to wait for");
    }

    proptest! {
        #[test]
        fn no_limit_is_broken_and_nothing_is_forgotten(
            queue in prop::collection::vec((1i64..6, any::<bool>(), 0u8..5, 0i64..3000), 1..150),
            limits in (1u32..40, 0u32..3, 0u32..25, 0u32..6),
        ) {
            let limits = Limits {
                per_second: limits.0, per_chat_second: limits.1, per_group_minute: limits.2, alarm_headroom: limits.3,
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
