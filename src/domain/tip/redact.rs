//! Takes out what must not be relayed: ID cards, phones, bank cards, chat accounts, e-mail, licence plates.
//!
//! Works on the folded text, so that spacing, full-width digits and Chinese numerals hide nothing.

use super::fold::Folded;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands in place of what was taken out.
pub const TAKEN_OUT: &str = "***";

static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:微信号?|薇信|威信|v信|vx|wx|wechat|weixin|qq号?|扣扣|企鹅号?|whatsapp|telegram|tg|line|skype|支付宝号?|alipay|抖音号?|快手号?|加v|加薇|加微|徽信)(?:\s|号码|号|id|账号|是|为|[:=\-,])*(?P<id>[a-z0-9_\-]{5,24}|@[a-z0-9_]{4,32})",
    )
    .expect("the pattern is checked by tests")
});

static MAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[a-z0-9][a-z0-9._%+\-]{0,63}\s?@\s?[a-z0-9][a-z0-9\-]{0,62}(?:\.[a-z0-9\-]{2,24}){1,3}")
        .expect("the pattern is checked by tests")
});

static PLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[a-z]\s?[·.\-•]?\s?(?P<n>[a-z0-9](?:\s?[a-z0-9]){3,5}[挂学警港澳]?)",
    )
    .expect("the pattern is checked by tests")
});

/// What may be relayed though it tells of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relayed {
    /// Licence plates.
    pub plates: bool,
}

/// A text as somebody may see it who is not police.
pub fn redact_text(text: &str, relayed: Relayed) -> String {
    redact(&Folded::new(text), &[], relayed)
}

/// The text as a liaison point may see it, without the stretches `cut` of the folded text and with what is private
/// taken out.
pub fn redact(folded: &Folded<'_>, cut: &[Range<usize>], relayed: Relayed) -> String {
    let mut taken: Vec<(Range<usize>, bool)> = cut.iter().map(|span| (folded.span(span), false)).collect();
    taken.extend(private_spans(&folded.text, relayed).iter().map(|span| (folded.span(span), true)));
    taken.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(folded.original.len());
    let mut from = 0;
    for (span, private) in taken {
        if span.end <= from {
            continue;
        }
        out.push_str(&folded.original[from..span.start.max(from)]);
        if private && !out.ends_with(TAKEN_OUT) {
            out.push_str(TAKEN_OUT);
        }
        from = span.end;
    }
    out.push_str(&folded.original[from..]);
    out
}

/// Where a folded text holds what must not be relayed.
fn private_spans(text: &str, relayed: Relayed) -> Vec<Range<usize>> {
    let (mut digits, mut latin, mut at) = (0, 0, false);
    for c in text.chars() {
        digits += usize::from(digit(c).is_some());
        latin += usize::from(c.is_ascii_alphanumeric());
        at |= c == '@';
    }
    // Most messages hold none: what cannot be there is not looked for.
    let mut spans = if digits >= SHORTEST_NUMBER { numbers(text) } else { Vec::new() };
    if at {
        spans.extend(MAIL.find_iter(text).map(|found| found.range()));
    }
    if latin < SHORTEST_NAME {
        return spans;
    }
    spans.extend(ACCOUNT.captures_iter(text).filter_map(|found| {
        let id = found.name("id")?;
        let digits = id.as_str().bytes().filter(u8::is_ascii_digit).count();
        let start = found.get(0)?.start();
        let glued = text[..start].ends_with(|c: char| c.is_ascii_alphanumeric())
            && text[start..].starts_with(|c: char| c.is_ascii_alphabetic());
        let bare = ["line", "telegram", "tg"].iter().any(|word| found[0].starts_with(word));
        (!glued && (digits > 0 || !bare)).then(|| id.range())
    }));
    if relayed.plates {
        return spans;
    }
    spans.extend(PLATE.captures_iter(text).filter_map(|found| {
        let number = found.name("n")?.as_str();
        let whole = found.get(0)?.range();
        let enough = number.chars().filter(|c| c.is_ascii_digit()).count() >= 2;
        (enough && !text[whole.end..].starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(whole)
    }));
    spans
}

/// The shortest number that belongs to a person, in digits.
const SHORTEST_NUMBER: usize = 7;
/// The shortest plate or account, in letters and digits.
const SHORTEST_NAME: usize = 5;

/// The digits of a text in runs.
#[derive(Default)]
struct Digits {
    /// All of them, as ASCII.
    all: String,
    runs: Vec<Run>,
}

/// One run of digits.
struct Run {
    /// Where in the text.
    span: Range<usize>,
    /// Where in all digits.
    digits: Range<usize>,
    /// Joined to the next run by a separator.
    joined: bool,
    /// That separator is a point.
    point: bool,
}

/// Numbers that belong to a person: looked for in every stretch of neighbouring runs of digits.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let Digits { all, runs } = Digits::find(text);
    let mut spans = Vec::new();
    let mut first = 0;
    while first < runs.len() {
        let mut found = None;
        let mut points = 0;
        let mut said = None;
        for last in first..runs.len() {
            let digits = &all[runs[first].digits.start..runs[last].digits.end];
            if digits.len() > 24 {
                break;
            }
            let span = runs[first].span.start..runs[last].span.end;
            let next = last + 1 < runs.len() && runs[last].joined;
            if (SHORTEST_NUMBER..=19).contains(&digits.len()) && (points == 0 || points > 1) {
                let said = *said.get_or_insert_with(|| Said::before(text, span.start));
                if is_private(text, &span, digits, last > first, said) {
                    found = Some((last, span));
                }
            }
            if !next {
                break;
            }
            points += usize::from(runs[last].point);
        }
        match found {
            Some((last, span)) => {
                spans.push(span);
                first = last + 1;
            }
            None => first += 1,
        }
    }
    spans
}

fn digit(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => c,
        '零' | '〇' => '0',
        '一' | '幺' | '壹' => '1',
        '二' | '贰' | '两' => '2',
        '三' | '叁' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        _ => return None,
    })
}

impl Digits {
    fn find(text: &str) -> Self {
        let mut found = Self::default();
        let mut open = false;
        for (at, c) in text.char_indices() {
            // The check letter of an ID card closes a run.
            let Some(known) = digit(c).or((c == 'x' && open).then_some('x')) else {
                open = false;
                let separates = matches!(c, ' ' | '-' | '.' | '·' | '_' | ',' | '(' | ')' | '/' | '*' | '—');
                if let Some(run) = found.runs.last_mut() {
                    let gap = at - run.span.end;
                    if gap == 0 {
                        run.joined = separates;
                        run.point = matches!(c, '.' | ',' | '/');
                    } else {
                        run.joined &= separates && gap < 3;
                    }
                }
                continue;
            };
            let end = at + c.len_utf8();
            match found.runs.last_mut().filter(|_| open) {
                Some(run) => (run.span.end, run.digits.end) = (end, run.digits.end + 1),
                None => {
                    let digits = found.all.len()..found.all.len() + 1;
                    found.runs.push(Run { span: at..end, digits, joined: false, point: false });
                }
            }
            found.all.push(known);
            open = known != 'x';
        }
        found
    }
}

/// What the words just before a number call it.
#[derive(Debug, Clone, Copy)]
struct Said {
    identity: bool,
    card: bool,
    phone: bool,
}

impl Said {
    fn before(text: &str, at: usize) -> Self {
        let from = text[..at].char_indices().rev().take(12).last().map_or(at, |(from, _)| from);
        let before = &text[from..at];
        if !before.contains(char::is_alphabetic) {
            return Self { identity: false, card: false, phone: false };
        }
        let says = |words: &[&str]| words.iter().any(|word| before.contains(word));
        Self {
            identity: says(&["身份证", "证件", "id card", "id no", "id number", "idcard"]),
            card: says(&["卡", "账号", "帐号", "账户", "card", "account", "转到", "转账"]),
            phone: says(&[
                "电话", "手机", "号码", "联系", "致电", "座机", "tel", "phone", "call", "whatsapp", "mobile",
                "contact", "打", "短信", "qq", "微信", "扣扣",
            ]),
        }
    }
}

/// Whether so many digits, where they stand, are somebody's own number.
fn is_private(text: &str, span: &Range<usize>, digits: &str, split: bool, said: Said) -> bool {
    let bytes = digits.as_bytes();
    let plain = !digits.contains('x');
    let len = digits.len();
    if len == 18 {
        let dated = matches!(&digits[6..8], "19" | "20") && digits[10..12] <= *"12";
        if (is_id(bytes) && dated) || said.identity {
            return true;
        }
    }
    if len == 15 && said.identity {
        return true;
    }
    if !plain {
        return false;
    }
    let mobile = |digits: &[u8]| digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1]);
    if mobile(bytes)
        || len == 13 && digits.starts_with("86") && mobile(&bytes[2..])
        || len == 15 && digits.starts_with("0086") && mobile(&bytes[4..])
    {
        return true;
    }
    if len == 11 && digits.starts_with("852") && matches!(bytes[3], b'5' | b'6' | b'7' | b'9')
        || len == 11 && digits.starts_with("853")
    {
        return true;
    }
    let landline = digits.starts_with('0') && (10..=12).contains(&len) && bytes[1] != b'0';
    if landline && (split || said.phone) || len == 10 && digits.starts_with("400") && split {
        return true;
    }
    if (13..=19).contains(&len) && (said.card || is_luhn(bytes) && len >= 15) {
        return true;
    }
    if (16..=19).contains(&len) && !split {
        return true;
    }
    let whole = !text[span.end..].starts_with(|c: char| c.is_ascii_digit());
    said.phone && whole && (7..=12).contains(&len) && !text[..span.start].ends_with(['$', '¥'])
}

/// Whether an ID-card number stands in the text: 18 digits, the last may be X, with a date of birth inside. Rosters and
/// registers keep none.
pub fn holds_id_card(text: &str) -> bool {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).map(plain).collect::<String>().to_lowercase();
    text.split(|c: char| !c.is_ascii_digit() && c != 'x').any(|run| {
        let dated = || matches!(&run[6..8], "19" | "20") && run[10..12] <= *"12" && run[12..14] <= *"31";
        run.len() == 18 && !run[..17].contains('x') && dated()
    })
}

/// The check digit of an 18-digit ID card (GB 11643: weights of 2 to the power, modulo 11).
fn is_id(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if digits[..17].contains(&b'x') {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10x98765432"[(sum % 11) as usize] == digits[17]
}

/// The check digit of a bank card (ISO/IEC 7812, Luhn).
fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') << (at % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redact(text: &str) -> String {
        super::redact(&Folded::new(text), &[], Relayed::default())
    }

    #[test]
    fn plates_stay_where_the_config_says_so() {
        let folded = Folded::new("#线索 车牌粤S·12345 电话13800138000");
        let tag = 0..7;
        let cut = std::slice::from_ref(&tag);
        assert_eq!(super::redact(&folded, cut, Relayed { plates: true }), " 车牌粤S·12345 电话***");
        assert_eq!(super::redact(&folded, cut, Relayed::default()), " 车牌*** 电话***");
    }

    #[test]
    fn taken_out() {
        for (text, hidden) in [
            ("他号码是1 3 8-0000-0000 卡号6217000000000000004", "他号码是*** 卡号***"),
            ("身份证11010519491231002X", "身份证***"),
            ("电话一三八零零零零零零零零", "电话***"),
            ("＋８６ 138 0013 8000 找他", "＋*** 找他"),
            ("加微信 abc_12345 领", "加微信 *** 领"),
            ("QQ：10086123", "QQ：***"),
            ("车牌粤S·12345跑了", "车牌***跑了"),
            ("mail bob.lee@example.com now", "mail *** now"),
            ("卡4111 1111 1111 1111", "卡***"),
        ] {
            assert_eq!(redact(text), hidden);
        }
    }

    #[test]
    fn kept() {
        for text in [
            "三栋502 昨晚8点半",
            "22.8461,114.1441",
            "2026-11-19 20:30",
            "V8包厢 P014",
            "车尾号000",
            "打110",
            "共享屏幕",
            "抢走1300元",
            "12路车",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_mobile_gets_through(before in "[a-z\u{4e00}-\u{4e20} ]{0,6}", rest in "[0-9]{9}", gap in "[ -]?") {
            let number = format!("13{}{gap}{}", &rest[..4], &rest[4..]);
            let out = redact(&format!("{before}人{number}。"));
            prop_assert!(!out.contains(&rest[4..]), "{}", out);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            redact(&text);
        }
    }
}
