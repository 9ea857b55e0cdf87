//! One gate for each credential, however many accounts use it: the other side counts credentials, not accounts.

use crate::http::RateGate;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The gates of a process. None is ever taken out, so that a reload changes no count.
#[derive(Debug)]
pub(super) struct Gates {
    /// When this process began to send.
    born: Instant,
    gates: Mutex<BTreeMap<[u8; 32], RateGate>>,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), gates: Mutex::default() }
    }

    /// How long this process can have sent.
    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// The gate of the credential that these texts make up, base URL first; `fresh` if it has none yet. No secret is kept.
    pub(super) fn of(&self, credential: &[&str], fresh: RateGate) -> RateGate {
        let mut hash = Sha256::new();
        for text in credential {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(hash.finalize().into()).or_insert(fresh).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Rate;

    #[tokio::test]
    async fn accounts_with_one_credential_share_its_gate_and_others_do_not() {
        let gates = Gates::new();
        let of = |credential: &[&str]| gates.of(credential, RateGate::new(Rate::LEVER));
        let (one, same) = (of(&["https://api.lever.co/v1", "key"]), of(&["https://api.lever.co/v1", "key"]));
        let leave = one.acquire(&"acme".into(), crate::model::Class::Stage).await;
        assert!((same.left().requests - 19.0).abs() < 1e-9);
        for other in [["https://api.lever.co/v1", "other"], ["https://api.lever.co/v1k", "ey"]] {
            assert!((of(&other).left().requests - 20.0).abs() < 1e-9);
        }
        drop(leave);
    }
}
