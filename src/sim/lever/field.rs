//! Fields of profile forms and of feedback: their types, their options, and which values they take (lever-api §3.5, §3.6).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sim::ids::Ids;

/// The answers that a `score-system` field has when its template names none.
const SCORES: [&str; 4] = ["4 - Strong Hire", "3 - Hire", "2 - No Hire", "1 - Strong No Hire"];

/// Types of fields, by Lever's names. Neither takes files: those are uploaded beside.
const IN_FORMS: [&str; 8] =
    ["currency", "date", "dropdown", "multiple-choice", "multiple-select", "text", "textarea", "yes-no"];
const IN_FEEDBACK: [&str; 11] = [
    "code",
    "date",
    "dropdown",
    "multiple-choice",
    "multiple-select",
    "score",
    "score-system",
    "scorecard",
    "text",
    "textarea",
    "yes-no",
];

/// What a template is for. It decides which types of fields it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Form,
    Feedback,
}

impl Purpose {
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Form => &IN_FORMS,
            Self::Feedback => &IN_FEEDBACK,
        }
    }
}

/// A field to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewField {
    /// One of Lever's types: `text`, `textarea`, `dropdown`, `date`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub text: String,
    pub description: String,
    pub required: bool,
    /// The texts to choose from, of types that have a choice.
    pub options: Vec<String>,
    pub prompt: Option<String>,
}

/// One field of a template, and of what was filled in from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    description: String,
    pub(crate) required: bool,
    options: Vec<String>,
    prompt: Option<String>,
}

impl Field {
    /// A field with an id of its own; else what is wrong with it.
    pub(crate) fn new(new: NewField, purpose: Purpose, ids: &mut Ids) -> Result<Self, String> {
        let types = purpose.types();
        let Some(kind) = types.iter().find(|kind| **kind == new.kind) else {
            return Err(format!("{} is not a field type; there are {}", new.kind, types.join(", ")));
        };
        if new.text.is_empty() {
            return Err(format!("a field of type {kind} lacks its text"));
        }
        let mut field = Self {
            id: ids.uuid(),
            kind,
            text: new.text,
            description: new.description,
            required: new.required,
            options: new.options,
            prompt: new.prompt,
        };
        if field.kind == "score-system" {
            // Recorded: Lever adds these by itself.
            field.prompt.get_or_insert_with(|| "Select a score".to_owned());
            if field.options.is_empty() {
                field.options = SCORES.map(str::to_owned).into();
            }
        }
        if field.chooses() && field.options.is_empty() {
            return Err(format!("the field {} lacks its options", field.text));
        }
        Ok(field)
    }

    fn chooses(&self) -> bool {
        matches!(self.kind, "dropdown" | "multiple-choice" | "multiple-select" | "score-system")
    }

    /// Whether the field takes this value; else what is wrong. Null is the absence of an answer.
    pub(crate) fn takes(&self, value: &Value) -> Result<(), String> {
        let text = &self.text;
        if value.is_null() {
            return if self.required { Err(format!("the field {text} is required")) } else { Ok(()) };
        }
        let option = |value: &Value| value.as_str().is_some_and(|value| self.options.iter().any(|option| option == value));
        let (fits, wanted) = match self.kind {
            "currency" => (value.is_number(), "a number"),
            "date" => (value.is_i64(), "a timestamp in milliseconds"),
            "score" => (value.as_i64().is_some_and(|score| (1..=4).contains(&score)), "a number between 1 and 4"),
            "yes-no" => (matches!(value.as_str(), Some("yes" | "no")), "yes or no"),
            "multiple-select" => {
                (value.as_array().is_some_and(|chosen| chosen.iter().all(option)), "an array of the texts of its options")
            }
            "scorecard" => (value.is_array(), "an array of scores"),
            "dropdown" | "multiple-choice" | "score-system" => (option(value), "the text of one of its options"),
            _ => (value.is_string(), "a string"),
        };
        if fits { Ok(()) } else { Err(format!("the field {text} of type {} takes {wanted}", self.kind)) }
    }

    /// As templates show it; `options` and `prompt` only where there are some.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("id".into(), self.id.as_str().into());
        shown.insert("type".into(), self.kind.into());
        shown.insert("text".into(), self.text.as_str().into());
        shown.insert("description".into(), self.description.as_str().into());
        shown.insert("required".into(), self.required.into());
        if !self.options.is_empty() {
            shown.insert("options".into(), self.options.iter().map(|text| json!({ "text": text })).collect());
        }
        if let Some(prompt) = &self.prompt {
            shown.insert("prompt".into(), prompt.as_str().into());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: &str, required: bool) -> Field {
        let options = vec!["A".to_owned(), "B".to_owned()];
        let new = NewField { kind: kind.into(), text: "Q".into(), required, options, ..NewField::default() };
        let purpose = if kind == "currency" { Purpose::Form } else { Purpose::Feedback };
        Field::new(new, purpose, &mut Ids::new(1)).unwrap()
    }

    #[test]
    fn each_type_takes_its_own_values() {
        for (kind, good, bad) in [
            ("currency", json!(12.5), json!("12.5")),
            ("date", json!(1_431_454_330_072_i64), json!("2026-01-01")),
            ("dropdown", json!("A"), json!("a")),
            ("multiple-choice", json!("B"), json!(["B"])),
            ("multiple-select", json!(["A", "B"]), json!(["C"])),
            ("score", json!(4), json!(5)),
            ("score-system", json!("A"), json!("4 - Strong Hire")),
            ("text", json!(""), json!(7)),
            ("textarea", json!("two\nlines"), json!(false)),
            ("yes-no", json!("yes"), json!(true)),
        ] {
            let field = field(kind, false);
            assert_eq!(field.takes(&good), Ok(()), "{kind}");
            assert!(field.takes(&bad).is_err(), "{kind}");
            assert_eq!(field.takes(&Value::Null), Ok(()), "{kind}");
        }
        assert_eq!(field("text", true).takes(&Value::Null), Err("the field Q is required".to_owned()));
    }

    #[test]
    fn a_field_needs_a_known_type_a_text_and_the_options_of_a_choice() {
        let make = |kind: &str, text: &str, purpose| {
            let new = NewField { kind: kind.into(), text: text.into(), ..NewField::default() };
            Field::new(new, purpose, &mut Ids::new(1)).map(|field| field.options)
        };
        assert!(make("file", "Q", Purpose::Form).is_err());
        assert!(make("currency", "Q", Purpose::Feedback).is_err(), "only profile forms have it");
        assert!(make("score", "Q", Purpose::Form).is_err(), "only feedback has it");
        assert!(make("text", "", Purpose::Form).is_err());
        assert!(make("dropdown", "Q", Purpose::Form).is_err());
        assert_eq!(make("score-system", "Q", Purpose::Feedback), Ok(SCORES.map(str::to_owned).into()));
    }
}
