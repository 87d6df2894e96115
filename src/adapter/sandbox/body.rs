//! The parameters of a call, however they were sent: query, form, JSON or multipart.
//!
//! As lenient as the real server: numbers may be strings, nested objects may be JSON in a string.

use super::failure::Refusal;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The largest body taken, as the real server's 50 MB for uploads.
const MAX_BODY: usize = 52 << 20;

/// A file that came with a multipart body.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// As the client named it.
    pub name: String,
    /// As the client declared it.
    pub mime: String,
    /// Content.
    pub bytes: Bytes,
}

/// Parameters by name, and uploaded files by part name.
#[derive(Debug, Default)]
pub(super) struct Params {
    values: Map<String, Value>,
    /// Uploaded files by part name.
    pub files: HashMap<String, Upload>,
}

impl Params {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// 400 or 413 where a body cannot be read.
    pub async fn read(query: Option<&str>, headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        let mut params = Self::default();
        if let Some(query) = query {
            params.add_form(query.as_bytes());
        }
        let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        if kind.starts_with("multipart/form-data") {
            params.add_multipart(kind, body).await?;
            return Ok(params);
        }
        let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
        if kind.starts_with("application/json") {
            if !bytes.is_empty() {
                params.values = serde_json::from_slice(&bytes).map_err(|_| Refusal::bad("can't parse JSON object"))?;
            }
        } else {
            params.add_form(&bytes);
        }
        Ok(params)
    }

    fn add_form(&mut self, form: &[u8]) {
        for pair in form.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
            let value = pair.get(cut + 1..).unwrap_or_default();
            self.values.insert(unescape(&pair[..cut]), Value::String(unescape(value)));
        }
    }

    async fn add_multipart(&mut self, kind: &str, body: Body) -> Result<(), Refusal> {
        let broken = |_| Refusal::bad("can't parse multipart body");
        let boundary = multer::parse_boundary(kind).map_err(broken)?;
        let limit = multer::SizeLimit::new().whole_stream(MAX_BODY as u64);
        let rules = multer::Constraints::new().size_limit(limit);
        let mut parts = multer::Multipart::with_constraints(body.into_data_stream(), boundary, rules);
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            if let Some(file) = part.file_name().map(str::to_owned) {
                let mime = part.content_type().map_or("application/octet-stream".into(), ToString::to_string);
                let bytes = part.bytes().await.map_err(broken)?;
                self.files.insert(name, Upload { name: file, mime, bytes });
            } else {
                let bytes = part.bytes().await.map_err(broken)?;
                self.values.insert(name, Value::String(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok(())
    }

    /// A whole number, also from a string.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A number, also from a string.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.values.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A switch; anything but true, 1 and yes is off.
    pub fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(on)) => *on,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "True" | "1" | "yes"),
            _ => false,
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }

    /// A nested value: itself, or JSON in a string. `None` where it is missing or empty.
    ///
    /// # Errors
    /// 400 where the string is no JSON.
    pub fn nested(&self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::bad(&format!("can't parse {name} JSON object"))),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

/// Undoes `application/x-www-form-urlencoded`.
pub(super) fn unescape(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let hex = |i: usize| text.get(i).and_then(|&b| char::from(b).to_digit(16));
        match (text[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).expect("two hex digits fit a byte"));
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read() {
        let mut params = Params::default();
        params.add_form("chat_id=-100&text=%E4%BD%A0%E5%A5%BD+a%26b&flag=true&odd=%zz&m=%7B%22a%22%3A1%7D".as_bytes());
        assert_eq!(params.int("chat_id"), Some(-100));
        assert_eq!(params.text("text"), Some("你好 a&b"));
        assert!(params.flag("flag"));
        assert_eq!(params.text("odd"), Some("%zz"));
        assert_eq!(params.nested("m").unwrap().unwrap()["a"], 1);
        assert!(params.nested("odd").is_err());
    }
}
