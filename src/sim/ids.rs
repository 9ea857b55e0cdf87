//! Identifiers as Lever and the vendor make them: version 4 UUIDs, 24-digit object ids, long random tokens.
//!
//! They are hashes of a seed and a counter: the same seed gives the same story, a fresh seed (the default) never repeats
//! ids of an earlier run against a store that remembers them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    count: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    fn digits(&mut self) -> String {
        self.count += 1;
        let hash = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.count.to_be_bytes()).finalize();
        hex(&hash)
    }

    /// `xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx`
    pub(crate) fn uuid(&mut self) -> String {
        let all = self.digits();
        let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }

    /// 24 hexadecimal digits: an id of the assessment vendor.
    pub(crate) fn object_id(&mut self) -> String {
        self.digits().chars().take(24).collect()
    }

    /// 48 hexadecimal digits: a delivery's token or a signature token.
    pub(crate) fn token(&mut self) -> String {
        self.digits().chars().take(48).collect()
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
