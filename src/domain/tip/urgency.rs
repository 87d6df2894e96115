//! Whether it is going on now and somebody may come to harm.

use aho_corasick::{AhoCorasick, MatchKind};

/// What words say of how pressing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    /// Somebody calls for help or is in danger.
    Danger,
    /// It goes on.
    Now,
    /// It is over.
    Over,
    /// It is always so.
    Usual,
}

const DANGER: &[&str] = &[
    "救命",
    "快来",
    "快点来",
    "快救",
    "救人",
    "救救",
    "赶紧来",
    "赶快来",
    "速来",
    "快过来",
    "快叫",
    "快派",
    "快啲",
    "快d",
    "快嚟",
    "紧急",
    "十万火急",
    "出人命",
    "人命关天",
    "有人受伤",
    "受伤",
    "流血",
    "压在",
    "压住",
    "流晒血",
    "大出血",
    "出血",
    "晕倒",
    "昏迷",
    "倒地",
    "倒在地",
    "没反应",
    "冇反应",
    "没意识",
    "没呼吸",
    "抽搐",
    "起不来",
    "起唔到身",
    "起唔返身",
    "爬不起来",
    "动不了",
    "被困",
    "困在",
    "困咗",
    "跳楼",
    "要跳",
    "轻生",
    "落水",
    "溺水",
    "掉到河",
    "掉进河",
    "没上来",
    "追人",
    "砍人",
    "捅",
    "持刀",
    "拿刀",
    "拿着刀",
    "菜刀",
    "开枪",
    "爆炸",
    "邻近有人",
    "里面还有人",
    "有小孩",
    "顶不住",
    "要出事",
    "打死",
    "快不行",
    "喘不过气",
    "呼吸困难",
    "边个嚟帮",
    "嚟帮",
    "急需",
    "喊救命",
    "呼救",
    "求救",
    "反锁",
    "锁在车里",
    "help now",
    "help!",
    "hurry",
    "come quick",
    "come now",
    "come quickly",
    "urgent",
    "emergency",
    "asap",
    "right away",
    "immediately",
    "bleeding",
    "unconscious",
    "not breathing",
    "not responding",
    "unresponsive",
    "collapsed",
    "trapped",
    "drowning",
    "stabbed",
    "with a knife",
    "has a knife",
    "gun",
    "on fire",
    "screaming",
    "is hurt",
    "are hurt",
    "injured",
    "someone hurt",
    "can't breathe",
    "going to jump",
    "need an ambulance",
    "need a doctor",
    "call an ambulance",
    "send someone",
    "send help",
    "please come",
    "save",
    "can't get out",
    "can't get up",
    "seizure",
    "choking",
    "flames",
];
const NOW: &[&str] = &[
    "正在",
    "还在",
    "现在",
    "仲喺",
    "紧交",
    "越来越",
    "越烧越",
    "快",
    "马上",
    "而家",
    "依家",
    "刚刚",
    "刚才",
    "刚",
    "打起来",
    "起来了",
    "来了",
    "冒烟了",
    "着火了",
    "is now",
    "right now",
    "still",
    "now",
    "happening",
    "ongoing",
    "just now",
    "going on",
    "are fighting",
    "is attacking",
    "打紧",
    "烧紧",
    "堵住了",
    "又来了",
    "在打",
    "在追",
    "在砍",
    "在烧",
    "在抢",
];
const OVER: &[&str] = &[
    "已扑灭",
    "扑灭了",
    "灭了",
    "已经灭",
    "已处理",
    "处理完",
    "已经处理",
    "没事了",
    "冇事",
    "已送医",
    "送医院了",
    "送去医院",
    "送咗去",
    "走了以后",
    "散了",
    "已散",
    "已经走",
    "跑了",
    "已经跑",
    "逃了",
    "溜了",
    "离开了",
    "找到了",
    "揾返",
    "已找到",
    "后来",
    "解决了",
    "已解决",
    "已经停",
    "停了",
    "已被抓",
    "抓到了",
    "被抓",
    "is out now",
    "put out",
    "all over now",
    "is over",
    "got away",
    "ran off",
    "ran away",
    "drove off",
    "left already",
    "already left",
    "has left",
    "have left",
    "found him",
    "found her",
    "was found",
    "are gone now",
    "is fine",
    "are fine",
    "is ok now",
    "nobody hurt",
    "no one hurt",
    "no one was hurt",
    "nobody was hurt",
    "no injuries",
    "没人受伤",
    "没有人受伤",
    "人没事",
    "冇人受伤",
    "无人受伤",
    "无人员伤亡",
    "救上来了",
    "已救",
    "救出来了",
    "已经救",
];
const USUAL: &[&str] = &[
    "每天",
    "天天",
    "日日",
    "每晚",
    "晚晚",
    "经常",
    "长期",
    "总是",
    "老是",
    "一直这样",
    "every day",
    "every night",
    "always",
    "often",
    "隐患",
    "万一",
    "怕",
    "容易",
    "可能会",
    "要是",
    "迟早",
    "would be",
    "could be",
    "might",
    "if there",
    "如果",
    "演练",
    "drill",
    "上次",
    "去年",
    "以前",
    "上个月",
    "早就",
];

/// Reads how pressing words are.
#[derive(Debug)]
pub struct Urgency {
    automaton: AhoCorasick,
    cues: Vec<Cue>,
}

impl Default for Urgency {
    fn default() -> Self {
        let lists = [(Cue::Danger, DANGER), (Cue::Now, NOW), (Cue::Over, OVER), (Cue::Usual, USUAL)];
        let all: Vec<(Cue, &str)> =
            lists.iter().flat_map(|(cue, words)| words.iter().map(move |word| (*cue, *word))).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(all.iter().map(|(_, word)| word))
            .expect("the word lists are small");
        Self { automaton, cues: all.into_iter().map(|(cue, _)| cue).collect() }
    }
}

impl Urgency {
    /// Whether a folded text is urgent, told its category and whether it says that it happened a while ago.
    pub fn is_urgent(&self, text: &str, category: Option<&str>, is_past: bool) -> bool {
        let (mut danger, mut now, mut over, mut usual) = (false, false, false, false);
        for found in self.automaton.find_iter(text) {
            let word = &text[found.range()];
            if word.is_ascii() && !is_word(text, found.start(), found.end()) {
                continue;
            }
            match self.cues[found.pattern().as_usize()] {
                Cue::Danger => danger |= !is_denied(text, found.start()),
                Cue::Now => now = true,
                Cue::Over => over = true,
                Cue::Usual => usual = true,
            }
        }
        let critical = matches!(
            category,
            Some(
                "violent_attack"
                    | "fire"
                    | "dangerous_goods"
                    | "drowning"
                    | "medical"
                    | "missing_person"
                    | "robbery"
                    | "crowd_crush"
            )
        );
        let bodily = matches!(
            category,
            Some("fight" | "help" | "traffic_accident" | "crowd_crush" | "disturbance" | "dispute" | "suspicious")
        );
        let hazard = matches!(
            category,
            Some(
                "fire_hazard"
                    | "traffic_hazard"
                    | "facility"
                    | "public_health"
                    | "fraud"
                    | "gambling"
                    | "drugs"
                    | "theft"
                    | "other"
            )
        );
        match category {
            // Who is lost is lost until found.
            Some("missing_person") => !over,
            Some("robbery") => !is_past && (danger || now || !over) && !usual,
            _ if over || is_past => false,
            _ if critical => !usual || danger && now,
            _ if bodily => danger && !usual || category == Some("fight") && now && !usual,
            _ if hazard => danger && now && !usual,
            _ => danger && !usual,
        }
    }
}

fn is_word(text: &str, start: usize, end: usize) -> bool {
    !text[..start].ends_with(|c: char| c.is_ascii_alphanumeric())
        && !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_denied(text: &str, start: usize) -> bool {
    let before = text[..start].trim_end();
    ["没有", "没", "没人", "没有人", "无人", "不", "冇", "冇人", "not", "no one", "nobody", "no", "not an", "未", "无"]
        .iter()
        .any(|denial| before.ends_with(denial))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressing_or_not() {
        let urgency = Urgency::default();
        for (text, category, past, urgent) in [
            ("宏达厂宿舍有人拿菜刀追人 保安顶不住了 快", "violent_attack", false, true),
            ("烟花引燃稻草堆,已扑灭", "fire", true, false),
            ("戴头盔男子持刀抢走收银台1300元", "robbery", true, false),
            ("煤气泄漏 门口就闻到了", "dangerous_goods", false, true),
            ("我妈下午没回来", "missing_person", true, true),
            ("电瓶被卸走", "theft", false, false),
            ("一个女的脚动不了", "traffic_accident", false, true),
            ("没有人受伤", "traffic_accident", false, false),
        ] {
            assert_eq!(urgency.is_urgent(text, Some(category), past), urgent, "{text}");
        }
    }
}
