//! The README keeps what it says: its YAML loads and passes its own tests, its commands are those of the binary, its links lead
//! somewhere. `UPDATE=1` rewrites the block of commands.

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::rule::Pack;
use leverd::lang::source::Sources;
use leverd::lang::{config, load};
use leverd::runtime::builtin;
use leverd::suite::{Case, human, read, run};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const FROM: &str = "<!-- leverd --help -->\n```text\n";
const TO: &str = "```\n<!-- end -->";

fn readme() -> String {
    fs::read_to_string(path("README.md")).unwrap()
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The YAML blocks, in their order.
fn blocks(text: &str) -> Vec<&str> {
    text.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

fn has(block: &str, key: &str) -> bool {
    block.lines().any(|line| line.starts_with(&format!("{key}:")))
}

/// The rules of a block, with the shipped adapter of the vendor that they name.
fn pack(block: &str, sources: &mut Sources, found: &mut Diagnostics) -> Option<Pack> {
    let mut files = vec![("rules.yaml".to_owned(), block.as_bytes().to_vec())];
    if let Some(vendor) = block.lines().find_map(|line| line.strip_prefix("vendor: ")) {
        let vendor = vendor.split('#').next().unwrap_or(vendor).trim();
        let shipped = builtin::files(&vendor.into()).unwrap();
        files.extend(shipped.into_iter().filter(|(name, _)| name.ends_with("/vendor.yaml")));
    }
    load::load(&"readme".into(), &files, sources, found)
}

#[test]
fn every_yaml_block_loads_and_its_tests_pass() {
    let text = readme();
    let (mut last, mut kinds) = (None, Vec::new());
    for block in blocks(&text) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let loaded = if has(block, "rules") {
            kinds.push("rules");
            last = pack(block, &mut sources, &mut found).map(Arc::new);
            last.is_some()
        } else if has(block, "tests") {
            kinds.push("tests");
            let id = sources.add_text("tests.yaml", block);
            let suite = read(&sources, id, last.as_ref().expect("rules stand before their tests"), &mut found);
            let cases = suite.as_ref().map(run).unwrap_or_default();
            assert!(!cases.is_empty() && cases.iter().all(Case::passed), "{}", human(&cases));
            suite.is_some()
        } else {
            kinds.push("config");
            let id = sources.add_text("leverd.yaml", block);
            config::read(&mut sources, id, &mut found).is_some()
        };
        assert!(loaded && found.is_empty(), "{}\n{block}", render_human(&sources, &found, false));
    }
    for kind in ["rules", "tests", "config"] {
        assert!(kinds.contains(&kind), "the README shows no {kind}");
    }
}

#[test]
fn the_commands_are_those_of_the_binary() {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(ran.stdout).unwrap();
    let text = readme();
    let (before, rest) = text.split_once(FROM).expect("the marker before the commands");
    let (told, after) = rest.split_once(TO).expect("the marker after the commands");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path("README.md"), format!("{before}{FROM}{help}{TO}{after}")).unwrap();
        return;
    }
    assert_eq!(told, help, "the commands in README.md are not current: UPDATE=1 rewrites them");
}

#[test]
fn every_command_that_is_told_exists() {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(ran.stdout).unwrap();
    let known: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let text = readme();
    let shell = text.split("\n```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = shell.flat_map(str::lines).filter_map(|line| line.strip_prefix("leverd "));
    for told in text.split("`leverd ").skip(1).chain(lines) {
        let name: String = told.chars().take_while(|char| char.is_ascii_lowercase() || *char == '-').collect();
        assert!(name.is_empty() || name.starts_with("--") || known.contains(&name.as_str()), "`leverd {name}` is no command");
    }
}

#[test]
fn every_path_that_is_linked_exists() {
    for target in readme().split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()) {
        if !target.contains("://") && !target.starts_with('#') {
            assert!(path(&target).exists(), "the README links to {target}, which is not there");
        }
    }
}
