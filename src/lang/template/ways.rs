//! Which way the blocks of a text go for given values: for whoever wants to know what tests reached.

use super::ast::{Name, Part, PathUse};
use super::render::{holds, member, root_value};
use super::{Lookup, Template};
use crate::lang::source::Span;
use crate::model::Value;
use std::collections::BTreeSet;

/// A block that asks something: `{{#if x}}` or `{{#unless x}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// As its author wrote it.
    pub written: String,
    /// Where what it asks about stands; this tells blocks apart.
    pub span: Span,
}

/// An item of a list that is walked, and where in the list it is.
#[derive(Clone, Copy)]
struct Item<'v> {
    value: &'v Value,
    at: usize,
    of: usize,
}

impl Template {
    /// The blocks that ask something, in the order in which they stand.
    pub fn blocks(&self) -> Vec<Block> {
        let mut found = Vec::new();
        blocks(&self.inner.parts, &mut found);
        found
    }

    /// What each block that is come to asked, and what the answer was. One inside a loop may have both.
    pub fn ways(&self, values: &dyn Lookup) -> BTreeSet<(Span, bool)> {
        let mut taken = BTreeSet::new();
        ways(&self.inner.parts, values, &[], &mut taken);
        taken
    }
}

fn blocks(parts: &[Part], found: &mut Vec<Block>) {
    for part in parts {
        match part {
            Part::Print(_) => {}
            Part::If { negated, path, then, otherwise } => {
                let word = if *negated { "unless" } else { "if" };
                let written = format!("{{{{#{word} {}{}}}}}", "../".repeat(path.up), path.name.as_str());
                found.push(Block { written, span: path.span });
                blocks(then, found);
                blocks(otherwise, found);
            }
            Part::Each { body, otherwise, .. } => {
                blocks(body, found);
                blocks(otherwise, found);
            }
        }
    }
}

fn ways(parts: &[Part], values: &dyn Lookup, items: &[Item<'_>], taken: &mut BTreeSet<(Span, bool)>) {
    for part in parts {
        match part {
            Part::Print(_) => {}
            Part::If { negated, path, then, otherwise } => {
                let yes = value(path, values, items).is_some_and(|value| holds(&value));
                taken.insert((path.span, yes));
                ways(if yes == *negated { otherwise } else { then }, values, items, taken);
            }
            Part::Each { path, body, otherwise } => {
                let list = value(path, values, items);
                let list = list.as_ref().map(Value::items).unwrap_or_default();
                if list.is_empty() {
                    ways(otherwise, values, items, taken);
                }
                for (at, item) in list.iter().enumerate() {
                    // A list of its own for what is inside: the item lives no longer than this round.
                    let here = Item { value: item, at, of: list.len() };
                    let inside: Vec<Item<'_>> = items.iter().copied().chain([here]).collect();
                    ways(body, values, &inside, taken);
                }
            }
        }
    }
}

/// The value of a name, from the item of a loop or from the root.
fn value(path: &PathUse, values: &dyn Lookup, items: &[Item<'_>]) -> Option<Value> {
    let here = items.len().checked_sub(path.up + 1).and_then(|at| items.get(at));
    match (here, &path.name) {
        (None, name) => root_value(values, name.as_str()),
        (Some(item), Name::Field(name)) => member(item.value, name),
        (Some(item), Name::This) => Some(item.value.clone()),
        (Some(item), Name::Index) => i64::try_from(item.at).ok().map(Value::Int),
        (Some(item), Name::First) => Some(Value::Bool(item.at == 0)),
        (Some(item), Name::Last) => Some(Value::Bool(item.at + 1 == item.of)),
    }
}
