//! The schemas in `schema/` are what the tables say, the pages beside them show files that load, and what loads fits the schema.
//! `UPDATE=1` rewrites the schemas.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use leverd::cli::schema::{openapi, schemas, text};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::lang::{catalogue, config};
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first YAML block of a page.
fn block(page: &str) -> String {
    let text = read(page);
    let from = text.find("```yaml\n").expect("a YAML block") + "```yaml\n".len();
    let to = text.get(from..).and_then(|rest| rest.find("```")).expect("its end");
    text.get(from..from + to).expect("within").to_owned()
}

#[test]
fn the_schema_files_are_current_and_what_editors_understand() {
    for (name, schema) in schemas() {
        let (path, text) = (format!("schema/{name}.schema.json"), text(&schema));
        // yaml-language-server does not know this key and would flag good files.
        assert!(!text.contains("unevaluatedProperties"), "{name}");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), &text).expect("writable");
        }
        let stored = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap_or_default();
        assert!(stored == text, "{path} is not current: UPDATE=1 rewrites it");
    }
}

#[test]
fn the_description_of_the_api_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, openapi()).expect("writable");
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == openapi(),
        "schema/openapi.json is not current: UPDATE=1 rewrites it"
    );
}

#[test]
fn pages_and_examples_load_and_fit_their_schema() {
    let texts = [
        ("config", read("examples/leverd.yaml")),
        ("config", block("schema/config.md")),
        ("config", read("tests/check/config/good.yaml")),
        ("catalogue", read("examples/catalogue/acme.yaml")),
        ("catalogue", block("schema/catalogue.md")),
        ("rules", read("tests/check/rules/good.yaml")),
        ("rules", read("rules/qualified/rules.yaml")),
        ("config", include_str!("../../src/cli/init/leverd.yaml").to_owned()),
        ("catalogue", include_str!("../../src/cli/init/catalogue.yaml").to_owned()),
    ];
    for (kind, text) in texts {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text(kind, text.as_str());
        let loaded = match kind {
            "config" => config::read(&mut sources, id, &mut found).is_some(),
            // Rules are loaded with their vendor: the fixtures and the shipped packs are.
            "rules" => true,
            _ => catalogue::read(&sources, id, &mut found).is_some(),
        };
        assert!(loaded && found.is_empty(), "{}\n{text}", render_human(&sources, &found, false));
        let faults = faults(kind, &text);
        assert!(faults.is_empty(), "{faults:?}\n{text}");
    }
}

#[test]
fn the_configurations_of_the_page_on_connecting_load() {
    let text = read("schema/connect.md");
    let blocks: Vec<&str> = text.split("\n```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text("leverd.yaml", block);
        let loaded = config::read(&mut sources, id, &mut found).is_some();
        assert!(loaded && found.is_empty(), "{}", render_human(&sources, &found, false));
    }
}

#[test]
fn what_the_reader_refuses_for_its_shape_the_schema_refuses() {
    for name in ["unknown_keys", "missing", "secret_place", "types", "settings"] {
        let text = read(&format!("tests/check/config/{name}.yaml"));
        // A setting's values are of no known type here.
        assert_eq!(faults("config", &text).is_empty(), name == "settings", "{name}");
    }
    assert!(!faults("catalogue", &read("tests/check/catalogue/faults.yaml")).is_empty());
    for name in ["unknown_key", "unknown_trigger", "unknown_verb", "two_verbs", "missing_do", "types", "invite"] {
        assert!(!faults("rules", &read(&format!("tests/check/rules/{name}.yaml"))).is_empty(), "{name}");
    }
}

fn faults(kind: &str, text: &str) -> Vec<String> {
    let schema = schemas().into_iter().find(|(name, _)| *name == kind).expect("a schema").1;
    let validator = jsonschema::validator_for(schema.as_value()).expect("a good schema");
    let Ok(value) = serde_yaml::from_str::<serde_json::Value>(text) else {
        return vec!["no YAML for the referee".to_owned()];
    };
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
