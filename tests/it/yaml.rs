//! Our reader and serde_yaml must read the same from every fixture without faults.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::source::Sources;
use leverd::lang::yaml::{self, Kind, Node, Style};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Plain scalars as YAML 1.2's core schema has them, which is only wanted here.
fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::Seq(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), json(value))).collect(),
        Kind::Scalar { .. } if node.is_null() => Json::Null,
        Kind::Scalar { text, style: Style::Plain } => match text.as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => yaml::parse_int(text)
                .map(Json::from)
                .or_else(|| yaml::parse_number(text).map(Json::from))
                .unwrap_or_else(|| Json::String(text.clone())),
        },
        Kind::Scalar { text, .. } => Json::String(text.clone()),
        Kind::Faulty => panic!("only files without faults are compared"),
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            into.push(path);
        }
    }
}

fn compare(name: &str, bytes: &[u8]) -> bool {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let node = sources.add(name, bytes, &mut found).and_then(|id| yaml::load(&sources, id, &mut found));
    let Some(node) = node.filter(|_| found.is_empty()) else { return false };
    let text = std::str::from_utf8(bytes).expect("text").trim_start_matches('\u{FEFF}');
    let theirs: Json = serde_yaml::from_str(text).expect(name);
    assert_eq!(json(&node), theirs, "{name}");
    true
}

#[test]
fn fixtures_read_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests", "rules", "examples"] {
        files(&root.join(folder), &mut all);
    }
    let compared = all.iter().filter(|path| compare(&path.display().to_string(), &fs::read(path).expect("readable"))).count();
    assert!(compared > 0, "no fixture without faults");
}

#[test]
fn dense_files_read_the_same() {
    for text in [
        "a: 1\nb: [x, 'y', \"z\\n\\u00e9\", {c: d}]\n",
        "- |\n  one\n   two\n\n  three\n- >-\n  folded\n  text\n\n  para\n- |+\n  keep\n\n- plain\n  over lines\n",
        "key with blanks: value # comment\n\"quoted: key\": 'it''s'\n? explicit\n: value\n",
        "a:\n- b\n- c:\n    d: {}\n  e: []\n",
        "number: 72.5\ntext: 12:30:45\nversion: 1.10.2\nneg: -3\nexp: 1e3\nt: true\nn: ~\nempty:\n",
        "a: \"line \\\n  joined\"\nb: 'folded\n  here'\n",
        "a: &b c\n",
    ] {
        assert_eq!(compare(text, text.as_bytes()), !text.contains('&'));
    }
}

/// Kinds, texts and places of keys and scalars; a block scalar's place and end are the reader's own affair.
fn outline(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Scalar { text, style: Style::Literal | Style::Folded } => {
            out.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        Kind::Scalar { text, .. } if node.is_null() => out.push_str(text),
        Kind::Scalar { text, style } => write!(out, "{style:?} {text:?} {:?}", node.span.range()).expect("a text"),
        Kind::Seq(items) => items.iter().for_each(|item| {
            out.push_str("\n- ");
            outline(item, out);
        }),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            write!(out, "\n{:?} {:?}: ", key.text, key.span.range()).expect("a text");
            outline(value, out);
        }),
        Kind::Faulty => out.push_str("faulty"),
    }
    out.push(';');
}

#[test]
fn a_sketch_of_a_text_without_faults_is_its_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests", "rules", "examples"] {
        files(&root.join(folder), &mut all);
    }
    let mut compared = 0;
    for path in all {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let bytes = fs::read(&path).expect("readable");
        let Some(id) = sources.add(path.display().to_string(), &bytes, &mut found) else { continue };
        let Some(node) = yaml::load(&sources, id, &mut found).filter(|_| found.is_empty()) else { continue };
        let (mut read, mut drawn) = (String::new(), String::new());
        outline(&node, &mut read);
        outline(&yaml::sketch(id, sources.text(id)), &mut drawn);
        assert_eq!(drawn, read, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 50, "only {compared} were without faults");
}
