//! From granit-parser's events to a tree. The only file, with [`super::syntax`], that knows granit-parser.
//!
//! What the language has no use for (anchors, tags, keys that are no text ...) is reported and passed over, so that
//! all faults of a file come out at once. A syntax error ends the reading, unless it is about one value on one line:
//! then that value is blanked and the file is read again.

use super::node::{Key, Kind, Node, Style};
use super::offsets::Offsets;
use super::syntax;
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::{Source, SourceId, Sources, Span};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag, options};
use std::borrow::Cow;
use std::ops::Range;

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;
/// How many values and keys one file may have.
pub const MAX_NODES: usize = 200_000;
/// How many faults of one file are told by the reader.
const MAX_FAULTS: usize = 100;
/// How many faulty values are blanked for another reading, and up to which size of file.
const MAX_READINGS: usize = 20;
const MAX_REREAD_BYTES: usize = 512 * 1024;

/// Reads one file. An empty file is a null node. Nothing comes back when the text is no YAML at all or breaks a
/// limit; other faults leave a tree in which what was wrong is [`Kind::Faulty`] or left out.
pub fn load(sources: &Sources, id: SourceId, diagnostics: &mut Diagnostics) -> Option<Node> {
    let source = sources.get(id)?;
    let mut text = Cow::Borrowed(source.text());
    let mut blanked: Vec<Range<usize>> = Vec::new();
    let mut local: Vec<Diagnostic> = Vec::new();
    for reading in 1.. {
        let mut builder = Builder::new(source, id, &text, &blanked);
        let ended = builder.run();
        let mut faults = std::mem::take(&mut builder.faults);
        let root = match ended {
            Ok(()) => Some(builder.root.take().unwrap_or_else(|| empty(id))),
            Err(End::Limit) => None,
            Err(End::Syntax(error)) => {
                let fault = syntax::fault(source, id, &error);
                let again = reading < MAX_READINGS && text.len() <= MAX_REREAD_BYTES;
                if let (Some(value), true) = (fault.value, again) {
                    local.push(fault.diagnostic);
                    let patch = "x".repeat(value.len());
                    drop(builder);
                    text.to_mut().replace_range(value.clone(), &patch);
                    blanked.push(value);
                    continue;
                }
                let told = (fault.diagnostic.code, fault.diagnostic.primary.start);
                faults.retain(|known| (known.code, known.primary.start) != told);
                faults.push(fault.diagnostic);
                None
            }
        };
        faults.extend(local);
        if faults.len() > MAX_FAULTS {
            faults.truncate(MAX_FAULTS);
            let message = "this file has more faults than are shown; mend these first";
            faults.push(Diagnostic::error("more-faults", Span::new(id, 0..0), message));
        }
        diagnostics.extend(faults);
        return root;
    }
    None
}

fn empty(id: SourceId) -> Node {
    let kind = Kind::Scalar { text: String::new(), style: Style::Plain };
    Node::new(Span::new(id, 0..0), kind)
}

enum End {
    Syntax(ScanError),
    Limit,
}

/// A list or map that is being read.
enum Frame {
    Seq {
        start: usize,
        style: StructureStyle,
        items: Vec<Node>,
    },
    Map {
        start: usize,
        style: StructureStyle,
        entries: Vec<(Key, Node)>,
        key: Pending,
        /// Whether it is no map at all but a text without quotes.
        faulty: bool,
    },
}

/// What a map waits for.
enum Pending {
    Key,
    Value(Key),
    /// The value of a key that was reported: read, then dropped.
    Dropped,
}

struct Builder<'a> {
    source: &'a Source,
    id: SourceId,
    text: &'a str,
    blanked: &'a [Range<usize>],
    stack: Vec<Frame>,
    root: Option<Node>,
    faults: Vec<Diagnostic>,
    nodes: usize,
    /// Where the last token ended: the end of block lists and maps.
    last: usize,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source, id: SourceId, text: &'a str, blanked: &'a [Range<usize>]) -> Self {
        Self { source, id, text, blanked, stack: Vec::new(), root: None, faults: Vec::new(), nodes: 0, last: 0 }
    }

    fn run(&mut self) -> Result<(), End> {
        let options = options! {
            strict_indentation: true,
            disallow_directives: true,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH + 1,
            block_nesting_limit: MAX_DEPTH + 1,
        };
        let mut documents = 0;
        for step in Parser::new_from_str_with_options(self.text, options) {
            let (event, place) = step.map_err(End::Syntax)?;
            let range = place.byte_range().unwrap_or_default();
            let tag_range = place.tag_span().and_then(|tag| tag.byte_range());
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        self.fault(
                            "many-documents",
                            range,
                            "a second document starts here",
                            "a file holds one document: put the rest into a file of its own",
                        );
                        return Ok(());
                    }
                }
                Event::Scalar(text, style, _, tag) => {
                    self.count(&range)?;
                    let known = self.check_tag(tag.as_deref(), tag_range, true);
                    let node = self.scalar(&text, style, range, tag.is_some(), known);
                    self.last = node.span.end as usize;
                    self.place(node);
                }
                Event::SequenceStart(style, _, tag) => {
                    self.count(&range)?;
                    self.check_tag(tag.as_deref(), tag_range, false);
                    self.refuse_key(&range);
                    let start = if style == StructureStyle::Block { self.first_dash(range.start) } else { range.start };
                    self.open(Frame::Seq { start, style, items: Vec::new() }, &range)?;
                }
                Event::MappingStart(style, _, tag) => {
                    self.count(&range)?;
                    self.check_tag(tag.as_deref(), tag_range, false);
                    self.refuse_key(&range);
                    let frame = Frame::Map { start: range.start, style, entries: Vec::new(), key: Pending::Key, faulty: false };
                    self.open(frame, &range)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(range),
                Event::Anchor(_, name) => {
                    let message = format!("the anchor `&{name}` is not part of the rule language");
                    self.fault(
                        "anchor",
                        range,
                        message,
                        "write the value where it is needed; `settings` hold what several rules share",
                    );
                }
                Event::Alias(_) | Event::UnresolvedAlias(_) => {
                    self.count(&range)?;
                    let name = self.text.get(range.clone()).unwrap_or_default();
                    let message = format!("the alias `{name}` is not part of the rule language");
                    self.fault(
                        "alias",
                        range.clone(),
                        message,
                        "write the value here; a text that starts with `*` must be quoted",
                    );
                    self.last = range.end;
                    self.place(Node::new(Span::new(self.id, range), Kind::Faulty));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn fault(&mut self, code: &'static str, range: Range<usize>, message: impl Into<String>, help: &str) {
        // One more than is told, so that the reader of the list knows that there are more.
        if self.faults.len() <= MAX_FAULTS {
            let span = Span::new(self.id, range);
            self.faults.push(Diagnostic::error(code, span, message).help(help));
        }
    }

    fn count(&mut self, range: &Range<usize>) -> Result<(), End> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("more than {MAX_NODES} keys and values in one file");
        self.fault("too-many-nodes", range.clone(), message, "split the file");
        Err(End::Limit)
    }

    fn open(&mut self, frame: Frame, range: &Range<usize>) -> Result<(), End> {
        self.stack.push(frame);
        self.last = range.end;
        if self.stack.len() <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("lists and maps are nested more than {MAX_DEPTH} deep");
        self.fault("too-deep", range.clone(), message, "no rule needs that: look for brackets that are not closed");
        Err(End::Limit)
    }

    /// Where a block list begins. One that is no deeper than its key is told from behind its first `-`.
    fn first_dash(&self, start: usize) -> usize {
        let before = self.text.get(..start).unwrap_or_default().trim_end();
        match self.text.get(start..) {
            Some(rest) if !rest.starts_with('-') && before.ends_with('-') => before.len() - 1,
            _ => start,
        }
    }

    /// A list or map in the place of a key.
    fn refuse_key(&mut self, range: &Range<usize>) {
        let Some(Frame::Map { start, key: Pending::Key, faulty, .. }) = self.stack.last_mut() else {
            return;
        };
        // `{{x}}` without quotes is a map in a map for YAML, and the one way this happens in practice.
        if self.text.get(*start..range.end) == Some("{{") {
            *faulty = true;
            let value = *start..range.end;
            let diagnostic = syntax::unquoted_template(self.source, self.id, value);
            self.faults.push(diagnostic);
        } else {
            self.fault("key-not-text", range.clone(), "a key must be a text, not a list or a map", "write `key: value`");
        }
    }

    /// Whether the value may be used.
    fn check_tag(&mut self, tag: Option<&Tag>, range: Option<Range<usize>>, scalar: bool) -> bool {
        let Some(tag) = tag else { return true };
        if scalar && tag.is_yaml_core_schema_tag("str") {
            return true;
        }
        let message = format!("the tag `{}` is not part of the rule language", tag.original());
        self.fault(
            "yaml-tag",
            range.unwrap_or(self.last..self.last),
            message,
            "remove it; a text that starts with `!` must be quoted",
        );
        false
    }

    fn scalar(&self, text: &str, style: ScalarStyle, range: Range<usize>, tagged: bool, known: bool) -> Node {
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let style = match style {
            // `!!str no` is a text as if it were quoted.
            ScalarStyle::Plain if tagged => Style::DoubleQuoted,
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let shown = range.start..range.start + raw.trim_end().len();
        let span = Span::new(self.id, shown);
        if !known || self.blanked.iter().any(|value| value.start <= range.start && range.start < value.end) {
            return Node::new(span, Kind::Faulty);
        }
        // The parser gives `~` where nothing stands.
        let text = if raw.is_empty() { "" } else { text };
        let aligned = if tagged { Style::Plain } else { style };
        Node {
            span,
            brackets: false,
            offsets: Offsets::align(text, raw, range.start, aligned),
            kind: Kind::Scalar { text: text.to_owned(), style },
        }
    }

    /// Puts a finished node where it belongs: the root, an item, a key or a value.
    fn place(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Seq { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match std::mem::replace(key, Pending::Key) {
                Pending::Value(name) => entries.push((name, node)),
                Pending::Dropped => {}
                Pending::Key => {
                    *key = Pending::Dropped;
                    self.name(node);
                }
            },
        }
    }

    /// Takes a node as the key of the innermost map, if it can be one.
    fn name(&mut self, node: Node) {
        let range = node.span.range();
        match node.kind {
            Kind::Scalar { text, style: Style::Plain } if text == "<<" => {
                self.fault(
                    "merge-key",
                    range,
                    "the merge key `<<` is not part of the rule language",
                    "write the entries out; `settings` hold what several rules share",
                );
            }
            Kind::Scalar { text, style: Style::Plain } if text.is_empty() => {
                self.fault("key-not-text", range, "a key is missing before this `:`", "write `key: value`");
            }
            Kind::Scalar { text, .. } => {
                if let Some(Frame::Map { key, .. }) = self.stack.last_mut() {
                    *key = Pending::Value(Key { text, span: node.span });
                }
            }
            // Reported where it was met.
            Kind::Seq(_) | Kind::Map(_) | Kind::Faulty => {}
        }
    }

    fn close(&mut self, range: Range<usize>) {
        // The end of a flow list is its bracket, that of a block list its last child.
        if !range.is_empty() {
            self.last = range.end;
        }
        let node = match self.stack.pop() {
            Some(Frame::Seq { start, style, items }) => {
                Node::group(self.until_last(start), Kind::Seq(items), style == StructureStyle::Flow)
            }
            Some(Frame::Map { start, faulty: true, .. }) => Node::new(self.until_last(start), Kind::Faulty),
            Some(Frame::Map { start, style, entries, .. }) => {
                let span = self.until_last(start);
                let entries = self.refuse_duplicates(entries);
                Node::group(span, Kind::Map(entries), style == StructureStyle::Flow)
            }
            None => return,
        };
        self.place(node);
    }

    fn until_last(&self, start: usize) -> Span {
        Span::new(self.id, start..self.last.max(start))
    }

    /// Keeps the first of equal keys and reports each further one with both places.
    fn refuse_duplicates(&mut self, mut entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        let mut order: Vec<(&str, usize)> = entries.iter().map(|(key, _)| key.text.as_str()).zip(0..).collect();
        order.sort_unstable();
        let mut repeated = vec![false; entries.len()];
        let mut faults = Vec::new();
        for group in order.chunk_by(|one, other| one.0 == other.0) {
            let Some(((name, first), rest)) = group.split_first() else {
                continue;
            };
            let Some((first, _)) = entries.get(*first) else {
                continue;
            };
            for (_, again) in rest {
                if let (Some(mark), Some((key, _))) = (repeated.get_mut(*again), entries.get(*again)) {
                    *mark = true;
                    faults.push(
                        Diagnostic::error("duplicate-key", key.span, format!("the key `{name}` stands twice in this map"))
                            .label("again here")
                            .also(first.span, "first here")
                            .help("remove one of them, or join their values"),
                    );
                }
            }
        }
        self.faults.extend(faults);
        let mut marks = repeated.into_iter();
        entries.retain(|_| !marks.next().unwrap_or_default());
        entries
    }
}
