//! `allow: { CODE: REASON }` on a rule: a warning that is meant, with the reason why.
//!
//! Narrow: it silences one code within one rule. What it does not silence is told, so that no old one hides a new fault.

use crate::lang::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::lang::explain::{self, Entry};
use crate::lang::yaml::{Key, Kind, Node};

/// Warnings that show only with an account: whether a rule has one is not known here.
const IN_ACCOUNTS: [&str; 1] = ["account-loop"];

pub(crate) const ENTRIES: &[Entry] = &[
    (
        "unknown-code",
        "`allow` names a code that no diagnostic has.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    allow: { undoen: the tag only makes a search find it }\n    do: [{ add_tag: Seen }, { remove_tag: Seen }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    allow: { undone: the tag only makes a search find it }\n    do: [{ add_tag: Seen }, { remove_tag: Seen }]\n",
    ),
    (
        "allowed-for-nothing",
        "`allow` silences a warning that the rule does not have (any more). Errors cannot be silenced.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    allow: { undone: it was so }\n    do: [{ add_tag: Seen }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: Seen }]\n",
    ),
    (
        "no-reason",
        "`allow` says why the warning is meant: whoever reads the rule next year was not there.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    allow: { undone: \"\" }\n    do: [{ add_tag: Seen }, { remove_tag: Seen }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    allow: { undone: the tag only makes a search find it }\n    do: [{ add_tag: Seen }, { remove_tag: Seen }]\n",
    ),
];

/// Takes out of `found` what the rules allow, and tells what is wrong with that.
pub(crate) fn apply(rules: &[(String, &Node)], found: Diagnostics) -> Diagnostics {
    let mut kept = Diagnostics::new();
    let mut allowed: Vec<(&Node, &Key, &Node, bool)> = Vec::new();
    for (_, rule) in rules {
        let Some(Kind::Map(entries)) = rule.get("allow").map(|node| &node.kind) else { continue };
        allowed.extend(entries.iter().map(|(code, reason)| (*rule, code, reason, false)));
    }
    if allowed.is_empty() {
        return found;
    }
    for diagnostic in found.sorted() {
        let here = |rule: &Node| rule.span.source == diagnostic.primary.source && within(rule, diagnostic);
        let silenced = diagnostic.severity == Severity::Warning
            && allowed.iter_mut().any(|(rule, code, _, used)| {
                let fits = code.text == diagnostic.code && here(rule);
                *used |= fits;
                fits
            });
        if !silenced {
            kept.push(diagnostic.clone());
        }
    }
    for (_, code, reason, used) in allowed {
        if !explain::entries().any(|entry| entry.0 == code.text) {
            kept.push(
                Diagnostic::error("unknown-code", code.span, format!("no diagnostic has the code `{}`", code.text))
                    .suggest_near(code.span, &code.text, super::entries().map(|entry| entry.0))
                    .or_help("the code stands in brackets behind `warning`"),
            );
        } else if reason.scalar().is_none_or(|text| text.trim().is_empty()) {
            kept.push(
                Diagnostic::error("no-reason", reason.span, "this does not say why the warning is meant")
                    .help(format!("write `{}: REASON`, for whoever reads it next year", code.text)),
            );
        } else if !used && !IN_ACCOUNTS.contains(&code.text.as_str()) {
            kept.push(
                Diagnostic::warning("allowed-for-nothing", code.span, format!("the rule has no warning `{}`", code.text))
                    .help("remove this: it would hide the next one"),
            );
        }
    }
    kept
}

fn within(rule: &Node, diagnostic: &Diagnostic) -> bool {
    rule.span.start <= diagnostic.primary.start && diagnostic.primary.end <= rule.span.end
}
