//! The end of an attempt: the commit *effect done*, and putting an effect back that could not be tried.

use crate::lever::effect::applied;
use crate::lever::settle;
use crate::model::{EffectId, Exchange, Notice, NoticeId, NoticeKind, Outcome, Reason, Request, Value};
use crate::runtime::account::Account;
use crate::runtime::backoff;
use crate::runtime::call::{Node, Unready};
use crate::store::{ClaimedEffect, Finish, Result, StoreError, Work};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

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
            finish(node, account, id, Finish::new(None, now, Outcome::Dead { reason })).await
        }
        Unready::Store(error) => Err(error),
    }
}

/// *Effect done*, kept in memory and tried again until the store takes it: what the world has taken must not be forgotten.
pub(in crate::runtime) async fn finish(node: &Node, account: &Account, effect: EffectId, finish: Finish) -> Result<()> {
    persist(|| node.store.finish(&account.id, effect, finish.clone())).await
}

pub(super) async fn persist<F: Future<Output = Result<()>>>(mut commit: impl FnMut() -> F) -> Result<()> {
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
