//! How Lever signs a delivery (lever-api §4.3). The key is the token's text, not the bytes it spells; `data` is not covered.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::sim::ids::hex;

/// `hex(HMAC-SHA256(key = signature token, message = token + decimal(triggeredAt)))`, lower case.
pub fn sign(signature_token: &str, token: &str, triggered_at: i64) -> String {
    // HMAC takes a key of any length; there is no error to report.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(signature_token.as_bytes()) else {
        return String::new();
    };
    let tag = mac.chain_update(token).chain_update(triggered_at.to_string()).finalize().into_bytes();
    hex(&tag)
}
