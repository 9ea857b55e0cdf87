//! The pages of `examples/` that lead somebody by the hand: their YAML blocks, put together as the pages say, are files that pass
//! `validate` and their own tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The files that a page writes: each block begins with a comment that names its file; blocks of one file follow each other.
fn files(page: &str) -> BTreeMap<String, String> {
    let text = read(page);
    let mut files = BTreeMap::new();
    for block in text.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()) {
        let (name, body) = block.split_once('\n').unwrap();
        let name = name.strip_prefix("# ").unwrap_or_else(|| panic!("{page}: a block does not begin with `# FILE`:\n{block}"));
        let file: &mut String = files.entry(name.to_owned()).or_default();
        file.push_str(body);
        file.push_str("\n\n");
    }
    files
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).args(arguments).current_dir(folder).env_clear().output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "leverd {}:\n{said}", arguments.join(" "));
    said
}

/// Writes the page's files into a project with the example's catalogue, which knows `tests` of the vendor, and checks everything.
fn follow(page: &str, pack: &str, tests: &str) {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("rules").join(pack);
    fs::create_dir_all(&below).unwrap();
    fs::create_dir_all(folder.path().join("catalogue")).unwrap();
    let catalogue = read("examples/catalogue/acme.yaml");
    fs::write(folder.path().join("catalogue/acme.yaml"), format!("{catalogue}{tests}")).unwrap();
    for (name, text) in files(page) {
        let place = if name == "leverd.yaml" { folder.path() } else { below.as_path() };
        fs::write(place.join(name), text).unwrap();
    }
    run(folder.path(), &["validate", "--strict"]);
    let said = run(folder.path(), &["test", &format!("rules/{pack}")]);
    assert!(said.contains(" 0 failed") && !said.starts_with("0 tests"), "{said}");
}

#[test]
fn the_first_rule_can_be_written_as_the_page_says() {
    follow("examples/first-rule.md", "debrief", "");
}

#[test]
fn a_vendor_nobody_has_written_can_be_written_as_the_page_says() {
    follow("examples/new-vendor.md", "two-step", "  two-step:\n    - { id: java, title: Java }\n");
}

/// The page and the folder that it says it writes are the same, comments at the top and empty lines aside.
#[test]
fn the_page_of_the_new_vendor_writes_the_example() {
    let lines = |text: &str| {
        let body = text.lines().skip_while(|line| line.starts_with('#')).filter(|line| !line.is_empty());
        body.map(str::to_owned).collect::<Vec<_>>()
    };
    let written = files("examples/new-vendor.md");
    for name in ["vendor.yaml", "rules.yaml", "tests.yaml"] {
        let (page, example) = (lines(&written[name]), lines(&read(&format!("examples/adapters/two-step/{name}"))));
        let differ = page.iter().zip(&example).find(|(page, example)| page != example);
        assert_eq!((differ, page.len()), (None, example.len()), "{name}");
    }
}

/// What the tests of CI run of an example is what its folder holds.
#[test]
fn the_examples_tests_pass() {
    let said = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["test", "examples/adapters/two-step"]);
    assert!(said.contains(" 0 failed") && !said.starts_with("0 tests"), "{said}");
}
