//! One lane's effects, carried out: admitted, begun, sent, settled.
//!
//! Before the first byte of a write there is a durable *begun*; after its answer a durable *effect done*. What was begun and has no
//! outcome is looked up before anything is sent again. Tag changes of a lane travel together.

use super::account::Account;
use super::call::{Called, Node, Unready};
use super::{backoff, gather, planner, service, vendor_calls};
use crate::lang::pattern::matches;
use crate::lever::api;
use crate::lever::effect::{self, Context, Step, applied, outcome};
use crate::lever::facts::OpportunitySnapshot;
use crate::lever::settle::{self, Settled};
use crate::lever::tags::{TagRun, TagStep};
use crate::model::{
    Act, Applied, Destination, Effect, EffectId, Exchange, Facts, ForRule, Look, Notice, NoticeId, NoticeKind, OpportunityId,
    Outcome, Reason, Request, Value,
};
use crate::store::{ClaimedEffect, ClaimedLane, EffectState, Finish, Result, StoreError, Work};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// An effect older than this evaluates its rule again before it is sent.
const LATE: SignedDuration = SignedDuration::from_mins(10);
/// An invitation whose event is older than this waits for a person.
const STALE_INVITE: SignedDuration = SignedDuration::from_hours(72);
/// A connection that refuses our credentials is tried again after this.
const SUSPENDED: SignedDuration = SignedDuration::from_mins(1);
/// A stage seen within this time is fresh enough to move from.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// Carries out what may be sent of one lane, in the order planned; tag changes at the place of the first of them.
pub(super) async fn carry_out(node: &Node, account: &Account, lane: ClaimedLane) -> Result<()> {
    let mut ready = Vec::new();
    for claimed in lane.effects {
        if let Some(claimed) = still_true(node, account, claimed).await? {
            ready.push(claimed);
        }
    }
    let (tags, others): (Vec<_>, Vec<_>) = ready.into_iter().partition(|claimed| claimed.effect.act.tags());
    if !tags.is_empty() {
        change_tags(node, account, &lane.opportunity, tags).await?;
    }
    for claimed in others {
        match &claimed.effect.act {
            Act::Invite(_) | Act::Call(_) => vendor_calls::carry_out(node, account, claimed).await?,
            _ => write(node, account, claimed).await?,
        }
    }
    Ok(())
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
            Reason::new("R9", "its event is more than 72 hours old; retry it if the candidate should still be invited");
        finish(node, account, effect.id, Finish::new(None, now, Outcome::Dead { reason })).await?;
        return Ok(None);
    }
    if claimed.unknown || now.duration_since(since(&claimed)) <= LATE {
        return Ok(Some(claimed));
    }
    let Some(run) = node.store.run(&account.id, effect.event, now).await? else { return Ok(Some(claimed)) };
    let mut event = run.event;
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
                Ok(Some(claimed))
            } else {
                let reason =
                    Reason::new("no longer true", "its rule was evaluated again on fresh facts and no longer wants this");
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

/// Since when an effect wants to be done: since a person asked for it, or since it was planned.
fn since(claimed: &ClaimedEffect) -> Timestamp {
    claimed.asked_at.map_or(claimed.planned_at, |asked| asked.max(claimed.planned_at))
}

/// All tag effects of the lane as one add and one remove.
async fn change_tags(node: &Node, account: &Account, opportunity: &OpportunityId, claimed: Vec<ClaimedEffect>) -> Result<()> {
    let mut run = TagRun::new(opportunity, claimed.iter().map(|claimed| &claimed.effect.act), account.perform_as.as_ref());
    let mut tags: Option<Vec<String>> = None;
    let mut begun: Option<Vec<(EffectId, u32)>> = None;
    let mut last: Option<(Request, Exchange)> = None;
    let class = claimed.first().map_or(crate::model::Class::Stage, |claimed| claimed.effect.class);
    let active = account.active();
    let names = (active.catalogue.as_ref(), None);
    loop {
        let request = match run.next(tags.as_deref(), &|pattern, tag| matches(pattern, tag, &names, false).is_some()) {
            TagStep::Done => {
                let reason = Reason::new("already so", "the tags are so already");
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
        if let Err(unready) = leave {
            return off_tags(node, account, &claimed, begun.as_ref(), unready).await;
        }
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
                    reason: Reason::new("superseded", "another tag change of the lane was settled"),
                };
                return if left.is_empty() { Ok(()) } else { end_tags(node, account, &left, Some(&sent), &retry, None).await };
            }
            begun = Some(sent);
        }
        let exchange = node.exchange(account, &request).await;
        node.snapshots.forget(&account.id, opportunity, node.clock.now());
        let ended = outcome(&request, &exchange);
        if !matches!(ended, Outcome::Done { .. }) {
            return end_tags(node, account, &claimed, begun.as_ref(), &ended, Some((&request, &exchange))).await;
        }
        tags = answered(&exchange).map(|opportunity| opportunity.tags);
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
            (claimed.effect.id, finish_of(now, claimed, attempt, outcome.clone(), last))
        })
        .collect();
    persist(|| node.store.finish_all(&account.id, finished.clone())).await
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

/// One write of Lever that is no tag change.
async fn write(node: &Node, account: &Account, claimed: ClaimedEffect) -> Result<()> {
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

/// Looks up what became of a write whose answer was lost. Whether it shall be sent again.
async fn settled(node: &Node, account: &Account, claimed: &ClaimedEffect) -> Result<bool> {
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

/// The commit for an attempt that ended so.
pub(super) fn finish_of(
    now: Timestamp,
    claimed: &ClaimedEffect,
    attempt: Option<u32>,
    outcome: Outcome,
    last: Option<(&Request, &Exchange)>,
) -> Finish {
    let id = claimed.effect.id.0;
    let (outcome, due) = match outcome {
        Outcome::Retry { reason, .. } if now.duration_since(since(claimed)) > backoff::PATIENCE => {
            let text = format!("{}; tried for a day, so look at it and retry", reason.text);
            (Outcome::Dead { reason: Reason::new(&reason.code, text) }, None)
        }
        Outcome::Retry { after, reason } => {
            let due = backoff::next(now, claimed.rounds, id, after);
            (Outcome::Retry { after, reason }, Some(due))
        }
        // What is unknown keeps its lane: not for ever.
        Outcome::Unknown { reason } if now.duration_since(since(claimed)) > backoff::PATIENCE => {
            let text =
                format!("{}; nobody could tell for a day whether it happened, so look at it and retry or skip it", reason.text);
            (Outcome::Dead { reason: Reason::new("R10", text) }, None)
        }
        Outcome::Unknown { reason } => {
            let due = (now + settle::grace(&claimed.effect.act)).max(backoff::next(now, claimed.rounds, id, None));
            (Outcome::Unknown { reason }, Some(due))
        }
        Outcome::Suspended { reason } => (Outcome::Suspended { reason }, Some(now + SUSPENDED)),
        settled => (settled, None),
    };
    let mut finish = Finish::new(attempt, now, outcome);
    finish.due = due;
    if let Some((request, exchange)) = last {
        finish.applied = Some(applied(exchange));
        let status = match exchange {
            Exchange::Answered(response) => response.status.to_string(),
            Exchange::NotSent(_) => "not sent".to_owned(),
            Exchange::Lost(_) => "no answer".to_owned(),
        };
        finish.exchange = Some(format!("{} → {status}", request.line()));
    }
    let unauthorised = matches!(last, Some((_, Exchange::Answered(answer))) if answer.status == 401);
    if let (Outcome::Suspended { reason }, false) = (&finish.outcome, unauthorised) {
        // A 401 suspends the whole connection and says so; this refusal concerns such calls only. Told once a day.
        let day = Timestamp::from_second(now.as_second().div_euclid(86_400) * 86_400).unwrap_or(now);
        finish.notices.push(Notice {
            id: NoticeId::derive(day, &["refused", &reason.text]),
            kind: NoticeKind::Suspended,
            text: format!("{}: what needs it waits and is tried again every minute, nothing is lost", reason.text),
            opportunity: None,
            event: None,
            effect: None,
            assessment: None,
            at: now,
        });
    }
    if let Outcome::Done { learned } = &finish.outcome
        && let Some(Value::Date { date }) = learned.get("moved_at")
    {
        finish.moved_at = Some(*date);
    }
    finish
}

/// Puts a claimed effect back, or settles it, without an attempt.
pub(super) async fn put_off(node: &Node, account: &Account, claimed: &ClaimedEffect, unready: Unready) -> Result<()> {
    let (id, now) = (claimed.effect.id, node.clock.now());
    match unready {
        Unready::Defer { until, reason } => {
            let until = until.unwrap_or_else(|| backoff::next(now, claimed.rounds, id.0, None));
            node.store.defer(&account.id, Work::Effect(id), until, Some(reason)).await
        }
        Unready::Gone(reason) | Unready::Park(reason) => {
            finish(node, account, id, Finish::new(None, now, Outcome::Dead { reason })).await
        }
        Unready::Store(error) => Err(error),
    }
}

/// *Effect done*, kept in memory and tried again until the store takes it: what the world has taken must not be forgotten.
pub(super) async fn finish(node: &Node, account: &Account, effect: EffectId, finish: Finish) -> Result<()> {
    persist(|| node.store.finish(&account.id, effect, finish.clone())).await
}

async fn persist<F: Future<Output = Result<()>>>(mut commit: impl FnMut() -> F) -> Result<()> {
    for round in 0_u32..30 {
        match commit().await {
            Err(StoreError::Unavailable(why)) => {
                tracing::error!(why, "an outcome could not be stored; trying again");
                tokio::time::sleep(Duration::from_millis(250 << round.min(5))).await;
            }
            settled => return settled,
        }
    }
    commit().await
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
