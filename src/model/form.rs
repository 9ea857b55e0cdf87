//! Forms of Lever: a template's typed fields, and a form as it shall be filled.

use super::{Pinned, UserId, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of a form's field, as Lever calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FieldType {
    Text,
    Textarea,
    /// Source code, in feedback forms.
    Code,
    YesNo,
    Date,
    Currency,
    Dropdown,
    MultipleChoice,
    MultipleSelect,
    /// 1 to 4, in feedback forms.
    Score,
    /// The one overall score of a feedback form, `4 - Strong Hire` and so on.
    ScoreSystem,
    /// One that leverd cannot fill: a scorecard, or a type that came to Lever later.
    Other(String),
}

impl FieldType {
    /// Those that leverd can fill, by Lever's spelling.
    pub const ALL: [(&'static str, Self); 11] = [
        ("text", Self::Text),
        ("textarea", Self::Textarea),
        ("code", Self::Code),
        ("yes-no", Self::YesNo),
        ("date", Self::Date),
        ("currency", Self::Currency),
        ("dropdown", Self::Dropdown),
        ("multiple-choice", Self::MultipleChoice),
        ("multiple-select", Self::MultipleSelect),
        ("score", Self::Score),
        ("score-system", Self::ScoreSystem),
    ];

    /// Whether a value must be one of the field's options.
    pub const fn chooses(&self) -> bool {
        matches!(self, Self::Dropdown | Self::MultipleChoice | Self::MultipleSelect | Self::ScoreSystem)
    }

    /// As Lever spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::ALL.iter().find(|(_, ty)| ty == known).map_or("text", |(name, _)| name),
        }
    }
}

impl From<String> for FieldType {
    fn from(text: String) -> Self {
        let known = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, ty)| ty.clone());
        known.unwrap_or(Self::Other(text))
    }
}

impl From<FieldType> for String {
    fn from(ty: FieldType) -> Self {
        ty.as_str().to_owned()
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One field of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormField {
    pub id: String,
    /// The question, by which rules know the field.
    pub text: String,
    #[serde(rename = "type")]
    pub ty: FieldType,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What may be chosen, where something is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// A template of profile forms or of feedback forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormTemplate {
    pub id: String,
    /// The name when pulled.
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FormField>,
}

impl FormTemplate {
    /// The field that `text` names: by its question, else by its id.
    pub fn field(&self, text: &str) -> Option<&FormField> {
        let text = text.trim();
        let by_text = self.fields.iter().find(|field| field.text.trim() == text);
        by_text.or_else(|| self.fields.iter().find(|field| field.id == text))
    }
}

impl FormField {
    /// A rule's value as this field takes it: texts for text fields, `yes` or `no`, a date, a number, one or several of the options.
    /// `None`: the field stays empty. The error says what the field takes, never the value.
    pub fn fill(&self, value: &Value) -> Result<Option<Value>, String> {
        if matches!(value, Value::Text(text) if text.trim().is_empty())
            || matches!(value, Value::List(items) if items.is_empty())
        {
            return if self.required { Err("it must not be empty".to_owned()) } else { Ok(None) };
        }
        let filled = match (&self.ty, value) {
            (FieldType::Other(name), _) => return Err(format!("leverd cannot fill a field of type `{name}`")),
            (FieldType::MultipleSelect, value) => {
                let chosen = value.items().iter().map(|item| self.choose(item)).collect::<Result<Vec<_>, _>>()?;
                Value::List(chosen)
            }
            (_, Value::List(_) | Value::Record { .. }) => return Err("it takes one value, not a list".to_owned()),
            (FieldType::Text | FieldType::Textarea | FieldType::Code, value) => Value::Text(value.to_string()),
            (FieldType::YesNo, Value::Bool(yes)) => Value::text(if *yes { "yes" } else { "no" }),
            (FieldType::YesNo, value) => match value.to_string().trim().to_lowercase().as_str() {
                word @ ("yes" | "no") => Value::text(word),
                _ => return Err("it takes `yes` or `no`".to_owned()),
            },
            (FieldType::Date, value @ Value::Date { .. }) => value.clone(),
            (FieldType::Date, value) => {
                let at: Option<Timestamp> = value.as_text().and_then(|text| text.trim().parse().ok());
                at.map(Value::date).ok_or("it takes a date")?
            }
            (FieldType::Currency | FieldType::Score, value) => {
                let number = value.number().or_else(|| value.as_text().and_then(|text| text.trim().parse().ok()));
                let number = number.filter(|number: &f64| number.is_finite()).ok_or("it takes a number")?;
                if self.ty == FieldType::Score && !(1.0..=4.0).contains(&number) {
                    return Err("it takes a number from 1 to 4".to_owned());
                }
                Value::Number(number)
            }
            (FieldType::Dropdown | FieldType::MultipleChoice | FieldType::ScoreSystem, value) => self.choose(value)?,
        };
        Ok(Some(filled))
    }

    /// The option that a value is, in Lever's spelling.
    fn choose(&self, value: &Value) -> Result<Value, String> {
        let text = value.to_string();
        if self.options.is_empty() {
            return Ok(Value::Text(text));
        }
        let option = self.options.iter().find(|option| option.trim() == text.trim());
        option.map(Value::text).ok_or_else(|| {
            let all: Vec<String> = self.options.iter().map(|option| format!("`{option}`")).collect();
            format!("it takes one of {}", all.join(", "))
        })
    }
}

/// A form as it shall be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilledForm {
    pub template: Pinned,
    /// Every field that is sent, in the template's order: of a profile form Lever wants all.
    pub fields: Vec<FilledField>,
    pub key: Option<String>,
    /// Who gives the feedback, if not the account's `perform_as`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The time of planning. Sent with feedback, so that an unknown outcome can be found again.
    pub created_at: Timestamp,
}

/// One field with its value; without one it stays empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilledField {
    pub id: String,
    pub text: String,
    #[serde(rename = "type")]
    pub ty: FieldType,
    pub value: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(ty: &str, options: &[&str]) -> FormField {
        FormField {
            id: "f".into(),
            text: "F".into(),
            ty: ty.to_owned().into(),
            required: false,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        }
    }

    #[test]
    fn b57_a_value_becomes_what_the_field_takes_or_says_what_that_is() {
        let fill = |ty, options: &[&str], value: Value| field(ty, options).fill(&value);
        assert_eq!(fill("text", &[], Value::Number(87.50)), Ok(Some("87.5".into())));
        assert_eq!(fill("textarea", &[], "  ".into()), Ok(None));
        assert_eq!(fill("yes-no", &[], Value::Bool(true)), Ok(Some("yes".into())));
        assert_eq!(fill("yes-no", &[], "Maybe".into()), Err("it takes `yes` or `no`".into()));
        assert_eq!(fill("currency", &[], " 12.5 ".into()), Ok(Some(Value::Number(12.5))));
        assert_eq!(fill("score", &[], Value::Int(5)), Err("it takes a number from 1 to 4".into()));
        assert_eq!(fill("dropdown", &["Good ", "Bad"], "Good".into()), Ok(Some("Good ".into())));
        assert_eq!(fill("dropdown", &["Good", "Bad"], "Fair".into()), Err("it takes one of `Good`, `Bad`".into()));
        assert_eq!(fill("multiple-select", &["a", "b"], Value::texts(["b"])), Ok(Some(Value::texts(["b"]))));
        assert_eq!(fill("text", &[], Value::texts(["b"])), Err("it takes one value, not a list".into()));
        assert_eq!(
            fill("date", &[], "2026-11-20T09:30:00Z".into()),
            Ok(Some(Value::date("2026-11-20T09:30:00Z".parse().unwrap())))
        );
        assert!(fill("scorecard", &[], "x".into()).is_err());
        assert!(FormField { required: true, ..field("text", &[]) }.fill(&"".into()).is_err());
    }

    #[test]
    fn a_type_that_came_later_keeps_its_name() {
        let ty: FieldType = serde_json::from_str("\"file-upload\"").unwrap();
        assert_eq!((ty.as_str(), serde_json::to_string(&ty).unwrap()), ("file-upload", "\"file-upload\"".to_owned()));
        assert_eq!(FieldType::from("yes-no".to_owned()), FieldType::YesNo);
    }
}
