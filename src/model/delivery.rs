//! One HTTP request received, kept as received less its secrets; a due timer or poll enters the same way.

use super::{AccountId, AssessmentId, ConnectionName, DeliveryId, Event, Later, LeverEvent, Poll, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a delivery came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Lever's webhook, on the path of this event.
    Lever { event: LeverEvent },
    /// A vendor's webhook on the path of this connection. `invitation` is the attempt that the path names, if it does: its token
    /// was believed at the door and is not kept.
    Vendor {
        vendor: VendorName,
        connection: ConnectionName,
        #[serde(default)]
        invitation: Option<AssessmentId>,
    },
    /// A timer of ours is due.
    Timer(Box<Later>),
    /// Lever is to be asked what changed: one page of one look.
    Poll(Box<Poll>),
    /// A person wants one rule applied to what was there before it: the event, for that rule alone.
    Backfill(Box<Event>),
    /// A person answered a question of ours: the event that this is.
    Answer(Box<Event>),
    /// A vendor is to be asked: the poll of this name in its adapter is due.
    Ask { vendor: VendorName, poll: String, about: About },
}

/// What a poll of a vendor's adapter is to ask about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// One attempt of ours.
    Attempt(AssessmentId),
    /// Whatever happened in between.
    Window { from: Timestamp, to: Timestamp },
}

/// Why a delivery may cause reads, but no effects until the API confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Its token was seen with another body.
    OtherBody,
    /// Triggered more than 15 days ago.
    Old,
    /// Triggered in the future.
    Future,
    /// No signature protects its content.
    Unsigned,
}

/// One delivery, stored and deduplicated before it is acknowledged. `Debug` leaves its body out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub account: AccountId,
    pub source: Source,
    /// What makes two deliveries the same one: Lever's `token`, a vendor's declared key, a timer's id.
    pub dedupe: String,
    /// SHA-256 of the body, hex: a repeated token with another body is a hint, not a duplicate.
    pub digest: String,
    /// The body as received, without its signature. Secret headers are not kept at all.
    pub body: Vec<u8>,
    pub received: Timestamp,
    pub hint: Option<Hint>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("source", &self.source)
            .field("received", &self.received)
            .field("hint", &self.hint)
            .finish_non_exhaustive()
    }
}
