//! Those who were there before the rule: shown, and done only when told; beside a running leverd and without one.

use super::bed::{ADA, EMAIL, STAGE, TEST};
use super::process::Deployed;
use leverd::store::{Options, Store};
use std::process::Output;

const RULE: &str = "invite on trigger stage";

async fn backfill(deployed: &Deployed, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = deployed.run("backfill", &[&["demo", "--rule"], arguments].concat()).await;
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!text.contains(EMAIL), "{text}");
    (status.code(), text)
}

// B17 B86: existing candidates are left alone unless somebody says otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_b86_who_was_there_before_is_shown_and_invited_only_when_told_and_once() {
    let mut deployed = Deployed::prepare().await;
    let control = deployed.control();
    control.switch_webhooks(&["candidateStageChange".to_owned()], false).unwrap();
    control.move_stage(ADA, STAGE).unwrap();
    deployed.start(&[]).await;
    deployed.rest().await;
    control.switch_webhooks(&["candidateStageChange".to_owned()], true).unwrap();

    let (code, shown) = backfill(&deployed, &[RULE, "--stage", STAGE, "--plan"]).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(&format!("invite to `{TEST}`")) && shown.contains("1 of 1 occasion"), "{shown}");
    // Nobody is there to be asked.
    let (code, shown) = backfill(&deployed, &[RULE]).await;
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("--yes"), "{shown}");
    assert!(control.mails().is_empty());

    let (code, shown) = backfill(&deployed, &[RULE, "--stage", STAGE, "--yes"]).await;
    assert_eq!(code, Some(0), "{shown}");
    deployed.until("the tag", |control| control.tags(ADA).unwrap().contains(&format!("{TEST} - Invited"))).await;
    deployed.rest().await;

    // Again, and with leverd stopped: nothing more.
    let (code, shown) = backfill(&deployed, &[RULE, "--yes"]).await;
    assert!(code == Some(0) && shown.contains("was backfilled before"), "{shown}");
    deployed.kill();
    let (code, shown) = backfill(&deployed, &[RULE, "--yes"]).await;
    assert!(code == Some(0) && shown.contains("was backfilled before"), "{shown}");
    assert_eq!(control.mails().len(), 1);
    let store = Store::open(Options::path(deployed.config.with_file_name("leverd.db")).read_only()).await.unwrap();
    let deeds = store.deeds(9).await.unwrap();
    assert!(deeds.iter().any(|deed| deed.what == "hand over an event" && deed.about == format!("rule `{RULE}`")), "{deeds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_backfilled_is_said() {
    let deployed = Deployed::prepare().await;
    let (code, said) = backfill(&deployed, &["invite on triger stage", "--plan"]).await;
    assert!(code == Some(2) && said.contains("did you mean `invite on trigger stage`?"), "{said}");
    let (code, said) = backfill(&deployed, &[RULE, "--stage", "Assesment", "--plan"]).await;
    assert!(code == Some(2) && said.contains("did you mean `Assessment`?"), "{said}");
}
