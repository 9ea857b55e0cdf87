//! TEXT: what authors write, and what is said to them about it.
//!
//! Text in, located trees and messages out. It leans on `model` only: no clock, socket, file or randomness.

pub mod action;
pub mod adapter;
pub mod bind;
pub mod caret;
pub mod catalogue;
pub mod compile;
pub mod config;
pub mod cost;
pub mod diagnostic;
pub mod docs;
pub mod ensure;
pub mod explain;
pub mod flow;
pub mod form;
pub mod format;
pub mod html;
pub(crate) mod lint;
pub mod load;
pub mod near;
pub mod path;
pub mod pattern;
pub mod places;
pub mod project;
mod range;
pub mod render;
pub mod route;
pub mod rule;
pub mod ruleset;
pub mod sarif;
pub mod schema;
pub mod scope;
pub mod shape;
pub mod source;
pub mod template;
pub mod vocabulary;
pub mod yaml;
