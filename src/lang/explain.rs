//! Every code with its explanation.

use super::diagnostic::Diagnostic;

/// a
pub fn in_example_pack(action: &str) -> String {
    action.to_owned()
}
/// b
pub fn check_rules(_: &str) -> Vec<Diagnostic> {
    Vec::new()
}
