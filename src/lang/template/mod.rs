//! Texts with `{{…}}`: a subset of Handlebars that can be checked completely before it is ever rendered.
//!
//! The subset is parsed here with spans of our own ([`parse`]), typed against the names that a trigger
//! knows ([`check`]), and rendered by the handlebars crate ([`render`]) on values prepared so that what was checked is what
//! is printed. It knows no trigger: names come through [`Scope`], values through [`Lookup`].

mod ast;
mod check;
mod expr;
mod helper;
mod lex;
mod parse;
mod render;
mod spell;
mod ways;

pub use render::{Clean, RenderError};
pub use ways::Block;

use crate::lang::diagnostic::Diagnostics;
use crate::lang::source::Span;
use crate::lang::yaml::Node;
use crate::model::{Field, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The longest template, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;
/// The longest text a template may become, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 64 * 1024;
/// How deep blocks may be nested.
pub const MAX_BLOCKS: usize = 32;
/// How deep `{{#each}}` may be nested.
pub const MAX_LOOPS: usize = 2;

/// The names a template may use, with their types.
pub trait Scope {
    /// The field of a dotted name. A scope may know `opportunity.stage` alone: what follows (`.name`) is found by type.
    fn lookup(&self, path: &str) -> Option<Field>;
    /// All names, for "did you mean".
    fn names(&self) -> Vec<String>;
    /// Whether a band of this name exists, and whether its label may be absent.
    fn band(&self, name: &str) -> Option<bool>;
    /// The names of all bands.
    fn bands(&self) -> Vec<String>;
    /// Completes "nothing called `x` is known ...", such as ``when `assessment.submitted` fires``.
    fn situation(&self) -> String {
        "here".to_owned()
    }
}

/// The helpers, each with how it is written.
pub(crate) fn helpers() -> impl Iterator<Item = (&'static str, &'static str)> {
    helper::Helper::ALL.into_iter().map(|helper| (helper.name(), helper.usage()))
}

/// The values for one rendering.
pub trait Lookup {
    /// The value of a dotted name; nothing where it is absent. As with [`Scope::lookup`], the front part is enough.
    fn value(&self, path: &str) -> Option<Value>;
    /// The label of a band.
    fn band(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// A text with `{{…}}` whose form is right. Whether its names and types are right is told by [`Template::check`].
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

struct Inner {
    source: String,
    parts: Vec<ast::Part>,
    /// What must be prepared for rendering; the first is the root.
    frames: Vec<ast::Frame>,
    paths: Vec<String>,
    bands: Vec<String>,
    /// Nothing for a text without `{{`.
    compiled: Option<handlebars::Template>,
}

impl Template {
    /// Parses the text of a scalar; every fault gets its own caret within it.
    pub fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = node.as_text(diagnostics)?;
        Self::parse_text(text, &|range| node.inner_span(range), diagnostics)
    }

    /// Parses a text; `place` tells where a byte range of it stands.
    pub fn parse_text(text: &str, place: &dyn Fn(Range<usize>) -> Span, diagnostics: &mut Diagnostics) -> Option<Self> {
        let parsed = parse::parse(text, place, diagnostics)?;
        let (mut paths, mut bands) = (BTreeSet::new(), BTreeSet::new());
        if let Some(root) = parsed.frames.first() {
            for (role, name) in &root.uses {
                let names = if *role == ast::Role::Band { &mut bands } else { &mut paths };
                names.insert(name.clone());
            }
            paths.extend(root.lists.keys().cloned());
        }
        Some(Self {
            inner: Arc::new(Inner {
                source: text.to_owned(),
                parts: parsed.parts,
                frames: parsed.frames,
                paths: paths.into_iter().collect(),
                bands: bands.into_iter().collect(),
                compiled: parsed.compiled,
            }),
        })
    }

    /// A template that prints exactly this text, braces and all.
    pub fn literal(text: impl Into<String>) -> Self {
        let inner = Inner {
            source: text.into(),
            parts: Vec::new(),
            frames: Vec::new(),
            paths: Vec::new(),
            bands: Vec::new(),
            compiled: None,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Checks every name and type, and that nothing is printed that may be absent. Whether it is all right.
    pub fn check(&self, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> bool {
        check::check(&self.inner.parts, scope, diagnostics)
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// Each text that may come out, with names left standing as `{{name}}` and blocks taken each way; `None` where there are too many to
    /// look at.
    pub fn spelled(&self) -> Option<Vec<String>> {
        spell::spelled(&self.inner.source)
    }

    /// The text, if nothing in it depends on values.
    pub fn as_literal(&self) -> Option<&str> {
        self.inner.compiled.is_none().then_some(self.inner.source.as_str())
    }

    /// The dotted names it reads, sorted, each once.
    pub fn paths(&self) -> &[String] {
        &self.inner.paths
    }

    /// The bands it reads, sorted, each once.
    pub fn bands(&self) -> &[String] {
        &self.inner.bands
    }

    /// The text for these values.
    pub fn render(&self, values: &dyn Lookup) -> Result<String, RenderError> {
        self.render_for(values, Clean::Plain)
    }

    /// The text for these values, made harmless for where it goes.
    pub fn render_for(&self, values: &dyn Lookup, clean: Clean) -> Result<String, RenderError> {
        match &self.inner.compiled {
            None => Ok(self.inner.source.clone()),
            Some(compiled) => render::render(compiled, &self.inner.frames, values, clean),
        }
    }
}

/// Where the `{{…}}` of a text stand, faulty ones included.
pub(in crate::lang) fn tag_ranges(text: &str) -> Vec<Range<usize>> {
    let mut lexer = lex::Lexer::new(text);
    let mut ranges = Vec::new();
    loop {
        let before = lexer.position();
        let Some(start) = text.get(before..).and_then(|rest| rest.find("{{")) else { break };
        if lexer.next_tag().is_none() {
            break;
        }
        ranges.push(before + start..lexer.position());
    }
    ranges
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.inner.source).finish()
    }
}

/// Two templates are the same when their texts are.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.inner.source == other.inner.source
    }
}

impl Eq for Template {}

#[cfg(test)]
mod tests;
