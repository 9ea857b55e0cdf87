//! The names that a request may read, and what is said about those that it may not.

use super::text::Mention;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::vocabulary;
use std::collections::BTreeSet;

/// Names that whoever sends a request gives it, with what they are.
pub(super) const GIVEN: [(&str, &str); 8] = [
    ("test.id", "the test's id at the vendor"),
    ("test.title", "the test's title"),
    ("callback_url", "our URL for this invitation's webhooks"),
    ("retry", "whether an earlier attempt may have been applied"),
    ("refresh", "whether a live invitation is refreshed"),
    ("now", "the time of sending"),
    ("now.epoch_s", "the same in seconds since 1970"),
    ("now.epoch_ms", "the same in milliseconds since 1970"),
];

/// Whether a plan must read this name for a request: names of Lever.
pub(super) fn planned(name: &str) -> bool {
    matches!(name.split_once('.'), Some(("opportunity" | "candidate" | "posting", _)))
}

/// Everything that any request of this file may read.
pub(super) fn of_requests(secrets: &BTreeSet<String>, ids: &BTreeSet<String>, fields: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = GIVEN.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.insert("assessment.id".to_owned());
    let entries = [vocabulary::opportunity(), vocabulary::posting(), vocabulary::assessment()];
    for entry in entries.into_iter().flatten() {
        names.extend(entry.field.ty.members().iter().map(|member| format!("{}.{member}", entry.name)));
        names.insert(entry.name.to_owned());
    }
    names.extend(secrets.iter().map(|name| format!("secret.{name}")));
    names.extend(ids.iter().map(|name| format!("ids.{name}")));
    names.extend(fields.iter().map(|name| format!("test.fields.{name}")));
    names
}

/// The secrets alone.
pub(super) fn of_secrets(secrets: &BTreeSet<String>) -> BTreeSet<String> {
    secrets.iter().map(|name| format!("secret.{name}")).collect()
}

/// The fault of a name that is not known here. A known name that ends with a dot stands for everything behind it.
pub(super) fn unknown(mention: &Mention, known: &BTreeSet<String>) -> Option<Diagnostic> {
    let name = mention.name.as_str();
    let open =
        || known.iter().any(|known| known.ends_with('.') && name.starts_with(known.as_str()) && name.len() > known.len());
    if known.contains(name) || open() {
        return None;
    }
    let near = known.iter().map(String::as_str);
    if let Some(secret) = name.strip_prefix("secret.") {
        let diagnostic = Diagnostic::error("unknown-secret", mention.span, format!("the secret `{secret}` is not declared"));
        return Some(
            diagnostic
                .suggest_near(mention.span, name, near)
                .help(format!("declare it: `secrets: {{ {secret}: what it is }}`")),
        );
    }
    let group = name.split_once('.').map_or(name, |(group, _)| group);
    let mut siblings: Vec<&str> =
        known.iter().map(String::as_str).filter(|known| known.split_once('.').is_some_and(|(of, _)| of == group)).collect();
    siblings.truncate(12);
    let diagnostic = Diagnostic::error("unknown-name", mention.span, format!("nothing here is called `{name}`"));
    let diagnostic = diagnostic.suggest_near(mention.span, name, near);
    Some(if group == "ids" {
        diagnostic.help("`ids` holds what `take` of an operation names")
    } else if siblings.is_empty() {
        let mut groups: Vec<&str> =
            known.iter().map(|known| known.split_once('.').map_or(known.as_str(), |(group, _)| group)).collect();
        groups.dedup();
        diagnostic.help(format!("names here begin with {}", list(&groups)))
    } else {
        diagnostic.help(format!("known are {}", list(&siblings)))
    })
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
