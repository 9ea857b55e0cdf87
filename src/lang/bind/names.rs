//! Names made things with ids, by the account's pinned catalogue.

use super::{Binder, Giver, ticked};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml;
use crate::model::{Kind, Named, Value, VendorName};
use std::collections::HashMap;

/// How many faults are told with a suggestion.
const NEAR: usize = 100;

impl Binder<'_, '_> {
    /// What the files name themselves.
    pub(super) fn mentions(&mut self) {
        let pack = self.pack;
        for mention in &pack.mentions {
            if let Some(named) = self.find(mention.kind, &mention.text, mention.span) {
                self.meant.entry(mention.kind).or_default().insert(mention.text.trim().to_owned(), Value::Named(named));
            }
        }
    }

    /// The one thing of this kind that is called so; a diagnostic if there is none, or more than one.
    pub(super) fn find(&mut self, kind: Kind, text: &str, span: Span) -> Option<Named> {
        let place = self.place();
        let vendor = self.pack.vendor_name().map(VendorName::as_str);
        let catalogue = self.catalogue;
        let names = self.names.entry(kind).or_insert_with(|| {
            let mut names: HashMap<String, Vec<Named>> = HashMap::new();
            for named in catalogue.all(kind, vendor) {
                names.entry(named.id.clone()).or_default().push(named.clone());
                if named.name != named.id {
                    names.entry(named.name.trim().to_owned()).or_default().push(named);
                }
            }
            names
        });
        match names.get(text.trim()).map(Vec::as_slice) {
            Some([one]) => {
                self.pins.insert((kind, one.id.clone(), one.name.clone()));
                return Some(one.clone());
            }
            Some([first, second, ..]) => {
                let message = format!("more than one {kind} is called `{text}` in {place}");
                let help = format!("write the id of the one that is meant: `{}`, `{}` …", first.id, second.id);
                self.found.push(Diagnostic::error("ambiguous-name", span, message).help(help));
                return None;
            }
            _ => {}
        }
        if let Some(now) = catalogue.renamed(kind, vendor, text.trim()) {
            let message = format!("the {kind} `{}` was renamed: it is called `{}` in {place} by now", text.trim(), now.name);
            self.found.push(
                Diagnostic::error("renamed", span, message)
                    .suggest_as(format!("write `{}`", now.name), span, yaml::written(&now.name))
                    .help(format!("its id is still `{}`; an id may stand here too, and outlives further renames", now.id)),
            );
            return None;
        }
        let message = format!("no {kind} is called `{text}` in {place}");
        let all = catalogue.all(kind, vendor);
        let unknown = Diagnostic::error("not-in-catalogue", span, message);
        // A table of thousands of rows may have as many faults: the first ones are told with what comes near.
        let near = if self.found.len() < NEAR { all.as_slice() } else { &[] };
        let mut unknown = unknown.suggest_near(span, text, near.iter().map(|named| named.name.as_str()));
        if let Some(suggestion) = &mut unknown.suggestion {
            suggestion.replacement = yaml::written(&suggestion.replacement);
        }
        let ensured = kind == Kind::FormTemplate && self.pack.ensure.form_templates.iter().any(|form| form.name == text.trim());
        let help = match self.giver {
            Giver::Account if ensured => {
                format!("`leverd ensure {}` makes it, and `leverd pull` takes it over", self.account)
            }
            _ => self.unknown_help(kind, &all),
        };
        self.found.push(unknown.help(help));
        None
    }

    /// Where names are looked up, for messages.
    pub(super) fn place(&self) -> String {
        match self.giver {
            Giver::Account => format!("the account `{}`", self.account),
            Giver::Test => "what the test gives".to_owned(),
        }
    }

    /// What to do about a name that is unknown where these are known.
    fn unknown_help(&self, kind: Kind, all: &[Named]) -> String {
        // Longer lists help nobody.
        let known = (1..=12).contains(&all.len()).then(|| ticked(all.iter().map(|named| named.name.as_str())));
        match self.giver {
            Giver::Test => {
                let known = known.map(|known| format!("it gives {known}: ")).unwrap_or_default();
                format!("{known}add the name under `given`, or mend the spelling")
            }
            Giver::Account => {
                let pulled = self.catalogue.pulled_at.strftime("%Y-%m-%d %H:%M UTC");
                match known {
                    Some(known) => format!("known since the pull of {pulled}: {known}; run `leverd pull` if it is new"),
                    None if all.is_empty() => {
                        format!("the pulled catalogue of the account has no {kind} at all: run `leverd pull`")
                    }
                    None => format!("the catalogue was pulled {pulled}; run `leverd pull` if it is new"),
                }
            }
        }
    }
}
