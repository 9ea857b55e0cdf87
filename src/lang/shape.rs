//! The shape of a map as one table: its keys, their types, what they mean.
//!
//! The reader takes from it which keys are known and which must be there, the JSON Schema is made of it, and a test holds the
//! grammar page against it: a key is written down once. It knows nothing of files or of what the values mean.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::near::near;
use super::yaml::{Key, Node};
use crate::model::Kind;
use schemars::Schema;
use serde_json::{Value, json};

/// What may stand in a place, as far as an editor can be told.
#[derive(Debug, Clone, Copy)]
pub enum Ty {
    /// Any single value, read as text.
    Text,
    Bool,
    /// `17d12h`.
    Duration,
    Url,
    /// A point in time, `2026-11-20T09:30:00Z`.
    Time,
    OneOf(&'static [&'static str]),
    Map(&'static Shape),
    /// A map with names of the author's choice.
    Named(&'static Ty),
    List(&'static Ty),
    Either(&'static [Ty]),
    /// Anything: its type is known elsewhere.
    Any,
    /// A shape of this name under `$defs`: shapes that hold themselves.
    Ref(&'static str),
    /// A text that names one of these.
    Of(Names),
    /// A map whose keys are such names.
    By(Names, &'static Ty),
    /// Anything; what it mostly is.
    Open(&'static Ty),
}

/// What a text names that is declared, pulled or known elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// What an account's catalogue names.
    Thing(Kind),
    Tag,
    /// A tag family.
    Family,
    /// A member of the family beside it.
    Member,
    /// An operation of vendor.yaml.
    Operation,
    /// One that rules may call.
    Call,
    /// What the operation beside it takes.
    Input,
    /// A report of vendor.yaml.
    Report,
    /// A question of the template beside it.
    Question,
    /// A variable over the ledger, as `$name`.
    Row,
    /// Where rows come from.
    Source,
    /// A field of the row.
    Field,
    /// A name of the vocabulary.
    Fact,
    /// A length of time, or a setting that is one.
    Length,
    Setting,
    /// An event without parameters.
    Event,
    /// The event of an assessment, without `assessment.` before it.
    Emitted,
    /// Where an attempt stands.
    Phase,
    /// The key of a question that some rule asks.
    Asked,
    /// The code of a warning.
    Code,
    /// A pack that leverd ships.
    Pack,
    Vendor,
    /// A secret that the vendor beside it asks for.
    Secret,
}

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub struct KeyShape {
    pub name: &'static str,
    pub required: bool,
    pub ty: Ty,
    pub doc: &'static str,
}

/// A map with known keys.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Completes "unknown key `x` in …": `an account`.
    pub what: &'static str,
    pub keys: &'static [KeyShape],
}

impl KeyShape {
    /// A key that must be there.
    pub const fn must(name: &'static str, ty: Ty, doc: &'static str) -> Self {
        Self { name, required: true, ty, doc }
    }

    /// A key that may be left out.
    pub const fn may(name: &'static str, ty: Ty, doc: &'static str) -> Self {
        Self { name, required: false, ty, doc }
    }
}

impl KeyShape {
    /// A diagnostic if a map lacks this key, with the words that may stand under it where they are few.
    fn required_in(&self, node: &Node, what: &str, diagnostics: &mut Diagnostics) {
        match self.ty {
            Ty::OneOf(words) if (1..5).contains(&words.len()) && node.get(self.name).is_none() && !node.is_faulty() => {
                let message = format!("{what} lacks `{}`", self.name);
                let help = format!("add `{}: {}`", self.name, words.join("`, or `"));
                diagnostics.push(Diagnostic::error("missing-key", node.span, message).help(help));
            }
            _ => drop(node.required(self.name, what, diagnostics)),
        }
    }
}

impl Shape {
    /// The keys' names, in the order of the table.
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }

    /// The entries of a map of this shape, unknown ones left out; a diagnostic for what is no map, each unknown and each missing key.
    pub fn entries<'a>(&self, node: &'a Node, diagnostics: &mut Diagnostics) -> Vec<&'a (Key, Node)> {
        let names = self.names();
        let Some(entries) = node.known_entries(self.what, &names, diagnostics) else {
            return Vec::new();
        };
        for key in self.keys.iter().filter(|key| key.required && !self.misspells(entries, key.name)) {
            key.required_in(node, self.what, diagnostics);
        }
        entries.iter().filter(|(key, _)| names.contains(&key.text.as_str())).collect()
    }

    /// Whether one of the unknown keys is most likely meant to be this one, which is then told already.
    pub fn misspells(&self, entries: &[(Key, Node)], name: &str) -> bool {
        let names = self.names();
        entries
            .iter()
            .map(|(key, _)| key.text.as_str())
            .filter(|key| !names.contains(key))
            .any(|key| near(key, names.iter().copied()).first().is_some_and(|nearest| nearest == name))
    }

    /// The JSON Schema of files with this map at the top.
    pub fn schema(&self, title: &str, about: &str) -> Schema {
        let mut schema = self.json();
        if let Value::Object(map) = &mut schema {
            map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            map.insert("title".to_owned(), json!(title));
            map.insert("description".to_owned(), json!(about));
        }
        Schema::try_from(schema).unwrap_or_default()
    }

    /// The JSON Schema of such a map.
    pub fn json(&self) -> Value {
        let mut properties = serde_json::Map::new();
        for key in self.keys {
            let mut value = key.ty.json();
            if let Value::Object(map) = &mut value {
                map.insert("description".to_owned(), json!(key.doc));
            }
            properties.insert(key.name.to_owned(), value);
        }
        let required: Vec<&str> = self.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        if let (Value::Object(map), false) = (&mut schema, required.is_empty()) {
            map.insert("required".to_owned(), json!(required));
        }
        schema
    }
}

impl Ty {
    /// The JSON Schema of it.
    pub fn json(&self) -> Value {
        match self {
            // A text needs no quotes even where YAML tools see a number.
            Self::Text | Self::Of(_) => json!({ "type": ["string", "number", "boolean"] }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Duration => {
                json!({ "type": "string", "pattern": "^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$" })
            }
            Self::Url => json!({ "type": "string", "pattern": "^https?://" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            // YAML 1.1 tools hand `off` over as `false`.
            Self::OneOf(options) if options.contains(&"off") => {
                let all: Vec<Value> = options.iter().map(|option| json!(option)).chain([json!(false)]).collect();
                json!({ "enum": all })
            }
            Self::OneOf(options) => json!({ "enum": options }),
            Self::Map(shape) => shape.json(),
            Self::Named(ty) | Self::By(_, ty) => json!({ "type": "object", "additionalProperties": ty.json() }),
            Self::List(ty) => json!({ "type": "array", "items": ty.json() }),
            Self::Either(all) => json!({ "anyOf": all.iter().map(Self::json).collect::<Vec<_>>() }),
            Self::Any | Self::Open(_) => json!({}),
            Self::Ref(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        }
    }
}
