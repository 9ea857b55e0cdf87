//! Every pack with rule tests: the shipped ones in `rules/`, and the language's semantics in `tests/plan/`.

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::load::{Role, load, role};
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::model::PackName;
use leverd::suite::{Case, human, junit, read, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files.sort();
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let name = PackName::new(folder.file_name().unwrap().to_string_lossy());
    let pack = load(&name, &files, &mut sources, &mut found).map(Arc::new);
    let mut cases = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| role(name) == Role::Tests) {
        let Some(pack) = &pack else { break };
        let file = sources.add(name.clone(), bytes, &mut found).unwrap();
        if let Some(suite) = read(&sources, file, pack, &mut found) {
            cases.extend(run(&suite));
        }
    }
    assert!(!found.has_errors(), "{}", render_human(&sources, &found, false));
    assert!(!cases.is_empty(), "{} has no tests", folder.display());
    cases
}

fn folders(of: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(root().join(of)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

#[test]
fn every_rule_test_passes() {
    for folder in folders("rules").into_iter().chain(folders("tests/plan")) {
        let cases = cases(&folder);
        assert!(cases.iter().all(Case::passed), "{}", human(&cases));
    }
}

#[test]
fn the_shipped_qualified_pack_names_every_behaviour_it_must_have() {
    let cases = cases(&root().join("rules/qualified"));
    let names: Vec<_> = cases.iter().flat_map(|case| case.name.split(' ')).collect();
    for id in [
        "B05", "B06", "B09", "B10", "B11", "B12", "B13", "B14", "B15", "B16", "B17", "B18", "B19", "B20", "B24", "B25", "B28",
        "B32", "D01", "D02", "D04", "D05", "D09",
    ] {
        assert!(names.contains(&id), "no rule test carries {id}");
    }
}

#[test]
fn a_failed_test_shows_the_difference_and_the_reasons() {
    let case = Case {
        name: "a <name>".into(),
        file: "tests.yaml".into(),
        line: 3,
        faults: vec!["step 1:\n  - invite: A & B\n  + invite: C".into()],
        place: Some((5, 9)),
        steps: 1,
        reached: leverd::suite::coverage::Reached::default(),
    };
    assert!(
        human(std::slice::from_ref(&case)).contains("FAILED a <name>\n  at tests.yaml:3\n    step 1:\n      - invite: A & B")
    );
    let xml = junit(&[case]);
    assert!(xml.contains("name=\"a &lt;name&gt;\"") && xml.contains("A &amp; B") && xml.contains("failures=\"1\""));
}
