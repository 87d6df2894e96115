use super::super::id::{Millis, UserId};
use super::coverage;
use super::*;
use chrono::{NaiveTime, TimeDelta, TimeZone, Weekday};
use proptest::prelude::*;

const ANA: UserId = UserId(1);
const BO: UserId = UserId(2);

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn shift(user: UserId, days: Days, from: &str, to: &str) -> Shift {
    Shift {
        user,
        post: String::new(),
        days,
        from: time(from),
        to: time(to),
        first: None,
        last: None,
        holidays: OnHolidays::Also,
    }
}

fn duty(shifts: Vec<Shift>) -> Duty {
    Duty::new(Rota { shifts, ..Rota::default() }, chrono_tz::Asia::Shanghai)
}

fn at(text: &str, zone: Tz) -> Millis {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    zone.from_local_datetime(&local).earliest().unwrap().into()
}

fn cn(text: &str) -> Millis {
    at(text, chrono_tz::Asia::Shanghai)
}

fn on(days: &[Weekday]) -> Days {
    days.iter().copied().collect()
}

#[test]
fn who_is_not_in_the_rota_is_on_duty_always() {
    let duty = duty(vec![shift(ANA, Days::ALL, "08:00", "16:00")]);
    assert!(duty.on_duty(BO, None, cn("2026-11-22 03:00")) && duty.on_duty(BO, Some("P1"), cn("2026-11-22 03:00")));
    assert_eq!(duty.next_change(BO, None, cn("2026-11-22 03:00")), None);
    assert!(!duty.on_duty(ANA, None, cn("2026-11-22 07:59")));
}

#[test]
fn a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() {
    // 2026-11-20 is a Friday.
    let duty = duty(vec![shift(ANA, on(&[Weekday::Fri]), "22:00", "06:00")]);
    let table = [
        ("2026-11-20 21:59", false),
        ("2026-11-20 22:00", true),
        ("2026-11-21 05:59", true),
        ("2026-11-21 06:00", false),
        ("2026-11-21 22:30", false),
        ("2026-11-20 05:00", false),
    ];
    for (now, expected) in table {
        assert_eq!(duty.on_duty(ANA, None, cn(now)), expected, "{now}");
    }
    assert_eq!(duty.next_change(ANA, None, cn("2026-11-20 21:00")), Some(cn("2026-11-20 22:00")));
    assert_eq!(duty.next_change(ANA, None, cn("2026-11-21 00:00")), Some(cn("2026-11-21 06:00")));
}

#[test]
fn equal_times_are_a_whole_day_and_shifts_in_a_row_are_one_stretch() {
    let duty = duty(vec![shift(ANA, on(&[Weekday::Fri, Weekday::Sat]), "08:00", "08:00")]);
    assert!(duty.on_duty(ANA, None, cn("2026-11-21 08:00")));
    assert_eq!(duty.next_change(ANA, None, cn("2026-11-20 09:00")), Some(cn("2026-11-22 08:00")));
    assert_eq!(duty.next_bound(ANA, cn("2026-11-20 09:00")), Some(cn("2026-11-21 08:00")));
}

#[test]
fn a_post_s_shift_is_for_that_post_or_for_no_point() {
    let duty = duty(vec![Shift { post: "P1".into(), ..shift(ANA, Days::ALL, "08:00", "16:00") }]);
    let now = cn("2026-11-20 09:00");
    assert_eq!([Some("P1"), Some("P2"), None].map(|point| duty.on_duty(ANA, point, now)), [true, false, true]);
}

#[test]
fn first_and_last_dates_are_of_the_beginning() {
    let shift = Shift {
        first: Some(date("2026-11-20")),
        last: Some(date("2026-11-21")),
        ..shift(ANA, Days::ALL, "22:00", "06:00")
    };
    let duty = duty(vec![shift]);
    let table = [
        ("2026-11-20 03:00", false),
        ("2026-11-20 23:00", true),
        ("2026-11-22 03:00", true),
        ("2026-11-22 23:00", false),
    ];
    for (now, expected) in table {
        assert_eq!(duty.on_duty(ANA, None, cn(now)), expected, "{now}");
    }
    assert_eq!(duty.next_change(ANA, None, cn("2026-09-01 00:00")), Some(cn("2026-11-20 22:00")), "far ahead");
}

#[test]
fn a_holiday_takes_the_shifts_that_begin_in_it_and_leaves_one_that_ends_in_it() {
    let night = |holidays| Shift { holidays, ..shift(ANA, Days::ALL, "22:00", "06:00") };
    let holiday = |holidays| {
        let rota = Rota {
            shifts: vec![night(holidays)],
            holidays: vec![Holiday { date: date("2026-10-01"), name: "国庆".into() }],
            ..Rota::default()
        };
        Duty::new(rota, chrono_tz::Asia::Shanghai)
    };
    let nights = ["2026-10-01 03:00", "2026-10-01 23:00", "2026-10-02 03:00", "2026-10-02 23:00"];
    let seen = |duty: Duty| nights.map(|now| duty.on_duty(ANA, None, cn(now)));
    assert_eq!(seen(holiday(OnHolidays::Not)), [true, false, false, true]);
    assert_eq!(seen(holiday(OnHolidays::Also)), [true; 4]);
    assert_eq!(seen(holiday(OnHolidays::Only)), [false, true, true, false]);
}

#[test]
fn a_swap_moves_one_turn_alone() {
    let shifts = vec![
        shift(ANA, Days::ALL, "22:00", "06:00"),
        shift(ANA, Days::ALL, "12:00", "14:00"),
        shift(BO, on(&[Weekday::Mon]), "08:00", "09:00"),
    ];
    let key = TurnKey { owner: ANA, date: date("2026-11-20"), post: String::new(), from: time("22:00") };
    let swap = |taken_by| Rota {
        shifts: shifts.clone(),
        swaps: vec![Swap { turn: key.clone(), taken_by }],
        ..Rota::default()
    };
    let duty = Duty::new(swap(Some(BO)), chrono_tz::Asia::Shanghai);
    let night = cn("2026-11-21 01:00");
    assert!(!duty.on_duty(ANA, None, night) && duty.on_duty(BO, None, night));
    assert!(duty.on_duty(ANA, None, cn("2026-11-20 13:00")) && duty.on_duty(ANA, None, cn("2026-11-22 01:00")));
    assert_eq!(duty.turns(BO, cn("2026-11-20 00:00"), 7).len(), 2, "the one taken over and the own one");
    assert_eq!(duty.rota().flaws(), []);
    let duty = Duty::new(swap(None), chrono_tz::Asia::Shanghai);
    assert!(!duty.on_duty(ANA, None, night) && !duty.on_duty(BO, None, night));
}

#[test]
fn a_person_s_own_word_goes_before_the_rota_until_it_ends() {
    let word = Word { user: ANA, on: false, since: cn("2026-11-20 09:00"), until: Some(cn("2026-11-20 16:00")) };
    let said = |word: Word| {
        let rota = Rota { shifts: vec![shift(ANA, Days::ALL, "08:00", "16:00")], words: vec![word], ..Rota::default() };
        Duty::new(rota, chrono_tz::Asia::Shanghai)
    };
    let duty = said(word.clone());
    assert!(duty.on_duty(ANA, None, cn("2026-11-20 08:59")) && !duty.on_duty(ANA, None, cn("2026-11-20 09:00")));
    assert!(duty.on_duty(ANA, None, cn("2026-11-21 09:00")));
    assert_eq!(duty.next_change(ANA, None, cn("2026-11-20 10:00")), Some(cn("2026-11-21 08:00")));
    let duty = said(Word { on: true, since: cn("2026-11-20 20:00"), until: None, ..word });
    assert!(duty.on_duty(ANA, Some("P9"), cn("2026-11-25 03:00")));
    assert_eq!(duty.next_change(ANA, None, cn("2026-11-20 20:00")), None);
    let alone = Rota {
        words: vec![Word { user: BO, on: false, since: cn("2026-11-20 09:00"), until: None }],
        ..Rota::default()
    };
    assert!(!Duty::new(alone, chrono_tz::Asia::Shanghai).on_duty(BO, None, cn("2026-11-20 09:00")));
}

#[test]
fn where_the_clock_changes_a_shift_is_as_long_as_its_clock_says() {
    let berlin = chrono_tz::Europe::Berlin;
    let night = shift(ANA, Days::ALL, "22:00", "06:00");
    let hours = |shift: &Shift, day: &str, zone| {
        shift.span(date(day), zone).map(|(from, until)| until.since(from) as f64 / 3_600_000.0)
    };
    assert_eq!(hours(&night, "2026-03-27", berlin), Some(8.0));
    assert_eq!(hours(&night, "2026-03-28", berlin), Some(7.0), "put forward");
    assert_eq!(hours(&night, "2026-10-24", berlin), Some(9.0), "put back");
    // 02:30 is skipped, or comes twice.
    assert_eq!(hours(&shift(ANA, Days::ALL, "00:00", "02:30"), "2026-03-29", berlin), Some(2.5));
    assert_eq!(hours(&shift(ANA, Days::ALL, "00:00", "02:30"), "2026-10-25", berlin), Some(2.5));
    assert_eq!(hours(&shift(ANA, Days::ALL, "02:30", "06:00"), "2026-10-25", berlin), Some(4.5));
    assert_eq!(hours(&shift(ANA, Days::ALL, "02:15", "03:00"), "2026-03-29", berlin), None, "nothing is left of it");
    let apia = chrono_tz::Pacific::Apia;
    assert_eq!(hours(&shift(ANA, Days::ALL, "08:00", "16:00"), "2011-12-30", apia), Some(8.0), "a day that was not");
}

#[test]
fn flaws_are_all_named() {
    let swap = |day: &str, from: &str, taken_by| Swap {
        turn: TurnKey { owner: ANA, date: date(day), post: String::new(), from: time(from) },
        taken_by,
    };
    let rota = Rota {
        shifts: vec![
            shift(ANA, on(&[Weekday::Fri, Weekday::Sat]), "08:00", "16:00"),
            shift(ANA, on(&[Weekday::Sat]), "08:00", "12:00"),
            Shift {
                last: Some(date("2026-01-01")),
                first: Some(date("2026-01-02")),
                ..shift(BO, Days::ALL, "08:00", "16:00")
            },
            shift(BO, Days(0), "09:00", "16:00"),
            shift(ANA, on(&[Weekday::Sun]), "08:00", "12:00"),
        ],
        holidays: vec![
            Holiday { date: date("2026-10-01"), name: "a".into() },
            Holiday { date: date("2026-10-01"), name: "b".into() },
        ],
        swaps: vec![
            swap("2026-11-20", "08:00", Some(BO)),
            swap("2026-11-20", "08:00", None),
            swap("2026-11-20", "09:00", None),
            swap("2026-11-19", "08:00", None),
            swap("2026-11-21", "08:00", Some(ANA)),
        ],
        words: Vec::new(),
    };
    let expected = [
        Flaw::Twice(0, 1),
        Flaw::Never(2),
        Flaw::Never(3),
        Flaw::HolidayTwice(1),
        Flaw::SwapTwice(1),
        Flaw::NoSuchTurn(2),
        Flaw::NoSuchTurn(3),
        Flaw::OwnTurn(4),
    ];
    assert_eq!(rota.flaws(), expected);
}

#[test]
fn gaps_are_merged_and_dated() {
    let duty = duty(vec![shift(ANA, Days::ALL, "08:00", "16:00"), shift(BO, on(&[Weekday::Fri]), "16:00", "08:00")]);
    let within = (cn("2026-11-20 00:00"), cn("2026-11-22 00:00"));
    let expected = [("2026-11-20 00:00", "2026-11-20 08:00"), ("2026-11-21 16:00", "2026-11-22 00:00")];
    assert_eq!(coverage::gaps(&duty, &[ANA, BO], None, within), expected.map(|(a, b)| (cn(a), cn(b))));
    assert_eq!(coverage::gaps(&duty, &[], None, within), [within]);
    assert_eq!(coverage::gaps(&duty, &[UserId(9)], None, within), []);
}

#[test]
fn a_report_names_holes_those_without_anybody_and_those_who_would_not_be_called() {
    let post = |code: &str, people: &[UserId]| {
        (coverage::Slot::Point { code: code.into(), name: String::new() }, people.to_vec())
    };
    let at = |post: &str, shift: Shift| Shift { post: post.into(), ..shift };
    let duty = duty(vec![
        at("P1", shift(ANA, Days::ALL, "08:00", "20:00")),
        at("P1", shift(UserId(3), Days::ALL, "20:00", "08:00")),
        at("P9", shift(ANA, Days::ALL, "20:00", "08:00")),
    ]);
    let slots = [post("P1", &[ANA]), post("P2", &[BO]), post("P3", &[]), post("P4", &[ANA])];
    let within = (cn("2026-11-20 00:00"), cn("2026-11-21 00:00"));
    let report = coverage::report(&duty, &slots, within);
    let hours = |from: &str, until: &str| (cn(&format!("2026-11-20 {from}")), cn(until));
    let nights = vec![hours("00:00", "2026-11-20 08:00"), hours("20:00", "2026-11-21 00:00")];
    assert_eq!(report.holes, [(slots[0].0.clone(), nights), (slots[3].0.clone(), vec![within])]);
    assert_eq!(report.nobody, [slots[2].0.clone()]);
    assert_eq!(report.strangers, [("P1".to_owned(), UserId(3)), ("P9".to_owned(), ANA)]);
    assert_eq!(report.covered, 1);
    assert_eq!(coverage::length(&report.holes[0].1), 12 * 3_600_000);
}

const MINUTE: i64 = 60_000;

/// When a zone's clock first shows each minute, found by looking at it every minute.
struct Clock {
    first: HashMap<chrono::NaiveDateTime, i64>,
}

impl Clock {
    fn watch(zone: Tz, from: i64, to: i64) -> Self {
        let mut first = HashMap::new();
        for minute in from..to {
            let shown = Millis(minute * MINUTE).utc().with_timezone(&zone).naive_local();
            first.entry(shown).or_insert(minute);
        }
        Self { first }
    }

    /// The minute at which it shows `local`; if it never does, when a clock not put forward would.
    fn minute(&self, local: chrono::NaiveDateTime) -> i64 {
        (0..).find_map(|late| Some(self.first.get(&(local - TimeDelta::minutes(late)))? + late)).unwrap()
    }
}

fn any_shift() -> impl Strategy<Value = Shift> {
    (1..3i64, 0..3usize, 0u8..128, 0..96u32, 0..96u32, 0..12u64, 0..12u64, 0..3u8).prop_map(
        |(user, post, days, from, to, first, last, holidays)| {
            let quarter = |n: u32| NaiveTime::from_hms_opt(n / 4, n % 4 * 15, 0).unwrap();
            let start = date("2026-03-25");
            Shift {
                user: UserId(user),
                post: ["", "P1", "P2"][post].into(),
                days: Days(days),
                from: quarter(from),
                to: quarter(to),
                first: (first < 6).then(|| wall::after(start, first)),
                last: (last < 6).then(|| wall::after(start, last)),
                holidays: [OnHolidays::Also, OnHolidays::Not, OnHolidays::Only][usize::from(holidays)],
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Every minute of six days around a change of the clock, against a reading of the same words that looks at each
    /// minute, each date and each shift.
    #[test]
    fn it_agrees_with_looking_at_every_minute(
        zone in prop::sample::select(vec![
            chrono_tz::Europe::Berlin, chrono_tz::Asia::Shanghai, chrono_tz::Australia::Lord_Howe, chrono_tz::Asia::Beirut,
        ]),
        shifts in prop::collection::vec(any_shift(), 0..5),
        holiday in 0..8u64,
        swapped in prop::collection::vec((0..5usize, 0..9u64, prop::option::of(1..4i64)), 0..4),
        words in prop::collection::vec((prop::bool::ANY, 0..9000i64, prop::option::of(0..6000i64)), 0..3),
    ) {
        let start = date("2026-03-26");
        let begin = Millis::from(start.and_hms_opt(0, 0, 0).unwrap().and_utc()).0 / MINUTE;
        let mut rota = Rota { shifts, ..Rota::default() };
        rota.holidays.push(Holiday { date: wall::after(start, holiday), name: String::new() });
        for (n, day, by) in swapped {
            let Some(shift) = rota.shifts.get(n) else { continue };
            let turn = shift.turn(wall::after(start, day));
            if !rota.swaps.iter().any(|swap| swap.turn == turn) {
                rota.swaps.push(Swap { turn, taken_by: by.map(UserId) });
            }
        }
        for (n, (on, since, length)) in words.into_iter().enumerate() {
            let since = Millis((begin + since) * MINUTE);
            let until = length.map(|minutes| since.plus_ms(minutes * MINUTE));
            rota.words.push(Word { user: UserId(n as i64 + 1), on, since, until });
        }
        let duty = Duty::new(rota.clone(), zone);
        let clock = Clock::watch(zone, begin - 6000, begin + 15_000);
        // Each turn of the window: who, for which post, from, until.
        let mut turns = Vec::new();
        for shift in &rota.shifts {
            for day in wall::before(start, 2).iter_days().take(9) {
                let holiday = rota.holidays.iter().any(|h| h.date == day);
                let fits = shift.days.has(chrono::Datelike::weekday(&day))
                    && shift.first.is_none_or(|d| d <= day) && shift.last.is_none_or(|d| d >= day)
                    && (shift.holidays == OnHolidays::Also || (shift.holidays == OnHolidays::Only) == holiday);
                let swap = rota.swaps.iter().find(|s| s.turn == shift.turn(day));
                let Some(by) = swap.map_or(Some(shift.user), |s| s.taken_by).filter(|_| fits) else { continue };
                let end = if shift.to > shift.from { day } else { wall::after(day, 1) };
                turns.push((by, &shift.post, clock.minute(day.and_time(shift.from)), clock.minute(end.and_time(shift.to))));
            }
        }
        let within = (Millis(begin * MINUTE), Millis((begin + 6 * 1440) * MINUTE));
        for user in [1, 2, 3].map(UserId) {
            for point in [None, Some("P1"), Some("P2")] {
                let expected: Vec<bool> = (begin..begin + 6 * 1440).map(|minute| {
                    let said = rota.words.iter().find(|w| w.user == user && w.holds(Millis(minute * MINUTE)));
                    said.map_or_else(
                        || {
                            !rota.shifts.iter().any(|s| s.user == user)
                                || turns.iter().any(|(by, post, from, until)| {
                                    *by == user && (post.is_empty() || point.is_none_or(|p| p == *post))
                                        && *from <= minute && minute < *until
                                })
                        },
                        |word| word.on,
                    )
                }).collect();
                let spans = duty.spans(user, point, within);
                let inside = |at: Millis| spans.iter().any(|(from, until)| *from <= at && at < *until);
                let mut wrong = Vec::new();
                let mut changes = Vec::new();
                for (n, on) in expected.iter().enumerate() {
                    let now = Millis((begin + n as i64) * MINUTE);
                    if duty.on_duty(user, point, now) != *on || inside(now) != *on {
                        wrong.push((n, *on));
                    }
                    if n > 0 && expected[n - 1] != *on {
                        changes.push(now);
                    }
                }
                prop_assert!(wrong.is_empty(), "{user} for {point:?} is wrong at {:?}", &wrong[..wrong.len().min(3)]);
                let told = duty.next_change(user, point, within.0).filter(|at| *at < within.1);
                prop_assert_eq!(told, changes.first().copied());
            }
        }
    }
}
