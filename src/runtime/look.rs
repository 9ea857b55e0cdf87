//! One page of a look at what changed in Lever: read, compared with what was seen before, made events of.
//!
//! A page is a delivery; its events, what was seen and the next page's delivery are one commit. Lever's rows are kept as snapshots,
//! so that planning what they led to reads nothing again.

use super::account::Account;
use super::call::{Called, Node, Unready};
use super::{backoff, poller, spans};
use crate::lever::api::{self, Opportunity, Page, Unread};
use crate::lever::changes::{self, Change};
use crate::lever::facts::Names;
use crate::model::{
    Class, Code, Delivery, Destination, Event, EventKind, Exchange, LeverEvent, Listed, OpportunityId, Poll, Reason, Request,
    Value,
};
use crate::store::{ClaimedDelivery, Derived, Looked, Result, Work};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A look starts again so often when Lever no longer knows the token of a page.
const RESTARTS: u8 = 3;
/// Lever lists deletions of thirty days at most.
const DELETIONS: SignedDuration = SignedDuration::from_hours(29 * 24);

/// Derives one page and commits what it told. What cannot be read now is held for as long as it takes: the look is not lost, and no
/// other begins before it ends.
pub(super) async fn derive(node: &Node, account: &Account, claimed: &ClaimedDelivery, poll: &Poll) -> Result<()> {
    let (delivery, now) = (&claimed.delivery, node.clock.now());
    let looked = match poll.list {
        Listed::Baseline | Listed::Changed => changed(node, account, delivery, poll).await,
        Listed::Deleted => deleted(node, account, delivery, poll).await,
    };
    let derived = match looked {
        Ok(looked) => {
            spans::told(&looked.events);
            return node.store.derive_look(&account.id, delivery.id, looked, node.clock.now()).await;
        }
        Err(Unready::Defer { until: Some(until), reason }) if reason.code == Code::Queued => {
            return node.store.defer(&account.id, Work::Delivery(delivery.id), until, None).await;
        }
        Err(Unready::Defer { until, reason }) => {
            let next = || backoff::next(now, claimed.rounds_for(reason.code), delivery.id.0, None);
            Derived::Hold { until: until.unwrap_or_else(next), reason }
        }
        Err(Unready::Gone(reason) | Unready::Park(reason)) => Derived::Park(reason),
        Err(Unready::Store(error)) => return Err(error),
    };
    node.store.derive(&account.id, delivery.id, derived, node.clock.now()).await
}

type Read<T> = std::result::Result<T, Unready>;

async fn exchange(node: &Node, account: &Account, list: Request, poll: &Poll) -> Read<Exchange> {
    let request = poll.page.as_deref().map_or_else(|| list.clone(), |token| api::next_page(&list, token));
    match node.call(account, &request, Class::Poll).await? {
        Called::Exchanged(exchange) => Ok(exchange),
        Called::Held { until, reason } => Err(Unready::Defer { until: Some(until), reason }),
    }
}

/// The delivery of another page of the same look.
fn further(node: &Node, account: &Account, poll: &Poll, list: Listed, page: Option<String>) -> Delivery {
    let next = Poll { list, page, number: poll.number.saturating_add(1), ..poll.clone() };
    poller::delivery(&account.id, next, node.clock.now())
}

/// A page of opportunities: what changed about each.
async fn changed(node: &Node, account: &Account, delivery: &Delivery, poll: &Poll) -> Read<Looked> {
    let baseline = poll.list == Listed::Baseline;
    let filter = if baseline {
        api::Filter { archived: Some(false), ..api::Filter::default() }
    } else {
        api::Filter { updated_from: Some(poll.since), ..api::Filter::default() }
    };
    let began = node.clock.now();
    let page = match api::opportunities(&exchange(node, account, api::list_opportunities(&filter), poll).await?) {
        // Lever forgets the tokens of pages; what was seen already is no news the second time.
        Err(Unread::Dead(reason)) if poll.page.is_some() && reason.code == Code::R4 && poll.restarts < RESTARTS => {
            let again = Poll { restarts: poll.restarts + 1, ..poll.clone() };
            let next = further(node, account, &again, poll.list, None);
            return Ok(Looked { events: Vec::new(), glimpses: Vec::new(), next: Some(next) });
        }
        read => node.heard(account, &Destination::Lever, read)?,
    };
    let Page { items, next } = page;
    // A row that comes twice on a page counts as it was shown last.
    let rows: BTreeMap<OpportunityId, Opportunity> = items.into_iter().map(|row| (row.id.clone(), row)).collect();
    let seen = node.store.glimpses(&account.id, rows.keys().cloned().collect()).await?;
    let hired = if baseline { None } else { hired(node, account).await? };
    let active = account.active();
    let names = Names { hired: hired.as_deref(), ..active.names() };
    let mut looked = Looked { events: Vec::new(), glimpses: Vec::new(), next: None };
    for (id, row) in rows {
        // What was seen before polling was last switched on says nothing of what happened since.
        let before = seen.get(&id).filter(|glimpse| glimpse.seen >= poll.began);
        if baseline {
            looked.glimpses.push(changes::baseline(&row, began, poll.began));
            continue;
        }
        let glimpse = changes::glimpse(&row, began);
        if before.is_none_or(|before| !before.same(&glimpse)) {
            looked.glimpses.push(glimpse);
        }
        let since = before.map_or(poll.began, |before| before.seen);
        let found = changes::changes(&row, before, poll.began, names);
        let events = wanted(node, account, &id, since, found, delivery.received).await?;
        if !events.is_empty() {
            node.snapshots.keep(&account.id, began, Arc::new(row));
        }
        looked.events.extend(events);
    }
    looked.next = match next {
        Some(token) => Some(further(node, account, poll, poll.list, Some(token))),
        None if baseline => None,
        None => Some(further(node, account, poll, Listed::Deleted, None)),
    };
    Ok(looked)
}

/// The changes that some rule waits for, as events; tags that leverd put there itself left out.
async fn wanted(
    node: &Node,
    account: &Account,
    opportunity: &OpportunityId,
    since: Timestamp,
    found: Vec<Change>,
    received: Timestamp,
) -> Read<Vec<Event>> {
    let program = Arc::clone(&account.active().program);
    let mut events = Vec::new();
    let mut own = None;
    for (seq, change) in (0..).zip(found) {
        let event = event(account, opportunity.clone(), change, seq, received);
        if event.kind != EventKind::OpportunityGone && !program.selects(&event) {
            continue;
        }
        if let (EventKind::TagAdded, Some(tag)) = (&event.kind, event.fields.get("tag").and_then(Value::as_text)) {
            let own = match &mut own {
                Some(own) => own,
                none => none.insert(node.store.own_tags(&account.id, opportunity, since).await?),
            };
            if own.iter().any(|own| own == tag) {
                continue;
            }
        }
        events.push(event);
    }
    Ok(events)
}

fn event(account: &Account, opportunity: OpportunityId, change: Change, seq: u16, received: Timestamp) -> Event {
    let id = change.occurrence.id(&account.id);
    let mut event = Event::new(id, account.id.clone(), change.kind, Some(opportunity), change.at);
    (event.received, event.seq, event.class, event.fields) = (received, seq, Class::Poll, change.fields);
    event
}

/// The event that an opportunity is gone: rules hear of it, then what is known of the person is removed.
pub(super) fn gone(account: &Account, opportunity: OpportunityId, at: Timestamp, received: Timestamp) -> Event {
    let change = changes::gone(&opportunity, at);
    event(account, opportunity, change, 1, received)
}

/// Whether Lever itself says that it does not know this very opportunity: a wrong address answers 404 for everything.
pub(super) fn says_gone(reason: &Reason, opportunity: &OpportunityId) -> bool {
    reason.code == Code::R3 && reason.text.contains(opportunity.as_str())
}

/// Which archive reason means hired, if a rule wants to know.
async fn hired(node: &Node, account: &Account) -> Read<Option<String>> {
    if !account.active().program.hears(&EventKind::Lever(LeverEvent::CandidateHired), None) {
        return Ok(None);
    }
    match node.call(account, &api::list_archive_reasons(), Class::Poll).await? {
        Called::Exchanged(exchange) => {
            let reasons = node.heard(account, &Destination::Lever, api::archive_reasons(&exchange))?;
            Ok(reasons.items.into_iter().find(|reason| reason.hired).map(|reason| reason.id))
        }
        Called::Held { until, reason } => Err(Unready::Defer { until: Some(until), reason }),
    }
}

/// A page of deletions: the end of a look. Credentials that may not list them do not hold the look up.
async fn deleted(node: &Node, account: &Account, delivery: &Delivery, poll: &Poll) -> Read<Looked> {
    let now = node.clock.now();
    let list = api::list_deleted(poll.since.max(now - DELETIONS), now + SignedDuration::from_hours(1));
    let mut looked = Looked { events: Vec::new(), glimpses: Vec::new(), next: None };
    let page = match api::deletions(&exchange(node, account, list, poll).await?) {
        Err(
            Unread::Suspended(Reason { code, text })
            | Unread::Dead(Reason { code, text })
            | Unread::Gone(Reason { code, text }),
        ) => {
            tracing::warn!(account = %account.id, %code, reason = text, "Lever did not list what was deleted");
            return Ok(looked);
        }
        read => node.heard(account, &Destination::Lever, read)?,
    };
    let program = Arc::clone(&account.active().program);
    for deletion in page.items {
        let id = deletion.opportunity;
        if !node.store.known(&account.id, &id).await? {
            continue;
        }
        let at = deletion.at.unwrap_or(now);
        let told = event(account, id.clone(), changes::deleted(&id, at), 0, delivery.received);
        looked.events.extend(program.selects(&told).then_some(told));
        looked.events.push(gone(account, id, at, delivery.received));
    }
    looked.next = page.next.map(|token| further(node, account, poll, Listed::Deleted, Some(token)));
    Ok(looked)
}
