//! One write of Lever that is no tag change.

use super::end::{finish, finish_of, put_off};
use super::settled::settled;
use crate::lever::effect::{self, Context, Step, outcome};
use crate::lever::facts::OpportunitySnapshot;
use crate::model::{Act, Effect, Outcome, Reason, Request};
use crate::runtime::account::Account;
use crate::runtime::call::{Node, Unready};
use crate::runtime::gather;
use crate::store::{ClaimedEffect, EffectState, Finish, Result};
use jiff::SignedDuration;

/// A stage seen within this time is fresh enough to move from.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// One write of Lever that is no tag change.
pub(super) async fn carry_out(node: &Node, account: &Account, claimed: ClaimedEffect) -> Result<()> {
    let effect = &claimed.effect;
    if claimed.unknown && !settled(node, account, &claimed).await? {
        return Ok(());
    }
    let put_link = match &effect.act {
        Act::Link { key, .. } | Act::Unlink { key } => put_under(node, account, effect, key).await?,
        _ => None,
    };
    let mut snapshot = fresh(node, account, effect);
    loop {
        let context = Context {
            opportunity: &effect.opportunity,
            perform_as: account.perform_as.as_ref(),
            snapshot: snapshot.as_ref(),
            put_link: put_link.as_deref(),
        };
        match effect::step(&effect.act, context) {
            Step::Read(_) => {
                let now = node.clock.now();
                match gather::read_opportunity(node, account, &effect.opportunity, now, effect.class).await {
                    Ok(read) => snapshot = Some(OpportunitySnapshot::of(&read)),
                    Err(unready) => return put_off(node, account, &claimed, unready).await,
                }
            }
            Step::Send(request) => {
                let replaced = effect::replaced_link(&effect.act, context);
                return send(node, account, &claimed, request, replaced).await;
            }
            Step::Done(reason) | Step::Skip(reason) => {
                let now = node.clock.now();
                return finish(node, account, effect.id, Finish::new(None, now, Outcome::Skipped { reason })).await;
            }
            Step::Elsewhere => {
                let reason = Reason::new("R4", format!("this version does not carry out `{}` yet", effect.act.verb()));
                let now = node.clock.now();
                return finish(node, account, effect.id, Finish::new(None, now, Outcome::Dead { reason })).await;
            }
        }
    }
}

/// A snapshot that the plan just read, if nothing of ours was written since.
fn fresh(node: &Node, account: &Account, effect: &Effect) -> Option<OpportunitySnapshot> {
    let since = node.clock.now() - FRESH;
    node.snapshots.opportunity(&account.id, &effect.opportunity, since).map(|read| OpportunitySnapshot::of(&read))
}

/// Admits, begins, sends and finishes one write; `then` is a second, harmless one that belongs to it.
async fn send(node: &Node, account: &Account, claimed: &ClaimedEffect, request: Request, then: Option<Request>) -> Result<()> {
    let effect = &claimed.effect;
    if let Err(unready) = node.admit(account, &request.to, effect.class).await {
        return put_off(node, account, claimed, unready).await;
    }
    let begun = node.store.begin(&account.id, vec![effect.id], node.store.epoch(), node.clock.now()).await?;
    let Some(attempt) = begun.first().and_then(|begun| begun.attempt) else { return Ok(()) };
    let exchange = node.exchange(account, &request).await;
    node.snapshots.forget(&account.id, &effect.opportunity, node.clock.now());
    let mut ended = outcome(&request, &exchange);
    if let (Outcome::Done { .. }, Some(then)) = (&ended, then) {
        // Repeating the whole is harmless: links are a set.
        match node.go_on(account, &then.to, effect.class).await {
            Ok(()) => {
                if let Outcome::Retry { reason, .. } | Outcome::Unknown { reason } =
                    outcome(&then, &node.exchange(account, &then).await)
                {
                    ended = Outcome::Retry { after: None, reason };
                }
            }
            Err(Unready::Defer { reason, .. }) => ended = Outcome::Retry { after: None, reason },
            Err(_) => {}
        }
    }
    let finished = finish_of(node.clock.now(), claimed, Some(attempt), ended, Some((&request, &exchange)));
    finish(node, account, effect.id, finished).await
}

/// The URL that we put last under this link key on this opportunity.
async fn put_under(node: &Node, account: &Account, effect: &Effect, key: &str) -> Result<Option<String>> {
    let now = node.clock.now();
    let runs = node.store.runs(Some(&account.id), Some(&effect.opportunity), 1_000, now).await?;
    let done =
        runs.into_iter().flat_map(|run| run.effects).filter(|row| row.state == EffectState::Done && row.effect.id != effect.id);
    let links = done.filter_map(|row| match row.effect.act {
        Act::Link { url, key: of } if of == key => Some((row.settled_at, url)),
        _ => None,
    });
    Ok(links.max_by_key(|(settled, _)| *settled).map(|(_, url)| url))
}
