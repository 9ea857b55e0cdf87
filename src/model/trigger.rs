//! The kinds of events a rule can listen to, spelled as authors spell them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every one of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}
pub(crate) use spelled;

spelled! {
    /// Lever's ten webhook events (`lever-api §4.2`).
    LeverEvent {
        ApplicationCreated = "applicationCreated",
        CandidateStageChange = "candidateStageChange",
        CandidateArchiveChange = "candidateArchiveChange",
        CandidateHired = "candidateHired",
        CandidateDeleted = "candidateDeleted",
        InterviewCreated = "interviewCreated",
        InterviewUpdated = "interviewUpdated",
        InterviewDeleted = "interviewDeleted",
        ContactCreated = "contactCreated",
        ContactUpdated = "contactUpdated",
    }
}

spelled! {
    /// The normalised events of an assessment's lifecycle.
    AssessmentEvent {
        Requested = "requested",
        Invited = "invited",
        InviteFailed = "invite_failed",
        Reminded = "reminded",
        Reinvited = "reinvited",
        Opened = "opened",
        Started = "started",
        Submitted = "submitted",
        Scored = "scored",
        Passed = "passed",
        Failed = "failed",
        NeedsReview = "needs_review",
        ReportReady = "report_ready",
        Reviewed = "reviewed",
        Approved = "approved",
        Rejected = "rejected",
        Qualified = "qualified",
        Unqualified = "unqualified",
        Expired = "expired",
        Declined = "declined",
        OptedOut = "opted_out",
        Cancelled = "cancelled",
        Terminated = "terminated",
        Flagged = "flagged",
        Reopened = "reopened",
        Superseded = "superseded",
        DecisionChanged = "decision_changed",
    }
}

/// What kind of thing happened. Serialised as the author's spelling, e.g. `assessment.scored`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    Lever(LeverEvent),
    Assessment(AssessmentEvent),
    /// An opportunity that we saw for the first time by polling.
    OpportunityCreated,
    /// An opportunity that Lever no longer knows.
    OpportunityGone,
    /// A tag that polling found on an opportunity.
    TagAdded,
    /// A person answered the question with this key.
    Answered(String),
    /// A declared operation succeeded.
    Done(String),
    /// A declared operation failed for good.
    Failed(String),
}

impl EventKind {
    /// Stage change, the trigger of most rules.
    pub const STAGE_CHANGE: Self = Self::Lever(LeverEvent::CandidateStageChange);

    /// Whether this is a step of an assessment's life.
    pub const fn assessment(&self) -> Option<AssessmentEvent> {
        match self {
            Self::Assessment(event) => Some(*event),
            _ => None,
        }
    }
}

impl EventKind {
    /// As authors write it: `{ done: remind }`, where the stored form is `done:remind`.
    pub fn written(&self) -> String {
        match self {
            Self::Answered(key) => format!("{{ answered: {key} }}"),
            Self::Done(operation) => format!("{{ done: {operation} }}"),
            Self::Failed(operation) => format!("{{ failed: {operation} }}"),
            kind => kind.to_string(),
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lever(event) => event.fmt(f),
            Self::Assessment(event) => write!(f, "assessment.{event}"),
            Self::OpportunityCreated => f.write_str("opportunityCreated"),
            Self::OpportunityGone => f.write_str("opportunityGone"),
            Self::TagAdded => f.write_str("tag_added"),
            Self::Answered(key) => write!(f, "answered:{key}"),
            Self::Done(operation) => write!(f, "done:{operation}"),
            Self::Failed(operation) => write!(f, "failed:{operation}"),
        }
    }
}

impl FromStr for EventKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(event) = text.strip_prefix("assessment.") {
            return event.parse().map(Self::Assessment);
        }
        match text.split_once(':') {
            Some(("answered", key)) => return Ok(Self::Answered(key.to_owned())),
            Some(("done", operation)) => return Ok(Self::Done(operation.to_owned())),
            Some(("failed", operation)) => return Ok(Self::Failed(operation.to_owned())),
            _ => {}
        }
        match text {
            "opportunityCreated" => Ok(Self::OpportunityCreated),
            "opportunityGone" => Ok(Self::OpportunityGone),
            "tag_added" => Ok(Self::TagAdded),
            other => other.parse().map(Self::Lever),
        }
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format!("no event is called `{text}`")))
    }
}
