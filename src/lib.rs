//! leverd.

pub mod engine;
pub mod lang;
pub mod model;
pub mod lang;
pub mod lever;
pub mod http;
pub mod store;
pub mod sim;
