//! The language server, spoken to over its protocol as an editor does, with the messages of rust-analyzer's library.

mod completion;
mod pointed;

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use url::Url;

const RULES: &str = "\
rules:
  # Straße 🙂
  - name: wélcome 🙂
    trigger: candidateStageChange
    do: [{ add_tga: Welcome }]
";

struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: i32,
}

impl Editor {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leverd"));
        let mut server = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (server.stdin.take().unwrap(), BufReader::new(server.stdout.take().unwrap()));
        let mut editor = Self { server, to, from, next: 0 };
        let able = editor.ask("initialize", json!({ "capabilities": {}, "processId": null, "rootUri": null }));
        assert_eq!(able["serverInfo"]["name"], "leverd");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: Message) {
        message.write(&mut self.to).unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(Message::Notification(Notification { method: method.into(), params }));
    }

    fn read(&mut self) -> Message {
        Message::read(&mut self.from).unwrap().expect("the server ended")
    }

    /// The answer, whatever else is said before it.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = RequestId::from(self.next);
        self.send(Message::Request(Request { id: id.clone(), method: method.into(), params }));
        loop {
            if let Message::Response(answer) = self.read()
                && answer.id == id
            {
                let answer = serde_json::to_value(&answer).unwrap();
                let error = || json!({ "error": answer["error"]["message"] });
                return answer.get("result").cloned().unwrap_or_else(error);
            }
        }
    }

    /// The next diagnostics of a file.
    fn told(&mut self, uri: &str) -> Vec<Value> {
        loop {
            if let Message::Notification(told) = self.read()
                && told.method == "textDocument/publishDiagnostics"
                && told.params["uri"] == uri
            {
                return told.params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 1, "text": text } }),
        );
    }

    fn change(&mut self, uri: &str, text: &str) {
        let params = json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": text }] });
        self.tell("textDocument/didChange", params);
    }

    /// What can stand at the caret `¦` of a text, which is put into the file.
    fn offered(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let (text, at) = caret(text);
        self.change(uri, &text);
        let answer = self.ask("textDocument/completion", json!({ "textDocument": { "uri": uri }, "position": at }));
        assert_eq!(answer["isIncomplete"], false, "{answer}");
        answer["items"].as_array().unwrap().clone()
    }

    /// What is asked of the place `¦` of a text, which is put into the file.
    fn asked(&mut self, method: &str, uri: &str, text: &str) -> Value {
        let (text, at) = caret(text);
        self.change(uri, &text);
        self.ask(method, json!({ "textDocument": { "uri": uri }, "position": at }))
    }

    /// Shut down as the protocol wants it; the process ends well.
    fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        self.to.flush().unwrap();
        assert!(self.server.wait().unwrap().success());
    }
}

/// A text without its `¦`, and where that stands.
fn caret(text: &str) -> (String, Value) {
    let (before, after) = text.split_once('¦').expect("a caret");
    let line = before.lines().count().max(1) - usize::from(!before.ends_with('\n') || before.is_empty());
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    (format!("{before}{after}"), json!({ "line": line, "character": column }))
}

/// A project: one pack with the vendor of the fixtures, in an account with a pulled catalogue.
fn project(rules: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("rules/mine");
    std::fs::create_dir_all(&pack).unwrap();
    std::fs::create_dir(folder.path().join("catalogue")).unwrap();
    std::fs::write(folder.path().join("leverd.yaml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("catalogue/acme.yaml"), CATALOGUE).unwrap();
    std::fs::write(pack.join("rules.yaml"), rules).unwrap();
    std::fs::write(pack.join("vendor.yaml"), include_str!("../check/rules/vendor.yaml")).unwrap();
    folder
}

const CONFIG: &str = "\
accounts:
  acme:
    lever: { api_key: { env: KEY }, perform_as: Robin }
    vendors: { example: { secrets: { api_key: { env: KEY } }, path_token: { env: TOKEN } } }
    packs:
      - path: ./rules/mine
        mode: shadow
store: { sqlite: leverd.db }
";

const CATALOGUE: &str = "\
account: acme
pulled_at: 2026-01-01T00:00:00Z
stages: [{ id: s1, name: New }, { id: s2, name: \"On-site: second\" }]
tags: [go, rust]
postings: [{ id: p1, title: Engineer, state: published }]
users: [{ id: u1, name: Robin }]
archive_reasons: [{ id: a1, name: Underqualified }]
form_templates: [{ id: f1, name: Result, fields: [{ id: q1, text: Score, type: text }, { id: q2, text: Report, type: text }] }]
tests: { example: [{ id: t1, title: Java }, { id: t2, title: Rust }] }
";

fn uri(path: &Path) -> String {
    Url::from_file_path(path.canonicalize().unwrap()).unwrap().into()
}

/// The text with a change of the protocol made in it, counting as the protocol counts.
fn changed(text: &str, range: &Value, new: &str) -> String {
    let offset = |at: &Value| {
        let line = usize::try_from(at["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let units = usize::try_from(at["character"].as_u64().unwrap()).unwrap();
        let mut seen = 0;
        let inside = text[start..].chars().take_while(|c| {
            seen += c.len_utf16();
            seen <= units
        });
        start + inside.map(char::len_utf8).sum::<usize>()
    };
    format!("{}{new}{}", &text[..offset(&range["start"])], &text[offset(&range["end"])..])
}

#[test]
fn faults_are_told_as_one_types_and_a_quick_fix_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    // On the disk it is fine; what counts is what stands in the editor.
    std::fs::write(&file, RULES.replace("add_tga", "add_tag")).unwrap();
    let uri = uri(&file);
    let mut editor = Editor::start();
    editor.open(&uri, RULES);
    let told = editor.told(&uri);
    assert_eq!(told.len(), 1, "{told:?}");
    let fault = &told[0];
    assert_eq!((&fault["code"], &fault["severity"]), (&"unknown-verb".into(), &1.into()));
    assert_eq!(fault["range"], json!({ "start": { "line": 4, "character": 11 }, "end": { "line": 4, "character": 18 } }));

    // The explanation where the pointer rests.
    let at = json!({ "textDocument": { "uri": uri }, "position": { "line": 4, "character": 13 } });
    let shown = editor.ask("textDocument/hover", at);
    assert!(shown["contents"]["value"].as_str().unwrap().contains("unknown-verb"), "{shown}");
    let nowhere = json!({ "textDocument": { "uri": uri }, "position": { "line": 1, "character": 5 } });
    assert_eq!(editor.ask("textDocument/hover", nowhere), Value::Null);

    // The quick fix, carried out as an editor does it.
    let params = json!({ "textDocument": { "uri": uri }, "range": fault["range"], "context": { "diagnostics": told } });
    let actions = editor.ask("textDocument/codeAction", params);
    let action = &actions[0];
    assert_eq!(action["title"], "did you mean `add_tag`?");
    let edit = &action["edit"]["changes"][&uri][0];
    let mended = changed(RULES, &edit["range"], edit["newText"].as_str().unwrap());
    assert_eq!(mended, RULES.replace("add_tga", "add_tag"));
    editor.change(&uri, &mended);
    assert_eq!(editor.told(&uri), [Value::Null; 0]);

    // A column behind letters of two units and of one.
    editor.change(
        &uri,
        &mended
            .replace("wélcome 🙂\n", "wélcome 🙂\n    wehn: { x: y }\n")
            .replace("  - name: wélcome 🙂", "  - { name: \"🙂é\", tirgger: x }\n  - name: wélcome 🙂"),
    );
    let told = editor.told(&uri);
    let misspelt = told.iter().find(|fault| fault["message"].as_str().unwrap().contains("tirgger")).unwrap();
    assert_eq!(misspelt["range"]["start"], json!({ "line": 2, "character": 19 }), "{misspelt}");
    editor.end();
}

#[test]
fn a_project_is_checked_as_a_whole_and_what_it_does_not_know_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules/mine");
    std::fs::create_dir_all(&rules).unwrap();
    let config = "accounts:\n  acme:\n    lever: { api_key: { env: KEY } }\n    packs: [{ path: ./rules/mine, mode: shadow }]\nstore: { sqlite: leverd.db }\n";
    std::fs::write(folder.path().join("leverd.yaml"), config).unwrap();
    std::fs::write(rules.join("rules.yaml"), RULES.replace("add_tga", "add_tag")).unwrap();
    let tests = "tests:\n  - name: a\n    steps:\n      - event: candidateStageChange\n        expect: [{ add_tga: x }]\n";
    std::fs::write(rules.join("tests.yaml"), "tests: []\n").unwrap();
    let (of_rules, of_tests) = (uri(&rules.join("rules.yaml")), uri(&rules.join("tests.yaml")));
    let mut editor = Editor::start();
    // A fault in the tests, told while only they are open and unsaved.
    editor.open(&of_tests, tests);
    let told = editor.told(&of_tests);
    assert!(told.iter().any(|fault| fault["range"]["start"]["line"] == 4), "{told:?}");
    // Closed without saving: the file counts again, and the fault is taken back.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": of_tests } }));
    editor.open(&of_rules, &RULES.replace("add_tga", "add_tag"));
    assert!(editor.told(&of_tests).is_empty());

    let refused = editor.ask("textDocument/rename", json!({}));
    assert_eq!(refused["error"], "leverd's language server does not know `textDocument/rename`");
    // What makes no sense changes nothing.
    editor.tell("textDocument/didChange", json!({ "textDocument": {}, "contentChanges": 7 }));
    editor.tell("textDocument/didOpen", json!({ "textDocument": { "uri": "untitled:1", "text": "rules: [" } }));
    let deep = "[".repeat(100_000);
    editor.change(&of_rules, &format!("rules: {deep}"));
    assert!(!editor.told(&of_rules).is_empty());
    editor.end();
}
