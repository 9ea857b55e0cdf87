//! A note that is written again each time a recruiter moves the candidate to and fro.

use super::Lint;
use super::view::View;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Rule, Trigger};
use crate::model::{EventKind, LeverEvent};

pub(super) static LINT: Lint = Lint {
    entry: (
        "note-repeats",
        "The rule writes a note for each stage change, into whatever stage it goes: a candidate who is moved to and fro gets it again and \
         again. Ask for the stage that is meant, or give the note a `key`: then it is replaced.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_note: moved }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_note: { key: moved, text: moved } }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    for rule in view.rules.iter().filter(|rule| asks_nothing(rule)) {
        let moves = |trigger: &Trigger| matches!(trigger, Trigger::Event(EventKind::Lever(LeverEvent::CandidateStageChange)));
        if !rule.triggers.iter().any(moves) {
            continue;
        }
        for deed in view.deeds(rule).into_iter().filter(|deed| deed.verb == "add_note" && deed.value.get("key").is_none()) {
            let message = format!("`{}` writes this note at every stage change, again and again", rule.name);
            found.push(Diagnostic::warning("note-repeats", deed.span, message).route(format!("{}.do", rule.route)).help(
                "add `when: { to_stage: … }`, or give the note a `key` so that it is replaced: `add_note: { key: …, text: … }`",
            ));
        }
    }
}

/// Whether the rule fires whatever the event is.
fn asks_nothing(rule: &Rule) -> bool {
    rule.when.is_none() && rule.for_each.is_empty() && rule.require.is_empty()
}
