//! The values that conditions compare and templates print, and the types that the checker gives them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A kind of thing that a catalogue names: it has an id that stays and a name that may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Stage,
    Posting,
    User,
    ArchiveReason,
    FormTemplate,
    FeedbackTemplate,
    Assessment,
}

/// The type of a setting, a fact, a template variable or a result field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Text,
    Int,
    Number,
    Bool,
    Duration,
    /// A point in time.
    Date,
    Url,
    Tag,
    /// Something that a catalogue names.
    Named(Kind),
    OneOf(Vec<String>),
    List(Box<Type>),
    Record(BTreeMap<String, Field>),
}

/// A type, and whether the value may be absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Field {
    pub ty: Type,
    pub optional: bool,
}

impl Field {
    /// A field that is always there.
    pub const fn required(ty: Type) -> Self {
        Self { ty, optional: false }
    }

    /// A field that may be absent.
    pub const fn optional(ty: Type) -> Self {
        Self { ty, optional: true }
    }
}

impl Type {
    /// The type of a stage, as authors write it.
    pub const STAGE: Self = Self::Named(Kind::Stage);
    /// The type of an assessment (a test in a vendor's catalogue).
    pub const ASSESSMENT: Self = Self::Named(Kind::Assessment);
    /// The type of a posting.
    pub const POSTING: Self = Self::Named(Kind::Posting);

    /// A list of this.
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// What may follow a dot after a value of this type. Named things have `id` and `name` (an assessment: `id` and `title`).
    pub fn member(&self, name: &str) -> Option<Field> {
        match (self, name) {
            (Self::Named(Kind::Assessment), "id" | "title") => Some(Field::required(Self::Text)),
            (Self::Named(kind), "id" | "name") if *kind != Kind::Assessment => Some(Field::required(Self::Text)),
            (Self::Record(fields), name) => fields.get(name).cloned(),
            _ => None,
        }
    }

    /// The names that [`Type::member`] knows for this type.
    pub fn members(&self) -> Vec<String> {
        match self {
            Self::Named(Kind::Assessment) => vec!["id".into(), "title".into()],
            Self::Named(_) => vec!["id".into(), "name".into()],
            Self::Record(fields) => fields.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value of this type prints as one piece of text.
    pub const fn prints(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Record(_))
    }

    /// Whether values of this type have an order (`gt`, `lt`, bands).
    pub const fn ordered(&self) -> bool {
        matches!(self, Self::Int | Self::Number | Self::Date | Self::Duration)
    }

    /// Whether a value of `other` can be compared for equality with one of this type.
    pub fn comparable(&self, other: &Self) -> bool {
        let textual = |ty: &Self| matches!(ty, Self::Text | Self::Tag | Self::Url | Self::OneOf(_) | Self::Named(_));
        match (self, other) {
            (Self::Int | Self::Number, Self::Int | Self::Number) => true,
            (Self::Named(a), Self::Named(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.comparable(b),
            (a, b) if textual(a) && textual(b) => true,
            (a, b) => a == b,
        }
    }
}

impl Type {
    /// Whether a value of `other` can stand where an action wants one of this type. Stricter than [`Type::comparable`]: what is no URL
    /// may well be compared with one, but can never be one.
    pub fn takes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text, other) => Self::Text.comparable(other),
            (Self::Tag, Self::Text | Self::Tag | Self::OneOf(_) | Self::Named(_))
            | (Self::Number, Self::Int)
            // By its name.
            | (Self::Named(_), Self::Text | Self::Tag) => true,
            (Self::OneOf(all), Self::OneOf(some)) => some.iter().all(|option| all.contains(option)),
            (Self::List(a), Self::List(b)) => a.takes(b),
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Int => f.write_str("int"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Duration => f.write_str("duration"),
            Self::Date => f.write_str("date"),
            Self::Url => f.write_str("url"),
            Self::Tag => f.write_str("tag"),
            Self::Named(kind) => kind.fmt(f),
            Self::OneOf(options) => write!(f, "one of {}", options.join(", ")),
            Self::List(inner) if matches!(**inner, Self::Record(_)) => f.write_str("table"),
            Self::List(inner) => write!(f, "list of {inner}"),
            Self::Record(_) => f.write_str("record"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stage => "stage",
            Self::Posting => "posting",
            Self::User => "user",
            Self::ArchiveReason => "archive reason",
            Self::FormTemplate => "form template",
            Self::FeedbackTemplate => "feedback template",
            Self::Assessment => "assessment",
        })
    }
}

/// Something that a catalogue names. Compared by id; printed by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Named {
    pub kind: Kind,
    pub id: String,
    pub name: String,
}

/// A value. Absence is not a value: it is `Option::None` where a value is looked up.
///
/// Stored as JSON in which every variant is recognisable, so that facts of old runs can be read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(String),
    Date { date: Timestamp },
    Duration { duration: SignedDuration },
    Named(Named),
    List(Vec<Value>),
    Record { record: BTreeMap<String, Value> },
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A point in time.
    pub const fn date(date: Timestamp) -> Self {
        Self::Date { date }
    }

    /// A length of time.
    pub const fn duration(duration: SignedDuration) -> Self {
        Self::Duration { duration }
    }

    /// A named thing.
    pub fn named(kind: Kind, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Named(Named { kind, id: id.into(), name: name.into() })
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::Text(text.into())).collect())
    }

    /// What follows a dot: `id`, `name` or `title` of a named thing, a field of a record.
    pub fn member(&self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Named(named), "id") => Some(Self::text(&named.id)),
            (Self::Named(named), "name" | "title") => Some(Self::text(&named.name)),
            (Self::Record { record }, name) => record.get(name).cloned(),
            _ => None,
        }
    }

    /// The number in this value, if it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "scores and counts are far below 2^53")]
            Self::Int(int) => Some(*int as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Where this value lies among those that have an order: the number itself, seconds of a duration, seconds since 1970 of a date.
    pub fn measure(&self) -> Option<f64> {
        match self {
            Self::Date { date } => Some(date.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()),
            Self::Duration { duration } => Some(duration.as_secs_f64()),
            value => value.number(),
        }
    }

    /// The text in this value, if it is text or a named thing (then its name).
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Named(named) => Some(&named.name),
            _ => None,
        }
    }

    /// The items of a list; any other value is a list of itself.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// Equality as rules mean it: texts trimmed and case-sensitive unless `ignore_case`, numbers by value, named things by id, a
    /// named thing and a text by name or id.
    pub fn same(&self, other: &Self, ignore_case: bool) -> bool {
        let texts = |a: &str, b: &str| {
            let (a, b) = (a.trim(), b.trim());
            a == b || (ignore_case && a.to_lowercase() == b.to_lowercase())
        };
        match (self, other) {
            (Self::Named(a), Self::Named(b)) => a.kind == b.kind && a.id == b.id,
            (Self::Named(named), Self::Text(text)) | (Self::Text(text), Self::Named(named)) => {
                texts(&named.name, text) || named.id == *text
            }
            (Self::Text(a), Self::Text(b)) => texts(a, b),
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b, ignore_case)),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || (a - b).abs() < f64::EPSILON,
                _ => a == b,
            },
        }
    }

    /// Order as rules mean it: numbers, dates and durations among themselves; anything else has none.
    pub fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Date { date: a }, Self::Date { date: b }) => Some(a.cmp(b)),
            (Self::Duration { duration: a }, Self::Duration { duration: b }) => Some(a.cmp(b)),
            (a, b) => a.number()?.partial_cmp(&b.number()?),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The value as traces and messages show it: numbers shortest, without `.0`, at most two decimals.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Number(value) => {
                let text = format!("{value:.2}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                f.write_str(if text == "-0" { "0" } else { text })
            }
            Self::Text(text) => f.write_str(text),
            Self::Date { date } => date.strftime("%Y-%m-%d %H:%M UTC").fmt(f),
            Self::Duration { duration } => write!(f, "{duration:#}"),
            Self::Named(named) => f.write_str(&named.name),
            Self::List(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Record { record } => {
                f.write_str("{")?;
                for (n, (name, value)) in record.iter().enumerate() {
                    if n > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{name}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_shortest() {
        let print = |number: f64| Value::Number(number).to_string();
        assert_eq!(
            (print(100.0), print(66.666_666), print(0.5), print(0.0)),
            ("100".into(), "66.67".into(), "0.5".into(), "0".into())
        );
    }

    #[test]
    fn a_stage_equals_its_name_and_its_id() {
        let stage = Value::named(Kind::Stage, "s1", "Assessment");
        assert!(stage.same(&"Assessment ".into(), false) && stage.same(&"s1".into(), false));
        assert!(!stage.same(&"assessment".into(), false) && stage.same(&"assessment".into(), true));
        assert!(stage.same(&Value::named(Kind::Stage, "s1", "Renamed"), false));
    }

    #[test]
    fn values_survive_storage() {
        for value in [
            Value::Bool(true),
            Value::Int(7),
            Value::Number(66.5),
            "x".into(),
            Value::date(Timestamp::UNIX_EPOCH),
            Value::duration(SignedDuration::from_secs(60)),
            Value::named(Kind::Stage, "s", "S"),
            Value::texts(["a", "b"]),
            Value::Record { record: BTreeMap::from([("a".to_owned(), Value::Int(1))]) },
        ] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value, "{json}");
        }
    }
}
