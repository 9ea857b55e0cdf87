//! Rendering: values are prepared for what each name is read for, then the handlebars crate prints.

use super::ast::{Frame, Role, list_key};
use super::helper::{Helper, shortest};
use super::{Lookup, MAX_OUTPUT_BYTES};
use crate::model::Value;
use handlebars::{Context, Handlebars, Output, RenderContext, RenderErrorReason, Renderable};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::io;
use std::sync::LazyLock;

/// The most items of one list that are walked.
const MAX_ITEMS: usize = 1000;

/// Where a rendered text goes, and so what must not come out of values (the author's own words stay as they are).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clean {
    /// Values as they are.
    Plain,
    /// A note: `@name` out of a value must not notify anybody.
    Note,
    /// A tag: one line.
    Tag,
}

/// Why a checked template could not be rendered (R8, R9).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("the text would be longer than {MAX_OUTPUT_BYTES} bytes")]
    TooLong,
    #[error("the list `{0}` has more than {MAX_ITEMS} items")]
    TooManyItems(String),
    #[error("a value that the text needs is absent: {0}")]
    Absent(String),
    #[error("{0}")]
    Other(String),
}

static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    for helper in Helper::ALL {
        registry.register_helper(helper.name(), Box::new(helper));
    }
    registry
});

pub(super) fn render(
    compiled: &handlebars::Template,
    frames: &[Frame],
    values: &dyn Lookup,
    clean: Clean,
) -> Result<String, RenderError> {
    let data = prepare(frames, 0, &|name| root_value(values, name), &|name| values.band(name), clean)?;
    let context = Context::from(Json::Object(data));
    let mut out = Bounded { text: String::new(), overflow: false };
    let result = compiled.render(&REGISTRY, &context, &mut RenderContext::new(None), &mut out);
    if out.overflow {
        return Err(RenderError::TooLong);
    }
    match result {
        Ok(()) => Ok(out.text),
        Err(error) => Err(match error.reason() {
            RenderErrorReason::MissingVariable(path) => {
                let path = path.as_deref().unwrap_or_default();
                RenderError::Absent(path.trim_matches(['[', ']', '=']).to_owned())
            }
            reason => RenderError::Other(reason.to_string()),
        }),
    }
}

/// The value of a name, or of its front part and then what follows the dots.
pub(super) fn root_value(values: &dyn Lookup, name: &str) -> Option<Value> {
    if let Some(value) = values.value(name) {
        return Some(value);
    }
    let cuts = name.rmatch_indices('.').map(|(at, _)| at);
    for at in cuts {
        let (front, rest) = name.split_at_checked(at)?;
        if let Some(value) = values.value(front) {
            return member(&value, rest.trim_start_matches('.'));
        }
    }
    None
}

pub(super) fn member(value: &Value, path: &str) -> Option<Value> {
    let mut segments = path.split('.');
    let first = value.member(segments.next()?)?;
    segments.try_fold(first, |value, segment| value.member(segment))
}

fn prepare(
    frames: &[Frame],
    frame: usize,
    value: &dyn Fn(&str) -> Option<Value>,
    band: &dyn Fn(&str) -> Option<String>,
    clean: Clean,
) -> Result<Map<String, Json>, RenderError> {
    let mut data = Map::new();
    let Some(frame) = frames.get(frame) else { return Ok(data) };
    for (role, name) in &frame.uses {
        let prepared = match role {
            Role::Band => band(name).map(|label| Json::String(clean_text(&label, clean))).unwrap_or_default(),
            Role::Test => Json::Bool(value(name).is_some_and(|value| holds(&value))),
            Role::Raw => value(name).map(|value| raw(&value, clean)).unwrap_or_default(),
            Role::Maybe => value(name).map(|value| Json::String(print(&value, clean))).unwrap_or_default(),
            Role::Print => match value(name) {
                Some(value) => Json::String(print(&value, clean)),
                None => continue,
            },
        };
        data.insert(role.key(name), prepared);
    }
    for (name, inner) in &frame.lists {
        let list = value(name);
        let items = list.as_ref().map(Value::items).unwrap_or_default();
        if items.len() > MAX_ITEMS {
            return Err(RenderError::TooManyItems(name.clone()));
        }
        let items = items.iter().map(|item| {
            let of_item = |path: &str| if path == "this" { Some(item.clone()) } else { member(item, path) };
            prepare(frames, *inner, &of_item, band, clean).map(Json::Object)
        });
        data.insert(list_key(name), Json::Array(items.collect::<Result<_, _>>()?));
    }
    Ok(data)
}

/// What `{{#if}}` asks: is a bool true, has a list items, is anything else there at all.
pub(super) fn holds(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::List(items) => !items.is_empty(),
        Value::Int(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date { .. }
        | Value::Duration { .. }
        | Value::Named(_)
        | Value::Record { .. } => true,
    }
}

fn raw(value: &Value, clean: Clean) -> Json {
    match value {
        Value::Int(_) | Value::Number(_) => value.number().map(Json::from).unwrap_or_default(),
        Value::Date { date } => Json::String(date.to_string()),
        Value::List(items) => items.iter().map(|item| Json::String(print(item, clean))).collect(),
        other => Json::String(print(other, clean)),
    }
}

fn print(value: &Value, clean: Clean) -> String {
    match value {
        Value::Number(number) => shortest(&format!("{number:.2}")),
        Value::Text(text) => clean_text(text, clean),
        Value::Named(named) => clean_text(&named.name, clean),
        other => other.to_string(),
    }
}

fn clean_text(text: &str, clean: Clean) -> String {
    match clean {
        Clean::Plain => text.to_owned(),
        Clean::Note => silence_mentions(text).into_owned(),
        Clean::Tag => text.split(char::is_control).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" "),
    }
}

/// Puts an invisible word joiner behind an `@` that would start a mention. E-mail addresses stay as they are.
fn silence_mentions(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        out.push(c);
        if c == '@' && !before.is_alphanumeric() {
            out.push('\u{2060}');
        }
        before = c;
    }
    Cow::Owned(out)
}

/// Takes what is written up to the limit.
struct Bounded {
    text: String,
    overflow: bool,
}

impl Output for Bounded {
    fn write(&mut self, piece: &str) -> Result<(), io::Error> {
        if self.text.len() + piece.len() > MAX_OUTPUT_BYTES {
            self.overflow = true;
            return Err(io::Error::other("too long"));
        }
        self.text.push_str(piece);
        Ok(())
    }
}
