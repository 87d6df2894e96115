//! What a reporter taps on a receipt: time, place and category mended, the tip taken back.

use super::decision::{Decision, Given, label, press, rows};
use super::desk::{self, reporter_speaker};
use super::intake;
use super::tap::{ReceiptTap, Tap};
use crate::domain::id::Millis;
use crate::domain::lead::{LeadAction, LeadState, Occurred, Scene};
use crate::domain::place::{Datum, PlaceSource};
use crate::domain::points::{Cause, Target, settle};
use crate::domain::tip::Grain;
use crate::port::chat::{Keyboard, Press};
use crate::port::store::LeadFile;

const DAY_MS: i64 = 24 * 3_600_000;

/// How far a place button's point may lie from the place that it names, metres: its data is rounded.
const SAME_PLACE_M: f64 = 5.0;

/// Decides a tap on a receipt.
pub fn tap(given: &Given<'_>, press: &Press, tap: ReceiptTap) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(file) = &given.facts.file else {
        return Decision::answer(&press.id, speaker.say("no-such-lead", &[]));
    };
    let mut file = file.clone();
    if press.from.user.is_none() || file.lead.reporter != press.from.user {
        return Decision::answer(&press.id, speaker.say("only-reporter", &[]));
    }
    if !matches!(file.lead.state, LeadState::New | LeadState::Claimed) {
        return Decision::answer(&press.id, speaker.say("already-decided", &[]));
    }
    match tap {
        ReceiptTap::Times => show(given, press, &file, Some(times(given, &file))),
        ReceiptTap::Categories => show(given, press, &file, Some(categories(given, &file))),
        ReceiptTap::Places => {
            let mut decision = show(given, press, &file, Some(places(given, &file)));
            decision.answers.clear();
            decision.reply_to_press(&press.id, speaker.say("send-location", &[]));
            decision
        }
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
            let mut decision = Decision::answer(&press.id, speaker.say("mended", &[]));
            decision.history(&file.lead, "mend", press.from.user, given.now, Some(&before));
            intake::leave_group_if_sensitive(&mut decision, given, &mut file);
            desk::refresh(&mut decision, given, &file);
            decision.changes.leads.push(file.lead);
            decision
        }
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
            let at = Millis::from_seconds(seconds);
            let ms = at.since(lead.occurred.as_ref().map_or(lead.written_at, |o| o.start));
            let (end, grain) = match &lead.occurred {
                Some(o) => (o.end, o.grain),
                None => (None, if ms.abs() < DAY_MS { Grain::Hour } else { Grain::Day }),
            };
            // A tip is about the past or now.
            if at > given.now {
                return false;
            }
            if ms != 0 || lead.occurred.is_none() {
                lead.occurred =
                    Some(Occurred { start: at, end: end.map(|e| e.plus_ms(ms)), grain, text: String::new() });
            }
        }
        ReceiptTap::Category(index) => {
            let Some(category) = given.town.rules.category.get(index) else { return false };
            lead.category = Some(category.id.clone());
        }
        ReceiptTap::Place(at) => {
            let named = given.town.nearest_points(at, 1).first().filter(|(_, m)| *m <= SAME_PLACE_M).map(|(p, _)| *p);
            let Some(point) = named else { return false };
            lead.scene = Some(Scene {
                at: point.at,
                accuracy_m: point.radius_m,
                source: PlaceSource::Gazetteer,
                datum: Datum::Wgs84,
                text: point.name.clone(),
            });
            lead.unknown_place = None;
        }
        _ => return false,
    }
    true
}

fn show(given: &Given<'_>, press: &Press, file: &LeadFile, keyboard: Option<Keyboard>) -> Decision {
    let mut decision = Decision::answer(&press.id, String::new());
    let speaker = reporter_speaker(given, file, press.chat);
    desk::put_receipt(&mut decision, given, &file.lead, &speaker, desk::is_first_contact(file), keyboard);
    decision
}

fn times(given: &Given<'_>, file: &LeadFile) -> Keyboard {
    let speaker = reporter_speaker(given, file, given_chat(file));
    let tap = |key, tap| press(label(&speaker, key), &Tap::Receipt(file.lead.id, tap));
    let moved = |key, minutes| tap(key, desk::moved(&file.lead, minutes));
    vec![
        vec![tap("button-now", ReceiptTap::Now), moved("button-earlier-day", -24 * 60)],
        vec![moved("button-hour-earlier", -60), moved("button-hour-later", 60)],
        vec![tap("button-back", ReceiptTap::Back)],
    ]
}

fn categories(given: &Given<'_>, file: &LeadFile) -> Keyboard {
    let speaker = reporter_speaker(given, file, given_chat(file));
    let mut out = desk::category_buttons(&speaker, &file.lead);
    out.push(vec![press(label(&speaker, "button-back"), &Tap::Receipt(file.lead.id, ReceiptTap::Back))]);
    out
}

fn places(given: &Given<'_>, file: &LeadFile) -> Keyboard {
    let speaker = reporter_speaker(given, file, given_chat(file));
    let mut out = desk::place_buttons(&speaker, &file.lead, given);
    out.push(vec![press(label(&speaker, "button-back"), &Tap::Receipt(file.lead.id, ReceiptTap::Back))]);
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
