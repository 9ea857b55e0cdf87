//! A tag of a family that is added or removed as if it were a lone one.

use super::Lint;
use super::view::View;
use crate::lang::compile::normal;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::Kind;
use std::collections::HashMap;

pub(super) static LINT: Lint = Lint {
    entry: (
        "family-by-hand",
        "The tag is a member of a family, and `add_tag` leaves the family's other members where they are: then two of them are on the \
         opportunity at once.",
        "tags: { status: [Invited, Done] }\nrules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: Done }]\n",
        "tags: { status: [Invited, Done] }\nrules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ set_tag: { status: Done } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let mut members = HashMap::new();
    for (family, node) in view.tags {
        if let Kind::Seq(items) = &node.kind {
            members.extend(items.iter().filter_map(|item| Some((normal(item.scalar()?), &family.text))));
        }
    }
    for rule in view.rules {
        for deed in view.deeds(rule).into_iter().filter(|deed| deed.verb == "add_tag") {
            let Some(text) = deed.value.scalar() else { continue };
            let Some(family) = members.get(&normal(text)) else { continue };
            let message =
                format!("`{}` is a member of the tag family `{family}`, and its other members would stay", text.trim());
            found.push(Diagnostic::warning("family-by-hand", deed.span, message).route(format!("{}.do", rule.route)).help(
                format!("write `set_tag: {{ {family}: {} }}`, which removes them", crate::lang::yaml::written(text.trim())),
            ));
        }
    }
}
