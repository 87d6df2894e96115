//! The outbox: one row for each chat and subject, holding the message as it should stand.
//!
//! `version` counts what should stand, `digest` names it; `claimed_digest` and `sent_digest` name what is on its
//! way and what stands, as far as that is known: not after a send of unknown outcome. `change` numbers every queuing, so that the sender can ask for what is new.
//! Called by the store and by `step` (putting).

use super::code::parse_lane;
use super::engine::{Db, Link, MAX_IDS, Pools, Row, from_json, pieces, to_json};
use super::step::last_of_each;
use crate::domain::id::{AlarmId, ChatId, LeadId, MessageId, Millis, OutboxId};
use crate::port::store::{ASKED_TO_WAIT, Claimed, Content, Fate, Post, Queued, Settlement, Term};
use std::collections::HashMap;

/// What is made when it is sent is not sent again sooner: nobody reads faster, and each time costs a look at the leads.
const LIVE_PAUSE_MS: i64 = 1000;

/// A number by which contents are told apart (FNV-1a, 64 bits). Never 0, which stands for "unknown".
pub(super) fn digest(content: &str) -> i64 {
    let hash = content
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    if hash == 0 { 1 } else { hash.cast_signed() }
}

/// Takes `n` numbers of change; gives the one before the first.
pub(super) async fn take_changes(link: &mut Link, n: usize) -> Db<i64> {
    let n = i64::try_from(n).expect("a slice fits");
    let mut sql = link.sql("UPDATE counter SET value = value + ");
    sql.bind(n).push(" WHERE name = 'change' RETURNING value");
    Ok(link.number(sql).await?.ok_or(sqlx::Error::RowNotFound)? - n)
}

/// Puts messages as they should stand.
///
/// Nothing is queued when the same already stands or is on its way, or when a message that was never sent is
/// taken away. What is made when it is sent (`live`) goes again once it is being sent or was.
pub(super) async fn put(link: &mut Link, posts: &[&Post], now: Millis) -> Db<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let posts = last_of_each(posts, |post| (post.chat, post.subject.as_str()));
    let mut change = take_changes(link, posts.len()).await?;
    for piece in pieces(posts.len(), 15) {
        let mut sql = link.sql(
            "INSERT INTO outbox (version, chat, subject, thread, lane, content, nature, digest, state, sent_version, \
             change, queued_at, lead, alarm, callee) VALUES ",
        );
        sql.tuples(&posts[piece], |sql, post| {
            change += 1;
            let content = to_json(&post.content);
            let (nature, state, sent) = match post.content {
                Content::Gone => ("gone", "settled", 1i64),
                Content::Queue { .. }
                | Content::Receipts { .. }
                | Content::Export { .. }
                | Content::DrillReport { .. } => ("live", "queued", 0),
                _ => ("fixed", "queued", 0),
            };
            let digest = digest(&content);
            sql.push("1,").bind(post.chat.0).bind(post.subject.as_str()).bind(post.thread.map(|id| id.0));
            sql.bind(post.lane as i64).bind(content).bind(nature).bind(digest).bind(state).bind(sent);
            sql.bind(change).bind(now.0).bind(post.lead.map(|id| id.0));
            sql.bind(post.call.as_ref().map(|call| call.0.0)).bind(post.call.as_ref().map(|call| call.1.to_string()));
        });
        sql.push(
            " ON CONFLICT (chat, subject) DO UPDATE SET thread = excluded.thread, \
             lane = CASE WHEN outbox.message IS NULL AND outbox.lane < excluded.lane THEN outbox.lane ELSE excluded.lane END, \
             content = excluded.content, nature = excluded.nature, digest = excluded.digest, \
             version = outbox.version + 1, change = excluded.change, attempts = 0, lead = excluded.lead, \
             alarm = excluded.alarm, callee = excluded.callee, \
             state = CASE WHEN outbox.state = 'sending' THEN 'sending' \
             WHEN excluded.nature = 'gone' AND outbox.message IS NULL THEN 'settled' \
             WHEN excluded.nature = 'fixed' AND excluded.digest = outbox.sent_digest THEN 'settled' \
             ELSE 'queued' END, \
             queued_at = CASE WHEN outbox.state = 'queued' THEN outbox.queued_at ELSE excluded.queued_at END, \
             not_before = CASE WHEN outbox.state = 'queued' OR excluded.nature = 'live' THEN outbox.not_before ELSE 0 END \
             WHERE outbox.digest <> excluded.digest OR outbox.state = 'failed' \
             OR (outbox.state = 'queued' AND outbox.lane <> excluded.lane) \
             OR (excluded.nature = 'live' AND outbox.state IN ('sending', 'settled'))",
        );
        link.run(sql).await?;
    }
    Ok(())
}

/// What was queued after the given change, in order, and the change to go on from.
pub(super) async fn queued(pools: &Pools, after_change: i64, limit: usize) -> Db<(Vec<Queued>, i64)> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql(
        "SELECT change, id, chat, lane, queued_at, not_before FROM outbox \
         WHERE state = 'queued' AND state <> 'settled' AND change > ",
    );
    sql.bind(after_change).push(" ORDER BY change").limit(limit);
    let rows = link.rows(sql).await?;
    let mut last = after_change;
    let mut queued = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut row = row.read();
        last = row.next()?;
        queued.push(Queued {
            id: OutboxId(row.next()?),
            chat: ChatId(row.next()?),
            lane: parse_lane(row.next()?)?,
            queued_at: Millis(row.next()?),
            not_before: Millis(row.next()?),
        });
    }
    Ok((queued, last))
}

fn read_claimed(row: &Row) -> Db<Claimed> {
    let mut row = row.read();
    let id = OutboxId(row.next()?);
    let (version, attempts) = (row.next()?, i32::try_from(row.next::<i64>()?).unwrap_or(i32::MAX));
    let message = row.next::<Option<i64>>()?.map(MessageId);
    let post = Post {
        chat: ChatId(row.next()?),
        thread: row.next::<Option<i64>>()?.map(MessageId),
        subject: row.next()?,
        lane: parse_lane(row.next()?)?,
        content: from_json(row.next()?)?,
        lead: row.next::<Option<i64>>()?.map(LeadId),
        call: match (row.next::<Option<i64>>()?, row.next::<Option<String>>()?) {
            (Some(alarm), Some(callee)) => Some((AlarmId(alarm), callee.parse().expect("every text is a callee"))),
            _ => None,
        },
    };
    Ok(Claimed { id, version, attempts, post, message, under: None })
}

/// Marks messages as being sent and gives them, in the order asked; none when a later term has begun.
pub(super) async fn claim(pools: &Pools, ids: &[OutboxId], term: Term) -> Db<Vec<Claimed>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut link = pools.writing().await?;
    let mut found: HashMap<i64, Claimed> = HashMap::with_capacity(ids.len());
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    for numbers in numbers.chunks(MAX_IDS) {
        // The term stands still until this claim is on disk: who begins a new one finds all that was claimed before it.
        let mut sql = link.sql(
            "UPDATE outbox SET state = 'sending', claimed_digest = digest WHERE state = 'queued' \
             AND (SELECT value FROM counter WHERE name = 'term'",
        );
        sql.for_share().push(") = ").bind(term.0).push(" AND id IN ");
        sql.list(numbers).push(
            " RETURNING id, version, attempts, message, chat, thread, subject, lane, content, lead, alarm, callee",
        );
        for row in link.rows(sql).await? {
            let claimed = read_claimed(&row)?;
            found.insert(claimed.id.0, claimed);
        }
    }
    for claimed in found.values_mut() {
        if let Content::Media { under: Some(subject), .. } = &claimed.post.content {
            let mut sql = link.sql("SELECT message FROM outbox WHERE chat = ");
            sql.bind(claimed.post.chat.0).push(" AND subject = ").bind(subject.as_str());
            claimed.under = link.number(sql).await?.map(MessageId);
        }
    }
    link.commit().await?;
    Ok(numbers.iter().filter_map(|id| found.remove(id)).collect())
}

/// Settles what was claimed. What should stand by now but is not what was sent is queued again. In a term that is over
/// nothing is settled: the next sender has it all.
pub(super) async fn settle(pools: &Pools, settlements: &[Settlement], term: Term, now: Millis) -> Db<()> {
    if settlements.is_empty() {
        return Ok(());
    }
    let settlements = last_of_each(&settlements.iter().collect::<Vec<_>>(), |settlement| settlement.id);
    let mut link = pools.writing().await?;
    let mut change = take_changes(&mut link, settlements.len()).await?;
    for piece in pieces(settlements.len(), 8) {
        let mut sql = link.sql("WITH fresh (id, version, chat, fate, message, retry_at, why, change) AS (VALUES ");
        sql.tuples(&settlements[piece], |sql, settlement| {
            change += 1;
            let (fate, message, retry_at, why) = match &settlement.fate {
                Fate::Sent(message) => ("sent", message.map(|id| id.0), 0, None),
                Fate::Retry { at, why } => ("retry", None, at.0, Some(why.as_str())),
                Fate::Failed(why) => ("failed", None, 0, Some(why.as_str())),
            };
            sql.bind(settlement.id.0).bind(settlement.version).bind(settlement.chat.0);
            sql.bind(fate).bind(message).bind(retry_at).bind(why).bind(change);
        });
        sql.push(
            ") UPDATE outbox SET \
             message = CASE WHEN fresh.fate = 'sent' AND fresh.chat = outbox.chat THEN fresh.message ELSE outbox.message END, \
             sent_version = CASE WHEN fresh.fate = 'sent' AND fresh.chat = outbox.chat THEN fresh.version ELSE outbox.sent_version END, \
             sent_digest = CASE WHEN fresh.fate = 'sent' AND fresh.chat = outbox.chat THEN outbox.claimed_digest END, \
             claimed_digest = NULL, \
             state = CASE \
             WHEN outbox.nature = 'gone' AND \
             (CASE WHEN fresh.fate = 'sent' AND fresh.chat = outbox.chat THEN fresh.message ELSE outbox.message END) IS NULL THEN 'settled' \
             WHEN fresh.fate = 'retry' OR fresh.chat <> outbox.chat THEN 'queued' \
             WHEN outbox.version > fresh.version AND \
             (outbox.digest <> outbox.claimed_digest OR outbox.nature = 'live') THEN 'queued' \
             WHEN fresh.fate = 'sent' THEN 'settled' ELSE 'failed' END, \
             change = fresh.change, error = fresh.why, \
             not_before = CASE WHEN fresh.fate = 'sent' AND outbox.nature = 'live' THEN CAST(",
        );
        sql.bind(now.plus_ms(LIVE_PAUSE_MS).0).push(
            " AS BIGINT) ELSE fresh.retry_at END, \
             attempts = CASE WHEN fresh.fate = 'sent' THEN 0 ELSE outbox.attempts + 1 END, \
             sent_at = CASE WHEN fresh.fate = 'sent' THEN CAST(",
        );
        sql.bind(now.0).push(
            " AS BIGINT) ELSE outbox.sent_at END FROM fresh WHERE outbox.id = fresh.id AND outbox.state = 'sending' \
             AND (SELECT value FROM counter WHERE name = 'term'",
        );
        sql.for_share().push(") = ").bind(term.0);
        link.run(sql).await?;
    }
    let sent: Vec<i64> = settlements
        .iter()
        .filter(|settlement| matches!(settlement.fate, Fate::Sent(_)))
        .map(|settlement| settlement.id.0)
        .collect();
    for ids in sent.chunks(MAX_IDS) {
        let mut sql = link.sql("UPDATE summons SET delivered_at = ");
        sql.bind(now.0).push(
            " FROM outbox WHERE outbox.alarm = summons.alarm AND outbox.callee = summons.callee \
             AND outbox.chat = summons.user_id AND summons.delivered_at IS NULL AND outbox.alarm IS NOT NULL AND outbox.id IN ",
        );
        sql.list(ids);
        link.run(sql).await?;
    }
    link.commit().await
}

/// Begins a sender's term: queues again what was claimed and never settled.
pub(super) async fn begin_sending(pools: &Pools) -> Db<(Term, usize)> {
    let mut link = pools.writing().await?;
    let sql = link.sql("UPDATE counter SET value = value + 1 WHERE name = 'term' RETURNING value");
    let term = Term(link.number(sql).await?.ok_or(sqlx::Error::RowNotFound)?);
    let sql = link.sql("SELECT id FROM outbox WHERE state = 'sending' AND state <> 'settled' ORDER BY change");
    let mut ids = Vec::new();
    for row in link.rows(sql).await? {
        ids.push(row.read().next::<i64>()?);
    }
    if !ids.is_empty() {
        let mut change = take_changes(&mut link, ids.len()).await?;
        for piece in pieces(ids.len(), 2) {
            let mut sql = link.sql("WITH fresh (id, change) AS (VALUES ");
            sql.tuples(&ids[piece], |sql, id| {
                change += 1;
                sql.bind(*id).bind(change);
            });
            sql.push(
                ") UPDATE outbox SET state = 'queued', sent_digest = NULL, change = fresh.change FROM fresh WHERE outbox.id = fresh.id",
            );
            link.run(sql).await?;
        }
    }
    link.commit().await?;
    Ok((term, ids.len()))
}

/// Chats written to since the instant, with when, oldest first.
pub(super) async fn sent_since(pools: &Pools, since: Millis) -> Db<Vec<(ChatId, Millis)>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql("SELECT chat, sent_at FROM outbox WHERE sent_at >= ");
    sql.bind(since.0).push(" ORDER BY sent_at");
    link.rows(sql)
        .await?
        .iter()
        .map(|row| {
            let mut row = row.read();
            Ok((ChatId(row.next()?), Millis(row.next()?)))
        })
        .collect()
}

/// Chats that are to be left alone after `now`, and until when.
pub(super) async fn asked_to_wait(pools: &Pools, now: Millis) -> Db<Vec<(ChatId, Millis)>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql(
        "SELECT chat, max(not_before) FROM outbox WHERE state = 'queued' AND state <> 'settled' AND not_before > ",
    );
    sql.bind(now.0).push(" AND error = ").bind(ASKED_TO_WAIT).push(" GROUP BY chat");
    link.rows(sql)
        .await?
        .iter()
        .map(|row| {
            let mut row = row.read();
            Ok((ChatId(row.next()?), Millis(row.next()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_digest_is_fixed() {
        assert_eq!(digest("{\"what\":\"gone\"}"), digest("{\"what\":\"gone\"}"));
        assert_ne!(digest("a"), digest("b"));
        // FNV-1a of the empty text is the offset basis: stored digests must stay comparable across versions.
        assert_eq!(digest(""), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
    }
}
