//! The integration tests: one module per part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it is wrong, in its helpers too"
)]

mod http;
mod lever;
//! Integration tests, one module for each part.

mod check;
mod sim;
