//! `leverd sim` as a process: what it prints is so, its script is played, ctrl-c ends it, and a faulty script starts nothing.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use leverd::lang::config;
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use serde_json::Value;

const SCRIPT: &str = "\
- { do: create_posting, title: Backend, tags: [Java] }
- { do: create_opportunity, name: Ada, email: ada@example.com, posting: Backend }
- { do: move_stage, opportunity: Ada, stage: Assessment }
";

/// Killed when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sim(folder: &tempfile::TempDir, script: &str) -> Command {
    std::fs::write(folder.path().join("script.yaml"), script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leverd"));
    command.current_dir(folder).args(["sim", "--listen", "127.0.0.1:0", "--vendor", "imocha", "--script", "script.yaml"]);
    command
}

fn output(folder: &tempfile::TempDir, script: &str) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = sim(folder, script).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn it_tells_how_to_reach_it_plays_its_script_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running(sim(&folder, SCRIPT).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.ends_with("3 commands of the script played.")) {
        told.push(lines.next().unwrap().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let named = |name: &str| {
        let line = told.iter().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.trim_start()[name.len()..].trim().to_owned()
    };
    let control = named("Lever's API").replace("/v1", "/_sim");
    let get = |url: String| -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer =
            runtime.block_on(async { client.get(url).basic_auth(named("API key"), Some("")).send().await?.json().await });
        answer.unwrap()
    };
    let world = get(format!("{control}/world"));
    assert_eq!(world.pointer("/lever/opportunities/0/stageText"), Some(&"Assessment".into()));
    assert_eq!(get(format!("{}/stages", named("Lever's API"))).pointer("/data/0/id"), Some(&"lead-new".into()));
    assert!(named("iMocha").ends_with("/vendors/imocha"));
    assert!(!told.iter().any(|line| line.contains("Qualified.io")), "only the vendor that was asked for");

    // What is to be written into leverd.yaml loads.
    let (from, to) = (told.iter().position(|line| line == "    lever:"), told.iter().position(|line| line == "Then play:"));
    let snippet = told[from.unwrap()..to.unwrap()].join("\n");
    let text = format!(
        "accounts:\n  sim:\n{}",
        snippet
            .replace("api_key: { env: LEVER_API_KEY }", "api_key: { env: LEVER_API_KEY }\n      webhooks: { unsigned: true }")
    );
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("leverd.yaml", text.as_str());
    assert!(
        config::read(&mut sources, id, &mut found).is_some() && found.is_empty(),
        "{}",
        render_human(&sources, &found, false)
    );

    Command::new("kill").args(["-INT", &running.0.id().to_string()]).status().unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_faulty_script_starts_nothing_and_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = output(&folder, "- { do: move_stagee, opportunity: Ada, stage: Offer }\n");
    assert_eq!(code, Some(1));
    for part in ["error[unknown-command]", "script.yaml:1:9", "did you mean `move_stage`?"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let (code, told) = output(&folder, "- { do: move_stage, opportunity: Ada, stag: Offer }\n");
    assert_eq!(code, Some(1));
    for part in ["error[bad-command]", "script.yaml:1:39", "did you mean `stage`?", "takes `opportunity`, `stage`"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    // What only shows when it is played names its line.
    let (code, told) = output(&folder, "\n- { do: move_stage, opportunity: Nobody, stage: Offer }\n");
    assert_eq!(code, Some(2));
    assert!(told.contains("script.yaml:2:3: no opportunity is called `Nobody`"), "{told}");
}

#[test]
fn it_listens_on_this_machine_only() {
    let told = Command::new(env!("CARGO_BIN_EXE_leverd")).args(["sim", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8(told.stderr).unwrap().contains("loopback only"));
}
