//! leverd.

pub mod model;
