//! Ways that come back to where they began.
//!
//! A rule that shuts itself out is none: it puts a tag that nothing on the way takes off again and that its conditions exclude, or takes
//! one off that nothing puts back and that it asks for.

use super::graph::{self, Graph, Node};
use super::weigh::{self, Weight};
use super::{Place, cycle};
use crate::lang::action::Touch;
use crate::lang::rule::{Do, Family, Rule};
use crate::lang::ruleset::RuleSet;
use std::collections::BTreeSet;

/// One way round, by nodes of the graph; what happens first, then what it sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loop(pub Vec<usize>);

/// How many starts are tried for the shortest way round.
const MOST_STARTS: usize = 32;

/// One loop for each part of the graph that has any, the shortest of it.
pub(super) fn loops(graph: &Graph<'_>) -> Vec<Loop> {
    let mut cut = vec![false; graph.nodes.len()];
    loop {
        let parts = cycle::parts(&graph.next, &cut);
        let mut shut = Vec::new();
        for part in &parts {
            let beside = cycle::reached(&graph.next, part);
            shut.extend(part.iter().copied().filter(|node| shuts(graph, &beside, *node)));
        }
        if shut.is_empty() {
            return parts.iter().filter_map(|part| shortest(graph, part)).collect();
        }
        for node in shut {
            if let Some(slot) = cut.get_mut(node) {
                *slot = true;
            }
        }
    }
}

fn shortest(graph: &Graph<'_>, part: &[usize]) -> Option<Loop> {
    let causes =
        part.iter().filter(|node| !matches!(graph.nodes.get(**node), Some(Node::Rule { .. } | Node::Automation(_)) | None));
    let rounds = causes.take(MOST_STARTS).filter_map(|start| cycle::round(&graph.next, part, *start));
    rounds.min_by_key(Vec::len).map(Loop)
}

/// Whether the rule of this node cannot fire a second time, whatever fires on the way and beside it.
fn shuts(graph: &Graph<'_>, beside: &[usize], node: usize) -> bool {
    let Some(Node::Rule { set, rule: at, by, later }) = graph.nodes.get(node) else { return false };
    let (Some(set), Some(rule)) = (graph.sets.get(*set), graph.rule(*set, *at)) else { return false };
    let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
    for action in &rule.actions {
        match action.action.touch() {
            Touch::SetTag { text, .. } | Touch::AddTag { text } => on.extend(weigh::literal(text)),
            Touch::RenameTag { from, to } => {
                on.extend(weigh::literal(to));
                off.insert(from.source().trim().to_owned());
            }
            Touch::RemoveTag { pattern } => {
                off.insert(pattern.source().trim().to_owned());
            }
            _ => {}
        }
    }
    let there = !later && !rule.accept.moved_on;
    let never = |on: &BTreeSet<String>, off: &BTreeSet<String>| {
        let known = graph::known(set, graph.nodes.get(*by), there, (on, off));
        let never = |cond| known.weigh(cond) == Weight::Never;
        rule.when.as_ref().is_some_and(never) || rule.require.iter().any(|require| never(&require.cond))
    };
    // Most rules are not about their own tags: then nobody has to be asked what becomes of these.
    if (on.is_empty() && off.is_empty()) || !never(&on, &off) {
        return false;
    }
    on.retain(|tag| !beside.iter().any(|other| takes_off(graph, *other, tag)));
    off.retain(|tag| !on.contains(tag) && !beside.iter().any(|other| puts(graph, *other, tag)));
    never(&on, &off)
}

/// What the rule of a node does, if it is one.
fn deeds<'g>(graph: &'g Graph<'_>, node: usize) -> Option<(&'g RuleSet, &'g Rule)> {
    match graph.nodes.get(node)? {
        Node::Rule { set, rule, .. } => Some((graph.sets.get(*set)?, graph.rule(*set, *rule)?)),
        _ => None,
    }
}

fn all_of(rule: &Rule) -> impl Iterator<Item = &Do> {
    rule.actions.iter().chain(rule.require.iter().flat_map(|require| &require.otherwise))
}

fn takes_off(graph: &Graph<'_>, node: usize, tag: &str) -> bool {
    let Some((set, rule)) = deeds(graph, node) else { return false };
    let member =
        |family: Option<&Family>| family.is_some_and(|family| family.members.iter().any(|member| weigh::may_read(member, tag)));
    all_of(rule).any(|action| match action.action.touch() {
        Touch::SetTag { family, text } => weigh::literal(text).as_deref() != Some(tag) && member(set.pack.families.get(family)),
        Touch::ClearTag { family } => member(set.pack.families.get(family)),
        Touch::RemoveTag { pattern } | Touch::RenameTag { from: pattern, .. } => weigh::may_read(pattern, tag),
        _ => false,
    })
}

fn puts(graph: &Graph<'_>, node: usize, tag: &str) -> bool {
    if let Some(Node::Automation(at)) = graph.nodes.get(node) {
        return graph.automations.get(*at).is_some_and(|automation| automation.then == Place::Tag(tag.to_owned()));
    }
    let Some((_, rule)) = deeds(graph, node) else { return false };
    all_of(rule).any(|action| match action.action.touch() {
        Touch::SetTag { text, .. } | Touch::AddTag { text } | Touch::RenameTag { to: text, .. } => weigh::may_be(text, tag),
        _ => false,
    })
}
