//! What the words around a name say of it: where it happened, where they fled to, how near.
//!
//! Owns the word lists and nothing else; works on folded text, looks at a few words on either side.
//! Called by `mention` and `unknown`.

use super::names::is_han_char;

/// How much a mention counts, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Where it happened, as far as words tell.
    Scene,
    /// Beside the scene: where somebody lives, comes from, was on the way to; or only tells the scene's surroundings.
    Aside,
    /// Where they fled or were taken to: counts last.
    Away,
    /// Named only to be denied, or to say who was called.
    Denied,
}

/// Words for nearness behind a name, and by how many metres they widen. Longest first where one begins another.
#[rustfmt::skip]
const NEARNESS: &[(&str, f64)] = &[
    ("斜对面", 100.0), ("正对面", 80.0), ("对面", 80.0), ("对过", 80.0), ("隔壁", 60.0), ("隔篱", 60.0),
    ("旁边", 60.0), ("侧边", 60.0), ("边上", 60.0), ("附近", 200.0), ("周边", 250.0), ("周围", 200.0),
    ("一带", 300.0), ("左右", 150.0), ("大门口", 30.0), ("门口", 30.0), ("门前", 30.0), ("门外", 40.0),
    ("大门", 30.0), ("正门", 40.0), ("后门", 60.0), ("侧门", 60.0), ("东门", 60.0), ("西门", 60.0),
    ("南门", 60.0), ("北门", 60.0), ("后面", 80.0), ("后边", 80.0), ("背后", 80.0), ("后头", 80.0),
    ("前面", 80.0), ("前边", 80.0), ("外面", 60.0), ("楼下", 30.0), ("底下", 40.0), ("下面", 40.0),
    ("路口", 150.0), ("村口", 150.0), ("街口", 150.0), ("入口", 60.0), ("出口", 60.0), ("过去一点", 200.0),
    ("过去", 200.0), ("往前", 250.0), ("往下", 250.0), ("往上", 250.0), ("往里", 200.0), ("往东", 250.0),
    ("往西", 250.0), ("往南", 250.0), ("往北", 250.0), ("往", 250.0), ("向东", 250.0), ("向西", 250.0),
    ("向南", 250.0), ("向北", 250.0), ("方向", 400.0), ("那边", 150.0), ("这边", 100.0), ("那头", 200.0),
    ("那里", 100.0), ("这里", 60.0), ("那一片", 300.0), ("那片", 300.0), ("沿线", 300.0), ("旁", 60.0),
    ("侧", 60.0), ("边", 60.0),
];

/// Words for nearness before a name, most of them English.
#[rustfmt::skip]
const NEARNESS_EN: &[(&str, f64)] = &[
    ("靠近", 200.0), ("临近", 200.0), ("挨着", 80.0), ("快到", 250.0), ("across the street from", 100.0), ("across the road from", 100.0), ("across from", 80.0),
    ("opposite", 80.0), ("next door to", 60.0), ("next to", 60.0), ("beside", 60.0), ("behind", 80.0),
    ("in front of", 60.0), ("outside", 50.0), ("near", 200.0), ("close to", 200.0), ("around", 200.0),
    ("by", 60.0), ("just past", 200.0), ("past", 200.0), ("not far from", 300.0), ("the back of", 80.0),
    ("the gate of", 40.0), ("the entrance of", 40.0), ("the entrance to", 40.0), ("off", 150.0), ("under", 40.0),
    ("below", 40.0),
];

/// Words before a place where somebody went away to.
#[rustfmt::skip]
const AWAY: &[&str] = &[
    "往", "向", "朝", "朝着", "逃到", "逃去", "逃进", "逃回", "跑到", "跑去", "跑进", "跑回", "跑入", "窜到",
    "窜进", "溜到", "溜进", "溜去", "躲到", "躲进", "开去", "骑去", "追到", "追去", "送到", "送去", "送往",
    "送进", "拉到", "抬到", "转到", "转去", "带到", "带去", "跑咗去", "走咗去", "奔",
];

/// Compounds that end like one of `AWAY` and are none.
const NOT_AWAY: &[&str] = &["来往", "以往", "方向", "过往", "交往", "面向"];

/// Words before a place that is not where it happened.
#[rustfmt::skip]
const ASIDE: &[&str] = &[
    "住", "住在", "家住", "家在", "来自", "我是", "我们是", "他是", "她是", "去", "去过", "路过", "经过",
    "上次在", "上回在", "之前在", "以前在", "去年在", "回", "回到", "距", "距离", "离", "班在", "嚟自", "住喺",
    "前往", "赶往", "开往", "发往", "属于", "想去", "要去", "准备去", "不像", "不比", "还是上次",
];

/// Words before a place that is denied.
const DENIED: &[&str] = &[
    "不是",
    "不在",
    "并非",
    "不是在",
    "没在",
    "唔系",
    "唔喺",
    "而非",
    "not at ",
    "not in ",
    "not on ",
    "not near ",
    "isn't at ",
    "wasn't at ",
];

/// Words before police or a hospital that were called, not visited.
#[rustfmt::skip]
const CALLED: &[&str] = &[
    "打给", "打", "打了", "叫", "叫了", "报", "报给", "报到", "报告", "联系", "联系了", "通知", "通知了", "告诉",
    "告诉了", "找", "请", "给", "问", "麻烦", "建议", "希望", "跟", "和", "向", "call ", "called ", "calling ",
    "call the ", "called the ", "tell the ", "told the ", "contact the ", "contacted the ", "phoned the ",
    "rang the ", "notify the ", "reported to the ", "reported it to the ", "report to the ", "went to the ",
    "to the ",
];

/// Words before a hospital that somebody was taken to: not the scene.
const TAKEN: &[&str] = &[
    "送到",
    "送去",
    "送往",
    "送进",
    "送",
    "送咗去",
    "拉到",
    "抬到",
    "转到",
    "转去",
    "转院到",
    "taken to",
    "taken to the",
    "rushed to",
    "rushed to the",
    "sent to",
    "sent to the",
];

/// Words behind a place that somebody came from.
#[rustfmt::skip]
const FROM_THERE: &[&str] = &[
    "过来", "来的", "出来", "跑出", "跟到", "追到", "一路", "开过来", "开来", "骑过来", "骑来", "走过来", "走来", "下来", "上来", "回来",
    "坐车", "打车", "出发", "赶来", "赶过来", "搬来", "拉来", "运来", "跑来", "跑过来", "上车",
];

/// Words right before the scene itself.
#[rustfmt::skip]
const DIRECT: &[&str] = &[
    "在", "喺", "位于", "就是", "就系", "地点", "地点:", "位置", "位置:", "地址:", "at ", "at the ", "in ",
    "in the ", "inside ", "inside the ", "on ", "on the ", "@",
];

/// Verbs of going away, before a preposition.
#[rustfmt::skip]
const LEAVING: &[&str] = &[
    "fled", "fleeing", "flee", "ran", "running", "run", "escaped", "escaping", "drove", "driving", "rode",
    "riding", "sped", "headed", "heading", "heads", "made", "took", "walked", "went", "going", "bound", "chased",
    "taken", "rushed", "brought", "sent", "off", "away", "back", "rode", "cycled", "disappeared",
];

/// Verbs of getting away for good.
const FLEEING: &[&str] =
    &["fled", "fleeing", "flee", "ran", "escaped", "escaping", "sped", "off", "away", "disappeared", "chased"];

/// Prepositions of going away.
const TOWARDS: &[&str] = &["to", "into", "for", "onto", "out"];

/// Prepositions of going by way of a place.
const ALONG: &[&str] = &["down", "along", "up", "via", "through"];

/// What the words around a name say of its part in the message.
pub(super) fn role(before: &str, after: &str, kind: &str) -> Role {
    let before = tail(before).trim_end_matches([' ', '"', '\'', '[', '(']);
    let ends = |words: &[&str]| words.iter().any(|word| before.ends_with(word.trim_end()) && begins_word(before, word));
    if ends(DENIED) && !before.ends_with("是不是") && !before.ends_with("是不是在") && !before.ends_with("在不在")
    {
        return Role::Denied;
    }
    if kind == "hospital" && ends(TAKEN) {
        return Role::Denied;
    }
    let of_help = matches!(kind, "police_station" | "hospital");
    if of_help && nearness(after).is_none() && ends(CALLED) {
        return Role::Denied;
    }
    if ends(AWAY) && !ends(NOT_AWAY) || is_away_english(before) {
        return Role::Away;
    }
    let looked_on = ["看到", "看见", "见到", "见过", "睇到", "睇见", "听到", "听见"]
        .iter()
        .any(|word| after.trim_start().starts_with(word));
    if looked_on
        || ends(ASIDE)
        || is_aside_english(before)
        || is_of_people(after)
        || is_home(after)
        || is_last_seen(before)
    {
        return Role::Aside;
    }
    if ends(&["从", "由", "自", "from", "from the"]) && FROM_THERE.iter().any(|word| after.starts_with(word)) {
        return Role::Aside;
    }
    Role::Scene
}

/// Whether the words right before say that it happened there.
pub(super) fn is_direct(before: &str) -> bool {
    DIRECT.iter().any(|word| before.ends_with(word) && begins_word(before, word))
}

/// The last words of a text: all that the lists look at, so that long texts cost no more.
fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(64);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// A Latin word begins where no letter stands before it.
fn begins_word(before: &str, word: &str) -> bool {
    let word = word.trim_end();
    !word.starts_with(|c: char| c.is_ascii_alphabetic())
        || !before[..before.trim_end().len().saturating_sub(word.len())].ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Nearness told behind a name: length in bytes of the words, and metres.
pub(super) fn nearness(after: &str) -> Option<(usize, f64)> {
    let gap = ["的", " "].iter().find(|gap| after.starts_with(**gap)).map_or(0, |gap| gap.len());
    let rest = &after[gap..];
    let (word, metres) = NEARNESS.iter().find(|(word, _)| rest.starts_with(word))?;
    // 旁, 侧, 边 alone would take the head of another word.
    if gap > 0 && word.chars().count() == 1 {
        return None;
    }
    // 往 alone begins what is told of a direction: it widens and is no part of the place.
    let length = if *word == "往" { 0 } else { gap + word.len() };
    Some((length, *metres))
}

/// Nearness told before a name: length in bytes of the words, and metres.
pub(super) fn nearness_before(before: &str) -> Option<(usize, f64)> {
    let before = tail(before);
    let bare = before.strip_suffix(' ').unwrap_or(before);
    let bare = bare.strip_suffix(" the").or_else(|| bare.strip_suffix(" my")).unwrap_or(bare);
    NEARNESS_EN
        .iter()
        .filter(|(word, _)| bare.ends_with(word) && begins_word(bare, word))
        .max_by_key(|(word, _)| word.len())
        .map(|(word, metres)| (before.len() - (bare.len() - word.len()), *metres))
}

fn is_away_english(before: &str) -> bool {
    let mut words = before.rsplit([' ', ',', '.']).filter(|word| !matches!(*word, "the" | "a" | "")).take(4);
    let Some(last) = words.next() else { return false };
    if !last.is_ascii() || last.is_empty() {
        return false;
    }
    if matches!(last, "towards" | "toward") {
        return true;
    }
    if last == "of" {
        return words.next() == Some("direction");
    }
    // Who is heading down a road is on it; who fled down it is gone.
    if ALONG.contains(&last) {
        return words.take(2).any(|word| FLEEING.contains(&word));
    }
    TOWARDS.contains(&last) && words.take(2).any(|word| LEAVING.contains(&word))
}

fn is_aside_english(before: &str) -> bool {
    let tail: Vec<&str> =
        before.rsplit([' ', ',', '.']).filter(|word| !matches!(*word, "the" | "a" | "")).take(3).collect();
    match tail.as_slice() {
        ["from", verb, ..] => {
            matches!(*verb, "i'm" | "am" | "come" | "came" | "comes" | "is" | "are" | "was" | "guy" | "man" | "people")
        }
        ["in" | "at" | "on" | "near", verb, ..] => {
            matches!(*verb, "live" | "lives" | "living" | "work" | "works" | "stay")
        }
        ["to", "going" | "way" | "go", ..] => true,
        _ => false,
    }
}

/// Who somebody of a place is told to be.
#[rustfmt::skip]
const PEOPLE: &[&str] = &[
    "人", "小偷", "贼", "老乡", "村民", "居民", "业主", "住户", "租客", "租户", "工人", "学生", "小伙", "男子", "女子", "男人", "女人",
    "男的", "女的", "青年", "混混", "几个人", "两个人", "那帮人", "一帮人", "一伙人", "那伙人", "街坊", "亲戚", "朋友", "同学", "同事",
];

/// Whether a name only says where people are from: 下沙村人, 下沙村的人, 下沙村那边的人.
fn is_of_people(after: &str) -> bool {
    let after = nearness(after).map_or(after, |(length, _)| &after[length..]);
    let rest = after.strip_prefix("的").unwrap_or(after);
    let from_there = rest.strip_prefix('人').is_some_and(|rest| {
        rest.chars().next().is_none_or(|c| !is_han_char(c) || "在也来又都说和跟把偷打经常干".contains(c))
    });
    let of = after.strip_prefix('的').is_some_and(|who| PEOPLE.iter().any(|word| who.starts_with(word)));
    from_there || of || rest.starts_with("本地人") || rest.starts_with("籍")
}

/// Whether somebody lives there: 在翡翠花园住.
fn is_home(after: &str) -> bool {
    ["住", "上班", "打工", "干活", "读书", "上学", "租房"].iter().any(|word| {
        after.strip_prefix(word).is_some_and(|rest| !rest.starts_with(['宅', '院', '户', '客', '时', '路', '高']))
    })
}

/// Whether the words before tell where somebody was seen last.
fn is_last_seen(before: &str) -> bool {
    let Some((at, _)) = before.char_indices().rev().nth(11).or(before.char_indices().next()) else { return false };
    let near = &before[at..];
    let told = ["最后", "最尾", "最终"].iter().any(|word| near.contains(word))
        && ["看", "见", "出现", "睇", "拍", "监控", "消失"].iter().any(|word| near.contains(word));
    told && near.ends_with(['在', '喺', '于', '到'])
        || ["last seen at", "last seen in", "last seen on", "last seen near", "last at", "last spotted at"]
            .iter()
            .any(|word| before.ends_with(word) || before.strip_suffix(" the").is_some_and(|head| head.ends_with(word)))
}

/// Whether a short name may begin here: nothing before it, or a word behind which places are named.
pub(super) fn opens(before: &str) -> bool {
    match before.chars().next_back() {
        None => true,
        Some(c) if !is_han_char(c) => true,
        Some(c) => "在到去从往向于是就离住来回和跟与对经过喺响的了进出有朝系近才晚早午夜刚天日点分时号".contains(c),
    }
}

/// Whether a place must follow: 在, 到, 去.
pub(super) fn leads_to(before: &str) -> bool {
    before.ends_with(['在', '到', '去', '喺', '往', '从', '于', '住', '离', '近'])
}

/// Whether the words behind a short name go on about a place.
pub(super) fn goes_on_about(after: &str) -> bool {
    const ABOUT: &str = "对旁附隔门后前里楼栋座大宿饭食厂店那这一有又被发车停地下保物仓东西南北今昨明早晚刚上边期口内外往二三四五六七八九十两几中凌正还出也都着冒起失没突来厨房包厢打电天消员工老客租值收监岗业派挨靠的撞倒堵抢偷炸爆塌";
    let phrase = ["前程", "前途", "打扰", "打算", "有限"].iter().any(|word| after.starts_with(word));
    !phrase && after.chars().next().is_some_and(|c| c.is_ascii_digit() || ABOUT.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_around_tell_the_role() {
        for (before, after, kind, want) in [
            ("有人在", "打架", "road", Role::Scene),
            ("抢了手机往", "那头跑了", "road", Role::Away),
            ("得手后逃往", "", "village", Role::Away),
            ("小偷跑去", "了", "village", Role::Away),
            ("he ran off towards the ", "", "road", Role::Away),
            ("two men fled down ", "", "road", Role::Away),
            ("man drove off to ", "", "road", Role::Away),
            ("a car heading down ", "", "road", Role::Scene),
            ("我在", "看到有人打架", "compound", Role::Aside),
            ("a fight in ", "", "compound", Role::Scene),
            ("送到", "", "hospital", Role::Denied),
            ("我住", "三栋", "compound", Role::Aside),
            ("几个", "人在打架", "village", Role::Aside),
            ("", "旧街那边", "park", Role::Scene),
            ("不是", "", "village", Role::Denied),
            ("是不是", "那边", "village", Role::Scene),
            ("已经打给", "了", "police_station", Role::Denied),
            ("就在", "门口", "police_station", Role::Scene),
            ("来往", "的车", "road", Role::Scene),
        ] {
            assert_eq!(role(before, after, kind), want, "{before}…{after}");
        }
    }

    #[test]
    fn nearness_is_measured() {
        assert_eq!(nearness("对面有人"), Some(("对面".len(), 80.0)));
        assert_eq!(nearness("的附近"), Some(("的附近".len(), 200.0)));
        assert_eq!(nearness("有人"), None);
        assert_eq!(nearness_before("parked across from the "), Some(("across from the ".len(), 80.0)));
        assert_eq!(nearness_before("nearby "), None);
        assert_eq!(nearness_before("standby "), None);
    }
}
