//! Sealing what the store must not show: tokens, with ChaCha20-Poly1305 under a key that the store does not have.
//!
//! The first key of the configuration seals, all of them open, so a key is replaced by putting the new one first. The id of a key is
//! the beginning of its hash and stands beside each ciphertext. What a secret is for is bound into it: a token copied to another
//! account's row does not open.

use crate::lang::config::{MissingSecret, SecretRef, Secrets};
use crate::model::{AccountId, Sealed, Secret, hex};
use base64::Engine as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac::{self, HMAC_SHA256};
use sha2::{Digest, Sha256};
use std::fmt;

/// The bytes of a signature that a link carries.
const SIGNED: usize = 20;

/// The keys of one leverd.
#[derive(Debug, Default)]
pub struct Vault(Vec<Key>);

struct Key {
    id: String,
    sealing: LessSafeKey,
    /// Made of the key: what is signed opens nothing that is sealed.
    signing: hmac::Key,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Why the keys of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    #[error("an encryption key: {0}")]
    Missing(#[from] MissingSecret),
    #[error("the encryption key in {place} is not 32 bytes as hex or base64; `openssl rand -hex 32` makes one")]
    Malformed { place: String },
}

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    #[error("there is no encryption key: add `server.encryption_keys` to leverd.yaml")]
    NoKey,
    #[error(
        "it was encrypted with key {0}, which is not among `server.encryption_keys`: add that key again, behind the new one"
    )]
    OtherKey(String),
    #[error("it does not decrypt: the stored row was damaged, or moved from another place")]
    Damaged,
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Vault {
    /// The keys that a configuration names.
    pub fn of(keys: &[SecretRef], secrets: &dyn Secrets) -> Result<Self, BadKey> {
        let mut vault = Self::default();
        for reference in keys {
            let secret = reference.resolve(secrets)?;
            let malformed = || BadKey::Malformed { place: reference.place.to_string() };
            let bytes = bytes(secret.expose().trim()).ok_or_else(malformed)?;
            let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| malformed())?;
            let id = hex(&Sha256::digest(&bytes)).chars().take(8).collect();
            let signing = hmac::Key::new(HMAC_SHA256, &bytes);
            let signing = hmac::Key::new(HMAC_SHA256, hmac::sign(&signing, b"leverd links 1").as_ref());
            vault.0.push(Key { id, sealing: LessSafeKey::new(key), signing });
        }
        Ok(vault)
    }

    /// Whether there is a key at all.
    pub fn has_key(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether this was sealed with the key that seals now.
    pub fn current(&self, sealed: &Sealed) -> bool {
        self.0.first().map_or("", |key| key.id.as_str()) == sealed.key
    }

    /// A signature over a text, as hex: always the same for the same key, and nothing to keep.
    pub fn sign(&self, text: &str) -> Option<String> {
        let key = self.0.first()?;
        Some(hex(hmac::sign(&key.signing, text.as_bytes()).as_ref().split_at(SIGNED).0))
    }

    /// Whether a signature is of one of the keys. Takes the same time whichever it is.
    pub fn signed(&self, text: &str, signature: &str) -> bool {
        let presented = Secret::new(signature);
        self.0.iter().fold(false, |found, key| {
            let expected = hex(hmac::sign(&key.signing, text.as_bytes()).as_ref().split_at(SIGNED).0);
            presented.matches(expected.as_bytes()) | found
        })
    }

    /// Seals a secret of an account. `what` names its place: it opens in no other.
    pub fn seal(&self, account: &AccountId, what: &str, secret: &Secret) -> Result<Sealed, Locked> {
        let key = self.0.first().ok_or(Locked::NoKey)?;
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| Locked::NoRandomness)?;
        let mut sealed = secret.expose().as_bytes().to_vec();
        let tag = key
            .sealing
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(account, what), &mut sealed)
            .map_err(|_| Locked::Damaged)?;
        let bytes = [nonce.as_slice(), sealed.as_slice(), tag.as_ref()].concat();
        Ok(Sealed { key: key.id.clone(), bytes })
    }

    /// The same where there is no key: as it is. For what opens nothing by itself: the tokens that sign Lever's webhooks.
    pub fn seal_or_keep(&self, account: &AccountId, what: &str, secret: &Secret) -> Result<Sealed, Locked> {
        match self.seal(account, what, secret) {
            Err(Locked::NoKey) => Ok(Sealed { key: String::new(), bytes: secret.expose().as_bytes().to_vec() }),
            sealed => sealed,
        }
    }

    /// The secret again.
    pub fn open(&self, account: &AccountId, what: &str, sealed: &Sealed) -> Result<Secret, Locked> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map(Secret::new).map_err(|_| Locked::Damaged);
        if sealed.key.is_empty() {
            return text(&sealed.bytes);
        }
        let key = self.0.iter().find(|key| key.id == sealed.key);
        let key = key.ok_or_else(|| if self.has_key() { Locked::OtherKey(sealed.key.clone()) } else { Locked::NoKey })?;
        let (nonce, rest) = sealed.bytes.split_at_checked(NONCE_LEN).ok_or(Locked::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Locked::Damaged)?;
        let mut rest = rest.to_vec();
        let opened = key.sealing.open_in_place(nonce, aad(account, what), &mut rest).map_err(|_| Locked::Damaged)?;
        text(opened)
    }
}

fn aad(account: &AccountId, what: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("leverd 1\n{account}\n{what}").into_bytes())
}

/// 32 bytes, written as hex or as base64.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = (text.len() == 64)
        .then(|| (0..64).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect())
        .flatten();
    let decode = |engine: &base64::engine::GeneralPurpose| engine.decode(text.trim_end_matches('=')).ok();
    digits
        .or_else(|| decode(&base64::engine::general_purpose::STANDARD_NO_PAD))
        .or_else(|| decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD))
        .filter(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::config::SecretPlace;
    use crate::lang::source::Sources;

    /// Environment variables by name.
    struct Env(Vec<(&'static str, String)>);

    impl Secrets for Env {
        fn env(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        }
        fn file(&self, _: &str) -> Result<String, String> {
            Err("no files here".to_owned())
        }
    }

    fn vault(keys: &[&str]) -> Result<Vault, BadKey> {
        let names = ["A", "B", "C"];
        let env = Env(names.iter().copied().zip(keys.iter().map(|key| (*key).to_owned())).collect());
        let mut sources = Sources::new();
        let span = crate::lang::source::Span::new(sources.add_text("x", "x"), 0..1);
        let references: Vec<_> =
            names.iter().take(keys.len()).map(|name| SecretRef { place: SecretPlace::Env((*name).to_owned()), span }).collect();
        Vault::of(&references, &env)
    }

    const OLD: &str = "0000000000000000000000000000000000000000000000000000000000000001";
    const NEW: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI=";

    fn acme() -> AccountId {
        AccountId::new("acme")
    }

    // B03 B67
    #[test]
    fn b03_b67_what_is_sealed_shows_nothing_and_opens_only_in_its_place() {
        let vault = vault(&[OLD]).unwrap();
        let secret = Secret::new("refresh-token-of-value");
        let sealed = vault.seal(&acme(), "lever refresh", &secret).unwrap();
        assert!(!String::from_utf8_lossy(&sealed.bytes).contains("token") && !format!("{sealed:?}{vault:?}").contains("token"));
        assert_ne!(sealed, vault.seal(&acme(), "lever refresh", &secret).unwrap());
        assert_eq!(vault.open(&acme(), "lever refresh", &sealed), Ok(secret));
        assert_eq!(vault.open(&AccountId::new("other"), "lever refresh", &sealed), Err(Locked::Damaged));
        assert_eq!(vault.open(&acme(), "lever access", &sealed), Err(Locked::Damaged));
        let mut torn = sealed.clone();
        torn.bytes.truncate(5);
        assert_eq!(vault.open(&acme(), "lever refresh", &torn), Err(Locked::Damaged));
    }

    #[test]
    fn an_old_key_still_opens_and_a_missing_one_is_named() {
        let secret = Secret::new("s");
        let before = vault(&[OLD]).unwrap();
        let sealed = before.seal(&acme(), "x", &secret).unwrap();
        let rotated = vault(&[NEW, OLD]).unwrap();
        assert!(before.current(&sealed) && !rotated.current(&sealed));
        assert_eq!(rotated.open(&acme(), "x", &sealed).unwrap(), secret);
        assert_eq!(vault(&[NEW]).unwrap().open(&acme(), "x", &sealed), Err(Locked::OtherKey(sealed.key.clone())));
        assert_eq!(Vault::default().open(&acme(), "x", &sealed), Err(Locked::NoKey));
        assert_eq!(Vault::default().seal(&acme(), "x", &secret), Err(Locked::NoKey));
        let plain = Vault::default().seal_or_keep(&acme(), "x", &secret).unwrap();
        assert_eq!(rotated.open(&acme(), "x", &plain).unwrap(), secret);
    }

    #[test]
    fn a_key_is_32_bytes() {
        for bad in ["short", &OLD[1..], "zz00000000000000000000000000000000000000000000000000000000000001"] {
            let error = vault(&[bad]).unwrap_err().to_string();
            assert!(error.contains("`A`") && error.contains("openssl rand -hex 32") && !error.contains(bad), "{error}");
        }
    }
}
