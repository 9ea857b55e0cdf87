//! A secret as the store holds it.

use std::fmt;

/// A secret that only the holder of a key can read, and which key that is.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Names the key; empty where nothing was encrypted.
    pub key: String,
    /// Nonce and ciphertext; the secret itself where nothing was encrypted.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key", &self.key).finish_non_exhaustive()
    }
}
