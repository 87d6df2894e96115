//! Telegram: raw updates in, deliveries out.
//!
//! Owns the wire: the one HTTP client, `getUpdates`, the webhook's route, the reading of raw updates and
//! the platform's refusals. Knows nothing of leads or limits: the outbox keeps those. Called by `app`.
//! Requests are teloxide's payload types; sending and reading them is done here, because the library
//! sleeps ten seconds inside a 5xx and parses whole messages where one number is wanted.

pub mod api;
mod checkup;
pub mod decode;
mod line;
mod part;
pub mod poll;
mod refusal;
pub mod send;
pub mod webhook;
