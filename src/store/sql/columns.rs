//! How our values stand in columns.

pub(super) use super::db::{all, exec, exists, one};
use crate::model::{Code, Id, Reason};
use crate::store::claim::Work;
use crate::store::error::{Result, StoreError};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A due time that does not come by itself: the row waits for others.
pub(super) const NEVER: i64 = i64::MAX;
/// By how much a class yields to the one before it; older work of a lesser class goes first (ageing).
pub(super) const YIELD: i64 = 600_000;
/// The greatest distance between a due time and its rank.
pub(super) const YIELD_MOST: i64 = 5 * YIELD;

/// Kinds of work in `ready`.
pub(super) const DELIVERY: i64 = 0;
pub(super) const EVENT: i64 = 1;
pub(super) const EFFECT: i64 = 2;
pub(super) const TIMER: i64 = 3;

/// States of work in `ready`.
pub(super) const PENDING: i64 = 0;
pub(super) const BEGUN: i64 = 1;
pub(super) const UNKNOWN: i64 = 2;
pub(super) const PARKED: i64 = 3;

/// The bytes of an id, as stored.
pub(super) type Bytes = [u8; 16];

pub(super) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms > 0 { Timestamp::MAX } else { Timestamp::UNIX_EPOCH })
}

/// The smallest id of something stored at `at`: ids before it are older.
pub(super) fn floor(at: Timestamp) -> Bytes {
    edge(ms(at))
}

/// The same of a time in milliseconds.
pub(super) fn edge(ms: i64) -> Bytes {
    let mut bytes = [0; 16];
    let ms = u64::try_from(ms).unwrap_or(0).to_be_bytes();
    bytes.split_at_mut(6).0.copy_from_slice(ms.split_at(2).1);
    bytes
}

pub(super) const fn kind_of(work: Work) -> (i64, Id) {
    match work {
        Work::Delivery(id) => (DELIVERY, id.0),
        Work::Event(id) => (EVENT, id.0),
        Work::Effect(id) => (EFFECT, id.0),
        Work::Timer(id) => (TIMER, id.0),
    }
}

pub(super) const fn work_of(kind: i64, id: Bytes) -> Work {
    use crate::model::{DeliveryId, EffectId, EventId, TimerId};
    let id = Id::from_bytes(id);
    match kind {
        DELIVERY => Work::Delivery(DeliveryId(id)),
        EVENT => Work::Event(EventId(id)),
        EFFECT => Work::Effect(EffectId(id)),
        _ => Work::Timer(TimerId(id)),
    }
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("a value cannot be written: {error}")))
}

/// Reads a payload. `row` names it; the message shows the position of the fault, never the data.
pub(super) fn decode<T: DeserializeOwned>(row: impl std::fmt::Display, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Corrupt(format!("{row} (its payload does not decode at line {}, column {})", error.line(), error.column()))
    })
}

pub(super) fn reason(word: Option<String>, text: Option<String>) -> Option<Reason> {
    word.map(|word| Reason::new(code(&word), text.unwrap_or_default()))
}

/// A stored word. One that this leverd does not know hides no work: it is told as a fault of leverd, with its sentence.
pub(super) fn code(word: &str) -> Code {
    word.parse().unwrap_or(Code::Bug)
}

/// Keeps what can be read; says of the rest, by name, that it cannot.
pub(super) fn readable<T>(row: Result<T>) -> Result<Option<T>> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::Corrupt(what)) => {
            tracing::warn!(row = %what, "left out a stored row that cannot be read");
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
