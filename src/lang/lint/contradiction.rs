//! Conditions that can never hold together: the rule, or what stands behind a guard, never happens.

use super::Lint;
use super::satisfy::{Asked, Clash, clash, ways};
use super::view::View;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Cond, Rule, Source, Spec};

pub(super) static LINT: Lint = Lint {
    entry: (
        "never-true",
        "These conditions cannot hold at the same time, so what stands behind them never happens. Fields that must be one of two things \
         are `in: [a, b]`, not two conditions; alternatives stand under `any`.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { result.percent: { gte: 80, lt: 50 } }\n    do: [{ alert: x }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { any: [{ result.percent: { gte: 80 } }, { result.percent: { lt: 50 } }] }\n    do: [{ alert: x }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    for rule in view.rules {
        for (name, spec) in rule.for_each.iter().chain(&rule.find) {
            rows(view, rule, &format!("there is never a row for `{name}`"), spec, found);
        }
        if let Some(when) = &rule.when
            && let Some(clash) = impossible([when])
        {
            found.extend(tell(view, rule, clash, format!("the rule `{}` can never fire", rule.name)));
            continue;
        }
        // Each guard beside everything before it.
        let mut before: Vec<&Cond> = rule.when.iter().collect();
        for guard in &rule.require {
            before.push(&guard.cond);
            if let Some(clash) = impossible(before.iter().copied()) {
                found.extend(tell(view, rule, clash, format!("nothing of `{}` is ever done past this guard", rule.name)));
                break;
            }
        }
    }
}

/// What is asked of one row.
fn rows(view: &View<'_>, rule: &Rule, consequence: &str, spec: &Spec, found: &mut Diagnostics) {
    if let Some(clash) = spec.where_.as_ref().and_then(|cond| impossible([cond])) {
        found.extend(tell(view, rule, clash, consequence.to_owned()));
    }
    if let Source::FirstOf(specs) = &spec.source {
        for spec in specs {
            rows(view, rule, "this source never has a row", spec, found);
        }
    }
}

/// Why the conditions cannot all hold: the clash of one of the ways, if every way has one.
fn impossible<'a>(conds: impl IntoIterator<Item = &'a Cond>) -> Option<Clash<'a>> {
    let ways = ways(conds)?;
    let clashes: Vec<Clash<'a>> = ways.iter().filter_map(|way| clash(way)).collect();
    if clashes.len() < ways.len() { None } else { clashes.into_iter().next() }
}

fn tell(view: &View<'_>, rule: &Rule, clash: Clash<'_>, consequence: String) -> Option<Diagnostic> {
    let place = |asked: Asked<'_>| view.place(rule, asked.route);
    let (first, second) = (place(clash.first)?, place(clash.second)?);
    let (message, label) = if first == second {
        ("no value can be all of this at once", "this can never be true")
    } else {
        ("these two conditions cannot hold at the same time", "and this beside it never")
    };
    let mut fault = Diagnostic::warning("never-true", second, message).label(label).route(clash.second.route);
    if first != second {
        fault = fault.also(first, "this must hold");
    }
    Some(fault.help(format!("{consequence}: remove one of them, or put alternatives under `any`")))
}
