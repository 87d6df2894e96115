//! How busy a chat is: messages put there within the last minute. Kept in memory; a restart begins calm.

use crate::domain::id::{ChatId, Millis};
use std::collections::{HashMap, VecDeque};

const MINUTE_MS: i64 = 60_000;

/// Counts events of each chat over a sliding minute.
#[derive(Debug, Default)]
pub struct Pace {
    seen: HashMap<ChatId, VecDeque<Millis>>,
}

impl Pace {
    /// Notes one event, and tells whether there were `threshold` or more within the minute before it.
    /// A threshold of 0 never makes a chat busy.
    pub fn note(&mut self, chat: ChatId, now: Millis, threshold: i64) -> bool {
        let Ok(threshold) = usize::try_from(threshold) else { return false };
        if threshold == 0 {
            return false;
        }
        let times = self.seen.entry(chat).or_default();
        while times.front().is_some_and(|t| now.since(*t) >= MINUTE_MS) {
            times.pop_front();
        }
        let busy = times.len() >= threshold;
        times.push_back(now);
        if times.len() > threshold {
            times.pop_front();
        }
        busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_busy_from_the_threshold_on_and_calm_a_minute_later() {
        let mut pace = Pace::default();
        let chat = ChatId(-1);
        let busy: Vec<bool> = (0..5).map(|s| pace.note(chat, Millis(s * 1000), 3)).collect();
        assert_eq!(busy, [false, false, false, true, true]);
        assert!(!pace.note(ChatId(-2), Millis(5000), 3), "another chat");
        assert!(pace.note(chat, Millis(61_000), 3), "three within the last minute: at 2, 3 and 4 s");
        assert!(!pace.note(chat, Millis(125_000), 3));
        assert!(!(0..9).any(|s| pace.note(ChatId(-3), Millis(s), 0)));
    }
}
