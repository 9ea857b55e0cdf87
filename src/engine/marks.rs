//! What every part of a rule came to, true ones too: for whoever looks at a run on the rule's own text.
//!
//! A plan says only why a rule did not fire. Here the rule is walked again on the same facts, with each test and each look-up noted.

use super::condition::{matches, place_name, wanted};
use super::rows::Row;
use super::scope::Scope;
use crate::lang::rule::Cond;

/// The most rows that are told of one look-up.
const SHOWN: usize = 10;

/// What one part came to, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub route: String,
    pub told: Told,
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A test. `None`: the run did not record what it needs.
    Test { holds: Option<bool>, field: String, wanted: String, saw: Option<String> },
    /// A look-up, with the rows that it found.
    Rows { name: String, rows: Vec<String>, more: usize },
}

/// Notes every test of a condition, whether or not it decided anything.
pub(super) fn tests(scope: &Scope<'_>, cond: &Cond, negated: bool, out: &mut Vec<Mark>) {
    match cond {
        Cond::All(conds) | Cond::Any(conds) => conds.iter().for_each(|cond| tests(scope, cond, negated, out)),
        Cond::Not(inner) => tests(scope, inner, !negated, out),
        Cond::Test { place, matcher, route } => {
            let value = scope.look(place, None);
            let known = value.is_ok();
            let value = value.ok().flatten();
            let holds =
                matches(scope, matcher, value.as_deref(), None).ok().filter(|_| known).map(|came| came.holds() != negated);
            let asked = wanted(scope, matcher, None);
            let wanted = if negated { format!("not {asked}") } else { asked };
            let told = Told::Test { holds, field: place_name(place), wanted, saw: value.map(|value| value.to_string()) };
            note(out, Mark { route: route.clone(), told });
        }
    }
}

/// Notes what a look-up found.
pub(super) fn rows(route: &str, name: &str, found: &[Row<'_>], out: &mut Vec<Mark>) {
    let rows = found.iter().take(SHOWN).map(|row| row.choice().label).collect();
    let told = Told::Rows { name: name.to_owned(), rows, more: found.len().saturating_sub(SHOWN) };
    note(out, Mark { route: route.to_owned(), told });
}

/// Each row walks the same parts: the same thing is said once.
fn note(out: &mut Vec<Mark>, mark: Mark) {
    if !out.contains(&mark) {
        out.push(mark);
    }
}
