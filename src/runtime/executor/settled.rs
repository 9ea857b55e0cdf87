//! What became of a write whose answer was lost: see [`crate::lever::settle`].

use super::end::{finish, put_off};
use crate::lever::settle::{self, Begun, Settled};
use crate::model::{Act, Applied, Bug, Outcome, Placed, Value, planted};
use crate::runtime::account::Account;
use crate::runtime::backoff;
use crate::runtime::call::{Called, Node, Unready};
use crate::store::{ClaimedEffect, Finish, Result, Work};
use jiff::Timestamp;

/// What a look brought.
pub(super) enum Looked {
    /// It did not happen, or repeating it is harmless.
    Again,
    /// The effect was put off or ended.
    Ended,
    Happened {
        outcome: Outcome,
        moved: Option<Timestamp>,
    },
}

/// Looks up what became of a write whose answer was lost.
pub(super) async fn settled(
    node: &Node,
    account: &Account,
    claimed: &ClaimedEffect,
    placed: Option<&Placed>,
) -> Result<Looked> {
    let effect = &claimed.effect;
    let now = node.clock.now();
    // What was refused or never left did nothing.
    let tried: Vec<Timestamp> = claimed
        .attempts
        .iter()
        .filter(|attempt| attempt.applied != Some(Applied::No))
        .map(|attempt| attempt.begun_at)
        .collect();
    let begun_at = tried.first().copied().unwrap_or(claimed.planned_at);
    let last = tried.last().copied().unwrap_or(begun_at);
    let due = last + settle::grace(&effect.act, died(claimed));
    if planted(Bug::NoLookUp) {
        return Ok(Looked::Again);
    }
    if now < due {
        return node.store.defer(&account.id, Work::Effect(effect.id), due, None).await.map(|()| Looked::Ended);
    }
    let made = node.store.made(&account.id, &effect.opportunity).await?;
    let begun =
        Begun { act: &effect.act, opportunity: &effect.opportunity, at: begun_at, tries: tried.len(), placed, made: &made };
    let mut request = settle::lookup(begun);
    loop {
        let exchange = match &request {
            Some(request) => match node.call(account, request, effect.class).await {
                Ok(Called::Exchanged(exchange)) => Some(exchange),
                Ok(Called::Held { until, reason }) => {
                    let unready = Unready::Defer { until: Some(until), reason };
                    return put_off(node, account, claimed, unready).await.map(|()| Looked::Ended);
                }
                Err(unready) => return put_off(node, account, claimed, unready).await.map(|()| Looked::Ended),
            },
            None => None,
        };
        match settle::settled(begun, exchange.as_ref()) {
            Settled::Repeat => return Ok(Looked::Again),
            Settled::More(next) => request = Some(next),
            Settled::Done { made, moved } => {
                let name = made_name(&effect.act);
                let learned = made.map(|made| (name.to_owned(), Value::text(made))).into_iter().collect();
                return Ok(Looked::Happened { outcome: Outcome::Done { learned }, moved });
            }
            Settled::LookAgain { after, reason } => {
                let due = backoff::next(now, claimed.rounds, effect.id.0, after);
                let unready = Unready::Defer { until: Some(due), reason };
                return put_off(node, account, claimed, unready).await.map(|()| Looked::Ended);
            }
            Settled::Park(reason) => {
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                let finished = Finish::new(number, now, Outcome::Dead { reason });
                return finish(node, account, effect.id, finished).await.map(|()| Looked::Ended);
            }
        }
    }
}

/// Whether the process died while the last attempt was under way: nothing says how long it has been.
pub(super) fn died(claimed: &ClaimedEffect) -> bool {
    claimed.attempts.last().is_some_and(|attempt| attempt.ended_at.is_none())
}

/// Under which name an answer tells what Lever calls the thing made.
const fn made_name(act: &Act) -> &'static str {
    match act {
        Act::File(_) => "file.id",
        Act::Form(_) => "form.id",
        Act::Feedback(_) => "feedback.id",
        _ => "note.id",
    }
}
