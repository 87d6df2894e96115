//! The platform asked about itself, for `doctor`: [`Checkup`] over the Bot API.
//!
//! Owns which answers hold which facts. Called by `doctor` through the port.

use super::api::{Api, CallError};
use crate::domain::id::{ChatId, Millis};
use crate::port::checkup::{BotFacts, CheckError, Checkup, StandingFacts, WebhookFacts};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use teloxide::payloads::GetWebhookInfo;
use teloxide::requests::Payload;

/// An operator is waiting.
const WITHIN: Duration = Duration::from_secs(8);

#[derive(Serialize)]
struct GetMember {
    chat_id: i64,
    user_id: i64,
}

impl Payload for GetMember {
    type Output = RawMember;
    const NAME: &'static str = "GetChatMember";
}

#[derive(Deserialize)]
struct RawMember {
    status: String,
    #[serde(default)]
    is_member: bool,
    #[serde(default)]
    can_send_messages: bool,
    #[serde(default)]
    can_delete_messages: bool,
}

#[derive(Deserialize)]
struct RawWebhook {
    #[serde(default)]
    url: String,
    #[serde(default)]
    pending_update_count: i64,
    last_error_message: Option<String>,
}

impl Checkup for Api {
    async fn bot(&self) -> Result<BotFacts, CheckError> {
        let me = self.me().await.map_err(check_error)?;
        Ok(BotFacts { username: me.username, reads_groups: me.can_read_all_group_messages })
    }

    async fn webhook(&self) -> Result<WebhookFacts, CheckError> {
        let it: RawWebhook = self.call_for(&GetWebhookInfo::new(), WITHIN).await.map_err(check_error)?;
        Ok(WebhookFacts { url: it.url, pending: it.pending_update_count, last_error: it.last_error_message })
    }

    async fn standing(&self, chat: ChatId) -> Result<StandingFacts, CheckError> {
        let me = self.me().await.map_err(check_error)?;
        let it = self.call(&GetMember { chat_id: chat.0, user_id: me.id }, WITHIN).await.map_err(check_error)?;
        let admin = matches!(it.status.as_str(), "creator" | "administrator");
        let present = admin || it.status == "member" || it.status == "restricted" && it.is_member;
        Ok(StandingFacts {
            present,
            writes: present && (it.status != "restricted" || it.can_send_messages),
            admin,
            deletes: it.status == "creator" || admin && it.can_delete_messages,
        })
    }

    async fn time(&self) -> Option<Millis> {
        // Any answer carries the date, a refusal too.
        let response = self.library().client().get(self.library().api_url()).timeout(WITHIN).send().await.ok()?;
        let date = response.headers().get("date")?.to_str().ok()?;
        Some(chrono::DateTime::parse_from_rfc2822(date).ok()?.into())
    }
}

fn check_error(error: CallError) -> CheckError {
    match error {
        CallError::Refused { code: 401 | 404, .. } => CheckError::Token,
        CallError::Refused { description, .. } => CheckError::Refused(description),
        CallError::Unknown(why) => CheckError::Unreachable(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::stand_in::Server;

    async fn api(member: &'static str) -> (Server, Api) {
        let server = Server::start(move |call| {
            let result = match call.method.as_str() {
                "getMe" => r#"{"id":7,"is_bot":true,"username":"b_bot","can_read_all_group_messages":true}"#,
                "getWebhookInfo" => {
                    r#"{"url":"https://x/","pending_update_count":3,"last_error_message":"Connection refused"}"#
                }
                "getChatMember" => {
                    assert_eq!(call.json(), serde_json::json!({"chat_id": -5, "user_id": 7}));
                    member
                }
                _ => return (404, "{}".into()),
            };
            (200, format!(r#"{{"ok":true,"result":{result}}}"#))
        })
        .await;
        let api = Api::new(&server.url, &"1:a".to_owned().into()).unwrap();
        (server, api)
    }

    #[tokio::test]
    async fn facts_as_the_platform_tells_them() {
        let (_server, api) = api("{}").await;
        assert_eq!(api.bot().await.unwrap(), BotFacts { username: "b_bot".into(), reads_groups: true });
        let webhook = api.webhook().await.unwrap();
        assert_eq!((webhook.url.as_str(), webhook.pending), ("https://x/", 3));
        assert_eq!(webhook.last_error.as_deref(), Some("Connection refused"));
        assert!(api.time().await.is_some_and(|at| at > Millis(1_700_000_000_000)));
    }

    #[tokio::test]
    async fn standing_by_status() {
        for (member, (present, writes, admin, deletes)) in [
            (r#"{"status":"creator"}"#, (true, true, true, true)),
            (r#"{"status":"administrator","can_delete_messages":true}"#, (true, true, true, true)),
            (r#"{"status":"administrator"}"#, (true, true, true, false)),
            (r#"{"status":"member"}"#, (true, true, false, false)),
            (r#"{"status":"restricted","is_member":true}"#, (true, false, false, false)),
            (r#"{"status":"restricted","can_send_messages":true}"#, (false, false, false, false)),
            (r#"{"status":"left"}"#, (false, false, false, false)),
        ] {
            let (_server, api) = api(member).await;
            let wanted = StandingFacts { present, writes, admin, deletes };
            assert_eq!(api.standing(ChatId(-5)).await.unwrap(), wanted, "{member}");
        }
    }

    #[tokio::test]
    async fn refusals() {
        let server =
            Server::start(|_| (401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#.into())).await;
        let api = Api::new(&server.url, &"1:a".to_owned().into()).unwrap();
        assert_eq!(api.bot().await.unwrap_err(), CheckError::Token);
    }
}
