//! The edge of the house: what the flow asks of storage, the chat platform, the clock and chance.
//! Values here are plain data; the adapters implement the traits.

pub mod audit;
pub mod chat;
pub mod checkup;
pub mod clock;
pub mod facts;
pub mod inbox;
pub mod meter;
pub mod office;
pub mod outbox;
pub mod store;
pub mod table;
