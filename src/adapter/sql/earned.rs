//! What a reward depends on beside its own lead: the leads merged into it, and what people and groups were paid.
//!
//! Only decisions at the desk ask for it. Called by `facts`.

use super::engine::{Db, Link, MAX_IDS};
use super::facts::CLOCKS_MS;
use super::lead::load_leads;
use super::ledger::{TRANSFER_COLUMNS, read_transfer};
use super::member::load_members;
use crate::domain::id::{ChatId, LeadId, Millis, UserId};
use crate::domain::lead::Lead;
use crate::domain::points::Transfer;
use crate::domain::rules::settle::Earned;
use crate::port::store::{LeadFile, Merged, Since};
use std::collections::HashMap;

/// Leads merged into these, in the order in which they were received, with the ledger's entries about them.
pub(super) async fn load_merged(link: &mut Link, numbers: &[i64], files: &mut HashMap<i64, LeadFile>) -> Db<()> {
    let mut sql = link.sql("SELECT id FROM lead WHERE duplicate_of IS NOT NULL AND duplicate_of IN ");
    sql.list(numbers);
    let mut merged = Vec::new();
    for row in link.rows(sql).await? {
        merged.push(row.read().next::<i64>()?);
    }
    if merged.is_empty() {
        return Ok(());
    }
    let mut transfers: HashMap<i64, Vec<Transfer>> = HashMap::new();
    for merged in merged.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT transfer.lead, ");
        sql.push(TRANSFER_COLUMNS).push(" FROM transfer WHERE transfer.lead IN ").list(merged).push(" ORDER BY id");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            transfers.entry(row.next()?).or_default().push(read_transfer(&mut row)?);
        }
    }
    let mut leads: Vec<Lead> = load_leads(link, &merged).await?.into_values().collect();
    leads.sort_by_key(|lead| (lead.received_at, lead.id));
    for lead in leads {
        if let Some(file) = lead.duplicate_of.and_then(|original| files.get_mut(&original.0)) {
            file.duplicates.push(Merged {
                transfers: transfers.remove(&lead.id.0).unwrap_or_default(),
                lead,
                reporter: None,
                earned: Earned::default(),
                private_open: false,
            });
        }
    }
    Ok(())
}

/// Adds to a lead, and to those merged into it, what was paid since the instants, and who the reporters are.
pub(super) async fn complete(link: &mut Link, file: Option<&mut LeadFile>, since: Option<Since>) -> Db<()> {
    let (Some(file), Some(since)) = (file, since) else { return Ok(()) };
    let mut groups = HashMap::new();
    file.earned = load_earned(link, &file.lead, since, &mut groups).await?;
    file.private_open = has_written(link, file.lead.reporter).await?;
    let users: Vec<i64> = file.duplicates.iter().filter_map(|it| it.lead.reporter).map(|user| user.0).collect();
    let members = load_members(link, &users).await?;
    for merged in &mut file.duplicates {
        merged.earned = load_earned(link, &merged.lead, since, &mut groups).await?;
        merged.private_open = has_written(link, merged.lead.reporter).await?;
        merged.reporter = merged.lead.reporter.and_then(|user| members.get(&user.0)).cloned();
    }
    Ok(())
}

async fn load_earned(link: &mut Link, lead: &Lead, since: Since, groups: &mut HashMap<ChatId, i64>) -> Db<Earned> {
    let mut earned = Earned::default();
    if let Some(reporter) = lead.reporter {
        earned.day = of_person(link, reporter, since.day).await?;
        earned.month = of_person(link, reporter, since.month).await?;
    }
    if since.groups && lead.chat.0 < 0 {
        earned.group = match groups.get(&lead.chat) {
            Some(known) => *known,
            None => of_group(link, lead.chat, since.month).await?,
        };
        groups.insert(lead.chat, earned.group);
    }
    Ok(earned)
}

/// What a reporter was paid for tips since an instant. What was paid since and taken back is as if it had not been paid.
async fn of_person(link: &mut Link, reporter: UserId, since: Millis) -> Db<i64> {
    let mut sql = link.sql(
        "SELECT CAST(COALESCE(sum(amount), 0) AS BIGINT) FROM (SELECT amount FROM transfer \
         WHERE credit = 'person' AND kind = 'post' AND credit_user = ",
    );
    sql.bind(reporter.0).push(" AND at >= ").bind(since.0);
    sql.push(
        " UNION ALL SELECT -back.amount FROM transfer AS back JOIN transfer AS paid ON paid.key = back.reverses \
         WHERE back.debit = 'person' AND back.kind = 'reversal' AND paid.kind = 'post' AND back.debit_user = ",
    );
    // Taken back after it was paid, but for the clocks' difference.
    sql.bind(reporter.0).push(" AND back.at >= ").bind(since.plus_ms(-CLOCKS_MS).0);
    sql.push(" AND paid.at >= ").bind(since.0).push(") AS leg");
    Ok(link.number(sql).await?.unwrap_or(0))
}

/// The same for all people of a group together, for tips told there; a lead follows its group to a new id.
///
/// By the month's entries, of which there are as many however old the group is.
async fn of_group(link: &mut Link, chat: ChatId, since: Millis) -> Db<i64> {
    let mut sql = link.sql(
        "SELECT CAST(COALESCE(sum(amount), 0) AS BIGINT) FROM (SELECT paid.amount AS amount FROM transfer AS paid \
         JOIN lead ON lead.id = paid.lead WHERE (paid.credit IN ('person', 'reserved') OR paid.debit IN ('person', 'reserved')) \
         AND paid.credit = 'person' AND paid.kind = 'post' AND lead.chat + 0 = ",
    );
    sql.bind(chat.0).push(" AND paid.at >= ").bind(since.0);
    sql.push(
        " UNION ALL SELECT -back.amount FROM transfer AS back JOIN transfer AS paid ON paid.key = back.reverses \
         JOIN lead ON lead.id = back.lead WHERE (back.credit IN ('person', 'reserved') OR back.debit IN ('person', 'reserved')) \
         AND back.debit = 'person' AND back.kind = 'reversal' AND paid.kind = 'post' AND lead.chat + 0 = ",
    );
    sql.bind(chat.0).push(" AND back.at >= ").bind(since.plus_ms(-CLOCKS_MS).0);
    sql.push(" AND paid.at >= ").bind(since.0).push(") AS leg");
    Ok(link.number(sql).await?.unwrap_or(0))
}

/// Whether a person has written a tip in private: then the bot may write there. That they only pressed start is not known.
async fn has_written(link: &mut Link, person: Option<UserId>) -> Db<bool> {
    let Some(person) = person else { return Ok(false) };
    let mut sql = link.sql("SELECT id FROM lead WHERE chat = ");
    sql.bind(person.0).push(" ORDER BY received_at LIMIT 1");
    Ok(link.number(sql).await?.is_some())
}

/// Leads that are held to be true, or merged, by what was last decided since an instant: each with its original.
pub(super) async fn decided_since(
    link: &mut Link,
    since: Millis,
    after: LeadId,
    limit: usize,
) -> Db<Vec<(LeadId, Option<LeadId>)>> {
    let mut sql = link.sql(
        "SELECT id, duplicate_of FROM lead WHERE scrubbed_at IS NULL AND state NOT IN ('new', 'claimed') \
         AND state IN ('verified', 'resolved', 'duplicate') AND decided_at >= ",
    );
    sql.bind(since.0).push(" AND id > ").bind(after.0).push(" ORDER BY id").limit(limit);
    let read = |row: &super::engine::Row| {
        let mut row = row.read();
        Ok((LeadId(row.next()?), row.next::<Option<i64>>()?.map(LeadId)))
    };
    link.rows(sql).await?.iter().map(read).collect()
}
