//! Whatever comes in, the readers of text come back: no panic, no hang, and every place they name lies in the text.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use crate::dice::Dice;
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::format::format;
use leverd::lang::load::load;
use leverd::lang::path::{Extract, Select};
use leverd::lang::pattern::matches;
use leverd::lang::render::{render_human, render_json};
use leverd::lang::rule::PatternText;
use leverd::lang::source::{Sources, Span};
use leverd::lang::template::{Lookup, Template};
use leverd::lang::yaml::{self, Kind, Node};
use leverd::model::{Code, Value};
use std::path::Path;

const ROUNDS: u64 = 2_000;

/// Chance, and what it does to texts.
struct Mangler(Dice);

impl Mangler {
    fn new(seed: u64) -> Self {
        Self(Dice::new(seed))
    }

    fn next(&mut self) -> usize {
        usize::try_from(self.0.next() >> 11).expect("64 bits")
    }

    fn pick<'s>(&mut self, seeds: &'s [String]) -> &'s str {
        self.0.pick::<String>(seeds)
    }

    /// Cuts, repeats, swaps and inserts pieces.
    fn mangle(&mut self, seed: &str) -> Vec<u8> {
        const BITS: [&str; 24] = [
            "{{", "}}", "{", "}", "[", "]", "\t", "\n", "\r\n", ": ", "- ", "\"", "'", "&a ", "*a", "<<: ", "!!x ", "| ",
            ">\n", "\\", "$.", "..", "\0", "é",
        ];
        let mut bytes = seed.as_bytes().to_vec();
        for _ in 0..=self.next() % 6 {
            let at = self.next() % (bytes.len() + 1);
            let end = (at + self.next() % 12).min(bytes.len());
            match self.next() % 4 {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().repeat(1 + self.next() % 20);
                    bytes.splice(at..at, piece).for_each(drop);
                }
                2 => drop(bytes.splice(at..at, BITS.get(self.next() % BITS.len()).expect("in range").bytes())),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = u8::try_from(self.next() % 256).expect("a byte");
                    }
                }
            }
        }
        bytes
    }
}

struct Values;

impl Lookup for Values {
    fn value(&self, path: &str) -> Option<Value> {
        path.len().is_multiple_of(2).then(|| Value::texts(["a", "b"]))
    }
}

fn walk(node: &Node, length: usize) {
    assert!(node.span.range().end <= length, "{:?}", node.span);
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| walk(item, length)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            assert!(key.span.range().end <= length);
            walk(value, length);
        }),
        Kind::Scalar { text, .. } => {
            let span = node.inner_span(0..text.len());
            assert!(span.range().end <= length, "{span:?} {text:?}");
            let span = node.inner_span(text.len() / 2..text.len());
            assert!(span.range().end <= length, "{span:?} {text:?}");
        }
        Kind::Faulty => {}
    }
}

#[test]
fn yaml_comes_back() {
    let seeds = [
        include_str!("../check/yaml/good.yaml"),
        include_str!("../check/yaml/unquoted_template.yaml"),
        include_str!("../check/rules/good.yaml"),
        include_str!("../../rules/qualified/rules.yaml"),
    ];
    let mut random = Mangler::new(1);
    let mut good = 0;
    for round in 0..ROUNDS {
        let seed = seeds.get(random.next() % seeds.len()).expect("in range");
        let bytes = random.mangle(seed);
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        if let Some(id) = sources.add("mangled.yaml", &bytes, &mut found) {
            let length = sources.text(id).len();
            walk(&yaml::sketch(id, sources.text(id)), length);
            match yaml::load(&sources, id, &mut found) {
                Some(node) => {
                    walk(&node, length);
                    if found.is_empty() {
                        let text = sources.text(id);
                        let once = format(text).unwrap_or_else(|| panic!("round {round}: another meaning\n{text:?}"));
                        assert!(format(&once).as_ref() == Some(&once), "round {round}: not the last word:\n{once}");
                        good += 1;
                    }
                }
                None => assert!(found.has_errors(), "round {round}: nothing read and nothing said"),
            }
        }
        render_human(&sources, &found, round % 2 == 0);
        render_json(&sources, &found);
    }
    assert!(good > 100, "only {good} were good");
}

fn short(seeds: &[&str], mut each: impl FnMut(&str, &dyn Fn(std::ops::Range<usize>) -> Span, &mut Diagnostics)) {
    let mut random = Mangler::new(2);
    for _ in 0..ROUNDS {
        let seed = seeds.get(random.next() % seeds.len()).expect("in range");
        let text = String::from_utf8_lossy(&random.mangle(seed)).into_owned();
        let mut sources = Sources::new();
        let id = sources.add_text("mangled", text.clone());
        let mut found = Diagnostics::new();
        each(&text, &|range| Span::new(id, range), &mut found);
        for fault in &found {
            assert!(fault.primary.range().end <= text.len(), "{fault:?} in {text:?}");
            assert!(!fault.message.is_empty() && text.is_char_boundary(fault.primary.range().start), "{fault:?} in {text:?}");
        }
        render_human(&sources, &found, false);
    }
}

#[test]
fn templates_come_back() {
    let seeds = [
        "Hi {{candidate.name}}: {{#if result.percent}}{{round result.percent 1}} %{{else if x}}y{{else}}none{{/if}}",
        "{{#each a.b}}{{@index}} {{this.title}} {{../x}} {{default (band v) \"none\"}}{{~else~}}-{{/each}} {{! c }}{{!-- d --}}",
    ];
    short(&seeds, |text, place, found| match Template::parse_text(text, place, found) {
        Some(template) => drop(template.render(&Values)),
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

#[test]
fn patterns_come_back() {
    let seeds = ["{{assessment.title}} - {score:number} % ({who})", "{a}x{b:int}x{c:stage}x{d}"];
    short(&seeds, |text, place, found| match PatternText::parse_text(text, place, found) {
        Some(pattern) => {
            if let Ok(pattern) = pattern.render(&Values) {
                matches(&pattern, text, &(), true);
            }
        }
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

#[test]
fn paths_come_back() {
    let seeds = [
        "$.data[?@.id == 'a' && length(@.tags) > 1]['x'].y | default('a') | lookup({a: 1, 'b': true})",
        "$..a[0:3:2]..b | percent($.max) | iso8601",
    ];
    let document = serde_json::json!({ "data": [ { "id": "a", "tags": ["x", "y"] } ], "a": { "a": [ { "b": 1 } ] } });
    let context = leverd::lang::path::PipeContext { base_url: "https://example.com" };
    short(&seeds, |text, place, found| match Extract::parse_text(text, Select::Many, place, found) {
        Some(extract) => drop(extract.apply_all(&document, &context)),
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

/// The texts of all files of this name under a folder.
fn texts(folder: &str, fits: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if fits(&path.file_name().expect("a name").to_string_lossy()) {
                found.push(std::fs::read_to_string(path).expect("a text"));
            }
        }
    }
    assert!(!found.is_empty(), "no texts in {folder}");
    found
}

/// Every fault lies in its text, on whole characters, and says something.
fn well_told(sources: &Sources, found: &Diagnostics) {
    for fault in found {
        let (range, text) = (fault.primary.range(), sources.text(fault.primary.source));
        assert!(!fault.message.is_empty() && range.end <= text.len(), "{fault:?}");
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end), "{fault:?}");
    }
    render_human(sources, found, false);
}

fn packs_come_back(file: &str, seeds: &[String], other: (&str, &str)) {
    let mut random = Mangler::new(3);
    let (mut good, mut bad) = (0, 0);
    for round in 0..ROUNDS {
        // As it stands first, then what chance makes of it.
        let at = usize::try_from(round).expect("small");
        let bytes = seeds.get(at).map_or_else(|| random.pick(seeds).to_owned(), Clone::clone);
        let bytes = if at < seeds.len() { bytes.into_bytes() } else { random.mangle(&bytes) };
        let files = [(file.to_owned(), bytes), (other.0.to_owned(), other.1.as_bytes().to_vec())];
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let pack = load(&"mangled".into(), &files, &mut sources, &mut found);
        assert!(pack.is_some() || found.has_errors(), "round {round}: nothing read and nothing said");
        well_told(&sources, &found);
        match pack {
            Some(pack) => {
                good += 1;
                if let Some(adapter) = pack.vendor.as_deref().filter(|_| file == "vendor.yaml") {
                    let mut told = Diagnostics::new();
                    told.extend(leverd::vendor::run_samples(adapter));
                    well_told(&sources, &told);
                }
            }
            None => bad += 1,
        }
    }
    assert!(good > 20 && bad > 100, "{good} were good, {bad} bad");
}

const ONE_RULE: &str = "rules: [{ name: a, trigger: candidateHired, do: [{ add_tag: x }] }]\n";

#[test]
fn rule_files_come_back() {
    let seeds = texts("tests/check/rules", &|name| {
        Path::new(name).extension().is_some_and(|end| end == "yaml") && name != "vendor.yaml"
    });
    packs_come_back("rules.yaml", &seeds, ("vendor.yaml", include_str!("../check/rules/vendor.yaml")));
}

#[test]
fn adapters_come_back() {
    let vendors = texts("rules", &|name| name == "vendor.yaml");
    packs_come_back("vendor.yaml", &vendors, ("rules.yaml", ONE_RULE));
}

#[test]
fn webhooks_come_back() {
    let lever = [
        r#"{"id":"a","event":"candidateStageChange","triggeredAt":1760000000000,"token":"t","signature":"s","data":{"opportunityId":"o","toStageId":"s"}}"#,
        r#"{"id":"a","event":"applicationCreated","triggeredAt":1760000000000,"token":"t","signature":"s","data":{"opportunityId":"o","applicationId":"p"}}"#,
        r#"{"id":"a","event":"contactUpdated","triggeredAt":1,"data":{"contactId":"c"}}"#,
    ];
    let vendor = [
        r#"{"event":"scored","invitation":"i","percent":66.5,"passed":true,"report":"https://example.com/r"}"#,
        r#"{"event":"approved","invitation":"i"}"#,
    ];
    let files = [
        ("vendor.yaml".to_owned(), include_bytes!("../check/rules/vendor.yaml").to_vec()),
        ("rules.yaml".to_owned(), ONE_RULE.as_bytes().to_vec()),
    ];
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"mangled".into(), &files, &mut sources, &mut found).expect("a good pack");
    let adapter = pack.vendor.expect("its vendor");
    let mut random = Mangler::new(4);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let at = random.next();
        let body = random.mangle(lever.get(at % lever.len()).expect("in range"));
        match leverd::lever::decode::payload(&body) {
            Ok(_) => read += 1,
            Err(reason) => {
                assert_eq!(reason.code, Code::R5);
                refused += 1;
            }
        }
        let body = random.mangle(vendor.get(at % vendor.len()).expect("in range"));
        leverd::vendor::handshake(&adapter, &body);
        match leverd::vendor::notifications(&adapter, &body) {
            Ok(_) => read += 1,
            Err(reason) => {
                assert_eq!(reason.code, Code::R5);
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}
