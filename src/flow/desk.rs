//! The messages that stand for a lead: its receipt, its card at the desk, its evidence there.
//!
//! Called by every decider that changes a lead: put again under the same subject, a message is edited.

use super::choice;
use super::decision::{Decision, Given, label, press};
use super::tap::{DeskTap, Tap};
use crate::domain::id::{ChatId, MessageId};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadEvent, LeadState};
use crate::domain::text::card::Speaker;
use crate::domain::tip::Field;
use crate::port::chat::{Button, Keyboard};
use crate::port::store::{Content, Lane, LeadFile, Post};

/// Subject of a lead's receipt.
pub fn receipt_subject(lead: &Lead) -> String {
    format!("lead:{}:receipt", lead.id)
}

/// Subject of a lead's card at the desk.
pub fn card_subject(lead: &Lead) -> String {
    format!("lead:{}:card", lead.id)
}

/// The chat in which the reporter is told: the group, or the reporter's private chat for a private tip.
pub fn receipt_chat(lead: &Lead) -> Option<ChatId> {
    if lead.private { lead.reporter.map(|user| ChatId(user.0)) } else { Some(lead.chat) }
}

/// What the reporter is asked for, if anything: the kind of thing first, then the place, then the time.
pub fn missing(lead: &Lead) -> Option<Field> {
    use crate::domain::place::PlaceSource;
    if lead.category.is_none() {
        Some(Field::Category)
    } else if lead.scene.as_ref().is_none_or(|s| s.source == PlaceSource::GroupArea) {
        Some(Field::Place)
    } else if lead.occurred.is_none() && !lead.urgent {
        Some(Field::Time)
    } else {
        None
    }
}

/// Puts the receipt as a message of its own.
pub fn put_receipt(
    decision: &mut Decision,
    given: &Given<'_>,
    lead: &Lead,
    speaker: &Speaker<'_>,
    first_contact: bool,
    keyboard: Option<Keyboard>,
) {
    let Some(chat) = receipt_chat(lead) else { return };
    let ask = missing(lead).filter(|_| !lead.state.is_closed() && lead.state != LeadState::Verified);
    let html = speaker.receipt(lead, ask, first_contact);
    let keyboard = keyboard.unwrap_or_else(|| choice::receipt(speaker, lead, ask, given));
    decision.changes.posts.push(Post {
        chat,
        thread: lead.thread.filter(|_| chat == lead.chat),
        subject: receipt_subject(lead),
        lane: Lane::Reply,
        content: Content::Text { html, keyboard, reply_to: lead.message_in(chat), silent: false },
        lead: Some(lead.id),
        call: None,
    });
}

/// Puts the card at the desk, with the buttons that its state allows, or with `keyboard`.
pub fn put_card(decision: &mut Decision, given: &Given<'_>, file: &LeadFile, desk: ChatId, keyboard: Option<Keyboard>) {
    let lead = &file.lead;
    let speaker = given.town.speaker(given.town.group_language(desk), given.now);
    let media = file.attachments.iter().filter(|a| matches!(a.evidence, Evidence::Media { .. })).count();
    let officer = file.officer.as_ref().map(|m| m.name.as_str());
    let html = speaker.desk_card(lead, given.town.group_name(lead.chat), officer, media);
    let keyboard = keyboard.unwrap_or_else(|| card_keyboard(&speaker, file, given));
    decision.changes.posts.push(Post {
        chat: desk,
        thread: None,
        subject: card_subject(lead),
        lane: Lane::Desk,
        content: Content::Text { html, keyboard, reply_to: None, silent: !lead.urgent },
        lead: Some(lead.id),
        call: None,
    });
}

/// The buttons of a desk card in its state.
pub fn card_keyboard(speaker: &Speaker<'_>, file: &LeadFile, given: &Given<'_>) -> Keyboard {
    let lead = &file.lead;
    let tap = |key: &str, tap| press(label(speaker, key), &Tap::Desk(lead.id, tap));
    let alarmed = file.alarm.as_ref().is_some_and(|file| file.alarm.runs());
    let mut out: Keyboard = match lead.state {
        LeadState::New | LeadState::Claimed => vec![
            vec![tap("button-verify", DeskTap::Verify), tap("button-unfounded", DeskTap::Unfounded)],
            vec![
                tap("button-duplicate", DeskTap::Candidates),
                tap("button-mend", DeskTap::Mend),
                tap("button-out-of-scope", DeskTap::AskOutOfScope),
            ],
        ],
        LeadState::Verified => vec![vec![
            tap("button-resolve", DeskTap::Resolve),
            tap("button-reopen", DeskTap::Reopen),
            tap("button-out-of-scope", DeskTap::AskOutOfScope),
        ]],
        LeadState::OutOfScope => return Vec::new(),
        _ => vec![vec![tap("button-reopen", DeskTap::Reopen), tap("button-out-of-scope", DeskTap::AskOutOfScope)]],
    };
    if lead.state == LeadState::New {
        out[0].insert(0, tap("button-claim", DeskTap::Claim));
    }
    let mut more: Vec<Button> = Vec::new();
    if lead.scene.is_some() {
        if matches!(lead.state, LeadState::New | LeadState::Claimed | LeadState::Verified) && !alarmed {
            more.push(tap("button-alarm", DeskTap::Alarm));
        }
        more.push(tap("button-pin", DeskTap::Pin));
    }
    if let Some(version) = undoable(file, given) {
        more.push(tap("button-undo", DeskTap::Undo(version)));
    }
    if !more.is_empty() {
        out.push(more);
    }
    out
}

/// The newest line of a lead's history that is a step of its own: that another was merged into it is none.
pub fn last_step(file: &LeadFile) -> Option<&LeadEvent> {
    file.history.iter().filter(|e| !e.action.contains("merged ")).max_by_key(|e| e.version)
}

/// The version of the last decision, if it was an officer's, is the newest, and is young enough to be taken back.
pub fn undoable(file: &LeadFile, given: &Given<'_>) -> Option<i64> {
    let last = last_step(file)?;
    let young = given.now.since(last.at) <= given.town.rules.tip.undo_seconds * 1000;
    let decided = matches!(last.action.as_str(), "claim" | "verify" | "unfounded" | "duplicate" | "resolve" | "reopen");
    (last.version == file.lead.version && decided && young).then_some(last.version)
}

/// Puts a lead's pictures and voices under its card.
pub fn put_media(
    decision: &mut Decision,
    lead: &Lead,
    attachments: &[Attachment],
    desk: ChatId,
    speaker: &Speaker<'_>,
) {
    for attachment in attachments {
        let Evidence::Media { kind, file_id } = &attachment.evidence else { continue };
        decision.changes.posts.push(Post {
            chat: desk,
            thread: None,
            subject: media_subject(lead, attachment.message),
            lane: Lane::Desk,
            content: Content::Media {
                kind: *kind,
                file_id: file_id.clone(),
                caption: speaker.say("media-of", &[("number", lead.id.0.into())]),
                under: Some(card_subject(lead)),
            },
            lead: Some(lead.id),
            call: None,
        });
    }
}

fn media_subject(lead: &Lead, message: MessageId) -> String {
    format!("lead:{}:media:{message}", lead.id)
}

/// Puts receipt and card again after a change, where they were put before; a folded one stays folded.
pub fn refresh(decision: &mut Decision, given: &Given<'_>, file: &LeadFile) {
    let lead = &file.lead;
    super::alarm::follow_lead(decision, given, file);
    if let Some(chat) = receipt_chat(lead) {
        if has_post(file, chat, &receipt_subject(lead)) {
            let speaker = reporter_speaker(given, file, chat);
            put_receipt(decision, given, lead, &speaker, is_first_contact(file), None);
        } else if !lead.private {
            super::intake::put_folded_receipt(decision, given, lead);
        }
    }
    if let Some(desk) = given.town.desk()
        && has_post(file, desk, &card_subject(lead))
    {
        put_card(decision, given, file, desk, None);
    }
}

/// Whether a message of this subject stands, or is queued, in a chat.
pub fn has_post(file: &LeadFile, chat: ChatId, subject: &str) -> bool {
    file.posts.iter().any(|p| p.chat == chat && p.subject == subject)
}

/// Whether the receipt of this lead is the message that tells its reporter what is kept: while the lead is open
/// it goes on saying so, however often it is written anew.
pub fn is_first_contact(file: &LeadFile) -> bool {
    let filed = file.history.first().filter(|e| e.action == "tip").map(|e| e.at);
    let told = file.reporter.as_ref().and_then(|m| m.told_at);
    filed.is_some() && filed == told && matches!(file.lead.state, LeadState::New | LeadState::Claimed)
}

/// The speaker in which the reporter is told.
pub fn reporter_speaker<'a>(given: &Given<'a>, file: &LeadFile, chat: ChatId) -> Speaker<'a> {
    let language = if chat.0 < 0 {
        given.town.group_language(chat)
    } else {
        given.town.person_language(file.reporter.as_ref(), None)
    };
    given.town.speaker(language, given.now)
}
