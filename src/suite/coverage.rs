//! What rule tests reached: which rules fired, under which of their triggers, and where each of their conditions was false once.
//!
//! A *branch* is: a rule firing under one of its triggers; a condition of `when` that was the first false one; a guard of `require` that
//! was false; a source of `for_each` in which nothing fitted. Conditions below `any` and `not` count as the one that they stand in. It
//! knows no files: places are routes.

use super::Case;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File};
use crate::lang::rule::{Cond, Pack, Rule};
use crate::lang::source::Sources;
use crate::model::{EventKind, PackName, RuleName, Said, Step};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the events of a test came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// Rules that fired, and the kind of event.
    fired: BTreeSet<(RuleName, String)>,
    /// Rules that did not, and where.
    ended: BTreeSet<(RuleName, String)>,
}

impl Reached {
    /// Takes note of a step under an event of this kind.
    pub(super) fn note(&mut self, kind: &EventKind, step: &Step) {
        let Some(rule) = &step.rule else { return };
        match step.said {
            Said::Fired { .. } => drop(self.fired.insert((rule.clone(), kind.written()))),
            Said::False { .. } | Said::NoRows { .. } => drop(self.ended.insert((rule.clone(), step.route.clone()))),
            _ => {}
        }
    }

    /// The same with what another test reached.
    pub fn add(&mut self, other: &Self) {
        self.fired.extend(other.fired.iter().cloned());
        self.ended.extend(other.ended.iter().cloned());
    }
}

/// One branch and whether a test reached it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Branch {
    pub rule: String,
    /// Where it stands.
    pub route: String,
    /// What no test shows, as a sentence: `never fired`.
    pub what: String,
    pub reached: bool,
}

/// What the tests among a pack's files reach of its rules, and how the tests end; nothing if the pack does not compile.
pub fn covered(files: &[File]) -> Option<(Vec<Branch>, Vec<Case>)> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = Arc::new(load::load(&PackName::new("pack"), files, &mut sources, &mut found)?);
    let (mut reached, mut cases) = (Reached::default(), Vec::new());
    for suite in super::tests_of(&pack, files, &mut sources, &mut found) {
        cases.extend(super::run(&suite));
    }
    for case in &cases {
        reached.add(&case.reached);
    }
    Some((branches(&pack, &reached), cases))
}

/// Every branch of a pack's rules.
pub fn branches(pack: &Pack, reached: &Reached) -> Vec<Branch> {
    pack.rules.iter().flat_map(|rule| of(rule, reached)).collect()
}

fn of(rule: &Rule, reached: &Reached) -> Vec<Branch> {
    let mut all = Vec::new();
    let branch = |route: String, what: String, reached| Branch { rule: rule.name.to_string(), route, what, reached };
    let fired = |kind: &str| reached.fired.iter().any(|(name, under)| *name == rule.name && under == kind);
    let any = reached.fired.iter().any(|(name, _)| *name == rule.name);
    let kinds: Vec<String> = rule.triggers.iter().map(|trigger| trigger.kind().written()).collect();
    if any && kinds.len() > 1 {
        for kind in kinds {
            all.push(branch(format!("{}.trigger", rule.route), format!("never fired under `{kind}`"), fired(&kind)));
        }
    } else {
        all.push(branch(format!("{}.name", rule.route), "never fired".to_owned(), any));
    }
    let ended = |below: &str| {
        let here = |route: &str| route.strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        reached.ended.iter().any(|(name, route)| *name == rule.name && here(route))
    };
    let mut routes = Vec::new();
    if let Some(when) = &rule.when {
        tests(when, &mut routes);
    }
    for route in routes {
        let reached = ended(&route);
        let field = route.strip_prefix(&format!("{}.when.", rule.route)).unwrap_or(&route).to_owned();
        all.push(branch(route, format!("`{field}` was never false"), reached));
    }
    for guard in &rule.require {
        all.push(branch(guard.route.clone(), "this guard was never false".to_owned(), ended(&guard.route)));
    }
    for (name, spec) in &rule.for_each {
        all.push(branch(spec.route.clone(), format!("`{name}` always had a row"), ended(&spec.route)));
    }
    all
}

/// The conditions that must all hold.
fn tests(cond: &Cond, routes: &mut Vec<String>) {
    match cond {
        Cond::All(all) => all.iter().for_each(|one| tests(one, routes)),
        Cond::Test { route, .. } => routes.push(route.clone()),
        // Told by its first test, which stands furthest out.
        Cond::Any(_) | Cond::Not(_) => routes.extend(first(cond)),
    }
}

/// The address of the `any` or `not` that a condition stands in.
fn first(cond: &Cond) -> Option<String> {
    match cond {
        Cond::Test { route, .. } => {
            let at = [route.rfind(".any"), route.rfind(".not")].into_iter().flatten().min()?;
            route.get(..at + ".any".len()).map(str::to_owned)
        }
        Cond::All(all) | Cond::Any(all) => all.iter().find_map(first),
        Cond::Not(inner) => first(inner),
    }
}
