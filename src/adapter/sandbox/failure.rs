//! What the Bot API answers when it refuses, in its own words and JSON. Used by every method.
//!
//! The descriptions are the real server's, letter by letter, because clients tell errors apart by them.

use serde::Serialize;
use std::borrow::Cow;

/// A refusal: an HTTP status, a description and, for two kinds, a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status and `error_code`.
    pub code: u16,
    /// The server's words.
    pub description: Cow<'static, str>,
    /// Seconds to wait, with 429.
    pub retry_after: Option<i64>,
    /// Where the group moved.
    pub migrate_to: Option<i64>,
}

#[derive(Serialize)]
struct Body<'a> {
    ok: bool,
    error_code: u16,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters>,
}

#[derive(Serialize)]
struct Parameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    migrate_to_chat_id: Option<i64>,
}

impl Refusal {
    /// A refusal with `code` and `description` as they are.
    pub fn new(code: u16, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), retry_after: None, migrate_to: None }
    }

    /// 400 with the server's prefix.
    pub fn bad(what: &str) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    /// 403 with the server's prefix.
    pub fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    /// 409 with the server's prefix.
    pub fn conflict(what: &str) -> Self {
        Self::new(409, format!("Conflict: {what}"))
    }

    /// 429: come back in `seconds`.
    pub fn too_many(seconds: i64) -> Self {
        let mut refusal = Self::new(429, format!("Too Many Requests: retry after {seconds}"));
        refusal.retry_after = Some(seconds);
        refusal
    }

    /// 400: the group is a supergroup now.
    pub fn migrated(to: i64) -> Self {
        let mut refusal = Self::bad("group chat was upgraded to a supergroup chat");
        refusal.migrate_to = Some(to);
        refusal
    }

    /// The JSON body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parameters = (self.retry_after.is_some() || self.migrate_to.is_some())
            .then_some(Parameters { retry_after: self.retry_after, migrate_to_chat_id: self.migrate_to });
        serde_json::to_vec(&Body { ok: false, error_code: self.code, description: &self.description, parameters })
            .expect("strings and numbers always serialize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_the_servers() {
        let text = |refusal: Refusal| String::from_utf8(refusal.to_bytes()).unwrap();
        assert_eq!(
            text(Refusal::bad("chat not found")),
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#
        );
        assert_eq!(
            text(Refusal::too_many(7)),
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#
        );
        assert!(text(Refusal::migrated(-100)).ends_with(r#""parameters":{"migrate_to_chat_id":-100}}"#));
    }
}
