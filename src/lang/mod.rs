//! TEXT: what authors write, and what is said to them about it.
//!
//! Text in, located trees and messages out. It leans on `model` only: no clock, socket, file or randomness.

pub mod action;
pub mod adapter;
pub mod diagnostic;
pub mod near;
pub mod path;
pub mod pattern;
pub mod render;
pub mod rule;
pub mod ruleset;
pub mod source;
pub mod template;
pub mod vocabulary;
pub mod yaml;
