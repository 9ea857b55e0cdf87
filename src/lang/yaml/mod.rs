//! YAML files as located trees.
//!
//! The reader keeps of YAML what rule files need and refuses the rest with a message: one document, text keys, each
//! key once, no anchors, aliases, merge keys, directives or tags (`!!str` alone is allowed). Nothing is resolved:
//! each scalar stays text, and the type of its field decides how it is read ([`read`]), so that `no`, `1.10` and
//! `12:30` are what they look like. It leans on granit-parser for YAML itself.

mod indent;
mod load;
mod node;
mod offsets;
mod read;
mod sketch;
mod syntax;

pub use load::{MAX_DEPTH, MAX_NODES, load};
pub use node::{Key, Kind, Node, Style};
pub(crate) use read::stray;
pub use read::{parse_duration, parse_int, parse_number, unknown_key, written};
pub use sketch::sketch;

#[cfg(test)]
mod tests;
