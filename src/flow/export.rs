//! Export: which rows stand in which table, and what every column holds.
//!
//! Owns the filed tables' columns, who is named in them and that points add up. Leads stream page by page; bytes
//! and digests are an adapter's. Called by the export command and by the sender of `/export`'s documents.

pub mod alarm;
pub mod appraisal;
pub mod approval;
pub mod drill;
pub mod entries;
pub mod office;
pub mod points;
pub mod redemptions;

pub use alarm::alarms_table;
pub use appraisal::Appraisal;
pub use points::points_table;

use crate::config::Config;
use crate::domain::id::{ChatId, LeadId, Millis, UserId};
use crate::domain::lead::{Lead, LeadState};
use crate::domain::period::Period;
use crate::domain::place::PlaceSource;
use crate::domain::tip::redact::{Relayed, redact_text};
use crate::port::store::{Access, Store, StoreResult, TownFile};
use crate::port::table::{Cell, Column, Head, Holds, Table, TableKind, TableSink};
use anyhow::{bail, ensure};
use std::collections::{BTreeSet, HashMap};

/// How many leads are read at once.
const PAGE: usize = 500;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Which table.
    pub kind: TableKind,
    /// Leads by receipt, points by posting, alarms by when they were raised.
    pub period: Period,
    /// Whether names may stand in it: only with the payout right.
    pub names: bool,
}

impl Request {
    /// The line that the export leaves in the access log, for whoever asked.
    pub fn access(&self, who: impl Into<String>, config: &Config, now: Millis) -> Access {
        Access {
            at: now,
            who: who.into(),
            what: if self.names && matches!(self.kind, TableKind::Points | TableKind::Entries) {
                "names"
            } else {
                "export"
            }
            .into(),
            detail: format!("{} {}", self.kind.as_str(), self.period.interval(config.time_zone)),
        }
    }

    /// What stands above the rows.
    pub fn head(&self, config: &Config) -> Head {
        let (title, columns) = match self.kind {
            TableKind::Leads => ("线索表 Leads", LEADS.to_vec()),
            TableKind::Points => ("积分统计表 Points tally", points::POINTS.to_vec()),
            TableKind::Entries => ("积分台账明细表 Ledger entries", entries::ENTRIES.to_vec()),
            TableKind::Redemptions => ("积分兑换明细表 Redemptions", redemptions::REDEMPTIONS.to_vec()),
            TableKind::Alarms => ("警情呼叫记录表 Alarm calls", alarm::CALLS.to_vec()),
            TableKind::Timeline => ("警情经过表 Alarm timelines", alarm::TIMELINE.to_vec()),
            TableKind::Responses => ("响应时效表 Response times", alarm::RESPONSES.to_vec()),
            TableKind::Drill => ("演练报告 DRILL report", drill::POINTS.to_vec()),
            TableKind::Rosters => ("花名册 Rosters", Vec::new()),
            TableKind::Appraisal => ("各单位工作考核表 Appraisal by unit", appraisal::UNITS.to_vec()),
            TableKind::Rules => ("积分规则试算表 Dry run of a rule book", Vec::new()),
        };
        Head {
            kind: self.kind,
            sheet: None,
            title: title.into(),
            period: self.period,
            zone: config.time_zone,
            unit: config.unit.clone(),
            columns,
        }
    }
}

/// Hands the table that is asked for to `sink`, row by row; tells how many rows it has. Leads are never all in memory.
///
/// # Errors
/// The store's, the sink's, or points that do not add up (then nothing was handed out).
pub async fn export<S: Store>(
    store: &S,
    config: &Config,
    request: Request,
    sink: &mut (impl TableSink + Send),
) -> anyhow::Result<u64> {
    let (head, Period { from, to }) = (request.head(config), request.period);
    match request.kind {
        TableKind::Leads => {
            let mut words = Words::of(config);
            sink.begin(&head)?;
            let (mut after, mut count) = (LeadId(0), 0);
            loop {
                let page = store.leads_between(from, to, after, PAGE).await?;
                let Some(last) = page.last() else { break Ok(count) };
                ensure!(last.id != after, "the store gave the same page of leads twice");
                after = last.id;
                words.learn_groups(store, &page).await?;
                for lead in &page {
                    sink.row(&lead_row(lead, &words))?;
                    count += 1;
                }
            }
        }
        TableKind::Points => {
            let books = office::Books::read(store, request.period).await?;
            if sink.holds_several() {
                return office::workbook(store, config, request, books, sink).await;
            }
            let table = points_table(books.titled(head), &books.tallies, request.names)?;
            table.pour(sink)?;
            Ok(table.rows.len() as u64)
        }
        TableKind::Redemptions => {
            let mut books = office::Books::read(store, request.period).await?;
            let table = books.redemptions(store, head).await?;
            table.pour(sink)?;
            Ok(table.rows.len() as u64)
        }
        TableKind::Entries => office::entries_alone(store, config, request, sink).await,
        TableKind::Alarms => {
            let staff = staff_codes(&store.townspeople().await?);
            let records = store.alarms_between(from, to).await?;
            let calls = alarms_table(head, &records, &staff);
            let count = calls.rows.len() as u64;
            if sink.holds_several() {
                alarm::workbook(calls, &records, &staff, config).iter().try_for_each(|sheet| sheet.pour(sink))?;
            } else {
                calls.pour(sink)?;
            }
            Ok(count)
        }
        TableKind::Timeline => {
            let staff = staff_codes(&store.townspeople().await?);
            let table = alarm::timeline_table(head, &store.alarms_between(from, to).await?, &staff);
            table.pour(sink)?;
            Ok(table.rows.len() as u64)
        }
        TableKind::Responses => {
            let table = alarm::responses_table(head, &store.alarms_between(from, to).await?);
            table.pour(sink)?;
            Ok(table.rows.len() as u64)
        }
        TableKind::Appraisal => {
            let mut table = Appraisal::new(&store.town().await?, config);
            let mut after = LeadId(0);
            loop {
                let page = store.leads_between(from, to, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                ensure!(last.id != after, "the store gave the same page of leads twice");
                after = last.id;
                let ids: Vec<LeadId> = page.iter().map(|lead| lead.id).collect();
                table.take(&page, &store.lead_steps(&ids).await?);
            }
            table.earn(&store.tallies(from, to).await?);
            let table = table.table(head, &store.alarms_between(from, to).await?);
            table.pour(sink)?;
            Ok(table.rows.len() as u64)
        }
        TableKind::Drill => bail!("a drill's report is made at the drill's end"),
        TableKind::Rosters => bail!("rosters are exported as they stand, not over a period"),
        TableKind::Rules => bail!("the dry run of a rule book is made by the command `rules`"),
    }
}

const fn column(key: &'static str, zh: &'static str, en: &'static str, holds: Holds, width: u8) -> Column {
    Column { key, zh, en, holds, width, summed: false }
}

const LEADS: &[Column] = &[
    column("number", "编号", "Number", Holds::Count, 7),
    column("category", "类别", "Category", Holds::Text, 22),
    column("state", "状态", "State", Holds::Text, 17),
    column("occurred_start", "发生时间起", "Occurred from", Holds::Instant, 19),
    column("occurred_end", "发生时间止", "Occurred to", Holds::Instant, 19),
    column("received_at", "接收时间", "Received", Holds::Instant, 19),
    column("lat", "纬度", "Latitude", Holds::Degrees, 11),
    column("lon", "经度", "Longitude", Holds::Degrees, 11),
    column("accuracy_m", "精度（米）", "Error (m)", Holds::Metres, 9),
    column("place_source", "位置来源", "Place source", Holds::Text, 20),
    column("place_text", "地点", "Place", Holds::Text, 20),
    column("description", "描述", "Description", Holds::Text, 40),
    column("group", "群组", "Group", Holds::Text, 18),
    column("reporter_code", "线索员码", "Reporter", Holds::Text, 11),
    column("first_update_id", "更新编号", "Update", Holds::Count, 12),
];

/// How people read what leads hold as ids.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// The name of each group that leads came from. A private chat has none.
    pub groups: HashMap<ChatId, String>,
    /// Each category in both languages.
    pub categories: HashMap<String, String>,
    /// What of the words an office may read: numbers of people and their accounts are for police, at the desk.
    pub relayed: Relayed,
}

impl Words {
    /// The config's categories; groups are learnt from the leads.
    pub fn of(config: &Config) -> Self {
        let categories = config.category.iter().map(|known| (known.id.clone(), format!("{} {}", known.zh, known.en)));
        let relayed = Relayed { plates: config.tip.relay_plates };
        Self { groups: HashMap::new(), categories: categories.collect(), relayed }
    }

    /// Looks up the groups of these leads that are not known yet: a district has thousands.
    async fn learn_groups<S: Store>(&mut self, store: &S, leads: &[Lead]) -> StoreResult<()> {
        let unknown: BTreeSet<ChatId> =
            leads.iter().map(|lead| lead.chat).filter(|chat| chat.0 < 0 && !self.groups.contains_key(chat)).collect();
        if !unknown.is_empty() {
            self.groups.extend(store.group_names(&unknown.into_iter().collect::<Vec<_>>()).await?);
        }
        Ok(())
    }
}

/// The code of each officer, by user id.
pub fn staff_codes(town: &TownFile) -> HashMap<UserId, String> {
    town.staff.iter().map(|member| (member.user, member.code.clone())).collect()
}

/// An officer's code.
fn staff_code(staff: &HashMap<UserId, String>, user: UserId) -> &str {
    staff.get(&user).map_or("unlisted", String::as_str)
}

/// One row of the leads table. The reporter stands in it only by the lead's own code.
pub fn lead_row(lead: &Lead, words: &Words) -> Vec<Cell> {
    let (occurred, scene) = (lead.occurred.as_ref(), lead.scene.as_ref());
    let place = match scene {
        Some(scene) if !scene.text.is_empty() => scene.text.clone(),
        _ => lead.unknown_place.clone().unwrap_or_default(),
    };
    // A link is long digits, and points at a place.
    let is_link = scene.is_some_and(|scene| scene.source == PlaceSource::Link);
    let place = if is_link { place } else { redact_text(&place, words.relayed) };
    let scene_number = |number: Option<f64>, digits| number.map_or(Cell::Empty, |n| Cell::Float(round(n, digits)));
    vec![
        Cell::Int(lead.id.0),
        lead.category.as_ref().map_or(Cell::Empty, |id| {
            let shown = words.categories.get(id).unwrap_or(id).clone();
            Cell::Term { id: id.clone(), shown }
        }),
        Cell::Term { id: lead.state.as_str().into(), shown: state_shown(lead.state).into() },
        Cell::instant(occurred.map(|occurred| occurred.start)),
        Cell::instant(occurred.and_then(|occurred| occurred.end)),
        Cell::Instant(lead.received_at),
        scene_number(scene.map(|scene| scene.at.lat), 7),
        scene_number(scene.map(|scene| scene.at.lon), 7),
        scene_number(scene.map(|scene| scene.accuracy_m), 1),
        scene.map_or(Cell::Empty, |scene| source_term(scene.source)),
        Cell::text(place),
        Cell::text(redact_text(&lead.description, words.relayed)),
        Cell::text(words.groups.get(&lead.chat).cloned().unwrap_or_default()),
        Cell::text(lead.reporter_code.clone()),
        lead.first_update_id.map_or(Cell::Empty, Cell::Int),
    ]
}

/// The leads table as a whole, for a period that is known to be short.
pub fn leads_table(head: Head, leads: &[Lead], words: &Words) -> Table {
    Table { head, rows: leads.iter().map(|lead| lead_row(lead, words)).collect(), totals: None }
}

fn state_shown(state: LeadState) -> &'static str {
    match state {
        LeadState::New => "待处理 new",
        LeadState::Claimed => "已认领 claimed",
        LeadState::Verified => "已核实 verified",
        LeadState::Unfounded => "不属实 unfounded",
        LeadState::Duplicate => "重复 duplicate",
        LeadState::OutOfScope => "超出范围 out of scope",
        LeadState::Resolved => "已办结 resolved",
        LeadState::Withdrawn => "已撤回 withdrawn",
    }
}

fn source_term(source: PlaceSource) -> Cell {
    let (id, shown) = match source {
        PlaceSource::Location => ("location", "定位 location"),
        PlaceSource::Venue => ("venue", "地点卡片 venue"),
        PlaceSource::Coordinates => ("coordinates", "坐标 coordinates"),
        PlaceSource::Link => ("link", "地图链接 link"),
        PlaceSource::PlusCode => ("plus_code", "地点码 plus code"),
        PlaceSource::PointCode => ("point_code", "联络点码 point code"),
        PlaceSource::Gazetteer => ("gazetteer", "地名库 gazetteer"),
        PlaceSource::Crossing => ("crossing", "路口 crossing"),
        PlaceSource::Address => ("address", "门牌 address"),
        PlaceSource::GroupArea => ("group_area", "群组辖区 group area"),
    };
    Cell::Term { id: id.into(), shown: shown.into() }
}

fn round(number: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (number * scale).round() / scale
}

#[cfg(test)]
pub(crate) mod tests;
