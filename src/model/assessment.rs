//! Our ledger: one row per opportunity × vendor × test × key × attempt.
//!
//! One ordered phase and four independent facets, because vendors send them in any order. The transitions are
//! `engine::lifecycle`; this is only the state.

use super::trigger::spelled;
use super::{AccountId, AssessmentId, ContactId, EventId, OpportunityId, Pinned, TestEntry, Value, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

spelled! {
    /// The phase of an attempt. The first eight are ordered; the others are closed.
    Phase {
        Requested = "requested",
        Invited = "invited",
        Opened = "opened",
        Started = "started",
        Submitted = "submitted",
        Scored = "scored",
        Reviewed = "reviewed",
        Decided = "decided",
        Expired = "expired",
        Declined = "declined",
        OptedOut = "opted_out",
        Cancelled = "cancelled",
        Terminated = "terminated",
        InviteFailed = "invite_failed",
        Superseded = "superseded",
    }
}

spelled! {
    /// What `again` of an invitation distinguishes.
    PhaseGroup {
        Failed = "failed",
        Waiting = "waiting",
        Started = "started",
        Finished = "finished",
        Closed = "closed",
    }
}

spelled! {
    /// What `invite` does when there is an attempt already.
    Again {
        Skip = "skip",
        Refresh = "refresh",
        Invite = "invite",
    }
}

spelled! {
    /// What thresholds or the vendor say of the score.
    Verdict { None = "none", Passed = "passed", Failed = "failed", NeedsReview = "needs_review", }
}
spelled! {
    /// What a person at the vendor decided.
    Decision {
        None = "none", Approved = "approved", Rejected = "rejected", Qualified = "qualified", Unqualified = "unqualified",
    }
}
spelled! {
    /// Whether there is a report.
    ReportState { None = "none", Pending = "pending", Ready = "ready", Failed = "failed", }
}
spelled! {
    /// What the vendor says of cheating.
    Integrity { None = "none", Pending = "pending", Ok = "ok", Flagged = "flagged", }
}

impl Phase {
    /// The rank of an open phase, 0 to 7; closed phases have none.
    pub const fn rank(self) -> Option<u8> {
        match self {
            Self::Requested => Some(0),
            Self::Invited => Some(1),
            Self::Opened => Some(2),
            Self::Started => Some(3),
            Self::Submitted => Some(4),
            Self::Scored => Some(5),
            Self::Reviewed => Some(6),
            Self::Decided => Some(7),
            _ => None,
        }
    }

    /// Whether an invitation in this phase is live: at most one live row per invite key.
    pub const fn live(self) -> bool {
        matches!(self, Self::Requested | Self::Invited | Self::Opened | Self::Started)
    }

    /// The group that `again` looks at.
    pub const fn group(self) -> PhaseGroup {
        match self {
            Self::InviteFailed => PhaseGroup::Failed,
            Self::Requested | Self::Invited | Self::Opened => PhaseGroup::Waiting,
            Self::Started => PhaseGroup::Started,
            Self::Submitted | Self::Scored | Self::Reviewed | Self::Decided => PhaseGroup::Finished,
            Self::Expired | Self::Declined | Self::OptedOut | Self::Cancelled | Self::Terminated | Self::Superseded => {
                PhaseGroup::Closed
            }
        }
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub id: AssessmentId,
    pub account: AccountId,
    pub opportunity: OpportunityId,
    pub contact: Option<ContactId>,
    pub vendor: VendorName,
    pub test: TestEntry,
    /// The author's `key` of the invitation, if any.
    pub key: Option<String>,
    /// Identity of the invitation: opportunity or contact, vendor, test, key. Spans rules, events and renames.
    pub invite_key: String,
    /// 1 for the first.
    pub attempt: u32,
    pub phase: Phase,
    pub verdict: Verdict,
    pub decision: Decision,
    pub report: ReportState,
    pub integrity: Integrity,
    /// The stage the opportunity was in when the attempt was requested: `per: [stage]` settings of vendor events use it.
    pub stage: Option<Pinned>,
    /// The posting then.
    pub posting: Option<Pinned>,
    /// The event whose plan requested it.
    pub requested_by: EventId,
    pub requested_at: Timestamp,
    pub invited_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub submitted_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// How often the candidate was reminded.
    #[serde(default)]
    pub reminders: u32,
    /// What the vendor calls things: `invitation_id`, `attempt_id`, `candidate_id` …: correlation keys.
    pub ids: BTreeMap<String, String>,
    /// The link that the candidate opens, if the vendor told it.
    pub candidate_url: Option<String>,
    /// The latest value of each `result.*` field.
    pub result: BTreeMap<String, Value>,
}

impl Assessment {
    /// Whether this row holds its invite key.
    pub const fn live(&self) -> bool {
        self.phase.live()
    }

    /// The name in `ids` of the person's address number `n`, from 0: `email`, `email 2` …
    pub fn address_name(n: usize) -> String {
        if n == 0 { "email".to_owned() } else { format!("email {}", n + 1) }
    }

    /// What the vendor may call this attempt: each id under the name that its notifications use, every address under `email`.
    pub fn correlations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter().map(|(name, value)| (name.split_once(' ').map_or(name.as_str(), |(name, _)| name), value.as_str()))
    }
}
