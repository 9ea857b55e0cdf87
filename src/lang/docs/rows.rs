//! Rows that a rule goes through or looks for, in words.

use super::text::{named, path, spaced};
use super::{Words, entries};
use crate::lang::yaml::{Kind, Node};

impl Words<'_> {
    /// After `for`: `each test of …`, `the first of these that there is: …`.
    pub(super) fn each(&self, spec: &Node) -> String {
        match spec.get("first_of") {
            Some(several) => self.first(several),
            None if spec.get("only").is_some() => self.one(spec),
            None => self.rows(spec, "each"),
        }
    }

    /// At most one row.
    pub(super) fn one(&self, spec: &Node) -> String {
        if let Some(several) = spec.get("first_of") {
            return self.first(several);
        }
        match spec.get("only").and_then(Node::scalar) {
            Some("latest") => self.rows(spec, "the latest"),
            Some("first") => self.rows(spec, "the first"),
            Some(_) => self.rows(spec, "the only"),
            None => self.rows(spec, "the"),
        }
    }

    fn first(&self, several: &Node) -> String {
        let all: Vec<String> = several.items_or_self().iter().map(|spec| self.rows(spec, "the")).collect();
        format!("the first of these that there is ({})", all.join("; "))
    }

    fn rows(&self, spec: &Node, article: &str) -> String {
        let of = if article == "each" { "each of".to_owned() } else { format!("{article} one of") };
        let source = spec.get("in").and_then(Node::scalar).unwrap_or_default();
        let from = match (source, path(source)) {
            ("catalogue", _) => format!("{article} test of {}", self.vendor),
            ("ledger", _) => format!("{article} test that leverd sent this candidate"),
            (_, Some(name)) => match self.pack.settings.get(name).map(|setting| setting.ty.to_string()) {
                Some(ty) if ty == "table" => format!("{article} row of ‹{}›", spaced(name)),
                Some(ty) if ty.starts_with("list") => format!("{of} {}", self.path(name)),
                Some(_) => self.path(name),
                None => format!("{of} {}", self.path(name)),
            },
            _ => format!("{article} {}", named(source)),
        };
        let mut words = from;
        if let Some(pattern) = spec.get("like").and_then(Node::scalar) {
            words = format!("{words} that reads like {}", named(pattern));
        }
        if let Some(cond) = spec.get("where") {
            let all: Vec<String> = entries(cond)
                .iter()
                .map(|(key, value)| match key.text.as_str() {
                    "any" | "all" | "not" => format!("for which {}", self.entry(key, value, true)),
                    _ => format!("whose {}", self.entry(key, value, true)),
                })
                .collect();
            let and = if source == "ledger" { "and " } else { "" };
            words = format!("{words} {and}{}", all.join(" and "));
        }
        // What a pattern reads stands in the pattern.
        if let Some(field) = spec.get("take").and_then(Node::scalar).filter(|_| spec.get("like").is_none()) {
            words = format!("{words} (its {})", spaced(field));
        }
        if let Some(default) = spec.get("default").filter(|node| matches!(node.kind, Kind::Scalar { .. })) {
            words = format!("{words}, else {}", self.value(default));
        }
        words
    }
}
