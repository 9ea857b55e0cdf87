//! leverd.

pub mod http;
pub mod lang;
pub mod lever;
pub mod model;
pub mod sim;
pub mod store;
