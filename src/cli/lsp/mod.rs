//! `leverd lsp`: what `validate` says, in the editor, while one types. Speaks the Language Server Protocol over standard input and
//! output.
//!
//! Messages are taken in order by one thread. A check begins when nothing more waits, so that only the last of many key strokes is
//! checked; `check` looks at the whole project with unsaved texts over the files, `text` counts as the protocol counts.

mod check;
mod text;

use super::exit::Exit;
use super::out::Out;
use crate::lang::diagnostic::{Diagnostic, Severity};
use crate::lang::explain;
use crate::lang::source::Sources;
use check::Checked;
use clap::Args;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use text::{path_of, range, uri_of};

/// How long a pause in typing begins a check.
const PAUSE: Duration = Duration::from_millis(120);
/// Whole texts are sent with each change.
const FULL: u8 = 1;

/// Run a language server on standard input and output: what `validate` says, while one types
///
/// Editors start it. It tells every fault of the project that a file belongs to, offers the changes that `validate` suggests, and
/// explains a code where the pointer rests.
#[derive(Debug, Args)]
pub(super) struct Lsp {
    /// Ignored: it is the only way to speak, and some editors say so
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    #[expect(clippy::unused_self, reason = "a command like the others")]
    pub(super) fn run(&self, _: &mut Out) -> anyhow::Result<Exit> {
        let (connection, threads) = Connection::stdio();
        let able = json!({
            "textDocumentSync": { "openClose": true, "change": FULL, "save": true },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "hoverProvider": true,
        });
        let (id, _) = connection.initialize_start()?;
        let answer = json!({ "capabilities": able, "serverInfo": { "name": "leverd", "version": env!("CARGO_PKG_VERSION") } });
        connection.initialize_finish(id, answer)?;
        let result = Server::default().serve(&connection);
        drop(connection);
        threads.join()?;
        result.map(|()| Exit::Fine)
    }
}

/// What is known between messages.
#[derive(Default)]
struct Server {
    /// Unsaved texts.
    open: BTreeMap<PathBuf, String>,
    /// What was told of each file last, as it was sent.
    told: BTreeMap<String, Vec<Value>>,
    dirty: bool,
}

impl Server {
    fn serve(&mut self, connection: &Connection) -> anyhow::Result<()> {
        loop {
            let message = if self.dirty {
                match connection.receiver.recv_timeout(PAUSE) {
                    Ok(message) => message,
                    Err(error) if error.is_timeout() => {
                        self.check(connection)?;
                        continue;
                    }
                    Err(_) => return Ok(()),
                }
            } else {
                match connection.receiver.recv() {
                    Ok(message) => message,
                    // The editor is gone.
                    Err(_) => return Ok(()),
                }
            };
            match message {
                Message::Request(request) => {
                    if connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    let answer = self.answer(request);
                    connection.sender.send(Message::Response(answer))?;
                }
                Message::Notification(notification) => self.hear(&notification),
                Message::Response(_) => {}
            }
        }
    }

    /// A change of what is open. What cannot be read changes nothing.
    fn hear(&mut self, told: &Notification) {
        let document = |pointer: &str| told.params.pointer(pointer).and_then(Value::as_str);
        let Some(path) = document("/textDocument/uri").and_then(path_of) else { return };
        match told.method.as_str() {
            "textDocument/didOpen" => {
                let Some(text) = document("/textDocument/text") else { return };
                self.open.insert(path, text.to_owned());
            }
            "textDocument/didChange" => {
                let changes = told.params.get("contentChanges").and_then(Value::as_array);
                let last = changes.and_then(|changes| changes.last()).and_then(|change| change.get("text"));
                let Some(text) = last.and_then(Value::as_str) else { return };
                self.open.insert(path, text.to_owned());
            }
            "textDocument/didClose" => drop(self.open.remove(&path)),
            "textDocument/didSave" => {}
            _ => return,
        }
        self.dirty = true;
    }

    fn answer(&mut self, request: Request) -> Response {
        match request.method.as_str() {
            "textDocument/codeAction" => Response::new_ok(request.id, self.actions(&request.params)),
            "textDocument/hover" => Response::new_ok(request.id, self.hover(&request.params)),
            other => {
                let text = format!("leverd's language server does not know `{other}`");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, text)
            }
        }
    }

    /// Checks every project that an open file belongs to, and tells what changed.
    fn check(&mut self, connection: &Connection) -> anyhow::Result<()> {
        self.dirty = false;
        let mut now: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for path in self.open.keys() {
            now.entry(uri_of(path)).or_default();
            for target in check::targets(path) {
                if !seen.insert(target.clone()) {
                    continue;
                }
                let Checked { sources, found } = check::check(&target, &self.open);
                for diagnostic in found.sorted() {
                    if let Some(uri) =
                        sources.get(diagnostic.primary.source).and_then(|source| text::uri_of_name(source.name()))
                    {
                        let told = now.entry(uri).or_default();
                        let one = self::told(&sources, diagnostic);
                        if !told.contains(&one) {
                            told.push(one);
                        }
                    }
                }
            }
        }
        // What has no fault any more is told so.
        for uri in self.told.keys() {
            now.entry(uri.clone()).or_default();
        }
        for (uri, diagnostics) in &now {
            if self.told.get(uri) != Some(diagnostics) {
                let params = json!({ "uri": uri, "diagnostics": diagnostics });
                let message = Notification { method: "textDocument/publishDiagnostics".to_owned(), params };
                connection.sender.send(Message::Notification(message))?;
            }
        }
        now.retain(|uri, told| !told.is_empty() || path_of(uri).is_some_and(|path| self.open.contains_key(&path)));
        self.told = now;
        Ok(())
    }

    /// What was told of a file and touches a range.
    fn at<'s>(&'s self, params: &'s Value, pointer: &str) -> impl Iterator<Item = &'s Value> {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
        let asked = params.pointer(pointer).cloned().unwrap_or_default();
        let told = self.told.get(uri).map(Vec::as_slice).unwrap_or_default();
        told.iter().filter(move |told| told.get("range").is_some_and(|range| text::touches(range, &asked)))
    }

    /// The changes that would mend what stands in the range.
    fn actions(&self, params: &Value) -> Value {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
        let actions = self.at(params, "/range").filter_map(|told| {
            let fix = told.get("data")?;
            Some(json!({
                "title": fix.get("title")?,
                "kind": "quickfix",
                "isPreferred": true,
                "diagnostics": [told],
                "edit": { "changes": { uri: [{ "range": fix.get("range")?, "newText": fix.get("text")? }] } },
            }))
        });
        actions.collect()
    }

    /// What a code means, where one is told of.
    fn hover(&self, params: &Value) -> Value {
        let told = self.at(params, "/position").next();
        let code = told.and_then(|told| told.get("code")).and_then(Value::as_str);
        let entry = code.and_then(|code| explain::entries().find(|entry| entry.0 == code));
        let Some((code, meaning, bad, good)) = entry else { return Value::Null };
        let example =
            |what: &str, yaml: &str| if yaml.is_empty() { String::new() } else { format!("\n\n{what}:\n\n```yaml\n{yaml}```") };
        let value = format!("**{code}**: {meaning}{}{}", example("Not so", bad), example("But so", good));
        json!({ "contents": { "kind": "markdown", "value": value }, "range": told.and_then(|told| told.get("range")) })
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
        let uri = text::uri_of_name(sources.get(span.source)?.name())?;
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
