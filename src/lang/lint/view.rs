//! What a check sees: compiled rules beside the text they came from.

use crate::lang::route::locate;
use crate::lang::rule::{Rule, Trigger};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind, Node};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A pack that compiled, and its trees.
pub(crate) struct Written<'a> {
    pub(crate) rules: &'a [Arc<Rule>],
    /// The entries under `tags`, in file order.
    pub(crate) tags: &'a [&'a (Key, Node)],
    /// Every rule by its route.
    pub(crate) nodes: &'a [(String, &'a Node)],
}

/// The same, so that a rule's tree is found at once.
pub(super) struct View<'a> {
    pub(super) rules: &'a [Arc<Rule>],
    pub(super) tags: &'a [&'a (Key, Node)],
    nodes: HashMap<&'a str, &'a Node>,
}

/// One action as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed<'a> {
    pub(super) verb: &'a str,
    /// Where the verb stands.
    pub(super) span: Span,
    pub(super) value: &'a Node,
}

impl<'a> View<'a> {
    pub(super) fn new(written: &Written<'a>) -> Self {
        let nodes = written.nodes.iter().map(|(route, node)| (route.as_str(), *node)).collect();
        Self { rules: written.rules, tags: written.tags, nodes }
    }

    /// The tree of a rule.
    pub(super) fn node(&self, rule: &Rule) -> Option<&'a Node> {
        self.nodes.get(rule.route.as_str()).copied()
    }

    /// Where the rule's name stands.
    pub(super) fn name(&self, rule: &Rule) -> Option<Span> {
        Some(self.node(rule)?.get("name")?.span)
    }

    /// Where a part of a rule stands: the key that its route ends with, or the item.
    pub(super) fn place(&self, rule: &Rule, route: &str) -> Option<Span> {
        let node = self.node(rule)?;
        let rest = route.strip_prefix(rule.route.as_str())?;
        Some(locate(node, rest).unwrap_or(node.get("name")?.span))
    }

    /// The actions under the rule's `do`.
    pub(super) fn deeds(&self, rule: &Rule) -> Vec<Deed<'a>> {
        let items = match self.node(rule).and_then(|node| node.get("do")).map(|node| &node.kind) {
            Some(Kind::Seq(items)) => items.as_slice(),
            _ => &[],
        };
        let verb = |item: &'a Node| match &item.kind {
            Kind::Map(entries) => entries.iter().find(|(key, _)| key.text != "optional"),
            _ => None,
        };
        items.iter().filter_map(verb).map(|(key, value)| Deed { verb: &key.text, span: key.span, value }).collect()
    }

    /// Rules in groups that listen to the same event; a rule with several triggers is in several.
    pub(super) fn by_trigger(&self) -> BTreeMap<String, Vec<&'a Arc<Rule>>> {
        let mut groups: BTreeMap<String, Vec<&'a Arc<Rule>>> = BTreeMap::new();
        for rule in self.rules {
            for trigger in &rule.triggers {
                let group = groups.entry(trigger_key(trigger)).or_default();
                if !group.iter().any(|known| Arc::ptr_eq(known, rule)) {
                    group.push(rule);
                }
            }
        }
        groups
    }
}

/// The same for triggers that mean the same.
pub(super) fn trigger_key(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Event(kind) => kind.written(),
        other => format!("{other:?}"),
    }
}

/// A tree as one line without places, names and what was allowed: equal for rules that do the same.
pub(super) fn plain(node: &Node, without: &[&str], out: &mut String) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            out.push('"');
            out.push_str(text.trim());
            out.push('"');
        }
        Kind::Seq(items) => {
            out.push('[');
            for item in items {
                plain(item, &[], out);
                out.push(',');
            }
            out.push(']');
        }
        Kind::Map(entries) => {
            out.push('{');
            let mut entries: Vec<_> = entries.iter().filter(|(key, _)| !without.contains(&key.text.as_str())).collect();
            entries.sort_by(|(one, _), (other, _)| one.text.cmp(&other.text));
            for (key, value) in entries {
                out.push_str(&key.text);
                out.push(':');
                plain(value, &[], out);
                out.push(',');
            }
            out.push('}');
        }
        Kind::Faulty => {}
    }
}
