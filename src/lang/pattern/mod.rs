//! Patterns: text with typed holes, `{{assessment.title}} - {score:number} %`.
//!
//! As written a pattern is templates and holes ([`PatternText`]); rendered it is a [`Pattern`] of the model, which is
//! matched here. Catalogue names come through [`Names`]; it knows neither tags nor families.

mod matching;

pub use matching::{Captures, MAX_TEXT_BYTES, Names, matches};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::rule::{PatternPiece, PatternText};
use super::source::Span;
use super::template::{Clean, Lookup, RenderError, Scope, Template};
use super::yaml::Node;
use crate::model::{Hole, Kind, Pattern, Piece, Type};
use std::ops::Range;
use std::sync::Arc;

/// Code of "this is no pattern".
const CODE: &str = "pattern";

/// The most holes of one pattern.
pub const MAX_HOLES: usize = 8;

/// The types a hole may have, as written.
pub const HOLE_TYPES: [&str; 11] = [
    "text",
    "int",
    "number",
    "tag",
    "stage",
    "posting",
    "user",
    "archive_reason",
    "form_template",
    "feedback_template",
    "assessment",
];

/// The type behind `{hole:NAME}`.
pub fn hole_type(name: &str) -> Option<Type> {
    Some(match name {
        "text" => Type::Text,
        "int" => Type::Int,
        "number" => Type::Number,
        "tag" => Type::Tag,
        "stage" => Type::STAGE,
        "posting" => Type::POSTING,
        "user" => Type::Named(Kind::User),
        "archive_reason" => Type::Named(Kind::ArchiveReason),
        "form_template" => Type::Named(Kind::FormTemplate),
        "feedback_template" => Type::Named(Kind::FeedbackTemplate),
        "assessment" => Type::ASSESSMENT,
        _ => return None,
    })
}

impl PatternText {
    /// Parses the text of a scalar; every fault gets its own caret within it.
    pub fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = node.as_text(diagnostics)?;
        Self::parse_text(text, &|range| node.inner_span(range), diagnostics)
    }

    /// Parses a text; `place` tells where a byte range of it stands.
    pub fn parse_text(text: &str, place: &dyn Fn(Range<usize>) -> Span, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut parser = Parser { text, place, pieces: Vec::new(), faults: Diagnostics::new() };
        parser.run();
        let good = !parser.faults.has_errors();
        diagnostics.extend(parser.faults);
        good.then_some(Self(parser.pieces))
    }

    /// Checks names and types of its templates. Whether they are all right.
    pub fn check(&self, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> bool {
        let mut good = true;
        for template in self.templates() {
            good &= template.check(scope, diagnostics);
        }
        good
    }

    /// The templates between the holes.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.0.iter().filter_map(|piece| match piece {
            PatternPiece::Text(template) => Some(&**template),
            PatternPiece::Hole(_) => None,
        })
    }

    /// The holes, in the order of the text.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.0.iter().filter_map(|piece| match piece {
            PatternPiece::Text(_) => None,
            PatternPiece::Hole(hole) => Some(hole),
        })
    }

    /// The dotted names its templates read, sorted, each once.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.templates().flat_map(Template::paths).cloned().collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The pattern as written.
    pub fn source(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                PatternPiece::Text(template) => template.source().to_owned(),
                PatternPiece::Hole(hole) => format!("{{{}:{}}}", hole.name, type_name(&hole.ty)),
            })
            .collect()
    }

    /// The pattern for these values: texts joined, blanks at both ends dropped.
    pub fn render(&self, values: &dyn Lookup) -> Result<Pattern, RenderError> {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in &self.0 {
            match piece {
                PatternPiece::Hole(hole) => pieces.push(Piece::Hole(hole.clone())),
                PatternPiece::Text(template) => {
                    let text = template.render_for(values, Clean::Tag)?;
                    match pieces.last_mut() {
                        Some(Piece::Text(before)) => before.push_str(&text),
                        _ => pieces.push(Piece::Text(text)),
                    }
                }
            }
        }
        if let Some(Piece::Text(first)) = pieces.first_mut() {
            *first = first.trim_start().to_owned();
        }
        if let Some(Piece::Text(last)) = pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Pattern(pieces))
    }
}

fn type_name(ty: &Type) -> &'static str {
    HOLE_TYPES.into_iter().find(|name| hole_type(name).as_ref() == Some(ty)).unwrap_or("text")
}

struct Parser<'a> {
    text: &'a str,
    place: &'a dyn Fn(Range<usize>) -> Span,
    pieces: Vec<PatternPiece>,
    faults: Diagnostics,
}

impl Parser<'_> {
    fn run(&mut self) {
        let tags = super::template::tag_ranges(self.text);
        let mut tags = tags.iter().peekable();
        let (mut start, mut at) = (0, 0);
        while let Some(found) = self.rest(at).find(['{', '}']) {
            at += found;
            while tags.peek().is_some_and(|tag| tag.end <= at) {
                tags.next();
            }
            if let Some(tag) = tags.peek().filter(|tag| tag.contains(&at)) {
                at = tag.end;
            } else if self.rest(at).starts_with('}') {
                self.fault(at..at + 1, "this `}` closes nothing", "a pattern cannot have a brace as text");
                at += 1;
            } else if let Some(length) = self.rest(at).find('}') {
                self.template(start..at);
                let range = at..at + length + 1;
                at = range.end;
                start = at;
                self.hole(range);
            } else {
                self.unclosed(at);
                at = self.text.len();
                start = at;
            }
        }
        self.template(start..self.text.len());
        if self.pieces.is_empty() && !self.faults.has_errors() {
            self.fault(0..self.text.len(), "this pattern is empty", "write a text, with `{name}` for what may vary");
        }
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn fault(&mut self, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let span = (self.place)(range);
        self.faults.push(Diagnostic::error(CODE, span, message).help(help));
    }

    /// A `{` that nothing closes. What looks like a hole is marked whole, and closed where it ends.
    fn unclosed(&mut self, at: usize) {
        let inner = self.rest(at + 1);
        let end = inner.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ':')));
        let length = end.unwrap_or(inner.len());
        let range = at..at + 1 + length;
        if length == 0 {
            return self.fault(range, "this `{` is never closed", "a hole is written `{name}` or `{name:number}`");
        }
        let closed = format!("{}}}", self.text.get(range.clone()).unwrap_or_default());
        let span = (self.place)(range);
        let fault = Diagnostic::error(CODE, span, "this `{` is never closed");
        self.faults.push(fault.suggest_as("close the hole", span, closed));
    }

    fn template(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let text = self.text.get(range.clone()).unwrap_or_default();
        let place = |inner: Range<usize>| (self.place)(range.start + inner.start..range.start + inner.end);
        let template = Template::parse_text(text, &place, &mut self.faults);
        self.pieces.extend(template.map(|template| PatternPiece::Text(Arc::new(template))));
    }

    fn hole(&mut self, range: Range<usize>) {
        let inner = self.text.get(range.start + 1..range.end - 1).unwrap_or_default();
        let (name, ty) = inner.split_once(':').unwrap_or((inner, "text"));
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !word(name) {
            let message = format!("`{name}` is no name of a hole");
            self.fault(range, message, "names of holes are lower-case words, such as `{score:number}`");
            return;
        }
        let Some(hole_type) = hole_type(ty) else {
            let start = range.start + 1 + name.len() + 1;
            let span = (self.place)(start..range.end - 1);
            let known = HOLE_TYPES.map(|name| format!("`{name}`")).join(", ");
            self.faults.push(
                Diagnostic::error(CODE, span, format!("a hole cannot have the type `{ty}`"))
                    .suggest_near(span, ty, HOLE_TYPES)
                    .or_help(format!("known types are {known}")),
            );
            return;
        };
        let holes =
            || self.pieces.iter().filter_map(|piece| if let PatternPiece::Hole(hole) = piece { Some(hole) } else { None });
        if holes().any(|hole| hole.name == name) {
            self.fault(range, format!("two holes are called `{name}`"), "give them different names");
        } else if holes().count() == MAX_HOLES {
            self.fault(range, format!("a pattern has at most {MAX_HOLES} holes"), "match less");
        } else if matches!(self.pieces.last(), Some(PatternPiece::Hole(_))) {
            let help = "put some text between them";
            self.fault(range, "two holes stand side by side: where one ends cannot be told", help);
        } else {
            self.pieces.push(PatternPiece::Hole(Hole { name: name.to_owned(), ty: hole_type }));
        }
    }
}

#[cfg(test)]
mod tests;
