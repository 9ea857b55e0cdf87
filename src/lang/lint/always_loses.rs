//! An effect that another rule always beats: of two rules that want different things for one slot the first wins.

use super::Lint;
use super::satisfy::{Asked, implies, ways};
use super::view::{Deed, View};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Cond, Rule};
use crate::lang::yaml::Kind;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static LINT: Lint = Lint {
    entry: (
        "always-loses",
        "Of two rules that want different things for one tag family, the first in the file wins. Here the first one \
         fires whenever the second one does, so what the second one wants never comes to be. Put the special case before the general \
         one, or give the general one a condition.",
        "tags: { status: [Good, Great] }\nrules:\n  - name: any score\n    trigger: assessment.scored\n    do: [{ set_tag: { status: Good } }]\n  - name: high score\n    trigger: assessment.scored\n    when: { result.percent: { gte: 90 } }\n    do: [{ set_tag: { status: Great } }]\n",
        "tags: { status: [Good, Great] }\nrules:\n  - name: high score\n    trigger: assessment.scored\n    when: { result.percent: { gte: 90 } }\n    do: [{ set_tag: { status: Great } }]\n  - name: any score\n    trigger: assessment.scored\n    do: [{ set_tag: { status: Good } }]\n",
    ),
    check,
};

/// What a deed writes to, of which there is one, and what it puts there.
fn slot(deed: &Deed<'_>) -> Option<(String, String)> {
    let value = |node: &crate::lang::yaml::Node| {
        let mut text = String::new();
        super::view::plain(node, &[], &mut text);
        text
    };
    match (deed.verb, &deed.value.kind) {
        ("set_tag", Kind::Map(entries)) => {
            let (family, member) = entries.first()?;
            Some((format!("the tag family `{}`", family.text), value(member)))
        }
        // A move that would lead backward is left, and then a later rule's move counts: nothing certain can be said of moves.
        _ => None,
    }
}

/// One deed on a slot.
struct Writer<'a> {
    rule: &'a Rule,
    deed: Deed<'a>,
    value: String,
    /// In which ways the rule may come to it; `None`: more than are looked at.
    ways: Option<Vec<Vec<Asked<'a>>>>,
}

/// A rule that asks more than this is no general one.
const GENERAL: usize = 2;
/// Each rule is held against so many general ones before it.
const MOST: usize = 32;

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let mut told = BTreeSet::new();
    for group in view.by_trigger().values() {
        // By slot, so that only rules that could meet are compared.
        let mut slots: BTreeMap<String, Vec<Writer<'_>>> = BTreeMap::new();
        for rule in group {
            for deed in view.deeds(rule) {
                if let Some((slot, value)) = slot(&deed) {
                    slots.entry(slot).or_default().push(Writer { rule, deed, value, ways: ways(conditions(rule)) });
                }
            }
        }
        for (slot, writers) in &slots {
            let mut general: Vec<&Writer<'_>> = Vec::new();
            for writer in writers {
                let beats = |first: &&&Writer<'_>| {
                    !std::ptr::eq(first.rule, writer.rule) && first.value != writer.value && always(first, writer)
                };
                if let Some(first) = general.iter().find(beats)
                    && told.insert((writer.rule.route.clone(), slot.clone()))
                {
                    found.push(tell(first, writer, slot));
                }
                if general.len() < MOST && is_general(writer) {
                    general.push(writer);
                }
            }
        }
    }
}

fn tell(first: &Writer<'_>, writer: &Writer<'_>, slot: &str) -> Diagnostic {
    let (beats, loses) = (&first.rule.name, &writer.rule.name);
    Diagnostic::warning("always-loses", writer.deed.span, format!("`{loses}` never gets what it wants for {slot}"))
        .label(format!("whenever this is wanted, `{beats}` fires as well and comes first"))
        .also(first.deed.span, format!("`{beats}` wants something else for {slot}"))
        .route(format!("{}.do", writer.rule.route))
        .help("put the special case before the general one, or give the general one a condition that leaves it out")
}

fn conditions(rule: &Rule) -> impl Iterator<Item = &Cond> {
    rule.when.iter().chain(rule.require.iter().map(|guard| &guard.cond))
}

/// Whether a rule acts on the event itself, not on rows, under a plain list of few tests, whatever else an account sets.
fn is_general(writer: &Writer<'_>) -> bool {
    let rule = writer.rule;
    let plain = rule.for_each.is_empty() && rule.find.is_empty() && rule.needs.is_empty();
    // Of several triggers one may lack what the condition reads.
    let certain = rule.triggers.len() == 1 || conditions(rule).next().is_none();
    plain && certain && matches!(writer.ways.as_deref(), Some([only]) if only.len() <= GENERAL)
}

/// Whether `first` acts whenever `second` does, under a trigger that both have.
fn always(first: &Writer<'_>, second: &Writer<'_>) -> bool {
    if first.rule.accept != second.rule.accept || !second.rule.for_each.is_empty() {
        return false;
    }
    let (Some([of_first]), Some(of_second)) = (first.ways.as_deref(), &second.ways) else { return false };
    of_first.iter().all(|asked| of_second.iter().all(|way| implies(way, *asked)))
}
