//! White space within a line: after `:` and `,`, inside of brackets; and the kind of quotes. No line gets shorter at its start, and
//! none breaks anew.

use super::{replaced, start};
use crate::lang::yaml::{Key, Kind, Node, Style};
use std::ops::Range;

/// The text with its usual spaces.
pub(super) fn space(text: &str, root: &Node) -> String {
    let mut spacer = Spacer { text, edits: Vec::new() };
    spacer.node(root);
    replaced(text, spacer.edits)
}

struct Spacer<'a> {
    text: &'a str,
    edits: Vec<(Range<usize>, String)>,
}

impl Spacer<'_> {
    fn node(&mut self, node: &Node) {
        let span = node.span.range();
        match &node.kind {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.quotes(&key.span.range());
                    if !value.span.range().is_empty() {
                        let end = key.span.range().end;
                        self.gap(end..start(self.text, end, value), ":", ": ");
                    }
                    self.node(value);
                }
                if node.brackets {
                    let pieces: Vec<Range<usize>> =
                        entries.iter().map(|(key, value)| key.span.range().start..self.end(key, value)).collect();
                    self.list(&span, pieces.into_iter(), " ");
                }
            }
            Kind::Seq(items) => {
                for item in items {
                    self.node(item);
                }
                if node.brackets {
                    self.list(&span, items.iter().map(|item| item.span.range()), "");
                }
            }
            Kind::Scalar { style: Style::SingleQuoted, .. } => self.quotes(&span),
            Kind::Scalar { .. } | Kind::Faulty => {}
        }
    }

    /// Where an entry ends. A value that is left out is told from anywhere behind its key.
    fn end(&self, key: &Key, value: &Node) -> usize {
        let (key, value) = (key.span.range().end, value.span.range());
        if !value.is_empty() {
            return value.end;
        }
        let after = self.text.get(key..).unwrap_or_default();
        let blanks = after.len() - after.trim_start_matches(' ').len();
        if after.trim_start_matches(' ').starts_with(':') { key + blanks + 1 } else { key }
    }

    /// The gaps of a list in brackets: `pad` inside of them, one space after each comma.
    fn list(&mut self, span: &Range<usize>, pieces: impl Iterator<Item = Range<usize>>, pad: &str) {
        let mut before = None;
        for piece in pieces {
            match before {
                None => self.gap(span.start + 1..piece.start, "", pad),
                Some(end) => self.gap(end..piece.start, ",", ", "),
            }
            before = Some(piece.end);
        }
        match before {
            Some(end) => self.gap(end..span.end.saturating_sub(1), "", pad),
            None => self.gap(span.start + 1..span.end.saturating_sub(1), "", ""),
        }
    }

    /// A gap on one line in which nothing but `only` stands becomes `instead`.
    fn gap(&mut self, range: Range<usize>, only: &str, instead: &str) {
        let Some(gap) = self.text.get(range.clone()) else { return };
        if gap != instead && gap.trim_matches(' ') == only {
            self.edits.push((range, instead.to_owned()));
        }
    }

    /// Single quotes become double ones where the text between them reads the same.
    fn quotes(&mut self, range: &Range<usize>) {
        let Some(written) = self.text.get(range.clone()) else { return };
        let inner = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        if let Some(inner) = inner.filter(|inner| !inner.contains(['\'', '"', '\\', '\n'])) {
            self.edits.push((range.clone(), format!("\"{inner}\"")));
        }
    }
}
