//! Integration tests, one module for each part.

mod check;
mod store;
mod sim;
