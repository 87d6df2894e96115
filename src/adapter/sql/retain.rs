//! Retention: what is kept too long is taken away, a little at a time, so that alarms never wait for it.
//!
//! Rows are looked for on a reading connection; only then is the writer asked, for few rows at once. Called
//! by the store.

use super::code::Code;
use super::duty;
use super::engine::{Db, Pools};
use super::ledger;
use super::scrub::scrub_lead;
use crate::domain::id::{LeadId, Millis};
use crate::domain::lead::LeadState;
use crate::port::store::{Retained, Retention};

const DAY_MS: i64 = 86_400_000;
/// For so long the last place that somebody shared may stand; it is used for less.
const WHEREABOUTS_DAYS: i64 = 1;
/// Rows taken away in one transaction.
const BATCH: usize = 200;
/// Leads scrubbed in one transaction: each takes a dozen statements.
const LEAD_BATCH: usize = 16;

/// Takes away what is kept too long, or counts it.
pub(super) async fn retain(pools: &Pools, rules: &Retention, now: Millis, dry_run: bool) -> Db<Retained> {
    let before = |days: i64| now.plus_ms(-days.saturating_mul(DAY_MS)).0;
    let mut retained = Retained::default();

    let raw = before(rules.raw_days);
    let old = find_raw(pools, raw).await?;
    retained.raw = count(&old);
    if !dry_run {
        let mut link = pools.writing().await?;
        let sql = link.numbered("DELETE FROM whereabouts WHERE at < $1", [before(WHEREABOUTS_DAYS)]);
        link.run(sql).await?;
        link.commit().await?;
        change(pools, "DELETE FROM inbox WHERE state <> 'waiting' AND seq IN ", &old).await?;
        let mut link = pools.writing().await?;
        let sql = link.numbered("DELETE FROM attachment WHERE lead IS NULL AND sent_at < $1", [raw]);
        link.run(sql).await?;
        link.commit().await?;
    }

    for (state, days) in &rules.lead_days {
        let old = find_leads(pools, *state, before(*days)).await?;
        retained.leads.push((*state, count(&old)));
        if !dry_run {
            for leads in old.chunks(LEAD_BATCH) {
                let mut link = pools.writing().await?;
                for lead in leads {
                    scrub_lead(&mut link, LeadId(*lead), None, now).await?;
                    // A decision on the lead as it was must not bring its words back.
                    let sql = link.numbered("UPDATE lead SET version = version + 1 WHERE id = $1", [*lead]);
                    link.run(sql).await?;
                }
                // Nobody can decide on them any more: what waits for that goes back.
                ledger::void_held(&mut link, leads, now).await?;
                link.commit().await?;
            }
        }
    }

    if !dry_run {
        duty::forget(pools, raw, now).await?;
    }

    let sent_before = before(rules.outbox_days);
    let old = find_posts(pools, sent_before).await?;
    retained.outbox = count(&old);
    if !dry_run {
        change(pools, "UPDATE outbox SET content = '' WHERE state IN ('settled', 'failed') AND id IN ", &old).await?;
        let mut link = pools.writing().await?;
        let sql = link.numbered("UPDATE counter SET value = $1 WHERE name = 'swept' AND value < $1", [sent_before]);
        link.run(sql).await?;
        link.commit().await?;
    }
    Ok(retained)
}

fn count(ids: &[i64]) -> i64 {
    i64::try_from(ids.len()).expect("a table's rows fit")
}

/// Raw updates stored before an instant. They lie in the order in which they came, so the first page without one
/// is the end, whatever lies behind it.
async fn find_raw(pools: &Pools, before: i64) -> Db<Vec<i64>> {
    let mut found = Vec::new();
    let mut after = i64::MIN;
    loop {
        let mut link = pools.reading().await?;
        let text = "SELECT seq, state, received_at FROM inbox WHERE seq > $1 ORDER BY seq LIMIT 500";
        let sql = link.numbered(text, [after]);
        let mut any = false;
        for row in link.rows(sql).await? {
            let mut row = row.read();
            after = row.next()?;
            let state: &str = row.next()?;
            if row.next::<i64>()? < before {
                any = true;
                if state != "waiting" {
                    found.push(after);
                }
            }
        }
        if !any {
            return Ok(found);
        }
    }
}

/// Messages sent before an instant that still hold their words, from where the last run came to (`swept`); and what
/// could not be delivered and was queued before it.
async fn find_posts(pools: &Pools, before: i64) -> Db<Vec<i64>> {
    let mut link = pools.reading().await?;
    let sql = link.sql("SELECT value FROM counter WHERE name = 'swept'");
    let (mut sent_at, mut after) = (link.number(sql).await?.unwrap_or_default(), i64::MIN);
    let mut found = Vec::new();
    loop {
        let text = "SELECT sent_at, id FROM outbox WHERE sent_at IS NOT NULL AND sent_at >= $1 AND sent_at < $2 \
                    AND (sent_at > $1 OR id > $3) AND state = 'settled' AND content <> '' \
                    ORDER BY sent_at, id LIMIT 2000";
        let sql = link.numbered(text, [sent_at, before, after]);
        let rows = link.rows(sql).await?;
        let Some(last) = rows.last() else { break };
        let mut last = last.read();
        (sent_at, after) = (last.next()?, last.next()?);
        for row in &rows {
            let mut row = row.read();
            row.next::<i64>()?;
            found.push(row.next()?);
        }
    }
    // By when they were queued, even if an earlier wording was sent: that may lie behind where the last run came to.
    let text =
        "SELECT id FROM outbox WHERE state = 'failed' AND state <> 'settled' AND content <> '' AND queued_at < $1";
    let sql = link.numbered(text, [before]);
    for row in link.rows(sql).await? {
        found.push(row.read().next()?);
    }
    Ok(found)
}

/// Leads of a state whose decision (or receipt, if there was none) is older than an instant, not yet scrubbed.
async fn find_leads(pools: &Pools, state: LeadState, before: i64) -> Db<Vec<i64>> {
    let mut link = pools.reading().await?;
    let open = matches!(state, LeadState::New | LeadState::Claimed);
    let mut sql = link.sql("SELECT id FROM lead WHERE scrubbed_at IS NULL AND state = ");
    sql.bind(state.code()).push(if open {
        " AND state IN ('new', 'claimed') AND COALESCE(decided_at, received_at) < "
    } else {
        " AND state NOT IN ('new', 'claimed') AND decided_at < "
    });
    sql.bind(before).push(" AND received_at < ").bind(before).push(" ORDER BY id");
    link.rows(sql).await?.iter().map(|row| row.read().next()).collect()
}

async fn change(pools: &Pools, text: &str, ids: &[i64]) -> Db<()> {
    for ids in ids.chunks(BATCH) {
        let mut link = pools.writing().await?;
        let mut sql = link.sql(text);
        sql.list(ids);
        link.run(sql).await?;
        link.commit().await?;
    }
    Ok(())
}
