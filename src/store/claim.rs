//! Claims: rows handed to this process until it says what became of them.
//!
//! A claimed row is not handed out again before it is committed on, released or deferred, or the store is opened again. Every claim
//! counts a try in its own commit; a try goes back to zero when an outcome is committed or the row is released. The sixth claim
//! without an outcome parks the row instead of handing it out: whatever kills the process each time shall not do it for ever.

use crate::model::{AccountId, Attempt, Code, Delivery, DeliveryId, Effect, EffectId, Event, EventId, OpportunityId, TimerId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Only work of these accounts: those that are active on this node.
    pub accounts: Arc<BTreeSet<AccountId>>,
    /// Only work due by then.
    pub now: Timestamp,
    /// At most this many rows; for effects, at most this many lanes.
    pub limit: usize,
}

/// One piece of work of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    Delivery(DeliveryId),
    Event(EventId),
    Effect(EffectId),
    Timer(TimerId),
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(id) => write!(f, "delivery {id}"),
            Self::Event(id) => write!(f, "event {id}"),
            Self::Effect(id) => write!(f, "effect {id}"),
            Self::Timer(id) => write!(f, "timer {id}"),
        }
    }
}

/// A delivery to derive events from.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    pub delivery: Delivery,
    /// This claim's number since the last outcome, from 1 on.
    pub tries: u32,
    /// How often it was held in a row for the last reason: the place in the schedule 1 s, 10 s, 1 min, 10 min, 1 h.
    pub rounds: u32,
    /// The code of that reason.
    pub because: Option<Code>,
}

impl ClaimedDelivery {
    /// How often it was held in a row for a reason with this code: an outage uses up none of the looks for what is not shown yet.
    pub fn rounds_for(&self, code: Code) -> u32 {
        if self.because == Some(code) { self.rounds } else { 0 }
    }
}

/// The next event of a lane, to plan. Nothing else of its lane is planned or sent meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEvent {
    pub event: Event,
    pub tries: u32,
    /// How often it was deferred before.
    pub rounds: u32,
}

/// All effects of one lane that may be sent now, in the order planned. Tag changes among them travel together.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedLane {
    pub account: AccountId,
    pub opportunity: OpportunityId,
    pub effects: Vec<ClaimedEffect>,
}

/// One effect to send, or to settle.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEffect {
    pub effect: Effect,
    /// An attempt was begun and nobody knows how it ended: look before anything is sent again.
    pub unknown: bool,
    /// When it was planned; after ten minutes its rule is evaluated again first.
    pub planned_at: Timestamp,
    /// When a person last asked for it to be tried again: that is its age then, whatever its event's.
    pub asked_at: Option<Timestamp>,
    /// The rule set that planned it.
    pub ruleset: String,
    pub tries: u32,
    /// How often it was put back with an outcome that counts (`Retry`, `Unknown`).
    pub rounds: u32,
    /// Every attempt so far, oldest first.
    pub attempts: Vec<Attempt>,
}

/// What a restart found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Effects that were begun and have no outcome. They are now unknown and due: `claim_effects` hands them out to be settled.
    pub unknown: Vec<(AccountId, EffectId)>,
    /// Claims of the process before that were given back.
    pub released: usize,
}
