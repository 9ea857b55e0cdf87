//! Events that are assumed of an opportunity: for looking at what rules would do, without anything having happened.

use crate::lang::near::near;
use crate::lever::api::Opportunity;
use crate::lever::decode::{self, LeverPayload, Seen};
use crate::lever::facts::Names;
use crate::model::{AccountCatalogue, AccountId, Event, EventId, EventKind, Kind, LeverEvent, OpportunityId, Value};
use jiff::Timestamp;

fn event(account: &AccountId, kind: LeverEvent, opportunity: &OpportunityId, at: Timestamp) -> Event {
    let id = EventId::derive(at, &["dry-run", account.as_str(), opportunity.as_str()]);
    Event::new(id, account.clone(), EventKind::Lever(kind), Some(opportunity.clone()), at)
}

/// The event that a delivery turns out to be, or why it is none.
pub fn confirmed(
    account: &AccountId,
    payload: &LeverPayload,
    opportunity: &Opportunity,
    names: Names<'_>,
    at: Timestamp,
) -> Result<Event, String> {
    let confirmed = decode::confirm(payload, Seen::Opportunity(opportunity), names).map_err(|no| no.reason.text)?;
    let mut event = event(account, payload.event, &opportunity.id, at);
    event.at = payload.triggered_at;
    event.fields = confirmed.fields;
    Ok(event)
}

/// The event as if it had just happened: a stage change is into `stage`, or into the stage that the opportunity is in.
pub fn assumed(
    account: &AccountId,
    catalogue: &AccountCatalogue,
    kind: LeverEvent,
    stage: Option<&str>,
    opportunity: &Opportunity,
    at: Timestamp,
) -> Result<Event, String> {
    let mut event = event(account, kind, &opportunity.id, at);
    if kind != LeverEvent::CandidateStageChange {
        return Ok(event);
    }
    let names = Names::of(catalogue);
    let to = match (stage, &opportunity.stage) {
        (Some(name), _) => Value::Named(catalogue.find(Kind::Stage, None, name).ok_or_else(|| no_stage(catalogue, name))?),
        (None, Some(stage)) => names.value(Kind::Stage, stage.as_str()),
        (None, None) => return Err("the opportunity is in no stage: name the one to assume".to_owned()),
    };
    event = event.with("to_stage", to);
    if let Some([from, _]) = opportunity.stage_changes.last_chunk::<2>() {
        event = event.with("from_stage", names.value(Kind::Stage, from.to.as_str()));
    }
    Ok(event)
}

/// What is said of a stage that the account does not have.
pub fn no_stage(catalogue: &AccountCatalogue, name: &str) -> String {
    let stages: Vec<&str> = catalogue.stages.iter().map(|stage| stage.name.as_str()).collect();
    match near(name, stages.iter().copied()).first() {
        Some(near) => format!("the account has no stage `{name}`; did you mean `{near}`?"),
        None => format!("the account has no stage `{name}`; its stages are {}", stages.join(", ")),
    }
}
