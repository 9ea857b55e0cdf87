//! What would come of a plan if everybody did what they are asked: the outcomes as events, planned in their turn.

use super::Told;
use crate::cli::foresee::Foresight;
use crate::engine::{Answer, outcome, put};
use crate::lever::api;
use crate::lever::facts::OpportunitySnapshot;
use crate::model::{Act, Effect, EffectId, Event, EventKind, Facts, Plan, Value};
use std::collections::VecDeque;

/// More events than this are a loop; the planner's own guard parks deeper chains before.
const MOST: usize = 50;

/// Goes on from a plan that was made by these facts.
pub(super) async fn on(
    foresight: &mut Foresight<'_>,
    opportunity: &api::Opportunity,
    first: Option<&Told>,
    facts: Facts,
) -> anyhow::Result<Vec<Told>> {
    let Some(first) = first else { return Ok(Vec::new()) };
    let mut world = World { facts, snapshot: first.snapshot.clone(), queue: VecDeque::new() };
    world.carry_out(foresight, &first.event, &first.plan);
    let mut all = Vec::new();
    while let Some((assumed, event, own_move)) = world.queue.pop_front() {
        if all.len() == MOST {
            anyhow::bail!("after {MOST} events there were still more to come: the rules keep each other going");
        }
        world.facts.own_move = own_move;
        let (plan, facts) = foresight.plan_from(&event, opportunity, world.facts.clone()).await?;
        world.facts = facts;
        let snapshot = world.snapshot.clone();
        world.carry_out(foresight, &event, &plan);
        all.push(Told { assumed: Some(assumed), snapshot, event, plan });
    }
    Ok(all)
}

struct World {
    facts: Facts,
    snapshot: OpportunitySnapshot,
    /// What was assumed, the event that it is, and the move of ours that it is the echo of.
    queue: VecDeque<(String, Event, Option<EffectId>)>,
}

impl World {
    fn carry_out(&mut self, foresight: &Foresight<'_>, event: &Event, plan: &Plan) {
        for row in plan.ledger.clone() {
            put(&mut self.facts, row);
        }
        for next in plan.emit.iter().cloned() {
            self.queue.push_back((format!("what follows from `{}` at once", event.kind), next, None));
        }
        for effect in &plan.effects {
            let vendor = match &effect.act {
                Act::Invite(invite) => Some(&invite.vendor),
                Act::Call(call) => Some(&call.vendor),
                _ => None,
            };
            let adapter = foresight.bound.rulesets.iter().filter_map(|set| set.pack.vendor.as_deref());
            let adapter = adapter.into_iter().find(|adapter| Some(&adapter.name) == vendor);
            let came = outcome(&mut self.facts, event, effect, Answer::Accepts, adapter);
            self.queue.extend(came.into_iter().map(|(next, own_move)| (said(effect, &next.kind), next, own_move)));
        }
        if let Some(Value::List(tags)) = self.facts.values.get("opportunity.tags") {
            self.snapshot.tags = tags.iter().map(ToString::to_string).collect();
        }
        if let Some(Value::Named(stage)) = self.facts.values.get("opportunity.stage") {
            self.snapshot.stage = Some(stage.id.as_str().into());
        }
    }
}

/// What is taken to have happened.
fn said(effect: &Effect, kind: &EventKind) -> String {
    match &effect.act {
        Act::Invite(invite) => format!("{} accepts the invitation to `{}`", invite.vendor, invite.test.title),
        Act::Call(call) => format!("{} does what `{}` asks for", call.vendor, call.operation),
        Act::Stage(to) => format!("Lever moves it to `{}`, and tells of it", to.to_name),
        _ => format!("`{kind}` comes of it"),
    }
}
