//! A drill's report in words, for the desk (R7): who came how fast, who never answered, beside the last drills.
//!
//! One message of at most 4,096 characters: what stands at its end is written first, and of the calls so many are told as fit.

use super::card::Speaker;
use super::{Arg, cut, when};
use crate::domain::alarm::figures::{Figures, Share, Sort, Timing, clock, has_answered};
use crate::domain::alarm::{Alarm, Call, Callee};
use crate::domain::lead::Scene;

/// A message holds so many UTF-16 units; room is kept for the line that counts what is left out.
const LONGEST: usize = 4_096 - 200;
/// So many are named who never answered, or whom nobody could call; the rest is counted.
const NAMED: usize = 15;

/// A drill that is told of.
#[derive(Debug, Clone)]
pub struct Drilled<'a> {
    /// The drill.
    pub alarm: &'a Alarm,
    /// Its calls.
    pub calls: &'a [Call],
    /// Where, as the desk may read it.
    pub scene: Option<Scene>,
}

impl Drilled<'_> {
    fn figures(&self) -> Figures {
        Figures::over(Sort::Drill, self.calls.iter().map(|call| (self.alarm, call)))
    }
}

impl Speaker<'_> {
    /// The report of `drill` beside those `before` it, the newest first.
    pub fn drill_report(
        &self,
        drill: &Drilled<'_>,
        before: &[Drilled<'_>],
        names: &dyn Fn(&Callee) -> String,
    ) -> String {
        let head = self.report_head(drill);
        let foot = self.report_foot(drill, before, names);
        let mut calls: Vec<(&Call, Timing)> = drill
            .calls
            .iter()
            .filter(|call| !call.people.is_empty())
            .map(|call| (call, Timing::of(drill.alarm, call)))
            .collect();
        calls.retain(|(call, _)| has_answered(call));
        let last = i64::MAX;
        calls.sort_by_key(|(_, it)| (it.scene_ms.unwrap_or(last), it.know_ms.unwrap_or(last)));
        let mut room = LONGEST.saturating_sub(units(&head) + units(&foot));
        let mut lines = String::new();
        for (told, (call, timing)) in calls.iter().enumerate() {
            let line = format!("\n{}", self.report_line(drill, call, timing, names));
            if units(&line) > room {
                lines.push('\n');
                lines.push_str(&self.say("drill-report-more", &[("count", ((calls.len() - told) as i64).into())]));
                break;
            }
            room -= units(&line);
            lines.push_str(&line);
        }
        let gap = if lines.is_empty() { "" } else { "\n" };
        format!("{head}{gap}{lines}{foot}")
    }

    fn report_head(&self, drill: &Drilled<'_>) -> String {
        let alarm = drill.alarm;
        let time = |at| when::seconds(at, self.zone).into();
        let over = alarm.stood_down.map(|end| end.at);
        let place = drill.scene.as_ref().map_or_else(|| "–".to_owned(), |scene| cut(&scene.text, 60).into_owned());
        let mut out = self.alarm_says(
            alarm,
            "drill-report",
            &[
                ("place", place.into()),
                ("day", when::day(alarm.raised_at, self.now, self.zone).into()),
                ("from", time(alarm.raised_at)),
                ("until", over.map_or_else(|| "…".into(), time)),
            ],
        );
        if let Some(end) = alarm.stood_down {
            out.push('\n');
            out.push_str(&self.outcome(end.outcome));
        }
        let figures = drill.figures();
        out.push('\n');
        out.push_str(&self.say(
            "drill-report-counts",
            &[
                ("called", i64::from(figures.called).into()),
                ("delivered", i64::from(figures.delivered).into()),
                ("answered", i64::from(figures.answered).into()),
                ("scene", i64::from(figures.on_scene).into()),
            ],
        ));
        let own = clock(Sort::Drill, [(alarm, drill.calls)]);
        if own.to_know.is_some() {
            let first = |spread: Option<crate::domain::alarm::figures::Spread>| {
                spread.map_or_else(|| self.say("drill-report-not", &[]), |it| self.seconds(it.median_ms))
            };
            out.push('\n');
            let (know, scene) = (first(own.to_know), first(own.to_scene));
            out.push_str(&self.say("drill-report-first", &[("know", know.into()), ("scene", scene.into())]));
        }
        out.push('\n');
        out.push_str(&self.say("drill-report-within", &[("shares", self.shares(&figures).into())]));
        out
    }

    fn report_line(
        &self,
        drill: &Drilled<'_>,
        call: &Call,
        timing: &Timing,
        names: &dyn Fn(&Callee) -> String,
    ) -> String {
        let name = cut(&names(&call.callee), 24).into_owned();
        let distance = call.distance_m.map_or_else(|| "?".to_owned(), when::distance);
        let known = match timing.know_ms {
            Some(ms) => self.say("drill-report-known", &[("after", self.seconds(ms).into())]),
            None => self.say("call-declined", &[]),
        };
        let scene = match timing.scene_ms {
            Some(ms) => self.say("drill-report-scene", &[("after", self.seconds(ms).into())]),
            None => self.say("drill-report-not-scene", &[]),
        };
        let mut line = self.say(
            "drill-report-line",
            &[("name", name.into()), ("distance", distance.into()), ("known", known.into()), ("scene", scene.into())],
        );
        let later = call.called_at.since(drill.alarm.raised_at);
        if later >= 1000 {
            line.push_str(&self.say("drill-report-later", &[("after", self.seconds(later).into())]));
        }
        line
    }

    fn report_foot(&self, drill: &Drilled<'_>, before: &[Drilled<'_>], names: &dyn Fn(&Callee) -> String) -> String {
        let mut out = String::new();
        let named = |key: &str, calls: Vec<&Call>| {
            if calls.is_empty() {
                return String::new();
            }
            let comma = self.say("comma", &[]);
            let mut list: Vec<String> =
                calls.iter().take(NAMED).map(|call| cut(&names(&call.callee), 24).into_owned()).collect();
            if calls.len() > NAMED {
                list.push(format!("+{}", calls.len() - NAMED));
            }
            let args = [("count", (calls.len() as i64).into()), ("list", list.join(&comma).into())];
            format!("\n{}", self.say(key, &args))
        };
        let (called, nobody): (Vec<&Call>, Vec<&Call>) = drill.calls.iter().partition(|call| !call.people.is_empty());
        let silent: Vec<&Call> = called.into_iter().filter(|call| !has_answered(call)).collect();
        let lines = [named("drill-report-silent", silent), named("drill-report-nobody", nobody)].concat();
        if !lines.is_empty() {
            out.push('\n');
            out.push_str(&lines);
        }
        out.push_str("\n\n");
        if before.is_empty() {
            out.push_str(&self.say("drill-report-first-ever", &[]));
            return out;
        }
        out.push_str(&self.say("drill-report-before", &[]));
        for past in before {
            let place = past.scene.as_ref().map_or_else(|| "–".to_owned(), |scene| cut(&scene.text, 30).into_owned());
            let day = when::day(past.alarm.raised_at, self.now, self.zone);
            let shares = self.shares(&past.figures());
            let args: [(&'static str, Arg<'_>); 4] = [
                ("number", past.alarm.id.0.into()),
                ("day", day.into()),
                ("place", place.into()),
                ("shares", shares.into()),
            ];
            out.push('\n');
            out.push_str(&self.say("drill-report-past", &args));
        }
        out
    }

    fn shares(&self, figures: &Figures) -> String {
        let [one, three, five] = figures.within.map(|share: Share| {
            self.say("drill-report-share", &[("met", i64::from(share.met).into()), ("of", i64::from(share.of).into())])
        });
        self.say("drill-report-shares", &[("one", one.into()), ("three", three.into()), ("five", five.into())])
    }

    /// Begun seconds: what took 60.2 s does not read as within a minute.
    fn seconds(&self, ms: i64) -> String {
        let seconds = ms / 1000 + i64::from(ms % 1000 > 0);
        self.say("drill-report-seconds", &[("seconds", seconds.into())])
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alarm::{Origin, Outcome, ResponderKind, StandDown, Summons};
    use crate::domain::id::{AlarmId, Millis, UserId};
    use crate::domain::member::Language;

    const RAISED: Millis = Millis(1_795_262_400_000);

    fn drill(id: i64) -> Alarm {
        Alarm {
            id: AlarmId(id),
            version: 1,
            lead: None,
            drill: true,
            origin: Origin::Drill,
            chat: None,
            category: None,
            scene: None,
            ring: 3,
            raised_by: None,
            raised_at: RAISED,
            taken: None,
            controlled: None,
            stood_down: Some(StandDown { at: RAISED.plus_ms(600_000), by: None, outcome: Outcome::DrillOver }),
        }
    }

    fn call(number: i64, scene_ms: Option<i64>) -> Call {
        Call {
            alarm: AlarmId(9),
            callee: Callee::Point(format!("P{number:03}")),
            kind: ResponderKind::Point,
            team: None,
            ring: 1,
            distance_m: Some(80.0),
            called_at: RAISED,
            failure: None,
            people: vec![Summons {
                on_scene_at: scene_ms.map(|ms| RAISED.plus_ms(ms)),
                ..Summons::new(UserId(number), RAISED)
            }],
        }
    }

    fn speaker(language: Language) -> Speaker<'static> {
        Speaker {
            language,
            zone: chrono_tz::Asia::Shanghai,
            now: RAISED.plus_ms(600_000),
            categories: &[],
            emergency_number: "110",
        }
    }

    #[test]
    fn the_largest_drill_fits_a_message_and_counts_what_it_leaves_out() {
        let alarm = drill(9);
        let calls: Vec<Call> = (0..500).map(|n| call(n, (n % 2 == 0).then_some(n * 1000))).collect();
        let place = Scene {
            at: crate::domain::place::Wgs84 { lat: 23.0, lon: 113.9 },
            accuracy_m: 10.0,
            source: crate::domain::place::PlaceSource::PointCode,
            datum: crate::domain::place::Datum::Wgs84,
            text: "<很长的地名>&".repeat(40),
        };
        let told = Drilled { alarm: &alarm, calls: &calls, scene: Some(place) };
        let before: Vec<Alarm> = (4..9).map(drill).collect();
        let before: Vec<Drilled<'_>> =
            before.iter().map(|it| Drilled { alarm: it, scene: told.scene.clone(), calls: &calls }).collect();
        for language in [Language::Zh, Language::En] {
            let text =
                speaker(language).drill_report(&told, &before, &|callee| format!("{callee} & {}", "长名".repeat(30)));
            let length = text.encode_utf16().count();
            assert!((3_000..=4_096).contains(&length), "{length}: {text}");
            assert!(text.contains("DRILL") && !text.contains("<很"), "{text}");
            let lines = text.lines().filter(|line| line.starts_with("· P")).count();
            let left_out = (250 - lines).to_string();
            assert!(lines > 10 && text.contains(&left_out), "{lines} lines: {text}");
            let silent = match language {
                Language::Zh => "始终未应答 250 个",
                Language::En => "Never answered, 250",
            };
            assert!(text.contains(silent) && text.contains("+235"), "{text}");
        }
    }

    #[test]
    fn shares_stand_beside_what_they_are_of_and_begun_seconds_count() {
        let alarm = drill(9);
        // At 60.0 s within a minute, at 60.2 s not, and it reads as 61 s.
        let calls = [call(1, Some(60_000)), call(2, Some(60_200)), call(3, None)];
        let told = Drilled { alarm: &alarm, calls: &calls, scene: None };
        let text = speaker(Language::En).drill_report(&told, &[], &|callee| callee.to_string());
        for words in
            ["within 1 min 1 of 3 · 3 min 2 of 3", "on scene in 60 s", "on scene in 61 s", "Never answered, 1: P003"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}
