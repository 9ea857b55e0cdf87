//! A state of a tag family that rules bring about and nothing ever ends.
//!
//! A last state is meant to stay. So it is told only of one after which the family lists others, when no rule sets any other state of the
//! family, clears it or takes the tag off.

use super::Lint;
use super::never_entered::{members_of, texts_put};
use super::view::View;
use crate::lang::action::Touch;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::flow::weigh;
use crate::lang::rule::{Do, Rule};

pub(super) static LINT: Lint = Lint {
    entry: (
        "never-left",
        "A rule sets one state of a tag family, the family lists states that come after it, and no rule sets any of them, clears the \
         family or removes the tag: who once got there stays there. A rule is missing, or the later states are of no use. If people go on \
         by hand, say so in the rule: `allow: { never-left: REASON }`.",
        "tags: { status: [\"{{assessment.title}} - Invited\", \"{{assessment.title}} - Done\"] }\nrules:\n  - name: a\n    trigger: assessment.invited\n    do: [{ set_tag: { status: \"{{assessment.title}} - Invited\" } }]\n",
        "tags: { status: [\"{{assessment.title}} - Invited\", \"{{assessment.title}} - Done\"] }\nrules:\n  - name: a\n    trigger: assessment.invited\n    do: [{ set_tag: { status: \"{{assessment.title}} - Invited\" } }]\n  - name: b\n    trigger: assessment.submitted\n    do: [{ set_tag: { status: \"{{assessment.title}} - Done\" } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    if view.tags.is_empty() {
        return;
    }
    let put: Vec<_> = view.rules.iter().flat_map(|rule| texts_put(rule)).collect();
    for (key, node) in view.tags {
        let members = members_of(node);
        let set: Vec<usize> = (0..members.len())
            .filter(|at| members.get(*at).is_some_and(|member| put.iter().any(|text| weigh::may_be(text, member))))
            .collect();
        let [only] = set.as_slice() else { continue };
        let (Some(member), Some(after)) = (members.get(*only), members.get(only + 1)) else { continue };
        if view.rules.iter().any(|rule| ends(rule, &key.text, member)) {
            continue;
        }
        let setter = view.rules.iter().find_map(|rule| {
            let at = rule.actions.iter().position(|action| sets(action, &key.text))?;
            Some((rule, view.deeds(rule).get(at).copied()?))
        });
        let Some((rule, deed)) = setter else { continue };
        let message = format!("`{member}` of the tag family `{}` is never left: no rule sets another of its tags", key.text);
        found.push(
            Diagnostic::warning("never-left", deed.span, message)
                .route(format!("{}.do", rule.route))
                .label(format!("the rule `{}` brings it about", rule.name))
                .also(key.span, format!("here `{after}` comes after it"))
                .help(format!("add a rule that sets `{after}`, or take it out of the family; if people put it, say so: `allow: {{ never-left: … }}`")),
        );
    }
}

fn sets(action: &Do, wanted: &str) -> bool {
    matches!(action.action.touch(), Touch::SetTag { family, .. } if family == wanted)
}

/// Whether a rule takes this tag off by itself.
fn ends(rule: &Rule, wanted: &str, member: &str) -> bool {
    let asides = rule.require.iter().flat_map(|require| &require.otherwise);
    rule.actions.iter().chain(asides).any(|action| match action.action.touch() {
        Touch::ClearTag { family } => family == wanted,
        Touch::RemoveTag { pattern } | Touch::RenameTag { from: pattern, .. } => weigh::may_read(pattern, member),
        _ => false,
    })
}
