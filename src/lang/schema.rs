//! The JSON Schema (2020-12) of `rules.yaml`, for editors. Made of the same tables that the reader reads by.

use super::action::registry;
use super::compile::{shapes, type_names};
use super::scope;
use super::shape::Shape;
use schemars::Schema;
use serde_json::{Map, Value, json};

/// The schema of a rules file.
pub fn rules_schema() -> Schema {
    let about = "Rules of leverd: what shall be done in Lever and at a vendor when something happens.";
    let mut schema = shapes::FILE.schema("rules.yaml", about);
    schema.insert(
        "$defs".to_owned(),
        json!({
                "type": ty(),
                "trigger": trigger(),
                "triggers": { "anyOf": [{ "$ref": "#/$defs/trigger" }, { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/trigger" } }] },
                "condition": condition(),
                "guard": guard(),
                "spec": shapes::SPEC.json(),
                "action": action(),
        }),
    );
    schema
}

fn ty() -> Value {
    let mut names = type_names();
    names.push("table");
    json!({
        "anyOf": [
            { "enum": names },
            { "type": "array", "items": { "$ref": "#/$defs/type" }, "minItems": 1, "maxItems": 1 },
            { "type": "object", "additionalProperties": false, "required": ["one_of"],
              "properties": { "one_of": { "type": "array", "items": { "type": ["string", "number", "boolean"] }, "minItems": 1 } } },
        ]
    })
}

fn trigger() -> Value {
    let kinds: Vec<String> = scope::kinds().iter().map(ToString::to_string).collect();
    let kinds = kinds.into_iter().chain(["assessment.expires_at".to_owned()]).collect::<Vec<_>>();
    let shapes = [&shapes::TIMER, &shapes::TAG_ADDED, &shapes::ANSWERED, &shapes::DONE, &shapes::FAILED];
    json!({ "anyOf": std::iter::once(json!({ "enum": kinds })).chain(shapes.map(Shape::json)).collect::<Vec<Value>>() })
}

fn condition() -> Value {
    json!({
        "type": "object",
        "description": "fields with what they are compared with; all must hold",
        "properties": {
            "all": { "type": "array", "items": { "$ref": "#/$defs/condition" } },
            "any": { "type": "array", "items": { "$ref": "#/$defs/condition" } },
            "not": { "$ref": "#/$defs/condition" },
        },
    })
}

fn guard() -> Value {
    let mut guard = condition();
    if let Some(Value::Object(properties)) = guard.get_mut("properties") {
        let about = "what to do when it does not hold";
        properties
            .insert("else".to_owned(), json!({ "type": "array", "items": { "$ref": "#/$defs/action" }, "description": about }));
    }
    guard
}

/// One verb each, with `optional`.
fn action() -> Value {
    let optional = json!({ "type": "boolean", "description": "a later move does not wait for it" });
    let verbs = registry::VERBS.iter().map(|verb| {
        let mut shape = verb.shape.json();
        if let Value::Object(map) = &mut shape {
            map.insert("description".to_owned(), json!(verb.doc));
        }
        let mut properties = Map::new();
        properties.insert(verb.name.to_owned(), shape);
        properties.insert("optional".to_owned(), optional.clone());
        json!({ "type": "object", "required": [verb.name], "properties": properties, "additionalProperties": false })
    });
    json!({ "oneOf": verbs.collect::<Vec<Value>>() })
}
