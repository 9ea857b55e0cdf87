//! Two rules that differ in their names alone.

use super::Lint;
use super::view::{View, plain};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use std::collections::HashMap;

pub(super) static LINT: Lint = Lint {
    entry: (
        "same-rule",
        "Two rules listen to the same, ask the same and do the same. The second one writes what the first one wrote already; notes and \
         alerts come twice.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ alert: x }]\n  - name: b\n    trigger: assessment.scored\n    do: [{ alert: x }]\n",
        "rules:\n  - name: a\n    trigger: [assessment.scored, assessment.started]\n    do: [{ alert: x }]\n",
    ),
    check,
};

fn check(view: &View<'_>, found: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for rule in view.rules {
        let Some(node) = view.node(rule) else { continue };
        let mut text = String::new();
        plain(node, &["name", "was", "allow"], &mut text);
        let Some(first) = seen.insert(text.clone(), rule) else { continue };
        seen.insert(text, first);
        let (Some(here), Some(there)) = (view.name(rule), view.name(first)) else { continue };
        let message = format!("`{}` is `{}` once more under another name", rule.name, first.name);
        found.push(
            Diagnostic::warning("same-rule", here, message)
                .also(there, "the same, and first")
                .route(format!("{}.name", rule.route))
                .help("remove one of them; a rule that was renamed says so by `was: [ … ]`"),
        );
    }
}
