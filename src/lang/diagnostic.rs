//! What is said to an author about a place in a text.
//!
//! A [`Diagnostic`] is data: rendering is in [`super::render`]. It knows places, not files or rules.

use super::near::near;
use super::source::Span;

/// How bad it is. Errors make a file unusable; warnings do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    /// The word as printed and as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A replacement that would mend the fault: put `replacement` where `span` is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Suggestion {
    pub span: Span,
    pub replacement: String,
    /// The sentence above the shown change, such as ``did you mean `tags`?``.
    pub title: String,
}

/// One fault: a stable code, a sentence in the author's words, the place, and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    pub code: &'static str,
    pub severity: Severity,
    /// Lower-case start, the author's text in backticks.
    pub message: String,
    pub primary: Span,
    /// What stands under the caret.
    pub label: Option<String>,
    pub secondary: Vec<(Span, String)>,
    pub help: Vec<String>,
    pub suggestion: Option<Suggestion>,
    /// Address of the YAML node, such as `rules[0].do[1].add_note`.
    pub route: Option<String>,
}

impl Diagnostic {
    /// A fault that makes the text unusable.
    pub fn error(code: &'static str, primary: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary,
            label: None,
            secondary: Vec::new(),
            help: Vec::new(),
            suggestion: None,
            route: None,
        }
    }

    /// Something doubtful that does not stop anything.
    pub fn warning(code: &'static str, primary: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, primary, message) }
    }

    /// Says something under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Points at another place that belongs to the fault.
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push((span, label.into()));
        self
    }

    /// Adds a line with the next step.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a line with the next step unless a replacement is offered already: a list of all names only hides the near one. To be
    /// called after [`Self::suggest_near`].
    pub fn or_help(self, help: impl Into<String>) -> Self {
        if self.suggestion.is_some() { self } else { self.help(help) }
    }

    /// Offers a replacement, shown as a change of the text under ``did you mean `…`?``.
    pub fn suggest(self, span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        let title = format!("did you mean `{replacement}`?");
        self.suggest_as(title, span, replacement)
    }

    /// Offers a replacement under a title of its own.
    pub fn suggest_as(mut self, title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into(), title: title.into() });
        self
    }

    /// Offers the known names that are near to what was written at `span`: one as a change, several as a help
    /// line, none when nothing is near.
    pub fn suggest_near<'a>(self, span: Span, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let names = near(written, known);
        match names.as_slice() {
            [] => self,
            [only] => self.suggest(span, only.clone()),
            [first, rest @ ..] => {
                let rest = rest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
                self.suggest_as(format!("did you mean `{first}`, or {rest}?"), span, first.clone())
            }
        }
    }

    /// Names the YAML node the fault is in.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }
}

/// All that was found, given out in file order and each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many were added, repeated ones included.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether any of them makes the texts unusable.
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// In file order, each once. Two are the same when code, place and message are.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.all.iter().collect();
        sorted.sort_by_key(|found| found.primary);
        let mut seen = std::collections::HashSet::new();
        sorted.retain(|found| seen.insert((found.code, found.primary, &found.message)));
        sorted
    }

    /// As added, unsorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.all.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { all: vec![diagnostic] }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Sources;
    use super::*;

    #[test]
    fn given_out_in_file_order_and_each_once() {
        let mut sources = Sources::new();
        let (first, second) = (sources.add_text("a", "abcdef"), sources.add_text("b", "abc"));
        let at = |id, start| Span::new(id, start..start + 1);
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error("x", at(second, 0), "three"));
        found.push(Diagnostic::error("x", at(first, 4), "two"));
        found.push(Diagnostic::warning("x", at(first, 1), "one"));
        found.push(Diagnostic::error("x", at(first, 4), "two"));
        let messages: Vec<_> = found.sorted().iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, ["one", "two", "three"]);
        assert!(found.has_errors());
    }

    #[test]
    fn near_names_become_a_suggestion() {
        let id = Sources::new().add_text("a", "tgas");
        let span = Span::new(id, 0..4);
        let found = Diagnostic::error("x", span, "m").suggest_near(span, "tgas", ["tags", "rules"]);
        assert_eq!(found.suggestion.expect("near").replacement, "tags");
        let found = Diagnostic::error("x", span, "m").suggest_near(span, "zzz", ["tags", "rules"]);
        assert_eq!(found.suggestion, None);
    }
}
