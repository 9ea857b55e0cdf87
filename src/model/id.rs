//! Identifiers that are deterministic and local: the time a delivery was first stored, then a hash of identity.
//!
//! 48 bits of milliseconds keep related rows near each other on disk; 80 bits of SHA-256 make the same thing planned twice
//! the same row, so a repeated commit collides harmlessly. No sequence is ever used as a cursor.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// A 128-bit identifier: 6 bytes of milliseconds since the epoch, 10 bytes of hash. Printed as 32 hex digits, which sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// The id of the thing that `parts` identify, first stored at `stored`. The parts are length-prefixed, so `["ab", "c"]` and
    /// `["a", "bc"]` differ.
    pub fn derive(stored: Timestamp, parts: &[&str]) -> Self {
        let ms = u64::try_from(stored.as_millisecond()).unwrap_or(0).to_be_bytes();
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let hash = hasher.finalize();
        let mut bytes = [0; 16];
        let (time, rest) = bytes.split_at_mut(6);
        time.copy_from_slice(ms.split_at(2).1);
        rest.copy_from_slice(hash.split_at(10).0);
        Self(bytes)
    }

    /// The id as stored: 16 bytes.
    pub const fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// The id that `bytes` hold.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// When the delivery behind this id was first stored, to the millisecond.
    pub fn stored(&self) -> Timestamp {
        let mut ms = [0_u8; 8];
        ms.split_at_mut(2).1.copy_from_slice(self.0.split_at(6).0);
        i64::try_from(u64::from_be_bytes(ms))
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a text that is no id is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != 32 || !text.is_ascii() {
            return Err(NotAnId);
        }
        let mut bytes = [0; 16];
        for (byte, at) in bytes.iter_mut().zip((0..32).step_by(2)) {
            *byte = text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(NotAnId)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl $name {
            /// See [`Id::derive`].
            pub fn derive(stored: Timestamp, parts: &[&str]) -> Self {
                Self(Id::derive(stored, parts))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> { text.parse().map(Self) }
        }
    )*};
}

ids! {
    /// One HTTP request received (or a due timer, which enters the same way).
    DeliveryId;
    /// One occurrence of a trigger. A run has the id of its event.
    EventId;
    /// One durable change: hash of (event, pack, rule name, verb, slot or key or template source, row identity).
    EffectId;
    /// One attempt in our ledger: hash of (account, invite key, attempt number).
    AssessmentId;
    /// One armed timer: hash of (rule, anchor event, kind).
    TimerId;
    /// One notice.
    NoticeId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_function_of_time_and_identity() {
        let at = Timestamp::from_millisecond(1_431_454_330_072).unwrap();
        let id = Id::derive(at, &["ab", "c"]);
        assert_eq!(id, Id::derive(at, &["ab", "c"]));
        assert_ne!(id, Id::derive(at, &["a", "bc"]));
        assert_eq!(id.stored(), at);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("zz".parse::<Id>().is_err());
    }
}
