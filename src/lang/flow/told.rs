//! A loop in words, with each rule and automation of it marked.

use super::graph::{Graph, Node};
use super::{Loop, Place};
use crate::lang::action::Touch;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::lint::loops::{listens, written};
use crate::lang::rule::Rule;
use crate::lang::source::Span;

/// Nothing for a loop that no rule and no automation is part of: there is none.
pub(super) fn tell(graph: &Graph<'_>, found: &Loop) -> Option<Diagnostic> {
    let steps = &found.0;
    let words: Vec<String> = steps.iter().chain(steps.first()).map(|node| word(graph, *node)).collect();
    let later = steps.iter().any(|node| matches!(graph.nodes.get(*node), Some(Node::Rule { later: true, .. })));
    let message = format!("this goes round without end: {}", words.join(" → "));
    let mut marks: Vec<(Span, String, bool)> = Vec::new();
    for (at, node) in steps.iter().enumerate() {
        let (by, leads) = (words.get((at + steps.len() - 1) % steps.len()), words.get(at + 1));
        let (Some(by), Some(leads), Some((span, rule))) = (by, leads, place(graph, *node)) else { continue };
        marks.push((span, format!("{by} leads to {leads}"), rule));
    }
    // What an author can change first: a rule.
    let first = marks.iter().position(|(.., rule)| *rule).unwrap_or(0);
    marks.rotate_left(first);
    let mut marks = marks.into_iter();
    let (span, label, rule) = marks.next()?;
    let mut told = Diagnostic::warning("account-loop", span, message).label(label);
    for (span, label, _) in marks {
        told = told.also(span, label);
    }
    Some(told.help(match (rule, later) {
        (false, _) => "no rule takes part: change one of the automations in Lever, then here",
        (true, true) => "let it come to an end: a tag that the rule puts and its `when` excludes, or a count such as `assessment.reminders`",
        (true, false) => {
            "let it come to an end: a tag that one of the rules puts and its own `when` excludes; at run time leverd stops it after ten \
             rounds within an hour, and asks a person"
        }
    }))
}

/// Whether one of its rules says that the loop is meant, or the pack's own check tells of it already, without an account.
pub(super) fn meant(graph: &Graph<'_>, found: &Loop) -> bool {
    let rules: Vec<(usize, &Rule, bool)> = found
        .0
        .iter()
        .filter_map(|node| match graph.nodes.get(*node)? {
            Node::Rule { set, rule, later, .. } => Some((*set, graph.rule(*set, *rule)?, *later)),
            _ => None,
        })
        .collect();
    if rules.iter().any(|(_, rule, _)| rule.allowed.contains("account-loop") || rule.allowed.contains("loop")) {
        return true;
    }
    let moves_only = found
        .0
        .iter()
        .all(|node| matches!(graph.nodes.get(*node), Some(Node::Entered { own: true, .. } | Node::Rule { later: false, .. })));
    let onward = rules.iter().cycle().skip(1);
    moves_only && rules.iter().zip(onward).all(|((set, one, _), (other_set, other, _))| set == other_set && seen(one, other))
}

/// Whether a move of the one rule is what the other listens to, by the words of the file.
fn seen(one: &Rule, other: &Rule) -> bool {
    let stages = other.when.as_ref().and_then(listens);
    one.actions.iter().any(|action| match action.action.touch() {
        Touch::Move { to, .. } => written(to).is_some_and(|to| stages.as_ref().is_none_or(|stages| stages.contains(&to))),
        _ => false,
    })
}

fn place(graph: &Graph<'_>, node: usize) -> Option<(Span, bool)> {
    match graph.nodes.get(node)? {
        Node::Rule { set, rule, .. } => Some((graph.rule(*set, *rule)?.span, true)),
        Node::Automation(at) => Some((graph.automations.get(*at)?.span, false)),
        Node::Entered { .. } | Node::Tagged { .. } | Node::Happened { .. } => None,
    }
}

fn word(graph: &Graph<'_>, node: usize) -> String {
    match graph.nodes.get(node) {
        Some(Node::Entered { stage, .. }) => format!("stage `{}`", stage.name),
        Some(Node::Tagged { tag, .. }) => format!("tag `{tag}`"),
        Some(Node::Happened { kind, .. }) => format!("`{}`", kind.written()),
        Some(Node::Rule { set, rule, later, .. }) => {
            let name = graph.rule(*set, *rule).map(|rule| rule.name.to_string()).unwrap_or_default();
            format!("{}rule `{name}`", if *later { "later " } else { "" })
        }
        Some(Node::Automation(at)) => {
            let place = graph.automations.get(*at).map(|automation| match &automation.when {
                Place::Stage(_, name) => format!("on stage `{name}`"),
                Place::Tag(tag) => format!("on tag `{tag}`"),
            });
            format!("Lever’s automation {}", place.unwrap_or_default())
        }
        None => String::new(),
    }
}
