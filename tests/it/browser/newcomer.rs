//! A newcomer starts `leverd demo --serve`, opens the page, and finds everything out by clicking and typing.

use super::driver::{Browser, Process};
use super::sound::{look, was_quiet};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// `leverd demo --serve`, and what it told on the terminal.
struct Demo {
    _process: Process,
    folder: tempfile::TempDir,
    link: String,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_leverd"))
            .args(["demo", "--serve", "--folder"])
            .arg(folder.path().join("project"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(process.stdout.take().unwrap());
        let process = Process(process);
        let mut lines = told.lines().map_while(Result::ok);
        let link = lines.find_map(|line| Some(line.split("The console, for you alone: ").nth(1)?.trim().to_owned()));
        // The rest is read on, or the demo would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { _process: process, folder, link: link.expect("the demo prints a link") }
    }

    fn rules(&self) -> PathBuf {
        self.folder.path().join("project/rules/qualified/rules.yaml")
    }

    fn address(&self) -> &str {
        self.link.split("/console").next().unwrap()
    }
}

#[tokio::test]
async fn a_newcomer_follows_a_candidate_asks_why_not_breaks_and_mends_a_rule_and_retries() {
    let demo = Demo::start();
    let browser = Browser::start().await;
    let mut faults = Vec::new();
    browser.open(&demo.link).await;
    browser.sees(&["Now", "demo", "waits for you", "1 thing wait"]).await;
    look(&browser, "now", &mut faults).await;

    // A candidate, from the application to the result.
    browser.press("Candidates").await;
    look(&browser, "candidates", &mut faults).await;
    browser.type_in("Name, e-mail", "ada@example.com").await;
    browser.press("Find").await;
    browser.press("Ada").await;
    browser.sees(&["What happened", "candidateStageChange", "assessment.invited", "assessment.scored", "87.5"]).await;
    look(&browser, "candidate", &mut faults).await;

    // Another was not invited. Why?
    browser.press("Candidates").await;
    browser.type_in("Name, e-mail", "bob@example.com").await;
    browser.press("Find").await;
    browser.click("//main//ul[@class='list']//a").await;
    browser.sees(&["Why not?", "Junior Djago Developer"]).await;
    look(&browser, "why-not", &mut faults).await;
    browser.press("candidateStageChange").await;
    browser.sees(&["did not fire"]).await;
    look(&browser, "run", &mut faults).await;

    // A rule file is broken: the last good rules stay, and the fault is shown at its line, without a reload.
    browser.press("Now").await;
    browser.sees(&["in force"]).await;
    let good = std::fs::read_to_string(demo.rules()).unwrap();
    let broken = good.replacen("trigger:", "tigger:", 1);
    let line = broken.lines().position(|line| line.contains("tigger:")).unwrap() + 1;
    std::fs::write(demo.rules(), broken).unwrap();
    let at = format!("rules.yaml:{line}:");
    browser.sees(&["new rules not taken", "The last good ones stay in force", "tigger", &at]).await;
    look(&browser, "broken-rules", &mut faults).await;
    std::fs::write(demo.rules(), good).unwrap();
    browser.until("the mended rules", |text| !text.contains("new rules not taken") && text.contains("in force")).await;

    // What the vendor refused is tried again, and succeeds.
    browser.press("Parked").await;
    browser.sees(&["1 thing", "422"]).await;
    look(&browser, "parked", &mut faults).await;
    browser.click("//main//input[@name='work']").await;
    browser.press("Retry…").await;
    browser.sees(&["Try this again?"]).await;
    look(&browser, "retry", &mut faults).await;
    browser.press("Retry 1 thing").await;
    browser.sees(&["Nothing waits for a person"]).await;
    browser.press("Candidates").await;
    browser.type_in("Name, e-mail", "cleo@example.com").await;
    browser.press("Find").await;
    browser.click("//main//ul[@class='list']//a").await;
    browser.sees(&["assessment.invited"]).await;

    for (page, seen) in
        [("Runs", "looked at"), ("Rules", "In words"), ("Try", "Edit a rule"), ("Connect", "demo"), ("Record", "retr")]
    {
        browser.press(page).await;
        browser.sees(&[page, seen]).await;
        look(&browser, &page.to_lowercase(), &mut faults).await;
    }
    was_quiet(&browser, demo.address()).await;
    browser.press("Log out").await;
    browser.sees(&["Log in to leverd"]).await;
    look(&browser, "login", &mut faults).await;
    browser.end().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
