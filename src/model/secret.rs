//! The one type that holds secrets: prints as `***`, compares in constant time, is wiped when dropped.

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use std::fmt;
use subtle::ConstantTimeEq;

/// A secret text. There is no way to print it; [`Secret::expose`] is for the one place that needs it.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: for a header, a signature, nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it has fewer bytes than that: too few to be unguessable.
    pub fn shorter_than(&self, bytes: usize) -> bool {
        self.0.expose_secret().len() < bytes
    }

    /// Whether `presented` is this secret, without telling by time how much of it is right.
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.expose().as_bytes().ct_eq(presented).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.expose().as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap()), "*** *** \"***\"");
        assert!(secret.matches(b"hunter2") && !secret.matches(b"hunter"));
    }
}
