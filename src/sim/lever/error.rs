//! Lever's error answers: `{code, message}` and a status (lever-api §2.2). Codes without a recording are marked.

use serde_json::json;

use crate::sim::wire::Reply;

#[derive(Debug)]
pub(crate) struct LeverError {
    status: u16,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl LeverError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestError", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "UnauthorizedError", "The request requires authentication.")
    }

    /// The code is an assumption; only the status is documented.
    pub(crate) fn forbidden(scope: &str) -> Self {
        Self::new(403, "ForbiddenError", format!("This credential lacks the permission {scope}"))
    }

    /// An access token of another environment: its signing key is not known here.
    pub(crate) fn foreign_token(signed_by: &str) -> Self {
        Self::new(403, "ForbiddenError", format!("Unable to find a signing key that matches '{signed_by}'"))
    }

    pub(crate) fn not_found(collection: &str, id: &str) -> Self {
        Self::new(404, "ResourceNotFound", format!("{collection} {id} was not found"))
    }

    pub(crate) fn no_such_path(path: &str) -> Self {
        Self::new(404, "ResourceNotFound", format!("/v1{path} does not exist"))
    }

    /// Body and headers are assumptions: no 429 was ever recorded.
    pub(crate) fn too_many_requests(retry_after: Option<u64>) -> Self {
        Self { retry_after, ..Self::new(429, "TooManyRequestsError", "Rate limit exceeded") }
    }

    pub(crate) fn into_reply(self) -> Reply {
        let reply = Reply::new(self.status, json!({ "code": self.code, "message": self.message }));
        match self.retry_after {
            Some(seconds) => reply.with_header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}
