//! A line to a Bot API server over plain HTTP/1.1: one that stands on the same machine or network.
//!
//! Owns a stack of kept connections and nothing of the API. It costs a third of the general client's time for
//! each send (17 against 50 µs, measured), which matters where the server is next door; over TLS, across
//! the world, the general client is used. Called by `api`.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Connections kept open for later, at most.
const KEPT: usize = 256;
/// A connection unused for longer is not trusted: servers close them, and a request that crosses the close is lost.
const FRESH_FOR: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);

type Connection = SendRequest<Full<Bytes>>;

/// See the module.
pub(super) struct Line {
    host: String,
    port: u16,
    authority: String,
    kept: Mutex<Vec<(Connection, Instant)>>,
}

/// Why nothing sensible came back. Never holds the address: the token is in it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LineError(pub String);

impl Line {
    pub(super) fn new(host: &str, port: u16) -> Self {
        // Brackets belong to the address as written, not to the one that is connected to.
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { host: bare, port, authority: format!("{host}:{port}"), kept: Mutex::new(Vec::new()) }
    }

    /// Posts `body` and reads the whole answer: its status and body.
    pub(super) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
        within: Duration,
    ) -> Result<(u16, Bytes), LineError> {
        match tokio::time::timeout(within, self.exchange(path, content_type, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(LineError(format!("no answer within {} s", within.as_secs_f32()))),
        }
    }

    async fn exchange(&self, path: &str, content_type: &str, body: Bytes) -> Result<(u16, Bytes), LineError> {
        loop {
            let (mut connection, kept) = match self.take().await {
                Some(connection) => (connection, true),
                None => (self.connect().await?, false),
            };
            let request = hyper::Request::post(path)
                .header("host", &self.authority)
                .header("content-type", content_type)
                .body(Full::new(body.clone()))
                .map_err(|error| LineError(format!("a request that HTTP does not allow: {error}")))?;
            let response = match connection.send_request(request).await {
                // The server had hung up before anything was written: on to another connection.
                Err(error) if kept && error.is_canceled() => continue,
                other => other.map_err(lost)?,
            };
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(lost)?.to_bytes();
            self.keep(connection);
            return Ok((status, body));
        }
    }

    async fn take(&self) -> Option<Connection> {
        loop {
            let (mut connection, since) = self.kept().pop()?;
            if since.elapsed() < FRESH_FOR && connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let mut kept = self.kept();
        if kept.len() < KEPT && !connection.is_closed() {
            kept.push((connection, Instant::now()));
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Connection, LineError> {
        let stream = tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect((self.host.as_str(), self.port)))
            .await
            .map_err(|_| LineError("cannot connect: no answer".into()))?
            .map_err(|error| LineError(format!("cannot connect: {error}")))?;
        stream.set_nodelay(true).map_err(|error| LineError(error.to_string()))?;
        let (connection, io) = handshake(TokioIo::new(stream)).await.map_err(lost)?;
        // Runs until either side hangs up; dropping the connection's handle ends it.
        tokio::spawn(async move {
            let _ = io.await;
        });
        Ok(connection)
    }
}

fn lost(error: hyper::Error) -> LineError {
    LineError(format!("the connection was lost: {error}"))
}
