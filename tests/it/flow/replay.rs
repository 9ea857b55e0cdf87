//! What happened before meets the rules of today: shown first, done only when told, and never a second time.

use super::bed::{ADA, EMAIL, STAGE, TEST};
use super::process::Deployed;
use std::process::Output;

/// A rule that was not there when Ada was moved.
const TOLD: &str = r#"
  - name: tell of the test
    trigger: candidateStageChange
    when: { to_stage: { in: $trigger_stages } }
    do:
      - add_note: "An assessment belongs to this stage"
"#;

async fn replay(deployed: &Deployed, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = deployed.run("replay", &[&["demo"], arguments].concat()).await;
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!text.contains(EMAIL), "{text}");
    (status.code(), text)
}

fn notes(deployed: &Deployed, text: &str) -> usize {
    deployed.control().notes(ADA).unwrap().iter().filter(|note| note.contains(text)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_adds_what_the_rules_of_today_want_and_repeats_nothing() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    deployed.until("the tag", |control| control.tags(ADA).unwrap().contains(&format!("{TEST} - Invited"))).await;
    deployed.rest().await;
    let everything = ["--since", "2020-01-01T00:00:00Z"];

    // The same rules: everything has been done.
    let (code, shown) = replay(&deployed, &[&everything[..], &["--yes"]].concat()).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("that stays as it is") && shown.contains("0 of "), "{shown}");
    assert!(!shown.contains("handed over"), "{shown}");

    // A rule more, and beside the running leverd.
    let rules = deployed.config.with_file_name("rules").join("qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("{text}{TOLD}")).unwrap();
    deployed.kill();
    deployed.start(&[]).await;
    let (code, shown) = replay(&deployed, &[&everything[..], &["--trigger", "candidateStageChange", "--plan"]].concat()).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("would add_note") && !shown.contains("would invite"), "{shown}");
    assert!(shown.contains("1 of 1 event would lead to something more; nothing was done"), "{shown}");
    // Nobody is there to be asked.
    let (code, shown) = replay(&deployed, &everything).await;
    assert!(code == Some(2) && shown.contains("--yes"), "{shown}");
    assert_eq!(notes(&deployed, "belongs to this stage"), 0);
    let (code, shown) = replay(&deployed, &[&everything[..], &["--yes"]].concat()).await;
    assert!(code == Some(0) && shown.contains("1 event handed over"), "{shown}");
    deployed.until("the note", |control| control.notes(ADA).unwrap().iter().any(|note| note.contains("belongs"))).await;
    // The rule that invites finds nothing now and looks again in a minute.
    deployed.kill();
    deployed.later();
    deployed.start(&[]).await;
    deployed.rest().await;

    // Again, and with leverd stopped: nothing more.
    for stopped in [false, true] {
        if stopped {
            deployed.kill();
        }
        let (code, shown) = replay(&deployed, &[&everything[..], &["--yes"]].concat()).await;
        assert!(code == Some(0) && shown.contains("replayed with these rules before"), "{shown}");
    }
    assert_eq!((control.mails().len(), notes(&deployed, "belongs to this stage")), (1, 1));
}

// What no rule listened to left one row, unconfirmed: Lever is asked before it counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_rule_listened_to_is_confirmed_and_then_planned() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    let rules = deployed.config.with_file_name("rules").join("qualified/rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    let listens = "trigger: candidateStageChange\n    when: { to_stage: { in: $trigger_stages } }";
    let deaf =
        text.replacen(listens, "trigger: applicationCreated\n    when: { opportunity.stage: { in: $trigger_stages } }", 1);
    assert_ne!(text, deaf);
    std::fs::write(&rules, deaf).unwrap();
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    deployed.rest().await;
    assert!(control.mails().is_empty());
    std::fs::write(&rules, text).unwrap();
    deployed.kill();
    deployed.start(&[]).await;
    let ada = control.opportunity(ADA).unwrap()["id"].as_str().unwrap().to_owned();
    let (code, shown) = replay(&deployed, &["--opportunity", &ada, "--yes"]).await;
    assert!(code == Some(0) && shown.contains(&format!("would invite to `{TEST}`")), "{shown}");
    deployed.until("the tag", |control| control.tags(ADA).unwrap().contains(&format!("{TEST} - Invited"))).await;
    deployed.rest().await;
    let (_, shown) = replay(&deployed, &["--opportunity", &ada, "--yes"]).await;
    assert!(!shown.contains("handed over"), "{shown}");
    assert_eq!(control.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_replayed_is_said() {
    let mut deployed = Deployed::prepare().await;
    let (code, said) = replay(&deployed, &["--since", "2020-01-01T00:00:00Z"]).await;
    assert!(code == Some(2) && said.contains("leverd never ran here"), "{said}");
    deployed.start(&[]).await;
    deployed.control().move_stage(ADA, STAGE).unwrap();
    deployed.until("the invitation", |control| control.mails().len() == 1).await;
    deployed.rest().await;
    let (code, said) = replay(&deployed, &["0123"]).await;
    assert!(code == Some(2) && said.contains("no event of `demo` has an id that starts with `0123`"), "{said}");
    let (code, said) = replay(&deployed, &["--since", "2020-01-01T00:00:00Z", "--trigger", "candidateStagechange"]).await;
    assert!(code == Some(2) && said.contains("what has: ") && said.contains("candidateStageChange"), "{said}");
    let (code, said) = replay(&deployed, &["--since", "2020-01-01T00:00:00Z", "--rule", "invite on triger stage"]).await;
    assert!(code == Some(2) && said.contains("did you mean `invite on trigger stage`?"), "{said}");
}
