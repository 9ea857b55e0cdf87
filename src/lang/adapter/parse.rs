//! The file as a whole.
use super::Adapter;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::yaml::Node;

/// Makes an adapter of a located tree. Every fault leaves a diagnostic; with an error there is no adapter.
pub fn parse(_root: &Node, _diagnostics: &mut Diagnostics) -> Option<Adapter> {
    None
}
