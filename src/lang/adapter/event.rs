//! `events`: the typed border, what each emitted event carries as `result.*`.

use super::ctx::Reader;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::{Kind, Node};
use crate::model::{AssessmentEvent, Field, Type};
use std::collections::BTreeMap;

const TYPES: [(&str, Type); 8] = [
    ("text", Type::Text),
    ("int", Type::Int),
    ("number", Type::Number),
    ("bool", Type::Bool),
    ("date", Type::Date),
    ("url", Type::Url),
    ("tag", Type::Tag),
    ("duration", Type::Duration),
];

/// The value that stands for enum values which are not declared.
const OTHER: &str = "other";

/// Reads a type: `number`, `optional url`, `{ one_of: [a, b] }`, `[text]`.
pub(super) fn field(node: &Node, found: &mut Diagnostics) -> Option<Field> {
    match &node.kind {
        Kind::Faulty => None,
        Kind::Seq(items) => {
            if let [one] = items.as_slice() {
                field(one, found).map(|field| Field { ty: field.ty.list(), optional: field.optional })
            } else {
                found.push(
                    Diagnostic::error("unknown-type", node.span, "a list type has one type in it").help("write `[text]`"),
                );
                None
            }
        }
        Kind::Map(_) => {
            node.known_entries("a type", &["one_of", "optional"], found)?;
            let options = node.required("one_of", "a type", found)?;
            let mut options: Vec<String> =
                options.items(found)?.iter().filter_map(|item| item.as_text(found).map(str::to_owned)).collect();
            if !options.iter().any(|option| option == OTHER) {
                options.push(OTHER.to_owned());
            }
            let optional = node.get("optional").map_or(Some(false), |node| node.as_bool(found))?;
            Some(Field { ty: Type::OneOf(options), optional })
        }
        Kind::Scalar { .. } => {
            let text = node.as_text(found)?;
            let (name, optional) = match text.strip_prefix("optional ") {
                Some(name) => (name.trim(), true),
                None => (text.trim(), false),
            };
            // `optional [text]` is one plain scalar to YAML.
            let (name, list) = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                Some(inner) => (inner.trim(), true),
                None => (name, false),
            };
            let known = TYPES.iter().find(|(known, _)| *known == name);
            if known.is_none() {
                let names: Vec<String> = TYPES.iter().map(|(name, _)| format!("`{name}`")).collect();
                let span = text.find(name).map_or(node.span, |at| node.inner_span(at..at + name.len()));
                found.push(
                    Diagnostic::error("unknown-type", span, format!("there is no type `{name}`"))
                        .suggest_near(span, name, TYPES.iter().map(|(name, _)| *name))
                        .help(format!(
                            "types are {}, each also as `optional TYPE` or `[TYPE]`, and `{{ one_of: [..] }}`",
                            names.join(", ")
                        )),
                );
            }
            known.map(|(_, ty)| Field { ty: if list { ty.clone().list() } else { ty.clone() }, optional })
        }
    }
}

impl Reader<'_> {
    /// `events`, by event.
    pub(super) fn events(&mut self, node: &Node) -> BTreeMap<AssessmentEvent, BTreeMap<String, Field>> {
        let mut events = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            let fields = if value.is_null() { BTreeMap::new() } else { self.fields(value) };
            if let Some(event) = self.event(&key.text, key.span) {
                events.insert(event, fields);
            }
        }
        events
    }

    /// An event by its name.
    pub(super) fn event(&mut self, name: &str, span: crate::lang::source::Span) -> Option<AssessmentEvent> {
        let event = name.parse().ok();
        if event.is_none() {
            let names = AssessmentEvent::ALL.iter().map(|event| event.as_str());
            self.found.push(
                Diagnostic::error("unknown-event", span, format!("no step of an assessment is called `{name}`"))
                    .suggest_near(span, name, names.clone())
                    .help(format!("known are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
            );
        }
        event
    }
}
