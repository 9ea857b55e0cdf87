//! leverd.

pub mod engine;
pub mod http;
pub mod lang;
pub mod lever;
pub mod model;
pub mod sim;
pub mod store;
pub mod suite;
