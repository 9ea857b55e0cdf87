//! `invite`: one test for one candidate, once. The ledger decides whether there is an attempt already, never a tag.

mod plan;

use super::registry::{Needs, Verb};
use super::with::with;
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::{Check, node_path};
use crate::lang::compile::literal::unknown_option;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::template::Template;
use crate::lang::yaml::{self, Node};
use crate::model::{Again, PhaseGroup, Type};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "invite",
    doc: "Asks the vendor to invite the candidate to a test. An attempt that there is already is left alone, unless `again` says \
          otherwise for the phase it is in.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "invite: { test: $test, again: { closed: invite } }",
    bad: ("unknown-value", "invite: { test: $test, again: { closed: reinvite } }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`invite`",
    keys: &[
        KeyShape::must(
            "test",
            Ty::Of(Names::Thing(crate::model::Kind::Assessment)),
            "the test: a `$path`, or the title of one",
        ),
        KeyShape::may(
            "with",
            Ty::By(Names::Input, &Ty::Any),
            "what the vendor's invitation takes besides, by the names of `vendor.yaml`",
        ),
        KeyShape::may("to", Ty::Text, "the e-mail address; the candidate's first one unless given"),
        KeyShape::may("per", Ty::OneOf(&PER), "whether each opportunity or each person has an attempt of its own"),
        KeyShape::may("key", Ty::Text, "invitations with different keys are different, even to the same test"),
        KeyShape::may("again", Ty::Map(&AGAIN), "what to do when there is an attempt, by its phase; `skip` unless given"),
    ],
};

static AGAIN: Shape = Shape {
    what: "`again`",
    keys: &[
        KeyShape::may("failed", Ty::OneOf(&CHOICES), "the invitation could not be sent"),
        KeyShape::may("waiting", Ty::OneOf(&CHOICES), "requested, invited or opened"),
        KeyShape::may("started", Ty::OneOf(&CHOICES), "started"),
        KeyShape::may("finished", Ty::OneOf(&CHOICES), "submitted, scored, reviewed or decided"),
        KeyShape::may("closed", Ty::OneOf(&CHOICES), "expired, declined, opted out, cancelled, terminated or superseded"),
    ],
};

const PER: [&str; 2] = ["opportunity", "contact"];
const CHOICES: [&str; 3] = ["skip", "refresh", "invite"];

/// A compiled invitation.
#[derive(Debug)]
struct InviteTo {
    test: Operand,
    with: BTreeMap<String, Operand>,
    to: Option<Operand>,
    per_contact: bool,
    key: Option<Arc<Template>>,
    again: BTreeMap<PhaseGroup, Again>,
    /// The test as written, for the identity.
    written: String,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    if check.declared.adapter.is_none() && !check.declared.faulty_adapter {
        check.error(
            "no-vendor",
            node.span,
            "`invite` needs a vendor, and this pack has none",
            "put its `vendor.yaml` beside this file",
        );
        return None;
    }
    if let Some(test) = node.scalar().filter(|_| !node.is_null()) {
        let test = if node_path(node).is_some() { test.to_owned() } else { yaml::written(test) };
        let map = format!("{{ test: {test} }}");
        let fault = Diagnostic::error("wrong-type", node.span, "`invite` takes a map");
        check.found.push(fault.suggest_as("name the test in it", node.span, map));
        return None;
    }
    let entries = SHAPE.entries(node, check.found);
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    if let Some(adapter) = check.declared.adapter.as_deref()
        && !adapter.operations.contains_key("invite")
    {
        let message = format!("`{}` declares no operation `invite`", adapter.name);
        check.error("no-operation", node.span, message, "declare it under `operations:` in vendor.yaml");
        return None;
    }
    let test = get("test").and_then(|node| check.needed(scope, node, &Type::ASSESSMENT, &format!("{route}.test")));
    let with = with(check, scope, "invite", (node, get("with")), &format!("{route}.with"));
    let to = get("to").map(|node| check.value_or_text(scope, node, &Type::Text, &format!("{route}.to")));
    let per = get("per").map(|node| word(check, node, &PER));
    let key = get("key").map(|node| check.full_text(scope, node, "a key"));
    let again = get("again").map_or(Some(BTreeMap::new()), |node| again(check, node));
    let (to, key) = (to.map_or(Some(None), |to| to.map(Some))?, key.map_or(Some(None), |key| key.map(Some))?);
    let per_contact = per.map_or(Some(false), |per| per.map(|per| per == "contact"))?;
    let written = get("test").and_then(Node::scalar).unwrap_or_default().to_owned();
    Some(Arc::new(InviteTo { test: test?, with: with?, to, per_contact, key, again: again?, written }))
}

fn word(check: &mut Check<'_, '_>, node: &Node, known: &[&str]) -> Option<String> {
    let text = node.as_text(check.found)?;
    if known.contains(&text) {
        return Some(text.to_owned());
    }
    let options: Vec<String> = known.iter().map(|&option| option.to_owned()).collect();
    check.found.push(unknown_option(node, text, &options));
    None
}

fn again(check: &mut Check<'_, '_>, node: &Node) -> Option<BTreeMap<PhaseGroup, Again>> {
    let mut again = BTreeMap::new();
    let mut good = node.entries(&mut crate::lang::diagnostic::Diagnostics::new()).is_some();
    for (key, value) in AGAIN.entries(node, check.found) {
        match (key.text.parse(), word(check, value, &CHOICES).and_then(|word| word.parse().ok())) {
            (Ok(group), Some(choice)) => {
                again.insert(group, choice);
            }
            _ => good = false,
        }
    }
    good.then_some(again)
}

impl Action for InviteTo {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        plan::plan(self, draft)
    }

    fn identity(&self) -> String {
        match &self.key {
            Some(key) => format!("{} key {}", self.written, key.source()),
            None => self.written.clone(),
        }
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Invite { again: &self.again }
    }
}
