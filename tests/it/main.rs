//! Integration tests: one binary for the whole product.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod store;
