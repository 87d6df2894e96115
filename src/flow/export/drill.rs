//! A drill's report as a workbook: what each who was called did beside the last drill, and the last drills as a whole.
//!
//! Every title says 演练 DRILL. Made when it is sent, of the drill and those before it, the newest first.

use super::alarm::{callee, term, whole_seconds};
use super::column;
use crate::config::Config;
use crate::domain::alarm::figures::{Figures, Sort, Timing, WINDOWS, clock, has_answered};
use crate::domain::alarm::{Alarm, Call, CallState, Callee};
use crate::domain::id::{Millis, UserId};
use crate::domain::period::Period;
use crate::domain::tip::redact::{Relayed, redact_text};
use crate::port::store::AlarmRecord;
use crate::port::table::{Cell, Column, Head, Holds, Table, TableKind};
use std::collections::HashMap;

/// How many drills before this one stand beside it.
pub const BESIDE: usize = 5;

/// One row a call of this drill. Seconds from when it was called; empty within a window: called off before it was over.
pub const POINTS: &[Column] = &[
    column("point_code", "联络点", "Point", Holds::Text, 14),
    column("name", "名称", "Name", Holds::Text, 24),
    column("ring", "响应圈", "Ring", Holds::Count, 8),
    column("distance_m", "距离（米）", "Distance (m)", Holds::Metres, 12),
    column("called_s", "发起后呼叫（秒）", "Called after (s)", Holds::Count, 16),
    column("delivered", "送达", "Delivered", Holds::Flag, 10),
    column("state", "状态", "State", Holds::Text, 30),
    column("known_s", "应答（秒）", "Answered after (s)", Holds::Count, 18),
    column("on_scene_s", "到场（秒）", "On scene after (s)", Holds::Count, 18),
    column("within_60", "1分钟内", "Within 1 min", Holds::Flag, 13),
    column("within_180", "3分钟内", "Within 3 min", Holds::Flag, 13),
    column("within_300", "5分钟内", "Within 5 min", Holds::Flag, 13),
    column("last_drill", "上次演练", "Last drill", Holds::Count, 11),
    column("last_known_s", "上次应答（秒）", "Answered then (s)", Holds::Count, 17),
    column("last_on_scene_s", "上次到场（秒）", "On scene then (s)", Holds::Count, 17),
];

/// One row a drill, the newest first.
const DRILLS: &[Column] = &[
    column("drill", "演练", "Drill", Holds::Count, 8),
    column("raised_at", "发起时间", "Raised", Holds::Instant, 20),
    column("over_at", "结束时间", "Over", Holds::Instant, 20),
    column("place", "地点", "Place", Holds::Text, 30),
    column("called", "已呼叫", "Called", Holds::Count, 9),
    column("delivered", "已送达", "Delivered", Holds::Count, 11),
    column("answered", "已应答", "Answered", Holds::Count, 11),
    column("on_scene", "已到场", "On scene", Holds::Count, 11),
    column("first_s", "首人到场（秒）", "First there (s)", Holds::Count, 15),
    column("within_60", "1分钟内到场", "Within 1 min", Holds::Count, 13),
    column("of_60", "1分钟应到", "of", Holds::Count, 11),
    column("share_60", "1分钟率", "Share", Holds::Share, 9),
    column("within_180", "3分钟内到场", "Within 3 min", Holds::Count, 13),
    column("of_180", "3分钟应到", "of", Holds::Count, 11),
    column("share_180", "3分钟率", "Share", Holds::Share, 9),
    column("within_300", "5分钟内到场", "Within 5 min", Holds::Count, 13),
    column("of_300", "5分钟应到", "of", Holds::Count, 11),
    column("share_300", "5分钟率", "Share", Holds::Share, 9),
];

/// How the town calls those who are called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The name of each point, by its code.
    pub points: HashMap<String, String>,
    /// The code of each officer.
    pub staff: HashMap<UserId, String>,
}

/// The sheets of the report of `drill`, beside those before it; `now`: for one that still runs.
pub fn workbook(
    drill: &AlarmRecord,
    before: &[AlarmRecord],
    names: &Names,
    config: &Config,
    now: Millis,
) -> Vec<Table> {
    let from = drill.alarm.raised_at;
    let to = drill.alarm.stood_down.map_or(now, |end| end.at).max(from.plus_ms(1000));
    let head = |sheet, title: &str, columns: &[Column]| Head {
        kind: TableKind::Drill,
        sheet: Some(sheet),
        title: format!("演练 DRILL {}：{title}", drill.alarm.id),
        period: Period { from, to },
        zone: config.time_zone,
        unit: config.unit.clone(),
        columns: columns.to_vec(),
    };
    let relayed = Relayed { plates: config.tip.relay_plates };
    let points = drill.calls.iter().map(|call| point_row(&drill.alarm, call, before, names)).collect();
    let drills = std::iter::once(drill).chain(before).map(|it| drill_row(it, relayed)).collect();
    vec![
        Table { head: head("drill", "各联络点 each point", POINTS), rows: points, totals: None },
        Table { head: head("last_drills", "历次演练 the last drills", DRILLS), rows: drills, totals: None },
    ]
}

fn seconds(ms: Option<i64>) -> Cell {
    ms.map_or(Cell::Empty, |ms| Cell::Int(whole_seconds(ms)))
}

fn point_row(alarm: &Alarm, call: &Call, before: &[AlarmRecord], names: &Names) -> Vec<Cell> {
    let timing = Timing::of(alarm, call);
    let called = !call.people.is_empty();
    // The last drill in which the same one was called, which need not be the last.
    let last = before.iter().find_map(|it| {
        let same = it.calls.iter().find(|past| past.callee == call.callee && !past.people.is_empty())?;
        Some((it.alarm.id, Timing::of(&it.alarm, same)))
    });
    let name = match &call.callee {
        Callee::Point(code) => names.points.get(code).cloned().unwrap_or_default(),
        Callee::Person(_) => String::new(),
    };
    let mut row = vec![
        Cell::text(callee(&call.callee, &names.staff)),
        Cell::text(name),
        Cell::Int(call.ring.into()),
        call.distance_m.map_or(Cell::Empty, |metres| Cell::Float(super::round(metres, 1))),
        seconds(Some(call.called_at.since(alarm.raised_at).max(0))),
        Cell::Flag(call.people.iter().any(|person| person.delivered_at.is_some())),
        state(call),
        seconds(timing.know_ms),
        seconds(timing.scene_ms),
    ];
    row.extend(WINDOWS.map(|window| timing.within(window).filter(|_| called).map_or(Cell::Empty, Cell::Flag)));
    row.push(last.map_or(Cell::Empty, |(id, _)| Cell::Int(id.0)));
    row.extend([seconds(last.and_then(|(_, it)| it.know_ms)), seconds(last.and_then(|(_, it)| it.scene_ms))]);
    row
}

fn state(call: &Call) -> Cell {
    term(match call.state() {
        CallState::OnScene => ("on_scene", "到场 on scene"),
        CallState::UnderWay => ("under_way", "已出发 under way"),
        CallState::Acknowledged => ("acknowledged", "收到 acknowledged"),
        CallState::Declined => ("declined", "去不了 cannot"),
        CallState::Lapsed => ("lapsed", "应答后未到 did not arrive"),
        CallState::Unreached if call.people.is_empty() => ("nobody", "无人可叫 nobody to call"),
        CallState::Unreached => ("unreached", "未送达 not reached"),
        CallState::Called if has_answered(call) => ("lapsed", "应答后未到 did not arrive"),
        CallState::Called => ("silent", "未应答 no answer"),
    })
}

fn drill_row(it: &AlarmRecord, relayed: Relayed) -> Vec<Cell> {
    let figures = Figures::over(Sort::Drill, it.calls.iter().map(|call| (&it.alarm, call)));
    let first = clock(Sort::Drill, [(&it.alarm, it.calls.as_slice())]).to_scene;
    let place = it.alarm.scene.as_ref().map_or_else(String::new, |scene| redact_text(&scene.text, relayed));
    let mut row = vec![
        Cell::Int(it.alarm.id.0),
        Cell::Instant(it.alarm.raised_at),
        Cell::instant(it.alarm.stood_down.map(|end| end.at)),
        Cell::text(place),
    ];
    row.extend([figures.called, figures.delivered, figures.answered, figures.on_scene].map(|n| Cell::Int(n.into())));
    row.push(seconds(first.map(|first| first.median_ms)));
    for share in figures.within {
        let ratio = share.ratio().map_or(Cell::Empty, |ratio| Cell::Float(super::round(ratio, 4)));
        row.extend([Cell::Int(share.met.into()), Cell::Int(share.of.into()), ratio]);
    }
    row
}
