//! Bytes into each reader: it comes back, says where it stands in the text what is wrong, and what it accepted can be used. Plain
//! functions: `mangled` feeds them in every run of the tests, `cargo fuzz` for as long as one likes (`tests/fuzz`).

#![allow(clippy::expect_used, clippy::panic, reason = "what is wrong panics")]

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::format::format;
use leverd::lang::load::load;
use leverd::lang::path::{Extract, PipeContext, Select};
use leverd::lang::pattern::matches;
use leverd::lang::render::{render_human, render_json};
use leverd::lang::rule::PatternText;
use leverd::lang::source::{Sources, Span};
use leverd::lang::template::{Lookup, Template};
use leverd::lang::yaml::{self, Kind, Node};
use leverd::model::{Code, Value};
use std::sync::OnceLock;

const VENDOR: &str = include_str!("../check/rules/vendor.yaml");
const ONE_RULE: &str = "rules: [{ name: a, trigger: candidateHired, do: [{ add_tag: x }] }]\n";

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

/// Every fault lies in its text, on whole characters, and says something.
fn well_told(sources: &Sources, found: &Diagnostics) {
    for fault in found {
        let (range, text) = (fault.primary.range(), sources.text(fault.primary.source));
        assert!(!fault.message.is_empty() && range.end <= text.len(), "{fault:?}");
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end), "{fault:?}");
    }
    render_human(sources, found, false);
    render_json(sources, found);
}

/// YAML: read whole or with a fault; the outline of a broken file too; what is good keeps its meaning when it is formatted. Whether it was.
pub(crate) fn yaml(bytes: &[u8]) -> bool {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let mut good = false;
    if let Some(id) = sources.add("mangled.yaml", bytes, &mut found) {
        let length = sources.text(id).len();
        walk(&yaml::sketch(id, sources.text(id)), length);
        match yaml::load(&sources, id, &mut found) {
            Some(node) => {
                walk(&node, length);
                if found.is_empty() {
                    let text = sources.text(id);
                    let once = format(text).unwrap_or_else(|| panic!("another meaning\n{text:?}"));
                    assert!(format(&once).as_ref() == Some(&once), "not the last word:\n{once}");
                    good = true;
                }
            }
            None => assert!(found.has_errors(), "nothing read and nothing said"),
        }
    }
    render_human(&sources, &found, true);
    well_told(&sources, &found);
    good
}

/// A text inside of a file, read by `read`.
fn inside(bytes: &[u8], read: impl FnOnce(&str, &dyn Fn(std::ops::Range<usize>) -> Span, &mut Diagnostics)) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("mangled", text.clone());
    read(&text, &|range| Span::new(id, range), &mut found);
    for fault in &found {
        assert!(fault.primary.range().end <= text.len(), "{fault:?} in {text:?}");
        assert!(!fault.message.is_empty() && text.is_char_boundary(fault.primary.range().start), "{fault:?} in {text:?}");
    }
    render_human(&sources, &found, false);
}

/// A text with `{{…}}`.
pub(crate) fn template(bytes: &[u8]) {
    inside(bytes, |text, place, found| match Template::parse_text(text, place, found) {
        Some(template) => drop(template.render(&Values)),
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

/// A pattern of tags.
pub(crate) fn pattern(bytes: &[u8]) {
    inside(bytes, |text, place, found| match PatternText::parse_text(text, place, found) {
        Some(pattern) => {
            if let Ok(pattern) = pattern.render(&Values) {
                matches(&pattern, text, &(), true);
            }
        }
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

/// JSONPath with its pipes.
pub(crate) fn json_path(bytes: &[u8]) {
    let document = serde_json::json!({ "data": [ { "id": "a", "tags": ["x", "y"] } ], "a": { "a": [ { "b": 1 } ] } });
    let context = PipeContext { base_url: "https://example.com" };
    inside(bytes, |text, place, found| match Extract::parse_text(text, Select::Many, place, found) {
        Some(extract) => drop(extract.apply_all(&document, &context)),
        None => assert!(found.has_errors(), "{text:?}"),
    });
}

/// A rule file beside a good adapter. Whether it is good.
pub(crate) fn rule_file(bytes: &[u8]) -> bool {
    pack([("rules.yaml", bytes), ("vendor.yaml", VENDOR.as_bytes())], false)
}

/// An adapter beside a good rule file; what is good runs its samples. Whether it is good.
pub(crate) fn adapter(bytes: &[u8]) -> bool {
    pack([("vendor.yaml", bytes), ("rules.yaml", ONE_RULE.as_bytes())], true)
}

fn pack(files: [(&str, &[u8]); 2], samples: bool) -> bool {
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"mangled".into(), &files, &mut sources, &mut found);
    assert!(pack.is_some() || found.has_errors(), "nothing read and nothing said");
    well_told(&sources, &found);
    let Some(pack) = pack else { return false };
    if let Some(adapter) = pack.vendor.as_deref().filter(|_| samples) {
        let mut told = Diagnostics::new();
        told.extend(leverd::vendor::run_samples(adapter));
        well_told(&sources, &told);
    }
    true
}

/// The body of a webhook of Lever. Whether it decodes; what does not is R5.
pub(crate) fn lever_webhook(bytes: &[u8]) -> bool {
    leverd::lever::decode::payload(bytes).map_err(|reason| assert_eq!(reason.code, Code::R5)).is_ok()
}

/// The body of a vendor's webhook, through the mapping of an adapter. Whether it decodes; what does not is R5.
pub(crate) fn vendor_webhook(bytes: &[u8]) -> bool {
    static ADAPTER: OnceLock<std::sync::Arc<leverd::lang::adapter::Adapter>> = OnceLock::new();
    let adapter = ADAPTER.get_or_init(|| {
        let files =
            [("vendor.yaml", VENDOR), ("rules.yaml", ONE_RULE)].map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let pack = load(&"mangled".into(), &files, &mut Sources::new(), &mut Diagnostics::new()).expect("a good pack");
        pack.vendor.expect("its vendor")
    });
    leverd::vendor::handshake(adapter, bytes);
    leverd::vendor::notifications(adapter, bytes).map_err(|reason| assert_eq!(reason.code, Code::R5)).is_ok()
}
