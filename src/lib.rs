//! leverd.

pub mod engine;
pub mod lang;
pub mod model;
