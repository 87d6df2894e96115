use super::*;
use crate::domain::alarm::Point;
use crate::domain::alarm::{Alarm, Call, Callee, Origin, ResponderKind, Summons};
use crate::domain::duty::Rota;
use crate::domain::group::Group;
use crate::domain::id::{AlarmId, EventSeq, MessageId, OutboxId};
use crate::domain::lead::{LeadState, Occurred, Scene};
use crate::domain::member::Member;
use crate::domain::month::{CloseOrder, MonthClose};
use crate::domain::place::{Datum, Place, PlaceSource, Wgs84};
use crate::domain::tip::Grain;
use crate::port::audit::Audit;
use crate::port::store::*;
use std::io;

fn month() -> Period {
    Period::month("2026-11", chrono_tz::Asia::Shanghai).unwrap()
}

fn at(day: i64, second: i64) -> Millis {
    month().from.plus_ms(day * 86_400_000 + second * 1000)
}

pub(crate) fn request(kind: TableKind, names: bool) -> Request {
    Request { kind, period: month(), names }
}

pub(crate) fn config() -> Config {
    Config { unit: "鹿城街道综治办".into(), ..Config::default() }
}

pub(crate) fn lead(id: i64) -> Lead {
    Lead {
        id: LeadId(id),
        version: 1,
        state: LeadState::Verified,
        category: Some("theft".into()),
        urgent: false,
        occurred: Some(Occurred { start: at(2, 0), end: Some(at(2, 3600)), grain: Grain::Hour, text: "今早".into() }),
        scene: Some(Scene {
            at: Wgs84 { lat: 22.840_400_000_000_01, lon: 114.1318 },
            accuracy_m: 50.04,
            source: PlaceSource::PointCode,
            datum: Datum::Wgs84,
            text: "好又多超市".into(),
        }),
        unknown_place: None,
        description: "电动车被偷, \"红色\"".into(),
        relay_text: String::new(),
        chat: ChatId(-100),
        tip_chat: ChatId(-100),
        thread: None,
        message: MessageId(1),
        reporter: Some(UserId(77_777)),
        reporter_code: format!("R{id:03}"),
        private: false,
        written_at: at(2, id),
        received_at: at(2, id),
        first_event: EventSeq(id),
        first_update_id: Some(900_000 + id),
        officer: None,
        decided_at: None,
        duplicate_of: None,
        asked: false,
        outcome: None,
    }
}

pub(crate) fn tally(code: &str, numbers: [i64; 5]) -> Tally {
    let [opening, earned, spent, corrected, closing] = numbers;
    Tally { member: person(7, code), opening, earned, spent, corrected, closing }
}

pub(crate) fn person(user: i64, code: &str) -> Member {
    Member {
        user: UserId(user),
        name: "王小明".into(),
        occupation: "快递员".into(),
        group: "鹿城群".into(),
        team: String::new(),
        roles: vec![],
        language: None,
        code: code.into(),
        first_seen: Millis(0),
        told_at: None,
    }
}

pub(crate) fn alarm(alarm: i64, point: &str) -> AlarmRecord {
    let alarm = Alarm {
        id: AlarmId(alarm),
        version: 1,
        lead: Some(LeadId(12)),
        drill: alarm == 2,
        origin: Origin::Desk,
        chat: None,
        category: None,
        scene: None,
        ring: 1,
        raised_by: Some(UserId(9)),
        raised_at: at(3, 0),
        taken: None,
        controlled: None,
        stood_down: None,
    };
    let call = Call {
        alarm: alarm.id,
        callee: Callee::Point(point.into()),
        kind: ResponderKind::Point,
        team: None,
        ring: 1,
        distance_m: Some(40.0),
        called_at: at(3, 1),
        failure: None,
        people: vec![Summons {
            delivered_at: Some(at(3, 2)),
            acknowledged_at: Some(at(3, 20)),
            ..Summons::new(UserId(7), at(3, 1))
        }],
    };
    AlarmRecord { alarm, calls: vec![call], timeline: Vec::new() }
}

fn keys(table: &Table) -> Vec<&str> {
    table.head.columns.iter().map(|column| column.key).collect()
}

fn cell<'a>(table: &'a Table, row: usize, key: &str) -> &'a Cell {
    &table.rows[row][keys(table).iter().position(|k| *k == key).unwrap()]
}

#[test]
fn the_columns_are_the_fixed_ones() {
    let keys = |kind| {
        let head = request(kind, false).head(&config());
        head.columns.iter().map(|column| column.key).collect::<Vec<_>>().join(",")
    };
    assert_eq!(
        keys(TableKind::Leads),
        "number,category,state,occurred_start,occurred_end,received_at,lat,lon,accuracy_m,place_source,place_text,\
         description,group,reporter_code,first_update_id"
    );
    assert_eq!(keys(TableKind::Points), "member_code,name,occupation,group,opening,earned,spent,corrected,closing");
    assert_eq!(
        keys(TableKind::Alarms),
        "alarm,lead,raised_at,raised_by,drill,ring,point_code,called_at,delivered,acknowledged_at,under_way_at,\
         on_scene_at,stood_down_at,kind,team,distance_m,minutes,declined_at,lapsed_at,origin,taken_at,controlled_at,\
         outcome"
    );
}

#[test]
fn a_lead_shows_its_place_and_only_its_own_code_of_the_reporter() {
    let words = Words {
        groups: HashMap::from([(ChatId(-100), "鹿城群".to_owned())]),
        categories: HashMap::from([("theft".to_owned(), "盗窃 theft".to_owned())]),
        ..Words::default()
    };
    let mut private = lead(2);
    private.chat = ChatId(77_777);
    private.scene = None;
    private.unknown_place = Some("老榕树".into());
    let table = leads_table(request(TableKind::Leads, true).head(&config()), &[lead(1), private], &words);
    assert!(table.rows.iter().all(|row| row.len() == table.head.columns.len()));
    assert_eq!(cell(&table, 0, "lat"), &Cell::Float(22.8404));
    assert_eq!(cell(&table, 0, "accuracy_m"), &Cell::Float(50.0));
    let term = |id: &str, shown: &str| Cell::Term { id: id.into(), shown: shown.into() };
    assert_eq!(cell(&table, 0, "category"), &term("theft", "盗窃 theft"));
    assert_eq!(cell(&table, 0, "state"), &term("verified", "已核实 verified"));
    assert_eq!(cell(&table, 0, "place_source"), &term("point_code", "联络点码 point code"));
    assert_eq!(cell(&table, 0, "group"), &Cell::Text("鹿城群".into()));
    assert_eq!(cell(&table, 1, "group"), &Cell::Empty);
    assert_eq!(cell(&table, 1, "lat"), &Cell::Empty);
    assert_eq!(cell(&table, 1, "place_text"), &Cell::Text("老榕树".into()));
    assert_eq!(cell(&table, 1, "reporter_code"), &Cell::Text("R002".into()));
    assert!(!format!("{:?}", table.rows).contains("77777"), "the reporter's own number stands nowhere");
}

#[test]
fn the_source_has_the_name_that_json_knows() {
    use PlaceSource as S;
    for source in [
        S::Location,
        S::Venue,
        S::Coordinates,
        S::Link,
        S::PlusCode,
        S::PointCode,
        S::Gazetteer,
        S::Crossing,
        S::Address,
        S::GroupArea,
    ] {
        let Cell::Term { id, .. } = source_term(source) else { panic!("{source:?} is no term") };
        assert_eq!(serde_json::to_value(source).unwrap(), id);
    }
}

#[test]
fn a_scrubbed_lead_keeps_its_number() {
    let mut lead = lead(3);
    lead.scrub();
    let table = leads_table(request(TableKind::Leads, true).head(&config()), &[lead], &Words::default());
    assert_eq!(cell(&table, 0, "number"), &Cell::Int(3));
    for key in ["category", "occurred_start", "lat", "place_source", "place_text", "description"] {
        assert_eq!(cell(&table, 0, key), &Cell::Empty, "{key}");
    }
}

#[test]
fn points_are_totalled_and_named_only_with_the_right() {
    let tallies = [tally("M1", [10, 20, 5, -3, 22]), tally("M2", [0, 7, 0, 0, 7])];
    let make = |names| points_table(request(TableKind::Points, names).head(&config()), &tallies, names).unwrap();
    let (plain, named) = (make(false), make(true));
    assert_eq!(cell(&plain, 0, "name"), &Cell::Empty);
    assert_eq!(cell(&named, 0, "name"), &Cell::Text("王小明".into()));
    assert!(!format!("{plain:?}").contains("王小明"));
    let totals = plain.totals.unwrap();
    assert_eq!(totals[0], Cell::Text("total 2026-11-01/2026-12-01".into()));
    assert_eq!(totals[4..], [10, 27, 5, -3, 29].map(Cell::Int));
}

#[test]
fn points_that_do_not_add_up_are_not_filed() {
    let head = || request(TableKind::Points, false).head(&config());
    let tallies = [tally("M1", [10, 20, 5, -3, 22]), tally("M2", [0, 7, 0, 0, 8])];
    let error = points_table(head(), &tallies, false).unwrap_err().to_string();
    assert!(error.contains("M2") && error.contains("earned 7"), "{error}");
    let tallies = [tally("M1", [i64::MAX, 0, 0, 0, i64::MAX]), tally("M2", [1, 0, 0, 0, 1])];
    assert!(points_table(head(), &tallies, false).is_err());
}

#[test]
fn calls_name_officers_by_code() {
    let staff = HashMap::from([(UserId(9), "S9".to_owned())]);
    let mut calls = vec![alarm(1, "P1"), alarm(2, "P2"), alarm(3, "P3")];
    calls[1].alarm.raised_by = None;
    calls[2].alarm.raised_by = Some(UserId(55_555));
    let table = alarms_table(request(TableKind::Alarms, false).head(&config()), &calls, &staff);
    let raised: Vec<&Cell> = (0..3).map(|row| cell(&table, row, "raised_by")).collect();
    assert_eq!(raised, ["S9", "baiying", "unlisted"].map(|who| Cell::Text(who.into())).iter().collect::<Vec<_>>());
    assert_eq!(cell(&table, 1, "drill"), &Cell::Flag(true));
    assert_eq!(cell(&table, 0, "delivered"), &Cell::Flag(true));
    assert_eq!(cell(&table, 0, "on_scene_at"), &Cell::Empty);
}

#[test]
fn an_export_is_put_on_record() {
    let access = request(TableKind::Points, true).access("cli", &config(), Millis(5));
    assert_eq!((access.what.as_str(), access.detail.as_str()), ("names", "points 2026-11-01/2026-12-01"));
    let access = request(TableKind::Leads, true).access("cli", &config(), Millis(5));
    assert_eq!(access.what, "export");
}

/// A store that knows leads, tallies and calls only.
#[derive(Clone)]
struct Shelf {
    leads: std::sync::Arc<Vec<Lead>>,
    pages: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

#[derive(Default)]
struct Heard(Vec<Vec<Cell>>, usize, bool);

impl TableSink for Heard {
    fn begin(&mut self, _: &Head) -> io::Result<()> {
        self.1 += 1;
        Ok(())
    }
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.0.push(cells.to_vec());
        Ok(())
    }
    fn totals(&mut self, _: &[Cell]) -> io::Result<()> {
        self.2 = true;
        Ok(())
    }
}

#[tokio::test]
async fn leads_come_page_by_page_each_once() {
    let leads: Vec<Lead> = (1..=1203).map(lead).collect();
    let shelf = Shelf { leads: leads.into(), pages: std::sync::Arc::default() };
    let mut heard = Heard::default();
    let count = export(&shelf, &config(), request(TableKind::Leads, false), &mut heard).await.unwrap();
    assert_eq!((count, heard.0.len(), heard.1, heard.2), (1203, 1203, 1, false));
    let numbers: Vec<Cell> = heard.0.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, (1..=1203).map(Cell::Int).collect::<Vec<_>>());
    assert_eq!(heard.0[0][12], Cell::Text("鹿城群".into()));
    assert_eq!(shelf.pages.load(std::sync::atomic::Ordering::Relaxed), 4);
}

#[tokio::test]
async fn the_appraisal_counts_every_page() {
    let leads: Vec<Lead> = (1..=1203).map(lead).collect();
    let shelf = Shelf { leads: leads.into(), pages: std::sync::Arc::default() };
    let mut heard = Heard::default();
    let count = export(&shelf, &config(), request(TableKind::Appraisal, false), &mut heard).await.unwrap();
    // Tips of a group that the town does not have, the point of the one alarm, and whose points they are.
    assert_eq!((count, heard.0.len(), heard.2), (3, 3, true));
    assert_eq!(heard.0[0][2..4], [1203, 1203].map(Cell::Int));
    assert_eq!(shelf.pages.load(std::sync::atomic::Ordering::Relaxed), 4);
}

#[tokio::test]
async fn points_and_alarms_come_with_their_rows() {
    let shelf = Shelf { leads: Vec::new().into(), pages: std::sync::Arc::default() };
    let mut heard = Heard::default();
    assert_eq!(export(&shelf, &config(), request(TableKind::Points, false), &mut heard).await.unwrap(), 2);
    assert!(heard.2);
    let held = [30, 0, 0, 0, 30].map(Cell::Int);
    assert_eq!(heard.0[1][4..], held, "what those hold whose points did not move");
    let mut heard = Heard::default();
    assert_eq!(export(&shelf, &config(), request(TableKind::Alarms, false), &mut heard).await.unwrap(), 1);
    assert_eq!(heard.0[0][3], Cell::Text("S9".into()));
}

const NOT_HERE: &str = "export only reads the town, leads, tallies and calls";

impl Store for Shelf {
    async fn group_names(&self, _: &[ChatId]) -> StoreResult<Vec<(ChatId, String)>> {
        Ok(vec![(ChatId(-100), "鹿城群".into())])
    }

    async fn townspeople(&self) -> StoreResult<TownFile> {
        Ok(TownFile { staff: vec![person(9, "S9")], ..TownFile::default() })
    }
    async fn leads_between(&self, from: Millis, to: Millis, after: LeadId, limit: usize) -> StoreResult<Vec<Lead>> {
        self.pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let fits = |lead: &&Lead| lead.id > after && (from..to).contains(&lead.received_at);
        Ok(self.leads.iter().filter(fits).take(limit).cloned().collect())
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
        Ok(vec![tally("M1", [0, 1, 0, 0, 1])])
    }
    async fn held_before(&self, _: Millis) -> StoreResult<i64> {
        Ok(30)
    }
    async fn books(&self, from: Millis, to: Millis) -> StoreResult<(LedgerEnd, Vec<Tally>, i64)> {
        Ok((self.ledger_end().await?, self.tallies(from, to).await?, self.held_before(from).await?))
    }
    async fn ledger_end(&self) -> StoreResult<LedgerEnd> {
        Ok(LedgerEnd::default())
    }
    async fn lead_codes(&self, _: &[LeadId]) -> StoreResult<Vec<(LeadId, String)>> {
        unreachable!()
    }
    async fn member_codes(&self, _: &[UserId]) -> StoreResult<Vec<(UserId, String)>> {
        unreachable!()
    }
    async fn closed_month(&self, _: Period) -> StoreResult<Option<MonthClose>> {
        Ok(None)
    }
    async fn filed_people(&self, _: &str) -> StoreResult<Vec<FiledPerson>> {
        unreachable!()
    }
    async fn close_month(&self, _: &CloseOrder) -> StoreResult<bool> {
        unreachable!()
    }
    async fn alarms_between(&self, _: Millis, _: Millis) -> StoreResult<Vec<AlarmRecord>> {
        Ok(vec![alarm(1, "P1")])
    }

    async fn last_drills(&self, _: AlarmId, _: usize) -> StoreResult<Vec<AlarmRecord>> {
        Ok(Vec::new())
    }
    async fn audit(&self) -> StoreResult<Audit> {
        unreachable!("{NOT_HERE}")
    }
    async fn receive(&self, _: &[RawUpdate], _: Millis) -> StoreResult<usize> {
        unreachable!("{NOT_HERE}")
    }
    async fn take(&self, _: usize, _: Millis) -> StoreResult<Vec<Event>> {
        unreachable!("{NOT_HERE}")
    }
    async fn load(&self, _: &[Ask]) -> StoreResult<Vec<Facts>> {
        unreachable!("{NOT_HERE}")
    }
    async fn reserve_leads(&self, _: i64) -> StoreResult<LeadId> {
        unreachable!("{NOT_HERE}")
    }
    async fn reserve_alarms(&self, _: i64) -> StoreResult<AlarmId> {
        unreachable!("{NOT_HERE}")
    }
    async fn apply(&self, _: &[Step], _: Millis) -> StoreResult<Vec<Applied>> {
        unreachable!("{NOT_HERE}")
    }
    async fn postpone(&self, _: EventSeq, _: &str, _: Option<Millis>) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn report(&self, _: &[OutboxReport], _: Millis) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn ring_timers(&self, _: Millis) -> StoreResult<Option<Millis>> {
        unreachable!("{NOT_HERE}")
    }
    async fn queued(&self, _: i64, _: usize) -> StoreResult<(Vec<Queued>, i64)> {
        unreachable!("{NOT_HERE}")
    }
    async fn claim(&self, _: &[OutboxId], _: Term) -> StoreResult<Vec<Claimed>> {
        unreachable!("{NOT_HERE}")
    }
    async fn settle(&self, _: &[Settlement], _: Term, _: Millis) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn begin_sending(&self) -> StoreResult<(Term, usize)> {
        unreachable!("{NOT_HERE}")
    }
    async fn asked_to_wait(&self, _: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        unreachable!()
    }
    async fn sent_since(&self, _: Millis) -> StoreResult<Vec<(ChatId, Millis)>> {
        unreachable!("{NOT_HERE}")
    }
    async fn town(&self) -> StoreResult<TownFile> {
        self.townspeople().await
    }
    async fn town_version(&self) -> StoreResult<TownVersion> {
        unreachable!("{NOT_HERE}")
    }
    async fn seed(&self, _: &[Group], _: &[Member]) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn import_gazetteer(&self, _: &[Place]) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn import_points(&self, _: &[Point]) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn import_members(&self, _: &[Member]) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn lead_steps(&self, leads: &[LeadId]) -> StoreResult<Vec<LeadStep>> {
        let verify = |lead: &LeadId| LeadStep { lead: *lead, at: at(3, 0), action: "verify".into() };
        Ok(leads.iter().map(verify).collect())
    }
    async fn roster(&self) -> StoreResult<crate::domain::roster::Roster> {
        unreachable!("{NOT_HERE}")
    }
    async fn replace_roster(
        &self,
        _: &crate::domain::roster::Roster,
        _: &crate::domain::roster::Roster,
    ) -> StoreResult<bool> {
        unreachable!("{NOT_HERE}")
    }
    async fn replace_rota(&self, _: &Rota) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn renew_secret(&self, _: &str, _: &str) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn queue_view(&self) -> StoreResult<QueueView> {
        unreachable!("{NOT_HERE}")
    }
    async fn gauges(&self) -> StoreResult<Gauges> {
        unreachable!("{NOT_HERE}")
    }
    async fn record_access(&self, _: &Access) -> StoreResult<()> {
        unreachable!("{NOT_HERE}")
    }
    async fn secret(&self, _: &str, _: &str) -> StoreResult<String> {
        unreachable!("{NOT_HERE}")
    }
    async fn retain(&self, _: &Retention, _: Millis, _: bool) -> StoreResult<Retained> {
        unreachable!("{NOT_HERE}")
    }
}
