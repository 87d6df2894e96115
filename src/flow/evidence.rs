//! What comes before or after a tip: pins, pictures, more words, changed words.

use super::decision::{Decision, Given};
use super::{desk, earning, intake, question};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadState, Scene};
use crate::domain::place::PlaceSource;
use crate::domain::tip::Tip;
use crate::port::chat::{Message, Part};
use crate::port::store::LeadFile;

/// Words in a private chat: a tip; more about the last one; or a greeting, which gets the help text.
pub fn private_words(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    if let Some(file) = &given.facts.file
        && is_more(file, message, tip)
    {
        return join(given, file.clone(), message, tip);
    }
    if tip.is_tip || (!message.parts.is_empty() && !message.text.is_empty()) {
        return intake::file_tip(given, message, tip);
    }
    if !message.parts.is_empty() {
        return keep_loose(given, message);
    }
    super::command::help(given, message)
}

/// Whether a message adds to a lead rather than telling of another event: it replies to it, or carries only
/// what the lead still lacks.
fn is_more(file: &LeadFile, message: &Message, tip: &Tip) -> bool {
    if file.lead.reporter != message.from.user || is_over(&file.lead) {
        return false;
    }
    if message.reply_to.is_some() && given_by_reply(file, message) {
        return true;
    }
    if message.text.is_empty() {
        return true;
    }
    let lacks = desk::missing(&file.lead).is_some();
    !tip.marked && tip.category.is_none() && lacks && (tip.place.is_some() || !tip.times.is_empty())
}

fn given_by_reply(file: &LeadFile, message: &Message) -> bool {
    let Some(reply) = message.reply_to else { return false };
    file.lead.message_in(message.chat) == Some(reply)
        || file.posts.iter().any(|p| p.chat == message.chat && p.message == Some(reply))
        || file.attachments.iter().any(|a| a.chat == message.chat && a.message == reply)
}

fn is_over(lead: &Lead) -> bool {
    matches!(lead.state, LeadState::OutOfScope | LeadState::Withdrawn)
}

/// Whether its reporter may still say of what kind it is. Once police have decided, the kind is theirs: rewards go by it.
fn is_undecided(lead: &Lead) -> bool {
    matches!(lead.state, LeadState::New | LeadState::Claimed)
}

/// A pin, picture or file in a group, or words in reply to a tip: joins the tip, else waits for it.
///
/// In reply anybody may add a picture to a tip; what it says is mended by its reporter alone.
pub fn evidence(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    let file = given.facts.file.as_ref().filter(|f| !is_over(&f.lead));
    let own = file.filter(|f| f.lead.reporter.is_some() && f.lead.reporter == message.from.user);
    if let Some(file) = own {
        return join(given, file.clone(), message, tip);
    }
    let shows = message.parts.iter().any(|p| matches!(p, Part::Media { .. }));
    if let Some(file) = file.filter(|_| message.reply_to.is_some() && shows) {
        let mut pictures = message.clone();
        pictures.parts.retain(|p| matches!(p, Part::Media { .. }));
        return join(given, file.clone(), &pictures, &Tip::default());
    }
    if tip.is_tip {
        return question::take(given, message, tip);
    }
    keep_loose(given, message)
}

/// What a message carries waits for its tip.
pub fn keep_loose(given: &Given<'_>, message: &Message) -> Decision {
    let mut decision = Decision::nothing();
    if message.from.user.is_some() {
        decision.changes.attachments = intake::parts(given, message);
    }
    decision
}

/// Adds what a message says and carries to a lead.
fn join(given: &Given<'_>, mut file: LeadFile, message: &Message, tip: &Tip) -> Decision {
    let mut decision = Decision::nothing();
    let before = file.lead.clone();
    let mut attachments = intake::parts(given, message);
    if attachments.is_empty() {
        attachments.push(words(message));
    }
    for attachment in &mut attachments {
        attachment.lead = Some(file.lead.id);
    }
    intake::take_pins(&mut file.lead, &attachments);
    supplement(&mut file.lead, tip, message.reply_to.is_some());
    file.lead.version += 1;
    decision.history(&file.lead, "attach", message.from.user, given.now, Some(&before));
    earning::enter(&mut decision, &earning::settle(given, &before, &file, message.from.user));
    decision.changes.attachments.clone_from(&attachments);
    if file.lead.private && !message.private {
        intake::take_down(&mut decision, &file.lead, &attachments);
    }
    // A lead that waits in the queue shows its evidence when it is opened.
    if let Some(desk) = given.town.desk().filter(|desk| desk::has_post(&file, *desk, &desk::card_subject(&file.lead))) {
        let speaker = given.town.speaker(given.town.group_language(desk), given.now);
        desk::put_media(&mut decision, &file.lead, &attachments, desk, &speaker);
    }
    file.attachments.extend(attachments);
    intake::leave_group_if_sensitive(&mut decision, given, &mut file);
    desk::refresh(&mut decision, given, &file);
    decision.changes.leads.push(file.lead);
    decision
}

/// The message that added words to a lead, so that replies to it find the lead and it goes when the lead goes.
fn words(message: &Message) -> Attachment {
    Attachment {
        chat: message.chat,
        message: message.id,
        sender: message.from.user,
        sent_at: message.date,
        lead: None,
        evidence: Evidence::Words,
    }
}

/// Takes over what the words tell: what was missing; in a reply, also what was understood otherwise.
fn supplement(lead: &mut Lead, tip: &Tip, corrects: bool) {
    if tip.category.is_some() && (lead.category.is_none() || corrects) && is_undecided(lead) {
        lead.category.clone_from(&tip.category);
    }
    if let Some(occurred) = intake::occurred(tip)
        && (lead.occurred.is_none() || corrects)
    {
        lead.occurred = Some(occurred);
    }
    if let Some(place) = &tip.place {
        let coarse = lead.scene.as_ref().is_none_or(|s| s.source == PlaceSource::GroupArea);
        if coarse || corrects {
            lead.scene = Some(Scene::from(place));
            lead.unknown_place = None;
        }
    } else if tip.unknown_place.is_some() && lead.unknown_place.is_none() {
        lead.unknown_place.clone_from(&tip.unknown_place);
    }
    lead.urgent |= tip.urgent;
    append(&mut lead.description, &tip.description);
    append(&mut lead.relay_text, &tip.relay_text);
}

fn append(words: &mut String, more: &str) {
    if !more.is_empty() {
        if !words.is_empty() {
            words.push('\n');
        }
        words.push_str(more);
    }
}

/// A changed message revises its lead; one that was no tip before may have become one.
pub fn edit(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    let Some(file) = &given.facts.file else {
        return question::edited(given, message, tip);
    };
    let mut file = file.clone();
    if is_over(&file.lead) || message.text.is_empty() {
        return Decision::nothing();
    }
    let mut decision = Decision::nothing();
    let before = file.lead.clone();
    let read = as_read(&file);
    revise(&mut file.lead, tip, &read);
    if file.lead == before {
        return decision;
    }
    file.lead.version += 1;
    decision.history(&file.lead, "edit", message.from.user, given.now, Some(&before));
    earning::enter(&mut decision, &earning::settle(given, &before, &file, message.from.user));
    intake::leave_group_if_sensitive(&mut decision, given, &mut file);
    desk::refresh(&mut decision, given, &file);
    decision.changes.leads.push(file.lead);
    decision
}

/// The lead as its message was last read: before it was mended by taps and added to by other messages.
fn as_read(file: &LeadFile) -> Lead {
    let read = file.history.iter().rposition(|e| matches!(e.action.as_str(), "tip" | "edit"));
    let next = read.and_then(|n| file.history[n + 1..].iter().find_map(|e| e.before.as_deref()));
    next.and_then(|before| serde_json::from_str(before).ok()).unwrap_or_else(|| file.lead.clone())
}

/// Takes over what the words now say otherwise than they did. What they say still, and what they no longer say,
/// stays as it is: it may have been mended by a tap since. So do words from other messages, and an attached pin.
fn revise(lead: &mut Lead, tip: &Tip, read: &Lead) {
    reword(&mut lead.description, &read.description, &tip.description);
    reword(&mut lead.relay_text, &read.relay_text, &tip.relay_text);
    lead.urgent = tip.urgent;
    if tip.category.is_some() && tip.category != read.category && is_undecided(lead) {
        lead.category.clone_from(&tip.category);
    }
    if let Some(occurred) = intake::occurred(tip).filter(|o| read.occurred.as_ref() != Some(o)) {
        lead.occurred = Some(occurred);
    }
    let pinned = lead.scene.as_ref().is_some_and(|s| matches!(s.source, PlaceSource::Location | PlaceSource::Venue));
    let place = tip.place.as_ref().map(Scene::from).filter(|s| !pinned && read.scene.as_ref() != Some(s));
    if let Some(scene) = place {
        lead.scene = Some(scene);
        lead.unknown_place = None;
    }
}

/// Puts new words in place of the old; what other messages added after them stays.
fn reword(words: &mut String, old: &str, new: &str) {
    let added = words.strip_prefix(old).unwrap_or_default().trim_start_matches('\n').to_owned();
    new.clone_into(words);
    append(words, &added);
}
