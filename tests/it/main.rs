//! Integration tests, one module for each part.

mod check;
mod mangled;
mod yaml;
mod sim;
