//! Integration tests, one module for each part.

mod check;

mod cli;
mod schema;
mod sim;
mod store;
