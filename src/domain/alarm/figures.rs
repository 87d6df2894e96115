//! Response figures (R3, R7): of those who were called, how many came, and how fast. Pure.
//!
//! A call is timed from when it was made (`called_at`): the first ring's from the raising, that of a point which a wider ring
//! or a stage called later from then. The alarm's own clock ([`clock`]) runs from the raising. **Called off** before a window was
//! over, false alarm or not, counts for that window only if somebody came: neither met nor missed, so denominators differ and
//! stand beside each share. Drills and real alarms are never in one figure: each asks for one [`Sort`].

use super::{Alarm, Call, Callee, ResponderKind, TeamKind};
use crate::domain::id::Millis;
use chrono::Timelike;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Within so many seconds somebody should be on scene (R3: 1-3-5 minutes).
pub const WINDOWS: [i64; 3] = [60, 180, 300];

/// Which alarms a figure is about: never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// Real ones.
    Real,
    /// Drills (R7).
    Drill,
}

impl Sort {
    /// Of which sort an alarm is.
    pub fn of(alarm: &Alarm) -> Self {
        if alarm.drill { Self::Drill } else { Self::Real }
    }
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Those who did.
    pub met: u32,
    /// Of so many who could have.
    pub of: u32,
}

impl Share {
    /// 0 to 1; `None` of none.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.met) / f64::from(self.of))
    }

    fn count(&mut self, met: bool) {
        self.of += 1;
        self.met += u32::from(met);
    }
}

/// How times spread, by nearest rank: the value at place ⌈p·n⌉ of the sorted times, which is always one that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// How many times.
    pub count: u32,
    /// Half were at least as fast, milliseconds.
    pub median_ms: i64,
    /// Nine of ten were at least as fast, milliseconds.
    pub p90_ms: i64,
}

impl Spread {
    /// Of these times, in milliseconds; `None` of none.
    pub fn of(mut times: Vec<i64>) -> Option<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Self { count: times.len() as u32, median_ms: at(50)?, p90_ms: at(90)? })
    }
}

/// One call's times, from when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// To the first sign that somebody knows and comes (acknowledged, under way or on scene), milliseconds.
    pub know_ms: Option<i64>,
    /// To the first on scene, milliseconds.
    pub scene_ms: Option<i64>,
    /// To the stand-down, milliseconds; `None`: the alarm still runs.
    pub over_ms: Option<i64>,
}

impl Timing {
    /// A call's. A clock that was set back between two instants makes no time negative.
    pub fn of(alarm: &Alarm, call: &Call) -> Self {
        let after = |at: Option<Millis>| at.map(|at| at.since(call.called_at).max(0));
        Self {
            know_ms: after(call.known_at()),
            scene_ms: after(call.on_scene_at()),
            over_ms: after(alarm.stood_down.map(|end| end.at)),
        }
    }

    /// Whether they were on scene within so many seconds; `None`: it was called off before these were over.
    pub fn within(&self, seconds: i64) -> Option<bool> {
        let window_ms = seconds * 1000;
        match (self.scene_ms, self.over_ms) {
            (Some(scene), _) if scene <= window_ms => Some(true),
            (_, Some(over)) if over < window_ms => None,
            _ => Some(false),
        }
    }
}

/// The figures over a set of calls. `calls = called + nobody`; each of the other counts is of those called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Alarms in which they were called.
    pub alarms: u32,
    /// Calls on record.
    pub calls: u32,
    /// Of these: nobody was there to be summoned (no contact, off duty, at another scene), so nobody could come.
    pub nobody: u32,
    /// Of these: somebody was summoned. Later times and counts are over these.
    pub called: u32,
    /// A message arrived with somebody.
    pub delivered: u32,
    /// Somebody answered, 去不了 included.
    pub answered: u32,
    /// Somebody was on scene.
    pub on_scene: u32,
    /// Time to know; over those who said that they come or came.
    pub to_know: Option<Spread>,
    /// Time to the scene; over those who came.
    pub to_scene: Option<Spread>,
    /// On scene within each of [`WINDOWS`].
    pub within: [Share; 3],
}

/// Whether anybody of a call answered anything.
pub fn has_answered(call: &Call) -> bool {
    call.known_at().is_some() || call.people.iter().any(|p| p.declined_at.is_some())
}

impl Figures {
    /// Over the calls of one sort among these.
    pub fn over<'a>(sort: Sort, calls: impl IntoIterator<Item = (&'a Alarm, &'a Call)>) -> Self {
        let mut sum = Self::default();
        let mut alarms = Vec::new();
        let (mut know, mut scene) = (Vec::new(), Vec::new());
        for (alarm, call) in calls.into_iter().filter(|(alarm, _)| Sort::of(alarm) == sort) {
            sum.calls += 1;
            alarms.push(alarm.id);
            if call.people.is_empty() {
                sum.nobody += 1;
                continue;
            }
            let timing = Timing::of(alarm, call);
            sum.called += 1;
            sum.delivered += u32::from(call.people.iter().any(|p| p.delivered_at.is_some()));
            sum.answered += u32::from(has_answered(call));
            sum.on_scene += u32::from(timing.scene_ms.is_some());
            know.extend(timing.know_ms);
            scene.extend(timing.scene_ms);
            for (share, seconds) in sum.within.iter_mut().zip(WINDOWS) {
                if let Some(met) = timing.within(seconds) {
                    share.count(met);
                }
            }
        }
        alarms.sort_unstable();
        alarms.dedup();
        sum.alarms = alarms.len() as u32;
        (sum.to_know, sum.to_scene) = (Spread::of(know), Spread::of(scene));
        sum
    }
}

/// The alarms' own clock: anybody's first answer and arrival, from the raising. Each alarm counts as one call.
pub fn clock<'a>(sort: Sort, alarms: impl IntoIterator<Item = (&'a Alarm, &'a [Call])>) -> Figures {
    // All its people together, as if one callee had been called at the raising.
    let merged: Vec<(&Alarm, Call)> = alarms
        .into_iter()
        .filter_map(|(alarm, calls)| {
            let mut all = calls.first()?.clone();
            all.called_at = alarm.raised_at;
            all.people = calls.iter().flat_map(|call| call.people.iter().cloned()).collect();
            Some((alarm, all))
        })
        .collect();
    Figures::over(sort, merged.iter().map(|(alarm, call)| (*alarm, call)))
}

/// As what somebody came: the kind of team of a point, or the kind of police.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Team(pub ResponderKind, pub Option<&'static str>);

impl Team {
    /// A call's.
    pub fn of(call: &Call) -> Self {
        let name = |team| TeamKind::NAMES.iter().find(|(known, _)| *known == team).map(|(_, name)| *name);
        Self(call.kind, call.team.filter(|_| call.kind == ResponderKind::Point).and_then(name))
    }
}

/// Figures of one sort, by what `key` says of each call; calls of which it says nothing are left out.
pub fn grouped<'a, K: Ord>(
    sort: Sort,
    calls: &[(&'a Alarm, &'a Call)],
    key: impl Fn(&'a Alarm, &'a Call) -> Option<K>,
) -> Vec<(K, Figures)> {
    let mut groups: BTreeMap<K, Vec<(&Alarm, &Call)>> = BTreeMap::new();
    for (alarm, call) in calls.iter().filter(|(alarm, _)| Sort::of(alarm) == sort) {
        if let Some(key) = key(alarm, call) {
            groups.entry(key).or_default().push((alarm, call));
        }
    }
    groups.into_iter().map(|(key, calls)| (key, Figures::over(sort, calls))).collect()
}

/// By liaison point.
pub fn by_point<'a>(sort: Sort, calls: &[(&'a Alarm, &'a Call)]) -> Vec<(&'a str, Figures)> {
    grouped(sort, calls, |_, call| match &call.callee {
        Callee::Point(code) => Some(code.as_str()),
        Callee::Person(_) => None,
    })
}

/// By kind of team.
pub fn by_team(sort: Sort, calls: &[(&Alarm, &Call)]) -> Vec<(Team, Figures)> {
    grouped(sort, calls, |_, call| Some(Team::of(call)))
}

/// By the hour of the day in which the alarm was raised, 0 to 23 in `zone`.
pub fn by_hour(sort: Sort, calls: &[(&Alarm, &Call)], zone: Tz) -> Vec<(u32, Figures)> {
    grouped(sort, calls, |alarm, _| Some(alarm.raised_at.utc().with_timezone(&zone).hour()))
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Outcome, StandDown, Summons};
    use super::*;
    use crate::domain::id::{AlarmId, UserId};
    use proptest::prelude::*;

    const RAISED: Millis = Millis(1_795_262_400_000);

    fn alarm(id: i64, drill: bool, over_s: Option<i64>) -> Alarm {
        Alarm {
            id: AlarmId(id),
            version: 1,
            lead: None,
            drill,
            origin: Origin::Desk,
            chat: None,
            category: None,
            scene: None,
            ring: 1,
            raised_by: None,
            raised_at: RAISED,
            taken: None,
            controlled: None,
            stood_down: over_s.map(|s| StandDown { at: after(s), by: None, outcome: Outcome::Mistaken }),
        }
    }

    fn after(seconds: i64) -> Millis {
        RAISED.plus_ms(seconds * 1000)
    }

    /// A point's call made so many seconds after the raising; its guard knew and came so many seconds after the raising.
    fn call(alarm: i64, point: &str, called_s: i64, know_s: Option<i64>, scene_s: Option<i64>) -> Call {
        Call {
            alarm: AlarmId(alarm),
            callee: Callee::Point(point.into()),
            kind: ResponderKind::Point,
            team: None,
            ring: 1,
            distance_m: None,
            called_at: after(called_s),
            failure: None,
            people: vec![Summons {
                delivered_at: Some(after(called_s + 1)),
                acknowledged_at: know_s.map(after),
                on_scene_at: scene_s.map(after),
                ..Summons::new(UserId(1), after(called_s))
            }],
        }
    }

    fn share(met: u32, of: u32) -> Share {
        Share { met, of }
    }

    #[test]
    fn ranks_are_the_nearest() {
        // Ten times of 1 to 10 s: places 5 and 9. Four: places 2 and 4. One: itself.
        let of = |times: &[i64]| Spread::of(times.to_vec()).map(|s| (s.count, s.median_ms, s.p90_ms));
        assert_eq!(of(&[7, 1, 9, 3, 5, 10, 2, 8, 4, 6]), Some((10, 5, 9)));
        assert_eq!(of(&[40, 10, 30, 20]), Some((4, 20, 40)));
        assert_eq!((of(&[7]), of(&[])), (Some((1, 7, 7)), None));
    }

    #[test]
    fn a_drill_worked_out_by_hand() {
        let it = alarm(1, true, Some(600));
        let mut declined = call(1, "P4", 0, None, None);
        declined.people[0].declined_at = Some(after(9));
        let mut nobody = call(1, "P5", 0, None, None);
        nobody.people.clear();
        let calls = [
            call(1, "P1", 0, Some(10), Some(45)),
            // Called by the second ring after 30 s: 50 s to know, 170 s to the scene.
            call(1, "P2", 30, Some(80), Some(200)),
            call(1, "P3", 0, None, None),
            declined,
            nobody,
        ];
        let got = Figures::over(Sort::Drill, calls.iter().map(|call| (&it, call)));
        let want = Figures {
            alarms: 1,
            calls: 5,
            nobody: 1,
            called: 4,
            delivered: 4,
            answered: 3,
            on_scene: 2,
            to_know: Some(Spread { count: 2, median_ms: 10_000, p90_ms: 50_000 }),
            to_scene: Some(Spread { count: 2, median_ms: 45_000, p90_ms: 170_000 }),
            within: [share(1, 4), share(2, 4), share(2, 4)],
        };
        assert_eq!(got, want);
        assert_eq!(Figures::over(Sort::Real, calls.iter().map(|call| (&it, call))), Figures::default());
        // The drill's own clock: one alarm, somebody knew after 10 s and was there after 45 s.
        let own = clock(Sort::Drill, [(&it, calls.as_slice())]);
        assert_eq!((own.alarms, own.called, own.within), (1, 1, [share(1, 1); 3]));
        assert_eq!(own.to_scene.map(|s| s.median_ms), Some(45_000));
    }

    #[test]
    fn what_was_called_off_in_time_is_neither_met_nor_missed() {
        // A false alarm over after 100 s: one came in 40 s, one did not come; called after 50 s, a third had 50 s.
        let it = alarm(1, false, Some(100));
        let calls =
            [call(1, "P1", 0, None, Some(40)), call(1, "P2", 0, Some(5), None), call(1, "P3", 50, Some(60), None)];
        let got = Figures::over(Sort::Real, calls.iter().map(|call| (&it, call)));
        assert_eq!((got.called, got.on_scene), (3, 1));
        assert_eq!(got.within, [share(1, 2), share(1, 1), share(1, 1)]);
        assert_eq!(Timing::of(&it, &calls[1]).within(100), Some(false), "exactly its time");
        // It still runs: who has not come has missed what is over, and is counted as not there for the rest.
        let runs = alarm(1, false, None);
        assert_eq!(Timing::of(&runs, &calls[1]).within(300), Some(false));
        assert_eq!(
            Timing { know_ms: None, scene_ms: Some(60_000), over_ms: None }.within(60),
            Some(true),
            "at 60.000 s"
        );
        assert_eq!(Timing { know_ms: None, scene_ms: Some(60_001), over_ms: None }.within(60), Some(false));
    }

    #[test]
    fn groups_are_by_point_team_and_hour_of_the_zone() {
        let it = alarm(1, false, None);
        let mut patrol = call(1, "x", 0, None, None);
        patrol.callee = Callee::Person(UserId(8));
        patrol.kind = ResponderKind::Patrol;
        let mut stationed = call(1, "P2", 0, None, Some(50));
        stationed.team = Some(TeamKind::Stationed);
        let calls = [call(1, "P1", 0, None, Some(70)), stationed, patrol];
        let pairs: Vec<(&Alarm, &Call)> = calls.iter().map(|call| (&it, call)).collect();
        let points: Vec<(&str, u32)> =
            by_point(Sort::Real, &pairs).iter().map(|(p, f)| (*p, f.within[0].met)).collect();
        assert_eq!(points, [("P1", 0), ("P2", 1)]);
        let teams: Vec<Team> = by_team(Sort::Real, &pairs).into_iter().map(|(team, _)| team).collect();
        use ResponderKind::{Patrol, Point};
        assert_eq!(teams, [Team(Point, None), Team(Point, Some("stationed")), Team(Patrol, None)]);
        // 20:00 in Shanghai is noon in London.
        let hours =
            |zone| by_hour(Sort::Real, &pairs, zone).into_iter().map(|(hour, f)| (hour, f.calls)).collect::<Vec<_>>();
        assert_eq!(hours(chrono_tz::Asia::Shanghai), [(20, 3)]);
        assert_eq!(hours(chrono_tz::Europe::London), [(12, 3)]);
        assert!(by_point(Sort::Drill, &pairs).is_empty() && by_hour(Sort::Drill, &pairs, chrono_tz::UTC).is_empty());
    }

    prop_compose! {
        fn any_pair()(
            id in 1..6i64, drill: bool, over in proptest::option::of(0..700i64), point in 0..4u8, called in 0..90i64,
            know in proptest::option::of(0..400i64), scene in proptest::option::of(0..400i64), people: bool,
        ) -> (Alarm, Call) {
            let mut it = call(id, &format!("P{point}"), called, know, scene);
            if !people { it.people.clear(); }
            (alarm(id + if drill { 10 } else { 0 }, drill, over), it)
        }
    }

    proptest! {
        #[test]
        fn figures_hold_together(pairs in proptest::collection::vec(any_pair(), 0..40), turn in 0..40usize) {
            let refs: Vec<(&Alarm, &Call)> = pairs.iter().map(|(alarm, call)| (alarm, call)).collect();
            let mut other = refs.clone();
            other.rotate_left(if refs.is_empty() { 0 } else { turn % refs.len() });
            other.reverse();
            let mut calls = 0;
            for sort in [Sort::Real, Sort::Drill] {
                let all = Figures::over(sort, refs.iter().copied());
                prop_assert_eq!(all, Figures::over(sort, other.iter().copied()), "the order of calls does not matter");
                prop_assert_eq!(all.calls, all.called + all.nobody);
                prop_assert!(all.on_scene <= all.answered && all.answered <= all.called && all.delivered <= all.called);
                prop_assert_eq!(all.to_scene.map_or(0, |s| s.count), all.on_scene);
                for pair in all.within.windows(2) {
                    prop_assert!(pair[0].met <= pair[1].met);
                }
                for share in all.within {
                    prop_assert!(share.met <= share.of && share.of <= all.called && share.ratio().is_none_or(|r| r <= 1.0));
                }
                for spread in all.to_know.into_iter().chain(all.to_scene) {
                    prop_assert!(0 <= spread.median_ms && spread.median_ms <= spread.p90_ms);
                }
                for groups in [
                    by_point(sort, &refs).into_iter().map(|(_, f)| f).collect::<Vec<_>>(),
                    by_hour(sort, &refs, chrono_tz::UTC).into_iter().map(|(_, f)| f).collect(),
                    by_team(sort, &refs).into_iter().map(|(_, f)| f).collect(),
                ] {
                    prop_assert_eq!(groups.iter().map(|f| f.called).sum::<u32>(), all.called);
                    for window in 0..3 {
                        prop_assert_eq!(groups.iter().map(|f| f.within[window].of).sum::<u32>(), all.within[window].of);
                        prop_assert_eq!(groups.iter().map(|f| f.within[window].met).sum::<u32>(), all.within[window].met);
                    }
                }
                calls += all.calls as usize;
            }
            prop_assert_eq!(calls, pairs.len(), "each call is in one sort");
        }
    }
}
