//! What commands, deeds and switches there are: read out of the types that take them, so that no page can lag behind.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Command;
use crate::sim::faults::Faults;
use crate::sim::vendors::Deed;

/// One command, deed or switch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it takes; of a switch: nothing.
    pub fields: Vec<Field>,
}

/// A field of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    pub name: String,
    pub required: bool,
    pub about: String,
}

/// Every command, in the order in which they are declared.
pub fn commands() -> Vec<Entry> {
    variants::<Command>("do")
}

/// What `at_vendor` can do, as its field `act`. No vendor knows all of it.
pub fn deeds() -> Vec<Entry> {
    variants::<Deed>("act")
}

/// Every switch of `set_faults`.
pub fn switches() -> Vec<Entry> {
    let schema = schema::<Faults>();
    fields(&schema, "").into_iter().map(|it| Entry { name: it.name, about: it.about, fields: Vec::new() }).collect()
}

fn schema<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// The variants of an enum that is told apart by the field `tag`.
fn variants<T: JsonSchema>(tag: &str) -> Vec<Entry> {
    let schema = schema::<T>();
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let mut found = Vec::new();
    for variant in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = variant.pointer(&format!("/properties/{tag}/const")).and_then(Value::as_str) else { continue };
        let mut own = fields(variant, tag);
        // What a variant holds may be told elsewhere.
        let target = variant.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/$defs/"));
        if let Some(held) = target.and_then(|target| definitions?.get(target)) {
            own.extend(fields(held, tag));
        }
        found.push(Entry { name: name.to_owned(), about: about(variant), fields: own });
    }
    found
}

/// The properties of an object, without its tag.
fn fields(object: &Value, tag: &str) -> Vec<Field> {
    let required = |name: &str| {
        let all = object.get("required").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).any(|known| known == name)
    };
    let none = Map::new();
    let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let of_it = properties.iter().filter(|(name, _)| *name != tag);
    of_it.map(|(name, value)| Field { name: name.clone(), required: required(name), about: about(value) }).collect()
}

/// The comment on a type or a field, on one line.
fn about(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
