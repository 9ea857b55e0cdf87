//! A text that is just being typed, as a located tree, whatever is wrong with it: for editors, which ask most when a line is half
//! written.
//!
//! It goes by indentation and brackets, says nothing, and always gives a tree. What breaks off, a bracket, a quote, a key without its
//! colon, ends where the next line that is not further in begins, so that the rest of the file stays what it was. Texts without
//! faults come out as [`super::load()`] reads them.

use super::load::MAX_DEPTH;
use super::node::{Key, Kind, Node, Style};
use super::offsets::Offsets;
use crate::lang::source::{SourceId, Span};
use std::borrow::Cow;
use std::ops::Range;

/// The tree of a text.
pub fn sketch(id: SourceId, text: &str) -> Node {
    let mut sketch = Sketch { id, text, at: 0, depth: 0 };
    let mut root: Option<Node> = None;
    while let Some((at, column)) = sketch.line() {
        let before = sketch.at;
        let more = sketch.block(at, column);
        if sketch.at <= before {
            sketch.at = sketch.end_of_line(at);
        }
        root = Some(match root {
            None => more,
            Some(root) => joined(root, more),
        });
    }
    root.unwrap_or_else(|| sketch.nothing(0))
}

/// What stands below a tree with another indentation belongs to it, as far as it can.
fn joined(mut one: Node, more: Node) -> Node {
    let span = one.span.to(more.span);
    match (&mut one.kind, more.kind) {
        (Kind::Map(entries), Kind::Map(further)) => entries.extend(further),
        (Kind::Seq(items), Kind::Seq(further)) => items.extend(further),
        (Kind::Map(entries), Kind::Scalar { text, .. }) => {
            let nothing = Node::new(Span::new(more.span.source, more.span.range().end..more.span.range().end), nothing());
            entries.push((Key { text, span: more.span }, nothing));
        }
        _ => return one,
    }
    one.span = span;
    one
}

const fn nothing() -> Kind {
    Kind::Scalar { text: String::new(), style: Style::Plain }
}

struct Sketch<'a> {
    id: SourceId,
    text: &'a str,
    /// Between two entries the start of a line.
    at: usize,
    depth: usize,
}

/// A line in flow: what follows inside the brackets, or their end.
enum Next {
    Here(usize),
    End,
}

impl<'a> Sketch<'a> {
    fn rest(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    fn starts(&self, at: usize, with: &str) -> bool {
        self.rest(at).starts_with(with)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.id, range)
    }

    fn nothing(&self, at: usize) -> Node {
        Node::new(self.span(at..at), nothing())
    }

    /// Where the line that holds a place ends, its break included.
    fn end_of_line(&self, at: usize) -> usize {
        self.rest(at).find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// The first place from `at` on that is no blank, on the same line.
    fn skip_blanks(&self, at: usize) -> usize {
        at + self.rest(at).bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// Whether nothing but a comment is left on the line.
    fn is_over(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b'\n' | b'\r' | b'#'))
    }

    /// The next line that says something: where, and in which column. It becomes the current one.
    fn line(&mut self) -> Option<(usize, usize)> {
        while self.at < self.text.len() {
            let start = self.skip_blanks(self.at);
            let column = start - self.at;
            let marker = column == 0 && ["---", "...", "%"].iter().any(|marker| self.starts(start, marker));
            if !self.is_over(start) && !marker {
                return Some((start, column));
            }
            self.at = self.end_of_line(start);
        }
        None
    }

    fn is_item(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && matches!(self.byte(at + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Whatever begins here.
    fn block(&mut self, at: usize, column: usize) -> Node {
        self.depth += 1;
        let node = if self.depth > MAX_DEPTH {
            self.plain(at, column, true)
        } else if self.is_item(at) {
            self.list(at, column)
        } else if self.key(at).is_some() {
            self.map(at, column)
        } else {
            self.value(at, column.checked_sub(1))
        };
        self.depth -= 1;
        node
    }

    fn list(&mut self, mut at: usize, column: usize) -> Node {
        let start = at;
        let mut items: Vec<Node> = Vec::new();
        loop {
            if self.is_item(at) {
                let inside = self.skip_blanks(at + 1);
                let item = if self.is_over(inside) {
                    let behind = (at + 2).min(inside).min(self.text.len());
                    self.below(inside, behind, column, false)
                } else {
                    self.block(inside, column + inside - at)
                };
                items.push(item);
            } else {
                // Neither an item nor less indented: it belongs to the last one.
                let before = self.at;
                let more = self.block(at, column + 1);
                if self.at <= before {
                    self.at = self.end_of_line(at);
                }
                let last = items.pop();
                items.push(last.map_or_else(|| self.nothing(at), |last| joined(last, more)));
            }
            match self.line() {
                Some((next, further)) if further > column || (further == column && self.is_item(next)) => at = next,
                _ => break,
            }
        }
        let end = items.last().map_or(start, |last| last.span.range().end).max(start);
        Node::group(self.span(start..end), Kind::Seq(items), false)
    }

    fn map(&mut self, mut at: usize, column: usize) -> Node {
        let start = at;
        let mut end = start;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let entry = match self.key(at) {
                Some((key, after)) => {
                    let inside = self.skip_blanks(after);
                    let value = if self.is_over(inside) {
                        self.below(inside, (after + 1).min(inside), column, true)
                    } else {
                        self.value(inside, Some(column))
                    };
                    (key, value)
                }
                None if self.is_item(at) && at > start => {
                    // A list where an entry should be: of the last key, if that has nothing yet.
                    let list = self.list(at, column);
                    if let Some((_, value)) = entries.last_mut().filter(|(_, value)| value.is_null()) {
                        *value = list;
                    }
                    match self.line() {
                        Some((next, further)) if further >= column => {
                            at = next;
                            continue;
                        }
                        _ => break,
                    }
                }
                None => self.lone(at),
            };
            end = end.max(entry.0.span.range().end).max(entry.1.span.range().end);
            entries.push(entry);
            match self.line() {
                Some((next, further)) if further > column || (further == column && !self.is_item(next)) => at = next,
                _ => break,
            }
        }
        Node::group(self.span(start..end), Kind::Map(entries), false)
    }

    /// A key that lacks its colon.
    fn lone(&mut self, at: usize) -> (Key, Node) {
        let end = at + self.line_of_text(at).len();
        let text = self.text.get(at..end).unwrap_or_default().to_owned();
        self.at = self.end_of_line(end);
        (Key { text, span: self.span(at..end) }, self.nothing(end))
    }

    /// The value that stands on the lines below: further in, or a list in line with its key.
    fn below(&mut self, at: usize, behind: usize, column: usize, key: bool) -> Node {
        self.at = self.end_of_line(at);
        let here = self.at;
        match self.line() {
            Some((next, further)) if further > column => self.block(next, further),
            Some((next, further)) if key && further == column && self.is_item(next) => self.list(next, column),
            _ => {
                self.at = here;
                self.nothing(behind)
            }
        }
    }

    /// The rest of a line without its comment.
    fn line_of_text(&self, at: usize) -> &'a str {
        let line = self.rest(at).split('\n').next().unwrap_or_default();
        let end = line
            .match_indices('#')
            .find(|(found, _)| *found > 0 && line.get(..*found).is_some_and(|before| before.ends_with([' ', '\t'])));
        line.get(..end.map_or(line.len(), |(found, _)| found)).unwrap_or_default().trim_end()
    }

    /// `key:` and where it ends.
    fn key(&self, at: usize) -> Option<(Key, usize)> {
        let line = self.line_of_text(at);
        let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
        match line.as_bytes().first()? {
            quote @ (b'"' | b'\'') => {
                let inside = closed(line, *quote)?;
                let gap = line.get(inside..)?.len() - line.get(inside..)?.trim_start().len();
                let rest = line.get(inside + gap..)?.strip_prefix(':')?;
                let text = unquoted(line.get(..inside)?).into_owned();
                ends(rest).then(|| (Key { text, span: self.span(at..at + inside) }, at + inside + gap + 1))
            }
            b'{' | b'[' | b'|' | b'>' => None,
            _ => {
                let (colon, _) = line.match_indices(':').find(|(found, _)| line.get(found + 1..).is_some_and(ends))?;
                let text = line.get(..colon)?.trim_end();
                (!text.is_empty())
                    .then(|| (Key { text: text.to_owned(), span: self.span(at..at + text.len()) }, at + colon + 1))
            }
        }
    }

    /// A value that begins on this line; lines that belong to it are further in than `indent`.
    fn value(&mut self, at: usize, indent: Option<usize>) -> Node {
        let least = indent.map_or(0, |indent| indent + 1);
        match self.byte(at) {
            Some(b'{') if self.starts(at, "{{") => self.plain(at, least, true),
            Some(b'{' | b'[') => {
                self.at = at;
                let node = self.flow(least);
                self.at = self.end_of_line(self.at.max(at + 1) - 1);
                node
            }
            Some(b'"' | b'\'') => {
                let node = self.quoted(at, least);
                self.at = self.end_of_line(self.at.max(at + 1) - 1);
                node
            }
            Some(b'|' | b'>') => self.literal(at, least),
            _ => self.plain(at, least, false),
        }
    }

    /// A text without quotes, which may go on further in.
    fn plain(&mut self, at: usize, least: usize, one_line: bool) -> Node {
        let first = self.line_of_text(at);
        let (mut text, mut end) = (Cow::Borrowed(first), at + first.len());
        let mut next = self.end_of_line(end);
        while !one_line && next < self.text.len() {
            let start = self.skip_blanks(next);
            if self.is_over(start) || start - next < least || self.is_item(start) || self.key(start).is_some() {
                break;
            }
            let more = self.line_of_text(start);
            text = Cow::Owned(format!("{text} {more}"));
            end = start + more.len();
            next = self.end_of_line(end);
        }
        self.at = next;
        self.scalar(&text, at..end, Style::Plain)
    }

    fn scalar(&self, text: &str, range: Range<usize>, style: Style) -> Node {
        let raw = self.text.get(range.clone()).unwrap_or_default();
        Node {
            offsets: Offsets::align(text, raw, range.start, style),
            span: self.span(range),
            brackets: false,
            kind: Kind::Scalar { text: text.to_owned(), style },
        }
    }

    /// A text in quotes. One that is not closed ends with its line.
    fn quoted(&mut self, at: usize, least: usize) -> Node {
        let quote = self.byte(at).unwrap_or(b'"');
        let (mut end, mut next) = (at, at);
        let whole = loop {
            end = end.max(next + self.rest(next).split('\n').next().unwrap_or_default().len());
            if let Some(length) = self.text.get(at..end).and_then(|raw| closed(raw, quote)) {
                break Some(at + length);
            }
            next = self.end_of_line(end);
            let start = self.skip_blanks(next);
            if next >= self.text.len() || start - next < least && !matches!(self.byte(start), Some(b'\n' | b'\r')) {
                break None;
            }
            // Far enough for any text; beyond that it was never closed.
            if end - at > 20_000 {
                break None;
            }
        };
        let end = whole.unwrap_or_else(|| at + self.rest(at).split('\n').next().unwrap_or_default().trim_end().len());
        self.at = end;
        let raw = self.text.get(at..end).unwrap_or_default();
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        self.scalar(&unquoted(raw), at..end, style)
    }

    /// A block after `|` or `>`.
    fn literal(&mut self, at: usize, least: usize) -> Node {
        let style = if self.byte(at) == Some(b'|') { Style::Literal } else { Style::Folded };
        let mut next = self.end_of_line(at);
        let (mut start, mut end, mut indent) = (next, next, None);
        let mut text = String::new();
        while next < self.text.len() {
            let line = self.rest(next).split('\n').next().unwrap_or_default();
            let inside = self.skip_blanks(next) - next;
            if !line.trim().is_empty() {
                if inside < least {
                    break;
                }
                if indent.is_none() {
                    start = next + inside;
                }
                let cut = *indent.get_or_insert(inside);
                text.push_str(line.get(cut.min(inside)..).unwrap_or_default().trim_end_matches('\r'));
                end = next + line.trim_end().len();
            }
            text.push('\n');
            next = self.end_of_line(next);
        }
        self.at = next;
        let text = format!("{}\n", text.trim_end_matches('\n').trim_start_matches('\n'));
        self.scalar(if text == "\n" { "" } else { &text }, start..end.max(start), style)
    }

    /// What follows inside brackets. A line that is not further in than they are ends them.
    fn next(&mut self, least: usize) -> Next {
        loop {
            self.at = self.skip_blanks(self.at);
            let comment = self.byte(self.at) == Some(b'#')
                && self.at.checked_sub(1).and_then(|before| self.byte(before)).is_none_or(|byte| byte.is_ascii_whitespace());
            match self.byte(self.at) {
                None => return Next::End,
                Some(b'\n' | b'\r') => {}
                _ if comment => {}
                _ => return Next::Here(self.at),
            }
            let line = self.end_of_line(self.at);
            let start = self.skip_blanks(line);
            let inside = start - line >= least || matches!(self.byte(start), None | Some(b'\n' | b'\r' | b'#' | b'}' | b']'));
            if !inside {
                return Next::End;
            }
            self.at = line;
        }
    }

    /// A list or a map in brackets.
    fn flow(&mut self, least: usize) -> Node {
        let start = self.at;
        let is_map = self.byte(start) == Some(b'{');
        self.at += 1;
        self.depth += 1;
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        let mut end = self.at;
        while let (Next::Here(at), true) = (self.next(least), self.depth <= MAX_DEPTH) {
            match self.byte(at) {
                Some(b'}' | b']') => {
                    // The wrong bracket is that of what is around.
                    if (self.byte(at) == Some(b'}')) == is_map {
                        self.at += 1;
                        end = self.at;
                    }
                    break;
                }
                Some(b',') => self.at += 1,
                _ => {
                    let key = self.flow_item(least);
                    let colon = matches!(self.next(least), Next::Here(at) if self.byte(at) == Some(b':'));
                    if colon || is_map {
                        let entry = self.flow_entry(key, colon, least);
                        if is_map {
                            entries.extend(entry);
                        } else if let Some(entry) = entry {
                            let span = entry.0.span.to(entry.1.span);
                            items.push(Node::group(span, Kind::Map(vec![entry]), true));
                        }
                    } else {
                        items.push(key);
                    }
                }
            }
            end = end.max(entries.last().map_or(0, |(key, value): &(Key, Node)| key.span.to(value.span).range().end));
            end = end.max(items.last().map_or(0, |item: &Node| item.span.range().end));
        }
        self.depth -= 1;
        let kind = if is_map { Kind::Map(entries) } else { Kind::Seq(items) };
        Node::group(self.span(start..end), kind, true)
    }

    /// The rest of an entry whose key was read.
    fn flow_entry(&mut self, key: Node, colon: bool, least: usize) -> Option<(Key, Node)> {
        let behind = if colon { self.at + 1 } else { key.span.range().end };
        let text = key.scalar()?.to_owned();
        let key = Key { text, span: key.span };
        if !colon {
            return Some((key, self.nothing(behind)));
        }
        self.at += 1;
        let value = match self.next(least) {
            Next::Here(at) if !matches!(self.byte(at), Some(b',' | b'}' | b']')) => self.flow_item(least),
            _ => self.nothing((behind + 1).min(self.at).max(behind)),
        };
        Some((key, value))
    }

    /// One value inside brackets; always takes something.
    fn flow_item(&mut self, least: usize) -> Node {
        let at = self.at;
        match self.byte(at) {
            Some(b'{' | b'[') if !self.starts(at, "{{") => {
                let node = self.flow(least);
                self.at = self.at.max(at + 1);
                node
            }
            Some(b'"' | b'\'') => self.quoted(at, least),
            _ => {
                let line = self.line_of_text(at);
                let end = plain_in_brackets(line);
                let text = line.get(..end).unwrap_or_default().trim_end().to_owned();
                // A colon alone is taken too, or nothing would ever end.
                self.at = at + end.max(usize::from(text.is_empty() && end == 0 && !line.starts_with(':')));
                if text.is_empty() && line.starts_with(':') {
                    return self.nothing(at);
                }
                self.scalar(&text, at..at + text.len(), Style::Plain)
            }
        }
    }
}

/// How much of a line is one text without quotes inside brackets.
fn plain_in_brackets(line: &str) -> usize {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let at = line.len() - rest.len();
        // A template's braces are no brackets.
        if let Some((_, after)) = rest.strip_prefix("{{").and_then(|inside| inside.split_once("}}")) {
            rest = after;
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ',' | '}' | ']' | '[' | '{' if at > 0 => return at,
            ':' if after.is_empty() || after.starts_with([' ', ',', '}', ']']) => return at,
            _ => rest = after,
        }
    }
    line.len()
}

/// The length of a text in quotes, both included, if it is closed.
fn closed(raw: &str, quote: u8) -> Option<usize> {
    let mut bytes = raw.bytes().enumerate().skip(1).peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if quote == b'"' => drop(bytes.next()),
            byte if byte == quote => {
                if quote == b'\'' && bytes.peek().is_some_and(|(_, next)| *next == quote) {
                    bytes.next();
                    continue;
                }
                return Some(at + 1);
            }
            _ => {}
        }
    }
    None
}

/// A text in quotes as it is meant; lines are folded.
fn unquoted(raw: &str) -> Cow<'_, str> {
    let double = raw.starts_with('"');
    let inside = raw.get(1..).unwrap_or_default();
    let inside = match closed(raw, if double { b'"' } else { b'\'' }) {
        Some(length) => raw.get(1..length - 1).unwrap_or(inside),
        None => inside,
    };
    if !inside.contains(['\\', '\'', '\n']) {
        return Cow::Borrowed(inside);
    }
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if double => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(other) => text.push(other),
                None => {}
            },
            '\'' if !double && chars.peek() == Some(&'\'') => {
                chars.next();
                text.push('\'');
            }
            '\n' => {
                text.truncate(text.trim_end().len());
                while chars.peek().is_some_and(|next| next.is_whitespace()) {
                    chars.next();
                }
                text.push(' ');
            }
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}
