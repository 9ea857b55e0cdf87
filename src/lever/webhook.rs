//! Opening a delivery of Lever's webhook: is it JSON, is it signed, is it a ping, is it the event of its path?
//!
//! Lever's signature covers only `token` and `triggeredAt` (`lever-api §4.3`): whoever holds one valid triple can attach other data
//! to it. So a delivery is identified by its token, which is signed, and never by its `id`, which is not; and what it says is
//! confirmed by the API before anything is done ([`super::decode`]). Size limits are the server's.

use super::api::time;
use crate::model::{Hint, LeverEvent, Secret, hex};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// Lever keeps its history, and so its Rerun button, for two weeks; what is older is only a hint.
const OLD: SignedDuration = SignedDuration::from_hours(15 * 24);
/// What clocks may differ by before a delivery from the future is only a hint.
const FUTURE: SignedDuration = SignedDuration::from_mins(5);

/// How deliveries to an endpoint are known to be Lever's.
#[derive(Debug, Clone, Copy)]
pub enum Signing<'a> {
    /// By one of these signature tokens: several live at once while they are rotated, and one per registered webhook.
    Tokens(&'a [Secret]),
    /// The endpoint is declared unsigned: whatever comes is a hint.
    Unsigned,
}

/// Why a delivery is refused: the status to answer and a sentence for people. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    pub status: u16,
    pub reason: String,
}

impl Refusal {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

/// What a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Lever's “Verify connection”: signed, without data. Answer 200, keep nothing. Its event may be another than the path's.
    Ping,
    /// An event, to be stored before it is acknowledged.
    Event(Box<Incoming>),
}

/// A delivery that may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub event: LeverEvent,
    /// What makes two deliveries the same one: the signed `token`; unsigned, the `id`, else the token, else the digest.
    pub dedupe: String,
    /// SHA-256 of `body`, hex: a known token with another digest is a hint.
    pub digest: String,
    /// Milliseconds, as signed.
    pub triggered_at: Timestamp,
    pub hint: Option<Hint>,
    /// The delivery's JSON without its signature: what is kept.
    pub body: Vec<u8>,
    /// Which of the tokens signed it.
    pub signed_by: Option<usize>,
}

/// Opens one delivery that arrived at the path of `expected`.
///
/// # Errors
/// 400 not a JSON object, 401 not signed by any of the tokens, 422 another event than the path's. In this order, so that nothing
/// is told to a stranger.
pub fn open(expected: LeverEvent, body: &[u8], signing: Signing<'_>, now: Timestamp) -> Result<Opened, Refusal> {
    let mut json: Json = serde_json::from_slice(body).map_err(|_| Refusal::new(400, "the body is not JSON"))?;
    let object = json.as_object_mut().ok_or_else(|| Refusal::new(400, "the body is not a JSON object"))?;
    let signature = object.remove("signature");
    let text = |key: &str| object.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let token = text("token");
    let signed_by = match signing {
        Signing::Unsigned => None,
        Signing::Tokens(keys) => {
            let stated = token.zip(object.get("triggeredAt").and_then(decimal));
            let presented = signature.as_ref().and_then(Json::as_str);
            let by = stated.zip(presented).and_then(|((token, at), presented)| signer(keys, token, &at, presented));
            Some(by.ok_or_else(|| Refusal::new(401, "the signature is not by any signature token of this endpoint"))?)
        }
    };
    if object.get("data").is_none_or(|data| data.is_null() || data.as_object().is_some_and(serde_json::Map::is_empty)) {
        return Ok(Opened::Ping);
    }
    match text("event") {
        Some(event) if event == expected.as_str() => {}
        Some(_) => return Err(Refusal::new(422, format!("this path takes `{expected}` and the delivery is another event"))),
        None => return Err(Refusal::new(422, "the delivery names no event")),
    }
    let triggered_at = object
        .get("triggeredAt")
        .and_then(time)
        .ok_or_else(|| Refusal::new(422, "`triggeredAt` is not a time in milliseconds"))?;
    let names = if signed_by.is_some() { [token, None] } else { [text("id"), token] };
    let name = names.into_iter().flatten().next().map(str::to_owned);
    let kept = serde_json::to_vec(&json).map_err(|_| Refusal::new(400, "the body is not JSON"))?;
    let digest = hex(&Sha256::digest(&kept));
    let hint = match signed_by {
        None => Some(Hint::Unsigned),
        Some(_) if now.duration_since(triggered_at) > OLD => Some(Hint::Old),
        Some(_) if triggered_at.duration_since(now) > FUTURE => Some(Hint::Future),
        Some(_) => None,
    };
    Ok(Opened::Event(Box::new(Incoming {
        event: expected,
        dedupe: name.unwrap_or_else(|| digest.clone()),
        digest,
        triggered_at,
        hint,
        body: kept,
        signed_by,
    })))
}

/// The signature that Lever puts on a delivery: lower-case hex of HMAC-SHA256 over the token and the decimal time, nothing between.
pub fn signature(key: &Secret, token: &str, triggered_at: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else {
        return String::new(); // HMAC takes keys of every length
    };
    mac.update(token.as_bytes());
    mac.update(triggered_at.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The key that made this signature. All keys are tried, each compared in constant time; an empty key signs nothing.
fn signer(keys: &[Secret], token: &str, triggered_at: &str, presented: &str) -> Option<usize> {
    let mut by = None;
    for (n, key) in keys.iter().enumerate().filter(|(_, key)| !key.expose().is_empty()) {
        if Secret::new(signature(key, token, triggered_at)).matches(presented.as_bytes()) {
            by = by.or(Some(n));
        }
    }
    by
}

/// The time as Lever signed it: its decimal digits.
fn decimal(json: &Json) -> Option<String> {
    match json {
        Json::String(digits) => Some(digits.clone()),
        other => super::api::milliseconds(other).map(|ms| ms.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `lever-api §4.3`.
    #[test]
    fn signatures_are_levers() {
        let first = Secret::new("73311ged32110cc40e00c672c2e03e1a42fa28a4fabde089");
        assert_eq!(
            signature(&first, "be58f711f349c7780e4579cd7c63341ac6f881e4dccc3154", "1431454330072"),
            "d8138ffefd31f34fd9ef6ab358881a2ac5d138287c38186688985ea7755ec241"
        );
        let second = Secret::new("leverd-test-signature-token");
        assert_eq!(
            signature(&second, "8a457fd5a0759c87d35460b096dbc388d1d31058849f08ce", "1431458021951"),
            "129fa841879683886ae06c9390036bd328cd08e5fd3343204d8ecb10ac0a55f2"
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_overflows_nothing() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let refusal = open(LeverEvent::CandidateHired, deep.as_bytes(), Signing::Unsigned, Timestamp::UNIX_EPOCH);
        assert_eq!(refusal.unwrap_err().status, 400);
    }

    #[test]
    fn an_empty_key_signs_nothing() {
        let keys = [Secret::new("")];
        let body = format!(
            r#"{{"token":"t","triggeredAt":1,"event":"candidateHired","data":{{"x":1}},"signature":"{}"}}"#,
            signature(&keys[0], "t", "1")
        );
        let refusal = open(LeverEvent::CandidateHired, body.as_bytes(), Signing::Tokens(&keys), Timestamp::UNIX_EPOCH);
        assert_eq!(refusal.unwrap_err().status, 401);
    }
}
