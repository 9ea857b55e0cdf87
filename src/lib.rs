//! leverd.

pub mod lang;
pub mod model;
pub mod store;
