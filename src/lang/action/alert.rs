//! `alert`: tells people, without touching Lever.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::Ty;
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "alert",
    doc: "Shows a notice to the people who run leverd; nothing is written to Lever.",
    shape: Ty::Text,
    needs: Needs::Nothing,
    good: "alert: \"{{assessment.title}} was scored\"",
    bad: ("unknown-name", "alert: \"{{assessment.titel}} was scored\""),
    parse,
};

#[derive(Debug)]
struct Alert {
    text: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let text = check.full_text(scope, node, "an alert")?;
    Some(Arc::new(Alert { text }))
}

impl Action for Alert {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let text = draft.text(&self.text)?;
        draft.alert(text);
        Ok(())
    }

    fn identity(&self) -> String {
        self.text.source().to_owned()
    }
}
