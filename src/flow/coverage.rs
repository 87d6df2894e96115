//! The coverage report: hours and posts with nobody on duty, for the desk, the office, police, and on the command line.
//!
//! What a hole is, the domain says; here stand who answers for what, and the words. Called by `command` and `duty`.

use super::decision::{Decision, Given};
use super::town::Town;
use crate::domain::duty::Span;
use crate::domain::duty::coverage::{Report, Slot, length, report};
use crate::domain::group::GroupKind;
use crate::domain::id::{Millis, UserId};
use crate::domain::member::Role;
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, escape, when};
use crate::port::chat::Message;
use crate::port::store::{Content, Lane};

/// The days that are looked at unless another number is asked for.
pub const DAYS: i64 = 7;
/// The most days that may be asked for.
pub const MOST_DAYS: i64 = 60;
/// Roles that are called wherever something happens.
const ROLES: [(Role, &str, &str); 3] = [
    (Role::Patrol, "team-patrol", "patrol"),
    (Role::Response, "team-response", "response"),
    (Role::DutyOfficer, "team-duty-officer", "duty_officer"),
];
/// The most characters of a report in a chat; the platform takes 4096.
const MOST_CHARS: usize = 3_500;
/// The most spans of one post in a chat.
const MOST_SPANS: usize = 8;

/// What has to be manned, with the people who answer for it: points by their codes, then roles.
pub fn slots(town: &Town) -> Vec<(Slot, Vec<UserId>)> {
    let point = |p: &crate::domain::alarm::Point| {
        (Slot::Point { code: p.code.clone(), name: p.name.clone() }, p.contacts.clone())
    };
    let mut slots: Vec<_> = town.points().map(point).collect();
    slots.sort_by(|(a, _), (b, _)| a.point().cmp(&b.point()));
    slots.extend(ROLES.map(|(role, ..)| (Slot::Role(role), town.holders(role))));
    slots
}

/// A post or role for people: `P014 东门`.
pub fn slot_words(speaker: &Speaker<'_>, slot: &Slot) -> String {
    match slot {
        Slot::Point { code, name } => format!("{code} {name}").trim_end().to_owned(),
        Slot::Role(role) => {
            let key = ROLES.iter().find(|(known, ..)| known == role).map_or("team-patrol", |(_, key, _)| key);
            speaker.say(key, &[])
        }
    }
}

/// A post or role for machines: a point's code, or the role's name.
pub fn slot_code(slot: &Slot) -> &str {
    match slot {
        Slot::Point { code, .. } => code,
        Slot::Role(role) => ROLES.iter().find(|(known, ..)| known == role).map_or("", |(.., name)| name),
    }
}

/// Looks at the next `days` days.
pub fn look(town: &Town, now: Millis, days: i64) -> (Span, Report) {
    let within = (now, now.plus_ms(days * 86_400_000));
    (within, report(town.duty(), &slots(town), within))
}

/// `/coverage`
pub fn show(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let town = given.town;
    let officer = message.from.user.is_some_and(|user| town.holds(user, Role::Police));
    let here = matches!(town.kind(message.chat), Some(GroupKind::Desk | GroupKind::Office));
    let days = if words.is_empty() { Some(DAYS) } else { words.parse().ok().filter(|d| (1..=MOST_DAYS).contains(d)) };
    let html = match days {
        _ if !(here || message.private && officer) => speaker.say("coverage-not-here", &[]),
        None => speaker.say("coverage-usage", &[]),
        Some(days) => {
            let (within, report) = look(town, given.now, days);
            tell(town, &speaker, within, &report, true)
        }
    };
    let mut decision = Decision::nothing();
    let post = decision.post(message.chat, format!("reply:{}", message.id), Lane::Reply, html);
    post.thread = message.thread;
    if let (Content::Text { reply_to, .. }, false) = (&mut post.content, message.private) {
        *reply_to = Some(message.id);
    }
    decision
}

/// A report in words: as HTML that fits into a message, or whole and plain.
pub fn tell(town: &Town, speaker: &Speaker<'_>, within: Span, report: &Report, chat: bool) -> String {
    let words = |text: String| Arg::Html(if chat { escape(&text).into_owned() } else { text });
    let span = |span: &Span| words(when::span(span.0, span.1, speaker.now, speaker.zone));
    let mut parts = Vec::new();
    for (slot, holes) in &report.holes {
        #[expect(clippy::cast_precision_loss, reason = "hours of some weeks")]
        let hours = format!("{:.1}", length(holes) as f64 / 3_600_000.0);
        let hours = hours.trim_end_matches(".0").to_owned();
        let mut part =
            speaker.say("coverage-post", &[("post", words(slot_words(speaker, slot))), ("hours", hours.into())]);
        let most = if chat { MOST_SPANS } else { usize::MAX };
        for hole in holes.iter().take(most) {
            part.push('\n');
            part.push_str(&speaker.say("coverage-span", &[("span", span(hole))]));
        }
        if let Some(more) = holes.len().checked_sub(most).filter(|more| *more > 0) {
            part.push('\n');
            let more = i64::try_from(more).unwrap_or(i64::MAX);
            part.push_str(&speaker.say("coverage-more-spans", &[("count", more.into())]));
        }
        parts.push(part);
    }
    if !report.nobody.is_empty() {
        let posts: Vec<String> = report.nobody.iter().map(|slot| slot_words(speaker, slot)).collect();
        parts.push(list(speaker, "coverage-nobody", "posts", &posts, chat, &words));
    }
    if !report.strangers.is_empty() {
        let name = |user: UserId| town.staff(user).map_or_else(|| user.to_string(), |member| member.name.clone());
        let people: Vec<String> =
            report.strangers.iter().map(|(post, user)| format!("{post} {}", name(*user))).collect();
        parts.push(list(speaker, "coverage-strangers", "people", &people, chat, &words));
    }
    let covered = i64::try_from(report.covered).unwrap_or(i64::MAX);
    let mut out = speaker.say("coverage-title", &[("span", span(&within))]);
    out.push('\n');
    out.push_str(&speaker.say("coverage-all", &[("count", covered.into())]));
    for part in parts {
        if chat && out.chars().count() + part.chars().count() > MOST_CHARS {
            out.push_str("\n\n");
            out.push_str(&speaker.say("coverage-cut", &[]));
            break;
        }
        out.push_str("\n\n");
        out.push_str(&part);
    }
    if chat { out } else { out.replace("<b>", "").replace("</b>", "") }
}

/// A list in one line; in a chat only its beginning if it is long.
fn list(
    speaker: &Speaker<'_>,
    key: &str,
    name: &'static str,
    items: &[String],
    chat: bool,
    words: &dyn Fn(String) -> Arg<'static>,
) -> String {
    let most = if chat { 30 } else { usize::MAX };
    let mut text = items.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    if items.len() > most {
        text.push_str(&format!(", … ({})", items.len()));
    }
    speaker.say(key, &[(name, words(text))])
}
