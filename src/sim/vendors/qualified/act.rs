//! What the simulator as a whole does with this vendor: the deeds it knows, its records for the world document, its manners.

use serde_json::{Value, json};

use super::record::{Subscription, Take};
use super::{World, render};
use crate::sim::control::ControlError;
use crate::sim::delivery::{Manners, Parcel, any_success};
use crate::sim::faults::Faults;
use crate::sim::vendors::{AssessmentState, Deed, Mail, StandIn};
use crate::sim::wire::{Ask, Reply};

/// Statuses after which it tries again; a 500 or 429 loses the event.
const RETRIED: [u16; 10] = [502, 503, 504, 520, 521, 523, 525, 526, 527, 530];

/// Once more, and only when nobody answered or the status says that the receiver is in trouble.
pub(crate) static MANNERS: Manners = Manners {
    user_agent: "Qualified",
    accepts: any_success,
    again: |faults, tries, status| {
        let troubled = status.is_none_or(|status| RETRIED.contains(&status));
        (tries < 2 && troubled).then_some(faults.vendor_retry_delay_ms)
    },
    one_by_one: false,
};

impl StandIn for World {
    fn answer(&mut self, ask: &Ask) -> Reply {
        super::answer(self, ask)
    }

    fn publish(&mut self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        self.add_assessment(title, state, passing_score)
    }

    fn set_state(&mut self, test: &str, state: AssessmentState) -> Result<(), ControlError> {
        let id = assessment_id(self, test)?;
        if let Some(assessment) = self.assessments.iter_mut().find(|it| it.id == id) {
            assessment.state = state;
        }
        Ok(())
    }

    /// Decisions are about the candidate: they need no test.
    fn act(&mut self, email: &str, test: &str, deed: &Deed) -> Result<(), ControlError> {
        let decision = match deed {
            Deed::Approve => Some("approved"),
            Deed::Reject => Some("rejected"),
            Deed::Flag { .. } => Some("risk_detected"),
            _ => None,
        };
        if let Some(decision) = decision {
            let candidate = self.candidate_with(email).map(|it| it.id.clone());
            let id = candidate.ok_or_else(|| ControlError::Unknown { kind: "candidate", name: email.to_owned() })?;
            self.decide(&id, decision);
            return Ok(());
        }
        let id = take_of(self, email, test)?.id.clone();
        match deed {
            Deed::Open => self.open(&id),
            Deed::Start => self.start(&id),
            Deed::Submit { score } => self.submit(&id, *score),
            Deed::Terminate { reason } => self.terminate(&id, reason),
            Deed::Cancel => {
                let invitation = self.invitations.iter().find(|it| it.result == id).map(|it| it.id.clone());
                self.cancel(&invitation.unwrap_or_default());
            }
            other => {
                let known = "open, start, submit, terminate, cancel, approve, reject, flag";
                return Err(ControlError::Wrong(format!("{} knows no `{}`; it knows {known}", self.name, other.name())));
            }
        }
        Ok(())
    }

    fn parcels(&mut self, faults: &Faults) -> Vec<Parcel> {
        super::tell(self, faults)
    }

    fn subscribe(&mut self, url: &str, events: &[String]) -> Result<String, ControlError> {
        let id = self.ids.object_id();
        self.subscriptions.push(Subscription {
            id: id.clone(),
            name: "made by hand".to_owned(),
            url: url.to_owned(),
            all: events.is_empty(),
            events: events.to_vec(),
        });
        Ok(id)
    }

    fn refuse_email(&mut self, email: &str) {
        self.refused_emails.insert(email.to_lowercase());
    }

    fn mails(&self) -> &[Mail] {
        &self.mails
    }

    fn shown(&self) -> Value {
        json!({
            "assessments": self.assessments.iter().map(|it| render::assessment(self, it)).collect::<Vec<_>>(),
            "candidates": self.candidates.values().map(|it| render::candidate(self, it)).collect::<Vec<_>>(),
            "invitations": self.invitations.iter().map(|it| render::invitation(self, it)).collect::<Vec<_>>(),
            "results": self.takes.iter().map(|it| render::take(self, it)).collect::<Vec<_>>(),
            "subscriptions": self.subscriptions.iter().map(render::subscription).collect::<Vec<_>>(),
            "mails": self.mails,
        })
    }

    /// Its one switch, `vendor_webhook_score_zero`, is among the faults.
    fn switch(&mut self, _changes: &Value) -> Result<(), ControlError> {
        Err(ControlError::Wrong(format!("{} has no switches of its own", self.name)))
    }
}

fn assessment_id(world: &World, name: &str) -> Result<String, ControlError> {
    let mut found = world.assessments.iter().filter(|it| it.id == name || it.title == name);
    match (found.next(), found.next()) {
        (Some(assessment), None) => Ok(assessment.id.clone()),
        (Some(_), Some(_)) => Err(ControlError::Ambiguous { kind: "assessment", name: name.to_owned() }),
        (None, _) => Err(ControlError::Unknown { kind: "assessment", name: name.to_owned() }),
    }
}

/// The latest take of an assessment by a candidate.
fn take_of<'a>(world: &'a World, email: &str, assessment: &str) -> Result<&'a Take, ControlError> {
    let assessment = assessment_id(world, assessment)?;
    let unknown = || ControlError::Unknown { kind: "invited candidate", name: email.to_owned() };
    let candidate = world.candidate_with(email).ok_or_else(unknown)?;
    world.takes.iter().rev().find(|it| it.candidate == candidate.id && it.assessment == assessment).ok_or_else(unknown)
}
