//! What people see of their points, how they compare if they want to, and corrections by hand.
//!
//! Nothing of it stands in a group: what somebody earned is nobody else's business. Called by the engine.

use super::command::{answer, reply};
use super::decision::{Decision, Given, label, press};
use super::tap::Tap;
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, UserId};
use crate::domain::member::Role;
use crate::domain::points::{Account, Transfer, TransferKind};
use crate::domain::redemption::named;
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, when};
use crate::port::chat::{Button, Message, Press};
use crate::port::store::{Content, Lane, StatementLine};

/// So many stand in the leaderboard.
const LEADERS: usize = 10;
/// Nobody is corrected by more at once: a slip of the finger.
const LARGEST_CORRECTION: i64 = 1_000_000;
/// A reason is at most so long, characters: ten of them stand in one message.
const LONGEST_REASON: usize = 200;

/// Sends whoever asked in a group to the private chat, by a link that asks there.
pub fn in_private(given: &Given<'_>, message: &Message, payload: &str) -> Decision {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    reply(&mut decision, message, speaker.say("points-private", &[]));
    if let Some(Content::Text { keyboard, .. }) = decision.changes.posts.last_mut().map(|p| &mut p.content) {
        let url = format!("https://t.me/{}?start={payload}", given.town.bot);
        *keyboard = vec![vec![Button::Link { label: label(&speaker, "button-go-private"), url }]];
    }
    decision
}

/// `/points`
pub fn show(given: &Given<'_>, message: &Message) -> Decision {
    let Some(user) = message.from.user else { return answer(given, message, "not-anonymous") };
    if !message.private {
        return in_private(given, message, "points");
    }
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    reply(&mut decision, message, statement(given, &speaker, user));
    decision
}

fn statement(given: &Given<'_>, speaker: &Speaker<'_>, user: UserId) -> String {
    let statement = &given.facts.statement;
    let mut html = speaker.say("points", &[("balance", statement.balance.into()), ("held", statement.held.into())]);
    if statement.reserved > 0 {
        html.push_str(&speaker.say("points-reserved", &[("reserved", statement.reserved.into())]));
    }
    html.push('\n');
    html.push_str(&speaker.say("points-month", &[("month", statement.month.into())]));
    if let Some((place, of)) = place(given, user) {
        html.push_str(&speaker.say("points-place", &[("place", place.into()), ("of", of.into())]));
    }
    for line in &statement.entries {
        html.push('\n');
        html.push_str(&speaker.say(
            "points-line",
            &[
                ("time", when::clock(line.at, given.now, speaker.zone).into()),
                ("amount", format!("{:+}", line.amount).into()),
                ("rule", Arg::Html(why(speaker, line))),
                ("lead", about(speaker, line).into()),
            ],
        ));
    }
    if let Some(member) = &given.facts.member {
        html.push('\n');
        html.push_str(&speaker.say("points-code", &[("code", member.code.as_str().into())]));
    }
    html
}

/// What an entry was for.
fn why(speaker: &Speaker<'_>, line: &StatementLine) -> String {
    let key = match (line.kind, line.rule.as_str()) {
        (TransferKind::Correction, _) => {
            let reason = line.reason.as_deref().unwrap_or_default();
            return speaker.say("entry-correction", &[("reason", reason.into())]);
        }
        (TransferKind::Reversal, _) => "entry-reversal",
        (TransferKind::Reserve | TransferKind::Release, _) => {
            let name = line.reward.as_ref().map_or("", |(zh, en)| named(zh, en, speaker.language));
            let key = if line.kind == TransferKind::Reserve { "entry-reserve" } else { "entry-release" };
            return speaker.say(key, &[("name", name.into())]);
        }
        (_, "tip_verified") => "rule-tip-verified",
        (_, "tip_duplicate") => "rule-tip-duplicate",
        (_, "on_scene") => "rule-on-scene",
        (_, "bonus_stopped") => "rule-bonus-stopped",
        (_, "bonus_solved") => "rule-bonus-solved",
        _ => "rule-other",
    };
    speaker.say(key, &[])
}

/// The lead, or the alarm, behind an entry.
fn about(speaker: &Speaker<'_>, line: &StatementLine) -> String {
    match (line.lead, line.alarm) {
        (_, Some(alarm)) => speaker.say("entry-alarm", &[("number", alarm.0.into())]),
        (Some(lead), None) => speaker.say("pin-title", &[("number", lead.0.into())]),
        (None, None) => String::new(),
    }
}

/// Where somebody who wants to be compared stands this month, and among how many: those who have as much share a place.
fn place(given: &Given<'_>, user: UserId) -> Option<(i64, i64)> {
    let ranking = &given.facts.ranking;
    let own = ranking.iter().find(|ranked| ranked.user == user)?;
    let before = ranking.iter().filter(|ranked| ranked.earned > own.earned).count();
    Some((before as i64 + 1, ranking.len() as i64))
}

/// `/rank`: this month's leaderboard, by codes, of those who want to stand in it.
pub fn leaderboard(given: &Given<'_>, message: &Message) -> Decision {
    let Some(user) = message.from.user else { return answer(given, message, "not-anonymous") };
    if !message.private {
        return in_private(given, message, "rank");
    }
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let ranking = &given.facts.ranking;
    let mut html = speaker.say("rank", &[("count", (ranking.len() as i64).into())]);
    for ranked in ranking.iter().take(LEADERS) {
        let (place, _) = place(given, ranked.user).expect("it stands in the ranking");
        let key = if ranked.user == user { "rank-own" } else { "rank-line" };
        html.push('\n');
        html.push_str(&speaker.say(
            key,
            &[("place", place.into()), ("code", ranked.code.as_str().into()), ("points", ranked.earned.into())],
        ));
    }
    let joined = ranking.iter().any(|ranked| ranked.user == user);
    let mut decision = Decision::nothing();
    reply(&mut decision, message, html);
    if let Some(Content::Text { keyboard, .. }) = decision.changes.posts.last_mut().map(|post| &mut post.content) {
        let key = if joined { "button-rank-leave" } else { "button-rank-join" };
        *keyboard = vec![vec![press(label(&speaker, key), &Tap::Rank(!joined))]];
    }
    decision
}

/// Somebody wants to be compared with others, or not any more.
pub fn rank(given: &Given<'_>, press: &Press, wants: bool) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(user) = press.from.user else {
        return Decision::answer(&press.id, speaker.say("not-anonymous", &[]));
    };
    let mut decision = Decision::answer(&press.id, speaker.say(if wants { "rank-joined" } else { "rank-left" }, &[]));
    decision.changes.ranked.push((user, wants));
    decision.changes.members.extend(given.member_of(&press.from, "").filter(|_| given.facts.member.is_none()));
    decision
}

/// What `/correct` was given: a person's code, points with their sign, and why.
pub fn parse_correction(words: &str) -> Option<(&str, i64, &str)> {
    let (code, rest) = words.trim().split_once(char::is_whitespace)?;
    let (amount, reason) = rest.trim().split_once(char::is_whitespace)?;
    // Full-width signs are signs, too.
    let digits = amount.trim_start_matches(['+', '-', '＋', '－', '−']);
    let (signs, size) = (amount.chars().count() - digits.chars().count(), digits.parse::<i64>().ok()?);
    let amount = if amount.starts_with(['-', '－', '−']) { -size } else { size };
    let reason = reason.trim();
    let sensible = signs <= 1
        && (1..=LARGEST_CORRECTION).contains(&size)
        && (1..=LONGEST_REASON).contains(&reason.chars().count());
    sensible.then_some((code, amount, reason))
}

/// `/correct CODE ±N reason`: by somebody with the payout right, in private or in the office's chat.
pub fn correct(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let at_office = message.private || given.town.kind(message.chat) == Some(GroupKind::Office);
    let Some(by) = message.from.user.filter(|user| at_office && given.town.holds(*user, Role::Payout)) else {
        return answer(given, message, "correct-not-here");
    };
    let Some((code, amount, reason)) = parse_correction(words) else {
        return answer(given, message, "correct-usage");
    };
    let Some(person) = &given.facts.member_by_code else { return answer(given, message, "correct-nobody") };
    if person.user == by {
        return answer(given, message, "correct-own");
    }
    let own = Account::Person(person.user);
    let (debit, credit) = if amount > 0 { (Account::Budget, own) } else { (own, Account::Budget) };
    let mut decision = Decision::nothing();
    decision.changes.transfers.push(Transfer {
        key: format!("correction:{}", given.event),
        kind: TransferKind::Correction,
        debit,
        credit,
        amount: amount.abs(),
        at: given.now,
        rule: "correction".into(),
        book: String::new(),
        lead: None,
        alarm: None,
        redemption: None,
        reason: Some(reason.to_owned()),
        reverses: None,
        by: Some(by),
    });
    let told = || format!("{amount:+}");
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let args = [("code", code.into()), ("amount", told().into()), ("reason", reason.into())];
    reply(&mut decision, message, speaker.say("corrected", &args));
    let speaker = given.town.speaker(given.town.person_language(Some(person), None), given.now);
    let html = speaker.say("correction-told", &[("amount", told().into()), ("reason", reason.into())]);
    decision.post(ChatId(person.user.0), format!("correction:{}", given.event), Lane::Reply, html);
    decision
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_names_who_how_much_and_why() {
        assert_eq!(parse_correction("M7K2 -10 paid twice"), Some(("M7K2", -10, "paid twice")));
        assert_eq!(parse_correction("M7K2  +5  补登 十一月"), Some(("M7K2", 5, "补登 十一月")));
        assert_eq!(parse_correction("M7K2 －5 多记"), Some(("M7K2", -5, "多记")));
        let long = format!("M7K2 5 {}", "x".repeat(201));
        for words in [
            long.as_str(),
            "M7K2 5+5 x",
            "M7K2 --5 x",
            "M7K2 -9223372036854775808 x",
            "",
            "M7K2",
            "M7K2 5",
            "M7K2 0 why",
            "M7K2 five why",
            "M7K2 9000000 why",
            "M7K2 5  ",
        ] {
            assert_eq!(parse_correction(words), None, "{words}");
        }
    }
}
