//! `leverd lsp`: what `validate` says, in the editor, while one types. Speaks the Language Server Protocol over standard input and
//! output.
//!
//! Messages are answered in order by one thread, which never waits for a check: `checker` is another one, `board` what both know.
//! `check` looks at the whole project with unsaved texts over the files, `told` says what it found; `desk` lays what lies around a
//! place, `asked` answers about it, `last` looks into the store; `text` counts as the protocol counts.

mod asked;
mod board;
mod check;
mod checker;
mod desk;
mod last;
mod text;
mod told;

use super::exit::Exit;
use super::out::Out;
use crate::lang::explain;
use asked::Place;
use board::Board;
use clap::Args;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;
use text::path_of;

/// Whole texts are sent with each change.
const FULL: u8 = 1;

/// Run a language server on standard input and output: what `validate` says, while one types
///
/// Editors start it. It tells every fault of the project that a file belongs to, offers the changes that `validate` suggests, offers
/// what can stand at the caret, explains what stands where the pointer rests, and leads to where a name is declared. Files and, for
/// what a name was in the last run, the store are only read.
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
            "completionProvider": { "triggerCharacters": ["$", "{", ".", " ", "\"", "'", "-", "["] },
            "definitionProvider": true,
        });
        let (id, _) = connection.initialize_start()?;
        let answer = json!({ "capabilities": able, "serverInfo": { "name": "leverd", "version": env!("CARGO_PKG_VERSION") } });
        connection.initialize_finish(id, answer)?;
        let board = Arc::new(Board::default());
        let (told, sender) = (Arc::clone(&board), connection.sender.clone());
        let checker = thread::spawn(move || checker::run(&told, &|message| sender.send(message).is_ok()));
        let result = Server { board: Arc::clone(&board) }.serve(&connection);
        board.end();
        // The threads of the connection end when nobody can speak any more.
        drop(checker.join());
        drop(connection);
        threads.join()?;
        result.map(|()| Exit::Fine)
    }
}

/// The thread that speaks.
struct Server {
    board: Arc<Board>,
}

impl Server {
    fn serve(&self, connection: &Connection) -> anyhow::Result<()> {
        while let Ok(message) = connection.receiver.recv() {
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
        // The editor is gone.
        Ok(())
    }

    /// A change of what is open. What cannot be read changes nothing.
    fn hear(&self, told: &Notification) {
        let text = |pointer: &str| told.params.pointer(pointer).and_then(Value::as_str);
        let path = text("/textDocument/uri").and_then(path_of);
        match (told.method.as_str(), path) {
            ("textDocument/didOpen", Some(path)) => {
                let Some(text) = text("/textDocument/text") else { return };
                self.board.edit(&path, Some(text.into()));
            }
            ("textDocument/didChange", Some(path)) => {
                let changes = told.params.get("contentChanges").and_then(Value::as_array);
                let last = changes.and_then(|changes| changes.last()).and_then(|change| change.get("text"));
                let Some(text) = last.and_then(Value::as_str) else { return };
                self.board.edit(&path, Some(text.into()));
            }
            ("textDocument/didClose", Some(path)) => self.board.edit(&path, None),
            ("textDocument/didSave", Some(_)) | ("workspace/didChangeWatchedFiles", _) => self.board.stir(),
            _ => {}
        }
    }

    fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            "textDocument/codeAction" => Response::new_ok(request.id, self.actions(&request.params)),
            "textDocument/hover" => Response::new_ok(request.id, self.hover(&request.params)),
            "textDocument/completion" => {
                let place = Place::of(&self.board, &request.params);
                Response::new_ok(request.id, place.map_or(Value::Null, |place| place.completion()))
            }
            "textDocument/definition" => {
                let place = Place::of(&self.board, &request.params);
                Response::new_ok(request.id, place.map_or(Value::Null, |place| place.definition()))
            }
            other => {
                let text = format!("leverd's language server does not know `{other}`");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, text)
            }
        }
    }

    /// What was told of a file and touches a range; nothing where the file was changed since.
    fn at(&self, params: &Value, pointer: &str) -> Vec<Value> {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
        let Some(path) = path_of(uri) else { return Vec::new() };
        let checked = self.board.checked();
        if checked.edition.open.get(&path) != self.board.text(&path).as_ref() {
            return Vec::new();
        }
        let asked = params.pointer(pointer).cloned().unwrap_or_default();
        let touched = |told: &&Value| told.get("range").is_some_and(|range| text::touches(range, &asked));
        checked.told.of(uri).iter().filter(touched).cloned().collect()
    }

    /// The changes that would mend what stands in the range.
    fn actions(&self, params: &Value) -> Value {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
        let actions = self.at(params, "/range").into_iter().filter_map(|told| {
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

    /// What stands at a place, and what a code means, where one is told of.
    fn hover(&self, params: &Value) -> Value {
        let fault = self.at(params, "/position").into_iter().next();
        let code = fault.as_ref().and_then(|told| told.get("code")).and_then(Value::as_str);
        let meant = Place::of(&self.board, params).and_then(|place| place.told());
        let (mut texts, mut range) = (Vec::new(), None);
        if let Some((told, place)) = meant {
            texts.push(told);
            range = Some(place);
        }
        if let Some((code, meaning, bad, good)) = code.and_then(|code| explain::entries().find(|entry| entry.0 == code)) {
            let example = |what: &str, yaml: &str| {
                if yaml.is_empty() { String::new() } else { format!("\n\n{what}:\n\n```yaml\n{yaml}```") }
            };
            texts.push(format!("**{code}**: {meaning}{}{}", example("Not so", bad), example("But so", good)));
            range = range.or_else(|| fault.as_ref().and_then(|told| told.get("range")).cloned());
        }
        if texts.is_empty() {
            return Value::Null;
        }
        json!({ "contents": { "kind": "markdown", "value": texts.join("\n\n---\n\n") }, "range": range })
    }
}
