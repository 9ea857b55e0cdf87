//! Syntax errors in words for people who do not know YAML's grammar.
//!
//! The most frequent ones are about a single value that ought to be quoted. For those the value's place is told as
//! well, so that the rest of the file can still be read.

use super::indent;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Source, SourceId, Span};
use granit_parser::{ErrorKind, ScanError};
use std::ops::Range;

/// Code of the most frequent fault of all: a template without quotes.
pub(super) const UNQUOTED_TEMPLATE: &str = "unquoted-template";

pub(super) struct Fault {
    pub(super) diagnostic: Diagnostic,
    /// The value that is to blame, when the rest of the file can be read without it.
    pub(super) value: Option<Range<usize>>,
}

/// What a scan error means.
pub(super) fn fault(source: &Source, id: SourceId, error: &ScanError) -> Fault {
    let at = error.marker().byte_offset().unwrap_or(source.text().len());
    let at = source.floor(at);
    let kind = error.kind();
    if let Some(tab) = indent::tab(source, kind, at) {
        return Fault { diagnostic: indent::tab_fault(source, id, tab), value: None };
    }
    if let Some(fault) = value_fault(source, id, kind, at) {
        return fault;
    }
    if matches!(kind, ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry)
        && let Some(diagnostic) = indent::out_of_line(source, id, at)
    {
        return Fault { diagnostic, value: None };
    }
    let (message, help) = words(kind, source, at);
    let mut diagnostic = Diagnostic::error(code(kind), Span::new(id, visible(source, at)), message);
    if let Some(help) = help {
        diagnostic = diagnostic.help(help);
    }
    if *kind == ErrorKind::InvalidIndentation
        && let Some(open) = still_open(source, at)
    {
        let label =
            if matches!(source.slice(open.clone()), "[" | "{") { "still open here" } else { "this quote may lack its end" };
        diagnostic = diagnostic.also(Span::new(id, open), label);
    }
    Fault { diagnostic, value: None }
}

fn code(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::DirectiveDisallowed => "directive",
        ErrorKind::RecursionLimitExceeded => "too-deep",
        _ => "syntax",
    }
}

/// The word at a position, or the last character before it at the end of a line.
fn visible(source: &Source, at: usize) -> Range<usize> {
    let rest = source.slice(at..source.text().len());
    let word = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with(char::is_whitespace) || first == 0 {
        return at..at;
    }
    at..at + word.max(first).min(60)
}

/// Faults of one value on one line.
fn value_fault(source: &Source, id: SourceId, kind: &ErrorKind, at: usize) -> Option<Fault> {
    if let Some(fault) = flow_fault(source, id, kind, at) {
        return Some(fault);
    }
    let line = source.line_of(at);
    let value = value_of(source, line)?;
    let text = source.slice(value.clone());
    let first = text.chars().next()?;
    let (message, help) = if text.starts_with("{{") {
        return Some(Fault { diagnostic: unquoted_template(source, id, value.clone()), value: Some(value) });
    } else if matches!(kind, ErrorKind::UnexpectedCharacter { .. }) && matches!(first, '@' | '`' | '%') && at == value.start {
        (format!("a text that starts with `{first}` must be quoted"), format!("YAML keeps `{first}` for itself"))
    } else if *kind == ErrorKind::MappingValueNotAllowed && value.contains(&at) && !text.starts_with(['"', '\'', '{', '[']) {
        ("a text with `: ` in it must be quoted".to_owned(), "YAML reads it as another key and value".to_owned())
    } else if matches!(kind, ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar)
        && value.contains(&at)
    {
        let help = if first == '\'' {
            "within single quotes a quote is written twice: `''`"
        } else {
            "within double quotes a quote is written `\\\"`"
        };
        let diagnostic = Diagnostic::error("syntax", Span::new(id, visible(source, at)), "more text after the closing quote");
        // The outer quotes are those that are meant where the text ends with one too.
        let inner = text
            .strip_prefix(first)
            .and_then(|text| text.strip_suffix(first))
            .filter(|inner| inner.matches(first).count() == 1);
        let diagnostic = match inner {
            Some(inner) => diagnostic.suggest_as("quote it the other way", Span::new(id, value.clone()), quoted(inner)),
            None => diagnostic.help(help),
        };
        return Some(Fault { diagnostic, value: Some(value) });
    } else {
        return None;
    };
    let span = Span::new(id, value.clone());
    let diagnostic = Diagnostic::error("syntax", span, message).help(help).suggest_as("put it in quotes", span, quoted(text));
    Some(Fault { diagnostic, value: Some(value) })
}

/// `{{x}}` without quotes, which YAML reads as a map with a map for a key. `value` is from the first brace on.
pub(super) fn unquoted_template(source: &Source, id: SourceId, value: Range<usize>) -> Diagnostic {
    let whole = value_of(source, source.line_of(value.start))
        .filter(|whole| whole.start == value.start)
        .or_else(|| flow_end(source, value.start).map(|end| value.start..end));
    let span = Span::new(id, whole.clone().unwrap_or(value));
    let diagnostic = Diagnostic::error(UNQUOTED_TEMPLATE, span, "a text that starts with `{{` must be quoted")
        .help("YAML reads an unquoted `{` as the start of a map");
    match whole {
        Some(whole) => diagnostic.suggest_as("put it in quotes", span, quoted(source.slice(whole))),
        None => diagnostic,
    }
}

/// A value within brackets that ought to be quoted, because it has brackets itself.
fn flow_fault(source: &Source, id: SourceId, kind: &ErrorKind, at: usize) -> Option<Fault> {
    let flow = matches!(
        kind,
        ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::BlockEntryInFlowCollection
    );
    let line = source.line_of(at);
    let before = source.slice(source.line_start(line)..at);
    if !flow || !before.contains(['{', '[']) {
        return None;
    }
    let starts = [": ", ", ", "{ ", "[ "].iter().filter_map(|mark| Some(before.rfind(mark)? + mark.len()));
    let start = source.line_start(line) + starts.max()?;
    let start = start + (source.slice(start..at).len() - source.slice(start..at).trim_start().len());
    let value = start..flow_end(source, start)?;
    let text = source.slice(value.clone());
    if text.starts_with("{{") {
        return Some(Fault { diagnostic: unquoted_template(source, id, value.clone()), value: Some(value) });
    }
    let bracket = text.chars().find(|c| matches!(c, '[' | '{')).filter(|_| !text.starts_with(['"', '\'', '[', '{']))?;
    let message = format!("a text with `{bracket}` in it must be quoted here");
    let span = Span::new(id, value.clone());
    let diagnostic = Diagnostic::error("syntax", span, message).suggest_as("put it in quotes", span, quoted(text));
    Some(Fault { diagnostic, value: Some(value) })
}

/// Where a value within brackets most likely ends, on its line: before a `,` or a bracket that it did not open.
fn flow_end(source: &Source, start: usize) -> Option<usize> {
    let line = source.slice(start..source.line_start(source.line_of(start)) + source.line(source.line_of(start)).len());
    let mut depth = 0_usize;
    let mut length = line.len();
    for (at, c) in line.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' | ',' if depth == 0 => {
                length = at;
                break;
            }
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    let length = line.get(..length)?.trim_end().len();
    (depth == 0 && length > 0).then_some(start + length)
}

/// The value of `key: value` or `- value` on a line of block YAML, without a comment.
fn value_of(source: &Source, line: usize) -> Option<Range<usize>> {
    let text = source.line(line);
    let mut rest = text.trim_start_matches(' ');
    let mut item = false;
    while let Some(inner) = rest.strip_prefix("- ") {
        rest = inner.trim_start_matches(' ');
        item = true;
    }
    let key = rest.find(": ").filter(|end| {
        rest.get(..*end).is_some_and(|key| !key.is_empty() && !key.contains(['{', '[', '"', '\'', '#', '&', '*', '!', ',']))
    });
    let value = match key {
        Some(end) => rest.get(end + 2..)?.trim_start_matches(' '),
        None if item => rest,
        None => return None,
    };
    let length = value.find(" #").unwrap_or(value.len());
    let length = value.get(..length)?.trim_end().len();
    let start = source.line_start(line) + (text.len() - value.len());
    (length > 0).then_some(start..start + length)
}

fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

/// The bracket or quote that is open at `at`, as far as a plain look tells.
fn still_open(source: &Source, at: usize) -> Option<Range<usize>> {
    let (mut open, mut quote, mut before) = (Vec::new(), None, '\n');
    let mut comment = false;
    for (place, c) in source.slice(0..at).char_indices() {
        match (quote, c) {
            (None, '\n') => comment = false,
            _ if comment => {}
            (Some((mark, _)), c) if c == mark && before != '\\' => quote = None,
            (None, '#') if before.is_whitespace() => comment = true,
            // Within a text a quote is a letter like any other.
            (None, '"' | '\'') if before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':') => quote = Some((c, place)),
            // Brackets outside of brackets count only where a value starts.
            (None, '[' | '{') if !open.is_empty() || before.is_whitespace() => open.push(place),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
        before = c;
    }
    let at = quote.map(|(_, place)| place).or(open.last().copied())?;
    Some(at..at + 1)
}

/// Message and help for a kind.
fn words(kind: &ErrorKind, source: &Source, at: usize) -> (String, Option<String>) {
    let both = |message: &str, help: &str| (message.to_owned(), Some(help.to_owned()));
    match kind {
        ErrorKind::DirectiveDisallowed => {
            both("YAML directives (`%YAML`, `%TAG`) are not part of the rule language", "remove this line")
        }
        ErrorKind::RecursionLimitExceeded => {
            both("lists and maps are nested too deep", "no rule needs that: look for brackets that are not closed")
        }
        ErrorKind::UnclosedQuotedScalar => both("this quote is never closed", "close it on the same line, or use a block: `|`"),
        ErrorKind::InvalidQuotedScalarIndent => {
            both("a quoted text goes on here without indentation", "close the quote, or indent the line")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            (format!("this `{open}` is never closed"), Some(format!("add `{close}`")))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), Some("brackets close in the order they open".to_owned()))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            both("this bracket closes nothing", "remove it, or quote the text it belongs to")
        }
        ErrorKind::InvalidIndentation => both(
            "this line is indented less than the brackets around it need",
            "close the bracket above, or indent what is inside it (the closing bracket too) deeper than the key before it",
        ),
        ErrorKind::SimpleKeyExpected => {
            both("this line is no `key: value`", "add a `:` and a value, or indent the line to continue the text above")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            let what = if source.slice(at..source.text().len()).starts_with('-') { "list item" } else { "entry" };
            (
                format!("this {what} is not in line with those above"),
                Some("entries of one map or list start in the same column, lists with `- `".to_owned()),
            )
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            both("a list cannot start here", "put `- ` on a line of its own, or quote the text")
        }
        ErrorKind::MappingValueNotAllowed => both(
            "this `:` cannot stand here: the line before it is a text that goes on",
            "does that line lack a `:` after its key? is this line indented too far? a text with `: ` in it must be quoted",
        ),
        ErrorKind::ExpectedFlowMappingSeparator => {
            both("`,` or `}` is missing here", "entries in braces are separated by `,`; quote texts with special characters")
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            both("`,` or `]` is missing here", "items in brackets are separated by `,`; quote texts with special characters")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            both("there is no such escape after `\\`", "write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (format!("the control character U+{:04X} cannot stand here", u32::from(*character)), Some("remove it".to_owned()))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("`{character}` cannot stand here"), Some("quote the text".to_owned()))
        }
        other => (other.to_string(), None),
    }
}
