//! `remove_link`: takes away the link that we put under a key, by its exact URL; links of others stay.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, keyed};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::Ty;
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Slot};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "remove_link",
    doc: "Removes the link that `add_link` put under this key.",
    shape: Ty::Text,
    needs: Needs::Opportunity,
    good: "remove_link: report",
    bad: ("wrong-type", "remove_link: { key: report }"),
    parse,
};

#[derive(Debug)]
struct RemoveLink {
    key: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let key = check.full_text(scope, node, "a key")?;
    Some(Arc::new(RemoveLink { key }))
}

impl Action for RemoveLink {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let key = keyed(draft, &self.key)?;
        let act = Act::Unlink { key: key.key.clone() };
        draft.effect(Some(Slot::Link(key)), &self.identity(), act);
        Ok(())
    }

    fn identity(&self) -> String {
        self.key.source().to_owned()
    }
}
