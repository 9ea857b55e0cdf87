//! What is allowed, and hardly meant: checks over the rules of a whole pack that compiled.
//!
//! Each check is a file with its code, its explanation, a bad and a good example, and one line in [`LINTS`]. A check sees [`View`]: the
//! compiled rules, and where their parts stand. It only warns, and whoever means it says so in place: `allow: { CODE: REASON }`
//! ([`silence`]). No check compares every rule with every other: they are put into groups by what they listen to or write.

mod always_loses;
mod contradiction;
mod families_overlap;
mod family_by_hand;
mod idle_accept;
pub(crate) mod loops;
mod never_entered;
mod never_left;
mod not_called;
mod note_repeats;
mod same_rule;
mod satisfy;
pub(crate) mod silence;
mod undone;
mod view;

use super::diagnostic::Diagnostics;
use super::explain::Entry;
use view::View;

pub(crate) use view::Written;

/// One check.
pub(crate) struct Lint {
    /// Its code with the explanation, a bad and a good example.
    entry: Entry,
    check: fn(&View<'_>, &mut Diagnostics),
}

/// Every check, in the order in which they run.
static LINTS: &[&Lint] = &[
    &contradiction::LINT,
    &same_rule::LINT,
    &always_loses::LINT,
    &undone::LINT,
    &families_overlap::LINT,
    &family_by_hand::LINT,
    &note_repeats::LINT,
    &not_called::LINT,
    &idle_accept::LINT,
    &loops::LINT,
    &never_entered::LINT,
    &never_left::LINT,
];

/// What `leverd explain` says of them.
pub(crate) fn entries() -> impl Iterator<Item = &'static Entry> + Clone {
    LINTS.iter().map(|lint| &lint.entry).chain(silence::ENTRIES)
}

/// Runs every check.
pub(crate) fn run(written: &Written<'_>, found: &mut Diagnostics) {
    let view = View::new(written);
    for lint in LINTS {
        (lint.check)(&view, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::explain::check_rules;

    #[test]
    fn a_bad_example_shows_its_code_and_a_good_one_nothing() {
        for (code, _, bad, good) in super::entries() {
            let told: Vec<_> = check_rules(bad).iter().map(|found| found.code).collect();
            assert!(told.contains(code), "{code}: the bad example shows {told:?}");
            let told = check_rules(good);
            assert!(told.is_empty(), "{code}: the good example shows {told:?}");
        }
    }
    #[test]
    fn every_warning_can_be_silenced_in_its_rule() {
        let in_rules = super::LINTS.iter().map(|lint| &lint.entry).filter(|entry| entry.0 != "families-overlap");
        for (code, _, bad, _) in in_rules {
            let allow = format!("    allow: {{ {code}: it is meant }}\n    trigger:");
            let told: Vec<_> = check_rules(&bad.replace("    trigger:", &allow)).iter().map(|found| found.code).collect();
            assert!(!told.contains(code), "{code} cannot be silenced");
        }
    }
}
