//! One look for every rule file: two spaces for each level, lists under their key, one space where one belongs.
//!
//! What an author wrote stays: comments, the order of keys, one blank line between things, line breaks, the kind of each text. Only
//! white space changes, and single quotes where double ones read the same. It leans on `yaml` for trees, and its result is read again:
//! a text that would mean anything else is not handed out.

mod lines;
mod spacing;

use super::diagnostic::Diagnostics;
use super::source::Sources;
use super::yaml::{self, Kind, Node, Style};
use std::ops::Range;

/// The text in its usual look; nothing where YAML finds a fault in it, or where its meaning would not be the same.
pub fn format(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let windows = text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
    let plain = text.replace("\r\n", "\n");
    let before = read(&plain)?;
    let spaced = spacing::space(&plain, &before);
    let laid = lines::lay(&spaced, &read(&spaced)?);
    if !same(&before, &read(&laid)?) {
        return None;
    }
    Some(if windows { laid.replace('\n', "\r\n") } else { laid })
}

/// The tree of a text without faults.
fn read(text: &str) -> Option<Node> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("", text);
    let root = yaml::load(&sources, id, &mut found)?;
    found.is_empty().then_some(root)
}

/// Whether two trees say the same, wherever they stand.
pub fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar { text: one, style: first }, Kind::Scalar { text: other, style: second }) => {
            one == other && alike(*first, *second)
        }
        (Kind::Seq(one), Kind::Seq(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Kind::Map(one), Kind::Map(other)) => {
            let entries = || one.iter().zip(other);
            one.len() == other.len() && entries().all(|(one, other)| one.0.text == other.0.text && same(&one.1, &other.1))
        }
        (Kind::Faulty, Kind::Faulty) => true,
        (Kind::Scalar { .. } | Kind::Seq(_) | Kind::Map(_) | Kind::Faulty, _) => false,
    }
}

/// Whether two kinds of writing a text are read alike: the quotes are all the same.
fn alike(one: Style, other: Style) -> bool {
    let quoted = |style| matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
    one == other || quoted(one) && quoted(other)
}

/// Where a value begins that stands somewhere after `from`: a block's `|` or `>`, whose span is that of its lines alone.
fn start(text: &str, from: usize, node: &Node) -> usize {
    let start = node.span.range().start;
    match node.kind {
        Kind::Scalar { style: Style::Literal | Style::Folded, .. } => {
            text.get(from..).and_then(|rest| rest.find(['|', '>'])).map_or(start, |found| from + found)
        }
        _ => start,
    }
}

/// A text with some pieces replaced. The pieces do not overlap.
fn replaced(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + edits.len());
    let mut at = 0;
    for (range, instead) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&instead);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
