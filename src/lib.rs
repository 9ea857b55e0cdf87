//! leverd.

pub mod lang;
