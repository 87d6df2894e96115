//! The store on SQL: SQLite in one file by default, PostgreSQL for several replicas, one SQL text for both.
//!
//! `engine` holds the two databases behind one face; each other module is a noun with its rows. Nothing here
//! decides anything: `step` writes what the flow has decided. To add a column: a new file under both
//! `migrations/`, then the noun's columns, its reader and its writer.

mod alarm;
mod audit;
pub mod backup;
mod code;
mod desk;
mod duty;
mod earned;
mod engine;
mod facts;
mod fill;
mod inbox;
mod lead;
mod ledger;
mod member;
mod month;
mod open;
mod outbox;
mod redemption;
mod replica;
mod retain;
mod roster;
mod scratch;
mod scrub;
mod step;
mod town;

pub use fill::Past;
pub use open::{ServeLock, SqlOptions};
pub use replica::{Change, Seat, Tenure, Word};
pub use scratch::Scratch;

use crate::domain::alarm::Point;
use crate::domain::duty::Rota;
use crate::domain::group::Group;
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, Millis, OutboxId, UserId};
use crate::domain::lead::Lead;
use crate::domain::member::Member;
use crate::domain::month::{CloseOrder, MonthClose};
use crate::domain::period::Period;
use crate::domain::place::Place;
use crate::domain::points::Entry;
use crate::domain::redemption::{Redemption, Reward};
use crate::domain::roster::Roster;
use crate::port::audit::Audit;
use crate::port::store::{
    Access, AlarmRecord, Applied, Ask, Claimed, Event, Facts, FiledPerson, Gauges, LeadStep, LedgerEnd, OutboxReport,
    QueueView, Queued, RawUpdate, Retained, Retention, Settlement, Step, Store, StoreError, StoreResult, Tally, Term,
    TownFile, TownVersion,
};
use engine::{Db, Pools, is_away, is_full, uncrossed};
use replica::Replica;
use std::collections::HashMap;
use std::sync::Arc;
use step::Refused;
use tokio::sync::Mutex;

/// The store on a SQL database. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pools: Pools,
    /// Where the lock of the one server lies; none on PostgreSQL, whose servers lock in the database.
    lock: Option<std::path::PathBuf>,
    /// The highest numbers given out, by table. Only on SQLite: its one server counts in memory from the highest that
    /// stands, so that a crash leaves no gap and no number costs a commit.
    given: Arc<Mutex<HashMap<&'static str, i64>>>,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_full(&error) {
            Self::Full
        } else if is_away(&error) {
            Self::Away(error.to_string())
        } else {
            Self::Other(error.to_string())
        }
    }
}

impl SqlStore {
    /// Gives the first of `n` numbers that nobody else gets.
    async fn reserve(&self, table: &'static str, n: i64) -> Db<i64> {
        if self.pools.replica().is_some() {
            return self.reserve_among_replicas(table, n).await;
        }
        let mut given = self.given.lock().await;
        let last = match given.get(table) {
            Some(last) => *last,
            None => {
                let mut link = self.pools.reading().await?;
                let mut sql = link.sql("SELECT COALESCE(max(id), 0) FROM ");
                sql.push(table);
                link.number(sql).await?.unwrap_or(0)
            }
        };
        given.insert(table, last + n);
        Ok(last + 1)
    }

    /// Counts a counter up by `n`; gives the first of the `n` numbers.
    async fn reserve_among_replicas(&self, name: &str, n: i64) -> Db<i64> {
        let mut link = self.pools.reading().await?;
        let mut sql = link.sql("UPDATE counter SET value = value + ");
        sql.bind(n).push(" WHERE name = ").bind(name).push(" RETURNING value");
        let last = link.number(sql).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok(last - n + 1)
    }

    async fn find_secret(&self, name: &str) -> Db<Option<String>> {
        let mut link = self.pools.reading().await?;
        let mut sql = link.sql("SELECT value FROM secret WHERE name = ");
        sql.bind(name);
        link.rows(sql).await?.first().map(|row| row.read().next()).transpose()
    }

    async fn keep_secret(&self, name: &str, value: &str) -> Db<()> {
        let mut link = self.pools.writing().await?;
        let mut sql = link.sql("INSERT INTO secret (name, value) VALUES (");
        sql.bind(name).bind(value).push(") ON CONFLICT (name) DO NOTHING");
        link.run(sql).await?;
        link.commit().await
    }
}

impl Store for SqlStore {
    async fn receive(&self, updates: &[RawUpdate], now: Millis) -> StoreResult<usize> {
        Ok(uncrossed(|| inbox::receive(&self.pools, updates, now)).await?)
    }

    async fn take(&self, limit: usize, now: Millis) -> StoreResult<Vec<Event>> {
        Ok(inbox::take(&self.pools, limit, now).await?)
    }

    async fn hold(&self, keys: &[i64]) -> StoreResult<Vec<bool>> {
        Ok(self.hold_keys(keys).await?)
    }

    async fn alone(&self, alone: bool) -> StoreResult<()> {
        Ok(self.be_alone(alone).await?)
    }

    async fn let_go(&self) -> StoreResult<()> {
        Ok(self.end_turn().await?)
    }

    fn replicas(&self) -> Option<usize> {
        self.pools.replica().map(Replica::count)
    }

    async fn load(&self, asks: &[Ask]) -> StoreResult<Vec<Facts>> {
        Ok(facts::load(&self.pools, asks).await?)
    }

    async fn reserve_leads(&self, n: i64) -> StoreResult<LeadId> {
        Ok(LeadId(self.reserve("lead", n).await?))
    }

    async fn reserve_alarms(&self, n: i64) -> StoreResult<AlarmId> {
        Ok(AlarmId(self.reserve("alarm", n).await?))
    }

    async fn apply(&self, steps: &[Step], now: Millis) -> StoreResult<Vec<Applied>> {
        Ok(uncrossed(|| step::apply(&self.pools, steps, now)).await?)
    }

    async fn postpone(&self, event: EventSeq, why: &str, again: Option<Millis>) -> StoreResult<()> {
        Ok(inbox::postpone(&self.pools, event, why, again).await?)
    }

    async fn report(&self, reports: &[OutboxReport], now: Millis) -> StoreResult<()> {
        Ok(inbox::report(&self.pools, reports, now).await?)
    }

    async fn ring_timers(&self, now: Millis) -> StoreResult<Option<Millis>> {
        Ok(inbox::ring_timers(&self.pools, now).await?)
    }

    async fn queued(&self, after_change: i64, limit: usize) -> StoreResult<(Vec<Queued>, i64)> {
        Ok(outbox::queued(&self.pools, after_change, limit).await?)
    }

    async fn claim(&self, ids: &[OutboxId], term: Term) -> StoreResult<Vec<Claimed>> {
        Ok(uncrossed(|| outbox::claim(&self.pools, ids, term)).await?)
    }

    async fn settle(&self, settlements: &[Settlement], term: Term, now: Millis) -> StoreResult<()> {
        Ok(uncrossed(|| outbox::settle(&self.pools, settlements, term, now)).await?)
    }

    async fn begin_sending(&self) -> StoreResult<(Term, usize)> {
        let begun = uncrossed(|| outbox::begin_sending(&self.pools)).await?;
        if let Some(replica) = self.pools.replica() {
            replica.sends_now();
        }
        Ok(begun)
    }

    async fn asked_to_wait(&self, now: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        Ok(outbox::asked_to_wait(&self.pools, now).await?)
    }

    async fn sent_since(&self, since: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        Ok(outbox::sent_since(&self.pools, since).await?)
    }

    async fn town(&self) -> StoreResult<TownFile> {
        Ok(town::town(&self.pools).await?)
    }

    async fn townspeople(&self) -> StoreResult<TownFile> {
        Ok(town::townspeople(&mut self.pools.reading().await?).await?)
    }

    async fn group_names(&self, chats: &[ChatId]) -> StoreResult<Vec<(ChatId, String)>> {
        Ok(town::group_names(&mut self.pools.reading().await?, chats).await?)
    }

    async fn town_version(&self) -> StoreResult<TownVersion> {
        Ok(town::version(&mut self.pools.reading().await?).await?)
    }

    async fn seed(&self, groups: &[Group], members: &[Member]) -> StoreResult<()> {
        Ok(town::seed(&self.pools, groups, members).await?)
    }

    async fn import_gazetteer(&self, entries: &[Place]) -> StoreResult<()> {
        Ok(town::import_gazetteer(&self.pools, entries).await?)
    }

    async fn import_points(&self, points: &[Point]) -> StoreResult<()> {
        Ok(town::import_points(&self.pools, points).await?)
    }

    async fn import_members(&self, members: &[Member]) -> StoreResult<()> {
        Ok(town::import_members(&self.pools, members).await?)
    }

    async fn replace_rota(&self, rota: &Rota) -> StoreResult<()> {
        Ok(duty::replace(&self.pools, rota).await?)
    }

    async fn roster(&self) -> StoreResult<Roster> {
        Ok(roster::load(&mut self.pools.reading().await?).await?)
    }

    async fn replace_roster(&self, old: &Roster, new: &Roster) -> StoreResult<bool> {
        Ok(uncrossed(|| roster::replace(&self.pools, old, new)).await?)
    }

    async fn renew_secret(&self, name: &str, fresh: &str) -> StoreResult<()> {
        let mut link = self.pools.writing().await?;
        let mut sql = link.sql("INSERT INTO secret (name, value) VALUES (");
        sql.bind(name).bind(fresh).push(") ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        link.run(sql).await?;
        Ok(link.commit().await?)
    }

    async fn queue_view(&self) -> StoreResult<QueueView> {
        Ok(desk::queue_view(&self.pools).await?)
    }

    async fn gauges(&self) -> StoreResult<Gauges> {
        Ok(desk::gauges(&self.pools).await?)
    }

    async fn audit(&self) -> StoreResult<Audit> {
        Ok(audit::audit(&self.pools).await?)
    }

    async fn record_access(&self, access: &Access) -> StoreResult<()> {
        let mut link = self.pools.writing().await?;
        step::record_access(&mut link, access).await?;
        Ok(link.commit().await?)
    }

    async fn secret(&self, name: &str, fresh: &str) -> StoreResult<String> {
        if let Some(secret) = self.find_secret(name).await? {
            return Ok(secret);
        }
        self.keep_secret(name, fresh).await?;
        Ok(self.find_secret(name).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    async fn retain(&self, rules: &Retention, now: Millis, dry_run: bool) -> StoreResult<Retained> {
        Ok(retain::retain(&self.pools, rules, now, dry_run).await?)
    }

    async fn leads_between(&self, from: Millis, to: Millis, after: LeadId, limit: usize) -> StoreResult<Vec<Lead>> {
        Ok(desk::leads_between(&self.pools, from, to, after, limit).await?)
    }

    async fn lead_steps(&self, leads: &[LeadId]) -> StoreResult<Vec<LeadStep>> {
        Ok(desk::lead_steps(&self.pools, leads).await?)
    }

    async fn decided_since(
        &self,
        since: Millis,
        after: LeadId,
        limit: usize,
    ) -> StoreResult<Vec<(LeadId, Option<LeadId>)>> {
        Ok(earned::decided_since(&mut self.pools.reading().await?, since, after, limit).await?)
    }

    async fn mended_since(&self, since: Millis, after: LeadId, limit: usize) -> StoreResult<Vec<LeadId>> {
        Ok(desk::mended_since(&self.pools, since, after, limit).await?)
    }

    async fn entries_between(
        &self,
        from: Millis,
        to: Millis,
        after: (Millis, i64),
        limit: usize,
    ) -> StoreResult<Vec<Entry>> {
        Ok(ledger::entries_between(&mut self.pools.reading().await?, from, to, after, limit).await?)
    }

    async fn redemptions_between(&self, from: Millis, to: Millis) -> StoreResult<Vec<Redemption>> {
        Ok(redemption::load_between(&mut self.pools.reading().await?, from, to).await?)
    }

    async fn import_rewards(&self, rewards: &[Reward]) -> StoreResult<()> {
        let mut link = self.pools.writing().await?;
        redemption::put_rewards(&mut link, &rewards.iter().collect::<Vec<_>>(), redemption::Picture::Stays).await?;
        Ok(link.commit().await?)
    }

    async fn rewards(&self) -> StoreResult<Vec<Reward>> {
        Ok(redemption::load_rewards(&mut self.pools.reading().await?).await?)
    }

    async fn tallies(&self, from: Millis, to: Millis) -> StoreResult<Vec<Tally>> {
        Ok(ledger::tallies(&mut self.pools.reading().await?, from, to).await?)
    }

    async fn held_before(&self, at: Millis) -> StoreResult<i64> {
        Ok(ledger::held_before(&mut self.pools.reading().await?, at).await?)
    }

    async fn books(&self, from: Millis, to: Millis) -> StoreResult<(LedgerEnd, Vec<Tally>, i64)> {
        let mut link = self.pools.snapshot().await?;
        let end = month::ledger_end(&mut link).await?;
        let tallies = ledger::tallies(&mut link, from, to).await?;
        let before = ledger::held_before(&mut link, from).await?;
        link.commit().await?;
        Ok((end, tallies, before))
    }

    async fn ledger_end(&self) -> StoreResult<LedgerEnd> {
        Ok(month::ledger_end(&mut self.pools.reading().await?).await?)
    }

    async fn lead_codes(&self, leads: &[LeadId]) -> StoreResult<Vec<(LeadId, String)>> {
        Ok(month::lead_codes(&mut self.pools.reading().await?, leads).await?)
    }

    async fn member_codes(&self, users: &[UserId]) -> StoreResult<Vec<(UserId, String)>> {
        Ok(month::member_codes(&mut self.pools.reading().await?, users).await?)
    }

    async fn closed_month(&self, period: Period) -> StoreResult<Option<MonthClose>> {
        Ok(month::closed(&mut self.pools.reading().await?, period).await?)
    }

    async fn filed_people(&self, month: &str) -> StoreResult<Vec<FiledPerson>> {
        Ok(month::filed_people(&mut self.pools.reading().await?, month).await?)
    }

    async fn close_month(&self, order: &CloseOrder) -> StoreResult<bool> {
        let mut link = self.pools.writing().await?;
        match month::close(&mut link, order).await {
            Ok(()) => link.commit().await?,
            Err(Refused::Database(error)) => return Err(error.into()),
            Err(_) => {
                link.rollback().await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn alarms_between(&self, from: Millis, to: Millis) -> StoreResult<Vec<AlarmRecord>> {
        Ok(desk::alarms_between(&self.pools, from, to).await?)
    }

    async fn last_drills(&self, drill: AlarmId, limit: usize) -> StoreResult<Vec<AlarmRecord>> {
        Ok(desk::last_drills(&self.pools, drill, limit).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_takes_nothing_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let store = SqlStore::open(&url, &SqlOptions::default()).await.unwrap();
        let pages = async |most: i64| {
            let mut link = store.pools.writing().await.unwrap();
            let sql = link.sql(&format!("PRAGMA max_page_count = {most}"));
            link.rows(sql).await.unwrap();
            link.commit().await.unwrap();
        };
        let updates: Vec<_> = (0..500)
            .map(|id| RawUpdate { update_id: id, chat: ChatId(1), json: "x".repeat(2_000), press: false })
            .collect();
        pages(100).await;
        assert!(matches!(store.receive(&updates, Millis(1)).await, Err(StoreError::Full)));
        assert_eq!(store.take(9, Millis(1)).await.unwrap(), []);
        let event = {
            assert_eq!(store.receive(&updates[..1], Millis(1)).await.unwrap(), 1);
            store.take(9, Millis(1)).await.unwrap()[0].seq
        };
        let member = |user: i64| Member {
            user: crate::domain::id::UserId(user),
            name: "x".repeat(2_000),
            occupation: String::new(),
            group: String::new(),
            team: String::new(),
            roles: Vec::new(),
            language: None,
            code: String::new(),
            first_seen: Millis(0),
            told_at: None,
        };
        let changes = crate::port::store::Changes { members: (0..500).map(member).collect(), ..Default::default() };
        let step = Step { event, changes };
        assert!(matches!(store.apply(std::slice::from_ref(&step), Millis(1)).await, Err(StoreError::Full)));
        pages(100_000).await;
        assert_eq!(store.apply(&[step], Millis(1)).await.unwrap(), [Applied::Done], "there is room again");
    }
}
