//! Retention: what is kept too long is taken away, a little at a time, so that alarms never wait for it.
//!
//! Rows are looked for on a reading connection; only then is the writer asked, for few rows at once. Called
//! by the store.

use super::code::Code;
use super::engine::{Db, Pools};
use super::scrub::scrub_lead;
use crate::domain::id::{LeadId, Millis};
use crate::domain::lead::LeadState;
use crate::port::store::{Retained, Retention};

const DAY_MS: i64 = 86_400_000;
/// Rows taken away in one transaction.
const BATCH: usize = 200;
/// Leads scrubbed in one transaction: each takes a dozen statements.
const LEAD_BATCH: usize = 16;

/// Takes away what is kept too long, or counts it.
pub(super) async fn retain(pools: &Pools, rules: &Retention, now: Millis, dry_run: bool) -> Db<Retained> {
    let before = |days: i64| now.plus_ms(-days.saturating_mul(DAY_MS)).0;
    let mut retained = Retained::default();

    let raw = before(rules.raw_days);
    let old = find(
        pools,
        "SELECT seq FROM inbox WHERE state <> 'waiting' AND received_at < $1 AND seq > $2 ORDER BY seq LIMIT $3",
        raw,
    )
    .await?;
    retained.raw = count(&old);
    if !dry_run {
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
                link.commit().await?;
            }
        }
    }

    let old = find(
        pools,
        "SELECT id FROM outbox WHERE state IN ('settled', 'failed') AND content <> '' AND queued_at < $1 AND id > $2 \
         ORDER BY id LIMIT $3",
        before(rules.outbox_days),
    )
    .await?;
    retained.outbox = count(&old);
    if !dry_run {
        change(pools, "UPDATE outbox SET content = '' WHERE state IN ('settled', 'failed') AND id IN ", &old).await?;
    }
    Ok(retained)
}

fn count(ids: &[i64]) -> i64 {
    i64::try_from(ids.len()).expect("a table's rows fit")
}

/// Ids older than an instant, page by page.
async fn find(pools: &Pools, text: &str, before: i64) -> Db<Vec<i64>> {
    const PAGE: i64 = 2_000;
    let mut found = Vec::new();
    loop {
        let mut link = pools.reading().await?;
        let sql = link.numbered(text, [before, found.last().copied().unwrap_or(i64::MIN), PAGE]);
        let rows = link.rows(sql).await?;
        for row in &rows {
            found.push(row.read().next()?);
        }
        if count(&found) % PAGE != 0 || rows.is_empty() {
            return Ok(found);
        }
    }
}

/// Leads of a state whose decision (or receipt, if there was none) is older than an instant, not yet scrubbed.
async fn find_leads(pools: &Pools, state: LeadState, before: i64) -> Db<Vec<i64>> {
    let mut link = pools.reading().await?;
    let mut sql = link.sql("SELECT id FROM lead WHERE scrubbed_at IS NULL AND COALESCE(decided_at, received_at) < ");
    sql.bind(before).push(" AND received_at < ").bind(before).push(" AND state = ").bind(state.code());
    sql.push(" ORDER BY id");
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
