//! `clear_tag`: no member of a tag family.

use super::registry::{Needs, Verb};
use super::set_tag::{family, slot};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::yaml::Node;
use crate::model::{Act, TagFamily};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "clear_tag",
    doc: "Removes whichever member of a tag family is on the opportunity.",
    shape: Ty::Of(Names::Family),
    needs: Needs::Opportunity,
    good: "clear_tag: status",
    bad: ("unknown-family", "clear_tag: state"),
    parse,
};

#[derive(Debug)]
struct ClearTag {
    family: String,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let name = node.as_text(check.found)?;
    family(check, scope, name, node.span)?;
    Some(Arc::new(ClearTag { family: name.to_owned() }))
}

impl Action for ClearTag {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let members = draft.members(&self.family)?;
        let slot = slot(draft, &self.family)?;
        let act = TagFamily { family: self.family.clone(), member: None, members, spare: Vec::new() };
        draft.effect(Some(slot), &self.family, Act::Family(act));
        Ok(())
    }

    fn identity(&self) -> String {
        self.family.clone()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::ClearTag { family: &self.family }
    }
}
