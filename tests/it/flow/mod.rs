//! What people do and what they read: one file for each area, one test for each promise.

mod alarm;
mod command;
mod delivery;
mod drill_report;
mod duty;
mod escalation;
mod export;
mod fault;
mod intake;
mod lesson;
mod mending;
pub mod office;
mod points;
mod privacy;
mod question;
mod raising;
mod redeem;
mod responders;
mod rules;
mod triage;
