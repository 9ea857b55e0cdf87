//! Integration tests, one module for each part.

mod check;
mod mangled;
mod packs;
mod schema;
mod sim;
mod yaml;

mod vendor;
