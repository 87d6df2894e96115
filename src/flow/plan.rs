//! What an event is about and what must be known to decide it. Pure; reads the tip out of the words.

use super::close;
use super::command::Command;
use super::question;
use super::tap::{DeskTap, RedeemTap, Tap};
use super::town::Town;
use crate::config::{Mode, Untagged};
use crate::domain::group::GroupKind;
use crate::domain::id::{AlarmId, ChatId, LeadId, MessageId, RedemptionId, UserId};
use crate::domain::tip::{ChatKind, Tip};
use crate::port::chat::{Message, Part, Press, Update, UpdateKind};
use crate::port::store::{Ask, Facts, OutboxReport, TimerKind};

/// What an event is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Nothing that the product acts on.
    Nothing,
    /// A tip in a liaison group, or marked as one.
    Tip(Box<Message>, Box<Tip>),
    /// Words in a private chat: a tip, more about the last one, or a greeting.
    Private(Box<Message>, Box<Tip>),
    /// A pin, picture or file without a tip's words, or words in reply to a tip.
    Evidence(Box<Message>, Box<Tip>),
    /// A message that was changed.
    Edit(Box<Message>, Box<Tip>),
    /// A command.
    Command(Box<Message>, Command),
    /// A press on a button of ours.
    Press(Press, Tap),
    /// A press on a button that nobody knows any more.
    StalePress(Press),
    /// A timer came due.
    Timer(TimerKind),
    /// The outbox reports.
    Report(OutboxReport),
    /// A group has a new id.
    Moved(ChatId, ChatId),
    /// The bot came into a group that is not set up.
    Joined(ChatId),
}

/// Two events that share a key must not be decided side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A person anywhere: their first contact.
    User(UserId),
    /// A person in one chat: tips and what joins them.
    Person(ChatId, UserId),
    /// A message: its tip, edits, replies.
    Message(ChatId, MessageId),
    /// A lead.
    Lead(LeadId),
    /// An alarm and its lead.
    Alarm(AlarmId),
    /// Everything: runs alone.
    Alone,
}

impl Key {
    /// The number under which replicas hold it against each other. A chat's own keys need none, because a chat is one
    /// replica's at a time; nor does `Alone`, which keeps all others out.
    pub fn among_replicas(&self) -> Option<i64> {
        let (kind, id) = match self {
            Self::User(user) => (1, user.0),
            Self::Lead(lead) => (2, lead.0),
            Self::Alarm(alarm) => (3, alarm.0),
            Self::Person(..) | Self::Message(..) | Self::Alone => return None,
        };
        // Chats are locked by their ids, which the platform keeps below 2⁵²: the kind stands above them.
        Some(kind << 56 | (id & ((1 << 56) - 1)))
    }
}

/// A planned event.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it is about.
    pub work: Work,
    /// What must be known.
    pub ask: Ask,
    /// What it must not share with a neighbour.
    pub keys: Vec<Key>,
}

impl Plan {
    /// The plan of a payload that cannot be read: stored and skipped, never fatal to its neighbours.
    pub fn unreadable() -> Self {
        Self::nothing()
    }

    fn nothing() -> Self {
        Self { work: Work::Nothing, ask: Ask::default(), keys: Vec::new() }
    }

    /// A timer's plan.
    pub fn timer(kind: TimerKind) -> Self {
        if let TimerKind::RedemptionLapse { redemption } = kind {
            let ask = Ask { redemption: Some(redemption), ..Ask::default() };
            return Self { work: Work::Timer(kind), ask, keys: vec![Key::Alone] };
        }
        let (alarm, keys) = match kind {
            TimerKind::Stage { alarm, .. }
            | TimerKind::Lapse { alarm, .. }
            | TimerKind::Again { alarm }
            | TimerKind::Show { alarm }
            | TimerKind::DrillOver { alarm } => (Some(alarm), vec![Key::Alarm(alarm), Key::Alone]),
            TimerKind::RedemptionLapse { .. } | TimerKind::Question { .. } => (None, vec![Key::Alone]),
        };
        Self { work: Work::Timer(kind), ask: Ask { alarm, running: alarm.is_some(), ..Ask::default() }, keys }
    }

    /// A report's plan.
    pub fn report(report: OutboxReport) -> Self {
        match &report {
            OutboxReport::CallFailed { alarm, .. } => Self {
                ask: Ask { alarm: Some(*alarm), running: true, ..Ask::default() },
                keys: vec![Key::Alone],
                work: Work::Report(report),
            },
            OutboxReport::PlatformBack { .. } => {
                Self { ask: Ask::default(), keys: Vec::new(), work: Work::Report(report) }
            }
            OutboxReport::Moved { .. } => {
                Self { ask: Ask::default(), keys: vec![Key::Alone], work: Work::Report(report) }
            }
        }
    }

    /// An update's plan.
    pub fn update(update: Update, town: &Town) -> Self {
        match update.kind {
            UpdateKind::Message(message) => Self::message(message, town),
            UpdateKind::Edited(message) => Self::edited(message, town),
            UpdateKind::Press(press) => Self::press(press, town),
            UpdateKind::Migrated { from, to } => {
                Self { work: Work::Moved(from, to), ask: Ask::default(), keys: vec![Key::Alone] }
            }
            UpdateKind::Standing { chat, present: true } if chat.0 < 0 && town.group(chat).is_none() => {
                Self { work: Work::Joined(chat), ask: Ask::default(), keys: Vec::new() }
            }
            UpdateKind::Standing { .. } | UpdateKind::Other => Self::nothing(),
        }
    }

    fn message(message: Box<Message>, town: &Town) -> Self {
        if message.from.is_bot {
            return Self::nothing();
        }
        if let Some(command) = Command::parse(&message) {
            let mut keys = vec![Key::Message(message.chat, message.id)];
            let mut ask = Ask { user: message.from.user, ..Ask::default() };
            if let Some(user) = message.from.user {
                keys.push(Key::User(user));
            }
            command.ask(&message, &mut ask, &mut keys);
            // A month is counted for those alone who may close it.
            if let Command::Close(words) = &command
                && close::may(town, message.chat, message.from.user)
            {
                ask.closing = close::period(words, town.rules.time_zone);
                keys.push(Key::Alone);
            }
            return Self { work: Work::Command(message, command), ask, keys };
        }
        let kind = if message.private {
            ChatKind::Private
        } else if town.kind(message.chat) == Some(GroupKind::Liaison) {
            ChatKind::Group
        } else {
            return Self::nothing();
        };
        let tip = read(&message, kind, town);
        let mut ask = Ask { user: message.from.user, ..Ask::default() };
        if town.rules.telegram.mode == Mode::Webhook {
            // Its edit may have come first, and have made the lead.
            ask.tip_at = Some((message.chat, message.id));
        }
        let mut keys = vec![Key::Message(message.chat, message.id)];
        if let Some(user) = message.from.user {
            keys.push(Key::Person(message.chat, user));
            let since = message.date.plus_ms(-town.rules.tip.join_seconds * 1000);
            ask.loose = Some((message.chat, user, since));
            ask.newest_tip = Some((message.chat, user, since));
            ask.question = may_ask(town, &message, &tip).then_some((message.chat, user));
        }
        if let Some(reply) = message.reply_to {
            ask.belongs = Some((message.chat, reply));
            keys.push(Key::Message(message.chat, reply));
        }
        if message.private {
            if message.from.user.is_some_and(|user| town.serves(user)) && has_pin(&message) {
                ask.running = true;
                keys.push(Key::Alone);
            }
            heed_self_raise(town, &message, &tip, &mut ask, &mut keys);
            return Self { work: Work::Private(message, Box::new(tip)), ask, keys };
        }
        // Words in reply to somebody's tip add to it, unless they are marked as a tip of their own.
        if tip.is_tip && (tip.marked || message.reply_to.is_none()) {
            ask.newest_tip = None;
            heed_self_raise(town, &message, &tip, &mut ask, &mut keys);
            return Self { work: Work::Tip(message, Box::new(tip)), ask, keys };
        }
        if message.parts.is_empty() {
            if message.reply_to.is_none() {
                return Self::nothing();
            }
            ask.newest_tip = None;
        }
        heed_self_raise(town, &message, &tip, &mut ask, &mut keys);
        Self { work: Work::Evidence(message, Box::new(tip)), ask, keys }
    }

    fn edited(message: Box<Message>, town: &Town) -> Self {
        let kind = if message.private {
            ChatKind::Private
        } else if town.kind(message.chat) == Some(GroupKind::Liaison) {
            ChatKind::Group
        } else {
            return Self::nothing();
        };
        if message.from.is_bot {
            return Self::nothing();
        }
        let tip = read(&message, kind, town);
        let serves = message.private && message.from.user.is_some_and(|user| town.serves(user));
        let ask = Ask {
            user: message.from.user,
            running: serves && has_pin(&message),
            tip_at: Some((message.chat, message.id)),
            loose: message.from.user.map(|u| (message.chat, u, message.date)),
            question: message.from.user.filter(|_| asks(town, &message)).map(|user| (message.chat, user)),
            ..Ask::default()
        };
        let mut keys = vec![Key::Message(message.chat, message.id)];
        if let Some(user) = message.from.user {
            keys.push(Key::Person(message.chat, user));
        }
        if ask.running {
            keys.push(Key::Alone);
        }
        let mut ask = ask;
        heed_self_raise(town, &message, &tip, &mut ask, &mut keys);
        Self { work: Work::Edit(message, Box::new(tip)), ask, keys }
    }

    fn press(press: Press, town: &Town) -> Self {
        let Some(tap) = Tap::decode(&press.data) else {
            return Self { work: Work::StalePress(press), ask: Ask::default(), keys: Vec::new() };
        };
        let mut ask = Ask { user: press.from.user, ..Ask::default() };
        // Presses are rare beside tips; each runs alone, so that whatever hangs on its lead stands still.
        let keys = vec![Key::Alone];
        match &tap {
            Tap::Desk(lead, tap) => {
                ask.lead = Some(*lead);
                ask.queue = Some(press.chat);
                ask.running = *tap == DeskTap::Alarm;
            }
            Tap::Receipt(lead, _) => ask.lead = Some(*lead),
            Tap::Answer(alarm, ..) | Tap::Alarm(alarm, _) | Tap::Widen(alarm, _) => {
                (ask.alarm, ask.running) = (Some(*alarm), true);
            }
            Tap::Question { writer, .. } => ask.question = Some((press.chat, *writer)),
            Tap::Close { month, .. } if close::may(town, press.chat, press.from.user) => {
                ask.closing = close::period_of(*month, town.rules.time_zone);
            }
            Tap::Close { .. } => {}
            Tap::Redeem(tap) => {
                let own = |ask: &mut Ask| (ask.statement, ask.rewards) = (press.from.user, true);
                match tap {
                    RedeemTap::List(_) | RedeemTap::Show(..) => own(&mut ask),
                    RedeemTap::Take { offer, .. } => {
                        own(&mut ask);
                        ask.redemption = Some(RedemptionId(offer.0));
                    }
                    RedeemTap::Cancel(_, id) => {
                        own(&mut ask);
                        ask.redemption = Some(*id);
                    }
                    RedeemTap::Approve(id) | RedeemTap::Refuse(id) | RedeemTap::HandOut(id, _) => {
                        ask.redemption = Some(*id);
                    }
                }
            }
            Tap::Language(_) | Tap::Duty(_) | Tap::Rank(_) => {}
        }
        Self { work: Work::Press(press, tap), ask, keys }
    }
}

/// Whether a location is attached.
fn has_pin(message: &Message) -> bool {
    message.parts.iter().any(|part| matches!(part, Part::Pin { .. }))
}

/// A tip that may raise an alarm by itself is decided alone, with all that runs.
fn heed_self_raise(town: &Town, message: &Message, tip: &Tip, ask: &mut Ask, keys: &mut Vec<Key>) {
    let rules = town.rules.alarm.self_raise;
    if tip.is_tip && rules.enabled && tip.urgent {
        let minutes = rules.person_minutes.max(rules.group_minutes);
        (ask.running, ask.raised_by_tips) = (true, Some(message.date.plus_ms(-minutes * 60_000)));
        keys.push(Key::Alone);
    }
}

/// Whether writers are asked in this chat.
fn asks(town: &Town, message: &Message) -> bool {
    town.rules.tip.untagged == Untagged::Ask && !message.private
}

/// Whether the writer may be asked of this message.
fn may_ask(town: &Town, message: &Message, tip: &Tip) -> bool {
    asks(town, message) && tip.is_tip && !question::takes(town, message, tip)
}

/// Whether more has to be looked up now that the first facts are there: the whole file of a lead that
/// was found by its message or by its reporter.
pub fn follow_up(work: &Work, facts: &Facts, town: &Town) -> Option<Ask> {
    if let (None, Some(lead)) = (&facts.file, facts.alarm.as_ref().and_then(|file| file.alarm.lead)) {
        return Some(Ask { lead: Some(lead), ..Ask::default() });
    }
    if facts.file.is_some() {
        return match work {
            Work::Press(_, Tap::Desk(_, tap)) => super::triage::follow_up(*tap, facts, town),
            _ => None,
        };
    }
    if let (Work::Press(press, Tap::Question { writer, yes: true, .. }), Some(open)) = (work, &facts.question) {
        let since = open.received_at.plus_ms(-town.rules.tip.join_seconds * 1000);
        return Some(Ask { user: Some(*writer), loose: Some((press.chat, *writer, since)), ..Ask::default() });
    }
    let lead = match work {
        Work::Edit(..) => facts.tip_at.as_ref(),
        Work::Evidence(..) | Work::Private(..) => facts.belongs.as_ref().or(facts.newest_tip.as_ref()),
        _ => None,
    }?;
    Some(Ask { lead: Some(lead.id), ..Ask::default() })
}

/// The message behind an open question, read as if it had been marked.
pub fn read_asked(kind: UpdateKind, town: &Town) -> Option<(Message, Tip)> {
    let (UpdateKind::Message(message) | UpdateKind::Edited(message)) = kind else { return None };
    let mut tip = read(&message, ChatKind::Group, town);
    (tip.is_tip, tip.marked) = (true, true);
    Some((*message, tip))
}

fn read(message: &Message, kind: ChatKind, town: &Town) -> Tip {
    if message.text.is_empty() {
        return Tip::default();
    }
    let area = town.group(message.chat).and_then(|g| g.area);
    let mut tip = town.reader().understand(&message.text, message.date, kind, area);
    if message.mentions_bot && !message.private {
        tip.is_tip = true;
        tip.marked = true;
    }
    // Where unmarked messages are no tips, they are chat, however they read.
    tip.is_tip &= town.rules.tip.untagged != Untagged::Off || question::takes(town, message, &tip);
    tip
}
