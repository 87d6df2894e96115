//! Integration tests: one binary for the whole product.

mod store;
