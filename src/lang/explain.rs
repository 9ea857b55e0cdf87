//! Every diagnostic code with what it means: the registry behind `leverd explain`.

use super::config;

/// `(code, text, bad example, good example)`.
pub type Entry = (&'static str, &'static str, &'static str, &'static str);

/// All entries, by part of the language.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    config::explain::ENTRIES.iter()
}
