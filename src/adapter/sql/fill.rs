//! Fills an empty database with a past, for measurements: rows as the product would have left them.
//!
//! Written by the nouns' own writers, many in one transaction; only what the flow would have marked done or the sender
//! settled is written here as it stands at the end. Called by `load`.

use super::engine::{Db, Link, Pools, pieces, to_json};
use super::{SqlStore, alarm, lead, ledger, outbox, step};
use crate::domain::alarm::{Alarm, Call};
use crate::domain::id::{EventSeq, MessageId, Millis};
use crate::domain::lead::{Attachment, Lead, LeadEvent};
use crate::domain::points::Transfer;
use crate::port::store::{Post, RawUpdate, StoreResult, Timer};

/// A stretch of the past. The database numbers updates in the order in which they are filled in, from 1.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Updates that are done, with when they were stored.
    pub updates: Vec<(RawUpdate, Millis)>,
    /// Leads as they stand.
    pub leads: Vec<Lead>,
    /// Their histories, each with the update that made it.
    pub events: Vec<(EventSeq, LeadEvent)>,
    /// Evidence, likewise.
    pub attachments: Vec<(EventSeq, Attachment)>,
    /// Alarms as they stand.
    pub alarms: Vec<Alarm>,
    /// Their calls.
    pub calls: Vec<Call>,
    /// Entries of the ledger.
    pub transfers: Vec<Transfer>,
    /// Timers that will come due.
    pub timers: Vec<Timer>,
    /// Messages that were sent, with when and what the platform calls them.
    pub sent: Vec<(Post, Millis, MessageId)>,
}

impl SqlStore {
    /// Writes a stretch of the past, in one transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn fill(&self, past: &Past) -> StoreResult<()> {
        Ok(fill(&self.pools, past).await?)
    }

    /// Ends the filling: counters stand where they would, and PostgreSQL knows its tables as after a night's housekeeping.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_filling(&self) -> StoreResult<()> {
        let mut link = self.pools.writing().await?;
        for text in [
            "UPDATE counter SET value = (SELECT COALESCE(max(id), 0) FROM lead) WHERE name = 'lead'",
            "UPDATE counter SET value = (SELECT COALESCE(max(id), 0) FROM alarm) WHERE name = 'alarm'",
        ] {
            let sql = link.sql(text);
            link.run(sql).await?;
        }
        link.commit().await?;
        if let Pools::Pg { .. } = self.pools {
            let mut link = self.pools.reading().await?;
            let sql = link.sql("VACUUM ANALYZE");
            link.run(sql).await?;
        }
        self.checkpoint().await
    }
}

async fn fill(pools: &Pools, past: &Past) -> Db<()> {
    let mut link = pools.writing().await?;
    for piece in pieces(past.updates.len(), 4) {
        let mut sql = link.sql("INSERT INTO inbox (kind, state, update_id, chat, received_at, payload) VALUES ");
        sql.tuples(&past.updates[piece], |sql, (update, at)| {
            sql.push("'update','done',").bind(update.update_id).bind(update.chat.0).bind(at.0);
            sql.bind(update.json.as_str());
        });
        link.run(sql).await?;
    }
    lead::insert_leads(&mut link, &past.leads.iter().collect::<Vec<_>>()).await?;
    let events: Vec<_> = past.events.iter().map(|(seq, event)| (*seq, event)).collect();
    lead::insert_lead_events(&mut link, &events).await?;
    let attachments: Vec<_> = past.attachments.iter().map(|(seq, item)| (*seq, item)).collect();
    lead::put_attachments(&mut link, &attachments).await?;
    alarm::insert_alarms(&mut link, &past.alarms.iter().collect::<Vec<_>>()).await?;
    alarm::put_calls(&mut link, &past.calls.iter().collect::<Vec<_>>()).await?;
    ledger::insert_transfers(&mut link, &past.transfers.iter().collect::<Vec<_>>()).await?;
    step::put_timers(&mut link, &past.timers.iter().collect::<Vec<_>>()).await?;
    insert_sent(&mut link, &past.sent).await?;
    link.commit().await
}

async fn insert_sent(link: &mut Link, sent: &[(Post, Millis, MessageId)]) -> Db<()> {
    let mut change = outbox::take_changes(link, sent.len()).await?;
    for piece in pieces(sent.len(), 11) {
        let mut sql = link.sql(
            "INSERT INTO outbox (version, sent_version, state, nature, chat, subject, lane, content, digest, sent_digest, \
             change, queued_at, message, sent_at, lead) VALUES ",
        );
        sql.tuples(&sent[piece], |sql, (post, at, message)| {
            change += 1;
            let content = to_json(&post.content);
            let digest = outbox::digest(&content);
            sql.push("1,1,'settled','fixed',").bind(post.chat.0).bind(post.subject.as_str()).bind(post.lane as i64);
            sql.bind(content).bind(digest).bind(digest).bind(change).bind(at.0).bind(message.0).bind(at.0);
            sql.bind(post.lead.map(|lead| lead.0));
        });
        link.run(sql).await?;
    }
    Ok(())
}
