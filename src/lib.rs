//! leverd.

pub mod lang;
pub mod http;
pub mod lever;
pub mod model;
pub mod store;
pub mod sim;
