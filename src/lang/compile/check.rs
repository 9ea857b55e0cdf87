//! What the checks of one pack carry along, and the small questions that all of them ask.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::form::FormUse;
use crate::lang::rule::Mention;
use crate::lang::scope::{Declared, Scope, Shape};
use crate::lang::source::Span;
use crate::lang::template::Block;
use crate::lang::yaml::{Key, Node};
use crate::model::{EventKind, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// The state of checking.
pub(crate) struct Check<'a, 'd> {
    pub(crate) declared: &'a Declared,
    pub(crate) found: &'d mut Diagnostics,
    pub(crate) mentions: &'d mut Vec<Mention>,
    /// Optional settings that the rule at hand cannot fire without.
    pub(crate) needs: BTreeSet<String>,
    /// Whether a setting read now is one the rule cannot do without (not so inside `any`, `first_of`, an `else` …).
    pub(crate) essential: bool,
    /// The questions that were asked so far, with the rows to choose from.
    pub(crate) asked: BTreeMap<String, (Span, Shape)>,
    /// Forms that are filled.
    pub(crate) forms: Vec<FormUse>,
    /// Verbs that Lever wants a user for.
    pub(crate) acting: Vec<(&'static str, Span)>,
    /// What the texts of the rule at hand ask.
    pub(crate) blocks: Vec<Block>,
}

impl<'a, 'd> Check<'a, 'd> {
    pub(crate) fn new(declared: &'a Declared, found: &'d mut Diagnostics, mentions: &'d mut Vec<Mention>) -> Self {
        Self {
            declared,
            found,
            mentions,
            needs: BTreeSet::new(),
            essential: true,
            asked: BTreeMap::new(),
            forms: Vec::new(),
            acting: Vec::new(),
            blocks: Vec::new(),
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::error(code, span, message).help(help));
    }

    /// What this does, without making any setting essential.
    pub(crate) fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.essential, false);
        let result = work(self);
        self.essential = before;
        result
    }

    /// Notes that Lever wants a user for this.
    pub(crate) fn acts(&mut self, verb: &'static str, span: Span) {
        self.acting.push((verb, span));
    }

    /// Notes that the rule cannot fire without this optional setting.
    pub(crate) fn need(&mut self, setting: &str) {
        if self.essential {
            self.needs.insert(setting.to_owned());
        }
    }

    /// Notes a named thing of the files.
    pub(crate) fn mention(&mut self, kind: Kind, text: &str, span: Span, route: &str) {
        self.mentions.push(Mention { kind, text: text.to_owned(), span, route: route.to_owned() });
    }

    /// "nothing called … is known", with where it is known.
    pub(crate) fn unknown(&mut self, scope: &Scope<'_>, path: &str, span: Span) {
        let head = path.split('.').next().unwrap_or(path);
        if self.declared.is_lost(path) {
            return;
        }
        let names = scope.all_names();
        let situation = template_situation(scope);
        let unknown = Diagnostic::error("unknown-name", span, format!("nothing called `{path}` is known {situation}"));
        let near = |unknown: Diagnostic| unknown.suggest_near(span, path, names.iter().map(String::as_str));
        self.found.push(match scope.elsewhere(path) {
            Some(elsewhere) if scope.known.kinds.is_empty() => {
                let unknown = near(unknown);
                if unknown.suggestion.is_some() { unknown } else { unknown.help(elsewhere) }
            }
            Some(elsewhere) => unknown.help(elsewhere),
            None if head == "result" && self.declared.adapter.is_some() => {
                near(unknown).help("the fields of `result` are those that `events:` in vendor.yaml declares")
            }
            None if matches!(head, "result" | "assessment") && self.declared.adapter.is_none() => {
                unknown.help("it needs a vendor: put `vendor.yaml` beside this file")
            }
            None => {
                let unknown = near(unknown);
                let group: Vec<String> = names
                    .iter()
                    .filter(|name| name.split('.').next() == Some(head))
                    .take(12)
                    .map(|name| format!("`{name}`"))
                    .collect();
                match (&unknown.suggestion, group.is_empty()) {
                    (Some(_), _) => unknown,
                    (None, false) => unknown.help(format!("known are {}", group.join(", "))),
                    (None, true) => {
                        let mut heads: Vec<String> =
                            names.iter().filter_map(|name| Some(format!("`{}`", name.split('.').next()?))).collect();
                        heads.dedup();
                        let more = if heads.len() > 12 { ", …" } else { "" };
                        heads.truncate(12);
                        let known = heads.join(", ");
                        unknown.help(format!("known here are {known}{more}; `for_each` and `find` give further names"))
                    }
                }
            }
        });
    }

    /// Whether a name may be given to a setting, band or variable; a diagnostic if not.
    pub(crate) fn name_is_free(&mut self, key: &Key, what: &str, taken: Option<(&str, Option<Span>)>) -> bool {
        let good = is_name(&key.text);
        if !good {
            let message = format!("`{}` is no name for {what}", key.text);
            self.error("not-a-name", key.span, message, "write lower-case letters, digits and `_`, beginning with a letter");
            return false;
        }
        if let Some((other, place)) = taken {
            let mut fault = Diagnostic::error("name-taken", key.span, format!("`{}` is already the name of {other}", key.text));
            if let Some(place) = place {
                fault = fault.also(place, "there");
            }
            self.found.push(fault.help("settings, bands and variables share their names: choose another"));
            return false;
        }
        if self.declared.reserved(&key.text) {
            let message = format!("`{}` is a name that leverd gives itself", key.text);
            self.error("name-taken", key.span, message, "choose another");
            return false;
        }
        true
    }
}

fn template_situation(scope: &Scope<'_>) -> String {
    use crate::lang::template::Scope as _;
    scope.situation()
}

/// `lower_case_1`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && text.len() <= 64
}

/// The dotted name after the `$` of a typed value, if the text is one.
pub(crate) fn path_of(text: &str) -> Option<&str> {
    let path = text.trim().strip_prefix('$')?;
    let starts = path.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    (starts && path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).then_some(path)
}

/// The scalar's text, if it is a `$path`.
pub(crate) fn node_path(node: &Node) -> Option<&str> {
    node.scalar().and_then(path_of)
}

/// Whether the event is about a person rather than about one opportunity.
pub(crate) fn about_person(kind: &EventKind) -> bool {
    use crate::model::LeverEvent::{ContactCreated, ContactUpdated};
    matches!(kind, EventKind::Lever(ContactCreated | ContactUpdated))
}

/// Whether there is an opportunity, and one that can still be written to.
pub(crate) fn writable(kind: &EventKind) -> Result<(), &'static str> {
    use crate::model::LeverEvent::CandidateDeleted;
    match kind {
        EventKind::Lever(CandidateDeleted) | EventKind::OpportunityGone => Err("the opportunity is gone by then"),
        kind if about_person(kind) => Err("it is about a person, not about one opportunity"),
        _ => Ok(()),
    }
}
