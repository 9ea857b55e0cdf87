//! What a template is made of, as far as checking and preparing values need it. Plain text is left out.

use super::helper::Helper;
use crate::lang::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What depends on values.
#[derive(Debug)]
pub(super) enum Part {
    Print(Expr),
    If {
        /// `#unless`.
        negated: bool,
        path: PathUse,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    Each {
        path: PathUse,
        body: Vec<Part>,
        otherwise: Vec<Part>,
    },
}

#[derive(Debug)]
pub(super) enum Expr {
    Path(PathUse),
    Call(Call),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) helper: Helper,
    pub(super) span: Span,
    pub(super) args: Vec<Arg>,
}

#[derive(Debug)]
pub(super) enum Arg {
    Path(PathUse),
    Call(Call),
    Text(String, Span),
    Number(String, Span),
    /// The name of a band.
    Band(String, Span),
}

impl Arg {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Path(path) => path.span,
            Self::Call(call) => call.span,
            Self::Text(_, span) | Self::Number(_, span) | Self::Band(_, span) => *span,
        }
    }
}

/// A name as used at one place.
#[derive(Debug, Clone)]
pub(super) struct PathUse {
    /// How many `../` stand before it.
    pub(super) up: usize,
    pub(super) name: Name,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// A dotted name, from the root or from the item of the innermost loop.
    Field(String),
    /// The item itself.
    This,
    Index,
    First,
    Last,
}

impl Name {
    /// As the author wrote it.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Field(name) => name,
            Self::This => "this",
            Self::Index => "@index",
            Self::First => "@first",
            Self::Last => "@last",
        }
    }
}

/// What a name is read for. Each role of a name gets a key of its own in the data that handlebars sees, so that
/// one name can be printed, tested and rounded in one template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Printed: a text that is left out when absent, which is an error when it is reached.
    Print,
    /// Printed by a helper: a text, or null.
    Maybe,
    /// Calculated with: a number, a date, a list of texts, or null.
    Raw,
    /// Tested: a bool.
    Test,
    /// The label of a band: a text, or null.
    Band,
}

impl Role {
    /// The key of a name in this role. Names hold none of these signs, so keys cannot collide.
    pub(super) fn key(self, name: &str) -> String {
        let sign = match self {
            Self::Print => '=',
            Self::Maybe => '~',
            Self::Raw => '#',
            Self::Test => '?',
            Self::Band => '%',
        };
        format!("{sign}{name}")
    }
}

/// The key of a list to walk.
pub(super) fn list_key(name: &str) -> String {
    format!("*{name}")
}

/// What must be prepared for the root or for each item of a list.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) uses: BTreeSet<(Role, String)>,
    /// Lists that are walked, with the frame of their items.
    pub(super) lists: BTreeMap<String, usize>,
}
