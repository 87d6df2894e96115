//! What a decision about a lead does to rewards, and how those whom it concerns hear of it: amounts and reasons in
//! private, in a group only that there is something to see.
//!
//! Called by every decider that changes a lead. The rules are `domain::rules`.

use super::decision::{Decision, Given};
use super::desk;
use crate::domain::id::{ChatId, UserId};
use crate::domain::lead::{Lead, LeadState};
use crate::domain::member::Member;
use crate::domain::rules::settle::{Cut, Decided, Settled, Standing, settle_rewards};
use crate::domain::text::card::{Speaker, outcome_key};
use crate::port::store::{Content, Lane, LeadFile, Merged, Post};

/// The entries that bring every reward to where a change of a lead says, from `before` to how the file has it now.
pub fn settle(given: &Given<'_>, before: &Lead, file: &LeadFile, by: Option<UserId>) -> Vec<Settled> {
    let own = Standing { before, after: &file.lead, transfers: &file.transfers, earned: file.earned };
    let mut rewards = vec![own];
    rewards.extend(file.duplicates.iter().map(standing));
    if let Some(original) = original(given, before, &file.lead) {
        let lead = &original.lead;
        rewards.push(Standing { before: lead, after: lead, transfers: &original.transfers, earned: original.earned });
        rewards.extend(original.duplicates.iter().filter(|it| it.lead.id != file.lead.id).map(standing));
    }
    let decided = Decided { lead: file.lead.id, version: file.lead.version, at: given.now, by };
    settle_rewards(&given.town.books, &rewards, decided)
}

/// A lead that only stands or falls with the one decided.
fn standing(it: &Merged) -> Standing<'_> {
    Standing { before: &it.lead, after: &it.lead, transfers: &it.transfers, earned: it.earned }
}

/// Enters in the ledger what was settled.
pub fn enter(decision: &mut Decision, settled: &[Settled]) {
    decision.changes.transfers.extend(settled.iter().flat_map(|it| it.entries.iter().cloned()));
}

/// The lead into which this one is merged, or was until now.
fn original<'a>(given: &'a Given<'_>, before: &Lead, after: &Lead) -> Option<&'a LeadFile> {
    let merged = |it: &&LeadFile| [before.duplicate_of, after.duplicate_of].contains(&Some(it.lead.id));
    given.facts.original.as_ref().filter(merged)
}

/// A lead whose reporter is to be told, and how they can be.
struct Addressee<'a> {
    lead: &'a Lead,
    reporter: Option<&'a Member>,
    /// The bot can write to them in private.
    reachable: bool,
}

impl Addressee<'_> {
    /// Where outcomes are told: in the group, or in private for a private lead.
    fn chat(&self) -> Option<ChatId> {
        desk::receipt_chat(self.lead).filter(|_| !self.lead.private || self.reachable)
    }

    /// Where amounts may be told.
    fn private(&self) -> Option<ChatId> {
        self.lead.reporter.map(|user| ChatId(user.0)).filter(|_| self.reachable)
    }

    fn speaker<'a>(&self, given: &Given<'a>, chat: ChatId) -> Speaker<'a> {
        let language =
            if chat.0 < 0 { given.town.group_language(chat) } else { given.town.person_language(self.reporter, None) };
        given.town.speaker(language, given.now)
    }
}

fn addressee(file: &LeadFile) -> Addressee<'_> {
    // Who was never written to in private (they did not start the bot) cannot be now.
    let received = file.lead.private && file.posts.iter().any(|p| p.subject == desk::receipt_subject(&file.lead));
    let reachable = received || file.private_open;
    Addressee { lead: &file.lead, reporter: file.reporter.as_ref(), reachable }
}

fn merged(it: &Merged) -> Addressee<'_> {
    Addressee { lead: &it.lead, reporter: it.reporter.as_ref(), reachable: it.private_open }
}

/// Tells the reporter what was decided, and everybody whose points changed by it.
pub fn tell(decision: &mut Decision, given: &Given<'_>, before: &Lead, file: &LeadFile, settled: &[Settled]) {
    let lead = &file.lead;
    let to = addressee(file);
    let own = settled.iter().find(|it| it.lead == lead.id);
    if lead.state == LeadState::OutOfScope {
        tell_scrubbed(decision, given, &to, own);
    }
    let taken_back = own.is_some_and(|it| it.gained() != (0, 0));
    let key = match lead.state {
        LeadState::Verified => Some("outcome-verified"),
        LeadState::Unfounded => Some("outcome-unfounded"),
        LeadState::Duplicate => Some("outcome-duplicate"),
        LeadState::Resolved => Some("outcome-resolved"),
        LeadState::New if taken_back => Some("outcome-reopened"),
        _ => None,
    };
    if let Some(key) = key {
        let subject = |what: &str| format!("lead:{}:{what}:{}", lead.id, lead.version);
        put(decision, given, &to, key, own, &subject);
    }
    let others = file.duplicates.iter().chain(original(given, before, lead).into_iter().flat_map(|it| &it.duplicates));
    for other in others.filter(|it| it.lead.id != lead.id) {
        let Some(theirs) = settled.iter().find(|it| it.lead == other.lead.id) else { continue };
        let key = match theirs.gained().0 {
            _ if lead.duplicate_of != before.duplicate_of => "outcome-rank",
            0.. => "outcome-verified-too",
            _ => "outcome-reopened-too",
        };
        let subject = |what: &str| format!("lead:{}:{what}:{}v{}", other.lead.id, lead.id, lead.version);
        put(decision, given, &merged(other), key, Some(theirs), &subject);
    }
}

/// Says that a lead is out of the product's scope, and what becomes of its points, in private alone. The message is of no
/// lead: all that are go with it.
fn tell_scrubbed(decision: &mut Decision, given: &Given<'_>, to: &Addressee<'_>, own: Option<&Settled>) {
    let (Some(own), Some(chat)) = (own, to.private()) else { return };
    let speaker = to.speaker(given, chat);
    let mut html = speaker.say("outcome-out-of-scope", &[("number", to.lead.id.0.into())]);
    html.push_str(&amounts(&speaker, own));
    decision.post(chat, format!("out-of-scope:{}", to.lead.id), Lane::Reply, html);
}

fn put(
    decision: &mut Decision,
    given: &Given<'_>,
    to: &Addressee<'_>,
    key: &str,
    settled: Option<&Settled>,
    subject: &impl Fn(&str) -> String,
) {
    let lead = to.lead;
    let Some(chat) = to.chat() else { return };
    let speaker = to.speaker(given, chat);
    let mut html = speaker.say(key, &[("number", lead.id.0.into())]);
    let told = settled.map(|it| amounts(&speaker, it)).filter(|told| !told.is_empty());
    let mut apart = None;
    if chat.0 > 0 {
        html.extend(told);
    } else if told.is_some() {
        // In a group the others need not read what somebody earned.
        apart = to.private();
        if apart.is_none() && settled.is_some_and(|it| it.gained() != (0, 0)) {
            html.push('\n');
            html.push_str(&speaker.say("outcome-see-points", &[]));
        }
    }
    let post = decision.post(chat, subject("outcome"), Lane::Reply, html);
    post.lead = Some(lead.id);
    post.thread = lead.thread.filter(|_| chat == lead.chat);
    if let Content::Text { reply_to, .. } = &mut post.content {
        *reply_to = lead.message_in(chat);
    }
    if let (Some(private), Some(settled)) = (apart, settled) {
        let speaker = to.speaker(given, private);
        let mut html = speaker.say(key, &[("number", lead.id.0.into())]);
        html.push_str(&amounts(&speaker, settled));
        decision.post(private, subject("points"), Lane::Reply, html).lead = Some(lead.id);
    }
}

/// What became of somebody's points and why: a line each, each on a line of its own.
fn amounts(speaker: &Speaker<'_>, settled: &Settled) -> String {
    let ((tip, bonus), voided) = (settled.gained(), settled.voided());
    let cut = settled.cut.map(|cut| {
        speaker.say(
            match cut {
                Cut::Day => "cut-day",
                Cut::Month => "cut-month",
                Cut::Group => "cut-group",
            },
            &[],
        )
    });
    let mut lines = Vec::new();
    if tip > 0 || cut.is_some() {
        let (points, nth) = (tip.into(), i64::try_from(settled.nth).unwrap_or(i64::MAX));
        let mut line = match (settled.nth, settled.percent) {
            (0, _) => speaker.say("outcome-points", &[("points", points)]),
            (_, Some(percent)) => speaker
                .say("outcome-points-percent", &[("points", points), ("nth", nth.into()), ("percent", percent.into())]),
            (_, None) => speaker.say("outcome-points-share", &[("points", points)]),
        };
        line.extend(cut);
        lines.push(line);
    } else if tip < 0 {
        lines.push(speaker.say("outcome-points-back", &[("points", (-tip).into())]));
    } else if voided > 0 {
        lines.push(speaker.say("outcome-points-voided", &[("points", voided.into())]));
    }
    if let Some(outcome) = settled.bonus.filter(|_| bonus != 0) {
        let key = if bonus > 0 { "outcome-bonus" } else { "outcome-bonus-back" };
        let why = speaker.say(outcome_key(outcome), &[]);
        lines.push(speaker.say(key, &[("outcome", why.into()), ("points", bonus.abs().into())]));
    }
    lines.into_iter().map(|line| format!("\n{line}")).collect()
}

/// Takes back the messages about a decision that made `version` of a lead: what they say no longer holds.
pub fn untell(decision: &mut Decision, given: &Given<'_>, before: &Lead, file: &LeadFile, version: i64) {
    let lead = &file.lead;
    let mut gone = |chat: ChatId, subject: String, of: &Lead| {
        decision.changes.posts.push(Post {
            chat,
            thread: None,
            subject,
            lane: Lane::Reply,
            content: Content::Gone,
            lead: Some(of.id),
            call: None,
        });
    };
    for what in ["outcome", "points"] {
        let subject = format!("lead:{}:{what}:{version}", lead.id);
        for posted in file.posts.iter().filter(|p| p.subject == subject) {
            gone(posted.chat, subject.clone(), lead);
        }
    }
    let mark = format!(":of:lead:{}:v{version}:", lead.id);
    let others = file.duplicates.iter().chain(original(given, before, lead).into_iter().flat_map(|it| &it.duplicates));
    for other in others.filter(|it| it.lead.id != lead.id && it.transfers.iter().any(|t| t.key.contains(&mark))) {
        let to = merged(other);
        for (what, chat) in [("outcome", to.chat()), ("points", to.private())] {
            let Some(chat) = chat else { continue };
            gone(chat, format!("lead:{}:{what}:{}v{version}", other.lead.id, lead.id), &other.lead);
        }
    }
}
