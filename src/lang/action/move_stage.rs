//! `move_stage`: forward in the pipeline, or from the stages named.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::bind::resolve;
use crate::lang::compile::check::Check;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::yaml::{Kind as NodeKind, Node};
use crate::model::{Act, Kind, Move, Named, Said, Slot, StageId, Type, Value};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "move_stage",
    doc: "Moves the opportunity to a stage, after everything listed above it is done. Forward in the pipeline only, unless `from` \
          names the stages it may leave.",
    shape: Ty::Either(&[Ty::Of(Names::Thing(Kind::Stage)), Ty::Map(&SHAPE)]),
    needs: Needs::Opportunity,
    good: "move_stage: { to: $next_stage, from: [Assessment] }",
    bad: ("wrong-type", "move_stage: $trigger_stages"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`move_stage`",
    keys: &[
        KeyShape::must("to", Ty::Of(Names::Thing(Kind::Stage)), "the stage"),
        KeyShape::may(
            "from",
            Ty::List(&Ty::Of(Names::Thing(Kind::Stage))),
            "the stages that it may leave; any earlier one unless given",
        ),
    ],
};

#[derive(Debug)]
struct MoveStage {
    to: Operand,
    from: Option<Operand>,
    identity: String,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let to = check.needed(scope, node, &Type::STAGE, route)?;
        let identity = node.scalar().unwrap_or_default().to_owned();
        return Some(Arc::new(MoveStage { to, from: None, identity }));
    }
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let identity = get("to").and_then(Node::scalar).unwrap_or_default().to_owned();
    let to = get("to").and_then(|node| check.needed(scope, node, &Type::STAGE, &format!("{route}.to")));
    let from = match get("from") {
        None => None,
        Some(node) => Some(check.needed(scope, node, &Type::STAGE.list(), &format!("{route}.from"))?),
    };
    Some(Arc::new(MoveStage { to: to?, from, identity }))
}

impl Action for MoveStage {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(value) = draft.value(&self.to)? else { return skip(draft, "no stage is set to move to".to_owned()) };
        let Some(to) = resolve(draft.ruleset(), Kind::Stage, &value) else {
            return skip(draft, format!("the account's catalogue has no stage `{value}`"));
        };
        let from = match &self.from {
            None => None,
            Some(from) => match draft.value(from)? {
                Some(stages) => {
                    let ruleset = draft.ruleset();
                    Some(stages.items().iter().filter_map(|stage| resolve(ruleset, Kind::Stage, stage)).collect::<Vec<Named>>())
                }
                None => return skip(draft, "no stage is set to move from".to_owned()),
            },
        };
        let now = match draft.fact("opportunity.stage")? {
            Some(Value::Named(stage)) => Some(stage),
            _ => None,
        };
        let catalogue = Arc::clone(&draft.ruleset().catalogue);
        let rank = catalogue.rank(&to.id);
        if let Some(now) = now {
            if now.id == to.id {
                return skip(draft, format!("it is in `{}` already", to.name));
            }
            if let Some(from) = &from {
                if !from.iter().any(|stage| stage.id == now.id) {
                    return skip(draft, format!("it is in `{}`, which is none of the stages to move from", now.name));
                }
            } else if rank.is_none_or(|rank| catalogue.rank(&now.id).is_none_or(|here| here >= rank)) {
                return skip(draft, format!("from `{}` to `{}` is not forward in the pipeline", now.name, to.name));
            }
        }
        let earlier = catalogue.stages.iter().take(rank.unwrap_or(0)).map(|stage| StageId::new(&*stage.id)).collect();
        let act = Move {
            to: StageId::new(&*to.id),
            to_name: to.name,
            from: from.map(|from| from.into_iter().map(|stage| StageId::new(stage.id)).collect()),
            earlier,
            // The draft knows what the rule accepts.
            even_archived: false,
        };
        draft.effect(Some(Slot::Stage), &self.identity(), Act::Stage(act));
        Ok(())
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Move { to: &self.to, from: self.from.as_ref() }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "ends the plan in one word")]
fn skip(draft: &mut dyn Draft, reason: String) -> Result<(), Stop> {
    draft.say(Said::Skipped { reason });
    Ok(())
}
