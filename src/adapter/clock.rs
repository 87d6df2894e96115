//! The wall clock and the operating system's randomness: the only place that asks for either.

use crate::domain::id::Millis;
use crate::port::clock::{Chance, Clock};

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    fn now(&self) -> Millis {
        chrono::Utc::now().into()
    }
}

/// The operating system's source of randomness, fit for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

/// Crockford's base 32: no I, L, O, U, so that a code survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "this is the chance adapter")]
    fn code(&self, length: usize) -> String {
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        // 256 is a multiple of 32: each character is equally likely.
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_in_this_century() {
        let now = SystemClock.now();
        assert!((2026..2100).contains(&chrono::Datelike::year(&now.utc())), "{now:?}");
    }

    #[test]
    fn codes_are_of_crockfords_letters_and_never_twice() {
        let code = SystemChance.code(4000);
        let seen: std::collections::BTreeSet<u8> = code.bytes().collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ALPHABET, "all 32, and no other");
        assert_ne!(SystemChance.code(16), SystemChance.code(16));
        assert_eq!(SystemChance.code(0), "");
    }
}
