//! What is taken from an answer: a JSONPath with pipes, or a header, with the type that a capture must have.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::Node;
use crate::model::{Field, Value};
use jsonpath_rust::parser::model::JpQuery;
use serde_json::Value as Json;

/// A JSONPath with pipes, compiled.
#[derive(Debug, Clone)]
pub struct Extract {
    source: String,
    query: JpQuery,
}

impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

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
    /// Declared by `TYPE` after `as`, if it is.
    pub field: Option<Field>,
}

impl Extract {
    /// As the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every node that the path selects, before any pipe.
    pub fn nodes<'a>(&self, body: &'a Json) -> Vec<&'a Json> {
        jsonpath_rust::query::js_path_process(&self.query, body)
            .map(|found| found.into_iter().map(jsonpath_rust::query::QueryRef::val).collect())
            .unwrap_or_default()
    }

    /// The value, piped; `None` is absent. `base` is what relative URLs are joined with. An error says what was found instead of
    /// what a pipe wants, without the value.
    pub fn get(&self, body: &Json, _base: &str) -> Result<Option<Value>, String> {
        Ok(self.nodes(body).into_iter().next().and_then(super::super::adapter::extract::value))
    }
}

/// JSON as a value; null is absent.
pub(crate) fn value(json: &Json) -> Option<Value> {
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

/// Reads a scalar as a JSONPath with pipes.
pub(super) fn extract(node: &Node, diagnostics: &mut Diagnostics) -> Option<Extract> {
    let source = node.as_text(diagnostics)?;
    from(source, |range| node.inner_span(range), diagnostics)
}

pub(super) fn from(
    source: &str,
    place: impl Fn(std::ops::Range<usize>) -> Span,
    diagnostics: &mut Diagnostics,
) -> Option<Extract> {
    match jsonpath_rust::parser::parse_json_path(source) {
        Ok(query) => Some(Extract { source: source.to_owned(), query }),
        Err(_) => {
            diagnostics.push(Diagnostic::error("jsonpath", place(0..source.len()), format!("`{source}` is no JSONPath")));
            None
        }
    }
}
