//! An alarm in words: a responder's card, a group's card, the desk's board, what is told when it is over.
//!
//! Every text of a drill begins by saying so. Called by the alarm flow.

use super::card::Speaker;
use super::{Arg, cut, escape, when};
use crate::domain::alarm::stage::{Stage, StageWant, StageWho};
use crate::domain::alarm::{Alarm, Call, CallState, Callee, Outcome, ResponderKind, Summons, TeamKind, lacking};
use crate::domain::id::{Millis, UserId};
use crate::domain::lead::Scene;

/// So many others are named on a card; the rest is counted.
const OTHERS_SHOWN: usize = 8;
/// So many calls stand on the board: about 60 characters a line, and 4,096 a message.
const CALLS_SHOWN: usize = 40;
/// The longest words of a tip that are relayed on a card, in characters.
const WORDS_SHOWN: usize = 600;

/// What is shown of an alarm.
pub struct Shown<'a> {
    /// The alarm.
    pub alarm: &'a Alarm,
    /// Its calls.
    pub calls: &'a [Call],
    /// Where, as liaison points may read it.
    pub scene: Option<Scene>,
    /// What happened, as liaison points may read it.
    pub words: &'a str,
    /// The clock.
    pub stages: &'a [Stage],
    /// How callees are called.
    pub names: &'a dyn Fn(&Callee) -> String,
}

impl Speaker<'_> {
    /// A text about an alarm: of a drill it says so first.
    pub fn alarm_says(&self, alarm: &Alarm, key: &str, args: &[(&'static str, Arg<'_>)]) -> String {
        let mut all = vec![("number", Arg::from(alarm.id.0))];
        all.extend(args.iter().cloned());
        let text = self.say(key, &all);
        if alarm.drill { format!("{}\n{text}", self.say("drill", &[])) } else { text }
    }

    /// What stands on the pin of an alarm: a title, which takes no markup.
    pub fn pin_title(&self, alarm: &Alarm) -> String {
        self.say(if alarm.drill { "drill-pin-title" } else { "alarm-pin-title" }, &[("number", alarm.id.0.into())])
    }

    fn alarm_kind(&self, alarm: &Alarm) -> String {
        match &alarm.category {
            None if alarm.drill => self.say("drill-kind", &[]),
            category => self.category(category.as_deref()),
        }
    }

    fn alarm_head(&self, it: &Shown<'_>) -> String {
        let key = if it.alarm.runs() { "alarm" } else { "alarm-over" };
        self.alarm_says(it.alarm, key, &[("category", self.alarm_kind(it.alarm).into())])
    }

    /// What somebody reads who is called: what, where, how far, with what, how it stands, who else goes.
    pub fn alarm_card(&self, it: &Shown<'_>, call: &Call, you: &Summons, gear: &str) -> String {
        let mut out = self.alarm_head(it);
        let place = Arg::Html(self.place(it.scene.as_ref(), None));
        let distance = || call.distance_m.map_or_else(|| self.say("distance-unknown", &[]), when::distance);
        out.push('\n');
        out.push_str(&match &call.callee {
            Callee::Point(code) => self.say(
                "alarm-where",
                &[("place", place), ("distance", distance().into()), ("point", code.as_str().into())],
            ),
            Callee::Person(_) => self.say("alarm-where-you", &[("place", place), ("distance", distance().into())]),
        });
        if !it.words.is_empty() {
            out.push('\n');
            out.push_str(&escape(&cut(it.words, WORDS_SHOWN)));
        }
        let team = self.team(call);
        if !team.is_empty() || !gear.is_empty() {
            out.push('\n');
            let parts: Vec<&str> = [team.as_str(), gear].into_iter().filter(|part| !part.is_empty()).collect();
            out.push_str(&self.say("alarm-gear", &[("what", parts.join(" · ").into())]));
        }
        if let Some(end) = it.alarm.stood_down {
            out.push_str("\n\n");
            out.push_str(&self.outcome(end.outcome));
        } else if it.alarm.controlled.is_some() {
            out.push_str("\n\n");
            out.push_str(&self.say("alarm-is-controlled", &[]));
        }
        out.push_str("\n\n");
        out.push_str(&self.say("alarm-you", &[("state", self.state(you.state(), you.minutes).into())]));
        let going = self.going(it, Some((&call.callee, you.user)));
        if !going.is_empty() {
            out.push('\n');
            out.push_str(&self.say("alarm-others", &[("list", going.into())]));
        }
        out
    }

    /// What a group near the scene reads: what, where, who goes; of a private tip no words.
    pub fn alarm_group_card(&self, it: &Shown<'_>, words: bool) -> String {
        let mut out = self.alarm_head(it);
        out.push('\n');
        out.push_str(&self.say("alarm-group-where", &[("place", Arg::Html(self.place(it.scene.as_ref(), None)))]));
        if words && !it.words.is_empty() {
            out.push('\n');
            out.push_str(&escape(&cut(it.words, WORDS_SHOWN)));
        }
        out.push_str("\n\n");
        match it.alarm.stood_down {
            Some(end) => out.push_str(&self.outcome(end.outcome)),
            None => {
                let going = self.going(it, None);
                let key = if it.alarm.drill { "alarm-group-drill" } else { "alarm-group-advice" };
                if !going.is_empty() {
                    out.push_str(&self.say("alarm-group-going", &[("list", going.into())]));
                    out.push('\n');
                }
                out.push_str(&self.say(key, &[]));
            }
        }
        out
    }

    /// Who comes, as one line: who is nearest to being there first.
    fn going(&self, it: &Shown<'_>, except: Option<(&Callee, UserId)>) -> String {
        let mut going: Vec<(&Call, CallState)> = Vec::new();
        for call in it.calls {
            let others = call.people.iter().filter(|p| except != Some((&call.callee, p.user)));
            let states = [CallState::OnScene, CallState::UnderWay, CallState::Acknowledged];
            let states_of: Vec<CallState> = others.map(Summons::state).collect();
            going.extend(states.into_iter().find(|state| states_of.contains(state)).map(|state| (call, state)));
        }
        going.sort_by_key(|(_, state)| match state {
            CallState::OnScene => 0,
            CallState::UnderWay => 1,
            _ => 2,
        });
        let mut list: Vec<String> = going
            .iter()
            .take(OTHERS_SHOWN)
            .map(|(call, state)| {
                let who = match &call.callee {
                    Callee::Point(code) => code.clone(),
                    Callee::Person(_) => cut(&(it.names)(&call.callee), 16).into_owned(),
                };
                let parts = [self.team(call), who, self.state(*state, call.minutes())];
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            })
            .collect();
        if going.len() > OTHERS_SHOWN {
            list.push(format!("+{}", going.len() - OTHERS_SHOWN));
        }
        list.join(" · ")
    }

    /// The kind of team, or of police, as a word; nothing for a point's own guards.
    fn team(&self, call: &Call) -> String {
        let key = match (call.kind, call.team) {
            (ResponderKind::Patrol, _) => "team-patrol",
            (ResponderKind::Response, _) => "team-response",
            (ResponderKind::DutyOfficer, _) => "team-duty-officer",
            (ResponderKind::CallList, _) => "team-call-list",
            (ResponderKind::Point, None) => return String::new(),
            (ResponderKind::Point, Some(TeamKind::Stationed)) => "team-stationed",
            (ResponderKind::Point, Some(TeamKind::Mobile)) => "team-mobile",
            (ResponderKind::Point, Some(TeamKind::Area)) => "team-area",
            (ResponderKind::Point, Some(TeamKind::Village)) => "team-village",
            (ResponderKind::Point, Some(TeamKind::Watch)) => "team-watch",
        };
        self.say(key, &[])
    }

    fn state(&self, state: CallState, minutes: Option<i32>) -> String {
        let key = match state {
            CallState::Called => "call-called",
            CallState::Unreached => "call-failed",
            CallState::Acknowledged => "call-acknowledged",
            CallState::UnderWay => "call-under-way",
            CallState::OnScene => "call-on-scene",
            CallState::Declined => "call-declined",
            CallState::Lapsed => "call-lapsed",
        };
        let told = minutes.filter(|_| state == CallState::UnderWay);
        match told {
            Some(minutes) => self.say("call-under-way-minutes", &[("minutes", i64::from(minutes).into())]),
            None => self.say(key, &[]),
        }
    }

    /// How it ended, as a line.
    pub fn outcome(&self, outcome: Outcome) -> String {
        let key = match outcome {
            Outcome::Handled => "outcome-handled",
            Outcome::Mistaken => "outcome-mistaken",
            Outcome::Accidental => "outcome-accidental",
            Outcome::Prank => "outcome-prank",
            Outcome::LeadClosed => "outcome-lead-closed",
            Outcome::DrillOver => "outcome-drill-over",
            Outcome::DrillBrokenOff => "outcome-drill-broken-off",
        };
        self.say(key, &[])
    }

    /// What each hears who was called, when it is over.
    pub fn alarm_stand_down(&self, alarm: &Alarm) -> String {
        let outcome = alarm.stood_down.map_or_else(String::new, |end| self.outcome(end.outcome));
        self.alarm_says(alarm, "stand-down", &[("outcome", outcome.into())])
    }

    /// What each hears who was called, when the place was mended.
    pub fn alarm_moved(&self, it: &Shown<'_>) -> String {
        let place = Arg::Html(self.place(it.scene.as_ref(), None));
        self.alarm_says(it.alarm, "alarm-moved", &[("place", place)])
    }

    /// The desk's live board: the clock, who has it, and each call.
    pub fn alarm_board(&self, it: &Shown<'_>, staff: &dyn Fn(UserId) -> String) -> String {
        let alarm = it.alarm;
        let key = match (alarm.lead, alarm.runs()) {
            (Some(_), true) => "board",
            (Some(_), false) => "board-over",
            (None, true) => "board-drill",
            (None, false) => "board-drill-over",
        };
        let time = |at: Millis| when::seconds(at, self.zone);
        let mut out = self.alarm_says(
            alarm,
            key,
            &[
                ("lead", alarm.lead.map_or(0, |lead| lead.0).into()),
                ("time", time(alarm.raised_at).into()),
                ("category", self.alarm_kind(alarm).into()),
            ],
        );
        out.push('\n');
        out.push_str(&self.place(it.scene.as_ref(), None));
        out.push('\n');
        out.push_str(&self.stage_line(it));
        for (key, deed) in [("board-taken", alarm.taken), ("board-controlled", alarm.controlled)] {
            if let Some((at, by)) = deed {
                out.push('\n');
                out.push_str(&self.say(key, &[("officer", staff(by).into()), ("time", time(at).into())]));
            }
        }
        if let Some(end) = alarm.stood_down {
            out.push('\n');
            let by = end.by.map_or_else(String::new, |by| format!(" · {}", staff(by)));
            out.push_str(&format!("{} {}{}", time(end.at), self.outcome(end.outcome), escape(&by)));
        }
        let mut calls: Vec<&Call> = it.calls.iter().collect();
        if calls.len() > CALLS_SHOWN {
            // Those who do something first; of the others the nearest.
            calls.sort_by_key(|call| match call.state() {
                CallState::OnScene => 0,
                CallState::UnderWay => 1,
                CallState::Acknowledged => 2,
                CallState::Unreached | CallState::Lapsed => 3,
                CallState::Called => 4,
                CallState::Declined => 5,
            });
            out.push('\n');
            out.push_str(&self.counts(it.calls));
        }
        for call in calls.iter().take(CALLS_SHOWN) {
            out.push('\n');
            out.push_str(&self.board_line(it, call));
        }
        if calls.len() > CALLS_SHOWN {
            out.push('\n');
            out.push_str(&self.say("board-more", &[("count", ((calls.len() - CALLS_SHOWN) as i64).into())]));
        }
        out
    }

    fn counts(&self, calls: &[Call]) -> String {
        let of = |state: CallState| calls.iter().filter(|call| call.state() == state).count() as i64;
        self.say(
            "board-counts",
            &[
                ("called", (calls.len() as i64).into()),
                ("scene", of(CallState::OnScene).into()),
                ("way", of(CallState::UnderWay).into()),
                ("known", of(CallState::Acknowledged).into()),
                ("cannot", of(CallState::Declined).into()),
                ("unreached", of(CallState::Unreached).into()),
            ],
        )
    }

    /// The stages of the clock: met after so long, missed, or still to come.
    fn stage_line(&self, it: &Shown<'_>) -> String {
        let marks = it.stages.iter().map(|stage| {
            let who = match stage.counts(it.calls) {
                StageWho::Anyone => "who-anyone",
                StageWho::Ring => "who-ring",
                StageWho::Patrol => "who-patrol",
                StageWho::Response => "who-response",
            };
            let want = match stage.want {
                StageWant::Acknowledged => "call-acknowledged",
                StageWant::OnScene => "call-on-scene",
                StageWant::UnderControl => "alarm-is-controlled",
            };
            let due = it.alarm.raised_at.plus_ms(stage.within_seconds * 1000);
            let ended = it.alarm.stood_down.map_or(self.now, |end| end.at);
            let after = |at: Millis| format!(" ({} s)", at.since(it.alarm.raised_at) / 1000);
            let (mark, after) = match stage.met_at(it.alarm, it.calls) {
                Some(at) if at <= due => ("✅", after(at)),
                Some(at) => ("❌", after(at)),
                None if ended >= due => ("❌", String::new()),
                None if it.alarm.runs() => ("⏳", String::new()),
                None => ("➖", String::new()),
            };
            let (who, want) = (self.say(who, &[]), self.say(want, &[]));
            format!("{mark} {} s {who} {want}{after}", stage.within_seconds)
        });
        marks.collect::<Vec<_>>().join("\n")
    }

    fn board_line(&self, it: &Shown<'_>, call: &Call) -> String {
        let state = call.state();
        let at = match state {
            CallState::Called => Some(call.called_at),
            CallState::Unreached => None,
            CallState::Acknowledged => call.first(|p| p.acknowledged_at),
            CallState::UnderWay => call.first(|p| p.under_way_at),
            CallState::OnScene => call.first(|p| p.on_scene_at),
            CallState::Declined => call.first(|p| p.declined_at),
            CallState::Lapsed => call.first(|p| p.lapsed_at),
        };
        let state = match call.failure.as_deref().filter(|_| call.people.is_empty()) {
            Some(lacking::CONTACT) => self.say("call-no-contact", &[]),
            Some(lacking::DUTY) => self.say("call-off-duty", &[]),
            Some(lacking::ELSEWHERE) => self.say("call-elsewhere", &[]),
            _ => self.state(state, call.minutes()),
        };
        let team = self.team(call);
        let name = cut(&(it.names)(&call.callee), 24).into_owned();
        self.say(
            "board-line",
            &[
                ("name", if team.is_empty() { name } else { format!("{team} {name}") }.into()),
                ("distance", call.distance_m.map_or_else(|| "?".to_owned(), when::distance).into()),
                ("state", state.into()),
                ("time", at.map_or_else(String::new, |at| when::seconds(at, self.zone)).into()),
            ],
        )
    }
}
