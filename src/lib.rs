//! leverd.

pub mod http;
pub mod lever;
pub mod model;
