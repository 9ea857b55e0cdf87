//! The simulator keeps to what is known of the real services.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests, which fail by panicking")]

mod census;
mod command;
mod deliveries;
mod http;
mod lever;
mod login;
mod page;
mod papers;
mod vendor;
mod vendors;
