//! leverd.

pub mod http;
pub mod lang;
pub mod lever;
pub mod model;
pub mod model;
pub mod vendor;
pub mod lang;
pub mod lever;
pub mod http;
pub mod store;
pub mod sim;
pub mod store;
