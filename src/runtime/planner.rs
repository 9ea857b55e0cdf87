//! One event becomes one plan: gather, ask the engine, gather what it still needs, commit.

use super::account::Account;
use super::call::{Node, Unready};
use super::{backoff, derive, gather, look, measured};
use crate::engine::{self, Program};
use crate::lang::ruleset::Mode;
use crate::model::{Code, Effect, Event, EventId, EventKind, Facts, LeverEvent, Plan, Planned, Reason, Said, Step};
use crate::store::{ClaimedEvent, PlanMade, Result, Run, Work};
use jiff::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The engine may ask this often; a fifth question would be a bug.
const ROUNDS: usize = 4;
/// Another live invitation refused the commit: how often to plan again on what is so now.
const REPLANS: usize = 3;

/// The field of an event that no rule listened to when it was derived, so that Lever was not asked about it.
pub(super) const UNCONFIRMED: &str = "event.unconfirmed";

/// Plans one claimed event and commits what it leads to.
pub(super) async fn plan(node: &Node, account: &Account, claimed: ClaimedEvent) -> Result<()> {
    let ClaimedEvent { event: stored, rounds, .. } = claimed;
    let (id, now) = (stored.id, node.clock.now());
    let mut event = derive::original(&stored);
    let program = Arc::clone(&account.active().program);
    for _ in 0..REPLANS {
        let run = match decide(node, account, &program, &mut event, &stored).await {
            Ok(run) => run,
            Err(Unready::Defer { until, reason }) => {
                let until = until.unwrap_or_else(|| backoff::next(now, rounds, id.0, None));
                if reason.code != Code::Queued && now.duration_since(event.received) > backoff::PATIENCE {
                    return node.store.park(&account.id, Work::Event(id), reason, now).await;
                }
                tracing::info!(event = %id, reason = %reason.text, "planned later");
                return node.store.defer(&account.id, Work::Event(id), until, Some(reason)).await;
            }
            Err(Unready::Park(reason)) => return node.store.park(&account.id, Work::Event(id), reason, now).await,
            // What is gone cannot be acted on; the event is settled with that as its reason.
            Err(Unready::Gone(reason)) => {
                let emit = gone(account, &event, &reason, now).into_iter().collect();
                let plan = Plan { emit, ..Plan::nothing("event", reason.text) };
                Run { facts: Facts::at(now), plan, ruleset: program.hash().to_owned(), planned_at: now }
            }
            Err(Unready::Store(error)) => return Err(error),
        };
        let effects = run.plan.effects.len();
        match node.store.plan(&account.id, id, run).await? {
            PlanMade::Committed => {
                if effects > 0 {
                    tracing::info!(effects, "planned");
                }
                measured::run(&account.id);
                after(node, account, &event).await?;
                return Ok(());
            }
            PlanMade::LiveInvitationExists { invite_key } => {
                tracing::info!(event = %id, invite_key, "another invitation is live; planning again");
            }
        }
    }
    let reason =
        Reason::new(Code::R9, "another live invitation for the same person and test kept appearing while this was planned");
    node.store.park(&account.id, Work::Event(id), reason, now).await
}

/// The event that its opportunity is gone, if that is what Lever says.
fn gone(account: &Account, event: &Event, reason: &Reason, now: Timestamp) -> Option<Event> {
    let opportunity = event.opportunity.as_ref().filter(|id| look::says_gone(reason, id))?;
    (event.kind != EventKind::OpportunityGone).then(|| look::gone(account, opportunity.clone(), now, now))
}

/// The plan for an event, on facts read after it was `stored`.
async fn decide(
    node: &Node,
    account: &Account,
    program: &Program,
    event: &mut Event,
    stored: &Event,
) -> std::result::Result<Run, Unready> {
    let now = node.clock.now();
    if event.fields.contains_key(UNCONFIRMED) && program.selects(event) {
        // It goes on under the id that everybody who tells of it gives it: polling may have told of it already.
        let mut confirmed = derive::confirm_late(node, account, event).await?;
        if derive::stands_for_another(stored) {
            // Of a replay there may be the event itself already, and its row is done with.
            let id = EventId::derive(Timestamp::UNIX_EPOCH, &["confirmed", account.id.as_str(), &stored.id.to_string()]);
            confirmed = derive::under(&confirmed, id);
            confirmed.received = stored.received;
        }
        let what = "a rule listens to it by now: it was confirmed by Lever and goes on".to_owned();
        let said = Step { pack: None, rule: None, route: String::new(), said: Said::Noted { what } };
        let plan = Plan { emit: vec![confirmed], steps: vec![said], ..Plan::default() };
        return Ok(Run { facts: Facts::at(now), plan, ruleset: program.hash().to_owned(), planned_at: now });
    }
    let (facts, mut plan) = ask(node, account, program, event, stored.received, Facts::at(now)).await?;
    leave_shadows(program, &mut plan);
    Ok(Run { facts: facts.keep(&plan.read), plan, ruleset: program.hash().to_owned(), planned_at: now })
}

/// A pack in shadow plans and sends nothing: what it would do stays in the run as a step.
fn leave_shadows(program: &Program, plan: &mut Plan) {
    let shadow = |effect: &Effect| program.set(&effect.pack).is_some_and(|set| set.mode == Mode::Shadow);
    let (shadows, live) = std::mem::take(&mut plan.effects).into_iter().partition::<Vec<_>, _>(shadow);
    plan.effects = live;
    plan.steps.extend(shadows.into_iter().map(|effect| Step {
        said: Said::Noted { what: format!("in shadow: would {}", effect.act.verb()) },
        route: effect.routes.first().cloned().unwrap_or_default(),
        pack: Some(effect.pack),
        rule: Some(effect.rule),
    }));
}

/// Asks the engine until it has a plan, on facts read after `since`. Also used to look again at an old effect.
pub(super) async fn ask(
    node: &Node,
    account: &Account,
    program: &Program,
    event: &Event,
    since: Timestamp,
    mut known: Facts,
) -> std::result::Result<(Facts, Plan), Unready> {
    let late = event.for_rule.as_ref().is_some_and(|rule| rule.look == crate::model::Look::Late);
    let mut waiting: Option<Vec<Effect>> = None;
    for _ in 0..=ROUNDS {
        let facts = match &waiting {
            Some(effects) => engine::overlay(&known, effects),
            None => known.clone(),
        };
        let planned = catch_unwind(AssertUnwindSafe(|| engine::plan(program, event, &facts))).map_err(|_| {
            Unready::Park(Reason::new(
                Code::Bug,
                "planning this event failed inside leverd; please report it with the run's id",
            ))
        })?;
        let needs = match planned {
            Planned::Plan(plan) => return Ok((facts, *plan)),
            Planned::Needs(needs) => needs,
        };
        gather::gather(node, account, event, since, &needs, &mut known).await?;
        if waiting.is_none() {
            // Our own effects in flight, and our own echo, matter as soon as anything outside does.
            waiting = Some(gather::waiting(node, account, event).await?);
            known.own_move = gather::own_move(node, account, event).await?;
        }
        if late {
            waiting = Some(Vec::new());
            known.ledger = gather::without_own(std::mem::take(&mut known.ledger), event);
        }
    }
    Err(Unready::Park(Reason::new(
        Code::Bug,
        "the planner asked for facts more than four times; please report it with the run's id",
    )))
}

/// What follows from the event itself, beside its plan.
async fn after(node: &Node, account: &Account, event: &Event) -> Result<()> {
    let gone = matches!(event.kind, EventKind::Lever(LeverEvent::CandidateDeleted) | EventKind::OpportunityGone);
    let confirmed = !event.fields.contains_key(UNCONFIRMED);
    if let (true, true, Some(id)) = (gone, confirmed, &event.opportunity) {
        node.snapshots.forget(&account.id, id, node.clock.now());
        node.store.purge_opportunity(&account.id, id, node.clock.now()).await?;
    }
    Ok(())
}
