//! Small pages for people: no script, nothing loaded from elsewhere, readable on a phone.

use crate::lang::html::escaped;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("page.css");

/// One page.
#[derive(Debug)]
pub(super) struct Html {
    status: u16,
    text: String,
}

impl Html {
    /// A page with this title and content. The title is escaped here, the content by whoever makes it.
    pub(super) fn new(status: u16, title: &str, content: &str) -> Self {
        let title = escaped(title);
        let text = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>"
        );
        Self { status, text }
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        use base64::Engine as _;
        use sha2::{Digest, Sha256};
        let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers: [(HeaderName, String); 5] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            // The address is a secret: nobody that the page leads to may learn it, and nobody keeps it.
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, headers, self.text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_writes_is_text_and_not_html() {
        let page = Html::new(200, "<script>a & b</script>", "");
        assert!(page.text.contains("<h1>&lt;script&gt;a &amp; b&lt;/script&gt;</h1>"), "{}", page.text);
        assert!(!page.text.contains("<script"));
    }

    #[test]
    fn a_page_runs_no_script_and_gives_its_address_to_nobody() {
        let answer = Html::new(410, "Closed", "").into_response();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(answer.status(), 410);
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!((header("referrer-policy"), header("cache-control")), ("no-referrer", "no-store"));
    }
}
