//! `rename_tag`: the new tag is added, then the old one removed, so that at no moment there is neither.

use super::add_tag::tag;
use super::registry::{Needs, Verb};
use super::remove_tag::{rendered, tags};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::pattern;
use crate::lang::rule::PatternText;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Pattern, Said, Slot, Value};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "rename_tag",
    doc: "Where the opportunity has a tag that `from` reads: adds `to`, then removes the old one. Without such a tag nothing happens.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "rename_tag: { from: \"{{assessment.title}}\", to: \"{{assessment.title}} - Scored\" }",
    bad: ("missing-key", "rename_tag: { from: Java }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`rename_tag`",
    keys: &[
        KeyShape::must("from", Ty::Of(Names::Tag), "the tag, or a pattern that reads it"),
        KeyShape::must("to", Ty::Of(Names::Tag), "the tag that takes its place"),
    ],
};

#[derive(Debug)]
struct RenameTag {
    from: PatternText,
    to: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let from = get("from").and_then(|node| tags(check, scope, node));
    let to = get("to").and_then(|node| check.full_text(scope, node, "a tag"));
    Some(Arc::new(RenameTag { from: from?, to: to? }))
}

impl Action for RenameTag {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let (from, to) = (rendered(draft, &self.from)?, tag(draft, &self.to)?);
        let tags = draft.fact("opportunity.tags")?;
        let ruleset = draft.ruleset();
        let names = (&*ruleset.catalogue, ruleset.pack.vendor_name().map(crate::model::VendorName::as_str));
        let old: Vec<String> = tags
            .iter()
            .flat_map(Value::items)
            .filter_map(Value::as_text)
            .filter(|tag| tag.trim() != to && pattern::matches(&from, tag, &names, false).is_some())
            .map(str::to_owned)
            .collect();
        if old.is_empty() {
            draft.say(Said::Skipped { reason: format!("there is no tag `{}` to rename", self.from.source()) });
            return Ok(());
        }
        let key = self.identity();
        draft.effect(Some(Slot::Tag(to.clone())), &key, Act::AddTag { tag: to });
        // Each by its own text: a pattern would also read the new tag.
        for tag in old {
            draft.effect(Some(Slot::Tag(tag.clone())), &key, Act::RemoveTag { pattern: Pattern::literal(tag) });
        }
        Ok(())
    }

    fn identity(&self) -> String {
        format!("{} -> {}", self.from.source(), self.to.source())
    }

    fn touch(&self) -> Touch<'_> {
        Touch::RenameTag { from: &self.from, to: &self.to }
    }
}
