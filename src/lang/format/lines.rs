//! Indentation, blank lines and ends of lines.
//!
//! Lines are laid by what begins on them. Lines within a text or within brackets move with the line that opens it; a comment moves with
//! the line it was in line with.

use super::start;
use crate::lang::yaml::{Key, Kind, Node, Style};
use std::ops::Range;

/// Columns from one level to the next.
const STEP: usize = 2;

/// The text with its usual indentation. One whose layout is too odd to be sure of keeps it.
pub(super) fn lay(text: &str, root: &Node) -> String {
    let mut lines = Lines::new(text);
    if lines.root(root).is_none() {
        // What must not change stays known, and all lines stay where they are.
        for line in &mut lines.all {
            line.column = line.column.map(|_| line.indent);
            line.gaps.clear();
            line.inner = match line.inner.take() {
                Some(Inner::Block { base, .. }) => Some(Inner::Block { base, column: base }),
                other => other,
            };
        }
        lines.odd = true;
    }
    lines.comments();
    lines.written()
}

/// A line within a text or within brackets.
enum Inner {
    /// Of a block after `|` or `>`, which stood at `base` and shall stand at `column`.
    Block { base: usize, column: usize },
    /// Of anything else: it moves with the line `with`, and stands at `least` or deeper.
    Moved { with: usize, least: usize },
    /// A blank line that a text keeps.
    Kept,
}

struct Line<'a> {
    text: &'a str,
    start: usize,
    /// Spaces at its start.
    indent: usize,
    /// Where it shall start, if that is known.
    column: Option<usize>,
    inner: Option<Inner>,
    /// Spaces after a `-` that shall be one.
    gaps: Vec<Range<usize>>,
}

struct Lines<'a> {
    text: &'a str,
    all: Vec<Line<'a>>,
    /// Whether all lines stay where they are.
    odd: bool,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut start = 0;
        let all = text
            .split('\n')
            .map(|line| {
                let indent = line.len() - line.trim_start_matches(' ').len();
                let line = Line { text: line, start, indent, column: None, inner: None, gaps: Vec::new() };
                start += line.text.len() + 1;
                line
            })
            .collect();
        Self { text, all, odd: false }
    }

    fn at(&self, offset: usize) -> usize {
        self.all.partition_point(|line| line.start <= offset).saturating_sub(1)
    }

    /// Whether nothing but spaces stands before a place on its line.
    fn is_first(&self, offset: usize) -> bool {
        self.all.get(self.at(offset)).is_some_and(|line| line.start + line.indent == offset)
    }

    /// The line of a place starts in this column, if it starts with that place.
    fn put(&mut self, offset: usize, column: usize) {
        let at = self.at(offset);
        if self.is_first(offset)
            && let Some(line) = self.all.get_mut(at)
        {
            line.column = Some(column);
        }
    }

    /// Nothing comes back where the layout is too odd.
    fn root(&mut self, root: &Node) -> Option<()> {
        match &root.kind {
            Kind::Map(entries) if !root.brackets => self.map(entries, 0),
            Kind::Seq(items) if !root.brackets => self.seq(items, 0, 0),
            _ => self.leaf(root, 0, 0),
        }
    }

    fn map(&mut self, entries: &[(Key, Node)], column: usize) -> Option<()> {
        for (key, value) in entries {
            let range = key.span.range();
            // `? key`, or a key over several lines.
            let after = self.text.get(range.end..)?;
            let colon = range.end + after.len() - after.trim_start_matches(' ').len();
            if !self.text.get(colon..)?.starts_with(':') || self.at(range.start) != self.at(range.end) {
                return None;
            }
            self.put(range.start, column);
            self.below(value, column, colon + 1)?;
        }
        Some(())
    }

    fn seq(&mut self, items: &[Node], column: usize, mut from: usize) -> Option<()> {
        for item in items {
            let dash = self.dash(from)?;
            let line = self.at(dash);
            // Nothing but indentation and other dashes may stand before it.
            let lead = self.text.get(self.all.get(line)?.start..dash)?;
            if !lead.trim_matches([' ', '-']).is_empty() {
                return None;
            }
            self.put(dash, column);
            let gap = dash + 1..start(self.text, dash + 1, item);
            if !item.span.range().is_empty() && self.text.get(gap.clone())?.trim_matches(' ').is_empty() {
                self.all.get_mut(line)?.gaps.push(gap);
            }
            self.below(item, column, dash + 1)?;
            from = item.span.range().end.max(dash + 1);
        }
        Some(())
    }

    /// The `-` that comes next, after blank lines and comments.
    fn dash(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.text.get(at..)?;
            at += rest.len() - rest.trim_start_matches([' ', '\n']).len();
            let rest = self.text.get(at..)?;
            if rest.starts_with('-') {
                return Some(at);
            }
            at += rest.strip_prefix('#')?.find('\n')? + 1;
        }
    }

    /// What stands after `from`, under a key or after a dash that is in `column`.
    fn below(&mut self, node: &Node, column: usize, from: usize) -> Option<()> {
        match &node.kind {
            Kind::Map(entries) if !node.brackets => self.map(entries, column + STEP),
            Kind::Seq(items) if !node.brackets => self.seq(items, column + STEP, from),
            _ => self.leaf(node, column, from),
        }
    }

    /// A text, or a list or map in brackets, that belongs to what is in `column`.
    fn leaf(&mut self, node: &Node, column: usize, from: usize) -> Option<()> {
        let range = start(self.text, from, node)..node.span.range().end;
        if range.is_empty() {
            return Some(());
        }
        self.put(range.start, column + STEP);
        let (first, last) = (self.at(range.start), self.at(range.end.saturating_sub(1)));
        let block = matches!(node.kind, Kind::Scalar { style: Style::Literal | Style::Folded, .. });
        if !block {
            for line in self.all.get_mut(first + 1..=last).unwrap_or_default() {
                line.inner = Some(Inner::Moved { with: first, least: column + 1 });
            }
            return Some(());
        }
        let header = self.text.get(range.clone())?.lines().next()?.split('#').next()?;
        let content = self.all.get(first + 1..=last).unwrap_or_default();
        let base = content.iter().find(|line| !line.text.trim_matches(' ').is_empty()).map(|line| line.indent);
        // A line of spaces beyond the block's column belongs to it, though nothing is seen there.
        let beyond = |line: &Line<'_>| base.is_some_and(|base| line.text.len() > base);
        let blank = self.all.get(last + 1..).unwrap_or_default().iter().take_while(|line| line.indent == line.text.len());
        let last = last + blank.enumerate().filter(|(_, line)| beyond(line)).map(|(at, _)| at + 1).last().unwrap_or_default();
        let given = header.contains(|c: char| c.is_ascii_digit());
        for line in self.all.get_mut(first + 1..=last).unwrap_or_default() {
            let base = base.unwrap_or_default();
            line.inner = Some(Inner::Block { base, column: column + STEP });
        }
        // `|+` keeps the blank lines after it.
        if header.contains('+') {
            let after = self.all.get_mut(last + 1..).unwrap_or_default().iter_mut();
            after.take_while(|line| line.text.trim_matches(' ').is_empty()).for_each(|line| line.inner = Some(Inner::Kept));
        }
        // `|2` says itself where its lines begin.
        (!given).then_some(())
    }

    /// Comments that have a line of their own.
    fn comments(&mut self) {
        if self.odd {
            return;
        }
        // For each line what is laid next below it; then, going down, the laid lines that are still open above.
        let mut below = None;
        let mut next: Vec<Option<(usize, usize)>> = Vec::with_capacity(self.all.len());
        for line in self.all.iter().rev() {
            next.push(below);
            below = line.column.map(|column| (line.indent, column)).or(below);
        }
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (line, next) in self.all.iter_mut().zip(next.into_iter().rev()) {
            let indent = line.indent;
            if let Some(column) = line.column {
                open.retain(|(old, _)| *old < indent);
                open.push((indent, column));
            } else if line.inner.is_none() && line.text.trim_start_matches(' ').starts_with('#') {
                let above = open.iter().rev().find(|(old, _)| *old <= indent);
                line.column = Some(match (next, above) {
                    (Some((old, new)), _) if old == indent => new,
                    // The last word of a file.
                    (None, _) if indent == 0 => 0,
                    (_, Some((old, new))) => new + (indent - old),
                    (next, None) => next.map_or(0, |(_, new)| new),
                });
            }
        }
    }

    fn written(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut blank = false;
        for line in &self.all {
            let rest = line.text.trim_start_matches(' ');
            if line.inner.is_none() && rest.trim().is_empty() {
                blank = !out.is_empty();
                continue;
            }
            if std::mem::take(&mut blank) {
                out.push('\n');
            }
            let column = match &line.inner {
                Some(Inner::Kept) => {
                    out.push('\n');
                    continue;
                }
                Some(Inner::Block { base, column }) => {
                    // Spaces beyond the block's own column belong to the text, even at the end of a line.
                    if let Some(more) = line.indent.checked_sub(*base).filter(|more| *more > 0 || !rest.is_empty()) {
                        out.push_str(&" ".repeat(column + more));
                        out.push_str(rest);
                    }
                    out.push('\n');
                    continue;
                }
                Some(Inner::Moved { .. }) if rest.is_empty() => 0,
                Some(Inner::Moved { .. }) if self.odd => line.indent,
                Some(Inner::Moved { with, least }) => {
                    let opener = self.all.get(*with).map_or((0, 0), |line| (line.indent, line.column.unwrap_or(line.indent)));
                    (line.indent + opener.1).saturating_sub(opener.0).max(*least)
                }
                None => line.column.unwrap_or(line.indent),
            };
            out.push_str(&" ".repeat(column));
            let mut at = line.start + line.indent;
            for gap in &line.gaps {
                out.push_str(self.text.get(at..gap.start).unwrap_or_default());
                out.push(' ');
                at = gap.end;
            }
            out.push_str(self.text.get(at..line.start + line.text.len()).unwrap_or_default().trim_end());
            out.push('\n');
        }
        out
    }
}
