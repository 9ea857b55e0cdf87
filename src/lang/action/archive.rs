//! `archive`: takes the opportunity out of the pipeline, with a reason.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::bind::resolve;
use crate::lang::compile::check::Check;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::yaml::Node;
use crate::model::{Act, Kind, Said, Slot, Type, Value};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "archive",
    doc: "Archives the opportunity for a reason, after everything listed above it is done.",
    shape: Ty::Of(Names::Thing(Kind::ArchiveReason)),
    needs: Needs::Opportunity,
    good: "archive: Underqualified",
    bad: ("wrong-type", "archive: $next_stage"),
    parse,
};

#[derive(Debug)]
struct Archive {
    reason: Operand,
    identity: String,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let reason = check.needed(scope, node, &Type::Named(Kind::ArchiveReason), route)?;
    let identity = node.scalar().unwrap_or_default().to_owned();
    Some(Arc::new(Archive { reason, identity }))
}

impl Action for Archive {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(value) = draft.value(&self.reason)? else {
            draft.say(Said::Skipped { reason: "no archive reason is set".to_owned() });
            return Ok(());
        };
        let Some(reason) = resolve(draft.ruleset(), Kind::ArchiveReason, &value) else {
            draft.say(Said::Skipped { reason: format!("the account's catalogue has no archive reason `{value}`") });
            return Ok(());
        };
        if draft.fact("opportunity.archived")? == Some(Value::Bool(true)) {
            draft.say(Said::Skipped { reason: "it is archived already".to_owned() });
            return Ok(());
        }
        // The draft knows what the rule accepts.
        let act = Act::Archive { reason: reason.id, reason_name: reason.name, even_archived: false };
        draft.effect(Some(Slot::Archived), &self.identity(), act);
        Ok(())
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Archive
    }
}
