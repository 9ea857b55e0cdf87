//! What people copy from passes `validate`: every example, every shipped pack.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folders(of: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join(of)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    assert!(!found.is_empty(), "{of} is empty");
    found
}

/// Every file below a folder.
pub(crate) fn files(of: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(of)]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { &mut folders } else { &mut found }.push(path);
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {of}");
    found
}

/// `leverd validate --strict` on it: what is shown as an example has no warning either.
fn passes(path: &Path) -> Result<(), String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).args(["validate", "--strict"]).arg(path).env_clear().output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    if ran.status.success() { Ok(()) } else { Err(format!("{}:\n{said}", path.display())) }
}

#[test]
fn every_example_and_every_shipped_pack_is_without_fault() {
    let mut wrong: Vec<String> =
        [root().join("examples")].iter().chain(&folders("rules")).filter_map(|path| passes(path).err()).collect();
    for folder in folders("examples/adapters") {
        if folder.join("rules.yaml").exists() {
            wrong.extend(passes(&folder).err());
            continue;
        }
        // An adapter alone is no pack: it is checked with the smallest rules that use it.
        let pack = tempfile::tempdir().unwrap();
        let adapter = fs::read_to_string(folder.join("vendor.yaml")).unwrap();
        let vendor = adapter.lines().find_map(|line| line.strip_prefix("vendor: ")).unwrap().trim();
        let rules = format!(
            "vendor: {vendor}\nrules:\n  - {{ name: invite, trigger: candidateStageChange, for_each: {{ test: {{ in: catalogue }} }}, do: [{{ invite: {{ test: $test }} }}] }}\n"
        );
        fs::write(pack.path().join("rules.yaml"), rules).unwrap();
        fs::write(pack.path().join("vendor.yaml"), adapter).unwrap();
        wrong.extend(passes(pack.path()).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_examples_says_what_it_is() {
    for folder in folders("examples").into_iter().chain([root().join("examples")]) {
        let comments = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text.starts_with("# "));
        let told =
            folder.join("README.md").is_file() || fs::read_dir(&folder).unwrap().any(|entry| comments(&entry.unwrap().path()));
        assert!(told, "{} has neither a README.md nor a file that begins with a comment", folder.display());
    }
}
