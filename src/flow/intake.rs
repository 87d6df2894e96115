//! A message becomes a lead: filed, held for points, answered, put before the desk.

use super::decision::{Decision, Given};
use super::desk;
use crate::domain::id::{ChatId, Millis};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadState, Occurred, Scene};
use crate::domain::place::{Datum, PlaceSource, Wgs84};
use crate::domain::points::{BASE_BOOK, Cause, Target, settle};
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
    let sensitive = is_sensitive(given, tip.category.as_deref());
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
        tip_chat: message.chat,
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

    let to_private = sensitive && !message.private;
    let folded = given.busy_group && !message.private && !to_private;
    let mut first_contact = false;
    if let Some(user) = message.from.user {
        decision.changes.transfers = settle(
            &[],
            user,
            Target::Held(town.rules.points.tip_verified),
            &Cause {
                key: format!("lead:{number}:v1"),
                rule: "tip_verified",
                book: BASE_BOOK.into(),
                lead: number,
                at: given.now,
                by: None,
            },
        );
        if let Some(mut member) = given.member_of(&message.from, town.group_name(message.chat))
            && member.told_at.is_none()
        {
            // The first receipt of one's own says what is kept; a folded one and a link have no room for it.
            first_contact = !to_private && !folded;
            member.told_at = first_contact.then_some(given.now);
            decision.changes.members.push(member);
        }
    }

    if to_private {
        take_to_private(&mut decision, given, &lead, &attachments);
    } else if folded {
        mark_seen(&mut decision, &lead);
        put_folded_receipt(&mut decision, given, &lead);
    } else {
        let speaker = given.speaker_in(message.chat, Some(&message.from));
        desk::put_receipt(&mut decision, given, &lead, &speaker, first_contact, None);
    }

    let mut file = new_file(lead, attachments);
    super::alarm::raise_itself(&mut decision, given, &mut file);
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
        duplicates_earned: Vec::new(),
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
pub fn put_queue(decision: &mut Decision, given: &Given<'_>, desk: ChatId) {
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

fn mark_seen(decision: &mut Decision, lead: &Lead) {
    decision.changes.posts.push(Post {
        chat: lead.chat,
        thread: lead.thread,
        subject: format!("seen:{}", lead.id),
        lane: Lane::Reply,
        content: Content::React { message: lead.message, emoji: SEEN.into() },
        lead: None,
        call: None,
    });
}

/// Puts the one receipt of the minute in which a lead of a busy group came in; it is written when it is sent.
pub fn put_folded_receipt(decision: &mut Decision, given: &Given<'_>, lead: &Lead) {
    let minute = Millis(lead.received_at.0 - lead.received_at.0.rem_euclid(MINUTE_MS));
    decision.changes.posts.push(Post {
        chat: lead.chat,
        thread: lead.thread,
        subject: format!("receipts:{}", minute.0),
        lane: Lane::Reply,
        content: Content::Receipts {
            from: minute,
            to: minute.plus_ms(MINUTE_MS),
            language: given.town.group_language(lead.chat),
        },
        lead: None,
        call: None,
    });
}

/// Whether a category can put its reporter in danger.
pub fn is_sensitive(given: &Given<'_>, category: Option<&str>) -> bool {
    category.is_some_and(|id| given.town.rules.category.iter().any(|c| c.id == id && c.sensitive))
}

/// A lead of a group that turns out later to be of a sensitive kind leaves the group as one does that says so at
/// once: its receipt goes too.
pub fn leave_group_if_sensitive(decision: &mut Decision, given: &Given<'_>, file: &mut LeadFile) {
    if file.lead.private || !is_sensitive(given, file.lead.category.as_deref()) {
        return;
    }
    if desk::has_post(file, file.lead.chat, &desk::receipt_subject(&file.lead)) {
        decision.changes.posts.push(Post {
            chat: file.lead.chat,
            thread: None,
            subject: desk::receipt_subject(&file.lead),
            lane: Lane::Reply,
            content: Content::Gone,
            lead: Some(file.lead.id),
            call: None,
        });
    } else {
        put_folded_receipt(decision, given, &file.lead);
    }
    file.lead.private = true;
    take_to_private(decision, given, &file.lead, &file.attachments);
}

/// A tip that can put its reporter in danger does not stay in a group: a link to go on in private, then
/// the message and what came with it are taken down.
fn take_to_private(decision: &mut Decision, given: &Given<'_>, lead: &Lead, attachments: &[Attachment]) {
    let speaker = given.town.speaker(given.town.group_language(lead.chat), given.now);
    let url = format!("https://t.me/{}?start={}", given.town.bot, super::command::tip_payload(lead));
    decision.changes.posts.push(Post {
        chat: lead.chat,
        thread: lead.thread,
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
    take_down(decision, lead, attachments);
}

/// Takes a lead's own message, and those of its evidence in the same chat, down.
pub fn take_down(decision: &mut Decision, lead: &Lead, attachments: &[Attachment]) {
    let mut messages = Vec::from_iter(lead.message_in(lead.chat));
    messages.extend(attachments.iter().filter(|a| a.chat == lead.chat).map(|a| a.message));
    messages.sort_unstable();
    messages.dedup();
    for message in messages {
        decision.changes.posts.push(Post {
            chat: lead.chat,
            thread: lead.thread,
            subject: format!("down:{message}"),
            lane: Lane::Reply,
            content: Content::Delete { message },
            lead: None,
            call: None,
        });
    }
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
                Part::Pin { at, accuracy_m, venue, .. } => {
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
            Evidence::Media { .. } | Evidence::Words => None,
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
