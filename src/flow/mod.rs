//! Use cases. Each loads facts, decides purely, and hands the decision to the store.
//!
//! [`engine`] takes events from the inbox and runs them through [`plan`] → load → decide → apply; [`outbox`] sends what
//! was decided. The deciders ([`intake`], [`evidence`], [`mend`], [`triage`], [`alarm`], [`duty`], [`command`]) are pure: facts,
//! event and `now` in, a [`decision::Decision`] out. [`export`] says which rows stand in which table.

pub mod alarm;
pub mod choice;
pub mod close;
pub mod command;
pub mod coverage;
pub mod decision;
pub mod desk;
pub mod dry_run;
pub mod duty;
pub mod earning;
pub mod engine;
pub mod evidence;
pub mod export;
pub mod flood;
pub mod intake;
pub mod lesson;
pub mod mend;
pub mod outbox;
pub mod pace;
pub mod plan;
pub mod points;
pub mod question;
pub mod redeem;
pub mod render;
pub mod schedule;
pub mod shelf;
pub mod tap;
pub mod town;
pub mod triage;
pub mod understand;
pub mod watchdog;
