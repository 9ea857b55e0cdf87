//! `tests/check/*/NAME.yaml` and what is said about it, whole, in `NAME.out`. `UPDATE=1` rewrites the `.out` files.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use leverd::lang::config::PackSource;
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::lang::{adapter, catalogue, config, load, project, yaml};
use leverd::model::{AccountId, PackName};
use leverd::{suite, vendor};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One pack and one catalogue, whatever a leverd.yaml names.
struct Fixed;

fn fixed(name: &str) -> (String, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/account").join(name);
    (name.to_owned(), fs::read(path).expect("readable"))
}

impl project::Files for Fixed {
    fn pack(&self, _: &PackSource) -> Result<Vec<load::File>, String> {
        Ok(vec![fixed("rules.yaml"), fixed("vendor.yaml")])
    }

    fn file(&self, _: &str) -> Result<Option<load::File>, String> {
        Ok(Some(fixed("catalogue.yaml")))
    }

    fn baseline(&self, _: &AccountId, _: &PackName) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// What the reader of this kind of file (the fixture's folder) says about it.
fn check(kind: &str, name: &str, bytes: &[u8]) -> String {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    if kind == "rules" {
        // Rules are checked whole, with the vendor beside them.
        let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules/vendor.yaml");
        let mut files = vec![("vendor.yaml".to_owned(), fs::read(vendor).expect("readable"))];
        if name == "vendor.yaml" {
            files.push((
                "rules.yaml".to_owned(),
                b"rules: [{ name: a, trigger: candidateHired, do: [{ alert: hired }] }]".to_vec(),
            ));
        } else {
            files.push((name.to_owned(), bytes.to_vec()));
        }
        let pack = load::load(&"example".into(), &files, &mut sources, &mut found);
        assert_eq!(pack.is_some(), !found.has_errors(), "a pack and errors exclude each other");
        return if found.is_empty() { "no faults\n".to_owned() } else { render_human(&sources, &found, false) };
    }
    if kind == "account" {
        // A leverd.yaml with the pack and the catalogue in `tests/fixtures/account`.
        drop(project::load(name, bytes, &Fixed, &mut sources, &mut found));
        return if found.is_empty() { "no faults\n".to_owned() } else { render_human(&sources, &found, false) };
    }
    if kind == "tests" {
        // Rule tests are read with their pack: the fixture of good rules.
        let file = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules").join(name);
            (name.to_owned(), fs::read(path).expect("readable"))
        };
        let files = [file("vendor.yaml"), file("good.yaml")];
        let pack = load::load(&"example".into(), &files, &mut sources, &mut found).map(Arc::new).expect("good rules");
        let id = sources.add(name, bytes, &mut found);
        let suite = id.and_then(|id| suite::read(&sources, id, &pack, &mut found));
        assert_eq!(suite.is_some(), !found.has_errors(), "tests and errors exclude each other");
    } else if let Some(id) = sources.add(name, bytes, &mut found) {
        match kind {
            "config" => drop(config::read(&mut sources, id, &mut found)),
            "catalogue" => drop(catalogue::read(&sources, id, &mut found)),
            "vendor" => {
                let adapter = adapter::read(&mut sources, id, &mut found);
                found.extend(adapter.iter().flat_map(vendor::run_samples));
            }
            _ => drop(yaml::load(&sources, id, &mut found)),
        }
    }
    if found.is_empty() { "no faults\n".to_owned() } else { render_human(&sources, &found, false) }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_fixture_is_told_as_its_out_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let update = std::env::var_os("UPDATE").is_some();
    let (mut seen, mut wrong) = (0, Vec::new());
    for folder in children(&root).into_iter().filter(|path| path.is_dir()) {
        let kind = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in children(&folder) {
            let is_out = file.extension().is_some_and(|end| end == "out");
            if is_out {
                assert!(file.with_extension("yaml").exists(), "{} has no .yaml", file.display());
                continue;
            }
            seen += 1;
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            let told = check(&kind, &name, &fs::read(&file).expect("readable"));
            let out = file.with_extension("out");
            if update {
                fs::write(&out, &told).expect("writable");
            } else if fs::read_to_string(&out).unwrap_or_default() != told {
                wrong.push(format!("{}\n{told}", file.display()));
            }
        }
    }
    assert!(seen > 0, "no fixtures found");
    assert!(wrong.is_empty(), "these differ (UPDATE=1 rewrites them):\n\n{}", wrong.join("\n\n"));
}
