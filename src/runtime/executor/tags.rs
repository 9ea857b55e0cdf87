//! All tag changes of a lane as one add and one remove: see [`crate::lever::tags`].

use super::end::{finish_of, persist, put_off, unless_gone};
use super::settled::died;
use crate::lang::pattern::matches;
use crate::lever::api;
use crate::lever::effect::{self, outcome};
use crate::lever::settle::on_its_way;
use crate::lever::tags::{TagRun, TagStep};
use crate::model::{Bug, Class, Code, Destination, EffectId, Exchange, OpportunityId, Outcome, Reason, Request, planted};
use crate::runtime::account::Account;
use crate::runtime::call::{Called, Node, Unready};
use crate::runtime::{measured, spans};
use crate::store::{ClaimedEffect, Result};

/// All tag effects of the lane as one add and one remove.
pub(super) async fn change(
    node: &Node,
    account: &Account,
    opportunity: &OpportunityId,
    claimed: Vec<ClaimedEffect>,
) -> Result<()> {
    // Sets can be repeated, but one that arrives late would bring back what was taken away since.
    let dying = claimed.iter().filter(|claimed| died(claimed)).filter_map(|claimed| claimed.attempts.last());
    if let Some(due) = dying.map(|attempt| attempt.begun_at + on_its_way()).max().filter(|due| node.clock.now() < *due) {
        let reason = Reason::new(Code::R1, "waiting until what was begun before cannot be on its way any more");
        return off_tags(node, account, &claimed, None, Unready::Defer { until: Some(due), reason }).await;
    }
    let mut run = TagRun::new(opportunity, claimed.iter().map(|claimed| &claimed.effect.act), account.perform_as.as_ref());
    let mut tags: Option<Vec<String>> = None;
    let mut begun: Option<Vec<(EffectId, u32)>> = None;
    let mut last: Option<(Request, Exchange)> = None;
    let class = claimed.first().map_or(Class::Stage, |claimed| claimed.effect.class);
    let active = account.active();
    let names = (active.catalogue.as_ref(), None);
    loop {
        let request = match run.next(tags.as_deref(), &|pattern, tag| matches(pattern, tag, &names, false).is_some()) {
            TagStep::Done => {
                let reason = Reason::new(Code::AlreadySo, "the tags are so already");
                let done = |begun: bool| {
                    if begun {
                        Outcome::Done { learned: std::collections::BTreeMap::new() }
                    } else {
                        Outcome::Skipped { reason: reason.clone() }
                    }
                };
                let last = last.as_ref().map(|(request, exchange)| (request, exchange));
                return end_tags(node, account, &claimed, begun.as_ref(), &done(begun.is_some()), last).await;
            }
            TagStep::Read(request) => {
                match node.call(account, &request, class).await {
                    Ok(Called::Exchanged(exchange)) => {
                        match node.heard(account, &Destination::Lever, api::opportunity(&exchange)) {
                            Ok(read) => tags = Some(read.tags),
                            Err(unready) => return off_tags(node, account, &claimed, begun.as_ref(), unready).await,
                        }
                    }
                    Ok(Called::Held { until, reason }) => {
                        let unready = Unready::Defer { until: Some(until), reason };
                        return off_tags(node, account, &claimed, begun.as_ref(), unready).await;
                    }
                    Err(unready) => return off_tags(node, account, &claimed, begun.as_ref(), unready).await,
                }
                continue;
            }
            TagStep::Send(request) => request,
        };
        let leave = match &begun {
            None => node.admit(account, &request.to, class).await,
            Some(_) => node.go_on(account, &request.to, class).await,
        };
        let leave = match leave {
            Ok(leave) => leave,
            Err(unready) => return off_tags(node, account, &claimed, begun.as_ref(), unready).await,
        };
        if begun.is_none() {
            let ids = claimed.iter().map(|claimed| claimed.effect.id).collect();
            let attempts = node.store.begin(&account.id, ids, node.store.epoch(), node.clock.now()).await?;
            let sent: Vec<_> = attempts.into_iter().filter_map(|begun| Some((begun.effect, begun.attempt?))).collect();
            if sent.len() != claimed.len() {
                // One of them was settled meanwhile (superseded, skipped): without it the calls are others. Start again with the rest.
                let left: Vec<_> =
                    claimed.into_iter().filter(|claimed| sent.iter().any(|(id, _)| *id == claimed.effect.id)).collect();
                let retry = Outcome::Retry {
                    after: None,
                    reason: Reason::new(Code::Superseded, "another tag change of the lane was settled"),
                };
                return if left.is_empty() { Ok(()) } else { end_tags(node, account, &left, Some(&sent), &retry, None).await };
            }
            begun = Some(sent);
        }
        let exchange = node.exchange(account, &request, leave).await;
        node.snapshots.wrote(&account.id, opportunity, node.clock.now());
        let ended = outcome(&request, &exchange);
        if !matches!(ended, Outcome::Done { .. }) {
            return end_tags(node, account, &claimed, begun.as_ref(), &ended, Some((&request, &exchange))).await;
        }
        tags = answered(&exchange).map(|opportunity| opportunity.tags);
        if planted(Bug::HalfAFamily) {
            return end_tags(node, account, &claimed, begun.as_ref(), &ended, Some((&request, &exchange))).await;
        }
        last = Some((request, exchange));
    }
}

fn answered(exchange: &Exchange) -> Option<api::Opportunity> {
    match exchange {
        Exchange::Answered(response) => effect::written(response),
        _ => None,
    }
}

/// The same outcome for all tag effects that travelled together.
async fn end_tags(
    node: &Node,
    account: &Account,
    claimed: &[ClaimedEffect],
    begun: Option<&Vec<(EffectId, u32)>>,
    outcome: &Outcome,
    last: Option<(&Request, &Exchange)>,
) -> Result<()> {
    let now = node.clock.now();
    let finished: Vec<_> = claimed
        .iter()
        .map(|claimed| {
            let attempt =
                begun.and_then(|begun| begun.iter().find(|(id, _)| *id == claimed.effect.id)).map(|(_, attempt)| *attempt);
            let finished = unless_gone(account, &claimed.effect, finish_of(now, claimed, attempt, outcome.clone(), last));
            measured::effect(&account.id, claimed.effect.id, &finished.outcome);
            spans::told(&finished.events);
            (claimed.effect.id, finished)
        })
        .collect();
    persist(&node.stopping, || node.store.finish_all(&account.id, finished.clone())).await
}

/// Nothing more can be sent now. What was begun may be repeated: tags are sets.
async fn off_tags(
    node: &Node,
    account: &Account,
    claimed: &[ClaimedEffect],
    begun: Option<&Vec<(EffectId, u32)>>,
    unready: Unready,
) -> Result<()> {
    if let Some(begun) = begun {
        let outcome = match unready {
            Unready::Store(error) => return Err(error),
            Unready::Gone(reason) | Unready::Park(reason) => Outcome::Dead { reason },
            Unready::Defer { until, reason } => {
                let after = until.map(|until| until.duration_since(node.clock.now()));
                Outcome::Retry { after, reason }
            }
        };
        end_tags(node, account, claimed, Some(begun), &outcome, None).await
    } else {
        let mut unready = Some(unready);
        for one in claimed {
            let again = match &unready {
                Some(Unready::Defer { until, reason }) => Unready::Defer { until: *until, reason: reason.clone() },
                Some(Unready::Gone(reason)) => Unready::Gone(reason.clone()),
                Some(Unready::Park(reason)) => Unready::Park(reason.clone()),
                _ => {
                    return unready.take().map_or(Ok(()), |unready| match unready {
                        Unready::Store(error) => Err(error),
                        _ => Ok(()),
                    });
                }
            };
            put_off(node, account, one, again).await?;
        }
        Ok(())
    }
}
