//! Wipes every copy of a lead's words and leaves its number, state and times.
//!
//! Copies are found by the events that wrote its history and evidence, and among the raw updates of the chats
//! in which it was written or shown by the messages that belong to it (a press or a reply carries the whole
//! text). Called by `step` (out of scope) and `retain` (kept long enough).

use super::alarm;
use super::engine::{Db, Link, MAX_IDS};
use crate::domain::id::{EventSeq, LeadId, Millis};
use std::collections::{HashMap, HashSet};

/// Raw updates are looked through so many at a time.
const PAGE: i64 = 200;

/// Scrubs one lead. `event` is the one that orders it: the press that carries the card's text.
pub(super) async fn scrub_lead(link: &mut Link, lead: LeadId, event: Option<EventSeq>, now: Millis) -> Db<()> {
    let mut copies = copies_by_event(link, lead).await?;
    copies.extend(event.map(|event| event.0));
    copies_by_message(link, lead, &mut copies).await?;
    let copies: Vec<i64> = copies.into_iter().collect();
    for seqs in copies.chunks(MAX_IDS) {
        let mut sql = link.sql("UPDATE inbox SET payload = '', error = NULL WHERE state <> 'waiting' AND seq IN ");
        sql.list(seqs);
        link.run(sql).await?;
    }
    let mut sql = link.sql("UPDATE lead_event SET before = NULL WHERE before IS NOT NULL AND lead = ");
    sql.bind(lead.0);
    link.run(sql).await?;
    let mut sql = link.sql("DELETE FROM attachment WHERE lead = ");
    sql.bind(lead.0);
    link.run(sql).await?;
    scrub_posts(link, lead).await?;
    let mut sql = link.sql(
        "UPDATE lead SET category = NULL, occurred_start = NULL, occurred_end = NULL, occurred_grain = NULL, \
         occurred_text = NULL, scene_lat = NULL, scene_lon = NULL, scene_accuracy_m = NULL, scene_source = NULL, \
         scene_datum = NULL, scene_text = NULL, unknown_place = NULL, description = '', \
         relay_text = '', reporter = NULL, scrubbed_at = ",
    );
    sql.bind(now.0).push(" WHERE id = ").bind(lead.0);
    link.run(sql).await?;
    let mut sql = link.sql(
        "UPDATE alarm SET version = version + 1, category = NULL, scene_lat = NULL, scene_lon = NULL, \
         scene_accuracy_m = NULL, scene_source = NULL, scene_datum = NULL, scene_text = NULL WHERE lead = ",
    );
    sql.bind(lead.0);
    link.run(sql).await?;
    let mut sql = link.sql("SELECT id FROM alarm WHERE lead = ");
    sql.bind(lead.0);
    let mut alarms = Vec::new();
    for row in link.rows(sql).await? {
        alarms.push(row.read().next()?);
    }
    alarm::forget_places(link, &alarms).await
}

/// Blanks what was sent or waits to be sent about the lead. What is on its way right now is taken away once it
/// has arrived; what stands keeps its message id, so that it can be taken away.
async fn scrub_posts(link: &mut Link, lead: LeadId) -> Db<()> {
    let mut sql = link.sql(
        "UPDATE outbox SET content = CASE WHEN state = 'sending' OR nature = 'gone' THEN '{\"is\":\"gone\"}' ELSE '' END, \
         nature = CASE WHEN state = 'sending' THEN 'gone' ELSE nature END, \
         state = CASE WHEN state = 'sending' OR nature = 'gone' THEN state ELSE 'settled' END, \
         version = version + 1, digest = 0, sent_digest = NULL, error = NULL WHERE lead = ",
    );
    sql.bind(lead.0);
    link.run(sql).await?;
    Ok(())
}

async fn copies_by_event(link: &mut Link, lead: LeadId) -> Db<HashSet<i64>> {
    let mut sql = link.sql("SELECT first_event FROM lead WHERE id = ");
    sql.bind(lead.0).push(" UNION SELECT event FROM lead_event WHERE lead = ").bind(lead.0);
    sql.push(" UNION SELECT event FROM attachment WHERE lead = ").bind(lead.0);
    link.rows(sql).await?.iter().map(|row| row.read().next()).collect()
}

async fn copies_by_message(link: &mut Link, lead: LeadId, copies: &mut HashSet<i64>) -> Db<()> {
    let mut sql = link.sql("SELECT tip_chat, message FROM lead WHERE id = ");
    sql.bind(lead.0).push(" UNION SELECT chat, message FROM lead WHERE id = ").bind(lead.0);
    sql.push(" UNION SELECT chat, message FROM attachment WHERE lead = ").bind(lead.0);
    sql.push(" UNION SELECT chat, message FROM outbox WHERE message IS NOT NULL AND lead = ").bind(lead.0);
    let mut messages: HashMap<i64, HashSet<i64>> = HashMap::new();
    for row in link.rows(sql).await? {
        let mut row = row.read();
        messages.entry(row.next()?).or_default().insert(row.next()?);
    }
    let mut sql = link.sql("SELECT first_event FROM lead WHERE id = ");
    sql.bind(lead.0);
    let Some(first) = link.number(sql).await? else { return Ok(()) };
    let chats: Vec<i64> = messages.keys().copied().collect();
    let mut after = first - 1;
    loop {
        let mut sql = link.sql("SELECT seq, chat, payload FROM inbox WHERE seq > ");
        sql.bind(after).push(" AND kind = 'update' AND chat IN ").list(&chats);
        sql.push(" ORDER BY seq LIMIT ").bind(PAGE);
        let rows = link.rows(sql).await?;
        for row in &rows {
            let mut row = row.read();
            after = row.next()?;
            let (chat, payload): (i64, &str) = (row.next()?, row.next()?);
            if messages.get(&chat).is_some_and(|messages| mentions(payload, messages)) {
                copies.insert(after);
            }
        }
        if rows.len() < PAGE as usize {
            return Ok(());
        }
    }
}

/// Whether a raw update names one of the messages of its chat.
fn mentions(json: &str, messages: &HashSet<i64>) -> bool {
    json.split("\"message_id\"").skip(1).any(|rest| {
        let rest = rest.trim_start().trim_start_matches(':').trim_start();
        let digits = rest.find(|sign: char| !sign.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        digits.parse().is_ok_and(|message| messages.contains(&message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_by_its_whole_number() {
        let messages = HashSet::from([12]);
        for (json, found) in [
            (r#"{"message":{"message_id":12,"text":"x"}}"#, true),
            (r#"{"message":{"message_id" : 12}}"#, true),
            (r#"{"message":{"message_id":7,"reply_to_message":{"message_id":12}}}"#, true),
            (r#"{"message":{"message_id":123}}"#, false),
            (r#"{"message":{"message_thread_id":12,"message_id":1}}"#, false),
        ] {
            assert_eq!(mentions(json, &messages), found, "{json}");
        }
    }
}
