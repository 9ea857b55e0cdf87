//! What was found, as the protocol tells it: by file, and what changed since it was told last.

use super::board::Edition;
use super::text::{path_of, range, uri_of_name};
use crate::lang::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::lang::source::Sources;
use lsp_server::{Message, Notification};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The diagnostics of each file, by its URI.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(BTreeMap<String, Vec<Value>>);

impl Told {
    /// A file that is open, faults or none.
    pub(super) fn file(&mut self, uri: String) {
        self.0.entry(uri).or_default();
    }

    pub(super) fn add(&mut self, sources: &Sources, found: &Diagnostics) {
        for diagnostic in found.sorted() {
            let source = sources.get(diagnostic.primary.source);
            let Some(uri) = source.and_then(|source| uri_of_name(source.name())) else { continue };
            let all = self.0.entry(uri).or_default();
            let one = told(sources, diagnostic);
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }

    /// What is told of a file.
    pub(super) fn of(&self, uri: &str) -> &[Value] {
        self.0.get(uri).map(Vec::as_slice).unwrap_or_default()
    }

    /// The messages that turn what was told before into this. What has no fault any more is told so once.
    pub(super) fn since(&mut self, before: &Self, edition: &Edition) -> Vec<Message> {
        for uri in before.0.keys() {
            self.0.entry(uri.clone()).or_default();
        }
        let changed = self.0.iter().filter(|(uri, told)| before.0.get(*uri) != Some(*told));
        let messages = changed.map(|(uri, told)| {
            let params = json!({ "uri": uri, "diagnostics": told });
            Message::Notification(Notification { method: "textDocument/publishDiagnostics".to_owned(), params })
        });
        let messages = messages.collect();
        self.0.retain(|uri, told| !told.is_empty() || path_of(uri).is_some_and(|path| edition.open.contains_key(&path)));
        messages
    }
}

/// A diagnostic as the protocol has it.
fn told(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let mut message = diagnostic.message.clone();
    for line in diagnostic.label.iter().chain(&diagnostic.help) {
        message.push('\n');
        message.push_str(line);
    }
    let related = diagnostic.secondary.iter().filter_map(|(span, label)| {
        let uri = uri_of_name(sources.get(span.source)?.name())?;
        Some(json!({ "location": { "uri": uri, "range": range(sources, *span) }, "message": label }))
    });
    // Of another file than the fault's there is none.
    let fix = diagnostic.suggestion.as_ref().filter(|fix| fix.span.source == diagnostic.primary.source);
    json!({
        "range": range(sources, diagnostic.primary),
        "severity": if diagnostic.severity == Severity::Error { 1 } else { 2 },
        "code": diagnostic.code,
        "source": "leverd",
        "message": message,
        "relatedInformation": related.collect::<Vec<_>>(),
        "data": fix.map(|fix| json!({ "title": fix.title, "range": range(sources, fix.span), "text": fix.replacement })),
    })
}
