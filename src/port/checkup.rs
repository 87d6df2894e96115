//! What `doctor` asks of the platform. Only facts: what they mean is judged there.

use crate::domain::id::{ChatId, Millis};
use std::future::Future;

/// Why the platform gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The token is refused.
    #[error("the token is refused")]
    Token,
    /// It answered, and refused, in its own words.
    #[error("{0}")]
    Refused(String),
    /// It could not be reached, or made no sense.
    #[error("{0}")]
    Unreachable(String),
}

/// The bot as the platform knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotFacts {
    /// Its user name, without `@`.
    pub username: String,
    /// Whether it sees all messages of a group without being its admin (privacy mode off).
    pub reads_groups: bool,
}

/// The webhook as the platform knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookFacts {
    /// Its address; empty: none is set.
    pub url: String,
    /// Updates that wait to be taken.
    pub pending: i64,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
}

/// The bot's standing in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingFacts {
    /// Whether it is in there.
    pub present: bool,
    /// Whether it may write there.
    pub writes: bool,
    /// Whether it is an admin: sees all messages whatever the privacy mode.
    pub admin: bool,
    /// Whether it may take other people's messages down.
    pub deletes: bool,
}

/// The platform, asked about itself.
pub trait Checkup: Send + Sync + 'static {
    /// Who the bot is.
    fn bot(&self) -> impl Future<Output = Result<BotFacts, CheckError>> + Send;
    /// Where updates go, and how many wait.
    fn webhook(&self) -> impl Future<Output = Result<WebhookFacts, CheckError>> + Send;
    /// How the bot stands in a group.
    fn standing(&self, chat: ChatId) -> impl Future<Output = Result<StandingFacts, CheckError>> + Send;
    /// The platform's own clock, to the second; `None`: it did not tell.
    fn time(&self) -> impl Future<Output = Option<Millis>> + Send;
}
