//! Every code that the checks of `vendor.yaml` use: code, text, a bad and a good example.

/// `(code, text, bad, good)`.
pub const ENTRIES: &[(&str, &str, &str, &str)] = &[];
