//! What people took for their points, as it is filed: one row a redemption asked for, or ended, in the period.
//!
//! People stand in it by their codes. The code by which a reward is collected is a key, and stands in no table.

use super::column;
use super::entries::Codes;
use crate::domain::id::{Millis, UserId};
use crate::domain::redemption::{Approval, Redemption, RedemptionState};
use crate::port::table::{Cell, Column, Head, Holds, Table};

/// One row a redemption.
pub const REDEMPTIONS: &[Column] = &[
    column("redemption", "兑换号", "Redemption", Holds::Count, 12),
    column("asked_at", "申请时间", "Asked for", Holds::Instant, 20),
    column("member_code", "成员代码", "Member code", Holds::Text, 14),
    column("reward", "物品代码", "Reward", Holds::Text, 12),
    column("reward_name", "物品", "Reward name", Holds::Text, 28),
    column("price", "所需积分", "Price", Holds::Figure, 10),
    column("state", "状态", "State", Holds::Text, 20),
    column("approvals_needed", "须批准", "Approvals needed", Holds::Count, 19),
    column("approved_by", "批准人代码", "Approved by (code)", Holds::Text, 20),
    column("ended_at", "办结时间", "Ended", Holds::Instant, 20),
    column("ended_by", "经手人代码", "By (code)", Holds::Text, 13),
    Column { key: "taken", zh: "本期兑付", en: "Points taken", holds: Holds::Figure, width: 12, summed: true },
];

/// How a redemption stood at an instant.
struct Standing<'a> {
    state: RedemptionState,
    approvals: Vec<&'a Approval>,
    ended: Option<(Millis, Option<UserId>)>,
}

fn as_of(it: &Redemption, at: Millis) -> Standing<'_> {
    let approvals: Vec<&Approval> = it.approvals.iter().filter(|approval| approval.at < at).collect();
    let ended = it.ended_at.filter(|ended| *ended < at).map(|ended| (ended, it.ended_by));
    let enough = approvals.len() as i64 >= it.approvals_needed;
    let state = match ended {
        Some(_) => it.state,
        None if enough => RedemptionState::Ready,
        None => RedemptionState::Asked,
    };
    Standing { state, approvals, ended }
}

/// The table, as things stood `at` that instant, with what was handed out in the period summed.
pub fn redemptions_table(head: Head, redemptions: &[Redemption], codes: &Codes, at: Millis) -> Table {
    let staff = |user: UserId| codes.staff.get(&user).map_or("unlisted", String::as_str);
    let mut sum = 0i64;
    let rows = redemptions
        .iter()
        .map(|it| {
            let Standing { state, approvals, ended } = as_of(it, at);
            let by = ended.map_or("", |(_, by)| match by {
                None => "baiying",
                Some(user) if user == it.user => "self",
                Some(user) => staff(user),
            });
            let is_taken = state == RedemptionState::HandedOut && ended.is_some_and(|(at, _)| head.period.contains(at));
            sum = sum.saturating_add(if is_taken { it.price } else { 0 });
            let approved: Vec<&str> = approvals.iter().map(|approval| staff(approval.by)).collect();
            vec![
                Cell::Int(it.id.0),
                Cell::Instant(it.asked_at),
                Cell::text(codes.members.get(&it.user).map_or("?", String::as_str)),
                Cell::text(it.reward.clone()),
                Cell::text(format!("{} {}", it.zh, it.en).trim()),
                Cell::Int(it.price),
                Cell::Term { id: state.name().into(), shown: shown(state).into() },
                Cell::Int(it.approvals_needed),
                Cell::text(approved.join(", ")),
                Cell::instant(ended.map(|(at, _)| at)),
                Cell::text(by),
                if is_taken { Cell::Int(it.price) } else { Cell::Empty },
            ]
        })
        .collect();
    let mut totals = vec![Cell::Empty; REDEMPTIONS.len()];
    totals[0] = Cell::Text(format!("total {}", head.period.interval(head.zone)));
    totals[REDEMPTIONS.len() - 1] = Cell::Int(sum);
    Table { head, rows, totals: Some(totals) }
}

fn shown(state: RedemptionState) -> &'static str {
    match state {
        RedemptionState::Asked => "待批准 asked",
        RedemptionState::Ready => "待领取 ready",
        RedemptionState::HandedOut => "已领取 handed out",
        RedemptionState::Refused => "未批准 refused",
        RedemptionState::Cancelled => "已取消 cancelled",
        RedemptionState::Lapsed => "已过期 lapsed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::RedemptionId;
    use crate::flow::export::tests::{config, request};
    use crate::port::table::TableKind;

    #[test]
    fn a_redemption_is_shown_as_it_stood_and_without_the_code_that_collects_it() {
        let head = request(TableKind::Redemptions, false).head(&config());
        let (day, from) = (86_400_000, head.period.from);
        let it = Redemption {
            id: RedemptionId(5),
            version: 4,
            user: UserId(7),
            reward: "RICE".into(),
            zh: "大米".into(),
            en: "rice".into(),
            price: 30,
            state: RedemptionState::HandedOut,
            code: "K33PSECRET".into(),
            approvals_needed: 1,
            approvals: vec![Approval { by: UserId(9), at: from.plus_ms(2 * day) }],
            asked_at: from.plus_ms(day),
            expires_at: from.plus_ms(40 * day),
            ended_at: Some(from.plus_ms(3 * day)),
            ended_by: Some(UserId(10)),
        };
        let codes = Codes {
            staff: [(UserId(9), "S9".to_owned())].into(),
            members: [(UserId(7), "M7".to_owned())].into(),
            ..Codes::default()
        };
        let told = |days: i64| {
            let table = redemptions_table(head.clone(), std::slice::from_ref(&it), &codes, from.plus_ms(days * day));
            let row = &table.rows[0];
            assert!(row.len() == table.head.columns.len() && !format!("{table:?}").contains("K33PSECRET"));
            let Cell::Term { id, .. } = &row[6] else { panic!("{row:?}") };
            let totals = table.totals.unwrap();
            (id.clone(), row[8].clone(), row[10].clone(), row[11].clone(), totals[11].clone())
        };
        let (text, none) = (|words: &str| Cell::Text(words.into()), Cell::Empty);
        assert_eq!(told(1), ("asked".into(), none.clone(), none.clone(), none.clone(), Cell::Int(0)));
        assert_eq!(told(3), ("ready".into(), text("S9"), none.clone(), none, Cell::Int(0)));
        assert_eq!(told(9), ("handed_out".into(), text("S9"), text("unlisted"), Cell::Int(30), Cell::Int(30)));
    }
}
