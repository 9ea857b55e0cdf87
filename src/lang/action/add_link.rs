//! `add_link`: a link on the person; under its key it replaces what we put there before.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, keyed};
use crate::lang::compile::check::Check;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::Node;
use crate::model::{Act, Said, Slot, Type};
use std::sync::Arc;
use url::Url;

pub(super) static VERB: Verb = Verb {
    name: "add_link",
    doc: "Adds a link to the candidate's links. The link that we put under the same key before is replaced.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "add_link: { key: profile, url: \"https://vendor.example.com/{{assessment.title}}\" }",
    bad: ("maybe-absent", "add_link: { key: report, url: $result.report_url }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`add_link`",
    keys: &[
        KeyShape::must("url", Ty::Text, "the URL: a `$path`, or a text with `{{…}}`"),
        KeyShape::must("key", Ty::Text, "what the link is to us: a link under the same key is replaced"),
    ],
};

#[derive(Debug)]
struct AddLink {
    url: Operand,
    key: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let url = get("url").and_then(|node| check.value_or_text(scope, node, &Type::Url, &format!("{route}.url")));
    let key = get("key").and_then(|node| check.full_text(scope, node, "a key"));
    Some(Arc::new(AddLink { url: url?, key: key? }))
}

impl Action for AddLink {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(url) = draft.value(&self.url)? else {
            draft.say(Said::Skipped { reason: "the URL is absent".to_owned() });
            return Ok(());
        };
        let url = url.as_text().map(str::trim).unwrap_or_default().to_owned();
        if !Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(Stop::Unrenderable("what the link would point to is no URL".to_owned()));
        }
        let key = keyed(draft, &self.key)?;
        let act = Act::Link { url, key: key.key.clone() };
        draft.effect(Some(Slot::Link(key)), &self.identity(), act);
        Ok(())
    }

    fn identity(&self) -> String {
        self.key.source().to_owned()
    }
}
