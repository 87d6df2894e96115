//! One binary for all tests that need more than one room.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod backup;
mod browser;
mod cap;
mod database;
mod disk;
mod flow;
mod growth;
mod kill;
mod layers;
mod plan;
mod replicas;
mod roster;
mod sim;
mod soffice;
mod store;
mod world;
