//! The pure rules. Nothing here knows tokio, sqlx, teloxide, axum, the wall clock or randomness:
//! facts, events and `now` come in as values, decisions go out as values.

pub mod alarm;
pub mod alike;
pub mod duplicate;
pub mod duty;
pub mod group;
pub mod id;
pub mod lead;
pub mod member;
pub mod mend;
pub mod month;
pub mod period;
pub mod place;
pub mod points;
pub mod redemption;
pub mod roster;
pub mod rules;
mod simplified;
pub mod text;
pub mod tip;
