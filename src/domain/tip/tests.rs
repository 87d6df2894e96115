//! Whole messages, in a town of two places.

use super::*;
use crate::domain::place::{Datum, Gazetteer, Place, Wgs84};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static READER: LazyLock<Reader> = LazyLock::new(|| {
    let place = |code: &str, name: &str, alias: &str| Place {
        code: code.into(),
        name: name.into(),
        aliases: vec![alias.into()],
        kind: "liaison_point".into(),
        at: Wgs84 { lat: 22.84, lon: 114.16 },
        datum: Datum::Wgs84,
    };
    let places = vec![place("P003", "东门市场", "East Gate Market"), place("P010", "阳光小区", "Sunshine Estate")];
    let lexicon = crate::config::Config::default().lexicon();
    Reader::new(lexicon, Arc::new(Gazetteer::new(places)), chrono_tz::Asia::Shanghai, Some("lucheng_bot"))
});

fn read(text: &str, chat: ChatKind) -> Tip {
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-21T09:00:00+08:00").unwrap();
    READER.understand(text, at.into(), chat, None)
}

#[test]
fn a_labelled_tip() {
    let tip = read("#盗窃 地点：阳光小区地下车库 时间：昨晚11点多 描述：电瓶被卸走 电话13800138000", ChatKind::Group);
    assert!(tip.is_tip && tip.marked);
    assert_eq!(tip.category.as_deref(), Some("theft"));
    assert_eq!(tip.times[0].text, "昨晚11点多");
    assert!(tip.place.is_some_and(|place| place.text.contains("阳光小区")));
    assert_eq!(tip.description, "电瓶被卸走 电话13800138000");
    assert!(!tip.relay_text.contains("138"));
    assert_eq!(tip.missing, []);
}

#[test]
fn what_is_missing_is_named() {
    let tip = read("/tip 有人打架", ChatKind::Group);
    assert_eq!((tip.category.as_deref(), tip.missing), (Some("fight"), vec![Field::Time, Field::Place]));
    let tip = read("#线索 东门市场 刚才", ChatKind::Group);
    assert_eq!((tip.is_tip, tip.missing), (true, vec![Field::Category]));
}

#[test]
fn tips_and_what_is_none() {
    use ChatKind::{Group, Private};
    for (text, chat, is_tip) in [
        ("东门市场着火了！！快打119", Group, true),
        ("@lucheng_bot 阳光小区有人撬锁", Group, true),
        ("昨晚的球赛太精彩了 差点打起来", Group, false),
        ("今晚广场舞在东门市场 大家来", Group, false),
        ("东门市场菜好便宜", Group, false),
        ("警方提醒：近期冒充客服诈骗高发 请大家不要轻信陌生电话", Group, false),
        ("有人一直敲我家门", Private, true),
        ("请问昨天报的那个偷车的处理了吗", Private, false),
        ("没有打架 就是几个朋友说话大声", Private, false),
        ("谢谢你们 昨天丢的电动车找到了", Private, false),
        ("", Private, false),
        ("\u{200b}\u{202e} \u{200f}", Private, false),
    ] {
        assert_eq!(read(text, chat).is_tip, is_tip, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_words_are_the_writers_own(text in "\\PC{0,80}|(#|/tip|昨晚|8点|：|地点|东门\u{200b}市场|，|\n|a|1|@|\u{0}|http://|\\PC){0,24}") {
        let tip = read(&text, ChatKind::Private);
        for time in &tip.times {
            prop_assert!(text.contains(&time.text));
        }
        if let Some(place) = &tip.place {
            prop_assert!(text.contains(&place.text));
        }
        prop_assert!(!tip.description.contains('\0'));
    }
}
