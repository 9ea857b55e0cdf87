//! `leverd lsp`, the binary itself over its protocol, on 10 000 rules: what an editor waits for while someone types.

use super::measure::{folder, median};
use super::rules::file;
use super::validate::write;
use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use url::Url;

const RULES: usize = 10_000;
const ROUNDS: usize = 9;
/// What is typed at the end of the file.
const TYPED: &str = "  - name: typed\n    trigger: candidateStageChange\n    when: { to_st";

struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: i32,
    /// How often faults were told, and how often before the last edit.
    told: usize,
    before: usize,
}

pub(crate) fn run() {
    println!("lsp: {RULES} rules; a tenth of a second is what people notice");
    for files in [1, RULES] {
        let folder = folder();
        write(folder.path(), files);
        let path = folder.path().join("rules/bench/rules-00000.yaml");
        let text = file(0..RULES / files);
        let mut editor = Editor::start();
        let uri: String = Url::from_file_path(&path).unwrap().into();
        // Opened with a fault: of a file without any, nothing would be told.
        let opened = format!("fault: 1\n{text}");
        editor.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 1, "text": opened } }),
        );
        // Before anything was checked.
        let first = editor.offered(&uri, &opened, "");
        editor.checked();
        let (mut typing, mut hover, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Asked while the check of the letter before is under way. What is typed is no YAML yet, and is told by where it begins:
            // one line further down in each round, since what was told before is not told again.
            let text = format!("fault: 1\n{text}{}", "#\n".repeat(round));
            typing.push(editor.offered(&uri, &text, &TYPED[..TYPED.len() - round % 3]));
            hover.push(editor.hovered(&uri));
            let start = Instant::now();
            editor.checked();
            checks.push(start.elapsed().as_secs_f64());
        }
        line(files, "completion at a key stroke", median(typing));
        line(files, "hover", median(hover));
        line(files, "the very first answer", first);
        println!("  {files:>6} files   faults told {:>23.0} ms after a pause began", median(checks) * 1e3);
        editor.end();
    }
}

fn line(files: usize, what: &str, seconds: f64) {
    println!("  {files:>6} files   {what:<28} {:>5.2} x of a tenth of a second   {:>5.0} ms", seconds / 0.1, seconds * 1e3);
}

impl Editor {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leverd"));
        let mut server = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (server.stdin.take().unwrap(), BufReader::new(server.stdout.take().unwrap()));
        let mut editor = Self { server, to, from, next: 0, told: 0, before: 0 };
        editor.ask("initialize", json!({ "capabilities": {} }));
        editor.tell("initialized", json!({}));
        editor
    }

    fn tell(&mut self, method: &str, params: Value) {
        Message::Notification(Notification { method: method.to_owned(), params }).write(&mut self.to).unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = RequestId::from(self.next);
        Message::Request(Request { id: id.clone(), method: method.to_owned(), params }).write(&mut self.to).unwrap();
        loop {
            if let Message::Response(answer) = self.read()
                && answer.id == id
            {
                return serde_json::to_value(&answer).unwrap()["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Message {
        let message = Message::read(&mut self.from).unwrap().expect("the server ended");
        self.told +=
            usize::from(matches!(&message, Message::Notification(told) if told.method.ends_with("publishDiagnostics")));
        message
    }

    /// Seconds from typing something at the end of a text to what is offered there.
    fn offered(&mut self, uri: &str, text: &str, typed: &str) -> f64 {
        let whole = format!("{text}{typed}");
        let position = json!({ "line": whole.matches('\n').count(), "character": typed.rsplit('\n').next().unwrap().len() });
        self.before = self.told;
        let start = Instant::now();
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": whole }] }),
        );
        let answer = self.ask("textDocument/completion", json!({ "textDocument": { "uri": uri }, "position": position }));
        let took = start.elapsed().as_secs_f64();
        assert!(typed.is_empty() || answer.to_string().contains("\"to_stage\""), "{answer}");
        took
    }

    fn hovered(&mut self, uri: &str) -> f64 {
        let start = Instant::now();
        let position = json!({ "line": 3, "character": 18 });
        let answer = self.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": position }));
        assert!(answer.to_string().contains("another stage"), "{answer}");
        start.elapsed().as_secs_f64()
    }

    /// Waits for the faults of the last edit.
    fn checked(&mut self) {
        while self.told == self.before {
            self.read();
        }
    }

    fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.server.wait().unwrap();
    }
}
