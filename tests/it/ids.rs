//! Every behaviour that leverd must have (`tests/fixtures/behaviours.md`) is shown by a test that carries its id.
//!
//! A test carries ids in upper case at the beginning of a comment line above it (`// B22 D13`) or, if it is YAML, in its `name`; or at
//! the beginning of its function's name (`fn b22_d13_…`). A mention further on in a sentence does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a word is an id: `B07`, `D16`, `T30`.
fn is_id(word: &str) -> bool {
    let digits = word.strip_prefix(['B', 'D', 'T']).unwrap_or_default();
    (2..=3).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
}

/// The leading ids of a text.
fn leading(text: &str) -> impl Iterator<Item = String> {
    text.split([' ', ',', '·', ':']).filter(|word| !word.is_empty()).take_while(|word| is_id(word)).map(str::to_owned)
}

/// The ids that one line of Rust or YAML carries.
fn carried(line: &str, yaml: bool) -> Vec<String> {
    let line = line.trim();
    if yaml {
        let name = line.trim_start_matches("- ").trim_start_matches("{ ").strip_prefix("name: ");
        return name.map(|name| leading(name.trim_matches('"')).collect()).unwrap_or_default();
    }
    if let Some(comment) = line.strip_prefix("//") {
        return leading(comment.trim_start_matches(['/', '!'])).collect();
    }
    let Some((before, name)) = line.split_once("fn ") else { return Vec::new() };
    if !matches!(before.trim(), "" | "async") {
        return Vec::new();
    }
    name.split('_').map(str::to_ascii_uppercase).take_while(|word| is_id(word)).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The lines that are tests: all of `tests/` and of rule tests, and in `src` what stands in `tests.rs` or behind `#[cfg(test)]`.
fn tests_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let relative = path.strip_prefix(root()).ok()?;
    let rust = path.extension().is_some_and(|end| end == "rs");
    if !rust && path.extension().is_none_or(|end| end != "yaml") {
        return None;
    }
    if relative.starts_with("rules") && name != "tests.yaml" {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    if !relative.starts_with("src") || name.starts_with("tests") || relative.iter().any(|part| part == "tests") {
        return Some(text);
    }
    text.split_once("#[cfg(test)]").map(|(_, tests)| tests.to_owned())
}

/// The ids of the list, each with what it says.
fn listed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("tests/fixtures/behaviours.md")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(' '));
    lines.map(|(id, text)| (id.to_owned(), text.to_owned())).collect()
}

/// Where each id is carried.
fn shown() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "rules", "examples"] {
        files(&root().join(folder), &mut paths);
    }
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        let yaml = path.extension().is_some_and(|end| end == "yaml");
        for (n, line) in tests_of(&path).unwrap_or_default().lines().enumerate() {
            for id in carried(line, yaml) {
                let place = format!("{}:{}", path.strip_prefix(root()).unwrap().display(), n + 1);
                shown.entry(id).or_default().insert(place);
            }
        }
    }
    shown
}

#[test]
fn the_list_of_behaviours_is_whole() {
    let listed = listed();
    let wanted = (1..=105).map(|n| format!("B{n:02}")).chain((1..=16).map(|n| format!("D{n:02}")));
    let wanted: BTreeSet<String> = wanted.chain((1..=30).map(|n| format!("T{n:02}"))).collect();
    assert_eq!(listed.into_keys().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn every_behaviour_has_a_test_that_carries_its_id() {
    let shown = shown();
    let missing: Vec<String> =
        listed().into_iter().filter(|(id, _)| !shown.contains_key(id)).map(|(id, text)| format!("{id} {text}")).collect();
    assert!(missing.is_empty(), "no test carries these ids: {missing:#?}");
}

#[test]
fn no_test_carries_an_id_that_does_not_exist() {
    let listed = listed();
    let strange: Vec<_> = shown().into_iter().filter(|(id, _)| !listed.contains_key(id)).collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

#[test]
fn ids_are_read_where_they_lead() {
    assert_eq!(carried("// B22 D13: loses nothing", false), ["B22", "D13"]);
    assert_eq!(carried("async fn b05_b06_a_stage() {", false), ["B05", "B06"]);
    assert_eq!(carried("fn d1_not_an_id() {", false), Vec::<String>::new());
    assert_eq!(carried("// as B22 says", false), Vec::<String>::new());
    assert_eq!(carried("  - name: B100 T07 told without a scheme", true), ["B100", "T07"]);
}
