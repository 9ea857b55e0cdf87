//! Every diagnostic code with what it means: the registry behind `leverd explain`.

use super::{adapter, compile, config, lint, project};

/// `(code, text, bad example, good example)`.
pub type Entry = (&'static str, &'static str, &'static str, &'static str);

/// All entries, by part of the language.
pub fn entries() -> impl Iterator<Item = &'static Entry> + Clone {
    compile::explain::ENTRIES
        .iter()
        .chain(config::explain::ENTRIES)
        .chain(project::explain::ENTRIES)
        .chain(adapter::explain::ENTRIES)
        .chain(lint::entries())
}

/// A rules file around one action, for the examples of verbs.
#[cfg(test)]
pub(crate) fn in_example_pack(action: &str) -> String {
    format!("{EXAMPLE_PACK}      - {action}\n")
}

#[cfg(test)]
const EXAMPLE_PACK: &str = "\
settings:
  trigger_stages: { type: [stage] }
  next_stage: { type: stage }
tags:
  status: [\"{{assessment.title}} - Invited\", \"{{assessment.title}} - Scored\"]
rules:
  - name: example
    trigger: assessment.scored
    for_each:
      test: { in: catalogue }
    do:
";

/// What the checker says about a rules file, with the vendor of the fixtures beside it.
#[cfg(test)]
pub(crate) fn check_rules(text: &str) -> Vec<super::diagnostic::Diagnostic> {
    let vendor = include_bytes!("../../tests/check/rules/vendor.yaml");
    let files = [("vendor.yaml".to_owned(), vendor.to_vec()), ("rules.yaml".to_owned(), text.as_bytes().to_vec())];
    let (mut sources, mut found) = (super::source::Sources::new(), super::diagnostic::Diagnostics::new());
    super::load::load(&"example".into(), &files, &mut sources, &mut found);
    found.sorted().into_iter().cloned().collect()
}
