//! `allow: { CODE: REASON }` on a rule: a warning that is meant, with the reason why.
//!
//! Narrow: it silences one code within one rule. What it does not silence is told, so that no old one hides a new fault. What shows
//! only with an account is silenced there, by what the pack hands on as [`Allowed`].

use crate::lang::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::lang::explain::{self, Entry};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind, Node};

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

/// An `allow` that counts for accounts, too.
#[derive(Debug, Clone)]
pub struct Allowed {
    code: String,
    /// Where the code stands.
    at: Span,
    rule: Span,
    used: bool,
}

/// Takes out of `found` what the rules allow, and tells what is wrong with that. What only an account can judge comes back.
pub(crate) fn apply(rules: &[(String, &Node)], found: Diagnostics) -> (Diagnostics, Vec<Allowed>) {
    let (mut kept, mut later) = (Diagnostics::new(), Vec::new());
    let mut allowed: Vec<(&Node, &Key, &Node, bool)> = Vec::new();
    for (_, rule) in rules {
        let Some(Kind::Map(entries)) = rule.get("allow").map(|node| &node.kind) else { continue };
        allowed.extend(entries.iter().map(|(code, reason)| (*rule, code, reason, false)));
    }
    if allowed.is_empty() {
        return (found, later);
    }
    for diagnostic in found.sorted() {
        let here = |rule: &Node| within(rule.span, diagnostic);
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
    for (rule, code, reason, used) in allowed {
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
        } else if super::OF_ACCOUNTS.contains(&code.text.as_str()) {
            later.push(Allowed { code: code.text.clone(), at: code.span, rule: rule.span, used });
        } else if !used {
            kept.push(for_nothing(&code.text, code.span));
        }
    }
    (kept, later)
}

/// The same for what was found with accounts, when all of them were looked at.
pub(crate) fn in_accounts(mut allowed: Vec<Allowed>, found: Diagnostics) -> Diagnostics {
    if allowed.is_empty() {
        return found;
    }
    let mut kept = Diagnostics::new();
    for diagnostic in found {
        let mut silenced = false;
        for one in allowed.iter_mut().filter(|_| diagnostic.severity == Severity::Warning) {
            let fits = one.code == diagnostic.code && within(one.rule, &diagnostic);
            one.used |= fits;
            silenced |= fits;
        }
        if !silenced {
            kept.push(diagnostic);
        }
    }
    // With faults not every check was made.
    if !kept.has_errors() {
        kept.extend(allowed.iter().filter(|one| !one.used).map(|one| for_nothing(&one.code, one.at)));
    }
    kept
}

fn for_nothing(code: &str, at: Span) -> Diagnostic {
    Diagnostic::warning("allowed-for-nothing", at, format!("the rule has no warning `{code}`"))
        .help("remove this: it would hide the next one")
}

fn within(rule: Span, diagnostic: &Diagnostic) -> bool {
    let place = diagnostic.primary;
    rule.source == place.source && rule.start <= place.start && place.end <= rule.end
}
