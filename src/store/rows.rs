//! What queries answer: for the overlay of facts, for `runs`, `why` and `parked`, for health and metrics.

use super::claim::Work;
use crate::model::{
    AccountId, Attempt, DeliveryId, Effect, EffectId, Event, Facts, Later, LeverEvent, OpportunityId, Reason, RuleName, Sealed,
    Source, Step,
};
use jiff::Timestamp;

/// The state of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// May be sent.
    Ready,
    /// Being sent, or nobody knows whether it was.
    Begun,
    /// Back-off, breaker, budget, or a move behind its records.
    Waiting,
    /// A person must act.
    Parked,
    Done,
    Skipped,
}

/// One effect with all that happened to it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct EffectRow {
    pub effect: Effect,
    pub state: EffectState,
    pub planned_at: Timestamp,
    /// When it is looked at again; `None` when settled, parked, or waiting for others.
    pub due: Option<Timestamp>,
    /// Why it waits, is parked, was skipped.
    pub reason: Option<Reason>,
    /// The effects that it waits for.
    pub blocked_by: Vec<EffectId>,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

/// One planned event.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunRow {
    pub account: AccountId,
    pub event: Event,
    pub planned_at: Timestamp,
    pub ruleset: String,
    /// The facts that the plan read.
    pub facts: Facts,
    pub steps: Vec<Step>,
    pub later: Vec<Later>,
    pub effects: Vec<EffectRow>,
}

/// A planned event with the facts that its plan read: what `diff` needs of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Where the next page begins.
    pub place: i64,
    pub event: Event,
    pub facts: Facts,
    pub ruleset: String,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Not planned yet.
    Pending {
        due: Timestamp,
        reason: Option<Reason>,
    },
    Parked {
        reason: Option<Reason>,
    },
    /// There is a run.
    Planned,
    /// No rule was even selected: it left nothing but itself.
    Unmatched,
    /// It was closed without a plan: a person skipped it, or its candidate is gone.
    Closed {
        reason: Reason,
    },
}

/// One event with what became of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct EventRow {
    pub event: Event,
    pub state: EventState,
}

/// Which events are meant: all that is named must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    pub opportunity: Option<OpportunityId>,
    /// When they happened: from this time on.
    pub since: Option<Timestamp>,
    /// And before this one.
    pub until: Option<Timestamp>,
}

/// A piece of work that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    pub account: AccountId,
    pub work: Work,
    pub opportunity: Option<OpportunityId>,
    /// What it is, in a few words: `invite`, `assessment.scored`, `delivery from Lever (candidateStageChange)`.
    pub what: String,
    /// The rule whose effect or timer it is.
    pub rule: Option<RuleName>,
    pub reason: Option<Reason>,
    pub at: Option<Timestamp>,
}

/// A move of ours that no delivery has matched yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMove {
    pub effect: EffectId,
    pub to: String,
    pub begun_at: Timestamp,
    /// The `updatedAt` that Lever answered; `None` while there is no answer.
    pub moved_at: Option<Timestamp>,
}

/// Whether anything was ever delivered of a kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Heard {
    /// `lever`, `timer`, or `vendor:NAME/CONNECTION`.
    pub source: String,
    /// Lever's event, or empty.
    pub event: String,
    pub last: Timestamp,
    pub count: u64,
}

/// How often a request was refused, by reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    pub what: String,
    pub last: Timestamp,
    pub count: u64,
}

/// One webhook that we created or were told, with the token that signs it. Several may be live at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningToken {
    pub event: LeverEvent,
    /// Lever's id of the webhook, or a name of ours for a token from the configuration.
    pub webhook: String,
    pub url: String,
    pub token: Sealed,
    pub created_at: Timestamp,
}

/// An armed timer.
#[derive(Debug, Clone, PartialEq)]
pub struct TimerRow {
    pub opportunity: Option<OpportunityId>,
    pub later: Later,
}

/// How much work stands, of one account and kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    pub account: AccountId,
    /// `delivery`, `event`, `effect`, `timer`.
    pub kind: &'static str,
    /// `due`, `waiting`, `begun`, `parked`.
    pub state: &'static str,
    pub rows: u64,
    /// The earliest due time among them.
    pub oldest: Option<Timestamp>,
}

/// How much room the store takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    pub file: u64,
    /// The log of changes that are not in the file yet.
    pub log: u64,
}

/// What to delete for age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Bodies of deliveries received before.
    pub bodies: Timestamp,
    /// Settled events, runs, effects and attempts from before, and notices.
    pub runs: Timestamp,
    /// Dedupe keys from before.
    pub dedupe: Timestamp,
    /// At most this many rows of each kind in one commit.
    pub chunk: usize,
}

/// Somebody who was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub account: AccountId,
    pub opportunity: OpportunityId,
    /// As far as a plan or an invitation needed it.
    pub name: Option<String>,
    pub email: Option<String>,
    /// When something was last planned.
    pub last: Timestamp,
}

/// A delivery, without what it said.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    pub id: DeliveryId,
    pub source: Source,
    pub received: Timestamp,
    /// It may cause reads only.
    pub hint: bool,
}
