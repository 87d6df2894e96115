//! What words mean, against a Saturday morning: 2026-11-21 09:00.

use super::*;
use proptest::prelude::*;

static READER: std::sync::LazyLock<TimeReader> =
    std::sync::LazyLock::new(|| TimeReader::new(chrono_tz::Asia::Shanghai));

fn at(stamp: &str) -> Millis {
    chrono::DateTime::parse_from_rfc3339(&format!("{stamp}:00+08:00")).unwrap().into()
}

fn read(text: &str, when: &str) -> Vec<String> {
    let show = |at: Millis| at.utc().with_timezone(&chrono_tz::Asia::Shanghai).format("%m-%d %H:%M").to_string();
    READER
        .read(&Folded::new(text), at(when), &[])
        .into_iter()
        .map(|found| match found.reading.end {
            Some(end) => format!("{} – {}", show(found.reading.start), show(end)),
            None => show(found.reading.start),
        })
        .collect()
}

const NOW: &str = "2026-11-21T09:00";

#[test]
fn clocks() {
    for (text, time) in [
        ("8点半", "11-21 08:30"),
        ("八点半", "11-21 08:30"),
        ("８：３０", "11-21 08:30"),
        ("20:30", "11-20 20:30"),
        ("八點三個字", "11-21 08:15"),
        ("三点一刻", "11-21 03:15"),
        ("10点", "11-20 22:00"),
        ("7点多", "11-21 07:00 – 11-21 08:00"),
        ("琴晚十一點幾", "11-20 23:00 – 11-21 00:00"),
        ("8点到9点", "11-21 08:00 – 11-21 09:00"),
        ("晚上8点至10点", "11-20 20:00 – 11-20 22:00"),
        ("from 8 to 9", "11-21 08:00 – 11-21 09:00"),
        ("at half past three", "11-21 03:30"),
        ("around 2:30pm", "11-20 14:30"),
        ("差五分八点", "11-21 07:55"),
        ("中午12点差一刻", "11-20 11:45"),
        ("20 to 9", "11-21 08:40"),
        ("11-17 14:20", "11-17 14:20"),
        ("8.30 pm yesterday", "11-20 20:30"),
    ] {
        assert_eq!(read(text, NOW), [time], "{text}");
    }
}

#[test]
fn days() {
    for (text, time) in [
        ("昨晚", "11-20 19:00 – 11-21 00:00"),
        ("前天下午三点", "11-19 15:00"),
        ("今早", "11-21 05:00 – 11-21 09:00"),
        ("上周五", "11-13 00:00 – 11-14 00:00"),
        ("礼拜三", "11-18 00:00 – 11-19 00:00"),
        ("last Friday", "11-13 00:00 – 11-14 00:00"),
        ("11月19号", "11-19 00:00 – 11-20 00:00"),
        ("19日", "11-19 00:00 – 11-20 00:00"),
        ("11.19 晚上8点", "11-19 20:00"),
        ("Nov 19", "11-19 00:00 – 11-20 00:00"),
        ("2026-11-19", "11-19 00:00 – 11-20 00:00"),
        ("上个月23号晚上九点零九", "10-23 21:09"),
        ("3天前", "11-18 00:00 – 11-19 00:00"),
        ("去年国庆", "10-01 00:00 – 10-02 00:00"),
        ("8月份", "08-01 00:00 – 09-01 00:00"),
        ("上个月底", "10-21 00:00 – 11-01 00:00"),
        ("月初", "11-01 00:00 – 11-11 00:00"),
        ("年初", "01-01 00:00 – 03-01 00:00"),
    ] {
        assert_eq!(read(text, NOW), [time], "{text}");
    }
}

#[test]
fn nights() {
    for (text, when, time) in [
        ("昨晚0点10分", "2026-11-21T09:00", "11-21 00:10"),
        ("昨晚12点半", "2026-11-21T09:00", "11-21 00:30"),
        ("昨晚两点", "2026-11-21T09:00", "11-21 02:00"),
        ("今晚", "2026-11-21T01:00", "11-20 19:00 – 11-21 00:00"),
        ("今晚十一点半", "2026-11-21T01:00", "11-20 23:30"),
        ("昨晚十一点", "2026-11-21T00:30", "11-20 23:00"),
        ("半夜两点", "2026-11-21T09:00", "11-21 02:00"),
        ("tonight at 11", "2026-11-21T01:00", "11-20 23:00"),
        ("since midnight", "2026-11-21T01:40", "11-21 00:00 – 11-21 01:40"),
    ] {
        assert_eq!(read(text, when), [time], "{text} at {when}");
    }
}

#[test]
fn so_long_ago() {
    for (text, time) in [
        ("半小时前", "11-21 08:30"),
        ("一个半小时前", "11-21 07:30"),
        ("个把小时前", "11-21 08:00"),
        ("10分钟之前", "11-21 08:50"),
        ("过去5分钟", "11-21 08:55 – 11-21 09:00"),
        ("10 minutes ago", "11-21 08:50"),
        ("half an hour ago", "11-21 08:30"),
        ("刚才", "11-21 09:00"),
        ("啱啱見到", "11-21 09:00"),
    ] {
        assert_eq!(read(text, NOW), [time], "{text}");
    }
}

#[test]
fn numbers_that_are_no_time() {
    for text in [
        "12路公交",
        "3栋502",
        "打110",
        "8点8折",
        "一斤3块8",
        "粤A12345",
        "刚好路过",
        "五分钟就没了",
        "欠两个月工资",
        "8岁女孩",
        "七十六了",
        "2号楼",
        "人民路18号",
        "P014 V8包厢",
        "22.8461,114.1441",
        "有点吵",
        "地点",
        "快点来",
        "第三点",
        "room 12",
        "12 Renmin Road",
        "3.5米",
        "14 kids vomiting",
        "third time this week",
        "每天下午",
        "天天晚上",
        "到现在没回来",
        "明天9点到11点",
        "7-11便利店",
        "3-2输了",
        "只差五分",
        "个把人",
    ] {
        assert_eq!(read(text, NOW), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_clock_told_of_something_usual_is_its_latest() {
    assert_eq!(read("天天十点后还这样", "2026-11-21T22:18"), ["11-21 22:00"]);
}

proptest! {
    #[test]
    fn words_are_in_the_text(text in "(昨晚|今早|8|八|点|半|:|30|到|-| |分钟|前|周|三|号|月|at|pm|last|friday|nov|the|\\PC){0,14}", minutes in 0i64..600_000) {
        let now = at(NOW).plus_ms(minutes * 60_000);
        for found in READER.read(&Folded::new(&text), now, &[]) {
            prop_assert!(text.contains(&found.reading.text));
            prop_assert!(found.reading.end.is_none_or(|end| end > found.reading.start));
        }
    }
}
