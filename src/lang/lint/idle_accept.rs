//! `accept` where there is nothing to accept.

use super::Lint;
use super::view::View;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::rule::{Rule, Trigger};
use crate::lang::yaml::Node;
use crate::model::EventKind;

pub(super) static LINT: Lint = Lint {
    entry: (
        "idle-accept",
        "Only stage changes can be leverd's own moves, or be outrun by the candidate who has moved on: under other triggers accepting \
         these says nothing.",
        "rules:\n  - name: a\n    trigger: candidateHired\n    accept: [moved_on]\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    accept: [moved_on]\n    do: [{ add_tag: x }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let moves = |trigger: &Trigger| match trigger {
        Trigger::Event(kind) => *kind == EventKind::STAGE_CHANGE,
        // What a timer counts from may be a stage change, and whoever wrote this means that one.
        Trigger::Timer { .. } => true,
        Trigger::TagAdded(_) => false,
    };
    let idle =
        |rule: &&std::sync::Arc<Rule>| !rule.triggers.iter().any(moves) && (rule.accept.moved_on || rule.accept.own_moves);
    for rule in view.rules.iter().filter(idle) {
        for item in view.node(rule).and_then(|node| node.get("accept")).map(Node::items_or_self).unwrap_or_default() {
            let Some(word) = item.scalar().filter(|word| matches!(word.trim(), "moved_on" | "own_moves")) else { continue };
            let message = format!("`{}` listens to no stage change, so there is no `{word}` to accept", rule.name);
            found.push(
                Diagnostic::warning("idle-accept", item.span, message)
                    .route(format!("{}.accept", rule.route))
                    .help("leave it out"),
            );
        }
    }
}
