//! The order of the layers that `src/lib.rs` tells, held; and what no file of the tree may hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The layers, in the order in which they may import each other: a later one an earlier one, never the reverse.
const LAYERS: [&str; 12] =
    ["model", "lang", "engine", "suite", "lever", "vendor", "http", "store", "runtime", "server", "sim", "cli"];
/// The last layer that is pure: no clock, socket, file, async or randomness down to it.
const LAST_PURE: &str = "vendor";
/// What `sim` may not import: it must not test itself.
const NOT_FOR_SIM: [&str; 3] = ["engine", "runtime", "store"];
/// The words of IO. Addresses (`std::net::SocketAddr`) are values, and `std::io`'s traits write into memory: both are allowed.
const IO: [&str; 15] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::net::Tcp",
    "std::net::Udp",
    "tokio",
    "reqwest",
    "rusqlite",
    "getrandom",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "async fn",
];
/// Longer files are to be split.
const MOST_LINES: usize = 600;
/// Lifecycle events that happen to be called like a vendor.
const WORDS: [&str; 1] = ["qualified"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, as (path from the root of the repository, text). What is no text is left out.
fn files(below: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(below)]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((name(&path), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {below}");
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()
}

fn rust(below: &str) -> Vec<(String, String)> {
    files(below).into_iter().filter(|(path, _)| Path::new(path).extension().is_some_and(|end| end == "rs")).collect()
}

/// The layer of a file in `src`, with its place in the order.
fn layer(path: &str) -> Option<usize> {
    let inside = path.strip_prefix("src/")?;
    let first = inside.split(['/', '.']).next()?;
    LAYERS.iter().position(|layer| *layer == first)
}

/// The lines of code with their numbers from 1: without comments, and without the tests beside it.
fn code(path: &str, text: &str) -> Vec<(usize, String)> {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Vec::new();
    }
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let before_tests = lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    before_tests
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at, line.split(" // ").next().unwrap_or(line).to_owned()))
        .collect()
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Whether `word` stands in `line` with nothing of a name on either side of it.
fn stands(line: &str, word: &str) -> bool {
    let part = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        !(part(line[..at].chars().next_back()) || word.ends_with(char::is_alphanumeric) && part(after))
    })
}

#[test]
fn every_folder_of_src_is_a_layer_and_lib_rs_tells_them_in_their_order() {
    let folders: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(folders, LAYERS.iter().map(ToString::to_string).collect());
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let told: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(told, LAYERS);
}

#[test]
fn no_layer_imports_a_later_one() {
    let mut wrong = Vec::new();
    for (path, text) in rust("src") {
        let Some(here) = layer(&path) else { continue };
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for (from, _) in line.match_indices("crate::") {
                // `$crate`, or the end of another name.
                if line[..from].ends_with(|char: char| char.is_alphanumeric() || char == '_') {
                    continue;
                }
                let named: String =
                    line[from + "crate::".len()..].chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
                let Some(there) = LAYERS.iter().position(|layer| *layer == named) else {
                    wrong.push(format!("{path}:{}: `crate::{named}` is no layer; import from one layer a line", at + 1));
                    continue;
                };
                let refused = there > here || (LAYERS[here] == "sim" && NOT_FOR_SIM.contains(&LAYERS[there]));
                if refused {
                    wrong.push(format!("{path}:{}: {} may not import {}", at + 1, LAYERS[here], LAYERS[there]));
                }
            }
        }
        // `super::super::…` could reach another layer unseen.
        let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
        let out = "super::".repeat(depth.max(1));
        for (at, line) in code(&path, &text).iter().filter(|(_, line)| depth > 0 && line.contains(&out)) {
            wrong.push(format!("{path}:{at}: leaves its layer by `super`; write `crate::`: {}", line.trim()));
        }
    }
    none("imports against the order of the layers", &wrong);
}

#[test]
fn the_pure_layers_have_no_clock_no_file_and_no_socket() {
    let last = LAYERS.iter().position(|layer| *layer == LAST_PURE).unwrap();
    let mut wrong = Vec::new();
    for (path, text) in rust("src").iter().filter(|(path, _)| layer(path).is_some_and(|here| here <= last)) {
        for (at, line) in code(path, text) {
            for word in IO.iter().filter(|word| stands(&line, word)) {
                wrong.push(format!("{path}:{at}: `{word}`"));
            }
        }
    }
    none("IO in a pure layer", &wrong);
}

#[test]
fn no_rust_names_a_vendor() {
    let vendors = ["rules", "examples/adapters"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let vendors: Vec<String> = vendors
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .collect();
    assert!(vendors.iter().any(|vendor| vendor == "qualified"), "{vendors:?}");
    // The outside world is played there, shipped packs are listed there, and examples for people name real ones.
    let may = |path: &str| {
        path.starts_with("src/sim/")
            || path.starts_with("src/cli/demo")
            || path == "src/runtime/builtin.rs"
            || path.ends_with("/explain.rs")
    };
    let mut wrong = Vec::new();
    for (path, text) in rust("src").iter().filter(|(path, _)| !may(path)) {
        for (at, line) in code(path, text) {
            // Our own words: `assessment.qualified`.
            let line = if path.starts_with("src/cli") { line } else { line.replace("Qualified = \"qualified\"", "") };
            let small = line.to_lowercase();
            for vendor in vendors.iter().filter(|vendor| stands(&small, vendor)) {
                if !(WORDS.contains(&vendor.as_str()) && line.contains("::Qualified")) {
                    wrong.push(format!("{path}:{at}: `{vendor}`"));
                }
            }
        }
    }
    none("a vendor's name in Rust: a vendor is its vendor.yaml", &wrong);
}

#[test]
fn nothing_is_left_to_do_in_the_tree() {
    // Put together here, so that this file does not hold them.
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["dbg", "!("], ["todo", "!("], ["unimplemented", "!("]]
        .map(|parts| parts.concat());
    let mut wrong = Vec::new();
    for (path, text) in ["src", "tests", "rules", "examples", "schema", ".ci"].into_iter().flat_map(files) {
        for (at, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| stands(line, word)) {
                wrong.push(format!("{path}:{}: {word}", at + 1));
            }
        }
    }
    none("unfinished", &wrong);
}

#[test]
fn no_file_is_long() {
    let long: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(rust)
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    none("files over 600 lines: split them", &long);
}
