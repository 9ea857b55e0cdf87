//! `fill_form`: a profile form of the opportunity, filled by one of the account's templates.

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
    name: "fill_form",
    doc: "Fills a profile form. Every field of the template is given, by its question; `~` leaves one empty. With a `key` the same \
          values are filled once; Lever can neither change nor delete a filled form, so other values are a further form.",
    shape: Ty::Map(&SHAPE),
    needs: Needs::Opportunity,
    good: "fill_form: { template: Test result, key: result, fields: { Score: $result.percent, Report: ~ } }",
    bad: ("unknown-name", "fill_form: { template: Test result, fields: { Score: $result.percnt } }"),
    parse,
};

static SHAPE: Shape = Shape {
    what: "`fill_form`",
    keys: &[
        KeyShape::must(
            "template",
            Ty::Of(Names::Thing(Kind::FormTemplate)),
            "the template, by name or id, or a setting of type form_template",
        ),
        KeyShape::must("fields", Ty::By(Names::Question, &Ty::Any), "the values, by the questions of the template"),
        KeyShape::may("key", Ty::Text, "the same values under the same key are filled once"),
    ],
};

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, route: &str) -> Option<Arc<dyn Action>> {
    let entries = SHAPE.entries(node, check.found);
    fill::parse(check, scope, &entries, route, (VERB.name, Kind::FormTemplate))
}
