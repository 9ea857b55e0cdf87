//! Sends one request and says what became of it. No retries, no proxies, no cookies; redirects only as `lever-api §1.1` asks.
//!
//! The three ends are what settling a write depends on: *answered* (the status came, so it decides), *not sent* (nothing left),
//! *lost* (it left, and no status came; for a read also when its body broke off).

use super::endpoint::{Auth, Endpoint};
use super::guard::{self, PublicOnly, REFUSED};
use super::wire::{Broken, Wire};
use crate::model::{Body, Destination, Exchange, HeaderText, Request, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, multipart, redirect, retry};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use url::Url;

/// How many redirects a read follows.
const HOPS: usize = 5;

/// What a call may take. The runtime's fencing counts on `whole`: no call outlasts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub connect: Duration,
    /// The whole call, redirects and body included.
    pub whole: Duration,
    /// The largest answer in bytes, after decompression, where the endpoint does not say otherwise.
    pub answer: usize,
}

impl Limits {
    /// For reports and other files (`lever-api §3.4`: 30 MB).
    pub const REPORT: usize = 30 * 1024 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_secs(30), answer: 1024 * 1024 }
    }
}

/// The client of this process: one is enough, its connections are shared. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    /// Reaches public addresses only. Made when first needed: without root certificates on the machine it cannot be made, and
    /// loopback must work all the same.
    public: OnceLock<Result<reqwest::Client, String>>,
    /// Reaches what the configuration names, private or not.
    named: OnceLock<Result<reqwest::Client, String>>,
    run: u32,
    calls: AtomicU64,
    /// Instead of the network.
    wire: Option<Arc<dyn Wire>>,
}

/// What one hop brought.
enum Hop {
    Answered(Response),
    NotSent(String),
    Lost(String),
}

impl Client {
    /// How long a call may take at most.
    pub fn longest(&self) -> Duration {
        self.0.limits.whole
    }

    /// A client with these limits.
    pub fn new(limits: Limits) -> Self {
        Self::over(limits, None)
    }

    /// A client that opens no socket: what it sends goes over `wire`.
    pub fn through(limits: Limits, wire: Arc<dyn Wire>) -> Self {
        Self::over(limits, Some(wire))
    }

    fn over(limits: Limits, wire: Option<Arc<dyn Wire>>) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that somebody installed one before: as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let run = getrandom::u32().unwrap_or_default();
        let calls = AtomicU64::new(0);
        Self(Arc::new(Inner { limits, public: OnceLock::new(), named: OnceLock::new(), run, calls, wire }))
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Sends `request` to `endpoint`. Never fails otherwise than by telling so.
    ///
    /// A read follows up to five redirects, a write to Lever one 301, 307 or 308, with the same method and body. Credentials go only to
    /// the base URL's own host and to hosts that the endpoint declares for them; other hosts are not asked, and the redirecting answer
    /// is the answer.
    pub async fn send(&self, request: &Request, endpoint: &Endpoint) -> Exchange {
        let begun = Instant::now();
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let exchange = self.follow(request, endpoint, begun + self.0.limits.whole).await;
        let (status, end) = match &exchange {
            Exchange::Answered(response) => (response.status, ""),
            Exchange::NotSent(cause) | Exchange::Lost(cause) => (0, cause.as_str()),
        };
        tracing::info!(
            method = request.method.as_str(),
            to = %request.to,
            path = request.shown_path(),
            status,
            end,
            call = format_args!("{:08x}-{call}", self.0.run),
            ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "call"
        );
        exchange
    }

    async fn follow(&self, request: &Request, endpoint: &Endpoint, deadline: Instant) -> Exchange {
        let mut url = match endpoint.url(&request.path) {
            Ok(url) => with_query(url, &request.query),
            Err(cause) => return Exchange::NotSent(cause),
        };
        let Some(mut credentials) = endpoint.credentials_for(&url) else {
            return Exchange::NotSent(format!("{REFUSED} a host that is not declared"));
        };
        let mut hops = if request.method.reads() { HOPS } else { usize::from(request.to == Destination::Lever) };
        loop {
            let response = match self.hop(request, endpoint, &url, credentials, deadline).await {
                Hop::Answered(response) => response,
                Hop::NotSent(cause) => return Exchange::NotSent(cause),
                Hop::Lost(cause) => return Exchange::Lost(cause),
            };
            let next = redirect_of(request, &response, &url).and_then(|next| {
                let credentials = endpoint.credentials_for(&next)?;
                // A write's body goes only where its credentials go, and https never leads to http.
                let fine = (request.method.reads() || credentials) && !(url.scheme() == "https" && next.scheme() == "http");
                fine.then_some((next, credentials))
            });
            match next {
                Some((next, next_credentials)) if hops > 0 => {
                    hops -= 1;
                    (url, credentials) = (next, next_credentials);
                }
                _ => return Exchange::Answered(response),
            }
        }
    }

    async fn hop(&self, request: &Request, endpoint: &Endpoint, url: &Url, credentials: bool, deadline: Instant) -> Hop {
        let client = if self.0.wire.is_some() {
            wireless()
        } else if endpoint.private_ok(url) {
            self.0.named.get_or_init(|| self.0.build(false))
        } else {
            if let Err(cause) = guard::literal(url) {
                return Hop::NotSent(cause);
            }
            self.0.public.get_or_init(|| self.0.build(true))
        };
        let client = match client {
            Ok(client) => client,
            Err(cause) => return Hop::NotSent(cause.clone()),
        };
        let headers = match headers(request, &endpoint.auth, credentials) {
            Ok(headers) => headers,
            Err(cause) => return Hop::NotSent(cause),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let method = Method::from_bytes(request.method.as_str().as_bytes()).unwrap_or(Method::GET);
        let prepared = client.request(method, url.clone()).headers(headers).timeout(left);
        let prepared = match with_body(prepared, &request.body) {
            Ok(prepared) => prepared,
            Err(cause) => return Hop::NotSent(cause),
        };
        let limit = request.max_answer.or(endpoint.max_answer).unwrap_or(self.0.limits.answer);
        if let Some(wire) = &self.0.wire {
            return over_wire(wire.as_ref(), prepared, left, limit, request.method.reads()).await;
        }
        match prepared.send().await {
            Ok(answer) => read(answer, limit, request.method.reads()).await,
            Err(error) if error.is_builder() || error.is_connect() => Hop::NotSent(cause(&error)),
            Err(error) => Hop::Lost(cause(&error)),
        }
    }
}

/// One hop over the simulation's wire.
async fn over_wire(wire: &dyn Wire, prepared: reqwest::RequestBuilder, left: Duration, limit: usize, reads: bool) -> Hop {
    let request = match prepared.build() {
        Ok(request) => request,
        Err(error) => return Hop::NotSent(cause(&error)),
    };
    match timeout(left, wire.carry(request)).await {
        Ok(Ok(answer)) => read(answer.into(), limit, reads).await,
        Ok(Err(Broken::NotSent(cause))) => Hop::NotSent(cause),
        Ok(Err(Broken::Lost(cause))) => Hop::Lost(cause),
        Err(_) => Hop::Lost("it took too long".to_owned()),
    }
}

/// Builds requests that go over a wire; it never opens a socket, so it needs no certificates.
fn wireless() -> &'static Result<reqwest::Client, String> {
    static BUILDER: OnceLock<Result<reqwest::Client, String>> = OnceLock::new();
    BUILDER.get_or_init(|| reqwest::Client::builder().no_proxy().tls_certs_only([]).build().map_err(|error| cause(&error)))
}

impl Inner {
    fn build(&self, public: bool) -> Result<reqwest::Client, String> {
        let builder = || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("leverd/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(self.limits.connect)
                .timeout(self.limits.whole)
                // Shorter than servers keep connections: a request on one that is just being closed is a lost one.
                .pool_idle_timeout(Duration::from_secs(15))
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .no_proxy();
            if public { builder.dns_resolver(PublicOnly) } else { builder }
        };
        match builder().build() {
            Ok(client) => Ok(client),
            // No root certificates here: what is named in the configuration may still be plain http.
            Err(_) if !public => builder().tls_certs_only([]).build().map_err(|error| cause(&error)),
            Err(error) => Err(format!("TLS cannot be set up: {}", cause(&error))),
        }
    }
}

/// Where an answer redirects this request, if it is one that may be followed.
fn redirect_of(request: &Request, response: &Response, url: &Url) -> Option<Url> {
    let follows = match response.status {
        301 | 307 | 308 => true,
        302 | 303 => request.method.reads(),
        _ => false,
    };
    if follows { url.join(response.header("location")?).ok() } else { None }
}

/// Reads an answer up to `limit` bytes. The status alone decides a write, so a write whose answer breaks off is answered.
async fn read(mut answer: reqwest::Response, limit: usize, reads: bool) -> Hop {
    let status = answer.status().as_u16();
    let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()));
    let mut headers: Vec<(String, String)> =
        answer.headers().iter().filter(|(name, _)| *name != "set-cookie").filter_map(text).collect();
    headers.retain(|(name, _)| name != Response::OVERSIZED);
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                headers.push((Response::OVERSIZED.to_owned(), limit.to_string()));
                return Hop::Answered(Response { status, headers, body: Vec::new() });
            }
            Ok(None) => return Hop::Answered(Response { status, headers, body }),
            Err(error) if reads => return Hop::Lost(cause(&error)),
            Err(_) => return Hop::Answered(Response { status, headers, body: Vec::new() }),
        }
    }
}

/// The headers of one hop: the request's own and, where they may go, the credentials.
fn headers(request: &Request, auth: &Auth, credentials: bool) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, text: &str, secret: bool| {
        let bad = || format!("the header `{name}` cannot be sent");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        if !credentials && (secret || key == AUTHORIZATION || key == COOKIE) {
            return Ok(());
        }
        let mut value = HeaderValue::from_str(text).map_err(|_| bad())?;
        value.set_sensitive(secret);
        headers.insert(key, value);
        Ok::<(), String>(())
    };
    put("accept", "application/json", false)?;
    match auth {
        Auth::None => {}
        Auth::Basic { user, password } => {
            use base64::Engine as _;
            let pair = format!("{}:{}", user.expose(), password.as_ref().map_or("", |password| password.expose()));
            put("authorization", &format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)), true)?;
        }
        Auth::Bearer(token) => put("authorization", &format!("Bearer {}", token.expose()), true)?,
        Auth::Headers(pairs) => {
            for (name, secret) in pairs {
                put(name, secret.expose(), true)?;
            }
        }
    }
    for (name, text) in &request.headers {
        match text {
            HeaderText::Plain(text) => put(name, text, false)?,
            HeaderText::Secret(secret) => put(name, secret.expose(), true)?,
        }
    }
    Ok(headers)
}

fn with_body(prepared: reqwest::RequestBuilder, body: &Body) -> Result<reqwest::RequestBuilder, String> {
    let typed = |media_type: &str| HeaderValue::from_str(media_type).map_err(|_| "the media type cannot be sent".to_owned());
    Ok(match body {
        Body::None => prepared,
        Body::Json(json) => prepared
            .header(CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(json).map_err(|_| "the body is not JSON")?),
        Body::Form(pairs) => {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            prepared.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
        }
        Body::File { part, name, media_type, bytes } => {
            let file = multipart::Part::bytes(bytes.clone()).file_name(name.clone());
            let file = file.mime_str(media_type).map_err(|_| "the media type cannot be sent")?;
            prepared.multipart(multipart::Form::new().part(part.clone(), file))
        }
        Body::Text { media_type, text } => prepared.header(CONTENT_TYPE, typed(media_type)?).body(text.clone()),
    })
}

/// The URL with the query behind what it already has. A space is `%20`, which every server reads as one.
fn with_query(mut url: Url, query: &[(String, String)]) -> Url {
    if !query.is_empty() {
        let added = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish().replace('+', "%20");
        let whole = url.query().filter(|had| !had.is_empty()).map_or_else(|| added.clone(), |had| format!("{had}&{added}"));
        url.set_query(Some(&whole));
    }
    url
}

/// The cause of a client error: its kind and the innermost message. Never the URL, which may hold a secret.
fn cause(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the request cannot be built"
    } else {
        "the connection broke off"
    };
    let mut inner: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(deeper) = inner.and_then(std::error::Error::source) {
        inner = Some(deeper);
    }
    match inner.map(ToString::to_string) {
        Some(message) if !error.is_timeout() => format!("{kind}: {message}"),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_token_is_encoded_again_and_a_space_is_no_plus() {
        let base = Url::parse("https://api.lever.co/v1/opportunities?a=1").unwrap();
        let query = [("offset".to_owned(), "%5B3%2C1%5D".to_owned()), ("tag".to_owned(), "R&D + x".to_owned())];
        let url = with_query(base, &query);
        assert_eq!(url.query(), Some("a=1&offset=%255B3%252C1%255D&tag=R%26D%20%2B%20x"));
    }
}
