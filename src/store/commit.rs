//! What goes into the five commits and what they answer.

use crate::model::{
    Applied, Assessment, Delivery, DeliveryId, EffectId, Event, Facts, Glimpse, Notice, OpportunityId, Outcome, Placed, Plan,
    Reason, Slot,
};
use jiff::Timestamp;

/// Commit one, *delivery in*: what became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// New: stored, and waiting to be derived.
    Stored,
    /// The same token with the same body was stored before: nothing was written.
    Duplicate,
    /// The token was seen with another body: stored as a hint under this id.
    OtherBody(DeliveryId),
    /// The token was seen with more than three other bodies: only counted.
    Dropped,
}

/// Commit two, *events derived*: what a delivery turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Derived {
    /// These events, of any opportunities. The delivery is closed.
    Events(Vec<Event>),
    /// It cannot be told yet (no owner, a read failed): look again at `until`.
    Hold { until: Timestamp, reason: Reason },
    /// It never can; a person must look.
    Park(Reason),
    /// There is nothing in it for us. The delivery is closed.
    Nothing(Reason),
    /// What we asked for ourselves brought nothing new: the delivery is closed and not kept.
    NoNews,
}

/// Commit two for one page of a look at what changed in Lever.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// What changed. The delivery of the page is closed.
    pub events: Vec<Event>,
    /// What was seen, where it is other than what was seen before.
    pub glimpses: Vec<Glimpse>,
    /// The page that follows.
    pub next: Option<Delivery>,
}

/// What a planned event leaves: the input of commit three, *plan made*.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The facts as planned with; only those that the plan read are kept.
    pub facts: Facts,
    pub plan: Plan,
    /// The rule set that planned it (see [`super::Store::keep_ruleset`]).
    pub ruleset: String,
    pub planned_at: Timestamp,
}

/// The answer of commit three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanMade {
    /// All of it is stored (or was before), and the event is closed or parked.
    Committed,
    /// Another live attempt holds this invite key. Nothing was written and the event is still claimed: read the ledger, plan again.
    LiveInvitationExists { invite_key: String },
}

/// Commit four, *begun*, for one effect: an attempt that may now be sent, or none because the effect was settled meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub effect: EffectId,
    /// The attempt's number, from 1. `None`: do not send; it was superseded, skipped or begun by someone else.
    pub attempt: Option<u32>,
}

/// How an attempt ended: the input of commit five, *effect done*.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// The attempt that [`super::Store::begin`] numbered. `None` when the effect ends without having been begun (already so, no
    /// longer true, breaker): then no attempt is recorded.
    pub attempt: Option<u32>,
    pub at: Timestamp,
    pub applied: Option<Applied>,
    /// Method, path without query, status: for people.
    pub exchange: Option<String>,
    pub outcome: Outcome,
    /// When to look at the effect again. `None`: after a `Retry` its own `after`, counted from `at`; after `Unknown` at once; after
    /// `Suspended` in fifteen minutes.
    pub due: Option<Timestamp>,
    /// Rounds are counted from this outcome on: what came before it says nothing about it.
    pub anew: bool,
    /// Ledger rows as they are after this.
    pub ledger: Vec<Assessment>,
    /// What the outcome became.
    pub events: Vec<Event>,
    /// Further notices. Parking makes its own.
    pub notices: Vec<Notice>,
    /// For a stage move: the `updatedAt` of the stage change that Lever answered, by which its echo is recognised.
    pub moved_at: Option<Timestamp>,
    /// What stands under a key of the opportunity from now on; `None` inside: nothing of ours. Kept even if the effect was settled
    /// meanwhile.
    pub placed: Option<(Slot, Option<Placed>)>,
}

impl Finish {
    /// An attempt that ended so at `at`, with nothing else to say.
    pub const fn new(attempt: Option<u32>, at: Timestamp, outcome: Outcome) -> Self {
        Self {
            attempt,
            at,
            applied: None,
            exchange: None,
            outcome,
            due: None,
            anew: false,
            ledger: Vec::new(),
            events: Vec::new(),
            notices: Vec::new(),
            moved_at: None,
            placed: None,
        }
    }
}

/// A purge: a person was deleted at Lever, or anonymised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    pub opportunity: OpportunityId,
    pub at: Timestamp,
}
