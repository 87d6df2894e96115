//! Tips as people write them: tagged, labelled, by command, in Chinese and in English, with places of the demo town.
//!
//! The same number always gives the same tip. None is sensitive (those are taken to private, without a receipt in the
//! group) and none calls for help at once (each such has a card of its own at the desk).

use super::platform::Tip;

/// Chat of the n-th group.
pub fn group_chat(n: usize) -> i64 {
    -1_001_900_000_001 - i64::try_from(n).expect("a count of groups is small")
}

/// The desk's chat.
pub const DESK: i64 = -1_001_800_000_001;

const PLACES_ZH: [&str; 16] = [
    "菱东市场",
    "好邻居超市",
    "渔市夜市",
    "菱湾医院",
    "江畔花园",
    "菱湾汽车站",
    "顺风加油站",
    "榕景苑",
    "沿江路",
    "学府路",
    "渔市街和学府路路口",
    "创业工业园",
    "金嗓子KTV",
    "P003",
    "菱湾公园",
    "工业路88号",
];
const PLACES_EN: [&str; 8] = [
    "Lingdong Market",
    "Lingwan Plaza",
    "Riverside Garden",
    "Shunfeng Petrol Station",
    "Lingwan Hospital",
    "Hengda Electronics",
    "22.9981, 113.9012",
    "P005",
];
const NEAR_ZH: [&str; 6] = ["", "门口", "对面", "附近", "旁边", "后门"];
const TIMES_ZH: [&str; 8] =
    ["昨晚八点", "今天早上7点半", "刚才", "昨天下午3点", "凌晨两点多", "半小时前", "昨晚", "10点15分"];
const TIMES_EN: [&str; 5] = ["last night around 11", "this morning", "20 minutes ago", "yesterday at 3 pm", "at 07:45"];
/// Tag and what was seen.
const SEEN_ZH: [(&str, &str); 12] = [
    ("盗窃", "一辆电动车的电瓶被人撬走了,车主还不知道"),
    ("盗窃", "有人翻窗进了二楼出租屋,拿走一台手提电脑"),
    ("扰乱秩序", "有七八个人喝酒后大声吵闹,影响楼上休息"),
    ("可疑情况", "一辆没有牌的面包车停了两天,车里有人轮流守着"),
    ("可疑情况", "陌生男子挨家敲门说查煤气,没有证件"),
    ("交通事故", "小货车和摩托车刮蹭,人没事,在路边等人来"),
    ("矛盾纠纷", "两家为了停车位吵了一个星期,请来调解一下"),
    ("消防隐患", "楼道堆满纸皮,电动车飞线充电"),
    ("交通隐患", "红绿灯不亮,车都挤在一起"),
    ("设施损坏", "井盖裂了一半,晚上看不见"),
    ("设施损坏", "路灯整排都不亮"),
    ("卫生隐患", "垃圾三天没收,臭味很大"),
];
const SEEN_EN: [(&str, &str); 7] = [
    ("theft", "two men cut the lock of a delivery bike and took the battery"),
    ("theft", "someone broke into the store room, a laptop is gone"),
    ("disturbance", "loud music from the bar, every night after midnight"),
    ("suspicious", "a grey van without plates has been parked here for two days"),
    ("dispute", "two shopkeepers quarrel about the pavement again"),
    ("facility", "the manhole cover is cracked, nobody sees it at night"),
    ("traffic_hazard", "the traffic light is dark and cars come from all sides"),
];
const NAMES: [&str; 8] = ["阿明", "陈姐", "老周", "Wong", "小李", "刘师傅", "Anna", "阿珍"];

/// The n-th tip of a run with so many groups and people. Groups take turns; a person writes in one group.
pub fn tip(n: usize, groups: usize, people: usize) -> Tip {
    let mut dice = Dice(n as u64);
    let group = n % groups;
    // The people of a group are those whose number leaves the group's number when divided by that of the groups.
    let person = group + groups * dice.below(people.div_ceil(groups).max(1));
    Tip {
        chat: group_chat(group),
        from: 610_000_000 + i64::try_from(person).expect("a count of people is small"),
        name: NAMES[person % NAMES.len()].into(),
        text: text(&mut dice),
    }
}

fn text(dice: &mut Dice) -> String {
    let form = dice.below(10);
    if form < 7 {
        let ((tag, seen), place, near, time) =
            (*dice.pick(&SEEN_ZH), *dice.pick(&PLACES_ZH), *dice.pick(&NEAR_ZH), *dice.pick(&TIMES_ZH));
        match form {
            0..=2 => format!("#{tag} {time},{place}{near}{seen}"),
            3 => format!("#{tag} {place}{near},{seen}。"),
            4 | 5 => format!("#{tag}\n地点:{place}{near}\n时间:{time}\n描述:{seen}"),
            _ => format!("/tip {time}在{place}{near},{seen}"),
        }
    } else {
        let ((tag, seen), place, time) = (*dice.pick(&SEEN_EN), *dice.pick(&PLACES_EN), *dice.pick(&TIMES_EN));
        match form {
            7 => format!("#{tag} {seen}, {place}, {time}"),
            8 => format!("/tip {time} near {place}: {seen}"),
            _ => format!("#{tag}\nplace: {place}\ntime: {time}\ndesc: {seen}"),
        }
    }
}

/// SplitMix64: the same seed gives the same throws.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.throw() % n.max(1) as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// Whether it happens, at so many in a thousand.
    pub fn permille(&mut self, rate: u32) -> bool {
        rate > 0 && self.throw() % 1000 < u64::from(rate)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::file::import::parse_gazetteer;
    use crate::adapter::sandbox::demo_gazetteer;
    use crate::config::Config;
    use crate::domain::id::Millis;
    use crate::domain::place::Gazetteer;
    use crate::domain::tip::ChatKind;
    use crate::domain::tip::reader::Reader;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn every_one_is_a_tip_that_gets_its_receipt_in_the_group() {
        let config = Config::default();
        let gazetteer = Gazetteer::new(parse_gazetteer(demo_gazetteer().as_bytes()).unwrap());
        let reader = Reader::new(config.lexicon(), Arc::new(gazetteer), config.time_zone, Some("baiying_bot"));
        let (mut placed, mut timed, mut urgent) = (0, 0, 0);
        for n in 0..1000 {
            let text = tip(n, 50, 2000).text;
            let read = reader.understand(&text, Millis(1_795_000_000_000), ChatKind::Group, None);
            assert!(read.is_tip, "{text}");
            let category = config.category.iter().find(|it| Some(&it.id) == read.category.as_ref());
            assert!(category.is_none_or(|it| !it.sensitive), "{text}");
            placed += i32::from(read.place.is_some());
            timed += i32::from(!read.times.is_empty());
            urgent += i32::from(read.urgent);
        }
        assert!(placed > 800 && timed > 700 && urgent < 50, "{placed} placed, {timed} timed, {urgent} urgent");
    }

    #[test]
    fn groups_take_turns_and_people_stay_in_their_group() {
        let tips: Vec<Tip> = (0..5000).map(|n| tip(n, 50, 2000)).collect();
        let chats: HashSet<i64> = tips.iter().map(|tip| tip.chat).collect();
        let people: HashSet<i64> = tips.iter().map(|tip| tip.from).collect();
        let pairs: HashSet<(i64, i64)> = tips.iter().map(|tip| (tip.chat, tip.from)).collect();
        assert_eq!((chats.len(), pairs.len()), (50, people.len()));
        assert!((1500..=2000).contains(&people.len()), "{}", people.len());
    }
}
