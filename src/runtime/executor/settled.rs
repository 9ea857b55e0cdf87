//! What became of a write whose answer was lost: see [`crate::lever::settle`].

use super::end::{finish, put_off};
use crate::lever::settle::{self, Settled};
use crate::model::{Applied, Outcome, Value};
use crate::runtime::account::Account;
use crate::runtime::backoff;
use crate::runtime::call::{Called, Node, Unready};
use crate::store::{ClaimedEffect, Finish, Result, Work};

/// Looks up what became of a write whose answer was lost. Whether it shall be sent again.
pub(super) async fn settled(node: &Node, account: &Account, claimed: &ClaimedEffect) -> Result<bool> {
    let effect = &claimed.effect;
    let now = node.clock.now();
    let begun_at = claimed.attempts.first().map_or(claimed.planned_at, |attempt| attempt.begun_at);
    let last = claimed.attempts.last().map_or(begun_at, |attempt| attempt.begun_at);
    let due = last + settle::grace(&effect.act);
    if now < due {
        return node.store.defer(&account.id, Work::Effect(effect.id), due, None).await.map(|()| false);
    }
    let mut request = settle::lookup(&effect.act, &effect.opportunity);
    loop {
        let exchange = match &request {
            Some(request) => match node.call(account, request, effect.class).await {
                Ok(Called::Exchanged(exchange)) => Some(exchange),
                Ok(Called::Held { until, reason }) => {
                    return put_off(node, account, claimed, Unready::Defer { until: Some(until), reason })
                        .await
                        .map(|()| false);
                }
                Err(unready) => return put_off(node, account, claimed, unready).await.map(|()| false),
            },
            None => None,
        };
        match settle::settled(&effect.act, &effect.opportunity, exchange.as_ref(), begun_at) {
            Settled::Repeat => return Ok(true),
            Settled::More(next) => request = Some(next),
            Settled::Done { note, moved } => {
                let learned = note.map(|note| ("note.id".to_owned(), Value::text(note))).into_iter().collect();
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                let mut finished = Finish::new(number, now, Outcome::Done { learned });
                (finished.applied, finished.moved_at) = (Some(Applied::Yes), moved);
                return finish(node, account, effect.id, finished).await.map(|()| false);
            }
            Settled::LookAgain { after, reason } => {
                let due = backoff::next(now, claimed.rounds, effect.id.0, after);
                let unready = Unready::Defer { until: Some(due), reason };
                return put_off(node, account, claimed, unready).await.map(|()| false);
            }
            Settled::Park(reason) => {
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                return finish(node, account, effect.id, Finish::new(number, now, Outcome::Dead { reason }))
                    .await
                    .map(|()| false);
            }
        }
    }
}
