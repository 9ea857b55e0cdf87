//! Integration tests, one module for each part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it is wrong, in its helpers too"
)]

mod browser;
mod check;
mod ci;
mod cli;
mod coverage;
mod demo;
mod dice;
mod docs;
mod examples;
mod explain;
mod flow;
mod format;
mod fuzzed;
mod http;
mod ids;
#[cfg(feature = "kill-points")]
mod kill;
mod layers;
mod lease_model;
mod lever;
mod lever_sim;
mod lsp;
mod mangled;
mod packaging;
mod packs;
mod pages;
mod policy;
mod postgres;
mod promise;
mod readme;
mod reports;
mod sarif;
mod schema;
mod security;
mod sim;
#[cfg(feature = "kill-points")]
mod simulation;
mod store;
mod suite;
mod tutorials;
mod vendor;
mod yaml;
