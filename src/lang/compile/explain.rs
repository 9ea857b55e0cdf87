//! Codes of rule files, with examples.

use crate::lang::explain::Entry;

/// `(code, text, bad, good)`.
pub const ENTRIES: &[Entry] = &[];
