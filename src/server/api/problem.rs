//! What is refused: a status, and a sentence for whoever wrote the program.

use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// Why a request was not answered as it was meant (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// The name of the status.
    pub(super) title: String,
    pub(super) status: u16,
    /// What is wrong and what to do.
    pub(super) detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Refused").to_owned();
        Self { title, status: status.as_u16(), detail: detail.into() }
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// No token, or one that is nobody's.
    pub(super) fn unauthorized(presented: bool) -> Self {
        let detail = if presented {
            "this token is none of those in `server.api.tokens` of leverd.yaml"
        } else {
            "send `Authorization: Bearer TOKEN` with one of the tokens in `server.api.tokens` of leverd.yaml"
        };
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::unknown(what),
            StoreError::Unavailable(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error}; ask again later")),
            StoreError::Corrupt(_)
            | StoreError::Newer { .. }
            | StoreError::Locked { .. }
            | StoreError::Fenced
            | StoreError::Unmade { .. }
            | StoreError::Copy(_) => {
                tracing::error!(%error, "the API could not answer");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(&self)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"leverd\""));
        }
        answer
    }
}
