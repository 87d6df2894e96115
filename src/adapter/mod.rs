//! The outside world: databases, Telegram, HTTP, files, the sandbox.
pub mod sandbox;
