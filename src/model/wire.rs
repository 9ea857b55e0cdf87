//! Requests and answers as values: what the dialects make and read, what `http` sends, what a dry run prints.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whom a request is for. The base URL, the credentials and the budget belong to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Lever,
    /// A vendor's connection, by vendor name.
    Vendor(super::VendorName),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lever => f.write_str("Lever"),
            Self::Vendor(vendor) => vendor.fmt(f),
        }
    }
}

/// The methods that dialects use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the request changes nothing, so that it may be repeated and follow redirects.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// The text of a header: plain, or a secret that prints as `***`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HeaderText {
    Plain(String),
    Secret(Secret),
}

/// A request's body. `Debug` tells its kind and size only: bodies hold candidates' data, and secrets where a vendor wants them there.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    None,
    Json(serde_json::Value),
    Form(Vec<(String, String)>),
    /// `multipart/form-data` with one file.
    File {
        part: String,
        name: String,
        media_type: String,
        bytes: Vec<u8>,
    },
    Text {
        media_type: String,
        text: String,
    },
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Json(_) => f.write_str("JSON"),
            Self::Form(fields) => write!(f, "a form of {} fields", fields.len()),
            Self::File { media_type, bytes, .. } => write!(f, "a file of {} bytes ({media_type})", bytes.len()),
            Self::Text { media_type, text } => write!(f, "a text of {} bytes ({media_type})", text.len()),
        }
    }
}

/// One request, not yet sent. `Debug` shows what [`Request::line`] shows, the names of its headers, and the kind of its body.
#[derive(Clone, PartialEq, Serialize)]
pub struct Request {
    pub to: Destination,
    pub method: Method,
    /// A path below the destination's base URL (`/opportunities/…`, already percent-encoded), or an absolute `https://…` URL whose
    /// host the adapter declares.
    pub path: String,
    /// Decoded; encoded when sent.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, HeaderText)>,
    pub body: Body,
    /// Secrets that the path, the body or the query hold: printing masks every occurrence.
    pub masks: Vec<Secret>,
    /// The largest answer in bytes, where it is more than the destination's usual one: a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_answer: Option<usize>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_tuple("Request").field(&format_args!("{}", self.line())).field(&headers).field(&self.body).finish()
    }
}

impl Request {
    /// A request without query, headers or body.
    pub fn new(to: Destination, method: Method, path: impl Into<String>) -> Self {
        Self {
            to,
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            masks: Vec::new(),
            max_answer: None,
        }
    }

    /// The request with one more query parameter.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The request with a JSON body.
    pub fn json(mut self, body: serde_json::Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// `GET Lever /opportunities/1`: for logs and attempts. No query, no body, no secret.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.method.as_str(), self.to, self.shown_path())
    }

    /// The path for people: without its query, and with every secret masked, as it is and percent-encoded.
    pub fn shown_path(&self) -> String {
        let path = self.path.split(['?', '#']).next().unwrap_or_default().to_owned();
        let mut masks: Vec<&str> = self.masks.iter().map(Secret::expose).filter(|secret| !secret.is_empty()).collect();
        // One may begin with another: what is left of the longer one must not show.
        masks.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        masks.iter().fold(path, |path, secret| path.replace(secret, "***").replace(&percent_encoded(secret), "***"))
    }
}

/// Percent-encodes everything but letters, digits and `-._~`: a segment of a path.
pub fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    let mut path = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

/// An answer. `Debug` tells its status and size only: an answer may hold a token, and somebody's data.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

impl Response {
    /// A header that our client adds, with the limit in bytes, when the body was larger than allowed. The body is then empty.
    pub const OVERSIZED: &str = "x-leverd-oversized";

    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, text)| text.as_str())
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status says success.
    pub const fn ok(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    Answered(Response),
    /// It never left: DNS, connect, TLS, refused by our own guard. The text names the cause without secrets.
    NotSent(String),
    /// It left and no whole answer came: timeout, reset.
    Lost(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, masks: &[&str]) -> String {
        let mut request = Request::new(Destination::Lever, Method::Get, path);
        request.masks = masks.iter().map(|mask| Secret::new(*mask)).collect();
        request.line()
    }

    #[test]
    fn a_line_shows_neither_query_nor_secret() {
        assert_eq!(shown("https://files.example/r.pdf?token=s3cret", &[]), "GET Lever https://files.example/r.pdf");
        assert_eq!(shown("/r#token=s3cret", &[]), "GET Lever /r");
        assert_eq!(shown("/hooks/s3cret?key=s3cret", &["s3cret", ""]), "GET Lever /hooks/***");
        assert_eq!(shown("/hooks/a%2Fb%20c/d", &["a/b c"]), "GET Lever /hooks/***/d");
        assert_eq!(shown("/hooks/s3cret-and-more", &["s3cret", "s3cret-and-more"]), "GET Lever /hooks/***");
    }
}
