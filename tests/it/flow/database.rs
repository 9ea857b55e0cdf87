//! The binary on PostgreSQL: the whole story, every command that looks into the store, and a database that goes away meanwhile.

use super::bed::{ADA, EMAIL, STAGE, TEST};
use super::process::{Deployed, End, On};
use crate::postgres::{Cutter, Server, server};
use leverd::sim::Control;
use std::sync::Arc;
use std::time::Duration;

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

async fn told(deployed: &Deployed, subcommand: &str, arguments: &[&str]) -> String {
    let output = deployed.run(subcommand, arguments).await;
    assert!(output.status.success(), "{subcommand}: {}", said(&output));
    said(&output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_database_the_story_and_the_commands_are_the_same() {
    let (mut file, mut database) = (Deployed::prepare().await, Deployed::prepare_on(On::Postgres).await);
    let before = database.run("runs", &[]).await;
    assert!(said(&before).contains("`leverd serve` makes it"), "{}", said(&before));
    file.start(&[]).await;
    database.start(&[]).await;
    assert_eq!(database.whole_story().await, file.whole_story().await);

    let ada = |deployed: &Deployed| deployed.control().opportunity(ADA).unwrap()["id"].as_str().unwrap().to_owned();
    for running in [true, false] {
        if !running {
            file.kill();
            database.kill();
        }
        assert_eq!(told(&file, "parked", &[]).await, told(&database, "parked", &[]).await);
        let (runs, others) = (told(&file, "runs", &[]).await, told(&database, "runs", &[]).await);
        assert_eq!(runs.lines().count(), others.lines().count(), "{runs}\n{others}");
        let why = told(&database, "why", &[&ada(&database)]).await;
        assert_eq!(why.lines().count(), told(&file, "why", &[&ada(&file)]).await.lines().count(), "{why}");
        assert!(why.contains("invite"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_deliveries_come_again_and_nobody_is_mailed_twice() {
    let base = server().database().await;
    let cutter = Cutter::before(server(), &base);
    let mut deployed = Deployed::prepare_in(Some(cutter.base.clone())).await;
    let control = deployed.control();
    deployed.start(&[]).await;
    let (log, status) = (said(&deployed.run("status", &[]).await), "account demo");
    assert!(log.contains(status), "{log}");

    cutter.away(true);
    server().cut(&base).await;
    control.move_stage(ADA, STAGE).unwrap();
    deployed
        .until("an answer", |control| {
            let deliveries = control.deliveries();
            deliveries.iter().flat_map(|delivery| &delivery.attempts).any(|attempt| attempt.status == Some(503))
        })
        .await;
    assert!(deployed.logged().contains(&base.name), "{}", deployed.logged());
    cutter.away(false);
    deployed.until("the invitation", |control| control.tags(ADA).unwrap().contains(&format!("{TEST} - Invited"))).await;
    // And in the middle of work: every session ended, again and again.
    story(&mut deployed, async || {
        for _ in 0..5 {
            server().cut(&base).await;
        }
    })
    .await;
    deployed.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_database_crashes_again_and_again_everything_goes_on_with_one_mail() {
    let server = Arc::new(tokio::task::spawn_blocking(Server::own).await.unwrap());
    let base = server.database().await;
    let mut deployed = Deployed::prepare_in(Some(base)).await;
    deployed.start(&[]).await;
    story(&mut deployed, async || {
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || server.crash()).await.unwrap();
    })
    .await;
    deployed.kill();
}

/// Ada from the trigger stage to the decision; something happens to the database each time that leverd has work.
async fn story(deployed: &mut Deployed, disturb: impl AsyncFn()) {
    let control = deployed.control();
    let tagged = |state: &str| {
        let tag = format!("{TEST} - {state}");
        move |control: &Control| control.tags(ADA).unwrap().contains(&tag)
    };
    control.move_stage(ADA, STAGE).unwrap();
    accepted(deployed).await;
    disturb().await;
    deployed.until("the invitation", tagged("Invited")).await;
    control.start_assessment(EMAIL, TEST).unwrap();
    accepted(deployed).await;
    disturb().await;
    deployed.until("the start", tagged("Started")).await;
    control.submit_assessment(EMAIL, TEST, 87.5).unwrap();
    accepted(deployed).await;
    disturb().await;
    deployed.until("the result", |control| !control.notes(ADA).unwrap().is_empty()).await;
    control.approve_candidate(EMAIL).unwrap();
    accepted(deployed).await;
    disturb().await;
    let there = |control: &Control| control.stage_of(ADA).unwrap() == control.stage_id("On-site interview").unwrap();
    deployed.until("the move", there).await;
    deployed.rest().await;
    undisturbed(&deployed.end(), deployed);
}

/// Waits until everything that was sent is accepted: the vendor tries only once more, and what it gave up is nobody's fault.
async fn accepted(deployed: &mut Deployed) {
    while tokio::time::timeout(Duration::from_millis(20), deployed.control().quiet()).await.is_err() {
        deployed.revive().await;
    }
}

/// The story ended as it does when nothing happens to the database, and the process lived all the while.
fn undisturbed(end: &End, deployed: &Deployed) {
    assert_eq!((end.mails.as_slice(), end.notes.len()), ([TEST.to_owned()].as_slice(), 2), "{}", deployed.logged());
    assert_eq!((end.stage.as_str(), end.links, deployed.deaths), ("On-site interview", 1, 0), "{}", deployed.logged());
}
