//! Integration tests, one module for each part.

mod check;
mod mangled;

mod cli;
mod schema;
mod sim;
mod yaml;
