//! Where there is no store, the rule tests are the history: every event of the old side's tests, with what was known at it, through both
//! sides' rules.

use super::report::{Case, Report};
use super::side::Side;
use crate::engine::Program;
use crate::engine::compare::compare;
use crate::lang::config::PackSource;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File, Role};
use crate::lang::project::pack_name;
use crate::lang::rule::Pack;
use crate::lang::source::Sources;
use crate::model::AccountId;
use crate::suite::{self, Test};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Takes every event of the tests into the report.
pub(super) fn compare_on(old: &Side, new: &Side, report: &mut Report) {
    let account = AccountId::new("rule tests");
    for (source, pack, files) in old.packs() {
        let other = new.packs().find(|(other, _, _)| same(source, other));
        let Some((_, after, _)) = other else {
            report.unfit(format!("pack `{}` is in {} only: its tests are not compared", pack_name(source), old.name));
            continue;
        };
        for file in files.iter().filter(|(name, _)| load::role(name) == Role::Tests) {
            let (before, now) = (read(pack, file), read(after, file));
            for test in &before {
                let name = format!("test `{}` of `{}`", test.name, pack_name(source));
                let Some(twin) = now.iter().find(|twin| twin.name == test.name) else {
                    report.unfit(format!("{name} cannot be told by the rules of {}: `leverd test` says why", new.name));
                    continue;
                };
                let programs = (Program::new(vec![Arc::clone(&test.ruleset)]), Program::new(vec![Arc::clone(&twin.ruleset)]));
                for (event, facts) in suite::history(test) {
                    let known: BTreeSet<String> = facts.values.keys().cloned().collect();
                    let verdict = compare(&programs.0, &programs.1, &event, &facts, &known);
                    report.take(&Case { account: &account, event: &event, name: name.clone() }, verdict);
                }
            }
        }
    }
}

/// The same pack, though a folder may be written otherwise.
fn same(one: &PackSource, other: &PackSource) -> bool {
    one == other || pack_name(one) == pack_name(other)
}

/// The tests of a file for a pack; none where they do not fit it.
fn read(pack: &Arc<Pack>, (name, bytes): &File) -> Vec<Test> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(name, bytes, &mut found);
    let suite = id.and_then(|id| suite::read(&sources, id, pack, &mut found));
    suite.map(|suite| suite.tests).unwrap_or_default()
}
