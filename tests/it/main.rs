//! Integration tests, one module for each part.

mod check;
mod sim;
