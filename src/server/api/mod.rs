//! The API for programs: what the console shows and does, as JSON under `/api/v1`, behind bearer tokens.
//!
//! [`openapi`] describes every operation and is what `schema/openapi.json` is made of; the shapes of answers are in [`shape`]. Whatever is
//! refused is answered with a problem (RFC 9457) that says what is wrong and what to do. What is done is recorded before it is done, as
//! by the console.

mod ask;
pub mod openapi;
mod parked;
mod problem;
mod read;
mod shape;

use super::Shared;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use problem::Problem;

/// Where it is.
pub const BASE: &str = "/api/v1";

/// Every route.
pub(super) fn router(shared: Shared) -> Router<Shared> {
    let routes = Router::new()
        .route("/status", get(read::status))
        .route("/accounts", get(read::accounts))
        .route("/parked", get(parked::list))
        .route("/parked/{id}/retry", post(parked::retry))
        .route("/parked/{id}/skip", post(parked::skip))
        .route("/accounts/{account}/opportunities/{opportunity}/runs", get(read::runs))
        .route("/accounts/{account}/opportunities/{opportunity}/why", get(read::why))
        .route("/deeds", get(read::deeds))
        .route("/openapi.json", get(document))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(shared, keep));
    Router::new().nest(BASE, routes)
}

/// Lets a request through with who makes it. Nothing of the API is kept in a cache.
async fn keep(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let access = &shared.node.access;
    let mut answer = if access.has_tokens() {
        let header = request.headers().get(header::AUTHORIZATION);
        let bearer = header.map(HeaderValue::as_bytes).and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        });
        match bearer.and_then(|token| access.bearer(token)) {
            Some(visitor) => {
                request.extensions_mut().insert(visitor);
                next.run(request).await
            }
            None => Problem::unauthorized(bearer.is_some()).into_response(),
        }
    } else {
        Problem::new(StatusCode::NOT_FOUND, "the API is off: leverd.yaml has no `server.api` with tokens").into_response()
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

async fn document() -> Response {
    Json(openapi::document()).into_response()
}

async fn nowhere() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing here; /api/v1/openapi.json tells what there is")
}

async fn not_so() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method; /api/v1/openapi.json tells which")
}
