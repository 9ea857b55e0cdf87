//! leverd.

pub mod cli;
pub mod engine;
pub mod http;
pub mod lang;
pub mod lever;
pub mod model;
pub mod runtime;
pub mod sim;
pub mod store;
pub mod suite;
pub mod vendor;
