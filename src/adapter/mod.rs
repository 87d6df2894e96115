//! The outside world: databases, Telegram, HTTP, files, the sandbox.

pub mod clock;
pub mod doctor;
pub mod feed;
pub mod file;
pub mod log;
pub mod sandbox;
pub mod sql;
#[cfg(test)]
mod stand_in;
pub mod telegram;
pub mod web;
