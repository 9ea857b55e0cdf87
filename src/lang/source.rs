//! The texts that authors wrote, and places in them.
//!
//! Takes bytes, refuses what is no text, and answers "which line and column is this byte". It leans on
//! [`super::diagnostic`] for its refusals and knows nothing of YAML, files or folders.

use super::diagnostic::{Diagnostic, Diagnostics};
use std::ops::Range;

/// The largest file that is read, in bytes.
pub const MAX_SOURCE_BYTES: usize = 8 * 1024 * 1024;

/// One text in a [`Sources`]. Ids are given in the order of adding, which is also the order of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

/// A range of bytes in one source: `start..end`, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// A span from byte positions. Positions beyond 4 GiB cannot occur (see [`MAX_SOURCE_BYTES`]) and are cut.
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        let start = u32::try_from(range.start).unwrap_or(u32::MAX);
        let end = u32::try_from(range.end).unwrap_or(u32::MAX).max(start);
        Self { source, start, end }
    }

    /// The byte range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span that covers both. Spans of different sources cannot be joined: the first is returned.
    pub fn to(self, other: Self) -> Self {
        if self.source != other.source {
            return self;
        }
        Self { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at the start of this one.
    pub fn at_start(self) -> Self {
        Self { end: self.start, ..self }
    }
}

/// A place as people count it: line and column from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// One text with its name (a path as the user wrote it) and the starts of its lines.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    lines: Vec<u32>,
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let starts = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
        let lines = std::iter::once(0).chain(starts).collect();
        Self { name, text, lines }
    }

    /// The name the text was added under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range, or nothing where the range is not within the text or cuts a character.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The start of the character that holds a byte position; the end of the text for positions beyond it.
    pub fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// The end of the character that holds a byte position, or the position itself between two characters.
    pub fn ceil(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset += 1;
        }
        offset
    }

    /// Line and column of a byte position. A position beyond the end is the end; one inside a character is its start.
    pub fn place(&self, offset: usize) -> Place {
        let offset = self.floor(offset);
        let line = self.line_of(offset);
        let start = self.line_start(line);
        let column = self.slice(start..offset).chars().count() + 1;
        Place { line, column }
    }

    /// The line (from 1) that holds a byte position.
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start as usize <= offset).max(1)
    }

    /// Where a line (from 1) starts, in bytes; the end of the text for a line that does not exist.
    pub fn line_start(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).map_or(self.text.len(), |start| *start as usize)
    }

    /// The text of a line (from 1) without its line break.
    pub fn line(&self, line: usize) -> &str {
        self.slice(self.line_start(line)..self.line_start(line + 1)).trim_end_matches(['\n', '\r'])
    }
}

/// A set of texts, so that one message can show places in several files.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    all: Vec<Source>,
}

impl Sources {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. One byte order mark is dropped. What is no text (too large, not UTF-8, with a NUL byte) leaves
    /// a diagnostic and gives no id; the name still shows in that message.
    pub fn add(&mut self, name: impl Into<String>, bytes: &[u8], diagnostics: &mut Diagnostics) -> Option<SourceId> {
        let name = name.into();
        if bytes.len() > MAX_SOURCE_BYTES {
            let message = format!("this file has {} bytes; at most {MAX_SOURCE_BYTES} are read", bytes.len());
            let id = self.add_text(name, String::new());
            diagnostics
                .push(Diagnostic::error("file-too-large", Span::new(id, 0..0), message).help("split it into several files"));
            return None;
        }
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            let id = self.add_text(name, String::new());
            let fault = Diagnostic::error("not-utf8", Span::new(id, 0..0), "this file is UTF-16, not UTF-8");
            diagnostics.push(fault.help("save it with the encoding UTF-8"));
            return None;
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let id = self.add_text(name, String::from_utf8_lossy(bytes).into_owned());
                let span = Span::new(id, at..at + '\u{FFFD}'.len_utf8());
                let message = format!("byte {at} (0x{byte:02x}) is not UTF-8 text");
                diagnostics.push(Diagnostic::error("not-utf8", span, message).help("save the file with the encoding UTF-8"));
                return None;
            }
        };
        let nul = text.find('\0');
        let id = self.add_text(name, text);
        if let Some(at) = nul {
            diagnostics.push(
                Diagnostic::error("nul-byte", Span::new(id, at..at + 1), format!("byte {at} is NUL, which is no text"))
                    .help("save the file as UTF-8 text (not UTF-16), or remove the byte"),
            );
            return None;
        }
        Some(id)
    }

    /// Adds a text that is known to be one (made by the program itself, or a test).
    pub fn add_text(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(Source::new(name.into(), text.into()));
        id
    }

    /// The source of an id. Ids of another set give nothing.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.all.get(id.0 as usize)
    }

    /// The text of a source; empty for an unknown id.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", Source::text)
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).map_or("", |source| source.slice(span.range()))
    }

    /// All sources with their ids, in the order of adding.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0_u32..).map(SourceId).zip(&self.all)
    }

    /// Puts `*` where a span is, for texts that no message may show. Places stay where they were.
    pub fn blank(&mut self, span: Span) {
        let Some(source) = self.all.get_mut(span.source.0 as usize) else {
            return;
        };
        let blanked: String = source.slice(span.range()).bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        if blanked.len() == span.range().len() {
            source.text.replace_range(span.range(), &blanked);
        }
    }

    /// `name:line:column` of the start of a span.
    pub fn describe(&self, span: Span) -> String {
        self.get(span.source).map_or_else(String::new, |source| {
            let place = source.place(span.start as usize);
            format!("{}:{}:{}", source.name(), place.line, place.column)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        assert!(sources.add("a.yaml", bytes, &mut diagnostics).is_none());
        let found = diagnostics.iter().next().expect("a diagnostic");
        format!("{} {} {}", sources.describe(found.primary), found.code, found.message)
    }

    #[test]
    fn columns_count_characters_and_lines_survive_crlf() {
        let mut sources = Sources::new();
        let id = sources.add_text("a", "né:\r\n  ☃x: 1\n");
        let source = sources.get(id).expect("just added");
        let at = source.text().find('x').expect("there");
        assert_eq!(source.place(at), Place { line: 2, column: 4 });
        assert_eq!(source.line(1), "né:");
        assert_eq!(source.place(9999), Place { line: 3, column: 1 });
    }

    #[test]
    fn one_byte_order_mark_is_dropped() {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let id = sources.add("a", "\u{FEFF}a: 1".as_bytes(), &mut diagnostics).expect("text");
        assert_eq!(sources.text(id), "a: 1");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        assert_eq!(refused(b"a: 1\nb: \xff\n"), "a.yaml:2:4 not-utf8 byte 8 (0xff) is not UTF-8 text");
        assert_eq!(refused(b"a: 1\nb: \0"), "a.yaml:2:4 nul-byte byte 8 is NUL, which is no text");
        assert!(refused(&vec![b'a'; MAX_SOURCE_BYTES + 1]).contains("file-too-large"));
    }
}
