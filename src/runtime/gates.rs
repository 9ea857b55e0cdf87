//! One gate for each credential, however many accounts use it: the other side counts credentials, not accounts.

use super::account::Account;
use crate::http::RateGate;
use crate::model::hex;
use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The gates of a process. None is ever taken out, so that a reload changes no count.
#[derive(Debug)]
pub(super) struct Gates {
    /// When this process began to send.
    born: Instant,
    of: Mutex<BTreeMap<String, RateGate>>,
    /// Those that several accounts use.
    pooled: ArcSwap<BTreeSet<String>>,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), of: Mutex::default(), pooled: ArcSwap::default() }
    }

    /// How long this process can have sent.
    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// The gate of the credential that these texts make up, base URL first; `fresh` if it has none yet. No secret is kept.
    pub(super) fn of(&self, credential: &[&str], fresh: RateGate) -> (RateGate, String) {
        let mut hash = Sha256::new();
        for text in credential {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        let mut gates = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hex(&hash.finalize());
        (gates.entry(hash.clone()).or_insert(fresh).clone(), hash)
    }

    /// These accounts are in force: which credentials do several of them use?
    pub(super) fn sort_out<'a>(&self, accounts: impl Iterator<Item = &'a Account>) {
        self.pooled.store(Arc::new(twice(accounts.flat_map(Account::connections).map(|one| one.credential.as_str()))));
    }

    /// Whether several accounts use a credential.
    pub(super) fn is_pooled(&self, credential: &str) -> bool {
        self.pooled.load().contains(credential)
    }
}

/// What comes more than once.
fn twice<'a>(all: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut once = BTreeSet::new();
    all.filter(|one| !once.insert(*one)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Rate;

    #[tokio::test]
    async fn accounts_with_one_credential_share_its_gate_and_others_do_not() {
        let gates = Gates::new();
        let of = |credential: &[&str]| gates.of(credential, RateGate::new(Rate::LEVER)).0;
        let (one, same) = (of(&["https://api.lever.co/v1", "key"]), of(&["https://api.lever.co/v1", "key"]));
        let leave = one.acquire(&"acme".into(), crate::model::Class::Stage).await;
        assert!((same.left().requests - 19.0).abs() < 1e-9);
        for other in [["https://api.lever.co/v1", "other"], ["https://api.lever.co/v1k", "ey"]] {
            assert!((of(&other).left().requests - 20.0).abs() < 1e-9);
        }
        drop(leave);
    }

    #[test]
    fn what_several_accounts_use_is_pooled_and_nothing_else() {
        assert_eq!(twice(["lever a", "vendor", "lever b", "vendor", "vendor"].into_iter()), ["vendor".to_owned()].into());
    }
}
