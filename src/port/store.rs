//! Storage as whole steps: receive, take, load facts, apply a decision, send, settle.
//!
//! The flow loads facts in bulk, decides on them purely, and applies all that it decided in one
//! transaction that also marks the events done. Nothing else changes state.

use crate::domain::alarm::{Alarm, Call, Point};
use crate::domain::group::Group;
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, MessageId, Millis, OutboxId, UserId};
use crate::domain::lead::{Attachment, Lead, LeadEvent, LeadState};
use crate::domain::member::{Language, Member};
use crate::domain::period::Period;
use crate::domain::place::{Place, Wgs84};
use crate::domain::points::Transfer;
use crate::port::chat::Keyboard;
use serde::{Deserialize, Serialize};
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
    /// Anything else, with the database's own words.
    #[error("database: {0}")]
    Other(String),
}

/// The result of a store step.
pub type StoreResult<T> = Result<T, StoreError>;

// ───────────────────────────── inbox ─────────────────────────────

/// An update as it arrived, not yet stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RawUpdate {
    /// The platform's number.
    pub update_id: i64,
    /// The chat whose order it must keep; 0 where it has none.
    pub chat: ChatId,
    /// The body, word for word (U+0000 already taken out).
    pub json: String,
}

/// What sort of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A raw update of the platform.
    Update,
    /// A timer that came due; the payload is a [`TimerKind`].
    Timer,
    /// The outbox tells of a delivery, as an [`OutboxReport`].
    Delivery,
}

/// An event taken from the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the order.
    pub seq: EventSeq,
    /// What sort.
    pub kind: EventKind,
    /// The chat whose order it keeps.
    pub chat: ChatId,
    /// When it was stored.
    pub received_at: Millis,
    /// How often it was tried before.
    pub attempts: i32,
    /// JSON.
    pub payload: String,
}

/// What a due timer is about. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum TimerKind {
    /// A stage of an alarm's clock came due.
    Stage {
        /// Which alarm.
        alarm: AlarmId,
        /// Index into the configured stages.
        stage: usize,
    },
}

/// A timer to set; one with the same key is replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// Unique (`alarm:3:stage:0`).
    pub key: String,
    /// When it comes due.
    pub due: Millis,
    /// The chat whose order the event keeps.
    pub chat: ChatId,
    /// What it is about.
    pub kind: TimerKind,
}

/// What the outbox tells the flow. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum OutboxReport {
    /// An alarm's call could not be delivered to one of the point's contacts.
    CallFailed {
        /// Which alarm.
        alarm: AlarmId,
        /// Which point.
        point: String,
        /// The chat it was for.
        chat: ChatId,
        /// Why.
        why: String,
    },
    /// A group has a new id.
    Moved {
        /// The old one.
        from: ChatId,
        /// The new one.
        to: ChatId,
    },
}

impl OutboxReport {
    /// The chat whose order the event keeps.
    pub fn chat(&self) -> ChatId {
        match self {
            Self::CallFailed { chat, .. } => *chat,
            Self::Moved { from, .. } => *from,
        }
    }
}

// ───────────────────────────── facts ─────────────────────────────

/// What an event needs to know before it is decided. Unset fields are not looked up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// The person who wrote or pressed.
    pub user: Option<UserId>,
    /// The lead whose tip is this very message (for edits and withdrawals).
    pub tip_at: Option<(ChatId, MessageId)>,
    /// The lead to which this message belongs: a tip, its evidence, its receipt or card.
    pub belongs: Option<(ChatId, MessageId)>,
    /// The newest lead that this person wrote in this chat at or after the instant.
    pub newest_tip: Option<(ChatId, UserId, Millis)>,
    /// Evidence without a tip, by this person in this chat at or after the instant.
    pub loose: Option<(ChatId, UserId, Millis)>,
    /// This lead, with all that hangs on it.
    pub lead: Option<LeadId>,
    /// The lead of this alarm, with all that hangs on it.
    pub alarm: Option<AlarmId>,
    /// Leads received within a span of time, near a place if one is given, newest first, at most 20.
    pub similar: Option<Similar>,
    /// The person's balance and last entries.
    pub statement: Option<UserId>,
    /// Another lead with all that hangs on it: the original of a merge.
    pub original: Option<LeadId>,
    /// With [`Ask::lead`] or [`Ask::alarm`]: what its reporter was paid for tips since these two instants (day, month).
    pub earned_since: Option<(Millis, Millis)>,
    /// Leads written in this chat and received in the half-open span, oldest first, at most 100.
    pub chat_leads: Option<(ChatId, Millis, Millis)>,
    /// Whether a queue card stands in this chat, or waits to.
    pub queue: Option<ChatId>,
    /// An invite code.
    pub invite: Option<String>,
}

/// Which leads may be about the same event.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// Not this one.
    pub except: LeadId,
    /// Received from…
    pub since: Millis,
    /// …until.
    pub until: Millis,
    /// Within so many metres of a point; leads without a scene are left out then.
    pub near: Option<(Wgs84, f64)>,
}

/// A lead with all that hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadFile {
    /// The lead.
    pub lead: Lead,
    /// Its evidence, oldest first.
    pub attachments: Vec<Attachment>,
    /// Its history, oldest first.
    pub history: Vec<LeadEvent>,
    /// The ledger's entries about it, oldest first.
    pub transfers: Vec<Transfer>,
    /// Its reporter.
    pub reporter: Option<Member>,
    /// The officer who has it.
    pub officer: Option<Member>,
    /// Its newest alarm.
    pub alarm: Option<AlarmFile>,
    /// Every message that the product sent about it, or has queued, and that is not taken away.
    pub posts: Vec<Posted>,
    /// What its reporter was paid for tips since the two instants of [`Ask::earned_since`].
    pub earned: (i64, i64),
    /// Leads that were found to be duplicates of it, with the ledger's entries about them.
    pub duplicates: Vec<(Lead, Vec<Transfer>)>,
    /// What each of their reporters was paid for tips since the two instants of [`Ask::earned_since`].
    pub duplicates_earned: Vec<(i64, i64)>,
}

/// An alarm with its calls.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmFile {
    /// The alarm.
    pub alarm: Alarm,
    /// Its calls, nearest first.
    pub calls: Vec<Call>,
}

/// A message of the product's own that stands in a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The chat.
    pub chat: ChatId,
    /// Its subject.
    pub subject: String,
    /// Its id, once sent.
    pub message: Option<MessageId>,
}

/// A person's points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statement {
    /// To spend.
    pub balance: i64,
    /// Waiting for police.
    pub held: i64,
    /// The last entries, newest first, at most 10: (when, amount with sign, rule, lead).
    pub entries: Vec<StatementLine>,
}

/// One line of a [`Statement`].
#[derive(Debug, Clone, PartialEq)]
pub struct StatementLine {
    /// When.
    pub at: Millis,
    /// Points, negative when taken.
    pub amount: i64,
    /// The rule's name.
    pub rule: String,
    /// The lead behind it.
    pub lead: Option<LeadId>,
}

/// An invitation to take part, or to set a group up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    /// The code.
    pub code: String,
    /// Roles that it gives.
    pub roles: Vec<crate::domain::member::Role>,
    /// Who made it.
    pub by: UserId,
    /// Not good after this.
    pub expires: Millis,
    /// Who used it; it is good once.
    pub used_by: Option<UserId>,
}

/// The answers to an [`Ask`], field by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// See [`Ask::user`].
    pub member: Option<Member>,
    /// See [`Ask::tip_at`].
    pub tip_at: Option<Lead>,
    /// See [`Ask::belongs`].
    pub belongs: Option<Lead>,
    /// See [`Ask::newest_tip`].
    pub newest_tip: Option<Lead>,
    /// See [`Ask::loose`].
    pub loose: Vec<Attachment>,
    /// See [`Ask::lead`] and [`Ask::alarm`].
    pub file: Option<LeadFile>,
    /// See [`Ask::original`].
    pub original: Option<LeadFile>,
    /// See [`Ask::similar`].
    pub similar: Vec<Lead>,
    /// See [`Ask::statement`].
    pub statement: Statement,
    /// See [`Ask::chat_leads`].
    pub chat_leads: Vec<Lead>,
    /// See [`Ask::queue`].
    pub has_queue: bool,
    /// See [`Ask::invite`].
    pub invite: Option<Invite>,
}

// ───────────────────────────── outbox ─────────────────────────────

/// How urgent a message is; smaller goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(i16)]
pub enum Lane {
    /// An alarm's first messages.
    Alarm = 0,
    /// What follows an alarm: new states of its cards, stand-down.
    AlarmFollow = 1,
    /// Receipts, questions, answers to commands.
    Reply = 2,
    /// Cards at the desk.
    Desk = 3,
    /// Everything that can wait.
    Routine = 4,
}

/// What a message should say, or what should be done. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Content {
    /// A text with buttons; put again under the same subject it edits the message that was sent.
    Text {
        /// Escaped HTML.
        html: String,
        /// Buttons.
        #[serde(default)]
        keyboard: Keyboard,
        /// The message it replies to.
        #[serde(default)]
        reply_to: Option<MessageId>,
        /// Without a sound.
        #[serde(default)]
        silent: bool,
    },
    /// Takes the message of this subject away; if it was never sent, nothing is sent.
    Gone,
    /// Takes a message of somebody else's away.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Marks somebody else's message.
    React {
        /// Which.
        message: MessageId,
        /// With what.
        emoji: String,
    },
    /// A pin on the map.
    Pin {
        /// Where.
        at: Wgs84,
        /// Title, if any.
        title: Option<String>,
    },
    /// A picture, voice or file that the platform holds.
    Media {
        /// What sort.
        kind: crate::domain::lead::MediaKind,
        /// Its id.
        file_id: String,
        /// Escaped HTML under it.
        caption: String,
        /// The subject in the same chat under which it goes as a reply.
        under: Option<String>,
    },
    /// The desk's queue card, made from what stands when it is sent.
    Queue {
        /// In which language.
        language: Language,
    },
    /// One receipt for all tips of a chat within a span of time, made when it is sent.
    Receipts {
        /// Received from…
        from: Millis,
        /// …until, exclusive.
        to: Millis,
        /// In which language.
        language: Language,
    },
    /// An export, made when it is sent.
    Export {
        /// Which period.
        period: Period,
        /// `leads`, `points` or `alarms`.
        what: String,
        /// `xlsx`, `csv` or `digest` (of the CSV).
        format: String,
        /// Whether names may stand in it.
        names: bool,
    },
}

/// A message as it should stand in a chat. Putting the same subject again replaces what is queued, or
/// edits what was sent: superseded edits fold by themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Where.
    pub chat: ChatId,
    /// The forum topic.
    pub thread: Option<MessageId>,
    /// Names the message within the chat (`lead:12:receipt`).
    pub subject: String,
    /// How urgent.
    pub lane: Lane,
    /// What it should say.
    pub content: Content,
    /// The lead that it is about: its copies are scrubbed with it, replies to it belong to the lead.
    pub lead: Option<LeadId>,
    /// The alarm's call that it carries: a failure is reported as an [`OutboxReport`].
    pub call: Option<(AlarmId, String)>,
}

/// A queued message, without its content: what the sender needs to choose the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// Which.
    pub id: OutboxId,
    /// Where to.
    pub chat: ChatId,
    /// How urgent.
    pub lane: Lane,
    /// When it was put there.
    pub queued_at: Millis,
    /// Not before.
    pub not_before: Millis,
}

/// A message claimed for sending.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Which.
    pub id: OutboxId,
    /// The version of its content that was claimed.
    pub version: i64,
    /// How often it was tried.
    pub attempts: i32,
    /// The post.
    pub post: Post,
    /// The message that stands in the chat, if it was sent before.
    pub message: Option<MessageId>,
    /// For [`Content::Media`] with `under`: the message of that subject.
    pub under: Option<MessageId>,
}

/// What became of a claimed message.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// Which.
    pub id: OutboxId,
    /// The version that was sent.
    pub version: i64,
    /// What became of it.
    pub fate: Fate,
}

/// See [`Settlement`].
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It stands (`None`: no message of its own, or taken away).
    Sent(Option<MessageId>),
    /// Try again then; the version may have been replaced meanwhile.
    Retry {
        /// Not before.
        at: Millis,
        /// Why.
        why: String,
    },
    /// Never.
    Failed(String),
}

// ───────────────────────────── apply ─────────────────────────────

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
    /// Calls, new or changed (same alarm and point: replaced).
    pub calls: Vec<Call>,
    /// Ledger entries; one whose key is there already is left alone.
    pub transfers: Vec<Transfer>,
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
    /// What is put on record about a look at names or an export.
    pub access: Vec<Access>,
    /// Leads whose copies (raw updates, versions, evidence, queued texts) are wiped.
    pub scrub: Vec<LeadId>,
    /// Whether the event's own words are wiped when it is done: neighbours' chat that is nobody's tip is not kept.
    pub forget: bool,
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
    /// The database refused it.
    Failed(String),
}

/// What the whole town looks like: kept in memory and read again when `version` changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TownFile {
    /// Counted up by each change to groups, points or gazetteer.
    pub version: i64,
    /// Groups.
    pub groups: Vec<Group>,
    /// Liaison points.
    pub points: Vec<Point>,
    /// Places.
    pub gazetteer: Vec<Place>,
    /// Officers, responders, office staff and admins.
    pub staff: Vec<Member>,
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
    /// The oldest waiting events, at most `limit`, order kept; of a chat whose first is to be retried later, none.
    fn take(&self, limit: usize, now: Millis) -> impl Future<Output = StoreResult<Vec<Event>>> + Send;
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
    /// Claims messages for sending; those no longer queued are left out. Order as asked.
    fn claim(&self, ids: &[OutboxId], now: Millis) -> impl Future<Output = StoreResult<Vec<Claimed>>> + Send;
    /// Settles claimed messages. One whose content was replaced meanwhile is queued again.
    fn settle(&self, settlements: &[Settlement], now: Millis) -> impl Future<Output = StoreResult<()>> + Send;
    /// Puts all messages that were claimed and never settled back in the queue (at start, when this sender is the only one).
    fn unclaim(&self) -> impl Future<Output = StoreResult<usize>> + Send;
    /// Chats written to since the instant, with when: for the limits after a restart.
    fn sent_since(&self, since: Millis) -> impl Future<Output = StoreResult<Vec<(ChatId, Millis)>>> + Send;

    /// The town.
    fn town(&self) -> impl Future<Output = StoreResult<TownFile>> + Send;
    /// The town's version.
    fn town_version(&self) -> impl Future<Output = StoreResult<i64>> + Send;
    /// Writes groups and people of the config that the database does not have yet (the config seeds, the database wins).
    fn seed(&self, groups: &[Group], members: &[Member]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Replaces the gazetteer and the liaison points that it names.
    fn import_gazetteer(&self, entries: &[Place]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Adds or changes liaison points by code.
    fn import_points(&self, points: &[Point]) -> impl Future<Output = StoreResult<()>> + Send;
    /// Adds or changes people by user id; language, code and first contact of known ones stay.
    fn import_members(&self, members: &[Member]) -> impl Future<Output = StoreResult<()>> + Send;

    /// What the desk's queue card shows.
    fn queue_view(&self) -> impl Future<Output = StoreResult<QueueView>> + Send;
    /// Counters.
    fn gauges(&self) -> impl Future<Output = StoreResult<Gauges>> + Send;
    /// Puts a look at names, or an export, on record.
    fn record_access(&self, access: &Access) -> impl Future<Output = StoreResult<()>> + Send;
    /// A named secret of the installation, made with `fresh` if it is not there.
    fn secret(&self, name: &str, fresh: &str) -> impl Future<Output = StoreResult<String>> + Send;
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
    /// Each person's tally over a half-open period, by code.
    fn tallies(&self, from: Millis, to: Millis) -> impl Future<Output = StoreResult<Vec<Tally>>> + Send;
    /// Each call of alarms raised in a half-open period, by alarm, then call order.
    fn calls_between(&self, from: Millis, to: Millis) -> impl Future<Output = StoreResult<Vec<(Alarm, Call)>>> + Send;
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
