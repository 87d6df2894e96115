//! Secrets: only from the environment, or from files that it names.
//!
//! Owns which variable is which, and that none is ever shown. Called by `main`.

use super::{Config, ConfigError, Mode};
use secrecy::SecretString;

/// What the environment holds. `Debug` redacts all of it.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// `BAIYING_TOKEN`, or the content of the file that `BAIYING_TOKEN_FILE` names.
    pub token: Option<SecretString>,
    /// `BAIYING_WEBHOOK_SECRET`.
    pub webhook: Option<SecretString>,
    /// `BAIYING_EXPORT_KEY`; unset: one is made and kept in the database.
    pub export_key: Option<SecretString>,
}

impl Secrets {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// When a named file cannot be read, or a secret cannot be one.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from(|name| std::env::var(name).ok())
    }

    /// [`Secrets::from_env`], with the environment given.
    ///
    /// # Errors
    /// See [`Secrets::from_env`].
    pub fn from(env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let token = match (get("BAIYING_TOKEN"), get("BAIYING_TOKEN_FILE")) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => {
                let token = std::fs::read_to_string(&file)
                    .map_err(|error| ConfigError::Secret(format!("BAIYING_TOKEN_FILE: {file}: {error}")))?;
                Some(token.trim().to_owned()).filter(|token| !token.is_empty())
            }
            (None, None) => None,
        };
        let token_like = |token: &str| token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-'));
        if token.as_deref().is_some_and(|token| !token_like(token)) {
            let what = "BAIYING_TOKEN: not a bot token (as BotFather gave it: 123456:letters, digits, _ and -)";
            return Err(ConfigError::Secret(what.into()));
        }
        let webhook = get("BAIYING_WEBHOOK_SECRET");
        let sendable = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if webhook.as_deref().is_some_and(|secret| secret.len() > 256 || !secret.chars().all(sendable)) {
            let what = "BAIYING_WEBHOOK_SECRET: 1 to 256 characters, A-Z, a-z, 0-9, _ and -";
            return Err(ConfigError::Secret(what.into()));
        }
        let secret = |value: Option<String>| value.map(SecretString::from);
        Ok(Self { token: secret(token), webhook: secret(webhook), export_key: secret(get("BAIYING_EXPORT_KEY")) })
    }

    /// Whether everything is there that `serve` needs under this config.
    ///
    /// # Errors
    /// With the name of the variable that is missing.
    pub fn check_for_serving(&self, config: &Config) -> Result<(), ConfigError> {
        if self.token.is_none() {
            let what = "BAIYING_TOKEN is not set: put the bot's token there, or its file's name in BAIYING_TOKEN_FILE";
            return Err(ConfigError::Secret(what.into()));
        }
        if config.telegram.mode == Mode::Webhook && self.webhook.is_none() {
            let what = "BAIYING_WEBHOOK_SECRET is not set: telegram.mode = \"webhook\" needs one, or anyone could post updates";
            return Err(ConfigError::Secret(what.into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn from(pairs: &[(&str, &str)]) -> Result<Secrets, ConfigError> {
        Secrets::from(|name| pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_and_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "12:from-file\n").unwrap();
        let path = file.path().to_str().unwrap();
        let token = |pairs: &[_]| from(pairs).unwrap().token.map(|token| token.expose_secret().to_owned());
        assert_eq!(token(&[]), None);
        assert_eq!(token(&[("BAIYING_TOKEN", "")]), None);
        assert_eq!(token(&[("BAIYING_TOKEN", " 12:ab ")]).as_deref(), Some("12:ab"));
        assert_eq!(token(&[("BAIYING_TOKEN_FILE", path)]).as_deref(), Some("12:from-file"));
        assert_eq!(token(&[("BAIYING_TOKEN", "12:ab"), ("BAIYING_TOKEN_FILE", path)]).as_deref(), Some("12:ab"));
    }

    #[test]
    fn what_is_wrong_is_named_and_never_shown() {
        for (name, value) in [
            ("BAIYING_TOKEN", "hush hush"),
            ("BAIYING_TOKEN_FILE", "/nonexistent/token"),
            ("BAIYING_WEBHOOK_SECRET", "hush!"),
        ] {
            let told = from(&[(name, value)]).unwrap_err().to_string();
            assert!(told.contains(name) && !told.contains("hush"), "{told}");
        }
        let all =
            from(&[("BAIYING_TOKEN", "12:hush"), ("BAIYING_WEBHOOK_SECRET", "hush"), ("BAIYING_EXPORT_KEY", "hush")]);
        assert!(!format!("{:?}", all.unwrap()).contains("hush"));
    }

    #[test]
    fn what_serving_needs() {
        let mut config = Config::default();
        let missing =
            |config: &Config, pairs: &[_]| from(pairs).unwrap().check_for_serving(config).err().map(|e| e.to_string());
        assert!(missing(&config, &[]).unwrap().starts_with("BAIYING_TOKEN "));
        assert_eq!(missing(&config, &[("BAIYING_TOKEN", "1:a")]), None);
        config.telegram.mode = Mode::Webhook;
        assert!(missing(&config, &[("BAIYING_TOKEN", "1:a")]).unwrap().starts_with("BAIYING_WEBHOOK_SECRET "));
        assert_eq!(missing(&config, &[("BAIYING_TOKEN", "1:a"), ("BAIYING_WEBHOOK_SECRET", "s")]), None);
    }
}
