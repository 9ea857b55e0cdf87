//! How an attempt to carry out an effect ended.

use super::{Event, Reason, Value};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one HTTP exchange tells about a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// Connect error, 429, 4xx except 408: it did not happen.
    No,
    /// 2xx, even unreadable: it happened.
    Yes,
    /// Timeout, reset, 5xx, killed after begun: nobody knows.
    Unknown,
}

/// What becomes of an effect after an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is so now. `learned` is what the answer told (invitation id, link, note id).
    Done { learned: BTreeMap<String, Value> },
    /// Not needed or no longer true.
    Skipped { reason: Reason },
    /// Not applied; try again, not before `after`.
    Retry { after: Option<SignedDuration>, reason: Reason },
    /// Nobody knows whether it was applied; settle per effect kind.
    Unknown { reason: Reason },
    /// For good; a person must act.
    Dead { reason: Reason },
    /// The destination refuses our credentials: the connection is suspended, nothing is lost.
    Suspended { reason: Reason },
}

/// One try of an effect, as recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub number: u32,
    pub epoch: u64,
    pub begun_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub applied: Option<Applied>,
    /// Method, path without query, status, for people.
    pub exchange: Option<String>,
    pub outcome: Option<Outcome>,
    /// The event the outcome became, if any.
    pub event: Option<Box<Event>>,
}
