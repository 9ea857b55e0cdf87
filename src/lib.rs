//! leverd.
pub mod sim;
