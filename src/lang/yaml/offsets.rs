//! Where a piece of a scalar's text stands in the source.
//!
//! A fault inside a template needs its own caret, yet the template is what YAML made of the source: quotes
//! dropped, lines folded, escapes decoded. Both texts are walked side by side: whitespace may differ, escapes are
//! known, all else must be equal. Where that fails (it should not) the whole scalar is the place.

use super::node::Style;
use std::ops::Range;

/// Pieces of a text that stand in the source in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offsets {
    /// One piece without change, from this byte of the source on.
    Shift(u32),
    Pieces(Box<[Piece]>),
    /// Unknown: the node itself is the best answer.
    Whole,
}

/// `length` bytes of the text that come from `source_length` bytes of the source. Equal lengths mean equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    text: usize,
    length: usize,
    source: usize,
    source_length: usize,
}

impl Offsets {
    /// Aligns `text` with `raw`, the bytes of the source from `start` on that made it.
    pub(super) fn align(text: &str, raw: &str, start: usize, style: Style) -> Self {
        let (body, shift) = match style {
            // The parser's range of a block starts at its first line, after the header.
            Style::Plain | Style::Literal | Style::Folded => (raw, 0),
            Style::SingleQuoted | Style::DoubleQuoted => (raw.get(1..).unwrap_or_default(), 1),
        };
        let start = start + shift;
        let plain = !matches!(style, Style::SingleQuoted | Style::DoubleQuoted) || !text.contains(['\'', '"', '\\']);
        if plain && body.starts_with(text) && !text.contains('\n') {
            return u32::try_from(start).map_or(Self::Whole, Self::Shift);
        }
        let mut walk = Walk { text, body, at: 0, source: 0, start, pieces: Vec::new() };
        if walk.run(style) { Self::Pieces(walk.pieces.into_boxed_slice()) } else { Self::Whole }
    }

    /// The bytes of the source for a byte range of the text.
    pub(super) fn source_range(&self, range: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Whole => None,
            Self::Shift(start) => {
                let start = *start as usize;
                Some(start + range.start..start + range.end.max(range.start))
            }
            Self::Pieces(pieces) => {
                let start = start_of(pieces, range.start)?;
                let end = end_of(pieces, range.end).unwrap_or(start).max(start);
                Some(start..end)
            }
        }
    }
}

fn start_of(pieces: &[Piece], at: usize) -> Option<usize> {
    let next = pieces.partition_point(|piece| piece.text + piece.length <= at);
    let Some(piece) = pieces.get(next) else {
        return pieces.last().map(|last| last.source + last.source_length);
    };
    Some(piece.source + inside(piece, at.saturating_sub(piece.text), 0))
}

fn end_of(pieces: &[Piece], at: usize) -> Option<usize> {
    let after = pieces.partition_point(|piece| piece.text < at);
    let piece = pieces.get(after.checked_sub(1)?)?;
    let depth = (at - piece.text).min(piece.length);
    if depth == piece.length {
        return Some(piece.source + piece.source_length);
    }
    Some(piece.source + inside(piece, depth, piece.source_length))
}

/// How far into the source a depth in the text is; `otherwise` for an escape, which cannot be cut.
fn inside(piece: &Piece, depth: usize, otherwise: usize) -> usize {
    if piece.length == piece.source_length { depth } else { otherwise }
}

struct Walk<'a> {
    text: &'a str,
    body: &'a str,
    at: usize,
    source: usize,
    start: usize,
    pieces: Vec<Piece>,
}

impl Walk<'_> {
    fn run(&mut self, style: Style) -> bool {
        loop {
            let here = self.text.get(self.at..).and_then(|rest| rest.chars().next());
            let rest = self.body.get(self.source..).unwrap_or_default();
            let Some(wanted) = here else {
                return true;
            };
            let Some(found) = rest.chars().next() else {
                // Only blanks may be left: a line break that YAML adds.
                return self.text.get(self.at..).is_some_and(|left| left.trim().is_empty());
            };
            if style == Style::DoubleQuoted && found == '\\' {
                match escape(rest, wanted) {
                    Some((0, source)) => self.source += source,
                    Some((length, source)) => self.take(length, source),
                    None => return false,
                }
            } else if style == Style::SingleQuoted && rest.starts_with("''") && wanted == '\'' {
                self.take(1, 2);
            } else if wanted == found {
                self.take(wanted.len_utf8(), found.len_utf8());
            } else if found.is_ascii_whitespace() {
                self.source += found.len_utf8();
            } else if matches!(wanted, ' ' | '\n') {
                self.at += 1;
            } else {
                return false;
            }
        }
    }

    fn take(&mut self, length: usize, source_length: usize) {
        let source = self.start + self.source;
        match self.pieces.last_mut() {
            Some(last)
                if length == source_length
                    && last.length == last.source_length
                    && last.text + last.length == self.at
                    && last.source + last.source_length == source =>
            {
                last.length += length;
                last.source_length += length;
            }
            _ => self.pieces.push(Piece { text: self.at, length, source, source_length }),
        }
        self.at += length;
        self.source += source_length;
    }
}

/// Bytes of the text and of the source that an escape of a double-quoted scalar takes.
fn escape(rest: &str, wanted: char) -> Option<(usize, usize)> {
    let kind = rest.chars().nth(1)?;
    let source = match kind {
        'x' => 4,
        // A character beyond the basic plane may be written as a pair of surrogates.
        'u' if u32::from(wanted) > 0xFFFF => 12,
        'u' => 6,
        'U' => 10,
        // An escaped line break joins two lines.
        '\n' | '\r' => return Some((0, 2)),
        other => 1 + other.len_utf8(),
    };
    Some((wanted.len_utf8(), source))
}
