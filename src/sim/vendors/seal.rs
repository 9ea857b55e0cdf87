//! How vendors prove that a webhook is theirs.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::sim::ids::hex;

/// `hex(HMAC-SHA256(secret, message))`, in small letters.
pub(crate) fn hmac_sha256(secret: &str, message: &str) -> String {
    // HMAC takes a key of any length; there is no error to report.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    hex(&mac.chain_update(message).finalize().into_bytes())
}
