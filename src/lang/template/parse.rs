//! From text to parts, with a caret for everything that is not part of the subset.
//!
//! While reading, each name is noted with what it is read for, and its place in the text is exchanged for the key under
//! which the prepared value will stand. What handlebars compiles is therefore the author's own template, only with
//! names that cannot mean anything else.

use super::ast::{Frame, Name, Part, PathUse, Role, list_key};
use super::lex::{Lexer, Tag, Token, TokenKind};
use super::{MAX_BLOCKS, MAX_LOOPS, MAX_TEMPLATE_BYTES};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::source::Span;
use std::ops::Range;

/// Code of "this is not how it is written".
pub(super) const SYNTAX: &str = "template-syntax";
/// Code of "Handlebars has this, the rule language does not".
pub(super) const REFUSED: &str = "template-refused";

pub(super) struct Parsed {
    pub(super) parts: Vec<Part>,
    pub(super) frames: Vec<Frame>,
    pub(super) compiled: Option<handlebars::Template>,
}

/// Parses, reporting every fault; nothing comes back if there was one.
pub(super) fn parse(text: &str, place: &dyn Fn(Range<usize>) -> Span, diagnostics: &mut Diagnostics) -> Option<Parsed> {
    if text.len() > MAX_TEMPLATE_BYTES {
        let message = format!("this text has {} bytes; at most {MAX_TEMPLATE_BYTES} are allowed", text.len());
        diagnostics.push(Diagnostic::error(SYNTAX, place(0..0), message).help("write less"));
        return None;
    }
    let mut parser = Parser {
        place,
        faults: Vec::new(),
        edits: Vec::new(),
        frames: vec![Frame::default()],
        loops: vec![0],
        open: Vec::new(),
        parts: Vec::new(),
    };
    let mut lexer = Lexer::new(text);
    let mut tags = 0;
    while let Some(tag) = lexer.next_tag() {
        tags += 1;
        match tag {
            Ok(tag) => parser.tag(&tag),
            Err(fault) => parser.refuse(fault.code, fault.range, fault.message, fault.help),
        }
        if parser.open.len() > MAX_BLOCKS {
            let span = parser.open.last().map_or_else(|| place(0..0), |open| open.span);
            let message = format!("blocks are nested more than {MAX_BLOCKS} deep");
            parser.faults.push(Diagnostic::error(SYNTAX, span, message).help("split the text"));
            break;
        }
    }
    for open in std::mem::take(&mut parser.open).into_iter().filter(|open| !open.chained) {
        if parser.faults.iter().any(|fault| fault.message.starts_with("blocks are nested")) {
            break;
        }
        let (name, span) = (open.kind.name(), open.span);
        parser.faults.push(
            Diagnostic::error(SYNTAX, span, format!("this `{{{{#{name}}}}}` is never closed"))
                .help(format!("add `{{{{/{name}}}}}`")),
        );
    }
    if !parser.faults.is_empty() {
        diagnostics.extend(parser.faults);
        return None;
    }
    let compiled = if tags == 0 {
        None
    } else {
        match handlebars::Template::compile(&edited(text, parser.edits)) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                let message = format!("Handlebars refuses this text: {}", error.reason());
                diagnostics.push(Diagnostic::error(SYNTAX, place(0..text.len()), message));
                return None;
            }
        }
    };
    Some(Parsed { parts: parser.parts, frames: parser.frames, compiled })
}

fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + edits.len() * 4);
    let mut at = 0;
    for (range, replacement) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&replacement);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

enum Kind {
    If { negated: bool, path: Option<PathUse> },
    Each { path: Option<PathUse> },
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::If { negated: false, .. } => "if",
            Self::If { negated: true, .. } => "unless",
            Self::Each { .. } => "each",
        }
    }
}

/// A block that is not closed yet.
struct Open {
    kind: Kind,
    span: Span,
    /// The parts before this block, of the block around it.
    before: Vec<Part>,
    /// The parts before `{{else}}`, once it was met.
    then: Option<Vec<Part>>,
    /// Made by `{{else if}}`: closed together with the block around it.
    chained: bool,
}

pub(super) struct Parser<'a> {
    pub(super) place: &'a dyn Fn(Range<usize>) -> Span,
    pub(super) faults: Vec<Diagnostic>,
    pub(super) edits: Vec<(Range<usize>, String)>,
    pub(super) frames: Vec<Frame>,
    /// The frames of the loops around, the root first.
    pub(super) loops: Vec<usize>,
    open: Vec<Open>,
    /// The parts of the innermost block so far.
    parts: Vec<Part>,
}

impl Parser<'_> {
    pub(super) fn refuse(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = (self.place)(range);
        self.faults.push(Diagnostic::error(code, span, message).help(help));
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        let Some((first, rest)) = tag.tokens.split_first() else {
            if !tag.comment {
                self.refuse(
                    SYNTAX,
                    tag.range.clone(),
                    "nothing stands between these braces",
                    "write a name, such as `{{candidate.name}}`",
                );
            }
            return;
        };
        match (&first.kind, first.text) {
            (TokenKind::Open, name) => self.open_block(name, first, rest, tag),
            (TokenKind::Close, name) => self.close_block(name, tag),
            (TokenKind::Word, "else") => self.otherwise(rest, tag),
            _ => {
                if let Some(expr) = self.expr(&tag.tokens, tag.range.clone()) {
                    self.parts.push(Part::Print(expr));
                }
            }
        }
    }

    fn open_block(&mut self, name: &str, first: &Token<'_>, rest: &[Token<'_>], tag: &Tag<'_>) {
        let kind = match name {
            "if" | "unless" => {
                let path = self.only_path(name, rest, tag, Role::Test);
                Kind::If { negated: name == "unless", path }
            }
            "each" => {
                let path = self.loop_path(rest, tag);
                if self.loops.len() > MAX_LOOPS {
                    let message = format!("loops are nested more than {MAX_LOOPS} deep");
                    self.refuse(REFUSED, tag.range.clone(), message, "use `{{join LIST}}` for the inner list");
                }
                self.enter_loop(path.as_ref());
                Kind::Each { path }
            }
            _ => {
                let message = format!("there is no block `{{{{#{name}}}}}`");
                if name == "else" {
                    let span = (self.place)(first.range.clone());
                    let fault = Diagnostic::error(SYNTAX, span, "`else` is written without `#`");
                    self.faults.push(fault.suggest_as("write `{{else}}`", span, "else"));
                    return;
                }
                self.refuse(REFUSED, first.range.clone(), message, "known blocks are `{{#if}}`, `{{#unless}}` and `{{#each}}`");
                // Taken as some block, so that its `{{/...}}` is no second fault.
                Kind::If { negated: false, path: None }
            }
        };
        let before = std::mem::take(&mut self.parts);
        let span = (self.place)(tag.range.clone());
        self.open.push(Open { kind, span, before, then: None, chained: false });
    }

    fn enter_loop(&mut self, path: Option<&PathUse>) {
        let outer = path.map_or(0, |path| self.frame_of(path.up));
        let inner = self.frames.len();
        let name = path.map(|path| path.name.as_str().to_owned()).unwrap_or_default();
        let known = self.frames.get_mut(outer).map(|frame| *frame.lists.entry(name).or_insert(inner));
        if known.is_none_or(|known| known == inner) {
            self.frames.push(Frame::default());
        }
        self.loops.push(known.unwrap_or(inner));
    }

    /// The frame that a name with this many `../` belongs to.
    pub(super) fn frame_of(&self, up: usize) -> usize {
        let depth = self.loops.len().saturating_sub(up + 1);
        self.loops.get(depth).copied().unwrap_or(0)
    }

    fn otherwise(&mut self, rest: &[Token<'_>], tag: &Tag<'_>) {
        let Some(open) = self.open.last_mut() else {
            self.refuse(
                SYNTAX,
                tag.range.clone(),
                "`{{else}}` stands outside of a block",
                "remove it, or open a block with `{{#if NAME}}`",
            );
            return;
        };
        if open.then.is_some() {
            self.refuse(
                SYNTAX,
                tag.range.clone(),
                "a second `{{else}}` in one block",
                "remove it, or write `{{else if NAME}}` before the `{{else}}`",
            );
            return;
        }
        open.then = Some(std::mem::take(&mut self.parts));
        let of_loop = matches!(open.kind, Kind::Each { .. });
        if of_loop {
            self.loops.pop();
        }
        let Some((word, rest)) = rest.split_first() else { return };
        if !matches!(word.text, "if" | "unless") || word.kind != TokenKind::Word {
            self.refuse(
                REFUSED,
                word.range.clone(),
                "after `else` only `if` and `unless` may follow",
                "write `{{else}}`, `{{else if NAME}}` or `{{else unless NAME}}`",
            );
            return;
        }
        let path = self.only_path(word.text, rest, tag, Role::Test);
        let kind = Kind::If { negated: word.text == "unless", path };
        let span = (self.place)(tag.range.clone());
        self.open.push(Open { kind, span, before: Vec::new(), then: None, chained: true });
    }

    fn close_block(&mut self, name: &str, tag: &Tag<'_>) {
        while self.open.last().is_some_and(|open| open.chained) {
            self.close_one();
        }
        let Some(open) = self.open.last() else {
            self.refuse(SYNTAX, tag.range.clone(), format!("`{{{{/{name}}}}}` closes nothing"), "remove it");
            return;
        };
        let wanted = open.kind.name();
        if wanted != name && matches!(name, "if" | "unless" | "each") {
            let fault = Diagnostic::error(
                SYNTAX,
                (self.place)(tag.range.clone()),
                format!("`{{{{/{name}}}}}` cannot close `{{{{#{wanted}}}}}`"),
            )
            .also(open.span, "opened here")
            .help(format!("write `{{{{/{wanted}}}}}`"));
            self.faults.push(fault);
        }
        self.close_one();
    }

    fn close_one(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let parts = std::mem::replace(&mut self.parts, open.before);
        let in_else = open.then.is_some();
        let (then, otherwise) = match open.then {
            Some(then) => (then, parts),
            None => (parts, Vec::new()),
        };
        let part = match open.kind {
            Kind::If { negated, path } => path.map(|path| Part::If { negated, path, then, otherwise }),
            Kind::Each { path } => {
                if !in_else {
                    self.loops.pop();
                }
                path.map(|path| Part::Each { path, body: then, otherwise })
            }
        };
        self.parts.extend(part);
    }

    /// The one name that `{{#if NAME}}` asks.
    fn only_path(&mut self, block: &str, rest: &[Token<'_>], tag: &Tag<'_>, role: Role) -> Option<PathUse> {
        let one = self.one_token(block, rest, tag)?;
        self.path(one, Some(role))
    }

    fn loop_path(&mut self, rest: &[Token<'_>], tag: &Tag<'_>) -> Option<PathUse> {
        let one = self.one_token("each", rest, tag)?;
        let path = self.path(one, None)?;
        if matches!(path.name, Name::Index | Name::First | Name::Last) {
            self.refuse(SYNTAX, one.range.clone(), format!("`{}` is no list", one.text), "name a list");
            return None;
        }
        let key = list_key(path.name.as_str());
        self.edits.push((one.range.clone(), format!("{}[{key}]", "../".repeat(path.up))));
        Some(path)
    }

    fn one_token<'t, 'b>(&mut self, block: &str, rest: &'b [Token<'t>], tag: &Tag<'_>) -> Option<&'b Token<'t>> {
        match rest {
            [one] if one.kind == TokenKind::Word => Some(one),
            [] => {
                self.refuse(
                    SYNTAX,
                    tag.range.clone(),
                    format!("`{{{{#{block}}}}}` needs a name"),
                    format!("write `{{{{#{block} NAME}}}}`"),
                );
                None
            }
            [_, word, ..] if word.text == "as" => {
                self.refuse(
                    REFUSED,
                    word.range.clone(),
                    "`as |name|` is not part of the rule language",
                    "the item is `this`, its fields are named directly",
                );
                None
            }
            [first, rest @ ..] => {
                let odd = rest.first().unwrap_or(first);
                let help = "comparisons belong into `when` and `require`, words for ranges into `bands`";
                self.refuse(REFUSED, odd.range.clone(), format!("`{{{{#{block}}}}}` takes one name and nothing else"), help);
                None
            }
        }
    }
}
