//! The schemas in `schema/` are those that the types make. `UPDATE=1` rewrites them.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::fs;
use std::path::Path;

fn same(file: &str, schema: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(file);
    let made = serde_json::to_string_pretty(schema).expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).expect("writable");
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == made, "schema/{file} is not current: UPDATE=1 rewrites it");
    jsonschema::meta::validate(schema).expect("a valid schema");
}

#[test]
fn the_schema_of_rules_is_current_and_takes_good_rules() {
    let schema = leverd::lang::schema::rules_schema();
    same("rules.schema.json", &schema);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["tests/check/rules/good.yaml", "rules/qualified/rules.yaml"] {
        let text = fs::read_to_string(root.join(file)).expect("readable");
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{file}: {faults:#?}");
    }
    let wrong: Value = serde_yaml::from_str("rules: [{ name: a, trigger: nothing, do: [{ add_tga: x }] }]").expect("YAML");
    assert!(!validator.is_valid(&wrong));
}
