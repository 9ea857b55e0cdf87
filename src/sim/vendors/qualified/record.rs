//! The records of the simulated assessment vendor.

use crate::sim::vendors::AssessmentState;

/// A test in the vendor's catalogue. Only `published` ones can be sent.
#[derive(Debug, Clone)]
pub(crate) struct Assessment {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) state: AssessmentState,
    pub(crate) passing_score: Option<f64>,
    pub(crate) created_at: i64,
}

/// A person as the vendor's team knows them: one per address.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) alternate_id: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) prev_state: Option<&'static str>,
    pub(crate) labels: Vec<String>,
    pub(crate) created_at: i64,
    pub(crate) invited_at: Option<i64>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) state_at: i64,
}

impl Candidate {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) candidate: String,
    pub(crate) assessment: String,
    pub(crate) result: String,
    pub(crate) mailed_by_vendor: bool,
    pub(crate) expires_at: Option<String>,
    pub(crate) reminder_at: Option<String>,
    pub(crate) custom_message: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) send_attempts: u32,
    pub(crate) last_sent: Option<i64>,
    pub(crate) open_count: u32,
}

/// One candidate's take of one assessment.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    pub(crate) id: String,
    pub(crate) assessment: String,
    pub(crate) candidate: String,
    pub(crate) state: TakeState,
    pub(crate) score: Option<f64>,
    pub(crate) closed_reason: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) invited_at: Option<i64>,
    pub(crate) opened_at: Option<i64>,
    pub(crate) started_at: Option<i64>,
    pub(crate) submitted_at: Option<i64>,
    pub(crate) terminated_at: Option<i64>,
    pub(crate) retake_number: u32,
    /// The key of the report's login-free address.
    pub(crate) share_token: String,
    pub(crate) solution: String,
    pub(crate) challenge: String,
}

/// `assessment_result` states, in the order in which a candidate passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TakeState {
    Invited,
    Opened,
    Started,
    Submitted,
    Terminated,
}

impl TakeState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Submitted => "submitted",
            Self::Terminated => "terminated",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) all: bool,
    /// In snake_case, as webhooks name their events.
    pub(crate) events: Vec<String>,
}
