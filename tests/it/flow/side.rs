//! A person mends the cause and says so, beside the running leverd.

use super::bed::{ADA, Bed, STAGE};
use super::process::Deployed;
use leverd::sim::{Misbehaviour, RouteFault};
use leverd::store::{Options, Store};
use std::time::Duration;

/// The vendor refuses one invitation.
fn refused() -> RouteFault {
    RouteFault {
        method: Some("POST".to_owned()),
        path: "/api/v1/assessment_invitations/invite_candidates".to_owned(),
        times: Some(1),
        after: 0,
        then: Misbehaviour::Answer { status: 422, applied: false, retry_after: None },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_work_is_retried_and_skipped_beside_a_running_leverd() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    control.add_route_fault(refused());
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    let id = parked(&deployed).await;

    let retried = deployed.run("retry", &[&id]).await;
    assert!(retried.status.success(), "{retried:?}");
    deployed.until("the invitation", |control| control.mails().len() == 1).await;

    // What is settled cannot be skipped any more, and the message says so.
    deployed.until("rest", |control| control.tags(ADA).unwrap().iter().any(|tag| tag.ends_with("- Invited"))).await;
    let late = deployed.run("skip", &[&id]).await;
    assert_eq!(late.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&late.stderr).contains("nothing unfinished"), "{late:?}");
    let store = Store::open(Options::path(deployed.config.with_file_name("leverd.db")).read_only()).await.unwrap();
    let deeds = store.deeds(9).await.unwrap();
    let told: Vec<_> = deeds.iter().map(|deed| (deed.how.as_str(), deed.what.as_str(), deed.about.clone())).collect();
    assert_eq!(told, [("terminal", "retry", format!("effect {id}"))]);
    assert!(!deeds[0].who.is_empty());
    store.close().await;
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_parked_of_a_rule_is_retried_at_once() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    control.add_route_fault(refused());
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    parked(&deployed).await;
    let told = |output: std::process::Output| {
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, said) = told(deployed.run("retry", &["--rule", "mark invited"]).await);
    assert!(code == Some(2) && said.contains("there is parked work of `invite on trigger stage`"), "{said}");
    let (code, said) = told(deployed.run("retry", &[]).await);
    assert!(code == Some(2) && said.contains("--rule"), "{said}");
    let (code, said) = told(deployed.run("retry", &["--rule", "invite on trigger stage", "--account", "demo"]).await);
    assert!(code == Some(0) && said.contains("of demo is due now"), "{said}");
    deployed.until("the invitation", |control| control.mails().len() == 1).await;
    deployed.rest().await;
    let (code, said) = told(deployed.run("retry", &["--all"]).await);
    assert!(code == Some(2) && said.contains("nothing waits for a person"), "{said}");
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_leverd_runs_the_command_does_it_itself_and_records_it() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    control.add_route_fault(refused());
    deployed.start(&[]).await;
    control.move_stage(ADA, STAGE).unwrap();
    let id = parked(&deployed).await;
    deployed.kill();
    let skipped = deployed.run("skip", &[&id, "--reason", "the posting was closed"]).await;
    assert!(skipped.status.success(), "{skipped:?}");
    let store = Store::open(Options::path(deployed.config.with_file_name("leverd.db")).read_only()).await.unwrap();
    let told: Vec<_> = store.deeds(9).await.unwrap().into_iter().map(|deed| (deed.how, deed.what)).collect();
    assert_eq!(told, [("terminal".to_owned(), "skip: the posting was closed".to_owned())]);
    assert!(store.parked(None).await.unwrap().is_empty());
}

// What `leverd demo --serve` runs is spoken to as any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_speak_to_a_demo_too() {
    let bed = Bed::start().await;
    let config = bed.world.config.clone();
    let command = move || {
        std::process::Command::new(env!("CARGO_BIN_EXE_leverd")).arg("status").arg("--config").arg(&config).output().unwrap()
    };
    let said = tokio::task::spawn_blocking(command).await.unwrap();
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("demo"), "{said:?}");
}

/// Waits until something is parked; its id.
async fn parked(deployed: &Deployed) -> String {
    for _ in 0..400 {
        let shown = deployed.run("parked", &["--format", "json"]).await;
        if shown.status.code() == Some(1) {
            let text = String::from_utf8_lossy(&shown.stdout).into_owned();
            let id = text.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 32);
            return id.unwrap_or_else(|| panic!("no id in {text}")).to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was parked")
}
