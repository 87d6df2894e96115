//! Dry run.
