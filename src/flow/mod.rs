//! Use cases: each loads facts, decides purely, and hands the decision to the store.
pub mod understand;
