//! `fill_feedback`: a feedback form on the opportunity, given by a user; under its key it is changed in place.

use super::Action;
use super::fill;
use super::registry::{Needs, Verb};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::yaml::Node;
use crate::model::Kind;
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "fill_feedback",
    doc: "Gives feedback by a template of feedback forms, as the user `as`, else as the account's `perform_as`. With a `key` the \
          feedback that stands under it is changed.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "fill_feedback: { template: Assessment, key: result, fields: { Rating: 3 - Hire } }",
    bad: ("missing-key", "fill_feedback: { template: Assessment, key: result }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`fill_feedback`",
    keys: &[
        KeyShape::must(
            "template",
            Ty::Of(Names::Thing(Kind::FeedbackTemplate)),
            "the template, by name or id, or a setting of type feedback_template",
        ),
        KeyShape::must("fields", Ty::By(Names::Question, &Ty::Any), "the values, by the questions of the template"),
        KeyShape::may("as", Ty::Of(Names::Thing(Kind::User)), "the user who gives it; the account's `perform_as` unless given"),
        KeyShape::may("key", Ty::Text, "feedback under the same key is changed"),
    ],
};

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    if !entries.iter().any(|(key, _)| key.text == "as") {
        check.acts(VERB.name, node.span);
    }
    fill::parse(check, scope, &entries, route, (VERB.name, Kind::FeedbackTemplate))
}
