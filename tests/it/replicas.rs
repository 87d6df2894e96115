//! Several replicas on one PostgreSQL: what they share and what one does for all, and a storm over the real program.

mod fellow;
mod proxy;
mod storm;
