//! Diagnostics as SARIF 2.1.0, which code scanning services and editors read.
//!
//! Columns are in UTF-16 units, SARIF's default, since some readers do not look at `columnKind`. What a code means comes from the
//! entries behind `leverd explain`, handed in. It knows nothing of files: names become relative URIs as they are.

use super::diagnostic::{Diagnostic, Diagnostics, Severity};
use super::explain::Entry;
use super::source::{Sources, Span};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The whole log: one run, with the rules that its results name.
pub fn render_sarif<'a>(
    sources: &Sources,
    diagnostics: &Diagnostics,
    entries: impl Iterator<Item = &'a Entry> + Clone,
) -> String {
    let sorted = diagnostics.sorted();
    let mut codes: Vec<&str> = sorted.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let level = sorted.iter().find(|found| found.code == *code).map_or(Severity::Error, |found| found.severity);
            rule(code, level, entries.clone().find(|entry| entry.0 == *code))
        })
        .collect();
    let results: Vec<Value> = sorted.iter().map(|found| result(sources, found, &codes)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "leverd",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

/// A code, with what `leverd explain` says of it.
fn rule(code: &str, level: Severity, entry: Option<&Entry>) -> Value {
    // Some readers want texts of every rule, be it only the code in words.
    let bare = code.replace('-', " ");
    let (text, bad, good) = entry.map_or((bare.as_str(), "", ""), |(_, text, bad, good)| (*text, *bad, *good));
    let first = text.split_once(". ").map_or(text.to_owned(), |(first, _)| format!("{first}."));
    let (mut plain, mut markdown) = (text.to_owned(), text.to_owned());
    for (title, example) in [("wrong", bad), ("right", good)] {
        let example = example.trim_end();
        if !example.is_empty() {
            let _ = write!(plain, "\n\n{title}:\n\n{example}");
            let _ = write!(markdown, "\n\n{title}:\n\n```yaml\n{example}\n```");
        }
    }
    json!({
        "id": code,
        "shortDescription": { "text": message(&first) },
        "fullDescription": { "text": message(text) },
        "help": { "text": message(&plain), "markdown": message(&markdown) },
        "defaultConfiguration": { "level": level.as_str() },
    })
}

fn result(sources: &Sources, found: &Diagnostic, codes: &[&str]) -> Value {
    let mut text = found.message.clone();
    let title = found.suggestion.as_ref().map(|change| &change.title);
    for help in title.into_iter().chain(&found.help) {
        let _ = write!(text, "\nhelp: {help}");
    }
    let mut location = json!({ "physicalLocation": physical(sources, found.primary) });
    if let (Some(route), Value::Object(map)) = (&found.route, &mut location) {
        map.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": route }]));
    }
    let mut result = json!({
        "ruleId": found.code,
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": found.severity.as_str(),
        "message": { "text": message(&text) },
        "locations": [location],
    });
    let Value::Object(map) = &mut result else { return result };
    let related: Vec<Value> = found
        .secondary
        .iter()
        .enumerate()
        .map(|(id, (span, label))| {
            json!({ "id": id, "physicalLocation": physical(sources, *span), "message": { "text": message(label) } })
        })
        .collect();
    if !related.is_empty() {
        map.insert("relatedLocations".to_owned(), json!(related));
    }
    if let Some(change) = &found.suggestion {
        let fix = json!({
            "description": { "text": message(&change.title) },
            "artifactChanges": [{
                "artifactLocation": artifact(sources, change.span),
                "replacements": [{
                    "deletedRegion": region(sources, change.span),
                    "insertedContent": { "text": change.replacement },
                }],
            }],
        });
        map.insert("fixes".to_owned(), json!([fix]));
    }
    result
}

fn physical(sources: &Sources, span: Span) -> Value {
    let mut region = region(sources, span);
    if let (Value::Object(map), false) = (&mut region, span.range().is_empty()) {
        map.insert("snippet".to_owned(), json!({ "text": sources.slice(span) }));
    }
    json!({ "artifactLocation": artifact(sources, span), "region": region })
}

fn artifact(sources: &Sources, span: Span) -> Value {
    json!({ "uri": uri(sources.get(span.source).map_or("", |source| source.name())) })
}

/// Lines and columns from 1; the end column is the one after the last.
fn region(sources: &Sources, span: Span) -> Value {
    let Some(source) = sources.get(span.source) else { return json!({ "startLine": 1 }) };
    let place = |offset: usize| {
        let offset = source.floor(offset);
        let line = source.line_of(offset);
        (line, source.slice(source.line_start(line)..offset).encode_utf16().count() + 1)
    };
    let (start, end) = (place(span.start as usize), place(span.end as usize));
    json!({ "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 })
}

/// A path as a reference to a URI: what URIs have no room for is written as `%XX`.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if path.split('/').next().is_some_and(|first| first.contains(':')) {
        // `a:b` alone would be the scheme `a`.
        uri.push_str("./");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// A text as SARIF's message strings are written: braces are doubled, since a single pair is a placeholder, and what looks like a link
/// is none.
fn message(text: &str) -> String {
    let text = text.replace('{', "{{").replace('}', "}}");
    if text.contains("](") { text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units_and_uris_hold_what_uris_may() {
        let mut sources = Sources::new();
        let text = "a: \"𝄞é\" x\n";
        let id = sources.add_text("rules/a b#1.yaml", text);
        let at = text.find('x').expect("there");
        let found = Diagnostic::error("x", Span::new(id, at..at + 1), "`{{a}}` [b](1)").suggest(Span::new(id, at..at), "y");
        let log: Value = serde_json::from_str(&render_sarif(&sources, &found.into(), std::iter::empty())).expect("it is JSON");
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["region"]["startColumn"], 10);
        assert_eq!(place["region"]["endColumn"], 11);
        assert_eq!(place["artifactLocation"]["uri"], "rules/a%20b%231.yaml");
        assert_eq!(result["message"]["text"], "`{{{{a}}}}` \\[b\\](1)\nhelp: did you mean `y`?");
        let deleted = &result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"];
        assert_eq!((&deleted["startColumn"], &deleted["endColumn"]), (&json!(10), &json!(10)));
        assert_eq!(uri("/a/b.yaml"), "file:///a/b.yaml");
        assert_eq!(uri("c:x.yaml"), "./c:x.yaml");
    }
}
