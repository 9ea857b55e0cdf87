//! Rules that set each other off for ever: a move of one is what the next listens to.
//!
//! leverd's own moves fire nothing unless a rule says `accept: [own_moves]`; so only such rules can be part of a loop. Of stages only
//! what stands in the files is known: two settings may be one stage, and are taken for it only where they are the same setting.

use super::Lint;
use super::view::{Deed, View};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Cond, Matcher, Operand, Place, Rule, Trigger};
use crate::lang::yaml::Kind;
use crate::model::{EventKind, LeverEvent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(super) static LINT: Lint = Lint {
    entry: (
        "loop",
        "Rules that accept leverd's own moves and move on themselves set each other off in a circle. leverd stops such a chain at ten \
         steps and parks it, but nobody wants the first ten. Leave `own_moves` out where it is not needed, or ask for the stage.",
        "rules:\n  - name: there\n    trigger: candidateStageChange\n    accept: [own_moves]\n    when: { to_stage: Screen }\n    do: [{ move_stage: { to: Interview, from: [Screen] } }]\n  - name: and back\n    trigger: candidateStageChange\n    accept: [own_moves]\n    when: { to_stage: Interview }\n    do: [{ move_stage: { to: Screen, from: [Interview] } }]\n",
        "rules:\n  - name: there\n    trigger: candidateStageChange\n    accept: [own_moves]\n    when: { to_stage: Screen }\n    do: [{ move_stage: { to: Interview, from: [Screen] } }]\n  - name: and on\n    trigger: candidateStageChange\n    accept: [own_moves]\n    when: { to_stage: Interview }\n    do: [{ move_stage: { to: Offer, from: [Interview] } }]\n",
    ),
    check,
};

/// A rule that may be part of a loop: the stages it listens to (`None`: any), and where it moves to.
struct Mover<'a> {
    rule: &'a Arc<Rule>,
    from: Option<Vec<String>>,
    to: String,
    deed: Deed<'a>,
}

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let moves = |trigger: &Trigger| matches!(trigger, Trigger::Event(EventKind::Lever(LeverEvent::CandidateStageChange)));
    let mut movers: Vec<Mover<'_>> = Vec::new();
    for rule in view.rules.iter().filter(|rule| rule.accept.own_moves && rule.triggers.iter().any(moves)) {
        for deed in view.deeds(rule).into_iter().filter(|deed| deed.verb == "move_stage") {
            if let Some(to) = target(&deed) {
                movers.push(Mover { rule, from: rule.when.as_ref().and_then(listens), to, deed });
            }
        }
    }
    let next = onward(&movers);
    let circular = circular(&next);
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for start in circular {
        let Some(path) = circle(&next, start) else { continue };
        if path.iter().all(|at| !told.contains(at)) {
            found.extend(tell(&movers, &path));
        }
        told.extend(path);
    }
}

/// For each rule those that its move sets off.
fn onward(movers: &[Mover<'_>]) -> Vec<Vec<usize>> {
    let mut listeners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut any = Vec::new();
    for (at, mover) in movers.iter().enumerate() {
        match &mover.from {
            Some(stages) => stages.iter().for_each(|stage| listeners.entry(stage).or_default().push(at)),
            None => any.push(at),
        }
    }
    let of = |mover: &Mover<'_>| listeners.get(mover.to.as_str()).into_iter().flatten().chain(&any).copied().collect();
    movers.iter().map(of).collect()
}

/// Those that may be part of a circle: what nothing sets off, and what sets nothing off, is taken away until nothing of it is left.
fn circular(next: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut left: BTreeSet<usize> = (0..next.len()).collect();
    loop {
        let set_off: BTreeSet<usize> =
            left.iter().filter_map(|at| next.get(*at)).flatten().filter(|at| left.contains(at)).copied().collect();
        let goes_on = |at: &usize| next.get(*at).is_some_and(|next| next.iter().any(|next| left.contains(next)));
        let kept: BTreeSet<usize> = left.iter().filter(|at| set_off.contains(at) && goes_on(at)).copied().collect();
        if kept.len() == left.len() {
            return left;
        }
        left = kept;
    }
}

/// Where a move goes, as it is written.
fn target(deed: &Deed<'_>) -> Option<String> {
    let node = match &deed.value.kind {
        Kind::Map(_) => deed.value.get("to")?,
        _ => deed.value,
    };
    Some(node.scalar()?.trim().to_owned())
}

/// The stages that a condition asks for; `None` if it does not ask by name.
pub(crate) fn listens(cond: &Cond) -> Option<Vec<String>> {
    match cond {
        Cond::All(all) => all.iter().find_map(listens),
        Cond::Test { place: Place::Fact { name, member: None }, matcher, .. } if name == "to_stage" => stages(matcher),
        _ => None,
    }
}

fn stages(matcher: &Matcher) -> Option<Vec<String>> {
    match matcher {
        Matcher::In(Operand::List(all)) => all.iter().map(written).collect(),
        Matcher::Is(operand) | Matcher::In(operand) => Some(vec![written(operand)?]),
        Matcher::All(all) => all.iter().find_map(stages),
        Matcher::IgnoreCase(inner) => stages(inner),
        _ => None,
    }
}

/// A stage as it is written.
pub(crate) fn written(operand: &Operand) -> Option<String> {
    match operand {
        Operand::Named { text, .. } | Operand::Literal(crate::model::Value::Text(text)) => Some(text.trim().to_owned()),
        Operand::Place(Place::Setting { name, member: None }) => Some(format!("${name}")),
        _ => None,
    }
}

/// The shortest way from a rule back to itself.
fn circle(next: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for onward in next.get(at).into_iter().flatten().copied() {
            if onward == start {
                let mut path = vec![at];
                let mut here = at;
                while here != start {
                    here = *before.get(&here)?;
                    path.push(here);
                }
                path.reverse();
                return Some(path);
            }
            if let std::collections::btree_map::Entry::Vacant(place) = before.entry(onward) {
                place.insert(at);
                queue.push_back(onward);
            }
        }
    }
    None
}

fn tell(movers: &[Mover<'_>], path: &[usize]) -> Option<Diagnostic> {
    let all: Vec<&Mover<'_>> = path.iter().filter_map(|at| movers.get(*at)).collect();
    let (first, last) = (all.first()?, all.last()?);
    let mut witness = format!("stage `{}`", last.to);
    for mover in &all {
        witness = format!("{witness} → rule `{}` → stage `{}`", mover.rule.name, mover.to);
    }
    let message = if all.len() == 1 {
        format!("the rule `{}` sets itself off again and again: {witness}", first.rule.name)
    } else {
        format!("these rules set each other off in a circle: {witness}")
    };
    let mut fault = Diagnostic::warning("loop", first.deed.span, message)
        .label(format!("moves to `{}`", first.to))
        .route(format!("{}.do", first.rule.route));
    for mover in all.iter().skip(1) {
        fault = fault.also(mover.deed.span, format!("which `{}` takes up, and moves to `{}`", mover.rule.name, mover.to));
    }
    Some(fault.help("leave `own_moves` out of one of them, or ask for another stage"))
}
