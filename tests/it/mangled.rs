//! Whatever comes in, the readers of text come back: no panic, no hang, and every place they name lies in the text.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use crate::dice::Dice;
use crate::fuzzed;
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
    for _ in 0..ROUNDS {
        let seed = seeds.get(random.next() % seeds.len()).expect("in range");
        good += usize::from(fuzzed::yaml(&random.mangle(seed)));
    }
    assert!(good > 100, "only {good} were good");
}

fn short(seeds: &[&str], read: fn(&[u8])) {
    let mut random = Mangler::new(2);
    for _ in 0..ROUNDS {
        let seed = seeds.get(random.next() % seeds.len()).expect("in range");
        read(&random.mangle(seed));
    }
}

#[test]
fn templates_come_back() {
    let seeds = [
        "Hi {{candidate.name}}: {{#if result.percent}}{{round result.percent 1}} %{{else if x}}y{{else}}none{{/if}}",
        "{{#each a.b}}{{@index}} {{this.title}} {{../x}} {{default (band v) \"none\"}}{{~else~}}-{{/each}} {{! c }}{{!-- d --}}",
    ];
    short(&seeds, fuzzed::template);
}

#[test]
fn patterns_come_back() {
    let seeds = ["{{assessment.title}} - {score:number} % ({who})", "{a}x{b:int}x{c:stage}x{d}"];
    short(&seeds, fuzzed::pattern);
}

#[test]
fn paths_come_back() {
    let seeds = [
        "$.data[?@.id == 'a' && length(@.tags) > 1]['x'].y | default('a') | lookup({a: 1, 'b': true})",
        "$..a[0:3:2]..b | percent($.max) | iso8601",
    ];
    short(&seeds, fuzzed::json_path);
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

fn packs_come_back(seeds: &[String], read: fn(&[u8]) -> bool) {
    let mut random = Mangler::new(3);
    let (mut good, mut bad) = (0, 0);
    for round in 0..ROUNDS {
        // As it stands first, then what chance makes of it.
        let at = usize::try_from(round).expect("small");
        let bytes = seeds.get(at).map_or_else(|| random.pick(seeds).to_owned(), Clone::clone);
        let bytes = if at < seeds.len() { bytes.into_bytes() } else { random.mangle(&bytes) };
        if read(&bytes) { good += 1 } else { bad += 1 }
    }
    assert!(good > 20 && bad > 100, "{good} were good, {bad} bad");
}

/// A target by its name, and the reader that it feeds.
type Target = (&'static str, fn(&[u8]));

/// What `cargo fuzz` begins with, and whatever it found once.
#[test]
fn the_corpus_comes_back() {
    let targets: [Target; 8] = [
        ("yaml", |bytes| {
            fuzzed::yaml(bytes);
        }),
        ("rule_file", |bytes| {
            fuzzed::rule_file(bytes);
        }),
        ("adapter", |bytes| {
            fuzzed::adapter(bytes);
        }),
        ("template", fuzzed::template),
        ("pattern", fuzzed::pattern),
        ("json_path", fuzzed::json_path),
        ("lever_webhook", |bytes| {
            fuzzed::lever_webhook(bytes);
        }),
        ("vendor_webhook", |bytes| {
            fuzzed::vendor_webhook(bytes);
        }),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut folders = 0;
    for folder in std::fs::read_dir(corpus).expect("the corpus") {
        let folder = folder.expect("readable").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let (_, read) = targets.iter().find(|(target, _)| *target == name).unwrap_or_else(|| panic!("no target `{name}`"));
        for input in std::fs::read_dir(folder).expect("a folder") {
            read(&std::fs::read(input.expect("readable").path()).expect("an input"));
        }
        folders += 1;
    }
    assert!(folders >= 5, "{folders}");
}

#[test]
fn rule_files_come_back() {
    let mut seeds = texts("tests/check/rules", &|name| {
        Path::new(name).extension().is_some_and(|end| end == "yaml") && name != "vendor.yaml"
    });
    // Most of these are there for their fault. What is good, and becomes nearly so, is tried as often.
    let good: Vec<String> = seeds.iter().filter(|seed| fuzzed::rule_file(seed.as_bytes())).cloned().collect();
    let often = seeds.len().div_ceil(good.len());
    seeds.extend(good.iter().cycle().take(good.len() * often).cloned());
    packs_come_back(&seeds, fuzzed::rule_file);
}

#[test]
fn adapters_come_back() {
    let vendors = texts("rules", &|name| name == "vendor.yaml");
    packs_come_back(&vendors, fuzzed::adapter);
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
    let mut random = Mangler::new(4);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let at = random.next();
        let of_lever = fuzzed::lever_webhook(&random.mangle(lever.get(at % lever.len()).expect("in range")));
        let of_vendor = fuzzed::vendor_webhook(&random.mangle(vendor.get(at % vendor.len()).expect("in range")));
        for good in [of_lever, of_vendor] {
            if good { read += 1 } else { refused += 1 }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}
