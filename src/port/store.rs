//! Storage as whole steps: receive, take, load facts, apply a decision, send, settle.
//!
//! The flow loads facts in bulk, decides on them purely, and applies all that it decided in one
//! transaction that also marks the events done. Nothing else changes state.

pub use super::facts::*;
pub use super::inbox::*;
pub use super::office::*;
pub use super::outbox::*;

use super::audit::Audit;
use crate::domain::alarm::event::AlarmEvent;
use crate::domain::alarm::{Alarm, Call, Point};
use crate::domain::duty::{DutyChange, Rota};
use crate::domain::group::Group;
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, Millis, OutboxId, UserId};
use crate::domain::lead::{Attachment, Lead, LeadEvent, LeadState};
use crate::domain::member::Member;
use crate::domain::month::{CloseOrder, MonthClose};
use crate::domain::period::Period;
use crate::domain::place::Place;
use crate::domain::points::{Entry, Transfer};
use crate::domain::redemption::{Redemption, Reward};
use crate::domain::roster::Roster;
use std::future::Future;

/// Why a store could not do its step.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: nothing was taken; try again when there is room.
    #[error("the disk is full")]
    Full,
    /// Another process has the database and is the one that may serve.
    #[error("another baiying is serving this database")]
    Taken,
    /// The database cannot be reached, or is going down or coming up: nothing is known of what was asked last.
    #[error("the database cannot be reached: {0}")]
    Away(String),
    /// Anything else, with the database's own words.
    #[error("database: {0}")]
    Other(String),
}

/// The result of a store step.
pub type StoreResult<T> = Result<T, StoreError>;

/// All that one event changes. Applied whole or not at all, together with the event's own mark.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// New leads.
    pub new_leads: Vec<Lead>,
    /// Changed leads; each has one version more than was read.
    pub leads: Vec<Lead>,
    /// History lines.
    pub lead_events: Vec<LeadEvent>,
    /// Evidence: new, or filed under a lead (same chat and message: replaced).
    pub attachments: Vec<Attachment>,
    /// New alarms.
    pub new_alarms: Vec<Alarm>,
    /// Changed alarms; each has one version more than was read.
    pub alarms: Vec<Alarm>,
    /// Calls with their people, new or changed (same alarm and callee: replaced).
    pub calls: Vec<Call>,
    /// Lines of alarms' timelines.
    pub alarm_events: Vec<AlarmEvent>,
    /// Where people are; of each only the last is kept.
    pub whereabouts: Vec<Whereabouts>,
    /// Ledger entries; one whose key is there already is left alone.
    pub transfers: Vec<Transfer>,
    /// Rewards, new or changed.
    pub rewards: Vec<Reward>,
    /// What is put on the shelf of each reward, or taken off it.
    pub stock: Vec<(String, i64)>,
    /// Redemptions, new (of version 1) or with one version more than was read.
    pub redemptions: Vec<Redemption>,
    /// Who wants to be compared with others, and who does not any more.
    pub ranked: Vec<(UserId, bool)>,
    /// People, new or changed.
    pub members: Vec<Member>,
    /// Groups, new or changed.
    pub groups: Vec<Group>,
    /// Groups that have a new id: everything that names the old one follows.
    pub moves: Vec<(ChatId, ChatId)>,
    /// Messages.
    pub posts: Vec<Post>,
    /// Timers to set.
    pub timers: Vec<Timer>,
    /// Timers to take away, by key prefix.
    pub cancel_timers: Vec<String>,
    /// Invites, new or used.
    pub invites: Vec<Invite>,
    /// What people said of their duty, and swaps that they agreed on.
    pub duty: Vec<DutyChange>,
    /// Months that are closed.
    pub closes: Vec<CloseOrder>,
    /// What is put on record about a look at names or an export.
    pub access: Vec<Access>,
    /// Leads whose copies (raw updates, versions, evidence, queued texts) are wiped.
    pub scrub: Vec<LeadId>,
    /// Whether the event's own words are wiped when it is done: neighbours' chat that is nobody's tip is not kept.
    pub forget: bool,
    /// Earlier events whose words are wiped.
    pub forget_events: Vec<EventSeq>,
}

impl Changes {
    /// Takes over all that `other` changes as well.
    pub fn absorb(&mut self, other: Self) {
        macro_rules! take_over {
            ($($list:ident),+ $(,)?) => {{
                // Every field is named here: a new one must say how it is taken over.
                let Self { $($list,)+ forget } = other;
                $(self.$list.extend($list);)+
                self.forget |= forget;
            }};
        }
        take_over!(
            new_leads,
            leads,
            lead_events,
            attachments,
            new_alarms,
            alarms,
            calls,
            alarm_events,
            whereabouts,
            transfers,
            rewards,
            stock,
            redemptions,
            ranked,
            members,
            groups,
            duty,
            moves,
            posts,
            timers,
            cancel_timers,
            invites,
            closes,
            access,
            scrub,
            forget_events,
        );
    }
}

/// A line of the access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// When.
    pub at: Millis,
    /// Who: a user id, or `cli`.
    pub who: String,
    /// What: `export`, `names`.
    pub what: String,
    /// Which period, lead or file.
    pub detail: String,
}

/// One decided event.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The event.
    pub event: EventSeq,
    /// What it changes.
    pub changes: Changes,
}

/// What became of a [`Step`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Done.
    Done,
    /// Something that it read has changed since: load again and decide again.
    Conflict,
    /// It does not wait any more: somebody else has done it.
    Over,
    /// The database refused it.
    Failed(String),
}

/// Which state of the town: each number is counted up by each change of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TownVersion {
    /// Groups, staff and the rota: few, and they change while one serves.
    pub people: i64,
    /// Liaison points: many, and they come from files.
    pub points: i64,
    /// The gazetteer, likewise.
    pub places: i64,
}

impl TownVersion {
    /// Whether points and places are the same.
    pub fn same_ground(self, other: Self) -> bool {
        (self.points, self.places) == (other.points, other.places)
    }
}

/// What the whole town looks like: kept in memory, and what has changed is read again when its `version` changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TownFile {
    /// The state that was read.
    pub version: TownVersion,
    /// Groups.
    pub groups: Vec<Group>,
    /// Ids that groups had before, and the group that each leads to.
    pub moved: Vec<(ChatId, ChatId)>,
    /// Liaison points.
    pub points: Vec<Point>,
    /// Places.
    pub gazetteer: Vec<Place>,
    /// Officers, responders, office staff and admins.
    pub staff: Vec<Member>,
    /// Who is on duty when.
    pub rota: Rota,
}

/// What the desk's queue card shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueueView {
    /// New leads, counted up to 1,000.
    pub new: i64,
    /// Claimed leads, counted up to 1,000.
    pub claimed: i64,
    /// Urgent ones among the new, counted up to 1,000.
    pub urgent: i64,
    /// The next to look at: urgent first, then oldest; at most 8.
    pub next: Vec<Lead>,
}

/// Counters for `/metrics` and `doctor`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// Events not yet done.
    pub inbox_waiting: i64,
    /// Events given up.
    pub inbox_parked: i64,
    /// Messages not yet sent.
    pub outbox_waiting: i64,
    /// Messages given up.
    pub outbox_failed: i64,
    /// When the newest update was stored.
    pub newest_update_at: Option<Millis>,
}

/// How long things are kept, in days; `None`: for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Raw updates once done.
    pub raw_days: i64,
    /// Leads by state: their words, places and reporters are scrubbed.
    pub lead_days: Vec<(LeadState, i64)>,
    /// Sent messages' texts.
    pub outbox_days: i64,
}

/// What a retention run took away, or would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retained {
    /// Raw updates.
    pub raw: i64,
    /// Leads, by state.
    pub leads: Vec<(LeadState, i64)>,
    /// Sent messages.
    pub outbox: i64,
}

/// The store.
pub trait Store: Clone + Send + Sync + 'static {
    /// Stores updates that are not there yet, in order, in one durable transaction; tells how many were new.
    /// An `update_id` seen more than 48 hours ago may come again (it starts anew after an idle week).
    fn receive(&self, updates: &[RawUpdate], now: Millis) -> impl Future<Output = StoreResult<usize>> + Send;
    /// Waiting events, at most `limit`: first those that go ahead (alarms' timers, reports, presses), unless their chat said
    /// something before, then the oldest. Each chat's order is kept; of one whose first is to be retried later, none. Where
    /// several replicas share the store, only of chats on which no other works: none takes theirs before [`Store::let_go`].
    fn take(&self, limit: usize, now: Millis) -> impl Future<Output = StoreResult<Vec<Event>>> + Send;
    /// Tells of each key whether no other replica holds it. If so it is held until [`Store::let_go`].
    fn hold(&self, keys: &[i64]) -> impl Future<Output = StoreResult<Vec<bool>>> + Send {
        std::future::ready(Ok(vec![true; keys.len()]))
    }
    /// Waits until no other replica works on anything, and keeps them out; or, with `false`, lets them in again.
    fn alone(&self, _alone: bool) -> impl Future<Output = StoreResult<()>> + Send {
        std::future::ready(Ok(()))
    }
    /// What was taken and held is free for other replicas.
    fn let_go(&self) -> impl Future<Output = StoreResult<()>> + Send {
        std::future::ready(Ok(()))
    }
    /// How many replicas there are, this one among them, as last known; `None` where there can be but one.
    fn replicas(&self) -> Option<usize> {
        None
    }
    /// Looks up what the events need to know, in bulk.
    fn load(&self, asks: &[Ask]) -> impl Future<Output = StoreResult<Vec<Facts>>> + Send;
    /// Numbers for new leads: the first of `n` in a row.
    fn reserve_leads(&self, n: i64) -> impl Future<Output = StoreResult<LeadId>> + Send;
    /// Numbers for new alarms: the first of `n` in a row.
    fn reserve_alarms(&self, n: i64) -> impl Future<Output = StoreResult<AlarmId>> + Send;
    /// Applies decided events: all in one transaction if nothing is refused, else one by one, so that a bad one does
    /// not spoil its neighbours.
    fn apply(&self, steps: &[Step], now: Millis) -> impl Future<Output = StoreResult<Vec<Applied>>> + Send;
    /// Marks an event as failed: to be tried again then, or parked for ever (`None`).
    fn postpone(
        &self,
        event: EventSeq,
        why: &str,
        again: Option<Millis>,
    ) -> impl Future<Output = StoreResult<()>> + Send;
    /// Puts events of the product's own into the inbox.
    fn report(&self, reports: &[OutboxReport], now: Millis) -> impl Future<Output = StoreResult<()>> + Send;
    /// Turns timers that are due into events; tells when the next one is.
    fn ring_timers(&self, now: Millis) -> impl Future<Output = StoreResult<Option<Millis>>> + Send;

    /// Queued messages queued after the given outbox change number, in order of change, at most `limit`. Each put counts the
    /// change number up; the second value is the number to go on from.
    fn queued(&self, after_change: i64, limit: usize) -> impl Future<Output = StoreResult<(Vec<Queued>, i64)>> + Send;
    /// Claims messages for sending; those no longer queued are left out. Order as asked. In a term that is over: none.
    fn claim(&self, ids: &[OutboxId], term: Term) -> impl Future<Output = StoreResult<Vec<Claimed>>> + Send;
    /// Settles claimed messages. One whose content was replaced meanwhile is queued again. In a term that is over,
    /// nothing is: all of it is the next sender's.
    fn settle(
        &self,
        settlements: &[Settlement],
        term: Term,
        now: Millis,
    ) -> impl Future<Output = StoreResult<()>> + Send;
    /// Begins a sender's term, by which all terms before it are over: puts what was claimed and never settled back in
    /// the queue, and tells how much that was.
    fn begin_sending(&self) -> impl Future<Output = StoreResult<(Term, usize)>> + Send;
    /// Chats written to since the instant, with when: for the limits after a restart.
    fn sent_since(&self, since: Millis) -> impl Future<Output = StoreResult<Vec<(ChatId, Millis)>>> + Send;
    /// Chats that the platform asked to leave alone, and until when, if that is after `now`.
    fn asked_to_wait(&self, now: Millis) -> impl Future<Output = StoreResult<Vec<(ChatId, Millis)>>> + Send;

    /// The town.
    fn town(&self) -> impl Future<Output = StoreResult<TownFile>> + Send;
    /// Groups, staff and the rota: the town without its points and places.
    fn townspeople(&self) -> impl Future<Output = StoreResult<TownFile>> + Send;
    /// The names of those of these chats that are groups of the town.
    fn group_names(&self, chats: &[ChatId]) -> impl Future<Output = StoreResult<Vec<(ChatId, String)>>> + Send;
    /// The town's version.
    fn town_version(&self) -> impl Future<Output = StoreResult<TownVersion>> + Send;
    /// Writes groups and people of the config that the database does not have yet (the config seeds, the database wins).
    fn seed(&self, groups: &[Group], members: &[Member]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Replaces the gazetteer and the liaison points that it names.
    fn import_gazetteer(&self, entries: &[Place]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Adds or changes liaison points by code.
    fn import_points(&self, points: &[Point]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Adds or changes people by user id; language, code and first contact of known ones stay.
    fn import_members(&self, members: &[Member]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Replaces shifts, holidays and swaps. What people said of their duty themselves stays.
    fn replace_rota(&self, rota: &Rota) -> impl Future<Output = StoreResult<()>> + Send;
    /// The rosters as they were filed.
    fn roster(&self) -> impl Future<Output = StoreResult<Roster>> + Send;
    /// Replaces all six rosters, or none: tells whether it did. Not if they are not `old` any more: somebody else filed
    /// others since they were read.
    fn replace_roster(&self, old: &Roster, new: &Roster) -> impl Future<Output = StoreResult<bool>> + Send;

    /// What the desk's queue card shows.
    fn queue_view(&self) -> impl Future<Output = StoreResult<QueueView>> + Send;
    /// Counters.
    fn gauges(&self) -> impl Future<Output = StoreResult<Gauges>> + Send;
    /// Looks itself over: damage, broken laws, dangerous settings. Reads everything.
    fn audit(&self) -> impl Future<Output = StoreResult<Audit>> + Send;
    /// Puts a look at names, or an export, on record.
    fn record_access(&self, access: &Access) -> impl Future<Output = StoreResult<()>> + Send;
    /// A named secret of the installation, made with `fresh` if it is not there.
    fn secret(&self, name: &str, fresh: &str) -> impl Future<Output = StoreResult<String>> + Send;
    /// A new secret of that name: who knows the old one knows nothing.
    fn renew_secret(&self, name: &str, fresh: &str) -> impl Future<Output = StoreResult<()>> + Send;
    /// Takes away what is kept too long; with `dry_run` only counts.
    fn retain(
        &self,
        rules: &Retention,
        now: Millis,
        dry_run: bool,
    ) -> impl Future<Output = StoreResult<Retained>> + Send;

    /// Leads received in a half-open period, received order, from the one after `after`, at most `limit`.
    fn leads_between(
        &self,
        from: Millis,
        to: Millis,
        after: LeadId,
        limit: usize,
    ) -> impl Future<Output = StoreResult<Vec<Lead>>> + Send;
    /// What was done to these leads, of each the oldest first.
    fn lead_steps(&self, leads: &[LeadId]) -> impl Future<Output = StoreResult<Vec<LeadStep>>> + Send;
    /// Leads of which something was mended, or added to, at or after an instant, by number, from the one after `after`, at
    /// most `limit`. Those that were wiped are left out.
    fn mended_since(
        &self,
        since: Millis,
        after: LeadId,
        limit: usize,
    ) -> impl Future<Output = StoreResult<Vec<LeadId>>> + Send;
    /// Leads verified, resolved or merged whose last decision was at or after an instant, by number, each with the lead that
    /// it is merged into, from the one after `after`, at most `limit`. Those that were wiped are left out.
    fn decided_since(
        &self,
        since: Millis,
        after: LeadId,
        limit: usize,
    ) -> impl Future<Output = StoreResult<Vec<(LeadId, Option<LeadId>)>>> + Send;
    /// The tally over a half-open period of everybody whose points moved in it, by code.
    fn tallies(&self, from: Millis, to: Millis) -> impl Future<Output = StoreResult<Vec<Tally>>> + Send;
    /// The ledger's entries dated within a half-open period, by date, from the one after `after` (its date and number; to
    /// begin: the period's start and 0), at most `limit`.
    fn entries_between(
        &self,
        from: Millis,
        to: Millis,
        after: (Millis, i64),
        limit: usize,
    ) -> impl Future<Output = StoreResult<Vec<Entry>>> + Send;
    /// Redemptions asked for within a half-open period, or ended in it, by number.
    fn redemptions_between(
        &self,
        from: Millis,
        to: Millis,
    ) -> impl Future<Output = StoreResult<Vec<Redemption>>> + Send;
    /// Puts rewards on the list: whoever is there is replaced but for its picture.
    fn import_rewards(&self, rewards: &[Reward]) -> impl Future<Output = StoreResult<()>> + Send;
    /// What can be had for points, and what could be.
    fn rewards(&self) -> impl Future<Output = StoreResult<Vec<Reward>>> + Send;
    /// What all people together owned before an instant.
    fn held_before(&self, at: Millis) -> impl Future<Output = StoreResult<i64>> + Send;
    /// The ledger's end, the tallies over a half-open period ([`Store::tallies`]) and what all people together owned before
    /// it ([`Store::held_before`]), all of one moment.
    fn books(&self, from: Millis, to: Millis)
    -> impl Future<Output = StoreResult<(LedgerEnd, Vec<Tally>, i64)>> + Send;
    /// Where the ledger ends.
    fn ledger_end(&self) -> impl Future<Output = StoreResult<LedgerEnd>> + Send;
    /// The codes that were made for these leads' reporters, each for its lead alone.
    fn lead_codes(&self, leads: &[LeadId]) -> impl Future<Output = StoreResult<Vec<(LeadId, String)>>> + Send;
    /// The codes of those of these people who are on file.
    fn member_codes(&self, users: &[UserId]) -> impl Future<Output = StoreResult<Vec<(UserId, String)>>> + Send;
    /// How a period was closed, if it is a closed month.
    fn closed_month(&self, period: Period) -> impl Future<Output = StoreResult<Option<MonthClose>>> + Send;
    /// Who was on file when a month (`2026-11`) was closed: all whose points moved in it, and the staff.
    fn filed_people(&self, month: &str) -> impl Future<Output = StoreResult<Vec<FiledPerson>>> + Send;
    /// Closes a month outside of any event; tells whether it did, or something has changed since it was decided.
    fn close_month(&self, order: &CloseOrder) -> impl Future<Output = StoreResult<bool>> + Send;
    /// Alarms raised in a half-open period, drills among them, by number.
    fn alarms_between(&self, from: Millis, to: Millis) -> impl Future<Output = StoreResult<Vec<AlarmRecord>>> + Send;
    /// This drill and the ended ones before it, the newest first, at most `limit` in all.
    fn last_drills(&self, drill: AlarmId, limit: usize) -> impl Future<Output = StoreResult<Vec<AlarmRecord>>> + Send;
}

/// One line of a lead's history, without what it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadStep {
    /// Which lead.
    pub lead: LeadId,
    /// When.
    pub at: Millis,
    /// What, as in [`LeadEvent::action`].
    pub action: String,
}

/// A person's points over a period. `closing = opening + earned − spent + corrected`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Who.
    pub member: Member,
    /// Balance before the period.
    pub opening: i64,
    /// Posts and awards in it.
    pub earned: i64,
    /// Redemptions in it.
    pub spent: i64,
    /// Reversals in it, with sign.
    pub corrected: i64,
    /// Balance after it.
    pub closing: i64,
}
