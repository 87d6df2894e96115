//! The rewards themselves: what is offered, at which price, how many there are. Kept by the office in its chat.
//!
//! Called by the engine.

use super::command::{answer, reply};
use super::decision::{Decision, Given};
use crate::domain::group::GroupKind;
use crate::domain::lead::MediaKind;
use crate::domain::member::Role;
use crate::domain::redemption::{LONGEST_NAME, MOST, Reward};
use crate::domain::text::card::Speaker;
use crate::port::chat::{Message, Part};

/// So many fit into a message.
const LISTED: usize = 40;

/// What `/reward` was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Show the list.
    List,
    /// Only a picture comes with it.
    Picture,
    /// So many more, or fewer, on the shelf.
    Stock(i64),
    /// Off the list, or on it again.
    Offered(bool),
    /// Price, stock and names.
    Put {
        /// Points.
        price: i64,
        /// How many there are.
        stock: i64,
        /// In Chinese.
        zh: String,
        /// In English; empty: not told.
        en: String,
    },
}

/// Reads the words behind `/reward`: the code and what is to be done.
pub fn parse(words: &str) -> Option<(&str, Order)> {
    let words = words.trim();
    if words.is_empty() {
        return Some(("", Order::List));
    }
    let (code, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let rest = rest.trim();
    if !Reward::is_code(code) {
        return None;
    }
    let order = match rest {
        "" => Order::Picture,
        "off" | "下架" => Order::Offered(false),
        "on" | "上架" => Order::Offered(true),
        _ if rest.starts_with(['+', '-']) => {
            Order::Stock(rest.parse().ok().filter(|by: &i64| *by != 0 && by.abs() <= MOST)?)
        }
        _ => {
            let (price, rest) = rest.split_once(char::is_whitespace)?;
            let (stock, names) = rest.trim().split_once(char::is_whitespace)?;
            let (zh, en) = names.split_once(['|', '｜']).unwrap_or((names, ""));
            let price = price.parse().ok().filter(|price| (1..=MOST).contains(price))?;
            let stock = stock.parse().ok().filter(|stock| (0..=MOST).contains(stock))?;
            let (zh, en) = (zh.trim().to_owned(), en.trim().to_owned());
            if zh.is_empty() && en.is_empty() || [&zh, &en].iter().any(|name| name.chars().count() > LONGEST_NAME) {
                return None;
            }
            Order::Put { price, stock, zh, en }
        }
    };
    Some((code, order))
}

/// `/reward`: by somebody with the payout right, in the office's chat or in private.
pub fn reward(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let at_office = message.private || given.town.kind(message.chat) == Some(GroupKind::Office);
    if !at_office || !message.from.user.is_some_and(|user| given.town.holds(user, Role::Payout)) {
        return answer(given, message, "reward-not-here");
    }
    let Some((code, order)) = parse(words) else { return answer(given, message, "reward-usage") };
    let known = given.facts.rewards.iter().find(|reward| reward.code == code);
    let picture = message.parts.iter().find_map(|part| match part {
        Part::Media { kind: MediaKind::Photo, file_id, .. } => Some(file_id.clone()),
        _ => None,
    });
    let mut decision = Decision::nothing();
    let mut changed = match (order, known) {
        (Order::List, _) => {
            list(&mut decision, given, message);
            return decision;
        }
        (Order::Put { price, stock, zh, en }, known) => Reward {
            code: code.to_owned(),
            zh,
            en,
            price,
            stock,
            offered: true,
            picture: known.and_then(|reward| reward.picture.clone()),
        },
        (_, None) => return answer(given, message, "reward-unknown"),
        (Order::Picture, Some(_)) if picture.is_none() => return answer(given, message, "reward-usage"),
        (Order::Picture, Some(reward)) => reward.clone(),
        (Order::Stock(by), Some(reward)) if reward.stock + by < 0 => return answer(given, message, "reward-too-few"),
        (Order::Stock(by), Some(reward)) => Reward { stock: reward.stock + by, ..reward.clone() },
        (Order::Offered(offered), Some(reward)) => Reward { offered, ..reward.clone() },
    };
    changed.picture = picture.or(changed.picture);
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    reply(&mut decision, message, line(&speaker, &changed));
    decision.changes.rewards.push(changed);
    decision
}

fn list(decision: &mut Decision, given: &Given<'_>, message: &Message) {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut html = speaker.say("reward-list", &[]);
    for reward in given.facts.rewards.iter().take(LISTED) {
        html.push('\n');
        html.push_str(&line(&speaker, reward));
    }
    if given.facts.rewards.len() > LISTED {
        html.push_str("\n…");
    }
    html.push_str("\n\n");
    html.push_str(&speaker.say("reward-usage", &[]));
    reply(decision, message, html);
}

fn line(speaker: &Speaker<'_>, reward: &Reward) -> String {
    let mut html = speaker.say(
        if reward.offered { "reward-line" } else { "reward-line-off" },
        &[
            ("code", reward.code.as_str().into()),
            ("name", reward.name(speaker.language).into()),
            ("price", reward.price.into()),
            ("stock", reward.stock.into()),
        ],
    );
    if reward.picture.is_some() {
        html.push_str(&speaker.say("reward-picture", &[]));
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        let put = |price, stock, zh: &str, en: &str| Order::Put { price, stock, zh: zh.into(), en: en.into() };
        assert_eq!(parse("R01 40 20 雨伞 | Umbrella"), Some(("R01", put(40, 20, "雨伞", "Umbrella"))));
        assert_eq!(parse(" R01  40  20  洗衣液 2 升 "), Some(("R01", put(40, 20, "洗衣液 2 升", ""))));
        assert_eq!(parse("R01 +5"), Some(("R01", Order::Stock(5))));
        assert_eq!(parse("R01 -5"), Some(("R01", Order::Stock(-5))));
        assert_eq!(parse("R01 下架"), Some(("R01", Order::Offered(false))));
        assert_eq!(parse("R01 on"), Some(("R01", Order::Offered(true))));
        assert_eq!(parse("R01"), Some(("R01", Order::Picture)));
        assert_eq!(parse(""), Some(("", Order::List)));
        for words in
            ["R:1 40 20 x", "R01 40", "R01 0 20 x", "R01 40 -1 x", "R01 40 20", "R01 +0", "R01 x 20 y", "R01 40 20 |"]
        {
            assert_eq!(parse(words), None, "{words}");
        }
    }
}
