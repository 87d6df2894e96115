//! One binary for all tests that need more than one room.

mod layers;
mod store;
mod world;
