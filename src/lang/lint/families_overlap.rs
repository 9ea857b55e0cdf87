//! One tag in two families: setting it in one takes nothing from the other, and both think it theirs.

use super::Lint;
use super::view::View;
use crate::lang::compile::normal;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::Kind;
use std::collections::HashMap;

pub(super) static LINT: Lint = Lint {
    entry: (
        "families-overlap",
        "A tag belongs to two families. A family holds one tag at most and removes its other members: two of them would fight over \
         this one.",
        "tags: { status: [Invited, Done], step: [Open, Done] }\nrules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ set_tag: { status: Done } }]\n",
        "tags: { status: [Invited, Done], step: [Open, Closed] }\nrules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ set_tag: { status: Done } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for (family, node) in view.tags {
        let Kind::Seq(members) = &node.kind else { continue };
        for member in members {
            let Some(text) = member.scalar() else { continue };
            let Some((other, there)) = seen.insert(normal(text), (&family.text, member.span)) else { continue };
            if *other == family.text {
                continue;
            }
            let message = format!("`{}` is in the family `{}` and in `{other}`", text.trim(), family.text);
            found.push(
                Diagnostic::warning("families-overlap", member.span, message)
                    .also(there, format!("it is in `{other}` here"))
                    .help("leave it in the family whose rules set it"),
            );
        }
    }
}
