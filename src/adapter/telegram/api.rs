//! One request to a Bot API server, and what it said.
//!
//! Owns teloxide's `Bot` (token, address, client) and the envelope of the answers. A 5xx, a timeout or an
//! answer that makes no sense is an outcome that nobody knows; the rest is a refusal in the platform's own
//! words. Never logs or shows the address: the token is in it. Called by `send`, `poll` and `app`.

use super::line::{Line, LineError};
use anyhow::Context;
use hyper::body::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide::payloads::{DeleteWebhook, SetWebhook};
use teloxide::requests::Payload;
use teloxide::types::AllowedUpdate;
use teloxide::{Bot, RequestError};

/// How long an ordinary request may take.
pub const WITHIN: Duration = Duration::from_secs(15);

/// The kinds of update that the product uses. Sent with each `getUpdates`: the platform remembers the last list it was
/// given, and one lost request must not bring another list back.
pub const ALLOWED_UPDATES: [AllowedUpdate; 4] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember];

/// Why a request brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The platform refused it.
    #[error("{code}: {description}")]
    Refused {
        /// The HTTP status as the answer repeats it.
        code: i32,
        /// The platform's words.
        description: String,
        /// Not before so many seconds.
        retry_after: Option<i64>,
        /// The group's new id.
        migrate_to: Option<i64>,
    },
    /// Nobody knows whether it was done.
    #[error("{0}")]
    Unknown(String),
}

/// A Bot API server and a bot on it. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    bot: Bot,
    line: Option<Arc<Line>>,
    /// Path of the methods up to their names, token included.
    path: Arc<str>,
}

/// Who the bot is (`getMe`).
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// Its id.
    pub id: i64,
    /// Its user name, without `@`.
    #[serde(default)]
    pub username: String,
    /// Whether it sees all messages of groups (privacy mode off).
    #[serde(default)]
    pub can_read_all_group_messages: bool,
}

#[derive(Serialize)]
struct GetMe {}

impl Payload for GetMe {
    type Output = Me;
    const NAME: &'static str = "GetMe";
}

#[derive(Deserialize)]
struct Envelope<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error_code: Option<i32>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<i64>,
    migrate_to_chat_id: Option<i64>,
}

impl Api {
    /// A bot on the server at `api_url`.
    ///
    /// # Errors
    /// When the address is none, or the token cannot be part of one.
    pub fn new(api_url: &str, token: &SecretString) -> anyhow::Result<Self> {
        let token = token.expose_secret();
        anyhow::ensure!(
            !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')),
            "the bot token is not one: letters, digits, ':', '_' and '-' only"
        );
        let client = teloxide::net::default_reqwest_settings()
            .timeout(WITHIN)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(256)
            .pool_idle_timeout(Duration::from_secs(50))
            .build()
            .context("HTTP client")?;
        let bot = Bot::with_client(token, client).set_api_url(api_url.parse().context("telegram.api_url")?);
        let url = bot.api_url();
        let path = format!("{}/bot{token}/", url.path().trim_end_matches('/'));
        let line = (url.scheme() == "http")
            .then(|| Line::new(url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80)));
        Ok(Self { bot, line: line.map(Arc::new), path: path.into() })
    }

    /// Sends a JSON payload and reads what it promises.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<P>(&self, payload: &P, within: Duration) -> Result<P::Output, CallError>
    where
        P: Payload + Serialize,
        P::Output: DeserializeOwned,
    {
        self.call_for(payload, within).await
    }

    /// Sends a JSON payload and reads of its result only what `T` asks for.
    pub(super) async fn call_for<P, T>(&self, payload: &P, within: Duration) -> Result<T, CallError>
    where
        P: Payload + Serialize,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(payload)
            .map_err(|error| CallError::Unknown(format!("the request cannot be written: {error}")))?;
        self.post(P::NAME, "application/json", body, within).await
    }

    /// Posts a body that is written already.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        name: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<T, CallError> {
        // The library writes `SendMessage`; the documented name is `sendMessage`.
        let path = format!("{}{}{}", self.path, name[..1].to_ascii_lowercase(), &name[1..]);
        let (status, bytes) = match &self.line {
            Some(line) => line.post(&path, content_type, body.into(), within).await.map_err(unknown)?,
            None => self.through_client(&path, content_type, body, within).await?,
        };
        read(status, &bytes)
    }

    async fn through_client(
        &self,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(u16, Bytes), CallError> {
        let mut url = self.bot.api_url();
        url.set_path(path);
        let request = self.bot.client().post(url).header("content-type", content_type).timeout(within).body(body);
        let answer = async {
            let response = request.send().await?;
            Ok::<_, RequestError>((response.status().as_u16(), response.bytes().await?))
        };
        answer.await.map_err(|error| without_address(&error))
    }

    /// Asks who the bot is.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn me(&self) -> Result<Me, CallError> {
        self.call(&GetMe {}, WITHIN).await
    }

    /// Has the platform call `url` with the product's own list of kinds. Nothing that waits is dropped.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_webhook(&self, url: &str, secret: &SecretString) -> Result<(), CallError> {
        let url = url.parse().map_err(|_| CallError::Unknown("telegram.webhook_url is no address".into()))?;
        let mut payload = SetWebhook::new(url);
        payload.secret_token = Some(secret.expose_secret().into());
        payload.allowed_updates = Some(ALLOWED_UPDATES.to_vec());
        self.call_for::<_, bool>(&payload, WITHIN).await.map(|_| ())
    }

    /// Takes the webhook away, so that the bot may ask. Nothing that waits is dropped.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        self.call_for::<_, bool>(&DeleteWebhook::new(), WITHIN).await.map(|_| ())
    }

    /// The library's bot, for calls that are made once in a while. Its `Debug` shows the token.
    pub fn library(&self) -> &Bot {
        &self.bot
    }
}

fn read<T: DeserializeOwned>(status: u16, bytes: &[u8]) -> Result<T, CallError> {
    if status >= 500 {
        return Err(CallError::Unknown(format!("the server answered {status}")));
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else {
        return Err(CallError::Unknown(format!("the server answered {status} with what is no answer")));
    };
    if envelope.ok {
        let result = envelope.result.map_or("null", RawValue::get);
        return serde_json::from_str(result)
            .map_err(|error| CallError::Unknown(format!("the server's answer makes no sense: {error}")));
    }
    let (retry_after, migrate_to) = envelope.parameters.map_or((None, None), |p| (p.retry_after, p.migrate_to_chat_id));
    Err(CallError::Refused {
        code: envelope.error_code.unwrap_or_else(|| i32::from(status)),
        description: envelope.description.unwrap_or_default(),
        retry_after,
        migrate_to,
    })
}

fn unknown(error: LineError) -> CallError {
    CallError::Unknown(error.0)
}

/// The client's error by its sort: its own text names the address.
fn without_address(error: &RequestError) -> CallError {
    let sort = match error {
        RequestError::Network(error) if error.is_timeout() => "no answer in time",
        RequestError::Network(error) if error.is_connect() => "cannot connect",
        RequestError::Network(_) => "the connection was lost",
        _ => "the client failed",
    };
    CallError::Unknown(sort.into())
}
