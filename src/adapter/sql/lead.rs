//! Leads with their history and evidence, as rows.
//!
//! Owns which column holds what. Called by `step` (writing) and `facts`, `desk`, `scrub` (reading).

use super::code::Code;
use super::engine::{Db, Link, MAX_IDS, Reader, Sql, from_json, pieces, to_json, unreadable};
use super::step::Refused;
use crate::domain::id::{ChatId, EventSeq, LeadId, MessageId, Millis, UserId};
use crate::domain::lead::{Attachment, Lead, LeadEvent, LeadOutcome, LeadState, Occurred, Scene};
use crate::domain::place::{Datum, PlaceSource, Wgs84};
use crate::domain::tip::Grain;
use std::collections::HashMap;

/// The columns that [`read_lead`] reads.
pub(super) const LEAD_COLUMNS: &str = "lead.id, lead.version, lead.state, lead.category, lead.urgent, \
    lead.occurred_start, lead.occurred_end, lead.occurred_grain, lead.occurred_text, lead.scene_lat, lead.scene_lon, \
    lead.scene_accuracy_m, lead.scene_source, lead.scene_datum, lead.scene_text, lead.unknown_place, \
    lead.description, lead.relay_text, lead.chat, lead.tip_chat, lead.thread, lead.message, lead.reporter, lead.reporter_code, \
    lead.private, lead.written_at, lead.received_at, lead.first_event, lead.first_update_id, lead.officer, \
    lead.decided_at, lead.duplicate_of, lead.asked, lead.outcome";

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// Writes the condition that a lead lies within a circle: on the flat, exact to a metre at such distances.
pub(super) fn within(sql: &mut Sql, at: Wgs84, radius_m: f64) {
    let north = DEGREE_M * DEGREE_M;
    let east = north * at.lat.to_radians().cos().powi(2);
    sql.push(" AND (scene_lat - ").bind(at.lat).push(") * (scene_lat - ").bind(at.lat).push(") * ").bind(north);
    sql.push(" + (scene_lon - ").bind(at.lon).push(") * (scene_lon - ").bind(at.lon).push(") * ").bind(east);
    sql.push(" <= ").bind(radius_m * radius_m);
}

/// Reads [`LEAD_COLUMNS`].
pub(super) fn read_lead(row: &mut Reader<'_>) -> Db<Lead> {
    let (id, version) = (LeadId(row.next()?), row.next()?);
    let state = LeadState::parse_code(row.next()?)?;
    let (category, urgent) = (row.next()?, row.next::<i64>()? != 0);
    Ok(Lead {
        id,
        version,
        state,
        category,
        urgent,
        occurred: read_occurred(row)?,
        scene: read_scene(row)?,
        unknown_place: row.next()?,
        description: row.next()?,
        relay_text: row.next()?,
        chat: ChatId(row.next()?),
        tip_chat: ChatId(row.next()?),
        thread: row.next::<Option<i64>>()?.map(MessageId),
        message: MessageId(row.next()?),
        reporter: row.next::<Option<i64>>()?.map(UserId),
        reporter_code: row.next()?,
        private: row.next::<i64>()? != 0,
        written_at: Millis(row.next()?),
        received_at: Millis(row.next()?),
        first_event: EventSeq(row.next()?),
        first_update_id: row.next()?,
        officer: row.next::<Option<i64>>()?.map(UserId),
        decided_at: row.next::<Option<i64>>()?.map(Millis),
        duplicate_of: row.next::<Option<i64>>()?.map(LeadId),
        asked: row.next::<i64>()? != 0,
        outcome: read_outcome(row.next()?)?,
    })
}

fn read_outcome(name: Option<&str>) -> Db<Option<LeadOutcome>> {
    name.map(|name| LeadOutcome::named(name).ok_or_else(|| unreadable(format_args!("outcome {name:?}")))).transpose()
}

fn read_occurred(row: &mut Reader<'_>) -> Db<Option<Occurred>> {
    let start: Option<i64> = row.next()?;
    let end: Option<i64> = row.next()?;
    let grain: Option<&str> = row.next()?;
    let text: Option<String> = row.next()?;
    let (Some(start), Some(grain)) = (start, grain) else { return Ok(None) };
    Ok(Some(Occurred {
        start: Millis(start),
        end: end.map(Millis),
        grain: Grain::parse_code(grain)?,
        text: text.unwrap_or_default(),
    }))
}

/// Reads a scene from its six columns.
pub(super) fn read_scene(row: &mut Reader<'_>) -> Db<Option<Scene>> {
    let lat: Option<f64> = row.next()?;
    let lon: Option<f64> = row.next()?;
    let accuracy_m: Option<f64> = row.next()?;
    let source: Option<&str> = row.next()?;
    let datum: Option<&str> = row.next()?;
    let text: Option<String> = row.next()?;
    let (Some(lat), Some(lon), Some(accuracy_m), Some(source), Some(datum)) = (lat, lon, accuracy_m, source, datum)
    else {
        return Ok(None);
    };
    Ok(Some(Scene {
        at: Wgs84 { lat, lon },
        accuracy_m,
        source: PlaceSource::parse_code(source)?,
        datum: Datum::parse_code(datum)?,
        text: text.unwrap_or_default(),
    }))
}

/// The columns that change with a lead; the others are written once.
const CHANGING: [&str; 24] = [
    "version",
    "state",
    "category",
    "urgent",
    "occurred_start",
    "occurred_end",
    "occurred_grain",
    "occurred_text",
    "scene_lat",
    "scene_lon",
    "scene_accuracy_m",
    "scene_source",
    "scene_datum",
    "scene_text",
    "unknown_place",
    "description",
    "relay_text",
    "reporter",
    "reporter_code",
    "officer",
    "decided_at",
    "duplicate_of",
    "asked",
    "outcome",
];

/// Binds a scene's six columns.
pub(super) fn bind_scene(sql: &mut Sql, scene: Option<&Scene>) {
    sql.bind(scene.map(|scene| scene.at.lat)).bind(scene.map(|scene| scene.at.lon));
    sql.bind(scene.map(|scene| scene.accuracy_m)).bind(scene.map(|scene| scene.source.code()));
    sql.bind(scene.map(|scene| scene.datum.code())).bind(scene.map(|scene| scene.text.as_str()));
}

/// Binds [`CHANGING`].
fn bind_changing(sql: &mut Sql, lead: &Lead) {
    sql.bind(lead.version).bind(lead.state.code()).bind(lead.category.as_deref()).bind(i64::from(lead.urgent));
    let occurred = lead.occurred.as_ref();
    sql.bind(occurred.map(|occurred| occurred.start.0));
    sql.bind(occurred.and_then(|occurred| occurred.end).map(|end| end.0));
    sql.bind(occurred.map(|occurred| occurred.grain.code()));
    sql.bind(occurred.map(|occurred| occurred.text.as_str()));
    bind_scene(sql, lead.scene.as_ref());
    sql.bind(lead.unknown_place.as_deref()).bind(lead.description.as_str()).bind(lead.relay_text.as_str());
    sql.bind(lead.reporter.map(|user| user.0)).bind(lead.reporter_code.as_str());
    sql.bind(lead.officer.map(|user| user.0)).bind(lead.decided_at.map(|at| at.0));
    sql.bind(lead.duplicate_of.map(|id| id.0)).bind(i64::from(lead.asked));
    sql.bind(lead.outcome.map(LeadOutcome::name));
}

/// Stores new leads.
pub(super) async fn insert_leads(link: &mut Link, leads: &[&Lead]) -> Db<()> {
    for piece in pieces(leads.len(), CHANGING.len() + 10) {
        let mut sql = link.sql("INSERT INTO lead (");
        sql.push(&CHANGING.join(", "));
        sql.push(
            ", id, chat, tip_chat, thread, message, private, written_at, received_at, first_event, first_update_id) \
             VALUES ",
        );
        sql.tuples(&leads[piece], |sql, lead| {
            bind_changing(sql, lead);
            sql.bind(lead.id.0).bind(lead.chat.0).bind(lead.tip_chat.0).bind(lead.thread.map(|id| id.0));
            sql.bind(lead.message.0).bind(i64::from(lead.private)).bind(lead.written_at.0).bind(lead.received_at.0);
            sql.bind(lead.first_event.0).bind(lead.first_update_id);
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Keeps the last of each chain of changes to one thing, with the version that the chain began from.
pub(super) fn chains<T>(changed: &[T], id: impl Fn(&T) -> i64, version: impl Fn(&T) -> i64) -> Option<Vec<(i64, &T)>> {
    let mut places: HashMap<i64, usize> = HashMap::with_capacity(changed.len());
    let mut chains: Vec<(i64, &T)> = Vec::with_capacity(changed.len());
    for item in changed {
        match places.entry(id(item)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(chains.len());
                chains.push((version(item) - 1, item));
            }
            std::collections::hash_map::Entry::Occupied(place) => {
                let last = &mut chains[*place.get()];
                if version(item) != version(last.1) + 1 {
                    return None;
                }
                last.1 = item;
            }
        }
    }
    Some(chains)
}

/// Writes changed leads, each over the version that it was read at.
pub(super) async fn update_leads(link: &mut Link, leads: &[&Lead]) -> Result<(), Refused> {
    let chains = chains(leads, |lead| lead.id.0, |lead| lead.version).ok_or(Refused::Conflict)?;
    for piece in pieces(chains.len(), CHANGING.len() + 2) {
        let expected = piece.len() as u64;
        let mut sql = link.sql("WITH fresh (id, base, ");
        sql.push(&CHANGING.join(", ")).push(") AS (VALUES ");
        sql.tuples(&chains[piece], |sql, (base, lead)| {
            sql.bind(lead.id.0).bind(*base);
            bind_changing(sql, lead);
        });
        sql.push(") UPDATE lead SET ");
        let sets: Vec<String> = CHANGING.iter().map(|column| format!("{column} = fresh.{column}")).collect();
        sql.push(&sets.join(", ")).push(" FROM fresh WHERE lead.id = fresh.id AND lead.version = fresh.base");
        if link.run(sql).await? != expected {
            return Err(Refused::Conflict);
        }
    }
    Ok(())
}

/// Adds lines to histories, each with the event that caused it, by which its raw update is found again.
pub(super) async fn insert_lead_events(link: &mut Link, events: &[(EventSeq, &LeadEvent)]) -> Db<()> {
    for piece in pieces(events.len(), 7) {
        let mut sql = link.sql("INSERT INTO lead_event (lead, version, at, by_user, action, before, event) VALUES ");
        sql.tuples(&events[piece], |sql, (seq, event)| {
            sql.bind(event.lead.0).bind(event.version).bind(event.at.0).bind(event.by.map(|user| user.0));
            sql.bind(event.action.as_str()).bind(event.before.as_deref()).bind(seq.0);
        });
        link.run(sql).await?;
    }
    Ok(())
}

/// Stores evidence, or files it anew; the event that brought it stays on record.
pub(super) async fn put_attachments(link: &mut Link, attachments: &[(EventSeq, &Attachment)]) -> Db<()> {
    let mut brought: HashMap<(ChatId, MessageId), EventSeq> = HashMap::new();
    for (seq, item) in attachments {
        brought.entry((item.chat, item.message)).or_insert(*seq);
    }
    let attachments = super::step::last_of_each(attachments, |(_, item)| (item.chat, item.message));
    for piece in pieces(attachments.len(), 7) {
        let mut sql =
            link.sql("INSERT INTO attachment (chat, message, sender, sent_at, lead, evidence, event) VALUES ");
        sql.tuples(&attachments[piece], |sql, (_, item)| {
            sql.bind(item.chat.0).bind(item.message.0).bind(item.sender.map(|user| user.0)).bind(item.sent_at.0);
            sql.bind(item.lead.map(|lead| lead.0)).bind(to_json(&item.evidence));
            sql.bind(brought[&(item.chat, item.message)].0);
        });
        sql.push(
            " ON CONFLICT (chat, message) DO UPDATE SET sender = excluded.sender, sent_at = excluded.sent_at, \
             lead = excluded.lead, evidence = excluded.evidence",
        );
        link.run(sql).await?;
    }
    Ok(())
}

/// The columns that [`read_attachment`] reads.
pub(super) const ATTACHMENT_COLUMNS: &str =
    "attachment.chat, attachment.message, attachment.sender, attachment.sent_at, attachment.lead, attachment.evidence";

/// Reads [`ATTACHMENT_COLUMNS`].
pub(super) fn read_attachment(row: &mut Reader<'_>) -> Db<Attachment> {
    Ok(Attachment {
        chat: ChatId(row.next()?),
        message: MessageId(row.next()?),
        sender: row.next::<Option<i64>>()?.map(UserId),
        sent_at: Millis(row.next()?),
        lead: row.next::<Option<i64>>()?.map(LeadId),
        evidence: from_json(row.next()?)?,
    })
}

/// Leads by number.
pub(super) async fn load_leads(link: &mut Link, ids: &[i64]) -> Db<HashMap<i64, Lead>> {
    let mut leads = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT ");
        sql.push(LEAD_COLUMNS).push(" FROM lead WHERE lead.id IN ").list(ids);
        for row in link.rows(sql).await? {
            let lead = read_lead(&mut row.read())?;
            leads.insert(lead.id.0, lead);
        }
    }
    Ok(leads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_versions_counts_as_one_change() {
        let versions = |items: &[(i64, i64)]| {
            chains(items, |item| item.0, |item| item.1)
                .map(|chains| chains.into_iter().map(|(base, item)| (base, *item)).collect::<Vec<_>>())
        };
        assert_eq!(versions(&[(1, 2), (7, 5), (1, 3)]), Some(vec![(1, (1, 3)), (4, (7, 5))]));
        assert_eq!(versions(&[(1, 2), (1, 2)]), None);
    }
}
