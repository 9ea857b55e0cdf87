//! Every code that a message may carry is explained, and the examples of rule tests and samples do what they say. Those of the other
//! codes are run beside their entries.

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::source::Sources;
use leverd::lang::{adapter, explain, load};
use leverd::{suite, vendor};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const RULES: &str = "\
settings: { stage: { type: stage } }
rules:
  - name: note
    trigger: candidateStageChange
    when: { to_stage: $stage }
    do: [{ add_note: Please look }]
";

/// The codes that a text of `tests.yaml`, or of a `vendor.yaml` with samples, brings.
fn codes(text: &str) -> Vec<&'static str> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    if text.starts_with("vendor:") {
        let id = sources.add_text("vendor.yaml", text);
        if let Some(adapter) = adapter::read(&mut sources, id, &mut found) {
            found.extend(vendor::run_samples(&adapter));
        }
    } else {
        let files = [("rules.yaml".to_owned(), RULES.as_bytes().to_vec())];
        let pack = load::load(&"example".into(), &files, &mut sources, &mut found).map(Arc::new).unwrap();
        let id = sources.add_text("tests.yaml", text);
        suite::read(&sources, id, &pack, &mut found);
    }
    found.sorted().iter().map(|fault| fault.code).collect()
}

#[test]
fn examples_of_tests_and_samples_do_what_they_say() {
    for (code, _, bad, good) in suite::ENTRIES {
        let told = codes(bad);
        assert!(told.contains(code), "{code}: the bad example shows {told:?}");
        assert_eq!(codes(good), [""; 0], "{code}: the good example");
    }
}

#[test]
fn every_code_is_explained() {
    let known: BTreeSet<&str> =
        explain::entries().chain(suite::ENTRIES).chain(leverd::sim::script::ENTRIES).map(|entry| entry.0).collect();
    let (mut lacking, mut folders) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let code = text.split("#[cfg(test)]").next().unwrap();
            for call in ["Diagnostic::error(", "Diagnostic::warning(", "self.error(", "check.error(", "self.fault(", ".fault("]
            {
                let literals = code.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                for code in literals.filter_map(|rest| rest.split('"').next()).filter(|code| !known.contains(code)) {
                    lacking.push(format!("{code} in {}", path.display()));
                }
            }
        }
    }
    assert!(lacking.is_empty(), "without an entry: {lacking:#?}");
}
