//! The updates that wait for the bot, and which of them it confirmed: offsets as strict as the real server's.
//!
//! Pure: knows neither HTTP nor time. Called by `getUpdates`, the webhook and everything that people do.

use axum::body::Bytes;
use std::collections::VecDeque;

/// How far behind an offset may lie before the server takes it for nonsense.
const FAR_PAST: i64 = 100_000;
/// How far ahead.
const FAR_FUTURE: i64 = 10;

/// One update, as the bytes that the bot will read.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    /// Its number.
    pub id: i64,
    /// The JSON object.
    pub body: Bytes,
}

/// The queue.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    next: i64,
    /// Confirmed ids, as ranges with both ends, in order of confirmation.
    confirmed: Vec<(i64, i64)>,
    allowed: Option<Vec<String>>,
}

impl Queue {
    /// An empty queue whose first update will be `next`.
    pub fn new(next: i64) -> Self {
        Self { waiting: VecDeque::new(), next, confirmed: Vec::new(), allowed: None }
    }

    /// The number of the next update.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Goes on with other numbers, as the platform does after an idle week, or after a crash that may have lost some.
    pub fn renumber(&mut self, next: i64) {
        self.next = next;
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those that wait, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    /// Which kinds the bot asked for; `None`: the default.
    pub fn allow(&mut self, kinds: Option<Vec<String>>) {
        self.allowed = kinds.filter(|kinds| !kinds.is_empty());
    }

    /// What was asked for last.
    pub fn allowed(&self) -> Option<&[String]> {
        self.allowed.as_deref()
    }

    /// Whether an update of this kind is queued at all.
    pub fn wants(&self, kind: &str) -> bool {
        match &self.allowed {
            Some(kinds) => kinds.iter().any(|k| k == kind),
            None => !matches!(kind, "chat_member" | "message_reaction" | "message_reaction_count"),
        }
    }

    /// Puts an update with `body` (without its number) at the end; gives its number.
    pub fn push(&mut self, kind: &str, body: &[u8]) -> i64 {
        let id = self.next;
        let mut bytes = Vec::with_capacity(body.len() + kind.len() + 40);
        bytes.extend_from_slice(b"{\"update_id\":");
        bytes.extend_from_slice(id.to_string().as_bytes());
        bytes.extend_from_slice(b",\"");
        bytes.extend_from_slice(kind.as_bytes());
        bytes.extend_from_slice(b"\":");
        bytes.extend_from_slice(body);
        bytes.push(b'}');
        self.push_whole(id, bytes.into());
        id
    }

    /// Puts an update that carries its own number at the end.
    pub fn push_whole(&mut self, id: i64, body: Bytes) {
        self.waiting.push_back(Waiting { id, body });
        self.next = id + 1;
    }

    /// The last that waits.
    pub fn back(&self) -> Option<&Waiting> {
        self.waiting.back()
    }

    /// The first that waits.
    pub fn front(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    /// Confirms and forgets everything before `offset`; a negative one keeps only the last `-offset`. Offsets far
    /// behind or ahead are nonsense to the server, and confirm nothing. Gives how many were confirmed.
    pub fn confirm(&mut self, offset: i64) -> usize {
        let drop = if offset < 0 {
            self.waiting.len().saturating_sub(usize::try_from(-offset).unwrap_or(usize::MAX))
        } else {
            let head = self.waiting.front().map_or(self.next, |first| first.id);
            if offset == 0 || offset > self.next + FAR_FUTURE || offset < head - FAR_PAST {
                0
            } else {
                self.waiting.iter().take_while(|update| update.id < offset).count()
            }
        };
        for _ in 0..drop {
            let id = self.waiting.pop_front().expect("no more are dropped than wait").id;
            self.mark(id, id);
        }
        drop
    }

    /// Writes a range down as confirmed.
    pub fn mark(&mut self, from: i64, to: i64) {
        match self.confirmed.last_mut() {
            Some((_, last)) if *last + 1 == from => *last = to,
            _ => self.confirmed.push((from, to)),
        }
    }

    /// Confirmed ids as ranges with both ends.
    pub fn confirmed(&self) -> &[(i64, i64)] {
        &self.confirmed
    }

    /// Forgets all that wait, unconfirmed.
    pub fn drop_pending(&mut self) {
        self.waiting.clear();
    }

    /// The answer to `getUpdates`: at most `limit` updates; `None` if there are none.
    pub fn batch(&self, limit: usize) -> Option<Vec<u8>> {
        if self.waiting.is_empty() {
            return None;
        }
        let updates = self.waiting.iter().take(limit);
        let size: usize = updates.clone().map(|update| update.body.len() + 1).sum();
        let mut out = Vec::with_capacity(size + 32);
        out.extend_from_slice(b"{\"ok\":true,\"result\":[");
        for (n, update) in updates.enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&update.body);
        }
        out.extend_from_slice(b"]}");
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn queue(n: i64) -> Queue {
        let mut queue = Queue::new(1000);
        for _ in 0..n {
            queue.push("message", b"{}");
        }
        queue
    }

    fn left(queue: &Queue) -> Vec<i64> {
        queue.waiting().map(|update| update.id).collect()
    }

    #[test]
    fn offsets_confirm_as_the_server_does() {
        for (offset, stays) in [
            (0, vec![1000, 1001, 1002, 1003]),
            (1000, vec![1000, 1001, 1002, 1003]),
            (1002, vec![1002, 1003]),
            (1004, vec![]),
            (1014, vec![]),
            (1015, vec![1000, 1001, 1002, 1003]), // in the future
            (-1, vec![1003]),
            (-9, vec![1000, 1001, 1002, 1003]),
            (1000 - 100_001, vec![1000, 1001, 1002, 1003]),
        ] {
            let mut queue = queue(4);
            queue.confirm(offset);
            assert_eq!(left(&queue), stays, "offset {offset}");
        }
    }

    #[test]
    fn batches_are_limited_and_numbered() {
        let queue = queue(3);
        assert_eq!(
            String::from_utf8(queue.batch(2).unwrap()).unwrap(),
            r#"{"ok":true,"result":[{"update_id":1000,"message":{}},{"update_id":1001,"message":{}}]}"#
        );
        assert_eq!(Queue::new(1).batch(100), None);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_confirmed_twice(offsets in proptest::collection::vec(990i64..1040, 0..30)) {
            let mut queue = queue(20);
            for offset in offsets {
                queue.confirm(offset);
            }
            let mut all: Vec<i64> = queue.confirmed().iter().flat_map(|&(from, to)| from..=to).collect();
            all.extend(left(&queue));
            prop_assert_eq!(all, (1000..1020).collect::<Vec<_>>());
        }
    }
}
