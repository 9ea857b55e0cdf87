//! How vendors prove that a webhook is theirs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::sim::delivery::Headers;
use crate::sim::ids::hex;

/// HMAC-SHA256 of a message.
fn hmac_sha256(key: &[u8], message: &str) -> Vec<u8> {
    // HMAC takes a key of any length; there is no error to report.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// The same in small hexadecimal letters.
pub(crate) fn hmac_sha256_hex(secret: &str, message: &str) -> String {
    hex(&hmac_sha256(secret.as_bytes(), message))
}

/// The headers of Standard Webhooks: id, time in seconds, and `v1,` with the signature over `id.time.body`. The secret is
/// `whsec_` and base64.
pub(crate) fn standard_webhooks(secret: &str, id: &str, seconds: i64, body: &str) -> Headers {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default();
    let signature = STANDARD.encode(hmac_sha256(&key, &format!("{id}.{seconds}.{body}")));
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", format!("v1,{signature}")),
    ]
}
