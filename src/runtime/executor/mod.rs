//! One lane's effects, carried out: admitted, begun, sent, settled.
//!
//! Before the first byte of a write there is a durable *begun*; after its answer a durable *effect done*. What was begun and has no
//! outcome is looked up before anything is sent again. `tags` sends the tag changes of a lane together, `write` every other write of
//! Lever, `settled` looks up what became of one, `end` is the commit that each of them ends with.

pub(super) mod end;
mod settled;
mod tags;
mod write;

use super::account::Account;
use super::call::Node;
use super::{ask, planner, service, spans, vendor_calls};
use crate::engine::lifecycle;
use crate::model::{Act, Call, Code, Destination, Effect, Facts, ForRule, Invite, Look, Outcome, Reason, Value, VendorName};
use crate::store::{ClaimedEffect, ClaimedLane, Finish, Result};
use end::{finish, put_off, since};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::Instrument;

/// An effect older than this evaluates its rule again before it is sent.
const LATE: SignedDuration = SignedDuration::from_mins(10);
/// An invitation whose event is older than this waits for a person.
const STALE_INVITE: SignedDuration = SignedDuration::from_hours(72);

/// Carries out what may be sent of one lane, in the order planned; tag changes at the place of the first of them.
pub(super) async fn carry_out(node: &Node, account: &Account, lane: ClaimedLane) -> Result<()> {
    let (mut ready, mut behind) = (Vec::new(), Behind::new());
    for claimed in lane.effects {
        // Before anything is read for it.
        if let Some(vendor) = of_vendor(&claimed).filter(|_| !claimed.unknown) {
            let to = Destination::Vendor(vendor.clone());
            let until = behind.get(vendor).copied().or_else(|| node.queued(account, &to, claimed.effect.class));
            if let Some(until) = until {
                behind.insert(vendor.clone(), until);
                put_off(node, account, &claimed, Node::turned_away(&to, until)).await?;
                continue;
            }
        }
        let span = spans::effects(&account.id, &lane.opportunity, [&claimed]);
        if let Some(claimed) = still_true(node, account, claimed).instrument(span).await? {
            ready.push(claimed);
        }
    }
    let (tags, others): (Vec<_>, Vec<_>) = ready.into_iter().partition(|claimed| claimed.effect.act.tags());
    if !tags.is_empty() {
        let span = spans::effects(&account.id, &lane.opportunity, &tags);
        tags::change(node, account, &lane.opportunity, tags).instrument(span).await?;
    }
    for claimed in others {
        let span = spans::effects(&account.id, &lane.opportunity, [&claimed]);
        one(node, account, claimed, &mut behind).instrument(span).await?;
    }
    Ok(())
}

/// Carries one effect out that is no tag change.
async fn one(node: &Node, account: &Account, claimed: ClaimedEffect, behind: &mut Behind) -> Result<()> {
    match &claimed.effect.act {
        Act::Invite(Invite { vendor, .. }) | Act::Call(Call { vendor, .. }) => {
            let vendor = vendor.clone();
            if let Some(until) = behind.get(&vendor).filter(|_| !claimed.unknown) {
                let queued = Node::turned_away(&Destination::Vendor(vendor), *until);
                return put_off(node, account, &claimed, queued).await;
            }
            let until = vendor_calls::carry_out(node, account, claimed).await?;
            behind.extend(until.map(|until| (vendor, until)));
            Ok(())
        }
        Act::Ask(question) => match ask::note(node, account, &claimed.effect, question) {
            Ok(note) => {
                let effect = Effect { act: note, ..claimed.effect };
                write::carry_out(node, account, ClaimedEffect { effect, ..claimed }).await
            }
            Err(unready) => put_off(node, account, &claimed, unready).await,
        },
        _ => write::carry_out(node, account, claimed).await,
    }
}

/// Until when the effects of each vendor wait because an earlier one of the lane does: none passes it.
type Behind = BTreeMap<VendorName, Timestamp>;

/// The vendor that an effect is sent to.
const fn of_vendor(claimed: &ClaimedEffect) -> Option<&VendorName> {
    match &claimed.effect.act {
        Act::Invite(Invite { vendor, .. }) | Act::Call(Call { vendor, .. }) => Some(vendor),
        _ => None,
    }
}

/// An effect that waited long is planned again on fresh facts; what its rule no longer wants is settled. What was begun is settled
/// by looking, whatever the rules say now.
async fn still_true(node: &Node, account: &Account, mut claimed: ClaimedEffect) -> Result<Option<ClaimedEffect>> {
    let now = node.clock.now();
    let effect = &claimed.effect;
    // A person who asked for it again has decided.
    let decided = claimed.asked_at.is_some();
    if matches!(effect.act, Act::Invite(_))
        && !claimed.unknown
        && !decided
        && now.duration_since(effect.event_at) > STALE_INVITE
    {
        let reason =
            Reason::new(Code::R9, "its event is more than 72 hours old; retry it if the candidate should still be invited");
        finish(node, account, effect.id, Finish::new(None, now, Outcome::Dead { reason })).await?;
        return Ok(None);
    }
    if claimed.unknown || now.duration_since(since(&claimed)) <= LATE {
        return Ok(Some(claimed));
    }
    let Some(run) = node.store.run(&account.id, effect.event, now).await? else { return Ok(Some(claimed)) };
    let mut event = run.event;
    if lifecycle::corrected(&event, &run.facts.ledger) {
        event = event.with(lifecycle::CHANGED, Value::Bool(true));
    }
    event.received = now;
    event.for_rule = Some(ForRule { pack: effect.pack.clone(), rule: effect.rule.clone(), look: Look::Late });
    let program = match service::fetch(node, account, &claimed.ruleset).await {
        Some(program) => program,
        None => Arc::clone(&account.active().program),
    };
    match planner::ask(node, account, &program, &event, now, Facts::at(now)).await {
        Ok((_, plan)) => {
            if let Some(again) = plan.effects.into_iter().find(|again| again.id == effect.id) {
                claimed.effect.act = again.act;
                // A crash or a lost answer is settled by what the store says of it: by what is sent now, then.
                let sendable = node.store.revise(&account.id, claimed.effect.clone()).await?;
                Ok(sendable.then_some(claimed))
            } else {
                let reason =
                    Reason::new(Code::NoLongerTrue, "its rule was evaluated again on fresh facts and no longer wants this");
                finish(node, account, effect.id, Finish::new(None, now, Outcome::Skipped { reason })).await?;
                Ok(None)
            }
        }
        Err(unready) => {
            put_off(node, account, &claimed, unready).await?;
            Ok(None)
        }
    }
}
