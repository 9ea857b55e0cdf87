//! What is known at one place of a rule that is just being written: as much as the rest of it tells. For editors.
//!
//! The checks are those of the compiler, whose faults nobody hears: what cannot be made sense of is left out, and the rest stays.

use super::check::Check;
use super::declare::family_names;
use super::rule::Subject;
use super::spec::Role;
use super::{Diagnostics, ask};
use crate::lang::adapter::Adapter;
use crate::lang::rule::Trigger;
use crate::lang::scope::{Declared, Known, Scope, Shape};
use crate::lang::yaml::{Key, Kind, Node};
use crate::model::EventKind;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A place inside a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place<'n> {
    /// The key of the rule that it is under.
    pub(crate) section: &'n str,
    /// Under `for_each`, `find` and `require`: below which entry.
    pub(crate) entry: usize,
    /// The source of rows whose `where`, `take` or `only` it is in.
    pub(crate) spec: Option<&'n Node>,
}

/// What these rule files declare, as far as it makes sense.
pub(crate) fn declared(roots: &[&Node], adapter: Option<&Arc<Adapter>>) -> Declared {
    let mut declared = Declared::default();
    declared.adapter = adapter.cloned();
    let (mut found, mut mentions) = (Diagnostics::new(), Vec::new());
    let section = |name: &str| -> Vec<&(Key, Node)> { roots.iter().flat_map(|root| entries(root.get(name))).collect() };
    for (key, node) in section("settings") {
        if let Some(setting) = Check::new(&declared, &mut found, &mut mentions).setting(key, node) {
            declared.settings.insert(key.text.clone(), setting);
        }
    }
    for (key, node) in section("bands") {
        if let Some((_, shape)) = Check::new(&declared, &mut found, &mut mentions).band(key, node) {
            declared.bands.insert(key.text.clone(), shape);
        }
    }
    for (key, node) in section("tags") {
        let family = Check::new(&declared, &mut found, &mut mentions).family(key, node);
        declared.families.insert(key.text.clone(), family.map(|(_, shape)| shape).unwrap_or_default());
    }
    let rules: Vec<(String, &Node)> =
        roots.iter().flat_map(|root| items(root.get("rules"))).map(|rule| (String::new(), rule)).collect();
    ask::find(&mut declared, &rules);
    declared
}

fn entries(node: Option<&Node>) -> &[(Key, Node)] {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries,
        _ => &[],
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}

/// The names outside of rules: settings alone, or for a family what its members may read.
pub(crate) fn outside<'d>(declared: &'d Declared, section: &str) -> Scope<'d> {
    match section {
        "tags" => Scope::of(declared, Rc::new(family_names())),
        _ => Scope::new(declared, &[]),
    }
}

/// Every name of the vocabulary, where nothing tells which trigger fires.
pub(crate) fn anything(declared: &Declared) -> Scope<'_> {
    let facts: BTreeMap<_, _> = declared.everywhere().iter().map(|(name, (field, _))| (name.clone(), field.clone())).collect();
    Scope::of(declared, Rc::new(Known { kinds: Vec::new(), facts }))
}

/// The kinds of events that make a rule fire, those of its triggers that make sense.
pub(crate) fn kinds(declared: &Declared, rule: &Node) -> (Vec<Trigger>, Vec<EventKind>) {
    let (mut found, mut mentions) = (Diagnostics::new(), Vec::new());
    let mut check = Check::new(declared, &mut found, &mut mentions);
    let (mut triggers, mut kinds) = (Vec::new(), Vec::new());
    for item in rule.get("trigger").map(Node::items_or_self).unwrap_or_default() {
        if let Some((trigger, kind)) = check.trigger(item, "") {
            triggers.push(trigger);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    (triggers, kinds)
}

/// The names that a place in a rule may read.
pub(crate) fn inside<'d>(declared: &'d Declared, rule: &Node, place: Place<'_>) -> Scope<'d> {
    if matches!(place.section, "trigger" | "name" | "was" | "accept" | "settle" | "allow") {
        return Scope::new(declared, &[]);
    }
    let (triggers, kinds) = kinds(declared, rule);
    let mut scope = if kinds.is_empty() { anything(declared) } else { Scope::new(declared, &kinds) };
    let (mut found, mut mentions) = (Diagnostics::new(), Vec::new());
    let mut check = Check::new(declared, &mut found, &mut mentions);
    let subject = Subject::of(&kinds, declared.adapter.as_deref());
    scope.vars.extend(check.answer(&triggers).map(|shape| ("answer".to_owned(), shape)));
    scope.vars.extend(Check::holes(&triggers).into_iter().map(|hole| (hole.name, declared.shape(hole.ty))));
    if let Some(when) = rule.get("when").filter(|_| place.section != "when") {
        check.cond(&mut scope, when, "");
    }
    for (section, role) in [("for_each", Role::ForEach), ("find", Role::Find)] {
        if place.section == "when" {
            break;
        }
        if let Some(node) = rule.get(section) {
            let here = place.section == section;
            let before = if here { place.entry } else { usize::MAX };
            let known = entries(Some(node)).iter().take(before).cloned().collect();
            let known = Node::part(node.span, Kind::Map(known));
            check.variables(&mut scope, &known, role, "", &subject);
        }
        if place.section == section {
            break;
        }
    }
    if matches!(place.section, "require" | "do") {
        let before = if place.section == "require" { place.entry } else { usize::MAX };
        for guard in items(rule.get("require")).iter().take(before) {
            let tests: Vec<&(Key, Node)> = entries(Some(guard)).iter().filter(|(key, _)| key.text != "else").collect();
            check.cond_of(&mut scope, &tests, "");
        }
    }
    if let Some(spec) = place.spec {
        scope.row = row(&mut check, &mut scope, spec, &subject);
    }
    scope
}

/// The row that the `where` of a source sees.
fn row(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, spec: &Node, subject: &Subject) -> Option<Shape> {
    let of = ["in", "first_of", "like", "default"];
    let source = entries(Some(spec)).iter().filter(|(key, _)| of.contains(&key.text.as_str())).cloned().collect();
    let source = Node::part(spec.span, Kind::Map(source));
    check.rows(scope, &source, "", subject).map(|rows| rows.shape)
}
