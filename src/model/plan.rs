//! What shall be true, what shall be looked at later, and why.

use super::{
    Assessment, AssessmentId, Effect, EffectId, Event, EventId, Needs, NoticeId, OpportunityId, PackName, RuleName, TimerId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The planner's answer: a plan, or what it has to know first.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    Plan(Box<Plan>),
    Needs(Needs),
}

/// Everything one event leads to. Committed whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plan {
    pub effects: Vec<Effect>,
    pub later: Vec<Later>,
    /// Events that follow from this one alone: implied lifecycle steps, marks.
    pub emit: Vec<Event>,
    /// Ledger rows as they shall be after this plan (inserted or replaced by id).
    pub ledger: Vec<Assessment>,
    pub notices: Vec<Notice>,
    /// Why: one step per rule selected, and more where something was left out.
    pub steps: Vec<Step>,
    /// The own stage move that this event was recognised as; it matches no further delivery.
    pub own_move: Option<EffectId>,
    /// The facts that were read, by name: what the run keeps.
    pub read: BTreeSet<String>,
    /// Rules that fired, for the loop guard's counters.
    pub fired: Vec<(PackName, RuleName)>,
    /// Set when nothing may be done before a person has looked (`over 100 rows`, loop guard): the event parks.
    pub park: Option<String>,
}

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterKind {
    /// The next look of `settle`.
    Settle { round: u8 },
    /// An `after`/`before` trigger of the rule. Resolved again by rule name when due.
    Timer,
}

/// A timer to arm. It stores the rule's name, the anchor and the anchor's time; the rule is resolved as it is when due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Later {
    pub id: TimerId,
    pub pack: PackName,
    pub rule: RuleName,
    pub kind: LaterKind,
    pub due: Timestamp,
    /// The event it is anchored to, with its fields.
    pub anchor: Event,
    /// The time counted from (for `before: …, of: assessment.expires_at` the expiry).
    pub anchor_time: Timestamp,
}

/// What happened to one rule, or to one node of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub pack: Option<PackName>,
    pub rule: Option<RuleName>,
    /// The address of the YAML node, e.g. `rules[2].when.to_stage`. For people.
    pub route: String,
    pub said: Said,
}

/// The outcome of a step, with the values it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The rule fired; this many effects.
    Fired { effects: usize },
    /// A condition was false: which field, what the rule wanted, what it saw (`None`: absent).
    False { field: String, wanted: String, saw: Option<String> },
    /// A source had no row: what was looked for, the candidates seen (at most ten) and the nearest miss.
    NoRows { wanted: String, candidates: Vec<String>, nearest: Option<String> },
    /// Another effect of this plan holds the slot already.
    Conflict { slot: String, winner: String },
    /// The same effect was already planned by another rule.
    Merged { with: String },
    /// Left out, and why (archived, moved on, own move, backward move, already invited, stale …).
    Skipped { reason: String },
    /// It will be looked at again.
    Later { due: Timestamp },
    /// Something to know that changed nothing.
    Noted { what: String },
}

/// What parking, suspension, a broken reload or `alert` makes: shown, logged, counted, posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub kind: NoticeKind,
    pub text: String,
    pub opportunity: Option<OpportunityId>,
    pub event: Option<EventId>,
    pub effect: Option<EffectId>,
    pub assessment: Option<AssessmentId>,
    pub at: Timestamp,
    /// Whether the same words within a day before make this one needless.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daily: bool,
}

impl Notice {
    /// A notice about nobody in particular, made however often it was made before.
    pub fn new(id: NoticeId, kind: NoticeKind, text: impl Into<String>, at: Timestamp) -> Self {
        let text = text.into();
        Self { id, kind, text, opportunity: None, event: None, effect: None, assessment: None, at, daily: false }
    }

    /// The same, made only if the same was not said within a day before.
    pub fn daily(id: NoticeId, kind: NoticeKind, text: impl Into<String>, at: Timestamp) -> Self {
        Self { daily: true, ..Self::new(id, kind, text, at) }
    }
}

/// The kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The author's `alert`.
    Alert,
    Parked,
    Suspended,
    Reload,
    LoopGuard,
    Clock,
}

impl Plan {
    /// A plan in which nothing happens, with one reason.
    pub fn nothing(route: &str, reason: impl Into<String>) -> Self {
        Self {
            steps: vec![Step {
                pack: None,
                rule: None,
                route: route.to_owned(),
                said: Said::Skipped { reason: reason.into() },
            }],
            ..Self::default()
        }
    }
}
