//! What is tapped on a receipt, or at the desk: time, place and category mended, the tip taken back.

use super::decision::{Decision, Given, label, press, rows};
use super::desk::{self, reporter_speaker};
use super::tap::{ReceiptTap, Tap};
use super::{choice, intake};
use crate::domain::id::Millis;
use crate::domain::lead::{Lead, LeadAction, LeadState, Occurred};
use crate::domain::member::Role;
use crate::domain::points::{BASE_BOOK, Cause, Target, settle};
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, cut, when};
use crate::domain::tip::Grain;
use crate::port::chat::{Keyboard, Press};
use crate::port::store::LeadFile;

/// Decides a tap on a receipt, or one of the same buttons on a desk card.
pub fn tap(given: &Given<'_>, press: &Press, tap: ReceiptTap) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(file) = &given.facts.file else {
        return Decision::answer(&press.id, speaker.say("no-such-lead", &[]));
    };
    let mut file = file.clone();
    let is_reporter = press.from.user.is_some() && file.lead.reporter == press.from.user;
    let takes_back = matches!(tap, ReceiptTap::AskWithdraw | ReceiptTap::Withdraw);
    if takes_back && !is_reporter {
        return Decision::answer(&press.id, speaker.say("only-reporter", &[]));
    }
    if !is_reporter && !press.from.user.is_some_and(|user| given.town.holds(user, Role::Police)) {
        return Decision::answer(&press.id, speaker.say("only-reporter-or-police", &[]));
    }
    if !matches!(file.lead.state, LeadState::New | LeadState::Claimed) {
        return Decision::answer(&press.id, speaker.say("already-decided", &[]));
    }
    match tap {
        ReceiptTap::Categories => show(given, press, &file, Some(categories(&file, &speaker))),
        ReceiptTap::Places => Decision::answer(&press.id, speaker.say("send-location", &[])),
        ReceiptTap::AskWithdraw => show(given, press, &file, Some(sure(given, &file))),
        ReceiptTap::Back => show(given, press, &file, None),
        ReceiptTap::Withdraw => withdraw(given, press, file),
        ReceiptTap::Now | ReceiptTap::Time(_) | ReceiptTap::Category(_) | ReceiptTap::Place(_) => {
            let before = file.lead.clone();
            if !apply(given, &mut file, tap) {
                return Decision::answer(&press.id, speaker.say("not-mended", &[]));
            }
            if file.lead == before {
                return show(given, press, &file, None);
            }
            file.lead.version += 1;
            let what = told(&file.lead, tap, &speaker);
            let mut decision = Decision::answer(&press.id, speaker.say("mended", &[("what", Arg::Html(what))]));
            decision.history(&file.lead, "mend", press.from.user, given.now, Some(&before));
            intake::leave_group_if_sensitive(&mut decision, given, &mut file);
            desk::refresh(&mut decision, given, &file);
            if given.town.desk() == Some(press.chat) {
                // One step is often followed by another: the card goes on showing the buttons.
                let keyboard = choice::at_desk(&speaker, &file.lead, given);
                desk::put_card(&mut decision, given, &file, press.chat, Some(keyboard));
            }
            decision.changes.leads.push(file.lead);
            decision
        }
    }
}

/// What the lead says now where it was mended, as plain words.
fn told(lead: &Lead, tap: ReceiptTap, speaker: &Speaker<'_>) -> String {
    let time = || lead.occurred.as_ref().map(|occurred| when::occurred(occurred, speaker.now, speaker.zone));
    match tap {
        ReceiptTap::Category(_) => speaker.category(lead.category.as_deref()),
        ReceiptTap::Place(_) => cut(lead.scene.as_ref().map_or("", |scene| &scene.text), 80).into_owned(),
        _ => time().unwrap_or_default(),
    }
}

/// Changes one field; false for a time that is still to come and for a choice that is not on the list any more.
fn apply(given: &Given<'_>, file: &mut LeadFile, tap: ReceiptTap) -> bool {
    let lead = &mut file.lead;
    match tap {
        ReceiptTap::Now => {
            lead.occurred =
                Some(Occurred { start: lead.written_at, end: None, grain: Grain::Minute, text: String::new() });
        }
        ReceiptTap::Time(seconds) => {
            let mended = choice::at_time(lead, Millis::from_seconds(seconds));
            // A tip is about the past or now.
            if mended.start > given.now {
                return false;
            }
            // A button carries whole seconds.
            let moves = |o: &Occurred| o.start.0.div_euclid(1000) != seconds;
            if lead.occurred.as_ref().is_none_or(moves) {
                lead.occurred = Some(mended);
            }
        }
        ReceiptTap::Category(index) => {
            let Some(category) = given.town.rules.category.get(index) else { return false };
            lead.category = Some(category.id.clone());
        }
        ReceiptTap::Place(at) => {
            let Some(scene) = choice::at_place(given, at) else { return false };
            lead.scene = Some(scene);
            lead.unknown_place = None;
        }
        _ => return false,
    }
    true
}

/// Shows the lead with other buttons where the press was: on the desk's card or on the receipt.
fn show(given: &Given<'_>, press: &Press, file: &LeadFile, keyboard: Option<Keyboard>) -> Decision {
    let mut decision = Decision::answer(&press.id, String::new());
    if given.town.desk() == Some(press.chat) {
        let speaker = given.speaker_in(press.chat, Some(&press.from));
        let keyboard = keyboard.unwrap_or_else(|| choice::at_desk(&speaker, &file.lead, given));
        desk::put_card(&mut decision, given, file, press.chat, Some(keyboard));
    } else {
        let speaker = reporter_speaker(given, file, press.chat);
        desk::put_receipt(&mut decision, given, &file.lead, &speaker, desk::is_first_contact(file), keyboard);
    }
    decision
}

/// The whole list, as the one of whom it was asked reads it.
fn categories(file: &LeadFile, speaker: &Speaker<'_>) -> Keyboard {
    let mut out = choice::all_categories(speaker, &file.lead);
    out.push(vec![press(label(speaker, "button-back"), &Tap::Receipt(file.lead.id, ReceiptTap::Back))]);
    out
}

fn sure(given: &Given<'_>, file: &LeadFile) -> Keyboard {
    let speaker = reporter_speaker(given, file, given_chat(file));
    let tap = |key, tap| press(label(&speaker, key), &Tap::Receipt(file.lead.id, tap));
    rows(vec![tap("button-withdraw-sure", ReceiptTap::Withdraw), tap("button-back", ReceiptTap::Back)], 1)
}

fn given_chat(file: &LeadFile) -> crate::domain::id::ChatId {
    desk::receipt_chat(&file.lead).unwrap_or(file.lead.chat)
}

fn withdraw(given: &Given<'_>, press: &Press, mut file: LeadFile) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let before = file.lead.clone();
    if file.lead.act(LeadAction::Withdraw, press.from.user, given.now).is_err() {
        return Decision::answer(&press.id, speaker.say("already-decided", &[]));
    }
    let mut decision = Decision::answer(&press.id, speaker.say("withdrawn", &[]));
    if let Some(user) = file.lead.reporter {
        let cause = Cause {
            key: format!("lead:{}:v{}", file.lead.id, file.lead.version),
            rule: "tip_verified",
            book: BASE_BOOK.into(),
            lead: file.lead.id,
            at: given.now,
            by: press.from.user,
        };
        decision.changes.transfers = settle(&file.transfers, user, Target::Nothing, &cause);
    }
    decision.history(&file.lead, "withdraw", press.from.user, given.now, Some(&before));
    desk::refresh(&mut decision, given, &file);
    decision.changes.leads.push(file.lead);
    decision
}
