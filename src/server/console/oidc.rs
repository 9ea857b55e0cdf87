//! Coming in by a provider of identities: away to it, and back.

use super::Shared;
use super::gate::{self, Fields};
use super::login::{back as ours, came_in, page, secure};
use crate::runtime::access::Returned;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What the browser keeps while it is away.
const KEPT: &str = "leverd-login";

pub(super) async fn start(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let to = ours(query.get("to"));
    match shared.node.access.begin_oidc(&shared.node, &to).await {
        Ok(sent) => {
            let secure = secure(&shared, &headers);
            let set = format!("{KEPT}={}; Path=/console/oidc; HttpOnly; SameSite=Lax; Max-Age=900{secure}", sent.keep);
            (StatusCode::SEE_OTHER, [(header::LOCATION, sent.url.to_string()), (header::SET_COOKIE, set)]).into_response()
        }
        Err(why) => {
            tracing::error!(why, "nobody can log in by the provider");
            page(&shared, &to, "", &format!("You cannot log in there now: {why}."), StatusCode::BAD_GATEWAY)
        }
    }
}

pub(super) async fn back(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = Fields::of(query.unwrap_or_default().as_bytes());
    let kept = gate::cookie(&headers, KEPT).unwrap_or_default();
    let back = Returned { state: query.get("state"), code: query.get("code"), error: query.get("error"), kept };
    match shared.node.access.finish_oidc(&shared.node, back).await {
        Ok((session, to)) => came_in(&shared, &headers, &session, &ours(&to)).await,
        Err(why) => page(&shared, "", "", &why, StatusCode::FORBIDDEN),
    }
}
