//! A large town, made up: names put together as towns put them together.

use baiying::app::load::words::Dice;
use baiying::domain::place::{Datum, Place, Wgs84};
use std::collections::HashSet;

const STEMS: [&str; 64] = [
    "菱东", "渔市", "菱湾", "江畔", "顺风", "榕景", "沿江", "学府", "创业", "金嗓", "金源", "宏达", "碧湖", "阳光",
    "河滨", "如意", "星光", "世纪", "科技", "幸福", "石桥", "东方", "万和", "锦绣", "翠竹", "惠民", "华美", "永发",
    "联成", "海悦", "莲湖", "康乐", "振兴", "建设", "东风", "工业", "环城", "莲塘", "上围", "大坪", "兴隆", "福田",
    "平安", "和谐", "长安", "新华", "解放", "光明", "胜利", "前进", "团结", "友谊", "红旗", "朝阳", "春江", "秋月",
    "凤凰", "麒麟", "白云", "青山", "银河", "南山", "西湖", "花园",
];
const MIDDLES: [&str; 12] = ["", "", "", "东", "西", "南", "北", "一", "二", "新", "老", "中"];
const ENDINGS: [(&str, &str); 24] = [
    ("路", "road"),
    ("街", "road"),
    ("巷", "road"),
    ("大道", "road"),
    ("村", "village"),
    ("小区", "compound"),
    ("花园", "compound"),
    ("苑", "compound"),
    ("公寓", "compound"),
    ("超市", "supermarket"),
    ("市场", "market"),
    ("小学", "school"),
    ("幼儿园", "school"),
    ("医院", "hospital"),
    ("五金厂", "factory"),
    ("电子厂", "factory"),
    ("加油站", "petrol_station"),
    ("酒店", "hotel"),
    ("网吧", "shop"),
    ("便利店", "shop"),
    ("药店", "shop"),
    ("公园", "park"),
    ("大厦", "office"),
    ("停车场", "facility"),
];

/// So many places with names of their own, a third of them with an alias.
pub fn places(count: usize) -> Vec<Place> {
    let mut dice = Dice(7);
    let mut names = HashSet::new();
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let (first, second) = (*dice.pick(&STEMS), *dice.pick(&STEMS));
        let second = if dice.below(4) == 0 || first == second { "" } else { second };
        let (middle, (ending, kind)) = (*dice.pick(&MIDDLES), *dice.pick(&ENDINGS));
        let name = format!("{first}{second}{middle}{ending}");
        if !names.insert(name.clone()) {
            continue;
        }
        let alias = (dice.below(3) == 0 && !second.is_empty()).then(|| format!("{first}{second}{middle}"));
        let within = |from: f64, throw: usize| from + throw as f64 / 1e6;
        places.push(Place {
            code: String::new(),
            name,
            aliases: alias.into_iter().collect(),
            kind: kind.into(),
            at: Wgs84 { lat: within(22.85, dice.below(300_000)), lon: within(113.75, dice.below(300_000)) },
            datum: Datum::Wgs84,
        });
    }
    places
}

/// What a message is filled with to be costly: numbers, marks, names, links, words of every list.
pub const HOSTILE: [&str; 24] = [
    "1 ",
    "1-",
    "138",
    "11.19 ",
    "8点到",
    "人民路18号",
    "锦绣路",
    "菱东市场和渔市路交叉口",
    "#a ",
    "地点:",
    "时间7点 地点",
    "geo:",
    "http://a.b/",
    "22.8461,114.1441 ",
    "N 22°",
    "8GCMV5X4+2C",
    "粤A12345",
    "微信abc12 ",
    "a@b.c",
    "没有打架",
    "拿刀砍路",
    "谢谢大家",
    "half past three ",
    "不",
];
