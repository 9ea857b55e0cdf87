//! The typed border: a vendor's value as the type that the adapter declares, or a refusal. Beyond it no rule meets a wrong type.

use crate::model::{Type, Value};
use jiff::Timestamp;

/// The value as `ty`, or what was found instead (never the value itself). Enum values that are not declared become `other`.
#[expect(clippy::match_same_arms, reason = "one line for each type")]
pub fn conform(value: Value, ty: &Type) -> Result<Value, String> {
    let found = describe(&value);
    let wrong = || Err(format!("expected {}, found {found}", expected(ty)));
    match (ty, value) {
        (Type::Text | Type::Tag, value @ Value::Text(_)) => Ok(value),
        // Vendors write ids as numbers.
        (Type::Text | Type::Tag, Value::Int(number)) => Ok(Value::Text(number.to_string())),
        (Type::Int | Type::Number, value @ Value::Int(_)) | (Type::Number, value @ Value::Number(_)) => Ok(value),
        #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
        (Type::Int, Value::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Value::Int(number as i64)),
        (Type::Bool, value @ Value::Bool(_)) => Ok(value),
        (Type::Date, value @ Value::Date { .. }) => Ok(value),
        (Type::Date, Value::Text(text)) => match text.trim().parse::<Timestamp>() {
            Ok(date) => Ok(Value::date(date)),
            Err(_) => wrong(),
        },
        (Type::Duration, value @ Value::Duration { .. }) => Ok(value),
        (Type::Url, Value::Text(text)) => {
            let web = url::Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
            if web { Ok(Value::Text(text.trim().to_owned())) } else { wrong() }
        }
        (Type::OneOf(options), Value::Text(text)) => {
            let known = options.iter().find(|option| *option == text.trim());
            Ok(Value::text(known.map_or("other", String::as_str)))
        }
        (Type::List(inner), Value::List(items)) => {
            let items: Result<Vec<_>, _> = items.into_iter().map(|item| conform(item, inner)).collect();
            items.map(Value::List)
        }
        _ => wrong(),
    }
}

fn expected(ty: &Type) -> String {
    match ty {
        Type::Date => "a date (RFC 3339)".to_owned(),
        Type::Url => "an http(s) URL".to_owned(),
        other => other.to_string(),
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a truth value",
        Value::Int(_) => "a whole number",
        Value::Number(_) => "a number",
        Value::Text(_) => "text",
        Value::Date { .. } => "a date",
        Value::Duration { .. } => "a duration",
        Value::Named(_) => "a named thing",
        Value::List(_) => "a list",
        Value::Record { .. } => "an object",
    }
}
