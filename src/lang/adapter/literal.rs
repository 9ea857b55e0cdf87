//! Secrets that stand in the file itself. `vendor.yaml` lives in git and is shared; it names secrets, a connection gives them.

use super::ctx::Reader;
use super::text::Text;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::Node;

/// Words in the name of a header, key or parameter that holds a credential.
const WORDS: [&str; 8] = ["authorization", "password", "passwd", "secret", "token", "signature", "api-key", "apikey"];

/// Whether a header, key or parameter of this name holds a credential.
fn credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "key" || WORDS.iter().any(|word| name.contains(word))
}

/// Whether a text looks like a random key: long, of letters and digits without a blank.
fn random(text: &str) -> bool {
    let word = text.rsplit(' ').next().unwrap_or(text);
    let digits = word.chars().filter(char::is_ascii_digit).count();
    word.len() >= 24
        && digits >= 4
        && word.chars().filter(char::is_ascii_alphabetic).count() >= 4
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=' | '.'))
}

impl Reader<'_> {
    /// Refuses a text under this name that is a credential and reads no secret. `always`: whatever its name.
    pub(super) fn refuse_literal(&mut self, name: &str, text: &Text, node: &Node, always: bool) {
        let reads = text.names().any(|name| name.starts_with("secret.") || name == "token");
        let Some(literal) = text.literal() else { return };
        if reads || literal.is_empty() || !(always || credential(name) || random(&literal)) {
            return;
        }
        self.found.push(
            Diagnostic::error("literal-secret", node.span, format!("the secret of `{name}` stands in the file"))
                .label("blanked in this message")
                .help("declare it: `secrets: { api_key: what it is }`, and write `\"{{secret.api_key}}\"` here; replace the one that was written"),
        );
    }
}
