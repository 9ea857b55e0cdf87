//! What a rule listens to, as a clause: `a candidate enters …`.

use super::text::{named, ticked};
use super::{Words, capital};
use crate::lang::yaml::{Key, Node};
use crate::model::{AssessmentEvent, EventKind, LeverEvent};

impl Words<'_> {
    /// `When …, or when …`. What of the conditions is said with it is taken out of them.
    pub(super) fn triggers(&self, node: Option<&Node>, conditions: &mut Vec<&(Key, Node)>) -> String {
        let triggers = node.map(Node::items_or_self).unwrap_or_default();
        let entered = triggers.len() == 1 && triggers.first().and_then(Node::scalar) == Some("candidateStageChange");
        if entered && let Some(at) = conditions.iter().position(|(key, _)| key.text == "to_stage") {
            let (_, stage) = conditions.remove(at);
            let choices = stage.get("in").map(|list| self.choices(list));
            return match (stage.scalar(), choices) {
                (Some(_), _) => format!("When a candidate enters the stage {}", self.value(stage)),
                (None, Some(list)) => format!("When a candidate enters {list}"),
                (None, None) => format!("When a candidate enters a stage that {}", self.matcher(stage, false)),
            };
        }
        let clauses: Vec<String> = triggers.iter().map(|trigger| self.trigger(trigger)).collect();
        capital(&clauses.join(", or "))
    }

    /// `when …` or `3 days after …`.
    fn trigger(&self, node: &Node) -> String {
        if let Some(name) = node.scalar() {
            return format!("when {}", self.event(name));
        }
        let get = |key: &str| node.get(key);
        if let Some(tag) = get("tag_added").and_then(Node::scalar) {
            return format!("when somebody puts the tag {} on a candidate", named(tag));
        }
        if let Some(key) = get("answered").and_then(Node::scalar) {
            return format!("when somebody answers the question {}", ticked(key));
        }
        if let Some(name) = get("done").and_then(Node::scalar) {
            return format!("when {} has done {}", self.vendor, ticked(name));
        }
        if let Some(name) = get("failed").and_then(Node::scalar) {
            return format!("when {} could not do {}", self.vendor, ticked(name));
        }
        let of = get("of");
        let anchor = match of.and_then(Node::scalar) {
            Some("assessment.expires_at") => "the invitation expires".to_owned(),
            Some(name) => self.event(name),
            None => of.map(|of| self.trigger(of)).unwrap_or_default().trim_start_matches("when ").to_owned(),
        };
        match (get("after"), get("before")) {
            (Some(delay), _) => format!("{} after {anchor}", self.length(delay)),
            (None, Some(delay)) => format!("{} before {anchor}", self.length(delay)),
            (None, None) => anchor,
        }
    }

    /// An event, as a clause.
    fn event(&self, name: &str) -> String {
        let vendor = &self.vendor;
        match name.parse::<EventKind>() {
            Ok(EventKind::Assessment(event)) => assessment(event).replace("VENDOR", vendor),
            Ok(kind @ (EventKind::Lever(_) | EventKind::OpportunityCreated | EventKind::OpportunityGone)) => {
                clause(&kind).unwrap_or_default()
            }
            Ok(EventKind::TagAdded | EventKind::Answered(_) | EventKind::Done(_) | EventKind::Failed(_)) | Err(()) => {
                format!("{} happens", ticked(name))
            }
        }
    }
}

/// What happens when an event is told of that has no parameter, as a clause.
pub(crate) fn clause(kind: &EventKind) -> Option<String> {
    Some(match kind {
        EventKind::Lever(event) => lever(*event).to_owned(),
        EventKind::Assessment(event) => assessment(*event).replace("VENDOR", "the vendor"),
        EventKind::OpportunityCreated => "a candidate is added to Lever".to_owned(),
        EventKind::OpportunityGone => "a candidate is deleted or made anonymous".to_owned(),
        EventKind::TagAdded | EventKind::Answered(_) | EventKind::Done(_) | EventKind::Failed(_) => return None,
    })
}

fn lever(event: LeverEvent) -> &'static str {
    match event {
        LeverEvent::ApplicationCreated => "somebody applies to a posting",
        LeverEvent::CandidateStageChange => "a candidate enters another stage",
        LeverEvent::CandidateArchiveChange => "a candidate is archived or taken out of the archive",
        LeverEvent::CandidateHired => "a candidate is hired",
        LeverEvent::CandidateDeleted => "a candidate is deleted",
        LeverEvent::InterviewCreated => "an interview is scheduled",
        LeverEvent::InterviewUpdated => "an interview is changed",
        LeverEvent::InterviewDeleted => "an interview is taken off",
        LeverEvent::ContactCreated => "a person is added to Lever",
        LeverEvent::ContactUpdated => "a person’s details change",
    }
}

fn assessment(event: AssessmentEvent) -> &'static str {
    match event {
        AssessmentEvent::Requested => "leverd asks VENDOR to send a test",
        AssessmentEvent::Invited => "the invitation to a test has gone out",
        AssessmentEvent::InviteFailed => "a test could not be sent",
        AssessmentEvent::Reminded => "the candidate was reminded of a test",
        AssessmentEvent::Reinvited => "the candidate was invited to a test again",
        AssessmentEvent::Opened => "the candidate opens a test",
        AssessmentEvent::Started => "the candidate starts a test",
        AssessmentEvent::Submitted => "the candidate hands a test in",
        AssessmentEvent::Scored => "a test has its score",
        AssessmentEvent::Passed => "a test is passed",
        AssessmentEvent::Failed => "a test is failed",
        AssessmentEvent::NeedsReview => "a test needs a review",
        AssessmentEvent::ReportReady => "the report of a test is ready",
        AssessmentEvent::Reviewed => "a test was reviewed at VENDOR",
        AssessmentEvent::Approved => "the candidate is approved at VENDOR",
        AssessmentEvent::Rejected => "the candidate is rejected at VENDOR",
        AssessmentEvent::Qualified => "the candidate qualifies at VENDOR",
        AssessmentEvent::Unqualified => "the candidate does not qualify at VENDOR",
        AssessmentEvent::Expired => "the invitation to a test has expired",
        AssessmentEvent::Declined => "the candidate declines a test",
        AssessmentEvent::OptedOut => "the candidate counts as opted out of a test",
        AssessmentEvent::Cancelled => "a test was cancelled",
        AssessmentEvent::Terminated => "the candidate leaves a test before its end",
        AssessmentEvent::Flagged => "VENDOR has doubts about how a test was taken",
        AssessmentEvent::Reopened => "a test was opened again",
        AssessmentEvent::Superseded => "a newer attempt takes the place of a test",
        AssessmentEvent::DecisionChanged => "the decision about a test changes at VENDOR",
    }
}
