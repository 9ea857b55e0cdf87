//! A request and an answer as the simulated services see them: no socket, no framework.
//!
//! The services are functions from `Ask` to `Reply` over their world; `server` is the only place that knows HTTP.

use axum::body::Bytes;
use serde_json::{Map, Value};

/// One request. The path has lost its service prefix.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// Without the service's prefix, with a leading slash.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: String,
    /// All headers that are text; names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Ask {
    /// The first header of this name, given in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The first value of a query parameter; an empty value counts as absent.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values of a repeated query parameter.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The body as a JSON object; an empty body is an empty object. `None` when it is something else.
    pub(crate) fn object(&self) -> Option<Map<String, Value>> {
        if self.body.is_empty() {
            return Some(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Some(map),
            _ => None,
        }
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Instead of a body: the content type and the bytes of a file.
    pub(crate) file: Option<(&'static str, Vec<u8>)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), file: None }
    }

    pub(crate) fn file(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), body: None, file: Some((content_type, bytes)) }
    }

    /// A status without a body.
    pub(crate) fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, file: None }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn no_content() -> Self {
        Self::bare(204)
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// One object with the fields of several. Long records are written in parts: the `json!` macro recurses per field.
pub(crate) fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

/// Compares path segments with a pattern whose `{…}` segments stand for anything; gives what they stood for.
pub(crate) fn match_path<'a>(pattern: &str, segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let wanted: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let mut holes = Vec::new();
    for (want, have) in wanted.iter().zip(segments) {
        if want.starts_with('{') {
            holes.push(*have);
        } else if want != have {
            return None;
        }
    }
    Some(holes)
}
