//! What candidates, reviewers and vendors do with an invitation that was sent: the one vocabulary for all stand-ins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that happens to a candidate's take of a test. No vendor knows all of them; each refuses those it has not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// The candidate opens the link.
    Open,
    /// The candidate starts to work.
    Start,
    /// The candidate hands in; the score comes later, by `grade`.
    Complete,
    /// The candidate hands in and is scored, from 0 to 100: `complete` and `grade` at once.
    Submit { score: f64 },
    /// The score of a take that was handed in.
    Grade { score: f64 },
    /// Another score, after one was told.
    Correct { score: f64 },
    /// The invitation ends unused.
    Expire,
    /// Somebody at the vendor withdraws the invitation.
    Cancel,
    /// The candidate says no.
    Decline,
    /// Somebody, or the vendor's clock, ends the take.
    Terminate { reason: String },
    /// A reviewer likes the candidate.
    Approve,
    /// A reviewer does not.
    Reject,
    /// The vendor's own verdict is yes.
    Qualify,
    /// The vendor's own verdict is no.
    Unqualify { reason: String },
    /// A reviewer writes about the take.
    Review { text: String },
    /// The vendor doubts that the work is the candidate's own.
    Flag { reason: String },
}

impl Deed {
    /// As commands name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Submit { .. } => "submit",
            Self::Grade { .. } => "grade",
            Self::Correct { .. } => "correct",
            Self::Expire => "expire",
            Self::Cancel => "cancel",
            Self::Decline => "decline",
            Self::Terminate { .. } => "terminate",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Qualify => "qualify",
            Self::Unqualify { .. } => "unqualify",
            Self::Review { .. } => "review",
            Self::Flag { .. } => "flag",
        }
    }
}
