//! JSONPath, used in `vendor.yaml` only: where a value stands in a vendor's JSON.
//!
//! jsonpath-rust does the work behind [`Path`]; [`lint`] refuses at load what it reads wrongly or slowly. An
//! [`Extract`] is a path with pipes (`$.expiresAt | iso8601`). Nothing else in the crate knows that library.

mod extract;
mod lint;
mod pipe;

pub use extract::{Extract, ExtractError, PipeContext};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::Span;
use super::yaml::Node;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::query::{QueryRef, js_path_process};
use serde_json::Value as Json;
use std::fmt;
use std::ops::Range;

/// Code of "this is no JSONPath".
pub(super) const CODE: &str = "jsonpath";

/// The longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 512;
/// The most `..` in one path: each of them visits everything below.
pub const MAX_DESCENDANTS: usize = 2;

/// How many values a path may select.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// At most one: names and indexes only.
    One,
    /// Any number.
    Many,
}

/// A JSONPath (RFC 9535), parsed once and free of what the library reads wrongly.
#[derive(Clone)]
pub struct Path {
    source: String,
    query: JpQuery,
}

impl Path {
    /// Parses the text of a scalar; every fault gets its own caret within it.
    pub fn parse(node: &Node, select: Select, diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = node.as_text(diagnostics)?;
        Self::parse_text(text, select, &|range| node.inner_span(range), diagnostics)
    }

    /// Parses a text; `place` tells where a byte range of it stands.
    pub fn parse_text(
        text: &str,
        select: Select,
        place: &dyn Fn(Range<usize>) -> Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut faults = lint::text(text);
        let mut query = None;
        if faults.is_empty() {
            match jsonpath_rust::parser::parse_json_path(text) {
                Ok(parsed) => {
                    faults = lint::query(&parsed, text, select);
                    query = Some(parsed);
                }
                Err(error) => faults.push(lint::grammar(&error.to_string(), text)),
            }
        }
        let good = faults.is_empty();
        diagnostics.extend(faults.into_iter().map(|fault| {
            let found = Diagnostic::error(CODE, place(fault.range), fault.message);
            match fault.instead {
                Some((range, instead, title)) => found.suggest_as(title, place(range), instead),
                None => found.help(fault.help),
            }
        }));
        let query = query.filter(|_| good)?;
        Some(Self { source: text.to_owned(), query })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it selects at most one value, whatever the document.
    pub fn is_singular(&self) -> bool {
        lint::is_singular(&self.query.segments)
    }

    /// All values it selects, in the order of the document.
    pub fn nodes<'a>(&self, document: &'a Json) -> Vec<&'a Json> {
        js_path_process(&self.query, document).map(|found| found.into_iter().map(QueryRef::val).collect()).unwrap_or_default()
    }

    /// The first value it selects.
    pub fn first<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.nodes(document).into_iter().next()
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.source).finish()
    }
}

/// Two paths are the same when their texts are.
impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Path {}

#[cfg(test)]
mod tests;
