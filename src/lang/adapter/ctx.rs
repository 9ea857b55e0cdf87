//! What all readers of `vendor.yaml` share: the faults found so far and the names that the file declares.

use super::names;
use super::text::{self, Mention, Text};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::{Key, Node};
use std::collections::{BTreeMap, BTreeSet};

/// A reading under way.
pub(super) struct Reader<'d> {
    pub(super) found: &'d mut Diagnostics,
    /// Declared under `secrets`.
    pub(super) secrets: BTreeSet<String>,
    /// Every capture of an operation, and every id that a mapping takes of the body: `ids.NAME` may be it.
    pub(super) ids: BTreeSet<String>,
    /// Further captures of a test.
    pub(super) fields: BTreeSet<String>,
    pub(super) operations: BTreeSet<String>,
    /// Operations that a poll or `subscribe` asks for as lists, each with what its request may read besides.
    pub(super) listed: BTreeMap<String, BTreeSet<String>>,
    /// Where requests may go.
    pub(super) hosts: Vec<String>,
}

/// The value under a key.
pub(super) fn get<'a>(entries: &[&'a (Key, Node)], name: &str) -> Option<&'a Node> {
    entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
}

impl Reader<'_> {
    /// Leaves a fault.
    pub(super) fn fault(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::error(code, span, message).help(help));
    }

    /// Which of the options a scalar is.
    pub(super) fn one_of<T: Copy>(&mut self, node: &Node, options: &[(&'static str, T)]) -> Option<T> {
        let text = node.as_text(self.found)?;
        let found = options.iter().find(|(option, _)| *option == text);
        if found.is_none() {
            let all: Vec<String> = options.iter().map(|(option, _)| format!("`{option}`")).collect();
            self.found.push(
                Diagnostic::error("not-an-option", node.span, format!("`{text}` is not one of {}", all.join(", ")))
                    .suggest_near(node.span, text, options.iter().map(|(option, _)| *option)),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A text whose names are all in `known`.
    pub(super) fn text(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Text> {
        let mut mentions = Vec::new();
        let text = text::text(node, &mut mentions, self.found)?;
        self.check(&mentions, known).then_some(text)
    }

    /// One text, or a list of them.
    pub(super) fn texts(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Vec<Text>> {
        let all: Vec<_> = node.items_or_self().iter().map(|item| self.text(item, known)).collect();
        all.into_iter().collect()
    }

    /// A map of texts: headers.
    pub(super) fn named_texts(&mut self, node: &Node, known: &BTreeSet<String>) -> Option<Vec<(String, Text)>> {
        let entries = node.entries(self.found)?;
        let all: Vec<_> = entries.iter().map(|(key, value)| Some((key.text.clone(), self.text(value, known)?))).collect();
        all.into_iter().collect()
    }

    /// Whether every name is known; a fault for each that is not.
    pub(super) fn check(&mut self, mentions: &[Mention], known: &BTreeSet<String>) -> bool {
        let mut good = true;
        for mention in mentions {
            if let Some(diagnostic) = names::unknown(mention, known) {
                good = false;
                self.found.push(diagnostic);
            }
        }
        good
    }

    /// The names of operations in a list, each declared.
    pub(super) fn operation_names(&mut self, node: &Node) -> Vec<String> {
        let mut names = Vec::new();
        for item in node.items_or_self() {
            let Some(name) = item.as_text(self.found) else { continue };
            if self.operations.contains(name) {
                names.push(name.to_owned());
            } else {
                self.found.push(
                    Diagnostic::error("unknown-operation", item.span, format!("there is no operation `{name}`"))
                        .suggest_near(item.span, name, self.operations.iter().map(String::as_str))
                        .help("declare it under `operations:`"),
                );
            }
        }
        names
    }

    /// A whole number in a range.
    pub(super) fn count<T: TryFrom<i64>>(&mut self, node: &Node, lowest: i64, highest: i64) -> Option<T> {
        let number = node.as_int(self.found)?;
        if !(lowest..=highest).contains(&number) {
            self.fault(
                "out-of-range",
                node.span,
                format!("`{number}` is not between {lowest} and {highest}"),
                "write a number in that range",
            );
            return None;
        }
        T::try_from(number).ok()
    }
}
