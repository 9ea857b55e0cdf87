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

/// One pack and one catalogue, whatever a leverd.yaml names: those of this folder in `tests/fixtures`.
struct Fixed(&'static str);

impl Fixed {
    fn read(&self, name: &str) -> (String, Vec<u8>) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(self.0).join(name);
        (name.to_owned(), fs::read(path).expect("readable"))
    }
}

impl project::Files for Fixed {
    fn pack(&self, _: &PackSource) -> Result<Vec<load::File>, String> {
        Ok(vec![self.read("rules.yaml"), self.read("vendor.yaml")])
    }

    fn file(&self, _: &str) -> Result<Option<load::File>, String> {
        Ok(Some(self.read("catalogue.yaml")))
    }

    fn baseline(&self, _: &AccountId, _: &PackName) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// A leverd.yaml, its catalogue and the rules of its one pack in one text: each line `# FILE` starts one of them.
struct Whole(Vec<(String, String)>);

impl Whole {
    fn of(text: &str) -> Self {
        let parts = format!("\n{text}");
        let parts = parts.split("\n# file ").skip(1).filter_map(|part| part.split_once('\n'));
        Self(parts.map(|(name, text)| (name.trim().to_owned(), text.to_owned())).collect())
    }

    fn get(&self, name: &str) -> Option<load::File> {
        self.0.iter().find(|(known, _)| known == name).map(|(name, text)| (name.clone(), text.clone().into_bytes()))
    }
}

impl project::Files for Whole {
    fn pack(&self, _: &PackSource) -> Result<Vec<load::File>, String> {
        let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules/vendor.yaml");
        let mut files: Vec<load::File> = self.get("rules.yaml").into_iter().collect();
        files.push(("vendor.yaml".to_owned(), fs::read(vendor).expect("readable")));
        Ok(files)
    }

    fn file(&self, _: &str) -> Result<Option<load::File>, String> {
        Ok(Some(self.get("catalogue.yaml").unwrap_or_else(|| Fixed("flow").read("catalogue.yaml"))))
    }

    fn baseline(&self, _: &AccountId, _: &PackName) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// What the reader of this kind of file (the fixture's folder) says about it.
fn check(kind: &str, name: &str, bytes: &[u8]) -> String {
    let (sources, found) = faults(kind, name, bytes);
    if found.is_empty() { "no faults\n".to_owned() } else { render_human(&sources, &found, false) }
}

/// The same as data, with the texts.
pub(crate) fn faults(kind: &str, name: &str, bytes: &[u8]) -> (Sources, Diagnostics) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    if kind == "mistakes" {
        let text = String::from_utf8_lossy(bytes);
        let is = |key: &str| text.lines().any(|line| line == key);
        if is("accounts:") {
            drop(project::load(name, bytes, &Fixed("mistakes"), &mut sources, &mut found));
            return (sources, found);
        }
        return faults(if is("operations:") { "vendor" } else { "rules" }, name, bytes);
    }
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
        return (sources, found);
    }
    if kind == "account" {
        // A leverd.yaml with the pack and the catalogue in `tests/fixtures/account`.
        drop(project::load(name, bytes, &Fixed("account"), &mut sources, &mut found));
        return (sources, found);
    }
    if kind == "flow" {
        let whole = Whole::of(&String::from_utf8_lossy(bytes));
        if let Some((name, bytes)) = whole.get("leverd.yaml") {
            drop(project::load(&name, &bytes, &whole, &mut sources, &mut found));
        }
        return (sources, found);
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
    (sources, found)
}

/// Every fixture: its kind, its name and its bytes.
pub(crate) fn fixtures() -> Vec<(String, String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut found = Vec::new();
    for folder in children(&root).iter().filter(|path| path.is_dir()) {
        for file in children(folder).iter().filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
            found.push((name(folder), name(file), fs::read(file).expect("readable")));
        }
    }
    found
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

/// Mistakes that every author makes some day. Each fixture begins with what must be marked, and what shall be written instead.
const MISTAKES: &[&str] = &[
    "apostrophe",
    "bad_jsonpath",
    "bad_pattern_hole",
    "boolean_on",
    "comma_in_helper",
    "condition_as_text",
    "else_with_a_sign",
    "half_a_trigger",
    "invite_without_a_map",
    "length_in_words",
    "literal_secret",
    "lone_member",
    "loop",
    "missing_dash",
    "missing_setting",
    "overlapping_thresholds",
    "percent_sign",
    "shadowed_rule",
    "sign_for_matcher",
    "tab",
    "typo_in_action",
    "typo_in_key",
    "typo_in_matcher",
    "typo_in_stage",
    "typo_in_tag_family",
    "typo_in_tag_member",
    "typo_in_trigger",
    "typo_in_variable",
    "unclosed_pattern_hole",
    "undeclared_variable",
    "unknown_operation",
    "unknown_test",
    "unquoted_jsonpath",
    "unquoted_template",
    "unquoted_template_in_braces",
    "wrong_indentation",
    "wrong_type",
];

#[test]
fn typical_mistakes_are_marked_exactly_with_one_next_step_that_mends_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/mistakes");
    let names: Vec<String> = children(&folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, MISTAKES, "the list of mistakes and the fixtures differ");
    let mut wrong = Vec::new();
    for name in MISTAKES {
        let file = format!("{name}.yaml");
        let text = fs::read_to_string(folder.join(&file)).expect("readable");
        let said = |key: &str| {
            let line = text.lines().take(2).find_map(|line| line.strip_prefix(&format!("# {key}: ")));
            line.map(|line| line.replace("\\t", "\t"))
        };
        let (sources, found) = faults("mistakes", &file, text.as_bytes());
        let told = render_human(&sources, &found, false);
        let sorted = found.sorted();
        let [fault] = sorted.as_slice() else {
            wrong.push(format!("{name}: one mistake, {} messages\n{told}", sorted.len()));
            continue;
        };
        let marked = sources.slice(fault.primary);
        let wanted = said("mark").expect("what must be marked");
        if marked != wanted {
            wrong.push(format!("{name}: marks `{marked}`, not `{wanted}`\n{told}"));
        }
        let steps = usize::from(fault.suggestion.is_some()) + fault.help.len();
        if steps == 0 || fault.help.len() > 1 {
            wrong.push(format!("{name}: {steps} next steps\n{told}"));
        }
        let Some(change) = &fault.suggestion else {
            if said("write").is_some() {
                wrong.push(format!("{name}: suggests nothing\n{told}"));
            }
            continue;
        };
        if let Some(wanted) = said("write").filter(|wanted| *wanted != change.replacement) {
            wrong.push(format!("{name}: suggests `{}`, not `{wanted}`\n{told}", change.replacement));
        }
        let mut mended = text.clone();
        mended.replace_range(change.span.range(), &change.replacement);
        let left = check("mistakes", &file, mended.as_bytes());
        if left != "no faults\n" {
            wrong.push(format!("{name}: mended as suggested\n{mended}still has:\n{left}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
