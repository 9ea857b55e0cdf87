//! What leads to what: stages, tags, events, rules, and the automations that Lever is said to have.
//!
//! [`graph`] follows what an account's rules do into what they and Lever react to, [`loops`] finds where that comes back to itself,
//! [`told`] says so. [`map`] is the same for the eye: what is drawn of a pack, and [`svg`] draws it. [`weigh`] decides how much of a
//! condition is known. It knows no facts of an opportunity: what may be so counts as so.

mod cycle;
mod graph;
mod loops;
pub mod map;
pub mod svg;
mod told;
pub(crate) mod weigh;

pub use graph::{Graph, Node};
pub use loops::Loop;

use super::config::{Automation, Spot};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::ruleset::RuleSet;
use super::source::Span;
use crate::model::{AccountCatalogue, AccountId, Kind};
use std::sync::Arc;

/// An automation with its stages found in the account's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub when: Place,
    pub then: Place,
    pub span: Span,
}

/// A stage or a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// By id, and its name.
    Stage(String, String),
    Tag(String),
}

/// Finds what an account's automations name. What is not in the catalogue is told.
pub fn known(
    account: &AccountId,
    automations: &[Automation],
    catalogue: &AccountCatalogue,
    found: &mut Diagnostics,
) -> Vec<Known> {
    let mut place = |spot: &Spot| match spot {
        Spot::Tag(tag) => Some(Place::Tag(tag.text.clone())),
        Spot::Stage(stage) => {
            let named = catalogue.find(Kind::Stage, None, &stage.text);
            if named.is_none() {
                let names: Vec<&str> = catalogue.stages.iter().map(|entry| entry.name.as_str()).collect();
                let message = format!("`{account}` has no stage `{}`", stage.text);
                found.push(
                    Diagnostic::error("not-in-catalogue", stage.span, message)
                        .suggest_near(stage.span, &stage.text, names.iter().copied())
                        .or_help(format!("its stages are {}; `leverd pull {account}` asks Lever again", ticked(&names))),
                );
            }
            named.map(|named| Place::Stage(named.id, named.name))
        }
    };
    let all = automations.iter().map(|automation| (place(&automation.when), place(&automation.then), automation.span));
    all.filter_map(|(when, then, span)| Some(Known { when: when?, then: then?, span })).collect()
}

/// Tells where an account's rules and automations lead in circles.
pub fn check(sets: &[Arc<RuleSet>], automations: &[Known], found: &mut Diagnostics) {
    let graph = Graph::of(sets, automations);
    let loops = loops::loops(&graph);
    found.extend(loops.iter().filter(|one| !told::meant(&graph, one)).filter_map(|one| told::tell(&graph, one)));
}

fn ticked(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
