//! Whether the platform's "wait" is meant for a chat or for the whole bot. Pure.
//!
//! The platform answers 429 in the same words when a chat has had too much and when the bot has sent too much
//! altogether. It means the bot when several chats that had little are refused within a moment, and nothing that left
//! after the first refusal goes through: then all stop until the longest wait is over. Called by `schedule`.

use crate::domain::id::{ChatId, Millis};

/// How close together the refusals are.
const MOMENT_MS: i64 = 2000;
/// How many chats are refused.
const CHATS: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Refusal {
    chat: ChatId,
    at: Millis,
    until: Millis,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Flood {
    refused: Vec<Refusal>,
    until: Millis,
}

impl Flood {
    /// Until when nothing may leave.
    pub fn until(&self) -> Millis {
        self.until
    }

    /// A chat that had little was refused at `at` and asks to be left alone until then.
    pub fn refused(&mut self, chat: ChatId, until: Millis, at: Millis) {
        self.refused.retain(|it| at.since(it.at) <= MOMENT_MS && it.chat != chat);
        self.refused.push(Refusal { chat, at, until });
        if self.refused.len() >= CHATS {
            let longest = self.refused.iter().map(|it| it.until).max().unwrap_or(until);
            if longest > self.until {
                tracing::warn!(
                    chats = self.refused.len(),
                    wait_ms = longest.since(at),
                    "the platform refuses chat after chat: nothing is sent until it allows it again"
                );
            }
            self.until = self.until.max(longest);
        }
    }

    /// A message that left at `left` was taken: who was refused before that was meant alone.
    pub fn passed(&mut self, left: Millis) {
        self.refused.retain(|it| it.at >= left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood(refusals: &[(i64, i64, i64)]) -> i64 {
        let mut flood = Flood::default();
        for (chat, at, until) in refusals {
            flood.refused(ChatId(*chat), Millis(*until), Millis(*at));
        }
        flood.until().0
    }

    #[test]
    fn several_chats_within_a_moment_mean_the_bot() {
        assert_eq!(flood(&[(1, 0, 5000), (2, 10, 9000), (3, 20, 6000)]), 9000, "the longest");
        assert_eq!(flood(&[(1, 0, 5000), (2, 10, 9000)]), 0, "two may be a coincidence");
        assert_eq!(flood(&[(1, 0, 5000), (1, 10, 9000), (1, 20, 6000)]), 0, "one chat is one chat");
        assert_eq!(flood(&[(1, 0, 5000), (2, 2100, 9000), (3, 4200, 8000)]), 0, "not within a moment");
        assert_eq!(flood(&[(1, 0, 5000), (2, 10, 5000), (3, 20, 5000), (4, 30, 8000)]), 8000, "who comes late counts");
    }

    #[test]
    fn what_goes_through_meanwhile_shows_that_each_was_meant_alone() {
        let mut flood = Flood::default();
        flood.refused(ChatId(1), Millis(5000), Millis(100));
        flood.refused(ChatId(2), Millis(5000), Millis(110));
        // It left before anybody was refused: it proves nothing.
        flood.passed(Millis(50));
        flood.refused(ChatId(3), Millis(5000), Millis(120));
        assert_eq!(flood.until(), Millis(5000));
        let mut flood = Flood::default();
        flood.refused(ChatId(1), Millis(5000), Millis(100));
        flood.refused(ChatId(2), Millis(5000), Millis(110));
        flood.passed(Millis(111));
        flood.refused(ChatId(3), Millis(5000), Millis(120));
        assert_eq!(flood.until(), Millis(0));
    }
}
