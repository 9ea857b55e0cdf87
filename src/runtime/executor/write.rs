//! One write of Lever that is no tag change.
//!
//! What stands under a key is remembered by Lever's id: the same content is not sent again, other content replaces it, the new first
//! and the old away after it. Where that second half fails, the next try finds the first half done and goes on from there.

use super::end::{finish, finish_of, put_off, unless_gone};
use super::settled::{Looked, settled};
use crate::lever::effect::{self, Content, Context, Step, outcome};
use crate::lever::facts::OpportunitySnapshot;
use crate::model::{
    Act, Applied, Bug, Code, Effect, Exchange, Notice, NoticeId, NoticeKind, Outcome, Placed, Reason, Request, planted,
};
use crate::runtime::account::Account;
use crate::runtime::call::{Node, Unready};
use crate::runtime::gather;
use crate::runtime::report::{self, NotFetched};
use crate::store::{ClaimedEffect, Finish, Result};
use jiff::SignedDuration;

/// A stage seen within this time is fresh enough to move from.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// Carries one of them out.
pub(super) async fn carry_out(node: &Node, account: &Account, mut claimed: ClaimedEffect) -> Result<()> {
    claimed.effect.act.not_after(node.clock.now());
    let effect = &claimed.effect;
    let placed = match &effect.slot {
        Some(slot) => node.store.placed(&account.id, &effect.opportunity, slot).await?,
        None => None,
    };
    let mut writing =
        Writing { node, account, claimed: &claimed, placed, content: None, snapshot: fresh(node, account, effect) };
    // What stands there already is known to have happened.
    let there = writing.placed.as_ref().is_some_and(|placed| effect.act.digest().as_ref() == Some(&placed.digest));
    if claimed.unknown && !there {
        match settled(node, account, &claimed, writing.placed.as_ref()).await? {
            Looked::Again => {}
            Looked::Ended => return Ok(()),
            Looked::Happened { outcome, moved } => {
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                return writing.end(number, outcome, None, moved).await;
            }
        }
    }
    loop {
        match effect::step(&effect.act, writing.context()) {
            Step::Read(_) => {
                let now = node.clock.now();
                match gather::read_opportunity(node, account, &effect.opportunity, now, effect.class).await {
                    Ok(read) => writing.snapshot = Some(OpportunitySnapshot::of(&read)),
                    Err(unready) => return put_off(node, account, &claimed, unready).await,
                }
            }
            Step::Fetch => {
                let Act::File(file) = &effect.act else { return Ok(()) };
                match report::content(node, account, file).await {
                    Ok(content) => writing.content = Some(content),
                    Err(NotFetched::Unready(unready)) => return put_off(node, account, &claimed, unready).await,
                    Err(NotFetched::Told(outcome)) => {
                        let finished = finish_of(node.clock.now(), &claimed, None, outcome, None);
                        return finish(node, account, effect.id, finished).await;
                    }
                }
            }
            Step::Send(request) => return writing.send(Some(request)).await,
            Step::Sweep => return writing.send(None).await,
            Step::Done(reason) | Step::Skip(reason) => {
                let now = node.clock.now();
                return finish(node, account, effect.id, Finish::new(None, now, Outcome::Skipped { reason })).await;
            }
            Step::Elsewhere => {
                let reason = Reason::new(Code::Bug, format!("`{}` is no write of Lever", effect.act.verb()));
                let now = node.clock.now();
                return finish(node, account, effect.id, Finish::new(None, now, Outcome::Dead { reason })).await;
            }
        }
    }
}

/// A snapshot that the plan just read, if nothing of ours that matters to this effect was written since.
fn fresh(node: &Node, account: &Account, effect: &Effect) -> Option<OpportunitySnapshot> {
    let (since, snapshots) = (node.clock.now() - FRESH, &node.snapshots);
    let read = if effect.act.moves() {
        snapshots.standing(&account.id, &effect.opportunity, since)
    } else {
        snapshots.opportunity(&account.id, &effect.opportunity, since)
    };
    read.map(|read| OpportunitySnapshot::of(&read))
}

/// One write under way.
struct Writing<'a> {
    node: &'a Node,
    account: &'a Account,
    claimed: &'a ClaimedEffect,
    placed: Option<Placed>,
    content: Option<Content>,
    snapshot: Option<OpportunitySnapshot>,
}

impl Writing<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            opportunity: &self.claimed.effect.opportunity,
            perform_as: self.account.perform_as.as_ref(),
            snapshot: self.snapshot.as_ref(),
            placed: self.placed.as_ref(),
            content: self.content.as_ref(),
        }
    }

    /// Admits, begins, sends and finishes it; without a request only what was replaced is taken away.
    async fn send(self, request: Option<Request>) -> Result<()> {
        let (node, account, effect) = (self.node, self.account, &self.claimed.effect);
        let to = crate::model::Destination::Lever;
        let leave = match node.admit(account, &to, effect.class).await {
            Ok(leave) => leave,
            Err(unready) => return put_off(node, account, self.claimed, unready).await,
        };
        let sent = match &request {
            Some(request) if planted(Bug::BegunAfterwards) => Ok(node.exchange(account, request, leave).await),
            _ => Err(leave),
        };
        let begun = node.store.begin(&account.id, vec![effect.id], node.store.epoch(), node.clock.now()).await?;
        let Some(attempt) = begun.first().and_then(|begun| begun.attempt) else { return Ok(()) };
        let Some(request) = request else {
            let done = Outcome::Done { learned: std::collections::BTreeMap::new() };
            return self.end(Some(attempt), done, None, None).await;
        };
        let exchange = match sent {
            Ok(exchange) => exchange,
            Err(leave) => node.exchange(account, &request, leave).await,
        };
        let now = node.clock.now();
        if effect.act.moves() {
            node.snapshots.forget(&account.id, &effect.opportunity, now);
        } else {
            node.snapshots.wrote(&account.id, &effect.opportunity, now);
        }
        let mut ended = outcome(&request, &exchange);
        if let Outcome::Done { learned } = &ended
            && effect::needs_id(&effect.act)
            && self.placed.is_none()
            && effect::made(learned).is_none()
        {
            // It happened, and what Lever calls it is in a list that is read next.
            ended = Outcome::Unknown { reason: Reason::new(Code::R5, "Lever's answer does not say what it calls it") };
        }
        self.end(Some(attempt), ended, Some((&request, &exchange)), None).await
    }

    /// The commit, with what stands under the key by then.
    async fn end(
        self,
        attempt: Option<u32>,
        mut ended: Outcome,
        last: Option<(&Request, &Exchange)>,
        moved: Option<jiff::Timestamp>,
    ) -> Result<()> {
        let (node, account, effect) = (self.node, self.account, &self.claimed.effect);
        let (mut placed, mut notices) = (None, Vec::new());
        if let (Outcome::Done { learned }, Some(slot)) = (&ended, &effect.slot) {
            if matches!(effect.act, Act::Unlink { .. }) {
                placed = Some((slot.clone(), None));
            } else if let Some(mut now) = self.standing(effect::made(learned)) {
                if let Some(reason) = self.sweep(&mut now, &mut notices).await {
                    ended = Outcome::Retry { after: None, reason };
                }
                placed = Some((slot.clone(), Some(now)));
            }
        } else if let (Outcome::Retry { .. }, Act::Feedback(_), Some((_, Exchange::Answered(answer))), Some(slot)) =
            (&ended, &effect.act, last, &effect.slot)
            && answer.status == 404
        {
            // It was deleted by hand.
            placed = Some((slot.clone(), None));
        }
        let mut finished = finish_of(node.clock.now(), self.claimed, attempt, ended, last);
        if last.is_none() && attempt.is_some() {
            finished.applied = Some(Applied::Yes);
        }
        finished.moved_at = moved.or(finished.moved_at);
        finished.placed = placed;
        finished.notices.extend(notices);
        finish(node, account, effect.id, unless_gone(account, effect, finished)).await
    }

    /// What stands under the key now that the act is done; nothing new was made where only the old had to go.
    fn standing(&self, made: Option<&str>) -> Option<Placed> {
        let (act, context) = (&self.claimed.effect.act, self.context());
        match (effect::placed(act, context, made), &self.placed) {
            (Some(placed), _) => Some(placed),
            (None, Some(placed)) if made.is_none() && !placed.old.is_empty() => Some(placed.clone()),
            _ => None,
        }
    }

    /// Takes away what was replaced. What cannot be taken away now stays on the list, and the reason says why; what never can be is
    /// told to people.
    async fn sweep(&self, placed: &mut Placed, notices: &mut Vec<Notice>) -> Option<Reason> {
        let (node, account, effect) = (self.node, self.account, &self.claimed.effect);
        while let Some(old) = placed.old.first().cloned() {
            if let Some(request) = effect::removal(&effect.act, self.context(), &old) {
                let leave = match node.go_on(account, &request.to, effect.class).await {
                    Ok(leave) => leave,
                    Err(Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => return Some(reason),
                    Err(Unready::Store(error)) => return Some(Reason::new(Code::R11, error.to_string())),
                };
                let exchange = node.exchange(account, &request, leave).await;
                let gone = matches!(&exchange, Exchange::Answered(answer) if matches!(answer.status, 404 | 410));
                match outcome(&request, &exchange) {
                    Outcome::Retry { reason, .. } | Outcome::Unknown { reason } => return Some(reason),
                    Outcome::Dead { reason } | Outcome::Suspended { reason } if !gone => notices.push(self.left(&old, &reason)),
                    _ => {}
                }
            }
            placed.old.remove(0);
        }
        None
    }

    /// The notice about something of ours that stays beside what replaced it.
    fn left(&self, old: &str, reason: &Reason) -> Notice {
        let (effect, now) = (&self.claimed.effect, self.node.clock.now());
        let what = effect.slot.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = format!("the earlier {what} stays beside the new one, remove it by hand: {}", reason.text);
        Notice {
            opportunity: Some(effect.opportunity.clone()),
            event: Some(effect.event),
            effect: Some(effect.id),
            ..Notice::new(NoticeId::derive(now, &[&effect.id.to_string(), old]), NoticeKind::Alert, text, now)
        }
    }
}
