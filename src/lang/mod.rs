//! TEXT: what authors write, and what is said to them about it.
//!
//! Text in, located trees and messages out. It leans on `model` only: no clock, socket, file or randomness.

pub mod diagnostic;
pub mod near;
pub mod render;
pub mod source;
pub mod yaml;
