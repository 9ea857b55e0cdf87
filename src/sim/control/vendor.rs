//! What happens at the assessment vendor: tests are published, candidates work, reviewers decide.

use super::{Control, ControlError};
use crate::sim::qualified::{AssessmentState, Subscription, Take, World};

impl Control {
    /// Adds a test to the catalogue; gives its id. With `passing_score` results say whether they passed.
    pub fn create_assessment(&self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        self.act(|world| world.qualified.add_assessment(title, state, passing_score))
    }

    pub fn set_assessment_state(&self, assessment: &str, state: AssessmentState) -> Result<(), ControlError> {
        self.act(|all| {
            let id = assessment_id(&all.qualified, assessment)?;
            if let Some(assessment) = all.qualified.assessments.iter_mut().find(|it| it.id == id) {
                assessment.state = state;
            }
            Ok(())
        })
    }

    /// The candidate opens the invitation's link. `assessment` is a title or id.
    pub fn open_assessment(&self, email: &str, assessment: &str) -> Result<(), ControlError> {
        self.on_take(email, assessment, World::open)
    }

    pub fn start_assessment(&self, email: &str, assessment: &str) -> Result<(), ControlError> {
        self.on_take(email, assessment, World::start)
    }

    /// The candidate hands in; `score` from 0 to 100.
    pub fn submit_assessment(&self, email: &str, assessment: &str, score: f64) -> Result<(), ControlError> {
        self.on_take(email, assessment, |world, take| world.submit(take, score))
    }

    /// Somebody ends a take; `reason` such as `timer_ran_out`.
    pub fn terminate_assessment(&self, email: &str, assessment: &str, reason: &str) -> Result<(), ControlError> {
        self.on_take(email, assessment, |world, take| world.terminate(take, reason))
    }

    pub fn approve_candidate(&self, email: &str) -> Result<(), ControlError> {
        self.decide(email, "approved")
    }

    pub fn reject_candidate(&self, email: &str) -> Result<(), ControlError> {
        self.decide(email, "rejected")
    }

    fn decide(&self, email: &str, decision: &'static str) -> Result<(), ControlError> {
        self.act(|state| {
            let candidate = state.qualified.candidate_with(email).map(|it| it.id.clone());
            let id = candidate.ok_or(ControlError::Unknown { kind: "candidate", name: email.to_owned() })?;
            state.qualified.decide(&id, decision);
            Ok(())
        })
    }

    /// Subscribes an address to events, as the vendor's settings page does; an empty list means all. Gives the id.
    pub fn subscribe(&self, url: &str, events: &[String]) -> String {
        self.act(|state| {
            let id = state.qualified.ids.object_id();
            state.qualified.subscriptions.push(Subscription {
                id: id.clone(),
                name: "made by hand".to_owned(),
                url: url.to_owned(),
                all: events.is_empty(),
                events: events.to_vec(),
            });
            id
        })
    }

    /// From now on the vendor refuses this address for good.
    pub fn refuse_email(&self, email: &str) {
        self.shared.state().qualified.refused_emails.insert(email.to_lowercase());
    }

    fn on_take(&self, email: &str, assessment: &str, change: impl FnOnce(&mut World, &str)) -> Result<(), ControlError> {
        self.act(|state| {
            let id = take_of(&state.qualified, email, assessment)?.id.clone();
            change(&mut state.qualified, &id);
            Ok(())
        })
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
