//! Time and chance come in through here, so that the flow can be run on any clock.

use crate::domain::id::Millis;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Millis;
}

/// Draws codes that cannot be guessed.
pub trait Chance: Send + Sync + 'static {
    /// A fresh code of `length` characters from Crockford's base 32 (5 bits each), from a source fit for secrets.
    fn code(&self, length: usize) -> String;
}
