//! “Why was Ada not invited?”, asked of the binary beside a running leverd.

use super::bed::{ADA, Bed, EMAIL, STAGE, Setting, TEST};
use std::process::{Command, Output};

const LEVERD: &str = env!("CARGO_BIN_EXE_leverd");
const BOB: &str = "Bob Example";

const LOCAL: &str = r#"
  - name: welcome the referred
    trigger: candidateStageChange
    when: { to_stage: { in: $trigger_stages }, opportunity.origin: referred }
    do:
      - add_note: "a referred candidate"
"#;

async fn why(bed: &Bed, id: &str, arguments: &[&str]) -> (Option<i32>, String) {
    told(bed, id, arguments, 0).await
}

/// Asked an hour later.
#[cfg(feature = "kill-points")]
async fn later(bed: &Bed, id: &str) -> (Option<i32>, String) {
    told(bed, id, &[], 3_600).await
}

async fn told(bed: &Bed, id: &str, arguments: &[&str], ahead: u32) -> (Option<i32>, String) {
    let mut command = Command::new(LEVERD);
    command
        .env("LEVERD_CLOCK_AHEAD", ahead.to_string())
        .arg("why")
        .arg(id)
        .arg("--config")
        .arg(&bed.world.config)
        .args(arguments);
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (told, said) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(said.is_empty() || status.code() == Some(2), "{said}");
    (status.code(), told + &said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_names_the_rule_the_condition_and_the_value() {
    let bed = Bed::with(Setting { rules: LOCAL, ..Setting::default() }).await;
    bed.candidate(BOB, Some("bob@example.com"), &["Junior Djago Developer"]);
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.rest().await;
    bed.advance(std::time::Duration::from_secs(11)).await;
    bed.advance(std::time::Duration::from_secs(50)).await;
    let id = bed.id(BOB);
    let (code, told) = why(&bed, id.as_str(), &[]).await;
    assert_eq!(code, Some(0), "{told}");
    let line =
        |with: &[&str]| assert!(told.lines().any(|line| with.iter().all(|part| line.contains(part))), "{with:?} in\n{told}");
    // The condition with the value it saw …
    line(&["`welcome the referred`", "`opportunity.origin`", "sourced", "referred"]);
    // … and what the loop looked for, among what, and what was nearest.
    line(&["`invite on trigger stage`", "nothing fits", "Junior Django Developer"]);

    // And what would have had them fire, with the place in the rules of then.
    let rules = bed.world.config.with_file_name("rules").join("qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    let place =
        |part: &str| format!("rules/qualified/rules.yaml:{}", text.lines().position(|line| line.contains(part)).unwrap() + 1);
    line(&[
        "for `welcome the referred` to fire: `opportunity.origin` would have to be",
        &place("opportunity.origin: referred"),
    ]);
    line(&[
        "for `invite on trigger stage` to fire: the nearest was",
        "Junior Django Developer",
        &place("test: { in: catalogue"),
    ]);
    // The files change; the answer is about the rules that were in force.
    std::fs::write(&rules, format!("# one line more\n{text}")).unwrap();
    let (_, later) = why(&bed, id.as_str(), &["--rule", "welcome"]).await;
    assert!(later.contains(&place("opportunity.origin: referred")), "{later}");
    std::fs::write(&rules, &text).unwrap();

    // One moment, by its time or by a run's id.
    let (code, early) = why(&bed, id.as_str(), &["--at", "2020-01-01T00:00:00Z"]).await;
    assert_eq!(code, Some(2), "{early}");
    assert!(early.contains("nothing had come of this opportunity by 2020-01-01 00:00:00 UTC"), "{early}");
    let (_, last) = why(&bed, id.as_str(), &["--at", "2100-01-01T00:00:00Z"]).await;
    assert_eq!(last.matches("  run ").count(), 1, "{last}");
    let run = last.split("  run ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let (_, same) = why(&bed, id.as_str(), &["--at", &run[..12]]).await;
    assert_eq!(same, last);
    let (_, wrong) = why(&bed, id.as_str(), &["--at", "yesterday"]).await;
    assert!(wrong.contains("write a time with its zone"), "{wrong}");

    // A person pastes the page's address.
    let (_, pasted) = why(&bed, &format!("https://hire.lever.co/candidates/{id}"), &["--rule", "welcome"]).await;
    assert!(pasted.contains("welcome the referred") && !pasted.contains("invite on trigger"), "{pasted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_names_the_stage_that_no_rule_waits_for() {
    let bed = Bed::start().await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    let (_, told) = why(&bed, bed.id(ADA).as_str(), &[]).await;
    assert!(
        told.contains("Recruiter screen") && told.contains("`invite on trigger stage`") && told.contains("to_stage"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_that_no_event_arrived_and_what_did() {
    let bed = Bed::start().await;
    bed.candidate(BOB, Some("bob@example.com"), &[TEST]);
    let (code, told) = why(&bed, bed.id(BOB).as_str(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("no event of opportunity") && told.contains("nothing was ever delivered"), "{told}");
    assert!(told.contains("Lever knows it and shows no move"), "{told}");

    // Lever knows of a move, and its webhooks are off.
    bed.control().switch_webhooks(&["candidateStageChange".to_owned()], false).unwrap();
    bed.control().move_stage(BOB, STAGE).unwrap();
    let (_, told) = why(&bed, bed.id(BOB).as_str(), &[]).await;
    assert!(told.contains("Lever shows a move to `Assessment` at") && told.contains("no webhook of it came"), "{told}");
    bed.control().switch_webhooks(&["candidateStageChange".to_owned()], true).unwrap();
    let (_, told) = why(&bed, "no-such-opportunity", &[]).await;
    assert!(told.contains("Lever does not show it") && told.contains("404"), "{told}");

    bed.enter().await;
    bed.post("/hooks/lever/demo/candidateStageChange", "no json").await;
    let (_, told) = why(&bed, bed.id(BOB).as_str(), &[]).await;
    assert!(told.contains("no event of opportunity") && told.contains("candidateStageChange came 1 times"), "{told}");
    assert!(told.contains("refused 1 times"), "{told}");
    assert!(!told.contains(EMAIL), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_judges_rules_that_were_passed_over_by_the_files_of_then() {
    let bed = Bed::with(Setting { rules: LOCAL, ..Setting::default() }).await;
    bed.control().move_stage(ADA, "Recruiter screen").unwrap();
    bed.rest().await;
    bed.enter().await;
    // Since then the rule wants something else; what was said of that event stays true.
    let rules = bed.world.config.with_file_name("rules").join("qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, text.replace("opportunity.origin: referred", "opportunity.origin: agency")).unwrap();
    let (_, told) = why(&bed, bed.id(ADA).as_str(), &["--rule", "welcome"]).await;
    assert!(told.contains("referred") && !told.contains("agency"), "{told}");
}

const SILENCE: &str = r#"
  - name: remind who is silent
    trigger: { after: 3d, of: assessment.invited }
    do:
      - add_note: "three days of silence"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_short_answer_comes_first_and_says_what_is_to_come_and_what_is_over() {
    let bed = Bed::with(Setting { rules: SILENCE, ..Setting::default() }).await;
    bed.enter().await;
    let id = bed.id(ADA);
    let (code, told) = why(&bed, id.as_str(), &[]).await;
    assert_eq!(code, Some(0), "{told}");
    let short = told.split("\n\n").next().unwrap();
    assert!(short.starts_with("2 events came, the last: assessment.invited at "), "{told}");
    assert!(short.contains("`invite on trigger stage` fired at ") && short.contains(": 1 done"), "{told}");
    assert!(short.contains("rule `remind who is silent` looks again at "), "{told}");
    let (_, one) = why(&bed, id.as_str(), &["--rule", "no such rule"]).await;
    assert!(one.contains("no rule whose name holds `no such rule` was asked about any of them"), "{one}");
    // Three days later it is over, and nothing says that it is to come.
    bed.advance(std::time::Duration::from_secs(3 * 86_400 + 60)).await;
    assert_eq!(bed.notes(ADA), ["three days of silence"]);
    let (_, told) = why(&bed, id.as_str(), &[]).await;
    assert!(!told.contains("looks again at"), "{told}");
    assert!(told.contains("was to look again at") && told.contains("which is over"), "{told}");
    assert!(told.contains("`remind who is silent` fired at "), "{told}");
}

#[cfg(feature = "kill-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_was_never_told_is_noticed_beside_what_was() {
    let bed = Bed::start().await;
    bed.enter().await;
    let id = bed.id(ADA);
    let (_, told) = why(&bed, id.as_str(), &[]).await;
    assert!(!told.contains("no webhook of it came"), "{told}");
    // Somebody switches the webhook off; the recruiter moves on.
    bed.control().switch_webhooks(&["candidateStageChange".to_owned()], false).unwrap();
    bed.advance(std::time::Duration::from_secs(60)).await;
    bed.control().move_stage(ADA, "On-site interview").unwrap();
    let (_, told) = why(&bed, id.as_str(), &[]).await;
    assert!(told.contains("Lever shows a move to `On-site interview` at") && told.contains("may take minutes"), "{told}");
    let (_, told) = later(&bed, id.as_str()).await;
    assert!(
        told.contains("Lever shows a move to `On-site interview` at") && told.contains("seems to have been switched off"),
        "{told}"
    );
    assert!(told.contains("under Settings > Integrations and API > Webhooks"), "{told}");
    // Another's move is told meanwhile: so it was this one that got lost.
    bed.control().switch_webhooks(&["candidateStageChange".to_owned()], true).unwrap();
    bed.candidate(BOB, Some("bob@example.com"), &[]);
    bed.advance(std::time::Duration::from_secs(60)).await;
    bed.control().move_stage(BOB, STAGE).unwrap();
    bed.rest().await;
    let (_, told) = later(&bed, id.as_str()).await;
    assert!(told.contains("though others came since: this one was lost on the way"), "{told}");
    let (_, silent) = why(&bed, id.as_str(), &["--offline"]).await;
    assert!(!silent.contains("Lever shows a move"), "{silent}");
}
