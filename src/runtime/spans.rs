//! What every log line says of the work it is about: the ids by which one delivery is followed from the door to Lever's answer.
//!
//! Ids only: never a name, an address or what somebody wrote. The spans are there at every level, so that an error has its ids too.

use crate::model::{AccountId, Event, OpportunityId};
use crate::store::ClaimedEffect;
use std::fmt::Write as _;
use tracing::{Span, error_span};

/// A delivery that becomes events.
pub(super) fn delivery(account: &AccountId, delivery: impl std::fmt::Display) -> Span {
    error_span!("delivery", %account, %delivery)
}

/// An event that is planned.
pub(super) fn event(event: &Event) -> Span {
    let opportunity = event.opportunity.as_ref().map(tracing::field::display);
    error_span!("event", account = %event.account, opportunity, event = %event.id)
}

/// Effects of one opportunity that travel together; mostly it is one.
pub(super) fn effects<'c>(
    account: &AccountId,
    opportunity: &OpportunityId,
    claimed: impl IntoIterator<Item = &'c ClaimedEffect>,
) -> Span {
    let (mut events, mut effects) = (String::new(), String::new());
    for claimed in claimed {
        let event = claimed.effect.event.to_string();
        if !events.contains(&event) {
            listed(&mut events, &event);
        }
        listed(&mut effects, &claimed.effect.id.to_string());
    }
    error_span!("effect", %account, %opportunity, event = %events, effect = %effects)
}

/// Logs events that are stored next.
pub(super) fn told(events: &[Event]) {
    for event in events {
        let opportunity = event.opportunity.as_ref().map(tracing::field::display);
        tracing::info!(event = %event.id, kind = %event.kind, opportunity, "event");
    }
}

fn listed(list: &mut String, id: &str) {
    let comma = if list.is_empty() { "" } else { "," };
    // Writing into a text does not fail.
    let _ = write!(list, "{comma}{id}");
}
