//! The database looks itself over: damage, settings, and the product's own laws. Reads only. Called by the store.
//!
//! On SQLite every page, index and reference is read; PostgreSQL is asked what it has noticed by itself. To add a
//! law: a variant in the port, a query here that gives what breaks it, its words in `doctor`.

use super::engine::{Db, Link, Pools, Row, Sql};
use super::ledger;
use crate::port::audit::{Audit, Breach, Law, Setting};

/// At most so many findings of one sort are named.
const MOST: usize = 5;

/// What breaks each law, as text, one row each.
const LAWS: [(Law, &str); 7] = [
    (
        Law::Legs,
        "SELECT key AS found FROM transfer WHERE amount <= 0 \
         OR debit NOT IN ('budget', 'person', 'held', 'reserved', 'rewards') \
         OR credit NOT IN ('budget', 'person', 'held', 'reserved', 'rewards') \
         OR (debit IN ('person', 'held', 'reserved')) <> (debit_user IS NOT NULL) \
         OR (credit IN ('person', 'held', 'reserved')) <> (credit_user IS NOT NULL) \
         OR (debit = credit AND COALESCE(debit_user, 0) = COALESCE(credit_user, 0))",
    ),
    (
        Law::Held,
        "SELECT CAST(lead AS TEXT) AS found FROM (\
         SELECT lead, credit_user AS person, amount FROM transfer WHERE credit = 'held' \
         UNION ALL SELECT lead, debit_user AS person, -amount AS amount FROM transfer WHERE debit = 'held'\
         ) AS leg GROUP BY lead, person HAVING SUM(amount) < 0",
    ),
    (
        Law::Reversal,
        "SELECT key AS found FROM transfer WHERE kind = 'reversal' AND NOT EXISTS \
         (SELECT 1 FROM transfer AS entry WHERE entry.key = transfer.reverses)",
    ),
    // What each account holds is counted beside the ledger; 0 stands for all people together.
    (
        Law::Balance,
        "SELECT CAST(user_id AS TEXT) AS found FROM (\
         SELECT user_id, -person AS person, -held AS held, -reserved AS reserved FROM balance UNION ALL \
         SELECT debit_user, CASE debit WHEN 'person' THEN -amount ELSE 0 END, \
         CASE debit WHEN 'held' THEN -amount ELSE 0 END, CASE debit WHEN 'reserved' THEN -amount ELSE 0 END \
         FROM transfer WHERE debit_user IS NOT NULL UNION ALL \
         SELECT credit_user, CASE credit WHEN 'person' THEN amount ELSE 0 END, \
         CASE credit WHEN 'held' THEN amount ELSE 0 END, CASE credit WHEN 'reserved' THEN amount ELSE 0 END \
         FROM transfer WHERE credit_user IS NOT NULL UNION ALL \
         SELECT 0, CASE credit WHEN 'person' THEN amount ELSE 0 END - CASE debit WHEN 'person' THEN amount ELSE 0 END, 0, \
         CASE credit WHEN 'reserved' THEN amount ELSE 0 END - CASE debit WHEN 'reserved' THEN amount ELSE 0 END \
         FROM transfer WHERE credit IN ('person', 'reserved') OR debit IN ('person', 'reserved')\
         ) AS leg GROUP BY user_id HAVING SUM(person) <> 0 OR SUM(held) <> 0 OR SUM(reserved) <> 0",
    ),
    (
        Law::Overdrawn,
        "SELECT CAST(user_id AS TEXT) AS found FROM balance WHERE user_id <> 0 AND (held < 0 OR reserved < 0 \
         OR person < 0 AND NOT EXISTS (SELECT 1 FROM transfer WHERE debit = 'person' AND debit_user = balance.user_id \
         AND kind IN ('reversal', 'correction')))",
    ),
    (
        Law::Close,
        "SELECT month AS found FROM month_close WHERE (last > 0 AND NOT EXISTS (SELECT 1 FROM transfer \
         WHERE transfer.id = month_close.last AND transfer.digest = month_close.digest)) OR EXISTS (SELECT 1 FROM transfer \
         WHERE transfer.id > month_close.last AND transfer.at >= month_close.begins AND transfer.at < month_close.ends)",
    ),
    // Retention counts the version of what it scrubs up, so that nothing is written over it.
    (
        Law::History,
        "SELECT CAST(lead.id AS TEXT) AS found FROM lead LEFT JOIN (\
         SELECT lead, MAX(version) AS newest, COUNT(DISTINCT version) AS lines FROM lead_event GROUP BY lead\
         ) AS history ON history.lead = lead.id WHERE lead.scrubbed_at IS NULL \
         AND (COALESCE(history.newest, 0) <> lead.version OR COALESCE(history.lines, 0) <> lead.version)",
    ),
];

/// Looks for damage, broken laws and dangerous settings.
pub(super) async fn audit(pools: &Pools) -> Db<Audit> {
    // Of one moment: work goes on meanwhile.
    let mut link = pools.snapshot().await?;
    let mut audit = Audit::default();
    match &link {
        Link::Sqlite(_) => {
            audit.damage = sqlite_damage(&mut link).await?;
            if !audit.damage.is_empty() {
                // What cannot be read rightly cannot be judged.
                return Ok(audit);
            }
        }
        Link::Pg(_) => {
            audit.damage = postgres_damage(&mut link).await?;
            audit.settings = postgres_settings(&mut link).await?;
        }
    }
    for (law, found) in LAWS {
        let mut sql = link.sql("SELECT COUNT(*) FROM (");
        sql.push(found).push(") AS breach");
        let count = link.number(sql).await?.unwrap_or_default();
        if count > 0 {
            let mut sql = link.sql(found);
            sql.push(" ORDER BY found").limit(MOST);
            let examples = words(&mut link, sql).await?;
            audit.breaches.push(Breach { law, count, examples });
        }
    }
    let broken = ledger::broken_links(&mut link).await?;
    if !broken.is_empty() {
        let examples = broken.iter().take(MOST).map(i64::to_string).collect();
        audit.breaches.push(Breach { law: Law::Chain, count: broken.len() as i64, examples });
    }
    Ok(audit)
}

async fn words(link: &mut Link, sql: Sql) -> Db<Vec<String>> {
    let word = |row: &Row| Ok(row.read().next::<Option<String>>()?.unwrap_or_default());
    link.rows(sql).await?.iter().map(word).collect()
}

/// What SQLite finds damaged when it reads all of the file, and rows that name others that are not there.
async fn sqlite_damage(link: &mut Link) -> Db<Vec<String>> {
    let sql = link.sql(&format!("PRAGMA integrity_check({MOST})"));
    match words(link, sql).await {
        Ok(found) if found == ["ok"] => {}
        Ok(found) => return Ok(found),
        Err(sqlx::Error::Database(error)) => return Ok(vec![error.to_string()]),
        Err(error) => return Err(error),
    }
    let sql = link
        .sql("SELECT \"table\" || ' names a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check");
    let mut found = words(link, sql).await?;
    found.truncate(MOST);
    Ok(found)
}

/// What PostgreSQL has noticed: pages whose checksum was wrong, indexes that are not whole, references not checked.
async fn postgres_damage(link: &mut Link) -> Db<Vec<String>> {
    let sql = link.sql(
        "SELECT 'pages with a wrong checksum: ' || checksum_failures FROM pg_stat_database \
         WHERE datname = current_database() AND checksum_failures > 0 \
         UNION ALL SELECT 'an index that is not whole: ' || CAST(indexrelid::regclass AS TEXT) FROM pg_index \
         WHERE NOT indisvalid \
         UNION ALL SELECT 'a constraint that is not checked: ' || conname FROM pg_constraint WHERE NOT convalidated",
    );
    let mut found = words(link, sql).await?;
    found.truncate(MOST);
    Ok(found)
}

/// The settings that matter and are not as they should be; `synchronous_commit` each of our sessions sets by itself.
async fn postgres_settings(link: &mut Link) -> Db<Vec<Setting>> {
    let mut wrong = Vec::new();
    for (name, wanted) in [("fsync", "on"), ("full_page_writes", "on"), ("server_encoding", "UTF8")] {
        let mut sql = link.sql("SELECT current_setting(");
        sql.bind(name).push(")");
        let value = words(link, sql).await?.pop().unwrap_or_default();
        if value != wanted {
            wrong.push(Setting { name: name.to_owned(), value, wanted });
        }
    }
    Ok(wrong)
}
