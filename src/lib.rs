//! leverd.
