//! Diagnostics as text: for people (the look of rustc), as JSON, and as annotations of GitHub's CI.
//!
//! Leans on annotate-snippets for the drawing. Everything comes out in file order, each fault once.

use super::diagnostic::{Diagnostic, Diagnostics, Severity};
use super::source::{Source, Sources, Span};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str};
use std::fmt::Write as _;
use std::ops::Range;

/// Lines between two marks of one file beyond which they are drawn as separate pieces.
const FAR: usize = 100;

/// Longer lines are shown as a piece around the mark, in bytes to each side.
const LONG: usize = 400;

/// For people: one block per fault, a blank line between. Without colour it is plain ASCII apart from the
/// authors' text.
pub fn render_human(sources: &Sources, diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics.sorted() {
        let report = report(sources, diagnostic);
        out.push_str(&renderer.render(&report));
        out.push_str("\n\n");
    }
    // A blank line stands between two faults, not after the last.
    if out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// For programs: a JSON array with `code`, `severity`, `message`, `file`, `line`, `column`, `end_line`,
/// `end_column` (from 1, in characters, the end excluded), `help`, `suggestion`, `route`.
pub fn render_json(sources: &Sources, diagnostics: &Diagnostics) -> String {
    let all: Vec<serde_json::Value> = diagnostics.sorted().into_iter().map(|diagnostic| json(sources, diagnostic)).collect();
    serde_json::to_string_pretty(&all).unwrap_or_else(|_| "[]".to_owned())
}

/// For GitHub's CI: one `::error …` or `::warning …` line per fault.
pub fn render_github(sources: &Sources, diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.sorted() {
        let place = Located::of(sources, diagnostic.primary);
        let mut text = diagnostic.message.clone();
        for help in helps(diagnostic) {
            text.push_str("\nhelp: ");
            text.push_str(&help);
        }
        let _ = writeln!(
            out,
            "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            diagnostic.severity.as_str(),
            escape_property(place.file),
            place.line,
            place.column,
            place.end_line,
            place.end_column,
            diagnostic.code,
            escape_data(&text),
        );
    }
    out
}

struct Located<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> Located<'a> {
    fn of(sources: &'a Sources, span: Span) -> Self {
        let Some(source) = sources.get(span.source) else {
            return Self { file: "", line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        let start = source.place(span.start as usize);
        let end = source.place(span.end as usize);
        Self { file: source.name(), line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }
}

fn json(sources: &Sources, diagnostic: &Diagnostic) -> serde_json::Value {
    let at = Located::of(sources, diagnostic.primary);
    let also: Vec<serde_json::Value> = diagnostic
        .secondary
        .iter()
        .map(|(span, label)| {
            let at = Located::of(sources, *span);
            serde_json::json!({ "file": at.file, "line": at.line, "column": at.column,
                "end_line": at.end_line, "end_column": at.end_column, "label": label })
        })
        .collect();
    let suggestion = diagnostic.suggestion.as_ref().map(|suggestion| {
        let at = Located::of(sources, suggestion.span);
        serde_json::json!({ "file": at.file, "line": at.line, "column": at.column,
            "end_line": at.end_line, "end_column": at.end_column,
            "replacement": suggestion.replacement, "title": suggestion.title })
    });
    serde_json::json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "file": at.file,
        "line": at.line,
        "column": at.column,
        "end_line": at.end_line,
        "end_column": at.end_column,
        "also": also,
        "help": diagnostic.help,
        "suggestion": suggestion,
        "route": diagnostic.route,
    })
}

fn helps(diagnostic: &Diagnostic) -> impl Iterator<Item = String> {
    let title = diagnostic.suggestion.as_ref().map(|s| s.title.clone());
    title.into_iter().chain(diagnostic.help.iter().cloned())
}

/// A text as the message of an annotation is written.
pub fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as the property of an annotation is written: what would end it is escaped too.
pub fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

fn report<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut elements: Vec<Element<'a>> = snippets(sources, diagnostic);
    elements.extend(diagnostic.help.iter().map(|help| Level::HELP.message(normalize_untrusted_str(help)).into()));
    let mut groups = vec![title.elements(elements)];
    if let Some(suggestion) = &diagnostic.suggestion
        && let Some(source) = sources.get(suggestion.span.source)
    {
        let range = clip(source, suggestion.span.range());
        let window = window(source, &range);
        let patch = Patch::new(within(&range, &window), normalize_untrusted_str(&suggestion.replacement));
        groups.push(
            Level::HELP.secondary_title(normalize_untrusted_str(&suggestion.title)).element(
                Snippet::source(source.slice(window.clone()))
                    .path(source.name())
                    .line_start(source.line_of(window.start))
                    .patch(patch),
            ),
        );
    }
    groups
}

struct Mark<'a> {
    range: Range<usize>,
    label: Option<&'a str>,
    kind: AnnotationKind,
}

/// The marked pieces of text, those of the primary span first. Only the lines around the marks are handed to the
/// drawing, so that many faults in a large file do not cost its size each.
fn snippets<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let mut pieces: Vec<(&'a Source, Range<usize>, Vec<Mark<'a>>)> = Vec::new();
    let primary = (diagnostic.primary, diagnostic.label.as_deref(), AnnotationKind::Primary);
    let secondary = diagnostic.secondary.iter().map(|(span, label)| (*span, Some(label.as_str()), AnnotationKind::Context));
    for (span, label, kind) in std::iter::once(primary).chain(secondary) {
        let Some(source) = sources.get(span.source) else {
            continue;
        };
        let range = first_line(source, clip(source, span.range()));
        let window = window(source, &range);
        let mark = Mark { range, label, kind };
        let near = pieces.iter_mut().find(|(other, shown, _)| {
            std::ptr::eq(*other, source)
                && whole_lines(source, shown)
                && whole_lines(source, &window)
                && source.line_of(shown.start).abs_diff(source.line_of(window.start)) <= FAR
        });
        match near {
            Some((_, shown, marks)) => {
                *shown = shown.start.min(window.start)..shown.end.max(window.end);
                marks.push(mark);
            }
            None => pieces.push((source, window, vec![mark])),
        }
    }
    pieces
        .into_iter()
        .map(|(source, window, marks)| {
            let annotations = marks
                .into_iter()
                .map(|mark| mark.kind.span(within(&mark.range, &window)).label(mark.label.map(normalize_untrusted_str)));
            Snippet::source(source.slice(window.clone()))
                .path(source.name())
                .line_start(source.line_of(window.start))
                .annotations(annotations)
                .into()
        })
        .collect()
}

/// A span over many lines is drawn on its first line alone: the start is what the eye needs.
fn first_line(source: &Source, range: Range<usize>) -> Range<usize> {
    let text = source.slice(range.clone());
    let line = text.lines().next().unwrap_or_default().trim_end();
    range.start..range.start + line.len()
}

fn clip(source: &Source, range: Range<usize>) -> Range<usize> {
    let start = source.floor(range.start);
    start..source.ceil(range.end).max(start)
}

/// The whole lines that hold the range; a piece of the line when it is very long.
fn window(source: &Source, range: &Range<usize>) -> Range<usize> {
    let start = source.line_start(source.line_of(range.start));
    let end = source.line_start(source.line_of(range.end) + 1);
    let start = start.max(source.floor(range.start.saturating_sub(LONG)));
    let end = end.min(source.ceil(range.end + LONG));
    start..end
}

fn whole_lines(source: &Source, window: &Range<usize>) -> bool {
    source.line_start(source.line_of(window.start)) == window.start
}

fn within(range: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    let start = range.start.saturating_sub(window.start);
    start..range.end.saturating_sub(window.start).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Sources, Diagnostics) {
        let mut sources = Sources::new();
        let text = "# ☃\nsettings:\n  a: 1\n  a: 2\ntgas: {}\n";
        let id = sources.add_text("rules/a, b.yaml", text);
        let find = |needle: &str| {
            let at = text.find(needle).expect("in the text");
            Span::new(id, at..at + 1)
        };
        let mut found = Diagnostics::new();
        let tgas = Span { end: find("tgas").start + 4, ..find("tgas") };
        found.push(
            Diagnostic::error("unknown-key", tgas, "unknown key `tgas`")
                .help("known keys are `tags` and `rules`")
                .suggest(tgas, "tags"),
        );
        found.push(
            Diagnostic::warning("duplicate-key", find("a: 2"), "the key `a` stands here twice")
                .label("again here")
                .also(find("a: 1"), "first here"),
        );
        (sources, found)
    }

    #[test]
    fn people_see_what_rustc_would_show() {
        let (sources, found) = sample();
        let expected = "\
warning[duplicate-key]: the key `a` stands here twice
 --> rules/a, b.yaml:4:3
  |
3 |   a: 1
  |   - first here
4 |   a: 2
  |   ^ again here

error[unknown-key]: unknown key `tgas`
 --> rules/a, b.yaml:5:1
  |
5 | tgas: {}
  | ^^^^
  |
  = help: known keys are `tags` and `rules`
help: did you mean `tags`?
  |
5 - tgas: {}
5 + tags: {}
  |
";
        assert_eq!(render_human(&sources, &found, false), expected);
        assert!(render_human(&sources, &found, true).contains("\u{1b}["));
    }

    #[test]
    fn programs_see_places_and_suggestions() {
        let (sources, found) = sample();
        let json: serde_json::Value = serde_json::from_str(&render_json(&sources, &found)).expect("JSON");
        assert_eq!(json[1]["code"], "unknown-key");
        assert_eq!(json[1]["line"], 5);
        assert_eq!(json[1]["end_column"], 5);
        assert_eq!(json[1]["suggestion"]["replacement"], "tags");
        assert_eq!(json[0]["also"][0]["line"], 3);
    }

    #[test]
    fn github_gets_one_escaped_line_each() {
        let (sources, found) = sample();
        let out = render_github(&sources, &found);
        assert_eq!(
            out.lines().nth(1).expect("two lines"),
            "::error file=rules/a%2C b.yaml,line=5,col=1,endLine=5,endColumn=5,title=unknown-key::unknown key `tgas`\
             %0Ahelp: did you mean `tags`?%0Ahelp: known keys are `tags` and `rules`"
        );
    }

    #[test]
    fn marks_far_apart_and_lines_without_end_stay_small() {
        let mut sources = Sources::new();
        let far = format!("first: 1\n{}last: 2\n", "x: 1\n".repeat(5000));
        let id = sources.add_text("far.yaml", far.clone());
        let last = far.len() - 8;
        let found = Diagnostic::error("x", Span::new(id, last..last + 4), "m").also(Span::new(id, 0..5), "first");
        let out = render_human(&sources, &found.into(), false);
        assert!(out.contains("first: 1") && out.lines().count() < 20, "{out}");

        let id = sources.add_text("long.yaml", "a".repeat(4_000_000));
        let found = Diagnostic::error("x", Span::new(id, 2_000_000..2_000_001), "m");
        assert!(render_human(&sources, &found.into(), false).len() < 2_000);
    }
}
