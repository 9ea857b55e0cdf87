//! Keyed hashes: of our requests, of their deliveries.

use super::request::Scope;
use crate::lang::adapter::{Algorithm, Encoding, Placement, Text};
use crate::model::{Body, HeaderText, Reason, Request, Secret, Value};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;

/// The keyed hash of a message.
pub(super) fn mac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is one for HMAC; the constructors cannot fail.
    match algorithm {
        Algorithm::HmacSha1 => Hmac::<sha1::Sha1>::new_from_slice(key)
            .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
        Algorithm::HmacSha256 => Hmac::<sha2::Sha256>::new_from_slice(key)
            .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
        Algorithm::HmacSha512 => Hmac::<sha2::Sha512>::new_from_slice(key)
            .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
    }
}

/// A hash as text.
pub(super) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Hex => bytes.iter().fold(String::new(), |mut text, byte| {
            use std::fmt::Write as _;
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// The bytes that a presented signature writes, if it writes any.
pub(super) fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => base64(text),
        Encoding::Hex => {
            if !text.is_ascii() || !text.len().is_multiple_of(2) {
                return None;
            }
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
        }
    }
}

/// Base64 in any of its usual spellings.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()
}

/// Equality without telling by time how much is equal.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    !a.is_empty() && a.ct_eq(b).into()
}

/// The `Authorization` header of HTTP Basic.
pub(super) fn basic(user: &Secret, password: &Secret) -> (String, HeaderText) {
    let text = STANDARD.encode(format!("{}:{}", user.expose(), password.expose()));
    ("Authorization".to_owned(), HeaderText::Secret(Secret::new(format!("Basic {text}"))))
}

/// Whether a public key of Ed25519 signed the message.
pub(super) fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key).verify(message, signature).is_ok()
}

/// Signs a request that is otherwise whole. The message may read `request.method`, `request.url` (whole, without query), `request.path`,
/// `request.query` (encoded, as given), `request.values` (of query and form, in the order of their names, one a line), `request.body`.
pub(super) fn sign(
    request: &mut Request,
    scope: &Scope<'_>,
    message: &Text,
    key: &Text,
    algorithm: Algorithm,
    encoding: Encoding,
    to: &Placement,
) -> Result<(), Reason> {
    let form = |fields: &[(String, String)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let body = match &request.body {
        Body::None | Body::File { .. } => String::new(),
        Body::Json(json) => json.to_string(),
        Body::Form(fields) => form(fields),
        Body::Text { text, .. } => text.clone(),
    };
    let mut more = scope.more.clone();
    more.insert("request.method".to_owned(), Value::text(request.method.as_str()));
    let url = if request.path.starts_with('/') {
        format!("{}{}", scope.supplies.base_url.trim_end_matches('/'), request.path)
    } else {
        request.path.clone()
    };
    let mut values: Vec<&(String, String)> = request.query.iter().collect();
    if let Body::Form(fields) = &request.body {
        values.extend(fields);
    }
    values.sort_by(|a, b| a.0.cmp(&b.0));
    let values: Vec<&str> = values.into_iter().map(|(_, value)| value.as_str()).collect();
    more.insert("request.url".to_owned(), Value::text(url));
    more.insert("request.values".to_owned(), Value::text(values.join("\n")));
    more.insert("request.path".to_owned(), Value::text(&request.path));
    more.insert("request.query".to_owned(), Value::text(form(&request.query)));
    more.insert("request.body".to_owned(), Value::text(body));
    let inner = Scope::new(scope.supplies, &more);
    let key = inner.secret(key)?;
    let signature = encode(encoding, &mac(algorithm, key.expose().as_bytes(), inner.text(message)?.as_bytes()));
    match to {
        Placement::Header(name) => request.headers.push((name.clone(), HeaderText::Secret(Secret::new(signature)))),
        Placement::Query(name) => {
            request.query.push((name.clone(), signature));
        }
    }
    Ok(())
}
