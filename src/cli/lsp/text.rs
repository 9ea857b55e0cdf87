//! How the protocol counts: lines from 0, columns in UTF-16 code units, files as `file:` URIs.

use crate::lang::source::{Sources, Span};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::{Path, PathBuf};
use url::Url;

/// The file behind a `file:` URI; nothing for any other.
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok()?;
    if url.scheme() == "file" { url.to_file_path().ok() } else { None }
}

/// The URI of an absolute path.
pub(super) fn uri_of(path: &Path) -> String {
    Url::from_file_path(path).map(String::from).unwrap_or_default()
}

/// The URI of a source by its name; nothing for what is no file, such as a pack that leverd ships.
pub(super) fn uri_of_name(name: &str) -> Option<String> {
    let path = Path::new(name);
    path.is_absolute().then(|| uri_of(path)).filter(|uri| !uri.is_empty())
}

/// A place in a text.
pub(super) fn range(sources: &Sources, span: Span) -> Value {
    json!({ "start": position(sources, span, span.start), "end": position(sources, span, span.end) })
}

fn position(sources: &Sources, span: Span, offset: u32) -> Value {
    let Some(source) = sources.get(span.source) else { return json!({ "line": 0, "character": 0 }) };
    let offset = source.floor(offset as usize);
    let line = source.line_of(offset);
    let units = source.slice(source.line_start(line)..offset).encode_utf16().count();
    json!({ "line": line - 1, "character": units })
}

/// The byte of a text at a position of the protocol; the end of its line for one beyond it.
pub(super) fn offset_at(text: &str, position: &Value) -> Option<usize> {
    let number = |key: &str| position.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    let (line, units) = (number("line")?, number("character")?);
    let mut lines = text.split_inclusive('\n');
    let start: usize = lines.by_ref().take(line).map(str::len).sum();
    let line = lines.next().unwrap_or_default().trim_end_matches(['\n', '\r']);
    let mut seen = 0;
    let inside = line.chars().take_while(|c| {
        seen += c.len_utf16();
        seen <= units
    });
    Some(start + inside.map(char::len_utf8).sum::<usize>())
}

/// A range of bytes of a text, as the protocol counts.
pub(super) fn range_of(text: &str, bytes: Range<usize>) -> Value {
    let position = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |line| line + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        json!({ "line": line, "character": before.get(start..).unwrap_or_default().encode_utf16().count() })
    };
    json!({ "start": position(bytes.start), "end": position(bytes.end) })
}

/// Whether a range holds a position, or has one in common with another range.
pub(super) fn touches(range: &Value, asked: &Value) -> bool {
    let point = |value: &Value| Some((value.get("line")?.as_u64()?, value.get("character")?.as_u64()?));
    let ends = |value: &Value| Some((point(value.get("start")?)?, point(value.get("end")?)?));
    let Some((start, end)) = ends(range) else { return false };
    match (ends(asked), point(asked)) {
        (Some((from, to)), _) => from <= end && start <= to,
        (None, Some(at)) => start <= at && at <= end,
        (None, None) => false,
    }
}
