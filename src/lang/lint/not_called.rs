//! A rule that waits for what becomes of a call that no rule makes.

use super::Lint;
use super::view::View;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::Rule;
use crate::lang::yaml::{Key, Kind, Node};
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    entry: (
        "not-called",
        "The rule waits for what becomes of a call, and no rule of the pack makes that call: it can never fire.",
        "rules:\n  - name: a\n    trigger: { failed: remind }\n    do: [{ alert: No reminder was sent }]\n",
        "rules:\n  - name: a\n    trigger: { failed: remind }\n    do: [{ alert: No reminder was sent }]\n  - name: b\n    trigger: { after: 1d, of: assessment.invited }\n    do: [{ call: { operation: remind } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let nodes = || view.rules.iter().filter_map(|rule| Some((&**rule, view.node(rule)?)));
    let waits: Vec<(&Rule, &Key, &Node)> =
        nodes().flat_map(|(rule, node)| waits(node).map(move |(key, what)| (rule, key, what))).collect();
    if waits.is_empty() {
        return;
    }
    let called: BTreeSet<&str> = nodes().flat_map(|(_, node)| called(node)).collect();
    for (rule, key, node) in waits {
        let Some(operation) = node.scalar().map(str::trim).filter(|operation| !called.contains(operation)) else { continue };
        let message = format!("`{}` waits for `{operation}`, and no rule calls it", rule.name);
        let known: Vec<String> = called.iter().map(|name| format!("`{name}`")).collect();
        let fault = Diagnostic::warning("not-called", node.span, message).route(format!("{}.trigger", rule.route));
        let fault = fault.suggest_near(node.span, operation, called.iter().copied());
        found.push(if known.is_empty() {
            fault.help(format!("call it: `call: {{ operation: {operation} }}`, or leave out `{}`", key.text))
        } else {
            fault.or_help(format!("rules call {}", known.join(", ")))
        });
    }
}

/// What a rule waits for: itself, or what its timers count from.
fn waits(rule: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    let triggers = rule.get("trigger").map(Node::items_or_self).unwrap_or_default();
    let all = triggers.iter().flat_map(|trigger| [Some(trigger), trigger.get("of")]).flatten();
    let calls = all.flat_map(fields).filter(|(key, _)| matches!(key.text.as_str(), "done" | "failed"));
    calls.map(|(key, node)| (key, node))
}

/// The operations that a rule calls, wherever it does.
fn called(rule: &Node) -> Vec<&str> {
    let specs = ["for_each", "find"].into_iter().filter_map(|part| rule.get(part)).flat_map(fields).map(|(_, spec)| spec);
    let guards = rule.get("require").map(Node::items_or_self).unwrap_or_default();
    let lists = std::iter::once(rule.get("do")).chain(specs.chain(guards).map(|part| part.get("else")));
    let actions = lists.flatten().flat_map(Node::items_or_self);
    let calls = actions.filter_map(|action| action.get("call"));
    calls.filter_map(|call| call.get("operation").unwrap_or(call).scalar()).map(str::trim).collect()
}

fn fields(node: &Node) -> &[(Key, Node)] {
    if let Kind::Map(entries) = &node.kind { entries } else { &[] }
}
