//! What stands under a key: Lever's id of what we put there, by which it is replaced.

use super::{PackName, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An author's key with what it belongs to. Two packs may use the same word, and two tests of one candidate each have a result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub pack: PackName,
    /// The vendor's id of the test, where the event is about an assessment.
    pub test: Option<String>,
    /// As the author wrote it.
    pub key: String,
}

/// What we put under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Lever's id; for a link its URL, exactly as sent.
    pub id: String,
    /// Of the content: equal, and nothing has to be sent. Empty if it is not known.
    pub digest: String,
    /// What stood there before and still has to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<String>,
}

impl Placed {
    /// What stands there after `id` was put in the place of `before`, which is yet to be removed.
    pub fn after(before: Option<&Self>, id: String, digest: String) -> Self {
        let mut old = before.map(|before| before.old.clone()).unwrap_or_default();
        old.extend(before.map(|before| before.id.clone()));
        old.retain(|one| *one != id);
        Self { id, digest, old }
    }
}

/// The digest of some content: SHA-256 over its length-prefixed parts, in hexadecimal.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    super::hex(&hasher.finalize())
}

/// A value's bytes for [`digest`].
pub(super) fn bytes(value: Option<&Value>) -> Vec<u8> {
    value.and_then(|value| serde_json::to_vec(value).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_removed_yet_is_not_forgotten() {
        let first = Placed::after(None, "n1".into(), "a".into());
        let second = Placed::after(Some(&first), "n2".into(), "b".into());
        let third = Placed::after(Some(&second), "n3".into(), "c".into());
        assert_eq!(
            (first.old.len(), second.old, third.old),
            (0, vec!["n1".to_owned()], vec!["n1".to_owned(), "n2".to_owned()])
        );
        assert_ne!(digest([&b"ab"[..], b"c"]), digest([&b"a"[..], b"bc"]));
    }
}
