//! Reads what a plan needs: the snapshot from Lever, the posting, our ledger, the vendor's tests.
//!
//! One read serves as much as it can: an opportunity read after an event was received serves every event received before, a
//! posting likewise, a vendor's list of tests for half a minute.

use super::account::Account;
use super::call::{Called, Node, Unready};
use crate::lever::{api, facts};
use crate::model::{
    Assessment, Class, Code, ContactId, Destination, Effect, Event, EventKind, Facts, Group, LeverEvent, Needs, OpportunityId,
    Phase, Reason, TestList, Value, VendorName,
};
use crate::store::OwnMove;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The loop guard counts firings within this window.
const FIRINGS: SignedDuration = SignedDuration::from_hours(1);
/// How far Lever's `triggeredAt` may be from the time of our own move.
const ECHO: SignedDuration = SignedDuration::from_secs(5);

/// Adds the groups that a plan asked for. Only what was read after `since` counts: when the event, or the look at it, was stored.
pub(super) async fn gather(
    node: &Node,
    account: &Account,
    event: &Event,
    since: Timestamp,
    needs: &Needs,
    facts: &mut Facts,
) -> Result<(), Unready> {
    for group in &needs.0 {
        match group {
            Group::Opportunity => {
                let id = lane(event)?;
                let opportunity = read_opportunity(node, account, id, since, event.class).await?;
                add_opportunity(account, facts, &opportunity);
            }
            Group::Posting => {
                let id = lane(event)?;
                let opportunity = read_opportunity(node, account, id, since, event.class).await?;
                add_opportunity(account, facts, &opportunity);
                let posting = match opportunity.applications.iter().find_map(|application| application.posting.as_deref()) {
                    Some(posting) => posting_of(node, account, posting, since, event.class).await?,
                    None => None,
                };
                let active = account.active();
                facts.values.extend(facts::posting(&opportunity, posting.as_deref(), active.names()));
                facts.known.insert(Group::Posting);
            }
            Group::Ledger => add_ledger(node, account, event, facts).await?,
            Group::Tests(vendor) => {
                facts.tests.insert(vendor.clone(), tests(node, account, vendor, event).await?);
                facts.known.insert(group.clone());
            }
        }
    }
    Ok(())
}

/// What waits to be done to the opportunity: facts are planned on as if it were done.
pub(super) async fn waiting(node: &Node, account: &Account, event: &Event) -> Result<Vec<Effect>, Unready> {
    match &event.opportunity {
        Some(id) => Ok(node.store.pending_effects(&account.id, id).await?),
        None => Ok(Vec::new()),
    }
}

fn lane(event: &Event) -> Result<&OpportunityId, Unready> {
    event.opportunity.as_ref().ok_or_else(|| Unready::Park(Reason::new(Code::R5, "the event is about no opportunity")))
}

/// The opportunity, read after `received`.
pub(super) async fn read_opportunity(
    node: &Node,
    account: &Account,
    id: &OpportunityId,
    received: Timestamp,
    class: Class,
) -> Result<Arc<api::Opportunity>, Unready> {
    if let Some(kept) = node.snapshots.opportunity(&account.id, id, received) {
        return Ok(kept);
    }
    let began = node.clock.now();
    let exchange = match node.call(account, &api::get_opportunity(id), class).await? {
        Called::Exchanged(exchange) => exchange,
        Called::Held { until, reason } => return Err(Unready::Defer { until: Some(until), reason }),
    };
    let read = Arc::new(node.heard(account, &Destination::Lever, api::opportunity(&exchange))?);
    node.snapshots.keep(&account.id, began, Arc::clone(&read));
    Ok(read)
}

fn add_opportunity(account: &Account, facts: &mut Facts, opportunity: &api::Opportunity) {
    if facts.known.insert(Group::Opportunity) {
        facts.values.extend(facts::opportunity(opportunity, account.active().names()));
    }
}

async fn posting_of(
    node: &Node,
    account: &Account,
    id: &str,
    since: Timestamp,
    class: Class,
) -> Result<Option<Arc<api::Posting>>, Unready> {
    if let Some(kept) = node.snapshots.posting(&account.id, id, since) {
        return Ok(Some(kept));
    }
    let began = node.clock.now();
    let exchange = match node.call(account, &api::get_posting(id), class).await? {
        Called::Exchanged(exchange) => exchange,
        Called::Held { until, reason } => return Err(Unready::Defer { until: Some(until), reason }),
    };
    match node.heard(account, &Destination::Lever, api::posting(&exchange)) {
        Ok(posting) => {
            let posting = Arc::new(posting);
            node.snapshots.keep_posting(&account.id, began, Arc::clone(&posting));
            Ok(Some(posting))
        }
        // A posting that Lever no longer knows gives nothing, like no posting.
        Err(Unready::Gone(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn add_ledger(node: &Node, account: &Account, event: &Event, facts: &mut Facts) -> Result<(), Unready> {
    let Some(id) = &event.opportunity else {
        facts.known.insert(Group::Ledger);
        return Ok(());
    };
    let contact = facts.values.get("opportunity.contact").and_then(Value::as_text).map(ContactId::from);
    facts.ledger = node.store.ledger(&account.id, id, contact.as_ref()).await?;
    facts.firings = node.store.firings(&account.id, id, facts.now - FIRINGS).await?;
    facts.known.insert(Group::Ledger);
    Ok(())
}

/// The unmatched move of our own whose echo this event is, if it is one: to the same stage, within five seconds of the time that
/// Lever answered, or not before it was begun where no answer came.
pub(super) async fn own_move(node: &Node, account: &Account, event: &Event) -> Result<Option<crate::model::EffectId>, Unready> {
    let (Some(id), EventKind::Lever(LeverEvent::CandidateStageChange)) = (&event.opportunity, &event.kind) else {
        return Ok(None);
    };
    let Some(Value::Named(to)) = event.fields.get("to_stage") else { return Ok(None) };
    let explains = |own: &OwnMove| {
        own.to == to.id
            && match own.moved_at {
                Some(moved) => event.at.duration_since(moved).abs() <= ECHO,
                None => event.at + ECHO >= own.begun_at,
            }
    };
    Ok(node.store.own_moves(&account.id, id).await?.into_iter().find(explains).map(|own| own.effect))
}

/// The vendor's tests, read lately.
pub(super) async fn tests(node: &Node, account: &Account, vendor: &VendorName, event: &Event) -> Result<TestList, Unready> {
    let to = Destination::Vendor(vendor.clone());
    let kept = || {
        let gate = account.connection(&to).map(|connection| &connection.gate).filter(|gate| gate.is_crowded());
        node.tests.get(&account.id, vendor, gate.map(|gate| gate.rate().per_second), node.clock.now())
    };
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    let reading = node.tests.reading(&account.id, vendor);
    let _one = reading.lock().await;
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    let began = node.clock.now();
    let tests = TestList::from(super::line::catalogue(node, account, vendor, event.class).await?);
    node.tests.keep(&account.id, vendor, began, tests.clone());
    Ok(tests)
}

/// The ledger as the plan of `event` found it, for a re-evaluation: without the attempts that this plan requested, and with the one
/// that each took the place of, or that is being refreshed, as it was.
pub(super) fn without_own(ledger: Vec<Assessment>, event: &Event) -> Vec<Assessment> {
    let (own, mut others): (Vec<_>, Vec<_>) = ledger.into_iter().partition(|row| row.requested_by == event.id);
    for row in &mut others {
        let next = |own: &Assessment| own.invite_key == row.invite_key && own.attempt == row.attempt.saturating_add(1);
        if row.phase == Phase::Superseded && own.iter().any(next) {
            row.phase = match (row.started_at, row.invited_at) {
                (Some(_), _) => Phase::Started,
                (None, Some(_)) => Phase::Invited,
                (None, None) => Phase::Requested,
            };
        } else if row.phase == Phase::Requested && row.invited_at.is_some() {
            // Closed until it was asked for again: which way, no rule distinguishes.
            row.phase = Phase::Expired;
        }
    }
    others
}
