//! The tree: every node knows its bytes in the source.

use super::offsets::Offsets;
use crate::lang::source::Span;
use std::ops::Range;

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text after YAML's escapes and folding, not resolved to any type.
    Scalar {
        text: String,
        style: Style,
    },
    Seq(Vec<Node>),
    /// Entries in file order. A key that came twice is here once, with its first value.
    Map(Vec<(Key, Node)>),
    /// Something that was reported already (an alias, a foreign tag). Readers say nothing more about it.
    Faulty,
}

/// A key of a map. For quoted keys the span covers the quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
    /// Whether it is a list or a map between brackets.
    pub brackets: bool,
    /// From positions in a scalar's text to bytes of the source.
    pub(super) offsets: Offsets,
}

impl Node {
    /// A node that is no scalar.
    pub(super) fn new(span: Span, kind: Kind) -> Self {
        Self { span, kind, brackets: false, offsets: Offsets::Whole }
    }

    /// A list or a map.
    pub(super) fn group(span: Span, kind: Kind, brackets: bool) -> Self {
        Self { span, kind, brackets, offsets: Offsets::Whole }
    }

    /// A map or a list made of parts of another.
    pub(crate) fn part(span: Span, kind: Kind) -> Self {
        Self::new(span, kind)
    }

    /// Whether nothing stands here, or `~` or `null` unquoted.
    pub fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, style: Style::Plain } => matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            _ => false,
        }
    }

    /// Whether this was reported already and is best passed over in silence.
    pub fn is_faulty(&self) -> bool {
        self.kind == Kind::Faulty
    }

    /// The text of a scalar, whatever it means; nothing for a list or a map.
    pub fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The entry under a key of a map.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(known, _)| known.text == key),
            _ => None,
        }
    }

    /// Where a byte range of the scalar's text stands in the source. Where that cannot be told the whole node.
    pub fn inner_span(&self, range: Range<usize>) -> Span {
        self.offsets.source_range(range).map_or(self.span, |found| Span::new(self.span.source, found))
    }

    /// What it is, for messages: `a text`, `a list`, `a map`, `nothing`.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing",
            Kind::Scalar { .. } => "a single value",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Faulty => "something faulty",
        }
    }
}
