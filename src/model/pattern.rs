//! A tag pattern after rendering: literal pieces and typed holes. `lang::pattern` parses and matches it; effects carry it.

use super::Type;
use serde::{Deserialize, Serialize};

/// A named, typed hole in a pattern: `{n:number}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hole {
    pub name: String,
    pub ty: Type,
}

/// One piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Text(String),
    Hole(Hole),
}

/// Text with typed holes. A pattern without holes matches exactly its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub Vec<Piece>);

impl Pattern {
    /// The pattern that matches exactly `text`, braces and all.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// The text, if the pattern has no holes.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// How many characters are literal: of two patterns that match a tag, the one with more owns it.
    pub fn literal_len(&self) -> usize {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.chars().count(),
                Piece::Hole(_) => 0,
            })
            .sum()
    }
}
