//! baiying (百应): one call, a hundred responses.
//!
//! A chat bot for police–citizen liaison groups. Neighbours write a line; it becomes a geotagged lead;
//! community police triage it; nearby liaison points are alarmed; what people did is counted as points
//! and exported. The flow goes one way:
//!
//! ```text
//! Telegram ──poll/webhook──▶ inbox ─▶ understand ─▶ decide ─▶ one transaction ─▶ outbox ──▶ Telegram
//!                              ▲        (pure)       (pure)   state + ledger     (durable)
//!             timers ──────────┘                              + outgoing
//! ```
//!
//! | room | what it holds | may use |
//! |---|---|---|
//! | [`domain`] | the rules: tips, places, leads, alarms, points, texts | itself only |
//! | [`port`] | the traits and values that cross the edge: store, chat, clock | `domain` |
//! | [`flow`] | use cases: intake, triage, alarm, outbox, export | `domain`, `port`, `config` |
//! | [`adapter`] | SQL, Telegram, HTTP, files, the sandbox | `domain`, `port`; those that bring events in also `flow` |
//! | [`app`] | wiring, workers, shutdown: the only place that names adapters | everything |
//!
//! `tests/it/layers.rs` holds the table above by scanning the imports.

pub mod adapter;
pub mod app;
pub mod config;
pub mod domain;
pub mod flow;
pub mod port;
