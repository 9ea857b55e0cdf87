//! Conditions of a vendor file: over JSONPaths of an answer (`ok`, `keep`, `where`, handshakes) or over captured names (`when`).

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::{Key, Node};
use crate::model::Value;
use serde_json::Value as Json;

/// A condition over places of type `K`.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond<K> {
    All(Vec<Cond<K>>),
    Any(Vec<Cond<K>>),
    Not(Box<Cond<K>>),
    Test(Test<K>),
}

/// One place and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Test<K> {
    pub place: K,
    /// All must hold.
    pub matchers: Vec<Matcher>,
}

/// What a value must be. Absent values match nothing but `exists: false`.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    Is(Value),
    In(Vec<Value>),
    Not(Value),
    Exists(bool),
    Gt(f64),
    Gte(f64),
    Lt(f64),
    Lte(f64),
}

impl Matcher {
    /// Whether `value` fits.
    pub fn fits(&self, value: Option<&Value>) -> bool {
        let number = || value.and_then(Value::number);
        match self {
            Self::Exists(wanted) => value.is_some() == *wanted,
            Self::Is(wanted) => value.is_some_and(|value| value.same(wanted, false)),
            Self::In(wanted) => value.is_some_and(|value| wanted.iter().any(|one| value.same(one, false))),
            Self::Not(unwanted) => value.is_some_and(|value| !value.same(unwanted, false)),
            Self::Gt(bound) => number().is_some_and(|number| number > *bound),
            Self::Gte(bound) => number().is_some_and(|number| number >= *bound),
            Self::Lt(bound) => number().is_some_and(|number| number < *bound),
            Self::Lte(bound) => number().is_some_and(|number| number <= *bound),
        }
    }
}

impl<K> Cond<K> {
    /// Whether it holds; `value` looks a place up.
    pub fn holds(&self, value: &mut impl FnMut(&K) -> Option<Value>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(value)),
            Self::Any(any) => any.iter().any(|one| one.holds(value)),
            Self::Not(one) => !one.holds(value),
            Self::Test(test) => {
                let found = value(&test.place);
                test.matchers.iter().all(|matcher| matcher.fits(found.as_ref()))
            }
        }
    }

    /// Whether it holds as far as can be told: `value` gives nothing for a place that is not known yet.
    pub fn known(&self, value: &mut impl FnMut(&K) -> Option<Option<Value>>) -> Option<bool> {
        match self {
            Self::All(all) => {
                let found: Vec<_> = all.iter().map(|one| one.known(value)).collect();
                if found.contains(&Some(false)) {
                    Some(false)
                } else {
                    found.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                }
            }
            Self::Any(any) => {
                let found: Vec<_> = any.iter().map(|one| one.known(value)).collect();
                if found.contains(&Some(true)) {
                    Some(true)
                } else {
                    found.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                }
            }
            Self::Not(one) => one.known(value).map(|holds| !holds),
            Self::Test(test) => {
                let found = value(&test.place)?;
                Some(test.matchers.iter().all(|matcher| matcher.fits(found.as_ref())))
            }
        }
    }

    /// Every place it reads.
    pub fn places(&self) -> Vec<&K> {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::places).collect(),
            Self::Not(one) => one.places(),
            Self::Test(test) => vec![&test.place],
        }
    }
}

const WORDS: [&str; 7] = ["in", "not", "exists", "gt", "gte", "lt", "lte"];

/// Reads a condition; `place` reads a key that is none of `all`, `any`, `not`.
pub(super) fn cond<K>(
    node: &Node,
    place: &mut impl FnMut(&Key, &mut Diagnostics) -> Option<K>,
    diagnostics: &mut Diagnostics,
) -> Option<Cond<K>> {
    let entries = node.entries(diagnostics)?;
    if entries.is_empty() {
        diagnostics.push(Diagnostic::error("vendor-condition", node.span, "an empty condition says nothing").help("remove it"));
        return None;
    }
    let (mut parts, mut whole) = (Vec::new(), true);
    for (key, value) in entries {
        let part = match key.text.as_str() {
            "all" | "any" => {
                let inner: Option<Vec<_>> = value.items(diagnostics).and_then(|items| {
                    let all: Vec<_> = items.iter().map(|item| cond(item, place, diagnostics)).collect();
                    all.into_iter().collect()
                });
                inner.map(if key.text == "all" { Cond::All } else { Cond::Any })
            }
            "not" => cond(value, place, diagnostics).map(|inner| Cond::Not(Box::new(inner))),
            _ => {
                let at = place(key, diagnostics);
                let matchers = matchers(value, diagnostics);
                at.zip(matchers).map(|(place, matchers)| Cond::Test(Test { place, matchers }))
            }
        };
        match part {
            Some(part) => parts.push(part),
            None => whole = false,
        }
    }
    if !whole {
        return None;
    }
    if parts.len() == 1 { parts.pop() } else { Some(Cond::All(parts)) }
}

fn matchers(node: &Node, diagnostics: &mut Diagnostics) -> Option<Vec<Matcher>> {
    use crate::lang::yaml::Kind;
    match &node.kind {
        Kind::Faulty => None,
        Kind::Seq(_) => {
            diagnostics.push(
                Diagnostic::error("vendor-condition", node.span, "a list is compared with `in`").help("write `{ in: [a, b] }`"),
            );
            None
        }
        Kind::Scalar { .. } => scalar(node, diagnostics).map(|value| vec![Matcher::Is(value)]),
        Kind::Map(_) => {
            let entries = node.known_entries("a comparison", &WORDS, diagnostics)?;
            let all: Vec<_> = entries.iter().map(|(key, value)| matcher(key, value, diagnostics)).collect();
            all.into_iter().collect()
        }
    }
}

fn matcher(key: &Key, node: &Node, diagnostics: &mut Diagnostics) -> Option<Matcher> {
    match key.text.as_str() {
        "in" => {
            let all: Vec<_> = node.items(diagnostics)?.iter().map(|item| scalar(item, diagnostics)).collect();
            all.into_iter().collect::<Option<Vec<_>>>().map(Matcher::In)
        }
        "not" => scalar(node, diagnostics).map(Matcher::Not),
        "exists" => node.as_bool(diagnostics).map(Matcher::Exists),
        "gt" => node.as_number(diagnostics).map(Matcher::Gt),
        "gte" => node.as_number(diagnostics).map(Matcher::Gte),
        "lt" => node.as_number(diagnostics).map(Matcher::Lt),
        "lte" => node.as_number(diagnostics).map(Matcher::Lte),
        _ => None,
    }
}

fn scalar(node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    match super::shape::json(node) {
        Json::Bool(value) => Some(Value::Bool(value)),
        Json::Number(number) => number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Number)),
        Json::String(text) if !node.is_faulty() => Some(Value::Text(text)),
        Json::Null if node.is_null() => {
            diagnostics.push(
                Diagnostic::error("vendor-condition", node.span, "nothing is compared with `exists`")
                    .help("write `{ exists: false }` for null or absent"),
            );
            None
        }
        _ => {
            diagnostics.extend(node.wrong_type("a single value", "several values are compared with `{ in: [..] }`"));
            None
        }
    }
}
