//! What others may try: each sentence of the page of threats (`schema/threats.md`) names the tests that hold it, and each of those
//! is one that exists.

mod doors;
mod exposed;
mod injected;
mod shown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder of the project, as text.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_row_of_the_page_of_threats_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("schema/threats.md")).unwrap();
    let known: BTreeSet<String> =
        sources("src").into_iter().chain(sources("tests/it")).flat_map(|(_, text)| tests(&text)).collect();
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| who")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let tests: Vec<&str> = cells.last().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "a row without a test: {row}");
        for test in tests {
            named += 1;
            let name = test.rsplit("::").next().unwrap();
            assert!(known.contains(name), "there is no test `{test}`: {row}");
        }
    }
    assert!(named > 30, "{named}");
}

/// The names of the test functions in a file.
fn tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && let Some(rest) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ") {
            names.push(rest.split('(').next().unwrap().to_owned());
            marked = false;
        }
    }
    names
}
