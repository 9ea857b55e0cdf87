//! The conductor.
pub mod clock;
pub mod files;
pub mod watch;
