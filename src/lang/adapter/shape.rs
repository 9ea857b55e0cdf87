//! The shape of a value that a request carries: literals keep their type, `$name` keeps the type of what it names, texts have holes.

use super::text::{self, Mention, Text};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::yaml::{Kind, Node, Style, parse_int, parse_number};
use serde_json::Value as Json;

/// A value with holes.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Literal(Json),
    /// `$name`: the value itself; absent, the key that holds it is left out.
    Name(String),
    /// Text; an absent name in it is a refusal before anything is sent.
    Text(Text),
    /// `{ if: $name, then: .., else: .. }`: the first if the name is `true`, else the second.
    Choice(String, Box<Shape>, Box<Shape>),
    List(Vec<Shape>),
    /// Keys may have holes too.
    Map(Vec<(Text, Shape)>),
}

/// Reads any node as a shape. Unquoted scalars are what JSON calls them.
pub(super) fn shape(node: &Node, mentions: &mut Vec<Mention>, diagnostics: &mut Diagnostics) -> Option<Shape> {
    match &node.kind {
        Kind::Faulty => None,
        Kind::Seq(items) => {
            let all: Vec<_> = items.iter().map(|item| shape(item, mentions, diagnostics)).collect();
            all.into_iter().collect::<Option<Vec<_>>>().map(Shape::List)
        }
        Kind::Map(entries) if is_choice(entries) => {
            let part = |name: &str| node.get(name);
            let name = match part("if").and_then(|node| shape(node, mentions, diagnostics)) {
                Some(Shape::Name(name)) => Some(name),
                _ => None,
            };
            let then = part("then").and_then(|node| shape(node, mentions, diagnostics));
            let other = part("else").and_then(|node| shape(node, mentions, diagnostics));
            Some(Shape::Choice(name?, Box::new(then?), Box::new(other?)))
        }
        Kind::Map(entries) => {
            let all: Vec<_> = entries
                .iter()
                .map(|(key, value)| {
                    let place = |range: std::ops::Range<usize>| {
                        let quoted = usize::from(key.span.range().len() > key.text.len());
                        let start = key.span.start as usize + quoted;
                        crate::lang::source::Span::new(key.span.source, start + range.start..start + range.end)
                    };
                    let key = text::from(&key.text, place, mentions, diagnostics);
                    let value = shape(value, mentions, diagnostics);
                    Some((key?, value?))
                })
                .collect();
            all.into_iter().collect::<Option<Vec<_>>>().map(Shape::Map)
        }
        Kind::Scalar { text: source, style } => {
            if *style == Style::Plain
                && let Some(literal) = plain(node, source)
            {
                return Some(Shape::Literal(literal));
            }
            match source.strip_prefix('$') {
                Some(name) if *style == Style::Plain && text::is_name(name) => {
                    mentions.push(Mention { name: name.to_owned(), span: node.inner_span(1..source.len()) });
                    Some(Shape::Name(name.to_owned()))
                }
                Some(rest) if *style == Style::Plain && rest.starts_with('.') => {
                    diagnostics.push(
                        Diagnostic::error(
                            "vendor-text",
                            node.span,
                            format!("`{source}` reads an answer, but this is a request"),
                        )
                        .help("name what the request carries, such as `$candidate.email`; JSONPath belongs into `take`"),
                    );
                    None
                }
                _ => text::from(source, |range| node.inner_span(range), mentions, diagnostics).map(Shape::Text),
            }
        }
    }
}

/// Whether a map is `{ if: $name, then: .., else: .. }`.
fn is_choice(entries: &[(crate::lang::yaml::Key, Node)]) -> bool {
    let names: Vec<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
    names == ["if", "then", "else"] && entries.iter().any(|(_, node)| node.scalar().is_some_and(|text| text.starts_with('$')))
}

/// The literal that an unquoted scalar is in JSON: null, a truth value or a number.
pub(super) fn plain(node: &Node, text: &str) -> Option<Json> {
    if node.is_null() {
        return Some(Json::Null);
    }
    match text {
        "true" => Some(Json::Bool(true)),
        "false" => Some(Json::Bool(false)),
        _ => parse_int(text)
            .map(Json::from)
            .or_else(|| parse_number(text).and_then(|number| serde_json::Number::from_f64(number).map(Json::Number))),
    }
}

/// A node without any holes as JSON: samples, replies.
pub(super) fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::Faulty => Json::Null,
        Kind::Seq(items) => Json::Array(items.iter().map(json).collect()),
        Kind::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key.text.clone(), json(value))).collect()),
        Kind::Scalar { text, style } => {
            let literal = if *style == Style::Plain { plain(node, text) } else { None };
            literal.unwrap_or_else(|| Json::String(text.clone()))
        }
    }
}
