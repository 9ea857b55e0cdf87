//! What is done at vendors: invitations and other operations, begun before the first byte, settled by what the adapter says of an unknown
//! outcome.
//!
//! The words are `vendor/`'s; this file only carries them: supplies in, requests out through the one way, answers back.

use super::account::Account;
use super::backoff;
use super::call::{Node, Unready};
use super::callback::callback_url;
use super::executor::end::{finish, finish_of, put_off};
use super::line::{Entered, Line, read};
use crate::engine::called;
use crate::lang::adapter::OnUnknown;
use crate::lever::settle::on_its_way;
use crate::model::{
    Act, Applied, Assessment, AssessmentEvent, Bug, Class, Code, Effect, Event, EventId, EventKind, InviteMode, Outcome, Phase,
    Reason, Value, planted,
};
use crate::store::{ClaimedEffect, Result};
use crate::vendor::{self, Talk, Turn, ledger_inputs};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The operation that refreshes an invitation, if the adapter declares one; else `invite` does, and reads `refresh`.
const REFRESH: &str = "refresh";
/// A look-up after an unknown outcome must miss this often before the invitation is sent again.
const MISSES: u32 = 2;

/// Carries out an invitation or a call: begun before the first byte, settled by the adapter's `on_unknown`. The answer is until when it
/// was put off, if it was, before anything of it began.
pub(super) async fn carry_out(node: &Node, account: &Account, claimed: ClaimedEffect) -> Result<Option<Timestamp>> {
    let mut behind = None;
    carried_out(node, account, claimed, &mut behind).await?;
    Ok(behind)
}

async fn carried_out(node: &Node, account: &Account, claimed: ClaimedEffect, behind: &mut Option<Timestamp>) -> Result<()> {
    let effect = &claimed.effect;
    let (vendor, operation, assessment, inputs, mode) = match &effect.act {
        Act::Invite(invite) => (&invite.vendor, "invite", Some(invite.assessment), &invite.inputs, Some(invite.mode)),
        Act::Call(call) => (&call.vendor, call.operation.as_str(), call.assessment, &call.inputs, None),
        _ => return Ok(()),
    };
    let line = match Line::to(node, account, vendor).await {
        Ok(line) => line,
        Err(unready) => return wait(node, account, &claimed, unready, behind).await,
    };
    // Refreshing may be an operation of its own.
    let refresh = mode == Some(InviteMode::Refresh);
    let operation = if refresh && line.adapter.operations.contains_key(REFRESH) { REFRESH } else { operation };
    let row = match assessment {
        Some(id) => node.store.assessment(&account.id, id).await?,
        None => None,
    };
    if let (Some(InviteMode::New), Some(row)) = (mode, &row)
        && row.phase != Phase::Requested
        && row.phase != Phase::InviteFailed
    {
        // Cancelled or superseded meanwhile, or already known to be invited.
        let reason = Reason::new(Code::NoLongerTrue, format!("the attempt is `{}` by now", row.phase));
        let finished = crate::store::Finish::new(None, node.clock.now(), Outcome::Skipped { reason });
        return finish(node, account, effect.id, finished).await;
    }
    let mut supplies: BTreeMap<String, Value> = row.as_ref().map(ledger_inputs).unwrap_or_default();
    supplies.extend(inputs.clone());
    if let Some(url) = row.as_ref().and_then(|row| callback_url(node, account, vendor, &line.adapter, row)) {
        supplies.insert("callback_url".to_owned(), Value::text(url));
    }
    let maybe_sent = !planted(Bug::InviteAfresh) && claimed.attempts.iter().any(|attempt| attempt.applied != Some(Applied::No));
    if claimed.unknown {
        match settle(node, account, &line, operation, &claimed, &supplies).await? {
            Settled::SendAgain => {}
            Settled::Ended => return Ok(()),
            Settled::Found(learned) => {
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                let mut finished = finish_of(node.clock.now(), &claimed, number, Outcome::Done { learned }, None);
                finished.applied = Some(Applied::Yes);
                return end(node, account, &claimed, row, finished).await;
            }
        }
    }
    let mut talk = match Talk::new(&line.adapter, operation, line.supplies(&supplies, maybe_sent, refresh)) {
        Ok(talk) => talk,
        Err(reason) => return put_off(node, account, &claimed, Unready::Park(reason)).await,
    };
    let (mut begun, mut written) = (None, false);
    loop {
        let request = match talk.request() {
            Ok(request) => request,
            // It cannot be made (no e-mail address …): nothing was or will be sent.
            Err(reason) => {
                let finished = finish_of(node.clock.now(), &claimed, begun, Outcome::Dead { reason }, None);
                return end(node, account, &claimed, row, finished).await;
            }
        };
        let leave = match begun {
            None => node.admit(account, &request.to, effect.class).await,
            Some(_) => node.go_on(account, &request.to, effect.class).await,
        };
        let leave = match (leave, begun) {
            (Ok(leave), _) => leave,
            (Err(unready), None) => return wait(node, account, &claimed, unready, behind).await,
            (Err(Unready::Store(error)), Some(_)) => return Err(error),
            // Between the steps of one operation nothing was lost: the whole begins anew, as after an unknown outcome.
            (Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)), Some(number)) => {
                let finished = finish_of(node.clock.now(), &claimed, Some(number), Outcome::Unknown { reason }, None);
                return end(node, account, &claimed, row, finished).await;
            }
        };
        if begun.is_none() {
            let attempts = node.store.begin(&account.id, vec![effect.id], node.store.epoch(), node.clock.now()).await?;
            let Some(number) = attempts.first().and_then(|begun| begun.attempt) else { return Ok(()) };
            begun = Some(number);
        }
        let exchange = line.exchange(node, account, &request, leave).await;
        match line.renewed(node, account, &exchange).await {
            Ok(None) => {}
            Ok(Some(token)) => {
                talk.with_token(token);
                continue;
            }
            Err(Unready::Store(error)) => return Err(error),
            // A refused request was not applied.
            Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => {
                let outcome = of_whole(Outcome::Suspended { reason }, written);
                let mut finished = finish_of(node.clock.now(), &claimed, begun, outcome, Some((&request, &exchange)));
                if written {
                    finished.applied = Some(Applied::Unknown);
                }
                return end(node, account, &claimed, row, finished).await;
            }
        }
        match talk.answer(&exchange) {
            Turn::Next => written |= !request.method.reads(),
            Turn::Over(outcome) => {
                let done = matches!(outcome, Outcome::Done { .. });
                let outcome = of_whole(outcome, written);
                let mut finished = finish_of(node.clock.now(), &claimed, begun, outcome, Some((&request, &exchange)));
                if written && !done {
                    finished.applied = Some(Applied::Unknown);
                }
                return end(node, account, &claimed, row, finished).await;
            }
        }
    }
}

/// What the end of one step means for the whole operation: where an earlier step wrote, "not this time" does not mean that nothing
/// happened.
fn of_whole(outcome: Outcome, written: bool) -> Outcome {
    match outcome {
        Outcome::Retry { reason, .. } | Outcome::Suspended { reason } if written => Outcome::Unknown { reason },
        outcome => outcome,
    }
}

/// Puts a claimed effect back. What nobody knows the outcome of waits for a vendor that does not answer no longer than a day: then a
/// person is asked.
async fn wait(
    node: &Node,
    account: &Account,
    claimed: &ClaimedEffect,
    unready: Unready,
    behind: &mut Option<Timestamp>,
) -> Result<()> {
    let now = node.clock.now();
    let unready = match unready {
        Unready::Defer { until, reason } => {
            let until = until.unwrap_or_else(|| backoff::next(now, claimed.rounds, claimed.effect.id.0, None));
            *behind = Some(until);
            Unready::Defer { until: Some(until), reason }
        }
        unready => unready,
    };
    let begun = claimed.attempts.last().map(|attempt| attempt.begun_at.max(claimed.asked_at.unwrap_or(attempt.begun_at)));
    match unready {
        Unready::Defer { reason, .. }
            if claimed.unknown
                && reason.code != Code::Queued
                && begun.is_some_and(|begun| now.duration_since(begun) > backoff::PATIENCE) =>
        {
            let text = format!(
                "{}; nobody could tell for a day whether it happened, so look there, and then `retry` it or `skip` it",
                reason.text
            );
            let number = claimed.attempts.last().map(|attempt| attempt.number);
            let outcome = Outcome::Dead { reason: Reason::new(Code::R10, text) };
            finish(node, account, claimed.effect.id, finish_of(now, claimed, number, outcome, None)).await
        }
        unready => put_off(node, account, claimed, unready).await,
    }
}

/// What an unknown outcome of a vendor's operation leads to.
enum Settled {
    SendAgain,
    /// Finished or put off.
    Ended,
    Found(BTreeMap<String, Value>),
}

async fn settle(
    node: &Node,
    account: &Account,
    line: &Line,
    operation: &str,
    claimed: &ClaimedEffect,
    supplies: &BTreeMap<String, Value>,
) -> Result<Settled> {
    let (effect, now) = (&claimed.effect, node.clock.now());
    let rule = line.adapter.operations.get(operation).map(|operation| &operation.on_unknown);
    let last = claimed.attempts.last().map_or(claimed.planned_at, |attempt| attempt.begun_at);
    // An answer that cannot be read is one all the same.
    let arrived = claimed.attempts.last().is_some_and(|attempt| attempt.applied == Some(Applied::Yes));
    let park = |reason: Reason| {
        let number = claimed.attempts.last().map(|attempt| attempt.number);
        finish_of(now, claimed, number, Outcome::Dead { reason }, None)
    };
    match rule {
        // A mail is only suppressed if the vendor knows of the first attempt by then: it may still be on its way.
        Some(OnUnknown::Repeat)
            if matches!(effect.act, Act::Invite(_))
                && !arrived
                && now < last + on_its_way()
                && !planted(Bug::RepeatedAtOnce) =>
        {
            let reason =
                Reason::new(Code::R1, "no answer came; waiting until it cannot be on its way any more before it is sent again");
            put_off(node, account, claimed, Unready::Defer { until: Some(last + on_its_way()), reason }).await?;
            Ok(Settled::Ended)
        }
        Some(OnUnknown::Repeat) => Ok(Settled::SendAgain),
        Some(OnUnknown::Lookup(lookup)) => {
            let due = last + on_its_way() * i32::try_from(claimed.rounds.max(1)).unwrap_or(1);
            if now < due {
                let reason = Reason::new(Code::R1, "waiting before asking the vendor whether this happened");
                put_off(node, account, claimed, Unready::Defer { until: Some(due), reason }).await?;
                return Ok(Settled::Ended);
            }
            match read(node, account, line.vendor(), lookup, supplies, Class::Vendor, &Entered::default()).await {
                Ok(learned) if !learned.is_empty() => Ok(Settled::Found(learned)),
                // An answer that nobody can read, or a refusal to answer, is not one that shows nothing.
                Err(Unready::Park(reason)) if reason.code != Code::R3 => {
                    let text = format!(
                        "whether it happened could not be looked up: {}; look at {}, and then `retry` it or `skip` it",
                        reason.text, line.adapter.title
                    );
                    finish(node, account, effect.id, park(Reason::new(Code::R10, text))).await?;
                    Ok(Settled::Ended)
                }
                Ok(_) | Err(Unready::Gone(_) | Unready::Park(_)) if claimed.rounds >= MISSES => Ok(Settled::SendAgain),
                Ok(_) | Err(Unready::Gone(_) | Unready::Park(_)) => {
                    let reason = Reason::new(Code::R1, "the vendor does not show it; asking once more before it is sent again");
                    let mut finished = finish_of(now, claimed, None, Outcome::Unknown { reason }, None);
                    finished.due = Some(now + on_its_way());
                    finish(node, account, effect.id, finished).await?;
                    Ok(Settled::Ended)
                }
                Err(unready) => wait(node, account, claimed, unready, &mut None).await.map(|()| Settled::Ended),
            }
        }
        Some(OnUnknown::Park) | None => {
            let text = format!(
                "no answer came, and {} cannot be asked whether it happened: look there, then `retry` it or `skip` it",
                line.adapter.title
            );
            finish(node, account, effect.id, park(Reason::new(Code::R10, text))).await?;
            Ok(Settled::Ended)
        }
    }
}

/// *Effect done* with what it means for the ledger and which event it becomes.
async fn end(
    node: &Node,
    account: &Account,
    claimed: &ClaimedEffect,
    row: Option<Assessment>,
    mut finished: crate::store::Finish,
) -> Result<()> {
    let effect = &claimed.effect;
    // Looks are counted from the attempt that got lost, not from what was refused before it.
    finished.anew = finished.attempt.is_some() && matches!(finished.outcome, Outcome::Unknown { .. });
    // As it is by now: while the call was made, another opportunity of the person may have taken its place.
    let row = match row {
        Some(before) => node.store.assessment(&account.id, before.id).await.ok().flatten().or(Some(before)),
        None => None,
    };
    match (&effect.act, row) {
        (Act::Invite(invite), Some(mut row)) => {
            let superseded = row.phase == Phase::Superseded;
            let event = match &finished.outcome {
                Outcome::Done { learned } => {
                    let told = vendor::learned(learned);
                    row.ids.extend(told.ids);
                    row.candidate_url = told.url.or(row.candidate_url);
                    row.expires_at = told.expires_at.or(row.expires_at);
                    row.invited_at = Some(finished.at);
                    // A refresh brings a closed attempt back (T19); an open one stays where it is (T06).
                    if row.phase == Phase::Requested || (row.phase.rank().is_none() && !superseded) {
                        row.phase = Phase::Invited;
                    }
                    Some(match invite.mode {
                        InviteMode::New => outcome_event(account, effect, AssessmentEvent::Invited, &row, finished.at),
                        InviteMode::Refresh => outcome_event(account, effect, AssessmentEvent::Reinvited, &row, finished.at),
                    })
                }
                Outcome::Dead { reason } if reason.code != Code::R10 && row.phase == Phase::Requested => {
                    row.phase = Phase::InviteFailed;
                    let event = outcome_event(account, effect, AssessmentEvent::InviteFailed, &row, finished.at);
                    Some(event.with("failure.message", reason.text.as_str()).with("failure.code", reason.code.as_str()))
                }
                _ => None,
            };
            if let Some(event) = event {
                finished.ledger.push(row);
                finished.events.push(event);
            }
        }
        (Act::Call(call), row) => {
            let adapter = account.active().adapters.get(&call.vendor).cloned();
            let called = match (&finished.outcome, adapter) {
                (Outcome::Done { learned }, Some(adapter)) => {
                    called::done(&adapter, &call.operation, row.as_ref(), learned, finished.at)
                }
                // Whether it happened is not known: a person decides first.
                (Outcome::Dead { reason }, _) if reason.code != Code::R10 => called::failed(&call.operation, reason),
                _ => called::Called::default(),
            };
            finished.ledger.extend(called.row);
            for (seq, (kind, fields)) in (0..).zip(called.events) {
                let mut event = caused(account, effect, kind, finished.at);
                (event.seq, event.fields, event.assessment) = (seq, fields, call.assessment);
                finished.events.push(event);
            }
        }
        _ => {}
    }
    finish(node, account, effect.id, finished).await
}

fn outcome_event(account: &Account, effect: &Effect, step: AssessmentEvent, row: &Assessment, at: Timestamp) -> Event {
    let mut event = caused(account, effect, EventKind::Assessment(step), at);
    event.assessment = Some(row.id);
    event
}

/// An event that is the outcome of an effect of ours; the commit that stores it has changed the ledger already.
fn caused(account: &Account, effect: &Effect, kind: EventKind, at: Timestamp) -> Event {
    let id = EventId::derive(effect.id.0.stored(), &[&effect.id.to_string(), &kind.to_string(), &at.to_string()]);
    let mut event = Event::new(id, account.id.clone(), kind, Some(effect.opportunity.clone()), at);
    event.applied = true;
    event.cause = Some(effect.id);
    event.depth = effect.depth.saturating_add(1);
    event
}
