//! Integration tests, one module for each part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it is wrong, in its helpers too"
)]

mod check;
mod suite;
mod http;
mod lever;
mod lever_sim;
mod mangled;

mod cli;
mod schema;
mod sim;
mod store;
mod yaml;

mod vendor;

mod examples;
mod layers;
mod readme;
