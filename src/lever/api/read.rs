//! What an answer of Lever says: the value, one page of values, or why there is none.

use super::json::bare;
use crate::model::{Code, Exchange, Outcome, Reason, Request, Response};
use jiff::SignedDuration;
use serde_json::Value as Json;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The opaque token of the next page. It already contains `%` and is encoded once more, like any query value
    /// (`lever-api §2.3`).
    pub next: Option<String>,
}

/// Why a read brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Lever does not know it (any more): R3.
    Gone(Reason),
    /// Try again, not before `after`.
    Retry { after: Option<SignedDuration>, reason: Reason },
    /// Lever refuses our credentials, or they lack a permission: R2.
    Suspended(Reason),
    /// This will not get better by itself: R4, R5, R9.
    Dead(Reason),
}

impl From<Unread> for Outcome {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Gone(reason) | Unread::Dead(reason) => Self::Dead { reason },
            Unread::Retry { after, reason } => Self::Retry { after, reason },
            Unread::Suspended(reason) => Self::Suspended { reason },
        }
    }
}

impl Unread {
    /// The reason, whatever kind it is.
    pub const fn reason(&self) -> &Reason {
        match self {
            Self::Gone(reason) | Self::Suspended(reason) | Self::Dead(reason) | Self::Retry { reason, .. } => reason,
        }
    }
}

/// Lever's error body, as far as it could be read. Branch on the status; `code` is free text (`lever-api §2.2`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiError {
    pub code: Option<String>,
    /// Fit for people: no e-mail addresses, one line, at most 200 characters.
    pub message: Option<String>,
}

impl ApiError {
    /// What the body of an error answer says; an empty or foreign body says nothing.
    pub fn of(response: &Response) -> Self {
        let json = response.json().unwrap_or(Json::Null);
        let json = if json.get("error").is_some_and(Json::is_object) {
            json.get("error").cloned().unwrap_or(Json::Null)
        } else {
            json
        };
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(scrub).filter(|text| !text.is_empty());
        Self { code: text("code"), message: text("message").or_else(|| text("error")) }
    }

    /// `: <message>`, or nothing.
    pub(crate) fn suffix(&self) -> String {
        self.message.as_ref().or(self.code.as_ref()).map(|text| format!(": {text}")).unwrap_or_default()
    }
}

/// A foreign message made fit for logs and people: e-mail addresses and links masked, control characters and newlines gone, at
/// most 200 characters.
pub fn scrub(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        words.push(if word.contains('@') || word.contains("://") { "***" } else { word });
    }
    words.join(" ").chars().take(200).collect()
}

/// The value in an answer to a read, without its envelope.
pub fn answer(exchange: &Exchange) -> Result<Json, Unread> {
    let response = match exchange {
        Exchange::Answered(response) => response,
        Exchange::NotSent(cause) => {
            return Err(Unread::Retry {
                after: None,
                reason: Reason::new(Code::R1, format!("Lever could not be reached: {cause}")),
            });
        }
        Exchange::Lost(cause) => {
            return Err(Unread::Retry { after: None, reason: Reason::new(Code::R1, format!("Lever did not answer: {cause}")) });
        }
    };
    if !response.ok() {
        return Err(refused(response));
    }
    if let Some(limit) = response.header(Response::OVERSIZED) {
        return Err(Unread::Dead(Reason::new(Code::R9, format!("Lever's answer is larger than the limit of {limit} bytes"))));
    }
    response.json().ok_or_else(|| Unread::Dead(Reason::new(Code::R5, "Lever's answer is not JSON")))
}

/// Why Lever did not answer a read with a value.
fn refused(response: &Response) -> Unread {
    let error = ApiError::of(response);
    let reason = |code: Code, what: &str| Reason::new(code, format!("{what} ({}){}", response.status, error.suffix()));
    match response.status {
        401 => Unread::Suspended(reason(Code::R2, "Lever does not accept the credentials of this account")),
        403 if error.confidential() => {
            Unread::Dead(reason(Code::R2, "Lever keeps this confidential and the credentials may not see it"))
        }
        403 => Unread::Suspended(reason(Code::R2, "the credentials lack a permission for this in Lever")),
        404 | 410 => Unread::Gone(reason(Code::R3, "Lever does not know this any more")),
        408 | 425 | 429 | 500.. => {
            Unread::Retry { after: retry_after(response), reason: reason(Code::R1, "Lever is not available") }
        }
        300..=399 => Unread::Dead(reason(Code::R4, "Lever redirects to where its credentials must not go")),
        _ => Unread::Dead(reason(Code::R4, "Lever refuses the request")),
    }
}

impl ApiError {
    /// Whether the refusal is about a confidential object rather than about the endpoint: no reason to suspend the account.
    pub(crate) fn confidential(&self) -> bool {
        [&self.code, &self.message].into_iter().flatten().any(|text| text.to_lowercase().contains("confidential"))
    }
}

/// How long the answer asks us to wait: `Retry-After` in seconds, or as a date counted from the answer's own `Date`.
pub(crate) fn retry_after(response: &Response) -> Option<SignedDuration> {
    let text = response.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(response.header("date")?).ok()?;
    SignedDuration::try_from(until.duration_since(now).ok()?).ok()
}

/// One value, decoded by `decode`; what lacks its id does not decode (R5).
pub(super) fn one<T>(exchange: &Exchange, what: &str, decode: impl Fn(&Json) -> Option<T>) -> Result<T, Unread> {
    let json = bare(answer(exchange)?);
    decode(&json).ok_or_else(|| Unread::Dead(Reason::new(Code::R5, format!("Lever's answer is not {what}"))))
}

/// One page, each item decoded by `decode`. An item that does not decode fails the page: a list with holes would pass as whole.
pub(super) fn page<T>(exchange: &Exchange, what: &str, decode: impl Fn(&Json) -> Option<T>) -> Result<Page<T>, Unread> {
    let bad = || Unread::Dead(Reason::new(Code::R5, format!("Lever's answer is not a list of {what}")));
    let json = answer(exchange)?;
    // `hasNext` false wins over a `next` that is there all the same; a list without `hasNext` (webhooks) is whole.
    let more = json.get("hasNext").and_then(Json::as_bool).unwrap_or(false);
    let next = json.get("next").and_then(Json::as_str).filter(|next| more && !next.is_empty()).map(str::to_owned);
    if more && next.is_none() {
        return Err(bad());
    }
    let Json::Array(items) = bare(json) else { return Err(bad()) };
    let items = items.iter().map(decode).collect::<Option<Vec<T>>>().ok_or_else(bad)?;
    Ok(Page { items, next })
}

/// The same list request for the page behind `token`.
pub fn next_page(request: &Request, token: &str) -> Request {
    let mut next = request.clone();
    next.query.retain(|(name, _)| name != "offset");
    next.query("offset", token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Unread {
        let response = Response { status, headers: vec![("retry-after".into(), "7".into())], body: body.into() };
        answer(&Exchange::Answered(response)).unwrap_err()
    }

    #[test]
    fn the_status_decides_and_the_body_may_be_anything() {
        assert!(
            matches!(refusal(401, "{\"code\":\"UnauthorizedError\",\"message\":\"x\"}"), Unread::Suspended(reason) if reason.code == Code::R2)
        );
        assert!(matches!(refusal(404, "<html>"), Unread::Gone(reason) if reason.code == Code::R3));
        assert!(matches!(refusal(400, ""), Unread::Dead(reason) if reason.code == Code::R4));
        assert!(matches!(refusal(429, "null"), Unread::Retry { after: Some(after), .. } if after.as_secs() == 7));
        assert!(matches!(refusal(503, "[]"), Unread::Retry { .. }));
        assert!(matches!(refusal(403, "{\"message\":\"Confidential opportunity\"}"), Unread::Dead(_)));
    }

    #[test]
    fn a_foreign_message_loses_addresses_and_length() {
        let long = format!("no ada@example.com\nat https://example.com/x {}", "y".repeat(500));
        let clean = scrub(&long);
        assert!(clean.starts_with("no *** at *** yyy") && clean.chars().count() == 200, "{clean}");
    }

    #[test]
    fn a_retry_date_counts_from_the_answers_own_date() {
        let headers = vec![
            ("retry-after".into(), "Fri, 20 Nov 2026 10:00:30 GMT".into()),
            ("date".into(), "Fri, 20 Nov 2026 10:00:00 GMT".into()),
        ];
        let after = retry_after(&Response { status: 429, headers, body: Vec::new() });
        assert_eq!(after, Some(SignedDuration::from_secs(30)));
    }
}
