//! The outside world: databases, Telegram, HTTP, files, the sandbox.

#[cfg(test)]
mod stand_in;
pub mod telegram;
