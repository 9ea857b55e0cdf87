//! The two addresses that a person passes who logs in to Lever: where it begins, and where Lever sends them back to.

use super::Shared;
use crate::lang::html::escaped;
use crate::model::AccountId;
use crate::runtime::login::{self, Page};
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::fmt::Write as _;

impl IntoResponse for Page {
    /// No script, nothing from elsewhere, in no frame, and no address of this page to anybody else.
    fn into_response(self) -> Response {
        let mut html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{0}</title><h1>{0}</h1>",
            escaped(&self.title)
        );
        for paragraph in &self.text {
            let _ = write!(html, "<p>{}</p>", escaped(paragraph));
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, html).into_response();
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}

pub(super) async fn start(State(shared): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    match login::begin(&shared.node, &AccountId::new(get("account")), get("ticket")).await {
        Ok(url) => {
            let mut response = Redirect::to(url.as_str()).into_response();
            let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
            response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
            response
        }
        Err(page) => page.into_response(),
    }
}

pub(super) async fn callback(State(shared): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> Page {
    login::end(shared.node, query).await
}
