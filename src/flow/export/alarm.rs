//! The tables of alarms: calls, timelines, response figures; as a workbook all of them, each a sheet.
//!
//! Officers stand in them by their codes, whoever is not on the staff as `unlisted`; no table holds a tip's words.

use super::{column, staff_code};
use crate::config::Config;
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::figures::{self, Figures, Sort, Team};
use crate::domain::alarm::stage::{StageStep, StageWant, StageWho};
use crate::domain::alarm::{Alarm, Answer, Call, Callee, Origin, Outcome, ResponderKind, TeamKind};
use crate::domain::id::UserId;
use crate::port::store::AlarmRecord;
use crate::port::table::{Cell, Column, Head, Holds, Table, TableKind};
use std::collections::HashMap;

/// One row a call; what came later stands behind, so that what reads the first columns goes on reading them.
pub const CALLS: &[Column] = &[
    column("alarm", "警情", "Alarm", Holds::Count, 7),
    column("lead", "线索", "Lead", Holds::Count, 7),
    column("raised_at", "发起时间", "Raised", Holds::Instant, 20),
    column("raised_by", "发起人代码", "Raised by (code)", Holds::Text, 16),
    column("drill", "演练", "Drill", Holds::Flag, 8),
    column("ring", "响应圈", "Ring", Holds::Count, 8),
    column("point_code", "联络点", "Point", Holds::Text, 12),
    column("called_at", "呼叫", "Called", Holds::Instant, 20),
    column("delivered", "送达", "Delivered", Holds::Flag, 10),
    column("acknowledged_at", "收到", "Acknowledged", Holds::Instant, 20),
    column("under_way_at", "出发", "Under way", Holds::Instant, 20),
    column("on_scene_at", "到场", "On scene", Holds::Instant, 20),
    column("stood_down_at", "解除", "Stood down", Holds::Instant, 20),
    column("kind", "响应方", "Called as", Holds::Text, 18),
    column("team", "队伍", "Team", Holds::Text, 18),
    column("distance_m", "距离（米）", "Distance (m)", Holds::Metres, 12),
    column("minutes", "预计（分）", "Told (min)", Holds::Count, 11),
    column("declined_at", "去不了", "Declined", Holds::Instant, 20),
    column("lapsed_at", "应答过期", "Answer ran out", Holds::Instant, 20),
    column("origin", "发起方式", "Origin", Holds::Text, 16),
    column("taken_at", "研判接警", "Desk took it", Holds::Instant, 20),
    column("controlled_at", "现场控制", "Under control", Holds::Instant, 20),
    column("outcome", "结果", "Outcome", Holds::Text, 24),
];

/// One row a thing that happened.
pub const TIMELINE: &[Column] = &[
    column("alarm", "警情", "Alarm", Holds::Count, 7),
    column("drill", "演练", "Drill", Holds::Flag, 8),
    column("at", "时间", "When", Holds::Instant, 20),
    column("by", "何人代码", "By (code)", Holds::Text, 16),
    column("what", "事项", "What", Holds::Text, 26),
    column("detail", "详情", "Detail", Holds::Text, 76),
];

/// One row a group of calls. Times in whole seconds from the call, by nearest rank; each share beside what it is of.
pub const RESPONSES: &[Column] = &[
    column("by", "分组", "Group", Holds::Text, 36),
    column("of", "对象", "Of", Holds::Text, 24),
    column("drill", "演练", "Drill", Holds::Flag, 8),
    column("alarms", "警情数", "Alarms", Holds::Count, 9),
    column("calls", "呼叫数", "Calls", Holds::Count, 9),
    column("nobody", "无人可叫", "Nobody to call", Holds::Count, 16),
    column("called", "已呼叫", "Called", Holds::Count, 9),
    column("delivered", "已送达", "Delivered", Holds::Count, 11),
    column("answered", "已应答", "Answered", Holds::Count, 11),
    column("on_scene", "已到场", "On scene", Holds::Count, 10),
    column("know_median_s", "知悉中位（秒）", "Known, median (s)", Holds::Count, 20),
    column("know_p90_s", "知悉九成（秒）", "Known, p90 (s)", Holds::Count, 20),
    column("scene_median_s", "到场中位（秒）", "On scene, median (s)", Holds::Count, 23),
    column("scene_p90_s", "到场九成（秒）", "On scene, p90 (s)", Holds::Count, 20),
    column("within_60", "1分钟内到场", "Within 1 min", Holds::Count, 15),
    column("of_60", "1分钟应到", "of", Holds::Count, 11),
    column("share_60", "1分钟率", "Share", Holds::Share, 9),
    column("within_180", "3分钟内到场", "Within 3 min", Holds::Count, 15),
    column("of_180", "3分钟应到", "of", Holds::Count, 11),
    column("share_180", "3分钟率", "Share", Holds::Share, 9),
    column("within_300", "5分钟内到场", "Within 5 min", Holds::Count, 15),
    column("of_300", "5分钟应到", "of", Holds::Count, 11),
    column("share_300", "5分钟率", "Share", Holds::Share, 9),
];

/// A workbook's sheets: the calls, all figures together, by point, by team, by hour, the timelines.
pub fn workbook(calls: Table, records: &[AlarmRecord], staff: &HashMap<UserId, String>, config: &Config) -> Vec<Table> {
    let part = |kind, sheet, title: &str, columns: &[Column]| Head {
        kind,
        sheet: Some(sheet),
        title: title.into(),
        columns: columns.to_vec(),
        unit: config.unit.clone(),
        ..calls.head.clone()
    };
    let sheets = [
        ("summary", "响应时效汇总 Response times, all", &[By::Alarm, By::Call][..]),
        ("by_point", "各联络点响应时效 Response times by point", &[By::Point]),
        ("by_team", "各类队伍响应时效 Response times by team", &[By::Team]),
        ("by_hour", "各时段响应时效 Response times by hour", &[By::Hour]),
    ];
    let mut book: Vec<Table> = sheets
        .into_iter()
        .map(|(sheet, title, by)| {
            let head = part(TableKind::Responses, sheet, title, RESPONSES);
            let rows = response_rows(records, by, head.zone);
            Table { head, rows, totals: None }
        })
        .collect();
    let head = part(TableKind::Timeline, "timeline", "警情经过表 Alarm timelines", TIMELINE);
    book.push(timeline_table(head, records, staff));
    let head = Head { sheet: Some("alarms"), ..calls.head };
    book.insert(0, Table { head, ..calls });
    book
}

/// The alarms table: one row a call, in the order given. Of a point's people the first who did something counts.
pub fn alarms_table(head: Head, alarms: &[AlarmRecord], staff: &HashMap<UserId, String>) -> Table {
    let row = |alarm: &Alarm, call: &Call| {
        vec![
            Cell::Int(alarm.id.0),
            alarm.lead.map_or(Cell::Empty, |lead| Cell::Int(lead.0)),
            Cell::Instant(alarm.raised_at),
            Cell::text(alarm.raised_by_staff().map_or("baiying", |user| staff_code(staff, user))),
            Cell::Flag(alarm.drill),
            Cell::Int(call.ring.into()),
            Cell::text(callee(&call.callee, staff)),
            Cell::Instant(call.called_at),
            Cell::Flag(call.people.iter().any(|person| person.delivered_at.is_some())),
            Cell::instant(call.first(|person| person.acknowledged_at)),
            Cell::instant(call.first(|person| person.under_way_at)),
            Cell::instant(call.on_scene_at()),
            Cell::instant(alarm.stood_down.map(|end| end.at)),
            kind_term(call.kind),
            call.team.map_or(Cell::Empty, team_term),
            call.distance_m.map_or(Cell::Empty, |metres| Cell::Float(super::round(metres, 1))),
            call.people.iter().filter_map(|person| person.minutes).min().map_or(Cell::Empty, |m| Cell::Int(m.into())),
            Cell::instant(call.first(|person| person.declined_at)),
            Cell::instant(call.first(|person| person.lapsed_at)),
            term(match alarm.origin {
                Origin::Desk => ("desk", "研判群 desk"),
                Origin::Tip => ("tip", "线索自动 tip"),
                Origin::Drill => ("drill", "演练 drill"),
            }),
            Cell::instant(alarm.taken.map(|(at, _)| at)),
            Cell::instant(alarm.controlled.map(|(at, _)| at)),
            alarm.stood_down.map_or(Cell::Empty, |end| term((end.outcome.name(), outcome_shown(end.outcome)))),
        ]
    };
    let rows = alarms.iter().flat_map(|it| it.calls.iter().map(|call| row(&it.alarm, call))).collect();
    Table { head, rows, totals: None }
}

/// The timelines, alarm by alarm, each in the order in which things were decided.
pub fn timeline_table(head: Head, alarms: &[AlarmRecord], staff: &HashMap<UserId, String>) -> Table {
    let lines = alarms.iter().flat_map(|it| it.timeline.iter().map(|event| (&it.alarm, event)));
    let rows = lines.map(|(alarm, event)| {
        let (what, detail) = told(&event.what, staff);
        vec![
            Cell::Int(alarm.id.0),
            Cell::Flag(alarm.drill),
            Cell::Instant(event.at),
            Cell::text(event.by.map_or("baiying", |user| staff_code(staff, user))),
            term(what),
            Cell::text(detail),
        ]
    });
    Table { rows: rows.collect(), totals: None, head }
}

/// How a set of calls is cut for figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Each alarm's own clock: anybody's first arrival, from the raising.
    Alarm,
    /// All calls.
    Call,
    /// By liaison point.
    Point,
    /// By kind of team.
    Team,
    /// By hour of the day.
    Hour,
}

/// The response figures, every group; real alarms first, drills in rows of their own.
pub fn responses_table(head: Head, alarms: &[AlarmRecord]) -> Table {
    let rows = response_rows(alarms, &[By::Alarm, By::Call, By::Point, By::Team, By::Hour], head.zone);
    Table { rows, totals: None, head }
}

fn response_rows(alarms: &[AlarmRecord], by: &[By], zone: chrono_tz::Tz) -> Vec<Vec<Cell>> {
    let calls: Vec<(&Alarm, &Call)> =
        alarms.iter().flat_map(|it| it.calls.iter().map(|call| (&it.alarm, call))).collect();
    let mut rows = Vec::new();
    for by in by {
        for sort in [Sort::Real, Sort::Drill] {
            let (name, groups): (_, Vec<(Cell, Figures)>) = match by {
                By::Alarm => {
                    let whole = figures::clock(sort, alarms.iter().map(|it| (&it.alarm, it.calls.as_slice())));
                    (("alarm", "警情（首人到场） alarm: first to come"), vec![(Cell::Empty, whole)])
                }
                By::Call => {
                    let all = Figures::over(sort, calls.iter().copied());
                    (("call", "全部呼叫 all calls"), vec![(Cell::Empty, all)])
                }
                By::Point => {
                    let points = figures::by_point(sort, &calls).into_iter();
                    (("point", "联络点 point"), points.map(|(code, it)| (Cell::text(code), it)).collect())
                }
                By::Team => {
                    let teams = figures::by_team(sort, &calls).into_iter();
                    (("team", "队伍 team"), teams.map(|(team, it)| (team_cell(team), it)).collect())
                }
                By::Hour => {
                    let hours = figures::by_hour(sort, &calls, zone).into_iter();
                    (("hour", "时段 hour"), hours.map(|(hour, it)| (Cell::text(format!("{hour:02}:00")), it)).collect())
                }
            };
            let some = groups.into_iter().filter(|(_, it)| it.calls > 0);
            rows.extend(some.map(|(of, it)| response_row(term(name), of, sort, &it)));
        }
    }
    rows
}

fn response_row(by: Cell, of: Cell, sort: Sort, it: &Figures) -> Vec<Cell> {
    let count = |number: u32| Cell::Int(number.into());
    let seconds = |ms: Option<i64>| ms.map_or(Cell::Empty, |ms| Cell::Int(whole_seconds(ms)));
    let mut row = vec![by, of, Cell::Flag(sort == Sort::Drill)];
    row.extend([it.alarms, it.calls, it.nobody, it.called, it.delivered, it.answered, it.on_scene].map(count));
    for spread in [it.to_know, it.to_scene] {
        row.extend([seconds(spread.map(|s| s.median_ms)), seconds(spread.map(|s| s.p90_ms))]);
    }
    for share in it.within {
        let ratio = share.ratio().map_or(Cell::Empty, |ratio| Cell::Float(super::round(ratio, 4)));
        row.extend([count(share.met), count(share.of), ratio]);
    }
    row
}

/// Seconds that were begun: 60.001 s is not within a minute, and does not read as 60.
pub(super) fn whole_seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 > 0)
}

pub(super) fn callee(callee: &Callee, staff: &HashMap<UserId, String>) -> String {
    match callee {
        Callee::Point(code) => code.clone(),
        Callee::Person(user) => staff_code(staff, *user).to_owned(),
    }
}

pub(super) fn term((id, shown): (&str, &str)) -> Cell {
    Cell::Term { id: id.into(), shown: shown.into() }
}

pub(super) fn kind_term(kind: ResponderKind) -> Cell {
    term(match kind {
        ResponderKind::Point => ("point", "联络点 point"),
        ResponderKind::Patrol => ("patrol", "巡防 patrol"),
        ResponderKind::Response => ("response", "处警 response"),
        ResponderKind::DutyOfficer => ("duty_officer", "值班领导 duty officer"),
        ResponderKind::CallList => ("call_list", "名单 call list"),
    })
}

fn team_term(team: TeamKind) -> Cell {
    term(match team {
        TeamKind::Stationed => ("stationed", "应急定点队 stationed"),
        TeamKind::Mobile => ("mobile", "应急机动队 mobile"),
        TeamKind::Area => ("area", "区域队 area"),
        TeamKind::Village => ("village", "村级专职队 village"),
        TeamKind::Watch => ("watch", "邻里守望队 watch"),
    })
}

fn team_cell(Team(kind, team): Team) -> Cell {
    match (kind, team.and_then(TeamKind::named)) {
        (_, Some(team)) => team_term(team),
        (ResponderKind::Point, None) => term(("guards", "联络点保安 own guards")),
        (kind, None) => kind_term(kind),
    }
}

fn outcome_shown(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Handled => "已处置 handled",
        Outcome::Mistaken => "误报：看错 false: mistaken",
        Outcome::Accidental => "误报：误触 false: accident",
        Outcome::Prank => "误报：恶作剧 false: prank",
        Outcome::LeadClosed => "线索已结 lead closed",
        Outcome::DrillOver => "演练结束 drill over",
        Outcome::DrillBrokenOff => "演练中止 drill broken off",
    }
}

fn answer_shown(answer: Answer) -> String {
    match answer {
        Answer::Acknowledge => "收到 acknowledged".into(),
        Answer::UnderWay(None) => "出发 under way".into(),
        Answer::UnderWay(Some(minutes)) => format!("出发 under way, {minutes} min"),
        Answer::OnScene => "到场 on scene".into(),
        Answer::Decline => "去不了 cannot".into(),
    }
}

/// What happened, as machines and people know it, and its details in words. Where people were stands in no table.
fn told(what: &Happening, staff: &HashMap<UserId, String>) -> ((&'static str, &'static str), String) {
    let name = |it: &Callee| callee(it, staff);
    match what {
        Happening::Raised { origin } => {
            let by = match origin {
                Origin::Desk => "研判群 desk",
                Origin::Tip => "线索自动 by a tip itself",
                Origin::Drill => "演练 drill",
            };
            (("raised", "发起 raised"), by.into())
        }
        Happening::Called { ring, callees } => {
            let names = callees.iter().map(name).collect::<Vec<_>>().join(", ");
            let ring = if *ring > 0 { format!("第{ring}圈 ring {ring}: ") } else { String::new() };
            (("called", "呼叫 called"), format!("{ring}{names}"))
        }
        Happening::Answered { callee, answer, .. } => {
            (("answered", "应答 answered"), format!("{}: {}", name(callee), answer_shown(*answer)))
        }
        Happening::SeenThere { callee, metres } => {
            (("seen_there", "位置已到 seen there"), format!("{}: {metres} m", name(callee)))
        }
        Happening::Lapsed { callee } => (("lapsed", "应答过期 answer ran out"), name(callee)),
        Happening::Missed { who, want, within_seconds, step } => {
            let who = match who {
                StageWho::Anyone => "任何人 anyone",
                StageWho::Ring => "联络点 points",
                StageWho::Patrol => "巡防 patrol",
                StageWho::Response => "处警 response",
            };
            let want = match want {
                StageWant::Acknowledged => "收到 acknowledged",
                StageWant::OnScene => "到场 on scene",
                StageWant::UnderControl => "控制 under control",
            };
            let step = match step {
                None => "已接警，不再增派 desk has it, nobody more",
                Some(StageStep::NextRing) => "扩大响应圈 next ring",
                Some(StageStep::TellDesk) => "告知研判群 tell the desk",
                Some(StageStep::DutyOfficer) => "呼叫值班领导 duty officer",
                Some(StageStep::CallList) => "呼叫名单 call list",
            };
            (("missed", "超时 stage missed"), format!("{within_seconds} s {who}, {want} → {step}"))
        }
        Happening::NotReached { callee, why } => {
            (("not_reached", "未送达 not reached"), format!("{}: {why}", name(callee)))
        }
        Happening::Taken => (("taken", "研判接警 desk took it"), String::new()),
        Happening::TakenLapsed => (("taken_lapsed", "接警过期 desk's word ran out"), String::new()),
        Happening::UnderControl => (("under_control", "现场控制 under control"), String::new()),
        Happening::Mended => (("mended", "更正地点或类别 place or kind mended"), String::new()),
        Happening::StoodDown { outcome } => (("stood_down", "解除 stood down"), outcome_shown(*outcome).into()),
    }
}
