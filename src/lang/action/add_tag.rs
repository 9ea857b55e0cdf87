//! `add_tag`: one tag, beside whatever others there are.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Slot};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "add_tag",
    doc: "Adds a tag to the opportunity. For one of several that exclude each other use `set_tag`.",
    shape: Ty::Of(Names::Tag),
    needs: Needs::Opportunity,
    good: "add_tag: \"{{assessment.title}} done\"",
    bad: ("path-in-text", "add_tag: $assessment.title"),
    parse,
};

#[derive(Debug)]
struct AddTag {
    text: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let text = check.full_text(scope, node, "a tag")?;
    Some(Arc::new(AddTag { text }))
}

impl Action for AddTag {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let tag = tag(draft, &self.text)?;
        draft.effect(Some(Slot::Tag(tag.clone())), &self.identity(), Act::AddTag { tag });
        Ok(())
    }

    fn identity(&self) -> String {
        self.text.source().to_owned()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::AddTag { text: &self.text }
    }
}

/// A rendered tag: one line, not empty.
pub(super) fn tag(draft: &mut dyn Draft, text: &Template) -> Result<String, Stop> {
    let tag = draft.text(text)?;
    let tag = tag.trim();
    if tag.is_empty() {
        return Err(Stop::Unrenderable(format!("the tag `{}` came out empty", text.source())));
    }
    Ok(tag.split(char::is_control).collect::<Vec<_>>().join(" "))
}
