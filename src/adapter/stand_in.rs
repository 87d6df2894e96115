//! Stand-ins for tests of this room: a store that keeps updates in memory, a Bot API server with scripted answers,
//! a meter that remembers and a clock that stands still.

use crate::domain::group::Group;
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, Millis, OutboxId, UserId};
use crate::domain::member::Member;
use crate::domain::month::{CloseOrder, MonthClose};
use crate::domain::period::Period;
use crate::domain::place::Place;
use crate::port::audit::Audit;
use crate::port::clock::Clock;
use crate::port::meter::{Count, Level, Meter, Span};
use crate::port::store::*;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Keeps updates; answers the questions of `doctor` and `/metrics`; nothing else may be asked of it.
#[derive(Clone, Default)]
pub(crate) struct StubStore(pub(crate) Arc<Stub>);

#[derive(Default)]
pub(crate) struct Stub {
    pub(crate) received: Mutex<Vec<RawUpdate>>,
    /// Answers to the next calls of `receive`, before it works.
    pub(crate) refuse: Mutex<VecDeque<StoreError>>,
    pub(crate) town: Mutex<TownFile>,
    pub(crate) roster: Mutex<crate::domain::roster::Roster>,
    pub(crate) gauges: Mutex<Gauges>,
    pub(crate) audit: Mutex<Audit>,
    pub(crate) broken: Mutex<bool>,
}

impl StubStore {
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.0.received.lock().unwrap().iter().map(|update| update.update_id).collect()
    }

    fn sound(&self) -> StoreResult<()> {
        if *self.0.broken.lock().unwrap() { Err(StoreError::Other("disk I/O error".into())) } else { Ok(()) }
    }
}

impl Store for StubStore {
    async fn receive(&self, updates: &[RawUpdate], _: Millis) -> StoreResult<usize> {
        if let Some(error) = self.0.refuse.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.sound()?;
        let mut received = self.0.received.lock().unwrap();
        let before = received.len();
        for update in updates {
            if !received.iter().any(|it| it.update_id == update.update_id) {
                received.push(update.clone());
            }
        }
        Ok(received.len() - before)
    }
    async fn town(&self) -> StoreResult<TownFile> {
        self.sound()?;
        Ok(self.0.town.lock().unwrap().clone())
    }
    async fn gauges(&self) -> StoreResult<Gauges> {
        self.sound()?;
        Ok(self.0.gauges.lock().unwrap().clone())
    }
    async fn audit(&self) -> StoreResult<Audit> {
        self.sound()?;
        Ok(self.0.audit.lock().unwrap().clone())
    }
    async fn secret(&self, _: &str, fresh: &str) -> StoreResult<String> {
        self.sound()?;
        Ok(fresh.into())
    }
    async fn take(&self, _: usize, _: Millis) -> StoreResult<Vec<Event>> {
        unreachable!()
    }
    async fn load(&self, _: &[Ask]) -> StoreResult<Vec<Facts>> {
        unreachable!()
    }
    async fn reserve_leads(&self, _: i64) -> StoreResult<LeadId> {
        unreachable!()
    }
    async fn reserve_alarms(&self, _: i64) -> StoreResult<AlarmId> {
        unreachable!()
    }
    async fn apply(&self, _: &[Step], _: Millis) -> StoreResult<Vec<Applied>> {
        unreachable!()
    }
    async fn postpone(&self, _: EventSeq, _: &str, _: Option<Millis>) -> StoreResult<()> {
        unreachable!()
    }
    async fn report(&self, _: &[OutboxReport], _: Millis) -> StoreResult<()> {
        unreachable!()
    }
    async fn ring_timers(&self, _: Millis) -> StoreResult<Option<Millis>> {
        unreachable!()
    }
    async fn queued(&self, _: i64, _: usize) -> StoreResult<(Vec<Queued>, i64)> {
        unreachable!()
    }
    async fn claim(&self, _: &[OutboxId], _: Term) -> StoreResult<Vec<Claimed>> {
        unreachable!()
    }
    async fn settle(&self, _: &[Settlement], _: Term, _: Millis) -> StoreResult<()> {
        unreachable!()
    }
    async fn begin_sending(&self) -> StoreResult<(Term, usize)> {
        unreachable!()
    }
    async fn asked_to_wait(&self, _: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        unreachable!()
    }
    async fn sent_since(&self, _: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        unreachable!()
    }
    async fn townspeople(&self) -> StoreResult<TownFile> {
        self.town().await
    }
    async fn group_names(&self, _: &[ChatId]) -> StoreResult<Vec<(ChatId, String)>> {
        unreachable!()
    }
    async fn town_version(&self) -> StoreResult<TownVersion> {
        unreachable!()
    }
    async fn seed(&self, _: &[Group], _: &[Member]) -> StoreResult<()> {
        unreachable!()
    }
    async fn import_gazetteer(&self, _: &[Place]) -> StoreResult<()> {
        unreachable!()
    }
    async fn import_points(&self, _: &[crate::domain::alarm::Point]) -> StoreResult<()> {
        unreachable!()
    }
    async fn import_members(&self, _: &[Member]) -> StoreResult<()> {
        unreachable!()
    }
    async fn replace_rota(&self, _: &crate::domain::duty::Rota) -> StoreResult<()> {
        unreachable!()
    }
    async fn lead_steps(&self, _: &[crate::domain::id::LeadId]) -> StoreResult<Vec<LeadStep>> {
        unreachable!()
    }
    async fn roster(&self) -> StoreResult<crate::domain::roster::Roster> {
        self.sound()?;
        Ok(self.0.roster.lock().unwrap().clone())
    }
    async fn replace_roster(
        &self,
        _: &crate::domain::roster::Roster,
        _: &crate::domain::roster::Roster,
    ) -> StoreResult<bool> {
        unreachable!()
    }
    async fn renew_secret(&self, _: &str, _: &str) -> StoreResult<()> {
        unreachable!()
    }
    async fn queue_view(&self) -> StoreResult<QueueView> {
        unreachable!()
    }
    async fn record_access(&self, _: &Access) -> StoreResult<()> {
        unreachable!()
    }
    async fn retain(&self, _: &Retention, _: Millis, _: bool) -> StoreResult<Retained> {
        unreachable!()
    }
    async fn leads_between(
        &self,
        _: Millis,
        _: Millis,
        _: LeadId,
        _: usize,
    ) -> StoreResult<Vec<crate::domain::lead::Lead>> {
        unreachable!()
    }
    async fn decided_since(&self, _: Millis, _: LeadId, _: usize) -> StoreResult<Vec<(LeadId, Option<LeadId>)>> {
        unreachable!()
    }
    async fn mended_since(&self, _: Millis, _: LeadId, _: usize) -> StoreResult<Vec<LeadId>> {
        unreachable!()
    }
    async fn entries_between(
        &self,
        _: Millis,
        _: Millis,
        _: (Millis, i64),
        _: usize,
    ) -> StoreResult<Vec<crate::domain::points::Entry>> {
        unreachable!()
    }
    async fn redemptions_between(
        &self,
        _: Millis,
        _: Millis,
    ) -> StoreResult<Vec<crate::domain::redemption::Redemption>> {
        unreachable!()
    }
    async fn import_rewards(&self, _: &[crate::domain::redemption::Reward]) -> StoreResult<()> {
        unreachable!()
    }
    async fn rewards(&self) -> StoreResult<Vec<crate::domain::redemption::Reward>> {
        unreachable!()
    }
    async fn tallies(&self, _: Millis, _: Millis) -> StoreResult<Vec<Tally>> {
        unreachable!()
    }
    async fn held_before(&self, _: Millis) -> StoreResult<i64> {
        unreachable!()
    }
    async fn books(&self, _: Millis, _: Millis) -> StoreResult<(LedgerEnd, Vec<Tally>, i64)> {
        unreachable!()
    }
    async fn ledger_end(&self) -> StoreResult<LedgerEnd> {
        unreachable!()
    }
    async fn lead_codes(&self, _: &[LeadId]) -> StoreResult<Vec<(LeadId, String)>> {
        unreachable!()
    }
    async fn member_codes(&self, _: &[UserId]) -> StoreResult<Vec<(UserId, String)>> {
        unreachable!()
    }
    async fn closed_month(&self, _: Period) -> StoreResult<Option<MonthClose>> {
        unreachable!()
    }
    async fn filed_people(&self, _: &str) -> StoreResult<Vec<FiledPerson>> {
        unreachable!()
    }
    async fn close_month(&self, _: &CloseOrder) -> StoreResult<bool> {
        unreachable!()
    }
    async fn alarms_between(&self, _: Millis, _: Millis) -> StoreResult<Vec<AlarmRecord>> {
        unreachable!()
    }
    async fn last_drills(&self, _: AlarmId, _: usize) -> StoreResult<Vec<AlarmRecord>> {
        unreachable!()
    }
}

/// A clock that stands still.
pub(crate) struct StillClock(pub(crate) Millis);

impl Clock for StillClock {
    fn now(&self) -> Millis {
        self.0
    }
}

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) counts: Mutex<Vec<(Count, u64)>>,
    pub(crate) troubles: Mutex<Vec<(&'static str, Option<String>)>>,
}

impl Meter for Notes {
    fn count(&self, what: Count, n: u64) {
        self.counts.lock().unwrap().push((what, n));
    }
    fn took(&self, _: Span, _: i64) {}
    fn level(&self, _: Level, _: i64) {}
    fn trouble(&self, part: &'static str, what: Option<String>) {
        self.troubles.lock().unwrap().push((part, what));
    }
}

/// One call as the server saw it: the method, its content type, its body.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// A Bot API server: `script` answers each call with a status and a body; status 0 never answers.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (seen, script) = (calls.clone(), Arc::new(script));
        let handler = move |request: axum::extract::Request| {
            let (seen, script) = (seen.clone(), script.clone());
            async move {
                let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
                let content_type = request.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
                let body = axum::body::to_bytes(request.into_body(), 1 << 24).await.unwrap().to_vec();
                let call = Call { method, content_type, body };
                let (status, answer) = script(&call);
                seen.lock().unwrap().push(call);
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                (axum::http::StatusCode::from_u16(status).unwrap(), answer)
            }
        };
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
        Self { url, calls }
    }

    pub(crate) fn last(&self) -> Call {
        self.calls.lock().unwrap().last().expect("a call").clone()
    }
}

/// Waits until `done` holds; fails after ten seconds.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while !done() {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain");
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
