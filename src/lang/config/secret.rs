//! Secrets by reference. The pure layers hold references only; who runs leverd hands in a [`Secrets`] that reads the environment
//! and files.

use crate::lang::source::Span;
use crate::model::Secret;
use std::fmt;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    pub place: SecretPlace,
    /// The reference in `leverd.yaml`.
    pub span: Span,
}

/// The two places a secret may be in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretPlace {
    /// The environment variable of this name.
    Env(String),
    /// The file at this path as written; relative to the folder of `leverd.yaml`.
    File(String),
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file `{path}`"),
        }
    }
}

/// Reads what references point to. The only implementation that touches the world is where leverd runs.
pub trait Secrets: Send + Sync {
    /// The value of an environment variable; `None` if it is not set or no text.
    fn env(&self, name: &str) -> Option<String>;
    /// The text of a file (path as written in `leverd.yaml`), or why it cannot be read.
    fn file(&self, path: &str) -> Result<String, String>;
}

/// A secret that is not where its reference says (R11). Holds nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingSecret {
    #[error("{0} is not set")]
    Unset(SecretPlace),
    #[error("{0} is empty")]
    Empty(SecretPlace),
    #[error("{place} cannot be read: {why}")]
    Unreadable { place: SecretPlace, why: String },
}

impl SecretRef {
    /// The secret.
    pub fn resolve(&self, secrets: &dyn Secrets) -> Result<Secret, MissingSecret> {
        self.place.resolve(secrets)
    }
}

impl SecretPlace {
    /// The secret. Line breaks at its end are dropped, as editors and `echo` leave them.
    pub fn resolve(&self, secrets: &dyn Secrets) -> Result<Secret, MissingSecret> {
        let place = || self.clone();
        let text = match self {
            Self::Env(name) => secrets.env(name).ok_or_else(|| MissingSecret::Unset(place()))?,
            Self::File(path) => secrets.file(path).map_err(|why| MissingSecret::Unreadable { place: place(), why })?,
        };
        let text = text.trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() { Err(MissingSecret::Empty(place())) } else { Ok(Secret::new(text)) }
    }
}
