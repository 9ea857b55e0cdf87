//! Integration tests, one module for each part.

mod check;
mod mangled;
mod sim;
mod yaml;

mod vendor;
