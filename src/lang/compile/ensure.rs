//! `ensure`: what a pack needs in Lever that the API can make. Carried out by `leverd ensure`, never by a rule.

use super::check::Check;
use super::literal::unknown_option;
use super::shapes::{ENSURE, ENSURE_FIELD, ENSURE_FORM};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::{Ensure, EnsureForm};
use crate::lang::yaml::{Key, Node};
use crate::model::{FieldType, FormField};
use std::collections::HashMap;

/// The types that fields of profile forms have.
pub(crate) const PROFILE: [&str; 8] =
    ["text", "textarea", "yes-no", "date", "currency", "dropdown", "multiple-choice", "multiple-select"];

impl Check<'_, '_> {
    /// What stands under `ensure`.
    pub(crate) fn ensure(&mut self, node: &Node) -> Ensure {
        let mut ensure = Ensure::default();
        for (key, value) in ENSURE.entries(node, self.found) {
            if key.text == "form_templates" {
                for (name, form) in value.entries(self.found).unwrap_or_default() {
                    ensure.form_templates.extend(self.ensured_form(name, form));
                }
            } else {
                for item in value.items(self.found).unwrap_or_default() {
                    let Some(name) = item.as_text(self.found) else { continue };
                    if self.declared.families.contains_key(name) {
                        ensure.tags.push(name.to_owned());
                        continue;
                    }
                    let families = self.declared.families.keys().map(String::as_str);
                    let fault = Diagnostic::error("unknown-family", item.span, format!("there is no tag family `{name}`"))
                        .suggest_near(item.span, name, families)
                        .help("`tags` of `ensure` names families that are declared under `tags` of the file");
                    self.found.push(fault);
                }
            }
        }
        ensure
    }

    fn ensured_form(&mut self, name: &Key, node: &Node) -> Option<EnsureForm> {
        let entries = ENSURE_FORM.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let instructions = get("instructions").and_then(|node| node.as_text(self.found)).unwrap_or_default().to_owned();
        let secret = get("secret").and_then(|node| node.as_bool(self.found)).unwrap_or(false);
        let items = get("fields")?.items(self.found)?;
        if items.is_empty() {
            self.error(
                "wrong-type",
                name.span,
                "a form without fields asks nothing",
                "add a field: `{ text: Score, type: text }`",
            );
            return None;
        }
        let mut fields = Vec::new();
        let mut seen: HashMap<String, &Node> = HashMap::new();
        for item in items {
            let Some(field) = self.ensured_field(item) else { continue };
            if let Some(first) = seen.insert(field.text.clone(), item) {
                let message = format!("the field `{}` stands twice", field.text);
                self.found.push(
                    Diagnostic::error("duplicate-name", item.span, message)
                        .also(first.span, "first here")
                        .help("rules know a field by its text: give each its own"),
                );
            }
            fields.push(field);
        }
        Some(EnsureForm { name: name.text.clone(), instructions, secret, fields })
    }

    fn ensured_field(&mut self, node: &Node) -> Option<FormField> {
        let entries = ENSURE_FIELD.entries(node, self.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let text = get("text")?.as_text(self.found)?.to_owned();
        let named = get("type")?;
        let ty = named.as_text(self.found)?;
        if !PROFILE.contains(&ty) {
            let options: Vec<String> = PROFILE.iter().map(|&one| one.to_owned()).collect();
            self.found.push(unknown_option(named, ty, &options));
            return None;
        }
        let ty = FieldType::from(ty.to_owned());
        let required = get("required").and_then(|node| node.as_bool(self.found)).unwrap_or(false);
        let options = get("options").map(|node| node.items(self.found).unwrap_or_default()).unwrap_or_default();
        let options: Vec<String> = options.iter().filter_map(|item| item.as_text(self.found).map(str::to_owned)).collect();
        if ty.chooses() == options.is_empty() {
            let (message, help) = if ty.chooses() {
                (format!("a field of type `{ty}` offers options, and `{text}` has none"), "add `options: [ … ]`")
            } else {
                (format!("a field of type `{ty}` has no options"), "leave `options` out, or choose `dropdown`")
            };
            self.error("wrong-type", node.span, message, help);
            return None;
        }
        // Lever gives ids when it makes the template.
        Some(FormField { id: String::new(), text, ty, required, options })
    }
}
