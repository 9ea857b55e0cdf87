//! The adapters of this repository, read and put to work.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use leverd::lang::adapter::{self, Adapter};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::vendor;
use std::path::Path;

const ADAPTERS: [&str; 4] = [
    "rules/qualified/vendor.yaml",
    "examples/adapters/imocha/vendor.yaml",
    "examples/adapters/codesignal/vendor.yaml",
    "examples/adapters/two-step/vendor.yaml",
];

/// An adapter of this repository; what is wrong with it, should anything be.
fn adapter(path: &str) -> Adapter {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable");
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(path, &bytes, &mut found).expect("text");
    let adapter = adapter::read(&mut sources, id, &mut found);
    assert!(found.is_empty(), "{}", render_human(&sources, &found, false));
    adapter.expect("no faults")
}

#[test]
fn every_adapter_is_without_fault_and_its_samples_become_what_they_say() {
    for path in ADAPTERS {
        assert_eq!(vendor::run_samples(&adapter(path)), [], "{path}");
    }
}
