//! What `--format sarif` writes fits the standard's own JSON Schema, and its places and changes are those of the messages.

use crate::check::{faults, fixtures};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::explain;
use leverd::lang::sarif::render_sarif;
use leverd::lang::source::Sources;
use serde_json::Value;

fn log(sources: &Sources, found: &Diagnostics) -> Value {
    serde_json::from_str(&render_sarif(sources, found, explain::entries().chain(leverd::suite::ENTRIES))).unwrap()
}

/// The byte at a line and a column in UTF-16 units, both from 1, counted anew.
fn byte(text: &str, line: &Value, column: &Value) -> usize {
    let (line, column) = (line.as_u64().unwrap(), column.as_u64().unwrap());
    let start = text.split_inclusive('\n').take(usize::try_from(line).unwrap() - 1).map(str::len).sum::<usize>();
    let mut left = column - 1;
    let mut at = start;
    for char in text[start..].chars() {
        if left == 0 {
            break;
        }
        left -= char.len_utf16() as u64;
        at += char.len_utf8();
    }
    at
}

#[test]
fn every_fixture_makes_a_log_that_fits_the_schema_of_the_standard() {
    // One pattern of the schema has a `]` too many, which JavaScript takes for a letter and the validator's engine for a fault.
    let schema = include_str!("../fixtures/sarif/sarif-schema-2.1.0.json").replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (mut results, mut fixes) = (0, 0);
    for (kind, name, bytes) in fixtures() {
        let (sources, found) = faults(&kind, &name, &bytes);
        let log = log(&sources, &found);
        let wrong: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(wrong.is_empty(), "{kind}/{name}: {wrong:?}");
        let sorted = found.sorted();
        for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
            // What code scanning wants of each rule.
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{kind}/{name}: {rule}");
            }
        }
        let told = log["runs"][0]["results"].as_array().unwrap();
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        assert_eq!(told.len(), sorted.len(), "{kind}/{name}");
        for (result, found) in told.iter().zip(sorted) {
            results += 1;
            assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
            let text = sources.text(found.primary.source);
            let region = &result["locations"][0]["physicalLocation"]["region"];
            let start = byte(text, &region["startLine"], &region["startColumn"]);
            let end = byte(text, &region["endLine"], &region["endColumn"]);
            assert_eq!(start..end, found.primary.range(), "{kind}/{name}: {}", found.message);
            let Some(change) = &found.suggestion else {
                assert!(result.get("fixes").is_none());
                continue;
            };
            fixes += 1;
            let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
            let region = &replacement["deletedRegion"];
            let text = sources.text(change.span.source);
            let start = byte(text, &region["startLine"], &region["startColumn"]);
            let end = byte(text, &region["endLine"], &region["endColumn"]);
            assert_eq!(start..end, change.span.range(), "{kind}/{name}: {}", change.title);
            assert_eq!(replacement["insertedContent"]["text"], change.replacement.as_str());
        }
    }
    assert!(results > 300 && fixes > 50, "{results} results, {fixes} fixes");
}

#[test]
fn rules_carry_what_explain_says() {
    let (sources, found) = faults("mistakes", "typo_in_key.yaml", include_bytes!("../check/mistakes/typo_in_key.yaml"));
    let log = log(&sources, &found);
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "unknown-key");
    let entry = explain::entries().find(|entry| entry.0 == "unknown-key").unwrap();
    assert_eq!(rule["fullDescription"]["text"], entry.1.replace('{', "{{").replace('}', "}}"));
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("```yaml\n"), "{rule}");
}
