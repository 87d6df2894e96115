//! The real store, with faults: every call waits at the gate and may be struck. Watches what goes through it.

use super::platform::Platform;
use super::storm::Storm;
use baiying::adapter::sql::SqlStore;
use baiying::domain::alarm::Point;
use baiying::domain::duty::Rota;
use baiying::domain::group::Group;
use baiying::domain::id::{AlarmId, ChatId, EventSeq, LeadId, Millis, OutboxId, UserId};
use baiying::domain::lead::Lead;
use baiying::domain::member::Member;
use baiying::domain::month::{CloseOrder, MonthClose};
use baiying::domain::period::Period;
use baiying::domain::place::Place;
use baiying::domain::points::Entry;
use baiying::domain::redemption::{Redemption, Reward};
use baiying::port::store::{
    Access, AlarmRecord, Applied, Ask, Claimed, Content, Event, Facts, Fate, FiledPerson, Gauges, Lane, LedgerEnd,
    OutboxReport, QueueView, Queued, RawUpdate, Retained, Retention, Settlement, Step, Store, StoreResult, Tally, Term,
    TownFile, TownVersion,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// What was seen to go through the store.
#[derive(Default)]
pub struct Seen {
    /// Events that were taken and are not yet done or parked, with their chats.
    waiting: BTreeMap<EventSeq, ChatId>,
    /// How often each event was refused by a curse, and how often it still will be.
    cursed: BTreeMap<EventSeq, (u32, u32)>,
    /// Alarms whose stand-down is committed.
    over: BTreeSet<AlarmId>,
    /// Calls that were made.
    calls: BTreeSet<(AlarmId, String)>,
    /// Events that called a ring: which alarm, which ring.
    pub rings: Vec<(EventSeq, AlarmId, i32)>,
}

/// See the module.
#[derive(Clone)]
pub struct Faulty {
    /// The real one.
    pub inner: SqlStore,
    /// What strikes it.
    pub storm: Arc<Storm>,
    /// Told what the product has written down of it.
    pub platform: Arc<Platform>,
    /// What went through.
    pub seen: Arc<Mutex<Seen>>,
}

/// The alarm of whose call a message is part: its card or its pin.
pub fn call_of(subject: &str) -> Option<AlarmId> {
    let (number, rest) = subject.strip_prefix("alarm:")?.split_once(':')?;
    rest.starts_with("call:").then(|| number.parse().ok().map(AlarmId))?
}

impl Faulty {
    /// How often a curse struck each event.
    pub fn curses(&self) -> BTreeMap<EventSeq, u32> {
        self.seen.lock().unwrap().cursed.iter().map(|(seq, (struck, _))| (*seq, *struck)).collect()
    }

    /// Which steps of a wave are refused this time.
    fn curse(&self, steps: &[Step]) -> Vec<bool> {
        let mut storm = self.storm.lock();
        let mut seen = self.seen.lock().unwrap();
        let rate = if storm.calm { 0 } else { storm.rates.curse };
        let cursed = steps.iter().map(|step| {
            if storm.dice.permille(rate) && !seen.cursed.contains_key(&step.event) {
                let times = *storm.dice.pick(&[1, 1, 1, 2, 2, 3, 5]);
                seen.cursed.insert(step.event, (0, times));
            }
            match seen.cursed.get_mut(&step.event) {
                Some((struck, left)) if *left > 0 => {
                    (*struck, *left) = (*struck + 1, *left - 1);
                    *storm.counts.entry("fault: event refused").or_default() += 1;
                    true
                }
                _ => false,
            }
        });
        cursed.collect()
    }

    /// Looks at what was done: order within a chat, and that nothing starts after a stand-down.
    fn watch(&self, steps: &[Step], fates: &[Applied]) {
        let mut wrongs = Vec::new();
        let mut seen = self.seen.lock().unwrap();
        let wave: BTreeSet<EventSeq> = steps.iter().map(|step| step.event).collect();
        let done = || steps.iter().zip(fates).filter(|(_, fate)| **fate == Applied::Done).map(|(step, _)| step);
        for step in done() {
            let Some(chat) = seen.waiting.get(&step.event).copied() else {
                wrongs.push(format!("event {} is done, and was not waiting", step.event));
                continue;
            };
            let before = seen.waiting.range(..step.event).find(|(seq, c)| **c == chat && !wave.contains(seq));
            if let Some((seq, _)) = before.filter(|_| chat.0 != 0) {
                wrongs.push(format!("event {} of chat {chat} overtook event {seq}", step.event));
            }
        }
        for step in done() {
            seen.waiting.remove(&step.event);
            for (from, _) in &step.changes.moves {
                // What follows to a new id was not of that chat when its neighbours were taken.
                for chat in seen.waiting.values_mut().filter(|chat| *chat == from) {
                    *chat = ChatId(0);
                }
            }
            for call in &step.changes.calls {
                let new = seen.calls.insert((call.alarm, call.callee.to_string()));
                if new && seen.over.contains(&call.alarm) {
                    wrongs.push(format!("alarm {} was stood down and then called {}", call.alarm, call.callee));
                }
            }
            for alarm in &step.changes.alarms {
                if !alarm.runs() {
                    seen.over.insert(alarm.id);
                } else {
                    seen.rings.push((step.event, alarm.id, alarm.ring));
                }
            }
        }
        drop(seen);
        for wrong in wrongs {
            self.storm.wrong(wrong);
        }
    }

    fn watch_claimed(&self, claimed: &[Claimed]) {
        let seen = self.seen.lock().unwrap();
        for one in claimed {
            let first = one.post.lane == Lane::Alarm && one.post.content != Content::Gone;
            if first && call_of(&one.post.subject).is_some_and(|alarm| seen.over.contains(&alarm)) {
                self.storm.wrong(format!("{} leaves for {} after the stand-down", one.post.subject, one.post.chat));
            }
        }
    }
}

macro_rules! through {
    ($self:ident.$call:ident($($arg:expr),*)) => {{
        let strike = $self.storm.enter(stringify!($call)).await?;
        let result = $self.inner.$call($($arg),*).await;
        $self.storm.leave(stringify!($call), strike, result).await
    }};
}

impl Store for Faulty {
    async fn receive(&self, updates: &[RawUpdate], now: Millis) -> StoreResult<usize> {
        through!(self.receive(updates, now))
    }

    async fn take(&self, limit: usize, now: Millis) -> StoreResult<Vec<Event>> {
        let strike = self.storm.enter("take").await?;
        let result = self.inner.take(limit, now).await;
        if let Ok(events) = &result {
            let mut seen = self.seen.lock().unwrap();
            for event in events {
                seen.waiting.insert(event.seq, event.chat);
            }
        }
        self.storm.leave("take", strike, result).await
    }

    async fn load(&self, asks: &[Ask]) -> StoreResult<Vec<Facts>> {
        through!(self.load(asks))
    }

    async fn reserve_leads(&self, n: i64) -> StoreResult<LeadId> {
        through!(self.reserve_leads(n))
    }

    async fn reserve_alarms(&self, n: i64) -> StoreResult<AlarmId> {
        through!(self.reserve_alarms(n))
    }

    async fn apply(&self, steps: &[Step], now: Millis) -> StoreResult<Vec<Applied>> {
        let strike = self.storm.enter("apply").await?;
        let cursed = self.curse(steps);
        let kept: Vec<Step> = steps.iter().zip(&cursed).filter(|(_, c)| !**c).map(|(step, _)| step.clone()).collect();
        let result = self.inner.apply(&kept, now).await.map(|fates| {
            let mut fates = fates.into_iter();
            let refused = || Applied::Failed("injected".into());
            cursed.iter().map(|c| if *c { refused() } else { fates.next().expect("one each") }).collect::<Vec<_>>()
        });
        if let Ok(fates) = &result {
            self.watch(steps, fates);
            for (step, fate) in steps.iter().zip(fates) {
                self.storm.tell(|| format!("  event {}: {fate:?} {}", step.event, told(step)));
            }
        }
        self.storm.leave("apply", strike, result).await
    }

    async fn postpone(&self, event: EventSeq, why: &str, again: Option<Millis>) -> StoreResult<()> {
        let strike = self.storm.enter("postpone").await?;
        let result = self.inner.postpone(event, why, again).await;
        if again.is_none() && result.is_ok() {
            self.seen.lock().unwrap().waiting.remove(&event);
            self.storm.count("outcome: event parked");
        }
        self.storm.leave("postpone", strike, result).await
    }

    async fn report(&self, reports: &[OutboxReport], now: Millis) -> StoreResult<()> {
        for report in reports {
            if let OutboxReport::CallFailed { .. } = report {
                self.storm.count("outcome: failed call reported");
            }
        }
        through!(self.report(reports, now))
    }

    async fn ring_timers(&self, now: Millis) -> StoreResult<Option<Millis>> {
        through!(self.ring_timers(now))
    }

    async fn queued(&self, after_change: i64, limit: usize) -> StoreResult<(Vec<Queued>, i64)> {
        through!(self.queued(after_change, limit))
    }

    async fn claim(&self, ids: &[OutboxId], term: Term) -> StoreResult<Vec<Claimed>> {
        let strike = self.storm.enter("claim").await?;
        let result = self.inner.claim(ids, term).await;
        if let Ok(claimed) = &result {
            self.watch_claimed(claimed);
        }
        self.storm.leave("claim", strike, result).await
    }

    async fn settle(&self, settlements: &[Settlement], term: Term, now: Millis) -> StoreResult<()> {
        let strike = self.storm.enter("settle").await?;
        let result = self.inner.settle(settlements, term, now).await;
        if result.is_ok() {
            for settlement in settlements {
                if let Fate::Sent(Some(message)) = settlement.fate {
                    self.platform.lock().learned(settlement.id, message);
                }
            }
        }
        self.storm.leave("settle", strike, result).await
    }

    async fn begin_sending(&self) -> StoreResult<(Term, usize)> {
        through!(self.begin_sending())
    }

    async fn asked_to_wait(&self, now: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        through!(self.asked_to_wait(now))
    }
    async fn sent_since(&self, since: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        through!(self.sent_since(since))
    }

    async fn town(&self) -> StoreResult<TownFile> {
        through!(self.town())
    }

    async fn town_version(&self) -> StoreResult<TownVersion> {
        through!(self.town_version())
    }

    async fn group_names(&self, chats: &[ChatId]) -> StoreResult<Vec<(ChatId, String)>> {
        through!(self.group_names(chats))
    }

    async fn townspeople(&self) -> StoreResult<TownFile> {
        through!(self.townspeople())
    }

    async fn audit(&self) -> StoreResult<baiying::port::audit::Audit> {
        through!(self.audit())
    }

    async fn held_before(&self, at: Millis) -> StoreResult<i64> {
        through!(self.held_before(at))
    }

    async fn seed(&self, groups: &[Group], members: &[Member]) -> StoreResult<()> {
        through!(self.seed(groups, members))
    }

    async fn import_gazetteer(&self, entries: &[Place]) -> StoreResult<()> {
        through!(self.import_gazetteer(entries))
    }

    async fn import_points(&self, points: &[Point]) -> StoreResult<()> {
        through!(self.import_points(points))
    }

    async fn import_members(&self, members: &[Member]) -> StoreResult<()> {
        through!(self.import_members(members))
    }

    async fn queue_view(&self) -> StoreResult<QueueView> {
        through!(self.queue_view())
    }

    async fn gauges(&self) -> StoreResult<Gauges> {
        through!(self.gauges())
    }

    async fn record_access(&self, access: &Access) -> StoreResult<()> {
        through!(self.record_access(access))
    }

    async fn lead_steps(&self, leads: &[LeadId]) -> StoreResult<Vec<baiying::port::store::LeadStep>> {
        through!(self.lead_steps(leads))
    }

    async fn roster(&self) -> StoreResult<baiying::domain::roster::Roster> {
        through!(self.roster())
    }

    async fn replace_roster(
        &self,
        old: &baiying::domain::roster::Roster,
        new: &baiying::domain::roster::Roster,
    ) -> StoreResult<bool> {
        through!(self.replace_roster(old, new))
    }

    async fn replace_rota(&self, rota: &Rota) -> StoreResult<()> {
        through!(self.replace_rota(rota))
    }

    async fn renew_secret(&self, name: &str, fresh: &str) -> StoreResult<()> {
        through!(self.renew_secret(name, fresh))
    }

    async fn secret(&self, name: &str, fresh: &str) -> StoreResult<String> {
        through!(self.secret(name, fresh))
    }

    async fn retain(&self, rules: &Retention, now: Millis, dry_run: bool) -> StoreResult<Retained> {
        through!(self.retain(rules, now, dry_run))
    }

    async fn leads_between(&self, from: Millis, to: Millis, after: LeadId, limit: usize) -> StoreResult<Vec<Lead>> {
        through!(self.leads_between(from, to, after, limit))
    }

    async fn decided_since(
        &self,
        since: Millis,
        after: LeadId,
        limit: usize,
    ) -> StoreResult<Vec<(LeadId, Option<LeadId>)>> {
        through!(self.decided_since(since, after, limit))
    }
    async fn mended_since(&self, since: Millis, after: LeadId, limit: usize) -> StoreResult<Vec<LeadId>> {
        through!(self.mended_since(since, after, limit))
    }

    async fn entries_between(
        &self,
        from: Millis,
        to: Millis,
        after: (Millis, i64),
        limit: usize,
    ) -> StoreResult<Vec<Entry>> {
        self.inner.entries_between(from, to, after, limit).await
    }

    async fn redemptions_between(&self, from: Millis, to: Millis) -> StoreResult<Vec<Redemption>> {
        self.inner.redemptions_between(from, to).await
    }

    async fn import_rewards(&self, rewards: &[Reward]) -> StoreResult<()> {
        self.inner.import_rewards(rewards).await
    }

    async fn rewards(&self) -> StoreResult<Vec<Reward>> {
        self.inner.rewards().await
    }

    async fn tallies(&self, from: Millis, to: Millis) -> StoreResult<Vec<Tally>> {
        through!(self.tallies(from, to))
    }

    async fn books(&self, from: Millis, to: Millis) -> StoreResult<(LedgerEnd, Vec<Tally>, i64)> {
        through!(self.books(from, to))
    }

    async fn ledger_end(&self) -> StoreResult<LedgerEnd> {
        through!(self.ledger_end())
    }
    async fn lead_codes(&self, leads: &[LeadId]) -> StoreResult<Vec<(LeadId, String)>> {
        through!(self.lead_codes(leads))
    }
    async fn member_codes(&self, users: &[UserId]) -> StoreResult<Vec<(UserId, String)>> {
        through!(self.member_codes(users))
    }
    async fn closed_month(&self, period: Period) -> StoreResult<Option<MonthClose>> {
        through!(self.closed_month(period))
    }
    async fn filed_people(&self, month: &str) -> StoreResult<Vec<FiledPerson>> {
        through!(self.filed_people(month))
    }
    async fn close_month(&self, order: &CloseOrder) -> StoreResult<bool> {
        through!(self.close_month(order))
    }
    async fn alarms_between(&self, from: Millis, to: Millis) -> StoreResult<Vec<AlarmRecord>> {
        through!(self.alarms_between(from, to))
    }

    async fn last_drills(&self, drill: AlarmId, limit: usize) -> StoreResult<Vec<AlarmRecord>> {
        through!(self.last_drills(drill, limit))
    }
}

/// What an event changed, in a line.
fn told(step: &Step) -> String {
    let changes = &step.changes;
    let mut out = Vec::new();
    out.extend(changes.lead_events.iter().map(|e| format!("lead {} v{} {}", e.lead, e.version, e.action)));
    out.extend(changes.new_alarms.iter().map(|a| format!("alarm {} raised", a.id)));
    out.extend(
        changes
            .alarms
            .iter()
            .map(|a| format!("alarm {} {}", a.id, if !a.runs() { "over".into() } else { format!("ring {}", a.ring) })),
    );
    out.extend(changes.calls.iter().map(|c| format!("call {} {:?}", c.callee, c.state())));
    out.extend(changes.transfers.iter().map(|t| format!("{:?} {}", t.kind, t.amount)));
    out.extend(changes.moves.iter().map(|(from, to)| format!("chat {from} is {to}")));
    out.extend(changes.posts.iter().map(|p| {
        let gone = if p.content == Content::Gone { "no " } else { "" };
        format!("{gone}{}@{}", p.subject, p.chat)
    }));
    out.join(", ")
}
