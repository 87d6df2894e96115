//! How characters sound and look: which ones people write for one another.
//!
//! Owns the reading of each character (its commonest, tone ignored, from the `pinyin` crate) and the pairs
//! that are mistaken by the eye. Called by `typo`.

use pinyin::ToPinyin;
use std::collections::HashMap;
use std::sync::LazyLock;

/// How near what was written is to what the name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The same character.
    Same,
    /// Another that sounds the same.
    Sound,
    /// One that many people say the same way (z and zh, n and ng, l and n), or that looks much the same.
    Near,
    /// Any other.
    Other,
}

/// First and last of the characters with a reading.
const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;

/// For each character its syllable, and the syllable as it is loosely said; 0 where there is none.
static SYLLABLES: LazyLock<Vec<(u16, u16)>> = LazyLock::new(|| {
    let mut numbers: HashMap<String, u16> = HashMap::new();
    let mut number = |syllable: String| {
        let next = u16::try_from(numbers.len() + 1).expect("there are some four hundred syllables");
        *numbers.entry(syllable).or_insert(next)
    };
    (FIRST..=LAST)
        .map(|code| match char::from_u32(code).and_then(|c| c.to_pinyin()) {
            Some(reading) => (number(reading.plain().to_owned()), number(loosely(reading.plain()))),
            None => (0, 0),
        })
        .collect()
});

/// A syllable without the differences that many do not hear.
fn loosely(syllable: &str) -> String {
    let (head, rest) = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => (&syllable[..1], &syllable[2..]),
        [b'n', ..] => ("l", &syllable[1..]),
        _ => ("", syllable),
    };
    format!("{head}{}", rest.strip_suffix('g').unwrap_or(rest))
}

/// A Chinese word in Latin letters, without tones and blanks.
pub(super) fn pronounced(word: &str) -> String {
    word.chars().filter_map(|c| c.to_pinyin()).map(|reading| reading.plain()).collect::<String>().replace('ü', "v")
}

/// The syllable of a character, 0 if it has none.
pub(super) fn syllable(c: char) -> u16 {
    syllables(c).0
}

fn syllables(c: char) -> (u16, u16) {
    (c as u32).checked_sub(FIRST).and_then(|at| SYLLABLES.get(at as usize)).copied().unwrap_or((0, 0))
}

/// How near two characters are.
pub(super) fn likeness(written: char, meant: char) -> Likeness {
    if written == meant {
        return Likeness::Same;
    }
    let (one, other) = (syllables(written), syllables(meant));
    if one.0 != 0 && one.0 == other.0 {
        Likeness::Sound
    } else if one.1 != 0 && one.1 == other.1 || looks_alike(written, meant) {
        Likeness::Near
    } else {
        Likeness::Other
    }
}

/// Characters that the eye or a handwriting keyboard takes for one another; sets are parted by blanks.
const LOOKS: &str = "\
未末朱 己已巳 土士 大太犬 天夫 人入八 日曰目 干千于 王玉主 木本术 石右 午牛 刀力刃 问间闻 壮状 析折拆 候侯 拨拔 治冶 晴睛 园圆团 \
厂广 苑宛 坑抗 困围国 塘糖搪 宏宠 科料 技枝 街衔 道遣 场汤 巾市 社杜 村材 门们 阳阴 贸贷 泰秦 春舂 环坏 城诚域 湖糊 溪奚 滨宾 \
岛鸟 岭领 峰锋蜂 松柏 翠粹 莲连 樟障 榕溶 龙尤 凤风 悦锐说 福副幅 禄绿 康庸 宁宇 安宴 乐东 丰半 贵责 荣荤 昌冒 盛威 隆降 兴光 \
旺汪 顺须 发友 源原 铁钦 铜钢 锦棉绵 绣锈 丽两 美姜 佳住 家冢 学字 校胶 院完 站占 汽气 派脉 邮油 洒酒 馆管 使便 民氏 政攻 建健 \
设没 震振 复夏 永水 物牧 流硫 运远 职织 台合 休体 育盲 阅阔";

static LOOKS_ALIKE: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut alike: HashMap<char, Vec<char>> = HashMap::new();
    for set in LOOKS.split_whitespace() {
        for one in set.chars() {
            alike.entry(one).or_default().extend(set.chars().filter(|other| *other != one));
        }
    }
    alike
});

fn looks_alike(one: char, other: char) -> bool {
    LOOKS_ALIKE.get(&one).is_some_and(|alike| alike.contains(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_compared_by_ear_and_eye() {
        for (written, meant, want) in [
            ('路', '路', Likeness::Same),
            ('陆', '路', Likeness::Sound),
            ('胡', '湖', Likeness::Sound),
            ('有', '又', Likeness::Sound),
            ('名', '民', Likeness::Near),
            ('诗', '思', Likeness::Near),
            ('南', '蓝', Likeness::Near),
            ('洒', '酒', Likeness::Near),
            ('水', '湖', Likeness::Other),
            ('a', '路', Likeness::Other),
        ] {
            assert_eq!(likeness(written, meant), want, "{written} for {meant}");
        }
    }
}
