//! Whether it is going on now and somebody may come to harm.

use super::lexicon::{Cue, Hit, Sense};
use std::ops::Range;

/// Whether a folded text in which the words `hits` stand is urgent, told its category and whether it says that it
/// happened a while ago.
pub fn is_urgent(text: &str, hits: &[Hit], category: Option<&str>, is_past: bool) -> bool {
    let (mut danger, mut now, mut over, mut usual) = (false, false, false, false);
    for (cue, span) in longest(hits) {
        match cue {
            Cue::Danger => danger |= !is_denied(text, span.start),
            Cue::Ongoing => now = true,
            Cue::Over => over = true,
            Cue::Usual => usual = true,
            _ => {}
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

/// Of the words of urgency the leftmost and longest: 没人受伤 holds 受伤, and says the opposite.
fn longest(hits: &[Hit]) -> Vec<(Cue, Range<usize>)> {
    let mut cues: Vec<(Cue, Range<usize>)> = hits
        .iter()
        .filter_map(|hit| match hit.sense {
            Sense::Cue(cue @ (Cue::Danger | Cue::Ongoing | Cue::Over | Cue::Usual)) => Some((cue, hit.span.clone())),
            _ => None,
        })
        .collect();
    cues.sort_by_key(|(_, span)| (span.start, std::cmp::Reverse(span.end)));
    let mut end = 0;
    cues.retain(|(_, span)| {
        let kept = span.start >= end;
        end = if kept { span.end } else { end };
        kept
    });
    cues
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
        let lexicon = crate::config::Config::default().lexicon();
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
            assert_eq!(is_urgent(text, &lexicon.find(text, &[]), Some(category), past), urgent, "{text}");
        }
    }
}
