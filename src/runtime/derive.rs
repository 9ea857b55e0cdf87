//! A stored delivery becomes events: decoded, confirmed by a read, given to its owner.
//!
//! Lever's signature does not cover what a delivery says, and a vendor's may not exist: nothing here believes a delivery. What it
//! says is read back first, and that reading is what the plan then uses.

use super::account::Account;
use super::call::{Node, Unready};
use super::planner::UNCONFIRMED;
use super::{backoff, gather, hear, look, poll, spans};
use crate::engine::schedule;
use crate::lever::decode::{self, LeverPayload, Seen};
use crate::model::{
    About, Class, Code, Delivery, Event, EventId, EventKind, Hint, Kind, Later, LaterKind, LeverEvent, Reason, Source, Value,
};
use crate::store::{ClaimedDelivery, Derived, Result, Work};
use jiff::Timestamp;

/// The field of a stored event that names the event it looks at again.
const ORIGIN: &str = "event.origin";
/// And when that event was received: the looks of `settle` count from then.
const RECEIVED: &str = "event.origin_received";
/// A change that Lever does not show yet is looked for this often, within a minute or so.
pub(super) const LOOKS: u32 = 3;

/// Derives the events of one claimed delivery and commits them.
pub(super) async fn derive(node: &Node, account: &Account, mut claimed: ClaimedDelivery) -> Result<()> {
    let now = node.clock.now();
    // Taken in while the machine's clock was ahead: nothing has to wait for that time.
    claimed.delivery.received = claimed.delivery.received.min(now);
    let delivery = &claimed.delivery;
    let derived = match &delivery.source {
        Source::Lever { .. } => lever(node, account, &claimed).await,
        Source::Vendor { vendor, invitation, .. } => hear::vendor(node, account, &claimed, vendor, *invitation).await,
        Source::Ask { vendor, poll, about } => poll::answer(node, account, delivery, vendor, poll, about).await,
        Source::Timer(later) => Ok(Derived::Events(vec![timer(account, delivery, later)])),
        Source::Answer(event) => Ok(Derived::Events(vec![event.as_ref().clone()])),
        Source::Backfill(event) => Ok(Derived::Events(vec![Event { received: delivery.received, ..event.as_ref().clone() }])),
        Source::Poll(poll) => return look::derive(node, account, &claimed, poll).await,
    };
    let derived = match derived {
        Ok(derived) => derived,
        // Nothing is wrong: it keeps its looks, and its age says nothing.
        Err(Unready::Defer { until: Some(until), reason }) if reason.code == Code::Queued => {
            return node.store.defer(&account.id, Work::Delivery(delivery.id), until, None).await;
        }
        Err(Unready::Defer { until, reason })
            if asks_for_window(delivery) || now.duration_since(delivery.received) <= backoff::PATIENCE =>
        {
            let next = || backoff::next(now, claimed.rounds_for(reason.code), delivery.id.0, None);
            Derived::Hold { until: until.unwrap_or_else(next), reason }
        }
        Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => Derived::Park(reason),
        Err(Unready::Store(error)) => return Err(error),
    };
    if let Derived::Events(events) = &derived {
        spans::told(events);
    }
    node.store.derive(&account.id, delivery.id, derived, node.clock.now()).await
}

/// Whether this asks a vendor for what happened in a window. The next window waits for its answer, so it is never given up by age: the
/// poll goes on by itself once the vendor is back.
const fn asks_for_window(delivery: &Delivery) -> bool {
    matches!(delivery.source, Source::Ask { about: About::Window { .. }, .. })
}

/// One delivery of Lever. If no rule listens, Lever is not asked.
async fn lever(node: &Node, account: &Account, claimed: &ClaimedDelivery) -> std::result::Result<Derived, Unready> {
    let delivery = &claimed.delivery;
    let payload = match decode::payload(&delivery.body) {
        Ok(payload) => payload,
        Err(reason) => return Ok(Derived::Park(reason)),
    };
    let stated = stated(account, delivery, &payload);
    let deleted = payload.event == LeverEvent::CandidateDeleted;
    if !deleted && !account.active().program.selects(&stated) {
        return Ok(Derived::Events(vec![stated]));
    }
    let rounds = |refused: &decode::NotConfirmed| claimed.rounds_for(refused.reason.code);
    // A further look wants another reading than the one that did not show it.
    let since = if claimed.rounds == 0 { delivery.received } else { node.clock.now() };
    match confirm(node, account, &payload, stated, delivery, since).await? {
        Ok(event) => {
            let heard = deleted && account.active().program.hears(&EventKind::OpportunityGone, None);
            let gone = event.opportunity.clone().filter(|_| heard);
            let gone = gone.map(|opportunity| look::gone(account, opportunity, event.at, delivery.received));
            Ok(Derived::Events(std::iter::once(event).chain(gone).collect()))
        }
        Err(refused) if refused.again && rounds(&refused) < LOOKS => match backoff::held(node.clock.now(), rounds(&refused)) {
            Some(until) => Ok(Derived::Hold { until, reason: refused.reason }),
            None => Ok(Derived::Nothing(refused.reason)),
        },
        Err(refused) => Ok(Derived::Nothing(refused.reason)),
    }
}

/// The event as the delivery states it, not confirmed by anyone.
fn stated(account: &Account, delivery: &Delivery, payload: &LeverPayload) -> Event {
    let active = account.active();
    let names = active.names();
    let at = payload.triggered_at;
    let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
    let opportunity = text(payload.opportunity.as_ref().map(crate::model::OpportunityId::as_str));
    let contact = text(payload.contact.as_ref().map(crate::model::ContactId::as_str));
    let to = text(payload.to_stage.as_ref().map(crate::model::StageId::as_str));
    // The business key of `lever-api §4.5`: independent of the token, so a Rerun under a new one is the same event.
    let id = EventId::derive(
        at,
        &[account.id.as_str(), payload.event.as_str(), &opportunity, &contact, &to, &at.as_millisecond().to_string()],
    );
    let mut event = Event::new(id, account.id.clone(), EventKind::Lever(payload.event), payload.opportunity.clone(), at);
    event.received = delivery.received;
    event.fields.insert(UNCONFIRMED.to_owned(), Value::Bool(true));
    if let Some(stage) = &payload.to_stage {
        event.fields.insert("to_stage".to_owned(), names.value(Kind::Stage, stage.as_str()));
    }
    if let Some(stage) = &payload.from_stage {
        event.fields.insert("from_stage".to_owned(), names.value(Kind::Stage, stage.as_str()));
    }
    if let Some(application) = &payload.application {
        event.fields.insert("application.id".to_owned(), Value::text(application));
    }
    if let Some(contact) = &payload.contact {
        event.fields.insert("contact.id".to_owned(), Value::text(contact.as_str()));
    }
    event
}

/// Reads what confirms the payload, after `since`, and confirms the event by it.
async fn confirm(
    node: &Node,
    account: &Account,
    payload: &LeverPayload,
    stated: Event,
    delivery: &Delivery,
    since: Timestamp,
) -> std::result::Result<std::result::Result<Event, decode::NotConfirmed>, Unready> {
    let active = account.active();
    let names = active.names();
    let confirmed = match (&payload.opportunity, &payload.contact) {
        (Some(id), _) => match gather::read_opportunity(node, account, id, since, Class::Stage).await {
            Ok(read) => decode::confirm(payload, Seen::Opportunity(&read), names),
            Err(Unready::Gone(_)) => decode::confirm(payload, Seen::Gone, names),
            Err(unready) => return Err(unready),
        },
        (None, Some(_)) => {
            let Some(request) = decode::reads(payload) else { return Ok(Ok(stated)) };
            match node.call(account, &request, Class::Stage).await? {
                super::call::Called::Exchanged(crate::model::Exchange::Answered(answer)) if answer.ok() => {
                    decode::confirm(payload, Seen::Contact, names)
                }
                super::call::Called::Exchanged(crate::model::Exchange::Answered(answer)) if answer.status == 404 => {
                    decode::confirm(payload, Seen::Gone, names)
                }
                super::call::Called::Exchanged(_) => {
                    return Err(Unready::Defer {
                        until: None,
                        reason: Reason::new(Code::R1, "Lever did not show the contact"),
                    });
                }
                super::call::Called::Held { until, reason } => return Err(Unready::Defer { until: Some(until), reason }),
            }
        }
        (None, None) => return Ok(Ok(stated)),
    };
    Ok(confirmed.map(|confirmed| {
        // The same change told at another time, or found by polling, is the same event.
        let mut event = Event { id: confirmed.occurrence.id(&account.id), ..stated };
        event.fields = confirmed.fields;
        if matches!(delivery.hint, Some(Hint::OtherBody | Hint::Unsigned)) {
            for field in confirmed.stated_only {
                event.fields.remove(field);
            }
        }
        event
    }))
}

/// Confirms an event that nobody listened to when it was derived, and that a rule listens to now.
pub(super) async fn confirm_late(node: &Node, account: &Account, event: &Event) -> std::result::Result<Event, Unready> {
    let EventKind::Lever(kind) = &event.kind else { return Ok(event.clone()) };
    let id = |name: &str| match event.fields.get(name) {
        Some(Value::Named(named)) => Some(named.id.clone()),
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let payload = LeverPayload {
        event: *kind,
        triggered_at: event.at,
        opportunity: event.opportunity.clone(),
        contact: id("contact.id").map(Into::into),
        application: id("application.id"),
        from_stage: id("from_stage").map(Into::into),
        to_stage: id("to_stage").map(Into::into),
        from_archived: None,
        to_archived: None,
        deleted_by: None,
        interview: id("interview.id"),
        panel: None,
    };
    let delivery = Delivery {
        id: crate::model::DeliveryId(event.id.0),
        account: account.id.clone(),
        source: Source::Lever { event: *kind },
        dedupe: String::new(),
        digest: String::new(),
        body: Vec::new(),
        received: event.received,
        hint: None,
    };
    match confirm(node, account, &payload, event.clone(), &delivery, event.received).await? {
        Ok(confirmed) => Ok(confirmed),
        Err(refused) => Err(Unready::Gone(refused.reason)),
    }
}

/// A due timer as the event its rule looks at. A look of `settle` plans with its event's own id, under which a row exists already:
/// its row gets the timer's id, and the planner gives the event its own id back.
fn timer(account: &Account, delivery: &Delivery, later: &Later) -> Event {
    let mut event = schedule::due(later);
    event.account = account.id.clone();
    event.received = delivery.received;
    if later.kind == LaterKind::Timer {
        return event;
    }
    let received = std::mem::replace(&mut event.received, later.anchor_time);
    Event { received, ..under(&event, EventId(later.id.0)) }
}

/// The event as a row of its own that plans as what it is.
pub(super) fn under(event: &Event, id: EventId) -> Event {
    let own = Event { id, ..event.clone() };
    own.with(ORIGIN, Value::text(event.id.to_string())).with(RECEIVED, Value::date(event.received))
}

/// Whether it is a row beside the one of the event itself.
pub(super) fn stands_for_another(event: &Event) -> bool {
    event.fields.contains_key(ORIGIN)
}

/// The event with the id it plans with, and as received when it first was.
pub(super) fn original(event: &Event) -> Event {
    let mut event = event.clone();
    let origin = event.fields.remove(ORIGIN).as_ref().and_then(Value::as_text).and_then(|id| id.parse().ok());
    event.id = origin.unwrap_or(event.id);
    if let Some(Value::Date { date }) = event.fields.remove(RECEIVED) {
        event.received = date;
    }
    event
}
