//! The messages that stand for a lead: its receipt, its card at the desk, its evidence there.
//!
//! Called by every decider that changes a lead: put again under the same subject, a message is edited.

use super::decision::{Decision, Given, label, press, rows};
use super::tap::{DeskTap, ReceiptTap, Tap};
use crate::domain::id::{ChatId, MessageId};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadState};
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
    let keyboard = keyboard.unwrap_or_else(|| receipt_keyboard(speaker, lead, ask, given));
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

/// The buttons under a receipt: the question's answers first, then one for each mend.
pub fn receipt_keyboard(speaker: &Speaker<'_>, lead: &Lead, ask: Option<Field>, given: &Given<'_>) -> Keyboard {
    if !matches!(lead.state, LeadState::New | LeadState::Claimed) {
        return Vec::new();
    }
    let mut out = match ask {
        Some(Field::Category) => category_buttons(speaker, lead),
        Some(Field::Place) => place_buttons(speaker, lead, given),
        Some(Field::Time) => time_answers(speaker, lead),
        None => Vec::new(),
    };
    let tap = |key, tap| press(label(speaker, key), &Tap::Receipt(lead.id, tap));
    let mut mends = vec![
        tap("button-mend-time", ReceiptTap::Times),
        tap("button-mend-place", ReceiptTap::Places),
        tap("button-mend-category", ReceiptTap::Categories),
    ];
    if ask.is_some() {
        let asked = match ask {
            Some(Field::Time) => 0,
            Some(Field::Place) => 1,
            _ => 2,
        };
        mends.remove(asked);
    }
    mends.push(tap("button-withdraw", ReceiptTap::AskWithdraw));
    out.extend(rows(mends, 2));
    out
}

/// One button for each category.
pub fn category_buttons(speaker: &Speaker<'_>, lead: &Lead) -> Keyboard {
    let buttons = speaker
        .categories
        .iter()
        .enumerate()
        .map(|(n, c)| press(speaker.category(Some(&c.id)), &Tap::Receipt(lead.id, ReceiptTap::Category(n))))
        .collect();
    rows(buttons, 3)
}

fn time_answers(speaker: &Speaker<'_>, lead: &Lead) -> Keyboard {
    let tap = |key, tap| press(label(speaker, key), &Tap::Receipt(lead.id, tap));
    vec![vec![
        tap("button-now", ReceiptTap::Now),
        tap("button-hour-ago", moved(lead, -60)),
        tap("button-yesterday", moved(lead, -24 * 60)),
    ]]
}

/// The tap that moves a lead's time by so many minutes; from when it was written if none was told.
pub fn moved(lead: &Lead, minutes: i64) -> ReceiptTap {
    let from = lead.occurred.as_ref().map_or(lead.written_at, |o| o.start);
    ReceiptTap::Time(from.0.div_euclid(1000) + minutes * 60)
}

/// The nearest known places; a location can always be sent instead.
pub fn place_buttons(speaker: &Speaker<'_>, lead: &Lead, given: &Given<'_>) -> Keyboard {
    let near = lead.scene.as_ref().map(|s| s.at).or_else(|| given.town.group(lead.chat).and_then(|g| g.area));
    let Some(near) = near else { return Vec::new() };
    let buttons = given
        .town
        .nearest_points(near, 3)
        .into_iter()
        .map(|(point, _)| {
            let name = crate::domain::text::cut(&point.name, 16).into_owned();
            press(
                format!("{} {name}", label(speaker, "button-at")),
                &Tap::Receipt(lead.id, ReceiptTap::Place(point.at)),
            )
        })
        .collect();
    rows(buttons, 1)
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
    let alarmed = file.alarm.as_ref().is_some_and(|a| a.alarm.stood_down_at.is_none());
    let mut out: Keyboard = match lead.state {
        LeadState::New | LeadState::Claimed => vec![
            vec![tap("button-verify", DeskTap::Verify), tap("button-unfounded", DeskTap::Unfounded)],
            vec![tap("button-duplicate", DeskTap::Candidates), tap("button-out-of-scope", DeskTap::AskOutOfScope)],
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

/// The version of the last decision, if it was an officer's, is the newest, and is young enough to be taken back.
pub fn undoable(file: &LeadFile, given: &Given<'_>) -> Option<i64> {
    let last = file.history.iter().max_by_key(|e| e.version)?;
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
