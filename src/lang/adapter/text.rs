//! Text with `{{name}}` holes, as requests and signatures use it: no helpers, no blocks. Where a hole stands decides how its value is
//! written (percent-encoded in a path, plain elsewhere), which a general template engine could not know.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use crate::lang::yaml::Node;

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// A name such as `candidate.email`.
    Name(String),
}

/// A text with holes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub Vec<Piece>);

/// A name with its place, for the checks of [`super::names`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: String,
    pub(super) span: Span,
}

impl Text {
    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text, if it has no holes.
    pub fn literal(&self) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Name(_) => None,
            })
            .collect()
    }

    /// The text rendered by `value`, which writes one name; the first absent name otherwise.
    pub fn render(&self, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Name(name) => text.push_str(&value(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(text)
    }
}

/// Reads a scalar as a text with holes.
pub(super) fn text(node: &Node, mentions: &mut Vec<Mention>, diagnostics: &mut Diagnostics) -> Option<Text> {
    let source = node.as_text(diagnostics)?;
    from(source, |range| node.inner_span(range), mentions, diagnostics)
}

/// Reads `source`, whose bytes stand where `place` says.
pub(super) fn from(
    source: &str,
    place: impl Fn(std::ops::Range<usize>) -> Span,
    mentions: &mut Vec<Mention>,
    diagnostics: &mut Diagnostics,
) -> Option<Text> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some(open) = source.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        if let Some(plain) = source.get(at..open).filter(|plain| !plain.is_empty()) {
            pieces.push(Piece::Text(plain.to_owned()));
        }
        let inside = open + 2;
        let Some(close) = source.get(inside..).and_then(|rest| rest.find("}}")).map(|found| inside + found) else {
            diagnostics.push(
                Diagnostic::error("vendor-text", place(open..source.len()), "this `{{` is never closed")
                    .help("close it with `}}`, such as `{{candidate.email}}`"),
            );
            return None;
        };
        let raw = source.get(inside..close).unwrap_or_default();
        let name = raw.trim();
        let start = inside + (raw.len() - raw.trim_start().len());
        let span = place(start..start + name.len());
        if !is_name(name) {
            diagnostics
                .push(Diagnostic::error("vendor-text", place(open..close + 2), format!("`{name}` is not a name")).help(
                    "between `{{` and `}}` stands one name, such as `candidate.email`; helpers and blocks are for rules",
                ));
            return None;
        }
        mentions.push(Mention { name: name.to_owned(), span });
        pieces.push(Piece::Name(name.to_owned()));
        at = close + 2;
    }
    if let Some(plain) = source.get(at..).filter(|plain| !plain.is_empty()) {
        pieces.push(Piece::Text(plain.to_owned()));
    }
    Some(Text(pieces))
}

/// Whether a text is a dotted name: words of letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('.')
            .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
}
