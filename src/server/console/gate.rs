//! Who gets in, and what every answer of the console carries.
//!
//! A page that would change something is asked for by POST, with the token that only our own pages know; a request that a browser says
//! comes from elsewhere is refused before that.

use super::html::Page;
use super::{Peer, Shared};
use crate::lang::html::escaped;
use crate::runtime::access::Visitor;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::{IpAddr, Ipv4Addr};

/// Nothing but our own style, script and pictures; in no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// A form holds no more, files that are tried included.
const LARGEST: usize = 512 * 1024;
/// What is open to everybody.
const OPEN: [&str; 4] = ["/console/login", "/console/enter", "/console/oidc", "/console/static/"];

/// Who is at the other end of the connection. Behind a proxy that is the proxy.
pub(super) fn peer(request: &axum::http::Extensions) -> IpAddr {
    request.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical())
}

/// The session's cookie, if the browser sent one.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Lets a request through to its page, with its visitor; adds what every answer carries.
pub(super) async fn keep(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let access = &shared.node.access;
    let path = request.uri().path().to_owned();
    let kept = path.starts_with("/console/static/");
    let answer = if access.is_on() {
        let headers = request.headers();
        let read = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let session = access.cookie();
        let visitor = access.visitor(&shared.node, peer(request.extensions()), read, cookie(headers, &session));
        let open = OPEN.iter().any(|open| path.starts_with(open));
        match visitor {
            _ if request.method() == Method::POST && foreign(headers) => refuse(
                None,
                StatusCode::FORBIDDEN,
                "Not from here",
                "This was sent by another site's page. Nothing was changed.",
            ),
            Some(visitor) => {
                request.extensions_mut().insert(visitor);
                next.run(request).await
            }
            None if open => next.run(request).await,
            None if request.method() == Method::GET => {
                let back = request.uri().path_and_query().map_or(path.as_str(), |path| path.as_str());
                let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
                Redirect::to(&format!("/console/login?to={back}")).into_response()
            }
            None => refuse(
                None,
                StatusCode::UNAUTHORIZED,
                "You are not logged in",
                "Your session has ended, and nothing was changed. Log in and do it again.",
            ),
        }
    } else {
        (
            StatusCode::NOT_FOUND,
            "The console is off: leverd listens on more than this machine, and leverd.yaml has no `server.console` with users or a \
             proxy (schema/config.md tells how).\n",
        )
            .into_response()
    };
    secured(answer, kept)
}

fn secured(mut answer: Response, kept: bool) -> Response {
    let headers = answer.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    // Candidates' data stays in no cache.
    if !kept || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

/// Whether a browser says that a page of another site sent this.
fn foreign(headers: &HeaderMap) -> bool {
    let read = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = read("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return true;
    }
    match (read("origin"), read("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        _ => false,
    }
}

/// A page that says why not.
pub(super) fn refuse(visitor: Option<&Visitor>, status: StatusCode, title: &str, text: &str) -> Response {
    let next = if visitor.is_none() && status == StatusCode::UNAUTHORIZED {
        "<p><a class=\"button\" href=\"/console/login\">Log in</a></p>"
    } else {
        "<p><a href=\"/console\">Back to the console</a></p>"
    };
    let body = format!("<p>{}</p>{next}", escaped(text));
    Page { at: "", title, visitor, live: false, body }.answer(status)
}

/// The page where the store does not answer.
pub(super) fn broken(visitor: &Visitor, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a page of the console could not be made");
    let text = format!("The store does not answer: {error}. Reload the page in a moment; /health/ready tells when it is back.");
    refuse(Some(visitor), StatusCode::SERVICE_UNAVAILABLE, "Not now", &text)
}

/// What a form holds.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The fields of an address or of a body.
    pub(super) fn of(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }
}

/// Reads a form. Before somebody is logged in there is no token to ask for.
pub(super) async fn read(body: Body) -> Option<Fields> {
    Some(Fields::of(&to_bytes(body, LARGEST).await.ok()?))
}

/// A form of a visitor's, with its token.
pub(super) async fn form(visitor: &Visitor, body: Body) -> Result<Fields, Response> {
    let Some(fields) = read(body).await else {
        let text = "The form is larger than 512 KiB. Nothing was changed.";
        return Err(refuse(Some(visitor), StatusCode::PAYLOAD_TOO_LARGE, "Too much", text));
    };
    if visitor.form.is_empty() || !crate::model::Secret::new(visitor.form.as_str()).matches(fields.get("token").as_bytes()) {
        let text = "The form was not made by this console for you, or it is from before you logged in. Nothing was changed: go \
                    back, reload the page and try again.";
        return Err(refuse(Some(visitor), StatusCode::FORBIDDEN, "This form is not good", text));
    }
    Ok(fields)
}

/// The same, of somebody who may act.
pub(super) async fn deed(visitor: &Visitor, body: Body) -> Result<Fields, Response> {
    if !visitor.acts() {
        return Err(only_operators(visitor));
    }
    form(visitor, body).await
}

/// No page has this address.
pub(super) async fn lost(visitor: Option<axum::Extension<Visitor>>) -> Response {
    let visitor = visitor.map(|axum::Extension(visitor)| visitor);
    refuse(visitor.as_ref(), StatusCode::NOT_FOUND, "There is no such page", "The address may have been cut off.")
}

/// What somebody is told who may look only.
pub(super) fn only_operators(visitor: &Visitor) -> Response {
    let text = "You may look at everything and change nothing. An operator can do this (`role: operator` in leverd.yaml).";
    refuse(Some(visitor), StatusCode::FORBIDDEN, "Only operators may do this", text)
}
