//! Rules that never get their way: an earlier one fires whenever they do, and has set the tag family by then.
//!
//! Nothing is said where it is not certain: the earlier rule must fire for every event that the later one fires for, unconditionally as
//! far as its own part goes, with a text that is known to be a member. So this does not find every such pair.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::format::same;
use crate::lang::yaml::{Key, Kind, Node, parse_number};
use std::collections::HashMap;

/// Of rules that set one family under one trigger, as many earlier ones are held against a later one.
const MOST: usize = 32;

/// One `set_tag` of a rule.
struct Setting<'n> {
    rule: &'n Node,
    family: &'n Key,
    text: &'n Node,
}

/// A trigger as text with a family.
type Place<'n> = (String, &'n str);

/// Warns of every `set_tag` that an earlier rule always comes before.
pub(super) fn check(rules: &[(String, &Node)], found: &mut Diagnostics) {
    // For each trigger and family the rules that set it whatever the candidate, in the order in which they fire.
    let mut earlier: HashMap<Place<'_>, Vec<Setting<'_>>> = HashMap::new();
    for (_, rule) in rules {
        let triggers: Vec<String> =
            rule.get("trigger").map(Node::items_or_self).unwrap_or_default().iter().map(spelt).collect();
        for (family, text) in settings(rule) {
            let before = |trigger: &String| {
                let known = earlier.get(&(trigger.clone(), family.text.as_str()))?;
                known.iter().find(|known| comes_before(known.rule, rule) && !same(known.text, text))
            };
            // Each of its triggers must be one of the earlier rule's.
            let first: Vec<&Setting<'_>> = triggers.iter().filter_map(before).collect();
            if first.len() == triggers.len()
                && let Some(first) = first.first()
            {
                found.push(told(rule, family, first));
            }
        }
        if ["for_each", "find", "require"].iter().any(|key| rule.get(key).is_some()) {
            continue;
        }
        for (family, text) in own_settings(rule).filter(|(_, text)| is_certain(text)) {
            for trigger in &triggers {
                let known = earlier.entry((trigger.clone(), family.text.as_str())).or_default();
                if known.len() < MOST {
                    known.push(Setting { rule, family, text });
                }
            }
        }
    }
}

fn told(rule: &Node, family: &Key, first: &Setting<'_>) -> Diagnostic {
    let (name, earlier) = (name(rule), name(first.rule));
    let message =
        format!("rule `{name}` never sets `{}`: whenever it fires, `{earlier}` fires before it and has set it", family.text);
    Diagnostic::warning("shadowed", family.span, message)
        .also(first.family.span, "the first one wins")
        .help(format!("put `{name}` above `{earlier}`, or let the `when` of `{earlier}` leave out what `{name}` is for"))
}

fn name(rule: &Node) -> &str {
    rule.get("name").and_then(Node::scalar).unwrap_or_default().trim()
}

/// Every `set_tag` of a rule, wherever it stands.
fn settings(rule: &Node) -> Vec<(&Key, &Node)> {
    let mut out: Vec<(&Key, &Node)> = own_settings(rule).collect();
    for item in rule.get("require").map(Node::items_or_self).unwrap_or_default() {
        out.extend(item.get("else").map(Node::items_or_self).unwrap_or_default().iter().flat_map(set_tags));
    }
    out
}

/// The ones under `do`.
fn own_settings(rule: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    rule.get("do").map(Node::items_or_self).unwrap_or_default().iter().flat_map(set_tags)
}

fn set_tags(action: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    action.get("set_tag").map(entries).unwrap_or_default().iter().map(|(family, text)| (family, text))
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Scalar { .. } | Kind::Seq(_) | Kind::Faulty => &[],
    }
}

/// Whether a text is what it is once its names are filled in: blocks and helpers decide later.
fn is_certain(text: &Node) -> bool {
    let plain = |tag: &str| tag.trim().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    text.scalar().is_some_and(|text| text.split("{{").skip(1).all(|rest| plain(rest.split("}}").next().unwrap_or_default())))
}

/// Whether the one rule fires whenever the other does, for an event of a trigger that both have.
fn comes_before(earlier: &Node, later: &Node) -> bool {
    let accepted = |rule: &Node| -> Vec<String> {
        rule.get("accept").map(Node::items_or_self).unwrap_or_default().iter().map(spelt).collect()
    };
    let wide = accepted(earlier);
    let conditions = |rule| Node::get(rule, "when").map(entries).unwrap_or_default();
    accepted(later).iter().all(|word| wide.contains(word))
        && conditions(earlier).iter().all(|(key, wanted)| {
            conditions(later).iter().any(|(other, given)| other.text == key.text && implies(given, wanted))
        })
}

/// Whether what the one condition on a field lets pass, the other lets pass too.
fn implies(narrow: &Node, wide: &Node) -> bool {
    if same(narrow, wide) {
        return true;
    }
    let listed = wide.get("in").filter(|_| entries(wide).len() == 1).filter(|list| matches!(list.kind, Kind::Seq(_)));
    if let Some(list) = listed {
        let known = |node: &Node| list.items_or_self().iter().any(|item| same(item, node));
        return match narrow.get("in").filter(|_| entries(narrow).len() == 1) {
            Some(few) => matches!(few.kind, Kind::Seq(_)) && few.items_or_self().iter().all(known),
            None => narrow.scalar().is_some() && known(narrow),
        };
    }
    // Every bound of the wide one must be met by one of the narrow one on the same side.
    let bounds = entries(wide);
    !bounds.is_empty()
        && bounds.iter().all(|(word, bound)| {
            entries(narrow).iter().any(|(other, value)| {
                let (Some(bound), Some(value)) = (number(bound), number(value)) else { return false };
                match (word.text.as_str(), other.text.as_str()) {
                    ("gte", "gte" | "gt") | ("gt", "gt") => value >= bound,
                    ("gt", "gte") => value > bound,
                    ("lte", "lte" | "lt") | ("lt", "lt") => value <= bound,
                    ("lt", "lte") => value < bound,
                    _ => false,
                }
            })
        })
}

fn number(node: &Node) -> Option<f64> {
    node.scalar().and_then(parse_number)
}

/// A node as one text, so that equal ones are equal texts.
fn spelt(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, .. } => text.clone(),
        Kind::Seq(items) => format!("[{}]", items.iter().map(spelt).collect::<Vec<_>>().join(",")),
        Kind::Map(entries) => {
            let mut all: Vec<String> = entries.iter().map(|(key, value)| format!("{}:{}", key.text, spelt(value))).collect();
            all.sort_unstable();
            format!("{{{}}}", all.join(","))
        }
        Kind::Faulty => String::new(),
    }
}
