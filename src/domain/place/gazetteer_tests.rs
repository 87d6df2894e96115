//! Messages of an invented town against its gazetteer.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// code, name, other names, kind, metres north and east of the town's middle.
const TOWN: &[(&str, &str, &str, &str, f64, f64)] = &[
    ("K001", "家家乐超市(青云路店)", "青云路家家乐", "liaison_point", 400.0, 200.0),
    ("K002", "家家乐超市(江滨路店)", "江滨路家家乐", "liaison_point", -900.0, 300.0),
    ("K003", "银月KTV", "银月|Silver Moon KTV", "liaison_point", 100.0, -500.0),
    ("K004", "五中学校", "五中|No.5 Middle School", "liaison_point", 700.0, 700.0),
    ("", "青云路", "Qingyun Road", "road", 380.0, 0.0),
    ("", "青云西路", "Qingyun West Road", "road", 380.0, -1500.0),
    ("", "江滨路", "Jiangbin Road", "road", -880.0, 0.0),
    ("", "朝阳路", "Chaoyang Road", "road", -100.0, 600.0),
    ("", "旧街", "Market Lane", "road", 0.0, -400.0),
    ("", "五中村", "Wuzhong Village", "village", -2500.0, 2000.0),
    ("", "上沙村", "上沙", "village", 2500.0, 0.0),
    ("", "下沙村", "下沙", "village", 1900.0, 0.0),
    ("", "白鹭社区", "白鹭|Egret Community", "community", 0.0, -1200.0),
    ("", "白鹭桥", "", "bridge", -1000.0, -1200.0),
    ("", "翡翠花园", "翡翠|Emerald Garden", "compound", 500.0, 1200.0),
    ("", "千禧公园", "Millennium Park", "park", 0.0, 1500.0),
    ("", "通达快递站", "通达", "shop", 520.0, 1250.0),
    ("", "福临医院", "Fulin Hospital", "hospital", -300.0, -300.0),
    ("", "青云派出所", "派出所|police station", "police_station", 300.0, 300.0),
    ("", "长塘水库", "水库", "water", 4000.0, 4000.0),
    ("", "青云路10号", "", "building", 380.0, -100.0),
    ("", "青云路30号", "", "building", 380.0, 100.0),
    ("", "青山高中", "", "school", -600.0, 900.0),
    ("", "广利五金厂", "", "factory", -1500.0, 1500.0),
    ("", "市民体育馆", "City Stadium", "park", 1500.0, -1500.0),
    ("", "物流园", "Logistics Park", "logistics", 2000.0, 2000.0),
    ("", "青云汽车站", "汽车站", "bus_stop", 350.0, -700.0),
    ("", "新桥社区", "", "community", 3000.0, 100.0),
    ("", "旧货市场", "Second-hand Goods Market", "market", -400.0, -1400.0),
];

const MIDDLE: Wgs84 = Wgs84 { lat: 23.5, lon: 113.5 };

fn point(north: f64, east: f64) -> Wgs84 {
    Wgs84 { lat: MIDDLE.lat + north / 111_195.0, lon: MIDDLE.lon + east / (111_195.0 * MIDDLE.lat.to_radians().cos()) }
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| {
    let place = |(code, name, aliases, kind, north, east): &(&str, &str, &str, &str, f64, f64)| Place {
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        aliases: aliases.split('|').filter(|alias| !alias.is_empty()).map(str::to_owned).collect(),
        kind: (*kind).to_owned(),
        at: point(*north, *east),
        datum: Datum::Wgs84,
    };
    Gazetteer::new(TOWN.iter().map(place).collect())
});

fn find(text: &str) -> PlaceFound {
    GAZETTEER.find_place(text, None)
}

/// The name of the place that a reading stands on.
fn name_of(found: &PlaceFound) -> Option<&str> {
    let at = found.reading.as_ref()?.at;
    GAZETTEER.places().iter().find(|place| place.at == at).map(|place| place.name.as_str())
}

#[test]
fn names_are_found_and_told_apart() {
    for (text, name, words) in [
        ("青云西路有人打架", "青云西路", "青云西路"),
        ("青云路有人打架", "青云路", "青云路"),
        ("五中村刚丢了包裹", "五中村", "五中村"),
        ("五中门口有人转", "五中学校", "五中门口"),
        ("5中门口有人转", "五中学校", "5中门口"),
        ("第五中学着火", "五中学校", "第五中学"),
        ("下沙村祠堂赌钱", "下沙村", "下沙村"),
        ("上沙有人打架", "上沙村", "上沙"),
        ("銀月ＫＴＶ後門有人打交", "银月KTV", "銀月ＫＴＶ後門"),
        ("翡\u{200B}翠花园天台", "翡翠花园", "翡\u{200B}翠花园"),
        ("fight at emerald garden now", "翡翠花园", "emerald garden"),
        ("fight at Qingyun Rd now", "青云路", "Qingyun Rd"),
        ("man with a knife at No. 5 Middle School", "五中学校", "No. 5 Middle School"),
        ("青云路那家家家乐被偷", "家家乐超市(青云路店)", "家家乐"),
        ("家家乐超市（江滨路店）有人偷东西", "家家乐超市(江滨路店)", "家家乐超市（江滨路店）"),
        ("K003 V8包厢", "银月KTV", "K003"),
        ("ｋ-003附近", "银月KTV", "ｋ-003附近"),
    ] {
        let found = find(text);
        assert_eq!(name_of(&found), Some(name), "{text}: {found:?}");
        assert_eq!(found.reading.unwrap().text, words, "{text}");
    }
}

#[test]
fn the_specific_scene_wins() {
    for (text, name) in [
        ("在朝阳路被抢 往旧街那头跑了", "朝阳路"),
        ("抢了包逃往五中村 在旧街抢的", "旧街"),
        ("snatched on Chaoyang Road, ran off towards Market Lane", "朝阳路"),
        ("two men fled down Qingyun Road after robbing Silver Moon KTV", "银月KTV"),
        ("青云路上的银月KTV有人打架", "银月KTV"),
        ("通达快递站对面的翡翠花园3栋冒烟", "翡翠花园"),
        ("白鹭社区 通达快递站被偷", "通达快递站"),
        ("我住翡翠花园 今天在旧街被偷", "旧街"),
        ("不是五中村 是五中学校", "五中学校"),
        ("几个五中村的人在旧街打架", "旧街"),
        ("打了派出所电话没人来 旧街有人打架", "旧街"),
        ("派出所门口有人闹事", "青云派出所"),
        ("有人晕倒在旧街 送到福临医院了", "旧街"),
        ("小偷往五中村方向跑了", "五中村"),
        ("千禧公园朝阳路那边", "千禧公园"),
    ] {
        let found = find(text);
        assert_eq!(name_of(&found), Some(name), "{text}: {found:?}");
    }
}

#[test]
fn nearness_widens_and_never_moves() {
    let plain = find("翡翠花园有人打架").reading.unwrap();
    for text in [
        "翡翠花园对面有人打架",
        "翡翠花园旁边",
        "翡翠花园附近",
        "翡翠花园门口",
        "翡翠花园往前走一点",
        "翡翠花园往旧街方向",
        "near Emerald Garden",
        "across from Emerald Garden",
    ] {
        let near = find(text).reading.unwrap();
        assert_eq!(near.at, plain.at, "{text}");
        assert!(near.accuracy_m > plain.accuracy_m, "{text}: {near:?}");
    }
    let away = find("小偷往五中村方向跑了").reading.unwrap();
    assert!(away.accuracy_m >= 1_000.0);
}

#[test]
fn two_roads_cross_between_them() {
    let between = point(380.0, 0.0).midpoint(point(-100.0, 600.0));
    for (text, words) in [
        ("青云路和朝阳路路口撞车", "青云路和朝阳路路口"),
        ("青云路跟朝陽路交界有坑", "青云路跟朝陽路交界"),
        ("青云路交朝阳路", "青云路交朝阳路"),
        ("crash at the corner of Qingyun Road and Chaoyang Road", "corner of Qingyun Road and Chaoyang Road"),
        ("Qingyun Rd and Chaoyang Rd junction", "Qingyun Rd and Chaoyang Rd junction"),
    ] {
        let reading = find(text).reading.unwrap();
        assert_eq!((reading.source, reading.text.as_str()), (PlaceSource::Crossing, words), "{text}");
        assert!(reading.at.distance_m(between) < 1.0, "{text}");
        assert!(
            reading.at.distance_m(point(380.0, 600.0)) < reading.accuracy_m + 50.0,
            "the corner itself is within reach"
        );
    }
    let one = find("青云路和滨海路路口");
    assert_eq!((name_of(&one), one.unknown.as_deref()), (Some("青云路"), Some("滨海路")));
}

#[test]
fn house_numbers_need_neighbours() {
    let between = find("青云路20号有人堵门").reading.unwrap();
    assert_eq!((between.source, between.text.as_str()), (PlaceSource::Address, "青云路20号"));
    assert!(between.at.distance_m(point(380.0, 0.0)) < 1.0 && between.accuracy_m < 200.0, "{between:?}");
    let other_side = find("青云路21号").reading.unwrap();
    assert!(other_side.source == PlaceSource::Address && other_side.accuracy_m > between.accuracy_m, "{other_side:?}");
    for beyond in ["青云路900号", "青云路32号", "青云路2号"] {
        let far = find(beyond).reading.unwrap();
        assert_eq!(far.source, PlaceSource::Gazetteer, "{beyond}");
        assert!(far.accuracy_m > find("青云路").reading.unwrap().accuracy_m);
    }
    let without = find("朝阳路20号").reading.unwrap();
    assert_eq!((without.source, without.text.as_str()), (PlaceSource::Gazetteer, "朝阳路20号"));
    assert!(without.accuracy_m > find("朝阳路").reading.unwrap().accuracy_m);
}

#[test]
fn what_is_not_known_is_kept_and_never_guessed() {
    for (text, unknown) in [
        ("就在云顶大厦那个工地", "云顶大厦"),
        ("滨海路123号有人打架", "滨海路123号"),
        ("翡翠路有人打架", "翡翠路"),
        ("银月大道有演出", "银月大道"),
        ("白鹭东路路灯坏了", "白鹭东路"),
        ("在新青云路打架", "新青云路"),
        ("白云水库有人落水", "白云水库"),
        ("青云东路有人打架", "青云东路"),
        ("家家乐有人偷东西", "家家乐"),
        ("fire at Dragon Plaza", "Dragon Plaza"),
        ("https://surl.amap.com/4nDzK1x", "https://surl.amap.com/4nDzK1x"),
    ] {
        let found = find(text);
        assert_eq!((found.reading.as_ref(), found.unknown.as_deref()), (None, Some(unknown)), "{text}");
    }
    let both = find("朝阳路 云顶大厦 有人跳楼");
    assert_eq!((name_of(&both), both.unknown.as_deref()), (Some("朝阳路"), Some("云顶大厦")));
    let fled = find("云顶大厦被抢 往旧街跑了");
    assert_eq!(
        (fled.reading, fled.unknown.as_deref()),
        (None, Some("云顶大厦")),
        "where they fled to is not the scene"
    );
}

#[test]
fn ordinary_words_are_no_place() {
    for text in [
        "",
        "V8包厢",
        "万事通达 大家好",
        "早上好 大家辛苦了",
        "菜市场几点开门",
        "回家路上",
        "我们小区停水",
        "他一路跑",
        "k00",
        "XK003Y",
        "鸡蛋3.5元 12.5,13.8",
        "called the police station already",
        "我们学校",
    ] {
        assert_eq!(find(text), PlaceFound::default(), "{text}");
    }
}

#[test]
fn points_come_before_names() {
    for (text, source) in [
        ("旧街 23.5012,113.5031 K003", PlaceSource::Coordinates),
        ("旧街 https://maps.apple.com/?ll=23.5,113.5 K003", PlaceSource::Link),
        ("旧街 7PMQGG22+22 K003", PlaceSource::PlusCode),
        ("旧街 K003", PlaceSource::PointCode),
        ("旧街", PlaceSource::Gazetteer),
    ] {
        assert_eq!(find(text).reading.map(|reading| reading.source), Some(source), "{text}");
    }
    let linked = find("https://surl.amap.com/4nDzK1x 旧街");
    assert_eq!((name_of(&linked), linked.unknown.as_deref()), (Some("旧街"), Some("https://surl.amap.com/4nDzK1x")));
}

#[test]
fn a_short_plus_code_needs_a_reference() {
    let full = plus_code::encode(point(50.0, 50.0), 10);
    let short = &full[4..];
    let near_town = find(short).reading.unwrap();
    assert!(near_town.at.distance_m(point(50.0, 50.0)) < 20.0);
    let nowhere = Gazetteer::new(Vec::new());
    let found = nowhere.find_place(short, None);
    assert_eq!((found.reading, found.unknown.as_deref()), (None, Some(short)));
    assert!(nowhere.find_place(short, Some(MIDDLE)).reading.is_some());
}

#[test]
fn towns_that_share_a_name_are_told_apart_by_the_area() {
    let place = |lat: f64| Place {
        code: String::new(),
        name: "中山路".to_owned(),
        aliases: Vec::new(),
        kind: "road".to_owned(),
        at: Wgs84 { lat, lon: 113.5 },
        datum: Datum::Wgs84,
    };
    let two = Gazetteer::new(vec![place(23.5), place(26.5)]);
    let found = two.find_place("中山路打架", None);
    assert_eq!((found.reading, found.unknown.as_deref()), (None, Some("中山路")));
    assert_eq!(two.find_place("中山路打架", Wgs84::new(26.4, 113.5)).reading.map(|r| r.at.lat), Some(26.5));
}

#[test]
fn a_label_is_the_place_as_a_whole() {
    let label = |text: &str| GAZETTEER.place_label(text, None);
    assert_eq!(name_of(&label("翡翠 3栋")), Some("翡翠花园"));
    assert_eq!(label(" 老王家后面那块空地 ").unknown.as_deref(), Some("老王家后面那块空地"));
    assert_eq!(label("云顶大厦B座").unknown.as_deref(), Some("云顶大厦B座"));
    for text in ["不详", " ", "？", "unknown", "N/A"] {
        assert_eq!(label(text), PlaceFound::default(), "{text}");
    }
}

#[test]
fn codes_are_looked_up_however_they_are_written() {
    assert_eq!(GAZETTEER.by_code("k-003").map(|place| place.name.as_str()), Some("银月KTV"));
    assert!(GAZETTEER.by_code("").is_none());
}

#[test]
fn a_name_with_one_slip_is_that_name() {
    for (text, name, words) in [
        // By ear.
        ("青云西陆撞车了", "青云西路", "青云西陆"),
        ("在斐翠花园被偷", "翡翠花园", "斐翠花园"),
        ("家佳乐有人偷东西 青云路那家", "家家乐超市(青云路店)", "家佳乐"),
        ("五钟学校门口打架", "五中学校", "五钟学校门口"),
        ("青云溪陆撞车了", "青云西路", "青云溪陆"),
        ("朝阳陆有人打架", "朝阳路", "朝阳陆"),
        ("朝杨路有人打架", "朝阳路", "朝杨路"),
        ("福林医院着火", "福临医院", "福林医院"),
        // By eye.
        ("翡翠花圆着火", "翡翠花园", "翡翠花圆"),
        ("銀月ＫＴＶ", "银月KTV", "銀月ＫＴＶ"),
        // One missing, doubled, changed places.
        ("通达快站门口打架", "通达快递站", "通达快站门口"),
        ("翡翠翠花园着火", "翡翠花园", "翡翠翠花园"),
        ("翡花翠园着火", "翡翠花园", "翡花翠园"),
        // English.
        ("fight at Emerlad Garden", "翡翠花园", "Emerlad Garden"),
        ("Fuling Hospital", "福临医院", "Fuling Hospital"),
        ("near Milennium Parks", "千禧公园", "near Milennium Parks"),
        ("theft on Chaoyan Road", "朝阳路", "Chaoyan Road"),
        // In Latin letters, and cut short.
        ("qingyun xi lu打架", "青云西路", "qingyun xi lu"),
        ("feicui huayuan", "翡翠花园", "feicui huayuan"),
        ("fight at the stadium", "市民体育馆", "the stadium"),
        ("体育馆门口", "市民体育馆", "体育馆门口"),
        ("有人打人 广利", "广利五金厂", "广利"),
        ("at the goods market", "旧货市场", "goods market"),
        ("emerald building 3", "翡翠花园", "emerald"),
    ] {
        let found = find(text);
        assert_eq!(name_of(&found), Some(name), "{text}: {found:?}");
        assert_eq!(found.reading.unwrap().text, words, "{text}");
    }
}

#[test]
fn a_slip_never_makes_one_place_of_another() {
    // Other places, as likely as not: kept as words, asked for.
    for text in [
        "碧翠花园着火",
        "青云东路有人打架",
        "第三中学",
        "六中学校门口",
        "千禧公司门口",
        "银月酒吧",
        "翡翠公寓",
        "上河村有人打架",
        "万达快递站",
        "Sapphire Garden",
        "Chaoyang Bridge",
        "North Qingyun Road",
    ] {
        let found = find(text);
        assert!(found.reading.is_none(), "{text}: {found:?}");
    }
    // Known by name: the slip that would make it another is none.
    for (text, name) in
        [("上沙村着火", "上沙村"), ("下沙村着火", "下沙村"), ("青云路着火", "青云路"), ("五中村着火", "五中村")]
    {
        assert_eq!(name_of(&find(text)), Some(name), "{text}");
    }
    // Nor does it beat what stands there.
    assert_eq!(name_of(&find("旧街有人打架 我在福林医院门口都听到了")), Some("旧街"));
}

#[test]
fn ordinary_talk_is_no_slip() {
    for text in [
        "汽车占道 汽车占用消防通道",
        "汽车展有人闹事",
        "物流员打我",
        "物流原因晚到两天",
        "体育管理局来人了",
        "新春社区活动开始报名",
        "市民体育活动",
        "大家好 今天天气不错",
        "他一直在朝着路边走",
        "就接了个电话",
        "舅姐来了",
        "旧街坊邻居大家好",
        "翡翠有限公司招人",
        "求助 谁家的狗跑出来了 咬了人",
        "我朋友通达得很",
        "祝大家心想事成 万事如意",
        "白露过后天气凉",
        "银行月底关门",
        "青云直上",
        "五钟头才到",
        "陌生人敲门说查水表",
        "电动车电池被偷了两块",
        "小孩发烧四十度怎么办",
        "有人冒充公检法打电话要我转账",
        "楼上漏水物业不管",
        "路灯不亮两个星期了",
        "工地半夜还在打桩",
        "前面发生车祸堵了",
        "他说他是银监会的",
        "刚才有人按门铃就跑",
        "一群人围着看热闹",
        "someone stole my bike",
        "the merging lane is blocked",
        "they sell emeralds",
        "I saw the full moon",
        "fight in the park, need help",
        "the market is closed",
        "no road access today",
        "my silver ring was stolen",
    ] {
        assert_eq!(find(text).reading, None, "{text}");
    }
}

#[test]
fn where_it_happened_beats_where_people_are_from_live_or_were_seen() {
    for (text, name) in [
        ("偷完往上沙村跑了 在旧街偷的", "旧街"),
        ("从翡翠花园追到朝阳路", "翡翠花园"),
        ("一个住在上沙村的人在旧街偷车", "旧街"),
        ("上沙村那边的人在旧街打架", "旧街"),
        ("上沙村的小偷在旧街被抓", "旧街"),
        ("我在翡翠花园住 昨晚旧街有人飙车", "旧街"),
        ("从上沙村开过来的车在旧街撞了", "旧街"),
        ("最后看到他在千禧公园 是从旧街走失的", "旧街"),
        ("在旧街走丢 有人在千禧公园见过", "旧街"),
        ("last seen at Millennium Park, he went missing from Market Lane", "旧街"),
        ("he lives in Emerald Garden but the fight was on Market Lane", "旧街"),
    ] {
        let found = find(text);
        assert_eq!(name_of(&found), Some(name), "{text}: {found:?}");
    }
}

#[test]
fn between_two_places_is_half_way() {
    for (text, words) in [
        ("翡翠花园和千禧公园之间的空地着火", "翡翠花园和千禧公园之间"),
        ("fire between Emerald Garden and Millennium Park", "between Emerald Garden and Millennium Park"),
    ] {
        let reading = find(text).reading.unwrap();
        assert_eq!(reading.text, words);
        assert!(reading.at.distance_m(point(250.0, 1350.0)) < 1.0 && reading.accuracy_m > 300.0, "{reading:?}");
    }
}

#[test]
fn a_branch_is_told_by_what_is_named_beside_it_or_by_the_group() {
    for (text, area, name) in [
        ("青云路的家家乐", None, Some("家家乐超市(青云路店)")),
        ("福临医院旁边那个家家乐", None, Some("福临医院")),
        ("家家乐被偷", None, None),
        ("家家乐被偷", Some(point(500.0, 250.0)), Some("家家乐超市(青云路店)")),
        ("家家乐被偷", Some(point(-800.0, 300.0)), Some("家家乐超市(江滨路店)")),
        ("家家乐被偷", Some(point(-250.0, 250.0)), None),
    ] {
        let found = GAZETTEER.find_place(text, area);
        assert_eq!(name_of(&found), name, "{text} {area:?}: {found:?}");
        assert_eq!(found.unknown.is_some(), name.is_none(), "asked for: {text}");
    }
}

proptest! {
    #[test]
    fn every_answer_is_a_part_of_the_message(
        text in "\\PC{0,40}|([青云匀陆路西朝阳和跟交口号旧街家佳乐翡翠花圆园水库往在跑了对面 的0-9K]|emerlad|gardn|[a-zA-Z0-9+,./:°' -]|https://uri.amap.com/){0,40}"
    ) {
        for found in [GAZETTEER.find_place(&text, Some(MIDDLE)), GAZETTEER.place_label(&text, None)] {
            if let Some(reading) = &found.reading {
                prop_assert!(!reading.text.is_empty() && text.contains(&reading.text), "{:?}", reading);
                prop_assert!(Wgs84::new(reading.at.lat, reading.at.lon).is_some() && reading.accuracy_m >= 10.0);
            }
            if let Some(unknown) = &found.unknown {
                prop_assert!(!unknown.is_empty() && text.contains(unknown.as_str()), "{}", unknown);
            }
        }
    }
}
