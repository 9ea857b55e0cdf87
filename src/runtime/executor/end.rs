//! The end of an attempt: the commit *effect done*, and putting an effect back that could not be tried.

use crate::lever::effect::applied;
use crate::lever::settle;
use crate::model::{Code, Effect, EffectId, Exchange, Notice, NoticeId, NoticeKind, Outcome, Reason, Request, Value};
use crate::runtime::account::Account;
use crate::runtime::call::{Node, Unready};
use crate::runtime::{backoff, look, measured, spans};
use crate::store::{ClaimedEffect, Finish, Result, StoreError, Work};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A connection that refuses our credentials is tried again after this.
const SUSPENDED: SignedDuration = SignedDuration::from_mins(1);

/// Since when an effect wants to be done: since a person asked for it, or since it was planned.
pub(super) fn since(claimed: &ClaimedEffect) -> Timestamp {
    claimed.asked_at.map_or(claimed.planned_at, |asked| asked.max(claimed.planned_at))
}
/// The commit for an attempt that ended so.
pub(in crate::runtime) fn finish_of(
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
            (Outcome::Dead { reason: Reason::new(reason.code, text) }, None)
        }
        Outcome::Retry { after, reason } => {
            let due = backoff::next(now, claimed.rounds, id, after);
            (Outcome::Retry { after, reason }, Some(due))
        }
        // What is unknown keeps its lane: not for ever.
        Outcome::Unknown { reason } if now.duration_since(since(claimed)) > backoff::PATIENCE => {
            let text =
                format!("{}; nobody could tell for a day whether it happened, so look at it and retry or skip it", reason.text);
            (Outcome::Dead { reason: Reason::new(Code::R10, text) }, None)
        }
        Outcome::Unknown { reason } => {
            let silent = last.is_none_or(|(_, exchange)| settle::silent(exchange));
            let due = (now + settle::grace(&claimed.effect.act, silent)).max(backoff::next(now, claimed.rounds, id, None));
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
        let text = format!("{}: what needs it waits and is tried again every minute, nothing is lost", reason.text);
        let told = NoticeId::derive(now, &["refused", &text]);
        finish.notices.push(Notice::daily(told, NoticeKind::Suspended, text, now));
    }
    if let Outcome::Done { learned } = &finish.outcome
        && let Some(Value::Date { date }) = learned.get("moved_at")
    {
        finish.moved_at = Some(*date);
    }
    finish
}

/// The same end, unless it is that Lever no longer knows the opportunity: then nobody can do anything about the effect, and rules
/// hear that the opportunity is gone.
pub(super) fn unless_gone(account: &Account, effect: &Effect, mut finish: Finish) -> Finish {
    if let Outcome::Dead { reason } = &finish.outcome
        && look::says_gone(reason, &effect.opportunity)
    {
        finish.events.push(look::gone(account, effect.opportunity.clone(), finish.at, finish.at));
        finish.outcome = Outcome::Skipped { reason: reason.clone() };
    }
    finish
}

/// Puts a claimed effect back, or settles it, without an attempt.
pub(in crate::runtime) async fn put_off(
    node: &Node,
    account: &Account,
    claimed: &ClaimedEffect,
    unready: Unready,
) -> Result<()> {
    let (id, now) = (claimed.effect.id, node.clock.now());
    match unready {
        Unready::Defer { until, reason } => {
            let until = until.unwrap_or_else(|| backoff::next(now, claimed.rounds, id.0, None));
            node.store.defer(&account.id, Work::Effect(id), until, Some(reason)).await
        }
        Unready::Gone(reason) | Unready::Park(reason) => {
            let dead = Finish::new(None, now, Outcome::Dead { reason });
            finish(node, account, id, unless_gone(account, &claimed.effect, dead)).await
        }
        Unready::Store(error) => Err(error),
    }
}

/// *Effect done*, kept in memory and tried again until the store takes it: what the world has taken must not be forgotten.
pub(in crate::runtime) async fn finish(node: &Node, account: &Account, effect: EffectId, finish: Finish) -> Result<()> {
    measured::effect(&account.id, effect, &finish.outcome);
    spans::told(&finish.events);
    persist(&node.stopping, || node.store.finish(&account.id, effect, finish.clone())).await
}

/// Tries until the store takes it, or leverd is stopped: then once more, and the next start looks up what became of it.
pub(super) async fn persist<F: Future<Output = Result<()>>>(
    stopping: &CancellationToken,
    mut commit: impl FnMut() -> F,
) -> Result<()> {
    let mut pause = Duration::from_millis(250);
    loop {
        match commit().await {
            Err(StoreError::Unavailable(why)) => tracing::error!(why, "an outcome could not be stored; trying again"),
            settled => return settled,
        }
        tokio::select! { biased;
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(8)),
            () = stopping.cancelled() => return commit().await,
        }
    }
}
