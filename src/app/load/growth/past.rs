//! A town of any size with years of history, the same for the same size: what is filled in before growth is measured.
//!
//! However many leads there are, the last month holds the same thousand, told by the same people; all others lie before
//! it. A tenth of the history is by the people of the last month, so that theirs is long; nothing was ever taken away.

use super::super::words::{self, Dice};
use crate::adapter::sql::Past;
use crate::config::Config;
use crate::domain::alarm::{Alarm, Call, Callee, Origin, Outcome, Point, ResponderKind, StandDown, Summons};
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::{AlarmId, ChatId, EventSeq, LeadId, MessageId, Millis, UserId};
use crate::domain::lead::{Attachment, Evidence, Lead, LeadEvent, LeadState, MediaKind, Occurred, Scene};
use crate::domain::member::{Language, Member, Role};
use crate::domain::place::{Datum, PlaceSource, Wgs84};
use crate::domain::points::{Account, BASE_BOOK, Transfer, TransferKind};
use crate::domain::tip::Grain;
use crate::port::store::{Content, Lane, Post, RawUpdate};
use serde_json::json;

/// Leads of the last month, in every town.
pub const LAST_MONTH: usize = 1_000;
/// The last month, milliseconds.
pub const MONTH_MS: i64 = 30 * DAY_MS;
/// Who told the leads of the last month.
pub const ACTIVE: usize = 200;

const DAY_MS: i64 = 86_400_000;
/// The history before the last month.
const YEARS_MS: i64 = 3 * 365 * DAY_MS;
/// Where the town lies: about the demo town.
const MIDDLE: Wgs84 = Wgs84 { lat: 23.0, lon: 113.9 };
/// Metres between two liaison points.
const SPACING_M: f64 = 300.0;
/// The officer who decides.
const OFFICER: UserId = UserId(510_000_001);

/// How large a town is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Leads, of which the last thousand are of the last month.
    pub leads: usize,
    /// Liaison points.
    pub points: usize,
    /// People on file.
    pub members: usize,
    /// Liaison groups.
    pub groups: usize,
}

/// A town of a size, at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Town {
    /// How large it is.
    pub size: Size,
    /// Now.
    pub now: Millis,
}

/// The n-th of a square of places, row by row about the middle, so many metres apart.
fn spot(n: usize, count: usize, spacing_m: f64) -> Wgs84 {
    let side = (count as f64).sqrt().ceil().max(1.0);
    let (row, column) = ((n as f64 / side).floor(), (n as f64) % side);
    let metres = |of: f64| (of - side / 2.0) * spacing_m;
    Wgs84 { lat: MIDDLE.lat + metres(row) / 111_195.0, lon: MIDDLE.lon + metres(column) / 102_300.0 }
}

impl Town {
    /// Groups and their desk.
    pub fn groups(&self) -> Vec<Group> {
        let group = |chat, kind, name, area| Group {
            chat: ChatId(chat),
            kind,
            name,
            area,
            pin_datum: Datum::Wgs84,
            language: Language::Zh,
        };
        let mut groups = vec![group(words::DESK, GroupKind::Desk, "研判群".into(), None)];
        groups.extend((0..self.size.groups).map(|n| {
            let spacing_m = SPACING_M * (self.size.points as f64 / self.size.groups.max(1) as f64).sqrt();
            let area = Some(spot(n, self.size.groups, spacing_m));
            group(words::group_chat(n), GroupKind::Liaison, format!("联络群{}", n + 1), area)
        }));
        groups
    }

    /// Liaison points, 300 m apart.
    pub fn points(&self) -> Vec<Point> {
        let point = |n| Point {
            code: format!("G{n:06}"),
            name: format!("{}号治安岗亭", n + 1),
            at: spot(n, self.size.points, SPACING_M),
            radius_m: 100.0,
            contacts: vec![UserId(520_000_000 + n as i64)],
            team: None,
            gear: String::new(),
            phone: String::new(),
        };
        (0..self.size.points).map(point).collect()
    }

    /// People: those who tell, and an officer.
    pub fn members(&self) -> Vec<Member> {
        let member = |user, code: String, roles| Member {
            user,
            name: format!("居民{code}"),
            occupation: ["快递员", "保安", "店主", "居民"][user.0 as usize % 4].into(),
            group: format!("联络群{}", user.0 as usize % self.size.groups.max(1) + 1),
            team: String::new(),
            roles,
            language: None,
            code,
            first_seen: self.now.plus_ms(-YEARS_MS - MONTH_MS),
            told_at: Some(self.now.plus_ms(-YEARS_MS - MONTH_MS)),
        };
        let mut members = vec![member(OFFICER, "P1".into(), vec![Role::Police])];
        members.extend((0..self.size.members).map(|n| member(reporter(n), format!("M{n:07}"), Vec::new())));
        members
    }

    /// When the n-th lead was received.
    fn received_at(&self, n: usize) -> Millis {
        let before = self.size.leads.saturating_sub(LAST_MONTH);
        let month = self.now.plus_ms(-MONTH_MS);
        if n >= before {
            let step = (MONTH_MS - DAY_MS) / LAST_MONTH as i64;
            month.plus_ms(DAY_MS / 2 + (n - before) as i64 * step)
        } else {
            month.plus_ms((n as i64 - before as i64) * (YEARS_MS / before as i64))
        }
    }

    /// The leads from the n-th on, with all that hangs on them.
    pub fn past(&self, leads: std::ops::Range<usize>, rules: &Config) -> Past {
        let mut past = Past::default();
        for n in leads {
            self.add(n, rules, &mut past);
        }
        past
    }

    fn add(&self, n: usize, rules: &Config, past: &mut Past) {
        let before = self.size.leads.saturating_sub(LAST_MONTH);
        let last_month = n >= before;
        // What belongs to the last month is the same in every town.
        let mut dice = Dice(if last_month { (n - before) as u64 } else { 0xa11 + n as u64 });
        let active = ACTIVE.min(self.size.members);
        let person = if last_month || dice.below(10) == 0 { dice.below(active) } else { dice.below(self.size.members) };
        let user = reporter(person);
        let chat = ChatId(words::group_chat(person % self.size.groups));
        let (id, seq, at) = (LeadId(n as i64 + 1), EventSeq(n as i64 + 1), self.received_at(n));
        let open = last_month && dice.below(20) == 0;
        let state = match (open, dice.below(20)) {
            (true, 0..=4) => LeadState::Claimed,
            (true, _) => LeadState::New,
            (_, 0..=9) => LeadState::Verified,
            (_, 10..=13) => LeadState::Resolved,
            (_, 14..=17) => LeadState::Unfounded,
            _ => LeadState::Withdrawn,
        };
        let told = words::tip(n, self.size.groups, self.size.members);
        let message = MessageId(2_000_000 + n as i64);
        let decided_at = (state != LeadState::New).then(|| at.plus_ms(3_600_000));
        let lead = Lead {
            id,
            version: if state == LeadState::New { 1 } else { 2 },
            state,
            category: rules.category.get(dice.below(rules.category.len())).map(|category| category.id.clone()),
            urgent: open && dice.below(4) == 0,
            occurred: Some(Occurred { start: at, end: None, grain: Grain::Minute, text: "刚才".into() }),
            scene: Some(Scene {
                at: spot(dice.below(self.size.points), self.size.points, SPACING_M),
                accuracy_m: 50.0,
                source: PlaceSource::Gazetteer,
                datum: Datum::Wgs84,
                text: "治安岗亭".into(),
            }),
            unknown_place: None,
            description: told.text.clone(),
            relay_text: told.text.clone(),
            chat,
            tip_chat: chat,
            thread: None,
            message,
            reporter: Some(user),
            reporter_code: format!("R{n:07}"),
            private: false,
            written_at: at,
            received_at: at,
            first_event: seq,
            first_update_id: Some(1_000_000 + n as i64),
            officer: decided_at.map(|_| OFFICER),
            decided_at,
            duplicate_of: None,
            asked: false,
        };
        let update = json!({"update_id": 1_000_000 + n, "message": {"message_id": message.0, "date": at.0 / 1000,
            "from": {"id": user.0, "first_name": told.name}, "chat": {"id": chat.0, "type": "supergroup"}, "text": told.text}});
        past.updates
            .push((RawUpdate { update_id: 1_000_000 + n as i64, chat, json: update.to_string(), press: false }, at));
        self.add_history(&lead, seq, past);
        add_reward(&lead, user, past);
        add_messages(&lead, past);
        if n.is_multiple_of(5) {
            let evidence = Evidence::Media { kind: MediaKind::Photo, file_id: format!("AgACAgUAAxkBAAI{n:012}") };
            let message = MessageId(3_000_000_000 + n as i64);
            let item = Attachment { chat, message, sender: Some(user), sent_at: at, lead: Some(id), evidence };
            past.attachments.push((seq, item));
        }
        past.leads.push(lead);
    }

    fn add_history(&self, lead: &Lead, seq: EventSeq, past: &mut Past) {
        let line = |version, at, by, action: &str, before| LeadEvent {
            lead: lead.id,
            version,
            at,
            by,
            action: action.into(),
            before,
        };
        past.events.push((seq, line(1, lead.received_at, lead.reporter, "tip", None)));
        if let Some(at) = lead.decided_at {
            let first = Lead { version: 1, state: LeadState::New, officer: None, decided_at: None, ..lead.clone() };
            let before = serde_json::to_string(&first).expect("a lead is plain data");
            past.events.push((seq, line(2, at, lead.officer, "verify", Some(before))));
        }
        let n = seq.0 as usize;
        if n.is_multiple_of(100) && lead.state == LeadState::Verified {
            let (id, raised_at) = (AlarmId(n as i64 / 100), lead.received_at.plus_ms(60_000));
            past.alarms.push(Alarm {
                id,
                version: 2,
                lead: Some(lead.id),
                drill: false,
                origin: Origin::Desk,
                chat: Some(lead.chat),
                category: lead.category.clone(),
                scene: lead.scene.clone(),
                ring: 1,
                raised_by: Some(OFFICER),
                raised_at,
                taken: None,
                controlled: None,
                stood_down: Some(StandDown {
                    at: raised_at.plus_ms(600_000),
                    by: Some(OFFICER),
                    outcome: Outcome::Handled,
                }),
            });
            past.calls.extend((0..2).map(|point| Call {
                alarm: id,
                callee: Callee::Point(format!("G{:06}", (n + point) % self.size.points.max(2))),
                kind: ResponderKind::Point,
                team: None,
                ring: 1,
                distance_m: Some(80.0),
                called_at: raised_at,
                failure: None,
                people: vec![Summons {
                    delivered_at: Some(raised_at.plus_ms(500)),
                    acknowledged_at: Some(raised_at.plus_ms(20_000)),
                    under_way_at: Some(raised_at.plus_ms(30_000)),
                    on_scene_at: Some(raised_at.plus_ms(200_000)),
                    ..Summons::new(UserId(520_000_000 + point as i64), raised_at)
                }],
            }));
        }
    }
}

/// The n-th of those who tell, as in the tips that are written while one measures.
pub fn reporter(n: usize) -> UserId {
    UserId(610_000_000 + n as i64)
}

/// What was set aside for a lead, and what became of it.
fn add_reward(lead: &Lead, user: UserId, past: &mut Past) {
    let (held, own) = (Account::Held(user), Account::Person(user));
    let entry = |key: &str, kind, debit: &Account, credit: &Account, at| Transfer {
        book: BASE_BOOK.into(),
        redemption: None,
        reason: None,
        key: format!("lead:{}:{key}", lead.id),
        kind,
        debit: debit.clone(),
        credit: credit.clone(),
        amount: 10,
        at,
        rule: "tip_verified".into(),
        lead: Some(lead.id),
        alarm: None,
        reverses: None,
        by: None,
    };
    past.transfers.push(entry("v1:0", TransferKind::Hold, &Account::Budget, &held, lead.received_at));
    let Some(at) = lead.decided_at.filter(|_| lead.state != LeadState::Claimed) else { return };
    past.transfers.push(match lead.state {
        LeadState::Verified | LeadState::Resolved => entry("v2:0", TransferKind::Post, &held, &own, at),
        _ => entry("v2:0", TransferKind::Void, &held, &Account::Budget, at),
    });
}

/// The receipt in the group and the card at the desk, as they stand.
fn add_messages(lead: &Lead, past: &mut Past) {
    let message = 500_000_000 + lead.id.0 * 2;
    for (n, (chat, subject, lane)) in
        [(lead.chat, "receipt", Lane::Reply), (ChatId(words::DESK), "card", Lane::Desk)].into_iter().enumerate()
    {
        let html = format!("<b>线索 {}</b>\n{}\n地点：治安岗亭（约50米）\n时间：刚才", lead.id, lead.description);
        let content = Content::Text { html, keyboard: Vec::new(), reply_to: Some(lead.message), silent: true };
        let subject = format!("lead:{}:{subject}", lead.id);
        let post = Post { chat, thread: None, subject, lane, content, lead: Some(lead.id), call: None };
        past.sent.push((post, lead.received_at.plus_ms(300), MessageId(message + n as i64)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town(leads: usize, scale: usize) -> Town {
        let size = Size { leads, points: 100 * scale, members: 200 * scale, groups: 5 * scale };
        Town { size, now: Millis(1_795_000_000_000) }
    }

    #[test]
    fn the_last_month_is_the_same_in_every_town() {
        let rules = Config::default();
        let month = |town: Town| {
            let past = town.past(town.size.leads - LAST_MONTH..town.size.leads, &rules);
            let of = |lead: &Lead| (lead.received_at, lead.state, lead.reporter, lead.urgent);
            past.leads.iter().map(of).collect::<Vec<_>>()
        };
        let (small, large) = (town(LAST_MONTH, 1), town(5_000, 100));
        assert_eq!(month(small), month(large));
        let from = small.now.plus_ms(-MONTH_MS);
        assert!(month(small).iter().all(|(at, ..)| (from..small.now).contains(at)));
        let before = large.past(0..large.size.leads - LAST_MONTH, &rules);
        assert!(before.leads.iter().all(|lead| lead.received_at < from && lead.state != LeadState::New));
        assert!(before.leads.is_sorted_by_key(|lead| lead.received_at));
    }
}
