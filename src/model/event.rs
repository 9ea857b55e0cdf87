//! One occurrence of a trigger.

use super::{AccountId, AssessmentId, EffectId, EventId, EventKind, OpportunityId, PackName, RuleName, TimerId, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How soon an event deserves attention when a backlog stands: a person's action before a vendor's, before stage moves, timers,
/// polls and backfills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Person = 0,
    Vendor = 1,
    Stage = 2,
    Timer = 3,
    Poll = 4,
    Backfill = 5,
}

/// Why an event is for one rule only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// `when` or `for_each` found nothing; this is look number `round` (1, 2) of `settle`.
    Settle { round: u8 },
    /// A timer of the rule is due. `due` is when it was due, `anchor` when its anchor happened. `of` says which it is, and the event
    /// that it counts from: a rule may have several. Looks of before it was told have none.
    Timer {
        due: Timestamp,
        anchor: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<(TimerId, EventId)>,
    },
    /// An effect waited longer than ten minutes: is its rule still true?
    Late,
    /// A person wants the rule applied to what was there before it.
    Backfill,
}

/// The one rule an event is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForRule {
    pub pack: PackName,
    pub rule: RuleName,
    pub look: Look,
}

/// One occurrence of a trigger, confirmed and owned: what the planner works on.
///
/// Times: `at` is when it happened as the source says (Lever's `triggeredAt`, the vendor's time, a timer's due time), `received`
/// when we stored the delivery that told us. Events of a lane are planned in the order (`at`, `received`, `seq`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub account: AccountId,
    pub kind: EventKind,
    /// The lane. Contact events of Lever have none.
    pub opportunity: Option<OpportunityId>,
    pub at: Timestamp,
    pub received: Timestamp,
    /// Order among events derived from one delivery or one plan.
    pub seq: u16,
    pub class: Class,
    /// The ledger row that an assessment event is about.
    pub assessment: Option<AssessmentId>,
    /// What the event itself says: `to_stage`, `from_stage`, `result.percent`, `failure.message` …
    pub fields: BTreeMap<String, Value>,
    /// Set when only one rule is to look at this event.
    pub for_rule: Option<ForRule>,
    /// The commit that made this event has already changed the ledger (our own outcomes, marks): the lifecycle does not judge it
    /// again.
    pub applied: bool,
    /// The effect whose outcome this is, if any.
    pub cause: Option<EffectId>,
    /// How many of our own outcomes led here; deeper than ten parks.
    pub depth: u8,
}

impl Event {
    /// An event of an opportunity with nothing but its identity; the caller adds what it knows.
    pub fn new(id: EventId, account: AccountId, kind: EventKind, opportunity: Option<OpportunityId>, at: Timestamp) -> Self {
        let class = match kind {
            EventKind::Lever(_) => Class::Stage,
            EventKind::Answered(_) => Class::Person,
            EventKind::Assessment(_) | EventKind::Done(_) | EventKind::Failed(_) => Class::Vendor,
            EventKind::OpportunityCreated | EventKind::OpportunityGone | EventKind::TagAdded => Class::Poll,
        };
        Self {
            id,
            account,
            kind,
            opportunity,
            at,
            received: at,
            seq: 0,
            class,
            assessment: None,
            fields: BTreeMap::new(),
            for_rule: None,
            applied: false,
            cause: None,
            depth: 0,
        }
    }

    /// The event with one more field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }
}
