//! A message becomes a lead: filed, held for points, answered, put before the desk.

use super::decision::{Decision, Given};
use super::desk;
use crate::domain::id::{ChatId, LeadId, Millis};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadState, Occurred, Scene};
use crate::domain::place::{Datum, PlaceSource, Wgs84};
use crate::domain::points::{Cause, Target, settle};
use crate::domain::tip::Tip;
use crate::port::chat::{Button, Message, Part};
use crate::port::store::{Content, Lane, LeadFile, Post};

/// The emoji by which a tip in a busy group is marked at once.
const SEEN: &str = "✍";

/// A minute in milliseconds: the span of one folded receipt.
const MINUTE_MS: i64 = 60_000;

/// Files a tip as a new lead.
pub fn file_tip(given: &Given<'_>, message: &Message, tip: &Tip) -> Decision {
    let mut decision = Decision::nothing();
    let town = given.town;
    let sensitive =
        tip.category.as_ref().is_some_and(|id| town.rules.category.iter().any(|c| c.id == *id && c.sensitive));
    let private = message.private || sensitive;
    let number = given.fresh.lead;
    let mut lead = Lead {
        id: number,
        version: 1,
        state: LeadState::New,
        category: tip.category.clone(),
        urgent: tip.urgent,
        occurred: occurred(tip),
        scene: tip.place.as_ref().map(Scene::from),
        unknown_place: tip.unknown_place.clone(),
        description: tip.description.clone(),
        relay_text: tip.relay_text.clone(),
        chat: message.chat,
        thread: message.thread,
        message: message.id,
        reporter: message.from.user,
        reporter_code: given.fresh.lead_code.clone(),
        private,
        written_at: message.date,
        received_at: given.received_at,
        first_event: given.event,
        first_update_id: given.update_id,
        officer: None,
        decided_at: None,
        duplicate_of: None,
        asked: false,
    };
    let mut attachments: Vec<Attachment> = given.facts.loose.clone();
    attachments.extend(parts(given, message));
    take_pins(&mut lead, &attachments);
    if lead.scene.is_none()
        && let Some(area) = town.group(message.chat).and_then(|g| g.area)
    {
        lead.scene = Some(Scene {
            at: area,
            accuracy_m: town.rules.tip.area_accuracy_m,
            source: PlaceSource::GroupArea,
            datum: Datum::Wgs84,
            text: town.group_name(message.chat).to_owned(),
        });
    }
    lead.asked = desk::missing(&lead).is_some();
    for attachment in &mut attachments {
        attachment.lead = Some(number);
    }
    decision.history(&lead, "tip", message.from.user, given.now, None);

    let mut first_contact = false;
    if let Some(user) = message.from.user {
        decision.changes.transfers = settle(
            &[],
            user,
            Target::Held(town.rules.points.tip_verified),
            &Cause { key: format!("lead:{number}:v1"), rule: "tip_verified", lead: number, at: given.now, by: None },
        );
        if let Some(mut member) = given.member_of(&message.from, town.group_name(message.chat))
            && member.told_at.is_none()
        {
            // In private, or by the receipt in the group: the first answer says what is kept.
            first_contact = true;
            member.told_at = Some(given.now);
            decision.changes.members.push(member);
        }
    }

    if sensitive && !message.private {
        take_to_private(&mut decision, given, message, &lead);
    } else if given.busy_group && !message.private {
        fold_receipt(&mut decision, given, message, number);
    } else {
        let speaker = given.speaker_in(message.chat, Some(&message.from));
        desk::put_receipt(&mut decision, given, &lead, &speaker, first_contact, None);
    }

    let file = new_file(lead, attachments);
    put_before_desk(&mut decision, given, &file);
    decision.changes.attachments = file.attachments;
    decision.changes.new_leads.push(file.lead);
    decision
}

/// The file of a lead that was made just now.
fn new_file(lead: Lead, attachments: Vec<Attachment>) -> LeadFile {
    LeadFile {
        lead,
        attachments,
        history: Vec::new(),
        transfers: Vec::new(),
        reporter: None,
        officer: None,
        alarm: None,
        posts: Vec::new(),
        earned: (0, 0),
        duplicates: Vec::new(),
    }
}

fn put_before_desk(decision: &mut Decision, given: &Given<'_>, file: &LeadFile) {
    let Some(desk) = given.town.desk() else { return };
    // An urgent lead has its own card however busy the desk is.
    if given.busy_desk && !file.lead.urgent {
        put_queue(decision, given, desk);
        return;
    }
    desk::put_card(decision, given, file, desk, None);
    let speaker = given.town.speaker(given.town.group_language(desk), given.now);
    desk::put_media(decision, &file.lead, &file.attachments, desk, &speaker);
}

/// Puts the desk's queue card; it is written when it is sent.
fn put_queue(decision: &mut Decision, given: &Given<'_>, desk: ChatId) {
    decision.changes.posts.push(Post {
        chat: desk,
        thread: None,
        subject: "queue".into(),
        lane: Lane::Desk,
        content: Content::Queue { language: given.town.group_language(desk) },
        lead: None,
        call: None,
    });
}

fn fold_receipt(decision: &mut Decision, given: &Given<'_>, message: &Message, number: LeadId) {
    let minute = Millis(given.received_at.0 - given.received_at.0.rem_euclid(MINUTE_MS));
    let mut post = |subject: String, content| {
        decision.changes.posts.push(Post {
            chat: message.chat,
            thread: message.thread,
            subject,
            lane: Lane::Reply,
            content,
            lead: None,
            call: None,
        });
    };
    post(format!("seen:{number}"), Content::React { message: message.id, emoji: SEEN.into() });
    post(
        format!("receipts:{}", minute.0),
        Content::Receipts {
            from: minute,
            to: minute.plus_ms(MINUTE_MS),
            language: given.town.group_language(message.chat),
        },
    );
}

/// A tip that can put its reporter in danger does not stay in a group: a link to go on in private, then
/// the message is taken down.
fn take_to_private(decision: &mut Decision, given: &Given<'_>, message: &Message, lead: &Lead) {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let url = format!("https://t.me/{}?start={}", given.town.bot, super::command::tip_payload(lead));
    decision.changes.posts.push(Post {
        chat: message.chat,
        thread: message.thread,
        subject: format!("private:{}", lead.id),
        lane: Lane::Reply,
        content: Content::Text {
            html: speaker.say("go-private", &[]),
            keyboard: vec![vec![Button::Link { label: super::decision::label(&speaker, "button-go-private"), url }]],
            reply_to: None,
            silent: true,
        },
        lead: None,
        call: None,
    });
    decision.changes.posts.push(Post {
        chat: message.chat,
        thread: message.thread,
        subject: format!("down:{}", message.id),
        lane: Lane::Reply,
        content: Content::Delete { message: message.id },
        lead: None,
        call: None,
    });
}

/// The likeliest time told.
pub fn occurred(tip: &Tip) -> Option<Occurred> {
    tip.times.first().map(|t| Occurred { start: t.start, end: t.end, grain: t.grain, text: t.text.clone() })
}

/// What is attached to a message, not yet filed under a lead.
pub fn parts(given: &Given<'_>, message: &Message) -> Vec<Attachment> {
    message
        .parts
        .iter()
        .map(|part| Attachment {
            chat: message.chat,
            message: message.id,
            sender: message.from.user,
            sent_at: message.date,
            lead: None,
            evidence: match part {
                Part::Media { kind, file_id } => Evidence::Media { kind: *kind, file_id: file_id.clone() },
                Part::Pin { at, accuracy_m, venue } => {
                    Evidence::Pin(pin(given, message, *at, *accuracy_m, venue.as_deref()))
                }
            },
        })
        .collect()
}

/// A pin as a scene. One without an accuracy of its own may have been dropped on a shifted map: it is read in
/// the group's datum, and inside mainland China its accuracy is widened by the shift.
fn pin(given: &Given<'_>, message: &Message, at: Wgs84, accuracy_m: Option<f64>, venue: Option<&str>) -> Scene {
    let datum = given.town.group(message.chat).map_or(Datum::Wgs84, |g| g.pin_datum);
    let (at, datum, accuracy_m) = match accuracy_m {
        Some(accuracy) => (at, Datum::Wgs84, accuracy.max(5.0)),
        None => {
            let real = Wgs84::from_datum(datum, at.lat, at.lon);
            let doubtful = datum == Datum::Wgs84 && at.is_in_mainland_china();
            (real, datum, if doubtful { given.town.rules.tip.pin_accuracy_m } else { 30.0 })
        }
    };
    Scene {
        at,
        accuracy_m,
        source: if venue.is_some() { PlaceSource::Venue } else { PlaceSource::Location },
        datum,
        text: venue.unwrap_or_default().to_owned(),
    }
}

/// A pin beats whatever the words say; the newest pin beats older ones. Tells whether there was one.
pub fn take_pins(lead: &mut Lead, attachments: &[Attachment]) -> bool {
    let newest = attachments
        .iter()
        .filter_map(|a| match &a.evidence {
            Evidence::Pin(scene) => Some((a.sent_at, a.message, scene)),
            Evidence::Media { .. } => None,
        })
        .max_by_key(|(at, message, _)| (*at, *message));
    let Some((.., scene)) = newest else { return false };
    let words = lead.scene.take().filter(|s| s.source != PlaceSource::GroupArea).map(|s| s.text);
    let mut scene = scene.clone();
    if scene.text.is_empty() {
        scene.text = words.or(lead.unknown_place.take()).unwrap_or_default();
    }
    lead.scene = Some(scene);
    true
}
