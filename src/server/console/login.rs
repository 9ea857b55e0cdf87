//! Coming in and going out.

use super::Shared;
use super::gate::{self, Fields};
use super::html::{Page, hidden};
use crate::lang::html::escaped;
use crate::model::Secret;
use crate::runtime::access::{NotIn, Visitor};
use crate::runtime::view::deed;
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Option<Extension<Visitor>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    if visitor.is_some() {
        return Redirect::to(&back(query.get("to"))).into_response();
    }
    page(&shared, query.get("to"), "", "", StatusCode::OK)
}

pub(super) fn page(shared: &Shared, to: &str, name: &str, why: &str, status: StatusCode) -> Response {
    let link = "<code>leverd console</code>, run where leverd runs, prints a link that lets you in.";
    let why = if why.is_empty() { String::new() } else { format!("<p class=\"alarm\" role=\"alert\">{}</p>", escaped(why)) };
    let provider = shared.node.access.provider().map(|host| {
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        format!("<p><a class=\"button\" href=\"/console/oidc/start?to={to}\">Log in at {}</a></p>", escaped(&host))
    });
    let body = if !shared.node.access.has_users()
        && let Some(provider) = &provider
    {
        format!("{why}{provider}")
    } else if shared.node.access.has_users() {
        let why = format!("{why}{}", provider.unwrap_or_default());
        format!(
            "{why}<form method=\"post\" action=\"/console/login\" class=\"stack\">{}\
             <label>Name<input name=\"name\" value=\"{}\" autocomplete=\"username\" autocapitalize=\"none\" required autofocus></label>\
             <label>Password<input type=\"password\" name=\"password\" autocomplete=\"current-password\" required></label>\
             <button>Log in</button></form><p class=\"soft\">No password? {link}</p>",
            hidden("to", to),
            escaped(name),
        )
    } else {
        format!(
            "{why}<p>{link}</p><p class=\"soft\">The link is good for ten minutes, and once. Passwords and a proxy are set under \
                 <code>server.console</code> in leverd.yaml.</p>"
        )
    };
    Page { at: "", title: "Log in to leverd", visitor: None, live: false, body }.answer(status)
}

/// Only our own pages: an address from elsewhere would lead there.
pub(super) fn back(to: &str) -> String {
    let ours =
        (to == "/console" || to.starts_with("/console/") || to.starts_with("/console?")) && !to.contains(['\\', '\r', '\n']);
    if ours { to.to_owned() } else { "/console".to_owned() }
}

pub(super) async fn log_in(State(shared): State<Shared>, request: Request) -> Response {
    let peer = gate::peer(request.extensions());
    let (parts, body) = request.into_parts();
    let Some(fields) = gate::read(body).await else {
        return page(&shared, "", "", "This was more than a name and a password.", StatusCode::PAYLOAD_TOO_LARGE);
    };
    let (name, to) = (fields.get("name"), fields.get("to"));
    let access = &shared.node.access;
    match access.log_in(&shared.node, name, Secret::new(fields.get("password")), peer).await {
        Ok(session) => came_in(&shared, &parts.headers, &session, &back(to)).await,
        Err(NotIn::Wrong) => page(&shared, to, name, "Name or password is wrong.", StatusCode::UNAUTHORIZED),
        Err(NotIn::Wait(seconds)) => {
            let why = format!("Too many wrong passwords: try again in {seconds} s.");
            page(&shared, to, name, &why, StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

/// Somebody opens the link that the owner of the store asked for.
pub(super) async fn enter(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    match shared.node.access.enter(&shared.node, query.get("ticket")) {
        Some(session) => came_in(&shared, &headers, &session, "/console").await,
        None => page(&shared, "", "", "This link was used before, or it is too old.", StatusCode::GONE),
    }
}

pub(super) async fn came_in(shared: &Shared, headers: &HeaderMap, session: &str, to: &str) -> Response {
    let node = &shared.node;
    let none = |_: &str| None;
    if let Some(visitor) = node.access.visitor(node, [0, 0, 0, 0].into(), none, Some(session))
        && let Err(error) = deed::record(node, &visitor, None, "came in", "").await
    {
        return gate::broken(&visitor, &error);
    }
    let set = format!("{}={session}; Path=/console; HttpOnly; SameSite=Lax{}", node.access.cookie(), secure(shared, headers));
    answer(to, &set)
}

/// Behind HTTPS the cookie is for HTTPS alone.
pub(super) fn secure(shared: &Shared, headers: &HeaderMap) -> &'static str {
    let public = shared.node.public_url.load();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let here =
        |url: &url::Url| url.scheme() == "https" && url.host_str().is_some_and(|name| host.split(':').next() == Some(name));
    if public.as_ref().as_ref().is_some_and(here) { "; Secure" } else { "" }
}

fn answer(to: &str, set: &str) -> Response {
    let mut answer = (StatusCode::SEE_OTHER, "").into_response();
    for (name, value) in [(header::LOCATION, to), (header::SET_COOKIE, set)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

pub(super) async fn log_out(
    State(shared): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refused) = gate::form(&visitor, body).await {
        return refused;
    }
    let name = shared.node.access.cookie();
    if let Some(session) = gate::cookie(&headers, &name) {
        shared.node.access.log_out(&shared.node, session);
    }
    answer("/console/login", &format!("{name}=; Path=/console; HttpOnly; SameSite=Lax; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    use super::back;

    #[test]
    fn one_comes_back_to_our_own_pages_only() {
        assert_eq!(back("/console/parked?account=acme"), "/console/parked?account=acme");
        for elsewhere in ["", "//evil.example", "https://evil.example/console", "/consoles", "/console/\r\nx: y"] {
            assert_eq!(back(elsewhere), "/console", "{elsewhere:?}");
        }
    }
}
