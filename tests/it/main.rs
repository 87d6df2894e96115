//! One binary for all tests that need more than one room.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod browser;
mod flow;
mod kill;
mod layers;
mod plan;
mod store;
mod world;
