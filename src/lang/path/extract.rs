//! A path with pipes: `$.expiresAt | iso8601`, `$.score | percent($.max) | default(0)`.

use super::pipe::{self, Pipe};
use super::{CODE, Path, Select};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::Node;
use crate::model::Type;
use serde_json::Value as Json;
use std::ops::Range;

/// What pipes need to know besides the document.
#[derive(Debug, Clone, Copy)]
pub struct PipeContext<'a> {
    /// Relative URLs are joined with it.
    pub base_url: &'a str,
}

/// Why a value could not be taken. Names what was found by its kind, never the value: it may be a candidate's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pipe}` needs {wanted} at `{path}`, found {found}")]
pub struct ExtractError {
    pub path: String,
    pub pipe: String,
    pub wanted: &'static str,
    pub found: &'static str,
}

/// A path and the pipes its value goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    source: String,
    path: Path,
    pipes: Vec<Pipe>,
}

impl Extract {
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
        let mut stages = pipe::split(text, '|').into_iter();
        let first = stages.next()?;
        let (path_text, start) = trimmed(text, first);
        let within = |range: Range<usize>| place(start + range.start..start + range.end);
        let path = Path::parse_text(path_text, select, &within, diagnostics);
        let mut pipes = Vec::new();
        let mut good = true;
        for stage in stages {
            let (stage_text, start) = trimmed(text, stage);
            match Pipe::parse(stage_text) {
                Ok(pipe) => pipes.push(pipe),
                Err(fault) => {
                    good = false;
                    let span = place(start + fault.range.start..start + fault.range.end);
                    let mut found = Diagnostic::error(CODE, span, fault.message);
                    if let Some(word) = fault.unknown {
                        found = found.suggest_near(span, &word, pipe::NAMES);
                    }
                    diagnostics.push(found.or_help(fault.help));
                }
            }
        }
        let path = path.filter(|_| good)?;
        Some(Self { source: text.to_owned(), path, pipes })
    }

    /// As the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path before the first `|`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every value that the path selects, before any pipe.
    pub fn nodes<'a>(&self, document: &'a Json) -> Vec<&'a Json> {
        self.path.nodes(document)
    }

    /// The type that the pipes make, where they make one.
    pub fn ty(&self) -> Option<Type> {
        self.pipes.iter().rev().find_map(Pipe::ty)
    }

    /// Whether a `default` stands at the end, so that the value is never absent.
    pub fn has_default(&self) -> bool {
        matches!(self.pipes.last(), Some(Pipe::Default(_)))
    }

    /// The first value that the path selects, piped. Nothing where it is absent or null. Dates come out as RFC 3339 in UTC.
    pub fn apply(&self, document: &Json, context: &PipeContext<'_>) -> Result<Option<Json>, ExtractError> {
        self.piped(self.path.first(document), document, context)
    }

    /// All values that the path selects, each piped; absent ones and nulls are left out.
    pub fn apply_all(&self, document: &Json, context: &PipeContext<'_>) -> Result<Vec<Json>, ExtractError> {
        let nodes = self.nodes(document).into_iter();
        nodes.filter_map(|node| self.piped(Some(node), document, context).transpose()).collect()
    }

    fn piped(&self, node: Option<&Json>, document: &Json, context: &PipeContext<'_>) -> Result<Option<Json>, ExtractError> {
        let mut value = node.filter(|node| !node.is_null()).cloned();
        for pipe in &self.pipes {
            value = match (value, pipe) {
                (None, Pipe::Default(default)) => Some(default.clone()),
                (None, _) => None,
                (Some(value), pipe) => pipe.apply(&value, document, context).map_err(|wanted| ExtractError {
                    path: self.path.source().to_owned(),
                    pipe: pipe.name().to_owned(),
                    wanted,
                    found: kind(&value),
                })?,
            };
        }
        Ok(value)
    }
}

fn trimmed(text: &str, range: Range<usize>) -> (&str, usize) {
    let piece = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (piece.len() - piece.trim_start().len());
    (piece.trim(), start)
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text of another form",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
