//! What a decider asks of the store, and what it is told.

use crate::domain::alarm::event::AlarmEvent;
use crate::domain::alarm::{Alarm, Call};
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, MessageId, Millis, RedemptionId, UserId};
use crate::domain::lead::{Attachment, Lead, LeadEvent};
use crate::domain::member::{Member, Role};
use crate::domain::month::Closing;
use crate::domain::period::Period;
use crate::domain::place::Wgs84;
use crate::domain::points::{Transfer, TransferKind};
use crate::domain::redemption::{Redemption, Reward};
use crate::domain::rules::settle::Earned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

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
    /// This alarm; with its lead and all that hangs on that, if it has one.
    pub alarm: Option<AlarmId>,
    /// Every alarm that runs, and where people were last.
    pub running: bool,
    /// Alarms that tips raised by themselves since the instant.
    pub raised_by_tips: Option<Millis>,
    /// Leads received within a span of time, near a place if one is given, newest first, at most 20.
    pub similar: Option<Similar>,
    /// The person's balance, last entries and open redemptions.
    pub statement: Option<UserId>,
    /// What the person of [`Ask::statement`] has earned since the instant, and, if they want to be compared, what everybody
    /// who does has.
    pub ranking: Option<Millis>,
    /// With [`Ask::ranking`]: the others also for somebody who does not want to be compared yet.
    pub leaderboard: bool,
    /// What can be had for points.
    pub rewards: bool,
    /// This redemption.
    pub redemption: Option<RedemptionId>,
    /// The redemption that is collected by this code.
    pub pickup: Option<String>,
    /// The person with this code.
    pub member_code: Option<String>,
    /// Another lead with all that hangs on it: the original of a merge.
    pub original: Option<LeadId>,
    /// With [`Ask::lead`], [`Ask::alarm`] or [`Ask::original`]: what was paid for tips since these instants.
    pub earned_since: Option<Since>,
    /// Leads written in this chat and received in the half-open span, oldest first, at most 100.
    pub chat_leads: Option<(ChatId, Millis, Millis)>,
    /// Whether a queue card stands in this chat, or waits to.
    pub queue: Option<ChatId>,
    /// What must be known to close this month.
    pub closing: Option<Period>,
    /// An invite code.
    pub invite: Option<String>,
    /// The question that this person was asked in this chat.
    pub question: Option<(ChatId, UserId)>,
}

/// From when on what was paid counts against caps and budgets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Since {
    /// The start of today.
    pub day: Millis,
    /// The start of this month.
    pub month: Millis,
    /// Whether what groups were paid this month is asked for, too: only where a rule book has a budget.
    pub groups: bool,
}

/// The key of the timer that is a person's open question in a chat: there is one at most.
pub fn question_key(chat: ChatId, user: UserId) -> String {
    format!("question:{chat}:{user}:")
}

/// A message of which its writer was asked whether it is a tip.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQuestion {
    /// The event that it came with.
    pub event: EventSeq,
    /// The platform's number of that update.
    pub update_id: Option<i64>,
    /// When it was stored.
    pub received_at: Millis,
    /// The update, word for word.
    pub payload: String,
    /// Its number in the chat.
    pub message: MessageId,
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
    /// What was paid for tips since [`Ask::earned_since`].
    pub earned: Earned,
    /// Whether its reporter has written to the bot in private, so that it can write there, too.
    pub private_open: bool,
    /// Leads that were merged into it, in the order in which they were received.
    pub duplicates: Vec<Merged>,
}

/// A lead that was merged into another.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The lead.
    pub lead: Lead,
    /// The ledger's entries about it, oldest first.
    pub transfers: Vec<Transfer>,
    /// Its reporter.
    pub reporter: Option<Member>,
    /// See [`LeadFile::earned`].
    pub earned: Earned,
    /// See [`LeadFile::private_open`].
    pub private_open: bool,
}

/// An alarm with its calls.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmFile {
    /// The alarm.
    pub alarm: Alarm,
    /// Its calls, nearest first.
    pub calls: Vec<Call>,
    /// Every message that the product sent about it, or has queued, and that is not taken away. Known of an alarm that is
    /// asked for, and of a lead's while it runs.
    pub posts: Vec<Posted>,
}

/// An alarm that a tip raised by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfRaised {
    /// The group in which it was written.
    pub chat: Option<ChatId>,
    /// Its reporter.
    pub by: Option<UserId>,
    /// When.
    pub at: Millis,
}

/// Where somebody who answers alarms was last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whereabouts {
    /// Who.
    pub user: UserId,
    /// Where.
    pub at: Wgs84,
    /// When they shared it.
    pub when: Millis,
}

/// An alarm as it is filed: with its calls and its timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmRecord {
    /// The alarm.
    pub alarm: Alarm,
    /// Its calls, nearest first.
    pub calls: Vec<Call>,
    /// What happened, in order.
    pub timeline: Vec<AlarmEvent>,
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
    /// Whether it is being sent right now, or was tried and nobody knows what became of it.
    pub leaving: bool,
}

/// A person's points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statement {
    /// To spend.
    pub balance: i64,
    /// Waiting for police.
    pub held: i64,
    /// Set aside for what was asked for and is not handed out yet.
    pub reserved: i64,
    /// Earned since the instant of [`Ask::ranking`], less what was taken back.
    pub month: i64,
    /// The last entries, newest first, at most 10: (when, amount with sign, rule, lead).
    pub entries: Vec<StatementLine>,
    /// What was asked for and is neither handed out nor come to nothing, oldest first.
    pub open: Vec<Redemption>,
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
    /// What it did.
    pub kind: TransferKind,
    /// The lead behind it.
    pub lead: Option<LeadId>,
    /// The alarm behind it.
    pub alarm: Option<AlarmId>,
    /// Why, of a correction.
    pub reason: Option<String>,
    /// The reward for which it was set aside, in Chinese and in English.
    pub reward: Option<(String, String)>,
}

/// What somebody who wants to be compared has earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Who.
    pub user: UserId,
    /// Their code.
    pub code: String,
    /// Points earned, less what was taken back.
    pub earned: i64,
}

/// An invitation to take part, or to set a group up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    /// The code.
    pub code: String,
    /// Roles that it gives.
    pub roles: Vec<Role>,
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
    /// See [`Ask::alarm`].
    pub alarm: Option<AlarmFile>,
    /// See [`Ask::running`].
    pub running: Vec<AlarmFile>,
    /// See [`Ask::running`].
    pub whereabouts: HashMap<UserId, Whereabouts>,
    /// See [`Ask::raised_by_tips`]; `None`: nobody asked.
    pub raised_by_tips: Option<Vec<SelfRaised>>,
    /// See [`Ask::original`].
    pub original: Option<LeadFile>,
    /// See [`Ask::similar`].
    pub similar: Vec<Lead>,
    /// See [`Ask::statement`].
    pub statement: Statement,
    /// See [`Ask::ranking`]: whoever has earned most first.
    pub ranking: Vec<Ranked>,
    /// See [`Ask::rewards`]: in the order of the list.
    pub rewards: Vec<Reward>,
    /// See [`Ask::redemption`] and [`Ask::pickup`].
    pub redemption: Option<Redemption>,
    /// Whose that redemption is.
    pub redeemer: Option<Member>,
    /// See [`Ask::member_code`].
    pub member_by_code: Option<Member>,
    /// See [`Ask::chat_leads`].
    pub chat_leads: Vec<Lead>,
    /// See [`Ask::queue`].
    pub has_queue: bool,
    /// See [`Ask::closing`].
    pub closing: Option<Closing>,
    /// See [`Ask::invite`].
    pub invite: Option<Invite>,
    /// See [`Ask::question`].
    pub question: Option<OpenQuestion>,
}
