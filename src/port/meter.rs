//! What is counted and timed while the product runs. Adapters show it; `()` keeps nothing.

use super::store::Lane;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// Updates stored that were new.
    UpdatesReceived,
    /// Bodies that are no updates.
    UpdatesUnreadable,
    /// Events decided and applied.
    EventsDone,
    /// Events given up.
    EventsParked,
    /// Messages sent.
    Sent(Lane),
    /// Messages given up.
    SendFailed(Lane),
    /// Messages put off to be tried again.
    SendRetried(Lane),
}

/// Something that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// From an alarm being queued to its first message standing in a chat.
    AlarmFirstSend,
    /// From a receipt being queued to its standing in the chat.
    Receipt,
    /// From an alarm's timer being due to its being decided.
    TimerLate,
}

/// Something that stands at some height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Alarm messages that have not gone out yet.
    AlarmsWaiting,
    /// How long the oldest of them has waited, in milliseconds.
    AlarmOldest,
}

/// Takes what is counted and timed; must not block.
pub trait Meter: Send + Sync + 'static {
    /// Counts `n` more.
    fn count(&self, what: Count, n: u64);
    /// Notes that it took so many milliseconds.
    fn took(&self, what: Span, ms: i64);
    /// Notes how high it stands now.
    fn level(&self, what: Level, height: i64);
    /// A part of the product (`telegram`, `inbox`) tells what ails it, or (`None`) that nothing does. May be told again
    /// and again: only what is new is logged.
    fn trouble(&self, part: &'static str, what: Option<String>);
}

impl Meter for () {
    fn count(&self, _: Count, _: u64) {}
    fn took(&self, _: Span, _: i64) {}
    fn level(&self, _: Level, _: i64) {}
    fn trouble(&self, _: &'static str, _: Option<String>) {}
}
