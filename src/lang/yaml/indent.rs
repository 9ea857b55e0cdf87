//! Faults of indentation: tabs, and entries that stand in no column of those above. Each is told with the indentation that is most
//! likely meant, guessed from the lines above alone; nothing else of YAML is known here.

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Source, SourceId, Span};
use granit_parser::ErrorKind;
use std::ops::Range;

fn is_tab_kind(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::InvalidIndentation
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace
    )
}

/// The tabs that are to blame: those in the indentation of the line or of the next lines.
pub(super) fn tab(source: &Source, kind: &ErrorKind, at: usize) -> Option<Range<usize>> {
    if !is_tab_kind(kind) {
        return None;
    }
    let line = source.line_of(at);
    (line..line + 3).find_map(|line| indentation_tab(source, line)).or_else(|| {
        // Behind `-` or `:`.
        let start = source.line_start(line);
        let found = start + source.line(line).find('\t')?;
        Some(found..found + 1)
    })
}

fn indentation_tab(source: &Source, line: usize) -> Option<Range<usize>> {
    let text = source.line(line);
    let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
    let first = text.get(..indentation)?.find('\t')?;
    let tabs = text.get(first..)?.bytes().take_while(|byte| *byte == b'\t').count();
    let start = source.line_start(line) + first;
    Some(start..start + tabs)
}

/// A key that stands in no column of the maps around it: marked with the entry that it most likely belongs beside.
pub(super) fn out_of_line(source: &Source, id: SourceId, at: usize) -> Option<Diagnostic> {
    let line = source.line_of(at);
    let start = source.line_start(line);
    let text = source.line(line);
    let indentation = text.len() - text.trim_start_matches(' ').len();
    let key = text.get(indentation..)?.split(": ").next()?.trim_end_matches(':');
    if start + indentation != at || key.is_empty() || key.starts_with('-') {
        return None;
    }
    let mut near = columns(source, line);
    near.sort_by_key(|entry| (entry.column.abs_diff(indentation), usize::MAX - entry.column));
    let mut near = near.into_iter();
    let entry = near.next()?;
    let span = Span::new(id, at..at + key.len());
    let fault = Diagnostic::error("syntax", span, "this entry is not in line with those above");
    // Half-way between two entries it may belong beside either.
    if let Some(other) = near.next().filter(|other| other.column.abs_diff(indentation) == entry.column.abs_diff(indentation)) {
        let beside = |entry: &Entry| format!("column {}, beside `{}`", entry.column + 1, source.slice(entry.range.clone()));
        let help = format!("start it in {}, or in {}", beside(&entry), beside(&other));
        return Some(
            fault
                .help(help)
                .also(Span::new(id, entry.range), "an entry above starts here")
                .also(Span::new(id, other.range), "and one here"),
        );
    }
    Some(fault.also(Span::new(id, entry.range), "an entry above starts here").suggest_as(
        "put it in line",
        Span::new(id, start..at),
        " ".repeat(entry.column),
    ))
}

/// A key above a line, and the column (from 0) that entries beside it start in.
struct Entry {
    column: usize,
    range: Range<usize>,
}

/// The keys above a line that are still open, the nearest first: each stands less deep than the one before.
fn columns(source: &Source, below: usize) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut least = usize::MAX;
    for line in (1..below).rev() {
        let text = source.line(line);
        let mut rest = text.trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('#') {
            continue;
        }
        let mut entries = Vec::new();
        while let Some(inner) = rest.strip_prefix("- ") {
            rest = inner.trim_start_matches(' ');
        }
        let column = text.len() - rest.len();
        if let Some(length) = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1)) {
            let start = source.line_start(line) + column;
            entries.push(Entry { column, range: start..start + length });
        }
        let outer = text.len() - text.trim_start_matches(' ').len();
        found.extend(entries.into_iter().filter(|entry| entry.column < least));
        least = least.min(outer);
        if least == 0 {
            break;
        }
    }
    found
}

pub(super) fn tab_fault(source: &Source, id: SourceId, tab: Range<usize>) -> Diagnostic {
    let first = source.line_of(tab.start);
    let lines = source.line_of(source.text().len());
    let more = (first + 1..=lines).filter(|line| indentation_tab(source, *line).is_some()).count();
    let diagnostic = Diagnostic::error("tab", Span::new(id, tab.clone()), "a tab cannot indent YAML");
    let diagnostic = match spaces(source, first, &tab) {
        Some((range, spaces)) => diagnostic.suggest_as("indent with spaces", Span::new(id, range), " ".repeat(spaces)),
        None => diagnostic.help("indent with spaces, two for each level"),
    };
    match more {
        0 => diagnostic,
        1 => diagnostic.help("one more line of this file is indented with a tab"),
        more => diagnostic.help(format!("{more} more lines of this file are indented with tabs")),
    }
}

/// The indentation of a line with tabs in it, and how many spaces most likely stand for it: the column of an entry above that comes
/// nearest, or two more than a key above that waits for its value.
fn spaces(source: &Source, line: usize, tab: &Range<usize>) -> Option<(Range<usize>, usize)> {
    const TAB: usize = 4;
    let start = source.line_start(line);
    let text = source.line(line);
    let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
    if tab.end > start + indentation {
        return None;
    }
    let width = text.get(..indentation)?.chars().map(|c| if c == '\t' { TAB } else { 1 }).sum::<usize>();
    let entries = columns(source, line);
    let waits = entries.first().filter(|entry| source.line(source.line_of(entry.range.start)).trim_end().ends_with(':'));
    let near = match waits {
        Some(entry) => entry.column + 2,
        None => entries.iter().map(|entry| entry.column).min_by_key(|column| column.abs_diff(width))?,
    };
    Some((start..start + indentation, near))
}
