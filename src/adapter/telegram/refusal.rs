//! The platform's refusals → [`SendError`].
//!
//! Owns the words by which the Bot API refuses: most have no code of their own. What a refusal means depends on
//! what was asked: no right to delete does not make a chat unreachable. Pure. Called by `send`.

use super::api::CallError;
use crate::domain::id::ChatId;
use crate::port::chat::SendError;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A new text: if this may not be sent, nothing may.
    Text,
    /// A pin, picture or file: a chat may forbid these and allow texts.
    Other,
    /// A change to the bot's own message.
    Edit,
    /// Taking away or marking somebody's message.
    Touch,
    /// An answer to a press.
    Answer,
}

/// The chat cannot be written to. In lower case, as all below.
const UNREACHABLE: [&str; 27] = [
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_id_invalid",
    "user_id_invalid",
    "invalid user_id",
    "channel_invalid",
    "the group chat was deleted",
    "user_banned_in_channel",
    "user_deactivated",
    "bot was kicked",
    "bot was blocked",
    "bot is not a member",
    "user is deactivated",
    "user_is_blocked",
    "input_user_deactivated",
    "can't initiate conversation",
    "can't send messages to bots",
    "group chat was deactivated",
    "group is deactivated",
    "group chat was upgraded",
    "chat_restricted",
    "channel_private",
    "topic_closed",
    "topic_deleted",
    "topic closed",
    "message thread not found",
];

/// A right is missing: for a text the chat is out of reach, for anything else only this request is refused.
const FORBIDDEN: [&str; 7] = [
    "not enough rights",
    "no rights to send",
    "need administrator rights",
    "chat_write_forbidden",
    "chat_admin_required",
    "_forbidden",
    "reactions are disabled",
];

/// The message, or the press, is no longer there to be changed.
const GONE: [&str; 12] = [
    "message to edit not found",
    "message to delete not found",
    "message to react not found",
    "message not found",
    "message can't be edited",
    "message can't be deleted",
    "message_id_invalid",
    "message_author_required",
    "message identifier is not specified",
    "message_edit_time_expired",
    "query is too old",
    "query_id_invalid",
];

/// What a failed request means to the outbox.
pub(super) fn classify(error: CallError, asked: Asked) -> SendError {
    let (code, description, retry_after, migrate_to) = match error {
        CallError::Unknown(why) => return SendError::Unknown(why),
        CallError::Refused { code, description, retry_after, migrate_to } => {
            (code, description, retry_after, migrate_to)
        }
    };
    if let Some(to) = migrate_to {
        return SendError::Migrated(ChatId(to));
    }
    let words = description.to_lowercase();
    if code == 429 || retry_after.is_some() {
        let seconds = retry_after.or_else(|| number_after(&words, "retry after ")).unwrap_or(1);
        return SendError::RetryAfter(seconds.max(1).saturating_mul(1000));
    }
    let any = |list: &[&str]| list.iter().any(|part| words.contains(part));
    if words.contains("not modified") {
        return SendError::NotModified;
    }
    // A wrong token is the operator's to mend; no message is lost by it.
    if code == 401 && !any(&UNREACHABLE) || code == 404 {
        return SendError::Unknown(format!("the token is refused ({description})"));
    }
    if any(&GONE) {
        return SendError::Gone(description);
    }
    if any(&UNREACHABLE) {
        return SendError::Unreachable(description);
    }
    if any(&FORBIDDEN) || code == 403 {
        return match asked {
            Asked::Text | Asked::Edit => SendError::Unreachable(description),
            Asked::Other | Asked::Touch | Asked::Answer => SendError::Rejected(description),
        };
    }
    SendError::Rejected(description)
}

fn number_after(words: &str, label: &str) -> Option<i64> {
    let rest = &words[words.find(label)? + label.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Meaning {
        Wait(i64),
        Unreachable,
        Gone,
        NotModified,
        Rejected,
        Unknown,
    }

    fn meaning(code: i32, description: &str, asked: Asked) -> Meaning {
        let refused = CallError::Refused { code, description: description.into(), retry_after: None, migrate_to: None };
        match classify(refused, asked) {
            SendError::RetryAfter(ms) => Meaning::Wait(ms),
            SendError::Unreachable(_) => Meaning::Unreachable,
            SendError::Gone(_) => Meaning::Gone,
            SendError::NotModified => Meaning::NotModified,
            SendError::Rejected(_) => Meaning::Rejected,
            SendError::Unknown(_) => Meaning::Unknown,
            SendError::Migrated(_) => panic!("no new id was given"),
        }
    }

    #[test]
    fn the_platforms_words() {
        use Asked::{Answer, Edit, Other, Text, Touch};
        let not_modified = "Bad Request: message is not modified: specified new message content and reply markup are \
                            exactly the same as a current content and reply markup of the message";
        let too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
        for (code, words, asked, wanted) in [
            (403, "Forbidden: bot was blocked by the user", Text, Meaning::Unreachable),
            (403, "Forbidden: bot was kicked from the supergroup chat", Text, Meaning::Unreachable),
            (403, "Forbidden: bot was kicked from the group chat", Other, Meaning::Unreachable),
            (403, "Forbidden: bot is not a member of the supergroup chat", Edit, Meaning::Unreachable),
            (403, "Forbidden: user is deactivated", Text, Meaning::Unreachable),
            (403, "Forbidden: bot can't initiate conversation with a user", Text, Meaning::Unreachable),
            (403, "Forbidden: the group chat was deleted", Text, Meaning::Unreachable),
            (403, "Forbidden: the group chat was deleted", Other, Meaning::Unreachable),
            (403, "Forbidden: bot was kicked from the channel chat", Other, Meaning::Unreachable),
            (403, "Forbidden: bot is not a member of the channel chat", Text, Meaning::Unreachable),
            (403, "Forbidden: bots can't send messages to bots", Text, Meaning::Unreachable),
            (400, "Bad Request: USER_IS_BLOCKED", Text, Meaning::Unreachable),
            (400, "Bad Request: INPUT_USER_DEACTIVATED", Text, Meaning::Unreachable),
            (400, "Bad Request: USER_BANNED_IN_CHANNEL", Text, Meaning::Unreachable),
            (400, "Bad Request: USER_ID_INVALID", Text, Meaning::Unreachable),
            (400, "Bad Request: CHANNEL_PRIVATE", Other, Meaning::Unreachable),
            (400, "Bad Request: CHAT_RESTRICTED", Text, Meaning::Unreachable),
            (400, "Bad Request: group chat was upgraded to a supergroup chat", Text, Meaning::Unreachable),
            (400, "Bad Request: need administrator rights in the channel chat", Text, Meaning::Unreachable),
            (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", Text, Meaning::Unreachable),
            (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", Other, Meaning::Rejected),
            (400, "Bad Request: chat not found", Text, Meaning::Unreachable),
            (400, "Bad Request: PEER_ID_INVALID", Text, Meaning::Unreachable),
            (400, "Bad Request: have no rights to send a message", Text, Meaning::Unreachable),
            (400, "Bad Request: not enough rights to send text messages to the chat", Text, Meaning::Unreachable),
            (400, "Bad Request: not enough rights to send photos to the chat", Other, Meaning::Rejected),
            (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Text, Meaning::Unreachable),
            (400, "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN", Other, Meaning::Rejected),
            (400, "Bad Request: TOPIC_CLOSED", Text, Meaning::Unreachable),
            (400, "Bad Request: message thread not found", Text, Meaning::Unreachable),
            (400, "Bad Request: not enough rights to delete a message", Touch, Meaning::Rejected),
            (400, "Bad Request: CHAT_ADMIN_REQUIRED", Touch, Meaning::Rejected),
            (400, "Bad Request: message can't be deleted for everyone", Touch, Meaning::Gone),
            (400, "Bad Request: message to delete not found", Touch, Meaning::Gone),
            (400, "Bad Request: message to react not found", Touch, Meaning::Gone),
            (400, "Bad Request: REACTION_INVALID", Touch, Meaning::Rejected),
            (400, "Bad Request: message to edit not found", Edit, Meaning::Gone),
            (400, "Bad Request: message can't be edited", Edit, Meaning::Gone),
            (400, "Bad Request: MESSAGE_ID_INVALID", Edit, Meaning::Gone),
            (400, not_modified, Edit, Meaning::NotModified),
            (400, too_old, Answer, Meaning::Gone),
            (400, "Bad Request: QUERY_ID_INVALID", Answer, Meaning::Gone),
            (400, "Bad Request: can't parse entities: unclosed tag", Text, Meaning::Rejected),
            (400, "Bad Request: message is too long", Text, Meaning::Rejected),
            (400, "Bad Request: wrong file identifier/HTTP URL specified", Other, Meaning::Rejected),
            (400, "Bad Request: BUTTON_DATA_INVALID", Text, Meaning::Rejected),
            (413, "Request Entity Too Large", Other, Meaning::Rejected),
            (429, "Too Many Requests: retry after 17", Text, Meaning::Wait(17_000)),
            (429, "Too Many Requests", Text, Meaning::Wait(1_000)),
            (401, "Unauthorized", Text, Meaning::Unknown),
            (404, "Not Found", Text, Meaning::Unknown),
            (401, "Unauthorized: bot was kicked from a chat", Text, Meaning::Unreachable),
        ] {
            assert_eq!(meaning(code, words, asked), wanted, "{code} {words} ({asked:?})");
        }
    }

    #[test]
    fn parameters_count_more_than_words() {
        let refused = |retry_after, migrate_to| CallError::Refused {
            code: 400,
            description: "Bad Request: group chat was upgraded to a supergroup chat".into(),
            retry_after,
            migrate_to,
        };
        assert_eq!(classify(refused(None, Some(-1007)), Asked::Text), SendError::Migrated(ChatId(-1007)));
        assert_eq!(classify(refused(Some(5), None), Asked::Text), SendError::RetryAfter(5000));
        assert!(matches!(classify(refused(None, None), Asked::Text), SendError::Unreachable(_)));
    }
}
