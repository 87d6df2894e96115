//! Logs: to standard error, as lines or as JSON.
//!
//! Owns what is let through. `BAIYING_LOG` (else `RUST_LOG`) takes tracing's filter words; whatever they say, the
//! HTTP libraries stay at warnings, because what they tell below that holds addresses, and the token is in them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Those whose finer words may hold the token.
const TALKATIVE: [&str; 8] =
    ["reqwest", "hyper", "hyper_util", "h2", "rustls", "teloxide", "teloxide_core", "tokio_util"];

/// Starts logging: once, by `main`.
///
/// # Errors
/// When the filter words cannot be read, or logging was started before.
pub fn start(words: Option<&str>, json: bool) -> Result<(), StartError> {
    let filter = filter(words)?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if json {
        registry.with(lines.json().flatten_event(true)).try_init()?;
    } else {
        let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
        registry.with(lines.with_ansi(colours).with_target(false)).try_init()?;
    }
    Ok(())
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The filter words cannot be read.
    #[error("BAIYING_LOG: {0}")]
    Words(#[from] tracing_subscriber::filter::ParseError),
    /// It was started before.
    #[error("logging: {0}")]
    Twice(#[from] TryInitError),
}

/// The filter words of the environment, if any.
pub fn words_from_env() -> Option<String> {
    ["BAIYING_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()))
}

fn filter(words: Option<&str>) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let mut filter = EnvFilter::try_new(words.unwrap_or("info,sqlx=warn"))?;
    for target in TALKATIVE {
        filter = filter.add_directive(format!("{target}=warn").parse()?);
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_that_know_the_token_stay_quiet_whatever_is_asked() {
        let sink = Sink::default();
        let writer = sink.clone();
        let lines = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
        let registry = tracing_subscriber::registry().with(filter(Some("trace,hyper_util=trace")).unwrap()).with(lines);
        tracing::subscriber::with_default(registry, || {
            tracing::trace!("ours");
            tracing::info!(target: "hyper_util::client", "POST /bot1:secret/getMe");
            tracing::debug!(target: "teloxide_core", "bot1:secret");
            tracing::warn!(target: "reqwest", "theirs");
        });
        let told = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("ours") && told.contains("theirs") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn bad_words_are_named() {
        let error = StartError::from(filter(Some("a=b=c")).unwrap_err());
        assert!(error.to_string().starts_with("BAIYING_LOG: "), "{error}");
    }
}
