//! A lead (线索): the record made from a tip, its states and the transitions between them.
//!
//! Owns what may follow what (DESIGN.md §6, Lead). Knows nothing of chats, texts or storage.
//! Called by the intake, triage and alarm flows.

use super::id::{ChatId, EventSeq, LeadId, MessageId, Millis, UserId};
use super::place::{Datum, PlaceSource, Wgs84};
use super::tip::Grain;
use serde::{Deserialize, Serialize};

/// Where a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadState {
    /// Nobody has looked at it.
    New,
    /// An officer is on it.
    Claimed,
    /// Police hold it to be true.
    Verified,
    /// Police found nothing to it. Not the same as false: no penalty follows.
    Unfounded,
    /// The same event as another lead.
    Duplicate,
    /// Not what this product records; final, and its text is scrubbed.
    OutOfScope,
    /// Dealt with.
    Resolved,
    /// Taken back by its reporter before police decided.
    Withdrawn,
}

/// How a lead that was dealt with ended (P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadOutcome {
    /// 已处置: dealt with.
    Handled,
    /// 当场制止: an offender was stopped in the act.
    Stopped,
    /// 已破案: the clue solved a case.
    Solved,
}

impl LeadOutcome {
    /// Every outcome, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::Handled, Self::Stopped, Self::Solved];

    /// Its name in the config, in buttons and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Stopped => "stopped",
            Self::Solved => "solved",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What an officer, or the reporter, does to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum LeadAction {
    /// Take it on.
    Claim,
    /// Hold it to be true. Needs no claim.
    Verify,
    /// Found nothing to it.
    Unfounded,
    /// It is the same event as another lead.
    DuplicateOf {
        /// The lead that stays.
        original: LeadId,
    },
    /// Final: nothing of it is kept but its number.
    OutOfScope,
    /// Dealt with.
    Resolve {
        /// How it ended.
        outcome: LeadOutcome,
    },
    /// Back to new, points reversed.
    Reopen,
    /// The reporter takes it back.
    Withdraw,
}

/// Why a transition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lead already is where the action leads: the same press twice.
    #[error("already done")]
    AlreadyDone,
    /// Another decision stands; undo or reopen it first.
    #[error("not possible from {0:?}")]
    NotFrom(LeadState),
    /// A lead cannot be a duplicate of itself, nor of one that is out of scope or itself a duplicate.
    #[error("not a lead that this can be a duplicate of")]
    BadOriginal,
}

impl LeadState {
    /// The state after `action`, by the table of DESIGN.md §6.
    ///
    /// # Errors
    /// [`Refusal::AlreadyDone`] for a repeated action, [`Refusal::NotFrom`] where the table has no row.
    pub fn after(self, action: LeadAction) -> Result<Self, Refusal> {
        use LeadAction as A;
        use LeadState as S;
        let next = match action {
            A::Claim => S::Claimed,
            A::Verify => S::Verified,
            A::Unfounded => S::Unfounded,
            A::DuplicateOf { .. } => S::Duplicate,
            A::OutOfScope => S::OutOfScope,
            A::Resolve { .. } => S::Resolved,
            A::Reopen => S::New,
            A::Withdraw => S::Withdrawn,
        };
        if self == next {
            return Err(Refusal::AlreadyDone);
        }
        let allowed = match action {
            A::Claim => matches!(self, S::New),
            A::Verify | A::Unfounded | A::DuplicateOf { .. } => matches!(self, S::New | S::Claimed),
            A::OutOfScope => self != S::OutOfScope,
            A::Resolve { .. } => self == S::Verified,
            A::Reopen => !matches!(self, S::New | S::Claimed | S::OutOfScope),
            A::Withdraw => matches!(self, S::New | S::Claimed),
        };
        if allowed { Ok(next) } else { Err(Refusal::NotFrom(self)) }
    }

    /// Whether nothing more is expected of police.
    pub fn is_closed(self) -> bool {
        !matches!(self, Self::New | Self::Claimed | Self::Verified)
    }

    /// The stored and exported name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Claimed => "claimed",
            Self::Verified => "verified",
            Self::Unfounded => "unfounded",
            Self::Duplicate => "duplicate",
            Self::OutOfScope => "out_of_scope",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The time of the event as understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurred {
    /// Start.
    pub start: Millis,
    /// End, exclusive; `None` for an instant.
    pub end: Option<Millis>,
    /// How finely it was told.
    pub grain: Grain,
    /// The words that it came from; empty if a person set it with a button.
    pub text: String,
}

/// The place of the event as understood, in WGS-84.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Where.
    pub at: Wgs84,
    /// Radius in metres within which it is believed to lie.
    pub accuracy_m: f64,
    /// How it was learnt.
    pub source: PlaceSource,
    /// The datum in which it was given.
    pub datum: Datum,
    /// The words that name it, or the venue's title.
    pub text: String,
}

impl From<&super::place::PlaceReading> for Scene {
    fn from(read: &super::place::PlaceReading) -> Self {
        Self {
            at: read.at,
            accuracy_m: read.accuracy_m,
            source: read.source,
            datum: read.datum,
            text: read.text.clone(),
        }
    }
}

/// A lead. `version` counts its changes; a write names the version that it read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Number, as people read it.
    pub id: LeadId,
    /// Starts at 1, one more with each change.
    pub version: i64,
    /// Where it stands.
    pub state: LeadState,
    /// Category id, if known.
    pub category: Option<String>,
    /// Going on now, somebody may come to harm.
    pub urgent: bool,
    /// When it happened, if told.
    pub occurred: Option<Occurred>,
    /// Where it happened, if known.
    pub scene: Option<Scene>,
    /// Words for a place that is not in the gazetteer.
    pub unknown_place: Option<String>,
    /// The tip's words without tag and labels.
    pub description: String,
    /// What a liaison point is shown: redacted.
    pub relay_text: String,
    /// The chat that the lead belongs to (the private chat for a private tip).
    pub chat: ChatId,
    /// The id that this chat had when the tip was written there: a group may get a new one, and numbers its messages anew.
    pub tip_chat: ChatId,
    /// The forum topic, if any.
    pub thread: Option<MessageId>,
    /// The tip's own message, by its number in `tip_chat`.
    pub message: MessageId,
    /// Who wrote it; `None` for an anonymous admin or a channel.
    pub reporter: Option<UserId>,
    /// A code made for this lead alone: what police and exports see of the reporter.
    pub reporter_code: String,
    /// Whether it was told in private: police then see the code only.
    pub private: bool,
    /// When the platform says the message was written.
    pub written_at: Millis,
    /// When the product stored it.
    pub received_at: Millis,
    /// The event that made it.
    pub first_event: EventSeq,
    /// The platform's id of the update that made it.
    pub first_update_id: Option<i64>,
    /// The officer who has it, or decided it.
    pub officer: Option<UserId>,
    /// When the last decision was taken.
    pub decided_at: Option<Millis>,
    /// The lead that this is a duplicate of.
    pub duplicate_of: Option<LeadId>,
    /// Whether the reporter was asked for what is missing (once only).
    pub asked: bool,
    /// How it ended, of a resolved one; `None` also of those resolved before outcomes were asked for.
    #[serde(default)]
    pub outcome: Option<LeadOutcome>,
}

impl Lead {
    /// Does `action` to the lead: new state, officer, time, one version more.
    ///
    /// # Errors
    /// See [`LeadState::after`].
    pub fn act(&mut self, action: LeadAction, by: Option<UserId>, now: Millis) -> Result<(), Refusal> {
        if let LeadAction::DuplicateOf { original } = action
            && original == self.id
        {
            return Err(Refusal::BadOriginal);
        }
        self.state = self.state.after(action)?;
        self.duplicate_of = match action {
            LeadAction::DuplicateOf { original } => Some(original),
            _ => None,
        };
        self.outcome = match action {
            LeadAction::Resolve { outcome } => Some(outcome),
            _ => None,
        };
        if action != LeadAction::Withdraw {
            self.officer = if action == LeadAction::Reopen { None } else { by };
        }
        self.decided_at = Some(now);
        self.version += 1;
        Ok(())
    }

    /// The tip's own message, if it stands under this id of a chat.
    pub fn message_in(&self, chat: ChatId) -> Option<MessageId> {
        (chat == self.tip_chat).then_some(self.message)
    }

    /// Takes every word and place out of an out-of-scope lead, leaving number, state and times of receipt.
    pub fn scrub(&mut self) {
        self.category = None;
        self.occurred = None;
        self.scene = None;
        self.unknown_place = None;
        self.description.clear();
        self.relay_text.clear();
        self.reporter = None;
    }
}

/// A file or pin that belongs to a tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still picture.
    Photo,
    /// A moving picture.
    Video,
    /// Spoken words.
    Voice,
    /// An audio file.
    Audio,
    /// Any other file.
    Document,
}

/// What somebody sent with a tip, or shortly before or after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Evidence {
    /// A picture, voice or document: kept by the platform's file id.
    Media {
        /// What sort.
        kind: MediaKind,
        /// The platform's id, good for sending it again.
        file_id: String,
    },
    /// A pin on the map.
    Pin(Scene),
    /// Words in reply to the tip; they stand in the lead itself.
    Words,
}

/// Evidence as filed: by whom, where, for which lead (none yet: it waits three minutes for its tip).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The chat in which it was sent.
    pub chat: ChatId,
    /// Its message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Option<UserId>,
    /// When it was sent, by the platform.
    pub sent_at: Millis,
    /// The lead it belongs to.
    pub lead: Option<LeadId>,
    /// What it is.
    pub evidence: Evidence,
}

/// One line of a lead's history: who did what, when, and how it stood before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadEvent {
    /// Which lead.
    pub lead: LeadId,
    /// The version that this made.
    pub version: i64,
    /// When.
    pub at: Millis,
    /// Who; `None` for the product itself.
    pub by: Option<UserId>,
    /// What: `tip`, `edit`, `mend`, `attach`, `claim`, `verify`, … `undo`; `merged N`, `unmerged N`: lead N into this one.
    pub action: String,
    /// The lead before, as JSON, for undo and for the history; `None` for the first.
    pub before: Option<String>,
}
