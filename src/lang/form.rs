//! What rules say of forms: which one they fill, with what. Held against the account's templates when a pack is bound, since a
//! template is the account's.

use super::rule::Operand;
use super::source::Span;
use crate::model::{FieldType, FormField, Kind, Type, Value};

/// A form that a rule fills.
#[derive(Debug)]
pub struct FormUse {
    /// [`Kind::FormTemplate`] or [`Kind::FeedbackTemplate`].
    pub kind: Kind,
    /// A name, or a setting that holds one.
    pub template: Operand,
    pub span: Span,
    pub fields: Vec<FieldUse>,
}

/// One field that is given.
#[derive(Debug)]
pub struct FieldUse {
    pub name: String,
    pub span: Span,
    pub gives: Gives,
    /// Where the value stands.
    pub value: Span,
}

/// What is given for a field, as far as it is known before there is an event.
#[derive(Debug)]
pub enum Gives {
    /// The field stays empty.
    Nothing,
    Literal(Value),
    /// A text with `{{…}}`.
    Text,
    Typed {
        ty: Type,
        maybe_absent: bool,
    },
}

/// Whether a field takes what is given; the error completes "the field `…` of the form `…`".
pub fn takes(field: &FormField, gives: &Gives) -> Result<(), String> {
    let numeric = matches!(field.ty, FieldType::Currency | FieldType::Score);
    match gives {
        Gives::Nothing if field.required => Err("must not be empty".to_owned()),
        Gives::Nothing => Ok(()),
        Gives::Literal(value) => field.fill(value).map(drop).map_err(|why| why.trim_start_matches("it ").to_owned()),
        Gives::Typed { maybe_absent: true, .. } if field.required => {
            Err("must not be empty, and this value may be absent".to_owned())
        }
        Gives::Text if numeric => Err("takes a number, and a text with `{{…}}` makes texts only".to_owned()),
        Gives::Text if field.ty == FieldType::Date => Err("takes a date, and a text with `{{…}}` makes texts only".to_owned()),
        Gives::Text => match &field.ty {
            FieldType::Other(name) => Err(format!("is of the type `{name}`, which leverd cannot fill")),
            _ => Ok(()),
        },
        Gives::Typed { ty, .. } => typed(field, ty),
    }
}

#[expect(clippy::match_same_arms, reason = "one arm for each kind of field")]
fn typed(field: &FormField, ty: &Type) -> Result<(), String> {
    let is = |wanted: &str| Err(format!("takes {wanted}, and this is {}", super::compile::literal::a(ty)));
    let among = |options: &[String]| {
        let lacking: Vec<String> = options
            .iter()
            .filter(|option| field.fill(&Value::text(option.as_str())).is_err())
            .map(|option| format!("`{option}`"))
            .collect();
        if lacking.is_empty() { Ok(()) } else { Err(format!("does not offer {}", lacking.join(", "))) }
    };
    match (&field.ty, ty) {
        (FieldType::Other(name), _) => Err(format!("is of the type `{name}`, which leverd cannot fill")),
        (FieldType::MultipleSelect, Type::List(item)) => typed(field, item),
        (_, Type::List(_) | Type::Record(_)) => is("one value"),
        (FieldType::Text | FieldType::Textarea | FieldType::Code, _) => Ok(()),
        (FieldType::YesNo, Type::Bool | Type::Text) | (FieldType::Date, Type::Date) => Ok(()),
        (FieldType::Currency | FieldType::Score, Type::Int | Type::Number) => Ok(()),
        (
            FieldType::YesNo
            | FieldType::Dropdown
            | FieldType::MultipleChoice
            | FieldType::MultipleSelect
            | FieldType::ScoreSystem,
            Type::OneOf(options),
        ) => among(options),
        (
            FieldType::Dropdown | FieldType::MultipleChoice | FieldType::MultipleSelect | FieldType::ScoreSystem,
            Type::Text | Type::Tag | Type::Named(_) | Type::Int | Type::Number,
        ) => Ok(()),
        (FieldType::YesNo, _) => is("`true` or `false`"),
        (FieldType::Date, _) => is("a date"),
        (FieldType::Currency | FieldType::Score, _) => is("a number"),
        _ => is("one of its options"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(ty: &str, required: bool, options: &[&str]) -> FormField {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        FormField { id: "f".into(), text: "F".into(), ty: ty.to_owned().into(), required, options }
    }

    #[test]
    fn b57_what_a_field_takes_is_known_before_there_is_an_event() {
        let some = |ty| Gives::Typed { ty, maybe_absent: false };
        let maybe = |ty| Gives::Typed { ty, maybe_absent: true };
        let choice = || Type::OneOf(vec!["low".into(), "other".into()]);
        for (field, gives, refused) in [
            (field("text", true, &[]), some(Type::Number), None),
            (field("text", true, &[]), maybe(Type::Text), Some("must not be empty, and this value may be absent")),
            (field("text", false, &[]), maybe(Type::Text), None),
            (field("text", true, &[]), Gives::Nothing, Some("must not be empty")),
            (field("text", false, &[]), some(Type::Tag.list()), Some("takes one value, and this is a list of tags")),
            (field("currency", false, &[]), some(Type::Int), None),
            (field("currency", false, &[]), Gives::Text, Some("takes a number, and a text with `{{…}}` makes texts only")),
            (field("currency", false, &[]), Gives::Literal("x".into()), Some("takes a number")),
            (field("yes-no", false, &[]), some(Type::Bool), None),
            (field("yes-no", false, &[]), some(Type::Number), Some("takes `true` or `false`, and this is a number")),
            (field("dropdown", false, &["low", "high"]), some(choice()), Some("does not offer `other`")),
            (field("dropdown", false, &["low", "other"]), some(choice()), None),
            (field("multiple-select", false, &["low", "other"]), some(choice().list()), None),
            (field("dropdown", false, &["low"]), Gives::Literal("Low".into()), Some("takes one of `low`")),
            (field("scorecard", false, &[]), Gives::Text, Some("is of the type `scorecard`, which leverd cannot fill")),
        ] {
            assert_eq!(takes(&field, &gives).err().as_deref(), refused, "{field:?} {gives:?}");
        }
    }
}
