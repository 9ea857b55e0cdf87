//! Which way planning went where that leaves no step: blocks of texts, and steps of bands. Noted only when asked for.

use crate::lang::source::Span;
use std::collections::BTreeSet;

/// What was come to while an event was planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// What a block of a text asked about, by its place, and the answer.
    pub blocks: BTreeSet<(Span, bool)>,
    /// Bands with the labels that they came to.
    pub bands: BTreeSet<(String, String)>,
}

impl Ways {
    /// The same with what was come to elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.blocks.extend(&other.blocks);
        self.bands.extend(other.bands.iter().cloned());
    }
}
