//! The engine: events from the inbox → plan → facts → decision → one transaction.
//!
//! Events that share nothing (no person, message, lead) are looked up, decided and applied together, as one
//! wave and one transaction; events that share something wait for the next wave, in their order. Running an
//! event twice changes nothing: its mark is part of the transaction.

use super::command::Command;
use super::decision::{Decision, Fresh, Given};
use super::pace::Pace;
use super::plan::{Key, Plan, Work, follow_up, read_asked};
use super::tap::{DeskTap, Tap};
use super::town::Town;
use super::{alarm, close, command, duty, evidence, mend, points, question, redeem, triage, watchdog};
use crate::config::Config;
use crate::domain::group::GroupKind;
use crate::domain::id::{AlarmId, ChatId, LeadId, Millis, UserId};
use crate::domain::period::day_and_month;
use crate::port::chat::{Chat, Message, PressAnswer, UpdateKind};
use crate::port::clock::{Chance, Clock};
use crate::port::meter::{Count, Meter, Span};
use crate::port::store::{
    Applied, Ask, Changes, Event, EventKind, Facts, OutboxReport, Since, Step, Store, StoreResult, TimerKind, TownFile,
};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Events taken at once, at most.
const BATCH: usize = 512;
/// In the first turn: nobody knows yet how quick it is.
const FIRST_BATCH: usize = 128;
/// And at least, however slow the database is.
const SMALLEST_BATCH: usize = 16;
/// How long a turn may last: what goes ahead (alarms' timers) waits for the end of the one that runs.
const TURN_MS: i64 = 250;
/// Tries before an event is given up.
const TRIES: i32 = 5;
/// How long the town is believed without looking whether it has changed.
const TOWN_FRESH_MS: i64 = 1000;
/// Length of a reporter's or member's code: 40 bits.
const CODE_LENGTH: usize = 8;

/// What the engine works with.
pub struct Engine<S, C> {
    store: S,
    chat: Arc<C>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    meter: Arc<dyn Meter>,
    rules: Arc<Config>,
    town: Option<Arc<Town>>,
    /// When it was last known to be as it stands in the store; `None`: to be looked at before anything is decided.
    town_looked_at: Option<Millis>,
    /// Whether points and places that have changed are read beside the work.
    aside: bool,
    /// Whether that has to be done, or is under way.
    errand: ErrandState,
    group_pace: Pace,
    desk_pace: Pace,
    /// How many events are taken at once, so that a turn does not last too long.
    batch: usize,
    /// See [`Engine::has_more`].
    more: bool,
    /// People known to have been told what is kept: they cannot have a first contact any more.
    met: HashSet<UserId>,
    lead_numbers: std::ops::Range<i64>,
    alarm_numbers: std::ops::Range<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrandState {
    None,
    Due,
    UnderWay,
}

/// The reading of a whole town, which may go on beside the engine's work.
pub struct Errand<S> {
    store: S,
    rules: Arc<Config>,
    bot: String,
}

impl<S: Store> Errand<S> {
    /// Reads what the database holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(&self) -> StoreResult<TownFile> {
        self.store.town().await
    }

    /// Makes the town of it: a second's work for a processor when there are many points and places.
    pub fn make(&self, file: TownFile) -> Town {
        Town::new(file, self.rules.clone(), &self.bot)
    }
}

struct Planned {
    event: Event,
    update_id: Option<i64>,
    /// Whether it is something that a person wrote.
    words: bool,
    plan: Plan,
}

impl<S: Store, C: Chat> Engine<S, C> {
    /// An engine that has done nothing yet.
    pub fn new(
        store: S,
        chat: Arc<C>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        meter: Arc<dyn Meter>,
        rules: Arc<Config>,
    ) -> Self {
        Self {
            store,
            chat,
            clock,
            chance,
            meter,
            rules,
            town: None,
            town_looked_at: None,
            aside: false,
            errand: ErrandState::None,
            group_pace: Pace::default(),
            desk_pace: Pace::default(),
            batch: FIRST_BATCH,
            more: false,
            met: HashSet::new(),
            lead_numbers: 0..0,
            alarm_numbers: 0..0,
        }
    }

    /// Does what waits in the inbox, one batch; tells how many events were done, and what to answer to presses.
    ///
    /// # Errors
    /// The store's: nothing is lost then, the events still wait.
    pub async fn turn(&mut self) -> StoreResult<(usize, Vec<PressAnswer>)> {
        let done = self.work_off().await;
        // What cannot be let go now is let go with the next turn, or with the connection that failed.
        if let Err(error) = self.store.let_go().await {
            tracing::warn!(%error, "the turn could not be given back");
        }
        done
    }

    async fn work_off(&mut self) -> StoreResult<(usize, Vec<PressAnswer>)> {
        self.more = false;
        let began = self.clock.now();
        let taken = self.batch;
        let events = self.store.take(taken, began).await?;
        if events.is_empty() {
            return Ok((0, Vec::new()));
        }
        let full = events.len() == taken;
        let mut town = self.current_town().await?;
        let mut answers = Vec::new();
        let mut done = 0;
        let mut waiting: Vec<Planned> = events.into_iter().map(|e| self.plan(e, &town)).collect();
        while !waiting.is_empty() {
            let (wave, rest) = self.split(waiting);
            waiting = rest;
            let alone = wave.iter().any(|planned| planned.plan.keys.contains(&Key::Alone));
            if alone {
                self.store.alone(true).await?;
            }
            let (wave, elsewhere) = self.hold(wave).await?;
            // Behind what another replica holds its chat waits, for a later turn.
            waiting.retain(|planned| !elsewhere.contains(&planned.event.chat));
            let (touched_town, failed) = self.run(wave, &town, &mut answers, &mut done).await?;
            // So it does behind one that is tried again later.
            waiting.retain(|planned| !failed.contains(&planned.event.chat));
            if alone && !waiting.is_empty() {
                self.store.alone(false).await?;
                // Each that runs alone takes its time: what goes ahead, and the answers, do not wait for all of them.
                if self.clock.now().since(began) > TURN_MS {
                    break;
                }
            }
            if touched_town {
                self.town_looked_at = None;
                town = self.current_town().await?;
                waiting = waiting.into_iter().map(|p| self.plan(p.event, &town)).collect();
            }
        }
        self.meter.count(Count::EventsDone, done as u64);
        self.more = full && done > 0;
        if full {
            self.batch = next_batch(taken, self.clock.now().since(began));
        }
        Ok((done, answers))
    }

    /// Whether the last turn took as many as it could and got something done: more may wait.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Reads the town before the first event needs it: the words and places take a tenth of a second.
    ///
    /// # Errors
    /// The store's.
    pub async fn prepare(&mut self) -> StoreResult<()> {
        self.current_town().await.map(drop)
    }

    /// The same engine; points and places that have changed are read as an [`Errand`] beside the work, which goes on with
    /// the old ones until then: with many that takes a second. (Otherwise the work waits.)
    #[must_use]
    pub fn reading_aside(mut self) -> Self {
        self.aside = true;
        self
    }

    /// What is to be read beside the work, if anything; it is told by [`Engine::arrived`] what came of it.
    pub fn errand(&mut self) -> Option<Errand<S>> {
        let due = self.errand == ErrandState::Due;
        due.then(|| {
            self.errand = ErrandState::UnderWay;
            self.new_errand()
        })
    }

    fn new_errand(&self) -> Errand<S> {
        Errand { store: self.store.clone(), rules: self.rules.clone(), bot: self.chat.username().to_owned() }
    }

    /// The town with its new points and places; `None` if it could not be had, which is tried again.
    pub fn arrived(&mut self, town: Option<Town>) {
        self.errand = ErrandState::None;
        // Groups and staff may have changed since it was read: they are looked at again before anything is decided.
        self.town_looked_at = None;
        if let Some(town) = town {
            self.town = Some(Arc::new(town));
        }
    }

    /// The town; what has changed of it is read again.
    async fn current_town(&mut self) -> StoreResult<Arc<Town>> {
        let now = self.clock.now();
        let Some(mut town) = self.town.clone() else {
            self.town_looked_at = Some(now);
            return self.read_town().await;
        };
        // Where others change it, too, what one has done must be known to the next that takes the same chat.
        let fresh = |at: Millis| now.since(at).abs() < TOWN_FRESH_MS;
        if self.store.replicas().is_none() && self.town_looked_at.is_some_and(fresh) {
            return Ok(town);
        }
        let version = self.store.town_version().await?;
        self.town_looked_at = Some(now);
        if !version.same_ground(town.version) {
            if !self.aside {
                return self.read_town().await;
            }
            if self.errand == ErrandState::None {
                self.errand = ErrandState::Due;
            }
        }
        if version.people != town.version.people {
            town = Arc::new(town.with_people(self.store.townspeople().await?));
            self.town = Some(town.clone());
        }
        Ok(town)
    }

    async fn read_town(&mut self) -> StoreResult<Arc<Town>> {
        let errand = self.new_errand();
        let town = Arc::new(errand.make(errand.read().await?));
        self.town = Some(town.clone());
        Ok(town)
    }

    fn plan(&self, event: Event, town: &Town) -> Planned {
        let (mut update_id, mut words) = (None, false);
        let plan = catch_unwind(AssertUnwindSafe(|| match event.kind {
            EventKind::Update => {
                let update = self.chat.decode(&event.payload);
                update_id = Some(update.id);
                words = matches!(update.kind, UpdateKind::Message(_) | UpdateKind::Edited(_));
                Some(Plan::update(update, town))
            }
            EventKind::Timer => serde_json::from_str(&event.payload).ok().map(Plan::timer),
            EventKind::Delivery => serde_json::from_str(&event.payload).ok().map(Plan::report),
        }));
        let plan = plan.ok().flatten().unwrap_or_else(Plan::unreadable);
        Planned { event, update_id, words, plan }
    }

    /// The events that can be decided side by side, and the rest. An event stays behind when it shares a key with
    /// one that goes before it, or is of a chat of which one stayed behind.
    fn split(&self, planned: Vec<Planned>) -> (Vec<Planned>, Vec<Planned>) {
        let mut planned = planned;
        if planned.first().is_some_and(|first| first.plan.keys.contains(&Key::Alone)) {
            let rest = planned.split_off(1);
            return (planned, rest);
        }
        let mut used: HashSet<Key> = HashSet::new();
        let mut behind_chats: HashSet<ChatId> = HashSet::new();
        let (mut wave, mut rest) = (Vec::new(), Vec::new());
        let mut alone = false;
        for planned in planned {
            let keys = self.keys(&planned);
            let wants_alone = keys.contains(&Key::Alone);
            let clashes = alone
                || wants_alone && !wave.is_empty()
                || planned.event.chat.0 != 0 && behind_chats.contains(&planned.event.chat)
                || keys.iter().any(|k| used.contains(k));
            if clashes {
                behind_chats.insert(planned.event.chat);
                // What a later event shares with this one, it must wait for as well.
                used.extend(keys);
                // Nothing overtakes an event that must run alone.
                alone |= wants_alone;
                rest.push(planned);
            } else {
                alone |= wants_alone;
                used.extend(keys);
                wave.push(planned);
            }
        }
        (wave, rest)
    }

    fn keys(&self, planned: &Planned) -> Vec<Key> {
        let mut keys = planned.plan.keys.clone();
        if let Some(user) = planned.plan.ask.user
            && !self.met.contains(&user)
        {
            keys.push(Key::User(user));
        }
        keys
    }

    /// Holds what the wave shares with other chats' events against other replicas; gives what may run, and the chats of
    /// what may not.
    async fn hold(&self, wave: Vec<Planned>) -> StoreResult<(Vec<Planned>, HashSet<ChatId>)> {
        let shared: Vec<Vec<i64>> =
            wave.iter().map(|p| self.keys(p).iter().filter_map(Key::among_replicas).collect()).collect();
        let keys: Vec<i64> = shared.iter().flatten().copied().collect();
        if keys.is_empty() || self.store.replicas().is_none() {
            return Ok((wave, HashSet::new()));
        }
        let held = self.store.hold(&keys).await?;
        let lacking: HashSet<i64> = keys.into_iter().zip(held).filter(|(_, held)| !held).map(|(key, _)| key).collect();
        let mut elsewhere = HashSet::new();
        let mut run = Vec::with_capacity(wave.len());
        for (planned, keys) in wave.into_iter().zip(shared) {
            if elsewhere.contains(&planned.event.chat) || keys.iter().any(|key| lacking.contains(key)) {
                // Events without a chat stand in no order.
                if planned.event.chat.0 != 0 {
                    elsewhere.insert(planned.event.chat);
                }
            } else {
                run.push(planned);
            }
        }
        Ok((run, elsewhere))
    }

    /// Decides and applies one wave; tells whether the town has changed by it, and the chats of what is tried again later.
    async fn run(
        &mut self,
        wave: Vec<Planned>,
        town: &Arc<Town>,
        answers: &mut Vec<PressAnswer>,
        done: &mut usize,
    ) -> StoreResult<(bool, HashSet<ChatId>)> {
        let now = self.clock.now();
        let facts = self.look_up(&wave, town, now).await?;
        self.stock_numbers(&wave).await?;
        let mut steps = Vec::with_capacity(wave.len());
        let mut said = Vec::with_capacity(wave.len());
        let mut failed: Vec<(usize, String)> = Vec::new();
        for (n, (planned, facts)) in wave.iter().zip(facts).enumerate() {
            let given = self.given(planned, facts, town, now);
            match catch_unwind(AssertUnwindSafe(|| decide(&given, planned))) {
                Ok(mut decision) => {
                    self.use_up(&decision);
                    decision.changes.forget |= planned.words && decision.changes == Changes::default();
                    said.push((n, decision.answers));
                    steps.push(Step { event: planned.event.seq, changes: decision.changes });
                }
                Err(_) => failed.push((n, "the decider panicked".into())),
            }
        }
        let town_changes = |step: &Step| {
            let c = &step.changes;
            !c.groups.is_empty()
                || !c.moves.is_empty()
                || !c.duty.is_empty()
                || c.members.iter().any(|m| !m.roles.is_empty())
        };
        let touched_town = steps.iter().any(town_changes);
        let told = steps.iter().flat_map(|s| s.changes.members.iter().filter(|m| m.told_at.is_some()));
        let met: Vec<UserId> = told.map(|m| m.user).collect();
        let applied = self.store.apply(&steps, now).await?;
        self.met.extend(met);
        for ((n, answer), applied) in said.into_iter().zip(applied) {
            match applied {
                Applied::Done => {
                    *done += 1;
                    self.note_late(&wave[n].event, now);
                    answers.extend(answer);
                }
                Applied::Over => tracing::warn!(event = wave[n].event.seq.0, "an event was done by another replica"),
                Applied::Conflict => failed.push((n, "changed meanwhile".into())),
                Applied::Failed(why) => failed.push((n, why)),
            }
        }
        let mut behind = HashSet::new();
        for (n, why) in failed {
            let event = &wave[n].event;
            if self.give_back(event, &why, now).await? && event.chat.0 != 0 {
                behind.insert(event.chat);
            }
        }
        Ok((touched_town, behind))
    }

    /// Notes how late an alarm's timer was decided.
    fn note_late(&self, event: &Event, now: Millis) {
        if event.kind == EventKind::Timer && event.chat.0 == 0 {
            let late_ms = now.since(event.received_at);
            self.meter.took(Span::TimerLate, late_ms);
            tracing::debug!(target: "baiying::timer", late_ms, "a timer was decided");
        }
    }

    async fn look_up(&self, wave: &[Planned], town: &Town, now: Millis) -> StoreResult<Vec<Facts>> {
        let since = earning_periods(now, town);
        let asks: Vec<Ask> = wave
            .iter()
            .map(|p| {
                let mut ask = p.plan.ask.clone();
                if ask.lead.is_some() || ask.alarm.is_some() {
                    ask.earned_since = Some(since);
                }
                // Whoever looks at rewards is not compared with others.
                ask.ranking = ask.statement.filter(|_| !ask.rewards).map(|_| since.month);
                ask
            })
            .collect();
        let mut facts = self.store.load(&asks).await?;
        // Once more for what can only be asked when the first answers are there.
        let more: Vec<(usize, Ask)> = wave
            .iter()
            .zip(&facts)
            .enumerate()
            .filter_map(|(n, (p, f))| Some((n, follow_up(&p.plan.work, f, town)?)))
            .collect();
        if !more.is_empty() {
            let rewarded = |ask: &Ask| ask.lead.is_some() || ask.original.is_some();
            let whole = |(_, ask): &(usize, Ask)| Ask { earned_since: rewarded(ask).then_some(since), ..ask.clone() };
            let asks: Vec<Ask> = more.iter().map(whole).collect();
            for ((n, ask), more) in more.into_iter().zip(self.store.load(&asks).await?) {
                if ask.lead.is_some() {
                    facts[n].file = more.file;
                }
                if ask.similar.is_some() {
                    facts[n].similar = more.similar;
                }
                if ask.original.is_some() {
                    facts[n].original = more.original;
                }
                if ask.loose.is_some() {
                    (facts[n].loose, facts[n].member) = (more.loose, more.member);
                }
            }
        }
        // A lead whose alarm runs: whatever changes it may call others.
        let lacking = |(n, p): (usize, &Planned), facts: &[Facts]| {
            let runs =
                facts[n].file.as_ref().and_then(|file| file.alarm.as_ref()).is_some_and(|file| file.alarm.runs());
            runs && !p.plan.ask.running
        };
        let lacking: Vec<usize> = wave.iter().enumerate().filter(|it| lacking(*it, &facts)).map(|(n, _)| n).collect();
        if !lacking.is_empty() {
            let ask = Ask { running: true, ..Ask::default() };
            if let Some(more) = self.store.load(&[ask]).await?.pop() {
                for n in lacking {
                    facts[n].running = more.running.clone();
                    facts[n].whereabouts = more.whereabouts.clone();
                }
            }
        }
        Ok(facts)
    }

    /// Sees to it that there are numbers for all that the wave may file.
    async fn stock_numbers(&mut self, wave: &[Planned]) -> StoreResult<()> {
        let leads = wave.iter().filter(|p| may_file(&p.plan.work)).count() as i64;
        let lacking = leads - (self.lead_numbers.end - self.lead_numbers.start);
        if lacking > 0 {
            let LeadId(first) = self.store.reserve_leads(lacking).await?;
            if first == self.lead_numbers.end {
                self.lead_numbers.end += lacking;
            } else {
                // At the start, or another replica took numbers between: a run of its own keeps the order.
                let left = leads - lacking;
                let LeadId(first) = if left > 0 { self.store.reserve_leads(leads).await? } else { LeadId(first) };
                self.lead_numbers = first..first + leads;
            }
        }
        let raises = wave.iter().any(may_raise);
        if raises && self.alarm_numbers.is_empty() {
            let AlarmId(first) = self.store.reserve_alarms(1).await?;
            self.alarm_numbers = first..first + 1;
        }
        Ok(())
    }

    fn given<'a>(&mut self, planned: &Planned, facts: Facts, town: &'a Town, now: Millis) -> Given<'a> {
        let rules = &town.rules;
        // Each replica sees its part of what goes on in a chat.
        let replicas = i64::try_from(self.store.replicas().unwrap_or(1)).unwrap_or(i64::MAX);
        let part = |threshold: i64| if threshold > 0 { (threshold / replicas).max(1) } else { threshold };
        let (mut busy_group, mut busy_desk) = (false, false);
        if may_file(&planned.plan.work) && matches!(planned.plan.work, Work::Tip(..) | Work::Private(..)) {
            let chat = planned.event.chat;
            if rules.telegram.limits.per_group_minute > 0 && town.kind(chat) == Some(GroupKind::Liaison) {
                busy_group = self.group_pace.note(chat, now, part(rules.tip.fold_receipts_from));
            }
            if let Some(desk) = town.desk() {
                busy_desk = self.desk_pace.note(desk, now, part(rules.tip.fold_cards_from));
            }
        }
        let asked = match (&planned.plan.work, &facts.question) {
            (Work::Press(_, Tap::Question { .. }), Some(open)) => {
                catch_unwind(AssertUnwindSafe(|| read_asked(self.chat.decode(&open.payload).kind, town))).ok().flatten()
            }
            _ => None,
        };
        Given {
            town,
            asked,
            facts,
            event: planned.event.seq,
            update_id: planned.update_id,
            received_at: planned.event.received_at,
            now,
            fresh: Fresh {
                lead: LeadId(self.lead_numbers.start),
                alarm: AlarmId(self.alarm_numbers.start),
                lead_code: self.chance.code(CODE_LENGTH),
                member_code: self.chance.code(CODE_LENGTH),
            },
            busy_group,
            busy_desk,
        }
    }

    fn use_up(&mut self, decision: &Decision) {
        self.lead_numbers.start += decision.changes.new_leads.len() as i64;
        self.alarm_numbers.start += decision.changes.new_alarms.len() as i64;
    }

    /// An event that failed is tried again, later each time, then parked: kept, counted and shown. Tells whether it is
    /// tried again.
    async fn give_back(&self, event: &Event, why: &str, now: Millis) -> StoreResult<bool> {
        let tries = event.attempts + 1;
        if tries >= TRIES {
            tracing::error!(event = event.seq.0, why, "an event is parked; `baiying doctor` shows it");
            self.meter.count(Count::EventsParked, 1);
            self.store.postpone(event.seq, why, None).await?;
            return Ok(false);
        }
        tracing::warn!(event = event.seq.0, why, tries, "an event failed and is tried again");
        let wait_ms = 200 << tries;
        self.store.postpone(event.seq, why, Some(now.plus_ms(wait_ms))).await?;
        Ok(true)
    }
}

/// How many events the next turn takes, if `taken` took so many milliseconds.
fn next_batch(taken: usize, took_ms: i64) -> usize {
    let span = |ms: i64| usize::try_from(ms).unwrap_or(0);
    // One quick turn proves little: back up by steps.
    let fits = (taken * span(TURN_MS) / span(took_ms).max(1)).min(taken * 2);
    fits.clamp(SMALLEST_BATCH, BATCH)
}

/// Whether an event may raise an alarm.
fn may_raise(planned: &Planned) -> bool {
    match &planned.plan.work {
        Work::Press(_, Tap::Desk(_, DeskTap::Alarm)) | Work::Command(_, Command::Drill(_)) => true,
        work => planned.plan.ask.raised_by_tips.is_some() && may_file(work),
    }
}

/// Whether an event may make a lead.
fn may_file(work: &Work) -> bool {
    match work {
        Work::Tip(..) | Work::Press(_, Tap::Question { yes: true, .. }) => true,
        Work::Private(_, tip) | Work::Edit(_, tip) | Work::Evidence(_, tip) => tip.is_tip,
        _ => false,
    }
}

/// From when on what was paid counts against the caps and budgets of `now`.
fn earning_periods(now: Millis, town: &Town) -> Since {
    let (day, month) = day_and_month(now, town.rules.time_zone);
    Since { day, month, groups: town.books.has_budgets() }
}

fn decide(given: &Given<'_>, planned: &Planned) -> Decision {
    match &planned.plan.work {
        Work::Nothing => Decision::nothing(),
        // The edit that came first said more.
        Work::Tip(..) | Work::Private(..) | Work::Evidence(..) if given.facts.tip_at.is_some() => Decision::nothing(),
        Work::Tip(message, tip) => question::take(given, message, tip),
        Work::Private(message, tip) => {
            located(given, message).unwrap_or_else(|| evidence::private_words(given, message, tip))
        }
        Work::Evidence(message, tip) => evidence::evidence(given, message, tip),
        Work::Edit(message, tip) => located(given, message).unwrap_or_else(|| evidence::edit(given, message, tip)),
        Work::Command(message, command) => command::decide(given, message, command),
        Work::Press(press, tap) => match tap {
            Tap::Desk(_, tap) => triage::tap(given, press, *tap),
            Tap::Receipt(_, tap) => mend::tap(given, press, *tap),
            Tap::Answer(alarm, point, answer) => alarm::answer(given, press, *alarm, point, *answer),
            Tap::Alarm(alarm, tap) => alarm::tap(given, press, *alarm, tap),
            Tap::Widen(alarm, ring) => alarm::widen(given, press, *alarm, *ring),
            Tap::Question { writer, message, yes } => question::tap(given, press, *writer, *message, *yes),
            Tap::Language(language) => command::language_tap(given, press, *language),
            Tap::Close { month, card } => close::tap(given, press, *month, *card),
            Tap::Duty(tap) => duty::tap(given, press, tap),
            Tap::Redeem(tap) => redeem::tap(given, press, tap),
            Tap::Rank(wants) => points::rank(given, press, *wants),
        },
        Work::StalePress(press) => {
            let speaker = given.speaker_in(press.chat, Some(&press.from));
            Decision::answer(&press.id, speaker.say("stale-button", &[]))
        }
        Work::Joined(chat) => command::greet(given, *chat),
        Work::Timer(TimerKind::Stage { alarm, stage }) => alarm::clock::stage(given, *alarm, *stage),
        Work::Timer(TimerKind::Lapse { alarm, callee, user }) => {
            alarm::clock::lapse(given, *alarm, callee.as_ref(), *user)
        }
        Work::Timer(TimerKind::Again { alarm }) => alarm::clock::again(given, *alarm),
        Work::Timer(TimerKind::Show { alarm }) => alarm::clock::show(given, *alarm),
        Work::Timer(TimerKind::DrillOver { alarm }) => alarm::clock::drill_over(given, *alarm),
        Work::Timer(TimerKind::Question { chat, event, message }) => question::run_out(*chat, *event, *message),
        Work::Timer(TimerKind::RedemptionLapse { .. }) => redeem::lapse(given),
        Work::Report(OutboxReport::CallFailed { alarm, callee, chat, why }) => {
            alarm::call_failed(given, *alarm, callee, *chat, why)
        }
        Work::Report(OutboxReport::PlatformBack { from, to, late }) => watchdog::tell(given, *from, *to, *late),
        Work::Moved(from, to) => {
            let mut decision = Decision::nothing();
            if given.town.group(*from).is_some() {
                decision.changes.moves.push((*from, *to));
            }
            decision
        }
        // The sender has something for the old id: whether or not the group is known by it any more, it must follow.
        Work::Report(OutboxReport::Moved { from, to }) => {
            let mut decision = Decision::nothing();
            decision.changes.moves.push((*from, *to));
            decision
        }
    }
}

/// A place shared by somebody who answers alarms. Unless they are called to one right now, or share it live, it joins their tip.
fn located(given: &Given<'_>, message: &Message) -> Option<Decision> {
    let facts = &given.facts;
    let joins = message.reply_to.is_some() || facts.file.is_some() || facts.newest_tip.is_some();
    alarm::located(given, message, joins)
}
