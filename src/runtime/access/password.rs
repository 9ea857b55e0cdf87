//! Passwords: Argon2id, as text in the PHC form. Comparing takes a while and 19 MiB, so few are compared at a time.

use crate::model::Secret;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// So many passwords are compared at once.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// What is compared where there is no such user: it takes as long, and fits nothing.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$F9IOR6ZQ5A2gFSdjeZrLcNxOwZDzVkcEqzYJvTf0C0s";

/// Why a hash could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    #[error("a password has twelve characters or more")]
    Short,
    #[error("the password could not be hashed")]
    Failed,
}

/// The hash of a password, to be kept where `leverd.yaml` says.
pub fn hash(password: &Secret) -> Result<String, BadHash> {
    if password.expose().chars().count() < 12 {
        return Err(BadHash::Short);
    }
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|_| BadHash::Failed)?;
    let hashed = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
    hashed.map(|hash| hash.to_string()).map_err(|_| BadHash::Failed)
}

/// Whether a text is a hash that a password can be compared with.
pub fn is_hash(hash: &Secret) -> bool {
    PasswordHash::new(hash.expose()).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

/// Whether a password is the one of the hash; without a hash it never is, and that takes as long.
pub(super) async fn fits(password: Secret, hash: Option<Secret>) -> bool {
    let Ok(_permit) = AT_ONCE.acquire().await else { return false };
    let compare = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| Secret::new(NOBODY));
        let hash = PasswordHash::new(hash.expose());
        let fits = hash.is_ok_and(|hash| Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok());
        known && fits
    };
    tokio::task::spawn_blocking(compare).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other() {
        let password = Secret::new("correct horse battery");
        let made = Secret::new(hash(&password).unwrap());
        assert!(is_hash(&made) && is_hash(&Secret::new(NOBODY)) && !is_hash(&Secret::new("correct horse battery")));
        assert!(fits(password.clone(), Some(made.clone())).await);
        assert!(!fits(Secret::new("correct horse"), Some(made)).await);
        assert!(!fits(password, None).await);
        assert_eq!(hash(&Secret::new("short")), Err(BadHash::Short));
    }
}
