//! What the flow tells whoever counts. Every method does nothing unless it is wanted; `()` wants nothing.

use super::store::Lane;

/// Counts what happens.
pub trait Meter: Send + Sync + 'static {
    /// Events done.
    fn events_done(&self, count: u64) {
        let _ = count;
    }
    /// An event given up.
    fn event_parked(&self) {}
    /// A message sent, `waited_ms` after it was queued; `first`: it was new, not an edit.
    fn sent(&self, lane: Lane, waited_ms: i64, first: bool) {
        let _ = (lane, waited_ms, first);
    }
    /// A message to be tried again.
    fn retried(&self, lane: Lane) {
        let _ = lane;
    }
    /// A message given up.
    fn failed(&self, lane: Lane) {
        let _ = lane;
    }
}

impl Meter for () {}
