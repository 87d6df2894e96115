use super::*;
use crate::domain::duty::{Days, OnHolidays, wall};
use crate::domain::id::Millis;
use chrono::{NaiveDate, NaiveTime};
use proptest::prelude::*;

/// 2026-11-22 08:00 in Shanghai.
const NOW: Millis = Millis(1_795_305_600_000);

fn known(zone: Tz) -> Known {
    let people = [(1, "王小明"), (2, "李, 四"), (3, "=HYPERLINK(1)"), (4, ""), (5, "王小明明")];
    Known {
        people: people.map(|(user, name)| (UserId(user), name.to_owned())).into(),
        posts: [("P014", "东门; 超市"), ("甲-1", "")].map(|(code, name)| (code.to_owned(), name.to_owned())).into(),
        zone,
        language: Language::Zh,
    }
}

fn town() -> Known {
    known(chrono_tz::Asia::Shanghai)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn any_rota() -> impl Strategy<Value = Rota> {
    let shift = (
        1..6i64,
        0..3usize,
        1u8..128,
        0..96u32,
        0..96u32,
        prop::option::of(0..40u64),
        prop::option::of(0..40u64),
        0..3u8,
    );
    let shift = shift.prop_map(|(user, post, days, from, to, first, last, holidays)| {
        let quarter = |n: u32| NaiveTime::from_hms_opt(n / 4, n % 4 * 15, 0).unwrap();
        let day = |n| wall::after(date("2026-10-20"), n);
        Shift {
            user: UserId(user),
            post: ["", "P014", "甲-1"][post].into(),
            days: Days(days),
            from: quarter(from),
            to: quarter(to),
            first: first.map(day),
            last: last.map(day),
            holidays: [OnHolidays::Also, OnHolidays::Not, OnHolidays::Only][usize::from(holidays)],
        }
    });
    let shifts = prop::collection::vec(shift, 0..6);
    let holidays = prop::collection::btree_map(0..40u64, "[a-z 节庆,;]{0,8}", 0..5);
    let swaps = prop::collection::vec((0..6usize, 0..60u64, prop::option::of(1..6i64)), 0..12);
    (shifts, holidays, swaps, prop::bool::ANY).prop_map(|(shifts, holidays, swaps, _)| {
        let name = |name: String| name.trim().to_owned();
        let holiday = |(n, text)| Holiday { date: wall::after(date("2026-10-20"), n), name: name(text) };
        let mut rota = Rota { shifts, holidays: holidays.into_iter().map(holiday).collect(), ..Rota::default() };
        // What cannot stand is taken out, as an import would refuse it.
        while let Some(flaw) = rota.flaws().first() {
            match flaw {
                Flaw::Twice(_, n) | Flaw::Never(n) => drop(rota.shifts.remove(*n)),
                other => panic!("{other:?}"),
            }
        }
        for (n, day, by) in swaps {
            let Some(shift) = rota.shifts.get(n) else { continue };
            let swap = Swap { turn: shift.turn(wall::after(date("2026-10-15"), day)), taken_by: by.map(UserId) };
            rota.swaps.push(swap);
            if !rota.flaws().is_empty() {
                rota.swaps.pop();
            }
        }
        rota.sorted()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn what_is_written_is_read_back(
        rota in any_rota(),
        zone in prop::sample::select(vec![chrono_tz::Asia::Shanghai, chrono_tz::Europe::Berlin]),
        zh in prop::bool::ANY,
    ) {
        let known = Known { language: if zh { Language::Zh } else { Language::En }, ..known(zone) };
        let book = table::write_workbook(&rota, &known).unwrap();
        let csv = table::write_csv(&rota, &known);
        let calendar = calendar::write(&rota, &known, NOW);
        for (name, bytes) in [("xlsx", book.as_slice()), ("csv", csv.as_bytes()), ("ics", calendar.as_bytes())] {
            let read = parse(bytes, &known).and_then(|parsed| parsed.onto(&Rota::default()));
            let read = read.map_err(|faults| TestCaseError::fail(format!("{name}: {faults}\n{calendar}")))?;
            prop_assert_eq!(&read, &rota, "{}\n{}", name, calendar);
        }
        prop_assert!(calendar.split("\r\n").all(|line| line.len() <= 75), "folded");
    }

    #[test]
    fn garbage_is_refused_and_no_panic(text in "(BEGIN:VCALENDAR\r\n|PK\u{3}\u{4}|)[ -~\r\n年一:;,]{0,200}") {
        let _ = parse(text.as_bytes(), &town());
    }
}

#[test]
fn days_are_read_as_people_write_them() {
    let table = [
        ("周一至周五", 0b001_1111),
        ("Mon-Fri", 0b001_1111),
        ("星期一、三、五", 0b001_0101),
        ("周一三五", 0b001_0101),
        ("135", 0b001_0101),
        ("周六 周日", 0b110_0000),
        ("Fri – Mon", 0b111_0001),
        ("每天", 0b111_1111),
        ("Tuesday, Thurs", 0b000_1010),
        ("工作日，周日", 0b101_1111),
        ("1-7", 0b111_1111),
    ];
    for (text, expected) in table {
        assert_eq!(cells::parse_days(text), Ok(Days(expected)), "{text}");
    }
    for text in ["", "8", "M", "周八", "Mon-", "yes"] {
        assert!(cells::parse_days(text).is_err(), "{text}");
    }
}

#[test]
fn hours_and_dates_are_read_as_people_and_spreadsheets_write_them() {
    for text in ["8:05", "08:05", "08：05", "08:05:00"] {
        assert_eq!(cells::parse_time(text), Ok(time("08:05")), "{text}");
    }
    assert_eq!(cells::parse_time("24:00"), Ok(time("00:00")));
    for text in ["", "8", "25:00", "24:01", "8:5:9", "noon", "12:60"] {
        assert!(cells::parse_time(text).is_err(), "{text}");
    }
    for text in ["2026-11-20", "2026/11/20", "2026.11.20", "2026年11月20日", "2026-11-20T00:00:00", "2026-11-20 00:00"]
    {
        assert_eq!(cells::parse_date(text), Ok(date("2026-11-20")), "{text}");
    }
    for text in ["", "11-20", "2026-02-30", "20.11.2026"] {
        assert!(cells::parse_date(text).is_err(), "{text}");
    }
}

#[test]
fn cells_that_a_spreadsheet_made_numbers_of_are_read() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet();
    page.set_name("班次").unwrap();
    for (n, head) in (0u16..).zip(["user_id", "星期", "开始 from", "结束", "起始日期"]) {
        page.write_string(0, n, head).unwrap();
    }
    page.write_number(2, 0, 1.0).unwrap();
    page.write_number(2, 1, 6.0).unwrap();
    let clock = rust_xlsxwriter::Format::new().set_num_format("hh:mm");
    page.write_number_with_format(2, 2, 22.0 / 24.0, &clock).unwrap();
    page.write_number_with_format(2, 3, 0.25, &clock).unwrap();
    let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    page.write_number_with_format(2, 4, 46346.0, &day).unwrap();
    let parsed = parse(&book.save_to_buffer().unwrap(), &town()).unwrap();
    let (place, shift) = &parsed.shifts.unwrap()[0];
    assert_eq!(place, "sheet 班次, row 3");
    assert_eq!((shift.from, shift.to, shift.first), (time("22:00"), time("06:00"), Some(date("2026-11-20"))));
    assert_eq!(shift.days, Days(0b010_0000));
    assert!(parsed.holidays.is_none() && parsed.swaps.is_none(), "what has no sheet stays");
}

#[test]
fn all_that_is_wrong_with_a_table_is_told_with_its_place() {
    let text = "类别,用户号,姓名,岗位,星期,开始,结束,起始日期,date,替班人\n\
        班次,1,李四,P9,周八,25:00,,昨天,,\n\
        shift,,王小明,P014,daily,8:00,16:00,,,\n\
        shift,1,,P014 东门,Mon,08:00,9:00,,,\n\
        shift,77,,,Mon,08:00,9:00,,,\n\
        \n\
        holiday,,,,,,,,2026-10-01,\n\
        holiday,,,,,,,,2026/10/1,\n\
        tea,,,,,,,,,\n\
        swap,1,,P014,,08:00,,,2026-11-20,x\n";
    let faults = parse(text.as_bytes(), &town()).unwrap_err().to_string();
    insta::assert_snapshot!(faults);
    let text = "kind,user_id,post,days,from,to,date,taken_by,name\n\
        shift,1,P014,daily,08:00,16:00,,,\n\
        shift,,P014,Mon,8:00,9:00,,,王小明\n\
        holiday,,,,,,2026-10-01,,a\n\
        holiday,,,,,,2026/10/1,,b\n\
        swap,1,P014,,09:00,,2026-11-20,2,\n\
        swap,1,P014,,08:00,,2026-11-20,1,\n";
    let parsed = parse(text.as_bytes(), &town()).unwrap();
    insta::assert_snapshot!(parsed.onto(&Rota::default()).unwrap_err());
}

#[test]
fn a_header_that_is_not_understood_is_told() {
    let told = |text: &str| parse(text.as_bytes(), &town()).unwrap_err().to_string();
    assert!(told("").starts_with("it is empty"));
    assert!(told("user_id,shift\n1,2\n").contains("row 1: the column `shift` is not known: the columns are 类别 kind"));
    assert!(told("<!DOCTYPE html>").starts_with("it is a web page"));
}

fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"))
}

#[test]
fn a_calendar_of_somebody_else_s_is_read() {
    let text = calendar(
        "BEGIN:VEVENT\nUID:a\nDTSTAMP:20261101T000000Z\nSUMMARY:王小明 夜班\nLOCATION:P014\n\
         DTSTART;TZID=China Standard Time:20261102T220000\nDTEND;TZID=China Standard Time:20261103T060000\n\
         RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE;UNTIL=20261231T155959Z;WKST=MO\n\
         EXDATE;TZID=Asia/Shanghai:20261104T220000\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nDTSTAMP:20261101T000000Z\nSUMMARY:王小明明\n\
         RECURRENCE-ID;TZID=Asia/Shanghai:20261109T220000\n\
         DTSTART;TZID=Asia/Shanghai:20261109T220000\nDTEND;TZID=Asia/Shanghai:20261110T060000\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:b\nDTSTAMP:20261101T000000Z\nSUMMARY:王小明明-加班\nDTSTART:20261120T010000Z\nDURATION:PT2H30M\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:c\nDTSTAMP:20261101T000000Z\nSUMMARY:元旦\nCATEGORIES:HOLIDAY\nDTSTART;VALUE=DATE:20270101\n\
         DTEND;VALUE=DATE:20270103\nEND:VEVENT\n",
    );
    let rota = parse(text.as_bytes(), &town()).and_then(|parsed| parsed.onto(&Rota::default())).unwrap();
    let night = Shift {
        user: UserId(1),
        post: "P014".into(),
        days: Days(0b000_0101),
        from: time("22:00"),
        to: time("06:00"),
        first: Some(date("2026-11-02")),
        last: Some(date("2026-12-31")),
        holidays: OnHolidays::Also,
    };
    let extra = Shift {
        user: UserId(5),
        post: String::new(),
        days: Days(0b001_0000),
        from: time("09:00"),
        to: time("11:30"),
        first: Some(date("2026-11-20")),
        last: Some(date("2026-11-20")),
        holidays: OnHolidays::Also,
    };
    let swap = |day: &str, by: Option<i64>| Swap { turn: night.turn(date(day)), taken_by: by.map(UserId) };
    assert_eq!(rota.swaps, [swap("2026-11-04", None), swap("2026-11-09", Some(5))]);
    assert_eq!(rota.shifts, [night, extra]);
    assert_eq!(rota.holidays.iter().map(|h| h.date).collect::<Vec<_>>(), [date("2027-01-01"), date("2027-01-02")]);
}

#[test]
fn what_a_rota_cannot_hold_is_refused_by_the_event_s_name() {
    let event = |more: &str| {
        format!("BEGIN:VEVENT\nUID:{}\nSUMMARY:王小明\nDTSTART:20261102T080000\n{more}\nEND:VEVENT\n", more.len())
    };
    let end = "DTEND:20261102T160000\n";
    let text = calendar(
        &[
            event(&format!("{end}RRULE:FREQ=MONTHLY;BYDAY=1MO")),
            event(&format!("{end}RRULE:FREQ=WEEKLY;INTERVAL=2")),
            event(&format!("{end}RRULE:FREQ=WEEKLY;COUNT=10")),
            event(&format!("{end}RRULE:FREQ=WEEKLY;BYDAY=TU")),
            event("DTEND:20261104T080000"),
            event(&format!("{end}RDATE:20261107T080000")),
            event(&format!("{end}EXDATE:20261109T090000")),
            event("DTEND;TZID=Europe/Berlin:20261102T160000"),
            event(&format!("{end}X-BAIYING-USER:99")),
            event(&format!("{end}LOCATION:P99")),
            event(&format!("{end}X-BAIYING-USER:2")),
            event(&format!("{end}X-BAIYING-POST:P014\nLOCATION:甲-1")),
            "BEGIN:VEVENT\nUID:q\nSUMMARY:Party\nDTSTART;VALUE=DATE:20261102\nEND:VEVENT\n".into(),
            "BEGIN:VEVENT\nUID:r\nSUMMARY:Zoe\nDTSTART:20261102T080000\nDURATION:PT1H\nEND:VEVENT\n".into(),
            "BEGIN:VTODO\nUID:t\nSUMMARY:buy tea\nEND:VTODO\n".into(),
        ]
        .concat(),
    );
    insta::assert_snapshot!(parse(text.as_bytes(), &town()).unwrap_err());
}

#[test]
fn a_calendar_is_as_the_standard_has_it() {
    let shift = Shift {
        user: UserId(2),
        post: "P014".into(),
        days: Days(0b001_0001),
        from: time("22:00"),
        to: time("06:00"),
        first: Some(date("2026-10-01")),
        last: Some(date("2026-12-31")),
        holidays: OnHolidays::Not,
    };
    let swaps = vec![
        Swap { turn: shift.turn(date("2026-11-20")), taken_by: Some(UserId(1)) },
        Swap { turn: shift.turn(date("2026-11-23")), taken_by: None },
    ];
    let holidays = vec![Holiday { date: date("2026-10-02"), name: "国庆".into() }];
    let rota = Rota { shifts: vec![shift], holidays, swaps, words: Vec::new() };
    insta::assert_snapshot!(
        super::calendar::write(&rota, &known(chrono_tz::Europe::Berlin), NOW).replace("\r\n", "\n")
    );
}

#[test]
fn what_was_changed_in_a_calendar_is_what_counts() {
    let shift = Shift {
        user: UserId(1),
        post: "P014".into(),
        days: Days(0b000_0001),
        from: time("22:00"),
        to: time("06:00"),
        first: None,
        last: None,
        holidays: OnHolidays::Also,
    };
    let text = super::calendar::write(&Rota { shifts: vec![shift.clone()], ..Rota::default() }, &town(), NOW);
    let read = |text: String| {
        let rota = parse(text.as_bytes(), &town()).and_then(|parsed| parsed.onto(&Rota::default())).unwrap();
        rota.shifts[0].clone()
    };
    assert_eq!(read(text.clone()), shift);
    assert!(text.contains(":20261019T220000") && text.contains(":20261020T060000"), "{text}");
    let later = text.replace(":20261019T220000", ":20261207T210000").replace(":20261020T060000", ":20261208T060000");
    assert_eq!(read(later), Shift { first: Some(date("2026-12-07")), from: time("21:00"), ..shift.clone() });
    assert_eq!(read(text.replace("BYDAY=MO", "BYDAY=MO,SU")), Shift { days: Days(0b100_0001), ..shift });
}

#[test]
fn an_import_tells_what_it_changes_and_drops_only_what_it_says() {
    let shift = |from: &str| Shift {
        user: UserId(1),
        post: "P014".into(),
        days: Days::ALL,
        from: time(from),
        to: time("16:00"),
        first: None,
        last: None,
        holidays: OnHolidays::Also,
    };
    let swap = |from: &str| Swap { turn: shift(from).turn(date("2026-11-20")), taken_by: Some(UserId(2)) };
    let old = Rota {
        shifts: vec![shift("07:00"), shift("08:00")],
        holidays: vec![Holiday { date: date("2026-10-01"), name: "国庆".into() }],
        swaps: vec![swap("07:00"), swap("08:00")],
        words: Vec::new(),
    };
    let text = "user_id,post,days,from,to\n1,P014,每天,08:00,16:00\n2,,Mon,09:00,10:00\n";
    let new = parse(text.as_bytes(), &town()).and_then(|parsed| parsed.onto(&old)).unwrap();
    insta::assert_snapshot!(tell(&Difference::between(&old, &new), &town()), @"
    - shift of 1 王小明 at P014: daily 07:00–16:00
    + shift of 2 李, 四: Mon 09:00–10:00
    - 2026-11-20 07:00 at P014 of 1 王小明: taken by 2 李, 四
    ");
    assert_eq!((new.holidays, new.swaps), (old.holidays, vec![swap("08:00")]));
}

#[test]
fn leave_on_a_holiday_is_leave_where_the_shift_holds_on_holidays() {
    let shift = |holidays| Shift {
        user: UserId(1),
        post: String::new(),
        days: Days::ALL,
        from: time("08:00"),
        to: time("16:00"),
        first: Some(date("2026-11-01")),
        last: None,
        holidays,
    };
    let holidays = vec![Holiday { date: date("2026-11-20"), name: "节".into() }];
    for (kind, leave) in [(OnHolidays::Also, 1), (OnHolidays::Not, 0)] {
        let swap = Swap { turn: shift(kind).turn(date("2026-11-20")), taken_by: None };
        let rota =
            Rota { shifts: vec![shift(kind)], holidays: holidays.clone(), swaps: vec![swap; leave], words: Vec::new() };
        let text = super::calendar::write(&rota, &town(), NOW);
        assert_eq!(text.matches("\r\nEXDATE").count(), 1, "{text}");
        assert_eq!(parse(text.as_bytes(), &town()).and_then(|parsed| parsed.onto(&Rota::default())), Ok(rota));
    }
}
