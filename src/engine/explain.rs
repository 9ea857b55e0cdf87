//! `why`: one rule looked at again on the facts of a stored run, whether or not the index selected it then.

use super::lifecycle::{self, Judged};
use super::marks::Mark;
use super::plan::listens;
use super::program::Program;
use super::scope::{Notes, Scope};
use super::walk::Walk;
use crate::lang::rule::Trigger;
use crate::lang::ruleset::Mode;
use crate::model::{Event, Facts, PackName, RuleName, Said, Step, Value};
use std::collections::BTreeSet;

/// What one rule makes of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Why, in order; the first is the reason if it did not fire.
    pub steps: Vec<Step>,
    /// Whether it got as far as its actions.
    pub fired: bool,
    /// What could not be told, because the run did not read it.
    pub not_recorded: Vec<String>,
    /// What every part of it came to, in the order of walking.
    pub marks: Vec<Mark>,
}

/// Why each rule that listens to this kind of event and left no step did not fire. The index passes over rules of other stages and
/// postings, and an event that no rule was selected for has no run at all.
pub fn others(program: &Program, event: &Event, facts: &Facts, told: &[Step]) -> Vec<Step> {
    let attempt_known = event.assessment.is_none_or(|id| facts.ledger.iter().any(|row| row.id == id));
    if event.for_rule.is_some() || !attempt_known {
        return Vec::new();
    }
    let read = facts.values.keys().cloned().collect();
    let mut steps = Vec::new();
    for set in program.sets() {
        let heard = set.pack.rules.iter().filter(|rule| {
            let hears = rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::Event(kind) if *kind == event.kind));
            hears && !told.iter().any(|step| step.pack.as_ref() == Some(set.name()) && step.rule.as_ref() == Some(&rule.name))
        });
        for rule in heard {
            let explained = explain(program, set.name(), &rule.name, event, facts, Some(&read));
            // That it would fire now is no answer to why it did not.
            steps.extend(explained.steps.into_iter().filter(|step| !matches!(step.said, Said::Fired { .. })));
        }
    }
    steps
}

/// Evaluates one rule on stored facts. `read` are the names that the run kept (`Plan::read`): another name is not absent but was not
/// recorded. With fresh facts, leave it out.
pub fn explain(
    program: &Program,
    pack: &PackName,
    rule: &RuleName,
    event: &Event,
    facts: &Facts,
    read: Option<&BTreeSet<String>>,
) -> Explanation {
    let step = |route: &str, said| Step { pack: Some(pack.clone()), rule: Some(rule.clone()), route: route.to_owned(), said };
    let ends = |route: &str, reason: String| Explanation {
        steps: vec![step(route, Said::Skipped { reason })],
        fired: false,
        not_recorded: Vec::new(),
        marks: Vec::new(),
    };
    let Some((set, rule)) = program.rule(pack, rule) else { return ends("", format!("pack `{pack}` has no rule `{rule}`")) };
    if set.mode == Mode::Off {
        return ends(&rule.route, format!("pack `{pack}` is off for this account"));
    }
    if !listens(rule, event) {
        return ends(&format!("{}.trigger", rule.route), format!("it does not listen to `{}`", event.kind));
    }
    let attempt = event.assessment.and_then(|id| facts.ledger.iter().find(|row| row.id == id));
    if let (Some(row), Some(vendor)) = (attempt, set.pack.vendor_name())
        && row.vendor != *vendor
    {
        return ends(&rule.route, format!("the attempt is of vendor `{}`, the pack speaks of `{vendor}`", row.vendor));
    }
    let judge = event.kind.assessment().filter(|_| !event.applied && event.for_rule.is_none());
    let judged = judge.map(|step| (step, lifecycle::judge(attempt, step, &event.fields, event.at)));
    let (attempt, changed) = match judged {
        Some((_, Judged::Apply { row, changed })) => (Some(*row), changed),
        Some((step, Judged::Implied(_))) => (attempt.map(|row| lifecycle::apply(row, step, &event.fields, event.at)), false),
        Some((_, Judged::Stale(reason) | Judged::Same(reason))) => return ends(&rule.route, reason),
        None => (attempt.cloned(), event.fields.get(lifecycle::CHANGED) == Some(&Value::Bool(true))),
    };
    let notes = Notes::default();
    let scope =
        Scope { set, rule, event, facts, attempt: attempt.as_ref(), changed, vars: Vec::new(), notes: &notes, recorded: read };
    let walked = Walk::watching(scope).run();
    let marks = walked.marks.unwrap_or_default();
    let not_recorded: Vec<String> = notes.missing();
    let mut steps = walked.steps;
    if walked.fired {
        let effects = walked.entries.iter().map(|entry| entry.effects.len()).sum();
        steps.insert(0, step(&rule.route, Said::Fired { effects }));
    }
    if steps.is_empty() && !not_recorded.is_empty() {
        let what = format!("not recorded: {}", not_recorded.join(", "));
        steps.push(step(&rule.route, Said::Noted { what }));
    }
    Explanation { steps, fired: walked.fired, not_recorded, marks }
}
