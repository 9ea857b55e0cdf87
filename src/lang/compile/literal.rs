//! Reading a scalar by the type of its field, never through an untyped value: `no`, `1.10` and `007` stay text where text is wanted.

use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::Node;
use crate::model::{Field, Type, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use url::Url;

/// The value that `node` is, read as `ty`. Named things come as text: an account's catalogue makes ids of them.
pub(crate) fn literal(node: &Node, ty: &Type, found: &mut Diagnostics) -> Option<Value> {
    match ty {
        Type::Text | Type::Tag | Type::Named(_) => {
            let text = node.as_text(found)?;
            if text.trim().is_empty() && !matches!(ty, Type::Text) {
                let message = format!("{} cannot be an empty text", a(ty));
                found.push(Diagnostic::error("wrong-type", node.span, message).help("write its name"));
                return None;
            }
            Some(Value::text(text))
        }
        Type::Url => url(node, found),
        Type::Int => node.as_int(found).map(Value::Int),
        Type::Number => node.as_number(found).map(Value::Number),
        Type::Bool => node.as_bool(found).map(Value::Bool),
        Type::Duration => node.as_duration(found).map(Value::duration),
        Type::Date => date(node, found),
        Type::OneOf(options) => {
            let text = node.as_text(found)?;
            if options.iter().any(|option| option == text) {
                return Some(Value::text(text));
            }
            found.push(unknown_option(node, text, options));
            None
        }
        Type::List(item) => {
            let items = node.items(found)?;
            let read: Vec<Option<Value>> = items.iter().map(|node| literal(node, item, found)).collect();
            read.into_iter().collect::<Option<Vec<Value>>>().map(Value::List)
        }
        Type::Record(fields) => row(node, fields, found, literal).map(|record| Value::Record { record }),
    }
}

/// The cells of one row of a table, each read by `cell`; every fault is told.
pub(crate) fn row(
    node: &Node,
    fields: &BTreeMap<String, Field>,
    found: &mut Diagnostics,
    mut cell: impl FnMut(&Node, &Type, &mut Diagnostics) -> Option<Value>,
) -> Option<BTreeMap<String, Value>> {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let entries = node.known_entries("a row of this table", &names, found)?;
    let mut good = entries.iter().all(|(key, _)| fields.contains_key(&key.text));
    let mut record = BTreeMap::new();
    for (name, field) in fields {
        match entries.iter().find(|(key, _)| key.text == *name).map(|(_, value)| value) {
            Some(value) if field.optional && value.is_null() => {}
            Some(value) => match cell(value, &field.ty, found) {
                Some(value) => drop(record.insert(name.clone(), value)),
                None => good = false,
            },
            None if field.optional => {}
            None => {
                let message = format!("this row lacks `{name}`, {}", a(&field.ty));
                let help =
                    format!("add `{name}: …`; a cell that may be left out is declared as `{name}: optional {}`", field.ty);
                found.push(Diagnostic::error("missing-cell", node.span, message).help(help));
                good = false;
            }
        }
    }
    good.then_some(record)
}

/// "not one of", with the nearest and the known ones.
pub(crate) fn unknown_option(node: &Node, text: &str, options: &[String]) -> Diagnostic {
    let known = options.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
    Diagnostic::error("unknown-value", node.span, format!("`{text}` is not one of the values known here"))
        .suggest_near(node.span, text, options.iter().map(String::as_str))
        .or_help(format!("known values are {known}"))
}

fn url(node: &Node, found: &mut Diagnostics) -> Option<Value> {
    let text = node.as_text(found)?;
    let good = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if good {
        return Some(Value::text(text));
    }
    found.extend(node.wrong_type("a URL", "write it whole, such as `https://example.com/report`"));
    None
}

fn date(node: &Node, found: &mut Diagnostics) -> Option<Value> {
    let text = node.scalar().unwrap_or_default();
    let at: Option<Timestamp> = text.parse().ok().or_else(|| {
        let day: Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    if at.is_none() {
        found.extend(node.wrong_type("a date", "write a day such as `2026-11-21`, or a time such as `2026-11-21T09:30:00Z`"));
    }
    at.map(Value::date)
}

/// The type with its article, for messages.
pub(crate) fn a(ty: &Type) -> String {
    if let Type::List(item) = ty
        && !matches!(**item, Type::List(_) | Type::OneOf(_) | Type::Record(_))
    {
        return format!("a list of {item}s");
    }
    let text = ty.to_string();
    match text.chars().next() {
        _ if text.starts_with("one of") => text,
        Some('a' | 'e' | 'i' | 'o') => format!("an {text}"),
        _ => format!("a {text}"),
    }
}
