//! What is taken from an answer: a JSONPath with pipes as a [`Value`], or a header, with the type that a capture must have.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::path::{self, PipeContext, Select};
use crate::lang::source::Span;
use crate::lang::yaml::Node;
use crate::model::{Field, Type, Value};
use serde_json::Value as Json;
use std::ops::Range;

/// A JSONPath with pipes that gives one of our values.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract(path::Extract);

/// Where a capture comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    Json(Extract),
    /// A header of the answer, in lower case.
    Header(String),
}

/// One capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    pub from: Origin,
    /// What its pipes make of it, or what its name demands; a value of another type is refused.
    pub field: Option<Field>,
}

impl Extract {
    /// As the author wrote it.
    pub fn source(&self) -> &str {
        self.0.source()
    }

    /// The type that its pipes make.
    pub fn ty(&self) -> Option<Type> {
        self.0.ty()
    }

    /// Every node that the path selects, before any pipe.
    pub fn nodes<'a>(&self, body: &'a Json) -> Vec<&'a Json> {
        self.0.nodes(body)
    }

    /// The value, piped; `None` is absent. A path that may select several gives a list. `base` is what relative URLs are joined with.
    /// An error says what was found instead of what a pipe wants, without the value.
    pub fn get(&self, body: &Json, base: &str) -> Result<Option<Value>, String> {
        let context = PipeContext { base_url: base };
        let typed = |json: &Json| match (self.0.ty(), value(json)) {
            (Some(Type::Date), Some(Value::Text(text))) => {
                text.parse().map(Value::date).map(Some).map_err(|_| "expected a date".to_owned())
            }
            (_, value) => Ok(value),
        };
        if self.0.path().is_singular() {
            let found = self.0.apply(body, &context).map_err(|error| error.to_string())?;
            return found.as_ref().map_or(Ok(None), typed);
        }
        let found = self.0.apply_all(body, &context).map_err(|error| error.to_string())?;
        let items: Result<Vec<_>, _> = found.iter().map(typed).collect();
        Ok(Some(Value::List(items?.into_iter().flatten().collect())))
    }
}

/// JSON as a value; null is absent.
fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Number))?,
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().filter_map(value).collect()),
        Json::Object(fields) => {
            Value::Record { record: fields.iter().filter_map(|(name, field)| Some((name.clone(), value(field)?))).collect() }
        }
    })
}

/// Reads a scalar as a JSONPath with pipes that selects one value.
pub(super) fn one(node: &Node, diagnostics: &mut Diagnostics) -> Option<Extract> {
    path::Extract::parse(node, Select::One, diagnostics).map(Extract)
}

/// The same for one that may select many.
pub(super) fn many(node: &Node, diagnostics: &mut Diagnostics) -> Option<Extract> {
    path::Extract::parse(node, Select::Many, diagnostics).map(Extract)
}

/// Reads a text, whose bytes stand where `place` says.
pub(super) fn from(text: &str, place: &dyn Fn(Range<usize>) -> Span, diagnostics: &mut Diagnostics) -> Option<Extract> {
    path::Extract::parse_text(text, Select::One, place, diagnostics).map(Extract)
}

/// Reads one capture: a JSONPath, or `header.NAME`.
pub(super) fn take(node: &Node, diagnostics: &mut Diagnostics) -> Option<Take> {
    let text = node.as_text(diagnostics)?;
    if let Some(name) = text.strip_prefix("header.") {
        return Some(Take { from: Origin::Header(name.to_ascii_lowercase()), field: Some(Field::optional(Type::Text)) });
    }
    if !text.trim_start().starts_with('$') {
        diagnostics.push(
            Diagnostic::error("jsonpath", node.span, format!("`{text}` is no JSONPath"))
                .help("write where the value stands in the answer, such as `$.data.id`, or `header.NAME`"),
        );
        return None;
    }
    let extract = many(node, diagnostics)?;
    let ty = extract.ty();
    let ty = if extract.0.path().is_singular() { ty } else { ty.map(Type::list) };
    Some(Take { from: Origin::Json(extract), field: ty.map(Field::optional) })
}
