//! Forms that rules fill, held against the account's templates: every field by name, with a value that it takes.

use super::{Binder, ticked};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::form::{FormUse, takes};
use crate::lang::rule::{Operand, Place};
use crate::lang::ruleset::SettingValue;
use crate::model::{FormTemplate, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Binder<'_, '_> {
    /// All forms of the pack, by every template that its settings may name here.
    pub(super) fn forms(&mut self, settings: &BTreeMap<String, SettingValue>) {
        let pack = self.pack;
        for form in &pack.forms {
            let ids: BTreeSet<String> = match &form.template {
                Operand::Named { text, .. } => {
                    self.catalogue.find(form.kind, None, text.trim()).map(|named| named.id).into_iter().collect()
                }
                Operand::Place(Place::Setting { name, .. }) => {
                    let values = settings.get(name).into_iter().flat_map(SettingValue::all);
                    let named = values.filter_map(|value| if let Value::Named(named) = value { Some(&named.id) } else { None });
                    named.cloned().collect()
                }
                _ => BTreeSet::new(),
            };
            for id in ids {
                if let Some(template) = self.catalogue.template(form.kind, &id) {
                    self.pins.insert((form.kind, id, serde_json::to_string(template).unwrap_or_default()));
                    self.form(form, template);
                }
            }
        }
    }

    fn form(&mut self, form: &FormUse, template: &FormTemplate) {
        let (what, place) = (format!("the form `{}`", template.name), self.place());
        for given in &form.fields {
            let Some(field) = template.field(&given.name) else {
                let message = format!("{what} of {place} has no field `{}`", given.name);
                let names = || template.fields.iter().map(|field| field.text.as_str());
                self.found.push(
                    Diagnostic::error("unknown-field", given.span, message)
                        .suggest_near(given.span, &given.name, names())
                        .help(format!("its fields are {}; run `leverd pull` if that has changed", ticked(names()))),
                );
                continue;
            };
            if let Err(why) = takes(field, &given.gives) {
                let message = format!("the field `{}` of {what} {why}", field.text);
                let fault = Diagnostic::error("field-value", given.value, message);
                self.found.push(if field.options.is_empty() {
                    fault.help(format!("it is of the type `{}` in {place}", field.ty))
                } else {
                    fault.help(format!("its options are {}", ticked(field.options.iter().map(String::as_str))))
                });
            }
        }
        let given = |id: &str| form.fields.iter().any(|given| template.field(&given.name).is_some_and(|field| field.id == id));
        for field in template.fields.iter().filter(|field| !given(&field.id)) {
            let message = format!("nothing is given for the field `{}` of {what} of {place}", field.text);
            let help = format!("add `{}: …` under `fields`", field.text);
            if field.required {
                self.found.push(Diagnostic::error("field-left-out", form.span, message).help(help));
            } else if form.kind == Kind::FormTemplate {
                let help = format!("{help}, or `{}: ~` if it shall stay empty", field.text);
                self.found.push(Diagnostic::warning("field-left-out", form.span, message).help(help));
            }
        }
    }
}
