//! leverd.

pub mod lang;
pub mod model;
pub mod sim;
pub mod store;
