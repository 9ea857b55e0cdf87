//! What rule tests reached: which rules fired, under which of their triggers, and where each of their conditions was false once.
//!
//! A *branch* is: a rule firing under one of its triggers; a condition of `when` that was the first false one; a guard of `require` that
//! was false; a source of `for_each` in which nothing fitted; an `{{#if}}` or `{{#unless}}` of a text with either answer; a step of a band
//! that a value came to. Conditions below `any` and `not` count as the one that they stand in.

use super::Case;
use crate::engine::Ways;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File};
use crate::lang::rule::{Cond, Pack, Rule};
use crate::lang::source::{Sources, Span};
use crate::lang::template::Block;
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
    /// Which way texts and bands went.
    ways: Ways,
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

    /// Takes note of which way texts and bands went.
    pub(super) fn went(&mut self, ways: &Ways) {
        self.ways.add(ways);
    }

    /// The same with what another test reached.
    pub fn add(&mut self, other: &Self) {
        self.fired.extend(other.fired.iter().cloned());
        self.ended.extend(other.ended.iter().cloned());
        self.ways.add(&other.ways);
    }
}

/// What a branch is a part of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Rule(String),
    Band(String),
}

impl std::fmt::Display for Of {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule(name) => write!(f, "rule `{name}`"),
            Self::Band(name) => write!(f, "band `{name}`"),
        }
    }
}

/// One branch and whether a test reached it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Branch {
    #[serde(flatten)]
    pub of: Of,
    /// Where it stands: a part of a rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub route: String,
    /// Where it stands, if that is known better: the file, and the line from 1.
    #[serde(skip)]
    pub place: Option<(String, usize)>,
    /// What no test shows, as a sentence: `never fired`.
    pub what: String,
    pub reached: bool,
}

/// What the tests among a pack's files reach of it, and how the tests end; nothing if the pack does not compile.
pub fn covered(files: &[File]) -> Option<(Vec<Branch>, Vec<Case>)> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = Arc::new(load::load(&PackName::new("pack"), files, &mut sources, &mut found)?);
    let suites = super::tests_of(&pack, files, &mut sources, &mut found);
    let cases: Vec<Case> = suites.iter().flat_map(super::run).collect();
    Some((branches(&pack, &cases, &sources), cases))
}

/// Every branch of a pack, and whether these cases reached it. The cases are of this very pack: places in its sources tell texts apart.
pub fn branches(pack: &Pack, cases: &[Case], sources: &Sources) -> Vec<Branch> {
    let mut reached = Reached::default();
    for case in cases {
        reached.add(&case.reached);
    }
    let mut all: Vec<Branch> = bands(pack, &reached, sources);
    for rule in &pack.rules {
        all.extend(of(rule, &reached));
        all.extend(texts(rule, &reached, sources));
    }
    all
}

fn place(sources: &Sources, span: Span) -> Option<(String, usize)> {
    let source = sources.get(span.source)?;
    Some((source.name().to_owned(), source.line_of(span.start as usize)))
}

/// The steps of bands.
fn bands(pack: &Pack, reached: &Reached, sources: &Sources) -> Vec<Branch> {
    let mut steps: Vec<(Span, Branch)> = Vec::new();
    for (name, band) in &pack.bands {
        for step in &band.steps {
            let branch = Branch {
                of: Of::Band(name.clone()),
                route: String::new(),
                place: place(sources, step.span),
                what: format!("nothing was ever `{}`", step.label),
                reached: reached.ways.bands.contains(&(name.clone(), step.label.clone())),
            };
            steps.push((step.span, branch));
        }
    }
    steps.sort_by_key(|(span, _)| *span);
    steps.into_iter().map(|(_, branch)| branch).collect()
}

/// What the texts of a rule ask, with either answer.
fn texts(rule: &Rule, reached: &Reached, sources: &Sources) -> Vec<Branch> {
    let mut all = Vec::new();
    for Block { written, span } in &rule.blocks {
        for (answer, word) in [(true, "true"), (false, "false")] {
            all.push(Branch {
                of: Of::Rule(rule.name.to_string()),
                route: rule.route.clone(),
                place: place(sources, *span),
                what: format!("what `{written}` asks was never {word}"),
                reached: reached.ways.blocks.contains(&(*span, answer)),
            });
        }
    }
    all
}

fn of(rule: &Rule, reached: &Reached) -> Vec<Branch> {
    let mut all = Vec::new();
    let branch = |route: String, what: String, reached| Branch {
        of: Of::Rule(rule.name.to_string()),
        route,
        place: None,
        what,
        reached,
    };
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
